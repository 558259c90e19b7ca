/* The JSON of a report, by its parts. publish/report/README.md lists the keys. */
#ifndef HESTIA_PUBLISH_REPORT_INTERNAL_H
#define HESTIA_PUBLISH_REPORT_INTERNAL_H

#include "hestia/publish.h"
#include "publish/json_stream.h"

/** All of it, one object. */
HST_MUST_CHECK hst_status hst_report_data(hst_json_stream *json, const hst_publication *publication,
                                          hst_error *err);

/** "rules": the methods in force, in plain words. */
void hst_report_rules(hst_json_stream *json, const hst_publication *publication);

/** "tables" and "cuts": the result tables, without the rows that a reader of sites does not look
 * for, and in words which those are. */
HST_MUST_CHECK hst_status hst_report_tables(hst_json_stream *json,
                                            const hst_publication *publication, hst_error *err);

/** "spc", "funnel" and "trend", from the numbers shown. */
HST_MUST_CHECK hst_status hst_report_charts(hst_json_stream *json,
                                            const hst_publication *publication, hst_error *err);

/** True for a row of the measure's main statistic, of persons of all ages, without split. */
bool hst_report_is_main(const hst_publication *publication, const hst_result *row);

/**
 * The last period of a measure all whose rows have arrived, of the longest type that it is given
 * by; its areas are set side by side.
 *
 * @return false when there is none
 */
bool hst_report_last_period(hst_period *out, const hst_publication *publication, size_t measure);

#endif
