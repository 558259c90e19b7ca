/*
 * Rows of persons: what a measure counts, looked on while it is counted, so the rules are those of
 * its numbers. Rows are kept as numbers and become text when they are written.
 */
#include "export_internal.h"

#include <stdlib.h>
#include <string.h>

#include "hestia/row_memory.h"

static hst_status no_memory(hst_error *err)
{
    return hst_fail(err, HST_ERR_MEMORY, "no memory for the rows of an export");
}

static const char *const kind_names[] = {[HST_EXPORT_SPELLS] = "spells",
                                         [HST_EXPORT_PEOPLE] = "people",
                                         [HST_EXPORT_ATTENDANCES] = "attendances"};

bool hst_export_kind_parse(const char *text, hst_export_kind *kind)
{
    for (size_t i = 0; i < sizeof kind_names / sizeof kind_names[0]; i++) {
        if (strcmp(text, kind_names[i]) == 0) {
            *kind = (hst_export_kind)i;
            return true;
        }
    }
    return false;
}

const char *hst_export_kind_name(hst_export_kind kind)
{
    return kind_names[kind];
}

/* ---- gathering ---- */

/* The array with room for `n`, as it was or grown; NULL when there is no memory, and it stays. */
static void *with_room(void *items, size_t *capacity, size_t n, size_t size)
{
    size_t wanted = *capacity ? 2 * *capacity : 256;
    void *grown = NULL;

    if (items && n <= *capacity) {
        return items;
    }
    while (wanted < n) {
        wanted *= 2;
    }
    grown = hst_row_memory_resize(items, items ? *capacity * size : 0, wanted * size);
    *capacity = grown ? wanted : *capacity;
    return grown;
}

static hst_status make_room_for_rows(gatherer *g, size_t n, hst_error *err)
{
    export_row *rows = with_room(g->rows, &g->row_capacity, n, sizeof *rows);

    if (!rows) {
        return no_memory(err);
    }
    g->rows = rows;
    return HST_OK;
}

static hst_status make_room_for_diagnoses(gatherer *g, size_t n, hst_error *err)
{
    uint16_t *diagnoses = with_room(g->diagnoses, &g->diagnosis_capacity, n, sizeof *diagnoses);

    if (!diagnoses) {
        return no_memory(err);
    }
    g->diagnoses = diagnoses;
    return HST_OK;
}

static hst_status add_row(gatherer *g, const export_row *row, hst_error *err)
{
    hst_status status = make_room_for_rows(g, g->n_rows + 1, err);

    if (!status) {
        g->rows[g->n_rows++] = *row;
    }
    return status;
}

static hst_day day_of(const hst_export *made, const hst_episode *e)
{
    return made->measure->by_discharge ? e->disdate : e->admidate;
}

/* What a row has of the record it is made of. */
static export_row row_of(const hst_export *made, size_t segment, const hst_episode *e,
                         uint32_t area)
{
    export_row row = {.segment = (uint32_t)segment,
                      .area = area,
                      .provider = e->provider,
                      .specialty = hst_episode_specialty(e, made->measure->by_discharge),
                      .from = day_of(made, e),
                      .classpat = e->classpat,
                      .admimeth = e->admimeth,
                      .first_attendance = e->epitype,
                      .age = e->startage,
                      .sex = e->sex};

    hst_pseudonym_of(made->people, e->person, sizeof e->person, row.person);
    return row;
}

static hst_status add_attendance(const hst_export *made, gatherer *g, const hst_event *event,
                                 uint32_t area, hst_error *err)
{
    export_row row = row_of(made, event->segment, event->episode, area);

    hst_pseudonym_of(made->selves, &event->episode->record_key, sizeof(uint64_t), row.self);
    return add_row(g, &row, err);
}

/* A person is described as in the first of its events. */
static void add_to_person(const hst_export *made, gatherer *g, const hst_event *event,
                          uint32_t area)
{
    const hst_episode *e = event->episode;
    hst_day day = day_of(made, e);

    if (!g->has_events || day < g->person.from ||
        (day == g->person.from && e->record_key < g->first_key)) {
        hst_day to = g->has_events && g->person.to > day ? g->person.to : day;
        uint64_t n = g->has_events ? g->person.n_events : 0;

        g->person = row_of(made, event->segment, e, area);
        g->person.n_events = n;
        g->person.to = to;
        g->first_key = e->record_key;
        g->has_events = true;
    }
    g->person.to = day > g->person.to ? day : g->person.to;
    g->person.n_events++;
}

static hst_status mark(gatherer *g, const hst_event *event, hst_error *err)
{
    bool is_row = event->first_episode == event->end_episode;
    marked *marks = with_room(g->marks, &g->marked_capacity, g->n_marked + 1, sizeof *marks);

    if (!marks) {
        return no_memory(err);
    }
    g->marks = marks;
    g->marks[g->n_marked++] =
        (marked){is_row ? event->episode : NULL, event->first_episode, event->end_episode};
    return HST_OK;
}

static hst_status see_event(void *context, size_t thread, const hst_event *event, uint32_t area,
                            hst_error *err)
{
    const hst_export *made = context;
    gatherer *g = &made->gatherers[thread];

    switch (made->kind) {
    case HST_EXPORT_ATTENDANCES:
        return add_attendance(made, g, event, area, err);
    case HST_EXPORT_PEOPLE:
        add_to_person(made, g, event, area);
        return HST_OK;
    case HST_EXPORT_SPELLS:
        break;
    }
    return mark(g, event, err);
}

/* ---- spells of the person ---- */

/* Spell that a row is in, or HST_NO_SPELL. */
static uint32_t spell_of(const hst_person *person, const hst_episode *row)
{
    for (size_t i = 0; i < person->n_episodes; i++) {
        if (person->rows[person->episodes[i].row].episode == row) {
            return person->episodes[i].spell;
        }
    }
    return HST_NO_SPELL;
}

static hst_status add_diagnoses(const hst_export *made, gatherer *g, const hst_row *record,
                                export_row *row, hst_error *err)
{
    size_t n_areas = hst_segment_get_info(made->segments[record->segment])->n_area_columns;
    size_t n = record->episode->n_diagnoses;
    hst_status status = HST_OK;

    row->n_diagnoses = (uint8_t)(n < MAX_DIAGNOSES ? n : MAX_DIAGNOSES);
    row->first_diagnosis = g->n_diagnoses;
    status = make_room_for_diagnoses(g, g->n_diagnoses + MAX_DIAGNOSES, err);
    if (status) {
        return status;
    }
    memcpy(g->diagnoses + g->n_diagnoses, hst_episode_words(record->episode) + n_areas,
           row->n_diagnoses * sizeof *g->diagnoses);
    g->n_diagnoses += row->n_diagnoses;
    return HST_OK;
}

/* Fields of the spell over those of its first episode's record, whose dates and discharge may be
 * those of a continuous spell by now. */
static hst_status add_spell(const hst_export *made, gatherer *g, const hst_person *person,
                            const hst_spell *spell, hst_error *err)
{
    const hst_row *first = &person->rows[person->episodes[spell->first_episode].row];
    export_row row = {0};
    hst_status status = HST_OK;

    first->episode->admidate = spell->admidate;
    first->episode->disdate = spell->disdate;
    row = row_of(made, first->segment, first->episode,
                 hst_residence_of(&made->residences[first->segment], first->episode));
    row.from = spell->admidate;
    row.to = spell->disdate;
    row.admimeth = spell->admimeth;
    row.admisorc = spell->admisorc;
    row.disdest = spell->disdest;
    row.dismeth = spell->dismeth;
    row.classpat = spell->classpat;
    row.n_episodes = spell->n_episodes;
    row.cips = spell->cips + 1;
    hst_pseudonym_of(made->selves, &spell->smallest_key, sizeof spell->smallest_key, row.self);
    status = add_diagnoses(made, g, first, &row, err);
    return status ? status : add_row(g, &row, err);
}

static hst_status add_spells(const hst_export *made, gatherer *g, const hst_person *person,
                             hst_error *err)
{
    bool *is_counted = NULL;
    hst_status status = HST_OK;

    if (g->n_marked == 0) {
        return HST_OK;
    }
    is_counted =
        with_room(g->is_counted, &g->spell_capacity, person->n_spells + 1, sizeof *is_counted);
    if (!is_counted) {
        return no_memory(err);
    }
    g->is_counted = is_counted;
    memset(g->is_counted, 0, (person->n_spells + 1) * sizeof *g->is_counted);
    for (size_t i = 0; i < g->n_marked; i++) {
        const marked *m = &g->marks[i];
        uint32_t spell = m->row ? spell_of(person, m->row) : HST_NO_SPELL;

        if (spell != HST_NO_SPELL) {
            g->is_counted[spell] = true;
        } else if (m->row) {
            g->n_without_spell++;
        }
        for (size_t e = m->first_episode; e < m->end_episode; e++) {
            g->is_counted[person->episodes[e].spell] = true;
        }
    }
    g->n_marked = 0;
    for (size_t i = 0; i < person->n_spells && !status; i++) {
        status = g->is_counted[i] ? add_spell(made, g, person, &person->spells[i], err) : HST_OK;
    }
    return status;
}

static hst_status end_person(void *context, size_t thread, const hst_person *person, hst_error *err)
{
    const hst_export *made = context;
    gatherer *g = &made->gatherers[thread];
    bool has_events = g->has_events;

    g->has_events = false;
    if (made->kind == HST_EXPORT_SPELLS) {
        return add_spells(made, g, person, err);
    }
    return has_events ? add_row(g, &g->person, err) : HST_OK;
}

static void clear_gatherer(gatherer *g)
{
    hst_row_memory_free(g->rows, g->row_capacity * sizeof *g->rows);
    hst_row_memory_free(g->diagnoses, g->diagnosis_capacity * sizeof *g->diagnoses);
    hst_row_memory_free(g->marks, g->marked_capacity * sizeof *g->marks);
    hst_row_memory_free(g->is_counted, g->spell_capacity * sizeof *g->is_counted);
    *g = (gatherer){0};
}

/* ---- one table ---- */

static int compare_rows(const void *a, const void *b)
{
    const export_row *x = a, *y = b;
    int order = memcmp(x->person, y->person, sizeof x->person);

    return order ? order : memcmp(x->self, y->self, sizeof x->self);
}

/* Moves what the threads gathered to the first one, and sorts it. */
static hst_status join(hst_export *made, hst_error *err)
{
    gatherer *all = &made->gatherers[0];
    hst_status status = HST_OK;

    for (size_t t = 1; t < made->n_threads; t++) {
        gatherer *g = &made->gatherers[t];

        status = make_room_for_rows(all, all->n_rows + g->n_rows, err);
        if (!status) {
            status = make_room_for_diagnoses(all, all->n_diagnoses + g->n_diagnoses, err);
        }
        if (status) {
            return status;
        }
        for (size_t i = 0; i < g->n_rows; i++) {
            g->rows[i].first_diagnosis += all->n_diagnoses;
            all->rows[all->n_rows++] = g->rows[i];
        }
        if (g->n_diagnoses > 0) {
            memcpy(all->diagnoses + all->n_diagnoses, g->diagnoses,
                   g->n_diagnoses * sizeof *g->diagnoses);
            all->n_diagnoses += g->n_diagnoses;
        }
        all->n_without_spell += g->n_without_spell;
        clear_gatherer(g);
    }
    if (all->n_rows > 0) {
        qsort(all->rows, all->n_rows, sizeof *all->rows, compare_rows);
    }
    for (size_t i = 0; i < all->n_rows; i++) {
        made->n_people += i == 0 || memcmp(all->rows[i - 1].person, all->rows[i].person,
                                           HST_PSEUDONYM_BYTES) != 0;
    }
    return HST_OK;
}

/* ---- the whole ---- */

static hst_status check_question(const hst_export *made, const hst_study *study, hst_error *err)
{
    const hst_measure *measure = made->measure->measure;
    bool is_apc = made->measure->dataset == HST_DATASET_APC;
    const char *remedy = NULL;

    if (measure->is_table) {
        remedy = "it is of a table, which has no rows of persons";
    } else if (made->kind == HST_EXPORT_SPELLS && !is_apc) {
        remedy = "it counts attendances: export attendances or people";
    } else if (made->kind == HST_EXPORT_ATTENDANCES && is_apc) {
        remedy = "it counts inpatients: export spells or people";
    }
    return remedy ? hst_fail(err, HST_ERR_USAGE, "%s, line %zu: no %s of measure `%s`: %s",
                             study->path, measure->line, hst_export_kind_name(made->kind),
                             measure->id, remedy)
                  : HST_OK;
}

static hst_status prepare(hst_export *made, hst_error *err)
{
    hst_status status = hst_pseudonyms_create(&made->people, err);

    if (!status) {
        status = hst_pseudonyms_create(&made->selves, err);
    }
    if (status) {
        return status;
    }
    made->gatherers = calloc(made->n_threads, sizeof *made->gatherers);
    made->residences = calloc(made->n_segments + 1, sizeof *made->residences);
    if (!made->gatherers || !made->residences) {
        return no_memory(err);
    }
    for (size_t s = 0; s < made->n_segments && !status; s++) {
        status = hst_residence_init(&made->residences[s], made->areas, made->segments[s], err);
    }
    return status;
}

/* Counts the measure alone, without what only its own statistic needs. */
static hst_status gather(hst_export *made, const hst_study *study, const hst_count_options *options,
                         hst_error *err)
{
    hst_compiled_measure plain = *made->measure;
    hst_measures one = *made->measures;
    const hst_count_watch watch = {.wants_spells = made->kind == HST_EXPORT_SPELLS,
                                   .context = made,
                                   .event = see_event,
                                   .person = end_person};
    hst_cube *cube = NULL;
    hst_status status = HST_OK;

    plain.split = HST_SPLIT_NONE;
    plain.is_person = plain.counts_people = plain.keeps_stays = false;
    plain.rows_by_type = plain.is_placed;
    plain.layers = plain.is_placed ? plain.layers : 0;
    one.n = 1;
    one.items = &plain;
    status = hst_count_watched(&cube, NULL, &one, study, made->areas, made->segments,
                               made->n_segments, options, &watch, NULL, err);
    hst_cube_free(cube);
    return status;
}

hst_status hst_export_create(hst_export **out, hst_export_kind kind, const hst_measures *measures,
                             size_t measure, const hst_study *study, const hst_areas *areas,
                             const hst_segment *const *segments, size_t n_segments,
                             const hst_count_options *options, hst_error *err)
{
    hst_export *made = calloc(1, sizeof *made);
    hst_status status = HST_OK;

    *out = NULL;
    if (!made) {
        return no_memory(err);
    }
    made->kind = kind;
    made->measures = measures;
    made->measure = &measures->items[measure];
    made->areas = areas;
    made->segments = segments;
    made->n_segments = n_segments;
    made->n_threads = options->n_threads < 1 ? 1 : (size_t)options->n_threads;
    status = check_question(made, study, err);
    if (!status) {
        status = prepare(made, err);
    }
    if (!status) {
        status = gather(made, study, options, err);
    }
    if (!status) {
        status = join(made, err);
    }
    if (status) {
        goto done;
    }
    hst_export_name_columns(made);
    *out = made;
    made = NULL; /* now the caller's */

done:
    hst_export_free(made);
    return status;
}

void hst_export_free(hst_export *made)
{
    if (!made) {
        return;
    }
    for (size_t t = 0; made->gatherers && t < made->n_threads; t++) {
        clear_gatherer(&made->gatherers[t]);
    }
    for (size_t s = 0; made->residences && s < made->n_segments; s++) {
        hst_residence_clear(&made->residences[s]);
    }
    hst_pseudonyms_free(made->people);
    hst_pseudonyms_free(made->selves);
    free(made->gatherers);
    free(made->residences);
    free(made);
}

size_t hst_export_n_rows(const hst_export *made)
{
    return made->gatherers[0].n_rows;
}

size_t hst_export_n_people(const hst_export *made)
{
    return made->n_people;
}

uint64_t hst_export_n_without_spell(const hst_export *made)
{
    return made->gatherers[0].n_without_spell;
}
