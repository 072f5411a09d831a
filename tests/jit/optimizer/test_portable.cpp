// The portable backend: loops, guards with exit values, bridges, calls, calls of other traces.
#include "check.h"
#include <catch2/catch.hpp>

using namespace heddle;
using namespace heddle::test;
using namespace heddle::jit;

namespace {

struct compiled {
    trace optimised_trace;
    loop_token token;
    target_token target;
    trace_parser_tables tables;
    std::unique_ptr<backend> runner;

    explicit compiled(const std::string& text, backend_hooks hooks = {}) {
        token.type = descr_type::loop;
        target.type = descr_type::target;
        target.name = "here";
        tables = world().tables;
        tables.descrs.push_back(&target);
        runner = make_portable_backend(hooks);
        optimised_trace = optimise_text(text, nullptr);
        REQUIRE(runner->compile_loop(optimised_trace, token, nullptr) == "");
    }
    trace optimise_text(const std::string& text, guard_data* from) {
        trace recorded, result;
        std::string problem;
        INFO(text);
        REQUIRE(parse(text, tables, recorded, problem));
        optimizer_input input;
        input.recorded = &recorded;
        input.token = &token;
        input.from_guard = from;
        input.options.peeling = false; // these tests count the guards
        REQUIRE(optimise(input, result, problem));
        return result;
    }
};

const char* count_down = "[i0, i1]\nlabel(i0, i1, descr=here)\ni2 = int_gt(i0, 0)\nguard_true(i2) [i0, i1]\ni3 = "
                         "int_sub(i0, 1)\ni4 = int_add(i1, i0)\njump(i3, i4, descr=here)\n";

} // namespace

TEST_CASE("a loop runs until its guard fails", "[portable]") {
    compiled loop(count_down);
    word inputs[] = {100, 0};
    exit_state exit = loop.runner->execute(loop.token, inputs);
    REQUIRE(exit.guard == loop.token.guards[0].get());
    REQUIRE(exit.guard->fail_arguments.size() == 2);
    CHECK(exit.values[0] == 0);
    CHECK(exit.values[1] == 5050);
}

TEST_CASE("a bridge takes over where a guard fails", "[portable]") {
    compiled loop(count_down);
    guard_data& guard = *loop.token.guards[0];
    trace bridge =
        loop.optimise_text("[i0, i1]\ni2 = int_gt(i1, 1000)\nguard_false(i2) [i1]\njump(10, i1, descr=here)\n", &guard);
    REQUIRE(loop.runner->compile_bridge(bridge, guard, loop.token, nullptr) == "");
    word inputs[] = {4, 0};
    exit_state exit = loop.runner->execute(loop.token, inputs);
    REQUIRE(exit.guard == loop.token.guards[1].get());
    CHECK(exit.values[0] == 10 + 18 * 55 + 55);
}

TEST_CASE("a trace that the backend can't run is refused", "[portable]") {
    compiled loop(count_down);
    trace t;
    loop_token token;
    t.add(opcode::input_i, {});
    CHECK(loop.runner->compile_loop(t, token, nullptr).starts_with("portable backend: "));
}

TEST_CASE("calls go through the thunk", "[portable]") {
    compiled loop("[i0, f1]\np2 = call(ptr(fn_make_node), i0, descr=make_node)\ni3 = call(ptr(fn_set_value), p2, 9, "
                  "descr=set_value)\ni4 = getfield(p2, descr=Node.value)\n"
                  "f5 = call(ptr(fn_half), f1, descr=half)\ni6 = float_to_int(f5)\ni7 = int_mul(i3, 100)\ni8 = "
                  "int_add(i7, i4)\ni9 = int_mul(i8, i6)\nfinish(i9)\n");
    word inputs[] = {7, double_to_word(4.5)};
    exit_state exit = loop.runner->execute(loop.token, inputs);
    REQUIRE(exit.guard == nullptr);
    CHECK(exit.values[0] == 709 * 2);
}

namespace {
std::vector<word> seen;
word finish_call(guard_data*, const word* values) { return seen.assign(values, values + 2), values[1]; }
word run_portal(loop_token*, const word* reds) { return seen.assign(reds, reds + 2), 42; }
} // namespace

TEST_CASE("call_assembler runs another trace, or the portal when there is none", "[portable]") {
    backend_hooks hooks{finish_call, run_portal};
    loop_token missing;
    missing.type = descr_type::loop;
    missing.result = kind::integer;
    missing.name = "missing";
    compiled loop(count_down, hooks);
    loop.token.result = kind::integer;
    loop.token.name = "counting";
    for (loop_token* callee : {&loop.token, &missing}) {
        compiled caller("[i0]\nfinish(i0)\n", hooks);
        caller.tables.descrs.push_back(callee);
        trace t = caller.optimise_text(
            "[i0]\ni1 = call_assembler(i0, 1, descr=" + callee->name + ")\ni2 = int_add(i1, 1)\nfinish(i2)\n", nullptr);
        loop_token token;
        token.type = descr_type::loop;
        REQUIRE(caller.runner->compile_loop(t, token, nullptr) == "");
        word inputs[] = {4};
        seen.clear();
        exit_state exit = caller.runner->execute(token, inputs);
        REQUIRE(exit.guard == nullptr);
        CHECK(exit.values[0] == (callee == &missing ? 43u : 12u));
        REQUIRE(seen.size() == 2);
        CHECK(seen[0] == (callee == &missing ? 4u : 0u));
        CHECK(seen[1] == (callee == &missing ? 1u : 11u));
    }
}
