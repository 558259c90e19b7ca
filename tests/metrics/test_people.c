/* Measures of stays, people and cohorts against slow, plain loops over the same rows, however these
 * are stored and ordered. */
#include "tests/metrics/people_cases.h"

static void check_cell(const people_case *c, const hst_period *period, int unit, const sums *want,
                       const sums *got)
{
    if (memcmp(want, got, sizeof *want) != 0) {
        fail_msg("%s: %s, unit %d: events %zu not %zu, days %zu not %zu, squared %zu not %zu, "
                 "squares %zu not %zu, readmitted %zu not %zu",
                 c->name, period->label, unit, (size_t)got->events, (size_t)want->events,
                 (size_t)got->days, (size_t)want->days, (size_t)got->squared, (size_t)want->squared,
                 (size_t)got->squares, (size_t)want->squares, (size_t)got->readmitted,
                 (size_t)want->readmitted);
    }
}

static uint64_t check_type(const hst_cube *cube, const hst_measures *measures, size_t m,
                           hst_by type)
{
    const people_case *c = &cases[m];
    const hst_period *periods = NULL;
    size_t n = hst_measures_periods(measures, m, type, &periods);
    int n_units = c->has_units ? SIMILAR + 1 : N_AREAS;
    uint64_t total = 0;

    assert_in_range(n, 1, MAX_PERIODS);
    assert_int_equal(hst_cube_counts_people(cube, m), c->has_units);
    memset(expected, 0, sizeof expected);
    for (int unit = 0; unit < n_units; unit++) {
        size_t area =
            unit < N_AREAS ? (size_t)unit : hst_cube_group_area(cube, m, (size_t)(unit - ENGLAND));

        for (size_t p = 0; p < n; p++) {
            for (size_t id = 1; id <= N_PEOPLE; id++) {
                c->count(&people[id], unit, p, &periods[p]);
            }
            for (size_t i = 0; i < HST_N_SEXES * (size_t)4; i++) {
                const sums *want = &expected[p][unit][i / 4][i % 4];
                sums got = read_cell(cube, m, area, type, p, (unsigned)(i / 4), i % 4);

                check_cell(c, &periods[p], unit, want, &got);
                total += want->events + want->days + want->readmitted;
            }
        }
    }
    return total;
}

static void stays_people_and_cohorts_count_as_plain_loops_do(void **state)
{
    static const struct {
        size_t n_partitions;
        uint64_t salt;
        bool backwards;
        int n_threads;
        size_t memory;
    } ways[] = {{16, 3, false, 2, 0}, {1, 91, true, 1, 0}, {4, 17, true, 7, 1 << 19}};
    hst_measure measures_of_study[N_CASES];
    hst_study_cohort cohorts_of_study[2];
    hst_study study = make_study(measures_of_study, cohorts_of_study);

    (void)state;
    for (size_t way = 0; way < sizeof ways / sizeof ways[0]; way++) {
        plain_store store = {0};
        hst_cube *cube = NULL;
        hst_measures *measures = NULL;
        hst_areas *areas = NULL;
        hst_cohorts *cohorts = NULL;

        write_store(&store, rows, N_ROWS, ways[way].n_partitions, ways[way].salt,
                    ways[way].backwards, false);
        count(&cube, &measures, &areas, &cohorts, &study, &store, ways[way].n_threads,
              ways[way].memory);
        for (size_t m = 0; m < N_CASES; m++) {
            assert_true(check_type(cube, measures, m, HST_BY_MONTH) > 0);
            assert_true(check_type(cube, measures, m, HST_BY_QUARTER) > 0);
            assert_true(check_type(cube, measures, m, HST_BY_YEAR) > 0);
        }
        hst_cube_free(cube);
        hst_cohorts_free(cohorts);
        hst_areas_free(areas);
        hst_measures_free(measures);
        remove_store(&store);
    }
}

/* Sum over a measure's cells of its numbers, each by a factor of its place. */
static uint64_t digest(const hst_cube *cube, const hst_measures *measures, size_t m)
{
    const hst_period *periods = NULL;
    size_t n = hst_measures_periods(measures, m, HST_BY_MONTH, &periods);
    uint64_t sum = 0;

    for (size_t area = 0; area < N_AREAS; area++) {
        for (size_t p = 0; p < n; p++) {
            for (size_t i = 0; i < HST_N_SEXES * (size_t)4; i++) {
                sums cell = read_cell(cube, m, area, HST_BY_MONTH, p, (unsigned)(i / 4), i % 4);

                sum = sum * 31 + cell.events + 7 * cell.days + 13 * cell.readmitted;
            }
        }
    }
    return sum;
}

/* With `duplicates: none`, rows of one key may differ only in what the rules of spells do not look
 * at. Which of them begins the spell must not depend on the order of rows. */
static void kept_repeats_count_alike_in_any_order(void **state)
{
    static plain_row repeated[2 * N_ROWS];
    static const char *const areas[] = {"5J6", "5QL", "5NK"};
    hst_measure measures_of_study[N_CASES];
    hst_study_cohort cohorts_of_study[2];
    hst_study study = make_study(measures_of_study, cohorts_of_study);
    uint64_t digests[2][N_CASES];

    (void)state;
    study.duplicates = (char *)"none";
    for (size_t i = 0; i < N_ROWS; i++) {
        repeated[2 * i] = repeated[2 * i + 1] = rows[i];
        repeated[2 * i + 1].area = areas[i % 3];
        repeated[2 * i + 1].age = (unsigned)(i % 100);
    }
    for (int backwards = 0; backwards < 2; backwards++) {
        plain_store store = {0};
        hst_cube *cube = NULL;
        hst_measures *measures = NULL;
        hst_areas *areas_of_study = NULL;
        hst_cohorts *cohorts = NULL;

        write_store(&store, repeated, 2 * (size_t)N_ROWS, 4, 5, backwards, false);
        count(&cube, &measures, &areas_of_study, &cohorts, &study, &store, 2, 0);
        for (size_t m = 0; m < N_CASES; m++) {
            digests[backwards][m] = digest(cube, measures, m);
        }
        hst_cube_free(cube);
        hst_cohorts_free(cohorts);
        hst_areas_free(areas_of_study);
        hst_measures_free(measures);
        remove_store(&store);
    }
    for (size_t m = 0; m < N_CASES; m++) {
        if (digests[0][m] != digests[1][m]) {
            fail_msg("%s depends on the order of rows", cases[m].name);
        }
    }
}

static int set_up(void **state)
{
    hst_spells *builder = NULL;

    open_rows(state);
    assert_int_equal(hst_spells_create(&builder, HST_SPELLS_NHSD, HST_CIPS_NHSD, NULL), HST_OK);
    for (uint64_t id = 1; id <= N_PEOPLE; id++) {
        build_person(builder, id);
    }
    hst_spells_free(builder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stays_people_and_cohorts_count_as_plain_loops_do),
        cmocka_unit_test(kept_repeats_count_alike_in_any_order),
    };

    return cmocka_run_group_tests(tests, set_up, close_rows);
}
