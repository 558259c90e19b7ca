/* Which of several records with one key is kept. */
#define _XOPEN_SOURCE 700 /* mkdtemp */
#include "episodes.h"

#include "metrics/partition_internal.h"

typedef void change(plain_row *row);

#define CHANGE(NAME, STATEMENT)                                                                    \
    static void NAME(plain_row *row)                                                               \
    {                                                                                              \
        STATEMENT;                                                                                 \
    }

CHANGE(as_is, (void)row)
CHANGE(unfinished, row->epistat = '1')
CHANGE(newest_file, row->file = 2)
CHANGE(newest_file_unfinished, (row->file = 2, row->epistat = '1'))
CHANGE(newer_subdate, row->subdate++)
CHANGE(newest_file_older_subdate, (row->file = 2, row->subdate -= 400))
CHANGE(earlier_admission, row->admidate--)
CHANGE(later_provider, row->provider = "RZZ")
CHANGE(later_specialty, row->tretspef = "999")
CHANGE(later_practice, row->gp_practice = "Z99999")
CHANGE(later_area, row->area = "5ZZ")
CHANGE(later_diagnosis, row->diagnoses[1] = "Z999")
CHANGE(more_diagnoses, row->diagnoses[4] = "E101")
CHANGE(later_procedure, row->procedures[0] = "Z999")

/* Two rows of one key, and which is kept. */
static struct keep_case {
    const char *name;
    change *kept, *dropped;
} keep_cases[] = {
    {"the finished one", as_is, unfinished},
    {"the finished one, though its file is older", as_is, newest_file_unfinished},
    {"the later year", newest_file, as_is},
    {"the later year, though submitted before", newest_file_older_subdate, as_is},
    {"the newest submission", newer_subdate, as_is},
    {"the first by date", earlier_admission, as_is},
    {"the first by provider", as_is, later_provider},
    {"the first by specialty", as_is, later_specialty},
    {"the first by practice", as_is, later_practice},
    {"the first by area", as_is, later_area},
    {"the first by diagnosis", as_is, later_diagnosis},
    {"the shorter list", as_is, more_diagnoses},
    {"the first by procedure", as_is, later_procedure},
};

static plain_row base_row(uint64_t key)
{
    return (plain_row){.file = 0,
                       .person = 17,
                       .key = key,
                       .epistat = '3',
                       .admidate = hst_date_from_civil(2004, 5, 3),
                       .disdate = hst_date_from_civil(2004, 5, 4),
                       .epistart = hst_date_from_civil(2004, 5, 3),
                       .epiend = hst_date_from_civil(2004, 5, 4),
                       .subdate = hst_date_from_civil(2004, 6, 1),
                       .admimeth = "21",
                       .admisorc = "19",
                       .disdest = "19",
                       .provider = "RD1",
                       .mainspef = "300",
                       .tretspef = "300",
                       .gp_practice = "A81001",
                       .area = "5J6",
                       .diagnoses = {"E101", "I10X", "E119", "", ""},
                       .procedures = {"K401", ""}};
}

/* Reads the only partition and lists, in the order of files and rows, what is marked. */
static size_t read_marks(const plain_store *s, bool marks[8])
{
    hst_partition *partition = NULL;
    const hst_block *blocks = NULL;
    size_t n = 0;

    assert_int_equal(
        hst_partition_create(&partition, (const hst_segment *const *)s->segments, N_FILES, NULL),
        HST_OK);
    assert_int_equal(hst_partition_read(partition, 0, 0, 1, &blocks, NULL), HST_OK);
    for (size_t b = 0; b < N_FILES; b++) {
        for (size_t at = 0; at < blocks[b].bytes;) {
            const hst_episode *e = (const hst_episode *)(const void *)(blocks[b].records + at);

            marks[n++] = hst_episode_is_repeat(e);
            at += hst_episode_bytes(e);
        }
    }
    hst_partition_free(partition);
    return n;
}

/* `backwards` writes the second row first: rows keep their places by file. */
static void check_kept(const struct keep_case *c, bool backwards)
{
    plain_row rows[2] = {base_row(5), base_row(5)};
    plain_store store = {0};
    bool marks[8] = {false};
    size_t kept = 0;

    c->kept(&rows[0]);
    c->dropped(&rows[1]);
    write_store(&store, rows, 2, 1, 0, backwards, false);
    assert_int_equal(read_marks(&store, marks), 2);
    if (rows[0].file == rows[1].file) {
        kept = backwards;
    } else {
        kept = rows[0].file > rows[1].file;
    }
    assert_false(marks[kept]);
    assert_true(marks[1 - kept]);
    remove_store(&store);
}

static void of_two_copies_is_kept(void **state)
{
    check_kept(*state, false);
    check_kept(*state, true);
}

static void one_key_of_two_people_is_no_repeat(void **state)
{
    plain_row rows[2] = {base_row(5), base_row(5)};
    plain_store store = {0};
    bool marks[8] = {false};

    (void)state;
    rows[1].person = 18;
    write_store(&store, rows, 2, 1, 0, false, false);
    assert_int_equal(read_marks(&store, marks), 2);
    assert_false(marks[0] || marks[1]);
    remove_store(&store);
}

static void equal_copies_leave_one(void **state)
{
    plain_row rows[4] = {base_row(5), base_row(5), base_row(6), base_row(5)};
    plain_store store = {0};
    bool marks[8] = {false};

    (void)state;
    write_store(&store, rows, 4, 1, 0, false, false);
    assert_int_equal(read_marks(&store, marks), 4);
    assert_int_equal(marks[0] + marks[1] + marks[3], 2);
    assert_false(marks[2]);
    remove_store(&store);
}

int main(void)
{
    enum { N_CASES = sizeof keep_cases / sizeof keep_cases[0] };
    struct CMUnitTest tests[N_CASES + 2] = {
        cmocka_unit_test(one_key_of_two_people_is_no_repeat),
        cmocka_unit_test(equal_copies_leave_one),
    };

    for (size_t i = 0; i < N_CASES; i++) {
        tests[2 + i] = (struct CMUnitTest){.name = keep_cases[i].name,
                                           .test_func = of_two_copies_is_kept,
                                           .initial_state = &keep_cases[i]};
    }
    return _cmocka_run_group_tests("duplicate", tests, N_CASES + 2, NULL, NULL);
}
