#ifndef HESTIA_MEMORY_STREAM_H
#define HESTIA_MEMORY_STREAM_H

#include <stdio.h>

/**
 * Opens a stream into memory that grows, as open_memstream does. What that loses without memory it
 * does not say; of this one fflush and fclose fail then.
 *
 * @param text  what was written, with a NUL after it; valid after fflush and fclose, also where
 *              they fail, and freed by the caller
 * @param n     [bytes] of it, without the NUL
 * @return NULL without memory
 */
FILE *hst_memory_stream(char **text, size_t *n);

#endif
