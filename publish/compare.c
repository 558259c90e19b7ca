/* What moved between two runs. */
#include "hestia/compare.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "publish/comparison.h"
#include "publish/origins.h"
#include "publish/rows.h"
#include "publish/tables.h"
#include "publish/tree.h"

/* What a table does not say of itself. A table without key of its own is matched by these columns,
 * rows that agree in them by their order; a table's main number is its first one, unless it stands
 * here. */
static const struct hint {
    const char *table, *key, *main;
} hints[] = {
    {"results", NULL, "value"},
    {"measures", NULL, "definition"},
    {"areas", NULL, "last_period"},
    {"audit", "stage, dataset, file, measure, area, period, reason", NULL},
    {"reported", "measure, area_code, period, series, source", NULL},
    {"impact", "impact, site_code, measure, method, comparator, term, excluded", NULL},
    {"site-review", NULL, "review_value"},
    {"planted", "kind, impact, dataset, area_code, provider, specialty, month", "found_percent"},
    {"sensitivity", "impact, site_code, measure, dimension, alternative", NULL},
};

enum { MAX_COLUMNS = 64, KEY_BYTES = 256, N_KINDS = 5 };

typedef enum change_kind { NEW, GONE, CHANGED, SUPPRESSED, REVEALED } change_kind;

static const char *const kind_names[N_KINDS] = {
    [NEW] = "new",           [GONE] = "gone", [CHANGED] = "changed", [SUPPRESSED] = "suppressed",
    [REVEALED] = "revealed",
};

/* One table in both folders, as it is being walked through. */
typedef struct walk {
    const hst_compare_options *options;
    hst_comparison *out;
    const hst_result_table *table;
    char key_text[KEY_BYTES];
    size_t n_key;
    const char *key[HST_ROWS_MAX_KEY];
    hst_rows *before, *after;
    bool same_columns;
    size_t n_columns; /* of the table: those of this version */
    size_t in_before[MAX_COLUMNS], in_after[MAX_COLUMNS];
    size_t main;            /* column of the table */
    hst_compare_line *line; /* of the measure at hand; found anew when that is another */
    uint64_t n_rows;        /* of `after` */
} walk;

static hst_status no_memory(hst_error *err)
{
    return hst_fail(err, HST_ERR_MEMORY, "no memory for a comparison of results");
}

static const struct hint *hint_of(const char *table)
{
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++) {
        if (strcmp(hints[i].table, table) == 0) {
            return &hints[i];
        }
    }
    return NULL;
}

static bool is_number(const hst_column *column)
{
    return column->type == HST_COLUMN_COUNT || column->type == HST_COLUMN_REAL;
}

/* ---- what is known of a table ---- */

static void split_key(walk *w, const char *key)
{
    char *rest = NULL;

    snprintf(w->key_text, sizeof w->key_text, "%s", key);
    for (char *part = strtok_r(w->key_text, ", ", &rest); part && w->n_key < HST_ROWS_MAX_KEY;
         part = strtok_r(NULL, ", ", &rest)) {
        w->key[w->n_key++] = part;
    }
}

static void describe(walk *w, const hst_result_table *table)
{
    const struct hint *hint = hint_of(table->name);

    w->table = table;
    w->n_columns = table->n_columns;
    w->main = SIZE_MAX;
    if (table->key || (hint && hint->key)) {
        split_key(w, table->key ? table->key : hint->key);
    } else { /* nothing tells rows apart but all they say */
        for (; w->n_key < table->n_columns && w->n_key < HST_ROWS_MAX_KEY; w->n_key++) {
            w->key[w->n_key] = table->columns[w->n_key].name;
        }
    }
    for (size_t i = 0; i < table->n_columns && w->main == SIZE_MAX; i++) {
        bool is_main = hint && hint->main ? strcmp(table->columns[i].name, hint->main) == 0
                                          : is_number(&table->columns[i]);

        w->main = is_main ? i : SIZE_MAX;
    }
}

/* Where the columns of this version stand in both files: SIZE_MAX in one of an older version. */
static void match_columns(walk *w)
{
    size_t n = hst_rows_n_columns(w->after);

    for (size_t i = 0; i < w->n_columns; i++) {
        w->in_before[i] = hst_rows_find(w->before, w->table->columns[i].name);
        w->in_after[i] = hst_rows_find(w->after, w->table->columns[i].name);
    }
    w->same_columns = n == hst_rows_n_columns(w->before);
    for (size_t i = 0; i < n && w->same_columns; i++) {
        w->same_columns =
            strcmp(hst_rows_column_name(w->before, i), hst_rows_column_name(w->after, i)) == 0;
    }
}

static bool is_key(const walk *w, size_t column)
{
    for (size_t k = 0; k < w->n_key; k++) {
        if (strcmp(w->key[k], w->table->columns[column].name) == 0) {
            return true;
        }
    }
    return false;
}

static const char *cell(const hst_rows *rows, const char *column)
{
    return hst_rows_cell(rows, hst_rows_find(rows, column));
}

static const char *first_filled(const hst_rows *rows, const char *a, const char *b)
{
    const char *text = cell(rows, a);

    return text[0] ? text : cell(rows, b);
}

/* Tables call the area and the period by several names. */
static const char *area_of(const hst_rows *rows)
{
    const char *area = first_filled(rows, "area_code", "site_code");

    return area[0] ? area : cell(rows, "area");
}

static const char *period_of(const hst_rows *rows)
{
    return first_filled(rows, "period", "year");
}

/* True for a part of the key that has a column of its own in the list of changes. */
static bool is_told(const char *part)
{
    static const char *const told[] = {"measure", "area_code", "site_code",
                                       "area",    "period",    "year"};

    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        if (strcmp(part, told[i]) == 0) {
            return true;
        }
    }
    return false;
}

static double number_of(const char *text)
{
    char *end = NULL;
    double number = text[0] ? strtod(text, &end) : NAN;

    return end && *end == '\0' ? number : NAN;
}

/* ---- what is noted of a change ---- */

/* The line of the measure at hand. */
static hst_status find_line(walk *w, const hst_rows *rows, hst_error *err)
{
    const char *measure = cell(rows, "measure");

    if (w->line && strcmp(w->line->measure, measure) == 0) {
        return HST_OK;
    }
    w->line = hst_comparison_line(w->out, w->table->name, measure);
    return w->line ? HST_OK : no_memory(err);
}

static hst_status note_largest(walk *w, double percent, hst_error *err)
{
    bool is_larger =
        !isnan(percent) && (isnan(w->line->largest) || fabs(percent) > fabs(w->line->largest));

    if (!is_larger ||
        hst_compare_line_set_largest(w->line, percent, area_of(w->after), period_of(w->after))) {
        return HST_OK;
    }
    return no_memory(err);
}

/* Does a value of results.csv rest on enough, before and after? */
static bool counts(const walk *w)
{
    const hst_rows *const sides[] = {w->before, w->after};

    for (size_t i = 0; i < 2; i++) {
        double n = number_of(cell(sides[i], "total_count"));

        if (strcmp(cell(sides[i], "incomplete"), "1") == 0 || n < HST_COMPARE_MIN_EVENTS) {
            return false;
        }
    }
    return true;
}

/* Sex, age, split and statistic, where they are not those of every other row. */
static void describe_rest(char *text, size_t bytes, const hst_rows *rows)
{
    const char *sex = cell(rows, "sex"), *age = cell(rows, "age"), *split = cell(rows, "split");
    bool is_all = strcmp(sex, "persons") == 0 && strcmp(age, "all") == 0;

    snprintf(text, bytes, "%s%s%s%s%s%s%s", cell(rows, "statistic"), is_all ? "" : ", sex ",
             is_all ? "" : sex, is_all ? "" : ", age ", is_all ? "" : age,
             split[0] ? ", split " : "", split);
}

static hst_status rank_move(walk *w, double before, double after, double percent, hst_error *err)
{
    char rest[KEY_BYTES];
    hst_move move = {.before = before, .after = after, .percent = percent};

    if (strcmp(w->table->name, "results") != 0 || isnan(percent) || !counts(w)) {
        return HST_OK;
    }
    describe_rest(rest, sizeof rest, w->after);
    w->out->n_past += fabs(percent) > 100 * w->options->threshold;
    move.measure = strdup(cell(w->after, "measure"));
    move.area_code = strdup(area_of(w->after));
    move.period = strdup(period_of(w->after));
    move.rest = strdup(rest);
    if (!move.measure || !move.area_code || !move.period || !move.rest) {
        hst_move_clear(&move);
        return no_memory(err);
    }
    hst_comparison_rank(w->out, &move, w->options->n_moves);
    return HST_OK;
}

static hst_status note_verdict(walk *w, const char *before, const char *after, hst_error *err)
{
    hst_verdict_change change = {strdup(cell(w->after, "impact")),
                                 strdup(cell(w->after, "site_code")),
                                 strdup(cell(w->after, "measure")), strdup(before), strdup(after)};

    return hst_comparison_add_verdict(w->out, &change) ? HST_OK : no_memory(err);
}

/* ---- the list of changes ---- */

static void list_header(hst_csv *csv)
{
    static const char *const names[] = {"table",      "measure", "area_code", "period",
                                        "key",        "column",  "before",    "after",
                                        "difference", "percent", "kind"};

    hst_csv_header(csv, names, sizeof names / sizeof names[0]);
}

static void list_change(const walk *w, const hst_rows *rows, size_t column, const char *before,
                        const char *after, double difference, double percent, change_kind kind)
{
    hst_csv *csv = w->options->csv;
    char key[1024] = "";
    size_t used = 0;

    if (!csv) {
        return;
    }
    for (size_t k = 0; k < w->n_key && used < sizeof key; k++) {
        const char *part = cell(rows, w->key[k]);

        if (part[0] && !is_told(w->key[k])) {
            used += (size_t)snprintf(key + used, sizeof key - used, "%s%s=%s", used > 0 ? "; " : "",
                                     w->key[k], part);
        }
    }
    hst_csv_text(csv, w->table->name);
    hst_csv_text(csv, cell(rows, "measure"));
    hst_csv_text(csv, area_of(rows));
    hst_csv_text(csv, period_of(rows));
    hst_csv_text(csv, key);
    hst_csv_text(csv, column == SIZE_MAX ? "" : w->table->columns[column].name);
    hst_csv_text(csv, before);
    hst_csv_text(csv, after);
    hst_csv_real(csv, difference);
    hst_csv_real(csv, percent);
    hst_csv_text(csv, kind_names[kind]);
    hst_csv_end_row(csv);
}

/* ---- rows ---- */

/* A row that is in one of the folders only: its main number is told. */
static hst_status take_single(walk *w, hst_rows *rows, hst_error *err)
{
    bool is_new = rows == w->after;
    const size_t *in = is_new ? w->in_after : w->in_before;
    const char *text = w->main == SIZE_MAX ? "" : hst_rows_cell(rows, in[w->main]);
    hst_status status = find_line(w, rows, err);

    if (status != HST_OK) {
        return status;
    }
    *(is_new ? &w->line->n_new : &w->line->n_gone) += 1;
    list_change(w, rows, w->main, is_new ? "" : text, is_new ? text : "", NAN, NAN,
                is_new ? NEW : GONE);
    return HST_OK;
}

static change_kind kind_of(const walk *w, const char *before, const char *after)
{
    if (before[0] && !after[0] && strcmp(cell(w->after, "suppressed"), "1") == 0) {
        return SUPPRESSED;
    }
    if (!before[0] && after[0] && strcmp(cell(w->before, "suppressed"), "1") == 0) {
        return REVEALED;
    }
    return CHANGED;
}

static hst_status take_main(walk *w, change_kind kind, double before, double after, double percent,
                            hst_error *err)
{
    hst_status status = HST_OK;

    w->line->n_suppressed += kind == SUPPRESSED;
    w->line->n_revealed += kind == REVEALED;
    w->line->n_changed += kind == CHANGED;
    status = note_largest(w, percent, err);
    return status == HST_OK ? rank_move(w, before, after, percent, err) : status;
}

/* One cell of a row that is in both; `suppressed` is told by the kinds of the others. */
static hst_status take_cell(walk *w, size_t column, bool *is_changed, hst_error *err)
{
    const hst_column *what = &w->table->columns[column];
    const char *before = hst_rows_cell(w->before, w->in_before[column]);
    const char *after = hst_rows_cell(w->after, w->in_after[column]);
    double old = NAN, new = NAN, percent = NAN;
    change_kind kind = CHANGED;

    if (w->in_before[column] == SIZE_MAX || w->in_after[column] == SIZE_MAX ||
        strcmp(before, after) == 0 || strcmp(what->name, "suppressed") == 0) {
        return HST_OK;
    }
    *is_changed = true;
    kind = kind_of(w, before, after);
    if (is_number(what)) {
        old = number_of(before);
        new = number_of(after);
        percent = old != 0 && isfinite(old) && isfinite(new) ? 100 * (new - old) / fabs(old) : NAN;
    }
    list_change(w, w->after, column, before, after, new - old, percent, kind);
    if (strcmp(what->name, "verdict") == 0) {
        return note_verdict(w, before, after, err);
    }
    return column == w->main ? take_main(w, kind, old, new, percent, err) : HST_OK;
}

/* True when no cell that is looked at differs: then the row makes no line of the summary. */
static bool are_same_cells(const walk *w)
{
    for (size_t i = 0; i < w->n_columns; i++) {
        if (w->in_before[i] != SIZE_MAX && w->in_after[i] != SIZE_MAX &&
            strcmp(hst_rows_cell(w->before, w->in_before[i]),
                   hst_rows_cell(w->after, w->in_after[i])) != 0) {
            return false;
        }
    }
    return true;
}

static hst_status take_pair(walk *w, hst_error *err)
{
    hst_compare_line before = {0};
    bool is_changed = false;
    hst_status status = HST_OK;

    if (are_same_cells(w)) {
        return HST_OK;
    }
    status = find_line(w, w->after, err);
    if (status != HST_OK) {
        return status;
    }
    before = *w->line;
    for (size_t i = 0; i < w->n_columns && status == HST_OK; i++) {
        if (!is_key(w, i)) {
            status = take_cell(w, i, &is_changed, err);
        }
    }
    if (is_changed && w->line->n_changed == before.n_changed &&
        w->line->n_suppressed == before.n_suppressed && w->line->n_revealed == before.n_revealed) {
        w->line->n_other++;
    }
    return status;
}

/* True when the rows at hand have the same bytes under the same columns: most have, and are not
 * taken apart. */
static bool are_same_bytes(const walk *w)
{
    size_t n = 0, m = 0;
    const char *a = hst_rows_bytes(w->before, &n), *b = hst_rows_bytes(w->after, &m);

    return w->same_columns && a && b && n == m && memcmp(a, b, n) == 0;
}

static hst_status walk_rows(walk *w, hst_error *err)
{
    bool more_before = false, more_after = false;
    hst_status status = hst_rows_next(w->before, &more_before, err);

    if (status == HST_OK) {
        status = hst_rows_next(w->after, &more_after, err);
    }
    while (status == HST_OK && (more_before || more_after)) {
        int order = more_before ? -1 : 1;

        if (more_before && more_after && are_same_bytes(w)) {
            order = 0;
        } else {
            if (more_before) {
                status = hst_rows_take(w->before, err);
            }
            if (status == HST_OK && more_after) {
                status = hst_rows_take(w->after, err);
            }
            if (status == HST_OK && more_before && more_after) {
                order = hst_rows_compare(w->before, w->after);
            }
            if (status == HST_OK) {
                status = order < 0   ? take_single(w, w->before, err)
                         : order > 0 ? take_single(w, w->after, err)
                                     : take_pair(w, err);
            }
        }
        if (status == HST_OK && order <= 0) {
            status = hst_rows_next(w->before, &more_before, err);
        }
        if (status == HST_OK && order >= 0) {
            w->n_rows++;
            status = hst_rows_next(w->after, &more_after, err);
        }
    }
    return status;
}

/* ---- tables ---- */

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

static hst_status compare_files(walk *w, const char *before, const char *after, hst_error *err)
{
    bool is_sorted = strcmp(w->table->name, "results") == 0; /* which alone may be large */
    hst_status status = hst_rows_open(&w->before, before, w->key, w->n_key, is_sorted, err);

    if (status == HST_OK) {
        status = hst_rows_open(&w->after, after, w->key, w->n_key, is_sorted, err);
    }
    if (status == HST_OK) {
        match_columns(w);
        status = walk_rows(w, err);
    }
    hst_rows_close(w->before);
    hst_rows_close(w->after);
    return status;
}

static hst_status compare_table(hst_comparison *out, const hst_result_table *table,
                                const char *before, const char *after,
                                const hst_compare_options *options, hst_error *err)
{
    hst_status status = HST_OK;
    char file[64];
    char *a = NULL, *b = NULL;
    walk w = {.options = options, .out = out};

    snprintf(file, sizeof file, "%s.csv", table->name);
    a = hst_tree_join(before, file);
    b = hst_tree_join(after, file);
    if (!a || !b) {
        status = no_memory(err);
    } else if (is_there(a) && is_there(b)) {
        describe(&w, table);
        status = compare_files(&w, a, b, err);
    } else if (is_there(a) != is_there(b)) { /* another version of hestia */
        out->unmatched[out->n_unmatched++] = table->name;
    }
    if (strcmp(table->name, "results") == 0) {
        out->n_values = w.n_rows;
    }
    free(a);
    free(b);
    return status;
}

static hst_status require_results(const char *folder, hst_error *err)
{
    hst_status status = HST_OK;
    char *path = hst_tree_join(folder, "results.csv");

    if (!path) {
        return no_memory(err);
    }
    if (!is_there(path)) {
        status = hst_fail(err, HST_ERR_USAGE, "%s: is not there; no folder of results", path);
    }
    free(path);
    return status;
}

hst_status hst_compare(hst_comparison **result, const char *before, const char *after,
                       const hst_compare_options *options, hst_error *err)
{
    size_t n_tables = 0;
    const hst_result_table *const *tables = hst_result_tables(&n_tables);
    hst_comparison *out = calloc(1, sizeof *out);
    hst_status status = HST_OK;

    *result = NULL;
    if (out) {
        out->moves = calloc(options->n_moves + 1, sizeof *out->moves);
        out->unmatched = calloc(n_tables + 1, sizeof *out->unmatched);
    }
    if (!out || !out->moves || !out->unmatched) {
        status = no_memory(err);
        goto done;
    }
    status = require_results(before, err);
    if (status == HST_OK) {
        status = require_results(after, err);
    }
    if (status == HST_OK) {
        status = hst_origins_compare(out, before, after, err);
    }
    if (status == HST_OK && options->csv) {
        list_header(options->csv);
    }
    for (size_t i = 0; i < n_tables && status == HST_OK; i++) {
        status = compare_table(out, tables[i], before, after, options, err);
    }
    if (status == HST_OK) {
        *result = out;
        out = NULL; /* now the caller's */
    }

done:
    hst_comparison_free(out);
    return status;
}

void hst_compare_since(hst_since *out, const char *directory, const char *run_folder,
                       double threshold)
{
    const hst_compare_options options = {.threshold = threshold, .n_moves = 1};
    hst_status status = HST_OK;
    char *before = NULL, *after = NULL;

    *out = (hst_since){.run = ""};
    hst_published_run(out->run, directory);
    if (out->run[0] == '\0') {
        return;
    }
    status = hst_published_folder(&before, directory, false, &out->problem);
    if (status == HST_OK) {
        status = hst_published_folder(&after, run_folder, false, &out->problem);
    }
    if (status == HST_OK) {
        status = hst_compare(&out->comparison, before, after, &options, &out->problem);
    }
    free(before);
    free(after);
    if (status != HST_OK) {
        out->comparison = NULL;
    }
}
