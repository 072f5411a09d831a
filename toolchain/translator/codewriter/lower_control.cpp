// Lowering, part one: what holds a function together: values, blocks, edges and phi nodes, branches, selects.
//
// Phi nodes become moves on the edges. The moves of one edge happen at once, so they are put in an order (with a
// temporary register for a cycle). An edge from a block with several successors gets a block of its own for its moves.
#include "lower.h"
#include <llvm/ADT/PostOrderIterator.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/DataLayout.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Module.h>

namespace heddle::translator::codewriter {

using jit::opcode;

jit::source_location file_table::location(const place_in_source& place) {
    if (place.file.empty()) return {};
    auto [found, fresh] = numbers_.try_emplace(place.file, static_cast<uint32_t>(program_.files.size()));
    if (fresh) program_.files.push_back(place.file);
    return {found->second, place.line};
}

bool signature_kinds(const llvm::FunctionType& type, const llvm::AttributeList& attributes, std::string& arguments,
                     kind& result, std::string& reason) {
    if (type.isVarArg()) return reason = "has variable arguments", false;
    for (unsigned i = 0; i < type.getNumParams(); ++i) {
        kind k = kind_of_type(type.getParamType(i));
        if (k == kind::none || attributes.hasParamAttr(i, llvm::Attribute::ByVal) ||
            attributes.hasParamAttr(i, llvm::Attribute::StructRet)) {
            reason = "passes or returns a structure, float or wide integer by value (parameter " +
                     std::to_string(i + 1) + "); use pointers, 64-bit integers and doubles";
            return false;
        }
        arguments += jit::kind_letter(k);
    }
    result = type.getReturnType()->isVoidTy() ? kind::none : kind_of_type(type.getReturnType());
    if (result == kind::none && !type.getReturnType()->isVoidTy()) {
        reason = "returns a structure, float or wide integer by value; return a pointer, a 64-bit integer or a double";
        return false;
    }
    return true;
}

function_lowering::function_lowering(lowering_context& context, llvm::Function& function, flat_function& out)
    : context_(context), function_(function), out_(out), layout_(function.getParent()->getDataLayout()),
      word_bits_(layout_.getPointerSizeInBits()), dominators_(function) {}

unsupported function_lowering::run() {
    std::string reason;
    if (!signature_kinds(*function_.getFunctionType(), function_.getAttributes(), out_.argument_kinds, out_.result,
                         reason))
        return {reason, place_of(function_)};
    if (!refuse_wide_integers()) return problem_;
    for (llvm::Argument& argument : function_.args())
        set(&argument, out_.new_register(kind_of_type(argument.getType())));
    out_.location = context_.files.location(place_of(function_));
    prepare_phis();
    llvm::ReversePostOrderTraversal<llvm::Function*> order(&function_);
    for (llvm::BasicBlock* block : order) block_labels_[block] = out_.new_label();
    for (llvm::BasicBlock* block : order) {
        lower_block(*block);
        if (failed()) return problem_;
    }
    return {};
}

// On a 32-bit target 64-bit integers have no place in jitcode: functions that compute with them are called, not traced.
bool function_lowering::refuse_wide_integers() {
    auto is_wide = [&](const llvm::Value* value) {
        return value->getType()->isIntegerTy() && value->getType()->getIntegerBitWidth() > word_bits_;
    };
    if (word_bits_ >= 64) return true;
    for (llvm::BasicBlock& block : function_)
        for (llvm::Instruction& instruction : block) {
            if (llvm::isa<llvm::GetElementPtrInst>(instruction)) continue; // offsets are folded
            if (auto* intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction);
                intrinsic && intrinsic->isAssumeLikeIntrinsic())
                continue;
            bool wide = is_wide(&instruction);
            for (const llvm::Value* operand : instruction.operands()) wide |= is_wide(operand);
            if (!wide) continue;
            fail(instruction, "computes with integers over " + std::to_string(word_bits_) +
                                  " bits, which traces for this target don't have; use long");
            return false;
        }
    return true;
}

void function_lowering::fail(const llvm::Instruction& where, std::string reason) {
    if (failed()) return;
    problem_.reason = std::move(reason);
    problem_.place = place_of(where);
}

// ---- values
// -----------------------------------------------------------------------------------------------------------------

flat_value function_lowering::constant(llvm::Constant* value, unsigned component) {
    llvm::Type* type = value->getType();
    if (auto* structure = llvm::dyn_cast<llvm::StructType>(type)) {
        llvm::Constant* element = value->getAggregateElement(component);
        return element ? constant(element, 0)
                       : constant(llvm::Constant::getNullValue(structure->getElementType(component)), 0);
    }
    if (auto* number = llvm::dyn_cast<llvm::ConstantInt>(value)) {
        if (number->getBitWidth() > 64) return {};
        return integer(number->getBitWidth() == 1 ? static_cast<int64_t>(number->getZExtValue())
                                                  : number->getSExtValue());
    }
    if (auto* number = llvm::dyn_cast<llvm::ConstantFP>(value))
        return flat_value::of_double(number->getValueAPF().bitcastToAPInt().getZExtValue());
    if (llvm::isa<llvm::UndefValue>(value) || value->isNullValue()) {
        switch (kind_of_type(type)) {
        case kind::integer: return integer(0);
        case kind::floating: return flat_value::of_double(0);
        case kind::pointer: return flat_value::of_pointer(nullptr);
        case kind::vector:
        case kind::none: return {};
        }
    }
    if (auto* expression = llvm::dyn_cast<llvm::ConstantExpr>(value)) {
        llvm::Constant* operand = expression->getOperand(0);
        switch (expression->getOpcode()) {
        case llvm::Instruction::AddrSpaceCast:
        case llvm::Instruction::BitCast: return constant(operand, 0);
        case llvm::Instruction::PtrToInt: return compute(opcode::ptr_to_int, {constant(operand, 0)});
        case llvm::Instruction::IntToPtr: return compute(opcode::int_to_ptr, {constant(operand, 0)}, kind::pointer);
        default: break;
        }
    }
    if (type->isPointerTy()) return flat_value::of_pointer(value);
    return {};
}

flat_value function_lowering::get(llvm::Value* value, unsigned component) {
    if (auto* c = llvm::dyn_cast<llvm::Constant>(value)) {
        flat_value v = constant(c, component);
        if (v.what == flat_value::none && !failed())
            problem_ = {"uses a constant that jitcode can't hold (of a type other than pointer, double or integer up "
                        "to 64 bits)",
                        place_of(function_)};
        return v;
    }
    auto found = values_.find(value);
    if (found != values_.end() && component < found->second.size()) return found->second[component];
    if (llvm::isa<llvm::GEPOperator>(value)) return address_value(value);
    if (auto* cast = llvm::dyn_cast<llvm::AddrSpaceCastInst>(value)) return get(cast->getPointerOperand());
    if (!failed()) problem_ = {"uses a value that jitcode can't hold", place_of(function_)};
    return integer(0);
}

flat_value function_lowering::result_for(llvm::Value* value) {
    flat_value r = out_.new_register(kind_of_type(value->getType()));
    set(value, r);
    return r;
}

flat_instruction& function_lowering::emit(jitcode_op op, llvm::ArrayRef<flat_value> inputs, flat_value result) {
    flat_instruction& i = out_.code.emplace_back();
    i.op = op;
    i.first_input = static_cast<uint32_t>(out_.inputs.size());
    i.input_count = static_cast<uint32_t>(inputs.size());
    out_.inputs.insert(out_.inputs.end(), inputs.begin(), inputs.end());
    i.result = result;
    i.line = pending_line_;
    pending_line_ = no_value;
    return i;
}

flat_value function_lowering::compute(jitcode_op op, llvm::ArrayRef<flat_value> inputs, kind result) {
    flat_value r = out_.new_register(result);
    emit(op, inputs, r);
    return r;
}

void function_lowering::move(flat_value to, flat_value from) {
    jitcode_op op = to.type == kind::pointer    ? jitcode_op::code_move_p
                    : to.type == kind::floating ? jitcode_op::code_move_f
                                                : jitcode_op::code_move_i;
    emit(op, {from}, to);
}

void function_lowering::bind(label l) {
    flat_instruction& i = emit(jitcode_op::code_live, {});
    i.what = flat_instruction::bind_label;
    i.target[0] = l;
}

void function_lowering::jump(label l) { emit(jitcode_op::code_jump, {}).target[0] = l; }

void function_lowering::branch(flat_value condition, label when_true, label when_false) {
    flat_instruction& i = emit(jitcode_op::code_branch, {condition});
    i.target[0] = when_true;
    i.target[1] = when_false;
}

void function_lowering::note_line(const llvm::Instruction& instruction) {
    const llvm::DebugLoc& location = instruction.getDebugLoc();
    if (!location || (last_location_ && *last_location_ == location)) return;
    last_location_ = &location;
    jit::source_location where = context_.files.location(place_of(instruction));
    if (!out_.lines.empty() && out_.lines.back().file == where.file && out_.lines.back().line == where.line) return;
    pending_line_ = static_cast<uint32_t>(out_.lines.size());
    out_.lines.push_back(where);
}

// ---- blocks and edges
// -------------------------------------------------------------------------------------------------------

void function_lowering::prepare_phis() {
    for (llvm::BasicBlock& block : function_)
        for (llvm::PHINode& phi : block.phis()) {
            components parts;
            if (auto* structure = llvm::dyn_cast<llvm::StructType>(phi.getType())) {
                for (llvm::Type* element : structure->elements()) {
                    kind k = kind_of_type(element);
                    if (k == kind::none) return fail(phi, "merges a structure with parts that jitcode can't hold");
                    parts.push_back(out_.new_register(k));
                }
            } else if (kind k = kind_of_type(phi.getType()); k != kind::none) {
                parts.push_back(out_.new_register(k));
            } else {
                return fail(phi,
                            "keeps a value of a type that jitcode does not have (float, vector, integer over 64 bits)");
            }
            values_[&phi] = parts;
        }
}

void function_lowering::lower_block(llvm::BasicBlock& block) {
    if (&block != &function_.getEntryBlock()) bind(block_labels_[&block]);
    fused_overflow_ = nullptr;
    for (llvm::Instruction& instruction : block) {
        if (llvm::isa<llvm::PHINode>(instruction)) continue;
        note_line(instruction);
        if (instruction.isTerminator())
            lower_terminator(instruction);
        else
            lower_instruction(instruction);
        if (failed()) return;
    }
    emit_pending_edges();
}

void function_lowering::emit_phi_moves(llvm::BasicBlock& from, llvm::BasicBlock& to) {
    std::vector<std::pair<flat_value, flat_value>> moves;
    for (llvm::PHINode& phi : to.phis()) {
        llvm::Value* incoming = phi.getIncomingValueForBlock(&from);
        if (llvm::isa<llvm::UndefValue>(incoming) && !llvm::isa<llvm::StructType>(phi.getType())) {
            // An undefined value must still be a harmless one.
            moves.emplace_back(values_[&phi][0], constant(llvm::cast<llvm::Constant>(incoming), 0));
            continue;
        }
        components parts = values_[&phi];
        for (unsigned c = 0; c < parts.size(); ++c) moves.emplace_back(parts[c], get(incoming, c));
    }
    emit_parallel_moves(std::move(moves));
}

void function_lowering::emit_parallel_moves(std::vector<std::pair<flat_value, flat_value>> moves) {
    std::erase_if(moves, [](auto& m) { return m.first == m.second; });
    while (!moves.empty()) {
        bool progress = false;
        for (size_t i = 0; i < moves.size(); ++i) {
            bool still_read = false;
            for (size_t j = 0; j < moves.size(); ++j) still_read |= j != i && moves[j].second == moves[i].first;
            if (still_read) continue;
            move(moves[i].first, moves[i].second);
            moves.erase(moves.begin() + static_cast<long>(i));
            progress = true;
            break;
        }
        if (progress) continue;
        flat_value saved = out_.new_register(moves[0].first.type); // a cycle: free the first one's target
        move(saved, moves[0].first);
        for (auto& m : moves)
            if (m.second == moves[0].first) m.second = saved;
    }
}

label function_lowering::edge(llvm::BasicBlock& from, llvm::BasicBlock& to) {
    if (!llvm::isa<llvm::PHINode>(to.front())) return block_labels_[&to];
    for (const pending_edge& e : pending_edges_)
        if (e.from == &from && e.to == &to && !e.recompute) return e.at;
    pending_edges_.push_back({out_.new_label(), &from, &to, nullptr});
    return pending_edges_.back().at;
}

void function_lowering::emit_pending_edges() {
    for (size_t i = 0; i < pending_edges_.size(); ++i) {
        pending_edge e = pending_edges_[i];
        bind(e.at);
        if (e.recompute) {
            opcode op = e.recompute->getBinaryOp() == llvm::Instruction::Add   ? opcode::int_add
                        : e.recompute->getBinaryOp() == llvm::Instruction::Sub ? opcode::int_sub
                                                                               : opcode::int_mul;
            emit(static_cast<jitcode_op>(op), {get(e.recompute->getLHS()), get(e.recompute->getRHS())},
                 values_[e.recompute][0]);
        }
        emit_phi_moves(*e.from, *e.to);
        jump(block_labels_[e.to]);
    }
    pending_edges_.clear();
}

// ---- terminators
// ------------------------------------------------------------------------------------------------------------

void function_lowering::lower_terminator(llvm::Instruction& terminator) {
    if (auto* b = llvm::dyn_cast<llvm::BranchInst>(&terminator)) return lower_branch(*b);
    if (auto* s = llvm::dyn_cast<llvm::SwitchInst>(&terminator)) return lower_switch(*s);
    if (auto* r = llvm::dyn_cast<llvm::ReturnInst>(&terminator)) return lower_return(*r);
    if (llvm::isa<llvm::UnreachableInst>(terminator)) {
        emit(jitcode_op::code_unreachable, {});
        return;
    }
    if (llvm::isa<llvm::IndirectBrInst>(terminator))
        return fail(terminator, "jumps through a computed goto; use a switch");
    fail(terminator,
         std::string("ends a block with an instruction that traces don't have (") + terminator.getOpcodeName() + ")");
}

void function_lowering::lower_branch(llvm::BranchInst& instruction) {
    llvm::BasicBlock& block = *instruction.getParent();
    if (instruction.isUnconditional()) {
        emit_phi_moves(block, *instruction.getSuccessor(0));
        return jump(block_labels_[instruction.getSuccessor(0)]);
    }
    if (fused_overflow_) return lower_overflow_branch(*fused_overflow_, instruction);
    flat_value condition = get(instruction.getCondition());
    if (condition.is_constant() || instruction.getSuccessor(0) == instruction.getSuccessor(1)) {
        llvm::BasicBlock* target = instruction.getSuccessor(condition.is_constant() && condition.bits == 0 ? 1 : 0);
        emit_phi_moves(block, *target);
        return jump(block_labels_[target]);
    }
    label when_true = edge(block, *instruction.getSuccessor(0)), when_false = edge(block, *instruction.getSuccessor(1));
    branch(condition, when_true, when_false);
}

void function_lowering::lower_switch(llvm::SwitchInst& instruction) {
    llvm::BasicBlock& block = *instruction.getParent();
    if (instruction.getCondition()->getType()->getIntegerBitWidth() > 64)
        return fail(instruction, "switches over an integer of more than 64 bits");
    flat_switch table;
    for (auto& c : instruction.cases()) {
        flat_value value = constant(c.getCaseValue(), 0);
        table.cases.emplace_back(static_cast<int64_t>(value.bits), edge(block, *c.getCaseSuccessor()));
    }
    label otherwise = edge(block, *instruction.getDefaultDest());
    flat_value condition = get(instruction.getCondition());
    if (condition.is_constant()) {
        for (auto& [value, target] : table.cases)
            if (value == static_cast<int64_t>(condition.bits)) otherwise = target;
        return jump(otherwise);
    }
    std::sort(table.cases.begin(), table.cases.end());
    live();
    flat_instruction& i = emit(jitcode_op::code_switch_int, {condition});
    i.number = static_cast<int64_t>(out_.switches.size());
    i.target[0] = otherwise;
    out_.switches.push_back(std::move(table));
}

void function_lowering::lower_return(llvm::ReturnInst& instruction) {
    switch (out_.result) {
    case kind::vector: // only traces have them
    case kind::none: emit(jitcode_op::code_return_none, {}); break;
    case kind::integer: emit(jitcode_op::code_return_i, {get(instruction.getReturnValue())}); break;
    case kind::pointer: emit(jitcode_op::code_return_p, {get(instruction.getReturnValue())}); break;
    case kind::floating: emit(jitcode_op::code_return_f, {get(instruction.getReturnValue())}); break;
    }
}

// A choice between values is a branch: a trace then takes one side and knows it.
void function_lowering::lower_select(llvm::SelectInst& select) {
    if (!select.getCondition()->getType()->isIntegerTy(1)) return fail(select, "selects over vectors");
    components parts;
    if (auto* structure = llvm::dyn_cast<llvm::StructType>(select.getType())) {
        for (llvm::Type* element : structure->elements()) parts.push_back(out_.new_register(kind_of_type(element)));
    } else {
        parts.push_back(out_.new_register(kind_of_type(select.getType())));
    }
    for (const flat_value& part : parts)
        if (part.type == kind::none) return fail(select, "chooses between values of a type that jitcode does not have");
    label when_true = out_.new_label(), when_false = out_.new_label(), end = out_.new_label();
    flat_value condition = get(select.getCondition());
    if (condition.is_constant()) {
        for (unsigned c = 0; c < parts.size(); ++c)
            move(parts[c], get(condition.bits ? select.getTrueValue() : select.getFalseValue(), c));
        values_[&select] = parts;
        return;
    }
    branch(condition, when_true, when_false);
    for (bool side : {true, false}) {
        bind(side ? when_true : when_false);
        for (unsigned c = 0; c < parts.size(); ++c)
            move(parts[c], get(side ? select.getTrueValue() : select.getFalseValue(), c));
        jump(end);
    }
    bind(end);
    values_[&select] = parts;
}

// ---- overflow checks
// --------------------------------------------------------------------------------------------------------

// Whether 'call' and the branch on its flag stand together, so that both become one *_jump_if_ovf.
bool function_lowering::overflow_feeds_branch(const llvm::WithOverflowInst& call, llvm::BranchInst*& branch) const {
    auto* candidate =
        llvm::dyn_cast<llvm::BranchInst>(const_cast<llvm::Instruction*>(call.getParent()->getTerminator()));
    if (!candidate || candidate->isUnconditional() || candidate->getSuccessor(0) == candidate->getSuccessor(1))
        return false;
    auto* flag = llvm::dyn_cast<llvm::ExtractValueInst>(candidate->getCondition());
    if (!flag || flag->getAggregateOperand() != &call || flag->getIndices() != llvm::ArrayRef<unsigned>{1})
        return false;
    for (const llvm::User* user : call.users()) {
        auto* part = llvm::dyn_cast<llvm::ExtractValueInst>(user);
        if (!part) return false;
        if (part->getIndices()[0] == 1 && !part->hasOneUse()) return false; // the flag is wanted as a value, too
    }
    for (const llvm::Instruction* between = call.getNextNonDebugInstruction(); between != candidate;
         between = between->getNextNonDebugInstruction())
        if (auto* part = llvm::dyn_cast<llvm::ExtractValueInst>(between); !part || part->getAggregateOperand() != &call)
            return false;
    branch = candidate;
    return true;
}

void function_lowering::lower_overflow_branch(llvm::WithOverflowInst& call, llvm::BranchInst& instruction) {
    llvm::BasicBlock& block = *instruction.getParent();
    llvm::BasicBlock& overflowed = *instruction.getSuccessor(0);
    llvm::BasicBlock& fine = *instruction.getSuccessor(1);
    // The result is undefined after the jump: where it is used nevertheless, it is computed again.
    bool used_after_overflow = false;
    llvm::BasicBlockEdge fine_edge(&block, &fine);
    for (llvm::User* part : call.users())
        for (llvm::Use& use : part->uses())
            if (use.getUser() != &instruction && !dominators_.dominates(fine_edge, use)) used_after_overflow = true;
    label on_overflow;
    if (used_after_overflow) {
        on_overflow = out_.new_label();
        pending_edges_.push_back({on_overflow, &block, &overflowed, &call});
    } else {
        on_overflow = edge(block, overflowed);
    }
    jitcode_op op = call.getBinaryOp() == llvm::Instruction::Add   ? jitcode_op::code_int_add_jump_if_ovf
                    : call.getBinaryOp() == llvm::Instruction::Sub ? jitcode_op::code_int_sub_jump_if_ovf
                                                                   : jitcode_op::code_int_mul_jump_if_ovf;
    emit(op, {get(call.getLHS()), get(call.getRHS())}, values_[&call][0]).target[0] = on_overflow;
    label next = out_.new_label();
    bind(next);
    emit_phi_moves(block, fine);
    jump(block_labels_[&fine]);
}

} // namespace heddle::translator::codewriter
