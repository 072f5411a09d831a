// Machine code in transactions: loads and stores in the running one's view, relative to the gs register, with markers
// and barriers; the places that each thread has of its own; whether the transaction may go on.
//
// r15 is the address of the thread's heddle_thread; heddle_stm lies at a distance from it that is the same in all
// threads. docs/stm.md says what markers and barriers are for.
#include "backend/x86_64/trace_compiler.h"
#include "heddle/gc/jit_interface.h"
#include "heddle/jit/thread_places.h"

#ifdef HEDDLE_STM

namespace heddle::jit::x86_64 {

namespace {

using words = stm::thread_words;

// Of a word of heddle_stm, from r15.
int32_t stm_offset(size_t member) {
    return static_cast<int32_t>(reinterpret_cast<intptr_t>(&heddle_stm) - reinterpret_cast<intptr_t>(&heddle_thread) +
                                static_cast<intptr_t>(member));
}

constexpr int32_t committed_flag_offset = gc::jit_interface::flags_offset + 2; // its byte
static_assert(gc::flag_committed == 1u << 16);

} // namespace

bool trace_compiler::is_thread_data(value_ref object) const {
    return object.is_constant() && is_thread_state(constant_bits(object));
}

bool trace_compiler::is_plain(const field_descr& field, value_ref object) const {
    return field.immutable || is_thread_data(object);
}

Mem trace_compiler::thread_place(value_ref object, int64_t offset) {
    auto from_start = static_cast<int32_t>(offset_of_thread_place(constant_bits(object)));
    if (is_thread_state(constant_bits(object))) return x86::ptr(thread, from_start + static_cast<int32_t>(offset));
    Gp root = gp(registers_.temporary(general_registers));
    a_.mov(root, x86::qword_ptr(thread, stm_offset(offsetof(words, roots))));
    if (from_start) a_.add(root, Imm(from_start));
    return x86::ptr(root, static_cast<int32_t>(offset));
}

// Its address in a register: the base of the place, or the scratch register.
Gp trace_compiler::object_of_field(const Mem& place, const field_descr& field) {
    if (place.hasBaseReg() && !place.hasIndexReg() && place.offset() == static_cast<int32_t>(field.offset))
        return gp(static_cast<int>(place.baseId()));
    if (place.hasBaseReg())
        a_.mov(scratch, gp(static_cast<int>(place.baseId())));
    else
        load_constant(scratch, static_cast<uint64_t>(place.offset()) - field.offset);
    return scratch;
}

// 'offset' is the place's from the object's beginning.
void trace_compiler::to_view(Mem& place, uint16_t flags, int32_t offset) {
    if (!(flags & no_marker)) {
        Gp version = gp(registers_.temporary(general_registers));
        Mem address = place;
        address.setSize(0);
        bool whole = (flags & marks_object) && place.hasBaseReg();
        if (whole && !place.hasIndexReg() && place.offset() == offset) {
            a_.mov(scratch, gp(static_cast<int>(place.baseId())));
        } else {
            if (flags & marks_object) address.addOffset(-int64_t{offset});
            a_.lea(scratch, address);
        }
        a_.shr(scratch, Imm(stm::marker_shift));
        a_.movzx(version.r32(), x86::byte_ptr(thread, stm_offset(offsetof(words, version))));
        Mem marker = x86::byte_ptr(scratch);
        marker.setSegment(x86::gs);
        a_.mov(marker, version.r8());
    }
    place.setSegment(x86::gs);
}

void trace_compiler::leave_if_committed(slow_path slow, const Gp& object) {
    slow.reg = static_cast<int>(object.id());
    Mem flag = x86::byte_ptr(object, committed_flag_offset);
    flag.setSegment(x86::gs);
    a_.test(flag, Imm(1));
    a_.long_().jnz(slow.start);
    a_.bind(slow.back);
    slow_paths_.push_back(slow);
}

void trace_compiler::store_in_view(const slot_shape& shape, Mem to, value_ref v, uint16_t flags, const Gp& object) {
    if (!(flags & no_barrier)) {
        slow_path slow{slow_kind::view_barrier, a_.newLabel(), a_.newLabel()};
        leave_if_committed(slow, object);
    }
    to.setSegment(x86::gs);
    store(shape, to, v);
}

void trace_compiler::view_barrier_array(const Gp& array, value_ref index) {
    slow_path slow{slow_kind::view_barrier_array, a_.newLabel(), a_.newLabel()};
    slow.operand = general_operand(index);
    leave_if_committed(slow, array);
}

void trace_compiler::break_at_entry(const Label& natively) {
    a_.dec(x86::dword_ptr(scratch, stm_offset(offsetof(words, budget))));
    a_.long_().js(natively);
    a_.cmp(x86::dword_ptr(scratch, stm_offset(offsetof(words, interrupt))), Imm(0));
    a_.long_().jne(natively);
}

void trace_compiler::compile_guard_no_break(uint32_t position) {
    pending_guard& g = add_guard(position);
    a_.dec(x86::dword_ptr(thread, stm_offset(offsetof(words, budget))));
    branch_to_exit(g, CondCode::kSign);
    a_.cmp(x86::dword_ptr(thread, stm_offset(offsetof(words, interrupt))), Imm(0));
    branch_to_exit(g, CondCode::kNotEqual);
}

} // namespace heddle::jit::x86_64

#else

namespace heddle::jit::x86_64 {

bool trace_compiler::is_thread_data(value_ref) const { return false; }
bool trace_compiler::is_plain(const field_descr&, value_ref) const { return true; }
Mem trace_compiler::thread_place(value_ref, int64_t) { return {}; }
Gp trace_compiler::object_of_field(const Mem&, const field_descr&) { return scratch; }
void trace_compiler::to_view(Mem&, uint16_t, int32_t) {}
void trace_compiler::store_in_view(const slot_shape&, Mem, value_ref, uint16_t, const Gp&) {}
void trace_compiler::view_barrier_array(const Gp&, value_ref) {}
void trace_compiler::break_at_entry(const Label&) {}
void trace_compiler::compile_guard_no_break(uint32_t) { fail("guard_no_break is for builds with transactions"); }

} // namespace heddle::jit::x86_64

#endif
