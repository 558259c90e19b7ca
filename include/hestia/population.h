#ifndef HESTIA_POPULATION_H
#define HESTIA_POPULATION_H

#include "hestia/ledger.h"
#include "hestia/standard.h"
#include "hestia/study.h"

/** Populations by area, year, sex and age, in any of the four formats of standardise/README.md,
 * added up to a standard's bands. */
typedef struct hst_population hst_population;

/**
 * Reads population files; several are read as one.
 *
 * @param standard  bands asked for; a population band that straddles a limit of one is refused
 *         (file, line); where an open last band begins before the standard's last ones, those are
 *         merged into one (hst_population_standard gives what is left)
 * @return HST_OK; HST_ERR_USAGE absent file; HST_ERR_INPUT: none of the formats, a cell that
 *         cannot be read, a band twice, overlapping bands, a missing band or sex (line or lines
 *         named)
 */
HST_MUST_CHECK hst_status hst_population_read(hst_population **out, const hst_texts *paths,
                                              const hst_standard *standard, hst_error *err);

/** Frees the population; NULL is allowed. */
void hst_population_free(hst_population *population);

/** The area codes met, sorted as bytes, owned by the population. */
const hst_texts *hst_population_areas(const hst_population *population);

/** The standard after merging, owned by the population: its bands are those of the cells. */
const hst_standard *hst_population_standard(const hst_population *population);

/** Number of bands left after merging: fewer than the standard's when merging was needed (then
 * results say so in `note`). */
size_t hst_population_n_bands(const hst_population *population);

/**
 * Populations of an area in the middle of a year, [sex][n_bands + 1], owned by the population; the
 * last band of each sex is of the ages outside the standard (a file without all ages). NULL when
 * the files do not have that area and year. Sexes are HST_SEX_MALE and HST_SEX_FEMALE.
 */
const double *hst_population_cells(const hst_population *population, const char *area, int year);

/** Population of one stratum in the middle of a year. False when the files do not have it. */
bool hst_population_get(const hst_population *population, const char *area, int year, unsigned sex,
                        size_t band, double *out);

#endif
