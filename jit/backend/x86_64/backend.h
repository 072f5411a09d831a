// The x86-64 backend's switches that tests turn; everyone else uses make_x86_64_backend of heddle/jit/backend.h.
#pragma once
#include "backend/x86_64/routines.h"
#include <memory>
#include <string>

namespace heddle::jit::x86_64 {

struct backend_options {
    bool few_registers = false;            // spill everything
    bool baseline_cpu = false;             // as if the processor had nothing beyond SSE2
    size_t code_bytes = size_t{256} << 20; // address space for machine code
};

std::unique_ptr<backend> make_backend(const backend_hooks& hooks, const backend_options& options, std::string& error);

} // namespace heddle::jit::x86_64
