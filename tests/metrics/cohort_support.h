/* For the tests of cohorts: rows of persons made by hand, written into stores and read back person
 * by person. */
#ifndef HESTIA_TESTS_COHORT_SUPPORT_H
#define HESTIA_TESTS_COHORT_SUPPORT_H

#include <stdlib.h>
#include <string.h>

#include "metrics/cohort_internal.h"
#include "tests/support.h"

enum { N_FILES = 3, MAX_ROWS = 64, N_CODES = 4 };

/* One row of a person. Dates "2005-06-17" or "" for missing. */
typedef struct member_row {
    const char *person;
    unsigned file;
    uint64_t key;
    const char *admidate, *epistart, *disdate;
    unsigned age; /* 999 = unknown */
    const char *area, *diagnoses[N_CODES];
    char epistat, dismeth;
} member_row;

static const struct {
    hst_dataset dataset;
    const char *column;
} files[N_FILES] = {
    {HST_DATASET_APC, "RESPCT06"}, {HST_DATASET_APC, "RESPCT_HIS"}, {HST_DATASET_OP, "RESPCT06"}};

static char folder[] = "/tmp/hestia-cohort-XXXXXX";

static char *in_folder(const char *name)
{
    static char paths[8][128];
    static size_t next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static char *write_bytes(const char *name, const char *bytes, size_t n)
{
    char *path = in_folder(name);
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
    return path;
}

static char *write_text(const char *name, const char *text)
{
    return write_bytes(name, text, strlen(text));
}

static hst_day day(const char *text)
{
    hst_date date = HST_DATE_MISSING;

    assert_true(text[0] == '\0' || hst_date_parse_iso(text, strlen(text), &date));
    return hst_day_of_date(date);
}

/* ---- stores and people ---- */

typedef struct member_store {
    char path[64];
    hst_store *store;
    hst_segment *segments[N_FILES];
    hst_partition *partition;
    size_t n_rows;
    hst_row rows[MAX_ROWS];
} member_store;

static void write_row(hst_segment_writer *writer, const hst_store *store, const member_row *row)
{
    uint16_t words[1 + N_CODES] = {0};
    hst_episode e = {.record_key = row->key,
                     .admidate = day(row->admidate),
                     .epistart = day(row->epistart),
                     .epiend = day(row->epistart),
                     .disdate = day(row->disdate),
                     .startage = row->age > 120 ? HST_AGE_MISSING : (uint8_t)row->age,
                     .epistat = (uint8_t)(row->epistat ? row->epistat : '3'),
                     .dismeth = (uint8_t)row->dismeth,
                     .classpat = '3'};

    hst_store_hash(store, row->person, strlen(row->person), e.person);
    words[0] = hst_segment_writer_code(writer, HST_DICT_AREA, row->area, strlen(row->area));
    for (size_t i = 0; i < N_CODES && row->diagnoses[i]; i++) {
        words[1 + e.n_diagnoses++] = hst_segment_writer_code(
            writer, HST_DICT_DIAGNOSIS, row->diagnoses[i], strlen(row->diagnoses[i]));
    }
    e.n_words = (uint8_t)(1 + e.n_diagnoses);
    assert_int_equal(hst_segment_writer_add(writer, &e, words, NULL), HST_OK);
}

static void write_file(member_store *s, unsigned file, const member_row *rows, size_t n,
                       bool backwards, bool three_characters)
{
    hst_segment_info info = {.dataset = files[file].dataset,
                             .digest = {(uint8_t)(file + 1)},
                             .separator = ',',
                             .n_area_columns = 1,
                             .three_character_diagnoses = three_characters};
    hst_segment_writer *writer = NULL;

    snprintf(info.file, sizeof info.file, "file_%u.csv", file);
    snprintf(info.area_columns[0], sizeof info.area_columns[0], "%s", files[file].column);
    assert_int_equal(hst_segment_writer_create(&writer, s->store, 0, NULL), HST_OK);
    for (size_t i = 0; i < n; i++) {
        const member_row *row = &rows[backwards ? n - 1 - i : i];

        if (row->file == file) {
            write_row(writer, s->store, row);
            info.rows_read = ++info.rows_used;
        }
    }
    assert_int_equal(hst_segment_writer_commit(writer, &info, NULL), HST_OK);
    hst_segment_writer_free(writer);
    assert_int_equal(
        hst_segment_open(&s->segments[file], s->store, info.digest, info.layout_key, NULL), HST_OK);
}

static int compare_rows(const void *a, const void *b)
{
    return memcmp(((const hst_row *)a)->episode->person, ((const hst_row *)b)->episode->person, 16);
}

static const hst_segment *const *segments_of(const member_store *s)
{
    return (const hst_segment *const *)s->segments;
}

/* Writes the rows, and reads them back person by person. */
static void open_store(member_store *s, const member_row *rows, size_t n, bool backwards,
                       bool three_characters)
{
    hst_store_options options = {.n_partitions = 1};
    const hst_block *blocks = NULL;

    *s = (member_store){.n_rows = 0};
    snprintf(s->path, sizeof s->path, "%s/store-XXXXXX", folder);
    assert_non_null(mkdtemp(s->path));
    assert_int_equal(hst_store_init(s->path, &options, NULL), HST_OK);
    assert_int_equal(hst_store_open(&s->store, s->path, false, HST_STORE_WRITE, NULL), HST_OK);
    for (unsigned file = 0; file < N_FILES; file++) {
        write_file(s, file, rows, n, backwards, three_characters);
    }
    assert_int_equal(hst_partition_create(&s->partition, segments_of(s), N_FILES, NULL), HST_OK);
    assert_int_equal(hst_partition_read(s->partition, 0, 0, 1, &blocks, NULL), HST_OK);
    for (uint32_t f = 0; f < N_FILES; f++) {
        for (size_t at = 0; at < blocks[f].bytes;) {
            hst_episode *episode = (hst_episode *)(void *)(blocks[f].records + at);

            assert_true(s->n_rows < MAX_ROWS);
            s->rows[s->n_rows++] = (hst_row){episode, f};
            at += hst_episode_bytes(episode);
        }
    }
    qsort(s->rows, s->n_rows, sizeof s->rows[0], compare_rows);
}

static void close_store(member_store *s)
{
    char command[128];

    hst_partition_free(s->partition);
    for (size_t file = 0; file < N_FILES; file++) {
        hst_segment_close(s->segments[file]);
    }
    hst_store_close(s->store);
    snprintf(command, sizeof command, "rm -rf %s", s->path);
    assert_int_equal(system(command), 0);
}

/* The person whose rows begin at `first`. */
static hst_person person_at(member_store *s, size_t first)
{
    size_t end = first + 1;

    while (end < s->n_rows && compare_rows(&s->rows[first], &s->rows[end]) == 0) {
        end++;
    }
    return (hst_person){.n_rows = end - first, .rows = &s->rows[first]};
}

static hst_conditions *conditions;

static hst_cohorts *make_cohorts(const hst_study *study, const hst_store *store)
{
    hst_cohorts *cohorts = NULL;
    hst_error err = {0};

    if (hst_cohorts_create(&cohorts, study, conditions, store, &err)) {
        fail_msg("%s", err.message);
    }
    return cohorts;
}

/* Around all tests of a file: the folder and the built-in sets. */
static int open_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) && hst_conditions_read(&conditions, NULL, NULL) == HST_OK ? 0 : -1;
}

static int remove_folder(void **state)
{
    char command[64];

    (void)state;
    hst_conditions_free(conditions);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

#endif
