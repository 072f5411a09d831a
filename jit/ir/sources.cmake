target_sources(heddle_jit PRIVATE ${CMAKE_CURRENT_LIST_DIR}/trace.cpp ${CMAKE_CURRENT_LIST_DIR}/execute.cpp
    ${CMAKE_CURRENT_LIST_DIR}/execute_vectors.cpp ${CMAKE_CURRENT_LIST_DIR}/text.cpp)
