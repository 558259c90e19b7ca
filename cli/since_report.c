#include "cli/since_report.h"

#include <string.h>

#include "cli/figures.h"

enum { MOVE_BYTES = 512, PATH_BYTES = 1024 };

/* "emergency_admissions, 5NK, 2010/11 Q1 (dsr) +2.2 %". */
static void describe_move(char text[MOVE_BYTES], const hst_move *move)
{
    snprintf(text, MOVE_BYTES, "%s, %s, %s (%s) %+.1f %%", move->measure, move->area_code,
             move->period, move->rest, move->percent);
}

void cli_since_line(char line[CLI_SINCE_BYTES], const hst_since *since)
{
    const hst_comparison *comparison = since->comparison;
    char move[MOVE_BYTES], counts[4][32];
    hst_compare_line values;
    size_t used = 0;

    line[0] = '\0';
    if (!comparison) {
        return;
    }
    values = hst_comparison_values(comparison);
    values.n_changed += values.n_suppressed + values.n_revealed;
    used = (size_t)snprintf(
        line, CLI_SINCE_BYTES, "since %s: %s of %s values changed, %s new, %s gone", since->run,
        cli_grouped(values.n_changed, counts[0]), cli_grouped(comparison->n_values, counts[1]),
        cli_grouped(values.n_new, counts[2]), cli_grouped(values.n_gone, counts[3]));
    if (comparison->n_verdicts > 0) {
        used += (size_t)snprintf(line + used, CLI_SINCE_BYTES - used, ", %zu %s",
                                 comparison->n_verdicts,
                                 comparison->n_verdicts == 1 ? "verdict" : "verdicts");
    }
    if (comparison->n_moves > 0) {
        describe_move(move, &comparison->moves[0]);
        snprintf(line + used, CLI_SINCE_BYTES - used, " · most: %s", move);
    }
}

/* "results/20261120T020000Z" for the name of a run and the folder "results/20261121T020000Z". */
static void name_beside(char path[PATH_BYTES], const char *folder, const char *run)
{
    const char *slash = strrchr(folder, '/');

    snprintf(path, PATH_BYTES, "%.*s%s", slash ? (int)(slash - folder) + 1 : 0, folder, run);
}

void cli_report_since(cli_terminal *terminal, const hst_study *study, const hst_since *since,
                      const char *folder)
{
    const hst_comparison *comparison = since->comparison;
    char line[CLI_SINCE_BYTES], move[MOVE_BYTES], before[PATH_BYTES], count[32];

    if (since->run[0] == '\0') {
        return;
    }
    if (!comparison) {
        cli_terminal_warn(terminal, "what moved since the run %s cannot be said: %s", since->run,
                          since->problem.message);
        return;
    }
    cli_since_line(line, since);
    cli_terminal_line(terminal, "           %s", line);
    if (comparison->n_past > 0) {
        name_beside(before, folder, since->run);
        describe_move(move, &comparison->moves[0]);
        cli_terminal_warn(terminal,
                          "%s %s of complete periods moved by more than %.15g %% since the run "
                          "before, most of all %s (hestia compare %s %s)",
                          cli_grouped(comparison->n_past, count),
                          comparison->n_past == 1 ? "value" : "values",
                          100 * study->publish.compare_threshold, move, before, folder);
    }
}
