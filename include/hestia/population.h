#ifndef HESTIA_POPULATION_H
#define HESTIA_POPULATION_H

#include "hestia/ledger.h"
#include "hestia/standard.h"
#include "hestia/study.h"

/** Populations by area, year, sex and age, in any of the four formats of domain/population.md,
 * refined to a standard's bands. */
typedef struct hst_population hst_population;

/**
 * @param standard  bands asked for; a population band that straddles one is refused (file, line),
 * an open band that begins early merges the standard's last bands (hst_population_n_bands gives
 * what is left)
 * @return HST_ERR_INPUT: duplicate key, overlapping bands, missing band (both lines or the gap
 * named); HST_ERR_USAGE absent file
 */
HST_MUST_CHECK hst_status hst_population_read(hst_population **out, const hst_texts *paths,
                                              const hst_standard *standard, hst_error *err);
void hst_population_free(hst_population *population);

/** The area codes met, sorted, owned by the population. */
const hst_texts *hst_population_areas(const hst_population *population);

/** Number of strata bands left after merging, and whether merging was needed (then results say so
 * in `note`). */
size_t hst_population_n_bands(const hst_population *population);

/** Population of one stratum in the middle of a year. False when the file does not have it. `sex`
 * is HST_SEX_MALE or HST_SEX_FEMALE. */
bool hst_population_get(const hst_population *population, const char *area, int year, unsigned sex,
                        size_t band, double *out);

#endif
