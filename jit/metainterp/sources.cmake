target_sources(heddle_jit PRIVATE
  metainterp/jitcode_text.cpp
  metainterp/jitcode_parse.cpp
  metainterp/jitcode_verify.cpp
)
