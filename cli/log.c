/* Lines of the log on standard error: JSON for machines, and what every command says besides its
 * data. Others rely on the names of events: docs/operations.md, section Log, has them all. */
#include "cli/cli.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hestia/text.h"

/* A program has one standard error, and what is said last, when a command and its options are gone,
 * has the form of all that was said before. */
static struct log_form {
    bool is_json;
    double started;
    char stage[16]; /* the one going on, or "" */
} form;

double cli_log_clock(void)
{
    struct timespec time = {0};

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

void cli_log_start(void)
{
    form.started = cli_log_clock();
}

double cli_log_seconds(void)
{
    return cli_log_clock() - form.started;
}

void cli_log_use_json(bool is_json)
{
    form.is_json = is_json;
}

bool cli_log_is_json(void)
{
    return form.is_json;
}

void cli_log_set_stage(const char *stage)
{
    snprintf(form.stage, sizeof form.stage, "%s", stage);
}

void cli_log_stamp(char stamp[CLI_STAMP_BYTES])
{
    time_t now = time(NULL);
    struct tm utc = {0};

    gmtime_r(&now, &utc);
    strftime(stamp, CLI_STAMP_BYTES, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

/* Text between quotes: hst_text_line has left no other character to escape. */
static void escape(char *out, const char *line)
{
    for (; *line; line++) {
        if (*line == '"' || *line == '\\') {
            *out++ = '\\';
        }
        *out++ = *line;
    }
    *out = '\0';
}

/* Put together without memory of the heap, so that running out of that can be told, and written at
 * once, so that the lines of two programs do not mix. */
void cli_log_json(const cli_log_line *line)
{
    char stamp[CLI_STAMP_BYTES] = "", text[CLI_LOG_BYTES], quoted[2 * CLI_LOG_BYTES],
         whole[3 * CLI_LOG_BYTES], code[32] = "";

    cli_log_stamp(stamp);
    hst_text_line(text, sizeof text, line->text + strspn(line->text, " "));
    escape(quoted, text);
    if (line->exit_code != 0) {
        snprintf(code, sizeof code, ",\"exit_code\":%d", line->exit_code);
    }
    snprintf(whole, sizeof whole,
             "{\"time\":\"%s\",\"level\":\"%s\",\"event\":\"%s\",\"stage\":\"%s\",\"seconds\":%.3f,"
             "\"text\":\"%s\"%s}\n",
             stamp, line->level, line->event, line->stage, line->seconds, quoted, code);
    fputs(whole, stderr);
}

void cli_log_note(const cli_options *options, const char *format, ...)
{
    char text[CLI_LOG_BYTES], clean[CLI_LOG_BYTES];
    va_list arguments;

    if (options->quiet) {
        return;
    }
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (form.is_json) {
        cli_log_json(&(cli_log_line){.level = "info", .event = "note", .stage = "", .text = text});
    } else {
        hst_text_line(clean, sizeof clean, text);
        fprintf(stderr, "%s\n", clean);
    }
}

void cli_log_error(int exit_code, const char *message)
{
    char text[CLI_LOG_BYTES];
    const char *rest = strchr(message, '\n');

    if (form.is_json) {
        cli_log_json(&(cli_log_line){.level = "error",
                                     .event = "error",
                                     .stage = form.stage,
                                     .seconds = cli_log_seconds(),
                                     .text = message,
                                     .exit_code = exit_code});
        return;
    }
    if (rest && isatty(STDERR_FILENO)) { /* what still stands, in a line of its own */
        char first[CLI_LOG_BYTES];

        snprintf(first, sizeof first, "%.*s", (int)(rest - message), message);
        hst_text_line(text, sizeof text, first);
        fprintf(stderr, "hestia: %s\n", text);
        hst_text_line(text, sizeof text, rest + 1);
        fprintf(stderr, "%s\n", text);
    } else {
        hst_text_line(text, sizeof text, message);
        fprintf(stderr, "hestia: %s\n", text);
    }
}
