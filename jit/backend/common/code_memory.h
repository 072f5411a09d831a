// Memory for machine code: one reserved arena, mapped twice.
//
// The executable view is read and execute, the writable view read and write, both of the same shared memory: no page is
// ever writable and executable through one mapping, and none changes its protection once code is there. Code is
// assembled for its final address: open() tells where the next code will go, commit() copies it there and keeps what it
// needs. Freed ranges are reused. The arena is placed near the executable's own code when possible, so that calls reach
// C functions with 32 bits. Not thread-safe: one compiling thread. Errors are one-line messages.
#pragma once
#include "heddle/jit/backend.h"
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace heddle::jit {

class code_memory {
public:
    // Null and a message when the system refuses. The size is address space; memory is used as code is written.
    static std::shared_ptr<code_memory> create(size_t bytes, std::string& error);
    ~code_memory();
    code_memory(const code_memory&) = delete;
    code_memory& operator=(const code_memory&) = delete;

    struct open_range {
        uint64_t address;
        size_t capacity;
    };
    // The largest free range: where the next code of unknown size goes. Aligned to code_alignment.
    open_range open() const;
    // Takes the beginning of the range that open() gave and writes the code. False when it doesn't fit.
    bool commit(const open_range& range, const void* code, size_t bytes);
    void release(uint64_t address, size_t bytes);

    // Overwrites code, through the writable view.
    void patch(uint64_t address, const void* bytes, size_t count);
    void patch_int32(uint64_t address, int32_t value) { patch(address, &value, sizeof value); }

    bool contains(uint64_t address) const { return address - executable_ < size_; }
    size_t used() const { return used_; }
    size_t size() const { return size_; }

    static constexpr size_t code_alignment = 64;

private:
    code_memory() = default;
    struct free_range {
        uint64_t begin, end;
    };

    uint64_t executable_ = 0, writable_ = 0;
    size_t size_ = 0, used_ = 0;
    std::vector<free_range> free_; // sorted, no two adjacent
};

// A piece of compiled code that gives its memory back when it is destroyed.
struct native_code : compiled_code {
    native_code(std::shared_ptr<code_memory> memory, uint64_t begin_address, size_t bytes)
        : memory_(std::move(memory)) {
        begin = begin_address;
        end = begin_address + bytes;
    }
    ~native_code() override { memory_->release(begin, end - begin); }

private:
    std::shared_ptr<code_memory> memory_;
};

} // namespace heddle::jit
