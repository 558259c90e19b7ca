/* A small release to be made: a study, its areas and comparators, and rows made of counts by area,
 * finest period and split value, with all totals. */
#ifndef HESTIA_TESTS_DISCLOSURE_FIXTURE_H
#define HESTIA_TESTS_DISCLOSURE_FIXTURE_H

#include "tests/support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hestia/publish.h"
#include "hestia/standard.h"
#include "publish/tree.h"

enum { MAX_AREAS = 6, MAX_PERIODS = 12, MAX_SPLITS = 4, MAX_ROWS = 4096, MAX_MEASURES = 4 };

/* Counts of a measure; split 0 alone where it is not split, else 1.. are "1", "2", ... */
typedef struct base_counts {
    int64_t n[MAX_AREAS][MAX_PERIODS][MAX_SPLITS];
} base_counts;

typedef struct release {
    char folder[64];
    hst_study *study;
    hst_conditions *conditions;
    hst_standard standard;
    hst_measures *measures;
    hst_areas *areas;
    hst_ledger *ledger;
    hst_result rows[MAX_ROWS];
    size_t n_rows;
    hst_publication publication;
    hst_disclosure disclosure;
    hst_status status;
    hst_error err;
} release;

static void write_file(const release *r, const char *name, const char *text)
{
    char path[128];
    FILE *file = NULL;

    snprintf(path, sizeof path, "%s/%s", r->folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

/* Areas A1, A2, ...; comparators England and, where `similar` has lines, Similar. */
static release *open_release(size_t n_areas, const char *similar, const char *measures)
{
    release *r = calloc(1, sizeof *r);
    char text[4096], names[256] = "code,name\n";

    assert_non_null(r);
    snprintf(r->folder, sizeof r->folder, "/tmp/hestia-disclosure-XXXXXX");
    assert_non_null(mkdtemp(r->folder));
    for (size_t i = 0; i < n_areas; i++) {
        snprintf(names + strlen(names), sizeof names - strlen(names), "A%zu,Area %zu\n", i + 1,
                 i + 1);
    }
    snprintf(text, sizeof text,
             "study: small\n"
             "period: {from: 2010-04-01, to: 2011-03-31}\n"
             "extracts: [{dataset: apc, files: apc_*.csv}]\n"
             "areas:\n"
             "  type: pct\n"
             "  names: names.csv\n"
             "  sites: [A1]\n"
             "  comparators:\n"
             "    - {name: England, areas: all}\n"
             "%s"
             "population: population.csv\n"
             "measures:\n%s"
             "publish: {disclosure: hes2018}\n",
             similar ? "    - {name: Similar, file: similar.csv}\n" : "", measures);
    write_file(r, "study.yaml", text);
    write_file(r, "names.csv", names);
    write_file(r, "population.csv", "area,year,sex,age_lower,age_upper,population\n");
    write_file(r, "apc_1.csv", "EPIKEY\n");
    snprintf(text, sizeof text, "area,comparator\n%s", similar ? similar : "");
    write_file(r, "similar.csv", text);
    snprintf(text, sizeof text, "%s/study.yaml", r->folder);
    if (hst_study_read(&r->study, text, &r->err) != HST_OK ||
        hst_conditions_read(&r->conditions, NULL, &r->err) != HST_OK ||
        hst_standard_read(&r->standard, "esp2013", &r->err) != HST_OK ||
        hst_measures_compile(&r->measures, r->study, r->conditions, &r->standard.bands, &r->err) !=
            HST_OK ||
        hst_areas_build(&r->areas, r->study, NULL, NULL, 0, &r->err) != HST_OK ||
        hst_ledger_create(&r->ledger, &r->err) != HST_OK) {
        fail_msg("%s", r->err.message);
    }
    r->publication = (hst_publication){.study = r->study,
                                       .measures = r->measures,
                                       .areas = r->areas,
                                       .ledger = r->ledger,
                                       .results = r->rows};
    return r;
}

static void close_release(release *r)
{
    assert_int_equal(hst_tree_remove(r->folder, NULL), HST_OK);
    hst_ledger_free(r->ledger);
    hst_areas_free(r->areas);
    hst_measures_free(r->measures);
    hst_conditions_free(r->conditions);
    hst_study_free(r->study);
    free(r);
}

/* Periods of 2010/11 of the types that a measure has, sorted by label, with the finest ones that
 * each holds. */
typedef struct period_list {
    size_t n;
    struct {
        hst_period period;
        size_t first, last; /* finest */
    } items[20];
    size_t n_finest;
} period_list;

static int compare_labels(const void *a, const void *b)
{
    const hst_period *x = a, *y = b; /* the first member */

    return strcmp(x->label, y->label);
}

static period_list list_periods(const hst_measure *measure)
{
    static const struct {
        hst_by type;
        size_t n;
    } types[] = {{HST_BY_MONTH, 12}, {HST_BY_QUARTER, 4}, {HST_BY_YEAR, 1}};
    period_list list = {0};

    for (size_t t = 0; t < 3; t++) {
        hst_period period = hst_period_of(types[t].type, hst_date_from_civil(2010, 4, 1));

        if (!(measure->by & (unsigned)types[t].type)) {
            continue;
        }
        list.n_finest = list.n_finest > 0 ? list.n_finest : types[t].n;
        for (size_t i = 0; i < types[t].n; i++) {
            size_t each = list.n_finest / types[t].n;

            list.items[list.n].period = period;
            list.items[list.n].first = i * each;
            list.items[list.n].last = (i + 1) * each - 1;
            list.n++;
            period = hst_period_next(&period);
        }
    }
    qsort(list.items, list.n, sizeof list.items[0], compare_labels);
    return list;
}

/* Sum of what a row counts: a unit (SIZE_MAX: all of `members`), finest periods, a split value (0
 * and the measure split: all of them). */
static int64_t sum_counts(const base_counts *counts, const bool members[MAX_AREAS], size_t first,
                          size_t last, size_t split_from, size_t split_to)
{
    int64_t sum = 0;

    for (size_t area = 0; area < MAX_AREAS; area++) {
        for (size_t period = first; members[area] && period <= last; period++) {
            for (size_t split = split_from; split <= split_to; split++) {
                sum += counts->n[area][period][split];
            }
        }
    }
    return sum;
}

static void mark_members(const release *r, bool is_group, size_t unit, bool members[MAX_AREAS])
{
    const hst_area_group *group = is_group ? hst_areas_group(r->areas, unit) : NULL;

    memset(members, 0, MAX_AREAS * sizeof *members);
    for (size_t i = 0; group && i < group->n_members; i++) {
        members[group->members[i].area] = true;
    }
    if (!group) {
        members[unit] = true;
    }
}

/* One row; rates and means are made up, but from the true count. */
static void add_row(release *r, size_t measure, bool is_group, size_t unit,
                    const hst_period *period, const char *split, int64_t count)
{
    const hst_measure *m = &r->study->measures[measure];
    hst_result *row = &r->rows[r->n_rows++];

    assert_true(r->n_rows <= MAX_ROWS);
    *row = (hst_result){.measure = measure,
                        .is_group = is_group,
                        .area = unit,
                        .period = *period,
                        .sex = "persons",
                        .age = "all",
                        .split = split,
                        .split_name = "",
                        .statistic = hst_statistic_name(m->statistic),
                        .method = "",
                        .total_count = count,
                        .total_pop = m->statistic == HST_STAT_MEAN_LOS ? (double)count : 17300,
                        .value = m->statistic == HST_STAT_COUNT ? (double)count
                                                                : (double)count * 100000 / 17300,
                        .lowercl = NAN,
                        .uppercl = NAN,
                        .lower998 = NAN,
                        .upper998 = NAN,
                        .confidence = "95%",
                        .comparator = is_group ? SIZE_MAX : 0,
                        .comparator_value = is_group ? (double)NAN : 50.25,
                        .compared = "",
                        .compared_method = "",
                        .note = ""};
    if (m->statistic == HST_STAT_DSR && count < m->min_events) {
        row->value = NAN;
        row->note = "fewer events than min_events: value and limits withheld";
    } else if (m->statistic == HST_STAT_MEAN_LOS && count == 0) {
        row->value = NAN;
    }
}

/* All rows of a measure, in the order of the results: units by code, periods by label, splits. */
static void add_measure(release *r, size_t measure, const base_counts *counts, size_t n_splits)
{
    static const char *const splits[MAX_SPLITS] = {"", "1", "2", "3"};
    period_list periods = list_periods(&r->study->measures[measure]);
    size_t n_areas = hst_areas_n(r->areas), n_groups = hst_areas_n_groups(r->areas);

    for (size_t i = 0; i < n_areas + n_groups; i++) { /* A1 ... sort before England, Similar */
        bool is_group = i >= n_areas, members[MAX_AREAS];
        size_t unit = is_group ? i - n_areas : i;

        mark_members(r, is_group, unit, members);
        for (size_t p = 0; p < periods.n; p++) {
            for (size_t split = 0; split <= n_splits; split++) {
                add_row(r, measure, is_group, unit, &periods.items[p].period, splits[split],
                        sum_counts(counts, members, periods.items[p].first, periods.items[p].last,
                                   split, split > 0 ? split : n_splits));
            }
        }
    }
    r->publication.n_results = r->n_rows;
}

static inline void disclose(release *r)
{
    r->status = hst_disclose(&r->publication, &r->disclosure, &r->err);
}

/* A row by its measure, unit ("A1", "England"), period and split. */
static inline hst_result *find_row(release *r, size_t measure, const char *unit, const char *period,
                                   const char *split)
{
    for (size_t i = 0; i < r->n_rows; i++) {
        hst_result *row = &r->rows[i];
        const char *code = row->is_group ? hst_areas_group(r->areas, row->area)->name
                                         : hst_areas_code(r->areas, row->area);

        if (row->measure == measure && strcmp(code, unit) == 0 &&
            strcmp(row->period.label, period) == 0 && strcmp(row->split, split) == 0) {
            return row;
        }
    }
    fail_msg("no row of %s, %s, %s", unit, period, split);
    return NULL;
}

#endif
