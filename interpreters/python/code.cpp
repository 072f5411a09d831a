// Code objects from the front end's code units.
#include "interpreter.h"

namespace heddle::python {

namespace {

std::vector<std::shared_ptr<const code_unit>>& kept_units() {
    static std::vector<std::shared_ptr<const code_unit>> units; // code lives as long as the process
    return units;
}

W_Object* make_constant(const constant& c) {
    switch (c.kind) {
    case constant_kind::none: return none();
    case constant_kind::ellipsis: return ellipsis();
    case constant_kind::boolean: return boolean(c.integer != 0);
    case constant_kind::integer: return make_int(c.integer);
    case constant_kind::big_integer: return parse_big_decimal(c.text);
    case constant_kind::floating: return make_float(c.floating);
    case constant_kind::string: {
        W_Str* text = make_str(c.text);
        if (text->narrow && text->length() < 40) {
            bool is_name = true;
            for (long i = 0; i < text->length(); i++)
                is_name &= isalnum(static_cast<int>(text->at(i))) || text->at(i) == '_';
            if (is_name) return intern(text);
        }
        return text;
    }
    case constant_kind::bytes: return make_bytes(c.text.data(), static_cast<long>(c.text.size()));
    case constant_kind::tuple: {
        auto* items = make_array<object_array>(static_cast<long>(c.items.size()));
        for (long i = 0; i < items->length(); i++) items->set(i, make_constant(c.items[i]));
        return make<W_Tuple>(items);
    }
    case constant_kind::code: return make_code(c.code);
    }
    return none();
}

} // namespace

// Do traces go on inside the generator when they ask it for an item? A trace holds for one place at which the generator
// stands. Recursive generators with many such places would need a trace for each combination of them.
static bool has_few_yields(const code_unit& unit) {
    long yields = 0;
    for (uint32_t word : unit.instructions) {
        if (opcode_of(word) == opcode::SEND) return false;
        yields += opcode_of(word) == opcode::YIELD_VALUE;
    }
    return yields <= 2;
}

W_Code* make_code(const std::shared_ptr<const code_unit>& unit) {
    kept_units().push_back(unit);
    auto* constants = make_array<object_array>(static_cast<long>(unit->constants.size()));
    for (long i = 0; i < constants->length(); i++) constants->set(i, make_constant(unit->constants[i]));
    auto* names = make_array<object_array>(static_cast<long>(unit->names.size()));
    for (long i = 0; i < names->length(); i++) names->set(i, intern(make_str(unit->names[i])));
    long count = static_cast<long>(unit->instructions.size());
    auto* words = make_array_copy<code_words>(unit->instructions.data(), count);
    auto* caches = make_array<heddle::array<member<InlineCache>>>(count);
    return make<W_Code>(words, constants, names, caches, unit.get(), intern(make_str(unit->name)),
                        intern(make_str(unit->qualname)), unit->is_generator && has_few_yields(*unit));
}

HEDDLE_ELIDABLE long code_handler(W_Code* code, long instruction) {
    const std::vector<exception_entry>& table = code->unit->exception_table;
    auto at = static_cast<uint32_t>(instruction);
    size_t low = 0, high = table.size();
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (table[middle].start <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 || at >= table[low - 1].end ? -1 : static_cast<long>(low - 1);
}
HEDDLE_ELIDABLE long handler_instruction(W_Code* code, long handler) {
    return static_cast<long>(code->unit->exception_table[static_cast<size_t>(handler)].handler);
}
HEDDLE_ELIDABLE long handler_depth(W_Code* code, long handler) {
    return static_cast<long>(code->unit->exception_table[static_cast<size_t>(handler)].depth);
}

long code_line(W_Code* code, long instruction) {
    const auto& positions = code->unit->positions;
    if (instruction < 0 || instruction >= static_cast<long>(positions.size())) return code->unit->first_line;
    for (; instruction >= 0; instruction--)
        if (positions[instruction].line) return positions[instruction].line;
    return code->unit->first_line;
}

} // namespace heddle::python
