// See resume_plan.h.
#include "metainterp/resume_plan.h"
#include "optimizer/resume_stream.h"
#include <algorithm>

namespace heddle::jit {
namespace {

// Reads the units once. Until the end the constants' number isn't known: fail arguments and objects have a mark in
// their numbers till then.
class planner {
public:
    planner(jit_runtime& runtime, const guard_data& guard, resume_plan& plan)
        : runtime_(runtime), in_(*guard.resume), plan_(plan) {
        plan_.fail_arguments = static_cast<uint32_t>(guard.fail_kinds.size());
    }

    void run() {
        in_.frames([this](uint32_t jitcode, uint32_t pc, uint32_t values, resume_cursor& at) {
            frame(runtime_.code(jitcode), pc, values, at);
        });
        std::reverse(plan_.frames.begin(), plan_.frames.end());
        in_.stores([this](const resume_store& s) {
            uint32_t object = number_of(s.object), value = number_of(s.value);
            plan_.stores.push_back({s.where, s.item, object, value});
        });
        in_.objects([this](const descr* shape, resume_cursor& at) { object(shape, at); });
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

    void object(const descr* shape, resume_cursor& at) {
        resume_plan::object made{shape, 0, static_cast<uint32_t>(plan_.parts.size()), 0, 0};
        nulls_.clear();
        for (uint64_t fields = at.number(); fields-- > 0;) {
            auto* field = static_cast<const field_descr*>(at.descriptor());
            part(in_.value(at), field->shape, field, 0);
        }
        made.length = static_cast<uint32_t>(at.number());
        for (uint32_t i = 0; i < made.length; ++i)
            part(in_.value(at), static_cast<const array_descr*>(shape)->shape, nullptr, i);
        made.parts_that_are_null = static_cast<uint32_t>(nulls_.size());
        plan_.parts.insert(plan_.parts.end(), nulls_.begin(), nulls_.end());
        made.parts = static_cast<uint32_t>(plan_.parts.size()) - made.first_part;
        plan_.objects.push_back(made);
    }

    void part(const resume_value& v, const slot_shape& shape, const field_descr* field, uint32_t item) {
        if (v.from == resume_value::uninitialised) return;
        bool is_null = shape.is_reference && v.from == resume_value::constant && v.value == 0;
        (is_null ? nulls_ : plan_.parts).push_back({field, item, number_of(v)});
    }

    void frame(const decoded_jitcode& code, uint32_t pc, uint32_t values, resume_cursor& at) {
        auto first = static_cast<uint32_t>(plan_.moves.size());
        const uint32_t* registers = code.live_registers.data() + code.live_at(pc).first;
        for (; values-- > 0; ++registers) {
            uint32_t number = number_of(in_.value(at));
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
