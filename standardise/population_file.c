/* The formats of population files:
 *
 *  long   area,year,sex,age_lower,age_upper,population, or one column `age` of single years
 *  Nomis  GEOGRAPHY_CODE, GENDER, C_AGE, OBS_VALUE and DATE or DATE_NAME
 *  MYEB1  ladcode, sex, age and one column population_YYYY for each year (Office for National
 *         Statistics)
 *  wide   one column for each age or band, below any number of title lines
 *
 * Rows of both sexes together, of all ages, and of Nomis's broader age groups are aggregates of
 * others and are passed over. Where ages are single years, the last one is open. */
#include "standardise/population_file.h"

#include <string.h>
#include <strings.h>

#include "hestia/standard.h"
#include "hestia/table.h"

enum {
    LAST_AGE_AT_LEAST = 85, /* the last single year of age is open; below this it cannot be meant */
    TITLE_LINES = 100,      /* the header of a wide table is looked for in so many lines */
};

/* The columns of a table that is being read; SIZE_MAX where it has none. */
typedef struct file_reader {
    population_rows *rows;
    const hst_table *table;
    uint16_t file;
    size_t area, year, sex, age, age_lower, age_upper, people;
    hst_error *err;
} file_reader;

static hst_status bad_cell(const file_reader *r, size_t row, size_t column, const char *what)
{
    return hst_fail(r->err, HST_ERR_INPUT, "%s, line %zu, column %s: %s", hst_table_name(r->table),
                    hst_table_line(r->table, row), hst_table_column_name(r->table, column), what);
}

/* Area and sex of a row. `*is_wanted` is false for both sexes together. */
static hst_status read_key(const file_reader *r, size_t row, population_row *out, bool *is_wanted)
{
    sex_word sex = population_parse_sex(hst_table_cell(r->table, row, r->sex));

    *out = (population_row){.line = (uint32_t)hst_table_line(r->table, row), .file = r->file};
    *is_wanted = sex != SEX_WORD_BOTH;
    if (hst_table_cell(r->table, row, r->area)[0] == '\0') {
        return bad_cell(r, row, r->area, "no area code");
    }
    if (sex == SEX_WORD_UNKNOWN) {
        return bad_cell(r, row, r->sex, "not 1 (male), 2 (female) or 0 (both)");
    }
    out->sex = sex == SEX_WORD_MALE ? HST_SEX_MALE : HST_SEX_FEMALE;
    return HST_OK;
}

static hst_status read_year(const file_reader *r, size_t row, population_row *out)
{
    int year = 0;

    if (!population_parse_year(hst_table_cell(r->table, row, r->year), &year)) {
        return bad_cell(r, row, r->year, "not a year");
    }
    out->year = (int16_t)year; /* four digits */
    return HST_OK;
}

static hst_status append_people(const file_reader *r, size_t row, size_t column,
                                population_row *out)
{
    if (!population_parse_people(hst_table_cell(r->table, row, column), &out->population)) {
        return bad_cell(r, row, column, "not a number of people");
    }
    return population_rows_append(r->rows, hst_table_cell(r->table, row, r->area), *out)
               ? HST_OK
               : hst_fail(r->err, HST_ERR_MEMORY, "%s: no memory for the population",
                          hst_table_name(r->table));
}

/* The age or band of a row in the long form. */
static hst_status read_band(const file_reader *r, size_t row, population_row *out)
{
    int lower = 0, upper = 0;

    if (r->age != SIZE_MAX) {
        if (!population_parse_age(hst_table_cell(r->table, row, r->age), &lower, &upper)) {
            return bad_cell(r, row, r->age, "not an age");
        }
    } else {
        long from = 0, to = 0;
        hst_status status = hst_table_long(r->table, row, r->age_lower, &from, r->err);

        if (status == HST_OK) {
            status = hst_table_long(r->table, row, r->age_upper, &to, r->err);
        }
        if (status != HST_OK) {
            return status;
        }
        if (from < 0 || from > HST_AGE_MAX || to < from) {
            return bad_cell(r, row, r->age_lower, "not an age band (999 as upper age is open)");
        }
        lower = (int)from;
        upper = to >= HST_AGE_MAX ? HST_AGE_OPEN : (int)to;
    }
    if (lower > HST_AGE_MAX) {
        return bad_cell(r, row, r->age, "not an age of at most 120 years");
    }
    out->lower = (int16_t)lower;
    out->upper = (int16_t)(upper >= HST_AGE_MAX ? HST_AGE_OPEN : upper);
    return HST_OK;
}

/* Opens the last of single years of age: the highest in the file, unless one is open already. */
static hst_status open_last_age(const file_reader *r, size_t first_row)
{
    int last = -1;

    for (size_t i = first_row; i < r->rows->n_rows; i++) {
        const population_row *row = &r->rows->rows[i];

        if (row->upper == HST_AGE_OPEN) {
            return HST_OK;
        }
        last = row->upper > last ? row->upper : last;
    }
    if (last < LAST_AGE_AT_LEAST) {
        return hst_fail(r->err, HST_ERR_INPUT,
                        "%s: the ages end at %d, without an open last band; it must hold all ages "
                        "(`90+`, or age_lower 90 with age_upper 999)",
                        hst_table_name(r->table), last);
    }
    for (size_t i = first_row; i < r->rows->n_rows; i++) {
        if (r->rows->rows[i].upper == last && r->rows->rows[i].lower == last) {
            r->rows->rows[i].upper = HST_AGE_OPEN;
        }
    }
    return HST_OK;
}

static hst_status read_long(file_reader *r)
{
    static const char *const names[] = {"area", "year", "sex", "population"};
    size_t *const columns[] = {&r->area, &r->year, &r->sex, &r->people};
    hst_status status = HST_OK;
    size_t first_row = r->rows->n_rows;

    for (size_t i = 0; i < sizeof names / sizeof names[0] && status == HST_OK; i++) {
        status = hst_table_require(r->table, names[i], columns[i], r->err);
    }
    r->age = hst_table_find(r->table, "age");
    if (r->age == SIZE_MAX && status == HST_OK) {
        status = hst_table_require(r->table, "age_lower", &r->age_lower, r->err);
        if (status == HST_OK) {
            status = hst_table_require(r->table, "age_upper", &r->age_upper, r->err);
        }
    }
    for (size_t row = 0; row < hst_table_n_rows(r->table) && status == HST_OK; row++) {
        population_row out;
        bool is_wanted = false;

        status = read_key(r, row, &out, &is_wanted);
        if (status != HST_OK || !is_wanted) {
            continue;
        }
        if ((status = read_year(r, row, &out)) == HST_OK &&
            (status = read_band(r, row, &out)) == HST_OK) {
            status = append_people(r, row, r->people, &out);
        }
    }
    return status == HST_OK && r->age != SIZE_MAX && r->rows->n_rows > first_row
               ? open_last_age(r, first_row)
               : status;
}

static hst_status read_nomis(file_reader *r)
{
    hst_status status = hst_table_require(r->table, "GEOGRAPHY_CODE", &r->area, r->err);

    if (status == HST_OK) {
        status = hst_table_require(r->table, "GENDER", &r->sex, r->err);
    }
    if (status == HST_OK) {
        status = hst_table_require(r->table, "C_AGE", &r->age, r->err);
    }
    if (status == HST_OK) {
        status = hst_table_require(r->table, "OBS_VALUE", &r->people, r->err);
    }
    if (status != HST_OK) {
        return status;
    }
    r->year = hst_table_find(r->table, "DATE");
    if (r->year == SIZE_MAX) {
        r->year = hst_table_find(r->table, "DATE_NAME");
    }
    if (r->year == SIZE_MAX) {
        return hst_fail(r->err, HST_ERR_INPUT,
                        "%s: the year is not in this Nomis file; download it again with DATE among "
                        "the columns, or add a column DATE with the year to every row",
                        hst_table_name(r->table));
    }
    for (size_t row = 0; row < hst_table_n_rows(r->table) && status == HST_OK; row++) {
        population_row out;
        bool is_wanted = false;
        long code = 0;

        status = read_key(r, row, &out, &is_wanted);
        if (status == HST_OK) {
            status = hst_table_long(r->table, row, r->age, &code, r->err);
        }
        /* 101 is age 0, 190 age 89, 191 is 90 and over; all others are aggregates. */
        if (status != HST_OK || !is_wanted || code < 101 || code > 191) {
            continue;
        }
        out.lower = (int16_t)(code - 101);
        out.upper = code == 191 ? HST_AGE_OPEN : out.lower;
        status = read_year(r, row, &out);
        if (status == HST_OK) {
            status = append_people(r, row, r->people, &out);
        }
    }
    return status;
}

/* True for "population_2011"; the year goes into `*year`. */
static bool is_year_column(const char *name, int *year)
{
    static const char prefix[] = "population_";

    return strncasecmp(name, prefix, sizeof prefix - 1) == 0 &&
           population_parse_year(name + sizeof prefix - 1, year);
}

/* First column whose name begins with (or, when `anywhere`, holds) a word, without case. */
static size_t find_column_like(const hst_table *table, const char *word, bool anywhere)
{
    size_t length = strlen(word);

    for (size_t i = 0; i < hst_table_n_columns(table); i++) {
        const char *name = hst_table_column_name(table, i);

        for (const char *at = name; *at != '\0' && (anywhere || at == name); at++) {
            if (strncasecmp(at, word, length) == 0) {
                return i;
            }
        }
    }
    return SIZE_MAX;
}

static hst_status read_myeb1(file_reader *r)
{
    hst_status status = HST_OK;
    size_t first_row = r->rows->n_rows;

    r->area = find_column_like(r->table, "ladcode", false);
    if (r->area == SIZE_MAX) {
        r->area = find_column_like(r->table, "code", true);
    }
    if (r->area == SIZE_MAX) {
        return hst_fail(r->err, HST_ERR_INPUT, "%s: no column of area codes (ladcode)",
                        hst_table_name(r->table));
    }
    status = hst_table_require(r->table, "sex", &r->sex, r->err);
    if (status == HST_OK) {
        status = hst_table_require(r->table, "age", &r->age, r->err);
    }
    for (size_t row = 0; row < hst_table_n_rows(r->table) && status == HST_OK; row++) {
        population_row out;
        bool is_wanted = false;
        int year = 0;

        status = read_key(r, row, &out, &is_wanted);
        if (status == HST_OK && is_wanted) {
            status = read_band(r, row, &out);
        }
        for (size_t i = 0; i < hst_table_n_columns(r->table) && status == HST_OK && is_wanted;
             i++) {
            if (is_year_column(hst_table_column_name(r->table, i), &year)) {
                out.year = (int16_t)year; /* four digits */
                status = append_people(r, row, i, &out);
            }
        }
    }
    return status == HST_OK && r->rows->n_rows > first_row ? open_last_age(r, first_row) : status;
}

/* ---- the wide form ---- */

typedef struct wide_header {
    size_t row, first_age, n_ages; /* the age columns stand side by side */
} wide_header;

/* Length of the run of ages from 0 on that begins at a cell; 0 when it is not one of all ages. A
 * row of numbers can look like single ages, but not like an unbroken run up to old age. */
static size_t run_of_ages(const hst_table *table, size_t row, size_t column)
{
    size_t n = 0;
    int expected = 0, lower = 0, upper = 0;

    while (column + n < hst_table_n_columns(table) && expected <= HST_AGE_MAX &&
           population_parse_age(hst_table_cell(table, row, column + n), &lower, &upper) &&
           lower == expected) {
        expected = upper + 1;
        n++;
    }
    return n >= 3 && expected > LAST_AGE_AT_LEAST ? n : 0;
}

static bool find_wide_header(const hst_table *table, wide_header *out)
{
    for (size_t row = 0; row < hst_table_n_rows(table) && row < TITLE_LINES; row++) {
        for (size_t column = 0; column < hst_table_n_columns(table); column++) {
            out->n_ages = run_of_ages(table, row, column);
            if (out->n_ages > 0) {
                out->row = row;
                out->first_age = column;
                return true;
            }
        }
    }
    return false;
}

/* Column of the header row whose text is one of `names`, or holds it when `anywhere`. */
static size_t find_wide_column(const file_reader *r, const wide_header *header,
                               const char *const *names, size_t n_names, bool anywhere)
{
    for (size_t i = 0; i < n_names; i++) {
        size_t length = strlen(names[i]);

        for (size_t column = 0; column < hst_table_n_columns(r->table); column++) {
            const char *cell = hst_table_cell(r->table, header->row, column);

            if (strcasecmp(cell, names[i]) == 0) {
                return column;
            }
            for (const char *at = cell; anywhere && *at != '\0'; at++) {
                if (strncasecmp(at, names[i], length) == 0) {
                    return column;
                }
            }
        }
    }
    return SIZE_MAX;
}

static hst_status find_wide_columns(file_reader *r, const wide_header *header)
{
    static const char *const area_names[] = {"area", "code"};
    static const char *const sex_names[] = {"sex", "gender"};
    static const char *const year_names[] = {"year", "date", "mid-year"};
    const char *name = hst_table_name(r->table);
    size_t line = hst_table_line(r->table, header->row);

    r->area = find_wide_column(r, header, area_names, 1, false);
    if (r->area == SIZE_MAX) {
        r->area = find_wide_column(r, header, area_names + 1, 1, true);
    }
    r->sex = find_wide_column(r, header, sex_names, 2, false);
    r->year = find_wide_column(r, header, year_names, 3, false);
    if (r->area == SIZE_MAX) {
        return hst_fail(r->err, HST_ERR_INPUT, "%s, line %zu: no column of area codes", name, line);
    }
    if (r->sex == SIZE_MAX || r->year == SIZE_MAX) {
        return hst_fail(r->err, HST_ERR_INPUT,
                        "%s, line %zu: a table with one column for each age needs a column `%s` "
                        "too; add it to every row, since a title is not read",
                        name, line, r->sex == SIZE_MAX ? "sex" : "year");
    }
    for (size_t column = header->first_age + header->n_ages; column < hst_table_n_columns(r->table);
         column++) {
        if (run_of_ages(r->table, header->row, column) > 0) {
            return hst_fail(r->err, HST_ERR_INPUT,
                            "%s, line %zu: the ages stand here twice; give each sex its own rows",
                            name, line);
        }
    }
    return HST_OK;
}

/* True for footnotes and headings between the rows: no population at all. */
static bool wide_row_is_empty(const file_reader *r, const wide_header *header, size_t row)
{
    for (size_t i = 0; i < header->n_ages; i++) {
        if (hst_table_cell(r->table, row, header->first_age + i)[0] != '\0') {
            return false;
        }
    }
    return true;
}

static hst_status read_wide(file_reader *r, const wide_header *header)
{
    hst_status status = find_wide_columns(r, header);

    for (size_t row = header->row + 1; row < hst_table_n_rows(r->table) && status == HST_OK;
         row++) {
        population_row out;
        bool is_wanted = false;

        if (wide_row_is_empty(r, header, row)) {
            continue;
        }
        status = read_key(r, row, &out, &is_wanted);
        if (status == HST_OK && is_wanted) {
            status = read_year(r, row, &out);
        }
        for (size_t i = 0; i < header->n_ages && status == HST_OK && is_wanted; i++) {
            int lower = 0, upper = 0;
            bool is_age = population_parse_age(
                hst_table_cell(r->table, header->row, header->first_age + i), &lower, &upper);

            out.lower = (int16_t)(is_age ? lower : 0); /* find_wide_header has read them all */
            out.upper = (int16_t)(i + 1 == header->n_ages ? HST_AGE_OPEN : upper);
            status = append_people(r, row, header->first_age + i, &out);
        }
    }
    return status;
}

/* Reads a table whose header names one of the first three formats. `*is_known` is false for
 * others. */
static hst_status read_named_columns(file_reader *r, bool *is_known)
{
    int year = 0;

    *is_known = true;
    if (hst_table_find(r->table, "GEOGRAPHY_CODE") != SIZE_MAX) {
        return read_nomis(r);
    }
    for (size_t i = 0; i < hst_table_n_columns(r->table); i++) {
        if (is_year_column(hst_table_column_name(r->table, i), &year)) {
            return read_myeb1(r);
        }
    }
    if (hst_table_find(r->table, "population") != SIZE_MAX) {
        return read_long(r);
    }
    *is_known = false;
    return HST_OK;
}

hst_status population_file_read(population_rows *rows, const char *path, uint16_t file,
                                hst_error *err)
{
    hst_status status = HST_OK;
    hst_table *table = NULL;
    wide_header header = {0};
    bool is_known = false;
    size_t n_before = rows->n_rows;
    hst_error table_error = {0}, ignored;
    file_reader r = {.rows = rows, .file = file, .age = SIZE_MAX, .err = err};

    status = hst_table_read(&table, path, &table_error);
    if (status == HST_OK) {
        r.table = table;
        status = read_named_columns(&r, &is_known);
    } else if (status != HST_ERR_INPUT) {
        status = hst_fail(err, status, "%s", table_error.message);
        goto done;
    }
    if (!is_known) {
        /* Title lines above the header look like ragged rows: that is the wide form, if any. */
        hst_status first_status = status;

        hst_table_free(table);
        table = NULL;
        status = hst_table_read_ragged(&table, path, &ignored);
        if (status == HST_OK && find_wide_header(table, &header)) {
            r.table = table;
            status = read_wide(&r, &header);
        } else if (first_status != HST_OK) {
            status = hst_fail(err, first_status, "%s", table_error.message);
        } else {
            status = hst_fail(err, HST_ERR_INPUT,
                              "%s: not a population table; it needs the columns "
                              "area,year,sex,age_lower,age_upper,population, or those of Nomis, "
                              "MYEB1, or one column for each age",
                              path);
        }
    }
    if (status == HST_OK && rows->n_rows == n_before) {
        status = hst_fail(err, HST_ERR_INPUT,
                          "%s: no population of sex 1 or 2 by age is in this file", path);
    }

done:
    hst_table_free(table);
    return status;
}
