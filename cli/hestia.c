/* hestia: the table of commands. Only this folder prints and exits. */
#define _DEFAULT_SOURCE /* sigaction's SA_RESTART, setrlimit */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "hestia/ingest.h"

typedef struct command {
    const char *name;
    hst_status (*run)(int argc, char **argv, hst_error *err);
    const char *usage, *meaning;
    bool matters; /* shown by `hestia` alone */
} command;

static const command commands[] = {
    {"run", cli_run, "STUDY.yaml", "everything that has changed, from extracts to results", true},
    {"check", cli_check, "STUDY.yaml | FILE...", "what a run would do; the quality of extracts",
     true},
    {"new", cli_new, "FILE...", "writes a study file from what it finds in extracts", true},
    {"demo", cli_demo, "[DIR]", "synthetic extracts and a study, in half a minute", true},
    {"explain", cli_explain, "STUDY.yaml MEASURE --area A --period P", "takes one number apart",
     true},
    {"export", cli_export, "spells|people|attendances STUDY.yaml",
     "rows of persons by a measure's rules, for inside use", false},
    {"compare", cli_compare, "RESULTS1 RESULTS2", "what moved between two runs", false},
    {"ingest", cli_run, "STUDY.yaml", "the first half of run: brings the store up to date", false},
    {"power", cli_power, "STUDY.yaml", "the smallest effect that each site could show", false},
    {"stats", cli_stats, "METHOD [TABLE]", "one statistical method on a table of your own", false},
    {"store", cli_store, "init|list|verify|purge DIR", "looks after the store", false},
    {"synth", cli_synth, "DIR", "writes artificial extracts with a known truth", false},
};

enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

static void print_commands(FILE *stream, bool all)
{
    fprintf(stream, "hestia %s: rates and findings from Hospital Episode Statistics\n\n",
            cli_version);
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (all || commands[i].matters) {
            fprintf(stream, "  hestia %-8s %-40s %s\n", commands[i].name, commands[i].usage,
                    commands[i].meaning);
        }
    }
    fprintf(stream, "\n%s\n",
            all ? "`hestia COMMAND --help` tells more of each."
                : "`hestia --help` lists the other commands; `hestia COMMAND --help` tells more.");
}

int cli_exit_code(hst_status status)
{
    switch (status) {
    case HST_OK:
        return 0;
    case HST_ERR_USAGE:
        return 2;
    case HST_ERR_INPUT:
    case HST_ERR_DAMAGED:
        return 3;
    case HST_ERR_LOCKED:
        return 4;
    case HST_ERR_INTERRUPTED:
        return 130;
    default:
        return 1;
    }
}

hst_status cli_parse(const struct argp *argp, const char *name, int argc, char **argv, void *input,
                     hst_error *err)
{
    error_t result = 0;
    char *first = argv[0];

    /* argp prints its own message, with the command's name, and exits with argp_err_exit_status */
    argp_err_exit_status = 2;
    argv[0] = (char *)(uintptr_t)name;
    result = argp_parse(argp, argc, argv, 0, NULL, input);
    argv[0] = first;
    if (result != 0) {
        return hst_fail(err, result == ENOMEM ? HST_ERR_MEMORY : HST_ERR_USAGE, "%s: %s", name,
                        strerror(result));
    }
    return HST_OK;
}

/** The first SIGINT or SIGTERM asks the run to stop, the next one, whichever, kills. */
static void on_signal(int signal_number)
{
    const struct sigaction kill = {.sa_handler = SIG_DFL};

    (void)signal_number;
    hst_interrupt_request();
    sigaction(SIGINT, &kill, NULL);
    sigaction(SIGTERM, &kill, NULL);
}

/** A standard stream that is closed stays one that fails: else the next file that is opened gets
 * its number, and what is said goes into that file. */
static void keep_standard_streams(void)
{
    for (int file = STDIN_FILENO; file <= STDERR_FILENO; file++) {
        if (fcntl(file, F_GETFD) < 0 &&
            open("/dev/null", file == STDIN_FILENO ? O_WRONLY : O_RDONLY) != file) {
            _exit(1);
        }
    }
}

/** Rows are people: no core dumps. */
static void guard_process(void)
{
    struct rlimit no_core = {0, 0};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

    setrlimit(RLIMIT_CORE, &no_core);
#ifndef HESTIA_SANITIZED /* the leak checker attaches to its own process */
    prctl(PR_SET_DUMPABLE, 0);
#endif
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error that is told (EFBIG) */
}

/** Names of the commands, for "did you mean". */
static hst_status unknown_command(const char *name, hst_error *err)
{
    const char *names[N_COMMANDS];
    const char *nearest = NULL;

    for (size_t i = 0; i < N_COMMANDS; i++) {
        names[i] = commands[i].name;
    }
    nearest = hst_nearest_name(name, names, N_COMMANDS);
    return hst_fail(err, HST_ERR_USAGE, "no command `%s`%s%s%s; `hestia --help` lists them", name,
                    nearest ? "; did you mean `" : "", nearest ? nearest : "", nearest ? "`" : "");
}

/** True when who read from a pipe (head, less) has gone: nobody is to be told. */
static bool has_enough(const hst_error *err)
{
    return strncmp(err->message, CLI_STANDARD_OUTPUT, strlen(CLI_STANDARD_OUTPUT)) == 0 &&
           strstr(err->message, strerror(EPIPE));
}

int main(int argc, char **argv)
{
    hst_error err = {0};
    hst_status status = HST_OK;
    size_t i = 0;

    keep_standard_streams();
    cli_log_start();
    guard_process();
    if (argc < 2) {
        print_commands(stdout, false);
        return 0;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_commands(stdout, true);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        printf("hestia %s\ncommit %s\nbuilt as %s\n", cli_version, cli_commit, cli_build_options);
        return 0;
    }
    while (i < N_COMMANDS && strcmp(commands[i].name, argv[1]) != 0) {
        i++;
    }
    status =
        i < N_COMMANDS ? commands[i].run(argc - 1, argv + 1, &err) : unknown_command(argv[1], &err);
    if (status == HST_OK && fflush(stdout) != 0) {
        status = hst_fail_system(&err, CLI_STANDARD_OUTPUT, "cannot be written");
    }
    if (status != HST_OK && err.message[0] && !has_enough(&err)) { /* else it is said already */
        cli_log_error(cli_exit_code(status), err.message);
    }
    return cli_exit_code(status);
}
