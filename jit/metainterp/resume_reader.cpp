// See resume_reader.h.
#include "metainterp/resume_reader.h"
#include "heddle/gc/gc.h"

namespace heddle::jit {
namespace {

class reader {
public:
    reader(jit_runtime& runtime, const resume_contents& contents, size_t value_count, const word* values,
           resume_recorder* recorder)
        : runtime_(runtime), contents_(contents), recorder_(recorder) {
        // Everything lies in scanned memory from here on: fail values, then virtual objects, then the frames.
        fail_values_ = stack_.push_words(value_count + contents.virtuals.size());
        std::memcpy(fail_values_, values, value_count * sizeof(word));
        virtuals_ = fail_values_ + value_count;
        virtual_references_.resize(contents.virtuals.size());
    }

    void make_virtuals() {
        for (size_t i = 0; i < contents_.virtuals.size(); ++i) {
            const resume_virtual& v = contents_.virtuals[i];
            if (v.shape->type == descr_type::size) {
                virtuals_[i] = execute(opcode::new_object, v.shape, {}, {}, virtual_references_[i]);
            } else {
                word length = v.items.size();
                value_ref length_reference = recorder_ ? recorder_->constant(kind::integer, length) : value_ref();
                virtuals_[i] =
                    execute(opcode::new_array, v.shape, {length}, {length_reference}, virtual_references_[i]);
            }
        }
        for (size_t i = 0; i < contents_.virtuals.size(); ++i) fill(i);
    }

    void do_stores() {
        for (const resume_store& store : contents_.stores) {
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
        for (size_t i = contents_.frames.size(); i-- > 0;) {
            const resume_frame& from = contents_.frames[i];
            const decoded_jitcode& code = runtime_.code(from.jitcode);
            frame* made = stack_.push(code);
            if (!made) return false;
            made->pc = made->last_live = from.pc;
            made->entered = true;
            const auto& live = code.live_at(from.pc);
            for (uint32_t n = 0; n < live.count && n < from.values.size(); ++n) {
                uint32_t number = code.live_registers[live.first + n];
                made->registers[number] = word_of(from.values[n]);
                made->references[number] = reference(from.values[n]);
            }
        }
        return true;
    }

private:
    void fill(size_t number) {
        const resume_virtual& v = contents_.virtuals[number];
        value_ref unused;
        for (auto& [field, value] : v.fields) {
            if (value.from == resume_value::uninitialised) continue;
            execute(opcode::setfield, field, {virtuals_[number], word_of(value)},
                    {virtual_references_[number], reference(value)}, unused);
        }
        if (v.items.empty()) return;
        const descr* items = v.shape;
        for (size_t i = 0; i < v.items.size(); ++i) {
            if (v.items[i].from == resume_value::uninitialised) continue;
            value_ref item = recorder_ ? recorder_->constant(kind::integer, i) : value_ref();
            execute(opcode::setarrayitem, items, {virtuals_[number], i, word_of(v.items[i])},
                    {virtual_references_[number], item, reference(v.items[i])}, unused);
        }
    }

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
    const resume_contents& contents_;
    resume_recorder* recorder_;
    frame_stack& stack_ = frame_stack::instance();
    word* fail_values_ = nullptr;
    word* virtuals_ = nullptr;
    std::vector<value_ref> virtual_references_;
};

} // namespace

bool rebuild_frames(jit_runtime& runtime, const guard_data& guard, const word* values, resume_recorder* recorder) {
    resume_contents contents = decode(*guard.resume);
    frame_stack& stack = frame_stack::instance();
    frame* base = stack.end();
    word* mark = stack.words_top();
    reader work(runtime, contents, guard.fail_kinds.size(), values, recorder);
    work.make_virtuals();
    work.do_stores();
    if (work.push_frames()) return true;
    stack.pop_to(base);
    stack.pop_words(mark);
    return false;
}

} // namespace heddle::jit
