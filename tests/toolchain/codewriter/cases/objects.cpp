// Fields, arrays, virtual calls, class tests, new objects, roots, the pending error, copies.
#include <heddle/heddle.h>
using namespace heddle;
static constinit jit::driver drv{"objects"};

struct W_Object : object {
    virtual Result<W_Object*> add(W_Object*) { return failure; }
    HEDDLE_GC_CLASS(W_Object, object)
};
struct W_Int : W_Object {
    explicit W_Int(long v) : value(v) {}
    const long value;
    Result<W_Object*> add(W_Object* other) override;
    HEDDLE_GC_CLASS(W_Int, W_Object, value)
};
using items_array = array<member<W_Object>>;
struct W_List : W_Object {
    explicit W_List(items_array* i) : items(i), length(0), dirty(false), version(1) {}
    member<items_array> items;
    field<long> length;
    field<bool> dirty;
    HEDDLE_QUASI_IMMUTABLE field<int> version;
    Result<W_Object*> add(W_Object* item) override;
    HEDDLE_GC_CLASS(W_List, W_Object, items, length, dirty, version)
};
// Arrays of the same items for other uses: a frame's slots, a tuple's items.
struct slots_tag {};
using slots_array = array<member<W_Object>, slots_tag>;
struct tuple_tag {
    static constexpr bool immutable = true;
};
using tuple_array = array<member<W_Object>, tuple_tag>;
struct W_Frame : W_Object {
    explicit W_Frame(slots_array* s) : slots(s) {}
    slots_array* const slots;
    Result<W_Object*> add(W_Object* other) override;
    HEDDLE_GC_CLASS(W_Frame, W_Object, slots)
    HEDDLE_VIRTUALIZABLE(W_Frame, slots)
};
root<W_List> last_list;

Result<W_Object*> W_Int::add(W_Object* other) {
    if (!is<W_Int>(other)) return raise(other);
    return make<W_Int>(value + static_cast<W_Int*>(other)->value);
}
Result<W_Object*> W_List::add(W_Object* item) {
    if (length >= items->length()) {
        items_array* bigger = make_array<items_array>(length * 2 + 1);
        copy_items<member<W_Object>>(items, 0, bigger, 0, length);
        items = bigger;
    }
    items->set(length, item);
    length += 1;
    dirty = true;
    last_list = this;
    return items->get(0);
}
Result<W_Object*> W_Frame::add(W_Object* item) {
    slots->set(0, item);
    auto* copy = make_array<tuple_array>(2);
    copy_items(slots, 0, copy, 0, 2); // between classes: a call
    return copy->get(1);
}
struct W_Weak : W_Object { // not traced: it has a weak reference
    explicit W_Weak(W_Object* o) : target(o) {}
    weak_member<W_Object> target;
    HEDDLE_GC_CLASS(W_Weak, W_Object, target)
};
W_Object* weak(W_Object* o) { return make<W_Weak>(o); }

Result<W_Object*> run(W_Object* program, W_Object* w, long n) {
    for (;;) {
        HEDDLE_MERGE_POINT(drv, (program), (w, n));
        if (n <= 0) return w;
        if (is_exact<W_List>(w)) w = weak(static_cast<W_List*>(w));
        w = HEDDLE_TRY(w->add(make<W_Int>(n)));
        n--;
        HEDDLE_CAN_ENTER_JIT(drv, (program), (w, n));
    }
}
int main() {
    gc::initialise_from_environment_or_exit();
    auto frame = make<W_Frame>(make_array<slots_array>(4))->add(nullptr);
    if (frame.failed()) return 1;
    W_List* list = make<W_List>(make_array<items_array>(4));
    auto result = run(list, make<W_Int>(1), 5);
    return result.failed() ? 1 : 0;
}
