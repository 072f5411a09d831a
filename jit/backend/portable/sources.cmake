target_sources(heddle_jit PRIVATE ${CMAKE_CURRENT_LIST_DIR}/portable.cpp)
