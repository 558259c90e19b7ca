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

/* ---- a group in the order of time ---- */

/* A group's t and counts, [n_rows]; `order` is room for [n_rows]. */
static hst_status read_series(const stats_run *run, const stats_group *group, size_t *order,
                              double *t, double *y, hst_error *err)
{
    hst_status status = stats_in_order(run, group, COLUMN_T, order, err);

    for (size_t i = 0; i < group->n_rows && status == HST_OK; i++) {
        t[i] = stats_number(run, group->rows[order[i]], COLUMN_T);
        y[i] = stats_number(run, group->rows[order[i]], COLUMN_COUNT);
        if (i > 0 && fabs(t[i] - t[i - 1] - (t[1] - t[0])) > 1e-9 * (t[1] - t[0])) {
            status = hst_fail(err, HST_REFUSED, "t is not evenly spaced");
        }
    }
    return status;
}

/* ---- answers ---- */

static void write_row(const stats_run *run, const stats_group *group, const double *t,
                      const hst_sup_f *test, const hst_segmentations *s, size_t number)
{
    stats_begin_row(run, group->rows[0]);
    hst_csv_count(run->csv, number);
    if (number > 0) {
        hst_csv_real(run->csv, t[s->last_of_regime[s->chosen][number - 1]]);
        hst_csv_real(run->csv, s->size[number - 1]);
    } else {
        hst_csv_empty(run->csv);
        hst_csv_empty(run->csv);
    }
    hst_csv_real(run->csv, test->sup_f);
    hst_csv_real(run->csv, test->p);
    hst_csv_real(run->csv, s->bic[s->chosen]);
    hst_csv_real(run->csv, number > 0 ? t[s->low[number - 1]] : NAN);
    hst_csv_real(run->csv, number > 0 ? t[s->high[number - 1]] : NAN);
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
    size_t *order = calloc(group->n_rows, sizeof *order);
    double *t = calloc(group->n_rows, sizeof *t), *y = calloc(group->n_rows, sizeof *y);
    hst_sup_f test;
    hst_segmentations s;
    hst_error reason = {0};
    hst_status status = HST_OK;

    if (!order || !t || !y) {
        status = hst_fail(run->err, HST_ERR_MEMORY, "no memory for %zu points", group->n_rows);
        goto done;
    }
    status = read_series(run, group, order, t, y, &reason);
    if (status == HST_OK) {
        status = fit(own, y, group->n_rows, run->options->common.n_threads, &test, &s, &reason);
    }
    if (status == HST_REFUSED) {
        stats_write_refused_row(run, group->rows[0], reason.message);
        status = HST_OK;
    } else if (status != HST_OK) {
        hst_fail(run->err, status, "%s", reason.message);
    } else {
        for (size_t number = s.chosen > 0; number <= s.chosen; number++) {
            write_row(run, group, t, &test, &s, number);
        }
    }

done:
    free(order);
    free(t);
    free(y);
    return status;
}

const stats_method stats_breaks = {
    .name = "breaks",
    .options = STATS_TRIM,
    .series_options = STATS_MODEL | STATS_MAX_BREAKS,
    .n_columns = 2,
    .columns = {{.name = "t", .lowest = -INFINITY}, {.name = "count", .lowest = -INFINITY}},
    .answers = STATS_ROWS_OWN,
    .before = names,
    .begin = begin,
    .check_row = stats_refuse_missing,
    .answer = answer,
    .end = end,
};
