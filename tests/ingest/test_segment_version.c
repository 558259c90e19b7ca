/* Segments of another version, with right checksums: a newer one is neither read nor replaced, an
 * older one is no segment any more, and is made anew. */
#define _XOPEN_SOURCE 700 /* nftw */
#include <xxhash.h>

#include "ingest/store_internal.h"
#include "tests/ingest/store_support.h"

/* Writes a segment, gives its header another version, and returns its bytes then. */
static uint8_t *make_of_version(char path[PATH_BYTES], hst_segment_info *info, hst_store *store,
                                uint32_t version, size_t *n)
{
    hst_segment_header header;
    uint8_t *bytes = NULL;

    *info = segment_make(store, 7, 7, 0);
    segment_path(path, store, info);
    bytes = file_get(path, n);
    memcpy(&header, bytes, sizeof header);
    header.version = version;
    header.checksum = XXH3_64bits(&header, offsetof(hst_segment_header, checksum));
    memcpy(bytes, &header, sizeof header);
    file_put(path, bytes, *n);
    return bytes;
}

static void assert_refused(hst_status status, const hst_error *err)
{
    assert_int_equal(status, HST_ERR_USAGE);
    assert_non_null(strstr(err->message, ".seg is of version 2, made by a newer hestia"));
    assert_non_null(strstr(err->message, "this one knows version 1"));
}

static void a_newer_segment_is_neither_read_nor_replaced(void **state)
{
    hst_store *store = store_in(*state, "store", 2);
    char path[PATH_BYTES];
    hst_segment_info info;
    hst_segment_writer *writer = NULL;
    hst_segment *segment = NULL;
    hst_error err = {0};
    size_t n = 0, n_after = 0;
    uint8_t *bytes = make_of_version(path, &info, store, HST_SEGMENT_VERSION + 1, &n);
    uint8_t *after = NULL;

    assert_refused(hst_segment_open(&segment, store, info.digest, info.layout_key, &err), &err);
    assert_false(hst_store_has(store, info.digest, info.layout_key));
    assert_refused(hst_store_refuse_newer(store, info.digest, info.layout_key, &err), &err);

    assert_int_equal(hst_segment_writer_create(&writer, store, 0, &err), HST_OK);
    assert_refused(hst_segment_writer_commit(writer, &info, &err), &err);
    hst_segment_writer_free(writer);
    after = file_get(path, &n_after);
    assert_int_equal(n_after, n);
    assert_memory_equal(after, bytes, n);
    free(after);
    free(bytes);
    hst_store_close(store);
}

static void an_older_segment_is_made_anew(void **state)
{
    hst_store *store = store_in(*state, "store", 2);
    char path[PATH_BYTES];
    hst_segment_info info;
    hst_segment *segment = NULL;
    hst_error err = {0};
    size_t n = 0;
    uint8_t *bytes = make_of_version(path, &info, store, HST_SEGMENT_VERSION - 1, &n);

    assert_int_not_equal(hst_segment_open(&segment, store, info.digest, info.layout_key, &err),
                         HST_OK);
    assert_non_null(strstr(err.message, "is of version 0, made by an older hestia; run again"));
    assert_false(hst_store_has(store, info.digest, info.layout_key));
    assert_int_equal(hst_store_refuse_newer(store, info.digest, info.layout_key, &err), HST_OK);
    segment_make(store, 7, 7, 0);
    assert_true(hst_store_has(store, info.digest, info.layout_key));
    free(bytes);
    hst_store_close(store);
}

static void what_is_absent_or_damaged_is_not_newer(void **state)
{
    hst_store *store = store_in(*state, "store", 2);
    char path[PATH_BYTES];
    hst_segment_info info = segment_make(store, 7, 7, 0);
    hst_error err = {0};
    size_t n = 0;
    uint8_t *bytes = NULL;

    segment_path(path, store, &info);
    bytes = file_get(path, &n);
    ((hst_segment_header *)(void *)bytes)->version = HST_SEGMENT_VERSION + 1; /* no checksum */
    file_put(path, bytes, n);
    assert_int_equal(hst_store_refuse_newer(store, info.digest, info.layout_key, &err), HST_OK);
    assert_int_equal(remove(path), 0);
    assert_int_equal(hst_store_refuse_newer(store, info.digest, info.layout_key, &err), HST_OK);
    free(bytes);
    hst_store_close(store);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_newer_segment_is_neither_read_nor_replaced, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_older_segment_is_made_anew, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_absent_or_damaged_is_not_newer, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
