/* A whole small study: stays written into a store, counted, and turned into results. Three areas in
 * 2006/07, two age bands and two sexes, so that every number can be worked out by hand. */
#ifndef HESTIA_TESTS_STANDARDISE_SMALL_RUN_H
#define HESTIA_TESTS_STANDARDISE_SMALL_RUN_H

#include <unistd.h>

#include "hestia/parts.h"
#include "hestia/series.h"
#include "tests/metrics/episodes.h"

enum { MAX_STAYS = 64 };

/* A finished stay of one episode. */
typedef struct small_stay {
    unsigned person;
    const char *area;
    int month, day; /* of admission; April to December are of 2006, January to March of 2007 */
    int days;
    char sex;
    unsigned age;
    const char *provider, *method;
} small_stay;

typedef struct small_run {
    char folder[40];
    hst_study *study;
    hst_conditions *conditions;
    hst_standard standard;
    hst_population *population;
    hst_measures *measures;
    hst_areas *areas;
    hst_ledger *ledger;
    plain_store store;
    hst_cube *cube;
    hst_results *results;
    const hst_result *rows;
    size_t n_rows;
} small_run;

/* People of each area: men below 65, men from 65, women below 65, women from 65. */
static const struct small_people {
    const char *area;
    double people[4];
} small_people[] = {{"5J6", {1000, 200, 1100, 300}},
                    {"5NK", {2000, 500, 2100, 700}},
                    {"5QL", {3000, 600, 3100, 900}}};

static void write_file(const small_run *run, const char *name, const char *text)
{
    char path[128];
    FILE *file = NULL;

    snprintf(path, sizeof path, "%s/%s", run->folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void write_tables(const small_run *run)
{
    char text[2048];
    size_t n =
        (size_t)snprintf(text, sizeof text, "area,year,sex,age_lower,age_upper,population\n");

    for (size_t area = 0; area < 3; area++) {
        for (size_t i = 0; i < 4; i++) {
            n += (size_t)snprintf(text + n, sizeof text - n, "%s,2006,%zu,%d,%d,%.0f\n",
                                  small_people[area].area, 1 + i / 2, i % 2 ? 65 : 0,
                                  i % 2 ? 999 : 64, small_people[area].people[i]);
        }
    }
    write_file(run, "population.csv", text);
    write_file(run, "names.csv", "code,name\n5J6,Calderdale\n5NK,Wirral\n5QL,Somerset\n");
    write_file(run, "standard.csv", "age_lower,age_upper,weight\n0,64,60\n65,999,40\n");
    write_file(run, "similar.csv", "area,comparator,weight\n5NK,5J6,0.5\n5NK,5QL,2\n");
}

static void write_stays(small_run *run, const small_stay *stays, size_t n)
{
    static plain_row rows[MAX_STAYS];

    assert_in_range(n, 1, MAX_STAYS);
    for (size_t i = 0; i < n; i++) {
        const small_stay *stay = &stays[i];
        hst_date day = hst_date_from_civil(stay->month < 4 ? 2007 : 2006, stay->month, stay->day);

        rows[i] = (plain_row){.file = 2,
                              .person = stay->person,
                              .key = i + 1,
                              .epistat = '3',
                              .epitype = '1',
                              .classpat = '1',
                              .sex = stay->sex,
                              .dismeth = '1',
                              .epiorder = 1,
                              .age = stay->age,
                              .admidate = day,
                              .epistart = day,
                              .disdate = day + stay->days,
                              .epiend = day + stay->days,
                              .subdate = day + 400,
                              .admimeth = stay->method ? stay->method : "21",
                              .admisorc = "19",
                              .disdest = "19",
                              .provider = stay->provider ? stay->provider : "RD1",
                              .mainspef = "300",
                              .tretspef = "300",
                              .gp_practice = "",
                              .area = stay->area};
        for (size_t k = 0; k < N_DIAGNOSES; k++) {
            rows[i].diagnoses[k] = k == 0 ? "J440" : "";
        }
        for (size_t k = 0; k < N_PROCEDURES; k++) {
            rows[i].procedures[k] = "";
        }
    }
    write_store(&run->store, rows, n, 2, 0, false, false);
}

/* Makes the study of the measures (lines of YAML) and its results. */
static void open_run(small_run *run, const char *measures, const small_stay *stays, size_t n)
{
    static const char head[] =
        "study: small\n"
        "period: {from: 2004-04-01, to: 2007-03-31}\n"
        "extracts: [{dataset: apc, files: apc.csv}]\n"
        "areas:\n"
        "  type: pct\n"
        "  names: names.csv\n"
        "  sites: [5NK]\n"
        "  comparators: [{name: England, areas: all}, {name: Similar, file: similar.csv}]\n"
        "population: population.csv\n"
        "standard_population: standard.csv\n"
        "deprivation: imd.csv\n"
        "measure_defaults: {period: {from: 2006-04-01, to: 2007-03-31}}\n"
        "publish: {disclosure: none}\n"
        "measures:\n";
    const hst_segment *const *segments = (const hst_segment *const *)run->store.segments;
    const hst_count_options options = {.n_threads = 2};
    char text[4096], path[128];
    hst_error err = {0};

    strcpy(run->folder, "/tmp/hestia-small-XXXXXX");
    assert_non_null(mkdtemp(run->folder));
    write_tables(run);
    write_file(run, "apc.csv", "EPIKEY\n");
    write_file(run, "imd.csv", "area,imd\n5J6,24.6\n5NK,26.9\n5QL,17.8\n");
    write_file(run, "table.csv",
               "period,area,value\n2004/05,5NK,80\n2006/07,5NK,93.5\n"
               "2006/07,England,700\n2006/07,5XX,1\n");
    snprintf(text, sizeof text, "%s%s", head, measures);
    write_file(run, "study.yaml", text);
    snprintf(path, sizeof path, "%s/study.yaml", run->folder);
    write_stays(run, stays, n);
    if (hst_study_read(&run->study, path, &err) != HST_OK ||
        hst_conditions_read(&run->conditions, NULL, &err) != HST_OK ||
        hst_standard_read(&run->standard, run->study->standard_population, &err) != HST_OK ||
        hst_population_read(&run->population, &run->study->population, &run->standard, &err) !=
            HST_OK ||
        hst_measures_compile(&run->measures, run->study, run->conditions, &run->standard.bands,
                             &err) != HST_OK ||
        hst_areas_build(&run->areas, run->study, NULL, segments, N_FILES, &err) != HST_OK ||
        hst_ledger_create(&run->ledger, &err) != HST_OK ||
        hst_count(&run->cube, NULL, run->measures, run->study, run->areas, segments, N_FILES,
                  &options, run->ledger, &err) != HST_OK ||
        hst_results_compute(&run->results, run->study, run->measures, run->areas, run->cube,
                            run->population, &run->standard, 2, run->ledger, &err) != HST_OK) {
        fail_msg("%s", err.message);
    }
    run->rows = hst_results_rows(run->results, &run->n_rows);
}

static void close_run(small_run *run)
{
    char command[128];

    hst_results_free(run->results);
    hst_cube_free(run->cube);
    hst_ledger_free(run->ledger);
    hst_areas_free(run->areas);
    hst_measures_free(run->measures);
    hst_population_free(run->population);
    hst_conditions_free(run->conditions);
    hst_study_free(run->study);
    remove_store(&run->store);
    snprintf(command, sizeof command, "rm -rf %s", run->folder);
    assert_int_equal(system(command), 0);
}

/* The row of a measure of one area or comparator; unsplit. */
static inline const hst_result *find_row(const small_run *run, const char *measure,
                                         const char *area, const char *period,
                                         const char *statistic)
{
    for (size_t i = 0; i < run->n_rows; i++) {
        const hst_result *row = &run->rows[i];
        const char *code = row->is_group ? hst_areas_group(run->areas, row->area)->name
                                         : hst_areas_code(run->areas, row->area);

        if (strcmp(run->study->measures[row->measure].id, measure) == 0 &&
            strcmp(code, area) == 0 && strcmp(row->period.label, period) == 0 &&
            strcmp(row->statistic, statistic) == 0 && row->split[0] == '\0') {
            return row;
        }
    }
    fail_msg("no row of %s, %s, %s, %s", measure, area, period, statistic);
    return NULL;
}

/* The parts of a row's value; the caller clears them. */
static inline hst_parts parts_of(const small_run *run, const hst_result *row)
{
    hst_parts parts;
    hst_error err = {0};

    if (hst_parts_of(&parts, run->study, run->measures, run->areas, run->cube, run->population,
                     &run->standard, row->measure, row->is_group, row->area, &row->period, &err)) {
        fail_msg("%s", err.message);
    }
    return parts;
}

/* Every row that has parts has the same value and count by its parts; returns how many there are.
 */
static inline size_t check_parts(const small_run *run)
{
    size_t n = 0, n_checked = 0;
    const hst_result *rows = hst_results_rows(run->results, &n);

    for (size_t i = 0; i < n; i++) {
        hst_parts parts = {0};

        if (rows[i].split[0] != '\0') {
            continue;
        }
        parts = parts_of(run, &rows[i]);
        if (strcmp(parts.statistic, rows[i].statistic) == 0) {
            assert_true(parts.total_count == rows[i].total_count);
            assert_true(isnan(parts.value) == isnan(rows[i].value));
            if (!isnan(parts.value)) {
                assert_close(parts.value, rows[i].value, 0);
            }
            n_checked++;
        }
        hst_parts_clear(&parts);
    }
    return n_checked;
}

#endif
