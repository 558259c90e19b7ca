/* The verdict, by its rule. From the primary method's limits, what the series could have shown, the
 * estimate without suspects, and the rank among areas where nothing happened. */
#include "impact/impact_internal.h"

#include <math.h>

static const double strict = 0.05; /* the rank of areas agrees at this */

const char *hst_verdict_name(hst_verdict verdict)
{
    static const char *const names[] = {[HST_CANNOT_TELL] = "cannot tell",
                                        [HST_NO_CLEAR_CHANGE] = "no clear change",
                                        [HST_CHANGE] = "change"};

    return names[verdict];
}

bool impact_has_limits(const hst_effect *effect)
{
    return !isnan(effect->lower) && !isnan(effect->upper);
}

int impact_direction(const hst_effect *effect)
{
    double none = effect->scale == HST_SCALE_RATIO ? 1 : 0;

    if (!impact_has_limits(effect)) {
        return !(effect->p < strict) ? 0 : effect->estimate > none ? 1 : -1;
    }
    return effect->lower > none ? 1 : effect->upper < none ? -1 : 0;
}

bool impact_contradicts(const impact_evidence *evidence)
{
    return evidence->break_flag[0] != '\0' &&
           (!evidence->has_without || evidence->is_without_refused ||
            impact_direction(&evidence->without.effect) !=
                impact_direction(&evidence->answer.effect));
}

hst_verdict impact_judge(const impact_case *c, const impact_evidence *evidence)
{
    bool could_show = evidence->has_power && evidence->power.detectable <= c->service->meaningful;

    if (evidence->is_refused || impact_contradicts(evidence)) {
        return HST_CANNOT_TELL;
    }
    if (impact_direction(&evidence->answer.effect) == 0) {
        return could_show && impact_has_limits(&evidence->answer.effect) ? HST_NO_CLEAR_CHANGE
                                                                         : HST_CANNOT_TELL;
    }
    if (c->service->sites.n < 5 && !(evidence->placebos.areas.p <= strict)) {
        return HST_CANNOT_TELL; /* other areas moved as much, or there were too few to ask */
    }
    return HST_CHANGE;
}
