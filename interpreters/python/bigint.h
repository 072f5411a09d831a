// GMP numbers on loan: integers of any size for computing, and back to Python ints. Not for traced code.
#pragma once
#include "values.h"
#include <gmp.h>

namespace heddle::python {

// The lowest 64 bits of |value|.
inline uint64_t low_64_bits(const mpz_t value) {
    uint64_t bits = 0;
    for (int i = 0; i < 64 / GMP_NUMB_BITS; i++) bits |= uint64_t{mpz_getlimbn(value, i)} << (i * GMP_NUMB_BITS);
    return bits;
}

class big {
public:
    big() { mpz_init(value); }
    explicit big(W_Object* o) { // a W_Int or W_BigInt
        if (is<W_Int>(o)) {
            mpz_init_set_si(value, static_cast<W_Int*>(o)->value);
        } else {
            auto* number = static_cast<W_BigInt*>(o);
            mpz_t view;
            mpz_roinit_n(view, number->limbs->data(), number->size);
            mpz_init_set(value, view);
        }
    }
    explicit big(long v) { mpz_init_set_si(value, v); }
    ~big() { mpz_clear(value); }
    big(const big&) = delete;
    big& operator=(const big&) = delete;
    W_Object* object() const {
        if (mpz_fits_slong_p(value)) return make_int(mpz_get_si(value));
        long count = static_cast<long>(mpz_size(value));
        auto* limbs = make_array_copy<limb_array>(mpz_limbs_read(value), count);
        return make<W_BigInt>(limbs, mpz_sgn(value) < 0 ? -count : count);
    }
    mpz_t value;
};

} // namespace heddle::python
