// The collector's hooks (stm_hooks.h): its lock, and what happens before and after a collection.
#include "runtime.h"

#include <cstdio>
#include <cstring>
#include <new>

namespace heddle::stm {

namespace {

const char* parse_number(const char* name, uint64_t least, uint64_t most, uint64_t& result) {
    static char message[160];
    const char* text = std::getenv(name);
    if (text == nullptr) return nullptr;
    char* end;
    unsigned long long number = std::strtoull(text, &end, 10);
    if (*text >= '0' && *text <= '9' && *end == '\0' && number >= least && number <= most) {
        result = number;
        return nullptr;
    }
    std::snprintf(message, sizeof message, "%s: '%.40s' is no number from %llu to %llu", name, text,
                  static_cast<unsigned long long>(least), static_cast<unsigned long long>(most));
    return message;
}

const char* read_options() {
    uint64_t segments = world.segment_count, length = world.target_nanoseconds / 1000, alone = 1;
    const char* error = parse_number("HEDDLE_STM_SEGMENTS", 1, maximum_segments, segments);
    if (error == nullptr) error = parse_number("HEDDLE_STM_LENGTH", 1, 10000000, length);
    if (error == nullptr) error = parse_number("HEDDLE_STM_ABORT", 0, UINT64_MAX, world.abort_interval);
    if (error == nullptr) error = parse_number("HEDDLE_STM_ALONE", 0, 1, alone);
    if (error == nullptr) error = parse_number("HEDDLE_STM_COLLECT", 0, UINT64_MAX, world.collected_bytes);
    world.segment_count = static_cast<unsigned>(segments);
    world.target_nanoseconds = length * 1000;
    world.never_alone = alone == 0;
    return error;
}

uint32_t roots_of_a_thread() { return &heddle_stm_thread_root_count != nullptr ? heddle_stm_thread_root_count : 0; }
uintptr_t thread_roots_address() { return roots_address + (maximum_roots - most_thread_roots) * root_distance; }

void make_roots() {
    uint32_t count = &heddle_stm_root_count != nullptr ? heddle_stm_root_count : 0;
    if (count > maximum_roots - most_thread_roots) {
        std::fprintf(stderr, "heddle: stm: %u global references are more than %zu\n", count,
                     maximum_roots - most_thread_roots);
        std::exit(2);
    }
    for (uint32_t i = 0; i < count; i++) {
        auto* object = reinterpret_cast<char*>(roots_address + i * root_distance);
        gc::header_of(object) = {0, gc::flag_committed};
        new gc::root_slot(reinterpret_cast<void**>(object));
    }
    // Before there are views with copies of these pages.
    for (size_t i = 0; i < most_thread_roots; i++)
        gc::header_of(reinterpret_cast<void*>(thread_roots_address() + i * root_distance)) = {0, gc::flag_committed};
}

} // namespace

bool take_thread_roots(thread& t) {
    uint32_t count = roots_of_a_thread();
    auto address_of = [&](uint32_t block) { return thread_roots_address() + uintptr_t{block} * count * root_distance; };
    if (!world.free_root_blocks.empty()) {
        t.root_block = world.free_root_blocks.pop();
    } else {
        if ((world.root_blocks + 1) * count > most_thread_roots) return false;
        t.root_block = world.root_blocks++;
        for (uint32_t i = 0; i < count; i++)
            new gc::root_slot(reinterpret_cast<void**>(address_of(t.root_block) + i * root_distance));
    }
    t.roots = address_of(t.root_block);
    return true;
}

// They are null: the thread has cleared them, or never began.
void give_thread_roots_back(thread& t) { world.free_root_blocks.push(t.root_block); }

void clear_thread_roots(thread& t) {
    for (uint32_t i = 0; i < roots_of_a_thread(); i++) {
        auto* root = reinterpret_cast<void**>(t.roots + i * root_distance);
        write<void*>(root, *root, nullptr);
    }
}

} // namespace heddle::stm

namespace heddle::gc {

using namespace heddle::stm;

heap_lock::heap_lock() {
    if (self != nullptr) lock_world();
}
heap_lock::~heap_lock() {
    if (self != nullptr) unlock_world();
}

stopped_world::stopped_world() {
    lock_world();
    was_stopped_ = world.stopper == self;
    stop_world();
    close_all_gaps();
}
stopped_world::~stopped_world() {
    if (!was_stopped_) resume_world();
    unlock_world();
}

brief_lock::brief_lock() {
    if (self->lock_depth++ == 0) world.lock.lock();
}
brief_lock::~brief_lock() {
    if (--self->lock_depth == 0) world.lock.unlock();
}

own_memory::own_memory() { ++self->own_memory; }
own_memory::~own_memory() { --self->own_memory; }

void begin_collection() {
    thread& t = *self;
    if (t.running == nullptr) {
        std::fputs("heddle: stm: a collection outside of a transaction\n", stderr);
        std::abort();
    }
    acquire_inevitable("collection");
    stop_world();
    for (thread* other : world.threads) {
        if (other == &t || other->running == nullptr) continue;
        if (!other->must_abort && other->at_break && try_commit(*other)) continue;
        if (world.log != nullptr && !other->must_abort) world.log->note_collection(*other);
        roll_back(*other);
    }
    commit_in_place(t);
    close_all_gaps();
    for (segment* s : world.segments) forget_gaps(*s);
    world.direct->free = world.direct->gap_end = world.direct->fresh_start = nullptr;
}

void end_collection() {
    for (segment* s : world.segments) renew_copies(*s);
    resume_world();
}

void close_all_gaps() {
    write_filler(heddle_thread.nursery_free, heddle_thread.gap_end);
    if (world.stopper != self) return; // other threads are just allocating in theirs
    auto close = [](const segment& s) {
        const thread* t = s.owner;
        write_filler(t != nullptr ? t->state->nursery_free : s.free, t != nullptr ? t->state->gap_end : s.gap_end);
    };
    for (segment* s : world.segments) close(*s);
    close(*world.direct);
}

void large_object_made(char* start, size_t bytes) {
    segment& s = *self->running;
    forget_copies_of_others(s, start, start + bytes);
    share_pages(s, start, start + bytes);
    s.fresh_large.push({start, start + bytes});
}

void become_inevitable() { stm::become_inevitable(); }

void start_transactions() {
    const char* error = read_options();
    if (error == nullptr) error = make_segments();
    if (error != nullptr) {
        std::fprintf(stderr, "%s\n", error);
        std::exit(2);
    }
    make_roots();
    keep_thread_data_out_of_stack();
    world.log = transaction_log::open();
    auto* t = new thread;
    t->state = &heddle_thread;
    t->words = &heddle_stm;
    take_thread_roots(*t);
    heddle_stm.roots = t->roots;
    t->stopped = false;
    world.threads.push_back(t);
    world.live_threads = world.running = 1;
    self = t; // before this, locks are not needed
    std::atexit(stop_for_good);
    begin_as_inevitable();
}

void stop_for_good() {
    if (world.ending || self == nullptr) return;
    lock_world();
    if (self->running != nullptr) acquire_inevitable("end");
    stop_world();
    world.ending = true;
    if (world.log != nullptr) world.log->flush();
}

} // namespace heddle::gc
