/* What the tests of `hestia stats` share: running it as a program, and reading what it says. */
#ifndef HESTIA_TESTS_STATS_PROGRAM_H
#define HESTIA_TESTS_STATS_PROGRAM_H

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/standardise/golden.h"

#define N_ITEMS(array) (sizeof(array) / sizeof(array)[0])
#define ADD_CASES(cases, function)                                                                 \
    for (size_t i = 0; i < N_ITEMS(cases); i++) {                                                  \
        tests[n++] = (struct CMUnitTest){                                                          \
            .name = cases[i].name, .test_func = function, .initial_state = &cases[i]};             \
    }

typedef struct outcome {
    int code;
    hst_table *table; /* of standard output; NULL when it is empty */
    char messages[2048];
} outcome;

static char folder[40];

static inline void save(const char *name, const char *text)
{
    char path[80];
    FILE *file = NULL;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* Runs `hestia stats <arguments>` with `input` on standard input. */
static inline outcome run(const char *arguments, const char *input)
{
    outcome o = {0};
    char command[2048], path[80];
    hst_error err = {0};
    FILE *messages = NULL;
    int status = 0;
    size_t n = 0;

    save("input", input ? input : "");
    snprintf(command, sizeof command,
             "cd '%s/golden' && '%s' stats %s <'%s/input' >'%s/output' 2>'%s/messages'",
             HESTIA_TEST_DIR, HESTIA_PROGRAM, arguments, folder, folder, folder);
    status = system(command);
    assert_true(WIFEXITED(status));
    o.code = WEXITSTATUS(status);
    snprintf(path, sizeof path, "%s/messages", folder);
    messages = fopen(path, "r");
    assert_non_null(messages);
    n = fread(o.messages, 1, sizeof o.messages - 1, messages);
    o.messages[n] = '\0';
    fclose(messages);
    snprintf(path, sizeof path, "%s/output", folder);
    if (hst_table_read(&o.table, path, &err) != HST_OK) {
        o.table = NULL;
    }
    return o;
}

static inline hst_table *run_well(const char *arguments, const char *input)
{
    outcome o = run(arguments, input);

    if (o.code != 0 || !o.table) {
        fail_msg("hestia stats %s: %d, %s", arguments, o.code, o.messages);
    }
    return o.table;
}

/* A number of the output; NAN where the cell is empty. */
static inline double number(const hst_table *table, size_t row, const char *column)
{
    return golden_text(table, row, column)[0] == '\0' ? NAN : golden_number(table, row, column);
}

static inline char *read_output(void)
{
    char path[80];
    char *text = calloc(1, 65536);
    FILE *file = NULL;

    assert_non_null(text);
    snprintf(path, sizeof path, "%s/output", folder);
    file = fopen(path, "r");
    assert_non_null(file);
    fread(text, 1, 65535, file);
    fclose(file);
    return text;
}

/* The same text, but for the last digits of numbers. */
static inline void assert_same_output(const char *actual, const char *expected)
{
    const char *a = actual, *e = expected;

    while (*a != '\0' && *e != '\0') {
        if ((*a >= '0' && *a <= '9') && (*e >= '0' && *e <= '9')) {
            char *a_end = NULL, *e_end = NULL;

            assert_close(strtod(a, &a_end), strtod(e, &e_end), 1e-11);
            a = a_end;
            e = e_end;
        } else if (*a++ != *e++) {
            break;
        }
    }
    if (*a != '\0' || *e != '\0') {
        assert_string_equal(actual, expected);
    }
}

static inline int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/hestia-test-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static inline int remove_folder(void **state)
{
    static const char *const names[] = {"input", "output", "messages", "bands.csv", "side.csv"};
    char path[80];

    (void)state;
    for (size_t i = 0; i < N_ITEMS(names); i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

#endif
