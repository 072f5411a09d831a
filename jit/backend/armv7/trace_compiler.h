// Compiles one trace to A32 machine code, in one forward pass over its operations.
//
// One file per subject: trace_compiler.cpp (the walk, operands, moves), arithmetic.cpp, floating.cpp, memory.cpp,
// allocation.cpp, calls.cpp, guards.cpp, control.cpp (entry, labels, jumps, finish).
// Order of an operation's code: operands into registers (use), then the result's register (define), then the
// instructions. A comparison whose only use is the guard that follows leaves its answer in the condition codes.
// Integers and pointers have 32 bits; a word in memory that other code reads as a whole (a result, a red of a token
// whose kinds are unknown) is widened where it is stored. The doubles that a trace names lie before its code, so that
// their distance is known when they are loaded. Out-of-line code (guard exits, slow paths) follows the trace. Nothing
// outside is changed before the code is complete: guards and labels learn their addresses in finish_code().
#pragma once
#include "backend/armv7/registers.h"
#include "backend/armv7/routines.h"
#include "backend/common/target_compiler.h"
#include <span>
#include <string>
#include <vector>

namespace heddle::jit::armv7 {

constexpr uint32_t entry_check_size = 20; // bytes of the stack check that a loop's code begins with

class trace_compiler final : target_compiler {
public:
    explicit trace_compiler(backend_context& context);

    std::string compile_loop(const trace& t, loop_token& token, std::string* asm_log);
    std::string compile_bridge(const trace& t, guard_data& guard, std::string* asm_log);

private:
    struct pending_guard {
        guard_data* guard;
        label exit;
        uint32_t exit_offset = 0;
        uint32_t branch = 0;       // offset of the branch to the exit; 0: none
        uint32_t invalidation = 0; // guard_not_invalidated: offset of the instruction to overwrite
        uint32_t first_place;      // in guard_places_
    };
    struct own_label {
        target_token* target;
        label start;
        std::vector<int32_t> places;
    };
    enum class slow_kind : uint8_t { allocate, allocate_array, barrier, barrier_array, finish_call, stack_overflow };
    struct slow_path {
        slow_kind what;
        label start, back;
        int reg = no_register;         // object or result
        int operand_reg = no_register; // index or length in a register ...
        int operand_slot = no_slot;    // ... or in a slot ...
        uint32_t operand = 0;          // ... or constant; total size
        const void* pointer = nullptr;
        bool floating = false;
    };
    // A place in memory: a register and a constant offset.
    struct address {
        int base;
        int32_t offset;
    };

    // --- the walk (trace_compiler.cpp) ---
    std::string begin_code(const trace& t, std::string* asm_log);
    std::string compile_operations();
    uint32_t compile_operation(uint32_t position); // answers the next position
    std::string finish_code(std::string* asm_log);
    void publish(uint64_t base);
    void comment(std::string text);
    void log_operation(uint32_t position);
    void write_listing(std::string& text) const;

    // --- operands and moves ---
    void emit_move(location to, location from) override;
    void emit_constant(location to, uint64_t bits) override;
    void emit_double_constant(int to, uint64_t bits);
    int general_register(value_ref v);  // constants in a temporary
    int floating_register(value_ref v); // the machine's number; constants in a temporary
    void load_general(int to, value_ref v);
    uint32_t constant_bits(value_ref v) const { return static_cast<uint32_t>(constant_word(v)); }
    int general_result(uint32_t position) { return registers_.define_reusing(position); }
    int floating_result(uint32_t position) { return vfp(registers_.define_reusing(position)); }
    void store_general(int from, int base, int32_t offset) { a_.store(load_kind::word, from, base, offset); }
    void call_function(const void* function);

    // --- arithmetic.cpp ---
    bool compile_integer(uint32_t position);
    void compile_binary(uint32_t position, data_operation what, bool commutes, bool set_flags = false);
    void compile_subtract(uint32_t position, bool set_flags);
    void compile_multiply(uint32_t position, bool with_overflow);
    void compile_multiply_high(uint32_t position);
    void compile_shift(uint32_t position, shift_kind how);
    void compile_division(uint32_t position, bool is_signed, bool remainder);
    void compile_extension(uint32_t position, bool is_signed);
    void compile_bit_count(uint32_t position);
    void compile_count_ones(int result, int from);
    void compile_copy(uint32_t position);

    // --- comparisons and guards (guards.cpp) ---
    condition compile_comparison(uint32_t position);
    condition compare_integers(opcode o, value_ref left, value_ref right);
    condition compare_floats(opcode o, value_ref left, value_ref right);
    void compare_with_zero(value_ref v);
    uint32_t compile_comparison_and_guard(uint32_t position);
    void set_result(uint32_t position, condition c);
    void compile_guard(uint32_t position);
    void compile_guard_value(uint32_t position);
    void compile_guard_class(uint32_t position, bool may_be_null);
    void guard_holds_if(uint32_t position, condition c);
    void compile_constant_guard(uint32_t position, bool holds);
    pending_guard& add_guard(uint32_t position);
    void emit_guard_exits();

    // --- floating.cpp ---
    bool compile_floating(uint32_t position);
    void compile_floating_binary(uint32_t position, uint32_t what);
    void compile_floating_unary(uint32_t position, uint32_t what);
    void compile_float_to_int(uint32_t position);

    // --- memory.cpp ---
    bool compile_memory(uint32_t position);
    address field_address(value_ref object, int64_t offset);
    address item_address(const array_descr& array, value_ref object, value_ref index);
    address raw_address(value_ref base, value_ref offset);
    void load(uint32_t position, const slot_shape& shape, address from);
    bool load_item(uint32_t position, const array_descr& array, value_ref object, value_ref index);
    void store(const slot_shape& shape, address to, value_ref v);
    void put_into_scratch(uint32_t bits);
    void note_scratch(uint32_t bits);
    void compile_set_field(uint32_t position);
    void compile_set_item(uint32_t position);
    void compile_load_class(uint32_t position);

    // --- allocation.cpp ---
    void compile_new_object(uint32_t position);
    void compile_new_array(uint32_t position);
    void bump_allocate(uint32_t position, int result, const gc::type_info* type, uint32_t total);
    void write_header(int result, const gc::type_info* type);
    void set_vtable(int object, const gc::type_info* type);
    void branch_to_barrier(const slow_path& slow);
    void barrier(int object);
    void barrier_array(int array, value_ref index, const array_descr* array_shape);
    void set_operand(slow_path& slow, value_ref v);
    void mark_card(const slow_path& slow, label otherwise);
    void push_words(const slow_path& slow, uint32_t first, bool first_is_register);
    void emit_slow_paths();

    // --- calls.cpp ---
    void compile_call(uint32_t position);
    void compile_call_assembler(uint32_t position);
    void compile_copy_array(uint32_t position);
    uint32_t pass_arguments(std::span<const value_ref> values); // answers the bytes of them on the stack
    void store_outgoing(uint32_t offset, value_ref v, bool whole_word);
    void take_call_result(uint32_t position);
    void hint_call_arguments();

    // --- control.cpp ---
    void compile_entry(loop_token& token);
    void compile_bridge_entry(const guard_data& guard);
    void bind_entry_inputs();
    void compile_label(uint32_t position);
    void compile_jump(uint32_t position);
    void compile_finish(uint32_t position);
    void lower_stack_pointer(uint32_t frame_size);

    backend_context& context_;
    assembler a_;
    bool logging_ = false;
    struct note {
        uint32_t offset;
        std::string text;
    };
    std::vector<note> notes_; // for the listing

    code_memory::open_range range_{};
    loop_token* token_ = nullptr; // null: a bridge
    const guard_data* from_guard_ = nullptr;
    uint32_t entry_frame_size_ = 0; // sp is at least this far below the frame's base at the beginning
    uint32_t outgoing_bytes_ = 0;
    uint32_t frame_size_ = 0;            // known in finish_code
    std::vector<uint32_t> frame_fixups_; // offsets of instructions that lower sp by frame_size_
    condition overflow_ = condition::vs; // what an overflow guard finds after an overflow
    std::vector<pending_guard> guards_;
    std::vector<own_label> labels_;
    uint32_t scratch_known_at_ = UINT32_MAX, scratch_holds_ = 0; // the offset behind a store from the scratch register
    std::vector<uint64_t> literals_;                             // doubles, before the code
    std::vector<slow_path> slow_paths_;
    uint64_t code_address_ = 0;
    size_t code_size_ = 0;
};

} // namespace heddle::jit::armv7
