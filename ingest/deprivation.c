#include "hestia/deprivation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cell_internal.h"

typedef struct area_score {
    const char *area; /* a cell of the table */
    double imd;
    size_t line;
} area_score;

struct hst_deprivation {
    hst_table *table;
    size_t n;
    area_score *scores; /* [n] by area */
};

static int compare_scores(const void *a, const void *b)
{
    const area_score *x = a, *y = b;
    int order = strcmp(x->area, y->area);

    return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

static hst_status read_scores(hst_deprivation *d, hst_error *err)
{
    size_t area = 0, imd = 0;
    hst_status status = hst_table_require(d->table, "area", &area, err);

    if (!status) {
        status = hst_table_require(d->table, "imd", &imd, err);
    }
    for (size_t row = 0; row < hst_table_n_rows(d->table) && !status; row++) {
        area_score *score = &d->scores[d->n++];

        score->line = hst_table_line(d->table, row);
        status = hst_cell_text(d->table, row, area, &score->area, err);
        if (!status) {
            status = hst_cell_number(d->table, row, imd, &score->imd, err);
        }
    }
    if (status) {
        return status;
    }
    qsort(d->scores, d->n, sizeof *d->scores, compare_scores);
    for (size_t i = 1; i < d->n; i++) {
        if (strcmp(d->scores[i - 1].area, d->scores[i].area) == 0) {
            return hst_fail(err, HST_ERR_INPUT,
                            "%s, line %zu: the area of line %zu stands here again",
                            hst_table_name(d->table), d->scores[i].line, d->scores[i - 1].line);
        }
    }
    return HST_OK;
}

hst_status hst_deprivation_read(hst_deprivation **out, const char *path, hst_error *err)
{
    hst_status status = HST_OK;
    hst_deprivation *d = calloc(1, sizeof *d);

    *out = NULL;
    if (!d) {
        return hst_fail(err, HST_ERR_MEMORY, "%s: no memory to read it", path);
    }
    status = hst_table_read(&d->table, path, err);
    if (status) {
        goto done;
    }
    d->scores = calloc(hst_table_n_rows(d->table) + 1, sizeof *d->scores);
    if (!d->scores) {
        status = hst_fail(err, HST_ERR_MEMORY, "%s: no memory to read it", path);
        goto done;
    }
    status = read_scores(d, err);
    if (!status) {
        *out = d;
        d = NULL; /* now the caller's */
    }

done:
    hst_deprivation_free(d);
    return status;
}

void hst_deprivation_free(hst_deprivation *d)
{
    if (!d) {
        return;
    }
    hst_table_free(d->table);
    free(d->scores);
    free(d);
}

static int compare_area(const void *area, const void *score)
{
    return strcmp(area, ((const area_score *)score)->area);
}

double hst_deprivation_of(const hst_deprivation *d, const char *area)
{
    const area_score *score = bsearch(area, d->scores, d->n, sizeof *d->scores, compare_area);

    return score ? score->imd : NAN;
}
