# tests of standardise
hestia_test(interval standardise)
hestia_test(dsr standardise)
hestia_test(stay standardise)
hestia_test(indirect standardise)
hestia_test(standard standardise)
hestia_test(population standardise)
hestia_test(series standardise)
