// The reference interpreter of recorded traces, and the check of optimised ones against it.
#include "support/concrete_run.h"
#include "support/heap_world.h"
#include "support/random_trace.h"
#include <cmath>
#include <cstdlib>
#include <random>
#include <unordered_map>

namespace heddle::test {

using namespace jit;

namespace {

alignas(8) unsigned char raw_memory[64];

std::string text_of_double(word w) { return std::isnan(word_to_double(w)) ? "nan" : std::to_string(w); }

// The heap as text: objects are numbered as they are reached.
class describer {
public:
    void add(kind k, word w) {
        out_ += ' ';
        if (k == kind::integer)
            out_ += std::to_string(static_cast<int64_t>(w));
        else if (k == kind::floating)
            out_ += text_of_double(w);
        else if (k == kind::pointer)
            add_pointer(w);
    }
    std::string finish() {
        for (size_t i = 0; i < objects_.size(); ++i) add_object(i, objects_[i]);
        out_ += "\nraw";
        for (unsigned i = 0; i < sizeof raw_memory; i += 8) {
            word w;
            std::memcpy(&w, raw_memory + i, 8);
            out_ += ' ' + text_of_double(w);
        }
        return out_;
    }

private:
    void add_pointer(word w) {
        heap_world& world_here = world();
        void* p = reinterpret_cast<void*>(w);
        if (!p)
            out_ += "null";
        else if (p == raw_memory)
            out_ += "raw";
        else if (p == &world_here.node_type || p == &world_here.leaf_type)
            out_ += "class";
        else if (!gc::is_object(p))
            out_ += "not-an-object";
        else {
            auto [found, fresh] = numbers_.emplace(p, objects_.size());
            if (fresh) objects_.push_back(p);
            out_ += '@' + std::to_string(found->second);
        }
    }
    void add_object(size_t number, void* p) {
        heap_world& w = world();
        const gc::type_info* type = gc::type_of(p);
        out_ += "\n@" + std::to_string(number) + " " + type->name;
        if (type == &w.node_type || type == &w.leaf_type) {
            bool vtable_is_right = *static_cast<const void**>(p) == type->vtable;
            if (!vtable_is_right) out_ += " WRONG-VTABLE";
            for (const field_descr* field : w.node_fields) {
                bool overflow = false;
                word object = jit::pointer_word(p);
                add(field->shape.slot_kind, execute_operation(opcode::getfield, field, &object, overflow));
            }
            return;
        }
        const array_descr& array = type == &w.ref_array_type ? w.ref_array : w.int_array;
        uint64_t length = load_length(jit::pointer_word(p));
        for (word i = 0; i < length; ++i) {
            bool overflow = false;
            word item[2] = {jit::pointer_word(p), i};
            add(array.shape.slot_kind, execute_operation(opcode::getarrayitem, &array, item, overflow));
        }
    }

    std::string out_;
    std::vector<void*> objects_;
    std::unordered_map<void*, size_t> numbers_;
};

// Of any size that the target's integers have.
int64_t some_integer(std::mt19937_64& random) {
    auto bits = static_cast<int64_t>(random()) >> (random() % 64);
    return static_cast<int64_t>(integer_word(static_cast<word>(bits)));
}

node* some_node(heap_world& w, std::mt19937_64& random, bool leaf) {
    node* n = static_cast<node*>(w.new_node(leaf));
    n->value = some_integer(random);
    n->weight = static_cast<double>(random() % 1000) / 8;
    n->small = static_cast<int32_t>(random());
    n->byte = static_cast<uint8_t>(random());
    n->ratio = static_cast<float>(random() % 100);
    n->tag = static_cast<int64_t>(random() % 5);
    return n;
}

} // namespace

word execute_any(opcode op, const descr* d, const word* arguments, bool& overflow) {
    if (op == opcode::call || op == opcode::call_pure) {
        word result = 0;
        static_cast<const call_descr*>(d)->thunk(reinterpret_cast<void*>(arguments[0]), arguments + 1, &result);
        return result;
    }
    if (info(op).flags & CONTROL) return 0;
    return execute_operation(op, d, arguments, overflow);
}

uint64_t load_length(word array) {
    uint64_t length;
    std::memcpy(&length, reinterpret_cast<char*>(array) + world().int_array.length_offset, 8);
    return length;
}

std::vector<word> make_inputs(unsigned number) {
    heap_world& w = world();
    w.reset_constants();
    std::mt19937_64 random(number);
    for (unsigned i = 0; i < sizeof raw_memory; i += 8) raw_memory[i] = static_cast<unsigned char>(random());
    for (unsigned i = 0; i < sizeof raw_memory; ++i) raw_memory[i] = i % 8 ? 0 : raw_memory[i];
    scanned_words in;
    auto push = [&](word v) { in.words.push_back(v), in.rescan(); };
    in.words.reserve(16);
    push(1 + random() % 5);
    for (int i = 1; i < 4; ++i)
        push(number % 3 == 1 ? static_cast<word>(static_cast<int64_t>(random() % 7) - 2)
                             : static_cast<word>(some_integer(random)));
    for (int i = 0; i < 3; ++i)
        push(number > 1 && random() % 5 == 0 ? 0
                                             : jit::pointer_word(some_node(w, random, (random() + (number == 0)) % 2)));
    if (number % 4 == 2) in.words[5] = in.words[4]; // two names for one object
    if (number % 4 == 3) in.words[6] = jit::pointer_word(w.constants[1]);
    push(jit::pointer_word(w.new_ints(number < 2 ? 4 : random() % 6)));
    push(jit::pointer_word(w.new_refs(number < 2 ? 4 : random() % 6)));
    for (uint64_t i = 0; i < load_length(in.words[7]); ++i)
        std::memcpy(reinterpret_cast<char*>(in.words[7]) + w.int_array.items_offset + 8 * i, &in.words[i % 4], 8);
    if (node* n = reinterpret_cast<node*>(in.words[4])) {
        gc::write_barrier(n);
        n->next = reinterpret_cast<node*>(in.words[5]);
        n->ints = reinterpret_cast<void*>(in.words[7]);
        n->refs = reinterpret_cast<void*>(in.words[8]);
    }
    bool overflow = false;
    for (uint64_t i = 0; i < load_length(in.words[8]); i += 2) {
        word store[3] = {in.words[8], i, in.words[4 + i % 3]};
        execute_operation(opcode::setarrayitem, &w.ref_array, store, overflow);
    }
    push(jit::pointer_word(raw_memory));
    push(double_to_word(static_cast<double>(random() % 100) / 4));
    push(number % 5 == 4 ? double_to_word(__builtin_nan("")) : double_to_word(-1.5));
    return in.words;
}

concrete_run::concrete_run(const trace& t) : trace_(t) {
    values.words.resize(t.operations.size());
    values.rescan();
}

word concrete_run::at(value_ref v) const {
    return v.is_constant() ? trace_.constants[v.index()].value : values.words[v.index()];
}

bool concrete_run::holds(const operation& o) const {
    std::span<const value_ref> args = trace_.arguments_of(o);
    auto class_is = [&] {
        return gc::type_of(reinterpret_cast<void*>(at(args[0]))) == reinterpret_cast<const gc::type_info*>(at(args[1]));
    };
    switch (o.op) {
    case opcode::guard_true:
    case opcode::guard_nonnull: return at(args[0]) != 0;
    case opcode::guard_false:
    case opcode::guard_is_null: return at(args[0]) == 0;
    case opcode::guard_value: return at(args[0]) == at(args[1]);
    case opcode::guard_class: return class_is();
    case opcode::guard_nonnull_class: return at(args[0]) != 0 && class_is();
    case opcode::guard_no_overflow: return !overflow_;
    case opcode::guard_overflow: return overflow_;
    default: return false;
    }
}

void concrete_run::step(uint32_t i) {
    const operation& o = trace_.operations[i];
    word words[16];
    uint32_t count = 0;
    for (value_ref v : trace_.arguments_of(o)) words[count++] = at(v);
    values.words[i] = execute_any(o.op, o.description, words, overflow_);
}

void concrete_run::run(uint32_t from) {
    // A guard after an overflow operation is resumed at itself: the flag is that of the operation.
    if (from && (info(trace_.operations[from - 1].op).flags & OVERFLOW)) --from;
    for (uint32_t i = from;; ++i) {
        const operation& o = trace_.operations[i];
        if (is_guard(o.op) ? !holds(o) : o.op == opcode::finish) {
            stopped_at = i;
            return;
        }
        if (o.op == opcode::jump) {
            std::vector<word> moved;
            for (value_ref v : trace_.arguments_of(o)) moved.push_back(at(v));
            std::copy(moved.begin(), moved.end(), values.words.begin()); // the label's arguments are the inputs
            i = trace_.input_count;
        } else if (!is_guard(o.op)) {
            step(i);
        }
    }
}

std::string concrete_run::describe(const std::vector<word>& roots) const {
    describer out;
    const operation& last = trace_.operations[stopped_at];
    out.add(kind::integer, stopped_at);
    if (last.op == opcode::finish)
        out.add(trace_.kind_of(trace_.arguments_of(last)[0]), at(trace_.arguments_of(last)[0]));
    for (uint32_t f = last.snapshot; f != UINT32_MAX; f = trace_.snapshot_frames[f].parent)
        for (uint32_t i = 0; i < trace_.snapshot_frames[f].value_count; ++i) {
            value_ref v = trace_.snapshot_values[trace_.snapshot_frames[f].first_value + i];
            if (!v.is_none()) out.add(trace_.kind_of(v), at(v));
        }
    for (uint32_t i = 0; i < roots.size(); ++i)
        if (trace_.operations[i].result == kind::pointer) out.add(kind::pointer, roots[i]);
    for (node* n : world().constants) out.add(kind::pointer, jit::pointer_word(n));
    out.add(kind::pointer, jit::pointer_word(world().global_error));
    return out.finish();
}

// ---- rebuilding
// ---------------------------------------------------------------------------------------------------------

namespace {

class state_builder {
public:
    explicit state_builder(const exit_state& exit) : contents_(decode(*exit.guard->resume)) {
        size_t count = exit.guard->fail_arguments.size();
        words_.words.reserve(count + contents_.virtuals.size());
        words_.words.assign(exit.values, exit.values + count);
        first_virtual_ = count;
        words_.rescan();
        for (const resume_virtual& object : contents_.virtuals) make(object);
        for (size_t i = 0; i < contents_.virtuals.size(); ++i)
            fill(contents_.virtuals[i], words_.words[first_virtual_ + i]);
        for (const resume_store& s : contents_.stores) store(s.where, s.item, value(s.object), value(s.value));
    }
    const resume_contents& contents() const { return contents_; }
    word value(const resume_value& v) const {
        switch (v.from) {
        case resume_value::fail_argument: return words_.words.at(v.index);
        case resume_value::virtual_object: return words_.words.at(first_virtual_ + v.index);
        case resume_value::constant: return v.value;
        case resume_value::uninitialised: break;
        }
        return 0;
    }

private:
    void make(const resume_virtual& object) {
        bool overflow = false;
        word length = object.items.size();
        opcode op = object.shape->type == descr_type::array ? opcode::new_array : opcode::new_object;
        word made = execute_operation(op, object.shape, &length, overflow);
        if (op == opcode::new_object)
            std::memset(reinterpret_cast<char*>(made) + sizeof(void*), 0, sizeof(node) - sizeof(void*));
        words_.words.push_back(made);
        words_.rescan();
    }
    void fill(const resume_virtual& object, word made) {
        for (auto& [field, v] : object.fields) store(field, -1, made, value(v));
        for (size_t i = 0; i < object.items.size(); ++i)
            store(object.shape, static_cast<int64_t>(i), made, value(object.items[i]));
    }
    void store(const descr* where, int64_t item, word object, word stored) {
        bool overflow = false;
        word words[3] = {object, stored, 0};
        if (item >= 0) words[1] = static_cast<word>(item), words[2] = stored;
        execute_operation(item < 0 ? opcode::setfield : opcode::setarrayitem, where, words, overflow);
    }

    resume_contents contents_;
    scanned_words words_;
    size_t first_virtual_ = 0;
};

class trace_check {
public:
    trace_check(const random_trace& t, backend& runner, const optimizer_options& options)
        : trace_(t), runner_(runner), options_(options) {
        token_.type = descr_type::loop;
    }

    std::string run(unsigned input_sets) {
        if (!optimise_into(trace_.recorded, nullptr, optimised_)) return problem_;
        if (std::string refused = runner_.compile_loop(optimised_, token_, nullptr); !refused.empty())
            return explain(refused);
        for (unsigned set = 0; set < input_sets && problem_.empty(); ++set) compare(set);
        size_t loop_guards = failed_.size();
        for (size_t i = 0; i < std::min<size_t>(loop_guards, 3) && problem_.empty(); ++i) add_bridge(failed_[i].second);
        for (unsigned set = 0; set < input_sets && problem_.empty() && !bridges_.empty(); ++set) compare(set);
        runner_.free_code(token_);
        return problem_;
    }

private:
    bool optimise_into(const trace& recorded, guard_data* from, trace& result) {
        optimizer_input input;
        input.recorded = const_cast<trace*>(&recorded);
        input.token = &token_;
        input.from_guard = from;
        input.options = options_;
        std::string reason;
        if (optimise(input, result, reason)) return true;
        explain("refused: " + reason);
        if (from) problem_ += "--- refused bridge\n" + print(recorded);
        return false;
    }

    void compare(unsigned set) {
        std::string expected = run_recorded(set), got = run_compiled(set);
        if (expected != got)
            explain("input set " + std::to_string(set) + "\n--- expected\n" + expected + "\n--- got\n" + got + "\n");
        else if (const char* broken = gc::verify_heap())
            explain("input set " + std::to_string(set) + ": heap: " + broken);
    }

    std::string run_recorded(unsigned set) {
        concrete_run run(trace_.recorded);
        scanned_words inputs{make_inputs(set), {}};
        inputs.rescan();
        std::copy(inputs.words.begin(), inputs.words.end(), run.values.words.begin());
        run.run(trace_.recorded.input_count);
        return run.describe(inputs.words);
    }

    std::string run_compiled(unsigned set) {
        concrete_run run(trace_.recorded);
        scanned_words inputs{make_inputs(set), {}};
        inputs.rescan();
        exit_state exit = runner_.execute(token_, inputs.words.data());
        if (exit.guard) {
            note_failure(exit.guard, set);
            run.run(rebuild(run, trace_.recorded, exit));
        } else {
            // Finished: only the result is known of the values.
            run.stopped_at = static_cast<uint32_t>(trace_.recorded.operations.size() - 1);
            value_ref result = trace_.recorded.arguments_of(trace_.recorded.operations.back())[0];
            if (result.is_result()) run.values.words[result.index()] = exit.values[0];
        }
        return run.describe(inputs.words);
    }

    void note_failure(guard_data* guard, unsigned set) {
        for (auto& [known, first_set] : failed_)
            if (known == guard) return;
        failed_.emplace_back(guard, set);
    }

    // Runs to the guard that fails with these inputs, and continues the trace from there. (The bridges made before may
    // have taken that guard's place.)
    void add_bridge(unsigned set) {
        scanned_words inputs{make_inputs(set), {}};
        inputs.rescan();
        exit_state exit = runner_.execute(token_, inputs.words.data());
        if (!exit.guard || exit.guard->op == opcode::guard_always_fails) return;
        guard_data& guard = *exit.guard;
        trace bridge = make_bridge(trace_.recorded, exit), result;
        if (!optimise_into(bridge, &guard, result)) return;
        bridges_ += "--- bridge of guard " + std::to_string(guard.number) + " (" + std::string(info(guard.op).name) +
                    "), recorded\n" + print(bridge) + "--- optimised\n" + print(result);
        if (std::string refused = runner_.compile_bridge(result, guard, token_, nullptr); !refused.empty())
            explain(refused);
        kept_.push_back(std::move(result));
    }

    std::string explain(const std::string& what) {
        return problem_ = "seed " + std::to_string(trace_.seed) + ": " + what + "\n--- recorded\n" +
                          print(trace_.recorded) + "--- optimised\n" + print(optimised_) + bridges_;
    }

    const random_trace& trace_;
    backend& runner_;
    optimizer_options options_;
    loop_token token_;
    trace optimised_;
    std::vector<trace> kept_;
    std::vector<std::pair<guard_data*, unsigned>> failed_; // with the first input set that failed it
    std::string problem_, bridges_;
};

} // namespace

uint32_t rebuild(concrete_run& run, const trace& recorded, const exit_state& exit) {
    state_builder state(exit);
    uint32_t position = state.contents().frames.at(0).pc, frame = recorded.operations[position].snapshot;
    for (const resume_frame& f : state.contents().frames) {
        const snapshot_frame& expected = recorded.snapshot_frames[frame];
        for (uint32_t i = 0; i < expected.value_count; ++i) {
            value_ref v = recorded.snapshot_values[expected.first_value + i];
            if (!v.is_none()) run.values.words[v.index()] = state.value(f.values.at(i));
        }
        frame = expected.parent;
    }
    return position;
}

std::string check_trace(const random_trace& t, backend& runner, const optimizer_options& options, unsigned input_sets) {
    return trace_check(t, runner, options).run(input_sets);
}

uint64_t test_seed(uint64_t chosen) {
    const char* text = std::getenv("HEDDLE_TEST_SEED");
    return text ? std::strtoull(text, nullptr, 10) : chosen;
}

} // namespace heddle::test
