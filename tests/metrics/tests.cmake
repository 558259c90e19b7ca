# tests of metrics
hestia_test(england metrics)
