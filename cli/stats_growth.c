/* hestia stats growth: a series against its value in a base period, which is 100. */
#include <math.h>
#include <string.h>

#include "cli/stats.h"

enum { COLUMN_PERIOD, COLUMN_VALUE, COLUMN_T, COLUMN_Y };

/* The pair of columns that the table has: period and value, else t and y. */
static size_t column_of_time(const stats_run *run)
{
    return run->columns[COLUMN_PERIOD] != SIZE_MAX && run->columns[COLUMN_VALUE] != SIZE_MAX
               ? COLUMN_PERIOD
               : COLUMN_T;
}

static hst_status begin(stats_run *run)
{
    size_t time = column_of_time(run);

    return run->columns[time] != SIZE_MAX && run->columns[time + 1] != SIZE_MAX
               ? HST_OK
               : hst_fail(run->err, HST_ERR_INPUT,
                          "%s has neither the columns period and value nor t and y",
                          hst_table_name(run->table));
}

static hst_status check_row(stats_run *run, size_t row)
{
    size_t time = column_of_time(run);

    for (size_t i = time; i < time + 2 && run->options->skip_bad; i++) {
        if (isnan(stats_number(run, row, i))) {
            return stats_bad(run, row, i, "missing");
        }
    }
    return HST_OK;
}

/* The group's value in the base period; NAN and the reason where it has none. */
static double base_of(const stats_run *run, const stats_group *group, const char **note)
{
    size_t time = column_of_time(run), n_base = 0;
    const char *base = run->options->base;
    double value = NAN;

    for (size_t i = 0; i < group->n_rows; i++) {
        size_t row = group->rows[i];

        if (base ? strcmp(hst_table_cell(run->table, row, run->columns[time]), base) == 0
                 : i == 0) {
            value = stats_number(run, row, time + 1);
            n_base++;
        }
    }
    *note = n_base == 0     ? "not computed: no row of the base period"
            : n_base > 1    ? "not computed: several rows of the base period"
            : isnan(value)  ? "not computed: the base period's value is missing"
            : !(value != 0) ? "not computed: the base period's value is 0"
                            : NULL;
    return *note ? NAN : value;
}

static hst_status answer(stats_run *run, const stats_group *group)
{
    size_t time = column_of_time(run);
    const char *note = NULL;
    double base = base_of(run, group, &note);

    for (size_t i = 0; i < group->n_rows; i++) {
        double value = stats_number(run, group->rows[i], time + 1);

        stats_begin_row(run, group->rows[i]);
        hst_csv_real(run->csv, 100 * value / base);
        hst_csv_text(run->csv, note ? note : isnan(value) ? "the value is missing" : NULL);
        hst_csv_end_row(run->csv);
    }
    return HST_OK;
}

static const char *const index_name[] = {"index", NULL};

const stats_method stats_growth = {
    .name = "growth",
    .options = STATS_BASE,
    .n_columns = 4,
    .columns = {{.name = "period", .is_optional = true, .kind = STATS_TEXT},
                {.name = "value", .is_optional = true},
                {.name = "t", .is_optional = true, .kind = STATS_TEXT},
                {.name = "y", .is_optional = true}},
    .answers = STATS_ROWS_OF_INPUT,
    .before = index_name,
    .begin = begin,
    .check_row = check_row,
    .answer = answer,
};
