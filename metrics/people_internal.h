#ifndef HESTIA_METRICS_PEOPLE_INTERNAL_H
#define HESTIA_METRICS_PEOPLE_INTERNAL_H

#include "hestia/spell.h"
#include "numbering_internal.h"
#include "partition_internal.h"
#include "wire_internal.h"

/** One record of a person. */
typedef struct hst_row {
    hst_episode *episode; /**< in the partition's buffer */
    uint32_t segment;
} hst_row;

/** One person of a partition: all rows of all data sets; valid until the next person. */
typedef struct hst_person {
    size_t n_rows;
    hst_row
        *rows; /**< in no order that means anything; repeats are marked (hst_episode_is_repeat) */
    size_t n_episodes;
    const hst_stay_episode *episodes; /**< inpatient rows as hst_spells_build leaves them; `row` is
                                         the index in rows. 0 when spells are not wanted */
    size_t n_spells, n_cips;
    const hst_spell *spells;
    const hst_cips *cips;
} hst_person;

/** What the people of a study are made by. */
typedef struct hst_people_rules {
    bool wants_spells;  /**< else only rows */
    bool drops_repeats; /**< `duplicates` is nhsd or hf: repeats are in no spell */
    bool drops_hf;      /**< `duplicates` is hf: marks rows with equal keys as repeats, too */
    hst_spell_rule spells;
    hst_cips_rule cips;
} hst_people_rules;

typedef struct hst_people hst_people;

/** @param providers  borrowed, as the segments are */
HST_MUST_CHECK hst_status hst_people_create(hst_people **out, const hst_people_rules *rules,
                                            const hst_segment *const *segments, size_t n_segments,
                                            const hst_numbering *providers, hst_error *err);
void hst_people_free(hst_people *people);

/** Begins the people of a partition's blocks [n_segments], as hst_partition_read gives them. */
HST_MUST_CHECK hst_status hst_people_begin(hst_people *people, const hst_block *blocks,
                                           hst_error *err);

/** The next person; `*more` is false, and the person empty, after the last. */
HST_MUST_CHECK hst_status hst_people_next(hst_people *people, hst_person *person, bool *more,
                                          hst_error *err);

/** What the spell rules made and refused so far. */
const hst_spell_ledger *hst_people_ledger(const hst_people *people);

/** Adds the ledger of another thread's people. */
void hst_people_merge_ledger(hst_people *into, const hst_people *from);
void hst_people_wire_ledger(hst_people *people, hst_wire *wire);

/** Rows that the rule `hf` marked so far, beyond the repeats of a record key. */
uint64_t hst_people_n_hf(const hst_people *people);

/**
 * The record of a stay as a measure asks it: the first episode's, with the stay's ADMIDATE and the
 * discharge fields of its last one written over its own (in the partition's buffer, so rows that
 * count by themselves are asked before).
 */
hst_row hst_people_spell_row(const hst_person *person, const hst_spell *spell);
hst_row hst_people_cips_row(const hst_person *person, const hst_cips *cips);

/** Marks all but one of the rows of a person that are the same by the Health Foundation's keys
 * (domain: duplicates); returns how many it marked. `repeats` of a record key are skipped. */
size_t hst_duplicates_mark_hf(hst_row *rows, size_t n, const hst_segment *const *segments,
                              const hst_numbering *providers);

#endif
