// What the meta-interpreter knows while it records: facts about values, and values of fields and array items.
//
// It keeps the trace short and more of it constant; the optimizer's passes do the same work better, later. An entry
// only says which value of the trace a slot holds: the word itself is read from the heap anyhow, so nothing here is a
// root. Facts hold from where they were noted to the trace's end, or to the next reset (at a loop's header, where the
// trace may be cut). Idea: RPython's heapcache.py.
#pragma once
#include "heddle/jit/trace.h"
#include <algorithm>
#include <cstdint>
#include <vector>

namespace heddle::jit {

class heap_cache {
public:
    enum fact : uint8_t { nonnull = 1, class_known = 2, constant = 4, fresh = 8, escaped = 16 };
    static constexpr int64_t field_item = -1, length_item = -2;

    // For another trace. The tables stay: what was noted in an epoch before 'first_epoch_' counts as nothing.
    void clear(size_t descr_count) {
        descr_epochs_.resize(descr_count, 0);
        if (table_.empty()) table_.resize(256);
        facts_.clear();
        constexpr uint32_t last_start = UINT32_MAX / 2; // no trace has as many epochs as are left then
        if (epoch_ > last_start) {
            *this = {};
            return clear(descr_count);
        }
        forget();
    }
    // At a loop's header: values from before are forgotten.
    void reset() {
        std::fill(facts_.begin(), facts_.end(), uint8_t{0});
        forget();
    }

    bool has(value_ref v, uint8_t facts) const {
        return v.is_result() && v.index() < facts_.size() && (facts_[v.index()] & facts) == facts;
    }
    void note(value_ref v, uint8_t facts) {
        if (!v.is_result()) return;
        if (v.index() >= facts_.size()) facts_.resize(v.index() + 64, 0);
        facts_[v.index()] = static_cast<uint8_t>(facts_[v.index()] | facts);
    }
    bool is_private(value_ref v) const { return has(v, fresh) && !has(v, escaped); }

    // The value known to be in a slot of 'object' (interned when a constant), or none.
    value_ref find(value_ref object, const descr* d, int64_t item, bool immutable) const {
        if (d->index >= descr_epochs_.size()) return {};
        for (size_t at = hash(object, d->index, item);; ++at) {
            const slot& s = table_[at & (table_.size() - 1)];
            if (is_empty(s)) return {};
            if (s.object != object || s.descr != d->index || s.item != item) continue;
            if (!immutable && (s.epoch < descr_epochs_[d->index] || s.epoch < slot_epoch(d->index, item) ||
                               (s.epoch < call_epoch_ && !is_private(object))))
                return {};
            return s.value;
        }
    }
    void put(value_ref object, const descr* d, int64_t item, value_ref value) {
        if (d->index >= descr_epochs_.size()) return;
        if ((used_ + 1) * 2 > table_.size()) grow();
        for (size_t at = hash(object, d->index, item);; ++at) {
            slot& s = table_[at & (table_.size() - 1)];
            if (!is_empty(s) && (s.object != object || s.descr != d->index || s.item != item)) continue;
            used_ += is_empty(s);
            s = {object, d->index, epoch_, value, item};
            return;
        }
    }
    // A store through the descriptor: the same slot of other objects (with an unknown item: any slot) may be the one
    // written.
    void stored(value_ref object, const descr* d, int64_t item, value_ref value, bool item_known) {
        if (!item_known)
            invalidate(d->index);
        else if (!is_private(object))
            slot_epoch(d->index, item) = ++epoch_;
        if (item_known) put(object, d, item, value);
        escape(value);
    }
    void invalidate(uint32_t descr_index) {
        if (descr_index < descr_epochs_.size()) descr_epochs_[descr_index] = ++epoch_;
    }
    void escape(value_ref v) {
        if (has(v, fresh)) note(v, escaped);
    }
    void called(const effect_info& effects) {
        if (effects.elidable) return;
        if (effects.writes_anything) {
            call_epoch_ = ++epoch_;
            return;
        }
        for (uint32_t index : effects.writes) invalidate(index);
    }

private:
    struct slot {
        value_ref object;
        uint32_t descr = 0, epoch = 0;
        value_ref value;
        int64_t item = 0;
    };
    bool is_empty(const slot& s) const { return s.epoch < first_epoch_; }
    void forget() {
        used_ = 0;
        first_epoch_ = call_epoch_ = ++epoch_;
    }
    static size_t hash(value_ref object, uint32_t descr, int64_t item) {
        uint64_t mixed = (uint64_t{object.bits} << 32 | descr) * 0x9e37'79b9'7f4a'7c15u +
                         static_cast<uint64_t>(item) * 0xc2b2'ae3d'27d4'eb4fu;
        return static_cast<size_t>(mixed >> 32);
    }
    // When a descriptor's item was last written in an object that isn't private; colliding ones are taken as one.
    uint32_t& slot_epoch(uint32_t descr, int64_t item) { return slot_epochs_[slot_hash(descr, item)]; }
    uint32_t slot_epoch(uint32_t descr, int64_t item) const { return slot_epochs_[slot_hash(descr, item)]; }
    static size_t slot_hash(uint32_t descr, int64_t item) {
        return static_cast<size_t>(
            (descr * 0x9e37'79b9'7f4a'7c15u + static_cast<uint64_t>(item) * 0xc2b2'ae3d'27d4'eb4fu) >> 54);
    }
    void grow() {
        std::vector<slot> old(table_.size() * 2);
        old.swap(table_);
        for (const slot& s : old) {
            if (is_empty(s)) continue;
            size_t at = hash(s.object, s.descr, s.item);
            while (!is_empty(table_[at & (table_.size() - 1)])) ++at;
            table_[at & (table_.size() - 1)] = s;
        }
    }

    std::vector<uint8_t> facts_;
    std::vector<uint32_t> descr_epochs_;
    uint32_t slot_epochs_[1024] = {};
    std::vector<slot> table_;
    size_t used_ = 0;
    uint32_t epoch_ = 1, call_epoch_ = 1, first_epoch_ = 1;
};

} // namespace heddle::jit
