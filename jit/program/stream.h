// The byte stream of a program's image: unsigned numbers as LEB128, signed ones zigzagged, strings with their length.
// Private to jit/program. The reader never reads past the end: it sets 'damaged' and answers zeros.
#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::jit::image {

constexpr uint32_t magic = 0x4a444548; // "HEDJ"
constexpr uint32_t version = 3;

class byte_writer {
public:
    std::vector<uint8_t> bytes;

    void number(uint64_t value) {
        for (; value >= 0x80; value >>= 7) bytes.push_back(static_cast<uint8_t>(value) | 0x80);
        bytes.push_back(static_cast<uint8_t>(value));
    }
    void signed_number(int64_t value) {
        number((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63));
    }
    void text(std::string_view value) {
        number(value.size());
        bytes.insert(bytes.end(), value.begin(), value.end());
    }
    // Ascending numbers, as differences.
    template <class Range> void ascending(const Range& values) {
        number(values.size());
        uint64_t last = 0;
        for (auto value : values) {
            number(value - last);
            last = value;
        }
    }
    void word_at(size_t position, uint64_t value) { std::memcpy(&bytes[position], &value, sizeof value); }
    void fixed_word(uint64_t value) {
        size_t position = bytes.size();
        bytes.resize(position + sizeof value);
        word_at(position, value);
    }
};

class byte_reader {
public:
    byte_reader(const uint8_t* begin, const uint8_t* end) : at_(begin), end_(end) {}

    uint64_t number() {
        uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            if (at_ == end_) break;
            uint8_t byte = *at_++;
            value |= static_cast<uint64_t>(byte & 0x7f) << shift;
            if (!(byte & 0x80)) return value;
        }
        damaged_ = true;
        at_ = end_;
        return 0;
    }
    uint32_t number32() { return static_cast<uint32_t>(number()); }
    int64_t signed_number() {
        uint64_t value = number();
        return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
    }
    std::string text() {
        uint64_t size = number();
        if (size > static_cast<uint64_t>(end_ - at_)) {
            damaged_ = true;
            at_ = end_;
            return {};
        }
        std::string value(reinterpret_cast<const char*>(at_), size);
        at_ += size;
        return value;
    }
    void skip_text() {
        uint64_t size = number();
        if (size > static_cast<uint64_t>(end_ - at_)) {
            damaged_ = true;
            at_ = end_;
            return;
        }
        at_ += size;
    }
    // A number of things that take at least one byte each: bounds what a damaged image makes us allocate.
    uint64_t count() {
        uint64_t value = number();
        if (value > static_cast<uint64_t>(end_ - at_)) {
            damaged_ = true;
            at_ = end_;
            return 0;
        }
        return value;
    }
    template <class T> void ascending(std::vector<T>& values) {
        uint64_t size = count();
        values.resize(size);
        uint64_t last = 0;
        for (auto& value : values) value = static_cast<T>(last += number());
    }
    uint64_t fixed_word() {
        uint64_t value = 0;
        if (end_ - at_ < static_cast<int64_t>(sizeof value)) {
            damaged_ = true;
            at_ = end_;
            return 0;
        }
        std::memcpy(&value, at_, sizeof value);
        at_ += sizeof value;
        return value;
    }
    bool damaged() const { return damaged_; }
    void mark_damaged() { damaged_ = true; }

private:
    const uint8_t* at_;
    const uint8_t* end_;
    bool damaged_ = false;
};

} // namespace heddle::jit::image
