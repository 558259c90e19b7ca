/* hestia stats, run as a program: golden a, b and c, and everything it refuses. */
#define _DEFAULT_SOURCE /* mkdtemp */
#include "tests/cli/stats_program.h"

/* Row of a table whose columns have the same texts as a row of another, or fails. */
static size_t find_row(const hst_table *table, const char *const *columns, const hst_table *like,
                       size_t like_row, const char *sex)
{
    for (size_t row = 0; row < hst_table_n_rows(table); row++) {
        bool is_same = !sex || strcmp(golden_text(table, row, "sex"), sex) == 0;

        for (size_t i = 0; columns[i] && is_same; i++) {
            is_same = strcmp(golden_text(table, row, columns[i]),
                             golden_text(like, like_row, columns[i])) == 0;
        }
        if (is_same) {
            return row;
        }
    }
    fail();
    return 0;
}

/* ---- golden a and b ---- */

static struct dsr_case {
    const char *name, *standard, *by, *sex, *mode;
} dsr_cases[] = {
    {"esp1976 by sex", "ESP1976", "area,quarter,sex", NULL, "age"},
    {"esp2013 by sex", "ESP2013", "area,quarter,sex", NULL, "age"},
    {"esp1976 persons by age", "ESP1976", "area,quarter", "persons_age", "age"},
    {"esp2013 persons by age", "ESP2013", "area,quarter", "persons_age", "age"},
    {"esp1976 persons by age and sex", "ESP1976", "area,quarter", "persons_agesex", "age_sex"},
    {"esp2013 persons by age and sex", "ESP2013", "area,quarter", "persons_agesex", "age_sex"},
};

/* Rows of the golden table for this case, compared with the program's. */
static void compare_dsr(const struct dsr_case *c, const char *options, const char *golden,
                        const char *const (*columns)[2], double tolerance)
{
    static const char *const key[] = {"area", "quarter", NULL};
    static const char *const key_with_sex[] = {"area", "quarter", "sex", NULL};
    char arguments[400];
    hst_table *expected = golden_read(golden), *actual = NULL;
    size_t n_compared = 0;

    snprintf(arguments, sizeof arguments,
             "dsr a_dsr/input_main.csv --by %s --standard %s --standardise-by %s --confidence "
             "95,99.8 %s",
             c->by, strcmp(c->standard, "ESP1976") == 0 ? "esp1976" : "esp2013", c->mode, options);
    actual = run_well(arguments, NULL);
    for (size_t row = 0; row < hst_table_n_rows(expected); row++) {
        const char *sex = golden_text(expected, row, "sex");
        bool is_wanted = strcmp(golden_text(expected, row, "standard"), c->standard) == 0 &&
                         (c->sex ? strcmp(sex, c->sex) == 0 : strlen(sex) == 1);

        if (is_wanted) {
            size_t at = find_row(actual, c->sex ? key : key_with_sex, expected, row, NULL);

            for (size_t i = 0; columns[i][0]; i++) {
                assert_close(number(actual, at, columns[i][0]),
                             golden_number(expected, row, columns[i][1]), tolerance);
            }
            n_compared++;
        }
    }
    assert_int_equal(n_compared, hst_table_n_rows(actual));
    assert_true(n_compared >= 10);
    hst_table_free(expected);
    hst_table_free(actual);
}

static void golden_dsr(void **state)
{
    static const char *const byar[][2] = {
        {"total_count", "total_count"}, {"total_pop", "total_pop"}, {"value", "value"},
        {"lowercl", "lower95"},         {"uppercl", "upper95"},     {"lower998", "lower998"},
        {"upper998", "upper998"},       {"variance", "variance"},   {0}};
    static const char *const fay_feuer[][2] = {{"lowercl", "ff_lower95"},
                                               {"uppercl", "ff_upper95"},
                                               {"lower998", "ff_lower998"},
                                               {"upper998", "ff_upper998"},
                                               {0}};
    static const char *const tiwari[][2] = {
        {"lowercl", "tcz_lower95"}, {"uppercl", "tcz_upper95"}, {0}};
    static const char *const mid_p[][2] = {
        {"lowercl", "midp_lower95"}, {"uppercl", "midp_upper95"}, {0}};
    static const char *const normal[][2] = {{"lowercl", "normal_lower95"},
                                            {"uppercl", "normal_upper95"},
                                            {"lower998", "normal_lower998"},
                                            {"upper998", "normal_upper998"},
                                            {0}};
    static const char b[] = "b_dsr_gamma_normal/expected_main.csv";
    const struct dsr_case *c = *state;

    compare_dsr(c, "", "a_dsr/expected_main.csv", byar, 1e-9);
    compare_dsr(c, "--min-events 0 --interval fay-feuer", b, fay_feuer, 1e-8);
    compare_dsr(c, "--min-events 0 --interval fay_feuer", b, fay_feuer, 1e-8);
    compare_dsr(c, "--min-events 0 --interval tiwari", b, tiwari, 1e-8);
    compare_dsr(c, "--min-events 0 --interval mid-p", b, mid_p, 1e-6);
    compare_dsr(c, "--min-events 0 --interval normal", b, normal, 1e-8);
}

static struct edge_case {
    const char *name, *options;
    const char *columns[4]; /* of the golden table; NULL: not there */
} edge_cases[] = {
    {"edges withheld", "", {"lower95", "upper95", "lower998", "upper998"}},
    {"edges dobson-byar",
     "--min-events 0",
     {"unsuppressed_byar_lower95", "unsuppressed_byar_upper95", NULL, NULL}},
    {"edges dobson-exact",
     "--min-events 0 --interval dobson-exact",
     {"dobson_exact_lower95", "dobson_exact_upper95", "dobson_exact_lower998",
      "dobson_exact_upper998"}},
    {"edges fay-feuer",
     "--min-events 0 --interval fay-feuer",
     {"ff_lower95", "ff_upper95", "ff_lower998", "ff_upper998"}},
};

static void golden_edges(void **state)
{
    static const char *const limits[4] = {"lowercl", "uppercl", "lower998", "upper998"};
    static const char *const key[] = {"case", NULL};
    const struct edge_case *c = *state;
    char arguments[200];
    hst_table *expected = golden_read("a_dsr/expected_edge.csv"), *actual = NULL;

    snprintf(arguments, sizeof arguments,
             "dsr --by case --confidence 95,99.8 a_dsr/input_edge.csv %s", c->options);
    actual = run_well(arguments, NULL);
    assert_int_equal(hst_table_n_rows(actual), hst_table_n_rows(expected));
    for (size_t row = 0; row < hst_table_n_rows(expected); row++) {
        const char *status = golden_text(expected, row, "peer_status");
        bool is_withheld = c->options[0] == '\0';
        size_t at = find_row(actual, key, expected, row, NULL);
        bool has_note = golden_text(actual, at, "note")[0] != '\0';

        assert_int_equal(at, row); /* groups come in the order of first appearance */
        assert_close(number(actual, at, "total_count"), golden_number(expected, row, "total_count"),
                     1e-9);
        assert_close(number(actual, at, "value"),
                     golden_number(expected, row, is_withheld ? "value" : "unsuppressed_value"),
                     1e-9);
        assert_close(number(actual, at, "variance"), golden_number(expected, row, "variance"),
                     1e-9);
        if (is_withheld) {
            assert_int_equal(has_note, strcmp(status, "computed") != 0);
        }
        if (strcmp(status, "refused") == 0) {
            assert_non_null(strstr(golden_text(actual, at, "note"), "no population in a band"));
        }
        for (size_t i = 0; i < 4 && c->columns[i]; i++) {
            assert_close(number(actual, at, limits[i]), golden_number(expected, row, c->columns[i]),
                         1e-8);
        }
    }
    hst_table_free(expected);
    hst_table_free(actual);
}

/* ---- golden c ---- */

static struct count_case {
    const char *name, *method, *input, *expected, *by;
    double absolute; /* tolerance near the boundaries of percentages */
} count_cases[] = {
    {"rates", "rate", "c_counts/input_rates.csv", "c_counts/expected_rates.csv", "id", 0},
    {"proportions", "proportion", "c_counts/input_proportions.csv",
     "c_counts/expected_proportions.csv", "id", 1e-9},
    {"means", "mean", "c_counts/input_means.csv", "c_counts/expected_means.csv", "group", 0},
};

static void golden_counts(void **state)
{
    static const char *const columns[][2] = {{"value", "value"},
                                             {"lowercl", "lower95"},
                                             {"uppercl", "upper95"},
                                             {"lower998", "lower998"},
                                             {"upper998", "upper998"}};
    const struct count_case *c = *state;
    char arguments[200];
    hst_table *expected = golden_read(c->expected), *actual = NULL;

    snprintf(arguments, sizeof arguments, "%s %s --by %s --confidence 95,99.8", c->method, c->input,
             c->by);
    actual = run_well(arguments, NULL);
    assert_int_equal(hst_table_n_rows(actual), hst_table_n_rows(expected));
    for (size_t row = 0; row < hst_table_n_rows(expected); row++) {
        assert_string_equal(golden_text(actual, row, c->by), golden_text(expected, row, c->by));
        for (size_t i = 0; i < 5; i++) {
            double a = number(actual, row, columns[i][0]);
            double e = golden_number(expected, row, columns[i][1]);

            if (!(fabs(a - e) <= c->absolute)) {
                assert_close(a, e, 1e-9);
            }
        }
        if (strcmp(c->method, "rate") == 0) {
            assert_string_equal(golden_text(actual, row, "method"),
                                golden_text(expected, row, "method"));
        }
    }
    hst_table_free(expected);
    hst_table_free(actual);
}

static void golden_poisson(void **state)
{
    static const struct {
        const char *interval, *lower, *upper;
    } intervals[] = {{"byar", "byar_lower", "byar_upper"},
                     {"exact", "exact_lower", "exact_upper"},
                     {"auto", "peer_choice_lower", "peer_choice_upper"}};
    hst_table *expected = golden_read("c_counts/expected_poisson_limits.csv");
    char arguments[200];
    const char *before = "";

    (void)state;
    for (size_t first = 0; first < hst_table_n_rows(expected); first++) {
        const char *confidence = golden_text(expected, first, "confidence");

        if (strcmp(confidence, before) == 0) {
            continue; /* each level once, on all of the table */
        }
        before = confidence;
        for (size_t i = 0; i < 3; i++) {
            hst_table *actual = NULL;

            snprintf(arguments, sizeof arguments,
                     "poisson c_counts/expected_poisson_limits.csv --by confidence,count "
                     "--confidence %g --interval %s",
                     100 * golden_number(expected, first, "confidence"), intervals[i].interval);
            actual = run_well(arguments, NULL);
            for (size_t row = 0; row < hst_table_n_rows(expected); row++) {
                double tolerance = golden_number(expected, row, "count") >= 1e7 ? 1e-7 : 1e-9;

                if (strcmp(golden_text(expected, row, "confidence"), confidence) == 0) {
                    assert_string_equal(golden_text(actual, row, "count"),
                                        golden_text(expected, row, "count"));
                    assert_close(number(actual, row, "lowercl"),
                                 golden_number(expected, row, intervals[i].lower), tolerance);
                    assert_close(number(actual, row, "uppercl"),
                                 golden_number(expected, row, intervals[i].upper), tolerance);
                }
            }
            hst_table_free(actual);
        }
    }
    hst_table_free(expected);
}

/* ---- the program's own behaviour ---- */

static struct small_case {
    const char *name, *arguments, *input, *output;
} small_cases[] = {
    {"a table on standard input", "rate --per none", "x,n\n10,40\n",
     "value,lowercl,uppercl,method,note\n0.25,0.119686247849189,0.459786465143912,Byars,\n"},
    {"a dash is standard input", "poisson - --interval exact", "count\n0\n",
     "lowercl,uppercl,method,note\n0,3.68887945411394,Exact,\n"},
    {"rows of a group are added", "poisson --by g --interval exact", "g,count\nb,0\na,4\nb,0\n",
     "g,lowercl,uppercl,method,note\nb,0,3.68887945411394,Exact,\na,1.08986537362633,"
     "10.2415886754037,Exact,\n"},
    {"columns have other names", "rate --column x=events --column n=people --per 100",
     "people,events\n100,0\n", "value,lowercl,uppercl,method,note\n0,0,3.68887945411394,Exact,\n"},
    {"a missing value gives a note", "rate --by g", "g,x,n\na,NA,4\nb,0,100000\nc,3,\n",
     "g,value,lowercl,uppercl,method,note\na,,,,,not computed: a value is missing\n"
     "b,0,0,3.68887945411394,Exact,\nc,,,,,not computed: a value is missing\n"},
    {"nobody in the denominator", "rate", "x,n\n0,0\n",
     "value,lowercl,uppercl,method,note\n,,,,not computed: nobody in the denominator\n"},
    {"nobody in a proportion", "proportion", "x,n\n0,0\n",
     "value,lowercl,uppercl,method,note\n,,,,not computed: nobody in the denominator\n"},
    {"bad rows are left out", "poisson --skip-bad --interval exact", "count\n0.5\n0\n-1\nNA\n",
     "lowercl,uppercl,method,note\n0,3.68887945411394,Exact,\n"},
    {"other levels have columns of their own", "poisson --confidence 95,90 --interval exact",
     "count\n0\n",
     "lowercl,uppercl,lower90,upper90,method,note\n0,3.68887945411394,0,2.99573227355399,Exact,\n"},
    {"99.8 first fills both", "poisson --confidence 99.8 --interval exact", "count\n0\n",
     "lowercl,uppercl,lower998,upper998,method,note\n0,6.90775527898214,0,6.90775527898214,Exact,"
     "\n"},
    {"no lower limit by Byar", "poisson --interval byar", "count\n0\n",
     "lowercl,uppercl,method,note\n,3.66801183217375,Byars,too few events for a lower limit by "
     "Byar\n"},
    {"one value has no limits", "mean", "x\n-17.3\n",
     "value,lowercl,uppercl,method,note\n-17.3,,,Student t,one value has no limits\n"},
    {"a mean with a missing value", "mean", "x\n1\nNA\n",
     "value,lowercl,uppercl,method,note\n,,,,not computed: a value is missing\n"},
    {"no rows", "mean --by g", "g,x\n", "g,value,lowercl,uppercl,method,note\n"},
    {"group names are quoted", "mean --by g", "g,x\n\"a,\"\"b\"\"\",2\n",
     "g,value,lowercl,uppercl,method,note\n\"a,\"\"b\"\"\",2,,,Student t,one value has no "
     "limits\n"},
};

static void small_table(void **state)
{
    const struct small_case *c = *state;
    outcome o = run(c->arguments, c->input);
    char *output = read_output();

    assert_same_output(output, c->output);
    assert_int_equal(o.code, 0);
    if (strstr(c->arguments, "--skip-bad")) {
        assert_non_null(strstr(o.messages, "3 of 4 rows left out"));
    } else {
        assert_string_equal(o.messages, "");
    }
    free(output);
    hst_table_free(o.table);
}

static const char three_bands[] = "age_lower,age_upper,weight\n0,14,2\n15,64,5\n65,999,3\n";

static struct band_case {
    const char *name, *arguments, *input, *note, *method;
} band_cases[] = {
    {"single years are added up", "",
     "age_lower,events,population\n0,4,50\n1,4,50\n15,4,100\n65,4,100\n", "",
     "dobson-byar; bands.csv (3 bands); age"},
    {"a missing band", "", "age_lower,events,population\n0,8,100\n65,4,100\n",
     "not computed: no row begins at age 15, where a band of bands.csv begins",
     "dobson-byar; bands.csv (3 bands); age"},
    {"a band that straddles", "", "age_lower,events,population\n0,8,100\n10,4,100\n65,4,100\n",
     "not computed: no row begins at age 15, where a band of bands.csv begins",
     "dobson-byar; bands.csv (3 bands); age"},
    {"an early open band", "", "age_lower,age_upper,events,population\n0,14,8,100\n15,999,8,100\n",
     "the last bands of the standard are merged", "dobson-byar; bands.csv (2 bands); age"},
    {"sexes that lack a band", "--standardise-by age_sex",
     "sex,age_lower,events,population\n1,0,8,100\n1,15,8,100\n1,65,8,100\n2,0,8,100\n2,65,8,100\n",
     "not computed: no row begins at age 15, where a band of bands.csv begins",
     "dobson-byar; bands.csv (3 bands); age_sex"},
};

static void bands_of_a_file(void **state)
{
    const struct band_case *c = *state;
    char arguments[200];
    hst_table *table = NULL;

    save("bands.csv", three_bands);
    snprintf(arguments, sizeof arguments, "dsr --standard %s/bands.csv %s", folder, c->arguments);
    table = run_well(arguments, c->input);
    assert_string_equal(golden_text(table, 0, "note"), c->note);
    assert_string_equal(golden_text(table, 0, "method"), c->method);
    assert_string_equal(golden_text(table, 0, "statistic"), "dsr");
    assert_int_equal(strncmp(c->note, "not computed", 12) == 0, isnan(number(table, 0, "value")));
    if (c->note[0] == '\0') {
        assert_close(number(table, 0, "value"), 1e5 * (2 * 0.08 + 5 * 0.04 + 3 * 0.04) / 10, 1e-14);
        assert_close(number(table, 0, "total_pop"), 300, 0);
    }
    hst_table_free(table);
}

static void weights_of_the_table(void **state)
{
    hst_table *table = NULL;

    (void)state;
    table = run_well("dsr --by g", "g,age_lower,events,population,weight\n"
                                   "a,0,8,100,2\na,0,0,100,2\na,40,8,100,3\n"
                                   "b,0,8,100,2\nb,0,8,100,3\n");
    assert_close(number(table, 0, "value"), 1e5 * (2 * 0.04 + 3 * 0.08) / 5, 1e-14);
    assert_string_equal(golden_text(table, 0, "method"),
                        "dobson-byar; weights of the table (2 strata); age");
    assert_string_equal(golden_text(table, 1, "note"),
                        "not computed: rows of age 0 have different weights");
    assert_true(isnan(number(table, 1, "value")));
    hst_table_free(table);
}

static struct bad_case {
    const char *name, *arguments, *input;
    int code;
    const char *message;
} bad_cases[] = {
    {"no method", "", "", 2, "which method?"},
    {"unknown method", "prportion", "x,n\n", 2, "did you mean `proportion`?"},
    {"part of an event", "poisson", "count\n7\n2.5\n", 3,
     "line 3, column count: not a whole number"},
    {"unknown interval", "dsr --interval wide", "x\n", 2, "no interval `wide`"},
    {"interval of another method", "poisson --interval tiwari", "x\n", 2, "auto, byar, exact"},
    {"option of another method", "mean --interval exact", "x\n1\n", 2,
     "it has no option --interval"},
    {"no multiplier of a mean", "mean --per 10", "x\n1\n", 2, "it has no option --per"},
    {"no standard of a rate", "rate --standard esp1976", "x,n\n", 2, "no option --standard"},
    {"three arguments", "rate a b", "", 2, "one method and one table"},
    {"level 100", "rate --confidence 100", "", 2, "--confidence takes"},
    {"level of words", "rate --confidence high", "", 2, "--confidence takes"},
    {"level left empty", "rate --confidence 95,", "", 2, "--confidence takes"},
    {"too many levels", "rate --confidence 1,2,3,4,5,6,7,8,9", "", 2, "--confidence takes"},
    {"no multiplier", "rate --per 0", "", 2, "--per takes"},
    {"no minimum", "dsr --min-events few", "", 2, "--min-events takes"},
    {"strata of nothing", "dsr --standardise-by sex", "", 2, "--standardise-by takes"},
    {"mapping without a column", "rate --column x", "", 2, "--column takes"},
    {"mapping of no column of the method", "rate --column y=x", "x,n\n", 2, "no such column"},
    {"mapping to no column of the table", "rate --column x=y", "x,n\n", 2, "no such column"},
    {"unknown group", "rate --by area", "x,n\n", 2, "has no column `area`"},
    {"absent file", "rate nowhere.csv", "", 2, "nowhere.csv: No such file"},
    {"unknown standard", "dsr --standard esp1967", "age_lower,events,population\n", 2,
     "the built-in ones are"},
    {"empty table", "rate", "", 3, "standard input: the file is empty"},
    {"missing column", "rate", "x,y\n1,2\n", 3, "no column `n`; it has x, y"},
    {"a row of a person instead of names", "rate", "PATIENT17,1934-01-17,y\n", 3,
     "standard input: no column `x`; its first line holds numbers where the names"},
    {"missing sex", "dsr --standardise-by age_sex", "age_lower,events,population\n", 3,
     "no column `sex`"},
    {"not a number", "rate", "x,n\n1,2\n\n3,four\n", 3, "standard input, line 4, column n: not a"},
    {"negative events", "dsr", "age_lower,events,population\n0,-1,2\n", 3,
     "line 2, column events: below 0"},
    {"more than all", "proportion", "x,n\n3,2\n", 3, "line 2, column x: more than n"},
    {"part of a year", "dsr", "age_lower,events,population\n0.5,1,2\n", 3,
     "line 2, column age_lower: not an age"},
    {"no age", "dsr", "age_lower,events,population\nNA,1,2\n", 3,
     "line 2, column age_lower: not an age"},
    {"age 121", "dsr", "age_lower,events,population\n121,1,2\n", 3,
     "line 2, column age_lower: not an age"},
    {"no sex", "dsr --standardise-by age_sex", "age_lower,sex,events,population\n0,,1,2\n", 3,
     "line 2, column sex: missing"},
    {"no weight", "dsr", "age_lower,events,population,weight\n0,1,2,NA\n", 3,
     "line 2, column weight: missing"},
    {"band upside down", "dsr", "age_lower,age_upper,events,population\n5,0,1,2\n", 3,
     "line 2, column age_upper: below the lower age"},
    {"straddling band", "dsr", "age_lower,age_upper,events,population\n0,6,1,2\n", 3,
     "line 2, column age_upper: the band straddles"},
    {"ragged row", "rate", "x,n\n1\n", 3, "line 2: 1 cells where the header has 2"},
};

static void bad_use_is_refused(void **state)
{
    const struct bad_case *c = *state;
    outcome o = run(c->arguments, c->input);

    assert_int_equal(o.code, c->code);
    if (!strstr(o.messages, c->message)) {
        fail_msg("%s is not about %s", o.messages, c->message);
    }
    assert_null(o.table);
    hst_table_free(o.table);
}

static void bad_rows_do_not_shape_the_groups(void **state)
{
    hst_table *table = NULL;

    (void)state;
    save("bands.csv", three_bands);
    table = run_well("dsr --skip-bad --by g --standard esp1976",
                     "g,age_lower,age_upper,events,population\nx,500,999,1,1\nx,0,4,-1,1\n"
                     "y,0,4,1,1\n");
    assert_int_equal(hst_table_n_rows(table), 1);
    assert_string_equal(golden_text(table, 0, "g"), "y");
    assert_string_equal(golden_text(table, 0, "method"), "dobson-byar; esp1976 (18 bands); age");
    hst_table_free(table);
}

int main(void)
{
    struct CMUnitTest tests[128] = {
        cmocka_unit_test(golden_poisson),
        cmocka_unit_test(weights_of_the_table),
        cmocka_unit_test(bad_rows_do_not_shape_the_groups),
    };
    size_t n = 3;

    ADD_CASES(dsr_cases, golden_dsr)
    ADD_CASES(edge_cases, golden_edges)
    ADD_CASES(count_cases, golden_counts)
    ADD_CASES(small_cases, small_table)
    ADD_CASES(band_cases, bands_of_a_file)
    ADD_CASES(bad_cases, bad_use_is_refused)
    return _cmocka_run_group_tests("cli/stats", tests, n, make_folder, remove_folder);
}
