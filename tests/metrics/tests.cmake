# tests of metrics
hestia_test(england metrics)
hestia_test(count metrics)
