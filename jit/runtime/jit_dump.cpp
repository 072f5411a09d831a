// The jitdump format (tools/perf/Documentation/jitdump-specification.txt in Linux): a header, then a record with the
// bytes of each piece of code as it is made. Times are CLOCK_MONOTONIC's, as `perf record -k 1` has them.
#include "runtime/code_observers.h"
#include <cerrno>
#include <cstring>
#include <elf.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace heddle::jit {
namespace {

struct file_header {
    uint32_t magic = 0x4a695444, version = 1, size = sizeof(file_header), machine, padding = 0, process;
    uint64_t time, flags = 0;
};
enum class record_kind : uint32_t { load = 0, close = 3 };
struct record_header {
    record_kind kind;
    uint32_t size;
    uint64_t time;
};
struct load_record {
    record_header header;
    uint32_t process, thread;
    uint64_t virtual_address, address, size, index; // then the name with its zero, then the code
};
static_assert(sizeof(file_header) == 40 && sizeof(record_header) == 16 && sizeof(load_record) == 56);

#if defined(__x86_64__)
constexpr uint32_t this_machine = EM_X86_64;
#elif defined(__arm__)
constexpr uint32_t this_machine = EM_ARM;
#else
constexpr uint32_t this_machine = EM_NONE;
#endif

uint64_t now() {
    timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
}

} // namespace

std::string jit_dump::open() {
    close();
    std::string path = "jit-" + std::to_string(getpid()) + ".dump";
    file_ = std::fopen(path.c_str(), "w+e");
    if (!file_) return "jitdump: cannot write " + path + ": " + std::strerror(errno);
    file_header header;
    header.machine = this_machine;
    header.process = static_cast<uint32_t>(getpid());
    header.time = now();
    std::fwrite(&header, sizeof header, 1, file_);
    std::fflush(file_);
    mark_ =
        mmap(nullptr, static_cast<size_t>(sysconf(_SC_PAGESIZE)), PROT_READ | PROT_EXEC, MAP_PRIVATE, fileno(file_), 0);
    if (mark_ == MAP_FAILED) { // a folder mounted noexec
        mark_ = nullptr;
        std::string error = "jitdump: cannot map " + path + " as code: " + std::strerror(errno);
        close();
        return error;
    }
    return {};
}

void jit_dump::close() {
    if (!file_) return;
    record_header record{record_kind::close, sizeof record, now()};
    std::fwrite(&record, sizeof record, 1, file_);
    std::fclose(file_);
    file_ = nullptr;
    if (mark_) munmap(mark_, static_cast<size_t>(sysconf(_SC_PAGESIZE)));
    mark_ = nullptr;
}

void jit_dump::add(code_range code, const std::string& name) {
    if (!file_) return;
    load_record record;
    uint64_t size = code.end - code.begin;
    record.header = {record_kind::load, static_cast<uint32_t>(sizeof record + name.size() + 1 + size), now()};
    record.process = static_cast<uint32_t>(getpid());
    record.thread = static_cast<uint32_t>(syscall(SYS_gettid));
    record.virtual_address = record.address = code.begin;
    record.size = size;
    record.index = next_index_++;
    std::fwrite(&record, sizeof record, 1, file_);
    std::fwrite(name.c_str(), name.size() + 1, 1, file_);
    std::fwrite(reinterpret_cast<const void*>(code.begin), size, 1, file_);
    std::fflush(file_);
}

} // namespace heddle::jit
