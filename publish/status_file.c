/* results/status.json: what a monitor reads to know that last night's run was there at all, and how
 * it ended. */
#define _GNU_SOURCE /* F_OFD_SETLK: a lock of this open file; fallocate */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "hestia/lock.h"
#include "hestia/published.h"
#include "hestia/run_folder.h"
#include "hestia/text.h"
#include "ingest/json_text.h"
#include "publish/tree.h"

enum {
    ROOM = 4096,                /* of the file on the disk: more than it ever holds */
    LOCK_AT = 1,                /* byte of `.lock`; the first one is the run's */
    MAX_TRIES = 100,            /* to lock it, */
    NANOSECONDS = 10 * 1000000, /* this long apart: others have it for the time of one write */
    MESSAGE_BYTES = 1536
};

/* Waits for its turn to read the file and write it again. Who does not get it in a second, or is on
 * a file system without locks, goes on all the same: the file is whole in any case. */
static int take_turn(int directory)
{
    struct flock byte = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = LOCK_AT, .l_len = 1};
    const struct timespec pause = {.tv_nsec = NANOSECONDS};
    struct stat facts;
    int file = -1;

    if (fstat(directory, &facts) == 0) { /* with the mode that hst_run_folder_lock gives it */
        file = hst_lock_open(directory, ".lock", 0600 | (facts.st_mode & 0066));
    }

    for (int i = 0; file >= 0 && i < MAX_TRIES; i++) {
        if (fcntl(file, F_OFD_SETLK, &byte) == 0 || (errno != EAGAIN && errno != EACCES)) {
            break;
        }
        nanosleep(&pause, NULL);
    }
    return file;
}

/* The file as it is; NULL when it is absent, damaged, or no plain file. */
static json_t *read_old(int directory)
{
    json_t *old = NULL;
    struct stat facts;
    int file = openat(directory, "status.json", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (file >= 0 && fstat(file, &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_size <= ROOM) {
        old = json_loadfd(file, 0, NULL);
    }
    if (file >= 0) {
        close(file);
    }
    if (!json_is_object(old)) {
        json_decref(old);
        old = NULL;
    }
    return old;
}

/* Writes over the file in the room that it has. At no moment is it anything but JSON: what is left
 * of a longer text becomes blank before it is cut off. */
static bool write_over(int directory, const char *text, size_t length)
{
    char room[ROOM];
    struct stat facts;
    size_t whole = length;
    bool written = false;
    int file = openat(directory, "status.json", O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (file >= 0 && fstat(file, &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_nlink == 1 &&
        length <= sizeof room) {
        if (facts.st_size > (off_t)length && facts.st_size <= (off_t)sizeof room) {
            whole = (size_t)facts.st_size;
        }
        memset(room, '\n', sizeof room);
        memcpy(room, text, length);
        written = pwrite(file, room, whole, 0) == (ssize_t)whole &&
                  ftruncate(file, (off_t)length) == 0 && fsync(file) == 0;
    }
    if (file >= 0) {
        close(file);
    }
    return written;
}

/* Room for the next time, when the disk may be full. Where the file system cannot say so beforehand
 * it has a block, which is enough on most. */
static void reserve_room(int directory)
{
    int file = openat(directory, "status.json", O_WRONLY | O_NOFOLLOW | O_CLOEXEC);

    if (file >= 0) {
        int ignored = fallocate(file, FALLOC_FL_KEEP_SIZE, 0, ROOM);

        (void)ignored;
        close(file);
    }
}

static hst_status write_object(const char *path, int directory, const json_t *object,
                               hst_error *err)
{
    hst_status status = HST_OK;
    size_t length = 0;
    char *text = hst_json_compose(object, JSON_INDENT(2) | JSON_REAL_PRECISION(15), &length);

    if (!text) {
        return hst_fail(err, HST_ERR_MEMORY, "%s: no memory to compose it", path);
    }
    status = hst_tree_write(path, 0644, text, length, err);
    if (status == HST_OK) {
        reserve_room(directory);
    } else if (write_over(directory, text, length)) {
        status = HST_OK;
    }
    free(text);
    return status;
}

/* Text of a key; NULL without one. */
static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

/* Time of the last success as the old file says it; files of 0.1.0 say it of the last run only. */
static const char *last_success(const json_t *old)
{
    const json_t *code = json_object_get(old, "exit_code");

    return json_is_integer(code) && json_integer_value(code) == 0 ? text_of(old, "checked")
                                                                  : text_of(old, "last_success");
}

static json_t *compose(const char *directory, const hst_run_status *run, const json_t *old)
{
    char started[21], checked[21], latest[HST_RUN_NAME_BYTES], message[MESSAGE_BYTES];
    double milliseconds = (double)(long long)(run->seconds * 1000 + 0.5);

    hst_time_format(run->started, started);
    hst_time_format(run->checked, checked);
    hst_published_run(latest, directory);
    hst_text_line(message, sizeof message, run->message);
    return json_pack("{s:i, s:s, s:s?, s:s, s:s, s:f, s:s?, s:s?, s:s?, s:i, s:s, s:n}", "schema",
                     HST_STATUS_SCHEMA, "version", run->version, "study", run->study, "started",
                     started, "checked", checked, "seconds", milliseconds / 1000, "changed",
                     run->changed ? checked : text_of(old, "changed"), "latest",
                     latest[0] ? latest : NULL, "last_success",
                     run->exit_code == 0 ? checked : last_success(old), "exit_code", run->exit_code,
                     "message", message, "refused");
}

/* Adds to the old status that an invocation was kept out. */
static bool add_refusal(json_t *old, const hst_run_status *run)
{
    char checked[21], message[MESSAGE_BYTES];

    hst_time_format(run->checked, checked);
    hst_text_line(message, sizeof message, run->message);
    return json_object_set_new(old, "refused",
                               json_pack("{s:s, s:s}", "checked", checked, "message", message)) ==
           0;
}

static hst_status rewrite(const char *directory, const hst_run_status *run, bool is_refused,
                          hst_error *err)
{
    hst_status status = hst_tree_make(directory, err);
    json_t *old = NULL, *object = NULL;
    char *path = NULL;
    int folder = -1, turn = -1;

    if (status != HST_OK) {
        return status;
    }
    path = hst_tree_join(directory, "status.json");
    if (!path) {
        return hst_fail(err, HST_ERR_MEMORY, "%s: no memory for a path", directory);
    }
    folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        status = hst_fail_system(err, directory, "cannot be opened");
        goto done;
    }
    turn = take_turn(folder);
    old = read_old(folder);
    if (is_refused && old && add_refusal(old, run)) {
        status = write_object(path, folder, old, err);
    } else {
        object = compose(directory, run, old);
        status = write_object(path, folder, object, err);
    }

done:
    if (turn >= 0) {
        close(turn);
    }
    if (folder >= 0) {
        close(folder);
    }
    json_decref(object);
    json_decref(old);
    free(path);
    return status;
}

hst_status hst_run_status_write(const char *directory, const hst_run_status *run_status,
                                hst_error *err)
{
    return rewrite(directory, run_status, false, err);
}

hst_status hst_run_status_refuse(const char *directory, const hst_run_status *run_status,
                                 hst_error *err)
{
    return rewrite(directory, run_status, true, err);
}
