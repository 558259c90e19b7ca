/* Effects of rows and columns swept out of a table. */
#include "impact/two_way_internal.h"

#include <stdlib.h>
#include <string.h>

/* What is left to explain counts as 0 when its squares are so small a part of those of the values
 * as they are, or as they were given: rounding leaves more than that of the latter. The sweep is
 * done twice, so that large effects leave nothing in small residuals. */
static const double no_residual = 1e-29, rounding = 1e-31;
enum { N_SWEEPS = 2 };

/* ---- how many effects there are ---- */

static size_t root_of(size_t *parent, size_t i)
{
    while (parent[i] != i) {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    return i;
}

static hst_status count_effects(hst_two_way *t, hst_error *err)
{
    size_t n_nodes = t->n_rows + t->n_columns;
    size_t *parent = calloc(n_nodes, sizeof *parent);

    if (!parent) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu effects", n_nodes);
    }
    for (size_t i = 0; i < n_nodes; i++) {
        parent[i] = i;
    }
    t->n_effects = 0;
    for (size_t i = 0; i < t->n; i++) {
        size_t a = root_of(parent, t->row[i]), b = root_of(parent, t->n_rows + t->column[i]);

        if (a != b) { /* each cell that links two parts tells one more effect */
            parent[a] = b;
            t->n_effects++;
        }
    }
    free(parent);
    return HST_OK;
}

hst_status hst_two_way_init(hst_two_way *out, const size_t *row, const size_t *column, size_t n,
                            size_t n_rows, size_t n_columns, hst_error *err)
{
    hst_status status = HST_OK;

    *out = (hst_two_way){
        .n = n, .n_rows = n_rows, .n_columns = n_columns, .row = row, .column = column};
    status = count_effects(out, err);
    if (status == HST_OK) {
        out->room = calloc(2 * n_rows + 5 * n_columns, sizeof *out->room);
    }
    return status != HST_OK || out->room
               ? status
               : hst_fail(err, HST_ERR_MEMORY, "no memory for %zu by %zu effects", n_rows,
                          n_columns);
}

void hst_two_way_clear(hst_two_way *table)
{
    free(table->room);
    *table = (hst_two_way){0};
}

/* ---- the sweep ---- */

typedef struct sweep {
    const hst_two_way *table;
    const double *weights;
    double *row_weight, *row_mean;                              /* [n_rows] */
    double *column_weight, *effect, *residual, *direction, *to; /* [n_columns] */
} sweep;

static sweep begin_sweep(const hst_two_way *t, const double *weights)
{
    sweep s = {.table = t, .weights = weights};

    s.row_weight = t->room;
    s.row_mean = s.row_weight + t->n_rows;
    s.column_weight = s.row_mean + t->n_rows;
    s.effect = s.column_weight + t->n_columns;
    s.residual = s.effect + t->n_columns;
    s.direction = s.residual + t->n_columns;
    s.to = s.direction + t->n_columns;
    memset(s.row_weight, 0, t->n_rows * sizeof *s.row_weight);
    memset(s.column_weight, 0, t->n_columns * sizeof *s.column_weight);
    for (size_t i = 0; i < t->n; i++) {
        s.row_weight[t->row[i]] += weights[i];
        s.column_weight[t->column[i]] += weights[i];
    }
    return s;
}

/* Takes the weighted mean of its row from each value; sum of w v^2 of what is left. */
static double centre_rows(sweep *s, double *v)
{
    const hst_two_way *t = s->table;
    double squares = 0;

    memset(s->row_mean, 0, t->n_rows * sizeof *s->row_mean);
    for (size_t i = 0; i < t->n; i++) {
        s->row_mean[t->row[i]] += s->weights[i] * v[i];
    }
    for (size_t r = 0; r < t->n_rows; r++) {
        s->row_mean[r] /= s->row_weight[r];
    }
    for (size_t i = 0; i < t->n; i++) {
        v[i] -= s->row_mean[t->row[i]];
        squares += s->weights[i] * v[i] * v[i];
    }
    return squares;
}

/* out[c] = sum over the cells of column c of w (b[c] - mean of b in the cell's row): what is left
 * of the normal equations when the row effects are eliminated. Also leaves those means in row_mean.
 */
static void apply(sweep *s, const double *b, double *out)
{
    const hst_two_way *t = s->table;

    memset(s->row_mean, 0, t->n_rows * sizeof *s->row_mean);
    for (size_t i = 0; i < t->n; i++) {
        s->row_mean[t->row[i]] += s->weights[i] * b[t->column[i]];
    }
    for (size_t r = 0; r < t->n_rows; r++) {
        s->row_mean[r] /= s->row_weight[r];
    }
    memset(out, 0, t->n_columns * sizeof *out);
    for (size_t i = 0; i < t->n; i++) {
        size_t c = t->column[i];

        out[c] += s->weights[i] * (b[c] - s->row_mean[t->row[i]]);
    }
}

/* Column effects of values without row means, by conjugate gradients scaled by column weights,
 * until no more than `enough` is left. */
static void solve_columns(sweep *s, const double *v, double enough)
{
    const hst_two_way *t = s->table;
    size_t n = t->n_columns;
    double left = 0;

    memset(s->effect, 0, n * sizeof *s->effect);
    memset(s->residual, 0, n * sizeof *s->residual);
    for (size_t i = 0; i < t->n; i++) {
        s->residual[t->column[i]] += s->weights[i] * v[i];
    }
    for (size_t c = 0; c < n; c++) {
        s->direction[c] = s->residual[c] / s->column_weight[c];
        left += s->residual[c] * s->direction[c];
    }
    for (size_t step = 0; step < 2 * n && left > enough; step++) {
        double bend = 0, length = 0, before = left;

        apply(s, s->direction, s->to);
        for (size_t c = 0; c < n; c++) {
            bend += s->direction[c] * s->to[c];
        }
        if (!(bend > 1e-10 * left)) {
            break; /* the direction moves whole parts of the table: nothing is left to find */
        }
        length = left / bend;
        left = 0;
        for (size_t c = 0; c < n; c++) {
            s->effect[c] += length * s->direction[c];
            s->residual[c] -= length * s->to[c];
            left += s->residual[c] * s->residual[c] / s->column_weight[c];
        }
        for (size_t c = 0; c < n; c++) {
            s->direction[c] =
                s->residual[c] / s->column_weight[c] + left / before * s->direction[c];
        }
    }
}

void hst_two_way_sweep(hst_two_way *table, const double *weights, double *v)
{
    sweep s = begin_sweep(table, weights);
    double given = 0;

    for (size_t i = 0; i < table->n; i++) {
        given += weights[i] * v[i] * v[i];
    }
    for (int k = 0; k < N_SWEEPS; k++) {
        double squares = centre_rows(&s, v);

        solve_columns(&s, v, no_residual * squares + rounding * given);
        for (size_t i = 0; i < table->n; i++) {
            v[i] -= s.effect[table->column[i]];
        }
    }
    centre_rows(&s, v);
}
