// Constant folding. As in CPython, results are kept small (no million-digit powers, no long repeated strings), and
// whatever would raise is left to run time.

#include "constant_folding.h"

#include <gmp.h>

#include <cmath>
#include <string>

#include "string_literal.h"

namespace heddle::python {

namespace {

constexpr std::size_t max_bits = 128;        // of an int made by *, ** or <<
constexpr std::size_t max_text = 4096;       // of a str or bytes made by *
constexpr std::size_t max_tuple_items = 256; // of a tuple made by *

bool is_integer(const constant& value) {
    return value.kind == constant_kind::integer || value.kind == constant_kind::boolean ||
           value.kind == constant_kind::big_integer;
}
bool is_number(const constant& value) { return is_integer(value) || value.kind == constant_kind::floating; }

// An int constant as a GMP number.
class big {
public:
    big() { mpz_init(value); }
    explicit big(const constant& from) {
        mpz_init(value);
        if (from.kind == constant_kind::big_integer) {
            mpz_set_str(value, from.text.c_str(), 10);
        } else {
            std::uint64_t magnitude = from.integer < 0 ? 0 - static_cast<std::uint64_t>(from.integer)
                                                       : static_cast<std::uint64_t>(from.integer);
            mpz_import(value, 1, 1, sizeof magnitude, 0, 0, &magnitude);
            if (from.integer < 0) mpz_neg(value, value);
        }
    }
    ~big() { mpz_clear(value); }
    big(const big&) = delete;
    big& operator=(const big&) = delete;

    std::size_t bits() const { return mpz_sgn(value) == 0 ? 0 : mpz_sizeinbase(value, 2); }
    constant result() const {
        std::string text(mpz_sizeinbase(value, 10) + 2, '\0');
        mpz_get_str(text.data(), 10, value);
        return integer_from_decimal(text.c_str());
    }

    mpz_t value;
};

std::optional<constant> make_float(double number) {
    constant value;
    value.kind = constant_kind::floating;
    value.floating = number;
    return value;
}

std::optional<constant> fold_integers(binary_operator operation, const constant& left, const constant& right) {
    big a(left), b(right), result;
    bool is_zero = mpz_sgn(b.value) == 0;
    switch (operation) {
    case binary_operator::add: mpz_add(result.value, a.value, b.value); break;
    case binary_operator::subtract: mpz_sub(result.value, a.value, b.value); break;
    case binary_operator::multiply:
        if (a.bits() + b.bits() > max_bits) return {};
        mpz_mul(result.value, a.value, b.value);
        break;
    case binary_operator::floor_divide:
        if (is_zero) return {};
        mpz_fdiv_q(result.value, a.value, b.value);
        break;
    case binary_operator::remainder:
        if (is_zero) return {};
        mpz_fdiv_r(result.value, a.value, b.value);
        break;
    case binary_operator::power:
        if (mpz_sgn(b.value) < 0 || !mpz_fits_ulong_p(b.value)) return {};
        if (a.bits() > 1 && (mpz_get_ui(b.value) > max_bits || a.bits() * mpz_get_ui(b.value) > max_bits)) return {};
        mpz_pow_ui(result.value, a.value, mpz_get_ui(b.value));
        break;
    case binary_operator::left_shift:
        if (mpz_sgn(b.value) < 0 || !mpz_fits_ulong_p(b.value) || mpz_get_ui(b.value) > max_bits ||
            a.bits() + mpz_get_ui(b.value) > max_bits)
            return {};
        mpz_mul_2exp(result.value, a.value, mpz_get_ui(b.value));
        break;
    case binary_operator::right_shift:
        if (mpz_sgn(b.value) < 0 || !mpz_fits_ulong_p(b.value)) return {};
        mpz_fdiv_q_2exp(result.value, a.value, mpz_get_ui(b.value));
        break;
    case binary_operator::bit_and: mpz_and(result.value, a.value, b.value); break;
    case binary_operator::bit_or: mpz_ior(result.value, a.value, b.value); break;
    case binary_operator::bit_xor: mpz_xor(result.value, a.value, b.value); break;
    case binary_operator::true_divide:
        // Exact in doubles only while both fit in 53 bits.
        if (is_zero || a.bits() > 53 || b.bits() > 53) return {};
        return make_float(mpz_get_d(a.value) / mpz_get_d(b.value));
    case binary_operator::matrix_multiply: return {};
    }
    constant folded = result.result();
    bool is_bitwise = operation == binary_operator::bit_and || operation == binary_operator::bit_or ||
                      operation == binary_operator::bit_xor;
    if (is_bitwise && left.kind == constant_kind::boolean && right.kind == constant_kind::boolean)
        folded.kind = constant_kind::boolean;
    return folded;
}

std::optional<constant> fold_floats(binary_operator operation, const constant& left, const constant& right) {
    if (left.kind == constant_kind::big_integer || right.kind == constant_kind::big_integer) return {};
    double a = left.kind == constant_kind::floating ? left.floating : static_cast<double>(left.integer);
    double b = right.kind == constant_kind::floating ? right.floating : static_cast<double>(right.integer);
    switch (operation) {
    case binary_operator::add: return make_float(a + b);
    case binary_operator::subtract: return make_float(a - b);
    case binary_operator::multiply: return make_float(a * b);
    case binary_operator::true_divide:
        if (b == 0) return {};
        return make_float(a / b);
    default: return {}; // //, % and ** have rules of their own: left to the run time
    }
}

std::optional<constant> repeat(const constant& sequence, const constant& count) {
    if (count.kind == constant_kind::big_integer) return {};
    std::size_t times = count.integer < 0 ? 0 : static_cast<std::size_t>(count.integer);
    constant result;
    result.kind = sequence.kind;
    if (sequence.kind == constant_kind::tuple) {
        if (times > max_tuple_items || times * sequence.items.size() > max_tuple_items) return {};
        for (std::size_t index = 0; index < times; ++index)
            result.items.insert(result.items.end(), sequence.items.begin(), sequence.items.end());
        return result;
    }
    if (times > max_text || times * sequence.text.size() > max_text) return {};
    for (std::size_t index = 0; index < times; ++index) result.text += sequence.text;
    return result;
}

std::optional<constant> fold_binary(const binary_expression& node) {
    std::optional<constant> left = fold(node.left);
    if (!left) return {};
    std::optional<constant> right = fold(node.right);
    if (!right) return {};
    if (is_integer(*left) && is_integer(*right)) return fold_integers(node.operation, *left, *right);
    if (is_number(*left) && is_number(*right)) return fold_floats(node.operation, *left, *right);
    bool is_text = left->kind == constant_kind::string || left->kind == constant_kind::bytes;
    if (node.operation == binary_operator::add && is_text && left->kind == right->kind) {
        if (left->text.size() + right->text.size() > max_text) return {};
        left->text += right->text;
        return left;
    }
    if (node.operation != binary_operator::multiply) return {};
    bool repeats = is_text || left->kind == constant_kind::tuple;
    if (repeats && is_integer(*right)) return repeat(*left, *right);
    bool is_right_sequence = right->kind == constant_kind::string || right->kind == constant_kind::bytes ||
                             right->kind == constant_kind::tuple;
    if (is_right_sequence && is_integer(*left)) return repeat(*right, *left);
    return {};
}

std::optional<constant> fold_unary(const unary_expression& node) {
    std::optional<constant> operand = fold(node.operand);
    if (!operand) return {};
    if (node.operation == unary_operator::logical_not) {
        constant value;
        value.kind = constant_kind::boolean;
        value.integer = truth(*operand) ? 0 : 1;
        return value;
    }
    if (operand->kind == constant_kind::floating) {
        if (node.operation == unary_operator::invert) return {};
        return make_float(node.operation == unary_operator::negative ? -operand->floating : operand->floating);
    }
    if (!is_integer(*operand)) return {};
    big value(*operand);
    if (node.operation == unary_operator::negative) mpz_neg(value.value, value.value);
    if (node.operation == unary_operator::invert) mpz_com(value.value, value.value);
    return value.result();
}

} // namespace

bool truth(const constant& value) {
    switch (value.kind) {
    case constant_kind::none: return false;
    case constant_kind::boolean:
    case constant_kind::integer: return value.integer != 0;
    case constant_kind::floating: return value.floating != 0;
    case constant_kind::string:
    case constant_kind::bytes: return !value.text.empty();
    case constant_kind::tuple: return !value.items.empty();
    default: return true;
    }
}

std::optional<constant> fold(const expression* node) {
    switch (node->kind) {
    case expression_kind::constant: {
        const auto& literal = as<constant_expression>(node);
        if (literal.is_imaginary) return {};
        return *literal.value;
    }
    case expression_kind::binary: return fold_binary(as<binary_expression>(node));
    case expression_kind::unary: return fold_unary(as<unary_expression>(node));
    case expression_kind::tuple: {
        constant value;
        value.kind = constant_kind::tuple;
        for (const expression* element : as<sequence_expression>(node).elements) {
            std::optional<constant> item = fold(element);
            if (!item) return {};
            value.items.push_back(std::move(*item));
        }
        return value;
    }
    case expression_kind::name:
        if (as<name_expression>(node).name == "__debug__") {
            constant value;
            value.kind = constant_kind::boolean;
            value.integer = 1;
            return value;
        }
        return {};
    default: return {};
    }
}

} // namespace heddle::python
