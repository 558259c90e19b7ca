#include "cli/run_end.h"

#include <stdlib.h>
#include <string.h>

#include "cli/since_report.h"
#include "hestia/publish.h"
#include "hestia/published.h"
#include "hestia/run_folder.h"

/** Adds what still stands, as a line of its own. */
static void add_what_stands(const cli_run_end *end, hst_error *err)
{
    char run[HST_RUN_NAME_BYTES];
    size_t used = strlen(err->message);
    const char *published =
        end->is_published ? "New results were published all the same" : "Nothing was published";

    hst_published_run(run, end->directory);
    if (run[0]) {
        snprintf(err->message + used, sizeof err->message - used,
                 "\n%s; %s/latest is %sthe run %s.", published, end->directory,
                 end->is_published ? "" : "still ", run);
    } else {
        snprintf(err->message + used, sizeof err->message - used, "\n%s.", published);
    }
}

static hst_status write_status(const cli_run_end *end, hst_status status, const char *message,
                               hst_error *err)
{
    const hst_run_status run_status = {.version = cli_version,
                                       .study = end->study,
                                       .started = end->started,
                                       .checked = time(NULL),
                                       .seconds = cli_log_seconds(),
                                       .changed = end->is_published,
                                       .exit_code = cli_exit_code(status),
                                       .message = message};

    return end->is_refused ? hst_run_status_refuse(end->directory, &run_status, err)
                           : hst_run_status_write(end->directory, &run_status, err);
}

/** Of new results also what moved since the run before. */
static hst_status note_success(const cli_run_end *end, hst_error *err)
{
    char message[CLI_SINCE_BYTES + 32], since[CLI_SINCE_BYTES] = "";

    if (end->is_current) {
        return write_status(end, HST_OK, "nothing has changed", err);
    }
    cli_since_line(since, end->since);
    snprintf(message, sizeof message, "new results%s%s", since[0] ? " " : "", since);
    return write_status(end, HST_OK, message, err);
}

hst_status cli_run_end_note(const cli_run_end *end, hst_status status, hst_error *err)
{
    hst_error ignored = {0}; /* the reason of the failure is what matters */

    if (status == HST_OK) {
        status = note_success(end, err);
    } else if (write_status(end, status, err->message, &ignored) != HST_OK) {
        /* where nothing can be written the log has to do */
    }
    if (status != HST_OK) {
        add_what_stands(end, err);
    }
    return status;
}

hst_status cli_run_end_note_study(const char *path, const char *out, time_t started,
                                  hst_status status, hst_error *err)
{
    char *directory = NULL, *study = NULL;
    cli_run_end end = {.started = started};

    hst_study_find_results(&directory, &study, path);
    end.directory = out ? out : directory;
    end.study = study;
    if (end.directory) {
        status = cli_run_end_note(&end, status, err);
    }
    free(directory);
    free(study);
    return status;
}

/** Where to look: at the true numbers where they are. */
static void show_files(cli_terminal *terminal, const hst_study *study, const char *directory)
{
    bool is_controlled = strcmp(study->publish.disclosure.rule, "none") != 0;
    const char *folder = study->publish.internal ? "internal/" : "";

    if (hst_publish_has_format(study, "html")) {
        cli_terminal_line(terminal, "  report    %s/latest/%sreport.html", directory, folder);
    }
    if (hst_publish_has_format(study, "xlsx")) {
        cli_terminal_line(terminal, "  workbook  %s/latest/%ssite-review.xlsx", directory, folder);
    }
    cli_terminal_line(terminal, "  results   %s/latest/%sresults.csv", directory, folder);
    if (study->n_impacts > 0) {
        cli_terminal_line(terminal, "  services  %s/latest/%ssite-review.csv", directory, folder);
    }
    if (is_controlled) {
        cli_terminal_line(terminal,
                          "  release   %s/latest/release/disclosure.txt says what may leave",
                          directory);
    }
}

void cli_run_end_show(cli_terminal *terminal, const hst_study *study, const char *directory,
                      bool is_current)
{
    if (is_current) {
        cli_terminal_unchanged(terminal, "nothing has changed: %s/latest stands", directory);
    } else {
        cli_terminal_show_warnings(terminal);
        cli_terminal_line(terminal, "%s", "");
        show_files(terminal, study, directory);
        cli_terminal_line(terminal,
                          "  why?      hestia explain %s MEASURE --area CODE --period PERIOD",
                          study->path);
    }
    cli_terminal_finish(terminal);
}
