// Operators in general: a dunder method of the left operand's type, the reflected one of the right operand's.
#include "interpreter.h"

namespace heddle::python {
namespace {

struct operator_names {
    N left, right, in_place;
    const char* symbol;
};
constexpr operator_names binary_names[] = {
    {N::add, N::radd, N::iadd, "+"},
    {N::sub, N::rsub, N::isub, "-"},
    {N::mul, N::rmul, N::imul, "*"},
    {N::truediv, N::rtruediv, N::itruediv, "/"},
    {N::floordiv, N::rfloordiv, N::ifloordiv, "//"},
    {N::mod, N::rmod, N::imod, "%"},
    {N::pow, N::rpow, N::ipow, "** or pow()"},
    {N::matmul, N::rmatmul, N::imatmul, "@"},
    {N::lshift, N::rlshift, N::ilshift, "<<"},
    {N::rshift, N::rrshift, N::irshift, ">>"},
    {N::and_, N::rand, N::iand, "&"},
    {N::or_, N::ror, N::ior, "|"},
    {N::xor_, N::rxor, N::ixor, "^"},
    {N::divmod, N::rdivmod, N::divmod, "divmod()"},
};
// The tables are read through these, so that a trace takes what they give for a constant.
HEDDLE_ELIDABLE W_Str* left_name(long op) { return name_of(binary_names[op].left); }
HEDDLE_ELIDABLE W_Str* right_name(long op) { return name_of(binary_names[op].right); }
HEDDLE_ELIDABLE W_Str* in_place_name(long op) { return name_of(binary_names[op].in_place); }

HEDDLE_DONT_LOOK_INSIDE failure_type unsupported(const char* symbol, const char* suffix, W_Object* a, W_Object* b) {
    return raise_error(T::TypeError, "unsupported operand type(s) for %s%s: '%s' and '%s'", symbol, suffix,
                       type_name(a).c_str(), type_name(b).c_str());
}
HEDDLE_DONT_LOOK_INSIDE failure_type unsupported_binary(binary_op op, W_Object* a, W_Object* b, bool in_place) {
    const operator_names& names = binary_names[static_cast<long>(op)];
    if (!in_place && op == binary_op::add) {
        if (is<W_Str>(a)) return raise_about_type(T::TypeError, "can only concatenate str (not \"%s\") to str", b);
        if (is<W_List>(a)) return raise_about_type(T::TypeError, "can only concatenate list (not \"%s\") to list", b);
        if (is<W_Tuple>(a))
            return raise_about_type(T::TypeError, "can only concatenate tuple (not \"%s\") to tuple", b);
        if (is<W_Bytes>(a)) return raise_about_type(T::TypeError, "can't concat %s to bytes", b);
    }
    if (op == binary_op::mul) {
        W_Object* sequence = is<W_Str>(a) || is<W_List>(a) || is<W_Tuple>(a) || is<W_Bytes>(a) ? a : b;
        W_Object* other = sequence == a ? b : a;
        if (is<W_Str>(sequence) || is<W_List>(sequence) || is<W_Tuple>(sequence) || is<W_Bytes>(sequence))
            return raise_about_type(T::TypeError, "can't multiply sequence by non-int of type '%s'", other);
    }
    std::string symbol = names.symbol;
    if (in_place) symbol = (op == binary_op::pow ? "**" : symbol) + "=";
    if (in_place && op == binary_op::add && is<W_Str>(a))
        return raise_about_type(T::TypeError, "can only concatenate str (not \"%s\") to str", b);
    return unsupported(symbol.c_str(), "", a, b);
}

// One attempt; NotImplemented when the method is missing.
Result<W_Object*> attempt(W_Object* method, W_Object* a, W_Object* b) {
    if (!method) return not_implemented();
    if (is_exact<W_Function>(method) || is_exact<W_Builtin>(method)) return call_2(method, a, b);
    if (method == none()) return not_implemented();
    W_Object* bound = HEDDLE_TRY(bind_descriptor(method, a, a->type()));
    return call_1(bound, b);
}

Result<W_Object*> try_binary(binary_op op, W_Object* a, W_Object* b) {
    W_Type* left_type = jit::promote(a->type());
    W_Type* right_type = jit::promote(b->type());
    W_Object* left = type_lookup(left_type, left_name(static_cast<long>(op)));
    if (left_type == right_type) return attempt(left, a, b);
    W_Object* right = type_lookup(right_type, right_name(static_cast<long>(op)));
    if (right && is_subtype(right_type, left_type) &&
        right != type_lookup(left_type, right_name(static_cast<long>(op)))) {
        W_Object* result = HEDDLE_TRY(attempt(right, b, a));
        if (result != not_implemented()) return result;
        right = nullptr;
    }
    W_Object* result = HEDDLE_TRY(attempt(left, a, b));
    if (result != not_implemented()) return result;
    return attempt(right, b, a);
}

} // namespace

Result<W_Object*> binary(binary_op op, W_Object* a, W_Object* b) {
    if (is_exact<W_Float>(a) || is_exact<W_Float>(b)) {
        if ((is_exact<W_Int>(a) || is_exact<W_Float>(a)) && (is_exact<W_Int>(b) || is_exact<W_Float>(b))) {
            W_Object* result = HEDDLE_TRY(float_binary(op, a, b));
            if (result != not_implemented()) return result;
        }
    } else if (is_exact<W_Str>(a)) {
        if (op == binary_op::add && is_exact<W_Str>(b))
            return str_concat(static_cast<W_Str*>(a), static_cast<W_Str*>(b));
    } else if (is_int(a) && is_int(b) && !a->attributes() && !b->attributes()) {
        if (!(is_exact<W_Bool>(a) && is_exact<W_Bool>(b))) {
            W_Object* result = HEDDLE_TRY(int_binary(op, a, b));
            if (result != not_implemented()) return result;
        }
    }
    W_Object* result = HEDDLE_TRY(try_binary(op, a, b));
    if (result != not_implemented()) return result;
    return unsupported_binary(op, a, b, false);
}

Result<W_Object*> inplace(binary_op op, W_Object* a, W_Object* b) {
    W_Object* method = type_lookup(a->type(), in_place_name(static_cast<long>(op)));
    if (method) {
        W_Object* result = HEDDLE_TRY(attempt(method, a, b));
        if (result != not_implemented()) return result;
    }
    if (is_exact<W_Str>(a)) return binary(op, a, b);
    W_Object* result = HEDDLE_TRY(try_binary(op, a, b));
    if (result != not_implemented()) return result;
    return unsupported_binary(op, a, b, true);
}

HEDDLE_DONT_LOOK_INSIDE static failure_type bad_unary(unary_op op, W_Object* a) {
    static constexpr const char* symbols[] = {"-", "+", "~"};
    return raise_error(T::TypeError, "bad operand type for unary %s: '%s'", symbols[static_cast<long>(op)],
                       type_name(a).c_str());
}
Result<W_Object*> unary(unary_op op, W_Object* a) {
    if (is_exact<W_Int>(a)) {
        long value = static_cast<W_Int*>(a)->value;
        if (op == unary_op::invert) return make_int(~value);
        if (op == unary_op::pos) return a;
        if (value != LONG_MIN) return make_int(-value);
    }
    if (is_exact<W_Float>(a)) {
        double value = static_cast<W_Float*>(a)->value;
        if (op == unary_op::neg) return make_float(-value);
        if (op == unary_op::pos) return a;
    }
    N name = op == unary_op::neg ? N::neg : op == unary_op::pos ? N::pos : N::invert;
    W_Object* result = call_special_0(a, name);
    if (result || pending_error()) return result;
    return bad_unary(op, a);
}

Result<W_Object*> power_modulo(W_Object* a, W_Object* b, W_Object* modulus) {
    if (modulus == none()) return binary(binary_op::pow, a, b);
    W_Object* method = type_lookup(a->type(), N::pow);
    if (method) {
        W_Object* result = HEDDLE_TRY(call_3(method, a, b, modulus));
        if (result != not_implemented()) return result;
    }
    return raise_error(T::TypeError, "unsupported operand type(s) for ** or pow(): '%s', '%s', '%s'",
                       type_name(a).c_str(), type_name(b).c_str(), type_name(modulus).c_str());
}

// ---- comparison
// -------------------------------------------------------------------------------------------------------
namespace {

constexpr N compare_names[] = {N::lt, N::le, N::eq, N::ne, N::gt, N::ge};
constexpr compare_op swapped[] = {compare_op::gt, compare_op::ge, compare_op::eq,
                                  compare_op::ne, compare_op::lt, compare_op::le};
constexpr const char* compare_symbols[] = {"<", "<=", "==", "!=", ">", ">="};
HEDDLE_ELIDABLE W_Str* compare_name(long op) { return name_of(compare_names[op]); }
HEDDLE_ELIDABLE W_Str* swapped_name(long op) { return name_of(compare_names[static_cast<long>(swapped[op])]); }

HEDDLE_DONT_LOOK_INSIDE failure_type not_comparable(compare_op op, W_Object* a, W_Object* b) {
    return raise_error(T::TypeError, "'%s' not supported between instances of '%s' and '%s'",
                       compare_symbols[static_cast<long>(op)], type_name(a).c_str(), type_name(b).c_str());
}
HEDDLE_ELIDABLE bool order_strings(compare_op op, W_Str* a, W_Str* b) {
    long order = str_compare(a, b);
    switch (op) {
    case compare_op::lt: return order < 0;
    case compare_op::le: return order <= 0;
    case compare_op::gt: return order > 0;
    default: return order >= 0;
    }
}
HEDDLE_INLINE bool compare_strings(compare_op op, W_Str* a, W_Str* b) {
    if (op == compare_op::eq) return str_equal_traced(a, b);
    if (op == compare_op::ne) return !str_equal_traced(a, b);
    return order_strings(op, a, b);
}

} // namespace

Result<W_Object*> compare(compare_op op, W_Object* a, W_Object* b) {
    if (is_exact<W_Int>(a) && is_exact<W_Int>(b)) return int_compare(op, a, b);
    if (is_exact<W_Str>(a) && is_exact<W_Str>(b))
        return boolean(compare_strings(op, static_cast<W_Str*>(a), static_cast<W_Str*>(b)));
    if ((is_exact<W_Float>(a) || is_exact<W_Float>(b)) && (is_exact<W_Float>(a) || is_int(a)) &&
        (is_exact<W_Float>(b) || is_int(b)))
        return float_compare(op, a, b);
    W_Type* left_type = jit::promote(a->type());
    W_Type* right_type = jit::promote(b->type());
    W_Object* left = type_lookup(left_type, compare_name(static_cast<long>(op)));
    W_Object* right = type_lookup(right_type, swapped_name(static_cast<long>(op)));
    bool right_first = left_type != right_type && right && is_subtype(right_type, left_type);
    if (right_first) {
        W_Object* result = HEDDLE_TRY(attempt(right, b, a));
        if (result != not_implemented()) return result;
    }
    W_Object* result = HEDDLE_TRY(attempt(left, a, b));
    if (result != not_implemented()) return result;
    if (!right_first) {
        result = HEDDLE_TRY(attempt(right, b, a));
        if (result != not_implemented()) return result;
    }
    if (op == compare_op::eq) return boolean(is_same(a, b));
    if (op == compare_op::ne) return boolean(!is_same(a, b));
    return not_comparable(op, a, b);
}

Result<bool> compare_true(compare_op op, W_Object* a, W_Object* b) {
    W_Object* result = HEDDLE_TRY(compare(op, a, b));
    return is_true(result);
}

bool is_same(W_Object* a, W_Object* b) {
    if (a == b) return true;
    if (is_exact<W_Int>(a)) return is_exact<W_Int>(b) && static_cast<W_Int*>(a)->value == static_cast<W_Int*>(b)->value;
    if (is_exact<W_Float>(a))
        return is_exact<W_Float>(b) && same_bits(static_cast<W_Float*>(a)->value, static_cast<W_Float*>(b)->value);
    if (is_exact<W_Str>(a) && is_exact<W_Str>(b)) {
        long length = static_cast<W_Str*>(a)->length();
        return length < 2 && length == static_cast<W_Str*>(b)->length() &&
               str_equal(static_cast<W_Str*>(a), static_cast<W_Str*>(b));
    }
    if (is_exact<W_Tuple>(a))
        return is_exact<W_Tuple>(b) && static_cast<W_Tuple*>(a)->length() == 0 &&
               static_cast<W_Tuple*>(b)->length() == 0;
    return false;
}

Result<bool> equal(W_Object* a, W_Object* b) {
    if (is_same(a, b)) return true;
    if (is_exact<W_Str>(a) && is_exact<W_Str>(b)) return str_equal(static_cast<W_Str*>(a), static_cast<W_Str*>(b));
    if (is_exact<W_Int>(a) && is_exact<W_Int>(b)) return false;
    if (is_exact<W_Tuple>(a) && is_exact<W_Tuple>(b))
        return tuples_equal(static_cast<W_Tuple*>(a), static_cast<W_Tuple*>(b));
    return compare_true(compare_op::eq, a, b);
}

// ---- truth, hash, identity
// ----------------------------------------------------------------------------------------------
HEDDLE_DONT_LOOK_INSIDE static failure_type wrong_bool(W_Object* result) {
    return raise_about_type(T::TypeError, "__bool__ should return bool, returned %s", result);
}
Result<bool> is_true(W_Object* o) {
    if (is<W_Int>(o) && !o->attributes()) return static_cast<W_Int*>(o)->value != 0;
    if (o == none()) return false;
    if (is_exact<W_Str>(o)) return static_cast<W_Str*>(o)->length() != 0;
    if (is_exact<W_List>(o)) return static_cast<W_List*>(o)->length != 0;
    if (is_exact<W_Tuple>(o)) return static_cast<W_Tuple*>(o)->length() != 0;
    if (is_exact<W_Dict>(o)) return static_cast<W_Dict*>(o)->count != 0;
    if (is_exact<W_Float>(o)) return static_cast<W_Float*>(o)->value != 0;
    W_Object* result = call_special_0(o, N::bool_);
    if (result) {
        if (!is_exact<W_Bool>(result)) return wrong_bool(result);
        return static_cast<W_Bool*>(result)->value != 0;
    }
    if (pending_error()) return failure;
    if (!type_lookup(o->type(), N::len)) return true;
    long length = HEDDLE_TRY(length_of(o));
    return length != 0;
}

HEDDLE_DONT_LOOK_INSIDE static failure_type unhashable(W_Object* o) {
    return raise_about_type(T::TypeError, "unhashable type: '%s'", o);
}

Result<long> hash_of(W_Object* o) {
    if (is_exact<W_Str>(o)) return str_hash(static_cast<W_Str*>(o));
    if (is_exact<W_Int>(o)) return int_hash(o);
    if (is_exact<W_Tuple>(o)) return hash_of_tuple(static_cast<W_Tuple*>(o));
    W_Object* method = type_lookup(o->type(), N::hash);
    if (!method || method == none()) return unhashable(o);
    W_Object* result = HEDDLE_TRY(call_1(method, o));
    if (is<W_Int>(result)) {
        long value = static_cast<W_Int*>(result)->value;
        return value == -1 ? -2 : value;
    }
    if (is<W_BigInt>(result)) return int_hash(result);
    return raise_text(T::TypeError, "__hash__ method should return an integer");
}

HEDDLE_DONT_LOOK_INSIDE int64_t identity_of(W_Object* o) {
    if (is_exact<W_Int>(o)) return static_cast<int64_t>(static_cast<uint64_t>(static_cast<W_Int*>(o)->value) * 8 + 1);
    if (is_exact<W_Float>(o))
        return static_cast<int64_t>(std::bit_cast<uint64_t>(static_cast<W_Float*>(o)->value) * 8 + 5) & INT64_MAX;
    return static_cast<int64_t>(gc::identity_hash(o) & INT64_MAX);
}

} // namespace heddle::python
