/* Sources: gzip by both inflaters, containers, and every way in which a file is not what it should
 * be. */
#include "tests/support.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>
#include <zlib.h>

#include "hestia/source.h"

typedef struct bytes {
    unsigned char *data;
    size_t n, capacity;
} bytes;

static char folder[] = "/tmp/hestia_test_source_XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

/* Files are named by the test; all go away with the folder. */
static const char *const names[] = {"a.csv", "a.gz",  "a.csv.gz", "a.zip",    "a.zst",
                                    "a.xz",  "a.tar", "a.tar.gz", "a.unknown"};

static const char *path_of(const char *name)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int remove_folder(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        unlink(path_of(names[i]));
    }
    return rmdir(folder);
}

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

static void write_file(const char *name, const void *data, size_t n)
{
    FILE *file = fopen(path_of(name), "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

/* Text like an extract's, that compresses neither too well nor too badly. */
static bytes make_text(size_t n)
{
    bytes text = {malloc(n + 1), n, n + 1};
    uint32_t seed = 2013;

    assert_non_null(text.data);
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525 + 1013904223;
        text.data[i] = (unsigned char)(i % 61 == 60      ? '\n'
                                       : seed >> 30 == 0 ? ','
                                                         : '0' + (seed >> 26) % 16);
    }
    return text;
}

/* gzip */

enum { NAME = 8, EXTRA = 4, COMMENT = 16, HEADER_CRC = 2 };

static void add_member(bytes *gz, const unsigned char *text, size_t n, int flags, size_t n_extra)
{
    unsigned char header[10] = {0x1f, 0x8b, 8, (unsigned char)flags, 1, 2, 3, 4, 0, 3};
    size_t start = gz->n;
    z_stream z = {0};
    bytes deflated = {malloc(n + n / 8 + 64), n + n / 8 + 64, 0};
    uint32_t crc = (uint32_t)crc32(0, text, (uInt)n);

    append(gz, header, sizeof header);
    if (flags & EXTRA) {
        unsigned char length[2] = {(unsigned char)(n_extra & 255), (unsigned char)(n_extra >> 8)};
        append(gz, length, 2);
        for (size_t i = 0; i < n_extra; i++) {
            append(gz, "e", 1);
        }
    }
    append(gz, "name.csv", flags & NAME ? 9 : 0);
    append(gz, "a comment", flags & COMMENT ? 10 : 0);
    if (flags & HEADER_CRC) {
        uint32_t header_crc = (uint32_t)crc32(0, gz->data + start, (uInt)(gz->n - start));
        unsigned char low[2] = {(unsigned char)header_crc, (unsigned char)(header_crc >> 8)};
        append(gz, low, 2);
    }
    assert_non_null(deflated.data);
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (unsigned char *)(uintptr_t)text;
    z.avail_in = (uInt)n;
    z.next_out = deflated.data;
    z.avail_out = (uInt)deflated.n;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    append(gz, deflated.data, z.total_out);
    deflateEnd(&z);
    free(deflated.data);
    for (unsigned k = 0; k < 8; k++) {
        uint64_t trailer = (uint64_t)n << 32 | crc;
        unsigned char byte = (unsigned char)(trailer >> (8 * k));
        append(gz, &byte, 1);
    }
}

/* Reads a stream whole in pieces of `capacity`. */
static hst_status read_all(bytes *out, const char *name, const char *member, hst_inflater inflater,
                           size_t capacity, hst_error *err)
{
    hst_source *source = NULL;
    unsigned char *buffer = malloc(capacity);
    size_t n = 1;
    hst_status status = hst_source_open(&source, path_of(name), member, inflater, err);

    assert_non_null(buffer);
    out->n = 0;
    while (status == HST_OK && n > 0) {
        status = hst_source_read(source, buffer, capacity, &n, err);
        assert_true(n <= capacity);
        append(out, buffer, status == HST_OK ? n : 0);
    }
    if (status == HST_OK) {
        uint8_t digest[16], alone[16];
        hst_source_digest(source, digest);
        assert_int_equal(hst_source_file_digest(path_of(name), member, alone, err), HST_OK);
        assert_memory_equal(digest, alone, sizeof digest);
        if (hst_source_packing(source) != HST_PACKING_ARCHIVE) {
            assert_int_equal(hst_source_position(source), hst_source_size(source));
        }
    }
    hst_source_close(source);
    free(buffer);
    return status;
}

/* AUTO is ISA-L where the build has it. */
static const hst_inflater inflaters[] = {HST_INFLATER_AUTO, HST_INFLATER_ZLIB};
enum { N_INFLATERS = sizeof inflaters / sizeof *inflaters };

static void expect_text(const bytes *gz, const bytes *text, size_t capacity)
{
    bytes out = {0};
    hst_error err = {0};

    write_file("a.csv.gz", gz->data, gz->n);
    for (size_t i = 0; i < N_INFLATERS; i++) {
        assert_int_equal(read_all(&out, "a.csv.gz", "", inflaters[i], capacity, &err), HST_OK);
        assert_int_equal(out.n, text->n);
        assert_memory_equal(out.data, text->data, text->n);
    }
    free(out.data);
}

static void gzip_members_follow_each_other(void **state)
{
    static const size_t capacities[] = {1 << 18, 1000, 65536 + 1};
    bytes text = make_text(1200000), gz = {0};

    (void)state;
    add_member(&gz, text.data, 700001, NAME | HEADER_CRC, 0);
    add_member(&gz, text.data + 700001, 0, COMMENT, 0);
    add_member(&gz, text.data + 700001, 1, EXTRA | HEADER_CRC, 300);
    add_member(&gz, text.data + 700002, text.n - 700002, NAME | COMMENT | EXTRA | HEADER_CRC, 1);
    for (size_t i = 0; i < 3; i++) {
        expect_text(&gz, &text, capacities[i]);
    }
    append(&gz, "\0\0\0\0\0\0\0", 7); /* padding, as tapes leave it */
    expect_text(&gz, &text, 1 << 18);
    free(gz.data);
    free(text.data);
}

/* Many small blocks, so that headers and trailers lie across every edge of the input buffer. */
static void bgzip_blocks_lie_across_the_buffer(void **state)
{
    bytes text = make_text(900000);

    (void)state;
    for (size_t shift = 0; shift < 24; shift += 7) {
        bytes gz = {0};
        size_t at = 0;
        add_member(&gz, text.data, 0, EXTRA, shift);
        while (at < text.n) {
            size_t n = text.n - at < 37 + at % 5 ? text.n - at : 37 + at % 5;
            add_member(&gz, text.data + at, at < 200000 ? n : text.n - at, EXTRA, 6);
            at = at < 200000 ? at + n : text.n;
        }
        expect_text(&gz, &text, 1 << 18);
        free(gz.data);
    }
    free(text.data);
}

static void small_reads_give_the_same_text(void **state)
{
    bytes text = make_text(3000), gz = {0};

    (void)state;
    add_member(&gz, text.data, 1000, 0, 0);
    add_member(&gz, text.data + 1000, 2000, NAME, 0);
    expect_text(&gz, &text, 1);
    expect_text(&gz, &text, 7);
    free(gz.data);
    free(text.data);
}

static void every_truncation_is_found(void **state)
{
    bytes text = make_text(150), gz = {0}, out = {0};
    size_t first = 0;
    hst_error err = {0};

    (void)state;
    add_member(&gz, text.data, 100, NAME | HEADER_CRC, 0);
    first = gz.n;
    add_member(&gz, text.data + 100, 50, 0, 0);
    for (size_t n = 0; n < gz.n; n++) {
        write_file("a.csv.gz", gz.data, n);
        for (size_t i = 0; i < N_INFLATERS; i++) {
            hst_status expected = n == first ? HST_OK : HST_ERR_INPUT;
            assert_int_equal(read_all(&out, "a.csv.gz", "", inflaters[i], 4096, &err), expected);
            if (n > 2 && n != first) {
                assert_non_null(strstr(err.message, "truncated"));
                assert_non_null(strstr(err.message, "a.csv.gz"));
                assert_non_null(strstr(err.message, "at byte "));
            }
        }
    }
    free(gz.data);
    free(text.data);
    free(out.data);
}

/* Harmless are time, name, the fill of deflate's last byte, and with ISA-L a code that is defined
 * but not used: the text and its CRC are then the same. */
static void every_flipped_bit_is_found_or_harmless(void **state)
{
    bytes text = make_text(60), gz = {0}, out = {0};
    size_t n_harmless = 0;

    (void)state;
    add_member(&gz, text.data, text.n, NAME, 0);
    for (size_t bit = 0; bit < 8 * gz.n; bit++) {
        gz.data[bit / 8] ^= (unsigned char)(1u << bit % 8);
        write_file("a.csv.gz", gz.data, gz.n);
        for (size_t i = 0; i < N_INFLATERS; i++) {
            hst_error err = {0};
            hst_status status = read_all(&out, "a.csv.gz", "", inflaters[i], 4096, &err);
            if (status == HST_OK) {
                assert_int_equal(out.n, text.n);
                assert_memory_equal(out.data, text.data, text.n);
                n_harmless++;
            } else {
                assert_int_equal(status, HST_ERR_INPUT);
                assert_true(err.message[0] != '\0');
            }
        }
        gz.data[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    assert_true(n_harmless < N_INFLATERS * 8 * 18); /* no more than flags, time, system and name */
    free(gz.data);
    free(text.data);
    free(out.data);
}

static struct damage {
    const char *name;
    const char *after; /* bytes put behind a good member */
    size_t n_after;
    const char *message;
} damages[] = {
    {"garbage after the last member", "\nEND", 4, "garbage after the end"},
    {"garbage after padding", "\0\0x", 3, "garbage after the end"},
    {"one member's first byte only", "\x1f", 1, "truncated"},
    {"half a magic", "\x1f\x8c", 2, "something else than a gzip member"},
    {"another method", "\x1f\x8b\x09", 3, "compression method"},
    {"reserved flags", "\x1f\x8b\x08\x80", 4, "unknown flags"},
    {"wrong header CRC", "\x1f\x8b\x08\x02\0\0\0\0\0\3\0\0", 12, "header is damaged"},
    {"not deflate", "\x1f\x8b\x08\0\0\0\0\0\0\3\x07\xff\xff", 13, "not deflate"},
    {"wrong CRC", "\x1f\x8b\x08\0\0\0\0\0\0\3\x03\0\1\0\0\0\0\0\0\0", 20, "wrong CRC"},
    {"wrong length", "\x1f\x8b\x08\0\0\0\0\0\0\3\x03\0\0\0\0\0\1\0\0\0", 20, "wrong length"},
};

static void damage_is_told_after_the_text_before_it(void **state)
{
    const struct damage *d = *state;
    bytes text = make_text(500), gz = {0}, out = {0};

    add_member(&gz, text.data, text.n, 0, 0);
    append(&gz, d->after, d->n_after);
    write_file("a.csv.gz", gz.data, gz.n);
    for (size_t i = 0; i < N_INFLATERS; i++) {
        hst_error err = {0};
        assert_int_equal(read_all(&out, "a.csv.gz", "", inflaters[i], 4096, &err), HST_ERR_INPUT);
        assert_int_equal(out.n, text.n);
        assert_memory_equal(out.data, text.data, text.n);
        assert_non_null(strstr(err.message, d->message));
        assert_non_null(strstr(err.message, "copy the file again"));
    }
    free(gz.data);
    free(text.data);
    free(out.data);
}

/* Names and contents */

static struct name_case {
    const char *name;
    const char *file;
    const char *content;
    size_t n;
    hst_status expected;
    const char *message;
} name_cases[] = {
    {"plain text", "a.csv", "a,b\n", 4, HST_OK, ""},
    {"plain text of any name", "a.unknown", "a,b\n", 4, HST_OK, ""},
    {"empty file", "a.csv", "", 0, HST_ERR_INPUT, "is empty"},
    {"text called gz", "a.csv.gz", "a,b\n", 4, HST_ERR_INPUT,
     "is gzip by its name, but plain text by its content"},
    {"text called zip", "a.zip", "a,b\n", 4, HST_ERR_INPUT, "is zip by its name"},
    {"text called zst", "a.zst", "a,b\n", 4, HST_ERR_INPUT, "is zstd by its name"},
    {"text called xz", "a.xz", "a,b\n", 4, HST_ERR_INPUT, "is xz by its name"},
    {"text called tar", "a.tar", "a,b\n", 4, HST_ERR_INPUT, "is tar by its name"},
    {"gzip called csv", "a.csv", "\x1f\x8b\x08", 3, HST_ERR_INPUT, "but gzip by its content"},
    {"zip called csv", "a.csv", "PK\x03\x04", 4, HST_ERR_INPUT, "but zip by its content"},
    {"zstd called csv", "a.csv", "\x28\xb5\x2f\xfd", 4, HST_ERR_INPUT, "but zstd by its content"},
    {"xz called csv", "a.csv", "\xfd\x37zXZ\0", 6, HST_ERR_INPUT, "but xz by its content"},
    {"bzip2", "a.unknown", "BZh91AY", 7, HST_ERR_INPUT, "packed with bzip2"},
    {"7-Zip", "a.unknown", "7z\xbc\xaf\x27\x1c", 6, HST_ERR_INPUT, "packed with 7-Zip"},
    {"damaged zip", "a.zip", "PK\x03\x04zzzz", 8, HST_ERR_INPUT, "cannot be unpacked"},
    {"damaged zstd", "a.zst", "\x28\xb5\x2f\xfdzz", 6, HST_ERR_INPUT, "cannot be unpacked"},
};

static void name_and_content_agree(void **state)
{
    const struct name_case *c = *state;
    bytes out = {0};
    char **members = NULL;
    size_t n = 0;
    hst_error err = {0}, members_err = {0};

    write_file(c->file, c->content, c->n);
    assert_int_equal(read_all(&out, c->file, "", HST_INFLATER_AUTO, 64, &err), c->expected);
    assert_int_equal(hst_source_members(&members, &n, path_of(c->file), &members_err) == HST_OK,
                     c->expected == HST_OK);
    if (c->expected == HST_OK) {
        assert_int_equal(n, 1);
        assert_string_equal(members[0], "");
        assert_int_equal(out.n, c->n);
    } else {
        assert_non_null(strstr(err.message, c->message));
    }
    hst_source_free_members(members, n);
    free(out.data);
}

static void absent_or_no_file_is_said(void **state)
{
    hst_source *source = NULL;
    uint8_t digest[16];
    hst_error err = {0};

    (void)state;
    assert_int_equal(hst_source_open(&source, path_of("b.csv"), "", HST_INFLATER_AUTO, &err),
                     HST_ERR_USAGE);
    assert_non_null(strstr(err.message, "b.csv cannot be opened: No such file"));
    assert_int_equal(hst_source_open(&source, folder, "", HST_INFLATER_AUTO, &err), HST_ERR_USAGE);
    assert_non_null(strstr(err.message, "is not a file"));
    assert_int_equal(hst_source_file_digest(path_of("b.csv"), "", digest, &err), HST_ERR_USAGE);
    write_file("a.csv", "a", 1);
    assert_int_equal(hst_source_open(&source, path_of("a.csv"), "x", HST_INFLATER_AUTO, &err),
                     HST_ERR_USAGE);
    assert_non_null(strstr(err.message, "has no member `x`"));
    if (geteuid() != 0) {
        assert_int_equal(chmod(path_of("a.csv"), 0), 0);
        assert_int_equal(hst_source_open(&source, path_of("a.csv"), "", HST_INFLATER_AUTO, &err),
                         HST_ERR_SYSTEM);
        assert_non_null(strstr(err.message, "Permission denied"));
    }
    assert_null(source);
}

/* Containers */

typedef struct member {
    const char *name;
    const void *data;
    size_t n;
} member;

/* Writes a container; `filter` and `format` as libarchive calls them. */
static void write_archive(const char *name, const char *format, const char *filter,
                          const member *members, size_t n)
{
    struct archive *archive = archive_write_new();

    assert_int_equal(archive_write_set_format_by_name(archive, format), ARCHIVE_OK);
    if (filter) {
        assert_int_equal(archive_write_add_filter_by_name(archive, filter), ARCHIVE_OK);
    }
    assert_int_equal(archive_write_open_filename(archive, path_of(name)), ARCHIVE_OK);
    for (size_t i = 0; i < n; i++) {
        bool is_folder = members[i].name[strlen(members[i].name) - 1] == '/';
        struct archive_entry *entry = archive_entry_new();
        archive_entry_set_pathname(entry, members[i].name);
        archive_entry_set_size(entry, (la_int64_t)members[i].n);
        archive_entry_set_filetype(entry, is_folder ? AE_IFDIR : AE_IFREG);
        archive_entry_set_perm(entry, 0600);
        assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
        assert_int_equal(archive_write_data(archive, members[i].data, members[i].n), members[i].n);
        archive_entry_free(entry);
    }
    assert_int_equal(archive_write_close(archive), ARCHIVE_OK);
    assert_int_equal(archive_write_free(archive), ARCHIVE_OK);
}

static bytes read_file(const char *name)
{
    FILE *file = fopen(path_of(name), "rb");
    bytes b = {malloc(1 << 22), 0, 1 << 22};

    assert_non_null(file);
    assert_non_null(b.data);
    b.n = fread(b.data, 1, 1 << 22, file);
    assert_int_equal(fclose(file), 0);
    return b;
}

static struct container {
    const char *name;
    const char *file, *format, *filter;
    bool has_names;
} containers[] = {
    {"zip", "a.zip", "zip", NULL, true},
    {"tar", "a.tar", "pax", NULL, true},
    {"tar in gzip", "a.tar.gz", "pax", "gzip", true},
    {"zstd", "a.zst", "raw", "zstd", false},
    {"xz", "a.xz", "raw", "xz", false},
};

static void container_gives_its_members(void **state)
{
    const struct container *c = *state;
    bytes text = make_text(300000), out = {0};
    const member members[] = {{"folder/", "", 0},
                              {"__MACOSX/._apc.csv", "junk", 4},
                              {"folder/apc.csv", text.data, text.n},
                              {"op.txt", text.data, 1000}};
    char **found = NULL;
    size_t n = 0;
    hst_error err = {0};

    write_archive(c->file, c->format, c->filter, c->has_names ? members : members + 2,
                  c->has_names ? 4 : 1);
    assert_int_equal(hst_source_members(&found, &n, path_of(c->file), &err), HST_OK);
    assert_int_equal(n, c->has_names ? 2 : 1);
    assert_string_equal(found[0], c->has_names ? "folder/apc.csv" : "");
    assert_int_equal(read_all(&out, c->file, found[0], HST_INFLATER_AUTO, 40000, &err), HST_OK);
    assert_int_equal(out.n, text.n);
    assert_memory_equal(out.data, text.data, text.n);
    if (c->has_names) {
        assert_int_equal(read_all(&out, c->file, found[1], HST_INFLATER_AUTO, 77, &err), HST_OK);
        assert_int_equal(out.n, 1000);
        assert_int_equal(read_all(&out, c->file, "ae.csv", HST_INFLATER_AUTO, 77, &err),
                         HST_ERR_USAGE);
        assert_non_null(strstr(err.message, "has no member `ae.csv`"));
    }
    hst_source_free_members(found, n);
    free(out.data);
    free(text.data);
}

/* pzstd begins a file with the length of what follows, in a frame that readers skip. */
static void zstd_may_begin_with_a_frame_to_skip(void **state)
{
    static const char skipped[] = {0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 'a', ',', 'b', '\n'};
    bytes text = make_text(300000), packed = {0}, out = {0};
    const member members[] = {{"apc.csv", text.data, text.n}};
    hst_error err = {0};

    (void)state;
    write_archive("a.zst", "raw", "zstd", members, 1);
    packed = read_file("a.zst");
    memmove(packed.data + sizeof skipped, packed.data, packed.n);
    memcpy(packed.data, skipped, sizeof skipped);
    write_file("a.zst", packed.data, packed.n + sizeof skipped);
    assert_int_equal(read_all(&out, "a.zst", "", HST_INFLATER_AUTO, 40000, &err), HST_OK);
    assert_int_equal(out.n, text.n);
    assert_memory_equal(out.data, text.data, text.n);
    free(packed.data);
    free(out.data);
    free(text.data);
}

static void cut_container_is_an_error(void **state)
{
    const struct container *c = *state;
    bytes text = make_text(300000), packed = {0}, out = {0};
    const member members[] = {{"apc.csv", text.data, text.n}};
    hst_error err = {0};

    write_archive(c->file, c->format, c->filter, members, 1);
    packed = read_file(c->file);
    for (size_t k = 1; k < 5; k++) {
        write_file(c->file, packed.data, packed.n * k / 5);
        assert_int_equal(read_all(&out, c->file, c->has_names ? "apc.csv" : "", HST_INFLATER_AUTO,
                                  1 << 16, &err),
                         HST_ERR_INPUT);
        assert_non_null(strstr(err.message, c->file));
    }
    free(packed.data);
    free(out.data);
    free(text.data);
}

/* Sets bits in a field of the local header and of the central directory. */
static void patch_zip(bytes *zip, size_t local_at, unsigned char value)
{
    for (size_t i = 0; i + 4 < zip->n; i++) {
        if (memcmp(zip->data + i, "PK\3\4", 4) == 0) {
            zip->data[i + local_at] = value;
        } else if (memcmp(zip->data + i, "PK\1\2", 4) == 0) {
            zip->data[i + local_at + 2] = value;
        }
    }
}

static struct zip_case {
    const char *name;
    size_t local_at;
    unsigned char value;
    const char *message;
} zip_cases[] = {
    {"encrypted member", 6, 9, "a.zip:apc.csv is encrypted"},
    {"Deflate64 member", 8, 9, "a.zip:apc.csv is packed with Deflate64"},
};

static void zip_member_is_refused_by_name(void **state)
{
    const struct zip_case *c = *state;
    bytes text = make_text(5000), zip = {0}, out = {0};
    const member members[] = {{"apc.csv", text.data, text.n}};
    char **found = NULL;
    size_t n = 0;
    hst_error err = {0};

    write_archive("a.zip", "zip", NULL, members, 1);
    zip = read_file("a.zip");
    patch_zip(&zip, c->local_at, c->value);
    write_file("a.zip", zip.data, zip.n);
    assert_int_equal(hst_source_members(&found, &n, path_of("a.zip"), &err), HST_ERR_INPUT);
    assert_non_null(strstr(err.message, c->message));
    assert_null(found);
    assert_int_equal(read_all(&out, "a.zip", "apc.csv", HST_INFLATER_AUTO, 512, &err),
                     HST_ERR_INPUT);
    assert_non_null(strstr(err.message, c->message));
    free(zip.data);
    free(out.data);
    free(text.data);
}

static void zip_with_a_wrong_crc_is_an_error(void **state)
{
    bytes text = make_text(5000), zip = {0}, out = {0};
    const member members[] = {{"apc.csv", text.data, text.n}};
    hst_error err = {0};

    (void)state;
    write_archive("a.zip", "zip", NULL, members, 1);
    zip = read_file("a.zip");
    zip.data[zip.n / 2] ^= 0x10;
    write_file("a.zip", zip.data, zip.n);
    assert_int_equal(read_all(&out, "a.zip", "apc.csv", HST_INFLATER_AUTO, 512, &err),
                     HST_ERR_INPUT);
    free(zip.data);
    free(out.data);
    free(text.data);
}

static void zip_members_have_names_of_their_own(void **state)
{
    const member twins[] = {{"apc.csv", "a", 1}, {"apc.csv", "b", 1}};
    const member none[] = {{"folder/", "", 0}};
    char **found = NULL;
    size_t n = 0;
    hst_error err = {0};

    (void)state;
    write_archive("a.zip", "zip", NULL, twins, 2);
    assert_int_equal(hst_source_members(&found, &n, path_of("a.zip"), &err), HST_ERR_INPUT);
    assert_non_null(strstr(err.message, "two members called `apc.csv`"));
    write_archive("a.zip", "zip", NULL, none, 1);
    assert_int_equal(hst_source_members(&found, &n, path_of("a.zip"), &err), HST_ERR_INPUT);
    assert_non_null(strstr(err.message, "holds no file"));
}

#define N(rows) (sizeof(rows) / sizeof *(rows))
#define ADD(rows, function)                                                                        \
    for (size_t i = 0; i < N(rows); i++) {                                                         \
        tests[n++] = (struct CMUnitTest){                                                          \
            .name = rows[i].name, .test_func = function, .initial_state = &rows[i]};               \
    }

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(gzip_members_follow_each_other),
        cmocka_unit_test(bgzip_blocks_lie_across_the_buffer),
        cmocka_unit_test(small_reads_give_the_same_text),
        cmocka_unit_test(every_truncation_is_found),
        cmocka_unit_test(every_flipped_bit_is_found_or_harmless),
        cmocka_unit_test(absent_or_no_file_is_said),
        cmocka_unit_test(zstd_may_begin_with_a_frame_to_skip),
        cmocka_unit_test(zip_with_a_wrong_crc_is_an_error),
        cmocka_unit_test(zip_members_have_names_of_their_own),
    };
    struct CMUnitTest
        tests[N(others) + N(damages) + N(name_cases) + 2 * N(containers) + N(zip_cases)] = {0};
    size_t n = 0;

    memcpy(tests, others, sizeof others);
    n = N(others);
    ADD(damages, damage_is_told_after_the_text_before_it)
    ADD(name_cases, name_and_content_agree)
    ADD(containers, container_gives_its_members)
    ADD(containers, cut_container_is_an_error)
    ADD(zip_cases, zip_member_is_refused_by_name)
    return cmocka_run_group_tests_name("ingest/source", tests, make_folder, remove_folder);
}
