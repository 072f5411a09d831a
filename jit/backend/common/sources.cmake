target_sources(heddle_jit PRIVATE ${CMAKE_CURRENT_LIST_DIR}/allocation_groups.cpp ${CMAKE_CURRENT_LIST_DIR}/code_memory.cpp
    ${CMAKE_CURRENT_LIST_DIR}/liveness.cpp ${CMAKE_CURRENT_LIST_DIR}/parallel_move.cpp
    ${CMAKE_CURRENT_LIST_DIR}/register_allocator.cpp ${CMAKE_CURRENT_LIST_DIR}/target_compiler.cpp)
