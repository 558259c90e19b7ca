/* One service at one site and one measure: its series, its date, and the periods compared. */
#include "impact/impact_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

size_t impact_count_points(const double *numbers, size_t from, size_t to)
{
    size_t n = 0;

    for (size_t i = from; i <= to; i++) {
        n += isnan(numbers[i]) ? 0 : 1;
    }
    return n;
}

bool impact_is_whole(const impact_series *series, impact_range range)
{
    return impact_count_points(series->events, range.first, range.last) ==
           range.last - range.first + 1;
}

bool impact_is_count(const impact_case *c)
{
    hst_statistic statistic = c->source->study->measures[c->source_measure].statistic;

    return statistic == HST_STAT_COUNT || statistic == HST_STAT_CRUDE_RATE;
}

unsigned impact_cycle(const impact_case *c)
{
    return c->by == HST_BY_MONTH ? 12 : c->by == HST_BY_QUARTER ? 4 : 1;
}

size_t impact_group_of(const hst_areas *areas, const char *name, size_t site)
{
    for (size_t i = 0; i < hst_areas_n_groups(areas); i++) {
        const hst_area_group *group = hst_areas_group(areas, i);
        size_t length = strlen(name);

        if (strncmp(group->name, name, length) == 0 &&
            (group->site == UINT32_MAX ? group->name[length] == '\0'
                                       : group->site == site && group->name[length] == ' ')) {
            return i;
        }
    }
    return SIZE_MAX;
}

/* ---- series ---- */

void impact_series_clear(impact_series *series)
{
    free(series->t);
    free(series->season);
    *series = (impact_series){0};
}

/* Number of a period in its year: January or the first financial quarter is 1. */
static unsigned season_of(const hst_period *period)
{
    int year = 0, month = 0, day = 0;

    hst_date_to_civil(period->start, &year, &month, &day);
    return period->type == HST_BY_MONTH     ? (unsigned)month
           : period->type == HST_BY_QUARTER ? (unsigned)((month + 8) % 12 / 3 + 1)
                                            : 1;
}

/* True when a period is partly before and partly after a date, or in the phase-in. */
static bool is_mixed(const hst_period *period, const hst_study_impact *service)
{
    const hst_window *phase_in = &service->phase_in;

    for (size_t i = 0; i < service->n_dates; i++) {
        if (period->start < service->dates[i] && service->dates[i] <= period->end) {
            return true;
        }
    }
    return phase_in->from != HST_DATE_MISSING && period->end >= phase_in->from &&
           period->start <= phase_in->to;
}

/* The periods of the measure that lie in the service's window. */
static hst_status find_periods(impact_series *series, const impact_case *c, hst_error *err)
{
    const hst_period *periods = NULL;
    const hst_window *window = &c->service->window;
    const hst_measure *measure = &c->source->study->measures[c->source_measure];
    size_t n = 0, first = 0;

    if (measure->by & (unsigned)c->by) {
        n = hst_measures_periods(c->source->measures, c->source_measure, c->by, &periods);
    }
    while (first < n && window->from != HST_DATE_MISSING && periods[first].start < window->from) {
        first++;
    }
    while (n > first && window->to != HST_DATE_MISSING && periods[n - 1].end > window->to) {
        n--;
    }
    series->n = n - first;
    series->first = first;
    series->periods = n > 0 ? periods + first : NULL;
    return series->n > 0
               ? HST_OK
               : hst_fail(err, HST_ERR_USAGE,
                          "%s, line %zu: measure `%s` has no whole %s in the window of service "
                          "`%s`",
                          c->inputs->study->path, c->service->line, measure->id,
                          hst_period_type_name(c->by), c->service->id);
}

/* A point of a comparator without the site, which would be compared with itself in part. */
static hst_status leave_site_out(impact_series *series, size_t i, const impact_case *c,
                                 size_t group, hst_error *err)
{
    size_t period = series->first + i;
    hst_span span;
    hst_status status = hst_span_of(&span, c->source->spans, c->source_measure, true, group,
                                    c->area, c->by, period, period, err);

    if (status == HST_OK) {
        series->events[i] = span.total_count;
        series->exposure[i] = span.total_pop;
        series->values[i] = span.value;
    }
    return status;
}

hst_status impact_series_read(impact_series *out, const impact_case *c, bool is_group, size_t area,
                              hst_error *err)
{
    bool is_rate = c->source->study->measures[c->source_measure].statistic == HST_STAT_CRUDE_RATE;
    impact_series series = {0};
    hst_status status = find_periods(&series, c, err);

    *out = (impact_series){0};
    if (status != HST_OK) {
        return status;
    }
    series.t = calloc(4 * series.n, sizeof *series.t);
    series.season = calloc(series.n, sizeof *series.season);
    if (!series.t || !series.season) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for a series of %zu", series.n);
        goto done;
    }
    series.events = series.t + series.n;
    series.exposure = series.events + series.n;
    series.values = series.exposure + series.n;
    series.has_exposure = true;
    for (size_t i = 0; i < series.n; i++) {
        const hst_result *row = hst_results_find(c->source->results, c->source_measure, is_group,
                                                 area, &series.periods[i], NULL);
        bool is_used = row && !row->is_incomplete && !is_mixed(&series.periods[i], c->service);

        series.t[i] = (double)(i + 1);
        series.season[i] = season_of(&series.periods[i]);
        series.events[i] =
            is_used && row->total_count >= 0 ? (double)row->total_count : (double)NAN;
        series.exposure[i] = is_used ? row->total_pop : (double)NAN;
        series.values[i] = is_used ? row->value : (double)NAN;
        if (is_group && is_used && (status = leave_site_out(&series, i, c, area, err)) != HST_OK) {
            goto done;
        }
        series.n_incomplete += row && row->is_incomplete;
        if (is_rate && !(series.exposure[i] > 0)) {
            series.events[i] = NAN; /* events of people not known how many are no rate */
        }
        series.has_exposure =
            series.has_exposure && (isnan(series.events[i]) || series.exposure[i] > 0);
    }
    *out = series;
    series = (impact_series){0}; /* now the caller's */

done:
    impact_series_clear(&series);
    return status;
}

/* ---- the case ---- */

/* The points whose periods lie in a window. */
static impact_range points_in(const impact_series *series, const hst_window *window)
{
    impact_range range = {1, 0};

    for (size_t i = 0; i < series->n && window->from != HST_DATE_MISSING; i++) {
        if (series->periods[i].start >= window->from && series->periods[i].end <= window->to) {
            range.first = range.first <= range.last ? range.first : i;
            range.last = i;
        }
    }
    return range;
}

static size_t length_of(impact_range range)
{
    return range.first <= range.last ? range.last - range.first + 1 : 0;
}

/* The longest run of points that are used, the later of equal ones; with `beside` those whose
 * partner there is used, too. */
static impact_range longest_run(const impact_series *series, impact_range all,
                                const impact_range *beside)
{
    impact_range best = {1, 0}, run = {1, 0};

    for (size_t i = 0; i < length_of(all); i++) {
        if (isnan(series->events[all.first + i]) ||
            (beside && isnan(series->events[beside->first + i]))) {
            run = (impact_range){1, 0};
            continue;
        }
        run = length_of(run) > 0 ? (impact_range){run.first, all.first + i}
                                 : (impact_range){all.first + i, all.first + i};
        best = length_of(run) >= length_of(best) ? run : best;
    }
    return best;
}

/*
 * Baseline and review without points that are left out. Where they are the same months of different
 * years they stay so: a point left out of one is left out of the other, or a winter would be
 * compared with a summer.
 */
static void choose_ranges(impact_case *c)
{
    impact_range before = points_in(&c->series, &c->service->baseline);
    impact_range after = points_in(&c->series, &c->service->review);
    bool are_same_months = length_of(before) == length_of(after) && length_of(before) > 0 &&
                           (after.first - before.first) % impact_cycle(c) == 0;

    c->baseline = longest_run(&c->series, before, are_same_months ? &after : NULL);
    c->review = longest_run(&c->series, after, are_same_months ? &before : NULL);
}

/* What a measure is looked at by where no service is. */
static const hst_study_impact no_service = {
    .id = "",
    .phase_in = {HST_DATE_MISSING, HST_DATE_MISSING},
    .window = {HST_DATE_MISSING, HST_DATE_MISSING},
    .baseline = {HST_DATE_MISSING, HST_DATE_MISSING},
    .review = {HST_DATE_MISSING, HST_DATE_MISSING},
    .meaningful = 0.10,
    .options = {.its_lag = -1, .its_slope = true, .trend_lag = -1},
};

static hst_by by_of(const hst_study_impact *service, const hst_measures *measures, size_t measure)
{
    return service->by ? service->by : hst_measures_finest(measures, measure);
}

hst_window impact_days(const impact_case *c)
{
    return (hst_window){c->series.periods[0].start, c->series.periods[c->series.n - 1].end};
}

bool impact_days_of(hst_window *out, const hst_impact_inputs *inputs, size_t impact, size_t measure)
{
    const impact_source source = {.study = inputs->study, .measures = inputs->measures};
    impact_case c = {.inputs = inputs,
                     .service = &inputs->study->impacts[impact],
                     .source = &source,
                     .source_measure = measure};
    hst_error ignored = {0};

    c.by = by_of(c.service, inputs->measures, measure);
    if (find_periods(&c.series, &c, &ignored) != HST_OK) {
        return false;
    }
    *out = impact_days(&c);
    return true;
}

hst_status impact_case_open(impact_case *out, const hst_impact_inputs *inputs,
                            const impact_source *source, size_t impact, size_t measure,
                            size_t source_measure, size_t area, hst_error *err)
{
    const hst_study_impact *service =
        impact == SIZE_MAX ? &no_service : &inputs->study->impacts[impact];
    impact_case c = {.inputs = inputs,
                     .service = service,
                     .source = source,
                     .impact = impact,
                     .measure = measure,
                     .source_measure = source_measure,
                     .area = area,
                     .by = by_of(service, source->measures, source_measure),
                     .options = service->options,
                     .comparator = SIZE_MAX};
    hst_status status = impact_series_read(&c.series, &c, false, area, err);

    *out = (impact_case){0};
    if (status != HST_OK) {
        return status;
    }
    while (c.start < c.series.n &&
           (service->n_dates == 0 || c.series.periods[c.start].start < service->dates[0])) {
        c.start++;
    }
    choose_ranges(&c);
    for (size_t i = 0; i < service->comparators.n && c.comparator == SIZE_MAX; i++) {
        c.comparator = impact_group_of(inputs->areas, service->comparators.items[i], area);
    }
    *out = c;
    return HST_OK;
}

void impact_case_close(impact_case *c)
{
    impact_series_clear(&c->series);
}

/* A range moved by `steps` points; false when it leaves [0, end) or meets a point left out. */
static bool move_range(impact_range *range, const impact_series *series, long steps, size_t end)
{
    long first = (long)range->first + steps, last = (long)range->last + steps;

    if (range->first > range->last) {
        return true; /* there is none */
    }
    if (first < 0 || last >= (long)end ||
        !impact_is_whole(series, (impact_range){(size_t)first, (size_t)last})) {
        return false;
    }
    *range = (impact_range){(size_t)first, (size_t)last};
    return true;
}

bool impact_case_move(impact_case *c, size_t start, size_t end)
{
    long steps = (long)start - (long)c->start;

    if (!move_range(&c->baseline, &c->series, steps, end) ||
        !move_range(&c->review, &c->series, steps, end)) {
        return false;
    }
    c->start = start;
    c->series.n = end;
    return true;
}
