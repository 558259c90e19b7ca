/* Counting against a slow, plain count of the same rows; and the same cube whatever the threads,
 * partitions, files' order, rows' order and keys of the person hash. */
#include "tests/metrics/where_cases.h"

/* Compares every cell of one measure and period type with the plain count. */
static void check_measure(const hst_cube *cube, const hst_measures *measures, size_t m,
                          const hst_measure *measure, const where_case *c, hst_by type)
{
    enum { MAX_PERIODS = 60, N_BANDS = 19 };
    static uint64_t expected[MAX_PERIODS][N_AREAS + 3][HST_N_SEXES][N_BANDS];
    const hst_period *periods = NULL;
    size_t n = hst_measures_periods(measures, m, type, &periods);
    uint64_t total = 0;

    assert_in_range(n, 1, MAX_PERIODS);
    memset(expected, 0, sizeof expected);
    for (size_t i = 0; i < N_ROWS; i++) {
        const plain_row *row = &rows[i];
        hst_date date = measure->date == HST_DATE_OF_DISCHARGE ? row->disdate : row->admidate;

        if (is_dropped[i] || !is_expected(row, measure, c)) {
            continue;
        }
        for (size_t p = 0; p < n; p++) {
            if (periods[p].start <= date && date <= periods[p].end) {
                expected[p][area_of(row)][row->sex == '1'   ? 0
                                          : row->sex == '2' ? 1
                                                            : 2][row->age > 120      ? 18
                                                                 : row->age / 5 < 17 ? row->age / 5
                                                                                     : 17]++;
            }
        }
    }
    for (size_t p = 0; p < n; p++) {
        for (size_t area = 0; area < N_AREAS + 3; area++) {
            for (unsigned sex = 0; sex < HST_N_SEXES; sex++) {
                for (size_t band = 0; band < N_BANDS; band++) {
                    uint64_t events = hst_cube_events(cube, m, 0, area, type, p, sex, band);

                    if (events != expected[p][area][sex][band]) {
                        fail_msg("%s (%zu): %s, area %zu: %zu, not %zu", c->name, m,
                                 periods[p].label, area, (size_t)events,
                                 (size_t)expected[p][area][sex][band]);
                    }
                    total += events;
                }
            }
        }
    }
    assert_true(total > 0); /* a case that never matches shows nothing */
}

static void every_where_key_counts_as_a_plain_loop_does(void **state)
{
    static hst_measure list[2 * N_CASES];
    hst_study study = make_study(list);
    hst_cube *cube = NULL;
    hst_measures *measures = NULL;
    hst_areas *areas = NULL;

    (void)state;
    count(&cube, &measures, &areas, &study, &store, 2, NULL);
    for (size_t m = 0; m < study.n_measures; m++) {
        for (unsigned type = HST_BY_MONTH; type <= HST_BY_YEAR; type *= 2) {
            if (list[m].by & type) {
                check_measure(cube, measures, m, &list[m], &cases[m % N_CASES], (hst_by)type);
            }
        }
    }
    hst_cube_free(cube);
    hst_measures_free(measures);
    hst_areas_free(areas);
}

/* Depth to which diagnoses are read is that of the deepest set in the study. */
static void a_set_alone_in_its_study_counts_the_same(void **state)
{
    static hst_measure list[2 * N_CASES];
    hst_study study = make_study(list);

    (void)state;
    for (size_t i = 0; i < N_CASES; i++) {
        static hst_measure alone[2 * N_CASES];
        hst_cube *cube = NULL;
        hst_measures *measures = NULL;
        hst_areas *areas = NULL;

        if (list[i].where.codes[HST_WHERE_CONDITION].n == 0) {
            continue;
        }
        memcpy(alone, list, sizeof alone);
        alone[0] = list[i];
        alone[0].by = HST_BY_QUARTER;
        study.measures = alone;
        study.n_measures = 1;
        count(&cube, &measures, &areas, &study, &store, 2, NULL);
        check_measure(cube, measures, 0, &alone[0], &cases[i], HST_BY_QUARTER);
        hst_cube_free(cube);
        hst_measures_free(measures);
        hst_areas_free(areas);
    }
}

/* Beside the measures, by the rules of the published tables: not by the study's rule for repeats,
 * nor by what it measures. */
static void england_is_counted_in_the_same_pass(void **state)
{
    static char *const rules[] = {(char *)"nhsd", (char *)"none"};
    static hst_measure list[2 * N_CASES];
    const hst_age_bands bands = make_bands();
    const hst_segment *const *segments = (const hst_segment *const *)store.segments;
    hst_study study = make_study(list);
    uint64_t fce = 0, fae = 0, n_dropped = 0;

    (void)state;
    for (size_t i = 0; i < N_ROWS; i++) {
        bool is_fce = !is_dropped[i] && rows[i].epistat == '3' && char_in(rows[i].classpat, "125");

        n_dropped += is_dropped[i];
        fce += is_fce;
        fae += is_fce && rows[i].epiorder == 1;
    }
    study.n_measures = 1;
    for (size_t r = 0; r < 2; r++) {
        for (int n_threads = 1; n_threads <= 3; n_threads += 2) {
            uint64_t n_fce = 0, n_fae = 0;
            hst_measures *measures = NULL;
            hst_areas *areas = NULL;
            hst_cube *cube = NULL;
            hst_england *england = NULL;
            hst_error err = {0};

            study.duplicates = rules[r];
            assert_int_equal(hst_measures_compile(&measures, &study, conditions, &bands, &err), 0);
            assert_int_equal(hst_areas_build(&areas, &study, NULL, segments, N_FILES, &err), 0);
            assert_int_equal(hst_count(&cube, &england, measures, &study, areas, segments, N_FILES,
                                       &(hst_count_options){.n_threads = n_threads}, NULL, &err),
                             HST_OK);
            for (size_t i = 0; i < england->n_years; i++) {
                n_fce += england->years[i].fce;
                n_fae += england->years[i].fae;
            }
            assert_int_equal(n_fce + england->n_undated, fce);
            assert_in_range(n_fae, fae - england->n_undated, fae);
            assert_int_equal(england->n_repeated, n_dropped);
            assert_true(n_fae > 0 && n_dropped > 0);
            hst_england_free(england);
            hst_cube_free(cube);
            hst_areas_free(areas);
            hst_measures_free(measures);
        }
    }
}

/* ---- what must not show ---- */

static uint64_t hash_cube(const hst_cube *cube, const hst_measures *measures,
                          const hst_study *study)
{
    uint64_t hash = 17;

    for (size_t m = 0; m < study->n_measures; m++) {
        const hst_period *periods = NULL;
        hst_by finest = hst_measures_finest(measures, m);
        size_t n = hst_measures_periods(measures, m, finest, &periods);

        for (size_t split = 0; split < hst_cube_n_splits(cube, m); split++) {
            for (const char *c = hst_cube_split(cube, m, split); *c; c++) {
                hash = hash * 31 + (unsigned char)*c;
            }
            for (size_t cell = 0; cell < n * (N_AREAS + 3) * HST_N_SEXES * 19; cell++) {
                hash = hash * UINT64_C(6364136223846793005) +
                       hst_cube_events(cube, m, split, cell / (19 * HST_N_SEXES * n), finest,
                                       cell / (19 * HST_N_SEXES) % n,
                                       (unsigned)(cell / 19 % HST_N_SEXES), cell % 19);
            }
        }
    }
    return hash;
}

/* Shape of a store and number of threads, none of which may show. */
static struct shape_case {
    const char *name;
    size_t n_partitions;
    int n_threads;
    uint64_t salt;
    bool backwards, files_backwards;
} shape_cases[] = {
    {"one partition", 1, 1, 0, false, false},
    {"two threads", 16, 2, 0, false, false},
    {"seven threads", 256, 7, 0, false, false},
    {"other persons' hashes", 16, 2, 99991, false, false},
    {"rows backwards", 16, 2, 0, true, false},
    {"files backwards", 16, 7, 0, false, true},
    {"all of it", 256, 7, 77, true, true},
};

static uint64_t count_shape(const struct shape_case *c)
{
    static hst_measure list[2 * N_CASES];
    hst_study study = make_study(list);
    plain_store shaped = {0};
    hst_cube *cube = NULL;
    hst_measures *measures = NULL;
    hst_areas *areas = NULL;
    hst_segment *first = NULL;
    uint64_t hash = 0;

    study.n_measures = N_CASES;
    for (size_t m = 0; m < study.n_measures; m++) {
        list[m].split = (hst_split)(m % (HST_SPLIT_ETHNICITY + 1));
        if (list[m].split == HST_SPLIT_CONDITION &&
            list[m].where.codes[HST_WHERE_CONDITION].n == 0) {
            list[m].split = HST_SPLIT_NONE;
        }
    }
    write_store(&shaped, rows, N_ROWS, c->n_partitions, c->salt, c->backwards, false);
    if (c->files_backwards) {
        first = shaped.segments[0];
        shaped.segments[0] = shaped.segments[2];
        shaped.segments[2] = first;
    }
    count(&cube, &measures, &areas, &study, &shaped, c->n_threads, NULL);
    hash = hash_cube(cube, measures, &study);
    hst_cube_free(cube);
    hst_measures_free(measures);
    hst_areas_free(areas);
    remove_store(&shaped);
    return hash;
}

static void shape_of_store_and_threads_do_not_show(void **state)
{
    static const struct shape_case plain = {"plain", 16, 1, 0, false, false};
    static uint64_t expected;

    expected = expected ? expected : count_shape(&plain);
    assert_true(count_shape(*state) == expected);
}

/* ---- splits ---- */

static void splits_add_up_to_the_total(void **state)
{
    static hst_measure list[2 * N_CASES];
    hst_study study = make_study(list);
    hst_cube *cube = NULL;
    hst_measures *measures = NULL;
    hst_areas *areas = NULL;
    const hst_period *periods = NULL;
    uint64_t found[2] = {0}, expected[2] = {0};

    (void)state;
    study.n_measures = 6;
    for (size_t m = 0; m < 6; m++) {
        static const hst_split splits[] = {HST_SPLIT_PROVIDER,    HST_SPLIT_SEX,
                                           HST_SPLIT_AGE_BAND,    HST_SPLIT_SPECIALTY,
                                           HST_SPLIT_DEPRIVATION, HST_SPLIT_ETHNICITY};

        list[m].split = splits[m];
    }
    count(&cube, &measures, &areas, &study, &store, 2, NULL);
    for (size_t m = 0; m < study.n_measures; m++) {
        size_t n = hst_measures_periods(measures, m, hst_measures_finest(measures, m), &periods);

        assert_true(hst_cube_n_splits(cube, m) > 2);
        assert_string_equal(hst_cube_split(cube, m, 0), "");
        for (size_t s = 2; s < hst_cube_n_splits(cube, m); s++) {
            assert_true(strcmp(hst_cube_split(cube, m, s - 1), hst_cube_split(cube, m, s)) < 0);
        }
        for (size_t cell = 0; cell < n * (N_AREAS + 3) * HST_N_SEXES * 19; cell++) {
            uint64_t sum = 0, total = 0;

            for (size_t s = 0; s < hst_cube_n_splits(cube, m); s++) {
                uint64_t events = hst_cube_events(
                    cube, m, s, cell / (19 * HST_N_SEXES * n), hst_measures_finest(measures, m),
                    cell / (19 * HST_N_SEXES) % n, (unsigned)(cell / 19 % HST_N_SEXES), cell % 19);

                sum += s ? events : 0;
                total += s ? 0 : events;
                found[0] += m == 0 && strcmp(hst_cube_split(cube, m, s), "RD1") == 0 ? events : 0;
                found[1] += m == 4 && strcmp(hst_cube_split(cube, m, s), "2") == 0 ? events : 0;
            }
            assert_true(sum == total);
        }
        for (size_t i = 0; i < N_ROWS; i++) {
            bool is_counted = !is_dropped[i] && is_expected(&rows[i], &list[m], &cases[m]) &&
                              rows[i].admidate >= periods[0].start &&
                              rows[i].admidate <= periods[n - 1].end;

            expected[0] += m == 0 && is_counted && is_in(rows[i].provider, " RD1 ");
            expected[1] += m == 4 && is_counted && (rows[i].decile == 3 || rows[i].decile == 4);
        }
    }
    assert_true(found[0] == expected[0] && found[0] > 0);
    assert_true(found[1] == expected[1] && found[1] > 0);
    hst_cube_free(cube);
    hst_measures_free(measures);
    hst_areas_free(areas);
}

/* Sets overlap: a row of both is in both values and once in the total. */
static void conditions_split_counts_a_row_in_each_set(void **state)
{
    static hst_measure list[2 * N_CASES];
    hst_study study = make_study(list);
    hst_cube *cube = NULL;
    hst_measures *measures = NULL;
    hst_areas *areas = NULL;
    const hst_period *periods = NULL;
    uint64_t found[3] = {0}, expected[3] = {0};
    size_t n = 0;

    (void)state;
    study.n_measures = 1;
    set_codes(&list[0].where, HST_WHERE_CONDITION, "stroke diabetes_any dementia");
    list[0].split = HST_SPLIT_CONDITION;
    count(&cube, &measures, &areas, &study, &store, 2, NULL);
    n = hst_measures_periods(measures, 0, HST_BY_QUARTER, &periods);
    assert_int_equal(hst_cube_n_splits(cube, 0), 3); /* no row has a stroke */
    assert_string_equal(hst_cube_split(cube, 0, 1), "dementia");
    assert_string_equal(hst_cube_split(cube, 0, 2), "diabetes_any");
    for (size_t i = 0; i < N_ROWS; i++) {
        const plain_row *row = &rows[i];
        bool dementia = finds(row->diagnoses, 0, 2, " F00 F01 F02 F03 G30 ");
        bool diabetes = finds(row->diagnoses, 0, 4, " E10 E11 E12 E13 E14 ");

        if (!is_dropped[i] && is_considered(row, &list[0]) && char_in(row->classpat, "125") &&
            row->admidate >= periods[0].start && row->admidate <= periods[n - 1].end) {
            expected[0] += dementia || diabetes;
            expected[1] += dementia;
            expected[2] += diabetes;
        }
    }
    for (size_t split = 0; split < 3; split++) {
        for (size_t cell = 0; cell < n * (N_AREAS + 3) * HST_N_SEXES * 19; cell++) {
            found[split] += hst_cube_events(cube, 0, split, cell / (19 * HST_N_SEXES * n),
                                            HST_BY_QUARTER, cell / (19 * HST_N_SEXES) % n,
                                            (unsigned)(cell / 19 % HST_N_SEXES), cell % 19);
        }
        assert_true(found[split] == expected[split]);
    }
    hst_cube_free(cube);
    hst_measures_free(measures);
    hst_areas_free(areas);
}

int main(void)
{
    enum { N_SHAPES = sizeof shape_cases / sizeof shape_cases[0] };
    struct CMUnitTest tests[5 + N_SHAPES] = {
        cmocka_unit_test(every_where_key_counts_as_a_plain_loop_does),
        cmocka_unit_test(a_set_alone_in_its_study_counts_the_same),
        cmocka_unit_test(england_is_counted_in_the_same_pass),
        cmocka_unit_test(splits_add_up_to_the_total),
        cmocka_unit_test(conditions_split_counts_a_row_in_each_set),
    };
    size_t n = 5;

    for (size_t i = 0; i < N_SHAPES; i++) {
        tests[n++] = (struct CMUnitTest){.name = shape_cases[i].name,
                                         .test_func = shape_of_store_and_threads_do_not_show,
                                         .initial_state = &shape_cases[i]};
    }
    return cmocka_run_group_tests_name("count", tests, make_rows, remove_rows);
}
