// The layouts of the VM's GC classes, read from the marker calls that HEDDLE_GC_CLASS and heddle::array emit.
//
// Collected after normalisation and before anything is lowered. Class identity in the IR is the StructType that a GEP
// names, by its tag (driver/class_tags.h). That holds for arrays, too: each array class is an alias class of its own.
//
// Lifetime: everything here points into the module and is valid until lowering deletes the describe functions; names,
// offsets, ids and the GlobalVariables stay valid afterwards. Addresses of gc_class, gc_field, array_shape are stable.
#pragma once
#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

namespace llvm {
class DataLayout;
class Function;
class GlobalVariable;
class Module;
class StructType;
class Type;
class Value;
} // namespace llvm

namespace heddle::translator {

class diagnostics;

// As heddle::detail::slot_type in the DSL's object.h.
enum class slot_type : uint8_t { data, constant_data, reference, constant_reference, weak };
inline bool holds_reference(slot_type t) { return t == slot_type::reference || t == slot_type::constant_reference; }
inline bool is_constant(slot_type t) { return t == slot_type::constant_data || t == slot_type::constant_reference; }

struct gc_class;

struct gc_field {
    std::string name;
    gc_class* owner = nullptr; // the class that declares it
    uint32_t offset = 0;       // bytes from the object's address
    uint32_t size = 0;         // bytes
    slot_type slot = slot_type::data;
    llvm::Type* type = nullptr; // scalar type of the slot (i8 for bool, ptr, double, ...); null when it is an aggregate
    bool immutable = false;     // const member, or HEDDLE_IMMUTABLE
    bool quasi_immutable = false; // HEDDLE_QUASI_IMMUTABLE
    bool virtualizable = false;   // HEDDLE_VIRTUALIZABLE
};

// What an array class's items are.
struct array_shape {
    const gc_class* owner = nullptr;
    llvm::Type* item_type = nullptr; // scalar type of an item; null when it is an aggregate
    uint32_t item_size = 0;
    slot_type slot = slot_type::data; // constant_*: written only through make_array_copy
    uint32_t length_offset = 0, items_offset = 8;
    bool immutable = false;     // items of constants, or the tag's promise: written only before others see the array
    bool virtualizable = false; // HEDDLE_VIRTUALIZABLE
    std::string name;           // for logs: "array<member<W_Object>, frame_slots>"
};

struct gc_class {
    std::string name; // demangled, for people: "W_Int", "heddle::array<heddle::member<W_Object> >"
    llvm::GlobalVariable* type_info = nullptr; // heddle::detail::type_of_class<C>
    llvm::StructType* structure = nullptr;     // null for heddle::object when nothing describes it
    gc_class* base = nullptr;
    uint32_t size = 0;                  // sizeof, as in type_info::fixed_size
    std::vector<gc_field> fields;       // own ones, ascending by offset; inherited ones are in base
    const array_shape* array = nullptr; // set for arrays; one of their own
    llvm::GlobalVariable* vtable =
        nullptr; // _ZTV...; null for arrays, and when no constructor or method is in the program
    llvm::Function* describe = nullptr;
    bool has_finalizer = false, is_weak = false;
    uint32_t id = 0, last_id = 0; // pre-order numbers, also patched into type_info (the collector keeps them)

    bool is_array() const { return array != nullptr; }
    bool derives_from(const gc_class* other) const;
};

// Bytes from the vtable symbol to its address point, i.e. to what an object's first word holds (Itanium ABI).
constexpr uint64_t vtable_address_point(uint64_t pointer_size) { return 2 * pointer_size; }

class class_layouts {
public:
    // Reads the module; adds what is wrong to 'problems' (see refusals.h for the list of checks).
    static class_layouts collect(llvm::Module& module, diagnostics& problems);
    class_layouts();
    class_layouts(class_layouts&&) noexcept;
    class_layouts& operator=(class_layouts&&) noexcept;
    ~class_layouts();

    const std::deque<gc_class>& classes() const { return classes_; }
    const gc_class* by_type_info(const llvm::Value* type_info) const; // null when it is not one
    const gc_class* by_structure(const llvm::Type* structure) const; // never an array's; null when it is not a GC class
    const gc_class* by_vtable(const llvm::Value* vtable) const; // the _ZTV global; null when it is not a GC class's
    // The field that covers the byte, looking into bases too; null for the vtable pointer and for padding.
    const gc_field* field_at(const gc_class& c, uint64_t offset) const;
    // The array class that a StructType of heddle::array<...> stands for; null for other types.
    const array_shape* shape_of_structure(const llvm::Type* structure) const;
    const llvm::DataLayout& data_layout() const { return *data_layout_; }

private:
    friend class layout_reader;
    const llvm::DataLayout* data_layout_ = nullptr;
    std::deque<gc_class> classes_;
    std::deque<array_shape> shapes_;
    std::unordered_map<const llvm::Value*, gc_class*> by_type_info_, by_vtable_;
    std::unordered_map<uint64_t, gc_class*> by_tag_;
    std::unordered_map<uint64_t, const array_shape*> shapes_by_tag_;
};

} // namespace heddle::translator
