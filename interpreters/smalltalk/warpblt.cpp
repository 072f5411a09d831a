// WarpBlt: copying a quadrilateral of the source into a rectangle, by stepping through the source in 14-bit fixed
// point. With smoothing the colors of n by n points are averaged for each pixel.
#include "bitblt.h"

namespace heddle::smalltalk {
namespace {

constexpr int64_t fixed_one = 1 << 14;
int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }
int64_t step(int64_t from, int64_t to, int64_t steps) {
    if (to == from) return 0;
    if (to > from) return (to - from + fixed_one) / (steps + 1) + 1;
    return -((from - to + fixed_one) / (steps + 1) + 1);
}
// One side of the quadrilateral: where a row begins (or ends), and the way to the next row's.
struct side {
    int64_t x, y, step_x, step_y;
    void advance(int64_t rows) { x += rows * step_x, y += rows * step_y; }
};
void start_backwards(int64_t& at, int64_t to, int64_t steps, int64_t by) {
    if (by < 0) at = to - steps * by;
}
bool load_side(W_Object* blit, long first, long last, int64_t steps, side& s) {
    int64_t end_x, end_y;
    if (!blitter::number(slot(blit, first), s.x) || !blitter::number(slot(blit, first + 1), s.y) ||
        !blitter::number(slot(blit, last), end_x) || !blitter::number(slot(blit, last + 1), end_y))
        return false;
    s.step_x = step(s.x, end_x, steps);
    start_backwards(s.x, end_x, steps, s.step_x);
    s.step_y = step(s.y, end_y, steps);
    start_backwards(s.y, end_y, steps, s.step_y);
    return true;
}
} // namespace

uint32_t blitter::source_pixel_at(int64_t x, int64_t y) const {
    if (x < 0 || y < 0 || x >> 14 >= source_.width || y >> 14 >= source_.height) return 0;
    return source_.get(static_cast<long>(x >> 14), static_cast<long>(y >> 14));
}

// steps: to the next pixel of the row (x, y), and to the next row
uint32_t blitter::smooth_pixel(int64_t x, int64_t y, const int64_t (&steps)[4], long n, word_array* source_map) const {
    int64_t part[4];
    for (int i = 0; i < 4; i++) part[i] = floor_divide(steps[i], n);
    long sums[4] = {}, points = 0;
    for (long j = 0; j < n; j++, x += part[2], y += part[3]) {
        int64_t at_x = x, at_y = y;
        for (long k = 0; k < n; k++, at_x += part[0], at_y += part[1]) {
            uint32_t color = source_pixel_at(at_x, at_y);
            if (rule_.rule == 25 && color == 0) continue; // transparent
            points++;
            if (source_.depth < 16)
                color = source_map->get(color);
            else if (source_.depth == 16)
                color = rgb_with_bits(color & 0x7fff, 5, 8);
            for (int i = 0; i < 4; i++) sums[i] += color >> 8 * i & 255;
        }
    }
    if (points == 0 || (rule_.rule == 25 && points < n * n >> 1)) return 0;
    uint32_t color = 0;
    long all = 0;
    for (int i = 0; i < 4; i++) {
        all += sums[i] / points;
        color |= static_cast<uint32_t>(sums[i] / points) << 8 * i;
    }
    if (color == 0 && all > 0) color = 1;
    return map_.apply(color);
}

bool blitter::warp(long smoothing, W_Object* source_map) {
    if (!has_slots(self_, 27) || smoothing < 1 || smoothing > 1000) return false;
    int64_t rows = std::max(wanted_height_ - 1, int64_t{1}), columns = std::max(wanted_width_ - 1, int64_t{1});
    side left, right;
    if (!load_side(self_, 15, 18, rows, left) || !load_side(self_, 24, 21, rows, right)) return false;
    word_array* map_words = is_exact<W_Words>(source_map) ? static_cast<W_Words*>(source_map)->words.get() : nullptr;
    if (smoothing > 1 && source_.depth < 16 && (!map_words || map_words->length() < 1L << source_.depth)) return false;
    if (smoothing > 1 && !has_slots(slot(self_, 14), 3)) {
        // What is averaged has 8 bits a component.
        if (map_.table)
            map_.convert_components(8, map_.bits_per_color);
        else if (dest_.depth == 16)
            map_.convert_components(8, 5);
    }
    int64_t cut_rows = std::max(int64_t{0}, y_ - dest_y_), cut_columns = std::max(int64_t{0}, x_ - dest_x_);
    left.advance(cut_rows);
    right.advance(cut_rows);
    for (long row = 0; row < height_; row++, left.advance(1), right.advance(1)) {
        int64_t steps[4] = {step(left.x, right.x, columns), step(left.y, right.y, columns), left.step_x, left.step_y};
        int64_t at_x = left.x, at_y = left.y;
        start_backwards(at_x, right.x, columns, steps[0]);
        start_backwards(at_y, right.y, columns, steps[1]);
        at_x += cut_columns * steps[0], at_y += cut_columns * steps[1];
        uint32_t halftone = halftone_at(y_ + row);
        for (long x = x_; x < x_ + width_; x++, at_x += steps[0], at_y += steps[1]) {
            uint32_t pixel = smoothing == 1 ? map_.apply(source_pixel_at(at_x, at_y))
                                            : smooth_pixel(at_x, at_y, steps, smoothing, map_words);
            dest_.set(x, y_ + row, combine(rule_, masked(pixel, halftone, x), dest_.get(x, y_ + row)));
        }
    }
    return true;
}

} // namespace heddle::smalltalk
