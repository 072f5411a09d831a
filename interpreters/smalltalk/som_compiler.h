// SOM's syntax trees to the interpreter's instructions: plain C++ that knows nothing of the heap.
#pragma once
#include "decoder.h"
#include "som_parser.h"

namespace heddle::smalltalk::som {

struct compiled;
struct constant {
    enum kind_of { integer, real, string, symbol, array, global, block } kind;
    std::string text; // an integer's digits; a string, a symbol, a global's name
    double number = 0;
    std::vector<constant> items;
    std::shared_ptr<compiled> code; // of a block
};
// A method or block. The position of an instruction is its line.
struct compiled {
    std::vector<decoded> instructions;
    std::vector<constant> constants;
    long arguments = 0, temporaries = 0;
    bool is_block = false;
    verification verified;
};

// `fields`: the names of the receiver's fields, the first at slot `first_field`. False: `error` says what is wrong.
bool compile_method(const std::string& file, const std::string& class_name, method_definition& method,
                    const std::vector<std::string>& fields, long first_field, compiled& into, std::string& error);
// The method that stands for a primitive which is missing or has failed: it tells the receiver so, with error:.
void compile_complaint(const std::string& complaint, long arguments, compiled& into);

} // namespace heddle::smalltalk::som
