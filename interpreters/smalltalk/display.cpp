// What the image has drawn: its display as pixels of red, green and blue.
#include "bitblt.h"
#include "png.h"

namespace heddle::smalltalk {

void note_drawing(blitter&) {}

HEDDLE_DONT_LOOK_INSIDE bool form_pixels(W_Object* o, long& width, long& height, std::string& rgb) {
    form f;
    if (!f.load(o)) return false;
    width = f.width, height = f.height;
    for (long y = 0; y < height; y++)
        for (long x = 0; x < width; x++) {
            uint32_t pixel = f.get(x, y), color = pixel;
            if (f.depth == 16)
                color = rgb_with_bits(pixel, 5, 8);
            else if (f.depth < 16)
                color = pixel == 0 ? 0xffffff : pixel == 1 ? 0 : standard_color(pixel); // on a white ground
            for (int shift = 16; shift >= 0; shift -= 8) rgb += static_cast<char>(color >> shift & 255);
        }
    return true;
}

} // namespace heddle::smalltalk
