// What the backend tests share: traces from text, compiled for each backend under test, executed, compared.
//
// Backends under test: the portable one (the oracle), and x86-64 three times: as it is, with so few registers that
// values are spilled all the time, and for a processor with nothing beyond the baseline.
#pragma once
#include "heddle/gc/gc.h"
#include "heddle/jit/backend.h"
#include "heddle/jit/optimizer.h"
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace backend_test {

using namespace heddle;
using namespace heddle::jit;

// Starts the collector, once; every test that executes code calls it.
void start_collector();

struct named_backend {
    std::string name;
    std::unique_ptr<backend> what;
};
// All of them, the portable one first. Made anew at each call.
std::vector<named_backend> all_backends(const backend_hooks& hooks = {});
std::vector<named_backend> native_backends(const backend_hooks& hooks = {});

struct outcome {
    int guard = -1;           // number of the guard that failed: position among the unit's guards; -1: finished
    std::vector<word> values; // result or fail arguments
};

// One loop with its bridges on one backend.
class unit {
public:
    explicit unit(backend& where, trace_parser_tables tables = {});
    ~unit();

    // Targets by name, for 'descr=' of labels and jumps; must be declared before the trace that uses them is compiled.
    target_token& target(const std::string& name);
    // Text as jit/ir/text.cpp reads it. A guard's list of values becomes its fail arguments. Answers the backend's
    // message.
    std::string compile(const std::string& text, std::string* log = nullptr);
    std::string compile_bridge(int guard, const std::string& text, std::string* log = nullptr);
    std::string compile(trace& t, std::string* log = nullptr);
    std::string compile_bridge(trace& t, guard_data& guard, std::string* log = nullptr);
    // Integers are cut to the target's width first.
    outcome run(std::vector<word> inputs);

    loop_token token;
    backend& where;

private:
    std::string prepare(const std::string& text, trace& t);
    void own_guards(trace& t);
    trace_parser_tables tables_;
    std::map<std::string, target_token*> targets_;
    bool has_result_ = false;
};

// By backend's name: which operations were compiled successfully so far in this process. test_coverage.cpp reads it.
std::map<std::string, std::vector<bool>>& compiled_operations();

inline word w(int64_t i) { return integer_word(static_cast<word>(i)); } // as wide as the target's integers
// A word as values of the kind have it on the target.
inline word canonical(kind k, word bits) {
    return k == kind::integer ? integer_word(bits) : k == kind::pointer ? pointer_word(bits) : bits;
}
inline word w(double d) { return double_to_word(d); }

} // namespace backend_test
