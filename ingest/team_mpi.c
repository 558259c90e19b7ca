/* Messages by MPI. The only file that knows of it; a module of its own (see team_join.c). */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mpi.h>

#include "ingest/team_internal.h"

struct hst_letter {
    MPI_Request request;
};

static MPI_Comm everybody = MPI_COMM_NULL; /* apart from what other libraries may send */

static bool start(int *number, int *size, char host[HST_TEAM_HOST_BYTES], char *reason, size_t room)
{
    char name[MPI_MAX_PROCESSOR_NAME] = "";
    int given = 0, length = 0;

    /* Open MPI would have processes of a host read each other's memory, which those that hold rows
     * do not allow (PR_SET_DUMPABLE). */
    setenv("OMPI_MCA_btl_vader_single_copy_mechanism", "none", 0);
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &given) != MPI_SUCCESS ||
        MPI_Comm_dup(MPI_COMM_WORLD, &everybody) != MPI_SUCCESS) {
        snprintf(reason, room, "MPI cannot be started");
        return false;
    }
    MPI_Comm_set_errhandler(everybody, MPI_ERRORS_RETURN);
    MPI_Comm_rank(everybody, number);
    MPI_Comm_size(everybody, size);
    MPI_Get_processor_name(name, &length);
    snprintf(host, HST_TEAM_HOST_BYTES, "%.*s", HST_TEAM_HOST_BYTES - 1, name);
    if (given < MPI_THREAD_SERIALIZED) {
        snprintf(reason, room, "this MPI cannot be used by programs with threads");
        return false;
    }
    return true;
}

/* A letter whose request the call that begins it has filled. */
static hst_letter *begin(int result, hst_letter *letter)
{
    if (result != MPI_SUCCESS) {
        free(letter);
        return NULL;
    }
    return letter;
}

static hst_letter *send_bytes(int to, int tag, const void *bytes, size_t n)
{
    hst_letter *letter = n > INT_MAX ? NULL : malloc(sizeof *letter);

    return letter ? begin(MPI_Isend(bytes, (int)n, MPI_BYTE, to, tag, everybody, &letter->request),
                          letter)
                  : NULL;
}

static bool has_come(int from, int tag, int *sender, size_t *n)
{
    MPI_Status status;
    int is_there = 0, count = 0;

    if (MPI_Iprobe(from < 0 ? MPI_ANY_SOURCE : from, tag, everybody, &is_there, &status) !=
            MPI_SUCCESS ||
        !is_there || MPI_Get_count(&status, MPI_BYTE, &count) != MPI_SUCCESS || count < 0) {
        return false;
    }
    *sender = status.MPI_SOURCE;
    *n = (size_t)count;
    return true;
}

static hst_letter *receive(int from, int tag, void *bytes, size_t n)
{
    hst_letter *letter = n > INT_MAX ? NULL : malloc(sizeof *letter);

    return letter
               ? begin(MPI_Irecv(bytes, (int)n, MPI_BYTE, from, tag, everybody, &letter->request),
                       letter)
               : NULL;
}

static int test(hst_letter *letter)
{
    int is_done = 0;
    int result = MPI_Test(&letter->request, &is_done, MPI_STATUS_IGNORE);

    if (result == MPI_SUCCESS && !is_done) {
        return 0;
    }
    free(letter);
    return result == MPI_SUCCESS ? 1 : -1;
}

static void finish(void)
{
    MPI_Comm_free(&everybody);
    MPI_Finalize();
}

const hst_transport *hst_transport_of_mpi(void)
{
    static const hst_transport transport = {.version = HST_TRANSPORT_VERSION,
                                            .start = start,
                                            .send = send_bytes,
                                            .has_come = has_come,
                                            .receive = receive,
                                            .test = test,
                                            .finish = finish};

    return &transport;
}
