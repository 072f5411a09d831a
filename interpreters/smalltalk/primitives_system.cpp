// Primitives that talk to the VM and the machine: time, quitting, memory, parameters.
#include "image_writer.h"
#include "os_threads.h"
#include "primitive_functions.h"
#include "primitives.h"
#include "process.h"
#include "settings.h"
#include <cstdio>
#include <ctime>
#include <unistd.h>

namespace heddle::smalltalk {

vm_settings settings;

W_Object* primitive_flush_method_cache(W_Object* o) {
    bump_version();
    return o;
}

// ---- quitting
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_quit(W_Frame*, Code*, frame_slots* slots, long first, long count) {
    long status = count == 1 && is_int(slots->get(first + 1)) ? int_value(slots->get(first + 1)) : 0;
    request_exit(static_cast<int>(status & 255));
    return nullptr;
}

// ---- saving. The image that is loaded goes on with true, this one with false.
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_snapshot(W_Frame* frame, Code*, frame_slots*, long, long count) {
    W_Object* process = active_process();
    if (count != 0 || !has_slots(process, 4) || has_other_threads()) return nullptr;
    long state = frame->state, depth = state_depth(state);
    W_Object* receiver = frame->slots->get(depth);
    frame->slots->set(depth, true_object());
    frame->state = make_state(state_instruction(state), depth + 1);
    set_slot(process, 1, frame);
    std::string unfinished = settings.image_path + ".new";
    std::string error = write_image(unfinished, frame);
    if (error.empty() && rename(unfinished.c_str(), settings.image_path.c_str()) != 0)
        error = "can't write " + settings.image_path;
    set_slot(process, 1, nil());
    frame->state = state;
    frame->slots->set(depth, receiver);
    if (error.empty()) return false_object();
    fprintf(stderr, "heddle-smalltalk: %s\n", error.c_str());
    return nullptr;
}

// ---- time
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_millisecond_clock(W_Object*) {
    return make_int(static_cast<long>(microseconds_now() / 1000 & 0x1fffffff));
}
static long local_offset(time_t now) {
    tm local;
    localtime_r(&now, &local);
    return local.tm_gmtoff;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_seconds_clock(W_Object*) {
    time_t now = time(nullptr);
    return make_wide_integer(seconds_from_1901(now + local_offset(now)));
}
static int64_t utc_microseconds_now() {
    timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return seconds_from_1901(now.tv_sec) * 1000000 + now.tv_nsec / 1000;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_utc_microseconds(W_Object*) {
    return make_wide_integer(utc_microseconds_now());
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_local_microseconds(W_Object*) {
    return make_wide_integer(utc_microseconds_now() + int64_t{local_offset(time(nullptr))} * 1000000);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_signal_at_milliseconds(W_Object* o, W_Object* semaphore, W_Object* when) {
    if (!is_int(when)) return nullptr;
    if (class_of(semaphore) != special_at(special_semaphore)) {
        signal_at_microseconds(nil(), -1);
        return o;
    }
    // The image counts modulo 2^29 milliseconds.
    int64_t now = microseconds_now(), wait = (int_value(when) - now / 1000) & 0x1fffffff;
    if (wait > 0x0fffffff) wait = 0;
    signal_at_microseconds(semaphore, now + wait * 1000);
    return o;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_signal_at_utc_microseconds(W_Object* o, W_Object* semaphore,
                                                                       W_Object* when) {
    if (class_of(semaphore) != special_at(special_semaphore)) {
        signal_at_microseconds(nil(), -1);
        return o;
    }
    int64_t target;
    if (!wide_value(when, target)) return nullptr;
    // A time that is past is now; less than zero would mean never.
    signal_at_microseconds(semaphore, std::max(int64_t{0}, microseconds_now() + target - utc_microseconds_now()));
    return o;
}

// ---- memory
HEDDLE_DONT_LOOK_INSIDE static long free_bytes() { return 512L << 20; }
W_Object* primitive_bytes_left(W_Object*) { return make_int(free_bytes()); }
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_full_collection(W_Object*) {
    gc::collect_full();
    return make_int(free_bytes());
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_quick_collection(W_Object*) {
    gc::collect_minor();
    return make_int(free_bytes());
}
// Told when the heap's limit (HEDDLE_GC_MAX) is near; how many bytes are left then, the collector decides.
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_low_space_semaphore(W_Object* o, W_Object* semaphore) {
    set_low_space_semaphore(class_of(semaphore) == special_at(special_semaphore) ? semaphore : nullptr);
    return o;
}
W_Object* primitive_signal_at_bytes_left(W_Object* o, W_Object* bytes) { return is_int(bytes) ? o : nullptr; }
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_make_uuid(W_Object* o) {
    if (!is_exact<W_Bytes>(o) || static_cast<W_Bytes*>(o)->bytes->length() != 16) return nullptr;
    uint8_t* bytes = static_cast<W_Bytes*>(o)->bytes->items_to_write(0, 16);
    if (getentropy(bytes, 16) != 0) return nullptr;
    bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0f) | 0x40); // version 4: random
    bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3f) | 0x80);
    return o;
}
W_Object* primitive_special_objects_array(W_Object*) { return special_objects.get(); }

// ---- the image, the command line, parameters
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_image_name(W_Frame*, Code*, frame_slots* slots, long first, long count) {
    if (count > 1) return nullptr;
    if (count == 1) {
        if (!is_text(slots->get(first + 1))) return nullptr;
        settings.image_path = text_of(slots->get(first + 1));
        return slots->get(first);
    }
    return new_string(settings.image_path);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_vm_path(W_Object*) { return new_string(settings.directory); }
static const char* processor_name() {
#ifdef __arm__
    return "armv7l";
#else
    return "x86_64";
#endif
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_attribute(W_Object*, W_Object* index) {
    if (!is_int(index)) return nullptr;
    long number = int_value(index);
    switch (number) {
    case 0: return new_string("heddle-smalltalk");
    case 1: return new_string(settings.image_path);
    case 1001: return new_string("unix");
    case 1002: return new_string("linux-gnu");
    case 1003: return new_string(processor_name());
    case 1004: return new_string("heddle-smalltalk 0.1");
    case 1005: return new_string("none");
    }
    if (number >= 2 && number - 2 < static_cast<long>(settings.arguments.size()))
        return new_string(settings.arguments[static_cast<size_t>(number - 2)]);
    return number > 1 && number < 1000 ? nil() : nullptr;
}
HEDDLE_DONT_LOOK_INSIDE static W_Object* wide_parameter(uint64_t value) {
    return make_wide_integer(static_cast<int64_t>(value));
}
HEDDLE_DONT_LOOK_INSIDE static W_Object* parameter(long index) {
    gc::statistics statistics = gc::get_statistics();
    switch (index) {
    case 1: return wide_parameter(statistics.old_bytes);
    case 3: return wide_parameter(statistics.heap_bytes);
    case 7: return wide_parameter(statistics.major_cycles);
    case 8: return wide_parameter(statistics.major_nanoseconds_total / 1000000);
    case 9: return wide_parameter(statistics.minor_collections);
    case 10: return wide_parameter(statistics.minor_nanoseconds_total / 1000000);
    case 40: return make_int(traits.word_size);
    case 41: return make_int(traits.version);
    case 42:
    case 43:
    case 44: return make_int(0);
    default: return make_int(0);
    }
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_vm_parameter(W_Frame*, Code*, frame_slots* slots, long first, long count) {
    if (count == 0) {
        W_Pointers* all = new_array(70);
        for (long i = 0; i < 70; i++) set_slot(all, i, parameter(i + 1));
        return all;
    }
    if (!is_int(slots->get(first + 1))) return nullptr;
    long index = int_value(slots->get(first + 1));
    if (index < 1 || index > 70) return nullptr;
    if (count == 1) return parameter(index);
    // Squeak's are of its own collector; ours is set by the environment (docs/gc.md).
    note_missing_primitive("254 (setting the VM's parameter " + std::to_string(index) + ")");
    return nullptr;
}

HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_interrupt_semaphore(W_Object* o, W_Object* semaphore) {
    if (special_objects->size() <= special_interrupt_semaphore) return nullptr;
    bool good = class_of(semaphore) == special_at(special_semaphore);
    set_slot(special_objects, special_interrupt_semaphore, good ? semaphore : nil());
    watch_interrupts(good);
    return o;
}
} // namespace heddle::smalltalk
