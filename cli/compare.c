/* hestia compare: what moved between two runs. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "cli/cli.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/figures.h"
#include "hestia/compare.h"
#include "hestia/published.h"

typedef struct compare_arguments {
    cli_options options; /* of which `out` is the file */
    const char *results[2];
    bool internal;
    double threshold; /* percent; INFINITY: none */
    long limit;
} compare_arguments;

/* ---- which folders ---- */

/* "internal" for a folder of that name, however the path leads there; else "release". */
static const char *kind_of(const char *folder)
{
    char *real = realpath(folder, NULL);
    const char *slash = real ? strrchr(real, '/') : NULL;
    bool is_internal = slash && strcmp(slash + 1, "internal") == 0;

    free(real);
    return is_internal ? "internal" : "release";
}

static hst_status find_folders(char *folders[2], const compare_arguments *arguments, hst_error *err)
{
    for (size_t i = 0; i < 2; i++) {
        hst_status status =
            hst_published_folder(&folders[i], arguments->results[i], arguments->internal, err);

        if (status != HST_OK) {
            return status;
        }
    }
    if (strcmp(kind_of(folders[0]), kind_of(folders[1])) != 0) {
        return hst_fail(
            err, HST_ERR_USAGE,
            "%s and %s: true numbers and released ones do not compare; take two folders "
            "of one kind (--internal takes internal/ of both)",
            folders[0], folders[1]);
    }
    return HST_OK;
}

/* ---- telling ---- */

/* Why numbers may have moved. */
static void show_origins(const hst_comparison *comparison)
{
    if (comparison->n_origins > 0) {
        printf("\nMade from something else\n");
    }
    for (size_t i = 0; i < comparison->n_origins; i++) {
        printf("  %s\n", comparison->origins[i]);
    }
}

static void show_verdicts(const hst_comparison *comparison)
{
    if (comparison->n_verdicts > 0) {
        printf("\nVerdicts that changed\n");
    }
    for (size_t i = 0; i < comparison->n_verdicts; i++) {
        const hst_verdict_change *change = &comparison->verdicts[i];

        printf("  %-28s %-9s %-28s %s → %s\n", change->impact, change->site_code, change->measure,
               change->before, change->after);
    }
}

static void show_lines(const hst_comparison *comparison)
{
    char counts[6][32];

    if (comparison->n_lines > 0) {
        printf("\nRows by table and measure (other: only other columns than the main number "
               "changed)\n  %-14s %-28s %9s %9s %9s %10s %9s %9s  %s\n",
               "table", "measure", "new", "gone", "changed", "suppressed", "revealed", "other",
               "largest change");
    }
    for (size_t i = 0; i < comparison->n_lines; i++) {
        const hst_compare_line *line = &comparison->lines[i];

        printf("  %-14s %-28s %9s %9s %9s %10s %9s %9s", line->table,
               line->measure[0] ? line->measure : "-", cli_grouped(line->n_new, counts[0]),
               cli_grouped(line->n_gone, counts[1]), cli_grouped(line->n_changed, counts[2]),
               cli_grouped(line->n_suppressed, counts[3]), cli_grouped(line->n_revealed, counts[4]),
               cli_grouped(line->n_other, counts[5]));
        if (line->largest_area) {
            printf("  %+.1f %% %s%s%s", line->largest, line->largest_area,
                   line->largest_period[0] ? " " : "", line->largest_period);
        }
        printf("\n");
    }
}

static void show_moves(const hst_comparison *comparison)
{
    char before[HST_CSV_NUMBER_BYTES], after[HST_CSV_NUMBER_BYTES];

    if (comparison->n_moves > 0) {
        printf("\nLargest changes of values (complete periods, %d events or more)\n",
               HST_COMPARE_MIN_EVENTS);
    }
    for (size_t i = 0; i < comparison->n_moves; i++) {
        const hst_move *move = &comparison->moves[i];

        hst_csv_format_real(before, move->before);
        hst_csv_format_real(after, move->after);
        printf("  %+8.1f %%  %s, %s, %s (%s): %s → %s\n", move->percent, move->measure,
               move->area_code, move->period, move->rest, before, after);
    }
}

static void show(const hst_comparison *comparison, char *const folders[2],
                 const compare_arguments *arguments)
{
    hst_compare_line values = hst_comparison_values(comparison);
    char counts[4][32];

    printf("%s → %s\n", folders[0], folders[1]);
    show_origins(comparison);
    show_verdicts(comparison);
    show_lines(comparison);
    show_moves(comparison);
    for (size_t i = 0; i < comparison->n_unmatched; i++) {
        printf("\n%s.csv is in one of the folders only, and was left out\n",
               comparison->unmatched[i]);
    }
    if (comparison->n_lines == 0) {
        printf("no difference: %s values, and all other tables\n",
               cli_grouped(comparison->n_values, counts[0]));
    } else {
        printf("\n%s values: %s new, %s changed; %s gone\n",
               cli_grouped(comparison->n_values, counts[0]), cli_grouped(values.n_new, counts[1]),
               cli_grouped(values.n_changed + values.n_suppressed + values.n_revealed, counts[2]),
               cli_grouped(values.n_gone, counts[3]));
    }
    if (arguments->options.out) {
        printf("every change is in %s\n", arguments->options.out);
    }
}

/* ---- the command ---- */

static hst_status compare(hst_comparison **out, char *const folders[2],
                          const compare_arguments *arguments, hst_error *err)
{
    hst_compare_options options = {.threshold = arguments->threshold / 100,
                                   .n_moves = (size_t)arguments->limit};
    bool is_internal = strcmp(kind_of(folders[0]), "internal") == 0;
    hst_status status = HST_OK;

    if (arguments->options.out) {
        status =
            hst_csv_create(&options.csv, arguments->options.out, is_internal ? 0600 : 0644, err);
    }
    if (status == HST_OK) {
        status = hst_compare(out, folders[0], folders[1], &options, err);
    }
    if (status == HST_OK && options.csv) {
        status = hst_csv_finish(options.csv, err);
    }
    hst_csv_free(options.csv);
    return status;
}

enum { KEY_INTERNAL = 0x2001, KEY_THRESHOLD, KEY_LIMIT, DEFAULT_LIMIT = 10, MAX_LIMIT = 100000 };

static error_t parse_compare(int key, char *argument, struct argp_state *state)
{
    compare_arguments *arguments = state->input;
    char *end = NULL;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->options;
        return 0;
    case KEY_INTERNAL:
        arguments->internal = true;
        return 0;
    case KEY_THRESHOLD:
        arguments->threshold = strtod(argument, &end);
        if (end == argument || *end != '\0' || !(arguments->threshold >= 0)) {
            argp_error(state, "--threshold is a percentage, as in 5");
            return EINVAL;
        }
        return 0;
    case KEY_LIMIT:
        arguments->limit = strtol(argument, &end, 10);
        if (end == argument || *end != '\0' || arguments->limit < 0 ||
            arguments->limit > MAX_LIMIT) {
            argp_error(state, "--limit is a number of lines, 0 to %d", MAX_LIMIT);
            return EINVAL;
        }
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num >= 2) {
            argp_error(state, "two results at a time");
            return EINVAL;
        }
        arguments->results[state->arg_num] = argument;
        return 0;
    case ARGP_KEY_END:
        if (!arguments->results[1]) {
            argp_error(state, "which results? (two results directories, run folders, or folders of "
                              "tables)");
            return EINVAL;
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

hst_status cli_compare(int argc, char **argv, hst_error *err)
{
    static const struct argp_child children[] = {
        {&cli_common_argp, 0, "Common options (--out is the file to write):", 9}, {0}};
    static const struct argp_option options[] = {
        {"threshold", KEY_THRESHOLD, "PERCENT", 0,
         "Exit 3 when a value moved by more (complete periods, 100 events or more)", 0},
        {"limit", KEY_LIMIT, "N", 0, "Show the N largest changes (default 10)", 0},
        {"internal", KEY_INTERNAL, 0, 0, "Compare the true numbers in internal/ of both", 0},
        {0}};
    static const struct argp compare_argp = {
        .options = options,
        .parser = parse_compare,
        .args_doc = "RESULTS1 RESULTS2",
        .doc = "What moved between two results: verdicts first, then new, gone and changed numbers "
               "by table and measure, and the largest changes. Each is a results directory (its "
               "latest run), a run folder, or a folder release/ or internal/. --out FILE.csv "
               "receives every change.",
        .children = children};
    compare_arguments arguments = {.threshold = INFINITY, .limit = DEFAULT_LIMIT};
    char *folders[2] = {NULL, NULL};
    hst_comparison *comparison = NULL;
    hst_status status = HST_OK;

    cli_options_init(&arguments.options);
    status = cli_parse(&compare_argp, "hestia compare", argc, argv, &arguments, err);
    if (status == HST_OK) {
        status = find_folders(folders, &arguments, err);
    }
    if (status == HST_OK) {
        status = compare(&comparison, folders, &arguments, err);
    }
    if (status == HST_OK) {
        show(comparison, folders, &arguments);
        if (comparison->n_past > 0) {
            status = hst_fail(err, HST_ERR_INPUT, "%llu %s moved by more than %.15g %%",
                              (unsigned long long)comparison->n_past,
                              comparison->n_past == 1 ? "value" : "values", arguments.threshold);
        }
    }
    hst_comparison_free(comparison);
    free(folders[0]);
    free(folders[1]);
    return status;
}
