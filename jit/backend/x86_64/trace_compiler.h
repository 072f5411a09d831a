// Compiles one trace to x86-64 machine code, in one forward pass over its operations.
//
// One file per subject: trace_compiler.cpp (the walk, operands, moves), arithmetic.cpp, floating.cpp, memory.cpp,
// vectors.cpp, allocation.cpp, calls.cpp, guards.cpp, control.cpp (entry, labels, jumps, finish).
// Order of an operation's code: operands into registers (use), then the result's register (define), then the
// instructions. A comparison whose only use is the guard that follows leaves its answer in the condition codes.
// Out-of-line code (guard exits, slow paths) and the literals follow the trace. Nothing outside is changed before the
// code is complete: guards and labels learn their places and addresses in finish_code().
#pragma once
#include "backend/common/target_compiler.h"
#include "backend/x86_64/registers.h"
#include "backend/x86_64/routines.h"
#include "runtime/parallel.h"
#include <asmjit/x86.h>
#include <span>
#include <string>
#include <vector>

namespace heddle::jit::x86_64 {

using asmjit::Imm;
using asmjit::Label;
using asmjit::Operand;
using asmjit::x86::CondCode;
using asmjit::x86::Gp;
using asmjit::x86::Mem;
using asmjit::x86::Xmm;
namespace x86 = asmjit::x86;
using instruction = asmjit::InstId;

// What the condition codes must say. Comparing doubles for (in)equality needs the parity flag too: it means unordered.
struct condition {
    enum parity_rule : uint8_t { ignored, and_ordered, or_unordered };
    CondCode code = CondCode::kZero;
    parity_rule parity = ignored;
};

// Guards that were compiled: where a guard's branches are, as distances from its exit's address (0: no branch), behind
// the places of the fail arguments in guard_data::locations.
constexpr size_t branches_per_guard = 2;
constexpr size_t invalidation_size = 5; // bytes of a guard_not_invalidated: a jump fits

class trace_compiler final : target_compiler {
public:
    explicit trace_compiler(backend_context& context);

    std::string compile_loop(const trace& t, loop_token& token, std::string* asm_log);
    std::string compile_bridge(const trace& t, guard_data& guard, std::string* asm_log);

private:
    struct pending_guard {
        guard_data* guard;
        Label exit;
        uint32_t exit_offset = 0;
        uint32_t branches[branches_per_guard] = {}; // offset just after a branch's 32-bit displacement; 0: none
        uint32_t invalidation = 0;                  // guard_not_invalidated: offset of the bytes to overwrite
        uint32_t first_place;                       // in guard_places_
    };
    struct own_label {
        target_token* target;
        Label start;
        std::vector<int32_t> places;
    };
    struct literal {
        uint64_t low, high;
        uint32_t size;
        Label label;
    };
    enum class slow_kind : uint8_t {
        allocate,
        allocate_array,
        barrier,
        barrier_array,
        view_barrier,
        view_barrier_array,
        finish_call,
        stack_overflow
    };
    struct slow_path {
        slow_kind what;
        Label start, back;
        int reg = no_register; // object or result
        Operand operand = {};  // index, length or total size
        const void* pointer = nullptr;
    };

    // --- the walk (trace_compiler.cpp) ---
    std::string begin_code(const trace& t, std::string* asm_log);
    std::string compile_operations();
    uint32_t compile_operation(uint32_t position); // answers the next position
    std::string finish_code(std::string* asm_log);
    void publish(uint64_t base);
    void log_operation(uint32_t position);

    // --- operands and moves ---
    void emit_move(location to, location from) override;
    void emit_constant(location to, uint64_t bits) override;
    void load_constant(const Gp& to, uint64_t bits);
    Operand general_operand(value_ref v);  // register, slot, 32-bit immediate; larger constants in the scratch register
    Gp general_register(value_ref v);      // constants in a temporary
    Operand floating_operand(value_ref v); // register, slot, literal
    Xmm floating_register(value_ref v);    // constants in a temporary
    void load_thread_state(const Gp& to);
    void load_exit_values(const Gp& to); // their address
    void load_general(const Gp& to, value_ref v);
    void load_floating(const Xmm& to, value_ref v);
    Gp begin_general_result(uint32_t position, value_ref first); // two-address: the result's register holds 'first'
    Xmm begin_floating_result(uint32_t position, value_ref first);
    uint64_t constant_bits(value_ref v) const { return constant_word(v); }
    bool is_small_constant(value_ref v) const;
    bool dies_in_register(value_ref v) const;
    Mem literal_memory(uint64_t low, uint64_t high, uint32_t size);
    void call_function(const void* function);
    void jump_to(uint64_t address);

    // --- arithmetic.cpp ---
    bool compile_integer(uint32_t position);
    void compile_add(uint32_t position, bool subtract);
    void compile_two_address(uint32_t position, instruction what, bool commutes);
    void compile_multiply(uint32_t position, bool with_overflow);
    void compile_shift(uint32_t position, instruction by_count, instruction by_register);
    void compile_division(uint32_t position, bool is_signed, bool remainder);
    void compile_multiply_high(uint32_t position);
    void compile_extension(uint32_t position, bool is_signed);
    void compile_bit_count(uint32_t position);
    void compile_count_ones_fallback(const Gp& result);
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
    void compile_guard_not_invalidated(uint32_t position);
    void guard_holds_if(uint32_t position, condition c);
    void compile_constant_guard(uint32_t position, bool holds);
    void compare_type(const Gp& object, value_ref type);
    pending_guard& add_guard(uint32_t position);
    void branch_to_exit(pending_guard& g, CondCode code);
    void emit_guard_exits();
    void continue_at(const target_token& target, const pending_guard& g);

    // --- floating.cpp ---
    bool compile_floating(uint32_t position);
    void compile_floating_two_address(uint32_t position, instruction what, bool commutes);
    void compile_sign_operation(uint32_t position, instruction what, uint64_t mask);
    void compile_conversion(uint32_t position);

    // --- vectors.cpp ---
    void note_vector_lanes(const trace& t);
    void leave_vectors();
    bool compile_vector(uint32_t position);
    Mem item_address_at(uint32_t position);
    void move_vector(const Xmm& to, const Operand& from);
    void broadcast_constant(const Xmm& to, uint64_t bits);
    void broadcast_general(const Xmm& to, value_ref v);
    void compile_broadcast(uint32_t position);
    void compile_steps(uint32_t position);
    void compile_extract(uint32_t position);
    void compile_lanewise(uint32_t position, instruction wide, instruction narrow, bool commutes);
    void compile_vector_sign(uint32_t position, instruction wide, instruction narrow, uint64_t mask);
    void compile_vector_shift(uint32_t position, instruction wide, instruction narrow);
    void compile_vector_multiply(uint32_t position);

    // --- memory.cpp ---
    bool compile_memory(uint32_t position);
    uint32_t compile_load_and_guard(uint32_t position);
    Gp register_of(value_ref object, const Mem& place);
    Mem field_address(value_ref object, int64_t offset);
    Mem item_address(const array_descr& array, value_ref object, value_ref index);
    Mem raw_address(value_ref base, value_ref offset);
    void load(uint32_t position, const slot_shape& shape, Mem from);
    void store(const slot_shape& shape, Mem to, value_ref v);
    void store_constant(const slot_shape& shape, Mem to, uint64_t bits);
    void compile_load_class(uint32_t position);

    // --- transactions (views.cpp): nothing of it in the regular build ---
    bool is_thread_data(value_ref object) const;                     // of heddle_thread
    bool is_plain(const field_descr& field, value_ref object) const; // read where it is
    Mem thread_place(value_ref object, int64_t offset);
    Gp object_of_field(const Mem& place, const field_descr& field);
    void to_view(Mem& place, uint16_t flags, int32_t offset);  // for a load: leaves a marker
    void leave_if_committed(slow_path slow, const Gp& object); // to its slow path; builds with --stm only
    void store_in_view(const slot_shape& shape, Mem to, value_ref v, uint16_t flags, const Gp& object);
    void view_barrier_array(const Gp& array, value_ref index);
    void break_at_entry(const Label& natively); // heddle_thread's address is in the scratch register
    void compile_guard_no_break(uint32_t position);

    // --- allocation.cpp ---
    void compile_new_object(uint32_t position);
    void compile_new_array(uint32_t position);
    void bump_allocate(uint32_t position, int result, const gc::type_info* type, uint32_t total);
    void clear_items(uint32_t position, const gc::type_info* type, uint64_t item_bytes);
    void set_vtable(const Gp& object, const gc::type_info* type);
    void barrier(const Gp& object);
    void barrier_array(const Gp& array, value_ref index, const array_descr* array_shape);
    void mark_card(const slow_path& slow, const Label& otherwise);
    void emit_slow_paths();

    // --- calls.cpp ---
    void compile_call(uint32_t position);
    void compile_call_assembler(uint32_t position);
    void compile_copy_array(uint32_t position);
    void pass_arguments(std::span<const value_ref> values);
    void store_outgoing(uint32_t index, value_ref v);
    void take_call_result(uint32_t position);
    void hint_call_arguments();

    // --- control.cpp ---
    void compile_entry(loop_token& token);
    void compile_bridge_entry(const guard_data& guard);
    void bind_entry_inputs();
    void compile_label(uint32_t position);
    void compile_jump(uint32_t position);
    void compile_finish(uint32_t position);
    void lower_stack_pointer();

    backend_context& context_;
    asmjit::CodeHolder holder_;
    x86::Assembler a_;
    asmjit::StringLogger logger_;
    bool logging_ = false;
    bool views_ = false; // the code may run beside other threads: what it reads and writes is in its transaction's view

    code_memory::open_range range_{};
    loop_token* token_ = nullptr; // null: a bridge
    const guard_data* from_guard_ = nullptr;
    uint32_t entry_frame_size_ = 0; // rsp is at least this far below rbp at the beginning
    uint32_t outgoing_words_ = 0;
    unsigned lanes_ = 0;                 // of the trace's vectors; 0: it has none
    uint32_t frame_size_ = 0;            // known in finish_code
    std::vector<uint32_t> frame_fixups_; // offsets just after a 32-bit displacement to be set to -frame_size_
    std::vector<pending_guard> guards_;
    std::vector<own_label> labels_;
    std::vector<uint32_t> label_offsets_;
    std::vector<literal> literals_;
    std::vector<slow_path> slow_paths_;
    uint64_t code_address_ = 0;
    size_t code_size_ = 0;
};

} // namespace heddle::jit::x86_64
