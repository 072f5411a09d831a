// The machine-independent part of compiling a trace. See target_compiler.h.
#include "backend/common/target_compiler.h"
#include "heddle/gc/jit_interface.h"
#include "runtime/parallel.h"
#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>

namespace heddle::jit {

// ---- what a backend's compilations share

std::string machine_context::make_memory(size_t code_bytes) {
    std::string error;
    memory = code_memory::create(code_bytes, error);
    if (!memory) return error;
    // Untouched pages cost nothing, and the buffer never moves, so its address can stand in machine code.
    exit_values_capacity = most_exit_values;
    void* values =
        mmap(nullptr, exit_values_capacity * sizeof(word), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (values == MAP_FAILED) return "no memory for the exit values of machine code";
    exit_values = static_cast<word*>(values);
    exit_range = std::make_unique<gc::conservative_range>();
    exit_range->begin = exit_values;
    exit_range->end = exit_values + 1;
    return "";
}

void machine_context::free_exit_values() {
    if (exit_values) munmap(exit_values, exit_values_capacity * sizeof(word));
    exit_values = nullptr;
}

namespace {

[[noreturn]] void heap_limit_reached() {
    std::fputs("heddle: the heap limit (HEDDLE_GC_MAX) is reached in compiled code; raise it\n", stderr);
    std::exit(1);
}

} // namespace

void* allocate_or_exit(const gc::type_info* type, size_t total) {
    void* object = heddle_gc_allocate_slow(type, total);
    if (!object) heap_limit_reached();
    return object;
}

void* allocate_array_or_exit(const gc::type_info* type, uint64_t length) {
    void* array = heddle_gc_allocate_array_slow(type, length, 0);
    if (!array) heap_limit_reached();
    return array;
}

bool is_inlinable(const gc::type_info& type, uint64_t total) {
    return !type.has_finalizer && !type.is_weak && total <= gc::jit_interface::inline_allocation_limit;
}

// ---- checks

// Values are made before they are used; after a label only its arguments are there.
std::string target_compiler::check_values(const trace& t) {
    uint32_t label_position = 0, label_number = 0;
    passed_by_label_.assign(t.operations.size(), 0);
    for (uint32_t i = 0; i < t.operations.size(); ++i) {
        const operation& o = t.operations[i];
        auto is_live = [&](value_ref v) {
            if (v.is_constant()) return true;
            if (v.is_none() || v.index() >= i) return false;
            return label_number == 0 || v.index() > label_position || passed_by_label_[v.index()] == label_number;
        };
        for (value_ref v : t.arguments_of(o))
            if (!is_live(v)) return std::string(info(o.op).name) + " uses a value that is not live there";
        if (is_guard(o.op))
            for (value_ref v : o.guard->fail_arguments)
                if (!v.is_none() && !is_live(v))
                    return std::string(info(o.op).name) + " saves a value that is not live there";
        if (o.op != opcode::label) continue;
        label_position = i;
        ++label_number;
        for (value_ref v : t.arguments_of(o))
            if (v.is_result()) passed_by_label_[v.index()] = label_number;
    }
    return "";
}

std::string target_compiler::check(const trace& t, const char* backend_name) {
    if (t.operations.size() <= t.input_count) return "the trace has no operations";
    opcode last = t.operations.back().op;
    if (last != opcode::jump && last != opcode::finish && last != opcode::guard_always_fails)
        return "the trace does not end in jump, finish or guard_always_fails";
    for (uint32_t i = 0; i < t.operations.size(); ++i) {
        const operation& o = t.operations[i];
        auto name = [&] { return std::string(info(o.op).name); };
        if (o.op == opcode::guard_not_forced)
            return name() + " is not supported by the " + backend_name + " backend yet";
        if ((info(o.op).flags & DESCR) && !o.description) return name() + " without a descriptor";
        if (is_guard(o.op) && !o.guard) return name() + " without guard data";
        if (is_guard(o.op) && o.guard->fail_arguments.size() > most_fail_arguments_)
            return name() + " has too many fail arguments";
        if ((info(o.op).flags & OVERFLOW) &&
            (i + 1 == t.operations.size() ||
             (t.operations[i + 1].op != opcode::guard_no_overflow && t.operations[i + 1].op != opcode::guard_overflow)))
            return name() + " is not followed by its guard";
    }
    return check_values(t);
}

// ---- the listing

std::string target_compiler::value_text(value_ref v) const {
    if (v.is_none()) return "_";
    char letter = kind_letter(trace_->kind_of(v));
    if (v.is_result()) return letter + std::to_string(v.index());
    uint64_t bits = constant_word(v);
    char text[40];
    if (letter == 'f')
        std::snprintf(text, sizeof text, "%.17g", word_to_double(bits));
    else if (letter == 'p')
        std::snprintf(text, sizeof text, "ptr(0x%llx)", static_cast<unsigned long long>(bits));
    else
        std::snprintf(text, sizeof text, "%lld", static_cast<long long>(bits));
    return text;
}

std::string target_compiler::operation_text(uint32_t position) const {
    const operation& o = op(position);
    std::string text = "; ";
    if (o.result != kind::none) text += value_text(value_ref::result(position)) + " = ";
    text += std::string(info(o.op).name) + "(";
    const char* separator = "";
    for (value_ref v : trace_->arguments_of(o)) {
        text += separator + value_text(v);
        separator = ", ";
    }
    if (o.description) text += std::string(separator) + "descr=" + o.description->name;
    text += ")";
    if (o.guard && is_guard(o.op)) text += " guard " + std::to_string(o.guard->number);
    return text;
}

// ---- questions about the trace

bool is_comparison(opcode o) {
    return (o >= opcode::int_lt && o <= opcode::int_is_true) || (o >= opcode::float_lt && o <= opcode::float_ge) ||
           (o >= opcode::ptr_eq && o <= opcode::ptr_is_nonnull);
}

// The comparison with its arguments exchanged.
opcode with_arguments_swapped(opcode o) {
    switch (o) {
    case opcode::int_lt: return opcode::int_gt;
    case opcode::int_le: return opcode::int_ge;
    case opcode::int_gt: return opcode::int_lt;
    case opcode::int_ge: return opcode::int_le;
    case opcode::uint_lt: return opcode::uint_gt;
    case opcode::uint_le: return opcode::uint_ge;
    case opcode::uint_gt: return opcode::uint_lt;
    case opcode::uint_ge: return opcode::uint_le;
    default: return o;
    }
}

// The guard that directly follows; UINT32_MAX: none does.
uint32_t target_compiler::guard_after(uint32_t position) const {
    uint32_t at = position + 1;
    while (at < trace_->operations.size() &&
           (op(at).op == opcode::debug_merge_point || op(at).op == opcode::record_exact_class))
        ++at;
    return at < trace_->operations.size() && is_guard(op(at).op) ? at : UINT32_MAX;
}

// The guard that directly follows a comparison and tests it.
uint32_t target_compiler::guard_fused_with(uint32_t position) const {
    uint32_t at = guard_after(position);
    if (at == UINT32_MAX || (op(at).op != opcode::guard_true && op(at).op != opcode::guard_false)) return UINT32_MAX;
    return arguments(at)[0] == value_ref::result(position) ? at : UINT32_MAX;
}

// Does anything but the guard that tests it want the comparison's result?
bool target_compiler::is_wanted_besides(uint32_t position, uint32_t guard) const {
    if (guard == UINT32_MAX || live_.last_use[position] > guard) return true;
    for (value_ref v : op(guard).guard->fail_arguments)
        if (v == value_ref::result(position)) return true;
    return false;
}

// Is this place of the object or array made at 'position' stored before anything that may collect, or read it?
bool target_compiler::stored_before_safepoint(uint32_t position, uint32_t offset) const {
    constexpr uint32_t horizon = 40;
    auto made = value_ref::result(position);
    for (uint32_t i = position + 1; i < trace_->operations.size() && i < position + horizon; ++i) {
        const operation& o = op(i);
        std::span<const value_ref> args = trace_->arguments_of(o);
        bool collects =
            (info(o.op).flags & (GUARD | CALL)) || ((info(o.op).flags & ALLOCATES) && !groups_.is_follower(i));
        if (collects || o.op == opcode::label || o.op == opcode::jump || o.op == opcode::finish ||
            o.op == opcode::copy_array)
            return false;
        if (args.empty() || args[0] != made) continue;
        if (o.op == opcode::getarrayitem) return false;
        if (o.op == opcode::setfield && static_cast<const field_descr*>(o.description)->offset == offset) return true;
        if (o.op != opcode::setarrayitem || !args[1].is_constant()) continue;
        const array_descr& array = *static_cast<const array_descr*>(o.description);
        if (array.items_offset + constant_word(args[1]) * array.shape.size == offset) return true;
    }
    return false;
}

// write_barrier_array stands right before its store, which knows the array's layout.
const array_descr* target_compiler::array_of_barrier(uint32_t position) const {
    if (position + 1 >= trace_->operations.size() || op(position + 1).op != opcode::setarrayitem) return nullptr;
    if (!(arguments(position + 1)[0] == arguments(position)[0])) return nullptr;
    return static_cast<const array_descr*>(op(position + 1).description);
}

// ---- places

// The inputs that are used, those that are needed soonest first.
std::vector<uint32_t> target_compiler::inputs_by_need() const {
    std::vector<uint32_t> order;
    order.reserve(trace_->input_count);
    for (uint32_t i = 0; i < trace_->input_count; ++i)
        if (live_.last_use[i] > i) order.push_back(i);
    std::stable_sort(order.begin(), order.end(),
                     [&](uint32_t a, uint32_t b) { return live_.first_real_use[a] < live_.first_real_use[b]; });
    return order;
}

uint32_t target_compiler::save_guard_places(const guard_data& guard) {
    auto first = static_cast<uint32_t>(guard_places_.size());
    for (value_ref v : guard.fail_arguments) {
        place where;
        if (!v.is_none() && v.is_result()) {
            where = registers_.place_of(v.index());
            if (where.is_nowhere()) fail("the trace is malformed: a fail argument is not live at its guard");
        }
        guard_places_.push_back(where.pack());
    }
    return first;
}

// Does the trace's jump go to this label?
bool target_compiler::is_loop_header(uint32_t position) const {
    const operation& last = trace_->operations.back();
    return last.op == opcode::jump && last.description == op(position).description;
}

// Whether the loop has more values at once than there are registers.
bool target_compiler::is_crowded(uint32_t label, bool floating) const {
    uint64_t registers = registers_.allocatable() & (floating ? floating_registers : general_registers);
    uint32_t last = static_cast<uint32_t>(trace_->operations.size() - 1);
    return live_.most_live(*trace_, label, last, floating) > static_cast<uint32_t>(std::popcount(registers));
}

// Where a label's arguments are, for the jumps to it; false: it failed.
bool target_compiler::settle_label(uint32_t position, std::vector<int32_t>& places) {
    std::span<const value_ref> args = arguments(position);
    uint32_t last = static_cast<uint32_t>(trace_->operations.size() - 1);
    bool loops = is_loop_header(position);
    if (loops && op(last).argument_count != args.size()) {
        fail("jump and label have different numbers of arguments");
        return false;
    }
    registers_.prepare_loop(args, position, last);
    bool calls = loops && live_.next_call[position] < last;
    bool crowded[2] = {loops && is_crowded(position, false), loops && is_crowded(position, true)};
    for (size_t i = 0; i < args.size(); ++i) {
        if (args[i].is_constant()) continue;
        uint32_t value = args[i].index();
        place where = registers_.place_of(value);
        if (where.is_nowhere()) {
            fail("the trace is malformed: a label's argument is not live");
            return false;
        }
        if (!loops || !where.has_register()) continue;
        // What never changes in the loop is stored once, before it, when a call in the loop would have it saved each
        // time, or when there are not registers enough. What only guards want of that needs no register then.
        kind type = trace_->operations[value].result;
        bool is_crowd = type != kind::vector && crowded[type == kind::floating]; // a vector has no slot
        if (!(arguments(last)[i] == args[i]))
            registers_.forget_slot(value);
        else if (is_crowd && !registers_.is_wanted(value))
            registers_.move_to_slot(value);
        else if (is_crowd || (calls && (register_bit(where.reg) & caller_saved_)))
            registers_.store_to_slot(value);
    }
    for (size_t i = 0; i < args.size(); ++i) {
        if (!args[i].is_constant() && std::find(args.begin(), args.begin() + static_cast<ptrdiff_t>(i), args[i]) !=
                                          args.begin() + static_cast<ptrdiff_t>(i)) {
            fail("a label has the same argument twice");
            return false;
        }
        places.push_back(args[i].is_constant() ? place{}.pack() : registers_.place_of(args[i].index()).pack());
    }
    return true;
}

// Values that a jump passes are best made where the label wants them.
void target_compiler::hint_jump_arguments(uint32_t jump_position, uint32_t label_position,
                                          std::span<const int32_t> places) {
    std::span<const value_ref> passed = arguments(jump_position);
    for (size_t i = 0; i < passed.size(); ++i) {
        if (passed[i].is_constant()) continue;
        if (label_position != UINT32_MAX && passed[i] == arguments(label_position)[i]) continue;
        if (place where = place::unpack(places[i]); where.has_register())
            registers_.set_hint(passed[i].index(), where.reg);
    }
}

bool target_compiler::collect_jump_moves(uint32_t position, std::span<const int32_t> places) {
    std::span<const value_ref> args = arguments(position);
    if (places.size() != args.size()) {
        fail("jump and label have different numbers of arguments");
        return false;
    }
    auto pass = [&](location to, value_ref v) {
        if (v.is_constant())
            moves_.add_constant(to, constant_word(v));
        else if (to.is_register() || registers_.place_of(v.index()).slot != to.slot())
            moves_.add(to, registers_.location_of(v.index()));
    };
    for (size_t i = 0; i < args.size(); ++i) {
        place where = place::unpack(places[i]);
        if (where.has_register()) pass(location::in_register(where.reg), args[i]);
        if (where.has_slot()) pass(location::in_slot(where.slot), args[i]);
    }
    return true;
}

} // namespace heddle::jit
