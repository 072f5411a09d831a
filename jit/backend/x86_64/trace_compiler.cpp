// The walk over a trace's operations; operands; moves between registers, slots and constants. See trace_compiler.h.
#include "backend/x86_64/trace_compiler.h"
#include <cstdio>
#include <cstring>

namespace heddle::jit::x86_64 {

using namespace asmjit;

trace_compiler::trace_compiler(backend_context& context) : target_compiler(context), context_(context) {}

// ---- the walk
// ----------------------------------------------------------------------------------------------------------

std::string trace_compiler::begin_code(const trace& t, std::string* asm_log) {
    if (std::string why = check(t, "x86_64"); !why.empty()) return why;
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
    label_offsets_.clear();
    literals_.clear();
    slow_paths_.clear();
    frame_fixups_.clear();
    outgoing_words_ = 0;
    note_vector_lanes(t);
    if (!error_.empty()) return error_;
    range_ = context_.memory->open();
    holder_.reset();
    holder_.init(Environment::host(), range_.address);
    logging_ = asm_log != nullptr;
    if (logging_) {
        logger_.clear();
        logger_.addFlags(FormatFlags::kHexImms | FormatFlags::kHexOffsets);
        holder_.setLogger(&logger_);
    }
    holder_.attach(&a_);
    live_.compute(t);
    registers_.begin(t, live_);
    views_ = !for_one_thread();
    groups_.clear();
    if (!views_) groups_.compute(t); // another thread may look at the memory while this one waits in a barrier
    hint_call_arguments();
    return "";
}

std::string trace_compiler::compile_loop(const trace& t, loop_token& token, std::string* asm_log) {
    token_ = &token;
    from_guard_ = nullptr;
    entry_frame_size_ = 0;
    if (std::string why = begin_code(t, asm_log); !why.empty()) return why;
    compile_entry(token);
    if (std::string why = compile_operations(); !why.empty()) return why;
    if (std::string why = finish_code(asm_log); !why.empty()) return why;
    token.entry = code_address_;
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
    compile_bridge_entry(guard);
    if (std::string why = compile_operations(); !why.empty()) return why;
    if (std::string why = finish_code(asm_log); !why.empty()) return why;
    guard.bridge = std::make_unique<native_code>(context_.memory, code_address_, code_size_);
    // The exit becomes a jump to the bridge, for all ways there, and the branches go straight to the bridge.
    uint8_t jump[5] = {0xe9};
    int32_t distance = static_cast<int32_t>(code_address_ - (guard.patch_address + 5));
    std::memcpy(jump + 1, &distance, 4);
    context_.memory->patch(guard.patch_address, jump, sizeof jump);
    size_t places = guard.fail_arguments.size();
    for (size_t i = 0; i < branches_per_guard; ++i) {
        int32_t back = guard.locations[places + i];
        if (!back) continue;
        uint64_t after = guard.patch_address - static_cast<uint64_t>(static_cast<int64_t>(back));
        context_.memory->patch_int32(after - 4, static_cast<int32_t>(code_address_ - after));
    }
    return "";
}

std::string trace_compiler::compile_operations() {
    uint32_t count = static_cast<uint32_t>(trace_->operations.size());
    for (uint32_t i = trace_->input_count; i < count && error_.empty();) i = compile_operation(i);
    if (registers_.failed())
        fail(lanes_ ? "there are too many vectors at once for the registers"
                    : "the trace is malformed: a value is used where it is not live");
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
    } else if (uint32_t next = compile_load_and_guard(position); next != UINT32_MAX) {
        return next;
    } else if (flags & GUARD) {
        compile_guard(position);
    } else if ((flags & VECTOR) && compile_vector(position)) {
        // Done.
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
        default: fail(std::string(info(o.op).name) + " is not supported by the x86_64 backend yet");
        }
    }
    registers_.end_operation(position);
    return position + 1;
}

// Out-of-line code, literals, the frame's size; then into code memory.
std::string trace_compiler::finish_code(std::string* asm_log) {
    emit_guard_exits();
    emit_slow_paths();
    if (!literals_.empty()) a_.align(AlignMode::kData, 16);
    for (const literal& l : literals_) {
        a_.bind(l.label);
        a_.embedUInt64(l.low);
        if (l.size == 16) a_.embedUInt64(l.high);
    }
    if (logging_) asm_log->append(logger_.data(), logger_.dataSize());
    if (!error_.empty()) return error_;
    if (holder_.hasUnresolvedLinks() && holder_.resolveUnresolvedLinks() != kErrorOk)
        return "internal: unresolved labels";
    CodeBuffer& buffer = holder_.textSection()->buffer();
    code_size_ = buffer.size();
    frame_size_ = std::max(frame_size_for(registers_.slot_count(), outgoing_words_), entry_frame_size_);
    for (uint32_t after : frame_fixups_) {
        int32_t displacement = -static_cast<int32_t>(frame_size_);
        std::memcpy(buffer.data() + after - 4, &displacement, 4);
    }
    if (!context_.memory->commit(range_, buffer.data(), code_size_))
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
        for (uint32_t after : g.branches)
            guard.locations.push_back(after ? static_cast<int32_t>(g.exit_offset - after) : 0);
    }
    for (size_t i = 0; i < labels_.size(); ++i) {
        labels_[i].target->address = base + label_offsets_[i];
        labels_[i].target->frame_size = frame_size_;
        labels_[i].target->locations = std::move(labels_[i].places);
    }
}

void trace_compiler::log_operation(uint32_t position) {
    std::string text = operation_text(position);
    a_.comment(text.c_str(), text.size());
}

// ---- moves
// -------------------------------------------------------------------------------------------------------------

void trace_compiler::load_constant(const Gp& to, uint64_t bits) {
    // No xor: the condition codes stay. 32-bit moves zero the upper half.
    if (bits <= 0xffff'ffffu)
        a_.mov(to.r32(), Imm(static_cast<uint32_t>(bits)));
    else
        a_.mov(to, Imm(static_cast<int64_t>(bits)));
}

void trace_compiler::emit_move(location to, location from) {
    if (to.is_floating_register()) {
        if (from.is_floating_register() && lanes_ == 4)
            a_.vmovaps(x86::ymm(xmm(to.reg()).id()), x86::ymm(xmm(from.reg()).id())); // it may be a vector
        else if (from.is_floating_register())
            a_.movaps(xmm(to.reg()), xmm(from.reg()));
        else if (from.is_register())
            a_.movq(xmm(to.reg()), gp(from.reg()));
        else
            a_.movsd(xmm(to.reg()), slot_memory(from.slot()));
    } else if (to.is_register()) {
        if (from.is_floating_register())
            a_.movq(gp(to.reg()), xmm(from.reg()));
        else if (from.is_register())
            a_.mov(gp(to.reg()), gp(from.reg()));
        else
            a_.mov(gp(to.reg()), slot_memory(from.slot()));
    } else if (from.is_floating_register()) {
        a_.movsd(slot_memory(to.slot()), xmm(from.reg()));
    } else if (from.is_register()) {
        a_.mov(slot_memory(to.slot()), gp(from.reg()));
    } else {
        a_.mov(scratch, slot_memory(from.slot()));
        a_.mov(slot_memory(to.slot()), scratch);
    }
}

void trace_compiler::emit_constant(location to, uint64_t bits) {
    if (to.is_floating_register()) {
        if (bits == 0)
            a_.xorps(xmm(to.reg()), xmm(to.reg()));
        else
            a_.movsd(xmm(to.reg()), literal_memory(bits, 0, 8));
    } else if (to.is_register()) {
        load_constant(gp(to.reg()), bits);
    } else if (static_cast<int64_t>(bits) == static_cast<int32_t>(bits)) {
        a_.mov(slot_memory(to.slot()), Imm(static_cast<int64_t>(bits)));
    } else {
        load_constant(scratch, bits);
        a_.mov(slot_memory(to.slot()), scratch);
    }
}

Mem trace_compiler::literal_memory(uint64_t low, uint64_t high, uint32_t size) {
    for (const literal& l : literals_)
        if (l.low == low && l.high == high && l.size == size) return x86::ptr(l.label, 0, size);
    literal added{low, high, size, a_.newLabel()};
    // The aligned ones first.
    literals_.insert(size == 16 ? literals_.begin() : literals_.end(), added);
    return x86::ptr(added.label, 0, size);
}

// ---- operands
// ----------------------------------------------------------------------------------------------------------

bool trace_compiler::is_small_constant(value_ref v) const {
    if (!v.is_constant()) return false;
    int64_t value = static_cast<int64_t>(constant_bits(v));
    return value == static_cast<int32_t>(value);
}

bool trace_compiler::dies_in_register(value_ref v) const {
    return v.is_result() && registers_.dies(v) && registers_.place_of(v.index()).has_register();
}

Operand trace_compiler::general_operand(value_ref v) {
    if (v.is_constant()) {
        if (is_small_constant(v)) return Imm(static_cast<int64_t>(constant_bits(v)));
        load_constant(scratch, constant_bits(v));
        return scratch;
    }
    location at = registers_.use_anywhere(v.index());
    if (at.is_register()) return gp(at.reg());
    return slot_memory(at.slot());
}

Gp trace_compiler::general_register(value_ref v) {
    if (v.is_result()) return gp(registers_.use(v.index()));
    Gp to = gp(registers_.temporary(general_registers));
    load_constant(to, constant_bits(v));
    return to;
}

Operand trace_compiler::floating_operand(value_ref v) {
    if (v.is_constant()) return literal_memory(constant_bits(v), 0, 8);
    location at = registers_.use_anywhere(v.index());
    if (at.is_register()) return xmm(at.reg());
    return slot_memory(at.slot());
}

Xmm trace_compiler::floating_register(value_ref v) {
    if (v.is_result()) return xmm(registers_.use(v.index()));
    int reg = registers_.temporary(floating_registers);
    emit_constant(location::in_register(reg), constant_bits(v));
    return xmm(reg);
}

void trace_compiler::load_general(const Gp& to, value_ref v) {
    if (v.is_constant()) {
        load_constant(to, constant_bits(v));
        return;
    }
    location to_location = location::in_register(static_cast<int>(to.id()));
    location from = registers_.location_of(v.index());
    if (!(from == to_location)) emit_move(to_location, from);
}

void trace_compiler::load_floating(const Xmm& to, value_ref v) {
    location to_location = location::in_register(static_cast<int>(to.id()) + first_floating_register);
    if (v.is_constant()) {
        emit_constant(to_location, constant_bits(v));
        return;
    }
    location from = registers_.location_of(v.index());
    if (!(from == to_location)) emit_move(to_location, from);
}

Gp trace_compiler::begin_general_result(uint32_t position, value_ref first) {
    if (first.is_result() && registers_.dies(first) && registers_.take_over(position, first.index()))
        return gp(registers_.place_of(position).reg);
    Gp result = gp(registers_.define(position));
    load_general(result, first);
    return result;
}

Xmm trace_compiler::begin_floating_result(uint32_t position, value_ref first) {
    if (first.is_result() && registers_.dies(first) && registers_.take_over(position, first.index()))
        return xmm(registers_.place_of(position).reg);
    Xmm result = xmm(registers_.define(position));
    load_floating(result, first);
    return result;
}

// ---- leaving the trace's own code
// ----------------------------------------------------------------------------------------

void trace_compiler::call_function(const void* function) {
    uint64_t address = reinterpret_cast<uint64_t>(function);
    int64_t distance = static_cast<int64_t>(address - range_.address);
    constexpr int64_t reach = (int64_t{1} << 31) - (int64_t{64} << 20);
    if (distance > -reach && distance < reach) {
        a_.call(Imm(address));
    } else {
        a_.mov(x86::rax, Imm(address));
        a_.call(x86::rax);
    }
}

void trace_compiler::jump_to(uint64_t address) { a_.jmp(Imm(address)); }

} // namespace heddle::jit::x86_64
