// A PNG writer: RGB, stored (uncompressed) deflate blocks. The format: RFC 2083; zlib's frame: RFC 1950.
#include "png.h"
#include <cstdio>

namespace heddle::smalltalk {
namespace {

uint32_t crc(const std::string& data) {
    uint32_t value = 0xffffffffu;
    for (unsigned char byte : data) {
        value ^= byte;
        for (int i = 0; i < 8; i++) value = value & 1 ? value >> 1 ^ 0xedb88320u : value >> 1;
    }
    return ~value;
}
std::string big_endian(uint32_t value) {
    std::string text;
    for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(value >> shift & 255);
    return text;
}
std::string chunk(const std::string& type, const std::string& data) {
    return big_endian(static_cast<uint32_t>(data.size())) + type + data + big_endian(crc(type + data));
}
std::string stored(const std::string& data) {
    std::string out = "\x78\x01";
    uint32_t a = 1, b = 0;
    for (unsigned char byte : data) a = (a + byte) % 65521, b = (b + a) % 65521;
    for (size_t at = 0; at < data.size() || at == 0; at += 65535) {
        size_t size = std::min<size_t>(65535, data.size() - at);
        out += static_cast<char>(at + size >= data.size());
        out += static_cast<char>(size & 255), out += static_cast<char>(size >> 8);
        out += static_cast<char>(~size & 255), out += static_cast<char>(~size >> 8 & 255);
        out.append(data, at, size);
    }
    return out + big_endian(b << 16 | a);
}

} // namespace

bool write_png(const std::string& path, long width, long height, const std::string& rgb) {
    std::string rows;
    for (long y = 0; y < height; y++) {
        rows += '\0'; // no filter
        rows.append(rgb, static_cast<size_t>(y * width * 3), static_cast<size_t>(width * 3));
    }
    std::string header = big_endian(static_cast<uint32_t>(width)) + big_endian(static_cast<uint32_t>(height));
    header += std::string("\x08\x02\x00\x00\x00", 5); // 8 bits, RGB
    std::string file = "\x89PNG\r\n\x1a\n" + chunk("IHDR", header) + chunk("IDAT", stored(rows)) + chunk("IEND", "");
    FILE* out = fopen(path.c_str(), "wb");
    if (!out) return false;
    bool written = fwrite(file.data(), 1, file.size(), out) == file.size();
    return fclose(out) == 0 && written;
}

} // namespace heddle::smalltalk
