/* England's totals: which rows count, in which year, and repeats of a record key. */
#define _XOPEN_SOURCE 700 /* nftw */
#include "tests/support.h"

#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "metrics/england_internal.h"

/* A row, and what it adds to its year. */
static struct row_case {
    const char *name;
    char epistat, classpat;
    uint8_t epiorder;
    const char *admimeth;
    uint64_t fce, fae, fae_emergency;
} row_cases[] = {
    {"finished first episode by emergency", '3', '1', 1, "21", 1, 1, 1},
    {"finished second episode", '3', '1', 2, "21", 1, 0, 0},
    {"unfinished", '1', '1', 1, "21", 0, 0, 0},
    {"day case", '3', '2', 1, "12", 1, 1, 0},
    {"mother using delivery facilities only", '3', '5', 1, "31", 1, 1, 0},
    {"regular day attender", '3', '3', 1, "21", 0, 0, 0},
    {"regular night attender", '3', '4', 1, "21", 0, 0, 0},
    {"class not known", '3', 0, 1, "21", 0, 0, 0},
    {"order not known", '3', '1', 0, "21", 1, 0, 0},
    {"other emergency means", '3', '1', 1, "28", 1, 1, 1},
    {"transfer as emergency", '3', '1', 1, "2B", 1, 1, 1},
    {"maternity", '3', '1', 1, "31", 1, 1, 0},
    {"transfer", '3', '1', 1, "81", 1, 1, 0},
};

static hst_day day_of(int year, int month, int day)
{
    return (hst_day)(hst_date_from_civil(year, month, day) - HST_DAY_EPOCH + 1);
}

static hst_episode make_row(uint64_t key, char epistat, char classpat, uint8_t epiorder,
                            const char *admimeth, hst_day epiend)
{
    return (hst_episode){.person = {key * 0x9E3779B97F4A7C15u, 1},
                         .record_key = key,
                         .epistat = (uint8_t)epistat,
                         .classpat = (uint8_t)classpat,
                         .epiorder = epiorder,
                         .admimeth = HST_CODE2(admimeth[0], admimeth[1]),
                         .epiend = epiend};
}

typedef struct fixture {
    char path[64];
    hst_store *store;
    size_t n_segments;
    hst_segment *segments[3];
} fixture;

static int remove_one(const char *path, const struct stat *found, int type, struct FTW *place)
{
    (void)found;
    (void)type;
    (void)place;
    return remove(path);
}

static int open_fixture(void **state)
{
    fixture *f = calloc(1, sizeof *f);

    snprintf(f->path, sizeof f->path, "/tmp/hestia-england-XXXXXX");
    *state = f;
    return mkdtemp(f->path) &&
                   hst_store_open(&f->store, f->path, true, HST_STORE_WRITE, NULL) == HST_OK
               ? 0
               : -1;
}

static int close_fixture(void **state)
{
    fixture *f = *state;

    for (size_t i = 0; i < f->n_segments; i++) {
        hst_segment_close(f->segments[i]);
    }
    hst_store_close(f->store);
    nftw(f->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(f);
    return 0;
}

static void add_segment(fixture *f, uint32_t partyear, const hst_episode *rows, size_t n)
{
    hst_segment_info info = {.dataset = HST_DATASET_APC,
                             .file = "apc.csv",
                             .digest = {(uint8_t)(f->n_segments + 1)},
                             .separator = ',',
                             .encoding = "ascii",
                             .rows_read = n,
                             .rows_used = n,
                             .partyear_min = partyear,
                             .partyear_max = partyear};
    const uint16_t no_words[1] = {0};
    hst_segment_writer *writer = NULL;
    hst_error err = {0};

    assert_int_equal(hst_segment_writer_create(&writer, f->store, 0, &err), HST_OK);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(hst_segment_writer_add(writer, &rows[i], no_words, &err), HST_OK);
    }
    assert_int_equal(hst_segment_writer_commit(writer, &info, &err), HST_OK);
    hst_segment_writer_free(writer);
    assert_int_equal(
        hst_segment_open(&f->segments[f->n_segments], f->store, info.digest, info.layout_key, &err),
        HST_OK);
    f->n_segments++;
}

static void add_block(hst_england_tally *tally, const uint8_t *year_of_day, const hst_block *block)
{
    for (size_t at = 0; at < block->bytes;) {
        const hst_episode *row = (const hst_episode *)(const void *)(block->records + at);

        hst_england_add(tally, year_of_day, row);
        at += hst_episode_bytes(row);
    }
}

/* As `n_tallies` threads would, each with some of the partitions. */
static hst_england *count(fixture *f, size_t n_tallies)
{
    static uint8_t year_of_day[HST_ENGLAND_DAYS];
    size_t n_partitions = f->n_segments > 0 ? hst_segment_n_partitions(f->segments[0]) : 0;
    hst_england_tally *tallies = calloc(n_tallies, sizeof *tallies);
    hst_partition *partition = NULL;
    hst_england *england = NULL;

    assert_non_null(tallies);
    hst_england_fill_years(year_of_day);
    assert_int_equal(hst_partition_create(&partition, (const hst_segment *const *)f->segments,
                                          f->n_segments, NULL),
                     HST_OK);
    for (size_t p = 0; p < n_partitions; p++) {
        const hst_block *blocks = NULL;

        assert_int_equal(hst_partition_read(partition, p, 0, 1, &blocks, NULL), HST_OK);
        for (size_t i = 0; i < f->n_segments; i++) {
            add_block(&tallies[p % n_tallies], year_of_day, &blocks[i]);
        }
    }
    for (size_t t = 1; t < n_tallies; t++) {
        hst_england_merge(&tallies[0], &tallies[t]);
    }
    assert_int_equal(hst_england_list(&england, &tallies[0], NULL), HST_OK);
    hst_partition_free(partition);
    free(tallies);
    return england;
}

static void assert_year(const hst_england_year *year, int start, uint64_t fce, uint64_t fae,
                        uint64_t fae_emergency)
{
    assert_int_equal(year->year, start);
    assert_int_equal(year->fce, fce);
    assert_int_equal(year->fae, fae);
    assert_int_equal(year->fae_emergency, fae_emergency);
}

static void rows_count_by_the_published_rule(void **state)
{
    enum { N_CASES = sizeof row_cases / sizeof row_cases[0] };

    for (size_t i = 0; i < N_CASES; i++) {
        const struct row_case *c = &row_cases[i];
        void *opened = NULL;
        hst_episode row =
            make_row(17, c->epistat, c->classpat, c->epiorder, c->admimeth, day_of(2010, 4, 1));
        hst_england *england = NULL;

        assert_int_equal(open_fixture(&opened), 0);
        add_segment(opened, 201013, &row, 1);
        england = count(opened, 1);
        assert_int_equal(england->n_years, c->fce > 0);
        if (c->fce > 0) {
            assert_year(&england->years[0], 2010, c->fce, c->fae, c->fae_emergency);
        }
        hst_england_free(england);
        close_fixture(&opened);
    }
    (void)state;
}

static void year_is_that_of_the_end(void **state)
{
    const hst_episode rows[] = {
        make_row(1, '3', '1', 1, "21", day_of(2010, 3, 31)),
        make_row(2, '3', '1', 1, "21", day_of(2010, 4, 1)),
        make_row(3, '3', '1', 1, "12", day_of(2011, 3, 31)),
        make_row(4, '3', '1', 1, "12", day_of(1930, 1, 1)),
        make_row(5, '3', '1', 1, "12", 0),
    };
    hst_england *england = NULL;

    add_segment(*state, 201013, rows, sizeof rows / sizeof rows[0]);
    england = count(*state, 2);
    assert_int_equal(england->n_years, 3);
    assert_year(&england->years[0], 1929, 1, 1, 0);
    assert_year(&england->years[1], 2009, 1, 1, 1);
    assert_year(&england->years[2], 2010, 2, 2, 1);
    assert_int_equal(england->n_undated, 1);
    assert_int_equal(england->n_repeated, 0);
    hst_england_free(england);
}

/* Key 1: unfinished in the later file, finished in the earlier. Key 2: both finished, the later
 * year counts, whichever segment comes first. Key 3: the later SUBDATE counts. */
static void repeated_key_counts_once(void **state)
{
    fixture *f = *state;
    hst_episode early[] = {
        make_row(1, '3', '1', 1, "21", day_of(2009, 5, 1)),
        make_row(2, '3', '1', 1, "21", day_of(2009, 5, 1)),
        make_row(3, '3', '1', 1, "21", day_of(2009, 5, 1)),
        make_row(3, '3', '1', 2, "21", day_of(2009, 5, 1)),
    };
    const hst_episode late[] = {
        make_row(1, '1', '1', 1, "21", 0),
        make_row(2, '3', '1', 1, "12", day_of(2010, 5, 1)),
    };

    early[3].subdate = 9;
    add_segment(f, 201013, late, 2);
    add_segment(f, 200913, early, 4);
    for (int turn = 0; turn < 2; turn++) {
        hst_segment *first = f->segments[0];
        hst_england *england = count(f, turn == 0 ? 1 : 7);

        assert_int_equal(england->n_years, 2);
        assert_year(&england->years[0], 2009, 2, 1, 1);
        assert_year(&england->years[1], 2010, 1, 1, 0);
        assert_int_equal(england->n_repeated, 3);
        hst_england_free(england);
        f->segments[0] = f->segments[1];
        f->segments[1] = first;
    }
}

static void many_rows_give_the_same_in_any_tallies(void **state)
{
    enum { N = 20000 };
    hst_episode *rows = calloc(N, sizeof *rows);

    assert_non_null(rows);
    for (size_t i = 0; i < N; i++) {
        rows[i] = make_row(i % 19001, '3', '1', (uint8_t)(1 + i % 3), i % 2 ? "21" : "11",
                           (hst_day)(28000 + i % 1500));
    }
    add_segment(*state, 201013, rows, N);
    for (size_t n_tallies = 1; n_tallies <= 7; n_tallies += 3) {
        hst_england *england = count(*state, n_tallies);
        uint64_t n_fce = 0;

        for (size_t i = 0; i < england->n_years; i++) {
            n_fce += england->years[i].fce;
        }
        assert_int_equal(n_fce, 19001);
        assert_int_equal(england->n_repeated, N - 19001);
        hst_england_free(england);
    }
    free(rows);
}

static void no_segment_gives_no_year(void **state)
{
    hst_england *england = count(*state, 1);

    assert_int_equal(england->n_years, 0);
    hst_england_free(england);
    hst_england_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_count_by_the_published_rule),
        cmocka_unit_test_setup_teardown(year_is_that_of_the_end, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(repeated_key_counts_once, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(many_rows_give_the_same_in_any_tallies, open_fixture,
                                        close_fixture),
        cmocka_unit_test_setup_teardown(no_segment_gives_no_year, open_fixture, close_fixture),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
