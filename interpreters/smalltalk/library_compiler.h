// Methods of the library to bytecodes of the Sista set, as neutral data. Plain C++ that knows nothing of the heap.
#pragma once
#include "library_parser.h"
#include <cstdint>
#include <set>

namespace heddle::smalltalk::library {

struct compiled;
struct literal {
    enum kind_type {
        nil,
        true_value,
        false_value,
        integer,
        real,
        string,
        symbol,
        character,
        array,
        bytes,
        binding,
        block
    };
    kind_type kind = nil;
    std::string text; // of a binding: "Name" for a global, "Class.Name" for a class variable
    int64_t number = 0;
    double real_number = 0;
    std::vector<literal> parts;
    std::shared_ptr<compiled> code; // of a block
};
struct compiled {
    std::vector<literal> literals; // without those that every method ends with
    std::vector<uint8_t> bytes;
    long arguments = 0, temporaries = 0;
    bool has_primitive = false;
    std::string selector, source, category;
};
// What a method's names may mean, besides its own variables.
struct class_names {
    std::vector<std::string> instance_variables;
    std::vector<std::pair<std::string, std::string>> class_variables; // name, "Class.Name"
    const std::set<std::string>* globals;
};
// Null: `error` says what is wrong.
std::shared_ptr<compiled> compile(method_tree& method, const class_names& names, bool answers_last_value,
                                  std::string& error);

} // namespace heddle::smalltalk::library
