/* hestia demo: artificial patients, a study of them, and what its results show. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/synth.h"
#include "hestia/table.h"

/* Enough residents for about a million episodes in three years. */
enum { DEMO_PEOPLE = 1050000 };

static const char default_directory[] = "hestia-demo";

typedef struct arguments {
    const char *directory;
    cli_options common;
} arguments;

/* The cells of results.csv that the demo reads. */
typedef enum column { MEASURE, AREA, PERIOD, VALUE, LOWER, UPPER, N_COLUMNS } column;

typedef struct results {
    hst_table *table;
    size_t at[N_COLUMNS];
} results;

typedef struct rate {
    double value, lower, upper;
} rate;

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    arguments *a = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &a->common;
        return 0;
    case ARGP_KEY_ARG:
        if (a->directory) {
            argp_error(state, "one directory, please");
            return EINVAL;
        }
        a->directory = argument;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static hst_status open_results(results *r, const char *path, hst_error *err)
{
    static const char *const names[N_COLUMNS] = {"measure", "area_code", "period",
                                                 "value",   "lowercl",   "uppercl"};
    hst_status status = hst_table_read(&r->table, path, err);

    for (size_t i = 0; status == HST_OK && i < N_COLUMNS; i++) {
        status = hst_table_require(r->table, names[i], &r->at[i], err);
    }
    return status;
}

/* Number of a cell, NAN when it is empty. */
static double cell_number(const results *r, size_t row, column c)
{
    const char *text = hst_table_cell(r->table, row, r->at[c]);

    return *text ? strtod(text, NULL) : NAN;
}

static rate find_rate(const results *r, const char *measure, const char *area, const char *period)
{
    for (size_t row = 0; row < hst_table_n_rows(r->table); row++) {
        if (strcmp(hst_table_cell(r->table, row, r->at[MEASURE]), measure) == 0 &&
            strcmp(hst_table_cell(r->table, row, r->at[AREA]), area) == 0 &&
            strcmp(hst_table_cell(r->table, row, r->at[PERIOD]), period) == 0) {
            return (rate){cell_number(r, row, VALUE), cell_number(r, row, LOWER),
                          cell_number(r, row, UPPER)};
        }
    }
    return (rate){NAN, NAN, NAN};
}

static void print_rates(const results *r, const char *title, const char *measure)
{
    static const struct {
        const char *code, *name;
    } areas[] = {
        {"5J6", "Calderdale"}, {"5QL", "Somerset"}, {"5NK", "Wirral"}, {"England", "England"}};

    printf("\n%s\n  per 100,000 residents, standardised by age and sex, with 95 %% limits\n\n",
           title);
    printf("  %-12s %-26s %-26s %s\n", "", "2008/09", "2010/11", "change");
    for (size_t i = 0; i < sizeof areas / sizeof *areas; i++) {
        rate first = find_rate(r, measure, areas[i].code, "2008/09");
        rate last = find_rate(r, measure, areas[i].code, "2010/11");
        char texts[2][64];

        snprintf(texts[0], sizeof texts[0], "%.0f (%.0f to %.0f)", first.value, first.lower,
                 first.upper);
        snprintf(texts[1], sizeof texts[1], "%.0f (%.0f to %.0f)", last.value, last.lower,
                 last.upper);
        printf("  %-12s %-26s %-26s %+.0f %%\n", areas[i].name, texts[0], texts[1],
               100 * (last.value / first.value - 1));
    }
}

/* Says where the results are and what they show. */
static hst_status show(const char *directory, const cli_options *options, hst_error *err)
{
    char folder[4096], path[4096 + 32];
    results r = {0};
    hst_status status = HST_OK;

    if (options->out) {
        snprintf(folder, sizeof folder, "%s/latest", options->out);
    } else {
        snprintf(folder, sizeof folder, "%s/results/latest", directory);
    }
    snprintf(path, sizeof path, "%s/results.csv", folder);
    status = open_results(&r, path, err);
    if (status != HST_OK) {
        goto done;
    }
    print_rates(&r, "Emergency admissions", "emergency_admissions");
    print_rates(&r, "Emergency admissions for chronic obstructive lung disease", "copd_emergency");
    printf("\nAll patients are artificial. In Wirral a service was planted that prevents 30 %% of "
           "the admissions in the\nsecond table from October 2009; %s/truth.csv has the "
           "numbers. The country is a scale model of one\nin fifty, so its totals stand far below "
           "the published ones.\n\n",
           directory);
    printf("Results:  %s\nStudy:    %s/study.yaml\nOne number taken apart:\n"
           "          hestia explain %s/study.yaml copd_emergency --area 5NK --period 2010/11\n",
           path, directory, directory);

done:
    hst_table_free(r.table);
    return status;
}

hst_status cli_demo(int argc, char **argv, hst_error *err)
{
    static const struct argp_child children[] = {{&cli_common_argp, 0, "Common options:", 9}, {0}};
    static const struct argp argp = {
        .parser = parse_option,
        .args_doc = "[DIR]",
        .doc = "Writes artificial extracts and a study of them into DIR (default hestia-demo), "
               "runs the study, and says where the results are and what they show.",
        .children = children,
    };
    arguments a = {0};
    synth_options options;
    char study[4096];
    uint64_t n_rows = 0;
    hst_status status = HST_OK;

    cli_options_init(&a.common);
    status = cli_parse(&argp, "hestia demo", argc, argv, &a, err);
    if (status != HST_OK) {
        return status;
    }
    synth_options_init(&options);
    options.directory = a.directory ? a.directory : default_directory;
    options.n_people = DEMO_PEOPLE;
    if (!a.common.quiet) {
        fprintf(stderr, "Writing artificial extracts into %s\n", options.directory);
    }
    status = synth_write_all(&options, a.common.n_threads, &n_rows, err);
    if (status != HST_OK) {
        return status;
    }
    if (!a.common.quiet) {
        fprintf(stderr, "%llu artificial episodes; hestia run %s/study.yaml\n\n",
                (unsigned long long)n_rows, options.directory);
    }
    snprintf(study, sizeof study, "%s/study.yaml", options.directory);
    status = cli_run_study(study, &a.common, err);
    return status == HST_OK ? show(options.directory, &a.common, err) : status;
}
