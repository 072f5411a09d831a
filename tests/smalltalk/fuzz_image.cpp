// A libFuzzer target: reading image files. Whatever the bytes are, the reader refuses them or answers objects whose
// contents can all be asked for.
//
//     cmake --preset asan && cmake --build build/asan --target fuzz_smalltalk_image
//     mkdir corpus && tests/smalltalk/small_images.py corpus
//     build/asan/bin/fuzz_smalltalk_image -max_len=12000 corpus
#include "image_file.h"

using namespace heddle::smalltalk;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    image_file file;
    if (!file.read_bytes(std::vector<uint8_t>(data, data + size))) {
        if (file.error().empty() || file.error().find('\n') != std::string::npos) __builtin_trap();
        return 0;
    }
    auto sound = [&](const image_reference& r) {
        if (r.kind == image_reference::object && static_cast<size_t>(r.value) >= file.objects.size()) __builtin_trap();
    };
    uint32_t sum = 0;
    for (const image_object& o : file.objects) {
        if (o.kind == image_object::pointers || o.kind == image_object::weak || o.kind == image_object::method)
            for (size_t i = 0; i < o.words_count; i++) sound(file.reference(o, i));
        for (size_t i = 0; i < o.byte_count; i++) sum += file.bytes(o)[i];
        for (size_t i = 0; i < o.byte_count / 4; i++) sum += file.word32(o, i);
        if (o.class_index < 0 || static_cast<size_t>(o.class_index) >= file.objects.size()) __builtin_trap();
    }
    for (int64_t c : file.class_table)
        if (c >= static_cast<int64_t>(file.objects.size())) __builtin_trap();
    volatile size_t used = sum + file.class_count();
    (void)used;
    return 0;
}
