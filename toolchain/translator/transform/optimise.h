// Phase 6: LLVM's optimisation and object code, for each part of the divided module (partition.h), in parallel.
//
// An object file is kept in the cache folder under the hash of the part it was made from; what no build used for two
// weeks is removed.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace llvm {
class Module;
} // namespace llvm

namespace heddle::translator {

struct generation_options {
    int level = 2;
    unsigned parallel = 1;
    std::string cache_directory;
    std::string ir_prefix; // files PREFIX-N.ll of the optimised parts; empty: none
};

struct generation_result {
    std::vector<std::string> objects; // files in the cache
    unsigned from_cache = 0;
    uint64_t instructions = 0; // IR after optimisation, of the parts that weren't in the cache
};

// Takes the module apart. False: 'error' says why.
bool generate_objects(llvm::Module& module, const generation_options& options, generation_result& result,
                      std::string& error);

} // namespace heddle::translator
