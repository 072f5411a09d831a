// Making an image from the library's source files: reading class definitions and methods, compiling them
// (library_compiler.cpp), building classes, method dictionaries and the special objects in the heap, and writing that
// as an image of format 68021 or 6521.
//
// The collector does not see C++ containers: everything built is kept in one array, and is known by its index there.
// What the files evaluate runs in the image itself (SystemDictionary>>bootstrap): globals and symbols are handed over
// as plain arrays, since only the image knows how it hashes.
#include "bootstrap.h"
#include "frame.h"
#include "image_writer.h"
#include "library_compiler.h"
#include <algorithm>
#include <dirent.h>
#include <fstream>
#include <iterator>
#include <map>
#include <unordered_map>

namespace heddle::smalltalk {

namespace {

using namespace library;

struct method_model {
    chunk text;
    std::string file, category;
};
struct class_model {
    std::string name, superclass, category, file;
    long format = 1; // Spur's number for instances without and with named variables
    std::vector<std::string> instance_variables, class_variables, class_instance_variables;
    std::vector<method_model> methods, class_methods;
    int line = 0;
};

std::vector<std::string> words(const std::string& text) {
    std::vector<std::string> result;
    std::string word;
    for (char c : text + " ") {
        if (c != ' ' && c != '\n') {
            word += c;
        } else if (!word.empty()) {
            result.push_back(word);
            word.clear();
        }
    }
    return result;
}

// ---- the files
class library_reader {
public:
    std::string read(const std::string& folder) {
        DIR* directory = opendir(folder.c_str());
        if (!directory) return "can't read the folder " + folder;
        std::vector<std::string> files;
        while (dirent* entry = readdir(directory)) {
            std::string name = entry->d_name;
            if (name.size() > 3 && name.compare(name.size() - 3, 3, ".st") == 0) files.push_back(name);
        }
        closedir(directory);
        if (files.empty()) return "there is no .st file in " + folder;
        std::sort(files.begin(), files.end());
        for (const std::string& name : files) {
            std::ifstream stream(folder + "/" + name);
            std::string source(std::istreambuf_iterator<char>(stream), {});
            file_ = name;
            if (std::string error = read_file(source); !error.empty()) return name + ": " + error;
        }
        return "";
    }
    std::vector<class_model> classes;
    std::vector<method_model> do_its;
    std::set<std::string> globals;

private:
    std::string read_file(const std::string& source) {
        std::vector<chunk> chunks = split_chunks(source);
        for (size_t i = 0; i < chunks.size(); i++) {
            if (chunks[i].text.empty()) continue;
            std::string error;
            method_tree parsed = parse_do_it(chunks[i].text, chunks[i].line, error);
            if (!error.empty()) return error;
            const tree* t = parsed.body->parts.size() == 1 ? parsed.body->parts[0].get() : nullptr;
            if (t && t->kind == tree_kind::send && t->text == "methodsFor:") {
                if (std::string wrong = read_methods(*t, chunks, i); !wrong.empty()) return wrong;
            } else if (!t || !class_definition(*t)) {
                if (t) note_global(*t);
                do_its.push_back({chunks[i], file_, ""});
            }
        }
        return "";
    }
    class_model* find(const std::string& name) {
        for (class_model& model : classes)
            if (model.name == name) return &model;
        return nullptr;
    }
    std::string read_methods(const tree& t, const std::vector<chunk>& chunks, size_t& i) {
        bool meta = t.parts[0]->kind == tree_kind::send && t.parts[0]->text == "class";
        const tree& named = meta ? *t.parts[0]->parts[0] : *t.parts[0];
        class_model* model = find(named.text);
        if (!model) return "line " + std::to_string(chunks[i].line) + ": the class " + named.text + " isn't there yet";
        for (i++; i < chunks.size() && !chunks[i].text.empty(); i++)
            (meta ? model->class_methods : model->methods).push_back({chunks[i], file_, t.parts[1]->text});
        return "";
    }
    bool class_definition(const tree& t) {
        if (t.kind != tree_kind::send) return false;
        const tree& receiver = *t.parts[0];
        if (t.text == "instanceVariableNames:" && receiver.kind == tree_kind::send && receiver.text == "class") {
            class_model* model = find(receiver.parts[0]->text);
            if (model) model->class_instance_variables = words(t.parts[1]->text);
            return model != nullptr;
        }
        static const struct {
            const char* selector;
            long format;
        } kinds[] = {{"subclass:", 1},
                     {"variableSubclass:", 3},
                     {"weakSubclass:", 4},
                     {"immediateSubclass:", 7},
                     {"variableWordSubclass:", 10},
                     {"variableByteSubclass:", 16},
                     {"variableMethodSubclass:", 24}};
        for (const auto& kind : kinds) {
            if (t.text != std::string(kind.selector) + "instanceVariableNames:classVariableNames:category:") continue;
            class_model model;
            model.superclass = receiver.text;
            model.name = t.parts[1]->text;
            model.instance_variables = words(t.parts[2]->text);
            model.class_variables = words(t.parts[3]->text);
            model.category = t.parts[4]->text;
            model.format = kind.format;
            model.file = file_;
            model.line = t.line;
            globals.insert(model.name);
            classes.push_back(model);
            return true;
        }
        return false;
    }
    // Smalltalk at: #Name put: value
    void note_global(const tree& t) {
        if (t.kind == tree_kind::send && t.text == "at:put:" && t.parts[0]->text == "Smalltalk" &&
            t.parts[1]->kind == tree_kind::symbol)
            globals.insert(t.parts[1]->text);
    }
    std::string file_;
};

constexpr const char* special_selector_names[] = {
    "+",  "-",         "<",  ">",       "<=",     ">=",  "=",       "~=",   "*",    "/",        "\\\\",
    "@",  "bitShift:", "//", "bitAnd:", "bitOr:", "at:", "at:put:", "size", "next", "nextPut:", "atEnd",
    "==", "class",     "~~", "value",   "value:", "do:", "new",     "new:", "x",    "y"};

// ---- the heap
root<slots_array> built; // all that has been made
class builder {
public:
    builder(library_reader& l, long version) : library_(l), version_(version) {}
    std::string run(const std::string& path) {
        begin();
        for (class_model& model : library_.classes)
            if (std::string error = declare_class(model); !error.empty()) return error;
        for (const char* needed :
             {"Object", "Class", "Metaclass", "Array", "String", "Symbol", "Association", "Process", "CompiledMethod",
              "CompiledBlock", "MethodDictionary", "MethodProperties", "Context"})
            if (!class_handles_.count(needed)) return std::string("the library has no class ") + needed;
        patch_first_objects();
        for (class_model& model : library_.classes) finish_class(model);
        make_globals();
        if (std::string error = make_special_objects(); !error.empty()) return error;
        for (class_model& model : library_.classes)
            for (bool meta : {false, true})
                if (std::string error = install_methods(model, meta); !error.empty()) return error;
        if (std::string error = compile_do_its(); !error.empty()) return error;
        std::string error = start(path);
        built = static_cast<slots_array*>(nullptr);
        return error;
    }

private:
    using handle = long;
    handle keep(W_Object* o) {
        slots_array* all = built;
        if (count_ == all->length()) {
            // `o` is found on the stack while the longer array is made.
            slots_array* longer = heddle::make_array<slots_array>(count_ * 2);
            heddle::copy_items(all, 0, longer, 0, count_);
            built = all = longer;
        }
        all->set(count_, o);
        return count_++;
    }
    W_Object* get(handle h) { return built->get(h); }
    W_Class* class_named(const std::string& name) { return static_cast<W_Class*>(get(class_handles_.at(name))); }

    void begin() {
        traits.version = version_;
        traits.spur = true;
        traits.wide = version_ == 68021;
        traits.word_size = traits.wide ? 8 : 4;
        traits.hash_mask = 0x3fffff;
        the_world = make<World>(make<Version>());
        the_context = make<ExecutionContext>();
        built = heddle::make_array<slots_array>(4096);
        nil_root = make<W_Pointers>(nullptr, heddle::make_array<slots_array>(0));
        true_root = make<W_Pointers>(nullptr, heddle::make_array<slots_array>(0));
        false_root = make<W_Pointers>(nullptr, heddle::make_array<slots_array>(0));
    }
    static slots_array* nils(long count) {
        auto* slots = heddle::make_array<slots_array>(count);
        for (long i = 0; i < count; i++) slots->set(i, nil());
        return slots;
    }
    handle pointers(const std::string& class_name, long count) {
        return keep(make<W_Pointers>(class_named(class_name), nils(count)));
    }
    void put(handle h, long index, W_Object* value) { static_cast<W_Pointers*>(get(h))->slots->set(index, value); }
    handle bytes(const std::string& class_name, const std::string& text) {
        auto* data = heddle::make_array<byte_array>(static_cast<long>(text.size()));
        for (size_t i = 0; i < text.size(); i++) data->set(static_cast<long>(i), static_cast<uint8_t>(text[i]));
        return keep(make<W_Bytes>(class_named(class_name), data));
    }
    handle symbol(const std::string& text) {
        auto found = symbols_.find(text);
        if (found != symbols_.end()) return found->second;
        return symbols_[text] = bytes("Symbol", text);
    }
    handle array(const std::vector<handle>& items) {
        handle h = pointers("Array", static_cast<long>(items.size()));
        for (size_t i = 0; i < items.size(); i++) put(h, static_cast<long>(i), get(items[i]));
        return h;
    }
    handle names(const std::vector<std::string>& all) {
        std::vector<handle> items;
        for (const std::string& each : all) items.push_back(bytes("String", each));
        return array(items);
    }
    handle association(handle key, W_Object* value) {
        W_Object* kept = value;
        handle h = pointers("Association", 2);
        put(h, 0, get(key));
        put(h, 1, kept);
        return h;
    }

    // ---- classes
    class_model* model_of(const std::string& name) {
        for (class_model& model : library_.classes)
            if (model.name == name) return &model;
        return nullptr;
    }
    std::vector<std::string> all_variables(const class_model& model) {
        std::vector<std::string> all;
        if (const class_model* above = model_of(model.superclass)) all = all_variables(*above);
        all.insert(all.end(), model.instance_variables.begin(), model.instance_variables.end());
        return all;
    }
    std::vector<std::string> all_class_variables(const class_model& model) { // of the class as an object
        std::vector<std::string> all;
        if (const class_model* above = model_of(model.superclass))
            all = all_class_variables(*above);
        else
            all = all_variables(*model_of("Class"));
        all.insert(all.end(), model.class_instance_variables.begin(), model.class_instance_variables.end());
        return all;
    }
    std::string declare_class(class_model& model) {
        if (model.superclass != "nil" && !class_handles_.count(model.superclass))
            return model.file + ": line " + std::to_string(model.line) + ": the superclass " + model.superclass +
                   " isn't there yet";
        if (!model_of("Class")) return "the library has no class Class";
        long size = static_cast<long>(all_class_variables(model).size());
        class_handles_[model.name] = keep(make<W_Class>(nullptr, nils(size)));
        meta_handles_[model.name] = keep(make<W_Class>(nullptr, nils(6)));
        return "";
    }
    void patch_first_objects() {
        static_cast<W_Instance*>(nil_root.get())->class_ = class_named("UndefinedObject");
        static_cast<W_Instance*>(true_root.get())->class_ = class_named("True");
        static_cast<W_Instance*>(false_root.get())->class_ = class_named("False");
        small_integer_root = class_named("SmallInteger");
        character_root = class_named("Character");
        float_root = class_named("BoxedFloat64");
        if (traits.wide) small_float_root = class_named("SmallFloat64");
        // Places in the class table that Spur gives to immediate objects; lower ones are its own.
        constexpr long first_free = 32;
        slots_array* table = heddle::make_array<slots_array>(1024);
        set_class_table(table);
        const std::pair<long, const char*> places[] = {
            {1, "SmallInteger"}, {2, "Character"}, {3, "SmallInteger"}, {4, "SmallFloat64"}, {first_free, "Object"}};
        for (const auto& [index, name] : places) {
            table->set(index, class_named(name));
            if (index != 3) class_named(name)->hash = static_cast<uint32_t>(index);
        }
    }
    static long format_word(long format, size_t variables) {
        if (format == 1 && variables == 0) format = 0;
        if (format == 3 && variables == 0) format = 2;
        return format << 16 | static_cast<long>(variables);
    }
    long inherited_format(const class_model& model) {
        const class_model* above = model_of(model.superclass);
        if (model.format == 1 && above) return inherited_format(*above) == 7 ? 1 : inherited_format(*above);
        return model.format;
    }
    void finish_class(class_model& model) {
        W_Class* meta_of_meta = class_named("Metaclass");
        handle c = class_handles_[model.name], meta = meta_handles_[model.name];
        static_cast<W_Instance*>(get(c))->class_ = static_cast<W_Class*>(get(meta));
        static_cast<W_Instance*>(get(meta))->class_ = meta_of_meta;
        bool is_root = model.superclass == "nil";
        put(c, 0, is_root ? nil() : get(class_handles_[model.superclass]));
        put(meta, 0, is_root ? class_named("Class") : get(meta_handles_[model.superclass]));
        put(c, 2, make_int(format_word(inherited_format(model), all_variables(model).size())));
        put(meta, 2, make_int(format_word(1, all_class_variables(model).size())));
        put(c, 3, get(names(model.instance_variables)));
        put(meta, 3, get(names(model.class_instance_variables)));
        put(c, 6, get(symbol(model.name)));
        put(meta, 5, get(c));
        put(c, 10, get(symbol(model.category)));
        std::vector<handle> pool;
        for (const std::string& name : model.class_variables) {
            handle one = association(symbol(name), nil());
            bindings_[model.name + "." + name] = one;
            pool.push_back(one);
        }
        put(c, 7, get(array(pool)));
        meta_bindings_[model.name] = association(keep(nil()), get(meta));
    }
    void make_globals() {
        handle smalltalk = pointers("SystemDictionary", 2);
        for (const std::string& name : library_.globals) {
            auto found = class_handles_.find(name);
            W_Object* value = found != class_handles_.end() ? get(found->second) : nil();
            if (name == "Smalltalk") value = get(smalltalk);
            bindings_[name] = association(symbol(name), value);
        }
        smalltalk_ = smalltalk;
    }
    std::string make_special_objects() {
        special_objects = static_cast<W_Pointers*>(get(pointers("Array", 60)));
        auto set = [&](long index, W_Object* value) { special_objects->slots->set(index, value); };
        set(special_nil, nil());
        set(special_false, false_object());
        set(special_true, true_object());
        const std::pair<long, const char*> classes[] = {{special_bitmap, "Bitmap"},
                                                        {special_small_integer, "SmallInteger"},
                                                        {special_string, "String"},
                                                        {special_array, "Array"},
                                                        {special_float, "BoxedFloat64"},
                                                        {special_method_context, "Context"},
                                                        {special_point, "Point"},
                                                        {special_large_positive, "LargePositiveInteger"},
                                                        {special_large_negative, "LargeNegativeInteger"},
                                                        {special_message, "Message"},
                                                        {special_compiled_method, "CompiledMethod"},
                                                        {special_semaphore, "Semaphore"},
                                                        {special_character, "Character"},
                                                        {special_byte_array, "ByteArray"},
                                                        {special_process, "Process"},
                                                        {special_full_block_closure, "FullBlockClosure"}};
        for (const auto& [index, name] : classes) {
            if (!class_handles_.count(name)) return std::string("the library has no class ") + name;
            set(index, class_named(name));
        }
        const std::pair<long, const char*> selectors[] = {{special_does_not_understand, "doesNotUnderstand:"},
                                                          {special_cannot_return, "cannotReturn:"},
                                                          {special_must_be_boolean, "mustBeBoolean"},
                                                          {special_about_to_return, "aboutToReturn:through:"}};
        for (const auto& [index, text] : selectors) set(index, get(symbol(text)));
        handle specials = pointers("Array", 64);
        static constexpr long arguments[32] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                               1, 2, 0, 0, 1, 0, 1, 0, 1, 0, 1, 1, 0, 1, 0, 0};
        for (long i = 0; i < 32; i++) {
            put(specials, i * 2, get(symbol(special_selector_names[i])));
            put(specials, i * 2 + 1, make_int(arguments[i]));
        }
        set(special_selectors, get(specials));
        return make_scheduler();
    }
    std::string make_scheduler() {
        if (!bindings_.count("Processor")) return "the library has no global Processor";
        constexpr long priorities = 80, priority = 40;
        handle lists = pointers("Array", priorities);
        for (long i = 0; i < priorities; i++) put(lists, i, get(pointers("LinkedList", 2)));
        process_ = pointers("Process", static_cast<long>(all_variables(*model_of("Process")).size()));
        put(process_, 2, make_int(priority));
        handle processor = pointers("ProcessorScheduler", 2);
        put(processor, 0, get(lists));
        put(processor, 1, get(process_));
        put(bindings_["Processor"], 1, get(processor));
        special_objects->slots->set(special_scheduler, get(bindings_["Processor"]));
        return "";
    }

    // ---- methods
    class_names names_for(const class_model& model, bool meta) {
        class_names result;
        result.instance_variables = meta ? all_class_variables(model) : all_variables(model);
        for (const class_model* at = &model; at; at = model_of(at->superclass))
            for (const std::string& name : at->class_variables)
                result.class_variables.push_back({name, at->name + "." + name});
        result.globals = &library_.globals;
        return result;
    }
    handle literal_handle(const literal& l) {
        switch (l.kind) {
        case literal::nil: return keep(nil());
        case literal::true_value: return keep(true_object());
        case literal::false_value: return keep(false_object());
        case literal::integer: return keep(make_wide_integer(l.number));
        case literal::real: return keep(make_float(l.real_number));
        case literal::string: return bytes("String", l.text);
        case literal::symbol: return symbol(l.text);
        case literal::character: return keep(make<W_Character>(static_cast<long>(l.number)));
        case literal::bytes: {
            std::string text;
            for (const literal& part : l.parts) text += static_cast<char>(part.number);
            return bytes("ByteArray", text);
        }
        case literal::array: {
            std::vector<handle> items;
            for (const literal& part : l.parts) items.push_back(literal_handle(part));
            return array(items);
        }
        case literal::binding: return bindings_.at(l.text);
        case literal::block: return -1;
        }
        return -1;
    }
    // `last`: what stands behind the method's own literals; a block refers to the code it is in.
    handle code_handle(const compiled& code, const std::vector<handle>& last, const char* class_name) {
        size_t extra = last.empty() ? 1 : last.size();
        long literals = static_cast<long>(code.literals.size() + extra);
        auto* data = heddle::make_array<byte_array>(static_cast<long>(code.bytes.size()));
        for (size_t i = 0; i < code.bytes.size(); i++) data->set(static_cast<long>(i), code.bytes[i]);
        byte_array* kept = data;
        slots_array* slots = nils(literals + 1);
        long header =
            literals | (code.has_primitive ? 1L << 16 : 0) | 1L << 17 | code.temporaries << 18 | code.arguments << 24;
        slots->set(0, make_int(header - (1L << 30))); // negative: Sista bytecodes
        handle h = keep(make<W_Method>(class_named(class_name), slots, kept));
        auto set = [&](size_t i, handle value) {
            static_cast<W_Method*>(get(h))->literals->set(static_cast<long>(i) + 1, get(value));
        };
        for (size_t i = 0; i < code.literals.size(); i++) {
            const literal& l = code.literals[i];
            set(i, l.kind == literal::block ? code_handle(*l.code, {h}, "CompiledBlock") : literal_handle(l));
        }
        for (size_t i = 0; i < last.size(); i++) set(code.literals.size() + i, last[i]);
        return h;
    }
    handle method_handle(const compiled& code, handle binding) {
        handle properties = pointers("MethodProperties", 3);
        put(properties, 0, get(symbol(code.selector)));
        put(properties, 1, get(bytes("String", code.source)));
        put(properties, 2, get(symbol(code.category)));
        return code_handle(code, {properties, binding}, "CompiledMethod");
    }
    static std::string wrong(const method_model& m, const std::string& error) { return m.file + ": " + error; }
    std::string install_methods(class_model& model, bool meta) {
        class_names scope = names_for(model, meta);
        std::vector<std::pair<handle, handle>> methods;
        std::set<std::string> seen;
        handle binding = meta ? meta_bindings_[model.name] : bindings_[model.name];
        for (const method_model& m : meta ? model.class_methods : model.methods) {
            std::string error;
            method_tree parsed = parse_method(m.text.text, m.text.line, error);
            if (!error.empty()) return wrong(m, error);
            parsed.category = m.category;
            if (!seen.insert(parsed.selector).second)
                return wrong(m, "line " + std::to_string(m.text.line) + ": " + model.name + ">>" + parsed.selector +
                                    " is there twice");
            std::shared_ptr<compiled> code = compile(parsed, scope, false, error);
            if (!code) return wrong(m, error);
            methods.push_back({symbol(code->selector), method_handle(*code, binding)});
        }
        long capacity = 8;
        while (capacity * 3 < static_cast<long>(methods.size()) * 4) capacity *= 2;
        handle values = pointers("Array", capacity);
        handle dictionary = pointers("MethodDictionary", 2 + capacity);
        put(dictionary, 0, make_int(static_cast<long>(methods.size())));
        put(dictionary, 1, get(values));
        for (const auto& [selector, method] : methods) {
            long at = identity_hash(get(selector)) & (capacity - 1);
            while (slot(get(dictionary), at + 2) != nil()) at = (at + 1) & (capacity - 1);
            put(dictionary, at + 2, get(selector));
            put(values, at, get(method));
        }
        put(meta ? meta_handles_[model.name] : class_handles_[model.name], 1, get(dictionary));
        return "";
    }
    std::string compile_do_its() {
        class_names scope = names_for(*model_of("UndefinedObject"), false);
        std::vector<handle> all;
        for (const method_model& m : library_.do_its) {
            std::string error;
            method_tree parsed = parse_do_it(m.text.text, m.text.line, error);
            std::shared_ptr<compiled> code = error.empty() ? compile(parsed, scope, true, error) : nullptr;
            if (!code) return wrong(m, error);
            all.push_back(method_handle(*code, bindings_["UndefinedObject"]));
        }
        do_its_ = array(all);
        return "";
    }

    // ---- the process that runs first: Smalltalk bootstrap: {globals. symbols. what the files evaluate. classes}
    std::string start(const std::string& path) {
        std::vector<handle> globals, all_symbols, classes;
        for (const std::string& name : library_.globals) globals.push_back(bindings_[name]);
        for (const class_model& model : library_.classes) classes.push_back(class_handles_[model.name]);
        handle selector = symbol("bootstrap:");
        for (const auto& [text, h] : symbols_) all_symbols.push_back(h);
        handle everything = array({array(globals), array(all_symbols), do_its_, array(classes)});
        W_Object* method = find_method(class_named("SystemDictionary"), get(selector), nullptr);
        if (!method || !is_exact<W_Method>(method)) return "SystemDictionary has no method bootstrap:";
        W_Frame* frame = new_context(class_named("Context"), 56);
        if (!frame || !context_store(frame, 3, method)) return "the class Context makes no sense";
        frame->receiver = get(smalltalk_);
        frame->slots->set(0, get(everything));
        frame->state = make_state(0, frame->code->temporaries);
        put(process_, 1, frame);
        return write_image(path, frame);
    }

    library_reader& library_;
    const long version_;
    long count_ = 0;
    std::map<std::string, handle> symbols_;
    std::unordered_map<std::string, handle> class_handles_, meta_handles_, bindings_, meta_bindings_;
    handle smalltalk_ = -1, process_ = -1, do_its_ = -1;
};

} // namespace

std::string make_image(const std::string& folder, const std::string& path, long version) {
    if (version != 68021 && version != 6521)
        return "an image can be made of format 68021 or 6521, not " + std::to_string(version);
    library_reader library;
    if (std::string error = library.read(folder); !error.empty()) return error;
    library.globals.insert("Smalltalk");
    return builder(library, version).run(path);
}

} // namespace heddle::smalltalk
