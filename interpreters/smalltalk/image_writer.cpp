// Writing images. First everything that allocates: contexts become arrays of what the image sees in them. From then on
// nothing may be allocated, since addresses of objects are keys: all objects get their places in the file, then all are
// written. The formats are described in image_file.cpp, which reads them.
//
// A 32-bit image of Spur may be written as a 64-bit one: references, SmallIntegers and characters become wider; floats,
// and large integers that fit, become immediate; program counters count the bytes of wider literals.
#include "image_writer.h"
#include "heap_walk.h"
#include "settings.h"
#include <cstdio>
#include <cstring>
#include <unordered_map>

namespace heddle::smalltalk {

root<slots_array> class_table;
static long class_table_used = 0;
void set_class_table(slots_array* table) {
    class_table = table;
    class_table_used = 0;
}
uint32_t new_class_index(W_Class* c) {
    slots_array* table = class_table;
    long used = class_table_used;
    if (used == 0)
        for (used = table->length(); used > 0 && !table->get(used - 1);) used--;
    if (used >= table->length()) {
        slots_array* longer = heddle::make_array<slots_array>(used + 1024);
        heddle::copy_items(table, 0, longer, 0, used);
        class_table = table = longer;
    }
    table->set(used, c);
    class_table_used = used + 1;
    return static_cast<uint32_t>(used);
}

namespace {
struct image_format {
    long version;
    bool wide;
};
root<slots_array> all_frames, all_contents; // the frames, and for each an Array of its slots as the image sees them

// By how much the program counters of a frame's method grow when its literals become 64-bit words.
long wider_by(W_Frame* frame) { return frame->code ? frame->code->method->literals->length() * 4 : 0; }
long wanted_context_size(W_Frame* frame) {
    long depth = frame->state < 0 ? 0 : state_depth(frame->state);
    bool large = frame->code && (method_header(frame->code->method) >> 17 & 1);
    long room = large ? 56 : 16;
    return 6 + (depth > room ? depth : room);
}
void describe_frames(W_Frame* active, bool widens) {
    set_active_frame(active);
    long count = 0, filled = 0;
    for (void* each : all_objects()) count += is_exact<W_Frame>(as_object(each));
    slots_array* frames = heddle::make_array<slots_array>(count + 64); // allocating may have moved them: look again
    for (void* each : all_objects())
        if (is_exact<W_Frame>(as_object(each)) && filled < frames->length()) frames->set(filled++, as_object(each));
    all_frames = frames;
    all_contents = heddle::make_array<slots_array>(frames->length());
    for (long i = 0; i < filled; i++) {
        auto* frame = static_cast<W_Frame*>(all_frames->get(i));
        long depth = frame->state < 0 ? 0 : state_depth(frame->state), size = wanted_context_size(frame);
        W_Pointers* contents = new_array(size);
        for (long k = 0; k < 6 + depth; k++) set_slot(contents, k, context_fetch(frame, k));
        if (widens && is_int(slot(contents, 1)))
            set_slot(contents, 1, make_int(int_value(slot(contents, 1)) + wider_by(frame)));
        all_contents->set(i, contents);
    }
}
// Spur: a class without a place in the table gets one.
void place_classes() {
    if (!traits.spur) return;
    slots_array* classes = nullptr;
    long count = 0, filled = 0;
    for (void* each : all_objects()) count += is_exact<W_Class>(as_object(each));
    classes = heddle::make_array<slots_array>(count);
    for (void* each : all_objects())
        if (is_exact<W_Class>(as_object(each)) && filled < count) classes->set(filled++, as_object(each));
    for (long i = 0; i < filled; i++) identity_hash(classes->get(i));
}

class writer {
public:
    explicit writer(const image_format& format) : format_(format) {}
    bool run(const std::string& path, std::string& error) {
        index_compact_classes();
        collect();
        if (!error_.empty()) {
            error = error_;
            return false;
        }
        place();
        if (traits.spur) write_spur_tables();
        for (const placed& one : objects_) write_object(one);
        if (traits.spur) write_bridge();
        write_header();
        FILE* file = fopen(path.c_str(), "wb");
        bool good = file && fwrite(data_.data(), 1, data_.size(), file) == data_.size();
        if (file && fclose(file) != 0) good = false;
        if (!good) error = "can't write " + path;
        return good;
    }

private:
    static constexpr uint64_t base = 0x10000;
    const image_format format_;
    const uint64_t header_bytes = format_.wide ? 128 : 64;
    static constexpr long page_size = 1024, root_slots = 4104, free_lists = 32;
    // Nothing is allocated while these exist, so void* it is: the collector need not know of them.
    struct placed {
        void* object;
        uint64_t address;
        uint64_t words; // of contents
        uint64_t unused_bytes;
        uint32_t format;
        void* contents; // of a context, as the image sees it: a W_Pointers
        W_Object* get() const { return as_object(object); }
        slots_array* context_slots() const { return static_cast<W_Pointers*>(contents)->slots; }
    };

    static W_Class* class_to_write(W_Object* o) { return class_of(o); }
    static long class_format(W_Class* c) {
        W_Object* word = has_slots(c, 3) ? slot(c, 2) : nil();
        if (!is_int(word)) return 1;
        return traits.spur ? int_value(word) >> 16 & 31 : int_value(word) >> 7 & 15;
    }
    uint64_t word_bytes() const { return format_.wide ? 8 : 4; }
    bool widens() const { return format_.wide && !traits.wide; }

    // ---- what there is
    void index_compact_classes() {
        W_Object* compact = special_at(special_compact_classes);
        if (traits.spur || !is_exact<W_Pointers>(compact)) return;
        for (long i = 0; i < static_cast<W_Pointers*>(compact)->size() && i < 31; i++)
            if (is<W_Class>(slot(compact, i))) compact_[slot(compact, i)] = static_cast<uint32_t>(i + 1);
    }
    void collect() {
        std::unordered_map<void*, void*> contents;
        for (long i = 0; i < all_frames->length() && all_frames->get(i); i++)
            contents[all_frames->get(i)] = all_contents->get(i);
        auto add = [&](W_Object* o) {
            if (!is<W_Instance>(o) && !is_exact<W_Float>(o)) return;
            if (is_immediate(o)) return;
            if (!addresses_.emplace(o, 0).second) return;
            placed one{o, 0, 0, 0, 0, nullptr};
            if (is_exact<W_Frame>(o)) one.contents = contents[o];
            measure(one);
            objects_.push_back(one);
        };
        for (W_Object* first : {nil(), false_object(), true_object()}) add(first);
        for (void* each : all_objects()) add(as_object(each));
    }
    void measure(placed& one) {
        W_Object* o = one.get();
        uint64_t bytes = 0;
        long format = class_format(class_to_write(o));
        if (is_exact<W_Frame>(o)) {
            if (!one.contents) error_ = "a context came into being while the image was written";
            bytes = one.contents ? static_cast<uint64_t>(one.context_slots()->length()) * word_bytes() : 0;
        } else if (is<W_Pointers>(o)) {
            bytes = static_cast<uint64_t>(static_cast<W_Pointers*>(o)->slots->length()) * word_bytes();
        } else if (is_exact<W_Bytes>(o)) {
            bytes = static_cast<uint64_t>(static_cast<W_Bytes*>(o)->bytes->length());
        } else if (is_exact<W_Words>(o)) {
            bytes = static_cast<uint64_t>(static_cast<W_Words*>(o)->words->length()) * 4;
        } else if (is_exact<W_Method>(o)) {
            auto* method = static_cast<W_Method*>(o);
            bytes = static_cast<uint64_t>(method->literals->length()) * word_bytes() +
                    static_cast<uint64_t>(method->bytes->length());
        } else {
            bytes = 8;
        }
        one.words = (bytes + word_bytes() - 1) / word_bytes();
        one.unused_bytes = one.words * word_bytes() - bytes;
        one.format = static_cast<uint32_t>(format_number(o, format, one));
    }
    // The formats of data say how much of the last word is unused.
    long format_number(W_Object* o, long format, const placed& one) {
        long unused = static_cast<long>(one.unused_bytes);
        if (is<W_Pointers>(o) || is_exact<W_Frame>(o)) {
            if (!traits.spur && format == 0 && one.words > 0) return 1;
            return format < 6 ? format : 1;
        }
        if (!traits.spur) return is_exact<W_Method>(o) ? 12 + unused : is_exact<W_Bytes>(o) ? 8 + unused : 6;
        if (is_exact<W_Method>(o)) return 24 + unused;
        if (is_exact<W_Bytes>(o)) return format >= 12 && format < 16 ? 12 + unused / 2 : 16 + unused;
        if (is_exact<W_Words>(o) && format == 9) return 9;
        return 10 + unused / 4;
    }

    // ---- where it goes
    uint64_t header_size(const placed& one) const {
        if (traits.spur) return one.words >= 255 ? 16 : 8;
        if (one.words >= 63) return 12;
        return compact_.count(class_to_write(one.get())) ? 4 : 8;
    }
    uint64_t contents_size(const placed& one) const {
        if (!traits.spur) return one.words * 4;
        uint64_t bytes = (one.words * word_bytes() + 7) & ~uint64_t{7};
        return bytes < 8 ? 8 : bytes;
    }
    void place() {
        uint64_t at = base;
        for (size_t i = 0; i < objects_.size(); i++) {
            if (traits.spur && i == 3) at = place_spur_tables(at);
            placed& one = objects_[i];
            at += header_size(one);
            // The address of an object is that of its last header word.
            one.address = at - (traits.spur ? 8 : 4);
            addresses_[one.object] = one.address;
            at += contents_size(one);
        }
        size_ = at - base + (traits.spur ? 16 : 0);
        data_.assign(header_bytes + size_, 0);
    }
    // After nil, false and true: the lists of free memory, the root of the class table, its pages.
    uint64_t place_spur_tables(uint64_t at) {
        tables_ = at;
        pages_ = (class_table->length() + page_size - 1) / page_size;
        at += 8 + free_lists * word_bytes();
        root_address_ = at + 8;
        at += 16 + ((root_slots * word_bytes() + 7) & ~uint64_t{7});
        first_page_ = at + 8;
        return at + static_cast<uint64_t>(pages_) * page_bytes();
    }
    uint64_t page_bytes() const { return 16 + page_size * word_bytes(); }

    // ---- writing
    uint8_t* byte_at(uint64_t address) { return data_.data() + header_bytes + (address - base); }
    void put32(uint64_t address, uint64_t value) {
        auto word = static_cast<uint32_t>(value);
        memcpy(byte_at(address), &word, 4);
    }
    void put_word(uint64_t address, uint64_t value) {
        if (format_.wide)
            memcpy(byte_at(address), &value, 8);
        else
            put32(address, value);
    }
    // Spur's SmallFloat64: the exponent with 896 less, rotated left by one, above the tag.
    static bool immediate_float(double value, uint64_t* word) {
        auto bits = std::bit_cast<uint64_t>(value);
        uint64_t sign = bits >> 63, rest = bits << 1 >> 1, exponent = rest >> 52;
        if (rest != 0 && (exponent <= 896 || exponent >= 1151)) return false;
        if (rest != 0) rest -= uint64_t{896} << 52;
        if (word) *word = (rest << 1 | sign) << 3 | 4;
        return true;
    }
    // A large integer that 61 bits hold, when 31 did not: of a 32-bit image, or where a long has 32 bits.
    static bool immediate_large(W_Bytes* o, uint64_t* word) {
        W_Class* c = o->class_;
        bool negative = c == special_at(special_large_negative);
        long length = o->bytes->length();
        if ((!negative && c != special_at(special_large_positive)) || length < 4 || length > 8) return false;
        if (o->bytes->get(length - 1) == 0) return false; // still being made
        uint64_t magnitude = 0;
        for (long i = length - 1; i >= 0; i--) magnitude = magnitude << 8 | o->bytes->get(i);
        if (magnitude > (uint64_t{1} << 60) - !negative) return false;
        if (word) *word = (negative ? -magnitude : magnitude) << 3 | 1;
        return true;
    }
    bool is_immediate(W_Object* o, uint64_t* word = nullptr) const {
        if (!format_.wide) return false;
        if (is_exact<W_Float>(o)) return has_small_floats() && immediate_float(float_value(o), word);
        return (widens() || long_bits < 64) && is_exact<W_Bytes>(o) && immediate_large(static_cast<W_Bytes*>(o), word);
    }
    static bool has_small_floats() { return class_table->length() > 4 && class_table->get(4); }
    uint64_t reference(W_Object* o) {
        if (!o) o = nil();
        if (is_exact<W_WeakSlot>(o)) o = strong(o);
        if (is_int(o)) {
            auto value = static_cast<uint64_t>(int64_t{int_value(o)});
            return format_.wide ? value << 3 | 1 : value << 1 | 1;
        }
        if (is_exact<W_Character>(o)) {
            auto code = static_cast<uint64_t>(static_cast<W_Character*>(o)->value);
            return format_.wide ? code << 3 | 2 : code << 2 | 2;
        }
        uint64_t word = 0;
        if (is_immediate(o, &word)) return word;
        auto found = addresses_.find(o);
        return found == addresses_.end() ? addresses_[nil()] : found->second;
    }
    void spur_header(uint64_t address, uint64_t words, uint64_t format, uint64_t class_index, uint64_t hash) {
        put32(address, class_index | format << 24);
        put32(address + 4, (words < 255 ? words : 255) << 24 | hash);
        if (words < 255) return;
        put32(address - 8, words);
        put32(address - 4, 0xff000000 | words >> 32);
    }
    void write_object(const placed& one) {
        W_Object* o = one.get();
        W_Class* c = class_to_write(o);
        uint64_t hash = is<W_Instance>(o) ? static_cast<W_Instance*>(o)->hash.get() : 0;
        uint64_t at = one.address + (traits.spur ? 8 : 4);
        if (traits.spur)
            spur_header(one.address, one.words, one.format, c->hash, hash & 0x3fffff);
        else
            v3_header(one, c, hash & 0xfff);
        write_contents(one, at);
    }
    void v3_header(const placed& one, W_Class* c, uint64_t hash) {
        auto compact = compact_.find(c);
        uint64_t word = static_cast<uint64_t>(one.format) << 8 | hash << 17;
        if (compact != compact_.end()) word |= static_cast<uint64_t>(compact->second) << 12;
        if (one.words >= 63) {
            put32(one.address - 8, (one.words + 1) << 2);
            put32(one.address - 4, reference(c));
            put32(one.address, word);
            return;
        }
        word |= (one.words + 1) << 2;
        if (compact == compact_.end()) {
            put32(one.address - 4, reference(c) | 1);
            put32(one.address, word | 1);
        } else {
            put32(one.address, word | 3);
        }
    }
    void write_slots(slots_array* slots, uint64_t at) {
        for (long i = 0; i < slots->length(); i++)
            put_word(at + static_cast<uint64_t>(i) * word_bytes(), reference(slots->get(i)));
    }
    void write_contents(const placed& one, uint64_t at) {
        W_Object* o = one.get();
        if (one.contents) return write_slots(one.context_slots(), at);
        if (is<W_Pointers>(o)) {
            write_slots(static_cast<W_Pointers*>(o)->slots, at);
            if (widens() && is_closure_with_pc(o)) {
                long pc = int_value(slot(o, 1)) + wider_by(static_cast<W_Frame*>(slot(o, 0)));
                put_word(at + word_bytes(), static_cast<uint64_t>(pc) << 3 | 1);
            }
            return;
        }
        if (is_exact<W_Bytes>(o)) return write_bytes(static_cast<W_Bytes*>(o)->bytes, at);
        if (is_exact<W_Words>(o)) {
            word_array* words = static_cast<W_Words*>(o)->words;
            for (long i = 0; i < words->length(); i++) put32(at + static_cast<uint64_t>(i) * 4, words->get(i));
        } else if (is_exact<W_Method>(o)) {
            auto* method = static_cast<W_Method*>(o);
            write_slots(method->literals, at);
            write_bytes(method->bytes, at + static_cast<uint64_t>(method->literals->length()) * word_bytes());
        } else {
            auto bits = std::bit_cast<uint64_t>(float_value(o));
            bool high_first = traits.version == 6502 || traits.version == 6504;
            put32(at, high_first ? bits >> 32 : bits);
            put32(at + 4, high_first ? bits : bits >> 32);
        }
    }
    static bool is_closure_with_pc(W_Object* o) {
        return has_slots(o, 3) && is_exact<W_Frame>(slot(o, 0)) && is_int(slot(o, 1)) &&
               inherits_from(class_of(o), special_at(special_block_closure));
    }
    void write_bytes(byte_array* bytes, uint64_t at) {
        if (bytes->length()) memcpy(byte_at(at), bytes->data(), static_cast<size_t>(bytes->length()));
    }
    void write_spur_tables() {
        constexpr uint64_t words_class = 18, array_class = 16;
        spur_header(tables_, free_lists, format_.wide ? 9 : 10, words_class, 0);
        spur_header(root_address_, root_slots, 2, array_class, 0);
        uint64_t nothing = addresses_[nil()];
        for (long i = 0; i < root_slots; i++)
            put_word(root_address_ + 8 + static_cast<uint64_t>(i) * word_bytes(),
                     i < pages_ ? first_page_ + static_cast<uint64_t>(i) * page_bytes() : nothing);
        for (long i = 0; i < pages_; i++) {
            uint64_t page = first_page_ + static_cast<uint64_t>(i) * page_bytes();
            spur_header(page, page_size, 2, array_class, 0);
            for (long k = 0; k < page_size; k++) {
                long index = i * page_size + k;
                W_Object* c = index < class_table->length() ? class_table->get(index) : nullptr;
                put_word(page + 8 + static_cast<uint64_t>(k) * word_bytes(), c ? reference(c) : nothing);
            }
        }
    }
    // The end of the only segment: no next one.
    void write_bridge() {
        uint64_t at = base + size_ - 16;
        put32(at, 0);
        put32(at + 4, 1 << 24);
        put32(at + 8, 0);
        put32(at + 12, 0);
    }
    void put_header(uint64_t at, uint64_t value, bool word) {
        memcpy(data_.data() + at, &value, word && format_.wide ? 8 : 4);
    }
    void write_header() {
        put_header(0, static_cast<uint64_t>(format_.version), false);
        put_header(4, header_bytes, false);
        put_header(format_.wide ? 48 : 28, traits.header_flags, true);
        uint64_t word = word_bytes(), at = 8;
        put_header(at, size_, true);
        put_header(at + word, base, true);
        put_header(at + 2 * word, reference(special_objects), true);
        put_header(at + 3 * word, 999, true); // the last hash
        put_header(at + 4 * word, static_cast<uint64_t>(settings.width << 16 | settings.height), true);
        if (!traits.spur) return;
        at = format_.wide ? 72 : 48;
        put_header(at, size_, true); // the first segment
    }

    std::unordered_map<void*, uint64_t> addresses_;
    std::unordered_map<void*, uint32_t> compact_;
    std::vector<placed> objects_;
    std::vector<uint8_t> data_;
    std::string error_;
    uint64_t size_ = 0, tables_ = 0, root_address_ = 0, first_page_ = 0;
    long pages_ = 0;
};
} // namespace

std::string write_image(const std::string& path, W_Frame* frame, long version) {
    image_format format{traits.version, traits.wide};
    if (version != 0 && version != traits.version) {
        if (version != 68021 || traits.version != 6521)
            return "an image of format " + std::to_string(traits.version) + " can't be written as one of " +
                   std::to_string(version) + ": only 6521 as 68021";
        format = {68021, true};
    }
    set_active_frame(frame);
    place_classes();
    describe_frames(frame, format.wide && !traits.wide);
    std::string error;
    writer(format).run(path, error);
    all_frames = static_cast<slots_array*>(nullptr);
    all_contents = static_cast<slots_array*>(nullptr);
    return error;
}

} // namespace heddle::smalltalk
