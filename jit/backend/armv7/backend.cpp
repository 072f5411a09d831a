// The ARMv7 backend: the object behind heddle/jit/backend.h.
#include "backend/armv7/backend.h"
#include "backend/armv7/registers.h"
#include "backend/armv7/trace_compiler.h"

namespace heddle::jit {

namespace armv7 {

namespace {

class armv7_backend final : public backend {
public:
    explicit armv7_backend(backend_context&& context) : context_(std::move(context)), compiler_(context_) {}
    ~armv7_backend() override { context_.free_exit_values(); }

    const char* name() const override { return "armv7"; }

    std::string compile_loop(trace& t, loop_token& token, std::string* asm_log) override {
        return compiler_.compile_loop(t, token, asm_log);
    }

    std::string compile_bridge(trace& t, guard_data& guard, loop_token&, std::string* asm_log) override {
        return compiler_.compile_bridge(t, guard, asm_log);
    }

    void invalidate(loop_token& token) override {
        for (auto& guard : token.guards) {
            if (!guard->invalidation_address) continue;
            uint32_t jump =
                assembler::branch_word(condition::always, guard->invalidation_address, guard->patch_address);
            context_.memory->patch(guard->invalidation_address, &jump, sizeof jump);
        }
        // Without memory for a stub the old code is entered and leaves by its guard.
        (void)context_.make_entry_stub(token);
    }

    exit_state execute(loop_token& token, const word* inputs) override {
        uint64_t entry = token.entry + (token.compiled ? entry_check_size : 0);
        auto code = reinterpret_cast<guard_data* (*)(const word*)>(static_cast<uintptr_t>(entry));
        guard_data* guard = code(inputs);
        return {guard, context_.exit_values};
    }

    void forget_exit_values() override { context_.exit_range->end = context_.exit_range->begin; }

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
    return std::make_unique<armv7_backend>(std::move(context));
}

} // namespace armv7

std::unique_ptr<backend> make_armv7_backend(const backend_hooks& hooks, std::string& error) {
    return armv7::make_backend(hooks, {}, error);
}

} // namespace heddle::jit
