// The analysis of effects: see effects.h.
#include "effects.h"
#include "../addresses.h"
#include "../transform/stm.h"
#include <algorithm>
#include <llvm/ADT/StringSwitch.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Operator.h>

namespace heddle::translator::codewriter {

namespace {

// A call that changes more places than this is described as changing anything: long sets cost at every start of the VM.
constexpr size_t most_writes = 256;
constexpr unsigned deepest_search = 8; // for where a pointer comes from

} // namespace

bool effect_analysis::summary::merge(const summary& other) {
    bool fresh = false;
    auto flag = [&](bool& mine, bool theirs) {
        fresh |= theirs && !mine;
        mine |= theirs;
    };
    flag(raw_read, other.raw_read);
    flag(raw_write, other.raw_write);
    flag(may_collect, other.may_collect);
    flag(may_run_portal, other.may_run_portal);
    flag(anything, other.anything);
    flag(thread_root, other.thread_root);
    auto set = [&](llvm::BitVector& mine, const llvm::BitVector& theirs) {
        if (mine.size() < theirs.size()) mine.resize(theirs.size());
        if (!theirs.test(mine)) return; // nothing in theirs that mine has not
        mine |= theirs;
        fresh = true;
    };
    set(reads, other.reads);
    set(writes, other.writes);
    return fresh;
}

void effect_analysis::mark(llvm::BitVector& set, uint32_t descr) {
    if (descr == descriptor_table::no_descr) return; // a slot that traces can't access, so it interests none
    if (set.size() <= descr) set.resize(descr + 64);
    set.set(descr);
}

effect_analysis::effect_analysis(llvm::Module& module, const class_layouts& layouts, descriptor_table& descrs)
    : layouts_(layouts), descrs_(descrs) {
    find_address_taken(module);
    for (llvm::Function& function : module) number_of(&function);
    for (llvm::Function& function : module) scan(function, number_of(&function));
    first_is_fresh_ = true;
    while (!on_fresh_to_scan_.empty()) {
        llvm::Function* function = on_fresh_to_scan_.back();
        on_fresh_to_scan_.pop_back();
        scan(*function, on_fresh_[function]);
    }
    for (auto& [type, functions] : address_taken_) {
        uint32_t type_number = number_of(type);
        for (llvm::Function* f : functions) nodes_[number_of(f)].callers.push_back(type_number);
    }
    solve();
}

uint32_t effect_analysis::number_of(const void* function_or_type) {
    auto [found, fresh] = numbers_.try_emplace(function_or_type, static_cast<uint32_t>(nodes_.size()));
    if (fresh) nodes_.emplace_back();
    return found->second;
}

uint32_t effect_analysis::number_on_fresh(llvm::Function& function) {
    auto [found, fresh] = on_fresh_.try_emplace(&function, static_cast<uint32_t>(nodes_.size()));
    if (fresh) {
        nodes_.emplace_back();
        on_fresh_to_scan_.push_back(&function);
    }
    return found->second;
}

// Whether it is null or an object that was made since the function being scanned was called.
bool effect_analysis::is_fresh(const llvm::Value* object, unsigned depth) {
    object = object->stripPointerCasts();
    if (llvm::isa<llvm::ConstantPointerNull>(object)) return true;
    if (depth == deepest_search) return false;
    if (auto* argument = llvm::dyn_cast<llvm::Argument>(object)) return first_is_fresh_ && argument->getArgNo() == 0;
    if (auto* phi = llvm::dyn_cast<llvm::PHINode>(object))
        return llvm::all_of(phi->incoming_values(), [&](const llvm::Value* v) { return is_fresh(v, depth + 1); });
    auto* call = llvm::dyn_cast<llvm::CallBase>(object);
    const llvm::Function* callee = call ? call->getCalledFunction() : nullptr;
    if (!callee) return false;
    if (callee->getName() == "heddle_marker_new" || callee->getName() == "heddle_marker_new_array") return true;
    return returns_fresh(*callee);
}

bool effect_analysis::returns_fresh(const llvm::Function& function) {
    if (function.isDeclaration() || !function.getReturnType()->isPointerTy()) return false;
    auto [found, unknown] = returns_fresh_.try_emplace(&function, false); // of a recursion nothing is assumed
    if (!unknown) return found->second;
    bool outer = std::exchange(first_is_fresh_, false);
    bool all = true;
    for (const llvm::BasicBlock& block : function)
        if (auto* end = llvm::dyn_cast<llvm::ReturnInst>(block.getTerminator()))
            all = all && is_fresh(end->getReturnValue());
    first_is_fresh_ = outer;
    return returns_fresh_[&function] = all;
}

void effect_analysis::find_address_taken(llvm::Module& module) {
    for (llvm::Function& function : module) {
        if (function.isIntrinsic() || function.getName().starts_with("heddle_marker_")) continue;
        if (function.hasAddressTaken(nullptr, true, true, true, true))
            address_taken_[function.getFunctionType()].push_back(&function);
    }
}

const std::vector<llvm::Function*>& effect_analysis::address_taken(const llvm::FunctionType* type) const {
    auto found = address_taken_.find(type);
    return found == address_taken_.end() ? none_ : found->second;
}

// Functions without a body whose effects are known. False: not one of them.
bool effect_analysis::known_external(llvm::StringRef name, summary& does) {
    using effect = unsigned;
    constexpr effect unknown = 0, pure = 1, reads_raw = 2, writes_raw = 4, collects = 8;
    effect e =
        llvm::StringSwitch<effect>(name)
            .Cases("sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "exp", "exp2", pure)
            .Cases("log", "log2", "log10", "log1p", "expm1", "pow", "fmod", "floor", "ceil", "trunc", pure)
            .Cases("round", "rint", "nearbyint", "roundeven", "fma", "fmax", "fmin", "hypot", "cbrt", "sinh", pure)
            .Cases("cosh", "tanh", "asinh", "acosh", "atanh", "ldexp", "scalbn", "copysign", "fabs", "remainder", pure)
            .Cases("abort", "exit", "_exit", "abs", "labs", "heddle_stack_is_low", pure)
            .Cases("memcmp", "bcmp", "strcmp", "strncmp", "strlen", "memchr", "strchr", "strtol", "strtod", "getenv",
                   reads_raw)
            .Cases("memcpy", "memmove", "memset", "malloc", "free", "calloc", "realloc", "_Znwm", "_Znam", "_ZdlPv",
                   reads_raw | writes_raw)
            .Cases("_ZdlPvm", "_ZdaPv", "_ZdaPvm", "printf", "puts", "putchar", "fprintf", "fputs", "fputc",
                   reads_raw | writes_raw)
            .Case("heddle.stm_become_inevitable", reads_raw | writes_raw)
            .Cases("fwrite", "fflush", "snprintf", "vsnprintf", "frexp", "modf", "clock_gettime", "write", "read",
                   "open", reads_raw | writes_raw)
            .Cases("heddle_gc_write_barrier_slow", "heddle_gc_write_barrier_array_slow",
                   "heddle_gc_write_barrier_interior_slow", pure)
            .Cases("heddle_gc_allocate_slow", "heddle_gc_allocate_array_slow", "heddle_try_new_array", collects)
            .Default(unknown);
    if (e == unknown && (name.starts_with("__gmp") || name.starts_with("_ZNSt") || name.starts_with("_ZNKSt") ||
                         name.starts_with("_ZSt")))
        e = reads_raw | writes_raw;
    if (e == unknown && name.starts_with("_ZN6heddle2gc"))
        e = llvm::StringSwitch<effect>(name.drop_front(strlen("_ZN6heddle2gc")))
                .StartsWith("15allocate_array", collects)
                .StartsWith("8allocate", collects)
                .StartsWith("14allocate_total", collects)
                .StartsWith("13write_barrier", pure)
                .StartsWith("18bulk_write_barrier", pure)
                .StartsWith("13identity_hash", collects)
                .StartsWith("14make_immovable", pure)
                .StartsWith("3pin", pure)
                .StartsWith("5unpin", pure)
                .StartsWith("7type_of", pure)
                .StartsWith("19add_memory_pressure", collects)
                .Default(unknown);
    if (e == unknown) return false;
    does.raw_read |= (e & reads_raw) != 0;
    does.raw_write |= (e & writes_raw) != 0;
    does.may_collect |= (e & collects) != 0;
    return true;
}

void effect_analysis::scan(llvm::Function& function, uint32_t number) {
    number_ = number;
    if (known_external(function.getName(), now())) return; // with a body, too: the collector's inline functions
    if (!function.isDeclaration()) return scan_body(function);
    if (function.isIntrinsic() || function.getName().starts_with("heddle_marker_")) return; // see scan_call
    now().anything = now().may_collect = now().may_run_portal = true;
}

void effect_analysis::scan_body(llvm::Function& function) {
    for (llvm::Instruction& i : llvm::instructions(function)) {
        if (auto* load = llvm::dyn_cast<llvm::LoadInst>(&i)) {
            scan_access(i, load->getPointerOperand(), load->getType(), false);
            if (load->isAtomic() || load->isVolatile()) now().anything = true;
        } else if (auto* store = llvm::dyn_cast<llvm::StoreInst>(&i)) {
            scan_access(i, store->getPointerOperand(), store->getValueOperand()->getType(), true);
            if (store->isAtomic() || store->isVolatile()) now().anything = true;
        } else if (auto* call = llvm::dyn_cast<llvm::CallBase>(&i)) {
            scan_call(*call);
        } else if (llvm::isa<llvm::GetElementPtrInst, llvm::AddrSpaceCastInst>(i)) {
            scan_escape(i);
        } else if (llvm::isa<llvm::AtomicRMWInst, llvm::AtomicCmpXchgInst, llvm::FenceInst>(i)) {
            now().anything = true;
        }
    }
}

void effect_analysis::scan_access(llvm::Instruction& instruction, llvm::Value* pointer, llvm::Type* type,
                                  bool is_store) {
    if (is_vtable_access(instruction)) return;
    address place = classify(pointer, layouts_);
    if ((place.kind == place_kind::field || place.kind == place_kind::array_item) && is_fresh(place.base)) return;
    llvm::BitVector& set = is_store ? now().writes : now().reads;
    bool& raw = is_store ? now().raw_write : now().raw_read;
    switch (place.kind) {
    case place_kind::field: mark(set, descrs_.field(*place.field)); break;
    case place_kind::array_item: mark(set, descrs_.array(*place.array)); break;
    case place_kind::array_length:
    case place_kind::vtable:
    case place_kind::stack: break;
    case place_kind::global:
        now().thread_root |= is_thread_root(*place.global);
        if (place.through_heap)
            mark(set, descrs_.global(*place.global, place.offset, type));
        else if (is_store || !place.global->isConstant())
            raw = true;
        break;
    case place_kind::raw: raw = true; break;
    case place_kind::unknown_heap: now().anything = true; break;
    }
}

// The address of a field or an item that goes elsewhere than into a load or store: whoever gets it may read and write
// there.
void effect_analysis::scan_escape(llvm::Instruction& instruction) {
    bool escapes = false;
    for (llvm::Use& use : instruction.uses()) {
        llvm::User* user = use.getUser();
        if (llvm::isa<llvm::LoadInst, llvm::GEPOperator, llvm::AddrSpaceCastInst, llvm::ICmpInst,
                      llvm::DbgInfoIntrinsic>(user))
            continue;
        if (llvm::isa<llvm::StoreInst>(user) && use.getOperandNo() == llvm::StoreInst::getPointerOperandIndex())
            continue;
        escapes = true;
    }
    if (!escapes) return;
    address place = classify(&instruction, layouts_);
    uint32_t descr = place.kind == place_kind::field        ? descrs_.field(*place.field)
                     : place.kind == place_kind::array_item ? descrs_.array(*place.array)
                                                            : descriptor_table::no_descr;
    if (descr == descriptor_table::no_descr || is_fresh(place.base)) return;
    mark(now().reads, descr);
    mark(now().writes, descr);
}

void effect_analysis::scan_call(llvm::CallBase& call) {
    if (auto* intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(&call)) {
        if (auto* memory = llvm::dyn_cast<llvm::MemIntrinsic>(intrinsic)) {
            now().raw_read = true;
            if (classify(memory->getDest(), layouts_).kind != place_kind::stack)
                now().raw_write = true; // the heap's own: scan_escape
        }
        return;
    }
    if (call.isInlineAsm()) {
        now().anything = true;
        return;
    }
    llvm::Function* callee = call.getCalledFunction();
    if (!callee) {
        const llvm::FunctionType* type = call.getFunctionType();
        uint32_t type_number = number_of(type);
        // A pointer from outside of the program, as far as one can see: anything.
        if (address_taken(type).empty())
            nodes_[type_number].does.anything = nodes_[type_number].does.may_collect =
                nodes_[type_number].does.may_run_portal = true;
        nodes_[type_number].callers.push_back(number_);
        return;
    }
    llvm::StringRef name = callee->getName();
    if (name.starts_with("heddle_marker_")) return scan_marker(call, name);
    bool on_fresh = call.arg_size() > 0 && call.getArgOperand(0)->getType()->isPointerTy() &&
                    !callee->isDeclaration() && is_fresh(call.getArgOperand(0));
    uint32_t callee_number = on_fresh ? number_on_fresh(*callee) : number_of(callee);
    nodes_[callee_number].callers.push_back(number_);
}

void effect_analysis::scan_marker(llvm::CallBase& call, llvm::StringRef name) {
    if (name == "heddle_marker_new" || name == "heddle_marker_new_array") {
        now().may_collect = true;
    } else if (name == "heddle_marker_merge_point" || name == "heddle_marker_can_enter_jit") {
        now().may_run_portal = now().may_collect = true;
    } else if (name == "heddle_marker_copy_array") {
        for (unsigned operand : {0u, 1u}) { // the classes of what is read and written; then come array, index, array
            if (is_fresh(call.getArgOperand(2 + 2 * operand))) continue;
            const gc_class* c = layouts_.by_type_info(call.getArgOperand(operand)->stripPointerCasts());
            uint32_t descr = c && c->array ? descrs_.array(*c->array) : descriptor_table::no_descr;
            if (descr == descriptor_table::no_descr) now().anything = true;
            mark(operand == 0 ? now().reads : now().writes, descr);
        }
    }
}

void effect_analysis::solve() {
    std::vector<uint32_t> work(nodes_.size());
    std::vector<bool> queued(nodes_.size(), true);
    for (uint32_t n = 0; n < nodes_.size(); ++n) {
        work[n] = n;
        std::sort(nodes_[n].callers.begin(), nodes_[n].callers.end());
        nodes_[n].callers.erase(std::unique(nodes_[n].callers.begin(), nodes_[n].callers.end()),
                                nodes_[n].callers.end());
    }
    while (!work.empty()) {
        uint32_t n = work.back();
        work.pop_back();
        queued[n] = false;
        for (uint32_t caller : nodes_[n].callers) {
            if (caller == n || !nodes_[caller].does.merge(nodes_[n].does) || queued[caller]) continue;
            queued[caller] = true;
            work.push_back(caller);
        }
    }
}

jit::effect_info effect_analysis::convert(const summary& does) const {
    jit::effect_info info;
    info.may_collect = does.may_collect;
    info.may_run_portal = does.may_run_portal;
    info.reads_thread_root = does.thread_root;
    info.writes_anything = does.anything || does.writes.count() > most_writes;
    if (info.writes_anything) return info;
    for (unsigned descr : does.reads.set_bits()) info.reads.push_back(descr);
    for (unsigned descr : does.writes.set_bits()) info.writes.push_back(descr);
    if (does.raw_read) info.reads.insert(info.reads.end(), descrs_.raw_descrs().begin(), descrs_.raw_descrs().end());
    if (does.raw_write) info.writes.insert(info.writes.end(), descrs_.raw_descrs().begin(), descrs_.raw_descrs().end());
    std::sort(info.reads.begin(), info.reads.end());
    std::sort(info.writes.begin(), info.writes.end());
    if (info.reads.size() > most_writes) info.reads.clear(), info.writes_anything = true, info.writes.clear();
    return info;
}

jit::effect_info effect_analysis::of(const llvm::Function& function) const {
    auto found = numbers_.find(&function);
    if (found != numbers_.end()) {
        jit::effect_info info = convert(nodes_[found->second].does);
        // A trace runs in one frame of the native stack: asking once is enough.
        if (function.getName() == "heddle_stack_is_low") info.loop_invariant = true;
        return info;
    }
    summary does; // declared since (call_libm)
    if (!known_external(function.getName(), does)) does.anything = does.may_collect = does.may_run_portal = true;
    return convert(does);
}

jit::effect_info effect_analysis::of_indirect(const llvm::FunctionType& type) const {
    auto found = numbers_.find(&type);
    if (found != numbers_.end()) return convert(nodes_[found->second].does);
    return {};
}

} // namespace heddle::translator::codewriter
