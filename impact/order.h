/* Order statistics of a few plain numbers. */
#ifndef HESTIA_IMPACT_ORDER_H
#define HESTIA_IMPACT_ORDER_H

#include <stddef.h>

/* Sorts [n] numbers, none of them NAN, from low to high. */
void order_sort(double *values, size_t n);

/* Median of [n] numbers, n above 0, which are put in order. */
double order_median(double *values, size_t n);

/* The number at a place from 0 to n - 1 of [n] sorted ones, between two neighbours linearly. With p
 * the share below, the place is p (n - 1) for a quantile of type 7 and p (n + 1) - 1 for one of
 * type 6 (Hyndman and Fan, American Statistician 50 (1996), 361-365). */
double order_at(const double *sorted, size_t n, double place);

#endif
