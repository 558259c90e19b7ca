/* What is screened: the months of one provider in an area, of one specialty or of all. */
#ifndef HESTIA_IMPACT_SCREEN_UNITS_H
#define HESTIA_IMPACT_SCREEN_UNITS_H

#include "hestia/screen.h"
#include "impact/step.h"

typedef struct hst_screen_unit {
    size_t first, n; /* series of the activity that are added up */
    bool is_whole;   /* of the provider's specialties, of which there are several */
    hst_dataset dataset;
    size_t from, to; /* months from..to - 1 of the activity are screened; none: from == to */
    hst_step step;
    double q, size, moved;   /* size: new level over old less 1; moved: activity a year */
    size_t month, low, high; /* of the activity: first of the new level, and its range */
    bool is_none;            /* ruled out by a second look */
    bool is_suspect;
} hst_screen_unit;

typedef struct hst_screen_units {
    size_t n;
    hst_screen_unit *items;
    uint32_t *everybody; /* [HST_N_DATASETS][n_months]: all series added up */
} hst_screen_units;

/* All units with the months that can be screened, in the activity's order, each provider's whole
 * before its specialties. `units` is freed by hst_screen_units_clear, also after a failure. */
HST_MUST_CHECK hst_status hst_screen_units_list(hst_screen_units *units,
                                                const hst_activity *activity, double min_monthly,
                                                hst_error *err);
void hst_screen_units_clear(hst_screen_units *units);

/* Counts of a unit, [n_months] of the activity. */
void hst_screen_unit_read(uint32_t *counts, const hst_activity *activity,
                          const hst_screen_unit *unit);

/* The complete months of from..to - 1; returns how many. */
size_t hst_screen_months(size_t *months, const hst_activity *activity, hst_dataset dataset,
                         size_t from, size_t to);

#endif
