/* How single numbers are shown: counts by the rule, real numbers by their digits. */
#include <math.h>

#include "publish/disclosure_internal.h"

bool disclosure_is_small(const disclosure_rule *rule, double count)
{
    return count > 0 && count < (double)rule->min;
}

disclosure_rule disclosure_rule_of(const hst_study *study)
{
    disclosure_rule rule = {.min = study->publish.disclosure.min,
                            .round = study->publish.disclosure.round,
                            .total_round = 1,
                            .decimals = study->publish.disclosure.decimals};

    if (!study->publish.disclosure.has_exact_totals) {
        rule.total_round = ((rule.min + 1) / 2 + rule.round - 1) / rule.round * rule.round;
    }
    return rule;
}

static int64_t round_to(int64_t base, int64_t count)
{
    int64_t rounded = (count + base / 2) / base * base;

    if (count <= 0) {
        return count;
    }
    return rounded > 0 ? rounded : base; /* 0 is said of none only */
}

int64_t disclosure_round_count(const disclosure_rule *rule, int64_t count)
{
    return round_to(rule->round, count);
}

int64_t disclosure_round_total(const disclosure_rule *rule, int64_t count)
{
    return round_to(rule->total_round, count);
}

double disclosure_round_sum(const disclosure_rule *rule, double sum)
{
    return isfinite(sum) && sum < 0x1p53 ? (double)disclosure_round_count(rule, llround(sum)) : sum;
}

/* The counts that are shown as this one is, from `least` on. */
static disclosure_range bucket(int64_t base, int64_t least, int64_t count)
{
    int64_t shown = round_to(base, count);
    disclosure_range range = {shown - base / 2, shown + (base - 1) / 2};

    if (count <= 0) {
        return (disclosure_range){count, count};
    }
    if (shown == base || range.low < least) {
        range.low = least;
    }
    return range;
}

disclosure_range disclosure_bucket(const disclosure_rule *rule, int64_t count)
{
    return bucket(rule->round, rule->min, count);
}

disclosure_range disclosure_total_bucket(const disclosure_rule *rule, int64_t count)
{
    return bucket(rule->total_round, 1, count);
}

enum { FIGURES = 3, TEN = 10 };

int disclosure_decimals(const disclosure_rule *rule, double value)
{
    double size = fabs(value);

    return size >= TEN || size == 0 ? rule->decimals : FIGURES - 1 - (int)floor(log10(size));
}

double disclosure_round_real(const disclosure_rule *rule, double value)
{
    double scale = 0, shown = 0;
    int decimals = 0;

    if (!isfinite(value) || value == 0) {
        return value;
    }
    decimals = disclosure_decimals(rule, value);
    if (decimals > 22) { /* 10^22 is the last power of ten that a double holds exactly */
        return 0;
    }
    scale = pow(TEN, decimals);
    shown = value * scale;
    return fabs(shown) < 0x1p53 ? nearbyint(shown) / scale : value;
}
