// What the command line said, for the primitives that tell the image.
#pragma once
#include "window.h"
#include <string>
#include <vector>

namespace heddle::smalltalk {

struct vm_settings {
    std::string image_path, directory; // the directory ends in a slash
    std::vector<std::string> arguments;
    long width = 1024, height = 768;
    bool log_messages = false; // --log messages: what is not understood
    std::string display_file;  // --display FILE.png
    window_wish window = window_wish::never;
};
extern vm_settings settings;

} // namespace heddle::smalltalk
