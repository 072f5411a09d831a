// See resume_reader.h.
#include "metainterp/resume_reader.h"
#include "heddle/gc/gc.h"
#include "ir/execute.h"
#include "metainterp/resume_plan.h"
#include <algorithm>

namespace heddle::jit {
namespace {

// Carries out a guard's plan. Guards fail often before they have a bridge: nothing is allocated here but what the
// interpreter needs.
class rebuilder {
public:
    rebuilder(const resume_plan& plan, const word* values, resume_recorder* recorder)
        : plan_(plan), recorder_(recorder) {
        // Everything lies in scanned memory from here on.
        words_ = stack_.push_words(plan.words());
        std::copy(plan.constants.begin(), plan.constants.end(), words_);
        std::copy(values, values + plan.fail_arguments, words_ + plan.first_fail_argument());
        objects_ = words_ + plan.first_object();
        if (recorder) object_references_.resize(plan.objects.size());
    }

    void make_objects() {
        for (size_t i = 0; i < plan_.objects.size(); ++i) make(i);
        for (size_t i = 0; i < plan_.objects.size(); ++i)
            recorder_ || !for_one_thread() ? fill_by_operations(i) : fill(i);
    }

    void do_stores() {
        for (const resume_plan::store& s : plan_.stores) {
            if (s.where->type == descr_type::field)
                run<opcode::setfield>(s.where, {words_[s.object], words_[s.value]},
                                      {reference(s.object), reference(s.value)});
            else
                run<opcode::setarrayitem>(
                    s.where, {words_[s.object], static_cast<word>(s.item), words_[s.value]},
                    {reference(s.object), constant(static_cast<word>(s.item)), reference(s.value)});
        }
    }

    bool push_frames() {
        for (const resume_plan::frame& f : plan_.frames) {
            frame* made = stack_.push(*f.code, recorder_);
            if (!made) return false;
            made->pc = made->last_live = f.pc;
            made->entered = true;
            const resume_plan::move* moves = plan_.moves.data() + f.first_move;
            for (uint32_t i = 0; i < f.moves; ++i) made->registers[moves[i].to] = words_[moves[i].word];
            for (uint32_t i = 0; recorder_ && i < f.moves; ++i)
                made->references[moves[i].to] = reference(moves[i].word);
        }
        return true;
    }

private:
    void make(size_t number) {
        const resume_plan::object& object = plan_.objects[number];
        made_reference_ = {};
        objects_[number] = object.shape->type == descr_type::size
                               ? run<opcode::new_object>(object.shape, {}, {})
                               : run<opcode::new_array>(object.shape, {object.length}, {constant(object.length)});
        if (recorder_) object_references_[number] = made_reference_;
    }

    // Nothing is recorded, and nothing can collect in here: one barrier is enough. It does something when the object
    // was large, or a collection while later ones were made has taken it to the old generation.
    void fill(size_t number) {
        const resume_plan::object& object = plan_.objects[number];
        auto* at = word_to_pointer<char>(objects_[number]);
        gc::write_barrier(at);
        const resume_plan::part* part = plan_.parts.data() + object.first_part;
        const resume_plan::part* end = part + object.parts - object.parts_that_are_null;
        if (object.shape->type == descr_type::size) {
            for (; part != end; ++part) store_slot(part->field->shape, at + part->field->offset, words_[part->word]);
        } else {
            auto& array = *static_cast<const array_descr*>(object.shape);
            for (at += array.items_offset; part != end; ++part)
                store_slot(array.shape, at + size_t{part->item} * array.shape.size, words_[part->word]);
        }
    }

    // When all is recorded; and with transactions, where each store may have to go through the view.
    void fill_by_operations(size_t number) {
        const resume_plan::object& object = plan_.objects[number];
        value_ref target = recorder_ ? object_references_[number] : value_ref();
        for (uint32_t i = object.first_part; i < object.first_part + object.parts; ++i) {
            const resume_plan::part& part = plan_.parts[i];
            if (part.field)
                run<opcode::setfield>(part.field, {objects_[number], words_[part.word]},
                                      {target, reference(part.word)});
            else
                run<opcode::setarrayitem>(object.shape, {objects_[number], part.item, words_[part.word]},
                                          {target, constant(part.item), reference(part.word)});
        }
    }

    template <opcode op>
    word run(const descr* d, std::initializer_list<word> arguments, std::initializer_list<value_ref> references) {
        bool overflow = false;
        word result = execute(op, d, arguments.begin(), overflow);
        if (recorder_)
            made_reference_ = recorder_->executed(op, d, arguments.begin(), references.begin(),
                                                  static_cast<uint32_t>(arguments.size()));
        return result;
    }

    value_ref constant(word value) { return recorder_ ? recorder_->constant(kind::integer, value) : value_ref(); }
    value_ref reference(uint32_t number) {
        if (!recorder_ || number < plan_.first_fail_argument()) return {};
        if (number < plan_.first_object()) return recorder_->fail_argument(number - plan_.first_fail_argument());
        return object_references_[number - plan_.first_object()];
    }

    const resume_plan& plan_;
    resume_recorder* recorder_;
    frame_stack& stack_ = frame_stack::instance();
    word* words_ = nullptr; // as resume_plan numbers them
    word* objects_ = nullptr;
    std::vector<value_ref> object_references_; // with a recorder
    value_ref made_reference_;
};

} // namespace

bool rebuild_frames(jit_runtime& runtime, const guard_data& guard, const word* values, resume_recorder* recorder) {
    frame_stack& stack = frame_stack::instance();
    frame* base = stack.end();
    word* mark = stack.words_top();
    rebuilder work(plan_of(runtime, guard), values, recorder);
    work.make_objects();
    work.do_stores();
    if (work.push_frames()) return true;
    stack.pop_to(base);
    stack.pop_words(mark);
    return false;
}

} // namespace heddle::jit
