// The ARMv7 backend's switches that tests turn; everyone else uses make_armv7_backend of heddle/jit/backend.h.
#pragma once
#include "backend/armv7/routines.h"
#include <memory>
#include <string>

namespace heddle::jit::armv7 {

struct backend_options {
    bool few_registers = false;           // spill everything
    bool baseline_cpu = false;            // as if the processor could not divide
    size_t code_bytes = size_t{16} << 20; // address space for machine code; a branch reaches 32 MB
};

std::unique_ptr<backend> make_backend(const backend_hooks& hooks, const backend_options& options, std::string& error);

} // namespace heddle::jit::armv7
