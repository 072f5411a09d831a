// Old space: incremental cycles, large objects, the heap limit, pacing.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "heap_fixture.h"

using namespace heddle_test;
namespace gc = heddle::gc;

namespace {

std::vector<void*> table;

void walk_table(gc::root_visitor& visitor, void*) {
    for (void*& slot : table) visitor.visit(&slot);
}

struct rooted_table {
    explicit rooted_table(size_t size) {
        table.assign(size, nullptr);
        gc::add_root_walker(walk_table, nullptr);
    }
    ~rooted_table() {
        gc::remove_root_walker(walk_table, nullptr);
        table.clear();
    }
};

__attribute__((noinline)) node* tree(int depth) {
    node* object = new_node(static_cast<uint64_t>(depth));
    void* held = object;
    gc::root_slot root(&held);
    if (depth > 0) {
        node* left = tree(depth - 1);
        auto* self = static_cast<node*>(held);
        store(self, self->left, left);
        node* right = tree(depth - 1);
        self = static_cast<node*>(held);
        store(self, self->right, right);
    }
    return static_cast<node*>(held);
}

size_t count_nodes(const node* object) {
    return object == nullptr ? 0 : 1 + count_nodes(object->left) + count_nodes(object->right);
}

// Makes a list of nodes until the heap is said to be full; returns its length.
__attribute__((noinline)) uint64_t fill_heap(uint64_t maximum) {
    for (uint64_t made = 0;; ++made) {
        if ((heddle_thread.action_flag & gc::action_out_of_memory) != 0 || made == maximum) return made;
        node* object = new_node(made);
        object->left = static_cast<node*>(table[0]);
        table[0] = object;
    }
}

// Puts a large array into the table, in a frame of its own; false if there's no memory for it.
__attribute__((noinline)) bool make_large(size_t index, size_t bytes) {
    void* object = gc::try_allocate_array(byte_array_type, bytes, false);
    if (object != nullptr) table[index] = object;
    return object != nullptr;
}

} // namespace

TEST_CASE("objects moved between scanned and unscanned parts while marking stay alive") {
    // The classic way to lose an object: move the only reference to a white object into a black one.
    uint64_t length = GENERATE(50u, 20000u); // without and with cards, and marked in pieces
    gc::options chosen = heap::small();
    chosen.verify = false;
    heap here(chosen);
    rooted_table rooted(2);
    for (int round = 0; round < 20; ++round) {
        table[0] = new_references(1, length);
        table[1] = new_references(2, length);
        for (uint64_t i = 0; i < length; ++i) store_item(static_cast<reference_array*>(table[i % 2]), i, new_node(i));
        for (int i = 0; i < 4; ++i) gc::collect_minor();
        uint64_t moves = 0;
        do {
            auto* first = static_cast<reference_array*>(table[0]);
            auto* second = static_cast<reference_array*>(table[1]);
            for (uint64_t i = 0; i < length / 3; ++i, ++moves) {
                uint64_t item = moves * 7 % length;
                void* in_first = first->items[item];
                store_item(first, item, second->items[item]);
                store_item(second, item, in_first);
            }
        } while (!gc::collect_step(500 + length));
        REQUIRE(gc::verify_heap() == nullptr);
        for (uint64_t i = 0; i < length; ++i) {
            void* found = static_cast<reference_array*>(table[0])->items[i];
            if (found == nullptr) found = static_cast<reference_array*>(table[1])->items[i];
            REQUIRE(gc::is_object(found));
            REQUIRE(static_cast<node*>(found)->number == i);
        }
    }
}

TEST_CASE("what only a root got hold of while marking stays alive") {
    gc::options chosen = heap::small();
    chosen.verify = false;
    heap here(chosen);
    rooted_table rooted(2);
    for (int round = 0; round < 20; ++round) {
        table[0] = new_references(1, 20000);
        for (uint64_t i = 0; i < 20000; ++i) store_item(static_cast<reference_array*>(table[0]), i, new_node(i));
        for (int i = 0; i < 4; ++i) gc::collect_minor();
        gc::collect_step(10000);
        // Not marked yet: the array is scanned piece by piece.
        auto* array = static_cast<reference_array*>(table[0]);
        table[1] = array->items[19990];
        array->items[19990] = nullptr;
        while (!gc::collect_step(10000)) {}
        REQUIRE(gc::is_object(table[1]));
        REQUIRE(static_cast<node*>(table[1])->number == 19990);
    }
}

TEST_CASE("what gets old while marking is scanned") {
    gc::options chosen = heap::small();
    chosen.verify = false;
    heap here(chosen);
    rooted_table rooted(3);
    for (int round = 0; round < 20; ++round) {
        table[0] = new_references(1, 20000);
        for (uint64_t i = 0; i < 20000; ++i) store_item(static_cast<reference_array*>(table[0]), i, new_node(i));
        for (int i = 0; i < 4; ++i) gc::collect_minor();
        gc::collect_step(10000);
        // A young object takes over the only reference to a white one, then gets old.
        auto* array = static_cast<reference_array*>(table[0]);
        node* holder = new_node(5);
        holder->left = static_cast<node*>(array->items[19990]);
        array->items[19990] = nullptr;
        table[1] = holder;
        holder = nullptr;
        clear_stack();
        while (!gc::collect_step(10000)) {}
        auto* kept = static_cast<node*>(table[1]);
        REQUIRE(gc::is_object(kept->left));
        REQUIRE(kept->left->number == 19990);
    }
}

TEST_CASE("trees survive cycles that allocation drives, and the heap doesn't grow without bound") {
    gc::options chosen = heap::small();
    chosen.verify = false;
    heap here(chosen);
    rooted_table rooted(8);
    for (int round = 0; round < 400; ++round) {
        table[static_cast<size_t>(round) % 8] = tree(11);
        if (round > 8) {
            node* some = static_cast<node*>(table[static_cast<size_t>(round * 5) % 8]);
            REQUIRE(count_nodes(some) == 4095);
        }
    }
    auto counts = gc::get_statistics();
    CHECK(counts.major_cycles >= 3);
    CHECK(counts.old_bytes < (16u << 20));
    CHECK(counts.heap_bytes_peak < (24u << 20));
    CHECK(gc::verify_heap() == nullptr);
}

TEST_CASE("large objects: kept, freed, reused") {
    heap here;
    rooted_table rooted(10);
    for (int round = 0; round < 300; ++round) {
        auto index = static_cast<size_t>(round) % 10;
        table[index] = new_bytes(static_cast<uint64_t>(round), 100000 + static_cast<uint64_t>(round) * 1000);
        auto* bytes = static_cast<byte_array*>(table[index]);
        bytes->items[bytes->length - 1] = static_cast<uint8_t>(round);
    }
    for (int round = 290; round < 300; ++round) {
        auto* bytes = static_cast<byte_array*>(table[static_cast<size_t>(round) % 10]);
        CHECK(bytes->number == static_cast<uint64_t>(round));
        CHECK(bytes->items[bytes->length - 1] == static_cast<uint8_t>(round));
    }
    table.assign(10, nullptr);
    clear_stack();
    gc::collect_full();
    CHECK(gc::get_statistics().old_bytes < (1u << 20));
}

TEST_CASE("large arrays of references: cleared also in reused memory") {
    heap here;
    for (int round = 0; round < 50; ++round) {
        auto* bytes = new_bytes(1, 400000);
        for (uint64_t i = 0; i < bytes->length; ++i) bytes->items[i] = 0xaa;
        gc::collect_minor();
        gc::collect_full();
        auto* array = new_references(2, 50000);
        for (uint64_t i = 0; i < array->length; ++i) REQUIRE(array->items[i] == nullptr);
    }
}

TEST_CASE("a minor collection scans dirty cards only") {
    gc::options chosen = heap::small();
    chosen.verify = false;
    heap here(chosen);
    rooted_table rooted(1);
    constexpr uint64_t length = 4u << 20; // 32 MB
    table[0] = new_references(1, length);
    gc::collect_full();
    auto before = gc::get_statistics();
    for (uint64_t i = 0; i < 200; ++i) {
        store_item(static_cast<reference_array*>(table[0]), i * 20000, new_node(i));
        clear_stack();
        gc::collect_minor();
    }
    auto after = gc::get_statistics();
    for (uint64_t i = 0; i < 200; ++i)
        CHECK(static_cast<node*>(static_cast<reference_array*>(table[0])->items[i * 20000])->number == i);
    CHECK(after.objects_promoted - before.objects_promoted >= 199); // the last may be found on the stack: pinned
    CHECK(gc::verify_heap() == nullptr);
}

// Runs body in a child process, which should end by itself; returns what it wrote to stderr. status: its exit status,
// or -1 if it returned or was killed.
template <typename Body> std::string stderr_of_child(Body body, int& status) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        dup2(ends[1], 2);
        body();
        _exit(77);
    }
    close(ends[1]);
    std::string text;
    char buffer[256];
    for (ssize_t count; (count = read(ends[0], buffer, sizeof buffer)) > 0;)
        text.append(buffer, static_cast<size_t>(count));
    close(ends[0]);
    int wait_status = 0;
    waitpid(child, &wait_status, 0);
    status = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) != 77 ? WEXITSTATUS(wait_status) : -1;
    return text;
}

TEST_CASE("past the heap limit the flag is raised, and lowered memory use helps") {
    gc::options chosen = heap::small();
    chosen.verify = false;
    chosen.maximum_heap_bytes = 8 << 20;
    heap here(chosen);
    SECTION("small objects") {
        rooted_table rooted(1);
        uint64_t made = fill_heap(1000000);
        CHECK(made > 100000);
        CHECK(made < 1000000);
        CHECK(gc::get_statistics().heap_bytes <= (9u << 20));
        // The handler of the error can allocate.
        heddle_thread.action_flag = 0;
        table[0] = nullptr;
        clear_stack();
        for (uint64_t i = 0; i < 100000; ++i) REQUIRE(new_node(i)->number == i);
        CHECK(heddle_thread.action_flag == 0);
    }
    SECTION("past the limit one full collection is enough for a while") {
        rooted_table rooted(1);
        fill_heap(UINT64_MAX);
        heddle_thread.action_flag = 0;
        uint64_t before = gc::get_statistics().major_cycles;
        for (int i = 0; i < 40; ++i) {
            fill_heap(1000);
            heddle_thread.action_flag = 0;
        }
        uint64_t cycles = gc::get_statistics().major_cycles - before;
        CHECK(cycles >= 1);
        CHECK(cycles <= 6);
    }
    SECTION("an array that doubles") {
        rooted_table rooted(1);
        size_t length = 1024;
        while ((heddle_thread.action_flag & gc::action_out_of_memory) == 0) {
            table[0] = gc::allocate_array(byte_array_type, length, false);
            REQUIRE(table[0] != nullptr);
            length *= 2;
            REQUIRE(length < (64u << 20));
        }
        CHECK(length >= (8u << 20));
    }
    SECTION("who ignores the flag for long ends with one line") {
        rooted_table rooted(1);
        int status = 0;
        std::string text = stderr_of_child(
            [] {
                for (;;) {
                    heddle_thread.action_flag = 0;
                    fill_heap(1000);
                }
            },
            status);
        CHECK(status == 1);
        CHECK(text.find("HEDDLE_GC_MAX") != std::string::npos);
        CHECK(std::count(text.begin(), text.end(), '\n') == 1);
    }
    SECTION("an array of absurd length ends with one line") {
        int status = 0;
        size_t length = GENERATE(SIZE_MAX / 8, SIZE_MAX, size_t{100} << 20);
        std::string text = stderr_of_child([=] { gc::allocate_array(reference_array_type, length, false); }, status);
        CHECK(status == 1);
        CHECK(text.find("out of memory") != std::string::npos);
        CHECK(std::count(text.begin(), text.end(), '\n') == 1);
    }
    SECTION("large objects") {
        rooted_table rooted(13);
        CHECK_FALSE(make_large(0, 100 << 20));
        for (size_t i = 0; i < 12; ++i) CHECK(make_large(i, 600 << 10));
        CHECK_FALSE(make_large(12, 2 << 20));
        table.assign(13, nullptr);
        clear_stack();
        CHECK(make_large(12, 5 << 20)); // there's room even if a stale word keeps two of the twelve
    }
    SECTION("garbage doesn't count") {
        for (int i = 0; i < 1000; ++i) REQUIRE(gc::try_allocate_array(byte_array_type, 1 << 20, false) != nullptr);
        CHECK(heddle_thread.action_flag == 0);
    }
}

TEST_CASE("foreign memory drives collections") {
    gc::options chosen = heap::small();
    chosen.verify = false;
    heap here(chosen);
    for (int i = 0; i < 2000; ++i) {
        new_light(static_cast<uint64_t>(i));
        gc::add_memory_pressure(1 << 20);
    }
    CHECK(gc::get_statistics().minor_collections > 100);
    CHECK(finalized.size() > 1900);
}

TEST_CASE("a temporary pin doesn't cost a chunk for ever") {
    gc::options chosen = heap::small();
    chosen.verify = false;
    heap here(chosen);
    for (int i = 0; i < 3000; ++i) {
        node* volatile held = new_node(1);
        for (int j = 0; j < 300; ++j) new_node(2);
        gc::collect_minor();
        REQUIRE(held->number == 1);
    }
    gc::collect_full();
    CHECK(gc::get_statistics().heap_bytes < (4u << 20));
}

TEST_CASE("space between objects that got old in place is used") {
    gc::options chosen = heap::small();
    chosen.verify = false;
    heap here(chosen);
    rooted_table rooted(4000);
    for (size_t i = 0; i < 4000; ++i) {
        table[i] = new_node(i);
        gc::make_immovable(table[i]);
        for (int j = 0; j < 100; ++j) new_node(3);
    }
    for (size_t i = 0; i < 4000; ++i) CHECK(static_cast<node*>(table[i])->number == i);
    uint64_t before = gc::get_statistics().heap_bytes;
    table.resize(100000);
    for (size_t i = 4000; i < 100000; ++i) table[i] = new_node(i);
    uint64_t after = gc::get_statistics().heap_bytes;
    CHECK(after < before + 2 * (96000 * 40));
    for (size_t i = 0; i < 100000; ++i) REQUIRE(static_cast<node*>(table[i])->number == i);
}

TEST_CASE("hooks, log and dump") {
    static int before_calls, after_calls;
    before_calls = after_calls = 0;
    std::string path = "test_gc_log.txt";
    gc::options chosen = heap::small();
    chosen.log_file = path.c_str();
    {
        heap here(chosen);
        gc::set_collection_hooks([](gc::collection_kind) { ++before_calls; },
                                 [](gc::collection_kind) { ++after_calls; });
        rooted_table rooted(1);
        table[0] = tree(5);
        gc::collect_minor();
        gc::collect_full();
        CHECK(before_calls == 3); // a full collection contains a minor one
        CHECK(after_calls == 3);
        REQUIRE(gc::dump_heap("test_gc_dump.txt"));
        CHECK_FALSE(gc::dump_heap("no/such/folder/dump.txt"));
    }
    auto count_lines = [](const char* name) {
        FILE* file = std::fopen(name, "r");
        REQUIRE(file != nullptr);
        int lines = 0;
        for (int c; (c = std::fgetc(file)) != EOF;) lines += c == '\n';
        std::fclose(file);
        std::remove(name);
        return lines;
    };
    CHECK(count_lines(path.c_str()) == 3);
    CHECK(count_lines("test_gc_dump.txt") >= 64);
}

TEST_CASE("under stress the heap stays dense") {
    gc::options chosen = heap::small();
    chosen.verify = false;
    chosen.stress_interval = 1;
    heap here(chosen);
    rooted_table rooted(4000);
    for (size_t i = 0; i < 4000; ++i) table[i] = new_node(i);
    CHECK(gc::get_statistics().heap_bytes < (3u << 20)); // 0.2 MB live
    for (size_t i = 0; i < 4000; ++i) REQUIRE(static_cast<node*>(table[i])->number == i);
}

namespace {

// Recursion in frames of about 1 KB that allocates as much; gives the number of nodes made.
__attribute__((noinline)) uint64_t recurse(unsigned depth) {
    char frame[960];
    asm volatile("" : : "r"(frame) : "memory");
    uint64_t made = 0;
    for (int i = 0; i < 25; ++i) made += new_node(depth)->number == depth;
    if (depth != 0) made += recurse(depth - 1);
    asm volatile("" : : "r"(frame) : "memory"); // in use until here: the recursion is no loop
    return made;
}

} // namespace

TEST_CASE("deep recursion doesn't scan the stack again and again") {
    heap h; // a nursery of 256 KB
    uint64_t before = gc::get_statistics().minor_collections;
    CHECK(recurse(5000) == 25 * 5001); // 5 MB of stack
    uint64_t collections = gc::get_statistics().minor_collections - before;
    CHECK(collections >= 4);
    CHECK(collections <= 16); // with a fixed nursery: 20
    // When the stack is shallow again, the nursery gets small again.
    uint64_t first = gc::get_statistics().minor_collections;
    for (int i = 0; i < 250000; ++i) new_node(1); // 10 MB
    CHECK(gc::get_statistics().minor_collections - first > 25);
}
