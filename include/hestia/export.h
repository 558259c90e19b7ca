#ifndef HESTIA_EXPORT_H
#define HESTIA_EXPORT_H

#include "hestia/cube.h"

/** Rows of persons for analysis elsewhere, by the same rules as a measure's numbers. */
typedef enum hst_export_kind {
    HST_EXPORT_SPELLS,     /**< provider spells of which the measure counts something: the spell, an
                              episode of it, or the continuous spell that it is part of */
    HST_EXPORT_PEOPLE,     /**< people with something that the measure counts */
    HST_EXPORT_ATTENDANCES /**< attendances that the measure counts */
} hst_export_kind;

/** @return false when it is no kind: spells, people, attendances */
bool hst_export_kind_parse(const char *text, hst_export_kind *kind);
const char *hst_export_kind_name(hst_export_kind kind);

typedef struct hst_export hst_export;

/**
 * Gathers the rows that the measure counts in any of its periods, whatever their area. Persons have
 * a pseudonym that is new in each export, spells another; rows are sorted by them, so their order
 * says nothing. Apart from them the rows are the same with any number of threads.
 *
 * @param out       receives the export, which the caller frees; it borrows what it was made from
 * @param measure   not one of a table
 * @param options   memory bounds what is read at a time; the rows themselves are held besides
 * @return HST_ERR_USAGE: spells of a measure of attendances, attendances of one of inpatients,
 *         anything of a table; whatever hst_count refuses
 */
HST_MUST_CHECK hst_status hst_export_create(hst_export **out, hst_export_kind kind,
                                            const hst_measures *measures, size_t measure,
                                            const hst_study *study, const hst_areas *areas,
                                            const hst_segment *const *segments, size_t n_segments,
                                            const hst_count_options *options, hst_error *err);
void hst_export_free(hst_export *made);

size_t hst_export_n_rows(const hst_export *made);
size_t hst_export_n_people(const hst_export *made);

/** Episodes counted that the study's spell rule puts in no spell: they have no row. */
uint64_t hst_export_n_without_spell(const hst_export *made);

/** Names of the columns, [*n], owned by the export. */
const char *const *hst_export_columns(const hst_export *made, size_t *n);

enum { HST_EXPORT_CELL_BYTES = 40 };

/** The text of a cell; "" when it is missing. */
void hst_export_cell(const hst_export *made, size_t row, size_t column,
                     char text[HST_EXPORT_CELL_BYTES]);

#endif
