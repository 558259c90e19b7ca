#ifndef HESTIA_REGULAR_FILE_H
#define HESTIA_REGULAR_FILE_H

#include "hestia/status.h"

/**
 * Refuses what is there and is no file: a folder, a pipe that nobody writes to, a device without an
 * end. What is not there, or cannot be looked at, is left to opening it.
 *
 * @return HST_OK; HST_ERR_USAGE
 */
HST_MUST_CHECK hst_status hst_regular_file_check(const char *path, hst_error *err);

#endif
