// Resume data as one stream of variable-length numbers: seven bits a byte, low ones first, the top bit says 'more'.
//
// In the order in which it is used when a guard fails: virtual objects, stores, frames (the outermost first), facts.
// A resume value is a number whose low four bits are its source and kind; the rest is its index. Constants stand in one
// table, which the guards of a trace share. Descriptors are written as differences to the one before, which are short
// because they lie near each other.
#include "optimizer/resume_stream.h"

namespace heddle::jit {

guard_data::~guard_data() = default;

namespace {

void write_values(resume_writer& out, const std::vector<resume_value>& list) {
    out.number(list.size());
    for (const resume_value& v : list) out.value(v);
}

void read_values(resume_input& in, std::vector<resume_value>& list) {
    list.resize(in.number());
    for (resume_value& v : list) v = in.value();
}

void write(resume_writer& out, const resume_contents& contents) {
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
    out.number(contents.stores.size());
    for (const resume_store& store : contents.stores) out.store(store);
    out.number(contents.frames.size());
    for (size_t i = contents.frames.size(); i-- > 0;) {
        const resume_frame& frame = contents.frames[i];
        out.number(frame.jitcode);
        out.number(frame.pc);
        write_values(out, frame.values);
    }
    out.number(contents.facts.size());
    for (const resume_store& fact : contents.facts) out.store(fact);
}

// The same, with each constant's index in the table made here.
resume_contents with_table(resume_contents contents, std::vector<word>& table) {
    auto enter = [&](resume_value& v) {
        if (v.from != resume_value::constant) return;
        v.index = static_cast<uint32_t>(table.size());
        table.push_back(v.value);
    };
    for (resume_virtual& object : contents.virtuals) {
        for (auto& [field, value] : object.fields) enter(value);
        for (resume_value& item : object.items) enter(item);
    }
    for (std::vector<resume_store>* list : {&contents.stores, &contents.facts})
        for (resume_store& store : *list) {
            enter(store.object);
            enter(store.value);
        }
    for (resume_frame& frame : contents.frames)
        for (resume_value& value : frame.values) enter(value);
    return contents;
}

} // namespace

resume_data encode(const resume_contents& contents) {
    resume_data data;
    auto constants = std::make_shared<std::vector<word>>();
    data.constants = constants;
    {
        resume_writer out(data.stream);
        write(out, with_table(contents, *constants));
    }
    data.stream.shrink_to_fit();
    return data;
}

resume_contents decode(const resume_data& data, bool with_facts) {
    resume_contents contents;
    resume_input in(data);
    contents.virtuals.resize(in.number());
    for (resume_virtual& object : contents.virtuals) {
        object.shape = in.descriptor();
        object.fields.resize(in.number());
        for (auto& [field, value] : object.fields) {
            field = in.descriptor();
            value = in.value();
        }
        read_values(in, object.items);
    }
    contents.stores.resize(in.number());
    for (resume_store& store : contents.stores) store = in.store();
    contents.frames.resize(in.number());
    for (size_t i = contents.frames.size(); i-- > 0;) {
        resume_frame& frame = contents.frames[i];
        frame.jitcode = static_cast<uint32_t>(in.number());
        frame.pc = static_cast<uint32_t>(in.number());
        read_values(in, frame.values);
    }
    if (!with_facts) return contents;
    contents.facts.resize(in.number());
    for (resume_store& fact : contents.facts) fact = in.store();
    return contents;
}

} // namespace heddle::jit
