/* Lengths of stay add up to the sums of the same stays, and stays by provider to those of all. */
#include "tests/metrics/people_cases.h"

/* The lengths of stay of an area and period, against the sums of the same stays. */
static void lengths_of_stay_add_up(void **state)
{
    hst_measure measures_of_study[N_CASES];
    hst_study_cohort cohorts_of_study[2];
    hst_study study = make_study(measures_of_study, cohorts_of_study);
    plain_store store = {0};
    hst_cube *cube = NULL;
    hst_measures *measures = NULL;
    hst_areas *areas = NULL;
    hst_cohorts *cohorts = NULL;
    hst_stay_count *stays = NULL;
    size_t capacity = 0, m = 2;

    (void)state;
    write_store(&store, rows, N_ROWS, 8, 5, false, false);
    count(&cube, &measures, &areas, &cohorts, &study, &store, 2, 0);
    for (size_t area = 0; area < N_AREAS; area++) {
        const hst_period *periods = NULL;
        size_t n_periods = hst_measures_periods(measures, m, HST_BY_QUARTER, &periods);

        for (size_t p = 0; p < n_periods; p++) {
            size_t n = hst_cube_stays(cube, m, 0, area, HST_BY_QUARTER, p, &stays, &capacity);
            uint64_t events = 0, days = 0, wanted_events = 0, wanted_days = 0;

            for (size_t i = 0; i < n; i++) {
                assert_true(i == 0 || stays[i].days > stays[i - 1].days);
                assert_in_range(stays[i].days, 1, 20);
                events += stays[i].n;
                days += stays[i].n * stays[i].days;
            }
            for (size_t i = 0; i < HST_N_SEXES * (size_t)4; i++) {
                sums cell = read_cell(cube, m, area, HST_BY_QUARTER, p, (unsigned)(i / 4), i % 4);

                wanted_events += cell.events;
                wanted_days += cell.days;
            }
            assert_int_equal(events, wanted_events);
            assert_int_equal(days, wanted_days);
            assert_true(events > 0);
        }
    }
    free(stays);
    hst_cube_free(cube);
    hst_cohorts_free(cohorts);
    hst_areas_free(areas);
    hst_measures_free(measures);
    remove_store(&store);
}

static sums read_split(const hst_cube *cube, size_t m, size_t split, size_t area, size_t p,
                       size_t i)
{
    unsigned sex = (unsigned)(i / 4);

    return (sums){
        hst_cube_events(cube, m, split, area, HST_BY_QUARTER, p, sex, i % 4),
        hst_cube_sum(cube, HST_LAYER_DAYS, m, split, area, HST_BY_QUARTER, p, sex, i % 4),
        hst_cube_sum(cube, HST_LAYER_DAYS_SQUARED, m, split, area, HST_BY_QUARTER, p, sex, i % 4),
        0, 0};
}

/* Every stay has one provider: stays and days by provider add up to those of all, cell by cell, and
 * an area has the providers that have a stay of it. */
static void stays_by_provider_add_up(void **state)
{
    hst_measure measures_of_study[N_CASES];
    hst_study_cohort cohorts_of_study[2];
    hst_study study = make_study(measures_of_study, cohorts_of_study);
    plain_store store = {0};
    hst_cube *cube = NULL;
    hst_measures *measures = NULL;
    hst_areas *areas = NULL;
    hst_cohorts *cohorts = NULL;
    const size_t asked[] = {2, 3}; /* mean stay by discharge, placed bed days */

    (void)state;
    measures_of_study[asked[0]].split = measures_of_study[asked[1]].split = HST_SPLIT_PROVIDER;
    write_store(&store, rows, N_ROWS, 8, 5, false, false);
    count(&cube, &measures, &areas, &cohorts, &study, &store, 3, 0);
    for (size_t k = 0; k < 2; k++) {
        const hst_period *periods = NULL;
        size_t m = asked[k], n_splits = hst_cube_n_splits(cube, m);
        size_t n_periods = hst_measures_periods(measures, m, HST_BY_QUARTER, &periods);

        assert_int_equal(n_splits, 1 + 4);
        for (size_t i = 0; i < N_AREAS * n_periods * HST_N_SEXES * 4; i++) {
            size_t cell = i % (HST_N_SEXES * 4), p = i / (HST_N_SEXES * 4) % n_periods;
            size_t area = i / (HST_N_SEXES * 4) / n_periods;
            sums all = read_split(cube, m, 0, area, p, cell), added = {0};

            for (size_t split = 1; split < n_splits; split++) {
                sums one = read_split(cube, m, split, area, p, cell);

                assert_true(hst_cube_has(cube, m, split, area));
                added.events += one.events;
                added.days += one.days;
                added.squared += one.squared;
            }
            assert_memory_equal(&all, &added, sizeof all);
        }
    }
    hst_cube_free(cube);
    hst_cohorts_free(cohorts);
    hst_areas_free(areas);
    hst_measures_free(measures);
    remove_store(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_of_stay_add_up),
        cmocka_unit_test(stays_by_provider_add_up),
    };

    return cmocka_run_group_tests(tests, open_rows, close_rows);
}
