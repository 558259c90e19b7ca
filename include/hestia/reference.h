#ifndef HESTIA_REFERENCE_H
#define HESTIA_REFERENCE_H

#include <stddef.h>

/** Text of a compiled-in table of reference/ by its file name without ".csv", or NULL; lives as
 * long as the program. */
const char *hst_reference_text(const char *name);

#endif
