// Resume data in units of 16 bits, nearly all numbers in one of them: a trace has hundreds of guards, each with
// hundreds of values, and few of them ever fail. So writing must be fast, and what is the same at many guards is
// written once.
//
// The guards of a trace share one table of units. In it are *sections*: a frame (the link to its caller's section,
// jitcode, pc, values), or an object that was never made (its number, shape, fields, items). In sections, values that
// machine code saves ('leaves') and objects have numbers that hold for the whole trace, so that a section serves all
// guards at which it is still true. A guard's own part says which leaves are its fail arguments, in this order; then
// come links to the objects, the link to the innermost frame, stores, facts.
//
// A resume value is a number whose low four bits are its source and kind; the rest is its index. Constants stand in a
// table of the trace.
#include "optimizer/resume_stream.h"

namespace heddle::jit {

guard_data::~guard_data() = default;

namespace {

// Sections for one guard alone, whose numbers are those of the trace.
class encoder {
public:
    explicit encoder(const resume_contents& contents) : contents_(contents) {}

    std::shared_ptr<const resume_table> run(uint32_t& begin) {
        uint32_t caller = no_section;
        for (size_t i = contents_.frames.size(); i-- > 0;) caller = frame(contents_.frames[i], caller);
        std::vector<uint32_t> objects;
        for (size_t i = 0; i < contents_.virtuals.size(); ++i) objects.push_back(object(i));
        uint32_t list = out_.size(); // the stores tell of leaves too
        stores(contents_.stores);
        stores(contents_.facts);
        out_.truncate(list);
        begin = out_.size();
        out_.number(leaves_);
        for (uint32_t i = 0; i < leaves_; ++i) out_.number(i);
        out_.number(objects.size());
        for (uint32_t section : objects) out_.link(section);
        out_.link(caller);
        stores(contents_.stores);
        stores(contents_.facts);
        out_.finish();
        return table_;
    }

private:
    uint32_t frame(const resume_frame& f, uint32_t caller) {
        uint32_t section = out_.size();
        out_.link(caller);
        out_.number(f.jitcode);
        out_.number(f.pc);
        values(f.values);
        return section;
    }
    uint32_t object(size_t number) {
        const resume_virtual& described = contents_.virtuals[number];
        uint32_t section = out_.size();
        out_.number(number);
        out_.descriptor(described.shape);
        out_.number(described.fields.size());
        for (auto& [field, content] : described.fields) {
            out_.descriptor(field);
            value(content);
        }
        values(described.items);
        return section;
    }
    void stores(const std::vector<resume_store>& list) {
        out_.number(list.size());
        for (const resume_store& s : list) {
            out_.descriptor(s.where);
            value(s.object);
            value(s.value);
            out_.difference(s.item);
        }
    }
    void values(const std::vector<resume_value>& list) {
        out_.number(list.size());
        for (const resume_value& v : list) value(v);
    }
    void value(resume_value v) {
        if (v.from == resume_value::fail_argument) leaves_ = std::max(leaves_, v.index + 1);
        if (v.from == resume_value::constant) {
            v.index = static_cast<uint32_t>(table_->constants.size());
            table_->constants.push_back(v.value);
        }
        out_.value(v);
    }

    const resume_contents& contents_;
    std::shared_ptr<resume_table> table_ = std::make_shared<resume_table>();
    resume_writer out_{table_->units, table_->anchor};
    uint32_t leaves_ = 0;
};

} // namespace

resume_data encode(const resume_contents& contents) {
    resume_data data;
    data.table = encoder(contents).run(data.begin);
    return data;
}

resume_contents decode(const resume_data& data, bool with_facts) {
    resume_contents contents;
    resume_input in(data);
    in.frames([&](uint32_t jitcode, uint32_t pc, uint32_t count, resume_cursor& at) {
        resume_frame& frame = contents.frames.emplace_back();
        frame.jitcode = jitcode;
        frame.pc = pc;
        while (count-- > 0) frame.values.push_back(in.value(at));
    });
    in.stores([&](const resume_store& store) { contents.stores.push_back(store); });
    in.objects([&](const descr* shape, resume_cursor& at) {
        resume_virtual& object = contents.virtuals.emplace_back();
        object.shape = shape;
        for (uint64_t fields = at.number(); fields-- > 0;) {
            const descr* field = at.descriptor();
            object.fields.emplace_back(field, in.value(at));
        }
        for (uint64_t items = at.number(); items-- > 0;) object.items.push_back(in.value(at));
    });
    if (with_facts) in.facts([&](const resume_store& fact) { contents.facts.push_back(fact); });
    return contents;
}

} // namespace heddle::jit
