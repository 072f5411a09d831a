foreach(source walk snapshot resume int_facts rewrite guards bounds virtuals calls pure heap barriers view_barriers virtual_state concrete_state peeling vectorise vector_plan)
  target_sources(heddle_jit PRIVATE ${CMAKE_CURRENT_LIST_DIR}/${source}.cpp)
endforeach()
