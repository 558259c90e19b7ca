/* Which series a suspected recording break stands in. */
#include "hestia/touch.h"

#include <string.h>

/* True of a filter without codes, too: it asks for none. */
static bool has_specialty(const hst_texts *codes, const char *specialty)
{
    for (size_t i = 0; i < codes->n; i++) {
        if (strcmp(codes->items[i], specialty) == 0) {
            return true;
        }
    }
    return codes->n == 0;
}

/* Providers of a study file count under the code that they were merged into, as suspects do. */
static bool has_provider(const hst_texts *codes, const hst_measures *measures, const char *provider)
{
    for (size_t i = 0; i < codes->n; i++) {
        if (strcmp(hst_measures_provider(measures, codes->items[i]), provider) == 0) {
            return true;
        }
    }
    return codes->n == 0;
}

static bool lets_through(const hst_where *where, const hst_measures *measures,
                         const hst_break *suspect)
{
    bool is_let = where->n_any == 0;

    if (!has_provider(&where->codes[HST_WHERE_PROVIDER], measures, suspect->provider) ||
        (suspect->specialty[0] &&
         !has_specialty(&where->codes[HST_WHERE_SPECIALTY], suspect->specialty))) {
        return false;
    }
    for (size_t i = 0; i < where->n_any && !is_let; i++) {
        is_let = lets_through(&where->any[i], measures, suspect);
    }
    return is_let;
}

static bool is_excluded(const hst_measure *measure, const hst_measures *measures,
                        const hst_break *suspect, const char *area)
{
    for (size_t i = 0; i < measure->n_excluded_providers; i++) {
        const hst_excluded_provider *excluded = &measure->excluded_providers[i];
        bool is_here = excluded->areas.n == 0;

        for (size_t a = 0; a < excluded->areas.n && !is_here; a++) {
            is_here = strcmp(excluded->areas.items[a], area) == 0 ||
                      strcmp(excluded->areas.items[a], "all") == 0;
        }
        if (is_here &&
            strcmp(hst_measures_provider(measures, excluded->code), suspect->provider) == 0) {
            return true;
        }
    }
    return false;
}

/* The month, or one of those that it may be, is in the measure's period. */
static bool is_in_time(const hst_break *suspect, hst_window period)
{
    hst_date from = suspect->month.start, to = suspect->month.end;

    if (suspect->low.label[0] && suspect->high.label[0]) {
        from = suspect->low.start < from ? suspect->low.start : from;
        to = suspect->high.end > to ? suspect->high.end : to;
    }
    return from <= period.to && to >= period.from;
}

bool hst_break_touches(const hst_break *suspect, const hst_study *study,
                       const hst_measures *measures, size_t measure, const hst_areas *areas,
                       uint32_t area)
{
    const hst_measure *m = &study->measures[measure];

    return !m->is_table && m->dataset == suspect->dataset && suspect->area == area &&
           is_in_time(suspect, m->period) && lets_through(&m->where, measures, suspect) &&
           !is_excluded(m, measures, suspect, hst_areas_code(areas, area));
}
