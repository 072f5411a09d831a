// Shared machine code: guard exits, slow paths that keep registers, entries of tokens without code. See routines.h.
#include "backend/x86_64/routines.h"
#include "backend/x86_64/registers.h"
#include "heddle/gc/jit_interface.h"
#include "runtime/parallel.h"
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#if __has_include(<sys/platform/x86.h>)
#include <sys/platform/x86.h>
#endif

namespace heddle::jit::x86_64 {

using namespace asmjit;

namespace {

constexpr uint32_t dump_words = 32; // 16 general registers, then 16 floating ones

// Called by exit_guard: 'registers' as dumped, 'frame' = rbp. Neither allocates nor collects.
guard_data* save_exit_values(guard_data* guard, const word* registers, const char* frame,
                             gc::conservative_range* range) {
#ifdef HEDDLE_STM
    range = &exit_values_of_this_thread();
#endif
    word* exit_values = static_cast<word*>(const_cast<void*>(range->begin));
    range->end = exit_values + std::max<size_t>(guard->fail_arguments.size(), 1);
    for (size_t i = 0; i < guard->fail_arguments.size(); ++i) {
        place where = place::unpack(guard->locations[i]);
        if (where.has_register()) {
            int number = where.reg < first_floating_register ? where.reg : where.reg - first_floating_register + 16;
            exit_values[i] = registers[number];
        } else if (where.has_slot()) {
            std::memcpy(&exit_values[i], frame + slot_offset(where.slot), sizeof(word));
        } else {
            exit_values[i] = 0;
        }
    }
    return guard;
}

// Assembles one routine at its final address.
class routine_maker {
public:
    explicit routine_maker(code_memory& memory) : memory_(memory), range_(memory.open()) {
        holder_.init(Environment::host(), range_.address);
        holder_.attach(&a);
    }
    // The routine's address; 0 when there is no room.
    uint64_t finish() {
        CodeBuffer& buffer = holder_.textSection()->buffer();
        return memory_.commit(range_, buffer.data(), buffer.size()) ? range_.address : 0;
    }
    void call(const void* function) {
        a.mov(x86::rax, Imm(reinterpret_cast<uint64_t>(function)));
        a.call(x86::rax);
    }
    size_t size() const { return a.offset(); }

    x86::Assembler a;

private:
    CodeHolder holder_;
    code_memory& memory_;
    code_memory::open_range range_;
};

void emit_epilogue(x86::Assembler& a) {
    a.lea(x86::rsp, x86::ptr(x86::rbp, -static_cast<int>(saved_registers_size)));
    a.pop(x86::r15);
    a.pop(x86::r14);
    a.pop(x86::r13);
    a.pop(x86::r12);
    a.pop(x86::rbx);
    a.pop(x86::rbp);
    a.ret();
}

uint64_t make_exit_guard(code_memory& memory, const gc::conservative_range* exit_range) {
    routine_maker m(memory);
    m.a.sub(x86::rsp, dump_words * 8);
    for (int i = 0; i < 16; ++i)
        if (i != rsp) m.a.mov(x86::qword_ptr(x86::rsp, i * 8), gp(i));
    for (int i = 0; i < 16; ++i) m.a.movsd(x86::qword_ptr(x86::rsp, (16 + i) * 8), x86::xmm(static_cast<uint32_t>(i)));
    m.a.mov(x86::rdi, scratch);
    m.a.mov(x86::rsi, x86::rsp);
    m.a.mov(x86::rdx, x86::rbp);
    m.a.mov(x86::rcx, Imm(reinterpret_cast<uint64_t>(exit_range)));
    m.call(reinterpret_cast<const void*>(&save_exit_values));
    emit_epilogue(m.a);
    return m.finish();
}

#ifdef HEDDLE_STM
// The collector's lists are shared.
void object_barrier(void* object) {
    shared_data_lock lock;
    heddle_gc_write_barrier_slow(object);
}
void item_barrier(void* array, uint64_t index) {
    shared_data_lock lock;
    heddle_gc_write_barrier_array_slow(array, index);
}
#else
constexpr auto object_barrier = &heddle_gc_write_barrier_slow;
constexpr auto item_barrier = &heddle_gc_write_barrier_array_slow;
#endif

// function(r11, pushed word if any), keeping all caller-saved registers but r11.
uint64_t make_keeping_routine(code_memory& memory, const void* function, bool pushed_argument, bool result_in_r11) {
    static constexpr int kept[] = {rax, rcx, rdx, rsi, rdi, r8, r9, r10};
    constexpr int xmm_count = 15, kept_count = 8;
    // At entry rsp is 8 off a multiple of 16 after the return address, 0 off with a pushed argument too.
    int bytes = (kept_count + xmm_count) * 8 + (pushed_argument ? 8 : 0);
    routine_maker m(memory);
    m.a.sub(x86::rsp, bytes);
    for (int i = 0; i < kept_count; ++i) m.a.mov(x86::qword_ptr(x86::rsp, i * 8), gp(kept[i]));
    for (int i = 0; i < xmm_count; ++i)
        m.a.movsd(x86::qword_ptr(x86::rsp, (kept_count + i) * 8), x86::xmm(static_cast<uint32_t>(i)));
    m.a.mov(x86::rdi, scratch);
    if (pushed_argument) m.a.mov(x86::rsi, x86::qword_ptr(x86::rsp, bytes + 8));
    m.call(function);
    if (result_in_r11) m.a.mov(scratch, x86::rax);
    for (int i = 0; i < kept_count; ++i) m.a.mov(gp(kept[i]), x86::qword_ptr(x86::rsp, i * 8));
    for (int i = 0; i < xmm_count; ++i)
        m.a.movsd(x86::xmm(static_cast<uint32_t>(i)), x86::qword_ptr(x86::rsp, (kept_count + i) * 8));
    m.a.add(x86::rsp, bytes);
    if (pushed_argument)
        m.a.ret(8);
    else
        m.a.ret();
    return m.finish();
}

uint64_t make_epilogue(code_memory& memory) {
    routine_maker m(memory);
    emit_epilogue(m.a);
    return m.finish();
}

uint64_t make_run_portal(code_memory& memory, const backend_hooks& hooks) {
    routine_maker m(memory);
    m.a.sub(x86::rsp, 8);
    m.call(reinterpret_cast<const void*>(hooks.run_portal));
    m.a.mov(x86::rdx, x86::rax);
    m.a.xor_(x86::eax, x86::eax);
    m.a.add(x86::rsp, 8);
    m.a.ret();
    return m.finish();
}

} // namespace

#ifdef HEDDLE_STM
int32_t distance_from_thread_pointer(const void* variable) {
    return static_cast<int32_t>(reinterpret_cast<intptr_t>(variable) -
                                reinterpret_cast<intptr_t>(__builtin_thread_pointer()));
}
#endif

// Under a hypervisor each 'cpuid' is an exit of the virtual machine, and asmjit executes dozens: glibc has asked
// already.
cpu_features cpu_features::detect() {
#if __has_include(<sys/platform/x86.h>)
    return {CPU_FEATURE_ACTIVE(POPCNT), CPU_FEATURE_ACTIVE(LZCNT), CPU_FEATURE_ACTIVE(BMI1), CPU_FEATURE_ACTIVE(BMI2),
            CPU_FEATURE_ACTIVE(AVX2)};
#else
    const CpuFeatures::X86& found = CpuInfo::host().features().x86();
    return {found.hasPOPCNT(), found.hasLZCNT(), found.hasBMI(), found.hasBMI2(), found.hasAVX2()};
#endif
}

std::string backend_context::make_routines() {
    code.exit_guard = make_exit_guard(*memory, exit_range.get());
    code.epilogue = make_epilogue(*memory);
    code.allocate = make_keeping_routine(*memory, reinterpret_cast<const void*>(&allocate_or_exit), true, true);
    code.allocate_array =
        make_keeping_routine(*memory, reinterpret_cast<const void*>(&allocate_array_or_exit), true, true);
    code.barrier = make_keeping_routine(*memory, reinterpret_cast<const void*>(+object_barrier), false, false);
    code.barrier_array = make_keeping_routine(*memory, reinterpret_cast<const void*>(+item_barrier), true, false);
#ifdef HEDDLE_STM
    code.view_barrier =
        make_keeping_routine(*memory, reinterpret_cast<const void*>(&heddle_stm_write_object), false, false);
    code.view_barrier_array =
        make_keeping_routine(*memory, reinterpret_cast<const void*>(&heddle_stm_write_item), true, false);
#endif
    code.type_of = make_keeping_routine(*memory, reinterpret_cast<const void*>(&gc::type_of), false, true);
    code.run_portal = make_run_portal(*memory, hooks);
    return code.run_portal ? "" : "machine-code memory is too small for the shared routines";
}

std::string backend_context::make_entry_stub(loop_token& token) {
    routine_maker m(*memory);
    m.a.mov(x86::rsi, x86::rdi);
    m.a.mov(x86::rdi, Imm(reinterpret_cast<uint64_t>(&token)));
    m.a.mov(x86::rax, Imm(code.run_portal));
    m.a.jmp(x86::rax);
    size_t bytes = m.size();
    uint64_t entry = m.finish();
    if (!entry) return "machine-code memory is full; raise its size or run with the JIT off";
    token.entry = entry;
    token.code.push_back(std::make_unique<native_code>(memory, entry, bytes));
    return "";
}

} // namespace heddle::jit::x86_64
