/* Days of a service: its dates, the window of its series, and what the site review sets side by
 * side. */
#include "study_reader.h"

#include <string.h>

/** The same day of the year so many years before; 29 February becomes 1 March. */
static hst_date years_before(hst_date date, int years)
{
    int year = 0, month = 0, day = 0;

    hst_date_to_civil(date, &year, &month, &day);
    year -= years;
    return hst_date_exists(year, month, day) ? hst_date_from_civil(year, month, day)
                                             : hst_date_from_civil(year, 3, 1);
}

static bool is_given(hst_window window)
{
    return window.from != HST_DATE_MISSING;
}

static bool is_inside(hst_window inner, hst_window outer)
{
    return inner.from >= outer.from && inner.to <= outer.to;
}

/** "2008-04-01 to 2011-03-31" */
static const char *describe(hst_window window, char text[32])
{
    char from[11], to[11];

    hst_date_format(window.from, from);
    hst_date_format(window.to, to);
    snprintf(text, 32, "%s to %s", from, to);
    return text;
}

/** The window given, inside each measure's period; else what these have in common. */
static hst_window read_window(const hst_scope *s, const hst_study *study, hst_study_impact *impact)
{
    hst_window common = study->period;

    impact->window = hst_scope_window(s, "window");
    for (size_t i = 0; i < impact->measures.n && !s->reader->status; i++) {
        const hst_measure *measure = hst_study_measure(study, impact->measures.items[i]);
        char period[32];

        if (is_given(impact->window) && !is_inside(impact->window, measure->period)) {
            hst_reader_fail(s->reader, hst_scope_find(s, "window"),
                            "`window` of service `%s` is not inside the period of measure `%s`, %s",
                            impact->id, measure->id, describe(measure->period, period));
        }
        common.from = measure->period.from > common.from ? measure->period.from : common.from;
        common.to = measure->period.to < common.to ? measure->period.to : common.to;
    }
    if (common.from > common.to) {
        hst_reader_fail(s->reader, s->mapping,
                        "the measures of service `%s` have no day in common; give each a service "
                        "of its own",
                        impact->id);
    }
    return is_given(impact->window) ? impact->window : common;
}

/** Each inside the window with something before it, and later than the one before. */
static void read_dates(const hst_scope *s, hst_study_impact *impact, hst_window window)
{
    const hst_yaml *dates = hst_scope_find(s, hst_scope_find(s, "date") ? "date" : "dates");
    size_t n = hst_yaml_count(dates);
    char text[32];

    if (n > HST_MAX_IMPACT_DATES) {
        hst_reader_fail(s->reader, dates, "a service can have %d `dates`, and here are %zu",
                        HST_MAX_IMPACT_DATES, n);
    }
    impact->dates = n > 0 ? hst_reader_allocate(s->reader, n, sizeof *impact->dates) : NULL;
    impact->n_dates = impact->dates ? n : 0;
    for (size_t i = 0; i < impact->n_dates && !s->reader->status; i++) {
        const hst_yaml *item = hst_yaml_item(dates, i);
        hst_date *date = &impact->dates[i];

        if (!hst_date_parse_iso(item->text, strlen(item->text), date) || *date <= window.from ||
            *date > window.to) {
            hst_reader_fail(s->reader, item,
                            "%s of service `%s` is not inside its window with days before it (%s)",
                            item->text, impact->id, describe(window, text));
        } else if (i > 0 && *date <= date[-1]) {
            hst_reader_fail(s->reader, item, "`dates` of service `%s` are not in order: %s",
                            impact->id, item->text);
        }
    }
    for (unsigned m = 0; m < HST_N_IMPACT_METHODS && impact->n_dates == 0; m++) {
        if ((impact->methods >> m & 1u) && m != HST_IMPACT_TREND) {
            hst_reader_fail(s->reader, s->mapping,
                            "service `%s` has no `date`, which %s needs; only trend can do without",
                            impact->id, hst_impact_method_name((hst_impact_method)m));
        }
    }
}

static void read_phase_in(const hst_scope *s, hst_study_impact *impact, hst_window window)
{
    const hst_yaml *place = hst_scope_find(s, "phase_in");
    char text[32];

    impact->phase_in = hst_scope_window(s, "phase_in");
    if (!is_given(impact->phase_in) || s->reader->status) {
        return;
    }
    if (impact->n_dates == 0) {
        hst_reader_fail(s->reader, place, "`phase_in` of service `%s` needs a `date`", impact->id);
    } else if (impact->phase_in.to < impact->dates[0] - 1) {
        hst_reader_fail(s->reader, place,
                        "`phase_in` of service `%s` is over before its date; it must touch or "
                        "follow it",
                        impact->id);
    } else if (!is_inside(impact->phase_in, window)) {
        hst_reader_fail(s->reader, place, "`phase_in` of service `%s` is not inside its window, %s",
                        impact->id, describe(window, text));
    }
}

/** Both sides of the site review by default; of a service without date only as given. */
static void fill_in_review(const hst_scope *s, hst_study_impact *impact, hst_window window)
{
    hst_window *review = &impact->review, *baseline = &impact->baseline;
    char text[32];

    if (impact->n_dates == 0) {
        if (is_given(*review) != is_given(*baseline)) {
            hst_reader_fail(s->reader, s->mapping,
                            "service `%s` has no `date`; give it both `baseline` and `review`, or "
                            "neither",
                            impact->id);
        }
        return;
    }
    if (is_given(*review) && review->from < impact->dates[0]) {
        hst_reader_fail(s->reader, hst_scope_find(s, "review"),
                        "`review` of service `%s` begins before the service did", impact->id);
    } else if (!is_given(*review)) {
        review->from = impact->dates[impact->n_dates - 1];
        review->to = years_before(review->from, -1) - 1;
        review->to = review->to < window.to ? review->to : window.to;
    }
    for (int years = 1; !hst_scope_find(s, "baseline"); years++) {
        baseline->from = years_before(review->from, years);
        baseline->to = years_before(review->to + 1, years) - 1; /* the whole of February */
        if (baseline->to < impact->dates[0]) {
            break;
        }
    }
    if (!hst_scope_find(s, "baseline") && baseline->from < window.from) {
        hst_reader_fail(s->reader, s->mapping,
                        "service `%s` needs a `baseline`: the months of its review before its "
                        "(first) date, %s, are not inside its window",
                        impact->id, describe(*baseline, text));
    }
}

/** Days as given, the window or a side of the review, hold a complete period of each measure. */
static void require_whole_periods(const hst_scope *s, const hst_study *study,
                                  const hst_study_impact *impact, const char *key, hst_window side)
{
    static const hst_by types[] = {HST_BY_MONTH, HST_BY_QUARTER, HST_BY_YEAR};

    for (size_t i = 0; i < impact->measures.n && hst_scope_find(s, key); i++) {
        const hst_measure *measure = hst_study_measure(study, impact->measures.items[i]);
        size_t k = 0;

        while (k < 2 && !((impact->by ? impact->by : measure->by) & types[k])) {
            k++;
        }
        if (!hst_study_holds_period(side, types[k])) {
            hst_reader_fail(s->reader, hst_scope_find(s, key),
                            "`%s` of service `%s` holds no complete period of measure `%s`", key,
                            impact->id, measure->id);
        }
    }
}

static void check_review(const hst_scope *s, const hst_study_impact *impact, hst_window window)
{
    const hst_yaml *baseline = hst_scope_find(s, "baseline"), *review = hst_scope_find(s, "review");
    char text[32];

    if (!is_given(impact->baseline) || s->reader->status) {
        return;
    }
    if (!is_inside(impact->baseline, window) || !is_inside(impact->review, window)) {
        bool is_baseline = !is_inside(impact->baseline, window);

        hst_reader_fail(s->reader, is_baseline ? baseline : review,
                        "`%s` of service `%s` is not inside its window, %s",
                        is_baseline ? "baseline" : "review", impact->id, describe(window, text));
    } else if (impact->n_dates > 0 && impact->baseline.to >= impact->dates[0]) {
        hst_reader_fail(s->reader, baseline,
                        "`baseline` of service `%s` ends after the service began", impact->id);
    } else if (impact->baseline.to >= impact->review.from) {
        hst_reader_fail(s->reader, baseline,
                        "`baseline` of service `%s` does not end before its `review`", impact->id);
    }
}

void hst_study_read_impact_days(const hst_scope *s, const hst_study *study,
                                hst_study_impact *impact)
{
    hst_window window = read_window(s, study, impact);

    if (s->reader->status) {
        return;
    }
    read_dates(s, impact, window);
    read_phase_in(s, impact, window);
    impact->baseline = hst_scope_window(s, "baseline");
    impact->review = hst_scope_window(s, "review");
    if (s->reader->status) {
        return;
    }
    fill_in_review(s, impact, window);
    check_review(s, impact, window);
    require_whole_periods(s, study, impact, "window", impact->window);
    require_whole_periods(s, study, impact, "baseline", impact->baseline);
    require_whole_periods(s, study, impact, "review", impact->review);
}
