#define _XOPEN_SOURCE 700 /* nftw */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "hestia/lock.h"
#include "tests/ingest/store_support.h"

static int folder_open(const char *folder)
{
    int directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    assert_true(directory >= 0);
    return directory;
}

static hst_status take(hst_lock *lock, int directory, off_t at, hst_error *err)
{
    return hst_lock_take(lock, directory, "folder", "lock", at, 0640, "another run writes", err);
}

static hst_status share(hst_lock *lock, int directory, off_t at, hst_error *err)
{
    return hst_lock_share(lock, directory, "folder", "lock", at, "a purge is going on", err);
}

static void bytes_are_locked_one_by_one(void **state)
{
    int directory = folder_open(*state);
    hst_lock writer, reader, other, refused;
    hst_error err = {0};
    char expected[64];

    assert_int_equal(take(&writer, directory, 0, &err), HST_OK);
    assert_false(writer.is_shared);
    assert_int_equal(take(&refused, directory, 0, &err), HST_ERR_LOCKED);
    assert_int_equal(refused.file, -1);
    snprintf(expected, sizeof expected, "folder: another run writes (pid %ld on ", (long)getpid());
    assert_memory_equal(err.message, expected, strlen(expected));
    assert_non_null(strstr(err.message, "Z); wait until it ends"));
    /* readers share their byte with each other and keep its writer out */
    assert_int_equal(share(&reader, directory, 1, &err), HST_OK);
    assert_true(reader.is_shared && reader.file >= 0);
    assert_int_equal(share(&other, directory, 1, &err), HST_OK);
    assert_int_equal(take(&refused, directory, 1, &err), HST_ERR_LOCKED);
    /* which is not the holder of the other byte */
    assert_string_equal(err.message, "folder: another run writes; wait until it ends");
    hst_lock_release(&reader);
    assert_int_equal(take(&refused, directory, 1, &err), HST_ERR_LOCKED);
    hst_lock_release(&other);
    assert_int_equal(take(&other, directory, 1, &err), HST_OK);
    assert_int_equal(share(&refused, directory, 1, &err), HST_ERR_LOCKED);
    assert_non_null(strstr(err.message, "folder: a purge is going on (pid "));
    hst_lock_release(&other);
    hst_lock_release(&other); /* not held any more */
    hst_lock_release(&writer);
    assert_int_equal(take(&writer, directory, 0, &err), HST_OK);
    hst_lock_release(&writer);
    close(directory);
}

static void mode_does_not_depend_on_the_umask(void **state)
{
    int directory = folder_open(*state);
    char path[PATH_BYTES];
    hst_lock lock;
    hst_error err = {0};
    mode_t before = umask(0777);

    path_join(path, *state, "lock");
    assert_int_equal(take(&lock, directory, 0, &err), HST_OK);
    umask(before);
    hst_lock_release(&lock);
    assert_mode(path, 0640);
    /* nor does a process that was killed in between leave another */
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(take(&lock, directory, 0, &err), HST_OK);
    hst_lock_release(&lock);
    assert_mode(path, 0640);
    close(directory);
}

static void text_of_a_dead_process_is_not_believed(void **state)
{
    static const char stale[] = "pid 17 on elsewhere since 2001-01-01T00:00:00Z\n";
    int directory = folder_open(*state);
    struct flock byte = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
    char path[PATH_BYTES], text[PATH_BYTES];
    hst_lock lock;
    hst_error err = {0};
    int to_child[2], to_parent[2], file = -1;
    pid_t child = 0;

    assert_int_equal(pipe(to_child) | pipe(to_parent), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(30); /* not left behind by a test that fails */
        char ready = take(&lock, directory, 0, NULL) == HST_OK ? 'y' : 'n';

        (void)!write(to_parent[1], &ready, 1);
        (void)!read(to_child[0], &ready, 1);
        _exit(0);
    }
    assert_int_equal(read(to_parent[0], text, 1), 1);
    assert_int_equal(text[0], 'y');
    assert_int_equal(take(&lock, directory, 0, &err), HST_ERR_LOCKED);
    snprintf(text, sizeof text, "(pid %ld on ", (long)child);
    assert_non_null(strstr(err.message, text));
    /* killed with its text in the file, it holds nothing */
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(take(&lock, directory, 0, &err), HST_OK);
    hst_lock_release(&lock);
    /* the next holder has the byte and has not come to write its name: the old one stands there */
    path_join(path, *state, "lock");
    file_put(path, stale, sizeof stale - 1);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(30);
        file = open(path, O_RDWR);
        _exit(file >= 0 && fcntl(file, F_SETLK, &byte) == 0 && write(to_parent[1], "y", 1) == 1 &&
                      read(to_child[0], text, 1) == 1
                  ? 0
                  : 1);
    }
    assert_int_equal(read(to_parent[0], text, 1), 1);
    assert_int_equal(take(&lock, directory, 0, &err), HST_ERR_LOCKED);
    assert_string_equal(err.message, "folder: another run writes; wait until it ends");
    assert_int_equal(write(to_child[1], "y", 1), 1);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(take(&lock, directory, 0, &err), HST_OK);
    hst_lock_release(&lock);
    for (int i = 0; i < 2; i++) {
        close(to_child[i]);
        close(to_parent[i]);
    }
    close(directory);
}

/* Takes the lock, or its share, again and again; a purge removes its file as well. False when what
 * was held was not the file of that name. */
static bool hold_in_turn(int directory, bool is_purge)
{
    int n_rounds = is_purge ? 1000 : 30000;
    struct stat held, named;
    hst_lock lock;
    hst_status status = HST_OK;
    bool is_held = true;

    alarm(60);
    for (int k = 0; k < n_rounds && is_held; k++) {
        do {
            status = is_purge ? take(&lock, directory, 0, NULL) : share(&lock, directory, 0, NULL);
        } while (status == HST_ERR_LOCKED);
        is_held =
            status == HST_OK &&
            ((!is_purge && lock.file < 0) || /* just removed: nothing to share */
             (fstat(lock.file, &held) == 0 && fstatat(directory, "lock", &named, 0) == 0 &&
              held.st_ino == named.st_ino && (!is_purge || unlinkat(directory, "lock", 0) == 0)));
        hst_lock_release(&lock);
    }
    return is_held;
}

/* As a purge removes it: who holds a file that has no name locks nobody out. */
static void file_that_was_removed_is_no_lock(void **state)
{
    enum { N_READERS = 2, N_PROCESSES = 6 };
    int directory = folder_open(*state);
    pid_t processes[N_PROCESSES];

    for (int i = 0; i < N_PROCESSES; i++) {
        processes[i] = fork();
        assert_true(processes[i] >= 0);
        if (processes[i] == 0) {
            _exit(hold_in_turn(directory, i >= N_READERS) ? 0 : 1);
        }
    }
    for (int i = 0; i < N_PROCESSES; i++) {
        int outcome = 0;

        assert_int_equal(waitpid(processes[i], &outcome, 0), processes[i]);
        assert_true(WIFEXITED(outcome) && WEXITSTATUS(outcome) == 0);
    }
    close(directory);
}

/* Readers do not depend on the lock; writers do. */
static void readers_go_on_without_a_lock(void **state)
{
    int directory = folder_open(*state);
    char path[PATH_BYTES];
    hst_lock lock;
    hst_error err = {0};

    assert_int_equal(share(&lock, directory, 1, &err), HST_OK);
    assert_int_equal(lock.file, -1);
    hst_lock_release(&lock);
    path_join(path, *state, "lock");
    assert_int_equal(access(path, F_OK), -1); /* nothing was written */
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(share(&lock, directory, 1, &err), HST_OK);
    hst_lock_release(&lock);
    assert_int_equal(take(&lock, directory, 0, &err), HST_ERR_SYSTEM);
    assert_non_null(strstr(err.message, "folder/lock: cannot open the lock"));
    assert_int_equal(rmdir(path), 0);
    /* a link may lead anywhere */
    assert_int_equal(symlink("elsewhere", path), 0);
    assert_int_equal(take(&lock, directory, 0, &err), HST_ERR_SYSTEM);
    assert_int_not_equal(faccessat(directory, "elsewhere", F_OK, 0), 0);
    close(directory);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bytes_are_locked_one_by_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(mode_does_not_depend_on_the_umask, set_up, tear_down),
        cmocka_unit_test_setup_teardown(text_of_a_dead_process_is_not_believed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(file_that_was_removed_is_no_lock, set_up, tear_down),
        cmocka_unit_test_setup_teardown(readers_go_on_without_a_lock, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
