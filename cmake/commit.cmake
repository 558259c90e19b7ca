# Writes OUT with the commit of SOURCE, only when it differs, so that nothing is compiled without need.
# Run at every build: a commit noted when the build folder was configured would be that of an old tree.
# A tree that came out of `git archive` has its commit in commit.txt.
file(READ ${SOURCE}/cmake/commit.txt noted)
if(noted MATCHES "^([0-9a-f]+) [0-9]+")
  set(commit ${CMAKE_MATCH_1})
else()
  execute_process(
    COMMAND git -C ${SOURCE} rev-parse HEAD
    OUTPUT_VARIABLE commit
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  execute_process(
    COMMAND git -C ${SOURCE} status --porcelain --untracked-files=no
    OUTPUT_VARIABLE changes
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(NOT commit)
  set(commit "unknown")
else()
  string(SUBSTRING ${commit} 0 12 commit) # not git's short form, which grows with what else is in the clone
endif()
if(changes)
  string(APPEND commit "+changes")
endif()
file(WRITE ${OUT}.new "#define HESTIA_COMMIT \"${commit}\"\n")
execute_process(COMMAND ${CMAKE_COMMAND} -E copy_if_different ${OUT}.new ${OUT})
