// Random traces: loops of random operations with bridges grown from random guards, on every backend against the
// portable one. HEDDLE_TEST_SEED=n repeats one seed; HEDDLE_TEST_ROUNDS=n runs more of them.
#include "harness.h"
#include "support/heap_world.h"
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <random>

using namespace backend_test;
using heddle::test::node;
using heddle::test::world;

namespace {

constexpr int memory_words = 32;

// Makes traces. The same seed gives the same trace, whatever the backend: targets and guards are the only difference.
class generator {
public:
    generator(uint64_t seed, unit& u) : random_(seed), unit_(u) {}

    // Inputs: a counter, the memory, a node, then integers and doubles.
    void loop(trace& t, size_t integers, size_t doubles, size_t length) {
        begin(t);
        for (size_t i = 0; i < 3 + integers + doubles; ++i) {
            opcode in = i == 0 || (i >= 3 && i < 3 + integers) ? opcode::input_i
                        : i < 3                                ? opcode::input_p
                                                               : opcode::input_f;
            inputs_.push_back(t.add(in, {}));
        }
        if (below(3)) label(t, inputs_); // sometimes a preamble first
        take_live(inputs_);
        some_operations(below(10));
        if (unit_.token.targets.empty()) {
            // The label's arguments: the counter, memory and node, and some of what there is, shuffled.
            std::vector<value_ref> all(live_.begin() + 3, live_.end());
            std::shuffle(all.begin(), all.end(), random_);
            all.resize(std::min<size_t>(all.size(), 1 + below(14)));
            all.insert(all.begin(), live_.begin(), live_.begin() + 3);
            label(t, all);
            take_live(all);
        }
        some_operations(length);
        count_down();
        jump();
    }

    void bridge(trace& t, const guard_data& guard, size_t length) {
        begin(t);
        for (kind k : guard.fail_kinds) inputs_.push_back(t.add(input_of(k), {}));
        take_live(inputs_);
        some_operations(length);
        count_down();
        if (below(4) == 0)
            finish();
        else
            jump();
    }

private:
    uint64_t below(uint64_t limit) { return random_() % limit; }

    void begin(trace& t) {
        t_ = &t;
        inputs_.clear();
        live_.clear();
    }
    void take_live(const std::vector<value_ref>& values) { live_ = values; }

    void label(trace& t, const std::vector<value_ref>& args) {
        target_token& target = unit_.target("label" + std::to_string(unit_.token.targets.size()));
        for (value_ref v : args) target.kinds.push_back(t.kind_of(v));
        t.add(opcode::label, std::span(args.data(), args.size()), &target);
    }

    value_ref constant(kind k) {
        static const int64_t integers[] = {0,   1,       -1,        2,         3,         7,         8,         63,
                                           255, 1 << 20, INT32_MAX, INT32_MIN, 1ll << 40, INT64_MAX, INT64_MIN, -77};
        static const double doubles[] = {0, -0.0, 1, -1, 0.5, 1e10, 3.25, 1e-300, -1e18};
        if (k == kind::integer) return t_->make_int(below(3) ? integers[below(16)] : static_cast<int64_t>(random_()));
        if (k == kind::floating) return t_->make_float(doubles[below(9)]);
        return t_->make_pointer(world().constants[below(2)]);
    }

    // A live value of the kind; sometimes, and when there is none, a constant.
    value_ref pick(kind k, bool may_be_constant = true) {
        if (may_be_constant && below(6) == 0) return constant(k);
        for (int attempt = 0; attempt < 12; ++attempt) {
            value_ref v = live_[below(live_.size())];
            if (v == live_[1] || t_->kind_of(v) != k) continue; // the memory is no node
            return v;
        }
        return constant(k);
    }
    value_ref counter() { return live_[0]; }
    value_ref memory() { return live_[1]; }

    void keep(value_ref v) { live_.push_back(v); }

    void guard(opcode op, std::initializer_list<value_ref> args) {
        value_ref g = t_->add(op, args);
        operation& o = t_->operations[g.index()];
        o.snapshot = static_cast<uint32_t>(t_->snapshot_frames.size());
        uint32_t first = static_cast<uint32_t>(t_->snapshot_values.size());
        for (int i = 0; i < 3; ++i) t_->snapshot_values.push_back(live_[static_cast<size_t>(i)]);
        uint64_t count = below(3) ? below(8) : below(live_.size() * 2);
        for (uint64_t i = 0; i < count; ++i) {
            value_ref v = live_[below(live_.size())];
            if (!(v == live_[1])) t_->snapshot_values.push_back(v);
        }
        t_->snapshot_frames.push_back(
            {0, 0, first, static_cast<uint32_t>(t_->snapshot_values.size()) - first, UINT32_MAX});
    }

    void some_operations(size_t count) {
        for (size_t i = 0; i < count; ++i) one_operation();
    }

    void one_operation() {
        switch (below(16)) {
        case 0:
        case 1:
        case 2:
        case 3:
        case 4: return pure(random_pure());
        case 5: return overflow();
        case 6: return comparison_guard();
        case 7: return value_guard();
        case 8: return raw_access();
        case 9:
        case 10: return field_access();
        case 11: return calls();
        case 12: return allocation();
        case 13: return pointer_guard();
        case 14: return live_.size() > 40 ? forget() : pure(random_pure());
        default: return float_operation();
        }
    }
    void forget() {
        live_.erase(live_.begin() + 3, live_.begin() + static_cast<ptrdiff_t>(3 + below(live_.size() - 3)));
    }

    opcode random_pure() {
        for (;;) {
            opcode op = static_cast<opcode>(below(static_cast<uint64_t>(opcode::count)));
            uint32_t flags = info(op).flags;
            if (!(flags & PURE) || (flags & (DESCR | CALL | OVERFLOW | VECTOR))) continue;
            switch (op) { // what depends on addresses or on a NaN's bits, and what yields wild pointers
            case opcode::load_class:
            case opcode::ptr_add:
            case opcode::ptr_to_int:
            case opcode::int_to_ptr:
            case opcode::float_to_bits:
            case opcode::bits_to_float: continue;
            default: return op;
            }
        }
    }

    void pure(opcode op) {
        value_ref args[2];
        std::string_view kinds = info(op).arguments;
        for (size_t i = 0; i < kinds.size(); ++i) args[i] = pick(kind_of_letter(kinds[i]));
        if (op == opcode::int_sign_extend || op == opcode::int_zero_extend)
            args[1] = t_->make_int(static_cast<int64_t>(1 + below(trace_int_bits - 1)));
        if (op == opcode::int_div || op == opcode::int_mod || op == opcode::uint_div || op == opcode::uint_mod) {
            // A divisor from 1 to 2^31: neither zero nor -1.
            value_ref small = t_->add(opcode::int_zero_extend, {args[1], t_->make_int(31)});
            args[1] = t_->add(opcode::int_add, {small, t_->make_int(1)});
        }
        keep(t_->add(op, std::span(args, kinds.size())));
    }

    void float_operation() {
        static const opcode ops[] = {opcode::float_add, opcode::float_sub, opcode::float_mul,
                                     opcode::float_div, opcode::float_neg, opcode::int_to_float};
        pure(ops[below(6)]);
    }

    void overflow() {
        static const opcode ops[] = {opcode::int_add_ovf, opcode::int_sub_ovf, opcode::int_mul_ovf};
        value_ref result = t_->add(ops[below(3)], {pick(kind::integer), pick(kind::integer)});
        guard(below(4) ? opcode::guard_no_overflow : opcode::guard_overflow, {});
        keep(result);
    }

    void comparison_guard() {
        for (;;) {
            opcode op = random_pure();
            bool compares = (op >= opcode::int_lt && op <= opcode::int_is_true) ||
                            (op >= opcode::float_lt && op <= opcode::float_ge);
            if (!compares) continue;
            pure(op);
            break;
        }
        value_ref truth = live_.back();
        if (below(2)) live_.pop_back();
        if (below(8) == 0) pure(random_pure());
        guard(below(2) ? opcode::guard_true : opcode::guard_false, {truth});
    }

    void value_guard() {
        value_ref v = pick(below(4) ? kind::integer : kind::floating, false);
        if (v.is_constant()) return;
        value_ref reduced = t_->kind_of(v) == kind::integer ? t_->add(opcode::int_and, {v, t_->make_int(1)}) : v;
        guard(opcode::guard_value, {reduced, constant(t_->kind_of(v))});
    }

    void raw_access() {
        bool wide = below(2);
        const raw_descr& d = wide ? (below(2) ? world().raw_word : world().raw_double) : world().raw_int;
        value_ref offset = t_->make_int(static_cast<int64_t>(8 * below(memory_words)));
        if (below(2)) {
            value_ref masked = t_->add(opcode::int_and, {pick(kind::integer), t_->make_int(memory_words - 1)});
            offset = t_->add(opcode::int_shl, {masked, t_->make_int(3)});
        }
        // Each type of slot has its half of the memory, so that no NaN is read as an integer.
        if (&d == &world().raw_double) offset = t_->add(opcode::int_add, {offset, t_->make_int(8 * memory_words)});
        if (below(2))
            keep(t_->add(opcode::raw_load, {memory(), offset}, &d));
        else
            t_->add(opcode::raw_store, {memory(), offset, pick(d.shape.slot_kind)}, &d);
    }

    value_ref node_value() {
        value_ref p = pick(kind::pointer);
        guard(opcode::guard_nonnull, {p});
        return p;
    }

    void field_access() {
        const heddle::test::heap_world& w = world();
        static const field_descr* fields[] = {&w.next, &w.other, &w.value, &w.weight, &w.small, &w.byte, &w.ratio};
        const field_descr& f = *fields[below(7)];
        value_ref p = node_value();
        if (below(2))
            keep(t_->add(opcode::getfield, {p}, &f));
        else
            t_->add(opcode::setfield, {p, pick(f.shape.slot_kind)}, &f);
    }

    void calls() {
        const heddle::test::heap_world& w = world();
        switch (below(5)) {
        case 0:
            return keep(
                t_->add(opcode::call_pure, {address(0), pick(kind::integer), pick(kind::integer)}, &w.pure_sum));
        case 1:
            return keep(t_->add(opcode::call, {address(1), pick(kind::pointer), pick(kind::integer)}, &w.set_value));
        case 2: return keep(t_->add(opcode::call, {address(2), pick(kind::pointer), pick(kind::integer)}, &w.scramble));
        case 3: return keep(t_->add(opcode::call, {address(3), pick(kind::integer)}, &w.make_node));
        default: return keep(t_->add(opcode::call, {address(4), pick(kind::floating)}, &w.half));
        }
    }
    value_ref address(int i) {
        return t_->make_int(static_cast<int64_t>(reinterpret_cast<intptr_t>(world().functions[i])));
    }

    void allocation() {
        const heddle::test::heap_world& w = world();
        if (below(3) == 0) {
            value_ref array =
                t_->add(opcode::new_array, {t_->make_int(static_cast<int64_t>(1 + below(20)))}, &w.ref_array);
            value_ref index = t_->make_int(0);
            t_->add(opcode::setarrayitem, {array, index, pick(kind::pointer)}, &w.ref_array);
            if (below(2)) calls();
            return keep(t_->add(opcode::getarrayitem, {array, index}, &w.ref_array));
        }
        value_ref p = t_->add(opcode::new_object, {}, below(2) ? &w.node_size : &w.leaf_size);
        // Data fields are undefined until stored.
        t_->add(opcode::setfield, {p, pick(kind::integer)}, &w.value);
        t_->add(opcode::setfield, {p, pick(kind::floating)}, &w.weight);
        if (below(2)) t_->add(opcode::setfield, {p, pick(kind::pointer)}, &w.next);
        t_->add(opcode::setfield, {p, pick(kind::integer)}, &w.small);
        t_->add(opcode::setfield, {p, pick(kind::integer)}, &w.byte);
        t_->add(opcode::setfield, {p, pick(kind::floating)}, &w.ratio);
        keep(p);
    }

    void pointer_guard() {
        value_ref type = t_->make_pointer(below(2) ? &world().node_type : &world().leaf_type);
        if (below(2))
            guard(opcode::guard_nonnull_class, {pick(kind::pointer), type});
        else
            guard(opcode::guard_class, {node_value(), type});
    }

    void count_down() {
        value_ref less = t_->add(opcode::int_sub, {counter(), t_->make_int(1)});
        live_[0] = less;
        value_ref more = t_->add(opcode::int_gt, {less, t_->make_int(0)});
        guard(opcode::guard_true, {more});
    }

    void jump() {
        const target_token& target = *unit_.token.targets[below(unit_.token.targets.size())];
        std::vector<value_ref> args(live_.begin(), live_.begin() + 3);
        for (size_t i = 3; i < target.kinds.size(); ++i) args.push_back(pick(target.kinds[i]));
        t_->add(opcode::jump, std::span(args.data(), args.size()), &target);
    }
    void finish() {
        value_ref result = pick(kind::integer);
        t_->add(opcode::finish, {result});
    }

    std::mt19937_64 random_;
    unit& unit_;
    trace* t_ = nullptr;
    std::vector<value_ref> inputs_, live_;
};

// What is left of a run, in a form that does not depend on addresses.
std::string value_seen(kind k, word v, const uint64_t* memory) {
    if (k == kind::floating) return std::isnan(word_to_double(v)) ? "nan" : std::to_string(v);
    if (k == kind::integer) return std::to_string(static_cast<int64_t>(v));
    if (v == 0) return "null";
    if (v == pointer_word(memory)) return "memory";
    const node* n = word_to_pointer<const node>(v);
    std::string text = std::string(gc::type_of(n)->name) + ":" + std::to_string(n->value) + ":" +
                       std::to_string(n->small) + ":" + std::to_string(n->byte);
    text += n->next == nullptr ? "-" : "+";
    text += n->other == nullptr ? "-" : "+";
    return text + value_seen(kind::floating, double_to_word(n->weight), memory) +
           value_seen(kind::floating, double_to_word(n->ratio), memory);
}

std::string run_and_describe(unit& u, uint64_t seed) {
    std::mt19937_64 random(seed);
    world().reset_constants();
    static uint64_t memory[2 * memory_words];
    for (size_t i = 0; i < 2 * memory_words; ++i)
        memory[i] =
            i < memory_words ? integer_word(random()) : double_to_word(static_cast<double>(random() % 1000) / 4);
    node* start = static_cast<node*>(world().new_node(random() & 1));
    start->value = 55;
    std::vector<word> inputs{1 + random() % 12, pointer_word(memory), pointer_word(start)};
    for (size_t i = 3; i < u.token.input_kinds.size(); ++i) {
        word bits = random() % 3 ? random() % 100 : random();
        inputs.push_back(u.token.input_kinds[i] == kind::floating
                             ? double_to_word(static_cast<double>(static_cast<int64_t>(bits)) / 8)
                             : integer_word(bits));
    }
    exit_state exit = u.where.execute(u.token, inputs.data());
    std::string seen = exit.guard ? "guard " + std::to_string(exit.guard->number) + ":" : "finished: ";
    if (exit.guard)
        for (size_t i = 0; i < exit.guard->fail_kinds.size(); ++i)
            seen += " " + value_seen(exit.guard->fail_kinds[i], exit.values[i], memory);
    else
        seen += std::to_string(exit.values[0]);
    for (size_t i = 0; i < 2 * memory_words; ++i)
        seen += i % 8 ? "," : "\n",
            seen += value_seen(i < memory_words ? kind::integer : kind::floating, memory[i], memory);
    for (int i = 0; i < 2; ++i) seen += "\n" + value_seen(kind::pointer, pointer_word(world().constants[i]), memory);
    return seen;
}

int failed_guard(const std::string& seen) { return seen.starts_with("guard ") ? std::atoi(seen.c_str() + 6) : -1; }

void one_round(std::vector<named_backend>& all, uint64_t seed) {
    INFO("HEDDLE_TEST_SEED=" << seed);
    std::mt19937_64 random(seed);
    uint64_t trace_seed = random();
    size_t integers = 1 + random() % 16, doubles = random() % 8, length = 5 + random() % 60;
    int bridges = static_cast<int>(random() % 8);
    std::vector<std::unique_ptr<unit>> units;
    std::string text;
    for (named_backend& b : all) {
        units.push_back(std::make_unique<unit>(*b.what));
        trace t;
        generator(trace_seed, *units.back()).loop(t, integers, doubles, length);
        if (text.empty()) text = print(t);
        std::string problem = units.back()->compile(t);
        if (!problem.empty()) FAIL(b.name << ": " << problem << "\n" << text);
    }
    for (int round = 0; round <= bridges; ++round) {
        int guard = -1;
        for (int run = 0; run < 4; ++run) {
            uint64_t input_seed = random();
            std::string expected = run_and_describe(*units[0], input_seed);
            guard = std::max(guard, failed_guard(expected));
            for (size_t i = 1; i < units.size(); ++i) {
                std::string seen = run_and_describe(*units[i], input_seed);
                if (seen != expected)
                    FAIL(all[i].name << ", HEDDLE_TEST_SEED=" << seed << ", round " << round << ":\n"
                                     << seen << "\nexpected:\n"
                                     << expected << "\n"
                                     << text);
            }
        }
        if (guard < 0 || units[0]->token.guards[static_cast<size_t>(guard)]->bridge) continue;
        uint64_t bridge_seed = random();
        size_t bridge_length = random() % 30;
        for (size_t i = 0; i < units.size(); ++i) {
            guard_data& data = *units[i]->token.guards[static_cast<size_t>(guard)];
            trace t;
            generator(bridge_seed, *units[i]).bridge(t, data, bridge_length);
            std::string problem = units[i]->compile_bridge(t, data);
            if (i == 0) text += "bridge of guard " + std::to_string(guard) + ":\n" + print(t);
            if (!problem.empty()) FAIL(all[i].name << ": " << problem << "\n" << text);
        }
    }
}

} // namespace

TEST_CASE("random loops and bridges: every backend agrees with the portable one") {
    start_collector();
    auto all = all_backends();
    if (const char* chosen = std::getenv("HEDDLE_TEST_SEED")) {
        one_round(all, std::strtoull(chosen, nullptr, 10));
        return;
    }
    const char* rounds = std::getenv("HEDDLE_TEST_ROUNDS");
    uint64_t seed = std::random_device()();
    for (int i = 0; i < (rounds ? std::atoi(rounds) : 300); ++i) one_round(all, seed * 1000 + static_cast<uint64_t>(i));
}
