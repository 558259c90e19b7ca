# tests of ingest
hestia_test(ledger ingest)
