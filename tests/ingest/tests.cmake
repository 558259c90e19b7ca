# tests of ingest
hestia_test(ledger ingest)
hestia_test(table ingest)
