// The module _random: the Mersenne Twister MT19937 (Matsumoto and Nishimura, 1998), seeded and read as CPython does, so
// that the same seed gives the same numbers. The module random (library_numbers.cpp) is written in Python on top of it.
#include "bigint.h"
#include "builtin_modules.h"
#include <cmath>
#include <unistd.h>

namespace heddle::python {
namespace {

constexpr long state_size = 624, middle = 397;
using state_words = heddle::array<field<uint32_t>>;

struct W_RandomState : W_Object {
    explicit W_RandomState(state_words* w) : words(w), index(state_size) {}
    HEDDLE_PYTHON_TYPED(random_state)
    state_words* const words;
    field<long> index; // the next word to hand out
    HEDDLE_GC_CLASS(W_RandomState, W_Object, words, index)
};
HEDDLE_INLINE W_RandomState* state_of(W_Object* o) { return static_cast<W_RandomState*>(o); }
HEDDLE_DONT_LOOK_INSIDE failure_type needs_state() { return raise_text(T::TypeError, "a RandomState is required"); }

HEDDLE_DONT_LOOK_INSIDE void refill(W_RandomState* state) {
    uint32_t* words = state->words->items_to_write(0, state_size);
    for (long i = 0; i < state_size; i++) {
        uint32_t y = (words[i] & 0x80000000u) | (words[(i + 1) % state_size] & 0x7fffffffu);
        words[i] = words[(i + middle) % state_size] ^ (y >> 1) ^ ((y & 1) ? 0x9908b0dfu : 0);
    }
    state->index = 0;
}
unsigned long next_word(W_RandomState* state) {
    if (state->index >= state_size) refill(state);
    long at = state->index;
    unsigned long y = state->words->get(at);
    state->index = at + 1;
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680ul;
    y ^= (y << 15) & 0xefc60000ul;
    y ^= y >> 18;
    return y;
}
void seed_with(W_RandomState* state, const std::vector<uint32_t>& key) {
    uint32_t* words = state->words->items_to_write(0, state_size);
    words[0] = 19650218u;
    for (uint32_t i = 1; i < state_size; i++) words[i] = 1812433253u * (words[i - 1] ^ (words[i - 1] >> 30)) + i;
    uint32_t i = 1, j = 0;
    auto step = [&] {
        if (++i < state_size) return;
        words[0] = words[state_size - 1];
        i = 1;
    };
    for (size_t n = std::max(key.size(), static_cast<size_t>(state_size)); n > 0; n--) {
        words[i] = (words[i] ^ ((words[i - 1] ^ (words[i - 1] >> 30)) * 1664525u)) + key[j] + j;
        step();
        j = j + 1 < key.size() ? j + 1 : 0;
    }
    for (long n = state_size - 1; n > 0; n--) {
        words[i] = (words[i] ^ ((words[i - 1] ^ (words[i - 1] >> 30)) * 1566083941u)) - i;
        step();
    }
    words[0] = 0x80000000u;
    state->index = state_size;
}

// ---- functions
// ------------------------------------------------------------------------------------------------------------
Result<W_Object*> random_new() { return make<W_RandomState>(make_array<state_words>(state_size)); }
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> random_seed(W_Object* o, W_Object* key) {
    if (!is<W_RandomState>(o)) return needs_state();
    big number(HEDDLE_TRY(to_index_object(key)));
    mpz_abs(number.value, number.value);
    std::vector<uint32_t> words((mpz_sizeinbase(number.value, 2) + 31) / 32);
    mpz_export(words.data(), nullptr, -1, sizeof(uint32_t), 0, 0, number.value);
    seed_with(state_of(o), words);
    return none();
}
Result<W_Object*> random_random(W_Object* o) {
    if (!is<W_RandomState>(o)) return needs_state();
    unsigned long a = next_word(state_of(o)) >> 5, b = next_word(state_of(o)) >> 6;
    return make_float(
        (static_cast<double>(static_cast<long>(a)) * 67108864.0 + static_cast<double>(static_cast<long>(b))) *
        (1.0 / 9007199254740992.0));
}
HEDDLE_DONT_LOOK_INSIDE W_Object* many_bits(W_RandomState* state, long count) {
    std::vector<uint32_t> words(static_cast<size_t>((count + 31) / 32));
    for (uint32_t& word : words) {
        word = static_cast<uint32_t>(next_word(state));
        if (count < 32) word >>= 32 - count;
        count -= 32;
    }
    big number;
    mpz_import(number.value, words.size(), -1, sizeof(uint32_t), 0, 0, words.data());
    return number.object();
}
Result<W_Object*> random_getrandbits(W_Object* o, W_Object* bits) {
    if (!is<W_RandomState>(o)) return needs_state();
    long count = HEDDLE_TRY(index_of(bits));
    if (count < 0) return raise_text(T::ValueError, "number of bits must be non-negative");
    if (count == 0) return make_int(0);
    if (count <= 32) return make_int(static_cast<uint32_t>(next_word(state_of(o)) >> (32 - count)));
    return many_bits(state_of(o), count);
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> random_getstate(W_Object* o) {
    if (!is<W_RandomState>(o)) return needs_state();
    auto* items = make_array<object_array>(state_size + 1);
    for (long i = 0; i < state_size; i++) items->set(i, make_int(state_of(o)->words->get(i)));
    items->set(state_size, make_int(state_of(o)->index));
    return make<W_Tuple>(items);
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> random_setstate(W_Object* o, W_Object* state) {
    if (!is<W_RandomState>(o)) return needs_state();
    object_array* items = HEDDLE_TRY(iterable_to_slots(state));
    if (items->length() != state_size + 1) return raise_text(T::ValueError, "state vector is the wrong size");
    uint32_t words[state_size];
    for (long i = 0; i < state_size; i++) words[i] = static_cast<uint32_t>(HEDDLE_TRY(index_64_of(items->get(i))));
    long index = HEDDLE_TRY(index_of(items->get(state_size)));
    if (index < 0 || index > state_size) return raise_text(T::ValueError, "invalid state");
    memcpy(state_of(o)->words->items_to_write(0, state_size), words, sizeof words);
    state_of(o)->index = index;
    return none();
}
constexpr builtin_entry functions[] = {
    {"new", random_new},       {"seed", random_seed},         {"getrandbits", random_getrandbits},
    {"random", random_random}, {"getstate", random_getstate}, {"setstate", random_setstate},
};

} // namespace

void setup_random_module(W_Dict* module) { add_functions(module, functions); }

} // namespace heddle::python
