#include "cli/run_store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hestia/memory_stream.h"

hst_status cli_run_store_look(cli_run_store *s, hst_inputs *inputs, const hst_study *study,
                              hst_ledger *ledger, hst_error *err)
{
    hst_status status = HST_OK;

    if (s->team) {
        return HST_OK;
    }
    status = hst_store_open(&s->store, s->path, false, HST_STORE_READ, err);
    if (status == HST_ERR_LOCKED) {
        return status;
    }
    if (status != HST_OK) { /* absent, or a fault that opening it for writing tells of */
        return HST_OK;
    }
    status = hst_ingest_find(&s->is_complete, inputs, study, s->store, ledger, err);
    if (!s->is_complete) {
        hst_store_close(s->store);
        s->store = NULL;
    }
    return status;
}

/** Opens the store as its writer. A reader of a group's store is told who that is (by the library)
 * and what he is asked for. */
static hst_status open_to_write(cli_run_store *s, bool create, const char *command,
                                const char *argument, const char *why, hst_error *err)
{
    hst_status status = s->team ? hst_store_open_together(&s->store, s->path, s->team, err)
                                : hst_store_open(&s->store, s->path, create, HST_STORE_WRITE, err);

    if (status == HST_ERR_SYSTEM && access(s->path, R_OK | X_OK) == 0 &&
        access(s->path, W_OK) != 0 && errno == EACCES) {
        size_t used = strlen(err->message);

        snprintf(err->message + used, sizeof err->message - used, ": ask for `hestia %s %s`, %s",
                 command, argument, why);
    }
    return status;
}

/** Goes on as a reader. The writer's lock is held until the reader's is, so that nobody removes the
 * store in between. */
static hst_status go_on_reading(cli_run_store *s, hst_error *err)
{
    hst_store *reader = NULL;
    hst_status status = hst_store_read_together(&reader, s->store, s->team, err);

    if (status == HST_OK) {
        hst_store_close(s->store);
        s->store = reader;
    }
    return status;
}

hst_status cli_run_store_ingest(cli_run_store *s, hst_inputs *inputs, const hst_study *study,
                                const hst_ingest_options *options, hst_ledger *ledger,
                                hst_error *err)
{
    hst_status status =
        open_to_write(s, true, "ingest", study->path, "which takes in what is new", err);

    if (status == HST_OK) {
        s->has_lost_catalogue = hst_store_has_lost_catalogue(s->store);
        status = hst_ingest(inputs, study, s->store, options, ledger, err);
    }
    if (status == HST_OK) {
        status = go_on_reading(s, err);
    }
    return status;
}

hst_status cli_run_store_open_segments(cli_run_store *s, const hst_inputs *inputs, hst_error *err)
{
    hst_status status = HST_OK;

    s->segments = calloc(inputs->n + 1, sizeof *s->segments);
    if (!s->segments) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu segments", inputs->n);
    }
    for (size_t i = 0; status == HST_OK && i < inputs->n; i++) {
        const hst_input *input = &inputs->items[i];

        if (!input->superseded) {
            status = hst_segment_open(&s->segments[s->n_segments], s->store, input->digest,
                                      input->layout_key, err);
            s->n_segments += status == HST_OK;
        }
    }
    return status;
}

/** Adds the name of a file whose segment was removed, with its NUL. */
static void note_removed(void *names, const char *file)
{
    fwrite(file, 1, strlen(file) + 1, names);
}

static void say_removed(const cli_run_store *s, cli_terminal *terminal, size_t member,
                        const char *names, size_t n)
{
    char who[192] = "";

    if (s->team) {
        snprintf(who, sizeof who, " (process %zu of %zu, on %s)", member + 1,
                 hst_team_size(s->team), hst_team_host(s->team, member));
    }
    for (size_t at = 0; at < n; at += strlen(names + at) + 1) {
        cli_terminal_repair(terminal, "%s: its segment of the store is damaged, and is made anew%s",
                            names + at, who);
    }
}

/** Removes what is damaged of the store, or of this host's. */
static hst_status remove_damaged(cli_run_store *s, const hst_inputs *inputs, FILE *names,
                                 hst_error *err)
{
    hst_status status =
        open_to_write(s, false, "store verify --repair", s->path, "as a segment is damaged", err);

    if (status == HST_OK && hst_store_is_apart(s->store)) {
        status = hst_store_use_slices(s->store, s->team, err);
    }
    if (status == HST_OK && (hst_team_leads(s->team) || hst_store_is_apart(s->store))) {
        status = hst_ingest_remove_damaged(inputs, s->store, note_removed, names, err);
    }
    return status;
}

hst_status cli_run_store_repair(cli_run_store *s, const hst_inputs *inputs, cli_terminal *terminal,
                                hst_error *err)
{
    char *names = NULL;
    size_t n = 0;
    FILE *stream = hst_memory_stream(&names, &n);
    hst_team_parts parts = {0};
    hst_status status = HST_OK;

    cli_run_store_close(s);
    status = stream ? remove_damaged(s, inputs, stream, err)
                    : hst_fail(err, HST_ERR_MEMORY, "no memory for the names of files");
    cli_run_store_close(s);
    if (stream && fclose(stream) != 0 && status == HST_OK) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for the names of files");
    }
    status = hst_team_agree(s->team, "repair", status, err);
    if (status == HST_OK) {
        status = hst_team_gather(&parts, s->team, "repaired", names, n, err);
    }
    for (size_t i = 0; i < parts.n; i++) {
        say_removed(s, terminal, i, (const char *)parts.items[i].bytes, parts.items[i].n);
    }
    hst_team_parts_clear(&parts);
    free(names);
    return status;
}

void cli_run_store_close(cli_run_store *s)
{
    for (size_t i = 0; i < s->n_segments; i++) {
        hst_segment_close(s->segments[i]);
    }
    free(s->segments);
    hst_store_close(s->store);
    *s = (cli_run_store){.path = s->path, .team = s->team};
}
