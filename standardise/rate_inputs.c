/* What measures need beside the cube and the populations: weights of stays, references, base
 * periods, small tables; and the check of what they ask for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "standardise/rate.h"

enum { N_STANDARD_SEXES = 2 };

static hst_status refuse(const rate_inputs *inputs, const hst_measure *measure, const char *message,
                         hst_error *err)
{
    return hst_fail(err, HST_ERR_USAGE, "%s, line %zu: measure `%s`: %s", inputs->study->path,
                    measure->line, measure->id, message);
}

static bool has_interval(const hst_measure *measure)
{
    switch (measure->statistic) {
    case HST_STAT_DSR:
        return measure->interval == HST_INTERVAL_REPEAT_ADJUSTED ||
               hst_dsr_has_interval(measure->interval);
    case HST_STAT_CRUDE_RATE:
        return measure->interval == HST_INTERVAL_DEFAULT ||
               measure->interval == HST_INTERVAL_REPEAT_ADJUSTED ||
               measure->interval == HST_INTERVAL_BYAR || measure->interval == HST_INTERVAL_EXACT;
    default:
        return true;
    }
}

static hst_status check_measure(const rate_inputs *inputs, const hst_measure *measure,
                                hst_error *err)
{
    char message[160];

    if (!has_interval(measure)) {
        snprintf(message, sizeof message, "interval %s does not go with statistic %s",
                 hst_interval_name(measure->interval), hst_statistic_name(measure->statistic));
        return refuse(inputs, measure, message, err);
    }
    if (measure->is_table && measure->statistic != HST_STAT_GROWTH &&
        measure->statistic != HST_STAT_COUNT) {
        return refuse(inputs, measure, "of a table there are `count` and `growth` only", err);
    }
    if (rate_statistic_of(measure)->needs_population && !inputs->population) {
        return refuse(inputs, measure, "a rate needs `population` in the study", err);
    }
    if (measure->statistic == HST_STAT_ACS_SCORE && !inputs->study->deprivation) {
        return refuse(inputs, measure, "acs_score needs `deprivation` in the study", err);
    }
    return HST_OK;
}

/* ---- std_mean_los ---- */

/* Pooled stays of all areas over the whole period of the measure. */
static hst_status pool_stays(rate_inputs *inputs, size_t measure, hst_error *err)
{
    hst_by finest = hst_measures_finest(inputs->measures, measure);
    size_t n_bands = inputs->standard->bands.n;
    const hst_period *periods = NULL;
    size_t n_periods = hst_measures_periods(inputs->measures, measure, finest, &periods);
    double *weights = calloc(N_STANDARD_SEXES * n_bands, sizeof *weights);

    if (!weights) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the weights of stays");
    }
    inputs->extras[measure].stay_weights = weights;
    for (size_t area = 0; area < hst_areas_n(inputs->areas); area++) {
        for (size_t period = 0; period < n_periods; period++) {
            for (unsigned sex = 0; sex < N_STANDARD_SEXES; sex++) {
                for (size_t band = 0; band < inputs->counted->bands.n; band++) {
                    weights[sex * n_bands + rate_merged_band(inputs, band)] +=
                        (double)hst_cube_events(inputs->cube, measure, 0, area, finest, period, sex,
                                                band);
                }
            }
        }
    }
    return HST_OK;
}

/* ---- isr, smr, acs_score ---- */

static hst_status find_reference_areas(rate_inputs *inputs, size_t measure, hst_error *err)
{
    const hst_measure *m = &inputs->study->measures[measure];
    const hst_texts *codes = &m->reference_areas;
    rate_reference *reference = &inputs->extras[measure].reference;
    size_t n_areas = hst_areas_n(inputs->areas);
    char message[160];

    reference->is_all = codes->n == 0 || (codes->n == 1 && strcmp(codes->items[0], "all") == 0);
    reference->areas = calloc(n_areas + 1, sizeof *reference->areas);
    if (!reference->areas) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu areas", n_areas);
    }
    for (size_t area = 0; area < n_areas; area++) {
        bool is_member = reference->is_all;

        for (size_t i = 0; i < codes->n && !is_member; i++) {
            is_member = strcmp(codes->items[i], hst_areas_code(inputs->areas, area)) == 0;
        }
        if (is_member) {
            reference->areas[reference->n_areas++] = area;
        }
    }
    if (!reference->is_all && reference->n_areas < codes->n) {
        snprintf(message, sizeof message,
                 "%zu of the areas of `reference` are not in the area list, or there twice",
                 codes->n - reference->n_areas);
        return refuse(inputs, m, message, err);
    }
    return HST_OK;
}

/* The periods of the cube that make up the year of reference. */
static hst_status find_reference_year(const rate_inputs *inputs, size_t measure, hst_error *err)
{
    const hst_measure *m = &inputs->study->measures[measure];
    rate_reference *reference = &inputs->extras[measure].reference;
    const hst_period *periods = NULL;
    hst_date covered = 0;
    size_t n = 0;

    if (!m->reference_year) {
        return HST_OK;
    }
    if (!hst_period_parse_as(HST_BY_YEAR, m->reference_year, &reference->year)) {
        return refuse(inputs, m, "`reference: {year: ..}` is a financial year, as 2007/08", err);
    }
    reference->has_year = true;
    reference->type =
        m->by & HST_BY_YEAR ? HST_BY_YEAR : hst_measures_finest(inputs->measures, measure);
    n = hst_measures_periods(inputs->measures, measure, reference->type, &periods);
    for (size_t i = n; i-- > 0;) {
        if (periods[i].start >= reference->year.start && periods[i].end <= reference->year.end) {
            reference->last_period = covered == 0 ? i : reference->last_period;
            reference->first_period = i;
            covered += periods[i].end - periods[i].start + 1;
        }
    }
    return covered == reference->year.end - reference->year.start + 1
               ? HST_OK
               : refuse(inputs, m, "the year of `reference` is not inside the measure's period",
                        err);
}

/* ---- growth ---- */

/* The base is a period of one of the types of `by`: rows of the others have no index. */
static hst_status find_base(const rate_inputs *inputs, size_t measure, hst_error *err)
{
    static const hst_by types[] = {HST_BY_YEAR, HST_BY_QUARTER, HST_BY_MONTH};
    const hst_measure *m = &inputs->study->measures[measure];
    rate_extras *extras = &inputs->extras[measure];
    const hst_period *periods = NULL;
    bool is_read = false;
    size_t n = 0;

    for (size_t i = 0; i < 3 && !is_read; i++) {
        is_read =
            (m->by & (unsigned)types[i]) && hst_period_parse_as(types[i], m->base, &extras->base);
    }
    if (!is_read) {
        return refuse(inputs, m, "`base` is not a period of a type that `by` names", err);
    }
    n = hst_measures_periods(inputs->measures, measure, extras->base.type, &periods);
    while (extras->base_index < n && periods[extras->base_index].start != extras->base.start) {
        extras->base_index++;
    }
    return m->is_table || extras->base_index < n
               ? HST_OK
               : refuse(inputs, m, "`base` is not a complete period of the measure", err);
}

/* ---- tables ---- */

bool rate_table_has(const hst_measure_table *table, const char *code)
{
    size_t n = 0;
    const hst_measure_value *values = hst_measure_table_values(table, &n);

    for (size_t i = 0; i < n; i++) {
        if (strcmp(values[i].area, code) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_known_area(const rate_inputs *inputs, const char *code)
{
    for (size_t i = 0; i < hst_areas_n(inputs->areas); i++) {
        if (strcmp(hst_areas_code(inputs->areas, i), code) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < hst_areas_n_groups(inputs->areas); i++) {
        if (strcmp(hst_areas_group(inputs->areas, i)->name, code) == 0) {
            return true;
        }
    }
    return false;
}

/* Rows of a table count for codes of the area list and names of comparators; the audit is told of
 * others. */
static hst_status read_table(rate_inputs *inputs, size_t measure, hst_ledger *ledger,
                             hst_error *err)
{
    const hst_measure *m = &inputs->study->measures[measure];
    hst_ledger_line line = {.stage = "standardise",
                            .dataset = "table",
                            .measure = m->id,
                            .reason = "area of the file not in the area list"};
    const hst_measure_value *values = NULL;
    size_t n = 0;
    hst_status status = hst_measure_table_read(&inputs->extras[measure].table, m->file, m->by, err);

    if (status != HST_OK) {
        return status;
    }
    values = hst_measure_table_values(inputs->extras[measure].table, &n);
    for (size_t i = 0; i < n; i++) {
        line.n += !is_known_area(inputs, values[i].area);
    }
    return line.n > 0 ? hst_ledger_add(ledger, &line, err) : HST_OK;
}

/* ---- working days ---- */

/* Refuses periods whose bank holidays are not known. */
static hst_status check_calendar(rate_inputs *inputs, size_t measure, hst_error *err)
{
    static const hst_by types[] = {HST_BY_YEAR, HST_BY_QUARTER, HST_BY_MONTH};
    const hst_measure *m = &inputs->study->measures[measure];
    hst_status status = inputs->calendar ? HST_OK : hst_working_days_create(&inputs->calendar, err);

    for (size_t t = 0; t < 3 && status == HST_OK; t++) {
        const hst_period *periods = NULL;
        size_t n = 0, n_days = 0;

        if (m->by & (unsigned)types[t]) {
            n = hst_measures_periods(inputs->measures, measure, types[t], &periods);
        }
        for (size_t i = 0; i < n && status == HST_OK; i++) {
            status = hst_working_days_count(&n_days, inputs->calendar, periods[i].start,
                                            periods[i].end, err);
        }
    }
    return status;
}

/* ---- the whole ---- */

static hst_status prepare_measure(rate_inputs *inputs, size_t measure, hst_ledger *ledger,
                                  hst_error *err)
{
    const hst_measure *m = &inputs->study->measures[measure];
    hst_status status = check_measure(inputs, m, err);

    if (status == HST_OK && m->per_working_day) {
        status = check_calendar(inputs, measure, err);
    }
    if (status == HST_OK && m->statistic == HST_STAT_STD_MEAN_LOS) {
        status = pool_stays(inputs, measure, err);
    }
    if (status == HST_OK && rate_statistic_of(m)->with_reference) {
        status = find_reference_areas(inputs, measure, err);
        status = status == HST_OK ? find_reference_year(inputs, measure, err) : status;
    }
    if (status == HST_OK && rate_statistic_of(m)->with_base) {
        status = find_base(inputs, measure, err);
    }
    if (status == HST_OK && m->is_table) {
        status = read_table(inputs, measure, ledger, err);
    }
    return status;
}

hst_status rate_inputs_prepare(rate_inputs *inputs, hst_ledger *ledger, hst_error *err)
{
    const hst_study *study = inputs->study;
    hst_status status = HST_OK;

    inputs->standard =
        inputs->population ? hst_population_standard(inputs->population) : inputs->counted;
    inputs->extras = calloc(study->n_measures + 1, sizeof *inputs->extras);
    if (!inputs->extras) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu measures", study->n_measures);
    }
    if (study->deprivation) {
        status = hst_deprivation_read(&inputs->deprivation, study->deprivation, err);
    }
    for (size_t i = 0; i < study->n_measures && status == HST_OK; i++) {
        status = prepare_measure(inputs, i, ledger, err);
    }
    return status;
}

void rate_inputs_clear(rate_inputs *inputs)
{
    for (size_t i = 0; inputs->extras && i < inputs->study->n_measures; i++) {
        free(inputs->extras[i].stay_weights);
        free(inputs->extras[i].reference.areas);
        hst_measure_table_free(inputs->extras[i].table);
    }
    free(inputs->extras);
    hst_deprivation_free(inputs->deprivation);
    hst_working_days_free(inputs->calendar);
    *inputs = (rate_inputs){0};
}
