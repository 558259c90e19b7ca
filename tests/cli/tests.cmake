# tests of cli

# Whole runs through the program, in plain Python: hestia_whole_run(<name> <script> [arguments]).
# Python is no part of what building takes; scripts/test installs it.
find_package(Python3 COMPONENTS Interpreter)
if(NOT Python3_Interpreter_FOUND)
  message(STATUS "No Python 3: the whole runs are not among the tests")
endif()
function(hestia_whole_run name script)
  if(NOT Python3_Interpreter_FOUND)
    return()
  endif()
  add_test(NAME cli/${name} COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/cli/${script} $<TARGET_FILE:hestia> ${ARGN})
  set_tests_properties(cli/${name} PROPERTIES ENVIRONMENT PYTHONDONTWRITEBYTECODE=1 TIMEOUT 300)
endfunction()
hestia_whole_run(whole_runs test_whole_runs.py ${PROJECT_SOURCE_DIR})
hestia_whole_run(bad_input test_bad_input.py)
hestia_whole_run(reference_synthetic test_reference.py ${PROJECT_SOURCE_DIR} synthetic)
hestia_whole_run(reference_lookup test_reference.py ${PROJECT_SOURCE_DIR} lookup)
hestia_whole_run(reference_artificial test_reference.py ${PROJECT_SOURCE_DIR} artificial)
hestia_whole_run(explain test_explain.py)
hestia_whole_run(check test_check.py)
hestia_whole_run(new test_new.py)
hestia_whole_run(store_command test_store_command.py)

# cli has no library: its tests run the program and read its tables.
function(hestia_program_test module)
  add_executable(test_cli_${module} cli/test_${module}.c)
  target_link_libraries(test_cli_${module} PRIVATE hestia_options hestia_ingest PkgConfig::cmocka)
  target_compile_definitions(test_cli_${module} PRIVATE HESTIA_TEST_DIR="${CMAKE_CURRENT_SOURCE_DIR}" HESTIA_PROGRAM="$<TARGET_FILE:hestia>")
  add_dependencies(test_cli_${module} hestia)
  add_test(NAME cli/${module} COMMAND test_cli_${module})
endfunction()
hestia_program_test(stats)
