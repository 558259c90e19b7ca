/* What hestia run has to say to, and of, the processes that run together. A NULL team is one
 * process alone. */
#ifndef HESTIA_CLI_RUN_TEAM_H
#define HESTIA_CLI_RUN_TEAM_H

#include "cli/cli.h"
#include "hestia/publish.h"
#include "hestia/team.h"

/** Fails where program, study or tables of a member are not the leader's, and says on which host.
 *
 * @param own  fingerprint of this member's */
HST_MUST_CHECK hst_status cli_team_check_alike(hst_team *team,
                                               const char own[HST_FINGERPRINT_BYTES],
                                               hst_error *err);

/** A line of what the members have sent each other. */
HST_MUST_CHECK hst_status cli_team_show_sent(hst_team *team, cli_terminal *terminal,
                                             hst_error *err);

/**
 * Parts from the team. The leader says for all how it ended, and does so before it parts: a
 * launcher that ends the run gives it little time. It ends all processes as soon as one has failed;
 * so the others end well, unless the leader does not answer.
 *
 * @return how this process is to end
 */
HST_MUST_CHECK hst_status cli_team_leave(hst_team *team, hst_status status, hst_error *err);

#endif
