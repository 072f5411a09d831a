// See allocation_groups.h.
#include "backend/common/allocation_groups.h"
#include "backend/common/target_compiler.h"
#include "heddle/gc/jit_interface.h"

namespace heddle::jit {

namespace {

constexpr uint64_t longest_cleared = 32; // words of references that are cleared by a row of stores
constexpr uint32_t biggest_group = 2048; // bytes; at most so many stay unused at the end of the nursery's memory

bool ends_group(const operation& o) {
    return (info(o.op).flags & (GUARD | CALL | ALLOCATES)) || o.op == opcode::copy_array || o.op == opcode::label ||
           o.op == opcode::jump || o.op == opcode::finish;
}

} // namespace

uint32_t allocation_groups::inlined_total(const trace& t, const operation& o) {
    if (o.op == opcode::new_object) {
        const gc::type_info* type = static_cast<const size_descr*>(o.description)->type;
        uint64_t total = gc::total_size_for(type->fixed_size);
        return is_inlinable(*type, total) ? static_cast<uint32_t>(total) : 0;
    }
    value_ref length = o.op == opcode::new_array ? t.arguments_of(o)[0] : value_ref();
    if (length.is_none() || !length.is_constant()) return 0;
    const gc::type_info* type = static_cast<const array_descr*>(o.description)->type;
    bool holds_references = type->items_are_references || type->item_reference_count != 0;
    uint64_t count = t.constants[length.index()].value;
    if (count > gc::jit_interface::inline_allocation_limit) return 0;
    uint64_t item_bytes = count * type->item_size, total = gc::total_size_for(type->fixed_size + item_bytes);
    if (!is_inlinable(*type, total) || (holds_references && item_bytes > 8 * longest_cleared)) return 0;
    return static_cast<uint32_t>(total);
}

void allocation_groups::close(uint32_t total) {
    if (members_.empty()) return;
    places_[members_[0]].reserved = total;
    for (uint32_t member : members_) places_[member].to_end = total - places_[member].to_end;
    members_.clear();
}

void allocation_groups::compute(const trace& t) {
    places_.assign(t.operations.size(), {});
    members_.clear();
    uint32_t used = 0;
    for (uint32_t i = t.input_count; i < t.operations.size(); ++i) {
        uint32_t total = inlined_total(t, t.operations[i]);
        if (total == 0 && !ends_group(t.operations[i])) continue;
        if (total == 0 || used + total > biggest_group) {
            close(used);
            used = 0;
        }
        if (total == 0) continue;
        places_[i].to_end = used;
        members_.push_back(i);
        used += total;
    }
    close(used);
}

} // namespace heddle::jit
