# tests of the report in a browser: what they take is fetched by npm, once, as the lock file says
#
# Without node, npm, Chromium or pdftotext they are not among the tests; scripts/test installs all of them.
find_program(HESTIA_NODE node)
find_program(HESTIA_NPM npm)
find_program(HESTIA_CHROMIUM chromium)
find_program(HESTIA_PDFTOTEXT pdftotext)
if(HESTIA_SANITIZE OR NOT "web/report" MATCHES "${HESTIA_TESTS}")
  return()
endif()
if(NOT (HESTIA_NODE AND HESTIA_NPM AND HESTIA_CHROMIUM AND HESTIA_PDFTOTEXT))
  message(STATUS "No node, npm, chromium or pdftotext: the report is not tested in a browser")
  return()
endif()

set(folder ${CMAKE_CURRENT_BINARY_DIR}/web)
set(files package.json package-lock.json .npmrc browser.js reports.js report.test.js)
foreach(file ${files})
  configure_file(web/${file} ${folder}/${file} COPYONLY)
endforeach()

add_test(NAME web/packages COMMAND ${HESTIA_NPM} ci --ignore-scripts --no-audit --no-fund --prefer-offline --loglevel=error WORKING_DIRECTORY ${folder})
set_tests_properties(web/packages PROPERTIES FIXTURES_SETUP web_packages TIMEOUT 300)
add_test(NAME web/report COMMAND ${HESTIA_NODE} --test report.test.js WORKING_DIRECTORY ${folder})
set_tests_properties(web/report PROPERTIES FIXTURES_REQUIRED web_packages TIMEOUT 900 ENVIRONMENT
                     "HESTIA=$<TARGET_FILE:hestia>;CHROMIUM=${HESTIA_CHROMIUM}")
