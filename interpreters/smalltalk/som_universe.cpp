// Making SOM's classes from their sources. The core classes refer to each other, so empty ones are made first and
// filled when their files are read; all others are loaded when a program first needs them.
#include "som_universe.h"
#include "primitives.h"
#include "process.h"
#include "som_compiler.h"
#include <fstream>
#include <iterator>
#include <set>
#include <unordered_map>

namespace heddle::smalltalk::som {

uint32_t hash_of(const std::string& text) {
    uint32_t hash = 2166136261;
    for (char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 16777619;
    hash = (hash ^ hash >> 15) & traits.hash_mask;
    return hash ? hash : 1;
}

namespace {
std::vector<std::string> path;
std::set<std::string> being_loaded;

// Objects by name: a table of places in an array that is a root.
class name_table {
public:
    W_Object* find(const std::string& name) {
        auto found = places_.find(name);
        return found == places_.end() ? nullptr : objects_->get(found->second);
    }
    void add(const std::string& name, W_Object* object) {
        long count = static_cast<long>(places_.size()), capacity = objects_.get() ? objects_->length() : 0;
        if (count == capacity) {
            slots_array* longer = heddle::make_array<slots_array>(capacity * 2 + 256);
            if (count) heddle::copy_items(objects_.get(), 0, longer, 0, count);
            objects_ = longer;
        }
        objects_->set(count, object);
        places_[name] = count;
    }
    name_table(root<slots_array>& objects) : objects_(objects) {}

private:
    root<slots_array>& objects_;
    std::unordered_map<std::string, long> places_;
};
root<slots_array> symbol_objects, global_objects;
name_table& symbols() {
    static name_table table(symbol_objects);
    return table;
}
name_table& globals() {
    static name_table table(global_objects);
    return table;
}

W_Object* make_text(W_Class* c, const std::string& text) {
    byte_array* bytes = heddle::make_array<byte_array>(static_cast<long>(text.size()));
    if (!text.empty()) memcpy(bytes->data(), text.data(), text.size());
    return make<W_Bytes>(c, bytes, hash_of(text)); // equal texts have equal hashes
}

// ---- code
W_Object* make_constant(constant& one, W_Class* holder, W_Object* association);

W_Method* make_method(compiled& code, W_Class* holder, W_Object* association, long primitive) {
    long count = static_cast<long>(code.constants.size());
    slots_array* literals = new_slots(count + 2);
    slots_array* constants = new_slots(count + 1);
    literals->set(0, make_int(code.arguments << 24 | (count + 1)));
    for (long i = 0; i < count; i++) {
        W_Object* value = make_constant(code.constants[static_cast<size_t>(i)], holder, association);
        literals->set(i + 1, value);
        constants->set(i, value);
    }
    literals->set(count + 1, association);
    constants->set(count, association);

    std::vector<long> words = instruction_words(code.instructions);
    std::vector<int> lines;
    for (const decoded& one : code.instructions) lines.push_back(one.position);
    long length = static_cast<long>(code.instructions.size());
    code_words* word_copy = make_array_copy<code_words>(words.data(), words_of_instruction * length);
    code_numbers* depth_copy = make_array_copy<code_numbers>(code.verified.depths.data(), length);
    code_numbers* line_copy = make_array_copy<code_numbers>(lines.data(), length);
    auto* caches = heddle::make_array<heddle::array<member<InlineCache>>>(length);
    byte_array* no_bytes = heddle::make_array<byte_array>(0);
    W_Method* method =
        make<W_Method>(special_class(primitive ? special_primitive : special_method), literals, no_bytes);
    method->code = make<Code>(word_copy, depth_copy, line_copy, constants, caches, method, holder, code.arguments,
                              code.temporaries, code.verified.deepest + slots_above_deepest, primitive);
    return method;
}

W_Object* make_constant(constant& one, W_Class* holder, W_Object* association) {
    switch (one.kind) {
    case constant::integer: return integer_from_text(one.text);
    case constant::real: return make_float(one.number);
    case constant::string:
        if (one.text.size() == 1) return one_byte_text(static_cast<unsigned char>(one.text[0]));
        return make_string(one.text);
    case constant::symbol: return intern(one.text);
    case constant::global: return global_named(intern(one.text));
    case constant::block: return make_method(*one.code, holder, association, 0);
    case constant::array: {
        W_Pointers* array = new_array(static_cast<long>(one.items.size()));
        for (size_t i = 0; i < one.items.size(); i++)
            set_slot(array, static_cast<long>(i), make_constant(one.items[i], holder, association));
        return array;
    }
    }
    return nil();
}

// A method dictionary as lookup.cpp wants it: tally, methods, selectors at the places their hashes give.
W_Pointers* make_dictionary(slots_array* methods) {
    long capacity = 4;
    while (capacity < methods->length() * 2) capacity *= 2;
    W_Pointers* dictionary = new_array(capacity + 2);
    W_Pointers* values = new_array(capacity);
    long tally = 0;
    for (long i = 0; i < methods->length(); i++) {
        W_Object* selector = selector_of(static_cast<W_Method*>(methods->get(i)));
        long at = identity_hash(selector) & (capacity - 1);
        while (slot(dictionary, at + 2) != nil() && slot(dictionary, at + 2) != selector)
            at = (at + 1) & (capacity - 1);
        tally += slot(dictionary, at + 2) == nil();
        set_slot(dictionary, at + 2, selector);
        set_slot(values, at, methods->get(i));
    }
    set_slot(dictionary, 0, make_int(tally));
    set_slot(dictionary, 1, values);
    return dictionary;
}

// ---- classes
W_Class* make_class(W_Class* metaclass) { return make<W_Class>(metaclass, new_slots(first_class_field)); }
W_Class* make_named_class(const std::string& name) {
    W_Object* metaclass_class = global_named(intern("Metaclass"))->value;
    W_Class* metaclass = make_class(static_cast<W_Class*>(metaclass_class));
    W_Class* made = make_class(metaclass);
    set_slot(metaclass, slot_name, intern(name + " class"));
    set_slot(made, slot_name, intern(name));
    return made;
}
long slots_format(long fields, long format) { return format << 16 | fields; }
long format_of(const std::string& name, W_Class* superclass) {
    if (name == "Integer" || name == "Double") return 7; // immediate
    if (name == "String") return 16;                     // bytes
    if (name == "Array") return 2;                       // fields and indexed slots
    W_Object* inherited = superclass ? slot(superclass, slot_format) : nil();
    return is_int(inherited) ? int_value(inherited) >> 16 : 1;
}

// In the order in which they can be filled.
constexpr const char* core_classes[] = {"Object", "Class",  "Metaclass", "Nil",    "Integer", "Double", "Array",
                                        "String", "Symbol", "Boolean",   "True",   "False",   "Method", "Primitive",
                                        "Block",  "Block1", "Block2",    "Block3", "System"};

class class_builder {
public:
    class_builder(const std::string& file, class_definition& definition, std::string& error)
        : file_(file), definition_(definition), error_(error) {}

    bool fill(W_Class* c, W_Class* superclass, W_Class* class_class) {
        if (!may_have_fields(superclass)) {
            error_ = file_ + ": the objects of " + definition_.name + " can't have fields";
            return false;
        }
        W_Class* metaclass = c->class_;
        W_Class* above = superclass ? superclass->class_.get() : class_class;
        set_slot(c, slot_superclass, superclass ? superclass : nil());
        set_slot(metaclass, slot_superclass, above);
        std::vector<std::string> fields = add_fields(c, superclass, definition_.instance);
        std::vector<std::string> class_fields =
            add_fields(metaclass, above == class_class ? nullptr : above, definition_.meta);
        slots_array* slots = new_slots(first_class_field + static_cast<long>(class_fields.size()));
        heddle::copy_items(c->slots.get(), 0, slots, 0, first_class_field);
        c->slots = slots;
        set_slot(c, slot_format,
                 make_int(slots_format(static_cast<long>(fields.size()), format_of(definition_.name, superclass))));
        set_slot(metaclass, slot_format, make_int(slots_format(slots->length(), 1)));
        c->kind = metaclass->kind = -1;
        return add_methods(c, definition_.instance, definition_.name, fields, 0) &&
               add_methods(metaclass, definition_.meta, definition_.name + " class", class_fields, first_class_field);
    }

private:
    // Methods reach fields without looking (PUSH_FIELD), so all objects of the class must have them: those of the core
    // classes are made by the VM, and strings have no slots.
    bool may_have_fields(W_Class* superclass) {
        if (definition_.instance.fields.empty()) return true;
        for (const char* core : core_classes)
            if (definition_.name == core) return false;
        long format = format_of(definition_.name, superclass);
        return format < 3;
    }
    // The names of all fields, inherited ones first; they are kept in the class too.
    std::vector<std::string> add_fields(W_Class* c, W_Class* superclass, const class_side& side) {
        std::vector<std::string> names;
        W_Object* inherited = superclass ? slot(superclass, slot_fields) : nil();
        if (is<W_Pointers>(inherited))
            for (long i = 0; i < static_cast<W_Pointers*>(inherited)->size(); i++)
                names.push_back(text_of(slot(inherited, i)));
        names.insert(names.end(), side.fields.begin(), side.fields.end());
        W_Pointers* all = new_array(static_cast<long>(names.size()));
        for (size_t i = 0; i < names.size(); i++) set_slot(all, static_cast<long>(i), intern(names[i]));
        set_slot(c, slot_fields, all);
        return names;
    }
    bool add_methods(W_Class* c, class_side& side, const std::string& name, const std::vector<std::string>& fields,
                     long first_field) {
        W_Pointers* methods = new_array(static_cast<long>(side.methods.size()));
        for (size_t i = 0; i < side.methods.size(); i++) {
            W_Method* made = method(c, side.methods[i], name, fields, first_field);
            if (!made) return false;
            set_slot(methods, static_cast<long>(i), made);
        }
        set_slot(c, slot_methods, methods);
        set_slot(c, slot_dictionary, make_dictionary(methods->slots));
        return true;
    }
    W_Method* method(W_Class* c, method_definition& one, const std::string& name,
                     const std::vector<std::string>& fields, long first_field) {
        compiled code;
        long number = 0;
        if (one.primitive) {
            number = som_primitive(name, one.selector);
            std::string what = number ? "can't do this with these arguments" : "is not there in this VM";
            compile_complaint("the primitive " + name + ">>" + one.selector + " " + what,
                              static_cast<long>(one.body->arguments.size()), code);
        } else if (!compile_method(file_, name, one, fields, first_field, code, error_)) {
            return nullptr;
        }
        W_Pointers* association = new_array(2);
        set_slot(association, 0, intern(one.selector));
        set_slot(association, 1, c);
        return make_method(code, c, association, number);
    }

    const std::string& file_;
    class_definition& definition_;
    std::string& error_;
};

bool read_file(const std::string& name, std::string& file, std::string& source) {
    for (const std::string& folder : path) {
        file = folder + "/" + name + ".som";
        std::ifstream stream(file, std::ios::binary);
        if (!stream) continue;
        source.assign(std::istreambuf_iterator<char>(stream), {});
        return true;
    }
    return false;
}

W_Class* class_of_global(const std::string& name) {
    W_Object* known = global_named(intern(name))->value;
    return known && is_exact<W_Class>(known) ? static_cast<W_Class*>(known) : nullptr;
}

// Reads the file of a class and fills `made`, or a new class if that is null.
W_Class* load_into(const std::string& name, W_Class* made, std::string& error) {
    std::string file, source;
    if (!read_file(name, file, source)) return nullptr;
    class_definition definition;
    if (!parse_class(file, source, definition, error)) return nullptr;
    if (definition.name != name) {
        error = file + ": the class in it is called " + definition.name;
        return nullptr;
    }
    std::string above = definition.superclass.empty() ? "Object" : definition.superclass;
    W_Class* superclass = nullptr;
    if (above != "nil") {
        superclass = class_of_global(above);
        if (!superclass && !being_loaded.insert(name).second) {
            error = file + ": the class is an ancestor of itself";
            return nullptr;
        }
        if (!superclass) superclass = load_class(above, error);
        being_loaded.erase(name);
        if (!superclass) {
            if (error.empty()) error = file + ": there is no file for its superclass " + above;
            return nullptr;
        }
    }
    if (!made) made = make_named_class(name);
    if (!class_builder(file, definition, error).fill(made, superclass, class_of_global("Class"))) return nullptr;
    set_global(intern(name), made);
    return made;
}

void make_core_classes() {
    // Symbols need their class before it has a name.
    W_Class* symbol_class = make_class(nullptr);
    special_objects->slots->set(special_symbol, symbol_class);
    W_Class* metaclass = make_class(nullptr);
    W_Class* its_class = make_class(metaclass);
    metaclass->class_ = its_class;
    set_slot(metaclass, slot_name, intern("Metaclass"));
    set_slot(its_class, slot_name, intern("Metaclass class"));
    set_global(intern("Metaclass"), metaclass);
    symbol_class->class_ = make_class(metaclass);
    set_slot(symbol_class, slot_name, intern("Symbol"));
    set_slot(symbol_class->class_.get(), slot_name, intern("Symbol class"));
    set_global(intern("Symbol"), symbol_class);
    for (const char* name : core_classes)
        if (!class_of_global(name)) set_global(intern(name), make_named_class(name));
}
// Subclasses of Integer that programs never see.
W_Class* large_class(const char* name) {
    W_Class* integer = small_integer_root;
    W_Class* made = make_class(integer->class_);
    set_slot(made, slot_superclass, integer);
    set_slot(made, slot_name, intern(name));
    set_slot(made, slot_format, make_int(slots_format(0, 16)));
    set_slot(made, slot_dictionary, make_dictionary(new_slots(0)));
    return made;
}
void set_special(long index, W_Object* value) { special_objects->slots->set(index, value); }

void make_special_objects() {
    auto* slots = heddle::make_array<slots_array>(special_count);
    W_Object* nothing = make<W_Pointers>(nullptr, heddle::make_array<slots_array>(0));
    nil_root = nothing;
    for (long i = 0; i < special_count; i++) slots->set(i, nothing);
    special_objects = make<W_Pointers>(nullptr, slots);
}
void make_core_objects() {
    small_integer_root = class_of_global("Integer");
    float_root = class_of_global("Double");
    small_float_root = class_of_global("Double");
    behavior_root = class_of_global("Class");
    static_cast<W_Pointers*>(nil_root.get())->class_ = class_of_global("Nil");
    true_root = make<W_Pointers>(class_of_global("True"), new_slots(0));
    false_root = make<W_Pointers>(class_of_global("False"), new_slots(0));
    set_special(special_nil, nil_root);
    set_special(special_true, true_root);
    set_special(special_false, false_root);
    set_special(special_small_integer, small_integer_root.get());
    set_special(special_float, float_root.get());
    set_special(special_string, class_of_global("String"));
    set_special(special_array, class_of_global("Array"));
    special_objects->class_ = class_of_global("Array");
    // Frames are never seen by SOM programs, but they are objects and have a class.
    set_special(special_method_context, class_of_global("Object"));
    set_special(special_method, class_of_global("Method"));
    set_special(special_primitive, class_of_global("Primitive"));
    set_special(special_compiled_method, class_of_global("Method"));
    set_special(special_no_block, class_of_global("Block"));
    set_special(special_block_1, class_of_global("Block1"));
    set_special(special_block_2, class_of_global("Block2"));
    set_special(special_block_3, class_of_global("Block3"));
    set_special(special_large_positive, large_class("LargePositiveInteger"));
    set_special(special_large_negative, large_class("LargeNegativeInteger"));
    set_special(special_does_not_understand, intern("doesNotUnderstand:arguments:"));
    set_special(special_cannot_return, intern("escapedBlock:"));
    set_special(special_must_be_boolean, intern("mustBeBoolean"));
    set_special(special_escaped_block, intern("escapedBlock:"));
    set_special(special_unknown_global, intern("unknownGlobal:"));
    set_global(intern("nil"), nil_root);
    set_global(intern("true"), true_root);
    set_global(intern("false"), false_root);
    set_global(intern("system"), make<W_Pointers>(class_of_global("System"), new_slots(0)));
}
} // namespace

// ---- symbols and globals
W_Object* intern(const std::string& text) {
    if (W_Object* known = symbols().find(text)) return known;
    W_Object* made = make_text(special_class(special_symbol), text);
    symbols().add(text, made);
    return made;
}
W_Object* make_string(const std::string& text) { return make_text(special_class(special_string), text); }
static root<slots_array> one_byte_texts;
W_Object* one_byte_text(long byte) {
    if (!one_byte_texts.get()) one_byte_texts = heddle::make_array<slots_array>(256);
    W_Object* known = one_byte_texts->get(byte);
    if (known) return known;
    known = make_string(std::string(1, static_cast<char>(byte)));
    one_byte_texts->set(byte, known);
    return known;
}
W_Global* global_named(W_Object* symbol) {
    std::string name = text_of(symbol);
    if (W_Object* known = globals().find(name)) return static_cast<W_Global*>(known);
    W_Global* made = make<W_Global>(intern(name));
    globals().add(name, made);
    return made;
}
void set_global(W_Object* symbol, W_Object* value) { global_named(symbol)->value = value; }

W_Class* load_class(const std::string& name, std::string& error) {
    if (W_Class* known = class_of_global(name)) return known;
    return load_into(name, nullptr, error);
}

// ---- messages of the VM's own
// `^` out of a block whose method has returned: what sent `value` to the block is told, not the block's own receiver.
W_Object* escaped_block(W_Frame* frame) {
    W_Frame* caller = sender_of(frame);
    W_Object* receiver = caller ? caller->receiver.get() : frame->receiver.get();
    return send_message(frame, special_at(special_escaped_block), receiver, frame->home, nullptr);
}
W_Object* unknown_global(W_Frame* frame, W_Global* global) {
    return send_message(frame, special_at(special_unknown_global), frame->receiver, global->name, nullptr);
}

bool is_large_integer(W_Object* o) {
    return is_exact<W_Bytes>(o) &&
           (class_of(o) == special_at(special_large_positive) || class_of(o) == special_at(special_large_negative));
}
void no_number(W_Frame* frame, W_Object* o, W_Object* selector) {
    fflush(stdout);
    fprintf(stderr, "heddle-smalltalk: %s was sent to %s, which is no number, in %s\n", text_of(selector).c_str(),
            describe(o).c_str(), describe_method(frame->code).c_str());
    request_exit(1);
}

// ---- the start
static bool make_universe(std::string& error) {
    traits = image_traits();
    traits.spur = traits.wide = traits.som = true;
    traits.word_size = 8;
    traits.hash_mask = 0x3fffff;
    the_world = make<World>(make<Version>());
    the_context = make<ExecutionContext>();
    make_special_objects();
    make_core_classes();
    make_core_objects();
    for (const char* name : core_classes) {
        if (load_into(name, class_of_global(name), error)) continue;
        if (error.empty()) error = std::string("there is no ") + name + ".som in the folders that -cp names";
        return false;
    }
    bump_version();
    return true;
}

W_Frame* start(const std::vector<std::string>& class_path, const std::string& class_name,
               const std::vector<std::string>& arguments, std::string& error) {
    path = class_path;
    if (!make_universe(error)) return nullptr;
    compiled code;
    code.constants.resize(3);
    code.constants[0].kind = constant::global;
    code.constants[0].text = "system";
    code.constants[1].kind = constant::array;
    auto add = [&](const std::string& text) {
        constant one;
        one.kind = constant::string;
        one.text = text;
        code.constants[1].items.push_back(one);
    };
    add(class_name);
    for (const std::string& one : arguments) add(one);
    code.constants[2].kind = constant::symbol;
    code.constants[2].text = "initialize:";
    code.instructions = {{PUSH_GLOBAL, 0, 0, 0}, {PUSH_CONSTANT, 1, 0, 0}, {SEND, 2, 1, 0}, {RETURN_TOP, 0, 0, 0}};
    code.verified.depths = {0, 1, 2, 1};
    code.verified.deepest = 3;
    W_Pointers* association = new_array(2);
    set_slot(association, 0, intern("start"));
    W_Class* object = static_cast<W_Class*>(global_named(intern("Object"))->value.get());
    set_slot(association, 1, object);
    Code* main = make_method(code, object, association, 0)->code;
    frame_slots* slots = heddle::make_array<frame_slots>(main->frame_size);
    W_Frame* frame = make<W_Frame>(special_class(special_method_context), main, nil(), slots, nil(), make_state(0, 0),
                                   nil(), frame_method);
    execution_context()->bottom = frame;
    return frame;
}

} // namespace heddle::smalltalk::som
