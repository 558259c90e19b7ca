/* The run folder as a whole: which files are in it, where, and for whom to read. */
#include "hestia/publish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hestia/run_folder.h"
#include "publish/tables.h"
#include "publish/tree.h"

static const struct table {
    const char *file;
    hst_status (*write)(const hst_publication *publication, const char *path, unsigned mode,
                        hst_error *err);
} tables[] = {
    {"results.csv", hst_table_write_results},
    {"measures.csv", hst_table_write_measures},
    {"areas.csv", hst_table_write_areas},
    {"audit.csv", hst_table_write_audit},
    {"reconcile.csv", hst_table_write_reconcile},
    {"reported.csv", hst_table_write_reported},
    {"cohorts.csv", hst_table_write_cohorts},
    {"impact.csv", hst_table_write_impact},
    {"site-review.csv", hst_table_write_review},
    {"sensitivity.csv", hst_table_write_sensitivity},
    {"counterfactual.csv", hst_table_write_counterfactual},
    {"breaks.csv", hst_table_write_breaks},
};

enum { N_TABLES = sizeof tables / sizeof tables[0] };

static hst_status no_memory(hst_error *err, const char *path)
{
    return hst_fail(err, HST_ERR_MEMORY, "%s: no memory for a path", path);
}

/* A folder with all tables in it. */
static hst_status write_tables(const hst_publication *p, const char *run, const char *name,
                               unsigned folder_mode, unsigned file_mode, hst_error *err)
{
    hst_status status = HST_OK;
    char *folder = hst_tree_join(run, name);

    if (!folder) {
        return no_memory(err, run);
    }
    if (mkdir(folder, (mode_t)folder_mode) != 0) {
        status = hst_fail(err, HST_ERR_SYSTEM, "%s: the folder cannot be made: %s", folder,
                          strerror(errno));
    }
    for (size_t i = 0; i < N_TABLES && status == HST_OK; i++) {
        char *path = hst_tree_join(folder, tables[i].file);

        status = path ? tables[i].write(p, path, file_mode, err) : no_memory(err, folder);
        free(path);
    }
    free(folder);
    return status;
}

/* One release file at the top of the run as well: the same file under a second name where the file
 * system has such names, else a copy. Not a symbolic link, which desktops do not follow. */
static hst_status show_at_top(const char *run, const char *file, hst_error *err)
{
    hst_status status = HST_OK;
    char *release = hst_tree_join(run, "release");
    char *from = release ? hst_tree_join(release, file) : NULL;
    char *to = hst_tree_join(run, file);

    if (!from || !to) {
        status = no_memory(err, run);
    } else if (link(from, to) != 0) {
        status = hst_tree_copy_file(from, to, err);
    }
    free(release);
    free(from);
    free(to);
    return status;
}

static hst_status fill(const hst_publication *p, const hst_run_folder *folder, hst_error *err)
{
    const char *run = hst_run_folder_path(folder);
    hst_status status = write_tables(p, run, "release", 0755, 0644, err);
    char *manifest = NULL;

    if (status == HST_OK && p->study->publish.internal) {
        status = write_tables(p, run, "internal", 0700, 0600, err);
    }
    for (size_t i = 0; i < N_TABLES && status == HST_OK; i++) {
        status = show_at_top(run, tables[i].file, err);
    }
    if (status != HST_OK) {
        return status;
    }
    manifest = hst_tree_join(run, "manifest.json");
    if (!manifest) {
        return no_memory(err, run);
    }
    status = hst_manifest_write(p, hst_run_folder_name(folder), manifest, err);
    free(manifest);
    return status;
}

hst_status hst_publish(const hst_publication *p, char **path, hst_error *err)
{
    hst_status status = HST_OK;
    const char *directory = p->directory ? p->directory : p->study->publish.directory;
    const hst_run_folder_options options = {.latest_copy = p->study->publish.latest_copy,
                                            .keep = p->study->publish.keep};
    hst_run_folder *folder = NULL;

    if (path) {
        *path = NULL;
    }
    if (strcmp(p->study->publish.disclosure, "none") != 0) {
        return hst_fail(err, HST_ERR_USAGE,
                        "%s, line %zu: disclosure rule `%s` is not in this version, and nothing is "
                        "published without the rule that was asked for; `publish: {disclosure: "
                        "none}` is for a safe environment only",
                        p->study->path, p->study->publish.line, p->study->publish.disclosure);
    }
    status = hst_publish_check_rows(p->ledger, err);
    if (status != HST_OK) {
        return status;
    }
    status = hst_run_folder_create(&folder, directory, p->start, err);
    if (status != HST_OK) {
        return status;
    }
    status = fill(p, folder, err);
    if (status != HST_OK) {
        goto done;
    }
    status = hst_run_folder_commit(folder, &options, err);
    if (status == HST_OK && path) {
        *path = strdup(hst_run_folder_path(folder));
        if (!*path) {
            status = no_memory(err, directory);
        }
    }

done:
    hst_run_folder_free(folder);
    return status;
}
