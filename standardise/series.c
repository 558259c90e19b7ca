/* From counts to the rows of results.csv.
 *
 * Rows are made slice by slice (measure, period, split value): a slice needs each comparator's sums
 * once, and slices are independent, so they are what threads share out. Where each row goes is
 * known beforehand, hence no sorting and the same rows with any number of threads. */
#include "hestia/series.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "standardise/series_internal.h"

static const char compared_method[] = "log ratio, comparator without the area";

/* One line of work: a slice, and where its rows go. */
typedef struct job {
    rate_slice slice;
    size_t first_row, row_step;
} job;

typedef struct maker {
    rate_inputs inputs;
    hst_results *results;
    size_t n_areas, n_groups;
    size_t *unit_rank; /* [n_groups + n_areas]: place of each among all by code */
    job *jobs;
    size_t n_jobs;
} maker;

/* ---- one slice ---- */

static void describe_slice(const maker *m, const rate_slice *slice, hst_result *row)
{
    const hst_measure *measure = &m->inputs.study->measures[slice->measure];
    const split_texts *split = &m->results->texts[slice->measure].splits[slice->split];

    *row = (hst_result){
        .measure = slice->measure,
        .period = *slice->period,
        .sex = split->sex,
        .age = split->age,
        .split = split->code,
        .split_name = split->name,
        .statistic = hst_statistic_name(measure->statistic),
        .method = "",
        .confidence = "",
        .comparator = SIZE_MAX,
        .comparator_value = NAN,
        .compared = "",
        .compared_method = "",
        .note = "",
        .is_incomplete = hst_cube_is_incomplete(m->inputs.cube, slice->measure, slice->period),
    };
}

static void fill_row(const maker *m, const rate_slice *slice, const rate *r, hst_result *row)
{
    const hst_measure *measure = &m->inputs.study->measures[slice->measure];
    const measure_texts *texts = &m->results->texts[slice->measure];

    row->total_count = llround(r->total_count);
    row->total_pop = r->total_pop;
    row->value = r->value;
    row->lowercl = row->uppercl = row->lower998 = row->upper998 = NAN;
    if (measure->statistic == HST_STAT_COUNT) {
        return;
    }
    row->confidence = texts->confidence;
    row->method = r->is_exact ? texts->method_exact : texts->method;
    row->lowercl = r->limits[0].lower;
    row->uppercl = r->limits[0].upper;
    for (size_t i = 0; i < measure->n_confidence; i++) {
        if (measure->confidence[i] == 99.8) {
            row->lower998 = r->limits[i].lower;
            row->upper998 = r->limits[i].upper;
        }
    }
}

static row_facts facts_of(const rate_slice *slice, const rate_unit *unit, const rate *r)
{
    row_facts facts = {.notes = r->notes, .missing_year = unit->missing_year};
    double in_strata = 0;

    for (size_t i = 0; i < slice->n_strata; i++) {
        in_strata += unit->events[i];
        if (unit->has_people && !(unit->people[i] > 0)) {
            facts.events_without_people += unit->events[i];
        }
    }
    facts.events_left_out = unit->all_events - in_strata;
    return facts;
}

/* The first comparator that is not another site's own, or SIZE_MAX. */
static size_t comparator_of(const maker *m, size_t area)
{
    for (size_t i = 0; i < m->n_groups; i++) {
        uint32_t site = hst_areas_group(m->inputs.areas, i)->site;

        if (site == UINT32_MAX || site == area) {
            return i;
        }
    }
    return SIZE_MAX;
}

static size_t place_of(const maker *m, const job *j, size_t unit)
{
    return j->first_row + m->unit_rank[unit] * j->row_step;
}

static void compare_row(const maker *m, const rate_slice *slice, rate_unit *units,
                        const rate *rates, const double *weights, size_t area, hst_result *row)
{
    const hst_measure *measure = &m->inputs.study->measures[slice->measure];
    rate_unit *own = &units[m->n_groups], *rest = &units[m->n_groups + 1];
    const rate *area_rate = &rates[m->n_groups];
    size_t group = comparator_of(m, area);
    rate reference;

    if (group == SIZE_MAX) {
        return;
    }
    row->comparator = group;
    row->comparator_value = rates[group].value;
    if (measure->statistic == HST_STAT_COUNT || !(area_rate->value > 0) ||
        !units[group].has_people) {
        return;
    }
    rate_unit_without(rest, &units[group], slice, hst_areas_group(m->inputs.areas, group), area,
                      own);
    reference = rate_of(&m->inputs, slice, rest, weights, false);
    row->compared = rate_compare(measure, area_rate, &reference);
    row->compared_method = row->compared[0] != '\0' ? compared_method : "";
}

/* Makes the rows of a slice. `units` are those of the groups, then one for the area at hand and one
 * for its comparator without it; `rates` the same but the last. */
static void make_rows(const maker *m, const job *j, rate_unit *units, rate *rates, double *weights,
                      double *cells)
{
    const rate_slice *slice = &j->slice;
    hst_result *rows = m->results->rows, *row = NULL;

    rate_slice_weights(slice, &m->inputs, weights);
    for (size_t i = 0; i < m->n_groups + m->n_areas; i++) {
        bool is_group = i < m->n_groups;
        size_t at = is_group ? i : m->n_groups;
        size_t place = place_of(m, j, i);

        if (is_group) {
            rate_unit_of_group(&units[at], &m->inputs, slice, hst_areas_group(m->inputs.areas, i),
                               cells);
        } else {
            rate_unit_of_area(&units[at], &m->inputs, slice, i - m->n_groups, cells);
        }
        rates[at] = rate_of(&m->inputs, slice, &units[at], weights, true);
        row = &rows[place];
        describe_slice(m, slice, row);
        row->is_group = is_group;
        row->area = is_group ? i : i - m->n_groups;
        fill_row(m, slice, &rates[at], row);
        m->results->facts[place] = facts_of(slice, &units[at], &rates[at]);
        if (!is_group) {
            compare_row(m, slice, units, rates, weights, row->area, row);
        }
    }
}

static hst_status do_job(const maker *m, const job *j, hst_error *err)
{
    hst_status status = HST_OK;
    size_t n_units = m->n_groups + 2;
    rate_unit *units = calloc(n_units, sizeof *units);
    rate *rates = calloc(n_units, sizeof *rates);
    double *weights = calloc(j->slice.n_strata, sizeof *weights);
    double *cells = calloc(rate_cells_size(&m->inputs), sizeof *cells);

    if (!units || !rates || !weights || !cells) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for the rates of one period");
        goto done;
    }
    for (size_t i = 0; i < n_units; i++) {
        status = rate_unit_init(&units[i], j->slice.n_strata, err);
        if (status != HST_OK) {
            goto done;
        }
    }
    make_rows(m, j, units, rates, weights, cells);

done:
    for (size_t i = 0; units && i < n_units; i++) {
        rate_unit_clear(&units[i]);
    }
    free(units);
    free(rates);
    free(weights);
    free(cells);
    return status;
}

static hst_status do_jobs(const maker *m, int n_threads, hst_error *err)
{
    hst_status status = HST_OK;
    hst_status *statuses = calloc(m->n_jobs ? m->n_jobs : 1, sizeof *statuses);

    if (!statuses) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu slices of results", m->n_jobs);
    }
#pragma omp parallel for num_threads(n_threads > 0 ? n_threads : 1) schedule(dynamic)
    for (size_t i = 0; i < m->n_jobs; i++) {
        hst_error ignored;

        statuses[i] = do_job(m, &m->jobs[i], &ignored);
    }
    for (size_t i = 0; i < m->n_jobs && status == HST_OK; i++) {
        if (statuses[i] != HST_OK) {
            status = hst_fail(err, statuses[i], "no memory for the rates of one period");
        }
    }
    free(statuses);
    return status;
}

/* ---- the plan: every row's place ---- */

/* A thing that rows are sorted by: texts compared as bytes, in turn. */
typedef struct ranked {
    const char *text[3];
    size_t number;
} ranked;

static int compare_ranked(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    int order = 0;

    for (size_t i = 0; i < 3 && order == 0; i++) {
        order = strcmp(x->text[i], y->text[i]);
    }
    return order ? order : (x->number > y->number) - (x->number < y->number);
}

/* Sorts [n] things and gives the place of each by its number; the caller frees. */
static hst_status rank(size_t **out, ranked *things, size_t n, hst_error *err)
{
    *out = calloc(n ? n : 1, sizeof **out);
    if (!*out) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory to sort %zu results", n);
    }
    qsort(things, n, sizeof *things, compare_ranked);
    for (size_t i = 0; i < n; i++) {
        (*out)[things[i].number] = i;
    }
    return HST_OK;
}

static hst_status rank_units(maker *m, hst_error *err)
{
    size_t n = m->n_groups + m->n_areas;
    ranked *units = calloc(n ? n : 1, sizeof *units);
    hst_status status = HST_OK;

    if (!units) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu areas", n);
    }
    for (size_t i = 0; i < n; i++) {
        units[i] =
            (ranked){.text = {i < m->n_groups ? hst_areas_group(m->inputs.areas, i)->name
                                              : hst_areas_code(m->inputs.areas, i - m->n_groups),
                              "", ""},
                     .number = i};
    }
    status = rank(&m->unit_rank, units, n, err);
    free(units);
    return status;
}

/* Periods of all types that a measure asks for, [n]; the caller frees. */
static hst_status list_periods(const maker *m, size_t measure, const hst_period ***periods,
                               size_t **numbers, size_t *n, hst_error *err)
{
    static const hst_by types[] = {HST_BY_YEAR, HST_BY_QUARTER, HST_BY_MONTH};

    *n = 0;
    for (int pass = 0; pass < 2; pass++) { /* counts, then fills */
        size_t at = 0;

        for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
            const hst_period *of_type = NULL;
            size_t n_of_type = 0;

            if (m->inputs.study->measures[measure].by & (unsigned)types[t]) {
                n_of_type = hst_measures_periods(m->inputs.measures, measure, types[t], &of_type);
            }
            for (size_t i = 0; i < n_of_type; i++, at++) {
                if (pass == 1) {
                    (*periods)[at] = &of_type[i];
                    (*numbers)[at] = i;
                }
            }
        }
        if (pass == 0) {
            *n = at;
            *periods = calloc(at ? at : 1, sizeof **periods);
            *numbers = calloc(at ? at : 1, sizeof **numbers);
            if (!*periods || !*numbers) {
                return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu periods", at);
            }
        }
    }
    return HST_OK;
}

/* Plans the rows of one measure from `first_row` on: area, then period, then split value. */
static hst_status plan_measure(maker *m, size_t measure, size_t *first_row, hst_error *err)
{
    hst_status status = HST_OK;
    const measure_texts *texts = &m->results->texts[measure];
    const hst_period **periods = NULL;
    size_t *numbers = NULL, *period_rank = NULL, *split_rank = NULL;
    size_t n_periods = 0, n_splits = texts->n_splits;
    ranked *things = NULL;
    job *jobs = NULL;

    status = list_periods(m, measure, &periods, &numbers, &n_periods, err);
    if (status != HST_OK) {
        goto done;
    }
    things = calloc(n_periods + n_splits, sizeof *things);
    jobs = realloc(m->jobs, (m->n_jobs + n_periods * n_splits + 1) * sizeof *jobs);
    if (jobs) {
        m->jobs = jobs;
    }
    if (!things || !jobs) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for %zu periods", n_periods);
        goto done;
    }
    for (size_t i = 0; i < n_periods; i++) {
        things[i] = (ranked){.text = {periods[i]->label, "", ""}, .number = i};
    }
    status = rank(&period_rank, things, n_periods, err);
    if (status != HST_OK) {
        goto done;
    }
    for (size_t i = 0; i < n_splits; i++) {
        things[i] =
            (ranked){.text = {texts->splits[i].sex, texts->splits[i].age, texts->splits[i].code},
                     .number = i};
    }
    status = rank(&split_rank, things, n_splits, err);
    if (status != HST_OK) {
        goto done;
    }
    for (size_t i = 0; i < n_periods; i++) {
        for (size_t split = 0; split < n_splits; split++) {
            job *j = &m->jobs[m->n_jobs++];

            rate_slice_init(&j->slice, &m->inputs, measure, periods[i], numbers[i], split);
            j->row_step = n_periods * n_splits;
            j->first_row = *first_row + period_rank[i] * n_splits + split_rank[split];
        }
    }
    *first_row += (m->n_groups + m->n_areas) * n_periods * n_splits;

done:
    free(periods);
    free(numbers);
    free(period_rank);
    free(split_rank);
    free(things);
    return status;
}

static hst_status plan(maker *m, hst_error *err)
{
    hst_status status = HST_OK;
    const hst_study *study = m->inputs.study;
    ranked *things = calloc(study->n_measures ? study->n_measures : 1, sizeof *things);
    size_t n_rows = 0;

    if (!things) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu measures", study->n_measures);
    }
    for (size_t i = 0; i < study->n_measures; i++) {
        things[i] = (ranked){.text = {study->measures[i].id, "", ""}, .number = i};
    }
    qsort(things, study->n_measures, sizeof *things, compare_ranked);
    status = rank_units(m, err);
    for (size_t i = 0; i < study->n_measures && status == HST_OK; i++) {
        status = plan_measure(m, things[i].number, &n_rows, err);
    }
    free(things);
    if (status != HST_OK) {
        return status;
    }
    m->results->n_rows = n_rows;
    m->results->rows = calloc(n_rows ? n_rows : 1, sizeof *m->results->rows);
    m->results->facts = calloc(n_rows ? n_rows : 1, sizeof *m->results->facts);
    if (!m->results->rows || !m->results->facts) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu results", n_rows);
    }
    return HST_OK;
}

/* ---- what the audit is told ---- */

static hst_status tell(hst_ledger *ledger, const maker *m, const hst_result *row,
                       const char *period, const char *reason, double n, hst_error *err)
{
    const hst_measure *measure = &m->inputs.study->measures[row->measure];
    hst_ledger_line line = {
        .stage = "standardise",
        .dataset = hst_dataset_name(measure->dataset),
        .measure = measure->id,
        .area = row->is_group ? hst_areas_group(m->inputs.areas, row->area)->name
                              : hst_areas_code(m->inputs.areas, row->area),
        .period = period,
        .reason = reason,
        .n = (uint64_t)llround(n),
    };

    return hst_ledger_add(ledger, &line, err);
}

/* Lines about one row. Comparators repeat what is said of their members, save one that has a
 * population row of its own. */
static hst_status tell_row(hst_ledger *ledger, const maker *m, size_t i, hst_error *err)
{
    const hst_result *row = &m->results->rows[i];
    const row_facts *facts = &m->results->facts[i];
    const hst_measure *measure = &m->inputs.study->measures[row->measure];
    hst_status status = HST_OK;
    char year[12];

    if (row->split[0] != '\0' || measure->statistic == HST_STAT_COUNT ||
        (row->is_group &&
         hst_areas_group(m->inputs.areas, row->area)->population_area[0] == '\0')) {
        return HST_OK;
    }
    if (facts->missing_year != 0) {
        snprintf(year, sizeof year, "%d", facts->missing_year);
        status = tell(ledger, m, row, year, "no population", 1, err);
    }
    if (status == HST_OK && facts->events_without_people > 0) {
        status = tell(ledger, m, row, row->period.label, "zero population in a band with events",
                      facts->events_without_people, err);
    }
    if (status == HST_OK && !row->is_group && measure->statistic == HST_STAT_DSR &&
        facts->events_left_out > 0 &&
        row->period.type == hst_measures_finest(m->inputs.measures, row->measure)) {
        status = tell(ledger, m, row, NULL, "sex or age unknown or outside the standard",
                      facts->events_left_out, err);
    }
    return status;
}

/* ---- the whole ---- */

/* Counts, crude and standardised rates are what this version computes. */
static hst_status check_measures(const hst_study *study, const hst_population *population,
                                 hst_error *err)
{
    for (size_t i = 0; i < study->n_measures; i++) {
        const hst_measure *measure = &study->measures[i];
        bool is_dsr = measure->statistic == HST_STAT_DSR;
        bool is_crude = measure->statistic == HST_STAT_CRUDE_RATE;

        if (measure->is_table || (!is_dsr && !is_crude && measure->statistic != HST_STAT_COUNT)) {
            return hst_fail(err, HST_ERR_USAGE,
                            "%s, line %zu: measure `%s`: statistic %s is not in this version",
                            study->path, measure->line, measure->id,
                            hst_statistic_name(measure->statistic));
        }
        if ((is_dsr && !hst_dsr_has_interval(measure->interval)) ||
            (is_crude && measure->interval != HST_INTERVAL_DEFAULT &&
             measure->interval != HST_INTERVAL_BYAR && measure->interval != HST_INTERVAL_EXACT)) {
            return hst_fail(err, HST_ERR_USAGE,
                            "%s, line %zu: measure `%s`: interval %s with statistic %s is not in "
                            "this version",
                            study->path, measure->line, measure->id,
                            hst_interval_name(measure->interval),
                            hst_statistic_name(measure->statistic));
        }
        if ((is_dsr || is_crude) && !population) {
            return hst_fail(err, HST_ERR_USAGE,
                            "%s, line %zu: measure `%s`: a rate needs `population` in the study",
                            study->path, measure->line, measure->id);
        }
    }
    return HST_OK;
}

hst_status hst_results_compute(hst_results **out, const hst_study *study,
                               const hst_measures *measures, const hst_areas *areas,
                               const hst_cube *cube, const hst_population *population,
                               const hst_standard *standard, int n_threads, hst_ledger *ledger,
                               hst_error *err)
{
    hst_status status = HST_OK;
    maker m = {.inputs = rate_inputs_of(study, measures, areas, cube, population, standard),
               .n_areas = hst_areas_n(areas),
               .n_groups = hst_areas_n_groups(areas)};

    *out = NULL;
    status = check_measures(study, population, err);
    if (status != HST_OK) {
        return status;
    }
    m.results = calloc(1, sizeof *m.results);
    if (!m.results) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the results");
    }
    if ((status = series_texts_create(m.results, &m.inputs, err)) != HST_OK ||
        (status = plan(&m, err)) != HST_OK || (status = do_jobs(&m, n_threads, err)) != HST_OK) {
        goto done;
    }
    for (size_t i = 0; i < m.results->n_rows; i++) {
        const char **note = &m.results->rows[i].note;

        if ((status = series_note(m.results, m.results->facts[i].notes, note, err)) != HST_OK ||
            (status = tell_row(ledger, &m, i, err)) != HST_OK) {
            goto done;
        }
    }
    *out = m.results;
    m.results = NULL; /* now the caller's */

done:
    hst_results_free(m.results);
    free(m.unit_rank);
    free(m.jobs);
    return status;
}

const hst_result *hst_results_rows(const hst_results *results, size_t *n)
{
    *n = results->n_rows;
    return results->rows;
}

void hst_results_free(hst_results *results)
{
    if (results) {
        series_texts_free(results);
        free(results->rows);
        free(results->facts);
        free(results);
    }
}
