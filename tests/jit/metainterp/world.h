// A machine that runs interpreters written as jitcode text, with a native side in C++ that stands for what the
// translator makes of the same functions: it executes the jitcodes without recording, counts at loops and entries, and
// asks the runtime.
//
// A loop's back edge is seen by the first green (the program counter) not growing between two merge points.
#pragma once
#include "heddle/gc/gc.h"
#include "heddle/jit/jitcode.h"
#include "heddle/jit/program.h"
#include "heddle/jit/runtime.h"
#include <functional>
#include <string>
#include <vector>

namespace heddle::test {

using jit::word;

// GC classes of the tests: Base with a value; Left and Right derive from it; Pair has two references; arrays.
struct base_object {
    const void* vtable;
    int64_t value;
};
struct pair_object {
    const void* vtable;
    void* first;
    void* second;
    int64_t tag;
    int64_t version; // quasi-immutable
};
struct array_object {
    const void* vtable;
    uint64_t length;
    word items[1];
};

class world {
public:
    world();
    ~world();
    // Parses the jitcodes; "portal" is driver d's. Greens and reds are kinds.
    void load(const std::string& text, const std::string& greens, const std::string& reds, const std::string& result);
    void add_function(const std::string& name, const std::string& signature, void* address, bool elidable = false,
                      int jitcode = -1);
    void make_native(const std::string& jitcode_name,
                     const std::string& signature); // calls of it run natively outside of traces

    // Calls jitcode 'name' natively.
    word call(const std::string& name, std::vector<word> arguments);
    // Runs 'body' in every way: without the JIT, then with each backend at low thresholds with several bridge policies
    // and optimizers; all must answer the same as without.
    void check(const std::string& what, const std::function<word()>& body);
    void start(const std::string& options); // JIT on with these
    void stop();
    // Sections of the log (jit-trace, jit-opt) while 'body' runs with the options; addresses are written as ptr(*).
    std::string logged(const std::string& sections, const std::string& options, const std::function<void()>& body);
    jit::statistics statistics() const { return jit::get_statistics(); }

    jit::program prog;
    gc::type_info base_type, left_type, right_type, pair_type, reference_array_type, integer_array_type;
    std::vector<std::pair<std::string, word>> pointers;
    void* new_base(const gc::type_info& type, int64_t value);
    // Puts the native address of a jitcode (see make_native) into slot 0 of the class's vtable.
    void set_method(const gc::type_info& type, const std::string& function);

private:
    template <class T> T& add_descr(std::deque<T>& table, jit::descr_type type, const std::string& name);
    void add_types();
};

world& current_world();

} // namespace heddle::test
