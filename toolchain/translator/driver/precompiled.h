// Precompiled headers, chosen without being asked for.
//
// A header with which several sources begin is compiled once, and is loaded by each of these in place of being read.
// Only the very first include of a source counts: nothing stands before it that could give the header another meaning,
// so that the bitcode is what it would be without.
#pragma once
#include <string>
#include <vector>

namespace heddle::translator {

struct shared_header {
    std::string path;
    std::vector<size_t> sources; // indices into the files
};

// The headers with which at least a few of the files begin. 'include': folders where quoted names are looked up
// besides the file's own.
std::vector<shared_header> shared_headers(const std::vector<std::string>& files,
                                          const std::vector<std::string>& include);

} // namespace heddle::translator
