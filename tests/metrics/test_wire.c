/* Numbers, keys and their bytes on the way from one process to another. */
#include <stdlib.h>
#include <string.h>

#include "ingest/hash.h"
#include "metrics/wire_internal.h"
#include "tests/support.h"

/* Puts the checksum behind bytes, and what is left of them. */
static unsigned char *sign(const unsigned char *bytes, size_t n, size_t *n_signed)
{
    unsigned char *copy = malloc(n + 8);
    uint64_t checksum = 0;

    assert_non_null(copy);
    memcpy(copy, bytes, n);
    checksum = hst_hash_block(copy, n);
    for (size_t i = 0; i < 8; i++) {
        copy[n + i] = (unsigned char)(checksum >> 8 * i);
    }
    *n_signed = n + 8;
    return copy;
}

static const uint64_t numbers[] = {0,
                                   1,
                                   0,
                                   0,
                                   63,
                                   64,
                                   127,
                                   128,
                                   0,
                                   8191,
                                   8192,
                                   UINT64_C(1) << 61,
                                   (UINT64_C(1) << 62) - 1,
                                   UINT64_C(1) << 62,
                                   UINT64_MAX - 1,
                                   UINT64_MAX,
                                   0,
                                   0,
                                   0};

enum { N_NUMBERS = sizeof numbers / sizeof numbers[0], MANY = 100000 };

static void numbers_arrive_as_they_were(void **state)
{
    uint64_t sent[N_NUMBERS], received[N_NUMBERS] = {0}, *zeros = calloc(MANY, sizeof *zeros);
    unsigned char *bytes = NULL;
    size_t n = 0;
    hst_wire wire;

    (void)state;
    assert_non_null(zeros);
    memcpy(sent, numbers, sizeof sent);
    hst_wire_pack(&wire, NULL);
    hst_wire_counts(&wire, sent, N_NUMBERS);
    hst_wire_counts(&wire, zeros, MANY);
    assert_int_equal(hst_wire_end(&wire, &bytes, &n), HST_OK);
    assert_memory_equal(sent, numbers, sizeof sent);
    hst_wire_add(&wire, bytes, n, NULL);
    hst_wire_counts(&wire, received, N_NUMBERS);
    hst_wire_counts(&wire, zeros, MANY);
    assert_int_equal(hst_wire_end(&wire, NULL, NULL), HST_OK);
    assert_memory_equal(received, numbers, sizeof received);
    assert_in_range(n, 60, 90); /* a hundred thousand zeros are three bytes */
    free(zeros);
    free(bytes);
}

static void what_comes_is_added(void **state)
{
    uint64_t sent[] = {3, 0, UINT64_MAX - 17}, sum[] = {4, 5, 17};
    uint32_t sent32[] = {0, UINT32_MAX - 1}, sum32[] = {9, 1};
    unsigned char *bytes = NULL;
    size_t n = 0;
    hst_wire wire;

    (void)state;
    hst_wire_pack(&wire, NULL);
    hst_wire_counts(&wire, sent, 3);
    hst_wire_counts32(&wire, sent32, 2);
    assert_int_equal(hst_wire_end(&wire, &bytes, &n), HST_OK);
    for (int time = 0; time < 2; time++) { /* the second one is too much */
        hst_wire_add(&wire, bytes, n, NULL);
        hst_wire_counts(&wire, sum, 3);
        hst_wire_counts32(&wire, sum32, 2);
        assert_int_equal(hst_wire_end(&wire, NULL, NULL), time == 0 ? HST_OK : HST_ERR_RANGE);
        assert_true(sum[0] == 7 + 3 * (uint64_t)time && sum[1] == 5 && sum[2] == UINT64_MAX);
        assert_true(sum32[0] == 9 && sum32[1] == UINT32_MAX);
    }
    free(bytes);
}

static void keys_arrive_in_order(void **state)
{
    static const struct {
        uint64_t key, other;
    } slots[] = {{0, 0}, {900, 1}, {UINT64_MAX - 1, 2}, {0, 0}, {1, 3}, {901, 4}};
    static const uint64_t in_order[] = {1, 900, 901, UINT64_MAX - 1};
    struct {
        uint64_t key, other;
    } table[sizeof slots / sizeof slots[0]];
    unsigned char *bytes = NULL;
    size_t n = 0, n_keys = 0;
    uint64_t key = 0;
    void **sorted = NULL;
    hst_wire wire;

    (void)state;
    memcpy(table, slots, sizeof table);
    hst_wire_pack(&wire, NULL);
    sorted = hst_wire_sort(&wire, table, sizeof slots / sizeof slots[0], sizeof slots[0], 4);
    assert_non_null(sorted);
    for (int list = 0; list < 2; list++) {
        for (size_t i = 0; hst_wire_key(&wire, sorted[i], UINT64_MAX, &key); i++) {
            assert_true(key == in_order[i]);
        }
    }
    free(sorted);
    assert_int_equal(hst_wire_end(&wire, &bytes, &n), HST_OK);
    for (uint64_t end = UINT64_MAX; end > UINT64_MAX - 2; end--) { /* below `end` is asked for */
        hst_wire_add(&wire, bytes, n, NULL);
        assert_null(hst_wire_sort(&wire, NULL, 0, 16, 0));
        for (int list = 0; list < 2; list++) {
            for (n_keys = 0; hst_wire_key(&wire, NULL, end, &key); n_keys++) {
                assert_true(key == in_order[n_keys]);
            }
            assert_int_equal(n_keys, end == UINT64_MAX ? 4 : list == 0 ? 3 : 0);
        }
        assert_int_equal(hst_wire_end(&wire, NULL, NULL),
                         end == UINT64_MAX ? HST_OK : HST_ERR_SYSTEM);
    }
    free(bytes);
}

static void shapes_must_be_the_same(void **state)
{
    unsigned char *bytes = NULL;
    size_t n = 0;

    (void)state;
    for (uint64_t number = 16; number < 19; number++) {
        hst_error err = {0};
        hst_wire wire;

        hst_wire_pack(&wire, NULL);
        hst_wire_shape(&wire, number);
        assert_true(hst_wire_is(&wire, true));
        assert_false(hst_wire_is(&wire, false));
        assert_int_equal(hst_wire_end(&wire, &bytes, &n), HST_OK);
        hst_wire_add(&wire, bytes, n, &err);
        hst_wire_shape(&wire, 17);
        assert_int_equal(hst_wire_is(&wire, false), number == 17);
        assert_false(hst_wire_is(&wire, true));
        assert_int_equal(hst_wire_end(&wire, NULL, NULL), number == 17 ? HST_OK : HST_ERR_USAGE);
        assert_int_equal(strstr(err.message, "on all hosts?") != NULL, number != 17);
        free(bytes);
    }
}

/* Bytes of one count, and one that follows. */
static struct byte_case {
    const char *name;
    size_t n;
    unsigned char bytes[12];
    hst_status expected;
} byte_cases[] = {
    {"two numbers", 2, {2, 4}, HST_OK},
    {"two zeros", 1, {5}, HST_OK},
    {"64 bits", 11, {0x80 + 126, 255, 255, 255, 255, 255, 255, 255, 255, 3, 2}, HST_OK},
    {"65 bits", 11, {0x80 + 126, 255, 255, 255, 255, 255, 255, 255, 255, 4, 2}, HST_ERR_SYSTEM},
    {"another byte",
     12,
     {0x80 + 126, 255, 255, 255, 255, 255, 255, 255, 255, 0x83, 0, 2},
     HST_ERR_SYSTEM},
    {"nothing", 0, {0}, HST_ERR_SYSTEM},
    {"one number", 1, {2}, HST_ERR_SYSTEM},
    {"three numbers", 3, {2, 4, 6}, HST_ERR_SYSTEM},
    {"three zeros", 1, {7}, HST_ERR_SYSTEM},
    {"a number that goes on", 2, {2, 0x84}, HST_ERR_SYSTEM},
    {"no zeros in a row", 3, {1, 2, 4}, HST_ERR_SYSTEM},
    {"a number 0", 2, {0, 2}, HST_ERR_SYSTEM},
};

static void bytes_that_make_no_sense_are_refused(void **state)
{
    const struct byte_case *c = *state;
    size_t n = 0;
    unsigned char *bytes = sign(c->bytes, c->n, &n);
    uint64_t counts[2] = {0};
    hst_wire wire;

    hst_wire_add(&wire, bytes, n, NULL);
    hst_wire_counts(&wire, counts, 2);
    assert_int_equal(hst_wire_end(&wire, NULL, NULL), c->expected);
    bytes[n - 1] ^= 1;
    hst_wire_add(&wire, bytes, n, NULL);
    hst_wire_counts(&wire, counts, 2);
    assert_int_equal(hst_wire_end(&wire, NULL, NULL), HST_ERR_SYSTEM);
    free(bytes);
}

int main(void)
{
    enum { N_BYTES = sizeof byte_cases / sizeof byte_cases[0] };
    struct CMUnitTest tests[4 + N_BYTES] = {
        cmocka_unit_test(numbers_arrive_as_they_were), cmocka_unit_test(what_comes_is_added),
        cmocka_unit_test(keys_arrive_in_order), cmocka_unit_test(shapes_must_be_the_same)};

    for (size_t i = 0; i < N_BYTES; i++) {
        tests[4 + i] = (struct CMUnitTest){.name = byte_cases[i].name,
                                           .test_func = bytes_that_make_no_sense_are_refused,
                                           .initial_state = &byte_cases[i]};
    }
    return _cmocka_run_group_tests("wire", tests, 4 + N_BYTES, NULL, NULL);
}
