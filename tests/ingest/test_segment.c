/* Segments: what is written is read back, and a writer that does not finish leaves nothing. */
#define _XOPEN_SOURCE 700 /* nftw */
#include <signal.h>
#include <sys/resource.h>

#include "ingest/store_internal.h"
#include "tests/ingest/store_support.h"

/* ---- what is written is read ---- */

static void episodes_come_back(void **state)
{
    enum { N = 5000 };
    hst_store *store = store_in(*state, "store", 4);
    hst_segment_info info = segment_make(store, 1, N, 16 * 1024);
    hst_segment *segment = NULL;
    hst_segment_writer *writer = NULL;
    hst_error err = {0};
    bool *seen = calloc(N, sizeof *seen);
    uint64_t n_seen = 0;

    assert_true(hst_store_has(store, info.digest, info.layout_key));
    assert_int_equal(hst_segment_open(&segment, store, info.digest, info.layout_key, &err), HST_OK);
    /* a second writer, filled in the same order, gives the same dictionary numbers */
    assert_int_equal(hst_segment_writer_create(&writer, store, 0, &err), HST_OK);
    hst_episode *expected = calloc(N, sizeof *expected);
    uint16_t(*words)[SUPPORT_MAX_WORDS] = calloc(N, sizeof *words);
    for (uint64_t i = 0; i < N; i++) {
        expected[i] = episode_make(store, writer, i, words[i]);
    }
    for (size_t p = 0; p < 4; p++) {
        size_t n = hst_segment_partition_bytes(segment, p);
        uint8_t *bytes = malloc(n);
        uint64_t n_here = 0;

        assert_int_equal(hst_segment_read(segment, p, bytes, &err), HST_OK);
        for (size_t at = 0; at < n;) {
            const hst_episode *episode = (const hst_episode *)(const void *)(bytes + at);
            uint64_t i = episode->record_key - 500000000000u;

            assert_true(i < N && !seen[i]);
            assert_int_equal(episode->person[0] >> 62, p);
            assert_memory_equal(episode, &expected[i], sizeof *episode);
            assert_memory_equal(hst_episode_words(episode), words[i], 2u * episode->n_words);
            seen[i] = true;
            n_here++;
            at += hst_episode_bytes(episode);
        }
        assert_int_equal(hst_segment_partition_episodes(segment, p), n_here);
        n_seen += n_here;
        free(bytes);
    }
    assert_int_equal(n_seen, N);
    assert_string_equal(hst_segment_code(segment, HST_DICT_PROVIDER, expected[9].provider),
                        "RC009");
    assert_string_equal(hst_segment_code(segment, HST_DICT_AREA + 1, words[9][1]), "E01000009");
    assert_string_equal(hst_segment_code(segment, HST_DICT_DIAGNOSIS, 0), "");
    assert_int_equal(hst_segment_n_codes(segment, HST_DICT_AREA), 317 + 1);
    assert_int_equal(hst_segment_n_codes(segment, HST_DICT_GP_PRACTICE), 1);
    hst_segment_writer_free(writer);
    hst_segment_close(segment);
    hst_store_close(store);
    free(expected);
    free(words);
    free(seen);
}

static void info_comes_back(void **state)
{
    hst_store *store = store_in(*state, "store", 1);
    hst_segment_info info = segment_make(store, 2, 10, 0);
    hst_segment *segment = NULL;
    hst_error err = {0};
    uint8_t expected[8192], actual[8192];
    size_t n = hst_segment_info_pack(&info, expected);

    assert_int_equal(hst_segment_open(&segment, store, info.digest, info.layout_key, &err), HST_OK);
    assert_true(n <= sizeof expected);
    assert_int_equal(hst_segment_info_pack(hst_segment_get_info(segment), actual), n);
    assert_memory_equal(actual, expected, n);
    assert_string_equal(hst_segment_get_info(segment)->area_columns[1], "LSOA01");
    hst_segment_close(segment);
    hst_store_close(store);
}

static void buffer_size_does_not_change_partitions(void **state)
{
    static const size_t sizes[] = {0, 1, 33333, 64 * 1024 * 1024};
    uint8_t *first = NULL;
    size_t n_first = 0;
    hst_store *store = store_in(*state, "store", 16);
    hst_error err = {0};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        hst_segment_info info = segment_make(store, (uint8_t)i, 3001, sizes[i]);
        uint8_t *bytes = NULL;
        size_t n = 0;

        assert_int_equal(segment_read_all(store, &info, &bytes, &n, &err), HST_OK);
        if (i == 0) {
            first = bytes;
            n_first = n;
            continue;
        }
        assert_int_equal(n, n_first);
        assert_memory_equal(bytes, first, n);
        free(bytes);
    }
    free(first);
    hst_store_close(store);
}

static void any_number_of_partitions_and_episodes(void **state)
{
    static const struct {
        size_t n_partitions;
        uint64_t n_episodes;
    } shapes[] = {{1, 0}, {1, 1}, {2, 17}, {256, 0}, {256, 1000}, {4096, 900}};

    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        char name[16];
        uint8_t *bytes = NULL;
        size_t n = 0;
        hst_error err = {0};

        snprintf(name, sizeof name, "store%zu", i);
        hst_store *store = store_in(*state, name, shapes[i].n_partitions);
        hst_segment_info info = segment_make(store, 9, shapes[i].n_episodes, 0);
        hst_segment *segment = NULL;
        uint64_t n_episodes = 0;

        assert_int_equal(segment_read_all(store, &info, &bytes, &n, &err), HST_OK);
        free(bytes);
        assert_int_equal(hst_segment_open(&segment, store, info.digest, info.layout_key, &err),
                         HST_OK);
        for (size_t p = 0; p < shapes[i].n_partitions; p++) {
            n_episodes += hst_segment_partition_episodes(segment, p);
        }
        assert_int_equal(n_episodes, shapes[i].n_episodes);
        hst_segment_close(segment);
        hst_store_close(store);
    }
}

static void padding_is_zero(void **state)
{
    hst_store *store = store_in(*state, "store", 1);
    hst_segment_info info = info_make(1, 1);
    hst_segment_writer *writer = NULL;
    hst_error err = {0};
    hst_episode episode = {.n_words = 3, .n_diagnoses = 1};
    uint16_t words[3] = {0, 0, 0};
    uint8_t *bytes = NULL;
    size_t n = 0;

    assert_int_equal(hst_segment_writer_create(&writer, store, 0, &err), HST_OK);
    words[2] = hst_segment_writer_code(writer, HST_DICT_DIAGNOSIS, "I10X", 4);
    assert_int_equal(hst_segment_writer_add(writer, &episode, words, &err), HST_OK);
    assert_int_equal(hst_segment_writer_commit(writer, &info, &err), HST_OK);
    hst_segment_writer_free(writer);
    assert_int_equal(segment_read_all(store, &info, &bytes, &n, &err), HST_OK);
    assert_int_equal(n, 80);
    assert_int_equal(bytes[76], 1);
    assert_memory_equal(bytes + 78, "\0", 2);
    free(bytes);
    hst_store_close(store);
}

static void long_codes_are_refused(void **state)
{
    hst_store *store = store_in(*state, "store", 1);
    hst_segment_writer *writer = NULL;
    hst_error err = {0};
    static const char text[] = "0123456789ABCDEFGHIJ";

    assert_int_equal(hst_segment_writer_create(&writer, store, 0, &err), HST_OK);
    assert_int_equal(hst_segment_writer_code(writer, HST_DICT_PROVIDER, text, 16), HST_DICT_FULL);
    assert_int_equal(hst_segment_writer_code_padded(writer, HST_DICT_PROVIDER, text, 16),
                     HST_DICT_FULL);
    assert_int_equal(hst_segment_writer_code(writer, HST_DICT_PROVIDER, text, 15), 1);
    assert_int_equal(hst_segment_writer_code_padded(writer, HST_DICT_PROVIDER, text, 15), 1);
    assert_int_equal(hst_segment_writer_code_padded(writer, HST_DICT_PROVIDER, text, 0), 0);
    hst_segment_writer_free(writer);
    hst_store_close(store);
}

/* ---- writing that does not come to its end ---- */

static size_t count_segments(const hst_store *store)
{
    hst_segment_id *ids = NULL;
    hst_error err = {0};
    size_t n = 0;

    assert_int_equal(hst_store_segments(store, &ids, &n, &err), HST_OK);
    free(ids);
    return n;
}

static bool part_exists(const hst_store *store)
{
    char path[PATH_BYTES];

    path_join(path, hst_store_path(store), "segments/0.part");
    return access(path, F_OK) == 0;
}

static void nothing_is_left_without_commit(void **state)
{
    hst_store *store = store_in(*state, "store", 2);
    hst_segment_writer *writer = NULL;
    hst_error err = {0};

    assert_int_equal(hst_segment_writer_create(&writer, store, 0, &err), HST_OK);
    assert_true(part_exists(store));
    hst_segment_writer_free(writer);
    assert_false(part_exists(store));
    assert_int_equal(count_segments(store), 0);
    hst_store_close(store);
}

static void writing_needs_the_lock(void **state)
{
    char path[PATH_BYTES];
    hst_store *store = NULL;
    hst_segment_writer *writer = NULL;
    hst_error err = {0};

    path_join(path, *state, "store");
    assert_int_equal(hst_store_init(path, NULL, &err), HST_OK);
    assert_int_equal(hst_store_open(&store, path, false, HST_STORE_READ, &err), HST_OK);
    assert_int_equal(hst_segment_writer_create(&writer, store, 0, &err), HST_ERR_ARGUMENT);
    assert_null(writer);
    hst_store_close(store);
}

static void full_disk_is_an_error_and_leaves_nothing(void **state)
{
    hst_store *store = store_in(*state, "store", 2);
    hst_segment_writer *writer = NULL;
    hst_segment_info info = info_make(1, 1);
    struct rlimit limit, before;
    uint16_t words[SUPPORT_MAX_WORDS];
    hst_status status = HST_OK;
    hst_error err = {0};

    /* a limit on the size of files stands in for a disk that is full */
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 100000;
    assert_int_equal(hst_segment_writer_create(&writer, store, 4096, &err), HST_OK);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    for (uint64_t i = 0; i < 5000 && status == HST_OK; i++) {
        hst_episode episode = episode_make(store, writer, i, words);

        status = hst_segment_writer_add(writer, &episode, words, &err);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(status, HST_ERR_SYSTEM);
    assert_non_null(strstr(err.message, "store/segments/0.part: cannot write"));
    assert_int_equal(hst_segment_writer_commit(writer, &info, &err), HST_ERR_ARGUMENT);
    hst_segment_writer_free(writer);
    assert_false(part_exists(store));
    assert_int_equal(count_segments(store), 0);
    hst_store_close(store);
}

static void failing_commit_leaves_nothing(void **state)
{
    hst_store *store = store_in(*state, "store", 2);
    hst_segment_writer *writer = NULL;
    hst_segment_info info = info_make(1, 0);
    struct rlimit limit, before;
    hst_error err = {0};

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 100;
    assert_int_equal(hst_segment_writer_create(&writer, store, 0, &err), HST_OK);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(hst_segment_writer_commit(writer, &info, &err), HST_ERR_SYSTEM);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    hst_segment_writer_free(writer);
    assert_false(part_exists(store));
    assert_int_equal(count_segments(store), 0);
    hst_store_close(store);
}

static void commit_replaces_a_segment(void **state)
{
    hst_store *store = store_in(*state, "store", 2);
    hst_segment_info info;
    uint8_t *bytes = NULL;
    size_t n = 0, n_before = 0;
    hst_error err = {0};

    segment_make(store, 1, 10, 0);
    info = segment_make(store, 1, 20, 0);
    assert_int_equal(segment_read_all(store, &info, &bytes, &n, &err), HST_OK);
    free(bytes);
    segment_make(store, 1, 10, 0);
    n_before = n;
    assert_int_equal(segment_read_all(store, &info, &bytes, &n, &err), HST_OK);
    assert_true(n < n_before);
    free(bytes);
    assert_int_equal(count_segments(store), 1);
    hst_store_close(store);
}

static void several_threads_write_at_once(void **state)
{
    enum { N_SEGMENTS = 8 };
    hst_store *store = store_in(*state, "store", 8);
    uint8_t *first = NULL, *bytes = NULL;
    size_t n_first = 0, n = 0;
    hst_error err = {0};

#pragma omp parallel for num_threads(4) schedule(dynamic, 1)
    for (int i = 0; i < N_SEGMENTS; i++) {
        segment_make(store, (uint8_t)i, 2000, 32 * 1024);
    }
    for (int i = 0; i < N_SEGMENTS; i++) {
        hst_segment_info info = info_make((uint8_t)i, 2000);

        assert_int_equal(segment_read_all(store, &info, &bytes, &n, &err), HST_OK);
        if (i == 0) {
            first = bytes;
            n_first = n;
            continue;
        }
        assert_int_equal(n, n_first);
        assert_memory_equal(bytes, first, n);
        free(bytes);
    }
    free(first);
    hst_store_close(store);
}

/* Whether bytes stand anywhere in the heap, read as a dump would read it. */
static bool is_in_heap(const void *bytes, size_t n)
{
    static uint8_t window[1 << 16];
    FILE *maps = fopen("/proc/self/maps", "r");
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    char line[1024];
    bool found = false;

    assert_true(maps && memory >= 0);
    while (!found && fgets(line, sizeof line, maps)) {
        char *end = NULL;
        off_t from = (off_t)strtoull(line, &end, 16);
        off_t to = (off_t)strtoull(end + 1, NULL, 16);

        for (; strstr(line, "[heap]") && !found && from < to; from += (off_t)sizeof window / 2) {
            ssize_t got = pread(memory, window, sizeof window, from);

            for (ssize_t i = 0; !found && i + (ssize_t)n <= got; i++) {
                found = memcmp(window + i, bytes, n) == 0;
            }
        }
    }
    fclose(maps);
    close(memory);
    return found;
}

static void verify_leaves_no_record_behind(void **state)
{
    hst_store *store = store_in(*state, "store", 1);
    hst_segment_info info = segment_make(store, 1, 60, 0);
    hst_segment *segment = NULL;
    hst_error err = {0};
    uint64_t record_key = 500000000000u + 31; /* of episode 31 */

    assert_int_equal(hst_segment_open(&segment, store, info.digest, info.layout_key, &err), HST_OK);
    assert_int_equal(hst_segment_verify(segment, &err), HST_OK);
    assert_false(is_in_heap(&record_key, sizeof record_key));
    hst_segment_close(segment);
    hst_store_close(store);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        /* first, as the others have the same records in ordinary memory */
        cmocka_unit_test_setup_teardown(verify_leaves_no_record_behind, set_up, tear_down),
        cmocka_unit_test_setup_teardown(episodes_come_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(info_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(buffer_size_does_not_change_partitions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(any_number_of_partitions_and_episodes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(padding_is_zero, set_up, tear_down),
        cmocka_unit_test_setup_teardown(long_codes_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_left_without_commit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(writing_needs_the_lock, set_up, tear_down),
        cmocka_unit_test_setup_teardown(full_disk_is_an_error_and_leaves_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(failing_commit_leaves_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(commit_replaces_a_segment, set_up, tear_down),
        cmocka_unit_test_setup_teardown(several_threads_write_at_once, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
