# tests of standardise
