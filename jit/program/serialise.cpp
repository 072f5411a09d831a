// A program to bytes, in the translator. load.cpp reads them back in the executable; the two go through the tables in
// the same order, section by section. Addresses leave as symbol numbers + 1; 0 is null.
#include "heddle/jit/program.h"
#include "program/stream.h"

namespace heddle::jit {
namespace {

class program_writer {
public:
    program_writer(const program& prog, const std::vector<descr_symbols>& symbols,
                   const std::vector<std::vector<uint32_t>>& relocations)
        : program_(prog), relocations_(relocations), symbol_of_descr_(prog.descrs.size(), 0) {
        for (const descr_symbols& s : symbols) symbol_of_descr_[s.descr] = s.symbol + 1;
    }

    std::vector<uint8_t> run() {
        out_.fixed_word(image::magic | uint64_t{image::version} << 32);
        size_t offsets_position = out_.bytes.size();
        out_.fixed_word(0); // where the jitcode offsets are
        out_.number(program_.files.size());
        for (const std::string& file : program_.files) out_.text(file);
        descriptors();
        functions();
        drivers();
        std::vector<uint64_t> offsets;
        for (size_t i = 0; i < program_.jitcodes.size(); ++i) {
            offsets.push_back(out_.bytes.size());
            body(*program_.jitcodes[i], i < relocations_.size() ? relocations_[i] : std::vector<uint32_t>{});
        }
        out_.word_at(offsets_position, out_.bytes.size());
        out_.ascending(offsets);
        return std::move(out_.bytes);
    }

private:
    void address(uint64_t value) { out_.number(value & symbol_bit ? (value & ~symbol_bit) + 1 : 0); }

    void shape(const slot_shape& s) {
        out_.number(static_cast<uint64_t>(s.slot_kind) | uint64_t{s.size} << 2 | uint64_t{s.is_signed} << 6 |
                    uint64_t{s.is_reference} << 7);
    }

    void descriptors() {
        out_.number(program_.descrs.size());
        for (const descr* d : program_.descrs) {
            out_.number(static_cast<uint64_t>(d->type));
            out_.text(d->name);
            out_.number(symbol_of_descr_[d->index]);
            switch (d->type) {
            case descr_type::field: field(static_cast<const field_descr&>(*d)); break;
            case descr_type::array: array(static_cast<const array_descr&>(*d)); break;
            case descr_type::raw: shape(static_cast<const raw_descr&>(*d).shape); break;
            case descr_type::call: call(static_cast<const call_descr&>(*d)); break;
            case descr_type::size:
            case descr_type::loop:
            case descr_type::target: break;
            }
        }
    }

    void field(const field_descr& f) {
        shape(f.shape);
        out_.number(f.offset);
        out_.number(uint64_t{f.immutable} | uint64_t{f.quasi_immutable} << 1 | uint64_t{f.owner_is_global} << 2 |
                    uint64_t{f.virtualizable} << 3);
    }

    void array(const array_descr& a) {
        shape(a.shape);
        out_.number(a.items_offset);
        out_.number(a.length_offset);
        out_.number(uint64_t{a.immutable} | uint64_t{a.virtualizable} << 1);
    }

    void call(const call_descr& c) {
        out_.text(c.argument_kinds);
        const effect_info& e = c.effects;
        out_.number(static_cast<uint64_t>(c.result) | uint64_t{e.elidable} << 2 | uint64_t{e.loop_invariant} << 3 |
                    uint64_t{e.may_collect} << 4 | uint64_t{e.may_run_portal} << 5 | uint64_t{e.writes_anything} << 6 |
                    uint64_t{e.reads_thread_root} << 7);
        if (e.writes_anything) return;
        out_.ascending(e.reads);
        out_.ascending(e.writes);
    }

    void functions() {
        out_.number(program_.functions.size());
        for (const function_entry& f : program_.functions) {
            out_.text(f.name);
            address(f.address);
            address(f.residual_address);
            out_.number(static_cast<uint64_t>(f.jitcode + 1));
            out_.number(f.call_descr);
            out_.text(f.reason);
            out_.number(f.location.file);
            out_.number(f.location.line);
            out_.number(f.portal);
        }
    }

    void drivers() {
        out_.number(program_.drivers.size());
        for (const driver_entry& d : program_.drivers) {
            out_.text(d.name);
            out_.text(d.green_kinds);
            out_.text(d.red_kinds);
            out_.number(d.portal_jitcode);
            address(d.info_address);
            address(d.runner_address);
            out_.number(static_cast<uint64_t>(d.result));
        }
    }

    void body(const jitcode& code, const std::vector<uint32_t>& relocated_pointers) {
        out_.text(code.name);
        out_.number(code.location.file);
        out_.number(code.location.line);
        out_.text(code.argument_kinds);
        out_.number(static_cast<uint64_t>(code.result));
        for (uint32_t count : code.register_count) out_.number(count);
        out_.number(static_cast<uint64_t>(code.driver + 1));
        out_.number(uint64_t{code.unroll_safe} | uint64_t{code.contains_loop} << 1);
        constants(code, relocated_pointers);
        out_.number(code.switches.size());
        for (const switch_table& table : code.switches) {
            out_.number(table.cases.size());
            for (auto& [value, position] : table.cases) {
                out_.signed_number(value);
                out_.number(position);
            }
        }
        out_.number(code.live.size());
        for (const liveness& l : code.live) {
            out_.ascending(l.integers);
            out_.ascending(l.pointers);
            out_.ascending(l.floats);
        }
        out_.number(code.lines.size());
        uint32_t last_position = 0;
        for (auto& [position, where] : code.lines) {
            out_.number(position - last_position);
            out_.number(where.file);
            out_.number(where.line);
            last_position = position;
        }
        out_.number(code.code.size());
        for (uint32_t w : code.code) instruction_word(w);
    }

    // Constants and 'none' have their high bits set: folded down so that they stay short.
    void instruction_word(uint32_t w) {
        if (w == no_register)
            out_.number(1);
        else if (w & constant_operand)
            out_.number(uint64_t{w & ~constant_operand} << 2 | 3);
        else
            out_.number(uint64_t{w} << 1);
    }

    void constants(const jitcode& code, const std::vector<uint32_t>& relocated_pointers) {
        out_.number(code.constants[0].size());
        for (word w : code.constants[0]) out_.signed_number(static_cast<int64_t>(w));
        out_.number(code.constants[1].size());
        size_t next = 0;
        for (uint32_t i = 0; i < code.constants[1].size(); ++i) {
            word w = code.constants[1][i];
            bool relocated = next < relocated_pointers.size() && relocated_pointers[next] == i;
            if (relocated) ++next;
            out_.number(relocated);
            out_.number(relocated ? w & ~symbol_bit : w);
        }
        out_.number(code.constants[2].size());
        for (word w : code.constants[2]) out_.fixed_word(w);
    }

    const program& program_;
    const std::vector<std::vector<uint32_t>>& relocations_;
    std::vector<uint64_t> symbol_of_descr_;
    image::byte_writer out_;
};

} // namespace

std::vector<uint8_t> serialise(const program& prog, const std::vector<descr_symbols>& type_or_thunk_symbols,
                               const std::vector<std::vector<uint32_t>>& pointer_relocations_per_jitcode) {
    return program_writer(prog, type_or_thunk_symbols, pointer_relocations_per_jitcode).run();
}

} // namespace heddle::jit
