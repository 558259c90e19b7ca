/* The run folder as a whole: which files are in it, where, and for whom to read. */
#include "hestia/publish.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hestia/run_folder.h"
#include "publish/tables.h"
#include "publish/tree.h"

static const hst_result_table *const tables[] = {
    &hst_results_table,   &hst_measures_table,    &hst_areas_table,          &hst_audit_table,
    &hst_reconcile_table, &hst_reported_table,    &hst_cohorts_table,        &hst_impact_table,
    &hst_review_table,    &hst_sensitivity_table, &hst_counterfactual_table, &hst_breaks_table,
    &hst_planted_table,
};

enum { N_TABLES = sizeof tables / sizeof tables[0] };

const hst_result_table *const *hst_result_tables(size_t *n)
{
    *n = N_TABLES;
    return tables;
}

static hst_status no_memory(hst_error *err, const char *path)
{
    return hst_fail(err, HST_ERR_MEMORY, "%s: no memory for a path", path);
}

/* Other files of a folder, by the name of the format that asks for them. CSV is always there. */
static const struct format {
    const char *name, *file;
    hst_status (*write)(const hst_publication *publication, const char *path, unsigned mode,
                        hst_error *err);
} formats[] = {
    {"sqlite", "hestia.sqlite", hst_sqlite_write},
    {"xlsx", "site-review.xlsx", hst_workbook_write},
    {"html", "report.html", hst_report_write},
};

enum { N_FORMATS = sizeof formats / sizeof formats[0] };

bool hst_publish_has_format(const hst_study *study, const char *format)
{
    if (study->publish.formats.n == 0) {
        return true;
    }
    for (size_t i = 0; i < study->publish.formats.n; i++) {
        if (strcmp(study->publish.formats.items[i], format) == 0) {
            return true;
        }
    }
    return false;
}

/* A folder with all tables in it, and the other formats that the study asks for. */
static hst_status write_folder(const hst_publication *p, const char *run, const char *name,
                               unsigned folder_mode, unsigned file_mode, hst_error *err)
{
    hst_status status = HST_OK;
    char *folder = hst_tree_join(run, name);

    if (!folder) {
        return no_memory(err, run);
    }
    if (mkdir(folder, (mode_t)folder_mode) != 0) {
        status = hst_fail_system(err, folder, "the folder cannot be made");
    }
    for (size_t i = 0; i < N_TABLES && status == HST_OK; i++) {
        char file[64];
        char *path = NULL;

        snprintf(file, sizeof file, "%s.csv", tables[i]->name);
        status = hst_interrupt_check(err);
        if (status != HST_OK) {
            break;
        }
        path = hst_tree_join(folder, file);
        status =
            path ? hst_csv_table_write(tables[i], p, path, file_mode, err) : no_memory(err, folder);
        free(path);
    }
    for (size_t i = 0; i < N_FORMATS && status == HST_OK; i++) {
        char *path = hst_publish_has_format(p->study, formats[i].name)
                         ? hst_tree_join(folder, formats[i].file)
                         : NULL;

        status = hst_interrupt_check(err);
        if (status == HST_OK && hst_publish_has_format(p->study, formats[i].name)) {
            status = path ? formats[i].write(p, path, file_mode, err) : no_memory(err, folder);
        }
        free(path);
    }
    if (status == HST_OK && p->disclosure) {
        status = hst_output_check_write(p, folder, err);
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

/* Every file of release/ at the top of the run. */
static hst_status show_release(const char *run, hst_error *err)
{
    hst_status status = HST_OK;
    char *release = hst_tree_join(run, "release");
    struct dirent **entries = NULL;
    int n = release ? scandir(release, &entries, NULL, alphasort) : -1;

    if (n < 0) {
        status = release ? hst_fail_system(err, release, "cannot be listed") : no_memory(err, run);
    }
    for (int i = 0; i < n; i++) {
        if (status == HST_OK && entries[i]->d_name[0] != '.') {
            status = show_at_top(run, entries[i]->d_name, err);
        }
        free(entries[i]);
    }
    free(entries);
    free(release);
    return status;
}

/* Rows that are worked out once for all formats, and that disclosure control masks. */
static hst_status gather(hst_publication *view, hst_error *err)
{
    const hst_ledger_line *lines = hst_ledger_lines(view->ledger, &view->n_audit);

    view->audit = calloc(view->n_audit + 1, sizeof *view->audit);
    if (!view->audit) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for an audit of %zu lines", view->n_audit);
    }
    if (view->n_audit > 0) {
        memcpy(view->audit, lines, view->n_audit * sizeof *lines);
    }
    if (view->cohorts && view->cohort_sizes) {
        return hst_cohorts_list(&view->cohort_rows, &view->n_cohort_rows, view->cohorts,
                                view->cohort_sizes, view->areas, err);
    }
    return HST_OK;
}

/* internal/ first: what release/ is written from does not hold the true numbers any more. */
static hst_status fill(const hst_publication *p, const hst_run_folder *folder, hst_error *err)
{
    const char *run = hst_run_folder_path(folder);
    hst_publication view = *p;
    hst_disclosure disclosure = {0};
    hst_status status = gather(&view, err);

    if (status == HST_OK && p->study->publish.internal) {
        status = write_folder(&view, run, "internal", 0700, 0600, err);
    }
    if (status == HST_OK) {
        status = hst_disclose(&view, &disclosure, err);
    }
    if (status == HST_OK) {
        status = write_folder(&view, run, "release", 0755, 0644, err);
    }
    if (status == HST_OK) {
        status = show_release(run, err);
    }
    if (status != HST_OK) {
        goto done;
    }
    status = hst_manifest_write(&view, hst_run_folder_name(folder), run, err);
    if (status == HST_OK && p->disclosed) {
        *p->disclosed = disclosure;
    }

done:
    free(view.audit);
    free(view.cohort_rows);
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
    status = hst_publish_check_rows(p->ledger, err);
    if (status != HST_OK) {
        return status;
    }
    status = hst_run_folder_create(&folder, directory, p->start, err);
    if (status != HST_OK) {
        return status;
    }
    status = fill(p, folder, err);
    if (status == HST_OK && p->tables) { /* the manifest has their hashes: now nothing reads them */
        status = hst_table_looks_check(p->tables, err);
    }
    if (status != HST_OK) {
        goto done;
    }
    if (p->since) { /* now, as the run before may be among those that are not kept */
        hst_compare_since(p->since, directory, hst_run_folder_path(folder),
                          p->study->publish.compare_threshold);
    }
    status = hst_interrupt_check(err);
    if (status == HST_OK) {
        status = hst_run_folder_commit(folder, &options, err);
    }
    if (path && hst_run_folder_is_published(folder)) {
        *path = strdup(hst_run_folder_path(folder));
        if (!*path && status == HST_OK) {
            status = no_memory(err, directory);
        }
    }

done:
    hst_run_folder_free(folder);
    return status;
}
