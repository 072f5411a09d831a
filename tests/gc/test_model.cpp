// Random programs against a shadow copy.
//
// The program keeps a table of roots, mutates a random graph of all kinds of objects through the barriers, holds
// objects on the stack, pins, hashes, and collects in all ways at random moments. The shadow is a plain graph of
// numbers. After each batch, everything reachable in the shadow must be reachable in the heap, and be equal. The heap
// verifier runs after each collection. The seed is printed with each failure and can be given as HEDDLE_TEST_SEED.
#include <cstdlib>
#include <random>
#include <unordered_map>
#include <vector>

#include "heap_fixture.h"

using namespace heddle_test;
namespace gc = heddle::gc;

namespace {

struct shadow_object {
    const type_info* type;
    std::vector<uint64_t> references; // numbers; 0 is null; weak target last for weak_node
    uint64_t hash = 0;
};

class model {
public:
    explicit model(uint64_t seed) : random_(seed) {
        gc::add_root_walker(walk, this);
        roots_.assign(40, nullptr);
        shadow_roots_.assign(40, 0);
    }
    ~model() { gc::remove_root_walker(walk, this); }

    __attribute__((noinline)) void run_batch(int operations) {
        // Words on the stack: some of the roots, which must stay where they are in this batch.
        void* volatile held[4];
        uint64_t numbers[4];
        for (int i = 0; i < 4; ++i) {
            size_t root = pick(roots_.size());
            held[i] = roots_[root];
            numbers[i] = shadow_roots_[root];
        }
        for (int i = 0; i < operations; ++i) step();
        for (int i = 0; i < 4; ++i)
            if (numbers[i] != 0) REQUIRE(*static_cast<uint64_t*>(held[i]) == numbers[i]);
    }

    void compare() {
        std::unordered_map<uint64_t, void*> seen;
        std::vector<uint64_t> pending;
        auto meet = [&](uint64_t number, void* object) {
            if (number == 0) {
                REQUIRE(object == nullptr);
                return;
            }
            REQUIRE(object != nullptr);
            REQUIRE(*static_cast<uint64_t*>(object) == number);
            auto [entry, fresh] = seen.emplace(number, object);
            if (fresh)
                pending.push_back(number);
            else
                REQUIRE(entry->second == object);
        };
        for (size_t i = 0; i < roots_.size(); ++i) meet(shadow_roots_[i], roots_[i]);
        while (!pending.empty()) {
            uint64_t number = pending.back();
            pending.pop_back();
            void* object = seen[number];
            const shadow_object& shadow = shadows_.at(number);
            REQUIRE(gc::type_of(object) == shadow.type);
            if (shadow.hash != 0) REQUIRE(gc::identity_hash(object) == shadow.hash);
            if (shadow.type == &byte_array_type) {
                auto* bytes = static_cast<byte_array*>(object);
                for (uint64_t i = 0; i < bytes->length; ++i)
                    REQUIRE(bytes->items[i] == static_cast<uint8_t>(number + i));
                continue;
            }
            for (size_t i = 0; i < shadow.references.size(); ++i)
                meet(shadow.references[i], *slot_of(object, shadow.type, i));
        }
        check_weak(seen);
        // The shadow forgets what is unreachable.
        for (auto entry = shadows_.begin(); entry != shadows_.end();)
            entry = seen.count(entry->first) != 0 ? std::next(entry) : shadows_.erase(entry);
    }

private:
    static void walk(gc::root_visitor& visitor, void* data) {
        for (void*& root : static_cast<model*>(data)->roots_) visitor.visit(&root);
    }

    size_t pick(size_t below) { return static_cast<size_t>(random_() % below); }

    static void** slot_of(void* object, const type_info* type, size_t i) {
        if (type == &reference_array_type) return &static_cast<reference_array*>(object)->items[i];
        if (type == &entry_array_type) {
            entry& item = static_cast<entry_array*>(object)->items[i / 2];
            return i % 2 == 0 ? &item.key : &item.value;
        }
        if (type == &weak_type) return &static_cast<weak_node*>(object)->strong;
        auto* as_node = static_cast<derived_node*>(object);
        void* slots[] = {&as_node->left, &as_node->right, &as_node->third};
        return static_cast<void**>(slots[i]);
    }

    // A weak reference must be intact as long as its target is reachable.
    void check_weak(const std::unordered_map<uint64_t, void*>& seen) {
        for (auto [weak, target] : weak_targets_) {
            auto found = seen.find(weak);
            if (found == seen.end()) continue;
            auto* object = static_cast<weak_node*>(found->second);
            auto strong = seen.find(target);
            if (strong != seen.end())
                REQUIRE(object->target == strong->second);
            else if (object->target != nullptr)
                REQUIRE(*static_cast<uint64_t*>(object->target) == target);
        }
    }

    void allocate() {
        uint64_t number = next_number_++;
        shadow_object shadow;
        void* object = nullptr;
        switch (pick(12)) {
        case 0: {
            uint64_t length = pick(200);
            object = new_references(number, length);
            shadow = {&reference_array_type, std::vector<uint64_t>(length)};
            break;
        }
        case 1: {
            uint64_t length = pick(100);
            object = new_entries(number, length);
            shadow = {&entry_array_type, std::vector<uint64_t>(length * 2)};
            break;
        }
        case 2: {
            uint64_t length = pick(20) == 0 ? pick(60000) : pick(300);
            object = new_bytes(number, length);
            for (uint64_t i = 0; i < length; ++i)
                static_cast<byte_array*>(object)->items[i] = static_cast<uint8_t>(number + i);
            shadow = {&byte_array_type, {}};
            break;
        }
        case 3: {
            uint64_t length = pick(10) == 0 ? 1000 + pick(4000) : pick(10);
            object = new_references(number, length);
            shadow = {&reference_array_type, std::vector<uint64_t>(length)};
            break;
        }
        case 4: {
            size_t root = pick(roots_.size());
            object = new_weak(number, roots_[root]);
            shadow = {&weak_type, {0}};
            if (shadow_roots_[root] != 0) weak_targets_[number] = shadow_roots_[root];
            break;
        }
        case 5:
            object = pick(2) == 0 ? new_finalizable(number) : new_light(number);
            shadow = {gc::type_of(object), {0, 0}};
            break;
        case 6:
        case 7:
            object = new_derived(number);
            shadow = {&derived_type, {0, 0, 0}};
            break;
        default: object = new_node(number); shadow = {&node_type, {0, 0}};
        }
        size_t root = pick(roots_.size());
        roots_[root] = object;
        shadow_roots_[root] = number;
        shadows_.emplace(number, shadow);
    }

    // Walks a few references from a random root.
    uint64_t wander(void*& object) {
        size_t root = pick(roots_.size());
        object = roots_[root];
        uint64_t number = shadow_roots_[root];
        for (size_t steps = pick(6); steps > 0 && number != 0; --steps) {
            const shadow_object& shadow = shadows_.at(number);
            if (shadow.references.empty()) break;
            size_t i = pick(shadow.references.size());
            if (shadow.references[i] == 0) break;
            object = *slot_of(object, shadow.type, i);
            number = shadow.references[i];
        }
        return number;
    }

    void mutate() {
        void* object;
        uint64_t number = wander(object);
        void* value;
        uint64_t value_number = pick(8) == 0 ? 0 : wander(value);
        if (value_number == 0) value = nullptr;
        if (number == 0) return;
        shadow_object& shadow = shadows_.at(number);
        if (shadow.references.empty()) return;
        size_t i = pick(shadow.references.size());
        shadow.references[i] = value_number;
        void** slot = slot_of(object, shadow.type, i);
        bool is_array = shadow.type == &reference_array_type || shadow.type == &entry_array_type;
        bool before = pick(2) == 0;
        auto barrier = [&] {
            if (pick(3) == 0)
                gc::write_barrier_interior(slot);
            else if (is_array && pick(10) != 0)
                gc::write_barrier_array(object, shadow.type == &entry_array_type ? i / 2 : i);
            else
                gc::write_barrier(object);
        };
        if (before) barrier();
        *slot = value;
        if (!before) barrier();
    }

    void copy_items() {
        void* object;
        uint64_t number = wander(object);
        if (number == 0 || shadows_.at(number).type != &reference_array_type) return;
        std::vector<uint64_t>& references = shadows_.at(number).references;
        void* other;
        uint64_t other_number = wander(other);
        if (other_number == 0 || shadows_.at(other_number).type != &reference_array_type) return;
        const std::vector<uint64_t>& source = shadows_.at(other_number).references;
        size_t count = std::min(references.size(), source.size());
        if (pick(2) == 0)
            gc::bulk_write_barrier(object);
        else
            gc::bulk_write_barrier(object, 0, count);
        for (size_t i = 0; i < count; ++i) {
            references[i] = source[i];
            *slot_of(object, &reference_array_type, i) = *slot_of(other, &reference_array_type, i);
        }
    }

    void move_root() {
        void* object;
        uint64_t number = wander(object);
        size_t root = pick(roots_.size());
        roots_[root] = number == 0 ? nullptr : object;
        shadow_roots_[root] = number;
    }

    void step() {
        switch (pick(400)) {
        case 0: gc::collect_minor(); return;
        case 1:
            if (pick(4) == 0) gc::collect_full();
            return;
        case 2:
        case 3:
        case 4:
        case 12:
        case 13:
        case 14:
        case 15:
        case 16: gc::collect_step(1 + pick(20000)); return;
        case 5:
        case 6:
        case 7: {
            void* object;
            uint64_t number = wander(object);
            if (number != 0) shadows_.at(number).hash = gc::identity_hash(object);
            return;
        }
        case 8: {
            void* object;
            if (wander(object) != 0) gc::make_immovable(object);
            return;
        }
        case 9:
            if (pinned_ == nullptr && wander(pinned_) != 0) {
                gc::pin(pinned_);
            } else if (pinned_ != nullptr) {
                gc::unpin(pinned_);
                pinned_ = nullptr;
            }
            return;
        case 10: gc::run_finalizers(); return;
        case 11: gc::add_memory_pressure(pick(200000)); return;
        default: break;
        }
        switch (pick(8)) {
        case 0:
        case 1:
        case 2: return allocate();
        case 3: return move_root();
        case 4: return copy_items();
        default: return mutate();
        }
    }

    std::mt19937_64 random_;
    std::vector<void*> roots_;
    std::vector<uint64_t> shadow_roots_;
    std::unordered_map<uint64_t, shadow_object> shadows_;
    std::unordered_map<uint64_t, uint64_t> weak_targets_;
    uint64_t next_number_ = 1;
    void* pinned_ = nullptr;
};

uint64_t chosen_seed() {
    const char* text = std::getenv("HEDDLE_TEST_SEED");
    return text != nullptr ? std::strtoull(text, nullptr, 10) : std::random_device()();
}

void run_model(gc::options chosen, uint64_t seed, int batches, int operations) {
    INFO("HEDDLE_TEST_SEED=" << seed);
    heap here(chosen);
    model program(seed);
    for (int batch = 0; batch < batches; ++batch) {
        program.run_batch(operations);
        program.compare();
    }
    gc::collect_full();
    program.compare();
}

} // namespace

TEST_CASE("model: small nursery, cards of 4") {
    gc::options chosen = heap::small();
    chosen.card_elements = 4;
    for (uint64_t seed = 1; seed <= 4; ++seed) run_model(chosen, seed, 80, 1000);
    run_model(chosen, chosen_seed(), 100, 1000);
}

TEST_CASE("model: default cards, more roots survive") {
    for (uint64_t seed = 11; seed <= 13; ++seed) run_model(heap::small(), seed, 40, 1000);
    run_model(heap::small(), chosen_seed(), 100, 1000);
}

TEST_CASE("model: a collection at every allocation") {
    gc::options chosen = heap::small();
    chosen.card_elements = 8;
    chosen.stress_interval = 1;
    run_model(chosen, 21, 60, 300);
    run_model(chosen, chosen_seed(), 60, 300);
}

TEST_CASE("model: a collection at every seventh allocation, objects get old in place at once") {
    gc::options chosen = heap::small();
    chosen.stress_interval = 7;
    chosen.pin_age_limit = 1;
    run_model(chosen, 31, 60, 400);
    run_model(chosen, chosen_seed(), 60, 400);
}

TEST_CASE("model: cycles start early and often") {
    gc::options chosen = heap::small();
    chosen.growth = 1.05;
    chosen.stress_interval = 50;
    chosen.card_elements = 16;
    run_model(chosen, 41, 100, 500);
    run_model(chosen, chosen_seed(), 100, 500);
}
