/* The screen for recording breaks on activity made by hand: what is found, and what is none. */
#include "tests/support.h"

#include <stdlib.h>
#include <string.h>

#include "hestia/screen.h"

enum { MAX_SERIES = 512, MAX_MONTHS = 120 };

static const hst_screen_options screen_options = {
    .max_p = 0.01, .min_size = 0.20, .min_monthly = 5, .n_draws = 999, .seed = 1};

/* A provider's months: level, growth a year, season, and a change of the level from a month on. */
typedef struct recipe {
    const char *provider, *specialty;
    double level, growth, season, size;
    size_t change;
    uint32_t area;
    hst_dataset dataset;
} recipe;

static uint32_t counts[MAX_SERIES][MAX_MONTHS];
static hst_activity_series series[MAX_SERIES];
static bool incomplete[HST_N_DATASETS * MAX_MONTHS];
static hst_activity activity;
static uint64_t random_state;

static void begin(size_t n_months)
{
    memset(counts, 0, sizeof counts);
    memset(series, 0, sizeof series);
    memset(incomplete, 0, sizeof incomplete);
    random_state = 20010401;
    activity = (hst_activity){
        .first = hst_period_of(HST_BY_MONTH, hst_date_from_civil(2001, 4, 1)),
        .n_months = n_months,
        .is_incomplete = incomplete,
        .series = series,
    };
}

/* Twelve uniforms less six are nearly a normal number. */
static double draw_normal(void)
{
    double sum = -6;

    for (size_t i = 0; i < 12; i++) {
        random_state = random_state * 6364136223846793005u + 1442695040888963407u;
        sum += (double)(random_state >> 33) / 2147483648.0;
    }
    return sum;
}

/* Adds a series with the scatter of a Poisson count; its months can be changed. */
static uint32_t *add(const recipe *r)
{
    hst_activity_series *s = &series[activity.n_series];
    uint32_t *months = counts[activity.n_series++];

    assert_true(activity.n_series <= MAX_SERIES);
    *s = (hst_activity_series){.dataset = r->dataset ? r->dataset : HST_DATASET_OP,
                               .area = r->area,
                               .total = HST_ACTIVITY_THIN,
                               .counts = months};
    strcpy(s->provider, r->provider);
    strcpy(s->specialty, r->specialty ? r->specialty : "");
    for (size_t m = 0; m < activity.n_months; m++) {
        double mean = r->level * pow(1 + r->growth, (double)m / 12) *
                      (1 + r->season * cos((double)m / 12 * 2 * 3.14159265358979)) *
                      (r->size != 0 && m >= r->change ? 1 + r->size : 1);

        months[m] = (uint32_t)fmax(0, floor(mean + sqrt(mean) * draw_normal() + 0.5));
    }
    return months;
}

/* Others, so that there is a rest of England. */
static void add_others(size_t n, double size, size_t change)
{
    static char names[MAX_SERIES][8];

    for (size_t i = 0; i < n; i++) {
        recipe r = {.provider = names[i],
                    .specialty = "300",
                    .level = 20 + 7 * (double)(i % 50),
                    .growth = 0.05,
                    .season = 0.15,
                    .size = size,
                    .change = change,
                    .area = 9};

        snprintf(names[i], sizeof names[i], "X%03u", (unsigned)i % 1000);
        add(&r);
    }
}

static hst_breaks *screen(void)
{
    hst_breaks *breaks = NULL;
    hst_error err = {0};

    assert_int_equal(hst_screen(&breaks, &activity, &screen_options, 2, &err), HST_OK);
    assert_non_null(breaks);
    return breaks;
}

static void assert_none(void)
{
    hst_breaks *breaks = screen();

    if (breaks->n > 0) {
        fail_msg("%s %s, %s: %+.2f", breaks->items[0].provider, breaks->items[0].specialty,
                 breaks->items[0].month.label, breaks->items[0].size);
    }
    hst_breaks_free(breaks);
}

/* ---- breaks that are there ---- */

static struct planted_case {
    const char *name;
    size_t n_months, change;
    double size, level;
    const char *month;
} planted_cases[] = {
    {"a rise by 67 % in the middle of ten years", 120, 60, 0.67, 60, "2006-04"},
    {"a rise by 40 % in the middle of ten years", 120, 60, 0.40, 60, "2006-04"},
    {"a fall by 35 % in the middle of ten years", 120, 60, -0.35, 60, "2006-04"},
    {"a rise by 67 % six months after the beginning", 120, 6, 0.67, 300, "2001-10"},
    {"a fall by 35 % six months before the end", 120, 114, -0.35, 300, "2010-10"},
    {"a rise by 40 % a year before the end", 120, 108, 0.40, 300, "2010-04"},
    {"a rise by 67 % after two of three years", 36, 24, 0.67, 300, "2003-04"},
    {"a fall by 35 % after one of three years", 36, 12, -0.35, 1500, "2002-04"},
    {"a rise by 40 % six months before the end of three years", 36, 30, 0.40, 500, "2003-10"},
    {"a fall by 60 % six months before the end of two years", 24, 18, -0.60, 500, "2002-10"},
};

static void break_is_found(void **state)
{
    const struct planted_case *c = *state;
    hst_breaks *breaks = NULL;
    const hst_break *b = NULL;
    recipe r = {.provider = "RD1",
                .specialty = "300",
                .level = c->level,
                .growth = 0.03,
                .season = 0.1,
                .size = c->size,
                .change = c->change,
                .area = 3};

    begin(c->n_months);
    add(&r);
    add_others(60, 0, 0);
    breaks = screen();
    assert_int_equal(breaks->n_screened, 61);
    assert_int_equal(breaks->n, 1);
    b = &breaks->items[0];
    assert_string_equal(b->provider, "RD1");
    assert_string_equal(b->specialty, "300");
    assert_int_equal(b->area, 3);
    assert_int_equal(b->dataset, HST_DATASET_OP);
    assert_string_equal(b->month.label, c->month);
    assert_true(b->low.start <= b->month.start && b->month.start <= b->high.start);
    assert_true(fabs(b->size - c->size) < 0.12);
    assert_true(b->p >= 0 && b->p <= b->q && b->q < 0.01);
    assert_true(b->is_suspect && b->statistic > 10);
    assert_close(b->share_of_area, 1, 1e-12);
    hst_breaks_free(breaks);
}

/* ---- what is none ---- */

static void clean_series_have_none(void **state)
{
    (void)state;
    for (size_t n_months = 36; n_months <= 120; n_months += 42) {
        begin(n_months);
        add_others(400, 0, 0);
        assert_none();
    }
}

static double draw_uniform(void)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (double)(random_state >> 33) / 2147483648.0;
}

/* Few people, who come again and again: each of about four new ones a month three times more, two
 * months apart. Their counts vary more from year to year than from month to month. */
static void courses_of_treatment_are_hardly_ever_any(void **state)
{
    hst_breaks *breaks = NULL;

    (void)state;
    begin(MAX_MONTHS);
    for (size_t i = 0; i < 400; i++) {
        recipe r = {.provider = "X", .specialty = "110", .level = 1, .area = (uint32_t)i};
        uint32_t *months = add(&r);

        snprintf(series[i].provider, sizeof series[i].provider, "X%03u", (unsigned)i);
        memset(months, 0, MAX_MONTHS * sizeof *months);
        for (double begun = -24; begun < MAX_MONTHS; begun -= log(1 - draw_uniform()) / 4) {
            for (double at = begun; at < MAX_MONTHS; at -= 2 * log(1 - draw_uniform())) {
                months[at >= 0 ? (size_t)at : 0] += at >= 0;
                if (draw_uniform() < 0.25) {
                    break;
                }
            }
        }
    }
    breaks = screen();
    assert_int_equal(breaks->n_screened, 400);
    assert_true(breaks->n <= 2); /* a correlation from month to month alone finds more */
    hst_breaks_free(breaks);
}

static void a_change_everywhere_is_none(void **state)
{
    (void)state;
    begin(120);
    add_others(80, -0.35, 50);
    assert_none();
}

static void an_opening_a_closure_and_a_silence_are_none(void **state)
{
    recipe r = {.provider = "RA1", .specialty = "300", .level = 200};
    uint32_t *opened = NULL, *closed = NULL, *silent = NULL;

    (void)state;
    begin(120);
    add_others(30, 0, 0);
    opened = add(&r);
    r.provider = "RB1";
    closed = add(&r);
    r.provider = "RC1";
    silent = add(&r);
    for (size_t m = 0; m < 40; m++) {
        opened[m] = 0;
        closed[119 - m] = 0;
    }
    opened[40] /= 3; /* a part of its first month, then what a new clinic needs to fill */
    opened[41] /= 2;
    closed[79] /= 4;
    memset(&silent[70], 0, 5 * sizeof *silent);
    assert_none();
}

static void odd_months_are_none(void **state)
{
    recipe r = {.provider = "RA1", .specialty = "300", .level = 200, .season = 0.2};
    uint32_t *months = NULL;

    (void)state;
    begin(60);
    add_others(30, 0, 0);
    months = add(&r);
    months[20] = 0;
    months[40] *= 10;
    r.provider = "RB1";
    months = add(&r);
    months[6] = 0;
    months[7] = 0;
    months[53] *= 2;
    assert_none();
}

static void incomplete_months_are_left_out(void **state)
{
    recipe r = {.provider = "RA1", .specialty = "300", .level = 400};
    uint32_t *months = NULL;
    hst_breaks *breaks = NULL;

    (void)state;
    begin(60);
    add_others(30, 0, 0);
    months = add(&r);
    for (size_t m = 50; m < 60; m++) {
        months[m] /= 2;
    }
    breaks = screen();
    assert_int_equal(breaks->n, 1);
    hst_breaks_free(breaks);
    memset(&incomplete[HST_DATASET_OP * 60 + 50], 1, 10 * sizeof *incomplete);
    assert_none();
}

static void small_and_short_series_are_not_screened(void **state)
{
    recipe r = {.provider = "RA1", .specialty = "300", .level = 3, .size = 4, .change = 80};
    static const uint16_t months[] = {3, 3, 9, 77};
    hst_breaks *breaks = NULL;
    uint32_t *opened = NULL;

    (void)state;
    begin(120);
    r.size = 0.5;
    add(&r);
    r.provider = "RB1";
    r.level = 100;
    opened = add(&r);
    memset(opened, 0, 95 * sizeof *opened); /* 25 months, of which three are its settling */
    r.provider = "RC1";
    add(&r);
    series[2].total = 4;
    series[2].counts = NULL;
    series[2].months = months;
    r.provider = "";
    add(&r);
    breaks = screen();
    assert_int_equal(breaks->n_series, 3); /* without a provider there is none to screen */
    assert_int_equal(breaks->n_screened, 0);
    assert_int_equal(breaks->n, 0);
    hst_breaks_free(breaks);
    begin(120);
    assert_none(); /* no activity at all */
}

/* ---- a provider and its specialties ---- */

static void add_specialties(double of_300, double of_301, double of_110)
{
    recipe r = {.provider = "RA1", .level = 200, .change = 50};

    r.specialty = "110";
    r.size = of_110;
    add(&r);
    r.specialty = "300";
    r.size = of_300;
    add(&r);
    r.specialty = "301";
    r.size = of_301;
    add(&r);
    add_others(60, 0, 0);
}

static void a_whole_provider_is_told_once(void **state)
{
    hst_breaks *breaks = NULL;

    (void)state;
    begin(96);
    add_specialties(0.5, 0.5, 0.5);
    breaks = screen();
    assert_int_equal(breaks->n, 1);
    assert_string_equal(breaks->items[0].provider, "RA1");
    assert_string_equal(breaks->items[0].specialty, "");
    assert_int_equal(hst_month_index(activity.first.start, breaks->items[0].month.start), 50);
    hst_breaks_free(breaks);
}

static void one_specialty_is_told_and_not_its_provider(void **state)
{
    hst_breaks *breaks = NULL;

    (void)state;
    begin(96);
    add_specialties(1.2, 0, 0); /* the provider as a whole moves by 40 % */
    breaks = screen();
    assert_int_equal(breaks->n, 1);
    assert_string_equal(breaks->items[0].specialty, "300");
    hst_breaks_free(breaks);
}

static void clinics_by_another_name_are_two_breaks(void **state)
{
    hst_breaks *breaks = NULL;

    (void)state;
    begin(96);
    add_specialties(-0.5, 0.5, 0);
    breaks = screen();
    assert_int_equal(breaks->n, 2);
    assert_true(breaks->items[0].specialty[0] != '\0' && breaks->items[1].specialty[0] != '\0');
    assert_true(breaks->items[0].size * breaks->items[1].size < 0);
    hst_breaks_free(breaks);
}

/* ---- order, shares, threads ---- */

static void most_activity_moved_comes_first(void **state)
{
    recipe small = {.provider = "RA1", .specialty = "300", .level = 80, .size = 1, .change = 40};
    recipe large = {.provider = "RB1", .specialty = "300", .level = 900, .size = 0.4, .change = 70};
    recipe other = {.provider = "RC1", .specialty = "300", .level = 260, .size = 0};
    hst_breaks *breaks = NULL;

    (void)state;
    begin(96);
    add(&small);
    add(&large);
    add(&other);
    add_others(60, 0, 0);
    breaks = screen();
    assert_int_equal(breaks->n, 2);
    assert_string_equal(breaks->items[0].provider, "RB1");
    assert_string_equal(breaks->items[1].provider, "RA1");
    assert_true(fabs(breaks->items[1].share_of_area - 120.0 / (120 + 900 + 260)) < 0.01);
    hst_breaks_free(breaks);
}

static void threads_change_nothing(void **state)
{
    hst_breaks *first = NULL;
    hst_error err = {0};

    (void)state;
    begin(96);
    add_specialties(0.5, 0.5, 0.5);
    add_others(40, 0.4, 30);
    for (int n_threads = 1; n_threads <= 7; n_threads += 3) {
        hst_breaks *breaks = NULL;

        assert_int_equal(hst_screen(&breaks, &activity, &screen_options, n_threads, &err), HST_OK);
        if (!first) {
            first = breaks;
            assert_true(first->n > 10);
            continue;
        }
        assert_int_equal(breaks->n, first->n);
        for (size_t i = 0; i < breaks->n; i++) {
            const hst_break *a = &breaks->items[i], *b = &first->items[i];

            assert_string_equal(a->provider, b->provider);
            assert_string_equal(a->specialty, b->specialty);
            assert_string_equal(a->month.label, b->month.label);
            assert_memory_equal(&a->size, &b->size, sizeof a->size);
            assert_memory_equal(&a->p, &b->p, sizeof a->p);
            assert_memory_equal(&a->q, &b->q, sizeof a->q);
        }
        hst_breaks_free(breaks);
    }
    hst_breaks_free(first);
}

int main(void)
{
    enum { N_PLAIN = 12, N_PLANTED = sizeof planted_cases / sizeof planted_cases[0] };
    struct CMUnitTest tests[N_PLAIN + N_PLANTED] = {
        cmocka_unit_test(clean_series_have_none),
        cmocka_unit_test(courses_of_treatment_are_hardly_ever_any),
        cmocka_unit_test(a_change_everywhere_is_none),
        cmocka_unit_test(an_opening_a_closure_and_a_silence_are_none),
        cmocka_unit_test(odd_months_are_none),
        cmocka_unit_test(incomplete_months_are_left_out),
        cmocka_unit_test(small_and_short_series_are_not_screened),
        cmocka_unit_test(a_whole_provider_is_told_once),
        cmocka_unit_test(one_specialty_is_told_and_not_its_provider),
        cmocka_unit_test(clinics_by_another_name_are_two_breaks),
        cmocka_unit_test(most_activity_moved_comes_first),
        cmocka_unit_test(threads_change_nothing),
    };

    for (size_t i = 0; i < N_PLANTED; i++) {
        tests[N_PLAIN + i] = (struct CMUnitTest){.name = planted_cases[i].name,
                                                 .test_func = break_is_found,
                                                 .initial_state = &planted_cases[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
