/* A count by several processes: each takes its share of the partitions, and what they counted is
 * added up from bytes. */
#ifndef HESTIA_TESTS_METRICS_PROCESSES_H
#define HESTIA_TESTS_METRICS_PROCESSES_H

#include <stdlib.h>

#include "metrics/count_internal.h"

typedef struct process {
    hst_count_options options;
    hst_counting counting;
    hst_count_worker sum;
    unsigned char *bytes; /* what it counted by itself */
    size_t n_bytes;
} process;

/* @param p  NULL is allowed */
static inline void process_end(process *p)
{
    if (p) {
        hst_count_worker_clear(&p->sum, &p->counting);
        hst_counting_clear(&p->counting);
        free(p->bytes);
        free(p);
    }
}

/* Process `number` of so many counts its share. @param asked  what is counted: the fields that a
 * caller of hst_count gives */
static inline hst_status process_begin(process **out, const hst_counting *asked, size_t number,
                                       size_t n_processes, hst_error *err)
{
    process *p = calloc(1, sizeof *p);
    hst_status status = HST_OK;

    *out = NULL;
    if (!p) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a process");
    }
    p->options = *asked->options;
    p->options.partition_first = number;
    p->options.partition_step = n_processes;
    p->counting = *asked;
    p->counting.options = &p->options;
    status = hst_counting_init(&p->counting, err);
    if (!status) {
        status = hst_count_gather(&p->sum, &p->counting, err);
    }
    if (!status) {
        status = hst_count_pack(&p->counting, &p->sum, &p->bytes, &p->n_bytes, err);
    }
    if (!status) {
        *out = p;
        p = NULL; /* now the caller's */
    }
    process_end(p);
    return status;
}

/* What all counted, in a process of its own that has counted nothing itself. */
static inline hst_status processes_sum(process **out, const hst_counting *asked, size_t n_processes,
                                       hst_error *err)
{
    process *sum = NULL, *part = NULL;
    hst_status status =
        process_begin(&sum, asked, SIZE_MAX, 1, err); /* no partition has that number */

    *out = NULL;
    for (size_t i = 0; i < n_processes && !status; i++) {
        status = process_begin(&part, asked, i, n_processes, err);
        if (!status) {
            status =
                hst_count_add_packed(&sum->counting, &sum->sum, part->bytes, part->n_bytes, err);
        }
        process_end(part);
        part = NULL;
    }
    if (!status) {
        *out = sum;
        sum = NULL; /* now the caller's */
    }
    process_end(sum);
    return status;
}

#endif
