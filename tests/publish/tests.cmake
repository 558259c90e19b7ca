# tests of publish
hestia_test(csv publish)
