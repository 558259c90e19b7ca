/* How single numbers are shown: counts by the rule, real numbers by their digits. */
#include <math.h>

#include "publish/disclosure_internal.h"

bool disclosure_is_small(const disclosure_rule *rule, double count)
{
    return count > 0 && count < (double)rule->min;
}

int64_t disclosure_round_count(const disclosure_rule *rule, int64_t count)
{
    int64_t rounded = (count + rule->round / 2) / rule->round * rule->round;

    if (count <= 0) {
        return count;
    }
    return rounded > 0 ? rounded : rule->round; /* 0 is said of none only */
}

double disclosure_round_sum(const disclosure_rule *rule, double sum)
{
    return isfinite(sum) && sum < 0x1p53 ? (double)disclosure_round_count(rule, llround(sum)) : sum;
}

disclosure_range disclosure_bucket(const disclosure_rule *rule, int64_t count)
{
    int64_t shown = disclosure_round_count(rule, count);
    disclosure_range range = {shown - rule->round / 2, shown + (rule->round - 1) / 2};

    if (count <= 0) {
        return (disclosure_range){count, count};
    }
    if (shown == rule->round || range.low < rule->min) {
        range.low = rule->min;
    }
    return range;
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
