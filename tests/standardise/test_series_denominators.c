/* Denominators of a rate: of the people whom a measure or a split value asks for, by year and by
 * band, and what is said where there is none. */
#include <string.h>

#include "tests/standardise/series_support.h"

static void missing_population(void **state)
{
    fixture *f = *state;
    const hst_result *row = NULL;

    write_population(f, "5QL", SIZE_MAX);
    read_population(f, "esp1976");
    for (int crude = 0; crude < 2; crude++) {
        f->measure.statistic = crude ? HST_STAT_CRUDE_RATE : HST_STAT_DSR;
        f->measure.interval = HST_INTERVAL_DEFAULT;
        assert_int_equal(compute(f, 1), HST_OK);
        row = find(f, false, 2, "2010/11 Q1", "");
        assert_true(isnan(row->value) && isnan(row->total_pop) && isnan(row->lowercl));
        assert_true(row->total_count > 0);
        assert_non_null(strstr(row->note, "no population"));
        assert_string_equal(row->compared, "");
        row = find(f, true, 0, "2010/11 Q1", ""); /* England would not be of the same areas */
        assert_true(isnan(row->value));
        assert_non_null(strstr(row->note, "no population"));
        row = find(f, false, 0, "2010/11 Q1", "");
        assert_true(!isnan(row->value));
        assert_string_equal(row->compared, "");
        assert_true(isnan(row->comparator_value));
        assert_int_equal(told(f, "no population", "5QL"), (uint64_t)(crude + 1) * 4);
        assert_int_equal(told(f, "no population", NULL), (uint64_t)(crude + 1) * 4);
    }
    strcpy(world.groups[0].population_area, "NOWHERE");
    assert_int_equal(compute(f, 1), HST_OK);
    assert_int_equal(told(f, "no population", "England"), 4);
}

static void zero_population_with_events(void **state)
{
    fixture *f = *state;
    const hst_result *row = NULL;

    write_population(f, "", 2);
    read_population(f, "esp1976");
    assert_int_equal(compute(f, 1), HST_OK);
    row = find(f, false, 1, "2010/11 Q1", "");
    assert_true(isnan(row->value));
    assert_true(row->total_count > 0 && row->total_pop > 0);
    assert_non_null(strstr(row->note, "a band without population"));
    assert_int_equal(told(f, "zero population in a band with events", "5NK"),
                     plain_events(0, 1, HST_BY_QUARTER, 0, 0, 2) +
                         plain_events(0, 1, HST_BY_QUARTER, 1, 0, 2) +
                         plain_events(0, 1, HST_BY_QUARTER, 2, 0, 2) +
                         plain_events(0, 1, HST_BY_QUARTER, 3, 0, 2));
    assert_true(!isnan(find(f, true, 0, "2010/11 Q1", "")->value)); /* pooled, it has people */
    f->study.by_sex = false;
    assert_int_equal(compute(f, 1), HST_OK);
    assert_true(!isnan(find(f, false, 1, "2010/11 Q1", "")->value)); /* so have both sexes */
    assert_string_equal(find(f, false, 1, "2010/11 Q1", "")->method,
                        "dobson-byar; esp1976 (18 bands); age");
}

static void merged_bands_are_said(void **state)
{
    fixture *f = *state;
    const hst_result *row = NULL;

    read_population(f, "esp2013"); /* the population ends at 85+ */
    assert_int_equal(compute(f, 1), HST_OK);
    row = find(f, false, 0, "2010/11 Q1", "");
    assert_non_null(strstr(row->note, "merged"));
    assert_string_equal(row->method, "dobson-byar; esp2013 (18 bands); age_sex");
}

static uint64_t split_events(size_t split, size_t area, hst_by type, size_t period, unsigned sex,
                             size_t band)
{
    uint64_t events = plain_events(0, area, type, period, sex, band);

    switch (split) {
    case 1: /* "2" or "65-69" */
        return strcmp(world.splits[1], "2") == 0 ? (sex == HST_SEX_FEMALE ? events : 0)
                                                 : (band == 13 ? events : 0);
    case 2: /* "unknown" */
        return 1;
    default:
        return events;
    }
}

static void splits(void **state)
{
    fixture *f = *state;
    const hst_result *row = NULL;
    double events = 0, total = 0;

    world.events = split_events;
    world.n_splits = 3;
    world.splits[1] = "2";
    world.splits[2] = "unknown";
    f->measure.split = HST_SPLIT_SEX;
    assert_int_equal(compute(f, 1), HST_OK);
    assert_int_equal(f->n_rows, 3 * 16);
    assert_string_equal(f->rows[0].sex, "2"); /* sorted by sex: "2", "persons", "unknown" */
    assert_string_equal(f->rows[1].sex, "persons");
    assert_string_equal(f->rows[2].sex, "unknown");
    for (size_t band = 0; band < 18; band++) {
        events += (double)plain_events(0, 0, HST_BY_QUARTER, 0, 1, band);
        total += people(0, 2010, 1, band);
    }
    row = find(f, false, 0, "2010/11 Q1", "2");
    assert_close(row->total_pop, total, 0);
    assert_int_equal(row->total_count, (int64_t)events);
    assert_string_equal(row->split_name, "Female");
    assert_true(!isnan(row->value));
    row = find(f, false, 0, "2010/11 Q1", "unknown");
    assert_true(isnan(row->value));
    assert_non_null(strstr(row->note, "not known for this split value"));
    assert_int_equal(told(f, "no population", NULL), 0);

    world.splits[1] = "65-69";
    f->measure.split = HST_SPLIT_AGE_BAND;
    f->measure.statistic = HST_STAT_CRUDE_RATE;
    f->measure.interval = HST_INTERVAL_BYAR;
    assert_int_equal(compute(f, 1), HST_OK);
    row = find(f, false, 0, "2010/11 Q1", "65-69");
    assert_string_equal(row->age, "65-69");
    assert_string_equal(row->sex, "persons");
    assert_close(row->total_pop, people(0, 2010, 0, 13) + people(0, 2010, 1, 13), 0);

    world.splits[1] = "85-89"; /* of esp2013, merged into 85+ here */
    read_population(f, "esp2013");
    assert_int_equal(compute(f, 1), HST_OK);
    assert_true(isnan(find(f, false, 0, "2010/11 Q1", "85-89")->value));

    f->measure.split = HST_SPLIT_PROVIDER; /* the whole population for every value */
    read_population(f, "esp1976");
    assert_int_equal(compute(f, 1), HST_OK);
    assert_close(find(f, false, 0, "2010/11 Q1", "85-89")->total_pop,
                 find(f, false, 0, "2010/11 Q1", "")->total_pop, 0);
}

/* A measure of one sex, or of ages that are whole bands, has their people as its denominator. */
static void denominators_of_the_people_asked_for(void **state)
{
    static char *values[] = {(char *)"2", (char *)"1", (char *)"9"};
    static const hst_statistic statistics[] = {HST_STAT_CRUDE_RATE, HST_STAT_DSR};
    fixture *f = *state;
    hst_where *where = &f->measure.where;

    for (size_t s = 0; s < 2; s++) {
        double both = 0, men = 0, women = 0, old = 0, young = 0;

        f->measure.statistic = statistics[s];
        f->measure.interval = s == 0 ? HST_INTERVAL_BYAR : HST_INTERVAL_DOBSON_BYAR;
        assert_int_equal(compute(f, 1), HST_OK);
        both = find(f, false, 0, "2010/11 Q1", "")->total_pop;

        where->codes[HST_WHERE_SEX] = (hst_texts){1, values};
        assert_int_equal(compute(f, 1), HST_OK);
        women = find(f, false, 0, "2010/11 Q1", "")->total_pop;
        assert_string_equal(find(f, false, 0, "2010/11 Q1", "")->note, "");
        where->codes[HST_WHERE_SEX] = (hst_texts){1, values + 1};
        assert_int_equal(compute(f, 1), HST_OK);
        men = find(f, false, 0, "2010/11 Q1", "")->total_pop;
        assert_true(women > 0 && men > 0);
        assert_close(women + men, both, 1e-12);
        where->codes[HST_WHERE_SEX] = (hst_texts){2, values};
        assert_int_equal(compute(f, 1), HST_OK);
        assert_close(find(f, false, 0, "2010/11 Q1", "")->total_pop, both, 0);
        assert_string_equal(find(f, false, 0, "2010/11 Q1", "")->note, "");
        where->codes[HST_WHERE_SEX] = (hst_texts){2, values + 1}; /* men and not specified */
        assert_int_equal(compute(f, 1), HST_OK);
        assert_non_null(strstr(find(f, false, 0, "2010/11 Q1", "")->note, "both sexes"));
        where->codes[HST_WHERE_SEX] = (hst_texts){0};

        where->has_age = true;
        where->age_from = 65;
        where->age_to = 120;
        assert_int_equal(compute(f, 1), HST_OK);
        old = find(f, false, 0, "2010/11 Q1", "")->total_pop;
        assert_string_equal(find(f, false, 0, "2010/11 Q1", "")->note, "");
        where->age_from = 0;
        where->age_to = 64;
        assert_int_equal(compute(f, 1), HST_OK);
        young = find(f, false, 0, "2010/11 Q1", "")->total_pop;
        assert_true(young > 0 && old > 0);
        assert_close(young + old, both, 1e-12);
        where->age_to = 62; /* no limit of a band */
        assert_int_equal(compute(f, 1), HST_OK);
        assert_close(find(f, false, 0, "2010/11 Q1", "")->total_pop, both, 0);
        assert_non_null(strstr(find(f, false, 0, "2010/11 Q1", "")->note, "all ages"));
        where->has_age = false;
    }
}

/* A denominator that holds more people than the events can come from is said. */
static void denominators_of_more_people(void **state)
{
    static char *values[] = {(char *)"1"};
    static const struct {
        hst_where_code key;
        const char *words;
    } cases[] = {{HST_WHERE_ETHNICITY, "all ethnic groups"},
                 {HST_WHERE_DEPRIVATION_QUINTILE, "levels of deprivation"}};
    static const hst_statistic statistics[] = {HST_STAT_CRUDE_RATE, HST_STAT_DSR};
    fixture *f = *state;

    for (size_t s = 0; s < 2; s++) {
        f->measure.statistic = statistics[s];
        f->measure.interval = s == 0 ? HST_INTERVAL_BYAR : HST_INTERVAL_DOBSON_BYAR;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            hst_texts *asked = &f->measure.where.codes[cases[i].key];

            assert_int_equal(compute(f, 1), HST_OK);
            assert_string_equal(find(f, false, 0, "2010/11 Q1", "")->note, "");
            *asked = (hst_texts){1, values};
            assert_int_equal(compute(f, 1), HST_OK);
            assert_non_null(strstr(find(f, false, 0, "2010/11 Q1", "")->note, cases[i].words));
            *asked = (hst_texts){0};
        }
        world.n_splits = 2;
        world.splits[1] = "1";
        f->measure.split = HST_SPLIT_DEPRIVATION;
        assert_int_equal(compute(f, 1), HST_OK);
        assert_string_equal(find(f, false, 0, "2010/11 Q1", "")->note, "");
        assert_non_null(strstr(find(f, false, 0, "2010/11 Q1", "1")->note, "deprivation"));
        world.n_splits = 1;
        f->measure.split = HST_SPLIT_NONE;
    }
}

static void person_years(void **state)
{
    fixture *f = *state;
    double plain[2] = {0, 0};

    f->measure.by = HST_BY_YEAR | HST_BY_QUARTER;
    assert_int_equal(compute(f, 1), HST_OK);
    plain[0] = find(f, false, 0, "2010/11 Q1", "")->value;
    plain[1] = find(f, false, 0, "2010/11", "")->value;
    f->measure.annualise = true;
    assert_int_equal(compute(f, 1), HST_OK);
    assert_close(find(f, false, 0, "2010/11 Q1", "")->value, plain[0] * 365 / 91, 1e-12);
    assert_close(find(f, false, 0, "2010/11", "")->value, plain[1], 1e-12);
    assert_string_equal(find(f, false, 0, "2010/11", "")->method,
                        "dobson-byar; esp1976 (18 bands); age_sex; annualised");
}

static void denominator_years(void **state)
{
    fixture *f = *state;
    double mid = 0, share = 0, before = 0, after = 0;

    for (unsigned sex = 0; sex < 2; sex++) {
        for (size_t band = 0; band < 18; band++) {
            before += people(0, 2010, sex, band);
            after += people(0, 2011, sex, band);
        }
    }
    assert_int_equal(compute(f, 1), HST_OK);
    assert_close(find(f, false, 0, "2010/11 Q4", "")->total_pop, before, 0);

    f->study.denominator_year = HST_DENOMINATOR_CALENDAR; /* January to March is of 2011 */
    assert_int_equal(compute(f, 1), HST_OK);
    assert_close(find(f, false, 0, "2010/11 Q3", "")->total_pop, before, 0);
    assert_close(find(f, false, 0, "2010/11 Q4", "")->total_pop, after, 0);
    f->measure.annualise = true;
    assert_int_equal(compute(f, 1), HST_OK);
    assert_close(find(f, false, 0, "2010/11 Q4", "")->total_pop, after * 90 / 365, 1e-14);
    f->measure.annualise = false;

    f->study.denominator_year = HST_DENOMINATOR_INTERPOLATE;
    assert_int_equal(compute(f, 1), HST_OK);
    mid = (hst_date_from_civil(2011, 1, 1) + hst_date_from_civil(2011, 3, 31)) / 2.0;
    share = (mid - hst_date_from_civil(2010, 6, 30)) / 365;
    assert_close(find(f, false, 0, "2010/11 Q4", "")->total_pop, before + share * (after - before),
                 1e-13);
    /* The midpoint of April to June lies between the mid-years of 2009, not there, and 2010. */
    assert_true(isnan(find(f, false, 0, "2010/11 Q1", "")->value));
    assert_int_equal(told(f, "no population", NULL), 3);
}

int main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(missing_population),
        CASE(zero_population_with_events),
        CASE(merged_bands_are_said),
        CASE(splits),
        CASE(denominators_of_the_people_asked_for),
        CASE(denominators_of_more_people),
        CASE(person_years),
        CASE(denominator_years),
    };

    return cmocka_run_group_tests_name("standardise/series_denominators", tests, NULL, NULL);
}
