/* From the study's measures to what can be counted: unit, date, window, periods, filter, and the
 * sentence that says all of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clause_internal.h"
#include "measure_internal.h"

static hst_status refuse(const hst_measures *measures, size_t measure, const char *message,
                         hst_error *err)
{
    const hst_measure *m = &measures->study->measures[measure];

    return hst_fail(err, HST_ERR_USAGE, "%s, line %zu: measure `%s`: %s", measures->study->path,
                    m->line, m->id, message);
}

/* What the study may ask for and this version does not count. */
static hst_status check_scope(const hst_measures *measures, size_t measure, hst_error *err)
{
    const hst_measure *m = &measures->study->measures[measure];
    char message[160];

    if (m->is_table) {
        return refuse(measures, measure, "`dataset: table` is not available in this version", err);
    }
    if (m->dataset != HST_DATASET_APC) {
        return refuse(measures, measure, "this version counts inpatients only (`dataset: apc`)",
                      err);
    }
    if (m->unit != HST_UNIT_ADMISSION && m->unit != HST_UNIT_EPISODE) {
        snprintf(message, sizeof message,
                 "`unit: %s` is not available in this version; admission and episode are",
                 hst_unit_name(m->unit));
        return refuse(measures, measure, message, err);
    }
    if (m->statistic != HST_STAT_COUNT && m->statistic != HST_STAT_CRUDE_RATE &&
        m->statistic != HST_STAT_DSR) {
        snprintf(message, sizeof message,
                 "`statistic: %s` is not available in this version; count, crude_rate and dsr are",
                 hst_statistic_name(m->statistic));
        return refuse(measures, measure, message, err);
    }
    if (m->interval == HST_INTERVAL_REPEAT_ADJUSTED) {
        return refuse(measures, measure,
                      "`interval: repeat-adjusted` counts people, which this version does not",
                      err);
    }
    if (m->date == HST_DATE_OF_ATTENDANCE) {
        return refuse(measures, measure, "inpatients have no attendance date", err);
    }
    if (m->split == HST_SPLIT_CONDITION && m->where.codes[HST_WHERE_CONDITION].n == 0) {
        return refuse(measures, measure, "`split: condition` needs sets in `where: condition`",
                      err);
    }
    if (m->period.from == HST_DATE_MISSING || m->period.to == HST_DATE_MISSING ||
        m->period.from > m->period.to) {
        return refuse(measures, measure, "its period needs `from` and a later `to`", err);
    }
    if (m->period.from < HST_DAY_EPOCH || m->period.to >= HST_DAY_EPOCH + UINT16_MAX) {
        return refuse(measures, measure, "its period must lie between 1930 and 2109", err);
    }
    if ((m->by & (HST_BY_MONTH | HST_BY_QUARTER | HST_BY_YEAR)) == 0) {
        return refuse(measures, measure, "`by` names no period", err);
    }
    return HST_OK;
}

/* The complete periods of one type inside the window. */
static hst_status list_periods(hst_compiled_measure *compiled, hst_by type, hst_error *err)
{
    hst_date from = compiled->measure->period.from, to = compiled->measure->period.to;
    size_t at = hst_by_index(type), capacity = (size_t)(to - from) / 28 + 2;
    hst_period period = hst_period_of(type, from);
    hst_period *periods = calloc(capacity, sizeof *periods);

    if (!periods) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the periods");
    }
    compiled->periods[at] = periods;
    if (period.start < from) {
        period = hst_period_next(&period);
    }
    while (period.end <= to) {
        periods[compiled->n_periods[at]++] = period;
        period = hst_period_next(&period);
    }
    return HST_OK;
}

static hst_status compile_periods(hst_compiled_measure *compiled, hst_error *err)
{
    static const hst_by types[] = {HST_BY_YEAR, HST_BY_QUARTER, HST_BY_MONTH};
    hst_status status = HST_OK;

    for (size_t i = 0; i < 3 && !status; i++) {
        if (compiled->measure->by & types[i]) {
            compiled->finest = types[i];
            status = list_periods(compiled, types[i], err);
        }
    }
    return status;
}

static hst_status compile_classes(hst_measures *measures, size_t measure, hst_error *err)
{
    static char defaults[][HST_CODE_BYTES] = {"1", "2", "5"};
    hst_compiled_measure *compiled = &measures->items[measure];
    const hst_texts *texts = &compiled->measure->where.codes[HST_WHERE_PATIENT_CLASS];
    size_t n = texts->n > 0 ? texts->n : 3;
    char(*codes)[HST_CODE_BYTES] = calloc(n, sizeof *codes);
    hst_status status = HST_OK;

    if (!codes) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the measures' filters");
    }
    for (size_t i = 0; i < n; i++) {
        const char *code = texts->n > 0 ? texts->items[i] : defaults[i];

        if (strlen(code) != 1) {
            status = refuse(measures, measure, "patient_class takes one-character codes", err);
            goto done;
        }
        codes[i][0] = code[0];
        compiled->class_ok[(unsigned char)code[0]] = true;
    }
    compiled->class_words = hst_words_or(n, codes);
    if (!compiled->class_words) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for the measures' filters");
    }

done:
    free(codes);
    return status;
}

/* The filter in force as one sentence. */
static hst_status define(hst_compiled_measure *compiled, const hst_mergers *mergers, hst_error *err)
{
    const hst_measure *measure = compiled->measure;
    size_t size = 0;
    FILE *stream = open_memstream(&compiled->definition, &size);

    if (!stream) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a definition");
    }
    fprintf(stream, "%s with a provider, EPISTART and EPIEND, dated by %s; patient class %s",
            compiled->first_only
                ? "Finished first episodes of hospital stays (EPISTAT 3, EPIORDER 1)"
                : "Finished episodes (EPISTAT 3)",
            compiled->by_discharge ? "discharge (DISDATE)" : "admission (ADMIDATE)",
            compiled->class_words);
    for (size_t i = 0; i < compiled->filter.n; i++) {
        fprintf(stream, "; %s", compiled->filter.clauses[i].words);
    }
    for (size_t i = 0; i < measure->n_excluded_providers; i++) {
        const hst_excluded_provider *excluded = &measure->excluded_providers[i];

        fprintf(stream, "; without provider %s", hst_mergers_code(mergers, excluded->code));
        for (size_t a = 0; a < excluded->areas.n; a++) {
            fprintf(stream, "%s%s", a ? ", " : " in ", excluded->areas.items[a]);
        }
        if (excluded->reason) {
            fprintf(stream, " (%s)", excluded->reason);
        }
    }
    fprintf(stream, ".");
    if (fclose(stream) != 0) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a definition");
    }
    return HST_OK;
}

static hst_status compile_measure(hst_measures *measures, size_t measure,
                                  const hst_conditions *conditions, hst_error *err)
{
    hst_compiled_measure *compiled = &measures->items[measure];
    hst_status status = check_scope(measures, measure, err);

    if (status) {
        return status;
    }
    compiled->measure = &measures->study->measures[measure];
    compiled->first_only = compiled->measure->unit == HST_UNIT_ADMISSION;
    compiled->by_discharge = compiled->measure->date == HST_DATE_OF_DISCHARGE;
    status = compile_periods(compiled, err);
    if (!status) {
        status = compile_classes(measures, measure, err);
    }
    if (!status) {
        status = hst_filter_compile(&compiled->filter, measures, conditions, measure,
                                    &compiled->measure->where, false, err);
    }
    return status ? status : define(compiled, measures->mergers, err);
}

hst_status hst_measures_compile(hst_measures **out, const hst_study *study,
                                const hst_conditions *conditions, const hst_age_bands *bands,
                                hst_error *err)
{
    hst_measures *measures = NULL;
    hst_status status = HST_OK;

    *out = NULL;
    measures = calloc(1, sizeof *measures);
    if (!measures) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the measures");
    }
    measures->study = study;
    measures->bands = *bands;
    measures->items = calloc(study->n_measures + 1, sizeof *measures->items);
    if (!measures->items) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for the measures");
        goto done;
    }
    status = hst_mergers_read(&measures->mergers, study->provider_merge, err);
    for (; measures->n < study->n_measures && !status; measures->n++) {
        status = compile_measure(measures, measures->n, conditions, err);
    }
    if (status) {
        goto done;
    }
    *out = measures;
    measures = NULL; /* now the caller's */

done:
    hst_measures_free(measures);
    return status;
}

void hst_measures_free(hst_measures *measures)
{
    if (!measures) {
        return;
    }
    for (size_t i = 0; i < measures->n; i++) {
        hst_compiled_measure *compiled = &measures->items[i];

        hst_filter_clear(&compiled->filter);
        for (size_t t = 0; t < 3; t++) {
            free(compiled->periods[t]);
        }
        free(compiled->class_words);
        free(compiled->definition);
    }
    for (size_t i = 0; i < measures->n_uses; i++) {
        hst_condition_use_clear(&measures->uses[i]);
    }
    hst_mergers_free(measures->mergers);
    free(measures->uses);
    free(measures->items);
    free(measures);
}

const char *hst_measures_definition(const hst_measures *measures, size_t measure)
{
    return measures->items[measure].definition;
}

size_t hst_measures_periods(const hst_measures *measures, size_t measure, hst_by type,
                            const hst_period **periods)
{
    *periods = measures->items[measure].periods[hst_by_index(type)];
    return measures->items[measure].n_periods[hst_by_index(type)];
}

hst_by hst_measures_finest(const hst_measures *measures, size_t measure)
{
    return measures->items[measure].finest;
}
