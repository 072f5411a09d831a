// What the image has drawn, and the primitives of display, mouse and keyboard.
//
// Without a window the display is memory (--display writes it to a file), the pointer stays at 0@0 and no key comes.
// What would change or show something that isn't there fails, and --log primitives says so.
#include "bitblt.h"
#include "png.h"
#include "primitive_functions.h"
#include "primitives.h"
#include "process.h"
#include "settings.h"
#include "window.h"
#include <cstdio>

namespace heddle::smalltalk {
namespace {
// True: there is a window, and it is up to date; `what` is noted as missing otherwise. Null is pending when it was
// closed.
bool wants_window(const char* what) {
    if (has_window()) return true;
    note_missing_primitive(what);
    return false;
}
bool updated(bool now) {
    if (update_window(now)) return true;
    request_exit(0);
    return false;
}
} // namespace

void note_drawing(blitter& blit) {
    if (!has_window() || slot(blit.self_, 0) != special_at(special_display)) return;
    window_changed(blit.x_, blit.y_, blit.x_ + blit.width_, blit.y_ + blit.height_);
}

uint32_t shown_color(uint32_t pixel, long depth) {
    if (depth == 32) return pixel & 0xffffff;
    if (depth == 16) return rgb_with_bits(pixel, 5, 8);
    return pixel == 0 ? 0xffffff : pixel == 1 ? 0 : standard_color(pixel) & 0xffffff; // on a white ground
}
HEDDLE_DONT_LOOK_INSIDE bool form_pixels(W_Object* o, long& width, long& height, std::string& rgb) {
    form f;
    if (!f.load(o)) return false;
    width = static_cast<long>(f.width), height = static_cast<long>(f.height);
    for (long y = 0; y < height; y++)
        for (long x = 0; x < width; x++) {
            uint32_t color = shown_color(f.get(x, y), f.depth);
            for (int shift = 16; shift >= 0; shift -= 8) rgb += static_cast<char>(color >> shift & 255);
        }
    return true;
}

// ---- the display
W_Object* primitive_screen_size(W_Object*) { return make_point(make_int(settings.width), make_int(settings.height)); }
W_Object* primitive_test_display_depth(W_Object*, W_Object* depth) {
    return boolean(is_int(depth) && int_value(depth) >= 1 && int_value(depth) <= 32 &&
                   (int_value(depth) & (int_value(depth) - 1)) == 0);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_be_display(W_Object* o) {
    if (special_objects->size() <= special_display) return nullptr;
    set_slot(special_objects, special_display, o);
    if (settings.window != window_wish::never) {
        std::string error;
        bool open = open_window(error);
        if (!open && settings.window == window_wish::always) {
            fprintf(stderr, "heddle-smalltalk: %s\n", error.c_str());
            request_exit(1);
            return nullptr;
        }
    }
    window_changed(0, 0, 1 << 20, 1 << 20);
    return o;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_force_display_update(W_Object* o) {
    if (!wants_window("231 (showing the display: there is no window)")) return nullptr;
    return updated(true) ? o : nullptr;
}
// left right top bottom
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_show_rectangle(W_Frame*, Code*, frame_slots* slots, long first,
                                                           long count) {
    if (count != 4 || !wants_window("127 (showing the display: there is no window)")) return nullptr;
    int64_t edges[4];
    for (long i = 0; i < 4; i++)
        if (!blitter::number(slots->get(first + 1 + i), edges[i])) return nullptr;
    window_changed(edges[0], edges[2], edges[1], edges[3]);
    return updated(false) ? slots->get(first) : nullptr;
}
// A Cursor: a Form of 16 by 16 with an offset, the hot spot negated; perhaps a mask Form.
static bool cursor_rows(W_Object* o, uint16_t (&rows)[16]) {
    form f;
    if (!f.load(o) || f.depth != 1 || f.width != 16 || f.height != 16) return false;
    for (long y = 0; y < 16; y++) rows[y] = static_cast<uint16_t>(f.words->get(y) >> 16);
    return true;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_be_cursor(W_Frame*, Code*, frame_slots* slots, long first, long count) {
    W_Object* o = slots->get(first);
    uint16_t rows[16], mask[16] = {};
    if (count > 1 || !has_slots(o, 5) || !cursor_rows(o, rows)) return nullptr;
    if (count == 1 && !cursor_rows(slots->get(first + 1), mask)) return nullptr;
    W_Object* offset = slot(o, 4);
    int64_t x = 0, y = 0;
    if (has_slots(offset, 2) && (!blitter::number(slot(offset, 0), x) || !blitter::number(slot(offset, 1), y)))
        return nullptr;
    // Images take a cursor that can't be shown for an error of theirs: without a window it is noted, and done.
    if (wants_window("101 (the cursor: there is no window)")) set_cursor(rows, mask, -x, -y);
    return o;
}
// The terminal's.
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_beep(W_Object* o) {
    fputc('\a', stderr);
    return o;
}

// clipboardText, or clipboardText: text
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_clipboard_text(W_Frame*, Code*, frame_slots* slots, long first,
                                                           long count) {
    if (count > 1 || !wants_window("141 (the clipboard: there is no window)")) return nullptr;
    if (count == 0) return new_string(clipboard_text());
    if (!is_text(slots->get(first + 1))) return nullptr;
    set_clipboard_text(text_of(slots->get(first + 1)));
    return slots->get(first);
}

// ---- input
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_mouse_point(W_Object*) {
    if (!updated(false)) return nullptr;
    return make_point(make_int(user_input().x), make_int(user_input().y));
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_mouse_buttons(W_Object*) {
    if (!updated(false)) return nullptr;
    return make_int(user_input().buttons | user_input().modifiers << 3);
}
static W_Object* key(bool keep) {
    if (!updated(false)) return nullptr;
    long found = next_key(keep);
    return found < 0 ? nil() : make_int(found);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_keyboard_next(W_Object*) { return key(false); }
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_keyboard_peek(W_Object*) { return key(true); }
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_input_semaphore(W_Object* o, W_Object* index) {
    if (!is_int(index) || !wants_window("93 (input semaphore: there is no window)")) return nullptr;
    signal_input(int_value(index));
    return o;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_next_event(W_Object* o, W_Object* into) {
    if (!has_slots(into, 8) || !wants_window("94 (events: there is no window)") || !updated(false)) return nullptr;
    long event[8];
    next_event(event);
    for (long i = 0; i < 8; i++) set_slot(into, i, make_int(event[i]));
    return o;
}

} // namespace heddle::smalltalk
