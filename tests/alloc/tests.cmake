# tests of alloc: every allocation of hestia's own code fails in turn (alloc/<test>), then, in programs whose allocators
# are all of the process's, those of the libraries too (alloc/<test>_all).
# Not under the thread sanitizer: it does not let the copy of a process start threads.
if(HESTIA_SANITIZE MATCHES "thread")
  return()
endif()
set(wrapped malloc calloc realloc aligned_alloc posix_memalign strdup strndup realpath free)
list(TRANSFORM wrapped PREPEND "LINKER:--wrap=")
set(spared glob fy_parser_set_string fy_parse_load_document archive_read_new archive_read_open1 archive_read_next_header
           archive_read_data)
list(TRANSFORM spared PREPEND "LINKER:--wrap=")
set(parts alloc/failing.c alloc/failing_spared.c)

function(hestia_alloc_test name)
  add_executable(test_alloc_${name} alloc/test_${name}.c ${parts} alloc/failing_ours.c ${ARGN})
  target_link_options(test_alloc_${name} PRIVATE ${wrapped} ${spared})
  set(targets test_alloc_${name})
  if(NOT HESTIA_SANITIZE) # sanitizers have allocators of their own
    add_executable(test_alloc_${name}_all alloc/test_${name}.c ${parts} alloc/failing_all.c ${ARGN})
    target_link_options(test_alloc_${name}_all PRIVATE ${spared})
    list(APPEND targets test_alloc_${name}_all)
  endif()
  foreach(target IN LISTS targets)
    target_link_libraries(${target} PRIVATE hestia_options hestia_publish hestia_impact PkgConfig::cmocka PkgConfig::libarchive PkgConfig::libfyaml)
    target_compile_options(${target} PRIVATE ${test_options})
    target_compile_definitions(${target} PRIVATE HESTIA_PROGRAM="$<TARGET_FILE:hestia>")
    add_dependencies(${target} hestia)
  endforeach()
endfunction()
hestia_alloc_test(stages alloc/small_world.c)

# The stages of reading, of counting, of judging and of publishing, beside each other.
set(reading study inputs conditions population measures areas ingest "ingest in threads")
set(counting count "count in threads" results "results in threads" screen)
hestia_add_test(alloc/reading test_alloc_stages ${reading})
hestia_add_test(alloc/counting test_alloc_stages ${counting})
set(publishing tables release database workbook report)
hestia_add_test(alloc/impact test_alloc_stages impact)
hestia_add_test(alloc/publishing test_alloc_stages ${publishing})
if(NOT HESTIA_SANITIZE)
  hestia_add_test(alloc/reading_all test_alloc_stages_all ${reading})
  hestia_add_test(alloc/counting_all test_alloc_stages_all ${counting})
endif()
