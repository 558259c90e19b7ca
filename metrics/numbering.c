#include "numbering_internal.h"

#include <stdlib.h>
#include <string.h>

struct hst_numbering {
    unsigned dictionary;
    size_t n;
    char (*codes)[HST_CODE_BYTES]; /* [n], codes[0] = "", then sorted */
    size_t n_segments;
    uint32_t **of_segment; /* [n_segments][dictionary number] */
};

static hst_status no_memory(hst_error *err)
{
    return hst_fail(err, HST_ERR_MEMORY, "no memory for the codes of all files");
}

static int compare_codes(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* All codes after mergers, sorted, each once. */
static hst_status list_codes(hst_numbering *numbering, const hst_mergers *mergers,
                             const hst_segment *const *segments, hst_error *err)
{
    unsigned dictionary = numbering->dictionary;
    size_t n = 1, n_all = 1;

    for (size_t s = 0; s < numbering->n_segments; s++) {
        n_all += hst_segment_n_codes(segments[s], dictionary);
    }
    numbering->codes = calloc(n_all, sizeof *numbering->codes);
    if (!numbering->codes) {
        return no_memory(err);
    }
    for (size_t s = 0; s < numbering->n_segments; s++) {
        for (size_t i = 1; i < hst_segment_n_codes(segments[s], dictionary); i++) {
            const char *code =
                hst_mergers_code(mergers, hst_segment_code(segments[s], dictionary, i));

            memcpy(numbering->codes[n++], code, strlen(code) + 1);
        }
    }
    qsort(numbering->codes, n, sizeof *numbering->codes, compare_codes); /* "" stays first */
    numbering->n = 1;
    for (size_t i = 1; i < n; i++) {
        if (strcmp(numbering->codes[i], numbering->codes[numbering->n - 1]) != 0) {
            memmove(numbering->codes[numbering->n++], numbering->codes[i], HST_CODE_BYTES);
        }
    }
    return HST_OK;
}

static hst_status number_segment(const hst_numbering *numbering, const hst_mergers *mergers,
                                 const hst_segment *segment, uint32_t **out, hst_error *err)
{
    size_t n = hst_segment_n_codes(segment, numbering->dictionary);
    uint32_t *numbers = calloc(n + 1, sizeof *numbers);

    *out = numbers;
    if (!numbers) {
        return no_memory(err);
    }
    for (size_t i = 1; i < n; i++) {
        const char *code =
            hst_mergers_code(mergers, hst_segment_code(segment, numbering->dictionary, i));
        const void *found =
            bsearch(code, numbering->codes, numbering->n, sizeof *numbering->codes, compare_codes);

        numbers[i] = (uint32_t)(((const char *)found - numbering->codes[0]) / HST_CODE_BYTES);
    }
    return HST_OK;
}

hst_status hst_numbering_create(hst_numbering **out, unsigned dictionary,
                                const hst_mergers *mergers, const hst_segment *const *segments,
                                size_t n_segments, hst_error *err)
{
    hst_numbering *numbering = NULL;
    hst_status status = HST_OK;

    *out = NULL;
    numbering = calloc(1, sizeof *numbering);
    if (!numbering) {
        return no_memory(err);
    }
    numbering->dictionary = dictionary;
    numbering->n_segments = n_segments;
    numbering->of_segment = calloc(n_segments + 1, sizeof(uint32_t *));
    if (!numbering->of_segment) {
        status = no_memory(err);
        goto done;
    }
    status = list_codes(numbering, mergers, segments, err);
    for (size_t s = 0; s < n_segments && !status; s++) {
        status = number_segment(numbering, mergers, segments[s], &numbering->of_segment[s], err);
    }
    if (status) {
        goto done;
    }
    *out = numbering;
    numbering = NULL; /* now the caller's */

done:
    hst_numbering_free(numbering);
    return status;
}

void hst_numbering_free(hst_numbering *numbering)
{
    if (!numbering) {
        return;
    }
    for (size_t s = 0; numbering->of_segment && s < numbering->n_segments; s++) {
        free(numbering->of_segment[s]);
    }
    free(numbering->of_segment);
    free(numbering->codes);
    free(numbering);
}

const uint32_t *hst_numbering_of(const hst_numbering *numbering, size_t segment)
{
    return numbering->of_segment[segment];
}

const char *hst_numbering_code(const hst_numbering *numbering, uint32_t number)
{
    return numbering->codes[number];
}

size_t hst_numbering_n(const hst_numbering *numbering)
{
    return numbering->n;
}
