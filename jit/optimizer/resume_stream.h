// The numbers of resume data, written and read; resume.cpp describes the format.
#pragma once
#include "heddle/jit/optimizer.h"

namespace heddle::jit {

class resume_writer {
public:
    // Appends to 'out', which has its length when the writer is gone.
    explicit resume_writer(std::vector<uint16_t>& out) : out_(out), used_(out.size()) {}
    ~resume_writer() { out_.resize(used_); }
    resume_writer(const resume_writer&) = delete;

    // Most numbers are one unit; others are a mark and four units.
    void number(uint64_t n) {
        constexpr size_t longest = 5;
        if (used_ + longest > out_.size()) out_.resize(2 * used_ + 256);
        if (n < resume_data::long_number) {
            out_[used_++] = static_cast<uint16_t>(n);
            return;
        }
        out_[used_++] = resume_data::long_number;
        for (unsigned shift = 0; shift < 64; shift += 16) out_[used_++] = static_cast<uint16_t>(n >> shift);
    }
    // A small number that isn't known yet: its place, to be given to 'settle'.
    size_t leave_place() {
        number(0);
        return used_ - 1;
    }
    void settle(size_t place, uint16_t n) { out_[place] = n; }
    // Zig-zag: small negative numbers are short too.
    void difference(int64_t n) { number((static_cast<uint64_t>(n) << 1) ^ static_cast<uint64_t>(n >> 63)); }
    void descriptor(const descr* d) {
        int64_t address = reinterpret_cast<int64_t>(d);
        difference(address - previous_);
        previous_ = address;
    }
    // A constant's index is that in the table.
    void value(const resume_value& v) { number(uint64_t{v.index} << 4 | static_cast<uint64_t>(v.type) << 2 | v.from); }
    void store(const resume_store& s) {
        descriptor(s.where);
        value(s.object);
        value(s.value);
        difference(s.item);
    }

private:
    std::vector<uint16_t>& out_;
    size_t used_;
    int64_t previous_ = 0;
};

// A position in a stream; a copy goes on from there by itself.
class resume_input {
public:
    explicit resume_input(const resume_data& data)
        : at_(data.stream.data()), constants_(data.constants ? data.constants->data() : nullptr) {}

    uint64_t number() {
        uint64_t n = *at_++;
        if (n != resume_data::long_number) return n;
        n = 0;
        for (unsigned shift = 0; shift < 64; shift += 16) n |= uint64_t{*at_++} << shift;
        return n;
    }
    int64_t difference() {
        uint64_t n = number();
        return static_cast<int64_t>(n >> 1) ^ -static_cast<int64_t>(n & 1);
    }
    const descr* descriptor() {
        previous_ += difference();
        return reinterpret_cast<const descr*>(previous_);
    }
    resume_value value() {
        uint64_t head = number();
        resume_value v;
        v.from = static_cast<resume_value::source>(head & 3);
        v.type = static_cast<kind>(head >> 2 & 3);
        v.index = static_cast<uint32_t>(head >> 4);
        if (v.from == resume_value::constant) v.value = constants_[v.index];
        return v;
    }
    resume_store store() {
        resume_store s;
        s.where = descriptor();
        s.object = value();
        s.value = value();
        s.item = difference();
        return s;
    }

private:
    const uint16_t* at_;
    const word* constants_;
    int64_t previous_ = 0;
};

} // namespace heddle::jit
