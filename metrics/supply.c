/* Who sends how much. A trust that closes, merges or changes its system leaves a hole that looks
 * like a fall of activity; what a year before came from it says how large the hole is. */
#include "supply_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { YEAR = 12, N_DAYS = 65536, CHANCE = 25 /* five standard deviations, squared */ };

static unsigned month_of(hst_date date)
{
    int year = 0, month = 0, day = 0;

    hst_date_to_civil(date, &year, &month, &day);
    return (unsigned)((year - 1930) * 12 + month - 1);
}

void hst_supply_fill_months(uint16_t *month_of_day)
{
    month_of_day[0] = UINT16_MAX; /* no date: in no slot */
    for (unsigned day = 1; day < N_DAYS; day++) {
        month_of_day[day] = (uint16_t)month_of(hst_day_to_date((hst_day)day));
    }
}

static size_t n_cells(const hst_segment *segment)
{
    return hst_segment_n_codes(segment, HST_DICT_PROVIDER) * HST_SUPPLY_SLOTS;
}

hst_status hst_supply_tally_init(hst_supply_tally *tally, const hst_segment *segment,
                                 hst_error *err)
{
    const hst_segment_info *info = hst_segment_get_info(segment);
    hst_day last = info->dataset == HST_DATASET_APC ? info->epiend_max : info->admidate_max;
    unsigned month = last == 0 ? HST_SUPPLY_SLOTS : month_of(hst_day_to_date(last));

    *tally = (hst_supply_tally){.first_month =
                                    month < HST_SUPPLY_SLOTS ? 0 : month - HST_SUPPLY_SLOTS + 1};
    tally->rows = calloc(n_cells(segment) + 1, sizeof *tally->rows);
    return tally->rows ? HST_OK
                       : hst_fail(err, HST_ERR_MEMORY, "no memory for the providers of %s",
                                  info->file);
}

void hst_supply_tally_clear(hst_supply_tally *tally)
{
    free(tally->rows);
    *tally = (hst_supply_tally){0};
}

void hst_supply_tally_merge(hst_supply_tally *into, const hst_supply_tally *from,
                            const hst_segment *segment)
{
    for (size_t i = 0; i < n_cells(segment); i++) {
        into->rows[i] += from->rows[i];
    }
}

/* ---- what is missing ---- */

typedef uint64_t month_counts[HST_SUPPLY_MONTHS];

typedef struct checker {
    const hst_providers *providers;
    hst_dataset dataset;
    unsigned first, last; /* months of the data set that have rows */
    month_counts *rows;   /* [providers] */
    month_counts all, lost; /* lost: a year before, from providers that stopped */
    double max_drop;
    hst_ledger *ledger;
} checker;

static hst_status add_line(const checker *c, size_t provider, unsigned month, const char *what,
                           uint64_t n, hst_error *err)
{
    char reason[96], period[16];
    hst_ledger_line line = {.stage = "coverage",
                            .dataset = hst_dataset_name(c->dataset),
                            .period = period,
                            .reason = reason,
                            .n = n};

    snprintf(period, sizeof period, "%04u-%02u", 1930 + month / 12, month % 12 + 1);
    snprintf(reason, sizeof reason, "provider %s %s",
             hst_providers_code(c->providers, (uint32_t)provider), what);
    return hst_ledger_add(c->ledger, &line, err);
}

static bool is_drop(const checker *c, uint64_t before, uint64_t now)
{
    uint64_t fall = before > now ? before - now : 0;

    return (double)fall > c->max_drop * (double)before && fall * fall > CHANCE * (before + now);
}

static hst_status check_provider(checker *c, size_t provider, hst_error *err)
{
    const uint64_t *rows = c->rows[provider];
    unsigned end = c->last + 1; /* first month of the silence that lasts to the end */
    hst_status status = HST_OK;

    while (end > c->first && rows[end - 1] == 0) {
        end--;
    }
    for (unsigned month = c->first + YEAR; month <= c->last && !status; month++) {
        uint64_t before = rows[month - YEAR];

        if (!is_drop(c, before, rows[month])) {
            continue;
        }
        if (month >= end) {
            c->lost[month] += before;
            status = add_line(c, provider, month, "sends no rows any more", before, err);
        } else {
            status = add_line(c, provider, month, "sends fewer rows than a year before",
                              before - rows[month], err);
        }
    }
    return status;
}

/* Adds up the files of the data set. The last month is left out when its rows may still come. */
static void add_files(checker *c, const hst_supply_tally *tallies,
                      const hst_segment *const *segments, size_t n_segments)
{
    c->first = HST_SUPPLY_MONTHS;
    for (size_t s = 0; s < n_segments; s++) {
        const uint32_t *numbers = hst_providers_of(c->providers, s);
        size_t n = hst_segment_n_codes(segments[s], HST_DICT_PROVIDER);

        if (hst_segment_get_info(segments[s])->dataset != c->dataset) {
            continue;
        }
        for (size_t i = 1; i < n; i++) {
            for (unsigned slot = 0; slot < HST_SUPPLY_SLOTS; slot++) {
                unsigned month = tallies[s].first_month + slot;
                uint64_t rows = tallies[s].rows[i * HST_SUPPLY_SLOTS + slot];

                if (rows > 0 && month < HST_SUPPLY_MONTHS) {
                    c->rows[numbers[i]][month] += rows;
                    c->all[month] += rows;
                    c->first = month < c->first ? month : c->first;
                    c->last = month > c->last ? month : c->last;
                }
            }
        }
    }
}

static hst_status check_dataset(hst_supply_gaps *gaps, checker *c, const hst_supply_tally *tallies,
                                const hst_segment *const *segments, size_t n_segments,
                                hst_error *err)
{
    size_t n = hst_providers_n(c->providers);
    hst_status status = HST_OK;

    memset(c->rows, 0, (n + 1) * sizeof *c->rows);
    memset(c->all, 0, sizeof c->all);
    memset(c->lost, 0, sizeof c->lost);
    c->last = 0;
    add_files(c, tallies, segments, n_segments);
    for (size_t provider = 1; provider < n && !status; provider++) {
        status = check_provider(c, provider, err);
    }
    for (unsigned month = YEAR; month < HST_SUPPLY_MONTHS; month++) {
        gaps->is_short[c->dataset][month] =
            (double)c->lost[month] > c->max_drop * (double)c->all[month - YEAR];
    }
    return status;
}

hst_status hst_supply_check(hst_supply_gaps *gaps, const hst_supply_tally *tallies,
                            const hst_segment *const *segments, size_t n_segments,
                            const hst_mergers *mergers, double max_drop, hst_ledger *ledger,
                            hst_error *err)
{
    static const hst_dataset datasets[] = {HST_DATASET_APC, HST_DATASET_OP, HST_DATASET_AE};
    checker *c = calloc(1, sizeof *c);
    hst_providers *providers = NULL;
    hst_status status = HST_OK;

    memset(gaps, 0, sizeof *gaps);
    if (!c) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the providers' months");
    }
    status = hst_providers_create(&providers, mergers, segments, n_segments, err);
    if (status) {
        goto done;
    }
    c->providers = providers;
    c->max_drop = max_drop;
    c->ledger = ledger;
    c->rows = malloc((hst_providers_n(providers) + 1) * sizeof *c->rows);
    if (!c->rows) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for the providers' months");
    }
    for (size_t i = 0; i < sizeof datasets / sizeof datasets[0] && !status; i++) {
        c->dataset = datasets[i];
        status = check_dataset(gaps, c, tallies, segments, n_segments, err);
    }

done:
    hst_providers_free(providers);
    free(c->rows);
    free(c);
    return status;
}
