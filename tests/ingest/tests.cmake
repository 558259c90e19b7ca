# tests of ingest
