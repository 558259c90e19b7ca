#include "ingest/share_internal.h"

#include <stdlib.h>
#include <string.h>

#include "ingest/store_internal.h"

/** How a member stands to an input. */
enum { SEES_NOT, SEES, HAS_READ };

/** What a member tells of an input that it has read. */
typedef struct news {
    uint64_t input;
    uint8_t digest[16], layout_key[16];
    uint8_t was_known, was_remade;
} news;

size_t *hst_inputs_by_size(const hst_inputs *inputs)
{
    size_t *order = calloc(inputs->n + 1, sizeof *order);

    for (size_t i = 0; order && i < inputs->n; i++) {
        size_t at = i;

        while (at > 0 && inputs->items[order[at - 1]].bytes < inputs->items[i].bytes) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = i;
    }
    return order;
}

static unsigned char standing(const hst_input *input, hst_store *store)
{
    uint8_t digest[16];

    if (!input->layout) {
        return SEES_NOT;
    }
    return hst_store_known(store, input->path, input->member, digest) &&
                   hst_store_has_file(store, digest, input->layout_key)
               ? HAS_READ
               : SEES;
}

static size_t choose_reader(const hst_team_parts *standings, size_t input, const uint64_t *loads)
{
    size_t best = SIZE_MAX;

    for (size_t m = 0; m < standings->n; m++) {
        unsigned char s = standings->items[m].bytes[input];

        if (s == HAS_READ) {
            return m;
        }
        if (s == SEES && (best == SIZE_MAX || loads[m] < loads[best])) {
            best = m;
        }
    }
    return best;
}

hst_status hst_inputs_assign(size_t **readers, const hst_inputs *inputs, hst_store *store,
                             hst_team *team, hst_error *err)
{
    hst_status status = HST_OK;
    unsigned char *own = calloc(inputs->n + 1, 1);
    size_t *order = hst_inputs_by_size(inputs), *of = calloc(inputs->n + 1, sizeof *of);
    uint64_t *loads = calloc(hst_team_size(team), sizeof *loads);
    hst_team_parts standings = {0};

    *readers = NULL;
    if (!own || !order || !of || !loads) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for %zu inputs", inputs->n);
        goto done;
    }
    for (size_t i = 0; team && i < inputs->n; i++) {
        own[i] = standing(&inputs->items[i], store);
    }
    if (team) {
        status = hst_team_gather(&standings, team, "standings", own, inputs->n, err);
    }
    for (size_t m = 0; m < standings.n && status == HST_OK; m++) {
        if (standings.items[m].n != inputs->n) {
            status = hst_fail(err, HST_ERR_SYSTEM, "the processes of this run see other inputs");
        }
    }
    for (size_t k = 0; team && k < inputs->n && status == HST_OK; k++) {
        size_t i = order[k], m = choose_reader(&standings, i, loads);

        if (m == SIZE_MAX) {
            status = hst_fail_changed(err, inputs->items[i].path);
            break;
        }
        of[i] = m;
        loads[m] += standings.items[m].bytes[i] == SEES ? inputs->items[i].bytes : 0;
    }
    if (status == HST_OK) {
        *readers = of;
        of = NULL; /* now the caller's */
    }

done:
    hst_team_parts_clear(&standings);
    free(loads);
    free(of);
    free(order);
    free(own);
    return status;
}

/* Takes up what one member tells. */
static hst_status take_news(hst_inputs *inputs, const size_t *readers, size_t member,
                            const unsigned char *bytes, size_t n, hst_error *err)
{
    for (size_t at = 0; at < n; at += sizeof(news)) {
        hst_input *input = NULL;
        news item;

        if (n - at < sizeof item) {
            return hst_fail(err, HST_ERR_SYSTEM, "a message of another process was cut short");
        }
        memcpy(&item, bytes + at, sizeof item);
        if (item.input >= inputs->n || readers[item.input] != member) {
            return hst_fail(err, HST_ERR_SYSTEM, "the processes of this run see other inputs");
        }
        input = &inputs->items[item.input];
        memcpy(input->digest, item.digest, sizeof input->digest);
        memcpy(input->layout_key, item.layout_key, sizeof input->layout_key);
        input->was_known = item.was_known != 0;
        input->was_remade = item.was_remade != 0;
    }
    return HST_OK;
}

static hst_status tell_news(hst_inputs *inputs, const size_t *readers, hst_team *team,
                            hst_error *err)
{
    news *own = calloc(inputs->n + 1, sizeof *own);
    size_t n = 0;
    hst_team_parts parts = {0};
    hst_status status = HST_OK;

    if (!own) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu inputs", inputs->n);
    }
    for (size_t i = 0; i < inputs->n; i++) {
        if (readers[i] == hst_team_number(team)) {
            const hst_input *input = &inputs->items[i];
            news *item = &own[n++];

            *item =
                (news){.input = i, .was_known = input->was_known, .was_remade = input->was_remade};
            memcpy(item->digest, input->digest, sizeof item->digest);
            memcpy(item->layout_key, input->layout_key, sizeof item->layout_key);
        }
    }
    status = hst_team_gather(&parts, team, "inputs read", own, n * sizeof *own, err);
    for (size_t m = 0; m < parts.n && status == HST_OK; m++) {
        status = take_news(inputs, readers, m, parts.items[m].bytes, parts.items[m].n, err);
    }
    hst_team_parts_clear(&parts);
    free(own);
    return status;
}

static hst_status exchange(const hst_inputs *inputs, const size_t *readers, hst_store *store,
                           hst_team *team, hst_error *err)
{
    hst_segment_id *ids = calloc(inputs->n + 1, sizeof *ids);
    hst_status status = HST_OK;

    if (!ids) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu segments", inputs->n);
    }
    for (size_t i = 0; i < inputs->n; i++) {
        memcpy(ids[i].digest, inputs->items[i].digest, sizeof ids[i].digest);
        memcpy(ids[i].layout_key, inputs->items[i].layout_key, sizeof ids[i].layout_key);
    }
    status = hst_store_exchange_slices(store, team, ids, readers, inputs->n, err);
    free(ids);
    return status;
}

hst_status hst_inputs_share(hst_inputs *inputs, const size_t *readers, hst_store *store,
                            hst_team *team, hst_error *err)
{
    hst_status status = HST_OK;

    if (!team) {
        return HST_OK;
    }
    status = tell_news(inputs, readers, team, err);
    if (status == HST_OK && hst_store_is_apart(store)) {
        return exchange(inputs, readers, store, team, err);
    }
    return status == HST_OK && hst_team_leads(team) ? hst_store_take_over(store, err) : status;
}
