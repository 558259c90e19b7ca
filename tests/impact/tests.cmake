hestia_test(regression impact)
hestia_test(segmented impact)
