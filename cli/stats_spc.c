/* hestia stats spc: a control chart of each group, point by point. */
#include <math.h>
#include <stdlib.h>

#include "cli/stats.h"
#include "hestia/spc.h"

enum { COLUMN_T, COLUMN_Y };

enum { MAX_REBASINGS = 32 };

static const char *const screens[] = {"on", "off", NULL};
/* In the order of hst_direction. */
static const char *const directions[] = {"neutral", "lower_is_better", "higher_is_better", NULL};
static const char *const names[] = {"mean", "lower", "upper", "special_cause", "judgement", NULL};

/* The options: the same for all groups. */
typedef struct spc_run {
    hst_direction direction;
    bool is_screened;
    size_t n_fixed, n_rebasings;
    double rebasings[MAX_REBASINGS];
} spc_run;

static hst_status begin(stats_run *run)
{
    size_t screen = 0, direction = HST_DIRECTION_NEUTRAL;
    double n_fixed = 0;
    hst_status status = HST_OK;
    spc_run *spc = calloc(1, sizeof *spc);

    run->own = spc;
    if (!spc) {
        return hst_fail(run->err, HST_ERR_MEMORY, "no memory for the options of a chart");
    }
    if ((status = stats_choose(run, STATS_SCREEN, screens, &screen)) != HST_OK ||
        (status = stats_choose(run, STATS_DIRECTION, directions, &direction)) != HST_OK ||
        (status = stats_number_of(run, STATS_FIX, true, 2, 100000, &n_fixed)) != HST_OK) {
        return status;
    }
    spc->is_screened = screen == 0;
    spc->direction = (hst_direction)direction;
    spc->n_fixed = (size_t)n_fixed;
    return stats_numbers_of(run, STATS_REBASE, spc->rebasings, MAX_REBASINGS, &spc->n_rebasings);
}

/* ---- a group in the order of time ---- */

typedef struct series {
    size_t n;
    size_t *order; /* which row of the group each is */
    double *t, *y;
    bool *is_rebased;
    hst_spc_point *points; /* all [n], in the order of time */
    size_t *point_of;      /* [n], of each row of the group */
} series;

static void clear_series(series *s)
{
    free(s->order);
    free(s->t);
    free(s->y);
    free(s->is_rebased);
    free(s->points);
    free(s->point_of);
}

static hst_status make_series(series *s, size_t n, hst_error *err)
{
    *s = (series){
        .n = n,
        .order = calloc(n, sizeof *s->order),
        .t = calloc(n, sizeof *s->t),
        .y = calloc(n, sizeof *s->y),
        .is_rebased = calloc(n, sizeof *s->is_rebased),
        .points = calloc(n, sizeof *s->points),
        .point_of = calloc(n, sizeof *s->point_of),
    };
    return s->order && s->t && s->y && s->is_rebased && s->points && s->point_of
               ? HST_OK
               : hst_fail(err, HST_ERR_MEMORY, "no memory for a chart of %zu points", n);
}

static hst_status order(series *s, const stats_run *run, const stats_group *group, hst_error *err)
{
    hst_status status = stats_in_order(run, group, COLUMN_T, s->order, err);

    for (size_t i = 0; i < s->n && status == HST_OK; i++) {
        s->t[i] = stats_number(run, group->rows[s->order[i]], COLUMN_T);
        s->y[i] = stats_number(run, group->rows[s->order[i]], COLUMN_Y);
        s->point_of[s->order[i]] = i;
    }
    return status;
}

/* A t that the group does not have is refused: a chart that is not rebased looks like one that is.
 */
static hst_status find_rebasings(series *s, const spc_run *spc, hst_error *err)
{
    for (size_t k = 0; k < spc->n_rebasings; k++) {
        size_t i = 0;

        while (i < s->n && s->t[i] != spc->rebasings[k]) {
            i++;
        }
        if (i == s->n) {
            return hst_fail(err, HST_REFUSED, "no point at t %g to rebase at", spc->rebasings[k]);
        }
        s->is_rebased[i] = true;
    }
    return HST_OK;
}

static hst_status draw(series *s, const stats_run *run, const stats_group *group, hst_error *err)
{
    const spc_run *spc = run->own;
    hst_spc_options options = {
        .is_screened = spc->is_screened, .is_rebased = s->is_rebased, .n_fixed = spc->n_fixed};
    hst_status status = HST_OK;

    if ((status = order(s, run, group, err)) != HST_OK ||
        (status = find_rebasings(s, spc, err)) != HST_OK) {
        return status;
    }
    return hst_spc_chart(s->points, s->y, s->n, &options, err);
}

/* ---- answers ---- */

static void write_point(const stats_run *run, const hst_spc_point *point)
{
    const spc_run *spc = run->own;
    bool has_limits = !isnan(point->lower), is_short = point->n_charted < HST_SPC_ENOUGH_POINTS;
    char few[80] = "", note[160];

    if (is_short) {
        snprintf(few, sizeof few, "%zu points: limits are uncertain below %d", point->n_charted,
                 HST_SPC_ENOUGH_POINTS);
    }
    snprintf(note, sizeof note, "%s%s%s",
             has_limits ? "" : "limits not defined: the series does not vary",
             !has_limits && is_short ? "; " : "", few);
    hst_csv_real(run->csv, point->mean);
    hst_csv_real(run->csv, point->lower);
    hst_csv_real(run->csv, point->upper);
    hst_csv_text(run->csv, hst_spc_cause_name(point));
    hst_csv_text(run->csv, hst_spc_judgement(point, spc->direction));
    hst_csv_text(run->csv, note);
}

static hst_status answer(stats_run *run, const stats_group *group)
{
    hst_error refusal = {0};
    series s;
    hst_status status = make_series(&s, group->n_rows, run->err);
    bool is_refused = false;
    char note[sizeof refusal.message + 16];

    if (status != HST_OK) {
        goto done;
    }
    is_refused = draw(&s, run, group, &refusal) != HST_OK;
    snprintf(note, sizeof note, "not charted: %s", refusal.message);
    for (size_t i = 0; i < group->n_rows; i++) {
        stats_begin_row(run, group->rows[i]);
        if (is_refused) {
            stats_write_refusal(run, note);
        } else {
            write_point(run, &s.points[s.point_of[i]]);
        }
        hst_csv_end_row(run->csv);
    }

done:
    clear_series(&s);
    return status;
}

const stats_method stats_spc = {
    .name = "spc",
    .series_options = STATS_SCREEN | STATS_REBASE | STATS_FIX | STATS_DIRECTION,
    .n_columns = 2,
    .columns = {{.name = "t", .lowest = -INFINITY}, {.name = "y", .lowest = -INFINITY}},
    .answers = STATS_ROWS_OF_INPUT,
    .before = names,
    .begin = begin,
    .check_row = stats_refuse_missing,
    .answer = answer,
};
