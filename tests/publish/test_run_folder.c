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

enum { START = 1795226400 }; /* 2026-11-21 02:00:00 UTC */

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

/* Publishes a run whose results.csv is `text`. */
static void publish(const char *directory, time_t start, const char *text,
                    hst_run_folder_options options)
{
    hst_run_folder *folder = NULL;
    hst_error err = {0};

    assert_int_equal(hst_run_folder_create(&folder, directory, start, &err), HST_OK);
    write_text(hst_run_folder_path(folder), "results.csv", text);
    assert_int_equal(mkdir(below(hst_run_folder_path(folder), "internal"), 0700), 0);
    write_text(hst_run_folder_path(folder), "internal/results.csv", text);
    assert_int_equal(hst_run_folder_commit(folder, &options, &err), HST_OK);
    hst_run_folder_free(folder);
}

static void run_is_named_by_its_start(void **state)
{
    char *directory = *state;
    hst_run_folder *folder = NULL;
    hst_error err = {0};
    const hst_run_folder_options options = {0};
    char target[64] = "";

    assert_int_equal(hst_run_folder_create(&folder, below(directory, "a/b"), START, &err), HST_OK);
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
    publish(directory, START, "one", (hst_run_folder_options){0});
    assert_false(exists(directory, "20261120T020000Z.part"));
    assert_false(exists(directory, "latest.part"));
    assert_true(exists(directory, "notes.part"));
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
    assert_int_equal(mkdir(below(directory, "our-notes"), 0755), 0);
    publish(directory, START + 1, "new", three);
    assert_true(exists(directory, "20261120T020000Z"));
    assert_true(exists(directory, "20261121T020001Z"));
    assert_true(exists(directory, "20261121T020000Z-11"));
    assert_true(exists(directory, "20261121T020000Z-10"));
    assert_false(exists(directory, "20261121T020000Z-9"));
    assert_false(exists(directory, "20261121T020000Z"));
    assert_true(exists(directory, "our-notes"));

    /* a clock that was set back: the run just made stays all the same */
    publish(directory, START - 9 * 86400, "old clock", one);
    assert_string_equal(read_text(directory, "latest/results.csv"), "old clock");
    assert_false(exists(directory, "20261121T020001Z"));
    assert_true(exists(directory, "20261120T020000Z"));
}

static void one_run_publishes_at_a_time(void **state)
{
    char *directory = *state;
    hst_run_folder *folder = NULL;
    hst_error err = {0};
    int outcome = 0;
    pid_t child = 0;

    assert_int_equal(hst_run_folder_create(&folder, directory, START, &err), HST_OK);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        hst_run_folder *second = NULL;

        _exit((int)hst_run_folder_create(&second, directory, START, NULL));
    }
    assert_int_equal(waitpid(child, &outcome, 0), child);
    assert_true(WIFEXITED(outcome));
    assert_int_equal(WEXITSTATUS(outcome), HST_ERR_LOCKED);
    assert_true(exists(directory, "20261121T020000Z.part"));
    hst_run_folder_free(folder);
}

static void folder_that_cannot_be_made_is_an_error(void **state)
{
    char *directory = *state;
    hst_run_folder *folder = NULL;
    hst_error err = {0};

    write_text(directory, "file", "");
    assert_int_equal(hst_run_folder_create(&folder, below(directory, "file"), START, &err),
                     HST_ERR_SYSTEM);
    assert_null(folder);
    assert_non_null(strstr(err.message, "file: stands where a folder is needed"));
    assert_int_equal(hst_run_folder_create(&folder, below(directory, "file/x"), START, &err),
                     HST_ERR_SYSTEM);
    assert_non_null(strstr(err.message, "/file/x: the folder cannot be made"));
}

static void assert_status(const char *directory, const char *checked, const char *changed,
                          int exit_code, const char *message)
{
    json_t *object = json_load_file(below(directory, "status.json"), 0, NULL);

    assert_non_null(object);
    assert_string_equal(json_string_value(json_object_get(object, "checked")), checked);
    if (changed) {
        assert_string_equal(json_string_value(json_object_get(object, "changed")), changed);
    } else {
        assert_true(json_is_null(json_object_get(object, "changed")));
    }
    assert_int_equal(json_integer_value(json_object_get(object, "exit_code")), exit_code);
    assert_string_equal(json_string_value(json_object_get(object, "message")), message);
    json_decref(object);
}

static void status_tells_of_every_invocation(void **state)
{
    char *directory = below(*state, "results");
    hst_error err = {0};
    hst_run_status said = {START, false, 3, "apc.csv.gz: truncated\nNothing was published."};

    directory = strdup(directory);
    assert_int_equal(hst_run_status_write(directory, &said, &err), HST_OK);
    assert_status(directory, "2026-11-21T02:00:00Z", NULL, 3, "apc.csv.gz: truncated");

    said = (hst_run_status){START + 3600, true, 0, "8 measures published"};
    assert_int_equal(hst_run_status_write(directory, &said, &err), HST_OK);
    assert_status(directory, "2026-11-21T03:00:00Z", "2026-11-21T03:00:00Z", 0,
                  "8 measures published");

    said = (hst_run_status){START + 7200, false, 0, "nothing has changed"};
    assert_int_equal(hst_run_status_write(directory, &said, &err), HST_OK);
    assert_status(directory, "2026-11-21T04:00:00Z", "2026-11-21T03:00:00Z", 0,
                  "nothing has changed");

    /* a file that is damaged says nothing of the last change */
    write_text(directory, "status.json", "{");
    assert_int_equal(hst_run_status_write(directory, &said, &err), HST_OK);
    assert_status(directory, "2026-11-21T04:00:00Z", NULL, 0, "nothing has changed");
    free(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(run_is_named_by_its_start, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(name_that_is_taken_gets_a_number, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(run_that_fails_leaves_the_last_one, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(what_killed_runs_left_is_removed, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(latest_can_be_a_copy, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(oldest_runs_go, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(one_run_publishes_at_a_time, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(folder_that_cannot_be_made_is_an_error, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(status_tells_of_every_invocation, make_folder,
                                        remove_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
