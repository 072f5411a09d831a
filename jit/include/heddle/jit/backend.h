// The interface between the JIT and its backends (x86_64, armv7, portable). A backend is one folder with one entry.
//
// Machine code is entered with a loop token and an array of input words (the reds at the merge point); it runs on the
// native stack until it finishes or a guard fails that has no bridge; it then has stored the fail arguments' words into
// thread-local exit_values, in order, and answers the guard. Constants that are GC objects have been made immovable
// and are kept alive by the token before compile_* is called. Not thread-safe: one compiling thread.
#pragma once
#include "heddle/jit/trace.h"
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace heddle::jit {

// Resume data of a guard, encoded by the optimizer (resume.h), decoded when the guard fails.
struct resume_data;

struct guard_data {
    uint32_t number = 0;                   // unique in the process; for logs
    std::vector<value_ref> fail_arguments; // results (never constants) in the optimised trace: what a backend must save
    std::vector<kind> fail_kinds;
    std::shared_ptr<resume_data> resume; // consecutive guards with no side effect between them may share one
    int32_t tested_argument = -1;        // which fail argument is the guard's first argument; -1: none is
    int32_t frame_argument = -1;         // which one is the portal's virtualizable frame; -1: none is known to be
    std::vector<const gc::type_info*>
        fail_classes;             // exact classes known of the fail arguments (null: unknown); may be empty
    uint64_t fail_nonnull = 0;    // bits: the first 64 fail arguments that are known not to be null
    uint32_t failures = 0;        // counts towards a bridge
    uint32_t recorded_after = 0;  // operations recorded after it: a bridge will have about as many
    uint32_t aborted_bridges = 0; // traces given up: each doubles the failures needed
    bool never_bridge = false;
    struct loop_token* owner = nullptr;
    // A guard that leaves to other code of its loop rather than to the interpreter: its fail arguments are this label's
    // arguments. It has no resume data and never gets a bridge. The label is compiled before.
    struct target_token* continues_at = nullptr;
    std::unique_ptr<struct compiled_code> bridge; // once compiled
    opcode op = opcode::guard_true;
    // The backend's: where the guard's branch is, where its values lie at failure (to compile the bridge's entry).
    uint64_t patch_address = 0;
    uint64_t invalidation_address = 0; // guard_not_invalidated: what invalidate() overwrites
    std::vector<int32_t> locations;    // per fail argument; meaning is the backend's
    uint32_t frame_size = 0;
    ~guard_data();
};

// The place of a label in machine code that a jump can reach (from its own loop or from a bridge).
struct target_token : descr {
    loop_token* owner = nullptr;
    std::vector<kind> kinds;
    uint64_t address = 0; // backend's
    std::vector<int32_t> locations;
    uint32_t frame_size = 0;
    std::shared_ptr<struct virtual_state> state; // optimizer's: what a peeled loop's body takes for granted; else null
    uint32_t label_position = 0;                 // portable backend's
    const struct compiled_code* code = nullptr;
};

struct compiled_code {           // a loop's or a bridge's; the portable backend keeps the trace
    uint64_t begin = 0, end = 0; // machine code range, 0 for the portable backend
    std::unique_ptr<trace> kept_trace;
    virtual ~compiled_code() = default;
};

// Everything compiled for one merge point and greens: the entry, its labels, guards and bridges.
struct loop_token : descr {
    uint32_t number = 0;
    uint32_t driver = 0;
    std::vector<word> greens;
    std::vector<kind> input_kinds;
    kind result = kind::none; // what the portal returns: the kind of a call_assembler's result
    uint64_t entry = 0;       // machine code entry; call_assembler jumps through this word, so it can be redirected
    std::vector<std::unique_ptr<guard_data>> guards;
    std::vector<std::unique_ptr<target_token>> targets;
    std::vector<std::unique_ptr<compiled_code>> code;
    std::vector<void*> kept_objects; // constants; a GC root list
    bool is_loop = false;            // else compiled from a function's entry, or not yet
    uint32_t bridges = 0;            // that its guards have
    uint32_t retraces = 0;           // bridges that went round once more, for a body that fits them
    bool invalidated = false;        // a field changed that the code depends on: it is left and not entered again
    bool compiled = false;           // false: the entry runs the portal natively (a call_assembler's temporary target)

    target_token* add_target(std::string label_name) {
        auto made = std::make_unique<target_token>();
        made->type = descr_type::target;
        made->index = UINT32_MAX;
        made->name = std::move(label_name);
        made->owner = this;
        targets.push_back(std::move(made));
        return targets.back().get();
    }
};

// The answer of machine code.
struct exit_state {
    guard_data* guard = nullptr;  // null: finished
    const word* values = nullptr; // finished: one word (the result) when there is one; else the fail arguments
};

// What a backend calls back. Filled by the runtime.
struct backend_hooks {
    // call_assembler's callee left through a guard: finish the portal call (bridge or blackhole) and give its result.
    word (*finish_call)(guard_data* guard, const word* values);
    // call_assembler to a token with no code yet: runs the portal natively from its merge point with these reds.
    word (*run_portal)(loop_token* token, const word* reds);
};

class backend {
public:
    virtual ~backend() = default;
    virtual const char* name() const = 0;
    // How many 64-bit lanes a vector may have: the operations with the flag VECTOR, and guards that continue at a
    // label, are for this backend; 0: they are not.
    virtual unsigned vector_lanes() const { return 0; }
    // Both answer an empty string, or why they can't (then nothing was changed). 'asm_log': append a listing when not
    // null.
    virtual std::string compile_loop(trace& t, loop_token& token, std::string* asm_log) = 0;
    virtual std::string compile_bridge(trace& t, guard_data& guard, loop_token& token,
                                       std::string* asm_log) = 0; // inputs = the guard's fail arguments
    // From now on the token's guard_not_invalidated fail, also in code that is on the stack. The token has
    // 'invalidated' set, 'compiled' cleared; its entry runs the portal natively where that can be had.
    virtual void invalidate(loop_token& token) = 0;
    virtual exit_state execute(loop_token& token, const word* inputs) = 0;
    // The values of the last exit are roots until it is said that they have been copied.
    virtual void forget_exit_values() = 0;
    virtual void free_code(loop_token& token) = 0;
};

std::unique_ptr<backend> make_portable_backend(const backend_hooks& hooks);
std::unique_ptr<backend> make_x86_64_backend(const backend_hooks& hooks, std::string& error);
std::unique_ptr<backend> make_armv7_backend(const backend_hooks& hooks, std::string& error);

#if defined __x86_64__
constexpr const char* native_backend_name = "x86_64";
#elif defined __arm__
constexpr const char* native_backend_name = "armv7";
#else
constexpr const char* native_backend_name = "portable"; // no machine code for this target
#endif
// The one that makes machine code; where there is none, the portable one.
inline std::unique_ptr<backend> make_native_backend(const backend_hooks& hooks, [[maybe_unused]] std::string& error) {
#if defined __x86_64__
    return make_x86_64_backend(hooks, error);
#elif defined __arm__
    return make_armv7_backend(hooks, error);
#else
    return make_portable_backend(hooks);
#endif
}

} // namespace heddle::jit
