/* Mergers of trusts, and one number for a provider over all files. */
#define _XOPEN_SOURCE 700 /* mkdtemp */
#include <unistd.h>

#include "episodes.h"

#include "metrics/numbering_internal.h"

static char path[] = "/tmp/hestia-mergers-XXXXXX";

static int make_file(void **state)
{
    (void)state;
    return close(mkstemp(path));
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void write_file(const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static const char mergers_text[] = "code_from,code_to,name_to\n"
                                   "RDA,RDB,a chain of three\n"
                                   "RBX,RBY,\n"
                                   "rdb,RDC,lower case\n"
                                   "RBX,RBY,the same row again\n"
                                   "RDC,RDD,\n"
                                   "NT312,NV1,independent: five characters\n";

static struct code_case {
    const char *name, *code, *expected;
} code_cases[] = {
    {"one that was not merged keeps its code", "RD1", "RD1"},
    {"one that was merged", "RBX", "RBY"},
    {"one that others merged into", "RBY", "RBY"},
    {"a chain is followed to its end", "RDA", "RDD"},
    {"from its middle, too", "RDB", "RDD"},
    {"and stays at its end", "RDD", "RDD"},
    {"a site of the independent sector", "NT312", "NV1"},
    {"not its neighbour", "NT31", "NT31"},
    {"none", "", ""},
};

static void counts_under(void **state)
{
    const struct code_case *c = *state;
    hst_mergers *mergers = NULL;

    write_file(mergers_text);
    assert_int_equal(hst_mergers_read(&mergers, path, NULL), HST_OK);
    assert_string_equal(hst_mergers_code(mergers, c->code), c->expected);
    hst_mergers_free(mergers);
}

static void without_a_file_nothing_is_merged(void **state)
{
    hst_mergers *mergers = NULL;

    (void)state;
    assert_int_equal(hst_mergers_read(&mergers, NULL, NULL), HST_OK);
    assert_string_equal(hst_mergers_code(mergers, "RBX"), "RBX");
    assert_string_equal(hst_mergers_code(NULL, "RBX"), "RBX");
    hst_mergers_free(mergers);
    hst_mergers_free(NULL);
}

static struct fault_case {
    const char *name, *text;
    hst_status expected;
    const char *message;
} fault_cases[] = {
    {"a file that is absent", NULL, HST_ERR_USAGE, ""},
    {"no column code_to", "code_from,to\nRBX,RBY\n", HST_ERR_INPUT, "code_to"},
    {"no column code_from", "from,code_to\nRBX,RBY\n", HST_ERR_INPUT, "code_from"},
    {"an empty code", "code_from,code_to\nRBX,RBY\nRBZ,\n", HST_ERR_INPUT,
     "line 3, column code_to"},
    {"a hospital of a trust", "code_from,code_to\nRBX01,RBY\n", HST_ERR_INPUT,
     "line 2, column code_from"},
    {"a text too long for a code", "code_from,code_to\nRBX,Royal United Hospital\n", HST_ERR_INPUT,
     "line 2, column code_to"},
    {"a code that leads to two", "code_from,code_to\nRBX,RBY\nRAA,RAB\nRBX,RBZ\n", HST_ERR_INPUT,
     "lines 2 and 4"},
    {"a code merged into itself", "code_from,code_to\nRBX,RBX\n", HST_ERR_INPUT, "line 2: "},
    {"a circle of three", "code_from,code_to\nRAA,RAB\nRBX,RBY\nRBY,RBZ\nRBZ,RBX\n", HST_ERR_INPUT,
     "line 3: "},
};

static void refuses(void **state)
{
    const struct fault_case *c = *state;
    hst_mergers *mergers = NULL;
    hst_error err = {0};

    if (c->text) {
        write_file(c->text);
    }
    assert_int_equal(hst_mergers_read(&mergers, c->text ? path : "/nowhere/mergers.csv", &err),
                     c->expected);
    assert_null(mergers);
    assert_non_null(strstr(err.message, c->text ? path : "/nowhere/mergers.csv"));
    assert_non_null(strstr(err.message, c->message));
}

/* ---- numbers ---- */

static plain_row row_of(unsigned file, const char *provider)
{
    return (plain_row){.file = file,
                       .person = 17,
                       .key = 5,
                       .epistat = '3',
                       .admidate = hst_date_from_civil(2004, 5, 3),
                       .disdate = HST_DATE_MISSING,
                       .epistart = hst_date_from_civil(2004, 5, 3),
                       .epiend = hst_date_from_civil(2004, 5, 4),
                       .subdate = HST_DATE_MISSING,
                       .admimeth = "21",
                       .admisorc = "19",
                       .disdest = "19",
                       .provider = provider,
                       .mainspef = "300",
                       .tretspef = "300",
                       .gp_practice = "",
                       .area = "5J6",
                       .diagnoses = {"", "", "", "", ""},
                       .procedures = {"", ""}};
}

/* Number of a code as a segment numbers it. */
static uint32_t number_in(const hst_numbering *providers, const plain_store *s, size_t segment,
                          const char *code)
{
    for (size_t i = 1; i < hst_segment_n_codes(s->segments[segment], HST_DICT_PROVIDER); i++) {
        if (strcmp(hst_segment_code(s->segments[segment], HST_DICT_PROVIDER, i), code) == 0) {
            return hst_numbering_of(providers, segment)[i];
        }
    }
    fail_msg("no provider %s in segment %zu", code, segment);
    return 0;
}

static void one_provider_has_one_number(void **state)
{
    plain_row rows[] = {row_of(0, "RXF"), row_of(0, "RBX"), row_of(0, ""),    row_of(1, "RBY"),
                        row_of(1, "RXF"), row_of(2, "RDA"), row_of(2, "RDD"), row_of(2, "RXF")};
    static const char *const expected[] = {"", "RBY", "RDD", "RXF"};

    (void)state;
    write_file(mergers_text);
    for (int backwards = 0; backwards < 2; backwards++) { /* other numbers in the dictionaries */
        plain_store s = {0};
        hst_mergers *mergers = NULL;
        hst_numbering *providers = NULL;

        write_store(&s, rows, sizeof rows / sizeof rows[0], 1, 0, backwards, false);
        assert_int_equal(hst_mergers_read(&mergers, path, NULL), HST_OK);
        assert_int_equal(hst_numbering_create(&providers, HST_DICT_PROVIDER, mergers,
                                              (const hst_segment *const *)s.segments, N_FILES,
                                              NULL),
                         HST_OK);
        hst_mergers_free(mergers); /* the numbers do not borrow it */
        assert_int_equal(hst_numbering_n(providers), 4);
        for (uint32_t i = 0; i < 4; i++) {
            assert_string_equal(hst_numbering_code(providers, i), expected[i]);
        }
        for (size_t segment = 0; segment < N_FILES; segment++) {
            assert_int_equal(hst_numbering_of(providers, segment)[0], 0);
            assert_int_equal(number_in(providers, &s, segment, "RXF"), 3);
        }
        assert_int_equal(number_in(providers, &s, 0, "RBX"), 1);
        assert_int_equal(number_in(providers, &s, 1, "RBY"), 1);
        assert_int_equal(number_in(providers, &s, 2, "RDA"), 2);
        assert_int_equal(number_in(providers, &s, 2, "RDD"), 2);
        hst_numbering_free(providers);
        remove_store(&s);
    }
}

static void no_files_have_no_providers(void **state)
{
    hst_numbering *providers = NULL;

    (void)state;
    assert_int_equal(hst_numbering_create(&providers, HST_DICT_PROVIDER, NULL, NULL, 0, NULL),
                     HST_OK);
    assert_int_equal(hst_numbering_n(providers), 1);
    assert_string_equal(hst_numbering_code(providers, 0), "");
    hst_numbering_free(providers);
    hst_numbering_free(NULL);
}

/* ---- wherever a measure compares codes ---- */

static hst_measure measure_of(const char *id)
{
    return (hst_measure){
        .id = (char *)id,
        .dataset = HST_DATASET_APC,
        .unit = HST_UNIT_EPISODE,
        .statistic = HST_STAT_COUNT,
        .by = HST_BY_YEAR,
        .period = {hst_date_from_civil(2004, 4, 1), hst_date_from_civil(2005, 3, 31)}};
}

static uint64_t events_of(const hst_cube *cube, size_t measure, size_t split, size_t n_areas)
{
    uint64_t sum = 0;

    for (size_t area = 0; area < n_areas; area++) {
        for (size_t band = 0; band < 2; band++) {
            for (unsigned sex = 0; sex < HST_N_SEXES; sex++) {
                sum += hst_cube_events(cube, measure, split, area, HST_BY_YEAR, 0, sex, band);
            }
        }
    }
    return sum;
}

static void measures_count_merged_trusts_as_one(void **state)
{
    /* RDA and RDB are RDD by now, RBX is RBY: 4 rows of RDD, 3 of RBY, 1 of RXF, 1 of nobody */
    plain_row rows[] = {row_of(0, "RDA"), row_of(0, "RDB"), row_of(1, "RDB"),
                        row_of(2, "RDD"), row_of(0, "RBX"), row_of(1, "RBX"),
                        row_of(2, "RBY"), row_of(2, "RXF"), row_of(2, "")};
    static char *names[] = {(char *)"RESPCT06", (char *)"RESPCT_HIS", (char *)"RESPCT02"};
    static char *codes[] = {(char *)"RDB", (char *)"RDA"}, *somerset[] = {(char *)"5QL"};
    hst_excluded_provider everywhere = {(char *)"RBX", {0, NULL}, NULL};
    hst_excluded_provider in_somerset = {(char *)"RDA", {1, somerset}, NULL};
    hst_measure list[] = {measure_of("split"), measure_of("where"), measure_of("without"),
                          measure_of("without_in_somerset")};
    hst_study study = {.path = (char *)"study.yaml",
                       .provider_merge = path,
                       .areas.field = {3, names},
                       .n_measures = 4,
                       .measures = list,
                       .quality.max_unknown_area = 1};
    const hst_age_bands bands = {.n = 1, .lower = {0}, .upper = {999}};
    plain_store s = {0};
    const hst_segment *const *segments = (const hst_segment *const *)s.segments;
    hst_measures *measures = NULL;
    hst_areas *areas = NULL;
    hst_cube *cube = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        rows[i].key = 100 + i;
        rows[i].classpat = '1';
        rows[i].area = i == 0 || i == 3 || i == 4 ? "5QL" : "5J6";
    }
    list[0].split = HST_SPLIT_PROVIDER;
    list[1].where.codes[HST_WHERE_PROVIDER] = (hst_texts){2, codes};
    list[2].excluded_providers = &everywhere;
    list[3].excluded_providers = &in_somerset;
    list[2].n_excluded_providers = list[3].n_excluded_providers = 1;
    write_file(mergers_text);
    write_store(&s, rows, sizeof rows / sizeof rows[0], 1, 0, false, false);
    assert_int_equal(hst_measures_compile(&measures, &study, NULL, &bands, NULL), HST_OK);
    assert_int_equal(hst_areas_build(&areas, &study, NULL, segments, N_FILES, NULL), HST_OK);
    assert_int_equal(hst_count(&cube, NULL, measures, &study, areas, segments, N_FILES,
                               &(hst_count_options){.n_threads = 1}, NULL, NULL),
                     HST_OK);

    assert_int_equal(hst_cube_n_splits(cube, 0), 4);
    assert_string_equal(hst_cube_split(cube, 0, 1), "RBY");
    assert_string_equal(hst_cube_split(cube, 0, 2), "RDD");
    assert_string_equal(hst_cube_split(cube, 0, 3), "RXF");
    assert_int_equal(events_of(cube, 0, 0, 2), 8);
    assert_int_equal(events_of(cube, 0, 1, 2), 3);
    assert_int_equal(events_of(cube, 0, 2, 2), 4);
    assert_int_equal(events_of(cube, 0, 3, 2), 1);
    assert_int_equal(events_of(cube, 1, 0, 2), 4);
    assert_non_null(strstr(hst_measures_definition(measures, 1), "provider RDD."));
    assert_int_equal(events_of(cube, 2, 0, 2), 5);
    assert_non_null(strstr(hst_measures_definition(measures, 2), "without provider RBY"));
    assert_int_equal(events_of(cube, 3, 0, 2), 6); /* 8 less RDA and RDD in 5QL */
    hst_cube_free(cube);
    hst_areas_free(areas);
    hst_measures_free(measures);
    remove_store(&s);
}

static void a_mergers_file_at_fault_stops_the_study(void **state)
{
    hst_study study = {.path = (char *)"study.yaml", .provider_merge = path};
    const hst_age_bands bands = {.n = 1};
    hst_measures *measures = NULL;
    hst_error err = {0};

    (void)state;
    write_file("code_from,code_to\nRBX,RBX\n");
    assert_int_equal(hst_measures_compile(&measures, &study, NULL, &bands, &err), HST_ERR_INPUT);
    assert_null(measures);
    assert_non_null(strstr(err.message, path));
}

int main(void)
{
    enum {
        N_CODES = sizeof code_cases / sizeof code_cases[0],
        N_FAULTS = sizeof fault_cases / sizeof fault_cases[0]
    };
    struct CMUnitTest tests[N_CODES + N_FAULTS + 5] = {
        cmocka_unit_test(without_a_file_nothing_is_merged),
        cmocka_unit_test(one_provider_has_one_number),
        cmocka_unit_test(no_files_have_no_providers),
        cmocka_unit_test(measures_count_merged_trusts_as_one),
        cmocka_unit_test(a_mergers_file_at_fault_stops_the_study),
    };
    size_t n = 5;

    for (size_t i = 0; i < N_CODES; i++) {
        tests[n++] =
            (struct CMUnitTest){code_cases[i].name, counts_under, NULL, NULL, &code_cases[i]};
    }
    for (size_t i = 0; i < N_FAULTS; i++) {
        tests[n++] = (struct CMUnitTest){fault_cases[i].name, refuses, NULL, NULL, &fault_cases[i]};
    }
    return _cmocka_run_group_tests("provider", tests, n, make_file, remove_file);
}
