// A program from its image, at the start of a VM: everything but the bodies of jitcodes, which are decoded when first
// asked for (a short-lived program asks for few). See serialise.cpp for the layout.
#include "program/load.h"
#include "program/stream.h"
#include <cstdio>
#include <cstdlib>

namespace heddle::jit {
namespace {

kind read_kind(image::byte_reader& in) {
    uint64_t number = in.number();
    if (number > 3) in.mark_damaged();
    return static_cast<kind>(number & 3);
}
bool are_kinds(std::string_view letters) { return letters.find_first_not_of("ipf") == std::string_view::npos; }

class program_reader {
public:
    program_reader(const program_image& image, program& prog, bool with_names)
        : image_(image), in_(image.blob, image.blob + image.size), program_(prog), with_names_(with_names) {}

    std::string run() {
        uint64_t start = in_.fixed_word();
        if (in_.damaged() || static_cast<uint32_t>(start) != image::magic)
            return "the JIT's program image is damaged; build the VM again";
        if (start >> 32 != image::version)
            return "the JIT's program image is of another version; build the VM again with this heddle";
        uint64_t offsets_position = in_.fixed_word();
        program_.image = image_;
        for (uint64_t n = in_.count(); n; --n) program_.files.push_back(in_.text());
        descriptors();
        functions();
        drivers();
        if (offsets_position > image_.size)
            in_.mark_damaged();
        else
            offsets(image::byte_reader(image_.blob + offsets_position, image_.blob + image_.size));
        return in_.damaged() || !is_consistent() ? "the JIT's program image is damaged; build the VM again" : "";
    }

private:
    std::string name() {
        if (with_names_) return in_.text();
        in_.skip_text();
        return {};
    }

    uint64_t address() {
        uint64_t symbol = in_.number();
        if (symbol == 0) return 0;
        if (symbol <= image_.address_count) return reinterpret_cast<uint64_t>(image_.addresses[symbol - 1]);
        in_.mark_damaged();
        return 0;
    }

    slot_shape shape() {
        uint64_t bits = in_.number();
        return {static_cast<kind>(bits & 3), static_cast<uint8_t>(bits >> 2 & 15), (bits >> 6 & 1) != 0,
                (bits >> 7 & 1) != 0};
    }

    template <class D> D& start(std::deque<D>& table, std::string name) {
        D& d = table.emplace_back();
        d.index = static_cast<uint32_t>(program_.descrs.size());
        d.name = std::move(name);
        program_.descrs.push_back(&d);
        return d;
    }

    void descriptors() {
        uint64_t total = in_.count();
        program_.descrs.reserve(total);
        for (; total && !in_.damaged(); --total) {
            auto type = static_cast<descr_type>(in_.number());
            std::string name = this->name();
            uint64_t symbol = address();
            switch (type) {
            case descr_type::field: field(start(program_.fields, std::move(name)), symbol); break;
            case descr_type::array: array(start(program_.arrays, std::move(name)), symbol); break;
            case descr_type::size: size(start(program_.sizes, std::move(name)), symbol); break;
            case descr_type::raw: raw(start(program_.raws, std::move(name))); break;
            case descr_type::call: call(start(program_.calls, std::move(name)), symbol); break;
            default: in_.mark_damaged();
            }
        }
        for (call_descr& c : program_.calls) c.effects.may_invalidate = may_invalidate(c.effects);
    }

    bool may_invalidate(const effect_info& effects) const {
        if (effects.writes_anything || effects.may_run_portal) return true;
        for (uint32_t index : effects.writes) {
            const descr* d = index < program_.descrs.size() ? program_.descrs[index] : nullptr;
            if (d && d->type == descr_type::field && static_cast<const field_descr*>(d)->quasi_immutable) return true;
        }
        return false;
    }

    void field(field_descr& f, uint64_t symbol) {
        f.type = descr_type::field;
        f.owner = reinterpret_cast<const gc::type_info*>(symbol);
        f.shape = shape();
        f.offset = in_.number32();
        uint64_t flags = in_.number();
        f.immutable = flags & 1;
        f.quasi_immutable = flags & 2;
        f.owner_is_global = flags & 4;
        f.virtualizable = flags & 8;
    }

    void array(array_descr& a, uint64_t symbol) {
        a.descr::type = descr_type::array;
        a.type = reinterpret_cast<const gc::type_info*>(symbol);
        a.shape = shape();
        a.items_offset = in_.number32();
        a.length_offset = in_.number32();
        uint64_t flags = in_.number();
        a.immutable = flags & 1;
        a.virtualizable = flags & 2;
    }

    void size(size_descr& s, uint64_t symbol) {
        s.descr::type = descr_type::size;
        s.type = reinterpret_cast<const gc::type_info*>(symbol);
    }

    void raw(raw_descr& r) {
        r.type = descr_type::raw;
        r.shape = shape();
    }

    void call(call_descr& c, uint64_t symbol) {
        c.type = descr_type::call;
        c.thunk = reinterpret_cast<call_thunk>(symbol);
        c.argument_kinds = in_.text();
        uint64_t bits = in_.number();
        c.result = static_cast<kind>(bits & 3);
        c.effects.elidable = bits & 4;
        c.effects.loop_invariant = bits & 8;
        c.effects.may_collect = bits & 16;
        c.effects.may_run_portal = bits & 32;
        c.effects.writes_anything = bits & 64;
        c.effects.reads_thread_root = bits & 128;
        if (c.effects.writes_anything) return;
        in_.ascending(c.effects.reads);
        in_.ascending(c.effects.writes);
    }

    void functions() {
        uint64_t total = in_.count();
        program_.functions.resize(total);
        for (function_entry& f : program_.functions) {
            f.name = name();
            f.address = address();
            f.residual_address = address();
            f.jitcode = static_cast<int32_t>(in_.number()) - 1;
            f.call_descr = in_.number32();
            f.reason = name();
            f.location.file = in_.number32();
            f.location.line = in_.number32();
            f.portal = in_.number() != 0;
        }
        for (uint32_t i = 0; i < total; ++i) program_.index_function(i);
    }

    void drivers() {
        uint64_t total = in_.count();
        program_.drivers.resize(total);
        for (driver_entry& d : program_.drivers) {
            d.name = in_.text();
            d.green_kinds = in_.text();
            d.red_kinds = in_.text();
            d.portal_jitcode = in_.number32();
            d.info_address = address();
            d.runner_address = address();
            d.result = read_kind(in_);
        }
    }

    // Numbers that are looked up without a check later.
    bool is_consistent() const {
        for (const call_descr& c : program_.calls)
            if (!are_kinds(c.argument_kinds)) return false;
        for (const function_entry& f : program_.functions) {
            bool good = f.jitcode >= -1 && f.jitcode < static_cast<int64_t>(program_.jitcodes.size()) &&
                        f.call_descr < program_.descrs.size() &&
                        program_.descrs[f.call_descr]->type == descr_type::call &&
                        (f.location.file == 0 || f.location.file < program_.files.size());
            if (!good) return false;
        }
        for (const driver_entry& d : program_.drivers) {
            bool good =
                are_kinds(d.green_kinds) && are_kinds(d.red_kinds) && d.portal_jitcode < program_.jitcodes.size();
            if (!good) return false;
        }
        return true;
    }

    void offsets(image::byte_reader in) {
        in.ascending(program_.jitcode_offsets);
        if (in.damaged()) in_.mark_damaged();
        for (uint64_t offset : program_.jitcode_offsets)
            if (offset >= image_.size) in_.mark_damaged();
        program_.jitcodes.resize(program_.jitcode_offsets.size());
    }

    const program_image& image_;
    image::byte_reader in_;
    program& program_;
    bool with_names_;
};

uint32_t instruction_word(uint64_t encoded) {
    if (!(encoded & 1)) return static_cast<uint32_t>(encoded >> 1);
    return encoded == 1 ? no_register : static_cast<uint32_t>(encoded >> 2) | constant_operand;
}

void decode_constants(jitcode& code, image::byte_reader& in, const program_image& image) {
    code.constants[0].resize(in.count());
    for (word& w : code.constants[0]) w = static_cast<word>(in.signed_number());
    code.constants[1].resize(in.count());
    for (word& w : code.constants[1]) {
        bool relocated = in.number() != 0;
        w = in.number();
        if (relocated) w = w < image.address_count ? reinterpret_cast<word>(image.addresses[w]) : 0;
    }
    code.constants[2].resize(in.count());
    for (word& w : code.constants[2]) w = in.fixed_word();
}

std::unique_ptr<jitcode> decode_body(uint32_t index, image::byte_reader in, const program_image& image) {
    auto code = std::make_unique<jitcode>();
    code->index = index;
    code->name = in.text();
    code->location.file = in.number32();
    code->location.line = in.number32();
    code->argument_kinds = in.text();
    code->result = read_kind(in);
    if (in.damaged() || !are_kinds(code->argument_kinds)) return nullptr;
    for (uint32_t& count : code->register_count) count = in.number32();
    code->driver = static_cast<int>(in.number()) - 1;
    uint64_t flags = in.number();
    code->unroll_safe = flags & 1;
    code->contains_loop = flags & 2;
    decode_constants(*code, in, image);
    code->switches.resize(in.count());
    for (switch_table& table : code->switches) {
        table.cases.resize(in.count());
        for (auto& [value, position] : table.cases) {
            value = in.signed_number();
            position = in.number32();
        }
    }
    code->live.resize(in.count());
    for (liveness& l : code->live) {
        in.ascending(l.integers);
        in.ascending(l.pointers);
        in.ascending(l.floats);
    }
    code->lines.resize(in.count());
    uint32_t last_position = 0;
    for (auto& [position, where] : code->lines) {
        position = last_position += in.number32();
        where.file = in.number32();
        where.line = in.number32();
    }
    code->code.resize(in.count());
    for (uint32_t& w : code->code) w = instruction_word(in.number());
    if (in.damaged()) code.reset();
    return code;
}

} // namespace

std::unique_ptr<program> load(const program_image& image, std::string& error) {
    auto result = std::make_unique<program>();
    error = program_reader(image, *result, true).run();
    if (!error.empty()) result.reset();
    return result;
}

std::unique_ptr<program> load_without_names(const program_image& image, std::string& error) {
    auto result = std::make_unique<program>();
    error = program_reader(image, *result, false).run();
    if (!error.empty()) result.reset();
    return result;
}

const jitcode& program::code(uint32_t index) {
    std::unique_ptr<jitcode>& slot = jitcodes[index];
    if (!slot) slot = decode(index);
    if (!slot) {
        std::fputs("heddle: the JIT's program image is damaged; build the VM again\n", stderr);
        std::_Exit(1);
    }
    return *slot;
}

std::unique_ptr<jitcode> program::decode(uint32_t index) const {
    const uint8_t* end = image.blob + image.size;
    return decode_body(index, image::byte_reader(image.blob + jitcode_offsets[index], end), image);
}

namespace {
size_t hash_of_address(uint64_t address) { return static_cast<size_t>((address * 0x9e37'79b9'7f4a'7c15u) >> 32); }
} // namespace

const function_entry* program::find_function(uint64_t address) const {
    size_t mask = function_slots_.size() - 1;
    if (function_slots_.empty()) return nullptr;
    for (size_t at = hash_of_address(address) & mask; function_slots_[at]; at = (at + 1) & mask) {
        const function_entry& f = functions[function_slots_[at] - 1];
        if (f.address == address || f.residual_address == address) return &f;
    }
    return nullptr;
}

void program::index_function(uint32_t number) {
    if ((indexed_addresses_ + 2) * 2 > function_slots_.size()) {
        size_t size = 64;
        while (size < 4 * functions.size()) size *= 2;
        function_slots_.assign(size, 0);
        indexed_addresses_ = 0;
        for (uint32_t i = 0; i < number; ++i) index_function(i);
    }
    index_address(functions[number].address, number);
    index_address(functions[number].residual_address, number);
}

void program::index_address(uint64_t address, uint32_t number) {
    if (!address || find_function(address)) return;
    size_t mask = function_slots_.size() - 1, at = hash_of_address(address) & mask;
    while (function_slots_[at]) at = (at + 1) & mask;
    function_slots_[at] = number + 1;
    ++indexed_addresses_;
}

} // namespace heddle::jit
