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

/* Frees what the rows hold. */
void population_rows_clear(population_rows *rows);

/* Reads an age or band as tables write it: "7", "90+", "85 and over", "Under 1", "0-4", "5 to 9".
 * False when it is none. */
bool population_parse_age(const char *text, int *lower, int *upper);

#endif
