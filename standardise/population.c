#include "hestia/population.h"

#include <stdlib.h>
#include <string.h>

#include "standardise/population_file.h"

/* One area and year. */
typedef struct population_key {
    uint32_t area;
    int year;
} population_key;

struct hst_population {
    hst_texts areas; /* sorted as bytes */
    hst_standard standard;
    size_t n_keys;
    population_key *keys; /* sorted by area, year */
    double *cells;        /* [n_keys][sex][n_bands + 1] */
};

enum { N_SEXES = 2 };

typedef struct numbered_code {
    char *code;
    uint32_t number;
} numbered_code;

static int compare_codes(const void *a, const void *b)
{
    return strcmp(((const numbered_code *)a)->code, ((const numbered_code *)b)->code);
}

/* By area, year, sex, age; then by place, so that messages name lines in their order. */
static int compare_rows(const void *a, const void *b)
{
    const population_row *x = a, *y = b;
    int64_t order = (int64_t)x->area - y->area;

    order = order ? order : x->year - y->year;
    order = order ? order : x->sex - y->sex;
    order = order ? order : x->lower - y->lower;
    order = order ? order : x->upper - y->upper;
    order = order ? order : x->file - y->file;
    order = order ? order : (int64_t)x->line - y->line;
    return order < 0 ? -1 : order > 0;
}

/* Numbers the areas in the order of their codes and sorts the rows. */
static hst_status sort_rows(population_rows *rows, hst_error *err)
{
    hst_status status = HST_OK;
    numbered_code *codes = calloc(rows->n_codes, sizeof *codes);
    uint32_t *new_number = calloc(rows->n_codes, sizeof *new_number);
    bool is_sorted = true;

    if (!codes || !new_number) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for %zu area codes", rows->n_codes);
        goto done;
    }
    for (size_t i = 0; i < rows->n_codes; i++) {
        codes[i] = (numbered_code){rows->codes[i], (uint32_t)i};
    }
    qsort(codes, rows->n_codes, sizeof *codes, compare_codes);
    for (size_t i = 0; i < rows->n_codes; i++) {
        new_number[codes[i].number] = (uint32_t)i;
        rows->codes[i] = codes[i].code;
    }
    for (size_t i = 0; i < rows->n_rows; i++) {
        rows->rows[i].area = new_number[rows->rows[i].area];
        is_sorted = is_sorted && (i == 0 || compare_rows(&rows->rows[i - 1], &rows->rows[i]) <= 0);
    }
    if (!is_sorted) { /* files of millions of rows mostly are */
        qsort(rows->rows, rows->n_rows, sizeof *rows->rows, compare_rows);
    }

done:
    free(codes);
    free(new_number);
    return status;
}

/* Merges the standard's last bands into the one in which the population's open band begins. */
static void merge_open_band(hst_standard *standard, const population_rows *rows)
{
    const hst_age_bands *bands = &standard->bands;
    int open_from = HST_AGE_MAX;

    if (bands->upper[bands->n - 1] != HST_AGE_OPEN) {
        return;
    }
    for (size_t i = 0; i < rows->n_rows; i++) {
        if (rows->rows[i].upper == HST_AGE_OPEN && rows->rows[i].lower < open_from) {
            open_from = rows->rows[i].lower;
        }
    }
    if (bands->of_age[open_from] < bands->n) {
        hst_standard_merge_last(standard, bands->of_age[open_from]);
    }
}

/* ---- checks: the bands of one area, year and sex must follow each other from the standard's first
 * age to its last ---- */

typedef struct checker {
    const hst_texts *paths;
    const hst_standard *standard;
    hst_error *err;
} checker;

static hst_status refuse(const checker *c, const population_row *row, const char *what)
{
    return hst_fail(c->err, HST_ERR_INPUT, "%s, line %u: %s", c->paths->items[row->file],
                    (unsigned)row->line, what);
}

static hst_status refuse_pair(const checker *c, const population_row *first,
                              const population_row *second, const char *what)
{
    return hst_fail(c->err, HST_ERR_INPUT, "%s, line %u, and %s, line %u: %s",
                    c->paths->items[first->file], (unsigned)first->line,
                    c->paths->items[second->file], (unsigned)second->line, what);
}

static hst_status refuse_gap(const checker *c, const population_row *row, int from, int to)
{
    return hst_fail(c->err, HST_ERR_INPUT,
                    "%s, line %u: the ages from %d to %d are missing for the area, year and sex of "
                    "this row",
                    c->paths->items[row->file], (unsigned)row->line, from, to);
}

/* The standard's band that holds a row's ages; bands.n when all are outside the standard. */
static hst_status band_of(const checker *c, const population_row *row, size_t *band)
{
    const hst_age_bands *bands = &c->standard->bands;
    size_t last = bands->of_age[row->upper > HST_AGE_MAX ? HST_AGE_MAX : row->upper];

    *band = bands->of_age[row->lower];
    if (*band != last) {
        return hst_fail(c->err, HST_ERR_INPUT,
                        "%s, line %u: the age band straddles a limit of the bands of %s",
                        c->paths->items[row->file], (unsigned)row->line, c->standard->name);
    }
    return HST_OK;
}

/* Adds the rows of one area, year and sex, [n] in order of age, into cells[n_bands + 1]. */
static hst_status add_bands(const checker *c, const population_row *rows, size_t n, double *cells)
{
    const hst_age_bands *bands = &c->standard->bands;
    int first_age = bands->lower[0], last_age = bands->upper[bands->n - 1];

    if (rows[0].lower > first_age) {
        return refuse_gap(c, &rows[0], first_age, rows[0].lower - 1);
    }
    for (size_t i = 0; i < n; i++) {
        size_t band = 0;
        hst_status status = HST_OK;

        if (i > 0 && rows[i].lower == rows[i - 1].lower && rows[i].upper == rows[i - 1].upper) {
            return refuse_pair(c, &rows[i - 1], &rows[i],
                               "the same area, year, sex and age band twice");
        }
        if (i > 0 && rows[i].lower <= rows[i - 1].upper) {
            return refuse_pair(c, &rows[i - 1], &rows[i], "age bands that overlap");
        }
        if (i > 0 && rows[i].lower > rows[i - 1].upper + 1) {
            return refuse_gap(c, &rows[i], rows[i - 1].upper + 1, rows[i].lower - 1);
        }
        status = band_of(c, &rows[i], &band);
        if (status != HST_OK) {
            return status;
        }
        cells[band] += rows[i].population;
    }
    if (rows[n - 1].upper < last_age) {
        return last_age == HST_AGE_OPEN
                   ? refuse(c, &rows[n - 1],
                            "the last age band of this area, year and sex is not open (`90+`, or "
                            "999 as age_upper)")
                   : refuse_gap(c, &rows[n - 1], rows[n - 1].upper + 1, last_age);
    }
    return HST_OK;
}

static size_t end_of_run(const population_rows *rows, size_t first, bool of_one_sex)
{
    const population_row *row = &rows->rows[first];
    size_t i = first + 1;

    while (i < rows->n_rows && rows->rows[i].area == row->area && rows->rows[i].year == row->year &&
           (!of_one_sex || rows->rows[i].sex == row->sex)) {
        i++;
    }
    return i;
}

/* Fills in keys and cells from rows in order. */
static hst_status fill(hst_population *population, const checker *c, const population_rows *rows)
{
    size_t n_cells = N_SEXES * (population->standard.bands.n + 1), key = 0, size = 0;
    hst_status status = HST_OK;

    for (size_t i = 0; i < rows->n_rows; i = end_of_run(rows, i, false)) {
        population->n_keys++;
    }
    population->keys = calloc(population->n_keys, sizeof *population->keys);
    if (hst_size_multiply(population->n_keys, n_cells, &size)) {
        population->cells = calloc(size, sizeof *population->cells);
    }
    if (!population->keys || !population->cells) {
        return hst_fail(c->err, HST_ERR_MEMORY,
                        "no memory for the population of %zu areas and years", population->n_keys);
    }
    for (size_t i = 0; i < rows->n_rows; key++) {
        const population_row *first = &rows->rows[i];
        size_t end = end_of_run(rows, i, false), middle = end_of_run(rows, i, true);
        double *cells = &population->cells[key * n_cells];

        population->keys[key] = (population_key){first->area, first->year};
        if (middle == end) {
            return refuse(c, first,
                          first->sex == HST_SEX_MALE
                              ? "no population of sex 2 for the area and year of this row"
                              : "no population of sex 1 for the area and year of this row");
        }
        if ((status = add_bands(c, first, middle - i, cells)) != HST_OK ||
            (status = add_bands(c, &rows->rows[middle], end - middle, cells + n_cells / N_SEXES)) !=
                HST_OK) {
            return status;
        }
        i = end;
    }
    return HST_OK;
}

hst_status hst_population_read(hst_population **out, const hst_texts *paths,
                               const hst_standard *standard, hst_error *err)
{
    hst_status status = HST_OK;
    population_rows rows = {0};
    hst_population *population = NULL;
    checker c = {.paths = paths, .err = err};

    *out = NULL;
    if (paths->n == 0 || paths->n > UINT16_MAX) {
        return hst_fail(err, HST_ERR_ARGUMENT, "%zu population files", paths->n);
    }
    population = calloc(1, sizeof *population);
    if (!population) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the population");
    }
    for (size_t i = 0; i < paths->n; i++) {
        status = population_file_read(&rows, paths->items[i], (uint16_t)i, err);
        if (status != HST_OK) {
            goto done;
        }
    }
    status = sort_rows(&rows, err);
    if (status != HST_OK) {
        goto done;
    }
    population->standard = *standard;
    merge_open_band(&population->standard, &rows);
    c.standard = &population->standard;
    status = fill(population, &c, &rows);
    if (status != HST_OK) {
        goto done;
    }
    population->areas = (hst_texts){.n = rows.n_codes, .items = rows.codes};
    rows.codes = NULL; /* now the population's */
    rows.n_codes = 0;
    *out = population;
    population = NULL; /* now the caller's */

done:
    population_rows_clear(&rows);
    hst_population_free(population);
    return status;
}

void hst_population_free(hst_population *population)
{
    if (population) {
        for (size_t i = 0; i < population->areas.n; i++) {
            free(population->areas.items[i]);
        }
        free(population->areas.items);
        free(population->keys);
        free(population->cells);
        free(population);
    }
}

const hst_texts *hst_population_areas(const hst_population *population)
{
    return &population->areas;
}

const hst_standard *hst_population_standard(const hst_population *population)
{
    return &population->standard;
}

size_t hst_population_n_bands(const hst_population *population)
{
    return population->standard.bands.n;
}

/* Number of an area's code, or areas.n. */
static size_t find_area(const hst_population *population, const char *code)
{
    size_t low = 0, high = population->areas.n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(population->areas.items[middle], code);

        if (order == 0) {
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return population->areas.n;
}

const double *hst_population_cells(const hst_population *population, const char *area, int year)
{
    size_t number = find_area(population, area), low = 0, high = population->n_keys;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const population_key *key = &population->keys[middle];

        if (key->area == number && key->year == year) {
            return &population->cells[middle * N_SEXES * (population->standard.bands.n + 1)];
        }
        if (key->area < number || (key->area == number && key->year < year)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

bool hst_population_get(const hst_population *population, const char *area, int year, unsigned sex,
                        size_t band, double *out)
{
    const double *cells = hst_population_cells(population, area, year);

    if (!cells || sex >= N_SEXES || band >= population->standard.bands.n) {
        return false;
    }
    *out = cells[sex * (population->standard.bands.n + 1) + band];
    return true;
}
