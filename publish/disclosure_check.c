/* A released number beside the true one, for hestia explain. */
#include <math.h>

#include "hestia/published.h"
#include "publish/disclosure_internal.h"

/* Rounding to a decimal may fall either way where the last digits of two ways to work it out
 * differ.
 */
static bool is_rounded_from(const disclosure_rule *rule, double released, double value)
{
    double slack = 1e-9 * fabs(value);

    return released == disclosure_round_real(rule, value) ||
           released == disclosure_round_real(rule, value - slack) ||
           released == disclosure_round_real(rule, value + slack);
}

hst_released hst_released_as(const hst_study *study, const hst_measure *measure, bool is_england,
                             int64_t count, double value, const hst_published_number *released)
{
    const disclosure_rule rule = disclosure_rule_of(study);
    double shown = released->total_count, pop = released->total_pop;
    bool is_national = is_england && !disclosure_asks_for_providers(&measure->where);
    bool is_small = !is_national && disclosure_is_small(&rule, (double)count);
    int64_t by_rule =
        is_national ? disclosure_round_total(&rule, count) : disclosure_round_count(&rule, count);

    if (measure->is_table || count < 0) { /* no count to protect */
        return is_rounded_from(&rule, released->value, value) || released->value == value ||
                       (isnan(value) && isnan(released->value))
                   ? HST_RELEASED_BY_RULE
                   : HST_RELEASED_OTHERWISE;
    }
    if (isnan(shown)) {
        return !isnan(released->value) ? HST_RELEASED_OTHERWISE
               : is_small              ? HST_RELEASED_SMALL
                                       : HST_RELEASED_WITHHELD;
    }
    if (is_small || shown != (double)by_rule) {
        return HST_RELEASED_OTHERWISE;
    }
    if (isnan(released->value)) {
        return isnan(value) ? HST_RELEASED_BY_RULE : HST_RELEASED_COUNT_ONLY;
    }
    if (!is_national || rule.total_round > 1) {
        value = disclosure_value_of_shown(&rule, measure, value, (double)count, shown, pop);
    }
    return is_rounded_from(&rule, released->value, value) ? HST_RELEASED_BY_RULE
                                                          : HST_RELEASED_OTHERWISE;
}
