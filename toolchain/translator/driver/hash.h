// The hash that names cached files.
#pragma once
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/SHA1.h"
#include <initializer_list>
#include <string>

namespace heddle::translator {

// Of the texts one after another, as hexadecimal digits.
inline std::string hash_of(std::initializer_list<llvm::StringRef> texts) {
    llvm::SHA1 hash;
    for (llvm::StringRef text : texts) hash.update(text);
    return llvm::toHex(hash.final(), true);
}

} // namespace heddle::translator
