# tests of publish
