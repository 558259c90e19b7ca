/* What counts have to do with each other. A track is a measure's counts of one layer: events, or
 * what readmissions are a share of. Which tracks count the same events, part of them, or the sum of
 * two others is read off the published totals themselves: a relation that holds by definition holds
 * in all of them, and one that holds by chance costs a little room and nothing else. */
#include <stdlib.h>
#include <string.h>

#include "publish/disclosure_internal.h"

enum { OLDEST = 120 };

static hst_status no_memory(hst_error *err)
{
    return hst_fail(err, HST_ERR_MEMORY, "no memory for disclosure control");
}

/* ---- comparators of an area ---- */

/* Lists the comparators of each area, in their order. */
static hst_status list_groups(disclosure_tracks *tracks, const hst_areas *areas, hst_error *err)
{
    size_t capacity = 0;
    size_t *next = NULL;

    for (size_t g = 0; g < tracks->n_groups; g++) {
        capacity += hst_areas_group(areas, g)->n_members;
    }
    tracks->first_group = calloc(tracks->n_areas + 1, sizeof *tracks->first_group);
    tracks->groups = calloc(capacity + 1, sizeof *tracks->groups);
    next = calloc(tracks->n_areas + 1, sizeof *next);
    if (!tracks->first_group || !tracks->groups || !next) {
        free(next);
        return no_memory(err);
    }
    for (size_t g = 0; g < tracks->n_groups; g++) {
        const hst_area_group *group = hst_areas_group(areas, g);

        for (size_t i = 0; i < group->n_members; i++) {
            tracks->first_group[group->members[i].area + 1]++;
        }
    }
    for (size_t area = 0; area < tracks->n_areas; area++) {
        tracks->first_group[area + 1] += tracks->first_group[area];
        next[area] = tracks->first_group[area];
    }
    for (size_t g = 0; g < tracks->n_groups; g++) {
        const hst_area_group *group = hst_areas_group(areas, g);

        for (size_t i = 0; i < group->n_members; i++) {
            tracks->groups[next[group->members[i].area]++] =
                (area_group){(uint32_t)g, group->members[i].weight};
        }
    }
    free(next);
    return HST_OK;
}

/* ---- periods ---- */

static int compare_spans(const void *a, const void *b)
{
    const cell_span *x = a, *y = b;

    return (x->from > y->from) - (x->from < y->from);
}

static size_t type_index(hst_by type)
{
    return type == HST_BY_MONTH ? 0 : type == HST_BY_QUARTER ? 1 : 2;
}

static bool has_span(const disclosure_track_info *track, size_t type, cell_span span)
{
    for (size_t i = track->n_periods[type]; i-- > 0;) {
        if (track->periods[type][i].from == span.from) {
            return true;
        }
    }
    return false;
}

static hst_status add_span(disclosure_track_info *track, cell_span span, hst_error *err)
{
    size_t type = type_index(span.to - span.from < 32    ? HST_BY_MONTH
                             : span.to - span.from < 100 ? HST_BY_QUARTER
                                                         : HST_BY_YEAR);
    size_t n = track->n_periods[type];
    cell_span *grown = NULL;

    if (has_span(track, type, span)) {
        return HST_OK;
    }
    if ((n & (n + 1)) == 0) { /* full: 0, 1, 3, 7, ... */
        grown = realloc(track->periods[type], (2 * n + 1) * sizeof *grown);
        if (!grown) {
            return no_memory(err);
        }
        track->periods[type] = grown;
    }
    track->periods[type][n] = span;
    track->n_periods[type]++;
    return HST_OK;
}

static hst_status add_service_span(disclosure_track_info *track, uint32_t cell, hst_error *err)
{
    uint32_t *grown = realloc(track->spans, (track->n_spans + 1) * sizeof *grown);

    if (!grown) {
        return no_memory(err);
    }
    track->spans = grown;
    track->spans[track->n_spans++] = cell;
    return HST_OK;
}

/* Periods of the tracks from their cells of the first unit that each of them has; further units of
 * a measure have the same. */
static hst_status list_periods(disclosure_tracks *tracks, hst_error *err)
{
    const disclosure_cells *cells = tracks->cells;
    hst_status status = HST_OK;
    uint32_t *unit = malloc(tracks->n * sizeof *unit);

    if (!unit) {
        return no_memory(err);
    }
    for (size_t i = 0; i < cells->n && status == HST_OK; i++) {
        const cell_key *key = &cells->items[i].key;
        disclosure_track_info *track = &tracks->items[key->track];

        track->has_values |= cells->items[i].has_values;
        if (cells->items[i].is_span) {
            status = add_service_span(track, (uint32_t)i, err);
            continue;
        }
        if (!track->is_used) {
            track->is_used = true;
            unit[key->track] = key->unit;
        }
        if (unit[key->track] == key->unit && key->split == 0) {
            status = add_span(track, (cell_span){key->from, key->to}, err);
        }
    }
    for (size_t t = 0; t < tracks->n && status == HST_OK; t++) {
        for (size_t type = 0; type < N_PERIOD_TYPES; type++) {
            if (tracks->items[t].n_periods[type] > 0) {
                qsort(tracks->items[t].periods[type], tracks->items[t].n_periods[type],
                      sizeof(cell_span), compare_spans);
            }
        }
    }
    free(unit);
    return status;
}

/* ---- relations ---- */

typedef enum relation { UNRELATED, SAME, BELOW, ABOVE } relation;

/* One track is the sum of two others. */
typedef struct track_sum {
    uint16_t parts[2], whole;
} track_sum;

typedef struct relations {
    const disclosure_tracks *tracks;
    size_t *n_totals;
    uint32_t **totals; /* [track][n_totals]: cells of areas, not split */
    relation *of;      /* [track][track] */
    size_t n_sums;
    track_sum *sums;
} relations;

static void clear_relations(relations *r)
{
    for (size_t t = 0; r->totals && t < r->tracks->n; t++) {
        free(r->totals[t]);
    }
    free(r->totals);
    free(r->n_totals);
    free(r->of);
    free(r->sums);
}

static bool is_total(const disclosure_tracks *tracks, const disclosure_cell *cell)
{
    return !cell->is_span && cell->key.split == 0 && cell->key.unit >= tracks->n_groups;
}

static hst_status list_totals(relations *r, hst_error *err)
{
    const disclosure_cells *cells = r->tracks->cells;

    for (size_t i = 0; i < cells->n; i++) {
        r->n_totals[cells->items[i].key.track] += is_total(r->tracks, &cells->items[i]);
    }
    for (size_t t = 0; t < r->tracks->n; t++) {
        r->totals[t] = calloc(r->n_totals[t] + 1, sizeof *r->totals[t]);
        if (!r->totals[t]) {
            return no_memory(err);
        }
        r->n_totals[t] = 0;
    }
    for (size_t i = 0; i < cells->n; i++) {
        uint16_t track = cells->items[i].key.track;

        if (is_total(r->tracks, &cells->items[i])) {
            r->totals[track][r->n_totals[track]++] = (uint32_t)i;
        }
    }
    return HST_OK;
}

/* The count that another track has where a cell is; -1: none. */
static int64_t count_of(const disclosure_cells *cells, const disclosure_cell *cell, uint16_t track)
{
    cell_key key = cell->key;
    uint32_t other = 0;

    key.track = track;
    other = disclosure_cell_at(cells, &key);
    return other == CELL_NONE ? -1 : cells->items[other].count;
}

static bool is_of_people(const hst_study *study, uint16_t track)
{
    size_t measure = disclosure_measure_of(track);

    return measure < study->n_measures && study->measures[measure].unit == HST_UNIT_PERSON;
}

/* True when one track counts the people of whom the other counts what they came for: never more. */
static bool are_people_of(const hst_study *study, uint16_t a, uint16_t b)
{
    hst_unit other = study->measures[disclosure_measure_of(is_of_people(study, a) ? b : a)].unit;

    return is_of_people(study, a) != is_of_people(study, b) &&
           (other == HST_UNIT_ADMISSION || other == HST_UNIT_ATTENDANCE);
}

/* Only counts of the same kind of thing, or of people and their admissions or attendances, of the
 * same data set and date, can have to do with each other; members of cohorts have not. */
static bool can_relate(const hst_study *study, uint16_t a, uint16_t b)
{
    size_t of_a = disclosure_measure_of(a), of_b = disclosure_measure_of(b);
    const hst_measure *x = NULL, *y = NULL;

    if (of_a >= study->n_measures || of_b >= study->n_measures) {
        return false;
    }
    x = &study->measures[of_a];
    y = &study->measures[of_b];
    return of_a == of_b || (x->dataset == y->dataset && x->date == y->date &&
                            (x->unit == y->unit || are_people_of(study, a, b)));
}

static bool has_code(const hst_texts *codes, const char *code)
{
    for (size_t i = 0; i < codes->n; i++) {
        if (strcmp(codes->items[i], code) == 0) {
            return true;
        }
    }
    return false;
}

/* True when all methods are named by groups that have no code in common. */
static bool are_apart(const hst_texts *methods)
{
    static const char *const groups[] = {"emergency", "elective", "maternity", "transfer"};

    for (size_t i = 0; i < methods->n; i++) {
        bool is_group = false;

        for (size_t k = 0; k < sizeof groups / sizeof *groups; k++) {
            is_group |= strcmp(methods->items[i], groups[k]) == 0;
        }
        if (!is_group) {
            return false;
        }
    }
    return true;
}

/* False when what a filter lets through is surely no part of what another does: the other asks for
 * something that the first does not ask for, or asks for too. Sets of conditions and procedures may
 * hold each other under different names. */
static bool can_be_part(const hst_where *part, const hst_where *whole)
{
    for (size_t k = 0; k < HST_N_WHERE_CODES; k++) {
        const hst_texts *a = &part->codes[k], *b = &whole->codes[k];
        bool is_set = k == HST_WHERE_CONDITION || k == HST_WHERE_PROCEDURE ||
                      (k == HST_WHERE_ADMISSION_METHOD && (!are_apart(a) || !are_apart(b)));

        bool has_default = k == HST_WHERE_PATIENT_CLASS || k == HST_WHERE_SEX ||
                           k == HST_WHERE_ATTENDED || k == HST_WHERE_ATTENDANCE_CATEGORY;

        if (b->n > 0 && a->n == 0 && part->n_any == 0 && !has_default) {
            return false;
        }
        for (size_t i = 0; i < a->n && b->n > 0 && !is_set; i++) {
            if (!has_code(b, a->items[i])) {
                return false;
            }
        }
    }
    return !whole->has_age ||
           (part->has_age && part->age_from >= whole->age_from && part->age_to <= whole->age_to);
}

static bool can_be_below(const relations *r, uint16_t a, uint16_t b)
{
    const hst_study *study = r->tracks->cells->publication->study;
    size_t part = disclosure_measure_of(a), whole = disclosure_measure_of(b);

    return part == whole ? a != b && a % 2 == LAYER_COUNT
                         : can_be_part(&study->measures[part].where, &study->measures[whole].where);
}

/* How two tracks relate by their totals, where their filters leave that open. */
static relation relate(const relations *r, uint16_t a, uint16_t b)
{
    const disclosure_cells *cells = r->tracks->cells;
    const hst_publication *p = cells->publication;
    bool is_below = can_be_below(r, a, b), is_above = can_be_below(r, b, a), is_met = false;

    for (size_t i = 0; i < r->n_totals[a] && (is_below || is_above); i++) {
        const disclosure_cell *cell = &cells->items[r->totals[a][i]];
        int64_t other = count_of(cells, cell, b);

        if (other >= 0) {
            is_met = true;
            is_below &= cell->count <= other;
            is_above &= cell->count >= other;
        }
    }
    if (!is_met) { /* by other periods: then the definition alone tells */
        is_below = is_above =
            disclosure_measure_of(a) != disclosure_measure_of(b) &&
            strcmp(hst_measures_definition(p->measures, disclosure_measure_of(a)),
                   hst_measures_definition(p->measures, disclosure_measure_of(b))) == 0;
    }
    if (is_of_people(p->study, a) != is_of_people(p->study, b)) { /* the same by chance at most */
        is_below &= is_of_people(p->study, a);
        is_above &= is_of_people(p->study, b);
    }
    return is_below && is_above ? SAME : is_below ? BELOW : is_above ? ABOVE : UNRELATED;
}

static bool is_sum(const relations *r, uint16_t a, uint16_t b, uint16_t whole)
{
    const disclosure_cells *cells = r->tracks->cells;
    const hst_study *study = cells->publication->study;
    bool is_met = false;

    if (is_of_people(study, a) != is_of_people(study, whole) ||
        is_of_people(study, b) != is_of_people(study, whole)) {
        return false;
    }
    for (size_t i = 0; i < r->n_totals[whole]; i++) {
        const disclosure_cell *cell = &cells->items[r->totals[whole][i]];
        int64_t of_a = count_of(cells, cell, a), of_b = count_of(cells, cell, b);

        if (of_a >= 0 && of_b >= 0) {
            if (of_a + of_b != cell->count) {
                return false;
            }
            is_met |= of_a > 0 && of_b > 0;
        }
    }
    return is_met;
}

static hst_status find_sums(relations *r, hst_error *err)
{
    size_t n = r->tracks->n;

    for (size_t whole = 0; whole < n; whole++) {
        for (size_t a = 0; a < n; a++) {
            for (size_t b = a + 1; b < n; b++) {
                track_sum *grown = NULL;

                if (r->of[a * n + whole] != BELOW || r->of[b * n + whole] != BELOW ||
                    !is_sum(r, (uint16_t)a, (uint16_t)b, (uint16_t)whole)) {
                    continue;
                }
                grown = realloc(r->sums, (r->n_sums + 1) * sizeof *grown);
                if (!grown) {
                    return no_memory(err);
                }
                r->sums = grown;
                r->sums[r->n_sums++] = (track_sum){{(uint16_t)a, (uint16_t)b}, (uint16_t)whole};
            }
        }
    }
    return HST_OK;
}

static hst_status find_relations(relations *r, hst_error *err)
{
    const hst_study *study = r->tracks->cells->publication->study;
    const disclosure_track_info *items = r->tracks->items;
    size_t n = r->tracks->n;
    hst_status status = HST_OK;

    r->n_totals = calloc(n + 1, sizeof *r->n_totals);
    r->totals = calloc(n + 1, sizeof *r->totals);
    r->of = calloc(n * n + 1, sizeof *r->of);
    if (!r->n_totals || !r->totals || !r->of) {
        return no_memory(err);
    }
    status = list_totals(r, err);
    for (size_t a = 0; a < n && status == HST_OK; a++) {
        for (size_t b = a + 1; b < n; b++) {
            relation found = UNRELATED;

            if (items[a].is_used && items[b].is_used &&
                can_relate(study, (uint16_t)a, (uint16_t)b)) {
                found = relate(r, (uint16_t)a, (uint16_t)b);
            }
            r->of[a * n + b] = found;
            r->of[b * n + a] = found == BELOW ? ABOVE : found == ABOVE ? BELOW : found;
        }
    }
    return status == HST_OK ? find_sums(r, err) : status;
}

/* ---- options ---- */

enum { MAX_DEPTH = 8 };

/* Signs of all tracks when one event more is counted by the first. */
typedef struct sign_search {
    const relations *relations;
    disclosure_track_info *track;
    uint16_t number;
    int8_t *signs; /* [track], and after it as it was at each depth: [MAX_DEPTH][track] */
} sign_search;

/* Gives tracks that count the same events the same sign. */
static bool close_same(const sign_search *s)
{
    size_t n = s->relations->tracks->n;

    for (size_t a = 0; a < n; a++) {
        for (size_t b = 0; b < n; b++) {
            if (s->signs[a] != 0 && s->relations->of[a * n + b] == SAME) {
                if (s->signs[b] != 0 && s->signs[b] != s->signs[a]) {
                    return false;
                }
                s->signs[b] = s->signs[a];
            }
        }
    }
    return true;
}

static void keep_option(const sign_search *s)
{
    track_option option = {.n = 1, .parts = {{s->number, 1}}};
    disclosure_track_info *track = s->track;

    for (size_t t = 0; t < s->relations->tracks->n; t++) {
        if (s->signs[t] != 0 && t != s->number) {
            if (option.n == MAX_PARTS) {
                return;
            }
            option.parts[option.n++] = (track_part){(uint16_t)t, s->signs[t]};
        }
    }
    for (size_t i = 0; i < track->n_options; i++) {
        const track_option *known = &track->options[i];
        bool is_same = known->n == option.n;

        for (size_t k = 0; is_same && k < option.n; k++) {
            is_same = known->parts[k].track == option.parts[k].track &&
                      known->parts[k].sign == option.parts[k].sign;
        }
        if (is_same) {
            return;
        }
    }
    if (track->n_options < MAX_OPTIONS) {
        track->options[track->n_options++] = option;
    }
}

/* Fills in signs until all sums hold: the first that does not takes one of its tracks along. */
static void try_signs(const sign_search *s, unsigned depth)
{
    size_t n = s->relations->tracks->n;
    int8_t *before = s->signs + depth * n;
    size_t broken = 0;

    if (depth == 0 || !close_same(s)) {
        return;
    }
    for (; broken < s->relations->n_sums; broken++) {
        const track_sum *sum = &s->relations->sums[broken];

        if (s->signs[sum->parts[0]] + s->signs[sum->parts[1]] != s->signs[sum->whole]) {
            break;
        }
    }
    if (broken == s->relations->n_sums) {
        keep_option(s);
        return;
    }
    memcpy(before, s->signs, n);
    for (size_t i = 0; i < 3; i++) {
        const track_sum *sum = &s->relations->sums[broken];
        uint16_t track = i < 2 ? sum->parts[1 - i] : sum->whole;
        int missing = s->signs[sum->whole] - s->signs[sum->parts[0]] - s->signs[sum->parts[1]];

        if (s->signs[track] == 0 && abs(missing) == 1) {
            s->signs[track] = (int8_t)(i < 2 ? missing : -missing);
            try_signs(s, depth - 1);
            memcpy(s->signs, before, n);
        }
    }
}

/* Signs of a track and of another one (n: none), with all that the first is a part of, or the
 * second alone. */
static void try_together(const sign_search *s, size_t with, bool with_all)
{
    size_t n = s->relations->tracks->n;

    memset(s->signs, 0, n);
    for (size_t t = 0; t < n; t++) {
        if (t == s->number || t == with ||
            (with_all && s->relations->of[s->number * n + t] == BELOW) ||
            (with < n && s->relations->of[with * n + t] == BELOW)) {
            s->signs[t] = 1;
        }
    }
    try_signs(s, MAX_DEPTH);
}

/*
 * The ways in which an event of a track can be there or not: alone (an event that larger tracks
 * counted before is now one of this track, too), with all that it is a part of, with some of them,
 * and with a smaller track as well.
 */
static hst_status find_options(const relations *r, uint16_t number, hst_error *err)
{
    disclosure_track_info *track = &r->tracks->items[number];
    size_t n = r->tracks->n;
    sign_search s = {
        .relations = r, .track = track, .number = number, .signs = calloc(n + 1, MAX_DEPTH + 1)};

    if (!s.signs) {
        return no_memory(err);
    }
    s.signs[number] = 1;
    try_signs(&s, MAX_DEPTH);
    try_together(&s, n, true);
    for (size_t t = 0; t < n; t++) {
        if (r->of[number * n + t] == BELOW) {
            try_together(&s, t, false);
        }
    }
    for (size_t t = 0; t < n; t++) {
        if (r->of[t * n + number] == BELOW) {
            try_together(&s, t, true);
        }
    }
    free(s.signs);
    return HST_OK;
}

/* Tracks between which an order holds. */
static hst_status list_orders(const relations *r, uint16_t number, hst_error *err)
{
    disclosure_track_info *track = &r->tracks->items[number];
    size_t n = r->tracks->n;

    track->larger = calloc(n + 1, sizeof *track->larger);
    track->smaller = calloc(n + 1, sizeof *track->smaller);
    track->same = calloc(n + 1, sizeof *track->same);
    if (!track->larger || !track->smaller || !track->same) {
        return no_memory(err);
    }
    for (size_t t = 0; t < n; t++) {
        relation of = r->of[number * n + t];

        if (of == BELOW) {
            track->larger[track->n_larger++] = (uint16_t)t;
        } else if (of == ABOVE) {
            track->smaller[track->n_smaller++] = (uint16_t)t;
        } else if (of == SAME) {
            track->same[track->n_same++] = (uint16_t)t;
        }
    }
    return HST_OK;
}

hst_status disclosure_tracks_create(disclosure_tracks *out, const disclosure_cells *cells,
                                    hst_error *err)
{
    const hst_publication *p = cells->publication;
    relations found = {.tracks = out};
    hst_status status = HST_OK;

    *out = (disclosure_tracks){.cells = cells,
                               .n = 2 * (p->study->n_measures + p->study->n_cohorts),
                               .n_areas = hst_areas_n(p->areas),
                               .n_groups = hst_areas_n_groups(p->areas)};
    out->items = calloc(out->n + 1, sizeof *out->items);
    if (!out->items) {
        return no_memory(err);
    }
    for (size_t m = 0; m < p->study->n_measures; m++) {
        const hst_where *where = &p->study->measures[m].where;

        out->items[disclosure_track(m, LAYER_COUNT)].is_of_sex_or_age =
            where->has_age || where->codes[HST_WHERE_SEX].n > 0;
        out->items[disclosure_track(m, LAYER_COUNT)].split = p->study->measures[m].split;
        out->items[disclosure_track(m, LAYER_DENOMINATOR)].split = p->study->measures[m].split;
    }
    if ((status = list_groups(out, p->areas, err)) != HST_OK ||
        (status = list_periods(out, err)) != HST_OK ||
        (status = disclosure_index_create(out, err)) != HST_OK ||
        (status = find_relations(&found, err)) != HST_OK) {
        goto done;
    }
    for (size_t t = 0; t < out->n && status == HST_OK; t++) {
        if (out->items[t].is_used) {
            status = find_options(&found, (uint16_t)t, err);
        }
        if (status == HST_OK) {
            status = list_orders(&found, (uint16_t)t, err);
        }
    }

done:
    clear_relations(&found);
    return status;
}

void disclosure_tracks_clear(disclosure_tracks *tracks)
{
    disclosure_index_clear(tracks);
    for (size_t t = 0; tracks->items && t < tracks->n; t++) {
        for (size_t type = 0; type < N_PERIOD_TYPES; type++) {
            free(tracks->items[t].periods[type]);
        }
        free(tracks->items[t].spans);
        free(tracks->items[t].larger);
        free(tracks->items[t].smaller);
        free(tracks->items[t].same);
    }
    free(tracks->items);
    free(tracks->first_group);
    free(tracks->groups);
    *tracks = (disclosure_tracks){0};
}
