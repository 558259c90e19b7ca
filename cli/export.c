/* hestia export: rows of persons by the rules of a measure, for analysis elsewhere. They are for
 * inside use: a file of mode 0600 outside the results, with pseudonyms that fit no other file, and
 * a line in a log of exports. */
#define _DEFAULT_SOURCE /* realpath */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/latest.h"
#include "hestia/csv.h"
#include "hestia/export.h"

typedef struct export_arguments {
    cli_options options; /* of which `out` is the file */
    const char *kind_name, *study, *measure;
    hst_export_kind kind;
    bool is_forced;
} export_arguments;

/* ---- where the file may go ---- */

/* Path of a file's folder, as the system knows it; the caller frees. */
static hst_status find_folder(char **out, const char *path, hst_error *err)
{
    char *copy = strdup(path);
    hst_status status = HST_OK;

    *out = copy ? realpath(dirname(copy), NULL) : NULL;
    if (!copy) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for a path");
    } else if (!*out) {
        status = hst_fail(err, HST_ERR_USAGE, "%s: its folder cannot be used: %s", path,
                          strerror(errno));
    }
    free(copy);
    return status;
}

static bool is_inside(const char *folder, const char *directory)
{
    size_t length = strlen(directory);

    return strncmp(folder, directory, length) == 0 &&
           (folder[length] == '/' || folder[length] == '\0');
}

/* Results are copied about and released; rows of persons must not be among them. */
static hst_status check_place(const export_arguments *arguments, const cli_latest *latest,
                              hst_error *err)
{
    const char *out = arguments->options.out;
    char *folder = NULL, *results = realpath(latest->results, NULL);
    struct stat there;
    hst_status status = find_folder(&folder, out, err);

    if (status == HST_OK && results && is_inside(folder, results)) {
        status = hst_fail(err, HST_ERR_USAGE,
                          "%s: lies in the results directory, and rows of persons are not for "
                          "release; write them elsewhere",
                          out);
    }
    if (status == HST_OK && !arguments->is_forced && lstat(out, &there) == 0) {
        status = hst_fail(err, HST_ERR_USAGE, "%s: is there already; --force writes over it", out);
    }
    free(folder);
    free(results);
    return status;
}

/* ---- the log of exports ---- */

/* `exports.log` in the folder that the store is in; the caller frees. */
static hst_status find_log(char **out, const char *store, hst_error *err)
{
    char *folder = NULL;
    size_t bytes = 0;
    hst_status status = find_folder(&folder, store, err);

    *out = NULL;
    if (status != HST_OK) {
        return status;
    }
    bytes = strlen(folder) + sizeof "/exports.log";
    *out = malloc(bytes);
    if (*out) {
        snprintf(*out, bytes, "%s/exports.log", folder);
    } else {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for a path");
    }
    free(folder);
    return status;
}

static hst_status append_line(const char *path, const char *line, hst_error *err)
{
    size_t length = strlen(line);
    int file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool is_written = file >= 0 && write(file, line, length) == (ssize_t)length && fsync(file) == 0;
    int reason = errno;

    if (file >= 0 && close(file) != 0 && is_written) {
        reason = errno;
        is_written = false;
    }
    return is_written ? HST_OK
                      : hst_fail(err, HST_ERR_SYSTEM,
                                 "%s: the export cannot be noted there, so there is none: %s", path,
                                 strerror(reason));
}

/* Who exported what, and how much of it; no value of any row. */
static hst_status note_export(const char *log, const export_arguments *arguments,
                              const cli_latest *latest, size_t n_rows, hst_error *err)
{
    const struct passwd *user = getpwuid(getuid());
    const hst_study *study = &latest->study;
    char when[32], name[64], line[512];
    time_t now = time(NULL);
    struct tm utc;

    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    snprintf(name, sizeof name, "%lu", (unsigned long)getuid());
    snprintf(line, sizeof line, "%s\t%.64s\t%.128s\t%.128s\t%s\t%zu\n", when,
             user ? user->pw_name : name, study->study, study->measures[0].id,
             hst_export_kind_name(arguments->kind), n_rows);
    return append_line(log, line, err);
}

/* ---- writing ---- */

/* The file has its name only when the export is in the log. */
static hst_status write_rows(const hst_export *made, const char *log,
                             const export_arguments *arguments, const cli_latest *latest,
                             hst_error *err)
{
    size_t n_columns = 0;
    const char *const *columns = hst_export_columns(made, &n_columns);
    hst_csv *csv = NULL;
    hst_status status = hst_csv_create(&csv, arguments->options.out, 0600, err);

    if (status != HST_OK) {
        return status;
    }
    hst_csv_header(csv, columns, n_columns);
    for (size_t row = 0; row < hst_export_n_rows(made); row++) {
        for (size_t column = 0; column < n_columns; column++) {
            char text[HST_EXPORT_CELL_BYTES];

            hst_export_cell(made, row, column, text);
            hst_csv_text(csv, text);
        }
        hst_csv_end_row(csv);
    }
    status = note_export(log, arguments, latest, hst_export_n_rows(made), err);
    if (status == HST_OK) {
        status = hst_csv_finish(csv, err);
    }
    hst_csv_free(csv);
    return status;
}

static void say_done(const hst_export *made, const char *log, const export_arguments *arguments)
{
    if (arguments->options.quiet) {
        return;
    }
    printf("%zu rows of %zu people are in %s\n", hst_export_n_rows(made), hst_export_n_people(made),
           arguments->options.out);
    if (hst_export_n_without_spell(made) > 0) {
        printf("%" PRIu64
               " episodes counted are in no spell by the study's rule, and have no row\n",
               hst_export_n_without_spell(made));
    }
    printf("internal: records of persons, not for release; noted in %s\n", log);
}

static hst_status do_export(const export_arguments *arguments, const cli_latest *latest,
                            hst_error *err)
{
    const hst_count_options options = {.n_threads = arguments->options.n_threads,
                                       .memory_bytes = arguments->options.memory,
                                       .cohorts = latest->cohorts};
    hst_export *made = NULL;
    char *log = NULL;
    hst_status status = find_log(&log, hst_store_path(latest->store), err);

    if (status == HST_OK) {
        status = hst_export_create(&made, arguments->kind, latest->measures, 0, &latest->study,
                                   latest->areas, cli_latest_segments(latest), latest->n_segments,
                                   &options, err);
    }
    if (status == HST_OK) {
        status = write_rows(made, log, arguments, latest, err);
    }
    if (status == HST_OK) {
        say_done(made, log, arguments);
    }
    hst_export_free(made);
    free(log);
    return status;
}

/* ---- the command ---- */

enum { KEY_WHERE = 0x3001, KEY_FORCE };

static error_t parse_export(int key, char *argument, struct argp_state *state)
{
    export_arguments *arguments = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->options;
        return 0;
    case KEY_WHERE:
        arguments->measure = argument;
        return 0;
    case KEY_FORCE:
        arguments->is_forced = true;
        return 0;
    case ARGP_KEY_ARG:
        if (!arguments->kind_name) {
            arguments->kind_name = argument;
            if (!hst_export_kind_parse(argument, &arguments->kind)) {
                argp_error(state, "`%s` is neither spells, people nor attendances", argument);
                return EINVAL;
            }
        } else if (!arguments->study) {
            arguments->study = argument;
        } else {
            argp_error(state, "one study at a time");
            return EINVAL;
        }
        return 0;
    case ARGP_KEY_END:
        if (!arguments->study || !arguments->measure || !arguments->options.out) {
            argp_error(state, "what to export, a study, --where and --out are needed");
            return EINVAL;
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

hst_status cli_export(int argc, char **argv, hst_error *err)
{
    static const struct argp_child children[] = {
        {&cli_common_argp, 0, "Common options (--out is the file to write):", 9}, {0}};
    static const struct argp_option options[] = {
        {"where", KEY_WHERE, "MEASURE", 0, "The measure of the study whose rows are wanted", 0},
        {"force", KEY_FORCE, NULL, 0, "Write over a file that is there", 0},
        {0}};
    static const struct argp export_argp = {
        .options = options,
        .parser = parse_export,
        .args_doc = "spells|people|attendances STUDY.yaml --where MEASURE --out FILE.csv",
        .doc = "Writes the rows that a measure counts, of the data of the latest run, with a "
               "pseudonym made anew for each export. The file is for inside use (mode 0600); a "
               "line about it goes to exports.log beside the store.",
        .children = children};
    export_arguments arguments = {0};
    cli_latest latest = {0};
    hst_status status = HST_OK;

    cli_options_init(&arguments.options);
    status = cli_parse(&export_argp, "hestia export", argc, argv, &arguments, err);
    if (status == HST_OK) {
        status = cli_latest_read(&latest, arguments.study, arguments.measure, NULL, err);
    }
    if (status == HST_OK) {
        status = check_place(&arguments, &latest, err);
    }
    if (status == HST_OK) {
        status = cli_latest_open(&latest, arguments.options.store, err);
    }
    if (status == HST_OK) {
        status = do_export(&arguments, &latest, err);
    }
    cli_latest_close(&latest);
    return status;
}
