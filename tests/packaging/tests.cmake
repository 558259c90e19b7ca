# Tests of what is installed and packed: hestia_packaging_test(<name> [arguments]) runs tests/packaging/test_<name>.py.
# They say nothing about the code that the plain build's do not, so not under sanitizers. One at a time:
# installing writes its manifest into the build folder.
function(hestia_packaging_test name)
  if(NOT Python3_Interpreter_FOUND OR HESTIA_SANITIZE OR NOT "packaging/${name}" MATCHES "${HESTIA_TESTS}")
    return()
  endif()
  add_test(NAME packaging/${name} COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/packaging/test_${name}.py ${ARGN})
  set_tests_properties(packaging/${name} PROPERTIES ENVIRONMENT PYTHONDONTWRITEBYTECODE=1 TIMEOUT 300 RESOURCE_LOCK build)
endfunction()
hestia_packaging_test(completion $<TARGET_FILE:hestia> ${PROJECT_SOURCE_DIR})
hestia_packaging_test(install ${PROJECT_BINARY_DIR} ${PROJECT_SOURCE_DIR} ${CMAKE_COMMAND})
hestia_packaging_test(tarball ${PROJECT_BINARY_DIR} ${PROJECT_SOURCE_DIR})
hestia_packaging_test(deb ${PROJECT_BINARY_DIR} ${PROJECT_SOURCE_DIR})
hestia_packaging_test(reproducible ${PROJECT_BINARY_DIR} ${PROJECT_SOURCE_DIR} ${CMAKE_COMMAND})
if(TEST packaging/reproducible)
  set_tests_properties(packaging/reproducible PROPERTIES TIMEOUT 1200) # builds the program again
endif()
hestia_packaging_test(nightly $<TARGET_FILE:hestia> ${PROJECT_SOURCE_DIR})
