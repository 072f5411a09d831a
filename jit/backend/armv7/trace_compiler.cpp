// The walk over a trace's operations; operands; moves between registers, slots and constants. See trace_compiler.h.
#include "backend/armv7/trace_compiler.h"
#include <cstdio>
#include <cstring>

namespace heddle::jit::armv7 {

namespace {

// Why the operation can't be compiled; empty: it can.
std::string_view unsupported(const operation& o) {
    if (o.op == opcode::float_to_bits || o.op == opcode::bits_to_float) return "is an operation of 64-bit targets";
    return "";
}

} // namespace

trace_compiler::trace_compiler(backend_context& context) : target_compiler(context), context_(context) {}

// ---- the walk

std::string trace_compiler::begin_code(const trace& t, std::string* asm_log) {
    if (std::string why = check(t, "armv7"); !why.empty()) return why;
    for (const operation& o : t.operations)
        if (std::string_view why = unsupported(o); !why.empty())
            return std::string(info(o.op).name) + ": " + std::string(why);
    for (const operation& o : t.operations) {
        if (o.op != opcode::call_assembler) continue;
        loop_token* callee = const_cast<loop_token*>(static_cast<const loop_token*>(o.description));
        if (callee->entry || callee == token_) continue;
        if (std::string why = context_.make_entry_stub(*callee); !why.empty()) return why;
    }
    trace_ = &t;
    error_.clear();
    guards_.clear();
    guard_places_.clear();
    labels_.clear();
    literals_.clear();
    slow_paths_.clear();
    frame_fixups_.clear();
    notes_.clear();
    outgoing_bytes_ = 0;
    scratch_known_at_ = UINT32_MAX;
    range_ = context_.memory->open();
    a_.begin(range_.address);
    logging_ = asm_log != nullptr;
    for (const constant& c : t.constants) {
        uint32_t encoded;
        if (c.type != kind::floating || assembler::double_constant(c.value, encoded)) continue;
        literals_.push_back(c.value);
        a_.word(static_cast<uint32_t>(c.value));
        a_.word(static_cast<uint32_t>(c.value >> 32));
    }
    live_.compute(t);
    groups_.compute(t);
    registers_.begin(t, live_);
    hint_call_arguments();
    return "";
}

std::string trace_compiler::compile_loop(const trace& t, loop_token& token, std::string* asm_log) {
    token_ = &token;
    from_guard_ = nullptr;
    entry_frame_size_ = 0;
    if (std::string why = begin_code(t, asm_log); !why.empty()) return why;
    uint32_t entry = a_.offset();
    compile_entry(token);
    if (std::string why = compile_operations(); !why.empty()) return why;
    if (std::string why = finish_code(asm_log); !why.empty()) return why;
    token.entry = code_address_ + entry;
    token.compiled = true;
    token.code.push_back(std::make_unique<native_code>(context_.memory, code_address_, code_size_));
    return "";
}

std::string trace_compiler::compile_bridge(const trace& t, guard_data& guard, std::string* asm_log) {
    if (!guard.patch_address) return "the guard that the bridge leaves from has no machine code";
    if (guard.bridge) return "the guard has a bridge already";
    if (t.input_count != guard.fail_arguments.size()) return "a bridge's inputs must be its guard's fail arguments";
    token_ = nullptr;
    from_guard_ = &guard;
    entry_frame_size_ = guard.frame_size;
    if (std::string why = begin_code(t, asm_log); !why.empty()) return why;
    uint32_t entry = a_.offset();
    compile_bridge_entry(guard);
    if (std::string why = compile_operations(); !why.empty()) return why;
    if (std::string why = finish_code(asm_log); !why.empty()) return why;
    guard.bridge = std::make_unique<native_code>(context_.memory, code_address_, code_size_);
    // The exit becomes a branch to the bridge, for all ways there, and the guard's own goes straight to the bridge.
    uint32_t jump = assembler::branch_word(condition::always, guard.patch_address, code_address_ + entry);
    context_.memory->patch(guard.patch_address, &jump, sizeof jump);
    size_t places = guard.fail_arguments.size();
    if (int32_t back = guard.locations[places]) {
        uint64_t at = guard.patch_address - static_cast<uint64_t>(int64_t{back});
        auto taken_if = static_cast<condition>(guard.locations[places + 1]);
        jump = assembler::branch_word(taken_if, at, code_address_ + entry);
        context_.memory->patch(at, &jump, sizeof jump);
    }
    return "";
}

std::string trace_compiler::compile_operations() {
    uint32_t count = static_cast<uint32_t>(trace_->operations.size());
    for (uint32_t i = trace_->input_count; i < count && error_.empty();) i = compile_operation(i);
    if (registers_.failed()) fail("the trace is malformed: a value is used where it is not live");
    return error_;
}

uint32_t trace_compiler::compile_operation(uint32_t position) {
    const operation& o = op(position);
    uint32_t flags = info(o.op).flags;
    registers_.begin_operation(position);
    if (logging_) log_operation(position);
    bool unused = (flags & (PURE | READS)) && !(flags & OVERFLOW) && live_.last_use[position] == position;
    if (unused) {
        // Nobody wants the result, and there is no effect.
    } else if (is_comparison(o.op)) {
        return compile_comparison_and_guard(position);
    } else if (flags & GUARD) {
        compile_guard(position);
    } else if (compile_integer(position) || compile_floating(position) || compile_memory(position)) {
        // Done.
    } else {
        switch (o.op) {
        case opcode::call:
        case opcode::call_pure:
        case opcode::call_may_force: compile_call(position); break;
        case opcode::call_assembler: compile_call_assembler(position); break;
        case opcode::label: compile_label(position); break;
        case opcode::jump: compile_jump(position); break;
        case opcode::finish: compile_finish(position); break;
        case opcode::debug_merge_point:
        case opcode::record_exact_class: break;
        default: fail(std::string(info(o.op).name) + " is not supported by the armv7 backend yet");
        }
    }
    registers_.end_operation(position);
    return position + 1;
}

// Out-of-line code, the frame's size; then into code memory.
std::string trace_compiler::finish_code(std::string* asm_log) {
    emit_guard_exits();
    emit_slow_paths();
    if (!error_.empty()) return error_;
    if (!a_.resolve_labels()) return "internal: unresolved labels";
    code_size_ = a_.offset();
    frame_size_ =
        std::max(frame_size_for(static_cast<uint32_t>(registers_.slot_count()), outgoing_bytes_), entry_frame_size_);
    operand2 size;
    if (!operand2::constant(frame_size_, size)) return "internal: the frame's size is no constant of an instruction";
    for (uint32_t at : frame_fixups_) a_.set_word(at, a_.words()[at / 4] | size.bits);
    if (logging_) write_listing(*asm_log);
    if (!context_.memory->commit(range_, a_.words().data(), code_size_))
        return "machine-code memory is full; raise its size or run with the JIT off";
    publish(range_.address);
    return "";
}

void trace_compiler::publish(uint64_t base) {
    code_address_ = base;
    for (const pending_guard& g : guards_) {
        guard_data& guard = *g.guard;
        size_t count = guard.fail_arguments.size();
        guard.patch_address = base + g.exit_offset;
        guard.invalidation_address = g.invalidation ? base + g.invalidation : 0;
        guard.frame_size = frame_size_;
        guard.locations.assign(guard_places_.begin() + g.first_place,
                               guard_places_.begin() + g.first_place + static_cast<ptrdiff_t>(count));
        // Behind the places: how far the branch is from the exit (0: there is none), and its condition.
        guard.locations.push_back(g.branch ? static_cast<int32_t>(g.exit_offset - g.branch) : 0);
        guard.locations.push_back(g.branch ? static_cast<int32_t>(a_.words()[g.branch / 4] >> 28) : 0);
    }
    for (own_label& l : labels_) {
        l.target->address = base + static_cast<uint32_t>(a_.offset_of(l.start));
        l.target->frame_size = frame_size_;
        l.target->locations = std::move(l.places);
    }
}

// ---- the listing

void trace_compiler::comment(std::string text) { notes_.push_back({a_.offset(), std::move(text)}); }

// A line for each word, in the form that `llvm-mc --disassemble` reads with the addresses cut off: a VM brings no
// disassembler along.
void trace_compiler::write_listing(std::string& text) const {
    size_t next = 0;
    const std::vector<uint32_t>& words = const_cast<assembler&>(a_).words();
    char line[64];
    text += "; words of A32 instructions; for mnemonics: grep -v '^;' FILE | cut -d' ' -f3- | llvm-mc-19 --disassemble "
            "--triple=armv7 -mattr=+vfp3d16,+hwdiv-arm\n";
    for (uint32_t at = 0; at <= words.size() * 4; at += 4) {
        for (; next < notes_.size() && notes_[next].offset == at; ++next) text += notes_[next].text + "\n";
        if (at == words.size() * 4) break;
        uint32_t w = words[at / 4];
        std::snprintf(line, sizeof line, "%08llx  0x%02x 0x%02x 0x%02x 0x%02x\n",
                      static_cast<unsigned long long>(a_.base() + at), w & 255, w >> 8 & 255, w >> 16 & 255, w >> 24);
        text += line;
    }
}

void trace_compiler::log_operation(uint32_t position) { comment(operation_text(position)); }

// ---- moves

void trace_compiler::emit_move(location to, location from) {
    if (to.is_floating_register()) {
        int d = vfp(to.reg());
        if (from.is_floating_register())
            a_.floating(double_move, d, 0, vfp(from.reg()));
        else if (from.is_register()) // d14 for a while
            a_.move_to_single(2 * d, from.reg());
        else
            a_.load_double(d, frame_base, slot_offset(from.slot()));
    } else if (to.is_register()) {
        if (from.is_floating_register())
            a_.move_from_single(to.reg(), vfp_low_single(from.reg()));
        else if (from.is_register())
            a_.move(to.reg(), from.reg());
        else
            a_.load(load_kind::word, to.reg(), frame_base, slot_offset(from.slot()));
    } else if (from.is_floating_register()) {
        a_.store_double(vfp(from.reg()), frame_base, slot_offset(to.slot()));
    } else if (from.is_register()) {
        store_general(from.reg(), frame_base, slot_offset(to.slot()));
    } else { // of any kind: all of the slot
        a_.load_double(vfp(d15), frame_base, slot_offset(from.slot()));
        a_.store_double(vfp(d15), frame_base, slot_offset(to.slot()));
    }
}

void trace_compiler::emit_constant(location to, uint64_t bits) {
    if (to.is_floating_register()) {
        emit_double_constant(vfp(to.reg()), bits);
    } else if (to.is_register()) {
        a_.move_constant(to.reg(), static_cast<uint32_t>(bits));
    } else {
        a_.move_constant(scratch, static_cast<uint32_t>(bits));
        store_general(scratch, frame_base, slot_offset(to.slot()));
        a_.move_constant(scratch, static_cast<uint32_t>(bits >> 32));
        store_general(scratch, frame_base, slot_offset(to.slot()) + 4);
    }
}

void trace_compiler::emit_double_constant(int to, uint64_t bits) {
    if (uint32_t encoded; assembler::double_constant(bits, encoded)) return a_.move_double_constant(to, encoded);
    size_t at = 0;
    while (at < literals_.size() && literals_[at] != bits) ++at;
    if (at == literals_.size()) return fail("internal: a double that is no constant of the trace");
    int64_t distance = static_cast<int64_t>(8 * at) - (a_.offset() + 8);
    if (distance >= -1020) return a_.load_double(to, pc, static_cast<int32_t>(distance));
    a_.move_constant(ip, address_bits(a_.base() + 8 * at));
    a_.load_double(to, ip, 0);
}

// ---- operands

int trace_compiler::general_register(value_ref v) {
    if (v.is_result()) return registers_.use(v.index());
    int to = registers_.temporary(general_registers);
    a_.move_constant(to, constant_bits(v));
    return to;
}

int trace_compiler::floating_register(value_ref v) {
    if (v.is_result()) return vfp(registers_.use(v.index()));
    int to = vfp(registers_.temporary(floating_registers));
    emit_double_constant(to, constant_word(v));
    return to;
}

void trace_compiler::load_general(int to, value_ref v) {
    if (v.is_constant()) return a_.move_constant(to, constant_bits(v));
    location to_location = location::in_register(to), from = registers_.location_of(v.index());
    if (!(from == to_location)) emit_move(to_location, from);
}

// ---- leaving the trace's own code

void trace_compiler::call_function(const void* function) {
    uint32_t address = address_bits(function);
    if (!(address & 1) && assembler::reaches(a_.base() + a_.offset(), address)) return a_.call_to(address);
    a_.move_constant(ip, address);
    a_.call_register(ip);
}

} // namespace heddle::jit::armv7
