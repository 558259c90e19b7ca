/* The processes of one run. Started alone there is no team; `mpirun -n 3` (tests.cmake) asks the
 * rest: each member runs these same tests, so that every one is a step of all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "hestia/ingest.h"
#include "hestia/team.h"

static hst_team *team;

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){0, ms * 1000000}, NULL);
}

static void test_alone(void **state)
{
    hst_error err = {0};
    hst_team_parts parts;
    char bytes[] = "abc";
    hst_team *nobody = NULL;

    (void)state;
    assert_int_equal(hst_team_number(nobody), 0);
    assert_int_equal(hst_team_size(nobody), 1);
    assert_true(hst_team_leads(nobody));
    assert_int_equal(hst_team_agree(nobody, "x", HST_ERR_INPUT, &err), HST_ERR_INPUT);
    assert_int_equal(hst_team_share(nobody, "x", bytes, sizeof bytes, &err), HST_OK);
    assert_int_equal(hst_team_progress(nobody, 7), 7);
    assert_int_equal(hst_team_gather(&parts, nobody, "x", bytes, sizeof bytes, &err), HST_OK);
    assert_int_equal(parts.n, 1);
    assert_string_equal(parts.items[0].bytes, "abc");
    hst_team_parts_clear(&parts);
    hst_team_leave(nobody);
}

/* Bytes of a member: as many as asked, each told by member and place. */
static unsigned char *bytes_of(size_t member, size_t n)
{
    unsigned char *bytes = malloc(n + 1);

    assert_non_null(bytes);
    for (size_t i = 0; i < n; i++) {
        bytes[i] = (unsigned char)(31 * member + i * 7 + i / 251);
    }
    return bytes;
}

static void test_gather(void **state)
{
    /* none, one, and more than one message holds */
    static const size_t sizes[] = {0, 1, 1000, 9000001};
    hst_error err = {0};

    (void)state;
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        size_t me = hst_team_number(team);
        unsigned char *own = bytes_of(me, sizes[k] * me); /* members differ; the first has none */
        hst_team_parts parts;

        assert_int_equal(hst_team_gather(&parts, team, "gather", own, sizes[k] * me, &err), HST_OK);
        assert_int_equal(parts.n, hst_team_size(team));
        for (size_t i = 0; i < parts.n; i++) {
            unsigned char *expected = bytes_of(i, sizes[k] * i);

            assert_int_equal(parts.items[i].n, sizes[k] * i);
            assert_memory_equal(parts.items[i].bytes, expected, parts.items[i].n);
            free(expected);
        }
        hst_team_parts_clear(&parts);
        free(own);
    }
}

static void test_share(void **state)
{
    hst_error err = {0};
    uint32_t number = hst_team_leads(team) ? 4711 : 0;

    (void)state;
    assert_int_equal(hst_team_share(team, "share", &number, sizeof number, &err), HST_OK);
    assert_int_equal(number, 4711);
}

/* Whoever fails, all do, by his reason; afterwards the team goes on. */
static void test_failure(void **state)
{
    (void)state;
    for (size_t who = 0; who < hst_team_size(team); who++) {
        hst_error err = {0};
        bool is_me = who == hst_team_number(team);
        hst_status own = is_me ? hst_fail(&err, HST_ERR_INPUT, "a broken file") : HST_OK;

        assert_int_equal(hst_team_agree(team, "failure", own, &err), HST_ERR_INPUT);
        assert_non_null(strstr(err.message, "a broken file"));
        assert_int_equal(strstr(err.message, "process") != NULL, who != 0);
        /* on the way out it is not told again */
        assert_int_equal(hst_team_agree(team, "outer", HST_ERR_INPUT, &err), HST_ERR_INPUT);
        assert_false(hst_interrupt_requested());
        test_share(NULL);
    }
}

/* One fails before the step that the others have come to. */
static void test_failure_at_another_step(void **state)
{
    (void)state;
    for (size_t who = 0; who < hst_team_size(team); who++) {
        hst_error err = {0};
        hst_team_parts parts;
        hst_status status = HST_OK;

        if (who == hst_team_number(team)) {
            status = hst_fail(&err, HST_ERR_USAGE, "no such table");
        } else {
            status = hst_team_gather(&parts, team, "inner", "abc", 3, &err);
        }
        assert_int_equal(hst_team_agree(team, "outer", status, &err), HST_ERR_USAGE);
        assert_non_null(strstr(err.message, "no such table"));
        hst_team_begin_again(team);
        test_share(NULL);
    }
}

/* A member that works when another fails is interrupted; the reason is the other's. */
static void test_work_is_stopped(void **state)
{
    hst_error err = {0};
    size_t who = hst_team_size(team) - 1;
    hst_status own = HST_OK;

    (void)state;
    if (who == hst_team_number(team)) {
        own = hst_fail(&err, HST_ERR_INPUT, "a broken file");
    } else {
        for (int i = 0; i < 20000 && !hst_interrupt_requested(); i++) {
            hst_team_progress(team, (uint64_t)i);
            sleep_ms(1);
        }
        assert_true(hst_interrupt_requested());
        own = hst_interrupt_check(&err);
    }
    assert_int_equal(hst_team_agree(team, "work", own, &err), HST_ERR_INPUT);
    assert_non_null(strstr(err.message, "a broken file"));
    assert_false(hst_interrupt_requested());
    test_share(NULL);
}

static void test_different_steps(void **state)
{
    hst_error err = {0};

    (void)state;
    assert_int_equal(hst_team_agree(team, hst_team_leads(team) ? "left" : "right", HST_OK, &err),
                     HST_ERR_SYSTEM);
    assert_non_null(strstr(err.message, "the same on all hosts"));
}

static void watch(void *context, uint64_t done)
{
    *(uint64_t *)context = done;
}

static void test_progress(void **state)
{
    hst_error err = {0};
    uint64_t seen = 0, expected = 5;

    (void)state;
    for (size_t i = 1; i < hst_team_size(team); i++) {
        expected += 100 + i;
    }
    hst_team_watch(team, watch, &seen);
    assert_int_equal(hst_team_agree(team, "ready", HST_OK, &err), HST_OK);
    if (!hst_team_leads(team)) {
        sleep_ms(300); /* more often it is not told */
        hst_team_progress(team, 100 + hst_team_number(team));
        hst_team_progress(team, 900);
    } else {
        assert_in_range(hst_team_progress(team, 5), 5, expected);
    }
    assert_int_equal(hst_team_agree(team, "progress", HST_OK, &err), HST_OK);
    /* what came between two looks is heard at the next step */
    assert_int_equal(hst_team_agree(team, "progress", HST_OK, &err), HST_OK);
    if (hst_team_leads(team)) {
        assert_int_equal(seen, expected);
    }
    hst_team_watch(team, NULL, NULL);
}

/* A stream of so many bytes of a member. */
typedef struct stream {
    size_t member, n, at;
    bool fails;
} stream;

static hst_status give(void *context, void *bytes, size_t capacity, size_t *n, hst_error *err)
{
    stream *s = context;

    if (s->fails && s->at > 0) {
        return hst_fail(err, HST_ERR_SYSTEM, "the disk is gone");
    }
    for (*n = 0; *n < capacity && s->at < s->n; s->at++) {
        ((unsigned char *)bytes)[(*n)++] = (unsigned char)(s->member + s->at * 7 + s->at / 251);
    }
    return HST_OK;
}

static hst_status take(void *context, const void *bytes, size_t n, hst_error *err)
{
    stream *s = context;

    (void)err;
    for (size_t i = 0; i < n; i++, s->at++) {
        assert_int_equal(((const unsigned char *)bytes)[i],
                         (unsigned char)(s->member + s->at * 7 + s->at / 251));
    }
    return HST_OK;
}

static void test_swap(void **state)
{
    size_t size = hst_team_size(team), me = hst_team_number(team);

    (void)state;
    for (size_t step = 1; step < size; step++) {
        for (int fails = 0; fails < 2; fails++) {
            hst_error err = {0};
            size_t to = (me + step) % size, from = (me + size - step) % size;
            stream out = {.member = me, .n = 5000000 * me, .fails = fails == 1 && me == 1};
            stream in = {.member = from};
            hst_status status = hst_team_swap(team, to, &(hst_team_stream){&out, give, NULL}, from,
                                              &(hst_team_stream){&in, NULL, take}, &err);

            assert_int_equal(status, out.fails ? HST_ERR_SYSTEM : HST_OK);
            assert_true(in.at == 5000000 * from || (fails == 1 && from == 1));
            status = hst_team_agree(team, "swap", status, &err);
            assert_int_equal(status, fails == 1 ? HST_ERR_SYSTEM : HST_OK);
        }
    }
    assert_true(hst_team_bytes_sent(team) > 0);
}

int main(void)
{
    const struct CMUnitTest alone[] = {cmocka_unit_test(test_alone)};
    const struct CMUnitTest together[] = {
        cmocka_unit_test(test_gather),          cmocka_unit_test(test_share),
        cmocka_unit_test(test_failure),         cmocka_unit_test(test_failure_at_another_step),
        cmocka_unit_test(test_work_is_stopped), cmocka_unit_test(test_different_steps),
        cmocka_unit_test(test_progress),        cmocka_unit_test(test_swap),
    };
    hst_error err = {0};
    int n_failed = 0;

    if (hst_team_join(&team, &err) != HST_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    n_failed = team ? cmocka_run_group_tests(together, NULL, NULL)
                    : cmocka_run_group_tests(alone, NULL, NULL);
    if (n_failed == 0) {
        hst_team_leave(team);
    }
    return n_failed;
}
