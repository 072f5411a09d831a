// What each operation means, on words: the one definition that the meta-interpreter, the blackhole, constant folding
// and the portable backend share. Integers wrap around; a shift's count is taken modulo their width; comparisons give 0
// or 1.
//
// Heap operations go through the real collector: stores of references run the write barrier, allocations may collect.
// Loads and stores are those of heap_access.h.
// Inline, so that the interpreters of jitcode can have a piece of code for each operation (with a constant 'op').
#pragma once
#include "heddle/gc/gc.h"
#include "heddle/jit/trace.h"
#include "ir/heap_access.h"
#include "ir/slots.h"
#include <bit>
#include <cmath>

namespace heddle::jit {

namespace execution {

inline char* pointer(word w) { return word_to_pointer<char>(w); }
inline word to_word(const void* p) { return pointer_word(p); }
inline trace_int signed_(word w) { return static_cast<trace_int>(w); }
inline trace_unsigned unsigned_(word w) { return static_cast<trace_unsigned>(w); }
inline word boolean(bool b) { return b ? 1 : 0; }

inline word float_to_int(double d) {
    constexpr double limit = trace_int_bits == 64 ? 0x1p63 : 0x1p31;
    // Just below -2^31 lie doubles that truncate to it.
    if (d > (trace_int_bits == 64 ? -0x1.0000000000001p63 : -0x1p31 - 1) && d < limit)
        return integer_word(static_cast<word>(static_cast<int64_t>(d)));
    return integer_word(static_cast<word>(int64_t{trace_int_min}));
}

inline word new_object(const gc::type_info& type) {
    void* object = gc::allocate(type);
    if (object) {
        // Null for the collector's sake: the interpreter's constructor may store a field only after its next
        // allocation.
        for (uint32_t i = 0; i < type.reference_count; ++i)
            std::memset(static_cast<char*>(object) + type.reference_offsets[i], 0, sizeof(void*));
        if (type.vtable) std::memcpy(object, &type.vtable, sizeof type.vtable);
    }
    return to_word(object);
}

inline word new_array(const gc::type_info& type, word length) {
    void* array = gc::allocate_array(type, length, false);
    if (array && type.vtable) std::memcpy(array, &type.vtable, sizeof type.vtable);
    return to_word(array);
}

[[noreturn]] void not_executable(opcode op);

[[gnu::always_inline]] inline word execute_heap_operation(opcode op, const descr* d, const word* a) {
    auto field = [&]() -> const field_descr& { return *static_cast<const field_descr*>(d); };
    auto array = [&]() -> const array_descr& { return *static_cast<const array_descr*>(d); };
    auto raw = [&]() -> const slot_shape& { return static_cast<const raw_descr*>(d)->shape; };
    switch (op) {
    case opcode::getfield: return get_field(field(), a[0]);
    case opcode::setfield: set_field(field(), a[0], a[1]); return 0;
    case opcode::getarrayitem: return get_array_item(array(), a[0], a[1]);
    case opcode::setarrayitem: set_array_item(array(), a[0], a[1], a[2]); return 0;
    case opcode::arraylen: return load_slot({}, pointer(a[0]) + array().length_offset);
    case opcode::load_class: return to_word(gc::type_of(pointer(a[0])));
    case opcode::raw_load: return load_slot(raw(), pointer(a[0]) + a[1]);
    case opcode::raw_store: store_slot(raw(), pointer(a[0]) + a[1], a[2]); return 0;
    case opcode::new_object: return new_object(*static_cast<const size_descr*>(d)->type);
    case opcode::new_array: return new_array(*array().type, a[0]);
    case opcode::write_barrier: gc::write_barrier(pointer(a[0])); return 0;
    case opcode::write_barrier_array: gc::write_barrier_array(pointer(a[0]), a[1]); return 0;
    case opcode::copy_array: copy_array(array(), a[0], a[1], a[2], a[3], a[4]); return 0;
    default: not_executable(op);
    }
}

[[gnu::always_inline]] inline word execute_float_operation(opcode op, const descr* d, const word* a) {
    auto f = [&](int i) { return word_to_double(a[i]); };
    switch (op) {
    case opcode::float_add: return double_to_word(f(0) + f(1));
    case opcode::float_sub: return double_to_word(f(0) - f(1));
    case opcode::float_mul: return double_to_word(f(0) * f(1));
    case opcode::float_div: return double_to_word(f(0) / f(1));
    // By bits: the sign of a NaN changes too, as xorpd and andpd do it.
    case opcode::float_neg: return a[0] ^ (word{1} << 63);
    case opcode::float_abs: return a[0] & ~(word{1} << 63);
    case opcode::float_sqrt: return double_to_word(std::sqrt(f(0)));
    case opcode::float_lt: return boolean(f(0) < f(1));
    case opcode::float_le: return boolean(f(0) <= f(1));
    case opcode::float_eq: return boolean(f(0) == f(1));
    case opcode::float_ne: return boolean(f(0) != f(1));
    case opcode::float_gt: return boolean(f(0) > f(1));
    case opcode::float_ge: return boolean(f(0) >= f(1));
    case opcode::int_to_float: return double_to_word(static_cast<double>(signed_(a[0])));
    case opcode::float_to_int: return float_to_int(f(0));
    default: return execute_heap_operation(op, d, a);
    }
}

} // namespace execution

[[gnu::always_inline]] inline word execute(opcode op, const descr* d, const word* a, bool& overflow) {
    using namespace execution;
    auto s = [&](int i) { return signed_(a[i]); };
    auto u = [&](int i) { return unsigned_(a[i]); };
    auto count = [&] { return static_cast<unsigned>(a[1] & (trace_int_bits - 1)); };
    auto integer = [](auto bits) { return integer_word(static_cast<word>(bits)); };
    trace_int narrow;
    switch (op) {
    case opcode::int_add: return integer(a[0] + a[1]);
    case opcode::int_sub: return integer(a[0] - a[1]);
    case opcode::int_mul: return integer(a[0] * a[1]);
    case opcode::int_div: return integer(s(0) / s(1));
    case opcode::int_mod: return integer(s(0) % s(1));
    case opcode::uint_div: return integer(u(0) / u(1));
    case opcode::uint_mod: return integer(u(0) % u(1));
    case opcode::uint_mul_high: return integer((trace_unsigned_twice{u(0)} * u(1)) >> trace_int_bits);
    case opcode::int_and: return a[0] & a[1];
    case opcode::int_or: return a[0] | a[1];
    case opcode::int_xor: return a[0] ^ a[1];
    case opcode::int_shl: return integer(a[0] << count());
    case opcode::int_shr: return integer(s(0) >> count());
    case opcode::uint_shr: return integer(u(0) >> count());
    case opcode::int_neg: return integer(-a[0]);
    case opcode::int_invert: return ~a[0];
    case opcode::int_sign_extend: return static_cast<word>(static_cast<int64_t>(a[0] << (64 - a[1])) >> (64 - a[1]));
    case opcode::int_zero_extend: return integer(a[0] << (64 - a[1]) >> (64 - a[1]));
    case opcode::int_lt: return boolean(s(0) < s(1));
    case opcode::int_le: return boolean(s(0) <= s(1));
    case opcode::int_eq: return boolean(a[0] == a[1]);
    case opcode::int_ne: return boolean(a[0] != a[1]);
    case opcode::int_gt: return boolean(s(0) > s(1));
    case opcode::int_ge: return boolean(s(0) >= s(1));
    case opcode::uint_lt: return boolean(a[0] < a[1]);
    case opcode::uint_le: return boolean(a[0] <= a[1]);
    case opcode::uint_gt: return boolean(a[0] > a[1]);
    case opcode::uint_ge: return boolean(a[0] >= a[1]);
    case opcode::int_is_zero: return boolean(a[0] == 0);
    case opcode::int_is_true: return boolean(a[0] != 0);
    case opcode::int_count_ones: return static_cast<word>(std::popcount(u(0)));
    case opcode::int_leading_zeros: return static_cast<word>(std::countl_zero(u(0)));
    case opcode::int_trailing_zeros: return static_cast<word>(std::countr_zero(u(0)));
    case opcode::int_add_ovf: overflow = __builtin_add_overflow(s(0), s(1), &narrow); return integer(narrow);
    case opcode::int_sub_ovf: overflow = __builtin_sub_overflow(s(0), s(1), &narrow); return integer(narrow);
    case opcode::int_mul_ovf: overflow = __builtin_mul_overflow(s(0), s(1), &narrow); return integer(narrow);
    case opcode::ptr_eq: return boolean(a[0] == a[1]);
    case opcode::ptr_ne: return boolean(a[0] != a[1]);
    case opcode::ptr_is_null: return boolean(a[0] == 0);
    case opcode::ptr_is_nonnull: return boolean(a[0] != 0);
    case opcode::ptr_add: return pointer_word(a[0] + a[1]);
    case opcode::ptr_to_int: return integer(a[0]);
    case opcode::int_to_ptr: return pointer_word(a[0]);
    case opcode::float_to_bits: return integer(a[0]); // 64-bit targets only: see float_to_bits in operations.def
    case opcode::bits_to_float:
    case opcode::same_as_i:
    case opcode::same_as_p:
    case opcode::same_as_f: return a[0];
    default: return execute_float_operation(op, d, a);
    }
}

} // namespace heddle::jit
