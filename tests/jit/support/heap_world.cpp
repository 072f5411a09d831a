// The test world's classes, descriptors and functions.
#include "support/heap_world.h"
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <tuple>

namespace heddle::test {

namespace {

constexpr uint32_t node_references[] = {offsetof(node, next), offsetof(node, other), offsetof(node, ints),
                                        offsetof(node, refs)};
const char node_vtable[1] = {}, leaf_vtable[1] = {}, array_vtable[1] = {};

struct array_head {
    const void* vtable;
    uint64_t length;
};

// ---- native functions, and their thunks
// -----------------------------------------------------------------------------------

using jit::trace_int, jit::word;

trace_int pure_sum(trace_int a, trace_int b) {
    return static_cast<trace_int>(static_cast<jit::trace_unsigned>(a) * 3 + static_cast<jit::trace_unsigned>(b));
}

trace_int set_value(node* n, trace_int v) {
    if (!n) return -1;
    auto before = static_cast<trace_int>(n->value);
    n->value = v;
    return before;
}

trace_int scramble(node* n, trace_int v) {
    if (!n) return v;
    node* fresh = static_cast<node*>(world().new_node(v & 1));
    fresh->value = n->value;
    gc::write_barrier(n);
    n->other = fresh;
    n->small = static_cast<int32_t>(v);
    n->byte = static_cast<uint8_t>(v >> 3);
    n->weight += 1;
    n->value = n->value / 2 + v % 1000;
    return static_cast<trace_int>(n->value);
}

void* make_node(trace_int v) {
    node* fresh = static_cast<node*>(world().new_node(true));
    fresh->value = v;
    return fresh;
}

double half(double d) { return d / 2; }

word integer(trace_int i) { return jit::integer_word(static_cast<word>(i)); }
void thunk_ii_i(void* f, const word* a, word* r) {
    *r = integer(reinterpret_cast<trace_int (*)(trace_int, trace_int)>(f)(static_cast<trace_int>(a[0]),
                                                                          static_cast<trace_int>(a[1])));
}
void thunk_pi_i(void* f, const word* a, word* r) {
    *r = integer(reinterpret_cast<trace_int (*)(node*, trace_int)>(f)(jit::word_to_pointer<node>(a[0]),
                                                                      static_cast<trace_int>(a[1])));
}
void thunk_i_p(void* f, const word* a, word* r) {
    *r = jit::pointer_word(reinterpret_cast<void* (*)(trace_int)>(f)(static_cast<trace_int>(a[0])));
}
void thunk_f_f(void* f, const word* a, word* r) {
    *r = jit::double_to_word(reinterpret_cast<double (*)(double)>(f)(jit::word_to_double(a[0])));
}

// ---- setting up
// -------------------------------------------------------------------------------------------------------------

void start_collector() {
    gc::options options;
    options.nursery_bytes = 256 << 10;
    const char* stress = std::getenv("HEDDLE_GC_STRESS"); // 0: off, so that inlined allocation runs
    options.stress_interval = stress ? std::strtoul(stress, nullptr, 10) : 5;
    options.verify = false;
    options.poison = true;
    if (const char* error = gc::initialise(options)) {
        std::fprintf(stderr, "heap_world: %s\n", error);
        std::exit(2);
    }
}

void register_class(gc::type_info& type) {
    if (const char* error = gc::register_type(type)) {
        std::fprintf(stderr, "heap_world: %s: %s\n", type.name, error);
        std::exit(2);
    }
}

void set_up_types(heap_world& w) {
    w.node_type.name = "Node";
    w.node_type.fixed_size = sizeof(node);
    w.node_type.reference_offsets = node_references;
    w.node_type.reference_count = 4;
    w.node_type.vtable = node_vtable;
    w.leaf_type = w.node_type;
    w.leaf_type.name = "Leaf";
    w.leaf_type.base = &w.node_type;
    w.leaf_type.vtable = leaf_vtable;
    w.int_array_type.name = "array<int>";
    w.int_array_type.fixed_size = sizeof(array_head);
    w.int_array_type.item_size = 8;
    w.int_array_type.length_offset = offsetof(array_head, length);
    w.int_array_type.items_offset = sizeof(array_head);
    w.int_array_type.vtable = array_vtable;
    w.ref_array_type = w.int_array_type;
    w.ref_array_type.name = "array<Node>";
    w.ref_array_type.item_size = sizeof(void*);
    w.ref_array_type.items_are_references = true;
    w.tables.pointers.emplace_back("thread", jit::pointer_word(&heddle_thread));
    for (gc::type_info* type : {&w.node_type, &w.leaf_type, &w.int_array_type, &w.ref_array_type})
        register_class(*type);
}

void name_descr(heap_world& w, jit::descr& d, jit::descr_type type, const char* name) {
    d.type = type;
    d.name = name;
    d.index = static_cast<uint32_t>(w.tables.descrs.size());
    w.tables.descrs.push_back(&d);
}

void add_field(heap_world& w, jit::field_descr& f, const char* name, size_t offset, jit::slot_shape shape) {
    name_descr(w, f, jit::descr_type::field, name);
    f.offset = static_cast<uint32_t>(offset);
    f.shape = shape;
    f.owner = &w.node_type;
}

void set_up_fields(heap_world& w) {
    using jit::kind;
    jit::slot_shape reference{kind::pointer, sizeof(void*), false, true}, integer{},
        floating{kind::floating, 8, false, false};
    add_field(w, w.next, "Node.next", offsetof(node, next), reference);
    add_field(w, w.other, "Node.other", offsetof(node, other), reference);
    add_field(w, w.ints, "Node.ints", offsetof(node, ints), reference);
    add_field(w, w.refs, "Node.refs", offsetof(node, refs), reference);
    add_field(w, w.value, "Node.value", offsetof(node, value), integer);
    add_field(w, w.weight, "Node.weight", offsetof(node, weight), floating);
    add_field(w, w.small, "Node.small", offsetof(node, small), {kind::integer, 4, true, false});
    add_field(w, w.byte, "Node.byte", offsetof(node, byte), {kind::integer, 1, false, false});
    add_field(w, w.ratio, "Node.ratio", offsetof(node, ratio), {kind::floating, 4, false, false});
    add_field(w, w.tag, "Node.tag", offsetof(node, tag), integer);
    add_field(w, w.version, "Node.version", offsetof(node, version), integer);
    w.version.quasi_immutable = true;
    w.tag.immutable = true;
    const jit::field_descr* all[] = {&w.next,   &w.other, &w.ints, &w.refs,  &w.value,
                                     &w.weight, &w.small, &w.byte, &w.ratio, &w.tag};
    std::copy(std::begin(all), std::end(all), w.node_fields);
    add_field(w, w.error, "Global.error", 0, reference);
    w.error.owner = nullptr;
    w.error.owner_is_global = true;
    add_field(w, w.action, "thread.action_flag", offsetof(gc::thread_state, action_flag),
              {kind::integer, 4, false, false});
    w.action.owner = nullptr;
    w.action.owner_is_global = true;
    for (auto [d, type, name] :
         {std::tuple{&w.node_size, &w.node_type, "Node"}, std::tuple{&w.leaf_size, &w.leaf_type, "Leaf"}}) {
        name_descr(w, *d, jit::descr_type::size, name);
        d->type = type;
    }
    for (auto [d, type, name] : {std::tuple{&w.int_array, &w.int_array_type, "array<int>"},
                                 std::tuple{&w.ref_array, &w.ref_array_type, "array<Node>"}}) {
        name_descr(w, *d, jit::descr_type::array, name);
        d->type = type;
        d->items_offset = sizeof(array_head);
        d->length_offset = offsetof(array_head, length);
    }
    w.ref_array.shape = reference;
    name_descr(w, w.raw_word, jit::descr_type::raw, "raw64");
    name_descr(w, w.raw_int, jit::descr_type::raw, "raw32");
    name_descr(w, w.raw_double, jit::descr_type::raw, "rawdouble");
    w.raw_int.shape = {kind::integer, 4, true, false};
    w.raw_double.shape = floating;
}

void add_call(heap_world& w, jit::call_descr& d, const char* name, const char* kinds, jit::kind result,
              jit::call_thunk thunk, void* function) {
    name_descr(w, d, jit::descr_type::call, name);
    d.argument_kinds = kinds;
    d.result = result;
    d.thunk = thunk;
    size_t i = static_cast<size_t>(std::count_if(w.tables.pointers.begin(), w.tables.pointers.end(),
                                                 [](auto& p) { return p.first.starts_with("fn_"); }));
    w.functions[i] = function;
    w.tables.pointers.emplace_back(std::string("fn_") + name, jit::pointer_word(function));
}

void set_up_calls(heap_world& w) {
    using jit::kind;
    add_call(w, w.pure_sum, "pure_sum", "ii", kind::integer, thunk_ii_i, reinterpret_cast<void*>(pure_sum));
    add_call(w, w.set_value, "set_value", "pi", kind::integer, thunk_pi_i, reinterpret_cast<void*>(set_value));
    add_call(w, w.scramble, "scramble", "pi", kind::integer, thunk_pi_i, reinterpret_cast<void*>(scramble));
    add_call(w, w.make_node, "make_node", "i", kind::pointer, thunk_i_p, reinterpret_cast<void*>(make_node));
    add_call(w, w.half, "half", "f", kind::floating, thunk_f_f, reinterpret_cast<void*>(half));
    w.pure_sum.effects.elidable = true;
    for (jit::call_descr* d : {&w.pure_sum, &w.set_value, &w.make_node, &w.half}) d->effects.writes_anything = false;
    for (jit::call_descr* d : {&w.pure_sum, &w.set_value, &w.make_node, &w.half}) d->effects.may_invalidate = false;
    for (jit::call_descr* d : {&w.pure_sum, &w.set_value, &w.half}) d->effects.may_collect = false;
    w.set_value.effects.reads = w.set_value.effects.writes = {w.value.index};
}

void set_up_names(heap_world& w) {
    name_descr(w, w.loop_target, jit::descr_type::target, "loop");
    name_descr(w, w.body_target, jit::descr_type::target, "loop.body");
    name_descr(w, w.token, jit::descr_type::loop, "token");
    w.loop_target.owner = &w.token;
    for (int i = 0; i < 2; ++i) {
        w.constants[i] = static_cast<node*>(w.new_node(i == 1));
        gc::pin(w.constants[i]);
        gc::make_immovable(w.constants[i]);
        w.tables.pointers.emplace_back("node" + std::to_string(i), jit::pointer_word(w.constants[i]));
    }
    static gc::root_slot global_root(&w.global_error);
    w.tables.pointers.emplace_back("global", jit::pointer_word(&w.global_error));
    w.tables.pointers.emplace_back("thread", jit::pointer_word(&heddle_thread));
    for (gc::type_info* type : {&w.node_type, &w.leaf_type, &w.int_array_type, &w.ref_array_type})
        w.tables.pointers.emplace_back(type->name, jit::pointer_word(type));
    w.reset_constants();
}

} // namespace

void heap_world::reset_constants() {
    global_error = nullptr;
    for (int i = 0; i < 2; ++i) {
        node* n = constants[i];
        n->next = n->other = nullptr;
        n->ints = n->refs = nullptr;
        n->value = 100 + i;
        n->weight = i;
        n->small = 0;
        n->byte = 0;
        n->ratio = 0;
        n->tag = 7 + i;
    }
}

void* heap_world::new_node(bool leaf) const {
    const gc::type_info& type = leaf ? leaf_type : node_type;
    void* object = gc::allocate(type);
    std::memset(object, 0, sizeof(node));
    std::memcpy(object, &type.vtable, sizeof(void*));
    return object;
}

void* heap_world::new_ints(size_t length) const {
    void* object = gc::allocate_array(int_array_type, length, true);
    std::memcpy(object, &int_array_type.vtable, sizeof(void*));
    return object;
}

void* heap_world::new_refs(size_t length) const {
    void* object = gc::allocate_array(ref_array_type, length, true);
    std::memcpy(object, &ref_array_type.vtable, sizeof(void*));
    return object;
}

heap_world& world() {
    static heap_world* w = [] {
        start_collector();
        auto* made = new heap_world;
        set_up_types(*made);
        set_up_fields(*made);
        set_up_calls(*made);
        return made;
    }();
    static bool named = (set_up_names(*w), true);
    (void)named;
    return *w;
}

} // namespace heddle::test
