// Trace operations in jitcode: executed, folded when their result is known, recorded else. See metainterp.h.
//
// Most of an interpreter's work, from decoding an instruction to finding its handler, is on constants, and most of the
// rest is in the heap cache: one operation in eight is recorded. So each has a piece of code of its own.
#include "ir/execute.h"
#include "metainterp/descr_kind.h"
#include "metainterp/metainterp.h"

namespace heddle::jit {

namespace {

bool is_slot_read(opcode op) { return op == opcode::getfield || op == opcode::getarrayitem || op == opcode::arraylen; }

bool is_immutable(opcode op, const descr* d) {
    if (op == opcode::arraylen) return true;
    if (op == opcode::getfield) return static_cast<const field_descr*>(d)->immutable;
    return op == opcode::getarrayitem && static_cast<const array_descr*>(d)->immutable;
}

} // namespace

// Is the result known without recording anything? 'result' has its word; sets its reference (none: a constant).
[[gnu::always_inline]] inline bool metainterp::fold_or_forward(opcode op, const descr* d, const word* words,
                                                               const value_ref* a, boxed& result) {
    switch (op) {
    case opcode::same_as_i:
    case opcode::same_as_p:
    case opcode::same_as_f: result.reference = a[0]; return true;
    case opcode::ptr_is_null:
    case opcode::ptr_is_nonnull: return cache_.has(a[0], heap_cache::nonnull);
    case opcode::ptr_eq:
    case opcode::ptr_ne: return !a[0].is_none() && a[0] == a[1];
    case opcode::load_class: return cache_.has(a[0], heap_cache::class_known);
    default: break;
    }
    if (!is_slot_read(op)) return false;
    bool immutable = is_immutable(op, d);
    int64_t item = heap_cache::field_item;
    if (op == opcode::arraylen) item = heap_cache::length_item;
    if (op == opcode::getarrayitem) {
        if (!a[1].is_none()) return false;
        item = static_cast<int64_t>(words[1]);
    }
    if (immutable && a[0].is_none()) return true;
    boxed object{words[0], a[0], kind::pointer};
    value_ref known = cache_.find(intern(object), d, item, immutable);
    if (known.is_none())
        return op == opcode::getfield &&
               fold_quasi_immutable(*static_cast<const field_descr*>(d), object, result.value);
    if (!known.is_constant()) {
        if (cache_.has(known, heap_cache::constant)) known = {};
        result.reference = known;
        return true;
    }
    return recorded_.constants[known.index()].value == result.value; // else the heap has changed behind our back
}

template <opcode op> [[gnu::always_inline]] inline void metainterp::run_operation(const uint32_t* code) {
    constexpr operation_layout layout = operation_layouts[static_cast<int>(op)];
    if constexpr (layout.is_executable) {
        const descr* d = layout.has_descr ? runtime_.prog->descrs[code[1 + layout.arguments]] : nullptr;
        word words[layout.arguments + 1];
        value_ref references[layout.arguments + 1];
        bool all_constant = true;
        for (uint32_t i = 0; i < layout.arguments; ++i) {
            const boxed argument = fetch(code[1 + i]);
            words[i] = argument.value;
            references[i] = argument.reference;
            all_constant = all_constant && argument.is_constant();
        }
        bool overflow = false;
        boxed result{execute(op, d, words, overflow), {}, kind::none};
        bool folds = (all_constant && layout.is_pure) || fold_or_forward(op, d, words, references, result);
        if (!folds) result.reference = record_executed(op, d, words, references, layout.arguments);
        if (layout.has_result) store(code[layout.words - 1], result);
        f_->pc += layout.words;
    } else {
        give_up(abort_reason::internal);
    }
}

template <opcode op> void metainterp::handle_operation(metainterp& self, const uint32_t* code) {
    self.run_operation<op>(code);
}

const metainterp::operation_handler metainterp::operation_handlers[] = {
#define OPERATION(name, arguments, result, flags) &metainterp::handle_operation<opcode::name>,
#include "heddle/jit/operations.def"
#undef OPERATION
};

// An operation that has just been executed, 'references' none for constants.
value_ref metainterp::record_executed(opcode op, const descr* d, const word* words, const value_ref* references,
                                      uint32_t count) {
    const std::string_view letters = info(op).arguments;
    value_ref interned[most_operation_arguments];
    for (uint32_t i = 0; i < count; ++i) {
        kind k = letters[i] == '*' ? value_kind(*d) : kind_of_letter(letters[i]);
        interned[i] = intern({words[i], references[i], k});
    }
    value_ref result = recorded_.add(op, std::span<const value_ref>(interned, count), d);
    note_effects(op, d, words, interned, result);
    return result;
}

// A field that rarely changes, of a constant object: a constant, as long as nobody writes the field (and nobody has
// written it again and again). The guard stands here, where the field is read.
bool metainterp::fold_quasi_immutable(const field_descr& field, const boxed& object, word value) {
    if (!field.quasi_immutable || !object.is_constant() || f_->last_live + 2 != f_->pc) return false;
    if (!runtime_.invalidations.is_stable(field_dependency{object.value, &field}.slot())) return false;
    boxed constant{value, {}, field.shape.slot_kind};
    record(opcode::quasi_immutable_field, {object, constant}, &field);
    guard(opcode::guard_not_invalidated, {}, f_->last_live, never_bridge);
    cache_.put(intern(object), &field, heap_cache::field_item, intern(constant));
    return true;
}

void metainterp::note_effects(opcode op, const descr* d, const word* words, const value_ref* a, value_ref result) {
    switch (op) {
    case opcode::getfield: cache_.put(a[0], d, heap_cache::field_item, result); break;
    case opcode::arraylen: cache_.put(a[0], d, heap_cache::length_item, result); break;
    case opcode::getarrayitem:
        if (a[1].is_constant()) cache_.put(a[0], d, static_cast<int64_t>(words[1]), result);
        break;
    case opcode::setfield: cache_.stored(a[0], d, heap_cache::field_item, a[1], true); break;
    case opcode::setarrayitem: cache_.stored(a[0], d, static_cast<int64_t>(words[1]), a[2], a[1].is_constant()); break;
    case opcode::copy_array: cache_.invalidate(d->index); break;
    case opcode::new_object:
        cache_.note(result, heap_cache::fresh | heap_cache::class_known | heap_cache::nonnull);
        break;
    case opcode::new_array:
        cache_.note(result, heap_cache::fresh | heap_cache::class_known | heap_cache::nonnull);
        cache_.put(result, d, heap_cache::length_item, a[0]);
        break;
    case opcode::ptr_add:
    case opcode::ptr_to_int: cache_.escape(a[0]); break;
    case opcode::raw_store: cache_.escape(a[2]); break;
    default: break;
    }
}

} // namespace heddle::jit
