// The x86-64 backend: the object behind heddle/jit/backend.h.
#include "backend/x86_64/backend.h"
#include "backend/x86_64/registers.h"
#include "backend/x86_64/trace_compiler.h"
#include <cstring>

namespace heddle::jit {

namespace x86_64 {

namespace {

class x86_64_backend final : public backend {
public:
    explicit x86_64_backend(backend_context&& context) : context_(std::move(context)), compiler_(context_) {}
    ~x86_64_backend() override { context_.free_exit_values(); }

    const char* name() const override { return "x86_64"; }
    unsigned vector_lanes() const override { return x86_64::vector_lanes(context_.features); }

    std::string compile_loop(trace& t, loop_token& token, std::string* asm_log) override {
        return compiler_.compile_loop(t, token, asm_log);
    }

    std::string compile_bridge(trace& t, guard_data& guard, loop_token&, std::string* asm_log) override {
        return compiler_.compile_bridge(t, guard, asm_log);
    }

    void invalidate(loop_token& token) override {
        for (auto& guard : token.guards) {
            if (!guard->invalidation_address) continue;
            uint8_t jump[invalidation_size] = {0xe9};
            auto distance =
                static_cast<int32_t>(guard->patch_address - (guard->invalidation_address + invalidation_size));
            std::memcpy(jump + 1, &distance, sizeof distance);
            context_.memory->patch(guard->invalidation_address, jump, sizeof jump);
        }
        // Without memory for a stub the old code is entered and leaves by its guard.
        (void)context_.make_entry_stub(token);
    }

    exit_state execute(loop_token& token, const word* inputs) override {
        struct answer { // in rax and rdx
            guard_data* guard;
            word result;
        };
        auto code = reinterpret_cast<answer (*)(const word*)>(token.entry + (token.compiled ? entry_check_size() : 0));
        answer left = code(inputs);
#ifdef HEDDLE_STM
        auto* values = static_cast<word*>(const_cast<void*>(exit_values_of_this_thread().begin));
#else
        word* values = context_.exit_values;
#endif
        if (!left.guard) values[0] = left.result;
        return {left.guard, values};
    }

    void forget_exit_values() override {
#ifdef HEDDLE_STM
        gc::conservative_range& range = exit_values_of_this_thread();
#else
        gc::conservative_range& range = *context_.exit_range;
#endif
        range.end = range.begin;
    }

    void free_code(loop_token& token) override {
        for (auto& guard : token.guards) guard->bridge.reset();
        token.code.clear();
        token.entry = 0;
        token.compiled = false;
        for (auto& target : token.targets) target->address = 0;
    }

private:
    backend_context context_;
    trace_compiler compiler_;
};

} // namespace

std::unique_ptr<backend> make_backend(const backend_hooks& hooks, const backend_options& options, std::string& error) {
    backend_context context;
    context.hooks = hooks;
    error = context.make_memory(options.code_bytes);
    if (!error.empty()) return nullptr;
    if (!options.baseline_cpu) context.features = cpu_features::detect();
    context.registers = {options.few_registers ? few_registers : all_allocatable, caller_saved};
    error = context.make_routines();
    if (!error.empty()) {
        context.free_exit_values();
        return nullptr;
    }
    return std::make_unique<x86_64_backend>(std::move(context));
}

} // namespace x86_64

std::unique_ptr<backend> make_x86_64_backend(const backend_hooks& hooks, std::string& error) {
    return x86_64::make_backend(hooks, {}, error);
}

} // namespace heddle::jit
