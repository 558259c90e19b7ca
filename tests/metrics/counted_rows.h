/* Random rows in a store, which of them repeat another, and what a plain loop asks of a row. */
#ifndef HESTIA_TESTS_METRICS_COUNTED_ROWS_H
#define HESTIA_TESTS_METRICS_COUNTED_ROWS_H

#include <unistd.h>

#include "tests/metrics/episodes.h"

enum { N_ROWS = 20000, N_AREAS = 3, AREA_OTHER = 3, AREA_UNKNOWN, AREA_ABROAD };

static plain_row rows[N_ROWS];
static bool is_dropped[N_ROWS];
static plain_store store;
static hst_conditions *conditions;
static char folder[64], names_path[96], lookup_path[96], lists_path[96];

/* ---- what a plain loop asks ---- */

static inline hst_date day(int year, int month, int d)
{
    return hst_date_from_civil(year, month, d);
}

static inline unsigned area_of(const plain_row *row)
{
    hst_date date = row->admidate != HST_DATE_MISSING ? row->admidate : row->epistart;
    bool is_old = date <= day(2006, 9, 30);
    const char *a = row->area;

    if (strcmp(a, "5J6") == 0 || strcmp(a, "5J600") == 0) {
        return 0;
    }
    if (strcmp(a, "5NK") == 0) {
        return 1;
    }
    if (strcmp(a, "5QL") == 0) {
        return 2;
    }
    if (strcmp(a, "5FW") == 0 || strcmp(a, "5H2") == 0) {
        return date == HST_DATE_MISSING ? AREA_UNKNOWN
               : !is_old                ? AREA_OTHER
               : strcmp(a, "5FW") == 0  ? 2
                                        : 1;
    }
    return strcmp(a, "5XX") == 0                              ? AREA_OTHER
           : strcmp(a, "6A1") == 0 || strcmp(a, "59898") == 0 ? AREA_ABROAD
                                                              : AREA_UNKNOWN;
}

static inline bool is_in(const char *code, const char *list) /* list: " 11 12 " */
{
    char padded[16];

    snprintf(padded, sizeof padded, " %s ", code);
    return code[0] && strstr(list, padded);
}

static inline bool char_in(char c, const char *list)
{
    return c && strchr(list, c);
}

static inline bool has_prefix(const char *code, const char *prefix)
{
    return strncmp(code, prefix, strlen(prefix)) == 0;
}

/* Any of the prefixes (" E10 E11 ") in positions first to last, from 0. */
static inline bool finds(const char *const *codes, size_t first, size_t last, const char *prefixes)
{
    for (size_t i = first; i <= last; i++) {
        for (const char *p = prefixes; *p; p++) {
            char prefix[8] = "";

            if (*p != ' ' && (p == prefixes || p[-1] == ' ')) {
                sscanf(p, "%7s", prefix);
                if (codes[i][0] && has_prefix(codes[i], prefix)) {
                    return true;
                }
            }
        }
    }
    return false;
}

static inline bool is_considered(const plain_row *row, const hst_measure *measure)
{
    return row->epistat == '3' && (measure->unit == HST_UNIT_EPISODE || row->epiorder == 1) &&
           row->provider[0] && row->epistart != HST_DATE_MISSING &&
           row->epiend != HST_DATE_MISSING && row->admidate != HST_DATE_MISSING;
}

/* ---- the rows, around all tests of a file ---- */

/* True when `a` is kept rather than `b`: the rule in words, for what random_rows varies. */
static inline bool is_better(const plain_row *a, const plain_row *b)
{
    if ((a->epistat == '3') != (b->epistat == '3')) {
        return a->epistat == '3';
    }
    if (a->file != b->file) {
        return plain_files[a->file].partyear > plain_files[b->file].partyear;
    }
    if (a->subdate != b->subdate) {
        return a->subdate > b->subdate;
    }
    return a->age < b->age; /* 999, unknown, is 255 in a record: last both ways */
}

static inline int compare_by_key(const void *a, const void *b)
{
    const plain_row *x = a, *y = b;

    return (x->key > y->key) - (x->key < y->key);
}

static inline void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static inline int make_rows(void **state)
{
    (void)state;
    random_rows(rows, N_ROWS);
    qsort(rows, N_ROWS, sizeof rows[0], compare_by_key);
    for (size_t i = 1, best = 0; i < N_ROWS; i++) {
        if (rows[i].key != rows[best].key) {
            best = i;
        } else if (is_better(&rows[i], &rows[best])) {
            is_dropped[best] = true;
            best = i;
        } else {
            is_dropped[i] = true;
        }
    }
    snprintf(folder, sizeof folder, "/tmp/hestia-count-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(names_path, sizeof names_path, "%s/names.csv", folder);
    snprintf(lookup_path, sizeof lookup_path, "%s/lookup.csv", folder);
    snprintf(lists_path, sizeof lists_path, "%s/lists.csv", folder);
    write_text(names_path, "code,name\n5QL,Somerset\n5J6,Calderdale\n5NK,Wirral\n");
    write_text(lookup_path, "code_from,valid_from,valid_to,code_to,share\n"
                            "5FW,2001-04-01,2006-09-30,5QL,1\n"
                            "5H2,2001-04-01,2006-09-30,5NK,1\n"
                            "5J6,2001-04-01,2013-03-31,5J6,1\n");
    write_text(lists_path, "set,system,code_prefix,positions,note\n"
                           "own_angina,ICD10,I20,any,\n"
                           "own_angina#exclude,OPCS4,K,primary,\n"
                           "own_angina#exclude,OPCS4,A,primary,\n"
                           "own_hip,OPCS4,w37,primary,\n");
    write_store(&store, rows, N_ROWS, 16, 0, false, false);
    return hst_conditions_read(&conditions, lists_path, NULL) == HST_OK ? 0 : -1;
}

static inline int remove_rows(void **state)
{
    (void)state;
    hst_conditions_free(conditions);
    remove_store(&store);
    unlink(names_path);
    unlink(lookup_path);
    unlink(lists_path);
    return rmdir(folder);
}

#endif
