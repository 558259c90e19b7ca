/* How a file looks: each of the facts shows by itself that it changed. */
#include "tests/support.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hestia/file_look.h"

static struct look_case {
    const char *name;
    struct stat facts; /* what is added to the file's own */
} look_cases[] = {
    {"size", {.st_size = 1}},
    {"inode", {.st_ino = 1}},
    {"device", {.st_dev = 1}},
    {"time of its content", {.st_mtim.tv_sec = 1}},
    {"time of its content, by a nanosecond", {.st_mtim.tv_nsec = 1}},
    {"time of its change", {.st_ctim.tv_sec = 1}},
    {"time of its change, by a nanosecond", {.st_ctim.tv_nsec = 1}},
};

static void every_fact_shows_a_change(void **state)
{
    const struct look_case *c = *state;
    char path[] = "/tmp/hestia-look-XXXXXX";
    int file = mkstemp(path);
    struct stat facts;
    hst_file_look look;
    hst_error err = {0};

    assert_true(file >= 0);
    assert_int_equal(fstat(file, &facts), 0);
    look = hst_file_look_of(&facts);
    assert_int_equal(hst_file_look_check(&look, path, &err), HST_OK);
    facts.st_size += c->facts.st_size;
    facts.st_ino += c->facts.st_ino;
    facts.st_dev += c->facts.st_dev;
    facts.st_mtim.tv_sec += c->facts.st_mtim.tv_sec;
    facts.st_mtim.tv_nsec += c->facts.st_mtim.tv_nsec;
    facts.st_ctim.tv_sec += c->facts.st_ctim.tv_sec;
    facts.st_ctim.tv_nsec += c->facts.st_ctim.tv_nsec;
    look = hst_file_look_of(&facts);
    assert_int_equal(hst_file_look_check(&look, path, &err), HST_ERR_INPUT);
    assert_non_null(strstr(err.message, "changed while it was read; run again"));
    close(file);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(hst_file_look_check(&look, path, &err), HST_ERR_INPUT);
}

int main(void)
{
    enum { N = sizeof look_cases / sizeof look_cases[0] };
    struct CMUnitTest tests[N];

    for (size_t i = 0; i < N; i++) {
        tests[i] = (struct CMUnitTest){.name = look_cases[i].name,
                                       .test_func = every_fact_shows_a_change,
                                       .initial_state = &look_cases[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
