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

#include "hestia/ingest.h"
#include "standardise/series_internal.h"

static const char *const compared_methods[] = {
    [RATE_NO_TEST] = "",
    [RATE_LOG_RATIO] = "log ratio, comparator without the area",
    [RATE_DIFFERENCE] = "difference of means, comparator without the area",
};

/* Where one slice is worked out. */
typedef struct workroom {
    rate_basis basis;
    const rate_statistic *statistic;
    bool is_incomplete;
    size_t
        n_units; /* those of the groups, the area at hand, its comparator without it, reference */
    rate_unit *units;
    rate *rates;           /* [n_groups + n_areas][n_rows] */
    const char **compared; /* [n_groups + n_areas] */
    double *weights, *cells;
} workroom;

/* Units after those of the groups. */
enum { OWN, REST, REFERENCE, N_EXTRA_UNITS };

static hst_status open_workroom(workroom *w, const maker *m, const job *j, hst_error *err)
{
    size_t n_strata = j->slice.n_strata;
    hst_status status = HST_OK;

    *w = (workroom){.basis = {.inputs = &m->inputs,
                              .slice = &j->slice,
                              .measure = &m->inputs.study->measures[j->slice.measure],
                              .reference_scale = 1,
                              .working_days = rate_working_days(&m->inputs, &j->slice)},
                    .n_units = m->n_groups + N_EXTRA_UNITS};
    w->statistic = rate_statistic_of(w->basis.measure);
    w->is_incomplete = !w->basis.measure->is_table &&
                       hst_cube_is_incomplete(m->inputs.cube, j->slice.measure, j->slice.period);
    w->units = calloc(w->n_units, sizeof *w->units);
    w->rates = calloc((m->n_groups + m->n_areas + 1) * w->statistic->n_rows, sizeof *w->rates);
    w->compared = calloc(m->n_groups + m->n_areas + 1, sizeof *w->compared);
    w->weights = calloc(n_strata, sizeof *w->weights);
    w->cells = calloc(rate_cells_size(&m->inputs), sizeof *w->cells);
    w->basis.strata = calloc(n_strata, sizeof *w->basis.strata);
    if (!w->units || !w->rates || !w->compared || !w->weights || !w->cells || !w->basis.strata) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the rates of one period");
    }
    for (size_t i = 0; i < w->n_units && status == HST_OK; i++) {
        status = rate_unit_init(&w->units[i], &j->slice, &m->inputs, err);
    }
    w->basis.weights = w->weights;
    rate_slice_weights(&j->slice, &m->inputs, w->weights);
    return status;
}

static void close_workroom(workroom *w)
{
    for (size_t i = 0; w->units && i < w->n_units; i++) {
        rate_unit_clear(&w->units[i]);
    }
    free(w->units);
    free(w->rates);
    free(w->compared);
    free(w->weights);
    free(w->cells);
    free(w->basis.strata);
}

/* ---- comparing ---- */

/* The first comparator that is not another site's own, or SIZE_MAX. */
static size_t comparator_of(const maker *m, size_t measure, size_t area)
{
    for (size_t i = 0; i < m->n_groups; i++) {
        uint32_t site = hst_areas_group(m->inputs.areas, i)->site;

        if ((site == UINT32_MAX || site == area) && series_has_rows(m, measure, i)) {
            return i;
        }
    }
    return SIZE_MAX;
}

/* Indirectly standardised rates are comparable with their reference only, not with each other. */
static bool is_comparable(const maker *m, const workroom *w, size_t group)
{
    if (w->statistic->test == RATE_NO_TEST ||
        (w->statistic->needs_population && !w->units[group].has_people)) {
        return false;
    }
    return !w->statistic->with_reference ||
           (hst_areas_group(m->inputs.areas, group)->is_england &&
            m->inputs.extras[w->basis.slice->measure].reference.is_all);
}

/* Compares the area at hand with its comparator without it. */
static const char *compare_area(const maker *m, workroom *w, size_t area)
{
    rate_unit *own = &w->units[m->n_groups + OWN], *rest = &w->units[m->n_groups + REST];
    const rate *rows = &w->rates[(m->n_groups + area) * w->statistic->n_rows];
    size_t group = comparator_of(m, w->basis.slice->measure, area);
    rate reference[RATE_MAX_ROWS];

    if (group == SIZE_MAX || !is_comparable(m, w, group) || isnan(rows[w->statistic->main].value)) {
        return "";
    }
    rate_unit_without(rest, &w->units[group], w->basis.slice,
                      hst_areas_group(m->inputs.areas, group), area, own);
    rate_compute(&w->basis, rest, false, reference);
    return rate_compare(w->basis.measure, &rows[w->statistic->main],
                        &reference[w->statistic->main]);
}

/* ---- one slice ---- */

static row_facts facts_of(const rate_slice *slice, const rate_unit *unit)
{
    row_facts facts = {.missing_year = unit->missing_year,
                       .excluded = (uint64_t)llround(unit->excluded)};
    double in_strata = 0;

    for (size_t i = 0; i < slice->n_strata; i++) {
        in_strata += unit->sums[RATE_EVENTS][i];
        if (unit->has_people && !(unit->people[i] > 0)) {
            facts.events_without_people += unit->sums[RATE_EVENTS][i];
        }
    }
    facts.events_left_out = unit->all[RATE_EVENTS] - in_strata;
    return facts;
}

static void fill_numbers(const workroom *w, const measure_texts *texts, size_t which, const rate *r,
                         hst_result *row)
{
    const hst_measure *measure = w->basis.measure;

    row->total_count = isnan(r->total_count) ? -1 : llround(r->total_count);
    row->total_pop = r->total_pop;
    row->value = r->value;
    row->method = r->is_exact ? texts->method_exact[which] : texts->method[which];
    row->lowercl = row->uppercl = row->lower998 = row->upper998 = NAN;
    if (!(w->statistic->limited >> which & 1)) {
        return;
    }
    row->confidence = texts->confidence;
    row->lowercl = r->limits[0].lower;
    row->uppercl = r->limits[0].upper;
    for (size_t i = 0; i < measure->n_confidence; i++) {
        if (measure->confidence[i] == 99.8) {
            row->lower998 = r->limits[i].lower;
            row->upper998 = r->limits[i].upper;
        }
    }
}

/* Row number `which` of a unit: groups first, then areas. */
static void fill_row(const maker *m, const workroom *w, size_t unit, size_t which, hst_result *row)
{
    const rate_slice *slice = w->basis.slice;
    const measure_texts *texts = &m->results->texts[slice->measure];
    const split_texts *split = &texts->splits[slice->split];
    bool is_group = unit < m->n_groups;
    size_t area = is_group ? unit : unit - m->n_groups;
    size_t group = is_group ? SIZE_MAX : comparator_of(m, slice->measure, area);

    *row = (hst_result){
        .measure = slice->measure,
        .is_group = is_group,
        .area = area,
        .period = *slice->period,
        .sex = split->sex,
        .age = split->age,
        .split = split->code,
        .split_name = split->name,
        .statistic = w->statistic->rows[which],
        .confidence = "",
        .comparator = group,
        .comparator_value = NAN,
        .compared = "",
        .compared_method = "",
        .note = "",
        .note_without_numbers = "",
        .is_incomplete = w->is_incomplete,
    };
    fill_numbers(w, texts, which, &w->rates[unit * w->statistic->n_rows + which], row);
    if (group != SIZE_MAX) {
        row->comparator_value = w->rates[group * w->statistic->n_rows + which].value;
    }
    if (w->compared[unit] && w->compared[unit][0] != '\0' && which == w->statistic->main) {
        row->compared = w->compared[unit];
        row->compared_method = compared_methods[w->statistic->test];
    }
}

/* Works out the rates of all units; what is told of each is left at its first row. */
static hst_status make_rates(const maker *m, const job *j, workroom *w, hst_error *err)
{
    hst_status status = HST_OK;

    if (w->statistic->with_reference) {
        rate_unit *reference = &w->units[m->n_groups + REFERENCE];

        status = rate_unit_of_reference(reference, &m->inputs, &j->slice, w->cells,
                                        &w->basis.reference_scale, err);
        w->basis.reference = reference;
    }
    for (size_t i = 0; i < m->n_groups + m->n_areas && status == HST_OK; i++) {
        bool is_group = i < m->n_groups;
        rate_unit *unit = &w->units[is_group ? i : m->n_groups + OWN];
        size_t place = series_place(m, j, i);

        if (is_group ? !series_has_rows(m, j->slice.measure, i) : place == SIZE_MAX) {
            continue; /* comparators are there for the areas, too */
        }
        status = is_group ? rate_unit_of_group(unit, &m->inputs, &j->slice, i, w->cells, err)
                          : rate_unit_of_area(unit, &m->inputs, &j->slice, i - m->n_groups,
                                              w->cells, err);
        rate_compute(&w->basis, unit, true, &w->rates[i * w->statistic->n_rows]);
        if (place != SIZE_MAX) {
            m->results->facts[place] = facts_of(&j->slice, unit);
        }
        w->compared[i] = is_group ? "" : compare_area(m, w, i - m->n_groups);
    }
    if (status == HST_OK && w->statistic->finish) {
        status = w->statistic->finish(&w->basis, &w->rates[m->n_groups * w->statistic->n_rows],
                                      m->n_areas, err);
    }
    return status;
}

static void fill_rows(const maker *m, const job *j, const workroom *w)
{
    size_t n_rows = w->statistic->n_rows;

    for (size_t i = 0; i < m->n_groups + m->n_areas; i++) {
        size_t place = series_place(m, j, i);

        for (size_t which = 0; which < n_rows && place != SIZE_MAX; which++) {
            row_facts *facts = &m->results->facts[place + which];
            const rate *r = &w->rates[i * n_rows + which];

            fill_row(m, w, i, which, &m->results->rows[place + which]);
            *facts = m->results->facts[place];
            facts->notes = r->notes;
            facts->n_dropped = r->n_dropped;
        }
    }
}

static hst_status do_job(const maker *m, const job *j, hst_error *err)
{
    workroom w;
    hst_status status = open_workroom(&w, m, j, err);

    if (status == HST_OK) {
        status = make_rates(m, j, &w, err);
    }
    if (status == HST_OK) {
        fill_rows(m, j, &w);
    }
    close_workroom(&w);
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

        statuses[i] = hst_interrupt_check(&ignored);
        if (statuses[i] == HST_OK) {
            statuses[i] = do_job(m, &m->jobs[i], &ignored);
        }
    }
    for (size_t i = 0; i < m->n_jobs && status == HST_OK; i++) {
        if (statuses[i] == HST_ERR_INTERRUPTED) {
            status = hst_interrupt_check(err);
        } else if (statuses[i] != HST_OK) {
            status = hst_fail(err, statuses[i], "no memory for the rates of one period");
        }
    }
    free(statuses);
    return status;
}

/* ---- the whole ---- */

hst_status hst_results_compute(hst_results **out, const hst_study *study,
                               const hst_measures *measures, const hst_areas *areas,
                               const hst_cube *cube, const hst_population *population,
                               const hst_standard *standard, int n_threads, hst_ledger *ledger,
                               hst_error *err)
{
    maker m = {.inputs = {.study = study,
                          .measures = measures,
                          .areas = areas,
                          .cube = cube,
                          .population = population,
                          .counted = standard},
               .n_areas = hst_areas_n(areas),
               .n_groups = hst_areas_n_groups(areas)};
    hst_status status = rate_inputs_prepare(&m.inputs, ledger, err);

    *out = NULL;
    if (status != HST_OK) {
        goto done;
    }
    m.results = calloc(1, sizeof *m.results);
    if (!m.results) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for the results");
        goto done;
    }
    if ((status = series_texts_create(m.results, &m.inputs, err)) != HST_OK ||
        (status = series_plan(&m, err)) != HST_OK ||
        (status = series_keep_places(&m, err)) != HST_OK ||
        (status = do_jobs(&m, n_threads, err)) != HST_OK) {
        goto done;
    }
    for (size_t i = 0; i < m.results->n_rows; i++) {
        hst_result *row = &m.results->rows[i];

        if ((status = series_note(m.results, &m.results->facts[i], row, err)) != HST_OK ||
            (status = series_tell(&m, i, ledger, err)) != HST_OK) {
            goto done;
        }
    }
    *out = m.results;
    m.results = NULL; /* now the caller's */

done:
    hst_results_free(m.results);
    series_plan_clear(&m);
    rate_inputs_clear(&m.inputs);
    return status;
}

hst_result *hst_results_rows_to_mask(hst_results *results, size_t *n)
{
    *n = results->n_rows;
    return results->rows;
}

const hst_result *hst_results_rows(const hst_results *results, size_t *n)
{
    *n = results->n_rows;
    return results->rows;
}

void hst_results_free(hst_results *results)
{
    if (results) {
        series_places_free(results);
        series_texts_free(results);
        free(results->rows);
        free(results->facts);
        free(results);
    }
}
