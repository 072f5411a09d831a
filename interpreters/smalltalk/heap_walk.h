// Every object that the image can reach, and changing all references to some of them.
//
// No object moves while nothing is allocated, so the results are good until the next allocation.
#pragma once
#include "frame.h"
#include <vector>

namespace heddle::smalltalk {

// Addresses of W_Objects; void* says that the collector does not see them: nothing may be allocated while one is used.
using object_list = std::vector<void*>;
HEDDLE_INLINE W_Object* as_object(void* address) { return static_cast<W_Object*>(address); }

object_list all_objects(); // from the special objects, and from the active frame (set_active_frame)
// References to from[i] become references to to[i], in the whole heap and in the roots.
void replace_references(const object_list& from, const object_list& to);
void set_active_frame(W_Frame* frame); // what runs, before a walk; found in no object otherwise

} // namespace heddle::smalltalk
