/* hestia stats rate, proportion, mean, poisson. The rows of a group are added up. */
#include <math.h>

#include "cli/stats.h"

enum { COLUMN_X, COLUMN_N };

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

static hst_status answer_rate(stats_run *run, const stats_group *group)
{
    double x = stats_sum(run, group, COLUMN_X), n = stats_sum(run, group, COLUMN_N);
    hst_limits limits[HST_MAX_CONFIDENCE];
    bool is_exact = false;

    if (isnan(x) || isnan(n) || !(n > 0)) {
        stats_write_refusal(run, isnan(x) || isnan(n) ? "not computed: a value is missing"
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
    return stats_refuse_missing(run, row);
}

static hst_status answer_proportion(stats_run *run, const stats_group *group)
{
    double x = stats_sum(run, group, COLUMN_X), n = stats_sum(run, group, COLUMN_N);
    hst_limits limits[HST_MAX_CONFIDENCE];

    if (isnan(x) || isnan(n) || !(n > 0)) {
        stats_write_refusal(run, isnan(x) || isnan(n) ? "not computed: a value is missing"
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
    double n = (double)group->n_rows, mean = stats_sum(run, group, COLUMN_X) / n, squares = 0;
    hst_limits limits[HST_MAX_CONFIDENCE];

    if (isnan(mean)) {
        stats_write_refusal(run, "not computed: a value is missing");
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
    double count = stats_sum(run, group, COLUMN_X);
    hst_limits limits[HST_MAX_CONFIDENCE];
    bool is_exact = false, has_none = false;

    if (isnan(count)) {
        stats_write_refusal(run, "not computed: a value is missing");
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

static const stats_interval intervals[] = {{"auto", HST_INTERVAL_DEFAULT},
                                           {"byar", HST_INTERVAL_BYAR},
                                           {"exact", HST_INTERVAL_EXACT},
                                           {0}};
static const char *const no_columns[] = {NULL};
static const char *const value_column[] = {"value", NULL};
static const char *const method_column[] = {"method", NULL};

const stats_method stats_rate = {
    .name = "rate",
    .options = STATS_PER | STATS_INTERVAL | STATS_CONFIDENCE,
    .per = 100000,
    .intervals = intervals,
    .n_columns = 2,
    .columns = {{.name = "x"}, {.name = "n"}},
    .before = value_column,
    .after = method_column,
    .check_row = stats_refuse_missing,
    .answer = answer_rate,
};

const stats_method stats_proportion = {
    .name = "proportion",
    .options = STATS_PER | STATS_CONFIDENCE,
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
    .options = STATS_CONFIDENCE,
    .n_columns = 1,
    .columns = {{.name = "x", .lowest = -INFINITY}},
    .before = value_column,
    .after = method_column,
    .check_row = stats_refuse_missing,
    .answer = answer_mean,
};

const stats_method stats_poisson = {
    .name = "poisson",
    .options = STATS_INTERVAL | STATS_CONFIDENCE,
    .intervals = intervals,
    .n_columns = 1,
    .columns = {{.name = "count", .kind = STATS_WHOLE}},
    .before = no_columns,
    .after = method_column,
    .check_row = stats_refuse_missing,
    .answer = answer_poisson,
};
