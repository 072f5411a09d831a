// GDB's JIT interface ("JIT Compilation Interface" in GDB's manual): a list of ELF objects in memory that GDB reads
// when __jit_debug_register_code is called, where it keeps a breakpoint. Ours have a section without content at the
// code's address and one function symbol.
#include "runtime/code_observers.h"
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <elf.h>
#include <link.h>

extern "C" {
// Names and layout are GDB's.
struct jit_code_entry {
    jit_code_entry* next;
    jit_code_entry* previous;
    const char* object;
    uint64_t size;
};
struct jit_descriptor {
    uint32_t version, action; // action: 0 nothing, 1 register, 2 unregister
    jit_code_entry* relevant;
    jit_code_entry* first;
};
__attribute__((noinline, used)) void __jit_debug_register_code() { __asm__ volatile("" ::: "memory"); }
__attribute__((used)) jit_descriptor __jit_debug_descriptor = {1, 0, nullptr, nullptr};
}

namespace heddle::jit {
namespace {

constexpr char section_names[] = "\0.text\0.symtab\0.strtab\0.shstrtab"; // offsets: 1, 7, 15, 23

#if defined __arm__
constexpr ElfW(Half) this_machine = EM_ARM;
#else
constexpr ElfW(Half) this_machine = EM_X86_64;
#endif

struct object_file {
    ElfW(Ehdr) header;
    ElfW(Shdr) sections[5]; // none, .text, .symtab, .strtab, .shstrtab
    ElfW(Sym) symbols[2];   // none, the code
    char names[sizeof section_names];
    // then the string table: a zero, the symbol's name, a zero
};

jit_code_entry* make_object(code_range code, const std::string& name) {
    size_t strings = name.size() + 2, size = sizeof(object_file) + strings;
    auto* entry = static_cast<jit_code_entry*>(std::calloc(1, sizeof(jit_code_entry) + size));
    if (!entry) return nullptr;
    auto* object = reinterpret_cast<object_file*>(entry + 1);
    std::memcpy(object->header.e_ident, ELFMAG, SELFMAG);
    object->header.e_ident[EI_CLASS] = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;
    object->header.e_ident[EI_DATA] = ELFDATA2LSB;
    object->header.e_ident[EI_VERSION] = EV_CURRENT;
    object->header.e_type = ET_EXEC;
    object->header.e_machine = this_machine;
    object->header.e_version = EV_CURRENT;
    object->header.e_shoff = offsetof(object_file, sections);
    object->header.e_ehsize = sizeof(ElfW(Ehdr));
    object->header.e_shentsize = sizeof(ElfW(Shdr));
    object->header.e_shnum = 5;
    object->header.e_shstrndx = 4;
    ElfW(Shdr)* text = &object->sections[1];
    text->sh_name = 1;
    text->sh_type = SHT_NOBITS;
    text->sh_flags = SHF_ALLOC | SHF_EXECINSTR;
    text->sh_addr = static_cast<uintptr_t>(code.begin);
    text->sh_size = static_cast<uintptr_t>(code.end - code.begin);
    text->sh_addralign = 1;
    ElfW(Shdr)* symbols = &object->sections[2];
    symbols->sh_name = 7;
    symbols->sh_type = SHT_SYMTAB;
    symbols->sh_offset = offsetof(object_file, symbols);
    symbols->sh_size = sizeof object->symbols;
    symbols->sh_link = 3;
    symbols->sh_info = 1;
    symbols->sh_addralign = 8;
    symbols->sh_entsize = sizeof(ElfW(Sym));
    ElfW(Shdr)* string_table = &object->sections[3];
    string_table->sh_name = 15;
    string_table->sh_type = SHT_STRTAB;
    string_table->sh_offset = sizeof(object_file);
    string_table->sh_size = strings;
    string_table->sh_addralign = 1;
    ElfW(Shdr)* names = &object->sections[4];
    names->sh_name = 23;
    names->sh_type = SHT_STRTAB;
    names->sh_offset = offsetof(object_file, names);
    names->sh_size = sizeof section_names;
    names->sh_addralign = 1;
    ElfW(Sym)* symbol = &object->symbols[1];
    symbol->st_name = 1;
    symbol->st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
    symbol->st_shndx = 1;
    symbol->st_value = static_cast<uintptr_t>(code.begin);
    symbol->st_size = text->sh_size;
    std::memcpy(object->names, section_names, sizeof section_names);
    std::memcpy(reinterpret_cast<char*>(object + 1) + 1, name.c_str(), name.size() + 1);
    entry->object = reinterpret_cast<const char*>(object);
    entry->size = size;
    return entry;
}

void tell(uint32_t action, jit_code_entry* entry) {
    __jit_debug_descriptor.action = action;
    __jit_debug_descriptor.relevant = entry;
    __jit_debug_register_code();
}

} // namespace

void gdb_interface::add(code_range code, const std::string& name) {
    if (!on_) return;
    jit_code_entry* entry = make_object(code, name);
    if (!entry) return; // without memory for a name the program goes on
    entry->next = __jit_debug_descriptor.first;
    if (entry->next) entry->next->previous = entry;
    __jit_debug_descriptor.first = entry;
    entries_.push_back(entry);
    tell(1, entry);
}

void gdb_interface::close() {
    for (jit_code_entry* entry : entries_) {
        if (entry->previous)
            entry->previous->next = entry->next;
        else
            __jit_debug_descriptor.first = entry->next;
        if (entry->next) entry->next->previous = entry->previous;
        tell(2, entry);
        std::free(entry);
    }
    entries_.clear();
    on_ = false;
}

} // namespace heddle::jit
