// The trace container: the operation table, appending operations, the pool of constants.
//
// Invariants: an equal constant (kind and word) is stored once; value_refs stay valid when the trace grows.
// The pool's hash is open addressing over 32-bit indices, so that recording allocates nothing per operation.
#include "heddle/jit/trace.h"
#include "heddle/jit/backend.h"
#include <algorithm>

namespace heddle::jit {

const opcode_info opcode_table[static_cast<int>(opcode::count)] = {
#define OPERATION(name, arguments, result, flags) {#name, arguments, result, flags},
#include "heddle/jit/operations.def"
#undef OPERATION
};

namespace {

constexpr uint32_t empty_slot = UINT32_MAX;

kind result_kind(opcode op, const descr* description) {
    char letter = info(op).result;
    if (letter != 'd') return kind_of_letter(letter);
    if (!description) return kind::none;
    switch (description->type) {
    case descr_type::field: return static_cast<const field_descr*>(description)->shape.slot_kind;
    case descr_type::array: return static_cast<const array_descr*>(description)->shape.slot_kind;
    case descr_type::raw: return static_cast<const raw_descr*>(description)->shape.slot_kind;
    case descr_type::call: return static_cast<const call_descr*>(description)->result;
    case descr_type::loop: return static_cast<const loop_token*>(description)->result;
    case descr_type::size:
    case descr_type::target: break;
    }
    return kind::none;
}

uint32_t hash_of(kind k, word value) {
    uint64_t mixed = (value ^ (static_cast<uint64_t>(k) << 61)) * 0x9e37'79b9'7f4a'7c15u;
    return static_cast<uint32_t>(mixed >> 32);
}

} // namespace

void trace::clear() {
    operations.clear();
    arguments.clear();
    constants.clear();
    snapshot_frames.clear();
    snapshot_values.clear();
    input_count = 0;
    dependencies.clear();
    std::fill(constant_hash_.begin(), constant_hash_.end(), empty_slot);
}

value_ref trace::add(opcode op, std::span<const value_ref> args, const descr* d) {
    operation added{op};
    added.result = result_kind(op, d);
    added.first_argument = static_cast<uint32_t>(arguments.size());
    added.argument_count = static_cast<uint32_t>(args.size());
    added.description = d;
    // 'args' may be a piece of 'arguments' itself: copy by index when the vector is about to move.
    if (!args.empty() && args.data() >= arguments.data() && args.data() < arguments.data() + arguments.size()) {
        size_t first = static_cast<size_t>(args.data() - arguments.data());
        for (size_t i = 0; i < added.argument_count; ++i) arguments.push_back(value_ref(arguments[first + i]));
    } else {
        arguments.insert(arguments.end(), args.begin(), args.end());
    }
    if (op == opcode::input_i || op == opcode::input_p || op == opcode::input_f) ++input_count;
    operations.push_back(added);
    return value_ref::result(static_cast<uint32_t>(operations.size() - 1));
}

value_ref trace::make_constant(kind k, word value) {
    if (constants.size() * 2 >= constant_hash_.size()) {
        constant_hash_.assign(constant_hash_.empty() ? 32 : constant_hash_.size() * 2, empty_slot);
        uint32_t mask = static_cast<uint32_t>(constant_hash_.size() - 1);
        for (uint32_t i = 0; i < constants.size(); ++i) {
            uint32_t slot = hash_of(constants[i].type, constants[i].value) & mask;
            while (constant_hash_[slot] != empty_slot) slot = (slot + 1) & mask;
            constant_hash_[slot] = i;
        }
    }
    uint32_t mask = static_cast<uint32_t>(constant_hash_.size() - 1);
    uint32_t slot = hash_of(k, value) & mask;
    for (; constant_hash_[slot] != empty_slot; slot = (slot + 1) & mask) {
        const constant& known = constants[constant_hash_[slot]];
        if (known.value == value && known.type == k) return value_ref::constant(constant_hash_[slot]);
    }
    uint32_t index = static_cast<uint32_t>(constants.size());
    constants.push_back({k, value});
    constant_hash_[slot] = index;
    return value_ref::constant(index);
}

} // namespace heddle::jit
