#include "impact/order.h"

#include <math.h>
#include <stdlib.h>

static int compare_numbers(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

void order_sort(double *values, size_t n)
{
    qsort(values, n, sizeof *values, compare_numbers);
}

double order_median(double *values, size_t n)
{
    order_sort(values, n);
    return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

double order_at(const double *sorted, size_t n, double place)
{
    size_t below = (size_t)floor(place), above = below + 1 < n ? below + 1 : below;

    return sorted[below] + (place - (double)below) * (sorted[above] - sorted[below]);
}
