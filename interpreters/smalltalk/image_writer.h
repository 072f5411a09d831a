// Writing the heap as an image file, of the format that was loaded; a 6521 image as 68021 too.
#pragma once
#include "frame.h"

namespace heddle::smalltalk {

// `frame` runs now; its state says where the image goes on when it is loaded, and its process knows it. "" or what is
// wrong.
// `version`: the format, 0 for the one that was loaded.
std::string write_image(const std::string& path, W_Frame* frame, long version = 0);

// Spur's table of classes: the index of a class is its hash. A class that has no hash yet gets the next place.
extern root<slots_array> class_table;
void set_class_table(slots_array* table);
uint32_t new_class_index(W_Class* c);

} // namespace heddle::smalltalk
