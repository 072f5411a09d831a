// Generating random traces: random_trace.h says what they are like.
#include "support/random_trace.h"
#include "support/concrete_run.h"
#include "support/heap_world.h"
#include <random>

namespace heddle::test {

namespace {

using namespace jit;

constexpr int64_t edge_ints[] = {0,
                                 1,
                                 -1,
                                 2,
                                 3,
                                 7,
                                 8,
                                 10,
                                 63,
                                 64,
                                 127,
                                 255,
                                 -128,
                                 256,
                                 65535,
                                 1000003,
                                 INT32_MAX,
                                 INT32_MIN,
                                 INT64_MAX,
                                 INT64_MIN,
                                 INT64_MAX - 1,
                                 INT64_MIN + 1};
const double edge_doubles[] = {
    0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 1e300, -1e-300, 9.3e18, __builtin_inf(), __builtin_nan("")};

class generator {
public:
    generator(uint64_t seed, const random_options& options) : random_(seed), options_(options), world_(world()) {}

    random_trace run(uint64_t seed) {
        random_trace made;
        made.seed = seed;
        made.is_loop = one_in(3);
        world_.reset_constants();
        add_inputs();
        if (made.is_loop) begin_loop();
        uint32_t steps = 5 + below(options_.most_steps);
        for (uint32_t i = 0; i < steps; ++i) add_step();
        made.is_loop ? end_loop() : end();
        fill_snapshots();
        made.recorded = std::move(trace_);
        return made;
    }

private:
    // ---- chance
    uint32_t below(uint32_t n) { return static_cast<uint32_t>(random_() % n); }
    bool one_in(uint32_t n) { return below(n) == 0; }
    value_ref any(const std::vector<value_ref>& pool) {
        // Later values more often.
        uint32_t n = static_cast<uint32_t>(pool.size());
        return one_in(2) ? pool[below(n)] : pool[n - 1 - below(std::min(n, 4u))];
    }
    value_ref an_int() { return one_in(4) ? trace_.make_int(a_number()) : any(ints_); }
    value_ref a_float() {
        return one_in(5) ? trace_.make_float(edge_doubles[below(std::size(edge_doubles))]) : any(floats_);
    }
    value_ref a_node() {
        return one_in(10) ? trace_.make_pointer(one_in(3) ? nullptr : world_.constants[below(2)]) : any(nodes_);
    }
    value_ref an_array(bool of_ints) {
        return one_in(12) ? trace_.make_pointer(nullptr) : any(of_ints ? int_arrays_ : ref_arrays_);
    }
    int64_t a_number() {
        return one_in(2) ? edge_ints[below(std::size(edge_ints))] : static_cast<int64_t>(random_()) >> below(64);
    }

    // ---- the trace, executed as it grows
    word concrete(value_ref v) const {
        return v.is_constant() ? trace_.constants[v.index()].value : values_.words[v.index()];
    }

    value_ref add(opcode op, std::initializer_list<value_ref> args, const descr* d = nullptr) {
        word words[6];
        uint32_t count = 0;
        for (value_ref a : args) words[count++] = concrete(a);
        value_ref result = trace_.add(op, args, d);
        values_.words.push_back(0);
        safe_.push_back(false);
        length_.push_back(-1);
        values_.rescan();
        if (!is_guard(op)) values_.words.back() = execute_any(op, d, words, overflow_);
        return result;
    }
    value_ref add_int(opcode op, std::initializer_list<value_ref> args, const descr* d = nullptr) {
        return keep(ints_, add(op, args, d));
    }
    value_ref keep(std::vector<value_ref>& pool, value_ref v) {
        pool.push_back(v);
        return v;
    }
    void guard(opcode op, std::initializer_list<value_ref> args) { add(op, args); }
    void guard_condition(value_ref condition) {
        guard(concrete(condition) ? opcode::guard_true : opcode::guard_false, {condition});
    }
    void mark_safe(value_ref v) {
        if (v.is_result()) safe_[v.index()] = true;
    }

    void add_input(opcode op, std::vector<value_ref>& pool) { pool.push_back(add(op, {})); }
    void add_inputs() {
        std::vector<word> inputs = make_inputs(0);
        for (int i = 0; i < 4; ++i) add_input(opcode::input_i, ints_);
        for (int i = 0; i < 3; ++i) add_input(opcode::input_p, nodes_);
        add_input(opcode::input_p, int_arrays_);
        add_input(opcode::input_p, ref_arrays_);
        raw_ = add(opcode::input_p, {});
        for (int i = 0; i < 2; ++i) add_input(opcode::input_f, floats_);
        values_.words = inputs;
        values_.rescan();
    }

    void begin_loop() {
        std::vector<value_ref> args;
        for (uint32_t i = 0; i < trace_.input_count; ++i) args.push_back(value_ref::result(i));
        trace_.add(opcode::label, args, &world_.loop_target);
        values_.words.push_back(0);
        safe_.push_back(false);
        length_.push_back(-1);
        value_ref more = add(opcode::int_gt, {ints_[0], trace_.make_int(0)});
        guard_condition(more);
    }

    void end_loop() {
        std::vector<value_ref> args = {add(opcode::int_sub, {value_ref::result(0), trace_.make_int(1)})};
        for (int i = 0; i < 3; ++i) args.push_back(any(ints_));
        for (int i = 0; i < 3; ++i) args.push_back(any(nodes_));
        args.push_back(any(int_arrays_));
        args.push_back(any(ref_arrays_));
        args.push_back(raw_);
        for (int i = 0; i < 2; ++i) args.push_back(any(floats_));
        trace_.add(opcode::jump, args, &world_.loop_target);
    }

    void end() {
        switch (below(5)) {
        case 0: trace_.add(opcode::finish, {any(nodes_)}); break;
        case 1: trace_.add(opcode::finish, {any(floats_)}); break;
        case 2: guard(opcode::guard_always_fails, {}); break;
        default: trace_.add(opcode::finish, {any(ints_)}); break;
        }
    }

    // ---- steps
    void add_step() {
        uint32_t kind = below(100);
        if (kind < 30) return add_arithmetic();
        if (kind < 40) return add_guard();
        if (kind < 50) return options_.floats ? add_float() : add_arithmetic();
        if (!options_.heap) return one_in(2) ? add_overflow() : add_arithmetic();
        if (kind < 60) return add_allocation();
        if (kind < 75) return add_field_access();
        if (kind < 85) return add_array_access();
        if (kind < 88) return add_pointer_test();
        if (kind < 91) return add_raw_access();
        if (kind < 93) return add_copy();
        if (kind < 97) return options_.calls ? add_call() : add_field_access();
        return add_overflow();
    }

    void add_arithmetic() {
        static const opcode binary[] = {opcode::int_add,  opcode::int_sub, opcode::int_mul, opcode::int_and,
                                        opcode::int_or,   opcode::int_xor, opcode::int_shl, opcode::int_shr,
                                        opcode::uint_shr, opcode::int_lt,  opcode::int_le,  opcode::int_eq,
                                        opcode::int_ne,   opcode::int_gt,  opcode::int_ge,  opcode::uint_lt,
                                        opcode::uint_le,  opcode::uint_gt, opcode::uint_ge, opcode::uint_mul_high};
        static const opcode unary[] = {
            opcode::int_neg,        opcode::int_invert,        opcode::int_is_zero,        opcode::int_is_true,
            opcode::int_count_ones, opcode::int_leading_zeros, opcode::int_trailing_zeros, opcode::same_as_i};
        switch (below(8)) {
        case 0: add_int(unary[below(std::size(unary))], {an_int()}); break;
        case 1:
            add_int(one_in(2) ? opcode::int_sign_extend : opcode::int_zero_extend,
                    {an_int(),
                     trace_.make_int(one_in(2) ? 8 << below(trace_int_bits / 32 + 1) : 1 + below(trace_int_bits - 1))});
            break;
        case 2: add_division(); break;
        case 3: add_int(opcode::int_and, {an_int(), trace_.make_int((int64_t{1} << below(20)) - 1)}); break;
        default: add_int(binary[below(std::size(binary))], {an_int(), an_int()}); break;
        }
    }

    void add_division() {
        static const opcode divisions[] = {opcode::int_div, opcode::int_mod, opcode::uint_div, opcode::uint_mod};
        value_ref divisor = an_int();
        int64_t d = static_cast<int64_t>(concrete(divisor));
        if (d == 0 || d == -1) return;
        if (!divisor.is_constant()) {
            guard_condition(add(opcode::int_eq, {divisor, trace_.make_int(0)}));
            guard_condition(add(opcode::int_eq, {divisor, trace_.make_int(-1)}));
        }
        add_int(divisions[below(4)], {an_int(), divisor});
    }

    void add_overflow() {
        static const opcode checked[] = {opcode::int_add_ovf, opcode::int_sub_ovf, opcode::int_mul_ovf};
        value_ref a = an_int(), b = an_int();
        if (one_in(2)) a = add_int(opcode::int_and, {a, trace_.make_int(4095)});
        value_ref result = add(checked[below(3)], {a, b});
        bool overflowed = overflow_;
        guard(overflowed ? opcode::guard_overflow : opcode::guard_no_overflow, {});
        if (!overflowed) ints_.push_back(result);
    }

    void add_guard() {
        static const opcode comparisons[] = {opcode::int_lt,  opcode::int_le,  opcode::int_eq, opcode::int_ne,
                                             opcode::uint_lt, opcode::uint_ge, opcode::int_gt};
        switch (below(5)) {
        case 0: guard_condition(any(ints_)); break;
        case 1: {
            value_ref v = any(ints_);
            guard(opcode::guard_value, {v, trace_.make_int(static_cast<int64_t>(concrete(v)))});
            break;
        }
        default: guard_condition(add_int(comparisons[below(std::size(comparisons))], {any(ints_), an_int()})); break;
        }
    }

    void add_float() {
        static const opcode binary[] = {opcode::float_add, opcode::float_sub, opcode::float_mul, opcode::float_div};
        static const opcode unary[] = {opcode::float_neg, opcode::float_abs, opcode::float_sqrt, opcode::same_as_f};
        static const opcode comparisons[] = {opcode::float_lt, opcode::float_le, opcode::float_eq,
                                             opcode::float_ne, opcode::float_gt, opcode::float_ge};
        switch (below(6)) {
        case 0: keep(floats_, add(unary[below(std::size(unary))], {a_float()})); break;
        case 1: add_int(opcode::float_to_int, {a_float()}); break;
        case 2: keep(floats_, add(opcode::int_to_float, {an_int()})); break;
        case 3: {
            value_ref condition = add_int(comparisons[below(std::size(comparisons))], {a_float(), a_float()});
            if (one_in(2)) guard_condition(condition);
            break;
        }
        default: keep(floats_, add(binary[below(std::size(binary))], {a_float(), a_float()})); break;
        }
    }

    // ---- the heap
    // A value of the field's type: fields of a class of objects hold that class or null.
    value_ref a_value_for(const field_descr& field) {
        if (field.shape.slot_kind == kind::floating) return a_float();
        if (field.shape.slot_kind == kind::integer) return an_int();
        if (&field == &world_.ints) return an_array(true);
        if (&field == &world_.refs) return an_array(false);
        return a_node();
    }
    void keep_loaded(const field_descr& field, value_ref v) {
        if (field.shape.slot_kind == kind::floating)
            floats_.push_back(v);
        else if (field.shape.slot_kind == kind::integer)
            ints_.push_back(v);
        else if (&field == &world_.ints)
            int_arrays_.push_back(v);
        else if (&field == &world_.refs)
            ref_arrays_.push_back(v);
        else
            nodes_.push_back(v);
    }

    void add_allocation() {
        if (one_in(3)) return add_array_allocation(one_in(2));
        bool leaf = one_in(2);
        value_ref made = add(opcode::new_object, {}, leaf ? &world_.leaf_size : &world_.node_size);
        uint32_t first = below(10);
        for (uint32_t i = 0; i < 10; ++i) {
            const field_descr* field = world_.node_fields[(first + i) % 10];
            add(opcode::setfield, {made, a_value_for(*field)}, field);
        }
        mark_safe(made);
        nodes_.push_back(made);
    }

    void add_array_allocation(bool of_ints) {
        const array_descr& array = of_ints ? world_.int_array : world_.ref_array;
        bool known = of_ints || one_in(2);
        value_ref length = known ? trace_.make_int(below(6)) : add_int(opcode::int_and, {an_int(), trace_.make_int(7)});
        value_ref made = add(opcode::new_array, {length}, &array);
        int64_t count = static_cast<int64_t>(concrete(length));
        for (int64_t i = 0; known && i < count; ++i)
            if (of_ints || one_in(2))
                add(opcode::setarrayitem, {made, trace_.make_int(i), of_ints ? an_int() : a_node()}, &array);
        mark_safe(made);
        if (known) length_[made.index()] = count;
        (of_ints ? int_arrays_ : ref_arrays_).push_back(made);
    }

    // Guards so that the value is a known object; false when it is null now.
    bool make_safe_node(value_ref v) {
        if (v.is_constant()) return concrete(v) != 0;
        if (safe_[v.index()]) return true;
        void* object = reinterpret_cast<void*>(concrete(v));
        if (!object) {
            if (one_in(2))
                guard(opcode::guard_is_null, {v});
            else
                guard_condition(add_int(opcode::ptr_is_null, {v}));
            return false;
        }
        value_ref type = trace_.make_pointer(gc::type_of(object));
        if (one_in(2)) {
            guard(opcode::guard_nonnull_class, {v, type});
        } else {
            if (one_in(2))
                guard(opcode::guard_nonnull, {v});
            else
                guard_condition(add_int(opcode::ptr_is_nonnull, {v}));
            if (one_in(4))
                guard(opcode::guard_value, {add(opcode::load_class, {v}), type});
            else if (one_in(2))
                guard(opcode::guard_class, {v, type});
        }
        for (int i = 0; i < 2; ++i)
            if (object == world_.constants[i] && one_in(2))
                guard(opcode::guard_value, {v, trace_.make_pointer(object)});
        mark_safe(v);
        return true;
    }

    void add_field_access() {
        if (one_in(8)) return add_global_access();
        value_ref object = a_node();
        if (!make_safe_node(object)) return;
        const field_descr* field = world_.node_fields[below(10)];
        if (one_in(2) || field->immutable)
            keep_loaded(*field, add(opcode::getfield, {object}, field));
        else
            add(opcode::setfield, {object, a_value_for(*field)}, field);
    }

    void add_global_access() {
        value_ref global = trace_.make_pointer(&world_.global_error);
        if (one_in(2))
            keep(nodes_, add(opcode::getfield, {global}, &world_.error));
        else
            add(opcode::setfield, {global, a_node()}, &world_.error);
    }

    // An index in range, guarded where need be; none when there is no such.
    value_ref a_safe_index(value_ref array, const array_descr& type) {
        int64_t length = static_cast<int64_t>(load_length(concrete(array)));
        if (length == 0) return {};
        int64_t known = array.is_result() ? length_[array.index()] : -1;
        if (known > 0 && one_in(2)) return trace_.make_int(below(static_cast<uint32_t>(known)));
        value_ref total = add_int(opcode::arraylen, {array}, &type);
        if (one_in(2)) {
            int64_t index = below(static_cast<uint32_t>(length));
            guard_condition(add(opcode::int_gt, {total, trace_.make_int(index)}));
            return trace_.make_int(index);
        }
        value_ref index = add_int(opcode::int_and, {an_int(), trace_.make_int(one_in(2) ? 3 : 0)});
        value_ref inside = add(opcode::uint_lt, {index, total});
        guard_condition(inside);
        return concrete(inside) ? index : value_ref();
    }

    bool make_safe_array(value_ref v) {
        if (v.is_constant()) return false;
        if (safe_[v.index()]) return true;
        if (concrete(v) == 0) return false;
        if (one_in(2))
            guard(opcode::guard_nonnull, {v});
        else
            guard(opcode::guard_nonnull_class,
                  {v, trace_.make_pointer(gc::type_of(reinterpret_cast<void*>(concrete(v))))});
        mark_safe(v);
        return true;
    }

    void add_array_access() {
        bool of_ints = one_in(2);
        const array_descr& type = of_ints ? world_.int_array : world_.ref_array;
        value_ref array = an_array(of_ints);
        if (!make_safe_array(array)) return;
        value_ref index = a_safe_index(array, type);
        if (index.is_none()) return;
        if (one_in(2))
            keep(of_ints ? ints_ : nodes_, add(opcode::getarrayitem, {array, index}, &type));
        else
            add(opcode::setarrayitem, {array, index, of_ints ? an_int() : a_node()}, &type);
    }

    void add_copy() {
        bool of_ints = one_in(2);
        const array_descr& type = of_ints ? world_.int_array : world_.ref_array;
        value_ref source = an_array(of_ints), destination = an_array(of_ints);
        if (!make_safe_array(source) || !make_safe_array(destination)) return;
        for (value_ref v : {source, destination})
            if (length_[v.index()] < 0) {
                int64_t length = static_cast<int64_t>(load_length(concrete(v)));
                guard(opcode::guard_value, {add(opcode::arraylen, {v}, &type), trace_.make_int(length)});
                length_[v.index()] = length;
            }
        uint32_t from = below(static_cast<uint32_t>(length_[source.index()]) + 1),
                 to = below(static_cast<uint32_t>(length_[destination.index()]) + 1);
        uint32_t count = below(
            static_cast<uint32_t>(std::min(length_[source.index()] - from, length_[destination.index()] - to)) + 1);
        add(opcode::copy_array,
            {source, trace_.make_int(from), destination, trace_.make_int(to), trace_.make_int(count)}, &type);
    }

    void add_pointer_test() {
        switch (below(5)) {
        case 0: add_int(opcode::ptr_is_null, {a_node()}); break;
        case 1: keep(nodes_, add(opcode::same_as_p, {a_node()})); break;
        default: {
            value_ref condition = add_int(one_in(2) ? opcode::ptr_eq : opcode::ptr_ne, {a_node(), a_node()});
            if (one_in(2)) guard_condition(condition);
        }
        }
    }

    void add_raw_access() {
        value_ref offset =
            one_in(2) ? trace_.make_int(8 * below(8)) : add_int(opcode::int_and, {an_int(), trace_.make_int(56)});
        const raw_descr* shapes[] = {&world_.raw_word, &world_.raw_int, &world_.raw_double};
        const raw_descr& shape = *shapes[below(3)];
        bool floating = shape.shape.slot_kind == kind::floating;
        if (one_in(2))
            add(opcode::raw_store, {raw_, offset, floating ? a_float() : an_int()}, &shape);
        else if (floating)
            keep(floats_, add(opcode::raw_load, {raw_, offset}, &world_.raw_double));
        else
            add_int(opcode::raw_load, {raw_, offset}, &shape);
    }

    void add_call() {
        auto function = [&](int i) { return trace_.make_pointer(world_.functions[i]); };
        switch (below(6)) {
        case 0: add_int(opcode::call_pure, {function(0), an_int(), an_int()}, &world_.pure_sum); break;
        case 1: add_int(opcode::call, {function(1), a_node(), an_int()}, &world_.set_value); break;
        case 2: add_int(opcode::call, {function(2), a_node(), an_int()}, &world_.scramble); break;
        case 3: {
            value_ref made = keep(nodes_, add(opcode::call, {function(3), an_int()}, &world_.make_node));
            mark_safe(made);
            break;
        }
        case 4: keep(floats_, add(opcode::call, {function(4), a_float()}, &world_.half)); break;
        default:
            add(opcode::debug_merge_point, {trace_.make_int(0), trace_.make_int(0), trace_.make_int(a_number())});
            break;
        }
    }

    // ---- snapshots: at each guard, what it and the operations after it use, in two frames
    void fill_snapshots() {
        uint32_t count = static_cast<uint32_t>(trace_.operations.size());
        std::vector<bool> live(count, false);
        std::vector<uint32_t> needed;
        for (uint32_t i = count; i-- > trace_.input_count;) {
            operation& o = trace_.operations[i];
            live[i] = false;
            for (value_ref v : trace_.arguments_of(o))
                if (v.is_result()) live[v.index()] = true;
            if (o.op == opcode::label || !is_guard(o.op)) continue;
            // At a guard of an overflow operation one goes on from that operation.
            uint32_t resumed = o.op == opcode::guard_no_overflow || o.op == opcode::guard_overflow ? i - 1 : i;
            std::vector<bool> used = live;
            for (value_ref v : trace_.arguments_of(trace_.operations[resumed]))
                if (v.is_result()) used[v.index()] = true;
            needed.clear();
            for (uint32_t v = 0; v < resumed; ++v)
                if (used[v]) needed.push_back(v);
            size_t inner = needed.size() / 2;
            add_frame(i, 1, needed.begin(), needed.begin() + static_cast<long>(inner));
            add_frame(i, 0, needed.begin() + static_cast<long>(inner), needed.end());
            o.snapshot = static_cast<uint32_t>(trace_.snapshot_frames.size() - 2);
            trace_.snapshot_frames[o.snapshot].parent = o.snapshot + 1;
        }
    }

    template <typename iterator> void add_frame(uint32_t position, uint32_t jitcode, iterator begin, iterator end) {
        uint32_t first = static_cast<uint32_t>(trace_.snapshot_values.size());
        for (; begin != end; ++begin) trace_.snapshot_values.push_back(value_ref::result(*begin));
        if (position % 3 == 0) trace_.snapshot_values.push_back(value_ref()); // a register that holds nothing yet
        uint32_t count = static_cast<uint32_t>(trace_.snapshot_values.size()) - first;
        trace_.snapshot_frames.push_back({jitcode, position, first, count, UINT32_MAX});
    }

    std::mt19937_64 random_;
    random_options options_;
    heap_world& world_;
    trace trace_;
    scanned_words values_;
    std::vector<bool> safe_;
    std::vector<int64_t> length_; // of arrays, where known
    std::vector<value_ref> ints_, floats_, nodes_, int_arrays_, ref_arrays_;
    value_ref raw_;
    bool overflow_ = false;
};

} // namespace

random_trace generate_trace(uint64_t seed, const random_options& options) { return generator(seed, options).run(seed); }

} // namespace heddle::test
