// Damaged trace texts: an error that names a line, or a trace that prints as a text that reads back the same.
#include "check.h"
#include "damaged_texts.h"
#include <catch2/catch.hpp>

using namespace heddle::test;

TEST_CASE("damaged traces give a trace or an error", "[mutations]") {
    const std::string sample = "[i0, p1, f2]\n"
                               "label(i0, p1, f2, descr=loop)\n"
                               "i4 = int_add(i0, -5)\n"
                               "f5 = float_mul(f2, 2.5)\n"
                               "f6 = float_add(f5, float(0x7ff8000000000000))\n"
                               "f7 = float_sub(f6, -inf)\n"
                               "guard_class(p1, class(Node)) {3@12: i0, _; 1@4: p1; 0@7:}\n"
                               "guard_true(i4) [i0, null]\n"
                               "p10 = getfield(p1, descr=Node.next)\n"
                               "setfield/no_barrier(p1, null, descr=Node.next)\n"
                               "p12 = new_object(descr=Node)\n"
                               "p13 = new_array(3, descr=array<Node>)\n"
                               "i14 = call(ptr(0x10), p1, 5, descr=set_value)\n"
                               "jump(i4, p10, f7, descr=loop)\n";
    const std::vector<std::string> pieces = {
        "(",     ")",    "[",          "]",          "{",    "}",    ",",
        ":",     ";",    "@",          "=",          "_",    "\n",   "i0",
        "p1",    "f2",   "i4",         "-",          "null", "ptr(", "float(",
        "inf",   "0x",   "1e999",      "descr=",     "loop", "/",    "class(Node)",
        "label", "jump", "guard_true", "4294967296", "\xff", "\0",   "99999999999999999999"};
    mutations chance("jit_optimizer mutations", 20000);
    check_damaged_texts(chance, sample, pieces, [](const std::string& text) { return canonical(text); });
}
