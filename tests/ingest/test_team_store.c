/* What several processes make of one store, and of stores apart: their lists of inputs, and slices
 * of segments. */
#define _XOPEN_SOURCE 700 /* nftw */
#include "hestia/ingest.h"
#include "ingest/share_internal.h"
#include "ingest/store_internal.h"
#include "tests/ingest/store_support.h"

/* ---- slices ---- */

enum { N_PARTITIONS = 8, N_EPISODES = 4000 };

static uint8_t *partition_of(const hst_segment *segment, size_t partition, size_t *n)
{
    hst_error err = {0};
    uint8_t *bytes = NULL;

    *n = hst_segment_partition_bytes(segment, partition);
    bytes = malloc(*n + 1);
    assert_non_null(bytes);
    assert_int_equal(hst_segment_read(segment, partition, bytes, &err), HST_OK);
    return bytes;
}

/* Bytes of the slice of a member. */
static uint8_t *slice_of(hst_store *store, const hst_segment *segment, size_t member, size_t size,
                         uint64_t *n)
{
    hst_segment_writer *writer = NULL;
    hst_error err = {0};
    uint8_t *bytes = NULL;
    int file = -1;

    assert_int_equal(hst_segment_writer_create(&writer, store, 0, &err), HST_OK);
    assert_int_equal(hst_segment_writer_slice(writer, segment, member, size, &file, n, &err),
                     HST_OK);
    bytes = malloc(*n);
    assert_non_null(bytes);
    assert_int_equal(pread(file, bytes, *n, 0), *n);
    hst_segment_writer_free(writer);
    return bytes;
}

static void slice_has_its_partitions_and_no_others(void **state)
{
    enum { SIZE = 3 };
    hst_store *store = store_in(*state, "store", N_PARTITIONS);
    /* small buffers: a partition is many blocks */
    hst_segment_info info = segment_make(store, 1, N_EPISODES, 16 * 1024);
    hst_segment *whole = NULL, *slice = NULL;
    hst_error err = {0};
    char path[PATH_BYTES];
    uint64_t n_episodes = 0;

    assert_int_equal(hst_segment_open(&whole, store, info.digest, info.layout_key, &err), HST_OK);
    segment_path(path, store, &info);
    for (size_t member = 0; member < SIZE; member++) {
        uint64_t n = 0;
        uint8_t *bytes = slice_of(store, whole, member, SIZE, &n);

        /* the whole one stays open behind it */
        assert_int_equal(remove(path), 0);
        file_put(path, bytes, n);
        free(bytes);
        assert_int_equal(hst_segment_open(&slice, store, info.digest, info.layout_key, &err),
                         HST_OK);
        assert_int_equal(hst_segment_verify(slice, &err), HST_OK);
        for (size_t p = 0; p < N_PARTITIONS; p++) {
            size_t n_whole = 0, n_slice = 0;
            uint8_t *expected = partition_of(whole, p, &n_whole);
            uint8_t *found = partition_of(slice, p, &n_slice);

            assert_true(n_whole > 0);
            assert_int_equal(n_slice, p % SIZE == member ? n_whole : 0);
            assert_memory_equal(found, expected, n_slice);
            n_episodes += hst_segment_partition_episodes(slice, p);
            free(found);
            free(expected);
        }
        for (unsigned d = 0; d < HST_N_DICTS; d++) {
            assert_int_equal(hst_segment_n_codes(slice, d), hst_segment_n_codes(whole, d));
        }
        /* what it says of its input is what the whole one says */
        assert_int_equal(hst_segment_get_info(slice)->rows_used,
                         hst_segment_get_info(whole)->rows_used);
        assert_int_equal(hst_segment_checksum(slice), hst_segment_checksum(whole));
        hst_segment_close(slice);
    }
    assert_int_equal(n_episodes, N_EPISODES);
    hst_segment_close(whole);
    hst_store_close(store);
}

/* ---- lists of the inputs that members have read ---- */

static const uint8_t digest_of_member[16] = {7, 7, 7};

/* A member other than the leader notes that it has read a file. */
static void note_as_member(const char *folder, const char *input)
{
    char path[PATH_BYTES];
    hst_store *store = NULL;
    hst_error err = {0};

    path_join(path, folder, "store");
    assert_int_equal(hst_store_open(&store, path, false, HST_STORE_JOIN, &err), HST_OK);
    store->member = 2;
    assert_int_equal(hst_catalogue_begin_own(store, &err), HST_OK);
    assert_int_equal(hst_store_note(store, input, "", digest_of_member, &err), HST_OK);
    hst_store_close(store);
}

static void leader_takes_over_what_members_have_noted(void **state)
{
    char input[PATH_BYTES], list[PATH_BYTES], path[PATH_BYTES];
    hst_store *leader = store_in(*state, "store", 2);
    hst_error err = {0};

    path_join(input, *state, "input.csv");
    path_join(list, *state, "store/catalogue-2.json");
    path_join(path, *state, "store");
    file_put(input, "a,b\n", 4);
    note_as_member(*state, input);
    assert_mode(list, 0600);
    assert_false(hst_store_has_input(leader, digest_of_member));
    assert_int_equal(hst_store_take_over(leader, &err), HST_OK);
    assert_true(hst_store_has_input(leader, digest_of_member));
    assert_int_not_equal(access(list, F_OK), 0);
    hst_store_close(leader);

    /* a run that was ended before its leader did so: the next writer does */
    file_put(input, "a,b,c\n", 6);
    note_as_member(*state, input);
    assert_int_equal(hst_store_open(&leader, path, false, HST_STORE_WRITE, &err), HST_OK);
    assert_int_not_equal(access(list, F_OK), 0);
    hst_store_close(leader);
    assert_int_equal(hst_store_open(&leader, path, false, HST_STORE_READ, &err), HST_OK);
    assert_true(hst_store_has_input(leader, digest_of_member));
    hst_store_close(leader);
}

static void damaged_list_of_a_member_is_of_no_use(void **state)
{
    static const char *const texts[] = {"", "{\"a\": ", "[]", "\xff\xfe", "{\"a\": 1, \"a\": 2}"};
    char input[PATH_BYTES], list[PATH_BYTES];
    hst_store *leader = store_in(*state, "store", 2);
    hst_error err = {0};

    path_join(input, *state, "input.csv");
    path_join(list, *state, "store/catalogue-2.json");
    file_put(input, "a,b\n", 4);
    note_as_member(*state, input);
    assert_int_equal(hst_store_take_over(leader, &err), HST_OK);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        file_put(list, texts[i], strlen(texts[i]));
        assert_int_equal(hst_store_take_over(leader, &err), HST_OK);
        assert_int_not_equal(access(list, F_OK), 0);
        assert_true(hst_store_has_input(leader, digest_of_member));
    }
    hst_store_close(leader);
}

/* ---- who reads what ---- */

static void alone_reads_all(void **state)
{
    hst_input items[3] = {{.bytes = 5}, {.bytes = 900}, {.bytes = 70}};
    const hst_inputs inputs = {.items = items, .n = 3};
    hst_store *store = store_in(*state, "store", 2);
    size_t *readers = NULL, *order = hst_inputs_by_size(&inputs);
    hst_error err = {0};

    assert_int_equal(hst_inputs_assign(&readers, &inputs, store, NULL, &err), HST_OK);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(readers[i], 0);
    }
    assert_int_equal(order[0], 1);
    assert_int_equal(order[1], 2);
    assert_int_equal(order[2], 0);
    free(order);
    free(readers);
    hst_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(slice_has_its_partitions_and_no_others, set_up, tear_down),
        cmocka_unit_test_setup_teardown(leader_takes_over_what_members_have_noted, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(damaged_list_of_a_member_is_of_no_use, set_up, tear_down),
        cmocka_unit_test_setup_teardown(alone_reads_all, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
