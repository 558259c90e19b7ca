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

/** "truth": of artificial data what was planted beside what was found, else null. */
HST_MUST_CHECK hst_status hst_report_truth(hst_json_stream *json,
                                           const hst_publication *publication, hst_error *err);

/** A series of a site: the rows of the measure's main statistic, persons of all ages, without
 * split, of one type of period, in the order of time. */
typedef struct hst_report_series {
    size_t measure, area;
    hst_by type;
    size_t n;
    const hst_result **rows; /* [n], borrowed */
} hst_report_series;

/**
 * The series of all sites, by measure, area and type of period.
 *
 * @param out  receives [n], to be freed with hst_report_series_free; NULL on failure
 */
HST_MUST_CHECK hst_status hst_report_series_list(hst_report_series **out, size_t *n,
                                                 const hst_publication *publication,
                                                 hst_error *err);
void hst_report_series_free(hst_report_series *series, size_t n);

/** Longer lists of areas are not set side by side: small areas are too many to read. */
enum { HST_REPORT_MAX_AREAS = 1000 };

/** True for a site of the study or of one of its services. */
bool hst_report_is_site(const hst_publication *publication, size_t area);
bool hst_report_is_site_code(const hst_publication *publication, const char *code);

bool hst_report_has_text(const hst_texts *texts, const char *wanted);

/** True when a service judges itself by the series. */
bool hst_report_judges(const hst_publication *publication, const hst_study_impact *service,
                       const hst_report_series *series);

/** True when a point can be charted: it has a value, and all its rows have arrived. */
bool hst_report_is_charted(const hst_result *row);

enum { HST_REPORT_NOTE_BYTES = 512 };

/** Adds a sentence to a note. */
void hst_report_note(char note[HST_REPORT_NOTE_BYTES], const char *format, ...) HST_PRINTF(2, 3);

/** What a note says of points that are not charted, and of the numbers of a release. */
void hst_report_note_points(char note[HST_REPORT_NOTE_BYTES], const hst_publication *publication,
                            const hst_result *const *rows, size_t n);

/** "spc": control charts of the sites, from the numbers shown. */
HST_MUST_CHECK hst_status hst_report_spc(hst_json_stream *json, const hst_publication *publication,
                                         const hst_report_series *series, size_t n_series,
                                         hst_error *err);

/** "trend": straight lines of mean stays, and of what a service asks them for, from the numbers
 * shown. */
HST_MUST_CHECK hst_status hst_report_trends(hst_json_stream *json,
                                            const hst_publication *publication,
                                            const hst_report_series *series, size_t n_series,
                                            hst_error *err);

/** "funnel": the areas side by side in the last complete period, from the numbers shown. */
HST_MUST_CHECK hst_status hst_report_funnels(hst_json_stream *json,
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
