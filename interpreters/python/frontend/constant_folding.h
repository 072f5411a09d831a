// Values that are known at compile time: literals, tuples of them, arithmetic on numbers, joining of strings.
#pragma once

#include <optional>

#include "ast.h"

namespace heddle::python {

// The value of an expression that is constant and cheap to compute; nothing when it isn't or when computing it would
// raise.
std::optional<constant> fold(const expression* node);

// The truth of a constant.
bool truth(const constant& value);

} // namespace heddle::python
