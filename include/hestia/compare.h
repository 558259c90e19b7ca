#ifndef HESTIA_COMPARE_H
#define HESTIA_COMPARE_H

#include <stdbool.h>
#include <stdint.h>

#include "hestia/csv.h"
#include "hestia/published.h"
#include "hestia/status.h"

/** What moved between two folders of result tables: every table row by row by its key, every cell
 * as it is written. Each table has a main number (`value` of results.csv); of a row that is new or
 * gone that number alone is told. */

/** Rows of one measure in one table. */
typedef struct hst_compare_line {
    const char *table; /**< "results" */
    char *measure;     /**< "" where the table has none */
    uint64_t n_new, n_gone;
    uint64_t n_changed;                  /**< the main number is another */
    uint64_t n_suppressed;               /**< it was there, and disclosure control has taken it */
    uint64_t n_revealed;                 /**< the reverse */
    uint64_t n_other;                    /**< other cells alone have changed */
    double largest;                      /**< in percent of before; NAN: none */
    char *largest_area, *largest_period; /**< NULL: none */
} hst_compare_line;

/** A value of results.csv that has moved. */
typedef struct hst_move {
    char *measure, *area_code, *period;
    char *rest; /**< "sex 1", "split RD1", "median_los": what else tells it apart; or "" */
    double before, after, percent;
} hst_move;

typedef struct hst_verdict_change {
    char *impact, *site_code, *measure, *before, *after;
} hst_verdict_change;

typedef struct hst_comparison {
    size_t n_origins;
    char **origins; /**< what the runs were made from, where it differs: "study file: changed" */
    size_t n_lines;
    hst_compare_line *lines; /**< tables in the order of a run folder, measures by name */
    size_t n_verdicts;
    hst_verdict_change *verdicts; /**< one a service, site and measure */
    size_t n_moves;
    hst_move *moves; /**< the largest, of those that count, largest first */
    uint64_t n_past; /**< values that count and moved by more than the threshold */
    size_t n_unmatched;
    const char **unmatched; /**< tables that are in one of the folders only */
    uint64_t n_values;      /**< rows of results.csv after */
} hst_comparison;

/** Moves of values that rest on fewer events, or on periods that are not complete, say little: they
 * are counted and listed, but neither ranked nor held against the threshold. */
enum { HST_COMPARE_MIN_EVENTS = 100 };

typedef struct hst_compare_options {
    hst_csv *csv;     /**< receives every change, header first; NULL: not wanted */
    double threshold; /**< share, 0.05; INFINITY: none */
    size_t n_moves;   /**< how many of the largest moves are wanted */
} hst_compare_options;

/**
 * Compares the tables of two folders (release/ or internal/). results.csv is read row by row in its
 * order, so that its size does not matter; the other tables are read whole.
 *
 * The CSV has table, measure, area_code, period, key (the other parts of the row's key, as
 * "name=value; ..."), column, before, after, difference, percent, kind (new, gone, changed,
 * suppressed, revealed).
 *
 * @param out  receives what the caller frees with hst_comparison_free
 * @return HST_OK; HST_ERR_USAGE for a folder without results.csv; HST_ERR_INPUT for a damaged
 *         table, named with its line; HST_ERR_MEMORY
 */
HST_MUST_CHECK hst_status hst_compare(hst_comparison **out, const char *before, const char *after,
                                      const hst_compare_options *options, hst_error *err);

/** What moved since the run before. */
typedef struct hst_since {
    char run[HST_RUN_NAME_BYTES]; /**< its name; "" when there is none */
    hst_comparison *comparison;   /**< of both release/, which the caller frees; NULL: no run
                                     before, or it cannot be compared, as `problem` says */
    hst_error problem;
} hst_since;

/**
 * Compares release/ of the latest complete run of a results directory with that of a run folder
 * that is about to follow it. That it cannot be done is no failure of the run.
 */
void hst_compare_since(hst_since *out, const char *directory, const char *run_folder,
                       double threshold);

/** Frees the comparison; NULL is allowed. */
void hst_comparison_free(hst_comparison *comparison);

/** The lines of results.csv added up over measures; borrows nothing. */
hst_compare_line hst_comparison_values(const hst_comparison *comparison);

#endif
