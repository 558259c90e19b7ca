/* A released number beside the true one, by statistic. */
#include "tests/support.h"

#include "hestia/disclosure.h"
#include "hestia/published.h"
#include "hestia/study.h"

/* min 8, round 5, one decimal. `count`, `value`: true; then count, denominator and value released.
 */
static struct released_case {
    const char *name;
    hst_statistic statistic;
    bool is_england, is_table, per_working_day;
    int64_t count;
    double value, shown, pop, released;
    hst_released expected;
} released_cases[] = {
    {"a rounded rate", HST_STAT_DSR, false, false, false, 173, 54.0901, 175, 3198, 54.1,
     HST_RELEASED_BY_RULE},
    {"a rate below ten", HST_STAT_DSR, false, false, false, 173, 5.40901, 175, 3198, 5.41,
     HST_RELEASED_BY_RULE},
    {"a rate with all its digits", HST_STAT_DSR, false, false, false, 173, 54.0901, 175, 3198,
     54.0901, HST_RELEASED_OTHERWISE},
    {"the true count", HST_STAT_DSR, false, false, false, 173, 54.0901, 173, 3198, 54.1,
     HST_RELEASED_OTHERWISE},
    {"nobody", HST_STAT_COUNT, false, false, false, 0, 0, 0, NAN, 0, HST_RELEASED_BY_RULE},
    {"a small count", HST_STAT_COUNT, false, false, false, 7, 7, NAN, NAN, NAN, HST_RELEASED_SMALL},
    {"a small count that is shown", HST_STAT_COUNT, false, false, false, 7, 7, 5, NAN, 5,
     HST_RELEASED_OTHERWISE},
    {"a value without its count", HST_STAT_DSR, false, false, false, 173, 54.0901, NAN, 3198, 54.1,
     HST_RELEASED_OTHERWISE},
    {"the smallest count that is shown", HST_STAT_COUNT, false, false, false, 8, 8, 10, NAN, 10,
     HST_RELEASED_BY_RULE},
    {"withheld, though it is not small", HST_STAT_COUNT, false, false, false, 17, 17, NAN, NAN, NAN,
     HST_RELEASED_WITHHELD},
    {"its value alone withheld", HST_STAT_DSR, false, false, false, 17, 5.3, 15, 3198, NAN,
     HST_RELEASED_COUNT_ONLY},
    {"a value that was not given", HST_STAT_DSR, false, false, false, 9, NAN, 10, 3198, NAN,
     HST_RELEASED_BY_RULE},
    {"England's small count", HST_STAT_COUNT, true, false, false, 3, 3, 5, NAN, 5,
     HST_RELEASED_BY_RULE},
    {"England's value withheld", HST_STAT_DSR, true, false, false, 173, 54.0901, 175, 3198, NAN,
     HST_RELEASED_COUNT_ONLY},
    {"a crude rate, from the rounded count", HST_STAT_CRUDE_RATE, false, false, false, 173, 173,
     175, 100000, 175, HST_RELEASED_BY_RULE},
    {"a crude rate, from the true count", HST_STAT_CRUDE_RATE, false, false, false, 173, 173, 175,
     100000, 173, HST_RELEASED_OTHERWISE},
    {"a count by working day", HST_STAT_COUNT, false, false, true, 173, 173.0 / 21, 175, 21, 8.33,
     HST_RELEASED_BY_RULE},
    {"bed days", HST_STAT_BED_DAYS, false, false, false, 17, 213, 15, NAN, 215,
     HST_RELEASED_BY_RULE},
    {"bed days as they are", HST_STAT_BED_DAYS, false, false, false, 17, 213, 15, NAN, 213,
     HST_RELEASED_OTHERWISE},
    {"a rate of bed days", HST_STAT_BED_DAY_RATE, false, false, false, 17, 213, 15, 100000, 215,
     HST_RELEASED_BY_RULE},
    {"readmissions", HST_STAT_READMISSION, false, false, false, 12, 100000 * 12.0 / 63, 10, 65,
     15384.6, HST_RELEASED_BY_RULE},
    {"growth", HST_STAT_GROWTH, false, false, false, 12, 150, 10, 10, 100, HST_RELEASED_BY_RULE},
    {"a mean, from true days", HST_STAT_MEAN_LOS, false, false, false, 12, 31.28, 10, 10, 31.3,
     HST_RELEASED_BY_RULE},
    {"a table's number", HST_STAT_COUNT, false, true, false, 3, 3, 3, NAN, 3, HST_RELEASED_BY_RULE},
    {"a table's number that is another", HST_STAT_COUNT, false, true, false, 3, 3, 3, NAN, 4,
     HST_RELEASED_OTHERWISE},
    {"no count", HST_STAT_HHI, false, false, false, -1, 0.412345, NAN, NAN, 0.412,
     HST_RELEASED_BY_RULE},
};

static void released_as(void **state)
{
    const struct released_case *c = *state;
    const hst_study study = {.publish.disclosure = {.min = 8, .round = 5, .decimals = 1}};
    const hst_measure measure = {.statistic = c->statistic,
                                 .is_table = c->is_table,
                                 .per_working_day = c->per_working_day,
                                 .per = 100000};
    const hst_published_number number = {
        .total_count = c->shown, .total_pop = c->pop, .value = c->released};

    assert_int_equal(hst_released_as(&study, &measure, c->is_england, c->count, c->value, &number),
                     c->expected);
}

/* A rate of England from 173 events. */
static struct total_case {
    const char *name;
    int min;
    bool has_exact_totals, is_of_provider;
    double shown;
    hst_released expected;
} total_cases[] = {
    {"England, rounded", 8, false, false, 175, HST_RELEASED_BY_RULE},
    {"England as it is", 8, false, false, 173, HST_RELEASED_OTHERWISE},
    {"England as it is, where the study asks for it", 8, true, false, 173, HST_RELEASED_BY_RULE},
    {"England, rounded, where the study asks for exact totals", 8, true, false, 175,
     HST_RELEASED_OTHERWISE},
    {"England to the base of a larger minimum", 12, false, false, 170, HST_RELEASED_BY_RULE},
    {"England to another base than that", 12, false, false, 175, HST_RELEASED_OTHERWISE},
    {"what one provider did for England is no total", 12, true, true, 175, HST_RELEASED_BY_RULE},
};

static void total_released_as(void **state)
{
    const struct total_case *c = *state;
    const hst_study study = {
        .publish.disclosure = {
            .min = c->min, .round = 5, .decimals = 1, .has_exact_totals = c->has_exact_totals}};
    hst_measure measure = {.statistic = HST_STAT_DSR, .per = 100000};
    const hst_published_number number = {.total_count = c->shown, .total_pop = 3198, .value = 54.1};

    measure.where.codes[HST_WHERE_PROVIDER].n = c->is_of_provider;
    assert_int_equal(hst_released_as(&study, &measure, true, 173, 54.0901, &number), c->expected);
}

int main(void)
{
    enum {
        N_RELEASED = sizeof released_cases / sizeof released_cases[0],
        N_TOTALS = sizeof total_cases / sizeof total_cases[0],
        N = N_RELEASED + N_TOTALS
    };
    struct CMUnitTest tests[N];

    for (size_t i = 0; i < N_RELEASED; i++) {
        tests[i] = (struct CMUnitTest){released_cases[i].name, released_as, NULL, NULL,
                                       &released_cases[i]};
    }
    for (size_t i = 0; i < N_TOTALS; i++) {
        tests[N_RELEASED + i] = (struct CMUnitTest){total_cases[i].name, total_released_as, NULL,
                                                    NULL, &total_cases[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
