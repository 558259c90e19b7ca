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

/* Record, line and fault as the tests write them: "a|b|@3 ragged;"; NUL is written 0. */
static void describe_record(text *out, const hst_record *record)
{
    static const char *const faults[] = {"", " ragged", " long", " unclosed", " nul"};
    static char value[2 * HST_MAX_RECORD_BYTES];
    char where[64];

    for (size_t i = 0; i < record->n_fields; i++) {
        size_t n = hst_record_value(record, i, value, sizeof value);
        for (size_t k = 0; k < n; k++) {
            add(out, value[k] == '\0' ? "0" : &value[k], 1);
        }
        add(out, "|", 1);
    }
    snprintf(where, sizeof where, "@%llu%s;", (unsigned long long)record->line,
             faults[record->fault]);
    add_string(out, where);
}

/* What happens to each record; false to stop. */
typedef bool take_record(text *out, const hst_record *record);

static bool take_sound(text *out, const hst_record *record)
{
    if (record->fault == HST_RECORD_OK) {
        add_record(out, record);
    }
    return record->fault == HST_RECORD_OK;
}

static bool take_any(text *out, const hst_record *record)
{
    describe_record(out, record);
    return true;
}

static hst_status scan(text *out, const way *w, char separator, size_t n_expected,
                       take_record *take, hst_error *err)
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
        more = status == HST_OK && more && take(out, &record);
    }
    hst_scanner_free(scanner);
    hst_source_close(source);
    return status;
}

static void assert_same(const text *actual, const text *expected, const text *input, const way *w)
{
    if (actual->n == expected->n &&
        (actual->n == 0 || memcmp(actual->bytes, expected->bytes, actual->n) == 0)) {
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
        assert_int_equal(scan(out, &w, separator, 0, take_sound, &err), HST_OK);
        assert_same(out, &o->out, input, &w);
    }
}

/* Random cases; a sanitizer is five times slower, and sees in fewer of them all there is of memory.
 */
#ifdef HESTIA_SANITIZED
enum { N_SHORT = 300, N_LONG = 2, N_BROKEN = 10 };
#else
enum { N_SHORT = 1500, N_LONG = 4, N_BROKEN = 40 };
#endif

static void agrees_with_libcsv(void **state)
{
    static const char separators[] = ",|\t";
    oracle o = {0};
    text input = {0}, out = {0};

    (void)state;
    for (unsigned round = 0; round < N_SHORT; round++) {
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
    for (unsigned round = 0; round < N_LONG; round++) {
        input.n = 0;
        add_random_rows(&input, 1500000, ',', round == 0 ? 0 : round);
        add_string(&input, "\n");
        compare_all_ways(&input, ',', &o, &out);
    }
    free(input.bytes);
    free(out.bytes);
    free(o.out.bytes);
}

/* Rules of our own, where libcsv has none */

static const size_t some_block_sizes[] = {0, 65536, 1000, 64, 5, 3, 2, 1};
enum { N_BLOCK_SIZES = sizeof some_block_sizes / sizeof *some_block_sizes };

/* Scans every way and checks that all agree with `expected`, or with the first when NULL. */
static void expect_all_ways(const text *input, size_t n_expected, const char *expected,
                            size_t n_block_sizes)
{
    text out = {0}, first = {0};
    hst_error err = {0};

    write_file(input);
    if (expected) {
        add_string(&first, expected);
    }
    for (size_t i = 0; i < 2 * 2 * n_block_sizes; i++) {
        way w = {kernels[i & 1], some_block_sizes[i >> 2], (i & 2) != 0};
        if (!hst_scan_kernel_is_available(w.kernel)) {
            continue;
        }
        assert_int_equal(scan(&out, &w, ',', n_expected, take_any, &err), HST_OK);
        if (i == 0 && !expected) {
            add(&first, out.bytes, out.n);
        }
        assert_same(&out, &first, input, &w);
    }
    free(out.bytes);
    free(first.bytes);
}

static const struct rule {
    const char *name;
    const char *bytes;
    size_t n; /* 0: up to the NUL */
    size_t n_expected;
    const char *expected;
} rules[] = {
    {"lines are counted through blank lines and quotes",
     "a,b\n\n\"c\nd\",e\r\n \r\nf,g\rh,i\n\rj,k", 0, 0, "a|b|@1;c\nd|e|@3;f|g|@6;h|i|@7;j|k|@9;"},
    {"a byte-order mark is skipped", "\xef\xbb\xbf\"A\",B\n1,2\n", 0, 2, "A|B|@1;1|2|@2;"},
    {"half a byte-order mark is text", "\xef\xbb,B\n", 0, 2, "\xef\xbb|B|@1;"},
    {"a byte-order mark alone is nothing", "\xef\xbb\xbf", 0, 2, ""},
    {"ragged rows are told apart", "a,b\nc\nd,e,f\ng,h\n", 0, 2,
     "a|b|@1;c|@2 ragged;d|e|f|@3 ragged;g|h|@4;"},
    {"a stray quote costs one line", "a,\"b\nc,d\ne,\"f\ng,h\n", 0, 2,
     "a|b|@1 unclosed;c|d|@2;e|f|@3 unclosed;g|h|@4;"},
    {"a ragged record within one line is left whole", "a,\"b\"c\",d,e\nf,g\n", 0, 2,
     "a|b\"c|d|e|@1 ragged;f|g|@2;"},
    {"a quote left open at the end", "a,b\nc,\"d", 0, 2, "a|b|@1;c|d|@2 unclosed;"},
    {"a quote left open, then more lines", "a,\"b\r\nc,d\r\n", 0, 2, "a|b|@1 unclosed;c|d|@2;"},
    {"a quote left open at a lone CR", "a,\"b\rc,d", 0, 2, "a|b|@1 unclosed;c|d|@2;"},
    {"a record over two lines is whole", "a,\"b\nc\"\nd,e\n", 0, 2, "a|b\nc|@1;d|e|@3;"},
    {"NUL marks its record", "a,b\nc\0,d\ne,f\n\0", 14, 2, "a|b|@1;c0|d|@2 nul;e|f|@3;0|@4 nul;"},
    {"NUL in a line that is cut", "a,\"\0\nb,c,d\"\ne,f,g\n", 18, 3,
     "a|0|@1 nul;b|c|d\"|@2;e|f|g|@3;"},
    {"a ragged record over lines is cut", "a,\"b\nc,d\",\"e\nf,g\"\n", 0, 2,
     "a|b|@1 ragged;c|d\"|e|@2 ragged;f|g\"|@3;"},
    {"nothing but line ends", "\n\r\n\r \t\n", 0, 2, ""},
};

static void rule_holds(void **state)
{
    const struct rule *r = *state;
    text input = {0};

    add(&input, r->bytes, r->n == 0 ? strlen(r->bytes) : r->n);
    expect_all_ways(&input, r->n_expected, r->expected, N_BLOCK_SIZES);
    free(input.bytes);
}

static void add_many(text *t, const char *bytes, size_t times)
{
    while (times-- > 0) {
        add_string(t, bytes);
    }
}

static void longest_record_is_exact(void **state)
{
    static const char *const line_ends[] = {"\n", "\r\n", "\r", ""};
    text input = {0};

    (void)state;
    for (size_t e = 0; e < 4; e++) {
        for (size_t n = HST_MAX_RECORD_BYTES - 2; n <= HST_MAX_RECORD_BYTES + 2; n++) {
            /* the LF of CR LF counts, since the record is found by it */
            bool fits = n + (e == 1 ? 1 : 0) <= HST_MAX_RECORD_BYTES;
            text expected = {0};
            input.n = 0;
            add_string(&input, "p,q\n,");
            add_many(&input, "x", n - 1);
            add_string(&input, line_ends[e]);
            add_string(&input, e == 3 ? "" : "r,s\n");
            add_string(&expected, "p|q|@1;");
            if (fits) {
                add_string(&expected, "|");
                add_many(&expected, "x", n - 1);
                add_string(&expected, "|@2;");
            } else {
                add_string(&expected, "@2 long;");
            }
            add(&expected, "r|s|@3;", e == 3 ? 0 : 7);
            add(&expected, "", 1);
            expect_all_ways(&input, 2, expected.bytes, 2);
            free(expected.bytes);
        }
    }
    free(input.bytes);
}

static void very_long_line_costs_one_record(void **state)
{
    text input = {0};

    (void)state;
    add_string(&input, "p,q\n");
    add_many(&input, "0123456789,abcdefghi", 500000); /* 10 MB */
    add_string(&input, "\r\nr,s\n");
    expect_all_ways(&input, 2, "p|q|@1;@2 long;r|s|@3;", 3);
    free(input.bytes);
}

static void quote_open_for_too_long_costs_one_line(void **state)
{
    text input = {0}, expected = {0};

    (void)state;
    add_string(&input, "a,\"b\n");
    add_many(&input, "p,q\n", 40000);
    add_string(&expected, "a|b|@1 unclosed;");
    for (unsigned line = 2; line <= 40001; line++) {
        char record[32];
        snprintf(record, sizeof record, "p|q|@%u;", line);
        add_string(&expected, record);
    }
    add(&expected, "", 1);
    expect_all_ways(&input, 2, expected.bytes, 3);
    free(input.bytes);
    free(expected.bytes);
}

static void all_ways_agree_on_broken_text(void **state)
{
    text input = {0};

    (void)state;
    for (unsigned round = 0; round < N_BROKEN; round++) {
        input.n = 0;
        add_random_rows(&input, 1 + below(3000), ',', below(300));
        for (unsigned k = below(4); k > 0 && input.n > 0; k--) {
            input.bytes[below((unsigned)input.n)] = below(2) == 0 ? '\0' : '"';
        }
        expect_all_ways(&input, 1 + below(12), NULL, N_BLOCK_SIZES);
    }
    free(input.bytes);
}

static void fault_of_the_source_comes_after_its_records(void **state)
{
    /* gzip of "a,b\nc,d\ne" cut off before its trailer */
    static const unsigned char cut[] = {0x1f, 0x8b, 8,    0,    0,    0,    0,    0,    0, 3, 0x4b,
                                        0xd4, 0x49, 0xe2, 0x4a, 0xd6, 0x49, 0xe1, 0x4a, 5, 0};
    text input = {0}, out = {0};

    (void)state;
    add(&input, cut, sizeof cut);
    write_file(&input);
    for (unsigned i = 0; i < 4; i++) {
        way w = {HST_SCAN_AUTO, i & 1 ? 1 : 0, (i & 2) != 0};
        hst_error err = {0};
        assert_int_equal(scan(&out, &w, ',', 2, take_any, &err), HST_ERR_INPUT);
        add(&out, "", 1);
        assert_string_equal(out.bytes, "a|b|@1;c|d|@2;");
        assert_non_null(strstr(err.message, "truncated"));
        assert_non_null(strstr(err.message, "up to line 2"));
    }
    free(input.bytes);
    free(out.bytes);
}

static bool take_one(text *out, const hst_record *record)
{
    describe_record(out, record);
    return false;
}

static void scanner_can_be_freed_at_any_time(void **state)
{
    text input = {0}, out = {0};
    hst_error err = {0};

    (void)state;
    add_many(&input, "a,b\n", 300000);
    write_file(&input);
    for (unsigned i = 0; i < 50; i++) {
        way w = {HST_SCAN_AUTO, 1 + below(5000), true};
        assert_int_equal(scan(&out, &w, ',', 2, take_one, &err), HST_OK);
    }
    free(input.bytes);
    free(out.bytes);
}

static void batches_give_the_same_records(void **state)
{
    enum { MANY = 7 };
    text input = {0}, out = {0}, expected = {0};
    hst_record records[MANY];
    hst_source *source = NULL;
    hst_scanner *scanner = NULL;
    hst_error err = {0};
    way w = {HST_SCAN_AUTO, 0, false};
    size_t n = 1;

    (void)state;
    add_random_rows(&input, 100000, ',', 20);
    write_file(&input);
    assert_int_equal(scan(&expected, &w, ',', 9, take_any, &err), HST_OK);
    assert_int_equal(hst_source_open(&source, file_path, "", HST_INFLATER_AUTO, &err), HST_OK);
    assert_int_equal(hst_scanner_create(&scanner, source, ',', HST_SCAN_AUTO, 0, true, &err),
                     HST_OK);
    hst_scanner_expect_fields(scanner, 9);
    while (n > 0) {
        assert_int_equal(hst_scanner_next_batch(scanner, records, MANY, &n, &err), HST_OK);
        for (size_t i = 0; i < n; i++) {
            describe_record(&out, &records[i]);
        }
    }
    assert_same(&out, &expected, &input, &w);
    hst_scanner_free(scanner);
    hst_source_close(source);
    free(input.bytes);
    free(out.bytes);
    free(expected.bytes);
}

static bool count_fault(text *out, const hst_record *record)
{
    out->n += record->fault == HST_RECORD_OK ? 0 : 1;
    return true;
}

/* A look for the end of each open quote costs 64 KiB, so that a file of few bytes could keep a run
 * for days: some 4,100 looks of 65,534 bytes in vain are allowed in a text of that many short
 * lines. */
static void quotes_left_open_have_a_limit(void **state)
{
    enum { N_LINES = 30000 };
    static const way ways[] = {{HST_SCAN_AUTO, 0, true}, {HST_SCAN_PORTABLE, 65536, false}};
    static const struct {
        const char *every; /* line */
        const char *last;
        hst_status status;
        size_t n_faults;
    } files[] = {
        {"\"a\n", "a,b\n", HST_ERR_INPUT, 4099},      /* they never end */
        {"a,\"b\n", "\"\"\n", HST_ERR_INPUT, 4101},   /* all end in the last line */
        {"\"a\nb\"\n", "a,b\n", HST_OK, 2 * N_LINES}, /* in vain, but not far */
    };

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        text input = {0}, out = {0};
        char lines[64];

        for (size_t k = 0; k < N_LINES; k++) {
            add_string(&input, files[i].every);
        }
        add_string(&input, files[i].last);
        write_file(&input);
        for (size_t k = 0; k < sizeof ways / sizeof *ways; k++) {
            hst_error err = {0};

            assert_int_equal(scan(&out, &ways[k], ',', 2, count_fault, &err), files[i].status);
            assert_int_equal(out.n, files[i].n_faults);
            if (files[i].status != HST_OK) {
                assert_non_null(strstr(err.message, file_path));
                snprintf(lines, sizeof lines, "of its first %zu lines", files[i].n_faults + 1);
                assert_non_null(strstr(err.message, lines));
            }
        }
        free(input.bytes);
    }
}

static void create_checks_its_arguments(void **state)
{
    text input = {0};
    hst_source *source = NULL;
    hst_scanner *scanner = NULL;
    hst_error err = {0};

    (void)state;
    add_string(&input, "a,b\n");
    write_file(&input);
    assert_int_equal(hst_source_open(&source, file_path, "", HST_INFLATER_AUTO, &err), HST_OK);
    assert_int_equal(hst_scanner_create(&scanner, source, ';', HST_SCAN_AUTO, 0, false, &err),
                     HST_ERR_ARGUMENT);
    assert_int_equal(
        hst_scanner_create(&scanner, source, ',', HST_SCAN_AUTO, SIZE_MAX, false, &err),
        HST_ERR_RANGE);
    assert_null(scanner);
    hst_scanner_free(scanner);
    hst_source_close(source);
    free(input.bytes);
}

static void value_is_cut_at_its_capacity(void **state)
{
    static const char bytes[] = "  \"a\"\"bc\" \n";
    static const uint32_t ends[] = {UINT32_MAX, sizeof bytes - 2};
    const hst_record record = {.base = bytes, .ends = ends + 1, .n_fields = 1};
    char value[8] = "-------";

    (void)state;
    assert_int_equal(hst_record_value(&record, 0, value, 2), 4);
    assert_memory_equal(value, "a\"-----", 7);
    assert_int_equal(hst_record_value(&record, 0, value, sizeof value), 4);
    assert_memory_equal(value, "a\"bc", 4);
}

int main(void)
{
    enum { N_RULES = sizeof rules / sizeof *rules };
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(agrees_with_libcsv),
        cmocka_unit_test(agrees_with_libcsv_across_passages),
        cmocka_unit_test(agrees_with_libcsv_on_long_text),
        cmocka_unit_test(longest_record_is_exact),
        cmocka_unit_test(very_long_line_costs_one_record),
        cmocka_unit_test(quote_open_for_too_long_costs_one_line),
        cmocka_unit_test(all_ways_agree_on_broken_text),
        cmocka_unit_test(fault_of_the_source_comes_after_its_records),
        cmocka_unit_test(scanner_can_be_freed_at_any_time),
        cmocka_unit_test(batches_give_the_same_records),
        cmocka_unit_test(quotes_left_open_have_a_limit),
        cmocka_unit_test(create_checks_its_arguments),
        cmocka_unit_test(value_is_cut_at_its_capacity),
    };
    enum { N_OTHERS = sizeof others / sizeof *others };
    struct CMUnitTest tests[N_RULES + N_OTHERS] = {0};

    for (size_t i = 0; i < N_RULES; i++) {
        tests[i] = (struct CMUnitTest){
            .name = rules[i].name, .test_func = rule_holds, .initial_state = (void *)&rules[i]};
    }
    memcpy(tests + N_RULES, others, sizeof others);
    return cmocka_run_group_tests_name("ingest/scanner", tests, make_file, remove_file);
}
