target_sources(heddle_jit PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/serialise.cpp
  ${CMAKE_CURRENT_LIST_DIR}/load.cpp
)
