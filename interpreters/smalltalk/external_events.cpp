// Events from outside the image. One thread, started when it is first needed, sleeps in poll(2) on all descriptors that
// are awaited. What becomes ready leaves its table, the semaphore's index goes to a queue, and the thread that runs the
// image is told twice: its action flag stops a running image at the next check, an eventfd wakes an idle one.
//
// Only that thread takes signals of the operating system: the others block them, so that a timer or Ctrl-C ends its
// sleep.
#include "external_events.h"
#include "process.h"
#include <cmath>
#include <ctime>
#include <deque>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <vector>

namespace heddle::smalltalk {
namespace {

struct awaited {
    int descriptor;
    short events;
    long semaphore_index;
};
pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; // of all below
std::vector<awaited> table;
std::deque<long> signalled;
long work_under_way = 0;
int image_bell = -1, poller_bell = -1; // eventfds
bool poller_runs = false;
uint32_t* image_action_flag = nullptr;

class locked {
public:
    locked() { pthread_mutex_lock(&lock); }
    ~locked() { pthread_mutex_unlock(&lock); }
    locked(const locked&) = delete;
    locked& operator=(const locked&) = delete;
};
void ring(int bell) {
    uint64_t one = 1;
    (void)!write(bell, &one, sizeof one);
}
void silence(int bell) {
    uint64_t count;
    (void)!read(bell, &count, sizeof count);
}
// With the lock held.
void queue(long semaphore_index) {
    signalled.push_back(semaphore_index);
    tell_image_thread(action_external);
    ring(image_bell);
}

void* poll_descriptors(void*) {
    std::vector<pollfd> polled;
    for (;;) {
        polled.assign(1, {poller_bell, POLLIN, 0});
        {
            locked guard;
            for (const awaited& one : table) polled.push_back({one.descriptor, one.events, 0});
        }
        if (poll(polled.data(), polled.size(), -1) < 0) continue;
        if (polled[0].revents) silence(poller_bell);
        locked guard;
        for (size_t i = 1; i < polled.size(); i++) {
            if (!polled[i].revents) continue;
            for (size_t k = table.size(); k-- > 0;) {
                if (table[k].descriptor != polled[i].fd || table[k].events != polled[i].events) continue;
                queue(table[k].semaphore_index);
                table.erase(table.begin() + static_cast<long>(k));
            }
        }
    }
}
// With the lock held.
void start_poller() {
    if (poller_runs) return;
    poller_runs = true;
    pthread_t thread;
    if (start_helper_thread(thread, poll_descriptors, nullptr)) pthread_detach(thread);
}
void await(int descriptor, short events, long semaphore_index) {
    locked guard;
    for (const awaited& one : table)
        if (one.descriptor == descriptor && one.events == events && one.semaphore_index == semaphore_index) return;
    table.push_back({descriptor, events, semaphore_index});
    start_poller();
    ring(poller_bell);
}
} // namespace

void start_external_events() {
    image_action_flag = &heddle_thread.action_flag;
    image_bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    poller_bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}
bool start_helper_thread(pthread_t& thread, void* (*body)(void*), void* data) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&thread, nullptr, body, data) == 0;
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return started;
}
void tell_image_thread(uint32_t action) { __atomic_or_fetch(image_action_flag, action, __ATOMIC_SEQ_CST); }
void await_readable(int descriptor, long semaphore_index) { await(descriptor, POLLIN, semaphore_index); }
void await_writable(int descriptor, long semaphore_index) { await(descriptor, POLLOUT, semaphore_index); }
void forget_descriptor(int descriptor) {
    locked guard;
    std::erase_if(table, [&](const awaited& one) { return one.descriptor == descriptor; });
    ring(poller_bell);
}
void signal_from_outside(long semaphore_index) {
    locked guard;
    queue(semaphore_index);
}
void begin_external_work() {
    locked guard;
    work_under_way++;
}
void end_external_work() {
    locked guard;
    work_under_way--;
}
namespace {
double time_limit = 0;
bool is_up = false;
void* count_down(void*) {
    timespec limit{static_cast<time_t>(time_limit), static_cast<long>((time_limit - std::floor(time_limit)) * 1e9)};
    nanosleep(&limit, nullptr);
    locked guard;
    is_up = true;
    tell_image_thread(action_external);
    ring(image_bell);
    return nullptr;
}
} // namespace
void stop_after(double seconds) {
    time_limit = seconds;
    pthread_t thread;
    if (start_helper_thread(thread, count_down, nullptr)) pthread_detach(thread);
}
bool time_is_up() {
    locked guard;
    return is_up;
}
bool anything_awaited() {
    locked guard;
    return !table.empty() || !signalled.empty() || work_under_way > 0;
}
long take_external_signal() {
    locked guard;
    if (signalled.empty()) return 0;
    long index = signalled.front();
    signalled.pop_front();
    return index;
}
void wait_for_event(int64_t microseconds) {
    if (microseconds == 0 || (pending_actions() & (action_timer | action_interrupt | action_external))) return;
    timespec limit{};
    limit.tv_sec = microseconds / 1000000;
    limit.tv_nsec = static_cast<long>(microseconds % 1000000 * 1000);
    pollfd bell{image_bell, POLLIN, 0};
    if (ppoll(&bell, 1, microseconds < 0 ? nullptr : &limit, nullptr) > 0) silence(image_bell);
}

} // namespace heddle::smalltalk
