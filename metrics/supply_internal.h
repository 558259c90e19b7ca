#ifndef HESTIA_METRICS_SUPPLY_INTERNAL_H
#define HESTIA_METRICS_SUPPLY_INTERNAL_H

#include "coverage_internal.h"
#include "hestia/ledger.h"
#include "numbering_internal.h"
#include "wire_internal.h"

/** Months from January 1930; slots of one file reach so far back from its last. */
enum { HST_SUPPLY_MONTHS = 12 * 180, HST_SUPPLY_SLOTS = 64 };

/** Rows of one file by provider and month: of EPIEND, of attendances by their day. */
typedef struct hst_supply_tally {
    unsigned first_month; /**< of slot 0 */
    uint32_t *rows;       /**< [provider number][HST_SUPPLY_SLOTS] */
} hst_supply_tally;

/** Fills `month_of_day` [65536]: months from January 1930. */
void hst_supply_fill_months(uint16_t *month_of_day);

HST_MUST_CHECK hst_status hst_supply_tally_init(hst_supply_tally *tally, const hst_segment *segment,
                                                hst_error *err);
void hst_supply_tally_clear(hst_supply_tally *tally);
void hst_supply_tally_merge(hst_supply_tally *into, const hst_supply_tally *from,
                            const hst_segment *segment);
void hst_supply_tally_wire(hst_supply_tally *tally, const hst_segment *segment, hst_wire *wire);

static inline void hst_supply_tally_add(hst_supply_tally *tally, const uint16_t *month_of_day,
                                        const hst_episode *episode)
{
    unsigned slot = month_of_day[episode->epiend] - tally->first_month;

    if (slot < HST_SUPPLY_SLOTS) { /* earlier months wrap round to large numbers */
        tally->rows[(size_t)episode->provider * HST_SUPPLY_SLOTS + slot]++;
    }
}

/** Months of each data set whose rows are short because a provider stopped sending. */
typedef struct hst_supply_gaps {
    bool is_short[HST_N_DATASETS][HST_SUPPLY_MONTHS];
} hst_supply_gaps;

/**
 * Looks for providers that send less than in the same month a year before: by more than the share
 * `max_drop`, and by more than chance would have it, (a - b)^2 > 25 (a + b). Each gets an audit
 * line (stage "coverage", n = rows missing); so does a provider that sends nothing from some month
 * to the end of its data set. When those that stopped had more than `max_drop` of all rows of the
 * month a year before, the month is short.
 *
 * @param tallies  [n_segments];  @param coverage  [HST_N_DATASETS]
 */
HST_MUST_CHECK hst_status hst_supply_check(hst_supply_gaps *gaps, const hst_supply_tally *tallies,
                                           const hst_segment *const *segments, size_t n_segments,
                                           const hst_coverage *coverage, const hst_mergers *mergers,
                                           double max_drop, hst_ledger *ledger, hst_error *err);

/** True when a month of the period is short. */
bool hst_supply_is_short(const hst_supply_gaps *gaps, hst_dataset dataset,
                         const hst_period *period);

#endif
