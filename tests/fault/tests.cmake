# tests of fault

# System calls that fail, kills, interrupts, changing inputs, full disks: hestia_fault_test(<name> <script>) adds ctest
# fault/<name>. They run the program as it is built for users; the injector knows the registers of one kind of processor.
if(Python3_Interpreter_FOUND AND NOT HESTIA_SANITIZE AND CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  add_library(hestia_injector MODULE fault/injector.c)
  target_link_libraries(hestia_injector PRIVATE hestia_options)
  set_target_properties(hestia_injector PROPERTIES PREFIX "")
  function(hestia_fault_test name script)
    hestia_add_test(fault/${name} ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/fault/${script} $<TARGET_FILE:hestia>
                    $<TARGET_FILE:hestia_injector> ${ARGN})
    if(TEST fault/${name})
      set_tests_properties(fault/${name} PROPERTIES ENVIRONMENT PYTHONDONTWRITEBYTECODE=1 TIMEOUT 900)
    endif()
  endfunction()
  foreach(name calls changed clocks commands interrupts kills places two_runs)
    hestia_fault_test(${name} test_${name}.py)
  endforeach()
  if(TEST fault/places)
    set_tests_properties(fault/places PROPERTIES SKIP_RETURN_CODE 77) # nobody may mount here
  endif()
endif()
