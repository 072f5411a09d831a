target_sources(heddle_jit PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/blackhole.cpp
  ${CMAKE_CURRENT_LIST_DIR}/decoded_jitcode.cpp
  ${CMAKE_CURRENT_LIST_DIR}/frame.cpp
  ${CMAKE_CURRENT_LIST_DIR}/jitcode_parse.cpp
  ${CMAKE_CURRENT_LIST_DIR}/jitcode_text.cpp
  ${CMAKE_CURRENT_LIST_DIR}/jitcode_verify.cpp
  ${CMAKE_CURRENT_LIST_DIR}/metainterp.cpp
  ${CMAKE_CURRENT_LIST_DIR}/metainterp_calls.cpp
  ${CMAKE_CURRENT_LIST_DIR}/metainterp_guards.cpp
  ${CMAKE_CURRENT_LIST_DIR}/metainterp_loops.cpp
  ${CMAKE_CURRENT_LIST_DIR}/metainterp_operations.cpp
  ${CMAKE_CURRENT_LIST_DIR}/resume_plan.cpp
  ${CMAKE_CURRENT_LIST_DIR}/resume_reader.cpp
)
