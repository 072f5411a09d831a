// Names of machine code for other tools. Each of them is off unless an option asks for it, and costs a write for each
// loop and bridge when it is on:
//
//   perf_map  /tmp/perf-PID.map, which `perf report` reads. HEDDLE_PERF_MAP=1 asks for it too.
//   jitdump   jit-PID.dump in the current folder, with the code's bytes, for `perf record -k 1`, `perf inject --jit`
//             and `perf annotate`
//   gdb       GDB's JIT interface: an ELF object in memory for each piece of code, with one symbol
#pragma once
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

extern "C" struct jit_code_entry; // gdb_interface.cpp

namespace heddle::jit {

struct code_range {
    uint64_t begin = 0, end = 0;
};

class perf_map {
public:
    ~perf_map() { close(); }
    std::string open();
    void close();
    void add(code_range code, const std::string& name);

private:
    std::FILE* file_ = nullptr;
};

class jit_dump {
public:
    ~jit_dump() { close(); }
    std::string open();
    void close();
    void add(code_range code, const std::string& name);

private:
    std::FILE* file_ = nullptr;
    void* mark_ = nullptr; // the file's first page, mapped as code: perf records that, and so finds the file
    uint64_t next_index_ = 0;
};

class gdb_interface {
public:
    ~gdb_interface() { close(); }
    void open() { on_ = true; }
    void close(); // unregisters everything
    void add(code_range code, const std::string& name);

private:
    bool on_ = false;
    std::vector<jit_code_entry*> entries_;
};

class code_observers {
public:
    // Answers an empty string, or why one can't be had.
    std::string open(bool map, bool dump, bool gdb);
    void close();
    void add(code_range code, const std::string& name) {
        map_.add(code, name);
        dump_.add(code, name);
        gdb_.add(code, name);
    }

private:
    perf_map map_;
    jit_dump dump_;
    gdb_interface gdb_;
};

} // namespace heddle::jit
