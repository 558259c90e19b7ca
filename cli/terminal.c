/* What a person (or a log) sees of a run: one final line a stage, a progress bar while it lasts. */
#include "cli/cli.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hestia/text.h"

enum { MAX_LINE = 1024, MAX_WARNINGS = 50, BAR_CELLS = 24 };

struct cli_terminal {
    bool quiet, pretty, progress; /* pretty: a terminal; else log lines with their time */
    double stage_started, last_drawn;
    char stage[16];
    bool bar_is_drawn;
    pthread_mutex_t mutex;
    size_t n_warnings;
    char *warnings[MAX_WARNINGS];
};

hst_status cli_terminal_create(cli_terminal **out, const cli_options *options, hst_error *err)
{
    cli_terminal *terminal = calloc(1, sizeof *terminal);

    *out = NULL;
    if (!terminal) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the terminal");
    }
    terminal->quiet = options->quiet;
    terminal->pretty = !cli_log_is_json() && isatty(STDERR_FILENO);
    terminal->progress = terminal->pretty && !options->no_progress && !options->quiet;
    terminal->stage_started = cli_log_clock();
    pthread_mutex_init(&terminal->mutex, NULL);
    *out = terminal;
    return HST_OK;
}

static void wipe_bar(cli_terminal *terminal)
{
    if (terminal->bar_is_drawn) {
        fputs("\r\033[K", stderr);
        terminal->bar_is_drawn = false;
    }
}

void cli_terminal_free(cli_terminal *terminal)
{
    if (!terminal) {
        return;
    }
    wipe_bar(terminal); /* of a stage that failed */
    for (size_t i = 0; i < terminal->n_warnings; i++) {
        free(terminal->warnings[i]);
    }
    pthread_mutex_destroy(&terminal->mutex);
    free(terminal);
}

static void format_seconds(double seconds, char text[32])
{
    unsigned whole = seconds < 0 ? 0 : seconds > 3.6e8 ? 360000000 : (unsigned)seconds;

    if (whole >= 3600) {
        snprintf(text, 32, "%u:%02u:%02u", whole / 3600, whole / 60 % 60, whole % 60);
    } else {
        snprintf(text, 32, "%u:%02u", whole / 60, whole % 60);
    }
}

/** Writes one line in the form asked for; `stage` may be "". `event` is the line's name in a JSON
 * log. */
static void put_line(const cli_terminal *terminal, const char *level, const char *event,
                     const char *stage, double seconds, const char *text)
{
    char stamp[CLI_STAMP_BYTES] = "", line[CLI_LOG_BYTES], clock[32];

    if (terminal->quiet) {
        return;
    }
    if (cli_log_is_json()) {
        if (text[0]) {
            cli_log_json(&(cli_log_line){level, event, stage, seconds, text, 0});
        }
        return;
    }
    hst_text_line(line, sizeof line, text);
    if (!terminal->pretty && (line[0] || stage[0])) {
        cli_log_stamp(stamp);
        fprintf(stderr, "%s ", stamp);
    }
    if (stage[0]) {
        format_seconds(seconds, clock);
        fprintf(stderr, "  %-8s %-6s %s\n", stage, strcmp(stage, "check") == 0 ? "ok" : clock,
                line);
    } else {
        fprintf(stderr, "%s\n", line);
    }
}

void cli_terminal_title(cli_terminal *terminal, const char *format, ...)
{
    char text[MAX_LINE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    put_line(terminal, "info", "run.start", "", 0, text);
}

void cli_terminal_begin(cli_terminal *terminal, const char *name)
{
    snprintf(terminal->stage, sizeof terminal->stage, "%s", name);
    terminal->stage_started = cli_log_clock();
    terminal->last_drawn = 0;
    cli_log_set_stage(name);
    if (cli_log_is_json()) {
        put_line(terminal, "info", "stage.start", name, 0, name);
    }
}

void cli_terminal_progress(cli_terminal *terminal, uint64_t done, uint64_t total, const char *unit)
{
    double time_now = cli_log_clock(), seconds = time_now - terminal->stage_started;
    bool is_bytes = strcmp(unit, "bytes") == 0;
    char left[32];

    if (!terminal->progress || total == 0 || pthread_mutex_trylock(&terminal->mutex) != 0) {
        return;
    }
    if (time_now - terminal->last_drawn > 0.1 && seconds > 0.3) {
        double share = done < total ? (double)done / (double)total : 1;
        int cells = (int)(share * BAR_CELLS);

        format_seconds(share > 0 ? seconds * (1 - share) / share : 0, left);
        fprintf(stderr, "\r  %-8s [%.*s%*s] %3.0f %%  %.*f %s/s  %s left\033[K", terminal->stage,
                cells, "========================", BAR_CELLS - cells, "", 100 * share,
                is_bytes ? 1 : 0, (double)done / seconds / (is_bytes ? 1e6 : 1),
                is_bytes ? "MB" : unit, left);
        fflush(stderr);
        terminal->bar_is_drawn = true;
        terminal->last_drawn = time_now;
    }
    pthread_mutex_unlock(&terminal->mutex);
}

void cli_terminal_end(cli_terminal *terminal, const char *format, ...)
{
    char text[MAX_LINE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    wipe_bar(terminal);
    cli_log_set_stage("");
    put_line(terminal, "info", "stage.end", terminal->stage,
             cli_log_clock() - terminal->stage_started, text);
}

void cli_terminal_warn(cli_terminal *terminal, const char *format, ...)
{
    char text[MAX_LINE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (terminal->n_warnings < MAX_WARNINGS) {
        terminal->warnings[terminal->n_warnings] = strdup(text);
        terminal->n_warnings += terminal->warnings[terminal->n_warnings] != NULL;
    }
}

void cli_terminal_repair(cli_terminal *terminal, const char *format, ...)
{
    char text[MAX_LINE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    wipe_bar(terminal);
    put_line(terminal, "warning", "store.repair", "", 0, text);
}

void cli_terminal_unchanged(cli_terminal *terminal, const char *format, ...)
{
    char text[MAX_LINE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    put_line(terminal, "info", "run.unchanged", "", 0, text);
}

void cli_terminal_line(cli_terminal *terminal, const char *format, ...)
{
    char text[MAX_LINE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    put_line(terminal, "info", "note", "", 0, text);
}

/** Peak of this process's own memory in KiB; what getrusage gives includes the parent's before
 * exec. */
static long peak_kib(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    long kib = 0;

    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, "VmHWM:", 6) == 0) {
            kib = strtol(line + 6, NULL, 10);
        }
    }
    if (file) {
        fclose(file);
    }
    return kib;
}

void cli_terminal_show_warnings(cli_terminal *terminal)
{
    char text[MAX_LINE];

    if (terminal->n_warnings == 0) {
        return;
    }
    put_line(terminal, "info", "note", "", 0, "");
    put_line(terminal, "info", "note", "", 0, "Look at these before you quote a number");
    for (size_t i = 0; i < terminal->n_warnings; i++) {
        snprintf(text, sizeof text, "  ! %s", terminal->warnings[i]);
        put_line(terminal, "warning", "warning", "", 0, text);
    }
}

void cli_terminal_finish(cli_terminal *terminal)
{
    double seconds = cli_log_seconds();
    char clock[32], text[MAX_LINE];

    format_seconds(seconds, clock);
    put_line(terminal, "info", "note", "", 0, "");
    snprintf(text, sizeof text, "done in %s · peak %ld MiB", clock, peak_kib() / 1024);
    put_line(terminal, "info", "run.end", "", seconds, text);
}
