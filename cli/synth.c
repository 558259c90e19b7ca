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
#include "hestia/study.h"

/* Says in words that nothing is real, and marks the directory as one that may be written again. */
static const char marker_name[] = "SYNTHETIC.txt";

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
        if (strncmp(entry->d_name, "apc_", 4) == 0 || strncmp(entry->d_name, "op_", 3) == 0 ||
            strncmp(entry->d_name, "ae_", 3) == 0) {
            snprintf(file, sizeof file, "%s/%s", folder, entry->d_name);
            unlink(file);
        }
    }
    closedir(directory);
    return HST_OK;
}

hst_status synth_open_text(FILE **out, const synth_options *options, const char *name,
                           hst_error *err)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/%s", options->directory, name);
    *out = fopen(path, "w");
    return *out ? HST_OK
                : hst_fail(err, HST_ERR_SYSTEM, "%s: cannot be written: %s", path, strerror(errno));
}

hst_status synth_close_text(FILE *file, const char *name, hst_error *err)
{
    bool is_bad = ferror(file) != 0;

    return fclose(file) == 0 && !is_bad
               ? HST_OK
               : hst_fail(err, HST_ERR_SYSTEM, "%s: cannot be written", name);
}

static hst_status write_marker(const synth_options *options, hst_error *err)
{
    FILE *file = NULL;
    char datasets[16] = "";
    hst_status status = synth_open_text(&file, options, marker_name, err);

    if (status != HST_OK) {
        return status;
    }
    for (hst_dataset d = HST_DATASET_APC; d <= HST_DATASET_AE; d++) {
        if (options->datasets >> d & 1) {
            size_t n = strlen(datasets);

            snprintf(datasets + n, sizeof datasets - n, "%s%s", n > 0 ? "," : "",
                     hst_dataset_name(d));
        }
    }
    fprintf(file,
            "Everything in this directory is artificial: no row is about anybody.\n"
            "Made by: hestia synth --seed %llu --people %zu --years %d-%d --areas %zu --datasets "
            "%s --format %s --compress %s --study %s "
            "--effects %s\n"
            "Populations are a scale model: the age structure of mid-2011 and each year's totals "
            "(ONS, Crown copyright,\n"
            "Open Government Licence), shrunk to the number of artificial people. The three sites "
            "hold three in ten of\n"
            "them. truth.csv says what was planted and what a right study counts.\n"
            "hestia synth and hestia demo may overwrite this directory because this file is in "
            "it.\n",
            (unsigned long long)options->seed, options->n_people, options->first_year,
            options->last_year, options->n_areas, datasets,
            options->separator == '|' ? "pipe" : "csv", options->compression, options->study,
            options->no_effects ? "none" : "planted");
    return synth_close_text(file, marker_name, err);
}

/* ---- all of it ---- */

/* True when HES has the data set in that financial year. */
static bool exists_in(const synth_options *options, hst_dataset dataset, int year)
{
    return dataset == HST_DATASET_APC ||
           (dataset == HST_DATASET_OP && year >= options->first_op_year) ||
           (dataset == HST_DATASET_AE && year >= SYNTH_FIRST_AE_YEAR && year <= SYNTH_LAST_AE_YEAR);
}

enum { MAX_FILES = 3 * SYNTH_MAX_YEARS };

/* The files asked for, the largest first, as threads share them best. */
static size_t list_files(synth_file files[MAX_FILES], const synth_options *options)
{
    static const hst_dataset order[] = {HST_DATASET_OP, HST_DATASET_APC, HST_DATASET_AE};
    size_t n = 0;

    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        for (int year = options->first_year; year <= options->last_year; year++) {
            if ((options->datasets >> order[i] & 1) && exists_in(options, order[i], year)) {
                files[n++] = (synth_file){.dataset = order[i], .year = year};
            }
        }
    }
    return n;
}

static hst_status write_extracts(const synth_world *world, synth_file *files, size_t n_files,
                                 int n_threads, hst_error *err)
{
    hst_status statuses[MAX_FILES] = {HST_OK};
    hst_error errors[MAX_FILES];

#pragma omp parallel for schedule(dynamic, 1) num_threads(n_threads)
    for (int i = 0; i < (int)n_files; i++) {
        statuses[i] = synth_write_extract(world, &files[i], &errors[i]);
    }
    for (size_t i = 0; i < n_files; i++) {
        if (statuses[i] != HST_OK) {
            return hst_fail(err, statuses[i], "%s", errors[i].message);
        }
    }
    return HST_OK;
}

hst_status synth_write_all(const synth_options *options, int n_threads, uint64_t *n_rows,
                           hst_error *err)
{
    hst_status status = HST_OK;
    synth_world *world = NULL;
    synth_truth *truth = NULL;
    synth_file files[MAX_FILES];
    size_t n_files = list_files(files, options);

    if (n_files == 0) {
        return hst_fail(err, HST_ERR_USAGE,
                        "HES has none of these data sets in these years: op begins in %d, ae "
                        "in %d and ends in %d",
                        SYNTH_FIRST_OP_YEAR, SYNTH_FIRST_AE_YEAR, SYNTH_LAST_AE_YEAR);
    }
    if ((status = take_directory(options->directory, err)) != HST_OK ||
        (status = write_marker(options, err)) != HST_OK ||
        (status = clear_extracts(options->directory, err)) != HST_OK ||
        (status = synth_world_create(&world, options, err)) != HST_OK) {
        return status;
    }
    if ((status = synth_write_study(options, err)) != HST_OK ||
        (status = synth_truth_create(&truth, world, n_threads, err)) != HST_OK ||
        (status = synth_write_tables(world, truth, err)) != HST_OK ||
        (status = write_extracts(world, files, n_files, n_threads, err)) != HST_OK) {
        goto done;
    }
    *n_rows = 0;
    for (size_t i = 0; i < n_files; i++) {
        *n_rows += files[i].truth.rows;
    }
    status = synth_write_truth(world, truth, files, n_files, err);
    if (status == HST_OK) {
        status = synth_write_planted(world, err);
    }

done:
    synth_truth_free(truth);
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
    OPTION_COMPRESS,
    OPTION_DATASETS,
    OPTION_STUDY,
    OPTION_EFFECTS
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

static void datasets_argument(struct argp_state *state, const char *text, synth_options *options)
{
    options->datasets = 0;
    while (*text) {
        size_t n = strcspn(text, ",");
        unsigned bit = 0;

        for (hst_dataset d = HST_DATASET_APC; d <= HST_DATASET_AE; d++) {
            if (strlen(hst_dataset_name(d)) == n && strncmp(text, hst_dataset_name(d), n) == 0) {
                bit = 1u << d;
            }
        }
        if (bit == 0) {
            argp_error(state, "--datasets takes apc, op, ae, or several of them with commas");
        }
        options->datasets |= bit;
        text += n + (text[n] == ',');
    }
}

static void study_argument(struct argp_state *state, const char *text, synth_options *options)
{
    if (strcmp(text, "synthetic") != 0 && strcmp(text, "long-term-conditions") != 0) {
        argp_error(state, "--study is synthetic or long-term-conditions");
    }
    options->study = text;
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
    case OPTION_DATASETS:
        datasets_argument(state, argument, &a->options);
        return 0;
    case OPTION_STUDY:
        study_argument(state, argument, &a->options);
        return 0;
    case OPTION_EFFECTS:
        if (strcmp(argument, "planted") != 0 && strcmp(argument, "none") != 0) {
            argp_error(state, "--effects is planted or none");
        }
        a->options.no_effects = strcmp(argument, "none") == 0;
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
        if (a->options.datasets == 0) {
            argp_error(state, "--datasets takes apc, op, ae, or several of them with commas");
        }
        if (strcmp(a->options.study, "long-term-conditions") == 0 &&
            (a->options.separator != ',' || strcmp(a->options.compression, "gz") != 0)) {
            argp_error(state, "the study long-term-conditions reads csv, packed as gz");
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
        {"datasets", OPTION_DATASETS, "apc,op,ae", 0, "Data sets (apc)", 0},
        {"format", OPTION_FORMAT, "csv|pipe", 0, "Separator (csv)", 0},
        {"compress", OPTION_COMPRESS, "gz|zst|zip|none", 0, "Packing (gz)", 0},
        {"study", OPTION_STUDY, "NAME", 0,
         "Study file: synthetic, or long-term-conditions, the worked study (synthetic)", 0},
        {"effects", OPTION_EFFECTS, "planted|none", 0,
         "Effects of services and recording breaks, or none of them (planted)", 0},
        {0},
    };
    static const struct argp_child children[] = {{&cli_common_argp, 0, "Common options:", 9}, {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse_option,
        .args_doc = "DIR",
        .doc = "Writes artificial extracts into DIR, with the population and the other tables and "
               "the study file that go with them, and truth.csv, which says what was planted.",
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
    if (status == HST_OK) {
        cli_log_note(&a.common, "%s: %llu artificial rows; next: hestia run %s/study.yaml",
                     a.options.directory, (unsigned long long)n_rows, a.options.directory);
    }
    return status;
}
