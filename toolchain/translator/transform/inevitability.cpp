// What a transaction can't take back, or what isn't guarded against other threads: memory that is neither in the heap
// nor on the stack, and functions without a body of which nothing is known. Before each such instruction stands a call
// that makes the transaction inevitable (of the inevitable ones, one runs at a time).
//
// The heap's own accesses are the barriers' business. Memory from operator new is the transaction's own until it is
// reached from a global variable or from an object, which is noticed here.
#include "../addresses.h"
#include "../annotations.h"
#include "../diagnostics.h"
#include "stm.h"
#include "stm_functions.h"
#include "llvm/Demangle/Demangle.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include <map>
#include <set>

namespace heddle::translator {

namespace {

// Functions of the C and C++ libraries that only compute, or only touch memory that they are given. (Whether that
// memory may be touched is decided where its address comes from.)
const std::set<std::string, std::less<>>& safe_functions() {
    static const std::set<std::string, std::less<>> names{
        // memory and strings
        "memcmp", "memchr", "memrchr", "memmem", "bcmp", "strlen", "strcmp", "strncmp", "strchr", "strrchr", "strstr",
        "memcpy", "memmove", "memset", "strcpy", "strncpy", "strcspn", "strspn", "strtol", "strtoll", "strtoul",
        "strtoull", "strtod", "snprintf", "vsnprintf", "sprintf", "isspace", "isdigit", "isalpha", "isalnum", "toupper",
        "tolower", "isxdigit", "strchrnul", "strerror", "__errno_location", "abs", "labs", "qsort",
        // operator new and delete: the runtime's own, which take part in aborts
        "_Znwm", "_Znam", "_ZdlPv", "_ZdlPvm", "_ZdaPv", "_ZdaPvm", "_ZnwmSt11align_val_t", "_ZdlPvSt11align_val_t",
        "_ZdlPvmSt11align_val_t", "_ZnwmRKSt9nothrow_t", "_ZnamRKSt9nothrow_t",
        // arithmetic
        "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "exp",
        "exp2", "expm1", "log", "log2", "log10", "log1p", "pow", "sqrt", "cbrt", "hypot", "fmod", "remainder", "floor",
        "ceil", "trunc", "round", "rint", "nearbyint", "lround", "llround", "ldexp", "frexp", "modf", "copysign",
        "fabs", "fma", "erf", "erfc", "tgamma", "lgamma_r", "nextafter", "fmin", "fmax", "scalbn", "logb",
        // clocks
        "clock_gettime", "gettimeofday", "time", "clock",
        // the C++ library
        "_ZSt17__throw_bad_allocv", "_ZSt20__throw_length_errorPKc", "_ZSt19__throw_logic_errorPKc",
        "_ZSt24__throw_out_of_range_fmtPKcz", "_ZSt28__throw_bad_array_new_lengthv", "_ZSt25__throw_bad_function_callv",
        "_ZSt29_Rb_tree_insert_and_rebalancebPSt18_Rb_tree_node_baseS0_RS_",
        "_ZSt18_Rb_tree_incrementPSt18_Rb_tree_node_base", "_ZSt18_Rb_tree_incrementPKSt18_Rb_tree_node_base",
        "_ZSt18_Rb_tree_decrementPSt18_Rb_tree_node_base", "_ZSt11_Hash_bytesPKvmm", "__cxa_pure_virtual", "abort",
        // tables of Unicode
        "utf8proc_category", "utf8proc_tolower", "utf8proc_toupper", "utf8proc_totitle",
        // broken-down times
        "gmtime_r", "localtime_r",
        // what only asks the system
        "stat", "lstat", "access", "getcwd", "getpid", "getppid", "sysconf", "isatty", "getrandom"};
    return names;
}

bool is_safe_external(llvm::StringRef name) {
    if (name.starts_with("heddle_") || name.starts_with("llvm.")) return true;
    for (llvm::StringRef prefix : {"_ZN6heddle2gc", "_ZNSt7__cxx1112basic_string", "_ZNKSt7__cxx1112basic_string",
                                   "_ZSt10from_chars", "_ZSt8to_chars", "__gmpz_", "__gmpn_",
                                   "_ZNSt8__detail15_List_node_base", "_ZNKSt8__detail20_Prime_rehash_policy"})
        if (name.starts_with(prefix)) return true;
    return safe_functions().count(std::string_view(name.data(), name.size())) != 0;
}

class inevitability {
public:
    inevitability(llvm::Module& module, const class_layouts& layouts, const annotations& hints, std::string& records)
        : module_(module), layouts_(layouts), hints_(hints), records_(records) {}

    void run() {
        for (llvm::Function& function : module_)
            if (function.isDeclaration() && !function.isIntrinsic() && !is_safe_external(function.getName()) &&
                function.hasAddressTaken())
                unsafe_types_.insert(function.getFunctionType());
        std::vector<std::pair<llvm::Instruction*, std::string>> places;
        for (llvm::Function& function : module_) {
            // They run before threads do, and describe functions never run.
            if (function.getName().starts_with("__cxx_global_var_init") ||
                function.getName().starts_with("_GLOBAL__sub") || function.getName().contains("heddle_describe"))
                continue;
            for (llvm::BasicBlock& block : function) {
                bool already = false; // in this block, with no break in between
                for (llvm::Instruction& i : block) {
                    std::string reason = reason_of(i);
                    if (!reason.empty() && !already) {
                        places.emplace_back(&i, reason);
                        already = true;
                    }
                    if (auto* call = llvm::dyn_cast<llvm::CallBase>(&i))
                        if (llvm::Function* callee = call->getCalledFunction();
                            !callee || !callee->isDeclaration() || callee->getName().starts_with("heddle_"))
                            already = false;
                }
            }
        }
        llvm::Function* check = stm_functions(module_).become_inevitable();
        for (auto& [i, reason] : places) {
            auto where = llvm::isa<llvm::PHINode>(i) ? i->getParent()->getFirstInsertionPt() : i->getIterator();
            llvm::CallInst::Create(check, {}, "", where);
            records_ +=
                readable_name(*i->getFunction()) + "\tinevitable\t" + place_of(*i).text() + "\t" + reason + "\n";
        }
    }

private:
    std::string reason_of(llvm::Instruction& i) {
        if (auto* call = llvm::dyn_cast<llvm::CallBase>(&i)) {
            if (std::string reason = reason_of_call(*call); !reason.empty()) return reason;
            if (llvm::Function* callee = call->getCalledFunction();
                callee && callee->getName().starts_with("heddle_marker_"))
                return "";
        } else if (i.isAtomic() && !uses_thread_state(i)) {
            return "an atomic access";
        } else if (llvm::isa<llvm::ICmpInst>(i)) {
            return "";
        }
        for (llvm::Use& operand : i.operands())
            if (llvm::GlobalVariable* global = mutable_global(operand.get(), 0);
                global && !(hints_.is_set_at_start(*global) && is_read(i)))
                return "the global variable " + llvm::demangle(global->getName().str());
        return reason_of_access(i);
    }

    std::string reason_of_call(llvm::CallBase& call) {
        if (call.isInlineAsm()) {
            auto* text = llvm::cast<llvm::InlineAsm>(call.getCalledOperand());
            return text->getAsmString().empty() ? "" : "inline assembly";
        }
        llvm::Function* callee = call.getCalledFunction();
        if (!callee)
            return unsafe_types_.count(call.getFunctionType())
                       ? "a call through a pointer that may be a library function"
                       : "";
        if (!callee->isDeclaration() || callee->isIntrinsic() || is_safe_external(callee->getName())) return "";
        return "a call of " + llvm::demangle(callee->getName().str());
    }

    // Accesses of memory that is neither heap nor stack, through a pointer that came out of an object.
    std::string reason_of_access(llvm::Instruction& i) {
        bool is_store = llvm::isa<llvm::StoreInst>(i);
        llvm::Value* pointer = llvm::getLoadStorePointerOperand(&i);
        if (!pointer || pointer->getType()->getPointerAddressSpace() != 0) return "";
        address place = classify(pointer, layouts_);
        if (place.kind != place_kind::raw || !place.base) return "";
        if (llvm::isa<llvm::IntToPtrInst>(place.base)) return "memory that a field<T*> refers to";
        auto* source = llvm::dyn_cast<llvm::LoadInst>(place.base);
        if (!is_store || !source) return "";
        address from = classify(source->getPointerOperand(), layouts_);
        return from.kind == place_kind::field && from.field->slot == slot_type::constant_data
                   ? "a write to memory that a raw<T> refers to"
                   : "";
    }

    bool uses_thread_state(const llvm::Instruction& i) {
        for (const llvm::Use& operand : i.operands())
            if (auto* global = llvm::dyn_cast<llvm::GlobalVariable>(operand->stripInBoundsOffsets());
                global && global->getName() == "heddle_thread")
                return true;
        return false;
    }

    llvm::GlobalVariable* mutable_global(llvm::Value* value, unsigned depth) {
        if (auto* global = llvm::dyn_cast<llvm::GlobalVariable>(value)) return is_mutable(*global) ? global : nullptr;
        auto* expression = llvm::dyn_cast<llvm::ConstantExpr>(value);
        if (!expression || depth > 8) return nullptr;
        for (llvm::Use& operand : expression->operands())
            if (llvm::GlobalVariable* global = mutable_global(operand.get(), depth + 1)) return global;
        return nullptr;
    }

    bool is_mutable(llvm::GlobalVariable& global) {
        auto [entry, is_new] = known_.try_emplace(&global, false);
        if (!is_new) return entry->second;
        llvm::StringRef name = global.getName();
        bool changes = !global.isConstant() && !is_root(global) && name != "_ZSt7nothrow" && name != "heddle_thread" &&
                       name != "heddle_stm" && !layouts_.by_type_info(&global) && !name.starts_with("_ZTV") &&
                       !name.starts_with("_ZTI") && !name.starts_with("_ZTS") &&
                       !name.contains("heddle_registration") && !name.starts_with("heddle_gc_") &&
                       !is_only_read(global, 0);
        return known_[&global] = changes;
    }

    // Reads memory, or computes an address of which nothing but that is done.
    bool is_read(llvm::Instruction& i) {
        return llvm::isa<llvm::LoadInst>(i) || (llvm::isa<llvm::GetElementPtrInst>(i) && is_only_read(i, 0));
    }

    // Is nothing but loads done with its address? (Apart from what initialises it, before main.)
    bool is_only_read(llvm::Value& pointer, unsigned depth) {
        if (auto* global = llvm::dyn_cast<llvm::GlobalVariable>(&pointer);
            global && (global->isDeclaration() || !global->hasLocalLinkage()))
            return false;
        for (llvm::User* user : pointer.users()) {
            if (auto* i = llvm::dyn_cast<llvm::Instruction>(user);
                i && (i->getFunction()->getName().starts_with("__cxx_global_var_init")))
                continue;
            if (llvm::isa<llvm::LoadInst, llvm::ICmpInst>(user)) continue;
            if (auto* call = llvm::dyn_cast<llvm::CallBase>(user);
                call && call->getCalledFunction() && call->getCalledFunction()->getName().starts_with("heddle_marker_"))
                continue;
            bool derived = depth < 8 && llvm::isa<llvm::GEPOperator, llvm::AddrSpaceCastOperator>(user);
            if (!derived || !is_only_read(*user, depth + 1)) return false;
        }
        return true;
    }

    llvm::Module& module_;
    const class_layouts& layouts_;
    const annotations& hints_;
    std::string& records_;
    std::map<llvm::GlobalVariable*, bool> known_;
    std::set<llvm::FunctionType*> unsafe_types_;
};

} // namespace

void insert_inevitability(llvm::Module& module, const class_layouts& layouts, const annotations& hints,
                          std::string& records) {
    inevitability(module, layouts, hints, records).run();
}

} // namespace heddle::translator
