// Decoding and verifying bytecodes. The tables are bytecodes_v3.def and bytecodes_sista.def; here is what their forms
// mean. Everything up to the end of the method is decoded, the trailer too, which becomes unreached nonsense; what is
// reached is verified, so that the interpreter needs no checks.
#include "decoder.h"

namespace heddle::smalltalk {

const char* const operation_names[] = {
#define INSTRUCTION(name, effect) #name,
#include "instructions.def"
#undef INSTRUCTION
};
const signed char operation_effects[] = {
#define INSTRUCTION(name, effect) effect,
#include "instructions.def"
#undef INSTRUCTION
};

namespace {

enum bytecode_form {
    illegal,
    plain,
    own_index,             // a: the bytecode minus the row's first
    own_integer,           // b: the same, plus extra
    push_and_return,       // operation, then ^
    push_and_block_return, // operation, then return to the caller
    literal_send,          // a: own index, extra: arguments
    special_send,
    short_jump, // 1 to 8 forward
    new_array,  // a byte: size, and whether the items come from the stack
    remote,     // a byte: index; a byte: temporary
    call_primitive,
    v3_extended_push,  // a byte: 2 bits where, 6 bits index
    v3_extended_store, // extra 1: and pop
    v3_extended_send,  // a byte: extra bits of selector, the rest arguments
    v3_double_extended,
    v3_closure,   // a byte: arguments and copied values; two bytes: size of the body
    v3_long_jump, // three bits of the bytecode, plus extra, and a byte
    sista_extend_a,
    sista_extend_b,
    sista_index, // a byte, extended by A
    sista_temporary,
    sista_value, // a byte, extended by B
    sista_send,
    sista_jump,
    sista_full_closure,
    sista_closure,
};
struct bytecode_row {
    uint8_t first, last;
    bytecode_form form;
    operation what;
    int extra;
};
constexpr bytecode_row v3_rows[] = {
#define BYTECODES(first, last, form, operation, extra) {first, last, form, operation, extra},
#include "bytecodes_v3.def"
};
constexpr bytecode_row sista_rows[] = {
#include "bytecodes_sista.def"
#undef BYTECODES
};
struct form_table {
    const bytecode_row* rows[256] = {};
    template <size_t N> explicit form_table(const bytecode_row (&all)[N]) {
        for (const auto& row : all)
            for (int b = row.first; b <= row.last; b++) rows[b] = &row;
    }
};

// The operations of the 32 special sends; SEND: an ordinary one.
constexpr operation special_operations[32] = {
    ADD,        SUBTRACT, LESS,   GREATER,    LESS_EQUAL, GREATER_EQUAL,  EQUAL,     NOT_EQUAL,
    MULTIPLY,   DIVIDE,   MODULO, MAKE_POINT, BIT_SHIFT,  INTEGER_DIVIDE, BIT_AND,   BIT_OR,
    SEND,       SEND,     SEND,   SEND,       SEND,       SEND,           IDENTICAL, CLASS,
    BLOCK_COPY, SEND,     SEND,   SEND,       SEND,       SEND,           SEND,      SEND};

class decoder {
public:
    decoder(const uint8_t* b, size_t n, bytecode_set s, const uint8_t* arguments)
        : bytes_(b), count_(n), set_(s), special_arguments_(arguments) {}
    std::vector<decoded> run() {
        static const form_table v3{v3_rows}, sista{sista_rows};
        const form_table& table = set_ == bytecode_set::v3 ? v3 : sista;
        while (at_ < count_) {
            start_ = at_;
            uint8_t byte = bytes_[at_++];
            const bytecode_row* row = table.rows[byte];
            if (!row)
                emit(ILLEGAL);
            else
                one(*row, byte);
        }
        start_ = at_; // methods whose primitive can't fail may run off their end
        emit(ILLEGAL);
        resolve_jumps();
        return std::move(code_);
    }

private:
    void emit(operation what, long a = 0, long b = 0) {
        code_.push_back({what, a, b, static_cast<int>(start_)});
        extend_a_ = extend_b_ = 0;
    }
    // 0 past the end; `truncated_` makes the instruction illegal.
    long next() {
        if (at_ < count_) return bytes_[at_++];
        truncated_ = true;
        return 0;
    }
    void jump(operation what, long distance) {
        long target = static_cast<long>(at_) + distance;
        if (what == JUMP && distance < 0) what = JUMP_BACK;
        emit(what, 0, target);
    }
    void one(const bytecode_row& row, uint8_t byte) {
        truncated_ = false;
        size_t length = code_.size();
        expand(row, byte);
        if (truncated_) {
            code_.resize(length);
            emit(ILLEGAL);
        }
    }
    void expand(const bytecode_row& row, uint8_t byte) {
        long own = byte - row.first;
        switch (row.form) {
        case illegal: emit(ILLEGAL); break;
        case plain: emit(row.what); break;
        case own_index: emit(row.what, own); break;
        case own_integer: emit(row.what, 0, own + row.extra); break;
        case push_and_return:
            emit(row.what);
            emit(RETURN_FROM_HOME);
            break;
        case push_and_block_return:
            emit(row.what);
            emit(RETURN_TOP);
            break;
        case literal_send: emit(SEND, own, row.extra); break;
        case special_send: special(own); break;
        case short_jump: jump(row.what, own + 1); break;
        case new_array: {
            long size = next();
            emit(size & 128 ? POP_INTO_ARRAY : PUSH_NEW_ARRAY, size & 127);
            break;
        }
        case remote: {
            long index = next(), temporary = next();
            emit(row.what, temporary, index);
            break;
        }
        case call_primitive: next(), next(), emit(NOTHING); break;
        default:
            if (set_ == bytecode_set::v3)
                expand_v3(row, own);
            else
                expand_sista(row);
        }
    }
    void special(long number) {
        operation what = special_operations[number];
        if (set_ == bytecode_set::sista && what == BLOCK_COPY) {
            what = NOT_IDENTICAL; // ~~
        }
        emit(what, special_base + number, what == SEND ? special_arguments_[number] : -operation_effects[what]);
    }
    void expand_v3(const bytecode_row& row, long own) {
        static constexpr operation pushes[] = {PUSH_RECEIVER_VARIABLE, PUSH_TEMPORARY, PUSH_CONSTANT,
                                               PUSH_LITERAL_VARIABLE};
        static constexpr operation stores[] = {STORE_RECEIVER_VARIABLE, STORE_TEMPORARY, ILLEGAL,
                                               STORE_LITERAL_VARIABLE};
        static constexpr operation pops[] = {POP_RECEIVER_VARIABLE, POP_TEMPORARY, ILLEGAL, POP_LITERAL_VARIABLE};
        long second = next();
        switch (row.form) {
        case v3_extended_push: emit(pushes[second >> 6], second & 63); break;
        case v3_extended_store: emit((row.extra ? pops : stores)[second >> 6], second & 63); break;
        case v3_extended_send: emit(row.what, second & ((1 << row.extra) - 1), second >> row.extra); break;
        case v3_double_extended: {
            static constexpr operation operations[] = {SEND,
                                                       SEND_SUPER,
                                                       PUSH_RECEIVER_VARIABLE,
                                                       PUSH_CONSTANT,
                                                       PUSH_LITERAL_VARIABLE,
                                                       STORE_RECEIVER_VARIABLE,
                                                       POP_RECEIVER_VARIABLE,
                                                       STORE_LITERAL_VARIABLE};
            long third = next();
            emit(operations[second >> 5], third, second < 64 ? second & 31 : 0);
            break;
        }
        case v3_closure: closure(second & 15, second >> 4, 0); break;
        case v3_long_jump: jump(row.what, (own + row.extra) * 256 + second); break;
        default: emit(ILLEGAL);
        }
    }
    void closure(long arguments, long copied, long size_high) {
        long high = next(), low = next();
        long end = static_cast<long>(at_) + (size_high << 16) + high * 256 + low;
        emit(PUSH_CLOSURE, arguments, copied);
        emit(JUMP, 0, end);
    }
    void expand_sista(const bytecode_row& row) {
        long second = next(), a = extend_a_, b = extend_b_;
        switch (row.form) {
        case sista_extend_a:
            emit(NOTHING);
            extend_a_ = (a << 8) + second;
            extend_b_ = b;
            break;
        case sista_extend_b:
            emit(NOTHING);
            extend_a_ = a;
            extend_b_ = (b << 8) + (second < 128 ? second : second - 256);
            break;
        case sista_index: emit(row.what, second + (a << 8)); break;
        case sista_temporary: emit(row.what, second); break;
        case sista_value: emit(row.what, 0, second + (b << 8)); break;
        case sista_send: {
            bool directed = row.what == SEND_SUPER && b >= 64;
            if (directed) b &= 63;
            emit(directed ? SEND_SUPER_DIRECTED : row.what, (second >> 3) + (a << 5), (second & 7) + (b << 3));
            break;
        }
        case sista_jump: jump(row.what, second + (b << 8)); break;
        case sista_full_closure: {
            long flags = next();
            emit(PUSH_FULL_CLOSURE, second + (a << 8), (flags & 63) | (flags & 64) << 2 | (flags & 128) << 2);
            break;
        }
        case sista_closure:
            // The byte: 3 bits of arguments, 3 bits of copied values, each with four more bits in the extension A.
            at_--;
            closure_sista(a, b);
            break;
        default: emit(ILLEGAL);
        }
    }
    void closure_sista(long a, long b) {
        long counts = next(), low = next();
        long arguments = (counts & 7) + (a & 15) * 8, copied = ((counts >> 3) & 7) + (a >> 4) * 8;
        long end = static_cast<long>(at_) + low + (b << 8);
        emit(PUSH_CLOSURE, arguments, copied);
        emit(JUMP, 0, end);
    }
    void resolve_jumps() {
        std::vector<int> starts(count_ + 1, -1);
        for (size_t i = code_.size(); i-- > 0;) starts[code_[i].position] = static_cast<int>(i);
        for (decoded& one : code_) {
            if (one.what != JUMP && one.what != JUMP_BACK && one.what != JUMP_TRUE && one.what != JUMP_FALSE) continue;
            one.b = one.b >= 0 && one.b < static_cast<long>(count_) ? starts[one.b] : -1;
        }
    }

    const uint8_t* bytes_;
    size_t count_;
    bytecode_set set_;
    const uint8_t* special_arguments_;
    size_t at_ = 0, start_ = 0;
    long extend_a_ = 0, extend_b_ = 0;
    bool truncated_ = false;
    std::vector<decoded> code_;
};

class verifier {
public:
    verifier(std::vector<decoded>& code, const method_shape& shape, verification& result)
        : code_(code), shape_(shape), result_(result) {}
    bool run() {
        result_.depths.assign(code_.size(), -1);
        in_block_.assign(code_.size(), method);
        if (code_.empty() || !reach(0, shape_.temporaries, shape_.is_block ? closure : method)) return false;
        while (!pending_.empty()) {
            size_t at = pending_.back();
            pending_.pop_back();
            if (!step(at)) return false;
        }
        return fits_state(static_cast<long>(code_.size()), result_.deepest + slots_above_deepest);
    }

private:
    enum place : uint8_t { method, closure, old_block };
    bool reach(long at, long depth, place in_block) {
        if (at < 0 || at >= static_cast<long>(code_.size()) || depth < 0 || depth > 4000) return false;
        if (depth > result_.deepest) result_.deepest = depth;
        if (result_.depths[at] >= 0) return result_.depths[at] == depth && in_block_[at] == in_block;
        result_.depths[at] = static_cast<int>(depth);
        in_block_[at] = in_block;
        pending_.push_back(static_cast<size_t>(at));
        return true;
    }
    bool operands_fit(const decoded& one) {
        switch (one.what) {
        case PUSH_TEMPORARY:
        case STORE_TEMPORARY:
        case POP_TEMPORARY:
        case PUSH_REMOTE:
        case STORE_REMOTE:
        case POP_REMOTE:
        case NEW_SHARED:
        case PUSH_SHARED:
        case STORE_SHARED:
        case POP_SHARED: return one.a < 256; // against the frame's size when that is known: see highest_temporary
        case PUSH_CONSTANT:
        case PUSH_LITERAL_VARIABLE:
        case STORE_LITERAL_VARIABLE:
        case POP_LITERAL_VARIABLE:
        case PUSH_FULL_CLOSURE:
        case MAKE_BLOCK:
        case CHECK_NUMBER:
        case PUSH_GLOBAL: return one.a < shape_.constants;
        case SEND:
        case SEND_SUPER:
        case SEND_SUPER_DIRECTED: return one.a >= special_base || one.a < shape_.constants;
        default: return true;
        }
    }
    bool step(size_t at) {
        decoded& one = code_[at];
        long depth = result_.depths[at], here = static_cast<long>(at);
        place in_block = in_block_[at];
        if (!operands_fit(one)) return false;
        long needs = depth_needed(one);
        if (depth < needs) return false;
        long after = depth + effect(one);
        if (depth + 1 > result_.deepest) result_.deepest = depth + 1;
        switch (one.what) {
        case PUSH_TEMPORARY:
        case STORE_TEMPORARY:
        case POP_TEMPORARY:
        case PUSH_REMOTE:
        case STORE_REMOTE:
        case POP_REMOTE:
        case NEW_SHARED:
        case PUSH_SHARED:
        case STORE_SHARED:
        case POP_SHARED:
            if (one.a + 1 > result_.deepest) result_.deepest = one.a + 1;
            if (in_block == old_block) one.what = of_home(one.what);
            return reach(here + 1, after, in_block);
        case ILLEGAL: return true;
        case RETURN_TOP: return true;
        case RETURN_FROM_HOME:
            if (in_block == method) one.what = RETURN_TOP;
            return true;
        case JUMP:
        case JUMP_BACK: return reach(one.b, depth, in_block);
        case JUMP_TRUE:
        case JUMP_FALSE: return reach(one.b, after, in_block) && reach(here + 1, after, in_block);
        case PUSH_CLOSURE: return reach(here + 1, after, in_block) && reach(here + 2, one.a + one.b, closure);
        case BLOCK_COPY: {
            long arguments = block_arguments(at);
            // One that no block body follows is an ordinary send.
            if (arguments < 0 || at + 1 >= code_.size() || code_[at + 1].what != JUMP)
                return reach(here + 1, after, in_block);
            return reach(here + 1, after, in_block) && reach(here + 2, arguments, old_block);
        }
        default: return reach(here + 1, after, in_block);
        }
    }
    static operation of_home(operation what) {
        switch (what) {
        case PUSH_TEMPORARY: return PUSH_HOME_TEMPORARY;
        case STORE_TEMPORARY: return STORE_HOME_TEMPORARY;
        case POP_TEMPORARY: return POP_HOME_TEMPORARY;
        case PUSH_REMOTE:
        case STORE_REMOTE:
        case POP_REMOTE: return ILLEGAL; // no image has both kinds of blocks
        default: return what;
        }
    }
    long block_arguments(size_t at) {
        if (at == 0) return -1;
        const decoded& before = code_[at - 1];
        if (before.what == PUSH_INTEGER) return before.b;
        if (before.what == PUSH_CONSTANT) return shape_.integer_constant(shape_.data, before.a);
        return -1;
    }
    static long effect(const decoded& one) {
        switch (one.what) {
        case SEND:
        case SEND_SUPER: return -one.b;
        case SEND_SUPER_DIRECTED: return -one.b - 1;
        case POP_INTO_ARRAY: return 1 - one.a;
        case PUSH_CLOSURE: return 1 - one.b;
        case MAKE_BLOCK: return 1 - (one.b & 63);
        case PUSH_FULL_CLOSURE: return 1 - (one.b & 63) - (one.b >> 9 & 1);
        default: return operation_effects[one.what];
        }
    }
    static long depth_needed(const decoded& one) {
        switch (one.what) {
        case SEND:
        case SEND_SUPER: return one.b + 1;
        case SEND_SUPER_DIRECTED: return one.b + 2;
        case POP_INTO_ARRAY: return one.a;
        case PUSH_CLOSURE: return one.b;
        case MAKE_BLOCK: return one.b & 63;
        case PUSH_FULL_CLOSURE: return (one.b & 63) + (one.b >> 9 & 1);
        case STORE_RECEIVER_VARIABLE:
        case STORE_TEMPORARY:
        case STORE_HOME_TEMPORARY:
        case STORE_REMOTE:
        case STORE_SHARED:
        case STORE_FIELD:
        case STORE_LITERAL_VARIABLE:
        case DUPLICATE:
        case CLASS:
        case RETURN_TOP:
        case RETURN_FROM_HOME:
        case RETURN_NON_LOCAL:
        case CHECK_NUMBER: return 1;
        default: return one.what >= ADD ? 2 : operation_effects[one.what] < 0 ? 1 : 0;
        }
    }

    std::vector<decoded>& code_;
    const method_shape& shape_;
    verification& result_;
    std::vector<place> in_block_;
    std::vector<size_t> pending_;
};

} // namespace

std::vector<long> instruction_words(const std::vector<decoded>& code) {
    std::vector<long> words;
    for (const decoded& one : code) {
        uint64_t word = one.what | static_cast<uint64_t>(one.a & 0xffffff) << 8 | static_cast<uint64_t>(one.b) << 32;
        words.push_back(static_cast<long>(word));
        if (words_of_instruction == 2) words.push_back(one.b);
    }
    return words;
}
std::vector<decoded> decode(const uint8_t* bytes, size_t count, bytecode_set set, const uint8_t* special_arguments) {
    return decoder(bytes, count, set, special_arguments).run();
}
bool verify(std::vector<decoded>& code, const method_shape& shape, verification& result) {
    return verifier(code, shape, result).run();
}

} // namespace heddle::smalltalk
