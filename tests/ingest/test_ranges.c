/* A plain file, or a gzip file of several members, read by several threads: the same segment, to
 * the byte, as reading it in its order makes, whatever lies across its seams, and never one where
 * that is refused. */
#define _XOPEN_SOURCE 700 /* nftw */
#include "ingest/ranges.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

#include "ingest/store_internal.h"
#include "tests/ingest/extract_support.h"

#ifdef HESTIA_SANITIZED
enum { N_FILES = 40, DAMAGE_STEP = 29 };
#else
enum { N_FILES = 120, DAMAGE_STEP = 7 };
#endif
enum { MAX_TEXT = 1 << 16, MAX_THREADS = 5, N_LARGE_ROWS = 170000 };

static uint64_t random_state;

static unsigned random_below(unsigned n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state >> 33) % n;
}

/* ---- files ---- */

typedef struct bytes {
    unsigned char *data;
    size_t n, capacity;
} bytes;

static void append(bytes *b, const void *data, size_t n)
{
    if (b->n + n >= b->capacity) {
        b->capacity = 2 * (b->n + n) + 64;
        b->data = realloc(b->data, b->capacity);
        assert_non_null(b->data);
    }
    memcpy(b->data + b->n, data, n);
    b->n += n;
}

/* What a member's header says besides the text. */
typedef enum header_kind {
    PLAIN,
    NAMED,
    BLOCK,       /* of bgzip, with its true size */
    WRONG_BLOCK, /* one that says another size */
    N_LOOKS
} header_kind;

static void add_member(bytes *gz, const void *text, size_t n, header_kind kind, int level)
{
    size_t start = gz->n;
    unsigned char header[18] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 6, 0, 'B', 'C', 2, 0, 0, 0};
    z_stream z = {0};
    unsigned char *deflated = malloc(n + n / 8 + 64);
    uint64_t trailer = (uint64_t)n << 32 | crc32(0, text, (uInt)n);

    assert_non_null(deflated);
    header[3] = kind == PLAIN ? 0 : kind == NAMED ? 8 : 4;
    append(gz, header, kind == PLAIN || kind == NAMED ? 10 : sizeof header);
    append(gz, "part.csv", kind == NAMED ? 9 : 0);
    assert_int_equal(deflateInit2(&z, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (unsigned char *)(uintptr_t)text;
    z.avail_in = (uInt)n;
    z.next_out = deflated;
    z.avail_out = (uInt)(n + n / 8 + 64);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    append(gz, deflated, z.total_out);
    deflateEnd(&z);
    free(deflated);
    for (unsigned k = 0; k < 8; k++) {
        unsigned char byte = (unsigned char)(trailer >> (8 * k));

        append(gz, &byte, 1);
    }
    if (kind == BLOCK || kind == WRONG_BLOCK) {
        size_t size = gz->n - start - (kind == BLOCK ? 1 : 5);

        gz->data[start + 16] = (unsigned char)(size & 255);
        gz->data[start + 17] = (unsigned char)(size >> 8);
    }
}

/* ---- one way of reading, and the other ---- */

typedef struct place {
    char folder[PATH_BYTES], path[PATH_BYTES];
    hst_store *store;
    hst_layout *layout;
} place;

static int make_place(void **state)
{
    place *p = calloc(1, sizeof *p);
    char store[PATH_BYTES];

    folder_make(p->folder);
    path_join(store, p->folder, "store");
    path_join(p->path, p->folder, "apc"); /* a name that promises no packing */
    assert_int_equal(hst_store_open(&p->store, store, true, HST_STORE_WRITE, NULL), HST_OK);
    *state = p;
    return 0;
}

static int remove_place(void **state)
{
    place *p = *state;

    hst_layout_free(p->layout);
    hst_store_close(p->store);
    folder_remove(p->folder);
    free(p);
    return 0;
}

static void put(place *p, const bytes *file)
{
    hst_extract_spec spec = {.dataset = HST_DATASET_APC, .path = p->path, .member = ""};
    hst_error err = {0};

    file_put(p->path, (const char *)file->data, file->n);
    if (!p->layout && hst_layout_detect(&p->layout, &spec, &err) != HST_OK) {
        fail_msg("%s", err.message);
    }
}

/* What reading ended with, and the segment's file. */
typedef struct result {
    hst_status status;
    hst_error err;
    bool is_whole;
    size_t n_ranges;
    hst_segment_info info;
    bytes segment;
} result;

static void take_segment(place *p, hst_segment_writer *writer, result *out)
{
    hst_segment_id id;
    char path[PATH_BYTES];
    unsigned char piece[4096];
    size_t n = 0;
    FILE *file = NULL;

    snprintf(out->info.file, sizeof out->info.file, "apc");
    assert_int_equal(hst_segment_writer_commit(writer, &out->info, &out->err), HST_OK);
    memcpy(id.digest, out->info.digest, sizeof id.digest);
    memcpy(id.layout_key, out->info.layout_key, sizeof id.layout_key);
    path_join(path, p->folder, "store/segments/");
    hst_segment_name(path + strlen(path), id.digest, id.layout_key);
    file = fopen(path, "rb");
    assert_non_null(file);
    while ((n = fread(piece, 1, sizeof piece, file)) > 0) {
        append(&out->segment, piece, n);
    }
    fclose(file);
    assert_int_equal(hst_store_remove(p->store, &id, &out->err), HST_OK);
}

static result read_in_order(place *p)
{
    result out = {0};
    hst_source *source = NULL;
    hst_scanner *scanner = NULL;
    hst_segment_writer *writer = NULL;
    hst_decoder *decoder = NULL;
    hst_record records[ROWS_AT_ONCE] = {{0}};
    size_t n = 1;
    bool more = true;
    hst_error *err = &out.err;

    out.status = hst_source_open(&source, p->path, "", HST_INFLATER_AUTO, err);
    if (out.status != HST_OK) {
        return out;
    }
    assert_int_equal(hst_scanner_create(&scanner, source, ',', HST_SCAN_AUTO, 0, false, err),
                     HST_OK);
    assert_int_equal(hst_segment_writer_create(&writer, p->store, 1 << 19, err), HST_OK);
    assert_int_equal(hst_decoder_create(&decoder, p->layout, NULL, p->store, writer, err), HST_OK);
    out.status = hst_scanner_next(scanner, records, &more, err);
    hst_scanner_expect_fields(scanner, hst_layout_n_columns(p->layout));
    while (out.status == HST_OK && n > 0) {
        out.status = hst_scanner_next_batch(scanner, records, ROWS_AT_ONCE, &n, err);
        if (out.status == HST_OK) {
            assert_int_equal(hst_decoder_add(decoder, records, n, err), HST_OK);
        }
    }
    if (out.status == HST_OK) {
        hst_decoder_info(decoder, &out.info);
        hst_source_digest(source, out.info.digest);
        out.is_whole = true;
        take_segment(p, writer, &out);
    }
    hst_decoder_free(decoder);
    hst_segment_writer_free(writer);
    hst_scanner_free(scanner);
    hst_source_close(source);
    return out;
}

static int64_t n_told;

static void add_told(void *context, int64_t n)
{
    __atomic_fetch_add((int64_t *)context, n, __ATOMIC_RELAXED);
}

static result read_by_ranges(place *p, size_t n_threads, size_t range_bytes, size_t block_bytes)
{
    result out = {0};
    hst_source *source = NULL;
    hst_segment_writer *writer = NULL;
    hst_ranges_read read = {0};
    hst_ranges_job job = {.layout = p->layout,
                          .store = p->store,
                          .inflater = n_threads % 2 ? HST_INFLATER_ZLIB : HST_INFLATER_AUTO,
                          .n_threads = n_threads,
                          .range_bytes = range_bytes,
                          .block_bytes = block_bytes,
                          .advance = add_told,
                          .context = &n_told};

    out.status = hst_source_open(&source, p->path, "", HST_INFLATER_AUTO, &out.err);
    if (out.status != HST_OK) {
        return out;
    }
    job.source = source;
    n_told = 0;
    assert_int_equal(hst_segment_writer_create(&writer, p->store, 1 << 19, &out.err), HST_OK);
    out.status = hst_ranges_read_all(&read, &job, writer, &out.err);
    out.is_whole = read.is_whole;
    out.n_ranges = read.n_ranges;
    out.info = read.info;
    assert_int_equal(n_told, read.is_whole ? (int64_t)hst_source_size(source) : 0);
    if (out.is_whole) {
        take_segment(p, writer, &out);
    }
    hst_segment_writer_free(writer);
    hst_source_close(source);
    return out;
}

static void assert_same(const result *expected, const result *actual)
{
    assert_true(expected->is_whole);
    assert_int_equal(actual->segment.n, expected->segment.n);
    assert_memory_equal(actual->segment.data, expected->segment.data, expected->segment.n);
}

/* ---- rows ---- */

static size_t add_row(char *text, unsigned row)
{
    return (size_t)sprintf(text,
                           "%u,P%u,2009-%02u-01,2009-%02u-03,2009-%02u-01,2009-%02u-03,1,3,1,1,21,"
                           "19,19,%u,%u,R%02u,5%c%c,E%02u%u\n",
                           513700000 + row, row * 13 % 97, 1 + row % 12, 1 + row % 12, 1 + row % 12,
                           1 + row % 12, 1 + row % 2, row % 120, row * 7 % 100,
                           'A' + (int)(row / 9 % 26), 'A' + (int)(row % 26), row % 90,
                           row / 50 % 10);
}

/* Text of n rows with whatever extracts have been seen to hold. */
static size_t make_text(char *text, unsigned n_rows, bool has_odd_rows)
{
    size_t n = (size_t)sprintf(text, "%s" REQUIRED_HEADER "%s\n",
                               random_below(3) ? "" : "\xef\xbb\xbf", random_below(2) ? "" : "\r");

    for (unsigned row = 0; row < n_rows && n + 1000 < MAX_TEXT; row++) {
        size_t start = n;

        n += add_row(text + n, random_below(2000));
        if (!has_odd_rows) {
            continue;
        }
        switch (random_below(24)) {
        case 0: /* CR LF */
            memcpy(text + n - 1, "\r\n", 2);
            n++;
            break;
        case 1: /* CR alone */
            text[n - 1] = '\r';
            break;
        case 2: /* blank lines */
            n += (size_t)sprintf(text + n, "\n \n\r\n");
            break;
        case 3: /* the header again, as files put together have it */
            n += (size_t)sprintf(text + n, REQUIRED_HEADER "\n");
            break;
        case 4: /* a quoted field with a line end and a separator in it */
            n = start + (size_t)sprintf(text + start, "51370,P1,2009-01-01,2009-01-03,2009-01-01,"
                                                      "2009-01-03,1,3,1,1,21,19,19,1,50,R1,\"5,\n"
                                                      "\"\"J\",E11\n");
            break;
        case 5: /* ragged */
            n += (size_t)sprintf(text + n, "1,2,3\n");
            break;
        case 6: /* a quote that nothing closes */
            n += (size_t)sprintf(text + n, "1,\"2,3\n");
            break;
        case 7: /* no date */
            memcpy(strchr(text + start, '-') - 4, "20x9", 4);
            break;
        default:
            break;
        }
    }
    return random_below(4) ? n : n - 1; /* a last line without its end */
}

/* Cuts a text into members: of a byte, of none, of some rows. */
static void pack(bytes *gz, const char *text, size_t n, unsigned most)
{
    size_t at = 0;

    gz->n = 0;
    while (at < n) {
        size_t n_member = random_below(9) == 0 ? random_below(2) : 1 + random_below(most);

        n_member = n_member < n - at ? n_member : n - at;
        add_member(gz, text + at, n_member, (header_kind)random_below(N_LOOKS),
                   (int)random_below(3));
        at += n_member;
    }
    if (random_below(3) == 0) {
        add_member(gz, "", 0, BLOCK, 6); /* with which bgzip ends a file */
    }
}

static void ranges_give_the_same_segment(void **state)
{
    place *p = *state;
    char *text = malloc(MAX_TEXT);
    bytes file = {0};
    unsigned n_whole = 0, n_odd_whole[2] = {0}; /* of gzip, and of plain text */

    assert_non_null(text);
    random_state = UINT64_C(0x2545F4914F6CDD1D);
    for (unsigned k = 0; k < N_FILES; k++) {
        bool is_odd = k % 3 != 0, is_plain = k % 2 != 0;
        size_t n = make_text(text, 1 + random_below(200), is_odd);
        size_t n_threads = 2 + random_below(MAX_THREADS - 1);
        size_t block_bytes = random_below(2) ? 0 : 1 + random_below(3000);
        result expected = {0}, actual = {0};

        if (is_plain) {
            file.n = 0;
            append(&file, text, n);
        } else {
            pack(&file, text, n, random_below(2) ? 300 : 6000);
        }
        put(p, &file);
        expected = read_in_order(p);
        actual = read_by_ranges(p, n_threads, 1 + random_below(4000), block_bytes);
        assert_int_equal(actual.status, HST_OK);
        if (actual.is_whole) {
            assert_same(&expected, &actual);
            n_whole++;
            n_odd_whole[is_plain] += is_odd && actual.n_ranges > 1;
        }
        assert_true(actual.is_whole || is_odd); /* good rows never need another reading */
        free(expected.segment.data);
        free(actual.segment.data);
    }
    assert_true(n_whole > N_FILES / 2);
    assert_true(n_odd_whole[0] > N_FILES / 20);
    assert_true(n_odd_whole[1] > N_FILES / 20);
    free(file.data);
    free(text);
}

/* A file of n rows, in so many members; of none: plain text. */
static void make_file(bytes *gz, unsigned n_rows, unsigned n_members, header_kind kind)
{
    size_t capacity = sizeof REQUIRED_HEADER + 1 + 160 * (size_t)n_rows, n = 0, at = 0;
    char *text = malloc(capacity);

    assert_non_null(text);
    n = (size_t)sprintf(text, REQUIRED_HEADER "\n");
    for (unsigned row = 0; row < n_rows; row++) {
        n += add_row(text + n, row);
        assert_true(n < capacity);
    }
    gz->n = 0;
    append(gz, text, n_members == 0 ? n : 0);
    for (unsigned k = 1; k <= n_members; k++) {
        size_t end = (size_t)((uint64_t)n * k / n_members);

        add_member(gz, text + at, end - at, kind, 1);
        at = end;
    }
    free(text);
}

/* Thousands of members in ranges of a few; and ranges that do not fit into memory. */
static void many_members_and_long_ranges(void **state)
{
    static const struct {
        unsigned n_rows, n_members;
        size_t range_bytes;
    } files[] = {{3000, 5000, 1000}, {N_LARGE_ROWS, 2, 1 << 18}, {N_LARGE_ROWS, 0, 9000000}};
    place *p = *state;
    bytes gz = {0};

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        result expected = {0}, actual = {0};

        make_file(&gz, files[i].n_rows, files[i].n_members, NAMED);
        put(p, &gz);
        expected = read_in_order(p);
        actual = read_by_ranges(p, 4, files[i].range_bytes, 0);
        assert_int_equal(actual.status, HST_OK);
        assert_true(actual.is_whole);
        assert_true(actual.n_ranges >= 2);
        assert_same(&expected, &actual);
        free(expected.segment.data);
        free(actual.segment.data);
    }
    free(gz.data);
}

/* Truncated or with a bit turned, anywhere: whatever reading in order refuses is not whole. */
static void damage_is_never_passed_over(void **state)
{
    place *p = *state;
    bytes gz = {0}, cut = {0};
    unsigned n_refused = 0;

    make_file(&gz, 40, 7, BLOCK);
    append(&cut, gz.data, gz.n);
    put(p, &gz); /* the layout is that of the file as it was */
    for (size_t at = 20; at < 2 * gz.n; at += DAMAGE_STEP) { /* not the first magic */
        size_t where = at / 2;
        result expected = {0}, actual = {0};

        memcpy(cut.data, gz.data, gz.n);
        cut.data[where] ^= (unsigned char)(1u << at % 8);
        cut.n = at % 2 ? where : gz.n;
        put(p, &cut);
        expected = read_in_order(p);
        actual = read_by_ranges(p, 3, 100, 0);
        if (expected.status != HST_OK) {
            assert_false(actual.is_whole);
            n_refused++;
        } else if (actual.is_whole) {
            assert_same(&expected, &actual);
        }
        free(expected.segment.data);
        free(actual.segment.data);
    }
    assert_true(n_refused > gz.n / DAMAGE_STEP);
    free(cut.data);
    free(gz.data);
}

/* What is put behind a file: told by reading in order alone. */
static void what_follows_the_last_member_is_seen(void **state)
{
    static const struct {
        const char *after;
        size_t n;
        hst_status expected;
    } ends[] = {
        {"\0\0\0\0", 4, HST_OK},
        {"\nEND", 4, HST_ERR_INPUT},
        {"\0\0\x1f\x8b", 4, HST_ERR_INPUT},
        {"\x1f", 1, HST_ERR_INPUT},
        {"\x1f\x8b\x08\0\0\0\0\0\0\3\x07\xff\xff", 13, HST_ERR_INPUT},
        {"\x1f\x8b\x08\0\0\0\0\0\0\3\x03\0\1\0\0\0\0\0\0\0", 20, HST_ERR_INPUT},
    };
    place *p = *state;
    bytes gz = {0};

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        result expected = {0}, actual = {0};

        make_file(&gz, 40, 3, PLAIN);
        append(&gz, ends[i].after, ends[i].n);
        put(p, &gz);
        expected = read_in_order(p);
        actual = read_by_ranges(p, 2, 100, 0);
        assert_int_equal(expected.status, ends[i].expected);
        assert_int_equal(actual.status, HST_OK);
        assert_int_equal(actual.is_whole, ends[i].expected == HST_OK);
        free(expected.segment.data);
        free(actual.segment.data);
    }
    free(gz.data);
}

/* A row that holds a whole gzip member, in a member that is stored as it is. */
static void a_member_inside_a_member_is_none(void **state)
{
    place *p = *state;
    bytes inner = {0}, text = {0}, gz = {0};
    result expected = {0}, actual = {0};
    char row[300];

    add_member(&inner, GOOD_ROW "\n", strlen(GOOD_ROW) + 1, PLAIN, 9);
    append(&text, REQUIRED_HEADER "\n", strlen(REQUIRED_HEADER) + 1);
    for (unsigned k = 0; k < 60; k++) {
        append(&text, row, add_row(row, k));
        append(&text, inner.data, k % 20 == 19 ? inner.n : 0);
    }
    add_member(&gz, text.data, text.n, PLAIN, 0);
    add_member(&gz, text.data, text.n, PLAIN, 0);
    put(p, &gz);
    expected = read_in_order(p);
    assert_int_equal(expected.status, HST_OK);
    for (unsigned k = 0; k < 10; k++) { /* whoever looks for members comes first, or who reads */
        actual = read_by_ranges(p, 3, 400, 0);
        if (actual.is_whole) {
            assert_same(&expected, &actual);
        }
        free(actual.segment.data);
    }
    free(expected.segment.data);
    free(inner.data);
    free(text.data);
    free(gz.data);
}

/* Plain text cut where a line end is none: the cut that shows it, and the row before it. */
static void a_line_end_in_quotes_is_no_seam(void **state)
{
    static const char quoted[] = "513799999,P1,2009-01-01,2009-01-03,2009-01-01,2009-01-03,1,3,1,1,"
                                 "21,19,19,1,50,R1,\"5,\n5J\",E11\n";
    place *p = *state;
    bytes file = {0};
    char row[300];
    size_t at = 0, line_end = 0;
    result expected = {0};

    append(&file, REQUIRED_HEADER "\n", strlen(REQUIRED_HEADER) + 1);
    for (unsigned k = 0; k < 40; k++) {
        at = k == 20 ? file.n : at;
        append(&file, quoted, k == 20 ? strlen(quoted) : 0);
        append(&file, row, add_row(row, k));
    }
    line_end = at + (size_t)(strchr(quoted, '\n') - quoted);
    put(p, &file);
    expected = read_in_order(p);
    assert_int_equal(expected.status, HST_OK);
    assert_int_equal(expected.info.rows_read, 41);
    for (size_t cut = at - 3; cut < at + strlen(quoted) + 3; cut++) {
        result actual = read_by_ranges(p, 2, cut, 0);

        assert_int_equal(actual.status, HST_OK);
        /* behind the quoted line end any cut is good again: the next is that of the row */
        assert_int_equal(actual.is_whole, cut < at || cut > line_end);
        if (actual.is_whole) {
            assert_same(&expected, &actual);
        }
        free(actual.segment.data);
    }
    free(expected.segment.data);
    free(file.data);
}

/* ---- which files are read so ---- */

/* Files too small for two ranges, and one thread, gain nothing. */
static void plain_text_is_told_by_its_size(void **state)
{
    static const struct {
        unsigned n_rows;
        size_t n_threads;
        bool expected;
    } files[] = {{240000, 2, true}, {240000, 1, false}, {100, 2, false}};
    place *p = *state;
    bytes file = {0};

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        hst_source *source = NULL;
        hst_ranges_job job = {.n_threads = files[i].n_threads};
        bool answer = !files[i].expected;

        make_file(&file, files[i].n_rows, 0, PLAIN);
        put(p, &file);
        assert_int_equal(hst_source_open(&source, p->path, "", HST_INFLATER_AUTO, NULL), HST_OK);
        job.source = source;
        assert_int_equal(hst_ranges_are_there(&answer, &job, NULL), HST_OK);
        assert_int_equal(answer, files[i].expected);
        hst_source_close(source);
    }
    free(file.data);
}

static void members_are_told_by_both_ends(void **state)
{
    static const struct {
        unsigned n_members;
        header_kind kind;
        bool expected;
    } files[] = {{1, PLAIN, false}, {1, BLOCK, true}, {2, NAMED, true}, {8, PLAIN, true}};
    place *p = *state;
    bytes gz = {0};

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        hst_source *source = NULL;
        bool answer = false;

        make_file(&gz, 4000, files[i].n_members, files[i].kind);
        put(p, &gz);
        assert_int_equal(hst_source_open(&source, p->path, "", HST_INFLATER_AUTO, NULL), HST_OK);
        assert_int_equal(
            hst_gunzip_has_members(&answer, hst_source_file(source), HST_INFLATER_AUTO, NULL),
            HST_OK);
        assert_int_equal(answer, files[i].expected);
        hst_source_close(source);
    }
    free(gz.data);
}

static void members_are_found(void **state)
{
    place *p = *state;
    bytes gz = {0};
    hst_source *source = NULL;
    uint64_t found = 0, from = 0;
    unsigned n = 0;

    make_file(&gz, 4000, 9, PLAIN);
    put(p, &gz);
    assert_int_equal(hst_source_open(&source, p->path, "", HST_INFLATER_AUTO, NULL), HST_OK);
    for (;; from = found + 1, n++) {
        assert_int_equal(hst_gunzip_find_member(&found, hst_source_file(source), from, UINT64_MAX,
                                                HST_INFLATER_AUTO, NULL, NULL, NULL),
                         HST_OK);
        if (found == UINT64_MAX) {
            break;
        }
        assert_memory_equal(gz.data + found, "\x1f\x8b\x08", 3);
    }
    assert_int_equal(n, 9);
    hst_source_close(source);
    free(gz.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ranges_give_the_same_segment, make_place, remove_place),
        cmocka_unit_test_setup_teardown(many_members_and_long_ranges, make_place, remove_place),
        cmocka_unit_test_setup_teardown(damage_is_never_passed_over, make_place, remove_place),
        cmocka_unit_test_setup_teardown(what_follows_the_last_member_is_seen, make_place,
                                        remove_place),
        cmocka_unit_test_setup_teardown(a_member_inside_a_member_is_none, make_place, remove_place),
        cmocka_unit_test_setup_teardown(a_line_end_in_quotes_is_no_seam, make_place, remove_place),
        cmocka_unit_test_setup_teardown(plain_text_is_told_by_its_size, make_place, remove_place),
        cmocka_unit_test_setup_teardown(members_are_told_by_both_ends, make_place, remove_place),
        cmocka_unit_test_setup_teardown(members_are_found, make_place, remove_place),
    };

    return cmocka_run_group_tests_name("ingest/ranges", tests, NULL, NULL);
}
