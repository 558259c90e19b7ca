/* Joining the processes that a launcher of MPI has started, and parting. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ingest/team_state.h"

/* What the leader of a broken team needs to say so, before another one ends. */
enum { LAST_WORDS_NS = 300 * 1000 * 1000 };

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
