/* The screen for recording breaks.
 *
 * Assumptions. A recording break is a lasting change of level from one month to the next in what
 * one provider records, that is not in what the rest of England records of the same kind. Growth,
 * season, single odd months, openings and closures are none. Each series is tested once, for its
 * clearest break (step.c); what comes out has to pass the false discovery rate over all series, be
 * large enough, be there in medians too, and be large enough beside the rest of England.
 */
#include "hestia/screen.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hestia/changepoint.h"
#include "hestia/ingest.h"
#include "impact/screen_units.h"

enum {
    OF_JOB = 256,     /* series that one frame is made for, at most */
    YEAR = 12,        /* months that a null distribution's length is rounded up to, and so on */
    SAME_BREAK = 3,   /* months that breaks of a provider's series may be apart and be one */
    ENOUGH_REST = 10, /* times min_monthly: activity of the rest of England that is compared with */
};

static const double AGREES = 0.5;        /* share of the shift that medians must show */
static const double MAX_WILCOXON = 0.01; /* p of the months before and after */

/* A unit that is screened, by its months. */
typedef struct place {
    hst_dataset dataset;
    size_t from, to, unit;
} place;

typedef struct screen {
    const hst_activity *activity;
    const hst_screen_options *options;
    hst_screen_units units;
    size_t n_places;
    place *places; /* those of the same months side by side */
    size_t n_jobs;
    size_t *jobs;          /* [n_jobs + 1]: first place of each */
    hst_step_null **nulls; /* [n_nulls]: by years, rounded up */
    size_t n_nulls;
    int n_threads;
} screen;

static void clear(screen *s)
{
    for (size_t i = 0; i < s->n_nulls && s->nulls; i++) {
        hst_step_null_free(s->nulls[i]);
    }
    free(s->nulls);
    free(s->places);
    free(s->jobs);
    hst_screen_units_clear(&s->units);
}

/* ---- jobs: series of the same months ---- */

static int compare_places(const void *a, const void *b)
{
    const place *x = a, *y = b;

    if (x->dataset != y->dataset) {
        return x->dataset < y->dataset ? -1 : 1;
    }
    if (x->from != y->from) {
        return x->from < y->from ? -1 : 1;
    }
    if (x->to != y->to) {
        return x->to < y->to ? -1 : 1;
    }
    return (x->unit > y->unit) - (x->unit < y->unit);
}

static bool is_same_months(const place *a, const place *b)
{
    return a->dataset == b->dataset && a->from == b->from && a->to == b->to;
}

static hst_status make_jobs(screen *s, hst_error *err)
{
    s->places = calloc(s->units.n + 1, sizeof *s->places);
    s->jobs = calloc(s->units.n + 1, sizeof *s->jobs);
    if (!s->places || !s->jobs) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory to screen %zu series", s->units.n);
    }
    for (size_t i = 0; i < s->units.n; i++) {
        const hst_screen_unit *u = &s->units.items[i];

        if (u->from < u->to) {
            s->places[s->n_places++] = (place){u->dataset, u->from, u->to, i};
        }
    }
    qsort(s->places, s->n_places, sizeof *s->places, compare_places);
    for (size_t i = 0; i < s->n_places; i++) {
        if (i == 0 || !is_same_months(&s->places[i], &s->places[i - 1]) ||
            i - s->jobs[s->n_jobs - 1] == OF_JOB) {
            s->jobs[s->n_jobs++] = i;
        }
    }
    s->jobs[s->n_jobs] = s->n_places;
    return HST_OK;
}

static size_t years_of(size_t n_months)
{
    return (n_months + YEAR - 1) / YEAR;
}

/* The null distributions of the lengths that occur. */
static hst_status draw_nulls(screen *s, size_t *months, hst_error *err)
{
    hst_status status = HST_OK;

    s->n_nulls = years_of(s->activity->n_months) + 1;
    s->nulls = calloc(s->n_nulls, sizeof(hst_step_null *));
    if (!s->nulls) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu null distributions", s->n_nulls);
    }
    for (size_t i = 0; i < s->n_jobs && status == HST_OK; i++) {
        const place *p = &s->places[s->jobs[i]];
        size_t years = years_of(hst_screen_months(months, s->activity, p->dataset, p->from, p->to));

        if (!s->nulls[years]) {
            status = hst_step_null_create(&s->nulls[years], years * YEAR, s->options->n_draws,
                                          s->options->seed, s->n_threads, err);
        }
    }
    return status;
}

/* ---- tests ---- */

/* Where the months of one job, and the counts of one series, are kept. */
typedef struct room {
    size_t n, *months;
    double *counts, *rest;   /* [n] each */
    uint32_t *whole, *other; /* [n_months] of the activity */
    hst_step_frame *frame;
} room;

static void close_room(room *r)
{
    free(r->months);
    free(r->counts);
    free(r->whole);
    hst_step_frame_free(r->frame);
}

static hst_status open_room(room *r, const screen *s, const place *p, hst_error *err)
{
    size_t n_months = s->activity->n_months;

    *r = (room){.months = calloc(n_months + 1, sizeof *r->months),
                .counts = calloc(n_months + 1, 2 * sizeof *r->counts),
                .whole = calloc(n_months + 1, 2 * sizeof *r->whole)};
    if (!r->months || !r->counts || !r->whole) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a series");
    }
    r->other = r->whole + n_months;
    r->rest = r->counts + n_months;
    r->n = hst_screen_months(r->months, s->activity, p->dataset, p->from, p->to);
    return hst_step_frame_create(&r->frame, r->months, r->n, err);
}

/* counts <- `whole` less `other` in the months of the job; `other` may be NULL. */
static void take_counts(double *counts, const room *r, const uint32_t *whole, const uint32_t *other)
{
    for (size_t t = 0; t < r->n; t++) {
        counts[t] = (double)(whole[r->months[t]] - (other ? other[r->months[t]] : 0));
    }
}

static void read_unit(room *r, const screen *s, const hst_screen_unit *u)
{
    hst_screen_unit_read(r->whole, s->activity, u);
    take_counts(r->counts, r, r->whole, NULL);
}

/* Activity a year that the step moved: what the year after it has, and would not have without. */
static double moved_of(const room *r, const hst_step *step)
{
    double sum = 0;
    size_t n = 0;

    for (size_t t = step->first_after; t < r->n && n < YEAR; t++, n++) {
        sum += r->counts[t];
    }
    return sum / (double)n * YEAR * fabs(1 - exp(-step->shift));
}

static hst_status run_job(screen *s, size_t job, hst_error *err)
{
    room r;
    hst_status status = open_room(&r, s, &s->places[s->jobs[job]], err);

    for (size_t i = s->jobs[job]; i < s->jobs[job + 1] && status == HST_OK; i++) {
        hst_screen_unit *u = &s->units.items[s->places[i].unit];

        read_unit(&r, s, u);
        status = hst_step_test(&u->step, r.frame, s->nulls[years_of(r.n)], r.counts,
                               s->options->max_p, err);
        if (status != HST_OK || !(u->step.p < s->options->max_p)) {
            continue;
        }
        u->size = expm1(u->step.shift);
        u->month = r.months[u->step.first_after];
        u->low = r.months[u->step.low];
        u->high = r.months[u->step.high];
        u->moved = moved_of(&r, &u->step);
    }
    close_room(&r);
    return status;
}

/* Runs `work` for numbers below n on all threads; the lowest failure is told. */
static hst_status run_all(screen *s, size_t n, hst_status (*work)(screen *, size_t, hst_error *),
                          hst_error *err)
{
    size_t failed = SIZE_MAX;
    hst_status status = HST_OK;

#pragma omp parallel for num_threads(s->n_threads) schedule(dynamic, 1)
    for (size_t i = 0; i < n; i++) {
        hst_error own = {0};
        hst_status its = hst_interrupt_check(&own);

        if (its == HST_OK) {
            its = work(s, i, &own);
        }

        if (its != HST_OK) {
#pragma omp critical(hestia_screen_failure)
            if (i < failed) {
                failed = i;
                status = its;
                hst_fail(err, its, "%s", own.message);
            }
        }
    }
    return status;
}

/* ---- what is a suspect ---- */

/* q of all series, and those that pass every threshold and were not ruled out. */
static hst_status find_suspects(screen *s, hst_error *err)
{
    double *p = calloc(2 * s->n_places + 1, sizeof *p), *q = p ? p + s->n_places : NULL;
    hst_status status = HST_OK;

    if (!p) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu p-values", s->n_places);
    }
    for (size_t i = 0; i < s->n_places; i++) {
        p[i] = s->units.items[s->places[i].unit].step.p;
    }
    status = hst_false_discovery(q, p, s->n_places, err);
    for (size_t i = 0; i < s->n_places && status == HST_OK; i++) {
        hst_screen_unit *u = &s->units.items[s->places[i].unit];

        u->q = q[i];
        u->is_suspect =
            !u->is_none && u->q < s->options->max_p && fabs(u->size) >= s->options->min_size &&
            u->step.robust_shift / u->step.shift >= AGREES && u->step.wilcoxon_p < MAX_WILCOXON;
    }
    free(p);
    return status;
}

/* The rest of England: all other providers, of the same specialty unless the unit is of all. */
static void read_rest(room *r, const screen *s, const hst_screen_unit *u)
{
    const hst_activity *a = s->activity;
    const hst_activity_series *own = &a->series[u->first];

    memset(r->whole, 0, a->n_months * sizeof *r->whole);
    memset(r->other, 0, a->n_months * sizeof *r->other);
    for (size_t i = 0; i < a->n_series; i++) {
        const hst_activity_series *series = &a->series[i];
        bool is_own = strcmp(series->provider, own->provider) == 0;

        if (series->dataset != own->dataset) {
            continue;
        }
        if (u->is_whole && is_own) {
            hst_activity_add(a, series, r->other);
        } else if (!u->is_whole && !is_own && strcmp(series->specialty, own->specialty) == 0) {
            hst_activity_add(a, series, r->whole);
        }
    }
    take_counts(r->rest, r,
                u->is_whole ? &s->units.everybody[(size_t)u->dataset * a->n_months] : r->whole,
                r->other);
}

static double mean_of(const double *counts, size_t n)
{
    double sum = 0;

    for (size_t t = 0; t < n; t++) {
        sum += counts[t];
    }
    return sum / (double)n;
}

/* How far a suspect stands out beside the rest of England, where that is large enough to tell. */
static void compare_with_rest(screen *s, room *r, hst_screen_unit *u)
{
    double p = 1, relative = 0;

    read_rest(r, s, u);
    if (mean_of(r->rest, r->n) < ENOUGH_REST * s->options->min_monthly) {
        return;
    }
    relative = expm1(hst_step_shift_beside(&p, r->frame, &u->step, s->nulls[years_of(r->n)],
                                           r->counts, r->rest));
    u->step.p = fmax(u->step.p, p);
    u->is_none = relative * u->size <= 0 || fabs(relative) < s->options->min_size;
}

/* Second looks at a suspect: is it one under noise of two kinds, does a change of slope explain it,
 * and is it one beside the rest of England? The largest p counts. */
static hst_status look_again(screen *s, size_t place_number, hst_error *err)
{
    const place *p = &s->places[place_number];
    hst_screen_unit *u = &s->units.items[p->unit];
    hst_status status = HST_OK;
    room r;

    if (!u->is_suspect) {
        return HST_OK;
    }
    status = open_room(&r, s, p, err);
    if (status == HST_OK) {
        read_unit(&r, s, u);
        u->step.p = hst_step_p_mixed(r.frame, &u->step, s->nulls[years_of(r.n)], r.counts);
        u->is_none = hst_step_is_bend(r.frame, &u->step, r.counts);
    }
    if (status == HST_OK && !u->is_none && u->step.p < s->options->max_p) {
        compare_with_rest(s, &r, u);
    }
    close_room(&r);
    return status;
}

/* ---- a provider and its specialties ---- */

static bool is_same_break(const hst_screen_unit *a, const hst_screen_unit *b)
{
    size_t apart = a->month > b->month ? a->month - b->month : b->month - a->month;

    return apart <= SAME_BREAK && a->size * b->size > 0;
}

/* True when the provider's other specialties do not move with this one. */
static hst_status is_alone(bool *out, const screen *s, const hst_screen_unit *whole,
                           const hst_screen_unit *part, hst_error *err)
{
    place p = {whole->dataset, whole->from, whole->to, 0};
    room r;
    hst_status status = open_room(&r, s, &p, err);

    *out = false;
    if (status == HST_OK) {
        hst_screen_unit_read(r.whole, s->activity, whole);
        hst_screen_unit_read(r.other, s->activity, part);
        take_counts(r.counts, &r, r.whole, r.other);
        *out = mean_of(r.counts, r.n) >= s->options->min_monthly &&
               fabs(expm1(hst_step_shift_at(r.frame, r.counts, whole->step.first_after))) <
                   s->options->min_size / 2;
    }
    close_room(&r);
    return status;
}

/* One break is told once: of a specialty when it alone moves, else of the provider. */
static hst_status tell_once(screen *s, hst_error *err)
{
    hst_status status = HST_OK;

    for (size_t i = 0; i < s->units.n && status == HST_OK; i++) {
        hst_screen_unit *whole = &s->units.items[i];
        size_t end = i + 1;

        if (!whole->is_whole || !whole->is_suspect) {
            continue;
        }
        while (end < s->units.n && s->units.items[end].first < whole->first + whole->n) {
            end++;
        }
        for (size_t j = i + 1; j < end && whole->is_suspect && status == HST_OK; j++) {
            const hst_screen_unit *part = &s->units.items[j];
            bool alone = false;

            if (part->is_suspect && is_same_break(whole, part)) {
                status = is_alone(&alone, s, whole, part, err);
                whole->is_suspect = !alone;
            }
        }
        for (size_t j = i + 1; j < end && whole->is_suspect; j++) {
            hst_screen_unit *part = &s->units.items[j];

            part->is_suspect = part->is_suspect && !is_same_break(whole, part);
        }
    }
    return status;
}

/* ---- what is told ---- */

static hst_period month_of(const hst_activity *activity, size_t month)
{
    hst_period period = activity->first;

    for (size_t m = 0; m < month; m++) {
        period = hst_period_next(&period);
    }
    return period;
}

/* Of the area's activity of the data set, in the six months before and the six from the break. */
static double share_of_area(const hst_activity *activity, const hst_screen_unit *u)
{
    const hst_activity_series *own = &activity->series[u->first];
    size_t from = u->month > YEAR / 2 ? u->month - YEAR / 2 : 0, to = u->month + YEAR / 2;
    uint64_t part = 0, whole = 0;

    to = to < activity->n_months ? to : activity->n_months;
    for (size_t i = 0; i < activity->n_series; i++) {
        const hst_activity_series *series = &activity->series[i];

        if (series->dataset == own->dataset && series->area == own->area) {
            for (size_t m = from; m < to; m++) {
                uint64_t count = hst_activity_at(series, m);

                whole += count;
                part += i >= u->first && i < u->first + u->n ? count : 0;
            }
        }
    }
    return (double)part / (double)whole;
}

typedef struct ranked {
    double moved;
    size_t unit;
} ranked;

static int compare_ranked(const void *a, const void *b)
{
    const ranked *x = a, *y = b;

    if (x->moved != y->moved) {
        return x->moved > y->moved ? -1 : 1;
    }
    return (x->unit > y->unit) - (x->unit < y->unit);
}

static hst_break break_of(const screen *s, size_t unit)
{
    const hst_screen_unit *u = &s->units.items[unit];
    const hst_activity_series *series = &s->activity->series[u->first];
    hst_break b = {.dataset = u->dataset,
                   .area = series->area,
                   .month = month_of(s->activity, u->month),
                   .size = u->size,
                   .share_of_area = share_of_area(s->activity, u),
                   .statistic = u->step.statistic,
                   .p = u->step.p,
                   .q = u->q,
                   .is_suspect = true};

    b.low = month_of(s->activity, u->low);
    b.high = month_of(s->activity, u->high);
    memcpy(b.provider, series->provider, sizeof b.provider);
    if (!u->is_whole) {
        memcpy(b.specialty, series->specialty, sizeof b.specialty);
    }
    return b;
}

static hst_status tell(hst_breaks *out, const screen *s, hst_error *err)
{
    ranked *ranking = calloc(s->n_places + 1, sizeof *ranking);
    hst_status status = HST_OK;

    out->n_series = s->units.n;
    out->n_screened = s->n_places;
    for (size_t i = 0; ranking && i < s->n_places; i++) {
        const hst_screen_unit *u = &s->units.items[s->places[i].unit];

        if (u->is_suspect) {
            ranking[out->n++] = (ranked){u->moved, s->places[i].unit};
        }
    }
    out->items = calloc(out->n + 1, sizeof *out->items);
    if (!ranking || !out->items) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for %zu breaks", out->n);
        goto done;
    }
    qsort(ranking, out->n, sizeof *ranking, compare_ranked);
    for (size_t i = 0; i < out->n; i++) {
        out->items[i] = break_of(s, ranking[i].unit);
    }

done:
    free(ranking);
    return status;
}

void hst_breaks_free(hst_breaks *breaks)
{
    if (breaks) {
        free(breaks->items);
        free(breaks);
    }
}

hst_status hst_screen(hst_breaks **out, const hst_activity *activity,
                      const hst_screen_options *options, int n_threads, hst_error *err)
{
    screen s = {
        .activity = activity, .options = options, .n_threads = n_threads > 0 ? n_threads : 1};
    hst_breaks *breaks = calloc(1, sizeof *breaks);
    size_t *months = calloc(activity->n_months + 1, sizeof *months);
    hst_status status = HST_OK;

    *out = NULL;
    if (!breaks || !months) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for the screen");
        goto done;
    }
    status = hst_screen_units_list(&s.units, activity, options->min_monthly, err);
    if (status != HST_OK || (status = make_jobs(&s, err)) != HST_OK ||
        (status = draw_nulls(&s, months, err)) != HST_OK ||
        (status = run_all(&s, s.n_jobs, run_job, err)) != HST_OK ||
        (status = find_suspects(&s, err)) != HST_OK ||
        (status = run_all(&s, s.n_places, look_again, err)) != HST_OK ||
        (status = find_suspects(&s, err)) != HST_OK) {
        goto done;
    }
    if ((status = tell_once(&s, err)) != HST_OK || (status = tell(breaks, &s, err)) != HST_OK) {
        goto done;
    }
    *out = breaks;
    breaks = NULL; /* now the caller's */

done:
    hst_breaks_free(breaks);
    free(months);
    clear(&s);
    return status;
}
