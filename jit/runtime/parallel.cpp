// See parallel.h: what each thread has of its own, and its part in transactions.
#include "runtime/parallel.h"
#include "metainterp/frame.h"
#include "runtime/state.h"
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>
#include <vector>

namespace heddle::jit {

namespace {

// Lives as long as the process. The frames' memory is what an abort has to put back: the blackhole may be at work in
// both transactions.
struct thread_data {
    frame_stack* frames = nullptr;
    frame_stack::saved_state saved;
    gc::conservative_range saved_words, constants, exit_values;
    stm::thread_words* words = nullptr;
    uint64_t ended = 0;               // transactions
    std::vector<const void*> written; // quasi-immutable fields, in this transaction; also in uncommitted_writes
};

__thread thread_data* own_data;
std::atomic<thread_data*> tracer;
std::vector<thread_data*>& unused() {
    static auto& list = *new std::vector<thread_data*>;
    return list;
}
std::vector<const void*>& uncommitted_writes() {
    static auto& list = *new std::vector<const void*>;
    return list;
}

thread_data& data_of(void* data) { return *static_cast<thread_data*>(data); }

void stop_tracing(thread_data& t) {
    thread_data* expected = &t;
    if (!tracer.compare_exchange_strong(expected, nullptr)) return;
    t.words->hold = 0;
    t.constants.begin = t.constants.end = nullptr;
}

void transaction_begun(void* data) {
    thread_data& t = data_of(data);
    t.frames->save(t.saved);
    t.saved_words.begin = t.saved.words;
    t.saved_words.end = t.saved.words + t.saved.word_count;
}

void transaction_ended(void* data, bool) {
    thread_data& t = data_of(data);
    ++t.ended;
    stop_tracing(t);
    auto& all = uncommitted_writes();
    for (const void* slot : t.written)
        for (size_t i = 0; i < all.size(); ++i)
            if (all[i] == slot) {
                all[i] = all.back();
                all.pop_back();
                break;
            }
    t.written.clear();
}

void transaction_aborted(void* data) {
    thread_data& t = data_of(data);
    t.frames->restore(t.saved);
}

void second_thread_starts() { runtime_state().invalidations.all(runtime_state()); }

void thread_words(void* data, void (*visit)(const void*, const void*, void*), void* context) {
    thread_data& t = data_of(data);
    t.frames->visit_words(visit, context);
    for (const auto* range : {&t.constants, &t.exit_values})
        if (range->begin < range->end) visit(range->begin, range->end, context);
}

void thread_left(void* data) { unused().push_back(&data_of(data)); }

thread_data* make_data() {
    auto* made = new thread_data;
    size_t bytes = most_exit_values * sizeof(word);
    void* values = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (values == MAP_FAILED) std::abort();
    made->exit_values.begin = values;
    made->frames = &frame_stack::instance();
    return made;
}

} // namespace

void prepare_thread() {
    if (own_data) return;
    stm::held_lock lock;
    stm::set_participant(
        {transaction_begun, transaction_ended, transaction_aborted, thread_left, second_thread_starts, thread_words});
    if (unused().empty()) {
        own_data = make_data();
    } else {
        own_data = unused().back();
        unused().pop_back();
        frame_stack::use(own_data->frames);
    }
    thread_data& t = *own_data;
    auto* values = static_cast<const word*>(t.exit_values.begin);
    t.exit_values.end = values + 1;
    t.words = &heddle_stm;
    t.frames->save(t.saved); // this transaction began without any
    heddle_thread.jit_extra[0] = const_cast<word*>(values);
    stm::set_participant_data(&t);
}

bool begin_tracing() {
    prepare_thread();
    thread_data* expected = nullptr;
    if (!tracer.compare_exchange_strong(expected, own_data)) return false;
    heddle_stm.hold = 1;
    return true;
}

void end_tracing() { stop_tracing(*own_data); }
uint64_t ended_transactions() { return own_data->ended; }
gc::conservative_range& constants_of_trace() { return own_data->constants; }
gc::conservative_range& exit_values_of_this_thread() { return own_data->exit_values; }

bool is_uncommitted(word pointer) {
    if (heddle_stm.delta == 0) return false;
    void* object = gc::find_object(reinterpret_cast<const void*>(pointer));
    return object && !stm::is_published(object);
}

void note_uncommitted_write(const void* slot, bool seen_by_code) {
    if (heddle_stm.delta == 0) return;   // alone: committed as it is done
    if (stm::is_made_here(slot)) return; // no code knows the object
    if (seen_by_code) stm::conflict_with_all();
    prepare_thread();
    stm::held_lock lock;
    own_data->written.push_back(slot);
    uncommitted_writes().push_back(slot);
}

bool has_uncommitted_write(const void* slot) {
    for (const void* other : uncommitted_writes())
        if (other == slot) return true;
    return false;
}

} // namespace heddle::jit
