target_sources(heddle_jit PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/compile.cpp
  ${CMAKE_CURRENT_LIST_DIR}/invalidation.cpp
  ${CMAKE_CURRENT_LIST_DIR}/gdb_interface.cpp
  ${CMAKE_CURRENT_LIST_DIR}/jit_dump.cpp
  ${CMAKE_CURRENT_LIST_DIR}/log.cpp
  ${CMAKE_CURRENT_LIST_DIR}/options.cpp
  ${CMAKE_CURRENT_LIST_DIR}/perf_map.cpp
  ${CMAKE_CURRENT_LIST_DIR}/runtime.cpp
  ${CMAKE_CURRENT_LIST_DIR}/state.cpp
  ${CMAKE_CURRENT_LIST_DIR}/warm_state.cpp
)
