target_sources(heddle_translator PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/assemble.cpp
  ${CMAKE_CURRENT_LIST_DIR}/candidates.cpp
  ${CMAKE_CURRENT_LIST_DIR}/codewriter.cpp
  ${CMAKE_CURRENT_LIST_DIR}/descriptor_table.cpp
  ${CMAKE_CURRENT_LIST_DIR}/effects.cpp
  ${CMAKE_CURRENT_LIST_DIR}/lower_arithmetic.cpp
  ${CMAKE_CURRENT_LIST_DIR}/lower_calls.cpp
  ${CMAKE_CURRENT_LIST_DIR}/lower_control.cpp
  ${CMAKE_CURRENT_LIST_DIR}/lower_memory.cpp
  ${CMAKE_CURRENT_LIST_DIR}/registers.cpp
  ${CMAKE_CURRENT_LIST_DIR}/thunks.cpp
)
target_link_libraries(heddle_translator PUBLIC heddle_jit)   # jitcode's text form and verifier, the image's writer
