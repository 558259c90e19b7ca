/* What members give each other in one step: all to all, or the leader to the others. */
#include "hestia/team.h"

#include <stdlib.h>
#include <string.h>

/* All parts one after another, each with its size in front. */
typedef struct gathering {
    hst_team_parts *parts;
    size_t size;
    char *bytes;
    size_t n;
    const void *own;
    size_t n_own;
} gathering;

static hst_status append_part(gathering *g, const void *bytes, size_t n, hst_error *err)
{
    const uint64_t size = n;
    char *grown = realloc(g->bytes, g->n + sizeof size + n);

    if (!grown) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for what the processes of this run say");
    }
    g->bytes = grown;
    memcpy(g->bytes + g->n, &size, sizeof size);
    if (n > 0) {
        memcpy(g->bytes + g->n + sizeof size, bytes, n);
    }
    g->n += sizeof size + n;
    return HST_OK;
}

static hst_status split_parts(gathering *g, hst_error *err)
{
    size_t at = 0;

    g->parts->items = calloc(g->size, sizeof *g->parts->items);
    g->parts->memory = g->bytes;
    g->bytes = NULL;
    if (!g->parts->items) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for what the processes of this run say");
    }
    for (; g->parts->n < g->size; g->parts->n++) {
        uint64_t size = 0;

        if (g->n - at < sizeof size) {
            return hst_fail(err, HST_ERR_SYSTEM, "a message of another process was cut short");
        }
        memcpy(&size, (char *)g->parts->memory + at, sizeof size);
        at += sizeof size;
        if (g->n - at < size) {
            return hst_fail(err, HST_ERR_SYSTEM, "a message of another process was cut short");
        }
        g->parts->items[g->parts->n].bytes = (unsigned char *)g->parts->memory + at;
        g->parts->items[g->parts->n].n = size;
        at += size;
    }
    return HST_OK;
}

static hst_status take_part(void *context, size_t member, const void *bytes, size_t n,
                            hst_error *err)
{
    gathering *g = context;
    hst_status status = member == 1 ? append_part(g, g->own, g->n_own, err) : HST_OK;

    return status == HST_OK ? append_part(g, bytes, n, err) : status;
}

static hst_status give_parts(void *context, void **bytes, size_t *n, hst_error *err)
{
    gathering *g = context;

    *n = g->n;
    *bytes = malloc(g->n);
    if (!*bytes) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for what the processes of this run say");
    }
    memcpy(*bytes, g->bytes, g->n);
    return split_parts(g, err);
}

static hst_status accept_parts(void *context, const void *bytes, size_t n, hst_error *err)
{
    gathering *g = context;

    g->bytes = malloc(n + 1);
    if (!g->bytes) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for what the processes of this run say");
    }
    memcpy(g->bytes, bytes, n);
    g->n = n;
    return split_parts(g, err);
}

hst_status hst_team_gather(hst_team_parts *out, hst_team *team, const char *name, const void *bytes,
                           size_t n, hst_error *err)
{
    gathering g = {.parts = out, .size = hst_team_size(team), .own = bytes, .n_own = n};
    const hst_team_step step = {.name = name,
                                .bytes = bytes,
                                .n = n,
                                .context = &g,
                                .take = take_part,
                                .give = give_parts,
                                .accept = accept_parts};
    hst_status status = HST_OK;

    *out = (hst_team_parts){0};
    if (team) {
        status = hst_team_do(team, &step, err);
    } else {
        status = append_part(&g, bytes, n, err);
        status = status == HST_OK ? split_parts(&g, err) : status;
    }
    free(g.bytes);
    if (status != HST_OK) {
        hst_team_parts_clear(out);
    }
    return status;
}

void hst_team_parts_clear(hst_team_parts *parts)
{
    free(parts->items);
    free(parts->memory);
    *parts = (hst_team_parts){0};
}

typedef struct sharing {
    void *bytes;
    size_t n;
} sharing;

static hst_status give_copy(void *context, void **bytes, size_t *n, hst_error *err)
{
    const sharing *s = context;

    *n = s->n;
    *bytes = malloc(s->n + 1);
    if (!*bytes) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory to share %zu bytes", s->n);
    }
    memcpy(*bytes, s->bytes, s->n);
    return HST_OK;
}

static hst_status accept_copy(void *context, const void *bytes, size_t n, hst_error *err)
{
    const sharing *s = context;

    if (n != s->n) {
        return hst_fail(err, HST_ERR_SYSTEM, "a message of another process has another size");
    }
    memcpy(s->bytes, bytes, n);
    return HST_OK;
}

hst_status hst_team_share(hst_team *team, const char *name, void *bytes, size_t n, hst_error *err)
{
    sharing s = {bytes, n};
    const hst_team_step step = {
        .name = name, .context = &s, .give = give_copy, .accept = accept_copy};

    return hst_team_do(team, &step, err);
}
