// Resume data as one stream of numbers, nearly all of them one unit of 16 bits: a trace has hundreds of guards, each
// with hundreds of values, and few of them ever fail. So writing must be fast, and the format what one pass over the
// interpreter's state yields: frames (the innermost first), stores, virtual objects (each after a 1, a 0 ends them),
// facts.
//
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
    out.number(contents.frames.size());
    for (const resume_frame& frame : contents.frames) {
        out.number(frame.jitcode);
        out.number(frame.pc);
        write_values(out, frame.values);
    }
    out.number(contents.stores.size());
    for (const resume_store& store : contents.stores) out.store(store);
    for (const resume_virtual& object : contents.virtuals) {
        out.number(1);
        out.descriptor(object.shape);
        out.number(object.fields.size());
        for (auto& [field, value] : object.fields) {
            out.descriptor(field);
            out.value(value);
        }
        write_values(out, object.items);
    }
    out.number(0);
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
    contents.frames.resize(in.number());
    for (resume_frame& frame : contents.frames) {
        frame.jitcode = static_cast<uint32_t>(in.number());
        frame.pc = static_cast<uint32_t>(in.number());
        read_values(in, frame.values);
    }
    contents.stores.resize(in.number());
    for (resume_store& store : contents.stores) store = in.store();
    while (in.number()) {
        resume_virtual& object = contents.virtuals.emplace_back();
        object.shape = in.descriptor();
        object.fields.resize(in.number());
        for (auto& [field, value] : object.fields) {
            field = in.descriptor();
            value = in.value();
        }
        read_values(in, object.items);
    }
    if (!with_facts) return contents;
    contents.facts.resize(in.number());
    for (resume_store& fact : contents.facts) fact = in.store();
    return contents;
}

} // namespace heddle::jit
