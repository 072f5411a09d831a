// The units of resume data, written and read; resume.cpp describes the format.
#pragma once
#include "heddle/jit/optimizer.h"

namespace heddle::jit {

constexpr uint32_t no_section = UINT32_MAX;

class resume_writer {
public:
    resume_writer(std::vector<uint16_t>& out, const descr*& anchor) : out_(out), anchor_(anchor) {}
    resume_writer(const resume_writer&) = delete;

    uint32_t size() const { return static_cast<uint32_t>(used_); }
    void truncate(uint32_t size) { used_ = size; }
    void finish() { out_.resize(used_); }

    // Most numbers are one unit; others are a mark and two or four units.
    void number(uint64_t n) {
        constexpr size_t longest = 5;
        if (used_ + longest > out_.size()) out_.resize(2 * used_ + 1024);
        if (n < middle_mark)
            out_[used_++] = static_cast<uint16_t>(n);
        else
            several_units(n);
    }
    // A small number that isn't known yet: its place, to be given to 'settle'.
    uint32_t leave_place() {
        number(0);
        return size() - 1;
    }
    void settle(uint32_t place, uint16_t n) { out_[place] = n; }
    // Where a section begins, or no_section.
    void link(uint32_t section) {
        number(section & 0x7fff);
        number(section >> 15 & 0x7fff);
    }
    // Zig-zag: small negative numbers are short too.
    void difference(int64_t n) { number((static_cast<uint64_t>(n) << 1) ^ static_cast<uint64_t>(n >> 63)); }
    void descriptor(const descr* d) {
        if (!anchor_) anchor_ = d;
        difference((reinterpret_cast<intptr_t>(d) - reinterpret_cast<intptr_t>(anchor_)) / descr_alignment);
    }
    // A constant's index is that in the table.
    void value(const resume_value& v) { number(uint64_t{v.index} << 4 | static_cast<uint64_t>(v.type) << 2 | v.from); }
    void store(const resume_store& s) {
        descriptor(s.where);
        value(s.object);
        value(s.value);
        difference(s.item);
    }

    static constexpr uint16_t middle_mark = 0xfffe, long_mark = 0xffff;
    static constexpr intptr_t descr_alignment = alignof(descr);
    static constexpr uint32_t last_link = (1u << 30) - 1; // no_section, as it is written

private:
    void several_units(uint64_t n) {
        unsigned bits = n >> 32 ? 64 : 32;
        out_[used_++] = bits == 64 ? long_mark : middle_mark;
        for (unsigned shift = 0; shift < bits; shift += 16) out_[used_++] = static_cast<uint16_t>(n >> shift);
    }

    std::vector<uint16_t>& out_;
    size_t used_ = 0;
    const descr*& anchor_;
};

// A position in the units of a table; a copy goes on from there by itself.
class resume_cursor {
public:
    resume_cursor(const resume_table& table, uint32_t at) : at_(table.units.data() + at), table_(&table) {}

    uint64_t number() {
        uint64_t n = *at_++;
        if (n < resume_writer::middle_mark) return n;
        unsigned bits = n == resume_writer::long_mark ? 64 : 32;
        n = 0;
        for (unsigned shift = 0; shift < bits; shift += 16) n |= uint64_t{*at_++} << shift;
        return n;
    }
    uint32_t link() {
        auto low = static_cast<uint32_t>(number());
        uint32_t section = low | static_cast<uint32_t>(number()) << 15;
        return section == resume_writer::last_link ? no_section : section;
    }
    int64_t difference() {
        uint64_t n = number();
        return static_cast<int64_t>(n >> 1) ^ -static_cast<int64_t>(n & 1);
    }
    const descr* descriptor() {
        intptr_t distance = static_cast<intptr_t>(difference()) * resume_writer::descr_alignment;
        return reinterpret_cast<const descr*>(reinterpret_cast<intptr_t>(table_->anchor) + distance);
    }
    // With the numbers of the trace.
    resume_value value() {
        uint64_t head = number();
        resume_value v;
        v.from = static_cast<resume_value::source>(head & 3);
        v.type = static_cast<kind>(head >> 2 & 3);
        v.index = static_cast<uint32_t>(head >> 4);
        if (v.from == resume_value::constant) v.value = table_->constants[v.index];
        return v;
    }

private:
    const uint16_t* at_;
    const resume_table* table_;
};

// A guard's resume data. Its parts are read in the order of the functions; values have the guard's own numbers.
class resume_input {
public:
    explicit resume_input(const resume_data& data) : table_(*data.table), in_(table_, data.begin) {
        for (uint64_t count = in_.number(); count-- > 0;) leaves_.push_back(static_cast<uint32_t>(in_.number()));
        for (uint64_t count = in_.number(); count-- > 0;) {
            objects_.push_back(in_.link());
            object_numbers_.push_back(static_cast<uint32_t>(resume_cursor(table_, objects_.back()).number()));
        }
    }

    // use(jitcode, pc, count of values, cursor): the values are read by 'value'. The innermost frame comes first.
    template <class user> void frames(user use) {
        for (uint32_t section = in_.link(); section != no_section;) {
            resume_cursor in(table_, section);
            section = in.link();
            auto jitcode = static_cast<uint32_t>(in.number()), pc = static_cast<uint32_t>(in.number());
            use(jitcode, pc, static_cast<uint32_t>(in.number()), in);
        }
    }
    // use(store)
    template <class user> void stores(user use) {
        for (uint64_t count = in_.number(); count-- > 0;) use(store());
    }
    // use(shape, cursor): then the fields' count, each field's descriptor and value, the items' count, their values.
    template <class user> void objects(user use) const {
        for (uint32_t section : objects_) {
            resume_cursor in(table_, section);
            in.number();
            const descr* shape = in.descriptor();
            use(shape, in);
        }
    }
    template <class user> void facts(user use) { stores(use); }

    resume_value value(resume_cursor& in) const {
        resume_value v = in.value();
        if (v.from == resume_value::fail_argument) v.index = place_of(v.index, leaves_);
        if (v.from == resume_value::virtual_object) v.index = place_of(v.index, object_numbers_);
        return v;
    }

private:
    static uint32_t place_of(uint32_t number, const std::vector<uint32_t>& list) {
        uint32_t place = 0;
        while (list[place] != number) ++place;
        return place;
    }
    resume_store store() {
        resume_store s;
        s.where = in_.descriptor();
        s.object = value(in_);
        s.value = value(in_);
        s.item = in_.difference();
        return s;
    }

    const resume_table& table_;
    resume_cursor in_;
    std::vector<uint32_t> leaves_, objects_, object_numbers_;
};

} // namespace heddle::jit
