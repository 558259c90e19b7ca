/* Stores apart: of each segment, the partitions of a member travel to its host as a file that is a
 * segment too, the other partitions of which are empty. So whoever reads segments reads slices. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hestia/ingest.h"
#include "ingest/store_internal.h"

#define PART "slice.part"

/** The slices that go one way between two members, in the order of the segments: of each its size,
 * 8 bytes, then the file. */
typedef struct traffic {
    hst_store *store;
    const hst_segment_id *ids;
    const bool *wanted; /**< [n] */
    size_t n, at;       /**< the slice at hand, or the next one */
    size_t member, n_members;
    /* of the slice at hand */
    hst_segment_writer *writer; /**< of a sender */
    int file;                   /**< -1: none */
    uint64_t size, done;
} traffic;

static hst_status fail_on_slice(const traffic *t, const char *what, hst_error *err)
{
    char name[HST_SEGMENT_NAME_BYTES];

    hst_segment_name(name, t->ids[t->at].digest, t->ids[t->at].layout_key);
    return hst_fail_errno(err, what, t->store->path, name);
}

/* ---- sending ---- */

/* Makes the next slice that is wanted, if there is one. */
static hst_status make_slice(traffic *t, hst_error *err)
{
    const hst_segment_id *id = NULL;
    hst_segment *segment = NULL;
    hst_status status = HST_OK;

    while (t->at < t->n && !t->wanted[t->at]) {
        t->at++;
    }
    if (t->at == t->n) {
        return HST_OK;
    }
    id = &t->ids[t->at];
    status = hst_interrupt_check(err);
    if (status == HST_OK) {
        status = hst_segment_open(&segment, t->store, id->digest, id->layout_key, err);
    }
    if (status == HST_OK) {
        status = hst_segment_writer_create(&t->writer, t->store, 0, err);
    }
    if (status == HST_OK) {
        status = hst_segment_writer_slice(t->writer, segment, t->member, t->n_members, &t->file,
                                          &t->size, err);
    }
    t->done = 0;
    hst_segment_close(segment);
    return status;
}

static hst_status give(void *context, void *bytes, size_t capacity, size_t *n, hst_error *err)
{
    traffic *t = context;
    hst_status status = HST_OK;

    if (!t->writer) {
        status = make_slice(t, err);
        if (status != HST_OK || t->at == t->n) {
            return status;
        }
        memcpy(bytes, &t->size, sizeof t->size);
        *n = sizeof t->size;
        return HST_OK;
    }
    *n = t->size - t->done < capacity ? (size_t)(t->size - t->done) : capacity;
    if (!hst_read_all(t->file, bytes, *n, t->done)) {
        return fail_on_slice(t, "cannot read the slice of", err);
    }
    t->done += *n;
    if (t->done == t->size) {
        hst_segment_writer_free(t->writer);
        t->writer = NULL;
        t->at++;
    }
    return HST_OK;
}

/* ---- taking ---- */

static hst_status begin_slice(traffic *t, const void *bytes, size_t n, hst_error *err)
{
    while (t->at < t->n && !t->wanted[t->at]) {
        t->at++;
    }
    if (t->at == t->n || n != sizeof t->size) {
        return hst_fail(err, HST_ERR_SYSTEM, "another process sent a slice that was not asked for");
    }
    memcpy(&t->size, bytes, sizeof t->size);
    t->done = 0;
    t->file = openat(t->store->slices, PART, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                     t->store->file_mode);
    if (t->file < 0 || fchmod(t->file, t->store->file_mode) != 0) {
        return fail_on_slice(t, "cannot make a slice of", err);
    }
    return HST_OK;
}

/* Puts it in place and looks whether it is what was asked for. */
static hst_status end_slice(traffic *t, hst_error *err)
{
    const hst_segment_id *id = &t->ids[t->at];
    char name[HST_SEGMENT_NAME_BYTES];
    hst_segment *segment = NULL;
    hst_status status = HST_OK;
    int synced = fsync(t->file), closed = close(t->file);

    t->file = -1;
    hst_segment_name(name, id->digest, id->layout_key);
    if (synced != 0 || closed != 0 ||
        renameat(t->store->slices, PART, t->store->slices, name) != 0) {
        return fail_on_slice(t, "cannot put in place the slice of", err);
    }
    status = hst_segment_open(&segment, t->store, id->digest, id->layout_key, err);
    hst_segment_close(segment);
    t->at++;
    return status;
}

static hst_status take(void *context, const void *bytes, size_t n, hst_error *err)
{
    traffic *t = context;

    if (t->file < 0) {
        return begin_slice(t, bytes, n, err);
    }
    if (n > t->size - t->done || !hst_write_all(t->file, bytes, n, t->done)) {
        return fail_on_slice(t, "cannot write the slice of", err);
    }
    t->done += n;
    return t->done == t->size ? end_slice(t, err) : HST_OK;
}

static void clear_traffic(traffic *t)
{
    if (t->writer) {
        hst_segment_writer_free(t->writer);
    } else if (t->file >= 0) {
        close(t->file);
        unlinkat(t->store->slices, PART, 0);
    }
}

/* ---- who lacks what ---- */

/* [member][n]: which segments each member can read its partitions of. */
static hst_status gather_had(bool *had, const hst_store *store, hst_team *team,
                             const hst_segment_id *ids, size_t n, hst_error *err)
{
    bool *own = calloc(n + 1, sizeof *own);
    hst_team_parts parts;
    hst_status status = HST_OK;

    if (!own) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu segments", n);
    }
    for (size_t i = 0; i < n; i++) {
        own[i] = hst_store_has(store, ids[i].digest, ids[i].layout_key);
    }
    status = hst_team_gather(&parts, team, "slices", own, n * sizeof *own, err);
    for (size_t m = 0; status == HST_OK && m < parts.n; m++) {
        for (size_t i = 0; i < n && i < parts.items[m].n; i++) {
            had[m * n + i] = parts.items[m].bytes[i] != 0;
        }
    }
    if (status == HST_OK) {
        hst_team_parts_clear(&parts);
    }
    free(own);
    return status;
}

/* What goes from one member to another. */
static void choose(bool *wanted, const bool *had, const size_t *holder, size_t n, size_t from,
                   size_t to)
{
    for (size_t i = 0; i < n; i++) {
        wanted[i] = holder[i] == from && !had[to * n + i];
    }
}

/* Rows of a segment that this member counts, and that its input has. */
static hst_status count_rows(uint64_t *own, uint64_t *all, const hst_store *store,
                             const hst_team *team, const hst_segment_id *id, hst_error *err)
{
    hst_segment *segment = NULL;
    hst_status status = hst_segment_open(&segment, store, id->digest, id->layout_key, err);

    if (status != HST_OK) {
        return status;
    }
    *all = hst_segment_get_info(segment)->rows_used;
    for (size_t p = hst_team_number(team); p < store->n_partitions; p += hst_team_size(team)) {
        *own += hst_segment_partition_episodes(segment, p);
    }
    hst_segment_close(segment);
    return HST_OK;
}

/* Every row is in the partitions of one member: a slice of others would lose it, and nobody would
 * see that. */
static hst_status check_rows(const hst_store *store, hst_team *team, const hst_segment_id *ids,
                             size_t n, hst_error *err)
{
    uint64_t *own = calloc(2 * n + 1, sizeof *own), *all = own ? own + n : NULL;
    hst_team_parts parts = {0};
    hst_status status = HST_OK;

    if (!own) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu segments", n);
    }
    for (size_t i = 0; i < n && status == HST_OK; i++) {
        status = count_rows(&own[i], &all[i], store, team, &ids[i], err);
    }
    status = hst_team_agree(team, "rows counted", status, err);
    if (status == HST_OK) {
        status = hst_team_gather(&parts, team, "rows of slices", own, n * sizeof *own, err);
    }
    for (size_t i = 0; i < n && status == HST_OK; i++) {
        uint64_t sum = 0;

        for (size_t m = 0; m < parts.n; m++) {
            uint64_t rows = 0;

            memcpy(&rows, parts.items[m].bytes + i * sizeof rows,
                   parts.items[m].n == n * sizeof rows ? sizeof rows : 0);
            sum += rows;
        }
        if (sum != all[i]) {
            char name[HST_SEGMENT_NAME_BYTES];

            hst_segment_name(name, ids[i].digest, ids[i].layout_key);
            status = hst_fail(err, HST_ERR_SYSTEM,
                              "%s: the slices of %s hold %" PRIu64 " of its %" PRIu64
                              " rows; `hestia store purge --unused %s` on each host has them sent "
                              "again",
                              store->path, name, sum, all[i], store->path);
        }
    }
    hst_team_parts_clear(&parts);
    free(own);
    return status;
}

hst_status hst_store_exchange_slices(hst_store *store, hst_team *team, const hst_segment_id *ids,
                                     const size_t *holder, size_t n, hst_error *err)
{
    const size_t size = hst_team_size(team), me = hst_team_number(team);
    bool *had = calloc(size * n + 1, sizeof *had), *sent = calloc(n + 1, sizeof *sent),
         *taken = calloc(n + 1, sizeof *taken);
    hst_status status = HST_OK;

    if (!had || !sent || !taken) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for %zu segments", n);
        goto done;
    }
    status = hst_store_use_slices(store, team, err);
    if (status == HST_OK) {
        status = gather_had(had, store, team, ids, n, err);
    }
    for (size_t k = 1; k < size && status == HST_OK; k++) {
        const size_t to = (me + k) % size, from = (me + size - k) % size;
        traffic out = {.store = store, .ids = ids, .wanted = sent, .n = n, .file = -1},
                in = {.store = store, .ids = ids, .wanted = taken, .n = n, .file = -1};

        out.member = to;
        out.n_members = size;
        choose(sent, had, holder, n, me, to);
        choose(taken, had, holder, n, from, me);
        status = hst_team_swap(team, to, &(hst_team_stream){.context = &out, .give = give}, from,
                               &(hst_team_stream){.context = &in, .take = take}, err);
        clear_traffic(&out);
        clear_traffic(&in);
        status = hst_team_agree(team, "slices sent", status, err);
    }
    if (status == HST_OK) {
        status = check_rows(store, team, ids, n, err);
    }

done:
    free(taken);
    free(sent);
    free(had);
    return status;
}
