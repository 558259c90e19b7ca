/* site-review.xlsx, by libxlsxwriter: which sheets there are, in which order, and the file. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "publish/tree.h"
#include "publish/workbook.h"

enum { CREATED = 315532800 }; /* 1 January 1980 UTC, as the files inside have it */

/* The tables behind the verdicts, each a sheet. */
static const struct table_sheet {
    const hst_result_table *table;
    const char *sheet, *name, *about;
} table_sheets[] = {
    {&hst_impact_table, "findings", "findings",
     "What each method found of each service: estimates with limits and p"},
    {&hst_sensitivity_table, "sensitivity", "sensitivity",
     "The primary estimate under other choices"},
    {&hst_counterfactual_table, "counterfactual", "counterfactual",
     "Period by period, what was and what would have been without the service"},
    {&hst_breaks_table, "recording breaks", "recording_breaks",
     "Suspected changes of recording, the most activity moved first"},
    {&hst_reported_table, "reported", "reported", "Numbers reported elsewhere, beside ours"},
    {&hst_cohorts_table, "cohorts", "cohorts", "Members of the cohorts by area and year"},
    {&hst_reconcile_table, "reconcile", "reconcile", "England's totals beside the published ones"},
    {&hst_planted_table, "planted", "planted",
     "Of artificial data: what was planted, beside what was found"},
    {&hst_audit_table, "data quality", "data_quality", "Rows read, used and set aside, by reason"},
};

enum { N_TABLE_SHEETS = sizeof table_sheets / sizeof table_sheets[0] };

/* All sheets in their order; names of measures carry numbers, so that none is another's. */
static void write_sheets(book *b)
{
    const hst_study *study = b->publication->study;
    book_figures *figures = book_figures_create(b->publication);
    size_t cover = book_add_sheet(b, "cover", "What this is, and how to read it", false);
    size_t contents = book_add_sheet(b, "contents", "The sheets, with links", false);
    size_t notes =
        book_add_sheet(b, "notes", "Marks, methods, measures and services in words", false);
    size_t review = book_add_sheet(
        b, "site review", "Each service at each site: before, after, and a verdict", false);
    size_t charts =
        book_add_sheet(b, "charts", "The series of each measure: all sites, then each", false);
    size_t data = 0;

    if (!figures) {
        book_fail(b, LXW_ERROR_MEMORY_MALLOC_FAILED);
    }
    if (b->status == HST_OK) {
        book_write_cover(b, cover);
        book_write_result_table(b, review, &hst_review_table, "site_review");
    }
    for (size_t i = 0; i < study->n_measures && b->status == HST_OK; i++) {
        char name[BOOK_SHEET_BYTES];

        book_sheet_name(name, i + 1, study->measures[i].title);
        book_write_measure(b, book_add_sheet(b, name, study->measures[i].title, false), i);
    }
    for (size_t i = 0; i < N_TABLE_SHEETS && b->status == HST_OK; i++) {
        const struct table_sheet *s = &table_sheets[i];

        if (s->table == &hst_planted_table && !study->planted) {
            continue;
        }
        book_write_result_table(b, book_add_sheet(b, s->sheet, s->about, false), s->table, s->name);
    }
    if (b->status == HST_OK) {
        data = book_add_sheet(b, "chart data", "The numbers that the charts are drawn from", false);
    }
    if (b->status == HST_OK) {
        book_write_figures(b, data, figures);
        book_draw_figures(b, charts, data, figures);
        book_write_data(b, book_add_sheet(b, "data", "results.csv, for analysts", true));
        book_write_notes(b, notes);
        book_write_contents(b, contents);
    }
    book_figures_free(figures);
}

/* How many rows of the results the sheet of data does without: none of a small study, else those of
 * areas that are no sites, which make a workbook slow to write and to open, and what is more than a
 * sheet holds. */
static size_t count_left_out(const hst_publication *p)
{
    size_t n_kept = 0;

    for (size_t i = 0; i < p->n_results; i++) {
        n_kept += p->results[i].is_group || hst_areas_is_site(p->areas, p->results[i].area);
    }
    if (p->n_results <= BOOK_ALL_AREAS) {
        return 0;
    }
    return p->n_results - (n_kept < BOOK_MAX_ROWS ? n_kept : BOOK_MAX_ROWS);
}

/*
 * The library writes lines of its own on standard error, where only lines of the log may be. Gives
 * what brings it back, or -1 where it stays as it is.
 */
static int silence(void)
{
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    int kept = nowhere < 0 ? -1 : fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

    if (kept >= 0) {
        dup2(nowhere, STDERR_FILENO);
    }
    if (nowhere >= 0) {
        close(nowhere);
    }
    return kept;
}

static void bring_back(int kept)
{
    if (kept >= 0) {
        dup2(kept, STDERR_FILENO);
        close(kept);
    }
}

/* Writes the workbook into a file that is there already, so that its permissions hold from the
 * first byte on. */
static hst_status write_workbook(book *b, const char *part, char *scratch, hst_error *err)
{
    lxw_workbook_options options = {.tmpdir = scratch};
    lxw_doc_properties properties = {.created = CREATED};
    hst_status status = HST_OK;
    lxw_error closed = LXW_NO_ERROR;
    int error_number = 0;

    b->workbook = workbook_new_opt(part, &options);
    if (!b->workbook) {
        return hst_fail(err, HST_ERR_MEMORY, "%s: no memory for a workbook", b->path);
    }
    status = book_add_formats(b, err);
    if (status == HST_OK) {
        book_clean_text(b->text, BOOK_MAX_HEADING, b->publication->study->title);
        properties.title = b->text;
        book_fail(b, workbook_set_properties(b->workbook, &properties));
        b->n_left_out = count_left_out(b->publication);
        write_sheets(b);
        status = b->status;
        if (err && status != HST_OK) {
            *err = b->err;
        }
    }
    if (status != HST_OK) { /* packing it would take longer than all before */
        lxw_workbook_free(b->workbook);
        return status;
    }
    errno = 0;
    closed = workbook_close(b->workbook); /* frees it, too */
    error_number = errno;
    if (closed != LXW_NO_ERROR && *hst_remedy(error_number)) {
        errno = error_number;
        status = hst_fail_system(err, b->path, "cannot be written");
    } else if (closed != LXW_NO_ERROR) {
        status = hst_fail(err, HST_ERR_SYSTEM,
                          "%s: cannot be written: %s"
                          "; see whether its disk is full and run again",
                          b->path, lxw_strerror(closed));
    }
    return status;
}

/* An empty file with its permissions, whatever the process would give. */
static hst_status make_file(const char *path, unsigned mode, hst_error *err)
{
    int fd = -1;

    unlink(path); /* left by a run that was killed */
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
    if (fd < 0 || close(fd) != 0) {
        return hst_fail_system(err, path, "cannot be written");
    }
    return HST_OK;
}

/* The bytes on the disk, then the name. */
static hst_status give_name(const char *part, const char *path, hst_error *err)
{
    hst_status status = HST_OK;
    int fd = open(part, O_RDWR | O_CLOEXEC);

    if (fd < 0 || fsync(fd) != 0) {
        status = hst_fail_system(err, path, "cannot be written");
    }
    if (fd >= 0 && close(fd) != 0 && status == HST_OK) {
        status = hst_fail_system(err, path, "cannot be written");
    }
    if (status == HST_OK && rename(part, path) != 0) {
        status = hst_fail_system(err, path, "cannot be written");
    }
    return status;
}

static char *with_end(const char *path, const char *end)
{
    size_t bytes = strlen(path) + strlen(end) + 1;
    char *text = malloc(bytes);

    if (text) {
        snprintf(text, bytes, "%s%s", path, end);
    }
    return text;
}

/* One writing of the file, read back. */
static hst_status write_file(const hst_publication *publication, const char *path, const char *part,
                             char *scratch, unsigned mode, hst_error *err)
{
    hst_status status = make_file(part, mode, err);
    book *b = calloc(1, sizeof *b);
    int kept = -1;

    if (status == HST_OK && !b) {
        status = hst_fail(err, HST_ERR_MEMORY, "%s: no memory for a workbook", path);
    }
    if (status != HST_OK) {
        goto done;
    }
    b->publication = publication;
    b->path = path;
    kept = silence();
    status = write_workbook(b, part, scratch, err);
    bring_back(kept);
    if (status == HST_OK) {
        status = book_check(b, part, err);
    }

done:
    if (b) {
        free(b->sheets);
    }
    free(b);
    return status;
}

/* What was lost within a part shows in neither rows nor tags: only in a second writing, which would
 * not lose the same. */
static hst_status check_same(const char *path, const char *part, const char *again, hst_error *err)
{
    char hashes[2][HST_FILE_HASH_BYTES];
    uint64_t size = 0;
    hst_status status = hst_file_hash(hashes[0], &size, part, err);

    if (status == HST_OK) {
        status = hst_file_hash(hashes[1], &size, again, err);
    }
    if (status == HST_OK && strcmp(hashes[0], hashes[1]) != 0) {
        status = hst_fail(err, HST_ERR_SYSTEM,
                          "%s: was written twice and is not the same: its disk loses what it is "
                          "given; look at it (dmesg, smartctl) and run again",
                          path);
    }
    return status;
}

hst_status hst_workbook_write(const hst_publication *publication, const char *path, unsigned mode,
                              hst_error *err)
{
    hst_status status = HST_OK;
    char *part = with_end(path, ".part");
    char *scratch = with_end(path, ".tmp"); /* the library's own files, closed to others */
    char *again = with_end(path, ".tmp/again");

    if (!part || !scratch || !again) {
        status = hst_fail(err, HST_ERR_MEMORY, "%s: no memory for a workbook", path);
        goto done;
    }
    status = hst_tree_remove(scratch, err);
    if (status == HST_OK && mkdir(scratch, 0700) != 0) {
        status = hst_fail_system(err, scratch, "the folder cannot be made");
    }
    if (status == HST_OK) {
        status = write_file(publication, path, part, scratch, mode, err);
    }
    if (status == HST_OK) {
        status = write_file(publication, path, again, scratch, 0600, err);
    }
    if (status == HST_OK) {
        status = check_same(path, part, again, err);
    }
    if (status == HST_OK) {
        status = give_name(part, path, err);
    }

done:
    if (scratch && hst_tree_remove(scratch, status == HST_OK ? err : NULL) != HST_OK &&
        status == HST_OK) {
        status = HST_ERR_SYSTEM;
    }
    if (part && status != HST_OK) {
        unlink(part);
    }
    free(again);
    free(scratch);
    free(part);
    return status;
}
