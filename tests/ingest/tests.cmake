# tests of ingest
hestia_test(ledger ingest)
hestia_test(table ingest)
hestia_test(study ingest)
add_executable(hestia_study_docs EXCLUDE_FROM_ALL ingest/study_docs.c)
target_link_libraries(hestia_study_docs PRIVATE hestia_options hestia_ingest)
hestia_test(scanner ingest hestia::libcsv)
hestia_test(ingest ingest ZLIB::ZLIB)
