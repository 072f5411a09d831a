// The vectoriser: a loop over arrays of numbers is run several iterations at a time.
//
// It looks at the finished trace of a peeled loop, at the body between its label and the jump back (vector_plan.h says
// which bodies will do), and writes two traces:
//
//     inputs; label(...); the preamble           rounds, as it was
//     label(a..., descr=loop.body)               whoever comes to the loop comes here
//     entry checks [a...] -> loop.scalar
//     label(a..., invariants in vectors, descr=loop.vector)
//     what is the same for a whole round; round checks [a...] -> loop.scalar
//     loads, arithmetic; then stores
//     jump(a after the round..., descr=loop.vector)
//
//     inputs a; label(a..., descr=loop.scalar)   rest: the body as it was, for the last items and for whatever a check
//     the body; jump(..., descr=loop.scalar)     or an overflow of the round doesn't allow
//
// A round is all or nothing: no store is done before everything that may leave it, and what leaves it goes on in the
// scalar body at the round's first iteration. So the vector loop needs no resume data, and errors, switches of threads
// and invalidation happen exactly where they did.
//
// Arithmetic whose results are stored is done in vectors. What goes from one iteration to the next (the sum of a dot
// product: floating addition has an order, which Python programs can see) and what has no vector operation (integers
// with overflow checks) is done item by item, which still spares the iterations' guards.
//
// Idea: RPython's vector.py and its guard strengthening; here the body is widened as a whole instead of being unrolled,
// packed and scheduled, which does what loops over arrays need and costs one walk over the body.
#include "optimizer/vector_plan.h"
#include "optimizer/walk.h"
#include <map>
#include <tuple>

namespace heddle::jit {

namespace {

constexpr uint32_t most_vectors = 13;     // that are alive at once; a backend has 15 registers for them
constexpr uint32_t most_hoisted = 5;      // invariants kept in vectors
constexpr uint32_t most_item_steps = 400; // operations done item by item, in a round

class round_writer {
public:
    round_writer(const trace& t, loop_token& token, const vector_plan& plan, unsigned lanes, unsigned rows, trace& out,
                 target_token& scalar, target_token& rounds)
        : t_(t), token_(token), plan_(plan), lanes_(lanes), rows_(rows), width_(lanes * rows), out_(out),
          scalar_(scalar), rounds_(rounds) {}

    void write() {
        out_ = t_;
        out_.operations.resize(plan_.label + 1);
        out_.arguments.resize(t_.operations[plan_.label].first_argument + plan_.label_arguments.size());
        mapped_.assign(t_.operations.size(), value_ref());
        items_.assign(width_, std::vector<value_ref>(t_.operations.size()));
        vectors_.assign(rows_, std::vector<value_ref>(t_.operations.size()));
        entry();
        round();
    }

private:
    // ---- what both parts use
    value_ref add(opcode op, std::initializer_list<value_ref> args, const descr* d = nullptr) {
        return out_.add(op, args, d);
    }
    value_ref integer(int64_t v) { return out_.make_int(v); }

    // What doesn't hold goes on in the scalar body, as if the round had not begun.
    void guard(opcode op, std::initializer_list<value_ref> args) { guard(op, std::span(args.begin(), args.size())); }
    void guard(opcode op, std::span<const value_ref> args) {
        out_.add(op, args);
        token_.guards.push_back(std::make_unique<guard_data>());
        guard_data& made = *token_.guards.back();
        made.number = new_guard_number();
        made.owner = &token_;
        made.op = op;
        made.never_bridge = true;
        made.continues_at = &scalar_;
        for (value_ref v : plan_.label_arguments) {
            made.fail_arguments.push_back(v);
            made.fail_kinds.push_back(t_.kind_of(v));
        }
        out_.operations.back().guard = &made;
        out_.operations.back().flags = never_bridge;
    }

    // The counter in iteration 'lane' of the round.
    value_ref counter(const planned_value& planned, int64_t lane) {
        int64_t distance = planned.offset + lane * plan_.step(planned.counter);
        value_ref start = plan_.label_arguments[planned.counter];
        if (!planned.base.is_none()) {
            value_ref& sum = counters_[{planned.counter, planned.base.bits, 0}];
            if (sum.is_none()) sum = add(opcode::int_add, {uniform(planned.base), start});
            start = sum;
        }
        if (distance == 0) return start;
        value_ref& known = counters_[{planned.counter, planned.base.bits, distance}];
        if (known.is_none()) known = add(opcode::int_add, {start, integer(distance)});
        return known;
    }
    // The part of an index that isn't constant.
    value_ref start_of(planned_value index) {
        index.offset = 0;
        return counter(index, 0);
    }

    // A value that is the same in the whole round.
    value_ref uniform(value_ref v) const {
        return v.is_none() || v.is_constant() || v.index() < plan_.label ? v : mapped_[v.index()];
    }

    void check(const planned_check& c) {
        value_ref left, right;
        bool far = c.other.is_none() && (c.comparison == opcode::int_lt || c.comparison == opcode::int_gt);
        if (far) {
            left = start_of({value_form::counter, c.counter, 0, c.base});
            right = integer(c.offset);
        } else {
            left = counter({value_form::counter, c.counter, c.offset, c.base}, c.last ? width_ - 1 : 0);
            right = c.other.is_none() ? integer(0) : uniform(c.other);
        }
        guard(opcode::guard_true, {add(c.comparison, {left, right})});
    }

    // ---- before the first round
    void entry() {
        for (uint32_t one : plan_.ones)
            guard(opcode::guard_true, {add(opcode::int_eq, {plan_.label_arguments[one], integer(1)})});
        for (auto [a, b] : plan_.different) guard(opcode::guard_true, {add(opcode::ptr_ne, {a, b})});
        for (uint32_t p : plan_.invariants) write_uniform(p);
        for (const planned_gap& gap : plan_.gaps) check_gap(gap);
        for (const planned_check& c : plan_.entry_checks) check(c);
        if (uses_vectors()) add(opcode::vector_lanes, {integer(lanes_)});
        hoist();
        std::vector<value_ref> live(plan_.label_arguments.begin(), plan_.label_arguments.end());
        for (auto& [bits, vector] : hoisted_) live.push_back(vector);
        for (uint32_t p : plan_.invariants)
            if (t_.operations[p].result != kind::none) live.push_back(mapped_[p]);
        out_.add(opcode::label, live, &rounds_);
        counters_.clear(); // not passed
    }

    void check_gap(const planned_gap& gap) {
        value_ref zero = integer(0);
        value_ref first = gap.first.is_none() ? zero : uniform(gap.first);
        value_ref second = gap.second.is_none() ? zero : uniform(gap.second);
        value_ref distance = add(opcode::int_sub, {first, second});
        value_ref shifted = add(opcode::int_add, {distance, integer(gap.offset + width_ - 1)});
        guard(opcode::guard_true, {add(opcode::uint_ge, {shifted, integer(2 * int64_t{width_} - 1)})});
    }

    bool uses_vectors() const {
        for (const planned_access& access : plan_.accesses)
            if (access.store && plan_.values[access.position].in_vector) return true;
        return false;
    }

    // Calls back with each invariant that a vector operation takes, stores included.
    template <class callback> void each_invariant(callback call) const {
        auto look = [&](uint32_t p) {
            const operation& o = t_.operations[p];
            std::span<const value_ref> args = t_.arguments_of(o);
            if (o.op == opcode::getarrayitem) return;
            if (o.op == opcode::setarrayitem) args = args.subspan(2);
            for (size_t i = 0; i < args.size(); ++i)
                if (!takes_scalar(o.op, i) && plan_.of(args[i]).form == value_form::invariant) call(args[i]);
        };
        for (uint32_t p : plan_.in_vectors) look(p);
        for (const planned_access& access : plan_.accesses)
            if (access.store && plan_.values[access.position].in_vector) look(access.position);
    }
    // A shift's count.
    static bool takes_scalar(opcode op, size_t argument) {
        if (info(op).flags & OVERFLOW) return false;
        opcode vector = vector_form_of(op);
        return vector != opcode::count && argument < info(vector).arguments.size() &&
               info(vector).arguments[argument] == 'i';
    }

    void hoist() {
        each_invariant([&](value_ref v) {
            if (hoisted_.size() >= most_hoisted || hoisted_.count(v.bits)) return;
            hoisted_[v.bits] = broadcast(v);
        });
        for (uint32_t p : plan_.in_vectors) {
            if (t_.operations[p].op != opcode::int_mul_ovf || hoisted_.size() + 2 > most_hoisted) continue;
            for (value_ref v : {integer(0), integer(int64_t{1} << 31)})
                if (!hoisted_.count(v.bits)) hoisted_[v.bits] = broadcast(v);
        }
    }

    value_ref in_lanes(value_ref v) {
        auto found = hoisted_.find(v.bits);
        return found != hoisted_.end() ? found->second : broadcast(v);
    }

    value_ref broadcast(value_ref v) {
        v = uniform(v);
        return add(out_.kind_of(v) == kind::floating ? opcode::vector_broadcast_f : opcode::vector_broadcast_i, {v});
    }

    // ---- a round
    void round() {
        if (plan_.guards_invalidation) guard(opcode::guard_not_invalidated, {});
        // What is read is read where the body would read it: behind the guards of its counters.
        auto needs_reading = [&](const planned_check& c) {
            return !c.other.is_none() && plan_.of(c.other).form == value_form::uniform;
        };
        for (const planned_check& c : plan_.round_checks)
            if (!needs_reading(c)) check(c);
        for (uint32_t p : plan_.uniforms) write_uniform(p);
        for (const planned_check& c : plan_.round_checks)
            if (needs_reading(c)) check(c);
        for (uint32_t p : plan_.checked_counters) write_checked_counter(p);
        for (unsigned lane = 0; lane < width_; ++lane)
            for (uint32_t p : plan_.checked_items)
                if (!plan_.values[p].in_vector) item(value_ref::result(p), lane);
        for (unsigned row = 0; row < rows_; ++row)
            for (uint32_t p : plan_.in_vectors) vectors_[row][p] = write_vector(p, row);
        if (!overflows_.is_none()) guard(opcode::guard_false, {add(opcode::vector_negative_lanes, {overflows_})});
        std::vector<value_ref> stored = items_to_store(), fields;
        for (uint32_t p : plan_.field_stores) fields.push_back(item(t_.arguments_of(t_.operations[p])[1], width_ - 1));
        std::vector<value_ref> passed;
        for (uint32_t i = 0; i < plan_.label_arguments.size(); ++i) passed.push_back(after_round(i));
        store(stored);
        for (size_t i = 0; i < fields.size(); ++i) {
            const operation& o = t_.operations[plan_.field_stores[i]];
            add(opcode::setfield, {t_.arguments_of(o)[0], fields[i]}, o.description);
        }
        for (auto& [bits, vector] : hoisted_) passed.push_back(vector);
        for (uint32_t p : plan_.invariants)
            if (t_.operations[p].result != kind::none) passed.push_back(mapped_[p]);
        out_.add(opcode::jump, passed, &rounds_);
    }

    void write_uniform(uint32_t p) {
        const operation& o = t_.operations[p];
        std::vector<value_ref> args;
        for (value_ref v : t_.arguments_of(o)) args.push_back(uniform(v));
        if (is_guard(o.op))
            guard(o.op, args);
        else
            mapped_[p] = out_.add(o.op, args, o.description);
    }

    // It is furthest out in the first or in the last iteration.
    void write_checked_counter(uint32_t p) {
        const operation& o = t_.operations[p];
        value_ref from = t_.arguments_of(o)[0], by = t_.arguments_of(o)[1];
        if (plan_.of(from).form != value_form::counter) std::swap(from, by);
        planned_value base = plan_.of(from);
        for (unsigned lane : {0u, width_ - 1}) {
            add(o.op, {counter(base, lane), uniform(by)});
            guard(opcode::guard_no_overflow, {});
        }
    }

    // The value of one iteration.
    value_ref item(value_ref v, unsigned lane) {
        planned_value planned = plan_.of(v);
        if (planned.form == value_form::invariant || planned.form == value_form::uniform) return uniform(v);
        if (planned.form == value_form::counter) return counter(planned, lane);
        if (v.index() < plan_.label) return carried(v, lane);
        value_ref& known = items_[lane][v.index()];
        if (!known.is_none()) return known;
        const operation& o = t_.operations[v.index()];
        if (o.op == opcode::getarrayitem) {
            planned_value index = plan_.of(t_.arguments_of(o)[1]);
            return known = add(opcode::getarrayitem_at,
                               {t_.arguments_of(o)[0], start_of(index), integer(index.offset + lane)}, o.description);
        }
        if (value_ref whole = vectors_[lane / lanes_][v.index()]; !whole.is_none()) {
            opcode extract = o.result == kind::floating ? opcode::vector_extract_f : opcode::vector_extract_i;
            return known = add(extract, {whole, integer(lane % lanes_)});
        }
        std::vector<value_ref> args;
        for (value_ref a : t_.arguments_of(o)) args.push_back(item(a, lane));
        known = out_.add(o.op, args, o.description);
        if (info(o.op).flags & OVERFLOW) guard(opcode::guard_no_overflow, {});
        return known;
    }

    // What the iteration before has passed on.
    value_ref carried(value_ref v, unsigned lane) {
        if (lane == 0) return v;
        for (uint32_t i = 0; i < plan_.label_arguments.size(); ++i)
            if (plan_.label_arguments[i] == v) return item(plan_.jump_arguments[i], lane - 1);
        return v;
    }

    value_ref write_vector(uint32_t p, unsigned row) {
        const operation& o = t_.operations[p];
        std::span<const value_ref> args = t_.arguments_of(o);
        if (o.op == opcode::getarrayitem) {
            planned_value index = plan_.of(args[1]);
            return add(opcode::vector_load, {args[0], start_of(index), integer(index.offset + row * lanes_)},
                       o.description);
        }
        std::vector<value_ref> operands;
        for (size_t i = 0; i < args.size(); ++i)
            operands.push_back(takes_scalar(o.op, i) ? uniform(args[i]) : vector(args[i], row));
        if (info(o.op).flags & OVERFLOW) return write_checked(o.op, operands[0], operands[1]);
        return out_.add(vector_form_of(o.op), operands);
    }

    // With a note, in the lanes' highest bits, of those that overflow: where a sum's sign is neither argument's; where
    // a difference's arguments have other signs, and it not the first one's; where a factor has more than 32 bits (that
    // is more than it must be).
    value_ref write_checked(opcode op, value_ref a, value_ref b) {
        bool sum = op == opcode::int_add_ovf;
        if (op == opcode::int_mul_ovf) {
            for (value_ref factor : {a, b}) {
                if (is_constant_vector(factor)) continue; // plan_ has looked at it
                value_ref above = add(opcode::vector_int_add, {factor, in_lanes(integer(int64_t{1} << 31))});
                value_ref high = add(opcode::vector_uint_shr, {above, integer(32)});
                note_overflows(add(opcode::vector_int_sub, {in_lanes(integer(0)), high}));
            }
            return add(opcode::vector_int_mul, {a, b});
        }
        value_ref result = add(sum ? opcode::vector_int_add : opcode::vector_int_sub, {a, b});
        value_ref first = add(opcode::vector_int_xor, {a, sum ? result : b});
        value_ref second = add(opcode::vector_int_xor, {sum ? b : a, result});
        note_overflows(add(opcode::vector_int_and, {first, second}));
        return result;
    }

    bool is_constant_vector(value_ref v) const {
        const operation& maker = out_.operations[v.index()];
        return maker.op == opcode::vector_broadcast_i && out_.arguments_of(maker)[0].is_constant();
    }

    void note_overflows(value_ref lanes) {
        overflows_ = overflows_.is_none() ? lanes : add(opcode::vector_int_or, {overflows_, lanes});
    }

    value_ref vector(value_ref v, unsigned row) {
        planned_value planned = plan_.of(v);
        switch (planned.form) {
        case value_form::invariant: return in_lanes(v);
        case value_form::uniform: return broadcast(v);
        case value_form::counter:
            return add(opcode::vector_steps, {counter(planned, row * lanes_), integer(plan_.step(planned.counter))});
        default: return vectors_[row][v.index()];
        }
    }

    // ---- its end
    // All are made before the first is stored: a load that comes later in the round must not see it.
    std::vector<value_ref> items_to_store() {
        std::vector<value_ref> all;
        for (const planned_access& access : plan_.accesses) {
            if (!access.store) continue;
            value_ref v = t_.arguments_of(t_.operations[access.position])[2];
            if (plan_.values[access.position].in_vector)
                for (unsigned row = 0; row < rows_; ++row) all.push_back(vector(v, row));
            else
                for (unsigned lane = 0; lane < width_; ++lane) all.push_back(item(v, lane));
        }
        return all;
    }

    void store(std::span<const value_ref> values) {
        for (const planned_access& access : plan_.accesses) {
            if (!access.store) continue;
            const operation& o = t_.operations[access.position];
            value_ref array = t_.arguments_of(o)[0], index = start_of(access.index);
            bool wide = plan_.values[access.position].in_vector;
            size_t count = wide ? rows_ : width_;
            for (size_t i = 0; i < count; ++i) {
                value_ref at = integer(access.index.offset + static_cast<int64_t>(i * (wide ? lanes_ : 1)));
                add(wide ? opcode::vector_store : opcode::setarrayitem_at, {array, index, at, values[i]},
                    o.description);
            }
            values = values.subspan(count);
        }
    }

    // What the label's argument is when the round is over.
    value_ref after_round(uint32_t argument) {
        value_ref now = plan_.label_arguments[argument], next = plan_.jump_arguments[argument];
        if (now == next) return now;
        if (plan_.is_counter(argument)) return counter({value_form::counter, argument}, width_);
        return item(next, width_ - 1);
    }

    const trace& t_;
    loop_token& token_;
    const vector_plan& plan_;
    const unsigned lanes_, rows_, width_; // items of a vector, vectors side by side, items of a round
    trace& out_;
    target_token &scalar_, &rounds_;
    std::vector<value_ref> mapped_;                       // of uniform operations
    std::vector<std::vector<value_ref>> items_, vectors_; // by lane or row, then by operation
    value_ref overflows_;                                 // noted in the round
    std::map<uint32_t, value_ref> hoisted_;               // by the invariant's bits
    // By label argument, invariant added and distance.
    std::map<std::tuple<uint32_t, uint32_t, int64_t>, value_ref> counters_;
};

// The most vectors that are alive at once: a row's, the invariants', and those that wait to be stored.
uint32_t vectors_alive(const trace& t, const vector_plan& plan, unsigned rows) {
    std::vector<uint32_t> last_use(t.operations.size(), 0);
    uint32_t stores = 0;
    auto use = [&](uint32_t p, value_ref v) {
        if (v.is_result()) last_use[v.index()] = std::max(last_use[v.index()], p);
    };
    for (uint32_t p : plan.in_vectors)
        for (value_ref v : t.arguments_of(t.operations[p])) use(p, v);
    for (const planned_access& access : plan.accesses) {
        if (!access.store || !plan.values[access.position].in_vector) continue;
        use(plan.jump, t.arguments_of(t.operations[access.position])[2]);
        ++stores;
    }
    uint32_t most = 0;
    for (uint32_t p : plan.in_vectors) {
        bool checked = info(t.operations[p].op).flags & OVERFLOW;
        uint32_t alive = checked ? 4 : 2; // operands made for it, and its check
        for (uint32_t earlier : plan.in_vectors) alive += earlier <= p && last_use[earlier] >= p;
        most = std::max(most, alive);
    }
    return most + most_hoisted + (rows - 1) * stores;
}

// How many operations a round does item by item, at most.
size_t item_steps(const vector_plan& plan, unsigned width) {
    size_t steps = 0;
    for (uint32_t p = plan.label + 1; p < plan.jump; ++p)
        steps += plan.values[p].form == value_form::item && !plan.values[p].in_vector;
    for (const planned_access& access : plan.accesses) steps += access.store;
    return steps * width;
}

// A sum of doubles, and little else: the additions, one after the other, take as long as the whole body.
bool is_chain_of_floats(const trace& t, const vector_plan& plan) {
    constexpr uint32_t few_guards = 2; // the index's, and that for switches of threads
    bool chain = false;
    for (value_ref v : plan.label_arguments)
        chain = chain || (t.kind_of(v) == kind::floating && plan.of(v).form == value_form::other);
    uint32_t guards = 0;
    for (uint32_t p = plan.label + 1; p < plan.jump; ++p) guards += is_guard(t.operations[p].op);
    for (const planned_access& access : plan.accesses) chain = chain && !access.store;
    return chain && guards <= few_guards;
}

// The body as a trace of its own, its label's arguments the inputs.
void write_rest(const trace& t, const vector_plan& plan, target_token& scalar, vector_form& made) {
    trace& out = made.rest;
    std::vector<value_ref> places(t.operations.size());
    for (value_ref v : plan.label_arguments) places[v.index()] = out.add(input_of(t.kind_of(v)), {});
    auto moved = [&](value_ref v) {
        if (v.is_none()) return v;
        if (!v.is_constant()) return places[v.index()];
        return out.make_constant(t.constants[v.index()].type, t.constants[v.index()].value);
    };
    std::vector<value_ref> args;
    for (uint32_t p = plan.label; p <= plan.jump; ++p) {
        const operation& o = t.operations[p];
        args.clear();
        for (value_ref v : t.arguments_of(o)) args.push_back(moved(v));
        places[p] = out.add(o.op, args, p == plan.label || p == plan.jump ? &scalar : o.description);
        out.operations.back().flags = o.flags;
        out.operations.back().guard = o.guard;
        if (!o.guard || !is_guard(o.op)) continue;
        made.fail_arguments.push_back(o.guard->fail_arguments);
        for (value_ref& v : o.guard->fail_arguments) v = moved(v);
    }
}

} // namespace

bool vectorise(const trace& optimised, loop_token& token, unsigned lanes, vector_form& made) {
    vector_plan look(optimised);
    if (lanes == 0 || !look.is_loop_with_items()) return false;
    for (unsigned rows : {2u, 1u}) {
        vector_plan plan = look;
        unsigned width = lanes * rows;
        if (!plan.make(width)) continue;
        if (vectors_alive(optimised, plan, rows) > most_vectors || item_steps(plan, width) > most_item_steps) continue;
        if (is_chain_of_floats(optimised, plan)) return false;
        made.guards_before = token.guards.size();
        made.targets_before = token.targets.size();
        std::string name = optimised.operations[plan.jump].description->name;
        if (name.ends_with(".body")) name.resize(name.size() - 5);
        target_token* rounds = token.add_target(name + ".vector");
        target_token* scalar = token.add_target(name + ".scalar");
        round_writer(optimised, token, plan, lanes, rows, made.rounds, *scalar, *rounds).write();
        write_rest(optimised, plan, *scalar, made);
        return true;
    }
    return false;
}

void undo_vectorise(const trace& optimised, loop_token& token, vector_form& made) {
    token.guards.resize(made.guards_before);
    token.targets.resize(made.targets_before);
    vector_plan plan(optimised);
    size_t next = 0;
    if (!plan.is_loop_with_items()) return;
    for (uint32_t p = plan.label; p <= plan.jump; ++p)
        if (const operation& o = optimised.operations[p]; o.guard && is_guard(o.op))
            o.guard->fail_arguments = std::move(made.fail_arguments[next++]);
}

} // namespace heddle::jit
