/* Study files made of pieces, and what reading them gives. */
#ifndef HESTIA_TESTS_STUDY_SUPPORT_H
#define HESTIA_TESTS_STUDY_SUPPORT_H

#include "tests/support.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hestia/study.h"

#define DATA HESTIA_TEST_DIR "/data/study/"

static hst_study *read_study(const char *path)
{
    hst_study *study = NULL;
    hst_error err = {0};

    if (hst_study_read(&study, path, &err) != HST_OK) {
        fail_msg("%s", err.message);
    }
    return study;
}

static hst_date day(const char *text)
{
    hst_date date = HST_DATE_MISSING;

    assert_true(hst_date_parse_iso(text, strlen(text), &date));
    return date;
}

static void assert_texts(const hst_texts *texts, const char *expected)
{
    char joined[512] = "";

    for (size_t i = 0; i < texts->n; i++) {
        strncat(joined, i > 0 ? " " : "", sizeof joined - strlen(joined) - 1);
        strncat(joined, texts->items[i], sizeof joined - strlen(joined) - 1);
    }
    assert_string_equal(joined, expected);
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

/** A file of a fresh folder of its own. */
static void make_place(char folder[64], char path[96])
{
    strcpy(folder, "/tmp/hestia-study-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, 96, "%s/study.yaml", folder);
}

static void remove_place(const char *folder, const char *path)
{
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

/* A study in pieces; each case replaces some. */
#define STUDY "study: s\n"
#define PERIOD "period: {from: 2008-04-01, to: 2011-03-31}\n"
#define EXTRACTS "extracts: {dataset: apc, files: apc.csv}\n"
#define MEASURES "measures: {id: m, statistic: count}\n"
#define PUBLISH "publish: {disclosure: none}\n"
#define AROUND(measures) STUDY PERIOD EXTRACTS measures PUBLISH
#define WITH(lines) STUDY PERIOD EXTRACTS MEASURES PUBLISH lines
#define WHERE(text) AROUND("measures: {id: m, statistic: count, where: {" text "}}\n")
#define MEASURE(text) AROUND("measures: {id: m, " text "}\n")

typedef struct fault_case {
    const char *name, *text;
    const char *message; /* what the message holds after the path */
} fault_case;

static void fault_is_told_with_its_place(void **state)
{
    const fault_case *c = *state;
    char folder[64], path[96];
    hst_study *study = NULL;
    hst_error err = {0};

    make_place(folder, path);
    write_text(path, c->text);
    assert_int_equal(hst_study_read(&study, path, &err), HST_ERR_USAGE);
    assert_null(study);
    assert_ptr_equal(strstr(err.message, path), err.message);
    if (!strstr(err.message + strlen(path), c->message)) {
        fail_msg("not told as expected: %s", err.message);
    }
    remove_place(folder, path);
}

#endif
