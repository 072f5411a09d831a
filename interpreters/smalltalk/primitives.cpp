// Dispatching primitives: a switch over a number that is a constant in traces, made from the two tables.
#include "primitives.h"
#include "primitive_functions.h"
#include <set>

namespace heddle::smalltalk {

namespace {
std::set<std::string>& missing() {
    static std::set<std::string> names;
    return names;
}
struct named_row {
    const char *module, *name;
};
constexpr named_row named_rows[] = {
#define N0(module, name, function) {module, name},
#define N1 N0
#define N2 N0
#define N3 N0
#define N4 N0
#define NCONTROL N0
#include "primitives_named.def"
};
// A named primitive's number: named_base + 1 + its row. The enumerators are called by the row's line in the table.
#define NAMED_JOIN2(function, line) named_##function##_##line
#define NAMED_JOIN(function, line) NAMED_JOIN2(function, line)
enum named_number : long {
    named_base = 999,
#define N0(module, name, function) NAMED_JOIN(function, __LINE__),
#define N1 N0
#define N2 N0
#define N3 N0
#define N4 N0
#define NCONTROL N0
#include "primitives_named.def"
};

constexpr named_row som_rows[] = {
#define S0(owner, selector, function) {owner, selector},
#define S1 S0
#define S2 S0
#define S3 S0
#define SCONTROL S0
#include "primitives_som.def"
};
enum som_number : long {
    som_base = 2999,
#define S0(owner, selector, function) NAMED_JOIN(function, __LINE__),
#define S1 S0
#define S2 S0
#define S3 S0
#define SCONTROL S0
#include "primitives_som.def"
};

bool has_number(long number) {
    switch (number) {
#define P0(number, function) \
    case number: return true;
#define P1 P0
#define P2 P0
#define P3 P0
#define P4 P0
#define CONTROL P0
#include "primitives.def"
#undef P0
#undef P1
#undef P2
#undef P3
#undef P4
#undef CONTROL
    default: return number >= 256 && number < 520;
    }
}

// Images before closures keep sound and network primitives at numbers that mean something else in later ones.
bool is_other_in_old_images(long number) {
    return traits.version == 6502 && ((number >= 170 && number <= 194) || (number >= 200 && number <= 225));
}

long named_row_number(const std::string& module, const std::string& name) {
    for (size_t i = 0; i < std::size(named_rows); i++)
        if (name == named_rows[i].name && (module == named_rows[i].module || module.empty()))
            return named_base + 1 + static_cast<long>(i);
    return 0;
}
// Images before closures number the network's primitives, from 200 on.
constexpr const char* old_network_primitives[] = {"primitiveInitializeNetwork",
                                                  "primitiveResolverStartNameLookup",
                                                  "primitiveResolverNameLookupResult",
                                                  "primitiveResolverStartAddressLookup",
                                                  "primitiveResolverAddressLookupResult",
                                                  "primitiveResolverAbortLookup",
                                                  "primitiveResolverLocalAddress",
                                                  "primitiveResolverStatus",
                                                  "primitiveResolverError",
                                                  "primitiveSocketCreate",
                                                  "primitiveSocketDestroy",
                                                  "primitiveSocketConnectionStatus",
                                                  "primitiveSocketError",
                                                  "primitiveSocketLocalAddress",
                                                  "primitiveSocketLocalPort",
                                                  "primitiveSocketRemoteAddress",
                                                  "primitiveSocketRemotePort",
                                                  "primitiveSocketConnectToPort",
                                                  "primitiveSocketListenWithOrWithoutBacklog",
                                                  "primitiveSocketCloseConnection",
                                                  "primitiveSocketAbortConnection",
                                                  "primitiveSocketReceiveDataBufCount",
                                                  "primitiveSocketReceiveDataAvailable",
                                                  "primitiveSocketSendDataBufCount",
                                                  "primitiveSocketSendDone",
                                                  "primitiveSocketAccept"};

long named_primitive(W_Method* method) {
    W_Object* description = method->literals->length() > 1 ? method->literals->get(1) : nil();
    if (!has_slots(description, 2)) return 0;
    std::string module = text_of(slot(description, 0)), name = text_of(slot(description, 1));
    long number = named_row_number(module, name);
    if (!number) missing().insert(module + "." + name);
    return number;
}
} // namespace

void note_missing_primitive(const std::string& name) { missing().insert(name); }
std::vector<std::string> missing_primitives() { return {missing().begin(), missing().end()}; }

long som_primitive(const std::string& class_name, const std::string& selector) {
    for (size_t i = 0; i < std::size(som_rows); i++)
        if (class_name == som_rows[i].module && selector == som_rows[i].name)
            return som_base + 1 + static_cast<long>(i);
    return 0;
}

long usable_primitive(W_Method* method, long number) {
    // 19, 198, 199: markers that must fail.
    if (number == 0 || number == 19 || number == 198 || number == 199) return 0;
    if (number == 117) return named_primitive(method);
    if (is_other_in_old_images(number) && number >= 200)
        return named_row_number("SocketPlugin", old_network_primitives[number - 200]);
    if (!is_other_in_old_images(number) && has_number(number)) return number;
    missing().insert(std::to_string(number));
    return 0;
}

// Arguments are read only when there are as many as the primitive wants: invoke() has checked that the method has so
// many, but what number a method carries is up to the image.
#define A(n) slots->get(first + n)
W_Object* run_primitive(W_Frame* frame, Code* target, long number, frame_slots* slots, long first, long count) {
    W_Object* receiver = slots->get(first);
    if (number >= 256 && number < 520) {
        if (count != 0) return nullptr;
        return quick_primitive(receiver, number);
    }
    switch (number) {
#define P0(number, function) \
    case number: return count == 0 ? primitive_##function(receiver) : nullptr;
#define P1(number, function) \
    case number: return count == 1 ? primitive_##function(receiver, A(1)) : nullptr;
#define P2(number, function) \
    case number: return count == 2 ? primitive_##function(receiver, A(1), A(2)) : nullptr;
#define P3(number, function) \
    case number: return count == 3 ? primitive_##function(receiver, A(1), A(2), A(3)) : nullptr;
#define P4(number, function) \
    case number: return count == 4 ? primitive_##function(receiver, A(1), A(2), A(3), A(4)) : nullptr;
#define CONTROL(number, function) \
    case number: return primitive_##function(frame, target, slots, first, count);
#include "primitives.def"
#define N0(module, name, function) P0(NAMED_JOIN(function, __LINE__), function)
#define N1(module, name, function) P1(NAMED_JOIN(function, __LINE__), function)
#define N2(module, name, function) P2(NAMED_JOIN(function, __LINE__), function)
#define N3(module, name, function) P3(NAMED_JOIN(function, __LINE__), function)
#define N4(module, name, function) P4(NAMED_JOIN(function, __LINE__), function)
#define NCONTROL(module, name, function) CONTROL(NAMED_JOIN(function, __LINE__), function)
#include "primitives_named.def"
#define S0(owner, selector, function) P0(NAMED_JOIN(function, __LINE__), function)
#define S1(owner, selector, function) P1(NAMED_JOIN(function, __LINE__), function)
#define S2(owner, selector, function) P2(NAMED_JOIN(function, __LINE__), function)
#define S3(owner, selector, function) P3(NAMED_JOIN(function, __LINE__), function)
#define SCONTROL(owner, selector, function) CONTROL(NAMED_JOIN(function, __LINE__), function)
#include "primitives_som.def"
    default: return nullptr;
    }
}

} // namespace heddle::smalltalk
