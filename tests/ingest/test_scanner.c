/* The scanner against libcsv, on random and hostile text, and its own rules where libcsv has none.
 */
#include "tests/support.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <csv.h>

#include "hestia/scanner.h"

/* A text, and what a parser made of it, written out so that results compare as bytes: fields end
 * with \x1f, records with \x1e. */
typedef struct text {
    char *bytes;
    size_t n, capacity;
} text;

static void add(text *t, const void *bytes, size_t n)
{
    if (t->n + n > t->capacity) {
        t->capacity = 2 * (t->n + n) + 64;
        t->bytes = realloc(t->bytes, t->capacity);
        assert_non_null(t->bytes);
    }
    if (n > 0) {
        memcpy(t->bytes + t->n, bytes, n);
    }
    t->n += n;
}

static void add_string(text *t, const char *string)
{
    add(t, string, strlen(string));
}

/* A file of its own for each test program. */
static char file_path[] = "/tmp/hestia_test_scanner_XXXXXX";

static int make_file(void **state)
{
    int fd = mkstemp(file_path);

    (void)state;
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(file_path);
}

static void write_file(const text *t)
{
    FILE *file = fopen(file_path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(t->bytes, 1, t->n, file), t->n);
    assert_int_equal(fclose(file), 0);
}

/* libcsv's view */

typedef struct oracle {
    text out;
    bool is_open; /* the last record ends in an open quote: the scanner calls that a fault */
    size_t n_before_open;
} oracle;

static void field_seen(void *bytes, size_t n, void *context)
{
    oracle *o = context;

    add(&o->out, bytes, n);
    add(&o->out, "\x1f", 1);
}

static void record_seen(int end, void *context)
{
    oracle *o = context;

    (void)end;
    add(&o->out, "\x1e", 1);
    o->n_before_open = o->out.n;
}

static void ask_libcsv(oracle *o, const text *t, char separator)
{
    enum { FIELD_BEGUN = 2 }; /* libcsv's own number of the state inside a field */
    struct csv_parser parser;
    size_t n_before = 0;

    o->out.n = o->n_before_open = 0;
    assert_int_equal(csv_init(&parser, 0), 0);
    csv_set_delim(&parser, (unsigned char)separator);
    assert_int_equal(csv_parse(&parser, t->bytes, t->n, field_seen, record_seen, o), t->n);
    n_before = o->n_before_open;
    o->is_open = parser.quoted && parser.pstate == FIELD_BEGUN;
    csv_fini(&parser, field_seen, record_seen, o);
    if (o->is_open) {
        o->out.n = n_before;
    }
    csv_free(&parser);
}

/* The scanner's view */

typedef struct way {
    hst_scan_kernel kernel;
    size_t block_bytes;
    bool overlap;
} way;

static void add_record(text *out, const hst_record *record)
{
    static char value[2 * HST_MAX_RECORD_BYTES];

    for (size_t i = 0; i < record->n_fields; i++) {
        size_t n = hst_record_value(record, i, value, sizeof value);
        assert_true(n <= sizeof value);
        add(out, value, n);
        add(out, "\x1f", 1);
    }
    add(out, "\x1e", 1);
}

/* Scans the file; with `verbose` each record is followed by its line and fault. */
static hst_status scan(text *out, const way *w, char separator, size_t n_expected, bool verbose,
                       hst_error *err)
{
    hst_source *source = NULL;
    hst_scanner *scanner = NULL;
    hst_record record;
    bool more = true;
    hst_status status = HST_OK;

    out->n = 0;
    assert_int_equal(hst_source_open(&source, file_path, "", HST_INFLATER_AUTO, err), HST_OK);
    assert_int_equal(
        hst_scanner_create(&scanner, source, separator, w->kernel, w->block_bytes, w->overlap, err),
        HST_OK);
    hst_scanner_expect_fields(scanner, n_expected);
    while (status == HST_OK && more) {
        status = hst_scanner_next(scanner, &record, &more, err);
        if (status != HST_OK || !more) {
            break;
        }
        if (!verbose && record.fault != HST_RECORD_OK) {
            break;
        }
        add_record(out, &record);
        if (verbose) {
            char where[64];
            snprintf(where, sizeof where, "@%llu !%d\x1e", (unsigned long long)record.line,
                     (int)record.fault);
            add_string(out, where);
        }
    }
    hst_scanner_free(scanner);
    hst_source_close(source);
    return status;
}

static void assert_same(const text *actual, const text *expected, const text *input, const way *w)
{
    if (actual->n == expected->n && memcmp(actual->bytes, expected->bytes, actual->n) == 0) {
        return;
    }
    print_error("kernel %d, blocks of %zu, overlap %d differ on %zu bytes:\n", (int)w->kernel,
                w->block_bytes, w->overlap, input->n);
    for (size_t i = 0; i < input->n && i < 4000; i++) {
        print_error("\\x%02x", (unsigned char)input->bytes[i]);
    }
    print_error("\nactual   %.*s\nexpected %.*s\n", (int)actual->n, actual->bytes, (int)expected->n,
                expected->bytes);
    fail();
}

/* Random text */

static uint64_t seed = UINT64_C(20010401);

static unsigned below(unsigned n)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)((seed >> 33) % n);
}

/* Mostly well-formed rows, with a hostile byte `hostility` times in a thousand. */
static void add_random_rows(text *t, size_t n_bytes, char separator, unsigned hostility)
{
    static const char hostile[] = "\"\"\"\"\r\n\r\n\r\r\n\n  \t\t,|a\"\x80\xff";
    static const char *const line_ends[] = {"\n", "\n", "\r\n", "\r"};
    const char *line_end = line_ends[below(4)];
    size_t end = t->n + n_bytes;

    while (t->n < end) {
        bool quoted = below(6) == 0;
        if (quoted) {
            add(t, "\"", 1);
        }
        for (unsigned n = below(8); n > 0; n--) {
            char c = (char)('0' + below(43));
            if (quoted && below(8) == 0) {
                c = below(2) == 0 ? separator : '\n';
            }
            add(t, &c, 1);
            if (quoted && below(12) == 0) {
                add(t, "\"\"", 2);
            }
        }
        if (quoted) {
            add(t, "\"", 1);
        }
        if (below(1000) < hostility) {
            add(t, &hostile[below(sizeof hostile - 1)], 1);
        }
        if (below(9) == 0) {
            add_string(t, line_end);
        } else {
            add(t, &separator, 1);
        }
    }
}

/* Nothing but what a parser can trip over. */
static void add_noise(text *t, size_t n_bytes, char separator)
{
    char alphabet[] = {'"', '"', separator, '\n', '\r', ' ', '\t', 'a', ',', '|'};

    for (size_t i = 0; i < n_bytes; i++) {
        add(t, &alphabet[below(sizeof alphabet)], 1);
    }
}

static const hst_scan_kernel kernels[] = {HST_SCAN_PORTABLE, HST_SCAN_AVX2};

/* Every kernel, some block sizes, with and without the thread, against libcsv. */
static void compare_all_ways(const text *input, char separator, oracle *o, text *out)
{
    static const size_t block_sizes[] = {0, 0, 1, 7, 300, 4096};
    hst_error err = {0};

    write_file(input);
    ask_libcsv(o, input, separator);
    for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++) {
        way w = {kernels[k], below(2) == 0 ? block_sizes[below(6)] : 0, below(4) == 0};
        if (!hst_scan_kernel_is_available(w.kernel)) {
            continue;
        }
        assert_int_equal(scan(out, &w, separator, 0, false, &err), HST_OK);
        assert_same(out, &o->out, input, &w);
    }
}

static void agrees_with_libcsv(void **state)
{
    static const char separators[] = ",|\t";
    oracle o = {0};
    text input = {0}, out = {0};

    (void)state;
    for (unsigned round = 0; round < 2000; round++) {
        char separator = separators[below(3)];
        input.n = 0;
        if (below(2) == 0) {
            add_noise(&input, 1 + below(300), separator);
        } else {
            add_random_rows(&input, 1 + below(1500), separator, below(4) == 0 ? 0 : below(200));
        }
        compare_all_ways(&input, separator, &o, &out);
    }
    free(input.bytes);
    free(out.bytes);
    free(o.out.bytes);
}

/* The kernel works in passages of 4 KiB: each of these lies across the seam at every place. */
static void agrees_with_libcsv_across_passages(void **state)
{
    static const char *const snippets[] = {
        ",\"a\"x,\n",     ",\"\"x,\n",       "x\"y,\"z\"\n",       "x\"y,z\",w\n",
        ",x\rz,\n",       "\r\n,\"a\"\r\n,", ",\"a\" ,\n",         ", \"a\",\n",
        ",\"a\"\"b\",\n", ",\"a\nb\",c\n",   ",\"a,b,c,d,e\",f\n", ",\"\"\"\"\"\",\n",
        ",\"a\r\"\n",     "\n\r\n\r",        ",\"\",\"\",\"\"\n"};
    oracle o = {0};
    text input = {0}, out = {0};

    (void)state;
    for (size_t s = 0; s < sizeof snippets / sizeof *snippets; s++) {
        for (size_t before = 0; before <= strlen(snippets[s]); before++) {
            input.n = 0;
            while (input.n + 4 < 4096 - before) {
                add_string(&input, "1,x\n");
            }
            while (input.n < 4096 - before) {
                add_string(&input, "y");
            }
            add_string(&input, snippets[s]);
            for (unsigned k = 0; k < 90; k++) {
                add_string(&input, "ab,\"c\"\n");
            }
            compare_all_ways(&input, ',', &o, &out);
        }
    }
    free(input.bytes);
    free(out.bytes);
    free(o.out.bytes);
}

static void agrees_with_libcsv_on_long_text(void **state)
{
    oracle o = {0};
    text input = {0}, out = {0};

    (void)state;
    for (unsigned round = 0; round < 4; round++) {
        input.n = 0;
        add_random_rows(&input, 1500000, ',', round == 0 ? 0 : round);
        add_string(&input, "\n");
        compare_all_ways(&input, ',', &o, &out);
    }
    free(input.bytes);
    free(out.bytes);
    free(o.out.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_libcsv),
        cmocka_unit_test(agrees_with_libcsv_across_passages),
        cmocka_unit_test(agrees_with_libcsv_on_long_text),
    };

    return cmocka_run_group_tests_name("ingest/scanner", tests, make_file, remove_file);
}
