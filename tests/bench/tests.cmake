# tests of bench

# What scanner, decoder, spell builder and cube execute, beside bench/instructions.tsv. The script compares nothing, and ends with 77,
# where compiler, flags or C library are not those of the file: that is the build of the preset test, with Debian 12's gcc.
if(HESTIA_VALGRIND AND Python3_Interpreter_FOUND AND NOT HESTIA_SANITIZE)
  hestia_add_test(bench/instructions ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/bench/instructions --check --build ${PROJECT_BINARY_DIR})
  if(TEST bench/instructions)
    set_target_properties(bench_instructions hesgen PROPERTIES EXCLUDE_FROM_ALL FALSE)
    set_tests_properties(bench/instructions PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 600 ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)
  endif()
endif()
