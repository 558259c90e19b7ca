/* hestia stats breaks: changes of a series, their dates and the test for one. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/stats.h"
#include "hestia/changepoint.h"

/* Null draws of supF; stated in docs/stats.md. */
static const size_t N_DRAWS = 9999;
static const uint64_t SEED = 1;

enum { COLUMN_T, COLUMN_COUNT };

static const char *const models[] = {"level-trend", "level", NULL};
static const char *const names[] = {
    "break", "last_obs_before", "size", "supf", "p", "bic", "low", "high", NULL};

/* The options, and the null distribution of the last group's length. */
typedef struct breaks {
    hst_change_model model;
    size_t max_breaks;
    double trim;
    size_t n_of_null;
    hst_sup_f_null *null;
} breaks;

static hst_status begin(stats_run *run)
{
    size_t model = 0;
    double max_breaks = HST_MAX_CHANGES;
    hst_status status = stats_choose(run, STATS_MODEL, models, &model);
    breaks *own = NULL;

    if (status != HST_OK || (status = stats_number_of(run, STATS_MAX_BREAKS, true, 0,
                                                      HST_MAX_CHANGES, &max_breaks)) != HST_OK) {
        return status;
    }
    if ((run->options->given & STATS_TRIM) && run->options->trim <= 0) {
        return hst_fail(run->err, HST_ERR_USAGE,
                        "hestia stats breaks: --trim takes a share above "
                        "0 and up to 0.5");
    }
    run->own = own = calloc(1, sizeof *own);
    if (!own) {
        return hst_fail(run->err, HST_ERR_MEMORY, "no memory for the options of breaks");
    }
    own->model = model == 0 ? HST_CHANGE_LEVEL_TREND : HST_CHANGE_LEVEL;
    own->max_breaks = (size_t)max_breaks;
    own->trim = run->options->given & STATS_TRIM ? run->options->trim : 0.15;
    return HST_OK;
}

static void end(stats_run *run)
{
    breaks *own = run->own;

    if (own) {
        hst_sup_f_null_free(own->null);
    }
    free(own);
}

static void write_names(const stats_run *run)
{
    for (size_t i = 0; names[i]; i++) {
        hst_csv_text(run->csv, names[i]);
    }
}

/* ---- a group in the order of time ---- */

typedef struct point {
    double t, count;
} point;

static int compare_points(const void *a, const void *b)
{
    const point *x = a, *y = b;

    return (x->t > y->t) - (x->t < y->t);
}

static hst_status check_spacing(const point *points, size_t n, hst_error *err)
{
    double step = n > 1 ? points[1].t - points[0].t : 1;

    for (size_t i = 0; i < n; i++) {
        if (i > 0 && !(points[i].t > points[i - 1].t)) {
            return hst_fail(err, HST_REFUSED, "several rows of one t");
        }
        if (i > 0 && fabs(points[i].t - points[i - 1].t - step) > 1e-9 * step) {
            return hst_fail(err, HST_REFUSED, "t is not evenly spaced");
        }
    }
    return HST_OK;
}

/* Sorts a group into `points` and `y`, both [n_rows]. */
static hst_status order(const stats_run *run, const stats_group *group, point *points, double *y,
                        hst_error *err)
{
    hst_status status = HST_OK;

    for (size_t i = 0; i < group->n_rows; i++) {
        points[i] = (point){stats_number(run, group->rows[i], COLUMN_T),
                            stats_number(run, group->rows[i], COLUMN_COUNT)};
        if (isnan(points[i].t)) {
            return hst_fail(err, HST_REFUSED, "t is missing");
        }
    }
    qsort(points, group->n_rows, sizeof *points, compare_points);
    status = check_spacing(points, group->n_rows, err);
    for (size_t i = 0; i < group->n_rows; i++) {
        y[i] = points[i].count;
    }
    return status;
}

/* ---- answers ---- */

static void write_row(const stats_run *run, const stats_group *group, const point *points,
                      const hst_sup_f *test, const hst_segmentations *s, size_t number)
{
    stats_begin_row(run, group->rows[0]);
    hst_csv_count(run->csv, number);
    if (number > 0) {
        hst_csv_real(run->csv, points[s->last_of_regime[s->chosen][number - 1]].t);
        hst_csv_real(run->csv, s->size[number - 1]);
    } else {
        hst_csv_empty(run->csv);
        hst_csv_empty(run->csv);
    }
    hst_csv_real(run->csv, test->sup_f);
    hst_csv_real(run->csv, test->p);
    hst_csv_real(run->csv, s->bic[s->chosen]);
    hst_csv_real(run->csv, number > 0 ? points[s->low[number - 1]].t : NAN);
    hst_csv_real(run->csv, number > 0 ? points[s->high[number - 1]].t : NAN);
    hst_csv_empty(run->csv);
    hst_csv_end_row(run->csv);
}

static hst_status fit(breaks *own, const double *y, size_t n, int n_threads, hst_sup_f *test,
                      hst_segmentations *s, hst_error *err)
{
    hst_status status = HST_OK;

    if (own->n_of_null != n) {
        hst_sup_f_null_free(own->null);
        own->n_of_null = 0;
        status = hst_sup_f_null_create(&own->null, n, own->model, own->trim, N_DRAWS, SEED,
                                       n_threads, err);
        if (status != HST_OK) {
            return status;
        }
        own->n_of_null = n;
    }
    status = hst_sup_f_test(test, NULL, y, n, own->model, own->trim, own->null, err);
    return status == HST_OK
               ? hst_segmentations_fit(s, y, n, own->model, own->trim, own->max_breaks, err)
               : status;
}

static hst_status answer(stats_run *run, const stats_group *group)
{
    breaks *own = run->own;
    point *points = calloc(group->n_rows, sizeof *points);
    double *y = calloc(group->n_rows, sizeof *y);
    hst_sup_f test;
    hst_segmentations s;
    hst_error reason = {0};
    hst_status status = HST_OK;

    if (!points || !y) {
        status = hst_fail(run->err, HST_ERR_MEMORY, "no memory for %zu points", group->n_rows);
        goto done;
    }
    status = order(run, group, points, y, &reason);
    if (status == HST_OK) {
        status = fit(own, y, group->n_rows, run->options->common.n_threads, &test, &s, &reason);
    }
    if (status == HST_REFUSED) {
        char note[sizeof reason.message + 16];

        snprintf(note, sizeof note, "not computed: %s", reason.message);
        stats_begin_row(run, group->rows[0]);
        stats_write_refusal(run, note);
        hst_csv_end_row(run->csv);
        status = HST_OK;
    } else if (status != HST_OK) {
        hst_fail(run->err, status, "%s", reason.message);
    } else {
        for (size_t number = s.chosen > 0; number <= s.chosen; number++) {
            write_row(run, group, points, &test, &s, number);
        }
    }

done:
    free(points);
    free(y);
    return status;
}

static const char *const none[] = {NULL};

const stats_method stats_breaks = {
    .name = "breaks",
    .options = STATS_TRIM,
    .series_options = STATS_MODEL | STATS_MAX_BREAKS,
    .n_columns = 2,
    .columns = {{.name = "t", .lowest = -INFINITY}, {.name = "count", .lowest = -INFINITY}},
    .answers = STATS_ROWS_OWN,
    .before = names,
    .after = none,
    .begin = begin,
    .check_row = stats_refuse_missing,
    .write_names = write_names,
    .answer = answer,
    .end = end,
};
