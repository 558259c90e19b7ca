/* Damaged segments: every flipped bit and every truncation is found, and what was made with right
 * checksums is named for what is wrong with it. */
#define _XOPEN_SOURCE 700 /* nftw */
#include <xxhash.h>

#include "ingest/store_internal.h"
#include "tests/ingest/store_support.h"

/* Opening and reading a damaged segment: the first failure. */
static hst_status read_damaged(const hst_store *store, const hst_segment_info *info, hst_error *err)
{
    uint8_t *bytes = NULL;
    size_t n = 0;
    hst_status status = segment_read_all(store, info, &bytes, &n, err);

    free(bytes);
    return status;
}

static void every_flipped_bit_is_found(void **state)
{
    hst_store *store = store_in(*state, "store", 2);
    hst_segment_info info = segment_make(store, 7, 7, 0);
    char path[PATH_BYTES];
    uint8_t *bytes = NULL;
    size_t n = 0;
    hst_error err = {0};

    segment_path(path, store, &info);
    bytes = file_get(path, &n);
    for (size_t i = 0; i < n; i++) {
        bytes[i] ^= (uint8_t)(1u << (i % 8));
        file_put(path, bytes, n);
        assert_int_equal(read_damaged(store, &info, &err), HST_ERR_DAMAGED);
        assert_non_null(strstr(err.message, ".seg"));
        assert_non_null(strstr(err.message, "hestia") ? err.message
                                                      : strstr(err.message, "run again"));
        bytes[i] ^= (uint8_t)(1u << (i % 8));
    }
    file_put(path, bytes, n);
    assert_int_equal(read_damaged(store, &info, &err), HST_OK);
    free(bytes);
    hst_store_close(store);
}

static void every_truncation_is_found(void **state)
{
    hst_store *store = store_in(*state, "store", 2);
    hst_segment_info info = segment_make(store, 7, 7, 0);
    char path[PATH_BYTES];
    uint8_t *bytes = NULL;
    size_t n = 0;
    hst_error err = {0};

    segment_path(path, store, &info);
    bytes = file_get(path, &n);
    bytes[n] = 0;
    for (size_t length = 0; length <= n + 1; length += length == n - 1 ? 2 : 1) {
        file_put(path, bytes, length);
        assert_int_equal(read_damaged(store, &info, &err), HST_ERR_DAMAGED);
        assert_false(hst_store_has(store, info.digest, info.layout_key));
    }
    free(bytes);
    hst_store_close(store);
}

/* Changes with right checksums: what an accident does not make, but a program can. */
static void change_footer(uint8_t *bytes, size_t n, void (*change)(hst_segment_footer *footer))
{
    hst_segment_footer footer;

    memcpy(&footer, bytes + n - sizeof footer, sizeof footer);
    change(&footer);
    footer.checksum = XXH3_64bits(&footer, offsetof(hst_segment_footer, checksum));
    memcpy(bytes + n - sizeof footer, &footer, sizeof footer);
}

static void far_dictionaries(hst_segment_footer *footer)
{
    footer->dictionaries_at = UINT64_MAX - 8;
}

static void huge_dictionaries(hst_segment_footer *footer)
{
    footer->dictionaries_bytes = UINT64_MAX;
}

static void huge_info(hst_segment_footer *footer)
{
    footer->info_bytes = UINT64_MAX - 4;
}

/* its product with the 24 bytes of a block is the true one, once it has gone over 2^64 */
static void huge_block_count(hst_segment_footer *footer)
{
    footer->n_blocks += UINT64_C(1) << 61;
}

static void shifted_dictionaries(hst_segment_footer *footer)
{
    footer->dictionaries_at += 8;
    footer->dictionaries_bytes -= 8;
}

static void shifted_info(hst_segment_footer *footer)
{
    footer->info_bytes += 8;
    footer->index_bytes -= 8;
}

static void place_dictionaries_far(uint8_t *bytes, size_t n)
{
    change_footer(bytes, n, far_dictionaries);
}

static void swell_dictionaries(uint8_t *bytes, size_t n)
{
    change_footer(bytes, n, huge_dictionaries);
}

static void swell_info(uint8_t *bytes, size_t n)
{
    change_footer(bytes, n, huge_info);
}

static void swell_index(uint8_t *bytes, size_t n)
{
    change_footer(bytes, n, huge_block_count);
}

static void shift_dictionaries(uint8_t *bytes, size_t n)
{
    change_footer(bytes, n, shifted_dictionaries);
}

static void shift_info(uint8_t *bytes, size_t n)
{
    change_footer(bytes, n, shifted_info);
}

/* Changes the index through its first block and makes the checksums right again. */
static void change_block(uint8_t *bytes, size_t n, void (*change)(hst_segment_block *block))
{
    hst_segment_footer footer;
    hst_segment_block block;
    uint8_t *index = NULL, *at = NULL;

    memcpy(&footer, bytes + n - sizeof footer, sizeof footer);
    index = bytes + n - sizeof footer - footer.index_bytes;
    at = index + footer.n_partitions * sizeof(uint32_t);
    memcpy(&block, at, sizeof block);
    change(&block);
    memcpy(at, &block, sizeof block);
    footer.index_checksum = XXH3_64bits(index, footer.index_bytes);
    footer.checksum = XXH3_64bits(&footer, offsetof(hst_segment_footer, checksum));
    memcpy(bytes + n - sizeof footer, &footer, sizeof footer);
}

static void far_block(hst_segment_block *block)
{
    block->at = UINT64_MAX - 15;
}

static void crooked_block(hst_segment_block *block)
{
    block->at += 4;
    block->bytes -= 8;
}

static void long_block(hst_segment_block *block)
{
    block->bytes = UINT32_MAX - 7;
}

static void short_block(hst_segment_block *block)
{
    block->bytes -= 8;
}

static void crowded_block(hst_segment_block *block)
{
    block->n_episodes = UINT32_MAX;
}

static void place_block_far(uint8_t *bytes, size_t n)
{
    change_block(bytes, n, far_block);
}

static void place_block_askew(uint8_t *bytes, size_t n)
{
    change_block(bytes, n, crooked_block);
}

static void lengthen_block(uint8_t *bytes, size_t n)
{
    change_block(bytes, n, long_block);
}

static void shorten_block(uint8_t *bytes, size_t n)
{
    change_block(bytes, n, short_block);
}

static void crowd_block(uint8_t *bytes, size_t n)
{
    change_block(bytes, n, crowded_block);
}

/* Changes a section and makes the checksums right again. */
static void change_section(uint8_t *bytes, size_t n, bool is_info, size_t at, uint8_t value)
{
    hst_segment_footer footer;
    uint8_t *section = NULL;

    memcpy(&footer, bytes + n - sizeof footer, sizeof footer);
    section = bytes + footer.dictionaries_at;
    if (is_info) {
        section += footer.dictionaries_bytes;
        section[at] = value;
        footer.info_checksum = XXH3_64bits(section, footer.info_bytes);
    } else {
        section[at] = value;
        footer.dictionaries_checksum = XXH3_64bits(section, footer.dictionaries_bytes);
    }
    footer.checksum = XXH3_64bits(&footer, offsetof(hst_segment_footer, checksum));
    memcpy(bytes + n - sizeof footer, &footer, sizeof footer);
}

static void wrong_dataset(uint8_t *bytes, size_t n)
{
    change_section(bytes, n, true, 0, 77);
}

/* Changes the field of the info in which two differ: it is found by packing both. */
static void change_info(uint8_t *bytes, size_t n, const hst_segment_info *from,
                        const hst_segment_info *to)
{
    uint8_t packed[8192], other[8192];
    size_t at = 0, size = hst_segment_info_pack(from, packed);

    assert_int_equal(hst_segment_info_pack(to, other), size);
    while (at < size && packed[at] == other[at]) {
        at++;
    }
    change_section(bytes, n, true, at, other[at]);
}

static void wrong_row_count(uint8_t *bytes, size_t n)
{
    hst_segment_info info = info_make(7, 7), other = info;

    other.rows_read ^= 1;
    change_info(bytes, n, &info, &other);
}

static void too_many_area_columns(uint8_t *bytes, size_t n)
{
    hst_segment_info info = info_make(7, 7), other = info;

    other.n_area_columns = HST_MAX_AREA_COLUMNS + 1;
    change_info(bytes, n, &info, &other);
}

static void wrong_bool(uint8_t *bytes, size_t n)
{
    change_section(bytes, n, true, hst_segment_info_pack(&(hst_segment_info){0}, NULL) - 1, 2);
}

static void dictionary_without_empty_code(uint8_t *bytes, size_t n)
{
    change_section(bytes, n, false, 4 * HST_DICT_GP_PRACTICE, 0);
}

static void dictionary_too_large(uint8_t *bytes, size_t n)
{
    change_section(bytes, n, false, 4 * HST_DICT_GP_PRACTICE + 2, 1);
}

static void dictionary_of_another_size(uint8_t *bytes, size_t n)
{
    change_section(bytes, n, false, 4 * HST_DICT_GP_PRACTICE, 2);
}

static void endless_code(uint8_t *bytes, size_t n)
{
    change_section(bytes, n, false, sizeof(uint32_t) * HST_N_DICTS + 16 + 15, 'X');
}

static struct damage_case {
    const char *name;
    void (*damage)(uint8_t *bytes, size_t n);
    const char *message;
} damage_cases[] = {
    {"dictionaries beyond the file", place_dictionaries_far, "dictionaries are out of place"},
    {"dictionaries larger than the file", swell_dictionaries, "dictionaries are out of place"},
    {"info larger than the file", swell_info, "index is out of place"},
    {"more blocks than the file can hold", swell_index, "index has another size"},
    {"dictionaries shifted", shift_dictionaries, "checksum of its dictionaries"},
    {"info of another size", shift_info, "description has another size"},
    {"block beyond the file", place_block_far, "block is out of place"},
    {"block not aligned", place_block_askew, "block is out of place"},
    {"block longer than the file", lengthen_block, "block is out of place"},
    {"block too short", shorten_block, "blocks do not fill it"},
    {"more episodes than a block can hold", crowd_block, "block is out of place"},
    {"dataset that is none", wrong_dataset, "makes no sense"},
    {"rows that do not add up", wrong_row_count, "makes no sense"},
    {"more area columns than a segment has", too_many_area_columns, "makes no sense"},
    {"truth value that is none", wrong_bool, "makes no sense"},
    {"dictionary without the empty code", dictionary_without_empty_code, "dictionary has another"},
    {"dictionary over its limit", dictionary_too_large, "dictionary has another"},
    {"dictionary of another size", dictionary_of_another_size, "dictionaries have another"},
    {"code without end", endless_code, "code has no end"},
};

static void damage_is_named(void **state)
{
    const struct damage_case *c = *state;
    char folder[PATH_BYTES], path[PATH_BYTES];
    uint8_t *bytes = NULL;
    size_t n = 0;
    hst_error err = {0};

    folder_make(folder);
    hst_store *store = store_in(folder, "store", 2);
    hst_segment_info info = segment_make(store, 7, 7, 0);
    segment_path(path, store, &info);
    bytes = file_get(path, &n);
    c->damage(bytes, n);
    file_put(path, bytes, n);
    assert_int_equal(read_damaged(store, &info, &err), HST_ERR_DAMAGED);
    if (!strstr(err.message, c->message)) {
        fail_msg("\"%s\" is not in \"%s\"", c->message, err.message);
    }
    free(bytes);
    hst_store_close(store);
    folder_remove(folder);
}

/* Records that do not fit together, written with right checksums by a writer that was lied to. */
static struct record_case {
    const char *name;
    hst_episode episode;
    const char *message;
} record_cases[] = {
    {"words that are not the sum of their kinds",
     {.n_words = 4, .n_diagnoses = 1},
     "another size than its block"},
    {"fewer words than area columns", {.n_words = 1}, "another size than its block"},
    {"provider that is not in the dictionary", {.n_words = 2, .provider = 5}, "no dictionary"},
    {"specialty that is not in the dictionary", {.n_words = 2, .tretspef = 1}, "no dictionary"},
    {"practice that is not in the dictionary",
     {.n_words = 2, .gp_practice = 65535},
     "no dictionary"},
    {"diagnosis that is not in the dictionary", {.n_words = 3, .n_diagnoses = 1}, "no dictionary"},
    {"procedure that is not in the dictionary", {.n_words = 3, .n_procedures = 1}, "no dictionary"},
};

static void unsound_record_is_found(void **state)
{
    const struct record_case *c = *state;
    char folder[PATH_BYTES];
    hst_segment_writer *writer = NULL;
    hst_segment_info info = info_make(3, 1);
    uint16_t words[4] = {0, 0, 9, 9};
    hst_error err = {0};

    folder_make(folder);
    hst_store *store = store_in(folder, "store", 1);
    assert_int_equal(hst_segment_writer_create(&writer, store, 0, &err), HST_OK);
    assert_int_equal(hst_segment_writer_add(writer, &c->episode, words, &err), HST_OK);
    assert_int_equal(hst_segment_writer_commit(writer, &info, &err), HST_OK);
    hst_segment_writer_free(writer);
    assert_int_equal(read_damaged(store, &info, &err), HST_ERR_DAMAGED);
    assert_non_null(strstr(err.message, c->message));
    hst_store_close(store);
    folder_remove(folder);
}

static void segment_of_another_store_is_refused(void **state)
{
    hst_store *store = store_in(*state, "a", 2), *other = store_in(*state, "b", 2);
    hst_store *wider = store_in(*state, "c", 4);
    hst_segment_info info = segment_make(store, 7, 7, 0);
    char from[PATH_BYTES], to[PATH_BYTES];
    uint8_t *bytes = NULL;
    size_t n = 0;
    hst_error err = {0};

    segment_path(from, store, &info);
    bytes = file_get(from, &n);
    segment_path(to, other, &info);
    file_put(to, bytes, n);
    assert_int_equal(read_damaged(other, &info, &err), HST_ERR_DAMAGED);
    assert_non_null(strstr(err.message, "key of another store"));
    assert_false(hst_store_has(other, info.digest, info.layout_key));
    segment_path(to, wider, &info);
    file_put(to, bytes, n);
    assert_int_equal(read_damaged(wider, &info, &err), HST_ERR_DAMAGED);
    assert_non_null(strstr(err.message, "made for 2 partitions, the store has 4"));
    assert_false(hst_store_has(wider, info.digest, info.layout_key));
    /* and one under another's name */
    info.digest[3] ^= 1;
    segment_path(to, store, &info);
    file_put(to, bytes, n);
    assert_int_equal(read_damaged(store, &info, &err), HST_ERR_DAMAGED);
    assert_non_null(strstr(err.message, "name of another"));
    info.digest[3] ^= 1;
    info.layout_key[15] ^= 1; /* of the same extract, read in another way */
    segment_path(to, store, &info);
    file_put(to, bytes, n);
    assert_int_equal(read_damaged(store, &info, &err), HST_ERR_DAMAGED);
    assert_non_null(strstr(err.message, "name of another"));
    info.digest[4] ^= 1;
    assert_int_equal(read_damaged(store, &info, &err), HST_ERR_DAMAGED);
    assert_non_null(strstr(err.message, "is missing"));
    assert_false(hst_store_has(store, info.digest, info.layout_key));
    free(bytes);
    hst_store_close(store);
    hst_store_close(other);
    hst_store_close(wider);
}

enum {
    N_DAMAGE = sizeof damage_cases / sizeof *damage_cases,
    N_RECORD = sizeof record_cases / sizeof *record_cases
};

int main(void)
{
    static const struct CMUnitTest in_a_folder[] = {
        cmocka_unit_test_setup_teardown(every_flipped_bit_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_truncation_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(segment_of_another_store_is_refused, set_up, tear_down),
    };
    enum { N_IN_A_FOLDER = sizeof in_a_folder / sizeof *in_a_folder };
    struct CMUnitTest tests[N_IN_A_FOLDER + N_DAMAGE + N_RECORD];
    size_t n = 0;

    memcpy(tests, in_a_folder, sizeof in_a_folder);
    n = N_IN_A_FOLDER;
    for (size_t i = 0; i < N_DAMAGE; i++) {
        tests[n++] = (struct CMUnitTest){.name = damage_cases[i].name,
                                         .test_func = damage_is_named,
                                         .initial_state = &damage_cases[i]};
    }
    for (size_t i = 0; i < N_RECORD; i++) {
        tests[n++] = (struct CMUnitTest){.name = record_cases[i].name,
                                         .test_func = unsound_record_is_found,
                                         .initial_state = &record_cases[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
