#ifndef HESTIA_STATUS_H
#define HESTIA_STATUS_H

#include <stdbool.h>
#include <stddef.h>

/** What can go wrong, by who has to act. The command line turns these into exit codes. */
typedef enum hst_status {
    HST_OK = 0,
    HST_ERR_ARGUMENT, /**< a caller's mistake inside hestia (exit 1) */
    HST_ERR_RANGE,    /**< a size or number that does not fit (exit 1) */
    HST_ERR_MEMORY,   /**< out of memory, or over --memory (exit 1) */
    HST_ERR_SYSTEM,   /**< disk, permission, system call (exit 1) */
    HST_ERR_USAGE,    /**< options, study file, a file it names absent (exit 2) */
    HST_ERR_INPUT,    /**< extract or table unreadable, corrupt, over a threshold (exit 3) */
    HST_ERR_DAMAGED,  /**< a segment of the store is damaged; made anew from its input (exit 3) */
    HST_ERR_LOCKED,   /**< another run holds the lock (exit 4) */
    HST_ERR_INTERRUPTED, /**< SIGINT or SIGTERM; the next run resumes (exit 130) */
    HST_REFUSED, /**< a statistical method cannot answer from these numbers, and the message says
                    why; the caller notes it and goes on, a run does not fail by it */
} hst_status;

/** Reason of a failure: one or two lines, with file, line and remedy, never a field's value. */
typedef struct hst_error {
    char message[1024];
} hst_error;

#define HST_MUST_CHECK __attribute__((warn_unused_result))
#define HST_PRINTF(format_at, first_at) __attribute__((format(printf, format_at, first_at)))

/**
 * Writes the reason into `err` and returns `status`, so that a failure is one statement.
 *
 * @param err  may be NULL: then only the status is passed on
 */
hst_status hst_fail(hst_error *err, hst_status status, const char *format, ...) HST_PRINTF(3, 4);

/** Puts "<where>: " before the reason already in `err` and returns `status`; for callers that know
 * the place. */
hst_status hst_fail_at(hst_error *err, hst_status status, const char *format, ...) HST_PRINTF(3, 4);

/**
 * Failure of a call to the system, by errno: "<path>: <what>: <reason>; <remedy>".
 *
 * @return HST_ERR_SYSTEM; HST_ERR_MEMORY of ENOMEM
 */
hst_status hst_fail_system(hst_error *err, const char *path, const char *what);

/** What a user can do about an errno, as "; ..."; "" when its own text says all. */
const char *hst_remedy(int error_number);

/** Multiplies two sizes. Returns false, leaving `product` alone, when the result does not fit. */
bool hst_size_multiply(size_t a, size_t b, size_t *product);

#endif
