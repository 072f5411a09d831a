// Resume data as one stream of variable-length numbers: seven bits a byte, low ones first, the top bit says 'more'.
//
// A resume value is a number whose low four bits are its source and kind; the rest is its index. A constant's word
// follows, zig-zag coded so that small negative integers are short. Descriptors are written as differences between
// addresses, which are short because a program's descriptors lie next to each other.
#include "optimizer/resume_stream.h"

namespace heddle::jit {

guard_data::~guard_data() = default;

namespace {

constexpr int64_t un_zig_zag(uint64_t v) { return static_cast<int64_t>(v >> 1) ^ -static_cast<int64_t>(v & 1); }

void write_values(resume_writer& out, const std::vector<resume_value>& list) {
    out.number(list.size());
    for (const resume_value& v : list) out.value(v);
}

class reader {
public:
    explicit reader(const std::vector<uint8_t>& stream) : at_(stream.data()) {}

    uint64_t number() {
        uint64_t n = 0;
        for (unsigned shift = 0;; shift += 7) {
            uint8_t byte = *at_++;
            n |= static_cast<uint64_t>(byte & 0x7f) << shift;
            if (!(byte & 0x80)) return n;
        }
    }
    int64_t difference() { return un_zig_zag(number()); }
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
        if (v.from == resume_value::constant) v.value = static_cast<word>(difference());
        return v;
    }
    void values(std::vector<resume_value>& list) {
        list.resize(number());
        for (resume_value& v : list) v = value();
    }

private:
    const uint8_t* at_;
    int64_t previous_ = 0;
};

} // namespace

resume_data encode(const resume_contents& contents) {
    resume_data data;
    resume_writer out(data.stream);
    out.number(contents.frames.size());
    for (const resume_frame& frame : contents.frames) {
        out.number(frame.jitcode);
        out.number(frame.pc);
        write_values(out, frame.values);
    }
    out.number(contents.virtuals.size());
    for (const resume_virtual& object : contents.virtuals) {
        out.descriptor(object.shape);
        out.number(object.fields.size());
        for (auto& [field, value] : object.fields) {
            out.descriptor(field);
            out.value(value);
        }
        write_values(out, object.items);
    }
    for (const std::vector<resume_store>* list : {&contents.stores, &contents.facts}) {
        out.number(list->size());
        for (const resume_store& store : *list) out.store(store);
    }
    data.stream.shrink_to_fit();
    return data;
}

resume_contents decode(const resume_data& data, bool with_facts) {
    resume_contents contents;
    reader in(data.stream);
    contents.frames.resize(in.number());
    for (resume_frame& frame : contents.frames) {
        frame.jitcode = static_cast<uint32_t>(in.number());
        frame.pc = static_cast<uint32_t>(in.number());
        in.values(frame.values);
    }
    contents.virtuals.resize(in.number());
    for (resume_virtual& object : contents.virtuals) {
        object.shape = in.descriptor();
        object.fields.resize(in.number());
        for (auto& [field, value] : object.fields) {
            field = in.descriptor();
            value = in.value();
        }
        in.values(object.items);
    }
    for (std::vector<resume_store>* list : {&contents.stores, &contents.facts}) {
        list->resize(in.number());
        for (resume_store& store : *list) {
            store.where = in.descriptor();
            store.object = in.value();
            store.value = in.value();
            store.item = in.difference();
        }
        if (!with_facts) break;
    }
    return contents;
}

} // namespace heddle::jit
