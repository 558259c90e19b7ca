/* Rows of population files, in whichever format they came. */
#ifndef HESTIA_POPULATION_FILE_H
#define HESTIA_POPULATION_FILE_H

#include <stdint.h>

#include "hestia/status.h"

/* Population of one area, year, sex and age band. */
typedef struct population_row {
    double population;
    uint32_t area; /* number of the code, in order of first appearance until sorted */
    uint32_t line;
    uint16_t file;
    int16_t year, lower, upper; /* upper HST_AGE_OPEN = open */
    uint8_t sex;
} population_row;

/* The rows of all files read so far, and the codes of their areas. */
typedef struct population_rows {
    population_row *rows;
    size_t n_rows, capacity;
    char **codes;
    size_t n_codes, codes_capacity;
    uint32_t *slots; /* hash table of codes: number + 1, 0 = free; size a power of two */
    size_t n_slots;
} population_rows;

/* Reads a file of any of the formats and appends its rows. */
HST_MUST_CHECK hst_status population_file_read(population_rows *rows, const char *path,
                                               uint16_t file, hst_error *err);

/* Adds a row of the area with this code. False when there is no memory. */
bool population_rows_append(population_rows *rows, const char *code, population_row row);

/* Frees what the rows hold. */
void population_rows_clear(population_rows *rows);

/* Reads an age or band as tables write it: "7", "90+", "85 and over", "Under 1", "0-4", "5 to 9".
 * False when it is none. */
bool population_parse_age(const char *text, int *lower, int *upper);

/* A number of people, with thousands separators or not. */
bool population_parse_people(const char *text, double *out);

/* The year in "2011" or "mid-2011": the only digits, and four of them. */
bool population_parse_year(const char *text, int *out);

typedef enum sex_word { SEX_WORD_UNKNOWN, SEX_WORD_MALE, SEX_WORD_FEMALE, SEX_WORD_BOTH } sex_word;

/* "1", "male", "F", "persons" ... */
sex_word population_parse_sex(const char *text);

#endif
