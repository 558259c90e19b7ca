/* Cuts of a data year are cumulative, so a newer one that holds fewer rows has lost some. A year is
 * what PARTYEAR says (YYYYnn, nn the cut); files without it, or with several years, are not looked
 * at, nor are years whose files the study's patterns no longer ask for. */
#include "cli/row_drop.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "hestia/published.h"

/* Rows of one data year and cut, over the files that hold it. */
typedef struct cut {
    hst_dataset dataset;
    uint32_t partyear;
    uint64_t rows;
    char file[256]; /* the last of them */
} cut;

typedef struct cuts {
    size_t n, capacity;
    cut *items;
} cuts;

static hst_status add_cut(cuts *list, const hst_segment_info *info, hst_error *err)
{
    cut *item = NULL;

    if (info->partyear_min == 0 || info->partyear_min != info->partyear_max) {
        return HST_OK;
    }
    for (size_t i = 0; i < list->n && !item; i++) {
        if (list->items[i].dataset == info->dataset &&
            list->items[i].partyear == info->partyear_min) {
            item = &list->items[i];
        }
    }
    if (!item && list->n == list->capacity) {
        size_t capacity = 2 * list->capacity + 16;
        cut *items = realloc(list->items, capacity * sizeof *items);

        if (!items) {
            return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu cuts", capacity);
        }
        list->items = items;
        list->capacity = capacity;
    }
    if (!item) {
        item = &list->items[list->n++];
        *item = (cut){.dataset = info->dataset, .partyear = info->partyear_min};
    }
    item->rows += info->rows_used;
    memcpy(item->file, info->file, sizeof item->file);
    return HST_OK;
}

static hst_status add_segment(cuts *list, const hst_store *store, const uint8_t digest[16],
                              const uint8_t layout_key[16], hst_error *err)
{
    hst_segment *segment = NULL;
    hst_status status = hst_segment_open(&segment, store, digest, layout_key, err);

    if (status == HST_OK) {
        status = add_cut(list, hst_segment_get_info(segment), err);
    }
    hst_segment_close(segment);
    return status;
}

/* What the latest run was counted from. Segments that were removed since then, or are of another
 * store, say nothing. */
static hst_status add_published(cuts *list, const hst_store *store, const char *directory,
                                hst_error *err)
{
    hst_published_input *inputs = NULL;
    size_t n = 0;
    hst_status status = HST_OK;

    if (hst_published_inputs(&inputs, &n, directory, NULL) != HST_OK) {
        return HST_OK; /* no run yet, or not one of ours: nothing to compare with */
    }
    for (size_t i = 0; i < n && status == HST_OK; i++) {
        if (hst_store_has(store, inputs[i].digest, inputs[i].layout_key)) {
            status = add_segment(list, store, inputs[i].digest, inputs[i].layout_key, err);
        }
    }
    free(inputs);
    return status;
}

/* The newest cut of a year that is not newer than another. */
static const cut *find_before(const cuts *before, const cut *now)
{
    const cut *found = NULL;

    for (size_t i = 0; i < before->n; i++) {
        const cut *item = &before->items[i];

        if (item->dataset == now->dataset && item->partyear / 100 == now->partyear / 100 &&
            item->partyear <= now->partyear && (!found || item->partyear > found->partyear)) {
            found = item;
        }
    }
    return found;
}

static hst_status compare(const hst_study *study, const cuts *now, const cuts *before,
                          hst_error *err)
{
    double kept = 1 - study->quality.max_row_drop;

    for (size_t i = 0; i < now->n; i++) {
        const cut *newer = &now->items[i], *older = find_before(before, newer);

        if (older && (double)newer->rows < kept * (double)older->rows) {
            return hst_fail(
                err, HST_ERR_INPUT,
                "%s: cut %u of %s has %llu rows, cut %u (%s) had %llu: %.1f %% fewer, more than "
                "quality.max_row_drop (%g); have the file delivered again, or raise the threshold "
                "knowingly",
                newer->file, newer->partyear, hst_dataset_name(newer->dataset),
                (unsigned long long)newer->rows, older->partyear, older->file,
                (unsigned long long)older->rows,
                100 * (1 - (double)newer->rows / (double)older->rows), study->quality.max_row_drop);
        }
    }
    return HST_OK;
}

/* True when a pattern of the study would find the file if it were there. */
static bool is_asked_for(const hst_study *study, const cut *gone)
{
    char name[sizeof gone->file];

    memcpy(name, gone->file, sizeof name);
    name[strcspn(name, ":")] = '\0'; /* a member's container */
    for (size_t i = 0; i < study->n_extracts; i++) {
        const hst_study_extract *extract = &study->extracts[i];

        for (size_t k = 0; extract->dataset == gone->dataset && k < extract->files.n; k++) {
            const char *slash = strrchr(extract->files.items[k], '/');

            if (fnmatch(slash ? slash + 1 : extract->files.items[k], name, 0) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* A year that was published and of which no file is left has lost all of its rows. */
static hst_status refuse_gone(const hst_study *study, const cuts *now, const cuts *published,
                              hst_error *err)
{
    for (size_t i = 0; study->quality.max_row_drop < 1 && i < published->n; i++) {
        const cut *gone = &published->items[i];
        bool is_there = false;

        for (size_t k = 0; k < now->n && !is_there; k++) {
            is_there = now->items[k].dataset == gone->dataset &&
                       now->items[k].partyear / 100 == gone->partyear / 100;
        }
        if (!is_there && is_asked_for(study, gone)) {
            return hst_fail(err, HST_ERR_INPUT,
                            "%s: the latest run counted %llu rows of it, and now no file of its "
                            "data year (%u of %s) is there; put it back, or to count without it, "
                            "raise quality.max_row_drop to 1 for one run",
                            gone->file, (unsigned long long)gone->rows, gone->partyear / 100,
                            hst_dataset_name(gone->dataset));
        }
    }
    return HST_OK;
}

hst_status cli_check_row_drop(const hst_study *study, const hst_inputs *inputs,
                              const hst_store *store, const char *directory, hst_error *err)
{
    cuts now = {0}, older = {0}, published = {0};
    hst_status status = HST_OK;

    for (size_t i = 0; i < inputs->n && status == HST_OK; i++) {
        const hst_input *input = &inputs->items[i];

        status = add_segment(input->superseded ? &older : &now, store, input->digest,
                             input->layout_key, err);
    }
    if (status == HST_OK) {
        status = add_published(&published, store, directory, err);
    }
    if (status == HST_OK) {
        status = compare(study, &now, &older, err);
    }
    if (status == HST_OK) {
        status = compare(study, &now, &published, err);
    }
    if (status == HST_OK) {
        status = refuse_gone(study, &now, &published, err);
    }
    free(now.items);
    free(older.items);
    free(published.items);
    return status;
}
