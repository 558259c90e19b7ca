/* _GNU_SOURCE for dladdr and MAP_ANONYMOUS. */
#define _GNU_SOURCE
#include "tests/alloc/failing.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N_SLOTS = 1 << 20, N_PLACES = 1 << 20, MAX_REPORTS = 12 };

/* What one run left, in memory that its process shares with the one that waits for it. */
typedef struct outcome {
    int ended; /* how its process did, as waitpid says it */
    bool has_ended;
    hst_status status;
    size_t n_allocations, n_leaks;
    void *failed, *leaked; /* who asked for what failed, and for the first block not freed */
    uint64_t left;
    hst_error err;
} outcome;
static outcome *seen;
static void **places; /* [N_PLACES] who asked for each allocation of the run without failures */

/* Blocks that are held, by open addressing: the list itself must not allocate. */
static struct slot {
    void *block, *caller;
} slots[N_SLOTS];
static pthread_mutex_t slots_lock = PTHREAD_MUTEX_INITIALIZER;
static size_t n_seen, n_held, fail_at;
static bool is_on, fail_after;
static _Thread_local bool is_paused; /* in one thread, the others go on */

static size_t slot_of(const void *block)
{
    return (size_t)(((uintptr_t)block >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 44) % N_SLOTS;
}

void failing_begin(size_t n, bool and_after)
{
    n_seen = 0;
    fail_at = n;
    fail_after = and_after;
    is_on = true;
}

size_t failing_end(void)
{
    is_on = false;
    return n_seen;
}

bool failing_pause(void)
{
    bool was_on = !is_paused;

    is_paused = true;
    return was_on;
}

void failing_resume(bool was_on)
{
    is_paused = !was_on;
}

bool failing_is_on(void)
{
    return is_on && !is_paused;
}

bool failing_now(void *caller)
{
    bool fails = false;

    if (!failing_is_on()) {
        return false;
    }
    pthread_mutex_lock(&slots_lock);
    if (fail_at == 0 && n_seen < N_PLACES) {
        places[n_seen] = caller;
    }
    n_seen++;
    fails = fail_at > 0 && (n_seen == fail_at || (fail_after && n_seen > fail_at));
    pthread_mutex_unlock(&slots_lock);
    return fails;
}

void failing_got(void *block, void *caller)
{
    if (!failing_is_on()) {
        return;
    }
    pthread_mutex_lock(&slots_lock);
    if (!block && !seen->failed) {
        seen->failed = caller;
    }
    for (size_t i = slot_of(block); block; i = (i + 1) % N_SLOTS) {
        if (!slots[i].block) {
            slots[i] = (struct slot){block, caller};
            n_held++;
            break;
        }
    }
    pthread_mutex_unlock(&slots_lock);
}

void failing_gave(void *block)
{
    if (!is_on || !block) {
        return;
    }
    pthread_mutex_lock(&slots_lock);
    for (size_t i = slot_of(block); slots[i].block; i = (i + 1) % N_SLOTS) {
        if (slots[i].block == block) {
            size_t hole = i;

            /* Those behind move up, so that no search ends too early. */
            slots[i].block = NULL;
            n_held--;
            for (size_t k = (i + 1) % N_SLOTS; slots[k].block; k = (k + 1) % N_SLOTS) {
                size_t home = slot_of(slots[k].block);

                if ((k + N_SLOTS - home) % N_SLOTS >= (k + N_SLOTS - hole) % N_SLOTS) {
                    slots[hole] = slots[k];
                    slots[k].block = NULL;
                    hole = k;
                }
            }
            break;
        }
    }
    pthread_mutex_unlock(&slots_lock);
}

/* ---- one run in a process of its own ---- */

/* Of an address: file and offset, as addr2line takes them. */
static const char *place_of(void *address, char text[160])
{
    Dl_info info = {0};

    if (!address || !dladdr(address, &info)) {
        return "nowhere";
    }
    snprintf(text, 160, "%s %#tx %s", info.dli_fname, (char *)address - (char *)info.dli_fbase,
             info.dli_sname ? info.dli_sname : "");
    return text;
}

static void run_once(const failing_scenario *scenario, void *context, size_t n, bool and_after)
{
    failing_begin(n, and_after);
    seen->status = scenario->run(context, &seen->err);
    seen->n_allocations = failing_end();
    seen->n_leaks = n_held;
    for (size_t i = 0; n_held > 0 && !seen->leaked; i++) {
        seen->leaked = slots[i].block ? slots[i].caller : NULL;
    }
    seen->left = scenario->left ? scenario->left(context, seen->status) : 0;
    seen->has_ended = true;
}

/* Leaves its outcome in `seen`. */
static void run_apart(const failing_scenario *scenario, void *context, size_t n, bool and_after)
{
    pid_t child = 0;

    memset(seen, 0, sizeof *seen);
    fflush(NULL);
    child = fork();
    if (child == 0) {
        for (int s = 1; s < NSIG; s++) {
            signal(s, SIG_DFL); /* cmocka's handlers would hide how it ended */
        }
        run_once(scenario, context, n, and_after);
        _exit(0);
    }
    if (child < 0 || waitpid(child, &seen->ended, 0) != child) {
        perror("a process for a run");
        exit(1);
    }
}

/* What is wrong with the outcome; NULL: nothing. `expected` is what a success leaves. */
static const char *fault_of(const failing_scenario *scenario, uint64_t expected, char text[256])
{
    unsigned allowed = scenario->also | 1u << HST_ERR_MEMORY;
    char place[160];

    if (!seen->has_ended) {
        snprintf(text, 256, "ended by %s %d", WIFSIGNALED(seen->ended) ? "signal" : "exit",
                 WIFSIGNALED(seen->ended) ? WTERMSIG(seen->ended) : WEXITSTATUS(seen->ended));
        return text;
    }
    if (seen->n_leaks > 0) {
        snprintf(text, 256, "%zu blocks not freed, the first asked for at %s", seen->n_leaks,
                 place_of(seen->leaked, place));
        return text;
    }
    if (seen->status == HST_OK) {
        bool may_succeed = !seen->failed || failing_libraries || scenario->also & 1u;

        return !may_succeed ? "success" : seen->left != expected ? "another result" : NULL;
    }
    if (!failing_libraries && !(allowed & 1u << seen->status)) {
        snprintf(text, 256, "status %d", (int)seen->status);
        return text;
    }
    if (seen->err.message[0] == '\0') {
        return "no message";
    }
    return seen->left != 0 ? "something left behind" : NULL;
}

void failing_stop(const char *statement)
{
    fprintf(stderr, "not so: %s\n", statement);
    _exit(1);
}

/* True when this place in the code asked for an allocation before. */
static bool is_again(size_t n)
{
    size_t i = 0;

    while (i + 1 < n && n <= N_PLACES && places[i] != places[n - 1]) {
        i++;
    }
    return i + 1 < n;
}

static size_t run_all(const failing_scenario *scenario, void *context, size_t stride,
                      bool is_sparse)
{
    size_t n_wrong = 0, n_runs = 0, n_all = seen->n_allocations;
    uint64_t expected = seen->left;

    for (size_t n = 1; n <= n_all; n++) {
        bool is_run = n % stride == 0 || !is_again(n);

        for (int and_after = 0; is_run && and_after < 2; and_after++) {
            char fault[256], place[160];
            const char *wrong = NULL;

            if (is_sparse && n % 2 != (size_t)and_after) {
                continue;
            }
            n_runs++;
            run_apart(scenario, context, n, and_after != 0);
            wrong = fault_of(scenario, expected, fault);
            if (wrong && n_wrong++ < MAX_REPORTS) {
                fprintf(stderr, "%s: allocation %zu%s, asked for at %s: %s: %s\n", scenario->name,
                        n, and_after ? " and all after" : "", place_of(seen->failed, place), wrong,
                        seen->err.message);
            }
        }
    }
    printf("%s: %zu allocations, %zu runs, %zu wrong\n", scenario->name, n_all, n_runs, n_wrong);
    return n_wrong;
}

static void *share(size_t n_bytes)
{
    void *memory = mmap(NULL, n_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED) {
        perror("memory to share");
        exit(1);
    }
    return memory;
}

size_t failing_in_turn(const failing_scenario *scenario, void *context)
{
    const char *text = getenv("HESTIA_ALLOC_STRIDE");
    size_t stride = text ? strtoul(text, NULL, 10) : scenario->stride, n_wrong = 1;
    bool is_sparse = FAILING_SPARSE && !text;
    char fault[256];

    seen = share(sizeof *seen);
    places = share(N_PLACES * sizeof *places);
    run_apart(scenario, context, 0, false);
    if (seen->status != HST_OK || fault_of(scenario, seen->left, fault)) {
        fprintf(stderr, "%s, without any failure: status %d, %s: %s\n", scenario->name,
                (int)seen->status, fault_of(scenario, seen->left, fault), seen->err.message);
    } else {
        n_wrong = run_all(scenario, context, stride > 0 ? stride : 1, is_sparse);
    }
    munmap(places, N_PLACES * sizeof *places);
    munmap(seen, sizeof *seen);
    return n_wrong;
}
