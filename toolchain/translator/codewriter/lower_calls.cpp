// Lowering, part four: calls. Markers of the DSL become jitcode operations, intrinsics too; the rest are calls, of
// which it is decided at the end, when it is known which functions have jitcodes, whether they are inlined or residual.
#include "lower.h"
#include <llvm/IR/Constants.h>
#include <llvm/IR/Module.h>

namespace heddle::translator::codewriter {

using jit::opcode;

const driver* function_lowering::driver_of(const llvm::Value* global) const {
    for (const driver& d : context_.all_drivers)
        if (d.global == global->stripPointerCasts()) return &d;
    return nullptr;
}

void function_lowering::lower_call(llvm::CallBase& call) {
    if (llvm::isa<llvm::InvokeInst, llvm::CallBrInst>(call))
        return fail(call, "has exception handling or inline assembly");
    if (call.isInlineAsm()) return fail(call, "has inline assembly");
    if (auto* intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(&call)) {
        if (lower_other_intrinsic(*intrinsic) || lower_arithmetic_intrinsic(*intrinsic)) return;
        return fail(call,
                    "uses an operation that traces don't have (" + call.getCalledFunction()->getName().str() + ")");
    }
    llvm::Function* callee = call.getCalledFunction();
    if (callee && callee->getName().starts_with("heddle_marker_")) {
        if (!lower_marker(call, callee->getName().drop_front(strlen("heddle_marker_"))))
            fail(call, "uses the marker " + callee->getName().str() + ", which traces don't know");
        return;
    }
    // Without -fno-math-errno, sqrt is a call. That it sets errno is nothing that anybody looks at in a trace.
    if (callee && callee->isDeclaration() && callee->getName() == "sqrt" && call.getType()->isDoubleTy() &&
        call.arg_size() == 1)
        return set(&call, compute(opcode::float_sqrt, {get(call.getArgOperand(0))}, kind::floating));
    // Both sides must agree on words: a callee with another ABI can be called neither in a trace nor from the
    // blackhole.
    std::string kinds, reason;
    kind result;
    if (!signature_kinds(*call.getFunctionType(), call.getAttributes(), kinds, result, reason))
        return fail(call,
                    "calls " + (callee ? readable_name(*callee) : std::string("a function")) + ", which " + reason);
    llvm::SmallVector<flat_value, 8> arguments;
    for (llvm::Value* argument : call.args()) arguments.push_back(get(argument));
    if (failed()) return;
    if (!callee) {
        // Through a pointer. A constant (an alias, a cast) is a direct call of something that has no body here.
        flat_value address = get(call.getCalledOperand());
        arguments.insert(arguments.begin(), address);
        live();
        flat_value r = call.use_empty() || result == kind::none ? flat_value{} : result_for(&call);
        flat_instruction& i = emit(jitcode_op::code_call_indirect, arguments, r);
        i.indirect = &call;
        return live();
    }
    if (context_.hints.has(callee, hint::elidable_promote)) {
        for (flat_value& a : arguments) {
            if (a.is_constant()) continue;
            jitcode_op op = a.type == kind::pointer    ? jitcode_op::code_promote_p
                            : a.type == kind::floating ? jitcode_op::code_promote_f
                                                       : jitcode_op::code_promote_i;
            live();
            a = compute(op, {a}, a.type);
        }
    }
    emit_call(call, callee, arguments);
}

void function_lowering::emit_call(llvm::CallBase& call, const llvm::Function* callee,
                                  llvm::ArrayRef<flat_value> arguments) {
    flat_value r = call.use_empty() || call.getType()->isVoidTy() ? flat_value{} : result_for(&call);
    flat_instruction& i = emit(jitcode_op::code_call_residual, arguments, r);
    i.what = flat_instruction::call;
    i.callee = callee;
    live();
}

// An intrinsic that is a C library function by another name.
void function_lowering::call_libm(llvm::CallBase& call, const char* name) {
    std::vector<llvm::Type*> types;
    llvm::SmallVector<flat_value, 3> arguments;
    for (llvm::Value* argument : call.args()) {
        types.push_back(argument->getType());
        arguments.push_back(get(argument));
    }
    auto* type = llvm::FunctionType::get(call.getType(), types, false);
    auto* function = llvm::dyn_cast<llvm::Function>(context_.module.getOrInsertFunction(name, type).getCallee());
    if (!function) return fail(call, std::string("calls ") + name + ", which the program declares in another way");
    emit_call(call, function, arguments);
}

// Intrinsics that are no computation.
bool function_lowering::lower_other_intrinsic(llvm::IntrinsicInst& call) {
    using llvm::Intrinsic::ID;
    namespace in = llvm::Intrinsic;
    switch (call.getIntrinsicID()) {
    case in::dbg_declare:
    case in::dbg_value:
    case in::dbg_label:
    case in::dbg_assign:
    case in::lifetime_start:
    case in::lifetime_end:
    case in::assume:
    case in::invariant_start:
    case in::invariant_end:
    case in::experimental_noalias_scope_decl:
    case in::donothing:
    case in::sideeffect: return true;
    case in::ptr_annotation:
    case in::launder_invariant_group:
    case in::strip_invariant_group:
    case in::annotation: set(&call, get(call.getArgOperand(0))); return true;
    case in::trap:
    case in::ubsantrap:
    case in::debugtrap: return true; // an 'unreachable' follows
    case in::memcpy:
    case in::memmove:
    case in::memset:
    case in::memcpy_inline:
    case in::memset_inline:
        fail(call, "copies or fills memory (memcpy, memset, or the assignment of a structure); do it in a function "
                   "marked HEDDLE_DONT_LOOK_INSIDE");
        return true;
    default: return false;
    }
}

// ---- markers
// ----------------------------------------------------------------------------------------------------------------

bool function_lowering::lower_marker(llvm::CallBase& call, llvm::StringRef name) {
    auto argument = [&](unsigned i) { return get(call.getArgOperand(i)); };
    auto type_constant = [&](unsigned i) {
        return flat_value::of_pointer(llvm::dyn_cast<llvm::Constant>(call.getArgOperand(i)->stripPointerCasts()));
    };
    if (name == "new" || name == "new_array") return lower_new(call), true;
    if (name == "array_length") {
        const gc_class* c = context_.layouts.by_type_info(call.getArgOperand(1)->stripPointerCasts());
        uint32_t descr = c && c->array ? context_.descrs.array(*c->array) : descriptor_table::no_descr;
        if (descr == descriptor_table::no_descr)
            return fail(call, "asks for the length of an array whose items the JIT does not know"), true;
        flat_value array = argument(0);
        emit(static_cast<jitcode_op>(opcode::arraylen), {array}, result_for(&call)).descr = descr;
        return true;
    }
    if (name == "copy_array") {
        const gc_class* c = context_.layouts.by_type_info(call.getArgOperand(0)->stripPointerCasts());
        uint32_t descr = c && c->array ? context_.descrs.array(*c->array) : descriptor_table::no_descr;
        if (descr == descriptor_table::no_descr)
            return fail(call, "copies an array whose items the JIT does not know"), true;
        if (c != context_.layouts.by_type_info(call.getArgOperand(1)->stripPointerCasts()))
            return fail(call, "copies between arrays of different classes"), true;
        llvm::SmallVector<flat_value, 5> inputs;
        for (unsigned i = 2; i < 7; ++i) inputs.push_back(argument(i));
        emit(static_cast<jitcode_op>(opcode::copy_array), inputs).descr = descr;
        return true;
    }
    if (name == "is" || name == "is_exact") {
        flat_value object = argument(0);
        live();
        emit(name == "is" ? jitcode_op::code_is_instance : jitcode_op::code_is_exact_instance,
             {object, type_constant(1)}, result_for(&call));
        return true;
    }
    if (name == "promote_i" || name == "promote_p" || name == "promote_f") {
        flat_value value = argument(0);
        if (value.is_constant()) return set(&call, value), true;
        live();
        emit(name.back() == 'i'   ? jitcode_op::code_promote_i
             : name.back() == 'p' ? jitcode_op::code_promote_p
                                  : jitcode_op::code_promote_f,
             {value}, result_for(&call));
        return true;
    }
    if (name == "is_constant_i" || name == "is_constant_p" || name == "is_virtual") {
        flat_value value = argument(0);
        emit(name == "is_virtual" ? jitcode_op::code_is_virtual
             : name.back() == 'i' ? jitcode_op::code_is_constant_i
                                  : jitcode_op::code_is_constant_p,
             {value}, result_for(&call));
        return true;
    }
    if (name == "we_are_jitted") return set(&call, integer(1)), true;
    if (name == "record_exact_class")
        return emit(jitcode_op::code_record_exact_class, {argument(0), type_constant(1)}), true;
    if (name == "assert_green_i") return emit(jitcode_op::code_assert_green_i, {argument(0)}), true;
    if (name == "assert_green_p") return emit(jitcode_op::code_assert_green_p, {argument(0)}), true;
    if (name == "merge_point") return lower_merge_point(call), true;
    if (name == "can_enter_jit") {
        const driver* d = driver_of(call.getArgOperand(0));
        if (!d) return fail(call, "names a jit driver that isn't known"), true;
        emit(jitcode_op::code_can_enter_jit, {}).number = d->index;
        return true;
    }
    return false;
}

void function_lowering::lower_new(llvm::CallBase& call) {
    const gc_class* c = context_.layouts.by_type_info(call.getArgOperand(0)->stripPointerCasts());
    if (!c) return fail(call, "makes an object of a class that the translator can't tell");
    if (call.getCalledFunction()->getName() == "heddle_marker_new_array") {
        uint32_t descr = c->array ? context_.descrs.array(*c->array) : descriptor_table::no_descr;
        if (descr == descriptor_table::no_descr) return fail(call, "makes an array whose items the JIT does not know");
        flat_value length = get(call.getArgOperand(1));
        emit(static_cast<jitcode_op>(opcode::new_array), {length}, result_for(&call)).descr = descr;
        return;
    }
    if (c->has_finalizer || c->is_weak)
        return fail(
            call,
            "makes a " + c->name +
                ", which has a finalizer or a weak reference; do it in a function marked HEDDLE_DONT_LOOK_INSIDE");
    uint32_t descr = context_.descrs.size(*c);
    emit(static_cast<jitcode_op>(opcode::new_object), {}, result_for(&call)).descr = descr;
}

// The variables must lie in registers of their own, so that an entry at the merge point can fill them. A variable that
// was widened for the marker (an unsigned int, say) is computed back from the word, because only the words exist after
// such an entry.
void function_lowering::lower_merge_point(llvm::CallBase& call) {
    const driver* d = driver_of(call.getArgOperand(0));
    if (!d || d->portal != &function_) return fail(call, "has a merge point of a jit driver that isn't known");
    llvm::SmallVector<flat_value, 16> words;
    std::vector<std::pair<flat_value, unsigned>> narrow; // register to set again and its bits
    std::vector<flat_value> narrow_from;
    for (size_t i = 0; i < d->variable_count(); ++i) {
        llvm::Value* variable = d->variable(&call, i);
        flat_value word = get(variable);
        bool taken = word.is_constant();
        for (const flat_value& other : words) taken |= other == word;
        if (taken) {
            flat_value fresh = out_.new_register(word.type);
            move(fresh, word);
            word = fresh;
        }
        words.push_back(word);
        auto* widened = llvm::dyn_cast<llvm::ZExtInst>(variable);
        if (!widened) continue;
        flat_value original = get(widened->getOperand(0));
        if (!original.is_register() || original == word) continue;
        narrow.emplace_back(original, widened->getOperand(0)->getType()->getIntegerBitWidth());
        narrow_from.push_back(word);
    }
    if (failed()) return;
    live();
    flat_instruction& i = emit(jitcode_op::code_merge_point, words);
    i.number = d->index;
    out_.driver = static_cast<int>(d->index);
    for (size_t n = 0; n < narrow.size(); ++n)
        emit(static_cast<jitcode_op>(opcode::int_sign_extend), {narrow_from[n], integer(narrow[n].second)},
             narrow[n].first);
}

} // namespace heddle::translator::codewriter
