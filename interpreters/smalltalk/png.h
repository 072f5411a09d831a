// Writing the display's Form as a PNG file.
#pragma once
#include "object.h"

namespace heddle::smalltalk {

bool form_pixels(W_Object* form, long& width, long& height, std::string& rgb); // three bytes a pixel
bool write_png(const std::string& path, long width, long height, const std::string& rgb);

} // namespace heddle::smalltalk
