// Writing the log of transactions. See log.h.
//
// Its memory is from malloc, not from operator new, which takes part in aborts. Its own lock is the innermost one:
// nothing else is locked under it. (The location function of the interpreter is called under it.)
#include "log.h"
#include "runtime.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <string>

namespace heddle::stm {

namespace {

constexpr size_t buffer_size = size_t{1} << 17, longest_record = 2048;
constexpr uint64_t flush_interval = 100000000; // nanoseconds

struct known_place {
    uint64_t hash;
    char* text;
};

std::mutex& lock = *new std::mutex;
list<known_place> places; // number - 1 -> text
list<uint32_t> table;     // open hashing; a power of two; 0: free
char* buffer;
size_t used;
int file = -1;
pid_t owner; // a child of fork() writes nothing
uint64_t opened, flushed;

constexpr const char* abort_names[] = {"write-read", "write-write", "collection", "forced"};
constexpr const char* pause_names[] = {"stopped", "stopping", "inevitable", "segment", "idle"};

uint64_t hash_of(const char* text) {
    uint64_t hash = 14695981039346656037u;
    for (; *text != '\0'; text++) hash = (hash ^ static_cast<uint8_t>(*text)) * 1099511628211u;
    return hash;
}

void enlarge_table() {
    size_t size = table.size() == 0 ? 256 : table.size() * 2;
    table.clear();
    for (size_t i = 0; i < size; i++) table.push(0);
    for (size_t i = 0; i < places.size(); i++) {
        size_t at = places[i].hash & (size - 1);
        while (table[at] != 0) at = (at + 1) & (size - 1);
        table[at] = static_cast<uint32_t>(i + 1);
    }
}

// %p in the file's name is the process's number.
std::string file_name(const char* pattern) {
    std::string name = pattern;
    if (size_t at = name.find("%p"); at != std::string::npos) name.replace(at, 2, std::to_string(getpid()));
    return name;
}

transaction_log the_log;

} // namespace

transaction_log* transaction_log::open() {
    const char* pattern = std::getenv("HEDDLE_STM_LOG");
    if (pattern == nullptr || *pattern == '\0') return nullptr;
    std::string name = file_name(pattern);
    file = ::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    buffer = static_cast<char*>(std::malloc(buffer_size));
    if (file < 0 || buffer == nullptr) {
        std::fprintf(stderr, "HEDDLE_STM_LOG: cannot write %s: %s\n", name.c_str(), std::strerror(errno));
        std::exit(2);
    }
    owner = getpid();
    opened = flushed = now_nanoseconds();
    enlarge_table();
    the_log.write("heddle-stm-log\t1\n");
    return &the_log;
}

void transaction_log::flush() {
    if (owner == getpid())
        for (size_t done = 0; done < used;) {
            ssize_t n = ::write(file, buffer + done, used - done);
            if (n <= 0 && errno != EINTR) break; // a full disk loses records, not the program
            if (n > 0) done += static_cast<size_t>(n);
        }
    used = 0;
    flushed = now_nanoseconds();
}

// The log's lock is held, or no other thread runs.
void transaction_log::write(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int size = std::vsnprintf(buffer + used, longest_record, format, arguments);
    va_end(arguments);
    used += std::min(static_cast<size_t>(size), longest_record - 1);
    if (used + longest_record > buffer_size || now_nanoseconds() - flushed > flush_interval) flush();
}

uint64_t transaction_log::microseconds(uint64_t nanoseconds) const {
    return nanoseconds < opened ? 0 : (nanoseconds - opened) / 1000;
}

uint32_t transaction_log::number_of(const char* text) {
    uint64_t hash = hash_of(text);
    size_t at = hash & (table.size() - 1);
    for (; table[at] != 0; at = (at + 1) & (table.size() - 1)) {
        known_place& known = places[table[at] - 1];
        if (known.hash == hash && std::strcmp(known.text, text) == 0) return table[at];
    }
    places.push({hash, strdup(text)});
    auto number = static_cast<uint32_t>(places.size());
    table[at] = number;
    if (places.size() * 2 > table.size()) enlarge_table();
    char line[longest_record / 2];
    std::snprintf(line, sizeof line, "%s", text);
    for (char* c = line; *c != '\0'; c++)
        if (*c == '\t' || *c == '\n') *c = ' ';
    write("place\t%u\t%s\n", number, line);
    return number;
}

uint32_t transaction_log::here() {
    thread& t = *self;
    auto* place = static_cast<const portal_place*>(t.words->place);
    if (place == nullptr || t.running == nullptr) return 0;
    if (place->greens[place->info->checked_green] == ~uint64_t{0}) return 0;
    std::lock_guard guard(lock);
    uint8_t inevitable = t.words->inevitable;
    t.words->inevitable = 1; // the function's static buffer is guarded by the lock
    uint32_t number = number_of(place->info->location(place->greens));
    t.words->inevitable = inevitable;
    return number;
}

void transaction_log::note_conflict(thread& victim, const thread& writer, const written_range& w) {
    conflict& c = victim.why = {};
    c.place = victim.place;
    c.other = writer.number;
    c.other_place = w.place;
    auto* object = static_cast<char*>(w.object);
    c.class_name =
        reinterpret_cast<uintptr_t>(object) < heddle_gc_arena_base ? "a global variable" : gc::type_of(object)->name;
    for (const written_range& own : victim.running->writes)
        if (own.object == w.object && own.start < w.end && w.start < own.end) {
            c.kind = abort_kind::write_write;
            c.place = own.place;
        }
}

void transaction_log::note_collection(thread& victim) {
    victim.why = {abort_kind::collection, self->number, victim.place, self->place, ""};
}

void transaction_log::thread_started(const thread& t) {
    std::lock_guard guard(lock);
    write("start\t%lu\t%ld\n", microseconds(now_nanoseconds()), t.number);
}
void transaction_log::thread_ended(const thread& t) {
    std::lock_guard guard(lock);
    write("end\t%lu\t%ld\n", microseconds(now_nanoseconds()), t.number);
}
void transaction_log::committed(const thread& t) {
    std::lock_guard guard(lock);
    write("commit\t%lu\t%lu\t%ld\t%d\n", microseconds(t.began), microseconds(now_nanoseconds()), t.number,
          t.words->inevitable);
}
void transaction_log::aborted(const thread& t) {
    std::lock_guard guard(lock);
    const conflict& c = t.why;
    write("abort\t%lu\t%lu\t%ld\t%s\t%u\t%ld\t%u\t%s\n", microseconds(t.began), microseconds(now_nanoseconds()),
          t.number, abort_names[static_cast<size_t>(c.kind)], c.place, c.other, c.other_place, c.class_name);
}
void transaction_log::paused(const thread& t, pause_kind kind, uint64_t since, long other, uint32_t other_place) {
    std::lock_guard guard(lock);
    write("pause\t%lu\t%lu\t%ld\t%s\t%u\t%ld\t%u\n", microseconds(since), microseconds(now_nanoseconds()), t.number,
          pause_names[static_cast<size_t>(kind)], t.place, other, other_place);
}
void transaction_log::became_inevitable(thread& t, const char* why) {
    t.place = here();
    std::lock_guard guard(lock);
    write("inevitable\t%lu\t%ld\t%u\t%s\n", microseconds(now_nanoseconds()), t.number, t.place, why);
}

} // namespace heddle::stm
