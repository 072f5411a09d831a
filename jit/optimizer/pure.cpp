// Common subexpressions: a pure operation with the same arguments gives the same value.
//
// The table is open addressing over 32-bit indices. The two arguments of a commutative operation are put in order, and
// 'a > b' is looked up as 'b < a'. Entries made before a label are not found after it.
#include "optimizer/walk.h"
#include <algorithm>

namespace heddle::jit {

namespace {

struct key {
    opcode op;
    value_id swapped_arguments[2];
    std::span<const value_id> arguments;
};

// One form for operations that mean the same.
void normalise(key& k) {
    if (k.arguments.size() != 2) return;
    bool is_greater =
        k.op == opcode::int_gt || k.op == opcode::int_ge || k.op == opcode::uint_gt || k.op == opcode::uint_ge;
    bool commutes = (info(k.op).flags & COMMUTES) && k.arguments[0] > k.arguments[1];
    if (!is_greater && !commutes) return;
    k.swapped_arguments[0] = k.arguments[1];
    k.swapped_arguments[1] = k.arguments[0];
    k.arguments = k.swapped_arguments;
    if (is_greater) k.op = swapped(k.op);
}

uint32_t hash_of(const key& k, const descr* d) {
    uint64_t h = static_cast<uint64_t>(k.op) * 0x9e37'79b9'7f4a'7c15u ^ reinterpret_cast<uintptr_t>(d) >> 4;
    for (value_id a : k.arguments) h = (h ^ a) * 0x9e37'79b9'7f4a'7c15u, h ^= h >> 29;
    return static_cast<uint32_t>(h >> 16);
}

bool is_same(const walk& w, const pure_entry& e, uint32_t hash, const key& k, const descr* d) {
    return e.hash == hash && e.op == k.op && e.description == d && e.count == k.arguments.size() &&
           std::equal(k.arguments.begin(), k.arguments.end(), w.pool.begin() + e.first);
}

void grow(pure_table& table) {
    table.buckets.assign(std::max<size_t>(256, table.buckets.size() * 2), none);
    uint32_t mask = static_cast<uint32_t>(table.buckets.size() - 1);
    for (uint32_t i = table.valid_from; i < table.entries.size(); ++i) {
        uint32_t bucket = table.entries[i].hash & mask;
        while (table.buckets[bucket] != none) bucket = (bucket + 1) & mask;
        table.buckets[bucket] = i;
    }
}

} // namespace

value_id walk::find_pure(opcode op, const descr* d, std::span<const value_id> args) {
    if (pure.buckets.empty()) return no_value;
    key k{op, {}, args};
    normalise(k);
    uint32_t hash = hash_of(k, d), mask = static_cast<uint32_t>(pure.buckets.size() - 1);
    for (uint32_t bucket = hash & mask; pure.buckets[bucket] != none; bucket = (bucket + 1) & mask) {
        const pure_entry& e = pure.entries[pure.buckets[bucket]];
        if (!is_same(*this, e, hash, k, d)) continue;
        if (e.fact != none) need_fact(e.fact);
        return find(e.result);
    }
    return no_value;
}

// The latest entry for a key counts: an immutable field may be stored twice while its object is being constructed.
uint32_t walk::remember_pure(opcode op, const descr* d, std::span<const value_id> args, value_id result_id) {
    if (!input.options.pure) return none;
    if ((pure.entries.size() - pure.valid_from + 1) * 2 > pure.buckets.size()) grow(pure);
    key k{op, {}, args};
    normalise(k);
    uint32_t hash = hash_of(k, d), mask = static_cast<uint32_t>(pure.buckets.size() - 1);
    uint32_t bucket = hash & mask;
    for (; pure.buckets[bucket] != none; bucket = (bucket + 1) & mask) {
        pure_entry& e = pure.entries[pure.buckets[bucket]];
        if (!is_same(*this, e, hash, k, d)) continue;
        e.result = result_id;
        e.fact = none;
        return pure.buckets[bucket];
    }
    pure.buckets[bucket] = static_cast<uint32_t>(pure.entries.size());
    uint32_t first = static_cast<uint32_t>(pool.size());
    value_id copied[16];
    size_t count = std::min<size_t>(k.arguments.size(), 16);
    std::copy_n(k.arguments.begin(), count, copied); // the arguments may lie in the pool
    pool.insert(pool.end(), copied, copied + count);
    pure.entries.push_back({hash, k.op, d, first, static_cast<uint32_t>(count), result_id});
    uint32_t entry = static_cast<uint32_t>(pure.entries.size() - 1);
    if (k.op == opcode::getfield || k.op == opcode::getarrayitem) pure.loads.push_back(entry);
    return entry;
}

void walk::forget_pure() {
    pure.valid_from = static_cast<uint32_t>(pure.entries.size());
    pure.buckets.assign(pure.buckets.size(), none);
}

bool optimise_pure(walk& w, step& s) {
    bool is_immutable_field = s.op == opcode::getfield && static_cast<const field_descr*>(s.description)->immutable;
    bool is_immutable_item = s.op == opcode::getarrayitem && static_cast<const array_descr*>(s.description)->immutable;
    if ((!is_pure(s.op) || (info(s.op).flags & CALL)) && !is_immutable_field && !is_immutable_item) return false;
    value_id arguments[3];
    for (uint32_t i = 0; i < s.count; ++i) arguments[i] = w.argument(s, i);
    std::span<const value_id> span(arguments, s.count);
    value_id known = w.find_pure(s.op, s.description, span);
    if (known != no_value) {
        if (info(s.op).flags & OVERFLOW) w.overflow = 0; // only those that did not overflow are remembered
        return w.replace(s, known);
    }
    if (!(info(s.op).flags & OVERFLOW)) w.remember_pure(s.op, s.description, span, s.result);
    return false;
}

} // namespace heddle::jit
