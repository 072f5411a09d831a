// What the command line said, for the primitives that tell the image.
#pragma once
#include <string>
#include <vector>

namespace heddle::smalltalk {

struct vm_settings {
    std::string image_path, directory; // the directory ends in a slash
    std::vector<std::string> arguments;
    long width = 1024, height = 768;
    bool log_messages = false; // --log messages: what is not understood
    std::string display_file;  // --display FILE.png
};
extern vm_settings settings;

} // namespace heddle::smalltalk
