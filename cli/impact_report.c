/* What hestia run says of services and of recording breaks. */
#include "cli/impact_report.h"

#include <stdio.h>
#include <string.h>

#include "cli/figures.h"

enum { SHOWN = 5 }; /* suspects named on the terminal; breaks.csv has all */

/* Verdicts by service, site and measure; a review has a row for each comparator. */
static void count_verdicts(size_t n[3], const hst_impact *impact)
{
    for (size_t i = 0; i < impact->n_reviews; i++) {
        const hst_review *r = &impact->reviews[i], *before = r - 1;

        if (i == 0 || r->impact != before->impact || r->site != before->site ||
            r->measure != before->measure) {
            n[r->verdict]++;
        }
    }
}

void cli_report_impact(cli_terminal *terminal, const hst_study *study, const hst_impact *impact,
                       const hst_breaks *breaks)
{
    size_t verdicts[3] = {0}, n_suspects = 0;
    char services[160] = "no service", screened[96] = "", number[32];

    if (impact) {
        count_verdicts(verdicts, impact);
        snprintf(services, sizeof services,
                 "%zu %s: %zu change, %zu no clear change, %zu cannot tell", study->n_impacts,
                 study->n_impacts == 1 ? "service" : "services", verdicts[HST_CHANGE],
                 verdicts[HST_NO_CLEAR_CHANGE], verdicts[HST_CANNOT_TELL]);
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

/* True when a finding at the area says that a suspect touches it. */
static bool is_flagged(const hst_impact *impact, size_t area)
{
    for (size_t i = 0; impact && i < impact->n_reviews; i++) {
        if (impact->reviews[i].site == area && impact->reviews[i].break_flag[0] != '\0') {
            return true;
        }
    }
    return false;
}

void cli_report_breaks(cli_terminal *terminal, const hst_study *study, const hst_areas *areas,
                       const hst_impact *impact, const hst_breaks *breaks)
{
    size_t n = 0, n_more = 0;

    (void)study;
    for (size_t i = 0; breaks && i < breaks->n; i++) {
        const hst_break *b = &breaks->items[i];
        bool is_shown = b->is_suspect && hst_areas_is_site(areas, b->area);

        if (is_shown && n == SHOWN) {
            n_more++;
        } else if (is_shown) {
            cli_terminal_warn(
                terminal, "%s, %s of %s%s%s: recording may have changed, %+.0f %% from %s.%s",
                b->provider, hst_dataset_name(b->dataset), hst_areas_code(areas, b->area),
                b->specialty[0] ? ", specialty " : "", b->specialty, 100 * b->size, b->month.label,
                is_flagged(impact, b->area) ? " Findings are shown with and without it." : "");
            n++;
        }
    }
    if (n_more > 0) {
        cli_terminal_warn(terminal, "%zu more suspected breaks at the sites are in breaks.csv",
                          n_more);
    }
}
