// Compiling SOM in two passes over the tree of a method.
//
// The first finds out what names mean, which blocks are inlined (those that are literal arguments of ifTrue:,
// whileTrue:, to:do: and their like), and how inner closures use the variables around them. A variable whose value
// cannot change once a closure has captured it is copied into the closure; any other is a shared variable (W_Shared),
// which is made anew each time its scope is entered, and copied in the variable's place. The second pass writes
// instructions.
#include "som_compiler.h"
#include <algorithm>
#include <cstdlib>

namespace heddle::smalltalk::som {

// ---- what the first pass finds
struct scope;
struct variable {
    std::string name;
    scope* home = nullptr;
    int declared = 0;
    std::vector<int> writes, captures; // when, in the order of evaluation
    bool written_inside = false;       // by a closure
    bool shared = false;
    long index = -1; // in its function's frame
    bool captured() const { return !captures.empty(); }
};
// A method's or block's names; inlined blocks have scopes too.
struct scope {
    scope* outer = nullptr;
    function* owner = nullptr;
    std::vector<std::unique_ptr<variable>> variables;
};
// What has a frame of its own: the method, and each closure.
struct function {
    function* outer = nullptr;
    int created = 0; // when the closure is made
    bool leaves = false;
    std::vector<variable*> outer_variables; // of enclosing functions that it, or a closure in it, uses
    struct loop {
        int from, to;
    };
    std::vector<loop> loops;
};

namespace {
// How the blocks of a message are used when it is inlined.
enum class pattern { none, condition, two_conditions, logic, nil_test, two_nil_tests, while_loop, to_do, repeat };
struct inlined_message {
    const char* selector;
    pattern how;
    bool flag; // ifTrue:, and:, ifNil:, whileTrue:, upwards
};
constexpr inlined_message inlined_messages[] = {
    {"ifTrue:", pattern::condition, true},
    {"ifFalse:", pattern::condition, false},
    {"ifTrue:ifFalse:", pattern::two_conditions, true},
    {"ifFalse:ifTrue:", pattern::two_conditions, false},
    {"and:", pattern::logic, true},
    {"&&", pattern::logic, true},
    {"or:", pattern::logic, false},
    {"||", pattern::logic, false},
    {"ifNil:", pattern::nil_test, true},
    {"ifNotNil:", pattern::nil_test, false},
    {"ifNil:ifNotNil:", pattern::two_nil_tests, true},
    {"ifNotNil:ifNil:", pattern::two_nil_tests, false},
    {"whileTrue:", pattern::while_loop, true},
    {"whileFalse:", pattern::while_loop, false},
    {"to:do:", pattern::to_do, true},
    {"to:by:do:", pattern::to_do, true},
    {"downTo:do:", pattern::to_do, false},
    {"downTo:by:do:", pattern::to_do, false},
    {"timesRepeat:", pattern::repeat, true},
};
bool is_block(const node& one, size_t arguments) {
    return one.kind == node_kind::block && one.arguments.size() == arguments;
}
bool is_small_integer(const node& one) { return one.kind == node_kind::integer && one.text.size() < 10; }
const inlined_message* inlining_of(const node& send) {
    const inlined_message* found = nullptr;
    for (const inlined_message& each : inlined_messages)
        if (send.text == each.selector) found = &each;
    if (!found) return nullptr;
    const auto& children = send.children;
    bool fits = false;
    switch (found->how) {
    case pattern::none: break;
    case pattern::condition:
    case pattern::logic:
    case pattern::nil_test: fits = is_block(*children[1], 0); break;
    case pattern::two_conditions:
    case pattern::two_nil_tests: fits = is_block(*children[1], 0) && is_block(*children[2], 0); break;
    case pattern::while_loop: fits = is_block(*children[0], 0) && is_block(*children[1], 0); break;
    case pattern::to_do: fits = is_block(*children.back(), 1); break;
    case pattern::repeat: fits = is_block(*children[1], 0); break;
    }
    if (fits && children[0]->kind == node_kind::name && children[0]->text == "super") fits = false;
    return fits ? found : nullptr;
}

bool is_restart(const node& one) {
    return one.kind == node_kind::send && one.text == "restart" && one.children[0]->kind == node_kind::name &&
           one.children[0]->text == "self";
}

class resolver {
public:
    resolver(const std::string& file, const std::vector<std::string>& fields, long first_field,
             std::vector<std::unique_ptr<function>>& functions, std::vector<std::unique_ptr<scope>>& scopes,
             std::string& error)
        : file_(file), fields_(fields), first_field_(first_field), functions_(functions), scopes_(scopes),
          error_(error) {}

    bool run(node& method) {
        enter_function(method, nullptr);
        for (const auto& one : functions_) decide(*one);
        return error_.empty();
    }

private:
    void enter_function(node& block, scope* outer) {
        functions_.push_back(std::make_unique<function>());
        function* made = functions_.back().get();
        made->outer = function_;
        made->created = ++now_;
        block.made = made;
        function* kept = function_;
        function_ = made;
        enter_scope(block, outer);
        function_ = kept;
    }
    void enter_scope(node& block, scope* outer) {
        scopes_.push_back(std::make_unique<scope>());
        scope* made = scopes_.back().get();
        made->outer = outer;
        made->owner = function_;
        declare(block.arguments, made, block.own_arguments);
        declare(block.locals, made, block.own_locals);
        scope* kept = scope_;
        scope_ = made;
        for (auto& statement : block.children) visit(*statement);
        scope_ = kept;
    }
    void declare(const std::vector<std::string>& names, scope* in, std::vector<variable*>& into) {
        for (const std::string& name : names) {
            in->variables.push_back(std::make_unique<variable>());
            variable* made = in->variables.back().get();
            made->name = name;
            made->home = in;
            made->declared = ++now_;
            into.push_back(made);
        }
    }
    variable* find(const std::string& name) {
        for (scope* at = scope_; at; at = at->outer)
            for (auto one = at->variables.rbegin(); one != at->variables.rend(); ++one)
                if ((*one)->name == name) return one->get();
        return nullptr;
    }
    // The functions between a use and the variable's home have to hand it on.
    void use(variable* v) {
        function* inside = nullptr;
        for (function* at = function_; at != v->home->owner; at = at->outer) {
            auto& known = at->outer_variables;
            if (std::find(known.begin(), known.end(), v) == known.end()) known.push_back(v);
            inside = at;
        }
        if (inside) v->captures.push_back(inside->created);
    }
    void name(node& one) {
        one.resolved = find(one.text);
        if (one.resolved) return use(one.resolved);
        for (size_t i = fields_.size(); i-- > 0;) {
            if (fields_[i] != one.text) continue;
            one.field = first_field_ + static_cast<long>(i);
            return;
        }
    }
    void assignment(node& one) {
        visit(*one.children[0]);
        name(one);
        if (one.resolved) {
            one.resolved->writes.push_back(++now_);
            if (one.resolved->home->owner != function_) one.resolved->written_inside = true;
        } else if (one.field < 0 && error_.empty()) {
            error_ = file_ + ":" + std::to_string(one.line) + ": " + one.text + " can't be assigned to";
        }
    }
    void send(node& one) {
        const inlined_message* how = inlining_of(one);
        one.inlined = how != nullptr;
        if (!how) {
            for (auto& child : one.children) visit(*child);
            return;
        }
        bool counts = how->how == pattern::to_do || how->how == pattern::repeat;
        bool loops = counts || how->how == pattern::while_loop;
        int from = ++now_;
        for (size_t i = 0; i < one.children.size(); i++) {
            node& child = *one.children[i];
            bool takes_block = child.kind == node_kind::block && (i > 0 || how->how == pattern::while_loop);
            // A loop's limit and step are evaluated once, before it.
            if (takes_block && counts) from = ++now_;
            if (takes_block)
                enter_scope(child, scope_);
            else
                visit(child);
        }
        if (loops) function_->loops.push_back({from, ++now_});
    }
    void visit(node& one) {
        switch (one.kind) {
        case node_kind::name: name(one); break;
        case node_kind::assignment: assignment(one); break;
        case node_kind::send: send(one); break;
        case node_kind::block: enter_function(one, scope_); break;
        case node_kind::leave:
            for (function* at = function_; at; at = at->outer) at->leaves = true;
            visit(*one.children[0]);
            break;
        default: break;
        }
    }
    // Which variables of a function must be shared.
    void decide(function& one) {
        for (auto& names : scopes_) {
            if (names->owner != &one) continue;
            for (auto& v : names->variables) {
                if (!v->captured()) continue;
                v->shared = v->written_inside || changes_after_capture(*v, one);
            }
        }
    }
    static bool changes_after_capture(const variable& v, const function& one) {
        for (int write : v.writes) {
            for (int capture : v.captures) {
                if (write > capture) return true;
                for (const function::loop& loop : one.loops) {
                    bool around = v.declared < loop.from;
                    if (around && write > loop.from && write < loop.to && capture > loop.from && capture < loop.to)
                        return true;
                }
            }
        }
        return false;
    }

    const std::string& file_;
    const std::vector<std::string>& fields_;
    long first_field_;
    std::vector<std::unique_ptr<function>>& functions_;
    std::vector<std::unique_ptr<scope>>& scopes_;
    std::string& error_;
    function* function_ = nullptr;
    scope* scope_ = nullptr;
    int now_ = 0;
};

struct special_message {
    const char* selector;
    operation what;
};
constexpr special_message special_messages[] = {
    {"+", ADD},        {"-", SUBTRACT},    {"*", MULTIPLY},       {"<", LESS},
    {">", GREATER},    {"<=", LESS_EQUAL}, {">=", GREATER_EQUAL}, {"=", EQUAL},
    {"<>", NOT_EQUAL}, {"%", MODULO},      {"&", BIT_AND},
};

// The second pass, for one function.
class emitter {
public:
    emitter(function& one, compiled& into) : function_(one), into_(into) {}

    // `restarts`: `self restart` means the method's beginning.
    void run(node& block, bool is_method, bool restarts) {
        is_method_ = is_method;
        restarts_ = restarts;
        line_ = block.line;
        into_.is_block = !is_method;
        into_.arguments = static_cast<long>(block.arguments.size());
        for (variable* v : block.own_arguments) v->index = frame_size_++;
        first_copied_ = frame_size_;
        frame_size_ += static_cast<long>(function_.outer_variables.size());
        enter(block, true);
        statements(block, !is_method);
        if (is_method) emit(PUSH_RECEIVER, 0, 0, 1); // the answer without a `^`
        emit(RETURN_TOP, 0, 0, -1);
        into_.temporaries = frame_size_;
    }

private:
    // ---- the frame
    // In this function's frame: what a closure was given comes behind its arguments.
    long index_of(const variable* v) {
        if (v->home->owner == &function_) return v->index;
        const auto& copied = function_.outer_variables;
        return first_copied_ + (std::find(copied.begin(), copied.end(), v) - copied.begin());
    }
    // At the start of a scope.
    void enter(node& block, bool outermost) {
        for (variable* v : block.own_arguments)
            if (v->shared && outermost) emit(NEW_SHARED, v->index, 1, 0);
        for (variable* v : block.own_locals) {
            v->index = frame_size_++;
            if (v->shared) {
                emit(NEW_SHARED, v->index, 0, 0);
            } else if (!outermost || restarts_) {
                // The frame begins with nil in it; a loop comes here again.
                emit(PUSH_NIL, 0, 0, 1);
                emit(POP_TEMPORARY, v->index, 0, -1);
            }
        }
    }
    void load(const variable* v) { emit(v->shared ? PUSH_SHARED : PUSH_TEMPORARY, index_of(v), 0, 1); }
    void store(const variable* v) { emit(v->shared ? STORE_SHARED : STORE_TEMPORARY, index_of(v), 0, 0); }
    void store_and_drop(const variable* v) { emit(v->shared ? POP_SHARED : POP_TEMPORARY, index_of(v), 0, -1); }

    // ---- instructions
    long here() const { return static_cast<long>(into_.instructions.size()); }
    long emit(operation what, long a, long b, long effect) {
        into_.instructions.push_back({what, a, b, line_});
        depth_ += effect;
        return here() - 1;
    }
    void land(long jump) { into_.instructions[static_cast<size_t>(jump)].b = here(); }
    long constant_index(constant::kind_of kind, const std::string& text) {
        for (size_t i = 0; i < into_.constants.size(); i++)
            if (into_.constants[i].kind == kind && into_.constants[i].text == text) return static_cast<long>(i);
        constant made;
        made.kind = kind;
        made.text = text;
        into_.constants.push_back(made);
        return static_cast<long>(into_.constants.size()) - 1;
    }
    void push_constant(constant made) {
        into_.constants.push_back(std::move(made));
        emit(PUSH_CONSTANT, static_cast<long>(into_.constants.size()) - 1, 0, 1);
    }
    void push_integer(const std::string& text) { emit(PUSH_CONSTANT, constant_index(constant::integer, text), 0, 1); }
    static constant literal(const node& one) {
        constant made;
        made.kind = one.kind == node_kind::integer  ? constant::integer
                    : one.kind == node_kind::real   ? constant::real
                    : one.kind == node_kind::string ? constant::string
                    : one.kind == node_kind::symbol ? constant::symbol
                                                    : constant::array;
        made.text = one.text;
        if (one.kind == node_kind::real) made.number = strtod(one.text.c_str(), nullptr);
        for (const auto& item : one.children) made.items.push_back(literal(*item));
        return made;
    }

    // ---- statements. Each expression leaves its value on the stack if it is wanted.
    void statements(node& block, bool wanted) {
        for (size_t i = 0; i < block.children.size(); i++) {
            bool last = i + 1 == block.children.size();
            expression(*block.children[i], wanted && last);
        }
        if (block.children.empty() && wanted) emit(PUSH_NIL, 0, 0, 1);
    }
    void inlined_block(node& block, bool wanted) {
        enter(block, false);
        statements(block, wanted);
    }
    void expression(node& one, bool wanted) {
        line_ = one.line;
        switch (one.kind) {
        case node_kind::assignment:
            expression(*one.children[0], true);
            line_ = one.line;
            return assign(one, wanted);
        case node_kind::leave: return leave(one, wanted);
        case node_kind::send:
            if (one.inlined) return inlined(one, *inlining_of(one), wanted);
            send(one);
            break;
        case node_kind::name: name(one); break;
        case node_kind::integer: push_integer(one.text); break;
        case node_kind::block: closure(one); break;
        case node_kind::symbol: emit(PUSH_CONSTANT, constant_index(constant::symbol, one.text), 0, 1); break;
        default: push_constant(literal(one)); break;
        }
        if (!wanted) emit(POP, 0, 0, -1);
    }
    void assign(node& one, bool wanted) {
        if (one.resolved)
            wanted ? store(one.resolved) : store_and_drop(one.resolved);
        else if (wanted)
            emit(STORE_FIELD, one.field, 0, 0);
        else
            emit(POP_FIELD, one.field, 0, -1);
    }
    void leave(node& one, bool wanted) {
        expression(*one.children[0], true);
        line_ = one.line;
        // In a closure a `^` whose method has returned goes on with what escapedBlock: answers.
        if (!is_method_) emit(RETURN_NON_LOCAL, 0, 0, 0);
        emit(RETURN_TOP, 0, 0, wanted ? 0 : -1);
    }
    void name(const node& one) {
        if (one.resolved) return load(one.resolved);
        if (one.field >= 0) {
            emit(PUSH_FIELD, one.field, 0, 1);
            return;
        }
        operation what = one.text == "self" || one.text == "super" ? PUSH_RECEIVER
                         : one.text == "nil"                       ? PUSH_NIL
                         : one.text == "true"                      ? PUSH_TRUE
                         : one.text == "false"                     ? PUSH_FALSE
                                                                   : PUSH_GLOBAL;
        emit(what, what == PUSH_GLOBAL ? constant_index(constant::global, one.text) : 0, 0, 1);
    }
    void closure(node& one) {
        constant made;
        made.kind = constant::block;
        made.code = std::make_shared<compiled>();
        emitter(*one.made, *made.code).run(one, false, false);
        line_ = one.line;
        long copied = static_cast<long>(one.made->outer_variables.size());
        for (const variable* each : one.made->outer_variables) emit(PUSH_TEMPORARY, index_of(each), 0, 1);
        if (copied > 63)
            emit(PUSH_TEMPORARY, 1 << 20, 0, 1); // more than an instruction can say: the verifier refuses it
        into_.constants.push_back(std::move(made));
        // Without `^` the closure needs no context.
        long needs_no_context = one.made->leaves ? 0 : 256;
        emit(MAKE_BLOCK, static_cast<long>(into_.constants.size()) - 1, copied | needs_no_context, 1 - copied);
    }
    void send(node& one) {
        bool to_super = one.children[0]->kind == node_kind::name && one.children[0]->text == "super";
        if (restarts_ && is_restart(one) && depth_ == 0) {
            emit(JUMP_BACK, 0, 0, 1);
            return;
        }
        for (auto& child : one.children) expression(*child, true);
        line_ = one.line;
        long count = static_cast<long>(one.children.size()) - 1;
        operation what = to_super ? SEND_SUPER : SEND;
        for (const special_message& each : special_messages)
            if (!to_super && one.text == each.selector) what = each.what;
        emit(what, constant_index(constant::symbol, one.text), what < ADD ? count : 0, -count);
    }

    // ---- inlined messages
    void inlined(node& one, const inlined_message& how, bool wanted) {
        switch (how.how) {
        case pattern::condition: return condition(one, how.flag, PUSH_NIL, wanted);
        case pattern::two_conditions: return two_conditions(one, how.flag, wanted);
        case pattern::logic: return condition(one, how.flag, how.flag ? PUSH_FALSE : PUSH_TRUE, wanted);
        case pattern::nil_test: return nil_test(one, how.flag, wanted);
        case pattern::two_nil_tests: return two_nil_tests(one, how.flag, wanted);
        case pattern::while_loop: return while_loop(one, how.flag, wanted);
        case pattern::to_do:
        case pattern::repeat: return to_do(one, how, wanted);
        case pattern::none: return;
        }
    }
    // One of two ways: code for the first ends here, and the depth is what it was before it.
    long otherwise(long jump, bool wanted) {
        long away = emit(JUMP, 0, 0, wanted ? -1 : 0);
        land(jump);
        return away;
    }
    // The block's value if the receiver is `flag`, else what the instruction `other` pushes.
    void condition(node& one, bool flag, operation other, bool wanted) {
        expression(*one.children[0], true);
        long jump = emit(flag ? JUMP_FALSE : JUMP_TRUE, 0, 0, -1);
        inlined_block(*one.children[1], wanted);
        if (!wanted) return land(jump);
        long away = otherwise(jump, true);
        emit(other, 0, 0, 1);
        land(away);
    }
    void two_conditions(node& one, bool flag, bool wanted) {
        expression(*one.children[0], true);
        long jump = emit(flag ? JUMP_FALSE : JUMP_TRUE, 0, 0, -1);
        inlined_block(*one.children[1], wanted);
        long away = otherwise(jump, wanted);
        inlined_block(*one.children[2], wanted);
        land(away);
    }
    // ifNil: answers the receiver when it is not nil, so does ifNotNil: when it is.
    long test_for_nil(bool flag) {
        emit(DUPLICATE, 0, 0, 1);
        emit(PUSH_NIL, 0, 0, 1);
        emit(IDENTICAL, 0, 0, -1);
        return emit(flag ? JUMP_FALSE : JUMP_TRUE, 0, 0, -1);
    }
    void nil_test(node& one, bool flag, bool wanted) {
        expression(*one.children[0], true);
        long jump = test_for_nil(flag);
        emit(POP, 0, 0, -1);
        inlined_block(*one.children[1], true);
        land(jump);
        if (!wanted) emit(POP, 0, 0, -1);
    }
    void two_nil_tests(node& one, bool flag, bool wanted) {
        expression(*one.children[0], true);
        long jump = test_for_nil(flag);
        emit(POP, 0, 0, -1);
        inlined_block(*one.children[1], wanted);
        long away = otherwise(jump, wanted);
        depth_++;
        emit(POP, 0, 0, -1);
        inlined_block(*one.children[2], wanted);
        land(away);
    }
    void while_loop(node& one, bool flag, bool wanted) {
        long start = here();
        inlined_block(*one.children[0], true);
        long jump = emit(flag ? JUMP_FALSE : JUMP_TRUE, 0, 0, -1);
        inlined_block(*one.children[1], false);
        emit(JUMP_BACK, 0, start, 0);
        land(jump);
        if (wanted) emit(PUSH_NIL, 0, 0, 1);
    }
    // Into a temporary of its own, unless it is literal.
    long evaluate_once(node* one) {
        if (!one || is_small_integer(*one)) return -1;
        long index = frame_size_++;
        expression(*one, true);
        emit(POP_TEMPORARY, index, 0, -1);
        return index;
    }
    void push_again(const node* one, long index) {
        if (index >= 0)
            emit(PUSH_TEMPORARY, index, 0, 1);
        else
            push_integer(one ? one->text : "1");
    }
    // Counting loops; timesRepeat: counts from 1 to its receiver.
    void to_do(node& one, const inlined_message& how, bool wanted) {
        bool upwards = how.flag, repeats = how.how == pattern::repeat;
        node& body = *one.children.back();
        node* limit = one.children[repeats ? 0 : 1].get();
        node* step = one.children.size() == 4 ? one.children[2].get() : nullptr;
        variable* argument = repeats ? nullptr : body.own_arguments[0];
        // Without assignments to the argument, and if no closure needs its own, it is the counter itself.
        bool separate = argument && (argument->shared || !argument->writes.empty());
        long counter = frame_size_++;
        if (argument && !separate) argument->index = counter;
        bool known = is_small_integer(*one.children[0]);
        expression(*one.children[0], true);
        if (!known) emit(CHECK_NUMBER, constant_index(constant::symbol, one.text), 0, 0);
        if (wanted) emit(DUPLICATE, 0, 0, 1);
        long limit_index = -1;
        if (repeats && !known) emit(POP_TEMPORARY, limit_index = frame_size_++, 0, -1);
        if (repeats) {
            if (known) emit(POP, 0, 0, -1);
            push_integer("1");
        }
        emit(POP_TEMPORARY, counter, 0, -1);
        if (!repeats) limit_index = evaluate_once(limit);
        long step_index = evaluate_once(step);
        line_ = one.line;
        long start = here();
        emit(PUSH_TEMPORARY, counter, 0, 1);
        push_again(limit, limit_index);
        emit(upwards ? LESS_EQUAL : GREATER_EQUAL, constant_index(constant::symbol, upwards ? "<=" : ">="), 0, -1);
        long jump = emit(JUMP_FALSE, 0, 0, -1);
        enter(body, false);
        if (separate) {
            argument->index = frame_size_++;
            if (argument->shared) emit(NEW_SHARED, argument->index, 0, 0);
            emit(PUSH_TEMPORARY, counter, 0, 1);
            store_and_drop(argument);
        }
        statements(body, false);
        line_ = one.line;
        emit(PUSH_TEMPORARY, counter, 0, 1);
        push_again(step, step_index);
        emit(upwards ? ADD : SUBTRACT, constant_index(constant::symbol, upwards ? "+" : "-"), 0, -1);
        emit(POP_TEMPORARY, counter, 0, -1);
        emit(JUMP_BACK, 0, start, 0);
        land(jump);
    }

    function& function_;
    compiled& into_;
    long frame_size_ = 0, first_copied_ = 0, depth_ = 0;
    int line_ = 0;
    bool is_method_ = false, restarts_ = false;
};

// Constants are checked by the loader, which makes them: none is a blockCopy:'s count.
long no_integer(void*, long) { return -1; }

bool check(compiled& code) {
    for (constant& one : code.constants)
        if (one.code && !check(*one.code)) return false;
    if (code.constants.size() > 0xffff) return false;
    method_shape shape{code.temporaries, static_cast<long>(code.constants.size()), code.is_block, no_integer, nullptr};
    return verify(code.instructions, shape, code.verified);
}

} // namespace

bool compile_method(const std::string& file, const std::string& class_name, method_definition& method,
                    const std::vector<std::string>& fields, long first_field, compiled& into, std::string& error) {
    std::vector<std::unique_ptr<function>> functions;
    std::vector<std::unique_ptr<scope>> scopes;
    if (!resolver(file, fields, first_field, functions, scopes, error).run(*method.body)) return false;
    // Block>>whileTrue: of SOM's library goes round with this.
    bool restarts =
        class_name == "Block" && !method.body->children.empty() && is_restart(*method.body->children.back());
    emitter(*method.body->made, into).run(*method.body, true, restarts);
    if (check(into)) return true;
    error = file + ":" + std::to_string(method.body->line) + ": the method " + method.selector + " is too large";
    return false;
}

void compile_complaint(const std::string& complaint, long arguments, compiled& into) {
    into.arguments = into.temporaries = arguments;
    into.constants.resize(2);
    into.constants[0].kind = constant::string;
    into.constants[0].text = complaint;
    into.constants[1].kind = constant::symbol;
    into.constants[1].text = "error:";
    into.instructions = {{PUSH_RECEIVER, 0, 0, 0}, {PUSH_CONSTANT, 0, 0, 0}, {SEND, 1, 1, 0}, {RETURN_TOP, 0, 0, 0}};
    check(into);
}
} // namespace heddle::smalltalk::som
