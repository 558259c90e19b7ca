/* A whole run folder from a small study: columns, permissions, the same bytes twice, the law of
 * rows, reconciliation and the fingerprint. */
#include "tests/support.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "hestia/publish.h"
#include "hestia/published.h"
#include "hestia/standard.h"
#include "publish/tree.h"

enum { START = 1795226400 }; /* 2026-11-21 02:00:00 UTC */

static const char study_text[] =
    "study: small\n"
    "title: A small study\n"
    "period: {from: 2009-04-01, to: 2011-03-31}\n"
    "extracts: [{dataset: apc, files: apc_*.csv}]\n"
    "areas:\n"
    "  type: pct\n"
    "  names: names.csv\n"
    "  sites: [5NK]\n"
    "  comparators: [{name: England, areas: all}]\n"
    "population: population.csv\n"
    "measures:\n"
    "  - {id: emergency, title: 'Emergency, all', where: {admission_method: emergency},\n"
    "     statistic: dsr, by: [quarter, year], direction: lower_is_better, figure: Figure 40}\n"
    "  - {id: beds, statistic: count, unit: episode, split: sex}\n"
    "reported:\n"
    "  - {measure: emergency, area: 5NK, file: reported.csv}\n"
    "  - {measure: beds, area: 5NK, file: beds.csv}\n"
    "publish: {disclosure: none, internal: true, keep: 30}\n";

static const hst_timing timings[] = {{"ingest", 1.23456}};

typedef struct fixture {
    char folder[64];
    hst_study *study;
    hst_conditions *conditions;
    hst_standard standard;
    hst_measures *measures;
    hst_areas *areas;
    hst_ledger *ledger;
    hst_inputs inputs;
    hst_input input;
    hst_england england;
    hst_england_year years[2];
    hst_people_totals people;
    hst_result results[4];
    hst_publication publication;
    char fingerprint[HST_FINGERPRINT_BYTES];
} fixture;

static char *below(const char *folder, const char *name)
{
    static char paths[4][512]; /* four at a time */
    static size_t turn;
    char *path = paths[turn++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static char *read_text(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = calloc(1, 1 << 16);

    assert_non_null(file);
    assert_non_null(text);
    assert_in_range(fread(text, 1, (1 << 16) - 1, file), 1, (1 << 16) - 2);
    fclose(file);
    return text;
}

static void add_line(hst_ledger *ledger, const char *stage, const char *file, const char *reason,
                     uint64_t n)
{
    const hst_ledger_line line = {
        .stage = stage, .dataset = "apc", .file = file, .reason = reason, .n = n};

    assert_int_equal(hst_ledger_add(ledger, &line, NULL), HST_OK);
}

static void fill_results(fixture *f)
{
    const hst_result rate = {
        .measure = 0,
        .area = 1,
        .period = hst_period_of(HST_BY_QUARTER, hst_date_from_civil(2010, 4, 1)),
        .sex = "persons",
        .age = "all",
        .split = "",
        .split_name = "",
        .statistic = "dsr",
        .method = "dobson-byar; esp2013",
        .total_count = 173,
        .total_pop = 319837.5,
        .value = 54.0901,
        .lowercl = 1.0 / 3,
        .uppercl = 62.75,
        .lower998 = NAN,
        .upper998 = NAN,
        .confidence = "95%",
        .comparator = 0,
        .comparator_value = 50,
        .compared = "similar",
        .compared_method = "log ratio",
        .note = "",
    };
    hst_result *row = f->results;

    row[0] = rate;
    row[0].is_incomplete = true;
    row[1] = rate; /* the comparator, by year */
    row[1].is_group = true;
    row[1].area = 0;
    row[1].period = hst_period_of(HST_BY_YEAR, hst_date_from_civil(2010, 4, 1));
    row[1].comparator = SIZE_MAX;
    row[1].comparator_value = NAN;
    row[1].compared = row[1].compared_method = "";
    row[2] = rate; /* nothing known: empty cells, not 0 */
    row[2].area = 0;
    row[2].total_count = -1;
    row[2].total_pop = row[2].value = row[2].lowercl = row[2].uppercl = NAN;
    row[2].note = "population missing: 5J6, \"2010\"";
    row[3] = rate; /* a count by sex */
    row[3].measure = 1;
    row[3].split = "1";
    row[3].split_name = "Male";
    row[3].statistic = "count";
    row[3].total_count = 0;
}

static int open_fixture(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    hst_error err = {0};

    assert_non_null(f);
    *state = f;
    snprintf(f->folder, sizeof f->folder, "/tmp/hestia-publish-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    write_text(below(f->folder, "study.yaml"), study_text);
    write_text(below(f->folder, "names.csv"),
               "code,name\n5NK,Wirral\n5J6,\"Calderdale, \"\"5J6\"\"\"\n");
    write_text(below(f->folder, "population.csv"),
               "area,year,sex,age_lower,age_upper,population\n");
    write_text(below(f->folder, "apc_1.csv"), "EPIKEY\n");
    write_text(below(f->folder, "reported.csv"), "period,series,value,source\n"
                                                 "2010/11 Q2,all,60,\n"
                                                 "2010/11 Q1,all,50,\"board, May\"\n");
    write_text(below(f->folder, "beds.csv"), "period,series,value,source\n2010/11 Q1,1,0,\n");
    if (hst_study_read(&f->study, below(f->folder, "study.yaml"), &err) != HST_OK ||
        hst_conditions_read(&f->conditions, NULL, &err) != HST_OK ||
        hst_standard_read(&f->standard, "esp2013", &err) != HST_OK ||
        hst_measures_compile(&f->measures, f->study, f->conditions, &f->standard.bands, &err) !=
            HST_OK ||
        hst_areas_build(&f->areas, f->study, NULL, NULL, 0, &err) != HST_OK ||
        hst_ledger_create(&f->ledger, &err) != HST_OK) {
        print_error("%s\n", err.message);
        return -1;
    }
    add_line(f->ledger, "ingest", "apc_1.csv", "read", 1000);
    add_line(f->ledger, "ingest", "apc_1.csv", "used", 990);
    add_line(f->ledger, "ingest", "apc_1.csv", "ragged", 10);
    add_line(f->ledger, "ingest notice", "apc_1.csv", "age unknown", 5);

    f->input = (hst_input){.path = f->study->path,
                           .member = f->study->path + strlen(f->study->path),
                           .name = f->study->study,
                           .bytes = 17,
                           .digest = {1, 2, 3}};
    f->inputs = (hst_inputs){.n = 1, .items = &f->input};
    f->years[0] = (hst_england_year){.year = 2008,
                                     .fce = 5,
                                     .fae = 4,
                                     .fae_emergency = 3,
                                     .stays = 7,
                                     .stay_days = 40,
                                     .spells = 5};
    f->years[1] = (hst_england_year){.year = 2010,
                                     .fce = 17269882,
                                     .fae = 14800000,
                                     .fae_emergency = 5200000,
                                     .stays = 1000,
                                     .stay_days = 5573};
    f->england = (hst_england){.n_years = 2, .years = f->years, .has_spells = true};
    f->people = (hst_people_totals){
        .has_spells = true, .n_people = 31, .n_episodes = 73, .n_spells = 61, .n_cips = 58};
    fill_results(f);
    assert_int_equal(hst_fingerprint(f->fingerprint, f->study, &f->inputs, "0.1.0", &err), HST_OK);
    f->publication = (hst_publication){
        .start = START,
        .study = f->study,
        .inputs = &f->inputs,
        .measures = f->measures,
        .areas = f->areas,
        .results = f->results,
        .n_results = 4,
        .ledger = f->ledger,
        .england = &f->england,
        .people = &f->people,
        .fingerprint = f->fingerprint,
        .version = "0.1.0",
        .command = "hestia run study.yaml",
        .n_threads = 2,
        .memory_bytes = 1 << 30,
        .timings = timings,
        .n_timings = 1,
    };
    return 0;
}

static int close_fixture(void **state)
{
    fixture *f = *state;
    hst_status status = hst_tree_remove(f->folder, NULL);

    hst_ledger_free(f->ledger);
    hst_areas_free(f->areas);
    hst_measures_free(f->measures);
    hst_conditions_free(f->conditions);
    hst_study_free(f->study);
    free(f);
    return status == HST_OK ? 0 : -1;
}

static char *publish(fixture *f)
{
    char *path = NULL;
    hst_error err = {0};

    if (hst_publish(&f->publication, &path, &err) != HST_OK) {
        fail_msg("%s", err.message);
    }
    return path;
}

static void assert_file(const char *path, const char *expected)
{
    char *text = read_text(path);

    assert_string_equal(text, expected);
    free(text);
}

static void assert_mode(const char *path, unsigned mode)
{
    struct stat found;

    assert_int_equal(lstat(path, &found), 0);
    assert_int_equal(found.st_mode & 0777, mode);
}

static void results_have_the_columns_of_the_interface(void **state)
{
    fixture *f = *state;
    char *run = publish(f);

    assert_file(
        below(run, "release/results.csv"),
        "measure,dataset,area_type,area_code,area_name,period,period_start,period_end,sex,age,"
        "split,total_count,total_pop,value,lowercl,uppercl,lower998,upper998,confidence,statistic,"
        "method,comparator,compared,suppressed,note,area_role,period_type,split_by,split_name,unit,"
        "comparator_value,compared_method,incomplete\n"
        "emergency,apc,pct,5NK,Wirral,2010/11 Q1,2010-04-01,2010-06-30,persons,all,,173,319837.5,"
        "54.0901,0.333333333333333,62.75,,,95%,dsr,dobson-byar; esp2013,England,similar,0,,site,"
        "quarter,,,\"admissions per 100,000\",50,log ratio,1\n"
        "emergency,apc,comparator,England,England,2010/11,2010-04-01,2011-03-31,persons,all,,173,"
        "319837.5,54.0901,0.333333333333333,62.75,,,95%,dsr,dobson-byar; esp2013,,,0,,comparator,"
        "year,,,\"admissions per 100,000\",,,0\n"
        "emergency,apc,pct,5J6,\"Calderdale, \"\"5J6\"\"\",2010/11 Q1,2010-04-01,2010-06-30,"
        "persons,all,,,,,,,,,95%,dsr,dobson-byar; esp2013,England,similar,0,"
        "\"population missing: 5J6, \"\"2010\"\"\",other,quarter,,,\"admissions per 100,000\",50,"
        "log ratio,0\n"
        "beds,apc,pct,5NK,Wirral,2010/11 Q1,2010-04-01,2010-06-30,persons,all,1,0,319837.5,54.0901,"
        "0.333333333333333,62.75,,,95%,count,dobson-byar; esp2013,England,similar,0,,site,quarter,"
        "sex,Male,episodes,50,log ratio,0\n");
    free(run);
}

static void small_tables_are_written(void **state)
{
    fixture *f = *state;
    char *run = publish(f);
    char *text = read_text(below(run, "measures.csv"));

    assert_file(below(run, "areas.csv"),
                "area_type,area_code,area_name,area_role,first_period,last_period\n"
                "pct,5J6,\"Calderdale, \"\"5J6\"\"\",other,2010/11 Q1,2010/11 Q1\n"
                "pct,5NK,Wirral,site,2010/11 Q1,2010/11 Q1\n"
                "comparator,England,England,comparator,2010/11,2010/11\n");
    assert_file(below(run, "audit.csv"),
                "stage,dataset,file,measure,area,period,reason,n,suppressed\n"
                "ingest,apc,apc_1.csv,,,,ragged,10,0\n"
                "ingest,apc,apc_1.csv,,,,read,1000,0\n"
                "ingest,apc,apc_1.csv,,,,used,990,0\n"
                "ingest notice,apc,apc_1.csv,,,,age unknown,5,0\n");
    assert_file(below(run, "reconcile.csv"),
                "dataset,year,item,ours,published,percent,flag\n"
                "apc,2008/09,fae,4,14152692,-99.9999717368258,differs\n"
                "apc,2008/09,fae_emergency,3,,,not published\n"
                "apc,2008/09,fce,5,,,not published\n"
                "apc,2008/09,mean_los,5.71428571428571,5.7,0.250626566416039,ok\n"
                "apc,2009/10,fae,0,14537712,-100,differs\n"
                "apc,2009/10,fae_emergency,0,,,not published\n"
                "apc,2009/10,fce,0,16806196,-100,differs\n"
                "apc,2009/10,mean_los,,5.6,,not counted\n"
                "apc,2010/11,fae,14800000,14890844,-0.610066158775151,ok\n"
                "apc,2010/11,fae_emergency,5200000,5287032,-1.64614097285585,differs\n"
                "apc,2010/11,fce,17269882,17269882,0,ok\n"
                "apc,2010/11,mean_los,5.573,,,not published\n");
    assert_file(
        below(run, "cohorts.csv"),
        "cohort,area_code,year,members,registered,percent,suppressed\n"); /* there are none */
    assert_file(below(run, "sensitivity.csv"),                            /* and no service */
                "impact,site_code,measure,dimension,alternative,estimate,lowercl,uppercl,p,note,"
                "suppressed\n");
    assert_int_equal(access(below(run, "impact.csv"), R_OK), 0);
    assert_int_equal(access(below(run, "site-review.csv"), R_OK), 0);
    assert_int_equal(access(below(run, "breaks.csv"), R_OK), 0);
    assert_file(
        below(run, "reported.csv"),
        "measure,area_code,period,series,ours,reported,difference,percent,source,note,suppressed\n"
        "beds,5NK,2010/11 Q1,1,54.0901,0,54.0901,,,,0\n"
        "emergency,5NK,2010/11 Q1,all,54.0901,50,4.0901,8.1802,\"board, May\",,0\n"
        "emergency,5NK,2010/11 Q2,all,,60,,,,the results have no such area and period,0\n");
    assert_memory_equal(text, "measure,title,dataset,definition,unit,direction,figure\nbeds,", 59);
    assert_non_null(strstr(text, "\nemergency,\"Emergency, all\",apc,"));
    assert_non_null(strstr(text, ",admission,lower_is_better,Figure 40\n"));
    free(text);
    free(run);
}

static void release_is_open_and_internal_is_not(void **state)
{
    fixture *f = *state;
    char *run = publish(f);
    const char *results = f->study->publish.directory;

    assert_mode(below(run, "release"), 0755);
    assert_mode(below(run, "release/results.csv"), 0644);
    assert_mode(below(run, "results.csv"), 0644);
    assert_mode(below(run, "manifest.json"), 0644);
    assert_mode(below(run, "internal"), 0700);
    assert_mode(below(run, "internal/results.csv"), 0600);
    assert_int_equal(access(below(results, "latest/results.csv"), R_OK), 0);
    assert_int_equal(access(below(results, "latest/internal/areas.csv"), R_OK), 0);
    free(run);

    f->study->publish.internal = false;
    run = publish(f);
    assert_int_equal(access(below(run, "internal"), F_OK), -1);
    free(run);
}

static void two_runs_give_the_same_bytes(void **state)
{
    static const char *const files[] = {"results.csv",     "measures.csv",  "areas.csv",
                                        "audit.csv",       "reconcile.csv", "reported.csv",
                                        "cohorts.csv",     "impact.csv",    "site-review.csv",
                                        "sensitivity.csv", "breaks.csv"};
    fixture *f = *state;
    char *first = publish(f);
    char *second = NULL;

    f->publication.start += 3600;
    f->publication.n_threads = 7;
    second = publish(f);
    assert_string_not_equal(first, second);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char *text = read_text(below(first, files[i]));

        assert_file(below(second, files[i]), text);
        free(text);
    }
    free(first);
    free(second);
}

static void manifest_says_what_the_figures_rest_on(void **state)
{
    fixture *f = *state;
    char *run = publish(f);
    json_t *manifest = json_load_file(below(run, "manifest.json"), 0, NULL);
    const json_t *input = json_array_get(json_object_get(manifest, "inputs"), 0);
    const json_t *counts = json_object_get(json_object_get(manifest, "counts"), "ingest");
    const json_t *tables = json_object_get(manifest, "tables");
    const json_t *comparator =
        json_array_get(json_object_get(json_object_get(manifest, "rules"), "comparators"), 0);
    const json_t *measure = json_array_get(json_object_get(manifest, "measures"), 0);
    const json_t *people = json_object_get(manifest, "people");
    const json_t *years = json_object_get(manifest, "admissions_and_spells");

    assert_non_null(manifest);
    assert_string_equal(json_string_value(json_object_get(manifest, "run")), "20261121T020000Z");
    assert_string_equal(json_string_value(json_object_get(manifest, "started")),
                        "2026-11-21T02:00:00Z");
    assert_string_equal(json_string_value(json_object_get(manifest, "disclosure")), "none");
    assert_string_equal(json_string_value(json_object_get(manifest, "command")),
                        "hestia run study.yaml");
    assert_string_equal(json_string_value(json_object_get(input, "hash")),
                        "01020300000000000000000000000000");
    assert_int_equal(json_integer_value(json_object_get(input, "bytes")), 17);
    assert_int_equal(json_integer_value(json_object_get(counts, "read")), 1000);
    assert_int_equal(json_integer_value(json_object_get(counts, "ragged")), 10);
    assert_int_equal(json_array_size(tables), 4);
    assert_string_equal(json_string_value(json_object_get(comparator, "name")), "England");
    assert_string_equal(json_string_value(json_object_get(comparator, "areas")), "all");
    assert_true(json_is_null(json_object_get(comparator, "population_area")));
    assert_true(json_is_false(json_object_get(measure, "annualise")));
    assert_string_equal(json_string_value(json_object_get(measure, "split")), "none");
    assert_int_equal(json_array_size(json_object_get(measure, "confidence")), 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(tables, 0), "key")),
                        "areas.names");
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(manifest, "results"), "rows")), 4);
    assert_int_equal(json_integer_value(json_object_get(people, "people")), 31);
    assert_int_equal(json_integer_value(json_object_get(people, "continuous_spells")), 58);
    assert_null(json_object_get(people, "cohorts"));
    assert_int_equal(json_array_size(json_object_get(manifest, "services")), 0);
    assert_true(json_is_null(json_object_get(manifest, "impact")));
    assert_true(json_is_null(json_object_get(manifest, "breaks")));
    assert_int_equal(json_array_size(years), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(years, 0), "year")),
                        "2008/09");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(years, 0), "difference")),
                     1); /* 4 admissions, 5 spells */
    assert_close(json_real_value(json_object_get(json_array_get(years, 0), "percent")), 25, 1e-15);
    json_decref(manifest);
    free(run);
}

static void rows_that_do_not_add_up_stop_the_run(void **state)
{
    fixture *f = *state;
    hst_error err = {0};
    char *run = NULL;

    add_line(f->ledger, "ingest", "apc_2.csv", "read", 7);
    add_line(f->ledger, "ingest", "apc_2.csv", "used", 6);
    assert_int_equal(hst_publish_check_rows(f->ledger, &err), HST_ERR_ARGUMENT);
    assert_string_equal(err.message, "apc_2.csv: 7 rows read, but 6 used and set aside: the audit "
                                     "does not add up");
    assert_int_equal(hst_publish(&f->publication, &run, &err), HST_ERR_ARGUMENT);
    assert_null(run);
    assert_int_equal(access(f->study->publish.directory, F_OK), -1);
    add_line(f->ledger, "ingest", "apc_2.csv", "malformed date", 1);
    assert_int_equal(hst_publish_check_rows(f->ledger, &err), HST_OK);
}

/* The folder cannot be filled: nothing is published, and the last run stays. */
static void failure_leaves_the_last_run(void **state)
{
    fixture *f = *state;
    char *run = publish(f);
    char *path = f->study->path;
    char absent[] = "/nonexistent/study.yaml";
    hst_error err = {0};
    struct stat found;

    f->study->path = absent; /* found out last of all, by the manifest */
    f->publication.start++;
    assert_int_equal(hst_publish(&f->publication, NULL, &err), HST_ERR_USAGE);
    f->study->path = path;
    assert_int_equal(lstat(below(f->study->publish.directory, "20261121T020001Z.part"), &found),
                     -1);
    assert_int_equal(lstat(below(f->study->publish.directory, "20261121T020001Z"), &found), -1);
    assert_int_equal(access(below(f->study->publish.directory, "latest/results.csv"), R_OK), 0);
    free(run);
}

/* The hash of a short list of identifiers would give them away to whoever tries all. */
static void list_of_people_has_no_hash_in_the_manifest(void **state)
{
    fixture *f = *state;
    char *run = NULL;
    json_t *manifest = NULL;
    const json_t *tables = NULL, *list = NULL, *ages = NULL;

    write_text(below(f->folder, "people.txt"), "SYN01\n");
    write_text(below(f->folder, "qof.csv"), "area,date,registered\n");
    f->study->cohorts = calloc(1, sizeof *f->study->cohorts);
    f->study->n_cohorts = 1;
    f->study->cohorts[0].id = strdup("listed");
    f->study->cohorts[0].file = strdup(below(f->folder, "people.txt"));
    f->study->cohorts[0].register_file = strdup(below(f->folder, "qof.csv"));
    run = publish(f);
    manifest = json_load_file(below(run, "manifest.json"), 0, NULL);
    tables = json_object_get(manifest, "tables");
    list = json_array_get(tables, 2);
    ages = json_array_get(tables, 3);
    assert_string_equal(json_string_value(json_object_get(list, "key")), "cohorts");
    assert_true(json_is_null(json_object_get(list, "hash")));
    assert_int_equal(json_integer_value(json_object_get(list, "bytes")), 6);
    assert_string_equal(json_string_value(json_object_get(ages, "key")), "cohorts.register");
    assert_true(json_is_string(json_object_get(ages, "hash")));
    json_decref(manifest);
    free(run);
}

/* What a run depends on, changed one at a time. */
static void fingerprint_sees_every_change(void **state)
{
    fixture *f = *state;
    char again[HST_FINGERPRINT_BYTES], other[HST_FINGERPRINT_BYTES];
    hst_error err = {0};

    assert_int_equal(strlen(f->fingerprint), HST_FINGERPRINT_BYTES - 1);
    assert_int_equal(hst_fingerprint(again, f->study, &f->inputs, "0.1.0", &err), HST_OK);
    assert_string_equal(again, f->fingerprint);

    assert_int_equal(hst_fingerprint(other, f->study, &f->inputs, "0.1.1", &err), HST_OK);
    assert_string_not_equal(other, f->fingerprint);
    f->input.digest[15] ^= 1;
    assert_int_equal(hst_fingerprint(other, f->study, &f->inputs, "0.1.0", &err), HST_OK);
    assert_string_not_equal(other, f->fingerprint);
    f->input.digest[15] ^= 1;
    f->input.superseded = true;
    assert_int_equal(hst_fingerprint(other, f->study, &f->inputs, "0.1.0", &err), HST_OK);
    assert_string_not_equal(other, f->fingerprint);
    f->input.superseded = false;
    write_text(below(f->folder, "population.csv"), "area,year\n");
    assert_int_equal(hst_fingerprint(other, f->study, &f->inputs, "0.1.0", &err), HST_OK);
    assert_string_not_equal(other, f->fingerprint);
    unlink(below(f->folder, "population.csv"));
    assert_int_equal(hst_fingerprint(other, f->study, &f->inputs, "0.1.0", &err), HST_ERR_USAGE);
    assert_non_null(strstr(err.message, "population.csv: cannot be read"));
}

/* Each small file that a study can name, changed one at a time. */
static void fingerprint_sees_every_small_file(void **state)
{
    static const char *const names[] = {
        "study.yaml", "lookup.csv",     "names.csv",    "similar.csv", "trusts.csv",
        "merge.csv",  "population.csv", "standard.csv", "imd.csv",     "lists.csv",
        "qof.csv",    "people.txt",     "register.csv", "reported.csv"};
    enum { N_FILES = sizeof names / sizeof *names };
    char folder[] = "/tmp/hestia-fingerprint-XXXXXX", paths[N_FILES][96];
    char before[HST_FINGERPRINT_BYTES], after[HST_FINGERPRINT_BYTES];
    char *population[] = {paths[6]};
    hst_comparator comparator = {.file = paths[3]};
    hst_measure measure = {.file = paths[10]};
    hst_study_cohort cohort = {.file = paths[11], .register_file = paths[12]};
    hst_study_reported reported = {.file = paths[13]};
    hst_study study = {
        .path = paths[0],
        .areas = {.lookup = paths[1],
                  .names = paths[2],
                  .n_comparators = 1,
                  .comparators = &comparator},
        .provider_names = paths[4],
        .provider_merge = paths[5],
        .population = {.n = 1, .items = population},
        .standard_population = paths[7],
        .deprivation = paths[8],
        .code_lists = paths[9],
        .n_measures = 1,
        .measures = &measure,
        .n_cohorts = 1,
        .cohorts = &cohort,
        .n_reported = 1,
        .reported = &reported,
    };
    hst_inputs inputs = {0};
    hst_error err = {0};

    (void)state;
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < N_FILES; i++) {
        snprintf(paths[i], sizeof paths[i], "%s/%s", folder, names[i]);
        write_text(paths[i], "a,b\n");
    }
    assert_int_equal(hst_fingerprint(before, &study, &inputs, "0.1.0", &err), HST_OK);
    for (size_t i = 0; i < N_FILES; i++) {
        write_text(paths[i], "a,c\n");
        assert_int_equal(hst_fingerprint(after, &study, &inputs, "0.1.0", &err), HST_OK);
        if (strcmp(before, after) == 0) {
            fail_msg("%s is not seen", names[i]);
        }
        memcpy(before, after, sizeof before);
    }
    for (size_t i = 0; i < N_FILES; i++) {
        unlink(paths[i]);
    }
    assert_int_equal(rmdir(folder), 0);
}

static void latest_tells_whether_anything_changed(void **state)
{
    fixture *f = *state;
    char *run = NULL;
    bool is_spoiled = true;

    assert_false(hst_publish_is_current(f->study, NULL, f->fingerprint, &is_spoiled));
    assert_false(is_spoiled);
    run = publish(f);
    assert_true(hst_publish_is_current(f->study, NULL, f->fingerprint, &is_spoiled));
    assert_true(
        hst_publish_is_current(f->study, f->study->publish.directory, f->fingerprint, &is_spoiled));
    assert_false(hst_publish_is_current(f->study, NULL, "0123", &is_spoiled));
    assert_false(is_spoiled);
    write_text(below(run, "manifest.json"), "{");
    assert_false(hst_publish_is_current(f->study, NULL, f->fingerprint, &is_spoiled));
    assert_false(is_spoiled);
    free(run);
}

/* Every file of a run, gone or a byte longer; a file that somebody put beside them is nobody's. */
static void latest_is_whole_or_is_made_again(void **state)
{
    fixture *f = *state;
    char *run = NULL, text[8192];
    json_t *manifest = NULL, *files = NULL, *file = NULL;
    size_t i, n_internal = 0;
    bool is_spoiled = false;

    f->study->publish.internal = true;
    run = publish(f);
    manifest = json_load_file(below(run, "manifest.json"), 0, NULL);
    files = json_object_get(manifest, "files");
    assert_true(json_array_size(files) > 20);
    json_array_foreach(files, i, file)
    {
        const char *name = json_string_value(json_object_get(file, "name"));
        bool is_internal = strncmp(name, "internal/", 9) == 0;
        char *path = below(run, name);
        struct stat facts;
        FILE *stream = NULL;

        n_internal += is_internal;
        assert_string_not_equal(name, "manifest.json");
        assert_int_equal(stat(path, &facts), 0);
        assert_int_equal(json_object_size(file), is_internal ? 1 : 3);
        if (!is_internal) {
            assert_int_equal(json_integer_value(json_object_get(file, "bytes")), facts.st_size);
            stream = fopen(path, "ae");
            assert_non_null(stream);
            fputc('\n', stream);
            assert_int_equal(fclose(stream), 0);
            assert_false(hst_publish_is_current(f->study, NULL, f->fingerprint, &is_spoiled));
            assert_true(is_spoiled);
            assert_int_equal(truncate(path, facts.st_size), 0);
            assert_true(hst_publish_is_current(f->study, NULL, f->fingerprint, &is_spoiled));
        }
        snprintf(text, sizeof text, "%s.away", path);
        assert_int_equal(rename(path, text), 0);
        assert_false(hst_publish_is_current(f->study, NULL, f->fingerprint, &is_spoiled));
        assert_true(is_spoiled);
        assert_int_equal(rename(text, path), 0);
    }
    assert_true(n_internal > 5);
    write_text(below(run, "mine.txt"), "a note");
    assert_true(hst_publish_is_current(f->study, NULL, f->fingerprint, &is_spoiled));
    json_decref(manifest);
    free(run);
}

/* What explain reads back. */
static void published_numbers_are_read_back(void **state)
{
    fixture *f = *state;
    const char *directory = f->study->publish.directory;
    hst_published_input *inputs = NULL;
    size_t n_inputs = 0;
    hst_published_number number;
    hst_published_key key = {
        .measure = "emergency", .area_code = "5NK", .period = "2010/11 Q1", .statistic = "dsr"};
    bool is_found = true;
    hst_error err = {0};

    assert_int_equal(hst_published_inputs(&inputs, &n_inputs, directory, &err), HST_ERR_USAGE);
    assert_non_null(strstr(err.message, "no results are there yet"));
    assert_int_equal(hst_published_find(&number, &is_found, directory, &key, &err), HST_ERR_USAGE);
    assert_false(is_found);

    free(publish(f));
    assert_int_equal(hst_published_inputs(&inputs, &n_inputs, directory, &err), HST_OK);
    assert_int_equal(n_inputs, 1);
    assert_memory_equal(inputs[0].digest, f->input.digest, sizeof f->input.digest);
    assert_memory_equal(inputs[0].layout_key, f->input.layout_key, sizeof f->input.layout_key);
    free(inputs);

    assert_int_equal(hst_published_find(&number, &is_found, directory, &key, &err), HST_OK);
    assert_true(is_found);
    assert_close(number.total_count, 173, 0);
    key.internal = true;
    assert_true(hst_published_has_internal(directory));
    assert_int_equal(hst_published_find(&number, &is_found, directory, &key, &err), HST_OK);
    assert_true(is_found);
    key.internal = false;
    assert_close(number.value, 54.0901, 0);
    key.area_code = "5J6"; /* empty cells */
    assert_int_equal(hst_published_find(&number, &is_found, directory, &key, &err), HST_OK);
    assert_true(is_found && isnan(number.total_count) && isnan(number.value));
    assert_string_equal(number.note, "population missing: 5J6, \"2010\"");
    key.area_code = "5ZZ";
    assert_int_equal(hst_published_find(&number, &is_found, directory, &key, &err), HST_OK);
    assert_false(is_found);

    write_text(below(directory, "latest/manifest.json"), "{\"inputs\": [{\"hash\": \"xy\"}]}");
    assert_int_equal(hst_published_inputs(&inputs, &n_inputs, directory, &err), HST_ERR_INPUT);
    write_text(below(directory, "latest/manifest.json"), "[]");
    assert_int_equal(hst_published_inputs(&inputs, &n_inputs, directory, &err), HST_ERR_INPUT);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(results_have_the_columns_of_the_interface),
        TEST(small_tables_are_written),
        TEST(release_is_open_and_internal_is_not),
        TEST(two_runs_give_the_same_bytes),
        TEST(manifest_says_what_the_figures_rest_on),
        TEST(rows_that_do_not_add_up_stop_the_run),
        TEST(failure_leaves_the_last_run),
        TEST(list_of_people_has_no_hash_in_the_manifest),
        TEST(fingerprint_sees_every_change),
        cmocka_unit_test(fingerprint_sees_every_small_file),
        TEST(latest_tells_whether_anything_changed),
        TEST(latest_is_whole_or_is_made_again),
        TEST(published_numbers_are_read_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
