/* hestia demo: artificial patients, the worked study, and what its results show. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/synth.h"
#include "hestia/table.h"

/* Enough residents for two and a half million rows, which take about half a minute. */
enum { DEMO_PEOPLE = 350000 };

static const char default_directory[] = "hestia-demo";

typedef struct arguments {
    const char *directory;
    size_t n_people;
    cli_options common;
} arguments;

enum { KEY_PEOPLE = 0x3101 };

/* The cells of results.csv that the demo reads. */
typedef enum column { MEASURE, AREA, PERIOD, SPLIT, VALUE, LOWER, UPPER, N_COLUMNS } column;

typedef struct results {
    hst_table *table;
    size_t at[N_COLUMNS];
} results;

/* A measure as the demo shows it: two periods beside each other. */
typedef struct view {
    const char *measure, *title, *unit, *before, *after;
} view;

static const view views[] = {
    {"emergency_admissions", "Emergency admissions",
     "per 100,000 residents and quarter, standardised by age and sex, with 95 % limits",
     "2001/02 Q2", "2010/11 Q2"},
    {"diabetes_complications", "Emergency admissions for complications of diabetes",
     "per 100,000 residents and quarter; limits allow for people admitted more than once",
     "2008/09 Q3", "2010/11 Q3"},
    {"likely_diabetes_attendances", "Outpatient attendances likely to be for diabetes", "a year",
     "2008/09", "2010/11"},
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    arguments *a = state->input;
    char *end = NULL;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &a->common;
        return 0;
    case KEY_PEOPLE:
        a->n_people = (size_t)strtoul(argument, &end, 10);
        if (*end != '\0' || a->n_people < 1000 || a->n_people > 60000000) {
            argp_error(state, "--people takes a whole number from 1000 to 60000000");
            return EINVAL;
        }
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
    static const char *const names[N_COLUMNS] = {"measure", "area_code", "period", "split",
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

/* Value of a measure, area and period with its limits, as text; returns it. */
static double find_value(const results *r, const char *measure, const char *area,
                         const char *period, char text[64])
{
    for (size_t row = 0; row < hst_table_n_rows(r->table); row++) {
        const char *const wanted[] = {measure, area, period, ""};
        bool is_found = true;

        for (column c = MEASURE; c <= SPLIT && is_found; c++) {
            is_found = strcmp(hst_table_cell(r->table, row, r->at[c]), wanted[c]) == 0;
        }
        if (is_found) {
            double value = cell_number(r, row, VALUE), lower = cell_number(r, row, LOWER);
            int n = isnan(value) ? snprintf(text, 64, "too few to say")
                                 : snprintf(text, 64, "%.*f", value < 100 ? 1 : 0, value);

            if (!isnan(lower)) {
                int decimals = value < 100 ? 1 : 0;

                snprintf(text + n, 64 - (size_t)n, " (%.*f to %.*f)", decimals, lower, decimals,
                         cell_number(r, row, UPPER));
            }
            return value;
        }
    }
    snprintf(text, 64, "-");
    return NAN;
}

static void print_view(const results *r, const view *v)
{
    static const struct {
        const char *code, *name;
    } areas[] = {
        {"5J6", "Calderdale"}, {"5QL", "Somerset"}, {"5NK", "Wirral"}, {"England", "England"}};

    printf("\n%s\n  %s\n\n  %-12s %-24s %-24s %s\n", v->title, v->unit, "", v->before, v->after,
           "change");
    for (size_t i = 0; i < sizeof areas / sizeof *areas; i++) {
        char before[64], after[64], change[16] = "";
        double first = find_value(r, v->measure, areas[i].code, v->before, before);
        double last = find_value(r, v->measure, areas[i].code, v->after, after);

        if (isfinite(last / first)) {
            snprintf(change, sizeof change, "%+.0f %%", 100 * (last / first - 1));
        }
        printf("  %-12s %-24s %-24s %s\n", areas[i].name, before, after, change);
    }
}

/* A sentence in lines of at most 100 bytes, indented. */
static void print_wrapped(const char *text)
{
    enum { WIDTH = 96 };

    while (*text) {
        size_t length = strlen(text), end = length;

        if (length > WIDTH) {
            for (end = WIDTH; end > 0 && (text[end] != ' ' || text[end + 1] == '%'); end--) {
            }
            end = end > 0 ? end : WIDTH;
        }
        printf("    %.*s\n", (int)end, text);
        text += end;
        text += strspn(text, " ");
    }
}

/* The verdict of each service with its sentence; of several comparators the first. */
static hst_status print_services(const char *path, hst_error *err)
{
    enum { IMPACT, SITE, REVIEWED, VERDICT, SENTENCE, N_NAMES };
    static const char *const names[N_NAMES] = {"impact", "site_code", "measure", "verdict",
                                               "sentence"};
    size_t at[N_NAMES] = {0};
    hst_table *table = NULL;
    hst_status status = hst_table_read(&table, path, err);

    for (size_t i = 0; i < N_NAMES && status == HST_OK; i++) {
        status = hst_table_require(table, names[i], &at[i], err);
    }
    if (status == HST_OK) {
        printf("\nServices: did anything change?\n");
    }
    for (size_t row = 0; status == HST_OK && row < hst_table_n_rows(table); row++) {
        bool is_first = row == 0;

        for (size_t i = IMPACT; i <= REVIEWED && !is_first; i++) {
            is_first = strcmp(hst_table_cell(table, row, at[i]),
                              hst_table_cell(table, row - 1, at[i])) != 0;
        }
        if (is_first) {
            printf("\n  %s: %s\n", hst_table_cell(table, row, at[IMPACT]),
                   hst_table_cell(table, row, at[VERDICT]));
            print_wrapped(hst_table_cell(table, row, at[SENTENCE]));
        }
    }
    hst_table_free(table);
    return status;
}

/* What was planted beside what was found: the lines of planted.csv. */
static hst_status print_planted(const char *path, hst_error *err)
{
    enum { IMPACT, SITE, PROVIDER, SPECIALTY, PLANTED, FOUND, FROM, TO, ANSWER, N_NAMES };
    static const char *const names[N_NAMES] = {"impact",        "area_code",       "provider",
                                               "specialty",     "planted_percent", "found_percent",
                                               "found_lowercl", "found_uppercl",   "found"};
    size_t at[N_NAMES] = {0};
    hst_table *table = NULL;
    hst_status status = hst_table_read(&table, path, err);

    for (size_t i = 0; i < N_NAMES && status == HST_OK; i++) {
        status = hst_table_require(table, names[i], &at[i], err);
    }
    if (status == HST_OK) {
        printf("\nPlanted and found (effect in percent with 95 %% limits)\n\n"
               "  %-32s %-4s %8s   %s\n",
               "", "", "planted", "found");
    }
    for (size_t row = 0; status == HST_OK && row < hst_table_n_rows(table); row++) {
        const char *cells[N_NAMES];
        char name[64], found[64] = "";

        for (size_t i = 0; i < N_NAMES; i++) {
            cells[i] = hst_table_cell(table, row, at[i]);
        }
        if (cells[IMPACT][0]) {
            snprintf(name, sizeof name, "%s", cells[IMPACT]);
        } else {
            snprintf(name, sizeof name, "recording at %s%s%s", cells[PROVIDER],
                     cells[SPECIALTY][0] ? ", specialty " : "", cells[SPECIALTY]);
        }
        if (cells[FOUND][0] && cells[FROM][0]) {
            snprintf(found, sizeof found, "%+.0f %% (%+.0f to %+.0f), ", strtod(cells[FOUND], NULL),
                     strtod(cells[FROM], NULL), strtod(cells[TO], NULL));
        } else if (cells[FOUND][0]) {
            snprintf(found, sizeof found, "%+.0f %%, ", strtod(cells[FOUND], NULL));
        }
        printf("  %-32s %-4s %6.0f %%   %s%s\n", name, cells[SITE], strtod(cells[PLANTED], NULL),
               found, cells[ANSWER]);
    }
    hst_table_free(table);
    return status;
}

/* Says where the results are and what they show. */
static hst_status show(const char *directory, const cli_options *options, hst_error *err)
{
    char latest[4096], folder[4096 + 16], path[4096 + 48];
    results r = {0};
    hst_status status = HST_OK;

    if (options->out) {
        snprintf(latest, sizeof latest, "%s/latest", options->out);
    } else {
        snprintf(latest, sizeof latest, "%s/results/latest", directory);
    }
    snprintf(folder, sizeof folder, "%s/internal", latest); /* the true numbers */
    snprintf(path, sizeof path, "%s/results.csv", folder);
    status = open_results(&r, path, err);
    if (status != HST_OK) {
        goto done;
    }
    for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
        print_view(&r, &views[i]);
    }
    snprintf(path, sizeof path, "%s/site-review.csv", folder);
    status = print_services(path, err);
    if (status == HST_OK) {
        snprintf(path, sizeof path, "%s/planted.csv", folder);
        status = print_planted(path, err);
    }
    if (status != HST_OK) {
        goto done;
    }
    printf(
        "\nAll patients are artificial, and the country is a scale model, so its totals stand far "
        "below the published\nones. %s/truth.csv has all that was planted and what a right study "
        "counts.\n\n",
        directory);
    printf("Report:    %s/report.html (open it in a browser)\n"
           "Workbook:  %s/site-review.xlsx\n"
           "Results:   %s/ results.csv, site-review.csv, impact.csv, breaks.csv, hestia.sqlite\n"
           "To leave the building: %s/release/, after disclosure control\n"
           "Study:     %s/study.yaml\n"
           "One number taken apart:\n"
           "           hestia explain %s/study.yaml emergency_admissions --area 5NK --period "
           "\"2010/11 Q2\"\n",
           folder, folder, folder, latest, directory, directory);

done:
    hst_table_free(r.table);
    return status;
}

hst_status cli_demo(int argc, char **argv, hst_error *err)
{
    static const struct argp_option own_options[] = {
        {"people", KEY_PEOPLE, "N", 0, "Residents of the artificial country (350000)", 1}, {0}};
    static const struct argp_child children[] = {{&cli_common_argp, 0, "Common options:", 9}, {0}};
    static const struct argp argp = {
        .options = own_options,
        .parser = parse_option,
        .args_doc = "[DIR]",
        .doc = "Writes artificial extracts and the worked study, long-term-conditions, into DIR "
               "(default hestia-demo), runs it, and says where the results are and what they show.",
        .children = children,
    };
    arguments a = {.n_people = DEMO_PEOPLE};
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
    options.n_people = a.n_people;
    options.first_year = 2001;
    options.last_year = 2010;
    options.datasets = 1u << HST_DATASET_APC | 1u << HST_DATASET_OP;
    options.first_op_year = 2008; /* the study looks at no earlier clinics */
    options.study = "long-term-conditions";
    cli_log_note(&a.common, "Writing artificial extracts into %s", options.directory);
    status = synth_write_all(&options, a.common.n_threads, &n_rows, err);
    if (status != HST_OK) {
        return status;
    }
    cli_log_note(&a.common, "%llu artificial rows; hestia run %s/study.yaml",
                 (unsigned long long)n_rows, options.directory);
    snprintf(study, sizeof study, "%s/study.yaml", options.directory);
    status = cli_run_study(study, &a.common, err);
    return status == HST_OK ? show(options.directory, &a.common, err) : status;
}
