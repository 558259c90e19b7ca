/* hestia stats METHOD [TABLE]: one statistical method on a table of the user's own.
 *
 * The table is read, its numbers are checked row by row, the rows are put into groups in the order
 * of first appearance, and the method answers each group. The methods are in stats_*.c. */
#include "cli/stats.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hestia/study.h"

static const stats_method *const methods[] = {&stats_dsr, &stats_rate, &stats_proportion,
                                              &stats_mean, &stats_poisson};

/* Names that are reserved, so that asking for them says more than "unknown". */
static const char *const later_methods[] = {
    "isr",   "smr",    "acs-score", "mean-los",  "std-mean-los", "bed-day-rate",
    "trend", "its",    "pre-post",  "dsr-ratio", "did",          "synthetic-control",
    "spc",   "funnel", "hhi",       "breaks",    "spells",       "power",
};

enum {
    N_METHODS = sizeof methods / sizeof methods[0],
    N_LATER = sizeof later_methods / sizeof later_methods[0],
};

/* ---- options ---- */

enum {
    KEY_BY = 0x2001,
    KEY_COLUMN,
    KEY_CONFIDENCE,
    KEY_STANDARD,
    KEY_STANDARDISE_BY,
    KEY_INTERVAL,
    KEY_PER,
    KEY_MIN_EVENTS,
    KEY_SKIP_BAD,
};

static const struct argp_option argp_options[] = {
    {"by", KEY_BY, "COL,COL", 0, "One result for each group of these columns", 1},
    {"column", KEY_COLUMN, "NAME=COL", 0, "The method's column NAME is called COL in the table", 1},
    {"confidence", KEY_CONFIDENCE, "95,99.8", 0, "Confidence levels in percent", 1},
    {"skip-bad", KEY_SKIP_BAD, NULL, 0, "Leave out rows that cannot be used", 1},
    {"per", KEY_PER, "N|none", 0, "Multiplier (dsr, rate 100000; proportion 100)", 2},
    {"interval", KEY_INTERVAL, "NAME", 0,
     "dsr: dobson-byar, dobson-exact, fay-feuer, tiwari, mid-p, normal; rate, poisson: auto, byar, "
     "exact",
     2},
    {"standard", KEY_STANDARD, "NAME|FILE", 0,
     "dsr: esp1976, esp1976_19, esp2013, esp2013_21, who2000 or a file "
     "age_lower,age_upper,weight",
     2},
    {"standardise-by", KEY_STANDARDISE_BY, "age|age_sex", 0, "dsr: strata (default age)", 2},
    {"min-events", KEY_MIN_EVENTS, "N", 0, "dsr: fewer events give no rate (default 10)", 2},
    {0},
};

static bool parse_positive(const char *text, double *out)
{
    char *end = NULL;

    if (text[0] == '\0' || text[strspn(text, "0123456789.eE+")] != '\0') {
        return false;
    }
    *out = strtod(text, &end);
    return *end == '\0' && isfinite(*out) && *out > 0;
}

/* "95,99.8" into levels and the names of their columns. */
static bool parse_confidence(stats_options *options, const char *text)
{
    char level[16];

    options->n_confidence = 0;
    while (options->n_confidence < HST_MAX_CONFIDENCE) {
        size_t length = strcspn(text, ","), n = options->n_confidence, digits = 0;

        if (length == 0 || length >= sizeof level) {
            return false;
        }
        memcpy(level, text, length);
        level[length] = '\0';
        if (!parse_positive(level, &options->confidence[n]) || options->confidence[n] >= 100) {
            return false;
        }
        for (size_t i = 0; i < length; i++) {
            if (level[i] >= '0' && level[i] <= '9') {
                options->confidence_names[n][digits++] = level[i];
            }
        }
        options->confidence_names[n][digits] = '\0';
        options->n_confidence++;
        if (text[length] == '\0') {
            return true;
        }
        text += length + 1;
    }
    return false;
}

static error_t parse_argument(stats_options *options, char *argument, struct argp_state *state)
{
    if (!options->method) {
        options->method = argument;
    } else if (!options->table) {
        options->table = argument;
    } else {
        argp_error(state, "one method and one table, please");
        return EINVAL;
    }
    return 0;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    stats_options *options = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &options->common;
        return 0;
    case ARGP_KEY_ARG:
        return parse_argument(options, argument, state);
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which method? dsr, rate, proportion, mean or poisson");
        return EINVAL;
    case KEY_BY:
        options->by = argument;
        return 0;
    case KEY_COLUMN:
        if (options->n_columns == sizeof options->columns / sizeof options->columns[0] ||
            !strchr(argument, '=')) {
            argp_error(state, "--column takes NAME=COLUMN, such as events=count");
            return EINVAL;
        }
        options->columns[options->n_columns++] = argument;
        return 0;
    case KEY_CONFIDENCE:
        if (!parse_confidence(options, argument)) {
            argp_error(state,
                       "--confidence takes up to %d levels between 0 and 100, such as 95,99.8",
                       HST_MAX_CONFIDENCE);
            return EINVAL;
        }
        return 0;
    case KEY_SKIP_BAD:
        options->skip_bad = true;
        return 0;
    case KEY_PER:
        options->given |= STATS_PER;
        options->per = 1;
        if (strcmp(argument, "none") != 0 && !parse_positive(argument, &options->per)) {
            argp_error(state, "--per takes a number above 0, or none");
            return EINVAL;
        }
        return 0;
    case KEY_INTERVAL:
        options->given |= STATS_INTERVAL;
        options->interval = argument;
        return 0;
    case KEY_STANDARD:
        options->given |= STATS_STANDARD;
        options->standard = argument;
        return 0;
    case KEY_STANDARDISE_BY:
        options->given |= STATS_STANDARDISE_BY;
        options->by_sex = strcmp(argument, "age_sex") == 0 || strcmp(argument, "age-sex") == 0;
        if (!options->by_sex && strcmp(argument, "age") != 0) {
            argp_error(state, "--standardise-by takes age or age_sex");
            return EINVAL;
        }
        return 0;
    case KEY_MIN_EVENTS:
        options->given |= STATS_MIN_EVENTS;
        options->min_events = 0;
        if (strcmp(argument, "0") != 0 && !parse_positive(argument, &options->min_events)) {
            argp_error(state, "--min-events takes a number from 0 on");
            return EINVAL;
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child children[] = {{&cli_common_argp, 0, NULL, 0}, {0}};

static const struct argp stats_argp = {
    .options = argp_options,
    .parser = parse_option,
    .args_doc = "METHOD [TABLE]",
    .doc =
        "One statistical method on a tidy CSV (a file or standard input) gives a tidy CSV."
        "\vMethods: dsr (columns age_lower, events, population [, sex] [, weight] [, age_upper]), "
        "rate (x, n), proportion (x, n), mean (x), poisson (count).",
    .children = children,
};

/* True when two names are the same, hyphen and underscore alike. */
static bool same_name(const char *a, const char *b)
{
    while (*a != '\0' && (*a == '_' ? '-' : *a) == (*b == '_' ? '-' : *b)) {
        a++;
        b++;
    }
    return *a == *b;
}

static hst_status find_method(const stats_options *options, const stats_method **out,
                              hst_error *err)
{
    const char *names[N_METHODS], *nearest = NULL;

    for (size_t i = 0; i < N_METHODS; i++) {
        names[i] = methods[i]->name;
        if (same_name(options->method, names[i])) {
            *out = methods[i];
            return HST_OK;
        }
    }
    for (size_t i = 0; i < N_LATER; i++) {
        if (same_name(options->method, later_methods[i])) {
            return hst_fail(err, HST_ERR_USAGE, "hestia stats %s: not in this version",
                            later_methods[i]);
        }
    }
    nearest = hst_nearest_name(options->method, names, N_METHODS);
    return hst_fail(err, HST_ERR_USAGE,
                    "hestia stats: no method `%s`%s%s%s; there are dsr, rate, proportion, mean and "
                    "poisson",
                    options->method, nearest ? "; did you mean `" : "", nearest ? nearest : "",
                    nearest ? "`?" : "");
}

static hst_status check_options(const stats_options *options, const stats_method *method,
                                hst_error *err)
{
    static const struct {
        unsigned bit;
        const char *name;
    } names[] = {
        {STATS_STANDARD, "--standard"},     {STATS_STANDARDISE_BY, "--standardise-by"},
        {STATS_INTERVAL, "--interval"},     {STATS_PER, "--per"},
        {STATS_MIN_EVENTS, "--min-events"},
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (options->given & ~method->options & names[i].bit) {
            return hst_fail(err, HST_ERR_USAGE, "hestia stats %s: it has no option %s",
                            method->name, names[i].name);
        }
    }
    return HST_OK;
}

static hst_status choose_interval(stats_run *run)
{
    static const hst_interval of_dsr[] = {HST_INTERVAL_DOBSON_BYAR, HST_INTERVAL_DOBSON_EXACT,
                                          HST_INTERVAL_FAY_FEUER,   HST_INTERVAL_TIWARI,
                                          HST_INTERVAL_MID_P,       HST_INTERVAL_NORMAL};
    static const hst_interval of_counts[] = {HST_INTERVAL_BYAR, HST_INTERVAL_EXACT};
    bool is_dsr = run->method == &stats_dsr;
    const hst_interval *intervals = is_dsr ? of_dsr : of_counts;
    size_t n = is_dsr ? sizeof of_dsr / sizeof of_dsr[0] : sizeof of_counts / sizeof of_counts[0];
    const char *name = run->options->interval;

    run->interval = is_dsr ? HST_INTERVAL_DOBSON_BYAR : HST_INTERVAL_DEFAULT;
    if (!name || (!is_dsr && same_name(name, "auto"))) {
        return HST_OK;
    }
    for (size_t i = 0; i < n; i++) {
        if (same_name(name, hst_interval_name(intervals[i]))) {
            run->interval = intervals[i];
            return HST_OK;
        }
    }
    if (is_dsr && same_name(name, hst_interval_name(HST_INTERVAL_REPEAT_ADJUSTED))) {
        return hst_fail(run->err, HST_ERR_USAGE,
                        "hestia stats dsr --interval repeat-adjusted: not in this version");
    }
    return hst_fail(run->err, HST_ERR_USAGE, "hestia stats %s: no interval `%s`; there are %s",
                    run->method->name, name,
                    is_dsr ? "dobson-byar, dobson-exact, fay-feuer, tiwari, mid-p and normal"
                           : "auto, byar and exact");
}

/* ---- columns and rows ---- */

/* Name in the table of one of the method's columns. */
static const char *mapped_name(const stats_options *options, const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < options->n_columns; i++) {
        if (strncmp(options->columns[i], name, length) == 0 && options->columns[i][length] == '=') {
            return options->columns[i] + length + 1;
        }
    }
    return name;
}

static hst_status check_mapping(const stats_run *run)
{
    for (size_t i = 0; i < run->options->n_columns; i++) {
        const char *mapping = run->options->columns[i];
        size_t length = strcspn(mapping, "="), at = 0;

        while (at < run->method->n_columns &&
               (strlen(run->method->columns[at].name) != length ||
                strncmp(run->method->columns[at].name, mapping, length) != 0)) {
            at++;
        }
        if (at == run->method->n_columns) {
            return hst_fail(run->err, HST_ERR_USAGE,
                            "hestia stats %s: --column %s: the method has no such column",
                            run->method->name, mapping);
        }
        if (hst_table_find(run->table, mapping + length + 1) == SIZE_MAX) {
            return hst_fail(run->err, HST_ERR_USAGE,
                            "hestia stats %s: --column %s: %s has no such column",
                            run->method->name, mapping, hst_table_name(run->table));
        }
    }
    return HST_OK;
}

static hst_status find_columns(stats_run *run)
{
    hst_status status = check_mapping(run);

    for (size_t i = 0; i < run->method->n_columns && status == HST_OK; i++) {
        const char *name = mapped_name(run->options, run->method->columns[i].name);

        run->columns[i] = hst_table_find(run->table, name);
        if (run->columns[i] == SIZE_MAX && !run->method->columns[i].is_optional) {
            status = hst_table_require(run->table, name, &run->columns[i], run->err);
        }
    }
    return status;
}

double stats_number(const stats_run *run, size_t row, size_t column)
{
    return run->numbers[row * run->method->n_columns + column];
}

hst_status stats_bad(const stats_run *run, size_t row, size_t column, const char *what)
{
    return hst_fail(run->err, HST_ERR_INPUT, "%s, line %zu, column %s: %s",
                    hst_table_name(run->table), hst_table_line(run->table, row),
                    hst_table_column_name(run->table, run->columns[column]), what);
}

/* Number of a text: that of the first row with the same. Few values are expected (sexes). */
static double number_of_text(const stats_run *run, size_t row, size_t column)
{
    const char *text = hst_table_cell(run->table, row, run->columns[column]);
    double next = 0;

    for (size_t i = 0; i < row; i++) {
        double number = stats_number(run, i, column);

        if (number == next) { /* the first row with its text */
            if (strcmp(hst_table_cell(run->table, i, run->columns[column]), text) == 0) {
                return number;
            }
            next++;
        }
    }
    return next;
}

static hst_status read_row(stats_run *run, size_t row)
{
    double *numbers = &run->numbers[row * run->method->n_columns];

    for (size_t i = 0; i < run->method->n_columns; i++) {
        const stats_column *column = &run->method->columns[i];
        const char *cell = NULL;
        hst_status status = HST_OK;

        numbers[i] = NAN;
        if (run->columns[i] == SIZE_MAX) {
            continue;
        }
        cell = hst_table_cell(run->table, row, run->columns[i]);
        if (cell[0] == '\0' || strcmp(cell, "NA") == 0) {
            continue;
        }
        if (column->is_text) {
            numbers[i] = number_of_text(run, row, i);
            continue;
        }
        status = hst_table_double(run->table, row, run->columns[i], &numbers[i], run->err);
        if (status != HST_OK) {
            return status;
        }
        if (numbers[i] < column->lowest) {
            return stats_bad(run, row, i, "below 0");
        }
    }
    return run->method->check_row ? run->method->check_row(run, row) : HST_OK;
}

/* Reads all rows; `rows` receives those that can be used, [*n]. */
static hst_status read_rows(stats_run *run, size_t *rows, size_t *n)
{
    size_t n_rows = hst_table_n_rows(run->table);

    *n = 0;
    for (size_t row = 0; row < n_rows; row++) {
        hst_status status = read_row(run, row);

        if (status == HST_OK) {
            rows[(*n)++] = row;
            continue;
        }
        if (status != HST_ERR_INPUT || !run->options->skip_bad) {
            return status;
        }
        for (size_t i = 0; i < run->method->n_columns; i++) {
            run->numbers[row * run->method->n_columns + i] = NAN;
        }
    }
    if (*n < n_rows && !run->options->common.quiet) {
        fprintf(stderr, "hestia stats: %zu of %zu rows left out (--skip-bad)\n", n_rows - *n,
                n_rows);
    }
    return HST_OK;
}

/* ---- groups ---- */

typedef struct groups {
    size_t n_columns, columns[16]; /* of --by */
    size_t n;
    size_t *first; /* [n + 1]: where each group's rows begin in `rows` */
    size_t *rows;
} groups;

static hst_status find_group_columns(const stats_run *run, groups *g)
{
    const char *at = run->options->by;

    while (at && *at != '\0') {
        size_t length = strcspn(at, ",");
        char name[128];

        if (length >= sizeof name || g->n_columns == sizeof g->columns / sizeof g->columns[0]) {
            return hst_fail(run->err, HST_ERR_USAGE, "hestia stats: --by: too many or long names");
        }
        memcpy(name, at, length);
        name[length] = '\0';
        g->columns[g->n_columns] = hst_table_find(run->table, name);
        if (g->columns[g->n_columns] == SIZE_MAX) {
            return hst_fail(run->err, HST_ERR_USAGE, "hestia stats: --by: %s has no column `%s`",
                            hst_table_name(run->table), name);
        }
        g->n_columns++;
        at += length + (at[length] == ',');
    }
    return HST_OK;
}

static bool same_group(const stats_run *run, const groups *g, size_t a, size_t b)
{
    for (size_t i = 0; i < g->n_columns; i++) {
        if (strcmp(hst_table_cell(run->table, a, g->columns[i]),
                   hst_table_cell(run->table, b, g->columns[i])) != 0) {
            return false;
        }
    }
    return true;
}

static uint64_t hash_of_group(const stats_run *run, const groups *g, size_t row)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a, the NUL of each cell included */

    for (size_t i = 0; i < g->n_columns; i++) {
        const char *c = hst_table_cell(run->table, row, g->columns[i]);

        do {
            hash = (hash ^ (unsigned char)*c) * 1099511628211u;
        } while (*c++ != '\0');
    }
    return hash ^ (hash >> 32);
}

/* Puts the usable rows into groups in the order of first appearance: numbers each row's group
 * through a hash table, then counts and distributes. */
static hst_status make_groups(const stats_run *run, groups *g, const size_t *rows, size_t n)
{
    hst_status status = HST_OK;
    size_t n_slots = 1, *slots = NULL, *group_of = NULL, *example = NULL;

    while (n_slots < 2 * n + 2) {
        n_slots *= 2;
    }
    slots = calloc(n_slots, sizeof *slots); /* group number + 1 */
    group_of = calloc(n + 1, sizeof *group_of);
    example = calloc(n + 1, sizeof *example);
    g->first = calloc(n + 2, sizeof *g->first);
    g->rows = calloc(n + 1, sizeof *g->rows);
    if (!slots || !group_of || !example || !g->first || !g->rows) {
        status = hst_fail(run->err, HST_ERR_MEMORY, "no memory for the groups of %zu rows", n);
        goto done;
    }
    for (size_t i = 0; i < n; i++) {
        size_t slot = (size_t)hash_of_group(run, g, rows[i]) & (n_slots - 1);

        while (slots[slot] != 0 && !same_group(run, g, example[slots[slot] - 1], rows[i])) {
            slot = (slot + 1) & (n_slots - 1);
        }
        if (slots[slot] == 0) {
            example[g->n++] = rows[i];
            slots[slot] = g->n;
        }
        group_of[i] = slots[slot] - 1;
        g->first[group_of[i] + 2]++;
    }
    /* first[k + 1] runs from the begin of group k to its end while rows are put in. */
    for (size_t k = 0; k < g->n; k++) {
        g->first[k + 2] += g->first[k + 1];
    }
    for (size_t i = 0; i < n; i++) {
        g->rows[g->first[group_of[i] + 1]++] = rows[i];
    }

done:
    free(slots);
    free(group_of);
    free(example);
    return status;
}

/* ---- output ---- */

/* Limits beyond the first level have columns of their own; 99.8 always has. */
static bool has_own_columns(const stats_options *options, size_t level)
{
    return level > 0 || options->confidence[level] == 99.8;
}

void stats_write_limits(const stats_run *run, const hst_limits *limits, double scale)
{
    hst_csv_real(run->csv, limits[0].lower * scale);
    hst_csv_real(run->csv, limits[0].upper * scale);
    for (size_t i = 0; i < run->options->n_confidence; i++) {
        if (has_own_columns(run->options, i)) {
            hst_csv_real(run->csv, limits[i].lower * scale);
            hst_csv_real(run->csv, limits[i].upper * scale);
        }
    }
}

void stats_write_confidence(const stats_run *run)
{
    char text[HST_MAX_CONFIDENCE * 20] = "";
    size_t length = 0;

    for (size_t i = 0; i < run->options->n_confidence; i++) {
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%g%%", i > 0 ? ", " : "",
                                   run->options->confidence[i]);
    }
    hst_csv_text(run->csv, text);
}

static void write_header(const stats_run *run, const groups *g)
{
    char name[32];

    for (size_t i = 0; i < g->n_columns; i++) {
        hst_csv_text(run->csv, hst_table_column_name(run->table, g->columns[i]));
    }
    for (size_t i = 0; run->method->before[i]; i++) {
        hst_csv_text(run->csv, run->method->before[i]);
    }
    hst_csv_text(run->csv, "lowercl");
    hst_csv_text(run->csv, "uppercl");
    for (size_t i = 0; i < run->options->n_confidence; i++) {
        if (has_own_columns(run->options, i)) {
            snprintf(name, sizeof name, "lower%s", run->options->confidence_names[i]);
            hst_csv_text(run->csv, name);
            snprintf(name, sizeof name, "upper%s", run->options->confidence_names[i]);
            hst_csv_text(run->csv, name);
        }
    }
    for (size_t i = 0; run->method->after[i]; i++) {
        hst_csv_text(run->csv, run->method->after[i]);
    }
    hst_csv_text(run->csv, "note");
    hst_csv_end_row(run->csv);
}

static hst_status write_groups(stats_run *run, const groups *g)
{
    write_header(run, g);
    for (size_t k = 0; k < g->n; k++) {
        stats_group group = {&g->rows[g->first[k]], g->first[k + 1] - g->first[k]};
        hst_status status = HST_OK;

        for (size_t i = 0; i < g->n_columns; i++) {
            hst_csv_text(run->csv, hst_table_cell(run->table, group.rows[0], g->columns[i]));
        }
        status = run->method->answer(run, &group);
        if (status != HST_OK) {
            return status;
        }
        hst_csv_end_row(run->csv);
    }
    return hst_csv_finish(run->csv, run->err);
}

/* ---- the command ---- */

static hst_status read_table(hst_table **out, const char *path, hst_error *err)
{
    return path && strcmp(path, "-") != 0
               ? hst_table_read(out, path, err)
               : hst_table_read_stream(out, stdin, "standard input", err);
}

static hst_status run_method(const stats_options *options, const stats_method *method,
                             hst_error *err)
{
    hst_status status = HST_OK;
    stats_run run = {.options = options, .method = method, .err = err};
    hst_table *table = NULL;
    size_t *rows = NULL, n_rows = 0, n_numbers = 0;
    groups g = {0};

    run.per = options->given & STATS_PER ? options->per : method->per;
    if ((status = choose_interval(&run)) != HST_OK ||
        (status = read_table(&table, options->table, err)) != HST_OK) {
        goto done;
    }
    run.table = table;
    if ((status = find_columns(&run)) != HST_OK ||
        (status = find_group_columns(&run, &g)) != HST_OK ||
        (status = method->begin ? method->begin(&run) : HST_OK) != HST_OK) {
        goto done;
    }
    rows = calloc(hst_table_n_rows(table) + 1, sizeof *rows);
    if (hst_size_multiply(hst_table_n_rows(table) + 1, method->n_columns, &n_numbers)) {
        run.numbers = calloc(n_numbers, sizeof *run.numbers);
    }
    if (!rows || !run.numbers) {
        status =
            hst_fail(err, HST_ERR_MEMORY, "%s: no memory for its numbers", hst_table_name(table));
        goto done;
    }
    if ((status = read_rows(&run, rows, &n_rows)) != HST_OK ||
        (status = method->ready ? method->ready(&run) : HST_OK) != HST_OK ||
        (status = make_groups(&run, &g, rows, n_rows)) != HST_OK) {
        goto done;
    }
    status = options->common.out ? hst_csv_create(&run.csv, options->common.out, 0644, err)
                                 : hst_csv_attach(&run.csv, stdout, "standard output", err);
    if (status != HST_OK) {
        goto done;
    }
    status = write_groups(&run, &g);

done:
    hst_csv_free(run.csv);
    hst_table_free(table);
    free(run.numbers);
    free(rows);
    free(g.first);
    free(g.rows);
    return status;
}

hst_status cli_stats(int argc, char **argv, hst_error *err)
{
    stats_options options = {
        .n_confidence = 1,
        .confidence = {95},
        .confidence_names = {"95"},
        .per = NAN,
        .min_events = 10,
    };
    const stats_method *method = NULL;
    hst_status status = HST_OK;

    cli_options_init(&options.common);
    if ((status = cli_parse(&stats_argp, "hestia stats", argc, argv, &options, err)) != HST_OK ||
        (status = find_method(&options, &method, err)) != HST_OK ||
        (status = check_options(&options, method, err)) != HST_OK) {
        return status;
    }
    return run_method(&options, method, err);
}
