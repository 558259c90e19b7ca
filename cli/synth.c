/* hestia synth: artificial extracts with the population, names and study file that go with them. */
#include "cli/synth.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "hestia/csv.h"
#include "hestia/period.h"

/* Says in words that nothing is real, and marks the directory as one that may be written again. */
static const char marker_name[] = "SYNTHETIC.txt";

static const char *const measure_names[SYNTH_N_MEASURES] = {
    "emergency_admissions", "elective_admissions", "copd_emergency"};

/* ---- the directory ---- */

/* A directory is taken when it is absent, empty, or was made by an earlier synth. */
static hst_status take_directory(const char *path, hst_error *err)
{
    char marker[4096];
    DIR *directory = NULL;
    struct dirent *entry = NULL;
    bool is_empty = true;

    if (mkdir(path, 0777) == 0) {
        return HST_OK;
    }
    if (errno != EEXIST) {
        return hst_fail(err, HST_ERR_SYSTEM, "%s: cannot be made: %s", path, strerror(errno));
    }
    snprintf(marker, sizeof marker, "%s/%s", path, marker_name);
    if (access(marker, F_OK) == 0) {
        return HST_OK;
    }
    directory = opendir(path);
    if (!directory) {
        return hst_fail(err, HST_ERR_USAGE, "%s: is no directory that can be used: %s", path,
                        strerror(errno));
    }
    while ((entry = readdir(directory)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            is_empty = false;
        }
    }
    closedir(directory);
    if (!is_empty) {
        return hst_fail(err, HST_ERR_USAGE,
                        "%s: holds files that hestia synth did not make; name an empty or new "
                        "directory",
                        path);
    }
    return HST_OK;
}

/* Makes extracts/ and removes what an earlier synth left in it. */
static hst_status clear_extracts(const char *path, hst_error *err)
{
    char folder[4096], file[4096 + 300];
    DIR *directory = NULL;
    struct dirent *entry = NULL;

    snprintf(folder, sizeof folder, "%s/extracts", path);
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        return hst_fail(err, HST_ERR_SYSTEM, "%s: cannot be made: %s", folder, strerror(errno));
    }
    directory = opendir(folder);
    if (!directory) {
        return hst_fail(err, HST_ERR_SYSTEM, "%s: cannot be read: %s", folder, strerror(errno));
    }
    while ((entry = readdir(directory)) != NULL) {
        if (strncmp(entry->d_name, "apc_", 4) == 0) {
            snprintf(file, sizeof file, "%s/%s", folder, entry->d_name);
            unlink(file);
        }
    }
    closedir(directory);
    return HST_OK;
}

/* Opens a small text file of the directory for writing. */
static hst_status open_text(FILE **out, const synth_options *options, const char *name,
                            hst_error *err)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/%s", options->directory, name);
    *out = fopen(path, "w");
    return *out ? HST_OK
                : hst_fail(err, HST_ERR_SYSTEM, "%s: cannot be written: %s", path, strerror(errno));
}

static hst_status close_text(FILE *file, const char *name, hst_error *err)
{
    bool is_bad = ferror(file) != 0;

    return fclose(file) == 0 && !is_bad
               ? HST_OK
               : hst_fail(err, HST_ERR_SYSTEM, "%s: cannot be written", name);
}

static hst_status write_marker(const synth_options *options, hst_error *err)
{
    FILE *file = NULL;
    hst_status status = open_text(&file, options, marker_name, err);

    if (status != HST_OK) {
        return status;
    }
    fprintf(file,
            "Everything in this directory is artificial: no row is about anybody.\n"
            "Made by: hestia synth --seed %llu --people %zu --years %d-%d --areas %zu --format %s "
            "--compress %s\n"
            "Populations are a scale model: the age structure of mid-2011 and each year's totals "
            "(ONS, Crown copyright,\n"
            "Open Government Licence), shrunk to the number of artificial people. The three sites "
            "hold three in ten of\n"
            "them. truth.csv says what was planted and what a right study counts.\n"
            "hestia synth and hestia demo may overwrite this directory because this file is in "
            "it.\n",
            (unsigned long long)options->seed, options->n_people, options->first_year,
            options->last_year, options->n_areas, options->separator == '|' ? "pipe" : "csv",
            options->compression);
    return close_text(file, marker_name, err);
}

static hst_status write_study(const synth_options *options, hst_error *err)
{
    const char *ending = strcmp(options->compression, "zip") == 0 ? "zip"
                         : options->separator == '|'              ? "txt*"
                                                                  : "csv*";
    FILE *file = NULL;
    hst_status status = open_text(&file, options, "study.yaml", err);

    if (status != HST_OK) {
        return status;
    }
    fprintf(file,
            "# A study of artificial patients, made by hestia synth. Run it with: hestia run "
            "study.yaml\n"
            "study: synthetic\n"
            "title: Artificial admissions in three primary care trusts and England\n"
            "period: {from: %d-04-01, to: %d-03-31}\n"
            "extracts: [{dataset: apc, files: extracts/apc_*.%s}]\n"
            "areas:\n"
            "  type: pct\n"
            "  field: RESPCT06\n"
            "  names: pct_names.csv\n"
            "  sites: [5J6, 5QL, 5NK]\n"
            "  comparators: [{name: England, areas: all, population_area: ENG}]\n"
            "population: population.csv\n"
            "standard_population: esp1976\n"
            "standardise_by: age_sex\n",
            options->first_year, options->last_year + 1, ending);
    fprintf(file,
            "measure_defaults: {dataset: apc, unit: admission, statistic: dsr, by: [quarter, "
            "year]}\n"
            "measures:\n"
            "  - {id: emergency_admissions, title: Emergency admissions, where: {admission_method: "
            "emergency}, direction: lower_is_better}\n"
            "  - {id: elective_admissions, title: Elective admissions, where: {admission_method: "
            "elective}}\n"
            "  - id: copd_emergency\n"
            "    title: Emergency admissions for chronic obstructive lung disease\n"
            "    where: {admission_method: emergency, condition: acsc_copd}\n"
            "    direction: lower_is_better\n"
            "  - id: diabetes_complications\n"
            "    title: Emergency admissions for complications of diabetes\n"
            "    where: {admission_method: emergency, condition: diabetes_complications, "
            "positions: primary}\n"
            "    direction: lower_is_better\n"
            "publish: {directory: results, formats: csv, disclosure: none} # nobody to protect\n");
    return close_text(file, "study.yaml", err);
}

/* ---- truth.csv ---- */

static void truth_row(hst_csv *csv, const char *measure, const char *area, const char *period,
                      const char *what, uint64_t n)
{
    hst_csv_text(csv, measure);
    hst_csv_text(csv, area);
    hst_csv_text(csv, period);
    hst_csv_text(csv, what);
    hst_csv_count(csv, n);
    hst_csv_end_row(csv);
}

static void add_truth(synth_truth *sum, const synth_truth *part)
{
    for (size_t m = 0; m < SYNTH_N_MEASURES; m++) {
        for (size_t a = 0; a < SYNTH_MAX_AREAS; a++) {
            for (size_t q = 0; q < 4 * SYNTH_MAX_YEARS; q++) {
                sum->counted[m][a][q] += part->counted[m][a][q];
            }
        }
    }
    for (size_t q = 0; q < 4 * SYNTH_MAX_YEARS; q++) {
        sum->removed[q] += part->removed[q];
    }
    sum->rows += part->rows;
}

/* What each file holds, by kind of dirt. */
static void write_file_truth(hst_csv *csv, const synth_options *options, const synth_truth *files)
{
    for (int year = options->first_year; year <= options->last_year; year++) {
        const synth_truth *t = &files[year - options->first_year];
        hst_period period = hst_period_of(HST_BY_YEAR, hst_date_from_civil(year, 4, 1));

        truth_row(csv, "", "", period.label, "rows", t->rows);
        truth_row(csv, "", "", period.label, "finished episodes", t->episodes);
        truth_row(csv, "", "", period.label, "unfinished episodes", t->unfinished);
        truth_row(csv, "", "", period.label, "exact duplicates", t->duplicates);
        truth_row(csv, "", "", period.label, "geography missing or not England", t->no_area);
        truth_row(csv, "", "", period.label, "sentinel ADMIDATE", t->no_admidate);
        truth_row(csv, "", "", period.label, "age empty", t->no_age);
        truth_row(csv, "", "", period.label, "sex unknown", t->no_sex);
        truth_row(csv, "", "", period.label, "person empty", t->no_person);
    }
}

/* measure,area,period,what,n: what a right study counts (`counted`: finished first episodes with
 * dates, an area, a sex and an age), what the planted effect prevented (`prevented`), and the dirt.
 */
static hst_status write_truth(const synth_world *world, const synth_truth *sum,
                              const synth_truth *files, hst_error *err)
{
    static const char *const names[] = {"measure", "area", "period", "what", "n"};
    const synth_options *options = &world->options;
    size_t n_quarters = 4 * (size_t)(options->last_year - options->first_year + 1);
    char path[4096];
    hst_csv *csv = NULL;
    hst_status status = HST_OK;

    snprintf(path, sizeof path, "%s/truth.csv", options->directory);
    status = hst_csv_create(&csv, path, 0644, err);
    if (status != HST_OK) {
        return status;
    }
    hst_csv_header(csv, names, 5);
    for (size_t m = 0; m < SYNTH_N_MEASURES; m++) {
        for (size_t a = 0; a <= world->n_areas; a++) {
            hst_period period = hst_period_of(HST_BY_QUARTER, world->first_day);

            for (size_t q = 0; q < n_quarters; q++, period = hst_period_next(&period)) {
                uint64_t n = 0;

                for (size_t b = 0; b < world->n_areas; b++) {
                    n += a == b || a == world->n_areas ? sum->counted[m][b][q] : 0;
                }
                truth_row(csv, measure_names[m],
                          a < world->n_areas ? world->areas[a].code : "England", period.label,
                          "counted", n);
                if (m == SYNTH_EFFECT && a == world->effect_area &&
                    period.start >= world->effect_from) {
                    truth_row(csv, measure_names[m], world->areas[a].code, period.label,
                              "prevented", sum->removed[q]);
                    truth_row(csv, measure_names[m], world->areas[a].code, period.label,
                              "prevented, percent by design",
                              (uint64_t)(100 * world->effect_share + 0.5));
                }
            }
        }
    }
    write_file_truth(csv, options, files);
    status = hst_csv_finish(csv, err);
    hst_csv_free(csv);
    return status;
}

/* ---- all of it ---- */

hst_status synth_write_all(const synth_options *options, int n_threads, uint64_t *n_rows,
                           hst_error *err)
{
    hst_status status = HST_OK;
    synth_world *world = NULL;
    synth_truth *truths = NULL; /* one per file, then their sum */
    int n_files = options->last_year - options->first_year + 1;
    hst_status statuses[SYNTH_MAX_YEARS] = {HST_OK};
    hst_error errors[SYNTH_MAX_YEARS];

    if ((status = take_directory(options->directory, err)) != HST_OK ||
        (status = write_marker(options, err)) != HST_OK ||
        (status = clear_extracts(options->directory, err)) != HST_OK ||
        (status = synth_world_create(&world, options, err)) != HST_OK) {
        return status;
    }
    truths = calloc((size_t)n_files + 1, sizeof *truths);
    if (!truths) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for the truth of %d files", n_files);
        goto done;
    }
    if ((status = synth_write_population(world, err)) != HST_OK ||
        (status = write_study(options, err)) != HST_OK) {
        goto done;
    }
#pragma omp parallel for schedule(dynamic, 1) num_threads(n_threads)
    for (int i = 0; i < n_files; i++) {
        statuses[i] = synth_write_extract(world, options->first_year + i, &truths[i], &errors[i]);
    }
    for (int i = 0; i < n_files; i++) {
        if (statuses[i] != HST_OK) {
            status = hst_fail(err, statuses[i], "%s", errors[i].message);
            goto done;
        }
        add_truth(&truths[n_files], &truths[i]);
    }
    *n_rows = truths[n_files].rows;
    status = write_truth(world, &truths[n_files], truths, err);

done:
    free(truths);
    synth_world_free(world);
    return status;
}

/* ---- the command ---- */

enum {
    OPTION_SEED = 1001,
    OPTION_PEOPLE,
    OPTION_YEARS,
    OPTION_AREAS,
    OPTION_FORMAT,
    OPTION_COMPRESS
};

typedef struct arguments {
    synth_options options;
    cli_options common;
} arguments;

/* A whole number in [least, most]; ends with a usage error otherwise. */
static uint64_t number_argument(struct argp_state *state, const char *name, const char *text,
                                uint64_t least, uint64_t most)
{
    char *end = NULL;
    unsigned long long number = 0;

    errno = 0;
    number = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || *text == '-' || number < least ||
        number > most) {
        argp_error(state, "--%s takes a whole number from %llu to %llu", name,
                   (unsigned long long)least, (unsigned long long)most);
    }
    return number;
}

static void years_argument(struct argp_state *state, const char *text, synth_options *options)
{
    int n = 0;

    if (sscanf(text, "%4d-%4d%n", &options->first_year, &options->last_year, &n) == 2 &&
        text[n] == '\0') {
        n = -1;
    } else if (sscanf(text, "%4d%n", &options->first_year, &n) == 1 && text[n] == '\0') {
        options->last_year = options->first_year;
        n = -1;
    }
    if (n != -1 || options->first_year < 1998 || options->last_year < options->first_year ||
        options->last_year > 2030 || options->last_year - options->first_year >= SYNTH_MAX_YEARS) {
        argp_error(state,
                   "--years takes financial years by the year they start in, such as "
                   "2008-2010, from 1998 to 2030 and at most %d of them",
                   SYNTH_MAX_YEARS);
    }
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    arguments *a = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &a->common;
        return 0;
    case OPTION_SEED:
        a->options.seed = number_argument(state, "seed", argument, 0, UINT64_MAX);
        return 0;
    case OPTION_PEOPLE:
        a->options.n_people = number_argument(state, "people", argument, 1000, 60000000);
        return 0;
    case OPTION_YEARS:
        years_argument(state, argument, &a->options);
        return 0;
    case OPTION_AREAS:
        a->options.n_areas =
            number_argument(state, "areas", argument, SYNTH_N_SITES, SYNTH_MAX_AREAS);
        return 0;
    case OPTION_FORMAT:
        if (strcmp(argument, "csv") != 0 && strcmp(argument, "pipe") != 0) {
            argp_error(state, "--format is csv or pipe");
        }
        a->options.separator = argument[0] == 'p' ? '|' : ',';
        return 0;
    case OPTION_COMPRESS:
        if (strcmp(argument, "gz") != 0 && strcmp(argument, "zst") != 0 &&
            strcmp(argument, "zip") != 0 && strcmp(argument, "none") != 0) {
            argp_error(state, "--compress is gz, zst, zip or none");
        }
        a->options.compression = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (a->options.directory) {
            argp_error(state, "one directory, please");
        }
        a->options.directory = argument;
        return 0;
    case ARGP_KEY_END:
        if (!a->options.directory) {
            argp_error(state, "name the directory to write");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

hst_status cli_synth(int argc, char **argv, hst_error *err)
{
    static const struct argp_option options[] = {
        {"seed", OPTION_SEED, "N", 0, "Seed of the random numbers (1)", 0},
        {"people", OPTION_PEOPLE, "N", 0, "Residents of all areas together (100000)", 0},
        {"years", OPTION_YEARS, "Y-Y", 0, "Financial years by their first year (2008-2010)", 0},
        {"areas", OPTION_AREAS, "N", 0, "Primary care trusts, the three sites among them (151)", 0},
        {"format", OPTION_FORMAT, "csv|pipe", 0, "Separator (csv)", 0},
        {"compress", OPTION_COMPRESS, "gz|zst|zip|none", 0, "Packing (gz)", 0},
        {0},
    };
    static const struct argp_child children[] = {{&cli_common_argp, 0, "Common options:", 9}, {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse_option,
        .args_doc = "DIR",
        .doc = "Writes artificial inpatient extracts into DIR, with the population, the names and "
               "a study file that go with them, and truth.csv, which says what was planted.",
        .children = children,
    };
    arguments a;
    uint64_t n_rows = 0;
    hst_status status = HST_OK;

    synth_options_init(&a.options);
    cli_options_init(&a.common);
    status = cli_parse(&argp, "hestia synth", argc, argv, &a, err);
    if (status != HST_OK) {
        return status;
    }
    status = synth_write_all(&a.options, a.common.n_threads, &n_rows, err);
    if (status == HST_OK && !a.common.quiet) {
        fprintf(stderr, "%s: %llu artificial episodes; next: hestia run %s/study.yaml\n",
                a.options.directory, (unsigned long long)n_rows, a.options.directory);
    }
    return status;
}
