// An image file as neutral data: objects with class, hash, kind and contents, whatever its format and byte order.
//
// Plain C++ that knows nothing of the heap. Nothing in the file is trusted: every offset is checked, what is wrong
// gives one line of text.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace heddle::smalltalk {

struct image_reference {
    enum kind_type : uint8_t { integer, character, floating, object, invalid } kind;
    int64_t value; // the integer, the code, the float's bits, the object's index
};
struct image_object {
    enum kind_type : uint8_t { pointers, weak, words, bytes, method } kind;
    uint32_t hash;
    int64_t class_index; // of an object; -1: none
    size_t offset;       // of the contents in the file
    size_t words_count;  // whole words of contents
    size_t byte_count;   // for bytes and methods: without the padding
};
class image_file {
public:
    // False: error() says why.
    bool read(const std::string& path);
    bool read_bytes(std::vector<uint8_t> data);
    const std::string& error() const { return error_; }

    long version = 0;
    bool spur = false, wide = false, big_endian = false, native_floats = false;
    size_t word_size = 4;
    std::vector<image_object> objects;
    int64_t special_objects = -1, small_float_class = -1; // indices of objects; -1: none
    uint64_t window_size = 0, flags = 0;
    std::vector<int64_t> class_table; // Spur: the index of each class's object; -1: none
    size_t file_size() const { return data_.size(); }

    uint32_t word32(const image_object& o, size_t index) const { return get32(o.offset + index * 4); }
    image_reference reference(const image_object& o, size_t index) const; // of a pointers object or a method's literals
    const uint8_t* bytes(const image_object& o) const { return data_.data() + o.offset; }
    bool is_class(int64_t index) const { return class_marks_[static_cast<size_t>(index)]; }
    size_t class_count() const;
    int64_t special(size_t index) const; // the index of a special object; -1: none

private:
    uint32_t get32(size_t offset) const;
    uint64_t get_word(size_t offset) const;
    bool fail(const std::string& text);
    bool read_header();
    bool read_v3();
    bool read_spur();
    bool read_spur_segment(size_t& at, size_t end, uint64_t address);
    bool find_spur_classes();
    bool mark_classes();
    bool check_methods();
    image_reference decode(uint64_t word) const;
    int64_t object_at(uint64_t address) const;
    std::string error_;
    std::vector<uint8_t> data_;
    size_t header_size_ = 0, heap_size_ = 0; // within data_
    uint64_t base_ = 0, special_address_ = 0, first_segment_ = 0;
    std::vector<std::pair<uint64_t, int64_t>> addresses_; // of each object, ascending
    std::vector<uint64_t> class_words_;                   // what a header says of the class
    std::vector<bool> class_marks_;
    struct hidden {
        uint64_t address;
        size_t offset, words;
        uint32_t class_index;
    };
    std::vector<hidden> hidden_; // Spur's own objects
};

} // namespace heddle::smalltalk
