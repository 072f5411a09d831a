// See frame.h.
#include "metainterp/frame.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>

namespace heddle::jit {
namespace {

constexpr size_t word_total = size_t{16} << 20; // reserved, not touched
constexpr size_t frame_total = size_t{512} << 10;

void* reserve(size_t bytes) {
    void* block = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (block == MAP_FAILED) {
        std::fprintf(stderr, "heddle: the JIT cannot reserve address space for its frames\n");
        std::abort();
    }
    return block;
}

} // namespace

void frame_memory_exhausted() {
    std::fprintf(stderr, "heddle: the JIT's frame memory is used up: the program recurses too deeply\n");
    std::abort();
}

frame_stack& frame_stack::instance() {
    static frame_stack stack;
    return stack;
}

frame_stack::frame_stack() {
    frames_ = top_ = static_cast<frame*>(reserve(frame_total * sizeof(frame)));
    limit_ = frames_ + frame_total;
    words_ = words_top_ = static_cast<word*>(reserve(word_total * sizeof(word)));
    words_limit_ = words_ + word_total;
    references_ = static_cast<value_ref*>(reserve(word_total * sizeof(value_ref)));
    range_.begin = range_.end = words_;
}

frame* frame_stack::push(const decoded_jitcode& code) {
    size_t count = code.register_count;
    if (top_ == limit_ || static_cast<size_t>(words_limit_ - words_top_) < count) return nullptr;
    frame* made = top_++;
    *made = {};
    made->code = &code;
    made->registers = words_top_;
    made->references = references_ + (words_top_ - words_);
    made->snapshot = UINT32_MAX;
    std::memset(made->registers, 0, count * sizeof(word));
    std::memset(static_cast<void*>(made->references), 0xff, count * sizeof(value_ref));
    set_words_top(words_top_ + count);
    return made;
}

word* frame_stack::push_words(size_t count) {
    if (static_cast<size_t>(words_limit_ - words_top_) < count) frame_memory_exhausted();
    word* begin = words_top_;
    std::memset(begin, 0, count * sizeof(word));
    set_words_top(begin + count);
    return begin;
}

} // namespace heddle::jit
