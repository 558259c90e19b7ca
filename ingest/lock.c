/* Locks of the store and of the results directory: bytes of a file, locked by open file
 * description. Whose text stands in the file is known by another byte, locked once the holder has
 * written it: the text of a killed process, or of one that has not come to write yet, is never
 * taken for the holder's. */
#define _GNU_SOURCE /* F_OFD_SETLK: a lock of this open file, not of the process, dropped with it  \
                     */
#include "hestia/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ingest/store_internal.h"

enum { HOLDER_BYTES = 160, NAMED_AFTER = 4096 /* byte `at` + this: the text is its holder's */ };

static int lock_byte(int file, off_t at, short kind, int command)
{
    struct flock byte = {.l_type = kind, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};

    if (fcntl(file, command, &byte) != 0) {
        return -1;
    }
    return command == F_OFD_GETLK ? byte.l_type != F_UNLCK : 0;
}

/* Fails and names the holder of the byte, when he has said who he is. */
static hst_status refuse(int file, off_t at, const char *path, const char *refusal, hst_error *err)
{
    char holder[HOLDER_BYTES] = "";

    if (lock_byte(file, at + NAMED_AFTER, F_RDLCK, F_OFD_GETLK) == 1) {
        ssize_t got = pread(file, holder, sizeof holder - 1, 0);

        holder[got > 0 ? got : 0] = '\0';
        holder[strcspn(holder, "\n")] = '\0';
    }
    return hst_fail(err, HST_ERR_LOCKED, "%s: %s%s%s%s; wait until it ends", path, refusal,
                    *holder ? " (" : "", holder, *holder ? ")" : "");
}

/* A file that is ours gets its mode again: the umask takes bits away, and a process may be killed
 * before it has given them back. */
int hst_lock_open(int directory, const char *name, mode_t mode)
{
    struct stat facts;
    int file = openat(directory, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, mode);

    if (file >= 0 && (fstat(file, &facts) != 0 ||
                      (facts.st_uid == geteuid() && (facts.st_mode & 07777) != mode &&
                       fchmod(file, mode) != 0))) {
        int number = errno;

        close(file);
        errno = number;
        return -1;
    }
    return file;
}

/* Says in the file who holds it. */
static bool write_holder(int file, off_t at)
{
    char holder[HOLDER_BYTES] = "", host[64] = "", since[32] = "";
    time_t now = time(NULL);
    struct tm utc;
    int n = 0;

    gethostname(host, sizeof host - 1);
    if (gmtime_r(&now, &utc)) {
        strftime(since, sizeof since, "%Y-%m-%dT%H:%M:%SZ", &utc);
    }
    n = snprintf(holder, sizeof holder, "pid %ld on %s since %s\n", (long)getpid(), host, since);
    return ftruncate(file, 0) == 0 && hst_write_all(file, holder, (size_t)n, 0) &&
           lock_byte(file, at + NAMED_AFTER, F_WRLCK, F_OFD_SETLK) == 0;
}

hst_status hst_lock_take(hst_lock *lock, int directory, const char *path, const char *name,
                         off_t at, mode_t mode, const char *refusal, hst_error *err)
{
    hst_status status = HST_OK;
    struct stat facts = {.st_nlink = 0};
    int file = -1;

    *lock = (hst_lock){.file = -1};
    /* a file that was removed before its lock was ours, by a purge, locks nobody out: once more */
    while (facts.st_nlink == 0) {
        if (file >= 0) {
            close(file);
        }
        file = hst_lock_open(directory, name, mode);
        if (file < 0) {
            return hst_fail_errno(err, "cannot open the lock", path, name);
        }
        if (lock_byte(file, at, F_WRLCK, F_OFD_SETLK) != 0) {
            status = errno == EAGAIN || errno == EACCES
                         ? refuse(file, at, path, refusal, err)
                         : hst_fail_errno(err, "cannot lock", path, name);
            goto done;
        }
        if (fstat(file, &facts) != 0) {
            status = hst_fail_errno(err, "cannot look at the lock", path, name);
            goto done;
        }
    }
    if (!write_holder(file, at)) {
        status = hst_fail_errno(err, "cannot write the lock", path, name);
        goto done;
    }
    lock->file = file;
    file = -1; /* now the caller's */

done:
    if (file >= 0) {
        close(file);
    }
    return status;
}

hst_status hst_lock_share(hst_lock *lock, int directory, const char *path, const char *name,
                          off_t at, const char *refusal, hst_error *err)
{
    struct stat facts = {.st_nlink = 0};
    int file = -1;

    *lock = (hst_lock){.file = -1, .is_shared = true};
    while (facts.st_nlink == 0) { /* as in hst_lock_take */
        if (file >= 0) {
            close(file);
        }
        file = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (file < 0) {
            return HST_OK;
        }
        if (lock_byte(file, at, F_RDLCK, F_OFD_SETLK) != 0) {
            hst_status status =
                errno == EAGAIN || errno == EACCES ? refuse(file, at, path, refusal, err) : HST_OK;

            close(file);
            return status;
        }
        if (fstat(file, &facts) != 0) {
            break; /* then the lock is as good as any */
        }
    }
    lock->file = file;
    return HST_OK;
}

void hst_lock_release(hst_lock *lock)
{
    if (lock->file < 0) {
        return;
    }
    if (!lock->is_shared) {
        /* an empty file reads as what it is: held by nobody. Failing does no harm. */
        int ignored = ftruncate(lock->file, 0);

        (void)ignored;
    }
    close(lock->file);
    lock->file = -1;
}
