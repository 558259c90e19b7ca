/* What the commands share: the common options, the way messages are shown, and the entry point of
 * each. */
#ifndef HESTIA_CLI_H
#define HESTIA_CLI_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "hestia/status.h"

/** The options that every command takes. */
typedef struct cli_options {
    int n_threads;     /**< all cores when not given */
    size_t memory;     /**< bytes, default 1 GiB */
    const char *store; /**< NULL: the study's */
    const char *out;   /**< NULL: the study's */
    bool quiet, verbose, no_progress;
} cli_options;

/** Argp child that reads the common options into a cli_options given as its input; for `.children`
 * of a command's argp. */
extern const struct argp cli_common_argp;

/** Fills in the defaults. */
void cli_options_init(cli_options *options);

/**
 * Parses a command's arguments. `--help` prints and exits 0, a wrong option prints what argp says
 * of it and exits 2.
 *
 * @param command  the name shown in help: "hestia stats"
 */
HST_MUST_CHECK hst_status cli_parse(const struct argp *argp, const char *command, int argc,
                                    char **argv, void *input, hst_error *err);

/** What messages call it. */
#define CLI_STANDARD_OUTPUT "standard output"

/** Exit code of the program for a status (0, 1, 2, 3, 4, 130). */
int cli_exit_code(hst_status status);

/* ---- the log (cli/log.c): one line at a time on stderr, as text or as JSON ---- */

enum {
    CLI_LOG_BYTES = 4096, /**< longest text of a line */
    CLI_STAMP_BYTES = 32
};

/** One line of a JSON log. The names of events are fixed (docs/operations.md, section Log). */
typedef struct cli_log_line {
    const char *level, *event;
    const char *stage; /**< "" outside any */
    double seconds;
    const char *text;
    int exit_code; /**< 0: not said */
} cli_log_line;

/** A command begins, or the run that `hestia demo` makes in the end: starts the clock. */
void cli_log_start(void);

/** Seconds of a clock that nobody sets, and of it since that start. */
double cli_log_clock(void);
double cli_log_seconds(void);

/** Form of all lines from now on; cli_common_argp calls it for `--log-format`. */
void cli_log_use_json(bool is_json);
bool cli_log_is_json(void);

/** The stage that a failure from now on is of; "" for none. */
void cli_log_set_stage(const char *stage);

/** "2026-11-21T02:00:00Z": now. */
void cli_log_stamp(char stamp[CLI_STAMP_BYTES]);

/** Writes a line of a JSON log, whatever bytes its text has. */
void cli_log_json(const cli_log_line *line);

/** A line beside a command's data, as text or as event `note`; nothing with --quiet. */
void cli_log_note(const cli_options *options, const char *format, ...) HST_PRINTF(2, 3);

/** The last line of a command that failed, also with --quiet. It is one line but on a terminal,
 * where the lines of the message stay apart. */
void cli_log_error(int exit_code, const char *message);

/* ---- the terminal (cli/terminal.c): stages, warnings, progress; all on stderr ---- */

typedef struct cli_terminal cli_terminal;

/** First line of a run ("hestia 0.1.0 · study · ..."), printf-like; nothing with --quiet. */
HST_MUST_CHECK hst_status cli_terminal_create(cli_terminal **out, const cli_options *options,
                                              hst_error *err);
void cli_terminal_free(cli_terminal *terminal);
void cli_terminal_title(cli_terminal *terminal, const char *format, ...) HST_PRINTF(2, 3);

/** A stage begins: starts its clock. `name` is one of check, ingest, people, rates, impact,
 * publish. */
void cli_terminal_begin(cli_terminal *terminal, const char *name);

/** Progress inside a stage: a bar with rate and time left on a terminal, else nothing. Callable
 * from any thread. */
void cli_terminal_progress(cli_terminal *terminal, uint64_t done, uint64_t total, const char *unit);

/** The stage's one final line: "  ingest   0:11   ..." */
void cli_terminal_end(cli_terminal *terminal, const char *format, ...) HST_PRINTF(2, 3);

/** Kept and shown once, under "Look at these before you quote a number". */
void cli_terminal_warn(cli_terminal *terminal, const char *format, ...) HST_PRINTF(2, 3);

/** A segment of the store was damaged and is made anew (event `store.repair`). */
void cli_terminal_repair(cli_terminal *terminal, const char *format, ...) HST_PRINTF(2, 3);

/** Nothing had changed (event `run.unchanged`). */
void cli_terminal_unchanged(cli_terminal *terminal, const char *format, ...) HST_PRINTF(2, 3);

/** A plain line below the stages. */
void cli_terminal_line(cli_terminal *terminal, const char *format, ...) HST_PRINTF(2, 3);

/** Shows the warnings kept. */
void cli_terminal_show_warnings(cli_terminal *terminal);

/** "done in 0:24 · peak 412 MiB" */
void cli_terminal_finish(cli_terminal *terminal);

/* ---- what was built (cli/version.c) ---- */

extern const char cli_version[];       /**< as in 0.1.0 */
extern const char cli_commit[];        /**< of the source; `+changes`: with changes; `unknown` */
extern const char cli_build_options[]; /**< type of build, compiler, sanitizers, what inflates */

/* ---- the commands: argv[0] is the command's name ---- */

hst_status cli_run(int argc, char **argv, hst_error *err);     /* cli/run.c; also `ingest` */
hst_status cli_check(int argc, char **argv, hst_error *err);   /* cli/check.c */
hst_status cli_new(int argc, char **argv, hst_error *err);     /* cli/new.c */
hst_status cli_compare(int argc, char **argv, hst_error *err); /* cli/compare.c */
hst_status cli_demo(int argc, char **argv, hst_error *err);    /* cli/demo.c */
hst_status cli_explain(int argc, char **argv, hst_error *err); /* cli/explain.c */
hst_status cli_export(int argc, char **argv, hst_error *err);  /* cli/export.c */
hst_status cli_power(int argc, char **argv, hst_error *err);   /* cli/power.c */
hst_status cli_stats(int argc, char **argv, hst_error *err);   /* cli/stats.c */
hst_status cli_store(int argc, char **argv, hst_error *err);   /* cli/store_command.c */
hst_status cli_synth(int argc, char **argv, hst_error *err);   /* cli/synth.c */

/** Runs a study from its file to its results; what `hestia run` and `hestia demo` call (cli/run.c).
 */
HST_MUST_CHECK hst_status cli_run_study(const char *study_path, const cli_options *options,
                                        hst_error *err);

#endif
