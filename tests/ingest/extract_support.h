/* For the tests of reading extracts: text to episodes in memory. */
#ifndef HESTIA_TESTS_EXTRACT_SUPPORT_H
#define HESTIA_TESTS_EXTRACT_SUPPORT_H

#include "hestia/extract.h"
#include "tests/ingest/store_support.h"

/** The columns that must be there, with one area and one diagnosis. */
#define REQUIRED_HEADER                                                                            \
    "EPIKEY,PSEUDO_HESID,ADMIDATE,DISDATE,EPISTART,EPIEND,EPIORDER,EPISTAT,EPITYPE,CLASSPAT,"      \
    "ADMIMETH,ADMISORC,DISDEST,SEX,STARTAGE,PROCODE3,RESPCT_HIS,DIAG_01"

/** A row of it without fault. */
#define GOOD_ROW                                                                                   \
    "513700125763,aB3,2001-09-27,2001-10-02,2001-09-27,2001-10-02,1,3,1,1,21,19,19,2,73,RWE,5J6,"  \
    "E119"

/** Episodes of one extract, decoded, written to a store and read back. */
typedef struct decoded {
    char folder[PATH_BYTES];
    hst_layout *layout;
    hst_side_table *side;
    hst_store *store;
    hst_segment_info info;
    hst_segment *segment;
    size_t n;
    uint64_t *bytes;
    const hst_episode *episodes[4096];
} decoded;

static inline void extract_put(const char *folder, const char *name, const char *text,
                               char path[PATH_BYTES])
{
    path_join(path, folder, name);
    file_put(path, text, strlen(text));
}

enum { ROWS_AT_ONCE = 70 }; /* more than a decoder takes together */

/** Decodes what `spec` names into `out`, whose folder is there; clear it with decoded_clear. */
static inline void decode_spec(decoded *out, const hst_extract_spec *spec)
{
    hst_source *source = NULL;
    hst_scanner *scanner = NULL;
    hst_segment_writer *writer = NULL;
    hst_decoder *decoder = NULL;
    hst_record records[ROWS_AT_ONCE] = {{0}};
    size_t n_records = 1;
    bool more = true;
    hst_error err = {0};
    char path[PATH_BYTES];

    path_join(path, out->folder, "store");
    if (hst_layout_detect(&out->layout, spec, &err) != HST_OK) {
        fail_msg("%s", err.message);
    }
    if (spec->n_side_files > 0) {
        assert_int_equal(hst_side_table_load(&out->side, out->layout, 1 << 20, &err), HST_OK);
    }
    assert_int_equal(hst_store_open(&out->store, path, true, HST_STORE_WRITE, &err), HST_OK);
    assert_int_equal(hst_source_open(&source, spec->path, spec->member, HST_INFLATER_AUTO, &err),
                     HST_OK);
    assert_int_equal(hst_scanner_create(&scanner, source, hst_layout_separator(out->layout),
                                        HST_SCAN_AUTO, 0, false, &err),
                     HST_OK);
    assert_int_equal(hst_segment_writer_create(&writer, out->store, 0, &err), HST_OK);
    assert_int_equal(hst_decoder_create(&decoder, out->layout, out->side, out->store, writer, &err),
                     HST_OK);
    if (hst_layout_has_header_line(out->layout)) {
        assert_int_equal(hst_scanner_next(scanner, records, &more, &err), HST_OK);
    }
    hst_scanner_expect_fields(scanner, hst_layout_n_columns(out->layout));
    while (n_records > 0) {
        assert_int_equal(hst_scanner_next_batch(scanner, records, ROWS_AT_ONCE, &n_records, &err),
                         HST_OK);
        assert_int_equal(hst_decoder_add(decoder, records, n_records, &err), HST_OK);
    }
    hst_decoder_info(decoder, &out->info);
    snprintf(out->info.file, sizeof out->info.file, "extract.csv");
    assert_int_equal(hst_segment_writer_commit(writer, &out->info, &err), HST_OK);
    hst_decoder_free(decoder);
    hst_segment_writer_free(writer);
    hst_scanner_free(scanner);
    hst_source_close(source);

    assert_int_equal(
        hst_segment_open(&out->segment, out->store, out->info.digest, out->info.layout_key, &err),
        HST_OK);
    out->bytes = calloc(1 << 18, sizeof *out->bytes);
    assert_non_null(out->bytes);
    out->n = 0;
    for (size_t p = 0, at = 0; p < hst_store_n_partitions(out->store); p++) {
        uint64_t n = hst_segment_partition_episodes(out->segment, p);

        assert_int_equal(hst_segment_read(out->segment, p, out->bytes + at, &err), HST_OK);
        for (uint64_t i = 0; i < n; i++) {
            const hst_episode *episode = (const hst_episode *)(const void *)(out->bytes + at);

            out->episodes[out->n++] = episode;
            at += hst_episode_bytes(episode) / sizeof *out->bytes;
        }
    }
}

/** The same for text that is written to a file first. */
static inline void decode_text_of(decoded *out, hst_dataset dataset, const char *text)
{
    char path[PATH_BYTES];
    hst_extract_spec spec = {.dataset = dataset, .path = path, .member = ""};

    folder_make(out->folder);
    extract_put(out->folder, "extract.csv", text, path);
    decode_spec(out, &spec);
}

static inline void decode_text(decoded *out, const char *text)
{
    decode_text_of(out, HST_DATASET_APC, text);
}

static inline void decoded_clear(decoded *out)
{
    hst_segment_close(out->segment);
    hst_store_close(out->store);
    hst_side_table_free(out->side);
    hst_layout_free(out->layout);
    free(out->bytes);
    folder_remove(out->folder);
    memset(out, 0, sizeof *out);
}

/** Text of word k of an episode. */
static inline const char *word_text(const decoded *d, const hst_episode *episode, size_t k)
{
    size_t n_areas = d->info.n_area_columns;
    unsigned dictionary = k < n_areas                          ? HST_DICT_AREA + (unsigned)k
                          : k < n_areas + episode->n_diagnoses ? HST_DICT_DIAGNOSIS
                                                               : HST_DICT_PROCEDURE;

    assert_true(k < episode->n_words);
    return hst_segment_code(d->segment, dictionary, hst_episode_words(episode)[k]);
}

#endif
