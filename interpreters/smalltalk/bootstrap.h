// Making an image from the library's source files (library/*.st).
#pragma once
#include <string>

namespace heddle::smalltalk {

// Reads all .st files of the folder and writes an image that, when it runs first, evaluates what the files evaluate,
// saves itself under its own name, and quits. `version`: the format, 68021 or 6521. "" or what is wrong.
std::string make_image(const std::string& folder, const std::string& path, long version);

} // namespace heddle::smalltalk
