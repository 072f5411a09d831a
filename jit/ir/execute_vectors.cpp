// What each vector operation means, lane by lane: what the portable backend runs, and what native ones are tested
// against. A lane does what the scalar operation of that name does.
#include "heddle/jit/trace.h"
#include "ir/slots.h"

namespace heddle::jit {

namespace {

struct lanewise {
    opcode vector, scalar;
};
constexpr lanewise lanewise_operations[] = {
    {opcode::vector_float_add, opcode::float_add},   {opcode::vector_float_sub, opcode::float_sub},
    {opcode::vector_float_mul, opcode::float_mul},   {opcode::vector_float_div, opcode::float_div},
    {opcode::vector_float_neg, opcode::float_neg},   {opcode::vector_float_abs, opcode::float_abs},
    {opcode::vector_float_sqrt, opcode::float_sqrt}, {opcode::vector_int_add, opcode::int_add},
    {opcode::vector_int_sub, opcode::int_sub},       {opcode::vector_int_mul, opcode::int_mul},
    {opcode::vector_int_and, opcode::int_and},       {opcode::vector_int_or, opcode::int_or},
    {opcode::vector_int_xor, opcode::int_xor},       {opcode::vector_int_shl, opcode::int_shl},
    {opcode::vector_int_shr, opcode::int_shr},       {opcode::vector_uint_shr, opcode::uint_shr},
};

char* item_address(const descr* d, const word* const* arguments) {
    const array_descr& array = *static_cast<const array_descr*>(d);
    return word_to_pointer<char>(arguments[0][0]) + array.items_offset +
           (arguments[1][0] + arguments[2][0]) * array.shape.size;
}

const slot_shape& shape_of(const descr* d) { return static_cast<const array_descr*>(d)->shape; }

} // namespace

opcode vector_form_of(opcode scalar) {
    for (const lanewise& row : lanewise_operations)
        if (row.scalar == scalar) return row.vector;
    return opcode::count;
}

void execute_vector_operation(opcode op, const descr* d, unsigned lanes, const word* const* a, word* result) {
    for (const lanewise& row : lanewise_operations) {
        if (row.vector != op) continue;
        bool counted = info(op).arguments[1 % info(op).arguments.size()] == 'i', overflow = false;
        bool two = info(op).arguments.size() > 1;
        for (unsigned lane = 0; lane < lanes; ++lane) {
            word operands[2] = {a[0][lane], two ? a[1][counted ? 0 : lane] : 0};
            result[lane] = execute_operation(row.scalar, nullptr, operands, overflow);
        }
        return;
    }
    switch (op) {
    case opcode::getarrayitem_at: result[0] = load_slot(shape_of(d), item_address(d, a)); return;
    case opcode::setarrayitem_at: store_slot(shape_of(d), item_address(d, a), a[3][0]); return;
    case opcode::vector_load: std::memcpy(result, item_address(d, a), lanes * sizeof(word)); return;
    case opcode::vector_store: std::memcpy(item_address(d, a), a[3], lanes * sizeof(word)); return;
    case opcode::vector_broadcast_i:
    case opcode::vector_broadcast_f:
        for (unsigned lane = 0; lane < lanes; ++lane) result[lane] = a[0][0];
        return;
    case opcode::vector_steps:
        for (unsigned lane = 0; lane < lanes; ++lane) result[lane] = a[0][0] + lane * a[1][0];
        return;
    case opcode::vector_extract_i:
    case opcode::vector_extract_f: result[0] = a[0][a[1][0]]; return;
    case opcode::vector_negative_lanes:
        result[0] = 0;
        for (unsigned lane = 0; lane < lanes; ++lane) result[0] |= a[0][lane] >> 63 << lane;
        return;
    default: return; // vector_lanes
    }
}

} // namespace heddle::jit
