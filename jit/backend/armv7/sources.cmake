# Compiled for every machine: tests read on x86-64 what it assembles. Only an ARM program can run it.
foreach(source allocation arithmetic assembler backend calls control floating guards memory routines trace_compiler)
  target_sources(heddle_jit PRIVATE ${CMAKE_CURRENT_LIST_DIR}/${source}.cpp)
endforeach()
