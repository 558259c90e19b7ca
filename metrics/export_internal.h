#ifndef HESTIA_METRICS_EXPORT_INTERNAL_H
#define HESTIA_METRICS_EXPORT_INTERNAL_H

#include "count_internal.h"
#include "hestia/export.h"
#include "hestia/pseudonym.h"

enum { MAX_DIAGNOSES = 24, MAX_COLUMNS = 17 + MAX_DIAGNOSES };

/* One row. Fields that a kind does not have are 0. */
typedef struct export_row {
    uint8_t person[HST_PSEUDONYM_BYTES], self[HST_PSEUDONYM_BYTES];
    uint64_t n_events;
    size_t first_diagnosis; /* in the diagnoses of all rows */
    uint32_t segment, area, cips, n_episodes;
    hst_day from, to;
    uint16_t admimeth, admisorc, disdest, provider, specialty; /* the last two of the segment */
    uint8_t dismeth, classpat, first_attendance, age, sex, n_diagnoses;
} export_row;

/* Episodes of the person at hand that a counted event is of. */
typedef struct marked {
    const hst_episode *row;            /* an event that is a row, or NULL */
    size_t first_episode, end_episode; /* of a stay */
} marked;

typedef struct gatherer {
    size_t n_rows, row_capacity;
    export_row *rows;
    size_t n_diagnoses, diagnosis_capacity;
    uint16_t *diagnoses; /* numbers of the segment's dictionary */
    size_t n_marked, marked_capacity;
    marked *marks;
    size_t spell_capacity;
    bool *is_counted; /* [spells of the person] */
    bool has_events;  /* people: the row that is being made */
    uint64_t first_key;
    export_row person;
    uint64_t n_without_spell;
} gatherer;

struct hst_export {
    hst_export_kind kind;
    const hst_compiled_measure *measure;
    const hst_measures *measures;
    const hst_areas *areas;
    const hst_segment *const *segments;
    size_t n_segments;
    hst_pseudonyms *people, *selves;
    hst_residence *residences; /* [n_segments] */
    size_t n_threads;
    gatherer *gatherers; /* [n_threads]; after gathering the first has all rows */
    size_t n_people;
    size_t n_columns;
    const char *columns[MAX_COLUMNS];
    char diagnosis_names[MAX_DIAGNOSES][8];
};

/** Names the columns of a kind, once its rows are there. */
void hst_export_name_columns(hst_export *made);

#endif
