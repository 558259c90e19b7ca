#include "hestia/standard.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support.h"

/* Published totals and weights: World Health Organization 2001 (who2000), Eurostat 2013 (esp2013),
 * Waterhouse et al. 1976 (esp1976). */
static struct built_in {
    const char *name;
    size_t n_bands;
    double total, first, last;
    int last_lower;
} built_ins[] = {
    {"esp1976", 18, 100000, 8000, 1000, 85},  {"esp1976_19", 19, 100000, 1600, 1000, 85},
    {"esp2013", 19, 100000, 5000, 1000, 90},  {"esp2013_21", 21, 100000, 1000, 200, 95},
    {"who2000", 21, 1000000, 88569, 50, 100},
};

static void built_in_standard(void **state)
{
    const struct built_in *c = *state;
    hst_standard s;
    double total = 0;

    assert_int_equal(hst_standard_read(&s, c->name, NULL), HST_OK);
    assert_string_equal(s.name, c->name);
    assert_int_equal(s.bands.n, c->n_bands);
    for (size_t i = 0; i < s.bands.n; i++) {
        total += s.weight[i];
        assert_int_equal(s.bands.of_age[s.bands.lower[i]], i);
        if (i > 0) {
            assert_int_equal(s.bands.lower[i], s.bands.upper[i - 1] + 1);
        }
    }
    assert_close(total, c->total, 0);
    assert_close(s.weight[0], c->first, 0);
    assert_close(s.weight[s.bands.n - 1], c->last, 0);
    assert_int_equal(s.bands.lower[0], 0);
    assert_int_equal(s.bands.lower[s.bands.n - 1], c->last_lower);
    assert_int_equal(s.bands.upper[s.bands.n - 1], HST_AGE_OPEN);
    assert_int_equal(s.bands.of_age[HST_AGE_MAX], s.bands.n - 1);
}

static void the_two_forms_of_a_standard_agree(void **state)
{
    hst_standard few, many;

    (void)state;
    assert_int_equal(hst_standard_read(&few, "esp2013", NULL), HST_OK);
    assert_int_equal(hst_standard_read(&many, "esp2013_21", NULL), HST_OK);
    for (int age = 0; age <= HST_AGE_MAX; age++) {
        double weight = 0;
        size_t band = few.bands.of_age[age];

        for (size_t i = 0; i < many.bands.n; i++) {
            weight += few.bands.of_age[many.bands.lower[i]] == band ? many.weight[i] : 0;
        }
        assert_close(weight, few.weight[band], 0);
    }
}

static void last_bands_are_merged(void **state)
{
    hst_standard s;
    char label[12];

    (void)state;
    assert_int_equal(hst_standard_read(&s, "esp2013", NULL), HST_OK);
    hst_standard_merge_last(&s, s.bands.of_age[85]);
    assert_int_equal(s.bands.n, 18);
    assert_close(s.weight[17], 2500, 0);
    assert_int_equal(s.bands.of_age[90], 17);
    assert_int_equal(s.bands.of_age[120], 17);
    hst_age_band_label(&s.bands, 17, label);
    assert_string_equal(label, "85+");
    hst_age_band_label(&s.bands, 13, label);
    assert_string_equal(label, "65-69");
    hst_standard_merge_last(&s, 17); /* nothing left to merge */
    assert_int_equal(s.bands.n, 18);
    assert_close(s.weight[17], 2500, 0);
}

static struct file_case {
    const char *name, *text;
    hst_status expected;
    const char *message;
} file_cases[] = {
    {"bands of one's own", "age_lower,age_upper,weight\n0,64,3\n65,999,1\n", HST_OK, NULL},
    {"part of all ages", "age_lower,age_upper,weight\n15,44,3\n45,74,1\n", HST_OK, NULL},
    {"no weight column", "age_lower,age_upper\n0,999\n", HST_ERR_INPUT, "no column `weight`"},
    {"gap", "age_lower,age_upper,weight\n0,4,3\n6,999,1\n", HST_ERR_INPUT,
     "line 3: the band does not begin"},
    {"overlap", "age_lower,age_upper,weight\n0,5,3\n5,999,1\n", HST_ERR_INPUT,
     "line 3: the band does not begin"},
    {"after the open band", "age_lower,age_upper,weight\n0,999,3\n5,9,1\n", HST_ERR_INPUT,
     "line 3: the band does not begin"},
    {"upside down", "age_lower,age_upper,weight\n9,5,3\n", HST_ERR_INPUT,
     "line 2: not an age band"},
    {"too old", "age_lower,age_upper,weight\n0,120,3\n121,130,1\n", HST_ERR_INPUT,
     "line 3: not an age band"},
    {"negative weight", "age_lower,age_upper,weight\n0,64,-3\n65,999,4\n", HST_ERR_INPUT,
     "line 2, column weight: below 0"},
    {"no weight at all", "age_lower,age_upper,weight\n0,999,0\n", HST_ERR_INPUT,
     "add up to nothing"},
    {"no bands", "age_lower,age_upper,weight\n", HST_ERR_INPUT, "add up to nothing"},
    {"not an age", "age_lower,age_upper,weight\nx,999,1\n", HST_ERR_INPUT,
     "line 2, column age_lower: not a whole number"},
    {"not a weight", "age_lower,age_upper,weight\n0,999,many\n", HST_ERR_INPUT,
     "line 2, column weight: not a number"},
};

static void standard_file(void **state)
{
    const struct file_case *c = *state;
    char folder[] = "/tmp/hestia-test-XXXXXX", path[64];
    hst_standard s;
    hst_error err = {0};
    FILE *file = NULL;

    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/own.csv", folder);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(c->text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(hst_standard_read(&s, path, &err), c->expected);
    if (c->message) {
        assert_non_null(strstr(err.message, c->message));
        assert_non_null(strstr(err.message, "own.csv"));
    } else {
        assert_string_equal(s.name, "own.csv");
        assert_int_equal(s.bands.n, 2);
        assert_int_equal(s.bands.of_age[120], s.bands.upper[1] == HST_AGE_OPEN ? 1 : 2);
        assert_int_equal(s.bands.of_age[10], s.bands.lower[0] == 0 ? 0 : 2);
    }
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void every_year_of_age_may_be_a_band(void **state)
{
    char folder[] = "/tmp/hestia-test-XXXXXX", path[64];
    hst_standard s;
    hst_error err = {0};
    FILE *file = NULL;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/own.csv", folder);
    file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "age_lower,age_upper,weight\n");
    for (int i = 0; i < 121; i++) {
        fprintf(file, "%d,%d,1\n", i, i);
    }
    assert_int_equal(fclose(file), 0);
    assert_int_equal(hst_standard_read(&s, path, &err), HST_OK);
    assert_int_equal(s.bands.n, 121);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void unknown_standard_names_the_built_in_ones(void **state)
{
    hst_standard s;
    hst_error err = {0};

    (void)state;
    assert_int_equal(hst_standard_read(&s, "esp1967", &err), HST_ERR_USAGE);
    assert_non_null(strstr(err.message, "esp1967"));
    assert_non_null(strstr(err.message, "esp1976, esp1976_19, esp2013, esp2013_21 and who2000"));
}

int main(void)
{
    struct CMUnitTest tests[48] = {
        cmocka_unit_test(the_two_forms_of_a_standard_agree),
        cmocka_unit_test(last_bands_are_merged),
        cmocka_unit_test(every_year_of_age_may_be_a_band),
        cmocka_unit_test(unknown_standard_names_the_built_in_ones),
    };
    size_t n = 4;

    for (size_t i = 0; i < sizeof built_ins / sizeof built_ins[0]; i++) {
        tests[n++] = (struct CMUnitTest){.name = built_ins[i].name,
                                         .test_func = built_in_standard,
                                         .initial_state = &built_ins[i]};
    }
    for (size_t i = 0; i < sizeof file_cases / sizeof file_cases[0]; i++) {
        tests[n++] = (struct CMUnitTest){.name = file_cases[i].name,
                                         .test_func = standard_file,
                                         .initial_state = &file_cases[i]};
    }
    return _cmocka_run_group_tests("standardise/standard", tests, n, NULL, NULL);
}
