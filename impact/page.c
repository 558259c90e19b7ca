/* What one case writes, and how the pages of all cases become the result. */
#include "impact/impact_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hst_impact_texts {
    size_t n, capacity;
    char **items;
    bool has_failed; /* a text found no memory */
};

static void free_texts(impact_texts *texts)
{
    for (size_t i = 0; texts && i < texts->n; i++) {
        free(texts->items[i]);
    }
    if (texts) {
        free(texts->items);
        free(texts);
    }
}

/* Room for one more item of `size` bytes; false when there is no memory. */
static bool grow(void *items, size_t n, size_t *capacity, size_t size)
{
    void *old = NULL, *grown = NULL;
    size_t wanted = *capacity > 0 ? 2 * *capacity : 8;

    if (n < *capacity) {
        return true;
    }
    memcpy(&old, items, sizeof old);
    grown = realloc(old, wanted * size);
    if (!grown) {
        return false;
    }
    memcpy(items, &grown, sizeof grown);
    *capacity = wanted;
    return true;
}

const char *impact_text(impact_page *page, const char *format, ...)
{
    impact_texts *texts = page->texts;
    char *text = NULL;
    int length = 0;
    va_list arguments;

    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    text = length >= 0 ? malloc((size_t)length + 1) : NULL;
    if (!text || !grow(&texts->items, texts->n, &texts->capacity, sizeof *texts->items)) {
        free(text);
        texts->has_failed = true;
        return "";
    }
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    texts->items[texts->n++] = text;
    return text;
}

bool impact_texts_are_whole(const impact_texts *texts)
{
    return !texts->has_failed;
}

hst_status impact_page_open(impact_page *page, hst_error *err)
{
    *page = (impact_page){.texts = calloc(1, sizeof *page->texts)};
    return page->texts ? HST_OK : hst_fail(err, HST_ERR_MEMORY, "no memory for findings");
}

hst_status impact_add_finding(impact_page *page, const hst_finding *finding, hst_error *err)
{
    if (!grow(&page->findings, page->n_findings, &page->findings_capacity,
              sizeof *page->findings)) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for findings");
    }
    page->findings[page->n_findings++] = *finding;
    return HST_OK;
}

hst_status impact_add_review(impact_page *page, const hst_review *review, hst_error *err)
{
    if (!grow(&page->reviews, page->n_reviews, &page->reviews_capacity, sizeof *page->reviews)) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the site review");
    }
    page->reviews[page->n_reviews++] = *review;
    return HST_OK;
}

hst_status impact_add_sensitivity(impact_page *page, const hst_sensitivity *row, hst_error *err)
{
    if (!grow(&page->sensitivities, page->n_sensitivities, &page->sensitivities_capacity,
              sizeof *page->sensitivities)) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the sensitivity table");
    }
    page->sensitivities[page->n_sensitivities++] = *row;
    return HST_OK;
}

void impact_page_close(impact_page *page)
{
    free(page->findings);
    free(page->reviews);
    free(page->sensitivities);
    free(page->series.periods);
    free(page->series.points);
    free_texts(page->texts);
    *page = (impact_page){0};
}

/* Moves the texts of a page to the end of the whole's. */
static hst_status bind_texts(impact_texts *whole, impact_texts *part, hst_error *err)
{
    bool has_room = !part->has_failed;

    for (size_t i = 0; i < part->n && has_room; i++) {
        has_room = grow(&whole->items, whole->n, &whole->capacity, sizeof *whole->items);
        if (has_room) {
            whole->items[whole->n++] = part->items[i];
            part->items[i] = NULL; /* now the whole's */
        }
    }
    return has_room ? HST_OK : hst_fail(err, HST_ERR_MEMORY, "no memory for the findings' texts");
}

hst_status impact_bind(hst_impact *out, impact_page *pages, size_t n_pages, hst_error *err)
{
    hst_status status = HST_OK;
    size_t n_findings = 0, n_reviews = 0, n_sensitivities = 0, n_series = 0;

    for (size_t i = 0; i < n_pages; i++) {
        n_findings += pages[i].n_findings;
        n_reviews += pages[i].n_reviews;
        n_sensitivities += pages[i].n_sensitivities;
        n_series += pages[i].has_series;
    }
    out->findings = calloc(n_findings + 1, sizeof *out->findings);
    out->reviews = calloc(n_reviews + 1, sizeof *out->reviews);
    out->sensitivities = calloc(n_sensitivities + 1, sizeof *out->sensitivities);
    out->series = calloc(n_series + 1, sizeof *out->series);
    out->texts = calloc(1, sizeof *out->texts);
    if (!out->findings || !out->reviews || !out->sensitivities || !out->series || !out->texts) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu findings", n_findings);
    }
    for (size_t i = 0; i < n_pages && status == HST_OK; i++) {
        impact_page *page = &pages[i];

        for (size_t j = 0; j < page->n_findings; j++) {
            out->findings[out->n_findings++] = page->findings[j];
        }
        for (size_t j = 0; j < page->n_reviews; j++) {
            out->reviews[out->n_reviews++] = page->reviews[j];
        }
        for (size_t j = 0; j < page->n_sensitivities; j++) {
            out->sensitivities[out->n_sensitivities++] = page->sensitivities[j];
        }
        if (page->has_series) {
            out->series[out->n_series++] = page->series;
            page->series = (hst_impact_series){0}; /* now the whole's */
        }
        status = bind_texts(out->texts, page->texts, err);
    }
    return status;
}

void hst_impact_free(hst_impact *impact)
{
    if (!impact) {
        return;
    }
    for (size_t i = 0; i < impact->n_series; i++) {
        free(impact->series[i].periods);
        free(impact->series[i].points);
        free(impact->series[i].is_suppressed);
    }
    free(impact->findings);
    free(impact->reviews);
    free(impact->sensitivities);
    free(impact->series);
    free_texts(impact->texts);
    free(impact);
}
