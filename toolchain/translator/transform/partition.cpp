// See partition.h.
#include "partition.h"
#include "llvm/IR/DebugInfo.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include <unordered_map>
#include <unordered_set>

namespace heddle::translator {

namespace {

constexpr const char* origin_attribute = "heddle-origin";
constexpr uint64_t copy_limit = 100; // IR instructions of a function that is called directly
constexpr double limit_decay = 0.7;  // for each further call
constexpr uint64_t image_bytes = 12; // of an origin's name in symbols

class divider {
public:
    divider(llvm::Module& module, bool inlining) : module_(module), inlining_(inlining) {}

    std::vector<partition> run() {
        resolve_aliases();
        remove_groups();
        assign_owners();
        rename_locals();
        for (size_t i = 0; i < parts_.size(); i++) choose_copies(i);
        export_references();
        for (llvm::GlobalObject& object : module_.global_objects())
            if (auto owner = owner_.find(&object); owner != owner_.end())
                parts_[owner->second].owned.insert(object.getName());
        return std::move(parts_);
    }

private:
    // After linking there is one definition of each: another name of it is not needed.
    void resolve_aliases() {
        for (llvm::GlobalAlias& alias : llvm::make_early_inc_range(module_.aliases())) {
            if (!alias.hasLocalLinkage()) continue;
            alias.replaceAllUsesWith(alias.getAliasee());
            alias.eraseFromParent();
        }
    }

    void remove_groups() {
        for (llvm::GlobalObject& object : module_.global_objects()) object.setComdat(nullptr);
    }

    size_t part_of_origin(llvm::StringRef origin) {
        auto [entry, is_new] = numbers_.try_emplace(origin.str(), parts_.size());
        if (is_new) parts_.emplace_back().origin = origin.str();
        return entry->second;
    }

    static llvm::StringRef origin_of(const llvm::GlobalObject& object) {
        if (auto* function = llvm::dyn_cast<llvm::Function>(&object))
            return function->getFnAttribute(origin_attribute).getValueAsString();
        return llvm::cast<llvm::GlobalVariable>(object).getAttribute(origin_attribute).getValueAsString();
    }

    void assign_owners() {
        // What a transformation made out of a function is in its source too.
        std::unordered_map<const llvm::DICompileUnit*, llvm::StringRef> units;
        auto unit_of = [](const llvm::GlobalObject& object) -> const llvm::DICompileUnit* {
            auto* function = llvm::dyn_cast<llvm::Function>(&object);
            return function && function->getSubprogram() ? function->getSubprogram()->getUnit() : nullptr;
        };
        for (llvm::GlobalObject& object : module_.global_objects())
            if (auto origin = origin_of(object); !origin.empty())
                if (auto* unit = unit_of(object)) units.try_emplace(unit, origin);
        for (llvm::GlobalObject& object : module_.global_objects()) {
            if (object.isDeclaration()) continue;
            llvm::StringRef origin = origin_of(object);
            if (origin.empty())
                if (auto known = units.find(unit_of(object)); known != units.end()) origin = known->second;
            if (object.getName().starts_with("llvm.")) origin = "";
            size_t part = part_of_origin(origin);
            owner_[&object] = part;
            if (auto* function = llvm::dyn_cast<llvm::Function>(&object)) {
                sizes_[function] = function->getInstructionCount();
                parts_[part].instructions += sizes_[function];
                functions_of_[part].push_back(function);
            }
        }
    }

    // The linker has numbered equal names by the order of files: number them within their source.
    void rename_locals() {
        std::vector<std::pair<llvm::GlobalObject*, std::string>> locals;
        for (llvm::GlobalObject& object : module_.global_objects()) {
            if (object.isDeclaration() || !object.hasLocalLinkage()) continue;
            llvm::StringRef name = object.getName();
            while (!name.empty()) {
                auto [front, digits] = name.rsplit('.');
                if (front.empty() || digits.empty() || digits.find_first_not_of("0123456789") != llvm::StringRef::npos)
                    break;
                name = front;
            }
            // Those that the translator makes are numbered by itself.
            const std::string& origin = parts_[owner_[&object]].origin;
            if (origin.empty() && object.getName().starts_with("heddle")) name = object.getName();
            locals.emplace_back(&object, (name.empty() ? "local" : name.str()) + ".vm" + origin.substr(0, image_bytes));
        }
        for (auto& [object, name] : locals) object->setName("");
        std::unordered_map<std::string, unsigned> used;
        for (auto& [object, name] : locals)
            if (unsigned number = used[name]++)
                object->setName(name + "." + std::to_string(number));
            else
                object->setName(name);
    }

    bool can_copy(const llvm::Function& function) {
        if (function.isDeclaration() || function.isVarArg() || function.isInterposable() ||
            function.hasFnAttribute(llvm::Attribute::NoInline) ||
            function.hasFnAttribute(llvm::Attribute::OptimizeNone))
            return false;
        for (const llvm::BasicBlock& block : function)
            if (block.hasAddressTaken()) return false;
        return true;
    }

    void choose_copies(size_t part) {
        std::vector<std::pair<const llvm::Function*, double>> pending;
        std::unordered_map<const llvm::Function*, double> reached;
        std::unordered_set<const llvm::Function*> chosen;
        for (const llvm::Function* function : functions_of_[part])
            pending.emplace_back(function, inlining_ ? double{copy_limit} : 0);
        while (!pending.empty()) {
            auto [caller, limit] = pending.back();
            pending.pop_back();
            for (const llvm::Instruction& i : llvm::instructions(caller)) {
                auto* call = llvm::dyn_cast<llvm::CallBase>(&i);
                llvm::Function* callee = call ? call->getCalledFunction() : nullptr;
                if (!callee || callee->isDeclaration() || owner_.at(callee) == part) continue;
                bool always = callee->hasFnAttribute(llvm::Attribute::AlwaysInline);
                if (!always && static_cast<double>(sizes_[callee]) > limit) continue;
                auto known = reached.find(callee);
                if (known != reached.end() && known->second >= limit) continue;
                if (known == reached.end() && !can_copy(*callee)) continue;
                reached[callee] = limit;
                pending.emplace_back(callee, limit * limit_decay);
                if (!chosen.insert(callee).second) continue;
                copies_[part].push_back(callee);
                parts_[part].copied.insert(callee->getName());
                parts_[part].instructions += sizes_[callee];
            }
        }
    }

    // Each symbol that another part than its owner's mentions is made global.
    void export_references() {
        for (size_t part = 0; part < parts_.size(); part++) {
            std::unordered_set<const llvm::Constant*> seen;
            for (auto* list : {&functions_of_[part], &copies_[part]})
                for (const llvm::Function* function : *list)
                    for (const llvm::Instruction& i : llvm::instructions(function))
                        for (const llvm::Use& operand : i.operands())
                            if (auto* constant = llvm::dyn_cast<llvm::Constant>(operand)) mention(constant, part, seen);
            for (llvm::GlobalVariable& variable : module_.globals())
                if (variable.hasInitializer() && owner_.at(&variable) == part)
                    mention(variable.getInitializer(), part, seen);
            for (const llvm::Function* copy : copies_[part]) export_symbol(const_cast<llvm::Function*>(copy));
        }
    }

    void mention(const llvm::Constant* constant, size_t part, std::unordered_set<const llvm::Constant*>& seen) {
        if (llvm::isa<llvm::ConstantData>(constant) || !seen.insert(constant).second) return;
        if (auto* object = llvm::dyn_cast<llvm::GlobalObject>(constant)) {
            if (!object->isDeclaration() && owner_.at(object) != part)
                export_symbol(const_cast<llvm::GlobalObject*>(object));
            return;
        }
        for (const llvm::Use& operand : constant->operands())
            if (auto* inner = llvm::dyn_cast<llvm::Constant>(operand)) mention(inner, part, seen);
    }

    static void export_symbol(llvm::GlobalObject* object) {
        if (!object->hasLocalLinkage()) return;
        object->setLinkage(llvm::GlobalValue::ExternalLinkage);
        object->setVisibility(llvm::GlobalValue::HiddenVisibility);
        object->setDSOLocal(true);
    }

    llvm::Module& module_;
    bool inlining_;
    std::vector<partition> parts_;
    std::unordered_map<std::string, size_t> numbers_;
    std::unordered_map<const llvm::GlobalObject*, size_t> owner_;
    std::unordered_map<const llvm::Function*, uint64_t> sizes_;
    std::unordered_map<size_t, std::vector<const llvm::Function*>> functions_of_, copies_;
};

// Only the units of debug information that the part's code is in.
void keep_used_units(llvm::Module& module) {
    llvm::NamedMDNode* units = module.getNamedMetadata("llvm.dbg.cu");
    if (!units) return;
    llvm::DebugInfoFinder finder;
    for (llvm::Function& function : module) {
        if (llvm::DISubprogram* program = function.getSubprogram()) finder.processSubprogram(program);
        for (llvm::Instruction& i : llvm::instructions(function)) finder.processInstruction(module, i);
    }
    units->clearOperands();
    for (llvm::DICompileUnit* unit : finder.compile_units()) units->addOperand(unit);
    if (units->getNumOperands() == 0) units->eraseFromParent();
}

template <typename List> void remove_unused_declarations(List&& list) {
    for (auto& object : llvm::make_early_inc_range(list)) {
        object.removeDeadConstantUsers();
        if (object.isDeclaration() && object.use_empty()) object.eraseFromParent();
    }
}

} // namespace

void set_origin(llvm::Module& part, llvm::StringRef origin) {
    for (llvm::Function& function : part)
        if (!function.isDeclaration()) function.addFnAttr(origin_attribute, origin);
    for (llvm::GlobalVariable& variable : part.globals())
        if (!variable.isDeclaration()) variable.addAttribute(origin_attribute, origin);
}

std::vector<partition> divide(llvm::Module& module, bool inlining) { return divider(module, inlining).run(); }

llvm::Error extract(llvm::Module& module, const partition& wanted) {
    for (llvm::Function& function : module) {
        if (function.isDeclaration()) continue;
        bool is_copy = wanted.copied.contains(function.getName());
        if (!is_copy && !wanted.owned.contains(function.getName())) {
            function.deleteBody();
            continue;
        }
        if (llvm::Error error = function.materialize()) return error;
        if (!is_copy) continue;
        // Lines of another source change with it, and would change this part.
        llvm::stripDebugInfo(function);
        function.setLinkage(llvm::GlobalValue::AvailableExternallyLinkage);
    }
    for (llvm::GlobalVariable& variable : llvm::make_early_inc_range(module.globals())) {
        if (variable.isDeclaration() || wanted.owned.contains(variable.getName())) continue;
        if (variable.hasAppendingLinkage()) {
            variable.eraseFromParent();
            continue;
        }
        variable.setInitializer(nullptr);
        variable.setLinkage(llvm::GlobalValue::ExternalLinkage);
        variable.clearMetadata();
    }
    if (llvm::Error error = module.materializeAll()) return error;
    if (!wanted.origin.empty()) module.setModuleInlineAsm("");
    remove_unused_declarations(module.globals());
    remove_unused_declarations(module.functions());
    keep_used_units(module);
    return llvm::Error::success();
}

} // namespace heddle::translator
