#include "tests/standardise/series_support.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the world of a test ---- */

struct world world;

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

uint64_t plain_events(size_t split, size_t area, hst_by type, size_t period, unsigned sex,
                      size_t band)
{
    (void)split;
    if (sex == HST_SEX_OTHER || band >= 18) {
        return 0;
    }
    return (3 + area * 5 + period * 2 + sex + band * 3) * (type == HST_BY_YEAR ? 4 : 1);
}

uint64_t events_with_unknown(size_t split, size_t area, hst_by type, size_t period, unsigned sex,
                             size_t band)
{
    return plain_events(split, area, type, period, sex, band) +
           (sex == HST_SEX_OTHER || band == 18);
}

void add_group(const char *name, bool is_england, uint32_t site, const double weights[N_AREAS])
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

const double everybody[N_AREAS] = {1, 1, 1};

/* ---- the study, its population, its results ---- */

double people(size_t area, int year, unsigned sex, size_t band)
{
    return 2000 + 700 * (double)area + 13 * (year - 2010) + 60 * sex + 31 * (double)band;
}

void write_population(fixture *f, const char *left_out, size_t empty_band)
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

void read_population(fixture *f, const char *standard)
{
    hst_texts files = {.n = 1, .items = f->paths};

    hst_population_free(f->population);
    assert_int_equal(hst_standard_read(&f->standard, standard, NULL), HST_OK);
    world.n_bands = f->standard.bands.n;
    if (hst_population_read(&f->population, &files, &f->standard, &f->err) != HST_OK) {
        fail_msg("%s", f->err.message);
    }
}

int set_up(void **state)
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

int tear_down(void **state)
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

hst_status compute(fixture *f, int n_threads)
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

const hst_result *find(const fixture *f, bool is_group, size_t area, const char *period,
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

uint64_t told(fixture *f, const char *reason, const char *area)
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
