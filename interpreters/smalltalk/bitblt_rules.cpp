// What the combination rules make of a source and a destination pixel.
//
// Rules 22 and 23 are the older 32 and 33, which they equal here: they counted pixels beside the rectangle too.
#include "bitblt.h"

namespace heddle::smalltalk {
namespace {

// Components of a pixel, for rules that work on each.
struct components {
    int count, bits;
};
components components_of(long depth) {
    if (depth == 32) return {4, 8};
    if (depth == 16) return {3, 5};
    return {1, static_cast<int>(depth)};
}
template <class Operation> uint32_t by_component(uint32_t s, uint32_t d, long depth, Operation operation) {
    components c = components_of(depth);
    uint32_t mask = (1u << c.bits) - 1, result = 0;
    for (int i = 0; i < c.count; i++) {
        int shift = i * c.bits;
        result |= (operation(s >> shift & mask, d >> shift & mask, mask) & mask) << shift;
    }
    return result;
}
uint32_t blend(uint32_t s, uint32_t d, uint32_t alpha, long depth) {
    return by_component(s, d, depth, [&](uint32_t a, uint32_t b, uint32_t) {
        return static_cast<uint32_t>((a * alpha + b * (255 - alpha) + 254) / 255);
    });
}
uint32_t smaller(uint32_t a, uint32_t b, uint32_t) { return std::min(a, b); }
uint32_t larger(uint32_t a, uint32_t b, uint32_t) { return std::max(a, b); }
uint32_t difference(uint32_t a, uint32_t b, uint32_t) { return a < b ? b - a : a - b; }
uint32_t sum_of(uint32_t a, uint32_t b, uint32_t m) { return std::min(a + b, m); }
uint32_t product(uint32_t a, uint32_t b, uint32_t m) { return ((a + 1) * (b + 1) - 1) / (m + 1); }

long distance(uint32_t s, uint32_t d, long depth) {
    if (depth < 16) return s != d;
    uint32_t apart = by_component(s, d, depth, difference);
    long bits = depth == 16 ? 5 : 8, mask = (1 << bits) - 1;
    return (apart & mask) + (apart >> bits & mask) + (apart >> 2 * bits & mask);
}
void tally(const rule_context& context, uint32_t d) {
    if (!context.map || !context.map->table) return;
    word_array* table = context.map->table;
    uint32_t index = d;
    if (context.depth >= 16) index = rgb_with_bits(d, context.depth == 16 ? 5 : 8, context.map->bits_per_color);
    long place = index & static_cast<uint32_t>(table->length() - 1);
    table->set(place, table->get(place) + 1);
}
} // namespace

bool rule_ignores_source(long rule) { return rule == 0 || rule == 5 || rule == 10 || rule == 15; }
bool rule_is_known(long rule, long depth) {
    if (rule < 0 || rule > 41) return false;
    switch (rule) {
    case 16:
    case 17: return false;
    case 18: // sums of words: carries cross pixels unless there is only one
    case 19:
    case 24:
    case 35:
    case 36: return depth == 32;
    case 34:
    case 41: return depth >= 8;
    default: return true;
    }
}
uint32_t combine(rule_context& context, uint32_t s, uint32_t d) {
    long depth = context.depth;
    switch (context.rule) {
    case 0: return 0;
    case 1: return s & d;
    case 2: return s & ~d;
    case 3: return s;
    case 4: return ~s & d;
    case 6: return s ^ d;
    case 7: return s | d;
    case 8: return ~s & ~d;
    case 9: return ~s ^ d;
    case 10: return ~d;
    case 11: return s | ~d;
    case 12: return ~s;
    case 13: return ~s | d;
    case 14: return ~s | ~d;
    case 18: return s + d;
    case 19: return s - d;
    case 20: return by_component(s, d, depth, sum_of);
    case 21: return by_component(s, d, depth, difference);
    case 22:
    case 32: context.count += distance(s, d, depth); return d;
    case 23:
    case 33: tally(context, d); return d;
    case 24: return s >> 24 == 0 ? d : s >> 24 == 255 ? s : blend(s | 0xff000000u, d, s >> 24, 32);
    case 25: return s == 0 ? d : s;
    case 26: return s == 0 ? d : 0;
    case 27: return by_component(s, d, depth, larger);
    case 28: return by_component(s, d, depth, smaller);
    case 29: return by_component(~s, d, depth, smaller);
    case 30: return depth < 16 ? d : blend(s, d, context.alpha, depth);
    case 31: return depth < 16 || s == 0 ? d : blend(s, d, context.alpha, depth);
    case 34:
    case 35:
    case 36: return blend_scaled(s, d);
    case 37: return by_component(s, d, depth, product);
    case 39: return s == d ? 0 : d;
    case 40: return depth != 32 || d == 0 || (d & 0xff000000u) ? d : d | (s & 0xff000000u);
    case 41: return s == 0 ? d : blend_components(context.components, s, d);
    default: return d;
    }
}

// The source's color is already scaled by its alpha.
uint32_t blend_scaled(uint32_t s, uint32_t d) {
    uint32_t rest = 255 - (s >> 24);
    return by_component(s, d, 32,
                        [&](uint32_t a, uint32_t b, uint32_t) { return std::min(255u, (b * rest >> 8) + a); });
}
// The source holds an alpha for each component of a color that is the same for all pixels.
uint32_t blend_components(const component_alpha& how, uint32_t s, uint32_t d) {
    uint32_t result = 0;
    for (int shift = 0; shift < 32; shift += 8) {
        uint32_t a = s >> shift & 255, under = d >> shift & 255, over = how.color >> shift & 255, mixed;
        if (how.alpha != 255) a = a * how.alpha >> 8;
        if (shift == 24) {
            mixed = std::min(255u, (under * (255 - a) >> 8) + a);
        } else {
            if (how.ungamma) under = how.ungamma->get(under), over = how.ungamma->get(over);
            mixed = std::min(255u, (under * (255 - a) >> 8) + (over * a >> 8));
            if (how.gamma) mixed = how.gamma->get(mixed);
        }
        result |= mixed << shift;
    }
    return result;
}
// An ordered dither of each component to 5 bits; black stays different from 0, which is transparent.
uint32_t dithered_to_16(uint32_t pixel, long x, long y) {
    static constexpr uint8_t pattern[4][4] = {{0, 8, 2, 10}, {12, 4, 14, 6}, {3, 11, 1, 9}, {15, 7, 13, 5}};
    static constexpr uint8_t thresholds[8] = {0, 2, 4, 6, 8, 12, 14, 16};
    uint32_t level = pattern[y & 3][x & 3], result = 0;
    for (int i = 0; i < 3; i++) {
        uint32_t value = pixel >> 8 * i & 255, step = value >> 3;
        uint32_t low = step == 0 ? 0 : step - 1; // 30 is the highest: one more may be added
        result |= (level < thresholds[value & 7] ? low + 1 : low) << 5 * i;
    }
    return result == 0 ? 1 : result;
}
// From red, green and blue of `from` bits each to `to` bits; a color that isn't black does not become 0.
uint32_t rgb_with_bits(uint32_t pixel, long from, long to) {
    uint32_t result = 0, mask = (1u << from) - 1;
    for (int i = 0; i < 3; i++) {
        uint32_t value = pixel >> (i * from) & mask;
        value = to >= from ? value << (to - from) : value >> (from - to);
        result |= value << (i * to);
    }
    return to < from && result == 0 && pixel != 0 ? 1 : result;
}
// Squeak's indexed colors: sixteen, greys between them, and a cube of six levels of each component.
uint32_t standard_color(uint32_t index) {
    static constexpr uint32_t first[16] = {0x00000000, 0xff000001, 0xffffffff, 0xff808080, 0xffff0000, 0xff00ff00,
                                           0xff0000ff, 0xff00ffff, 0xffffff00, 0xffff00ff, 0xff202020, 0xff404040,
                                           0xff606060, 0xff9f9f9f, 0xffbfbfbf, 0xffdfdfdf};
    static constexpr uint8_t greys[24] = {0x08, 0x10, 0x18, 0x28, 0x30, 0x38, 0x48, 0x50, 0x58, 0x68, 0x70, 0x78,
                                          0x87, 0x8f, 0x97, 0xa7, 0xaf, 0xb7, 0xc7, 0xcf, 0xd7, 0xe7, 0xef, 0xf7};
    if (index < 16) return first[index];
    if (index < 40) return 0xff000000u | greys[index - 16] * 0x010101u;
    uint32_t place = (index - 40) % 216, red = place / 36, blue = place / 6 % 6, green = place % 6;
    if (place == 0) return 0xff000001u;
    return 0xff000000u | red * 51 << 16 | green * 51 << 8 | blue * 51;
}

} // namespace heddle::smalltalk
