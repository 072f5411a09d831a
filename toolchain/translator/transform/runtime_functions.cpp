// See runtime_functions.h.
#include "runtime_functions.h"
#include "heddle/gc/jit_interface.h"
#include "llvm/IR/MDBuilder.h"

namespace heddle::translator {

namespace jit_interface = gc::jit_interface;

llvm::Function* runtime_functions::make(const std::string& name, llvm::Type* result,
                                        std::vector<llvm::Type*> parameters, bool always_inline) {
    auto* type = llvm::FunctionType::get(result, parameters, false);
    auto* function = llvm::Function::Create(type, llvm::GlobalValue::InternalLinkage, name, module_);
    function->setDoesNotThrow();
    if (always_inline) function->addFnAttr(llvm::Attribute::AlwaysInline);
    function->addFnAttr(llvm::Attribute::getWithUWTableKind(context_, llvm::UWTableKind::Default));
    return function;
}

llvm::Function* runtime_functions::external(const char* name, llvm::Type* result, std::vector<llvm::Type*> parameters) {
    auto callee = module_.getOrInsertFunction(name, llvm::FunctionType::get(result, parameters, false));
    auto* function = llvm::cast<llvm::Function>(callee.getCallee());
    function->setDoesNotThrow();
    function->setDSOLocal(true);
    return function;
}

llvm::Function* runtime_functions::slow(const char* name, llvm::Type* result, std::vector<llvm::Type*> parameters) {
    llvm::Function* function = external(name, result, std::move(parameters));
    function->addFnAttr(llvm::Attribute::Cold);
    return function;
}

llvm::Constant* runtime_functions::thread_state() {
    return module_.getOrInsertGlobal("heddle_thread", llvm::ArrayType::get(integer(64), sizeof(gc::thread_state) / 8));
}

void runtime_functions::unlikely(llvm::BranchInst* branch) {
    branch->setMetadata(llvm::LLVMContext::MD_prof, llvm::MDBuilder(context_).createBranchWeights(1, 2000));
}

void runtime_functions::call_if(llvm::IRBuilder<>& builder, llvm::Value* condition, llvm::Function* slow_function) {
    llvm::Function* function = builder.GetInsertBlock()->getParent();
    auto* slow_block = llvm::BasicBlock::Create(context_, "slow", function);
    auto* done = llvm::BasicBlock::Create(context_, "done", function);
    unlikely(builder.CreateCondBr(condition, slow_block, done));
    builder.SetInsertPoint(slow_block);
    std::vector<llvm::Value*> arguments;
    for (llvm::Argument& argument : function->args()) arguments.push_back(&argument);
    builder.CreateCall(slow_function, arguments);
    builder.CreateBr(done);
    builder.SetInsertPoint(done);
    builder.CreateRetVoid();
}

llvm::Value* runtime_functions::bump(llvm::IRBuilder<>& builder, llvm::Value* total, llvm::BasicBlock* slow_block) {
    llvm::Function* function = builder.GetInsertBlock()->getParent();
    auto* fast_block = llvm::BasicBlock::Create(context_, "fast", function, slow_block);
    // thread_state begins with these two pointers; the target's may be narrower than this program's.
    static_assert(jit_interface::nursery_free_offset == 0 && jit_interface::nursery_top_offset == sizeof(void*));
    uint64_t nursery_free = 0, nursery_top = module_.getDataLayout().getPointerSize();
    auto word_at = [&](size_t offset) {
        return builder.CreateConstInBoundsGEP1_64(integer(8), thread_state(), offset);
    };
    llvm::Value* start = builder.CreateLoad(pointer(), word_at(nursery_free));
    llvm::Value* top = builder.CreateLoad(pointer(), word_at(nursery_top));
    llvm::Value* end = builder.CreatePtrAdd(start, total);
    unlikely(builder.CreateCondBr(builder.CreateICmpUGT(end, top), slow_block, fast_block));
    builder.SetInsertPoint(fast_block);
    builder.CreateStore(end, word_at(nursery_free));
    return start;
}

llvm::Function* runtime_functions::new_object(const gc_class& c) {
    std::string name = "heddle.new." + std::to_string(c.id);
    if (llvm::Function* known = module_.getFunction(name)) return known;
    llvm::Function* function = make(name, pointer(), {}, true);
    llvm::Function* slow_function = slow("heddle_gc_allocate_slow", pointer(), {pointer(), size_type()});
    llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context_, "entry", function));
    auto* slow_block = llvm::BasicBlock::Create(context_, "slow", function);
    llvm::ConstantInt* total = number(64, gc::total_size_for(c.size));
    if (c.has_finalizer || c.is_weak || total->getZExtValue() > jit_interface::inline_allocation_limit) {
        builder.CreateBr(slow_block); // only the slow path registers them
    } else {
        llvm::Value* start = bump(builder, total, slow_block);
        builder.CreateStore(number(64, c.id), start);
        builder.CreateRet(builder.CreatePtrAdd(start, number(64, jit_interface::object_header_size)));
    }
    builder.SetInsertPoint(slow_block);
    builder.CreateRet(
        builder.CreateCall(slow_function, {c.type_info, llvm::ConstantInt::get(size_type(), total->getZExtValue())}));
    return function;
}

llvm::Function* runtime_functions::new_array(const gc_class& c) {
    std::string name = "heddle.new_array." + std::to_string(c.id);
    if (llvm::Function* known = module_.getFunction(name)) return known;
    llvm::Function* function = make(name, pointer(), {integer(64)}, false);
    llvm::Function* slow_function =
        slow("heddle_gc_allocate_array_slow", pointer(), {pointer(), integer(64), integer(32)});
    llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context_, "entry", function));
    auto* slow_block = llvm::BasicBlock::Create(context_, "slow", function);
    auto* small_block = llvm::BasicBlock::Create(context_, "small", function, slow_block);
    const array_shape& shape = *c.array;
    llvm::Value* length = function->getArg(0);
    uint64_t limit = (jit_interface::inline_allocation_limit - jit_interface::object_header_size - shape.items_offset) /
                     shape.item_size;
    unlikely(builder.CreateCondBr(builder.CreateICmpUGT(length, number(64, limit)), slow_block, small_block));
    builder.SetInsertPoint(small_block);
    llvm::Value* bytes = builder.CreateNUWMul(length, number(64, shape.item_size));
    uint64_t fixed = jit_interface::object_header_size + shape.items_offset;
    llvm::Value* total =
        shape.item_size % 8 == 0
            ? builder.CreateNUWAdd(bytes, number(64, fixed))
            : builder.CreateAnd(builder.CreateNUWAdd(bytes, number(64, fixed + 7)), number(64, ~uint64_t{7}));
    static_assert(jit_interface::object_minimum_total <= jit_interface::object_header_size + 8);
    llvm::Value* start = bump(builder, total, slow_block);
    builder.CreateStore(number(64, c.id), start);
    llvm::Value* object = builder.CreatePtrAdd(start, number(64, jit_interface::object_header_size));
    builder.CreateStore(length, builder.CreatePtrAdd(object, number(64, shape.length_offset)));
    if (holds_reference(shape.slot))
        builder.CreateMemSet(builder.CreatePtrAdd(object, number(64, shape.items_offset)), number(8, 0), bytes,
                             llvm::Align(8));
    builder.CreateRet(object);
    builder.SetInsertPoint(slow_block);
    builder.CreateRet(builder.CreateCall(slow_function, {c.type_info, length, number(32, 0)}));
    return function;
}

llvm::Value* runtime_functions::needs_barrier(llvm::IRBuilder<>& builder, llvm::Value* object) {
    llvm::Value* flags = builder.CreateLoad(
        integer(8),
        builder.CreatePtrAdd(object, number(64, static_cast<uint64_t>(int64_t{jit_interface::flags_offset}))));
    return builder.CreateICmpNE(builder.CreateAnd(flags, number(8, jit_interface::needs_barrier_mask)), number(8, 0));
}

llvm::Function* runtime_functions::field_barrier() {
    if (llvm::Function* known = module_.getFunction("heddle.field_barrier")) return known;
    llvm::Function* function = make("heddle.field_barrier", llvm::Type::getVoidTy(context_), {pointer()}, true);
    llvm::Function* slow_function = slow("heddle_gc_write_barrier_slow", llvm::Type::getVoidTy(context_), {pointer()});
    llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context_, "entry", function));
    call_if(builder, needs_barrier(builder, function->getArg(0)), slow_function);
    return function;
}

llvm::Function* runtime_functions::array_barrier() {
    if (llvm::Function* known = module_.getFunction("heddle.array_barrier")) return known;
    llvm::Function* function =
        make("heddle.array_barrier", llvm::Type::getVoidTy(context_), {pointer(), integer(64)}, true);
    llvm::Function* slow_function =
        slow("heddle_gc_write_barrier_array_slow", llvm::Type::getVoidTy(context_), {pointer(), integer(64)});
    llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context_, "entry", function));
    call_if(builder, needs_barrier(builder, function->getArg(0)), slow_function);
    return function;
}

llvm::Function* runtime_functions::interior_barrier() {
    return slow("heddle_write_barrier_interior", llvm::Type::getVoidTy(context_), {pointer()});
}

} // namespace heddle::translator
