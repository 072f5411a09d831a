// Making descriptors: see descriptor_table.h.
#include "descriptor_table.h"
#include "../diagnostics.h"
#include <llvm/IR/Constants.h>
#include <llvm/IR/DerivedTypes.h>
#include <llvm/IR/GlobalVariable.h>

namespace heddle::translator::codewriter {

using jit::kind;

kind kind_of_type(const llvm::Type* type) {
    if (type->isPointerTy()) return kind::pointer;
    if (type->isDoubleTy()) return kind::floating;
    if (type->isIntegerTy() && type->getIntegerBitWidth() <= 64) return kind::integer;
    return kind::none;
}

jit::slot_shape shape_of_type(const llvm::Type* type, unsigned pointer_size) {
    kind k = kind_of_type(type);
    jit::slot_shape shape{k, 8, true, false};
    if (k == kind::none) shape.size = 0;
    if (k == kind::pointer) shape.size = static_cast<uint8_t>(pointer_size);
    if (k == kind::integer) {
        unsigned bits = type->getIntegerBitWidth();
        shape.size = bits == 8 || bits == 16 || bits == 32 || bits == 64 ? static_cast<uint8_t>(bits / 8) : 0;
    }
    return shape;
}

namespace {

std::string shape_name(const jit::slot_shape& s) {
    return s.slot_kind == kind::pointer ? "p" : s.slot_kind == kind::floating ? "f" : "i" + std::to_string(s.size * 8);
}

std::string global_name(const llvm::GlobalVariable& variable, int64_t offset) {
    std::string name = demangle(variable.getName().str());
    return offset ? name + "+" + std::to_string(offset) : name;
}

} // namespace

uint32_t symbol_table::number_of(const llvm::Constant* constant) {
    auto [found, fresh] = numbers_.try_emplace(constant, static_cast<uint32_t>(constants_.size()));
    if (!fresh) return found->second;
    constants_.push_back(constant);
    std::string name;
    if (auto* global = llvm::dyn_cast<llvm::GlobalValue>(constant))
        name = demangle(global->getName().str());
    else if (auto* base = llvm::dyn_cast<llvm::GlobalValue>(constant->stripInBoundsOffsets()))
        name = demangle(base->getName().str()) + "+...";
    else
        name = "address";
    program_.symbols.push_back(name);
    return found->second;
}

template <class D> D& descriptor_table::start(std::deque<D>& table, jit::descr_type type, std::string name) {
    D& d = table.emplace_back();
    static_cast<jit::descr&>(d).type = type;
    d.index = static_cast<uint32_t>(program_.descrs.size());
    d.name = std::move(name);
    program_.descrs.push_back(&d);
    return d;
}

uint32_t descriptor_table::field(const gc_field& f) {
    auto [found, fresh] = fields_.try_emplace(&f, no_descr);
    if (!fresh) return found->second;
    jit::slot_shape shape = f.type ? shape_of_type(f.type, pointer_size_) : jit::slot_shape{kind::none, 0, true, false};
    if (shape.size == 0 || shape.size != f.size) return no_descr;
    shape.is_reference = holds_reference(f.slot);
    jit::field_descr& d = start(program_.fields, jit::descr_type::field, f.owner->name + "." + f.name);
    d.shape = shape;
    d.offset = f.offset;
    d.immutable = f.immutable;
    d.quasi_immutable = f.quasi_immutable;
    d.virtualizable = f.virtualizable;
    descr_symbols_.push_back({d.index, symbols_.number_of(f.owner->type_info)});
    return found->second = d.index;
}

uint32_t descriptor_table::array(const array_shape& a) {
    auto [found, fresh] = arrays_.try_emplace(&a, no_descr);
    if (!fresh) return found->second;
    jit::slot_shape shape =
        a.item_type ? shape_of_type(a.item_type, pointer_size_) : jit::slot_shape{kind::none, 0, true, false};
    if (shape.size == 0 || shape.size != a.item_size) return no_descr;
    shape.is_reference = holds_reference(a.slot);
    jit::array_descr& d = start(program_.arrays, jit::descr_type::array, a.name);
    d.shape = shape;
    d.items_offset = a.items_offset;
    d.length_offset = a.length_offset;
    d.immutable = a.immutable;
    d.virtualizable = a.virtualizable;
    descr_symbols_.push_back({d.index, symbols_.number_of(a.owner->type_info)});
    return found->second = d.index;
}

uint32_t descriptor_table::size(const gc_class& c) {
    auto [found, fresh] = sizes_.try_emplace(&c, no_descr);
    if (!fresh) return found->second;
    jit::size_descr& d = start(program_.sizes, jit::descr_type::size, c.name);
    descr_symbols_.push_back({d.index, symbols_.number_of(c.type_info)});
    return found->second = d.index;
}

uint32_t descriptor_table::raw(const llvm::Type* type) {
    jit::slot_shape shape = shape_of_type(type, pointer_size_);
    if (shape.size == 0) return no_descr;
    auto [found, fresh] = raw_.try_emplace({shape.slot_kind, shape.size}, no_descr);
    if (!fresh) return found->second;
    jit::raw_descr& d = start(program_.raws, jit::descr_type::raw, "raw " + shape_name(shape));
    d.shape = shape;
    raws_.push_back(d.index);
    return found->second = d.index;
}

uint32_t descriptor_table::global(const llvm::GlobalVariable& variable, int64_t offset, const llvm::Type* type) {
    jit::slot_shape shape = shape_of_type(type, pointer_size_);
    if (shape.size == 0 || offset < 0) return no_descr;
    auto [found, fresh] = globals_.try_emplace({&variable, offset, shape.slot_kind, shape.size}, no_descr);
    if (!fresh) return found->second;
    jit::field_descr& d = start(program_.fields, jit::descr_type::field, global_name(variable, offset));
    d.shape = shape;
    d.offset = static_cast<uint32_t>(offset);
    d.owner_is_global = true;
    return found->second = d.index;
}

uint32_t descriptor_table::constant_memory(const llvm::Type* type) {
    jit::slot_shape shape = shape_of_type(type, pointer_size_);
    if (shape.size == 0) return no_descr;
    auto [found, fresh] = constant_memory_.try_emplace({shape.slot_kind, shape.size}, no_descr);
    if (!fresh) return found->second;
    jit::field_descr& d = start(program_.fields, jit::descr_type::field, "constant memory " + shape_name(shape));
    d.shape = shape;
    d.immutable = true;
    d.owner_is_global = true;
    return found->second = d.index;
}

jit::slot_shape descriptor_table::shape(uint32_t descr) const {
    const jit::descr* d = program_.descrs[descr];
    if (d->type == jit::descr_type::field) return static_cast<const jit::field_descr*>(d)->shape;
    if (d->type == jit::descr_type::array) return static_cast<const jit::array_descr*>(d)->shape;
    return static_cast<const jit::raw_descr*>(d)->shape;
}

uint32_t descriptor_table::call(const jit::call_descr& like, const llvm::Constant* thunk) {
    const jit::effect_info& e = like.effects;
    std::string key = like.argument_kinds + '>' + jit::kind_letter(like.result);
    for (bool flag :
         {e.elidable, e.loop_invariant, e.may_collect, e.may_run_portal, e.writes_anything, e.reads_thread_root})
        key += flag ? '1' : '0';
    if (!e.writes_anything) {
        for (uint32_t r : e.reads) key += 'r' + std::to_string(r);
        for (uint32_t w : e.writes) key += 'w' + std::to_string(w);
    }
    auto [found, fresh] = calls_.try_emplace(key, no_descr);
    if (!fresh) return found->second;
    std::string name = "call " + like.argument_kinds + ">" + jit::kind_letter(like.result);
    if (e.elidable) name += " elidable";
    if (e.loop_invariant) name += " loop_invariant";
    if (!e.writes_anything && e.writes.empty() && !e.elidable) name += e.reads.empty() ? " pure" : " reads";
    if (!e.writes_anything && !e.writes.empty()) name += " writes " + std::to_string(e.writes.size());
    jit::call_descr& d =
        start(program_.calls, jit::descr_type::call, name + " #" + std::to_string(program_.descrs.size()));
    d.argument_kinds = like.argument_kinds;
    d.result = like.result;
    d.effects = like.effects;
    if (thunk) descr_symbols_.push_back({d.index, symbols_.number_of(thunk)});
    return found->second = d.index;
}

} // namespace heddle::translator::codewriter
