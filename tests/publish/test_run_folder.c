/* Run folders: names, all or nothing, latest, what is kept; status.json. */
#include "tests/support.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "hestia/run_folder.h"
#include "publish/tree.h"

enum { START = 1795226400 /* 2026-11-21 02:00:00 UTC */, SOMEBODY = 51234 };

static const char start_name[] = "20261121T020000Z";

static int make_folder(void **state)
{
    char *path = strdup("/tmp/hestia-run-XXXXXX");

    *state = path;
    return path && mkdtemp(path) ? 0 : -1;
}

static int remove_folder(void **state)
{
    hst_status status = hst_tree_remove(*state, NULL);

    free(*state);
    return status == HST_OK ? 0 : -1;
}

static char *below(const char *directory, const char *name)
{
    static char path[512];

    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

static bool exists(const char *directory, const char *name)
{
    struct stat found;

    return lstat(below(directory, name), &found) == 0;
}

static void write_text(const char *directory, const char *name, const char *text)
{
    FILE *file = fopen(below(directory, name), "w");

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static char *read_text(const char *directory, const char *name)
{
    static char text[512];
    FILE *file = fopen(below(directory, name), "r");
    size_t n = 0;

    assert_non_null(file);
    n = fread(text, 1, sizeof text - 1, file);
    text[n] = '\0';
    fclose(file);
    return text;
}

/* Fills a run's folder: results.csv is `text`, and the manifest names it. */
static void fill(const hst_run_folder *folder, const char *text)
{
    char manifest[64];

    snprintf(manifest, sizeof manifest, "{\"run\": \"%s\"}", hst_run_folder_name(folder));
    write_text(hst_run_folder_path(folder), "manifest.json", manifest);
    write_text(hst_run_folder_path(folder), "results.csv", text);
    assert_int_equal(mkdir(below(hst_run_folder_path(folder), "internal"), 0700), 0);
    write_text(hst_run_folder_path(folder), "internal/results.csv", text);
}

/* Publishes a run whose results.csv is `text`. */
static void publish(const char *directory, time_t start, const char *text,
                    hst_run_folder_options options)
{
    hst_run_folder *folder = NULL;
    hst_lock lock;
    hst_error err = {0};

    assert_int_equal(hst_run_folder_lock(&lock, directory, &err), HST_OK);
    assert_int_equal(hst_run_folder_create(&folder, directory, start, &err), HST_OK);
    fill(folder, text);
    assert_int_equal(hst_run_folder_commit(folder, &options, &err), HST_OK);
    assert_true(hst_run_folder_is_published(folder));
    hst_run_folder_free(folder);
    hst_lock_release(&lock);
}

/* Takes the lock and lets go of it: a run that finds nothing changed does no more. */
static void look(const char *directory)
{
    hst_lock lock;
    hst_error err = {0};

    assert_int_equal(hst_run_folder_lock(&lock, directory, &err), HST_OK);
    hst_lock_release(&lock);
}

static void move(const char *folder, const char *name, const char *to_folder, const char *to_name)
{
    char from[128];

    snprintf(from, sizeof from, "%s", below(folder, name));
    assert_int_equal(rename(from, below(to_folder, to_name)), 0);
}

static void run_is_named_by_its_start(void **state)
{
    char *directory = *state;
    hst_run_folder *folder = NULL;
    hst_error err = {0};
    const hst_run_folder_options options = {0};
    char target[64] = "";

    assert_int_equal(hst_run_folder_create(&folder, below(directory, "a/b"), START, &err), HST_OK);
    fill(folder, "one");
    assert_string_equal(hst_run_folder_name(folder), start_name);
    assert_true(exists(directory, "a/b/20261121T020000Z.part"));
    assert_false(exists(directory, "a/b/20261121T020000Z"));
    assert_int_equal(hst_run_folder_commit(folder, &options, &err), HST_OK);
    assert_string_equal(strrchr(hst_run_folder_path(folder), '/') + 1, start_name);
    hst_run_folder_free(folder);
    assert_true(exists(directory, "a/b/20261121T020000Z"));
    assert_false(exists(directory, "a/b/20261121T020000Z.part"));
    assert_int_equal(readlink(below(directory, "a/b/latest"), target, sizeof target - 1), 16);
    assert_string_equal(target, start_name);
}

static void name_that_is_taken_gets_a_number(void **state)
{
    char *directory = *state;

    publish(directory, START, "one", (hst_run_folder_options){0});
    publish(directory, START, "two", (hst_run_folder_options){0});
    publish(directory, START, "three", (hst_run_folder_options){0});
    assert_string_equal(read_text(directory, "20261121T020000Z/results.csv"), "one");
    assert_string_equal(read_text(directory, "20261121T020000Z-2/results.csv"), "two");
    assert_string_equal(read_text(directory, "20261121T020000Z-3/results.csv"), "three");
    assert_string_equal(read_text(directory, "latest/results.csv"), "three");
}

static void run_that_fails_leaves_the_last_one(void **state)
{
    char *directory = *state;
    hst_run_folder *folder = NULL;
    hst_error err = {0};

    publish(directory, START, "one", (hst_run_folder_options){0});
    assert_int_equal(hst_run_folder_create(&folder, directory, START + 60, &err), HST_OK);
    write_text(hst_run_folder_path(folder), "results.csv", "half");
    hst_run_folder_free(folder);
    assert_false(exists(directory, "20261121T020100Z.part"));
    assert_false(exists(directory, "20261121T020100Z"));
    assert_string_equal(read_text(directory, "latest/results.csv"), "one");
}

static void what_killed_runs_left_is_removed(void **state)
{
    char *directory = *state;

    assert_int_equal(mkdir(below(directory, "20261120T020000Z.part"), 0755), 0);
    write_text(directory, "20261120T020000Z.part/results.csv", "half");
    assert_int_equal(mkdir(below(directory, "latest.part"), 0755), 0);
    write_text(directory, "notes.part", "not ours");
    look(directory);
    assert_false(exists(directory, "20261120T020000Z.part"));
    assert_false(exists(directory, "latest.part"));
    assert_false(exists(directory, "latest"));
    assert_true(exists(directory, "notes.part"));
}

/* Where a process may die between the run's name and `latest`. */
static struct killed_case {
    const char *name;
    bool is_copy;
    const char *was_latest; /* before the kill, or NULL */
    const char *aside;      /* moved aside for it, or NULL */
    const char *expected;   /* of `latest` after the next run has begun */
} killed_cases[] = {
    {"killed before the first link", false, NULL, NULL, "new"},
    {"killed before the link is moved", false, "old", NULL, "new"},
    {"killed before the first copy is moved", true, NULL, NULL, "new"},
    {"killed before the copies are exchanged", true, "old", NULL, "new"},
    {"killed between the two steps without an exchange", true, NULL, "old", "new"},
};

static void killed_commit_is_finished_by_the_next_run(void **state)
{
    const struct killed_case *c = *state;
    char directory[] = "/tmp/hestia-run-XXXXXX", elsewhere[] = "/tmp/hestia-run-XXXXXX";
    const hst_run_folder_options options = {.latest_copy = c->is_copy};

    assert_non_null(mkdtemp(directory));
    publish(directory, START, "old", options);
    if (c->aside) {
        move(directory, "latest", directory, "latest.old.part");
    } else if (!c->was_latest) {
        assert_int_equal(hst_tree_remove(below(directory, "latest"), NULL), HST_OK);
    }
    /* the run as it stands then: it has its name, `latest.part` is made, nobody moved it */
    assert_non_null(mkdtemp(elsewhere));
    publish(elsewhere, START + 60, "new", options);
    move(elsewhere, "20261121T020100Z", directory, "20261121T020100Z");
    move(elsewhere, "latest", directory, "latest.part");
    assert_int_equal(hst_tree_remove(elsewhere, NULL), HST_OK);
    look(directory);
    assert_string_equal(read_text(directory, "latest/results.csv"), c->expected);
    assert_false(exists(directory, "latest.part"));
    assert_false(exists(directory, "latest.old.part"));
    look(directory);
    assert_string_equal(read_text(directory, "latest/results.csv"), c->expected);
    assert_int_equal(hst_tree_remove(directory, NULL), HST_OK);
}

static void killed_after_the_exchange_the_new_copy_stays(void **state)
{
    char *directory = *state;
    const hst_run_folder_options copy = {.latest_copy = true};

    publish(directory, START, "old", copy);
    move(directory, "latest", directory, "kept");
    publish(directory, START + 60, "new", copy);
    move(directory, "kept", directory, "latest.part");
    look(directory);
    assert_string_equal(read_text(directory, "latest/results.csv"), "new");
    assert_false(exists(directory, "latest.part"));
}

static void what_was_moved_aside_comes_back(void **state)
{
    char *directory = *state;
    const hst_run_folder_options copy = {.latest_copy = true};

    publish(directory, START, "old", copy);
    move(directory, "latest", directory, "latest.old.part");
    look(directory);
    assert_string_equal(read_text(directory, "latest/results.csv"), "old");
    assert_false(exists(directory, "latest.old.part"));
}

static void killed_before_the_name_nothing_is_published(void **state)
{
    char *directory = *state;
    const hst_run_folder_options copy = {.latest_copy = true};

    publish(directory, START, "old", copy);
    assert_int_equal(mkdir(below(directory, "20261121T020100Z.part"), 0755), 0);
    assert_int_equal(mkdir(below(directory, "latest.part"), 0755), 0);
    write_text(directory, "latest.part/manifest.json", "{\"run\": \"20261121T020100Z\"}");
    look(directory);
    assert_string_equal(read_text(directory, "latest/results.csv"), "old");
    assert_false(exists(directory, "latest.part"));
    assert_false(exists(directory, "20261121T020100Z.part"));
}

static void latest_that_cannot_be_led_publishes_nothing(void **state)
{
    char *directory = *state;
    const hst_run_folder_options copy = {.latest_copy = true}, link = {0};
    hst_run_folder *folder = NULL;
    hst_lock lock;
    hst_error err = {0};

    publish(directory, START, "old", link);
    assert_int_equal(hst_run_folder_lock(&lock, directory, &err), HST_OK);
    assert_int_equal(hst_run_folder_create(&folder, directory, START + 60, &err), HST_OK);
    fill(folder, "new");
    /* a copy needs a name that is free */
    assert_int_equal(mkdir(below(directory, "latest.part"), 0755), 0);
    assert_int_equal(hst_run_folder_commit(folder, &copy, &err), HST_ERR_SYSTEM);
    assert_false(hst_run_folder_is_published(folder));
    hst_run_folder_free(folder);
    hst_lock_release(&lock);
    assert_false(exists(directory, "20261121T020100Z"));
    assert_false(exists(directory, "20261121T020100Z.part"));
    assert_false(exists(directory, "latest.part"));
    assert_string_equal(read_text(directory, "latest/results.csv"), "old");
}

static void latest_of_somebody_else_stays(void **state)
{
    char *directory = *state;
    hst_lock lock;
    hst_error err = {0};

    assert_int_equal(mkdir(below(directory, "latest"), 0755), 0);
    write_text(directory, "latest/thesis.doc", "mine");
    assert_int_equal(hst_run_folder_lock(&lock, directory, &err), HST_ERR_USAGE);
    assert_non_null(strstr(err.message, "/latest: no results of a run, which need this name"));
    assert_string_equal(read_text(directory, "latest/thesis.doc"), "mine");
    assert_int_equal(hst_tree_remove(below(directory, "latest"), NULL), HST_OK);
    write_text(directory, "latest", "mine too");
    assert_int_equal(hst_run_folder_lock(&lock, directory, &err), HST_ERR_USAGE);
    assert_int_equal(unlink(below(directory, "latest")), 0);
    look(directory);
}

static void latest_can_be_a_copy(void **state)
{
    char *directory = *state;
    const hst_run_folder_options copy = {.latest_copy = true}, link = {0};
    struct stat found;

    publish(directory, START, "one",
            link); /* a link, then a copy, then a newer copy, then a link */
    publish(directory, START, "two", copy);
    assert_int_equal(lstat(below(directory, "latest"), &found), 0);
    assert_true(S_ISDIR(found.st_mode));
    assert_string_equal(read_text(directory, "latest/results.csv"), "two");
    assert_int_equal(lstat(below(directory, "latest/internal"), &found), 0);
    assert_int_equal(found.st_mode & 0777, 0700);
    write_text(directory, "latest/results.csv", "edited on a desktop");
    assert_string_equal(read_text(directory, "20261121T020000Z-2/results.csv"), "two");

    publish(directory, START, "three", copy);
    assert_string_equal(read_text(directory, "latest/results.csv"), "three");
    publish(directory, START, "four", link);
    assert_int_equal(lstat(below(directory, "latest"), &found), 0);
    assert_true(S_ISLNK(found.st_mode));
    assert_string_equal(read_text(directory, "latest/results.csv"), "four");
    assert_false(exists(directory, "latest.part"));
}

static void oldest_runs_go(void **state)
{
    char *directory = *state;
    const hst_run_folder_options all = {0}, three = {.keep = 3}, one = {.keep = 1};

    publish(directory, START - 86400, "kept", all);
    write_text(directory, "20261120T020000Z/KEEP", "");
    for (int i = 0; i < 11; i++) { /* ...Z to ...Z-11: -10 is newer than -9 */
        publish(directory, START, "x", all);
    }
    for (int i = 1; i <= 11; i++) { /* as a copy without times has them */
        const struct timespec then[2] = {{.tv_sec = START}, {.tv_sec = START}};
        char manifest[64];

        snprintf(manifest, sizeof manifest, i == 1 ? "%s/manifest.json" : "%s-%d/manifest.json",
                 start_name, i);
        assert_int_equal(utimensat(AT_FDCWD, below(directory, manifest), then, 0), 0);
    }
    assert_int_equal(mkdir(below(directory, "our-notes"), 0755), 0);
    publish(directory, START + 1, "new", three);
    assert_true(exists(directory, "20261120T020000Z"));
    assert_true(exists(directory, "20261121T020001Z"));
    assert_true(exists(directory, "20261121T020000Z-11"));
    assert_true(exists(directory, "20261121T020000Z-10"));
    assert_false(exists(directory, "20261121T020000Z-9"));
    assert_false(exists(directory, "20261121T020000Z"));
    assert_true(exists(directory, "our-notes"));

    /* a folder named like a run that nobody made stays */
    assert_int_equal(mkdir(below(directory, "20200101T000000Z"), 0755), 0);
    publish(directory, START + 2, "newer", one);
    assert_true(exists(directory, "20200101T000000Z"));
    assert_false(exists(directory, "20261121T020001Z"));
    assert_true(exists(directory, "20261120T020000Z"));
}

static void keep_in_a_copy_is_its_runs(void **state)
{
    char *directory = *state;
    const hst_run_folder_options copy = {.keep = 1, .latest_copy = true};

    publish(directory, START, "quoted", copy);
    write_text(directory, "latest/KEEP", "for the board");
    publish(directory, START + 1, "new", copy);
    publish(directory, START + 2, "newer", copy);
    assert_true(exists(directory, "20261121T020000Z/KEEP"));
    assert_false(exists(directory, "20261121T020001Z"));
    assert_false(exists(directory, "latest/KEEP"));
    /* and what is written in a run's own stays */
    write_text(directory, "20261121T020002Z/KEEP", "why");
    write_text(directory, "latest/KEEP", "");
    publish(directory, START + 3, "newest", copy);
    assert_string_equal(read_text(directory, "20261121T020002Z/KEEP"), "why");
}

/* Root may remove everything. */
static void become_somebody(const char *directory)
{
    if (geteuid() == 0) {
        assert_int_equal(chown(directory, SOMEBODY, (gid_t)-1), 0);
        assert_int_equal(seteuid(SOMEBODY), 0);
        if (faccessat(AT_FDCWD, directory, F_OK, AT_EACCESS) != 0) {
            assert_int_equal(seteuid(0), 0);
            print_message("no other user gets here, as where / is closed to them\n");
            skip();
        }
    }
}

static struct protected_case {
    const char *name;
    const char *folder;
    mode_t mode;
} protected_cases[] = {
    {"an old run that is write-protected stays", "20261121T020000Z", 0500},
    {"an old run with a folder that is stays", "20261121T020000Z/internal", 0500},
    {"what another's killed run left stays", "20261121T015959Z.part", 0},
};

static void what_may_not_be_removed_fails_no_run(void **state)
{
    const struct protected_case *c = *state;
    char directory[] = "/tmp/hestia-run-XXXXXX";
    const hst_run_folder_options one = {.keep = 1};

    assert_non_null(mkdtemp(directory));
    become_somebody(directory);
    publish(directory, START, "one", one);
    assert_int_equal(mkdir(below(directory, "20261121T015959Z.part"), 0700), 0);
    write_text(directory, "20261121T015959Z.part/results.csv", "half");
    assert_int_equal(chmod(below(directory, c->folder), c->mode), 0);
    publish(directory, START + 1, "two", one);
    look(directory);
    publish(directory, START + 2, "three", one);
    assert_string_equal(read_text(directory, "latest/results.csv"), "three");
    assert_false(exists(directory, "20261121T020001Z"));
    assert_true(exists(directory, c->folder));
    if (c->mode != 0) { /* whole and under its name */
        assert_string_equal(read_text(directory, "20261121T020000Z/results.csv"), "one");
        assert_false(exists(directory, "20261121T015959Z.part"));
    }
    assert_int_equal(chmod(below(directory, c->folder), 0700), 0);
    publish(directory, START + 3, "four", one);
    assert_false(exists(directory, c->folder));
    assert_int_equal(seteuid(getuid()), 0);
    assert_int_equal(hst_tree_remove(directory, NULL), HST_OK);
}

static void copy_that_cannot_be_removed_is_set_aside(void **state)
{
    char *directory = *state;
    const hst_run_folder_options copy = {.latest_copy = true};

    become_somebody(directory);
    publish(directory, START, "one", copy);
    assert_int_equal(chmod(below(directory, "latest/internal"), 0500), 0);
    publish(directory, START + 1, "two", copy);
    assert_int_equal(chmod(below(directory, "latest/internal"), 0500), 0);
    publish(directory, START + 2, "three", copy);
    look(directory);
    assert_string_equal(read_text(directory, "latest/results.csv"), "three");
    assert_false(exists(directory, "latest.part"));
    assert_int_equal(chmod(below(directory, "00000000T000000Z-1.part/internal"), 0700), 0);
    assert_int_equal(chmod(below(directory, "00000000T000000Z-2.part/internal"), 0700), 0);
    look(directory);
    assert_false(exists(directory, "00000000T000000Z-1.part"));
    assert_false(exists(directory, "00000000T000000Z-2.part"));
    assert_int_equal(seteuid(getuid()), 0);
}

static void order_of_runs_is_not_the_clock(void **state)
{
    char *directory = *state;
    const hst_run_folder_options two = {.keep = 2};
    const struct timespec then[2] = {{.tv_sec = START + (time_t)20 * 365 * 86400},
                                     {.tv_sec = START + (time_t)20 * 365 * 86400}};

    publish(directory, START, "first", two);
    publish(directory, START + (time_t)20 * 365 * 86400, "the clock was ahead",
            two); /* 20461116T020000Z */
    assert_int_equal(
        utimensat(AT_FDCWD, below(directory, "20461116T020000Z/manifest.json"), then, 0), 0);
    publish(directory, START - (time_t)20 * 365 * 86400, "and went back",
            two); /* 20061126T020000Z */
    assert_string_equal(read_text(directory, "latest/results.csv"), "and went back");
    assert_false(exists(directory, "20261121T020000Z"));
    assert_true(exists(directory, "20461116T020000Z"));

    publish(directory, START + 60, "right again", two);
    assert_string_equal(read_text(directory, "latest/results.csv"), "right again");
    assert_true(exists(directory, "20061126T020000Z")); /* the one before, by order */
    assert_false(exists(directory, "20461116T020000Z"));

    publish(directory, START + 120, "next", two);
    assert_true(exists(directory, "20261121T020100Z"));
    assert_false(exists(directory, "20061126T020000Z"));
}

static void one_run_has_the_results_at_a_time(void **state)
{
    char *directory = *state;
    hst_lock lock, second;
    hst_error err = {0};
    char holder[64];
    struct stat found;

    assert_int_equal(chmod(directory, 02770), 0); /* of a group */
    assert_int_equal(hst_run_folder_lock(&lock, directory, &err), HST_OK);
    assert_int_equal(hst_run_folder_lock(&second, directory, &err), HST_ERR_LOCKED);
    snprintf(holder, sizeof holder, "another run has these results (pid %ld on ", (long)getpid());
    assert_non_null(strstr(err.message, directory));
    assert_non_null(strstr(err.message, holder));
    assert_int_equal(lstat(below(directory, ".lock"), &found), 0);
    assert_int_equal(found.st_mode & 0777, 0660);
    hst_lock_release(&second);
    hst_lock_release(&lock);
    look(directory);
}

static void folder_that_cannot_be_made_is_an_error(void **state)
{
    char *directory = *state;
    hst_run_folder *folder = NULL;
    hst_lock lock;
    hst_error err = {0};

    write_text(directory, "file", "");
    assert_int_equal(hst_run_folder_create(&folder, below(directory, "file"), START, &err),
                     HST_ERR_SYSTEM);
    assert_null(folder);
    assert_non_null(strstr(err.message, "file: stands where a folder is needed"));
    assert_int_equal(hst_run_folder_lock(&lock, below(directory, "file/x"), &err), HST_ERR_SYSTEM);
    assert_non_null(strstr(err.message, "/file/x: the folder cannot be made"));
}

/* Texts of status.json by key; NULL is null. */
static void assert_status(const char *directory, const char *const keys[][2], int exit_code)
{
    json_t *object = json_load_file(below(directory, "status.json"), 0, NULL);

    assert_non_null(object);
    assert_int_equal(json_integer_value(json_object_get(object, "schema")), 1);
    assert_int_equal(json_integer_value(json_object_get(object, "exit_code")), exit_code);
    for (size_t i = 0; keys[i][0]; i++) {
        const json_t *value = json_object_get(object, keys[i][0]);

        if (keys[i][1]) {
            assert_non_null(json_string_value(value));
            assert_string_equal(json_string_value(value), keys[i][1]);
        } else {
            assert_true(json_is_null(value));
        }
    }
    json_decref(object);
}

#define ASSERT_STATUS(directory, exit_code, ...)                                                   \
    assert_status(directory, (const char *const[][2]){__VA_ARGS__, {0}}, exit_code)

/* An invocation that ended at a time. */
static hst_run_status ended(time_t checked, int exit_code, const char *message)
{
    return (hst_run_status){.version = "0.2.0",
                            .study = "night",
                            .started = checked - 9,
                            .checked = checked,
                            .seconds = 8.7654,
                            .exit_code = exit_code,
                            .message = message};
}

static void status_tells_of_every_invocation(void **state)
{
    char *directory = strdup(below(*state, "results"));
    hst_error err = {0};
    hst_run_status said = ended(START, 3, "apc\xe9.csv.gz: truncated\nhave it delivered again");

    said.study = NULL;
    assert_int_equal(hst_run_status_write(directory, &said, &err), HST_OK);
    ASSERT_STATUS(directory, 3, {"checked", "2026-11-21T02:00:00Z"},
                  {"started", "2026-11-21T01:59:51Z"}, {"changed", NULL}, {"last_success", NULL},
                  {"latest", NULL}, {"study", NULL}, {"version", "0.2.0"}, {"refused", NULL},
                  {"message", "apc\xef\xbf\xbd.csv.gz: truncated · have it delivered again"});
    assert_non_null(strstr(read_text(directory, "status.json"), "\"seconds\": 8.765,"));

    publish(directory, START, "x", (hst_run_folder_options){0});
    said = ended(START + 3600, 0, "new results");
    said.changed = true;
    assert_int_equal(hst_run_status_write(directory, &said, &err), HST_OK);
    ASSERT_STATUS(directory, 0, {"checked", "2026-11-21T03:00:00Z"}, {"study", "night"},
                  {"changed", "2026-11-21T03:00:00Z"}, {"last_success", "2026-11-21T03:00:00Z"},
                  {"latest", start_name}, {"message", "new results"});

    said = ended(START + 7200, 0, "nothing has changed");
    assert_int_equal(hst_run_status_write(directory, &said, &err), HST_OK);
    ASSERT_STATUS(directory, 0, {"checked", "2026-11-21T04:00:00Z"},
                  {"changed", "2026-11-21T03:00:00Z"}, {"last_success", "2026-11-21T04:00:00Z"});

    said = ended(START + 10800, 130, "interrupted");
    assert_int_equal(hst_run_status_write(directory, &said, &err), HST_OK);
    ASSERT_STATUS(directory, 130, {"checked", "2026-11-21T05:00:00Z"},
                  {"changed", "2026-11-21T03:00:00Z"}, {"last_success", "2026-11-21T04:00:00Z"});

    /* a file that is damaged says nothing of what was before */
    write_text(directory, "status.json", "{");
    assert_int_equal(hst_run_status_write(directory, &said, &err), HST_OK);
    ASSERT_STATUS(directory, 130, {"changed", NULL}, {"last_success", NULL});
    free(directory);
}

static void status_of_0_1_0_goes_on(void **state)
{
    char *directory = *state;
    hst_error err = {0};
    hst_run_status said = ended(START + 3600, 1, "disk full");

    write_text(directory, "status.json",
               "{\"checked\": \"2026-11-20T02:00:00Z\", \"changed\": \"2026-11-19T02:00:00Z\", "
               "\"exit_code\": 0, \"message\": \"nothing has changed\"}");
    assert_int_equal(hst_run_status_write(directory, &said, &err), HST_OK);
    ASSERT_STATUS(directory, 1, {"changed", "2026-11-19T02:00:00Z"},
                  {"last_success", "2026-11-20T02:00:00Z"});
}

static void refusal_hides_nothing(void **state)
{
    char *directory = *state;
    hst_error err = {0};
    hst_run_status said = ended(START, 0, "new results"), refused = ended(START + 60, 4, "held");
    json_t *object = NULL, *refusal = NULL;

    assert_int_equal(hst_run_status_refuse(directory, &refused, &err), HST_OK);
    ASSERT_STATUS(directory, 4, {"message", "held"}, {"refused", NULL}); /* nothing to keep yet */

    assert_int_equal(hst_run_status_write(directory, &said, &err), HST_OK);
    assert_int_equal(hst_run_status_refuse(directory, &refused, &err), HST_OK);
    ASSERT_STATUS(directory, 0, {"message", "new results"}, {"checked", "2026-11-21T02:00:00Z"});
    object = json_load_file(below(directory, "status.json"), 0, NULL);
    refusal = json_object_get(object, "refused");
    assert_string_equal(json_string_value(json_object_get(refusal, "checked")),
                        "2026-11-21T02:01:00Z");
    assert_string_equal(json_string_value(json_object_get(refusal, "message")), "held");
    json_decref(object);

    assert_int_equal(hst_run_status_write(directory, &said, &err), HST_OK);
    ASSERT_STATUS(directory, 0, {"refused", NULL});
}

static void status_is_written_in_place_when_it_must(void **state)
{
    char *directory = *state;
    hst_error err = {0};
    hst_run_status said = ended(START, 3, "a message that is longer than the one after it");
    struct stat before, after;

    assert_int_equal(hst_run_status_write(directory, &said, &err), HST_OK);
    assert_int_equal(stat(below(directory, "status.json"), &before), 0);
    assert_true(before.st_blocks * 512 >= 4096); /* reserved */
    /* nothing can be made beside it, as on a full disk */
    assert_int_equal(mkdir(below(directory, "status.json.part"), 0755), 0);
    said = ended(START + 60, 1, "full");
    assert_int_equal(hst_run_status_write(directory, &said, &err), HST_OK);
    ASSERT_STATUS(directory, 1, {"checked", "2026-11-21T02:01:00Z"}, {"message", "full"});
    assert_int_equal(stat(below(directory, "status.json"), &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_true(after.st_size < before.st_size);
}

static void status_follows_no_link(void **state)
{
    char *directory = *state;
    hst_error err = {0};
    hst_run_status said = ended(START, 0, "new results");
    struct stat found;

    write_text(directory, "precious", "mine");
    assert_int_equal(symlink("precious", below(directory, "status.json")), 0);
    /* where it can it takes the link's place */
    assert_int_equal(hst_run_status_write(directory, &said, &err), HST_OK);
    assert_string_equal(read_text(directory, "precious"), "mine");
    assert_int_equal(lstat(below(directory, "status.json"), &found), 0);
    assert_true(S_ISREG(found.st_mode));
    /* where it cannot it says so */
    assert_int_equal(unlink(below(directory, "status.json")), 0);
    assert_int_equal(symlink("precious", below(directory, "status.json")), 0);
    assert_int_equal(mkdir(below(directory, "status.json.part"), 0755), 0);
    assert_int_equal(hst_run_status_write(directory, &said, &err), HST_ERR_SYSTEM);
    assert_non_null(strstr(err.message, "status.json"));
    assert_string_equal(read_text(directory, "precious"), "mine");
}

/* Also when nothing else was there before it: a study file with a mistake is noted first. */
static void lock_of_the_status_is_for_all_who_may_write(void **state)
{
    char *directory = *state;
    hst_error err = {0};
    hst_run_status said = ended(START, 2, "a study file with a mistake");
    struct stat found;
    mode_t before = umask(077);

    assert_int_equal(chmod(directory, 02770), 0);
    assert_int_equal(hst_run_status_write(directory, &said, &err), HST_OK);
    umask(before);
    assert_int_equal(lstat(below(directory, ".lock"), &found), 0);
    assert_int_equal(found.st_mode & 0777, 0660);
}

static void status_waits_for_its_turn_but_not_for_long(void **state)
{
    char *directory = *state;
    hst_error err = {0};
    hst_run_status said = ended(START, 0, "new results");
    struct flock turn = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1, .l_len = 1};
    int lock = open(below(directory, ".lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct timespec begin, end;
    pid_t child = 0;

    assert_true(lock >= 0);
    assert_int_equal(fcntl(lock, F_SETLK, &turn), 0); /* of this process: the child has to wait */
    clock_gettime(CLOCK_MONOTONIC, &begin);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(hst_run_status_write(directory, &said, &err) == HST_OK ? 0 : 1);
    }
    {
        int outcome = 0;

        assert_int_equal(waitpid(child, &outcome, 0), child);
        assert_true(WIFEXITED(outcome) && WEXITSTATUS(outcome) == 0);
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    assert_true((double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9 >
                0.9);
    ASSERT_STATUS(directory, 0, {"message", "new results"});
    close(lock);
}

static void status_survives_two_at_once(void **state)
{
    enum { N_WRITERS = 8, N_WRITES = 25 };
    char *directory = *state;
    pid_t children[N_WRITERS];
    hst_error err = {0};
    hst_run_status first = ended(START, 0, "new results");

    first.changed = true;
    assert_int_equal(hst_run_status_write(directory, &first, &err), HST_OK);
    for (int i = 0; i < N_WRITERS; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            hst_run_status said = ended(START + i, i % 2 ? 3 : 0, "one of many");
            hst_status status = HST_OK;

            for (int k = 0; k < N_WRITES && status == HST_OK; k++) {
                status = i < 2 ? hst_run_status_refuse(directory, &said, NULL)
                               : hst_run_status_write(directory, &said, NULL);
            }
            _exit(status == HST_OK ? 0 : 1);
        }
    }
    for (int i = 0; i < N_WRITERS; i++) {
        int outcome = 0;

        assert_int_equal(waitpid(children[i], &outcome, 0), children[i]);
        assert_true(WIFEXITED(outcome) && WEXITSTATUS(outcome) == 0);
    }
    {
        json_t *object = json_load_file(below(directory, "status.json"), 0, NULL);

        /* nobody has lost what was before him */
        assert_string_equal(json_string_value(json_object_get(object, "changed")),
                            "2026-11-21T02:00:00Z");
        assert_non_null(json_string_value(json_object_get(object, "last_success")));
        json_decref(object);
    }
    assert_false(exists(directory, "status.json.part"));
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    enum {
        N_KILLED = sizeof killed_cases / sizeof killed_cases[0],
        N_PROTECTED = sizeof protected_cases / sizeof protected_cases[0],
        N_OTHERS = 24
    };
    struct CMUnitTest tests[N_OTHERS + N_KILLED + N_PROTECTED] = {
        IN_A_FOLDER(run_is_named_by_its_start),
        IN_A_FOLDER(name_that_is_taken_gets_a_number),
        IN_A_FOLDER(run_that_fails_leaves_the_last_one),
        IN_A_FOLDER(what_killed_runs_left_is_removed),
        IN_A_FOLDER(killed_after_the_exchange_the_new_copy_stays),
        IN_A_FOLDER(what_was_moved_aside_comes_back),
        IN_A_FOLDER(killed_before_the_name_nothing_is_published),
        IN_A_FOLDER(latest_that_cannot_be_led_publishes_nothing),
        IN_A_FOLDER(latest_of_somebody_else_stays),
        IN_A_FOLDER(latest_can_be_a_copy),
        IN_A_FOLDER(oldest_runs_go),
        IN_A_FOLDER(keep_in_a_copy_is_its_runs),
        IN_A_FOLDER(copy_that_cannot_be_removed_is_set_aside),
        IN_A_FOLDER(order_of_runs_is_not_the_clock),
        IN_A_FOLDER(one_run_has_the_results_at_a_time),
        IN_A_FOLDER(folder_that_cannot_be_made_is_an_error),
        IN_A_FOLDER(status_tells_of_every_invocation),
        IN_A_FOLDER(status_of_0_1_0_goes_on),
        IN_A_FOLDER(refusal_hides_nothing),
        IN_A_FOLDER(status_is_written_in_place_when_it_must),
        IN_A_FOLDER(status_follows_no_link),
        IN_A_FOLDER(lock_of_the_status_is_for_all_who_may_write),
        IN_A_FOLDER(status_waits_for_its_turn_but_not_for_long),
        IN_A_FOLDER(status_survives_two_at_once),
    };

    for (size_t i = 0; i < N_KILLED; i++) {
        tests[N_OTHERS + i] =
            (struct CMUnitTest){.name = killed_cases[i].name,
                                .test_func = killed_commit_is_finished_by_the_next_run,
                                .initial_state = &killed_cases[i]};
    }
    for (size_t i = 0; i < N_PROTECTED; i++) {
        tests[N_OTHERS + N_KILLED + i] =
            (struct CMUnitTest){.name = protected_cases[i].name,
                                .test_func = what_may_not_be_removed_fails_no_run,
                                .initial_state = &protected_cases[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
