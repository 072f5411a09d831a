// Reads the GC classes out of the module. See class_layouts.h.
#include "../class_layouts.h"
#include "../diagnostics.h"
#include "../driver/class_tags.h"
#include "../type_info_layout.h"
#include "llvm/Demangle/Demangle.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DataLayout.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Operator.h"
#include <algorithm>
#include <map>

namespace heddle::translator {

bool gc_class::derives_from(const gc_class* other) const {
    for (const gc_class* c = this; c; c = c->base)
        if (c == other) return true;
    return false;
}

class_layouts::class_layouts() = default;
class_layouts::class_layouts(class_layouts&&) noexcept = default;
class_layouts& class_layouts::operator=(class_layouts&&) noexcept = default;
class_layouts::~class_layouts() = default;

namespace {

// The scalar at a byte offset of a type; null when there is none or it is not a scalar.
llvm::Type* scalar_at(llvm::Type* type, uint64_t offset, const llvm::DataLayout& layout) {
    while (true) {
        if (auto* structure = llvm::dyn_cast<llvm::StructType>(type)) {
            const llvm::StructLayout* places = layout.getStructLayout(structure);
            if (offset >= places->getSizeInBytes() || structure->getNumElements() == 0) return nullptr;
            unsigned element = places->getElementContainingOffset(offset);
            offset -= places->getElementOffset(element);
            type = structure->getElementType(element);
        } else if (auto* array = llvm::dyn_cast<llvm::ArrayType>(type)) {
            type = array->getElementType();
            uint64_t size = layout.getTypeAllocSize(type);
            if (size == 0) return nullptr;
            offset %= size;
        } else {
            return offset == 0 ? type : nullptr;
        }
    }
}

// "heddle::array<heddle::member<python::W_Object>, python::frame_slots_tag>" -> "array<member<W_Object>, frame_slots>"
std::string short_name(llvm::StringRef name) {
    std::string text;
    size_t word = 0;
    for (char c : name) {
        if (c == ':') {
            text.resize(word);
            continue;
        }
        if (c == '>' && llvm::StringRef(text).ends_with(", void")) text.resize(text.size() - 6); // no tag
        if (c == '>' && llvm::StringRef(text).ends_with("_tag")) text.resize(text.size() - 4);
        if (c == '>' && text.ends_with(' ')) text.pop_back();
        text += c;
        if (c == '<' || c == ' ') word = text.size();
    }
    return text;
}

llvm::StringRef constant_text(const llvm::Value* pointer) {
    auto* global = llvm::dyn_cast<llvm::GlobalVariable>(pointer->stripPointerCasts());
    auto* data = global && global->hasInitializer() ? llvm::dyn_cast<llvm::ConstantDataArray>(global->getInitializer())
                                                    : nullptr;
    return data && data->isCString() ? data->getAsCString() : "";
}

uint32_t number(const llvm::Value* value) {
    auto* constant = llvm::dyn_cast<llvm::ConstantInt>(value);
    return constant ? static_cast<uint32_t>(constant->getZExtValue()) : 0;
}

} // namespace

const gc_class* class_layouts::by_type_info(const llvm::Value* type_info) const {
    auto i = by_type_info_.find(type_info);
    return i == by_type_info_.end() ? nullptr : i->second;
}
const gc_class* class_layouts::by_structure(const llvm::Type* structure) const {
    std::optional<uint64_t> tag = class_tag(structure);
    if (!tag) return nullptr;
    auto i = by_tag_.find(*tag);
    return i == by_tag_.end() ? nullptr : i->second;
}
const gc_class* class_layouts::by_vtable(const llvm::Value* vtable) const {
    auto i = by_vtable_.find(vtable);
    return i == by_vtable_.end() ? nullptr : i->second;
}

const gc_field* class_layouts::field_at(const gc_class& start, uint64_t offset) const {
    for (const gc_class* c = &start; c; c = c->base)
        for (auto& field : c->fields)
            if (offset >= field.offset && offset < field.offset + field.size) return &field;
    return nullptr;
}

const array_shape* class_layouts::shape_of_structure(const llvm::Type* type) const {
    std::optional<uint64_t> tag = class_tag(type);
    auto i = tag ? shapes_by_tag_.find(*tag) : shapes_by_tag_.end();
    return i == shapes_by_tag_.end() ? nullptr : i->second;
}

// Fills a class_layouts.
class layout_reader {
public:
    layout_reader(llvm::Module& module, class_layouts& layouts, diagnostics& problems)
        : module_(module), layouts_(layouts), problems_(problems) {}

    void read() {
        layouts_.data_layout_ = &module_.getDataLayout();
        read_type_infos();
        for (llvm::CallInst* call : calls_of("heddle_marker_class")) read_class(*call);
        for (llvm::CallInst* call : calls_of("heddle_marker_field")) read_field(*call);
        for (llvm::CallInst* call : calls_of("heddle_marker_array")) read_array(*call);
        for (llvm::CallInst* call : calls_of("heddle_marker_virtualizable")) read_virtualizable(*call);
        for (gc_class& c : layouts_.classes_)
            std::sort(c.fields.begin(), c.fields.end(), [](auto& a, auto& b) { return a.offset < b.offset; });
        read_field_annotations();
        number_classes();
    }

private:
    std::vector<llvm::CallInst*> calls_of(llvm::StringRef name) {
        std::vector<llvm::CallInst*> calls;
        if (llvm::Function* function = module_.getFunction(name))
            for (llvm::User* user : function->users())
                if (auto* call = llvm::dyn_cast<llvm::CallInst>(user)) calls.push_back(call);
        return calls;
    }

    void read_type_infos() {
        for (llvm::GlobalVariable& global : module_.globals()) {
            std::string name = class_name_of_type_info(global);
            if (name.empty() || !global.hasInitializer()) continue;
            layouts_.classes_.emplace_back();
            gc_class& c = layouts_.classes_.back();
            c.name = name;
            c.type_info = &global;
            c.size = static_cast<uint32_t>(type_info_number(global, type_info_member::fixed_size));
            c.has_finalizer = type_info_number(global, type_info_member::has_finalizer) != 0;
            c.is_weak = type_info_number(global, type_info_member::is_weak) != 0;
            layouts_.by_type_info_[&global] = &c;
            llvm::Constant* vtable = type_info_word(global, type_info_member::vtable);
            llvm::APInt offset(64, 0);
            llvm::Value* table = vtable->stripAndAccumulateConstantOffsets(module_.getDataLayout(), offset, true);
            if (auto* variable = llvm::dyn_cast<llvm::GlobalVariable>(table)) {
                c.vtable = variable;
                layouts_.by_vtable_[variable] = &c;
            }
        }
        for (gc_class& c : layouts_.classes_) {
            llvm::Constant* base = type_info_word(*c.type_info, type_info_member::base);
            if (auto i = layouts_.by_type_info_.find(base->stripPointerCasts()); i != layouts_.by_type_info_.end())
                c.base = i->second;
        }
    }

    gc_class* class_of(llvm::CallInst& call) {
        auto i = layouts_.by_type_info_.find(call.getArgOperand(0)->stripPointerCasts());
        return i == layouts_.by_type_info_.end() ? nullptr : i->second;
    }

    void read_class(llvm::CallInst& call) {
        gc_class* c = class_of(call);
        auto* gep = llvm::dyn_cast<llvm::GEPOperator>(call.getArgOperand(1)->stripPointerCasts());
        auto* structure = gep ? llvm::dyn_cast<llvm::StructType>(gep->getSourceElementType()) : nullptr;
        if (!c || !structure) return;
        c->structure = structure;
        c->describe = call.getFunction();
        if (std::optional<uint64_t> tag = class_tag(structure)) layouts_.by_tag_[*tag] = c;
    }

    void read_field(llvm::CallInst& call) {
        gc_class* c = class_of(call);
        if (!c) return;
        gc_field field;
        field.name = constant_text(call.getArgOperand(1)).str();
        field.owner = c;
        field.offset = number(call.getArgOperand(2));
        field.size = number(call.getArgOperand(3));
        field.slot = static_cast<slot_type>(number(call.getArgOperand(4)));
        field.immutable = is_constant(field.slot);
        if (c->structure) {
            llvm::Type* scalar = scalar_at(c->structure, field.offset, module_.getDataLayout());
            if (scalar && module_.getDataLayout().getTypeStoreSize(scalar) == field.size) field.type = scalar;
        }
        c->fields.push_back(field);
    }

    // heddle_marker_array(type_info, self, &self->items_[1], is_reference, is_constant, is_immutable)
    void read_array(llvm::CallInst& call) {
        gc_class* c = class_of(call);
        if (!c || c->array) return;
        auto* gep = llvm::dyn_cast<llvm::GEPOperator>(call.getArgOperand(2)->stripPointerCasts());
        std::optional<uint64_t> tag;
        while (gep && !(tag = class_tag(gep->getSourceElementType())))
            gep = llvm::dyn_cast<llvm::GEPOperator>(gep->getPointerOperand()->stripPointerCasts());
        if (!tag) return;
        auto* structure = llvm::cast<llvm::StructType>(gep->getSourceElementType());
        llvm::Type* item = structure->getElementType(1)->getArrayElementType();
        const llvm::DataLayout& layout = module_.getDataLayout();
        array_shape& shape = layouts_.shapes_.emplace_back();
        shape.owner = c;
        bool reference = number(call.getArgOperand(3)) != 0, constant = number(call.getArgOperand(4)) != 0;
        shape.slot = constant    ? reference ? slot_type::constant_reference : slot_type::constant_data
                     : reference ? slot_type::reference
                                 : slot_type::data;
        shape.immutable = constant || number(call.getArgOperand(5)) != 0;
        shape.item_size = static_cast<uint32_t>(layout.getTypeAllocSize(item));
        shape.item_type = scalar_at(item, 0, layout);
        shape.items_offset = static_cast<uint32_t>(layout.getStructLayout(structure)->getElementOffset(1));
        shape.name = short_name(c->name);
        c->array = layouts_.shapes_by_tag_[*tag] = &shape;
        c->describe = call.getFunction();
    }

    // heddle_marker_virtualizable(type_info, offset of the field, type_info of the array): HEDDLE_VIRTUALIZABLE
    void read_virtualizable(llvm::CallInst& call) {
        gc_class* c = class_of(call);
        auto array = layouts_.by_type_info_.find(call.getArgOperand(2)->stripPointerCasts());
        auto* field = c ? const_cast<gc_field*>(layouts_.field_at(*c, number(call.getArgOperand(1)))) : nullptr;
        if (!field || array == layouts_.by_type_info_.end() || !array->second->array)
            return problems_.error(place_of(call), "HEDDLE_VIRTUALIZABLE names a field that HEDDLE_GC_CLASS does not",
                                   "list the field in the class's HEDDLE_GC_CLASS");
        field->virtualizable = true;
        const_cast<array_shape*>(array->second->array)->virtualizable = true;
    }

    // [[clang::annotate]] on a member shows at each access as a call of llvm.ptr.annotation; which are removed here.
    void read_field_annotations() {
        std::vector<llvm::IntrinsicInst*> calls;
        for (llvm::Function& function : module_)
            if (function.getIntrinsicID() == llvm::Intrinsic::ptr_annotation)
                for (llvm::User* user : function.users()) calls.push_back(llvm::cast<llvm::IntrinsicInst>(user));
        for (llvm::IntrinsicInst* call : calls) {
            llvm::StringRef text = constant_text(call->getArgOperand(1));
            if (text.starts_with("heddle.")) annotate_field(*call, text);
            call->replaceAllUsesWith(call->getArgOperand(0));
            call->eraseFromParent();
        }
    }

    void annotate_field(llvm::IntrinsicInst& call, llvm::StringRef text) {
        auto* gep = llvm::dyn_cast<llvm::GEPOperator>(call.getArgOperand(0)->stripPointerCasts());
        const gc_class* c = gep ? layouts_.by_structure(gep->getSourceElementType()) : nullptr;
        llvm::APInt offset(64, 0);
        if (!c || !gep->accumulateConstantOffset(module_.getDataLayout(), offset)) return;
        auto* field = const_cast<gc_field*>(layouts_.field_at(*c, offset.getZExtValue()));
        if (!field) return;
        if (text == "heddle.immutable")
            field->immutable = true;
        else if (text == "heddle.quasi_immutable")
            field->quasi_immutable = true;
        else
            problems_.error(place_of(call), "unknown hint '" + text.str() + "' on " + c->name + "::" + field->name,
                            "use HEDDLE_IMMUTABLE or HEDDLE_QUASI_IMMUTABLE");
    }

    // Pre-order over the class tree, roots and siblings by name, so that builds are reproducible.
    void number_classes() {
        std::map<const gc_class*, std::vector<gc_class*>> derived;
        for (gc_class& c : layouts_.classes_) derived[c.base].push_back(&c);
        for (auto& [base, list] : derived)
            std::sort(list.begin(), list.end(), [](auto* a, auto* b) {
                return std::pair(a->name, a->type_info->getName()) < std::pair(b->name, b->type_info->getName());
            });
        uint32_t next = 1;
        auto visit = [&](auto& self, gc_class* c) -> void {
            c->id = next++;
            for (gc_class* child : derived[c]) self(self, child);
            c->last_id = next - 1;
        };
        for (gc_class* root : derived[nullptr]) visit(visit, root);
    }

    llvm::Module& module_;
    class_layouts& layouts_;
    diagnostics& problems_;
};

class_layouts class_layouts::collect(llvm::Module& module, diagnostics& problems) {
    class_layouts layouts;
    layout_reader(module, layouts, problems).read();
    return layouts;
}

} // namespace heddle::translator
