// See explain.h.
#include "explain.h"
#include "../codewriter/codewriter.h"
#include "../diagnostics.h"
#include "build.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/Module.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Transforms/Utils/ModuleUtils.h"
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <set>
#include <vector>

namespace heddle::translator {

namespace {

constexpr const char* section_name = ".heddle_explain";

std::string place_text(const jit::program& program, const jit::source_location& location) {
    if (location.line == 0 || location.file >= program.files.size()) return "?";
    return program.files[location.file] + ":" + std::to_string(location.line);
}

bool is_of_interest(const llvm::Function& function) {
    llvm::StringRef name = function.getName();
    if (function.isDeclaration() || !function.getSubprogram()) return false;
    return !name.starts_with("_ZNSt") && !name.starts_with("_ZNKSt") && !name.starts_with("_ZSt") &&
           !name.contains("heddle_describe") && !name.contains("11heddle_typeEv") && !name.contains("heddle_anchor") &&
           !name.starts_with("__cxx_global") && !name.starts_with("_GLOBAL_");
}

// False: 'error' says why.
bool read_section(const std::string& path, std::string& records, std::string& error) {
    auto file = llvm::object::ObjectFile::createObjectFile(path);
    if (!file) {
        error = path + ": not an executable (" + llvm::toString(file.takeError()) +
                "); name one that heddle built, or a folder with sources";
        return false;
    }
    for (const llvm::object::SectionRef& section : file->getBinary()->sections()) {
        auto name = section.getName();
        if (!name)
            llvm::consumeError(name.takeError());
        else if (*name == section_name)
            if (auto contents = section.getContents()) records = contents->str();
    }
    if (!records.empty()) return true;
    error = path + ": holds no records of the translator; it was built without the JIT, or not by heddle";
    return false;
}

} // namespace

std::string explain_records(const llvm::Module& module, const codewriter_result& written) {
    std::vector<std::string> lines;
    std::set<std::string> known;
    for (const jit::function_entry& entry : written.program->functions) {
        known.insert(entry.name);
        bool traced = entry.jitcode >= 0;
        lines.push_back(entry.name + "\t" + (traced ? "traced" : "native") + "\t" +
                        place_text(*written.program, entry.location) + "\t" + (traced ? "" : entry.reason) + "\n");
    }
    for (const llvm::Function& function : module) {
        if (!is_of_interest(function)) continue;
        std::string name = readable_name(function);
        if (known.insert(name).second)
            lines.push_back(name + "\tnative\t" + place_of(function).text() +
                            "\tno traced function calls it in a way that traces can follow\n");
    }
    std::sort(lines.begin(), lines.end());
    std::string records;
    for (auto& line : lines) records += line;
    return records;
}

void embed_explain_records(llvm::Module& module, const std::string& records) {
    llvm::Constant* text = llvm::ConstantDataArray::getString(module.getContext(), records, false);
    auto* global = new llvm::GlobalVariable(module, text->getType(), true, llvm::GlobalValue::InternalLinkage, text,
                                            "heddle_explain_records");
    global->setSection(section_name);
    llvm::appendToUsed(module, {global});
}

int explain(const explain_options& options) {
    std::string records, error;
    if (std::filesystem::is_directory(options.what)) {
        if (int status = explain_directory(options.what, records)) return status;
    } else if (!read_section(options.what, records, error)) {
        std::fprintf(stderr, "heddle: %s\n", error.c_str());
        return 1;
    }
    unsigned traced = 0, native = 0, inevitable = 0;
    llvm::StringRef rest = records;
    while (!rest.empty()) {
        auto [line, tail] = rest.split('\n');
        rest = tail;
        llvm::SmallVector<llvm::StringRef, 4> parts;
        line.split(parts, '\t', 3);
        if (parts.size() != 4 || !parts[0].contains(options.function)) continue;
        (parts[1] == "traced" ? traced : parts[1] == "inevitable" ? inevitable : native)++;
        std::printf("%s  %s  (%s)%s%s\n", parts[1].str().c_str(), parts[0].str().c_str(), parts[2].str().c_str(),
                    parts[3].empty() ? "" : ": ", parts[3].str().c_str());
    }
    if (traced + native + inevitable == 0) {
        std::fprintf(
            stderr,
            "heddle: no function's name contains '%s'; name it as in the C++ sources, or give no FUNCTION to see all\n",
            options.function.c_str());
        return 1;
    }
    if (inevitable != 0)
        std::printf("%u places make transactions inevitable\n", inevitable);
    else
        std::printf("%u traced, %u native\n", traced, native);
    return 0;
}

} // namespace heddle::translator
