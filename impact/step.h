/* A step of one month's making in a monthly count, beside a trend and the season, with errors that
 * depend on the month before; only for this folder. */
#ifndef HESTIA_IMPACT_STEP_H
#define HESTIA_IMPACT_STEP_H

#include <stdint.h>

#include "hestia/status.h"

enum {
    HST_STEP_MARGIN = 6,  /* months that the shorter side of a step has at least */
    HST_STEP_MONTHS = 24, /* months of the shortest series */
};

/* The months of a series, and what does not depend on its counts. Holds room for one series: one
 * frame per thread. */
typedef struct hst_step_frame hst_step_frame;

/* Null distribution of the largest statistic; read by all threads. */
typedef struct hst_step_null hst_step_null;

typedef struct hst_step {
    double statistic; /* the largest F */
    double p;
    double correlation;  /* of a month's error with the month before, as estimated */
    size_t first_after;  /* position of the first month of the new level */
    size_t low, high;    /* its range (95 %) */
    double shift;        /* log of the new level over the old */
    double robust_shift; /* the same by medians of up to 12 months on each side */
    double wilcoxon_p;   /* of those months */
} hst_step;

/* months: [n], rising, counted from any January; n from HST_STEP_MONTHS on. */
HST_MUST_CHECK hst_status hst_step_frame_create(hst_step_frame **out, const size_t *months,
                                                size_t n, hst_error *err);
void hst_step_frame_free(hst_step_frame *frame);

/* For series of up to n months; the same for any number of threads. */
HST_MUST_CHECK hst_status hst_step_null_create(hst_step_null **out, size_t n, size_t n_draws,
                                               uint64_t seed, int n_threads, hst_error *err);
void hst_step_null_free(hst_step_null *null);

/* Tests counts [n], not all of them 0. Where p is not below max_p nobody asks for the month and the
 * size, and they stay 0. */
HST_MUST_CHECK hst_status hst_step_test(hst_step *out, hst_step_frame *frame,
                                        const hst_step_null *null, const double *counts,
                                        double max_p, hst_error *err);

/* p of a step that hst_step_test found when some of the noise is of each month alone, and what is
 * left depends on the months before: a correlation from month to month does not tell how long
 * such noise lasts. Of the mixtures that likelihood does not speak against, the least favourable.
 */
double hst_step_p_mixed(hst_step_frame *frame, const hst_step *step, const hst_step_null *null,
                        const double *counts);

/* log of the new level over the old at a given month, by least squares; 0 where trend and season
 * hide a step. */
double hst_step_shift_at(hst_step_frame *frame, const double *counts, size_t first_after);

/* What is left of a step when the logarithm of `rest` [n], none 0, is taken off that of the counts:
 * log of the new level over the old, and its p as the largest of all months. */
double hst_step_shift_beside(double *p, hst_step_frame *frame, const hst_step *step,
                             const hst_step_null *null, const double *counts, const double *rest);

/* True when a change of slope, at whatever month, explains nearly as much as the step does: by odds
 * of less than 20 to 1. */
bool hst_step_is_bend(hst_step_frame *frame, const hst_step *step, const double *counts);

#endif
