#include "cli/since_report.h"

#include <string.h>

#include "cli/figures.h"

enum { LINE_BYTES = 512 };

/* "emergency_admissions, 5NK, 2010/11 Q1 (dsr) +2.2 %". */
static void describe_move(char text[LINE_BYTES], const hst_move *move)
{
    snprintf(text, LINE_BYTES, "%s, %s, %s (%s) %+.1f %%", move->measure, move->area_code,
             move->period, move->rest, move->percent);
}

static void show_line(cli_terminal *terminal, const hst_since *since)
{
    const hst_comparison *comparison = since->comparison;
    hst_compare_line values = hst_comparison_values(comparison);
    uint64_t n_moved = values.n_changed + values.n_suppressed + values.n_revealed;
    char line[2 * LINE_BYTES], move[LINE_BYTES], counts[4][32];
    size_t used = 0;

    used = (size_t)snprintf(
        line, sizeof line, "since %s: %s of %s values changed, %s new, %s gone", since->run,
        cli_grouped(n_moved, counts[0]), cli_grouped(comparison->n_values, counts[1]),
        cli_grouped(values.n_new, counts[2]), cli_grouped(values.n_gone, counts[3]));
    if (comparison->n_verdicts > 0) {
        used +=
            (size_t)snprintf(line + used, sizeof line - used, ", %zu %s", comparison->n_verdicts,
                             comparison->n_verdicts == 1 ? "verdict" : "verdicts");
    }
    if (comparison->n_moves > 0) {
        describe_move(move, &comparison->moves[0]);
        snprintf(line + used, sizeof line - used, " · most: %s", move);
    }
    cli_terminal_line(terminal, "           %s", line);
}

/* "results/20261120T020000Z" for the name of a run and the folder "results/20261121T020000Z". */
static void name_beside(char text[LINE_BYTES], const char *folder, const char *run)
{
    const char *slash = strrchr(folder, '/');

    snprintf(text, LINE_BYTES, "%.*s%s", slash ? (int)(slash - folder) + 1 : 0, folder, run);
}

void cli_report_since(cli_terminal *terminal, const hst_study *study, const hst_since *since,
                      const char *folder)
{
    const hst_comparison *comparison = since->comparison;
    char before[LINE_BYTES], move[LINE_BYTES], count[32];

    if (since->run[0] == '\0') {
        return;
    }
    if (!comparison) {
        cli_terminal_warn(terminal, "what moved since the run %s cannot be said: %s", since->run,
                          since->problem.message);
        return;
    }
    show_line(terminal, since);
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
