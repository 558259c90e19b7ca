/* The series that are screened, and their months. */
#include "impact/screen_units.h"

#include <stdlib.h>
#include <string.h>

enum {
    SILENCE = 3,  /* months without any activity that end a series */
    SETTLING = 3, /* first months of a series that begins inside the window, left out */
    LAST = 1      /* last months of one that ends there */
};

void hst_screen_unit_read(uint32_t *counts, const hst_activity *activity,
                          const hst_screen_unit *unit)
{
    memset(counts, 0, activity->n_months * sizeof *counts);
    for (size_t i = 0; i < unit->n; i++) {
        hst_activity_add(activity, &activity->series[unit->first + i], counts);
    }
}

/* True when all of a month's rows can have arrived. */
static bool is_complete(const hst_activity *activity, hst_dataset dataset, size_t month)
{
    return !activity->is_incomplete[(size_t)dataset * activity->n_months + month];
}

size_t hst_screen_months(size_t *months, const hst_activity *activity, hst_dataset dataset,
                         size_t from, size_t to)
{
    size_t n = 0;

    for (size_t m = from; m < to; m++) {
        if (is_complete(activity, dataset, m)) {
            months[n++] = m;
        }
    }
    return n;
}

/* ---- listing ---- */

static bool is_same_provider(const hst_activity_series *a, const hst_activity_series *b)
{
    return a->dataset == b->dataset && a->area == b->area && strcmp(a->provider, b->provider) == 0;
}

/* Adds the units of one provider in one area. What has no provider is no unit; what has no
 * specialty, beside others that have one, counts in the whole alone. */
static void add_provider(hst_screen_units *units, const hst_activity *activity, size_t first,
                         size_t n)
{
    hst_dataset dataset = activity->series[first].dataset;

    if (activity->series[first].provider[0] == '\0') {
        return;
    }
    if (n > 1) {
        units->items[units->n++] =
            (hst_screen_unit){.first = first, .n = n, .is_whole = true, .dataset = dataset};
    }
    for (size_t i = first; i < first + n; i++) {
        if (n == 1 || activity->series[i].specialty[0] != '\0') {
            units->items[units->n++] = (hst_screen_unit){.first = i, .n = 1, .dataset = dataset};
        }
    }
}

/* ---- months ---- */

/* First month with rows of a data set and the one after its last. */
typedef struct coverage {
    size_t from, to;
} coverage;

static coverage coverage_of(const hst_screen_units *units, const hst_activity *activity,
                            hst_dataset dataset)
{
    const uint32_t *counts = &units->everybody[(size_t)dataset * activity->n_months];
    coverage c = {0};

    for (size_t m = 0; m < activity->n_months; m++) {
        if (counts[m] > 0 && is_complete(activity, dataset, m)) {
            c.from = c.to == 0 ? m : c.from;
            c.to = m + 1;
        }
    }
    return c;
}

/* Takes a stretch of months with activity, of which the last was followed by a silence or the
 * data set's end, when it is longer than what was taken before. */
static void take_stretch(hst_screen_unit *unit, coverage c, size_t begin, size_t end)
{
    size_t from = begin == c.from ? begin : begin + SETTLING;
    size_t to = end == c.to ? end : end - LAST;

    if (from < to && to - from > unit->to - unit->from) {
        unit->from = from;
        unit->to = to;
    }
}

/* The longest stretch without a silence. A series that begins or ends inside the data set's months
 * (or falls silent) has its first and last months left out: they are those of an opening or of a
 * part of a month. Its beginning or end is no break of the level. */
static void find_stretch(hst_screen_unit *unit, const hst_activity *activity, coverage c,
                         const uint32_t *counts)
{
    size_t begin = SIZE_MAX, end = 0, n_silent = 0;

    for (size_t m = c.from; m < c.to; m++) {
        if (!is_complete(activity, unit->dataset, m)) {
            continue;
        }
        if (counts[m] > 0) {
            begin = begin == SIZE_MAX ? m : begin;
            end = m + 1;
            n_silent = 0;
        } else if (begin != SIZE_MAX && ++n_silent == SILENCE) {
            take_stretch(unit, c, begin, end);
            begin = SIZE_MAX;
        }
    }
    if (begin != SIZE_MAX) {
        take_stretch(unit, c, begin, end);
    }
}

/* Gives up what is too short or too small. */
static void check_size(hst_screen_unit *unit, const hst_activity *activity, const uint32_t *counts,
                       double min_monthly)
{
    double sum = 0;
    size_t n = 0;

    for (size_t m = unit->from; m < unit->to; m++) {
        if (is_complete(activity, unit->dataset, m)) {
            sum += counts[m];
            n++;
        }
    }
    if (n < HST_STEP_MONTHS || sum < min_monthly * (double)n) {
        unit->from = unit->to = 0;
    }
}

hst_status hst_screen_units_list(hst_screen_units *units, const hst_activity *activity,
                                 double min_monthly, hst_error *err)
{
    size_t n_months = activity->n_months;
    uint32_t *counts = calloc(n_months + 1, sizeof *counts);
    hst_status status = HST_OK;

    *units = (hst_screen_units){0};
    units->items = calloc(2 * activity->n_series + 1, sizeof *units->items);
    units->everybody = calloc(HST_N_DATASETS, (n_months + 1) * sizeof *units->everybody);
    if (!counts || !units->items || !units->everybody) {
        status =
            hst_fail(err, HST_ERR_MEMORY, "no memory to screen %zu series", activity->n_series);
        goto done;
    }
    for (size_t first = 0, end = 0; first < activity->n_series; first = end) {
        while (end < activity->n_series &&
               is_same_provider(&activity->series[first], &activity->series[end])) {
            const hst_activity_series *s = &activity->series[end++];

            hst_activity_add(activity, s, &units->everybody[(size_t)s->dataset * n_months]);
        }
        add_provider(units, activity, first, end - first);
    }
    for (size_t i = 0; i < units->n; i++) {
        hst_screen_unit *unit = &units->items[i];

        hst_screen_unit_read(counts, activity, unit);
        find_stretch(unit, activity, coverage_of(units, activity, unit->dataset), counts);
        check_size(unit, activity, counts, min_monthly);
    }

done:
    free(counts);
    return status;
}

void hst_screen_units_clear(hst_screen_units *units)
{
    free(units->items);
    free(units->everybody);
    *units = (hst_screen_units){0};
}
