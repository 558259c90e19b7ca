#ifndef HESTIA_STAY_H
#define HESTIA_STAY_H

#include "hestia/cube.h"
#include "hestia/interval.h"

/** Statistics of lengths of stay in days. All take counts by length, so that they cost the same for
 * ten stays and ten million. Numbers that are not defined are NAN. */
typedef struct hst_stay_summary {
    double n, mean, variance, se; /**< variance with n - 1; NAN below two stays */
    double q1, median, q3, p90;   /**< type 7: linear interpolation */
    double trimmed_mean;          /**< without floor(n * trim) at each end */
    double trim_point;            /**< q3 + 1.5 (q3 - q1) */
} hst_stay_summary;

/**
 * @param stays  [n_lengths], sorted by days, each once
 * @param cap    longer stays count as so many days; 0 = no cap
 * @param trim   share left out at each end, 0 to 0.5
 */
hst_stay_summary hst_stay_summarise(const hst_stay_count *stays, size_t n_lengths, uint32_t cap,
                                    double trim);

/** One stratum of a standardised mean. */
typedef struct hst_stay_stratum {
    double n, sum, sum_squared; /**< stays, days, squared days */
    double weight;              /**< stays of the standard */
} hst_stay_stratum;

typedef struct hst_std_mean {
    double value, variance;
    size_t n_dropped;  /**< strata with a weight and no stay: left out, weights rescaled */
    size_t n_borrowed; /**< strata with one stay: the pooled variance within strata stands in */
} hst_std_mean;

/**
 * Directly standardised mean stay: sum(w m) / sum(w), V = sum((w / W)^2 s^2 / n).
 * Normal limits value -/+ z sqrt(V) are the caller's (hst_limits_normal).
 */
hst_std_mean hst_stay_standardise(const hst_stay_stratum *strata, size_t n_strata);

/** value -/+ z sqrt(variance); NAN where variance is. */
hst_limits hst_limits_normal(double value, double variance, double confidence);

typedef enum hst_bed_day_interval {
    HST_BED_DAYS_DOBSON_BYAR, /**< scaled on bed days, as the repeat-adjusted limits of a rate */
    HST_BED_DAYS_NORMAL,
    HST_BED_DAYS_LOG,
    HST_BED_DAYS_GAMMA /**< needs the longest stay */
} hst_bed_day_interval;

/** Limits of bed days / population * per, a compound Poisson sum with V = sum(stay^2). */
hst_limits hst_bed_day_limits(double bed_days, double squares, double longest, double population,
                              double per, hst_bed_day_interval interval, double confidence);

#endif
