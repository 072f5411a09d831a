// A temporary folder in which a test writes sources, runs heddle, and runs what it built. Removed at the end.
#pragma once
#include <string>

namespace heddle::test {

struct run_result {
    int status = -1;
    std::string output; // stdout and stderr
};

class workshop {
public:
    workshop();
    ~workshop();
    workshop(const workshop&) = delete;
    const std::string& folder() const { return folder_; }
    void write(const std::string& name, const std::string& text);
    std::string read(const std::string& name) const; // empty when it does not exist
    bool exists(const std::string& name) const;
    // Runs heddle in the folder. All workshops of a test run share one cache.
    run_result heddle(const std::string& arguments);
    run_result run(const std::string& command);

private:
    std::string folder_;
};

// The beginning of every test's source: the DSL, classes W_Object and W_Int.
extern const char* const prelude;
// The number of the line that holds the text.
int line_of(const std::string& text, const std::string& part);

} // namespace heddle::test
