// Reading image files: V3 (6502, 6504, 6505) and Spur (6521, 68021), in either byte order.
//
// V3: a header of one to three words before each object, the class as an address or an index into the compact classes.
// Spur: a header of 64 bits, the class as an index into a table of pages that is itself in the heap; segments that end
// in bridges. The formats are described in docs/smalltalk.md.
#include "image_file.h"
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <sys/stat.h>

namespace heddle::smalltalk {

namespace {
struct known_version {
    uint32_t number;
    bool spur, wide, native_floats;
};
constexpr known_version known_versions[] = {{6502, false, false, false},
                                            {6504, false, false, false},
                                            {6505, false, false, true},
                                            {6521, true, false, true},
                                            {68021, true, true, true}};
const known_version* find_version(uint32_t number) {
    for (const known_version& known : known_versions)
        if (known.number == number) return &known;
    return nullptr;
}
uint32_t swapped(uint32_t word) { return __builtin_bswap32(word); }
constexpr uint32_t first_ordinary_class = 32; // lower class indices are Spur's own
} // namespace

bool image_file::fail(const std::string& text) {
    error_ = text;
    return false;
}
// Callers have checked the bounds of what they read; this is the last line.
uint32_t image_file::get32(size_t offset) const {
    if (offset > data_.size() || data_.size() - offset < 4) return 0;
    uint32_t word;
    memcpy(&word, data_.data() + offset, 4);
    return big_endian ? swapped(word) : word;
}
uint64_t image_file::get_word(size_t offset) const {
    if (word_size == 4) return get32(offset);
    uint64_t first = get32(offset), second = get32(offset + 4);
    return big_endian ? first << 32 | second : second << 32 | first;
}

bool image_file::read(const std::string& path) {
    FILE* file = fopen(path.c_str(), "rb");
    if (!file) return fail("can't open it");
    struct stat info;
    if (fstat(fileno(file), &info) != 0 || !S_ISREG(info.st_mode)) {
        fclose(file);
        return fail("it is no ordinary file");
    }
    std::vector<uint8_t> data(static_cast<size_t>(info.st_size));
    size_t got = data.empty() ? 0 : fread(data.data(), 1, data.size(), file);
    fclose(file);
    if (got != data.size()) return fail("can't read it");
    return read_bytes(std::move(data));
}
bool image_file::read_bytes(std::vector<uint8_t> data) {
    data_ = std::move(data);
    if (!read_header()) return false;
    if (!(spur ? read_spur() : read_v3())) return false;
    special_objects = object_at(special_address_);
    if (special_objects < 0 || objects[static_cast<size_t>(special_objects)].kind != image_object::pointers)
        return fail("its array of special objects is not an object");
    if (!(spur ? find_spur_classes() : true)) return false;
    return mark_classes() && check_methods();
}

bool image_file::read_header() {
    if (data_.size() < 64) return fail("it is too short for an image");
    uint32_t word;
    memcpy(&word, data_.data(), 4);
    const known_version* known = find_version(word);
    if (!known) {
        known = find_version(swapped(word));
        big_endian = known != nullptr;
    }
    if (!known)
        return fail("it is no Squeak image of a known format (6502, 6504, 6505, 6521 or 68021): it begins with " +
                    std::to_string(word));
    version = known->number;
    spur = known->spur;
    wide = known->wide;
    native_floats = known->native_floats;
    word_size = wide ? 8 : 4;
    header_size_ = get32(4);
    uint64_t heap_size = get_word(8);
    base_ = get_word(8 + word_size);
    special_address_ = get_word(8 + 2 * word_size);
    window_size = get_word(wide ? 40 : 24);
    flags = get_word(wide ? 48 : 28);
    first_segment_ = get_word(wide ? 72 : 48);
    if (header_size_ < 64 || header_size_ > data_.size() || header_size_ % 4 != 0)
        return fail("its header has an impossible size");
    if (heap_size > data_.size() - header_size_)
        return fail("it is truncated: " + std::to_string(heap_size) + " bytes of objects are announced, " +
                    std::to_string(data_.size() - header_size_) + " are there");
    heap_size_ = static_cast<size_t>(heap_size);
    return true;
}

// ---- V3
bool image_file::read_v3() {
    size_t at = header_size_, end = header_size_ + heap_size_;
    auto bad = [&](size_t where, const char* what) {
        return fail("the object at byte " + std::to_string(where) + " " + what);
    };
    while (at < end) {
        size_t start = at;
        uint64_t class_word;
        size_t words;
        uint32_t header = get32(at);
        switch (header & 3) {
        case 0:
            if (end - at < 12) return bad(start, "is truncated");
            words = header >> 2;
            class_word = get32(at + 4) & ~3u;
            header = get32(at + 8);
            at += 8;
            break;
        case 1:
            if (end - at < 8) return bad(start, "is truncated");
            class_word = header & ~3u;
            header = get32(at + 4);
            words = header >> 2 & 63;
            at += 4;
            break;
        case 3:
            words = header >> 2 & 63;
            class_word = header >> 12 & 31; // a compact class
            break;
        default: return bad(start, "is a free block, which an image can't have");
        }
        size_t address_offset = at - header_size_;
        at += 4;
        if (words == 0 || (words - 1) > (end - at) / 4) return bad(start, "reaches past the end of the heap");
        words--;
        uint32_t format = header >> 8 & 15;
        image_object o{image_object::pointers, header >> 17 & 0xfff, -1, at, words, words * 4};
        if (format == 4)
            o.kind = image_object::weak;
        else if (format == 6 || format == 5 || format == 7)
            o.kind = image_object::words;
        else if (format >= 12)
            o.kind = image_object::method;
        else if (format >= 8)
            o.kind = image_object::bytes;
        if (format >= 8) {
            if (words * 4 < (format & 3)) return bad(start, "has fewer bytes than it says");
            o.byte_count -= format & 3;
        }
        addresses_.push_back({base_ + address_offset, static_cast<int64_t>(objects.size())});
        objects.push_back(o);
        class_words_.push_back(class_word);
        at += words * 4;
    }
    return true;
}

// ---- Spur
bool image_file::read_spur() {
    if (first_segment_ < 16 || first_segment_ > data_.size() - header_size_)
        return fail("its first segment has an impossible size");
    size_t at = header_size_, end = at + static_cast<size_t>(first_segment_);
    uint64_t address = base_;
    for (;;) {
        size_t start = at;
        if (!read_spur_segment(at, end, address)) return false;
        // The bridge: how far on the next segment is in memory, and its size.
        uint64_t low = get32(at), high = get32(at + 4), next = get32(at + 8);
        if (big_endian) std::swap(low, high), next = get32(at + 12);
        at += 16;
        if (next == 0) break;
        uint64_t gap = (high & 0xff000000) ? ((high & 0xffffff) << 32 | low) * word_size : 0;
        address += at - start + gap;
        if (next < 16 || next > data_.size() - at) return fail("one of its segments has an impossible size");
        end = at + static_cast<size_t>(next);
    }
    if (!std::is_sorted(addresses_.begin(), addresses_.end())) std::sort(addresses_.begin(), addresses_.end());
    return true;
}

bool image_file::read_spur_segment(size_t& at, size_t end, uint64_t address) {
    size_t start = at;
    while (at + 16 < end) {
        size_t where = at;
        auto header_word = [&](uint64_t& low, uint64_t& high) {
            low = get32(at), high = get32(at + 4);
            if (big_endian) std::swap(low, high);
            at += 8;
        };
        uint64_t low, high;
        header_word(low, high);
        uint64_t announced = high >> 24;
        if (announced == 255) {
            announced = (high & 0xffffff) << 32 | low;
            if (end - at < 24) return fail("the object at byte " + std::to_string(where) + " is truncated");
            header_word(low, high);
        }
        if (announced > (end - 16 - at) / word_size)
            return fail("the object at byte " + std::to_string(where) + " reaches past the end of its segment");
        auto slots = static_cast<size_t>(announced);
        uint64_t object_address = address + (at - 8 - start);
        uint32_t class_index = low & 0x3fffff, format = low >> 24 & 31;
        size_t bytes = slots * word_size;
        if (class_index >= first_ordinary_class) {
            image_object o{image_object::pointers, static_cast<uint32_t>(high & 0x3fffff), -1, at, slots, bytes};
            if (format == 4)
                o.kind = image_object::weak;
            else if (format >= 24)
                o.kind = image_object::method;
            else if (format >= 12)
                o.kind = image_object::bytes;
            else if (format >= 9)
                o.kind = image_object::words;
            size_t unused = format >= 16   ? format & 7
                            : format >= 12 ? (format & 3) * 2
                            : format >= 10 ? (format & 1) * 4
                                           : 0;
            if (unused > bytes)
                return fail("the object at byte " + std::to_string(where) + " has fewer bytes than it says");
            o.byte_count -= unused;
            addresses_.push_back({object_address, static_cast<int64_t>(objects.size())});
            objects.push_back(o);
            class_words_.push_back(class_index);
        } else if (class_index != 0) {
            hidden_.push_back({object_address, at, slots, class_index});
        }
        size_t size = std::max<size_t>((bytes + 7) & ~size_t{7}, 8);
        if (size > end - 16 - at)
            return fail("the object at byte " + std::to_string(where) + " reaches past the end of its segment");
        at += size;
    }
    if (at != end - 16) return fail("one of its segments does not end in a bridge");
    return true;
}

// The first of Spur's own arrays refers to pages of 1024 classes.
bool image_file::find_spur_classes() {
    const hidden* root = nullptr;
    for (const hidden& one : hidden_)
        if (one.class_index == 16) {
            root = &one;
            break;
        }
    if (!root) return fail("it has no class table");
    std::vector<uint64_t> by_index;
    for (size_t page = 0; page < root->words && page < 4096; page++) {
        uint64_t page_address = get_word(root->offset + page * word_size);
        const hidden* found = nullptr;
        for (const hidden& one : hidden_)
            if (one.address == page_address) found = &one;
        if (!found) break;
        for (size_t i = 0; i < found->words && i < 1024; i++)
            by_index.push_back(get_word(found->offset + i * word_size));
        if (found->words < 1024) break;
    }
    for (uint64_t address : by_index) class_table.push_back(object_at(address));
    if (wide && by_index.size() > 4) small_float_class = object_at(by_index[4]);
    for (size_t i = 0; i < objects.size(); i++) {
        uint64_t index = class_words_[i];
        int64_t c = index < by_index.size() ? object_at(by_index[index]) : -1;
        if (c < 0) return fail("an object has class " + std::to_string(index) + ", which the class table doesn't have");
        objects[i].class_index = c;
    }
    return true;
}

// ---- what is common
int64_t image_file::object_at(uint64_t address) const {
    auto found = std::lower_bound(addresses_.begin(), addresses_.end(), std::pair<uint64_t, int64_t>{address, -1});
    return found != addresses_.end() && found->first == address ? found->second : -1;
}
image_reference image_file::decode(uint64_t word) const {
    if (!wide) {
        if (word & 1) return {image_reference::integer, static_cast<int32_t>(word) >> 1};
        if (spur && (word & 3) == 2) return {image_reference::character, static_cast<int64_t>(word >> 2)};
    } else {
        switch (word & 7) {
        case 1: return {image_reference::integer, static_cast<int64_t>(word) >> 3};
        case 2: return {image_reference::character, static_cast<int64_t>(word >> 3)};
        case 4: {
            // Rotated: exponent's low 8 bits, mantissa, sign, tag. The exponent is rebased, zero stays zero.
            uint64_t rotated = word >> 3, sign = rotated & 1, rest = rotated >> 1;
            if (rest != 0) rest += uint64_t{896} << 52;
            return {image_reference::floating, static_cast<int64_t>(rest | sign << 63)};
        }
        }
    }
    int64_t index = object_at(word);
    if (index < 0) return {image_reference::invalid, 0};
    return {image_reference::object, index};
}
image_reference image_file::reference(const image_object& o, size_t index) const {
    if (index >= o.words_count) return {image_reference::invalid, 0};
    return decode(get_word(o.offset + index * word_size));
}
int64_t image_file::special(size_t index) const {
    const image_object& all = objects[static_cast<size_t>(special_objects)];
    image_reference found = reference(all, index);
    return found.kind == image_reference::object ? found.value : -1;
}

bool image_file::mark_classes() {
    class_marks_.assign(objects.size(), false);
    if (!spur) {
        int64_t compact = special(28);
        for (size_t i = 0; i < objects.size(); i++) {
            uint64_t word = class_words_[i];
            int64_t c = -1;
            if (word >= 32) {
                c = object_at(word);
            } else if (word > 0 && compact >= 0) {
                image_reference found = reference(objects[static_cast<size_t>(compact)], word - 1);
                if (found.kind == image_reference::object) c = found.value;
            }
            if (c < 0) return fail("object " + std::to_string(i) + " has a class that is not an object");
            objects[i].class_index = c;
        }
    }
    for (const image_object& o : objects) {
        const image_object& c = objects[static_cast<size_t>(o.class_index)];
        if (c.kind != image_object::pointers || c.words_count < 3) return fail("a class is not a class object");
        class_marks_[static_cast<size_t>(o.class_index)] = true;
    }
    // Classes without instances: the instances of metaclasses, and of whatever else is a class of classes.
    for (size_t i = 0; i < objects.size(); i++) {
        const image_object& o = objects[i];
        const image_object& c = objects[static_cast<size_t>(o.class_index)];
        if (o.kind == image_object::pointers && o.words_count >= 3 &&
            objects[static_cast<size_t>(c.class_index)].class_index >= 0) {
            int64_t meta = c.class_index; // Metaclass, if o is a class
            int64_t metaclass = -1;
            int64_t small_integer = special(5);
            if (small_integer >= 0)
                metaclass =
                    objects[static_cast<size_t>(objects[static_cast<size_t>(small_integer)].class_index)].class_index;
            if (meta == metaclass || o.class_index == metaclass) class_marks_[i] = true;
        }
    }
    for (size_t index : {size_t{5}, size_t{6}, size_t{7}, size_t{9}, size_t{10}, size_t{16}, size_t{19}}) {
        int64_t c = special(index);
        if (c < 0 || objects[static_cast<size_t>(c)].kind != image_object::pointers ||
            objects[static_cast<size_t>(c)].words_count < 3)
            return fail("special object " + std::to_string(index) + " is not a class");
        class_marks_[static_cast<size_t>(c)] = true;
    }
    if (small_float_class >= 0) class_marks_[static_cast<size_t>(small_float_class)] = true;
    return true;
}

bool image_file::check_methods() {
    for (const image_object& o : objects) {
        if (o.kind != image_object::method) continue;
        image_reference header = reference(o, 0);
        size_t literals = 0;
        if (header.kind == image_reference::integer)
            literals = static_cast<size_t>(spur ? header.value & 0x7fff : header.value >> 9 & 0xff);
        if (header.kind != image_reference::integer || (literals + 1) * word_size > o.byte_count)
            return fail("the compiled method at byte " + std::to_string(o.offset) + " has an impossible header");
    }
    return true;
}

size_t image_file::class_count() const {
    return static_cast<size_t>(std::count(class_marks_.begin(), class_marks_.end(), true));
}

} // namespace heddle::smalltalk
