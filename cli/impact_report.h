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

/** Names the suspects that touch what is shown of a service or site. */
void cli_report_breaks(cli_terminal *terminal, const hst_study *study, const hst_areas *areas,
                       const hst_impact *impact, const hst_breaks *breaks);

#endif
