// Transactions on several threads: what is read is always one state, what is written is never lost, histories are
// serialisable, objects survive collections. CTest runs this program with forced aborts, few segments, and GC stress,
// too.
#include <catch2/catch.hpp>

#include <cstdlib>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "heddle/stm/stm.h"

using namespace heddle;
using gc::type_info;

namespace {

struct node {
    uint64_t kind;
    int64_t value;
    node* next;
    node* other;
};
struct array {
    uint64_t kind;
    uint64_t length;
    void* items[1];
};

const uint32_t node_references[] = {offsetof(node, next), offsetof(node, other)};
type_info node_type = [] {
    type_info t;
    t.name = "node";
    t.fixed_size = sizeof(node);
    t.reference_offsets = node_references;
    t.reference_count = 2;
    return t;
}();
type_info array_type = [] {
    type_info t;
    t.name = "array";
    t.fixed_size = offsetof(array, items);
    t.item_size = sizeof(void*);
    t.length_offset = offsetof(array, length);
    t.items_offset = offsetof(array, items);
    t.items_are_references = true;
    return t;
}();
struct weak {
    uint64_t kind;
    node* target;
};
type_info weak_type = [] {
    type_info t;
    t.name = "weak";
    t.fixed_size = sizeof(weak);
    t.is_weak = true;
    t.weak_offset = offsetof(weak, target);
    return t;
}();
long finalized = 0;
type_info mortal_type = [] {
    type_info t;
    t.name = "mortal";
    t.fixed_size = sizeof(node);
    t.has_finalizer = true;
    t.finalizer = [](void*) { finalized++; };
    return t;
}();
gc::registration weak_registration([] { return &weak_type; }), mortal_registration([] { return &mortal_type; });
gc::registration node_registration([] { return &node_type; }), array_registration([] { return &array_type; });

void* test_roots[8];
gc::root_slot root_slots[8]{gc::root_slot(&test_roots[0]), gc::root_slot(&test_roots[1]), gc::root_slot(&test_roots[2]),
                            gc::root_slot(&test_roots[3]), gc::root_slot(&test_roots[4]), gc::root_slot(&test_roots[5]),
                            gc::root_slot(&test_roots[6]), gc::root_slot(&test_roots[7])};

// Smaller numbers under stress, where each step costs much more.
long scaled(long n) {
    return std::getenv("HEDDLE_TEST_SCALE") ? n / std::atol(std::getenv("HEDDLE_TEST_SCALE")) + 1 : n;
}
uint64_t test_seed() {
    static uint64_t seed = std::getenv("HEDDLE_TEST_SEED") ? std::strtoull(std::getenv("HEDDLE_TEST_SEED"), nullptr, 10)
                                                           : std::random_device()();
    return seed;
}

void initialise() {
    static bool done = false;
    if (!done) gc::initialise_from_environment_or_exit();
    done = true;
    for (void*& root : test_roots) root = nullptr;
}

node* new_node(int64_t value, node* next = nullptr) {
    auto* n = static_cast<node*>(gc::allocate(node_type));
    n->kind = 7;
    n->value = value;
    n->next = next;
    n->other = nullptr;
    return n;
}
array* new_array(uint64_t length) {
    auto* a = static_cast<array*>(gc::allocate_array(array_type, length, true));
    a->kind = 8;
    return a;
}
node* item(array* a, uint64_t i) { return static_cast<node*>(stm::read(a->items[i])); }
void set_item(array* a, uint64_t i, node* n) { stm::write_item(a, i, a->items[i], static_cast<void*>(n)); }
int64_t value(node* n) { return stm::read(n->value); }
void set_value(node* n, int64_t v) { stm::write(n, n->value, v); }

struct job { // what a thread does; its number says which part is its own
    std::function<void(long)> run;
    long number;
    bool failed = false;
};

void run_job(void* argument) {
    job* j = *static_cast<job**>(static_cast<void*>(&static_cast<node*>(argument)->value));
    j->run(j->number);
}

void run_threads(long count, const std::function<void(long)>& run) {
    std::vector<job> jobs(count);
    std::vector<long> numbers(count);
    for (long i = 0; i < count; i++) {
        jobs[i].run = run;
        jobs[i].number = i;
        numbers[i] = stm::start_thread(run_job, new_node(reinterpret_cast<int64_t>(&jobs[i])));
    }
    for (long number : numbers) {
        bool waited = stm::wait_for_thread(number);
        REQUIRE(waited);
    }
    // An abort would come back to here: the end of jobs has to be final.
    stm::become_inevitable();
}

} // namespace

TEST_CASE("a counter that all threads increment loses nothing") {
    initialise();
    test_roots[0] = new_node(0);
    long rounds = scaled(20000);
    run_threads(4, [&](long) {
        for (long i = 0; i < rounds; i++) {
            auto* counter = static_cast<node*>(test_roots[0]);
            set_value(counter, value(counter) + 1);
            if (i % 3 == 0)
                stm::new_transaction();
            else
                stm::transaction_break();
        }
    });
    CHECK(value(static_cast<node*>(test_roots[0])) == 4 * rounds);
    auto counts = stm::get_counts();
    INFO("commits " << counts.commits << ", aborts " << counts.aborts << ", conflicts " << counts.conflicts);
    CHECK(counts.commits > 0);
}

TEST_CASE("transfers between accounts: each transaction sees all the money") {
    initialise();
    constexpr long accounts = 300;
    auto* bank = new_array(accounts);
    test_roots[0] = bank;
    for (long i = 0; i < accounts; i++) set_item(bank, i, new_node(100));
    long wrong = 0;
    INFO("seed " << test_seed());
    long rounds = scaled(8000);
    run_threads(4, [&](long number) {
        std::minstd_rand random(static_cast<unsigned>(test_seed() + number));
        for (long i = 0; i < rounds; i++) {
            auto* all = static_cast<array*>(test_roots[0]);
            if (number == 0 && i % 8 == 0) {
                int64_t sum = 0;
                stm::atomic_begin();
                for (long k = 0; k < accounts; k++) {
                    sum += value(item(all, k));
                    stm::transaction_break();
                }
                stm::atomic_end();
                if (sum != accounts * 100) __atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
            } else {
                stm::atomic_begin();
                node* from = item(all, random() % accounts);
                node* to = item(all, random() % accounts);
                auto amount = static_cast<int64_t>(random() % 10);
                set_value(from, value(from) - amount);
                stm::transaction_break();
                set_value(to, value(to) + amount);
                stm::atomic_end();
            }
            if (i % 4 == 0) stm::new_transaction();
            stm::transaction_break();
        }
    });
    CHECK(wrong == 0);
    int64_t sum = 0;
    for (long k = 0; k < accounts; k++) sum += value(item(static_cast<array*>(test_roots[0]), k));
    CHECK(sum == accounts * 100);
}

TEST_CASE("threads build linked structures, and collections keep them") {
    initialise();
    auto* heads = new_array(3000); // large enough for cards
    test_roots[0] = heads;
    long rounds = scaled(40000);
    INFO("seed " << test_seed());
    run_threads(4, [&](long number) {
        std::minstd_rand random(static_cast<unsigned>(test_seed() * 3 + number));
        for (long i = 0; i < rounds; i++) {
            auto* all = static_cast<array*>(test_roots[0]);
            uint64_t place = random() % 3000;
            node* added = new_node(number, item(all, place)); // and some garbage
            new_node(1, added);
            set_item(all, place, added);
            stm::transaction_break();
        }
    });
    gc::collect_full();
    std::vector<long> seen(4);
    for (long i = 0; i < 3000; i++)
        for (node* n = item(static_cast<array*>(test_roots[0]), i); n != nullptr; n = stm::read(n->next))
            seen[value(n)]++;
    for (long number = 0; number < 4; number++) CHECK(seen[number] == rounds);
    const char* problem = gc::verify_heap();
    CHECK(std::string(problem ? problem : "") == "");
}

TEST_CASE("memory from operator new comes back when a transaction is aborted") {
    initialise();
    test_roots[0] = new_node(0);
    long rounds = scaled(5000);
    run_threads(3, [&](long number) {
        std::string text = "a text that is too long for the object itself";
        for (long i = 0; i < rounds; i++) {
            std::string more = text + std::to_string(i) + " and more of it";
            auto* n = static_cast<node*>(test_roots[0]);
            set_value(n, value(n) + static_cast<int64_t>(more.size() - text.size() - std::to_string(i).size()));
            if (i % 5 == number) text = "another text that is too long for the object itself";
            stm::new_transaction();
        }
    });
    CHECK(value(static_cast<node*>(test_roots[0])) == 3 * rounds * 15);
}

TEST_CASE("an inevitable transaction is never aborted, and all others go on") {
    initialise();
    test_roots[0] = new_node(0);
    long begun = 0, rounds = scaled(4000); // plain memory: counts each attempt
    run_threads(4, [&](long number) {
        for (long i = 0; i < rounds; i++) {
            auto* n = static_cast<node*>(test_roots[0]);
            if (number == 0) {
                stm::become_inevitable();
                begun++;
            }
            set_value(n, value(n) + 1);
            stm::new_transaction();
        }
    });
    CHECK(begun == rounds);
    CHECK(value(static_cast<node*>(test_roots[0])) == 4 * rounds);
}

TEST_CASE("weak references, finalizers and identity hashes") {
    initialise();
    finalized = 0;
    test_roots[0] = new_array(400);
    long rounds = scaled(1000);
    long changed = 0;
    run_threads(3, [&](long number) {
        for (long i = 0; i < rounds; i++) {
            node* n = new_node(number);
            uint64_t hash = gc::identity_hash(n);
            auto* w = static_cast<weak*>(gc::allocate(weak_type));
            w->kind = 3;
            w->target = n;
            set_item(static_cast<array*>(test_roots[0]), number * 100 + i % 100, n);
            gc::allocate(mortal_type);
            stm::new_transaction();
            if (gc::identity_hash(n) != hash || stm::read(w->target) != n)
                __atomic_add_fetch(&changed, 1, __ATOMIC_RELAXED);
            stm::new_transaction();
        }
    });
    CHECK(changed == 0);
    // Once more without stack words that may keep any alive.
    for (int i = 0; i < 4; i++) {
        gc::collect_full();
        gc::run_finalizers();
    }
    CHECK(finalized >= 3 * rounds - 10);
    CHECK(finalized <= 3 * rounds);
}

TEST_CASE("a transaction collects what it made, and what it has written keeps the rest") {
    initialise();
    test_roots[0] = new_array(1200);
    long rounds = scaled(300), wrong = 0;
    uint64_t before = gc::get_statistics().local_collections;
    run_threads(3, [&](long number) {
        auto place = [](long i) { return static_cast<uint64_t>(i % 100); };
        for (long i = 0; i < rounds; i++) {
            uint64_t own = static_cast<uint64_t>(number) * 400;
            for (long k = 0; k < 3000; k++) new_node(k); // garbage
            node* chain = nullptr;
            for (long k = 0; k < 50; k++) chain = new_node(i * 50 + k, chain);
            set_item(static_cast<array*>(test_roots[0]), own + place(i), chain);
            uint64_t hash = gc::identity_hash(chain);
            auto* large = new_array(place(i) * 100 + 3000); // gets blocks of its own
            set_item(large, place(i), new_node(static_cast<int64_t>(hash)));
            set_item(static_cast<array*>(test_roots[0]), own + 100 + place(i), reinterpret_cast<node*>(large));
            node* aim = new_node(i, chain);
            auto* w = static_cast<weak*>(gc::allocate(weak_type));
            w->kind = 3;
            w->target = aim;
            set_item(static_cast<array*>(test_roots[0]), own + 200 + place(i), reinterpret_cast<node*>(w));
            if (i % 2 == 0) set_item(static_cast<array*>(test_roots[0]), own + 300 + place(i), w->target);
            chain = nullptr;
            large = nullptr;
            w = nullptr;
            aim = nullptr;
            stm::new_transaction();
            auto* all = static_cast<array*>(test_roots[0]);
            node* n = item(all, own + place(i));
            auto* kept = reinterpret_cast<array*>(item(all, own + 100 + place(i)));
            auto* found = reinterpret_cast<weak*>(item(all, own + 200 + place(i)));
            bool good = static_cast<uint64_t>(value(item(kept, place(i)))) == gc::identity_hash(n);
            node* target = stm::read(found->target);
            if (i % 2 == 0) good &= target == item(all, own + 300 + place(i));
            if (target != nullptr) good &= value(target) == i && stm::read(target->next) == n;
            for (long k = 49; k >= 0; k--, n = stm::read(n->next)) good &= n != nullptr && value(n) == i * 50 + k;
            if (!good || n != nullptr) __atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
            stm::transaction_break();
        }
    });
    CHECK(wrong == 0);
    bool never = std::getenv("HEDDLE_STM_COLLECT") && std::atoll(std::getenv("HEDDLE_STM_COLLECT")) > (1 << 20);
    CHECK((gc::get_statistics().local_collections > before) != never);
    gc::collect_full();
    const char* problem = gc::verify_heap();
    CHECK(std::string(problem ? problem : "") == "");
}

namespace {

constexpr unsigned cells = 12, operations = 6;
struct operation {
    unsigned cell;
    bool is_write;
    int64_t seen; // the value read; for a write, what was there
};
struct history_entry {
    int64_t name; // what it writes
    unsigned count = 0;
    operation done[operations];
};

// Adds the order that two transactions must have.
using order = std::map<int64_t, std::set<int64_t>>;

bool has_cycle(const order& after) {
    std::map<int64_t, int> state;
    std::function<bool(int64_t)> visit = [&](int64_t n) {
        if (state[n] == 1) return true;
        if (state[n] == 2) return false;
        state[n] = 1;
        if (auto next = after.find(n); next != after.end())
            for (int64_t m : next->second)
                if (visit(m)) return true;
        state[n] = 2;
        return false;
    };
    for (auto& [n, next] : after)
        if (visit(n)) return true;
    return false;
}

} // namespace

TEST_CASE("random histories are serialisable") {
    initialise();
    INFO("seed " << test_seed());
    auto* all = new_array(cells);
    test_roots[0] = all;
    for (unsigned i = 0; i < cells; i++) set_item(all, i, new_node(0));
    long threads = 4, rounds = scaled(3000);
    // Entries are numbered, so that the note of a transaction that follows in an aborted one is written again.
    std::vector<history_entry> history(threads * rounds);
    run_threads(threads, [&](long number) {
        std::minstd_rand random(static_cast<unsigned>(test_seed() * 5 + number));
        for (long i = 0; i < rounds; i++) {
            history_entry entry{number * rounds + i + 1, 0, {}};
            std::set<unsigned> written;
            for (unsigned k = 0; k < operations; k++) {
                unsigned cell = random() % cells;
                if (written.count(cell)) continue;
                node* n = item(static_cast<array*>(test_roots[0]), cell);
                bool is_write = random() % 3 == 0;
                entry.done[entry.count++] = {cell, is_write, value(n)};
                if (is_write) {
                    set_value(n, entry.name);
                    written.insert(cell);
                }
            }
            stm::new_transaction();
            history[entry.name - 1] = entry;
        }
    });
    // Each value of a cell was written once, and overwritten at most once: by whom?
    std::map<std::pair<unsigned, int64_t>, int64_t> overwritten;
    bool lost = false;
    for (auto& entry : history)
        for (unsigned k = 0; k < entry.count; k++)
            if (entry.done[k].is_write)
                lost |= !overwritten.insert({{entry.done[k].cell, entry.done[k].seen}, entry.name}).second;
    CHECK_FALSE(lost);
    order after;
    for (auto& entry : history)
        for (unsigned k = 0; k < entry.count; k++) {
            auto& done = entry.done[k];
            if (done.seen != 0 && done.seen != entry.name) after[done.seen].insert(entry.name);
            auto next = overwritten.find({done.cell, done.seen});
            if (next != overwritten.end() && next->second != entry.name) after[entry.name].insert(next->second);
        }
    CHECK_FALSE(has_cycle(after));
}
