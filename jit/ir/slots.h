// One memory slot by its shape: the load that widens and the store that narrows. No barrier here.
#pragma once
#include "heddle/jit/descriptors.h"

namespace heddle::jit {

word load_slot(const slot_shape& shape, const void* address);
void store_slot(const slot_shape& shape, void* address, word value);

} // namespace heddle::jit
