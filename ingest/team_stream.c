/* Streams between two members, all of them at once. */
#include "hestia/row_memory.h"
#include "ingest/team_state.h"

/* After a signal streams are given up before steps are (team_messages.c): who is at one waits for a
 * neighbour, who need not be the one that has died. */
static const double GRACE_SECONDS = 0.2;

/* One direction of a swap. */
typedef struct channel {
    const hst_team_stream *stream;
    size_t member;
    void *bytes; /* [HST_TEAM_CHUNK_BYTES] row memory: segments are people */
    size_t n;
    hst_letter *letter;
    bool has_ended;
    hst_status status;
    hst_error err;
} channel;

/* 0: the letter is still on its way. One that is empty is the last; -1: it has failed. */
static int end_letter(hst_team *team, channel *c)
{
    int result = team->transport->test(c->letter);

    if (result != 0) {
        c->letter = NULL;
        c->has_ended = c->n == 0 || result < 0;
        team->is_broken |= result < 0;
    }
    return result;
}

/* Goes on where it can; true when something moved. */
static bool push(hst_team *team, channel *c)
{
    if (c->has_ended) {
        return false;
    }
    if (c->letter) {
        return end_letter(team, c) != 0;
    }
    c->n = 0;
    if (c->status == HST_OK) {
        c->status =
            c->stream->give(c->stream->context, c->bytes, HST_TEAM_CHUNK_BYTES, &c->n, &c->err);
        c->n = c->status == HST_OK ? c->n : 0;
    }
    c->letter = team->transport->send((int)c->member, HST_TAG_STREAM, c->bytes, c->n);
    team->n_sent += c->n;
    team->is_broken |= !c->letter;
    return true;
}

static bool pull(hst_team *team, channel *c)
{
    int sender = 0;

    if (c->has_ended) {
        return false;
    }
    if (c->letter) {
        int result = end_letter(team, c);

        if (result > 0 && c->n > 0 && c->status == HST_OK) {
            c->status = c->stream->take(c->stream->context, c->bytes, c->n, &c->err);
        }
        return result != 0;
    }
    if (!team->transport->has_come((int)c->member, HST_TAG_STREAM, &sender, &c->n) ||
        c->n > HST_TEAM_CHUNK_BYTES) {
        return false;
    }
    c->letter = team->transport->receive((int)c->member, HST_TAG_STREAM, c->bytes, c->n);
    team->is_broken |= !c->letter;
    return true;
}

hst_status hst_team_swap(hst_team *team, size_t to, const hst_team_stream *out, size_t from,
                         const hst_team_stream *in, hst_error *err)
{
    channel sends = {.stream = out, .member = to}, takes = {.stream = in, .member = from};
    hst_status status = HST_OK;
    hst_patience p = {.grace = GRACE_SECONDS};

    sends.bytes = hst_row_memory_take(HST_TEAM_CHUNK_BYTES);
    takes.bytes = hst_row_memory_take(HST_TEAM_CHUNK_BYTES);
    if (!sends.bytes || !takes.bytes) {
        team->is_broken = true;
        status = hst_fail(err, HST_ERR_MEMORY, "no memory to send segments");
        goto done;
    }
    pthread_mutex_lock(&team->mutex);
    while (!(sends.has_ended && takes.has_ended) && status == HST_OK) {
        bool moved = push(team, &sends);

        if (pull(team, &takes) || moved) {
            p.nap_ns = 0;
        } else if (team->is_broken) {
            status = hst_team_broken(team, takes.has_ended ? to : from, err);
        } else if (!hst_team_wait_on(team, &p)) {
            status = hst_fail(err, HST_ERR_INTERRUPTED,
                              "interrupted while segments were sent; the next run goes on");
        }
    }
    pthread_mutex_unlock(&team->mutex);
    if (status == HST_OK && sends.status != HST_OK) {
        status = hst_fail(err, sends.status, "%s", sends.err.message);
    } else if (status == HST_OK && takes.status != HST_OK) {
        status = hst_fail(err, takes.status, "%s", takes.err.message);
    }

done:
    /* a letter on its way keeps its bytes: this run is at its end */
    if (!sends.letter) {
        hst_row_memory_free(sends.bytes, HST_TEAM_CHUNK_BYTES);
    }
    if (!takes.letter) {
        hst_row_memory_free(takes.bytes, HST_TEAM_CHUNK_BYTES);
    }
    return status;
}
