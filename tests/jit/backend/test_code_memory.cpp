// Code memory: never writable and executable at once, reuse of freed ranges, patching; parallel moves against a model.
#include "backend/common/code_memory.h"
#include "backend/common/parallel_move.h"
#if defined __x86_64__
#include "backend/x86_64/backend.h"
namespace native = heddle::jit::x86_64;
#elif defined __arm__
#include "backend/armv7/backend.h"
namespace native = heddle::jit::armv7;
#endif
#include "harness.h"
#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>
#include <random>

using namespace backend_test;

TEST_CASE("no mapping of the process is writable and executable") {
    start_collector();
    auto all = native_backends();
    unit u(*all[0].what);
    REQUIRE(u.compile("[i0]\ni1 = int_add(i0, 1)\nguard_true(i1) [i0]\nfinish(i1)\n") == "");
    REQUIRE(u.compile_bridge(0, "[i0]\nfinish(i0)\n") == "");
    CHECK(u.run({~word{0}}).values[0] == ~word{0});
    std::ifstream maps("/proc/self/maps");
    std::string line;
    int code_mappings = 0;
    while (std::getline(maps, line)) {
        INFO(line);
        std::string protection = line.substr(line.find(' ') + 1, 4);
        CHECK_FALSE((protection[1] == 'w' && protection[2] == 'x'));
        // What Linux calls shared memory that is no file's; what it is under qemu-arm.
        if (line.find("/dev/zero") != std::string::npos || line.find("memfd:heddle-code") != std::string::npos)
            ++code_mappings;
    }
    CHECK(code_mappings >= 2);
}

TEST_CASE("code memory: ranges are taken, released, joined and reused; random order") {
    uint64_t seed = std::random_device()();
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    std::string error;
    auto memory = code_memory::create(1 << 20, error);
    REQUIRE(memory);
    struct piece {
        uint64_t address;
        std::vector<uint8_t> bytes;
    };
    std::vector<piece> pieces;
    for (int step = 0; step < 5000; ++step) {
        if (random() % 5 < 3) {
            code_memory::open_range range = memory->open();
            std::vector<uint8_t> bytes(1 + random() % 5000, static_cast<uint8_t>(random()));
            bool fits = memory->commit(range, bytes.data(), bytes.size());
            REQUIRE(fits == (((bytes.size() + 63) & ~size_t{63}) <= range.capacity));
            if (fits) pieces.push_back({range.address, bytes});
        } else if (!pieces.empty()) {
            std::swap(pieces[random() % pieces.size()], pieces.back());
            REQUIRE(std::memcmp(reinterpret_cast<void*>(pieces.back().address), pieces.back().bytes.data(),
                                pieces.back().bytes.size()) == 0);
            memory->release(pieces.back().address, pieces.back().bytes.size());
            pieces.pop_back();
        }
    }
    for (piece& p : pieces) {
        REQUIRE(std::memcmp(reinterpret_cast<void*>(p.address), p.bytes.data(), p.bytes.size()) == 0);
        memory->release(p.address, p.bytes.size());
    }
    CHECK(memory->used() == 0);
    CHECK(memory->open().capacity == memory->size());
}

TEST_CASE("freed code is given back, whatever the order of the ends") {
    start_collector();
    auto all = native_backends();
    if (all.empty()) return; // no machine code for this target
    for (int round = 0; round < 20000; ++round) {
        unit u(*all[0].what);
        std::string problem = u.compile("[i0]\ni1 = int_add(i0, 1)\nguard_true(i1) [i0]\nfinish(i1)\n");
        if (!problem.empty()) FAIL(problem << " in round " << round);
        REQUIRE(u.compile_bridge(0, "[i0]\nfinish(i0)\n") == "");
    }
}

#if defined __x86_64__ || defined __arm__
TEST_CASE("full code memory is an error, and nothing breaks") {
    start_collector();
    native::backend_options options;
    options.code_bytes = 64 << 10;
    std::string error;
    auto small = native::make_backend({}, options, error);
    REQUIRE(small);
    std::vector<std::unique_ptr<unit>> units;
    std::string problem;
    while (problem.empty() && units.size() < 100000) {
        units.push_back(std::make_unique<unit>(*small));
        problem = units.back()->compile("[i0]\ni1 = int_add(i0, 1)\nguard_true(i1) [i0]\nfinish(i1)\n");
    }
    CHECK(problem.find("machine-code memory is full") != std::string::npos);
    CHECK(units[0]->run({41}).values[0] == 42);
}
#endif

namespace {

struct model final : move_emitter {
    std::vector<uint64_t> words = std::vector<uint64_t>(register_limit + 40);
    void emit_move(location to, location from) override {
        words[static_cast<size_t>(to.code)] = words[static_cast<size_t>(from.code)];
    }
    void emit_constant(location to, uint64_t bits) override { words[static_cast<size_t>(to.code)] = bits; }
};

} // namespace

TEST_CASE("parallel moves: random permutations, copies, cycles") {
    uint64_t seed = std::random_device()();
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    parallel_move moves;
    constexpr int temporary = 47, places = register_limit + 40;
    for (int round = 0; round < 20000; ++round) {
        model m;
        for (size_t i = 0; i < m.words.size(); ++i) m.words[i] = i * 1000 + 7;
        std::vector<uint64_t> expected = m.words;
        std::vector<int> destinations;
        for (int i = 0; i < places; ++i)
            if (i != temporary) destinations.push_back(i);
        std::shuffle(destinations.begin(), destinations.end(), random);
        destinations.resize(random() % (round % 2 ? 8 : destinations.size()));
        int narrow = round % 2 ? 10 : places; // few locations: many cycles
        for (int d : destinations) {
            d %= narrow;
            if (expected[static_cast<size_t>(d)] != m.words[static_cast<size_t>(d)]) continue; // a destination already
            int from = static_cast<int>(random() % static_cast<unsigned>(narrow));
            if (from == temporary) continue;
            if (random() % 8 == 0) {
                moves.add_constant({d}, 5);
                expected[static_cast<size_t>(d)] = 5;
            } else {
                moves.add({d}, {from});
                expected[static_cast<size_t>(d)] = m.words[static_cast<size_t>(from)];
            }
        }
        moves.emit(m, temporary);
        expected[temporary] = m.words[temporary];
        REQUIRE(m.words == expected);
    }
}
