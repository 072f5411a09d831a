// An A32 assembler: words of ARMv7-A instructions, labels, and the few legalisations that traces need.
//
// Encodings are those of the ARM Architecture Reference Manual, ARMv7-A edition, chapter A8; tests/jit/backend/
// test_a32.cpp compares them with LLVM's disassembler. Registers are numbers: r0 to r15, d0 to d15, s0 to s31.
// Functions whose name ends in _constant, and loads and stores, take any constant: what an instruction can't hold goes
// through ip, which nobody else may count on. Nothing here changes the condition codes unless its name says so. No
// literal pools in the code: doubles lie before it (trace_compiler.h), integers are made by movw and movt. Code memory
// is small enough for one branch to reach all of it.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace heddle::jit::armv7 {

enum register_number { r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, ip, sp, lr, pc };
enum class condition : uint32_t { eq, ne, hs, lo, mi, pl, vs, vc, hi, ls, ge, lt, gt, le, always };
constexpr condition negated(condition c) { return static_cast<condition>(static_cast<uint32_t>(c) ^ 1); }

enum class data_operation : uint32_t {
    bit_and,
    bit_xor,
    subtract,
    reverse_subtract,
    add,
    add_carry,
    subtract_carry,
    reverse_subtract_carry,
    test,
    test_equal,
    compare,
    compare_negative,
    bit_or,
    move,
    bit_clear,
    move_not
};
enum class shift_kind : uint32_t { left, right, arithmetic_right };
enum class load_kind : uint8_t { word, byte, half, signed_byte, signed_half };

// The second operand of a data operation: a register, shifted by a constant if wanted, or a rotated byte.
struct operand2 {
    uint32_t bits = 0;
    static operand2 reg(int number) { return {static_cast<uint32_t>(number)}; }
    // 'amount' is from 0 to 31; a shift by 0 is the register itself.
    static operand2 shifted(int number, shift_kind how, uint32_t amount) {
        if (amount == 0) return reg(number);
        return {amount << 7 | static_cast<uint32_t>(how) << 5 | static_cast<uint32_t>(number)};
    }
    // False when no instruction can hold the value.
    static bool constant(uint32_t value, operand2& result);
};

struct label {
    uint32_t number = UINT32_MAX;
};

class assembler {
public:
    void begin(uint64_t address);
    uint32_t offset() const { return static_cast<uint32_t>(words_.size() * 4); }
    std::vector<uint32_t>& words() { return words_; }
    uint64_t base() const { return base_; }
    void word(uint32_t bits) { words_.push_back(bits); }
    void set_word(uint32_t at, uint32_t bits) { words_[at / 4] = bits; }

    // --- labels and branches ---
    label new_label();
    void bind(label l) { label_offsets_[l.number] = static_cast<int32_t>(offset()); }
    int32_t offset_of(label l) const { return label_offsets_[l.number]; }
    void branch(condition c, label to);
    void branch(label to) { branch(condition::always, to); }
    void branch_to(uint64_t address) { word(branch_word(condition::always, base_ + offset(), address)); }
    void call_to(uint64_t address) { word(branch_word(condition::always, base_ + offset(), address) | 1u << 24); }
    void call_register(int rm) { word(0xe12fff30u | rm_(rm)); }
    bool resolve_labels(); // false: one was never bound
    static bool reaches(uint64_t from, uint64_t to);
    static uint32_t branch_word(condition c, uint64_t from, uint64_t to);

    // --- data ---
    void process(data_operation o, int rd, int rn, operand2 second, bool set_flags = false,
                 condition c = condition::always);
    void process_constant(data_operation o, int rd, int rn, uint32_t value, bool set_flags = false);
    void move(int rd, int rm) { process(data_operation::move, rd, 0, operand2::reg(rm)); }
    void move_constant(int rd, uint32_t value, condition c = condition::always);
    void shift(shift_kind how, int rd, int rm, uint32_t amount); // 0 to 31
    void shift_by_register(shift_kind how, int rd, int rm, int rs);
    void compare(int rn, operand2 second, condition c = condition::always) {
        process(data_operation::compare, 0, rn, second, true, c);
    }
    void compare_constant(int rn, uint32_t value, condition c = condition::always);
    void test_constant(int rn, uint32_t value) { process_constant(data_operation::test, 0, rn, value, true); }
    void multiply(int rd, int rn, int rm) { word(0xe0000090u | rd_16(rd) | rs_(rm) | rm_(rn)); }
    // rd = ra - rn * rm
    void multiply_subtract(int rd, int rn, int rm, int ra) {
        word(0xe0600090u | rd_16(rd) | rd_12(ra) | rs_(rm) | rm_(rn));
    }
    void signed_multiply_long(int low, int high, int rn, int rm) {
        word(0xe0c00090u | rd_16(high) | rd_12(low) | rs_(rm) | rm_(rn));
    }
    void unsigned_multiply_long(int low, int high, int rn, int rm) {
        word(0xe0800090u | rd_16(high) | rd_12(low) | rs_(rm) | rm_(rn));
    }
    void divide(bool is_signed, int rd, int rn, int rm) { // processors with the instruction only
        word((is_signed ? 0xe710f010u : 0xe730f010u) | rd_16(rd) | rs_(rm) | rm_(rn));
    }
    void count_leading_zeros(int rd, int rm) { word(0xe16f0f10u | rd_12(rd) | rm_(rm)); }
    void reverse_bits(int rd, int rm) { word(0xe6ff0f30u | rd_12(rd) | rm_(rm)); }
    void extend(bool is_signed, int rd, int rn, uint32_t width); // from 'width' low bits, 1 to 31
    void nop() { word(nop_word); }
    static constexpr uint32_t nop_word = 0xe320f000u;

    // --- memory ---
    void load(load_kind what, int rt, int rn, int32_t offset, condition c = condition::always);
    void store(load_kind what, int rt, int rn, int32_t offset); // the unsigned kinds
    void load_indexed(load_kind what, int rt, int rn, int rm);  // rm is not shifted
    void store_indexed(load_kind what, int rt, int rn, int rm);
    void load_shifted(int rt, int rn, int rm, uint32_t shift) { // words: [rn + (rm << shift)]
        word(0xe7900000u | rd_16(rn) | rd_12(rt) | shift << 7 | rm_(rm));
    }
    void load_and_pop(int rt, uint32_t bytes) { word(0xe49d0000u | rd_12(rt) | bytes); } // ldr rt, [sp], #bytes
    void store_multiple_increment(int rn, uint32_t registers) { word(0xe8a00000u | rd_16(rn) | registers); }
    void push(uint32_t registers) { word(0xe92d0000u | registers); }
    void pop(uint32_t registers) { word(0xe8bd0000u | registers); }

    // --- floating ---
    void load_double(int d, int rn, int32_t offset) { floating_access(0xed100b00u, d, rn, offset); }
    void store_double(int d, int rn, int32_t offset) { floating_access(0xed000b00u, d, rn, offset); }
    void load_single(int s, int rn, int32_t offset) { floating_access(0xed100a00u | s_22(s), s >> 1, rn, offset); }
    void store_single(int s, int rn, int32_t offset) { floating_access(0xed000a00u | s_22(s), s >> 1, rn, offset); }
    void push_doubles(int first, int count) { word(0xed2d0b00u | rd_12(first) | static_cast<uint32_t>(2 * count)); }
    void pop_doubles(int first, int count) { word(0xecbd0b00u | rd_12(first) | static_cast<uint32_t>(2 * count)); }
    void floating(uint32_t what, int d, int n, int m) { word(what | rd_16(n) | rd_12(d) | rm_(m)); }
    void compare_doubles(int d, int m) {
        word(0xeeb40b40u | rd_12(d) | rm_(m));
        word(0xeef1fa10u);
    }
    void compare_with_zero(int d) {
        word(0xeeb50b40u | rd_12(d));
        word(0xeef1fa10u);
    }
    static bool double_constant(uint64_t bits, uint32_t& encoded); // can vmov.f64 hold it?
    void move_double_constant(int d, uint32_t encoded) {
        word(0xeeb00b00u | (encoded >> 4) << 16 | rd_12(d) | (encoded & 15));
    }
    void double_from_int(int d, int s) { word(0xeeb80bc0u | rd_12(d) | s_5(s)); }
    void int_from_double(int s, int m) { word(0xeebd0bc0u | s_22(s) | rd_12(s >> 1) | rm_(m)); }
    void double_from_single(int d, int s) { word(0xeeb70ac0u | rd_12(d) | s_5(s)); }
    void single_from_double(int s, int m) { word(0xeeb70bc0u | s_22(s) | rd_12(s >> 1) | rm_(m)); }
    void move_to_single(int s, int rt) { word(0xee000a10u | rd_16(s >> 1) | rd_12(rt) | s_7(s)); }
    void move_from_single(int rt, int s) { word(0xee100a10u | rd_16(s >> 1) | rd_12(rt) | s_7(s)); }
    void move_to_double(int d, int low, int high) { word(0xec400b10u | rd_16(high) | rd_12(low) | rm_(d)); }
    void move_from_double(int low, int high, int d) { word(0xec500b10u | rd_16(high) | rd_12(low) | rm_(d)); }

private:
    static constexpr uint32_t number(int r) { return static_cast<uint32_t>(r); }
    static constexpr uint32_t rm_(int r) { return number(r); }
    static constexpr uint32_t rs_(int r) { return number(r) << 8; }
    static constexpr uint32_t rd_12(int r) { return number(r) << 12; }
    static constexpr uint32_t rd_16(int r) { return number(r) << 16; }
    static constexpr uint32_t s_22(int s) { return (number(s) & 1) << 22; }
    static constexpr uint32_t s_7(int s) { return (number(s) & 1) << 7; }
    static constexpr uint32_t s_5(int s) { return (number(s) & 1) << 5 | number(s) >> 1; }
    void floating_access(uint32_t what, int d, int rn, int32_t offset);
    void access(load_kind what, bool is_load, int rt, int rn, int32_t offset, condition c);

    uint64_t base_ = 0;
    std::vector<uint32_t> words_;
    std::vector<int32_t> label_offsets_; // -1: not bound yet
    struct use {
        uint32_t at, to;
    };
    std::vector<use> uses_;
};

// Operations of assembler::floating.
constexpr uint32_t double_add = 0xee300b00u, double_subtract = 0xee300b40u, double_multiply = 0xee200b00u,
                   double_divide = 0xee800b00u, double_move = 0xeeb00b40u, double_negate = 0xeeb10b40u,
                   double_absolute = 0xeeb00bc0u, double_square_root = 0xeeb10bc0u;

} // namespace heddle::jit::armv7
