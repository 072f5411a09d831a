// HEDDLE_STM_LOG=FILE: what transactions did, for tools/heddle-stm-log. Off: each place that would log tests one
// pointer.
//
// A text file, a record in a line, its parts separated by tabs; times are microseconds since the program began:
//   place ID TEXT                                          ID stands for TEXT from here on
//   start TIME THREAD | end TIME THREAD
//   commit BEGIN END THREAD INEVITABLE                     INEVITABLE: 1 or 0
//   abort BEGIN END THREAD KIND PLACE OTHER PLACE CLASS    what the transaction did in that time is lost
//   pause BEGIN END THREAD KIND PLACE OTHER PLACE          waits for OTHER, which is at the second PLACE
//   inevitable TIME THREAD PLACE WHY                       is so from here on. WHY: work (that can't be taken back, or
//                                                          a long atomic block), collection, aborts, alone, end
// A place is where the interpreted program is, as the jit driver's location function says (transform/stm_places.cpp in
// the translator keeps it); 0: not known. The writer's place in an abort is that of the write, the other's where
// it was stopped, or its own write.
#pragma once
#include <cstdint>

namespace heddle::stm {

struct thread;
struct segment;
struct written_range;

// A portal keeps one in its frame, and thread_words::place refers to the innermost one.
struct portal_info {
    const char* (*location)(const uint64_t* greens);
    uint64_t checked_green; // all bits are set in it until the first merge point
};
struct portal_place {
    const portal_info* info;
    uint64_t greens[];
};

enum class abort_kind : uint8_t { write_read, write_write, collection, forced };
enum class pause_kind : uint8_t {
    stopped,    // at a safe point, for another thread's commit or collection
    stopping,   // until others have come to a safe point
    inevitable, // until another inevitable transaction has ended
    segment,    // until another transaction has ended
    idle,       // because the program waits
};

struct conflict {
    abort_kind kind = abort_kind::write_read;
    long other = -1;
    uint32_t place = 0, other_place = 0;
    const char* class_name = "";
};

class transaction_log {
public:
    // Null when HEDDLE_STM_LOG isn't set; an error ends the program.
    static transaction_log* open();

    // Where the running transaction's program is.
    uint32_t here();
    // `victim` will be aborted for what `writer` writes.
    void note_conflict(thread& victim, const thread& writer, const written_range& w);
    void note_collection(thread& victim);

    void thread_started(const thread& t);
    void thread_ended(const thread& t);
    void committed(const thread& t);
    void aborted(const thread& t); // with t.conflict
    void paused(const thread& t, pause_kind kind, uint64_t since, long other, uint32_t other_place);
    void became_inevitable(thread& t, const char* why);
    void flush();

private:
    void write(const char* format, ...) __attribute__((format(printf, 2, 3)));
    uint32_t number_of(const char* text);
    uint64_t microseconds(uint64_t nanoseconds) const;
};

} // namespace heddle::stm
