/* hestia stats isr, smr: indirectly standardised rates and ratios.
 *
 * The reference is a file of strata, or all rows of the table added up. Every stratum of the
 * reference must have a row in the group: one that is left out, because it had no events, would
 * take its people out of what is expected. Where columns of the reference are columns of --by too
 * (a year), the strata of the group's own value are its reference. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/stats.h"
#include "hestia/indirect.h"

enum { COLUMN_EVENTS, COLUMN_POPULATION };

/* The strata of the reference, and room for those of one group. */
typedef struct strata {
    stats_keys keys;
    size_t n_columns;
    size_t of_table[STATS_MAX_KEY], of_side[STATS_MAX_KEY];
    bool is_by[STATS_MAX_KEY];     /* also a column of --by */
    double *all_ref_x, *all_ref_n; /* [keys.n] */
    double *x, *n, *ref_x, *ref_n; /* of one group */
    size_t *at;                    /* [keys.n]: its place in the group; SIZE_MAX: not of it */
    bool *is_met;                  /* of one group: it has a row */
} strata;

static bool is_pooled(const stats_run *run)
{
    return strcmp(run->options->reference, "pooled") == 0;
}

/* ---- the reference ---- */

/* A pooled reference: those of --strata, or the usual names. */
static hst_status find_pooled_strata(stats_run *run, strata *s)
{
    static const char *const usual[] = {"sex", "age_lower", "age", "age_band"};

    if (run->options->strata) {
        return stats_find_list(run->table, run->options->strata, "--strata", s->of_table,
                               &s->n_columns, run->err);
    }
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
        size_t column = hst_table_find(run->table, usual[i]);

        if (column != SIZE_MAX) {
            s->of_table[s->n_columns++] = column;
        }
    }
    return s->n_columns > 0
               ? HST_OK
               : hst_fail(run->err, HST_ERR_USAGE,
                          "hestia stats %s: %s has none of the columns sex, age_lower, age, "
                          "age_band; name its strata with --strata",
                          run->method->name, hst_table_name(run->table));
}

/* A reference's file: its columns of --strata, or all but the numbers; the table must have them. */
static hst_status find_strata_of_file(stats_run *run, strata *s)
{
    hst_status status = HST_OK;

    if (run->options->strata) {
        status = stats_find_list(run->side, run->options->strata, "--strata", s->of_side,
                                 &s->n_columns, run->err);
    }
    for (size_t i = 0; i < hst_table_n_columns(run->side) && !run->options->strata; i++) {
        const char *name = hst_table_column_name(run->side, i);

        if (strcmp(name, "ref_events") == 0 || strcmp(name, "ref_population") == 0) {
            continue;
        }
        if (s->n_columns == STATS_MAX_KEY) {
            return hst_fail(run->err, HST_ERR_USAGE,
                            "%s: too many columns; name its strata with --strata",
                            hst_table_name(run->side));
        }
        s->of_side[s->n_columns++] = i;
    }
    for (size_t i = 0; i < s->n_columns && status == HST_OK; i++) {
        status = hst_table_require(run->table, hst_table_column_name(run->side, s->of_side[i]),
                                   &s->of_table[i], run->err);
    }
    return status;
}

static hst_status strata_make_room(strata *s, size_t n_rows, hst_error *err)
{
    hst_status status = stats_keys_init(&s->keys, s->n_columns, n_rows, err);

    s->all_ref_x = calloc(n_rows + 1, sizeof *s->all_ref_x);
    s->all_ref_n = calloc(n_rows + 1, sizeof *s->all_ref_n);
    s->x = calloc(n_rows + 1, sizeof *s->x);
    s->n = calloc(n_rows + 1, sizeof *s->n);
    s->ref_x = calloc(n_rows + 1, sizeof *s->ref_x);
    s->ref_n = calloc(n_rows + 1, sizeof *s->ref_n);
    s->at = calloc(n_rows + 1, sizeof *s->at);
    s->is_met = calloc(n_rows + 1, sizeof *s->is_met);
    if (status == HST_OK && (!s->all_ref_x || !s->all_ref_n || !s->x || !s->n || !s->ref_x ||
                             !s->ref_n || !s->at || !s->is_met)) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for %zu strata", n_rows);
    }
    return status;
}

/* One number of the reference's file: events and people are there and not below 0. */
static hst_status reference_number(const stats_run *run, size_t row, size_t column, double *out)
{
    hst_status status = hst_table_double(run->side, row, column, out, run->err);

    if (status == HST_OK && *out < 0) {
        status = hst_fail(run->err, HST_ERR_INPUT, "%s, line %zu, column %s: below 0",
                          hst_table_name(run->side), hst_table_line(run->side, row),
                          hst_table_column_name(run->side, column));
    }
    return status;
}

static hst_status read_reference(stats_run *run, strata *s)
{
    size_t events = 0, population = 0;
    hst_status status = HST_OK;

    if ((status = hst_table_require(run->side, "ref_events", &events, run->err)) != HST_OK ||
        (status = hst_table_require(run->side, "ref_population", &population, run->err)) !=
            HST_OK) {
        return status;
    }
    for (size_t row = 0; row < hst_table_n_rows(run->side) && status == HST_OK; row++) {
        size_t n_before = s->keys.n;
        size_t at = stats_keys_add(&s->keys, (stats_key){run->side, s->of_side, row});

        if (s->keys.n == n_before) {
            return hst_fail(run->err, HST_ERR_INPUT, "%s, line %zu: this stratum stands twice",
                            hst_table_name(run->side), hst_table_line(run->side, row));
        }
        status = reference_number(run, row, events, &s->all_ref_x[at]);
        if (status == HST_OK) {
            status = reference_number(run, row, population, &s->all_ref_n[at]);
        }
    }
    return status;
}

static hst_status begin(stats_run *run)
{
    strata *s = NULL;
    hst_status status = HST_OK;

    if (!run->options->reference) {
        return hst_fail(run->err, HST_ERR_USAGE,
                        "hestia stats %s: set beside what? --reference FILE (strata, ref_events, "
                        "ref_population) or --reference pooled (all rows of the table added up)",
                        run->method->name);
    }
    run->own = s = calloc(1, sizeof *s);
    if (!s) {
        return hst_fail(run->err, HST_ERR_MEMORY, "no memory for a reference");
    }
    if (is_pooled(run)) {
        status = find_pooled_strata(run, s);
    } else if ((status = hst_table_read(&run->side, run->options->reference, run->err)) == HST_OK) {
        status = find_strata_of_file(run, s);
    }
    for (size_t i = 0; i < s->n_columns; i++) {
        for (size_t k = 0; k < run->n_by; k++) {
            s->is_by[i] = s->is_by[i] || s->of_table[i] == run->by[k];
        }
    }
    if (status == HST_OK) {
        status =
            strata_make_room(s, hst_table_n_rows(run->side ? run->side : run->table), run->err);
    }
    return status == HST_OK && !is_pooled(run) ? read_reference(run, s) : status;
}

/* Adds the table up to a pooled reference; rows with a missing value stay out of both sums. */
static hst_status ready(stats_run *run)
{
    strata *s = run->own;

    for (size_t i = 0; i < run->n_rows && is_pooled(run); i++) {
        size_t row = run->rows[i];
        size_t at = stats_keys_add(&s->keys, (stats_key){run->table, s->of_table, row});
        double events = stats_number(run, row, COLUMN_EVENTS);
        double population = stats_number(run, row, COLUMN_POPULATION);

        if (!isnan(events) && !isnan(population)) {
            s->all_ref_x[at] += events;
            s->all_ref_n[at] += population;
        }
    }
    return HST_OK;
}

static void end(stats_run *run)
{
    strata *s = run->own;

    if (s) {
        stats_keys_clear(&s->keys);
        free(s->all_ref_x);
        free(s->all_ref_n);
        free(s->x);
        free(s->n);
        free(s->ref_x);
        free(s->ref_n);
        free(s->at);
        free(s->is_met);
        free(s);
    }
}

/* ---- groups ---- */

/* True for a stratum that has the group's own value in columns of --by. */
static bool is_of_group(const stats_run *run, const strata *s, size_t stratum, size_t row)
{
    const stats_key *key = &s->keys.keys[stratum];

    for (size_t i = 0; i < s->n_columns; i++) {
        if (s->is_by[i] && strcmp(hst_table_cell(key->table, key->row, key->columns[i]),
                                  hst_table_cell(run->table, row, s->of_table[i])) != 0) {
            return false;
        }
    }
    return true;
}

/* Puts the group's strata together, [returned]. `*note` says what makes them useless. */
static size_t gather(const stats_run *run, const stats_group *group, strata *s, const char **note)
{
    size_t n = 0;

    for (size_t k = 0; k < s->keys.n; k++) {
        s->at[k] = SIZE_MAX;
        if (is_of_group(run, s, k, group->rows[0])) {
            s->at[k] = n;
            s->x[n] = s->n[n] = 0;
            s->is_met[n] = false;
            s->ref_x[n] = s->all_ref_x[k];
            s->ref_n[n] = s->all_ref_n[k];
            n++;
        }
    }
    for (size_t i = 0; i < group->n_rows; i++) {
        size_t row = group->rows[i];
        size_t k = stats_keys_find(&s->keys, (stats_key){run->table, s->of_table, row});

        if (k == SIZE_MAX || s->at[k] == SIZE_MAX) {
            *note = "not computed: a stratum is not in the reference";
            return n;
        }
        s->x[s->at[k]] += stats_number(run, row, COLUMN_EVENTS);
        s->n[s->at[k]] += stats_number(run, row, COLUMN_POPULATION);
        s->is_met[s->at[k]] = true;
    }
    for (size_t i = 0; i < n; i++) {
        if (!s->is_met[i]) {
            *note = "not computed: a stratum of the reference has no row";
        } else if (isnan(s->x[i]) || isnan(s->n[i])) {
            *note = "not computed: a value is missing";
        }
    }
    return n;
}

static hst_status answer(stats_run *run, const stats_group *group)
{
    strata *s = run->own;
    const char *note = NULL;
    size_t n = gather(run, group, s, &note);
    hst_indirect indirect = hst_indirect_compute(s->x, s->n, s->ref_x, s->ref_n, n);
    bool is_ratio = run->method == &stats_smr;
    double scale = is_ratio ? run->per : run->per * indirect.reference_rate;
    hst_limits limits[HST_MAX_CONFIDENCE];

    if (!note && isnan(indirect.expected)) {
        note = "not computed: nobody in a stratum of the reference";
    } else if (!note && !(indirect.expected > 0)) {
        note = "not computed: nothing is expected";
    }
    if (note) {
        stats_write_refusal(run, note);
        return HST_OK;
    }
    for (size_t i = 0; i < run->options->n_confidence; i++) {
        limits[i] = hst_indirect_limits(&indirect, run->options->confidence[i]);
    }
    hst_csv_real(run->csv, indirect.observed);
    hst_csv_real(run->csv, indirect.expected);
    hst_csv_real(run->csv, scale * indirect.ratio);
    stats_write_limits(run, limits, scale);
    hst_csv_text(run->csv, indirect.is_exact ? "Exact" : "Byars");
    hst_csv_real(run->csv, (is_ratio ? stats_isr.per : run->per) * indirect.reference_rate);
    hst_csv_empty(run->csv);
    return HST_OK;
}

static const char *const before[] = {"observed", "expected", "value", NULL};
static const char *const after[] = {"method", "ref_rate", NULL};

const stats_method stats_isr = {
    .name = "isr",
    .options = STATS_REFERENCE | STATS_STRATA | STATS_PER | STATS_CONFIDENCE,
    .per = 100000,
    .n_columns = 2,
    .columns = {{.name = "events"}, {.name = "population"}},
    .before = before,
    .after = after,
    .begin = begin,
    .check_row = stats_refuse_missing,
    .ready = ready,
    .answer = answer,
    .end = end,
};

const stats_method stats_smr = {
    .name = "smr",
    .options = STATS_REFERENCE | STATS_STRATA | STATS_PER | STATS_CONFIDENCE,
    .per = 1,
    .n_columns = 2,
    .columns = {{.name = "events"}, {.name = "population"}},
    .before = before,
    .after = after,
    .begin = begin,
    .check_row = stats_refuse_missing,
    .ready = ready,
    .answer = answer,
    .end = end,
};
