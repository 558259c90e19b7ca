#include "publish/past_runs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool hst_run_name_begins(const char *name, const char **rest)
{
    const char *shape = "ddddddddTddddddZ";

    for (; *shape; shape++, name++) {
        bool fits = *shape == 'd' ? isdigit((unsigned char)*name) != 0 : *name == *shape;

        if (!fits) {
            return false;
        }
    }
    if (*name == '-' && isdigit((unsigned char)name[1])) {
        for (name++; isdigit((unsigned char)*name); name++) {
        }
    }
    *rest = name;
    return true;
}

bool hst_is_later(struct timespec a, struct timespec b)
{
    return a.tv_sec != b.tv_sec ? a.tv_sec > b.tv_sec : a.tv_nsec > b.tv_nsec;
}

/* Order in which runs were made, whatever the clock said then (run_folder.c); those of one
 * time by name: "...Z" before "...Z-2" before "...Z-10". */
static int compare_runs(const void *a, const void *b)
{
    const hst_past_run *x = a, *y = b;
    int order = strncmp(x->name, y->name, strlen("20261121T020000Z"));
    size_t n = strlen(x->name), m = strlen(y->name);

    if (hst_is_later(x->made, y->made) || hst_is_later(y->made, x->made)) {
        return hst_is_later(x->made, y->made) ? 1 : -1;
    }
    if (order == 0 && n != m) {
        return n < m ? -1 : 1;
    }
    return order != 0 ? order : strcmp(x->name, y->name);
}

bool hst_past_run_is(const char *directory, const char *name, struct timespec *made)
{
    char path[4096];
    const char *rest = NULL;
    struct stat facts;

    if (!hst_run_name_begins(name, &rest) || *rest != '\0' || strlen(name) >= HST_PAST_RUN_BYTES ||
        snprintf(path, sizeof path, "%s/%s/manifest.json", directory, name) >= (int)sizeof path ||
        lstat(path, &facts) != 0 || !S_ISREG(facts.st_mode)) {
        return false;
    }
    *made = facts.st_mtim;
    return true;
}

hst_status hst_past_runs_list(hst_past_run **out, size_t *n_out, const char *directory,
                              hst_error *err)
{
    hst_status status = HST_OK;
    hst_past_run *runs = NULL, run;
    size_t n = 0, room = 0;
    struct dirent *entry = NULL;
    DIR *folder = opendir(directory);

    if (!folder) {
        return hst_fail_system(err, directory, "cannot be read");
    }
    while ((entry = readdir(folder)) != NULL) {
        if (!hst_past_run_is(directory, entry->d_name, &run.made)) {
            continue;
        }
        memcpy(run.name, entry->d_name, strlen(entry->d_name) + 1); /* it fits: it is a run's */
        if (n == room) {
            size_t more = room == 0 ? 64 : 2 * room;
            hst_past_run *grown = realloc(runs, more * sizeof *runs);

            if (!grown) {
                status =
                    hst_fail(err, HST_ERR_MEMORY, "%s: no memory for its list of runs", directory);
                goto done;
            }
            runs = grown;
            room = more;
        }
        runs[n++] = run;
    }
    if (n > 0) {
        qsort(runs, n, sizeof *runs, compare_runs);
    }
    *out = runs;
    *n_out = n;
    runs = NULL; /* now the caller's */

done:
    closedir(folder);
    free(runs);
    return status;
}
