#include "cli/run_team.h"

#include <string.h>

#include "cli/figures.h"

hst_status cli_team_check_alike(hst_team *team, const char own[HST_FINGERPRINT_BYTES],
                                hst_error *err)
{
    hst_team_parts parts = {0};
    hst_status status = HST_OK;

    if (!team) {
        return HST_OK;
    }
    status = hst_team_gather(&parts, team, "study and tables", own, HST_FINGERPRINT_BYTES, err);
    for (size_t i = 1; i < parts.n && status == HST_OK; i++) {
        if (parts.items[i].n != parts.items[0].n ||
            memcmp(parts.items[i].bytes, parts.items[0].bytes, parts.items[0].n) != 0) {
            status = hst_fail(err, HST_ERR_USAGE,
                              "the study file, a table that it names, or hestia itself is not the "
                              "same for process %zu (on %s) as for process 1 (on %s); copy them "
                              "anew",
                              i + 1, hst_team_host(team, i), hst_team_host(team, 0));
        }
    }
    hst_team_parts_clear(&parts);
    return status;
}

/* Whether no member of a smaller number is on this member's host. */
static bool is_first_of_host(const hst_team *team, size_t member)
{
    size_t i = 0;

    while (strcmp(hst_team_host(team, i), hst_team_host(team, member)) != 0) {
        i++;
    }
    return i == member;
}

hst_status cli_team_show_sent(hst_team *team, cli_terminal *terminal, hst_error *err)
{
    const uint64_t own = hst_team_bytes_sent(team);
    uint64_t sum = 0;
    size_t n_hosts = 0;
    hst_team_parts parts = {0};
    char bytes[32];
    hst_status status = HST_OK;

    if (!team) {
        return HST_OK;
    }
    status = hst_team_gather(&parts, team, "sent", &own, sizeof own, err);
    for (size_t i = 0; i < parts.n; i++) {
        uint64_t sent = 0;

        if (parts.items[i].n == sizeof sent) {
            memcpy(&sent, parts.items[i].bytes, sizeof sent);
        }
        sum += sent;
        n_hosts += is_first_of_host(team, i);
    }
    hst_team_parts_clear(&parts);
    if (status == HST_OK) {
        cli_terminal_line(terminal, "  team      %zu processes on %zu %s, %s between them",
                          hst_team_size(team), n_hosts, n_hosts == 1 ? "host" : "hosts",
                          cli_bytes(sum, bytes));
    }
    return status;
}

hst_status cli_team_leave(hst_team *team, hst_status status, hst_error *err)
{
    const bool is_told = hst_team_is_told_of(team);

    if (status != HST_OK && team && hst_team_leads(team)) {
        cli_log_error(cli_exit_code(status), err->message);
        err->message[0] = '\0';
    }
    hst_team_leave(team);
    return is_told ? HST_OK : status;
}
