/* Allocation failure at each allocation in turn: a scenario is run again and again, each time in a
 * process of its own, and its n-th allocation fails (alone, or with all after it), for n = 1, 2,
 * ... until the scenario makes fewer than n. Two sets of allocators serve it, and a test is linked
 * with either: failing_ours.c fails those that hestia's code asks for, failing_all.c those of the
 * libraries too. */
#ifndef HESTIA_TESTS_FAILING_H
#define HESTIA_TESTS_FAILING_H

#include <stdint.h>

#include "hestia/status.h"

typedef struct failing_scenario {
    const char *name;
    /** Runs what is tested, and frees what it gave, if anything. */
    hst_status (*run)(void *context, hst_error *err);
    /** Says what the run left in files, 0 for nothing: the same after every success, and always 0
     * after a failure. May be NULL. */
    uint64_t (*left)(void *context, hst_status ended);
    /** Other statuses than HST_ERR_MEMORY with which it may end, as bits 1 << status. */
    unsigned also;
    /** Where each allocation in turn takes too long for every build: the first of each place in the
     * code fails, and of the others every stride-th; 0: each. The environment's HESTIA_ALLOC_STRIDE
     * replaces it: 1 is each in turn in all scenarios. Built with FAILING_SPARSE 1, and without
     * that variable, each fails either alone or with all after it, not once so and once so. */
    size_t stride;
} failing_scenario;

/** Runs the scenario with every failure in turn; returns how many of these runs went wrong, after
 * saying so on standard error. The process must not have started threads. */
size_t failing_in_turn(const failing_scenario *scenario, void *context);

/** Ends the run as one that went wrong; cmocka's assertions would go on in a process that is a
 * copy. */
#define failing_expect(statement)                                                                  \
    do {                                                                                           \
        if (!(statement)) {                                                                        \
            failing_stop(#statement);                                                              \
        }                                                                                          \
    } while (0)

void failing_stop(const char *statement);

/* ---- what the allocators do ---- */

/** From now on: counts allocations, keeps a list of what is held, lets number `n` fail (0: none),
 * and with `and_after` all later ones. */
void failing_begin(size_t n, bool and_after);

/** Ends that. Returns how many allocations there were. */
size_t failing_end(void);

/** Around what may not fail: returns whether it was on, as failing_resume takes it. */
bool failing_pause(void);
void failing_resume(bool was_on);

/** True between failing_begin and failing_end, without the pauses. */
bool failing_is_on(void);

/** True when the allocation that `caller`, a return address, asks for has to fail. */
bool failing_now(void *caller);

/** Notes a block that hestia's code got or gave back; NULL is allowed. */
void failing_got(void *block, void *caller);
void failing_gave(void *block);

/** True where libraries' allocations fail too: then they may cope, or end in another status. */
extern const bool failing_libraries;

#endif
