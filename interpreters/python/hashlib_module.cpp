// The module _hashlib: digests of whole messages by MD5 (RFC 1321), SHA-1 and the SHA-2 family (FIPS 180-4). The module
// hashlib is written in Python on top of it. For checksums and seeds; nothing here is meant to keep secrets.
#include "builtin_modules.h"
#include <array>
#include <bit>
#include <cmath>

namespace heddle::python {
namespace {

// The message, a one bit, zeros, and the length in bits, to a multiple of the block size.
std::string padded(std::string_view message, size_t block, bool big_endian) {
    std::string out(message);
    size_t length_bytes = block / 8;
    out += static_cast<char>(0x80);
    while ((out.size() + length_bytes) % block) out += '\0';
    uint64_t bits = uint64_t{message.size()} * 8;
    for (size_t i = 0; i < length_bytes; i++) {
        size_t place = big_endian ? length_bytes - 1 - i : i;
        out += place < 8 ? static_cast<char>(bits >> (8 * place)) : '\0';
    }
    return out;
}
template <class Word> Word load(const char* from, bool big_endian) {
    Word value = 0;
    for (size_t i = 0; i < sizeof(Word); i++)
        value |= Word{static_cast<unsigned char>(from[big_endian ? sizeof(Word) - 1 - i : i])} << (8 * i);
    return value;
}
template <class Word, size_t Count>
std::string digest_of(const std::array<Word, Count>& words, bool big_endian, size_t length) {
    std::string out;
    for (Word word : words)
        for (size_t i = 0; i < sizeof(Word); i++)
            out += static_cast<char>(word >> (8 * (big_endian ? sizeof(Word) - 1 - i : i)));
    return out.substr(0, length);
}

std::string md5(std::string_view message) {
    static constexpr int shifts[] = {7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21};
    std::array<uint32_t, 4> state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    std::string text = padded(message, 64, false);
    for (size_t block = 0; block < text.size(); block += 64) {
        auto [a, b, c, d] = state;
        for (uint32_t i = 0; i < 64; i++) {
            uint32_t f, from;
            switch (i / 16) {
            case 0: f = (b & c) | (~b & d), from = i; break;
            case 1: f = (d & b) | (~d & c), from = (5 * i + 1) % 16; break;
            case 2: f = b ^ c ^ d, from = (3 * i + 5) % 16; break;
            default: f = c ^ (b | ~d), from = 7 * i % 16; break;
            }
            auto constant = static_cast<uint32_t>(std::fabs(std::sin(i + 1.0)) * 4294967296.0);
            f += a + constant + load<uint32_t>(text.data() + block + 4 * from, false);
            a = d, d = c, c = b;
            b += std::rotl(f, shifts[i / 16 * 4 + i % 4]);
        }
        state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    }
    return digest_of(state, false, 16);
}
std::string sha1(std::string_view message) {
    std::array<uint32_t, 5> state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    std::string text = padded(message, 64, true);
    for (size_t block = 0; block < text.size(); block += 64) {
        uint32_t words[80];
        for (size_t i = 0; i < 16; i++) words[i] = load<uint32_t>(text.data() + block + 4 * i, true);
        for (size_t i = 16; i < 80; i++)
            words[i] = std::rotl(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
        auto [a, b, c, d, e] = state;
        for (size_t i = 0; i < 80; i++) {
            uint32_t f = i < 20 ? (b & c) | (~b & d) : i >= 40 && i < 60 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
            uint32_t constant = i < 20 ? 0x5a827999 : i < 40 ? 0x6ed9eba1 : i < 60 ? 0x8f1bbcdc : 0xca62c1d6;
            uint32_t next = std::rotl(a, 5) + f + e + constant + words[i];
            e = d, d = c, c = std::rotl(b, 30), b = a, a = next;
        }
        state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
    }
    return digest_of(state, true, 20);
}

// The first 64 bits of the fractional parts of the cube roots of the first 80 primes; SHA-256 uses the upper halves of
// the first 64.
constexpr std::array<uint64_t, 80> round_constants = {
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc, 0x3956c25bf348b538,
    0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118, 0xd807aa98a3030242, 0x12835b0145706fbe,
    0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2, 0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235,
    0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
    0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5, 0x983e5152ee66dfab,
    0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4, 0xc6e00bf33da88fc2, 0xd5a79147930aa725,
    0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed,
    0x53380d139d95b3df, 0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
    0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218,
    0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8, 0x19a4c116b8d2d0c8, 0x1e376c085141ab53,
    0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373,
    0x682e6ff3d6b2b8a3, 0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
    0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b, 0xca273eceea26619c,
    0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba, 0x0a637dc5a2c898a6,
    0x113f9804bef90dae, 0x1b710b35131c471b, 0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc,
    0x431d67c49c100d4c, 0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817};

template <class Word> struct sha2_shape;
template <> struct sha2_shape<uint32_t> {
    static constexpr size_t rounds = 64;
    static constexpr int big[6] = {2, 13, 22, 6, 11, 25}, small[6] = {7, 18, 3, 17, 19, 10};
};
template <> struct sha2_shape<uint64_t> {
    static constexpr size_t rounds = 80;
    static constexpr int big[6] = {28, 34, 39, 14, 18, 41}, small[6] = {1, 8, 7, 19, 61, 6};
};
template <class Word> std::string sha2(std::string_view message, std::array<Word, 8> state, size_t length) {
    using shape = sha2_shape<Word>;
    constexpr size_t block_size = 16 * sizeof(Word);
    auto large = [](Word x, const int* by) { return std::rotr(x, by[0]) ^ std::rotr(x, by[1]) ^ std::rotr(x, by[2]); };
    auto small = [](Word x, const int* by) { return std::rotr(x, by[0]) ^ std::rotr(x, by[1]) ^ (x >> by[2]); };
    std::string text = padded(message, block_size, true);
    for (size_t block = 0; block < text.size(); block += block_size) {
        Word words[shape::rounds];
        for (size_t i = 0; i < 16; i++) words[i] = load<Word>(text.data() + block + sizeof(Word) * i, true);
        for (size_t i = 16; i < shape::rounds; i++)
            words[i] = words[i - 16] + small(words[i - 15], shape::small) + words[i - 7] +
                       small(words[i - 2], shape::small + 3);
        auto [a, b, c, d, e, f, g, h] = state;
        for (size_t i = 0; i < shape::rounds; i++) {
            auto constant = static_cast<Word>(round_constants[i] >> (64 - 8 * sizeof(Word)));
            Word first = h + large(e, shape::big + 3) + ((e & f) ^ (~e & g)) + constant + words[i];
            Word second = large(a, shape::big) + ((a & b) ^ (a & c) ^ (b & c));
            h = g, g = f, f = e, e = d + first, d = c, c = b, b = a, a = first + second;
        }
        Word after[] = {a, b, c, d, e, f, g, h};
        for (size_t i = 0; i < 8; i++) state[i] += after[i];
    }
    return digest_of(state, true, length);
}
std::string sha224(std::string_view message) {
    return sha2<uint32_t>(
        message, {0xc1059ed8, 0x367cd507, 0x3070dd17, 0xf70e5939, 0xffc00b31, 0x68581511, 0x64f98fa7, 0xbefa4fa4}, 28);
}
std::string sha256(std::string_view message) {
    return sha2<uint32_t>(
        message, {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}, 32);
}
std::string sha384(std::string_view message) {
    return sha2<uint64_t>(message,
                          {0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17, 0x152fecd8f70e5939,
                           0x67332667ffc00b31, 0x8eb44a8768581511, 0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4},
                          48);
}
std::string sha512(std::string_view message) {
    return sha2<uint64_t>(message,
                          {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
                           0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179},
                          64);
}

struct algorithm {
    const char* name;
    std::string (*digest)(std::string_view);
};
constexpr algorithm algorithms[] = {{"md5", md5},       {"sha1", sha1},     {"sha224", sha224},
                                    {"sha256", sha256}, {"sha384", sha384}, {"sha512", sha512}};

HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> hashlib_digest(W_Object* name, W_Object* data) {
    std::string_view view;
    if (!buffer_of(data, &view)) return failure;
    for (const algorithm& a : algorithms) {
        if (!is<W_Str>(name) || !str_is(static_cast<W_Str*>(name), a.name)) continue;
        std::string digest = a.digest(view);
        return make_bytes(digest.data(), static_cast<long>(digest.size()));
    }
    return raise_error(T::ValueError, "unsupported hash type %s", to_utf8(HEDDLE_TRY(to_str(name))).c_str());
}
constexpr builtin_entry functions[] = {{"digest", hashlib_digest}};

} // namespace

void setup_hashlib_module(W_Dict* module) { add_functions(module, functions); }

} // namespace heddle::python
