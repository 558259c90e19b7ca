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

/** Reads `measures` with `measure_defaults` under each (study_measure.c). */
void hst_study_read_measures(const hst_scope *s, hst_study *study);

#endif
