// Locations of IR in the author's source, and the collection of messages.
#include "diagnostics.h"
#include "llvm/Demangle/Demangle.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/Function.h"
#include "llvm/IR/Instruction.h"
#include <algorithm>
#include <set>

namespace heddle::translator {

namespace {

bool is_dsl_header(llvm::StringRef file) { return file.contains("include/heddle/"); }

place_in_source place_of_scope(const llvm::DIScope* scope, unsigned line) {
    if (!scope || !scope->getFile()) return {};
    return {scope->getFilename().str(), line};
}

} // namespace

std::string place_in_source::text() const {
    if (file.empty()) return "?";
    return line ? file + ":" + std::to_string(line) : file;
}

place_in_source place_of(const llvm::Instruction& instruction) {
    const llvm::DILocation* location = instruction.getDebugLoc();
    if (!location || !location->getLine()) return place_of(*instruction.getFunction());
    while (is_dsl_header(location->getFilename()) && location->getInlinedAt()) location = location->getInlinedAt();
    return place_of_scope(location->getScope(), location->getLine());
}

place_in_source place_of(const llvm::Function& function) {
    const llvm::DISubprogram* subprogram = function.getSubprogram();
    return subprogram ? place_of_scope(subprogram, subprogram->getLine()) : place_in_source{};
}

std::string demangle(std::string_view symbol) { return llvm::demangle(symbol); }
std::string readable_name(const llvm::Function& function) { return llvm::demangle(function.getName()); }

void diagnostics::error(place_in_source place, std::string message, std::string mend) {
    all_.push_back({true, std::move(place), std::move(message), std::move(mend)});
    error_count_++;
}

void diagnostics::warning(place_in_source place, std::string message, std::string mend) {
    all_.push_back({false, std::move(place), std::move(message), std::move(mend)});
}

std::string diagnostics::text() const {
    std::string text;
    std::set<std::string> seen;
    for (bool errors : {true, false})
        for (auto& d : all_) {
            if (d.is_error != errors) continue;
            std::string line = d.place.text() + (errors ? ": error: " : ": warning: ") + d.message +
                               (d.mend.empty() ? "" : "; " + d.mend) + "\n";
            if (seen.insert(line).second) text += line;
        }
    return text;
}

} // namespace heddle::translator
