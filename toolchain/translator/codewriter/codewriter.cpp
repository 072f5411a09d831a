// The codewriter's course: find and lower functions, analyse effects, assemble, make the image. See codewriter.h.
#include "codewriter.h"
#include "../transform/stm.h"
#include "assemble.h"
#include "candidates.h"
#include "effects.h"
#include "thunks.h"
#include <llvm/IR/Constants.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Module.h>

namespace heddle::translator {

namespace codewriter {
namespace {

// Some class with virtual methods that isn't the collector's: then a vtable load doesn't tell that its object is one.
// Classes of the standard library don't count: interpreter code has no pointers to them whose methods a trace would
// call.
bool has_foreign_vtables(const llvm::Module& module, const class_layouts& layouts) {
    for (const llvm::GlobalVariable& variable : module.globals()) {
        llvm::StringRef name = variable.getName();
        if (!name.starts_with("_ZTV") || variable.isDeclaration() || layouts.by_vtable(&variable)) continue;
        if (name.starts_with("_ZTVSt") || name.starts_with("_ZTVNSt") || name.starts_with("_ZTVN9__gnu_cxx") ||
            name == "_ZTVN6heddle6objectE")
            continue;
        return true;
    }
    return false;
}

class writer : call_resolver {
public:
    writer(llvm::Module& module, const class_layouts& layouts, const drivers& all_drivers, const annotations& hints,
           diagnostics& problems, jit::program& prog, bool transactions)
        : module_(module), problems_(problems), transactions_(transactions), program_(prog), symbols_(prog),
          descrs_(prog, symbols_, module.getDataLayout().getPointerSize()), files_(prog), thunks_(module),
          context_{module, layouts, all_drivers, hints, descrs_, files_, has_foreign_vtables(module, layouts)},
          effects_(module, layouts, descrs_), candidates_(context_, effects_) {
        make_raw_descrs();
    }

    void run() {
        candidates_.run();
        candidates_.warn(problems_);
        if (problems_.has_errors()) return;
        number_functions();
        assemble_all();
        describe_drivers();
    }

    size_t emit_image();

private:
    llvm::Constant* address_of(const llvm::Constant& symbol);

    // All of them exist before effects are converted, so that "raw memory" in an effect set means every one.
    void make_raw_descrs() {
        llvm::LLVMContext& c = module_.getContext();
        for (unsigned bits : {8u, 16u, 32u, 64u}) descrs_.raw(llvm::Type::getIntNTy(c, bits));
        descrs_.raw(llvm::PointerType::get(c, 0));
        descrs_.raw(llvm::Type::getDoubleTy(c));
    }

    void number_functions() {
        for (candidate& c : candidates_.all()) {
            uint32_t number = static_cast<uint32_t>(program_.functions.size());
            std::string arguments, reason;
            kind result;
            // One that has another ABI is only called from functions that are not traced.
            if (!signature_kinds(*c.function->getFunctionType(), c.function->getAttributes(), arguments, result,
                                 reason))
                continue;
            function_numbers_[c.function] = number;
            jit::function_entry& entry = program_.functions.emplace_back();
            entry.name = readable_name(*c.function);
            entry.address = symbols_.address_word(c.function);
            entry.residual_address = symbols_.address_word(thunks_.callable(*c.function));
            entry.jitcode = c.traced ? static_cast<int32_t>(traced_.size()) : -1;
            entry.call_descr = describe_call(*c.function, arguments, result);
            entry.reason = c.why_not.reason;
            entry.location = files_.location(c.traced ? place_of(*c.function) : c.why_not.place);
            entry.portal = c.traced && c.code.driver >= 0;
            if (c.traced) traced_.push_back(&c);
        }
    }

    uint32_t describe_call(const llvm::Function& function, const std::string& arguments, kind result) {
        jit::call_descr d;
        d.argument_kinds = arguments;
        d.result = result;
        d.effects = effects_.of(function);
        d.effects.elidable =
            context_.hints.has(&function, hint::elidable) || context_.hints.has(&function, hint::elidable_promote);
        d.effects.loop_invariant |= context_.hints.has(&function, hint::loop_invariant);
        return descrs_.call(d, thunks_.thunk(arguments, result));
    }

    call_target direct(const llvm::Function& callee) override {
        const jit::function_entry& entry = program_.functions[function_numbers_.at(&callee)];
        if (entry.jitcode >= 0) return {entry.jitcode, nullptr, no_value};
        return {-1, symbols_.constants()[entry.residual_address & ~jit::symbol_bit], entry.call_descr};
    }

    uint32_t indirect(const llvm::CallBase& call) override {
        jit::call_descr d;
        std::string reason;
        signature_kinds(*call.getFunctionType(), call.getAttributes(), d.argument_kinds, d.result, reason);
        d.effects = effects_.of_indirect(*call.getFunctionType());
        return descrs_.call(d, thunks_.thunk(d.argument_kinds, d.result));
    }

    void assemble_all() {
        relocations_.resize(traced_.size());
        for (size_t i = 0; i < traced_.size(); ++i) {
            register_assignment registers = assign_registers(traced_[i]->code);
            program_.jitcodes.push_back(assemble(traced_[i]->code, registers, *this, symbols_, relocations_[i]));
            program_.jitcodes.back()->index = static_cast<uint32_t>(i);
        }
    }

    void describe_drivers() {
        for (const driver& d : context_.all_drivers) {
            jit::driver_entry& entry = program_.drivers.emplace_back();
            entry.name = d.name;
            for (kind k : d.green_kinds) entry.green_kinds += jit::kind_letter(k);
            for (kind k : d.red_kinds) entry.red_kinds += jit::kind_letter(k);
            entry.portal_jitcode = static_cast<uint32_t>(program_.functions[function_numbers_.at(d.portal)].jitcode);
            entry.info_address = symbols_.address_word(d.global);
            llvm::Type* pointer = llvm::PointerType::get(module_.getContext(), 0);
            auto* type =
                llvm::FunctionType::get(llvm::Type::getVoidTy(module_.getContext()), {pointer, pointer}, false);
            entry.runner_address = symbols_.address_word(
                llvm::cast<llvm::Constant>(module_.getOrInsertFunction(runner_symbol(d.index), type).getCallee()));
            entry.result = d.result;
        }
        for (const auto& code : program_.jitcodes) {
            std::string problem = jit::verify(*code, program_);
            if (!problem.empty())
                problems_.error({}, "internal error of the codewriter: " + problem,
                                "please report it with the sources");
        }
    }

    llvm::Module& module_;
    diagnostics& problems_;
    const bool transactions_;
    const global_places places_ = find_global_places(module_);
    jit::program& program_;
    symbol_table symbols_;
    descriptor_table descrs_;
    file_table files_;
    thunk_builder thunks_;
    lowering_context context_;
    effect_analysis effects_;
    candidate_finder candidates_;
    std::vector<candidate*> traced_;
    std::unordered_map<const llvm::Function*, uint32_t> function_numbers_;
    std::vector<std::vector<uint32_t>> relocations_;
};

// With transactions some variables have no address that could stand in the image.
llvm::Constant* writer::address_of(const llvm::Constant& symbol) {
    auto* constant = const_cast<llvm::Constant*>(&symbol);
    if (!transactions_) return constant;
    llvm::APInt offset(64, 0);
    auto* global = llvm::dyn_cast<llvm::GlobalVariable>(
        constant->stripAndAccumulateConstantOffsets(module_.getDataLayout(), offset, true));
    auto found = places_.words.find(global);
    if (!global || found == places_.words.end()) return constant;
    llvm::Type* word = llvm::Type::getInt64Ty(module_.getContext());
    return llvm::ConstantExpr::getIntToPtr(llvm::ConstantInt::get(word, found->second + offset.getZExtValue()),
                                           llvm::PointerType::get(module_.getContext(), 0));
}

// heddle_jit_image: {blob, its size, address table, its size}.
size_t writer::emit_image() {
    std::vector<uint8_t> blob = jit::serialise(program_, descrs_.type_and_thunk_symbols(), relocations_);
    llvm::LLVMContext& context = module_.getContext();
    llvm::Type* pointer = llvm::PointerType::get(context, 0);
    llvm::Type* word = llvm::Type::getInt64Ty(context);
    auto constant = [&](llvm::Constant* value, const char* name) {
        auto* global =
            new llvm::GlobalVariable(module_, value->getType(), true, llvm::GlobalValue::PrivateLinkage, value, name);
        global->setAlignment(llvm::Align(16));
        return global;
    };
    std::vector<llvm::Constant*> addresses;
    for (const llvm::Constant* symbol : symbols_.constants()) addresses.push_back(address_of(*symbol));
    auto* table_type = llvm::ArrayType::get(pointer, addresses.size());
    llvm::Constant* bytes = constant(llvm::ConstantDataArray::get(context, blob), "heddle_jit_blob");
    llvm::Constant* table = constant(llvm::ConstantArray::get(table_type, addresses), "heddle_jit_addresses");
    llvm::Constant* image = llvm::ConstantStruct::getAnon(
        {bytes, llvm::ConstantInt::get(word, blob.size()), table, llvm::ConstantInt::get(word, addresses.size())});
    auto* global = llvm::cast<llvm::GlobalVariable>(module_.getOrInsertGlobal("heddle_jit_image", image->getType()));
    global->setConstant(true);
    global->setInitializer(image);
    return blob.size();
}

} // namespace

codewriter_result write(llvm::Module& module, const class_layouts& layouts, const drivers& all_drivers,
                        const annotations& hints, diagnostics& problems, bool transactions) {
    codewriter_result result;
    result.program = std::make_unique<jit::program>();
    writer w(module, layouts, all_drivers, hints, problems, *result.program, transactions);
    w.run();
    if (!problems.has_errors()) result.image_size = w.emit_image();
    return result;
}

} // namespace codewriter

std::string codewriter_result::summary() const {
    size_t words = 0;
    for (const auto& code : program->jitcodes) words += code->code.size();
    return std::to_string(program->jitcodes.size()) + " of " + std::to_string(program->functions.size()) +
           " functions, " + std::to_string(words) + " words, image of " + std::to_string(image_size / 1024) + " KiB";
}

std::string codewriter_result::text() const {
    std::string all;
    for (const auto& code : program->jitcodes) all += jit::dump(*code, *program) + "\n";
    for (const jit::function_entry& f : program->functions)
        if (f.jitcode < 0) all += "residual {" + f.name + "}: " + f.reason + "\n";
    return all;
}

} // namespace heddle::translator
