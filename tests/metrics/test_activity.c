/* What providers recorded, against a plain loop over the same rows, whatever the threads, the
 * partitions, the memory, the order of rows and the keys of the person hash. */
#define _XOPEN_SOURCE 700 /* mkdtemp */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hestia/activity.h"
#include "tests/metrics/processes.h"
#include "tests/support.h"

enum { N_ROWS = 24000, N_FILES = 4, N_MONTHS = 22 /* May 2003 to February 2005 */ };

static const struct file {
    const char *name;
    hst_dataset dataset;
    uint32_t partyear;
} files[N_FILES] = {{"apc_0304.csv.gz", HST_DATASET_APC, 200399},
                    {"apc_0405.csv.gz", HST_DATASET_APC, 200499},
                    {"op_0405.csv.gz", HST_DATASET_OP, 200499},
                    {"ae_0405.csv.gz", HST_DATASET_AE, 200406}};

typedef struct row {
    unsigned file, epiorder, subdate;
    uint64_t person, key;
    hst_date date; /* HST_DATE_MISSING: not given */
    char status, class;
    bool has_epistart, is_repeat;
    const char *provider, *mainspef, *tretspef, *area;
} row;

static row rows[N_ROWS];
static hst_conditions *conditions;
static char folder[64], names_path[96], lookup_path[96], mergers_path[96];

/* ---- rows ---- */

static uint64_t random_state = 29;

static uint64_t random_next(void) /* SplitMix64 */
{
    uint64_t z = random_state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static unsigned random_below(unsigned n)
{
    return (unsigned)(random_next() % n);
}

#define PICK(array) (array)[random_below(sizeof(array) / sizeof(array)[0])]

static hst_date day(int year, int month, int d)
{
    return hst_date_from_civil(year, month, d);
}

/* Series of one event, of a few, of some ten and of hundreds. */
static const char *random_provider(void)
{
    static const char *const often[] = {"RD1", "RD1", "RXF", "RBB"};
    static const char *const seldom[] = {"RTG", "NT312", ""};
    static const char *const hardly[] = {"RA9", "RBA", "RCB", "RXX"};
    unsigned draw = random_below(500);

    return draw == 0 ? PICK(hardly) : draw < 40 ? PICK(seldom) : PICK(often);
}

static row random_row(uint64_t key)
{
    static const char *const specialties[] = {"300", "307", "430", "501", ""};
    static const char *const areas[] = {"5J6", "5J6", "5QL", "5NK", "5FW", "5XX", "6A1", "59999"};
    static const char apc[] = {'1', '1', '2', '3', '5', '9', 0};
    static const char op[] = {'5', '5', '6', '3', '7', 0};
    static const char ae[] = {'1', '1', '2', '3', '9', 0};
    unsigned file = random_below(N_FILES);
    row r = {.file = file,
             .epiorder = 1 + random_below(8) / 6,
             .subdate = 100,
             .person = 1 + random_below(3000),
             .key = key,
             .status = random_below(20) ? '3' : '1',
             .has_epistart = random_below(40) != 0,
             .provider = random_provider(),
             .mainspef = PICK(specialties),
             .tretspef = PICK(specialties),
             .area = PICK(areas)};

    r.class = file < 2 ? PICK(apc) : file == 2 ? PICK(op) : PICK(ae);
    r.date = day(2003, 3, 20) + (hst_date)random_below(760);
    if (random_below(40) == 0) {
        r.date = HST_DATE_MISSING;
    }
    return r;
}

/* One row in thirty repeats an earlier one, was submitted before it and says something else. */
static void make_rows(void)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        size_t earlier = i > 0 ? random_below((unsigned)i) : 0;

        if (i == 0 || random_below(30) != 0 || rows[earlier].is_repeat) {
            rows[i] = random_row(i + 1);
            continue;
        }
        rows[i] = rows[earlier];
        rows[i].is_repeat = true;
        rows[i].subdate = 50;
        rows[i].provider = "RXF";
    }
}

/* ---- what is expected ---- */

static const char *area_of(const row *r)
{
    if (strcmp(r->area, "5FW") == 0) {
        return r->date <= day(2004, 6, 30) ? "5QL" : NULL;
    }
    return strcmp(r->area, "5J6") == 0 || strcmp(r->area, "5QL") == 0 || strcmp(r->area, "5NK") == 0
               ? r->area
               : NULL;
}

static bool is_activity(const row *r)
{
    const char *classes = r->file < 2 ? "125" : r->file == 2 ? "56" : "13";
    bool is_right = r->date != HST_DATE_MISSING && r->class && strchr(classes, r->class);

    return r->file < 2 ? is_right && r->status == '3' && r->epiorder == 1 && r->has_epistart &&
                             r->provider[0]
                       : is_right;
}

static const char *provider_of(const row *r)
{
    return strcmp(r->provider, "RBB") == 0 ? "RXX" : r->provider; /* by way of RCC */
}

static const char *specialty_of(const row *r)
{
    return r->file == 3 ? "" : r->date < day(2004, 4, 1) ? r->mainspef : r->tretspef;
}

/* Month from May 2003; -1 outside the whole months. */
static int month_of(hst_date date)
{
    int month = hst_month_index(day(2003, 5, 1), date);

    return date >= day(2003, 5, 1) && month < N_MONTHS ? month : -1;
}

static const hst_activity_series *find(const hst_activity *activity, const hst_areas *areas,
                                       const row *r)
{
    for (size_t i = 0; i < activity->n_series; i++) {
        const hst_activity_series *s = &activity->series[i];

        if (s->dataset == files[r->file].dataset && strcmp(s->provider, provider_of(r)) == 0 &&
            strcmp(s->specialty, specialty_of(r)) == 0 &&
            strcmp(hst_areas_code(areas, s->area), area_of(r)) == 0) {
            return s;
        }
    }
    fail_msg("%s, %s, %s: no series", area_of(r), provider_of(r), specialty_of(r));
    return NULL;
}

/* Takes every row's event away from the series it must be in, and looks whether any is left. */
static void check_counts(const hst_activity *activity, const hst_areas *areas, bool keeps_repeats)
{
    static uint32_t left[1000][N_MONTHS];

    assert_in_range(activity->n_series, 1, 1000);
    assert_int_equal(activity->n_months, N_MONTHS);
    assert_string_equal(activity->first.label, "2003-05");
    memset(left, 0, sizeof left);
    for (size_t i = 0; i < activity->n_series; i++) {
        hst_activity_add(activity, &activity->series[i], left[i]);
    }
    for (size_t i = 0; i < N_ROWS; i++) {
        const row *r = &rows[i];

        if ((keeps_repeats || !r->is_repeat) && is_activity(r) && area_of(r) &&
            month_of(r->date) >= 0) {
            left[find(activity, areas, r) - activity->series][month_of(r->date)]--;
        }
    }
    for (size_t i = 0; i < activity->n_series; i++) {
        for (size_t month = 0; month < N_MONTHS; month++) {
            if (left[i][month] != 0) {
                fail_msg("%s %s, month %zu: %d too many", activity->series[i].provider,
                         activity->series[i].specialty, month, (int)left[i][month]);
            }
        }
    }
}

static int compare_series(const hst_areas *areas, const hst_activity_series *a,
                          const hst_activity_series *b)
{
    int order = (a->dataset > b->dataset) - (a->dataset < b->dataset);

    order = order ? order : strcmp(hst_areas_code(areas, a->area), hst_areas_code(areas, b->area));
    order = order ? order : strcmp(a->provider, b->provider);
    return order ? order : strcmp(a->specialty, b->specialty);
}

/* The form of the series: sorted, each key once, thin ones as lists. All forms must be met. */
static void check_form(const hst_activity *activity, const hst_areas *areas)
{
    size_t n_single = 0, n_listed = 0, n_counted = 0;

    for (size_t i = 0; i < activity->n_series; i++) {
        const hst_activity_series *s = &activity->series[i];
        uint32_t counts[N_MONTHS] = {0};
        uint64_t total = 0;

        assert_true(i == 0 || compare_series(areas, s - 1, s) < 0);
        assert_true((s->total < HST_ACTIVITY_THIN) == (s->counts == NULL));
        assert_true((s->counts == NULL) == (s->months != NULL));
        for (size_t k = 1; s->months && k < s->total; k++) {
            assert_true(s->months[k - 1] <= s->months[k]);
        }
        hst_activity_add(activity, s, counts);
        for (size_t month = 0; month < N_MONTHS; month++) {
            total += counts[month];
            assert_int_equal(hst_activity_at(s, month), counts[month]);
        }
        assert_true(total == s->total && total > 0);
        n_single += total == 1;
        n_listed += total > 4 && total < HST_ACTIVITY_THIN;
        n_counted += total >= HST_ACTIVITY_THIN;
    }
    assert_true(n_single > 0 && n_listed > 0 && n_counted > 0);
}

/* ---- stores ---- */

typedef struct shape {
    const char *name;
    size_t n_partitions;
    int n_threads;
    size_t n_processes; /* 0: one, by hst_count */
    size_t memory_bytes;
    uint64_t salt;
    bool backwards, keeps_repeats, by_person;
} shape;

typedef struct made_store {
    char path[64];
    hst_store *store;
    hst_segment *segments[N_FILES];
} made_store;

static hst_day stored(hst_date date)
{
    return date == HST_DATE_MISSING ? 0 : hst_day_of_date(date);
}

static uint16_t put_code(hst_segment_writer *writer, unsigned dictionary, const char *code)
{
    return hst_segment_writer_code(writer, dictionary, code, strlen(code));
}

static void write_row(hst_segment_writer *writer, const row *r, uint64_t salt)
{
    uint16_t words[1] = {put_code(writer, HST_DICT_AREA, r->area)};
    hst_episode e = {.person = {(r->person + salt) * UINT64_C(0x9E3779B97F4A7C15), r->person},
                     .record_key = r->key,
                     .admidate = stored(r->date),
                     .epistart = r->has_epistart ? stored(day(2004, 1, 1)) : 0,
                     .epiend = stored(day(2004, 1, 2)),
                     .subdate = (hst_day)(20000 + r->subdate),
                     .provider = put_code(writer, HST_DICT_PROVIDER, r->provider),
                     .mainspef = put_code(writer, HST_DICT_SPECIALTY, r->mainspef),
                     .tretspef = put_code(writer, HST_DICT_SPECIALTY, r->tretspef),
                     .startage = 40,
                     .sex = '1',
                     .epiorder = (uint8_t)r->epiorder,
                     .epistat = (uint8_t)r->status,
                     .classpat = (uint8_t)r->class,
                     .n_words = 1};

    assert_int_equal(hst_segment_writer_add(writer, &e, words, NULL), HST_OK);
}

static void write_store(made_store *s, const shape *c)
{
    hst_store_options options = {.n_partitions = c->n_partitions};

    snprintf(s->path, sizeof s->path, "/tmp/hestia-activity-XXXXXX");
    assert_non_null(mkdtemp(s->path));
    assert_int_equal(hst_store_init(s->path, &options, NULL), HST_OK);
    assert_int_equal(hst_store_open(&s->store, s->path, false, HST_STORE_WRITE, NULL), HST_OK);
    for (unsigned file = 0; file < N_FILES; file++) {
        hst_segment_info info = {.dataset = files[file].dataset,
                                 .digest = {(uint8_t)(file + 1)},
                                 .separator = ',',
                                 .encoding = "ascii",
                                 .n_area_columns = 1,
                                 .area_columns = {"RESPCT"},
                                 .partyear_min = files[file].partyear,
                                 .partyear_max = files[file].partyear};
        hst_segment_writer *writer = NULL;

        snprintf(info.file, sizeof info.file, "%s", files[file].name);
        assert_int_equal(hst_segment_writer_create(&writer, s->store, 0, NULL), HST_OK);
        for (size_t i = 0; i < N_ROWS; i++) {
            const row *r = &rows[c->backwards ? N_ROWS - 1 - i : i];

            if (r->file == file) {
                write_row(writer, r, c->salt);
                info.rows_read++;
                info.rows_used++;
            }
        }
        assert_int_equal(hst_segment_writer_commit(writer, &info, NULL), HST_OK);
        hst_segment_writer_free(writer);
        assert_int_equal(
            hst_segment_open(&s->segments[file], s->store, info.digest, info.layout_key, NULL),
            HST_OK);
    }
}

static void remove_store(made_store *s)
{
    char command[128];

    for (size_t i = 0; i < N_FILES; i++) {
        hst_segment_close(s->segments[i]);
    }
    hst_store_close(s->store);
    snprintf(command, sizeof command, "rm -rf %s", s->path);
    assert_int_equal(system(command), 0);
}

/* ---- the pass ---- */

typedef struct counted {
    made_store store;
    hst_areas *areas;
    hst_measures *measures;
    hst_cube *cube;
} counted;

/* Each process counts its share of the partitions. */
static void count_in_processes(counted *out, const shape *c, const hst_study *study)
{
    const hst_count_options options = {.n_threads = c->n_threads};
    const hst_counting asked = {.measures = out->measures,
                                .study = study,
                                .areas = out->areas,
                                .segments = (const hst_segment *const *)out->store.segments,
                                .n_segments = N_FILES,
                                .options = &options};
    hst_error err = {0};
    process *sum = NULL;

    if (processes_sum(&sum, &asked, c->n_processes, &err) ||
        hst_count_finish(&out->cube, NULL, &sum->counting, &sum->sum, NULL, &err)) {
        fail_msg("%s", err.message);
    }
    process_end(sum);
}

static void count(counted *out, const shape *c, bool screen)
{
    static char *fields[] = {(char *)"RESPCT"};
    static hst_measure list[3];
    hst_age_bands bands = {.n = 1, .lower = {0}, .upper = {999}};
    hst_study study = {.path = (char *)"study.yaml",
                       .period = {day(2003, 4, 10), day(2005, 3, 20)},
                       .n_measures = 3,
                       .measures = list,
                       .provider_merge = mergers_path,
                       .duplicates = c->keeps_repeats ? (char *)"none" : NULL,
                       .quality = {1, 1, 1},
                       .breaks = {.screen = screen}};
    hst_error err = {0};

    for (size_t m = 0; m < 3; m++) {
        list[m] = (hst_measure){.id = (char *)"m",
                                .dataset = (hst_dataset)(m + 1),
                                .unit = c->by_person ? HST_UNIT_PERSON
                                        : m == 0     ? HST_UNIT_ADMISSION
                                                     : HST_UNIT_ATTENDANCE,
                                .date = m == 0 ? HST_DATE_OF_ADMISSION : HST_DATE_OF_ATTENDANCE,
                                .statistic = HST_STAT_COUNT,
                                .by = HST_BY_MONTH,
                                .period = study.period};
    }
    study.areas.field = (hst_texts){1, fields};
    study.areas.names = names_path;
    study.areas.lookup = lookup_path;
    write_store(&out->store, c);
    assert_int_equal(hst_measures_compile(&out->measures, &study, conditions, &bands, &err), 0);
    assert_int_equal(hst_areas_build(&out->areas, &study, NULL,
                                     (const hst_segment *const *)out->store.segments, N_FILES,
                                     &err),
                     HST_OK);
    if (c->n_processes > 0) {
        count_in_processes(out, c, &study);
    } else if (hst_count(
                   &out->cube, NULL, out->measures, &study, out->areas,
                   (const hst_segment *const *)out->store.segments, N_FILES,
                   &(hst_count_options){.n_threads = c->n_threads, .memory_bytes = c->memory_bytes},
                   NULL, &err)) {
        fail_msg("%s", err.message);
    }
}

static void clear(counted *c)
{
    hst_cube_free(c->cube);
    hst_measures_free(c->measures);
    hst_areas_free(c->areas);
    remove_store(&c->store);
}

static const shape shapes[] = {
    {.name = "one thread and partition", .n_partitions = 1, .n_threads = 1},
    {.name = "two threads", .n_partitions = 16, .n_threads = 2},
    {.name = "seven threads, rows backwards",
     .n_partitions = 16,
     .n_threads = 7,
     .backwards = true},
    {.name = "other persons' hashes", .n_partitions = 16, .n_threads = 2, .salt = 99991},
    {.name = "shares of a partition", .n_partitions = 1, .n_threads = 2, .memory_bytes = 1 << 20},
    {.name = "repeats kept", .n_partitions = 16, .n_threads = 2, .keeps_repeats = true},
    {.name = "three processes", .n_partitions = 16, .n_threads = 2, .n_processes = 3},
    {.name = "more processes than partitions", .n_partitions = 4, .n_threads = 1, .n_processes = 5},
    {.name = "person by person", .n_partitions = 16, .n_threads = 2, .by_person = true},
};

static void counts_as_a_plain_loop_does(void **state)
{
    const shape *c = *state;
    counted made = {0};
    const hst_activity *activity = NULL;

    count(&made, c, true);
    activity = hst_cube_activity(made.cube);
    assert_non_null(activity);
    check_form(activity, made.areas);
    check_counts(activity, made.areas, c->keeps_repeats);
    clear(&made);
}

static void months_are_incomplete_as_measures_have_them(void **state)
{
    counted made = {0};
    const hst_activity *activity = NULL;

    (void)state;
    count(&made, &shapes[1], true);
    activity = hst_cube_activity(made.cube);
    for (size_t m = 0; m < 3; m++) {
        const hst_period *periods = NULL;
        size_t n = hst_measures_periods(made.measures, m, HST_BY_MONTH, &periods);

        assert_int_equal(n, N_MONTHS);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(activity->is_incomplete[(m + 1) * N_MONTHS + i],
                             hst_cube_is_incomplete(made.cube, m, &periods[i]));
        }
    }
    assert_false(activity->is_incomplete[HST_DATASET_APC * N_MONTHS]);
    assert_true(activity->is_incomplete[HST_DATASET_OP * N_MONTHS]);       /* no file of 2003/04 */
    assert_false(activity->is_incomplete[HST_DATASET_AE * N_MONTHS + 12]); /* May 2004 */
    assert_true(activity->is_incomplete[HST_DATASET_AE * N_MONTHS + 20]);  /* cut in September */
    clear(&made);
}

static void is_not_counted_unless_the_study_screens(void **state)
{
    counted made = {0};

    (void)state;
    count(&made, &shapes[1], false);
    assert_null(hst_cube_activity(made.cube));
    clear(&made);
}

/* ---- */

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
    (void)state;
    make_rows();
    snprintf(folder, sizeof folder, "/tmp/hestia-activity-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(names_path, sizeof names_path, "%s/names.csv", folder);
    snprintf(lookup_path, sizeof lookup_path, "%s/lookup.csv", folder);
    snprintf(mergers_path, sizeof mergers_path, "%s/mergers.csv", folder);
    write_text(names_path, "code,name\n5QL,Somerset\n5J6,Calderdale\n5NK,Wirral\n");
    write_text(lookup_path, "code_from,valid_from,valid_to,code_to,share\n"
                            "5FW,2001-04-01,2004-06-30,5QL,1\n");
    write_text(mergers_path, "code_from,code_to\nRBB,RCC\nRCC,RXX\n");
    return hst_conditions_read(&conditions, NULL, NULL) == HST_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    hst_conditions_free(conditions);
    unlink(names_path);
    unlink(lookup_path);
    unlink(mergers_path);
    return rmdir(folder);
}

int main(void)
{
    enum { N_SHAPES = sizeof shapes / sizeof shapes[0] };
    struct CMUnitTest tests[N_SHAPES + 2] = {
        cmocka_unit_test(months_are_incomplete_as_measures_have_them),
        cmocka_unit_test(is_not_counted_unless_the_study_screens),
    };

    for (size_t i = 0; i < N_SHAPES; i++) {
        tests[2 + i] = (struct CMUnitTest){.name = shapes[i].name,
                                           .test_func = counts_as_a_plain_loop_does,
                                           .initial_state = (void *)(uintptr_t)&shapes[i]};
    }
    return _cmocka_run_group_tests("activity", tests, N_SHAPES + 2, set_up, tear_down);
}
