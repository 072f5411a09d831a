// Finding methods: the walk through method dictionaries, the version that makes lookups elidable, symbols by name.
//
// A MethodDictionary keeps its tally, an array of methods, then selectors at the places that their hashes give, with
// linear probing. There is one version for all classes: primitives that flush the method cache, and changes of a
// class's first three slots, make a new one, which every inline cache and trace checks.
#include "frame.h"

namespace heddle::smalltalk {

root<World> the_world;
void bump_version() {
    Version* version = make<Version>();
    world()->version = version;
}

static W_Object* find_in_dictionary(W_Object* dictionary, W_Object* selector) {
    if (!has_slots(dictionary, 3)) return nullptr;
    slots_array* keys = static_cast<W_Pointers*>(dictionary)->slots;
    W_Object* methods = keys->get(1);
    long count = keys->length() - 2;
    if (!is<W_Pointers>(methods)) return nullptr;
    long start = identity_hash(selector) & (count - 1);
    if (start >= count) start = 0;
    for (long probes = 0; probes < count; probes++) {
        long index = start + probes < count ? start + probes : start + probes - count;
        if (keys->get(index + 2) == selector) return has_slots(methods, index + 1) ? slot(methods, index) : nullptr;
    }
    return nullptr;
}

W_Object* find_method(W_Class* c, W_Object* selector, W_Class** owner) {
    W_Object* at = c;
    for (long steps = 0; is<W_Class>(at) && steps < 10000; steps++) {
        if (!has_slots(at, 2)) return nullptr;
        if (W_Object* found = find_in_dictionary(slot(at, 1), selector)) {
            if (owner) *owner = static_cast<W_Class*>(at);
            return found;
        }
        at = slot(at, 0);
    }
    return nullptr;
}

Code* lookup(W_Class* c, W_Object* selector, Version*) {
    W_Class* owner = nullptr;
    W_Object* method = find_method(c, selector, &owner);
    if (!method || !is_exact<W_Method>(method)) return nullptr;
    return code_of(static_cast<W_Method*>(method), owner);
}

} // namespace heddle::smalltalk
