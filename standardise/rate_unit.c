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

enum { N_POPULATION_SEXES = 2 };

/* ---- slices ---- */

/* Number of the cube's band with this label, or its number of bands. */
static size_t find_band(const hst_age_bands *bands, const char *label)
{
    char text[12];

    for (size_t i = 0; i < bands->n; i++) {
        hst_age_band_label(bands, i, text);
        if (strcmp(text, label) == 0) {
            return i;
        }
    }
    return bands->n;
}

static void limit_to_sex(rate_slice *slice, const char *code)
{
    if (strcmp(code, "1") == 0) {
        slice->sex_to = HST_SEX_MALE + 1;
    } else if (strcmp(code, "2") == 0) {
        slice->sex_from = HST_SEX_FEMALE;
    } else {
        slice->has_population = false;
    }
}

static void limit_to_band(rate_slice *slice, const rate_inputs *inputs, const char *label)
{
    size_t n_bands = inputs->standard->bands.n;
    size_t band = find_band(&inputs->counted->bands, label);
    bool is_merged = n_bands < inputs->counted->bands.n && band + 1 >= n_bands;

    if (band == inputs->counted->bands.n || is_merged) {
        slice->has_population = false;
        return;
    }
    slice->band_from = band;
    slice->band_to = band + 1;
    slice->all_ages = false;
}

/* The people that the measure's own filter asks for: one sex, and ages that are whole bands. Other
 * ages leave all bands, and a note says so. */
static void limit_to_filter(rate_slice *slice, const rate_inputs *inputs, const hst_where *where)
{
    const hst_age_bands *bands = &inputs->standard->bands;
    const hst_texts *sexes = &where->codes[HST_WHERE_SEX];
    size_t from = 0, to = 0;

    if (sexes->n == 1) {
        limit_to_sex(slice, sexes->items[0]);
    }
    if (!where->has_age) {
        return;
    }
    while (from < bands->n && bands->lower[from] < where->age_from) {
        from++;
    }
    while (to < bands->n && bands->upper[to] <= where->age_to) {
        to++;
    }
    if (to + 1 == bands->n && where->age_to >= HST_AGE_MAX) {
        to = bands->n; /* the open band */
    }
    if (from < to && bands->lower[from] == where->age_from &&
        (to == bands->n || bands->lower[to] == where->age_to + 1)) {
        slice->band_from = from;
        slice->band_to = to;
        slice->all_ages = from == 0 && to == bands->n;
    }
}

void rate_slice_init(rate_slice *slice, const rate_inputs *inputs, size_t measure,
                     const hst_period *period, size_t period_index, size_t split)
{
    const char *code = hst_cube_split(inputs->cube, measure, split);
    size_t n_bands = 0;

    *slice = (rate_slice){
        .measure = measure,
        .split = split,
        .period = period,
        .period_index = period_index,
        .sex_to = N_POPULATION_SEXES,
        .band_to = inputs->standard->bands.n,
        .all_ages = true,
        .has_population = inputs->population != NULL,
    };
    limit_to_filter(slice, inputs, &inputs->study->measures[measure].where);
    if (split > 0 && inputs->study->measures[measure].split == HST_SPLIT_SEX) {
        limit_to_sex(slice, code);
    } else if (split > 0 && inputs->study->measures[measure].split == HST_SPLIT_AGE_BAND) {
        limit_to_band(slice, inputs, code);
    }
    if (slice->sex_from >= slice->sex_to) { /* a split value that the filter leaves out */
        slice->sex_from = 0;
        slice->sex_to = N_POPULATION_SEXES;
        slice->has_population = false;
    }
    n_bands = slice->band_to - slice->band_from;
    slice->n_strata = inputs->study->by_sex ? n_bands * (slice->sex_to - slice->sex_from) : n_bands;
}

void rate_slice_stratum(const rate_slice *slice, const rate_inputs *inputs, size_t stratum,
                        unsigned *sex, size_t *band)
{
    size_t n_bands = slice->band_to - slice->band_from;

    *sex = inputs->study->by_sex ? slice->sex_from + (unsigned)(stratum / n_bands) : HST_N_SEXES;
    *band = slice->band_from + stratum % n_bands;
}

void rate_slice_weights(const rate_slice *slice, const rate_inputs *inputs, double *weights)
{
    for (size_t i = 0; i < slice->n_strata; i++) {
        unsigned sex = 0;
        size_t band = 0;

        rate_slice_stratum(slice, inputs, i, &sex, &band);
        weights[i] = inputs->standard->weight[band];
    }
}

/* Stratum of a sex and band of the merged standard, or n_strata when it is in none. */
static size_t stratum_of(const rate_slice *slice, const rate_inputs *inputs, unsigned sex,
                         size_t band)
{
    if (sex < slice->sex_from || sex >= slice->sex_to || band < slice->band_from ||
        band >= slice->band_to) {
        return slice->n_strata;
    }
    band -= slice->band_from;
    return inputs->study->by_sex
               ? (sex - slice->sex_from) * (slice->band_to - slice->band_from) + band
               : band;
}

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

hst_status rate_unit_init(rate_unit *unit, size_t n_strata, hst_error *err)
{
    *unit = (rate_unit){.events = calloc(n_strata, sizeof *unit->events),
                        .variances = calloc(n_strata, sizeof *unit->variances),
                        .people = calloc(n_strata, sizeof *unit->people)};
    if (!unit->events || !unit->variances || !unit->people) {
        rate_unit_clear(unit);
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu strata", n_strata);
    }
    return HST_OK;
}

void rate_unit_clear(rate_unit *unit)
{
    free(unit->events);
    free(unit->variances);
    free(unit->people);
    *unit = (rate_unit){0};
}

static void reset(rate_unit *unit, const rate_slice *slice)
{
    memset(unit->events, 0, slice->n_strata * sizeof *unit->events);
    memset(unit->variances, 0, slice->n_strata * sizeof *unit->variances);
    memset(unit->people, 0, slice->n_strata * sizeof *unit->people);
    unit->all_events = unit->all_variance = unit->all_people = 0;
    unit->has_people = slice->has_population;
    unit->missing_year = 0;
}

static void add_events(rate_unit *unit, const rate_inputs *inputs, const rate_slice *slice,
                       size_t area, double weight)
{
    size_t n_counted = inputs->counted->bands.n, last = inputs->standard->bands.n - 1;

    for (unsigned sex = 0; sex < HST_N_SEXES; sex++) {
        for (size_t band = 0; band <= n_counted; band++) { /* the last: age unknown */
            double events = weight * (double)hst_cube_events(
                                         inputs->cube, slice->measure, slice->split, area,
                                         slice->period->type, slice->period_index, sex, band);
            size_t stratum = slice->n_strata;

            unit->all_events += events;
            unit->all_variance += weight * events;
            if (band < n_counted) {
                stratum = stratum_of(slice, inputs, sex, band < last ? band : last);
            }
            if (stratum < slice->n_strata) {
                unit->events[stratum] += events;
                unit->variances[stratum] += weight * events;
            }
        }
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
            size_t stratum = stratum_of(slice, inputs, sex, band);

            if (slice->all_ages || stratum < slice->n_strata) {
                unit->all_people += people;
            }
            if (stratum < slice->n_strata) {
                unit->people[stratum] += people;
            }
        }
    }
}

void rate_unit_of_area(rate_unit *unit, const rate_inputs *inputs, const rate_slice *slice,
                       size_t area, double *cells)
{
    reset(unit, slice);
    add_events(unit, inputs, slice, area, 1);
    add_people(unit, inputs, slice, hst_areas_code(inputs->areas, area), 1, cells);
}

void rate_unit_of_group(rate_unit *unit, const rate_inputs *inputs, const rate_slice *slice,
                        const hst_area_group *group, double *cells)
{
    bool has_own_row = group->population_area[0] != '\0';

    reset(unit, slice);
    for (size_t i = 0; i < group->n_members; i++) {
        const hst_area_member *member = &group->members[i];

        add_events(unit, inputs, slice, member->area, member->weight);
        if (!has_own_row) {
            add_people(unit, inputs, slice, hst_areas_code(inputs->areas, member->area),
                       member->weight, cells);
        }
    }
    if (has_own_row) {
        add_people(unit, inputs, slice, group->population_area, 1, cells);
        if (group->is_england) {
            add_events(unit, inputs, slice, hst_areas_special(inputs->areas).other, 1);
        }
    }
}

/* What a whole is without a part. Weighted sums differ by rounding where nothing is left; the least
 * that can be left, one event or person, is far more. */
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
    for (size_t i = 0; i < slice->n_strata; i++) {
        unit->events[i] = left_over(whole->events[i], weight * part->events[i]);
        unit->variances[i] = whole->variances[i] - weight * weight * part->variances[i];
        unit->people[i] = left_over(whole->people[i], weight * part->people[i]);
    }
    unit->all_events = left_over(whole->all_events, weight * part->all_events);
    unit->all_variance = whole->all_variance - weight * weight * part->all_variance;
    unit->all_people = left_over(whole->all_people, weight * part->all_people);
    unit->has_people = whole->has_people && part->has_people;
    unit->missing_year = 0;
}
