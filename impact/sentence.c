/* One sentence or two that a member of a board can read: what stood in the baseline and in the
 * review, and what the primary method makes of it. They never say more than the numbers. */
#include "impact/impact_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- words for numbers ---- */

/* Thousands in a row of digits: "-12071" as "-12,071". */
static const char *group_thousands(double value, bool with_sign, char text[40])
{
    char digits[40];
    int length = snprintf(digits, sizeof digits, with_sign ? "%+.0f" : "%.0f", value), out = 0;

    for (int i = 0; i < length && i < 29 && out < 38; i++) {
        bool is_first = i == 0 || digits[i - 1] == '-' || digits[i - 1] == '+';

        if (!is_first && (length - i) % 3 == 0) {
            text[out++] = ',';
        }
        text[out++] = digits[i];
    }
    text[out] = '\0';
    return text;
}

/* A number as a reader wants it: 0, 9.87, 98.7, 9,876. */
static const char *number(double value, char text[40])
{
    double size = fabs(value);

    if (size >= 1000) {
        return group_thousands(value, false, text);
    }
    snprintf(text, 40, "%.*f", size == 0 ? 0 : size < 10 ? 2 : 1, value);
    return text;
}

/* A share in percent: "4.1 %", with_sign "+4.1 %"; never "-0.0 %". */
static const char *percent(double share, bool with_sign, char text[48])
{
    double shown = fabs(share) < 0.0005 ? 0 : 100 * share;
    char digits[40];

    if (fabs(share) < 0.0995) {
        snprintf(digits, sizeof digits, with_sign && shown != 0 ? "%+.1f" : "%.1f", shown);
    } else {
        group_thousands(shown, with_sign, digits);
    }
    snprintf(text, 48, "%s %%", digits);
    return text;
}

/* "up 2.0 %", "down 8.2 %", "no difference". */
static const char *moved(double share, char text[64])
{
    char size[48];

    if (fabs(share) < 0.0005) {
        return "no difference";
    }
    snprintf(text, 64, "%s %s", share > 0 ? "up" : "down", percent(fabs(share), false, size));
    return text;
}

/* "2009-10 to 2010-02". */
static const char *span_label(const impact_case *c, const impact_range *range, char text[64])
{
    const hst_period *periods = c->series.periods;

    snprintf(text, 64, range->first == range->last ? "%s" : "%s to %s", periods[range->first].label,
             periods[range->last].label);
    return text;
}

/* ---- the change ---- */

/* What is judged: "Wirral, Mean length of stay". */
static const char *describe_subject(const impact_case *c, impact_page *page)
{
    const char *name = hst_areas_name(c->inputs->areas, c->area);

    return impact_text(page, "%s, %s", name[0] ? name : hst_areas_code(c->inputs->areas, c->area),
                       c->inputs->study->measures[c->measure].title);
}

static bool has_values(const hst_review *r)
{
    return r->baseline_label[0] != '\0' && !isnan(r->baseline.value) && !isnan(r->review.value);
}

static const char *left_out(const hst_review *r)
{
    return r->is_incomplete ? " Incomplete periods are left out." : "";
}

/* Where there is nothing to set side by side. */
static const char *describe_lack(const impact_case *c, const hst_review *r, impact_page *page)
{
    const impact_range all = {0, c->series.n - 1};
    char when[64];

    return impact_text(page, "%s, %s%s.%s", r->subject, span_label(c, &all, when),
                       c->service->n_dates == 0       ? ""
                       : r->baseline_label[0] != '\0' ? ": no value to compare"
                                                      : ": no complete period to compare",
                       left_out(r));
}

/* What changed, in numbers. */
static const char *describe_change(const hst_review *r, impact_page *page)
{
    char before[40], after[40], here[64], there[64];
    const char *change = "";

    if (!isnan(r->change_percent)) {
        change = impact_text(page, " (%s)", moved(r->change_percent / 100, here));
        if (r->comparator[0] && !isnan(r->comparator_percent)) {
            change = impact_text(page, " (%s; %s: %s)", moved(r->change_percent / 100, here),
                                 r->comparator, moved(r->comparator_percent / 100, there));
        }
    }
    return impact_text(page, "%s: %s%s%s in %s, against %s in %s%s.%s", r->subject,
                       number(r->review.value, after), r->unit[0] ? " " : "", r->unit,
                       r->review_label, number(r->baseline.value, before), r->baseline_label,
                       change, left_out(r));
}

/* ---- the verdict ---- */

/* What an effect is held against, by the method. */
static const char *describe_basis(const impact_case *c, impact_page *page)
{
    const char *areas =
        c->comparator != SIZE_MAX ? hst_areas_group(c->inputs->areas, c->comparator)->name : "";

    switch (c->service->primary) {
    case HST_IMPACT_ITS:
        return " against what the trend before would have brought";
    case HST_IMPACT_DID:
        return impact_text(page, " against the areas of %s", areas);
    case HST_IMPACT_SYNTHETIC_CONTROL:
        return impact_text(page, " against a mixture of areas of %s", areas);
    case HST_IMPACT_TREND:
        return c->by == HST_BY_MONTH     ? " a month over all periods"
               : c->by == HST_BY_QUARTER ? " a quarter over all periods"
                                         : " a year over all periods";
    default:
        return "";
    }
}

/* A limit as a relative change, which no fall takes below all, or in the measure's unit. */
static const char *limit(const impact_answer *answer, double value, bool is_relative, char text[48])
{
    double share = impact_relative(answer, value);

    return is_relative ? percent(share < -1 ? -1 : share, true, text) : number(value, text);
}

/* "a fall of 4.1 % against the areas of England (95 % limits: -9.8 % to +1.9 %)"; a difference is
 * in the measure's unit where what it would be relative to is not above 0. */
static const char *describe_effect(const impact_case *c, const impact_answer *answer,
                                   impact_page *page)
{
    const hst_effect *effect = &answer->effect;
    bool is_ratio = effect->scale == HST_SCALE_RATIO;
    bool is_relative = is_ratio || answer->base > 0;
    double none = is_ratio ? 1 : 0;
    const char *unit = is_relative ? "" : impact_unit(c, page), *limits = "";
    const char *basis = describe_basis(c, page);
    char size[48], lower[48], upper[48];

    if (isinf(effect->upper)) {
        limits = impact_text(page, " (95 %% limits: %s and more)",
                             limit(answer, effect->lower, is_relative, lower));
    } else if (impact_has_limits(effect)) {
        limits = impact_text(page, " (95 %% limits: %s to %s)",
                             limit(answer, effect->lower, is_relative, lower),
                             limit(answer, effect->upper, is_relative, upper));
    }
    if (isinf(effect->estimate)) {
        return impact_text(page, "a rise from no events to some%s%s", basis, limits);
    }
    if (strcmp(unit, "percent") == 0) {
        unit = "percentage points"; /* of stays, and not of what was before */
    }
    if (is_relative) {
        percent(fmax(impact_relative(answer, effect->estimate), -1) *
                    (effect->estimate < none ? -1 : 1),
                false, size);
    } else {
        number(fabs(effect->estimate), size);
    }
    return impact_text(page, "%s of %s%s%s%s%s",
                       effect->estimate > none   ? "a rise"
                       : effect->estimate < none ? "a fall"
                                                 : "a change",
                       size, unit[0] ? " " : "", unit, basis, limits);
}

static const char *hope(const impact_case *c, const impact_answer *answer)
{
    double none = answer->effect.scale == HST_SCALE_RATIO ? 1 : 0;
    bool is_lower = answer->effect.estimate < none;

    return c->service->expected == HST_EXPECTED_NONE ? ""
           : is_lower == (c->service->expected == HST_EXPECTED_LOWER)
               ? " The direction is what was hoped for."
               : " The direction is the opposite of what was hoped for.";
}

/* Limits that leave no effect out, but other areas do not agree. */
static const char *describe_other_areas(const char *effect, const hst_placebo *areas,
                                        impact_page *page)
{
    if (areas->n <= 1) {
        return impact_text(page,
                           "Cannot tell: the estimate is %s, but there are no other areas to hold "
                           "it against.",
                           effect);
    }
    if (areas->n_as_strong <= 1) {
        return impact_text(page,
                           "Cannot tell: the estimate is %s, but %zu other areas are too few to "
                           "rule out chance (19 would do).",
                           effect, areas->n - 1);
    }
    return impact_text(page,
                       "Cannot tell: the estimate is %s, but in %zu of %zu other areas a change "
                       "was as clear.",
                       effect, areas->n_as_strong - 1, areas->n - 1);
}

/* What would have shown, when it is more than is of interest. */
static const char *describe_power(const char *effect, const impact_case *c, const hst_power *power,
                                  impact_page *page)
{
    bool no_fall = isnan(power->detectable_fall);
    char detectable[48];

    return impact_text(page,
                       "Cannot tell: the estimate is %s, and only a %s of about %s or more%s would "
                       "probably have shown%s (of interest: %.15g %%).",
                       effect, no_fall ? "rise" : "change",
                       percent(power->detectable, false, detectable),
                       c->service->primary == HST_IMPACT_TREND ? " over the whole series" : "",
                       no_fall ? ", and no fall at all" : "", 100 * c->service->meaningful);
}

static const char *describe_doubt(const impact_case *c, const impact_evidence *e, impact_page *page)
{
    const char *effect = NULL;

    if (e->is_refused) {
        return impact_text(page, "Cannot tell: the method gives no answer (%s).", e->refusal);
    }
    effect = describe_effect(c, &e->answer, page);
    if (e->break_flag[0] != '\0' && (!e->has_without || e->is_without_refused)) {
        return impact_text(page,
                           "Cannot tell: the estimate is %s, but recording may have changed (%s), "
                           "and there is no estimate without that.",
                           effect, e->suspects);
    }
    if (impact_contradicts(e)) {
        return impact_text(page,
                           "Cannot tell: the estimate is %s, but recording may have changed (%s); "
                           "without that it is %s.",
                           effect, e->suspects, describe_effect(c, &e->without, page));
    }
    if (impact_direction(&e->answer.effect) != 0) {
        return describe_other_areas(effect, &e->placebos.areas, page);
    }
    if (!impact_has_limits(&e->answer.effect)) {
        return impact_text(page, "Cannot tell: the estimate is %s, and no limits can be given.",
                           effect);
    }
    return e->has_power ? describe_power(effect, c, &e->power, page)
                        : impact_text(page,
                                      "Cannot tell: the estimate is %s, and what would have shown "
                                      "cannot be worked out.",
                                      effect);
}

/* What the suspects of a finding do to it, where that is not the doubt itself. */
static const char *describe_recording(const impact_case *c, const impact_evidence *e,
                                      impact_page *page)
{
    if (e->break_flag[0] == '\0') {
        return "";
    }
    if (e->is_refused) {
        return impact_text(page, " Recording may have changed (%s).", e->suspects);
    }
    return impact_contradicts(e)
               ? ""
               : impact_text(page, " Recording may have changed (%s); without that it is %s.",
                             e->suspects, describe_effect(c, &e->without, page));
}

static const char *describe_verdict(const impact_case *c, hst_verdict verdict,
                                    const impact_evidence *e, impact_page *page)
{
    const char *effect = NULL, *areas = "", *cause = "";
    const char *recording = describe_recording(c, e, page);
    char detectable[48];

    if (verdict == HST_CANNOT_TELL) {
        return impact_text(page, "%s%s", describe_doubt(c, e, page), recording);
    }
    effect = describe_effect(c, &e->answer, page);
    if (verdict == HST_NO_CLEAR_CHANGE) {
        return impact_text(
            page, "No clear change: %s; a change of %s or more would probably have shown.%s",
            effect, percent(e->power.detectable, false, detectable), recording);
    }
    if (e->placebos.areas.n > 1) {
        areas = impact_text(page, ", clearer than in %zu of %zu other areas",
                            e->placebos.areas.n - e->placebos.areas.n_as_strong,
                            e->placebos.areas.n - 1);
    }
    if (c->service->n_dates > 0) {
        cause = c->service->primary == HST_IMPACT_TREND
                    ? " A straight line over all periods does not say when it began."
                    : " Whether the service is the cause the numbers alone cannot say.";
    }
    return impact_text(page, "A change: %s%s.%s%s%s", effect, areas, recording, hope(c, &e->answer),
                       cause);
}

void impact_sentence(const impact_case *c, hst_review *review, const impact_evidence *evidence,
                     impact_page *page)
{
    bool has_ranges = c->baseline.first <= c->baseline.last && c->review.first <= c->review.last;
    char label[64];

    review->subject = describe_subject(c, page);
    review->baseline_label = review->review_label = "";
    if (has_ranges) {
        review->baseline_label = impact_text(page, "%s", span_label(c, &c->baseline, label));
        review->review_label = impact_text(page, "%s", span_label(c, &c->review, label));
    }
    review->judgement = describe_verdict(c, review->verdict, evidence, page);
    review->sentence = impact_text(page, "%s %s",
                                   has_values(review) ? describe_change(review, page)
                                                      : describe_lack(c, review, page),
                                   review->judgement);
}

hst_status hst_review_say(hst_impact *impact, hst_review *review, hst_error *err)
{
    impact_page page = {.texts = impact->texts};

    if (!has_values(review)) {
        return HST_OK;
    }
    review->sentence =
        impact_text(&page, "%s %s", describe_change(review, &page), review->judgement);
    return impact_texts_are_whole(impact->texts)
               ? HST_OK
               : hst_fail(err, HST_ERR_MEMORY, "no memory for the sentence of a site review");
}
