/* The options that every command takes, and how a command's arguments are parsed. */
#include "cli/cli.h"

#include <errno.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_THREADS = 0x1001, KEY_MEMORY, KEY_STORE, KEY_OUT, KEY_LOG_FORMAT, KEY_NO_PROGRESS };

static const struct argp_option common_options[] = {
    {"threads", KEY_THREADS, "N", 0, "Threads to use (default: all cores)", 90},
    {"memory", KEY_MEMORY, "SIZE", 0, "Bound of the buffers, as 500M or 2G (default 1G)", 90},
    {"store", KEY_STORE, "DIR", 0, "Store to use instead of the study's", 90},
    {"out", KEY_OUT, "DIR", 0, "Results directory (or file) instead of the study's", 90},
    {"quiet", 'q', NULL, 0, "Only errors", 91},
    {"verbose", 'v', NULL, 0, "run, ingest: also what became of each file", 91},
    {"log-format", KEY_LOG_FORMAT, "text|json", 0, "Form of the log on standard error", 91},
    {"no-progress", KEY_NO_PROGRESS, NULL, 0, "No progress bar", 91},
    {0},
};

void cli_options_init(cli_options *options)
{
    *options = (cli_options){.n_threads = omp_get_num_procs(), .memory = (size_t)1 << 30};
}

/** "500M", "2G", "1048576" to bytes; 0 when it is no size. */
static size_t parse_size(const char *text)
{
    char *end = NULL;
    unsigned long long n = text[0] >= '0' && text[0] <= '9' ? strtoull(text, &end, 10) : 0;
    size_t unit = 1, bytes = 0;

    if (!end) {
        return 0;
    }
    switch (*end) {
    case 'k':
    case 'K':
        unit = (size_t)1 << 10;
        break;
    case 'm':
    case 'M':
        unit = (size_t)1 << 20;
        break;
    case 'g':
    case 'G':
        unit = (size_t)1 << 30;
        break;
    default:
        break;
    }
    end += unit > 1;
    if (strcmp(end, "iB") == 0 || strcmp(end, "B") == 0) {
        end += strlen(end);
    }
    return *end == '\0' && hst_size_multiply((size_t)n, unit, &bytes) ? bytes : 0;
}

static error_t parse_common(int key, char *argument, struct argp_state *state)
{
    cli_options *options = state->input;
    char *end = NULL;
    long n = 0;

    switch (key) {
    case KEY_THREADS:
        n = strtol(argument, &end, 10);
        if (*argument == '\0' || *end != '\0' || n < 1 || n > 1024) {
            argp_error(state, "--threads takes a number from 1 to 1024");
            return EINVAL;
        }
        options->n_threads = (int)n;
        return 0;
    case KEY_MEMORY:
        options->memory = parse_size(argument);
        if (options->memory < ((size_t)16 << 20)) {
            argp_error(state, "--memory takes a size of 16M or more, such as 500M or 2G");
            return EINVAL;
        }
        return 0;
    case KEY_STORE:
        options->store = argument;
        return 0;
    case KEY_OUT:
        options->out = argument;
        return 0;
    case 'q':
        options->quiet = true;
        return 0;
    case 'v':
        options->verbose = true;
        return 0;
    case KEY_LOG_FORMAT:
        if (strcmp(argument, "json") != 0 && strcmp(argument, "text") != 0) {
            argp_error(state, "--log-format takes text or json");
            return EINVAL;
        }
        cli_log_use_json(strcmp(argument, "json") == 0);
        return 0;
    case KEY_NO_PROGRESS:
        options->no_progress = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp cli_common_argp = {.options = common_options, .parser = parse_common};
