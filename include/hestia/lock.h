#ifndef HESTIA_LOCK_H
#define HESTIA_LOCK_H

#include <sys/types.h>

#include "hestia/status.h"

/**
 * Locks in a file, by open file description: they go with their process, however it ends, so none
 * is ever left. The file of an exclusive lock says who holds it, as
 * "pid 17 on server since 2026-11-21T02:00:00Z"; what a dead process wrote there is not believed.
 */
typedef struct hst_lock {
    int file;       /**< -1: not held */
    bool is_shared; /**< then the file is not written */
} hst_lock;

/** Opens a lock file to be written, and makes it where it is absent, of that mode whatever the
 * umask; -1 with errno. */
int hst_lock_open(int directory, const char *name, mode_t mode);

/**
 * Takes byte `at` of a lock file exclusively, and writes its holder into it.
 *
 * @param directory  open descriptor of the folder
 * @param path       of the folder, for messages
 * @param mode       of the file when it is made, whatever the umask
 * @param refusal    of a message: "<path>: <refusal> (<holder>); wait until it ends"
 * @return HST_ERR_LOCKED names the holder, unless it only shares the byte; HST_ERR_SYSTEM
 */
HST_MUST_CHECK hst_status hst_lock_take(hst_lock *lock, int directory, const char *path,
                                        const char *name, off_t at, mode_t mode,
                                        const char *refusal, hst_error *err);

/** Takes byte `at` of a lock file that is there together with others. A file system without locks
 * is no failure: readers do not depend on it. */
HST_MUST_CHECK hst_status hst_lock_share(hst_lock *lock, int directory, const char *path,
                                         const char *name, off_t at, const char *refusal,
                                         hst_error *err);

/** Lets go; a lock that is not held is allowed. */
void hst_lock_release(hst_lock *lock);

#endif
