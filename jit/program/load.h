// Loading for those who look at nothing: a VM without a log. The names of descriptors and functions, and why functions
// stay calls, are a good part of the image's index and are read by people only; they stay empty here. program.h has the
// full 'load'.
#pragma once
#include "heddle/jit/program.h"

namespace heddle::jit {

std::unique_ptr<program> load_without_names(const program_image& image, std::string& error);

} // namespace heddle::jit
