// Whether the program, as it is now, fits a virtual state: read from memory, before guards for it are emitted.
//
// When a trace that was just recorded ends at a loop, the meta-interpreter has done all that the trace says, so memory
// is what it will be when the machine code of this very run gets here. A guard that would fail now is not worth making.
// Reads nothing through a pointer whose class has not been looked at. Idea: RPython's runtime boxes in virtualstate.py.
#include "heddle/gc/gc.h"
#include "ir/heap_access.h"
#include "ir/slots.h"
#include "metainterp/class_test.h"
#include "optimizer/virtual_state.h"

namespace heddle::jit {

namespace {

const gc::type_info* class_of(word bits) {
    void* object = reinterpret_cast<void*>(bits);
    return gc::is_object(object) ? gc::type_of(object) : nullptr;
}

uint64_t length_of(const array_descr& array, word object) {
    return load_slot({}, reinterpret_cast<const char*>(object) + array.length_offset);
}

class concrete_check {
public:
    concrete_check(const virtual_state& state, concrete_state& out) : state_(state), out_(out) {}

    bool run(std::span<const word> roots) {
        out_.words.assign(state_.values.size(), 0);
        out_.known.assign(state_.values.size(), false);
        for (size_t i = 0; i < roots.size() && i < state_.roots.size(); ++i)
            if (!fits(state_.roots[i], roots[i])) return false;
        out_.read.assign(state_.facts.size(), false);
        for (size_t i = 0; i < state_.facts.size(); ++i) {
            const state_fact& fact = state_.facts[i];
            word result;
            if (!fact.needed || !evaluate(fact, result)) continue;
            if (!fits(fact.value, result)) return false;
            out_.read[i] = true;
        }
        return true;
    }

private:
    bool fits(uint32_t index, word bits) {
        const state_value& s = state_.values[index];
        if (s.what == state_value::constant) return s.bits == bits;
        if (out_.known[index]) return out_.words[index] == bits;
        out_.words[index] = bits;
        out_.known[index] = true;
        if (s.what == state_value::object) return object_fits(s, bits);
        if (s.type == kind::integer) return s.facts.contains(static_cast<int64_t>(bits));
        if (s.type != kind::pointer) return true;
        if (s.nonnull && bits == 0) return false;
        return !s.exact_class || class_of(bits) == s.exact_class;
    }

    bool object_fits(const state_value& s, word bits) {
        const gc::type_info* type = s.shape->type == descr_type::size ? static_cast<const size_descr*>(s.shape)->type
                                                                      : static_cast<const array_descr*>(s.shape)->type;
        if (class_of(bits) != type) return false;
        uint32_t item = 0;
        for (uint32_t i = s.first_part; i < s.first_part + s.part_count; ++i) {
            const state_part& part = state_.parts[i];
            word content;
            if (part.field) {
                const field_descr& field = *static_cast<const field_descr*>(part.field);
                content = peek_field(field, bits);
            } else {
                const array_descr& array = *static_cast<const array_descr*>(s.shape);
                if (length_of(array, bits) <= item) return false;
                content = peek_array_item(array, bits, item);
                ++item;
            }
            if (!fits(part.value, content)) return false;
        }
        return true;
    }

    bool evaluate(const state_fact& fact, word& result) {
        bool loadable = is_loadable(state_, fact);
        word arguments[2] = {};
        if (fact.argument_count == 0 || fact.argument_count > 2) return false;
        for (uint32_t i = 0; i < fact.argument_count; ++i) {
            uint32_t index = state_.arguments[fact.first_argument + i];
            const state_value& s = state_.values[index];
            if (s.what != state_value::constant && !out_.known[index]) return false;
            arguments[i] = s.what == state_value::constant ? s.bits : out_.words[index];
        }
        if (!loadable && !class_to_read_through(fact, arguments[0])) return false;
        bool reads = info(fact.op).flags & DESCR;
        if (reads && !arguments[0]) return false;
        if (fact.op == opcode::getfield) {
            result = peek_field(*static_cast<const field_descr*>(fact.description), arguments[0]);
            return true;
        }
        if (fact.op == opcode::getarrayitem) {
            const array_descr& array = *static_cast<const array_descr*>(fact.description);
            uint64_t index = fact.is_heap ? static_cast<uint64_t>(fact.item) : arguments[1];
            if (index >= length_of(array, arguments[0])) return false;
            result = peek_array_item(array, arguments[0], index);
            return true;
        }
        bool overflow = false;
        result = execute_operation(fact.op, fact.description, arguments, overflow);
        return true;
    }

    const virtual_state& state_;
    concrete_state& out_;
};

} // namespace

const gc::type_info* class_to_read_through(const state_fact& fact, word object) {
    const gc::type_info* type = object ? class_of(object) : nullptr;
    if (!type) return nullptr;
    switch (fact.op) {
    case opcode::getfield: {
        const gc::type_info* owner = static_cast<const field_descr*>(fact.description)->owner;
        return owner && is_instance_of(object, reinterpret_cast<word>(owner)) ? type : nullptr;
    }
    case opcode::getarrayitem:
        if (!fact.is_heap) return nullptr;
        [[fallthrough]];
    case opcode::arraylen: return static_cast<const array_descr*>(fact.description)->type == type ? type : nullptr;
    default: return nullptr;
    }
}

bool fits_now(const virtual_state& state, std::span<const word> roots, concrete_state& out) {
    return concrete_check(state, out).run(roots);
}

} // namespace heddle::jit
