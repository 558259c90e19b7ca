/* What a study's services are and will be judged by, in words, and where a method will not have
 * enough periods. */
#include "cli/check.h"

#include <string.h>

/** Periods that methods need: fewer are refused, few are warned of. */
enum { FEWEST = 4, FEW = 8, FEWEST_SYNTHETIC = 8, FEW_OF_CHART = 13 };

/** Periods of a measure in the service's window. */
typedef struct period_count {
    hst_by type;
    size_t n_before, n_after;
    size_t n_between; /**< the fewest between two dates; SIZE_MAX: one date */
    size_t n_all;     /**< those left out, too */
    size_t n_unused;  /**< in phase-in, or a date is inside */
} period_count;

static bool overlaps(const hst_period *period, hst_window window)
{
    return window.from != HST_DATE_MISSING && period->start <= window.to &&
           period->end >= window.from;
}

/** True when the models leave a period out. */
static bool is_unused(const hst_study_impact *service, const hst_period *period)
{
    for (size_t d = 0; d < service->n_dates; d++) {
        if (service->dates[d] > period->start && service->dates[d] <= period->end) {
            return true;
        }
    }
    return overlaps(period, service->phase_in);
}

/** Periods from date number d - 1 on, and before date d. */
static size_t count_level(const hst_study_impact *service, const hst_period *periods, size_t n,
                          hst_window window, size_t d)
{
    size_t n_level = 0;

    for (size_t i = 0; i < n; i++) {
        n_level += periods[i].start >= window.from && periods[i].end <= window.to &&
                   (d == 0 || periods[i].start >= service->dates[d - 1]) &&
                   (d == service->n_dates || periods[i].end < service->dates[d]) &&
                   !is_unused(service, &periods[i]);
    }
    return n_level;
}

static period_count count_periods(const hst_study_impact *service, const hst_study *study,
                                  const hst_measures *measures, size_t measure)
{
    hst_window window = service->window.from != HST_DATE_MISSING ? service->window
                                                                 : study->measures[measure].period;
    hst_by type = service->by ? service->by : hst_measures_finest(measures, measure);
    period_count count = {.type = type, .n_between = SIZE_MAX};
    const hst_period *periods = NULL;
    size_t n = hst_measures_periods(measures, measure, type, &periods), n_used = 0;

    for (size_t d = 0; d <= service->n_dates; d++) {
        size_t n_level = count_level(service, periods, n, window, d);

        if (d == 0) {
            count.n_before = n_level;
        } else if (d == service->n_dates) {
            count.n_after = n_level;
        } else if (n_level < count.n_between) {
            count.n_between = n_level;
        }
        n_used += n_level;
    }
    for (size_t i = 0; i < n; i++) {
        count.n_all += periods[i].start >= window.from && periods[i].end <= window.to;
    }
    count.n_unused = count.n_all - n_used;
    return count;
}

static bool holds_period(const hst_measures *measures, size_t measure, hst_by type, hst_window side)
{
    const hst_period *periods = NULL;
    size_t n = hst_measures_periods(measures, measure, type, &periods);

    for (size_t i = 0; i < n; i++) {
        if (periods[i].start >= side.from && periods[i].end <= side.to) {
            return true;
        }
    }
    return false;
}

/* ---- words ---- */

static void print_texts(const hst_texts *texts)
{
    for (size_t i = 0; i < texts->n; i++) {
        printf("%s%s", i > 0 ? ", " : "", texts->items[i]);
    }
}

static void print_window(hst_window window)
{
    char from[11], to[11];

    hst_date_format(window.from, from);
    hst_date_format(window.to, to);
    printf("%s to %s", from, to);
}

static void print_sites(const hst_study_impact *service, const hst_areas *areas)
{
    printf("    at ");
    for (size_t i = 0; i < service->sites.n; i++) {
        printf("%s%s", i > 0 ? ", " : "", service->sites.items[i]);
        for (size_t a = 0; areas && a < hst_areas_n(areas); a++) {
            if (strcmp(hst_areas_code(areas, a), service->sites.items[i]) == 0) {
                printf(" %s", hst_areas_name(areas, a));
            }
        }
    }
    printf("\n");
}

static void print_days(const hst_study_impact *service)
{
    char text[11];

    printf("    ");
    for (size_t i = 0; i < service->n_dates; i++) {
        hst_date_format(service->dates[i], text);
        printf("%s%s", i == 0 ? "from " : ", new level from ", text);
    }
    printf("%s", service->n_dates == 0 ? "no date" : "");
    if (service->phase_in.from != HST_DATE_MISSING) {
        printf(", phase-in ");
        print_window(service->phase_in);
    }
    printf("; window ");
    if (service->window.from != HST_DATE_MISSING) {
        print_window(service->window);
    } else {
        printf("of each measure");
    }
    if (service->review.from != HST_DATE_MISSING) {
        printf("\n    site review: ");
        print_window(service->review);
        printf(" beside ");
        print_window(service->baseline);
    }
    printf("\n");
}

static void print_methods(const hst_study_impact *service)
{
    char told[HST_IMPACT_OPTIONS_BYTES];

    printf("    primary method %s; expected: %s, %g %% matters; compared with ",
           hst_impact_method_name(service->primary), hst_expected_name(service->expected),
           100 * service->meaningful);
    print_texts(&service->comparators);
    printf("%s\n", service->comparators.n == 0 ? "nothing" : "");
    for (unsigned m = 0; m < HST_N_IMPACT_METHODS; m++) {
        if (service->methods >> m & 1u) {
            hst_impact_options_describe(told, &service->options, (hst_impact_method)m);
            printf("    by %s%s%s%s\n", hst_impact_method_name((hst_impact_method)m),
                   told[0] ? " (" : "", told, told[0] ? ")" : "");
        }
    }
}

/* ---- what will be refused ---- */

static bool is_asked(const hst_study_impact *service, hst_impact_method method)
{
    return service->methods >> method & 1u;
}

/** its and synthetic control, which need points on both sides of each date. */
static void warn_of_dates(const hst_study_impact *service, const period_count *count)
{
    size_t least = count->n_before < count->n_after ? count->n_before : count->n_after;

    if (is_asked(service, HST_IMPACT_ITS) && (least < FEWEST || count->n_between < FEWEST)) {
        printf("      ! its WILL BE REFUSED: it needs %d periods before, after and between dates\n",
               FEWEST);
    } else if (is_asked(service, HST_IMPACT_ITS) && least < FEW) {
        printf("      ! its: fewer than %d periods before or after; its limits are too narrow\n",
               FEW);
    }
    if (is_asked(service, HST_IMPACT_SYNTHETIC_CONTROL) && count->n_before < FEWEST_SYNTHETIC) {
        printf("      ! synthetic_control WILL BE REFUSED: it needs %d periods before\n",
               FEWEST_SYNTHETIC);
    }
    if (is_asked(service, HST_IMPACT_DID) && (count->n_before == 0 || count->n_after == 0)) {
        printf("      ! did WILL BE REFUSED: no period %s\n",
               count->n_before == 0 ? "before" : "after");
    }
}

static void warn(const hst_study_impact *service, const period_count *count,
                 const hst_measures *measures, size_t measure)
{
    size_t n_used = count->n_all - count->n_unused;

    if (service->n_dates > 0) {
        warn_of_dates(service, count);
    }
    if (service->review.from != HST_DATE_MISSING &&
        (!holds_period(measures, measure, count->type, service->baseline) ||
         !holds_period(measures, measure, count->type, service->review))) {
        printf("      ! the site review holds NO complete %s; %swrite `baseline` and `review`\n",
               hst_period_type_name(count->type),
               is_asked(service, HST_IMPACT_PRE_POST) ? "pre_post WILL BE REFUSED; " : "");
    }
    if (is_asked(service, HST_IMPACT_TREND) && n_used < FEWEST) {
        printf("      ! trend WILL BE REFUSED: it needs %d periods\n", FEWEST);
    }
    if (is_asked(service, HST_IMPACT_SPC) && n_used < FEW_OF_CHART) {
        printf("      ! spc: fewer than %d periods; limits of a chart are then uncertain\n",
               FEW_OF_CHART);
    }
}

static void print_measure(const hst_study_impact *service, const hst_study *study,
                          const hst_measures *measures, size_t measure)
{
    period_count count = count_periods(service, study, measures, measure);

    printf("    %s by %s: ", study->measures[measure].id, hst_period_type_name(count.type));
    if (service->n_dates == 0) {
        printf("%zu in all", count.n_all);
    } else {
        printf("%zu before, %zu after", count.n_before, count.n_after);
    }
    if (service->n_dates > 1) {
        printf(" the last date, at least %zu between", count.n_between);
    }
    if (count.n_unused > 0) {
        printf(", %zu left out (phase-in, or a date inside)", count.n_unused);
    }
    printf("\n");
    warn(service, &count, measures, measure);
}

/** A run would find it out after counting. */
static hst_status check_sites(const hst_study *study, const hst_study_impact *service,
                              const hst_areas *areas, hst_error *err)
{
    for (size_t i = 0; areas && i < service->sites.n; i++) {
        size_t a = 0, n = hst_areas_n(areas);

        while (a < n && strcmp(hst_areas_code(areas, a), service->sites.items[i]) != 0) {
            a++;
        }
        if (a == n) {
            return hst_fail(err, HST_ERR_USAGE,
                            "%s, line %zu: service `%s`: site `%s` is not in the area list; "
                            "correct it under `impact: site`, or add it to the list",
                            study->path, service->line, service->id, service->sites.items[i]);
        }
    }
    return HST_OK;
}

hst_status cli_check_services(const hst_study *study, const hst_measures *measures,
                              const hst_areas *areas, hst_error *err)
{
    hst_status status = HST_OK;

    if (study->n_impacts > 0) {
        printf("\nServices: %zu\n", study->n_impacts);
    }
    for (size_t i = 0; i < study->n_impacts && status == HST_OK; i++) {
        const hst_study_impact *service = &study->impacts[i];

        printf("  %s: %s\n", service->id, service->title);
        print_sites(service, areas);
        print_days(service);
        print_methods(service);
        for (size_t m = 0; m < study->n_measures; m++) {
            for (size_t k = 0; k < service->measures.n; k++) {
                if (strcmp(service->measures.items[k], study->measures[m].id) == 0) {
                    print_measure(service, study, measures, m);
                }
            }
        }
        status = check_sites(study, service, areas, err);
    }
    printf("\nScreen for recording breaks: ");
    if (study->breaks.screen) {
        printf("false discovery rate below %g, change of %g %% or more, series of %g a month or "
               "more\n",
               study->breaks.max_p, 100 * study->breaks.min_size, study->breaks.min_monthly);
    } else {
        printf("%s\n", study->n_impacts > 0
                           ? "OFF; services are judged by series that nobody looked through"
                           : "off");
    }
    return status;
}
