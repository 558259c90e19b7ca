/* manifest.json: what a figure rests on, for whoever has to defend it. The only file of a run
 * besides status.json that holds times and the name of the machine. */
#define _GNU_SOURCE /* gethostname */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "hestia/run_folder.h"
#include "publish/json_file.h"
#include "publish/manifest_internal.h"
#include "publish/tables.h"
#include "publish/tree.h"

json_t *hst_manifest_window(const hst_window *window)
{
    char from[11], to[11];

    if (window->from == HST_DATE_MISSING) {
        return json_null();
    }
    hst_date_format(window->from, from);
    hst_date_format(window->to, to);
    return json_pack("{s:s, s:s}", "from", from, "to", to);
}

json_t *hst_manifest_texts(const hst_texts *texts)
{
    json_t *array = json_array();

    for (size_t i = 0; array && i < texts->n; i++) {
        hst_manifest_append(&array, json_string(texts->items[i]));
    }
    return array;
}

static json_t *comparators_json(const hst_study *study)
{
    json_t *array = json_array();

    for (size_t i = 0; array && i < study->areas.n_comparators; i++) {
        const hst_comparator *comparator = &study->areas.comparators[i];
        json_t *object = json_pack("{s:s, s:s, s:s?}", "name", comparator->name, "areas",
                                   comparator->file ? comparator->file : "all", "population_area",
                                   comparator->population_area);

        hst_manifest_append(&array, object);
    }
    return array;
}

static json_t *confidence_json(const hst_measure *measure)
{
    return measure->n_confidence == 2
               ? json_pack("[f, f]", measure->confidence[0], measure->confidence[1])
               : json_pack("[f]", measure->confidence[0]);
}

/* Options of the study by name, defaults filled in. */
static json_t *rules_json(const hst_study *study)
{
    static const char *const denominators[] = {
        [HST_DENOMINATOR_FINANCIAL] = "financial",
        [HST_DENOMINATOR_CALENDAR] = "calendar",
        [HST_DENOMINATOR_INTERPOLATE] = "interpolate",
    };

    return json_pack("{s:s?, s:s?, s:s?, s:s?, s:s, s:s, s:s?, s:o, s:o, s:o, s:f, s:f, s:f}",
                     "spells", study->spell_rule, "cips", study->cips_rule, "duplicates",
                     study->duplicates, "standard_population", study->standard_population,
                     "standardise_by", study->by_sex ? "age_sex" : "age", "denominator_year",
                     denominators[study->denominator_year], "area_type", study->areas.type,
                     "area_fields", hst_manifest_texts(&study->areas.field), "sites",
                     hst_manifest_texts(&study->areas.sites), "comparators",
                     comparators_json(study), "max_rejected", study->quality.max_rejected,
                     "max_unknown_area", study->quality.max_unknown_area, "max_row_drop",
                     study->quality.max_row_drop);
}

static json_t *measures_json(const hst_publication *p)
{
    json_t *array = json_array();

    for (size_t i = 0; array && i < p->study->n_measures; i++) {
        const hst_measure *measure = &p->study->measures[i];
        json_t *object =
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:f, s:b, s:s, s:i}", "measure",
                      measure->id, "unit", hst_unit_name(measure->unit), "statistic",
                      hst_statistic_name(measure->statistic), "interval",
                      hst_interval_name(measure->interval), "definition",
                      hst_measures_definition(p->measures, i), "period",
                      hst_manifest_window(&measure->period), "confidence", confidence_json(measure),
                      "per", measure->per, "annualise", (int)measure->annualise, "split",
                      hst_split_name(measure->split), "min_events", measure->min_events);

        hst_manifest_append(&array, object);
    }
    return array;
}

static json_t *inputs_json(const hst_publication *p)
{
    json_t *array = json_array();

    for (size_t i = 0; array && i < p->inputs->n; i++) {
        const hst_input *input = &p->inputs->items[i];
        char hash[2 * sizeof input->digest + 1];
        char layout[2 * sizeof input->layout_key + 1];
        json_t *object = NULL;

        hst_hex(hash, input->digest, sizeof input->digest);
        hst_hex(layout, input->layout_key, sizeof input->layout_key);
        object = json_pack("{s:s, s:s, s:o, s:o, s:I, s:s, s:s, s:b, s:b}", "dataset",
                           hst_dataset_name(p->study->extracts[input->extract].dataset), "file",
                           input->name, "path", hst_json_line(input->path), "member",
                           hst_json_line(input->member), "bytes", (json_int_t)input->bytes, "hash",
                           hash, "layout", layout, "superseded", input->superseded, "from_store",
                           input->was_known);
        hst_manifest_append(&array, object);
    }
    return array;
}

static hst_status tables_json(json_t **out, const hst_study *study, hst_error *err)
{
    hst_status status = HST_OK;
    hst_named_table *tables = NULL;
    size_t n = 0;
    json_t *array = json_array();

    *out = NULL;
    status = hst_study_tables(&tables, &n, study, err);
    for (size_t i = 0; i < n && status == HST_OK; i++) {
        char hash[HST_FILE_HASH_BYTES];
        uint64_t bytes = 0;

        status = hst_file_hash(hash, &bytes, tables[i].path, err);
        if (status == HST_OK &&
            json_array_append_new(array, json_pack("{s:s, s:o, s:I, s:s?}", "key", tables[i].key,
                                                   "path", hst_json_line(tables[i].path), "bytes",
                                                   (json_int_t)bytes, "hash",
                                                   tables[i].has_people ? NULL : hash)) != 0) {
            status = hst_fail(err, HST_ERR_MEMORY, "no memory for the manifest");
        }
    }
    free(tables);
    if (status != HST_OK) {
        json_decref(array);
        return status;
    }
    *out = array;
    return HST_OK;
}

/* Lines of the audit added up over files, measures, areas and periods: {stage: {reason: n}}. Under
 * disclosure control hidden ones and those of single providers are left out. */
static json_t *counts_json(const hst_publication *p)
{
    const hst_ledger_line *lines = p->audit;
    size_t n = p->n_audit;
    json_t *counts = json_object();

    for (size_t i = 0; counts && i < n; i++) {
        const char *stage_name = lines[i].stage ? lines[i].stage : "";
        const char *reason = lines[i].reason ? lines[i].reason : "";
        json_t *stage = json_object_get(counts, stage_name);
        json_int_t sum = (json_int_t)lines[i].n;

        if (p->disclosure &&
            (lines[i].n == HST_LEDGER_HIDDEN || hst_audit_is_of_provider(&lines[i]))) {
            continue;
        }
        if (!stage) {
            stage = json_object();
            if (json_object_set_new(counts, stage_name, stage) != 0) {
                goto failed;
            }
        }
        sum += json_integer_value(json_object_get(stage, reason));
        if (json_object_set_new(stage, reason, json_integer(sum)) != 0) {
            goto failed;
        }
    }
    return counts;

failed:
    json_decref(counts);
    return NULL;
}

/* What disclosure control did; null when there was none. */
static json_t *disclosure_json(const hst_publication *p)
{
    const hst_disclosure *d = p->disclosure;

    if (!d) {
        return json_null();
    }
    return json_pack(
        "{s:s, s:i, s:i, s:I, s:i, s:I, s:I, s:I, s:I, s:I, s:I}", "rule",
        p->study->publish.disclosure.rule, "min", p->study->publish.disclosure.min, "round",
        p->study->publish.disclosure.round, "totals_round", (json_int_t)d->total_round, "decimals",
        p->study->publish.disclosure.decimals, "counts", (json_int_t)d->n_counts,
        "small_counts_hidden", (json_int_t)d->n_small, "larger_counts_hidden",
        (json_int_t)d->n_withheld_counts, "values_withheld", (json_int_t)d->n_withheld_values,
        "other_numbers_hidden", (json_int_t)d->n_other, "certified", (json_int_t)d->n_certified);
}

static json_t *timings_json(const hst_publication *p)
{
    json_t *array = json_array();

    for (size_t i = 0; array && i < p->n_timings; i++) {
        const double milliseconds = round(p->timings[i].seconds * 1000);

        if (json_array_append_new(array, json_pack("{s:s, s:f}", "stage", p->timings[i].stage,
                                                   "seconds", milliseconds / 1000)) != 0) {
            json_decref(array);
            array = NULL;
        }
    }
    return array;
}

static json_t *study_json(const hst_study *study, const char *hash)
{
    return json_pack("{s:s, s:s?, s:o, s:s, s:o}", "name", study->study, "title", study->title,
                     "file", hst_json_line(study->path), "hash", hash, "period",
                     hst_manifest_window(&study->period));
}

static json_t *results_json(const hst_publication *p)
{
    return json_pack("{s:I, s:I, s:I, s:I}", "rows", (json_int_t)p->n_results, "measures",
                     (json_int_t)p->study->n_measures, "areas", (json_int_t)hst_areas_n(p->areas),
                     "comparators", (json_int_t)hst_areas_n_groups(p->areas));
}

/* A count of whole extracts, as the release shows it. */
static json_int_t shown(const hst_publication *p, uint64_t count)
{
    return (json_int_t)hst_disclosed_total(p->disclosure, (int64_t)count);
}

static json_t *cohorts_json(const hst_publication *p)
{
    json_t *array = json_array();

    for (size_t i = 0; array && i < p->study->n_cohorts; i++) {
        hst_manifest_append(&array,
                            json_pack("{s:s, s:I}", "cohort", p->study->cohorts[i].id, "people",
                                      shown(p, hst_cohort_sizes_people(p->cohort_sizes, i))));
    }
    return array;
}

/* Who was followed, and by which rules; null when the measures needed nobody. */
static json_t *people_json(const hst_publication *p)
{
    const hst_people_totals *people = p->people;
    json_t *object = NULL;

    if (!people) {
        return json_null();
    }
    object = json_pack("{s:I, s:I}", "people", shown(p, people->n_people), "episodes",
                       shown(p, people->n_episodes));
    if (people->has_spells) {
        hst_manifest_set(&object, "spells", json_integer(shown(p, people->n_spells)));
        hst_manifest_set(&object, "continuous_spells", json_integer(shown(p, people->n_cips)));
    }
    if (p->cohorts && p->cohort_sizes && p->study->n_cohorts > 0) {
        hst_manifest_set(&object, "cohorts", cohorts_json(p));
    }
    return object;
}

/* England's admissions (finished admission episodes) and spells, year by year. */
static json_t *spells_json(const hst_publication *p)
{
    json_t *array = json_array();

    for (size_t i = 0; array && p->england && p->england->has_spells && i < p->england->n_years;
         i++) {
        const hst_england_year *year = &p->england->years[i];
        json_int_t admissions = shown(p, year->fae), spells = shown(p, year->spells);
        hst_period period = hst_period_of(HST_BY_YEAR, hst_date_from_civil(year->year, 4, 1));
        json_t *object = json_pack(
            "{s:s, s:I, s:I, s:I, s:o}", "year", period.label, "admissions", admissions, "spells",
            spells, "difference", spells - admissions, "percent",
            admissions > 0 ? json_real(100 * (double)(spells - admissions) / (double)admissions)
                           : json_null());

        hst_manifest_append(&array, object);
    }
    return array;
}

static json_t *options_json(const hst_publication *p)
{
    return json_pack("{s:i, s:I}", "threads", p->n_threads, "memory_bytes",
                     (json_int_t)p->memory_bytes);
}

hst_status hst_manifest_write(const hst_publication *p, const char *run, const char *folder,
                              hst_error *err)
{
    hst_status status = HST_OK;
    char host[256] = "", directory[4096] = "", started[21], finished[21];
    char study_hash[HST_FILE_HASH_BYTES];
    uint64_t study_bytes = 0;
    json_t *manifest = NULL, *tables = NULL, *files = NULL;
    char *path = NULL;

    gethostname(host, sizeof host - 1);
    if (!getcwd(directory, sizeof directory)) {
        directory[0] = '\0'; /* relative paths start from it: better unsaid than wrong */
    }
    hst_time_format(p->start, started);
    hst_time_format(time(NULL), finished);
    status = hst_file_hash(study_hash, &study_bytes, p->study->path, err);
    if (status == HST_OK) {
        status = tables_json(&tables, p->study, err);
    }
    if (status == HST_OK) {
        status = hst_manifest_files(&files, folder, err);
    }
    if (status != HST_OK) {
        json_decref(tables);
        return status;
    }

    const struct entry {
        const char *key;
        json_t *value;
    } entries[] = {
        {"schema", json_integer(HST_RESULTS_SCHEMA)},
        {"hestia", json_pack("{s:s, s:s?, s:s?}", "version", p->version, "build", p->build,
                             "build_options", p->build_options)},
        {"run", json_string(run)},
        {"started", json_string(started)},
        {"finished", json_string(finished)},
        {"host", json_string(host)},
        {"directory", hst_json_line(directory)},
        {"command", hst_json_line(p->command ? p->command : "")},
        {"fingerprint", json_string(p->fingerprint)},
        {"disclosure", json_string(p->study->publish.disclosure.rule)},
        {"disclosure_control", disclosure_json(p)},
        {"study", study_json(p->study, study_hash)},
        {"rules", rules_json(p->study)},
        {"measures", measures_json(p)},
        {"options", options_json(p)},
        {"inputs", inputs_json(p)},
        {"tables", tables},
        {"counts", counts_json(p)},
        {"people", people_json(p)},
        {"admissions_and_spells", spells_json(p)},
        {"results", results_json(p)},
        {"services", hst_manifest_services(p)},
        {"impact", hst_manifest_verdicts(p)},
        {"breaks", hst_manifest_screen(p)},
        {"timings", timings_json(p)},
        {"files", files},
    };
    bool is_whole = true;

    manifest = json_object();
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        is_whole &= json_object_set_new(manifest, entries[i].key, entries[i].value) == 0;
    }
    path = hst_tree_join(folder, "manifest.json");
    status = path ? hst_json_file_write(path, 0644, is_whole ? manifest : NULL, err)
                  : hst_fail(err, HST_ERR_MEMORY, "%s: no memory for a path", folder);
    free(path);
    json_decref(manifest);
    return status;
}
