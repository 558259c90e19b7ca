/*
 * What providers recorded, by area, specialty and month.
 *
 * A national file has some hundred thousand series, nearly all of them of a few residents treated
 * far from home, and some ten thousand in which nearly all events are. So a series begins with room
 * for four events, gets a cache line for 31, and counters of its months with the 32nd.
 *
 * Keys are made of numbers that stand in the order of their codes. What the table looks like, which
 * does depend on the threads, is gone when the series are sorted.
 */
#include "activity_internal.h"

#include <stdlib.h>
#include <string.h>

#include "filter_internal.h"

enum {
    N_DAYS = 65536,
    FIRST_SLOTS = 1 << 7,
    AREA_BITS = 20,
    PROVIDER_BITS = 21,
    SPECIALTY_BITS = 21, /* and two bits for the data set */
};

static hst_status no_memory(hst_error *err)
{
    return hst_fail(err, HST_ERR_MEMORY, "no memory to count providers' activity in");
}

/* ---- what is counted ---- */

static uint64_t key_of(hst_dataset dataset, uint32_t area, uint32_t provider, uint32_t specialty)
{
    uint64_t key = (uint64_t)dataset;

    key = key << AREA_BITS | area;
    key = key << PROVIDER_BITS | provider;
    return key << SPECIALTY_BITS | specialty;
}

static uint32_t part_of(uint64_t key, unsigned shift, unsigned bits)
{
    return (uint32_t)(key >> shift & ((UINT64_C(1) << bits) - 1));
}

/* The rule of one data set: the same test of rows as measures of admissions and attendances. */
static hst_status make_rule(hst_activity_plan *plan, hst_dataset dataset, const char *classes,
                            hst_error *err)
{
    hst_unit_rule *rule = &plan->rules[dataset];
    hst_period month = plan->first;

    rule->dataset = dataset;
    rule->first_only = dataset == HST_DATASET_APC;
    for (const char *c = classes; *c; c++) {
        rule->class_ok[(unsigned char)*c] = true;
    }
    rule->period_of_day = malloc(N_DAYS * sizeof *rule->period_of_day);
    if (!rule->period_of_day) {
        return no_memory(err);
    }
    for (size_t day = 0; day < N_DAYS; day++) {
        rule->period_of_day[day] = HST_DAY_OUTSIDE;
    }
    for (size_t i = 0; i < plan->n_months; i++, month = hst_period_next(&month)) {
        for (hst_date date = month.start; date <= month.end; date++) {
            rule->period_of_day[hst_day_of_date(date)] = (uint16_t)i;
        }
    }
    return HST_OK;
}

/* Whole months of the study's period. */
static void find_months(hst_activity_plan *plan, const hst_window *period)
{
    hst_period month = hst_period_of(HST_BY_MONTH, period->from);

    plan->first = month.start < period->from ? hst_period_next(&month) : month;
    for (month = plan->first; month.end <= period->to; month = hst_period_next(&month)) {
        plan->n_months++;
    }
}

hst_status hst_activity_plan_create(hst_activity_plan **out, const hst_study *study,
                                    const hst_areas *areas, const hst_mergers *mergers,
                                    const hst_segment *const *segments, size_t n_segments,
                                    hst_error *err)
{
    hst_activity_plan *plan = calloc(1, sizeof *plan);
    hst_status status = HST_OK;

    *out = NULL;
    if (!plan) {
        return no_memory(err);
    }
    plan->n_areas = hst_areas_n(areas);
    find_months(plan, &study->period);
    status = make_rule(plan, HST_DATASET_APC, "125", err);
    if (!status) {
        status = make_rule(plan, HST_DATASET_OP, "56", err);
    }
    if (!status) {
        status = make_rule(plan, HST_DATASET_AE, "13", err);
    }
    if (!status) {
        status = hst_numbering_create(&plan->providers, HST_DICT_PROVIDER, mergers, segments,
                                      n_segments, err);
    }
    if (!status) {
        status = hst_numbering_create(&plan->specialties, HST_DICT_SPECIALTY, NULL, segments,
                                      n_segments, err);
    }
    if (!status &&
        (plan->n_areas >> AREA_BITS || hst_numbering_n(plan->providers) >> PROVIDER_BITS ||
         hst_numbering_n(plan->specialties) >> SPECIALTY_BITS)) {
        status = hst_fail(err, HST_ERR_RANGE,
                          "%s: `breaks.screen: true`: too many areas, providers or specialties; "
                          "write `screen: false`",
                          study->path);
    }
    if (status) {
        goto done;
    }
    *out = plan;
    plan = NULL; /* now the caller's */

done:
    hst_activity_plan_free(plan);
    return status;
}

void hst_activity_plan_free(hst_activity_plan *plan)
{
    if (!plan) {
        return;
    }
    for (size_t dataset = 0; dataset < HST_N_DATASETS; dataset++) {
        hst_unit_rule_clear(&plan->rules[dataset]);
    }
    hst_numbering_free(plan->providers);
    hst_numbering_free(plan->specialties);
    free(plan);
}

/* ---- counting ---- */

static size_t home_of(const hst_activity_tally *tally, uint64_t key)
{
    return (size_t)(key * UINT64_C(0x9E3779B97F4A7C15) >> 32) & (tally->n_slots - 1);
}

static hst_activity_slot *slot_of(const hst_activity_tally *tally, uint64_t key)
{
    size_t at = home_of(tally, key);

    while (tally->slots[at].key != 0 && tally->slots[at].key != key) {
        at = (at + 1) & (tally->n_slots - 1);
    }
    return &tally->slots[at];
}

/* Room for `n_more` series with a quarter of the slots free. */
static bool make_room(hst_activity_tally *tally, size_t n_more)
{
    hst_activity_tally grown = {.n_slots = tally->n_slots ? tally->n_slots : FIRST_SLOTS};

    while (4 * (tally->n + n_more) > 3 * grown.n_slots) {
        grown.n_slots *= 2;
    }
    if (grown.n_slots == tally->n_slots) {
        return true;
    }
    grown.slots = hst_arena_alone(grown.n_slots * sizeof *grown.slots);
    if (!grown.slots) {
        return false;
    }
    memset(grown.slots, 0, grown.n_slots * sizeof *grown.slots);
    for (size_t i = 0; i < tally->n_slots; i++) {
        if (tally->slots[i].key != 0) {
            *slot_of(&grown, tally->slots[i].key) = tally->slots[i];
        }
    }
    free(tally->slots);
    tally->slots = grown.slots;
    tally->n_slots = grown.n_slots;
    return true;
}

/* Months of the events of a thin series. */
static uint16_t *months_of(hst_activity_slot *slot)
{
    return slot->n <= HST_ACTIVITY_FEW ? slot->months.few : slot->months.list;
}

static bool begin_list(hst_activity_tally *tally, hst_activity_slot *slot)
{
    uint16_t *list = hst_arena_take(&tally->memory, HST_ACTIVITY_LIST * sizeof *list);

    if (list) {
        memcpy(list, slot->months.few, sizeof slot->months.few);
        slot->months.list = list;
    }
    return list != NULL;
}

static bool begin_counts(hst_activity_tally *tally, hst_activity_slot *slot, size_t n_months)
{
    uint32_t *counts = hst_arena_take(&tally->memory, n_months * sizeof *counts);
    const uint16_t *months = months_of(slot);

    for (size_t i = 0; counts && i < slot->n; i++) {
        counts[months[i]]++;
    }
    if (counts) {
        slot->months.counts = counts;
    }
    return counts != NULL;
}

static bool count(hst_activity_tally *tally, hst_activity_slot *slot, uint16_t month,
                  size_t n_months)
{
    if ((slot->n == HST_ACTIVITY_FEW && !begin_list(tally, slot)) ||
        (slot->n == HST_ACTIVITY_LIST && !begin_counts(tally, slot, n_months))) {
        return false;
    }
    if (slot->n < HST_ACTIVITY_FEW) {
        slot->months.few[slot->n] = month;
    } else if (slot->n < HST_ACTIVITY_LIST) {
        slot->months.list[slot->n] = month;
    } else {
        slot->months.counts[month]++;
    }
    slot->n++;
    return true;
}

/* The slot of a key, there from now on; make_room has been called. */
static hst_activity_slot *take_slot(hst_activity_tally *tally, uint64_t key)
{
    hst_activity_slot *slot = slot_of(tally, key);

    tally->n += slot->key == 0;
    slot->key = key;
    return slot;
}

static bool count_pending(hst_activity_tally *tally, size_t n_months)
{
    hst_activity_slot *slots[HST_ACTIVITY_PENDING];

    if (!make_room(tally, tally->n_pending)) {
        return false;
    }
    for (size_t i = 0; i < tally->n_pending; i++) {
        slots[i] = take_slot(tally, tally->pending[i].key);
        if (slots[i]->n > HST_ACTIVITY_LIST) {
            __builtin_prefetch(&slots[i]->months.counts[tally->pending[i].month], 1);
        }
    }
    for (size_t i = 0; i < tally->n_pending; i++) {
        if (!count(tally, slots[i], tally->pending[i].month, n_months)) {
            return false;
        }
    }
    tally->n_pending = 0;
    return true;
}

bool hst_activity_tally_add(hst_activity_tally *tally, const hst_activity_plan *plan,
                            size_t segment, hst_dataset dataset, uint32_t area,
                            const hst_episode *episode)
{
    struct hst_activity_event *event = NULL;
    uint16_t month = 0;
    uint32_t specialty = 0;

    if (area >= plan->n_areas ||
        hst_unit_rule_ask(&plan->rules[dataset], episode, &month) != HST_STEP_ASKED) {
        return true;
    }
    if (tally->n_pending == HST_ACTIVITY_PENDING && !count_pending(tally, plan->n_months)) {
        return false;
    }
    if (dataset != HST_DATASET_AE) {
        specialty =
            hst_numbering_of(plan->specialties, segment)[hst_episode_specialty(episode, false)];
    }
    event = &tally->pending[tally->n_pending++];
    event->key = key_of(dataset, area,
                        hst_numbering_of(plan->providers, segment)[episode->provider], specialty);
    event->month = month;
    if (tally->slots) {
        __builtin_prefetch(&tally->slots[home_of(tally, event->key)]);
    }
    return true;
}

void hst_activity_tally_clear(hst_activity_tally *tally)
{
    free(tally->slots);
    hst_arena_clear(&tally->memory);
    *tally = (hst_activity_tally){0};
}

/* ---- all threads together ---- */

/* Adds a series of another thread, event by event or month by month. */
static bool merge_slot(hst_activity_tally *tally, hst_activity_slot *into, hst_activity_slot *from,
                       size_t n_months)
{
    if (into->n == 0) {
        into->n = from->n;
        into->months = from->months; /* in memory that goes over */
        return true;
    }
    if (from->n <= HST_ACTIVITY_LIST) {
        const uint16_t *months = months_of(from);

        for (size_t i = 0; i < from->n; i++) {
            if (!count(tally, into, months[i], n_months)) {
                return false;
            }
        }
        return true;
    }
    if (into->n <= HST_ACTIVITY_LIST && !begin_counts(tally, into, n_months)) {
        return false;
    }
    for (size_t i = 0; i < n_months; i++) {
        into->months.counts[i] += from->months.counts[i];
    }
    into->n += from->n;
    return true;
}

bool hst_activity_tally_merge(hst_activity_tally *into, hst_activity_tally *from,
                              const hst_activity_plan *plan)
{
    bool merged = count_pending(into, plan->n_months) && count_pending(from, plan->n_months);

    for (size_t i = 0; i < from->n_slots && merged; i++) {
        if (from->slots[i].key != 0) {
            merged = make_room(into, 1) && merge_slot(into, take_slot(into, from->slots[i].key),
                                                      &from->slots[i], plan->n_months);
        }
    }
    hst_arena_absorb(&into->memory, &from->memory);
    hst_activity_tally_clear(from);
    return merged;
}

/* ---- other processes ---- */

/* Is a key one of the plan's? */
static bool is_in_plan(const hst_activity_plan *plan, uint64_t key)
{
    return part_of(key, SPECIALTY_BITS + PROVIDER_BITS, AREA_BITS) < plan->n_areas &&
           part_of(key, SPECIALTY_BITS, PROVIDER_BITS) < hst_numbering_n(plan->providers) &&
           part_of(key, 0, SPECIALTY_BITS) < hst_numbering_n(plan->specialties) &&
           key >= key_of(HST_DATASET_APC, 0, 0, 0);
}

/* Months of a series into counts that are 0. */
static void read_months(const hst_activity_slot *slot, uint32_t *counts, size_t n_months)
{
    if (slot->n > HST_ACTIVITY_LIST) {
        memcpy(counts, slot->months.counts, n_months * sizeof *counts);
        return;
    }
    for (size_t i = 0; i < slot->n; i++) {
        counts[slot->n <= HST_ACTIVITY_FEW ? slot->months.few[i] : slot->months.list[i]]++;
    }
}

static bool add_few(hst_activity_tally *tally, hst_activity_slot *slot, const uint32_t *counts,
                    size_t n_months)
{
    for (size_t month = 0; month < n_months; month++) {
        for (uint32_t i = 0; i < counts[month]; i++) {
            if (!count(tally, slot, (uint16_t)month, n_months)) {
                return false;
            }
        }
    }
    return true;
}

static bool add_many(hst_activity_tally *tally, hst_activity_slot *slot, const uint32_t *counts,
                     size_t n_months, uint64_t n_events)
{
    if (slot->n <= HST_ACTIVITY_LIST && !begin_counts(tally, slot, n_months)) {
        return false;
    }
    for (size_t month = 0; month < n_months; month++) {
        slot->months.counts[month] += counts[month];
    }
    slot->n += n_events;
    return true;
}

static void add_months(hst_activity_tally *tally, uint64_t key, const uint32_t *counts,
                       size_t n_months, hst_wire *wire)
{
    hst_activity_slot *slot = make_room(tally, 1) ? take_slot(tally, key) : NULL;
    uint64_t n_events = 0;

    for (size_t month = 0; month < n_months; month++) {
        n_events += counts[month];
    }
    if (slot && n_events > UINT32_MAX - slot->n) {
        hst_wire_too_large(wire);
    } else if (!slot || !(slot->n + n_events <= HST_ACTIVITY_LIST
                              ? add_few(tally, slot, counts, n_months)
                              : add_many(tally, slot, counts, n_months, n_events))) {
        hst_wire_no_memory(wire);
    }
}

void hst_activity_tally_wire(hst_activity_tally *tally, const hst_activity_plan *plan,
                             hst_wire *wire)
{
    size_t n = plan->n_months;
    uint32_t *counts = malloc((n + 1) * sizeof *counts);
    void **sorted = NULL;
    uint64_t key = 0;

    if (!counts || !count_pending(tally, n)) {
        hst_wire_no_memory(wire);
    }
    sorted = hst_wire_sort(wire, tally->slots, tally->n_slots, sizeof *tally->slots, tally->n);
    for (size_t i = 0; hst_wire_key(wire, sorted ? sorted[i] : NULL, UINT64_MAX, &key); i++) {
        if (!wire->packs && !is_in_plan(plan, key)) {
            hst_wire_damaged(wire);
            break;
        }
        memset(counts, 0, n * sizeof *counts);
        if (sorted) {
            read_months(sorted[i], counts, n);
        }
        hst_wire_counts32(wire, counts, n);
        if (!wire->packs) {
            add_months(tally, key, counts, n, wire);
        }
    }
    free(sorted);
    free(counts);
}

/* ---- the series ---- */

static int compare_slots(const void *a, const void *b)
{
    const hst_activity_slot *x = a, *y = b;

    return (x->key > y->key) - (x->key < y->key);
}

static int compare_months(const void *a, const void *b)
{
    return *(const uint16_t *)a - *(const uint16_t *)b;
}

/* Puts the slots in use first, sorted. */
static void sort_slots(hst_activity_tally *tally)
{
    size_t n = 0;

    for (size_t i = 0; i < tally->n_slots; i++) {
        if (tally->slots[i].key != 0) {
            tally->slots[n++] = tally->slots[i];
        }
    }
    if (n > 0) {
        qsort(tally->slots, n, sizeof *tally->slots, compare_slots);
    }
}

static hst_activity_series name_series(const hst_activity_plan *plan, const hst_activity_slot *slot)
{
    uint32_t provider = part_of(slot->key, SPECIALTY_BITS, PROVIDER_BITS);
    uint32_t specialty = part_of(slot->key, 0, SPECIALTY_BITS);
    hst_activity_series series = {
        .dataset = (hst_dataset)(slot->key >> (SPECIALTY_BITS + PROVIDER_BITS + AREA_BITS)),
        .area = part_of(slot->key, SPECIALTY_BITS + PROVIDER_BITS, AREA_BITS),
        .total = slot->n};

    memcpy(series.provider, hst_numbering_code(plan->providers, provider), HST_CODE_BYTES);
    memcpy(series.specialty, hst_numbering_code(plan->specialties, specialty), HST_CODE_BYTES);
    return series;
}

/* Memory for all series: `n_events` of the thin ones, `n_thick` of the others. */
static hst_status make_series(hst_activity *activity, const hst_activity_tally *tally,
                              hst_error *err)
{
    size_t n_events = 0, n_thick = 0, n_counts = 0;

    for (size_t i = 0; i < tally->n; i++) {
        if (tally->slots[i].n < HST_ACTIVITY_THIN) {
            n_events += tally->slots[i].n;
        } else {
            n_thick++;
        }
    }
    if (!hst_size_multiply(n_thick, activity->n_months, &n_counts)) {
        return no_memory(err);
    }
    activity->series = calloc(tally->n + 1, sizeof *activity->series);
    activity->counts = calloc(n_counts + 1, sizeof *activity->counts);
    activity->months = calloc(n_events + 1, sizeof *activity->months);
    activity->is_incomplete =
        calloc(HST_N_DATASETS * activity->n_months + 1, sizeof *activity->is_incomplete);
    return activity->series && activity->counts && activity->months && activity->is_incomplete
               ? HST_OK
               : no_memory(err);
}

static void fill_series(hst_activity *activity, const hst_activity_tally *tally,
                        const hst_activity_plan *plan)
{
    uint32_t *counts = activity->counts;
    uint16_t *months = activity->months;

    for (size_t i = 0; i < tally->n; i++) {
        hst_activity_slot *slot = &tally->slots[i];
        hst_activity_series *series = &activity->series[i];

        *series = name_series(plan, slot);
        if (slot->n < HST_ACTIVITY_THIN) {
            memcpy(months, months_of(slot), slot->n * sizeof *months);
            qsort(months, slot->n, sizeof *months, compare_months);
            series->months = months;
            months += slot->n;
        } else {
            memcpy(counts, slot->months.counts, activity->n_months * sizeof *counts);
            series->counts = counts;
            counts += activity->n_months;
        }
    }
    activity->n_series = tally->n;
}

hst_status hst_activity_list(hst_activity **out, hst_activity_tally *tally,
                             const hst_activity_plan *plan, hst_error *err)
{
    hst_activity *activity = calloc(1, sizeof *activity);
    hst_status status = HST_OK;

    *out = NULL;
    if (!activity || !count_pending(tally, plan->n_months)) {
        status = no_memory(err);
        goto done;
    }
    activity->first = plan->first;
    activity->n_months = plan->n_months;
    sort_slots(tally);
    status = make_series(activity, tally, err);
    if (status) {
        goto done;
    }
    fill_series(activity, tally, plan);
    *out = activity;
    activity = NULL; /* now the caller's */

done:
    hst_activity_free(activity);
    hst_activity_tally_clear(tally);
    return status;
}

uint32_t hst_activity_at(const hst_activity_series *series, size_t month)
{
    uint32_t n = 0;

    if (series->counts) {
        return series->counts[month];
    }
    for (size_t i = 0; i < series->total && series->months[i] <= month; i++) {
        n += series->months[i] == month;
    }
    return n;
}

void hst_activity_add(const hst_activity *activity, const hst_activity_series *series,
                      uint32_t *counts)
{
    for (size_t i = 0; series->counts && i < activity->n_months; i++) {
        counts[i] += series->counts[i];
    }
    for (size_t i = 0; !series->counts && i < series->total; i++) {
        counts[series->months[i]]++;
    }
}

void hst_activity_free(hst_activity *activity)
{
    if (!activity) {
        return;
    }
    free(activity->is_incomplete);
    free(activity->series);
    free(activity->counts);
    free(activity->months);
    free(activity);
}
