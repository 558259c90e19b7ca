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

# The reference job of bench/rivals, small, by what the machine has: its counts, not its times.
if(Python3_Interpreter_FOUND AND NOT HESTIA_SANITIZE)
  hestia_add_test(bench/rivals ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/bench/test_rivals.py $<TARGET_FILE:hestia> ${PROJECT_SOURCE_DIR}
                  $<TARGET_FILE:job_libcsv>)
  if(TEST bench/rivals)
    set_target_properties(job_libcsv PROPERTIES EXCLUDE_FROM_ALL FALSE)
    set_tests_properties(bench/rivals PROPERTIES TIMEOUT 600 ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)
  endif()
endif()
