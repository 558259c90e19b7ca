/* Row memory: what stands in it is gone when it is freed, and the system is told to keep it to
 * itself. What the system says of the process's memory is read from /proc/self. */
#define _GNU_SOURCE /* mlock2 */
#include "tests/support.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hestia/row_memory.h"

enum { SMALL = 12345, LARGE = 5 << 20 };

/* Copies what stands at an address of this process, whoever owns it by now. False when there is no
 * memory any more. */
static bool peek(uintptr_t at, unsigned char *bytes, size_t n)
{
    int file = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    ssize_t got = 0;

    assert_true(file >= 0);
    got = pread(file, bytes, n, (off_t)at);
    close(file);
    return got == (ssize_t)n;
}

static size_t count_marks(uintptr_t at, size_t n_bytes)
{
    static unsigned char bytes[LARGE];
    size_t n = 0;

    if (peek(at, bytes, n_bytes)) {
        for (size_t i = 0; i < n_bytes; i++) {
            n += bytes[i] == 0xA7;
        }
    }
    return n;
}

static void freed_memory_holds_nothing(void **state)
{
    static const size_t sizes[] = {1, SMALL, 300000, LARGE};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        unsigned char *rows = hst_row_memory_take(sizes[i]);
        uintptr_t at = (uintptr_t)rows;

        assert_non_null(rows);
        assert_int_equal(at % (uintptr_t)sysconf(_SC_PAGESIZE), 0);
        memset(rows, 0xA7, sizes[i]);
        assert_int_equal(count_marks(at, sizes[i]), sizes[i]);
        hst_row_memory_free(rows, sizes[i]);
        assert_int_equal(count_marks(at, sizes[i]), 0);
    }
    hst_row_memory_free(NULL, 17);
}

static void resized_memory_moves_and_leaves_nothing(void **state)
{
    unsigned char *rows = hst_row_memory_resize(NULL, 0, SMALL), *moved = NULL;
    uintptr_t at = (uintptr_t)rows;

    (void)state;
    assert_non_null(rows);
    memset(rows, 0xA7, SMALL);
    moved = hst_row_memory_resize(rows, SMALL, 3 * SMALL);
    assert_non_null(moved);
    assert_int_equal(count_marks((uintptr_t)moved, SMALL), SMALL);
    assert_int_equal(count_marks(at, SMALL), 0);
    rows = hst_row_memory_resize(moved, 3 * SMALL, 100); /* smaller: the rest is cut off */
    assert_non_null(rows);
    assert_int_equal(count_marks((uintptr_t)rows, 100), 100);
    hst_row_memory_free(rows, 100);
}

static void zeroed_memory_is_zero(void **state)
{
    unsigned char *rows = hst_row_memory_take_zeroed(SMALL);

    (void)state;
    assert_non_null(rows);
    for (size_t i = 0; i < SMALL; i++) {
        assert_int_equal(rows[i], 0);
    }
    hst_row_memory_free(rows, SMALL);
}

static void sizes_in_huge_pages(void **state)
{
    (void)state;
    assert_int_equal(hst_row_memory_huge(1), 2 << 20);
    assert_int_equal(hst_row_memory_huge(2 << 20), 2 << 20);
    assert_int_equal(hst_row_memory_huge((2 << 20) + 1), 4 << 20);
    assert_true(hst_row_memory_huge(SIZE_MAX) == SIZE_MAX);
#ifndef HESTIA_SANITIZED /* the sanitizer takes it for a fault of the program */
    assert_null(hst_row_memory_take(SIZE_MAX / 2));
#endif
}

/* Of the process, in KiB. */
static long locked_kib(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    long kib = -1;

    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, "VmLck:", 6) == 0) {
            kib = strtol(line + 6, NULL, 10);
        }
    }
    fclose(file);
    return kib;
}

/* True when the mapping at an address has a flag of the kernel's, such as "dd": not dumped. */
static bool has_flag(const void *memory, const char *flag)
{
    FILE *file = fopen("/proc/self/smaps", "r");
    char line[1024];
    bool is_here = false, found = false;

    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        char *end = NULL;
        uintptr_t from = strtoul(line, &end, 16);

        if (end > line && *end == '-') {
            is_here = from <= (uintptr_t)memory && (uintptr_t)memory < strtoul(end + 1, NULL, 16);
        } else if (is_here && strncmp(line, "VmFlags:", 8) == 0) {
            found = strstr(line, flag) != NULL;
        }
    }
    fclose(file);
    return found;
}

static void it_is_not_dumped_while_it_is_held(void **state)
{
    unsigned char *rows = hst_row_memory_take(SMALL), *plain = malloc(SMALL);

    (void)state;
    assert_non_null(rows);
    assert_non_null(plain);
    rows[0] = plain[0] = 1;
    assert_true(has_flag(rows, " dd"));
    assert_false(has_flag(plain, " dd"));
    free(plain);
    hst_row_memory_free(rows, SMALL);
}

/* What the system locks under a limit, for a user who has no privilege to go over it. */
static struct limit_case {
    const char *name;
    rlim_t limit;
    size_t n_bytes;
    bool is_locked;
} limit_cases[] = {
    {"nothing may be locked", 0, SMALL, false},
    {"64 KiB: a key is locked", 65536, 64, true},
    {"64 KiB: a block of rows is not", 65536, 300000, false},
    {"8 MiB: a block of rows is locked", 8 << 20, 300000, true},
    {"8 MiB: a large buffer is not", 8 << 20, 16 << 20, false},
    {"unlimited: a large buffer is locked", RLIM_INFINITY, 16 << 20, true},
};

/* In a process of its own: 0 as expected, 1 not, 2 cannot be tried: the hard limit is lower, or the
 * call is not there (valgrind). */
static int try_limit(const struct limit_case *c)
{
    struct rlimit limit = {c->limit, c->limit};
    unsigned char *rows = NULL;
    bool is_locked = false;
    long before = 0;

    if ((mlock2(&limit, 1, MLOCK_ONFAULT) != 0 && errno == EINVAL) ||
        setrlimit(RLIMIT_MEMLOCK, &limit) != 0 || (geteuid() == 0 && setuid(65534) != 0) ||
        access("/proc/self/status", R_OK) != 0) { /* where / is closed to others */
        return 2;
    }
    before = locked_kib();
    rows = hst_row_memory_take(c->n_bytes);
    if (!rows) {
        return 1;
    }
    memset(rows, 1, c->n_bytes);
    is_locked = locked_kib() > before;
    hst_row_memory_free(rows, c->n_bytes);
#ifdef HESTIA_SANITIZED /* which locks and does not unlock */
    before = LONG_MAX;
#endif
    return is_locked == c->is_locked && locked_kib() <= before ? 0 : 1;
}

static void limits_of_locked_memory(void **state)
{
    const struct limit_case *c = *state;
    int result = 0;
    pid_t child = fork();

    if (child == 0) {
        _exit(try_limit(c));
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result));
    if (WEXITSTATUS(result) == 2) {
        skip();
    }
    assert_int_equal(WEXITSTATUS(result), 0);
}

static __attribute__((noinline)) void leave_marks(uintptr_t *at)
{
    volatile unsigned char record[4096];

    for (size_t i = 0; i < sizeof record; i++) {
        record[i] = 0xA7;
    }
    *at = (uintptr_t)record;
}

static void stack_is_wiped(void **state)
{
    uintptr_t at = 0;

    (void)state;
    leave_marks(&at);
    hst_row_memory_wipe_traces();
    assert_true(count_marks(at, 4096) < 16);
}

int main(void)
{
    enum { N_LIMITS = sizeof limit_cases / sizeof *limit_cases };
    struct CMUnitTest tests[6 + N_LIMITS] = {
        cmocka_unit_test(freed_memory_holds_nothing),
        cmocka_unit_test(resized_memory_moves_and_leaves_nothing),
        cmocka_unit_test(zeroed_memory_is_zero),
        cmocka_unit_test(sizes_in_huge_pages),
        cmocka_unit_test(it_is_not_dumped_while_it_is_held),
        cmocka_unit_test(stack_is_wiped),
    };

    for (size_t i = 0; i < N_LIMITS; i++) {
        tests[6 + i] = (struct CMUnitTest){.name = limit_cases[i].name,
                                           .test_func = limits_of_locked_memory,
                                           .initial_state = &limit_cases[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
