/* Table, numbers and formula of each statistic. Where members of a comparator have weights, counts
 * are what the weights make of them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "hestia/indirect.h"
#include "standardise/parts_internal.h"

static const char *const of_strata[] = {"sex", "age", NULL};

/* Sex and age of a stratum as the tables write them. */
static void name_stratum(hst_part *part, const rate_basis *basis, size_t stratum)
{
    unsigned sex = 0;
    size_t band = 0;
    char age[12];

    rate_slice_stratum(basis->slice, basis->inputs, stratum, &sex, &band);
    hst_age_band_label(&basis->inputs->standard->bands, band, age);
    snprintf(part->labels[0], sizeof part->labels[0], "%s",
             sex == HST_SEX_MALE     ? "1"
             : sex == HST_SEX_FEMALE ? "2"
                                     : "persons");
    snprintf(part->labels[1], sizeof part->labels[1], "%s", age);
    part->age_lower = basis->inputs->standard->bands.lower[band];
    part->age_upper = basis->inputs->standard->bands.upper[band];
}

static void say(hst_parts *parts, const char *formula)
{
    snprintf(parts->formula, sizeof parts->formula, "%s", formula);
}

static double people_of(const parted *p)
{
    return p->unit->has_people ? p->unit->all_people : NAN;
}

/* What an event of a comparator with weights is worth; limits are those of events / this. */
static void add_worth(hst_parts *parts, const parted *p, rate_source source)
{
    double one = rate_unit_worth(p->unit, source);

    if (one != 1) {
        parts_add_fact(parts, one, "worth of one (weights)");
    }
}

/* ---- counts and rates ---- */

static void fill_count(hst_parts *parts, const parted *p)
{
    say(parts, "count = events");
    parts_add_fact(parts, p->unit->all[RATE_EVENTS], "events");
    if (p->basis->measure->per_working_day) {
        say(parts, "count = events / working days");
        parts_add_fact(parts, p->rows[0].total_pop, "working days");
    }
}

static void fill_crude(hst_parts *parts, const parted *p)
{
    const hst_measure *measure = p->basis->measure;

    say(parts, measure->per_working_day
                   ? "crude_rate = per x events / population / working days of the period"
                   : "crude_rate = per x events / population");
    parts_add_fact(parts, p->unit->all[RATE_EVENTS], "events");
    parts_add_fact(parts, people_of(p), "population");
    parts_add_fact(parts, measure->per, "per");
    if (measure->interval == HST_INTERVAL_REPEAT_ADJUSTED) {
        parts_add_fact(parts, p->unit->all_variance[RATE_SQUARES], "V = sum of people x events^2");
    }
    add_worth(parts, p, RATE_EVENTS);
}

static hst_status fill_dsr(hst_parts *parts, const parted *p, hst_error *err)
{
    static const char *const columns[] = {"count",        "population",        "weight",
                                          "contribution", "people x events^2", NULL};
    static const char *const plain[] = {"count", "population", "weight", "contribution", NULL};
    enum { COUNT, POPULATION, WEIGHT, CONTRIBUTION, SQUARES };
    const rate_basis *basis = p->basis;
    bool by_repeats = basis->measure->interval == HST_INTERVAL_REPEAT_ADJUSTED;
    double total_weight = 0;
    hst_status status =
        parts_make_table(parts, basis->slice->n_strata, of_strata, by_repeats ? columns : plain,
                         1u << COUNT | 1u << CONTRIBUTION | 1u << SQUARES, err);

    for (size_t i = 0; i < basis->slice->n_strata; i++) {
        total_weight += basis->weights[i];
    }
    for (size_t i = 0; i < basis->slice->n_strata && status == HST_OK; i++) {
        double *cells = parts->rows[i].cells, events = p->unit->sums[RATE_EVENTS][i];

        name_stratum(&parts->rows[i], basis, i);
        cells[COUNT] = events;
        cells[WEIGHT] = basis->weights[i];
        if (by_repeats) {
            cells[SQUARES] = p->unit->variances[RATE_SQUARES][i];
        }
        if (p->unit->has_people) {
            cells[POPULATION] = p->unit->people[i];
            cells[CONTRIBUTION] = basis->measure->per * basis->weights[i] * events /
                                  (p->unit->people[i] * total_weight);
        }
    }
    parts->fields[COUNT] = "events";
    parts->fields[POPULATION] = "population";
    parts->fields[WEIGHT] = "weight";
    parts->fields[SQUARES] = by_repeats ? "events_squared" : NULL;
    say(parts, by_repeats ? "contribution = per x weight x count / population / sum of weights; "
                            "variance = sum (per x weight / population / sum of weights)^2 x "
                            "(people x events^2)"
                          : "contribution = per x weight x count / population / sum of weights; "
                            "dsr = their sum");
    parts_add_fact(parts, basis->measure->per, "per");
    parts_add_fact(parts, total_weight, "sum of weights");
    parts_add_fact(parts, p->rows[0].variance, "variance");
    return status;
}

static hst_status fill_isr(hst_parts *parts, const parted *p, hst_error *err)
{
    static const char *const columns[] = {
        "count", "population", "ref. count", "ref. population", "ref. rate", "expected", NULL};
    enum { COUNT, POPULATION, REF_COUNT, REF_POPULATION, REF_RATE, EXPECTED };
    const rate_basis *basis = p->basis;
    const rate_unit *reference = basis->reference;
    double observed = 0, expected = 0, ref_events = 0, ref_people = 0;
    hst_status status = parts_make_table(parts, basis->slice->n_strata, of_strata, columns,
                                         1u << COUNT | 1u << POPULATION | 1u << REF_COUNT |
                                             1u << REF_POPULATION | 1u << EXPECTED,
                                         err);

    for (size_t i = 0; i < basis->slice->n_strata && status == HST_OK; i++) {
        double *cells = parts->rows[i].cells;

        name_stratum(&parts->rows[i], basis, i);
        cells[COUNT] = p->unit->sums[RATE_EVENTS][i];
        cells[POPULATION] = p->unit->has_people ? p->unit->people[i] : NAN;
        cells[REF_COUNT] = reference->sums[RATE_EVENTS][i];
        cells[REF_POPULATION] = reference->people[i];
        cells[REF_RATE] = basis->reference_scale * cells[REF_COUNT] / cells[REF_POPULATION];
        cells[EXPECTED] = cells[POPULATION] * cells[REF_RATE];
        observed += cells[COUNT];
        expected += cells[EXPECTED];
        ref_events += cells[REF_COUNT];
        ref_people += cells[REF_POPULATION];
    }
    parts->fields[COUNT] = "events";
    parts->fields[POPULATION] = "population";
    parts->fields[REF_COUNT] = "ref_events";
    parts->fields[REF_POPULATION] = "ref_population";
    parts->fields[REF_RATE] = "ref_rate";
    say(parts, basis->measure->statistic == HST_STAT_SMR
                   ? "expected = population x ref. rate; smr = per x observed / expected"
                   : "expected = population x ref. rate; isr = per x observed / expected x "
                     "reference rate");
    if (basis->reference_scale != 1) { /* the reference is of another time than the period */
        parts_add_fact(parts, basis->reference_scale, "period, as a share of the ref.'s time");
    }
    parts_add_fact(parts, observed, "observed");
    parts_add_fact(parts, expected, "expected");
    parts_add_fact(parts, observed / expected, "observed / expected");
    if (basis->measure->statistic != HST_STAT_SMR) {
        parts_add_fact(parts, basis->reference_scale * ref_events / ref_people, "reference rate");
    }
    parts_add_fact(parts, basis->measure->per, "per");
    add_worth(parts, p, RATE_EVENTS);
    return status;
}

/* ---- stays ---- */

static hst_status fill_mean_los(hst_parts *parts, const parted *p, hst_error *err)
{
    static const char *const labels[] = {"days", NULL};
    static const char *const columns[] = {"stays", "days x stays", "days^2 x stays", NULL};
    static const char *const others[] = {"median_los", "p90_los", "q1_los", "q3_los",
                                         "trimmed_mean_los"};
    const rate_unit *unit = p->unit;
    double n = unit->all[RATE_EVENTS], recorded = 0;
    hst_status status = parts_make_table(parts, unit->n_lengths, labels, columns, 7, err);

    for (size_t i = 0; i < unit->n_lengths; i++) {
        recorded += (double)unit->stays[i].n;
    }
    for (size_t i = 0; i < unit->n_lengths && status == HST_OK; i++) {
        double days = unit->stays[i].days, *cells = parts->rows[i].cells;

        snprintf(parts->rows[i].labels[0], sizeof parts->rows[i].labels[0], "%u",
                 (unsigned)unit->stays[i].days);
        cells[0] = (double)unit->stays[i].n * (n / recorded);
        cells[1] = days * cells[0];
        cells[2] = days * days * cells[0];
    }
    parts->fields[0] = "stays";
    say(parts, "mean_los = days / stays; variance = (days^2 - days x mean) / (stays - 1); "
               "limits = mean -/+ t(stays - 1) x sqrt(variance / stays)");
    parts_add_fact(parts, n, "stays");
    parts_add_fact(parts, unit->all[RATE_DAYS], "days");
    parts_add_fact(parts, unit->all[RATE_DAYS_SQUARED], "days^2");
    parts_add_fact(parts, sqrt(p->rows[0].variance), "standard error");
    add_worth(parts, p, RATE_EVENTS);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        parts_add_fact(parts, p->rows[i + 1].value, "%s", others[i]);
    }
    return status;
}

/* Variance within strata of one stay: that within all the others. */
static double pooled_variance(const hst_stay_stratum *strata, size_t n)
{
    double squares = 0, freedom = 0;

    for (size_t i = 0; i < n; i++) {
        if (strata[i].weight > 0 && strata[i].n > 1) {
            squares += strata[i].sum_squared - strata[i].sum * strata[i].sum / strata[i].n;
            freedom += strata[i].n - 1;
        }
    }
    return freedom > 0 ? squares / freedom : NAN;
}

static hst_status fill_std_mean_los(hst_parts *parts, const parted *p, hst_error *err)
{
    static const char *const columns[] = {"stays",    "days",   "days^2",       "mean",
                                          "variance", "weight", "contribution", NULL};
    enum { STAYS, DAYS, SQUARES, MEAN, VARIANCE, WEIGHT, CONTRIBUTION };
    size_t n = p->basis->slice->n_strata;
    const hst_stay_stratum *strata = p->basis->strata; /* as the value was made from them */
    double pooled = pooled_variance(strata, n), total_weight = 0;
    hst_status status = parts_make_table(
        parts, n, of_strata, columns,
        1u << STAYS | 1u << DAYS | 1u << SQUARES | 1u << WEIGHT | 1u << CONTRIBUTION, err);

    for (size_t i = 0; i < n; i++) {
        total_weight += strata[i].n > 0 ? strata[i].weight : 0;
    }
    for (size_t i = 0; i < n && status == HST_OK; i++) {
        const hst_stay_stratum *s = &strata[i];
        double *cells = parts->rows[i].cells;

        name_stratum(&parts->rows[i], p->basis, i);
        cells[STAYS] = s->n;
        cells[DAYS] = s->sum;
        cells[SQUARES] = s->sum_squared;
        if (s->n > 0) {
            cells[MEAN] = s->sum / s->n;
            cells[VARIANCE] =
                s->n > 1 ? (s->sum_squared - s->sum * s->sum / s->n) / (s->n - 1) : pooled;
            cells[WEIGHT] = s->weight;
            cells[CONTRIBUTION] = s->weight * cells[MEAN] / total_weight;
        }
    }
    parts->fields[STAYS] = "stays";
    parts->fields[DAYS] = "days";
    parts->fields[SQUARES] = "days_squared";
    parts->fields[WEIGHT] = "weight";
    say(parts, "contribution = weight x mean / sum of weights; std_mean_los = their sum; its "
               "variance = sum (weight / sum of weights)^2 x variance / stays; a stratum without "
               "stays is left out");
    parts_add_fact(parts, total_weight, "sum of weights");
    parts_add_fact(parts, p->rows[0].variance, "variance");
    return status;
}

static void fill_bed_days(hst_parts *parts, const parted *p)
{
    bool is_rate = p->basis->measure->statistic == HST_STAT_BED_DAY_RATE;

    say(parts, is_rate ? "bed_day_rate = per x bed days / population; its variance = (per / "
                         "population)^2 x bed days^2 of each stay"
                       : "bed_days = days of the stays");
    parts_add_fact(parts, p->unit->all[RATE_EVENTS], "stays");
    if (is_rate) {
        parts_add_fact(parts, p->unit->all[RATE_DAYS], "bed days");
        parts_add_fact(parts, p->unit->all_variance[RATE_DAYS_SQUARED], "bed days^2 of each stay");
        parts_add_fact(parts, people_of(p), "population");
        parts_add_fact(parts, p->basis->measure->per, "per");
        add_worth(parts, p, RATE_DAYS);
    }
}

static void fill_readmission(hst_parts *parts, const parted *p)
{
    say(parts, "readmission = per x readmitted / stays; limits by Wilson");
    parts_add_fact(parts, p->unit->all[RATE_EVENTS], "stays that might be followed by one");
    parts_add_fact(parts, p->unit->all[RATE_READMITTED], "readmitted");
    parts_add_fact(parts, p->basis->measure->per, "per");
    add_worth(parts, p, RATE_EVENTS);
}

/* ---- indices ---- */

static void fill_growth(hst_parts *parts, const parted *p)
{
    say(parts, "growth = 100 x of the period / of the base period");
    parts_add_fact(parts, p->unit->all[RATE_EVENTS], "of the period");
    parts_add_fact(parts, p->unit->base, "of the base period %s",
                   p->basis->inputs->extras[p->basis->slice->measure].base.label);
}

static hst_status fill_hhi(hst_parts *parts, const parted *p, hst_error *err)
{
    static const char *const labels[] = {"provider", NULL};
    static const char *const columns[] = {"count", "share", "share^2", NULL};
    const rate_unit *unit = p->unit;
    size_t n = 0;
    hst_status status = parts_make_table(parts, unit->n_providers, labels, columns, 7, err);

    for (size_t i = 1; i < unit->n_providers && status == HST_OK; i++) {
        hst_part *part = &parts->rows[n];

        if (unit->providers[i] > 0) {
            snprintf(part->labels[0], sizeof part->labels[0], "%s",
                     hst_cube_split(p->basis->inputs->cube, p->basis->slice->measure, i));
            part->cells[0] = unit->providers[i];
            part->cells[1] = unit->providers[i] / p->rows[0].total_count;
            part->cells[2] = part->cells[1] * part->cells[1];
            n++;
        }
    }
    parts->n_rows = n;
    say(parts, "hhi = sum of share^2; effective_providers = 1 / hhi");
    parts_add_fact(parts, p->rows[0].value, "effective_providers");
    return status;
}

hst_status parts_fill(hst_parts *parts, const parted *p, hst_error *err)
{
    switch (p->basis->measure->statistic) {
    case HST_STAT_COUNT:
        fill_count(parts, p);
        break;
    case HST_STAT_CRUDE_RATE:
        fill_crude(parts, p);
        break;
    case HST_STAT_DSR:
        return fill_dsr(parts, p, err);
    case HST_STAT_ISR:
    case HST_STAT_SMR:
        return fill_isr(parts, p, err);
    case HST_STAT_MEAN_LOS:
        return fill_mean_los(parts, p, err);
    case HST_STAT_STD_MEAN_LOS:
        return fill_std_mean_los(parts, p, err);
    case HST_STAT_BED_DAYS:
    case HST_STAT_BED_DAY_RATE:
        fill_bed_days(parts, p);
        break;
    case HST_STAT_READMISSION:
        fill_readmission(parts, p);
        break;
    case HST_STAT_HHI:
        return fill_hhi(parts, p, err);
    case HST_STAT_GROWTH:
        fill_growth(parts, p);
        break;
    case HST_STAT_ACS_SCORE: /* of all areas together: parts_of_acs */
        break;
    }
    return HST_OK;
}

/* ---- acs_score ---- */

/* Rates of all areas, [n_areas][RATE_ACS_ROWS]. */
static hst_status rate_areas(const parted *p, rate *rows, size_t n_areas, hst_error *err)
{
    const rate_basis *basis = p->basis;
    rate_unit unit = {0};
    hst_status status = rate_unit_init(&unit, basis->slice, basis->inputs, err);

    for (size_t i = 0; i < n_areas && status == HST_OK; i++) {
        status = rate_unit_of_area(&unit, basis->inputs, basis->slice, i, p->cells, err);
        if (status == HST_OK) {
            rate_compute(basis, &unit, true, &rows[i * RATE_ACS_ROWS]);
        }
    }
    rate_unit_clear(&unit);
    return status == HST_OK ? rate_acs_finish(basis, rows, n_areas, err) : status;
}

enum { ACS_IMD, ACS_ISR, ACS_FITTED, ACS_RESIDUAL, ACS_RSTANDARD, ACS_STANINE, ACS_SCORE };

static void list_scores(hst_parts *parts, const parted *p, const hst_acs_score *scores,
                        const double *isr, const double *imd)
{
    for (size_t i = 0; i < parts->n_rows; i++) {
        hst_part *part = &parts->rows[i];

        snprintf(part->labels[0], sizeof part->labels[0], "%s",
                 hst_areas_code(p->basis->inputs->areas, i));
        part->cells[ACS_IMD] = imd[i];
        part->cells[ACS_ISR] = isr[i];
        part->cells[ACS_FITTED] = scores[i].fitted;
        part->cells[ACS_RESIDUAL] = scores[i].residual;
        part->cells[ACS_RSTANDARD] = scores[i].rstandard;
        if (scores[i].score > 0) {
            part->cells[ACS_STANINE] = scores[i].stanine;
            part->cells[ACS_SCORE] = scores[i].score;
        }
    }
}

static void add_score_facts(hst_parts *parts, const parted *p, const rate *own)
{
    static const char *const names[] = {[ACS_IMD] = "imd",
                                        [ACS_ISR] = "acs_isr",
                                        [ACS_FITTED] = "fitted",
                                        [ACS_RESIDUAL] = "residual",
                                        [ACS_RSTANDARD] = "acs_residual (rstandard)",
                                        [ACS_STANINE] = "stanine"};
    double observed = own[RATE_ACS_ISR].total_count;

    parts_add_fact(parts, observed, "observed");
    parts_add_fact(parts, own[RATE_ACS_ISR].total_pop, "population");
    for (size_t i = ACS_IMD; i <= ACS_STANINE; i++) {
        parts_add_fact(parts, parts->rows[p->area].cells[i], "%s", names[i]);
    }
    parts_add_fact(parts, own[RATE_ACS_SCORE].value, "acs_score");
    parts->statistic = "acs_score";
    parts->total_count = isnan(observed) ? -1 : llround(observed);
    parts->value = own[RATE_ACS_SCORE].value;
}

hst_status parts_of_acs(hst_parts *parts, const parted *p, hst_error *err)
{
    static const char *const labels[] = {"area", NULL};
    static const char *const columns[] = {"imd",       "acs_isr", "fitted",    "residual",
                                          "rstandard", "stanine", "acs_score", NULL};
    size_t n = hst_areas_n(p->basis->inputs->areas);
    rate *rows = calloc(n * RATE_ACS_ROWS, sizeof *rows);
    hst_acs_score *scores = calloc(n, sizeof *scores);
    double *isr = calloc(n, sizeof *isr), *imd = calloc(n, sizeof *imd);
    hst_status status = parts_make_table(parts, n, labels, columns, 0, err);

    if (status != HST_OK || !rows || !scores || !isr || !imd) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for the scores of %zu areas", n);
        goto done;
    }
    status = rate_areas(p, rows, n, err);
    if (status != HST_OK) {
        goto done;
    }
    for (size_t i = 0; i < n; i++) {
        isr[i] = rows[i * RATE_ACS_ROWS + RATE_ACS_ISR].value;
        imd[i] = hst_deprivation_of(p->basis->inputs->deprivation,
                                    hst_areas_code(p->basis->inputs->areas, i));
    }
    hst_acs_scores(scores, isr, imd, n, false);
    list_scores(parts, p, scores, isr, imd);
    add_score_facts(parts, p, &rows[p->area * RATE_ACS_ROWS]);
    say(parts, "fitted = least squares of acs_isr on imd over all areas; rstandard = residual / "
               "its standard error; stanine = floor(2 x rstandard + 5.5), 1 to 9; acs_score = 10 - "
               "stanine");

done:
    free(rows);
    free(scores);
    free(isr);
    free(imd);
    return status;
}
