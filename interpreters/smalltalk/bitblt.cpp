// BitBlt: copying rectangles of pixels between Forms, pixel by pixel, with color maps, halftones and combination rules.
//
// A BitBlt object: destination, source and halftone forms, rule, destination x and y, width, height, source x and y,
// clipping rectangle, color map. A Form: bits, width, height, depth. Pixels lie in 32-bit words, the leftmost highest.
// Rules that need a new-style color map, a table (tally) or component alpha fail, so that the image's own code runs.
#include "primitive_functions.h"
#include "primitives.h"
#include <cmath>

namespace heddle::smalltalk {
namespace {

struct form {
    word_array* words = nullptr;
    long width = 0, height = 0, depth = 1, pitch = 0; // pitch: words of a row
    bool load(W_Object* o) {
        if (!has_slots(o, 4) || !is_exact<W_Words>(slot(o, 0))) return false;
        for (long i = 1; i < 4; i++)
            if (!is_int(slot(o, i))) return false;
        words = static_cast<W_Words*>(slot(o, 0))->words;
        width = int_value(slot(o, 1));
        height = int_value(slot(o, 2));
        depth = int_value(slot(o, 3));
        if (depth < 1 || depth > 32 || (depth & (depth - 1)) != 0) return false;
        if (width < 0 || height < 0 || width > 1 << 20 || height > 1 << 20) return false;
        pitch = (width * depth + 31) / 32;
        return pitch * height <= words->length();
    }
    uint32_t mask() const { return depth == 32 ? 0xffffffffu : (1u << depth) - 1; }
    uint32_t get(long x, long y) const {
        long bit = x * depth;
        return words->get(y * pitch + (bit >> 5)) >> (32 - depth - (bit & 31)) & mask();
    }
    void set(long x, long y, uint32_t pixel) const {
        long bit = x * depth, index = y * pitch + (bit >> 5), shift = 32 - depth - (bit & 31);
        words->set(index, (words->get(index) & ~(mask() << shift)) | (pixel & mask()) << shift);
    }
};

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
    uint32_t mask = c.bits == 32 ? 0xffffffffu : (1u << c.bits) - 1, result = 0;
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
uint32_t blend_scaled(uint32_t s, uint32_t d) {
    uint32_t rest = 255 - (s >> 24);
    return by_component(s, d, 32,
                        [&](uint32_t a, uint32_t b, uint32_t) { return std::min(255u, (b * rest >> 8) + a); });
}

bool rule_is_known(long rule, long depth) {
    if (rule < 0 || rule > 40) return false;
    switch (rule) {
    case 18:
    case 19: return depth == 32;
    case 22:
    case 23:
    case 33:
    case 35:
    case 36:
    case 38: return false;
    case 24:
    case 34: return depth == 32;
    case 30:
    case 31: return depth >= 16;
    default: return true;
    }
}
uint32_t combine(long rule, uint32_t s, uint32_t d, long depth, uint32_t alpha) {
    switch (rule) {
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
    case 20: return by_component(s, d, depth, [](uint32_t a, uint32_t b, uint32_t m) { return std::min(a + b, m); });
    case 21:
    case 32: return by_component(s, d, depth, [](uint32_t a, uint32_t b, uint32_t) { return a < b ? b - a : a - b; });
    case 24: return s >> 24 == 0 ? d : s >> 24 == 255 ? s : blend(s | 0xff000000u, d, s >> 24, 32);
    case 25: return s == 0 ? d : s;
    case 26: return s == 0 ? d : 0;
    case 27: return by_component(s, d, depth, [](uint32_t a, uint32_t b, uint32_t) { return std::max(a, b); });
    case 28: return by_component(s, d, depth, [](uint32_t a, uint32_t b, uint32_t) { return std::min(a, b); });
    case 29: return by_component(~s, d, depth, [](uint32_t a, uint32_t b, uint32_t) { return std::min(a, b); });
    case 30: return blend(s, d, alpha, depth);
    case 31: return s == 0 ? d : blend(s, d, alpha, depth);
    case 34: return blend_scaled(s, d);
    case 37:
        return by_component(s, d, depth, [](uint32_t a, uint32_t b, uint32_t m) {
            return static_cast<uint32_t>((static_cast<uint64_t>(a) + 1) * (static_cast<uint64_t>(b) + 1) - 1) /
                   (m == 0xffffffffu ? m : m + 1);
        });
    case 39: return s == d ? 0 : d;
    case 40: return depth != 32 || d == 0 || (d & 0xff000000u) ? d : d | (s & 0xff000000u);
    default: return d;
    }
}

// From red, green and blue of `from` bits each to `to` bits; a color that isn't black does not become black.
uint32_t map_rgb(uint32_t pixel, long from, long to) {
    uint32_t result = 0, mask = (1u << from) - 1;
    for (int i = 0; i < 3; i++) {
        uint32_t value = pixel >> (i * from) & mask;
        value = to >= from ? value << (to - from) : value >> (from - to);
        result |= value << (i * to);
    }
    if (to < from && result == 0 && (pixel & ((1u << (3 * from)) - 1)) != 0) return 1;
    return result;
}

class blitter {
public:
    explicit blitter(W_Object* o) : self_(o) {}
    // False: something is not as it should be; nothing was drawn.
    bool load() {
        if (!has_slots(self_, 15) || !dest_.load(slot(self_, 0))) return false;
        W_Object* source = slot(self_, 1);
        has_source_ = source != nil();
        if (has_source_ && !source_.load(source)) return false;
        if (!number(3, 0, rule_) || !rule_is_known(rule_, dest_.depth)) return false;
        long values[10];
        long defaults[10] = {0, 0, dest_.width, dest_.height, 0, 0, 0, 0, dest_.width, dest_.height};
        for (long i = 0; i < 10; i++)
            if (!number(4 + i, defaults[i], values[i])) return false;
        x_ = values[0], y_ = values[1], width_ = values[2], height_ = values[3];
        source_x_ = values[4], source_y_ = values[5];
        clip(values[6], values[7], values[8], values[9]);
        return load_halftone() && load_color_map();
    }
    void run(uint32_t alpha) {
        bool overlaps = has_source_ && source_.words == dest_.words;
        bool upwards = overlaps && source_y_ < y_, leftwards = overlaps && source_y_ == y_ && source_x_ < x_;
        for (long i = 0; i < height_; i++) {
            long row = upwards ? height_ - 1 - i : i;
            uint32_t halftone = halftone_ ? halftone_->get((y_ + row) % halftone_->length()) : 0xffffffffu;
            for (long k = 0; k < width_; k++) {
                long column = leftwards ? width_ - 1 - k : k, x = x_ + column, y = y_ + row;
                uint32_t pixel = has_source_ ? mapped(source_.get(source_x_ + column, source_y_ + row)) : dest_.mask();
                pixel &= halftone >> (32 - dest_.depth - (x * dest_.depth & 31)) & dest_.mask();
                dest_.set(x, y, combine(rule_, pixel, dest_.get(x, y), dest_.depth, alpha));
            }
        }
    }
    bool wants_alpha() const { return rule_ == 30 || rule_ == 31; }

private:
    bool number(long index, long otherwise, long& value) {
        W_Object* o = slot(self_, index);
        if (o == nil()) {
            value = otherwise;
        } else if (is_int(o)) {
            value = int_value(o);
        } else if (is_exact<W_Float>(o) && std::fabs(float_value(o)) < 1e9) {
            value = static_cast<long>(float_value(o));
        } else {
            return false;
        }
        return value > -(1L << 31) && value < 1L << 31;
    }
    static void cut(long& at, long& size, long& other, long from, long length) {
        if (at < from) {
            other += from - at;
            size -= from - at;
            at = from;
        }
        if (at + size > from + length) size = from + length - at;
    }
    void clip(long x, long y, long width, long height) {
        cut(x_, width_, source_x_, x, width);
        cut(y_, height_, source_y_, y, height);
        cut(x_, width_, source_x_, 0, dest_.width);
        cut(y_, height_, source_y_, 0, dest_.height);
        if (!has_source_) return;
        cut(source_x_, width_, x_, 0, source_.width);
        cut(source_y_, height_, y_, 0, source_.height);
    }
    bool load_halftone() {
        W_Object* o = slot(self_, 2);
        if (o == nil()) return true;
        if (has_slots(o, 4)) o = slot(o, 0);
        if (!is_exact<W_Words>(o)) return false;
        halftone_ = static_cast<W_Words*>(o)->words;
        return halftone_->length() > 0;
    }
    bool load_color_map() {
        W_Object* o = slot(self_, 14);
        if (o == nil() || !has_source_) return true;
        if (!is_exact<W_Words>(o)) return false;
        map_ = static_cast<W_Words*>(o)->words;
        long size = map_->length();
        if (size == 0 || (size & (size - 1)) != 0) return false;
        map_bits_ = size == 512 ? 3 : size == 4096 ? 4 : size == 32768 ? 5 : 0;
        return source_.depth <= 8 || map_bits_ > 0;
    }
    uint32_t mapped(uint32_t pixel) const {
        long depth = source_.depth;
        if (map_) {
            uint32_t index = depth <= 8 ? pixel : map_rgb(pixel, depth == 16 ? 5 : 8, map_bits_);
            return map_->get(index & static_cast<uint32_t>(map_->length() - 1)) & dest_.mask();
        }
        if (depth == 16 && dest_.depth == 32) return pixel ? map_rgb(pixel, 5, 8) | 0xff000000u : 0;
        if (depth == 32 && dest_.depth == 16) return map_rgb(pixel, 8, 5);
        return pixel & dest_.mask();
    }

    W_Object* self_;
    form dest_, source_;
    bool has_source_ = false;
    long rule_ = 0, x_ = 0, y_ = 0, width_ = 0, height_ = 0, source_x_ = 0, source_y_ = 0;
    word_array* halftone_ = nullptr;
    word_array* map_ = nullptr;
    long map_bits_ = 0;
};

} // namespace

// copyBits, or copyBitsTranslucent: alpha
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_copy_bits(W_Frame*, Code*, frame_slots* slots, long first, long count) {
    if (count > 1) return nullptr;
    W_Object* o = slots->get(first);
    blitter blit(o);
    if (!blit.load()) return nullptr;
    uint32_t alpha = 255;
    if (count == 1 && is_int(slots->get(first + 1)))
        alpha = static_cast<uint32_t>(int_value(slots->get(first + 1)) & 255);
    if (blit.wants_alpha() && count != 1) return nullptr;
    blit.run(alpha);
    return o;
}

HEDDLE_DONT_LOOK_INSIDE bool form_pixels(W_Object* o, long& width, long& height, std::string& rgb) {
    form f;
    if (!f.load(o)) return false;
    width = f.width, height = f.height;
    // The standard colors of Squeak's first sixteen pixel values; beyond, a grey by value.
    static constexpr uint32_t standard[] = {0xffffff, 0x000000, 0xffffff, 0x808080, 0xff0000, 0x00ff00,
                                            0x0000ff, 0x00ffff, 0xffff00, 0xff00ff, 0x202020, 0x404040,
                                            0x606060, 0x9f9f9f, 0xbfbfbf, 0xdfdfdf};
    for (long y = 0; y < height; y++)
        for (long x = 0; x < width; x++) {
            uint32_t pixel = f.get(x, y), color;
            if (f.depth == 32)
                color = pixel & 0xffffff;
            else if (f.depth == 16)
                color = map_rgb(pixel, 5, 8);
            else
                color = pixel < 16 ? standard[pixel] : pixel * 0x010101u & 0xffffff;
            for (int shift = 16; shift >= 0; shift -= 8) rgb += static_cast<char>(color >> shift & 255);
        }
    return true;
}

} // namespace heddle::smalltalk
