// Liveness of a trace's values. See liveness.h.
#include "backend/common/liveness.h"
#include <algorithm>

namespace heddle::jit {

namespace {

bool uses_are_real(opcode op) {
    switch (op) {
    case opcode::label:
    case opcode::jump:
    case opcode::finish:
    case opcode::debug_merge_point:
    case opcode::record_exact_class: return false;
    default: return !clobbers_registers(op);
    }
}

} // namespace

void liveness::compute(const trace& t) {
    uint32_t count = static_cast<uint32_t>(t.operations.size());
    last_use.assign(count, 0);
    first_real_use.assign(count, never_used);
    next_real_use.resize(t.arguments.size());
    next_call.resize(count);
    uint32_t call = never_used;
    for (uint32_t i = count; i-- > 0;) {
        const operation& o = t.operations[i];
        if (last_use[i] < i) last_use[i] = i;
        if (clobbers_registers(o.op)) call = i;
        next_call[i] = call;
        bool real = uses_are_real(o.op);
        for (uint32_t a = o.first_argument; a < o.first_argument + o.argument_count; ++a) {
            value_ref v = t.arguments[a];
            if (v.is_none() || v.is_constant()) continue;
            uint32_t value = v.index();
            if (last_use[value] < i) last_use[value] = i;
            next_real_use[a] = first_real_use[value];
        }
        if (real)
            for (uint32_t a = o.first_argument; a < o.first_argument + o.argument_count; ++a)
                if (value_ref v = t.arguments[a]; !v.is_none() && v.is_result()) first_real_use[v.index()] = i;
        if (!o.guard || !is_guard(o.op)) continue;
        for (value_ref v : o.guard->fail_arguments)
            if (!v.is_none() && v.is_result() && last_use[v.index()] < i) last_use[v.index()] = i;
    }
}

uint32_t liveness::most_live(const trace& t, uint32_t begin, uint32_t end, bool floating) const {
    auto counts = [&](uint32_t value) { return is_floating_class(t.operations[value].result) == floating; };
    uint32_t live = 0, most = 0;
    for (value_ref v : t.arguments_of(t.operations[begin])) live += !v.is_constant() && counts(v.index());
    std::vector<bool> ended(t.operations.size());
    auto end_at = [&](value_ref v, uint32_t position) {
        if (v.is_none() || v.is_constant() || last_use[v.index()] != position || ended[v.index()]) return;
        ended[v.index()] = true;
        live -= counts(v.index());
    };
    for (uint32_t i = begin + 1; i < end; ++i) {
        const operation& o = t.operations[i];
        if (o.result != kind::none && last_use[i] > i) live += counts(i);
        most = std::max(most, live);
        for (value_ref v : t.arguments_of(o)) end_at(v, i);
        if (!o.guard || !is_guard(o.op)) continue;
        for (value_ref v : o.guard->fail_arguments) end_at(v, i);
    }
    return most;
}

} // namespace heddle::jit
