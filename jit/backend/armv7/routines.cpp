// Shared machine code: guard exits, slow paths that keep registers, entries of tokens without code. See routines.h.
#include "backend/armv7/routines.h"
#include "backend/armv7/registers.h"
#include "heddle/gc/jit_interface.h"
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#ifdef __arm__
#include <sys/auxv.h>
#endif

namespace heddle::jit::armv7 {

namespace {

// As exit_guard dumps them: d0 to d15, then r0 to r9.
struct register_dump {
    uint64_t floating[16];
    uint32_t general[10];
};

// The canonical word of a register's or slot's low half.
word widened(kind k, uint32_t low) { return k == kind::integer ? integer_word(low) : word{low}; }

// Called by exit_guard; 'frame' is the frame's base. Neither allocates nor collects.
guard_data* save_exit_values(guard_data* guard, const register_dump* registers, const char* frame,
                             gc::conservative_range* range) {
    word* exit_values = static_cast<word*>(const_cast<void*>(range->begin));
    range->end = exit_values + std::max<size_t>(guard->fail_arguments.size(), 1);
    for (size_t i = 0; i < guard->fail_arguments.size(); ++i) {
        place where = place::unpack(guard->locations[i]);
        kind k = guard->fail_kinds[i];
        word value = 0;
        if (where.has_register() && k == kind::floating) {
            value = registers->floating[vfp(where.reg)];
        } else if (where.has_register()) {
            value = widened(k, registers->general[where.reg]);
        } else if (where.has_slot()) {
            std::memcpy(&value, frame + slot_offset(where.slot), sizeof value);
            if (k != kind::floating) value = widened(k, static_cast<uint32_t>(value));
        }
        exit_values[i] = value;
    }
    return guard;
}

void* allocate(const gc::type_info* type, uint32_t total) { return allocate_or_exit(type, total); }

void* allocate_array(const gc::type_info* type, int32_t length) {
    return allocate_array_or_exit(type, static_cast<uint64_t>(int64_t{length}));
}

void barrier_array(void* array, uint32_t index) { heddle_gc_write_barrier_array_slow(array, index); }

int32_t divide(int32_t dividend, int32_t divisor) { return dividend / divisor; }
uint32_t divide_unsigned(uint32_t dividend, uint32_t divisor) { return dividend / divisor; }

// Traces leave the upper halves of integers and pointers among the reds undefined.
void widen_reds(const loop_token* token, word* reds) {
    for (size_t i = 0; i < token->input_kinds.size(); ++i)
        if (token->input_kinds[i] != kind::floating)
            reds[i] = widened(token->input_kinds[i], static_cast<uint32_t>(reds[i]));
}

// Assembles one routine at its final address.
class routine_maker {
public:
    explicit routine_maker(code_memory& memory) : memory_(memory), range_(memory.open()) { a.begin(range_.address); }
    // The routine's address; 0 when there is no room.
    uint64_t finish() { return memory_.commit(range_, a.words().data(), a.offset()) ? range_.address : 0; }
    void call(uint32_t address) {
        a.move_constant(ip, address);
        a.call_register(ip);
    }
    template <class Function> void call(Function* function) {
        call(address_bits(reinterpret_cast<const void*>(function)));
    }

    assembler a;

private:
    code_memory& memory_;
    code_memory::open_range range_;
};

void emit_epilogue(assembler& a) {
    a.move(sp, frame_base);
    a.pop_doubles(8, 8);
    a.pop(returning_general);
}

uint64_t make_exit_guard(code_memory& memory, const gc::conservative_range* exit_range) {
    routine_maker m(memory);
    m.a.push(0x3ff); // r0 to r9
    m.a.push_doubles(0, 16);
    m.a.move(r0, ip);
    m.a.move(r1, sp);
    m.a.move(r2, frame_base);
    m.a.move_constant(r3, address_bits(exit_range));
    m.call(&save_exit_values);
    emit_epilogue(m.a);
    return m.finish();
}

// Word result = function(first, second) of words on the stack, keeping all registers but ip and lr.
template <class Function> uint64_t make_keeping_routine(code_memory& memory, Function* function) {
    constexpr uint32_t kept = 0x500f;      // r0 to r3, ip, lr
    constexpr uint32_t returning = 0x900f; // the same with pc for lr
    constexpr int32_t first_word = 6 * 4 + 8 * 8;
    routine_maker m(memory);
    m.a.push(kept);
    m.a.push_doubles(0, 8);
    m.a.load(load_kind::word, r0, sp, first_word);
    m.a.load(load_kind::word, r1, sp, first_word + 4);
    m.call(function);
    m.a.store(load_kind::word, r0, sp, first_word);
    m.a.pop_doubles(0, 8);
    m.a.pop(returning);
    return m.finish();
}

uint64_t make_epilogue(code_memory& memory) {
    routine_maker m(memory);
    emit_epilogue(m.a);
    return m.finish();
}

uint64_t make_run_portal(code_memory& memory, const backend_hooks& hooks, word* exit_values) {
    routine_maker m(memory);
    m.a.push(1u << r4 | 1u << r5 | 1u << ip | 1u << lr);
    m.a.move(r4, r0);
    m.a.move(r5, r1);
    m.call(&widen_reds);
    m.a.move(r0, r4);
    m.a.move(r1, r5);
    m.call(hooks.run_portal);
    m.a.move_constant(r2, address_bits(exit_values));
    m.a.store(load_kind::word, r0, r2, 0);
    m.a.store(load_kind::word, r1, r2, 4);
    m.a.move_constant(r0, 0);
    m.a.pop(1u << r4 | 1u << r5 | 1u << ip | 1u << pc);
    return m.finish();
}

} // namespace

cpu_features cpu_features::detect() {
#ifdef __arm__
    constexpr unsigned long hwcap_idiva = 1 << 17;
    return {(getauxval(AT_HWCAP) & hwcap_idiva) != 0};
#else
    return {true};
#endif
}

std::string backend_context::make_routines() {
    code.exit_guard = make_exit_guard(*memory, exit_range.get());
    code.epilogue = make_epilogue(*memory);
    code.allocate = make_keeping_routine(*memory, &allocate);
    code.allocate_array = make_keeping_routine(*memory, &allocate_array);
    code.barrier = make_keeping_routine(*memory, &heddle_gc_write_barrier_slow);
    code.barrier_array = make_keeping_routine(*memory, &barrier_array);
    code.type_of = make_keeping_routine(*memory, &gc::type_of);
    code.divide = make_keeping_routine(*memory, &divide);
    code.divide_unsigned = make_keeping_routine(*memory, &divide_unsigned);
    code.run_portal = make_run_portal(*memory, hooks, exit_values);
    return code.run_portal ? "" : "machine-code memory is too small for the shared routines";
}

std::string backend_context::make_entry_stub(loop_token& token) {
    routine_maker m(*memory);
    m.a.move(r1, r0);
    m.a.move_constant(r0, address_bits(&token));
    m.a.branch_to(code.run_portal);
    uint64_t entry = m.finish();
    if (!entry) return "machine-code memory is full; raise its size or run with the JIT off";
    token.entry = entry;
    token.code.push_back(std::make_unique<native_code>(memory, entry, m.a.offset()));
    return "";
}

} // namespace heddle::jit::armv7
