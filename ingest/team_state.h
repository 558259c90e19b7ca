/* What the parts of a team share: its state, and messages that are waited for. team_messages.c,
 * team.c (steps), team_stream.c, team_join.c. */
#ifndef HESTIA_TEAM_STATE_H
#define HESTIA_TEAM_STATE_H

#include <pthread.h>
#include <stdbool.h>

#include "hestia/team.h"
#include "ingest/team_internal.h"

enum {
    HST_TAG_HEAD = 1,
    HST_TAG_BODY,
    HST_TAG_ANSWER,
    HST_TAG_ANSWER_BODY,
    HST_TAG_PROGRESS,
    HST_TAG_STOP,
    HST_TAG_STREAM
};

enum { HST_TEAM_CHUNK_BYTES = 4 * 1024 * 1024, HST_TEAM_NAP_NS = 20 * 1000 };

/** What stands in front of a message of a step. */
typedef struct hst_team_head {
    uint32_t turn, status;
    uint64_t is_last; /* of the leader, who has lost somebody: no more messages */
    uint64_t name;    /* of the step */
    uint64_t n;       /* bytes that follow: of the member, or the reason of its failure */
} hst_team_head;

struct hst_team {
    const hst_transport *transport;
    size_t number, size;
    char (*hosts)[HST_TEAM_HOST_BYTES]; /* [size] */
    uint32_t turn;                      /* steps so far */
    hst_team_head *heads;               /* [size] the leader: of this turn */
    bool *has_head;
    bool has_failed;  /* the last step, and all know */
    bool is_stopped;  /* some member has failed, and the others are told to stop .. */
    bool is_our_stop; /* .. by an interrupt that was no signal */
    bool is_broken;   /* somebody does not answer: no more messages */
    uint64_t n_sent;

    pthread_mutex_t mutex; /* messages while a member works come from any thread */
    uint64_t *done;        /* [size] the leader: progress */
    uint64_t report;       /* a member's, on its way .. */
    hst_letter *reporting; /* .. in this letter */
    double reported_at;
    void (*watch)(void *context, uint64_t done);
    void *watch_context;
};

/** Somebody does not answer: fails and says who. No message is sent from then on. */
hst_status hst_team_broken(hst_team *team, size_t member, hst_error *err);

/** Of somebody who waits. */
typedef struct hst_patience {
    long nap_ns;
    double grace;     /**< seconds after a signal; 0: as long as is usual */
    double signal_at; /**< 0: no signal yet */
} hst_patience;

/** Sleeps a little, after hearing what there is to hear. False when a signal has come and those we
 * wait for had their time. */
bool hst_team_wait_on(hst_team *team, hst_patience *p);

/** Waits until a letter has arrived at `member`, or from there. */
HST_MUST_CHECK hst_status hst_team_wait_for_letter(hst_team *team, hst_letter *letter,
                                                   size_t member, hst_error *err);

/** Waits until a message has come from `member`, and for its size. */
HST_MUST_CHECK hst_status hst_team_wait_for_message(hst_team *team, size_t member, int tag,
                                                    size_t *n, hst_error *err);

/** Sends n bytes in chunks. */
HST_MUST_CHECK hst_status hst_team_send_all(hst_team *team, size_t to, int tag, const void *bytes,
                                            size_t n, hst_error *err);

/** Takes n bytes that come in chunks; `*out` is the caller's, with a NUL behind. */
HST_MUST_CHECK hst_status hst_team_receive_all(hst_team *team, size_t from, int tag, void **out,
                                               uint64_t n, hst_error *err);

/** Takes what members tell while they, or we, work. */
void hst_team_hear(hst_team *team);

/**
 * Ends the work of all members; after a signal, which who started us has sent to all, none is told:
 * some may be gone, and Open MPI ends who sends to a host that has.
 */
void hst_team_stop_all(hst_team *team);

#endif
