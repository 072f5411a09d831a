// The assembler; see code_builder.h. All passes work on one flat vector of items; a label is an index into it.

#include "code_builder.h"

#include <algorithm>
#include <cstring>

namespace heddle::python {

// ---- emission -------------------------------------------------------------------------------------------------------

void code_builder::emit(opcode op, std::uint32_t operand) {
    item made;
    made.op = op;
    made.operand = operand;
    made.guard = guard_;
    made.where = where;
    items_.push_back(made);
}

void code_builder::jump(opcode op, label target) {
    emit(op);
    items_.back().target = target;
}

code_builder::label code_builder::new_label() {
    label_positions_.push_back(-1);
    handler_depths_.push_back(-1);
    return static_cast<label>(label_positions_.size()) - 1;
}

void code_builder::place(label target) {
    label_positions_[static_cast<std::size_t>(target)] = static_cast<int>(items_.size());
}

void code_builder::begin_guard(label handler, std::uint32_t popped) {
    emit(opcode::NOP, popped);
    items_.back().is_guard_begin = true;
    items_.back().target = handler;
    guard_stack_.push_back(guard_);
    guard_ = handler;
}

void code_builder::end_guard() {
    guard_ = guard_stack_.back();
    guard_stack_.pop_back();
}

bool code_builder::is_after_jump() const { return !items_.empty() && never_falls_through(items_.back().op); }

std::string constant_key(const constant& value) {
    std::string key(1, static_cast<char>('a' + static_cast<int>(value.kind)));
    switch (value.kind) {
    case constant_kind::none:
    case constant_kind::ellipsis: break;
    case constant_kind::boolean:
    case constant_kind::integer: key += std::to_string(value.integer); break;
    case constant_kind::big_integer:
    case constant_kind::string:
    case constant_kind::bytes: key += std::to_string(value.text.size()) + ":" + value.text; break;
    case constant_kind::floating: {
        std::uint64_t bits;
        std::memcpy(&bits, &value.floating, sizeof bits);
        key += std::to_string(bits);
        break;
    }
    case constant_kind::tuple:
        key += std::to_string(value.items.size()) + "(";
        for (const constant& item : value.items) key += constant_key(item) + ",";
        break;
    case constant_kind::code: key += std::to_string(reinterpret_cast<std::uintptr_t>(value.code.get())); break;
    }
    return key;
}

std::uint32_t code_builder::constant_index(const constant& value) {
    auto [entry, is_new] =
        constant_keys_.try_emplace(constant_key(value), static_cast<std::uint32_t>(constants_.size()));
    if (is_new) constants_.push_back(value);
    return entry->second;
}

std::uint32_t code_builder::name_index(std::string_view name) {
    auto [entry, is_new] = name_keys_.try_emplace(std::string(name), static_cast<std::uint32_t>(names_.size()));
    if (is_new) names_.emplace_back(name);
    return entry->second;
}

// ---- passes ---------------------------------------------------------------------------------------------------------

std::string code_builder::finish(code_unit& unit) {
    thread_jumps();
    std::string problem = find_depths(unit);
    if (!problem.empty()) return problem;
    drop_unreachable();
    check_bound_locals(unit);
    unit.constants = std::move(constants_);
    unit.names = std::move(names_);
    return lay_out(unit);
}

// A jump to an unconditional forward jump goes where that one goes; not past the mark where a guard begins, which
// find_depths must come by.
void code_builder::thread_jumps() {
    for (std::size_t index = 0; index < items_.size(); ++index) {
        item& from = items_[index];
        bool may_thread = from.target != no_label && !from.is_guard_begin && from.op != opcode::FOR_ITER &&
                          from.op != opcode::SEND && from.op != opcode::JUMP_BACKWARD &&
                          from.op != opcode::JUMP_BACKWARD_NO_INTERRUPT;
        if (!may_thread) continue;
        for (int count = 0; count < 10; ++count) {
            std::size_t at = position_of(from.target);
            if (at >= items_.size() || items_[at].is_guard_begin) break;
            const item& to = items_[at];
            if (from.op == opcode::JUMP_FORWARD && to.op == opcode::JUMP_BACKWARD && position_of(to.target) <= index) {
                from.op = to.op;
                from.target = to.target;
                break;
            }
            bool takes_same =
                to.op == from.op && (from.op == opcode::JUMP_IF_FALSE_OR_POP || from.op == opcode::JUMP_IF_TRUE_OR_POP);
            bool turns_popping = (from.op == opcode::JUMP_IF_FALSE_OR_POP && to.op == opcode::POP_JUMP_IF_FALSE) ||
                                 (from.op == opcode::JUMP_IF_TRUE_OR_POP && to.op == opcode::POP_JUMP_IF_TRUE);
            if (to.op == opcode::JUMP_FORWARD || takes_same || turns_popping) {
                if (position_of(to.target) <= index) break;
                if (turns_popping) from.op = to.op;
                from.target = to.target;
            } else {
                break;
            }
        }
    }
}

std::string code_builder::find_depths(code_unit& unit) {
    depths_.assign(items_.size(), -1);
    std::vector<std::size_t> work{0};
    std::string problem;
    int highest = 0;
    auto reach = [&](std::size_t index, int depth) {
        if (index >= items_.size()) {
            problem = "execution runs off the end";
            return;
        }
        if (depth > highest) highest = depth;
        if (depths_[index] < 0) {
            depths_[index] = depth;
            work.push_back(index);
        } else if (depths_[index] != depth) {
            problem = "stack depth differs at item " + std::to_string(index) + " (" + opcode_name(items_[index].op) +
                      "): " + std::to_string(depths_[index]) + " or " + std::to_string(depth);
        }
    };
    if (items_.empty()) return "no code";
    depths_[0] = 0;
    while (!work.empty() && problem.empty()) {
        std::size_t index = work.back();
        work.pop_back();
        const item& one = items_[index];
        int depth = depths_[index];
        if (one.is_guard_begin) {
            auto handler = static_cast<std::size_t>(one.target);
            handler_depths_[handler] = depth - static_cast<int>(one.operand);
            reach(index + 1, depth);
            continue;
        }
        if (one.guard != no_label && one.op != opcode::JUMP_FORWARD)
            reach(position_of(one.guard), handler_depths_[static_cast<std::size_t>(one.guard)] + 1);
        int after = depth + stack_effect(one.op, one.operand, false);
        if (after < 0) problem = std::string("stack underflow at ") + opcode_name(one.op);
        if (one.op == opcode::LOAD_METHOD || one.op == opcode::SEND) highest = std::max(highest, depth + 1);
        if (one.target != no_label) reach(position_of(one.target), depth + stack_effect(one.op, one.operand, true));
        if (!never_falls_through(one.op)) reach(index + 1, after);
    }
    for (item& one : items_) { // a guard with nothing in it that can raise is none
        if (one.guard == no_label) continue;
        std::size_t handler = position_of(one.guard);
        if (handler >= items_.size() || depths_[handler] < 0) one.guard = no_label;
    }
    unit.max_stack = static_cast<std::uint32_t>(highest);
    return problem;
}

// Removes what is never reached, guard marks, and jumps to the next instruction.
void code_builder::drop_unreachable() {
    auto is_kept = [this](std::size_t index) { return depths_[index] >= 0 && !items_[index].is_guard_begin; };
    std::vector<bool> kept(items_.size());
    for (std::size_t index = 0; index < items_.size(); ++index) {
        kept[index] = is_kept(index) && items_[index].op != opcode::NOP;
    }
    for (std::size_t index = items_.size(); index-- > 0;) {
        if (!kept[index] || items_[index].op != opcode::JUMP_FORWARD) continue;
        std::size_t next = index + 1;
        while (next < items_.size() && !kept[next]) ++next;
        std::size_t target = position_of(items_[index].target);
        if (target > index && target <= next) kept[index] = false;
    }
    std::vector<int> moved(items_.size() + 1);
    std::vector<item> result;
    std::vector<int> depths;
    for (std::size_t index = 0; index < items_.size(); ++index) {
        moved[index] = static_cast<int>(result.size());
        if (!kept[index]) continue;
        result.push_back(items_[index]);
        depths.push_back(depths_[index]);
    }
    moved[items_.size()] = static_cast<int>(result.size());
    for (int& position : label_positions_)
        if (position >= 0) position = moved[static_cast<std::size_t>(position)];
    items_ = std::move(result);
    depths_ = std::move(depths);
}

// Definite assignment: a forward pass over sets of certainly bound slots. LOAD_FAST becomes LOAD_FAST_CHECK where its
// slot may be unbound. An exception may come at any guarded instruction, so a handler starts with what is bound at all
// of them.
void code_builder::check_bound_locals(const code_unit& unit) {
    std::size_t slots = unit.slots.size();
    if (!unit.uses_slots || slots == 0) return;
    using bound_set = std::vector<bool>;
    std::vector<bound_set> bound(items_.size());
    std::vector<std::size_t> work;
    auto reach = [&](std::size_t index, const bound_set& state) {
        if (index >= items_.size()) return;
        if (bound[index].empty()) {
            bound[index] = state;
            work.push_back(index);
            return;
        }
        bool has_changed = false;
        for (std::size_t slot = 0; slot < slots; ++slot) {
            if (!bound[index][slot] || state[slot]) continue;
            bound[index][slot] = false;
            has_changed = true;
        }
        if (has_changed) work.push_back(index);
    };
    bound_set start(slots, false);
    for (std::size_t slot = 0; slot < unit.parameter_count(); ++slot) start[slot] = true;
    reach(0, start);
    while (!work.empty()) {
        std::size_t index = work.back();
        work.pop_back();
        bound_set state = bound[index];
        const item& one = items_[index];
        if (one.guard != no_label) reach(position_of(one.guard), state);
        if (one.op == opcode::STORE_FAST) state[one.operand] = true;
        if (one.op == opcode::DELETE_FAST) state[one.operand] = false;
        if (one.op == opcode::LOAD_FAST) state[one.operand] = true; // it has raised otherwise
        if (one.target != no_label) reach(position_of(one.target), state);
        if (!never_falls_through(one.op)) reach(index + 1, state);
    }
    for (std::size_t index = 0; index < items_.size(); ++index) {
        item& one = items_[index];
        if (one.op == opcode::LOAD_FAST && !bound[index].empty() && !bound[index][one.operand])
            one.op = opcode::LOAD_FAST_CHECK;
    }
}

std::string code_builder::lay_out(code_unit& unit) {
    std::size_t count = items_.size();
    if (count > max_operand || unit.constants.size() > max_operand || unit.names.size() > max_operand)
        return "the code is too large";
    unit.instructions.reserve(count);
    unit.positions.reserve(count);
    for (std::size_t index = 0; index < count; ++index) {
        const item& one = items_[index];
        std::uint32_t operand =
            one.target != no_label ? static_cast<std::uint32_t>(position_of(one.target)) : one.operand;
        if (operand > max_operand) return std::string("operand of ") + opcode_name(one.op) + " is too large";
        unit.instructions.push_back(make_instruction(one.op, operand));
        unit.positions.push_back(one.where);
        if (one.guard == no_label) continue;
        auto at = static_cast<std::uint32_t>(index);
        auto handler = static_cast<std::uint32_t>(position_of(one.guard));
        auto depth = static_cast<std::uint32_t>(handler_depths_[static_cast<std::size_t>(one.guard)]);
        auto& table = unit.exception_table;
        if (!table.empty() && table.back().end == at && table.back().handler == handler &&
            table.back().depth == depth) {
            table.back().end = at + 1;
        } else {
            table.push_back({at, at + 1, handler, depth});
        }
    }
    return {};
}

} // namespace heddle::python
