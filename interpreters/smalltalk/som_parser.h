// SOM source text to syntax trees: plain C++ that knows nothing of the heap. The grammar is SOM's own (SOM-st/SOM,
// specification/SOM.g4); what names mean is found out later (som_compiler.cpp), when the superclass's fields are known.
#pragma once
#include <memory>
#include <string>
#include <vector>

namespace heddle::smalltalk::som {

struct variable;
struct function;
struct node;
using node_pointer = std::unique_ptr<node>;

enum class node_kind {
    name, // a variable, field, global, self, super, nil, true or false
    integer,
    real,
    string,
    symbol,
    array,
    block,
    assignment, // names[0] := children[0]
    send,       // text: selector; children: receiver, arguments
    leave,      // ^ children[0]
};
struct node {
    node_kind kind;
    int line;
    std::string text;                   // a name, a number's digits, a string, a selector
    std::vector<node_pointer> children; // of a block: its statements
    std::vector<std::string> arguments, locals;

    // Filled in by the compiler.
    variable* resolved = nullptr;                     // names and assignments
    long field = -1;                                  // the same
    std::vector<variable*> own_arguments, own_locals; // blocks
    function* made = nullptr;                         // blocks that become closures; null: inlined
    bool inlined = false;                             // sends whose blocks are inlined
};

struct method_definition {
    std::string selector;
    bool primitive = false;
    node_pointer body; // a block
};
struct class_side {
    std::vector<std::string> fields;
    std::vector<method_definition> methods;
};
struct class_definition {
    std::string name, superclass; // superclass: "" if none is named
    class_side instance, meta;
};

// False: `error` says what is wrong, beginning with FILE:LINE.
bool parse_class(const std::string& file, const std::string& source, class_definition& into, std::string& error);

} // namespace heddle::smalltalk::som
