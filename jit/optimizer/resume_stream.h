// The variable-length numbers of resume data; resume.cpp describes the format. Internal to the optimizer.
#pragma once
#include "heddle/jit/optimizer.h"

namespace heddle::jit {

class resume_writer {
public:
    explicit resume_writer(std::vector<uint8_t>& out) : out_(out) {}

    void number(uint64_t n) {
        for (; n >= 0x80; n >>= 7) out_.push_back(static_cast<uint8_t>(n | 0x80));
        out_.push_back(static_cast<uint8_t>(n));
    }
    // Zig-zag: small negative numbers are short too.
    void difference(int64_t n) { number((static_cast<uint64_t>(n) << 1) ^ static_cast<uint64_t>(n >> 63)); }
    void descriptor(const descr* d) {
        int64_t address = reinterpret_cast<int64_t>(d);
        difference(address - previous_);
        previous_ = address;
    }
    void value(const resume_value& v) {
        uint32_t index = v.from == resume_value::constant ? 0 : v.index;
        number(static_cast<uint64_t>(index) << 4 | static_cast<uint64_t>(v.type) << 2 | v.from);
        if (v.from == resume_value::constant) difference(static_cast<int64_t>(v.value));
    }
    void store(const resume_store& s) {
        descriptor(s.where);
        value(s.object);
        value(s.value);
        difference(s.item);
    }

private:
    std::vector<uint8_t>& out_;
    int64_t previous_ = 0;
};

} // namespace heddle::jit
