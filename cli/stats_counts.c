/* hestia stats rate, proportion, mean, poisson. The rows of a group are added up. */
#include <math.h>

#include "cli/stats.h"

enum { COLUMN_X, COLUMN_N };

/* Sum of a column over a group; NAN when a value is missing. */
static double sum(const stats_run *run, const stats_group *group, size_t column)
{
    double total = 0;

    for (size_t i = 0; i < group->n_rows; i++) {
        total += stats_number(run, group->rows[i], column);
    }
    return total;
}

/* Missing values make a bad row when bad rows are to be left out; else their group has no result.
 */
static hst_status refuse_missing(stats_run *run, size_t row)
{
    for (size_t i = 0; i < run->method->n_columns && run->options->skip_bad; i++) {
        if (isnan(stats_number(run, row, i))) {
            return stats_bad(run, row, i, "missing");
        }
    }
    return HST_OK;
}

/* One limit for each level, by the interval asked for; `*is_exact` tells which. */
static void count_limits(const stats_run *run, double count, hst_limits *limits, bool *is_exact)
{
    *is_exact = run->interval == HST_INTERVAL_EXACT ||
                (run->interval != HST_INTERVAL_BYAR && count < HST_BYAR_FROM);
    for (size_t i = 0; i < run->options->n_confidence; i++) {
        limits[i] = *is_exact ? hst_limits_poisson_exact(count, run->options->confidence[i])
                              : hst_limits_byar(count, run->options->confidence[i]);
    }
}

/* The cells of a group without a result: empty, and the reason. */
static void write_refusal(const stats_run *run, size_t n_before, size_t n_after, const char *note)
{
    hst_limits none[HST_MAX_CONFIDENCE];

    for (size_t i = 0; i < HST_MAX_CONFIDENCE; i++) {
        none[i] = (hst_limits){NAN, NAN};
    }
    for (size_t i = 0; i < n_before; i++) {
        hst_csv_empty(run->csv);
    }
    stats_write_limits(run, none, 1);
    for (size_t i = 0; i < n_after; i++) {
        hst_csv_empty(run->csv);
    }
    hst_csv_text(run->csv, note);
}

static hst_status answer_rate(stats_run *run, const stats_group *group)
{
    double x = sum(run, group, COLUMN_X), n = sum(run, group, COLUMN_N);
    hst_limits limits[HST_MAX_CONFIDENCE];
    bool is_exact = false;

    if (isnan(x) || isnan(n) || !(n > 0)) {
        write_refusal(run, 1, 1,
                      isnan(x) || isnan(n) ? "not computed: a value is missing"
                                           : "not computed: nobody in the denominator");
        return HST_OK;
    }
    count_limits(run, x, limits, &is_exact);
    hst_csv_real(run->csv, run->per * x / n);
    stats_write_limits(run, limits, run->per / n);
    hst_csv_text(run->csv, is_exact ? "Exact" : "Byars");
    hst_csv_empty(run->csv);
    return HST_OK;
}

static hst_status check_proportion(stats_run *run, size_t row)
{
    if (stats_number(run, row, COLUMN_X) > stats_number(run, row, COLUMN_N)) {
        return stats_bad(run, row, COLUMN_X, "more than n");
    }
    return refuse_missing(run, row);
}

static hst_status answer_proportion(stats_run *run, const stats_group *group)
{
    double x = sum(run, group, COLUMN_X), n = sum(run, group, COLUMN_N);
    hst_limits limits[HST_MAX_CONFIDENCE];

    if (isnan(x) || isnan(n) || !(n > 0)) {
        write_refusal(run, 1, 1,
                      isnan(x) || isnan(n) ? "not computed: a value is missing"
                                           : "not computed: nobody in the denominator");
        return HST_OK;
    }
    for (size_t i = 0; i < run->options->n_confidence; i++) {
        limits[i] = hst_limits_wilson(x, n, run->options->confidence[i]);
    }
    hst_csv_real(run->csv, run->per * x / n);
    stats_write_limits(run, limits, run->per);
    hst_csv_text(run->csv, "Wilson");
    hst_csv_empty(run->csv);
    return HST_OK;
}

static hst_status answer_mean(stats_run *run, const stats_group *group)
{
    double n = (double)group->n_rows, mean = sum(run, group, COLUMN_X) / n, squares = 0;
    hst_limits limits[HST_MAX_CONFIDENCE];

    if (isnan(mean)) {
        write_refusal(run, 1, 1, "not computed: a value is missing");
        return HST_OK;
    }
    for (size_t i = 0; i < group->n_rows; i++) {
        double difference = stats_number(run, group->rows[i], COLUMN_X) - mean;

        squares += difference * difference;
    }
    for (size_t i = 0; i < run->options->n_confidence; i++) {
        limits[i] = hst_limits_mean(mean, squares / (n - 1), n, run->options->confidence[i]);
    }
    hst_csv_real(run->csv, mean);
    stats_write_limits(run, limits, 1);
    hst_csv_text(run->csv, "Student t");
    hst_csv_text(run->csv, group->n_rows == 1 ? "one value has no limits" : NULL);
    return HST_OK;
}

static hst_status answer_poisson(stats_run *run, const stats_group *group)
{
    double count = sum(run, group, COLUMN_X);
    hst_limits limits[HST_MAX_CONFIDENCE];
    bool is_exact = false, has_none = false;

    if (isnan(count)) {
        write_refusal(run, 0, 1, "not computed: a value is missing");
        return HST_OK;
    }
    count_limits(run, count, limits, &is_exact);
    for (size_t i = 0; i < run->options->n_confidence; i++) {
        has_none = has_none || isnan(limits[i].lower);
    }
    stats_write_limits(run, limits, 1);
    hst_csv_text(run->csv, is_exact ? "Exact" : "Byars");
    hst_csv_text(run->csv, has_none ? "too few events for a lower limit by Byar" : NULL);
    return HST_OK;
}

static const char *const no_columns[] = {NULL};
static const char *const value_column[] = {"value", NULL};
static const char *const method_column[] = {"method", NULL};

const stats_method stats_rate = {
    .name = "rate",
    .options = STATS_PER | STATS_INTERVAL,
    .per = 100000,
    .n_columns = 2,
    .columns = {{.name = "x"}, {.name = "n"}},
    .before = value_column,
    .after = method_column,
    .check_row = refuse_missing,
    .answer = answer_rate,
};

const stats_method stats_proportion = {
    .name = "proportion",
    .options = STATS_PER,
    .per = 100,
    .n_columns = 2,
    .columns = {{.name = "x"}, {.name = "n"}},
    .before = value_column,
    .after = method_column,
    .check_row = check_proportion,
    .answer = answer_proportion,
};

const stats_method stats_mean = {
    .name = "mean",
    .per = 1,
    .n_columns = 1,
    .columns = {{.name = "x", .lowest = -INFINITY}},
    .before = value_column,
    .after = method_column,
    .check_row = refuse_missing,
    .answer = answer_mean,
};

const stats_method stats_poisson = {
    .name = "poisson",
    .options = STATS_INTERVAL,
    .per = 1,
    .n_columns = 1,
    .columns = {{.name = "count"}},
    .before = no_columns,
    .after = method_column,
    .check_row = refuse_missing,
    .answer = answer_poisson,
};
