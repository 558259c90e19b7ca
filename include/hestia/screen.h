#ifndef HESTIA_SCREEN_H
#define HESTIA_SCREEN_H

#include "hestia/activity.h"

/** A suspected recording break: one row of breaks.csv. */
typedef struct hst_break {
    hst_dataset dataset;
    uint32_t area;
    char provider[HST_CODE_BYTES];
    char specialty[HST_CODE_BYTES]; /**< "": all specialties of the provider */
    hst_period month;               /**< first of the new level */
    hst_period low, high;           /**< range of that month (95 %) */
    double size; /**< new level over the expected old one, less 1: 0.67 is a rise by 67 % */
    double share_of_area; /**< of the area's activity of the data set, in the 12 months around */
    double statistic, p, q;
    bool is_suspect; /**< by all thresholds */
} hst_break;

/** What the screen's null distribution is drawn with in a run; the manifest says it. */
enum { HST_SCREEN_DRAWS = 9999, HST_SCREEN_SEED = 20101001 };

typedef struct hst_screen_options {
    double max_p;       /**< 0.01, of q: the false discovery rate over all series */
    double min_size;    /**< 0.20 */
    double min_monthly; /**< mean count a month of a series that is screened (5) */
    size_t n_draws;     /**< of the null (9999) */
    uint64_t seed;
} hst_screen_options;

typedef struct hst_breaks {
    size_t n, n_screened, n_series; /**< suspects; series screened, series there */
    hst_break *items;               /**< ranked: most activity moved first */
} hst_breaks;

/**
 * Screens every data set × area × provider × specialty series, and each provider of an area as a
 * whole, for a change of level beside a trend and the season. A provider's specialties that move
 * with the whole are not told again.
 *
 * @param out  receives what hst_breaks_free frees
 */
HST_MUST_CHECK hst_status hst_screen(hst_breaks **out, const hst_activity *activity,
                                     const hst_areas *areas, const hst_screen_options *options,
                                     int n_threads, hst_error *err);
void hst_breaks_free(hst_breaks *breaks);

#endif
