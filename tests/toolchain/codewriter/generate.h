// Random arithmetic for the differential test: C++ functions of two longs that use integers of all widths, doubles,
// branches, switches, overflow checks and calls, without undefined behaviour, and a program around them that runs each
// in a jit driver's loop and prints every result.
#pragma once
#include <cstdint>
#include <string>

std::string generate_program(uint64_t seed, int functions);
