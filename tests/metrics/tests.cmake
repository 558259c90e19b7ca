# tests of metrics
hestia_test(england metrics)
hestia_test(count metrics)
hestia_test(coverage metrics)
hestia_test(period metrics)
hestia_test(condition metrics)
hestia_test(area metrics)
hestia_test(measure metrics)
hestia_test(duplicate metrics)
