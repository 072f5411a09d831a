// Rules about classes and functions. See refusals.h.
#include "../refusals.h"
#include "../addresses.h"
#include "../annotations.h"
#include "../diagnostics.h"
#include "../type_info_layout.h"
#include "llvm/Demangle/Demangle.h"
#include "llvm/IR/DataLayout.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include <algorithm>
#include <map>
#include <set>

namespace heddle::translator {

namespace {

// ---- constructors ---------------------------------------------------------------------------------------------------

bool allocates_by_name(llvm::StringRef name) {
    return name == "heddle_marker_new" || name == "heddle_marker_new_array" || name.starts_with("heddle_try_new") ||
           name.starts_with("heddle_gc_allocate") || name.starts_with("_ZN6heddle2gc8allocate") ||
           name.starts_with("_ZN6heddle2gc14allocate") || name.starts_with("_ZN6heddle2gc7collect") ||
           name.starts_with("_ZN6heddle2gc14run_finalizers");
}

// Finds, for a function, the first call on a way to an allocation.
class allocation_finder {
public:
    // Null: it can't allocate. Else the call in the function that (perhaps) does.
    const llvm::CallBase* find(const llvm::Function& function) {
        auto [entry, is_new] = known_.try_emplace(&function, nullptr);
        if (!is_new) return entry->second;
        for (const llvm::Instruction& i : llvm::instructions(function)) {
            auto* call = llvm::dyn_cast<llvm::CallBase>(&i);
            if (!call || llvm::isa<llvm::IntrinsicInst>(call) || call->isInlineAsm()) continue;
            const llvm::Function* callee = call->getCalledFunction();
            if (!callee || allocates_by_name(callee->getName()) || (!callee->isDeclaration() && find(*callee)))
                return known_[&function] = call;
        }
        return nullptr;
    }

private:
    std::map<const llvm::Function*, const llvm::CallBase*> known_;
};

// "W_List" for "W_List::W_List(...)" and "a::W_List::W_List(...)" gives "a::W_List"; empty for other functions.
std::string constructed_class(const std::string& readable) {
    size_t open = readable.find('(');
    size_t colons = open == std::string::npos ? open : readable.rfind("::", open);
    if (colons == std::string::npos) return "";
    std::string name = readable.substr(colons + 2, open - colons - 2), owner = readable.substr(0, colons);
    std::string bare = owner.substr(0, owner.find('<'));
    size_t last = bare.rfind("::");
    return (last == std::string::npos ? bare : bare.substr(last + 2)) == name ? owner : "";
}

void check_constructors(llvm::Module& module, const std::set<std::string>& classes, diagnostics& problems) {
    allocation_finder finder;
    for (llvm::Function& function : module) {
        llvm::StringRef symbol = function.getName();
        if (function.isDeclaration() || !symbol.starts_with("_ZN") ||
            !(symbol.contains("C2E") || symbol.contains("C1E") || symbol.contains("C2I") || symbol.contains("C1I")))
            continue;
        std::string owner = constructed_class(llvm::demangle(symbol.str()));
        if (!classes.contains(owner)) continue;
        const llvm::CallBase* call = finder.find(function);
        if (!call) continue;
        const llvm::Function* callee = call->getCalledFunction();
        std::string how =
            !callee ? "by a virtual or indirect call"
            : callee->getName().starts_with("heddle_") || readable_name(*callee).find("heddle::") != std::string::npos
                ? ""
                : "in " + readable_name(*callee);
        problems.error(
            place_of(*call),
            "the constructor of GC class " + owner + " may allocate GC objects" + (how.empty() ? "" : " (" + how + ")"),
            "make them first and pass them to the constructor, which is not scanned by the collector while it runs");
    }
}

// ---- containers -----------------------------------------------------------------------------------------------------

constexpr const char* containers[] = {"vector",
                                      "deque",
                                      "list",
                                      "forward_list",
                                      "map",
                                      "multimap",
                                      "set",
                                      "multiset",
                                      "unordered_map",
                                      "unordered_set",
                                      "unordered_multimap",
                                      "unordered_multiset",
                                      "unique_ptr",
                                      "shared_ptr",
                                      "function"};

// "std::vector<W_Object*>" when the function belongs to a container with references among its template arguments.
std::string container_of_references(const std::string& readable, const std::set<std::string>& classes) {
    llvm::StringRef text = readable;
    text.consume_front("void ");
    if (!text.consume_front("std::") || text.starts_with("function")) return "";
    size_t open = text.find('<');
    if (open == llvm::StringRef::npos || llvm::find(containers, text.take_front(open)) == std::end(containers))
        return "";
    int depth = 0;
    size_t end = open;
    for (; end < text.size(); end++) {
        if (text[end] == '<')
            depth++;
        else if (text[end] == '>' && --depth == 0)
            break;
    }
    std::string arguments = text.substr(open + 1, end - open - 1).str();
    for (size_t star = arguments.find('*'); star != std::string::npos; star = arguments.find('*', star + 1)) {
        size_t begin = arguments.find_last_of("<, ", star);
        std::string name = arguments.substr(begin == std::string::npos ? 0 : begin + 1,
                                            star - (begin == std::string::npos ? 0 : begin + 1));
        if (classes.contains(name)) return "std::" + text.take_front(open).str() + "<..." + name + "*...>";
    }
    return "";
}

void check_containers(llvm::Module& module, const std::set<std::string>& classes, diagnostics& problems) {
    std::map<std::pair<const llvm::Function*, std::string>, place_in_source> places; // the first line in each function
    for (llvm::Function& function : module) {
        if (!function.getName().starts_with("_ZNSt")) continue;
        std::string container = container_of_references(llvm::demangle(function.getName().str()), classes);
        if (container.empty()) continue;
        for (llvm::User* user : function.users()) {
            auto* call = llvm::dyn_cast<llvm::CallBase>(user);
            if (!call) continue;
            std::string caller = readable_name(*call->getFunction());
            if (llvm::StringRef(caller).contains("std::") || llvm::StringRef(caller).contains("__gnu_cxx::")) continue;
            place_in_source place = place_of(*call);
            auto [entry, is_new] = places.try_emplace({call->getFunction(), container}, place);
            if (!is_new && place.line < entry->second.line) entry->second = place;
        }
    }
    for (auto& [where, place] : places)
        problems.error(place,
                       where.second +
                           " keeps references to GC objects in malloc memory, where the collector does not see them",
                       "use a heddle::array<heddle::member<...>>, or local variables");
}

// ---- data members ---------------------------------------------------------------------------------------------------

uint64_t align_up(uint64_t offset, uint64_t alignment) { return (offset + alignment - 1) / alignment * alignment; }

std::vector<const gc_field*> all_fields(const gc_class& c) {
    std::vector<const gc_field*> fields;
    for (const gc_class* k = &c; k; k = k->base)
        for (auto& field : k->fields) fields.push_back(&field);
    std::sort(fields.begin(), fields.end(), [](auto* a, auto* b) { return a->offset < b->offset; });
    return fields;
}

// Bytes that neither a listed member nor alignment accounts for; -1: none.
int64_t unlisted_byte(const gc_class& c, const class_layouts& layouts) {
    const llvm::DataLayout& layout = layouts.data_layout();
    uint64_t end = 8; // behind the vtable pointer
    for (const gc_field* field : all_fields(c)) {
        uint64_t alignment =
            std::min<uint64_t>(8, field->size ? uint64_t{1} << llvm::countr_zero(uint64_t{field->size}) : 1);
        if (field->offset > align_up(end, alignment)) return static_cast<int64_t>(end);
        end = std::max<uint64_t>(end, field->offset + field->size);
    }
    if (c.size > align_up(end, 8)) return static_cast<int64_t>(end);
    // What hides in alignment gaps shows as an element of its own, other than the byte arrays that clang pads with.
    const llvm::StructLayout* places = layout.getStructLayout(c.structure);
    for (unsigned i = 1; i < c.structure->getNumElements(); i++) {
        llvm::Type* type = c.structure->getElementType(i);
        bool padding = type->isArrayTy() && type->getArrayElementType()->isIntegerTy(8);
        uint64_t offset = places->getElementOffset(i);
        if (!padding && layout.getTypeAllocSize(type) != 0 && !layouts.field_at(c, offset))
            return static_cast<int64_t>(offset);
    }
    return -1;
}

void check_members(const gc_class& c, const class_layouts& layouts, diagnostics& problems) {
    if (!c.structure || c.is_array() || !c.describe) return;
    if (c.base && c.base->structure && unlisted_byte(*c.base, layouts) >= 0) return; // told there
    int64_t byte = unlisted_byte(c, layouts);
    if (byte < 0) return;
    std::string before;
    for (const gc_field* field : all_fields(c))
        if (field->offset < byte) before = field->name;
    problems.error(place_of(*c.describe),
                   "GC class " + c.name + " has a data member that HEDDLE_GC_CLASS does not list (at byte " +
                       std::to_string(byte) + (before.empty() ? ", its first)" : ", behind '" + before + "')"),
                   "declare it field<T>, member<T> or const, and list it");
}

// ---- hidden references ----------------------------------------------------------------------------------------------

class reference_knowledge {
public:
    reference_knowledge(llvm::Module& module, const class_layouts& layouts) : layouts_(layouts) {
        for (bool again = true; again;) {
            again = false;
            for (llvm::Function& function : module)
                if (!function.isDeclaration() && function.getReturnType()->isPointerTy() &&
                    !returning_.contains(&function) && returns_references(function))
                    again = returning_.insert(&function).second;
        }
    }

    // Certainly a GC object (not null).
    bool is_reference(const llvm::Value* value, int depth = 6) const {
        if (depth == 0) return false;
        if (auto* call = llvm::dyn_cast<llvm::CallBase>(value)) {
            const llvm::Function* callee = call->getCalledFunction();
            return callee && (callee->getName() == "heddle_marker_new" ||
                              callee->getName() == "heddle_marker_new_array" || returning_.contains(callee));
        }
        if (auto* load = llvm::dyn_cast<llvm::LoadInst>(value)) {
            address place = classify(const_cast<llvm::Value*>(load->getPointerOperand()), layouts_);
            if (place.kind == place_kind::field) return holds_reference(place.field->slot);
            return place.kind == place_kind::array_item && holds_reference(place.array->slot);
        }
        if (auto* phi = llvm::dyn_cast<llvm::PHINode>(value)) {
            bool any = false;
            for (const llvm::Value* incoming : phi->incoming_values()) {
                if (llvm::isa<llvm::ConstantPointerNull, llvm::UndefValue>(incoming) || incoming == phi) continue;
                if (!is_reference(incoming, depth - 1)) return false;
                any = true;
            }
            return any;
        }
        return false;
    }

private:
    bool returns_references(const llvm::Function& function) const {
        bool any = false;
        for (const llvm::BasicBlock& block : function) {
            auto* result = llvm::dyn_cast<llvm::ReturnInst>(block.getTerminator());
            if (!result || llvm::isa<llvm::ConstantPointerNull>(result->getReturnValue())) continue;
            if (!is_reference(result->getReturnValue())) return false;
            any = true;
        }
        return any;
    }

    const class_layouts& layouts_;
    std::set<const llvm::Function*> returning_;
};

bool is_malloc_memory(const llvm::Value* value) {
    auto* call = llvm::dyn_cast<llvm::CallBase>(value);
    const llvm::Function* callee = call ? call->getCalledFunction() : nullptr;
    if (!callee) return false;
    for (llvm::StringRef name :
         {"malloc", "calloc", "realloc", "aligned_alloc", "_Znwm", "_Znam", "_ZnwmSt11align_val_t"})
        if (callee->getName() == name) return true;
    return false;
}

void check_hidden_references(llvm::Module& module, const class_layouts& layouts, diagnostics& problems) {
    reference_knowledge known(module, layouts);
    for (llvm::Function& function : module)
        for (llvm::Instruction& i : llvm::instructions(function)) {
            auto* store = llvm::dyn_cast<llvm::StoreInst>(&i);
            if (!store || store->getPointerAddressSpace() != 0 || !store->getValueOperand()->getType()->isPointerTy() ||
                !known.is_reference(store->getValueOperand()))
                continue;
            address place = classify(store->getPointerOperand(), layouts);
            if (place.kind == place_kind::global)
                problems.error(place_of(*store),
                               "a reference to a GC object is stored in the global variable " +
                                   demangle(std::string(place.global->getName())) +
                                   ", where the collector does not see it",
                               "make it a heddle::root<T>");
            else if (place.kind == place_kind::raw && is_malloc_memory(place.base))
                problems.error(
                    place_of(*store),
                    "a reference to a GC object is stored in malloc memory, where the collector does not see it",
                    "make the memory's owner a GC class with a member<T>, or keep the reference in a heddle::root<T>");
        }
}

} // namespace

void check_sources(llvm::Module& module, diagnostics& problems) {
    std::set<std::string> classes;
    for (llvm::GlobalVariable& global : module.globals())
        if (std::string name = class_name_of_type_info(global); !name.empty()) classes.insert(name);
    check_constructors(module, classes, problems);
    check_containers(module, classes, problems);
}

void check_classes(llvm::Module& module, const class_layouts& layouts, diagnostics& problems) {
    for (const gc_class& c : layouts.classes()) check_members(c, layouts, problems);
    check_hidden_references(module, layouts, problems);
}

void refuse_stack_slots(llvm::Function& function, const std::string& why, diagnostics& problems) {
    for (llvm::Instruction& i : llvm::instructions(function)) {
        auto* slot = llvm::dyn_cast<llvm::AllocaInst>(&i);
        if (!slot) continue;
        const llvm::Instruction* first = nullptr;
        for (llvm::User* user : slot->users())
            if (auto* call = llvm::dyn_cast<llvm::CallBase>(user); call && !call->isLifetimeStartOrEnd()) first = call;
        if (!first)
            for (llvm::User* user : slot->users()) first = llvm::dyn_cast<llvm::Instruction>(user);
        std::string name = slot->hasName() ? " ('" + slot->getName().split('.').first.str() + "')" : "";
        problems.error(
            place_of(first ? *first : *slot),
            "the address of a local variable" + name + " escapes in " + readable_name(function) + ", " + why,
            "return the value instead of passing an address, or move this code to a function that is not traced");
    }
}

void check_hinted_functions(llvm::Module& module, const annotations& hints, diagnostics& problems) {
    for (llvm::Function& function : module) {
        if (function.isDeclaration()) continue;
        if (hints.has(&function, hint::unroll_safe))
            refuse_stack_slots(function, "which is marked HEDDLE_UNROLL_SAFE", problems);
        else if (hints.has(&function, hint::look_inside))
            refuse_stack_slots(function, "which is marked HEDDLE_LOOK_INSIDE", problems);
    }
}

} // namespace heddle::translator
