# heddle_translate(TARGET OUTPUT FOLDER [OPTIONS...]): a target that translates the interpreter in FOLDER into
# ${CMAKE_BINARY_DIR}/bin/OUTPUT with `heddle build`. heddle caches by content, so it is cheap when nothing changed.
function(heddle_translate target output folder)
  add_custom_target(${target} ALL
    COMMAND $<TARGET_FILE:heddle> build ${folder} -o ${CMAKE_BINARY_DIR}/bin/${output} ${ARGN}
    DEPENDS heddle heddle_rt heddle_gc heddle_jit heddle_no_jit $<TARGET_NAME_IF_EXISTS:heddle_stm> $<TARGET_NAME_IF_EXISTS:heddle_jit_stm>
    COMMENT "Translating ${output}" VERBATIM USES_TERMINAL)
endfunction()
