#include "cli/run_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/figures.h"

enum { LINE_BYTES = 512 };

/* "148.9 m", or all digits below ten million. */
static const char *many(uint64_t n, char text[32])
{
    if (n < 10000000) {
        return cli_grouped(n, text);
    }
    snprintf(text, 32, "%.1f m", (double)n / 1e6);
    return text;
}

/* With --verbose: what became of each file. */
static void report_files(cli_terminal *terminal, const hst_inputs *inputs,
                         const cli_run_store *store)
{
    size_t n = 0; /* segments of the files so far */

    for (size_t i = 0; i < inputs->n; i++) {
        const hst_input *input = &inputs->items[i];
        const char *how = input->was_known ? "unchanged" : "new";
        const hst_segment_info *info = NULL;
        char read[32], aside[32];

        if (input->superseded) {
            cli_terminal_line(terminal, "    %s: %s, superseded", input->name, how);
        } else {
            info = hst_segment_get_info(store->segments[n++]);
            cli_terminal_line(terminal, "    %s: %s, %s rows, %s set aside", input->name, how,
                              cli_grouped(info->rows_read, read),
                              cli_grouped(info->rows_read - info->rows_used, aside));
        }
    }
}

void cli_report_ingested(cli_terminal *terminal, const hst_inputs *inputs,
                         const cli_run_store *store, bool with_files)
{
    uint64_t n_read = 0, n_used = 0;
    size_t n_new = 0, n_superseded = 0;
    char read[32], used[32], aside[32], older[48] = "";

    if (store->has_lost_catalogue) {
        cli_terminal_repair(terminal,
                            "%s: its catalogue was damaged or missing, and every file "
                            "was looked at anew",
                            store->path);
    }
    for (size_t i = 0; i < inputs->n; i++) {
        const hst_input *input = &inputs->items[i];

        n_new += !input->was_known;
        n_superseded += input->superseded;
        if (input->was_remade) {
            cli_terminal_repair(terminal,
                                "%s: its segment of the store could not be used, and "
                                "was made anew",
                                input->name);
        }
    }
    for (size_t i = 0; i < store->n_segments; i++) {
        n_read += hst_segment_get_info(store->segments[i])->rows_read;
        n_used += hst_segment_get_info(store->segments[i])->rows_used;
    }
    if (n_superseded > 0) {
        snprintf(older, sizeof older, " · %zu superseded", n_superseded);
    }
    cli_terminal_end(
        terminal, "%zu %s new, %zu unchanged%s · %s rows = %s used + %s set aside (%.2f %%)", n_new,
        n_new == 1 ? "file" : "files", inputs->n - n_new, older, cli_grouped(n_read, read),
        cli_grouped(n_used, used), cli_grouped(n_read - n_used, aside),
        n_read > 0 ? 100.0 * (double)(n_read - n_used) / (double)n_read : 0);
    if (with_files) {
        report_files(terminal, inputs, store);
    }
}

void cli_report_people(cli_terminal *terminal, const hst_study *study, uint64_t n_episodes,
                       const hst_people_totals *people, const hst_cohort_sizes *cohorts)
{
    char line[LINE_BYTES], episodes[32], spells[32], cips[32], members[32];
    size_t length = 0;

    if (people->has_spells) {
        length =
            (size_t)snprintf(line, sizeof line, "%s episodes → %s spells → %s continuous spells",
                             many(people->n_episodes, episodes), many(people->n_spells, spells),
                             many(people->n_cips, cips));
    } else {
        length = (size_t)snprintf(line, sizeof line, "%s episodes · %zu %s",
                                  cli_grouped(n_episodes, episodes), study->n_measures,
                                  study->n_measures == 1 ? "measure" : "measures");
    }
    for (size_t i = 0; cohorts && i < study->n_cohorts && length < sizeof line; i++) {
        length += (size_t)snprintf(line + length, sizeof line - length, " · %s people with %s",
                                   cli_grouped(hst_cohort_sizes_people(cohorts, i), members),
                                   study->cohorts[i].title ? study->cohorts[i].title
                                                           : study->cohorts[i].id);
    }
    cli_terminal_end(terminal, "%s", line);
}

void cli_report_publish(cli_terminal *terminal, const hst_study *study, const char *folder,
                        const hst_disclosure *disclosure)
{
    char counts[32], values[32];

    if (strcmp(study->publish.disclosure.rule, "none") == 0) {
        cli_terminal_end(terminal, "%s (no disclosure control: keep it inside)", folder);
        return;
    }
    cli_terminal_end(
        terminal, "%srelease/ (%s: %s counts hidden, %s values withheld, counts rounded to %d)",
        study->publish.internal ? "internal/ and " : "", study->publish.disclosure.rule,
        cli_grouped(disclosure->n_small + disclosure->n_withheld_counts, counts),
        cli_grouped(disclosure->n_withheld_values, values), study->publish.disclosure.round);
}

static const struct title {
    const char *item, *title;
} titles[] = {{"fae", "admissions"},
              {"fae_emergency", "emergency admissions"},
              {"mean_los", "mean stay, days"}};

/* How the terminal calls an item of reconcile.csv; NULL: it is in the file alone. */
static const char *item_title(const char *item)
{
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++) {
        if (strcmp(titles[i].item, item) == 0) {
            return titles[i].title;
        }
    }
    return NULL;
}

/* A count with its groups of digits, or a mean to the published decimal and one more. */
static const char *figure(const hst_reconciled *row, double number, char text[32])
{
    if (strcmp(row->item, "mean_los") == 0) {
        snprintf(text, 32, "%.2f", number);
        return text;
    }
    return cli_grouped((uint64_t)number, text);
}

/* The last year of an item, and whether the years before agree as well. */
static void show_item(cli_terminal *terminal, const hst_reconciled *rows, size_t n_rows,
                      const char *item)
{
    const hst_reconciled *last = NULL;
    size_t n_years = 0, n_differ = 0;
    char ours[32], published[32], years[64] = "";

    for (size_t i = 0; i < n_rows; i++) {
        if (strcmp(rows[i].item, item) == 0 && rows[i].published > 0 && rows[i].ours > 0) {
            last = &rows[i];
            n_years++;
            n_differ += strcmp(rows[i].flag, "ok") != 0;
        }
    }
    if (!last) {
        return;
    }
    if (n_years > 1 && n_differ > 0) {
        snprintf(years, sizeof years, "%s%zu of %zu years differ",
                 strcmp(last->flag, "ok") == 0 ? "ok, " : "", n_differ, n_years);
    }
    cli_terminal_line(terminal, "  %-20s %s %14s ours %14s published %+8.2f %%   %s",
                      item_title(item), last->year, figure(last, last->ours, ours),
                      figure(last, last->published, published), last->percent,
                      years[0] ? years : last->flag);
}

static void show_published(cli_terminal *terminal, const hst_reconciled *rows, size_t n_rows)
{
    cli_terminal_line(terminal, "%s", "");
    cli_terminal_line(terminal,
                      "Against published figures (England; reconcile.csv has every year)");
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++) {
        show_item(terminal, rows, n_rows, titles[i].item);
    }
}

/* True when a year of the study has a published figure. */
static bool is_any_published(const hst_reconciled *rows, size_t n_rows)
{
    for (size_t i = 0; i < n_rows; i++) {
        if (item_title(rows[i].item) && rows[i].published > 0 && rows[i].ours > 0) {
            return true;
        }
    }
    return false;
}

/* Year by year, five years a line; the manifest has the numbers. */
static void show_spells(cli_terminal *terminal, const hst_england *england)
{
    enum { YEARS_A_LINE = 5 };
    char line[LINE_BYTES] = "";
    size_t used = 0, n = 0;

    for (size_t i = 0; england->has_spells && i < england->n_years; i++) {
        const hst_england_year *year = &england->years[i];
        hst_period period = hst_period_of(HST_BY_YEAR, hst_date_from_civil(year->year, 4, 1));

        if (year->fae == 0) {
            continue;
        }
        if (n == 0) {
            cli_terminal_line(terminal, "%s", "");
            cli_terminal_line(terminal, "Spells less admissions (England)");
        }
        used +=
            (size_t)snprintf(line + used, sizeof line - used, "  %s %+.2f %%", period.label,
                             100 * ((double)year->spells - (double)year->fae) / (double)year->fae);
        if (++n % YEARS_A_LINE == 0) {
            cli_terminal_line(terminal, "%s", line);
            used = 0;
        }
    }
    if (used > 0) {
        cli_terminal_line(terminal, "%s", line);
    }
}

hst_status cli_report_england(cli_terminal *terminal, const hst_study *study,
                              const hst_england *england, hst_error *err)
{
    hst_reconciled *rows = NULL;
    size_t n_rows = 0;
    hst_status status = hst_reconcile(&rows, &n_rows, study, england, NULL, err);

    if (status == HST_OK) {
        if (is_any_published(rows, n_rows)) {
            show_published(terminal, rows, n_rows);
        }
        show_spells(terminal, england);
    }
    free(rows);
    return status;
}

static bool needs_population(const hst_measure *measure)
{
    switch (measure->statistic) {
    case HST_STAT_CRUDE_RATE:
    case HST_STAT_DSR:
    case HST_STAT_ISR:
    case HST_STAT_SMR:
    case HST_STAT_BED_DAY_RATE:
    case HST_STAT_ACS_SCORE:
        return true;
    default:
        return false;
    }
}

void cli_report_warnings(cli_terminal *terminal, const hst_study *study, const hst_results *results,
                         const hst_people_totals *people, const hst_segment *const *segments,
                         size_t n_segments)
{
    size_t n_rows = 0, n_withheld = 0, n_without_population = 0, n_incomplete = 0;
    char count[32], all[32];
    const hst_result *rows = hst_results_rows(results, &n_rows);

    for (size_t i = 0; i < n_segments; i++) {
        const hst_segment_info *info = hst_segment_get_info(segments[i]);

        if (info->rows_used < info->rows_read) {
            cli_terminal_warn(terminal, "%s: %llu rows could not be read (audit.csv says why)",
                              info->file, (unsigned long long)(info->rows_read - info->rows_used));
        }
    }
    if (people && people->n_no_sus_spell > 0) {
        cli_terminal_warn(
            terminal,
            "%llu of %llu episodes are in no spell: no SUSSPELLID, which files before "
            "2007/08 do not have (audit.csv, stage people)",
            (unsigned long long)people->n_no_sus_spell, (unsigned long long)people->n_episodes);
    }
    for (size_t i = 0; i < n_rows; i++) {
        bool is_rate = needs_population(&study->measures[rows[i].measure]);

        n_withheld +=
            is_rate && isnan(rows[i].value) && !rows[i].is_suppressed && rows[i].total_pop > 0;
        n_without_population += is_rate && !rows[i].split[0] && !(rows[i].total_pop > 0);
        n_incomplete += rows[i].is_incomplete;
    }
    if (n_incomplete > 0) {
        cli_terminal_warn(terminal,
                          "%s of %s values are of periods whose rows cannot all have arrived "
                          "(column incomplete; audit.csv, stage coverage)",
                          cli_grouped(n_incomplete, count), cli_grouped(n_rows, all));
    }
    if (n_withheld > 0) {
        cli_terminal_warn(terminal,
                          "%s rates are empty: fewer events than min_events, a population of zero "
                          "or another reason (column note)",
                          cli_grouped(n_withheld, count));
    }
    if (n_without_population > 0) {
        cli_terminal_warn(terminal, "%s rates are empty: no population (audit.csv)",
                          cli_grouped(n_without_population, count));
    }
}

/* The provider of a line that says it fell silent; false for every other line. */
static bool is_silence(const hst_ledger_line *line)
{
    return strcmp(line->stage, "coverage") == 0 && strstr(line->reason, " sends no rows any more");
}

void cli_report_audit(cli_terminal *terminal, hst_ledger *ledger)
{
    size_t n = 0;
    const hst_ledger_line *lines = hst_ledger_lines(ledger, &n);

    for (size_t i = 0; i < n; i++) {
        bool is_first = true; /* of the provider's months */

        if (strstr(lines[i].reason, "excluded provider ") == lines[i].reason &&
            strstr(lines[i].reason, " is in no extract")) {
            cli_terminal_warn(terminal, "measure %s: %s; nothing was left out for it",
                              lines[i].measure, lines[i].reason);
        }
        for (size_t k = 0; k < i && is_silence(&lines[i]); k++) {
            is_first = is_first && (strcmp(lines[k].reason, lines[i].reason) != 0 ||
                                    strcmp(lines[k].dataset, lines[i].dataset) != 0);
        }
        if (is_silence(&lines[i]) && is_first) {
            cli_terminal_warn(terminal, "%s: from %s on, %s (audit.csv, stage coverage)",
                              lines[i].dataset, lines[i].period, lines[i].reason);
        }
    }
}
