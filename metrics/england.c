/* England's totals by the rules of the published tables (see the header). Chosen: a row is one
 * episode whatever else the study excludes; repeats of a record key are left out by the rule
 * `nhsd`, whatever the study says, because NHS Digital had removed them before it counted. */
#include "hestia/england.h"

#include <stdlib.h>

#include "hestia/ingest.h"
#include "partition_internal.h"

enum {
    FIRST_YEAR = 1929, /* financial year of the first day of hst_day */
    N_YEARS = 256,     /* slot 0 is for rows without an EPIEND */
    N_DAYS = 1 << 16
};

/* Adding up of one thread. */
typedef struct totals {
    uint64_t fce[N_YEARS], fae[N_YEARS], fae_emergency[N_YEARS];
    uint64_t n_repeated;
} totals;

static bool is_emergency(uint16_t admimeth)
{
    switch (admimeth) {
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
        return true;
    default:
        return false;
    }
}

static void add_row(totals *sum, const hst_episode *episode, const uint8_t *year_of_day)
{
    size_t year = year_of_day[episode->epiend];

    if (hst_episode_is_dropped(episode)) {
        sum->n_repeated++;
    } else if (episode->epistat == '3' &&
               (episode->classpat == '1' || episode->classpat == '2' || episode->classpat == '5')) {
        sum->fce[year]++;
        if (episode->epiorder == 1) {
            sum->fae[year]++;
            sum->fae_emergency[year] += is_emergency(episode->admimeth);
        }
    }
}

static hst_status count_partition(totals *sum, hst_partition *partition, size_t number,
                                  size_t n_segments, const uint8_t *year_of_day, hst_error *err)
{
    const hst_block *blocks = NULL;
    hst_status status = HST_OK;

    if (hst_interrupt_requested()) {
        return hst_fail(err, HST_ERR_INTERRUPTED, "interrupted while counting");
    }
    status = hst_partition_read(partition, number, &blocks, err);
    for (size_t i = 0; i < n_segments && status == HST_OK; i++) {
        for (size_t at = 0; at < blocks[i].bytes;) {
            const hst_episode *episode =
                (const hst_episode *)(const void *)(blocks[i].records + at);

            add_row(sum, episode, year_of_day);
            at += hst_episode_bytes(episode);
        }
    }
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
        hst_partition *partition = NULL;
        hst_status made = hst_partition_create(&partition, segments, n_segments, true, &own_error);

#pragma omp for schedule(dynamic)
        for (size_t i = 0; i < n_partitions; i++) {
            hst_status own_status = made == HST_OK ? count_partition(&own, partition, i, n_segments,
                                                                     year_of_day, &own_error)
                                                   : made;

            if (own_status != HST_OK) {
#pragma omp critical(hst_england)
                if (i < failed) {
                    failed = i;
                    status = hst_fail(err, own_status, "%s", own_error.message);
                }
            }
        }
        hst_partition_free(partition);
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
