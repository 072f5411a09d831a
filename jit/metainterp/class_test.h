// Class tests on words, as jitcode's is_instance and is_exact_instance have them: false for null.
#pragma once
#include "heddle/gc/header.h"
#include "heddle/gc/type_info.h"
#include "heddle/jit/kinds.h"

namespace heddle::jit {

inline word is_instance_of(word object, word type_info) {
    if (!object) return 0;
    auto& type = *reinterpret_cast<const gc::type_info*>(type_info);
    return gc::type_id_of(reinterpret_cast<const void*>(object)) - type.id <= type.last_id - type.id;
}

inline word is_exactly(word object, word type_info) {
    return object && gc::type_id_of(reinterpret_cast<const void*>(object)) ==
                         reinterpret_cast<const gc::type_info*>(type_info)->id;
}

} // namespace heddle::jit
