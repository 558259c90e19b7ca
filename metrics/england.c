/* England's totals by the rules of the published tables (see the header). Chosen: a row is one
 * episode whatever else the study excludes; repeats of a record key are looked for within a person,
 * as the store keeps people together. */
#include "hestia/england.h"

#include <stdlib.h>

#include "hestia/ingest.h"

enum {
    FIRST_YEAR = 1929, /* financial year of the first day of hst_day */
    N_YEARS = 256,     /* slot 0 is for rows without an EPIEND */
    N_DAYS = 1 << 16,
    IS_FCE = 1,
    IS_FAE = 2,
    IS_EMERGENCY = 4
};

/* Adding up of one partition or thread. */
typedef struct totals {
    uint64_t fce[N_YEARS], fae[N_YEARS], fae_emergency[N_YEARS];
    uint64_t n_repeated;
} totals;

/**
 * A row as a number that says both what it adds and which of several rows of one key counts, the
 * largest: finished, then the extract's latest year, then the latest SUBDATE, then what it adds, so
 * that neither file nor row order matters.
 *
 *     bit 63 finished, bit 62 always set, 36-55 PARTYEAR of the file, 16-31 SUBDATE,
 *     8-15 year slot, 0-7 IS_*
 */
static uint64_t rank_row(const hst_episode *episode, uint32_t partyear, const uint8_t *year_of_day)
{
    bool is_finished = episode->epistat == '3';
    uint64_t kind = 0;

    if (is_finished &&
        (episode->classpat == '1' || episode->classpat == '2' || episode->classpat == '5')) {
        kind |= IS_FCE;
        if (episode->epiorder == 1) {
            kind |= IS_FAE;
            switch (episode->admimeth) {
            case HST_CODE2('2', '1'):
            case HST_CODE2('2', '2'):
            case HST_CODE2('2', '3'):
            case HST_CODE2('2', '4'):
            case HST_CODE2('2', '5'):
            case HST_CODE2('2', '8'):
            case HST_CODE2('2', 'A'):
            case HST_CODE2('2', 'B'):
            case HST_CODE2('2', 'C'):
            case HST_CODE2('2', 'D'):
                kind |= IS_EMERGENCY;
                break;
            default:
                break;
            }
        }
    }
    return (uint64_t)is_finished << 63 | UINT64_C(1) << 62 | (uint64_t)(partyear & 0xFFFFF) << 36 |
           (uint64_t)episode->subdate << 16 | (uint64_t)year_of_day[episode->epiend] << 8 | kind;
}

static void add_row(totals *sum, uint64_t rank)
{
    size_t year = (size_t)(rank >> 8 & 0xFF);

    sum->fce[year] += (rank & IS_FCE) != 0;
    sum->fae[year] += (rank & IS_FAE) != 0;
    sum->fae_emergency[year] += (rank & IS_EMERGENCY) != 0;
}

/* Record keys of a partition, open addressing; rank 0 is a free slot. */
typedef struct key_rank {
    uint64_t key, rank;
} key_rank;

static bool insert(key_rank *slots, unsigned bits, uint64_t key, uint64_t rank)
{
    size_t mask = ((size_t)1 << bits) - 1;
    size_t at = (size_t)(key * UINT64_C(0x9E3779B97F4A7C15) >> (64 - bits));

    while (slots[at].rank != 0 && slots[at].key != key) {
        at = (at + 1) & mask;
    }
    if (slots[at].rank != 0) {
        slots[at].rank = rank > slots[at].rank ? rank : slots[at].rank;
        return false;
    }
    slots[at] = (key_rank){key, rank};
    return true;
}

static hst_status count_partition(totals *sum, const hst_segment *const *segments,
                                  size_t n_segments, size_t partition, const uint8_t *year_of_day,
                                  hst_error *err)
{
    hst_status status = HST_OK;
    uint64_t n_rows = 0;
    size_t largest = 0;
    unsigned bits = 4;
    char *buffer = NULL;
    key_rank *slots = NULL;

    for (size_t i = 0; i < n_segments; i++) {
        size_t bytes = hst_segment_partition_bytes(segments[i], partition);

        n_rows += hst_segment_partition_episodes(segments[i], partition);
        largest = bytes > largest ? bytes : largest;
    }
    while (((uint64_t)1 << bits) < 2 * n_rows) {
        bits++;
    }
    buffer = malloc(largest + 1);
    slots = calloc((size_t)1 << bits, sizeof *slots);
    if (!buffer || !slots) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for a partition of %zu bytes", largest);
        goto done;
    }
    for (size_t i = 0; i < n_segments; i++) {
        size_t bytes = hst_segment_partition_bytes(segments[i], partition);
        uint32_t partyear = hst_segment_get_info(segments[i])->partyear_max;

        status = hst_segment_read(segments[i], partition, buffer, err);
        if (status != HST_OK) {
            goto done;
        }
        for (size_t at = 0; at < bytes;) {
            const hst_episode *episode = (const hst_episode *)(const void *)(buffer + at);

            sum->n_repeated +=
                !insert(slots, bits, episode->record_key, rank_row(episode, partyear, year_of_day));
            at += hst_episode_bytes(episode);
        }
    }
    for (size_t at = 0; at < (size_t)1 << bits; at++) {
        if (slots[at].rank != 0) {
            add_row(sum, slots[at].rank);
        }
    }

done:
    free(buffer);
    free(slots);
    return status;
}

static void add_totals(totals *sum, const totals *more)
{
    for (size_t i = 0; i < N_YEARS; i++) {
        sum->fce[i] += more->fce[i];
        sum->fae[i] += more->fae[i];
        sum->fae_emergency[i] += more->fae_emergency[i];
    }
    sum->n_repeated += more->n_repeated;
}

static hst_status list_years(hst_england **out, const totals *sum, hst_error *err)
{
    hst_england *england = calloc(1, sizeof *england);

    if (england) {
        england->years = calloc(N_YEARS, sizeof *england->years);
    }
    if (!england || !england->years) {
        hst_england_free(england);
        return hst_fail(err, HST_ERR_MEMORY, "no memory for England's totals");
    }
    for (size_t i = 1; i < N_YEARS; i++) {
        if (sum->fce[i] > 0) {
            england->years[england->n_years++] =
                (hst_england_year){.year = FIRST_YEAR - 1 + (int)i,
                                   .fce = sum->fce[i],
                                   .fae = sum->fae[i],
                                   .fae_emergency = sum->fae_emergency[i]};
        }
    }
    england->n_repeated = sum->n_repeated;
    england->n_undated = sum->fce[0];
    *out = england;
    return HST_OK;
}

/* Counts all partitions; the lowest-numbered failure is the one reported. */
static hst_status count_partitions(totals *sum, const hst_segment *const *segments,
                                   size_t n_segments, const uint8_t *year_of_day, int n_threads,
                                   hst_error *err)
{
    hst_status status = HST_OK;
    size_t n_partitions = n_segments > 0 ? hst_segment_n_partitions(segments[0]) : 0;
    size_t failed = n_partitions; /* partition of the failure kept */

#pragma omp parallel num_threads(n_threads > 0 ? n_threads : 1)
    {
        totals own = {0};
        hst_error own_error = {0};

#pragma omp for schedule(dynamic)
        for (size_t i = 0; i < n_partitions; i++) {
            hst_status own_status =
                hst_interrupt_requested()
                    ? hst_fail(&own_error, HST_ERR_INTERRUPTED, "interrupted")
                    : count_partition(&own, segments, n_segments, i, year_of_day, &own_error);

            if (own_status != HST_OK) {
#pragma omp critical(hst_england)
                if (i < failed) {
                    failed = i;
                    status = hst_fail(err, own_status, "%s", own_error.message);
                }
            }
        }
#pragma omp critical(hst_england)
        add_totals(sum, &own);
    }
    return status;
}

hst_status hst_england_count(hst_england **out, const hst_segment *const *segments,
                             size_t n_segments, int n_threads, hst_error *err)
{
    hst_status status = HST_OK;
    uint8_t *year_of_day = NULL; /* slot of the financial year, 0 = no day */
    totals *sum = NULL;

    *out = NULL;
    year_of_day = calloc(N_DAYS, 1);
    sum = calloc(1, sizeof *sum);
    if (!year_of_day || !sum) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for England's totals");
        goto done;
    }
    for (unsigned day = 1; day < N_DAYS; day++) {
        int year = hst_date_financial_year(hst_day_to_date((hst_day)day));

        year_of_day[day] = (uint8_t)(year - FIRST_YEAR + 1);
    }
    status = count_partitions(sum, segments, n_segments, year_of_day, n_threads, err);
    if (status == HST_OK) {
        status = list_years(out, sum, err);
    }

done:
    free(year_of_day);
    free(sum);
    return status;
}

void hst_england_free(hst_england *england)
{
    if (england) {
        free(england->years);
        free(england);
    }
}
