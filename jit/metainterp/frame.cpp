// See frame.h.
#include "metainterp/frame.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>
#include <vector>

namespace heddle::jit {
namespace {

// Reserved, not touched. Other threads than the first one have smaller stacks.
constexpr size_t word_total = size_t{16} << 20, frame_total = size_t{512} << 10;
constexpr size_t thread_word_total = size_t{1} << 20, thread_frame_total = size_t{32} << 10;

HEDDLE_PER_THREAD frame_stack* current_stack = nullptr;
std::vector<frame_stack*>& unused_stacks() {
    static auto& list = *new std::vector<frame_stack*>;
    return list;
}

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
    if (!current_stack) current_stack = new frame_stack(frame_total, word_total);
    return *current_stack;
}

void frame_stack::use(frame_stack* stack) {
    if (!stack && !unused_stacks().empty()) {
        stack = unused_stacks().back();
        unused_stacks().pop_back();
    }
    current_stack = stack ? stack : new frame_stack(thread_frame_total, thread_word_total);
}

void frame_stack::release(frame_stack* stack) { unused_stacks().push_back(stack); }

frame_stack::frame_stack(size_t frames, size_t words) {
    frames_ = top_ = static_cast<frame*>(reserve(frames * sizeof(frame)));
    limit_ = frames_ + frames;
    words_ = words_top_ = static_cast<word*>(reserve(words * sizeof(word)));
    words_limit_ = words_ + words;
    references_ = static_cast<value_ref*>(reserve(words * sizeof(value_ref)));
    range_.begin = range_.end = words_;
}

frame* frame_stack::push(const decoded_jitcode& code, bool recorded) {
    size_t count = code.register_count;
    if (top_ == limit_ || static_cast<size_t>(words_limit_ - words_top_) < count) return nullptr;
    frame* made = top_++;
    *made = {};
    made->code = &code;
    made->registers = words_top_;
    made->references = references_ + (words_top_ - words_);
    made->snapshot = UINT32_MAX;
    std::memset(made->registers, 0, count * sizeof(word));
    if (recorded) std::memset(static_cast<void*>(made->references), 0xff, count * sizeof(value_ref));
    set_words_top(words_top_ + count);
    return made;
}

namespace {

template <class T> void copy_to(T*& copy, size_t& capacity, const T* source, size_t count) {
    if (count > capacity) {
        capacity = count * 2;
        std::free(static_cast<void*>(copy));
        copy = static_cast<T*>(std::malloc(capacity * sizeof(T)));
        if (!copy) std::abort();
    }
    if (count) std::memcpy(static_cast<void*>(copy), static_cast<const void*>(source), count * sizeof(T));
}

} // namespace

void frame_stack::save(saved_state& to) const {
    to.frame_count = static_cast<size_t>(top_ - frames_);
    to.word_count = static_cast<size_t>(words_top_ - words_);
    copy_to(to.frames, to.frame_capacity, frames_, to.frame_count);
    copy_to(to.words, to.word_capacity, words_, to.word_count);
}

void frame_stack::restore(const saved_state& from) {
    top_ = frames_ + from.frame_count;
    if (from.frame_count)
        std::memcpy(static_cast<void*>(frames_), static_cast<const void*>(from.frames),
                    from.frame_count * sizeof(frame));
    if (from.word_count) std::memcpy(words_, from.words, from.word_count * sizeof(word));
    set_words_top(words_ + from.word_count);
}

word* frame_stack::push_words(size_t count) {
    if (static_cast<size_t>(words_limit_ - words_top_) < count) frame_memory_exhausted();
    word* begin = words_top_;
    std::memset(begin, 0, count * sizeof(word));
    set_words_top(begin + count);
    return begin;
}

} // namespace heddle::jit

// toolchain/dsl/src/threads.cpp calls these when another thread takes its turn.
extern "C" {
void* heddle_jit_frames() { return &heddle::jit::frame_stack::instance(); }
void heddle_jit_use_frames(void* frames) {
    heddle::jit::frame_stack::use(static_cast<heddle::jit::frame_stack*>(frames));
}
void heddle_jit_free_frames(void* frames) {
    heddle::jit::frame_stack::release(static_cast<heddle::jit::frame_stack*>(frames));
}
}
