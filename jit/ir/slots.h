// One memory slot by its shape: the load that widens and the store that narrows. No barrier here.
#pragma once
#include "heddle/jit/descriptors.h"
#include <cstring>

namespace heddle::jit {

// memcpy of a size that isn't known becomes 'rep movs', which takes longer than all the rest.
inline uint64_t load_bytes(const void* address, uint32_t size) {
    uint8_t one;
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    switch (size) {
    case 1: return std::memcpy(&one, address, 1), one;
    case 2: return std::memcpy(&two, address, 2), two;
    case 4: return std::memcpy(&four, address, 4), four;
    default: return std::memcpy(&eight, address, 8), eight;
    }
}

inline void store_bytes(void* address, uint64_t value, uint32_t size) {
    switch (size) {
    case 1: std::memcpy(address, &value, 1); return;
    case 2: std::memcpy(address, &value, 2); return;
    case 4: std::memcpy(address, &value, 4); return;
    default: std::memcpy(address, &value, 8); return;
    }
}

inline word load_slot(const slot_shape& shape, const void* address) {
    if (shape.slot_kind == kind::floating && shape.size == 4) {
        float narrow;
        std::memcpy(&narrow, address, sizeof narrow);
        return double_to_word(narrow);
    }
    uint64_t raw = load_bytes(address, shape.size);
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
    store_bytes(address, value, shape.size);
}

} // namespace heddle::jit
