// See world.h.
#include "world.h"
#include "heddle/jit/backend.h"
#include "metainterp/blackhole.h"
#include "runtime/state.h"
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <regex>
#include <unistd.h>

namespace heddle::test {
namespace {

world* the_world = nullptr;

// ---- the native side
// --------------------------------------------------------------------------------------------------------

// Goes on from the merge point whose greens and reds are in 'buffer' to the portal's end.
word run_from_merge_point(uint32_t driver, word* buffer, bool at_entry) {
    jit::jit_runtime& runtime = jit::runtime_state();
    jit::frame_stack& stack = jit::frame_stack::instance();
    const jit::driver_data& data = runtime.driver(driver);
    bool ask = at_entry, loop = false;
    for (;;) {
        if (ask) {
            uint32_t slot = jit::counter_slot(jit::hash_greens(driver, buffer, data.green_count));
            if (static_cast<int32_t>(heddle_jit_counters[slot] -= 1) <= 0) {
                int answer = heddle_jit_enter(driver, buffer, !loop);
                if (answer == 1) return buffer[0];
            }
        }
        jit::frame* base = stack.push(*data.code);
        REQUIRE(base);
        const uint32_t* code = data.code->code.data() + data.merge_point;
        for (uint32_t i = 0; i < data.green_count + data.red_count; ++i)
            if (!(code[4 + 2 * i] & jit::constant_operand)) base->registers[code[4 + 2 * i]] = buffer[i];
        base->pc = data.after_merge_point;
        auto before = static_cast<int64_t>(buffer[0]);
        jit::outcome now = jit::run_blackhole(runtime, base, buffer);
        if (now.finished) return now.result;
        ask = loop = static_cast<int64_t>(buffer[0]) <= before;
    }
}

word run_jitcode(uint32_t index, const word* arguments) {
    jit::jit_runtime& runtime = jit::runtime_state();
    jit::frame_stack& stack = jit::frame_stack::instance();
    const jit::decoded_jitcode& code = runtime.code(index);
    jit::frame* base = stack.push(code);
    REQUIRE(base);
    for (size_t i = 0; i < code.argument_registers.size(); ++i)
        base->registers[code.argument_registers[i]] = arguments[i];
    word* buffer = nullptr;
    word local[jit::maximum_merge_point_size];
    buffer = local;
    jit::outcome now = jit::run_blackhole(runtime, base, buffer);
    if (now.finished) return now.result;
    return run_from_merge_point(static_cast<uint32_t>(code.source->driver), buffer, true);
}

void runner(const word* greens_then_reds, word* result) {
    word buffer[jit::maximum_merge_point_size];
    std::copy(greens_then_reds, greens_then_reds + jit::maximum_merge_point_size, buffer);
    *result = run_from_merge_point(0, buffer, false);
}

// Native entries of jitcodes: one C function for a number and a count of arguments in general registers, as the
// translator would have.
struct native_jitcode {
    uint32_t index;
    std::string kinds; // of its arguments
};
native_jitcode native_jitcodes[4];

word canonical(jit::kind k, uintptr_t bits) {
    return k == jit::kind::integer ? jit::integer_word(bits) : jit::pointer_word(bits);
}
uintptr_t run_native(size_t slot, std::initializer_list<uintptr_t> registers) {
    const native_jitcode& called = native_jitcodes[slot];
    std::vector<word> arguments;
    for (uintptr_t bits : registers)
        arguments.push_back(canonical(jit::kind_of_letter(called.kinds[arguments.size()]), bits));
    return static_cast<uintptr_t>(run_jitcode(called.index, arguments.data()));
}
template <size_t slot> uintptr_t native1(uintptr_t a) { return run_native(slot, {a}); }
template <size_t slot> uintptr_t native2(uintptr_t a, uintptr_t b) { return run_native(slot, {a, b}); }
template <size_t slot> uintptr_t native4(uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d) {
    return run_native(slot, {a, b, c, d});
}
template <size_t slot> void* native(size_t argument_count) {
    return argument_count == 1   ? reinterpret_cast<void*>(native1<slot>)
           : argument_count == 2 ? reinterpret_cast<void*>(native2<slot>)
                                 : reinterpret_cast<void*>(native4<slot>);
}
void* (*const natives[])(size_t) = {native<0>, native<1>, native<2>, native<3>};
size_t natives_used = 0;

// Thunks for functions without doubles, by the count of arguments and the result's kind.
template <jit::kind result, size_t... i> void thunk(void* f, const word* a, word* r) {
    auto called = reinterpret_cast<uintptr_t (*)(decltype(uintptr_t{i})...)>(f);
    *r = canonical(result, called(static_cast<uintptr_t>(a[i])...));
}
template <jit::kind result>
constexpr jit::call_thunk thunks[] = {thunk<result>, thunk<result, 0>, thunk<result, 0, 1>, thunk<result, 0, 1, 2>,
                                      thunk<result, 0, 1, 2, 3>};

void start_collector() {
    static bool done = false;
    if (done) return;
    done = true;
    gc::options options;
    options.nursery_bytes = 256 << 10;
    options.poison = true;
    if (std::getenv("HEDDLE_TEST_STRESS")) options.stress_interval = 3;
    if (const char* error = gc::initialise(options)) {
        std::fprintf(stderr, "%s\n", error);
        std::exit(2);
    }
}

const uint32_t pair_references[] = {offsetof(pair_object, first), offsetof(pair_object, second)};
} // namespace

world& current_world() { return *the_world; }

template <class T> T& world::add_descr(std::deque<T>& table, jit::descr_type type, const std::string& name) {
    table.emplace_back();
    T& made = table.back();
    static_cast<jit::descr&>(made).type = type;
    made.index = static_cast<uint32_t>(prog.descrs.size());
    made.name = name;
    prog.descrs.push_back(&made);
    return made;
}

void world::add_types() {
    static gc::type_info base, left, right, pair, references, integers;
    static bool registered = false;
    if (!registered) {
        registered = true;
        auto plain = [](gc::type_info& type, const char* name, const gc::type_info* parent, uint32_t size) {
            type.name = name;
            type.base = parent;
            type.fixed_size = size;
        };
        static uintptr_t vtables[6][4];
        plain(base, "Base", nullptr, sizeof(base_object));
        plain(left, "Left", &base, sizeof(base_object));
        plain(right, "Right", &base, sizeof(base_object));
        plain(pair, "Pair", nullptr, sizeof(pair_object));
        pair.reference_offsets = pair_references;
        pair.reference_count = 2;
        plain(references, "array<Pair>", nullptr, offsetof(array_object, items));
        plain(integers, "array<int>", nullptr, offsetof(array_object, items));
        size_t n = 0;
        for (gc::type_info* type : {&references, &integers}) {
            type->item_size = type == &references ? sizeof(void*) : sizeof(word);
            type->length_offset = offsetof(array_object, length);
            type->items_offset = offsetof(array_object, items);
        }
        references.items_are_references = true;
        for (gc::type_info* type : {&base, &left, &right, &pair, &references, &integers}) {
            type->vtable = vtables[n++];
            if (const char* error = gc::register_type(*type)) {
                std::fprintf(stderr, "%s\n", error);
                std::exit(2);
            }
        }
    }
    base_type = base, left_type = left, right_type = right, pair_type = pair;
    const jit::slot_shape reference{jit::kind::pointer, sizeof(void*), false, true};
    auto field = [&](const char* name, gc::type_info& owner, size_t offset, jit::kind k, bool immutable) {
        jit::field_descr& f = add_descr(prog.fields, jit::descr_type::field, name);
        f.offset = static_cast<uint32_t>(offset);
        f.shape = k == jit::kind::pointer ? reference : jit::slot_shape{};
        f.owner = &owner;
        f.immutable = immutable;
    };
    field("Base.value", base, offsetof(base_object, value), jit::kind::integer, true);
    field("Pair.first", pair, offsetof(pair_object, first), jit::kind::pointer, false);
    field("Pair.second", pair, offsetof(pair_object, second), jit::kind::pointer, false);
    field("Pair.version", pair, offsetof(pair_object, version), jit::kind::integer, false);
    prog.fields.back().quasi_immutable = true;
    field("Pair.tag", pair, offsetof(pair_object, tag), jit::kind::integer, false);
    for (gc::type_info* type : {&base, &left, &right, &pair}) {
        add_descr(prog.sizes, jit::descr_type::size, type->name).type = type;
    }
    for (gc::type_info* type : {&references, &integers}) {
        jit::array_descr& a = add_descr(prog.arrays, jit::descr_type::array, type->name);
        if (type == &references) a.shape = reference;
        a.items_offset = type->items_offset;
        a.length_offset = type->length_offset;
        a.type = type;
    }
    for (gc::type_info* type : {&base, &left, &right, &pair})
        pointers.push_back({std::string("class ") + type->name, jit::pointer_word(type)});
    jit::raw_descr& raw = add_descr(prog.raws, jit::descr_type::raw, "raw word");
    raw.shape = {};
    std::memset(const_cast<void*>(base.vtable), 0, 4 * sizeof(uintptr_t));
}

world::world() {
    start_collector();
    the_world = this;
    natives_used = 0;
    prog.drivers.push_back({});
    prog.drivers[0].name = "d";
    prog.drivers[0].runner_address = reinterpret_cast<uintptr_t>(runner);
    add_types();
}

world::~world() {
    stop();
    the_world = nullptr;
}

void world::load(const std::string& text, const std::string& greens, const std::string& reds,
                 const std::string& result) {
    prog.drivers[0].green_kinds = greens;
    prog.drivers[0].red_kinds = reds;
    prog.drivers[0].result = jit::kind_of_letter(result[0]);
    std::string error;
    bool good = jit::parse_jitcodes(text, {pointers}, prog, error);
    INFO(error);
    REQUIRE(good);
    for (auto& code : prog.jitcodes) {
        REQUIRE(jit::verify(*code, prog) == "");
        if (code->driver == 0) prog.drivers[0].portal_jitcode = code->index;
    }
}

void world::add_function(const std::string& name, const std::string& signature, void* address, bool elidable,
                         int jitcode) {
    jit::call_descr& d = add_descr(prog.calls, jit::descr_type::call, "call " + name);
    d.argument_kinds = signature.substr(0, signature.find('>'));
    d.result = jit::kind_of_letter(signature.back());
    d.thunk = d.result == jit::kind::integer ? thunks<jit::kind::integer>[d.argument_kinds.size()]
                                             : thunks<jit::kind::pointer>[d.argument_kinds.size()];
    d.effects.elidable = elidable;
    jit::function_entry entry;
    entry.name = name;
    entry.address = entry.residual_address = reinterpret_cast<uintptr_t>(address);
    entry.call_descr = d.index;
    entry.jitcode = jitcode;
    prog.functions.push_back(entry);
    prog.index_function(static_cast<uint32_t>(prog.functions.size() - 1));
}

void world::make_native(const std::string& jitcode_name, const std::string& signature) {
    for (auto& code : prog.jitcodes) {
        if (code->name != jitcode_name) continue;
        size_t arguments = signature.find('>');
        native_jitcodes[natives_used] = {code->index, signature.substr(0, arguments)};
        add_function(jitcode_name, signature, natives[natives_used](arguments), false, static_cast<int>(code->index));
        ++natives_used;
        return;
    }
    FAIL("no jitcode " << jitcode_name);
}

word world::call(const std::string& name, std::vector<word> arguments) {
    for (auto& code : prog.jitcodes)
        if (code->name == name) return run_jitcode(code->index, arguments.data());
    FAIL("no jitcode " << name);
    return 0;
}

void world::start(const std::string& options) {
    jit::reset_options();
    std::string error = jit::configure(options);
    REQUIRE(error == "");
    bool good = jit::initialise(prog, error);
    INFO(error);
    REQUIRE(good);
}

void world::stop() { jit::shut_down(); }

std::string world::logged(const std::string& sections, const std::string& options, const std::function<void()>& body) {
    char path[] = "/tmp/heddle-test-log-XXXXXX";
    close(mkstemp(path));
    setenv("HEDDLE_LOG", (sections + ":" + path).c_str(), 1);
    start(options);
    unsetenv("HEDDLE_LOG");
    body();
    stop();
    std::ifstream file(path);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    unlink(path);
    return std::regex_replace(text, std::regex("0x[0-9a-f]+"), "*");
}

void world::set_method(const gc::type_info& type, const std::string& function) {
    for (auto& entry : prog.functions)
        if (entry.name == function) std::memcpy(const_cast<void*>(type.vtable), &entry.address, sizeof(void*));
}

void world::check(const std::string& what, const std::function<word()>& body) {
    start("off,backend=portable");
    word expected = body();
    stop();
    for (const char* backend : {"portable", heddle::jit::native_backend_name}) {
        for (const char* policy : {"trace_eagerness=2", "always_bridge", "never_bridge", "trace_eagerness=1,fuel=7",
                                   "always_bridge,fuel=25"}) {
            for (const char* passes : {"none", "all"}) {
                for (const char* thresholds :
                     {"threshold=2,function_threshold=1000000", "threshold=3,function_threshold=3",
                      "threshold=1000000,function_threshold=2"}) {
                    std::string options =
                        std::string("backend=") + backend + "," + policy + ",opt=" + passes + "," + thresholds;
                    INFO(what << " with " << options);
                    start(options);
                    word answer = body();
                    CHECK(static_cast<int64_t>(answer) == static_cast<int64_t>(expected));
                    stop();
                }
            }
        }
    }
}

void* world::new_base(const gc::type_info& type, int64_t value) {
    auto* object = static_cast<base_object*>(gc::allocate(type));
    object->vtable = type.vtable;
    object->value = value;
    return object;
}

} // namespace heddle::test
