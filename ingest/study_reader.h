/* Getting values out of a study file that the schema has passed. */
#ifndef HESTIA_STUDY_READER_H
#define HESTIA_STUDY_READER_H

#include "study_internal.h"

/** What is being read. The first failure is kept; after it every getter gives nothing. */
typedef struct hst_reader {
    const char *path;
    char *folder; /**< of the study file with its slash, or "" */
    hst_status status;
    hst_error *err;
} hst_reader;

/** One mapping of the file, with one under it for the keys that it lacks. */
typedef struct hst_scope {
    hst_reader *reader;
    hst_group group;
    const hst_yaml *mapping, *under; /**< either may be NULL */
} hst_scope;

/** Keeps the failure, with its place, unless there was one before. */
void hst_reader_fail(hst_reader *r, const hst_yaml *place, const char *format, ...)
    HST_PRINTF(3, 4);

/** Memory of zeros, or NULL and the failure kept. */
void *hst_reader_allocate(hst_reader *r, size_t n, size_t size);
char *hst_reader_copy(hst_reader *r, const char *text);

/** The study file's folder before a relative path. In a pattern the folder's own special characters
 * are escaped. */
char *hst_reader_join(hst_reader *r, const char *path, bool is_pattern);

/** Value of a key; NULL when it is absent or null. */
const hst_yaml *hst_scope_find(const hst_scope *s, const char *key);

/** The same, but only of the mapping itself, not of the one under it. */
const hst_yaml *hst_scope_own(const hst_scope *s, const char *key);

/** The mapping that is the value of a key. */
hst_scope hst_scope_inner(const hst_scope *s, const char *key);

/** Text of a single value, or the default's; NULL when there is none. `peek` borrows from the file.
 */
const char *hst_scope_peek(const hst_scope *s, const char *key);
char *hst_scope_text(const hst_scope *s, const char *key);
double hst_scope_number(const hst_scope *s, const char *key);
bool hst_scope_bool(const hst_scope *s, const char *key);

/** Value of a choice; `absent` when it is not given and has no default. */
int hst_scope_choice(const hst_scope *s, const char *key, int absent);
hst_texts hst_scope_texts(const hst_scope *s, const char *key);
hst_window hst_scope_window(const hst_scope *s, const char *key);

/**
 * Refuses a value of a key that is none of `names` [n]: "the study has no measure `x`", with the
 * nearest, or with `remedy` when none is near.
 */
void hst_scope_check_names(const hst_scope *s, const char *key, const char *const *names, size_t n,
                           const char *noun, const char *remedy);

/** Both ends of [from, to], or of a single number. False when absent. */
bool hst_scope_range(const hst_scope *s, const char *key, int *from, int *to);

/** A path that need not be there yet. */
char *hst_scope_path(const hst_scope *s, const char *key);

/** A path; the file must be there. */
char *hst_scope_file(const hst_scope *s, const char *key);

/** Paths; those that are not patterns must be there. */
hst_texts hst_scope_paths(const hst_scope *s, const char *key, bool are_patterns);

/** Number of values of a key, 1 for a single one, 0 for none; and one of them. */
size_t hst_yaml_count(const hst_yaml *value);
const hst_yaml *hst_yaml_item(const hst_yaml *value, size_t i);

/** Reads `measures` with `measure_defaults` under each (study_measure.c); after the cohorts. */
void hst_study_read_measures(const hst_scope *s, hst_study *study);

/** Measure of the study by its id; NULL when there is none. */
const hst_measure *hst_study_measure(const hst_study *study, const char *id);

/** Refuses a value of a key that is no measure of the study. */
void hst_study_check_measures(const hst_scope *s, const hst_study *study, const char *key);

/** Reads a measure's `where` and fills in the codes that count when it does not say
 * (study_where.c); after its data set, unit and statistic. */
void hst_study_read_where(hst_scope s, const hst_study *study, hst_measure *measure);

/** A code as extracts are cleaned, or it would never be met: a trust by its first three characters.
 */
void hst_study_clean_provider(char *code);

/*
 * What fits a measure, by its data set and statistic (study_fit.c): the value given where it fits,
 * else the default; the measure's own that does not fit is a failure.
 */
hst_unit hst_study_choose_unit(const hst_scope *s, const hst_measure *measure);
hst_count_date hst_study_choose_date(const hst_scope *s, const hst_measure *measure);
hst_interval hst_study_choose_interval(const hst_scope *s, const hst_measure *measure);
double hst_study_choose_per(const hst_scope *s, const hst_measure *measure);

/** False for a key that the measure's statistic does not have. */
bool hst_study_key_fits(const hst_scope *s, const hst_measure *measure, const char *key);

/** Refuses a statistic that the measure's data set cannot have, and a data set that is not there.
 */
void hst_study_check_source(const hst_scope *s, const hst_study *study, const hst_measure *measure);

/** True when a month, quarter or financial year lies in the window as a whole. */
bool hst_study_holds_period(hst_window window, hst_by type);

/** Refuses a statistic without the study's tables that it needs. */
void hst_study_check_tables(const hst_scope *s, const hst_study *study, const hst_measure *measure);

/** Reads `cohorts`, and `reported` after the measures (study_cohort.c). */
void hst_study_read_cohorts(const hst_scope *s, hst_study *study);
void hst_study_read_reported(const hst_scope *s, hst_study *study);

/** Reads `impact`, after areas and measures (study_impact.c). */
void hst_study_read_impacts(const hst_scope *s, hst_study *study);

/** Reads the dates and days of a service and fills in what it does not give
 * (study_impact_days.c); after its measures, `by` and methods. */
void hst_study_read_impact_days(const hst_scope *s, const hst_study *study,
                                hst_study_impact *impact);

#endif
