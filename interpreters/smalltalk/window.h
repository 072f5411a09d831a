// The window that shows the image's display, through SDL2, which is loaded when it is first needed; mouse and keyboard.
#pragma once
#include <cstdint>
#include <string>

namespace heddle::smalltalk {

enum class window_wish { never, if_possible, always };
// Opens the window, if it is wished for and not open yet. False: there is none; `error` says why.
bool open_window(std::string& error);
bool has_window();

// A part of the display was drawn; update_window() shows it, a few dozen times a second at most unless `now`. It also
// reads what the user has done, and answers false when the window was closed.
void window_changed(long left, long top, long right, long bottom);
bool update_window(bool now);

// Buttons: 4 left, 2 middle, 1 right. Modifiers: 1 shift, 2 control, 4 option, 8 command (alt).
struct input_state {
    long x = 0, y = 0, buttons = 0, modifiers = 0;
};
const input_state& user_input();
// A key: its character, modifiers in the bits above; -1: none was pressed.
long next_key(bool keep);
// An event as Squeak has it: kind (1 mouse, 2 key; 0 none), time in milliseconds, six more.
void next_event(long (&event)[8]);
void signal_input(long semaphore_index); // at each event; 0: nobody

// What other programs have copied, or get to paste: Latin-1, lines end as in Squeak. Empty: there is none.
std::string clipboard_text();
void set_clipboard_text(const std::string& text);

// The pointer's form: `rows` of 16 bits each, and of its mask.
void set_cursor(const uint16_t (&rows)[16], const uint16_t (&mask)[16], long hot_x, long hot_y);

} // namespace heddle::smalltalk
