#include "hestia/measure_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cell_internal.h"

struct hst_measure_table {
    hst_table *table; /* its cells are the areas */
    size_t n;
    hst_measure_value *values; /* [n] in order */
};

/* Area, then period. */
static int compare_places(const void *a, const void *b)
{
    const hst_measure_value *x = a, *y = b;
    int order = strcmp(x->area, y->area);

    return order != 0 ? order : hst_cell_compare_periods(&x->period, &y->period);
}

static int compare_values(const void *a, const void *b)
{
    const hst_measure_value *x = a, *y = b;
    int order = compare_places(a, b);

    return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

static hst_status read_values(hst_measure_table *t, unsigned by, hst_error *err)
{
    static const char *const names[] = {"period", "area", "value"};
    size_t columns[3] = {0};
    hst_status status = HST_OK;

    for (size_t i = 0; i < 3 && !status; i++) {
        status = hst_table_require(t->table, names[i], &columns[i], err);
    }
    for (size_t row = 0; row < hst_table_n_rows(t->table) && !status; row++) {
        hst_measure_value *value = &t->values[t->n++];

        value->line = hst_table_line(t->table, row);
        status = hst_cell_period(t->table, row, columns[0], by, &value->period, err);
        if (!status) {
            status = hst_cell_text(t->table, row, columns[1], &value->area, err);
        }
        if (!status) {
            status = hst_cell_number(t->table, row, columns[2], &value->value, err);
        }
    }
    return status;
}

static hst_status refuse_repeats(const hst_measure_table *t, hst_error *err)
{
    for (size_t i = 1; i < t->n; i++) {
        if (compare_places(&t->values[i - 1], &t->values[i]) == 0) {
            return hst_fail(err, HST_ERR_INPUT,
                            "%s, line %zu: the period and area of line %zu stand here again",
                            hst_table_name(t->table), t->values[i].line, t->values[i - 1].line);
        }
    }
    return HST_OK;
}

hst_status hst_measure_table_read(hst_measure_table **out, const char *path, unsigned by,
                                  hst_error *err)
{
    hst_status status = HST_OK;
    hst_measure_table *t = calloc(1, sizeof *t);

    *out = NULL;
    if (!t) {
        return hst_fail(err, HST_ERR_MEMORY, "%s: no memory to read it", path);
    }
    status = hst_table_read(&t->table, path, err);
    if (status) {
        goto done;
    }
    t->values = calloc(hst_table_n_rows(t->table) + 1, sizeof *t->values);
    if (!t->values) {
        status = hst_fail(err, HST_ERR_MEMORY, "%s: no memory to read it", path);
        goto done;
    }
    status = read_values(t, by, err);
    if (status) {
        goto done;
    }
    qsort(t->values, t->n, sizeof *t->values, compare_values);
    status = refuse_repeats(t, err);
    if (!status) {
        *out = t;
        t = NULL; /* now the caller's */
    }

done:
    hst_measure_table_free(t);
    return status;
}

void hst_measure_table_free(hst_measure_table *t)
{
    if (!t) {
        return;
    }
    hst_table_free(t->table);
    free(t->values);
    free(t);
}

const hst_measure_value *hst_measure_table_values(const hst_measure_table *t, size_t *n)
{
    *n = t->n;
    return t->values;
}

double hst_measure_table_find(const hst_measure_table *t, const char *area,
                              const hst_period *period)
{
    hst_measure_value key = {.area = area, .period = *period};
    const hst_measure_value *value =
        bsearch(&key, t->values, t->n, sizeof *t->values, compare_places);

    return value ? value->value : NAN;
}
