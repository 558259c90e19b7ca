/* The methods in force, in plain words: what a reader who does not know their names needs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "publish/report_internal.h"

/* What the value of a rule means. */
typedef struct meaning {
    const char *value, *words;
} meaning;

static const char *words_of(const meaning *meanings, const char *value)
{
    for (; meanings->value; meanings++) {
        if (strcmp(meanings->value, value) == 0) {
            return meanings->words;
        }
    }
    return "";
}

static void write_rule(hst_json_stream *json, const char *name, const char *value,
                       const char *words)
{
    hst_json_begin_object(json, NULL);
    hst_json_text(json, "name", name);
    hst_json_text(json, "value", value);
    hst_json_text(json, "words", words);
    hst_json_end_object(json);
}

/* ---- what is counted ---- */

static const meaning spells[] = {
    {"nhsd", "Episodes of a person with the same admission date, provider and spell number are one "
             "stay, as in NHS Digital's spells."},
    {"york", "An episode goes on with the stay of the one before it at the same provider when both "
             "have the same admission date or the same start, or when it begins on the day on "
             "which that one ended without a discharge, as in the spells of the University of "
             "York."},
    {"supplied", "Stays are as the extract's own spell numbers have them."},
    {NULL, NULL}};

static const meaning continuous_spells[] = {
    {"nhsd", "Stays that follow each other within two days by a transfer are one continuous stay, "
             "as in NHS Digital's continuous inpatient spells."},
    {"york", "Stays that follow each other within three days by a transfer are one continuous "
             "stay, as in the spells of the University of York."},
    {"none", "Every stay at a provider is counted by itself, also after a transfer."},
    {NULL, NULL}};

static const meaning duplicates[] = {
    {"nhsd", "Rows of a person with the same record key are counted once; the finished and newest "
             "one is kept."},
    {"hf", "Rows of a person with the same record key, or that agree in dates, provider and care, "
           "are counted once; the most complete one is kept."},
    {"none", "Rows that repeat another are counted, too."},
    {NULL, NULL}};

static bool has_unit(const hst_study *study, hst_unit unit)
{
    for (size_t i = 0; i < study->n_measures; i++) {
        if (!study->measures[i].is_table && study->measures[i].unit == unit) {
            return true;
        }
    }
    return false;
}

static void write_counting(hst_json_stream *json, const hst_study *study)
{
    bool has_continuous = has_unit(study, HST_UNIT_CIPS);

    if (has_continuous || has_unit(study, HST_UNIT_SPELL)) {
        write_rule(json, "Spells", study->spell_rule, words_of(spells, study->spell_rule));
    }
    if (has_continuous) {
        write_rule(json, "Continuous spells", study->cips_rule,
                   words_of(continuous_spells, study->cips_rule));
    }
    write_rule(json, "Duplicates", study->duplicates, words_of(duplicates, study->duplicates));
}

/* ---- rates ---- */

static const meaning standards[] = {
    {"esp1976", "Rates are for a population with the ages of the European Standard Population of "
                "1976, so that areas with older people can be compared with others."},
    {"esp1976_19", "Rates are for a population with the ages of the European Standard Population "
                   "of 1976 in 19 bands, so that areas with older people can be compared with "
                   "others."},
    {"esp2013", "Rates are for a population with the ages of the European Standard Population of "
                "2013, so that areas with older people can be compared with others."},
    {"esp2013_21", "Rates are for a population with the ages of the European Standard Population "
                   "of 2013 in 21 bands, so that areas with older people can be compared with "
                   "others."},
    {"who2000", "Rates are for a population with the ages of the World Standard Population of the "
                "World Health Organization, so that areas with older people can be compared with "
                "others."},
    {NULL, NULL}};

static const meaning denominator_years[] = {
    {"financial", "The population is the mid-year estimate of the year in which the financial "
                  "year begins."},
    {"calendar", "The population is the mid-year estimate of the calendar year."},
    {"interpolate", "The population is drawn in a straight line between two mid-year estimates."},
    {NULL, NULL}};

static bool has_statistic(const hst_study *study, hst_statistic statistic)
{
    for (size_t i = 0; i < study->n_measures; i++) {
        if (!study->measures[i].is_table && study->measures[i].statistic == statistic) {
            return true;
        }
    }
    return false;
}

static void write_rates(hst_json_stream *json, const hst_study *study)
{
    static const char *const years[] = {
        [HST_DENOMINATOR_FINANCIAL] = "financial",
        [HST_DENOMINATOR_CALENDAR] = "calendar",
        [HST_DENOMINATOR_INTERPOLATE] = "interpolate",
    };
    const char *year = years[study->denominator_year];
    bool is_direct = has_statistic(study, HST_STAT_DSR);
    bool is_indirect = has_statistic(study, HST_STAT_ISR) || has_statistic(study, HST_STAT_SMR) ||
                       has_statistic(study, HST_STAT_ACS_SCORE);

    if (is_direct) {
        const char *words = words_of(standards, study->standard_population);

        write_rule(json, "Standard population", study->standard_population,
                   words[0] ? words
                            : "Rates are for a population with the ages of the study's own "
                              "standard, so that areas with older people can be compared with "
                              "others.");
    }
    if (is_direct || is_indirect || has_statistic(study, HST_STAT_STD_MEAN_LOS)) {
        write_rule(json, "Strata", study->by_sex ? "age_sex" : "age",
                   study->by_sex ? "Men and women of each age band are standardised by themselves."
                                 : "Each age band is standardised by itself, both sexes together.");
    }
    if (is_direct || is_indirect || has_statistic(study, HST_STAT_CRUDE_RATE) ||
        has_statistic(study, HST_STAT_BED_DAY_RATE)) {
        write_rule(json, "Denominator year", year, words_of(denominator_years, year));
    }
}

/* ---- limits ---- */

static const meaning limits[] = {
    {"dobson-byar", "Limits of standardised rates by Dobson's method, from Byar's of the count."},
    {"dobson-exact", "Limits of standardised rates by Dobson's method, from exact ones of the "
                     "count."},
    {"fay-feuer", "Limits of standardised rates from the gamma distribution, by Fay and Feuer."},
    {"tiwari", "Limits of standardised rates from the gamma distribution, by Tiwari and others."},
    {"mid-p", "Limits of standardised rates from the gamma distribution, by mid-P."},
    {"repeat-adjusted", "Limits allow for people who are admitted more than once, and so are "
                        "wider."},
    {"normal", "Limits from the normal distribution."},
    {"byar", "Limits of a count by Byar's method, exact below 10 events."},
    {"exact", "Exact limits of a count."},
    {"t", "Limits of mean stays by Student's t."},
    {"wilson", "Limits of percentages by Wilson's method."},
    {NULL, NULL}};

/* How the limits of a measure are made; NULL: it has none. */
static const char *limits_of(const hst_measure *measure)
{
    bool is_default = measure->interval == HST_INTERVAL_DEFAULT;

    switch (measure->statistic) {
    case HST_STAT_DSR:
    case HST_STAT_BED_DAY_RATE:
        return is_default ? "dobson-byar" : hst_interval_name(measure->interval);
    case HST_STAT_CRUDE_RATE:
    case HST_STAT_ISR:
    case HST_STAT_SMR:
    case HST_STAT_ACS_SCORE:
        return is_default ? "byar" : hst_interval_name(measure->interval);
    case HST_STAT_MEAN_LOS:
        return "t";
    case HST_STAT_STD_MEAN_LOS:
        return "normal";
    case HST_STAT_READMISSION:
        return "wilson";
    default:
        return NULL;
    }
}

static void write_limits(hst_json_stream *json, const hst_study *study)
{
    for (const meaning *kind = limits; kind->value; kind++) {
        bool is_used = false;

        for (size_t i = 0; i < study->n_measures && !is_used; i++) {
            const hst_measure *measure = &study->measures[i];
            const char *value = measure->is_table ? NULL : limits_of(measure);

            is_used = value && strcmp(value, kind->value) == 0;
        }
        if (is_used) {
            write_rule(json, "Limits", kind->value, kind->words);
        }
    }
}

static void write_confidence(hst_json_stream *json, const hst_study *study)
{
    static const meaning levels[] = {
        {"95 %", "Of a hundred such intervals, 95 hold the value that lies under the chance of "
                 "single events."},
        {"95 %, 99.8 %", "Of a hundred such intervals, 95 hold the value that lies under the "
                         "chance of single events; of the wider ones all but two in a thousand."},
        {NULL, NULL}};
    bool has_both = false, has_limits = false;

    for (size_t i = 0; i < study->n_measures; i++) {
        const hst_measure *measure = &study->measures[i];

        has_limits |= !measure->is_table && limits_of(measure);
        has_both |= measure->n_confidence == 2;
    }
    if (has_limits) {
        const meaning *level = &levels[has_both];

        write_rule(json, "Confidence", level->value, level->words);
    }
}

/* ---- services ---- */

static const meaning methods[] = {
    {"pre_post", "Before and after: the review period beside the baseline. It takes any trend for "
                 "an effect."},
    {"trend", "Trend: a straight line through all points, and whether it rises or falls."},
    {"its", "Segmented regression: what happened beside what the trend before the date would have "
            "brought."},
    {"did", "Difference-in-differences: the change at the site beside the change in other areas."},
    {"synthetic_control", "Synthetic control: the site beside a mixture of other areas that went "
                          "along with it before the date."},
    {"spc", "Control chart: points after the date that chance alone does not explain."},
    {NULL, NULL}};

static void write_services(hst_json_stream *json, const hst_study *study)
{
    unsigned used = 0;

    for (size_t i = 0; i < study->n_impacts; i++) {
        used |= study->impacts[i].methods;
    }
    for (unsigned m = 0; m < HST_N_IMPACT_METHODS; m++) {
        if (used >> m & 1u) {
            const char *name = hst_impact_method_name((hst_impact_method)m);

            write_rule(json, "Method", name, words_of(methods, name));
        }
    }
    if (study->n_impacts > 0) {
        write_rule(json, "Verdict", "change, no clear change, cannot tell",
                   "Change: the limits of the method declared before the run exclude no effect, "
                   "with and without suspected recording breaks, and hardly any other area moved "
                   "as much. No clear change: they do not, and a change that matters would "
                   "probably have shown. Cannot tell: anything else.");
    }
}

static void write_screen(hst_json_stream *json, const hst_study *study)
{
    char words[384];

    if (!study->breaks.screen) {
        write_rule(json, "Recording breaks", "not looked for",
                   "Changes in how providers record were not looked for: a jump of a series may be "
                   "one.");
        return;
    }
    snprintf(words, sizeof words,
             "What each provider sent of each area and specialty was searched for sudden changes "
             "of level by %g %% or more, at a false discovery rate of %g %%; what is found is more "
             "likely a change in recording than in care. Series with fewer than %g records a month "
             "were not searched.",
             study->breaks.min_size * 100, study->breaks.max_p * 100, study->breaks.min_monthly);
    write_rule(json, "Recording breaks", "screened", words);
}

/* ---- charts and release ---- */

static void write_charts(hst_json_stream *json)
{
    write_rule(json, "Control charts", "XmR",
               "Mean with limits of 2.66 times the mean step from point to point, without the "
               "largest steps. Where a service began after 12 points or more, the points before "
               "it set the limits.");
    write_rule(json, "Funnels", "95 %, 99.8 %",
               "Areas beside each other by size: outside the outer limits lie by chance alone two "
               "in a thousand.");
}

static void write_disclosure(hst_json_stream *json, const hst_publication *p)
{
    char words[512];

    if (!p->disclosure) {
        write_rule(
            json, "Disclosure control", "none",
            "These are the true numbers, also the small ones: for use inside a safe environment.");
        return;
    }
    snprintf(
        words, sizeof words,
        "Below England, counts of 1 to %d are hidden and larger ones rounded to the nearest "
        "%d%s; values and limits have %d decimal%s and are withheld where a hidden number could "
        "be worked out from them.",
        p->study->publish.disclosure.min - 1, p->study->publish.disclosure.round,
        p->disclosure->total_round == 1 ? ", England's exact" : ", England's too",
        p->study->publish.disclosure.decimals,
        p->study->publish.disclosure.decimals == 1 ? "" : "s");
    write_rule(json, "Disclosure control", p->study->publish.disclosure.rule, words);
}

void hst_report_rules(hst_json_stream *json, const hst_publication *p)
{
    hst_json_begin_array(json, "rules");
    write_counting(json, p->study);
    write_rates(json, p->study);
    write_confidence(json, p->study);
    write_limits(json, p->study);
    write_services(json, p->study);
    write_screen(json, p->study);
    write_charts(json);
    write_disclosure(json, p);
    hst_json_end_array(json);
}
