# tests of fuzz

# hestia_fuzz(<module> <folder> [libraries]) replays tests/fuzz/seeds/<module>/ through tests/fuzz/fuzz_<module>.c as ctest
# fuzz/<module>; with HESTIA_FUZZ it also builds the fuzzer fuzz_<module>, to be run on a copy of the seeds.
if(HESTIA_FUZZ)
  target_compile_options(hestia_options INTERFACE -fsanitize=fuzzer-no-link) # the libraries' branches are what guides it
endif()
function(hestia_fuzz module folder)
  add_executable(replay_${module} fuzz/fuzz_${module}.c fuzz/replay.c)
  target_link_libraries(replay_${module} PRIVATE hestia_options hestia_${folder} ${ARGN})
  hestia_add_test(fuzz/${module} replay_${module} ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/seeds/${module})
  if(HESTIA_FUZZ)
    add_executable(fuzz_${module} fuzz/fuzz_${module}.c)
    target_link_libraries(fuzz_${module} PRIVATE hestia_options hestia_${folder} ${ARGN})
    target_compile_options(fuzz_${module} PRIVATE -fsanitize=fuzzer)
    target_link_options(fuzz_${module} PRIVATE -fsanitize=fuzzer)
  endif()
endfunction()
hestia_fuzz(study ingest)
hestia_fuzz(decode ingest)
hestia_fuzz(segment ingest PkgConfig::jansson PkgConfig::libxxhash)
hestia_fuzz(scanner ingest hestia::libcsv)
hestia_fuzz(source ingest)
hestia_fuzz(spell metrics)
hestia_fuzz(cohort_file metrics)
