// See resume_reader.h.
#include "metainterp/resume_reader.h"
#include "heddle/gc/gc.h"
#include "optimizer/resume_stream.h"

namespace heddle::jit {
namespace {

// Reads the stream once, front to back, and allocates nothing of its own: guards fail often.
class reader {
public:
    reader(jit_runtime& runtime, const guard_data& guard, const word* values, resume_recorder* recorder)
        : runtime_(runtime), in_(*guard.resume), recorder_(recorder) {
        // Everything lies in scanned memory from here on: fail values, then virtual objects, then the frames.
        size_t value_count = guard.fail_kinds.size();
        virtual_count_ = in_.number();
        fail_values_ = stack_.push_words(value_count + virtual_count_);
        std::memcpy(fail_values_, values, value_count * sizeof(word));
        virtuals_ = fail_values_ + value_count;
        if (recorder) virtual_references_.resize(virtual_count_);
    }

    void make_virtuals() {
        resume_input first = in_;
        for (size_t i = 0; i < virtual_count_; ++i) make(i);
        in_ = first;
        for (size_t i = 0; i < virtual_count_; ++i) fill(i);
    }

    void do_stores() {
        for (uint64_t count = in_.number(); count-- > 0;) {
            resume_store store = in_.store();
            value_ref unused, object = reference(store.object), value = reference(store.value);
            if (store.where->type == descr_type::field) {
                execute(opcode::setfield, store.where, {word_of(store.object), word_of(store.value)}, {object, value},
                        unused);
            } else {
                word item = static_cast<word>(store.item);
                value_ref item_reference = recorder_ ? recorder_->constant(kind::integer, item) : value_ref();
                execute(opcode::setarrayitem, store.where, {word_of(store.object), item, word_of(store.value)},
                        {object, item_reference, value}, unused);
            }
        }
    }

    bool push_frames() {
        for (uint64_t frames = in_.number(); frames-- > 0;) {
            const decoded_jitcode& code = runtime_.code(static_cast<uint32_t>(in_.number()));
            auto pc = static_cast<uint32_t>(in_.number());
            frame* made = stack_.push(code);
            if (!made) return false;
            made->pc = made->last_live = pc;
            made->entered = true;
            const uint32_t* registers = code.live_registers.data() + code.live_at(pc).first;
            for (uint64_t values = in_.number(); values-- > 0; ++registers) {
                resume_value v = in_.value();
                made->registers[*registers] = word_of(v);
                if (recorder_) made->references[*registers] = reference(v);
            }
        }
        return true;
    }

private:
    void make(size_t number) {
        const descr* shape = in_.descriptor();
        for (uint64_t fields = in_.number(); fields-- > 0;) {
            in_.descriptor();
            in_.value();
        }
        word length = in_.number();
        for (word i = 0; i < length; ++i) in_.value();
        value_ref& made = made_reference(number);
        if (shape->type == descr_type::size) {
            virtuals_[number] = execute(opcode::new_object, shape, {}, {}, made);
        } else {
            value_ref length_reference = recorder_ ? recorder_->constant(kind::integer, length) : value_ref();
            virtuals_[number] = execute(opcode::new_array, shape, {length}, {length_reference}, made);
        }
    }

    void fill(size_t number) {
        value_ref unused, object = recorder_ ? virtual_references_[number] : value_ref();
        const descr* shape = in_.descriptor();
        for (uint64_t fields = in_.number(); fields-- > 0;) {
            const descr* field = in_.descriptor();
            resume_value value = in_.value();
            if (value.from == resume_value::uninitialised) continue;
            execute(opcode::setfield, field, {virtuals_[number], word_of(value)}, {object, reference(value)}, unused);
        }
        word length = in_.number();
        for (word i = 0; i < length; ++i) {
            resume_value value = in_.value();
            if (value.from == resume_value::uninitialised) continue;
            value_ref item = recorder_ ? recorder_->constant(kind::integer, i) : value_ref();
            execute(opcode::setarrayitem, shape, {virtuals_[number], i, word_of(value)},
                    {object, item, reference(value)}, unused);
        }
    }

    value_ref& made_reference(size_t number) { return recorder_ ? virtual_references_[number] : ignored_; }

    word execute(opcode op, const descr* d, std::initializer_list<word> arguments,
                 std::initializer_list<value_ref> references, value_ref& made) {
        bool overflow = false;
        word result = execute_operation(op, d, arguments.begin(), overflow);
        if (recorder_)
            made = recorder_->executed(op, d, arguments.begin(), references.begin(),
                                       static_cast<uint32_t>(arguments.size()));
        return result;
    }

    word word_of(const resume_value& v) const {
        switch (v.from) {
        case resume_value::fail_argument: return fail_values_[v.index];
        case resume_value::constant: return v.value;
        case resume_value::virtual_object: return virtuals_[v.index];
        case resume_value::uninitialised: break;
        }
        return 0;
    }
    value_ref reference(const resume_value& v) {
        if (!recorder_) return {};
        switch (v.from) {
        case resume_value::fail_argument: return recorder_->fail_argument(v.index);
        case resume_value::constant: return recorder_->constant(v.type, v.value);
        case resume_value::virtual_object: return virtual_references_[v.index];
        case resume_value::uninitialised: break;
        }
        return {};
    }

    jit_runtime& runtime_;
    resume_input in_;
    resume_recorder* recorder_;
    frame_stack& stack_ = frame_stack::instance();
    word* fail_values_ = nullptr;
    word* virtuals_ = nullptr;
    size_t virtual_count_ = 0;
    std::vector<value_ref> virtual_references_; // with a recorder
    value_ref ignored_;
};

} // namespace

bool rebuild_frames(jit_runtime& runtime, const guard_data& guard, const word* values, resume_recorder* recorder) {
    frame_stack& stack = frame_stack::instance();
    frame* base = stack.end();
    word* mark = stack.words_top();
    reader work(runtime, guard, values, recorder);
    work.make_virtuals();
    work.do_stores();
    if (work.push_frames()) return true;
    stack.pop_to(base);
    stack.pop_words(mark);
    return false;
}

} // namespace heddle::jit
