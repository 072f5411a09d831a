// Scopes: for each module, class, function, lambda and comprehension, what each of its names is. The rules and the
// errors are CPython 3.11's (Python/symtable.c): one walk over the tree collects definitions and uses, a second, from
// the module inward, resolves them.
#pragma once

#include <cstdint>
#include <deque>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ast.h"
#include "compile.h"
#include "source.h"

namespace heddle::python {

enum class scope_kind : std::uint8_t { module, class_body, function };

enum class resolution : std::uint8_t {
    unresolved,
    local,
    cell,            // local, and used by an inner function
    free,            // of an enclosing function
    global_explicit, // declared global
    global_implicit, // bound in no function around
};

struct symbol {
    std::string_view name; // mangled
    resolution where = resolution::unresolved;
    bool is_parameter = false;
    bool is_bound = false; // assigned, imported, a parameter, ...
    bool is_used = false;
    bool is_declared_global = false;
    bool is_declared_nonlocal = false;
    bool is_annotated = false;
    bool is_iteration_variable = false; // of a comprehension
    bool is_free_in_class = false; // bound in a class body, and free in a function within: the body keeps the cell too
};

struct scope {
    scope_kind kind = scope_kind::module;
    std::string_view name;
    scope* parent = nullptr;
    std::string_view private_name; // of the class around, for mangling; or empty
    std::vector<symbol> symbols;   // in the order of first appearance
    std::unordered_map<std::string_view, std::size_t> index;
    std::vector<scope*> children;
    bool is_comprehension = false;
    expression_kind comprehension_kind = expression_kind::generator;
    bool is_nested = false; // inside a function
    bool is_generator = false;
    bool is_async = false;
    bool needs_class_cell = false;     // class body: a method uses super() or __class__
    bool is_visiting_iterable = false; // comprehension, during collection: a := here is an error
    bool is_visiting_target = false;

    symbol* find(std::string_view symbol_name) {
        auto found = index.find(symbol_name);
        return found == index.end() ? nullptr : &symbols[found->second];
    }
};

class symbol_table {
public:
    // Builds all scopes of a tree; false with error filled.
    bool build(const module_tree& module, const source_text& source, arena& memory, bool future_annotations,
               syntax_error& error);

    // The scope that a module (null), function, class, lambda or comprehension node opens.
    scope* of(const void* node) const {
        auto found = by_node_.find(node);
        return found == by_node_.end() ? nullptr : found->second;
    }

private:
    friend class symbol_collector;
    friend class symbol_resolver;
    std::deque<scope> scopes_;
    std::unordered_map<const void*, scope*> by_node_;
};

// Private names: __x within class C is _C__x.
std::string_view mangle(std::string_view private_name, std::string_view name, arena& memory);

} // namespace heddle::python
