// The A32 assembler and the ARMv7 backend on the host: LLVM's disassembler reads what they put out. Needs no emulator.
#include "backend/armv7/backend.h"
#include "backend/armv7/trace_compiler.h"
#include "harness.h"
#include <catch2/catch.hpp>
#include <functional>
#include <llvm-c/Disassembler.h>
#include <llvm-c/Target.h>
#include <random>
#include <sstream>

using namespace backend_test;
using namespace heddle::jit::armv7;

namespace {

// One line for each word, blanks and tabs made one blank; "?" for what is no instruction.
std::vector<std::string> disassemble(const std::vector<uint32_t>& words) {
    static LLVMDisasmContextRef context = [] {
        LLVMInitializeARMTargetInfo();
        LLVMInitializeARMTargetMC();
        LLVMInitializeARMDisassembler();
        return LLVMCreateDisasmCPUFeatures("armv7-linux-gnueabihf", "generic", "+vfp3d16,+hwdiv-arm", nullptr, 0,
                                           nullptr, nullptr);
    }();
    REQUIRE(context);
    std::vector<std::string> lines;
    for (uint32_t word : words) {
        char text[128];
        auto* bytes = reinterpret_cast<uint8_t*>(&word);
        if (LLVMDisasmInstruction(context, bytes, sizeof word, 0, text, sizeof text) == 0) {
            lines.emplace_back("?");
            continue;
        }
        std::istringstream stream(text);
        std::string line;
        for (std::string part; stream >> part;) line += (line.empty() ? "" : " ") + part;
        lines.push_back(line);
    }
    return lines;
}

struct listed {
    std::function<void(assembler&)> put;
    std::vector<std::string> text;
};

} // namespace

TEST_CASE("every instruction of the A32 assembler is what LLVM's disassembler says") {
    using d = data_operation;
    const operand2 two = operand2::reg(r2), shifted = operand2::shifted(r2, shift_kind::left, 3);
    const std::vector<listed> all = {
        {[&](assembler& a) { a.process(d::add, r0, r1, two); }, {"add r0, r1, r2"}},
        {[&](assembler& a) { a.process(d::add, r0, r1, two, true); }, {"adds r0, r1, r2"}},
        {[&](assembler& a) { a.process(d::subtract, r9, r11, shifted); }, {"sub r9, r11, r2, lsl #3"}},
        {[&](assembler& a) { a.process(d::bit_clear, r0, r1, two); }, {"bic r0, r1, r2"}},
        {[&](assembler& a) { a.process(d::move_not, r0, 0, two); }, {"mvn r0, r2"}},
        {[&](assembler& a) { a.process_constant(d::add, r0, r1, 0x3fc00); }, {"add r0, r1, #261120"}},
        {[&](assembler& a) { a.process_constant(d::add, r0, r1, uint32_t(-8)); }, {"sub r0, r1, #8"}},
        {[&](assembler& a) { a.process_constant(d::subtract, r0, r1, uint32_t(-1)); }, {"add r0, r1, #1"}},
        {[&](assembler& a) { a.process_constant(d::reverse_subtract, r0, r1, 0); }, {"rsb r0, r1, #0"}},
        {[&](assembler& a) { a.process_constant(d::bit_and, r0, r1, ~255u); }, {"bic r0, r1, #255"}},
        {[&](assembler& a) { a.process_constant(d::bit_and, r0, r1, 0xffff); }, {"uxth r0, r1"}},
        {[&](assembler& a) { a.process_constant(d::bit_or, r0, r1, 0x12345678); },
         {"movw r12, #22136", "movt r12, #4660", "orr r0, r1, r12"}},
        {[&](assembler& a) { a.move(r7, sp); }, {"mov r7, sp"}},
        {[&](assembler& a) { a.move_constant(r3, 255); }, {"mov r3, #255"}},
        {[&](assembler& a) { a.move_constant(r3, 0xffffffff); }, {"mvn r3, #0"}},
        {[&](assembler& a) { a.move_constant(r3, 1000); }, {"mov r3, #1000"}},
        {[&](assembler& a) { a.move_constant(r3, 0x1234); }, {"movw r3, #4660"}},
        {[&](assembler& a) { a.move_constant(r3, 0x80000000u, condition::pl); }, {"movpl r3, #-2147483648"}},
        {[&](assembler& a) { a.shift(shift_kind::arithmetic_right, r1, r2, 31); }, {"asr r1, r2, #31"}},
        {[&](assembler& a) { a.shift(shift_kind::right, r1, r2, 0); }, {"mov r1, r2"}},
        {[&](assembler& a) { a.shift_by_register(shift_kind::right, r1, r2, lr); }, {"lsr r1, r2, lr"}},
        {[&](assembler& a) { a.compare(r4, two, condition::hs); }, {"cmphs r4, r2"}},
        {[&](assembler& a) { a.compare_constant(r4, 7); }, {"cmp r4, #7"}},
        {[&](assembler& a) { a.compare_constant(r4, uint32_t(-7)); }, {"cmn r4, #7"}},
        {[&](assembler& a) { a.test_constant(lr, 1); }, {"tst lr, #1"}},
        {[&](assembler& a) { a.multiply(r1, r2, r3); }, {"mul r1, r2, r3"}},
        {[&](assembler& a) { a.multiply_subtract(r1, r2, r3, r4); }, {"mls r1, r2, r3, r4"}},
        {[&](assembler& a) { a.signed_multiply_long(r1, lr, r3, r4); }, {"smull r1, lr, r3, r4"}},
        {[&](assembler& a) { a.unsigned_multiply_long(r1, lr, r3, r4); }, {"umull r1, lr, r3, r4"}},
        {[&](assembler& a) { a.divide(true, r1, r2, r3); }, {"sdiv r1, r2, r3"}},
        {[&](assembler& a) { a.divide(false, r1, r2, r3); }, {"udiv r1, r2, r3"}},
        {[&](assembler& a) { a.count_leading_zeros(r1, r2); }, {"clz r1, r2"}},
        {[&](assembler& a) { a.reverse_bits(r1, r2); }, {"rbit r1, r2"}},
        {[&](assembler& a) { a.extend(true, r1, r2, 8); }, {"sxtb r1, r2"}},
        {[&](assembler& a) { a.extend(true, r1, r2, 16); }, {"sxth r1, r2"}},
        {[&](assembler& a) { a.extend(true, r1, r2, 7); }, {"sbfx r1, r2, #0, #7"}},
        {[&](assembler& a) { a.extend(false, r1, r2, 31); }, {"ubfx r1, r2, #0, #31"}},
        {[&](assembler& a) { a.nop(); }, {"nop"}},
        {[&](assembler& a) { a.load(load_kind::word, r1, r2, -4095); }, {"ldr r1, [r2, #-4095]"}},
        {[&](assembler& a) { a.load(load_kind::word, r1, r2, 4096); }, {"mov r12, #4096", "ldr r1, [r2, r12]"}},
        {[&](assembler& a) { a.load(load_kind::word, lr, r2, -8, condition::hs); }, {"ldrhs lr, [r2, #-8]"}},
        {[&](assembler& a) { a.load(load_kind::byte, r1, r2, 5); }, {"ldrb r1, [r2, #5]"}},
        {[&](assembler& a) { a.load(load_kind::half, r1, r2, 254); }, {"ldrh r1, [r2, #254]"}},
        {[&](assembler& a) { a.load(load_kind::signed_half, r1, r2, -6); }, {"ldrsh r1, [r2, #-6]"}},
        {[&](assembler& a) { a.load(load_kind::signed_byte, r1, r2, 300); }, {"mov r12, #300", "ldrsb r1, [r2, r12]"}},
        {[&](assembler& a) { a.load_indexed(load_kind::half, r1, r2, r3); }, {"ldrh r1, [r2, r3]"}},
        {[&](assembler& a) { a.load_indexed(load_kind::signed_half, r1, r2, r3); }, {"ldrsh r1, [r2, r3]"}},
        {[&](assembler& a) { a.load_indexed(load_kind::byte, r1, r2, r3); }, {"ldrb r1, [r2, r3]"}},
        {[&](assembler& a) { a.store(load_kind::word, r1, sp, 4); }, {"str r1, [sp, #4]"}},
        {[&](assembler& a) { a.store(load_kind::byte, r1, r2, 4095); }, {"strb r1, [r2, #4095]"}},
        {[&](assembler& a) { a.store(load_kind::half, r1, r2, 2); }, {"strh r1, [r2, #2]"}},
        {[&](assembler& a) { a.store_indexed(load_kind::half, r1, r2, r3); }, {"strh r1, [r2, r3]"}},
        {[&](assembler& a) { a.store_indexed(load_kind::word, r1, r2, r3); }, {"str r1, [r2, r3]"}},
        {[&](assembler& a) { a.store_indexed(load_kind::byte, r1, r2, r3); }, {"strb r1, [r2, r3]"}},
        {[&](assembler& a) { a.load_and_pop(r5, 8); }, {"ldr r5, [sp], #8"}},
        {[&](assembler& a) { a.store_multiple_increment(r1, 0x5000); }, {"stm r1!, {r12, lr}"}},
        {[&](assembler& a) { a.push(saved_general); }, {"push {r4, r5, r6, r7, r8, r9, r10, r11, r12, lr}"}},
        {[&](assembler& a) { a.pop(returning_general); }, {"pop {r4, r5, r6, r7, r8, r9, r10, r11, r12, pc}"}},
        {[&](assembler& a) { a.call_register(lr); }, {"blx lr"}},
        {[&](assembler& a) { a.load_double(3, r1, -1020); }, {"vldr d3, [r1, #-1020]"}},
        {[&](assembler& a) { a.load_double(3, r1, 1024); }, {"add r12, r1, #1024", "vldr d3, [r12]"}},
        {[&](assembler& a) { a.store_double(15, r11, -8); }, {"vstr d15, [r11, #-8]"}},
        {[&](assembler& a) { a.load_single(31, r1, 4); }, {"vldr s31, [r1, #4]"}},
        {[&](assembler& a) { a.store_single(30, r1, 4); }, {"vstr s30, [r1, #4]"}},
        {[&](assembler& a) { a.push_doubles(8, 8); }, {"vpush {d8, d9, d10, d11, d12, d13, d14, d15}"}},
        {[&](assembler& a) { a.pop_doubles(0, 2); }, {"vpop {d0, d1}"}},
        {[&](assembler& a) { a.floating(double_add, 1, 2, 3); }, {"vadd.f64 d1, d2, d3"}},
        {[&](assembler& a) { a.floating(double_subtract, 1, 2, 3); }, {"vsub.f64 d1, d2, d3"}},
        {[&](assembler& a) { a.floating(double_multiply, 1, 2, 3); }, {"vmul.f64 d1, d2, d3"}},
        {[&](assembler& a) { a.floating(double_divide, 1, 2, 3); }, {"vdiv.f64 d1, d2, d3"}},
        {[&](assembler& a) { a.floating(double_move, 1, 0, 3); }, {"vmov.f64 d1, d3"}},
        {[&](assembler& a) { a.floating(double_negate, 1, 0, 3); }, {"vneg.f64 d1, d3"}},
        {[&](assembler& a) { a.floating(double_absolute, 1, 0, 3); }, {"vabs.f64 d1, d3"}},
        {[&](assembler& a) { a.floating(double_square_root, 1, 0, 3); }, {"vsqrt.f64 d1, d3"}},
        {[&](assembler& a) { a.compare_doubles(1, 3); }, {"vcmp.f64 d1, d3", "vmrs APSR_nzcv, fpscr"}},
        {[&](assembler& a) { a.compare_with_zero(1); }, {"vcmp.f64 d1, #0", "vmrs APSR_nzcv, fpscr"}},
        {[&](assembler& a) { a.double_from_int(1, 31); }, {"vcvt.f64.s32 d1, s31"}},
        {[&](assembler& a) { a.int_from_double(30, 3); }, {"vcvt.s32.f64 s30, d3"}},
        {[&](assembler& a) { a.double_from_single(1, 31); }, {"vcvt.f64.f32 d1, s31"}},
        {[&](assembler& a) { a.single_from_double(31, 3); }, {"vcvt.f32.f64 s31, d3"}},
        {[&](assembler& a) { a.move_to_single(29, r3); }, {"vmov s29, r3"}},
        {[&](assembler& a) { a.move_from_single(r3, 28); }, {"vmov r3, s28"}},
        {[&](assembler& a) { a.move_to_double(15, lr, ip); }, {"vmov d15, lr, r12"}},
        {[&](assembler& a) { a.move_from_double(r1, r2, 9); }, {"vmov r1, r2, d9"}},
    };
    for (const listed& l : all) {
        assembler a;
        a.begin(0x10000);
        l.put(a);
        CHECK(disassemble(a.words()) == l.text);
    }
}

TEST_CASE("branches to labels before and behind, to addresses, and how far they reach") {
    assembler a;
    a.begin(0x10000);
    label behind = a.new_label(), before = a.new_label(), never = a.new_label();
    a.bind(before);
    a.branch(condition::lt, behind);
    a.branch(before);
    a.branch_to(0x10000 + 0x1000);
    a.call_to(0x10000 - 0x1000);
    a.bind(behind);
    REQUIRE(a.resolve_labels());
    CHECK(disassemble(a.words()) == std::vector<std::string>{"blt #8", "b #-12", "b #4080", "bl #-4116"});
    CHECK(assembler::reaches(0, (1u << 25) + 4));
    CHECK_FALSE(assembler::reaches(0, (1u << 25) + 8));
    CHECK(assembler::reaches(1u << 25, 8));
    CHECK_FALSE(assembler::reaches(1u << 25, 4));
    a.branch(never);
    CHECK_FALSE(a.resolve_labels());
}

TEST_CASE("constants: what one instruction makes is what was asked for; all others take two") {
    std::mt19937 random(std::random_device{}());
    for (int i = 0; i < 20000; ++i) {
        uint32_t value = static_cast<uint32_t>(random()) >> (random() % 32) << (random() % 8);
        operand2 o;
        if (!operand2::constant(value, o)) continue;
        uint32_t byte = o.bits & 255, rotation = 2 * (o.bits >> 8 & 15);
        REQUIRE((byte >> rotation | (rotation ? byte << (32 - rotation) : 0)) == value);
    }
    for (uint32_t bytes = 0; bytes < 200000; bytes += 8) {
        operand2 o;
        REQUIRE(operand2::constant(frame_size_for(0, bytes), o));
        REQUIRE(frame_size_for(0, bytes) >= bytes);
    }
    for (int encoded = 0; encoded < 256; ++encoded) { // VFPExpandImm of the manual
        uint64_t e = static_cast<uint64_t>(encoded), exponent = (e >> 6 & 1) ? 0x0ff : 0x100;
        uint64_t bits = e >> 7 << 63 | exponent << 54 | (e & 0x3f) << 48;
        uint32_t found = 0;
        REQUIRE(assembler::double_constant(bits, found));
        REQUIRE(found == e);
    }
    uint32_t found = 0;
    CHECK_FALSE(assembler::double_constant(double_to_word(0.0), found));
    CHECK_FALSE(assembler::double_constant(double_to_word(0.1), found));
}

// A trace's loop as text, without what stands around it.
TEST_CASE("a trace becomes the A32 instructions that it should") {
    start_collector();
    std::string error, log;
    armv7::backend_options options;
    options.code_bytes = 1 << 20;
    std::unique_ptr<backend> machine = armv7::make_backend({}, options, error);
    INFO(error);
    REQUIRE(machine);
    unit u(*machine);
    REQUIRE(u.compile("[i0, i1, f2]\n"
                      "label(i0, i1, f2, descr=label1)\n"
                      "i3 = int_add_ovf(i1, i0)\n"
                      "guard_no_overflow() [i0, i1]\n"
                      "i4 = int_sub(i0, 1)\n"
                      "f5 = float_add(f2, 1.5)\n"
                      "i6 = int_lt(i4, 5)\n"
                      "guard_false(i6) [i3, f5]\n"
                      "jump(i4, i3, f5, descr=label1)\n",
                      &log) == "");
    std::vector<uint32_t> words;
    std::istringstream lines(log.substr(log.find("; label(")));
    for (std::string line; std::getline(lines, line) && line.find("guard exits") == std::string::npos;) {
        if (line[0] == ';') continue;
        unsigned byte[4];
        REQUIRE(std::sscanf(line.c_str() + line.find(' '), " 0x%x 0x%x 0x%x 0x%x", byte, byte + 1, byte + 2,
                            byte + 3) == 4);
        words.push_back(byte[0] | byte[1] << 8 | byte[2] << 16 | byte[3] << 24);
    }
    std::string text;
    for (const std::string& line : disassemble(words)) text += line.substr(0, line.find(' ')) + " ";
    CHECK(text == "adds bvs sub vmov.f64 vadd.f64 cmp blt mov b ");
}
