// Smalltalk source of the library that the own image is made from: files of chunks, and methods to syntax trees.
//
// Plain C++ that knows nothing of the heap. The image's own compiler (library/Compiler.st) does the same; the two must
// agree, and a test compares what they make of the whole library.
#pragma once
#include <memory>
#include <string>
#include <vector>

namespace heddle::smalltalk::library {

struct variable;
struct scope;
struct tree;
using tree_pointer = std::unique_ptr<tree>;

enum class tree_kind {
    name,
    integer,
    real,
    string,
    symbol,
    character,
    array, // a literal one; `brace` is made when it is met
    bytes,
    brace,
    block,
    assign, // text := parts[0]
    send,   // text: selector; parts: receiver (null in a cascade), arguments
    cascade,
    leave, // ^ parts[0]
};
struct tree {
    tree_kind kind;
    int line;
    std::string text;
    int64_t integer = 0;
    double real = 0;
    std::vector<tree_pointer> parts; // of a block: its statements
    std::vector<std::string> arguments, temporaries;

    // Filled in by the compiler.
    variable* resolved = nullptr;
    std::vector<variable*> own_variables; // blocks: arguments, then temporaries
    scope* own_scope = nullptr;           // blocks that are no part of the code around them
    bool never_inline = false, inlined = false;
};
struct method_tree {
    std::string selector, source, category;
    tree_pointer body; // a block: its arguments and temporaries are the method's
    long primitive = 0;
    std::string primitive_name, primitive_module;
};
// "line N: what is wrong" in `error`, or "".
method_tree parse_method(const std::string& source, int line, std::string& error);
method_tree parse_do_it(const std::string& source, int line, std::string& error);

// A chunk ends in `!`; `!!` stands for one. One that begins with `!` and says `X methodsFor: 'y'` is followed by
// methods up to an empty chunk.
struct chunk {
    std::string text;
    int line;
};
std::vector<chunk> split_chunks(const std::string& source);

} // namespace heddle::smalltalk::library
