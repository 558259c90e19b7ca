/* hestia.sqlite: every result table as a table of one database, with keys, indexes and views.
 *
 * Not STRICT, which SQLite before 3.37 cannot read, and long-lived systems have older ones: the
 * columns' types and the types that are bound agree, so that the cells have them all the same. The
 * same rows give the same bytes: one connection, one transaction, rows in the order of the tables,
 * fixed pages, freed space zeroed. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "hestia/csv.h"
#include "hestia/ingest.h"
#include "hestia/run_folder.h"
#include "publish/guard.h"
#include "publish/sqlite_text.h"
#include "publish/tables.h"

enum {
    APPLICATION_ID = 0x48455354, /* "HEST" */
    MAX_COLUMNS = 64,
    NAME_BYTES = 64,
    VALUE_BYTES = 512,
    STEPS_BETWEEN = 10000 /* of SQLite's machine: well below a hundredth of a second */
};

typedef struct database {
    hst_sink sink; /* first: a pointer to it is one to this */
    const char *path;
    sqlite3 *connection;
    sqlite3_stmt *insert; /* of the table that is being written */
    int column;           /* that the next cell belongs to, from 1 */
    bool is_key[MAX_COLUMNS + 1];
    hst_guard guard;
    int failure;       /* first code of SQLite that is not SQLITE_OK */
    char message[256]; /* and what it said */
} database;

static void keep_failure(database *d, int code)
{
    if (code != SQLITE_OK && d->failure == SQLITE_OK) {
        d->failure = code;
        snprintf(d->message, sizeof d->message, "%s", sqlite3_errmsg(d->connection));
    }
}

static hst_status give_failure(const database *d, hst_error *err)
{
    if (d->failure == SQLITE_NOMEM) {
        return hst_fail(err, HST_ERR_MEMORY, "%s: no memory", d->path);
    }
    if (d->failure == SQLITE_INTERRUPT) {
        return hst_interrupt_check(err);
    }
    return hst_fail(err, HST_ERR_SYSTEM,
                    "%s: cannot be written: %s; see whether its disk is full and run again",
                    d->path, d->message);
}

static hst_status execute(database *d, const char *sql, hst_error *err)
{
    keep_failure(d, sqlite3_exec(d->connection, sql, NULL, NULL, NULL));
    return d->failure == SQLITE_OK ? HST_OK : give_failure(d, err);
}

/* ---- cells ---- */

/* No part of a key is NULL, which equals nothing: a total has the split ''. */
static void put_text(hst_sink *sink, const char *text)
{
    database *d = (database *)sink;
    int column = d->column++;

    if (text && !(text = hst_guard_text(&d->guard, text))) {
        keep_failure(d, SQLITE_NOMEM);
    }
    if (text && (text[0] != '\0' || d->is_key[column])) {
        keep_failure(d, sqlite3_bind_text(d->insert, column, text, -1, SQLITE_TRANSIENT));
    } else if (d->is_key[column]) {
        keep_failure(d, sqlite3_bind_text(d->insert, column, "", 0, SQLITE_STATIC));
    } else {
        keep_failure(d, sqlite3_bind_null(d->insert, column));
    }
}

static void put_count(hst_sink *sink, uint64_t number)
{
    database *d = (database *)sink;

    /* numbers of rows, far below 2^63 */
    keep_failure(d, sqlite3_bind_int64(d->insert, d->column++, (sqlite3_int64)number));
}

/* SQLite makes NULL of NAN. */
static void put_real(hst_sink *sink, double number)
{
    database *d = (database *)sink;

    keep_failure(d, sqlite3_bind_double(d->insert, d->column++, number));
}

static void end_row(hst_sink *sink)
{
    database *d = (database *)sink;

    d->column = 1;
    if (d->failure == SQLITE_OK) {
        sqlite3_step(d->insert);
        keep_failure(d, sqlite3_reset(d->insert));
    }
}

/* ---- tables ---- */

static const char *type_of(hst_column_type type)
{
    switch (type) {
    case HST_COLUMN_TEXT:
    case HST_COLUMN_DATE:
        return "TEXT";
    case HST_COLUMN_REAL:
        return "REAL";
    case HST_COLUMN_COUNT:
    case HST_COLUMN_FLAG:
        break;
    }
    return "INTEGER";
}

/* True when `name` is one of the columns "a, b, c". */
static bool is_in_key(const char *key, const char *name)
{
    size_t length = strlen(name);

    for (const char *at = key; at; at = strstr(at, ", ") ? strstr(at, ", ") + 2 : NULL) {
        if (strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == '\0')) {
            return true;
        }
    }
    return false;
}

/* CREATE TABLE and INSERT of a table, which the caller frees with sqlite3_free; NULL without
 * memory. "site-review" is called site_review. */
static void compose(char **create, char **insert, const hst_result_table *table)
{
    sqlite3_str *columns = sqlite3_str_new(NULL), *values = sqlite3_str_new(NULL);
    char name[NAME_BYTES];

    snprintf(name, sizeof name, "%s", table->name);
    for (char *c = name; *c; c++) {
        *c = *c == '-' ? '_' : *c;
    }
    sqlite3_str_appendf(columns, "CREATE TABLE \"%w\" (", name);
    sqlite3_str_appendf(values, "INSERT INTO \"%w\" VALUES (", name);
    for (size_t i = 0; i < table->n_columns; i++) {
        const hst_column *column = &table->columns[i];

        sqlite3_str_appendf(columns, "%s\n    \"%w\" %s%s", i > 0 ? "," : "", column->name,
                            type_of(column->type),
                            is_in_key(table->key, column->name) ? " NOT NULL" : "");
        sqlite3_str_appendall(values, i > 0 ? ", ?" : "?");
    }
    if (table->key) {
        sqlite3_str_appendf(columns, ",\n    PRIMARY KEY (%s)", table->key);
    }
    sqlite3_str_appendall(columns, "\n)");
    sqlite3_str_appendall(values, ")");
    *create = sqlite3_str_finish(columns);
    *insert = sqlite3_str_finish(values);
}

static void prepare(database *d, const char *insert)
{
    keep_failure(d, sqlite3_prepare_v2(d->connection, insert, -1, &d->insert, NULL));
    d->column = 1;
}

static void release(database *d)
{
    sqlite3_finalize(d->insert); /* its failures are those of its steps */
    d->insert = NULL;
}

static hst_status write_table(database *d, const hst_result_table *table,
                              const hst_publication *publication, hst_error *err)
{
    hst_status status = HST_OK;
    char *create = NULL, *insert = NULL;

    compose(&create, &insert, table);
    if (!create || !insert) {
        status = hst_fail(err, HST_ERR_MEMORY, "%s: no memory", d->path);
        goto done;
    }
    assert(table->n_columns <= MAX_COLUMNS);
    for (size_t i = 0; i < table->n_columns; i++) {
        d->is_key[i + 1] = is_in_key(table->key, table->columns[i].name);
    }
    status = execute(d, create, err);
    if (status != HST_OK) {
        goto done;
    }
    prepare(d, insert);
    if (d->failure == SQLITE_OK) {
        status = table->write(&d->sink, publication, err);
    }
    if (status == HST_OK && d->failure != SQLITE_OK) {
        status = give_failure(d, err);
    }
    release(d);

done:
    sqlite3_free(create);
    sqlite3_free(insert);
    return status;
}

/* ---- the table `manifest`: what the numbers rest on, without times, paths or machines ---- */

static void put_fact(database *d, const char *key, const char *value)
{
    put_text(&d->sink, key);
    put_text(&d->sink, value);
    end_row(&d->sink);
}

static void put_number_fact(database *d, const char *key, double number)
{
    char text[HST_CSV_NUMBER_BYTES];

    hst_csv_format_real(text, number);
    put_fact(d, key, text);
}

static void put_window(database *d, const char *from_key, const char *to_key,
                       const hst_window *window)
{
    char text[11];

    hst_date_format(window->from, text);
    put_fact(d, from_key, text);
    hst_date_format(window->to, text);
    put_fact(d, to_key, text);
}

static void put_disclosure(database *d, const hst_publication *p)
{
    const hst_disclosure *done = p->disclosure;

    if (!done) {
        put_fact(d, "disclosure", "none");
        put_fact(d, "release", "true numbers, without disclosure control: not for release");
        return;
    }
    put_fact(d, "disclosure", p->study->publish.disclosure.rule);
    put_number_fact(d, "disclosure_min", p->study->publish.disclosure.min);
    put_number_fact(d, "disclosure_round", p->study->publish.disclosure.round);
    put_number_fact(d, "disclosure_totals_round", (double)done->total_round);
    put_number_fact(d, "disclosure_decimals", p->study->publish.disclosure.decimals);
    put_number_fact(d, "disclosure_hidden_counts",
                    (double)(done->n_small + done->n_withheld_counts));
    put_number_fact(d, "disclosure_withheld_values", (double)done->n_withheld_values);
    put_number_fact(d, "disclosure_other_hidden", (double)done->n_other);
    put_fact(d, "release", "after disclosure control");
}

/* "measure emergency_admissions": "dsr, interval dobson-byar, confidence 95 %". */
static void put_measures(database *d, const hst_study *study)
{
    for (size_t i = 0; i < study->n_measures; i++) {
        const hst_measure *measure = &study->measures[i];
        const char *interval = hst_interval_name(measure->interval);
        char key[VALUE_BYTES], value[VALUE_BYTES];
        char first[HST_CSV_NUMBER_BYTES], second[HST_CSV_NUMBER_BYTES] = "";

        hst_csv_format_real(first, measure->confidence[0]);
        if (measure->n_confidence == 2) {
            hst_csv_format_real(second, measure->confidence[1]);
        }
        snprintf(key, sizeof key, "measure %s", measure->id);
        snprintf(value, sizeof value, "%s%s%s, confidence %s%s%s %%",
                 hst_statistic_name(measure->statistic), interval[0] ? ", interval " : "", interval,
                 first, second[0] ? " and " : "", second);
        put_fact(d, key, value);
    }
}

/* The name of a built-in standard, or of a file without its folder. */
static const char *file_name(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;

    return slash ? slash + 1 : path;
}

static hst_status write_manifest(database *d, const hst_publication *p, hst_error *err)
{
    static const char *const denominators[] = {
        [HST_DENOMINATOR_FINANCIAL] = "financial",
        [HST_DENOMINATOR_CALENDAR] = "calendar",
        [HST_DENOMINATOR_INTERPOLATE] = "interpolate",
    };
    const hst_study *study = p->study;
    hst_status status = execute(
        d, "CREATE TABLE manifest (\"key\" TEXT NOT NULL PRIMARY KEY, \"value\" TEXT)", err);

    if (status != HST_OK) {
        return status;
    }
    memset(d->is_key, 0, sizeof d->is_key);
    prepare(d, "INSERT INTO manifest VALUES (?, ?)");
    put_fact(d, "study", study->study);
    put_fact(d, "title", study->title);
    put_window(d, "period_from", "period_to", &study->period);
    put_fact(d, "hestia", p->version);
    put_fact(d, "build", p->build);
    put_number_fact(d, "schema_version", HST_RESULTS_SCHEMA);
    put_fact(d, "spells", study->spell_rule);
    put_fact(d, "cips", study->cips_rule);
    put_fact(d, "duplicates", study->duplicates);
    put_fact(d, "standard_population", file_name(study->standard_population));
    put_fact(d, "standardise_by", study->by_sex ? "age_sex" : "age");
    put_fact(d, "denominator_year", denominators[study->denominator_year]);
    put_fact(d, "area_type", study->areas.type);
    put_measures(d, study);
    put_disclosure(d, p);
    release(d);
    return d->failure == SQLITE_OK ? HST_OK : give_failure(d, err);
}

/* ---- the file ---- */

/* Without a journal: a file that is not finished is thrown away whole. Sorting for the indexes
 * stays in memory, so that no number goes to a temporary folder. */
static const char settings[] = "PRAGMA page_size = 4096;"
                               "PRAGMA auto_vacuum = NONE;"
                               "PRAGMA encoding = 'UTF-8';"
                               "PRAGMA secure_delete = ON;"
                               "PRAGMA temp_store = MEMORY;"
                               "PRAGMA locking_mode = EXCLUSIVE;"
                               "PRAGMA journal_mode = OFF;"
                               "PRAGMA synchronous = OFF;";

static hst_status fill(database *d, const hst_publication *publication, hst_error *err)
{
    size_t n = 0;
    const hst_result_table *const *tables = hst_result_tables(&n);
    char marks[96];
    hst_status status = execute(d, settings, err);

    snprintf(marks, sizeof marks, "PRAGMA application_id = %d; PRAGMA user_version = %d; BEGIN",
             APPLICATION_ID, HST_RESULTS_SCHEMA);
    if (status == HST_OK) {
        status = execute(d, marks, err);
    }
    for (size_t i = 0; i < n && status == HST_OK; i++) {
        status = write_table(d, tables[i], publication, err);
    }
    if (status == HST_OK) {
        status = write_manifest(d, publication, err);
    }
    if (status == HST_OK) {
        status = execute(d, hst_sqlite_text("views"), err);
    }
    return status == HST_OK ? execute(d, "COMMIT", err) : status;
}

/* The bytes are on the disk before the file takes its name. */
static hst_status take_name(const char *part, const char *path, hst_error *err)
{
    int fd = open(part, O_RDWR | O_CLOEXEC);
    int result = fd < 0 ? -1 : fsync(fd);

    if (result == 0) {
        result = rename(part, path);
    }
    if (result != 0) {
        result = errno;
        if (fd >= 0) {
            close(fd);
        }
        errno = result;
        return hst_fail_system(err, path, "cannot be written");
    }
    close(fd);
    return HST_OK;
}

/* Asked by SQLite, which ends what it does: indexes take as long as rows. */
static int is_interrupted(void *data)
{
    (void)data;
    return hst_interrupt_requested();
}

hst_status hst_sqlite_write(const hst_publication *publication, const char *path, unsigned mode,
                            hst_error *err)
{
    hst_status status = HST_OK;
    size_t bytes = strlen(path) + sizeof ".part";
    char *part = malloc(bytes);
    int fd = -1;
    database d = {.sink = {put_text, put_count, put_real, end_row}, .path = path};

    if (!part) {
        return hst_fail(err, HST_ERR_MEMORY, "%s: no memory for a path", path);
    }
    snprintf(part, bytes, "%s.part", path);
    unlink(part); /* left by a run that was killed */
    fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
    if (fd < 0 || close(fd) != 0) {
        status = hst_fail_system(err, path, "cannot be written");
        goto done;
    }
    keep_failure(&d, sqlite3_open_v2(part, &d.connection, SQLITE_OPEN_READWRITE, NULL));
    if (d.failure == SQLITE_OK) {
        sqlite3_progress_handler(d.connection, STEPS_BETWEEN, is_interrupted, NULL);
    }
    status = d.failure == SQLITE_OK ? fill(&d, publication, err) : give_failure(&d, err);
    keep_failure(&d, sqlite3_close(d.connection));
    if (status == HST_OK && d.failure != SQLITE_OK) {
        status = give_failure(&d, err);
    }
    if (status == HST_OK) {
        status = take_name(part, path, err);
    }

done:
    if (status != HST_OK) {
        unlink(part);
    }
    hst_guard_clear(&d.guard);
    free(part);
    return status;
}
