#ifndef HESTIA_STANDARD_H
#define HESTIA_STANDARD_H

#include "hestia/cube.h"
#include "hestia/status.h"

/** A standard population. */
typedef struct hst_standard {
    char name[64]; /**< "esp1976", "esp1976_19", "esp2013", "esp2013_21", "who2000", or the file's
                      name */
    hst_age_bands bands;
    double weight[128]; /**< [bands.n] */
} hst_standard;

/** Reads a built-in standard by name, or a file age_lower,age_upper,weight. HST_ERR_USAGE names the
 * built-in ones. */
HST_MUST_CHECK hst_status hst_standard_read(hst_standard *out, const char *name, hst_error *err);

#endif
