/* hestia stats: the table's columns, its rows as numbers, and their groups. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/stats.h"

/* ---- columns ---- */

const char *stats_mapped_name(const stats_options *options, const char *name)
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

hst_status stats_find_list(const hst_table *table, const char *list, const char *option,
                           size_t *columns, size_t *n, hst_error *err)
{
    const char *at = list;

    *n = 0;
    while (at && *at != '\0') {
        size_t length = strcspn(at, ",");
        char name[128];

        if (length >= sizeof name || *n == STATS_MAX_KEY) {
            return hst_fail(err, HST_ERR_USAGE, "hestia stats: %s: too many or long names", option);
        }
        memcpy(name, at, length);
        name[length] = '\0';
        columns[*n] = hst_table_find(table, name);
        if (columns[*n] == SIZE_MAX) {
            return hst_fail(err, HST_ERR_USAGE, "hestia stats: %s: %s has no column `%s`", option,
                            hst_table_name(table), name);
        }
        (*n)++;
        at += length + (at[length] == ',');
    }
    return HST_OK;
}

/* Those of --by, and the method's first where it tells groups apart. */
static hst_status find_group_columns(stats_run *run)
{
    hst_status status =
        stats_find_list(run->table, run->options->by, "--by", run->by, &run->n_by, run->err);

    if (status != HST_OK || !run->method->is_by_first) {
        return status;
    }
    for (size_t i = 0; i < run->n_by; i++) {
        if (run->by[i] == run->columns[0]) {
            return HST_OK;
        }
    }
    if (run->n_by == STATS_MAX_KEY) {
        return hst_fail(run->err, HST_ERR_USAGE, "hestia stats: --by: too many names");
    }
    run->by[run->n_by++] = run->columns[0];
    return HST_OK;
}

hst_status stats_find_columns(stats_run *run)
{
    hst_status status = check_mapping(run);

    for (size_t i = 0; i < run->method->n_columns && status == HST_OK; i++) {
        const char *name = stats_mapped_name(run->options, run->method->columns[i].name);

        run->columns[i] = hst_table_find(run->table, name);
        if (run->columns[i] == SIZE_MAX && !run->method->columns[i].is_optional) {
            status = hst_table_require(run->table, name, &run->columns[i], run->err);
        }
    }
    return status == HST_OK ? find_group_columns(run) : status;
}

/* ---- rows ---- */

double stats_number(const stats_run *run, size_t row, size_t column)
{
    return run->numbers[row * run->method->n_columns + column];
}

double stats_sum(const stats_run *run, const stats_group *group, size_t column)
{
    double total = 0;

    for (size_t i = 0; i < group->n_rows; i++) {
        total += stats_number(run, group->rows[i], column);
    }
    return total;
}

hst_status stats_bad(const stats_run *run, size_t row, size_t column, const char *what)
{
    return hst_fail(run->err, HST_ERR_INPUT, "%s, line %zu, column %s: %s",
                    hst_table_name(run->table), hst_table_line(run->table, row),
                    hst_table_column_name(run->table, run->columns[column]), what);
}

hst_status stats_refuse_missing(stats_run *run, size_t row)
{
    for (size_t i = 0; i < run->method->n_columns && run->options->skip_bad; i++) {
        if (run->columns[i] != SIZE_MAX && isnan(stats_number(run, row, i))) {
            return stats_bad(run, row, i, "missing");
        }
    }
    return HST_OK;
}

static bool is_text(stats_kind kind)
{
    return kind == STATS_CODE || kind == STATS_TEXT;
}

/* Texts count as 0 until the row is known to be good. */
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
        if (is_text(column->kind)) {
            numbers[i] = 0;
            continue;
        }
        status = hst_table_double(run->table, row, run->columns[i], &numbers[i], run->err);
        if (status != HST_OK) {
            return status;
        }
        if (numbers[i] < column->lowest) {
            return stats_bad(run, row, i, "below 0");
        }
        if (column->kind == STATS_WHOLE && numbers[i] != floor(numbers[i])) {
            return stats_bad(run, row, i, "not a whole number");
        }
    }
    return run->method->check_row ? run->method->check_row(run, row) : HST_OK;
}

/* Numbers the codes of a good row: those of bad rows alone must not count. */
static void number_codes(stats_run *run, size_t row)
{
    double *numbers = &run->numbers[row * run->method->n_columns];

    for (size_t i = 0; i < run->method->n_columns; i++) {
        if (run->method->columns[i].kind == STATS_CODE && !isnan(numbers[i])) {
            stats_key key = {run->table, &run->columns[i], row};

            numbers[i] = (double)stats_keys_add(&run->codes[i], key);
        }
    }
}

/* One condition of --where: the column it is about, the text, and whether that is wanted. */
typedef struct condition {
    size_t column;
    const char *text;
    bool is_equal;
} condition;

static hst_status find_condition(const stats_run *run, const char *where, condition *out)
{
    size_t length = strcspn(where, "=");
    char name[128];

    out->text = where + length + 1;
    out->is_equal = length == 0 || where[length - 1] != '!';
    length -= out->is_equal ? 0 : 1;
    snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : 0), where);
    out->column = hst_table_find(run->table, name);
    return out->column != SIZE_MAX
               ? HST_OK
               : hst_fail(run->err, HST_ERR_USAGE, "hestia stats: --where: %s has no column `%s`",
                          hst_table_name(run->table), name);
}

static bool is_wanted(const stats_run *run, const condition *conditions, size_t row)
{
    for (size_t i = 0; i < run->options->n_where; i++) {
        const char *cell = hst_table_cell(run->table, row, conditions[i].column);

        if ((strcmp(cell, conditions[i].text) == 0) != conditions[i].is_equal) {
            return false;
        }
    }
    return true;
}

static hst_status make_room(stats_run *run)
{
    size_t n_rows = hst_table_n_rows(run->table), n_numbers = 0;

    run->rows = calloc(n_rows + 1, sizeof *run->rows);
    if (hst_size_multiply(n_rows + 1, run->method->n_columns, &n_numbers)) {
        run->numbers = calloc(n_numbers, sizeof *run->numbers);
    }
    if (!run->rows || !run->numbers) {
        return hst_fail(run->err, HST_ERR_MEMORY, "%s: no memory for its numbers",
                        hst_table_name(run->table));
    }
    for (size_t i = 0; i < run->method->n_columns; i++) {
        if (run->method->columns[i].kind == STATS_CODE) {
            hst_status status = stats_keys_init(&run->codes[i], 1, n_rows, run->err);

            if (status != HST_OK) {
                return status;
            }
        }
    }
    return HST_OK;
}

hst_status stats_read_rows(stats_run *run)
{
    condition conditions[sizeof run->options->where / sizeof run->options->where[0]] = {{0}};
    size_t n_rows = hst_table_n_rows(run->table), n_bad = 0;
    hst_status status = make_room(run);

    for (size_t i = 0; i < run->options->n_where && status == HST_OK; i++) {
        status = find_condition(run, run->options->where[i], &conditions[i]);
    }
    for (size_t row = 0; row < n_rows && status == HST_OK; row++) {
        if (!is_wanted(run, conditions, row)) {
            continue;
        }
        status = read_row(run, row);
        if (status == HST_OK) {
            number_codes(run, row);
            run->rows[run->n_rows++] = row;
        } else if (status == HST_ERR_INPUT && run->options->skip_bad) {
            n_bad++;
            status = HST_OK;
        }
    }
    if (status == HST_OK && n_bad > 0) {
        cli_log_note(&run->options->common, "hestia stats: %zu of %zu rows left out (--skip-bad)",
                     n_bad, n_bad + run->n_rows);
    }
    return status;
}

void stats_clear_rows(stats_run *run)
{
    free(run->numbers);
    free(run->rows);
    for (size_t i = 0; i < STATS_MAX_COLUMNS; i++) {
        stats_keys_clear(&run->codes[i]);
    }
}

/* ---- groups ---- */

/* Numbers each row's group, then counts and distributes. */
hst_status stats_make_groups(stats_groups *groups, const stats_run *run)
{
    hst_status status = HST_OK;
    size_t *group_of = NULL;
    stats_keys keys = {0};

    *groups = (stats_groups){.first = calloc(run->n_rows + 2, sizeof *groups->first),
                             .rows = calloc(run->n_rows + 1, sizeof *groups->rows)};
    group_of = calloc(run->n_rows + 1, sizeof *group_of);
    if (!group_of || !groups->first || !groups->rows) {
        status =
            hst_fail(run->err, HST_ERR_MEMORY, "no memory for the groups of %zu rows", run->n_rows);
        goto done;
    }
    status = stats_keys_init(&keys, run->n_by, run->n_rows, run->err);
    if (status != HST_OK) {
        goto done;
    }
    for (size_t i = 0; i < run->n_rows; i++) {
        stats_key key = {run->table, run->by, run->rows[i]};

        group_of[i] = stats_keys_add(&keys, key);
        groups->first[group_of[i] + 2]++;
    }
    groups->n = keys.n;
    /* first[k + 1] runs from the begin of group k to its end while rows are put in. */
    for (size_t k = 0; k < groups->n; k++) {
        groups->first[k + 2] += groups->first[k + 1];
    }
    for (size_t i = 0; i < run->n_rows; i++) {
        groups->rows[groups->first[group_of[i] + 1]++] = run->rows[i];
    }

done:
    stats_keys_clear(&keys);
    free(group_of);
    return status;
}

void stats_groups_clear(stats_groups *groups)
{
    free(groups->first);
    free(groups->rows);
    *groups = (stats_groups){0};
}

/* ---- a group in the order of time ---- */

typedef struct place {
    double t;
    size_t at; /* in the group */
} place;

static int compare_places(const void *a, const void *b)
{
    const place *x = a, *y = b;

    return (x->t > y->t) - (x->t < y->t);
}

hst_status stats_in_order(const stats_run *run, const stats_group *group, size_t column,
                          size_t *order, hst_error *err)
{
    place *places = calloc(group->n_rows, sizeof *places);
    hst_status status = HST_OK;

    if (!places) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu points", group->n_rows);
    }
    for (size_t i = 0; i < group->n_rows; i++) {
        places[i] = (place){stats_number(run, group->rows[i], column), i};
        if (isnan(places[i].t)) {
            status = hst_fail(err, HST_REFUSED, "t is missing");
            goto done;
        }
    }
    qsort(places, group->n_rows, sizeof *places, compare_places);
    for (size_t i = 0; i < group->n_rows; i++) {
        order[i] = places[i].at;
        if (i > 0 && places[i].t == places[i - 1].t) {
            status = hst_fail(err, HST_REFUSED, "several rows of one t");
        }
    }

done:
    free(places);
    return status;
}
