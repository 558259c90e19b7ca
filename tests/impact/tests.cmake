hestia_test(regression impact)
hestia_test(segmented impact)
hestia_test(changepoint impact)
hestia_test(touch impact)
