// See resume_plan.h.
#include "metainterp/resume_plan.h"
#include "optimizer/resume_stream.h"
#include <algorithm>

namespace heddle::jit {
namespace {

// Reads the stream once, front to back. Until its end the constants' number isn't known: fail arguments and objects
// have a mark in their numbers till then.
class planner {
public:
    planner(jit_runtime& runtime, const guard_data& guard, resume_plan& plan)
        : runtime_(runtime), in_(*guard.resume), plan_(plan) {
        plan_.fail_arguments = static_cast<uint32_t>(guard.fail_kinds.size());
    }

    void run() {
        for (uint64_t count = in_.number(); count-- > 0;) frame();
        std::reverse(plan_.frames.begin(), plan_.frames.end());
        for (uint64_t count = in_.number(); count-- > 0;) {
            resume_store s = in_.store();
            uint32_t object = number_of(s.object), value = number_of(s.value);
            plan_.stores.push_back({s.where, s.item, object, value});
        }
        while (in_.number()) object(plan_.objects.emplace_back());
        for (resume_plan::part& p : plan_.parts) settle(p.word);
        for (resume_plan::move& m : plan_.moves) settle(m.word);
        for (resume_plan::store& s : plan_.stores) {
            settle(s.object);
            settle(s.value);
        }
    }

private:
    static constexpr uint32_t argument_mark = 1u << 31, object_mark = 1u << 30, unknown = UINT32_MAX;

    uint32_t number_of(const resume_value& v) {
        switch (v.from) {
        case resume_value::fail_argument: return argument_mark | v.index;
        case resume_value::virtual_object: return object_mark | v.index;
        case resume_value::uninitialised: return unknown;
        case resume_value::constant: break;
        }
        plan_.constants.push_back(v.value);
        return static_cast<uint32_t>(plan_.constants.size() - 1);
    }

    void settle(uint32_t& number) const {
        if (number & argument_mark)
            number = (number & ~argument_mark) + plan_.first_fail_argument();
        else if (number & object_mark)
            number = (number & ~object_mark) + plan_.first_object();
    }

    void object(resume_plan::object& made) {
        made.shape = in_.descriptor();
        made.first_part = static_cast<uint32_t>(plan_.parts.size());
        nulls_.clear();
        for (uint64_t fields = in_.number(); fields-- > 0;) {
            auto* field = static_cast<const field_descr*>(in_.descriptor());
            part(in_.value(), field->shape, field, 0);
        }
        made.length = static_cast<uint32_t>(in_.number());
        for (uint32_t i = 0; i < made.length; ++i)
            part(in_.value(), static_cast<const array_descr*>(made.shape)->shape, nullptr, i);
        made.parts_that_are_null = static_cast<uint32_t>(nulls_.size());
        plan_.parts.insert(plan_.parts.end(), nulls_.begin(), nulls_.end());
        made.parts = static_cast<uint32_t>(plan_.parts.size()) - made.first_part;
    }

    void part(const resume_value& v, const slot_shape& shape, const field_descr* field, uint32_t item) {
        if (v.from == resume_value::uninitialised) return;
        bool is_null = shape.is_reference && v.from == resume_value::constant && v.value == 0;
        (is_null ? nulls_ : plan_.parts).push_back({field, item, number_of(v)});
    }

    void frame() {
        const decoded_jitcode& code = runtime_.code(static_cast<uint32_t>(in_.number()));
        auto pc = static_cast<uint32_t>(in_.number()), first = static_cast<uint32_t>(plan_.moves.size());
        const uint32_t* registers = code.live_registers.data() + code.live_at(pc).first;
        for (uint64_t values = in_.number(); values-- > 0; ++registers) {
            uint32_t number = number_of(in_.value());
            if (number != unknown) plan_.moves.push_back({*registers, number});
        }
        plan_.frames.push_back({&code, pc, first, static_cast<uint32_t>(plan_.moves.size()) - first});
    }

    jit_runtime& runtime_;
    resume_input in_;
    resume_plan& plan_;
    std::vector<resume_plan::part> nulls_;
};

} // namespace

const resume_plan& plan_of(jit_runtime& runtime, const guard_data& guard) {
    if (!guard.resume->plan) {
        shared_data_lock lock; // other threads may look at it at any time, and find all of it or nothing
        if (guard.resume->plan) return *guard.resume->plan;
        auto made = std::make_shared<resume_plan>();
        planner(runtime, guard, *made).run();
        guard.resume->plan = std::move(made);
    }
    return *guard.resume->plan;
}

} // namespace heddle::jit
