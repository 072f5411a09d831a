// BitBlt: copying rectangles of pixels between Forms, with color maps, halftones and combination rules.
//
// The general way goes pixel by pixel; whole words are copied where rule, depths and places allow it.
#include "bitblt.h"
#include <cmath>
#include <vector>

namespace heddle::smalltalk {

bool form::load(W_Object* o) {
    if (!has_slots(o, 4) || !is_exact<W_Words>(slot(o, 0)) || !is_int(slot(o, 3))) return false;
    words = static_cast<W_Words*>(slot(o, 0))->words;
    if (!blitter::number(slot(o, 1), width) || !blitter::number(slot(o, 2), height)) return false;
    depth = int_value(slot(o, 3));
    leftmost_high = depth > 0;
    if (depth < 0) depth = -depth;
    if (depth < 1 || depth > 32 || (depth & (depth - 1)) != 0) return false;
    if (width < 0 || height < 0 || width > 1 << 20 || height > 1 << 20) return false;
    pitch = static_cast<long>((width * depth + 31) / 32);
    return pitch * height <= words->length();
}

// ---- color maps
void color_map::convert_components(long from, long to) {
    long more = to - from;
    if (more == 0) return;
    uint32_t mask = (1u << (more < 0 ? to : from)) - 1;
    for (long i = 0; i < 3; i++) { // red, green, blue
        long place = 2 - i;
        masks[i] = mask << (place * from + (more < 0 ? -more : 0));
        shifts[i] = static_cast<int32_t>(more * (place + 1));
    }
    masks[3] = 0;
    shifts[3] = 0;
    has_shifts = true;
}
void color_map::convert_depths(long source_depth, long dest_depth) {
    if (source_depth <= 8 || (bits_per_color == 0 && dest_depth <= 8)) return;
    convert_components(source_depth == 16 ? 5 : 8, bits_per_color ? bits_per_color : dest_depth == 16 ? 5 : 8);
}
// {shifts. masks. table}, each nil or words.
bool color_map::load_shifts(W_Object* o) {
    W_Object *shift_words = slot(o, 0), *mask_words = slot(o, 1);
    for (W_Object* each : {shift_words, mask_words})
        if (each != nil() && (!is_exact<W_Words>(each) || static_cast<W_Words*>(each)->words->length() != 4))
            return false;
    if (shift_words == nil() || mask_words == nil()) return true;
    static constexpr uint32_t identity[4] = {0xff0000, 0xff00, 0xff, 0xff000000};
    for (long i = 0; i < 4; i++) {
        shifts[i] = static_cast<int32_t>(static_cast<W_Words*>(shift_words)->words->get(i));
        masks[i] = static_cast<W_Words*>(mask_words)->words->get(i);
        has_shifts |= shifts[i] != 0 || masks[i] != identity[i];
    }
    return true;
}
bool color_map::load(W_Object* o, long source_depth, long dest_depth) {
    bool old_style = is_exact<W_Words>(o);
    W_Object* words = old_style ? o : nil();
    if (!old_style && o != nil()) {
        if (!has_slots(o, 3) || !load_shifts(o)) return false;
        words = slot(o, 2);
        if (words != nil() && !is_exact<W_Words>(words)) return false;
    }
    if (words != nil()) {
        table = static_cast<W_Words*>(words)->words;
        long size = table->length();
        if ((size & (size - 1)) != 0) return false;
        bits_per_color = size == 512 ? 3 : size == 4096 ? 4 : size == 32768 ? 5 : 0;
        if (size == 0) table = nullptr;
    }
    if (old_style || o == nil()) convert_depths(source_depth, dest_depth);
    return true;
}
uint32_t color_map::apply(uint32_t pixel) const {
    uint32_t value = pixel;
    if (has_shifts) {
        value = 0;
        for (int i = 0; i < 4; i++) {
            uint32_t part = pixel & masks[i];
            int32_t by = shifts[i];
            value |= by <= -32 || by >= 32 ? 0 : by < 0 ? part >> -by : part << by;
        }
        if (value == 0 && pixel != 0) value = 1; // less color is not transparency
    }
    return table ? table->get(value & static_cast<uint32_t>(table->length() - 1)) : value;
}

// ---- loading
bool blitter::number(W_Object* o, int64_t& value) {
    if (is_int(o))
        value = int_value(o);
    else if (is_exact<W_Float>(o) && std::fabs(float_value(o)) < 2147483648.0)
        value = static_cast<int64_t>(float_value(o));
    else
        return false;
    return value > -(int64_t{1} << 31) && value < int64_t{1} << 31;
}
bool blitter::load() {
    if (!has_slots(self_, 15) || !is_int(slot(self_, 3)) || !dest_.load(slot(self_, 0))) return false;
    rule_.rule = int_value(slot(self_, 3));
    rule_.depth = dest_.depth;
    if (!rule_is_known(rule_.rule, dest_.depth)) return false;
    W_Object* source = slot(self_, 1);
    has_source_ = source != nil() && !rule_ignores_source(rule_.rule);
    if (has_source_ && (!source_.load(source) || !map_.load(slot(self_, 14), source_.depth, dest_.depth))) return false;
    rule_.map = &map_;
    if ((rule_.rule == 34 || rule_.rule == 41) && dest_.depth < 32 && !blends_colors()) return false;
    struct {
        long index;
        int64_t otherwise;
        int64_t* value;
    } numbers[] = {{4, 0, &dest_x_},
                   {5, 0, &dest_y_},
                   {6, dest_.width, &wanted_width_},
                   {7, dest_.height, &wanted_height_},
                   {8, 0, &from_x_},
                   {9, 0, &from_y_},
                   {10, 0, &clip_x_},
                   {11, 0, &clip_y_},
                   {12, dest_.width, &clip_width_},
                   {13, dest_.height, &clip_height_}};
    for (auto& [index, otherwise, value] : numbers) {
        bool used = has_source_ || (index != 8 && index != 9);
        *value = otherwise;
        if (used && slot(self_, index) != nil() && !number(slot(self_, index), *value)) return false;
    }
    return load_halftone();
}
bool blitter::load_halftone() {
    W_Object* o = slot(self_, 2);
    if (o == nil() || rule_ignores_source(rule_.rule)) return true;
    W_Object* words = has_slots(o, 4) ? slot(o, 0) : o;
    if (!is_exact<W_Words>(words)) return false;
    halftone_ = static_cast<W_Words*>(words)->words;
    halftone_height_ = halftone_->length();
    if (words != o && (!is_int(slot(o, 2)) || int_value(slot(o, 2)) > halftone_height_)) return false;
    if (words != o) halftone_height_ = int_value(slot(o, 2));
    return halftone_height_ > 0;
}
bool blitter::prepare(W_Object* const* arguments, long count) {
    if (rule_.rule == 30 || rule_.rule == 31) {
        if (count != 1 || !is_int(arguments[0]) || int_value(arguments[0]) < 0 || int_value(arguments[0]) > 255)
            return false;
        rule_.alpha = static_cast<uint32_t>(int_value(arguments[0]));
    }
    if (rule_.rule != 41) return true;
    // color, then perhaps alpha, then perhaps two tables
    if (count < 1 || !word_value(arguments[0], rule_.components.color) || (count >= 2 && !is_int(arguments[1])))
        return false;
    if (count >= 2) rule_.components.alpha = static_cast<uint32_t>(int_value(arguments[1])) & 255;
    auto bytes = [](W_Object* o) {
        bool good = is_exact<W_Bytes>(o) && static_cast<W_Bytes*>(o)->bytes->length() >= 256;
        return good ? static_cast<W_Bytes*>(o)->bytes.get() : nullptr;
    };
    if (count == 4) rule_.components.gamma = bytes(arguments[2]), rule_.components.ungamma = bytes(arguments[3]);
    return true;
}

// ---- clipping
static void cut(int64_t& at, int64_t& size, int64_t& other, int64_t from, int64_t length) {
    if (at < from) {
        other += from - at;
        size -= from - at;
        at = from;
    }
    if (at + size > from + length) size = from + length - at;
}
bool blitter::clip(bool to_source) {
    x_ = dest_x_, y_ = dest_y_, width_ = wanted_width_, height_ = wanted_height_;
    source_x_ = from_x_, source_y_ = from_y_;
    cut(x_, width_, source_x_, clip_x_, clip_width_);
    cut(y_, height_, source_y_, clip_y_, clip_height_);
    cut(x_, width_, source_x_, 0, dest_.width);
    cut(y_, height_, source_y_, 0, dest_.height);
    if (has_source_ && to_source) {
        cut(source_x_, width_, x_, 0, source_.width);
        cut(source_y_, height_, y_, 0, source_.height);
    }
    return width_ > 0 && height_ > 0;
}

// ---- copying
void blitter::copy() {
    if (rule_.rule == 38) return swap_pixels();
    if (copy_with_alpha() || copy_words()) return;
    bool overlaps = has_source_ && source_.words == dest_.words;
    bool upwards = overlaps && source_y_ < y_, leftwards = overlaps && source_y_ == y_ && source_x_ < x_;
    bool maps = map_.is_there();
    for (long i = 0; i < height_; i++) {
        long row = upwards ? height_ - 1 - i : i, y = y_ + row;
        uint32_t halftone = halftone_at(y);
        for (long k = 0; k < width_; k++) {
            long column = leftwards ? width_ - 1 - k : k, x = x_ + column;
            uint32_t pixel = dest_.mask();
            if (has_source_) {
                pixel = source_.get(source_x_ + column, source_y_ + row);
                if (maps) pixel = map_.apply(pixel);
            }
            dest_.set(x, y, combine(rule_, masked(pixel, halftone, x), dest_.get(x, y)));
        }
    }
}
// Rules of bits, of one depth, from the same place in the words; or without a source.
bool blitter::copy_words() {
    if (rule_.rule > 15 || !dest_.leftmost_high) return false;
    if (has_source_ &&
        (map_.is_there() || source_.depth != dest_.depth || !source_.leftmost_high || source_.words == dest_.words))
        return false;
    long first_bit = x_ * dest_.depth, end_bit = (x_ + width_) * dest_.depth;
    long source_bit = source_x_ * source_.depth - (first_bit & 31); // of the first word's highest bit
    for (long row = 0; row < height_; row++) {
        long y = y_ + row, source_row = (source_y_ + row) * source_.pitch;
        uint32_t halftone = halftone_at(y);
        // Beyond the row's ends are bits that the mask leaves out.
        auto word_at = [&](long index) -> uint32_t {
            if (!has_source_) return 0xffffffffu;
            return index < 0 || index >= source_.pitch ? 0 : source_.words->get(source_row + index);
        };
        long at = source_bit;
        for (long word = first_bit >> 5; word * 32 < end_bit; word++, at += 32) {
            uint32_t mask = 0xffffffffu;
            if (word * 32 < first_bit) mask &= 0xffffffffu >> (first_bit & 31);
            if (word * 32 + 32 > end_bit) mask &= ~(0xffffffffu >> (end_bit & 31));
            uint64_t both = static_cast<uint64_t>(word_at(at >> 5)) << 32 | word_at((at >> 5) + 1);
            uint32_t source = static_cast<uint32_t>(both << (at & 31) >> 32) & halftone;
            uint32_t old = dest_.words->get(y * dest_.pitch + word);
            dest_.words->set(y * dest_.pitch + word, (combine(rule_, source, old) & mask) | (old & ~mask));
        }
    }
    return true;
}
// Each word's pixels change places with each other, from one end to the other.
void blitter::swap_pixels() {
    long in_word = 32 / dest_.depth;
    bool maps = has_source_ && (map_.is_there() || source_.depth != dest_.depth);
    for (long row = 0; row < height_; row++) {
        std::vector<uint32_t> old;
        for (long x = 0; x < dest_.pitch * in_word; x++) old.push_back(dest_.get(x, y_ + row));
        for (long x = x_; x < x_ + width_; x++) {
            long other = x / in_word * in_word + in_word - 1 - x % in_word;
            bool outside = other < x_ || other >= x_ + width_;
            dest_.set(x, y_ + row, maps && outside ? 0 : old[static_cast<size_t>(other)]);
        }
    }
}

// ---- rules 34 and 41 from 32-bit pixels of another form: without halftone; to fewer bits they dither
bool blitter::blends_colors() const {
    if ((rule_.rule != 34 && rule_.rule != 41) || !has_source_) return false;
    if (source_.depth != 32 || source_.words == dest_.words || dest_.depth < 8) return false;
    return dest_.depth != 8 || rule_.rule == 41 || map_.is_there();
}
bool blitter::copy_with_alpha() {
    if (!blends_colors()) return false;
    bool by_components = rule_.rule == 41;
    if (dest_.depth == 8) {
        copy_to_indexed();
        return true;
    }
    if (dest_.depth == 16) {
        copy_dithered();
        return true;
    }
    for (long row = 0; row < height_; row++)
        for (long k = 0; k < width_; k++) {
            uint32_t s = source_.get(source_x_ + k, source_y_ + row), d = dest_.get(x_ + k, y_ + row);
            if (by_components)
                dest_.set(x_ + k, y_ + row, s & 0xffffff ? blend_components(rule_.components, s, d) : d);
            else
                dest_.set(x_ + k, y_ + row, s >> 24 == 255 ? s : s >> 24 == 0 ? d : blend_scaled(s, d));
        }
    return true;
}
void blitter::copy_dithered() {
    for (long row = 0; row < height_; row++)
        for (long k = 0; k < width_; k++) {
            uint32_t s = source_.get(source_x_ + k, source_y_ + row);
            uint32_t d = dest_.get(x_ + k, y_ + row);
            d = (d & 31744) << 9 | (d & 992) << 6 | (d & 31) << 3 | 0xff000000u;
            if (rule_.rule == 41) {
                if ((s & 0xffffff) == 0) continue;
                s = blend_components(rule_.components, s, d);
            } else {
                if (s >> 24 == 0) continue;
                if (s >> 24 != 255) s = blend_scaled(s, d);
            }
            dest_.set(x_ + k, y_ + row, dithered_to_16(s, source_x_ + k, y_ + row));
        }
}
// The 8-bit destination's colors are taken for the standard ones; every other pixel is made a little lighter.
void blitter::copy_to_indexed() {
    bool lighter = ((x_ & 1) != 0) != ((y_ & 1) == 0);
    for (long row = 0; row < height_; row++) {
        lighter = !lighter;
        for (long k = 0; k < width_; k++, lighter = !lighter) {
            uint32_t s = source_.get(source_x_ + k, source_y_ + row) | (lighter ? 0x1f1f1f1fu : 0);
            uint32_t under = standard_color(dest_.get(x_ + k, y_ + row));
            if (rule_.rule == 41) {
                uint32_t average = ((s >> 16 & 255) + (s >> 8 & 255) + (s & 255)) / 3;
                if (average <= 31) continue;
                s = blend_components(rule_.components, average > 224 ? 0xffffffffu : s, under);
            } else {
                if (s >> 24 <= 31) continue;
                if (s >> 24 < 224) s = blend_scaled(s, under);
            }
            dest_.set(x_ + k, y_ + row, map_.apply(s));
        }
    }
}

void blitter::draw_line(long dx, long dy) {
    long step_x = dx > 0 ? 1 : dx < 0 ? -1 : 0, step_y = dy > 0 ? 1 : dy < 0 ? -1 : 0;
    long across = std::labs(dx), down = std::labs(dy), length = std::max(across, down), rest = length >> 1;
    for (long i = 1; i <= length; i++) {
        if (across > down) {
            dest_x_ += step_x;
            if ((rest -= down) < 0) dest_y_ += step_y, rest += across;
        } else {
            dest_y_ += step_y;
            if ((rest -= across) < 0) dest_x_ += step_x, rest += down;
        }
        if (i < length && clip()) {
            copy();
            note_drawing(*this);
        }
    }
}

} // namespace heddle::smalltalk
