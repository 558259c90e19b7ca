#ifndef HESTIA_FILE_LOOK_H
#define HESTIA_FILE_LOOK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "hestia/status.h"

/** How a file looks from outside: no content changes without one of these. */
typedef struct hst_file_look {
    uint64_t size, inode, device;
    struct timespec modified, changed;
} hst_file_look;

hst_file_look hst_file_look_of(const struct stat *facts);

bool hst_file_look_same(const hst_file_look *a, const hst_file_look *b);

/**
 * Looks whether a file is still the one it was: not written to, replaced, or gone.
 *
 * @param before  how it looked before the first byte of it was read
 * @return HST_ERR_INPUT: "<path> changed while it was read; ..."
 */
HST_MUST_CHECK hst_status hst_file_look_check(const hst_file_look *before, const char *path,
                                              hst_error *err);

/** The reason that hst_file_look_check gives, for one who has found out in another way. */
hst_status hst_fail_changed(hst_error *err, const char *path);

#endif
