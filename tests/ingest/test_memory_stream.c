/* Streams into memory: what is written is there, and what was lost is told. */
#include "tests/support.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hestia/memory_stream.h"

static void nothing_is_an_empty_text(void **state)
{
    char *text = NULL;
    size_t n = 1;
    FILE *stream = hst_memory_stream(&text, &n);

    (void)state;
    assert_non_null(stream);
    assert_int_equal(fclose(stream), 0);
    assert_string_equal(text, "");
    assert_int_equal(n, 0);
    free(text);
}

static void text_grows(void **state)
{
    char *text = NULL, expected[16];
    size_t n = 0;
    FILE *stream = hst_memory_stream(&text, &n);

    (void)state;
    assert_non_null(stream);
    for (int i = 0; i < 100000; i++) {
        fprintf(stream, "%06d\n", i);
        if (i == 5000) { /* what is flushed is there already */
            assert_int_equal(fflush(stream), 0);
            assert_int_equal(n, 5001 * 7);
            assert_int_equal(strlen(text), n);
        }
    }
    assert_int_equal(fclose(stream), 0);
    assert_int_equal(n, 700000);
    assert_int_equal(strlen(text), n);
    for (size_t i = 0; i < 100000; i += 777) {
        snprintf(expected, sizeof expected, "%06zu\n", i);
        assert_memory_equal(text + i * 7, expected, 7);
    }
    free(text);
}

#ifndef HESTIA_SANITIZED /* which needs more addresses than a limit leaves */

/* A write too large for what is left, then small ones that would fit. */
static int lose(void)
{
    const size_t n_large = (size_t)256 << 20;
    char *large = calloc(n_large, 1), *text = NULL;
    const struct rlimit limit = {(rlim_t)300 << 20, (rlim_t)300 << 20};
    size_t n = 0;
    FILE *stream = hst_memory_stream(&text, &n);

    if (!large || !stream || setrlimit(RLIMIT_AS, &limit) != 0) {
        return 1;
    }
    fputs("begin", stream);
    fwrite(large, 1, n_large, stream);
    fputs("end", stream);
    if (fflush(stream) == 0 && !ferror(stream)) {
        return 2;
    }
    return fclose(stream) == 0 ? 3 : 0;
}

static void what_is_lost_is_told(void **state)
{
    int result = 0;
    pid_t child = 0;

    (void)state;
    if (getenv("HESTIA_UNDER_VALGRIND")) {
        skip(); /* which needs more addresses than the limit leaves */
    }
    child = fork();
    if (child == 0) {
        _exit(lose());
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result));
    assert_int_equal(WEXITSTATUS(result), 0);
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_an_empty_text),
        cmocka_unit_test(text_grows),
#ifndef HESTIA_SANITIZED
        cmocka_unit_test(what_is_lost_is_told),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
