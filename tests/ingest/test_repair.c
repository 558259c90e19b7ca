/* A segment damaged bit by bit: found, named, and made anew from its input, the same bytes again.
 */
#define _GNU_SOURCE /* nftw */
#include <fcntl.h>
#include <time.h>

#include "tests/ingest/ingest_support.h"

enum { N_ROWS = 20, MAX_BYTES = 1 << 16 };

/* Under a sanitizer, which is three times slower, every fifth byte: of memory that says as much. */
#ifdef HESTIA_SANITIZED
enum { STEP = 5 };
#else
enum { STEP = 1 };
#endif

static const hst_ingest_options plain = {.n_threads = 1, .memory_bytes = 1 << 26};

/** The one segment of a small study, and its bytes as they should be. */
struct repair {
    struct outcome o;
    char path[256];
    uint8_t bytes[MAX_BYTES];
    size_t n_bytes;
};

static size_t read_bytes(const char *path, uint8_t *bytes)
{
    int file = open(path, O_RDONLY);
    ssize_t n = file < 0 ? -1 : read(file, bytes, MAX_BYTES);

    assert_true(n >= 0 && n < MAX_BYTES);
    close(file);
    return (size_t)n;
}

static void write_bytes(const char *path, const uint8_t *bytes, size_t n)
{
    int file = open(path, O_WRONLY | O_TRUNC);

    assert_true(file >= 0);
    assert_int_equal(write(file, bytes, n), (ssize_t)n);
    close(file);
}

static void begin(struct repair *r, const struct place *place)
{
    hst_store_options options = {.n_partitions = 2};
    char store[96];
    hst_segment_id *ids = NULL;
    size_t n = 0;
    int at = 0;

    snprintf(store, sizeof store, "%s/store", place->folder);
    assert_int_equal(hst_store_init(store, &options, NULL), HST_OK);
    write_extract(place, "apc_2009.csv.gz", 3, N_ROWS, 200903);
    write_study(place, "apc_*", 0);
    /* an input that is as new as the store that is open is not trusted to stay */
    nanosleep(&(struct timespec){.tv_nsec = 30 * 1000 * 1000}, NULL);
    ingest(&r->o, place, plain);
    if (r->o.status != HST_OK) {
        fail_msg("%s", r->o.err.message);
    }
    assert_int_equal(hst_store_segments(r->o.store, &ids, &n, NULL), HST_OK);
    assert_int_equal(n, 1);
    at = snprintf(r->path, sizeof r->path, "%s/segments/", store);
    for (size_t i = 0; i < 32; i++) {
        at += snprintf(r->path + at, sizeof r->path - (size_t)at, "%02x%s",
                       i < 16 ? ids->digest[i] : ids->layout_key[i - 16], i == 15 ? "-" : "");
    }
    snprintf(r->path + at, sizeof r->path - (size_t)at, ".seg");
    free(ids);
    r->n_bytes = read_bytes(r->path, r->bytes);
}

/** Opens the input's segment and reads all of it: what an explain, or a count, meets. */
static hst_status read_segment(const struct repair *r, hst_error *err)
{
    const hst_input *input = &r->o.inputs->items[0];
    hst_segment *segment = NULL;
    hst_status status =
        hst_segment_open(&segment, r->o.store, input->digest, input->layout_key, err);

    if (status == HST_OK) {
        status = hst_segment_verify(segment, err);
    }
    hst_segment_close(segment);
    return status;
}

static void note_removed(void *context, const char *file)
{
    assert_string_equal(file, "apc_2009.csv.gz");
    ++*(int *)context;
}

/** What a run does: it looks, repairs and ingests; then all is as it was. */
static void repair(struct repair *r, bool is_found_by_opening)
{
    struct outcome *o = &r->o;
    uint8_t bytes[MAX_BYTES];
    bool is_complete = false;
    int n_removed = 0;
    hst_error err = {0};

    hst_ledger_free(o->ledger);
    assert_int_equal(hst_ledger_create(&o->ledger, NULL), HST_OK);
    assert_int_equal(hst_ingest_find(&is_complete, o->inputs, o->study, o->store, o->ledger, &err),
                     HST_OK);
    assert_int_equal(is_complete, !is_found_by_opening);
    if (!is_found_by_opening) {
        assert_int_equal(
            hst_ingest_remove_damaged(o->inputs, o->store, note_removed, &n_removed, &err), HST_OK);
        assert_int_equal(n_removed, 1);
        hst_ledger_free(o->ledger);
        assert_int_equal(hst_ledger_create(&o->ledger, NULL), HST_OK);
    }
    if (hst_ingest(o->inputs, o->study, o->store, &plain, o->ledger, &err) != HST_OK) {
        fail_msg("%s", err.message);
    }
    assert_false(o->inputs->items[0].was_known);
    assert_int_equal(o->inputs->items[0].was_remade, is_found_by_opening);
    assert_int_equal(read_bytes(r->path, bytes), r->n_bytes);
    assert_memory_equal(bytes, r->bytes, r->n_bytes);
    assert_int_equal(hst_ingest_remove_damaged(o->inputs, o->store, note_removed, NULL, &err),
                     HST_OK);
}

static void assert_damaged(const struct repair *r, size_t at)
{
    hst_error err = {0};

    if (read_segment(r, &err) != HST_ERR_DAMAGED) {
        fail_msg("byte %zu: %s", at, err.message);
    }
    assert_non_null(strstr(err.message, r->path));
    assert_non_null(strstr(err.message, "run again: it is made anew from apc_2009.csv.gz"));
}

static void every_damaged_byte_is_repaired(void **state)
{
    static struct repair r;
    size_t n_by_opening = 0, n_by_reading = 0;

    begin(&r, *state);
    for (size_t i = 0; i < r.n_bytes; i += STEP) {
        const hst_input *input = &r.o.inputs->items[0];
        uint8_t damaged[MAX_BYTES];
        bool is_found_by_opening = false;

        memcpy(damaged, r.bytes, r.n_bytes);
        damaged[i] ^= (uint8_t)(1u << (i % 8));
        write_bytes(r.path, damaged, r.n_bytes);
        assert_damaged(&r, i);
        is_found_by_opening = !hst_store_has(r.o.store, input->digest, input->layout_key);
        n_by_opening += is_found_by_opening;
        n_by_reading += !is_found_by_opening;
        repair(&r, is_found_by_opening);
    }
    /* only blocks wait until they are read */
    assert_true(n_by_opening > 1000 / STEP);
    assert_true(n_by_reading >= N_ROWS * sizeof(hst_episode) / STEP);
    clear(&r.o);
}

static void what_is_left_of_a_segment_is_repaired(void **state)
{
    static struct repair r;
    hst_error err = {0};

    begin(&r, *state);
    for (size_t n = 0; n < r.n_bytes; n += 97) {
        write_bytes(r.path, r.bytes, n);
        assert_damaged(&r, n);
        repair(&r, true);
    }
    /* and all of it gone */
    assert_int_equal(unlink(r.path), 0);
    assert_int_equal(read_segment(&r, &err), HST_ERR_DAMAGED);
    assert_non_null(
        strstr(err.message, ".seg is missing; run again: it is made anew from apc_2009"));
    assert_int_equal(hst_ingest(r.o.inputs, r.o.study, r.o.store, &plain, r.o.ledger, &err),
                     HST_OK);
    assert_false(r.o.inputs->items[0].was_remade);
    assert_int_equal(read_segment(&r, &err), HST_OK);
    clear(&r.o);
}

/** Without a catalogue, nothing is known of the inputs, and all is read anew; with it, all is found
 * as hst_ingest leaves it, by a reader too. */
static void what_is_complete_is_found(void **state)
{
    static struct repair r;
    struct outcome again = {0};
    bool is_complete = false;
    hst_store *reader = NULL;
    size_t n_lines = 0, n_again = 0;
    char store[96];
    const struct place *place = *state;

    begin(&r, place);
    snprintf(store, sizeof store, "%s/store", place->folder);
    /* beside the writer */
    assert_int_equal(hst_store_open(&reader, store, false, HST_STORE_READ, NULL), HST_OK);
    assert_int_equal(hst_study_read(&again.study, place->study_path, NULL), HST_OK);
    assert_int_equal(hst_inputs_find(&again.inputs, again.study, NULL), HST_OK);
    assert_int_equal(hst_ledger_create(&again.ledger, NULL), HST_OK);
    assert_int_equal(
        hst_ingest_find(&is_complete, again.inputs, again.study, reader, again.ledger, &again.err),
        HST_OK);
    assert_true(is_complete && again.inputs->items[0].was_known);
    assert_memory_equal(again.inputs->items[0].digest, r.o.inputs->items[0].digest, 16);
    const hst_ledger_line *lines = hst_ledger_lines(r.o.ledger, &n_lines);
    const hst_ledger_line *found = hst_ledger_lines(again.ledger, &n_again);
    assert_true(n_lines > 3);
    assert_int_equal(n_again, n_lines);
    for (size_t i = 0; i < n_lines; i++) {
        assert_string_equal(found[i].stage, lines[i].stage);
        assert_string_equal(found[i].reason, lines[i].reason);
        assert_int_equal(found[i].n, lines[i].n);
    }
    /* another input */
    write_extract(place, "apc_2010.csv.gz", 4, N_ROWS, 201003);
    hst_inputs_free(again.inputs);
    assert_int_equal(hst_inputs_find(&again.inputs, again.study, NULL), HST_OK);
    assert_int_equal(
        hst_ingest_find(&is_complete, again.inputs, again.study, reader, again.ledger, &again.err),
        HST_OK);
    assert_false(is_complete);
    hst_store_close(reader);
    clear(&again);
    clear(&r.o);
}

/** A damaged catalogue does not stop a night: the input is looked at anew, and mostly not even read
 * again, as its content finds its segment. */
static void ingest_without_catalogue(struct repair *r, const struct place *place,
                                     const uint8_t *catalogue, size_t n, size_t *n_lost,
                                     size_t *n_read)
{
    char path[128], aside[128];
    uint8_t bytes[MAX_BYTES];
    bool is_lost = false;

    snprintf(path, sizeof path, "%s/store/catalogue.json", place->folder);
    snprintf(aside, sizeof aside, "%s/store/catalogue.json.damaged", place->folder);
    unlink(aside);
    write_bytes(path, catalogue, n);
    ingest(&r->o, place, plain);
    if (r->o.status != HST_OK) {
        fail_msg("%s", r->o.err.message);
    }
    is_lost = hst_store_has_lost_catalogue(r->o.store);
    *n_lost += is_lost;
    *n_read += !r->o.inputs->items[0].was_known;
    assert_false(is_lost && !r->o.inputs->items[0].was_known);
    if (is_lost) {
        assert_int_equal(read_bytes(aside, bytes), n);
        assert_memory_equal(bytes, catalogue, n);
    } else {
        assert_int_equal(access(aside, F_OK), -1);
    }
    assert_int_equal(read_bytes(r->path, bytes), r->n_bytes);
    assert_memory_equal(bytes, r->bytes, r->n_bytes);
    clear(&r->o);
    /* and the next run has nothing to do */
    ingest(&r->o, place, plain);
    assert_true(r->o.inputs->items[0].was_known);
    assert_false(hst_store_has_lost_catalogue(r->o.store));
    clear(&r->o);
}

static void a_damaged_catalogue_stops_no_night(void **state)
{
    static struct repair r;
    static uint8_t catalogue[MAX_BYTES], damaged[MAX_BYTES];
    const struct place *place = *state;
    size_t n = 0, n_lost = 0, n_read = 0;
    char path[128];

    begin(&r, place);
    clear(&r.o);
    snprintf(path, sizeof path, "%s/store/catalogue.json", place->folder);
    n = read_bytes(path, catalogue);
    for (size_t i = 0; i < n; i += STEP) {
        memcpy(damaged, catalogue, n);
        damaged[i] ^= (uint8_t)(1u << (i % 7)); /* the eighth bit is no UTF-8 in any place */
        ingest_without_catalogue(&r, place, damaged, n, &n_lost, &n_read);
    }
    assert_true(n_lost > n / 8 / STEP);
    /* of what is no damage as JSON, only another digest has the file read again */
    assert_true(n_read > 0 && n_read <= 64);
    n_lost = 0;
    n--; /* without its last line end it is whole */
    for (size_t length = 0; length < n; length += 5) {
        ingest_without_catalogue(&r, place, catalogue, length, &n_lost, &n_read);
    }
    assert_int_equal(n_lost, (n + 4) / 5);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_damaged_byte_is_repaired, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_left_of_a_segment_is_repaired, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_complete_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(a_damaged_catalogue_stops_no_night, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
