// Weak references and finalizers.
#include <algorithm>
#include <vector>

#include "heap_fixture.h"

using namespace heddle_test;
namespace gc = heddle::gc;

namespace {

// Runs body(), so that nothing of it stays on the stack.
template <typename Body> __attribute__((noinline)) void in_own_frame(Body body) {
    body();
    asm volatile("" ::: "memory");
}

void collect_all() {
    clear_stack();
    gc::collect_full();
}

// A stale word on the stack may keep a few objects: these tests use many and ask that most die.
constexpr uint64_t many = 100;
constexpr uint64_t most = 90;

uint64_t intact_targets(reference_array* weaks, const reference_array* targets) {
    uint64_t count = 0;
    for (uint64_t i = 0; i < many; ++i) count += static_cast<weak_node*>(weaks->items[i])->target == targets->items[i];
    return count;
}

uint64_t cleared_targets(reference_array* weaks) {
    uint64_t count = 0;
    for (uint64_t i = 0; i < many; ++i) count += static_cast<weak_node*>(weaks->items[i])->target == nullptr;
    return count;
}

} // namespace

TEST_CASE("weak references are cleared when their targets die, young or old") {
    heap here;
    bool old = GENERATE(false, true);
    in_own_frame([&] {
        roots[0] = new_references(1, many);
        roots[1] = new_references(2, many);
        for (uint64_t i = 0; i < many; ++i) {
            store_item(static_cast<reference_array*>(roots[1]), i, new_node(i));
            auto* weak = new_weak(i, static_cast<reference_array*>(roots[1])->items[i]);
            store_item(static_cast<reference_array*>(roots[0]), i, weak);
        }
    });
    auto targets = [] { return static_cast<reference_array*>(roots[1]); };
    auto weaks = [] { return static_cast<reference_array*>(roots[0]); };
    for (int i = 0; old && i < 4; ++i) {
        clear_stack();
        gc::collect_minor();
        CHECK(intact_targets(weaks(), targets()) == many);
    }
    collect_all();
    CHECK(intact_targets(weaks(), targets()) == many);
    for (uint64_t i = 0; i < many; i += 2) targets()->items[i] = nullptr;
    collect_all();
    CHECK(intact_targets(weaks(), targets()) >= many / 2);
    CHECK(cleared_targets(weaks()) >= most / 2);
    roots[1] = nullptr;
    collect_all();
    CHECK(cleared_targets(weaks()) >= most);
}

TEST_CASE("weak references to young targets are cleared by minor collections") {
    heap here;
    in_own_frame([] {
        roots[0] = new_references(1, many);
        for (uint64_t i = 0; i < many; ++i)
            store_item(static_cast<reference_array*>(roots[0]), i, new_weak(i, new_node(i)));
    });
    clear_stack();
    gc::collect_minor();
    CHECK(cleared_targets(static_cast<reference_array*>(roots[0])) >= most);
}

TEST_CASE("an old weak object may be pointed at a young target") {
    heap here;
    uint64_t cleared = 0;
    roots[0] = new_weak(1, nullptr);
    for (int i = 0; i < 4; ++i) collect_all();
    for (uint64_t i = 0; i < many; ++i) {
        in_own_frame([&] {
            auto* object = static_cast<weak_node*>(roots[0]);
            roots[1] = i % 2 == 0 ? new_node(i) : nullptr;
            store(object, object->target, i % 2 == 0 ? roots[1] : static_cast<void*>(new_node(i)));
        });
        clear_stack();
        gc::collect_minor();
        auto* object = static_cast<weak_node*>(roots[0]);
        if (i % 2 == 0) REQUIRE(object->target == roots[1]);
        cleared += object->target == nullptr;
    }
    CHECK(cleared >= most / 2);
}

TEST_CASE("dead weak targets die also when the cycle runs in steps") {
    heap here;
    std::vector<void*> weaks(1000);
    auto walk = [](gc::root_visitor& visitor, void* data) {
        for (void*& slot : *static_cast<std::vector<void*>*>(data)) visitor.visit(&slot);
    };
    gc::add_root_walker(walk, &weaks);
    in_own_frame([&] {
        for (uint64_t i = 0; i < weaks.size(); ++i) weaks[i] = new_weak(i + 1, i % 2 == 0 ? new_node(i) : nullptr);
    });
    clear_stack();
    while (!gc::collect_step()) {}
    while (!gc::collect_step()) {}
    auto alive = std::count_if(weaks.begin(), weaks.end(),
                               [](void* weak) { return static_cast<weak_node*>(weak)->target != nullptr; });
    CHECK(alive <= 3);
    gc::remove_root_walker(walk, &weaks);
}

TEST_CASE("finalizers run once, after the object was found dead, and not before") {
    heap here;
    void*& kept = roots[0];
    kept = nullptr;
    in_own_frame([&] {
        for (uint64_t i = 0; i < 100; ++i) kept = new_finalizable(i);
    });
    clear_stack();
    gc::collect_minor();
    CHECK(gc::run_finalizers() == 0);
    collect_all();
    CHECK((heddle_thread.action_flag & gc::action_finalizers) != 0);
    gc::run_finalizers(10);
    CHECK(finalized.size() == 10);
    CHECK((heddle_thread.action_flag & gc::action_finalizers) != 0);
    gc::run_finalizers();
    CHECK((heddle_thread.action_flag & gc::action_finalizers) == 0);
    CHECK(finalized.size() >= 96);
    std::vector<uint64_t> once = finalized;
    std::sort(once.begin(), once.end());
    CHECK(std::unique(once.begin(), once.end()) == once.end());
    CHECK(std::find(once.begin(), once.end(), 99) == once.end());
    collect_all();
    gc::run_finalizers();
    kept = nullptr;
    collect_all();
    gc::run_finalizers();
    collect_all();
    gc::run_finalizers();
    CHECK(finalized.size() == 100);
}

TEST_CASE("finalizers run in dependency order; a cycle is cut at one object") {
    heap here;
    in_own_frame([] {
        // 1 -> plain -> 2 -> 3, registered in the wrong order; 4 <-> 5 -> 6.
        node* third = new_finalizable(3);
        node* second = new_finalizable(2);
        node* first = new_finalizable(1);
        node* plain = new_node(100);
        first->left = plain;
        plain->right = second;
        second->left = third;
        node* sixth = new_finalizable(6);
        node* fifth = new_finalizable(5);
        node* fourth = new_finalizable(4);
        fourth->left = fifth;
        fifth->left = fourth;
        fifth->right = sixth;
    });
    std::vector<std::vector<uint64_t>> rounds;
    for (int i = 0; i < 8; ++i) {
        collect_all();
        finalized.clear();
        gc::run_finalizers();
        if (!finalized.empty()) rounds.push_back(finalized);
    }
    auto round_of = [&](uint64_t number) {
        for (size_t i = 0; i < rounds.size(); ++i)
            if (std::count(rounds[i].begin(), rounds[i].end(), number) != 0) return i;
        return size_t{99};
    };
    CHECK(round_of(1) < round_of(2));
    CHECK(round_of(2) < round_of(3));
    CHECK(round_of(3) < 99);
    CHECK(round_of(4) != round_of(5));
    CHECK(std::max(round_of(4), round_of(5)) < 99);
    CHECK(std::min(round_of(4), round_of(5)) < round_of(6));
    CHECK(round_of(5) < round_of(6));
    CHECK(round_of(6) < 99);
}

TEST_CASE("weak references to finalizable objects are cleared before the finalizers run") {
    heap here;
    in_own_frame([] {
        roots[0] = new_references(1, many);
        for (uint64_t i = 0; i < many; ++i)
            store_item(static_cast<reference_array*>(roots[0]), i, new_weak(i, new_finalizable(i)));
    });
    collect_all();
    CHECK(cleared_targets(static_cast<reference_array*>(roots[0])) >= most);
    CHECK(finalized.empty());
    gc::run_finalizers();
    CHECK(finalized.size() >= most);
}

TEST_CASE("what queued finalizers need stays alive") {
    heap here;
    in_own_frame([] {
        for (uint64_t i = 0; i < many; ++i) {
            node* object = new_finalizable(i);
            object->left = new_node(77);
        }
    });
    collect_all();
    collect_all();
    collect_all();
    CHECK(finalized.empty());
    gc::run_finalizers();
    CHECK(finalized.size() >= most);
}

TEST_CASE("light finalizers run inside collections, and at shutdown") {
    {
        heap here;
        void*& kept = roots[0];
        kept = nullptr;
        in_own_frame([&] {
            for (uint64_t i = 0; i < 100; ++i) kept = new_light(i);
        });
        clear_stack();
        gc::collect_minor();
        CHECK(finalized.size() >= 96);
        CHECK(finalized.size() <= 99);
        collect_all();
        CHECK(std::count(finalized.begin(), finalized.end(), 99) == 0);
    }
    std::sort(finalized.begin(), finalized.end());
    CHECK(finalized.size() == 100);
    CHECK(std::unique(finalized.begin(), finalized.end()) == finalized.end());
}
