/* The orchestrator: what is read, reused, refused, and that threads, blocks and kernels do not
 * change a byte. */
#define _GNU_SOURCE /* nftw */
#include "tests/ingest/ingest_support.h"

enum { N_FILES = 5, ROWS_PER_FILE = 3000 };

/** All partitions of all segments, one after another. */
static char *contents(const struct outcome *o, size_t *n_bytes)
{
    char *bytes = NULL;

    *n_bytes = 0;
    for (size_t i = 0; i < o->inputs->n; i++) {
        hst_segment *segment = NULL;

        assert_int_equal(hst_segment_open(&segment, o->store, o->inputs->items[i].digest,
                                          o->inputs->items[i].layout_key, NULL),
                         HST_OK);
        for (size_t p = 0; p < hst_store_n_partitions(o->store); p++) {
            size_t n = hst_segment_partition_bytes(segment, p);

            bytes = realloc(bytes, *n_bytes + n + 8);
            assert_non_null(bytes);
            assert_int_equal(hst_segment_read(segment, p, bytes + *n_bytes, NULL), HST_OK);
            *n_bytes += n;
        }
        hst_segment_close(segment);
    }
    return bytes;
}

static void forget_segments(const struct place *place)
{
    char command[200];

    snprintf(command, sizeof command, "%s/store/catalogue.json", place->folder);
    unlink(command);
    snprintf(command, sizeof command, "%s/store/segments", place->folder);
    nftw(command, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    assert_int_equal(mkdir(command, 0700), 0);
}

/** Puts rows behind a gzip file, in members of a few rows each. */
static void append_members(const struct place *place, const char *name, unsigned seed,
                           unsigned n_rows)
{
    char path[160];

    snprintf(path, sizeof path, "%s/%s", place->folder, name);
    for (unsigned row = 0; row < n_rows; row += 10) {
        char text[3000] = "";
        gzFile file = gzopen(path, "ab6");

        assert_non_null(file);
        for (unsigned k = 0; k < 10; k++) {
            append_row(text, sizeof text, seed, 50000 + row + k, 200999);
        }
        assert_int_equal(gzwrite(file, text, (unsigned)strlen(text)), (int)strlen(text));
        assert_int_equal(gzclose(file), Z_OK);
    }
}

static void way_of_reading_does_not_change_a_byte(void **state)
{
    static const hst_ingest_options ways[] = {
        {.n_threads = 1, .memory_bytes = 1 << 26},
        {.n_threads = 2, .memory_bytes = 1 << 26},
        {.n_threads = 7, .memory_bytes = 1 << 26},
        {.n_threads = 2, .memory_bytes = 1 << 26, .kernel = HST_SCAN_PORTABLE},
        {.n_threads = 2, .memory_bytes = 1 << 26, .inflater = HST_INFLATER_ZLIB},
        {.n_threads = 7, .memory_bytes = 1 << 26, .block_bytes = 1000},
        {.n_threads = 4 * N_FILES, .memory_bytes = 1 << 26, .range_bytes = 3000},
    };
    struct place *place = *state;
    char *expected = NULL;
    size_t n_expected = 0;

    for (unsigned f = 0; f < N_FILES; f++) {
        char name[32];

        snprintf(name, sizeof name, f == 3 ? "apc_%u.csv" : "apc_%u.csv.gz", f);
        write_extract(place, name, f, ROWS_PER_FILE / (f + 1), 200999);
    }
    append_members(place, "apc_2.csv.gz", 2, 1000);
    write_study(place, "apc_*", 0);
    for (size_t w = 0; w < sizeof ways / sizeof ways[0]; w++) {
        struct outcome o;
        size_t n = 0;
        char *bytes = NULL;

        ingest(&o, place, ways[w]);
        if (o.status != HST_OK) {
            fail_msg("%s", o.err.message);
        }
        assert_int_equal(o.inputs->items[2].n_ranges > 2, ways[w].range_bytes != 0);
        assert_int_equal(o.inputs->items[3].n_ranges > 2, ways[w].range_bytes != 0);
        bytes = contents(&o, &n);
        if (w == 0) {
            expected = bytes;
            n_expected = n;
        } else {
            assert_int_equal(n, n_expected);
            assert_memory_equal(bytes, expected, n);
            free(bytes);
        }
        clear(&o);
        forget_segments(place);
    }
    assert_true(n_expected > 0);
    free(expected);
}

static const hst_ingest_options plain = {.n_threads = 2, .memory_bytes = 1 << 26};

static void unchanged_files_are_reused(void **state)
{
    struct place *place = *state;
    struct outcome o;

    write_extract(place, "apc_0.csv.gz", 1, 50, 200999);
    write_extract(place, "apc_1.csv.gz", 2, 50, 200999);
    write_study(place, "apc_*", 0);
    for (int round = 0; round < 4; round++) {
        if (round == 2) { /* touched, and given another name, but not changed */
            char from[128], to[128];

            snprintf(from, sizeof from, "%s/apc_0.csv.gz", place->folder);
            snprintf(to, sizeof to, "%s/apc_00.csv.gz", place->folder);
            assert_int_equal(rename(from, to), 0);
        }
        if (round == 3) {
            write_extract(place, "apc_1.csv.gz", 3, 60, 200999);
        }
        ingest(&o, place, plain);
        if (o.status != HST_OK) {
            fail_msg("%s", o.err.message);
        }
        assert_int_equal(o.inputs->items[0].was_known, round > 0);
        assert_int_equal(o.inputs->items[1].was_known, round == 1 || round == 2);
        clear(&o);
    }
}

static void newest_cut_counts(void **state)
{
    struct place *place = *state;
    struct outcome o;

    write_extract(place, "apc_a.csv", 1, 10, 200903);
    write_extract(place, "apc_b.csv", 1, 20, 200911);
    write_extract(place, "apc_c.csv", 9, 15, 200911);
    write_extract(place, "apc_d.csv", 5, 15, 200803);
    write_study(place, "apc_*", 0);
    ingest(&o, place, plain);
    assert_int_equal(o.status, HST_OK);
    assert_true(o.inputs->items[0].superseded);
    assert_false(o.inputs->items[1].superseded); /* two parts of one cut count both */
    assert_false(o.inputs->items[2].superseded);
    assert_false(o.inputs->items[3].superseded); /* another data year */
    clear(&o);
}

/** What is refused, with which words. */
static void faults_are_named(void **state)
{
    struct place *place = *state;
    struct outcome o;
    char text[2000];

    write_extract(place, "apc_a.csv", 1, 10, 200903);
    write_extract(place, "apc_b.csv", 1, 10, 200903);
    write_study(place, "apc_*", 0);
    ingest(&o, place, plain);
    assert_int_equal(o.status, HST_ERR_INPUT);
    assert_non_null(strstr(o.err.message, "same content as"));
    clear(&o);

    write_study(place, "nothing_*", 0);
    ingest(&o, place, plain);
    assert_int_equal(o.status, HST_ERR_USAGE);
    assert_non_null(strstr(o.err.message, "no file matches"));
    assert_non_null(strstr(o.err.message, "line 3"));
    clear(&o);

    write_text(place, "only.csv", extract_header);
    write_study(place, "only.csv", 0);
    ingest(&o, place, plain);
    assert_int_equal(o.status, HST_ERR_INPUT);
    assert_non_null(strstr(o.err.message, "no rows"));
    clear(&o);

    strcpy(text, extract_header);
    append_row(text, sizeof text, 1, 1, 200903);
    append_row(text, sizeof text, 1, 2, 200903);
    memcpy(strstr(text, "2009-0"), "2009-99-99", 10);
    write_text(place, "bad.csv", text);
    write_study(place, "bad.csv", 0.4);
    ingest(&o, place, plain);
    assert_int_equal(o.status, HST_ERR_INPUT);
    assert_non_null(strstr(o.err.message, "malformed date: 1 rows, first at line 2"));
    assert_null(strstr(o.err.message, "99-99")); /* never a field's value */
    clear(&o);

    write_study(place, "bad.csv", 0.5); /* at the threshold the row is set aside and counted */
    ingest(&o, place, plain);
    assert_int_equal(o.status, HST_OK);
    clear(&o);
}

/** A damaged file of several members is told of as if one thread had read it. */
static void damage_is_told_alike_by_any_number_of_threads(void **state)
{
    struct place *place = *state;
    char path[160];
    long n_bytes = 0;

    for (long part = 1; part < 8; part++) {
        hst_ingest_options options = {.n_threads = 1, .memory_bytes = 1 << 26, .range_bytes = 400};
        struct outcome serial, parallel;
        FILE *file = NULL;
        int byte = 0;

        snprintf(path, sizeof path, "%s/apc_0.csv.gz", place->folder);
        write_extract(place, "apc_0.csv.gz", 1, 50, 200999);
        append_members(place, "apc_0.csv.gz", 1, 200);
        write_study(place, "apc_*", 0);
        file = fopen(path, "r+b");
        assert_non_null(file);
        assert_int_equal(fseek(file, 0, SEEK_END), 0);
        n_bytes = ftell(file);
        assert_int_equal(fseek(file, n_bytes * part / 8, SEEK_SET), 0);
        byte = fgetc(file);
        assert_int_equal(fseek(file, -1, SEEK_CUR), 0);
        fputc(byte ^ 0x5a, file);
        assert_int_equal(fclose(file), 0);

        ingest(&serial, place, options);
        assert_int_equal(serial.status, HST_ERR_INPUT);
        assert_non_null(strstr(serial.err.message, "(gzip member "));
        clear(&serial);
        options.n_threads = 4;
        ingest(&parallel, place, options);
        assert_int_equal(parallel.status, HST_ERR_INPUT);
        assert_string_equal(parallel.err.message, serial.err.message);
        clear(&parallel);
    }
}

/** Two kinds of person identifier without a common one. */
static void identifiers_must_agree(void **state)
{
    struct place *place = *state;
    struct outcome o;
    char text[2000];

    write_extract(place, "apc_a.csv", 1, 10, 200903);
    snprintf(text, sizeof text, "STUDY_ID%s", extract_header + strlen("PSEUDO_HESID"));
    append_row(text, sizeof text, 1, 1, 200903);
    write_text(place, "apc_b.csv", text);
    write_study(place, "apc_*", 0);
    ingest(&o, place, plain);
    assert_int_equal(o.status, HST_ERR_USAGE);
    assert_non_null(strstr(o.err.message, "person identifier"));
    clear(&o);
}

/* ---- several data sets ---- */

static const char op_rows[] = "5,3,200903,2009-06-01,5,1,307,300,1,54,RTA,5J6\n"
                              "6,3,200903,,5,1,307,300,1,54,RTA,5J6\n"
                              "7,4,200903,2009-06-31,5,1,307,300,1,54,RTA,5J6\n";
static const char ae_rows[] = "5,3,200902,2009-06-01,2460,1,1,01,1,54,RTA,5J6\n"
                              "6,,200902,2009-06-01,1200,1,1,01,1,54,RTA,5J6\n";

static void write_attendances(const struct place *place, const char *person)
{
    char text[1000];

    snprintf(text, sizeof text,
             "ATTENDKEY,%s,PARTYEAR,APPTDATE,ATTENDED,FIRSTATT,TRETSPEF,MAINSPEF,SEX,APPTAGE,"
             "PROCODE3,RESPCT_HIS\n%s",
             person, op_rows);
    write_text(place, "op.csv", text);
    snprintf(text, sizeof text,
             "AEKEY,%s,PARTYEAR,ARRIVALDATE,ARRIVALTIME,AEATTENDCAT,AEDEPTTYPE,AEATTENDDISP,SEX,"
             "ARRIVALAGE,PROCODE3,RESPCT_HIS\n%s",
             person, ae_rows);
    write_text(place, "ae.csv", text);
    write_text(place, "study.yaml",
               "study: test\nperiod: {from: 2008-04-01, to: 2011-03-31}\n"
               "extracts:\n"
               "  - {dataset: apc, files: 'apc_*'}\n"
               "  - {dataset: op, files: 'op*'}\n"
               "  - {dataset: ae, files: 'ae*'}\n"
               "measures: [{id: all_admissions, statistic: count}]\n"
               "quality: {max_rejected: 0.5}\npublish: {formats: csv, disclosure: none}\n");
}

static uint64_t ledger_n(hst_ledger *ledger, const char *dataset, const char *reason)
{
    size_t n = 0;
    const hst_ledger_line *lines = hst_ledger_lines(ledger, &n);
    uint64_t found = 0;

    for (size_t i = 0; i < n; i++) {
        if (strcmp(lines[i].dataset, dataset) == 0 && strcmp(lines[i].reason, reason) == 0) {
            found += lines[i].n;
        }
    }
    return found;
}

static void data_sets_share_store_and_person(void **state)
{
    struct place *place = *state;
    struct outcome o;

    /* a later cut of inpatients is no later cut of A&E */
    write_extract(place, "apc_a.csv", 1, 10, 200903);
    write_attendances(place, "PSEUDO_HESID");
    ingest(&o, place, plain);
    if (o.status != HST_OK) {
        fail_msg("%s", o.err.message);
    }
    assert_int_equal(o.inputs->n, 3);
    assert_int_equal(o.inputs->person, HST_PERSON_PSEUDO);
    for (size_t i = 0; i < 3; i++) {
        assert_false(o.inputs->items[i].superseded);
    }
    assert_int_equal(ledger_n(o.ledger, "apc", "used"), 10);
    assert_int_equal(ledger_n(o.ledger, "op", "read"), 3);
    assert_int_equal(ledger_n(o.ledger, "op", "used"), 2);
    assert_int_equal(ledger_n(o.ledger, "op", "malformed date"), 1);
    assert_int_equal(ledger_n(o.ledger, "op", "no APPTDATE"), 1);
    assert_int_equal(ledger_n(o.ledger, "op", "no EPISTART"), 0);
    assert_int_equal(ledger_n(o.ledger, "ae", "used"), 2);
    assert_int_equal(ledger_n(o.ledger, "ae", "no person id"), 1);
    assert_int_equal(ledger_n(o.ledger, "ae", "code outside its list"), 1);
    assert_int_equal(ledger_n(o.ledger, "ae", "cut 200902"), 2);
    clear(&o);
    ingest(&o, place, plain);
    for (size_t i = 0; i < 3; i++) {
        assert_true(o.inputs->items[i].was_known);
    }
    clear(&o);

    write_attendances(place, "TOKEN_PERSON_ID");
    ingest(&o, place, plain);
    assert_int_equal(o.status, HST_ERR_USAGE);
    assert_non_null(strstr(o.err.message, "no person identifier in common with"));
    clear(&o);
}

/** Files of a data set under another's name are told apart by their header. */
static void a_file_of_another_data_set_is_refused(void **state)
{
    struct place *place = *state;
    struct outcome o;

    write_extract(place, "apc_a.csv", 1, 10, 200903);
    write_attendances(place, "PSEUDO_HESID");
    write_study(place, "op.csv", 0);
    ingest(&o, place, plain);
    assert_int_equal(o.status, HST_ERR_INPUT);
    assert_non_null(strstr(o.err.message, "its columns are those of `dataset: op`, not of apc"));
    clear(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(way_of_reading_does_not_change_a_byte, setup, teardown),
        cmocka_unit_test_setup_teardown(unchanged_files_are_reused, setup, teardown),
        cmocka_unit_test_setup_teardown(newest_cut_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(faults_are_named, setup, teardown),
        cmocka_unit_test_setup_teardown(damage_is_told_alike_by_any_number_of_threads, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(identifiers_must_agree, setup, teardown),
        cmocka_unit_test_setup_teardown(data_sets_share_store_and_person, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_of_another_data_set_is_refused, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
