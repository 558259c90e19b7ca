/* What the tests of ingest share: a folder with a study and extracts of its own, and one ingest of
 * it. Include after defining _GNU_SOURCE (nftw). */
#ifndef HESTIA_TESTS_INGEST_SUPPORT_H
#define HESTIA_TESTS_INGEST_SUPPORT_H

#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "hestia/ingest.h"
#include "tests/support.h"

static const char extract_header[] =
    "PSEUDO_HESID,EPIKEY,PARTYEAR,ADMIDATE,DISDATE,EPISTART,EPIEND,EPIORDER,EPISTAT,EPITYPE,"
    "CLASSPAT,"
    "ADMIMETH,ADMISORC,DISDEST,DISMETH,SEX,STARTAGE,PROCODET,RESPCT_HIS,DIAG_4_01,DIAG_4_02\n";

struct place {
    char folder[64], study_path[96];
};

static inline int remove_entry(const char *path, const struct stat *facts, int type,
                               struct FTW *place)
{
    (void)facts;
    (void)type;
    (void)place;
    return remove(path);
}

static inline int setup(void **state)
{
    struct place *place = calloc(1, sizeof *place);

    /* in memory where there is such a folder: the store syncs every file to its disk */
    snprintf(place->folder, sizeof place->folder, "%s/hestia-ingest-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->study_path, sizeof place->study_path, "%s/study.yaml", place->folder);
    *state = place;
    return 0;
}

static inline int teardown(void **state)
{
    struct place *place = *state;

    nftw(place->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(place);
    return 0;
}

static inline void write_text(const struct place *place, const char *name, const char *text)
{
    char path[160];
    FILE *file = NULL;

    snprintf(path, sizeof path, "%s/%s", place->folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static inline void write_study(const struct place *place, const char *files, double max_rejected)
{
    char text[600];

    snprintf(text, sizeof text,
             "study: test\nperiod: {from: 2008-04-01, to: 2011-03-31}\n"
             "extracts: [{dataset: apc, files: '%s'}]\n"
             "measures: [{id: all_admissions, statistic: count}]\n"
             "quality: {max_rejected: %g}\npublish: {formats: csv, disclosure: none}\n",
             files, max_rejected);
    write_text(place, "study.yaml", text);
}

static inline void append_row(char *text, size_t capacity, unsigned seed, unsigned row,
                              unsigned partyear)
{
    size_t used = strlen(text);
    unsigned day = 1 + (row * 7 + seed) % 28, month = 1 + (row + seed) % 12;

    snprintf(text + used, capacity - used,
             "TEST%028u,%u,%u,2009-%02u-%02u,2009-%02u-%02u,2009-%02u-%02u,2009-%02u-%02u,1,3,1,1,"
             "21,19,19,1,%u,%u,RTA,5J6,E11%u,\"I%u0\"\n",
             (row * 13 + seed) % 997, 400000000 + seed * 100000 + row, partyear, month, day, month,
             day, month, day, month, day, 1 + row % 2, row % 100, row % 10, 1 + row % 9);
}

static inline void write_extract(const struct place *place, const char *name, unsigned seed,
                                 unsigned n_rows, unsigned partyear)
{
    size_t capacity = sizeof extract_header + 240 * (size_t)n_rows;
    char *text = calloc(1, capacity), path[160];

    assert_non_null(text);
    strcpy(text, extract_header);
    for (unsigned row = 0; row < n_rows; row++) {
        size_t used = strlen(text);

        append_row(text + used, capacity - used, seed, row, partyear);
    }
    if (strstr(name, ".gz")) {
        gzFile file = NULL;

        snprintf(path, sizeof path, "%s/%s", place->folder, name);
        file = gzopen(path, "wb6");
        assert_non_null(file);
        assert_int_equal(gzwrite(file, text, (unsigned)strlen(text)), (int)strlen(text));
        assert_int_equal(gzclose(file), Z_OK);
    } else {
        write_text(place, name, text);
    }
    free(text);
}

/** One ingest of the study in `place`; the caller frees what is not NULL. */
struct outcome {
    hst_study *study;
    hst_inputs *inputs;
    hst_store *store;
    hst_ledger *ledger;
    hst_error err;
    hst_status status;
};

static inline void ingest(struct outcome *o, const struct place *place, hst_ingest_options options)
{
    char store[96];

    *o = (struct outcome){0};
    snprintf(store, sizeof store, "%s/store", place->folder);
    o->status = hst_study_read(&o->study, place->study_path, &o->err);
    if (o->status == HST_OK) {
        o->status = hst_inputs_find(&o->inputs, o->study, &o->err);
    }
    if (o->status == HST_OK) {
        o->status = hst_store_open(&o->store, store, true, HST_STORE_WRITE, &o->err);
    }
    if (o->status == HST_OK) {
        o->status = hst_ledger_create(&o->ledger, &o->err);
    }
    if (o->status == HST_OK) {
        o->status = hst_ingest(o->inputs, o->study, o->store, &options, o->ledger, &o->err);
    }
}

static inline void clear(struct outcome *o)
{
    hst_ledger_free(o->ledger);
    hst_store_close(o->store);
    hst_inputs_free(o->inputs);
    hst_study_free(o->study);
}

#endif
