// From bytecodes to the interpreter's instructions: plain C++ that knows nothing of the heap.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace heddle::smalltalk {

enum operation : uint8_t {
#define INSTRUCTION(name, effect) name,
#include "instructions.def"
#undef INSTRUCTION
    operation_count
};
extern const char* const operation_names[];
extern const signed char operation_effects[];

struct decoded {
    operation what;
    long a, b;    // as instructions.def says
    int position; // of its bytecode
};
// The words of an instruction that runs (instructions.def): one long, or two where a long has 32 bits.
constexpr long words_of_instruction = sizeof(long) == 8 ? 1 : 2;
constexpr long word_operation(long word) { return word & 255; }
constexpr long word_operand_a(long word) { return word >> 8 & 0xffffff; }
std::vector<long> instruction_words(const std::vector<decoded>& code);
// What special sends need: a of a special send is special_base + its number until the caller replaces it.
constexpr long special_base = 1 << 20;

enum class bytecode_set { v3, sista };
std::vector<decoded> decode(const uint8_t* bytes, size_t count, bytecode_set set, const uint8_t* special_arguments);

// Depths before each instruction (-1: not reached), and the deepest. Rewrites `^` outside of blocks into a plain
// return. False: the code can't be trusted.
struct verification {
    std::vector<int> depths;
    long deepest = 0;
};
// A frame says in one small number where it stands (frame.h): what has more instructions or a deeper stack can't run.
constexpr int state_instruction_bits = 19, state_depth_bits = 11;
constexpr bool fits_state(long instructions, long frame_size) {
    return instructions < 1 << state_instruction_bits && frame_size < 1 << state_depth_bits;
}
constexpr long slots_above_deepest = 3; // of each frame, for sends that the VM itself makes
struct method_shape {
    long temporaries, constants;
    bool is_block; // a CompiledBlock: `^` leaves its home
    // The arguments of a blockCopy: come from the constant or integer pushed before.
    long (*integer_constant)(void* data, long index);
    void* data;
};
bool verify(std::vector<decoded>& code, const method_shape& shape, verification& result);

} // namespace heddle::smalltalk
