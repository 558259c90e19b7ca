/* hestia explain: one published number taken apart, from the rows of its area and period to the
 * contribution of each band. It reads the segments that the latest run was counted from, so what it
 * shows is the number in the tables, whatever has come in since. */
#include "cli/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hestia/csv.h"
#include "hestia/ingest.h"
#include "hestia/published.h"
#include "hestia/series.h"

typedef struct explain_arguments {
    cli_options options;
    const char *study, *measure, *area, *period, *keys;
} explain_arguments;

/* What is asked, and everything needed to answer. */
typedef struct explain {
    const explain_arguments *arguments;
    hst_study *study;
    hst_conditions *conditions;
    hst_standard standard;
    hst_population *population; /* NULL when the study names none */
    hst_measures *measures;
    hst_store *store;
    size_t n_segments;
    hst_segment **segments;
    hst_areas *areas;
    hst_cube *cube;

    size_t measure;
    size_t area;  /* SIZE_MAX for a comparator */
    size_t group; /* SIZE_MAX for an area */
    hst_period period;
} explain;

static void explain_clear(explain *e)
{
    hst_cube_free(e->cube);
    hst_areas_free(e->areas);
    for (size_t i = 0; i < e->n_segments; i++) {
        hst_segment_close(e->segments[i]);
    }
    free(e->segments);
    hst_store_close(e->store);
    hst_measures_free(e->measures);
    hst_population_free(e->population);
    hst_conditions_free(e->conditions);
    hst_study_free(e->study);
}

static const char *results_directory(const explain *e)
{
    return e->arguments->options.out ? e->arguments->options.out : e->study->publish.directory;
}

/* ---- finding what is asked ---- */

static hst_status find_measure(explain *e, hst_error *err)
{
    const char **ids = NULL;
    const char *near = NULL;
    hst_status status = HST_OK;

    for (size_t i = 0; i < e->study->n_measures; i++) {
        if (strcmp(e->study->measures[i].id, e->arguments->measure) == 0) {
            e->measure = i;
            return HST_OK;
        }
    }
    ids = calloc(e->study->n_measures + 1, sizeof *ids);
    if (!ids) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the names of measures");
    }
    for (size_t i = 0; i < e->study->n_measures; i++) {
        ids[i] = e->study->measures[i].id;
    }
    near = hst_nearest_name(e->arguments->measure, ids, e->study->n_measures);
    status = near ? hst_fail(err, HST_ERR_USAGE, "%s: no measure `%s`; did you mean `%s`?",
                             e->study->path, e->arguments->measure, near)
                  : hst_fail(err, HST_ERR_USAGE, "%s: no measure `%s`", e->study->path,
                             e->arguments->measure);
    free(ids);
    return status;
}

static hst_status find_period(explain *e, hst_error *err)
{
    const hst_period *periods = NULL;
    size_t n = 0;

    if (!hst_period_parse(e->arguments->period, &e->period)) {
        return hst_fail(err, HST_ERR_USAGE,
                        "`%s` is not a period; write a month as 2010-04, a quarter as \"2010/11 "
                        "Q1\", a year as 2010/11",
                        e->arguments->period);
    }
    if (e->study->measures[e->measure].by & (unsigned)e->period.type) {
        n = hst_measures_periods(e->measures, e->measure, e->period.type, &periods);
    }
    for (size_t i = 0; i < n; i++) {
        if (periods[i].start == e->period.start) {
            return HST_OK;
        }
    }
    return hst_fail(err, HST_ERR_USAGE, "%s: measure `%s` is not published for the %s %s",
                    e->study->path, e->arguments->measure, hst_period_type_name(e->period.type),
                    e->period.label);
}

static hst_status find_area(explain *e, hst_error *err)
{
    e->area = e->group = SIZE_MAX;
    for (size_t i = 0; i < hst_areas_n(e->areas); i++) {
        if (strcmp(hst_areas_code(e->areas, i), e->arguments->area) == 0) {
            e->area = i;
            return HST_OK;
        }
    }
    for (size_t i = 0; i < hst_areas_n_groups(e->areas); i++) {
        if (strcmp(hst_areas_group(e->areas, i)->name, e->arguments->area) == 0) {
            e->group = i;
            return HST_OK;
        }
    }
    return hst_fail(err, HST_ERR_USAGE,
                    "%s: `%s` is neither an area of the list nor a comparator (areas.csv has both)",
                    e->study->path, e->arguments->area);
}

/* ---- reading ---- */

static hst_status read_study(explain *e, hst_error *err)
{
    hst_status status = hst_study_read(&e->study, e->arguments->study, err);

    if (status == HST_OK) {
        status = hst_conditions_read(&e->conditions, e->study->code_lists, err);
    }
    if (status == HST_OK) {
        status = hst_standard_read(&e->standard, e->study->standard_population, err);
    }
    if (status == HST_OK && e->study->population.n > 0) {
        status = hst_population_read(&e->population, &e->study->population, &e->standard, err);
    }
    if (status == HST_OK) {
        status =
            hst_measures_compile(&e->measures, e->study, e->conditions, &e->standard.bands, err);
    }
    if (status == HST_OK) {
        status = find_measure(e, err);
    }
    if (status == HST_OK) {
        status = find_period(e, err);
    }
    return status;
}

/* The segments of the latest run. */
static hst_status open_segments(explain *e, hst_error *err)
{
    hst_status status = HST_OK;
    hst_published_input *inputs = NULL;
    size_t n = 0;
    const char *store = e->arguments->options.store;

    status = hst_published_inputs(&inputs, &n, results_directory(e), err);
    if (status != HST_OK) {
        return status;
    }
    e->segments = calloc(n + 1, sizeof *e->segments);
    if (!e->segments) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for %zu segments", n);
        goto done;
    }
    status = hst_store_open(&e->store, store ? store : e->study->store, false, false, err);
    for (size_t i = 0; i < n && status == HST_OK; i++) {
        if (!hst_store_has(e->store, inputs[i].digest, inputs[i].layout_key)) {
            status = hst_fail(err, HST_ERR_USAGE,
                              "%s: no longer holds what the latest results were counted from; "
                              "`hestia run` makes them anew",
                              hst_store_path(e->store));
            break;
        }
        status = hst_segment_open(&e->segments[i], e->store, inputs[i].digest, inputs[i].layout_key,
                                  err);
        e->n_segments += status == HST_OK;
    }

done:
    free(inputs);
    return status;
}

static const hst_segment *const *segments_of(const explain *e)
{
    return (const hst_segment *const *)e->segments;
}

static hst_status count(explain *e, hst_error *err)
{
    hst_count_options options = {.n_threads = e->arguments->options.n_threads,
                                 .memory_bytes = e->arguments->options.memory};
    hst_status status = hst_areas_build(&e->areas, e->study,
                                        e->population ? hst_population_areas(e->population) : NULL,
                                        segments_of(e), e->n_segments, err);

    if (status == HST_OK) {
        status = find_area(e, err);
    }
    if (status == HST_OK) {
        status = hst_count(&e->cube, NULL, e->measures, e->study, e->areas, segments_of(e),
                           e->n_segments, &options, NULL, err);
    }
    return status;
}

/* ---- telling ---- */

static void show_title(const explain *e)
{
    const hst_measure *measure = &e->study->measures[e->measure];
    char start[11], end[11];

    hst_date_format(e->period.start, start);
    hst_date_format(e->period.end, end);
    printf("%s · %s\n", measure->id, hst_measures_definition(e->measures, e->measure));
    if (e->area != SIZE_MAX) {
        printf("%s %s", hst_areas_code(e->areas, e->area), hst_areas_name(e->areas, e->area));
    } else {
        const hst_area_group *group = hst_areas_group(e->areas, e->group);

        printf("%s (comparator of %zu areas)", group->name, group->n_members);
    }
    printf(" · %s (%s to %s)\n", e->period.label, start, end);
}

static hst_status write_keys(const char *path, const uint64_t *keys, size_t n, hst_error *err)
{
    static const char *const columns[] = {"EPIKEY"};
    hst_csv *csv = NULL;
    hst_status status = hst_csv_create(&csv, path, 0600, err);

    if (status != HST_OK) {
        return status;
    }
    hst_csv_header(csv, columns, 1);
    for (size_t i = 0; i < n; i++) {
        hst_csv_count(csv, keys[i]);
        hst_csv_end_row(csv);
    }
    status = hst_csv_finish(csv, err);
    hst_csv_free(csv);
    if (status == HST_OK) {
        printf("\n%zu keys are in %s: records of persons, not for release\n", n, path);
    }
    return status;
}

/* Rows in the period → each filter → counted. */
static hst_status show_cascade(const explain *e, uint64_t *n_counted, hst_error *err)
{
    hst_status status = HST_OK;
    const hst_count_options options = {.n_threads = e->arguments->options.n_threads,
                                       .memory_bytes = e->arguments->options.memory};
    const char *path = e->arguments->keys;
    hst_cascade_step *steps = NULL;
    uint64_t *keys = NULL;
    size_t n_steps = 0, n_keys = 0;

    status = hst_count_explain(&steps, &n_steps, path ? &keys : NULL, path ? &n_keys : NULL,
                               e->measures, e->measure, e->study, e->areas, e->area, e->group,
                               &e->period, segments_of(e), e->n_segments, &options, err);
    if (status != HST_OK) {
        return status;
    }
    printf("\nRows left after each step\n");
    for (size_t i = 0; i < n_steps; i++) {
        printf("%12" PRIu64 "  %s\n", steps[i].n, steps[i].what);
        *n_counted = steps[i].n;
    }
    if (path) {
        status = write_keys(path, keys, n_keys, err);
    }
    free(steps);
    free(keys);
    return status;
}

static void show_number(int width, double number)
{
    char text[HST_CSV_NUMBER_BYTES];

    hst_csv_format_real(text, number);
    printf("  %*s", width, text[0] ? text : "-");
}

/* Band by band; the value is the sum of the contributions. */
static void show_strata(const explain *e, const hst_stratum *strata, size_t n, uint64_t *events,
                        double *value)
{
    const hst_measure *measure = &e->study->measures[e->measure];
    char per[HST_CSV_NUMBER_BYTES];

    *events = 0;
    *value = 0;
    hst_csv_format_real(per, measure->per);
    switch (measure->statistic) {
    case HST_STAT_DSR:
        printf("\ncontribution = %s x weight x count / population / sum of weights\n", per);
        break;
    case HST_STAT_CRUDE_RATE:
        printf("\ncontribution = %s x count / population\n", per);
        break;
    default:
        printf("\ncontribution = count\n");
        break;
    }
    printf("%-8s %-8s  %10s  %18s  %18s  %18s\n", "sex", "age", "count", "population", "weight",
           "contribution");
    for (size_t i = 0; i < n; i++) {
        printf("%-8s %-8s  %10" PRIu64, strata[i].sex, strata[i].age, strata[i].events);
        show_number(18, strata[i].population);
        show_number(18, strata[i].weight);
        show_number(18, strata[i].contribution);
        printf("\n");
        *events += strata[i].events;
        *value += strata[i].contribution;
    }
    printf("%-8s %-8s  %10" PRIu64 "  %18s  %18s", "sum", "", *events, "", "");
    show_number(18, *value);
    printf("\n");
}

/* True when two numbers are the same but for the order in which doubles were added. */
static bool agree(double ours, double published)
{
    return fabs(ours - published) <= 1e-9 * fabs(published);
}

/* The number in the tables, and whether it is this one. */
static hst_status show_published(const explain *e, uint64_t events, double value, hst_error *err)
{
    hst_status status = HST_OK;
    const hst_published_key key = {
        .measure = e->arguments->measure,
        .area_code = e->arguments->area,
        .period = e->period.label,
        .statistic = hst_statistic_name(e->study->measures[e->measure].statistic)};
    hst_published_number published;
    bool is_found = false;

    status = hst_published_find(&published, &is_found, results_directory(e), &key, err);
    if (status != HST_OK) {
        return status;
    }
    printf("\n%s/latest/results.csv: ", results_directory(e));
    if (!is_found) {
        printf("has no such number; the study has changed since, `hestia run` brings it up to "
               "date\n");
        return HST_OK;
    }
    printf("total_count");
    show_number(0, published.total_count);
    printf(", value");
    show_number(0, published.value);
    printf("\n");
    if (isnan(published.value)) {
        printf("the value is not given: %s\n", published.note[0] ? published.note : "no reason");
        printf("%s\n",
               (double)events == published.total_count ? "the counts agree" : "THE COUNTS DIFFER");
    } else if ((double)events == published.total_count && agree(value, published.value)) {
        printf("they agree\n");
    } else {
        printf("THEY DIFFER: the study or a table it names has changed since; `hestia run` brings "
               "the results up to date\n");
    }
    return HST_OK;
}

static hst_status show(const explain *e, hst_error *err)
{
    hst_status status = HST_OK;
    hst_stratum *strata = NULL;
    size_t n_strata = 0;
    uint64_t n_counted = 0, events = 0;
    double value = 0;
    bool is_group = e->group != SIZE_MAX;

    show_title(e);
    status = show_cascade(e, &n_counted, err);
    if (status == HST_OK) {
        status = hst_results_strata(&strata, &n_strata, e->study, e->measures, e->areas, e->cube,
                                    e->population, &e->standard, e->measure, is_group,
                                    is_group ? e->group : e->area, &e->period, err);
    }
    if (status == HST_OK) {
        show_strata(e, strata, n_strata, &events, &value);
        if (events < n_counted) {
            printf("%" PRIu64 " of those counted have no known sex or age, or one outside the "
                   "standard, and are not in the rate\n",
                   n_counted - events);
        }
        status = show_published(e, events, value, err);
    }
    if (status == HST_OK && fflush(stdout) != 0) {
        status = hst_fail(err, HST_ERR_SYSTEM, "standard output cannot be written");
    }
    free(strata);
    return status;
}

/* ---- the command ---- */

enum { KEY_AREA = 0x2001, KEY_PERIOD, KEY_KEYS };

static error_t parse_explain(int key, char *argument, struct argp_state *state)
{
    explain_arguments *arguments = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->options;
        return 0;
    case KEY_AREA:
        arguments->area = argument;
        return 0;
    case KEY_PERIOD:
        arguments->period = argument;
        return 0;
    case KEY_KEYS:
        arguments->keys = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (!arguments->study) {
            arguments->study = argument;
        } else if (!arguments->measure) {
            arguments->measure = argument;
        } else {
            argp_error(state, "one measure at a time");
            return EINVAL;
        }
        return 0;
    case ARGP_KEY_END:
        if (!arguments->study || !arguments->measure || !arguments->area || !arguments->period) {
            argp_error(state, "a study, a measure, --area and --period are needed");
            return EINVAL;
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

hst_status cli_explain(int argc, char **argv, hst_error *err)
{
    static const struct argp_child children[] = {{&cli_common_argp, 0, "Common options:", 9}, {0}};
    static const struct argp_option options[] = {
        {"area", KEY_AREA, "CODE", 0, "Area by its code, or a comparator by its name", 0},
        {"period", KEY_PERIOD, "P", 0, "Period as the results name it: \"2010/11 Q1\"", 0},
        {"keys", KEY_KEYS, "FILE", 0,
         "Write the EPIKEYs counted (records of persons: keep the file inside)", 0},
        {0}};
    static const struct argp explain_argp = {
        .options = options,
        .parser = parse_explain,
        .args_doc = "STUDY.yaml MEASURE --area CODE --period P",
        .doc = "Takes one published number apart: rows in the period, each filter, counted; then "
               "band by band count, population, weight and contribution.",
        .children = children};
    explain_arguments arguments = {0};
    explain e = {.arguments = &arguments};
    hst_status status = HST_OK;

    cli_options_init(&arguments.options);
    status = cli_parse(&explain_argp, "hestia explain", argc, argv, &arguments, err);
    if (status != HST_OK) {
        return status;
    }
    status = read_study(&e, err);
    if (status == HST_OK) {
        status = open_segments(&e, err);
    }
    if (status == HST_OK) {
        status = count(&e, err);
    }
    if (status == HST_OK) {
        status = show(&e, err);
    }
    explain_clear(&e);
    return status;
}
