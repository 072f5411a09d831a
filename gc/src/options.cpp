// The environment variables HEDDLE_GC_*. See gc.h for their meaning.
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "collector.h"

namespace heddle::gc {

namespace {

char message[256];

const char* complain(const char* name, const char* value, const char* wanted) {
    std::snprintf(message, sizeof message, "%s: '%.40s' is not valid; give %s", name, value, wanted);
    return message;
}

// Digits with an optional suffix K, M or G.
bool parse_number(const char* text, bool suffixes, uint64_t& result) {
    if (*text < '0' || *text > '9') return false;
    char* end;
    errno = 0;
    unsigned long long number = std::strtoull(text, &end, 10);
    if (errno != 0) return false;
    unsigned shift = 0;
    if (suffixes && *end != '\0') {
        const char* known = "KMG";
        const char* found = std::strchr(known, *end & ~0x20);
        if (found == nullptr || *found == '\0') return false;
        shift = 10 * static_cast<unsigned>(found - known + 1);
        ++end;
        if (*end == 'B' || *end == 'b') ++end;
    }
    if (*end != '\0' || (number << shift) >> shift != number) return false;
    result = number << shift;
    return true;
}

const char* parse_bool(const char* name, bool& result) {
    const char* text = std::getenv(name);
    if (text == nullptr) return nullptr;
    if (std::strcmp(text, "0") != 0 && std::strcmp(text, "1") != 0) return complain(name, text, "0 or 1");
    result = *text == '1';
    return nullptr;
}

} // namespace

const char* options_from_environment(options& result) {
    uint64_t number;
    if (const char* text = std::getenv("HEDDLE_GC_NURSERY")) {
        if (!parse_number(text, true, number) || number < (256u << 10) || number > (uint64_t{4} << 30))
            return complain("HEDDLE_GC_NURSERY", text, "a size from 256K to 4G, such as 4M");
        result.nursery_bytes = number;
    }
    if (const char* text = std::getenv("HEDDLE_GC_MAX")) {
        if (!parse_number(text, true, number) || (number != 0 && number < (1u << 20)))
            return complain("HEDDLE_GC_MAX", text,
                            "a size of at least 1M, such as 500M, or 0 for the size of the machine's memory");
        result.maximum_heap_bytes = number;
    }
    if (const char* text = std::getenv("HEDDLE_GC_GROWTH")) {
        char* end;
        double growth = std::strtod(text, &end);
        if (end == text || *end != '\0' || !(growth >= 1.05) || !(growth <= 100))
            return complain("HEDDLE_GC_GROWTH", text, "a factor from 1.05 to 100, such as 1.82");
        result.growth = growth;
    }
    if (const char* text = std::getenv("HEDDLE_GC_STRESS")) {
        if (!parse_number(text, false, number))
            return complain("HEDDLE_GC_STRESS", text, "a number of allocations between collections, or 0 for off");
        result.stress_interval = number;
    }
    if (const char* text = std::getenv("HEDDLE_GC_CARD")) {
        if (!parse_number(text, false, number) || number < 4 || number > (1u << 20) || (number & (number - 1)) != 0)
            return complain("HEDDLE_GC_CARD", text, "a power of two from 4 to 1048576");
        result.card_elements = static_cast<uint32_t>(number);
    }
    if (const char* text = std::getenv("HEDDLE_GC_LOG")) result.log_file = *text == '\0' ? nullptr : text;
    if (const char* error = parse_bool("HEDDLE_GC_VERIFY", result.verify)) return error;
    return parse_bool("HEDDLE_GC_POISON", result.poison);
}

} // namespace heddle::gc

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define HEDDLE_ADDRESS_SANITIZER
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define HEDDLE_ADDRESS_SANITIZER
#endif
#ifdef HEDDLE_ADDRESS_SANITIZER
// Defaults under AddressSanitizer: its fake stacks are not scanned for roots, and its search for leaks knows nothing of
// references from the heap.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() { return "detect_leaks=0:detect_stack_use_after_return=0"; }
#endif
