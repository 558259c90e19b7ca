/* A measure's value over several periods together.
 *
 * Everything that a value is made of is added up over the periods, and the statistic worked out
 * once, by the code that makes the rows of the results. What a value is divided by beside people
 * (working days, the time of the reference) is of one mean period then: the mean over the periods,
 * weighted with the people where both are multiplied. */
#include "hestia/span.h"

#include <math.h>
#include <stdlib.h>

#include "standardise/rate.h"

struct hst_spans {
    rate_inputs inputs;
};

/* What one value is asked of. */
typedef struct span_question {
    const rate_inputs *inputs;
    const hst_measure *measure;
    size_t number; /* of the measure */
    const hst_period *periods;
    size_t first, last;
    rate_slice slice; /* of the first period: its strata are those of all */
} span_question;

/* Sums of one area or comparator over the periods. */
typedef struct span_sums {
    rate_unit unit;
    double working_days;    /* of all periods */
    double days_by_people;  /* of a mean period, weighted with its people */
    double scale_by_people; /* time in the reference's, likewise */
} span_sums;

/* What an answer needs; all of it is made before the first period is read. */
typedef struct span_room {
    span_sums own, part;       /* part: the area that is left out */
    rate_unit rest, reference; /* rest: own without the part */
    rate_unit period;          /* the one at hand */
    double *scales;            /* [n_periods], of the reference's time */
    double *cells, *weights;
    hst_stay_stratum *strata;
} span_room;

hst_status hst_spans_create(hst_spans **out, const hst_study *study, const hst_measures *measures,
                            const hst_areas *areas, const hst_cube *cube,
                            const hst_population *population, const hst_standard *standard,
                            hst_error *err)
{
    hst_spans *spans = calloc(1, sizeof *spans);
    hst_status status = HST_OK;

    *out = NULL;
    if (!spans) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for values over several periods");
    }
    spans->inputs = (rate_inputs){.study = study,
                                  .measures = measures,
                                  .areas = areas,
                                  .cube = cube,
                                  .population = population,
                                  .counted = standard};
    status = rate_inputs_prepare(&spans->inputs, NULL, err);
    if (status == HST_OK) {
        *out = spans;
        spans = NULL; /* now the caller's */
    }
    hst_spans_free(spans);
    return status;
}

void hst_spans_free(hst_spans *spans)
{
    if (spans) {
        rate_inputs_clear(&spans->inputs);
        free(spans);
    }
}

/* ---- adding up ---- */

/* Takes one more value with its weight into a mean. The first value is the mean to the last bit. */
static void take_into_mean(double *mean, double value, double weight, double total_weight)
{
    *mean += total_weight > 0 ? (value - *mean) * (weight / total_weight) : value - *mean;
}

static double people_in_strata(const rate_unit *unit, const rate_slice *slice)
{
    double people = 0;

    for (size_t i = 0; i < slice->n_strata; i++) {
        people += unit->people[i];
    }
    return people;
}

/* Adds up what events are expected from; `scales` receives its time in each period. */
static hst_status add_reference(span_room *room, const span_question *q, hst_error *err)
{
    hst_status status = HST_OK;

    room->reference.has_people = q->slice.has_population;
    for (size_t i = q->first; i <= q->last && status == HST_OK; i++) {
        rate_slice slice;

        rate_slice_init(&slice, q->inputs, q->number, &q->periods[i], i, 0);
        status = rate_unit_of_reference(&room->period, q->inputs, &slice, room->cells,
                                        &room->scales[i - q->first], err);
        rate_unit_add(&room->reference, &room->period, &slice);
    }
    return status;
}

static hst_status add_periods(span_sums *sums, span_room *room, const span_question *q,
                              bool is_group, size_t area, hst_error *err)
{
    const rate_unit *period = &room->period;
    hst_status status = HST_OK;
    double people = 0;

    sums->unit.has_people = q->slice.has_population;
    for (size_t i = q->first; i <= q->last && status == HST_OK; i++) {
        rate_slice slice;
        double days = 0, own = 0;

        rate_slice_init(&slice, q->inputs, q->number, &q->periods[i], i, 0);
        status = is_group
                     ? rate_unit_of_group(&room->period, q->inputs, &slice, area, room->cells, err)
                     : rate_unit_of_area(&room->period, q->inputs, &slice, area, room->cells, err);
        rate_unit_add(&sums->unit, period, &slice);
        days = rate_working_days(q->inputs, &slice);
        sums->working_days += days;
        take_into_mean(&sums->days_by_people, days, period->all_people, sums->unit.all_people);
        own = people_in_strata(period, &slice);
        people += own;
        take_into_mean(&sums->scale_by_people, room->scales[i - q->first], own, people);
    }
    return status;
}

/* ---- the value ---- */

static bool is_total(const hst_measure *measure)
{
    return (measure->statistic == HST_STAT_COUNT && !measure->per_working_day) ||
           measure->statistic == HST_STAT_BED_DAYS;
}

/* The first sentence, those that say why something is missing before those that only explain. */
static const char *sentence_of(const rate *r)
{
    const unsigned explaining =
        RATE_MERGED | RATE_ALL_AGES | RATE_ALL_GROUPS | RATE_BORROWED | RATE_ROUNDED_COUNT;
    unsigned notes = r->notes & ~explaining ? r->notes & ~explaining : r->notes;

    for (size_t i = 0; i < RATE_N_SENTENCES; i++) {
        if (notes >> i & 1) {
            return rate_sentences[i];
        }
    }
    return r->n_dropped > 0 ? "strata without stays left out, weights rescaled" : "";
}

static void fill_span(hst_span *out, const rate_basis *basis, const rate_unit *unit)
{
    const rate_statistic *statistic = rate_statistic_of(basis->measure);
    double n = is_total(basis->measure) ? (double)out->n_periods : 1;
    rate rows[RATE_MAX_ROWS], *r = &rows[statistic->main];

    rate_compute(basis, unit, true, rows);
    out->total_count = r->total_count;
    out->total_pop = r->total_pop;
    out->value = r->value / n;
    out->variance = r->variance / (n * n);
    out->lowercl = out->uppercl = NAN;
    if (statistic->limited >> statistic->main & 1) {
        out->lowercl = r->limits[0].lower;
        out->uppercl = r->limits[0].upper;
    }
    out->excluded = unit->excluded;
    out->note = sentence_of(r);
}

/* ---- one question ---- */

static hst_status check_question(const span_question *q, size_t n_periods, hst_error *err)
{
    const hst_measure *m = q->measure;
    const rate_statistic *statistic = rate_statistic_of(m);

    if (m->is_table || statistic->with_base || statistic->is_of_areas_alone) {
        return hst_fail(err, HST_ERR_USAGE,
                        "%s, line %zu: measure `%s`: %s has no value over several periods",
                        q->inputs->study->path, m->line, m->id,
                        m->is_table ? "a table" : hst_statistic_name(m->statistic));
    }
    if (q->first > q->last || q->last >= n_periods) {
        return hst_fail(err, HST_ERR_USAGE,
                        "%s, line %zu: measure `%s` has %zu complete periods of this type, and not "
                        "those asked for",
                        q->inputs->study->path, m->line, m->id, n_periods);
    }
    return HST_OK;
}

static hst_status open_room(span_room *room, const span_question *q, hst_error *err)
{
    rate_unit *const units[] = {&room->own.unit, &room->part.unit, &room->rest, &room->reference,
                                &room->period};
    size_t n_strata = q->slice.n_strata, n_periods = q->last - q->first + 1;
    hst_status status = HST_OK;

    room->scales = calloc(n_periods, sizeof *room->scales);
    room->cells = calloc(rate_cells_size(q->inputs), sizeof *room->cells);
    room->weights = calloc(n_strata, sizeof *room->weights);
    room->strata = calloc(n_strata, sizeof *room->strata);
    if (!room->scales || !room->cells || !room->weights || !room->strata) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a value over %zu periods", n_periods);
    }
    for (size_t i = 0; i < n_periods; i++) {
        room->scales[i] = 1;
    }
    rate_slice_weights(&q->slice, q->inputs, room->weights);
    for (size_t i = 0; i < sizeof units / sizeof units[0] && status == HST_OK; i++) {
        status = rate_unit_init(units[i], &q->slice, q->inputs, err);
    }
    return status;
}

static void close_room(span_room *room)
{
    rate_unit_clear(&room->own.unit);
    rate_unit_clear(&room->part.unit);
    rate_unit_clear(&room->rest);
    rate_unit_clear(&room->reference);
    rate_unit_clear(&room->period);
    free(room->scales);
    free(room->cells);
    free(room->weights);
    free(room->strata);
}

/* Works the value out of the sums; of what is left of a comparator the mean period is the whole's.
 */
static void answer(hst_span *out, const span_question *q, const span_room *room,
                   const rate_unit *unit)
{
    bool is_by_people = q->measure->statistic == HST_STAT_CRUDE_RATE;
    const rate_basis basis = {.inputs = q->inputs,
                              .slice = &q->slice,
                              .measure = q->measure,
                              .weights = room->weights,
                              .reference = &room->reference,
                              .reference_scale = room->own.scale_by_people,
                              .working_days =
                                  is_by_people ? room->own.days_by_people : room->own.working_days,
                              .strata = room->strata};

    fill_span(out, &basis, unit);
}

hst_status hst_span_of(hst_span *out, const hst_spans *spans, size_t measure, bool is_group,
                       size_t area, size_t without, hst_by type, size_t first, size_t last,
                       hst_error *err)
{
    const rate_inputs *inputs = &spans->inputs;
    span_question q = {.inputs = inputs,
                       .measure = &inputs->study->measures[measure],
                       .number = measure,
                       .first = first,
                       .last = last};
    bool leaves_out = is_group && without != SIZE_MAX;
    size_t n_periods = 0;
    span_room room = {0};
    hst_status status = HST_OK;

    if (q.measure->by & (unsigned)type) {
        n_periods = hst_measures_periods(inputs->measures, measure, type, &q.periods);
    }
    *out = (hst_span){.note = ""};
    status = check_question(&q, n_periods, err);
    if (status != HST_OK) {
        return status;
    }
    out->n_periods = last - first + 1;
    rate_slice_init(&q.slice, inputs, measure, &q.periods[first], first, 0);
    status = open_room(&room, &q, err);
    if (status == HST_OK && rate_statistic_of(q.measure)->with_reference) {
        status = add_reference(&room, &q, err);
    }
    if (status == HST_OK) {
        status = add_periods(&room.own, &room, &q, is_group, area, err);
    }
    if (status == HST_OK && leaves_out) {
        status = add_periods(&room.part, &room, &q, false, without, err);
        rate_unit_without(&room.rest, &room.own.unit, &q.slice,
                          hst_areas_group(inputs->areas, area), without, &room.part.unit);
    }
    if (status == HST_OK) {
        answer(out, &q, &room, leaves_out ? &room.rest : &room.own.unit);
    }
    close_room(&room);
    return status;
}
