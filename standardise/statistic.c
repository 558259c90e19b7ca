/* The statistics of results.csv: which rows each has, what it adds up, and what the rows of all of
 * them share. The formulas are in rate.c, stay_rate.c and indirect_rate.c. */
#include <math.h>
#include <string.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

#include "standardise/rate.h"

#define BIT(source) (1u << (source))

const char *const rate_sentences[RATE_N_SENTENCES] = {
    "no population of this area, or of one of the comparator's, in the year",
    "the population is not known for this split value",
    "a band without population",
    "fewer events than min_events: value and limits withheld",
    "too few events for this interval",
    "the last bands of the standard are merged, as the population's last band is open",
    "the denominator is the population of all ages and both sexes",
    "the denominator is the population of all ethnic groups and levels of deprivation",
    "the reference has no rate in a band, or no population",
    "no stays",
    "in strata of one stay the variance is the pooled one",
    "nothing in a base period of this type",
    "no value in the file for this period",
    "no deprivation score of this area",
    "fewer than three areas with a rate and a deprivation score",
    "total_count is rounded: the file has a fraction, and the value is worked out with it",
};

static const rate_statistic statistics[] = {
    [HST_STAT_COUNT] = {.n_rows = 1,
                        .rows = {"count"},
                        .sources = BIT(RATE_EVENTS),
                        .compute = rate_count},
    [HST_STAT_CRUDE_RATE] = {.n_rows = 1,
                             .limited = 1,
                             .rows = {"crude_rate"},
                             .sources = BIT(RATE_EVENTS),
                             .test = RATE_LOG_RATIO,
                             .needs_population = true,
                             .compute = rate_crude},
    [HST_STAT_DSR] = {.n_rows = 1,
                      .limited = 1,
                      .rows = {"dsr"},
                      .sources = BIT(RATE_EVENTS),
                      .test = RATE_LOG_RATIO,
                      .needs_population = true,
                      .is_stratified = true,
                      .compute = rate_dsr},
    [HST_STAT_ISR] = {.n_rows = 1,
                      .limited = 1,
                      .rows = {"isr"},
                      .sources = BIT(RATE_EVENTS),
                      .test = RATE_LOG_RATIO,
                      .needs_population = true,
                      .is_stratified = true,
                      .with_reference = true,
                      .compute = rate_isr},
    [HST_STAT_SMR] = {.n_rows = 1,
                      .limited = 1,
                      .rows = {"smr"},
                      .sources = BIT(RATE_EVENTS),
                      .test = RATE_LOG_RATIO,
                      .needs_population = true,
                      .is_stratified = true,
                      .with_reference = true,
                      .compute = rate_isr},
    [HST_STAT_MEAN_LOS] = {.n_rows = 6,
                           .limited = 1,
                           .rows = {"mean_los", "median_los", "p90_los", "q1_los", "q3_los",
                                    "trimmed_mean_los"},
                           .test = RATE_DIFFERENCE,
                           .with_stays = true,
                           .compute = rate_mean_los},
    [HST_STAT_STD_MEAN_LOS] = {.n_rows = 1,
                               .limited = 1,
                               .rows = {"std_mean_los"},
                               .sources =
                                   BIT(RATE_EVENTS) | BIT(RATE_DAYS) | BIT(RATE_DAYS_SQUARED),
                               .test = RATE_DIFFERENCE,
                               .is_stratified = true,
                               .compute = rate_std_mean_los},
    [HST_STAT_BED_DAYS] = {.n_rows = 1,
                           .rows = {"bed_days"},
                           .sources = BIT(RATE_EVENTS) | BIT(RATE_DAYS) | BIT(RATE_DAYS_SQUARED),
                           .compute = rate_bed_days},
    [HST_STAT_BED_DAY_RATE] = {.n_rows = 1,
                               .limited = 1,
                               .rows = {"bed_day_rate"},
                               .sources =
                                   BIT(RATE_EVENTS) | BIT(RATE_DAYS) | BIT(RATE_DAYS_SQUARED),
                               .test = RATE_LOG_RATIO,
                               .needs_population = true,
                               .compute = rate_bed_day_rate},
    [HST_STAT_READMISSION] = {.n_rows = 1,
                              .limited = 1,
                              .rows = {"readmission"},
                              .sources = BIT(RATE_EVENTS) | BIT(RATE_READMITTED),
                              .test = RATE_LOG_RATIO,
                              .compute = rate_readmission},
    [HST_STAT_HHI] = {.n_rows = 2,
                      .main = 1,
                      .rows = {"effective_providers", "hhi"},
                      .with_providers = true,
                      .compute = rate_hhi},
    [HST_STAT_GROWTH] = {.n_rows = 1,
                         .rows = {"growth"},
                         .sources = BIT(RATE_EVENTS),
                         .with_base = true,
                         .compute = rate_growth},
    [HST_STAT_ACS_SCORE] = {.n_rows = RATE_ACS_ROWS,
                            .limited = 1,
                            .main = RATE_ACS_SCORE,
                            .rows = {[RATE_ACS_ISR] = "acs_isr",
                                     [RATE_ACS_RESIDUAL] = "acs_residual",
                                     [RATE_ACS_SCORE] = "acs_score"},
                            .sources = BIT(RATE_EVENTS),
                            .needs_population = true,
                            .is_stratified = true,
                            .with_reference = true,
                            .is_of_areas_alone = true,
                            .compute = rate_isr,
                            .finish = rate_acs_finish},
};

const rate_statistic *rate_statistic_of(const hst_measure *measure)
{
    return &statistics[measure->statistic];
}

unsigned rate_sources_of(const hst_measure *measure)
{
    return statistics[measure->statistic].sources |
           (measure->interval == HST_INTERVAL_REPEAT_ADJUSTED ? BIT(RATE_SQUARES) : 0);
}

/* True for sexes that are neither one nor both of those of a population. */
static bool is_odd_choice(const hst_texts *sexes)
{
    bool has[2] = {false, false};

    for (size_t i = 0; i < sexes->n; i++) {
        has[0] = has[0] || strcmp(sexes->items[i], "1") == 0;
        has[1] = has[1] || strcmp(sexes->items[i], "2") == 0;
    }
    return sexes->n > 1 && !(sexes->n == 2 && has[0] && has[1]);
}

/* Where the events are those of a part of the people, and the denominator is not. */
static unsigned notes_on_denominator(const rate_basis *basis)
{
    const hst_measure *measure = basis->measure;
    const hst_where *where = &measure->where;
    unsigned notes = 0;

    if ((where->has_age && basis->slice->all_ages) || is_odd_choice(&where->codes[HST_WHERE_SEX])) {
        notes |= RATE_ALL_AGES;
    }
    if (where->codes[HST_WHERE_ETHNICITY].n > 0 ||
        where->codes[HST_WHERE_DEPRIVATION_QUINTILE].n > 0 ||
        (basis->slice->split > 0 &&
         (measure->split == HST_SPLIT_ETHNICITY || measure->split == HST_SPLIT_DEPRIVATION))) {
        notes |= RATE_ALL_GROUPS;
    }
    return notes;
}

/* What every statistic with a population has to say of it. */
static unsigned notes_on_population(const rate_basis *basis, const rate_unit *unit, const rate *r)
{
    const rate_statistic *statistic = rate_statistic_of(basis->measure);
    unsigned notes = 0;

    if (!statistic->needs_population) {
        return 0;
    }
    if (!unit->has_people) {
        notes |= basis->slice->has_population ? RATE_NO_POPULATION : RATE_NO_OWN_POPULATION;
    } else if (statistic->is_stratified &&
               basis->inputs->standard->bands.n < basis->inputs->counted->bands.n) {
        notes |= RATE_MERGED;
    }
    return isnan(r->value) ? notes : notes | notes_on_denominator(basis);
}

void rate_compute(const rate_basis *basis, const rate_unit *unit, bool is_published, rate *rows)
{
    const rate_statistic *statistic = rate_statistic_of(basis->measure);

    for (size_t i = 0; i < statistic->n_rows; i++) {
        rows[i] = (rate){.total_count = NAN,
                         .total_pop = NAN,
                         .value = NAN,
                         .variance = NAN,
                         .limits = {{NAN, NAN}, {NAN, NAN}}};
    }
    statistic->compute(basis, unit, is_published, rows);
    for (size_t i = 0; i < statistic->n_rows; i++) {
        rows[i].notes |= notes_on_population(basis, unit, &rows[i]);
        if (basis->measure->is_table && floor(rows[i].total_count) < rows[i].total_count) {
            rows[i].notes |= RATE_ROUNDED_COUNT;
        }
    }
}

/* Distance of two values in standard errors; NAN where the test has none. */
static double distance(rate_test test, const rate *a, const rate *b)
{
    switch (test) {
    case RATE_LOG_RATIO:
        return a->value > 0 && b->value > 0
                   ? fabs(log(a->value / b->value)) / sqrt(a->variance / (a->value * a->value) +
                                                           b->variance / (b->value * b->value))
                   : NAN;
    case RATE_DIFFERENCE:
        return fabs(a->value - b->value) / sqrt(a->variance + b->variance);
    case RATE_NO_TEST:
        break;
    }
    return NAN;
}

const char *rate_compare(const hst_measure *measure, const rate *area, const rate *reference)
{
    double z = distance(rate_statistic_of(measure)->test, area, reference);
    bool is_lower = area->value < reference->value;

    if (isnan(z)) {
        return "";
    }
    if (!(z > qnorm((1 - measure->confidence[0] / 100) / 2, 0, 1, 0, 0))) {
        return "similar";
    }
    switch (measure->direction) {
    case HST_DIRECTION_LOWER_IS_BETTER:
        return is_lower ? "better" : "worse";
    case HST_DIRECTION_HIGHER_IS_BETTER:
        return is_lower ? "worse" : "better";
    case HST_DIRECTION_NEUTRAL:
        break;
    }
    return is_lower ? "lower" : "higher";
}
