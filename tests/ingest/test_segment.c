#define _XOPEN_SOURCE 700 /* nftw */
#include <signal.h>
#include <sys/resource.h>

#include <xxhash.h>

#include "ingest/store_internal.h"
#include "tests/ingest/store_support.h"

/* Every test has a folder of its own. */
static int set_up(void **state)
{
    static char folder[PATH_BYTES];

    folder_make(folder);
    *state = folder;
    return 0;
}

static int tear_down(void **state)
{
    folder_remove(*state);
    return 0;
}

static hst_store *store_in(const char *folder, const char *name, size_t n_partitions)
{
    char path[PATH_BYTES];

    path_join(path, folder, name);
    return store_make(path, n_partitions);
}

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

/* ---- damage ---- */

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
        assert_int_equal(read_damaged(store, &info, &err), HST_ERR_INPUT);
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
        assert_int_equal(read_damaged(store, &info, &err), HST_ERR_INPUT);
        assert_false(hst_store_has(store, info.digest, info.layout_key));
    }
    free(bytes);
    hst_store_close(store);
}

/* Changes with right checksums: what an accident does not make, but a program can. */
static void set_version(uint8_t *bytes, size_t n)
{
    hst_segment_header header;

    (void)n;
    memcpy(&header, bytes, sizeof header);
    header.version = HST_SEGMENT_VERSION + 1;
    header.checksum = XXH3_64bits(&header, offsetof(hst_segment_header, checksum));
    memcpy(bytes, &header, sizeof header);
}

static void set_older_version(uint8_t *bytes, size_t n)
{
    hst_segment_header header;

    (void)n;
    memcpy(&header, bytes, sizeof header);
    header.version = HST_SEGMENT_VERSION - 1;
    header.checksum = XXH3_64bits(&header, offsetof(hst_segment_header, checksum));
    memcpy(bytes, &header, sizeof header);
}

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

static void huge_block_count(hst_segment_footer *footer)
{
    footer->n_blocks = UINT64_MAX / 24;
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

static void wrong_row_count(uint8_t *bytes, size_t n)
{
    hst_segment_info info = info_make(7, 7);
    uint8_t packed[8192];
    size_t at = 0;

    /* rows_read is found by packing twice */
    hst_segment_info_pack(&info, packed);
    info.rows_read ^= 1;
    uint8_t other[8192];
    size_t size = hst_segment_info_pack(&info, other);
    while (at < size && packed[at] == other[at]) {
        at++;
    }
    change_section(bytes, n, true, at, other[at]);
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
    {"newer version", set_version, "newer hestia"},
    {"older version", set_older_version, "older hestia"},
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
    assert_int_equal(read_damaged(store, &info, &err), HST_ERR_INPUT);
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
    assert_int_equal(read_damaged(store, &info, &err), HST_ERR_INPUT);
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
    assert_int_equal(read_damaged(other, &info, &err), HST_ERR_INPUT);
    assert_non_null(strstr(err.message, "key of another store"));
    assert_false(hst_store_has(other, info.digest, info.layout_key));
    segment_path(to, wider, &info);
    file_put(to, bytes, n);
    assert_int_equal(read_damaged(wider, &info, &err), HST_ERR_INPUT);
    assert_non_null(strstr(err.message, "made for 2 partitions, the store has 4"));
    assert_false(hst_store_has(wider, info.digest, info.layout_key));
    /* and one under another's name */
    info.digest[3] ^= 1;
    segment_path(to, store, &info);
    file_put(to, bytes, n);
    assert_int_equal(read_damaged(store, &info, &err), HST_ERR_INPUT);
    assert_non_null(strstr(err.message, "name of another"));
    info.digest[4] ^= 1;
    assert_int_equal(read_damaged(store, &info, &err), HST_ERR_INPUT);
    assert_non_null(strstr(err.message, "is missing"));
    assert_false(hst_store_has(store, info.digest, info.layout_key));
    free(bytes);
    hst_store_close(store);
    hst_store_close(other);
    hst_store_close(wider);
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
    assert_int_equal(hst_store_open(&store, path, false, false, &err), HST_OK);
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

enum {
    N_DAMAGE = sizeof damage_cases / sizeof *damage_cases,
    N_RECORD = sizeof record_cases / sizeof *record_cases
};

int main(void)
{
    static const struct CMUnitTest in_a_folder[] = {
        cmocka_unit_test_setup_teardown(episodes_come_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(info_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(buffer_size_does_not_change_partitions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(any_number_of_partitions_and_episodes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(padding_is_zero, set_up, tear_down),
        cmocka_unit_test_setup_teardown(long_codes_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_flipped_bit_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_truncation_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(segment_of_another_store_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_left_without_commit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(writing_needs_the_lock, set_up, tear_down),
        cmocka_unit_test_setup_teardown(full_disk_is_an_error_and_leaves_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(failing_commit_leaves_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(commit_replaces_a_segment, set_up, tear_down),
        cmocka_unit_test_setup_teardown(several_threads_write_at_once, set_up, tear_down),
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
