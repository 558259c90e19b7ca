/* Least squares on the simplex by an active set.
 *
 * With p[j] = donor j less the treated, the gap of weights w that sum to 1 is -sum(w[j] p[j]), and
 * the weights sought are those of the point of the donors' hull nearest to 0. For weights u >= 0
 * without the condition on their sum,
 *
 *     |sum(u[j] p[j])|^2 + c^2 (sum(u) - 1)^2
 *
 * is least, along u = s w, at c^2 G / (G + c^2) with G = |sum(w[j] p[j])|^2: it grows with G, so
 * the least of all has the w sought, whatever c is. No heavy weight is needed, and no digit lost to
 * one. That is a problem of non-negative least squares in the columns (c, p[j]), solved by Lawson
 * and Hanson's active set with a QR of the columns in use at every step (Lawson and Hanson, Solving
 * Least Squares Problems, 1974, chapter 23).
 *
 * A set is taken only when the sum of squares falls, so none comes back. The columns in use are
 * independent: of donors that are the same the first has the weight, and never more donors than
 * points before plus one have any. */
#include "impact/synthetic_internal.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hestia/regression.h"

/* A gradient that is 0 but for rounding, in units of the sizes that are added up in it. */
static const double rounding = 1e-12;

/* A donor that is as good as no worse. */
static const double tie = 1e-9;

/* Columns in use and their multiples. */
typedef struct active_set {
    size_t n;
    size_t *columns;   /* [n], in the order of entry */
    double *multiples; /* [n], above 0 */
    double *residuals; /* [n_rows] */
    double squares;    /* of the residuals */
} active_set;

typedef struct simplex {
    size_t n_rows, n_columns; /* points before and the row of the sum; donors */
    double *columns;          /* [column][row]; the first row is c */
    double *lengths;          /* [n_columns] */
    double *target;           /* [n_rows]: c, then 0 */
    double *x;                /* [n_rows][n], room for a design */
    double *room;             /* [n_columns] */
    const char **names;       /* [n_columns] */
    bool *is_blocked;         /* cannot enter the set as it is */
    active_set set, trial;
} simplex;

static bool open_set(active_set *set, size_t n_rows, size_t n_columns)
{
    set->columns = calloc(n_columns, sizeof *set->columns);
    set->multiples = calloc(n_columns, sizeof *set->multiples);
    set->residuals = calloc(n_rows, sizeof *set->residuals);
    return set->columns && set->multiples && set->residuals;
}

static void close_set(active_set *set)
{
    free(set->columns);
    free(set->multiples);
    free(set->residuals);
}

static void copy_set(active_set *to, const active_set *from, size_t n_rows)
{
    to->n = from->n;
    to->squares = from->squares;
    memcpy(to->columns, from->columns, from->n * sizeof *to->columns);
    memcpy(to->multiples, from->multiples, from->n * sizeof *to->multiples);
    memcpy(to->residuals, from->residuals, n_rows * sizeof *to->residuals);
}

static void close_simplex(simplex *s)
{
    free(s->columns);
    free(s->lengths);
    free(s->target);
    free(s->x);
    free(s->room);
    free(s->names);
    free(s->is_blocked);
    close_set(&s->set);
    close_set(&s->trial);
}

static hst_status open_simplex(simplex *s, size_t n_before, size_t n_donors, hst_error *err)
{
    size_t n_cells = 0;

    *s = (simplex){.n_rows = n_before + 1, .n_columns = n_donors};
    if (hst_size_multiply(s->n_rows, n_donors, &n_cells)) {
        s->columns = calloc(n_cells, sizeof *s->columns);
        s->x = calloc(n_cells, sizeof *s->x);
    }
    s->lengths = calloc(n_donors, sizeof *s->lengths);
    s->target = calloc(s->n_rows, sizeof *s->target);
    s->room = calloc(n_donors, sizeof *s->room);
    s->names = calloc(n_donors, sizeof *s->names);
    s->is_blocked = calloc(n_donors, sizeof *s->is_blocked);
    if (!open_set(&s->set, s->n_rows, n_donors) || !open_set(&s->trial, s->n_rows, n_donors) ||
        !s->columns || !s->x || !s->lengths || !s->target || !s->room || !s->names ||
        !s->is_blocked) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the weights of %zu donors", n_donors);
    }
    for (size_t j = 0; j < n_donors; j++) {
        s->names[j] = "a donor";
    }
    return HST_OK;
}

static double product(const double *a, const double *b, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

/* Fills the columns; c is the distance of the nearest donor, so that c^2 G / (G + c^2) is of G's
 * own size. Returns the first donor at no distance, or n_columns. */
static size_t fill(simplex *s, const double *treated, const double *const *donors)
{
    size_t n = s->n_rows;
    double nearest = INFINITY;

    for (size_t j = 0; j < s->n_columns; j++) {
        double *column = &s->columns[j * n], squares = 0;

        for (size_t i = 1; i < n; i++) {
            column[i] = donors[j][i - 1] - treated[i - 1];
        }
        squares = product(column, column, n);
        if (squares == 0) {
            return j;
        }
        nearest = squares < nearest ? squares : nearest;
    }
    s->target[0] = sqrt(nearest);
    for (size_t j = 0; j < s->n_columns; j++) {
        double *column = &s->columns[j * n];

        column[0] = s->target[0];
        s->lengths[j] = sqrt(product(column, column, n));
    }
    return s->n_columns;
}

/* Multiples of the trial's columns without regard to sign, its residuals and their squares. */
static hst_status solve(simplex *s, double *multiples, hst_error *err)
{
    active_set *trial = &s->trial;
    hst_design design = {.n = s->n_rows, .k = trial->n, .x = s->x, .names = s->names};
    hst_fit fit;
    hst_status status = HST_OK;

    for (size_t i = 0; i < s->n_rows; i++) {
        for (size_t a = 0; a < trial->n; a++) {
            s->x[i * trial->n + a] = s->columns[trial->columns[a] * s->n_rows + i];
        }
    }
    status = hst_least_squares(&fit, &design, s->target, NULL, err);
    if (status == HST_OK) {
        memcpy(multiples, fit.coefficients, trial->n * sizeof *multiples);
        memcpy(trial->residuals, fit.residuals, s->n_rows * sizeof *trial->residuals);
        trial->squares = fit.rss;
        hst_fit_clear(&fit);
    }
    return status;
}

/* Goes from the trial's multiples towards `to` until one is 0, and takes that one out. */
static void step(active_set *trial, const double *to)
{
    double share = 1;
    size_t n = 0, out = SIZE_MAX;

    for (size_t a = 0; a < trial->n; a++) {
        double from = trial->multiples[a], reach = from / (from - to[a]);

        if (to[a] <= 0 && (out == SIZE_MAX || reach < share)) {
            share = from > 0 ? reach : 0;
            out = a;
        }
    }
    for (size_t a = 0; a < trial->n; a++) {
        double multiple = trial->multiples[a] + share * (to[a] - trial->multiples[a]);

        if (a != out && (multiple > 0 || to[a] > 0)) {
            trial->columns[n] = trial->columns[a];
            trial->multiples[n++] = fmax(multiple, 0);
        }
    }
    trial->n = n;
}

/* Works out the multiples of the trial, dropping columns whose multiple would be below 0, and makes
 * it the set if its squares are fewer. It is not when a column depends on the others. */
static hst_status settle(simplex *s, bool *has_entered, hst_error *err)
{
    active_set *trial = &s->trial;
    hst_error reason = {0};

    *has_entered = false;
    while (trial->n > 0) {
        bool is_inside = true;
        hst_status status = solve(s, s->room, &reason);

        if (status != HST_OK) {
            return status == HST_REFUSED ? HST_OK : hst_fail(err, status, "%s", reason.message);
        }
        for (size_t a = 0; a < trial->n; a++) {
            is_inside = is_inside && s->room[a] > 0;
        }
        if (is_inside) {
            memcpy(trial->multiples, s->room, trial->n * sizeof *trial->multiples);
            *has_entered = trial->squares < s->set.squares;
            if (*has_entered) {
                active_set last = s->set;

                s->set = s->trial;
                s->trial = last;
            }
            return HST_OK;
        }
        step(trial, s->room);
    }
    return HST_OK;
}

/* Sizes that are added up in a gradient: rounding is a part of them. */
static double scale_of(const simplex *s)
{
    double scale = s->target[0];

    for (size_t a = 0; a < s->set.n; a++) {
        scale += s->set.multiples[a] * s->lengths[s->set.columns[a]];
    }
    return scale;
}

static bool is_in(const active_set *set, size_t column)
{
    for (size_t a = 0; a < set->n; a++) {
        if (set->columns[a] == column) {
            return true;
        }
    }
    return false;
}

/* Cosine of the column with the residuals, times their length: what its entry gains at first. */
static double gain_of(const simplex *s, size_t column)
{
    return product(&s->columns[column * s->n_rows], s->set.residuals, s->n_rows) /
           s->lengths[column];
}

/* The column with the largest gain, the first of equals; n_columns when none has any. */
static size_t choose(const simplex *s)
{
    double best = rounding * scale_of(s);
    size_t chosen = s->n_columns;

    for (size_t j = 0; j < s->n_columns; j++) {
        double gain = s->is_blocked[j] || is_in(&s->set, j) ? 0 : gain_of(s, j);

        if (gain > best) {
            best = gain;
            chosen = j;
        }
    }
    return chosen;
}

/* Begins with the columns of another answer, as they are or without one of them. */
static hst_status begin_with(simplex *s, const double *start, hst_error *err)
{
    bool has_entered = false;

    s->trial.n = 0;
    for (size_t j = 0; j < s->n_columns; j++) {
        if (start[j] > 0 && s->trial.n < s->n_rows) {
            s->trial.columns[s->trial.n] = j;
            s->trial.multiples[s->trial.n++] = start[j];
        }
    }
    return settle(s, &has_entered, err);
}

static hst_status find_set(simplex *s, hst_error *err)
{
    for (;;) {
        size_t column = choose(s);
        bool has_entered = false;
        hst_status status = HST_OK;

        if (column == s->n_columns) {
            return HST_OK;
        }
        copy_set(&s->trial, &s->set, s->n_rows);
        s->trial.columns[s->trial.n] = column;
        s->trial.multiples[s->trial.n++] = 0;
        status = settle(s, &has_entered, err);
        if (status != HST_OK) {
            return status;
        }
        if (has_entered) {
            memset(s->is_blocked, 0, s->n_columns * sizeof *s->is_blocked);
        } else {
            s->is_blocked[column] = true;
        }
    }
}

hst_status synthetic_weights(double *weights, size_t *n_ties, const double *treated,
                             const double *const *donors, size_t n_donors, size_t n_before,
                             const double *start, hst_error *err)
{
    simplex s;
    double sum = 0;
    size_t same = 0;
    hst_status status = open_simplex(&s, n_before, n_donors, err);

    if (status != HST_OK) {
        goto done;
    }
    memset(weights, 0, n_donors * sizeof *weights);
    *n_ties = n_donors - 1;
    same = fill(&s, treated, donors);
    if (same < n_donors) { /* the treated itself: no gap, and others may have none either */
        weights[same] = 1;
        goto done;
    }
    memcpy(s.set.residuals, s.target, s.n_rows * sizeof *s.target);
    s.set.squares = s.target[0] * s.target[0];
    if ((start && (status = begin_with(&s, start, err)) != HST_OK) ||
        (status = find_set(&s, err)) != HST_OK) {
        goto done;
    }
    for (size_t a = 0; a < s.set.n; a++) {
        sum += s.set.multiples[a];
    }
    for (size_t a = 0; a < s.set.n; a++) {
        weights[s.set.columns[a]] = s.set.multiples[a] / sum;
    }
    *n_ties = 0;
    for (size_t j = 0; j < n_donors; j++) {
        *n_ties += !is_in(&s.set, j) && fabs(gain_of(&s, j)) <= tie * scale_of(&s);
    }

done:
    close_simplex(&s);
    return status;
}
