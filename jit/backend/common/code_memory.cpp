// Memory for machine code. See code_memory.h.
#include "backend/common/code_memory.h"
#include <cerrno>
#include <cstring>
#include <sys/mman.h>

namespace heddle::jit {

namespace {

size_t round_up(size_t bytes) { return (bytes + code_memory::code_alignment - 1) & ~(code_memory::code_alignment - 1); }

// The executable view, near our own code if there is room: tried downwards and upwards from it in steps.
void* map_near(const void* anchor, size_t bytes) {
    constexpr uintptr_t step = uintptr_t{64} << 20;
    uintptr_t base = reinterpret_cast<uintptr_t>(anchor) & ~(step - 1);
    for (uintptr_t distance = step; distance + bytes < (uintptr_t{1} << 31) - step; distance += step) {
        for (uintptr_t address : {base + distance, base - distance - bytes}) {
            if (address > base + distance) continue; // wrapped
            void* at = mmap(reinterpret_cast<void*>(address), bytes, PROT_READ | PROT_EXEC,
                            MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
            if (at == reinterpret_cast<void*>(address)) return at;
            if (at != MAP_FAILED) munmap(at, bytes); // an old kernel that takes the address as a hint only
        }
    }
    return mmap(nullptr, bytes, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

std::string failure(const char* what) {
    return std::string("machine-code memory: ") + what + " failed: " + std::strerror(errno) +
           "; raise the limit on address space or run with the JIT off";
}

} // namespace

std::shared_ptr<code_memory> code_memory::create(size_t bytes, std::string& error) {
    bytes = (bytes + 0xffff) & ~size_t{0xffff};
    std::shared_ptr<code_memory> memory(new code_memory);
    const char* failed = nullptr;
    if (void* at = map_near(reinterpret_cast<const void*>(&code_memory::create), bytes); at == MAP_FAILED) {
        failed = "mapping it executable";
    } else {
        memory->executable_ = reinterpret_cast<uint64_t>(at);
        memory->size_ = bytes;
        // mremap of no bytes makes a second view of shared memory. It is not a file's, so that perf asks its map.
        void* writable = mremap(at, 0, bytes, MREMAP_MAYMOVE);
        if (writable == MAP_FAILED)
            failed = "mapping it a second time";
        else
            memory->writable_ = reinterpret_cast<uint64_t>(writable);
        if (!failed && mprotect(writable, bytes, PROT_READ | PROT_WRITE) != 0)
            failed = "making the second view writable";
    }
    if (failed) {
        error = failure(failed);
        memory.reset();
    } else {
        memory->free_.push_back({memory->executable_, memory->executable_ + bytes});
    }
    return memory;
}

code_memory::~code_memory() {
    if (executable_) munmap(reinterpret_cast<void*>(executable_), size_);
    if (writable_) munmap(reinterpret_cast<void*>(writable_), size_);
}

code_memory::open_range code_memory::open() const {
    // A hole left by freed code is good enough when it is large; otherwise the largest range.
    constexpr size_t roomy = size_t{1} << 20;
    const free_range* best = nullptr;
    for (const free_range& r : free_) {
        if (!best || r.end - r.begin > best->end - best->begin) best = &r;
        if (r.end - r.begin >= roomy) break;
    }
    if (!best) return {executable_, 0};
    return {best->begin, static_cast<size_t>(best->end - best->begin)};
}

bool code_memory::commit(const open_range& range, const void* code, size_t bytes) {
    size_t taken = round_up(bytes);
    if (taken > range.capacity) return false;
    for (size_t i = 0; i < free_.size(); ++i) {
        free_range& r = free_[i];
        if (r.begin != range.address) continue;
        r.begin += taken;
        if (r.begin == r.end) free_.erase(free_.begin() + static_cast<ptrdiff_t>(i));
        used_ += taken;
        patch(range.address, code, bytes);
        return true;
    }
    return false;
}

void code_memory::release(uint64_t address, size_t bytes) {
    uint64_t end = address + round_up(bytes);
    used_ -= end - address;
    // Freed code traps instead of running on as something else.
    std::memset(reinterpret_cast<void*>(writable_ + (address - executable_)), 0xcc, end - address);
    size_t at = 0;
    while (at < free_.size() && free_[at].begin < address) ++at;
    bool joins_before = at > 0 && free_[at - 1].end == address;
    bool joins_after = at < free_.size() && free_[at].begin == end;
    if (joins_before && joins_after) {
        free_[at - 1].end = free_[at].end;
        free_.erase(free_.begin() + static_cast<ptrdiff_t>(at));
    } else if (joins_before) {
        free_[at - 1].end = end;
    } else if (joins_after) {
        free_[at].begin = address;
    } else {
        free_.insert(free_.begin() + static_cast<ptrdiff_t>(at), {address, end});
    }
}

void code_memory::patch(uint64_t address, const void* bytes, size_t count) {
    std::memcpy(reinterpret_cast<void*>(writable_ + (address - executable_)), bytes, count);
    // x86 keeps caches coherent over both views; other machines must be told.
    __builtin___clear_cache(reinterpret_cast<char*>(address), reinterpret_cast<char*>(address + count));
}

} // namespace heddle::jit
