#!/usr/bin/env python3
"""Runs the steps of a tutorial document and compares their outputs.

usage: run_document.py DOCUMENT BIN FOLDER-OF-HEDDLE

Blocks of the document: ```LANGUAGE file=NAME writes a file, ```LANGUAGE file=NAME edit replaces the text before '---' in it by the text after,
```sh runs commands (in a temporary folder, with BIN first on PATH and HEDDLE the third argument), and a following ```output block says what they print (standard output
and error together; 'status=N' after 'output': they end with exit status N). After commands that print a trace, a block ```text excerpt holds lines of it
in their order, '...' where lines are left out; numbers of values, loops and descriptors' names of loops may differ.
"""
import os, pathlib, re, subprocess, sys, tempfile

def blocks(text):
    return re.findall(r"^```(\w+)([^\n]*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)

def without_numbers(line):
    """A trace's line as it is whatever values were numbered before it; the arguments of a guard left out."""
    return re.sub(r"\b([pif]|loop)\d+\b", r"\1", re.sub(r"(^guard.*\)) \[.*\]$", r"\1", line))

def missing_line(excerpt, output):
    """The first line of the excerpt that the output does not have after those before it."""
    lines = iter([without_numbers(line) for line in output.splitlines()])
    return next((line for line in excerpt.splitlines() if line != "..." and without_numbers(line) not in lines), None)

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
            elif arguments.strip() == "excerpt":
                if (line := missing_line(body, output)) is not None:
                    sys.exit(f"{document.name}: step\n{command}\nprinted no line like\n{line}\nafter those before it, but\n{output}")
            elif language == "output":
                expected = int(words.get("status", 0))
                if output != body or status != expected:
                    sys.exit(f"{document.name}: step\n{command}\nprinted (exit status {status}, expected {expected})\n{output}\ninstead of\n{body}")
    if not steps:
        sys.exit(f"{document.name}: no step found")
    print(f"{steps} steps of {document.name} ran as written")

main()
