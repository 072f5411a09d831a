// Compiling a method: which blocks become part of the code around them, where variables live, then bytecodes.
//
// A variable that a block captures and that is assigned lives in an Array, one for each activation that has such
// variables; what is never assigned is copied into the block. A block in a loop whose own variables are captured is not
// made part of the code around it: each time round has variables of its own. Jumps are relative, so each piece of code
// is made by itself, and what jumps over it follows its size.
#include "library_compiler.h"
#include <algorithm>
#include <deque>

namespace heddle::smalltalk::library {

struct variable {
    std::string name;
    scope* owner;
    bool captured = false, assigned = false;
    long slot = -1; // in its owner's frame, or in the owner's array
    bool is_remote() const { return captured && assigned; }
};
// The variables of one activation.
struct scope {
    scope* outer;
    long arguments = 0, slots = 0, remote_count = 0, array_slot = -1;
    std::vector<variable*> variables;
    std::vector<const void*> copied; // variables, and the arrays of other scopes (as scope*)
};

namespace {

enum bytecode : uint8_t {
    push_literal_variable = 0xe3,
    push_literal = 0xe4,
    extend_a = 0xe0,
    extend_b = 0xe1,
    push_instance_variable = 0xe2,
    push_temporary = 0xe5,
    new_array = 0xe7,
    push_integer = 0xe8,
    push_character = 0xe9,
    send_literal = 0xea,
    send_super = 0xeb,
    jump = 0xed,
    jump_true = 0xee,
    jump_false = 0xef,
    pop_instance_variable = 0xf0,
    pop_literal_variable = 0xf1,
    pop_temporary = 0xf2,
    store_instance_variable = 0xf3,
    store_literal_variable = 0xf4,
    store_temporary = 0xf5,
    call_primitive = 0xf8,
    push_closure = 0xf9,
    push_remote = 0xfb,
    store_remote = 0xfc,
    pop_remote = 0xfd,
    push_receiver = 0x4c,
    push_true = 0x4d,
    push_false = 0x4e,
    push_nil = 0x4f,
    push_this_context = 0x52,
    duplicate = 0x53,
    pop = 0xd8,
    return_receiver = 0x58,
    return_top = 0x5c,
    block_return_nil = 0x5d,
    block_return_top = 0x5e,
    send_add = 0x60,
    send_less_equal = 0x64,
    send_greater_equal = 0x65,
    send_identical = 0x76,
};
constexpr const char* special_selectors[] = {
    "+",  "-",         "<",  ">",       "<=",     ">=",  "=",       "~=",   "*",    "/",        "\\\\",
    "@",  "bitShift:", "//", "bitAnd:", "bitOr:", "at:", "at:put:", "size", "next", "nextPut:", "atEnd",
    "==", "class",     "~~", "value",   "value:", "do:", "new",     "new:", "x",    "y"};

bool is_block(const tree* t, size_t arguments) {
    return t && t->kind == tree_kind::block && t->arguments.size() == arguments;
}
// Whether a send's blocks may become part of the code around it.
bool can_inline(const tree& t) {
    const std::string& s = t.text;
    const tree* receiver = t.parts[0].get();
    auto argument = [&](size_t i) { return t.parts[i].get(); };
    if (!receiver || t.never_inline || (receiver->kind == tree_kind::name && receiver->text == "super")) return false;
    bool loops = s.compare(0, 5, "while") == 0 || s == "repeat";
    if (!loops && receiver->kind == tree_kind::block) return false;
    if (s == "ifTrue:" || s == "ifFalse:" || s == "and:" || s == "or:" || s == "ifNil:")
        return is_block(argument(1), 0);
    if (s == "ifNotNil:") return is_block(argument(1), 0) || is_block(argument(1), 1);
    if (s == "ifTrue:ifFalse:" || s == "ifFalse:ifTrue:") return is_block(argument(1), 0) && is_block(argument(2), 0);
    if (s == "ifNil:ifNotNil:")
        return is_block(argument(1), 0) && (is_block(argument(2), 0) || is_block(argument(2), 1));
    if (s == "ifNotNil:ifNil:")
        return is_block(argument(2), 0) && (is_block(argument(1), 0) || is_block(argument(1), 1));
    if (s == "whileTrue:" || s == "whileFalse:") return is_block(receiver, 0) && is_block(argument(1), 0);
    if (s == "whileTrue" || s == "whileFalse" || s == "repeat") return is_block(receiver, 0);
    if (s == "to:do:") return argument(1)->kind != tree_kind::block && is_block(argument(2), 1);
    if (s == "to:by:do:")
        return argument(1)->kind != tree_kind::block && is_block(argument(3), 1) &&
               argument(2)->kind == tree_kind::integer && argument(2)->integer != 0;
    return false;
}
bool is_loop(const std::string& s) {
    return s.compare(0, 5, "while") == 0 || s == "repeat" || s.compare(0, 3, "to:") == 0;
}

// ---- what names mean, and which variables blocks capture
class analysis {
public:
    analysis(std::deque<variable>& variables, std::deque<scope>& scopes) : variables_(variables), scopes_(scopes) {}
    // Until no loop's own variables are captured.
    void run(tree& body) {
        do {
            changed_ = false;
            variables_.clear();
            scopes_.clear();
            visible_.clear();
            visit_scope(body);
        } while (changed_);
        current_ = nullptr;
        place_scope(body);
    }

private:
    void declare(tree& block) {
        block.own_variables.clear();
        for (const auto* names : {&block.arguments, &block.temporaries})
            for (const std::string& name : *names) {
                variables_.push_back({name, current_});
                block.own_variables.push_back(&variables_.back());
                current_->variables.push_back(&variables_.back());
                visible_.push_back(&variables_.back());
            }
    }
    void visit_block(tree& block) {
        size_t outside = visible_.size();
        declare(block);
        for (tree_pointer& part : block.parts) visit(*part);
        visible_.resize(outside);
    }
    void visit_scope(tree& block) {
        scopes_.emplace_back();
        scopes_.back().outer = current_;
        scope* kept = current_;
        current_ = block.own_scope = &scopes_.back();
        current_->arguments = static_cast<long>(block.arguments.size());
        visit_block(block);
        current_ = kept;
    }
    variable* find(const std::string& name) {
        for (size_t i = visible_.size(); i-- > 0;)
            if (visible_[i]->name == name) return visible_[i];
        return nullptr;
    }
    void visit(tree& t) {
        t.resolved = nullptr;
        if (t.kind == tree_kind::block) return visit_scope(t);
        if (t.kind == tree_kind::send && (t.inlined = can_inline(t))) return visit_inlined(t);
        if (t.kind != tree_kind::array && t.kind != tree_kind::bytes)
            for (tree_pointer& part : t.parts)
                if (part) visit(*part);
        if (t.kind != tree_kind::name && t.kind != tree_kind::assign) return;
        t.resolved = find(t.text);
        if (!t.resolved) return;
        if (t.resolved->owner != current_) t.resolved->captured = true;
        if (t.kind == tree_kind::assign) t.resolved->assigned = true;
    }
    void visit_inlined(tree& t) {
        for (tree_pointer& part : t.parts) {
            if (part->kind != tree_kind::block)
                visit(*part);
            else
                visit_block(*part);
        }
        for (tree_pointer& part : t.parts) {
            if (part->kind != tree_kind::block) continue;
            for (size_t i = 0; i < part->arguments.size(); i++) part->own_variables[i]->assigned = true;
            if (!is_loop(t.text)) continue;
            for (variable* own : part->own_variables)
                if (own->captured) t.never_inline = changed_ = true;
        }
    }

    // ---- places, when all is known
    void place_scope(tree& block) {
        scope* kept = current_;
        current_ = block.own_scope;
        for (tree_pointer& part : block.parts) place(*part);
        scope& own = *current_;
        own.slots = own.arguments + static_cast<long>(own.copied.size());
        for (size_t i = 0; i < own.variables.size(); i++) {
            variable& v = *own.variables[i];
            if (v.is_remote())
                v.slot = own.remote_count++;
            else if (static_cast<long>(i) < own.arguments)
                v.slot = static_cast<long>(i);
        }
        if (own.remote_count) own.array_slot = own.slots++;
        for (variable* v : own.variables)
            if (v->slot < 0) v->slot = own.slots++;
        current_ = kept;
    }
    void place(tree& t) {
        if (t.kind == tree_kind::block) return place_scope(t);
        for (tree_pointer& part : t.parts) {
            if (!part) continue;
            if (t.inlined && part->kind == tree_kind::block)
                for (tree_pointer& statement : part->parts) place(*statement);
            else
                place(*part);
        }
        if (!t.resolved) return;
        variable* v = t.resolved;
        const void* key = v->is_remote() ? static_cast<const void*>(v->owner) : v;
        for (scope* s = current_; s != v->owner; s = s->outer)
            if (std::find(s->copied.begin(), s->copied.end(), key) == s->copied.end()) s->copied.push_back(key);
    }

    std::deque<variable>& variables_;
    std::deque<scope>& scopes_;
    std::vector<variable*> visible_;
    scope* current_ = nullptr;
    bool changed_ = false;
};

// ---- bytecodes of one method or block
class generator {
public:
    generator(const class_names& names, scope& own, std::string& error)
        : names_(names), scope_(own), error_(error), result_(std::make_shared<compiled>()), out_(&result_->bytes) {}
    std::shared_ptr<compiled> method(method_tree& m, bool answers_last_value) {
        if (m.primitive) {
            if (m.primitive == 117) {
                literal name, module, description, zero;
                name.kind = module.kind = literal::symbol;
                name.text = m.primitive_name;
                module.text = m.primitive_module;
                description.kind = literal::array;
                zero.kind = literal::integer;
                description.parts = {module, name, zero, zero};
                result_->literals.push_back(description);
            }
            result_->has_primitive = true;
            emit(call_primitive, static_cast<uint8_t>(m.primitive), static_cast<uint8_t>(m.primitive >> 8));
        }
        begin_scope();
        statements(*m.body, answers_last_value ? returning : in_method);
        return finish();
    }
    std::shared_ptr<compiled> block(tree& b) {
        begin_scope();
        statements(b, in_block);
        return finish();
    }

private:
    enum ending { in_method, returning, in_block };
    void fail(const tree& t, const std::string& text) {
        if (error_.empty()) error_ = "line " + std::to_string(t.line) + ": " + text;
    }
    std::shared_ptr<compiled> finish() {
        result_->arguments = scope_.arguments;
        result_->temporaries = scope_.slots;
        if (scope_.slots > 63 && error_.empty()) error_ = "too many temporaries";
        return result_;
    }
    void begin_scope() {
        if (!scope_.remote_count) return;
        emit(new_array, static_cast<uint8_t>(scope_.remote_count));
        pop_slot(scope_.array_slot);
    }
    void statements(tree& block, ending how) {
        for (size_t i = 0; i < block.parts.size(); i++) {
            tree& statement = *block.parts[i];
            bool last = i + 1 == block.parts.size();
            if (statement.kind == tree_kind::leave) {
                value(*statement.parts[0]);
                emit(return_top);
                if (last) return;
            } else if (last && how != in_method) {
                value(statement);
                return emit(how == in_block ? block_return_top : return_top);
            } else {
                effect(statement);
            }
        }
        if (how == in_block)
            emit(block_return_nil);
        else
            emit(return_receiver);
    }

    // ---- emitting
    void emit(uint8_t byte) { out_->push_back(byte); }
    void emit(uint8_t first, uint8_t second) { emit(first), emit(second); }
    void emit(uint8_t first, uint8_t second, uint8_t third) { emit(first), emit(second), emit(third); }
    void emit_index(uint8_t code, long index) {
        if (index > 255) emit(extend_a, static_cast<uint8_t>(index >> 8));
        emit(code, static_cast<uint8_t>(index));
    }
    template <class Piece> std::vector<uint8_t> piece(Piece make) {
        std::vector<uint8_t> bytes;
        std::vector<uint8_t>* kept = out_;
        out_ = &bytes;
        make();
        out_ = kept;
        return bytes;
    }
    void append(const std::vector<uint8_t>& bytes) { out_->insert(out_->end(), bytes.begin(), bytes.end()); }
    void emit_jump(uint8_t code, size_t distance) {
        if (distance >= 1 && distance <= 8)
            return emit(static_cast<uint8_t>((code == jump ? 0xb0 : code == jump_true ? 0xb8 : 0xc0) + distance - 1));
        if (distance > 255) emit(extend_b, static_cast<uint8_t>(distance >> 8));
        if (distance > 32767 && error_.empty()) error_ = "a jump is too long";
        emit(code, static_cast<uint8_t>(distance));
    }
    static constexpr size_t back_jump_size = 4;
    void emit_back_jump(size_t distance) { // from the jump's end
        long d = -static_cast<long>(distance);
        emit(extend_b, static_cast<uint8_t>(d >> 8));
        emit(jump, static_cast<uint8_t>(d));
    }

    // ---- literals
    long add_literal(const literal& wanted) {
        bool shared = wanted.kind == literal::integer || wanted.kind == literal::symbol ||
                      wanted.kind == literal::character || wanted.kind == literal::binding;
        if (shared)
            for (size_t i = 0; i < result_->literals.size(); i++) {
                const literal& have = result_->literals[i];
                if (have.kind == wanted.kind && have.text == wanted.text && have.number == wanted.number)
                    return static_cast<long>(i);
            }
        result_->literals.push_back(wanted);
        return static_cast<long>(result_->literals.size()) - 1;
    }
    void push_constant(const literal& l) {
        long index = add_literal(l);
        if (index < 32)
            emit(static_cast<uint8_t>(0x20 + index));
        else
            emit_index(push_literal, index);
    }
    literal literal_of(const tree& t) {
        literal l;
        l.text = t.text;
        l.number = t.integer;
        l.real_number = t.real;
        switch (t.kind) {
        case tree_kind::name:
            l.kind = t.text == "true" ? literal::true_value : t.text == "false" ? literal::false_value : literal::nil;
            break;
        case tree_kind::integer: l.kind = literal::integer; break;
        case tree_kind::real: l.kind = literal::real; break;
        case tree_kind::string: l.kind = literal::string; break;
        case tree_kind::symbol: l.kind = literal::symbol; break;
        case tree_kind::character: l.kind = literal::character; break;
        case tree_kind::array:
        case tree_kind::bytes:
            l.kind = t.kind == tree_kind::array ? literal::array : literal::bytes;
            for (const tree_pointer& part : t.parts) l.parts.push_back(literal_of(*part));
            break;
        default: fail(t, "no literal");
        }
        return l;
    }
    void integer(int64_t n) {
        if (n == 0 || n == 1) return emit(static_cast<uint8_t>(0x50 + n));
        if (n >= 0 && n < 256) return emit(push_integer, static_cast<uint8_t>(n));
        if (n < 0 && n >= -256) {
            emit(extend_b, 255);
            return emit(push_integer, static_cast<uint8_t>(n + 256));
        }
        literal l;
        l.kind = literal::integer;
        l.number = n;
        push_constant(l);
    }

    // ---- variables
    long slot_of(const void* key, const scope* owner, long own_slot) {
        if (owner == &scope_) return own_slot;
        auto found = std::find(scope_.copied.begin(), scope_.copied.end(), key);
        return scope_.arguments + (found - scope_.copied.begin());
    }
    long slot_of(const variable* v) { return slot_of(v, v->owner, v->slot); }
    long array_of(const variable* v) { return slot_of(v->owner, v->owner, v->owner->array_slot); }
    void push_slot(long slot) {
        if (slot < 12)
            emit(static_cast<uint8_t>(0x40 + slot));
        else
            emit(push_temporary, static_cast<uint8_t>(slot));
    }
    void pop_slot(long slot) {
        if (slot < 8)
            emit(static_cast<uint8_t>(0xd0 + slot));
        else
            emit(pop_temporary, static_cast<uint8_t>(slot));
    }
    void push_variable(const variable* v) {
        if (v->is_remote())
            emit(push_remote, static_cast<uint8_t>(v->slot), static_cast<uint8_t>(array_of(v)));
        else
            push_slot(slot_of(v));
    }
    void pop_variable(const variable* v) {
        if (v->is_remote())
            emit(pop_remote, static_cast<uint8_t>(v->slot), static_cast<uint8_t>(array_of(v)));
        else
            pop_slot(slot_of(v));
    }
    void store_variable(const variable* v) {
        if (v->is_remote())
            emit(store_remote, static_cast<uint8_t>(v->slot), static_cast<uint8_t>(array_of(v)));
        else
            emit(store_temporary, static_cast<uint8_t>(slot_of(v)));
    }
    long instance_variable(const std::string& name) {
        for (size_t i = names_.instance_variables.size(); i-- > 0;)
            if (names_.instance_variables[i] == name) return static_cast<long>(i);
        return -1;
    }
    long binding(const tree& t) {
        literal l;
        l.kind = literal::binding;
        for (const auto& [name, full] : names_.class_variables)
            if (name == t.text) {
                l.text = full;
                return add_literal(l);
            }
        if (!names_.globals->count(t.text)) fail(t, t.text + " is not declared");
        l.text = t.text;
        return add_literal(l);
    }
    void name(const tree& t) {
        if (t.resolved) return push_variable(t.resolved);
        static const struct {
            const char* name;
            uint8_t code;
        } reserved[] = {{"self", push_receiver}, {"super", push_receiver}, {"true", push_true},
                        {"false", push_false},   {"nil", push_nil},        {"thisContext", push_this_context}};
        for (const auto& row : reserved)
            if (t.text == row.name) return emit(row.code);
        if (long index = instance_variable(t.text); index >= 0) {
            if (index < 16) return emit(static_cast<uint8_t>(index));
            return emit_index(push_instance_variable, index);
        }
        long index = binding(t);
        if (index < 16) return emit(static_cast<uint8_t>(0x10 + index));
        emit_index(push_literal_variable, index);
    }
    void assign(const tree& t, bool keep) {
        value(*t.parts[0]);
        if (t.resolved) {
            if (std::find(t.resolved->owner->variables.begin(),
                          t.resolved->owner->variables.begin() + t.resolved->owner->arguments,
                          t.resolved) != t.resolved->owner->variables.begin() + t.resolved->owner->arguments)
                fail(t, "an argument can't be assigned");
            return keep ? store_variable(t.resolved) : pop_variable(t.resolved);
        }
        if (long index = instance_variable(t.text); index >= 0) {
            if (!keep && index < 8) return emit(static_cast<uint8_t>(0xc8 + index));
            return emit_index(keep ? store_instance_variable : pop_instance_variable, index);
        }
        emit_index(keep ? store_literal_variable : pop_literal_variable, binding(t));
    }

    // ---- expressions
    void value(tree& t) {
        switch (t.kind) {
        case tree_kind::name: return name(t);
        case tree_kind::integer: return integer(t.integer);
        case tree_kind::character: return emit(push_character, static_cast<uint8_t>(t.integer));
        case tree_kind::real:
        case tree_kind::string:
        case tree_kind::symbol:
        case tree_kind::array:
        case tree_kind::bytes: return push_constant(literal_of(t));
        case tree_kind::brace:
            for (tree_pointer& part : t.parts) value(*part);
            if (t.parts.size() > 127) fail(t, "too many items");
            return emit(new_array, static_cast<uint8_t>(t.parts.size() | 128));
        case tree_kind::block: return closure(t);
        case tree_kind::assign: return assign(t, true);
        case tree_kind::send:
            if (t.inlined) return inlined(t, true);
            value(*t.parts[0]);
            return send(t, t.parts[0]->kind == tree_kind::name && t.parts[0]->text == "super");
        case tree_kind::cascade:
            value(*t.parts[0]);
            for (size_t i = 1; i < t.parts.size(); i++) {
                bool last = i + 1 == t.parts.size();
                if (!last) emit(duplicate);
                send(*t.parts[i], t.parts[0]->kind == tree_kind::name && t.parts[0]->text == "super");
                if (!last) emit(pop);
            }
            return;
        case tree_kind::leave: fail(t, "^ is no expression"); return;
        }
    }
    void effect(tree& t) {
        if (t.kind == tree_kind::assign) return assign(t, false);
        if (t.kind == tree_kind::send && t.inlined) return inlined(t, false);
        value(t);
        emit(pop);
    }
    void send(tree& t, bool to_super) {
        for (size_t i = 1; i < t.parts.size(); i++) value(*t.parts[i]);
        size_t count = t.parts.size() - 1;
        if (!to_super)
            for (size_t i = 0; i < std::size(special_selectors); i++)
                if (t.text == special_selectors[i]) return emit(static_cast<uint8_t>(0x60 + i));
        literal l;
        l.kind = literal::symbol;
        l.text = t.text;
        long index = add_literal(l);
        if (!to_super && index < 16 && count < 3) return emit(static_cast<uint8_t>(0x80 + count * 16 + index));
        if (index > 31) emit(extend_a, static_cast<uint8_t>(index >> 5));
        if (count > 7) emit(extend_b, static_cast<uint8_t>(count >> 3));
        emit(to_super ? send_super : send_literal, static_cast<uint8_t>((index & 31) << 3 | (count & 7)));
    }
    void closure(tree& t) {
        literal l;
        l.kind = literal::block;
        l.code = generator(names_, *t.own_scope, error_).block(t);
        for (const void* key : t.own_scope->copied) {
            // A variable, or the array of a scope further out.
            bool is_array = false;
            for (scope* s = &scope_; s; s = s->outer)
                if (s == key) push_slot(slot_of(key, s, s->array_slot)), is_array = true;
            if (!is_array) push_slot(slot_of(static_cast<const variable*>(key)));
        }
        long index = add_literal(l);
        if (index > 255) emit(extend_a, static_cast<uint8_t>(index >> 8));
        emit(push_closure, static_cast<uint8_t>(index), static_cast<uint8_t>(t.own_scope->copied.size()));
    }

    // ---- blocks that are part of the code around them
    void body(tree& block, bool keep) {
        for (size_t i = block.arguments.size(); i < block.own_variables.size(); i++) {
            emit(push_nil);
            pop_variable(block.own_variables[i]);
        }
        if (block.parts.empty() && keep) emit(push_nil);
        for (size_t i = 0; i < block.parts.size(); i++) {
            tree& statement = *block.parts[i];
            if (statement.kind == tree_kind::leave) {
                value(*statement.parts[0]);
                emit(return_top);
            } else if (keep && i + 1 == block.parts.size()) {
                value(statement);
            } else {
                effect(statement);
            }
        }
    }
    // What is on the stack decides between two pieces.
    void branch(uint8_t jump_to_second, const std::vector<uint8_t>& first, const std::vector<uint8_t>& second) {
        std::vector<uint8_t> over = piece([&] {
            if (!second.empty()) emit_jump(jump, second.size());
        });
        emit_jump(jump_to_second, first.size() + over.size());
        append(first);
        append(over);
        append(second);
    }
    std::vector<uint8_t> body_piece(tree* block, bool keep, uint8_t otherwise) {
        return piece([&] {
            if (block)
                body(*block, keep);
            else if (keep)
                emit(otherwise);
        });
    }
    void inlined(tree& t, bool keep) {
        const std::string& s = t.text;
        tree* first = t.parts.size() > 1 ? t.parts[1].get() : nullptr;
        tree* second = t.parts.size() > 2 ? t.parts[2].get() : nullptr;
        if (s.compare(0, 5, "while") == 0 || s == "repeat") return loop(t, keep);
        if (s.compare(0, 3, "to:") == 0) return counting_loop(t, keep);
        value(*t.parts[0]);
        // Pieces are made in the order in which they stand: that is the order of their literals.
        auto either = [&](uint8_t code, tree* one, tree* other, uint8_t otherwise) {
            std::vector<uint8_t> first_piece = body_piece(one, keep, 0);
            branch(code, first_piece, body_piece(other, keep, otherwise));
        };
        if (s == "ifTrue:" || s == "ifTrue:ifFalse:") return either(jump_false, first, second, push_nil);
        if (s == "ifFalse:" || s == "ifFalse:ifTrue:") return either(jump_true, first, second, push_nil);
        if (s == "and:") return either(jump_false, first, nullptr, push_false);
        if (s == "or:") return either(jump_true, first, nullptr, push_true);
        if (s == "ifNil:") {
            if (keep) emit(duplicate);
            emit(push_nil, send_identical);
            return branch(jump_false, piece([&] {
                              if (keep) emit(pop);
                              body(*first, keep);
                          }),
                          {});
        }
        tree* some = s == "ifNil:ifNotNil:" ? second : first;
        tree* none = s == "ifNil:ifNotNil:" ? first : second;
        if (!some->arguments.empty()) store_variable(some->own_variables[0]);
        emit(push_nil, send_identical);
        either(jump_true, some, none, push_nil);
    }
    void loop(tree& t, bool keep) {
        const std::string& s = t.text;
        bool endless = s == "repeat";
        std::vector<uint8_t> condition = piece([&] { body(*t.parts[0], !endless); });
        std::vector<uint8_t> rest = piece([&] {
            if (t.parts.size() > 1) body(*t.parts[1], false);
        });
        std::vector<uint8_t> leave = piece([&] {
            if (!endless)
                emit_jump(s.compare(0, 9, "whileTrue") == 0 ? jump_false : jump_true, rest.size() + back_jump_size);
        });
        append(condition);
        append(leave);
        append(rest);
        emit_back_jump(condition.size() + leave.size() + rest.size() + back_jump_size);
        if (keep) emit(push_nil);
    }
    void counting_loop(tree& t, bool keep) {
        bool has_step = t.text == "to:by:do:";
        int64_t step = has_step ? t.parts[2]->integer : 1;
        tree& block = *t.parts[has_step ? 3 : 2];
        const variable* counter = block.own_variables[0];
        value(*t.parts[0]);
        if (keep) emit(duplicate);
        pop_variable(counter);
        bool constant = t.parts[1]->kind == tree_kind::integer;
        long limit = -1;
        if (!constant) {
            value(*t.parts[1]);
            limit = scope_.slots++;
            pop_slot(limit);
        }
        std::vector<uint8_t> condition = piece([&] {
            push_variable(counter);
            if (constant)
                integer(t.parts[1]->integer);
            else
                push_slot(limit);
            emit(step > 0 ? send_less_equal : send_greater_equal);
        });
        std::vector<uint8_t> rest = piece([&] {
            body(block, false);
            push_variable(counter);
            integer(step);
            emit(send_add);
            pop_variable(counter);
        });
        std::vector<uint8_t> leave = piece([&] { emit_jump(jump_false, rest.size() + back_jump_size); });
        append(condition);
        append(leave);
        append(rest);
        emit_back_jump(condition.size() + leave.size() + rest.size() + back_jump_size);
    }

    const class_names& names_;
    scope& scope_;
    std::string& error_;
    std::shared_ptr<compiled> result_;
    std::vector<uint8_t>* out_;
};

} // namespace

std::shared_ptr<compiled> compile(method_tree& method, const class_names& names, bool answers_last_value,
                                  std::string& error) {
    std::deque<variable> variables;
    std::deque<scope> scopes;
    analysis(variables, scopes).run(*method.body);
    std::shared_ptr<compiled> result =
        generator(names, *method.body->own_scope, error).method(method, answers_last_value);
    result->selector = method.selector;
    result->source = method.source;
    result->category = method.category;
    return error.empty() ? result : nullptr;
}

} // namespace heddle::smalltalk::library
