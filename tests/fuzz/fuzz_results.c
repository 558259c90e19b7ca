/* Reading back results of which one file is of any bytes must give an answer or a reason. The first
 * byte chooses the file; the others are those of a run that is compared with it. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hestia/compare.h"
#include "hestia/published.h"
#include "hestia/run_folder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RESULTS_NAMES                                                                              \
    "measure,dataset,area_type,area_code,area_name,period,period_start,period_end,sex,age,split,"  \
    "total_count,total_pop,value,lowercl,uppercl,lower998,upper998,confidence,statistic,method,"   \
    "comparator,compared,suppressed,note,area_role,period_type,split_by,split_name,unit,"          \
    "comparator_value,compared_method,incomplete\n"

static const struct {
    const char *name, *text;
} files[] = {
    {"latest/results.csv", RESULTS_NAMES
     "a,apc,pct,5J6,Calderdale,2010/11,2010-04-01,2011-03-31,persons,all,,120,1000,12,"
     "10,14,,,95%,dsr,m,,,0,,site,year,,,u,,,0\n"},
    {"latest/manifest.json",
     "{\"run\":\"20261121T020000Z\",\"fingerprint\":\"0\",\"hestia\":{\"version\":\"0.1.0\"},"
     "\"inputs\":[{\"file\":\"a.csv\",\"member\":\"\","
     "\"hash\":\"00000000000000000000000000000000\","
     "\"layout\":\"00000000000000000000000000000000\"}],\"tables\":[]}"},
    {"status.json", "{\"checked\":\"2026-11-21T02:00:00Z\",\"changed\":\"2026-11-21T02:00:00Z\"}"},
    {"latest/impact.csv", "impact,site_code,measure,method,primary,comparator,term,estimate\n"},
    {"latest/site-review.csv", "site_code,measure,verdict\n"},
    {"latest/audit.csv", "stage,dataset,file,measure,area,period,reason,n\n"},
};
enum { N_FILES = sizeof files / sizeof *files };

/* Each is a results directory; the first is the one with the bytes. */
static char folders[2][32] = {"/tmp/hestia-fuzz-XXXXXX", "/tmp/hestia-fuzz-XXXXXX"};

static void path_of(char path[128], size_t folder, const char *name)
{
    snprintf(path, 128, "%s/%s", folders[folder], name);
}

static void remove_folders(void)
{
    char path[128];

    for (size_t f = 0; f < 2; f++) {
        for (size_t i = 0; i < N_FILES; i++) {
            path_of(path, f, files[i].name);
            remove(path);
        }
        path_of(path, f, "latest");
        remove(path);
        path_of(path, f, ".lock");
        remove(path);
        remove(folders[f]);
    }
}

static void write_file(size_t folder, size_t i, const void *bytes, size_t n)
{
    char path[128];
    FILE *file = NULL;

    path_of(path, folder, files[i].name);
    file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, n, file) != n || fclose(file) != 0) {
        abort();
    }
}

static void make_folders(void)
{
    char path[128];

    for (size_t f = 0; f < 2; f++) {
        if (!mkdtemp(folders[f])) {
            abort();
        }
        path_of(path, f, "latest");
        if (mkdir(path, 0700) != 0) {
            abort();
        }
        for (size_t i = 0; i < N_FILES; i++) {
            write_file(f, i, files[i].text, strlen(files[i].text));
        }
    }
    if (atexit(remove_folders) != 0) {
        abort();
    }
}

static void expect_reason(hst_status status, const hst_error *err)
{
    if (status != HST_OK && err->message[0] == '\0') {
        abort();
    }
}

static void read_back(const char *directory)
{
    const hst_published_key key = {
        .measure = "a", .area_code = "5J6", .period = "2010/11", .statistic = "dsr"};
    hst_published_input *inputs = NULL;
    hst_published_number number;
    char run[HST_RUN_NAME_BYTES];
    size_t n = 0;
    bool is_found = false;
    hst_error err = {0};

    expect_reason(hst_published_inputs(&inputs, &n, directory, &err), &err);
    free(inputs);
    err.message[0] = '\0';
    expect_reason(hst_published_find(&number, &is_found, directory, &key, &err), &err);
    hst_published_run(run, directory);
    if (strlen(run) >= sizeof run) {
        abort();
    }
}

static void compare(void)
{
    const hst_compare_options options = {.threshold = 0.05, .n_moves = 3};
    char before[128], after[128];
    hst_comparison *comparison = NULL;
    hst_error err = {0};
    hst_status status = HST_OK;

    path_of(before, 0, "latest");
    path_of(after, 1, "latest");
    status = hst_compare(&comparison, before, after, &options, &err);
    expect_reason(status, &err);
    if (status == HST_OK) {
        hst_compare_line values = hst_comparison_values(comparison);

        if (values.n_new + values.n_gone > (uint64_t)1 << 32) {
            abort();
        }
    }
    hst_comparison_free(comparison);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool is_made = false;
    const hst_run_status now = {
        .version = "0.2.0", .started = 1795226400, .checked = 1795226400, .message = "ok"};
    hst_error err = {0};
    size_t chosen = 0;

    if (!is_made) {
        make_folders();
        is_made = true;
    }
    if (size == 0) {
        return 0;
    }
    chosen = data[0] % N_FILES;
    write_file(0, chosen, data + 1, size - 1);
    read_back(folders[0]);
    compare();
    expect_reason(hst_run_status_write(folders[0], &now, &err), &err);
    if (err.message[0] != '\0') {
        abort(); /* status.json is written whatever was there */
    }
    write_file(0, chosen, files[chosen].text, strlen(files[chosen].text));
    return 0;
}
