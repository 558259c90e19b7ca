/* What hestia run says of services and of recording breaks. */
#include "cli/impact_report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/figures.h"
#include "hestia/provider_names.h"
#include "hestia/touch.h"

enum { SHOWN_BREAKS = 5, SHOWN_SERVICES = 12, LINE_BYTES = 512 }; /* the tables have all */

/* A review has a row for each comparator; the first of each service, site and measure. */
static bool is_first(const hst_impact *impact, size_t i)
{
    const hst_review *r = &impact->reviews[i], *before = r - 1;

    return i == 0 || r->impact != before->impact || r->site != before->site ||
           r->measure != before->measure;
}

/* "6 services in 7 series: 1 change, 6 cannot tell" */
static void describe_verdicts(char text[LINE_BYTES], const hst_study *study,
                              const hst_impact *impact)
{
    static const hst_verdict order[] = {HST_CHANGE, HST_NO_CLEAR_CHANGE, HST_CANNOT_TELL};
    size_t n[3] = {0}, n_series = 0, used = 0;
    const char *separator = ": ";

    for (size_t i = 0; i < impact->n_reviews; i++) {
        n[impact->reviews[i].verdict] += is_first(impact, i);
        n_series += is_first(impact, i);
    }
    used = (size_t)snprintf(text, LINE_BYTES, "%zu %s", study->n_impacts,
                            study->n_impacts == 1 ? "service" : "services");
    if (n_series != study->n_impacts) {
        used += (size_t)snprintf(text + used, LINE_BYTES - used, " in %zu series", n_series);
    }
    for (size_t i = 0; i < 3; i++) {
        if (n[order[i]] > 0) {
            used += (size_t)snprintf(text + used, LINE_BYTES - used, "%s%zu %s", separator,
                                     n[order[i]], hst_verdict_name(order[i]));
            separator = ", ";
        }
    }
}

void cli_report_impact(cli_terminal *terminal, const hst_study *study, const hst_impact *impact,
                       const hst_breaks *breaks)
{
    size_t n_suspects = 0;
    char services[LINE_BYTES] = "no service", screened[96] = "", number[32];

    if (impact) {
        describe_verdicts(services, study, impact);
    }
    if (breaks) {
        for (size_t i = 0; i < breaks->n; i++) {
            n_suspects += breaks->items[i].is_suspect;
        }
        snprintf(screened, sizeof screened, " · %s series screened, %zu suspected %s",
                 cli_grouped(breaks->n_screened, number), n_suspects,
                 n_suspects == 1 ? "break" : "breaks");
    }
    cli_terminal_end(terminal, "%s%s", services, screened);
}

void cli_report_services(cli_terminal *terminal, const hst_study *study, const hst_areas *areas,
                         const hst_impact *impact)
{
    size_t n = 0, id_width = 0, measure_width = 0;

    for (size_t i = 0; impact && i < impact->n_reviews; i++) {
        size_t id = strlen(study->impacts[impact->reviews[i].impact].id);
        size_t measure = strlen(study->measures[impact->reviews[i].measure].id);

        id_width = id > id_width ? id : id_width;
        measure_width = measure > measure_width ? measure : measure_width;
    }
    for (size_t i = 0; impact && i < impact->n_reviews; i++) {
        const hst_review *r = &impact->reviews[i];

        if (!is_first(impact, i) || n++ >= SHOWN_SERVICES) {
            continue;
        }
        if (n == 1) {
            cli_terminal_line(terminal, "%s", "");
            cli_terminal_line(terminal, "Services (site-review.csv has a sentence for each)");
        }
        cli_terminal_line(
            terminal, "  %-*s  %s  %-*s  %s%s", (int)id_width, study->impacts[r->impact].id,
            hst_areas_code(areas, r->site), (int)measure_width, study->measures[r->measure].id,
            hst_verdict_name(r->verdict), r->break_flag[0] ? "; recording may have changed" : "");
    }
    if (n > SHOWN_SERVICES) {
        cli_terminal_line(terminal, "  and %zu more in site-review.csv", n - SHOWN_SERVICES);
    }
}

/* "April 2010" */
static const char *month_in_words(const hst_period *period, char text[32])
{
    static const char *const months[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};
    int year = 0, month = 0, day = 0;

    hst_date_to_civil(period->start, &year, &month, &day);
    snprintf(text, 32, "%s %d", months[month - 1], year);
    return text;
}

/* True when a finding at the suspect's area is flagged with it, and so estimated again without. */
static bool is_flagged(const hst_impact *impact, const hst_break *b)
{
    char flag[128];

    snprintf(flag, sizeof flag, "%s %s%s%s %s", b->provider, hst_dataset_name(b->dataset),
             b->specialty[0] ? " " : "", b->specialty, b->month.label);
    for (size_t i = 0; impact && i < impact->n_reviews; i++) {
        if (impact->reviews[i].site == b->area && strstr(impact->reviews[i].break_flag, flag)) {
            return true;
        }
    }
    return false;
}

/* True when a measure leaves the suspect's provider out at its area. */
static bool leaves_out(const hst_measure *measure, const hst_break *b, const char *area)
{
    for (size_t i = 0; i < measure->n_excluded_providers; i++) {
        const hst_excluded_provider *excluded = &measure->excluded_providers[i];
        bool is_here = excluded->areas.n == 0;

        for (size_t k = 0; k < excluded->areas.n; k++) {
            is_here = is_here || strcmp(excluded->areas.items[k], area) == 0;
        }
        if (is_here && measure->dataset == b->dataset && strcmp(excluded->code, b->provider) == 0) {
            return true;
        }
    }
    return false;
}

/* What follows from a suspect for the numbers of its area. */
static void describe_consequence(char text[LINE_BYTES], const hst_break *b, const hst_study *study,
                                 const hst_measures *measures, const hst_areas *areas,
                                 const hst_impact *impact)
{
    size_t used = 0;

    if (is_flagged(impact, b)) {
        snprintf(text, LINE_BYTES, "%s is shown with and without it.",
                 hst_areas_code(areas, b->area));
        return;
    }
    for (size_t m = 0; m < study->n_measures && used < LINE_BYTES; m++) {
        if (hst_break_touches(b, study, measures, m, areas, b->area)) {
            used += (size_t)snprintf(text + used, LINE_BYTES - used, "%s%s",
                                     used == 0 ? "It is in the numbers of " : ", ",
                                     study->measures[m].id);
        }
    }
    for (size_t m = 0; m < study->n_measures && used == 0; m++) {
        if (leaves_out(&study->measures[m], b, hst_areas_code(areas, b->area))) {
            snprintf(text, LINE_BYTES, "%s leaves the provider out.", study->measures[m].id);
            return;
        }
    }
    if (used < LINE_BYTES) {
        snprintf(text + used, LINE_BYTES - used, "%s",
                 used > 0 ? "." : "No measure of the study counts it.");
    }
}

hst_status cli_report_breaks(cli_terminal *terminal, const hst_study *study,
                             const hst_measures *measures, const hst_areas *areas,
                             const hst_impact *impact, const hst_breaks *breaks, hst_error *err)
{
    static const char *const records[] = {[HST_DATASET_APC] = "inpatients",
                                          [HST_DATASET_OP] = "outpatients",
                                          [HST_DATASET_AE] = "A&E"};
    size_t n = 0;
    hst_provider_names *names = NULL;
    hst_status status = hst_provider_names_read(&names, study->provider_names, err);

    for (size_t i = 0; breaks && i < breaks->n && status == HST_OK; i++) {
        const hst_break *b = &breaks->items[i];
        const char *provider = hst_provider_name(names, b->provider);
        const char *area = hst_areas_name(areas, b->area);
        char month[32], consequence[LINE_BYTES];

        if (!b->is_suspect || !hst_areas_is_site(areas, b->area) || n++ >= SHOWN_BREAKS) {
            continue;
        }
        describe_consequence(consequence, b, study, measures, areas, impact);
        cli_terminal_warn(terminal, "%s%s%s: %s%s%s from %s%s%s %s%.0f %% from %s. %s", b->provider,
                          provider[0] ? " " : "", provider, records[b->dataset],
                          b->specialty[0] ? " of specialty " : "", b->specialty,
                          hst_areas_code(areas, b->area), area[0] ? " " : "", area,
                          b->size > 0 ? "jump +" : "fall ", 100 * fabs(b->size),
                          month_in_words(&b->month, month), consequence);
    }
    if (n > SHOWN_BREAKS) {
        cli_terminal_warn(terminal, "%zu more suspected breaks at the sites are in breaks.csv",
                          n - SHOWN_BREAKS);
    }
    hst_provider_names_free(names);
    return status;
}
