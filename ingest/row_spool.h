/* Rows that were decoded before it is their turn. */
#ifndef HESTIA_ROW_SPOOL_H
#define HESTIA_ROW_SPOOL_H

#include <stdbool.h>
#include <stddef.h>

#include "hestia/store.h"

/**
 * The rows of one range of a file, in their order, with the numbers that the dictionaries of their
 * own writer gave their codes. They are kept in memory up to some megabytes; what is more lies in a
 * file of the store without a name.
 */
typedef struct hst_row_spool hst_row_spool;

/** What the numbers of a writer of spools are in the segment: [HST_N_DICTS][65536]. */
typedef struct hst_row_numbers hst_row_numbers;

HST_MUST_CHECK hst_status hst_row_spool_create(hst_row_spool **out, hst_store *store,
                                               hst_error *err);
void hst_row_spool_free(hst_row_spool *spool);

/** @return NULL without memory */
hst_row_numbers *hst_row_numbers_create(void);
void hst_row_numbers_free(hst_row_numbers *numbers);

/** A writer whose rows go to spools: it has dictionaries, and no file. */
HST_MUST_CHECK hst_status hst_row_spool_writer_create(hst_segment_writer **out, hst_store *store,
                                                      hst_error *err);

/** Asked when the memory of a spool is full: where it is the turn of its rows, they are taken up,
 * replayed, and begun with anew. */
typedef hst_status hst_row_drain(void *context, bool *has_drained, hst_error *err);

/** From here on the writer's rows go to the spool, which is emptied and has to outlive them.
 * `drain` may be NULL. */
HST_MUST_CHECK hst_status hst_row_spool_begin(hst_row_spool *spool, hst_segment_writer *writer,
                                              hst_row_drain *drain, void *context, hst_error *err);

/**
 * Takes the rows up. The writer may then go on with another spool.
 *
 * @param has_room  false: a dictionary is full, so a row may have been set aside that the segment
 *                  has room for
 */
HST_MUST_CHECK hst_status hst_row_spool_end(hst_row_spool *spool, hst_segment_writer *writer,
                                            bool *has_room, hst_error *err);

/** Called by the writer when the memory of the spool is full. */
HST_MUST_CHECK hst_status hst_row_spool_flush(hst_segment_writer *writer, hst_error *err);

/**
 * Adds the rows to a segment. Spools of all writers that come in the order of their rows make the
 * same bytes of it as one decoder of all rows does: its dictionaries get each spool's new codes in
 * the order in which the rows brought them.
 *
 * @param numbers   of the spool's writer
 * @param n_areas   area columns of the segment
 * @param has_room  false: a dictionary of the segment is full
 */
HST_MUST_CHECK hst_status hst_row_spool_replay(hst_row_spool *spool, hst_row_numbers *numbers,
                                               hst_segment_writer *segment, size_t n_areas,
                                               bool *has_room, hst_error *err);

#endif
