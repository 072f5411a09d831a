// Code: what a CompiledMethod is decoded into before it first runs.
#include "decoder.h"
#include "frame.h"
#include "primitives.h"
#include "settings.h"
#include <algorithm>
#include <cstdio>

namespace heddle::smalltalk {

namespace {
constexpr uint8_t v3_special_arguments[32] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                              1, 2, 0, 0, 1, 0, 1, 0, 1, 0, 1, 1, 0, 1, 0, 0};

bool is_sista(long header) { return traits.spur && header < 0; }

struct constants_view {
    slots_array* literals;
};
long integer_constant(void* data, long index) {
    W_Object* o = static_cast<constants_view*>(data)->literals->get(index + 1);
    return is_int(o) && int_value(o) >= 0 && int_value(o) < 256 ? int_value(o) : -1;
}

// Integers that are pushed become constants, so that the interpreter boxes none: each different one gets an index.
std::vector<long> take_out_integers(std::vector<decoded>& code, long first_index) {
    std::vector<long> integers;
    for (decoded& one : code) {
        if (one.what != PUSH_INTEGER) continue;
        auto known = std::find(integers.begin(), integers.end(), one.b) - integers.begin();
        if (known == static_cast<long>(integers.size())) integers.push_back(one.b);
        one = {PUSH_CONSTANT, first_index + known, 0, one.position};
    }
    return integers;
}

// Selectors of special sends are appended to the literals; a of each such instruction becomes its index there.
slots_array* make_constants(W_Method* method, std::vector<decoded>& code) {
    long literals = method->literals->length() - 1;
    long index_of_special[32];
    std::vector<long> specials;
    for (long& index : index_of_special) index = -1;
    for (decoded& one : code) {
        if (one.a < special_base) continue;
        long number = one.a - special_base;
        if (index_of_special[number] < 0) {
            index_of_special[number] = literals + static_cast<long>(specials.size());
            specials.push_back(number);
        }
        one.a = index_of_special[number];
    }
    std::vector<long> integers = take_out_integers(code, literals + static_cast<long>(specials.size()));
    W_Object* selectors = special_at(special_selectors);
    slots_array* all = make_array<slots_array>(literals + static_cast<long>(specials.size() + integers.size()));
    for (long i = 0; i < literals; i++) all->set(i, method->literals->get(i + 1));
    for (size_t i = 0; i < specials.size(); i++)
        all->set(literals + static_cast<long>(i),
                 has_slots(selectors, specials[i] * 2 + 1) ? slot(selectors, specials[i] * 2) : nil());
    for (size_t i = 0; i < integers.size(); i++)
        all->set(literals + static_cast<long>(specials.size() + i), make_int(integers[i]));
    return all;
}
} // namespace

const char* instruction_name(long operation) {
    return operation >= 0 && operation < operation_count ? operation_names[operation] : "?";
}

bool header_value(W_Object* o, long& header) {
    int64_t value;
    if (is_int(o)) {
        header = int_value(o);
    } else if (wide_value(o, value)) {
        // Of a 64-bit image, whose SmallInteger does not fit here: its sign, and the bits that say something.
        constexpr long said = (1L << 30) - 1;
        header = static_cast<long>(value & said) | (value < 0 ? ~said : 0);
    } else {
        return false;
    }
    return true;
}
long method_header(W_Method* method) {
    long header;
    return header_value(method->literals->get(0), header) ? header : 0;
}
long method_literal_count(long header) { return traits.spur ? header & 0x7fff : header >> 9 & 0xff; }
long method_argument_count(long header) { return header >> 24 & 15; }
long method_temporary_count(long header) { return header >> 18 & 63; }
long method_primitive(W_Method* method) {
    long header = method_header(method);
    if (!traits.spur) return (header & 0x1ff) | (header >> 19 & 0x200);
    if (!(header & 0x10000) || method->bytes->length() < 3) return 0;
    return method->bytes->get(1) | method->bytes->get(2) << 8;
}

Code* code_of(W_Method* method, W_Class* owner) {
    if (method->code) return method->code;
    long header = method_header(method);
    byte_array* bytes = method->bytes;
    bytecode_set set = is_sista(header) ? bytecode_set::sista : bytecode_set::v3;
    std::vector<decoded> code = decode(bytes->items_to_read(0, bytes->length()), static_cast<size_t>(bytes->length()),
                                       set, v3_special_arguments);
    constants_view view{method->literals};
    long temporaries = method_temporary_count(header), arguments = method_argument_count(header);
    bool is_block = traits.spur && class_name(method->class_) == "CompiledBlock";
    method_shape shape{temporaries, method->literals->length() - 1, is_block, integer_constant, &view};
    verification verified;
    if (long number = method_primitive(method); number >= 256 && number < 520) {
        // Such a primitive can't fail, and what stands behind it is often nonsense.
        code.assign(1, decoded{ILLEGAL, 0, 0, 0});
    }
    if (arguments > temporaries || !verify(code, shape, verified)) {
        if (settings.log_messages) {
            fprintf(stderr, "can't be run: a method of %s\n", class_name(owner).c_str());
            for (size_t i = 0; i < code.size(); i++)
                fprintf(stderr, "  %zu %d: %s %ld %ld depth %d\n", i, code[i].position, operation_names[code[i].what],
                        code[i].a, code[i].b, i < verified.depths.size() ? verified.depths[i] : -1);
        }
        return nullptr;
    }

    slots_array* constants = make_constants(method, code);
    std::vector<long> words = instruction_words(code);
    std::vector<int> positions;
    for (const decoded& one : code) positions.push_back(one.position);
    long count = static_cast<long>(code.size());
    code_words* word_copy = make_array_copy<code_words>(words.data(), words_of_instruction * count);
    code_numbers* depth_copy = make_array_copy<code_numbers>(verified.depths.data(), count);
    code_numbers* position_copy = make_array_copy<code_numbers>(positions.data(), count);
    auto* caches = make_array<heddle::array<member<InlineCache>>>(count);
    long primitive = usable_primitive(method, method_primitive(method));
    Code* result = make<Code>(word_copy, depth_copy, position_copy, constants, caches, method, owner, arguments,
                              temporaries, verified.deepest + slots_above_deepest, primitive);
    method->code = result;
    return result;
}

long image_pc(Code* code, long instruction) {
    return code->method->literals->length() * traits.word_size + code->byte_positions->get(instruction) + 1;
}
long instruction_at(Code* code, long pc) {
    long position = pc - 1 - code->method->literals->length() * traits.word_size;
    code_numbers* positions = code->byte_positions;
    long low = 0, high = positions->length();
    while (low < high) {
        long middle = (low + high) / 2;
        if (positions->get(middle) < position)
            low = middle + 1;
        else
            high = middle;
    }
    return low < positions->length() && positions->get(low) == position ? low : -1;
}

} // namespace heddle::smalltalk
