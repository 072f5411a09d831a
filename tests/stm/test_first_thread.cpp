// The runtime begins on a thread that pthread_create has made, as interpreters do that want a large stack: aborts
// restore its stack, but not its thread-local variables or the C library's data, which lie on the same memory.
#include <pthread.h>

#include <cstdio>
#include <cstdlib>

#include "heddle/stm/stm.h"

using namespace heddle;

namespace {

thread_local long runs = 0; // of a part that is run again after each abort
int status = 1;

void* run(void*) {
    gc::initialise_from_environment_or_exit();
    stm::new_transaction();
    long on_stack = 0;
    ++runs;
    ++on_stack;
    // HEDDLE_STM_ABORT=2: every other of these aborts.
    for (int i = 0; i < 100; i++) {
        stm::transaction_break();
        heddle_stm_break_slow();
    }
    auto counts = stm::get_counts();
    status = runs > 1 && on_stack == 1 && counts.aborts > 0 ? 0 : 1;
    std::printf("%ld runs, %lu aborts, on the stack %ld\n", runs, counts.aborts, on_stack);
    return nullptr;
}

} // namespace

int main() {
    setenv("HEDDLE_STM_ABORT", "2", 1);
    setenv("HEDDLE_STM_ALONE", "0", 1);
    pthread_t thread;
    if (pthread_create(&thread, nullptr, run, nullptr) != 0 || pthread_join(thread, nullptr) != 0) return 1;
    return status;
}
