/* Statistics of stays, from stays to the rows of the results, by hand. */
#include "tests/standardise/small_run.h"

static const small_stay stays[] = {
    /* Wirral: 0, 1, 2, 3 and 17 days; men of 70 have 1 and 3, women of 30 the others */
    {1, "5NK", 4, 3, 0, '2', 30, NULL, NULL},
    {2, "5NK", 5, 1, 1, '1', 70, NULL, NULL},
    {3, "5NK", 5, 9, 2, '2', 30, NULL, NULL},
    {4, "5NK", 6, 2, 3, '1', 70, NULL, NULL},
    {5, "5NK", 7, 1, 17, '2', 30, NULL, NULL},
    /* Calderdale: a man of 70 and a woman of 30 */
    {6, "5J6", 6, 1, 4, '1', 70, NULL, NULL},
    {7, "5J6", 8, 1, 10, '2', 30, NULL, NULL},
    /* Somerset: one woman of 30; she is back within five days */
    {8, "5QL", 9, 1, 3, '2', 30, NULL, NULL},
    {8, "5QL", 9, 9, 2, '2', 30, NULL, NULL},
};

static const char measures[] =
    "  - {id: los, statistic: mean_los, by: [quarter, year]}\n"
    "  - {id: capped, statistic: mean_los, by: year, los_cap: 10, los_min: 1}\n"
    "  - {id: standardised, statistic: std_mean_los, by: year, direction: lower_is_better}\n"
    "  - {id: days, statistic: bed_days, by: [month, year]}\n"
    "  - {id: placed, statistic: bed_days, bed_days: placed, by: month}\n"
    "  - {id: rate, statistic: bed_day_rate, by: year}\n"
    "  - {id: back, statistic: readmission, by: year}\n";

static small_run run;

static int set_up(void **state)
{
    (void)state;
    open_run(&run, measures, stays, sizeof stays / sizeof stays[0]);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    close_run(&run);
    return 0;
}

static double value_of(const char *measure, const char *area, const char *statistic)
{
    return find_row(&run, measure, area, "2006/07", statistic)->value;
}

static void mean_stay_of_an_area(void **state)
{
    const hst_result *row = find_row(&run, "los", "5NK", "2006/07", "mean_los");
    /* squared distances from 4.6 are 197.2 together; t with 4 degrees of freedom */
    double half = 2.7764451051977987 * sqrt(197.2 / 4 / 5);

    (void)state;
    assert_int_equal(row->total_count, 5);
    assert_close(row->total_pop, 5, 0);
    assert_close(row->value, 4.6, 1e-14);
    assert_close(row->lowercl, 4.6 - half, 1e-12);
    assert_close(row->uppercl, 4.6 + half, 1e-12);
    assert_true(isnan(row->lower998));
    assert_string_equal(row->method, "mean, Student's t");
    assert_string_equal(row->confidence, "95%");
    assert_close(value_of("los", "5NK", "median_los"), 2, 0);
    assert_close(value_of("los", "5NK", "q1_los"), 1, 0);
    assert_close(value_of("los", "5NK", "q3_los"), 3, 0);
    assert_close(value_of("los", "5NK", "p90_los"), 3 + 0.6 * 14, 1e-14);
    assert_close(value_of("los", "5NK", "trimmed_mean_los"), 4.6, 1e-14);
    row = find_row(&run, "los", "5NK", "2006/07", "median_los");
    assert_int_equal(row->total_count, 5);
    assert_true(isnan(row->lowercl) && row->confidence[0] == '\0' && row->compared[0] == '\0');
    assert_close(row->comparator_value, 3, 0);
}

static void mean_stay_of_comparators(void **state)
{
    const hst_result *row = find_row(&run, "los", "Similar", "2006/07", "mean_los");
    /* Calderdale counts a half, Somerset twice: 5 stays, 17 days, 84 squared days, and
     * sum(w n)^2 / sum(w^2 n) = 25 / 8.5 stays */
    double n = 25 / 8.5, variance = (84 - 17.0 * 17 / 5) / 5 * n / (n - 1);
    hst_limits limits = hst_limits_mean(3.4, variance, n, 95);

    (void)state;
    assert_close(value_of("los", "England", "mean_los"), 42.0 / 9, 1e-14);
    assert_close(value_of("los", "England", "median_los"), 3, 0);
    assert_int_equal(row->total_count, 5);
    assert_close(row->value, 3.4, 1e-14);
    assert_close(row->lowercl, limits.lower, 1e-12);
    assert_close(row->uppercl, limits.upper, 1e-12);
    assert_close(value_of("los", "Similar", "median_los"), 3, 0);
}

static void means_are_compared_by_their_difference(void **state)
{
    const hst_result *row = find_row(&run, "los", "5NK", "2006/07", "mean_los");

    (void)state;
    assert_string_equal(row->compared, "similar"); /* 4.6 and 4.75, England without Wirral */
    assert_string_equal(row->compared_method, "difference of means, comparator without the area");
    /* 2.5 and 37 / 7 days: 2.79 / sqrt(0.25 + 5.32) is 1.2 */
    assert_string_equal(find_row(&run, "los", "5QL", "2006/07", "mean_los")->compared, "similar");
}

static void a_quarter_without_or_with_one_stay(void **state)
{
    const hst_result *none = find_row(&run, "los", "5NK", "2006/07 Q4", "mean_los");
    const hst_result *one = find_row(&run, "los", "5J6", "2006/07 Q1", "mean_los");

    (void)state;
    assert_int_equal(none->total_count, 0);
    assert_true(isnan(none->value));
    assert_string_equal(none->note, "no stays");
    assert_close(one->value, 4, 0);
    assert_true(isnan(one->lowercl) && isnan(one->uppercl));
    assert_string_equal(one->note, "too few events for this interval");
    assert_string_equal(one->compared, "");
}

static void caps_and_minimum(void **state)
{
    (void)state;
    assert_close(value_of("capped", "5NK", "mean_los"), 4, 1e-15); /* 1, 2, 3, 10 */
    assert_int_equal(find_row(&run, "capped", "5NK", "2006/07", "mean_los")->total_count, 4);
    assert_string_equal(find_row(&run, "capped", "5NK", "2006/07", "mean_los")->method,
                        "mean, Student's t; los_min 1; los_cap 10");
}

static void standardised_mean_stay(void **state)
{
    const hst_result *row = find_row(&run, "standardised", "5NK", "2006/07", "std_mean_los");
    /* 3 stays of men and 6 of women in all; Wirral's men 1, 3, its women 0, 2, 17 */
    double women = 19.0 / 3, women_variance = (4 + 289 - 19.0 * 19 / 3) / 2;
    double value = (3 * 2 + 6 * women) / 9;
    double variance = (9 * 2.0 / 2 + 36 * women_variance / 3) / 81;

    (void)state;
    assert_int_equal(row->total_count, 5);
    assert_close(row->value, value, 1e-14);
    assert_close(row->lowercl, value - 1.959963984540054 * sqrt(variance), 1e-12);
    assert_close(row->uppercl, value + 1.959963984540054 * sqrt(variance), 1e-12);
    assert_string_equal(row->method, "normal; pooled stays of all areas (2 bands); age_sex");
    assert_string_equal(row->note, "");
    assert_string_equal(row->compared, "similar");
    row = find_row(&run, "standardised", "5QL", "2006/07", "std_mean_los");
    assert_close(row->value, 2.5, 1e-14); /* women alone */
    assert_string_equal(row->note, "1 strata without stays left out, weights rescaled");
    row = find_row(&run, "standardised", "5J6", "2006/07", "std_mean_los");
    assert_close(row->value, (3 * 4.0 + 6 * 10) / 9, 1e-14);
    assert_true(isnan(row->lowercl)); /* nobody's variance to borrow */
    assert_non_null(strstr(row->note, "in strata of one stay"));
    assert_string_equal(row->compared, "");
}

static void bed_days_by_discharge_and_placed(void **state)
{
    static const struct {
        const char *month;
        double by_discharge, placed;
    } cases[] = {{"2006-04", 0, 0}, {"2006-05", 3, 3}, {"2006-06", 3, 3}, {"2006-07", 17, 17}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_close(find_row(&run, "days", "5NK", cases[i].month, "bed_days")->value,
                     cases[i].by_discharge, 0);
        assert_close(find_row(&run, "placed", "5NK", cases[i].month, "bed_days")->value,
                     cases[i].placed, 0);
    }
    assert_close(value_of("days", "England", "bed_days"), 42, 0);
    assert_close(value_of("days", "Similar", "bed_days"), 7 + 2 * 5, 0);
    assert_int_equal(find_row(&run, "days", "England", "2006/07", "bed_days")->total_count, 9);
    assert_string_equal(find_row(&run, "placed", "5NK", "2006-05", "bed_days")->method, "placed");
    assert_string_equal(find_row(&run, "days", "5NK", "2006-05", "bed_days")->compared, "");
}

static void bed_day_rates(void **state)
{
    const hst_result *row = find_row(&run, "rate", "5NK", "2006/07", "bed_day_rate");
    /* 23 days of 303 squared days among 5300 people; Byar's limits of 23, widened */
    hst_limits of_days = hst_limits_byar(23, 95);
    double scale = sqrt(303.0 / 23) * 1000 / 5300;

    (void)state;
    assert_close(row->value, 23.0 / 5300 * 1000, 1e-14);
    assert_close(row->lowercl, row->value + scale * (of_days.lower - 23), 1e-12);
    assert_close(row->uppercl, row->value + scale * (of_days.upper - 23), 1e-12);
    assert_int_equal(row->total_count, 5);
    assert_close(row->total_pop, 5300, 0);
    assert_string_equal(row->compared, "similar");
    assert_string_equal(row->compared_method, "log ratio, comparator without the area");
    assert_close(value_of("rate", "Similar", "bed_day_rate"), 1000 * 17 / (1300 + 2 * 7600.0),
                 1e-14);
}

static void readmissions(void **state)
{
    const hst_result *row = find_row(&run, "back", "5QL", "2006/07", "readmission");
    hst_limits limits = hst_limits_wilson(1, 2, 95);

    (void)state;
    assert_int_equal(row->total_count, 1);
    assert_close(row->total_pop, 2, 0);
    assert_close(row->value, 50, 0);
    assert_close(row->lowercl, 100 * limits.lower, 1e-14);
    assert_close(row->uppercl, 100 * limits.upper, 1e-14);
    assert_string_equal(row->method, "Wilson; emergency within 30 days (0 to 29)");
    assert_close(value_of("back", "England", "readmission"), 100.0 / 9, 1e-14);
    assert_close(value_of("back", "Similar", "readmission"), 100 * 2 / 5.0, 1e-14);
}

static void every_value_has_its_parts(void **state)
{
    (void)state;
    assert_true(check_parts(&run) > 100);
}

/* Strata and contributions of a standardised mean add up to its value. */
static void parts_of_a_standardised_mean(void **state)
{
    enum { STAYS, WEIGHT = 5, CONTRIBUTION };
    hst_parts parts =
        parts_of(&run, find_row(&run, "standardised", "5NK", "2006/07", "std_mean_los"));
    double sum = 0;

    (void)state;
    assert_int_equal(parts.n_rows, 4);
    for (size_t i = 0; i < parts.n_rows; i++) {
        sum += isnan(parts.rows[i].cells[CONTRIBUTION]) ? 0 : parts.rows[i].cells[CONTRIBUTION];
    }
    assert_close(sum, value_of("standardised", "5NK", "std_mean_los"), 1e-14);
    assert_close(parts.rows[1].cells[STAYS], 2, 0); /* men from 65 */
    assert_close(parts.rows[1].cells[WEIGHT], 3, 0);
    hst_parts_clear(&parts);
}

/* The lengths of all stays give the mean again, also where members have weights. */
static void parts_of_a_mean(void **state)
{
    static const char *const areas[] = {"5NK", "5QL", "England", "Similar"};

    (void)state;
    for (size_t i = 0; i < sizeof areas / sizeof areas[0]; i++) {
        hst_parts parts = parts_of(&run, find_row(&run, "los", areas[i], "2006/07", "mean_los"));
        double n = 0, days = 0;

        for (size_t row = 0; row < parts.n_rows; row++) {
            n += parts.rows[row].cells[0];
            days += parts.rows[row].cells[1];
        }
        assert_close(days / n, value_of("los", areas[i], "mean_los"), 1e-14);
        assert_close(parts.value, value_of("los", areas[i], "mean_los"), 0);
        hst_parts_clear(&parts);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mean_stay_of_an_area),
        cmocka_unit_test(mean_stay_of_comparators),
        cmocka_unit_test(means_are_compared_by_their_difference),
        cmocka_unit_test(a_quarter_without_or_with_one_stay),
        cmocka_unit_test(caps_and_minimum),
        cmocka_unit_test(standardised_mean_stay),
        cmocka_unit_test(bed_days_by_discharge_and_placed),
        cmocka_unit_test(bed_day_rates),
        cmocka_unit_test(readmissions),
        cmocka_unit_test(parts_of_a_standardised_mean),
        cmocka_unit_test(parts_of_a_mean),
        cmocka_unit_test(every_value_has_its_parts),
    };

    return cmocka_run_group_tests_name("standardise/stay_series", tests, set_up, tear_down);
}
