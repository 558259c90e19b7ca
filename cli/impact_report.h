/* What hestia run says of services and of recording breaks. */
#ifndef HESTIA_CLI_IMPACT_REPORT_H
#define HESTIA_CLI_IMPACT_REPORT_H

#include "cli/cli.h"
#include "hestia/impact.h"

/** The line of the stage `impact`: services by verdict, series screened, suspects.
 *
 * @param impact, breaks  NULL: there are none
 */
void cli_report_impact(cli_terminal *terminal, const hst_study *study, const hst_impact *impact,
                       const hst_breaks *breaks);

/** One line for each service, site and measure: the verdict. */
void cli_report_services(cli_terminal *terminal, const hst_study *study, const hst_areas *areas,
                         const hst_impact *impact);

/** Warns of the suspects at the sites, in words, and says what each of them touches. */
HST_MUST_CHECK hst_status cli_report_breaks(cli_terminal *terminal, const hst_study *study,
                                            const hst_measures *measures, const hst_areas *areas,
                                            const hst_impact *impact, const hst_breaks *breaks,
                                            hst_error *err);

#endif
