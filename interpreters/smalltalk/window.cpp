// The window. SDL2's library is opened with dlopen, so that the VM neither needs it to build nor to run headless; what
// is used of its binary interface is declared here.
//
// Everything happens on the thread that runs the image, when the image draws, asks for input, or nothing runs.
#include "window.h"
#include "bitblt.h"
#include "external_events.h"
#include "process.h"
#include "settings.h"
#include <cstdlib>
#include <cstring>
#include <deque>
#include <dlfcn.h>
#include <vector>

namespace heddle::smalltalk {
namespace {

// ---- SDL2
constexpr uint32_t sdl_init_video = 0x20, sdl_window_shown = 4, sdl_texture_streaming = 1, sdl_argb8888 = 0x16362004;
constexpr int sdl_centered = 0x2fff0000;
enum sdl_event_type : uint32_t {
    sdl_quit = 0x100,
    sdl_window_event = 0x200,
    sdl_key_down = 0x300,
    sdl_text_input = 0x303,
    sdl_mouse_motion = 0x400,
    sdl_button_down = 0x401,
    sdl_button_up = 0x402,
};
constexpr uint16_t sdl_shift = 0x3, sdl_control = 0xc0, sdl_alt = 0x300, sdl_gui = 0xc00;
struct sdl_rectangle {
    int x, y, w, h;
};
union sdl_event {
    uint32_t type;
    struct {
        uint32_t type, timestamp, window, which, state;
        int x, y, dx, dy;
    } motion;
    struct {
        uint32_t type, timestamp, window, which;
        uint8_t button, state, clicks, padding;
        int x, y;
    } button;
    struct {
        uint32_t type, timestamp, window;
        uint8_t state, repeat, padding[2];
        int scancode, symbol;
        uint16_t modifiers;
    } key;
    struct {
        uint32_t type, timestamp, window;
        char text[32];
    } text;
    uint8_t padding[128];
};
struct sdl {
    void* library = nullptr;
    int (*Init)(uint32_t) = nullptr;
    void (*Quit)() = nullptr;
    const char* (*GetError)() = nullptr;
    void* (*CreateWindow)(const char*, int, int, int, int, uint32_t) = nullptr;
    void* (*CreateRenderer)(void*, int, uint32_t) = nullptr;
    void* (*CreateTexture)(void*, uint32_t, int, int, int) = nullptr;
    int (*UpdateTexture)(void*, const sdl_rectangle*, const void*, int) = nullptr;
    int (*RenderCopy)(void*, void*, const sdl_rectangle*, const sdl_rectangle*) = nullptr;
    void (*RenderPresent)(void*) = nullptr;
    int (*PollEvent)(sdl_event*) = nullptr;
    uint16_t (*GetModState)() = nullptr;
    void (*StartTextInput)() = nullptr;
    void* (*CreateCursor)(const uint8_t*, const uint8_t*, int, int, int, int) = nullptr;
    void (*SetCursor)(void*) = nullptr;
    void (*FreeCursor)(void*) = nullptr;
    char* (*GetClipboardText)() = nullptr;
    int (*SetClipboardText)(const char*) = nullptr;
    void (*free)(void*) = nullptr;

    bool load() {
        library = dlopen("libSDL2-2.0.so.0", RTLD_NOW | RTLD_LOCAL);
        if (!library) return false;
        bool all = true;
        auto find = [&](auto& function, const char* name) {
            void* symbol = dlsym(library, name);
            memcpy(&function, &symbol, sizeof function);
            all = all && symbol;
        };
        find(Init, "SDL_Init"), find(Quit, "SDL_Quit"), find(GetError, "SDL_GetError");
        find(CreateWindow, "SDL_CreateWindow"), find(CreateRenderer, "SDL_CreateRenderer");
        find(CreateTexture, "SDL_CreateTexture"), find(UpdateTexture, "SDL_UpdateTexture");
        find(RenderCopy, "SDL_RenderCopy"), find(RenderPresent, "SDL_RenderPresent");
        find(PollEvent, "SDL_PollEvent"), find(GetModState, "SDL_GetModState");
        find(StartTextInput, "SDL_StartTextInput"), find(CreateCursor, "SDL_CreateCursor");
        find(SetCursor, "SDL_SetCursor"), find(FreeCursor, "SDL_FreeCursor");
        find(GetClipboardText, "SDL_GetClipboardText"), find(SetClipboardText, "SDL_SetClipboardText");
        find(free, "SDL_free");
        return all;
    }
};
sdl library;
void *window = nullptr, *renderer = nullptr, *texture = nullptr, *cursor = nullptr;
long texture_width = 0, texture_height = 0;

// ---- what the user has done
input_state input;
std::deque<long> keys;
std::deque<std::vector<long>> events;
long input_semaphore = 0;
constexpr size_t most_events = 1000; // an image that never asks shall not fill the memory

long milliseconds() { return static_cast<long>(microseconds_now() / 1000 & 0x1fffffff); }
void add_event(std::vector<long> event) {
    if (events.size() < most_events) events.push_back(std::move(event));
    if (input_semaphore) signal_from_outside(input_semaphore);
}
void add_mouse_event() { add_event({1, milliseconds(), input.x, input.y, input.buttons, input.modifiers, 0, 0}); }
void add_key(long character) {
    // Command and full stop: the interrupt key.
    if (character == '.' && (input.modifiers & 8)) {
        __atomic_or_fetch(&heddle_thread.action_flag, action_interrupt, __ATOMIC_SEQ_CST);
        return;
    }
    if (keys.size() < most_events) keys.push_back(character | input.modifiers << 8);
    for (long kind : {1, 0, 2}) // down, the character, up
        add_event({2, milliseconds(), character, kind, input.modifiers, character, 0, 0});
}
void read_modifiers() {
    uint16_t state = library.GetModState();
    input.modifiers =
        (state & sdl_shift ? 1 : 0) | (state & sdl_control ? 2 : 0) | (state & (sdl_alt | sdl_gui) ? 8 : 0);
}
// The character of a key that types none by itself; 0: it does.
long special_key(int symbol) {
    constexpr int scancode = 1 << 30;
    switch (symbol) {
    case 8:
    case 9:
    case 13:
    case 27:
    case 127: return symbol;
    case scancode | 80: return 28; // left
    case scancode | 79: return 29; // right
    case scancode | 82: return 30; // up
    case scancode | 81: return 31; // down
    case scancode | 74: return 1;  // home
    case scancode | 77: return 4;  // end
    case scancode | 75: return 11; // page up
    case scancode | 78: return 12; // page down
    case scancode | 88: return 13; // enter
    default: return 0;
    }
}
void key_down(int symbol) {
    read_modifiers();
    if (long character = special_key(symbol))
        add_key(character);
    else if ((input.modifiers & 10) && symbol >= 32 && symbol < 127) // with control or command no text comes
        add_key(input.modifiers & 8 ? symbol : symbol & 31);
}
// What Latin-1 has no character for is left out.
std::string latin1_of_utf8(const char* text) {
    std::string result;
    for (const auto* at = reinterpret_cast<const uint8_t*>(text); *at; at++) {
        if (*at < 0x80)
            result += static_cast<char>(*at);
        else if ((*at == 0xc2 || *at == 0xc3) && at[1])
            result += static_cast<char>((*at & 3) << 6 | (at[1] & 0x3f)), at++;
    }
    return result;
}
std::string utf8_of_latin1(const std::string& text) {
    std::string result;
    for (char c : text) {
        auto byte = static_cast<uint8_t>(c);
        if (byte >= 0x80) result += static_cast<char>(0xc0 | byte >> 6), byte = 0x80 | (byte & 0x3f);
        result += static_cast<char>(byte);
    }
    return result;
}
void text_typed(const char* text) {
    read_modifiers();
    if (input.modifiers & 10) return; // key_down has it
    for (char c : latin1_of_utf8(text)) add_key(static_cast<uint8_t>(c));
}
long button_bit(uint8_t button) { return button == 1 ? 4 : button == 2 ? 2 : button == 3 ? 1 : 0; }
bool read_events() {
    sdl_event event;
    bool open = true;
    while (library.PollEvent(&event)) {
        switch (event.type) {
        case sdl_quit: open = false; break;
        case sdl_window_event: window_changed(0, 0, 1 << 20, 1 << 20); break;
        case sdl_key_down: key_down(event.key.symbol); break;
        case sdl_text_input: text_typed(event.text.text); break;
        case sdl_mouse_motion:
            input.x = event.motion.x, input.y = event.motion.y;
            add_mouse_event();
            break;
        case sdl_button_down:
        case sdl_button_up:
            read_modifiers();
            input.x = event.button.x, input.y = event.button.y;
            if (event.type == sdl_button_down)
                input.buttons |= button_bit(event.button.button);
            else
                input.buttons &= ~button_bit(event.button.button);
            add_mouse_event();
            break;
        default: break;
        }
    }
    return open;
}

// ---- showing
long dirty[4] = {0, 0, 0, 0}; // left, top, right, bottom
int64_t last_update = 0;
constexpr long update_interval = 16000; // microseconds

void present() {
    form display;
    if (!display.load(special_at(special_display))) return;
    if (display.width == 0 || display.height == 0) return;
    if (!texture || display.width != texture_width || display.height != texture_height) {
        texture_width = display.width, texture_height = display.height;
        texture = library.CreateTexture(renderer, sdl_argb8888, sdl_texture_streaming, static_cast<int>(texture_width),
                                        static_cast<int>(texture_height));
        if (!texture) return;
        dirty[0] = dirty[1] = 0, dirty[2] = texture_width, dirty[3] = texture_height;
    }
    long left = std::max(0L, dirty[0]), top = std::max(0L, dirty[1]);
    long right = std::min(texture_width, dirty[2]), bottom = std::min(texture_height, dirty[3]);
    dirty[0] = dirty[1] = dirty[2] = dirty[3] = 0;
    if (left >= right || top >= bottom) return;
    std::vector<uint32_t> pixels;
    pixels.reserve(static_cast<size_t>((right - left) * (bottom - top)));
    for (long y = top; y < bottom; y++)
        for (long x = left; x < right; x++) pixels.push_back(shown_color(display.get(x, y), display.depth));
    sdl_rectangle part{static_cast<int>(left), static_cast<int>(top), static_cast<int>(right - left),
                       static_cast<int>(bottom - top)};
    library.UpdateTexture(texture, &part, pixels.data(), part.w * 4);
    library.RenderCopy(renderer, texture, nullptr, nullptr);
    library.RenderPresent(renderer);
}
} // namespace

bool has_window() { return window != nullptr; }
bool open_window(std::string& error) {
    static bool tried = false;
    static std::string why;
    if (window) return true;
    if (!tried) {
        tried = true;
        if (!library.load())
            why = "there is no window: libSDL2-2.0.so.0 can't be loaded (Debian's package libsdl2-2.0-0)";
        else if (library.Init(sdl_init_video) != 0 ||
                 !(window = library.CreateWindow("heddle-smalltalk", sdl_centered, sdl_centered,
                                                 static_cast<int>(settings.width), static_cast<int>(settings.height),
                                                 sdl_window_shown)) ||
                 !(renderer = library.CreateRenderer(window, -1, 0)))
            why = std::string("there is no window: ") + library.GetError(), window = nullptr;
        else
            library.StartTextInput();
    }
    error = why;
    return window != nullptr;
}

void window_changed(long left, long top, long right, long bottom) {
    if (dirty[0] >= dirty[2]) {
        dirty[0] = left, dirty[1] = top, dirty[2] = right, dirty[3] = bottom;
        return;
    }
    dirty[0] = std::min(dirty[0], left), dirty[1] = std::min(dirty[1], top);
    dirty[2] = std::max(dirty[2], right), dirty[3] = std::max(dirty[3], bottom);
}
bool update_window(bool now) {
    if (!window) return true;
    int64_t time = microseconds_now();
    if (!now && time - last_update < update_interval) return true;
    last_update = time;
    bool open = read_events();
    if (dirty[0] < dirty[2]) present();
    return open;
}

const input_state& user_input() { return input; }
long next_key(bool keep) {
    if (keys.empty()) return -1;
    long key = keys.front();
    if (!keep) keys.pop_front();
    return key;
}
void next_event(long (&event)[8]) {
    for (long& value : event) value = 0;
    if (events.empty()) return;
    for (size_t i = 0; i < 8; i++) event[i] = events.front()[i];
    events.pop_front();
}
std::string clipboard_text() {
    char* text = library.GetClipboardText();
    if (!text) return "";
    std::string result = latin1_of_utf8(text);
    library.free(text);
    for (char& c : result)
        if (c == '\n') c = '\r';
    return result;
}
void set_clipboard_text(const std::string& text) {
    std::string lines = utf8_of_latin1(text.c_str()); // up to a zero
    for (char& c : lines)
        if (c == '\r') c = '\n';
    library.SetClipboardText(lines.c_str());
}
void signal_input(long semaphore_index) { input_semaphore = semaphore_index; }

void set_cursor(const uint16_t (&rows)[16], const uint16_t (&mask)[16], long hot_x, long hot_y) {
    uint8_t data[32], mask_data[32];
    for (int i = 0; i < 16; i++) {
        uint16_t shown = rows[i] | mask[i];
        data[2 * i] = static_cast<uint8_t>(rows[i] >> 8), data[2 * i + 1] = static_cast<uint8_t>(rows[i]);
        mask_data[2 * i] = static_cast<uint8_t>(shown >> 8), mask_data[2 * i + 1] = static_cast<uint8_t>(shown);
    }
    void* made = library.CreateCursor(data, mask_data, 16, 16, static_cast<int>(hot_x), static_cast<int>(hot_y));
    if (!made) return;
    library.SetCursor(made);
    if (cursor) library.FreeCursor(cursor);
    cursor = made;
}

} // namespace heddle::smalltalk
