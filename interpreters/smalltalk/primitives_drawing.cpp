// Primitives that draw: BitBltPlugin, scanning of characters; bitmaps as runs of words (MiscPrimitivePlugin).
#include "bitblt.h"
#include "primitive_functions.h"
#include "primitives.h"

namespace heddle::smalltalk {

// copyBits, copyBitsTranslucent: alpha, or with rule 41 a color, an alpha, two tables
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_copy_bits(W_Frame*, Code*, frame_slots* slots, long first, long count) {
    if (count > 4) return nullptr;
    W_Object* arguments[4] = {};
    for (long i = 0; i < count; i++) arguments[i] = slots->get(first + 1 + i);
    blitter blit(slots->get(first));
    if (!blit.load()) return nullptr;
    if (blit.clip()) {
        if (!blit.prepare(arguments, count)) return nullptr;
        blit.copy();
        note_drawing(blit);
    }
    bool counts = blit.rule_.rule == 22 || blit.rule_.rule == 32;
    return counts ? make_wide_integer(blit.rule_.count) : slots->get(first);
}
// warpBits, or warpBitsSmoothing: n sourceMap: words
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_warp_bits(W_Frame*, Code*, frame_slots* slots, long first, long count) {
    if (count != 0 && (count != 2 || !is_int(slots->get(first + 1)))) return nullptr;
    blitter blit(slots->get(first));
    // Rules 30, 31 and 41 would want arguments that there is no room for; 38 turns words around, whatever the source.
    if (!blit.load()) return nullptr;
    long rule = blit.rule_.rule;
    if (rule == 30 || rule == 31 || rule == 41 || rule == 38 || (rule == 34 && blit.dest_.depth < 32)) return nullptr;
    if (!blit.has_source_ || !blit.clip(false)) return slots->get(first);
    long smoothing = count == 2 ? int_value(slots->get(first + 1)) : 1;
    if (!blit.warp(smoothing, count == 2 ? slots->get(first + 2) : nil())) return nullptr;
    note_drawing(blit);
    return slots->get(first);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_draw_loop(W_Object* o, W_Object* dx, W_Object* dy) {
    blitter blit(o);
    if (!is_int(dx) || !is_int(dy) || !blit.load() || !blit.prepare(nullptr, 0)) return nullptr;
    if (std::labs(int_value(dx)) > 1 << 20 || std::labs(int_value(dy)) > 1 << 20) return nullptr;
    blit.draw_line(int_value(dx), int_value(dy));
    W_Object *x = make_wide_integer(blit.dest_x_), *y = make_wide_integer(blit.dest_y_);
    set_slot(o, 4, x);
    set_slot(o, 5, y);
    return o;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_pixel_value_at(W_Object* o, W_Object* x, W_Object* y) {
    form f;
    if (!is_int(x) || !is_int(y)) return nullptr;
    if (int_value(x) < 0 || int_value(y) < 0) return make_int(0);
    if (!f.load(o) || !f.leftmost_high) return nullptr;
    if (int_value(x) >= f.width || int_value(y) >= f.height) return make_int(0);
    return make_word(f.get(int_value(x), int_value(y)));
}
// The glyph of a byte of text: its number in the font, or -1.
static long glyph_of(W_Object* map, W_Object* positions, uint8_t byte) {
    W_Object* number = slot(map, byte);
    return is_int(number) && int_value(number) >= 0 && has_slots(positions, int_value(number) + 2) &&
                   is_int(slot(positions, int_value(number))) && is_int(slot(positions, int_value(number) + 1))
               ? int_value(number)
               : -1;
}
// displayString: text from: start to: stop map: glyphs xTable: positions kern: kern
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_display_string(W_Frame*, Code*, frame_slots* slots, long first,
                                                           long count) {
    if (count != 6) return nullptr;
    W_Object *o = slots->get(first), *text = slots->get(first + 1), *start = slots->get(first + 2),
             *stop = slots->get(first + 3), *map = slots->get(first + 4), *positions = slots->get(first + 5),
             *kern = slots->get(first + 6);
    if (!is_exact<W_Bytes>(text) || !is_int(start) || !is_int(stop) || !is_int(kern)) return nullptr;
    if (!has_slots(map, 256) || !is<W_Pointers>(positions)) return nullptr;
    byte_array* bytes = static_cast<W_Bytes*>(text)->bytes;
    if (int_value(start) < 1 || int_value(stop) < 1 || int_value(stop) > bytes->length()) return nullptr;
    blitter blit(o);
    if (!blit.load() || !blit.prepare(nullptr, 0)) return nullptr;
    for (long i = int_value(start); i <= int_value(stop); i++) {
        long glyph = glyph_of(map, positions, bytes->get(i - 1));
        if (glyph < 0) return nullptr;
        blit.from_x_ = int_value(slot(positions, glyph));
        blit.wanted_width_ = int_value(slot(positions, glyph + 1)) - blit.from_x_;
        if (blit.clip()) {
            blit.copy();
            note_drawing(blit);
        }
        blit.dest_x_ += blit.wanted_width_ + int_value(kern);
    }
    set_slot(o, 4, make_wide_integer(blit.dest_x_));
    return o;
}
// A CharacterScanner: x, last index, the font's positions and map. scanCharactersFrom: start to: stop in: text
// rightX: x stopConditions: stops kern: kern. Answers the stop condition: a character's, or the one for the run's end
// (257th) or the right edge (258th).
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_scan_characters(W_Frame*, Code*, frame_slots* slots, long first,
                                                            long count) {
    if (count != 6) return nullptr;
    W_Object *o = slots->get(first), *start = slots->get(first + 1), *stop = slots->get(first + 2),
             *text = slots->get(first + 3), *right = slots->get(first + 4), *stops = slots->get(first + 5),
             *kern = slots->get(first + 6);
    if (!is_exact<W_Bytes>(text) || !is_int(start) || !is_int(stop) || !is_int(right) || !is_int(kern)) return nullptr;
    if (!has_slots(stops, 258) || !has_slots(o, 4) || !is_int(slot(o, 0)) || !is_int(slot(o, 1))) return nullptr;
    W_Object *positions = slot(o, 2), *map = slot(o, 3);
    if (!has_slots(map, 256) || !is<W_Pointers>(positions)) return nullptr;
    byte_array* bytes = static_cast<W_Bytes*>(text)->bytes;
    if (int_value(start) < 1 || int_value(stop) < 1 || int_value(stop) > bytes->length()) return nullptr;
    long x = int_value(slot(o, 0)), at = int_value(start);
    constexpr long end_of_run = 256, crossed_right = 257;
    W_Object* reason = slot(stops, end_of_run);
    for (; at <= int_value(stop); at++) {
        uint8_t byte = bytes->get(at - 1);
        if (slot(stops, byte) != nil()) {
            reason = slot(stops, byte);
            break;
        }
        long glyph = glyph_of(map, positions, byte);
        if (glyph < 0) return nullptr;
        long next = x + int_value(slot(positions, glyph + 1)) - int_value(slot(positions, glyph));
        if (next > int_value(right)) {
            reason = slot(stops, crossed_right);
            break;
        }
        x = next + int_value(kern);
    }
    if (!fits_small(x)) return nullptr;
    set_slot(o, 0, make_int(x));
    set_slot(o, 1, make_int(std::min(at, int_value(stop))));
    return reason;
}

// ---- bitmaps as bytes: how many words there are, then runs. A run: four times its length plus its kind: 1 equal words
// of equal bytes, that byte; 2 equal words, that word; 3 words as they are.
namespace {
class byte_reader {
public:
    byte_reader(byte_array* bytes, long at) : bytes_(bytes), at_(at) {}
    bool at_end() const { return at_ >= bytes_->length(); }
    bool failed = false;
    uint32_t byte() {
        if (at_end()) return failed = true, 0;
        return bytes_->get(at_++);
    }
    uint32_t word() {
        uint32_t result = 0;
        for (int i = 0; i < 4; i++) result = result << 8 | byte();
        return result;
    }
    uint32_t number() { // in one, two or five bytes
        uint32_t first = byte();
        return first <= 223 ? first : first <= 254 ? (first - 224) << 8 | byte() : word();
    }

private:
    byte_array* bytes_;
    long at_;
};
class byte_writer {
public:
    explicit byte_writer(byte_array* bytes) : bytes_(bytes) {}
    long count = 0;
    bool failed = false;
    void byte(uint32_t value) {
        if (count >= bytes_->length())
            failed = true;
        else
            bytes_->set(count++, static_cast<uint8_t>(value));
    }
    void word(uint32_t value) {
        for (int shift = 24; shift >= 0; shift -= 8) byte(value >> shift);
    }
    void number(uint32_t value) {
        if (value <= 223) return byte(value);
        if (value <= 7935) return byte((value >> 8) + 224), byte(value);
        byte(255);
        word(value);
    }

private:
    byte_array* bytes_;
};
} // namespace
// decompress: bitmap fromByteArray: bytes at: index
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_decompress_bitmap(W_Object* o, W_Object* bitmap, W_Object* from,
                                                              W_Object* index) {
    if (!is_exact<W_Words>(bitmap) || !is_exact<W_Bytes>(from) || !is_int(index) || int_value(index) < 1)
        return nullptr;
    word_array* words = static_cast<W_Words*>(bitmap)->words;
    byte_reader reader(static_cast<W_Bytes*>(from)->bytes, int_value(index) - 1);
    for (long at = 0; !reader.at_end();) {
        uint32_t run = reader.number(), kind = run & 3;
        long count = run >> 2;
        if (reader.failed || count > words->length() - at) return nullptr;
        uint32_t value = kind == 1 ? reader.byte() * 0x01010101u : kind == 2 ? reader.word() : 0;
        if (kind == 0) continue; // nothing is changed, no word passed over
        for (; count > 0; count--) words->set(at++, kind == 3 ? reader.word() : value);
        if (reader.failed) return nullptr;
    }
    return o;
}
// compress: bitmap toByteArray: bytes; answers how many bytes it took
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_compress_bitmap(W_Object*, W_Object* bitmap, W_Object* into) {
    if (!is_exact<W_Words>(bitmap) || !is_exact<W_Bytes>(into)) return nullptr;
    word_array* words = static_cast<W_Words*>(bitmap)->words;
    byte_writer writer(static_cast<W_Bytes*>(into)->bytes);
    long size = words->length();
    auto write_run = [&](long count, uint32_t kind) { writer.number(static_cast<uint32_t>(count << 2) | kind); };
    writer.number(static_cast<uint32_t>(size));
    for (long at = 0; at < size && !writer.failed;) {
        uint32_t word = words->get(at);
        bool equal_bytes = word == (word & 255) * 0x01010101u;
        long end = at + 1;
        while (end < size && words->get(end) == word) end++;
        if (equal_bytes) {
            write_run(end - at, 1);
            writer.byte(word);
        } else if (end > at + 1) {
            write_run(end - at, 2);
            writer.word(word);
        } else {
            while (end < size && words->get(end - 1) != words->get(end)) end++;
            if (end < size) end--; // the next run begins with the word that is followed by its equal
            write_run(end - at, 3);
            for (long i = at; i < end; i++) writer.word(words->get(i));
        }
        at = end;
    }
    return writer.failed ? nullptr : make_int(writer.count);
}

} // namespace heddle::smalltalk
