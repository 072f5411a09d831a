// The kind of value that a descriptor gives to its operation's value operand or result.
#pragma once
#include "heddle/jit/descriptors.h"

namespace heddle::jit {

inline kind value_kind(const descr& d) {
    switch (d.type) {
    case descr_type::field: return static_cast<const field_descr&>(d).shape.slot_kind;
    case descr_type::array: return static_cast<const array_descr&>(d).shape.slot_kind;
    case descr_type::raw: return static_cast<const raw_descr&>(d).shape.slot_kind;
    case descr_type::call: return static_cast<const call_descr&>(d).result;
    default: return kind::none;
    }
}

} // namespace heddle::jit
