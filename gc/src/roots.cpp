// Roots: exact slots and walkers, and the conservative scan of the native stack.
//
// A word is taken for a reference if it lies in [object, end of object]. Since headers stand between objects, word - 8
// lies in the extent (header to next header) of exactly that object, which is how all look-ups here work.
// The stack scan starts at the frame that entered the collection, not at the current one, so that words the collector
// itself spilled pin nothing. The idea of mostly-copying collection is Bartlett's.
#include <pthread.h>

#include <algorithm>

#include "collector.h"

namespace heddle::gc {

struct root_lists {
    static inline root_slot* slots = nullptr;
    static inline conservative_range* ranges = nullptr;

    template <typename Node> static void link(Node*& list, Node* node) {
        node->previous_ = nullptr;
        node->next_ = list;
        if (list != nullptr) list->previous_ = node;
        list = node;
    }
    template <typename Node> static void unlink(Node*& list, Node* node) {
        if (node->previous_ != nullptr)
            node->previous_->next_ = node->next_;
        else
            list = node->next_;
        if (node->next_ != nullptr) node->next_->previous_ = node->previous_;
    }
    template <typename Visitor> static void visit_slots(Visitor visit) {
        for (root_slot* node = slots; node != nullptr; node = node->next_) visit(node->slot_);
    }
    template <typename Visitor> static void visit_ranges(Visitor visit) {
        for (conservative_range* node = ranges; node != nullptr; node = node->next_) visit(node->begin, node->end);
    }
};

namespace {

struct root_walker {
    void (*walk)(root_visitor&, void*);
    void* data;
};

// A function, not a global: walkers may be added during static initialisation.
std::vector<root_walker>& walkers() {
    static std::vector<root_walker> list;
    return list;
}

// No sanitizer: it reads whole stack frames, redzones included.
__attribute__((noinline, no_sanitize("address"))) void scan_words(const void* low, const void* high,
                                                                  void (*visit)(uintptr_t)) {
    const uintptr_t mask = sizeof(void*) - 1;
    const auto* word = reinterpret_cast<const uintptr_t*>((reinterpret_cast<uintptr_t>(low) + mask) & ~mask);
    for (; word + 1 <= static_cast<const uintptr_t*>(high); ++word) {
        uintptr_t value = *word;
        if (collector.heap.contains(value - header_size)) visit(value);
    }
}

__attribute__((noinline)) void run_with_frame_above(void (*body)()) {
    collector.stack_low = __builtin_frame_address(0);
    body();
    asm volatile("" ::: "memory"); // no tail call: this frame must stay
}

} // namespace

root_slot::root_slot(void** slot) : slot_(slot) { root_lists::link(root_lists::slots, this); }
root_slot::~root_slot() { root_lists::unlink(root_lists::slots, this); }
conservative_range::conservative_range() { root_lists::link(root_lists::ranges, this); }
conservative_range::~conservative_range() { root_lists::unlink(root_lists::ranges, this); }

void add_root_walker(void (*walker)(root_visitor&, void*), void* data) { walkers().push_back({walker, data}); }

void remove_root_walker(void (*walker)(root_visitor&, void*), void* data) {
    auto& list = walkers();
    list.erase(std::remove_if(list.begin(), list.end(),
                              [&](const root_walker& w) { return w.walk == walker && w.data == data; }),
               list.end());
}

void visit_root_slots(void (*visit)(void** slot, void* context), void* context) {
    root_lists::visit_slots([&](void** slot) { visit(slot, context); });
}

void visit_exact_roots(void (*visit)(void** slot)) {
    visit(&heddle_thread.error);
    root_lists::visit_slots(visit);
    root_visitor visitor(visit);
    for (const root_walker& walker : walkers()) walker.walk(visitor, walker.data);
    for (void*& object : collector.finalizer_queue) visit(&object);
}

void visit_ambiguous_words(void (*visit)(uintptr_t word)) {
    scan_words(collector.stack_low, heddle_thread.stack_base, visit);
    scan_words(heddle_thread.jit_extra, heddle_thread.jit_extra + 4, visit);
    root_lists::visit_ranges([&](const void* begin, const void* end) {
        if (begin < end) scan_words(begin, end, visit);
    });
}

__attribute__((noinline)) void with_stack_visible(void (*body)()) {
    // Callee-saved registers may hold the only reference to an object. They are stored into this frame, which lies
    // above the one where the scan starts.
    uintptr_t registers[16] = {};
#if defined(__x86_64__)
    asm volatile("movq %%rbx, 0(%0)\n\tmovq %%rbp, 8(%0)\n\tmovq %%r12, 16(%0)\n\t"
                 "movq %%r13, 24(%0)\n\tmovq %%r14, 32(%0)\n\tmovq %%r15, 40(%0)"
                 :
                 : "r"(registers)
                 : "memory");
#elif defined(__arm__)
    asm volatile("stmia %0, {r4-r11}" : : "r"(registers) : "memory");
#else
    __builtin_unwind_init();
#endif
    run_with_frame_above(body);
    asm volatile("" : : "r"(registers) : "memory");
}

void find_stack_limits() {
    pthread_attr_t attributes;
    void* low = nullptr;
    size_t size = 0;
    size_t guard = 0;
    pthread_getattr_np(pthread_self(), &attributes);
    pthread_attr_getstack(&attributes, &low, &size);
    pthread_attr_getguardsize(&attributes, &guard);
    pthread_attr_destroy(&attributes);
    char* bottom = static_cast<char*>(low);
    heddle_thread.stack_base = bottom + size;
    // An "unlimited" stack is given as huge; the kernel may have put mappings inside it.
    constexpr size_t largest_used = size_t{1} << 30;
    if (size > largest_used) bottom += size - largest_used;
    size_t used = std::min(size, largest_used);
    size_t reserve = std::min(size_t{256} << 10, used / 4) + guard;
    heddle_thread.stack_limit = bottom + reserve;
}

void* find_old_object(uintptr_t word) {
    const arena& heap = collector.heap;
    uintptr_t inside = word - header_size;
    if (!heap.contains(inside)) return nullptr;
    uint32_t index = heap.index_of(inside);
    uint8_t kind = heap.kind(index);
    if (kind < first_old_kind) return nullptr;
    if (kind == kind_large_rest) index -= heap.block_at(index).span;
    const block& record = heap.block_at(index);
    char* start = heap.start_of(index);
    uint32_t cell;
    if (kind == kind_mixed) {
        // The nearest allocation bit at or below the word.
        cell = record.cell_of(inside - reinterpret_cast<uintptr_t>(start));
        size_t bitmap_word = cell >> 6;
        uint64_t bits = record.live[bitmap_word] << (63 - (cell & 63)) >> (63 - (cell & 63));
        while (bits == 0) {
            if (bitmap_word == 0) return nullptr;
            bits = record.live[--bitmap_word];
        }
        cell = static_cast<uint32_t>(bitmap_word * 64 + 63 - static_cast<unsigned>(__builtin_clzll(bits)));
    } else {
        cell = record.cell_of(inside - reinterpret_cast<uintptr_t>(start));
        if (cell >= record.cell_count || !record.is_live(cell)) return nullptr;
    }
    if (!record.swept && !record.is_marked(cell)) return nullptr;
    char* object = start + size_t{cell} * record.cell_size + header_size;
    if (type_id_of(object) == 0 ||
        inside >= reinterpret_cast<uintptr_t>(object) - header_size + total_size(collector, object))
        return nullptr;
    return object;
}

namespace {

// Where objects begin in a nursery chunk, for each stretch of it: what looking for other words in it has found. The JIT
// asks for many. An object's beginning stays one until the next minor collection; so does a filler's, which the next
// allocation takes: then the stretches that it covered are noted anew on the way.
class walked_chunk {
public:
    // The header of the object or filler that covers 'inside'.
    char* find(uint32_t index, uintptr_t inside) {
        if (index_ != index) begin(index);
        size_t offset = inside - reinterpret_cast<uintptr_t>(start_);
        size_t at = first_[std::min(offset >> stretch_shift, reached_)];
        for (;;) {
            size_t next = at + total_size(collector, start_ + at + header_size);
            for (size_t s = (at + stretch_bytes - 1) >> stretch_shift; s << stretch_shift < next; ++s) {
                first_[s] = static_cast<uint16_t>(at);
                reached_ = std::max(reached_, s);
            }
            if (offset < next) return start_ + at;
            at = next;
        }
    }
    void forget() { index_ = UINT32_MAX; }

private:
    static constexpr unsigned stretch_shift = 9;
    static constexpr size_t stretch_bytes = size_t{1} << stretch_shift, stretches = block_size >> stretch_shift;
    static_assert(block_size <= size_t{UINT16_MAX} + 1);
    void begin(uint32_t index) {
        index_ = index;
        start_ = collector.heap.start_of(index);
        reached_ = 0;
        first_[0] = 0;
    }
    uint32_t index_ = UINT32_MAX;
    char* start_ = nullptr;
    size_t reached_ = 0;        // the last stretch whose entry is known
    uint16_t first_[stretches]; // offset of what covers each stretch's first byte
};

constexpr uint32_t walked_chunk_count = 8;
walked_chunk walked_chunks[walked_chunk_count];

} // namespace

void forget_walked_chunks() {
    for (walked_chunk& chunk : walked_chunks) chunk.forget();
}

void* find_young_object(uintptr_t word) {
    const arena& heap = collector.heap;
    uintptr_t inside = word - header_size;
    if (!heap.contains(inside)) return nullptr;
    uint32_t index = heap.index_of(inside);
    uint8_t kind = heap.kind(index);
    if (kind == kind_young_large_rest) index -= heap.block_at(index).span;
    if (kind == kind_young_large || kind == kind_young_large_rest) {
        char* object = heap.start_of(index) + header_size;
        bool covered = inside < reinterpret_cast<uintptr_t>(heap.start_of(index)) + total_size(collector, object);
        return covered ? object : nullptr;
    }
    if (kind != kind_nursery) return nullptr;
    char* object = walked_chunks[index % walked_chunk_count].find(index, inside) + header_size;
    return type_id_of(object) == 0 ? nullptr : object;
}

void* find_object(const void* word) {
    stopped_world stopped;
    auto address = reinterpret_cast<uintptr_t>(word);
    if (void* object = find_old_object(address)) return object;
    close_gap();
    return find_young_object(address);
}

bool is_object(const void* word) { return word != nullptr && find_object(word) == word; }

} // namespace heddle::gc
