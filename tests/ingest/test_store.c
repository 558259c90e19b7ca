#define _XOPEN_SOURCE 700 /* nftw */
#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/ingest/store_support.h"

static void assert_in_store(const char *store, const char *name, mode_t mode)
{
    char path[PATH_BYTES];

    path_join(path, store, name);
    assert_mode(path, mode);
}

/* ---- making and opening ---- */

static void modes_do_not_depend_on_the_umask(void **state)
{
    static const mode_t masks[] = {0, 022, 0777};

    for (size_t i = 0; i < sizeof masks / sizeof *masks; i++) {
        char name[16], path[PATH_BYTES], file[PATH_BYTES];
        mode_t before = umask(masks[i]);
        hst_error err = {0};
        uint8_t digest[16] = {0};

        snprintf(name, sizeof name, "store%zu", i);
        path_join(path, *state, name);
        hst_store *store = store_make(path, 2);
        hst_segment_info info = segment_make(store, 1, 3, 0);
        segment_path(file, store, &info);
        assert_int_equal(hst_store_note(store, "/dev/null", "", digest, &err), HST_OK);
        hst_store_close(store);
        umask(before);
        assert_mode(path, 0700);
        assert_mode(file, 0600);
        assert_in_store(path, "segments", 0700);
        assert_in_store(path, "key", 0600);
        assert_in_store(path, "lock", 0600);
        assert_in_store(path, "hestia-store.json", 0600);
        assert_in_store(path, "catalogue.json", 0600);
    }
}

static void group_store_is_readable_to_the_group(void **state)
{
    struct group *group = getgrgid(getegid());
    char path[PATH_BYTES], file[PATH_BYTES];
    hst_store_options options = {.group = group ? group->gr_name : NULL};
    hst_store *store = NULL;
    hst_error err = {0};
    mode_t before = umask(077);

    if (!group) {
        umask(before);
        skip();
    }
    path_join(path, *state, "store");
    assert_int_equal(hst_store_init(path, &options, &err), HST_OK);
    assert_int_equal(hst_store_open(&store, path, false, HST_STORE_WRITE, &err), HST_OK);
    hst_segment_info info = segment_make(store, 1, 3, 0);
    segment_path(file, store, &info);
    hst_store_close(store);
    umask(before);
    assert_mode(path, 02750);
    assert_mode(file, 0640);
    assert_in_store(path, "segments", 02750);
    assert_in_store(path, "key", 0640);
    assert_in_store(path, "lock", 0640);
    assert_in_store(path, "hestia-store.json", 0640);
}

static struct options_case {
    const char *name;
    hst_store_options options;
    const char *message;
} options_cases[] = {
    {"partitions that are no power of two", {.n_partitions = 48}, "power of two"},
    {"too many partitions", {.n_partitions = 8192}, "power of two"},
    {"partitions beyond any number", {.n_partitions = SIZE_MAX}, "power of two"},
    {"group that does not exist", {.group = "no-such-group-17"}, "no group no-such-group-17"},
};

static void bad_options_are_refused(void **state)
{
    const struct options_case *c = *state;
    char folder[PATH_BYTES], path[PATH_BYTES];
    hst_error err = {0};

    folder_make(folder);
    path_join(path, folder, "store");
    assert_int_equal(hst_store_init(path, &c->options, &err), HST_ERR_USAGE);
    assert_non_null(strstr(err.message, c->message));
    assert_int_equal(access(path, F_OK), -1);
    folder_remove(folder);
}

static void store_is_made_where_nothing_is(void **state)
{
    char path[PATH_BYTES], file[PATH_BYTES];
    hst_store *store = NULL;
    hst_error err = {0};

    /* absent: only when asked for */
    path_join(path, *state, "absent");
    assert_int_equal(hst_store_open(&store, path, false, HST_STORE_READ, &err), HST_ERR_USAGE);
    assert_non_null(strstr(err.message, "hestia store init"));
    assert_null(store);
    assert_int_equal(hst_store_open(&store, path, true, HST_STORE_WRITE, &err), HST_OK);
    assert_int_equal(hst_store_n_partitions(store), HST_DEFAULT_PARTITIONS);
    assert_string_equal(hst_store_path(store), path);
    hst_store_close(store);
    /* an empty folder */
    path_join(path, *state, "empty");
    assert_int_equal(mkdir(path, 0755), 0);
    assert_int_equal(hst_store_open(&store, path, false, HST_STORE_READ, &err), HST_ERR_USAGE);
    assert_int_equal(hst_store_open(&store, path, true, HST_STORE_READ, &err), HST_OK);
    hst_store_close(store);
    assert_mode(path, 0700);
    /* made already */
    assert_int_equal(hst_store_init(path, NULL, &err), HST_ERR_USAGE);
    assert_non_null(strstr(err.message, "holds something already"));
    /* a folder with something of somebody's */
    path_join(path, *state, "theirs");
    assert_int_equal(mkdir(path, 0755), 0);
    path_join(file, path, "thesis.doc");
    file_put(file, "x", 1);
    assert_int_equal(hst_store_open(&store, path, true, HST_STORE_WRITE, &err), HST_ERR_USAGE);
    assert_non_null(strstr(err.message, "is not a store"));
    assert_non_null(strstr(err.message, "restore that"));
    assert_int_equal(hst_store_init(path, NULL, &err), HST_ERR_USAGE);
    assert_mode(path, 0755);
    /* a file, and a folder that cannot be made */
    assert_int_equal(hst_store_open(&store, file, true, HST_STORE_WRITE, &err), HST_ERR_USAGE);
    assert_non_null(strstr(err.message, "a file"));
    path_join(path, *state, "no/such/folder");
    assert_int_equal(hst_store_init(path, NULL, &err), HST_ERR_SYSTEM);
    assert_int_equal(hst_store_open(&store, path, true, HST_STORE_WRITE, &err), HST_ERR_SYSTEM);
}

/* Of several first runs one makes the store, and the others have it or are told to wait: a second
 * key over the first would part its persons from those read before. */
static void first_runs_at_once_make_one_store(void **state)
{
    enum { N_RUNS = 8, N_ROUNDS = 200 };

    for (int round = 0; round < N_ROUNDS; round++) {
        char path[PATH_BYTES], name[16];
        int start[2], hashes[2];
        pid_t runs[N_RUNS];
        uint64_t first = 0, hash = 0;

        snprintf(name, sizeof name, "store %d", round);
        path_join(path, *state, name);
        assert_int_equal(pipe(start) | pipe(hashes), 0);
        for (int i = 0; i < N_RUNS; i++) {
            runs[i] = fork();
            assert_true(runs[i] >= 0);
            if (runs[i] == 0) {
                hst_store *store = NULL;
                hst_status status = HST_OK;

                close(start[1]);
                (void)!read(start[0], name, 1); /* until the parent lets all go */
                status = hst_store_open(&store, path, true, HST_STORE_READ, NULL);
                hash = status == HST_OK ? hst_store_hash_text(store, "17", 2) : 0;
                _exit(write(hashes[1], &hash, sizeof hash) == sizeof hash &&
                              (status == HST_OK || status == HST_ERR_LOCKED)
                          ? 0
                          : 1);
            }
        }
        close(start[0]);
        close(start[1]);
        close(hashes[1]);
        for (int i = 0; i < N_RUNS; i++) {
            int outcome = 0;

            assert_int_equal(waitpid(runs[i], &outcome, 0), runs[i]);
            assert_true(WIFEXITED(outcome) && WEXITSTATUS(outcome) == 0);
            assert_int_equal(read(hashes[0], &hash, sizeof hash), sizeof hash);
            first = first ? first : hash;
            assert_true(hash == 0 || hash == first);
        }
        assert_true(first != 0);
        close(hashes[0]);
    }
}

/* What an init leaves that was killed before its last step is taken up by the next. */
static void interrupted_init_is_completed(void **state)
{
    char path[PATH_BYTES], file[PATH_BYTES];
    hst_store *store = NULL;
    hst_error err = {0};

    path_join(path, *state, "store");
    assert_int_equal(hst_store_init(path, NULL, &err), HST_OK);
    path_join(file, path, "hestia-store.json");
    assert_int_equal(remove(file), 0);
    path_join(file, path, "key.part");
    file_put(file, "half", 4);
    assert_int_equal(hst_store_open(&store, path, true, HST_STORE_WRITE, &err), HST_OK);
    assert_int_equal(access(file, F_OK), -1);
    hst_segment_info info = segment_make(store, 1, 3, 0);
    hst_store_close(store);
    /* but not where segments are: they are somebody's work */
    path_join(file, path, "hestia-store.json");
    assert_int_equal(remove(file), 0);
    assert_int_equal(hst_store_open(&store, path, true, HST_STORE_WRITE, &err), HST_ERR_USAGE);
    assert_int_equal(hst_store_init(path, NULL, &err), HST_ERR_USAGE);
    (void)info;
}

/* ---- damaged small files ---- */

static struct damage_case {
    const char *name, *file, *content; /* content NULL: removed; "/": a folder */
    hst_status expected;
    const char *message;
} damage_cases[] = {
    {"settings that are no JSON", "hestia-store.json", "{", HST_ERR_INPUT, "damaged"},
    {"settings without version", "hestia-store.json", "{\"partitions\": 4}", HST_ERR_INPUT,
     "damaged"},
    {"settings of a newer version", "hestia-store.json", "{\"version\": 2, \"partitions\": 4}",
     HST_ERR_USAGE, "is a store of version 2, made by a newer hestia; this one knows version 1"},
    {"settings of a version that never was", "hestia-store.json",
     "{\"version\": 0, \"partitions\": 4}", HST_ERR_INPUT, "damaged"},
    {"partitions that are no power of two", "hestia-store.json",
     "{\"version\": 1, \"partitions\": 6}", HST_ERR_INPUT, "damaged"},
    {"key missing", "key", NULL, HST_ERR_INPUT, "key is missing"},
    {"key too short", "key", "0123456789", HST_ERR_INPUT, "damaged"},
    {"catalogue that is no JSON", "catalogue.json", "[1, 2", HST_OK, ""},
    {"catalogue that is a list", "catalogue.json", "[1, 2]", HST_OK, ""},
    {"catalogue missing", "catalogue.json", NULL, HST_OK, ""},
    {"catalogue that is a folder", "catalogue.json", "/", HST_OK, ""},
    {"settings that are a folder", "hestia-store.json", "/", HST_ERR_INPUT,
     "hestia-store.json is not a file of a store; restore it from a backup, or remove"},
    {"segments missing", "segments", NULL, HST_ERR_INPUT, "segments is missing"},
};

static void damaged_store_is_refused(void **state)
{
    const struct damage_case *c = *state;
    char folder[PATH_BYTES], path[PATH_BYTES], file[PATH_BYTES];
    uint8_t digest[16] = {0};
    hst_store *store = NULL;
    hst_error err = {0};

    folder_make(folder);
    path_join(path, folder, "store");
    store = store_make(path, 4);
    assert_int_equal(hst_store_note(store, "/dev/null", "", digest, &err), HST_OK);
    hst_store_close(store);
    path_join(file, path, c->file);
    if (c->content && *c->content != '/') {
        file_put(file, c->content, strlen(c->content));
    } else {
        assert_int_equal(remove(file), 0);
        assert_int_equal(c->content ? mkdir(file, 0700) : 0, 0);
    }
    assert_int_equal(hst_store_open(&store, path, true, HST_STORE_WRITE, &err), c->expected);
    assert_int_equal(store != NULL, c->expected == HST_OK);
    if (c->expected != HST_OK && !strstr(err.message, c->message)) {
        fail_msg("\"%s\" is not in \"%s\"", c->message, err.message);
    }
    hst_store_close(store);
    folder_remove(folder);
}

/* ---- the lock ---- */

static void one_writer_at_a_time(void **state)
{
    char path[PATH_BYTES], pid[32];
    hst_store *writer = NULL, *reader = NULL, *second = NULL;
    hst_error err = {0};

    path_join(path, *state, "store");
    writer = store_make(path, 2);
    assert_int_equal(hst_store_open(&second, path, false, HST_STORE_WRITE, &err), HST_ERR_LOCKED);
    assert_null(second);
    snprintf(pid, sizeof pid, "pid %ld ", (long)getpid());
    assert_non_null(strstr(err.message, pid));
    assert_int_equal(hst_store_open(&reader, path, false, HST_STORE_READ, &err), HST_OK);
    hst_store_close(reader);
    /* closing a reader of the same process does not give the lock away */
    assert_int_equal(hst_store_open(&second, path, false, HST_STORE_WRITE, &err), HST_ERR_LOCKED);
    hst_store_close(writer);
    assert_int_equal(hst_store_open(&second, path, false, HST_STORE_WRITE, &err), HST_OK);
    hst_store_close(second);
}

static void lock_of_a_killed_process_is_free(void **state)
{
    char path[PATH_BYTES];
    hst_store *store = NULL;
    hst_error err = {0};
    int status = 0;
    pid_t child = 0;

    path_join(path, *state, "store");
    assert_int_equal(hst_store_init(path, NULL, &err), HST_OK);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        hst_segment_writer *writer = NULL;
        bool is_ready = hst_store_open(&store, path, false, HST_STORE_WRITE, NULL) == HST_OK &&
                        hst_segment_writer_create(&writer, store, 0, NULL) == HST_OK;

        _exit(is_ready ? 0 : 1); /* with all open, as when killed */
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    path_join(path, *state, "store/segments/0.part");
    assert_int_equal(access(path, F_OK), 0);
    path_join(path, *state, "store");
    /* a reader leaves the half segment alone, the next writer removes it */
    assert_int_equal(hst_store_open(&store, path, false, HST_STORE_READ, &err), HST_OK);
    hst_store_close(store);
    path_join(path, *state, "store/segments/0.part");
    assert_int_equal(access(path, F_OK), 0);
    path_join(path, *state, "store");
    assert_int_equal(hst_store_open(&store, path, false, HST_STORE_WRITE, &err), HST_OK);
    hst_store_close(store);
    path_join(path, *state, "store/segments/0.part");
    assert_int_equal(access(path, F_OK), -1);
}

/* ---- hashes ---- */

/* Aumasson and Bernstein's vectors of SipHash-2-4 (github.com/veorq/SipHash, vectors.h): key 00 01
 * .. 0f, input 00 01 .. of length 0 and 1. */
static void hashes_are_siphash(void **state)
{
    static const uint8_t person[2][16] = {{0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6, 0x6d,
                                           0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93},
                                          {0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44, 0x34,
                                           0x76, 0x59, 0x11, 0x9b, 0x22, 0xfc, 0x45}};
    static const uint8_t text[2][8] = {{0x31, 0x0e, 0x0e, 0xdd, 0x47, 0xdb, 0x6f, 0x72},
                                       {0xfd, 0x67, 0xdc, 0x93, 0xc5, 0x39, 0xf8, 0x74}};
    char path[PATH_BYTES];
    uint8_t key[32];
    hst_store *store = NULL;
    hst_error err = {0};

    for (uint8_t i = 0; i < 32; i++) {
        key[i] = i % 16;
    }
    path_join(path, *state, "store");
    assert_int_equal(hst_store_init(path, NULL, &err), HST_OK);
    path_join(path, *state, "store/key");
    file_put(path, key, sizeof key);
    path_join(path, *state, "store");
    assert_int_equal(hst_store_open(&store, path, false, HST_STORE_READ, &err), HST_OK);
    for (size_t length = 0; length < 2; length++) {
        uint64_t hash[2], other = hst_store_hash_text(store, "", length);

        hst_store_hash(store, "", length, hash);
        assert_memory_equal(hash, person[length], sizeof hash);
        assert_memory_equal(&other, text[length], sizeof other);
    }
    hst_store_close(store);
}

static void stores_have_keys_of_their_own(void **state)
{
    uint64_t hashes[2][2];

    for (int i = 0; i < 2; i++) {
        char path[PATH_BYTES];

        path_join(path, *state, i == 0 ? "a" : "b");
        hst_store *store = store_make(path, 2);
        hst_store_hash(store, "0123456789", 10, hashes[i]);
        hst_store_close(store);
    }
    assert_memory_not_equal(hashes[0], hashes[1], sizeof hashes[0]);
}

/* ---- the catalogue ---- */

/* Waits until files made before are older than a store opened after. */
static void let_time_pass(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 30 * 1000 * 1000}, NULL);
}

static hst_store *reopen(hst_store *store, const char *path)
{
    hst_error err = {0};

    hst_store_close(store);
    if (hst_store_open(&store, path, true, HST_STORE_WRITE, &err) != HST_OK) {
        fail_msg("%s", err.message);
    }
    return store;
}

static void unchanged_input_is_known(void **state)
{
    /* any bytes but NUL and the slash may stand in a name */
    static const char name[] = "apc #1 50%\x01\n\xE9\xFF\"%zz.zip";
    char path[PATH_BYTES], input[PATH_BYTES];
    uint8_t digest[16], found[16] = {0};
    hst_store *store = NULL;
    hst_error err = {0};

    path_join(path, *state, "store");
    path_join(input, *state, name);
    file_put(input, "0123456789", 10);
    for (uint8_t i = 0; i < 16; i++) {
        digest[i] = (uint8_t)(i * 17);
    }
    let_time_pass();
    store = reopen(NULL, path);
    assert_false(hst_store_known(store, input, "", found));
    assert_false(hst_store_may_know(store, input, 10));
    assert_int_equal(hst_store_note(store, input, "", digest, &err), HST_OK);
    for (int round = 0; round < 2; round++) {
        memset(found, 0, sizeof found);
        assert_true(hst_store_known(store, input, "", found));
        assert_memory_equal(found, digest, sizeof digest);
        assert_true(hst_store_known(store, input, NULL, found));
        assert_false(hst_store_known(store, input, "part 1.csv", found));
        assert_true(hst_store_may_know(store, input, 10));
        assert_true(hst_store_may_know(store, input, 11));           /* its path */
        assert_true(hst_store_may_know(store, "/no/such/file", 10)); /* its size */
        assert_false(hst_store_may_know(store, "/no/such/file", 11));
        store = reopen(store, path); /* the second time from disk */
    }
    /* members of one file have digests of their own */
    found[0] = 99;
    assert_int_equal(hst_store_note(store, input, "part 1.csv", found, &err), HST_OK);
    assert_true(hst_store_known(store, input, "", found));
    assert_int_equal(found[1], 17);
    /* another way to the same file */
    path_join(path, *state, "store/../");
    snprintf(path + strlen(path), PATH_BYTES - strlen(path), "%s", name);
    assert_true(hst_store_known(store, path, "", found));
    hst_store_close(store);
}

static void changed_input_is_not_known(void **state)
{
    char path[PATH_BYTES], input[PATH_BYTES], copy[PATH_BYTES];
    struct timespec times[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000, .tv_nsec = 17}};
    uint8_t digest[16] = {1}, found[16];
    hst_store *store = NULL;
    hst_error err = {0};

    path_join(path, *state, "store");
    path_join(input, *state, "apc.csv");
    path_join(copy, *state, "copy.csv");
    file_put(input, "0123456789", 10);
    assert_int_equal(utimensat(AT_FDCWD, input, times, 0), 0);
    let_time_pass();
    store = reopen(NULL, path);
    assert_int_equal(hst_store_note(store, input, "", digest, &err), HST_OK);
    assert_true(hst_store_known(store, input, "", found));
    /* the time, by a nanosecond */
    times[1].tv_nsec++;
    assert_int_equal(utimensat(AT_FDCWD, input, times, 0), 0);
    assert_false(hst_store_known(store, input, "", found));
    /* noted again by a run that began after the change */
    let_time_pass();
    store = reopen(store, path);
    assert_int_equal(hst_store_note(store, input, "", digest, &err), HST_OK);
    assert_true(hst_store_known(store, input, "", found));
    /* another file with the same size and time: its inode differs */
    file_put(copy, "9876543210", 10);
    assert_int_equal(utimensat(AT_FDCWD, copy, times, 0), 0);
    assert_int_equal(rename(copy, input), 0);
    assert_false(hst_store_known(store, input, "", found));
    hst_store_close(store);
}

/* Each of the five by itself, as the catalogue has it: content written over in place, of the same
 * size and with its time put back, shows in ctime alone. */
static struct look_case {
    const char *name;
    const char *look;
} look_cases[] = {
    {"another size is another file", "size"},     {"another mtime is another file", "mtime"},
    {"another ctime is another file", "ctime"},   {"another inode is another file", "inode"},
    {"another device is another file", "device"},
};

static void input_that_looks_different_is_not_known(void **state)
{
    const struct look_case *c = *state;
    char folder[PATH_BYTES], path[PATH_BYTES], input[PATH_BYTES], file[PATH_BYTES], key[32];
    uint8_t digest[16] = {1}, found[16];
    uint8_t *text = NULL;
    size_t n = 0;
    hst_store *store = NULL;
    hst_error err = {0};

    folder_make(folder);
    path_join(path, folder, "store");
    path_join(input, folder, "apc.csv");
    path_join(file, path, "catalogue.json");
    file_put(input, "0123456789", 10);
    let_time_pass();
    store = reopen(NULL, path);
    assert_int_equal(hst_store_note(store, input, "", digest, &err), HST_OK);
    store = reopen(store, path);
    assert_true(hst_store_known(store, input, "", found));
    text = file_get(file, &n);
    text[n] = '\0';
    snprintf(key, sizeof key, "\"%s\": ", c->look);
    char *value = strstr((char *)text, key);
    assert_non_null(value);
    value += strlen(key);
    value += strspn(value, "0123456789") - 1;
    *value = *value == '9' ? '8' : (char)(*value + 1);
    file_put(file, text, n);
    free(text);
    store = reopen(store, path);
    assert_false(hst_store_known(store, input, "", found));
    hst_store_close(store);
    folder_remove(folder);
}

/* A file that may have been written to while it was read is read again the next time. */
static void input_changed_during_the_run_is_not_trusted(void **state)
{
    char path[PATH_BYTES], input[PATH_BYTES];
    uint8_t digest[16] = {1}, found[16];
    hst_store *store = NULL;
    hst_error err = {0};

    path_join(path, *state, "store");
    path_join(input, *state, "apc.csv");
    store = reopen(NULL, path);
    file_put(input, "0123456789", 10);
    assert_int_equal(hst_store_note(store, input, "", digest, &err), HST_OK);
    assert_false(hst_store_known(store, input, "", found));
    assert_true(hst_store_may_know(store, input, 10));
    assert_true(hst_store_has_input(store, digest));
    hst_store_close(store);
}

static void absent_inputs_are_forgotten(void **state)
{
    char path[PATH_BYTES], gone[PATH_BYTES], touched[PATH_BYTES], grown[PATH_BYTES];
    uint8_t digests[4][16] = {{1}, {2}, {3}, {4}};
    hst_store *store = NULL;
    hst_error err = {0};

    path_join(path, *state, "store");
    path_join(gone, *state, "gone.csv");
    path_join(touched, *state, "touched.csv");
    path_join(grown, *state, "grown.csv");
    file_put(gone, "0123456789", 10);
    file_put(touched, "01234567890", 11);
    file_put(grown, "012345678901", 12);
    store = reopen(NULL, path);
    assert_int_equal(hst_store_note(store, gone, "", digests[0], &err), HST_OK);
    assert_int_equal(hst_store_note(store, touched, "", digests[1], &err), HST_OK);
    assert_int_equal(hst_store_note(store, grown, "", digests[2], &err), HST_OK);
    assert_true(hst_store_has_input(store, digests[0]));
    assert_int_equal(remove(gone), 0);
    file_put(touched, "09876543210", 11);
    file_put(grown, "0123456789012", 13);
    assert_int_equal(hst_store_note(store, gone, "", digests[0], &err), HST_ERR_INPUT);
    for (int round = 0; round < 2; round++) {
        assert_false(hst_store_has_input(store, digests[0]));
        assert_true(hst_store_has_input(store, digests[1]));
        assert_false(hst_store_has_input(store, digests[2]));
        assert_false(hst_store_has_input(store, digests[3]));
        assert_int_equal(hst_store_may_know(store, "/no/such/file", 10), round == 0);
        assert_true(hst_store_may_know(store, "/no/such/file", 11));
        assert_int_equal(hst_store_forget_absent(store, &err), HST_OK);
        store = reopen(store, path);
    }
    hst_store_close(store);
}

static void catalogue_is_kept_when_it_cannot_be_saved(void **state)
{
    char path[PATH_BYTES], input[PATH_BYTES], catalogue[PATH_BYTES];
    struct rlimit limit, before;
    uint8_t digest[16] = {1};
    uint8_t *first = NULL, *second = NULL;
    size_t n_first = 0, n_second = 0;
    hst_store *store = NULL;
    hst_error err = {0};

    signal(SIGXFSZ, SIG_IGN);
    path_join(path, *state, "store");
    path_join(input, *state, "apc.csv");
    path_join(catalogue, path, "catalogue.json");
    file_put(input, "0123456789", 10);
    store = reopen(NULL, path);
    assert_int_equal(hst_store_note(store, "/dev/null", "", digest, &err), HST_OK);
    first = file_get(catalogue, &n_first);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 20;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(hst_store_note(store, input, "", digest, &err), HST_ERR_SYSTEM);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_non_null(strstr(err.message, "catalogue.json"));
    second = file_get(catalogue, &n_second);
    assert_int_equal(n_second, n_first);
    assert_memory_equal(second, first, n_first);
    path_join(catalogue, path, "catalogue.json.part");
    assert_int_equal(access(catalogue, F_OK), -1);
    free(first);
    free(second);
    hst_store_close(store);
}

static void threads_note_at_once(void **state)
{
    enum { N_INPUTS = 40 };
    char path[PATH_BYTES];
    hst_store *store = NULL;

    path_join(path, *state, "store");
    for (int i = 0; i < N_INPUTS; i++) {
        char input[PATH_BYTES], name[16];

        snprintf(name, sizeof name, "%d.csv", i);
        path_join(input, *state, name);
        file_put(input, name, strlen(name));
    }
    let_time_pass();
    store = reopen(NULL, path);
    int n_failed = 0;
#pragma omp parallel for num_threads(4) reduction(+ : n_failed)
    for (int i = 0; i < N_INPUTS; i++) {
        char input[PATH_BYTES];
        uint8_t digest[16] = {(uint8_t)i}, found[16] = {0};

        snprintf(input, sizeof input, "%s/%d.csv", (const char *)*state, i);
        n_failed += hst_store_note(store, input, "", digest, NULL) != HST_OK ||
                    !hst_store_known(store, input, "", found) || found[0] != i;
    }
    assert_int_equal(n_failed, 0);
    store = reopen(store, path);
    for (int i = 0; i < N_INPUTS; i++) {
        char input[PATH_BYTES];
        uint8_t found[16] = {0};

        snprintf(input, sizeof input, "%s/%d.csv", (const char *)*state, i);
        assert_true(hst_store_known(store, input, "", found));
        assert_int_equal(found[0], i);
    }
    hst_store_close(store);
}

/* ---- segments as a list ---- */

static void segments_are_listed_in_order_and_removed(void **state)
{
    char path[PATH_BYTES], stranger[PATH_BYTES];
    hst_store *store = NULL, *reader = NULL;
    hst_segment_id *ids = NULL;
    size_t n = 0;
    hst_error err = {0};

    path_join(path, *state, "store");
    store = store_make(path, 2);
    assert_int_equal(hst_store_segments(store, &ids, &n, &err), HST_OK);
    assert_int_equal(n, 0);
    free(ids);
    segment_make(store, 0xB0, 3, 0);
    segment_make(store, 0x0B, 3, 0);
    segment_make(store, 0x5A, 3, 0);
    path_join(stranger, path, "segments/notes.seg");
    file_put(stranger, "x", 1);
    assert_int_equal(hst_store_segments(store, &ids, &n, &err), HST_OK);
    assert_int_equal(n, 3);
    assert_int_equal(ids[0].digest[0], 0x0B);
    assert_int_equal(ids[1].digest[15], 0x5A);
    assert_int_equal(ids[2].digest[0], 0xB0);
    assert_int_equal(ids[2].layout_key[7], 0xC3);
    assert_int_equal(hst_store_open(&reader, path, false, HST_STORE_READ, &err), HST_OK);
    assert_int_equal(hst_store_remove(reader, &ids[1], &err), HST_ERR_ARGUMENT);
    assert_int_equal(hst_store_forget_absent(reader, &err), HST_ERR_ARGUMENT);
    assert_int_equal(hst_store_note(reader, stranger, "", ids[1].digest, &err), HST_ERR_ARGUMENT);
    hst_store_close(reader);
    assert_int_equal(hst_store_remove(store, &ids[1], &err), HST_OK);
    assert_int_equal(hst_store_remove(store, &ids[1], &err), HST_OK); /* gone already */
    assert_false(hst_store_has(store, ids[1].digest, ids[1].layout_key));
    assert_true(hst_store_has(store, ids[2].digest, ids[2].layout_key));
    free(ids);
    assert_int_equal(hst_store_segments(store, &ids, &n, &err), HST_OK);
    assert_int_equal(n, 2);
    free(ids);
    hst_store_close(store);
}

static void every_reason_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(hst_reason_name(HST_REASON_NONE), "");
    assert_string_equal(hst_reason_name(HST_REASON_TOO_LONG), "record too long");
    assert_string_equal(hst_reason_name(HST_REASON_NO_SIDE_ROW), "no row in side file");
    assert_string_equal(hst_reason_name(HST_N_REASONS), "");
    for (int i = 1; i < HST_N_REASONS; i++) {
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(hst_reason_name((hst_reason)i), hst_reason_name((hst_reason)j));
        }
    }
    assert_string_equal(hst_notice_name(HST_DATASET_APC, HST_NOTICE_FLAG_DIFFERS),
                        "FCE or FAE flag differs");
    assert_string_equal(hst_notice_name(HST_DATASET_AE, HST_N_NOTICES), "");
    assert_string_equal(hst_notice_name(HST_DATASET_APC, HST_NOTICE_NO_ADMIDATE), "no ADMIDATE");
    assert_string_equal(hst_notice_name(HST_DATASET_OP, HST_NOTICE_NO_ADMIDATE), "no APPTDATE");
    assert_string_equal(hst_notice_name(HST_DATASET_AE, HST_NOTICE_NO_ADMIDATE), "no ARRIVALDATE");
    for (int i = 0; i < HST_N_NOTICES; i++) {
        assert_true(hst_notice_name(HST_DATASET_OP, (hst_notice)i)[0] != '\0');
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(hst_notice_name(HST_DATASET_OP, (hst_notice)i),
                                    hst_notice_name(HST_DATASET_OP, (hst_notice)j));
        }
    }
}

enum {
    N_OPTIONS = sizeof options_cases / sizeof *options_cases,
    N_DAMAGE = sizeof damage_cases / sizeof *damage_cases,
    N_LOOKS = sizeof look_cases / sizeof *look_cases
};

int main(void)
{
    static const struct CMUnitTest in_a_folder[] = {
        cmocka_unit_test_setup_teardown(modes_do_not_depend_on_the_umask, set_up, tear_down),
        cmocka_unit_test_setup_teardown(group_store_is_readable_to_the_group, set_up, tear_down),
        cmocka_unit_test_setup_teardown(store_is_made_where_nothing_is, set_up, tear_down),
        cmocka_unit_test_setup_teardown(first_runs_at_once_make_one_store, set_up, tear_down),
        cmocka_unit_test_setup_teardown(interrupted_init_is_completed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_writer_at_a_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lock_of_a_killed_process_is_free, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hashes_are_siphash, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stores_have_keys_of_their_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(unchanged_input_is_known, set_up, tear_down),
        cmocka_unit_test_setup_teardown(changed_input_is_not_known, set_up, tear_down),
        cmocka_unit_test_setup_teardown(input_changed_during_the_run_is_not_trusted, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(absent_inputs_are_forgotten, set_up, tear_down),
        cmocka_unit_test_setup_teardown(catalogue_is_kept_when_it_cannot_be_saved, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(threads_note_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(segments_are_listed_in_order_and_removed, set_up,
                                        tear_down),
        cmocka_unit_test(every_reason_has_a_name),
    };
    enum { N_IN_A_FOLDER = sizeof in_a_folder / sizeof *in_a_folder };
    struct CMUnitTest tests[N_IN_A_FOLDER + N_OPTIONS + N_DAMAGE + N_LOOKS];
    size_t n = N_IN_A_FOLDER;

    memcpy(tests, in_a_folder, sizeof in_a_folder);
    for (size_t i = 0; i < N_OPTIONS; i++) {
        tests[n++] = (struct CMUnitTest){.name = options_cases[i].name,
                                         .test_func = bad_options_are_refused,
                                         .initial_state = &options_cases[i]};
    }
    for (size_t i = 0; i < N_DAMAGE; i++) {
        tests[n++] = (struct CMUnitTest){.name = damage_cases[i].name,
                                         .test_func = damaged_store_is_refused,
                                         .initial_state = &damage_cases[i]};
    }
    for (size_t i = 0; i < N_LOOKS; i++) {
        tests[n++] = (struct CMUnitTest){.name = look_cases[i].name,
                                         .test_func = input_that_looks_different_is_not_known,
                                         .initial_state = &look_cases[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
