// Optimises a trace given as text and compares the result, fail arguments included, with the text expected.
#pragma once
#include "heddle/jit/optimizer.h"
#include "support/heap_world.h"
#include <string>

namespace heddle::test {

jit::optimizer_options without_peeling(); // all passes, but loops stay as they are
// The optimised trace as text; "error: ..." when the text can't be parsed, "impossible: ..." when the trace contradicts
// itself.
std::string optimised(const std::string& text, const jit::optimizer_options& options = without_peeling());
// The same text with values named by their positions, as 'optimised' prints them.
std::string canonical(const std::string& text);
// The resume data of the last guard of the optimised trace: "0@0: #0 5 v0; v0 = Node{Node.value: #1}; store
// Node.next(#0, v0)".
std::string last_resume(const std::string& text, const jit::optimizer_options& options = without_peeling());

// The bridge from the loop's guard of that number (0: the first): inputs are the guard's fail arguments. With
// 'jump_values', the words that its jump passes as it is recorded, the jump resumes where the bridge's last guard does.
std::string optimised_bridge(const std::string& loop, size_t guard, const std::string& bridge,
                             const std::vector<jit::word>& jump_values = {});

jit::optimizer_options only(bool jit::optimizer_options::* pass); // no pass but this one
jit::optimizer_options nothing();

} // namespace heddle::test

#define CHECK_OPTIMISED(before, after) CHECK(heddle::test::optimised(before) == heddle::test::canonical(after))
