/* The database as a file: awkward cells, what breaks a key, and what cannot be written. */
#include "tests/support.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "hestia/ingest.h"
#include "hestia/standard.h"
#include "publish/tables.h"
#include "publish/tree.h"

static const char study_text[] = "study: small\n"
                                 "title: \"It's \\\"small\\\"; DROP TABLE results\"\n"
                                 "period: {from: 2010-04-01, to: 2011-03-31}\n"
                                 "extracts: [{dataset: apc, files: apc_*.csv}]\n"
                                 "areas: {type: pct, names: names.csv, sites: [5NK]}\n"
                                 "measures:\n"
                                 "  - {id: beds, statistic: count, split: provider}\n"
                                 "publish: {disclosure: none}\n";

typedef struct fixture {
    char folder[64], path[96];
    hst_study *study;
    hst_conditions *conditions;
    hst_standard standard;
    hst_measures *measures;
    hst_areas *areas;
    hst_result results[2];
    hst_publication publication;
} fixture;

static void write_text(const char *folder, const char *name, const char *text)
{
    char *path = hst_tree_join(folder, name);
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    free(path);
}

static int open_fixture(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    char *study = NULL;
    hst_error err = {0};

    assert_non_null(f);
    *state = f;
    snprintf(f->folder, sizeof f->folder, "/tmp/hestia-sqlite-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/hestia.sqlite", f->folder);
    write_text(f->folder, "study.yaml", study_text);
    write_text(f->folder, "names.csv", "code,name\n5NK,'Wïrral'\n");
    write_text(f->folder, "apc_1.csv", "EPIKEY\n");
    study = hst_tree_join(f->folder, "study.yaml");
    if (hst_study_read(&f->study, study, &err) != HST_OK ||
        hst_conditions_read(&f->conditions, NULL, &err) != HST_OK ||
        hst_standard_read(&f->standard, "esp2013", &err) != HST_OK ||
        hst_measures_compile(&f->measures, f->study, f->conditions, &f->standard.bands, &err) !=
            HST_OK ||
        hst_areas_build(&f->areas, f->study, NULL, NULL, 0, &err) != HST_OK) {
        print_error("%s\n", err.message);
        return -1;
    }
    free(study);
    f->results[0] =
        (hst_result){.period = hst_period_of(HST_BY_QUARTER, hst_date_from_civil(2010, 4, 1)),
                     .sex = "persons",
                     .age = "all",
                     .split = "",
                     .statistic = "count",
                     .method = "",
                     .total_count = -1,
                     .total_pop = NAN,
                     .value = NAN,
                     .lowercl = 1.0 / 3,
                     .uppercl = INFINITY,
                     .lower998 = NAN,
                     .upper998 = NAN,
                     .confidence = "95%",
                     .comparator = SIZE_MAX,
                     .comparator_value = NAN,
                     .compared = "",
                     .compared_method = "",
                     .note = "=1+1; '; DROP TABLE results; --"};
    f->results[1] = f->results[0];
    f->results[1].split = "RXX";
    f->results[1].split_name = "it's \"RXX\"";
    f->results[1].total_count = 4294967296;
    f->publication = (hst_publication){.study = f->study,
                                       .measures = f->measures,
                                       .areas = f->areas,
                                       .results = f->results,
                                       .n_results = 2,
                                       .version = "0.1.0"};
    return 0;
}

static int close_fixture(void **state)
{
    fixture *f = *state;
    hst_status status = hst_tree_remove(f->folder, NULL);

    hst_areas_free(f->areas);
    hst_measures_free(f->measures);
    hst_conditions_free(f->conditions);
    hst_study_free(f->study);
    free(f);
    return status == HST_OK ? 0 : -1;
}

/* The first cell of a query as text, NULL as "NULL"; the caller frees it. */
static char *ask(const fixture *f, const char *sql)
{
    sqlite3 *connection = NULL;
    sqlite3_stmt *statement = NULL;
    char *text = NULL;

    assert_int_equal(sqlite3_open_v2(f->path, &connection, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(connection, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    text = strdup(sqlite3_column_type(statement, 0) == SQLITE_NULL
                      ? "NULL"
                      : (const char *)sqlite3_column_text(statement, 0));
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    assert_int_equal(sqlite3_close(connection), SQLITE_OK);
    return text;
}

static void cells_are_what_they_were(void **state)
{
    static const struct {
        const char *sql, *answer;
    } asked[] = {
        {"PRAGMA integrity_check", "ok"},
        {"SELECT count(*) FROM results", "2"},
        {"SELECT split FROM results WHERE rowid = 1", ""},
        {"SELECT total_count FROM results WHERE split = ''", "NULL"},
        {"SELECT total_count FROM results WHERE split = 'RXX'", "4294967296"},
        {"SELECT typeof(total_count) FROM results WHERE split = 'RXX'", "integer"},
        {"SELECT value FROM results", "NULL"},
        {"SELECT lowercl = 1.0 / 3 FROM results", "1"},
        {"SELECT uppercl > 1e308 FROM results", "1"},
        {"SELECT note FROM results", "'=1+1; '; DROP TABLE results; --"},
        {"SELECT method FROM results", "NULL"},
        {"SELECT split_name FROM results WHERE split = 'RXX'", "it's \"RXX\""},
        {"SELECT area_name FROM series_of_site", "'Wïrral'"},
        {"SELECT period_start FROM results", "2010-04-01"},
        {"SELECT count(*) FROM impact", "0"},
        {"SELECT value FROM manifest WHERE key = 'title'", "It's \"small\"; DROP TABLE results"},
        {"SELECT value FROM manifest WHERE key = 'build'", "NULL"},
        {"SELECT value FROM manifest WHERE key = 'disclosure'", "none"},
        {"PRAGMA user_version", "1"},
    };
    fixture *f = *state;
    hst_error err = {0};

    if (hst_sqlite_write(&f->publication, f->path, 0600, &err) != HST_OK) {
        fail_msg("%s", err.message);
    }
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        char *answer = ask(f, asked[i].sql);

        if (strcmp(answer, asked[i].answer) != 0) {
            fail_msg("%s: %s", asked[i].sql, answer);
        }
        free(answer);
    }
}

static void permissions_are_those_asked_for(void **state)
{
    fixture *f = *state;
    struct stat found;
    mode_t mask = umask(0);

    assert_int_equal(hst_sqlite_write(&f->publication, f->path, 0600, NULL), HST_OK);
    umask(mask);
    assert_int_equal(stat(f->path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
}

/* What stood there before is replaced, also what a killed run left; two writes are the same. */
static void file_is_written_anew(void **state)
{
    fixture *f = *state;
    char first[HST_FILE_HASH_BYTES], second[HST_FILE_HASH_BYTES];
    uint64_t size = 0;

    write_text(f->folder, "hestia.sqlite", "not a database");
    write_text(f->folder, "hestia.sqlite.part", "nor is this");
    assert_int_equal(hst_sqlite_write(&f->publication, f->path, 0644, NULL), HST_OK);
    assert_int_equal(hst_file_hash(first, &size, f->path, NULL), HST_OK);
    assert_int_equal(hst_sqlite_write(&f->publication, f->path, 0644, NULL), HST_OK);
    assert_int_equal(hst_file_hash(second, &size, f->path, NULL), HST_OK);
    assert_string_equal(first, second);
}

static void failures_leave_nothing_behind(void **state)
{
    fixture *f = *state;
    char path[128];
    hst_error err = {0};

    f->results[1].split = ""; /* two rows of one key */
    assert_int_equal(hst_sqlite_write(&f->publication, f->path, 0644, &err), HST_ERR_SYSTEM);
    assert_non_null(strstr(err.message, "hestia.sqlite: cannot be written: UNIQUE constraint"));
    assert_int_not_equal(access(f->path, F_OK), 0);
    snprintf(path, sizeof path, "%s.part", f->path);
    assert_int_not_equal(access(path, F_OK), 0);

    snprintf(path, sizeof path, "%s/absent/hestia.sqlite", f->folder);
    assert_int_equal(hst_sqlite_write(&f->publication, path, 0644, &err), HST_ERR_SYSTEM);
    assert_non_null(strstr(err.message, "absent/hestia.sqlite: cannot be written: No such file"));
}

/* Also of what is written with the database: rows may be millions. Stands last, as a request to
 * stop holds for good. */
static void an_interrupt_ends_tables(void **state)
{
    fixture *f = *state;
    char *table = hst_tree_join(f->folder, "results.csv");
    char *book = hst_tree_join(f->folder, "site-review.xlsx");

    hst_interrupt_request();
    assert_int_equal(hst_csv_table_write(&hst_results_table, &f->publication, table, 0644, NULL),
                     HST_ERR_INTERRUPTED);
    assert_int_equal(hst_sqlite_write(&f->publication, f->path, 0644, NULL), HST_ERR_INTERRUPTED);
    assert_int_equal(hst_workbook_write(&f->publication, book, 0644, NULL), HST_ERR_INTERRUPTED);
    assert_int_not_equal(access(table, F_OK), 0);
    assert_int_not_equal(access(f->path, F_OK), 0);
    assert_int_not_equal(access(book, F_OK), 0);
    free(table);
    free(book);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(cells_are_what_they_were), TEST(permissions_are_those_asked_for),
        TEST(file_is_written_anew),     TEST(failures_leave_nothing_behind),
        TEST(an_interrupt_ends_tables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
