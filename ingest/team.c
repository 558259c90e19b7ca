/*
 * The processes of one run. All that passes between them is one kind of step: each member sends the
 * leader how it fares and what it has, and the leader answers all with how the step ended and what
 * they get. So a member that fails early, at whatever step, is heard at the step of the others.
 *
 * Whoever waits does so by asking and sleeping, not in a call of MPI: that would turn a processor's
 * wheels for nothing, and would not see a signal.
 */
#include "hestia/team.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "hestia/ingest.h"
#include "hestia/row_memory.h"
#include "ingest/team_internal.h"

enum { TAG_HEAD = 1, TAG_BODY, TAG_ANSWER, TAG_ANSWER_BODY, TAG_PROGRESS, TAG_STOP, TAG_STREAM };

enum {
    CHUNK_BYTES = 4 * 1024 * 1024,
    SHORTEST_NAP_NS = 20 * 1000,
    LONGEST_NAP_NS = 2 * 1000 * 1000,
};

static const double PROGRESS_SECONDS = 0.25; /* between two reports of a member */
/* How long a member that got a signal waits for the others: a launcher that ends a run kills a
 * second later, and the reason has to be told before. The others wait longer than the leader, who
 * may be waiting for one that has died, and then tells them. Streams are given up
 * before that: who is at one waits for a neighbour, who need not be the one that has died. */
static const double LEADERS_GRACE_SECONDS = 0.4, GRACE_SECONDS = 0.8, STREAM_GRACE_SECONDS = 0.2;
/* What the leader of a broken team needs to say so, before another one ends. */
enum { LAST_WORDS_NS = 300 * 1000 * 1000 };

typedef struct head {
    uint32_t turn, status;
    uint64_t is_last; /* of the leader, who has lost somebody: no more messages */
    uint64_t name;    /* of the step */
    uint64_t n;       /* bytes that follow: of the member, or the reason of its failure */
} head;

struct hst_team {
    const hst_transport *transport;
    size_t number, size;
    char (*hosts)[HST_TEAM_HOST_BYTES]; /* [size] */
    uint32_t turn;                      /* steps so far */
    head *heads;                        /* [size] the leader: of this turn */
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

static double seconds_now(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static hst_status broken(hst_team *team, size_t member, hst_error *err)
{
    team->is_broken = true;
    return hst_fail(err, HST_ERR_SYSTEM,
                    "process %zu of %zu (on %s) has died or does not answer; the launcher's own "
                    "message may say why (killed, or out of memory?). What was read stays in the "
                    "store: the next run goes on from there",
                    member + 1, team->size, team->hosts[member]);
}

/* ---- waiting ---- */

static void hear(hst_team *team);

/* One look of somebody who waits. */
typedef struct patience {
    long nap_ns;
    double grace;     /* seconds after a signal; 0: as long as is usual */
    double signal_at; /* 0: no signal yet */
} patience;

/* Sleeps a little. False when a signal has come and those we wait for had their time. */
static bool wait_on(hst_team *team, patience *p)
{
    struct timespec nap = {0, p->nap_ns ? p->nap_ns : SHORTEST_NAP_NS};

    hear(team);
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

/* Waits until a letter has arrived at `member`, or from there. */
static hst_status wait_for_letter(hst_team *team, hst_letter *letter, size_t member, hst_error *err)
{
    patience p = {0};

    for (;;) {
        int result = letter ? team->transport->test(letter) : -1;

        if (result > 0) {
            return HST_OK;
        }
        if (result < 0 || !wait_on(team, &p)) {
            return broken(team, member, err);
        }
    }
}

/* Waits until a message has come from `member`, and for its size. */
static hst_status wait_for_message(hst_team *team, size_t member, int tag, size_t *n,
                                   hst_error *err)
{
    patience p = {0};
    int sender = 0;

    while (!team->transport->has_come((int)member, tag, &sender, n)) {
        if (!wait_on(team, &p)) {
            return broken(team, member, err);
        }
    }
    return HST_OK;
}

static hst_status send_all(hst_team *team, size_t to, int tag, const void *bytes, size_t n,
                           hst_error *err)
{
    hst_status status = HST_OK;

    for (size_t at = 0; at < n && status == HST_OK; at += CHUNK_BYTES) {
        size_t part = n - at < CHUNK_BYTES ? n - at : CHUNK_BYTES;

        status = wait_for_letter(
            team, team->transport->send((int)to, tag, (const char *)bytes + at, part), to, err);
        team->n_sent += part;
    }
    return status;
}

/* Takes n bytes that come in chunks; `*out` is the caller's, with a NUL behind. */
static hst_status receive_all(hst_team *team, size_t from, int tag, void **out, uint64_t n,
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

        status = wait_for_message(team, from, tag, &part, err);
        if (status == HST_OK && part > n - at) {
            status = broken(team, from, err);
        }
        if (status == HST_OK) {
            status = wait_for_letter(
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

/* Ends the work of all members; after a signal, which who started us has sent to all, none is told:
 * some may be gone, and Open MPI ends who sends to a host that has. */
static void stop_all(hst_team *team)
{
    enum { PATIENCE = 1000 }; /* a small message that does not leave: its member is gone */
    const struct timespec nap = {0, SHORTEST_NAP_NS};

    if (team->is_stopped || hst_interrupt_requested()) {
        return;
    }
    stop(team);
    for (size_t i = 1; i < team->size; i++) {
        hst_letter *letter =
            team->transport->send((int)i, TAG_STOP, &team->turn, sizeof team->turn);

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

/* Takes what members tell while they, or we, work. */
static void hear(hst_team *team)
{
    uint64_t number = 0, sum = 0;
    uint32_t turn = 0;
    size_t from = 0;
    head h = {0};
    bool is_news = false;

    while (team->number != 0 && take_small(team, TAG_STOP, &from, &turn, sizeof turn)) {
        if (turn == team->turn && !team->is_stopped) {
            stop(team);
        }
    }
    while (team->number == 0 && take_small(team, TAG_PROGRESS, &from, &number, sizeof number)) {
        team->done[from] = number;
        is_news = true;
    }
    for (size_t i = 0; i < team->size; i++) {
        sum += team->done[i];
    }
    if (is_news && team->watch) {
        team->watch(team->watch_context, sum);
    }
    while (team->number == 0 && take_small(team, TAG_HEAD, &from, &h, sizeof h)) {
        team->heads[from] = h;
        team->has_head[from] = true;
        if (h.status != HST_OK) {
            stop_all(team);
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
        hear(team);
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
                team->transport->send(0, TAG_PROGRESS, &team->report, sizeof team->report);
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

/* ---- steps ---- */

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
    patience p = {0};
    hst_status status = HST_OK;
    hst_error reason = {0};
    void *bytes = NULL;
    const head *h = &team->heads[member];

    while (!team->has_head[member]) {
        if (team->is_broken || !wait_on(team, &p)) {
            return broken(team, member, err);
        }
    }
    team->has_head[member] = false;
    status = receive_all(team, member, TAG_BODY, &bytes, h->n, err);
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
static hst_status answer_all(hst_team *team, const head *answer, const void *bytes, hst_error *err)
{
    hst_status status = HST_OK;

    for (size_t i = 1; i < team->size && status == HST_OK; i++) {
        status = send_all(team, i, TAG_ANSWER, answer, sizeof *answer, err);
        if (status == HST_OK) {
            status = send_all(team, i, TAG_ANSWER_BODY, bytes, answer->n, err);
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
static void tell_of_break(const hst_team *team, size_t lost, const head *answer, const char *reason)
{
    enum { PATIENCE = 50 };
    const struct timespec nap = {0, SHORTEST_NAP_NS};

    for (size_t i = 1; i < team->size; i++) {
        hst_letter *letters[2] = {NULL, NULL};

        if (i < lost || (i > lost && team->has_head[i])) {
            letters[0] = team->transport->send((int)i, TAG_ANSWER, answer, sizeof *answer);
            letters[1] = team->transport->send((int)i, TAG_ANSWER_BODY, reason, answer->n);
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
    head answer = {.turn = team->turn, .name = hash_name(step->name)};

    note(&o, own, err ? err->message : "");
    if (own != HST_OK) {
        stop_all(team);
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
    head h = {.turn = team->turn, .status = (uint32_t)own, .name = hash_name(step->name)};
    const char *reason = own != HST_OK && err ? err->message : "";
    const void *bytes = own == HST_OK ? step->bytes : reason;
    hst_status status = HST_OK;
    void *answer = NULL;
    size_t n = 0;

    h.n = own == HST_OK ? step->n : strlen(reason);
    status = send_all(team, 0, TAG_HEAD, &h, sizeof h, err);
    if (status == HST_OK) {
        status = send_all(team, 0, TAG_BODY, bytes, h.n, err);
    }
    if (status == HST_OK) {
        status = wait_for_message(team, 0, TAG_ANSWER, &n, err);
    }
    if (status == HST_OK) {
        status = n == sizeof h
                     ? wait_for_letter(team, team->transport->receive(0, TAG_ANSWER, &h, sizeof h),
                                       0, err)
                     : broken(team, 0, err);
    }
    if (status == HST_OK) {
        status = receive_all(team, 0, TAG_ANSWER_BODY, &answer, h.n, err);
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
        hear(team); /* an order to stop that came late */
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

/* ---- what is made of steps ---- */

/* All parts one after another, each with its size in front. */
typedef struct gathering {
    hst_team_parts *parts;
    size_t size;
    char *bytes;
    size_t n;
    const void *own;
    size_t n_own;
} gathering;

static hst_status append_part(gathering *g, const void *bytes, size_t n, hst_error *err)
{
    const uint64_t size = n;
    char *grown = realloc(g->bytes, g->n + sizeof size + n);

    if (!grown) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for what the processes of this run say");
    }
    g->bytes = grown;
    memcpy(g->bytes + g->n, &size, sizeof size);
    if (n > 0) {
        memcpy(g->bytes + g->n + sizeof size, bytes, n);
    }
    g->n += sizeof size + n;
    return HST_OK;
}

static hst_status split_parts(gathering *g, hst_error *err)
{
    size_t at = 0;

    g->parts->items = calloc(g->size, sizeof *g->parts->items);
    g->parts->memory = g->bytes;
    g->bytes = NULL;
    if (!g->parts->items) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for what the processes of this run say");
    }
    for (; g->parts->n < g->size; g->parts->n++) {
        uint64_t size = 0;

        if (g->n - at < sizeof size) {
            return hst_fail(err, HST_ERR_SYSTEM, "a message of another process was cut short");
        }
        memcpy(&size, (char *)g->parts->memory + at, sizeof size);
        at += sizeof size;
        if (g->n - at < size) {
            return hst_fail(err, HST_ERR_SYSTEM, "a message of another process was cut short");
        }
        g->parts->items[g->parts->n].bytes = (unsigned char *)g->parts->memory + at;
        g->parts->items[g->parts->n].n = size;
        at += size;
    }
    return HST_OK;
}

static hst_status take_part(void *context, size_t member, const void *bytes, size_t n,
                            hst_error *err)
{
    gathering *g = context;
    hst_status status = member == 1 ? append_part(g, g->own, g->n_own, err) : HST_OK;

    return status == HST_OK ? append_part(g, bytes, n, err) : status;
}

static hst_status give_parts(void *context, void **bytes, size_t *n, hst_error *err)
{
    gathering *g = context;

    *n = g->n;
    *bytes = malloc(g->n);
    if (!*bytes) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for what the processes of this run say");
    }
    memcpy(*bytes, g->bytes, g->n);
    return split_parts(g, err);
}

static hst_status accept_parts(void *context, const void *bytes, size_t n, hst_error *err)
{
    gathering *g = context;

    g->bytes = malloc(n + 1);
    if (!g->bytes) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for what the processes of this run say");
    }
    memcpy(g->bytes, bytes, n);
    g->n = n;
    return split_parts(g, err);
}

hst_status hst_team_gather(hst_team_parts *out, hst_team *team, const char *name, const void *bytes,
                           size_t n, hst_error *err)
{
    gathering g = {.parts = out, .size = hst_team_size(team), .own = bytes, .n_own = n};
    const hst_team_step step = {.name = name,
                                .bytes = bytes,
                                .n = n,
                                .context = &g,
                                .take = take_part,
                                .give = give_parts,
                                .accept = accept_parts};
    hst_status status = HST_OK;

    *out = (hst_team_parts){0};
    if (team) {
        status = do_step(team, &step, HST_OK, err);
    } else {
        status = append_part(&g, bytes, n, err);
        status = status == HST_OK ? split_parts(&g, err) : status;
    }
    free(g.bytes);
    if (status != HST_OK) {
        hst_team_parts_clear(out);
    }
    return status;
}

void hst_team_parts_clear(hst_team_parts *parts)
{
    free(parts->items);
    free(parts->memory);
    *parts = (hst_team_parts){0};
}

typedef struct sharing {
    void *bytes;
    size_t n;
} sharing;

static hst_status give_copy(void *context, void **bytes, size_t *n, hst_error *err)
{
    const sharing *s = context;

    *n = s->n;
    *bytes = malloc(s->n + 1);
    if (!*bytes) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory to share %zu bytes", s->n);
    }
    memcpy(*bytes, s->bytes, s->n);
    return HST_OK;
}

static hst_status accept_copy(void *context, const void *bytes, size_t n, hst_error *err)
{
    const sharing *s = context;

    if (n != s->n) {
        return hst_fail(err, HST_ERR_SYSTEM, "a message of another process has another size");
    }
    memcpy(s->bytes, bytes, n);
    return HST_OK;
}

hst_status hst_team_share(hst_team *team, const char *name, void *bytes, size_t n, hst_error *err)
{
    sharing s = {bytes, n};
    const hst_team_step step = {
        .name = name, .context = &s, .give = give_copy, .accept = accept_copy};

    return hst_team_do(team, &step, err);
}

/* ---- streams ---- */

/* One direction of a swap. */
typedef struct channel {
    const hst_team_stream *stream;
    size_t member;
    void *bytes; /* [CHUNK_BYTES] row memory: segments are people */
    size_t n;
    hst_letter *letter;
    bool has_ended;
    hst_status status;
    hst_error err;
} channel;

/* Goes on where it can; true when something moved. */
static bool push(hst_team *team, channel *c)
{
    if (c->has_ended) {
        return false;
    }
    if (c->letter) {
        int result = team->transport->test(c->letter);

        if (result != 0) {
            c->letter = NULL;
            c->has_ended = c->n == 0 || result < 0;
            team->is_broken |= result < 0;
        }
        return result != 0;
    }
    c->n = 0;
    if (c->status == HST_OK) {
        c->status = c->stream->give(c->stream->context, c->bytes, CHUNK_BYTES, &c->n, &c->err);
        c->n = c->status == HST_OK ? c->n : 0;
    }
    c->letter = team->transport->send((int)c->member, TAG_STREAM, c->bytes, c->n);
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
        int result = team->transport->test(c->letter);

        if (result != 0) {
            c->letter = NULL;
            c->has_ended = c->n == 0 || result < 0;
            team->is_broken |= result < 0;
        }
        if (result > 0 && c->n > 0 && c->status == HST_OK) {
            c->status = c->stream->take(c->stream->context, c->bytes, c->n, &c->err);
        }
        return result != 0;
    }
    if (!team->transport->has_come((int)c->member, TAG_STREAM, &sender, &c->n) ||
        c->n > CHUNK_BYTES) {
        return false;
    }
    c->letter = team->transport->receive((int)c->member, TAG_STREAM, c->bytes, c->n);
    team->is_broken |= !c->letter;
    return true;
}

hst_status hst_team_swap(hst_team *team, size_t to, const hst_team_stream *out, size_t from,
                         const hst_team_stream *in, hst_error *err)
{
    channel sends = {.stream = out, .member = to}, takes = {.stream = in, .member = from};
    hst_status status = HST_OK;
    patience p = {.grace = STREAM_GRACE_SECONDS};

    sends.bytes = hst_row_memory_take(CHUNK_BYTES);
    takes.bytes = hst_row_memory_take(CHUNK_BYTES);
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
            status = broken(team, takes.has_ended ? to : from, err);
        } else if (!wait_on(team, &p)) {
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
        hst_row_memory_free(sends.bytes, CHUNK_BYTES);
    }
    if (!takes.letter) {
        hst_row_memory_free(takes.bytes, CHUNK_BYTES);
    }
    return status;
}

/* ---- joining ---- */

/* True when a launcher of MPI has started this process: Open MPI's own, or one that speaks PMI
 * (srun, MPICH's), with more than one process. */
static bool is_launched(void)
{
    static const char *const sizes[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const char *size = getenv(sizes[i]);

        /* a step of Slurm without MPI (a batch script) is no team */
        if (size && strtol(size, NULL, 10) > 1 &&
            (i < 2 || getenv("PMIX_RANK") || getenv("PMI_RANK"))) {
            return true;
        }
    }
    return false;
}

/* The module stands in ../lib/hestia as seen from the program: installed, and where it is built. */
static const hst_transport *load_transport(hst_error *err)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    const hst_transport *(*function)(void) = NULL;
    void *module = NULL;
    char *end = NULL;

    path[n > 0 ? n : 0] = '\0';
    end = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    snprintf(end, sizeof path - (size_t)(end - path), "../lib/hestia/%s", HST_TRANSPORT_MODULE);
    if (access(path, F_OK) == 0) {
        module = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
        if (!module) {
            hst_fail(err, HST_ERR_SYSTEM, "%s cannot be loaded: %s", path, dlerror());
            return NULL;
        }
        *(void **)(void *)&function = dlsym(module, HST_TRANSPORT_FUNCTION);
    }
    if (!function || function()->version != HST_TRANSPORT_VERSION) {
        hst_fail(err, HST_ERR_USAGE,
                 "one of several processes that MPI has started, but this hestia has no MPI: "
                 "%s is missing or of another version; build it where MPI is installed, or run it "
                 "alone",
                 path);
        return NULL;
    }
    return function();
}

static hst_status learn_hosts(hst_team *team, const char *host, hst_error *err)
{
    hst_team_parts parts;
    hst_status status = hst_team_gather(&parts, team, "hosts", host, strlen(host) + 1, err);

    for (size_t i = 0; status == HST_OK && i < parts.n; i++) {
        snprintf(team->hosts[i], sizeof team->hosts[i], "%.*s", (int)parts.items[i].n,
                 (const char *)parts.items[i].bytes);
    }
    if (status == HST_OK) {
        hst_team_parts_clear(&parts);
    }
    return status;
}

static void free_team(hst_team *team)
{
    if (team) {
        pthread_mutex_destroy(&team->mutex);
        free(team->hosts);
        free(team->heads);
        free(team->has_head);
        free(team->done);
        free(team);
    }
}

hst_status hst_team_join(hst_team **out, hst_error *err)
{
    hst_status status = HST_OK;
    char host[HST_TEAM_HOST_BYTES] = "", reason[128] = "";
    int number = 0, size = 0;
    const hst_transport *transport = NULL;
    hst_team *team = NULL;

    *out = NULL;
    if (!is_launched()) {
        return HST_OK;
    }
    transport = load_transport(err);
    if (!transport) {
        return HST_ERR_USAGE;
    }
    if (!transport->start(&number, &size, host, reason, sizeof reason)) {
        return hst_fail(err, HST_ERR_SYSTEM, "%s", reason);
    }
    if (size == 1) { /* each of them would do everything */
        transport->finish();
        return hst_fail(err, HST_ERR_USAGE,
                        "one of several processes that MPI has started, but this hestia finds no "
                        "other: it was built with another MPI than the launcher's");
    }
    team = calloc(1, sizeof *team);
    if (team) {
        team->transport = transport;
        team->number = (size_t)number;
        team->size = (size_t)size;
        pthread_mutex_init(&team->mutex, NULL);
        team->hosts = calloc(team->size, sizeof *team->hosts);
        team->heads = calloc(team->size, sizeof *team->heads);
        team->has_head = calloc(team->size, sizeof *team->has_head);
        team->done = calloc(team->size, sizeof *team->done);
    }
    if (!team || !team->hosts || !team->heads || !team->has_head || !team->done) {
        free_team(team);
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a team of %d processes", size);
    }
    status = learn_hosts(team, host, err);
    if (status != HST_OK) {
        hst_team_leave(team);
        return status;
    }
    *out = team;
    return HST_OK;
}

void hst_team_leave(hst_team *team)
{
    const struct timespec nap = {0, LAST_WORDS_NS};

    if (team && !team->is_broken) {
        team->transport->finish();
    } else if (hst_team_is_told_of(team)) {
        nanosleep(&nap, NULL); /* Open MPI's launcher kills all as soon as another one has ended */
    }
    free_team(team);
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
