#ifndef HESTIA_STANDARD_H
#define HESTIA_STANDARD_H

#include "hestia/cube.h"
#include "hestia/status.h"

/** Upper age of an open band, as the tables write it; bands to 120 and beyond count as open. */
enum { HST_AGE_OPEN = 999, HST_AGE_MAX = 120 };

/** A standard population. */
typedef struct hst_standard {
    char name[64]; /**< "esp1976", "esp1976_19", "esp2013", "esp2013_21", "who2000", or the file's
                      name */
    hst_age_bands bands; /**< ages outside a file's bands are in band number bands.n, as unknown */
    double weight[128];  /**< [bands.n] */
} hst_standard;

/**
 * Reads a built-in standard by name, or a file age_lower,age_upper,weight (999 = open).
 *
 * @return HST_OK; HST_ERR_USAGE when there is neither (the built-in ones are named); HST_ERR_INPUT
 *         for bands that leave a gap or overlap, or weights that are negative or all 0 (line named)
 */
HST_MUST_CHECK hst_status hst_standard_read(hst_standard *out, const char *name, hst_error *err);

/** Adds the bands from `first` on together into one, `first`. */
void hst_standard_merge_last(hst_standard *standard, size_t first);

/** Writes "65-69", "85+", or "0-0" for a band of one year, as the cube names its age bands. */
void hst_age_band_label(const hst_age_bands *bands, size_t band, char label[12]);

#endif
