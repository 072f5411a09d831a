// One memory slot by its shape: the load that widens and the store that narrows. No barrier here.
#pragma once
#include "heddle/jit/descriptors.h"
#include <cstring>

namespace heddle::jit {

inline word load_slot(const slot_shape& shape, const void* address) {
    if (shape.slot_kind == kind::floating && shape.size == 4) {
        float narrow;
        std::memcpy(&narrow, address, sizeof narrow);
        return double_to_word(narrow);
    }
    uint64_t raw = 0;
    std::memcpy(&raw, address, shape.size);
    if (shape.slot_kind != kind::integer) return raw;
    if (shape.size == 8 || !shape.is_signed) return integer_word(raw);
    unsigned unused = 64 - 8u * shape.size;
    return static_cast<word>(static_cast<int64_t>(raw << unused) >> unused);
}

inline void store_slot(const slot_shape& shape, void* address, word value) {
    if (shape.slot_kind == kind::floating && shape.size == 4) {
        float narrow = static_cast<float>(word_to_double(value));
        std::memcpy(address, &narrow, sizeof narrow);
        return;
    }
    std::memcpy(address, &value, shape.size);
}

} // namespace heddle::jit
