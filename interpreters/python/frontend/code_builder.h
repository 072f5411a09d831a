// Assembles one code_unit: instructions with labels and guarded regions in, numbered instructions, exception table and
// stack depth out. Along the way it drops unreachable code, shortens jumps to jumps, and finds out which locals are
// certainly bound.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "code_unit.h"

namespace heddle::python {

class code_builder {
public:
    using label = int;
    static constexpr label no_label = -1;

    // ---- instructions. `where` is the position given to what is emitted.
    source_position where;

    void emit(opcode op, std::uint32_t operand = 0);
    void jump(opcode op, label target);
    label new_label();
    void place(label target); // the next instruction carries it

    // From here to the matching end_guard, an exception cuts the stack to the present depth minus `popped` and goes to
    // handler.
    void begin_guard(label handler, std::uint32_t popped = 0);
    void end_guard();
    // The guard in force; set_guard serves code that is emitted inside a guarded statement but runs outside it (the
    // body of a finally before a return).
    label guard() const { return guard_; }
    void set_guard(label handler) { guard_ = handler; }

    // True when the next instruction can't be reached from the one before (it may carry labels, though).
    bool is_after_jump() const;
    std::size_t size() const { return items_.size(); }

    // ---- tables
    std::uint32_t constant_index(const constant& value);
    std::uint32_t name_index(std::string_view name);
    void load_constant(const constant& value) { emit(opcode::LOAD_CONST, constant_index(value)); }
    void load_none() { load_constant({}); }

    // Finishes unit (its slots must be filled in). Returns an empty string or what went wrong.
    std::string finish(code_unit& unit);

private:
    struct item {
        opcode op;
        bool is_guard_begin = false; // not an instruction: records the depth at which `target`'s guard begins
        std::uint32_t operand = 0;
        label target = no_label;
        label guard = no_label;
        source_position where;
    };

    void thread_jumps();
    std::string find_depths(code_unit& unit);
    void drop_unreachable();
    void check_bound_locals(const code_unit& unit);
    std::string lay_out(code_unit& unit);
    std::size_t position_of(label target) const {
        return static_cast<std::size_t>(label_positions_[static_cast<std::size_t>(target)]);
    }

    std::vector<item> items_;
    std::vector<int> label_positions_; // index into items_
    std::vector<int> handler_depths_;  // by label: depth a handler's exception is pushed at
    std::vector<label> guard_stack_;
    label guard_ = no_label;
    std::vector<int> depths_; // by item, -1: unreachable

    std::vector<constant> constants_;
    std::unordered_map<std::string, std::uint32_t> constant_keys_;
    std::vector<std::string> names_;
    std::unordered_map<std::string, std::uint32_t> name_keys_;
};

// A text that is equal for constants that are the same object in Python's sense of a constant (type and value, -0.0
// apart).
std::string constant_key(const constant& value);

} // namespace heddle::python
