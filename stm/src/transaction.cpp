// Transactions: beginning, breaks, commit, abort, inevitability.
//
// Who commits first wins: a transaction that has read or written what another one commits is aborted, unless it is
// inevitable; then the other one waits. One transaction at least always goes on, so nothing can livelock; one that was
// aborted three times in a row begins anew as inevitable, so nobody starves.
#include "runtime.h"

#include <asm/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace heddle::stm {

namespace {

constexpr unsigned patience = 3; // aborts in a row
constexpr int32_t smallest_budget = 16, first_budget = 1000, largest_budget = 1 << 24;
constexpr uint64_t promoted_before_slice = 256 << 10;
constexpr uint64_t shortest_nanoseconds = 20000, growth_of_length = 16;
constexpr unsigned overruns_of_atomic = 100; // budgets that an atomic block may use before it is inevitable

uint8_t* markers_of(const segment& s, const void* address) {
    return reinterpret_cast<uint8_t*>((reinterpret_cast<uintptr_t>(address) >> marker_shift) + s.delta);
}

// A marker of an array's beginning stands for all of it, too.
bool has_read(const segment& s, const written_range& w) {
    if (!w.whole && *markers_of(s, w.object) == s.version) return true;
    const uint8_t* first = markers_of(s, w.start);
    return std::memchr(first, s.version, static_cast<size_t>(markers_of(s, w.end - 1) - first) + 1) != nullptr;
}

// Sets the flag on what was made in [start, end), which objects fill without holes.
void set_committed(char* start, char* end) {
    while (start < end) {
        char* object = start + gc::header_size;
        start += gc::total_size(gc::collector, object);
        if (gc::type_id_of(object) != 0) gc::header_of(object).flags |= gc::flag_committed;
    }
}

char* page_end(char* address) {
    return reinterpret_cast<char*>((reinterpret_cast<uintptr_t>(address) + page_size - 1) & ~(page_size - 1));
}

// What the transaction made is what anybody may refer to from now on. The next transaction makes its own on a new page.
// A collection (`collecting`) flags what survives it.
void publish_fresh(thread& t, segment& s, bool collecting = false) {
    push_new_cells(s);
    s.made.commit();
    s.gap_bytes = 0;
    char*& free = t.state->nursery_free;
    if (free != nullptr) {
        char* whole = page_end(free);
        gc::write_filler(free, whole);
        s.fresh.push({s.fresh_start, free});
        s.fresh_start = free = whole;
        t.state->nursery_top = std::max(t.state->nursery_top, free);
    }
    for (const auto* made : {&s.fresh, &s.fresh_large}) {
        auto& ranges = const_cast<list<range>&>(*made);
        for (range& r : ranges) {
            if (made == &s.fresh_large)
                gc::header_of(r.start + gc::header_size).flags |= gc::flag_committed;
            else if (!collecting)
                set_committed(r.start, r.end);
            mark_committed_pages(s, r.start, r.end);
        }
        ranges.clear();
    }
}

// Tells the collector of stores into old objects. View 0 is up to date.
void remember_write(const written_range& w) {
    if (reinterpret_cast<uintptr_t>(w.object) < heddle_gc_arena_base) return; // a root: always scanned
    uint32_t flags = gc::header_of(w.object).flags;
    if (!(flags & gc::flag_needs_barrier)) return;
    if (w.whole || !(flags & gc::flag_has_cards)) {
        heddle_gc_write_barrier_slow(w.object);
        return;
    }
    const auto& type = gc::collector.type_of(w.object);
    char* items = w.object + type.items_offset;
    auto first = static_cast<size_t>(std::max(w.start, items) - items) / type.item_size;
    if (w.end <= items) return heddle_gc_write_barrier_slow(w.object);
    size_t last = static_cast<size_t>(w.end - 1 - items) / type.item_size;
    gc::bulk_write_barrier(w.object, first, last - first + 1);
}

void push_writes(segment& s) {
    for (written_range& w : s.writes) {
        push_to_views(s, w.start, w.end);
        if (w.whole) s.in_view(&gc::header_of(w.object))->flags |= gc::flag_committed;
        remember_write(w);
    }
    s.writes.clear();
}

// Aborts who has read what `t` has written. False: an inevitable transaction has.
bool settle_conflicts(thread& t, segment& s) {
    if (s.writes.empty()) return true;
    if (thread* other = world.inevitable; other != nullptr && other != &t) {
        if (other->read_all || t.conflicts_with_all) return false;
        for (written_range& w : s.writes)
            if (has_read(*other->running, w)) return false;
    }
    for (segment* other : world.segments) {
        if (other == &s || other->owner == nullptr || other->owner->must_abort) continue;
        for (written_range& w : s.writes)
            if (t.conflicts_with_all || has_read(*other, w)) {
                if (world.log != nullptr) world.log->note_conflict(*other->owner, t, w);
                other->owner->must_abort = true;
                ++world.totals.conflicts;
                break;
            }
    }
    return true;
}

void end_transaction(thread& t, segment& s, bool committed) {
    if (t.participant_data != nullptr) world.joined.ended(t.participant_data, committed);
    s.free = t.state->nursery_free;
    s.gap_end = t.state->gap_end;
    t.state->nursery_free = t.state->nursery_top = t.state->gap_end = nullptr;
    s.owner = nullptr;
    t.running = nullptr;
    __atomic_sub_fetch(&world.transactions, 1, __ATOMIC_RELAXED);
    t.read_all = t.conflicts_with_all = false;
    t.words->inevitable = 0;
    if (world.inevitable == &t) world.inevitable = nullptr;
    world.changed.notify_all();
}

// What the thread's budget should be for a transaction to last as long as it should, by how long this one did.
void adapt_budget(thread& t) {
    t.target = std::min(t.target + t.target / growth_of_length, world.target_nanoseconds);
    if (t.ends_early || t.running->delta == 0) return;
    uint64_t length = std::max<uint64_t>(now_nanoseconds() - t.began, 1);
    double ratio = static_cast<double>(t.target) / static_cast<double>(length);
    double wanted = t.full_budget * std::clamp(ratio, 0.5, 2.0);
    t.full_budget = static_cast<int32_t>(std::clamp<double>(wanted, smallest_budget, largest_budget));
}

// A shorter transaction has read less that others may write, and less is lost with it. Lengths that halve at each abort
// and grow slowly with commits settle where about one transaction in ten is aborted.
void shorten(thread& t) {
    t.target = std::max(t.target / 2, std::min(shortest_nanoseconds, world.target_nanoseconds));
    t.full_budget = std::max(smallest_budget, t.full_budget / 2);
}

void set_gs(thread& t, uintptr_t delta) {
    if (t.gs != delta) syscall(SYS_arch_prctl, ARCH_SET_GS, delta);
    t.gs = delta;
}

// The thread's latest one has its gaps of the nursery, and copies of the pages that it writes.
segment* free_segment(const thread& t) {
    if (t.latest != nullptr && t.latest->owner == nullptr) return t.latest;
    for (segment* s : world.segments)
        if (s->owner == nullptr) return s;
    return nullptr;
}

// First come, first served.
segment* take_segment(thread& t) {
    world.waiting_for_segment.push_back(&t);
    t.waits_because = pause_kind::segment;
    if (world.waiting_for_segment.size() > 1 || free_segment(t) == nullptr)
        wait_until([](thread& waiting) {
            return world.waiting_for_segment.front() == &waiting && free_segment(waiting) != nullptr;
        });
    t.waits_because = pause_kind::stopped;
    world.waiting_for_segment.erase(world.waiting_for_segment.begin());
    segment* s = t.latest = free_segment(t);
    s->owner = &t;
    if (!world.waiting_for_segment.empty()) world.changed.notify_all();
    return s;
}

void start(thread& t, bool inevitable) {
    lock_world();
    bool direct = inevitable && is_alone();
    segment& s = direct ? *world.direct : *take_segment(t);
    if (direct) {
        s.owner = &t;
        for (segment* other : world.segments) drop_copies(*other);
    }
    next_version(s);
    t.running = &s;
    __atomic_add_fetch(&world.transactions, 1, __ATOMIC_RELAXED);
    t.overruns = 0;
    t.ends_early = false;
    if (t.target == 0) t.target = world.target_nanoseconds;
    t.seen_changes = world.changes;
    if (t.full_budget == 0) t.full_budget = first_budget;
    t.words->version = s.version;
    t.words->delta = s.delta;
    t.words->budget = direct ? INT32_MAX : t.full_budget;
    set_gs(t, s.delta);
    s.fresh_start = t.state->nursery_free = s.free;
    t.state->gap_end = s.gap_end;
    t.state->nursery_top = gc::collector.chosen.stress_interval != 0 ? s.free : s.gap_end;
    t.began = now_nanoseconds();
    if (inevitable || t.aborts_in_a_row >= patience) acquire_inevitable(inevitable ? "alone" : "aborts");
    unlock_world();
}

void copy_stack(thread& t) {
    restart_point& point = t.restart;
    point.size = static_cast<size_t>(t.state->stack_base - static_cast<char*>(point.stack_pointer));
    if (point.size > point.capacity) {
        point.capacity = point.size * 2;
        std::free(point.copy);
        point.copy = static_cast<char*>(std::malloc(point.capacity));
        if (point.copy == nullptr) std::abort();
    }
    std::memcpy(point.copy, point.stack_pointer, point.size);
}

__attribute__((noinline)) void begin_restartable() {
    if (heddle_stm_save(&self->restart) == 0) {
        thread& t = *self;
        t.saved_error = t.state->error;
        t.saved_atomic_depth = t.words->atomic_depth;
        t.saved_place = t.words->place;
        copy_stack(t);
        if (t.participant_data != nullptr) world.joined.begun(t.participant_data);
    }
    start(*self, false);
}

void discard_fresh(thread& t, segment& s) {
    s.made.discard();
    gc::forget_walked_chunks();
    s.gap_bytes = 0;
    char*& free = t.state->nursery_free;
    if (free != nullptr) {
        gc::write_filler(s.fresh_start, free);
        free = s.fresh_start;
    }
    for (range& r : s.fresh) { // whole pages, which nobody else has seen
        r.end = page_end(r.end);
        gc::write_filler(r.start, r.end);
        s.spare.push({r.start, r.end});
    }
    for (range& r : s.fresh_large) mark_committed_pages(s, r.start, r.end); // the next collection frees them
    s.fresh.clear();
    s.fresh_large.clear();
}

} // namespace

uint64_t now_nanoseconds() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1000000000 + static_cast<uint64_t>(now.tv_nsec);
}

bool is_alone() { return world.live_threads == 1 && !world.never_alone; }

void begin_transaction() {
    if (is_alone())
        start(*self, true);
    else
        begin_restartable();
}

bool try_commit(thread& t) {
    segment& s = *t.running;
    if (!settle_conflicts(t, s)) return false;
    push_writes(s);
    publish_fresh(t, s);
    if (gc::slice_is_due() && gc::collector.promoted_between >= promoted_before_slice)
        gc::collector.minor_requested = true;
    if (t.announces) ++world.changes; // end_transaction wakes who waits
    t.announces = false;
    ++world.totals.commits;
    if (world.log != nullptr) world.log->committed(t);
    t.aborts_in_a_row = 0;
    adapt_budget(t);
    end_transaction(t, s, true);
    forget_allocations(t, true);
    return true;
}

void commit_in_place(thread& t) {
    segment& s = *t.running;
    push_writes(s);
    publish_fresh(t, s, true);
    next_version(s); // no card counts as written any more
    t.words->version = s.version;
    t.read_all = true;
}

void begin_as_inevitable() { start(*self, true); }

void commit() {
    thread& t = *self;
    collect_made(t);
    lock_world(true);
    while (t.running != nullptr) { // else a collection has ended it
        bool alone = t.running->writes.empty();
        if (!alone) stop_world();
        bool done = try_commit(t);
        if (!alone) resume_world();
        if (done) break;
        t.waits_because = pause_kind::inevitable;
        wait_until([](thread& waiting) { return world.inevitable == nullptr || waiting.must_abort; }, true);
    }
    unlock_world();
    start_pending_threads(t);
}

void roll_back(thread& t) {
    segment& s = *t.running;
    for (written_range& w : s.writes) {
        std::memcpy(s.in_view(w.start), w.start, static_cast<size_t>(w.end - w.start));
        if (w.whole) s.in_view(&gc::header_of(w.object))->flags |= gc::flag_committed;
    }
    s.writes.clear();
    discard_fresh(t, s);
    t.announces = false;
    for (thread* never : t.to_start) {
        give_thread_roots_back(*never);
        never->argument = nullptr;
        never->ended = true;
        --world.live_threads;
    }
    t.to_start.clear();
    t.state->error = t.saved_error;
    t.words->atomic_depth = t.saved_atomic_depth;
    t.words->place = t.saved_place;
    if (t.must_abort) shorten(t);
    ++t.aborts_in_a_row;
    ++world.totals.aborts;
    if (world.log != nullptr) world.log->aborted(t);
    end_transaction(t, s, false);
    forget_allocations(t, false);
    t.must_abort = t.rolled_back = true;
}

void abort_transaction() {
    thread& t = *self;
    world.lock.lock(); // not lock_world, which would abort
    t.lock_depth = 1;
    if (!t.rolled_back) roll_back(t);
    t.must_abort = t.rolled_back = false;
    unlock_world();
    if (t.participant_data != nullptr) world.joined.aborted(t.participant_data);
    heddle_stm_restore(&t.restart);
}

void acquire_inevitable(const char* why) {
    thread& t = *self;
    while (world.inevitable != &t) {
        if (world.inevitable != nullptr) {
            t.waits_because = pause_kind::inevitable;
            wait_until([](thread& waiting) { return world.inevitable == nullptr || waiting.must_abort; });
            continue;
        }
        world.inevitable = &t;
        t.words->inevitable = 1;
        ++world.totals.inevitable;
        if (world.log != nullptr) world.log->became_inevitable(t, why);
    }
}

void check_forced_abort() {
    if (world.abort_interval == 0 || heddle_stm.inevitable || self->lock_depth != 0) return;
    if (__atomic_add_fetch(&world.abort_count, 1, __ATOMIC_RELAXED) % world.abort_interval != 0) return;
    if (world.log != nullptr) self->why = {abort_kind::forced, -1, world.log->here(), 0, ""};
    abort_transaction();
}

void new_transaction() {
    if (heddle_stm.atomic_depth != 0) return;
    commit();
    begin_transaction();
}

void atomic_begin() { ++heddle_stm.atomic_depth; }
void atomic_end() {
    if (heddle_stm.atomic_depth == 0 || --heddle_stm.atomic_depth != 0) return;
    // The transaction should have ended inside of the block: it does at the next break. (Otherwise one would go on over
    // all blocks of a loop that has most of its breaks in them.)
    if (self->overruns != 0) heddle_stm.budget = 0;
}

counts get_counts() {
    lock_world();
    counts result = world.totals;
    unlock_world();
    return result;
}

} // namespace heddle::stm

using namespace heddle::stm;

void heddle_stm_break_slow() {
    thread& t = *self;
    bool used_up = t.words->budget < 0;
    bool stays = t.words->inevitable && is_alone();
    if (used_up) t.words->budget = stays ? INT32_MAX : t.full_budget;
    check_forced_abort();
    if (t.words->interrupt != 0) {
        lock_world(true);
        unlock_world();
        if (t.running == nullptr) { // a collection has ended the transaction
            start_pending_threads(t);
            begin_transaction();
            return;
        }
    }
    if (!used_up || stays) return;
    if (t.words->atomic_depth == 0 && t.words->hold == 0) return new_transaction();
    if (++t.overruns != overruns_of_atomic) return;
    if (t.words->atomic_depth == 0)
        new_transaction();
    else
        become_inevitable();
}

void heddle_stm_become_inevitable_slow() {
    if (self == nullptr || self->running == nullptr) return; // before initialise()
    check_forced_abort();
    lock_world();
    acquire_inevitable();
    unlock_world();
}
