hestia_test(regression impact)
