# Only where it can run: other machines have the portable backend.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|amd64|AMD64")
  foreach(source allocation arithmetic backend calls control floating guards memory routines trace_compiler vectors views)
    target_sources(heddle_jit PRIVATE ${CMAKE_CURRENT_LIST_DIR}/${source}.cpp)
  endforeach()
  target_link_libraries(heddle_jit PRIVATE asmjit)
endif()
