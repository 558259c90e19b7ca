/*
 * The processes of one run. All that passes between them is one kind of step: each member sends the
 * leader how it fares and what it has, and the leader answers all with how the step ended and what
 * they get. So a member that fails early, at whatever step, is heard at the step of the others.
 */
#include "hestia/team.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "hestia/ingest.h"
#include "ingest/team_state.h"

static uint64_t hash_name(const char *name)
{
    uint64_t hash = 0xCBF29CE484222325u; /* FNV-1a */

    for (; *name; name++) {
        hash = (hash ^ (unsigned char)*name) * 0x100000001B3u;
    }
    return hash;
}

/* How a step has ended so far: the failure of the first member counts, an interruption only where
 * nobody has a better reason. */
typedef struct outcome {
    hst_status status;
    hst_error err;
} outcome;

static void note(outcome *o, hst_status status, const char *message)
{
    if (status != HST_OK && (o->status == HST_OK ||
                             (o->status == HST_ERR_INTERRUPTED && status != HST_ERR_INTERRUPTED))) {
        o->status = status;
        snprintf(o->err.message, sizeof o->err.message, "%s", message);
    }
}

/* The failure of another member, and whose it is. */
static void note_of(outcome *o, const hst_team *team, size_t member, hst_status status,
                    const char *message)
{
    char text[sizeof o->err.message];
    size_t used = (size_t)snprintf(text, sizeof text, "%s", message);

    if (used < sizeof text) {
        snprintf(text + used, sizeof text - used, " (process %zu of %zu, on %s)", member + 1,
                 team->size, team->hosts[member]);
    }
    note(o, status, text);
}

/* The leader hears one member out. Only messages that do not come are a failure here. */
static hst_status hear_out(hst_team *team, const hst_team_step *step, size_t member, outcome *o,
                           hst_error *err)
{
    hst_patience p = {0};
    hst_status status = HST_OK;
    hst_error reason = {0};
    void *bytes = NULL;
    const hst_team_head *h = &team->heads[member];

    while (!team->has_head[member]) {
        if (team->is_broken || !hst_team_wait_on(team, &p)) {
            return hst_team_broken(team, member, err);
        }
    }
    team->has_head[member] = false;
    status = hst_team_receive_all(team, member, HST_TAG_BODY, &bytes, h->n, err);
    if (status == HST_OK && h->status != HST_OK) {
        note_of(o, team, member, (hst_status)h->status, bytes);
    } else if (status == HST_OK && (h->turn != team->turn || h->name != hash_name(step->name))) {
        note_of(o, team, member, HST_ERR_SYSTEM,
                "the processes of this run do not do the same: are program, study and tables the "
                "same on all hosts?");
    } else if (status == HST_OK && o->status == HST_OK && step->take) {
        hst_status taken = step->take(step->context, member, bytes, h->n, &reason);

        note(o, taken, reason.message);
    }
    free(bytes);
    return status;
}

/* Tells all others how a step has ended. */
static hst_status answer_all(hst_team *team, const hst_team_head *answer, const void *bytes,
                             hst_error *err)
{
    hst_status status = HST_OK;

    for (size_t i = 1; i < team->size && status == HST_OK; i++) {
        status = hst_team_send_all(team, i, HST_TAG_ANSWER, answer, sizeof *answer, err);
        if (status == HST_OK) {
            status = hst_team_send_all(team, i, HST_TAG_ANSWER_BODY, bytes, answer->n, err);
        }
    }
    return status;
}

/* Frees what a step has given: it may be the store's key. */
static void forget(void *bytes, size_t n)
{
    if (bytes) {
        sodium_memzero(bytes, n);
    }
    free(bytes);
}

/* Somebody does not answer: tells those that did, who would take the leader for the one that died.
 * No message to the others (see stop_all). */
static void tell_of_break(const hst_team *team, size_t lost, const hst_team_head *answer,
                          const char *reason)
{
    enum { PATIENCE = 50 };
    const struct timespec nap = {0, HST_TEAM_NAP_NS};

    for (size_t i = 1; i < team->size; i++) {
        hst_letter *letters[2] = {NULL, NULL};

        if (i < lost || (i > lost && team->has_head[i])) {
            letters[0] = team->transport->send((int)i, HST_TAG_ANSWER, answer, sizeof *answer);
            letters[1] = team->transport->send((int)i, HST_TAG_ANSWER_BODY, reason, answer->n);
        }
        for (size_t k = 0; k < 2; k++) {
            for (int p = 0; letters[k] && team->transport->test(letters[k]) == 0 && p < PATIENCE;
                 p++) {
                nanosleep(&nap, NULL);
            }
        }
    }
}

static hst_status lead(hst_team *team, const hst_team_step *step, hst_status own, hst_error *err)
{
    outcome o = {HST_OK, {{0}}};
    hst_status status = HST_OK;
    hst_error reason = {0};
    void *bytes = NULL;
    size_t n = 0, lost = 0;
    hst_team_head answer = {.turn = team->turn, .name = hash_name(step->name)};

    note(&o, own, err ? err->message : "");
    if (own != HST_OK) {
        hst_team_stop_all(team);
    }
    for (size_t i = 1; i < team->size && status == HST_OK; i++) {
        status = hear_out(team, step, i, &o, &reason);
        lost = i;
    }
    if (status != HST_OK) {
        note(&o, status, reason.message);
        answer.status = (uint32_t)o.status;
        answer.is_last = 1;
        answer.n = strlen(o.err.message);
        tell_of_break(team, lost, &answer, o.err.message);
        return hst_fail(err, o.status, "%s", o.err.message);
    }
    if (o.status == HST_OK && step->give) {
        note(&o, step->give(step->context, &bytes, &n, &reason), reason.message);
    }
    answer.status = (uint32_t)o.status;
    answer.n = o.status == HST_OK ? n : strlen(o.err.message);
    status = answer_all(team, &answer, o.status == HST_OK ? bytes : o.err.message, err);
    forget(bytes, n);
    return status == HST_OK && o.status != HST_OK ? hst_fail(err, o.status, "%s", o.err.message)
                                                  : status;
}

static hst_status follow(hst_team *team, const hst_team_step *step, hst_status own, hst_error *err)
{
    hst_team_head h = {.turn = team->turn, .status = (uint32_t)own, .name = hash_name(step->name)};
    const char *reason = own != HST_OK && err ? err->message : "";
    const void *bytes = own == HST_OK ? step->bytes : reason;
    hst_status status = HST_OK;
    void *answer = NULL;
    size_t n = 0;

    h.n = own == HST_OK ? step->n : strlen(reason);
    status = hst_team_send_all(team, 0, HST_TAG_HEAD, &h, sizeof h, err);
    if (status == HST_OK) {
        status = hst_team_send_all(team, 0, HST_TAG_BODY, bytes, h.n, err);
    }
    if (status == HST_OK) {
        status = hst_team_wait_for_message(team, 0, HST_TAG_ANSWER, &n, err);
    }
    if (status == HST_OK) {
        status = n == sizeof h
                     ? hst_team_wait_for_letter(
                           team, team->transport->receive(0, HST_TAG_ANSWER, &h, sizeof h), 0, err)
                     : hst_team_broken(team, 0, err);
    }
    if (status == HST_OK) {
        status = hst_team_receive_all(team, 0, HST_TAG_ANSWER_BODY, &answer, h.n, err);
    }
    if (status == HST_OK && h.status != HST_OK) {
        team->has_failed = true;
        team->is_broken = h.is_last != 0;
        status = hst_fail(err, (hst_status)h.status, "%s", (const char *)answer);
    } else if (status == HST_OK && step->accept) {
        status = step->accept(step->context, answer, h.n, err);
    }
    forget(answer, answer ? h.n : 0);
    return status;
}

static hst_status do_step(hst_team *team, const hst_team_step *step, hst_status own, hst_error *err)
{
    hst_status status = HST_OK;

    if (team->is_broken) {
        return own != HST_OK ? own
                             : hst_fail(err, HST_ERR_SYSTEM,
                                        "the processes of this run have lost "
                                        "each other");
    }
    pthread_mutex_lock(&team->mutex);
    team->turn++;
    team->has_failed = false;
    if (team->number == 0) {
        status = lead(team, step, own, err);
        team->has_failed = status != HST_OK;
    } else {
        status = follow(team, step, own, err);
    }
    if (team->has_failed && !team->is_broken) {
        hst_team_hear(team); /* an order to stop that came late */
        if (team->is_our_stop) {
            hst_interrupt_withdraw();
        }
        team->is_stopped = team->is_our_stop = false;
    }
    pthread_mutex_unlock(&team->mutex);
    return status;
}

hst_status hst_team_do(hst_team *team, const hst_team_step *step, hst_error *err)
{
    return team ? do_step(team, step, HST_OK, err) : HST_OK;
}

hst_status hst_team_agree(hst_team *team, const char *name, hst_status own, hst_error *err)
{
    const hst_team_step step = {.name = name};

    return !team || (own != HST_OK && team->has_failed) ? own : do_step(team, &step, own, err);
}

void hst_team_begin_again(hst_team *team)
{
    if (team) {
        team->has_failed = false;
    }
}

size_t hst_team_number(const hst_team *team)
{
    return team ? team->number : 0;
}

size_t hst_team_size(const hst_team *team)
{
    return team ? team->size : 1;
}

const char *hst_team_host(const hst_team *team, size_t member)
{
    return team ? team->hosts[member] : "";
}

uint64_t hst_team_bytes_sent(const hst_team *team)
{
    return team ? team->n_sent : 0;
}

bool hst_team_is_told_of(const hst_team *team)
{
    return team && team->number != 0 && team->has_failed;
}
