/* What the tests of the store share: folders of their own, files, made-up episodes. Include after
 * defining _XOPEN_SOURCE 700 (nftw). */
#ifndef HESTIA_TESTS_STORE_SUPPORT_H
#define HESTIA_TESTS_STORE_SUPPORT_H

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hestia/store.h"
#include "tests/support.h"

enum { PATH_BYTES = 512 };

static inline void folder_make(char path[PATH_BYTES])
{
    /* in memory where there is such a folder: the store syncs every file to its disk */
    snprintf(path, PATH_BYTES, "%s/hestia-test-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(path));
}

static inline int remove_entry(const char *path, const struct stat *facts, int kind,
                               struct FTW *place)
{
    (void)facts;
    (void)kind;
    (void)place;
    return remove(path);
}

static inline void folder_remove(const char *path)
{
    assert_int_equal(nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* For tests with a folder of their own: its path is their state. */
static inline int set_up(void **state)
{
    static char folder[PATH_BYTES];

    folder_make(folder);
    *state = folder;
    return 0;
}

static inline int tear_down(void **state)
{
    folder_remove(*state);
    return 0;
}

static inline void path_join(char path[PATH_BYTES], const char *folder, const char *name)
{
    assert_true(snprintf(path, PATH_BYTES, "%s/%s", folder, name) < PATH_BYTES);
}

static inline void file_put(const char *path, const void *bytes, size_t n)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

/* Bytes of a file, to be freed. */
static inline uint8_t *file_get(const char *path, size_t *n)
{
    FILE *file = fopen(path, "rb");
    struct stat facts;
    uint8_t *bytes = NULL;

    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &facts), 0);
    *n = (size_t)facts.st_size;
    bytes = malloc(*n + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *n, file), *n);
    fclose(file);
    return bytes;
}

static inline void assert_mode(const char *path, mode_t mode)
{
    struct stat facts;

    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 07777, mode);
}

/* Opens (makes) a store for writing, with a number of partitions. */
static inline hst_store *store_make(const char *path, size_t n_partitions)
{
    hst_store_options options = {.n_partitions = n_partitions};
    hst_store *store = NULL;
    hst_error err = {0};

    if (hst_store_init(path, &options, &err) != HST_OK ||
        hst_store_open(&store, path, false, HST_STORE_WRITE, &err) != HST_OK) {
        fail_msg("%s", err.message);
    }
    return store;
}

/* The same in a folder. */
static inline hst_store *store_in(const char *folder, const char *name, size_t n_partitions)
{
    char path[PATH_BYTES];

    path_join(path, folder, name);
    return store_make(path, n_partitions);
}

enum { SUPPORT_AREA_COLUMNS = 2, SUPPORT_MAX_WORDS = 64 };

/* Episode number i: every field filled, up to 12 diagnoses and 5 procedures, codes that repeat. */
static inline hst_episode episode_make(const hst_store *store, hst_segment_writer *writer,
                                       uint64_t i, uint16_t words[SUPPORT_MAX_WORDS])
{
    hst_episode episode = {.record_key = 500000000000u + i,
                           .spell_number = (uint32_t)(i * 2654435761u),
                           .admidate = (hst_day)(27000 + i % 3000),
                           .epistart = (hst_day)(27001 + i % 3000),
                           .admimeth = HST_CODE2('2', '1'),
                           .startage = (uint8_t)(i % 121),
                           .sex = i % 2 ? '1' : '2',
                           .n_diagnoses = (uint8_t)(i % 13),
                           .n_procedures = (uint8_t)(i % 6)};
    uint64_t person = i / 3;
    char code[24];
    unsigned n = 0;

    hst_store_hash(store, &person, sizeof person, episode.person);
    snprintf(code, sizeof code, "R%c%03u", 'A' + (int)(i % 7), (unsigned)(i % 211));
    episode.provider = hst_segment_writer_code(writer, HST_DICT_PROVIDER, code, strlen(code));
    for (unsigned k = 0; k < SUPPORT_AREA_COLUMNS; k++) {
        snprintf(code, sizeof code, "E0%u%06u", k, (unsigned)(i % 317));
        words[n++] = hst_segment_writer_code(writer, HST_DICT_AREA + k, code, strlen(code));
    }
    for (unsigned k = 0; k < episode.n_diagnoses; k++) {
        snprintf(code, sizeof code, "%c%02u%u", 'A' + (int)(k % 26), (unsigned)(i % 100), k % 10);
        words[n++] = hst_segment_writer_code(writer, HST_DICT_DIAGNOSIS, code, strlen(code));
    }
    for (unsigned k = 0; k < episode.n_procedures; k++) {
        snprintf(code, sizeof code, "%c%02u%u", 'K' + (int)(k % 9), (unsigned)(i % 90), k % 10);
        words[n++] = hst_segment_writer_code(writer, HST_DICT_PROCEDURE, code, strlen(code));
    }
    episode.n_words = (uint8_t)n;
    return episode;
}

static inline hst_segment_info info_make(uint8_t digest, uint64_t n_episodes)
{
    hst_segment_info info = {.dataset = HST_DATASET_APC,
                             .file = "apc_2010.csv.gz",
                             .input_bytes = 123457,
                             .separator = '|',
                             .encoding = "latin-1",
                             .person_column = "ENCRYPTED_HESID",
                             .n_area_columns = SUPPORT_AREA_COLUMNS,
                             .area_columns = {"RESPCT06", "LSOA01"},
                             .rows_read = n_episodes + 5,
                             .rows_used = n_episodes,
                             .partyear_min = 201012,
                             .partyear_max = 201013,
                             .admidate_min = 27000,
                             .n_diagnosis_columns = 20,
                             .n_procedure_columns = 24};

    memset(info.digest, digest, sizeof info.digest);
    memset(info.layout_key, 0xC3, sizeof info.layout_key);
    info.rejected[HST_REASON_RAGGED] = 2;
    info.rejected[HST_REASON_MALFORMED_DATE] = 3;
    info.first_line[HST_REASON_RAGGED] = 17;
    snprintf(info.first_column[HST_REASON_MALFORMED_DATE], sizeof info.first_column[0], "EPISTART");
    info.noticed[HST_NOTICE_NO_AGE] = 11;
    return info;
}

/* Writes a whole segment of n made-up episodes. */
static inline hst_segment_info segment_make(hst_store *store, uint8_t digest, uint64_t n_episodes,
                                            size_t buffer_bytes)
{
    hst_segment_info info = info_make(digest, n_episodes);
    hst_segment_writer *writer = NULL;
    uint16_t words[SUPPORT_MAX_WORDS];
    hst_error err = {0};

    if (hst_segment_writer_create(&writer, store, buffer_bytes, &err) != HST_OK) {
        fail_msg("%s", err.message);
    }
    for (uint64_t i = 0; i < n_episodes; i++) {
        hst_episode episode = episode_make(store, writer, i, words);

        if (hst_segment_writer_add(writer, &episode, words, &err) != HST_OK) {
            fail_msg("%s", err.message);
        }
    }
    if (hst_segment_writer_commit(writer, &info, &err) != HST_OK) {
        fail_msg("%s", err.message);
    }
    hst_segment_writer_free(writer);
    return info;
}

/* Path of a segment's file. */
static inline void segment_path(char path[PATH_BYTES], const hst_store *store,
                                const hst_segment_info *info)
{
    int at = snprintf(path, PATH_BYTES, "%s/segments/", hst_store_path(store));

    for (size_t i = 0; i < 32; i++) {
        at += snprintf(path + at, PATH_BYTES - (size_t)at, "%02x%s",
                       i < 16 ? info->digest[i] : info->layout_key[i - 16], i == 15 ? "-" : "");
    }
    snprintf(path + at, PATH_BYTES - (size_t)at, ".seg");
}

/* Opens a segment, reads and checks all of it: the first failure, and what was read. */
static inline hst_status segment_read_all(const hst_store *store, const hst_segment_info *info,
                                          uint8_t **bytes, size_t *n, hst_error *err)
{
    hst_segment *segment = NULL;
    hst_status status = hst_segment_open(&segment, store, info->digest, info->layout_key, err);
    size_t n_partitions = hst_store_n_partitions(store);

    *bytes = NULL;
    *n = 0;
    for (size_t i = 0; status == HST_OK && i < n_partitions; i++) {
        *n += hst_segment_partition_bytes(segment, i);
    }
    *bytes = malloc(*n + 8);
    assert_non_null(*bytes);
    for (size_t i = 0, at = 0; status == HST_OK && i < n_partitions; i++) {
        status = hst_segment_read(segment, i, *bytes + at, err);
        if (status == HST_OK) {
            status = hst_segment_check(segment, i, *bytes + at, err);
        }
        at += hst_segment_partition_bytes(segment, i);
    }
    hst_segment_close(segment);
    return status;
}

#endif
