// The A32 assembler. See assembler.h.
#include "backend/armv7/assembler.h"
#include <bit>

namespace heddle::jit::armv7 {

namespace {

constexpr uint32_t condition_bits(condition c) { return static_cast<uint32_t>(c) << 28; }

} // namespace

bool operand2::constant(uint32_t value, operand2& result) {
    for (uint32_t rotation = 0; rotation < 16; ++rotation) {
        uint32_t byte = std::rotl(value, static_cast<int>(2 * rotation));
        if (byte > 255) continue;
        result.bits = 1u << 25 | rotation << 8 | byte;
        return true;
    }
    return false;
}

void assembler::begin(uint64_t address) {
    base_ = address;
    words_.clear();
    label_offsets_.clear();
    uses_.clear();
}

// ---- labels and branches

label assembler::new_label() {
    label_offsets_.push_back(-1);
    return {static_cast<uint32_t>(label_offsets_.size() - 1)};
}

bool assembler::reaches(uint64_t from, uint64_t to) {
    int64_t distance = static_cast<int64_t>(to) - static_cast<int64_t>(from) - 8;
    return distance >= -(int64_t{1} << 25) && distance < (int64_t{1} << 25);
}

uint32_t assembler::branch_word(condition c, uint64_t from, uint64_t to) {
    uint32_t distance = static_cast<uint32_t>(to - from - 8);
    return condition_bits(c) | 0x0a000000u | (distance >> 2 & 0x00ffffffu);
}

void assembler::branch(condition c, label to) {
    uses_.push_back({offset(), to.number});
    word(condition_bits(c) | 0x0a000000u);
}

bool assembler::resolve_labels() {
    for (const use& u : uses_) {
        int32_t target = label_offsets_[u.to];
        if (target < 0) return false;
        words_[u.at / 4] |= branch_word(condition::eq, u.at, static_cast<uint32_t>(target)) & 0x00ffffffu;
    }
    uses_.clear();
    return true;
}

// ---- data

void assembler::process(data_operation o, int rd, int rn, operand2 second, bool set_flags, condition c) {
    word(condition_bits(c) | static_cast<uint32_t>(o) << 21 | static_cast<uint32_t>(set_flags) << 20 | rd_16(rn) |
         rd_12(rd) | second.bits);
}

void assembler::process_constant(data_operation o, int rd, int rn, uint32_t value, bool set_flags) {
    operand2 second;
    if (operand2::constant(value, second)) return process(o, rd, rn, second, set_flags);
    // The same by the opposite operation; the overflow flag agrees.
    if (o == data_operation::add && operand2::constant(-value, second))
        return process(data_operation::subtract, rd, rn, second, set_flags);
    if (o == data_operation::subtract && operand2::constant(-value, second))
        return process(data_operation::add, rd, rn, second, set_flags);
    if (o == data_operation::bit_and && operand2::constant(~value, second))
        return process(data_operation::bit_clear, rd, rn, second, set_flags);
    if (o == data_operation::bit_and && !set_flags && value && (value & (value + 1)) == 0)
        return extend(false, rd, rn, static_cast<uint32_t>(std::popcount(value)));
    move_constant(ip, value);
    process(o, rd, rn, operand2::reg(ip), set_flags);
}

void assembler::move_constant(int rd, uint32_t value, condition c) {
    operand2 second;
    if (operand2::constant(value, second)) return process(data_operation::move, rd, 0, second, false, c);
    if (operand2::constant(~value, second)) return process(data_operation::move_not, rd, 0, second, false, c);
    auto half = [&](uint32_t what, uint32_t bits) {
        word(condition_bits(c) | what | (bits >> 12) << 16 | rd_12(rd) | (bits & 0xfff));
    };
    half(0x03000000u, value & 0xffff);
    if (value >> 16) half(0x03400000u, value >> 16);
}

void assembler::shift(shift_kind how, int rd, int rm, uint32_t amount) {
    process(data_operation::move, rd, 0, operand2::shifted(rm, how, amount));
}

void assembler::shift_by_register(shift_kind how, int rd, int rm, int rs) {
    word(0xe1a00010u | rd_12(rd) | rs_(rs) | static_cast<uint32_t>(how) << 5 | rm_(rm));
}

void assembler::compare_constant(int rn, uint32_t value, condition c) {
    operand2 second;
    if (operand2::constant(value, second)) {
        compare(rn, second, c);
    } else if (value != 0x8000'0000u && operand2::constant(-value, second)) {
        process(data_operation::compare_negative, 0, rn, second, true, c);
    } else {
        move_constant(ip, value);
        compare(rn, operand2::reg(ip), c);
    }
}

void assembler::extend(bool is_signed, int rd, int rn, uint32_t width) {
    if (width == 8 || width == 16)
        word((is_signed ? 0xe6af0070u : 0xe6ef0070u) | (width == 16 ? 1u << 20 : 0) | rd_12(rd) | rm_(rn));
    else
        word((is_signed ? 0xe7a00050u : 0xe7e00050u) | (width - 1) << 16 | rd_12(rd) | rm_(rn));
}

// ---- memory

void assembler::access(load_kind what, bool is_load, int rt, int rn, int32_t offset, condition c) {
    bool wide = what == load_kind::word || what == load_kind::byte;
    uint32_t magnitude = static_cast<uint32_t>(offset < 0 ? -static_cast<int64_t>(offset) : offset);
    if (magnitude > (wide ? 4095u : 255u)) {
        move_constant(ip, static_cast<uint32_t>(offset));
        if (is_load)
            load_indexed(what, rt, rn, ip);
        else
            store_indexed(what, rt, rn, ip);
        return;
    }
    uint32_t common =
        condition_bits(c) | (offset >= 0 ? 1u << 23 : 0) | (is_load ? 1u << 20 : 0) | rd_16(rn) | rd_12(rt);
    if (wide) {
        word(common | 0x05000000u | (what == load_kind::byte ? 1u << 22 : 0) | magnitude);
        return;
    }
    uint32_t which = what == load_kind::half ? 0xb0u : what == load_kind::signed_byte ? 0xd0u : 0xf0u;
    word(common | 0x01400000u | (magnitude >> 4) << 8 | which | (magnitude & 15));
}

void assembler::load(load_kind what, int rt, int rn, int32_t offset, condition c) {
    access(what, true, rt, rn, offset, c);
}
void assembler::store(load_kind what, int rt, int rn, int32_t offset) {
    access(what, false, rt, rn, offset, condition::always);
}

void assembler::load_indexed(load_kind what, int rt, int rn, int rm) {
    uint32_t common = 0xe0900000u | rd_16(rn) | rd_12(rt) | rm_(rm);
    switch (what) {
    case load_kind::word: word(common | 0x07000000u); break;
    case load_kind::byte: word(common | 0x07400000u); break;
    case load_kind::half: word(common | 0x010000b0u); break;
    case load_kind::signed_byte: word(common | 0x010000d0u); break;
    case load_kind::signed_half: word(common | 0x010000f0u); break;
    }
}

void assembler::store_indexed(load_kind what, int rt, int rn, int rm) {
    uint32_t common = 0xe0800000u | rd_16(rn) | rd_12(rt) | rm_(rm);
    switch (what) {
    case load_kind::word: word(common | 0x07000000u); break;
    case load_kind::byte: word(common | 0x07400000u); break;
    default: word(common | 0x010000b0u); break;
    }
}

// ---- floating

void assembler::floating_access(uint32_t what, int d, int rn, int32_t offset) {
    uint32_t magnitude = static_cast<uint32_t>(offset < 0 ? -static_cast<int64_t>(offset) : offset);
    if (magnitude > 1020 || (magnitude & 3)) {
        process_constant(data_operation::add, ip, rn, static_cast<uint32_t>(offset));
        rn = ip;
        offset = 0;
        magnitude = 0;
    }
    word(what | (offset >= 0 ? 1u << 23 : 0) | rd_16(rn) | rd_12(d) | magnitude >> 2);
}

// Sign, three bits of exponent around 0, four bits of mantissa.
bool assembler::double_constant(uint64_t bits, uint32_t& encoded) {
    if (bits << 16) return false;
    uint32_t high = static_cast<uint32_t>(bits >> 48);
    uint32_t exponent = high >> 6 & 0x1ff; // the top nine of eleven bits: b, then eight times not b
    if (exponent != 0x100 && exponent != 0x0ff) return false;
    encoded = (high >> 8 & 0x80) | (exponent == 0x0ff ? 0x40u : 0u) | (high & 0x3f);
    return true;
}

} // namespace heddle::jit::armv7
