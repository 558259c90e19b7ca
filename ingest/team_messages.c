/* Messages of a team that are waited for, and news that come while a member works or waits.
 *
 * Whoever waits does so by asking and sleeping, not in a call of MPI: that would turn a processor's
 * wheels for nothing, and would not see a signal. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hestia/ingest.h"
#include "ingest/team_state.h"

enum { LONGEST_NAP_NS = 2 * 1000 * 1000 };

static const double PROGRESS_SECONDS = 0.25; /* between two reports of a member */
/* How long a member that got a signal waits for the others: a launcher that ends a run kills a
 * second later, and the reason has to be told before. The others wait longer than the leader, who
 * may be waiting for one that has died, and then tells them. */
static const double LEADERS_GRACE_SECONDS = 0.4, GRACE_SECONDS = 0.8;

static double seconds_now(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

hst_status hst_team_broken(hst_team *team, size_t member, hst_error *err)
{
    team->is_broken = true;
    return hst_fail(err, HST_ERR_SYSTEM,
                    "process %zu of %zu (on %s) has died or does not answer; the launcher's own "
                    "message may say why (killed, or out of memory?). What was read stays in the "
                    "store: the next run goes on from there",
                    member + 1, team->size, team->hosts[member]);
}

bool hst_team_wait_on(hst_team *team, hst_patience *p)
{
    struct timespec nap = {0, p->nap_ns ? p->nap_ns : HST_TEAM_NAP_NS};

    hst_team_hear(team);
    if (hst_interrupt_requested() && !team->is_our_stop) {
        double now = seconds_now(), grace = p->grace;

        if (grace <= 0) {
            grace = team->number == 0 ? LEADERS_GRACE_SECONDS : GRACE_SECONDS;
        }
        p->signal_at = p->signal_at > 0 ? p->signal_at : now;
        if (now - p->signal_at > grace) {
            return false;
        }
    }
    nanosleep(&nap, NULL);
    p->nap_ns = nap.tv_nsec * 2 < LONGEST_NAP_NS ? nap.tv_nsec * 2 : LONGEST_NAP_NS;
    return true;
}

hst_status hst_team_wait_for_letter(hst_team *team, hst_letter *letter, size_t member,
                                    hst_error *err)
{
    hst_patience p = {0};

    for (;;) {
        int result = letter ? team->transport->test(letter) : -1;

        if (result > 0) {
            return HST_OK;
        }
        if (result < 0 || !hst_team_wait_on(team, &p)) {
            return hst_team_broken(team, member, err);
        }
    }
}

hst_status hst_team_wait_for_message(hst_team *team, size_t member, int tag, size_t *n,
                                     hst_error *err)
{
    hst_patience p = {0};
    int sender = 0;

    while (!team->transport->has_come((int)member, tag, &sender, n)) {
        if (!hst_team_wait_on(team, &p)) {
            return hst_team_broken(team, member, err);
        }
    }
    return HST_OK;
}

hst_status hst_team_send_all(hst_team *team, size_t to, int tag, const void *bytes, size_t n,
                             hst_error *err)
{
    hst_status status = HST_OK;

    for (size_t at = 0; at < n && status == HST_OK; at += HST_TEAM_CHUNK_BYTES) {
        size_t part = n - at < HST_TEAM_CHUNK_BYTES ? n - at : HST_TEAM_CHUNK_BYTES;

        status = hst_team_wait_for_letter(
            team, team->transport->send((int)to, tag, (const char *)bytes + at, part), to, err);
        team->n_sent += part;
    }
    return status;
}

hst_status hst_team_receive_all(hst_team *team, size_t from, int tag, void **out, uint64_t n,
                                hst_error *err)
{
    hst_status status = HST_OK;
    char *bytes = malloc(n + 1);

    *out = bytes;
    if (!bytes) {
        team->is_broken = true; /* what was sent cannot be left behind */
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %" PRIu64 " bytes of another process",
                        n);
    }
    bytes[n] = '\0';
    for (size_t at = 0; at < n && status == HST_OK;) {
        size_t part = 0;

        status = hst_team_wait_for_message(team, from, tag, &part, err);
        if (status == HST_OK && part > n - at) {
            status = hst_team_broken(team, from, err);
        }
        if (status == HST_OK) {
            status = hst_team_wait_for_letter(
                team, team->transport->receive((int)from, tag, bytes + at, part), from, err);
        }
        at += part;
    }
    return status;
}

/* ---- news between steps ---- */

/* Some member has failed: ends what this one works at. */
static void stop(hst_team *team)
{
    team->is_stopped = true;
    team->is_our_stop = !hst_interrupt_requested();
    hst_interrupt_request();
}

void hst_team_stop_all(hst_team *team)
{
    enum { PATIENCE = 1000 }; /* a small message that does not leave: its member is gone */
    const struct timespec nap = {0, HST_TEAM_NAP_NS};

    if (team->is_stopped || hst_interrupt_requested()) {
        return;
    }
    stop(team);
    for (size_t i = 1; i < team->size; i++) {
        hst_letter *letter =
            team->transport->send((int)i, HST_TAG_STOP, &team->turn, sizeof team->turn);

        for (int k = 0; letter && team->transport->test(letter) == 0 && k < PATIENCE; k++) {
            nanosleep(&nap, NULL);
        }
    }
}

/* Takes a small message of a fixed size, if one has come; false otherwise. */
static bool take_small(hst_team *team, int tag, size_t *from, void *bytes, size_t n)
{
    hst_letter *letter = NULL;
    int sender = 0, result = 0;
    size_t came = 0;

    if (team->is_broken || !team->transport->has_come(-1, tag, &sender, &came) || came != n) {
        return false;
    }
    *from = (size_t)sender;
    letter = team->transport->receive(sender, tag, bytes, n);
    while (letter && (result = team->transport->test(letter)) == 0) {
        /* it is there already; to sleep here would end up here again */
    }
    team->is_broken = !letter || result < 0;
    return !team->is_broken;
}

void hst_team_hear(hst_team *team)
{
    uint64_t number = 0, sum = 0;
    uint32_t turn = 0;
    size_t from = 0;
    hst_team_head h = {0};
    bool is_news = false;

    while (team->number != 0 && take_small(team, HST_TAG_STOP, &from, &turn, sizeof turn)) {
        if (turn == team->turn && !team->is_stopped) {
            stop(team);
        }
    }
    while (team->number == 0 && take_small(team, HST_TAG_PROGRESS, &from, &number, sizeof number)) {
        team->done[from] = number;
        is_news = true;
    }
    for (size_t i = 0; i < team->size; i++) {
        sum += team->done[i];
    }
    if (is_news && team->watch) {
        team->watch(team->watch_context, sum);
    }
    while (team->number == 0 && take_small(team, HST_TAG_HEAD, &from, &h, sizeof h)) {
        team->heads[from] = h;
        team->has_head[from] = true;
        if (h.status != HST_OK) {
            hst_team_stop_all(team);
        }
    }
}

uint64_t hst_team_progress(hst_team *team, uint64_t done)
{
    uint64_t sum = done;

    if (!team || pthread_mutex_trylock(&team->mutex) != 0) {
        return done;
    }
    team->done[team->number] = done;
    if (!team->is_broken) {
        hst_team_hear(team);
    }
    if (team->number != 0 && !team->is_broken) {
        double now = seconds_now();

        if (team->reporting && team->transport->test(team->reporting) != 0) {
            team->reporting = NULL;
        }
        if (!team->reporting && now - team->reported_at > PROGRESS_SECONDS) {
            team->report = done;
            team->reported_at = now;
            team->reporting =
                team->transport->send(0, HST_TAG_PROGRESS, &team->report, sizeof team->report);
        }
    } else {
        sum = 0;
        for (size_t i = 0; i < team->size; i++) {
            sum += team->done[i];
        }
    }
    pthread_mutex_unlock(&team->mutex);
    return sum;
}

void hst_team_watch(hst_team *team, void (*progress)(void *context, uint64_t done), void *context)
{
    if (team) {
        team->watch = progress;
        team->watch_context = context;
        memset(team->done, 0, team->size * sizeof *team->done);
    }
}
