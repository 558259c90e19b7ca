/* The parts of a report that are the same in every run, embedded by publish/report/CMakeLists.txt.
 * They are not ended by a NUL. */
#ifndef HESTIA_PUBLISH_REPORT_PARTS_H
#define HESTIA_PUBLISH_REPORT_PARTS_H

#include <stdint.h>

extern const char hst_report_page[], hst_report_style[], hst_report_scripts[],
    hst_report_licences[], hst_report_vega[], hst_report_vega_lite[], hst_report_vega_embed[];
extern const uint64_t hst_report_page_bytes, hst_report_style_bytes, hst_report_scripts_bytes,
    hst_report_licences_bytes, hst_report_vega_bytes, hst_report_vega_lite_bytes,
    hst_report_vega_embed_bytes;

#endif
