// From an image file to objects of the heap.
#pragma once
#include "frame.h"
#include "image_file.h"

namespace heddle::smalltalk {

std::string load_image(const image_file& file); // an error in one line, or ""
W_Frame* active_context();                      // what ran when the image was saved; null: nothing sensible

} // namespace heddle::smalltalk
