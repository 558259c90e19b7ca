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
    bool is_suspect;    /**< by all thresholds */
    bool is_suppressed; /**< disclosure control took its numbers away */
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
 * whole, for a change of level beside a trend and the season:
 *
 *     log(count + 1/2) = level + slope t + month of the year + shift [from a month on] + error
 *
 * where the error may depend on the one of the month before. The month with the largest F is
 * tested (p by simulation of the null); what passes is tested again under noise of which a part is
 * each month's own and a part lasts, and beside the rest of England, and the largest p counts. A
 * month is a suspect when q, Benjamini-Hochberg over all series
 * screened, is below max_p; exp(shift) - 1 is at least min_size, up or down; the medians of up to
 * 12 months on either side show half of the shift or more, with Wilcoxon's p below 0.01; and the
 * shift beside that of the rest of England (same data set and specialty, where it has ten times
 * min_monthly) is at least min_size, too.
 *
 * Screened are series of 24 complete months or more with min_monthly a month; breaks within 6
 * months of their ends are not looked for. A beginning or an end is no break: the months before the
 * first and after the last activity, and those next to a silence of 3 months, are left out, and of
 * the stretches between the longest is screened. A break of all of a provider's specialties is told
 * once, with specialty ""; one of a single specialty is told of that alone. One break a series is
 * told, the clearest.
 *
 * @param out  receives what hst_breaks_free frees; NULL on failure
 * @return HST_OK; HST_ERR_MEMORY. The same bytes with any number of threads.
 */
HST_MUST_CHECK hst_status hst_screen(hst_breaks **out, const hst_activity *activity,
                                     const hst_screen_options *options, int n_threads,
                                     hst_error *err);
void hst_breaks_free(hst_breaks *breaks);

#endif
