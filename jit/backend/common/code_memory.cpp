// Memory for machine code. See code_memory.h.
#include "backend/common/code_memory.h"
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

namespace heddle::jit {

namespace {

size_t round_up(size_t bytes) { return (bytes + code_memory::code_alignment - 1) & ~(code_memory::code_alignment - 1); }

// The executable view, near our own code if there is room: tried downwards and upwards from it in steps.
// 'file' is -1 for memory that is no file's.
void* map_near(const void* anchor, size_t bytes, int file) {
    const int flags = MAP_SHARED | (file < 0 ? MAP_ANONYMOUS : 0);
    // How far a call instruction reaches: 2 GB on x86-64, 32 MB on ARM.
    constexpr uintptr_t step = uintptr_t{sizeof(void*) == 8 ? 64 : 4} << 20;
    constexpr uintptr_t reach = uintptr_t{1} << (sizeof(void*) == 8 ? 31 : 25);
    uintptr_t base = reinterpret_cast<uintptr_t>(anchor) & ~(step - 1);
    for (uintptr_t distance = step; distance + bytes < reach - step; distance += step) {
        for (uintptr_t address : {base + distance, base - distance - bytes}) {
            if (address > base + distance) continue; // wrapped
            void* at = mmap(reinterpret_cast<void*>(address), bytes, PROT_READ | PROT_EXEC, flags | MAP_FIXED_NOREPLACE,
                            file, 0);
            if (at == reinterpret_cast<void*>(address)) return at;
            if (at != MAP_FAILED) munmap(at, bytes); // an old kernel that takes the address as a hint only
        }
    }
    return mmap(nullptr, bytes, PROT_READ | PROT_EXEC, flags, file, 0);
}

#ifdef __arm__
// Does qemu-arm run this? It lacks mremap of no bytes, which every kernel has.
bool has_no_second_views = false;
bool runs_in_emulator() { return has_no_second_views; }
#endif

std::string failure(const char* what) {
    return std::string("machine-code memory: ") + what + " failed: " + std::strerror(errno) +
           "; raise the limit on address space or run with the JIT off";
}

} // namespace

std::shared_ptr<code_memory> code_memory::create(size_t bytes, std::string& error) {
    bytes = (bytes + 0xffff) & ~size_t{0xffff};
    std::shared_ptr<code_memory> memory(new code_memory);
    const char* failed = nullptr;
    void* writable = MAP_FAILED;
    void* at = map_near(reinterpret_cast<const void*>(&code_memory::create), bytes, -1);
    // mremap of no bytes makes a second view of shared memory. It is not a file's, so that perf asks its map.
    if (at != MAP_FAILED) writable = mremap(at, 0, bytes, MREMAP_MAYMOVE);
    if (at != MAP_FAILED && writable == MAP_FAILED) { // qemu-arm does not have that: two views of a file without a name
#ifdef __arm__
        has_no_second_views = true;
#endif
        munmap(at, bytes);
        at = MAP_FAILED;
        if (int file = memfd_create("heddle-code", MFD_CLOEXEC); file >= 0) {
            if (ftruncate(file, static_cast<off_t>(bytes)) == 0) {
                at = map_near(reinterpret_cast<const void*>(&code_memory::create), bytes, file);
                writable = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
            }
            close(file);
        }
    }
    if (at == MAP_FAILED) {
        failed = "mapping it executable";
    } else {
        memory->executable_ = reinterpret_cast<uintptr_t>(at);
        memory->size_ = bytes;
    }
    if (writable == MAP_FAILED) {
        if (!failed) failed = "mapping it a second time";
    } else {
        memory->size_ = bytes;
        memory->writable_ = reinterpret_cast<uintptr_t>(writable);
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
    // Freed code traps instead of running on as something else: breakpoints on x86-64, elsewhere ARM's undefined
    // instruction.
    constexpr uint32_t trap = sizeof(void*) == 8 ? 0xcccccccc : 0xe7f000f0;
    for (uint64_t at = address; at < end; at += sizeof trap)
        std::memcpy(reinterpret_cast<void*>(writable_ + (at - executable_)), &trap, sizeof trap);
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
#ifdef __arm__
    // qemu-arm takes that for nothing and goes on with what it translated; a page that is writable and then no longer
    // is what it notices. The page is never writable and executable.
    uint64_t page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE)), begin = address & ~(page - 1);
    size_t length = static_cast<size_t>(((address + count + page - 1) & ~(page - 1)) - begin);
    void* view = reinterpret_cast<void*>(static_cast<uintptr_t>(begin));
    if (runs_in_emulator() &&
        (mprotect(view, length, PROT_READ | PROT_WRITE) != 0 || mprotect(view, length, PROT_READ | PROT_EXEC) != 0))
        std::abort();
#endif
}

} // namespace heddle::jit
