#ifndef HESTIA_TEAM_H
#define HESTIA_TEAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hestia/status.h"

/**
 * The processes of one run, started together by MPI's launcher: `mpirun -n 4 hestia run ..`. All of
 * them go through the same steps; what one of them has for the others it gives at the same step as
 * they do. Number 0 leads: it talks to the user and publishes. A team of one is NULL, which every
 * function takes, so that a run without MPI takes the same way.
 *
 * A step ends alike for all: where one member fails, the others do too, with its reason.
 */
typedef struct hst_team hst_team;

/**
 * Joins the processes that were started together.
 *
 * @param out  NULL when this process was started alone
 * @return HST_ERR_USAGE: started by a launcher of MPI, and this hestia has no MPI; HST_ERR_SYSTEM
 */
HST_MUST_CHECK hst_status hst_team_join(hst_team **out, hst_error *err);

/** Parts; waits for the others unless the team has broken. */
void hst_team_leave(hst_team *team);

size_t hst_team_number(const hst_team *team);
size_t hst_team_size(const hst_team *team);
static inline bool hst_team_leads(const hst_team *team)
{
    return hst_team_number(team) == 0;
}

/** True when another member does not answer: nothing can be told any more. */
bool hst_team_is_broken(const hst_team *team);

/** Name of a member's host. */
const char *hst_team_host(const hst_team *team, size_t member);

/** Bytes that this member has sent to others. */
uint64_t hst_team_bytes_sent(const hst_team *team);

/** What the members do at one step. Each function may be NULL, and is called with `context`. */
typedef struct hst_team_step {
    const char *name;  /**< the same for all: members at different steps are a fault */
    const void *bytes; /**< of a member other than the leader, for the leader; borrowed */
    size_t n;
    void *context;
    /** The leader, for each other member in order. */
    hst_status (*take)(void *context, size_t member, const void *bytes, size_t n, hst_error *err);
    /** The leader, once all is taken: what the others get; the step frees it. */
    hst_status (*give)(void *context, void **bytes, size_t *n, hst_error *err);
    /** The others: what the leader gave. */
    hst_status (*accept)(void *context, const void *bytes, size_t n, hst_error *err);
} hst_team_step;

/** One step of all members; does nothing in a team of one. @return the failure of the first member
 * that has one */
HST_MUST_CHECK hst_status hst_team_do(hst_team *team, const hst_team_step *step, hst_error *err);

/** What each member has, [n] in their order. */
typedef struct hst_team_parts {
    size_t n;
    struct hst_team_part {
        const unsigned char *bytes;
        size_t n;
    } * items;
    void *memory;
} hst_team_parts;

/** Gives every member what each of them has. @param out  receives what hst_team_parts_clear frees
 */
HST_MUST_CHECK hst_status hst_team_gather(hst_team_parts *out, hst_team *team, const char *name,
                                          const void *bytes, size_t n, hst_error *err);
void hst_team_parts_clear(hst_team_parts *parts);

/** Gives `n` bytes of the leader to the others. */
HST_MUST_CHECK hst_status hst_team_share(hst_team *team, const char *name, void *bytes, size_t n,
                                         hst_error *err);

/**
 * Ends a step that each member did by itself. A failure that all know of already is passed on.
 *
 * @param own  how it ended here, with its reason in `err`
 */
HST_MUST_CHECK hst_status hst_team_agree(hst_team *team, const char *name, hst_status own,
                                         hst_error *err);

/** After a failure that all know of: what follows is a new beginning. */
void hst_team_begin_again(hst_team *team);

/** A stream of bytes to or from another member. */
typedef struct hst_team_stream {
    void *context;
    /** Fills up to `capacity` bytes; `*n` = 0 ends the stream. */
    hst_status (*give)(void *context, void *bytes, size_t capacity, size_t *n, hst_error *err);
    hst_status (*take)(void *context, const void *bytes, size_t n, hst_error *err);
} hst_team_stream;

/**
 * Sends a stream to one member while taking one from another; all members do so at once. Where
 * either stream fails, both are carried to their end all the same, so that nobody waits in vain:
 * hst_team_agree tells the others.
 */
HST_MUST_CHECK hst_status hst_team_swap(hst_team *team, size_t to, const hst_team_stream *out,
                                        size_t from, const hst_team_stream *in, hst_error *err);

/**
 * Called now and then while a member works: tells the leader how far it is, and learns whether
 * another has failed, which stops this one (hst_interrupt_requested). Thread-safe.
 *
 * @param done  of this member, in any unit
 * @return of all members as far as the leader knows; for the others `done`
 */
uint64_t hst_team_progress(hst_team *team, uint64_t done);

/** Whom the leader tells of progress while it waits for the others; NULL: nobody. */
void hst_team_watch(hst_team *team, void (*progress)(void *context, uint64_t done), void *context);

#endif
