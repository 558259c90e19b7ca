/* How messages travel: what a module of its own, loaded when a launcher has started us, gives to
 * the team. The program itself is not linked with MPI and runs where there is none. */
#ifndef HESTIA_TEAM_INTERNAL_H
#define HESTIA_TEAM_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

enum { HST_TRANSPORT_VERSION = 1, HST_TEAM_HOST_BYTES = 128 };

#define HST_TRANSPORT_MODULE "hestia-mpi.so"
#define HST_TRANSPORT_FUNCTION "hst_transport_of_mpi"

/** A message on its way. */
typedef struct hst_letter hst_letter;

/** Messages between two members arrive in order, by tag. Called by one thread at a time. */
typedef struct hst_transport {
    int version;
    /** False when there is nobody to talk to, with the reason. */
    bool (*start)(int *number, int *size, char host[HST_TEAM_HOST_BYTES], char *reason,
                  size_t room);
    /** Begins to send; the bytes stay where they are until it is done. NULL: failed. */
    hst_letter *(*send)(int to, int tag, const void *bytes, size_t n);
    /** Whether a message is there: from whom and of what size. @param from  -1: anybody */
    bool (*has_come)(int from, int tag, int *sender, size_t *n);
    /** Begins to take a message that has come. NULL: failed. */
    hst_letter *(*receive)(int from, int tag, void *bytes, size_t n);
    /** 1: done, and forgotten; 0: not yet; -1: failed. */
    int (*test)(hst_letter *letter);
    void (*finish)(void);
} hst_transport;

const hst_transport *hst_transport_of_mpi(void);

#endif
