#include "hestia/standard.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "hestia/reference.h"
#include "hestia/table.h"

/* `n_first` bands of the table are added together into the first. */
static const struct builtin {
    const char *name, *table;
    size_t n_first;
} builtins[] = {
    {"esp1976", "esp1976", 2},    {"esp1976_19", "esp1976", 1}, {"esp2013", "esp2013_19bands", 1},
    {"esp2013_21", "esp2013", 1}, {"who2000", "who2000", 1},
};

#define N_BUILTINS (sizeof builtins / sizeof builtins[0])

/* Fills in the band of each year of age from the limits. */
static void index_ages(hst_age_bands *bands)
{
    for (int age = 0; age <= HST_AGE_MAX; age++) {
        bands->of_age[age] = (uint8_t)bands->n;
        for (size_t band = 0; band < bands->n; band++) {
            if (age >= bands->lower[band] && age <= bands->upper[band]) {
                bands->of_age[age] = (uint8_t)band;
            }
        }
    }
}

static hst_status read_band(hst_standard *out, const hst_table *table, size_t row,
                            const size_t columns[3], hst_error *err)
{
    hst_age_bands *bands = &out->bands;
    size_t band = bands->n, max_bands = sizeof out->weight / sizeof out->weight[0] - 1;
    hst_status status = HST_OK;
    long lower = 0, upper = 0;

    if (band == max_bands) {
        return hst_fail(err, HST_ERR_INPUT, "%s, line %zu: more than %zu bands",
                        hst_table_name(table), hst_table_line(table, row), max_bands);
    }
    if ((status = hst_table_long(table, row, columns[0], &lower, err)) != HST_OK ||
        (status = hst_table_long(table, row, columns[1], &upper, err)) != HST_OK ||
        (status = hst_table_double(table, row, columns[2], &out->weight[band], err)) != HST_OK) {
        return status;
    }
    if (lower < 0 || lower > HST_AGE_MAX || upper < lower) {
        return hst_fail(err, HST_ERR_INPUT, "%s, line %zu: not an age band of 0 to %d years",
                        hst_table_name(table), hst_table_line(table, row), HST_AGE_MAX);
    }
    if (band > 0 && lower != bands->upper[band - 1] + 1) {
        return hst_fail(err, HST_ERR_INPUT,
                        "%s, line %zu: the band does not begin where the one before ends",
                        hst_table_name(table), hst_table_line(table, row));
    }
    if (out->weight[band] < 0) {
        return hst_fail(err, HST_ERR_INPUT, "%s, line %zu, column weight: below 0",
                        hst_table_name(table), hst_table_line(table, row));
    }
    bands->lower[band] = (int)lower;
    bands->upper[band] = upper >= HST_AGE_MAX ? HST_AGE_OPEN : (int)upper;
    bands->n++;
    return HST_OK;
}

static hst_status read_bands(hst_standard *out, const hst_table *table, hst_error *err)
{
    static const char *const names[3] = {"age_lower", "age_upper", "weight"};
    size_t columns[3] = {0};
    hst_status status = HST_OK;
    double total = 0;

    for (size_t i = 0; i < 3; i++) {
        status = hst_table_require(table, names[i], &columns[i], err);
        if (status != HST_OK) {
            return status;
        }
    }
    for (size_t row = 0; row < hst_table_n_rows(table); row++) {
        status = read_band(out, table, row, columns, err);
        if (status != HST_OK) {
            return status;
        }
        total += out->weight[row];
    }
    if (!(total > 0)) {
        return hst_fail(err, HST_ERR_INPUT, "%s: the weights add up to nothing",
                        hst_table_name(table));
    }
    return HST_OK;
}

static void merge_first(hst_standard *standard, size_t n_first)
{
    hst_age_bands *bands = &standard->bands;

    for (size_t i = 1; i < n_first; i++) {
        standard->weight[0] += standard->weight[i];
    }
    bands->upper[0] = bands->upper[n_first - 1];
    for (size_t i = n_first; i < bands->n; i++) {
        bands->lower[i - n_first + 1] = bands->lower[i];
        bands->upper[i - n_first + 1] = bands->upper[i];
        standard->weight[i - n_first + 1] = standard->weight[i];
    }
    bands->n -= n_first - 1;
}

static hst_status open_table(hst_table **table, const struct builtin *builtin, const char *name,
                             hst_error *err)
{
    FILE *file = NULL;

    if (builtin) {
        return hst_table_read_text(table, hst_reference_text(builtin->table), builtin->name, err);
    }
    file = fopen(name, "rb");
    if (!file) {
        return hst_fail(err, HST_ERR_USAGE,
                        "standard population %s: %s; the built-in ones are esp1976, esp1976_19, "
                        "esp2013, esp2013_21 and who2000",
                        name, strerror(errno));
    }
    fclose(file); /* only looked for; nothing was written */
    return hst_table_read(table, name, err);
}

hst_status hst_standard_read(hst_standard *out, const char *name, hst_error *err)
{
    hst_status status = HST_OK;
    const struct builtin *builtin = NULL;
    const char *slash = strrchr(name, '/');
    hst_table *table = NULL;

    memset(out, 0, sizeof *out);
    snprintf(out->name, sizeof out->name, "%s", slash ? slash + 1 : name);
    for (size_t i = 0; i < N_BUILTINS; i++) {
        if (strcmp(name, builtins[i].name) == 0) {
            builtin = &builtins[i];
        }
    }
    status = open_table(&table, builtin, name, err);
    if (status != HST_OK) {
        goto done;
    }
    status = read_bands(out, table, err);
    if (status != HST_OK) {
        goto done;
    }
    merge_first(out, builtin ? builtin->n_first : 1);
    index_ages(&out->bands);

done:
    hst_table_free(table);
    return status;
}

void hst_standard_merge_last(hst_standard *standard, size_t first)
{
    hst_age_bands *bands = &standard->bands;

    for (size_t i = first + 1; i < bands->n; i++) {
        standard->weight[first] += standard->weight[i];
    }
    bands->upper[first] = bands->upper[bands->n - 1];
    bands->n = first + 1;
    index_ages(bands);
}

void hst_age_band_label(const hst_age_bands *bands, size_t band, char label[12])
{
    if (bands->upper[band] == HST_AGE_OPEN) {
        snprintf(label, 12, "%d+", bands->lower[band]);
    } else {
        snprintf(label, 12, "%d-%d", bands->lower[band], bands->upper[band]);
    }
}
