/* sensitivity.csv: the primary method again, with one of five choices made otherwise. */
#include "impact/impact_internal.h"

#include <math.h>

/* One row: an answer, or why there is none. */
static hst_status add_row(const impact_case *c, const char *dimension, const char *alternative,
                          hst_status asked, const impact_answer *answer, const char *note,
                          impact_page *page, hst_error *err)
{
    bool is_there = asked == HST_OK && answer;
    hst_sensitivity row = {.impact = c->impact,
                           .site = c->area,
                           .measure = c->measure,
                           .dimension = dimension,
                           .alternative = alternative,
                           .estimate =
                               is_there ? impact_finite(answer->effect.estimate) : (double)NAN,
                           .lower = is_there ? answer->effect.lower : (double)NAN,
                           .upper = is_there ? impact_finite(answer->effect.upper) : (double)NAN,
                           .p = is_there ? answer->effect.p : (double)NAN,
                           .note = is_there && isinf(answer->effect.estimate)
                                       ? "no events before, so the ratio has no end"
                                       : note};

    return impact_add_sensitivity(page, &row, err);
}

/* Asks the primary method of a case and writes what it says. */
static hst_status ask(const impact_case *c, const char *dimension, const char *alternative,
                      impact_page *page, hst_error *err)
{
    impact_answer answer;
    impact_page aside; /* asked in full, since a rank costs nothing else; its rows are dropped */
    hst_error refusal = {0};
    hst_status status = impact_page_open(&aside, err), asked = HST_OK;

    if (status != HST_OK) {
        return status;
    }
    asked = impact_ask(&answer, c, c->service->primary, &aside, &refusal);
    impact_page_close(&aside);
    if (asked != HST_OK && asked != HST_REFUSED) {
        return hst_fail(err, asked, "%s", refusal.message);
    }
    return add_row(c, dimension, alternative, asked, &answer,
                   asked == HST_OK ? "" : impact_text(page, "%s", refusal.message), page, err);
}

/* The measure counted otherwise. */
static hst_status ask_alternative(const impact_case *c, const impact_alternatives *alternatives,
                                  impact_change change, const char *dimension, const char *why_not,
                                  impact_page *page, hst_error *err)
{
    const impact_alternative *item =
        impact_alternative_of(alternatives, change, c->measure, c->area, impact_days(c));
    impact_case other;
    hst_status status = HST_OK;

    if (!item) {
        return add_row(c, dimension, "none", HST_REFUSED, NULL, why_not, page, err);
    }
    status = impact_case_open(&other, c->inputs, &alternatives->source, c->impact, c->measure,
                              item->number, c->area, err);
    if (status == HST_OK) {
        status = ask(&other, dimension, impact_text(page, "%s", item->name), page, err);
        impact_case_close(&other);
    }
    return status;
}

/* The season in where it is out. Before and after are the same months of the year, so for them it
 * is out when the months just before the service are the baseline. */
static hst_status ask_season(const impact_case *c, impact_page *page, hst_error *err)
{
    impact_case other = *c;
    hst_impact_method primary = c->service->primary;
    size_t n = c->review.last + 1 - c->review.first, end = c->start;

    if (impact_cycle(c) == 1) {
        return add_row(c, "season", "none", HST_REFUSED, NULL, "whole years have no season", page,
                       err);
    }
    if (primary == HST_IMPACT_ITS) {
        other.has_other_season = true;
        return ask(&other, "season", impact_has_season(c) ? "no season" : "seasonal dummies", page,
                   err);
    }
    while (end > 0 && isnan(c->series.events[end - 1])) {
        end--; /* the period that the date cuts, or incomplete ones */
    }
    if (primary == HST_IMPACT_PRE_POST && n > 0 && n <= end &&
        impact_is_whole(&c->series, (impact_range){end - n, end - 1})) {
        other.baseline = (impact_range){end - n, end - 1};
        return ask(&other, "season", "baseline just before the service", page, err);
    }
    return add_row(c, "season", "none", HST_REFUSED, NULL,
                   primary == HST_IMPACT_PRE_POST ? "too few periods just before the service"
                   : primary == HST_IMPACT_TREND  ? "a straight line has no season"
                                                  : "the areas compared with carry the season",
                   page, err);
}

/* Against each comparator: its series beside the site's, its change taken off, or its areas. */
static hst_status ask_comparators(const impact_case *c, impact_page *page, hst_error *err)
{
    const hst_texts *names = &c->service->comparators;
    hst_impact_method primary = c->service->primary;
    hst_status status = HST_OK;
    size_t n = 0;

    for (size_t i = 0; i < names->n && primary != HST_IMPACT_TREND && status == HST_OK; i++) {
        impact_case other = *c;

        other.comparator = impact_group_of(c->inputs->areas, names->items[i], c->area);
        if (other.comparator == SIZE_MAX) {
            continue;
        }
        n++;
        other.is_controlled = primary == HST_IMPACT_ITS;
        other.takes_off_comparator = primary == HST_IMPACT_PRE_POST;
        status = ask(&other, "comparator",
                     impact_text(page, "against %s",
                                 hst_areas_group(c->inputs->areas, other.comparator)->name),
                     page, err);
    }
    if (status != HST_OK || n > 0) {
        return status;
    }
    return add_row(c, "comparator", "none", HST_REFUSED, NULL,
                   primary == HST_IMPACT_TREND ? "a straight line is compared with none"
                                               : "the service names no comparator",
                   page, err);
}

hst_status impact_write_sensitivity(const impact_case *c, const impact_alternatives *alternatives,
                                    const impact_evidence *evidence, impact_page *page,
                                    hst_error *err)
{
    hst_status status = add_row(c, "as declared", hst_impact_method_name(c->service->primary),
                                evidence->is_refused ? HST_REFUSED : HST_OK, &evidence->answer,
                                evidence->refusal, page, err);

    if (status != HST_OK ||
        (status = ask_alternative(c, alternatives, IMPACT_OTHER_UNIT, "unit",
                                  "the measure has one unit only", page, err)) != HST_OK ||
        (status = ask_alternative(c, alternatives, IMPACT_OTHER_ZERO_DAY, "zero-day stays",
                                  "the measure is not of stays", page, err)) != HST_OK ||
        (status = ask_alternative(c, alternatives, IMPACT_NO_SUSPECTS, "suspect providers",
                                  c->inputs->breaks ? "no suspect provider"
                                                    : "the study does not screen for breaks",
                                  page, err)) != HST_OK ||
        (status = ask_season(c, page, err)) != HST_OK) {
        return status;
    }
    return ask_comparators(c, page, err);
}
