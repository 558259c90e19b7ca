/* The rules of disclosure control, one by one: single numbers, rows of each statistic, services,
 * cohorts, audit and breaks, the page for the output checker. */
#include "tests/publish/disclosure_fixture.h"

#include "hestia/interval.h"
#include "publish/disclosure_internal.h"
#include "publish/tables.h"

static const disclosure_rule usual = {8, 5, 5, 1};

/* ---- single numbers ---- */

static struct count_case {
    const char *name;
    disclosure_rule rule;
    int64_t count, shown;
    disclosure_range bucket;
} count_cases[] = {
    {"no events are no events", {8, 5, 5, 1}, 0, 0, {0, 0}},
    {"eight is ten", {8, 5, 5, 1}, 8, 10, {8, 12}},
    {"twelve is ten", {8, 5, 5, 1}, 12, 10, {8, 12}},
    {"thirteen is fifteen", {8, 5, 5, 1}, 13, 15, {13, 17}},
    {"a large count", {8, 5, 5, 1}, 1317, 1315, {1313, 1317}},
    {"another minimum cuts the bucket", {11, 5, 5, 1}, 11, 10, {11, 12}},
    {"an even base: halves go up", {10, 10, 10, 1}, 15, 20, {15, 24}},
    {"never rounded to none", {3, 10, 10, 1}, 4, 10, {3, 14}},
    {"no rounding", {6, 1, 1, 1}, 17, 17, {17, 17}},
};

static void counts_are_rounded(void **state)
{
    const struct count_case *c = *state;
    disclosure_range bucket = disclosure_bucket(&c->rule, c->count);

    assert_int_equal(disclosure_round_count(&c->rule, c->count), c->shown);
    assert_int_equal(bucket.low, c->bucket.low);
    assert_int_equal(bucket.high, c->bucket.high);
    for (int64_t n = bucket.low; n <= bucket.high; n++) {
        assert_int_equal(disclosure_round_count(&c->rule, n), c->shown);
    }
}

static struct real_case {
    const char *name;
    int decimals;
    double value, shown;
} real_cases[] = {
    {"one decimal from ten on", 1, 17.3456, 17.3},
    {"three figures below ten", 1, 9.87654, 9.88},
    {"and below one", 1, 0.0123456, 0.0123},
    {"just below ten", 1, 9.9999, 10},
    {"below none", 1, -173.249, -173.2},
    {"no decimals", 0, 17.5001, 18},
    {"a p-value of next to nothing", 1, 2.10344817820853e-08, 2.10e-08},
    {"smaller than any power of ten that is exact", 1, 1e-200, 0},
    {"a large number", 2, 123456.789, 123456.79},
    {"none", 1, 0, 0},
};

static void reals_are_rounded(void **state)
{
    const struct real_case *c = *state;
    const disclosure_rule rule = {8, 5, 5, c->decimals};

    assert_close(disclosure_round_real(&rule, c->value), c->shown, 1e-15);
    assert_true(isnan(disclosure_round_real(&rule, NAN)));
    assert_true(isinf(disclosure_round_real(&rule, INFINITY)));
}

/* ---- rows ---- */

#define MEASURES                                                                                   \
    "  - {id: a, where: {admission_method: emergency}, statistic: count, by: year}\n"              \
    "  - {id: b, where: {admission_method: elective}, statistic: dsr, by: year}\n"                 \
    "  - {id: c, where: {admission_method: maternity}, statistic: crude_rate, by: year}\n"         \
    "  - {id: d, unit: spell, statistic: mean_los, by: year}\n"

/* Every measure has the same counts: A1 5, A2 9, A3 0, A4 47, A5 6. */
static release *open_rows(void)
{
    static const base_counts counts = {{{{5}}, {{9}}, {{0}}, {{47}}, {{6}}}};
    release *r = open_release(5, NULL, MEASURES);

    for (size_t m = 0; m < 4; m++) {
        add_measure(r, m, &counts, 0);
    }
    return r;
}

static struct row_case {
    const char *name;
    size_t measure;
    const char *unit;
    int64_t count;
    double value;
    bool is_suppressed;
} row_cases[] = {
    {"a small count is hidden", 0, "A1", -1, NAN, true},
    {"a count is rounded, and its value is", 0, "A2", 10, 10, false},
    {"none is none", 0, "A3", 0, 0, false},
    {"England is rounded beside small areas", 0, "England", 65, 65, false},
    {"a small rate is hidden", 1, "A1", -1, NAN, true},
    {"a rate of fewer than ten events is missing, not hidden", 1, "A2", 10, NAN, false},
    {"a rate is from true events, with one decimal", 1, "A4", 45, 271.7, false},
    {"a crude rate is that of the rounded count", 2, "A4", 45, 260.1, false},
    {"a mean is from true stays", 3, "A4", 45, 271.7, false},
    {"a mean of few stays is hidden", 3, "A5", -1, NAN, true},
};

static void rows_follow_the_rule(void **state)
{
    const struct row_case *c = *state;
    release *r = open_rows();
    const hst_result *row = NULL;

    disclose(r);
    assert_int_equal(r->status, HST_OK);
    row = find_row(r, c->measure, c->unit, "2010/11", "");
    assert_int_equal(row->total_count, c->count);
    assert_close(row->value, c->value, 1e-12);
    assert_int_equal(row->is_suppressed, c->is_suppressed);
    if (c->count < 0) {
        assert_string_equal(row->note, "withheld under the disclosure rule");
        assert_true(isnan(row->comparator_value));
        assert_true(c->measure != 3 || isnan(row->total_pop));
    } else if (!row->is_group) { /* what the comparator's own row shows */
        assert_close(row->comparator_value,
                     find_row(r, c->measure, "England", "2010/11", "")->value, 0);
    }
    close_release(r);
}

static void rule_none_changes_nothing(void **state)
{
    release *r = open_rows();

    (void)state;
    strcpy(r->study->publish.disclosure.rule, "none");
    disclose(r);
    assert_int_equal(r->status, HST_OK);
    assert_null(r->publication.disclosure);
    assert_int_equal(find_row(r, 0, "A1", "2010/11", "")->total_count, 5);
    assert_close(find_row(r, 2, "A4", "2010/11", "")->value, 47 * 100000 / 17300.0, 0);
    close_release(r);
}

/* Exact limits tell a count below ten, Byar's one of ten and more. */
static void limits_and_their_method_are_of_what_is_shown(void **state)
{
    release *r = open_rows();
    hst_result *nine = find_row(r, 2, "A2", "2010/11", "");
    hst_result *many = find_row(r, 2, "A4", "2010/11", "");
    hst_result *few = find_row(r, 2, "A1", "2010/11", "");
    hst_limits limits = hst_limits_poisson_exact(9, 95), shown = hst_limits_byar(10, 95);
    double scale = 100000 / 17300.0;

    (void)state;
    nine->method = few->method = "Exact";
    many->method = "Byars";
    nine->lowercl = limits.lower * scale;
    nine->uppercl = limits.upper * scale;
    disclose(r);
    assert_string_equal(nine->method, "Byars");
    assert_string_equal(few->method, "Byars"); /* as a larger one would be that is hidden */
    assert_close(nine->value, disclosure_round_real(&usual, 10 * scale), 1e-12);
    assert_close(nine->lowercl, disclosure_round_real(&usual, shown.lower * scale), 1e-12);
    assert_close(nine->uppercl, disclosure_round_real(&usual, shown.upper * scale), 1e-12);
    close_release(r);
}

static void notes_say_no_numbers(void **state)
{
    release *r = open_rows();
    hst_result *row = find_row(r, 1, "A4", "2010/11", "");
    hst_result *england = find_row(r, 0, "England", "2010/11", "");

    (void)state;
    row->note = england->note = "excluded provider(s): 3 events";
    row->note_without_numbers = england->note_without_numbers =
        "events of excluded provider(s) are left out";
    disclose(r);
    assert_string_equal(row->note, "events of excluded provider(s) are left out");
    assert_string_equal(england->note, "events of excluded provider(s) are left out");
    close_release(r);
}

static void quantiles_need_thirty_stays(void **state)
{
    release *r = open_rows();
    hst_result *many = find_row(r, 3, "A4", "2010/11", "");
    hst_result *few = find_row(r, 3, "A2", "2010/11", "");
    hst_result *england = find_row(r, 3, "England", "2010/11", "");

    (void)state;
    many->statistic = few->statistic = england->statistic = "median_los";
    disclose(r);
    assert_true(!isnan(many->value));
    assert_true(!isnan(england->value));
    assert_true(isnan(few->value) && few->is_suppressed);
    assert_int_equal(few->total_count, 10);
    close_release(r);
}

/* What single providers did for all of England is not national. */
static void providers_are_not_national(void **state)
{
    static const base_counts counts = {{{{0, 3, 20}}, {{0, 0, 31}}}};
    release *r = open_release(2, NULL,
                              "  - {id: a, where: {admission_method: emergency}, statistic: count, "
                              "by: year, split: provider}\n");

    (void)state;
    add_measure(r, 0, &counts, 2);
    disclose(r);
    assert_int_equal(r->status, HST_OK);
    assert_int_equal(find_row(r, 0, "England", "2010/11", "1")->total_count, -1);
    assert_int_equal(find_row(r, 0, "England", "2010/11", "2")->total_count, 50);
    assert_int_equal(find_row(r, 0, "England", "2010/11", "")->total_count, 55);
    close_release(r);
}

/* ---- readmissions ---- */

static void readmission_needs_both_counts(void **state)
{
    static const base_counts readmitted = {{{{9}}, {{0}}, {{13}}, {{11}}}};
    static const double discharged[] = {98, 5, 121, 61, 285}; /* areas, England */
    release *r =
        open_release(4, NULL, "  - {id: a, unit: cips, statistic: readmission, by: year}\n");
    hst_limits wilson = hst_limits_wilson(10, 100, 95);

    (void)state;
    add_measure(r, 0, &readmitted, 0);
    for (size_t i = 0; i < r->n_rows; i++) {
        r->rows[i].statistic = "readmission";
        r->rows[i].total_pop = discharged[i];
        r->rows[i].value = 100 * (double)r->rows[i].total_count / discharged[i];
    }
    disclose(r);
    assert_int_equal(r->status, HST_OK);
    assert_int_equal(r->rows[0].total_count, 10);
    assert_close(r->rows[0].total_pop, 100, 0);
    assert_close(r->rows[0].value, 10, 0); /* of 10 and 100, not of 9 and 98 */
    assert_close(r->rows[0].lowercl, disclosure_round_real(&usual, 100 * wilson.lower), 1e-12);
    assert_int_equal(r->rows[1].total_count,
                     0); /* none of 5: the 5 are hidden, and so is the share */
    assert_true(isnan(r->rows[1].total_pop) && isnan(r->rows[1].value));
    assert_true(r->rows[1].is_suppressed);
    close_release(r);
}

/* ---- services ---- */

#define SERVICE_MEASURES                                                                           \
    "  - {id: a, where: {admission_method: emergency}, statistic: count, by: quarter}\n"           \
    "impact:\n"                                                                                    \
    "  - {id: s, site: A1, measures: a, date: 2010-10-01, methods: [its, pre_post], primary: its," \
    " baseline: {from: 2010-07-01, to: 2010-09-30}, review: {from: 2010-10-01, to: 2010-12-31}, "  \
    "comparators: England}\n"

typedef struct service {
    release *release;
    hst_impact impact;
    hst_review review;
    hst_finding findings[2];
    hst_sensitivity sensitivity;
} service;

/* A service at A1 with so many events before and after, in one quarter each. */
static service *open_service(int64_t before, int64_t after)
{
    base_counts counts = {{{{61}, {before}, {after}, {71}},
                           {{5}, {6}, {4}, {3}},
                           {{6}, {3}, {6}, {5}},
                           {{81}, {91}, {92}, {93}}}};
    service *s = calloc(1, sizeof *s);
    hst_period second = hst_period_of(HST_BY_QUARTER, hst_date_from_civil(2010, 7, 1));
    hst_period third = hst_period_of(HST_BY_QUARTER, hst_date_from_civil(2010, 10, 1));

    assert_non_null(s);
    s->release = open_release(4, NULL, SERVICE_MEASURES);
    add_measure(s->release, 0, &counts, 0);
    s->review = (hst_review){.unit = "events a quarter",
                             .baseline_from = second.start,
                             .baseline_to = second.end,
                             .review_from = third.start,
                             .review_to = third.end,
                             .comparator = "",
                             .p = 0.123456,
                             .p_method = "its",
                             .detectable = 0.5,
                             .break_flag = "",
                             .sentence = "before",
                             .subject = "Area 1, Emergency",
                             .baseline_label = "", /* no sentence to make again */
                             .review_label = "",
                             .judgement = "No clear change.",
                             .effect_percent = 3,
                             .effect_percent_lower = 1,
                             .effect_percent_upper = 5};
    s->review.baseline = (hst_span){.n_periods = 1,
                                    .total_count = (double)before,
                                    .value = (double)before,
                                    .variance = (double)before,
                                    .lowercl = NAN,
                                    .uppercl = NAN};
    s->review.review = s->review.baseline;
    s->review.review.total_count = s->review.review.value = s->review.review.variance =
        (double)after;
    s->review.change = (double)(after - before);
    for (size_t i = 0; i < 2; i++) {
        s->findings[i] = (hst_finding){.method = i == 0 ? "pre_post" : "its",
                                       .comparator = "",
                                       .term = "ratio",
                                       .unit = "ratio",
                                       .estimate = 1.23456,
                                       .se = 0.1,
                                       .lower = 1,
                                       .upper = 1.5,
                                       .p = 0.03,
                                       .break_flag = "",
                                       .excluded = "",
                                       .note = ""};
    }
    s->sensitivity = (hst_sensitivity){
        .dimension = "unit", .alternative = "spells", .estimate = 1.23456, .note = ""};
    s->impact = (hst_impact){.n_findings = 2,
                             .findings = s->findings,
                             .n_reviews = 1,
                             .reviews = &s->review,
                             .n_sensitivities = 1,
                             .sensitivities = &s->sensitivity};
    s->release->publication.impact = &s->impact;
    return s;
}

static void close_service(service *s)
{
    close_release(s->release);
    free(s);
}

static void small_reviews_are_hidden(void **state)
{
    service *s = open_service(41, 5);

    (void)state;
    disclose(s->release);
    if (s->release->status != HST_OK) {
        fail_msg("%s", s->release->err.message);
    }
    assert_close(s->review.baseline.total_count, 40, 0);
    assert_true(isnan(s->review.review.total_count));
    assert_true(isnan(s->review.baseline.value) && isnan(s->review.review.value));
    assert_true(isnan(s->review.change) && isnan(s->review.p) && isnan(s->review.effect_percent));
    assert_true(s->review.is_suppressed);
    assert_non_null(strstr(s->review.sentence, "withheld under the disclosure rule"));
    assert_true(isnan(s->findings[0].estimate) && s->findings[0].is_suppressed); /* pre_post */
    assert_true(isnan(s->findings[1].estimate) && s->findings[1].is_suppressed); /* its */
    assert_true(isnan(s->findings[1].p) && isnan(s->review.detectable));
    assert_true(isnan(s->sensitivity.estimate) && s->sensitivity.is_suppressed);
    close_service(s);
}

/* Where no count of the series is hidden, models need no more than rounding. */
static void models_of_shown_counts_stay(void **state)
{
    service *s = open_service(41, 33);

    (void)state;
    disclose(s->release);
    assert_int_equal(s->release->status, HST_OK);
    assert_close(s->findings[1].estimate, 1.23, 1e-12);
    assert_close(s->sensitivity.estimate, 1.23, 1e-12);
    assert_close(s->review.detectable, 0.5, 0);
    assert_false(s->review.is_suppressed);
    close_service(s);
}

/* Means are not counts: their models stay beside a hidden one. */
static void models_of_means_stay(void **state)
{
    service *s = open_service(41, 5);

    (void)state;
    s->release->study->measures[0].statistic = HST_STAT_MEAN_LOS;
    disclose(s->release);
    assert_int_equal(s->release->status, HST_OK);
    assert_close(s->findings[1].estimate, 1.23, 1e-12);
    close_service(s);
}

static void large_reviews_are_rounded(void **state)
{
    service *s = open_service(41, 33);

    (void)state;
    s->findings[1].method = "pre_post";
    s->findings[1].excluded = "RD1"; /* of counts that stand nowhere */
    s->release->study->impacts[0].primary = HST_IMPACT_PRE_POST;
    disclose(s->release);
    assert_int_equal(s->release->status, HST_OK);
    assert_close(s->review.baseline.total_count, 40, 0);
    assert_close(s->review.baseline.value, 40, 0);
    assert_close(s->review.review.value, 35, 0);
    assert_close(s->review.change, -5, 0);
    assert_close(s->review.change_percent, -12.5, 1e-12);
    assert_close(s->review.change_lower,
                 disclosure_round_real(&usual, -5 - 1.959963984540054 * sqrt(75)), 1e-12);
    assert_false(s->review.is_suppressed);
    assert_close(s->findings[0].estimate, 1.23, 1e-12);
    assert_true(isnan(s->findings[1].estimate));
    assert_true(isnan(s->sensitivity.estimate) && s->sensitivity.is_suppressed);
    close_service(s);
}

static void observed_points_follow_their_rows(void **state)
{
    service *s = open_service(41, 5);
    hst_period periods[2] = {hst_period_of(HST_BY_QUARTER, hst_date_from_civil(2010, 7, 1)),
                             hst_period_of(HST_BY_QUARTER, hst_date_from_civil(2010, 10, 1))};
    hst_its_point points[2] = {{.observed = 41, .fitted = 40.1234},
                               {.observed = 5, .fitted = 6.789}};
    hst_impact_series series = {
        .unit = "events", .n_points = 2, .periods = periods, .points = points};

    (void)state;
    s->impact.n_series = 1;
    s->impact.series = &series;
    disclose(s->release);
    assert_close(points[0].observed, 40, 0);
    assert_true(isnan(points[1].observed));
    assert_true(isnan(points[0].fitted) && isnan(points[1].fitted)); /* residuals add up to 0 */
    assert_true(series.is_suppressed[0] && series.is_suppressed[1]);
    free(series.is_suppressed);
    close_service(s);
}

/* ---- other tables ---- */

static void audit_and_breaks_follow_the_rule(void **state)
{
    release *r = open_rows();
    hst_ledger_line lines[] = {
        {"impact", "", "", "a", "A1", "", "incomplete period left out of the models", 1},
        {"ingest", "apc", "a.csv", "", "", "", "read", 3},
        {"metrics", "apc", "", "a", "", "", "excluded provider", 3},
        {"metrics", "apc", "", "a", "", "", "other than the filter asks for", 100},
        {"standardise", "apc", "", "a", "A1", "", "sex or age unknown", 3},
        {"standardise", "apc", "", "a", "A2", "", "sex or age unknown", 13},
    };
    hst_break suspect = {.size = 0.123456, .share_of_area = 0.123456, .p = 0.0123456};
    hst_breaks breaks = {.n = 1, .items = &suspect};

    (void)state;
    r->publication.audit = lines;
    r->publication.n_audit = sizeof lines / sizeof *lines;
    r->publication.breaks = &breaks;
    r->study->breaks.min_monthly = 5;
    disclose(r);
    assert_int_equal(lines[0].n, 1); /* a period, no record */
    assert_int_equal(lines[1].n, 5); /* of a whole file, beside small counts */
    assert_true(lines[2].n == HST_LEDGER_HIDDEN);
    assert_true(lines[3].n == HST_LEDGER_HIDDEN); /* the rest of what is considered */
    assert_true(lines[4].n == HST_LEDGER_HIDDEN);
    assert_string_equal(lines[4].area, ""); /* one line alone would be England's difference */
    assert_int_equal(lines[5].n, 15);
    assert_close(suspect.size, 0.123, 1e-12);
    assert_close(suspect.share_of_area, 0.12, 1e-12);
    assert_close(suspect.p, 0.0123, 1e-12);
    assert_false(suspect.is_suppressed);
    r->study->breaks.min_monthly = 0.1;
    disclose(r);
    assert_true(isnan(suspect.size) && suspect.is_suppressed);
    close_release(r);
}

static void cohorts_follow_the_rule(void **state)
{
    release *r = open_rows();
    hst_study_cohort cohort = {.id = "c"};
    hst_cohort_row rows[] = {{.area = 0, .year = 2010, .members = 4, .registered = 40},
                             {.area = 1, .year = 2010, .members = 6, .registered = 40},
                             {.area = 2, .year = 2010, .members = 33, .registered = 40},
                             {.is_group = true, .area = 0, .year = 2010, .members = 43}};

    (void)state;
    r->study->n_cohorts = 1;
    r->study->cohorts = &cohort;
    r->publication.cohort_rows = rows;
    r->publication.n_cohort_rows = 4;
    disclose(r);
    assert_int_equal(r->status, HST_OK);
    assert_true(rows[0].is_suppressed && rows[1].is_suppressed);
    assert_int_equal(rows[2].members, 35);
    assert_int_equal(rows[3].members, 45); /* England */
    r->study->n_cohorts = 0;
    r->study->cohorts = NULL;
    close_release(r);
}

static void output_checker_gets_a_page(void **state)
{
    release *r = open_rows();
    char path[128], text[4096] = "", again[4096] = "";
    FILE *file = NULL;

    (void)state;
    disclose(r);
    assert_int_equal(hst_output_check_write(&r->publication, r->folder, &r->err), HST_OK);
    snprintf(path, sizeof path, "%s/disclosure.txt", r->folder);
    file = fopen(path, "r");
    assert_non_null(file);
    assert_in_range(fread(text, 1, sizeof text - 1, file), 1, sizeof text - 2);
    fclose(file);
    assert_non_null(strstr(text, "Study small"));
    assert_non_null(strstr(text, "Rule hes2018"));
    assert_non_null(strstr(text, "min 8, round 5, decimals 1"));
    assert_non_null(strstr(text, "names.csv"));
    assert_null(strstr(text, "disclosure.txt"));
    assert_non_null(strstr(text, "Counts below England: 20; small and hidden: 8."));
    assert_non_null(strstr(text, "for each of the 8 small counts another set of records"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(hst_output_check_write(&r->publication, r->folder, &r->err), HST_OK);
    file = fopen(path, "r");
    assert_non_null(file);
    assert_in_range(fread(again, 1, sizeof again - 1, file), 1, sizeof again - 2);
    fclose(file);
    assert_string_equal(again, text);
    assert_int_equal(hst_output_check_write(&r->publication, "/nonexistent", &r->err),
                     HST_ERR_SYSTEM);
    close_release(r);
}

int main(void)
{
    enum {
        N_COUNTS = sizeof count_cases / sizeof *count_cases,
        N_REALS = sizeof real_cases / sizeof *real_cases,
        N_ROWS = sizeof row_cases / sizeof *row_cases
    };
    const struct CMUnitTest others[] = {
        cmocka_unit_test(rule_none_changes_nothing),
        cmocka_unit_test(limits_and_their_method_are_of_what_is_shown),
        cmocka_unit_test(notes_say_no_numbers),
        cmocka_unit_test(quantiles_need_thirty_stays),
        cmocka_unit_test(providers_are_not_national),
        cmocka_unit_test(readmission_needs_both_counts),
        cmocka_unit_test(small_reviews_are_hidden),
        cmocka_unit_test(models_of_shown_counts_stay),
        cmocka_unit_test(models_of_means_stay),
        cmocka_unit_test(large_reviews_are_rounded),
        cmocka_unit_test(observed_points_follow_their_rows),
        cmocka_unit_test(audit_and_breaks_follow_the_rule),
        cmocka_unit_test(cohorts_follow_the_rule),
        cmocka_unit_test(output_checker_gets_a_page),
    };
    enum { N_OTHERS = sizeof others / sizeof *others };
    struct CMUnitTest tests[N_COUNTS + N_REALS + N_ROWS + N_OTHERS];
    size_t n = 0;

    for (size_t i = 0; i < N_COUNTS; i++) {
        tests[n++] = (struct CMUnitTest){.name = count_cases[i].name,
                                         .test_func = counts_are_rounded,
                                         .initial_state = &count_cases[i]};
    }
    for (size_t i = 0; i < N_REALS; i++) {
        tests[n++] = (struct CMUnitTest){.name = real_cases[i].name,
                                         .test_func = reals_are_rounded,
                                         .initial_state = &real_cases[i]};
    }
    for (size_t i = 0; i < N_ROWS; i++) {
        tests[n++] = (struct CMUnitTest){.name = row_cases[i].name,
                                         .test_func = rows_follow_the_rule,
                                         .initial_state = &row_cases[i]};
    }
    for (size_t i = 0; i < N_OTHERS; i++) {
        tests[n++] = others[i];
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
