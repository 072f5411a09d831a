// Allocation, evacuation, conservative pinning, barriers, identity: one property per test.
#include <set>
#include <vector>

#include "heap_fixture.h"

using namespace heddle_test;
namespace gc = heddle::gc;

namespace {

// Builds a list of `count` nodes; returns the head.
__attribute__((noinline)) node* build_list(uint64_t count) {
    node* head = nullptr;
    for (uint64_t i = count; i-- > 0;) {
        node* link = new_node(i);
        link->right = head;
        head = link;
    }
    return head;
}

bool list_is_intact(node* head, uint64_t count) {
    uint64_t i = 0;
    for (; head != nullptr; head = head->right, ++i)
        if (head->number != i || head->payload != i * 3) return false;
    return i == count;
}

} // namespace

TEST_CASE("type ids are a pre-order of the class tree") {
    heap here;
    auto is_a = [](const type_info& type, const type_info& base) {
        return type.id - base.id <= base.last_id - base.id;
    };
    CHECK(is_a(derived_type, node_type));
    CHECK(is_a(finalizable_type, node_type));
    CHECK(is_a(node_type, node_type));
    CHECK_FALSE(is_a(node_type, derived_type));
    CHECK_FALSE(is_a(byte_array_type, node_type));
    CHECK_FALSE(is_a(node_type, byte_array_type));
    CHECK(gc::type_of(new_derived(1)) == &derived_type);
}

TEST_CASE("a class can be registered later, until that would move ids of living objects") {
    static type_info child; // a type_info must outlive the heap
    heap here;
    CHECK(gc::register_type(unregistered_base_type) == nullptr);
    CHECK(unregistered_base_type.id != 0);
    child = node_type;
    child.name = "late_child";
    child.base = &node_type;
    child.id = child.last_id = 0;
    SECTION("before the first allocation") {
        CHECK(gc::register_type(child) == nullptr);
        CHECK(child.id - node_type.id <= node_type.last_id - node_type.id);
    }
    SECTION("after it") {
        new_node(1);
        CHECK(gc::register_type(child) != nullptr);
    }
}

TEST_CASE("what an exact root reaches survives and the root is updated") {
    heap here;
    void* head = build_list(20000); // more than one nursery
    gc::root_slot root(&head);
    gc::collect_minor();
    CHECK(list_is_intact(static_cast<node*>(head), 20000));
    gc::collect_full();
    CHECK(list_is_intact(static_cast<node*>(head), 20000));
    auto counts = gc::get_statistics();
    CHECK(counts.objects_promoted >= 19900);
    CHECK(counts.minor_collections >= 2);
}

TEST_CASE("an object that only the stack knows stays in its place") {
    heap here;
    node* volatile held = new_node(7);
    node* before = held;
    before->left = new_node(8);
    SECTION("by its address") {
        gc::collect_minor();
        CHECK(held == before);
        CHECK(held->number == 7);
        CHECK(held->left->number == 8);
    }
    SECTION("for as long as it's held, also when it gets old") {
        for (int i = 0; i < 10; ++i) {
            build_list(500);
            gc::collect_minor();
        }
        CHECK(held->number == 7);
        CHECK(held->left->number == 8);
        CHECK(gc::is_immovable(held));
        gc::collect_full();
        CHECK(held->left->number == 8);
    }
}

TEST_CASE("interior pointers and ends keep an object") {
    heap here;
    for (uint64_t offset :
         {uint64_t{0}, uint64_t{1}, uint64_t{8}, uint64_t{sizeof(node) - 1}, uint64_t{sizeof(node)}}) {
        const char* inside;
        {
            std::vector<node*> keep_apart;
            build_list(3);
            inside = reinterpret_cast<const char*>(new_node(99)) + offset;
            build_list(3);
        }
        const char* volatile held = inside;
        clear_stack();
        gc::collect_minor();
        auto* object = static_cast<node*>(gc::find_object(held));
        REQUIRE(object != nullptr);
        CHECK(reinterpret_cast<const char*>(object) + offset == held);
        CHECK(object->number == 99);
        for (int i = 0; i < 4; ++i) gc::collect_minor();
        gc::collect_full();
        CHECK(gc::find_object(held) == object);
        CHECK(object->number == 99);
    }
}

TEST_CASE("words of a conservative range pin") {
    heap here;
    void* registers[4] = {};
    gc::conservative_range range;
    range.begin = registers;
    range.end = registers + 4;
    registers[2] = build_list(100);
    clear_stack();
    void* before = registers[2];
    gc::collect_minor();
    CHECK(registers[2] == before);
    CHECK(list_is_intact(static_cast<node*>(registers[2]), 100));
    gc::collect_full();
    CHECK(list_is_intact(static_cast<node*>(registers[2]), 100));
}

TEST_CASE("a root_slot is updated, until it's destroyed") {
    heap here;
    static void* slot;
    {
        gc::root_slot root(&slot);
        gc::root_slot another(&roots[0]);
        slot = build_list(100);
        clear_stack();
        gc::collect_full();
        CHECK(list_is_intact(static_cast<node*>(slot), 100));
    }
    clear_stack();
    gc::collect_full();
    CHECK_FALSE(gc::is_object(slot));
}

TEST_CASE("root walkers") {
    heap here;
    std::vector<void*> slots;
    auto walk = [](gc::root_visitor& visitor, void* data) {
        for (void*& slot : *static_cast<std::vector<void*>*>(data)) visitor.visit(&slot);
    };
    gc::add_root_walker(walk, &slots);
    for (uint64_t i = 0; i < 50; ++i) slots.push_back(build_list(i));
    gc::collect_minor();
    gc::collect_full();
    for (uint64_t i = 0; i < 50; ++i) CHECK(list_is_intact(static_cast<node*>(slots[i]), i));
    gc::remove_root_walker(walk, &slots);
}

TEST_CASE("unreachable memory is reused") {
    heap here;
    for (int i = 0; i < 200; ++i) build_list(5000);
    auto counts = gc::get_statistics();
    CHECK(counts.bytes_allocated > (30u << 20));
    CHECK(counts.heap_bytes < (6u << 20));
}

TEST_CASE("old objects may refer to young ones after a barrier") {
    gc::options chosen = heap::small();
    heap here(chosen);
    void*& old = roots[0];
    old = new_node(1);
    clear_stack();
    for (uint32_t i = 0; i < chosen.pin_age_limit; ++i) gc::collect_full();
    for (uint64_t i = 0; i < 100; ++i) {
        auto* object = static_cast<node*>(old);
        store(object, object->left, new_node(1000 + i));
        gc::collect_minor();
        CHECK(static_cast<node*>(old)->left->number == 1000 + i);
    }
}

TEST_CASE("the verifier finds a missing barrier") {
    gc::options chosen = heap::small();
    chosen.verify = false;
    heap here(chosen);
    void*& old = roots[0];
    old = new_node(1);
    clear_stack();
    for (uint32_t i = 0; i < chosen.pin_age_limit; ++i) gc::collect_full();
    CHECK(gc::verify_heap() == nullptr);
    node* young = new_node(2);
    static_cast<node*>(old)->left = young; // no barrier
    CHECK(gc::verify_heap() != nullptr);
    static_cast<node*>(old)->left = nullptr;
    CHECK(gc::verify_heap() == nullptr);
}

TEST_CASE("the verifier finds a dangling reference") {
    gc::options chosen = heap::small();
    chosen.verify = false;
    heap here(chosen);
    void*& old = roots[0];
    old = new_node(1);
    clear_stack();
    for (uint32_t i = 0; i < chosen.pin_age_limit; ++i) gc::collect_full();
    auto* object = static_cast<node*>(old);
    object->left = reinterpret_cast<node*>(reinterpret_cast<char*>(object) + 8);
    CHECK(gc::verify_heap() != nullptr);
    object->left = nullptr;
}

TEST_CASE("interior barriers find the object") {
    gc::options chosen = heap::small();
    chosen.card_elements = 4;
    heap here(chosen);
    void** slots = roots;
    slots[0] = new_node(1);
    slots[1] = new_references(2, 100);
    slots[2] = new_references(3, 20000);
    slots[3] = new_entries(4, 50);
    clear_stack();
    gc::collect_full();
    auto put = [](auto& slot, auto value) {
        slot = value;
        gc::write_barrier_interior(&slot);
    };
    void* nowhere = nullptr;
    put(nowhere, static_cast<void*>(slots[0])); // not in the heap: nothing happens
    for (uint64_t i = 0; i < 50; ++i) {
        put(static_cast<node*>(slots[0])->left, new_node(i));
        put(static_cast<node*>(slots[0])->right, new_node(i + 1));
        put(static_cast<reference_array*>(slots[1])->items[i * 2], static_cast<void*>(new_node(i + 2)));
        put(static_cast<reference_array*>(slots[2])->items[19999 - i * 300], static_cast<void*>(new_node(i + 3)));
        put(static_cast<entry_array*>(slots[3])->items[i].value, static_cast<void*>(new_node(i + 4)));
        clear_stack();
        gc::collect_minor();
        CHECK(static_cast<node*>(slots[0])->left->number == i);
        CHECK(static_cast<node*>(slots[0])->right->number == i + 1);
        auto number = [](void* object) { return static_cast<node*>(object)->number; };
        for (uint64_t j = 0; j <= i; ++j) {
            CHECK(number(static_cast<reference_array*>(slots[1])->items[j * 2]) == j + 2);
            CHECK(number(static_cast<reference_array*>(slots[2])->items[19999 - j * 300]) == j + 3);
            CHECK(number(static_cast<entry_array*>(slots[3])->items[j].value) == j + 4);
        }
    }
}

TEST_CASE("arrays: lengths, clearing, tagged words") {
    heap here;
    for (uint64_t length : {0, 1, 7, 127, 128, 129, 1000, 5000, 100000}) {
        void*& array = roots[0];
        array = new_references(length, length);
        auto* items = static_cast<reference_array*>(array);
        REQUIRE(items->length == length);
        for (uint64_t i = 0; i < length; ++i) REQUIRE(items->items[i] == nullptr);
        if (length > 0) store_item(items, length - 1, reinterpret_cast<void*>(uintptr_t{0xdeadbeef}));
        gc::collect_minor();
        gc::collect_full();
        items = static_cast<reference_array*>(array);
        CHECK(items->length == length);
        if (length > 0) CHECK(items->items[length - 1] == reinterpret_cast<void*>(uintptr_t{0xdeadbeef}));
        auto* bytes = static_cast<byte_array*>(gc::allocate_array(byte_array_type, length, true));
        for (uint64_t i = 0; i < length; ++i) REQUIRE(bytes->items[i] == 0);
    }
    CHECK(gc::try_allocate_array(reference_array_type, SIZE_MAX / 4, false) == nullptr);
    CHECK(gc::try_allocate_array(byte_array_type, SIZE_MAX, false) == nullptr);
    CHECK(gc::try_allocate_array(byte_array_type, SIZE_MAX - 100, false) == nullptr);
}

TEST_CASE("make_immovable") {
    heap here;
    void*& object = roots[0];
    object = new_node(5);
    gc::make_immovable(object);
    CHECK(gc::is_immovable(object));
    auto hidden = ~reinterpret_cast<uintptr_t>(object);
    clear_stack();
    static_cast<node*>(object)->left = new_node(6);
    gc::collect_minor();
    CHECK(reinterpret_cast<uintptr_t>(object) == ~hidden);
    CHECK(static_cast<node*>(object)->left->number == 6);
    gc::collect_full();
    CHECK(reinterpret_cast<uintptr_t>(object) == ~hidden);
}

namespace {

// Addresses in disguise, so that the stack scan doesn't recognise them.
std::vector<uintptr_t> hidden;

node* revealed(size_t i) { return reinterpret_cast<node*>(~hidden[i]); }

__attribute__((noinline)) void make_pinned_nodes(size_t count) {
    hidden.clear();
    for (size_t i = 0; i < count; ++i) {
        node* object = new_node(i);
        object->left = new_node(1000 + i);
        gc::pin(object);
        gc::pin(object);
        hidden.push_back(~reinterpret_cast<uintptr_t>(object));
    }
}

__attribute__((noinline)) size_t count_intact_nodes() {
    size_t count = 0;
    for (size_t i = 0; i < hidden.size(); ++i)
        count += gc::is_object(revealed(i)) && revealed(i)->number == i && revealed(i)->left->number == 1000 + i;
    return count;
}

__attribute__((noinline)) void unpin_all() {
    for (size_t i = 0; i < hidden.size(); ++i) gc::unpin(revealed(i));
}

} // namespace

TEST_CASE("pin keeps an object and its address; the last unpin lets go") {
    heap here;
    make_pinned_nodes(100);
    clear_stack();
    gc::collect_minor();
    build_list(20000);
    gc::collect_full();
    CHECK(count_intact_nodes() == 100);
    unpin_all();
    clear_stack();
    gc::collect_full();
    CHECK(count_intact_nodes() == 100);
    unpin_all();
    clear_stack();
    gc::collect_full();
    CHECK(count_intact_nodes() <= 10);
}

TEST_CASE("identity hashes survive moves and promotion in place") {
    heap here;
    std::vector<void*> objects;
    auto walk = [](gc::root_visitor& visitor, void* data) {
        for (void*& slot : *static_cast<std::vector<void*>*>(data)) visitor.visit(&slot);
    };
    gc::add_root_walker(walk, &objects);
    std::vector<uint64_t> hashes;
    for (uint64_t i = 0; i < 2000; ++i) {
        objects.push_back(i % 3 == 0 ? static_cast<void*>(new_references(i, i)) : new_node(i));
        hashes.push_back(gc::identity_hash(objects.back()));
        if (i % 5 == 0) gc::make_immovable(objects.back());
        CHECK(hashes.back() != 0);
    }
    void* volatile held = objects[1234];
    for (int round = 0; round < 6; ++round) {
        for (uint64_t i = 0; i < 2000; ++i) REQUIRE(gc::identity_hash(objects[i]) == hashes[i]);
        if (round % 2 == 0)
            gc::collect_minor();
        else
            gc::collect_full();
    }
    CHECK(held == objects[1234]);
    gc::remove_root_walker(walk, &objects);
}

TEST_CASE("no two living objects have the same identity hash") {
    heap here;
    std::set<uint64_t> hashes;
    for (int round = 0; round < 10; ++round) {
        roots[round] = new_references(1, 2000);
        for (uint64_t i = 0; i < 2000; ++i) {
            auto* object = new_node(i);
            store_item(static_cast<reference_array*>(roots[round]), i, object);
            REQUIRE(hashes.insert(gc::identity_hash(object)).second);
            if (i % 2 == 0)
                gc::make_immovable(object); // gets old in its place, hashed by an address that isn't its own
        }
        gc::collect_minor();
        gc::collect_full(); // what was given back can be had again
        clear_stack();
    }
}

TEST_CASE("a dead object's hash isn't inherited by what takes its place") {
    heap here;
    uint64_t hashes[100];
    for (int round = 0; round < 100; ++round) {
        roots[0] = new_references(1, 100);
        auto items = [] { return static_cast<reference_array*>(roots[0])->items; };
        for (uint64_t i = 0; i < 100; ++i) {
            auto* object = new_node(i);
            store_item(static_cast<reference_array*>(roots[0]), i, object);
            hashes[i] = gc::identity_hash(object);
            if (i % 2 == 0) gc::make_immovable(object);
        }
        gc::collect_minor();
        for (uint64_t i = 0; i < 100; ++i) REQUIRE(gc::identity_hash(items()[i]) == hashes[i]);
        roots[0] = nullptr;
        if (round % 3 != 0) gc::collect_full();
        clear_stack();
    }
}

TEST_CASE("hashing a young object that dies leaks nothing") {
    heap here;
    for (uint64_t i = 0; i < 100000; ++i) gc::identity_hash(new_node(i));
    gc::collect_full();
    CHECK(gc::get_statistics().old_bytes < 100000);
}

TEST_CASE("is_object is exact") {
    heap here;
    void*& object = roots[0];
    object = new_references(1, 10);
    for (int round = 0; round < 3; ++round) {
        for (int offset = -16; offset <= 104; ++offset)
            CHECK(gc::is_object(static_cast<char*>(object) + offset) == (offset == 0));
        if (round == 0)
            gc::collect_minor();
        else
            gc::collect_full();
    }
    int local = 0;
    CHECK_FALSE(gc::is_object(&local));
    CHECK_FALSE(gc::is_object(nullptr));
    CHECK_FALSE(gc::is_object(reinterpret_cast<void*>(1)));
}

// What earlier questions have found out about a chunk must stay right while it fills up.
TEST_CASE("find_object while a chunk fills up") {
    heap here;
    for (int round = 0; round < 3; ++round) {
        std::vector<std::pair<char*, char*>> known; // made one after the other, sizes from small to several stretches
        for (uint32_t i = 0; i < 400; ++i) {
            uint32_t length = i % 7 == 3 ? 150 + i % 90 : i % 5;
            auto* made = reinterpret_cast<char*>(new_references(1, length));
            known.emplace_back(made, made + sizeof(void*) * length);
            CHECK(gc::find_object(made + 3000) != made); // the gap's filler, or what comes later
            const auto& [first, last] = known[(i * 37) % known.size()];
            REQUIRE(gc::find_object(first) == first);
            REQUIRE(gc::find_object(last) == first);
        }
        for (const auto& [first, last] : known)
            for (char* inside = first; inside <= last; inside += 64) REQUIRE(gc::find_object(inside) == first);
        gc::collect_minor();
    }
}

TEST_CASE("the pending error is a root") {
    heap here;
    heddle_thread.error = build_list(10);
    clear_stack();
    gc::collect_minor();
    gc::collect_full();
    CHECK(list_is_intact(static_cast<node*>(heddle_thread.error), 10));
    heddle_thread.error = nullptr;
}
