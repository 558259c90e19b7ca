/* From the study's measures to what can be counted: unit, date, window, periods, filter, and the
 * sentence that says all of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clause_internal.h"
#include "hestia/memory_stream.h"
#include "measure_internal.h"

static hst_status refuse(const hst_measures *measures, size_t measure, const char *message,
                         hst_error *err)
{
    const hst_measure *m = &measures->study->measures[measure];

    return hst_fail(err, HST_ERR_USAGE, "%s, line %zu: measure `%s`: %s", measures->study->path,
                    m->line, m->id, message);
}

static bool is_of_stays(hst_statistic statistic)
{
    return statistic == HST_STAT_MEAN_LOS || statistic == HST_STAT_STD_MEAN_LOS ||
           statistic == HST_STAT_BED_DAYS || statistic == HST_STAT_BED_DAY_RATE;
}

/* What the study reader does not know or leaves to the one who counts. */
static hst_status check_scope(const hst_measures *measures, size_t measure, hst_error *err)
{
    const hst_measure *m = &measures->study->measures[measure];
    bool is_apc = m->dataset == HST_DATASET_APC;

    if (m->is_table) {
        return HST_OK;
    }
    if (is_apc == (m->unit == HST_UNIT_ATTENDANCE) && m->unit != HST_UNIT_PERSON) {
        return refuse(measures, measure,
                      is_apc ? "inpatients have no attendances; `unit` is admission, episode, "
                               "spell, cips or person"
                             : "attendances are counted by `unit: attendance` or `person`",
                      err);
    }
    if (is_of_stays(m->statistic) && m->unit != HST_UNIT_SPELL && m->unit != HST_UNIT_CIPS) {
        return refuse(measures, measure,
                      "lengths of stay need `unit: spell` or `unit: cips`: an admission's own row "
                      "has no discharge when its stay has several episodes",
                      err);
    }
    if (is_apc && m->date == HST_DATE_OF_ATTENDANCE) {
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

/* Which records, dates and sums the unit and the statistic ask for. */
static void choose_sums(hst_compiled_measure *compiled)
{
    const hst_measure *m = compiled->measure;
    unsigned days = 1u << HST_LAYER_DAYS | 1u << HST_LAYER_DAYS_SQUARED;
    bool of_days = is_of_stays(m->statistic);
    bool is_readmission = m->statistic == HST_STAT_READMISSION;

    compiled->dataset = m->dataset;
    compiled->asked_of = m->unit == HST_UNIT_CIPS || is_readmission ? HST_OF_CIPS
                         : m->unit == HST_UNIT_SPELL                ? HST_OF_SPELLS
                                                                    : HST_OF_ROWS;
    compiled->is_person = m->unit == HST_UNIT_PERSON;
    compiled->first_only =
        m->dataset == HST_DATASET_APC && (m->unit == HST_UNIT_ADMISSION || compiled->is_person);
    compiled->by_discharge = m->date == HST_DATE_OF_DISCHARGE;
    compiled->split = m->statistic == HST_STAT_HHI ? HST_SPLIT_PROVIDER : m->split;
    compiled->needs_stay = of_days || is_readmission;
    compiled->is_placed = of_days && m->bed_days_placed;
    compiled->keeps_stays = m->statistic == HST_STAT_MEAN_LOS;
    compiled->layers = of_days ? days : is_readmission ? 1u << HST_LAYER_READMITTED : 0;
    if (m->interval == HST_INTERVAL_REPEAT_ADJUSTED) {
        compiled->layers |= 1u << HST_LAYER_SQUARES;
    }
    compiled->counts_people = compiled->is_person || (compiled->layers >> HST_LAYER_SQUARES & 1);
    compiled->rows_by_type = compiled->counts_people || compiled->is_placed;
    compiled->los_cap = m->los_cap > 0 ? (uint32_t)m->los_cap : UINT32_MAX;
    compiled->los_min = (uint32_t)m->los_min;
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
    if (compiled->dataset != HST_DATASET_APC) { /* attendances keep other codes there */
        memset(compiled->class_ok, true, sizeof compiled->class_ok);
        goto done;
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

static void say_unit(FILE *stream, const hst_compiled_measure *compiled)
{
    const char *date = compiled->is_placed      ? "in the periods that their days fall in"
                       : compiled->by_discharge ? "dated by discharge (DISDATE)"
                                                : "dated by admission (ADMIDATE)";

    if (compiled->measure->is_table) {
        fprintf(stream, "Numbers of a file, by area and period");
        return;
    }
    if (compiled->is_person) {
        fprintf(stream, "People, each once per period, with: ");
    }
    if (compiled->dataset != HST_DATASET_APC) {
        fprintf(stream, "%s, dated by %s",
                compiled->dataset == HST_DATASET_OP ? "Outpatient appointments" : "A&E attendances",
                compiled->dataset == HST_DATASET_OP ? "APPTDATE" : "ARRIVALDATE");
        return;
    }
    if (compiled->asked_of == HST_OF_ROWS) {
        fprintf(stream, "%s with a provider, EPISTART and EPIEND, %s",
                compiled->first_only
                    ? "Finished first episodes of hospital stays (EPISTAT 3, EPIORDER 1)"
                    : "Finished episodes (EPISTAT 3)",
                date);
    } else {
        fprintf(stream, "%s, %s",
                compiled->asked_of == HST_OF_SPELLS ? "Provider spells"
                                                    : "Continuous inpatient spells",
                date);
    }
    if (compiled->los_min > 0) {
        fprintf(stream, ", of at least %u days", compiled->los_min);
    }
    if (compiled->los_cap != UINT32_MAX) {
        fprintf(stream, ", longer stays counted as %u days", compiled->los_cap);
    }
    fprintf(stream, "; patient class %s", compiled->class_words);
}

/* The filter in force as one sentence. */
static hst_status define(hst_compiled_measure *compiled, const hst_mergers *mergers, hst_error *err)
{
    const hst_measure *measure = compiled->measure;
    size_t size = 0;
    FILE *stream = hst_memory_stream(&compiled->definition, &size);

    if (!stream) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a definition");
    }
    say_unit(stream, compiled);
    for (size_t i = 0; i < compiled->filter.n; i++) {
        fprintf(stream, "; %s", compiled->filter.clauses[i].words);
    }
    if (compiled->unfit.n > 0) {
        fprintf(stream, "; without stays of %s", compiled->unfit.clauses[0].words);
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

/* Which stays leave the denominator of readmissions: died in hospital, or by the study's condition
 * (in the stay or the days before, asked by the one who counts) and specialties. */
static hst_status compile_unfit(hst_measures *measures, size_t measure,
                                const hst_conditions *conditions, hst_error *err)
{
    hst_compiled_measure *compiled = &measures->items[measure];
    const hst_measure *m = compiled->measure;
    char *died[] = {"4", "5"}, *dead[] = {"79"};
    char *sets[] = {m->exclude_condition};
    hst_where ways[5] = {{.line = m->line}, {.line = m->line}};
    hst_where unfit = {.any = ways, .line = m->line};

    ways[unfit.n_any++].codes[HST_WHERE_DISCHARGE_METHOD] = (hst_texts){2, died};
    ways[unfit.n_any++].codes[HST_WHERE_DISCHARGE_DESTINATION] = (hst_texts){1, dead};
    if (m->exclude_condition) {
        ways[unfit.n_any].episode = HST_EPISODE_ANY;
        ways[unfit.n_any++].codes[HST_WHERE_CONDITION] = (hst_texts){1, sets};
    }
    if (m->exclude_specialty.n > 0) {
        ways[unfit.n_any++].codes[HST_WHERE_SPECIALTY] = m->exclude_specialty;
        ways[unfit.n_any++].codes[HST_WHERE_MAIN_SPECIALTY] = m->exclude_specialty;
    }
    return hst_filter_compile(&compiled->unfit, measures, conditions, measure, &unfit, false, err);
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
    choose_sums(compiled);
    status = compile_periods(compiled, err);
    if (!status) {
        status = compile_classes(measures, measure, err);
    }
    if (!status) {
        status = hst_filter_compile(&compiled->filter, measures, conditions, measure,
                                    &compiled->measure->where, false, err);
    }
    if (!status && compiled->measure->statistic == HST_STAT_READMISSION) {
        status = compile_unfit(measures, measure, conditions, err);
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
        hst_filter_clear(&compiled->unfit);
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

const char *hst_measures_provider(const hst_measures *measures, const char *code)
{
    return hst_mergers_code(measures->mergers, code);
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
