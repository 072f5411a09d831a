// Drawing on Forms: what BitBlt and WarpBlt share.
//
// A Form: bits, width, height, depth. Pixels lie in 32-bit words, the leftmost highest, or lowest if the depth is
// negative. A BitBlt object: destination, source and halftone forms, rule, destination x and y, width, height, source
// x and y, clipping rectangle, color map; a WarpBlt adds the corners of a quadrilateral of the source.
#pragma once
#include "object.h"
#include <bit>

namespace heddle::smalltalk {

struct form {
    word_array* words = nullptr;
    int64_t width = 0, height = 0;
    long depth = 1, pitch = 0; // pitch: words of a row
    bool leftmost_high = true;
    bool load(W_Object* o);
    uint32_t mask() const { return depth == 32 ? 0xffffffffu : (1u << depth) - 1; }
    long shift_of(long x) const {
        long bit = x * depth & 31;
        return leftmost_high ? 32 - depth - bit : bit;
    }
    long word_of(long x, long y) const { return y * pitch + (x * depth >> 5); }
    uint32_t get(long x, long y) const { return words->get(word_of(x, y)) >> shift_of(x) & mask(); }
    void set(long x, long y, uint32_t pixel) const {
        long index = word_of(x, y), shift = shift_of(x);
        words->set(index, (words->get(index) & ~(mask() << shift)) | (pixel & mask()) << shift);
    }
};

// From the source's pixel values to the destination's: components are shifted, then looked up in a table.
struct color_map {
    bool has_shifts = false;
    uint32_t masks[4] = {};
    int32_t shifts[4] = {};
    word_array* table = nullptr; // a power of two long
    long bits_per_color = 0;     // of the table's index, when it is made of components
    bool is_there() const { return has_shifts || table; }
    // False: it makes no sense. nil gives the conversion between depths of 16 and 32.
    bool load(W_Object* o, long source_depth, long dest_depth);
    void convert_components(long from, long to); // red, green, blue of so many bits each
    uint32_t apply(uint32_t pixel) const;

private:
    bool load_shifts(W_Object* o);
    void convert_depths(long source_depth, long dest_depth);
};

// What rule 41 takes beside the pixels.
struct component_alpha {
    uint32_t alpha = 255, color = 0xffffff;
    byte_array *gamma = nullptr, *ungamma = nullptr; // of 256 bytes
};

// ---- bitblt_rules.cpp
struct rule_context {
    long rule, depth;           // of the destination
    uint32_t alpha = 255;       // of rules 30 and 31
    component_alpha components; // of rule 41
    color_map* map = nullptr;   // of rules 23 and 33
    int64_t count = 0;          // the result of rules 22 and 32
};
bool rule_is_known(long rule, long depth);
bool rule_ignores_source(long rule);
uint32_t combine(rule_context& context, uint32_t source, uint32_t dest);
uint32_t blend_scaled(uint32_t source, uint32_t dest);
uint32_t blend_components(const component_alpha& how, uint32_t source, uint32_t dest);
uint32_t dithered_to_16(uint32_t pixel, long x, long y); // of the 4 by 4 pattern
uint32_t rgb_with_bits(uint32_t pixel, long from, long to);
uint32_t standard_color(uint32_t index); // the 32-bit pixel that a value of up to 8 bits stands for

// ---- bitblt.cpp
class blitter {
public:
    explicit blitter(W_Object* o) : self_(o) {}
    bool load();                                          // false: something is not as it should be; nothing was drawn
    bool clip(bool to_source = true);                     // false: nothing is left
    bool prepare(W_Object* const* arguments, long count); // what rules 30, 31 and 41 want; false: it isn't there
    void copy();
    bool warp(long smoothing, W_Object* source_map); // warpblt.cpp
    // Along a line, without its ends.
    void draw_line(long dx, long dy);

    W_Object* self_;
    form dest_, source_;
    bool has_source_ = false;
    rule_context rule_{};
    // Of up to 32 bits each as asked for, and so their sums fit.
    int64_t dest_x_ = 0, dest_y_ = 0, wanted_width_ = 0, wanted_height_ = 0;
    int64_t from_x_ = 0, from_y_ = 0;
    int64_t clip_x_ = 0, clip_y_ = 0, clip_width_ = 0, clip_height_ = 0;
    int64_t x_ = 0, y_ = 0, width_ = 0, height_ = 0, source_x_ = 0, source_y_ = 0; // clipped
    color_map map_;
    static bool number(W_Object* o, int64_t& value); // a float is truncated

private:
    bool load_halftone();
    uint32_t halftone_at(long y) const {
        if (!halftone_) return 0xffffffffu;
        long index = y % halftone_height_;
        return halftone_->get(index < 0 ? index + halftone_height_ : index);
    }
    uint32_t masked(uint32_t pixel, uint32_t halftone, long x) const {
        return pixel & halftone >> dest_.shift_of(x) & dest_.mask();
    }
    bool blends_colors() const;
    bool copy_with_alpha();
    void copy_dithered();
    void copy_to_indexed();
    void swap_pixels();
    bool copy_words();
    uint32_t smooth_pixel(int64_t x, int64_t y, const int64_t (&steps)[4], long n, word_array* source_map) const;
    uint32_t source_pixel_at(int64_t x, int64_t y) const;

    word_array* halftone_ = nullptr;
    long halftone_height_ = 0;
};

// ---- display.cpp
void note_drawing(blitter& blit);                 // what was drawn may be on the display
uint32_t shown_color(uint32_t pixel, long depth); // red, green and blue, 8 bits each

} // namespace heddle::smalltalk
