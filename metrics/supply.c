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
    return tally->rows
               ? HST_OK
               : hst_fail(err, HST_ERR_MEMORY, "no memory for the providers of %s", info->file);
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

void hst_supply_tally_wire(hst_supply_tally *tally, const hst_segment *segment, hst_wire *wire)
{
    hst_wire_counts32(wire, tally->rows, n_cells(segment));
}

/* ---- what is missing ---- */

typedef struct checker {
    const hst_numbering *providers;
    const hst_coverage *coverage; /* of the data set */
    hst_dataset dataset;
    unsigned first, n_months; /* months of the data set that have rows and are complete */
    uint64_t *rows;           /* [providers][n_months] */
    uint64_t all[HST_SUPPLY_MONTHS],
        lost[HST_SUPPLY_MONTHS]; /* by month from the first; lost: a
                                    year before, by those that stopped */
    double max_drop;
    hst_ledger *ledger;
} checker;

static hst_period period_of(const checker *c, unsigned i)
{
    unsigned month = c->first + i;

    return hst_period_of(
        HST_BY_MONTH, hst_date_from_civil(1930 + (int)(month / YEAR), (int)(month % YEAR) + 1, 1));
}

static hst_status add_line(const checker *c, size_t provider, unsigned month, const char *what,
                           uint64_t n, hst_error *err)
{
    char reason[96];
    hst_period period = period_of(c, month);
    hst_ledger_line line = {.stage = "coverage",
                            .dataset = hst_dataset_name(c->dataset),
                            .period = period.label,
                            .reason = reason,
                            .n = n};

    snprintf(reason, sizeof reason, "provider %s %s",
             hst_numbering_code(c->providers, (uint32_t)provider), what);
    return hst_ledger_add(c->ledger, &line, err);
}

static bool is_drop(const checker *c, uint64_t before, uint64_t now)
{
    uint64_t fall = before > now ? before - now : 0;

    return (double)fall > c->max_drop * (double)before && fall * fall > CHANCE * (before + now);
}

static hst_status check_provider(checker *c, size_t provider, hst_error *err)
{
    const uint64_t *rows = c->rows + provider * c->n_months;
    unsigned end = c->n_months; /* first month of the silence that lasts to the end */
    hst_status status = HST_OK;

    while (end > 0 && rows[end - 1] == 0) {
        end--;
    }
    for (unsigned month = YEAR; month < c->n_months && !status; month++) {
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

/* First and last month with rows; the last ones are left out while their rows may still come. */
static void find_months(checker *c, const hst_supply_tally *tallies,
                        const hst_segment *const *segments, size_t n_segments)
{
    unsigned first = HST_SUPPLY_MONTHS, end = 0;

    for (size_t s = 0; s < n_segments; s++) {
        bool is_asked = hst_segment_get_info(segments[s])->dataset == c->dataset;

        for (size_t i = HST_SUPPLY_SLOTS; is_asked && i < n_cells(segments[s]); i++) {
            unsigned month = tallies[s].first_month + (unsigned)(i % HST_SUPPLY_SLOTS);

            if (tallies[s].rows[i] > 0 && month < HST_SUPPLY_MONTHS) {
                first = month < first ? month : first;
                end = month >= end ? month + 1 : end;
            }
        }
    }
    c->first = first;
    for (c->n_months = end > first ? end - first : 0; c->n_months > 0; c->n_months--) {
        hst_period last = period_of(c, c->n_months - 1);

        if (hst_coverage_lack(c->coverage, &last, true) == HST_LACK_NONE) {
            break;
        }
    }
}

static void add_files(checker *c, const hst_supply_tally *tallies,
                      const hst_segment *const *segments, size_t n_segments)
{
    for (size_t s = 0; s < n_segments; s++) {
        const uint32_t *numbers = hst_numbering_of(c->providers, s);
        bool is_asked = hst_segment_get_info(segments[s])->dataset == c->dataset;

        for (size_t i = HST_SUPPLY_SLOTS; is_asked && i < n_cells(segments[s]); i++) {
            unsigned month = tallies[s].first_month + (unsigned)(i % HST_SUPPLY_SLOTS) - c->first;

            if (tallies[s].rows[i] > 0 && month < c->n_months) {
                c->rows[numbers[i / HST_SUPPLY_SLOTS] * c->n_months + month] += tallies[s].rows[i];
                c->all[month] += tallies[s].rows[i];
            }
        }
    }
}

static hst_status check_dataset(hst_supply_gaps *gaps, checker *c, const hst_supply_tally *tallies,
                                const hst_segment *const *segments, size_t n_segments,
                                hst_error *err)
{
    size_t n = hst_numbering_n(c->providers);
    hst_status status = HST_OK;

    find_months(c, tallies, segments, n_segments);
    memset(c->all, 0, sizeof c->all);
    memset(c->lost, 0, sizeof c->lost);
    c->rows = calloc(n * c->n_months + 1, sizeof *c->rows);
    if (!c->rows) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the providers' months");
    }
    add_files(c, tallies, segments, n_segments);
    for (size_t provider = 1; provider < n && !status; provider++) {
        status = check_provider(c, provider, err);
    }
    for (unsigned month = YEAR; month < c->n_months; month++) {
        gaps->is_short[c->dataset][c->first + month] =
            (double)c->lost[month] > c->max_drop * (double)c->all[month - YEAR];
    }
    free(c->rows);
    return status;
}

bool hst_supply_is_short(const hst_supply_gaps *gaps, hst_dataset dataset, const hst_period *period)
{
    for (unsigned month = month_of(period->start); month <= month_of(period->end); month++) {
        if (month < HST_SUPPLY_MONTHS && gaps->is_short[dataset][month]) {
            return true;
        }
    }
    return false;
}

hst_status hst_supply_check(hst_supply_gaps *gaps, const hst_supply_tally *tallies,
                            const hst_segment *const *segments, size_t n_segments,
                            const hst_coverage *coverage, const hst_mergers *mergers,
                            double max_drop, hst_ledger *ledger, hst_error *err)
{
    static const hst_dataset datasets[] = {HST_DATASET_APC, HST_DATASET_OP, HST_DATASET_AE};
    checker *c = calloc(1, sizeof *c);
    hst_numbering *providers = NULL;
    hst_status status = HST_OK;

    memset(gaps, 0, sizeof *gaps);
    if (!c) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the providers' months");
    }
    status =
        hst_numbering_create(&providers, HST_DICT_PROVIDER, mergers, segments, n_segments, err);
    if (status) {
        goto done;
    }
    c->providers = providers;
    c->max_drop = max_drop;
    c->ledger = ledger;
    for (size_t i = 0; i < sizeof datasets / sizeof datasets[0] && !status; i++) {
        c->dataset = datasets[i];
        c->coverage = &coverage[datasets[i]];
        status = check_dataset(gaps, c, tallies, segments, n_segments, err);
    }

done:
    hst_numbering_free(providers);
    free(c);
    return status;
}
