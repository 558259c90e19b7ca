/* Which rows of a person the rule `hf` takes for one record, and which of them it keeps. */
#define _XOPEN_SOURCE 700 /* mkdtemp */
#include <stdlib.h>
#include <string.h>

#include "metrics/people_internal.h"
#include "tests/support.h"

enum { N_HF_FILES = 6, MAX_ROWS = 1024 };

/* Two files of each data set: in the second the codes have other numbers. */
typedef struct hf_row {
    size_t person;
    hst_dataset dataset;
    bool in_second;
    hst_episode e;
    const char *provider, *mainspef, *tretspef, *diagnosis, *treatment;
} hf_row;

static hf_row inpatient(uint64_t key)
{
    return (hf_row){.dataset = HST_DATASET_APC,
                    .e = {.record_key = key,
                          .epistart = 27153,
                          .epiend = 27160,
                          .epiorder = 1,
                          .epistat = '3',
                          .admidate = 27153,
                          .disdate = 27160,
                          .subdate = 27200,
                          .admimeth = HST_CODE2('2', '1'),
                          .admisorc = HST_CODE2('1', '9'),
                          .disdest = HST_CODE2('1', '9'),
                          .completeness = 17},
                    .provider = "RBX",
                    .mainspef = "300",
                    .tretspef = "300",
                    .diagnosis = "E119",
                    .treatment = ""};
}

static hf_row outpatient(uint64_t key)
{
    return (hf_row){.dataset = HST_DATASET_OP,
                    .e = {.record_key = key,
                          .admidate = 27153,
                          .epistart = 27153,
                          .epiend = 27153,
                          .subdate = 27200,
                          .epistat = '3',
                          .classpat = '5',
                          .epitype = '2',
                          .sex = '2',
                          .startage = HST_AGE_MISSING},
                    .provider = "RBX",
                    .mainspef = "300",
                    .tretspef = "307",
                    .diagnosis = "",
                    .treatment = ""};
}

static hf_row arrival(uint64_t key)
{
    return (hf_row){.dataset = HST_DATASET_AE,
                    .e = {.record_key = key,
                          .admidate = 27153,
                          .epistart = 27153,
                          .epiend = 27153,
                          .subdate = 27200,
                          .epistat = '3',
                          .classpat = '1',
                          .spell_number = 1 + 15 * 60 + 48, /* 15:48 */
                          .startage = 71},
                    .provider = "RBX",
                    .mainspef = "",
                    .tretspef = "",
                    .diagnosis = "301",
                    .treatment = "21"};
}

/* ---- a store of such rows ---- */

static uint16_t put(hst_segment_writer *writer, unsigned dictionary, const char *code)
{
    return hst_segment_writer_code(writer, dictionary, code, strlen(code));
}

static void write_hf_row(hst_segment_writer *writer, const hf_row *row)
{
    hst_episode e = row->e;
    uint16_t words[3] = {0};

    e.person[1] = row->person;
    e.provider = put(writer, HST_DICT_PROVIDER, row->provider);
    e.mainspef = put(writer, HST_DICT_SPECIALTY, row->mainspef);
    e.tretspef = put(writer, HST_DICT_SPECIALTY, row->tretspef);
    e.n_diagnoses = row->diagnosis[0] != '\0';
    e.n_procedures = row->treatment[0] != '\0';
    words[0] = put(writer, HST_DICT_AREA, "5QL");
    words[1] = put(writer, HST_DICT_DIAGNOSIS, row->diagnosis);
    words[1 + e.n_diagnoses] = put(writer, HST_DICT_PROCEDURE, row->treatment);
    e.n_words = (uint8_t)(1 + e.n_diagnoses + e.n_procedures);
    assert_int_equal(hst_segment_writer_add(writer, &e, words, NULL), HST_OK);
}

static void write_file(hst_store *store, hst_segment **out, unsigned file, const hf_row *rows,
                       size_t n)
{
    hst_segment_info info = {.dataset = (hst_dataset)(1 + file / 2),
                             .digest = {(uint8_t)(file + 1)},
                             .separator = ',',
                             .n_area_columns = 1,
                             .area_columns = {"RESPCT06"}};
    hst_segment_writer *writer = NULL;

    assert_int_equal(hst_segment_writer_create(&writer, store, 0, NULL), HST_OK);
    if (file % 2) {
        put(writer, HST_DICT_SPECIALTY, "999");
        put(writer, HST_DICT_DIAGNOSIS, "999");
        put(writer, HST_DICT_PROCEDURE, "999");
        put(writer, HST_DICT_PROVIDER, "RZZ");
    }
    for (size_t i = 0; i < n; i++) {
        if (rows[i].dataset == info.dataset && rows[i].in_second == (file % 2 == 1)) {
            write_hf_row(writer, &rows[i]);
            info.rows_read = ++info.rows_used;
        }
    }
    assert_int_equal(hst_segment_writer_commit(writer, &info, NULL), HST_OK);
    hst_segment_writer_free(writer);
    assert_int_equal(hst_segment_open(out, store, info.digest, info.layout_key, NULL), HST_OK);
}

/* All rows, in the order of files and of rows. */
static size_t list_rows(const hst_block *blocks, hst_row *rows)
{
    size_t n = 0;

    for (uint32_t s = 0; s < N_HF_FILES; s++) {
        for (size_t at = 0; at < blocks[s].bytes;) {
            hst_episode *episode = (hst_episode *)(void *)(blocks[s].records + at);

            assert_true(n < MAX_ROWS);
            rows[n++] = (hst_row){episode, s};
            at += hst_episode_bytes(episode);
        }
    }
    return n;
}

/* What is left of a person: the record keys as bits. */
typedef struct hf_result {
    uint64_t kept;
    size_t n_marked;
} hf_result;

static void mark_person(hf_result *result, size_t person, const hst_row *all, size_t n_all,
                        const hst_segment *const *segments, const hst_numbering *providers)
{
    hst_row rows[MAX_ROWS];
    size_t n = 0;

    for (size_t i = 0; i < n_all; i++) {
        if (all[i].episode->person[1] == person) {
            rows[n++] = all[i];
        }
    }
    result->kept = 0;
    result->n_marked = hst_duplicates_mark_hf(rows, n, segments, providers);
    for (size_t i = 0; i < n; i++) {
        if (!hst_episode_is_repeat(rows[i].episode)) {
            result->kept |= UINT64_C(1) << rows[i].episode->record_key;
        }
    }
}

/* Marks the rows of persons 0 to n_people - 1. */
static void mark(hf_result *results, size_t n_people, const hf_row *plain, size_t n_plain,
                 const hst_mergers *mergers)
{
    static hst_row rows[MAX_ROWS];
    hst_store_options options = {.n_partitions = 1};
    char path[] = "/tmp/hestia-hf-XXXXXX", command[64];
    hst_store *store = NULL;
    hst_segment *segments[N_HF_FILES] = {NULL};
    const hst_segment *const *borrowed = (const hst_segment *const *)segments;
    hst_numbering *providers = NULL;
    hst_partition *partition = NULL;
    const hst_block *blocks = NULL;
    size_t n = 0;

    assert_non_null(mkdtemp(path));
    assert_int_equal(hst_store_init(path, &options, NULL), HST_OK);
    assert_int_equal(hst_store_open(&store, path, false, HST_STORE_WRITE, NULL), HST_OK);
    for (unsigned file = 0; file < N_HF_FILES; file++) {
        write_file(store, &segments[file], file, plain, n_plain);
    }
    assert_int_equal(
        hst_numbering_create(&providers, HST_DICT_PROVIDER, mergers, borrowed, N_HF_FILES, NULL),
        HST_OK);
    assert_int_equal(hst_partition_create(&partition, borrowed, N_HF_FILES, NULL), HST_OK);
    assert_int_equal(hst_partition_read(partition, 0, 0, 1, &blocks, NULL), HST_OK);
    n = list_rows(blocks, rows);
    assert_int_equal(n, n_plain);
    for (size_t person = 0; person < n_people; person++) {
        mark_person(&results[person], person, rows, n, borrowed, providers);
    }
    hst_partition_free(partition);
    hst_numbering_free(providers);
    for (size_t file = 0; file < N_HF_FILES; file++) {
        hst_segment_close(segments[file]);
    }
    hst_store_close(store);
    snprintf(command, sizeof command, "rm -rf %s", path);
    assert_int_equal(system(command), 0);
}

/* ---- two rows ---- */

typedef void change(hf_row *row);

#define CHANGE(NAME, STATEMENT)                                                                    \
    static void NAME(hf_row *row)                                                                  \
    {                                                                                              \
        STATEMENT;                                                                                 \
    }

CHANGE(as_is, (void)row)
CHANGE(later_start, row->e.epistart++)
CHANGE(later_end, row->e.epiend++)
CHANGE(no_end, row->e.epiend = 0)
CHANGE(swapped, (row->e.epistart = 27160, row->e.epiend = 27153))
CHANGE(second_in_order, row->e.epiorder = 2)
CHANGE(later_admission, row->e.admidate++)
CHANGE(no_admission, row->e.admidate = 0)
CHANGE(no_admission_second, (row->e.admidate = 0, row->e.epiorder = 2))
CHANGE(no_admission_transfer, (row->e.admidate = 0, row->e.admimeth = HST_CODE2('8', '1')))
CHANGE(no_dates, row->e.admidate = row->e.epistart = 0)
CHANGE(no_discharge, row->e.disdate = 0)
CHANGE(other_provider, row->provider = "RBY")
CHANGE(merged_provider, row->provider = "RAA")
CHANGE(transfer_in, row->e.admisorc = HST_CODE2('5', '1'))
CHANGE(other_transfer_in, row->e.admimeth = HST_CODE2('2', 'B'))
CHANGE(transfer_out, row->e.disdest = HST_CODE2('5', '3'))
CHANGE(other_method, row->e.admimeth = HST_CODE2('2', '4'))
CHANGE(unfinished, (row->e.epistat = '1', row->e.completeness = 23))
CHANGE(more_complete, row->e.completeness = 18)
CHANGE(newer, row->e.subdate++)
CHANGE(newer_but_less, (row->e.subdate++, row->e.completeness = 16))
CHANGE(other_specialty, row->mainspef = "430")
CHANGE(other_function, row->tretspef = "300")
CHANGE(not_attended, row->e.classpat = '3')
CHANGE(later_day, row->e.admidate++)
CHANGE(no_day, row->e.admidate = 0)
CHANGE(other_age, row->e.startage = 70)
CHANGE(male, row->e.sex = '1')
CHANGE(other_diagnosis, row->diagnosis = "302")
CHANGE(no_diagnosis, row->diagnosis = "")
CHANGE(other_treatment, row->treatment = "22")
CHANGE(an_hour_later, row->e.spell_number += 60) /* 1600 - 1548 is 52 as whole numbers */
CHANGE(over_an_hour_later, row->e.spell_number += 61)
CHANGE(no_time, row->e.spell_number = 0)
CHANGE(midnight, row->e.spell_number = 1)

enum { BOTH = 6, FIRST = 2, SECOND = 4 }; /* bits of the keys 1 and 2 */

static struct pair_case {
    const char *name;
    hf_row (*make)(uint64_t key);
    change *first, *second;
    uint64_t kept;
} pair_cases[] = {
    {"apc: of equal rows the highest EPIKEY", inpatient, as_is, as_is, SECOND},
    {"apc: what is in no key does not tell rows apart", inpatient, as_is, other_method, SECOND},
    {"apc: EPISTART", inpatient, as_is, later_start, BOTH},
    {"apc: EPIEND", inpatient, as_is, later_end, BOTH},
    {"apc: missing is equal to missing", inpatient, no_end, no_end, SECOND},
    {"apc: and to nothing else", inpatient, as_is, no_end, BOTH},
    {"apc: EPISTART and EPIEND in their order", inpatient, as_is, swapped, SECOND},
    {"apc: EPIORDER", inpatient, as_is, second_in_order, BOTH},
    {"apc: PROCODE3", inpatient, as_is, other_provider, BOTH},
    {"apc: PROCODE3 after mergers", inpatient, as_is, merged_provider, SECOND},
    {"apc: ADMIDATE", inpatient, as_is, later_admission, BOTH},
    {"apc: a missing ADMIDATE is filled", inpatient, as_is, no_admission, SECOND},
    {"apc: but not of a later episode", inpatient, second_in_order, no_admission_second, BOTH},
    {"apc: nor of a transfer in", inpatient, other_transfer_in, no_admission_transfer, BOTH},
    {"apc: DISDATE", inpatient, as_is, no_discharge, BOTH},
    {"apc: TRANSIT in", inpatient, as_is, transfer_in, BOTH},
    {"apc: TRANSIT in, by source or by method", inpatient, transfer_in, other_transfer_in, SECOND},
    {"apc: TRANSIT out", inpatient, as_is, transfer_out, BOTH},
    {"apc: TRANSIT in is not out", inpatient, transfer_in, transfer_out, BOTH},
    {"apc: rows without a day are left alone", inpatient, no_dates, no_dates, BOTH},
    {"apc: so are unfinished ones", inpatient, as_is, unfinished, BOTH},
    {"apc: the most complete", inpatient, more_complete, as_is, FIRST},
    {"apc: then the newest", inpatient, newer, as_is, FIRST},
    {"apc: the most complete though it is older", inpatient, as_is, newer_but_less, FIRST},
    {"op: equal rows leave one", outpatient, as_is, as_is, SECOND},
    {"op: APPTDATE", outpatient, as_is, later_day, BOTH},
    {"op: PROCODE3", outpatient, as_is, other_provider, BOTH},
    {"op: PROCODE3 after mergers, the first by its own", outpatient, merged_provider, as_is, FIRST},
    {"op: TRETSPEF", outpatient, as_is, other_function, BOTH},
    {"op: MAINSPEF", outpatient, as_is, other_specialty, BOTH},
    {"op: ATTENDED", outpatient, as_is, not_attended, BOTH},
    {"op: rows without a day are left alone", outpatient, no_day, no_day, BOTH},
    {"op: the most complete", outpatient, other_age, as_is, FIRST},
    {"op: then the newest", outpatient, newer, as_is, FIRST},
    {"op: then the first by its fields", outpatient, male, as_is, FIRST},
    {"ae: equal rows leave one", arrival, as_is, as_is, SECOND},
    {"ae: ARRIVALDATE", arrival, as_is, later_day, BOTH},
    {"ae: PROCODE3", arrival, as_is, other_provider, BOTH},
    {"ae: first diagnosis", arrival, as_is, other_diagnosis, BOTH},
    {"ae: no diagnosis is equal to none", arrival, no_diagnosis, no_diagnosis, SECOND},
    {"ae: and to no other", arrival, as_is, no_diagnosis, BOTH},
    {"ae: first treatment", arrival, as_is, other_treatment, BOTH},
    {"ae: 60 minutes later", arrival, as_is, an_hour_later, FIRST},
    {"ae: 61 minutes later", arrival, as_is, over_an_hour_later, BOTH},
    {"ae: a missing time is equal to none", arrival, no_time, no_time, SECOND},
    {"ae: and not to midnight", arrival, no_time, midnight, BOTH},
    {"ae: rows without a day are left alone", arrival, no_day, no_day, BOTH},
    {"ae: the first by its fields", arrival, as_is, other_age, SECOND},
};

enum { N_PAIRS = sizeof pair_cases / sizeof pair_cases[0], N_SHAPES = 8 };

static hf_result pair_results[N_PAIRS * N_SHAPES];

/* Every order of the two rows, in one file and in two. */
static void write_pair(hf_row rows[2], const struct pair_case *c, size_t person)
{
    unsigned shape = person % N_SHAPES;
    hf_row first = c->make(1), second = c->make(2);

    c->first(&first);
    c->second(&second);
    first.person = second.person = person;
    first.in_second = shape & 1;
    second.in_second = shape >> 1 & 1;
    rows[shape >> 2] = first;
    rows[1 - (shape >> 2)] = second;
}

static int mark_pairs(void **state)
{
    static hf_row rows[2 * N_PAIRS * N_SHAPES];
    char path[] = "/tmp/hestia-hf-mergers-XXXXXX";
    int descriptor = mkstemp(path);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "w");
    hst_mergers *mergers = NULL;

    (void)state;
    if (!file || fputs("code_from,code_to\nRAA,RBX\n", file) < 0 || fclose(file) != 0 ||
        hst_mergers_read(&mergers, path, NULL) != HST_OK) {
        return -1;
    }
    for (size_t person = 0; person < N_PAIRS * N_SHAPES; person++) {
        write_pair(&rows[2 * person], &pair_cases[person / N_SHAPES], person);
    }
    mark(pair_results, N_PAIRS * N_SHAPES, rows, 2 * N_PAIRS * N_SHAPES, mergers);
    hst_mergers_free(mergers);
    return remove(path);
}

static void pair_leaves(void **state)
{
    const struct pair_case *c = *state;
    const hf_result *results = &pair_results[(size_t)(c - pair_cases) * N_SHAPES];

    for (size_t shape = 0; shape < N_SHAPES; shape++) {
        assert_int_equal(results[shape].kept, c->kept);
        assert_int_equal(results[shape].n_marked, c->kept != BOTH);
    }
}

/* ---- more than two ---- */

static void data_sets_are_told_apart(void **state)
{
    hf_row rows[] = {inpatient(1), outpatient(2), arrival(3)};
    hf_result result = {0};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        rows[i].e.disdate = 0;
        rows[i].e.epiend = rows[i].e.epistart;
    }
    mark(&result, 1, rows, 3, NULL);
    assert_int_equal(result.kept, 2 | 4 | 8);
    assert_int_equal(result.n_marked, 0);
}

/* 15:48, 16:38, 16:48 are one; 16:49 begins the next, which holds 17:30. The fuller row is kept. */
static void arrivals_are_compared_with_the_first(void **state)
{
    static const unsigned minutes[] = {948, 998, 1008, 1009, 1050};
    static const unsigned orders[][5] = {
        {0, 1, 2, 3, 4}, {4, 3, 2, 1, 0}, {2, 4, 0, 3, 1}, {3, 0, 4, 1, 2}};
    hf_row rows[20];
    hf_result results[4];

    (void)state;
    for (size_t i = 0; i < 20; i++) {
        unsigned number = orders[i / 5][i % 5];

        rows[i] = arrival(1 + number);
        rows[i].person = i / 5;
        rows[i].e.spell_number = 1 + minutes[number];
        rows[i].e.sex = number == 1 || number == 4 ? '2' : 0;
        rows[i].in_second = number % 2;
    }
    mark(results, 4, rows, 20, NULL);
    for (size_t person = 0; person < 4; person++) {
        assert_int_equal(results[person].kept, 1 << 2 | 1 << 5);
        assert_int_equal(results[person].n_marked, 3);
    }
}

/* The repeat of a record key is out already, and takes no other row with it. */
static void a_repeat_marks_nothing(void **state)
{
    hf_row rows[] = {inpatient(1), inpatient(1), inpatient(2)};
    hf_result result = {0};

    (void)state;
    rows[0].e.completeness = 23;
    rows[0].e.subdate -= 100; /* the older copy of key 1 goes by its key, complete or not */
    rows[2].e.completeness = 20;
    mark(&result, 1, rows, 3, NULL);
    assert_int_equal(result.kept, 1 << 2);
    assert_int_equal(result.n_marked, 1);
}

static void nothing_is_nothing(void **state)
{
    (void)state;
    assert_int_equal(hst_duplicates_mark_hf(NULL, 0, NULL, NULL), 0);
}

int main(void)
{
    struct CMUnitTest tests[N_PAIRS + 4] = {
        cmocka_unit_test(data_sets_are_told_apart),
        cmocka_unit_test(arrivals_are_compared_with_the_first),
        cmocka_unit_test(a_repeat_marks_nothing),
        cmocka_unit_test(nothing_is_nothing),
    };

    for (size_t i = 0; i < N_PAIRS; i++) {
        tests[4 + i] = (struct CMUnitTest){
            .name = pair_cases[i].name, .test_func = pair_leaves, .initial_state = &pair_cases[i]};
    }
    return _cmocka_run_group_tests("duplicate_hf", tests, N_PAIRS + 4, mark_pairs, NULL);
}
