/* hestia power: the smallest effect that each site could show of each measure, from what the latest
 * run counted. CSV on standard output or in the file of --out; on a terminal a table to read. */
#include "cli/cli.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/latest.h"
#include "hestia/csv.h"
#include "hestia/impact.h"

typedef struct power_arguments {
    cli_options options;
    const char *study;
    hst_potential_options wanted;
} power_arguments;

/* "-27 %", or "none" where no change in that direction would show. */
static const char *percent(double share, char sign, char text[16])
{
    if (isnan(share)) {
        snprintf(text, 16, "none");
    } else {
        snprintf(text, 16, "%c%.0f %%", sign, 100 * share);
    }
    return text;
}

/* What a person at a terminal wants to see of it. */
static void show_rows(const cli_latest *latest, const power_arguments *arguments,
                      const hst_potential *rows, size_t n)
{
    static const char *const of[] = {
        [HST_BY_MONTH] = "months", [HST_BY_QUARTER] = "quarters", [HST_BY_YEAR] = "years"};
    size_t measure_width = 7, service_width = 7;

    for (size_t i = 0; i < n; i++) {
        bool has_service = rows[i].impact != SIZE_MAX;
        size_t measure = strlen(latest->study.measures[rows[i].measure].id);
        size_t service = has_service ? strlen(latest->study.impacts[rows[i].impact].id) : 0;

        measure_width = measure > measure_width ? measure : measure_width;
        service_width = service > service_width ? service : service_width;
    }
    printf("The smallest change that would show in %.15g %% of cases (two-sided, %.15g %%).\n"
           "In a file, with all columns: hestia power --out FILE.csv, or into a pipe.\n\n"
           "%-*s  %-9s  %-*s  %6s  %5s  %-8s  %10s  %8s  %8s\n",
           100 * arguments->wanted.power, 100 * arguments->wanted.alpha, (int)measure_width,
           "measure", "area", (int)service_width, "service", "before", "after", "", "mean", "fall",
           "rise");
    for (size_t i = 0; i < n; i++) {
        const hst_potential *row = &rows[i];
        const char *service = row->impact != SIZE_MAX ? latest->study.impacts[row->impact].id : "";
        char fall[16], rise[16];

        printf("%-*s  %-9s  %-*s  %6zu  %5zu  %-8s  ", (int)measure_width,
               latest->study.measures[row->measure].id, hst_areas_code(latest->areas, row->site),
               (int)service_width, service, row->n_before, row->n_after, of[row->by]);
        if (isnan(row->power.detectable)) {
            printf("%s\n", row->note);
        } else {
            printf("%10.1f  %8s  %8s\n", row->mean, percent(row->power.detectable_fall, '-', fall),
                   percent(row->power.detectable_rise, '+', rise));
        }
    }
}

static hst_status write_rows(const cli_latest *latest, const char *out, const hst_potential *rows,
                             size_t n, hst_error *err)
{
    static const char *const columns[] = {
        "measure",         "area_code",       "area_name",   "service",       "by",
        "n_before",        "n_after",         "mean_before", "dispersion",    "autocorrelation",
        "detectable_fall", "detectable_rise", "detectable",  "events_needed", "note"};
    hst_csv *csv = NULL;
    hst_status status = out ? hst_csv_create(&csv, out, 0600, err)
                            : hst_csv_attach(&csv, stdout, CLI_STANDARD_OUTPUT, err);

    if (status != HST_OK) {
        return status;
    }
    hst_csv_header(csv, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < n; i++) {
        const hst_potential *row = &rows[i];
        bool has_service = row->impact != SIZE_MAX;

        hst_csv_text(csv, latest->study.measures[row->measure].id);
        hst_csv_text(csv, hst_areas_code(latest->areas, row->site));
        hst_csv_text(csv, hst_areas_name(latest->areas, row->site));
        hst_csv_text(csv, has_service ? latest->study.impacts[row->impact].id : NULL);
        hst_csv_text(csv, hst_period_type_name(row->by));
        hst_csv_count(csv, row->n_before);
        hst_csv_count(csv, row->n_after);
        hst_csv_real(csv, row->mean);
        hst_csv_real(csv, row->power.dispersion);
        hst_csv_real(csv, row->power.autocorrelation);
        hst_csv_real(csv, row->power.detectable_fall);
        hst_csv_real(csv, row->power.detectable_rise);
        hst_csv_real(csv, row->power.detectable);
        hst_csv_real(csv, row->events_needed);
        hst_csv_text(csv, row->note);
        hst_csv_end_row(csv);
    }
    status = hst_csv_finish(csv, err);
    hst_csv_free(csv);
    return status;
}

/* Counts what the latest run counted, and asks what it could have shown. */
static hst_status compute(const cli_latest *latest, const power_arguments *arguments,
                          hst_error *err)
{
    const cli_options *options = &arguments->options;
    hst_count_options count_options = {.n_threads = options->n_threads,
                                       .memory_bytes = options->memory,
                                       .cohorts = latest->cohorts};
    hst_impact_inputs inputs = {
        .study = &latest->study, .measures = latest->measures, .areas = latest->areas};
    hst_cube *cube = NULL;
    hst_results *results = NULL;
    hst_potential *rows = NULL;
    size_t n = 0;
    hst_status status =
        hst_count(&cube, NULL, latest->measures, &latest->study, latest->areas,
                  cli_latest_segments(latest), latest->n_segments, &count_options, NULL, err);

    if (status == HST_OK) {
        status = hst_results_compute(&results, &latest->study, latest->measures, latest->areas,
                                     cube, latest->population, &latest->standard,
                                     options->n_threads, NULL, err);
    }
    inputs.cube = cube;
    inputs.results = results;
    if (status == HST_OK) {
        status = hst_potentials_compute(&rows, &n, &inputs, &arguments->wanted, err);
    }
    if (status == HST_OK && !options->out && isatty(STDOUT_FILENO)) {
        show_rows(latest, arguments, rows, n);
    } else if (status == HST_OK) {
        status = write_rows(latest, options->out, rows, n, err);
    }
    free(rows);
    hst_results_free(results);
    hst_cube_free(cube);
    return status;
}

/* A number above `low` and below `high`. */
static bool parse_between(const char *text, double low, double high, double *out)
{
    char *end = NULL;

    *out = strtod(text, &end);
    return end != text && *end == '\0' && *out > low && *out < high;
}

enum { KEY_POWER = 0x3001, KEY_ALPHA, KEY_EFFECT, KEY_AFTER };

static error_t parse_power(int key, char *argument, struct argp_state *state)
{
    power_arguments *arguments = state->input;
    hst_potential_options *wanted = &arguments->wanted;
    double number = 0;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->options;
        return 0;
    case KEY_POWER:
    case KEY_ALPHA:
        if (!parse_between(argument, 0, 1, key == KEY_POWER ? &wanted->power : &wanted->alpha)) {
            argp_error(state, "--power and --alpha take a number between 0 and 1");
            return EINVAL;
        }
        return 0;
    case KEY_EFFECT:
        if (!parse_between(argument, -1, 100, &wanted->effect) || !(fabs(wanted->effect) > 0)) {
            argp_error(state, "--effect takes a relative change, such as 0.1 or -0.1");
            return EINVAL;
        }
        return 0;
    case KEY_AFTER:
        if (!parse_between(argument, 0, 10000, &number) || number != floor(number)) {
            argp_error(state, "--after takes a whole number of periods, 1 or more");
            return EINVAL;
        }
        wanted->n_after = (size_t)number;
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->study) {
            argp_error(state, "one study file at a time");
            return EINVAL;
        }
        arguments->study = argument;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which study?");
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

hst_status cli_power(int argc, char **argv, hst_error *err)
{
    static const struct argp_option own_options[] = {
        {"power", KEY_POWER, "P", 0, "Chance to see the effect (default 0.8)", 1},
        {"alpha", KEY_ALPHA, "A", 0, "Two-sided chance to see one that is not there (0.05)", 1},
        {"effect", KEY_EFFECT, "E", 0,
         "Relative effect that events_needed is for (default: the service's `meaningful`, else "
         "0.1)",
         1},
        {"after", KEY_AFTER, "N", 0,
         "Periods after (default: those there are; without a service a year)", 1},
        {0}};
    static const struct argp_child children[] = {
        {&cli_common_argp, 0, "Common options (--out is the file to write):", 9}, {0}};
    static const struct argp power_argp = {
        .options = own_options,
        .parser = parse_power,
        .args_doc = "STUDY.yaml",
        .doc =
            "The smallest effect that each site could show of each measure, from the noise of "
            "its own series: CSV in a pipe or in the file of --out, on a terminal a table to read. "
            "Counts what the latest run counted.",
        .children = children};
    power_arguments arguments = {.wanted = {.power = 0.8, .alpha = 0.05, .effect = NAN}};
    cli_latest latest = {0};
    hst_status status = HST_OK;

    cli_options_init(&arguments.options);
    status = cli_parse(&power_argp, "hestia power", argc, argv, &arguments, err);
    if (status == HST_OK) {
        status = cli_latest_read(&latest, arguments.study, NULL, NULL, err);
    }
    if (status == HST_OK) {
        status = cli_latest_open(&latest, arguments.options.store, err);
    }
    if (status == HST_OK) {
        status = compute(&latest, &arguments, err);
    }
    cli_latest_close(&latest);
    return status;
}
