#!/usr/bin/env python3
"""Runs the steps of a tutorial document and compares their outputs.

usage: run_document.py DOCUMENT BIN FOLDER-OF-HEDDLE

Blocks of the document: ```LANGUAGE file=NAME writes a file, ```LANGUAGE file=NAME edit replaces the text before '---' in it by the text after,
```sh runs commands (in a temporary folder, with BIN first on PATH and HEDDLE the third argument), and a following ```output block says what they print (standard output
and error together; 'status=N' after 'output': they end with exit status N).
"""
import os, pathlib, re, subprocess, sys, tempfile

def blocks(text):
    return re.findall(r"^```(\w+)([^\n]*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)

def main():
    document, binaries = pathlib.Path(sys.argv[1]), os.path.abspath(sys.argv[2])
    environment = dict(os.environ, HEDDLE=os.path.abspath(sys.argv[3]), PATH=binaries + os.pathsep + os.environ["PATH"])
    steps = 0
    with tempfile.TemporaryDirectory() as folder:
        output = status = None
        for language, arguments, body in blocks(document.read_text()):
            words = dict(w.partition("=")[::2] for w in arguments.split())
            if "file" in words:
                path = pathlib.Path(folder, words["file"])
                path.parent.mkdir(parents=True, exist_ok=True)
                if "edit" in words:
                    before, after = body.split("---\n")
                    text = path.read_text()
                    assert text.count(before) == 1, f"{path.name}: the text to edit is there {text.count(before)} times:\n{before}"
                    body = text.replace(before, after)
                path.write_text(body)
            elif language == "sh":
                done = subprocess.run(["bash", "-e"], input=body, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                output, status, command = done.stdout, done.returncode, body
                steps += 1
            elif language == "output":
                expected = int(words.get("status", 0))
                if output != body or status != expected:
                    sys.exit(f"{document.name}: step\n{command}\nprinted (exit status {status}, expected {expected})\n{output}\ninstead of\n{body}")
    if not steps:
        sys.exit(f"{document.name}: no step found")
    print(f"{steps} steps of {document.name} ran as written")

main()
