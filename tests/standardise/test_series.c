/* Results computed from a cube and an area list that the test makes up: the functions of cube.h and
 * area.h that the results need are defined here, and the linker then leaves the real ones out. */
#include "hestia/series.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hestia/area.h"
#include "hestia/parts.h"
#include "tests/support.h"

enum { N_AREAS = 3, N_QUARTERS = 4, MAX_SPLITS = 4, OTHER = N_AREAS };

/* ---- the world of a test ---- */

static struct world {
    size_t n_groups;
    hst_area_group groups[4];
    hst_area_member members[4][N_AREAS];
    hst_period quarters[N_QUARTERS], year;
    bool (*has_split)(size_t split, size_t area); /* NULL: all */
    size_t n_bands, n_splits;
    const char *splits[MAX_SPLITS];
    uint64_t (*events)(size_t split, size_t area, hst_by type, size_t period, unsigned sex,
                       size_t band);
} world;

static const char *const codes[N_AREAS] = {"5J6", "5NK", "5QL"};

size_t hst_areas_n(const hst_areas *areas)
{
    (void)areas;
    return N_AREAS;
}

const char *hst_areas_code(const hst_areas *areas, size_t area)
{
    (void)areas;
    return codes[area];
}

size_t hst_areas_n_groups(const hst_areas *areas)
{
    (void)areas;
    return world.n_groups;
}

const hst_area_group *hst_areas_group(const hst_areas *areas, size_t group)
{
    (void)areas;
    return &world.groups[group];
}

hst_area_special hst_areas_special(const hst_areas *areas)
{
    (void)areas;
    return (hst_area_special){.other = OTHER, .unknown = OTHER + 1, .not_england = OTHER + 2};
}

size_t hst_measures_periods(const hst_measures *measures, size_t measure, hst_by type,
                            const hst_period **periods)
{
    (void)measures;
    (void)measure;
    *periods = type == HST_BY_QUARTER ? world.quarters : &world.year;
    return type == HST_BY_QUARTER ? N_QUARTERS : type == HST_BY_YEAR ? 1 : 0;
}

hst_by hst_measures_finest(const hst_measures *measures, size_t measure)
{
    (void)measures;
    (void)measure;
    return HST_BY_QUARTER;
}

bool hst_cube_is_incomplete(const hst_cube *cube, size_t measure, const hst_period *period)
{
    (void)cube;
    (void)measure;
    return period->end == world.year.end;
}

size_t hst_cube_n_splits(const hst_cube *cube, size_t measure)
{
    (void)cube;
    (void)measure;
    return world.n_splits;
}

const char *hst_cube_split(const hst_cube *cube, size_t measure, size_t split)
{
    (void)cube;
    (void)measure;
    return world.splits[split];
}

uint64_t hst_cube_events(const hst_cube *cube, size_t measure, size_t split, size_t area,
                         hst_by type, size_t period, unsigned sex, size_t band)
{
    (void)cube;
    (void)measure;
    return world.events(split, area, type, period, sex, band);
}

/* Layers of the cube are what tests/standardise/test_stay_series.c and its like are about. */
bool hst_cube_read(const hst_cube *cube, size_t layer, size_t measure, size_t split, size_t area,
                   hst_by type, size_t period, uint64_t *cells)
{
    size_t n = world.n_bands + 1;

    (void)cube;
    (void)layer;
    (void)measure;
    for (size_t i = 0; i < HST_N_SEXES * n; i++) {
        cells[i] += world.events(split, area, type, period, (unsigned)(i / n), i % n);
    }
    return true;
}

bool hst_cube_has(const hst_cube *cube, size_t measure, size_t split, size_t area)
{
    (void)cube;
    (void)measure;
    return !world.has_split || world.has_split(split, area);
}

size_t hst_cube_stays(const hst_cube *cube, size_t measure, size_t split, size_t area, hst_by type,
                      size_t period, hst_stay_count **out, size_t *capacity)
{
    (void)cube;
    (void)measure;
    (void)split;
    (void)area;
    (void)type;
    (void)period;
    (void)out;
    (void)capacity;
    return 0;
}

size_t hst_cube_group_area(const hst_cube *cube, size_t measure, size_t group)
{
    (void)cube;
    (void)measure;
    (void)group;
    return SIZE_MAX;
}

uint64_t hst_cube_excluded(const hst_cube *cube, size_t measure, size_t area, hst_by type,
                           size_t period)
{
    (void)cube;
    (void)measure;
    (void)type;
    (void)period;
    return 10 + area;
}

/* Events that differ with everything; none of unknown sex or age. */
static uint64_t plain_events(size_t split, size_t area, hst_by type, size_t period, unsigned sex,
                             size_t band)
{
    (void)split;
    if (sex == HST_SEX_OTHER || band >= 18) {
        return 0;
    }
    return (3 + area * 5 + period * 2 + sex + band * 3) * (type == HST_BY_YEAR ? 4 : 1);
}

static uint64_t events_with_unknown(size_t split, size_t area, hst_by type, size_t period,
                                    unsigned sex, size_t band)
{
    return plain_events(split, area, type, period, sex, band) +
           (sex == HST_SEX_OTHER || band == 18);
}

static uint64_t few_events(size_t split, size_t area, hst_by type, size_t period, unsigned sex,
                           size_t band)
{
    (void)split;
    (void)type;
    (void)period;
    return area == 0 && sex == 0 && band == 3 ? 9 : area == 1 && sex == 1 && band == 3 ? 10 : 0;
}

/* The first area has twice the rate of the second, the third a tenth of an event more or less. */
static uint64_t alone_women;

/* Band 5 is area 0's alone. */
static uint64_t alone_in_a_band(size_t split, size_t area, hst_by type, size_t period, unsigned sex,
                                size_t band)
{
    (void)split;
    (void)type;
    (void)period;
    if (sex == HST_SEX_OTHER || band >= 18) {
        return 0;
    }
    return band != 5 ? 30 + area : area > 0 ? 0 : sex == HST_SEX_MALE ? 1 : alone_women;
}

static uint64_t uneven_events(size_t split, size_t area, hst_by type, size_t period, unsigned sex,
                              size_t band)
{
    (void)split;
    (void)type;
    (void)period;
    return sex == HST_SEX_OTHER || band >= 18 ? 0 : area == 0 ? 60 : area == 1 ? 15 : 30;
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

/* ---- fixture: the study, its population, its results ---- */

typedef struct fixture {
    hst_study study;
    hst_measure measure;
    char folder[40], path[64], *paths[1];
    hst_standard standard;
    hst_population *population;
    hst_ledger *ledger;
    hst_results *results;
    const hst_result *rows;
    size_t n_rows;
    hst_error err;
} fixture;

static double people(size_t area, int year, unsigned sex, size_t band)
{
    return 2000 + 700 * (double)area + 13 * (year - 2010) + 60 * sex + 31 * (double)band;
}

/* Populations of the three areas and ENG (area number 5) in 18 bands, 2010 and 2011. */
static void write_population(fixture *f, const char *left_out, size_t empty_band)
{
    static const char *const all[] = {"5J6", "5NK", "5QL", "ENG"};
    FILE *file = fopen(f->path, "w");

    assert_non_null(file);
    fprintf(file, "area,year,sex,age_lower,age_upper,population\n");
    for (size_t area = 0; area < 4; area++) {
        for (int year = 2010; year <= 2011; year++) {
            for (unsigned sex = 0; sex < 2; sex++) {
                for (size_t band = 0; band < 18; band++) {
                    double n =
                        area == 3 ? 9 * people(1, year, sex, band) : people(area, year, sex, band);

                    if (strcmp(all[area], left_out) == 0) {
                        continue;
                    }
                    fprintf(file, "%s,%d,%u,%zu,%zu,%.0f\n", all[area], year, sex + 1, band * 5,
                            band == 17 ? 999 : band * 5 + 4,
                            area == 1 && band == empty_band && sex == 0 ? 0 : n);
                }
            }
        }
    }
    assert_int_equal(fclose(file), 0);
}

static void read_population(fixture *f, const char *standard)
{
    hst_texts files = {.n = 1, .items = f->paths};

    hst_population_free(f->population);
    assert_int_equal(hst_standard_read(&f->standard, standard, NULL), HST_OK);
    world.n_bands = f->standard.bands.n;
    if (hst_population_read(&f->population, &files, &f->standard, &f->err) != HST_OK) {
        fail_msg("%s", f->err.message);
    }
}

static void add_group(const char *name, bool is_england, uint32_t site, const double weights[3])
{
    hst_area_group *group = &world.groups[world.n_groups];

    *group = (hst_area_group){.is_england = is_england, .site = site};
    snprintf(group->name, sizeof group->name, "%s", name);
    group->members = world.members[world.n_groups];
    for (size_t i = 0; i < N_AREAS; i++) {
        if (weights[i] > 0) {
            group->members[group->n_members++] = (hst_area_member){(uint32_t)i, weights[i]};
        }
    }
    world.n_groups++;
}

static const double everybody[3] = {1, 1, 1};

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    memset(&world, 0, sizeof world);
    world.events = plain_events;
    world.n_splits = 1;
    world.splits[0] = "";
    world.year = hst_period_of(HST_BY_YEAR, hst_date_from_civil(2010, 4, 1));
    world.quarters[0] = hst_period_of(HST_BY_QUARTER, hst_date_from_civil(2010, 4, 1));
    for (size_t i = 1; i < N_QUARTERS; i++) {
        world.quarters[i] = hst_period_next(&world.quarters[i - 1]);
    }
    add_group("England", true, UINT32_MAX, everybody);
    f->measure = (hst_measure){
        .statistic = HST_STAT_DSR,
        .by = HST_BY_QUARTER,
        .interval = HST_INTERVAL_DOBSON_BYAR,
        .n_confidence = 2,
        .confidence = {95, 99.8},
        .per = 100000,
        .min_events = 10,
    };
    f->measure.id = strdup("emergency");
    f->study = (hst_study){
        .path = (char *)f->path, .n_measures = 1, .measures = &f->measure, .by_sex = true};
    strcpy(f->folder, "/tmp/hestia-test-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/population.csv", f->folder);
    f->paths[0] = f->path;
    write_population(f, "", SIZE_MAX);
    read_population(f, "esp1976");
    assert_int_equal(hst_ledger_create(&f->ledger, &f->err), HST_OK);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;

    hst_results_free(f->results);
    hst_population_free(f->population);
    hst_ledger_free(f->ledger);
    assert_int_equal(unlink(f->path), 0);
    assert_int_equal(rmdir(f->folder), 0);
    free(f->measure.id);
    free(f);
    return 0;
}

static hst_status compute(fixture *f, int n_threads)
{
    hst_status status = HST_OK;

    hst_results_free(f->results);
    f->results = NULL;
    status = hst_results_compute(&f->results, &f->study, NULL, NULL, NULL, f->population,
                                 &f->standard, n_threads, f->ledger, &f->err);
    if (status == HST_OK) {
        f->rows = hst_results_rows(f->results, &f->n_rows);
    }
    return status;
}

static const hst_result *find(const fixture *f, bool is_group, size_t area, const char *period,
                              const char *split)
{
    for (size_t i = 0; i < f->n_rows; i++) {
        const hst_result *row = &f->rows[i];

        if (row->is_group == is_group && row->area == area &&
            strcmp(row->period.label, period) == 0 && strcmp(row->split, split) == 0) {
            return row;
        }
    }
    fail_msg("no row of %s %zu in %s", is_group ? "group" : "area", area, period);
    return NULL;
}

/* Number in the ledger of one reason, over all areas or one. */
static uint64_t told(fixture *f, const char *reason, const char *area)
{
    size_t n = 0;
    const hst_ledger_line *lines = hst_ledger_lines(f->ledger, &n);
    uint64_t total = 0;

    for (size_t i = 0; i < n; i++) {
        assert_string_equal(lines[i].stage, "standardise");
        assert_string_equal(lines[i].measure, "emergency");
        if (strcmp(lines[i].reason, reason) == 0 && (!area || strcmp(lines[i].area, area) == 0)) {
            total += lines[i].n;
        }
    }
    return total;
}

/* The rate of a weighted union of areas, put together here from the raw numbers. */
static hst_dsr expected_dsr(const fixture *f, const double weights[3], size_t period,
                            double min_events)
{
    double x[36] = {0}, v[36] = {0}, n[36] = {0}, w[36];

    for (unsigned sex = 0; sex < 2; sex++) {
        for (size_t band = 0; band < 18; band++) {
            size_t i = sex * 18 + band;

            w[i] = f->standard.weight[band];
            for (size_t area = 0; area < N_AREAS; area++) {
                double events = (double)world.events(0, area, HST_BY_QUARTER, period, sex, band);

                x[i] += weights[area] * events;
                v[i] += weights[area] * weights[area] * events;
                n[i] += weights[area] * people(area, 2010, sex, band);
            }
        }
    }
    return hst_dsr_compute(x, v, n, w, 36, 1e5, HST_INTERVAL_DOBSON_BYAR, (double[]){95, 99.8}, 2,
                           min_events);
}

static void assert_row(const hst_result *row, const hst_dsr *expected)
{
    assert_close(row->value, expected->value, 1e-13);
    assert_close(row->lowercl, expected->limits[0].lower, 1e-13);
    assert_close(row->uppercl, expected->limits[0].upper, 1e-13);
    assert_close(row->lower998, expected->limits[1].lower, 1e-13);
    assert_close(row->upper998, expected->limits[1].upper, 1e-13);
    assert_close(row->total_pop, expected->total_pop, 1e-13);
    assert_int_equal(row->total_count, llround(expected->total_count));
}

/* ---- tests ---- */

static void rates_of_areas_and_of_england(void **state)
{
    fixture *f = *state;

    assert_int_equal(compute(f, 1), HST_OK);
    assert_int_equal(f->n_rows, 4 * N_QUARTERS);
    for (size_t period = 0; period < N_QUARTERS; period++) {
        const char *label = world.quarters[period].label;
        hst_dsr england = expected_dsr(f, everybody, period, 10);

        assert_row(find(f, true, 0, label, ""), &england);
        for (size_t area = 0; area < N_AREAS; area++) {
            double alone[3] = {area == 0, area == 1, area == 2};
            hst_dsr dsr = expected_dsr(f, alone, period, 10);
            const hst_result *row = find(f, false, area, label, "");

            assert_row(row, &dsr);
            assert_close(row->comparator_value, england.value, 1e-13);
            assert_int_equal(row->comparator, 0);
            assert_string_equal(row->method, "dobson-byar; esp1976 (18 bands); age_sex");
            assert_string_equal(row->confidence, "95%, 99.8%");
            assert_string_equal(row->statistic, "dsr");
            assert_string_equal(row->sex, "persons");
            assert_string_equal(row->age, "all");
            assert_string_equal(row->note, "");
        }
    }
    assert_string_equal(find(f, true, 0, "2010/11 Q1", "")->compared, "");
    assert_int_equal(find(f, true, 0, "2010/11 Q1", "")->comparator, SIZE_MAX);
}

static void rows_are_sorted_as_text(void **state)
{
    fixture *f = *state;
    static const char *const order[] = {"5J6", "5NK", "5QL", "England"};

    f->measure.by = HST_BY_YEAR | HST_BY_QUARTER;
    assert_int_equal(compute(f, 2), HST_OK);
    assert_int_equal(f->n_rows, 20);
    for (size_t i = 0; i < f->n_rows; i++) {
        const hst_result *row = &f->rows[i];

        assert_string_equal(row->is_group ? world.groups[row->area].name : codes[row->area],
                            order[i / 5]);
        if (i % 5 > 0) {
            assert_true(strcmp(f->rows[i - 1].period.label, row->period.label) < 0);
        } else {
            assert_string_equal(row->period.label, "2010/11");
        }
    }
}

static void measures_are_sorted_by_id(void **state)
{
    fixture *f = *state;
    hst_measure measures[3] = {f->measure, f->measure, f->measure};

    measures[0].id = (char *)(uintptr_t) "b";
    measures[1].id = (char *)(uintptr_t) "a";
    measures[2].id = (char *)(uintptr_t) "B";
    measures[1].statistic = HST_STAT_COUNT;
    f->study.measures = measures;
    f->study.n_measures = 3;
    assert_int_equal(compute(f, 1), HST_OK);
    assert_int_equal(f->rows[0].measure, 2);
    assert_int_equal(f->rows[16].measure, 1);
    assert_int_equal(f->rows[32].measure, 0);
    assert_string_equal(f->rows[16].statistic, "count");
    assert_close(f->rows[16].value, (double)f->rows[16].total_count, 0);
    assert_true(isnan(f->rows[16].total_pop) && isnan(f->rows[16].lowercl));
    assert_string_equal(f->rows[16].compared, "");
    assert_true(!isnan(f->rows[16].comparator_value));
    assert_string_equal(f->rows[16].method, "");
    assert_string_equal(f->rows[16].confidence, "");
}

static void any_number_of_threads_gives_the_same(void **state)
{
    fixture *f = *state;
    hst_results *first = NULL;
    const hst_result *rows = NULL;
    size_t n = 0;

    f->measure.by = HST_BY_YEAR | HST_BY_QUARTER;
    world.events = events_with_unknown;
    assert_int_equal(compute(f, 1), HST_OK);
    first = f->results;
    f->results = NULL;
    rows = hst_results_rows(first, &n);
    for (int threads = 2; threads <= 7; threads += 5) {
        assert_int_equal(compute(f, threads), HST_OK);
        assert_int_equal(f->n_rows, n);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(f->rows[i].area, rows[i].area);
            assert_memory_equal(&f->rows[i].value, &rows[i].value, sizeof(double));
            assert_memory_equal(&f->rows[i].lowercl, &rows[i].lowercl, sizeof(double));
            assert_memory_equal(&f->rows[i].upper998, &rows[i].upper998, sizeof(double));
            assert_string_equal(f->rows[i].compared, rows[i].compared);
        }
    }
    hst_results_free(first);
}

static void weights_multiply_events_and_people(void **state)
{
    static const double weights[3] = {0.5, 0, 2.25};
    fixture *f = *state;
    hst_dsr expected;

    add_group("Similar areas", false, UINT32_MAX, weights);
    assert_int_equal(compute(f, 1), HST_OK);
    expected = expected_dsr(f, weights, 2, 10);
    assert_row(find(f, true, 1, "2010/11 Q3", ""), &expected);
}

static void a_site_has_its_own_comparator(void **state)
{
    static const double weights[3] = {0, 1, 1};
    fixture *f = *state;

    world.n_groups = 0;
    add_group("Similar areas (5NK)", false, 1, weights);
    add_group("England", true, UINT32_MAX, everybody);
    assert_int_equal(compute(f, 1), HST_OK);
    assert_int_equal(find(f, false, 1, "2010/11 Q1", "")->comparator, 0);
    assert_int_equal(find(f, false, 0, "2010/11 Q1", "")->comparator, 1);
}

static void no_comparator(void **state)
{
    fixture *f = *state;

    world.n_groups = 0;
    assert_int_equal(compute(f, 1), HST_OK);
    assert_int_equal(f->n_rows, 12);
    assert_int_equal(f->rows[0].comparator, SIZE_MAX);
    assert_true(isnan(f->rows[0].comparator_value));
    assert_string_equal(f->rows[0].compared, "");
    assert_string_equal(f->rows[0].compared_method, "");
}

static void england_with_a_population_row_of_its_own(void **state)
{
    fixture *f = *state;
    double x[36], n[36], w[36];
    hst_dsr expected;

    strcpy(world.groups[0].population_area, "ENG");
    assert_int_equal(compute(f, 1), HST_OK);
    for (unsigned sex = 0; sex < 2; sex++) {
        for (size_t band = 0; band < 18; band++) {
            size_t i = sex * 18 + band;

            x[i] = 0;
            for (size_t area = 0; area <= OTHER; area++) { /* areas outside the list count too */
                x[i] += (double)plain_events(0, area, HST_BY_QUARTER, 1, sex, band);
            }
            n[i] = 9 * people(1, 2010, sex, band);
            w[i] = f->standard.weight[band];
        }
    }
    expected = hst_dsr_compute(x, NULL, n, w, 36, 1e5, HST_INTERVAL_DOBSON_BYAR,
                               (double[]){95, 99.8}, 2, 10);
    assert_row(find(f, true, 0, "2010/11 Q2", ""), &expected);
}

/* The test done by hand: England less the area. */
static void comparison_leaves_the_area_out(void **state)
{
    static const struct {
        hst_direction direction;
        const char *expected[3];
    } cases[] = {
        {HST_DIRECTION_NEUTRAL, {"higher", "lower", "similar"}},
        {HST_DIRECTION_LOWER_IS_BETTER, {"worse", "better", "similar"}},
        {HST_DIRECTION_HIGHER_IS_BETTER, {"better", "worse", "similar"}},
    };
    fixture *f = *state;

    world.events = uneven_events;
    for (size_t c = 0; c < 3; c++) {
        f->measure.direction = cases[c].direction;
        assert_int_equal(compute(f, 1), HST_OK);
        for (size_t area = 0; area < N_AREAS; area++) {
            double alone[3] = {area == 0, area == 1, area == 2};
            double rest[3] = {area != 0, area != 1, area != 2};
            hst_dsr a = expected_dsr(f, alone, 0, 0), b = expected_dsr(f, rest, 0, 0);
            double z = log(a.value / b.value) /
                       sqrt(a.variance / (a.value * a.value) + b.variance / (b.value * b.value));
            const hst_result *row = find(f, false, area, "2010/11 Q1", "");
            const char *expected = fabs(z) < 1.959963984540054 ? "similar"
                                   : c == 0                    ? (z > 0 ? "higher" : "lower")
                                   : (z > 0) == (c == 2)       ? "better"
                                                               : "worse";

            assert_string_equal(row->compared, expected);
            assert_string_equal(row->compared_method, "log ratio, comparator without the area");
        }
        assert_string_equal(find(f, false, 0, "2010/11 Q1", "")->compared, cases[c].expected[0]);
        assert_string_equal(find(f, false, 1, "2010/11 Q1", "")->compared, cases[c].expected[1]);
    }
}

static void the_only_member_is_not_compared_with_nobody(void **state)
{
    static const double weights[3] = {1, 0, 0};
    fixture *f = *state;

    world.n_groups = 0;
    add_group("Itself", false, UINT32_MAX, weights);
    assert_int_equal(compute(f, 1), HST_OK);
    assert_string_equal(find(f, false, 0, "2010/11 Q1", "")->compared, "");
    assert_string_equal(find(f, false, 0, "2010/11 Q1", "")->compared_method, "");
    assert_true(find(f, false, 1, "2010/11 Q1", "")->compared[0] != '\0');
}

/* Both sexes of a band are added up, weighted in the whole and not in the part: what is left of a
 * band where only the area has events is rounding, and no events. */
static void rounding_is_no_rest(void **state)
{
    static const double weights[] = {0.1, 0.3, 0.7, 1.1, 2.3};
    fixture *f = *state;

    f->study.by_sex = false;
    world.events = alone_in_a_band;
    for (size_t i = 0; i < sizeof weights / sizeof weights[0]; i++) {
        const double members[3] = {weights[i], 1, 1}, itself[3] = {weights[i], 0, 0};

        world.n_groups = 0;
        add_group("Similar areas", false, UINT32_MAX, members);
        for (alone_women = 1; alone_women < 20; alone_women++) {
            assert_int_equal(compute(f, 1), HST_OK);
            assert_string_not_equal(find(f, false, 0, "2010/11 Q1", "")->compared, "");
        }
        world.n_groups = 0;
        add_group("Itself", false, UINT32_MAX, itself);
        assert_int_equal(compute(f, 1), HST_OK);
        assert_string_equal(find(f, false, 0, "2010/11 Q1", "")->compared, "");
    }
}

static void few_events_withhold_value_and_limits(void **state)
{
    fixture *f = *state;
    const hst_result *row = NULL;

    world.events = few_events;
    assert_int_equal(compute(f, 1), HST_OK);
    row = find(f, false, 0, "2010/11 Q1", "");
    assert_int_equal(row->total_count, 9);
    assert_true(isnan(row->value) && isnan(row->lowercl) && isnan(row->upper998));
    assert_true(!isnan(row->total_pop));
    assert_non_null(strstr(row->note, "fewer events than min_events"));
    assert_string_equal(row->compared, "");
    row = find(f, false, 1, "2010/11 Q1", "");
    assert_int_equal(row->total_count, 10);
    assert_true(!isnan(row->value));
    f->measure.min_events = 0;
    assert_int_equal(compute(f, 1), HST_OK);
    assert_true(!isnan(find(f, false, 0, "2010/11 Q1", "")->value));
    row = find(f, false, 2, "2010/11 Q1", "");
    assert_close(row->value, 0, 0);
    assert_true(isnan(row->lowercl));
    assert_non_null(strstr(row->note, "too few events for this interval"));
}

static void unknown_sex_and_age_are_left_out_and_told(void **state)
{
    fixture *f = *state;
    hst_dsr expected;

    expected = expected_dsr(f, (double[]){1, 0, 0}, 0, 10);
    world.events = events_with_unknown;
    f->measure.by = HST_BY_YEAR | HST_BY_QUARTER;
    assert_int_equal(compute(f, 1), HST_OK);
    assert_row(find(f, false, 0, "2010/11 Q1", ""), &expected);
    /* 19 of unknown sex and 2 of unknown age in every area and quarter; years tell nothing more */
    assert_int_equal(told(f, "sex or age unknown or outside the standard", "5J6"), 4 * 21);
    assert_int_equal(told(f, "sex or age unknown or outside the standard", NULL), 3 * 4 * 21);
    f->measure.statistic = HST_STAT_CRUDE_RATE;
    f->measure.interval = HST_INTERVAL_BYAR;
    assert_int_equal(compute(f, 1), HST_OK);
    assert_int_equal(find(f, false, 0, "2010/11 Q1", "")->total_count,
                     (int64_t)expected.total_count + 21);
}

static void crude_rates(void **state)
{
    fixture *f = *state;
    double total = 0, events = 0;
    const hst_result *row = NULL;

    f->measure.statistic = HST_STAT_CRUDE_RATE;
    f->measure.interval = HST_INTERVAL_DEFAULT;
    for (unsigned sex = 0; sex < 2; sex++) {
        for (size_t band = 0; band < 18; band++) {
            total += people(2, 2010, sex, band);
            events += (double)plain_events(0, 2, HST_BY_QUARTER, 3, sex, band);
        }
    }
    assert_int_equal(compute(f, 1), HST_OK);
    row = find(f, false, 2, "2010/11 Q4", "");
    assert_close(row->value, 1e5 * events / total, 1e-14);
    assert_close(row->lowercl, 1e5 * hst_limits_byar(events, 95).lower / total, 1e-14);
    assert_close(row->upper998, 1e5 * hst_limits_byar(events, 99.8).upper / total, 1e-14);
    assert_string_equal(row->method, "Byars");
    assert_true(row->compared[0] != '\0');

    f->measure.interval = HST_INTERVAL_EXACT;
    assert_int_equal(compute(f, 1), HST_OK);
    row = find(f, false, 2, "2010/11 Q4", "");
    assert_close(row->uppercl, 1e5 * hst_limits_poisson_exact(events, 95).upper / total, 1e-14);
    assert_string_equal(row->method, "Exact");

    world.events = few_events;
    f->measure.interval = HST_INTERVAL_BYAR;
    f->measure.where.has_age = true;
    assert_int_equal(compute(f, 1), HST_OK);
    assert_string_equal(find(f, false, 0, "2010/11 Q1", "")->method, "Exact"); /* 9 events */
    assert_string_equal(find(f, false, 1, "2010/11 Q1", "")->method, "Byars"); /* 10 events */
    row = find(f, false, 2, "2010/11 Q1", "");
    assert_close(row->value, 0, 0);
    assert_close(row->lowercl, 0, 0);
    assert_string_equal(row->compared, "");
    assert_non_null(strstr(row->note, "population of all ages"));
}

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

static bool second_area_met_no_provider(size_t split, size_t area)
{
    return split == 0 || area != 1;
}

/* Areas have rows of the providers that they met; comparators of those of any member. A band of
 * ages has rows everywhere. */
static void providers_never_met_have_no_rows(void **state)
{
    fixture *f = *state;
    size_t n_all = 0;

    world.n_splits = 2;
    world.splits[1] = "RD1";
    world.has_split = second_area_met_no_provider;
    f->measure.split = HST_SPLIT_PROVIDER;
    assert_int_equal(compute(f, 1), HST_OK);
    for (size_t i = 0; i < f->n_rows; i++) {
        assert_false(!f->rows[i].is_group && f->rows[i].area == 1 && f->rows[i].split[0]);
        if (i > 0 && f->rows[i].is_group == f->rows[i - 1].is_group &&
            f->rows[i].area == f->rows[i - 1].area) {
            int order = strcmp(f->rows[i - 1].period.label, f->rows[i].period.label);

            assert_true(order < 0 || (order == 0 && f->rows[i].split[0]));
        }
    }
    assert_non_null(find(f, false, 0, "2010/11 Q1", "RD1"));
    assert_non_null(find(f, true, 0, "2010/11 Q1", "RD1"));
    assert_non_null(find(f, false, 1, "2010/11 Q1", ""));
    n_all = f->n_rows;
    world.has_split = NULL;
    assert_int_equal(compute(f, 1), HST_OK);
    assert_int_equal(f->n_rows, n_all + N_QUARTERS);
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

/* Everything that can be worked out from plain events. The world's sums of days are its events. */
static void parts_are_those_of_the_value(void **state)
{
    static const hst_statistic statistics[] = {
        HST_STAT_DSR,         HST_STAT_CRUDE_RATE,   HST_STAT_COUNT,    HST_STAT_ISR,
        HST_STAT_SMR,         HST_STAT_STD_MEAN_LOS, HST_STAT_BED_DAYS, HST_STAT_BED_DAY_RATE,
        HST_STAT_READMISSION, HST_STAT_GROWTH,
    };
    fixture *f = *state;

    f->measure.interval = HST_INTERVAL_DEFAULT;
    f->measure.base = (char *)(uintptr_t) "2010/11 Q1";
    for (size_t s = 0; s < sizeof statistics / sizeof statistics[0]; s++) {
        f->measure.statistic = statistics[s];
        assert_int_equal(compute(f, 1), HST_OK);
        for (int group = 0; group < 2; group++) {
            const hst_result *row = find(f, group, 0, "2010/11 Q2", "");
            hst_parts parts;

            assert_int_equal(hst_parts_of(&parts, &f->study, NULL, NULL, NULL, f->population,
                                          &f->standard, 0, group, 0, &world.quarters[1], &f->err),
                             HST_OK);
            assert_close(parts.value, row->value, 0);
            assert_true(parts.total_count == row->total_count);
            assert_string_equal(parts.statistic, row->statistic);
            assert_true(parts.formula[0] && parts.n_facts > 1);
            hst_parts_clear(&parts);
        }
    }
}

static double sum_column(const hst_parts *parts, size_t column)
{
    double sum = 0;

    for (size_t i = 0; i < parts->n_rows; i++) {
        sum += parts->rows[i].cells[column];
    }
    return sum;
}

static double fact(const hst_parts *parts, const char *name)
{
    for (size_t i = 0; i < parts->n_facts; i++) {
        if (strcmp(parts->facts[i].name, name) == 0) {
            return parts->facts[i].value;
        }
    }
    fail_msg("no fact `%s`", name);
    return NAN;
}

/* The value worked out again from the table and the numbers under it. */
static void a_table_gives_the_value_again(void **state)
{
    enum { COUNT, POPULATION, WEIGHT, CONTRIBUTION, EXPECTED = 5, STD_CONTRIBUTION = 6 };
    fixture *f = *state;
    hst_parts parts;

    assert_int_equal(hst_parts_of(&parts, &f->study, NULL, NULL, NULL, f->population, &f->standard,
                                  0, false, 1, &world.quarters[1], &f->err),
                     HST_OK);
    assert_int_equal(parts.n_rows, 36);
    assert_string_equal(parts.rows[0].labels[0], "1");
    assert_string_equal(parts.rows[0].labels[1], "0-4");
    assert_string_equal(parts.rows[35].labels[0], "2");
    assert_string_equal(parts.rows[35].labels[1], "85+");
    assert_close(parts.rows[35].cells[WEIGHT], 1000, 0);
    assert_close(sum_column(&parts, CONTRIBUTION), parts.value, 1e-13);
    assert_close(sum_column(&parts, COUNT), (double)parts.total_count, 0);
    hst_parts_clear(&parts);

    f->measure.statistic = HST_STAT_ISR;
    f->measure.interval = HST_INTERVAL_DEFAULT;
    assert_int_equal(hst_parts_of(&parts, &f->study, NULL, NULL, NULL, f->population, &f->standard,
                                  0, false, 1, &world.quarters[1], &f->err),
                     HST_OK);
    assert_close(sum_column(&parts, EXPECTED), fact(&parts, "expected"), 1e-13);
    assert_close(fact(&parts, "per") * sum_column(&parts, COUNT) / sum_column(&parts, EXPECTED) *
                     fact(&parts, "reference rate"),
                 parts.value, 1e-13);
    hst_parts_clear(&parts);

    f->measure.statistic = HST_STAT_STD_MEAN_LOS;
    assert_int_equal(hst_parts_of(&parts, &f->study, NULL, NULL, NULL, f->population, &f->standard,
                                  0, false, 1, &world.quarters[1], &f->err),
                     HST_OK);
    assert_close(sum_column(&parts, STD_CONTRIBUTION), parts.value, 1e-13);
    hst_parts_clear(&parts);
}

static void parts_leave_out_what_the_value_does(void **state)
{
    fixture *f = *state;
    hst_parts parts;

    world.events = events_with_unknown;
    assert_int_equal(hst_parts_of(&parts, &f->study, NULL, NULL, NULL, f->population, &f->standard,
                                  0, false, 0, &world.quarters[0], &f->err),
                     HST_OK);
    assert_close(parts.left_out, 21, 0);
    hst_parts_clear(&parts);
}

static void parts_of_what_is_not_there(void **state)
{
    fixture *f = *state;
    hst_parts parts;
    hst_period later = hst_period_next(&world.quarters[3]);

    assert_int_equal(hst_parts_of(&parts, &f->study, NULL, NULL, NULL, f->population, &f->standard,
                                  0, false, 0, &later, &f->err),
                     HST_ERR_USAGE);
    assert_string_equal(f->err.message,
                        "2011/12 Q1 is not a complete period of measure `emergency`");
    assert_int_equal(hst_parts_of(&parts, &f->study, NULL, NULL, NULL, f->population, &f->standard,
                                  0, false, 0, &world.year, &f->err),
                     HST_ERR_USAGE); /* the measure is by quarter only */
    assert_null(parts.rows);
    f->measure.statistic = HST_STAT_ACS_SCORE;
    assert_int_equal(hst_parts_of(&parts, &f->study, NULL, NULL, NULL, f->population, &f->standard,
                                  0, true, 0, &world.quarters[0], &f->err),
                     HST_ERR_USAGE);
    assert_non_null(strstr(f->err.message, "is of areas, not of comparators"));
}

/* What a study may ask for and no number can be given of. */
static void refused_measures(void **state)
{
    static char *nowhere[] = {(char *)"5J6", (char *)"5XX"};
    fixture *f = *state;
    static const struct {
        hst_statistic statistic;
        hst_interval interval;
        const char *words;
    } cases[] = {
        {HST_STAT_DSR, HST_INTERVAL_BYAR, "interval byar does not go with statistic dsr"},
        {HST_STAT_CRUDE_RATE, HST_INTERVAL_TIWARI, "interval tiwari does not go with"},
        {HST_STAT_ACS_SCORE, HST_INTERVAL_DEFAULT, "needs `deprivation`"},
        {HST_STAT_ISR, HST_INTERVAL_DEFAULT, "1 of the areas of `reference`"},
        {HST_STAT_GROWTH, HST_INTERVAL_DEFAULT, "`base` is not a complete period"},
    };

    f->measure.line = 17;
    f->measure.reference_areas = (hst_texts){2, nowhere};
    f->measure.base = (char *)(uintptr_t) "2007/08 Q1";
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        f->measure.statistic = cases[i].statistic;
        f->measure.interval = cases[i].interval;
        assert_int_equal(compute(f, 1), HST_ERR_USAGE);
        assert_non_null(strstr(f->err.message, cases[i].words));
        assert_non_null(strstr(f->err.message, "line 17: measure `emergency`"));
    }
    f->measure.statistic = HST_STAT_SMR;
    f->measure.interval = HST_INTERVAL_DEFAULT;
    f->measure.reference_areas = (hst_texts){0};
    f->measure.reference_year = (char *)(uintptr_t) "2007/08";
    assert_int_equal(compute(f, 1), HST_ERR_USAGE);
    assert_non_null(strstr(f->err.message, "not inside the measure's period"));
    f->measure.is_table = true;
    assert_int_equal(compute(f, 1), HST_ERR_USAGE);
    f->measure.is_table = false;
    f->measure.statistic = HST_STAT_CRUDE_RATE;
    hst_population_free(f->population);
    f->population = NULL;
    assert_int_equal(compute(f, 1), HST_ERR_USAGE);
    assert_non_null(strstr(f->err.message, "needs `population`"));
    f->measure.statistic = HST_STAT_COUNT;
    assert_int_equal(compute(f, 1), HST_OK);
    assert_close(find(f, false, 0, "2010/11 Q1", "")->value,
                 (double)find(f, false, 0, "2010/11 Q1", "")->total_count, 0);
}

int main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(rates_of_areas_and_of_england),
        CASE(rows_are_sorted_as_text),
        CASE(measures_are_sorted_by_id),
        CASE(any_number_of_threads_gives_the_same),
        CASE(weights_multiply_events_and_people),
        CASE(a_site_has_its_own_comparator),
        CASE(no_comparator),
        CASE(england_with_a_population_row_of_its_own),
        CASE(comparison_leaves_the_area_out),
        CASE(the_only_member_is_not_compared_with_nobody),
        CASE(rounding_is_no_rest),
        CASE(few_events_withhold_value_and_limits),
        CASE(unknown_sex_and_age_are_left_out_and_told),
        CASE(crude_rates),
        CASE(missing_population),
        CASE(zero_population_with_events),
        CASE(merged_bands_are_said),
        CASE(splits),
        CASE(providers_never_met_have_no_rows),
        CASE(denominators_of_the_people_asked_for),
        CASE(denominators_of_more_people),
        CASE(person_years),
        CASE(denominator_years),
        CASE(parts_are_those_of_the_value),
        CASE(a_table_gives_the_value_again),
        CASE(parts_leave_out_what_the_value_does),
        CASE(parts_of_what_is_not_there),
        CASE(refused_measures),
    };

    return cmocka_run_group_tests_name("standardise/series", tests, NULL, NULL);
}
