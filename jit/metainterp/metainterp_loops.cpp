// Merge points and the ends of traces. See metainterp.h.
//
// An outermost frame's merge point after can_enter_jit is a loop's header. There the trace closes (the header was
// passed before: what came earlier is cut off), jumps to the loop's machine code, or goes on and remembers the place.
// In an inlined portal frame, such a header, or an entry that must not be inlined, makes the rest of that frame a call
// of machine code.
#include "metainterp/metainterp.h"
#include "runtime/compile.h"

namespace heddle::jit {

void metainterp::merge_point_instruction() {
    uint32_t driver = f_->code->code[f_->pc + 1];
    uint32_t after = arguments_at(f_->pc + 2);
    uint32_t green_count = runtime_.driver(driver).green_count;
    words_.clear();
    for (uint32_t i = 0; i < green_count; ++i) {
        boxed& green = arguments_[i];
        if (!green.is_constant()) {
            guard(opcode::guard_value, {green, {green.value, {}, green.type}}, f_->last_live);
            became_constant(green);
            green.reference = {};
        }
        words_.push_back(green.value);
    }
    if (f_ != base_ && (f_->loop_seen || !f_->entered)) {
        if (inner_merge_point(driver, hash_greens(driver, words_.data(), green_count))) return;
    } else if (f_ == base_ && f_->loop_seen) {
        f_->loop_seen = false;
        loop_header(driver, hash_greens(driver, words_.data(), green_count));
    }
    if (end_ == ending::none && segment_due_ && f_ == base_) end_segment();
    if (end_ != ending::none) return;
    note_merge_point(driver, green_count);
    passed_merge_point_ = true;
    f_->pc = after;
}

// For logs. Most merge points have little between them, so that these would be a large part of the trace.
void metainterp::note_merge_point(uint32_t driver, uint32_t green_count) {
    if (!runtime_.events.shows_traces()) {
        ++unlogged_merge_points_;
        return;
    }
    std::vector<boxed> about{{driver, {}, kind::integer}, {static_cast<word>(f_ - base_), {}, kind::integer}};
    about.insert(about.end(), arguments_.begin(), arguments_.begin() + green_count);
    record(opcode::debug_merge_point, about);
}

// ---- inlined portal frames
// ------------------------------------------------------------------------------------------------

bool metainterp::inner_merge_point(uint32_t driver, uint64_t hash) {
    bool refuse = f_->loop_seen;
    cell* place = nullptr;
    if (!f_->entered) {
        place = runtime_.warm.find_or_make(driver, words_.data(), hash);
        if (!place) return give_up(abort_reason::uncommitted), true;
        place->is_function = true;
        uint32_t levels = 0;
        for (const frame* f = base_; f < f_; ++f) levels += f->entry_hash == hash;
        // A recursion that is this deep is called from now on, in every trace: its data would take another path at each
        // of the levels inlined, and each path be a bridge of its own.
        if (levels > runtime_.options.max_unroll_recursion) place->dont_inline = true;
        refuse = place->dont_inline;
    }
    if (refuse) {
        if (!place) place = runtime_.warm.find_or_make(driver, words_.data(), hash);
        if (!place) return give_up(abort_reason::uncommitted), true;
        run_rest_natively(driver, *place);
        return true;
    }
    if (!f_->entered) {
        f_->entered = true;
        f_->entry_hash = hash;
        inlined_.push_back({hash, place, length()});
    }
    return false;
}

loop_token& metainterp::token_for(cell& place) {
    shared_data_lock lock;
    return runtime_.token_for(place);
}

void metainterp::run_rest_natively(uint32_t driver, cell& place) {
    const driver_entry& entry = runtime_.prog->drivers[driver];
    if (!entry.runner_address) return give_up(abort_reason::no_native_portal);
    loop_token& token = token_for(place);
    size_t green_count = entry.green_kinds.size();
    std::vector<boxed> reds(arguments_.begin() + static_cast<ptrdiff_t>(green_count), arguments_.end());
    word* words = stack_.push_words(maximum_merge_point_size);
    for (size_t i = 0; i < arguments_.size(); ++i) words[i] = arguments_[i].value;
    boxed result{run_portal_to_end(runtime_, driver, words), {}, entry.result};
    if (has_lost_its_ground()) {
        words[0] = result.value;
        return_from_frame(result);
        return give_up(abort_reason::transaction_ended);
    }
    result.reference = record(opcode::call_assembler, reds, &token);
    if (entry.result == kind::none) result.reference = {};
    for (const boxed& red : reds) cache_.escape(red.reference);
    cache_.called({});
    words[0] = result.value; // seen by the collector until it is in a register
    return_from_frame(result);
    if (parallel) guard_one_thread();
}

// ---- the outermost frame's loop headers
// -------------------------------------------------------------------------------------

void metainterp::loop_header(uint32_t driver, uint64_t hash) {
    uint32_t green_count = runtime_.driver(driver).green_count;
    cache_.reset();
    invariant_calls_.clear();
    separate_reds(green_count);
    std::vector<value_ref> reds = reds_of_arguments(green_count);
    cell* place = runtime_.warm.find_or_make(driver, words_.data(), hash);
    if (!place) return give_up(abort_reason::uncommitted);
    if (parallel) guard(opcode::guard_no_break, {}, f_->last_live, never_bridge);
    if (place->compiled() && !place->token->targets.empty()) {
        if (goes_round_again(*place, reds)) return;
        if (end_ == ending::none) jump_to(*place->token, reds);
        return;
    }
    for (size_t i = merge_points_.size(); i-- > 0;)
        if (merge_points_[i].place == place) return close_loop(merge_points_[i], reds);
    merge_points_.push_back({static_cast<uint32_t>(recorded_.operations.size()), place, std::move(reds)});
}

// Each red becomes a value of its own that is no constant: what follows must hold for other values, too.
void metainterp::separate_reds(uint32_t green_count) {
    const uint32_t* code = f_->code->code.data() + f_->pc;
    for (size_t i = green_count; i < arguments_.size(); ++i) {
        boxed& red = arguments_[i];
        bool separate = !red.is_constant();
        for (size_t j = green_count; j < i && separate; ++j) separate = arguments_[j].reference != red.reference;
        uint32_t operand = code[4 + 2 * i];
        if (!separate) { red.reference = record(same_as(red.type), {red}); }
        if (!(operand & constant_operand)) store(operand, red);
    }
}

std::vector<value_ref> metainterp::reds_of_arguments(uint32_t green_count) {
    std::vector<value_ref> reds;
    for (size_t i = green_count; i < arguments_.size(); ++i) reds.push_back(arguments_[i].reference);
    return reds;
}

void metainterp::at_merge_point() {
    for (size_t i = 0; i < arguments_.size(); ++i) buffer_[i] = arguments_[i].value;
    end_ = ending::at_merge_point;
}

void metainterp::close_loop(const merge_point& start, std::span<const value_ref> reds) {
    at_merge_point();
    end_trace(&start, opcode::jump, reds, nullptr);
}

void metainterp::jump_to(loop_token& target, std::span<const value_ref> reds) {
    at_merge_point();
    end_trace(from_guard_ ? nullptr : &merge_points_[0], opcode::jump, reds, target.targets[0].get());
}

// A bridge that comes back to its own loop, no body of which fits it, is recorded for one more iteration: that one
// becomes another body. So a loop that was recorded on a rare way gets a body for the common one. (RPython retraces.)
bool metainterp::goes_round_again(cell& place, std::span<const value_ref> reds) {
    loop_token& loop = *place.token;
    if (!from_guard_ || from_guard_->owner != &loop || again_ || !runtime_.options.optimizer.peeling) return false;
    if (loop.retraces >= runtime_.options.retrace_limit || length() > runtime_.options.trace_limit / 2) return false;
    at_merge_point();
    if (end_trace(nullptr, opcode::jump, reds, loop.targets[0].get(), true)) return false;
    end_ = ending::none;
    ++loop.retraces;
    again_ = &place;
    recorded_.add(opcode::label, reds, loop.targets[0].get());
    return true;
}

void metainterp::portal_returned(const boxed& result) {
    result_ = result.value;
    end_ = ending::finished;
    value_ref value = result.type == kind::none ? value_ref() : intern(result);
    end_trace(from_guard_ ? nullptr : &merge_points_[0], opcode::finish,
              std::span<const value_ref>(&value, result.type != kind::none), nullptr);
}

void metainterp::end_segment() {
    at_merge_point();
    end_trace(from_guard_ ? nullptr : &merge_points_[0], opcode::guard_always_fails, {}, nullptr);
}

// Adds the last operation and compiles. Without 'start' it is a bridge; 'target' null: the jump goes to the trace's own
// label. A jump carries a snapshot, which resumes at the merge point: guards before it may be made for the loop's sake.
// False: a bridge that needs a body, and none fits; the trace is as it was.
bool metainterp::end_trace(const merge_point* start, opcode last, std::span<const value_ref> arguments,
                           target_token* target, bool needs_body) {
    all_halted halt;
    abort_reason problem;
    uint64_t recorded = recorded_.operations.size();
    std::span<const word> jump_values;
    uint32_t state = UINT32_MAX;
    if (last == opcode::jump || last == opcode::guard_always_fails) {
        state = snapshot(f_->last_live);
        if (target) jump_values = {buffer_ + arguments_.size() - arguments.size(), arguments.size()};
    }
    recorded_.add(last, arguments, target);
    recorded_.operations.back().snapshot = state;
    if (target && target->owner->invalidated) { // while the others were being halted
        problem = abort_reason::invalidated;
    } else if (!start) {
        size_t arguments_before = recorded_.arguments.size() - arguments.size();
        problem = compile_bridge(runtime_, recorded_, *from_guard_, jump_values, needs_body);
        if (problem == abort_reason::no_body) {
            recorded_.operations.pop_back();
            recorded_.arguments.resize(arguments_before);
            return false;
        }
    } else {
        loop_token& token = runtime_.token_for(*start->place);
        size_t targets = token.targets.size();
        target_token* label = token.add_target("loop" + std::to_string(token.number));
        trace whole = runtime_.take_trace();
        if (cut(*start, *label, whole)) {
            bool closes = last == opcode::jump && !target;
            if (closes) whole.operations.back().description = label;
            problem = compile_from_merge_point(runtime_, whole, *start->place, token, closes, jump_values);
        } else {
            problem = abort_reason::internal;
        }
        if (problem != abort_reason::none) token.targets.resize(targets);
        constants_range_.begin = constants_range_.end = nullptr;
        runtime_.give_back(std::move(whole));
    }
    runtime_.operations_recorded += recorded - recorded_.operations.size();
    if (problem == abort_reason::none) {
        if (last == opcode::guard_always_fails) { // the next segment is traced at once
            loop_token& owner = start ? *start->place->token : *from_guard_->owner;
            owner.guards.back()->failures = runtime_.options.trace_eagerness;
            ++runtime_.counts.segments;
        }
        return true;
    }
    ++runtime_.counts.aborts;
    ++runtime_.aborts_by_reason[static_cast<size_t>(problem)];
    if (problem == abort_reason::uncommitted) return try_later(start ? start->place : nullptr), true;
    if (from_guard_) guard_trace_failed(*from_guard_, runtime_.options.max_aborts);
    if (start && problem == abort_reason::contradiction)
        runtime_.warm.try_again_soon(*start->place);
    else if (start)
        runtime_.warm.back_off(*start->place, runtime_.options.max_aborts);
    return true;
}

// Makes a trace of what was recorded since 'start': inputs for its reds, a label, the operations.
bool metainterp::cut(const merge_point& start, target_token& label, trace& result) {
    std::swap(result, recorded_);
    std::swap(result.operations, recorded_.operations);
    std::swap(result.arguments, recorded_.arguments);
    const std::vector<operation>& operations = recorded_.operations;
    const std::vector<value_ref>& arguments = recorded_.arguments;
    constants_range_.begin = result.constants.data();
    constants_range_.end = result.constants.data() + result.constants.size();
    result.operations.reserve(operations.size() + start.reds.size() + 2);
    result.arguments.reserve(arguments.size() + 2 * start.reds.size());
    result.input_count = 0;
    std::vector<value_ref> map(operations.size()); // old to new values
    std::vector<value_ref> inputs;
    for (value_ref red : start.reds) {
        kind k = operations[red.index()].result;
        inputs.push_back(map[red.index()] = result.add(input_of(k), {}));
        label.kinds.push_back(k);
    }
    result.add(opcode::label, inputs, &label);
    auto translate = [&](value_ref v) { return v.is_none() || v.is_constant() ? v : map[v.index()]; };
    std::vector<bool> done(result.snapshot_frames.size());
    for (size_t i = start.position; i < operations.size(); ++i) {
        operation moved = operations[i];
        auto first = static_cast<uint32_t>(result.arguments.size());
        for (uint32_t n = 0; n < moved.argument_count; ++n) {
            value_ref v = translate(arguments[moved.first_argument + n]);
            if (v.is_none()) return false; // something from before the cut, which nothing may use
            result.arguments.push_back(v);
        }
        moved.first_argument = first;
        for (uint32_t s = moved.snapshot; s != UINT32_MAX && !done[s]; s = result.snapshot_frames[s].parent) {
            done[s] = true;
            const snapshot_frame& at = result.snapshot_frames[s];
            for (uint32_t n = at.first_value; n < at.first_value + at.value_count; ++n) {
                value_ref v = result.snapshot_values[n];
                result.snapshot_values[n] = translate(v);
                if (!v.is_none() && result.snapshot_values[n].is_none()) return false;
            }
        }
        map[i] = value_ref::result(static_cast<uint32_t>(result.operations.size()));
        result.operations.push_back(moved);
    }
    return true;
}

// ---- traces that get too long
// -------------------------------------------------------------------------------------------

// The biggest inlined portal is called the next time. When none is big, the trace is cut into segments: this one ends
// at the outermost frame's next merge point, with a guard that always fails, whose bridge is the next segment.
void metainterp::blame_for_length() {
    size_t size_now = length(), limit = runtime_.options.trace_limit;
    if (segment_due_ && size_now <= 2 * limit) return;
    if (!inlined_.empty()) {
        size_t size = length() - inlined_.front().start;
        if (size > biggest_size_) {
            biggest_size_ = size;
            biggest_ = inlined_.front().place;
        }
    }
    bool blamed = biggest_ && !biggest_->dont_inline && biggest_size_ > limit / 10;
    if (!blamed && !segment_due_ && size_now > limit && base_->code->source->driver >= 0) {
        segment_due_ = true;
        return;
    }
    if (blamed) biggest_->dont_inline = true;
    give_up(abort_reason::too_long);
    // With somebody to blame the next attempt should go better: no back-off.
    if (blamed && start_ && start_->aborts > 0 && !start_->dont_trace) --start_->aborts;
}

} // namespace heddle::jit
