/*
 * What scanning costs on top of inflating, on one thread:
 *
 *     bench_scan EXTRACT [ROUNDS]
 *     bench_scan EXTRACT once
 *
 * runs inflating alone, then inflating and scanning, in turns, and prints the medians of the
 * rounds (5): name, records, seconds of CPU, records/s, MB/s of text, ratio to inflating alone,
 * tab-separated. `once` inflates and scans one time and prints nothing: the floor of any job on
 * this file, for bench/run to measure.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hestia/scanner.h"

enum { N_JOBS = 4, MAX_ROUNDS = 99, BUFFER_BYTES = 256 * 1024 };

static const struct job {
    const char *name;
    hst_scan_kernel kernel;
    bool scans, touches;
} jobs[N_JOBS] = {
    {"inflate", HST_SCAN_AUTO, false, false},
    {"inflate+scan portable", HST_SCAN_PORTABLE, true, false},
    {"inflate+scan avx2", HST_SCAN_AVX2, true, false},
    {"inflate+scan auto, 40 fields looked at", HST_SCAN_AUTO, true, true},
};

typedef struct result {
    uint64_t n_records, n_bytes, check;
    double seconds[MAX_ROUNDS];
} result;

static double cpu_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static hst_status read_text(hst_source *source, result *r, hst_error *err)
{
    static char buffer[BUFFER_BYTES];
    size_t n = 1;
    hst_status status = HST_OK;

    r->n_bytes = 0;
    while (status == HST_OK && n > 0) {
        status = hst_source_read(source, buffer, sizeof buffer, &n, err);
        r->n_bytes += n;
    }
    return status;
}

static hst_status scan_text(hst_source *source, const struct job *job, char separator, result *r,
                            hst_error *err)
{
    hst_scanner *scanner = NULL;
    hst_record record;
    bool more = true;
    hst_status status = hst_scanner_create(&scanner, source, separator, job->kernel, 0, false, err);

    r->n_records = 0;
    r->check = 0;
    while (status == HST_OK && more) {
        status = hst_scanner_next(scanner, &record, &more, err);
        r->n_records += more ? 1 : 0;
        r->check += more ? record.n_fields : 0;
        for (size_t i = 0; job->touches && i + 4 < record.n_fields; i += record.n_fields / 40 + 1) {
            size_t length = 0;
            bool quoted = false;
            const char *field = hst_record_field(&record, i, &length, &quoted);
            r->check += length > 0 ? (unsigned char)*field : 0;
        }
    }
    hst_scanner_free(scanner);
    return status;
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static hst_status run_job(const char *path, const struct job *job, result *r, hst_error *err)
{
    hst_source *source = NULL;
    hst_status status = hst_source_open(&source, path, "", HST_INFLATER_AUTO, err);

    if (status == HST_OK) {
        status = job->scans ? scan_text(source, job, ',', r, err) : read_text(source, r, err);
    }
    hst_source_close(source);
    return status;
}

int main(int argc, char **argv)
{
    static const struct job floor = {"", HST_SCAN_AUTO, true, false};
    static result results[N_JOBS];
    int n_rounds = argc > 2 ? atoi(argv[2]) : 5;
    hst_error err = {0};

    if (argc > 2 && strcmp(argv[2], "once") == 0) {
        if (run_job(argv[1], &floor, &results[0], &err)) {
            fprintf(stderr, "%s\n", err.message);
            return 1;
        }
        return 0;
    }
    if (argc < 2 || n_rounds < 1 || n_rounds > MAX_ROUNDS) {
        fprintf(stderr, "usage: bench_scan FILE [ROUNDS|once]\n");
        return 2;
    }
    for (int round = 0; round < n_rounds; round++) {
        for (size_t j = 0; j < N_JOBS; j++) {
            double start = cpu_seconds();

            if (!hst_scan_kernel_is_available(jobs[j].kernel)) {
                continue;
            }
            if (run_job(argv[1], &jobs[j], &results[j], &err)) {
                fprintf(stderr, "%s\n", err.message);
                return 1;
            }
            results[j].seconds[round] = cpu_seconds() - start;
        }
    }
    for (size_t j = 0; j < N_JOBS; j++) {
        result *r = &results[j];
        double seconds = 0;

        qsort(r->seconds, (size_t)n_rounds, sizeof *r->seconds, compare_doubles);
        seconds = r->seconds[n_rounds / 2];
        printf("%s\t%" PRIu64 "\t%.3f\t%.0f\t%.0f\t%.3f\n", jobs[j].name, r->n_records, seconds,
               (double)r->n_records / seconds, (double)results[0].n_bytes / seconds / 1e6,
               seconds / results[0].seconds[n_rounds / 2]);
    }
    return 0;
}
