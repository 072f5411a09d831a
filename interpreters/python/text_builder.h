// A str under construction: Latin-1 bytes until a wider character comes, then code points. Short texts need no malloc.
//
// It lives on the stack of native code that traces don't look into; what is added is copied, so no reference to a
// heap object is kept. finish() makes the str; a builder that is not finished costs nothing.
#pragma once
#include "interpreter.h"

namespace heddle::python {

class text_builder {
public:
    text_builder() = default;
    text_builder(const text_builder&) = delete;
    text_builder& operator=(const text_builder&) = delete;
    ~text_builder() {
        if (bytes_ != buffer_) delete[] bytes_;
    }

    void add(uint32_t code_point) {
        if (is_wide_) {
            wide_ += static_cast<char32_t>(code_point);
        } else if (code_point < 256) {
            *room(1) = static_cast<uint8_t>(code_point);
        } else {
            widen();
            wide_ += static_cast<char32_t>(code_point);
        }
    }
    void add(std::string_view latin1) {
        if (is_wide_) {
            for (char c : latin1) wide_ += static_cast<unsigned char>(c);
        } else {
            memcpy(room(latin1.size()), latin1.data(), latin1.size());
        }
    }
    // The characters of a text from `start` up to `end`.
    void add(W_Str* text, long start, long end) {
        if (start >= end) return;
        if (text->narrow) {
            add(std::string_view(reinterpret_cast<const char*>(text->narrow->data()) + start,
                                 static_cast<size_t>(end - start)));
            return;
        }
        for (long i = start; i < end; i++) add(text->at(i));
    }
    void add(W_Str* text) { add(text, 0, text->length()); }
    void repeat(uint32_t code_point, long count) {
        if (is_wide_ || code_point >= 256) {
            for (; count > 0; count--) add(code_point);
        } else if (count > 0) {
            memset(room(static_cast<size_t>(count)), static_cast<int>(code_point), static_cast<size_t>(count));
        }
    }
    W_Str* finish() const {
        return is_wide_ ? make_str(std::u32string_view(wide_)) : make_str_latin1(bytes_, static_cast<long>(size_));
    }

private:
    uint8_t* room(size_t count) {
        if (size_ + count > capacity_) grow(size_ + count);
        uint8_t* at = bytes_ + size_;
        size_ += count;
        return at;
    }
    void grow(size_t needed) {
        capacity_ = std::max(needed, capacity_ * 2);
        auto* larger = new uint8_t[capacity_]; // not malloc's: transactions give it back
        memcpy(larger, bytes_, size_);
        if (bytes_ != buffer_) delete[] bytes_;
        bytes_ = larger;
    }
    void widen() {
        wide_.reserve(size_ * 2 + 16);
        for (size_t i = 0; i < size_; i++) wide_ += static_cast<char32_t>(bytes_[i]);
        is_wide_ = true;
    }

    uint8_t buffer_[240];
    uint8_t* bytes_ = buffer_;
    size_t size_ = 0, capacity_ = sizeof buffer_;
    std::u32string wide_;
    bool is_wide_ = false;
};

} // namespace heddle::python
