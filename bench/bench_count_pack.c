/*
 * What several processes send each other of a study's counts, and how long it takes:
 *
 *     bench_count_pack STUDY.yaml [PROCESSES]
 *
 * Each process (4 by default) counts its share of the partitions, one after the other, and packs
 * it; all are added up in one, whose sum is packed as well. The store is filled first if it is not.
 * One line each, tab-separated: process, seconds to count, bytes packed, seconds to pack, MB/s,
 * seconds to add, peak memory in MiB so far. The last line is the sum, added to nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "hestia/ingest.h"
#include "hestia/population.h"
#include "hestia/standard.h"
#include "metrics/count_internal.h"

typedef struct bench {
    hst_study *study;
    hst_inputs *inputs;
    hst_standard standard;
    hst_population *population;
    hst_conditions *conditions;
    hst_measures *measures;
    hst_areas *areas;
    hst_cohorts *cohorts;
    hst_ledger *ledger;
    hst_store *store;
    size_t n_segments;
    hst_segment **segments;
} bench;

static void check(hst_status status, const hst_error *err)
{
    if (status != HST_OK) {
        fprintf(stderr, "bench_count_pack: %s\n", err->message);
        exit(1);
    }
}

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void open_all(bench *b, const char *path)
{
    const hst_ingest_options options = {.n_threads = 1, .memory_bytes = 256 << 20};
    hst_error err = {0};

    check(hst_study_read(&b->study, path, &err), &err);
    check(hst_inputs_find(&b->inputs, b->study, &err), &err);
    check(hst_conditions_read(&b->conditions, b->study->code_lists, &err), &err);
    check(hst_standard_read(&b->standard, b->study->standard_population, &err), &err);
    if (b->study->population.n > 0) {
        check(hst_population_read(&b->population, &b->study->population, &b->standard, &err), &err);
    }
    check(hst_measures_compile(&b->measures, b->study, b->conditions, &b->standard.bands, &err),
          &err);
    check(hst_ledger_create(&b->ledger, &err), &err);
    check(hst_store_open(&b->store, b->study->store, true, HST_STORE_WRITE, &err), &err);
    check(hst_ingest(b->inputs, b->study, b->store, &options, b->ledger, &err), &err);
    b->segments = calloc(b->inputs->n + 1, sizeof *b->segments);
    for (size_t i = 0; b->segments && i < b->inputs->n; i++) {
        const hst_input *input = &b->inputs->items[i];

        if (!input->superseded) {
            check(hst_segment_open(&b->segments[b->n_segments++], b->store, input->digest,
                                   input->layout_key, &err),
                  &err);
        }
    }
    check(hst_areas_build(&b->areas, b->study,
                          b->population ? hst_population_areas(b->population) : NULL,
                          (const hst_segment *const *)b->segments, b->n_segments, &err),
          &err);
    if (b->study->n_cohorts > 0) {
        check(hst_cohorts_create(&b->cohorts, b->study, b->conditions, b->store, &err), &err);
    }
}

static void close_all(bench *b)
{
    for (size_t i = 0; i < b->n_segments; i++) {
        hst_segment_close(b->segments[i]);
    }
    free(b->segments);
    hst_cohorts_free(b->cohorts);
    hst_areas_free(b->areas);
    hst_store_close(b->store);
    hst_ledger_free(b->ledger);
    hst_measures_free(b->measures);
    hst_population_free(b->population);
    hst_conditions_free(b->conditions);
    hst_inputs_free(b->inputs);
    hst_study_free(b->study);
}

/* Packs what one process counted, adds it to another, and says what both took. */
static void send(const char *name, double counted, const hst_counting *c, hst_count_worker *from,
                 hst_count_worker *into)
{
    unsigned char *bytes = NULL;
    size_t n = 0;
    struct rusage usage;
    hst_error err = {0};
    double start = seconds(), packed = 0, added = 0;

    check(hst_count_pack(c, from, &bytes, &n, &err), &err);
    packed = seconds() - start;
    start = seconds();
    check(hst_count_add_packed(c, into, bytes, n, &err), &err);
    added = seconds() - start;
    free(bytes);
    getrusage(RUSAGE_SELF, &usage);
    printf("%s\t%.3f\t%zu\t%.4f\t%.1f\t%.4f\t%ld\n", name, counted, n, packed,
           (double)n / packed / 1e6, added, usage.ru_maxrss / 1024);
}

int main(int argc, char **argv)
{
    size_t n_processes = argc > 2 ? strtoul(argv[2], NULL, 10) : 4;
    bench b = {0};
    hst_count_options options = {.n_threads = 1, .partition_step = n_processes};
    hst_counting c;
    hst_count_worker sum = {0}, last = {0};
    hst_error err = {0};

    if (argc < 2 || n_processes == 0) {
        fprintf(stderr, "usage: bench_count_pack STUDY.yaml [PROCESSES]\n");
        return 2;
    }
    open_all(&b, argv[1]);
    options.cohorts = b.cohorts;
    c = (hst_counting){.measures = b.measures,
                       .study = b.study,
                       .areas = b.areas,
                       .segments = (const hst_segment *const *)b.segments,
                       .n_segments = b.n_segments,
                       .options = &options};
    check(hst_counting_init(&c, &err), &err);
    check(hst_count_worker_init(&sum, &c, &err), &err);
    check(hst_count_worker_init(&last, &c, &err), &err);
    printf("process\tcount_s\tbytes\tpack_s\tMB/s\tadd_s\tpeak_MiB\n");
    for (size_t i = 0; i < n_processes; i++) {
        hst_count_worker w = {0};
        double start = seconds();
        char name[32];

        options.partition_first = i;
        check(hst_count_gather(&w, &c, &err), &err);
        snprintf(name, sizeof name, "%zu", i + 1);
        send(name, seconds() - start, &c, &w, &sum);
        hst_count_worker_clear(&w, &c);
    }
    send("sum", 0, &c, &sum, &last);
    hst_count_worker_clear(&last, &c);
    hst_count_worker_clear(&sum, &c);
    hst_counting_clear(&c);
    close_all(&b);
    return 0;
}
