// Memory operations: fields, arrays and raw memory of every shape; allocation; barriers; class guards.
#include "harness.h"
#include "support/heap_world.h"
#include <catch2/catch.hpp>
#include <cstring>

using namespace backend_test;
using heddle::test::node;
using heddle::test::world;

namespace {

word address(const void* p) { return pointer_word(p); }
node** refs_of(void* array) {
    return reinterpret_cast<node**>(static_cast<char*>(array) + world().ref_array.items_offset);
}
word length_of(word array) {
    word length;
    std::memcpy(&length, word_to_pointer<char>(array) + world().ref_array.length_offset, sizeof length);
    return length;
}
node* new_node() { return static_cast<node*>(world().new_node(false)); }

} // namespace

TEST_CASE("fields of every shape, stored and loaded, base and value in registers and constant") {
    start_collector();
    struct {
        const char* field;
        char kind;
        word value, loaded;
    } cases[] = {
        {"Node.value", 'i', w(int64_t{-5}), w(int64_t{-5})},
        {"Node.value", 'i', 0x1234'5678'9abc'def0, w(0x1234'5678'9abc'def0)},
        {"Node.small", 'i', 0x7'ffff'fff0, w(int64_t{-16})},
        {"Node.byte", 'i', 0x1ff, 0xff},
        {"Node.weight", 'f', w(2.5), w(2.5)},
        {"Node.weight", 'f', w(0.0), w(0.0)},
        {"Node.ratio", 'f', w(0.1), w(double(0.1f))},
    };
    for (auto& b : all_backends()) {
        INFO(b.name);
        for (auto& c : cases) {
            std::string k(1, c.kind), constant = c.kind == 'f' ? std::to_string(word_to_double(c.value))
                                                               : std::to_string(static_cast<int64_t>(c.value));
            for (const char* base : {"p0", "ptr(node0)"})
                for (bool constant_value : {false, true}) {
                    std::string text = "[p0, " + k + "1]\nsetfield(" + base + ", " +
                                       (constant_value ? constant : k + "1") + ", descr=" + c.field + ")\n" + k +
                                       "2 = getfield(" + base + ", descr=" + c.field + ")\nfinish(" + k + "2)\n";
                    INFO(text);
                    unit u(*b.what, world().tables);
                    REQUIRE(u.compile(text) == "");
                    node* n = new_node();
                    CHECK(u.run({address(n), c.value}).values == std::vector<word>{c.loaded});
                }
        }
    }
}

TEST_CASE("raw memory of every size, signed and unsigned, offsets constant and not") {
    start_collector();
    for (auto& b : all_backends()) {
        INFO(b.name);
        for (uint8_t size : {1, 2, 4, 8})
            for (bool is_signed : {false, true}) {
                raw_descr shape;
                shape.type = descr_type::raw;
                shape.name = "shape";
                shape.shape = {kind::integer, size, is_signed, false};
                trace_parser_tables t;
                t.descrs.push_back(&shape);
                unit u(*b.what, t);
                REQUIRE(u.compile("[p0, i1, i2]\n"
                                  "raw_store(p0, i1, i2, descr=shape)\n"
                                  "i3 = raw_load(p0, i1, descr=shape)\n"
                                  "raw_store(p0, 16, i2, descr=shape)\n"
                                  "i4 = raw_load(p0, 16, descr=shape)\n"
                                  "raw_store(p0, 24, -2, descr=shape)\n"
                                  "i5 = raw_load(p0, 24, descr=shape)\n"
                                  "guard_always_fails() [i3, i4, i5]\n") == "");
                unsigned unused = 64 - 8u * size;
                for (word x : {w(0x1122'3344'5566'7788), w(INT64_C(-0x11'2233'4455'6678))}) {
                    uint64_t memory[4] = {~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}};
                    auto widened = [&](word v) {
                        return is_signed ? static_cast<word>(static_cast<int64_t>(v << unused) >> unused)
                                         : integer_word(v << unused >> unused);
                    };
                    CHECK(u.run({address(memory), 8, x}).values ==
                          std::vector<word>{widened(x), widened(x), widened(w(int64_t{-2}))});
                    CHECK(memory[1] == (x << unused >> unused | (size == 8 ? 0 : ~uint64_t{0} << (8 * size))));
                }
            }
    }
}

TEST_CASE("array items and lengths, index constant and not") {
    start_collector();
    for (auto& b : all_backends()) {
        INFO(b.name);
        unit u(*b.what, world().tables);
        REQUIRE(u.compile("[p0, i1, p2]\n"
                          "i3 = getarrayitem(p0, 2, descr=array<int>)\n"
                          "i4 = getarrayitem(p0, i1, descr=array<int>)\n"
                          "setarrayitem(p0, i1, i3, descr=array<int>)\n"
                          "setarrayitem(p0, 2, 81985529216486895, descr=array<int>)\n"
                          "i5 = arraylen(p0, descr=array<int>)\n"
                          "setarrayitem(p2, 1, p2, descr=array<Node>)\n"
                          "p6 = getarrayitem(p2, 1, descr=array<Node>)\n"
                          "i7 = ptr_eq(p6, p2)\n"
                          "guard_always_fails() [i3, i4, i5, i7]\n") == "");
        auto* ints = static_cast<int64_t*>(world().new_ints(5));
        void* refs = world().new_refs(3);
        for (int i = 0; i < 5; ++i) ints[2 + i] = 10 * i;
        CHECK(u.run({address(ints), 4, address(refs)}).values == std::vector<word>{20, 40, 5, 1});
        CHECK(ints[2 + 4] == 20);
        CHECK(ints[2 + 2] == static_cast<int64_t>(w(81985529216486895)));
    }
}

TEST_CASE("a loop that builds a list of nodes, with collections") {
    start_collector();
    for (auto& b : all_backends()) {
        INFO(b.name);
        unit u(*b.what, world().tables);
        REQUIRE(u.compile("[p0, i1]\n"
                          "label(p0, i1, descr=label1)\n"
                          "p2 = new_object(descr=Node)\n"
                          "setfield(p2, p0, descr=Node.next)\n"
                          "setfield(p2, i1, descr=Node.value)\n"
                          "p3 = new_array(3, descr=array<Node>)\n"
                          "setfield(p2, p3, descr=Node.refs)\n"
                          "setarrayitem(p3, 1, p2, descr=array<Node>)\n"
                          "i4 = int_sub(i1, 1)\n"
                          "guard_true(i4) [p2]\n"
                          "jump(p2, i4, descr=label1)\n") == "");
        outcome o = u.run({0, 20000});
        REQUIRE(o.guard == 0);
        node* n = word_to_pointer<node>(o.values[0]);
        gc::collect_minor();
        for (int64_t i = 1; i <= 20000; ++i) {
            REQUIRE(n);
            REQUIRE(gc::type_of(n) == &world().node_type);
            REQUIRE(n->vtable == world().node_type.vtable);
            REQUIRE(n->value == i);
            REQUIRE(n->other == nullptr);
            REQUIRE(refs_of(n->refs)[1] == n);
            REQUIRE(refs_of(n->refs)[2] == nullptr);
            n = n->next;
        }
        REQUIRE(n == nullptr);
        const char* problem = gc::verify_heap();
        CHECK((problem ? std::string(problem) : "") == "");
    }
}

TEST_CASE("arrays of lengths known late, large and small") {
    start_collector();
    for (auto& b : all_backends()) {
        INFO(b.name);
        unit u(*b.what, world().tables);
        REQUIRE(u.compile("[i0, i5]\n"
                          "i6 = int_add(i5, 1)\n"
                          "p1 = new_array(i0, descr=array<Node>)\n"
                          "p2 = new_array(i0, descr=array<int>)\n"
                          "p3 = new_array(100, descr=array<int>)\n"
                          "p4 = new_array(100, descr=array<Node>)\n"
                          "p7 = new_array(100000, descr=array<Node>)\n"
                          "setarrayitem(p1, 0, p4, descr=array<Node>)\n"
                          "i8 = int_add(i5, i6)\n"
                          "guard_always_fails() [p1, p2, p3, p4, p7, i5, i6, i8]\n") == "");
        for (word length : {1, 3, 1000, 50000}) {
            outcome o = u.run({length, 70});
            node** refs = refs_of(word_to_pointer(o.values[0]));
            REQUIRE(length_of(o.values[0]) == length);
            REQUIRE(*word_to_pointer<const void*>(o.values[0]) == world().ref_array_type.vtable);
            REQUIRE(address(refs[0]) == o.values[3]);
            for (word i = 1; i < length; ++i) REQUIRE(refs[i] == nullptr);
            REQUIRE(length_of(o.values[1]) == length);
            REQUIRE(length_of(o.values[2]) == 100);
            for (word i = 0; i < 100; ++i) REQUIRE(refs_of(word_to_pointer(o.values[3]))[i] == nullptr);
            REQUIRE(length_of(o.values[4]) == 100000);
            CHECK(std::vector<word>(o.values.begin() + 5, o.values.end()) == std::vector<word>{70, 71, 141});
            gc::collect_minor();
        }
    }
}

TEST_CASE("young objects stored into old ones survive: the barriers") {
    start_collector();
    for (auto& b : all_backends()) {
        INFO(b.name);
        unit u(*b.what, world().tables);
        REQUIRE(u.compile("[p0, p1, i2, i3, f9]\n"
                          "i8 = int_add(i3, 4)\n"
                          "p4 = new_object(descr=Leaf)\n"
                          "setfield(p4, i3, descr=Node.value)\n"
                          "setfield(p0, p4, descr=Node.other)\n"
                          "p5 = new_object(descr=Leaf)\n"
                          "setfield(p5, i8, descr=Node.value)\n"
                          "setarrayitem(p1, i2, p5, descr=array<Node>)\n"
                          "p6 = new_object(descr=Leaf)\n"
                          "setfield(p6, 77, descr=Node.value)\n"
                          "setfield(ptr(node0), p6, descr=Node.next)\n"
                          "p7 = new_object(descr=Leaf)\n"
                          "write_barrier(p0)\n"
                          "setfield/no_barrier(p0, p7, descr=Node.next)\n"
                          "write_barrier_array(p1, 7)\n"
                          "setarrayitem/no_barrier(p1, 7, p7, descr=array<Node>)\n"
                          "f10 = float_add(f9, 1.0)\n"
                          "guard_always_fails() [i2, i3, i8, f9, f10]\n") == "");
        for (size_t length : {size_t{100}, size_t{5000}}) {
            gc::root_slot* roots[2];
            static void *old_node, *old_array;
            old_node = new_node();
            roots[0] = new gc::root_slot(&old_node);
            old_array = world().new_refs(length);
            roots[1] = new gc::root_slot(&old_array);
            for (int i = 0; i < 4; ++i) gc::collect_minor();
            for (word index : {word{3}, word{99}}) {
                outcome o = u.run({address(old_node), address(old_array), index, 42, w(2.5)});
                CHECK(o.values == std::vector<word>{index, 42, 46, w(2.5), w(3.5)});
                for (int i = 0; i < 3; ++i) {
                    gc::collect_minor();
                    node* n = static_cast<node*>(old_node);
                    REQUIRE(gc::is_object(n->other));
                    REQUIRE(n->other->value == 42);
                    REQUIRE(gc::type_of(n->other) == &world().leaf_type);
                    REQUIRE(gc::is_object(n->next));
                    node* item = refs_of(old_array)[index];
                    REQUIRE(gc::is_object(item));
                    REQUIRE(item->value == 46);
                    REQUIRE(gc::is_object(refs_of(old_array)[7]));
                    REQUIRE(world().constants[0]->next->value == 77);
                }
            }
            const char* problem = gc::verify_heap();
            CHECK((problem ? std::string(problem) : "") == "");
            delete roots[1];
            delete roots[0];
        }
        world().reset_constants();
    }
}

TEST_CASE("class and null guards") {
    start_collector();
    for (auto& b : all_backends()) {
        INFO(b.name);
        node *n = new_node(), *leaf = static_cast<node*>(world().new_node(true));
        auto fails = [&](const std::string& guard, word p) {
            unit u(*b.what, world().tables);
            REQUIRE(u.compile("[p0, i1]\n" + guard + " [i1, p0]\nfinish(i1)\n") == "");
            outcome o = u.run({p, 9});
            CHECK(o.values[0] == 9);
            if (o.guard == 0) CHECK(o.values[1] == p);
            return o.guard == 0;
        };
        CHECK_FALSE(fails("guard_class(p0, class(Node))", address(n)));
        CHECK(fails("guard_class(p0, class(Node))", address(leaf)));
        CHECK_FALSE(fails("guard_nonnull_class(p0, class(Leaf))", address(leaf)));
        CHECK(fails("guard_nonnull_class(p0, class(Leaf))", address(n)));
        CHECK(fails("guard_nonnull_class(p0, class(Leaf))", 0));
        CHECK(fails("guard_nonnull(p0)", 0));
        CHECK_FALSE(fails("guard_nonnull(p0)", address(n)));
        CHECK(fails("guard_is_null(p0)", address(n)));
        CHECK_FALSE(fails("guard_is_null(p0)", 0));
        CHECK_FALSE(fails("guard_value(p0, null)", 0));
        CHECK(fails("guard_value(p0, null)", 8));
        CHECK_FALSE(fails("guard_value(i1, 9)", 0));
        CHECK(fails("guard_value(i1, 81985529216486895)", 0));
        CHECK_FALSE(fails("guard_value(p0, ptr(node1))", address(world().constants[1])));
        CHECK(fails("guard_value(p0, ptr(node1))", address(world().constants[0])));
        CHECK_FALSE(fails("guard_class(ptr(node0), class(Node))", 0));
        CHECK(fails("guard_class(ptr(node1), class(Node))", 0));
        CHECK(fails("guard_always_fails()", 0));
        CHECK(fails("guard_true(0)", 0));
        CHECK_FALSE(fails("guard_false(0)", 0));
        unit u(*b.what, world().tables);
        REQUIRE(u.compile("[p0, f1]\np2 = load_class(p0)\nguard_value(f1, 2.5) [p2]\np3 = "
                          "load_class(ptr(node1))\nguard_always_fails() [p3, p2]\n") == "");
        CHECK(u.run({address(n), w(1.0)}).values == std::vector<word>{address(&world().node_type)});
        CHECK(u.run({address(n), w(2.5)}).values ==
              std::vector<word>{address(&world().leaf_type), address(&world().node_type)});
    }
}

TEST_CASE("copying array items, overlapping, of references into old arrays") {
    start_collector();
    for (auto& b : all_backends()) {
        INFO(b.name);
        unit u(*b.what, world().tables);
        REQUIRE(u.compile("[p0, p1, i2]\n"
                          "copy_array(p0, 0, p0, 2, i2, descr=array<int>)\n"
                          "copy_array(p1, i2, p1, 0, 1, descr=array<Node>)\n"
                          "finish(i2)\n") == "");
        auto* ints = static_cast<int64_t*>(world().new_ints(6));
        void* refs = world().new_refs(4);
        for (int i = 0; i < 6; ++i) ints[2 + i] = i;
        node* n = new_node();
        n->value = 5;
        gc::write_barrier(refs);
        refs_of(refs)[3] = n;
        CHECK(u.run({address(ints), address(refs), 3}).values == std::vector<word>{3});
        CHECK(std::vector<int64_t>(ints + 2, ints + 8) == std::vector<int64_t>{0, 1, 0, 1, 2, 5});
        CHECK(refs_of(refs)[0] == n);
    }
}

namespace {

constexpr size_t kept_count = 24;

// Nodes that nothing but the values of the last exit refers to: their addresses, inverted.
[[gnu::noinline]] std::vector<word> leave_with_nodes(backend& where) {
    std::string names;
    for (size_t i = 0; i < kept_count; ++i) names += (i == 0 ? "p" : ", p") + std::to_string(i);
    std::string count = std::to_string(kept_count);
    unit u(where, world().tables);
    REQUIRE(u.compile("[" + names + ", i" + count + "]\nguard_true(i" + count + ") [" + names + "]\nfinish()\n") == "");
    std::vector<word> inputs, hidden;
    void* roots = world().new_refs(kept_count);
    for (size_t i = 0; i < kept_count; ++i) {
        refs_of(roots)[i] = new_node();
        heddle::gc::write_barrier_array(roots, i);
    }
    heddle::gc::collect_minor(); // their places are final
    for (size_t i = 0; i < kept_count; ++i) inputs.push_back(address(refs_of(roots)[i]));
    for (word input : inputs) hidden.push_back(~input);
    inputs.push_back(0);
    CHECK(u.run(inputs).guard == 0);
    return hidden;
}

[[gnu::noinline]] size_t still_there(const std::vector<word>& hidden) {
    volatile char overwritten[1 << 15];
    for (auto& byte : overwritten) byte = 0;
    heddle::gc::collect_full();
    size_t found = 0;
    for (word address : hidden) found += heddle::gc::is_object(word_to_pointer<void>(~address));
    return found;
}

} // namespace

TEST_CASE("the values of the last exit are roots until they are forgotten") {
    start_collector();
    for (auto& b : all_backends()) {
        INFO(b.name);
        std::vector<word> hidden = leave_with_nodes(*b.what);
        CHECK(still_there(hidden) == kept_count);
        b.what->forget_exit_values();
        CHECK(still_there(hidden) < kept_count / 2); // the stack may hold some
    }
}
