/* Rows of the results as they are released. Counts are rounded or hidden; values from counts alone
 * (counts, crude rates, bed days and their rate, readmissions, growth) are worked out again from
 * what is shown; all others stay as they are, or are withheld. */
#include <math.h>
#include <string.h>

#include "hestia/interval.h"
#include "publish/disclosure_internal.h"

enum { QUANTILES_FROM = 30 };

static const char *const hidden_note = "withheld under the disclosure rule";
static const char *const no_values_note = "value and limits withheld under the disclosure rule";

/* Of how many stays a quantile or a trimmed mean is shown. */
static bool is_quantile(const char *statistic)
{
    static const char *const names[] = {"median_los", "p90_los", "q1_los", "q3_los",
                                        "trimmed_mean_los"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], statistic) == 0) {
            return true;
        }
    }
    return false;
}

static void drop_values(hst_result *row)
{
    row->value = row->lowercl = row->uppercl = row->lower998 = row->upper998 = NAN;
    row->compared = row->compared_method = "";
    row->is_suppressed = true;
}

/* ---- methods ---- */

/* Which limits a count has, exact ones below ten, would tell how large it is: rows whose count is
 * not shown as it is get the words of what is shown. Both begin with five letters. */
static const char *const exact = "Exact", *const byars = "Byars";

typedef struct method_texts {
    size_t measure;
    const char *of_exact, *of_byars; /* NULL: no row has it */
} method_texts;

static bool says(const char *method, const char *word)
{
    return method && strncmp(method, word, strlen(word)) == 0;
}

/* The texts of the measure that a row belongs to; rows of a measure stand together. */
static void find_methods(const hst_publication *p, size_t number, method_texts *texts)
{
    size_t measure = p->results[number].measure;

    if (texts->measure == measure) {
        return;
    }
    *texts = (method_texts){.measure = measure};
    for (size_t i = number; i < p->n_results && p->results[i].measure == measure &&
                            !(texts->of_exact && texts->of_byars);
         i++) {
        const char *method = p->results[i].method;

        if (says(method, exact)) {
            texts->of_exact = method;
        } else if (says(method, byars)) {
            texts->of_byars = method;
        }
    }
}

static void say_method(hst_result *row, const method_texts *texts, bool is_exact)
{
    const char *text = is_exact ? texts->of_exact : texts->of_byars;

    if (says(row->method, exact) || says(row->method, byars)) {
        row->method = text ? text : "";
    }
}

/* ---- values from what is shown ---- */

double disclosure_value_of_shown(const disclosure_rule *rule, const hst_measure *measure,
                                 double value, double count, double shown, double shown_pop)
{
    double days = value * shown_pop / measure->per;

    switch (measure->statistic) {
    case HST_STAT_COUNT:
        return measure->per_working_day ? shown / shown_pop : shown;
    case HST_STAT_CRUDE_RATE:
        return count > 0 ? value * shown / count : value;
    case HST_STAT_BED_DAYS:
        return disclosure_round_sum(rule, value);
    case HST_STAT_BED_DAY_RATE:
        return days > 0 ? value * disclosure_round_sum(rule, days) / days : value;
    case HST_STAT_READMISSION:
        return measure->per * shown / shown_pop;
    case HST_STAT_GROWTH:
        return 100 * shown / shown_pop;
    default:
        return value;
    }
}

/* Both pairs of limits of a row, and their confidence. */
typedef struct limit_pair {
    double *lower, *upper;
    double confidence;
} limit_pair;

static size_t pairs_of(hst_result *row, const hst_measure *measure, limit_pair pairs[2])
{
    pairs[0] = (limit_pair){&row->lowercl, &row->uppercl, measure->confidence[0]};
    pairs[1] = (limit_pair){&row->lower998, &row->upper998, measure->confidence[1]};
    return measure->n_confidence;
}

/* Limits of a crude rate from the rounded count. What repeats widen them by stays. */
static void redo_crude_limits(hst_result *row, const hst_measure *measure, int64_t count,
                              const method_texts *texts)
{
    double events = (double)row->total_count, shown = (double)count;
    double value = row->value, scale = value / events;
    bool was_exact = measure->interval == HST_INTERVAL_EXACT || events < HST_BYAR_FROM;
    bool is_exact = measure->interval == HST_INTERVAL_EXACT || shown < HST_BYAR_FROM;
    limit_pair pairs[2];
    size_t n = pairs_of(row, measure, pairs);

    for (size_t i = 0; i < n; i++) {
        hst_limits old = was_exact ? hst_limits_poisson_exact(events, pairs[i].confidence)
                                   : hst_limits_byar(events, pairs[i].confidence);
        hst_limits new = is_exact ? hst_limits_poisson_exact(shown, pairs[i].confidence)
                                  : hst_limits_byar(shown, pairs[i].confidence);
        double wider = 1;

        if (measure->interval == HST_INTERVAL_REPEAT_ADJUSTED) {
            wider = (*pairs[i].upper - value) / (scale * (old.upper - events));
        }
        *pairs[i].lower = fmax(0, shown + wider * (new.lower - shown)) * scale;
        *pairs[i].upper = (shown + wider * (new.upper - shown)) * scale;
    }
    say_method(row, texts, is_exact);
}

/* Limits of a rate of bed days from rounded days: they keep their ratio to Byar's of the days. */
static void redo_bed_day_limits(hst_result *row, const hst_measure *measure,
                                const disclosure_rule *rule)
{
    double value = row->value, days = value * row->total_pop / measure->per;
    double shown = disclosure_round_sum(rule, days);
    double new_value = disclosure_value_of_shown(rule, measure, value, 0, 0, row->total_pop);
    limit_pair pairs[2];
    size_t n = pairs_of(row, measure, pairs);

    for (size_t i = 0; i < n; i++) {
        hst_limits old = hst_limits_byar(days, pairs[i].confidence);
        hst_limits new = hst_limits_byar(shown, pairs[i].confidence);
        bool is_normal = measure->interval == HST_INTERVAL_NORMAL;
        double below = is_normal ? 1 : (shown - new.lower) / (days - old.lower);
        double above = is_normal ? 1 : (new.upper - shown) / (old.upper - days);

        *pairs[i].lower = new_value - (value - *pairs[i].lower) * below;
        *pairs[i].upper = new_value + (*pairs[i].upper - value) * above;
    }
}

static void redo_readmission_limits(hst_result *row, const hst_measure *measure, double readmitted,
                                    double discharged)
{
    limit_pair pairs[2];
    size_t n = pairs_of(row, measure, pairs);

    for (size_t i = 0; i < n; i++) {
        hst_limits limits = hst_limits_wilson(readmitted, discharged, pairs[i].confidence);

        *pairs[i].lower = measure->per * limits.lower;
        *pairs[i].upper = measure->per * limits.upper;
    }
}

/* Works a value out again where it is one of counts alone. */
static void redo_value(hst_result *row, const hst_measure *measure, const disclosure_rule *rule,
                       int64_t count, const method_texts *texts)
{
    if (isnan(row->value) || row->total_count == 0) {
        return;
    }
    switch (measure->statistic) {
    case HST_STAT_CRUDE_RATE:
        redo_crude_limits(row, measure, count, texts);
        break;
    case HST_STAT_BED_DAY_RATE:
        redo_bed_day_limits(row, measure, rule);
        break;
    case HST_STAT_READMISSION:
        redo_readmission_limits(row, measure, (double)count, row->total_pop);
        break;
    default:
        break;
    }
    row->value = disclosure_value_of_shown(rule, measure, row->value, (double)row->total_count,
                                           (double)count, row->total_pop);
}

/* ---- rows ---- */

/* Nothing of the row is shown: small cells and others look alike. */
static void hide_row(hst_result *row, const hst_measure *measure, const method_texts *texts)
{
    drop_values(row);
    row->total_count = -1;
    row->comparator_value = NAN;
    if (disclosure_is_mean(measure)) {
        row->total_pop = NAN;
    }
    row->note = row->note_without_numbers = hidden_note;
    say_method(row, texts, !texts->of_byars);
}

/* The denominator where it is a count; false when it is hidden. */
static bool mask_denominator(hst_result *row, const disclosure_cells *cells, uint32_t denominator)
{
    if (denominator == CELL_NONE) {
        return true;
    }
    if (disclosure_is_hidden(cells, denominator)) {
        row->total_pop = NAN;
        row->is_suppressed = true;
        return false;
    }
    row->total_pop = (double)disclosure_shown_count(cells, denominator);
    return true;
}

static void round_reals(hst_result *row, const disclosure_rule *rule)
{
    double *const reals[] = {&row->value,    &row->lowercl,  &row->uppercl,
                             &row->lower998, &row->upper998, &row->comparator_value};

    for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++) {
        *reals[i] = disclosure_round_real(rule, *reals[i]);
    }
}

/* One row of a cell. */
static void mask_row(hst_result *row, const disclosure_cells *cells, uint32_t number,
                     const method_texts *texts)
{
    const hst_measure *measure = &cells->publication->study->measures[row->measure];
    const disclosure_cell *cell = &cells->items[number];
    uint32_t denominator = disclosure_denominator_of_row(cells, row);
    bool has_denominator = mask_denominator(row, cells, denominator);
    int64_t shown = disclosure_shown_count(cells, number);
    bool is_true = cell->is_national && cells->rule.total_round == 1;

    row->note = row->note_without_numbers ? row->note_without_numbers : row->note;
    if (disclosure_is_hidden(cells, number)) {
        hide_row(row, measure, texts);
        return;
    }
    if (cell->state == CELL_NO_VALUES && disclosure_is_from_true_numbers(measure)) {
        if (!isnan(row->value)) { /* what was not there is not taken away: that would tell */
            row->note = no_values_note;
            drop_values(row);
        }
        say_method(row, texts, shown < HST_BYAR_FROM && texts->of_exact);
    } else if (!has_denominator) {
        drop_values(row);
        row->note = hidden_note;
    } else if (!is_true) {
        redo_value(row, measure, &cells->rule, shown, texts);
    }
    if (!cell->is_national && is_quantile(row->statistic) && !isnan(row->value) &&
        cell->count < QUANTILES_FROM) {
        drop_values(row);
        row->note = "quantiles are shown from 30 stays on";
    }
    row->total_count = shown;
    if (disclosure_is_mean(measure)) {
        row->total_pop = (double)shown;
    }
}

/* The comparator's value as its own row has it now. */
static void copy_comparator(hst_result *row, const disclosure_cells *cells)
{
    const hst_publication *p = cells->publication;
    uint32_t number = disclosure_cell_find(cells, row->measure, LAYER_COUNT, true, row->comparator,
                                           row->period.start, row->period.end, row->split);
    const disclosure_cell *cell = number == CELL_NONE ? NULL : &cells->items[number];

    for (size_t i = 0; cell && i < cell->n_rows; i++) {
        const hst_result *other = &p->results[cell->row + i];

        if (strcmp(other->statistic, row->statistic) == 0) {
            row->comparator_value = other->value;
            if (isnan(other->value)) {
                row->compared = row->compared_method = "";
            }
            return;
        }
    }
}

void disclosure_mask_rows(const disclosure_cells *cells)
{
    const hst_publication *p = cells->publication;
    method_texts texts = {.measure = SIZE_MAX};

    for (size_t i = 0; i < p->n_results; i++) {
        hst_result *row = &p->results[i];
        uint32_t cell = disclosure_cell_of_row(cells, row);

        if (p->study->measures[row->measure].is_table) {
            continue; /* the user's own published numbers */
        }
        find_methods(p, i, &texts);
        if (cell != CELL_NONE) {
            mask_row(row, cells, cell, &texts);
        }
        round_reals(row, &cells->rule);
    }
    for (size_t i = 0; i < p->n_results; i++) {
        hst_result *row = &p->results[i];

        if (row->comparator != SIZE_MAX && !isnan(row->comparator_value)) {
            copy_comparator(row, cells);
        }
    }
}
