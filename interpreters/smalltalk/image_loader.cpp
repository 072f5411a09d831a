// Making the heap's objects from an image file: first all objects, empty, then their contents.
//
// Contexts come last, since their program counters need the decoded methods. In V3 images the slots of a context above
// its stack pointer hold whatever lay there: they are not read.
#include "image_loader.h"
#include "image_writer.h"
#include <cstring>
#include <utility>

namespace heddle::smalltalk {

namespace {

root<slots_array> loaded; // by the object's index in the file

class loader {
public:
    explicit loader(const image_file& f) : file_(f) {}

    std::string run() {
        traits.version = file_.version;
        traits.header_flags = file_.flags;
        traits.spur = file_.spur;
        traits.wide = file_.wide;
        traits.word_size = static_cast<long>(file_.word_size);
        traits.hash_mask = file_.spur ? 0x3fffff : 0xfff;
        the_world = make<World>(make<Version>());
        the_context = make<ExecutionContext>();
        loaded = heddle::make_array<slots_array>(static_cast<long>(file_.objects.size()));
        float_class_ = file_.special(9);
        method_context_class_ = file_.special(10);
        block_context_class_ = file_.spur ? -1 : file_.special(11);
        for (size_t i = 0; i < file_.objects.size(); i++) make_object(i);
        for (size_t i = 0; i < file_.objects.size(); i++) fill_class(i);
        if (std::string error = set_special_objects(); !error.empty()) return error;
        for (size_t i = 0; i < file_.objects.size(); i++) fill(i);
        fill_class_table();
        for (size_t i = 0; i < file_.objects.size(); i++)
            if (file_.objects[i].kind == image_object::weak && is_exact<W_Pointers>(at(static_cast<int64_t>(i))))
                make_weak(static_cast<W_Pointers*>(at(static_cast<int64_t>(i))));
        for (size_t i = 0; i < file_.objects.size(); i++)
            if (is_context(i)) fill_context(i, true);
        for (size_t i = 0; i < file_.objects.size(); i++)
            if (is_context(i)) fill_context(i, false);
        loaded = static_cast<slots_array*>(nullptr);
        return "";
    }

private:
    W_Object* at(int64_t index) { return loaded->get(index); }
    bool is_context(size_t i) const {
        const image_object& o = file_.objects[i];
        return o.kind == image_object::pointers && o.words_count >= 6 &&
               (o.class_index == method_context_class_ || o.class_index == block_context_class_);
    }
    static slots_array* cleared(size_t count) { // no nil yet: null slots until filled
        return heddle::make_array<slots_array>(static_cast<long>(count));
    }
    size_t literals_of(const image_object& o) const {
        int64_t header = file_.reference(o, 0).value;
        return static_cast<size_t>(file_.spur ? header & 0x7fff : header >> 9 & 0xff);
    }
    double float_of(const image_object& o) const {
        uint64_t first = file_.word32(o, 0), second = file_.word32(o, 1);
        bool high_first = !file_.native_floats || file_.big_endian;
        return std::bit_cast<double>(high_first ? first << 32 | second : second << 32 | first);
    }

    void make_object(size_t i) {
        const image_object& o = file_.objects[i];
        W_Object* made = nullptr;
        uint32_t hash = o.hash;
        switch (o.kind) {
        case image_object::pointers:
        case image_object::weak:
            if (is_context(i))
                made = make<W_Frame>(nullptr, nullptr, nullptr, nullptr, nullptr, -1, nullptr, frame_method);
            else if (file_.is_class(static_cast<int64_t>(i)))
                made = make<W_Class>(nullptr, cleared(o.words_count), hash);
            else
                made = make<W_Pointers>(nullptr, cleared(o.words_count), hash);
            break;
        case image_object::words:
            if (o.class_index == float_class_ && o.byte_count == 8) {
                made = make_float(float_of(o));
                break;
            } else {
                auto* words = heddle::make_array<word_array>(static_cast<long>(o.byte_count / 4));
                for (long k = 0; k < words->length(); k++) words->set(k, file_.word32(o, static_cast<size_t>(k)));
                made = make<W_Words>(nullptr, words, hash);
                break;
            }
        case image_object::bytes: made = make<W_Bytes>(nullptr, copy_bytes(file_.bytes(o), o.byte_count), hash); break;
        case image_object::method: {
            size_t literals = (literals_of(o) + 1) * file_.word_size;
            byte_array* code = copy_bytes(file_.bytes(o) + literals, o.byte_count - literals);
            made = make<W_Method>(nullptr, cleared(literals / file_.word_size), code, hash);
            break;
        }
        }
        loaded->set(static_cast<long>(i), made);
    }
    static byte_array* copy_bytes(const uint8_t* from, size_t count) {
        byte_array* bytes = heddle::make_array<byte_array>(static_cast<long>(count));
        if (count) memcpy(bytes->data(), from, count);
        return bytes;
    }
    void fill_class(size_t i) {
        W_Object* o = at(static_cast<int64_t>(i));
        W_Object* c = at(file_.objects[i].class_index);
        if (is<W_Instance>(o) && is<W_Class>(c)) static_cast<W_Instance*>(o)->class_ = static_cast<W_Class*>(c);
    }

    // A SmallInteger of a 64-bit image may be a large integer here. The special objects may not be there yet.
    W_Object* integer_of(int64_t value) {
        if (std::in_range<long>(value) && fits_small(static_cast<long>(value)))
            return make_int(static_cast<long>(value));
        W_Class* c = class_at(file_.special(value < 0 ? special_large_negative : special_large_positive));
        uint64_t magnitude = value < 0 ? -static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
        long count = 0;
        while (count < 8 && magnitude >> 8 * count) count++;
        byte_array* bytes = heddle::make_array<byte_array>(count);
        for (long i = 0; i < count; i++) bytes->set(i, static_cast<uint8_t>(magnitude >> 8 * i));
        return make<W_Bytes>(c, bytes);
    }
    W_Object* object_of(const image_reference& r) {
        switch (r.kind) {
        case image_reference::integer: return integer_of(r.value);
        case image_reference::character: {
            W_Object* c = make_character(static_cast<long>(r.value));
            return c ? c : nil_root.get();
        }
        case image_reference::floating: return make_float(std::bit_cast<double>(r.value));
        case image_reference::object: return at(r.value);
        default: return nil_root;
        }
    }
    W_Class* class_at(int64_t index) {
        W_Object* c = index >= 0 ? at(index) : nullptr;
        return c && is<W_Class>(c) ? static_cast<W_Class*>(c) : nullptr;
    }
    std::string set_special_objects() {
        W_Object* special = at(file_.special_objects);
        if (!is_exact<W_Pointers>(special)) return "its array of special objects is not an array";
        special_objects = static_cast<W_Pointers*>(special);
        for (size_t i = 0; i < 3; i++)
            if (file_.special(i) < 0) return "nil, true or false is missing";
        nil_root = at(file_.special(0));
        false_root = at(file_.special(1));
        true_root = at(file_.special(2));
        small_integer_root = class_at(file_.special(5));
        float_root = class_at(file_.special(9));
        character_root = class_at(file_.special(19));
        small_float_root = class_at(file_.small_float_class);
        if (!small_integer_root.get() || !float_root.get() || !character_root.get() || !class_at(file_.special(7)))
            return "SmallInteger, Float, Character or Array is missing";
        if (file_.wide && long_bits < 64 &&
            (!class_at(file_.special(special_large_positive)) || !class_at(file_.special(special_large_negative))))
            return "a class of large integers is missing";
        if (file_.spur) {
            slots_array* table = heddle::make_array<slots_array>(256);
            character_table = table;
            for (long i = 0; i < 256; i++) table->set(i, make<W_Character>(i));
        } else {
            W_Object* table = file_.special(24) >= 0 ? at(file_.special(24)) : nullptr;
            if (!table || !is_exact<W_Pointers>(table) || static_cast<W_Pointers*>(table)->size() < 256)
                return "the table of characters is missing";
            character_table = static_cast<W_Pointers*>(table)->slots;
        }
        fill(static_cast<size_t>(file_.special_objects));
        return "";
    }
    void fill(size_t i) {
        const image_object& o = file_.objects[i];
        W_Object* made = at(static_cast<int64_t>(i));
        slots_array* slots;
        if (is<W_Pointers>(made))
            slots = static_cast<W_Pointers*>(made)->slots;
        else if (is_exact<W_Method>(made))
            slots = static_cast<W_Method*>(made)->literals;
        else
            return;
        for (long k = 0; k < slots->length(); k++) slots->set(k, object_of(file_.reference(o, static_cast<size_t>(k))));
    }

    void fill_class_table() {
        if (!file_.spur) return;
        set_class_table(heddle::make_array<slots_array>(static_cast<long>(file_.class_table.size())));
        for (size_t i = 0; i < file_.class_table.size(); i++)
            if (W_Class* c = class_at(file_.class_table[i])) class_table->set(static_cast<long>(i), c);
    }
    // Methods first, so that blocks find their home's code.
    void fill_context(size_t i, bool methods) {
        const image_object& o = file_.objects[i];
        auto* frame = static_cast<W_Frame*>(at(static_cast<int64_t>(i)));
        image_reference fourth = file_.reference(o, 3);
        bool is_block =
            !file_.spur && (o.class_index == block_context_class_ || fourth.kind == image_reference::integer);
        if (methods == is_block) return;
        frame->hash = o.hash;
        frame->kind = is_block ? frame_old_block : frame_method;
        frame->receiver = nil_root.get();
        frame->home = nil_root.get();
        frame->sender = object_of(file_.reference(o, 0));
        frame->slots = nil_slots(static_cast<long>(o.words_count - 6));
        image_reference pc = file_.reference(o, 1), depth = file_.reference(o, 2);
        long used = depth.kind == image_reference::integer && std::in_range<int>(depth.value)
                        ? static_cast<long>(depth.value)
                        : 0;
        if (used < 0 || used > frame->slots->length()) used = 0;
        for (long k = 0; k < used; k++) frame->slots->set(k, object_of(file_.reference(o, static_cast<size_t>(k) + 6)));
        if (is_block) {
            context_store(frame, 5, object_of(file_.reference(o, 5)));
            context_store(frame, 3, object_of(fourth));
            context_store(frame, 4, object_of(file_.reference(o, 4)));
        } else {
            context_store(frame, 3, object_of(fourth));
            context_store(frame, 5, object_of(file_.reference(o, 5)));
            W_Object* closure = object_of(file_.reference(o, 4));
            // Before closures this was the receiver's map: unused.
            if (file_.version != 6502) context_store(frame, 4, closure);
        }
        context_store(frame, 2, make_int(used));
        context_store(frame, 1, object_of(pc));
    }

    const image_file& file_;
    int64_t float_class_ = -1, method_context_class_ = -1, block_context_class_ = -1;
};

// The class that all classes of classes descend from: in Metaclass's superclasses, the last that is no superclass of
// SmallInteger.
void find_behavior() {
    W_Object* at = small_integer_root->class_->class_.get();
    W_Class* last = nullptr;
    for (long steps = 0; is<W_Class>(at) && steps < 100; steps++) {
        if (inherits_from(small_integer_root, at)) break;
        last = static_cast<W_Class*>(at);
        at = slot(at, 0);
    }
    behavior_root = last;
}

} // namespace

std::string load_image(const image_file& file) {
    std::string error = loader(file).run();
    if (!error.empty()) return error;
    find_behavior();
    bump_version();
    return "";
}

W_Frame* active_context() {
    W_Object* association = special_at(special_scheduler);
    W_Object* processor = has_slots(association, 2) ? slot(association, 1) : nil();
    W_Object* process = has_slots(processor, 2) ? slot(processor, 1) : nil();
    if (!has_slots(process, 2)) return nullptr;
    W_Frame* frame = as_frame(slot(process, 1));
    if (frame) set_slot(process, 1, nil());
    return frame;
}

} // namespace heddle::smalltalk
