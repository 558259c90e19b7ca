/* report.html: which rows are shown, charts from the numbers shown, and a page that no text can
 * break. */
#include "tests/support.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "hestia/standard.h"
#include "publish/report_internal.h"
#include "publish/tables.h"
#include "publish/tree.h"

#define HOSTILE "</script><script>alert(1)</script>"

static const char study_text[] =
    "study: shown\n"
    "title: 'A study " HOSTILE " \"&\" @scripts@ @csp@'\n"
    "notice: 'made up " HOSTILE "'\n"
    "period: {from: 2008-04-01, to: 2011-03-31}\n"
    "extracts: [{dataset: apc, files: a.csv}, {dataset: op, files: o.csv}]\n"
    "areas: {names: names.csv, sites: [5NK], comparators: [{name: England, areas: all}]}\n"
    "population: population.csv\n"
    "standard_population: esp1976\n"
    "measures:\n"
    "  - {id: rate, statistic: dsr, by: [quarter, year], interval: tiwari, direction: "
    "lower_is_better}\n"
    "  - {id: stay, unit: spell, statistic: mean_los, by: month}\n"
    "  - {id: visits, dataset: op, statistic: count, by: month, split: provider}\n"
    "impact:\n"
    "  - {id: memory, title: Memory "
    "service, site: 5QL, measures: stay, methods: trend,\n"
    "     window: {from: 2008-05-01, to: 2009-06-30}}\n"
    "  - {id: rapid, site: 5NK, measures: rate, date: 2010-04-01, methods: [its, spc]}\n"
    "breaks: {screen: true}\n"
    "publish: {disclosure: none}\n";

enum {
    MAX_ROWS = 4096,
    RATE = 0,
    STAY = 1,
    VISITS = 2,
    N_AREAS = 14, /* 5J0 to 5J9, 5JA, 5JB, 5NK, 5QL */
    NK = 12,
    QL = 13,
    N_PROVIDERS = 40
};

typedef struct fixture {
    char folder[64];
    hst_study *study;
    hst_conditions *conditions;
    hst_standard standard;
    hst_measures *measures;
    hst_areas *areas;
    hst_result *rows; /* [MAX_ROWS] */
    char providers[N_PROVIDERS][8];
    hst_publication publication;
    hst_disclosure disclosure;
} fixture;

static void write_text(const fixture *f, const char *name, const char *text)
{
    char path[128];
    FILE *file = NULL;

    snprintf(path, sizeof path, "%s/%s", f->folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

/* `month` counts from April 2008. */
static hst_result *add_row(fixture *f, size_t measure, size_t area, hst_by by, int month)
{
    hst_result *row = &f->rows[f->publication.n_results++];

    assert_in_range(f->publication.n_results, 1, MAX_ROWS);
    *row = (hst_result){
        .measure = measure,
        .area = area,
        .period = hst_period_of(
            by, hst_date_from_civil(2006 + (month + 27) / 12, (month + 27) % 12 + 1, 1)),
        .sex = "persons",
        .age = "all",
        .split = "",
        .split_name = "",
        .statistic = measure == RATE   ? "dsr"
                     : measure == STAY ? "mean_los"
                                       : "count",
        .method = "",
        .confidence = "",
        .compared = "",
        .compared_method = "",
        .note = "",
        .comparator = SIZE_MAX,
        .comparator_value = NAN,
        .total_count = 100,
        .total_pop = 1000,
        .lowercl = NAN,
        .uppercl = NAN,
        .lower998 = NAN,
        .upper998 = NAN,
    };
    return row;
}

/* Quarters and years of every area; the last of both is incomplete. In the last complete year the
 * rate of area 3 is hidden, and area 4 has none. */
static void fill_rates(fixture *f)
{
    for (size_t area = 0; area < N_AREAS; area++) {
        for (int month = -24; month < 36; month += 3) {
            hst_result *row = add_row(f, RATE, area, HST_BY_QUARTER, month);

            row->value = 9000 + 17.3 * ((month + 24) % 5);
            row->is_incomplete = month == 33;
        }
        for (int month = 0; month < 36; month += 12) {
            hst_result *row = add_row(f, RATE, area, HST_BY_YEAR, month);

            row->value = 40000 + 1000 * (double)area;
            row->total_count = 400;
            row->is_incomplete = month == 24;
            if (month == 12 && area == 3) {
                row->total_count = -1;
                row->value = NAN;
                row->is_suppressed = true;
            }
            if (month == 12 && area == 4) {
                row->value = NAN;
            }
        }
    }
}

/* A straight line with a step of noise at the two sites; 5QL has no row for the third month of the
 * service's window and no value in the fourth. */
static void fill_stays(fixture *f)
{
    for (size_t area = NK; area <= QL; area++) {
        for (int month = 0; month < 20; month++) {
            hst_result *row = NULL;

            if (area == QL && month == 3) {
                continue;
            }
            row = add_row(f, STAY, area, HST_BY_MONTH, month);
            row->value = area == QL && month == 4 ? NAN : 20 - 0.25 * month + 0.5 * (month % 2);
        }
    }
}

/* Providers of a site and of England, the first with the most events. */
static void fill_visits(fixture *f)
{
    for (size_t area = 0; area < 2; area++) {
        for (size_t provider = 0; provider <= N_PROVIDERS; provider++) {
            for (int month = 0; month < 3; month++) {
                hst_result *row = add_row(f, VISITS, area == 0 ? NK : 0, HST_BY_MONTH, month);

                row->is_group = area == 1;
                row->value = 100;
                if (provider > 0) {
                    row->split = f->providers[provider - 1];
                    row->total_count = (int64_t)(1000 - provider);
                }
            }
        }
    }
}

static int open_fixture(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    char path[128], names[512] = "code,name\n";
    hst_error err = {0};

    assert_non_null(f);
    strcpy(f->folder, "/tmp/hestia-report-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    for (size_t i = 0; i < NK; i++) {
        snprintf(names + strlen(names), 32, "5J%zX,Area %zu\n", i, i);
    }
    strcat(names, "5NK,Wirral " HOSTILE "\n5QL,Somerset\n");
    write_text(f, "names.csv", names);
    write_text(f, "population.csv", "area,year,sex,age_lower,age_upper,population\n");
    write_text(f, "study.yaml", study_text);
    snprintf(path, sizeof path, "%s/study.yaml", f->folder);
    f->rows = calloc(MAX_ROWS, sizeof *f->rows);
    if (!f->rows || hst_study_read(&f->study, path, &err) != HST_OK ||
        hst_conditions_read(&f->conditions, NULL, &err) != HST_OK ||
        hst_standard_read(&f->standard, "esp1976", &err) != HST_OK ||
        hst_measures_compile(&f->measures, f->study, f->conditions, &f->standard.bands, &err) !=
            HST_OK ||
        hst_areas_build(&f->areas, f->study, NULL, NULL, 0, &err) != HST_OK) {
        print_error("%s\n", err.message);
        return -1;
    }
    for (size_t i = 0; i < N_PROVIDERS; i++) {
        snprintf(f->providers[i], sizeof f->providers[i], "R%02zu", i);
    }
    f->publication = (hst_publication){.study = f->study,
                                       .measures = f->measures,
                                       .areas = f->areas,
                                       .results = f->rows,
                                       .version = "0.1.0"};
    fill_rates(f);
    fill_stays(f);
    fill_visits(f);
    *state = f;
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
    free(f->rows);
    free(f);
    return status == HST_OK ? 0 : -1;
}

/* The data block, read by a parser that is not ours. */
static json_t *read_data(const fixture *f)
{
    char *bytes = NULL;
    size_t n = 0;
    FILE *stream = open_memstream(&bytes, &n);
    hst_json_stream json = {.stream = stream};
    hst_error err = {0};
    json_error_t where = {0};
    json_t *data = NULL;

    assert_non_null(stream);
    if (hst_report_data(&json, &f->publication, &err) != HST_OK) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(fclose(stream), 0);
    assert_null(strchr(bytes, '<'));
    data = json_loads(bytes, JSON_REJECT_DUPLICATES, &where);
    if (!data) {
        fail_msg("%s, byte %d", where.text, where.position);
    }
    free(bytes);
    return data;
}

static const char *text_at(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static double number_at(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

/* The item of an array that has these texts; fails when there is none. */
static json_t *find_item(const json_t *data, const char *array, const char *key_a, const char *a,
                         const char *key_b, const char *b)
{
    const json_t *items = json_object_get(data, array);

    for (size_t i = 0; i < json_array_size(items); i++) {
        json_t *item = json_array_get(items, i);

        if (strcmp(text_at(item, key_a), a) == 0 && strcmp(text_at(item, key_b), b) == 0) {
            return item;
        }
    }
    fail_msg("no %s of %s and %s", array, a, b);
    return NULL;
}

/* Rows of results that have these texts; NULL: any. */
static size_t count_rows(const json_t *data, const char *measure, const char *area,
                         const char *period, const char *split)
{
    enum { MEASURE = 0, AREA = 3, PERIOD = 5, SPLIT = 10 };
    const json_t *rows =
        json_object_get(json_object_get(json_object_get(data, "tables"), "results"), "rows");
    const struct {
        size_t column;
        const char *text;
    } wanted[] = {{MEASURE, measure}, {AREA, area}, {PERIOD, period}, {SPLIT, split}};
    size_t n = 0;

    for (size_t i = 0; i < json_array_size(rows); i++) {
        bool is_one = true;

        for (size_t c = 0; c < sizeof wanted / sizeof wanted[0]; c++) {
            const char *cell =
                json_string_value(json_array_get(json_array_get(rows, i), wanted[c].column));

            is_one &= !wanted[c].text || strcmp(cell, wanted[c].text) == 0;
        }
        n += is_one;
    }
    return n;
}

static void other_areas_stand_in_the_last_complete_period_only(void **state)
{
    json_t *data = read_data(*state);

    assert_int_equal(count_rows(data, "rate", "5J1", NULL, NULL), 1);
    assert_int_equal(count_rows(data, "rate", "5J1", "2009/10", ""), 1);
    assert_int_equal(count_rows(data, "rate", "5NK", NULL, NULL), 23);
    assert_int_equal(count_rows(data, "rate", "5QL", NULL, NULL), 23); /* of a service */
    json_decref(data);
}

static void splits_are_those_of_sites(void **state)
{
    json_t *data = read_data(*state);

    assert_int_equal(count_rows(data, "visits", "5NK", NULL, "R00"), 3);
    assert_int_equal(count_rows(data, "visits", "5NK", NULL, "R39"), 3);
    assert_int_equal(count_rows(data, "visits", "England", NULL, "R00"), 0);
    assert_int_equal(count_rows(data, "visits", "England", NULL, ""), 3);
    assert_int_equal(json_array_size(json_object_get(data, "cuts")), 4);
    json_decref(data);
}

static void rare_split_values_are_cut_when_there_are_many(void **state)
{
    enum { MANY = 1001 }; /* periods: 39 values have 39039 rows, 40 are too many */
    fixture *f = *state;
    json_t *data = NULL;
    hst_result total = f->rows[f->publication.n_results - 1];
    hst_result *rows = calloc((size_t)N_PROVIDERS * MANY, sizeof *rows);

    assert_non_null(rows);
    for (size_t i = 0; i < (size_t)N_PROVIDERS * MANY; i++) {
        rows[i] = total;
        rows[i].is_group = false;
        rows[i].area = NK;
        rows[i].split = f->providers[i / MANY];
        rows[i].total_count = i / MANY == 7 ? 1 : 2;
    }
    f->publication.results = rows;
    f->publication.n_results = (size_t)N_PROVIDERS * MANY;
    data = read_data(f);
    assert_int_equal(count_rows(data, "visits", "5NK", NULL, NULL), 39 * MANY);
    assert_int_equal(count_rows(data, "visits", "5NK", NULL, "R07"), 0);
    assert_int_equal(count_rows(data, "visits", "5NK", NULL, "R39"), MANY);
    assert_non_null(strstr(text_at(json_array_get(json_object_get(data, "cuts"), 1), "words"),
                           "the 39 values with the most events at the sites are shown, of 40"));
    json_decref(data);
    free(rows);
}

static void empty_cells_are_empty_texts_and_null_numbers(void **state)
{
    enum { SPLIT = 10, COUNT = 11, VALUE = 13, LOWER = 14, SUPPRESSED = 23 };
    fixture *f = *state;
    json_t *data = NULL;
    const json_t *table = NULL, *row = NULL;

    f->rows[0].area = NK;
    f->rows[0].total_count = -1;
    f->rows[0].value = NAN;
    f->rows[0].is_suppressed = true;
    data = read_data(f);
    table = json_object_get(json_object_get(data, "tables"), "results");
    row = json_array_get(json_object_get(table, "rows"), 0);
    assert_int_equal(json_array_size(row), json_array_size(json_object_get(table, "columns")));
    assert_string_equal(json_string_value(json_array_get(row, SPLIT)), "");
    assert_true(json_is_null(json_array_get(row, COUNT)));
    assert_true(json_is_null(json_array_get(row, VALUE)));
    assert_true(json_is_null(json_array_get(row, LOWER)));
    assert_int_equal(json_integer_value(json_array_get(row, SUPPRESSED)), 1);
    json_decref(data);
}

static void a_table_without_rows_is_its_columns(void **state)
{
    json_t *data = read_data(*state);
    const json_t *impact = json_object_get(json_object_get(data, "tables"), "impact");

    assert_int_equal(json_array_size(json_object_get(impact, "rows")), 0);
    assert_int_equal(json_array_size(json_object_get(impact, "columns")),
                     hst_impact_table.n_columns);
    assert_true(json_is_null(json_object_get(data, "truth")));
    json_decref(data);
}

static void charts_leave_out_what_is_not_there(void **state)
{
    json_t *data = read_data(*state);
    const json_t *chart = find_item(data, "spc", "measure", "stay", "area_code", "5QL");
    const json_t *points = json_object_get(chart, "points");
    const json_t *missing = json_array_get(points, 3); /* the row of month 4 */

    assert_int_equal(json_array_size(points), 19);
    assert_true(json_is_null(json_object_get(missing, "value")));
    assert_true(json_is_null(json_object_get(missing, "mean")));
    assert_string_equal(text_at(chart, "note"),
                        "Limits from all 18 points. Left out: 1 without a value.");
    assert_close(number_at(json_array_get(points, 0), "mean"), 17.708333333333332, 1e-12);
    json_decref(data);
}

static void a_service_is_judged_by_the_points_before_it(void **state)
{
    fixture *f = *state;
    json_t *data = NULL;
    const json_t *chart = NULL, *after = NULL;

    for (size_t i = 0; i < f->publication.n_results; i++) {
        hst_result *row = &f->rows[i];

        if (row->measure == RATE && row->period.start >= hst_date_from_civil(2010, 4, 1)) {
            row->value = 20000;
        }
    }
    data = read_data(f);
    chart = find_item(data, "spc", "measure", "rate", "area_code", "5NK");
    after = json_array_get(json_object_get(chart, "points"), 16);
    assert_string_equal(text_at(chart, "note"), "Limits from the 16 points before 2010-04-01. "
                                                "Left out: 1 whose records are still to come.");
    assert_close(number_at(after, "mean"), 9032.4375, 1e-12);
    assert_string_equal(text_at(after, "special_cause"), "Above UCL");
    assert_string_equal(text_at(after, "judgement"), "concern");
    chart = find_item(data, "spc", "measure", "rate", "area_code", "5QL"); /* without a service */
    assert_string_equal(text_at(chart, "note"), "Limits from all 19 points. Left out: 1 whose "
                                                "records are still to come.");
    json_decref(data);
}

static void a_line_counts_the_months_that_have_no_row(void **state)
{
    json_t *data = read_data(*state);
    const json_t *ours = find_item(data, "trend", "measure", "stay", "area_code", "5QL");
    const json_t *line = json_object_get(ours, "line");

    assert_string_equal(text_at(ours, "impact"), "memory");
    assert_string_equal(text_at(ours, "unit"), "days, each month");
    /* lm(y ~ t) of months 1, 2, 5 ... 14 of the window, y = 20 - t / 4 + (t odd) / 2 */
    assert_close(number_at(ours, "slope"), -0.257908611599297, 1e-12);
    assert_close(number_at(ours, "intercept"), 20.31458699472759, 1e-12);
    assert_int_equal(json_array_size(line), 13);
    assert_string_equal(text_at(json_array_get(line, 0), "period"), "2008-05");
    assert_close(number_at(json_array_get(line, 12), "fitted"),
                 number_at(ours, "intercept") + 14 * number_at(ours, "slope"), 1e-12);
    /* the other site's line is of all its months, and no service's */
    ours = find_item(data, "trend", "measure", "stay", "area_code", "5NK");
    assert_true(json_is_null(json_object_get(ours, "impact")));
    assert_int_equal(json_array_size(json_object_get(ours, "line")), 20);
    json_decref(data);
}

static void hidden_areas_are_counted_beside_the_funnel(void **state)
{
    fixture *f = *state;
    json_t *data = NULL;
    const json_t *ours = NULL, *limits = NULL;

    f->publication.disclosure = &f->disclosure;
    data = read_data(f);
    ours = find_item(data, "funnel", "measure", "rate", "period", "2009/10");
    limits = json_object_get(ours, "limits");
    assert_string_equal(text_at(ours, "type"), "person-time");
    assert_int_equal(json_array_size(json_object_get(ours, "points")), N_AREAS - 2);
    assert_non_null(strstr(text_at(ours, "note"), "Areas hidden by disclosure control: 1. Areas "
                                                  "without a value: 1. From the released numbers"));
    /* sum of 400 events in areas of 40000, 41000 ... 53000 per 100,000, less two */
    assert_close(number_at(ours, "target"), 46622.62778047131, 1e-12);
    /* the largest area: 1000 people, 466.2262778 expected; qchisq() / 2 of R */
    assert_close(number_at(json_array_get(limits, 59), "denominator"), 1000, 1e-12);
    assert_close(number_at(json_array_get(limits, 59), "lower95"), 42486.11666525363, 1e-9);
    assert_close(number_at(json_array_get(limits, 59), "upper998"), 53688.20742103994, 1e-9);
    json_decref(data);
}

static void a_release_says_what_was_done(void **state)
{
    fixture *f = *state;
    json_t *data = read_data(f);
    const json_t *study = json_object_get(data, "study");

    assert_true(json_is_false(json_object_get(study, "is_release")));
    assert_true(json_is_null(json_object_get(study, "disclosure")));
    assert_string_equal(
        text_at(find_item(data, "rules", "name", "Disclosure control", "value", "none"), "words"),
        "These are the true numbers, also the small ones: for use inside a safe "
        "environment.");
    json_decref(data);
    f->disclosure.n_small = 17;
    f->publication.disclosure = &f->disclosure;
    data = read_data(f);
    study = json_object_get(data, "study");
    assert_true(json_is_true(json_object_get(study, "is_release")));
    assert_close(number_at(json_object_get(study, "disclosure"), "small"), 17, 0);
    json_decref(data);
}

static void rules_are_those_in_force(void **state)
{
    static const struct {
        const char *name, *value;
    } rules[] = {
        {"Spells", "nhsd"},          {"Duplicates", "nhsd"},
        {"Strata", "age_sex"},       {"Standard population", "esp1976"},
        {"Limits", "tiwari"},        {"Limits", "t"},
        {"Confidence", "95 %"},      {"Denominator year", "financial"},
        {"Method", "its"},           {"Method", "trend"},
        {"Method", "spc"},           {"Recording breaks", "screened"},
        {"Funnels", "95 %, 99.8 %"},
    };
    json_t *data = read_data(*state);
    const json_t *all = json_object_get(data, "rules");

    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        find_item(data, "rules", "name", rules[i].name, "value", rules[i].value);
    }
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *rule = json_array_get(all, i);

        assert_true(strlen(text_at(rule, "words")) > 20);
        assert_string_not_equal(text_at(rule, "name"), "Continuous spells"); /* nobody asks */
        assert_string_not_equal(text_at(rule, "value"), "did");
    }
    json_decref(data);
}

/* All of a report.html. */
static char *read_page(const fixture *f, size_t *n)
{
    enum { MOST = 1 << 23 };
    char path[128];
    char *text = calloc(1, MOST);
    FILE *file = NULL;
    hst_error err = {0};

    assert_non_null(text);
    snprintf(path, sizeof path, "%s/report.html", f->folder);
    if (hst_report_write(&f->publication, path, 0600, &err) != HST_OK) {
        fail_msg("%s", err.message);
    }
    file = fopen(path, "r");
    assert_non_null(file);
    *n = fread(text, 1, MOST - 1, file);
    fclose(file);
    return text;
}

static size_t count_text(const char *text, const char *wanted)
{
    size_t n = 0;

    for (const char *at = strstr(text, wanted); at; at = strstr(at + 1, wanted)) {
        n++;
    }
    return n;
}

static void a_page_has_its_own_scripts_and_no_other(void **state)
{
    fixture *f = *state;
    size_t n = 0, n_again = 0;
    char *page = read_page(f, &n), *again = read_page(f, &n_again);

    assert_int_equal(strlen(page), n); /* no NUL in it */
    assert_int_equal(count_text(page, "<script>"), 2);
    assert_int_equal(count_text(page, "</script>"), 3);
    assert_int_equal(count_text(page, "'sha256-"), 2);
    assert_int_equal(count_text(page, "&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt; "
                                      "&quot;&amp;&quot; @scripts@ @csp@"),
                     2); /* title and heading; what looks like a place in it is none */
    assert_int_equal(count_text(page, "sourceMappingURL=vega"), 0);
    assert_int_equal(count_text(page, "Redistributions in binary form must reproduce"), 1);
    assert_int_equal(n, n_again);
    assert_memory_equal(page, again, n);
    free(page);
    free(again);
}

static void a_report_that_cannot_be_written_says_so(void **state)
{
    const fixture *f = *state;
    hst_error err = {0};

    assert_int_equal(hst_report_write(&f->publication, "/nowhere/report.html", 0600, &err),
                     HST_ERR_SYSTEM);
    assert_non_null(strstr(err.message, "/nowhere/report.html"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define REPORT_TEST(function) cmocka_unit_test_setup_teardown(function, open_fixture, close_fixture)
        REPORT_TEST(other_areas_stand_in_the_last_complete_period_only),
        REPORT_TEST(splits_are_those_of_sites),
        REPORT_TEST(rare_split_values_are_cut_when_there_are_many),
        REPORT_TEST(empty_cells_are_empty_texts_and_null_numbers),
        REPORT_TEST(a_table_without_rows_is_its_columns),
        REPORT_TEST(charts_leave_out_what_is_not_there),
        REPORT_TEST(a_service_is_judged_by_the_points_before_it),
        REPORT_TEST(a_line_counts_the_months_that_have_no_row),
        REPORT_TEST(hidden_areas_are_counted_beside_the_funnel),
        REPORT_TEST(a_release_says_what_was_done),
        REPORT_TEST(rules_are_those_in_force),
        REPORT_TEST(a_page_has_its_own_scripts_and_no_other),
        REPORT_TEST(a_report_that_cannot_be_written_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
