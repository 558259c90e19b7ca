# tests of publish
hestia_test(csv publish)
hestia_test(run_folder publish PkgConfig::jansson)
hestia_test(publish publish PkgConfig::jansson)
hestia_test(impact_tables publish PkgConfig::jansson)
hestia_test(json_stream publish PkgConfig::jansson)
hestia_test(report publish PkgConfig::jansson)
