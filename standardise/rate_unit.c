/* Numerators from the cube, denominators from the populations.
 *
 * A comparator pools its members: events and people are added up stratum by stratum, each times the
 * member's weight. England is all areas; where the study names a population row for the whole
 * (population_area), that row is the denominator and events of areas outside the list count too.
 * When the population of one member is missing, the comparator has none: numerator and denominator
 * would not be of the same areas. */
#include "standardise/rate_unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N_POPULATION_SEXES = 2, STAY_SCALE = 1000000 };

/* ---- populations ---- */

size_t rate_cells_size(const rate_inputs *inputs)
{
    return N_POPULATION_SEXES * (inputs->standard->bands.n + 1);
}

static int calendar_year(hst_date date)
{
    int year = 0, month = 0, day = 0;

    hst_date_to_civil(date, &year, &month, &day);
    return year;
}

/* Populations between two mid-years (30 June) at the period's midpoint. */
static int interpolate(const rate_inputs *inputs, const hst_period *period, const char *code,
                       double *cells)
{
    double midpoint = ((double)period->start + (double)period->end) / 2;
    int year = calendar_year((hst_date)floor(midpoint));
    const double *before = NULL, *after = NULL;
    double share = 0;

    if (midpoint < hst_date_from_civil(year, 6, 30)) {
        year--;
    }
    share = (midpoint - hst_date_from_civil(year, 6, 30)) /
            (hst_date_from_civil(year + 1, 6, 30) - hst_date_from_civil(year, 6, 30));
    before = hst_population_cells(inputs->population, code, year);
    if (!before) {
        return year;
    }
    after = share > 0 ? hst_population_cells(inputs->population, code, year + 1) : before;
    if (!after) {
        return year + 1;
    }
    for (size_t i = 0; i < rate_cells_size(inputs); i++) {
        cells[i] = before[i] + share * (after[i] - before[i]);
    }
    return 0;
}

/* Share of its year that a period is, when rates are annualised; else 1. */
static double years_of_period(const rate_inputs *inputs, const rate_slice *slice)
{
    const hst_period *period = slice->period;
    int year = hst_date_financial_year(period->start);
    hst_date from = hst_date_from_civil(year, 4, 1), to = hst_date_from_civil(year + 1, 4, 1);

    if (!inputs->study->measures[slice->measure].annualise) {
        return 1;
    }
    if (inputs->study->denominator_year == HST_DENOMINATOR_CALENDAR) {
        year = calendar_year(period->start);
        from = hst_date_from_civil(year, 1, 1);
        to = hst_date_from_civil(year + 1, 1, 1);
    }
    return (double)(period->end - period->start + 1) / (to - from);
}

/* The population of an area in a period, [sex][n_bands + 1], person-years when annualised. Returns
 * 0, or the year that the population files do not have. */
static int population_of(const rate_inputs *inputs, const rate_slice *slice, const char *code,
                         double *cells)
{
    double years = years_of_period(inputs, slice);
    const double *found = NULL;
    int year = 0;

    if (inputs->study->denominator_year == HST_DENOMINATOR_INTERPOLATE) {
        year = interpolate(inputs, slice->period, code, cells);
        if (year != 0) {
            return year;
        }
    } else {
        year = inputs->study->denominator_year == HST_DENOMINATOR_CALENDAR
                   ? calendar_year(slice->period->start)
                   : hst_date_financial_year(slice->period->start);
        found = hst_population_cells(inputs->population, code, year);
        if (!found) {
            return year;
        }
        memcpy(cells, found, rate_cells_size(inputs) * sizeof *cells);
    }
    for (size_t i = 0; years != 1 && i < rate_cells_size(inputs); i++) {
        cells[i] *= years;
    }
    return 0;
}

/* ---- units ---- */

hst_status rate_unit_init(rate_unit *unit, const rate_slice *slice, const rate_inputs *inputs,
                          hst_error *err)
{
    bool is_whole = true;

    *unit = (rate_unit){
        .n_providers = slice->with_providers ? hst_cube_n_splits(inputs->cube, slice->measure) : 0};
    unit->people = calloc(slice->n_strata, sizeof *unit->people);
    unit->providers = calloc(unit->n_providers + 1, sizeof *unit->providers);
    for (size_t i = 0; i < RATE_N_SOURCES; i++) {
        unit->sums[i] = calloc(slice->n_strata, sizeof *unit->sums[i]);
        unit->variances[i] = calloc(slice->n_strata, sizeof *unit->variances[i]);
        is_whole = is_whole && unit->sums[i] && unit->variances[i];
    }
    if (!is_whole || !unit->people || !unit->providers) {
        rate_unit_clear(unit);
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu strata", slice->n_strata);
    }
    return HST_OK;
}

void rate_unit_clear(rate_unit *unit)
{
    for (size_t i = 0; i < RATE_N_SOURCES; i++) {
        free(unit->sums[i]);
        free(unit->variances[i]);
    }
    free(unit->people);
    free(unit->providers);
    free(unit->stays);
    free(unit->read);
    *unit = (rate_unit){0};
}

static void reset(rate_unit *unit, const rate_slice *slice)
{
    for (size_t i = 0; i < RATE_N_SOURCES; i++) {
        unit->all[i] = unit->all_variance[i] = 0;
        if (slice->sources >> i & 1) {
            memset(unit->sums[i], 0, slice->n_strata * sizeof *unit->sums[i]);
            memset(unit->variances[i], 0, slice->n_strata * sizeof *unit->variances[i]);
        }
    }
    memset(unit->people, 0, slice->n_strata * sizeof *unit->people);
    memset(unit->providers, 0, unit->n_providers * sizeof *unit->providers);
    unit->all_people = unit->base = unit->excluded = 0;
    unit->has_people = slice->has_population;
    unit->is_weighted = false;
    unit->missing_year = 0;
    unit->n_lengths = 0;
}

/* Adds one source over all cells of an area. Most cells of most areas are empty. */
static void add_source(rate_unit *unit, const rate_inputs *inputs, const rate_slice *slice,
                       size_t source, size_t area, double weight)
{
    size_t n_bands = inputs->counted->bands.n;
    size_t layer = source == RATE_EVENTS ? (size_t)HST_N_LAYERS : source - 1;
    uint64_t cells[HST_MAX_CUBE_CELLS] = {0};

    for (size_t i = slice->first_period; i <= slice->last_period; i++) {
        if (!hst_cube_read(inputs->cube, layer, slice->measure, slice->split, area, slice->type, i,
                           cells)) {
            return;
        }
    }
    for (size_t i = 0; i < HST_N_SEXES * (n_bands + 1); i++) {
        unsigned sex = (unsigned)(i / (n_bands + 1));
        size_t band = i % (n_bands + 1); /* the last: age unknown */
        double amount = weight * (double)cells[i];
        size_t stratum = slice->n_strata;

        if (cells[i] == 0) {
            continue;
        }
        unit->all[source] += amount;
        unit->all_variance[source] += weight * amount;
        if (band < n_bands) {
            stratum = rate_slice_stratum_of(slice, inputs, sex, rate_merged_band(inputs, band));
        }
        if (stratum < slice->n_strata) {
            unit->sums[source][stratum] += amount;
            unit->variances[source][stratum] += weight * amount;
        }
    }
}

/* ---- what only some statistics need ---- */

/* Events of an area in a period, all sexes and ages. */
static double events_of(const rate_inputs *inputs, size_t measure, size_t split, size_t area,
                        hst_by type, size_t period)
{
    uint64_t cells[HST_MAX_CUBE_CELLS] = {0}, sum = 0;

    if (hst_cube_read(inputs->cube, HST_N_LAYERS, measure, split, area, type, period, cells)) {
        for (size_t i = 0; i < HST_N_SEXES * (inputs->counted->bands.n + 1); i++) {
            sum += cells[i];
        }
    }
    return (double)sum;
}

static void add_base(rate_unit *unit, const rate_inputs *inputs, const rate_slice *slice,
                     size_t area, double weight)
{
    const rate_extras *extras = &inputs->extras[slice->measure];

    unit->base += weight * events_of(inputs, slice->measure, slice->split, area, extras->base.type,
                                     extras->base_index);
}

static void add_providers(rate_unit *unit, const rate_inputs *inputs, const rate_slice *slice,
                          size_t area, double weight)
{
    for (size_t split = 1; split < unit->n_providers; split++) {
        if (strcmp(hst_cube_split(inputs->cube, slice->measure, split), "unknown") == 0) {
            continue; /* no provider */
        }
        unit->providers[split] += weight * events_of(inputs, slice->measure, split, area,
                                                     slice->type, slice->first_period);
    }
}

/* Adds the lengths of an area's stays behind those of others, and their sums. */
static hst_status add_stays(rate_unit *unit, const rate_inputs *inputs, const rate_slice *slice,
                            size_t area, double weight, hst_error *err)
{
    uint32_t cap = (uint32_t)inputs->study->measures[slice->measure].los_cap;
    uint64_t scale = unit->is_weighted ? (uint64_t)llround(weight * STAY_SCALE) : 1;
    size_t n = hst_cube_stays(inputs->cube, slice->measure, slice->split, area, slice->type,
                              slice->first_period, &unit->read, &unit->room);

    if (n != SIZE_MAX && unit->n_lengths + n > unit->capacity) {
        size_t capacity = 2 * (unit->n_lengths + n);
        hst_stay_count *stays = realloc(unit->stays, capacity * sizeof *stays);

        if (stays) {
            unit->stays = stays;
            unit->capacity = capacity;
        } else {
            n = SIZE_MAX;
        }
    }
    if (n == SIZE_MAX) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the lengths of stays");
    }
    for (size_t i = 0; i < n; i++) {
        double days = cap > 0 && unit->read[i].days > cap ? cap : unit->read[i].days;
        double stays = weight * (double)unit->read[i].n;

        unit->all[RATE_EVENTS] += stays;
        unit->all_variance[RATE_EVENTS] += weight * stays;
        unit->all[RATE_DAYS] += stays * days;
        unit->all[RATE_DAYS_SQUARED] += stays * days * days;
        unit->stays[unit->n_lengths++] =
            (hst_stay_count){unit->read[i].days, scale * unit->read[i].n};
    }
    return HST_OK;
}

static int compare_lengths(const void *a, const void *b)
{
    const hst_stay_count *x = a, *y = b;

    return (x->days > y->days) - (x->days < y->days);
}

/* Sorts the lengths of all members and adds up those that are the same. */
static void join_stays(rate_unit *unit)
{
    size_t n = 0;

    if (unit->n_lengths > 0) {
        qsort(unit->stays, unit->n_lengths, sizeof *unit->stays, compare_lengths);
    }
    for (size_t i = 0; i < unit->n_lengths; i++) {
        if (n > 0 && unit->stays[n - 1].days == unit->stays[i].days) {
            unit->stays[n - 1].n += unit->stays[i].n;
        } else {
            unit->stays[n++] = unit->stays[i];
        }
    }
    unit->n_lengths = n;
}

/* Adds everything of one area, or of a comparator's own cells. */
static hst_status add_area(rate_unit *unit, const rate_inputs *inputs, const rate_slice *slice,
                           size_t area, double weight, hst_error *err)
{
    if (slice->with_stays) {
        return add_stays(unit, inputs, slice, area, weight, err);
    }
    for (size_t source = 0; source < RATE_N_SOURCES; source++) {
        if (slice->sources >> source & 1) {
            add_source(unit, inputs, slice, source, area, weight);
        }
    }
    if (slice->with_base) {
        add_base(unit, inputs, slice, area, weight);
    }
    if (slice->with_providers) {
        add_providers(unit, inputs, slice, area, weight);
    }
    return HST_OK;
}

static void add_excluded(rate_unit *unit, const rate_inputs *inputs, const rate_slice *slice,
                         size_t area, double weight)
{
    if (slice->split == 0 && inputs->study->measures[slice->measure].n_excluded_providers > 0) {
        unit->excluded += weight * (double)hst_cube_excluded(inputs->cube, slice->measure, area,
                                                             slice->type, slice->first_period);
    }
}

static void add_people(rate_unit *unit, const rate_inputs *inputs, const rate_slice *slice,
                       const char *code, double weight, double *cells)
{
    size_t n_bands = inputs->standard->bands.n;

    if (!unit->has_people) {
        return;
    }
    unit->missing_year = population_of(inputs, slice, code, cells);
    if (unit->missing_year != 0) {
        unit->has_people = false;
        return;
    }
    for (unsigned sex = slice->sex_from; sex < slice->sex_to; sex++) {
        for (size_t band = 0; band <= n_bands; band++) { /* the last: outside the standard */
            double people = weight * cells[sex * (n_bands + 1) + band];
            size_t stratum = rate_slice_stratum_of(slice, inputs, sex, band);

            if (slice->all_ages || stratum < slice->n_strata) {
                unit->all_people += people;
            }
            if (stratum < slice->n_strata) {
                unit->people[stratum] += people;
            }
        }
    }
}

/* ---- the whole ---- */

static void take_from_table(rate_unit *unit, const rate_inputs *inputs, const rate_slice *slice,
                            const char *code)
{
    const rate_extras *extras = &inputs->extras[slice->measure];

    unit->all[RATE_EVENTS] = hst_measure_table_find(extras->table, code, slice->period);
    unit->base = slice->with_base ? hst_measure_table_find(extras->table, code, &extras->base) : 0;
}

hst_status rate_unit_of_area(rate_unit *unit, const rate_inputs *inputs, const rate_slice *slice,
                             size_t area, double *cells, hst_error *err)
{
    reset(unit, slice);
    if (inputs->study->measures[slice->measure].is_table) {
        take_from_table(unit, inputs, slice, hst_areas_code(inputs->areas, area));
        return HST_OK;
    }
    add_people(unit, inputs, slice, hst_areas_code(inputs->areas, area), 1, cells);
    add_excluded(unit, inputs, slice, area, 1);
    return add_area(unit, inputs, slice, area, 1, err);
}

hst_status rate_unit_of_reference(rate_unit *unit, const rate_inputs *inputs,
                                  const rate_slice *slice, double *cells, double *scale,
                                  hst_error *err)
{
    const rate_reference *reference = &inputs->extras[slice->measure].reference;
    rate_slice own = rate_slice_of_reference(slice, inputs);
    hst_status status = HST_OK;

    reset(unit, slice);
    *scale = 1;
    if (reference->has_year && !inputs->study->measures[slice->measure].annualise) {
        *scale = (double)(slice->period->end - slice->period->start + 1) /
                 (reference->year.end - reference->year.start + 1);
    }
    for (size_t i = 0; i < reference->n_areas && status == HST_OK; i++) {
        size_t area = reference->areas[i];

        add_people(unit, inputs, &own, hst_areas_code(inputs->areas, area), 1, cells);
        status = add_area(unit, inputs, &own, area, 1, err);
    }
    return status;
}

hst_status rate_unit_of_group(rate_unit *unit, const rate_inputs *inputs, const rate_slice *slice,
                              size_t number, double *cells, hst_error *err)
{
    const hst_area_group *group = hst_areas_group(inputs->areas, number);
    bool has_own_row = group->population_area[0] != '\0';
    bool with_other = has_own_row && group->is_england;
    size_t own_cells = SIZE_MAX;
    hst_status status = HST_OK;

    reset(unit, slice);
    if (inputs->study->measures[slice->measure].is_table) {
        take_from_table(unit, inputs, slice, group->name);
        return HST_OK;
    }
    own_cells = hst_cube_group_area(inputs->cube, slice->measure, number);
    unit->is_weighted = hst_area_group_is_weighted(group);
    for (size_t i = 0; i < group->n_members && status == HST_OK; i++) {
        const hst_area_member *member = &group->members[i];

        if (own_cells == SIZE_MAX) {
            status = add_area(unit, inputs, slice, member->area, member->weight, err);
        }
        if (!has_own_row) {
            add_people(unit, inputs, slice, hst_areas_code(inputs->areas, member->area),
                       member->weight, cells);
        }
        add_excluded(unit, inputs, slice, member->area, member->weight);
    }
    if (has_own_row) {
        add_people(unit, inputs, slice, group->population_area, 1, cells);
    }
    if (with_other) {
        add_excluded(unit, inputs, slice, hst_areas_special(inputs->areas).other, 1);
    }
    if (status == HST_OK && own_cells != SIZE_MAX) {
        status = add_area(unit, inputs, slice, own_cells, 1, err);
    } else if (status == HST_OK && with_other) {
        status = add_area(unit, inputs, slice, hst_areas_special(inputs->areas).other, 1, err);
    }
    join_stays(unit);
    return status;
}

void rate_unit_add(rate_unit *sum, const rate_unit *period, const rate_slice *slice)
{
    for (size_t source = 0; source < RATE_N_SOURCES; source++) {
        for (size_t i = 0; slice->sources >> source & 1 && i < slice->n_strata; i++) {
            sum->sums[source][i] += period->sums[source][i];
            sum->variances[source][i] += period->variances[source][i];
        }
        sum->all[source] += period->all[source];
        sum->all_variance[source] += period->all_variance[source];
    }
    for (size_t i = 0; i < slice->n_strata; i++) {
        sum->people[i] += period->people[i];
    }
    for (size_t i = 0; i < sum->n_providers; i++) {
        sum->providers[i] += period->providers[i];
    }
    sum->all_people += period->all_people;
    sum->excluded += period->excluded;
    sum->has_people = sum->has_people && period->has_people;
    sum->is_weighted = period->is_weighted;
    if (sum->missing_year == 0) {
        sum->missing_year = period->missing_year;
    }
}

/* What a whole is without a part. Weighted sums differ by rounding where nothing is left; the least
 * that can be left, one event or person, is far more. People who had events in both are in the
 * whole once, so a part may be the larger one. */
static double left_over(double whole, double part)
{
    double rest = whole - part;

    return rest < 1e-9 * whole ? 0 : rest;
}

void rate_unit_without(rate_unit *unit, const rate_unit *whole, const rate_slice *slice,
                       const hst_area_group *group, size_t area, const rate_unit *part)
{
    double weight = group->is_england ? 1 : 0;

    for (size_t i = 0; i < group->n_members && !group->is_england; i++) {
        if (group->members[i].area == area) {
            weight = group->members[i].weight;
        }
    }
    for (size_t source = 0; source < RATE_N_SOURCES; source++) {
        for (size_t i = 0; slice->sources >> source & 1 && i < slice->n_strata; i++) {
            unit->sums[source][i] =
                left_over(whole->sums[source][i], weight * part->sums[source][i]);
            unit->variances[source][i] = left_over(whole->variances[source][i],
                                                   weight * weight * part->variances[source][i]);
        }
        unit->all[source] = left_over(whole->all[source], weight * part->all[source]);
        unit->all_variance[source] =
            left_over(whole->all_variance[source], weight * weight * part->all_variance[source]);
    }
    for (size_t i = 0; i < slice->n_strata; i++) {
        unit->people[i] = left_over(whole->people[i], weight * part->people[i]);
    }
    for (size_t i = 0; i < unit->n_providers; i++) {
        unit->providers[i] = left_over(whole->providers[i], weight * part->providers[i]);
    }
    unit->all_people = left_over(whole->all_people, weight * part->all_people);
    unit->has_people = whole->has_people && part->has_people;
    unit->missing_year = 0;
    unit->n_lengths = 0;
}

double rate_unit_worth(const rate_unit *unit, rate_source source)
{
    bool is_any = unit->all[source] > 0 && unit->all_variance[source] > 0;

    return is_any ? unit->all_variance[source] / unit->all[source] : 1;
}
