/* Every stage of a run on a small study, with each of its allocations failing in turn. */
#include "tests/support.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hestia/parts.h"
#include "publish/tree.h"
#include "tests/alloc/failing.h"
#include "tests/alloc/small_world.h"
#include "tests/metrics/processes.h"

static small_world world;

/* ---- the study and small tables ---- */

static hst_status read_study(void *context, hst_error *err)
{
    hst_study *study = NULL;
    hst_status status = hst_study_read(&study, context, err);

    failing_expect((study != NULL) == (status == HST_OK));
    hst_study_free(study);
    return status;
}

static hst_status find_inputs(void *context, hst_error *err)
{
    const small_world *w = context;
    hst_inputs *inputs = NULL;
    hst_status status = hst_inputs_find(&inputs, w->study, err);

    failing_expect((inputs != NULL) == (status == HST_OK));
    hst_inputs_free(inputs);
    return status;
}

static hst_status read_conditions(void *context, hst_error *err)
{
    const small_world *w = context;
    hst_conditions *conditions = NULL;
    hst_status status = hst_conditions_read(&conditions, w->study->code_lists, err);

    failing_expect((conditions != NULL) == (status == HST_OK));
    hst_conditions_free(conditions);
    return status;
}

static hst_status read_population(void *context, hst_error *err)
{
    const small_world *w = context;
    hst_standard standard;
    hst_population *population = NULL;
    hst_status status = hst_standard_read(&standard, w->study->standard_population, err);

    if (status == HST_OK) {
        status = hst_population_read(&population, &w->study->population, &standard, err);
    }
    failing_expect((population != NULL) == (status == HST_OK));
    hst_population_free(population);
    return status;
}

static hst_status compile_measures(void *context, hst_error *err)
{
    const small_world *w = context;
    hst_measures *measures = NULL;
    hst_status status =
        hst_measures_compile(&measures, w->study, w->conditions, &w->standard.bands, err);

    failing_expect((measures != NULL) == (status == HST_OK));
    hst_measures_free(measures);
    return status;
}

static hst_status build_areas(void *context, hst_error *err)
{
    const small_world *w = context;
    hst_areas *areas = NULL;
    hst_cohorts *cohorts = NULL;
    hst_ledger *ledger = NULL;
    hst_status status =
        hst_areas_build(&areas, w->study, hst_population_areas(w->population),
                        (const hst_segment *const *)w->segments, w->n_segments, err);

    if (status == HST_OK) {
        status = hst_cohorts_create(&cohorts, w->study, w->conditions, w->store, err);
    }
    if (status == HST_OK) {
        status = hst_ledger_create(&ledger, err);
    }
    if (status == HST_OK) {
        status = hst_cohorts_check_registers(cohorts, areas, ledger, err);
    }
    hst_ledger_free(ledger);
    hst_cohorts_free(cohorts);
    hst_areas_free(areas);
    return status;
}

/* ---- the store ---- */

/* A store of its own, filled from all containers. */
static hst_status ingest(const small_world *w, int n_threads, size_t range_bytes, hst_error *err)
{
    const hst_ingest_options options = {.n_threads = n_threads,
                                        .memory_bytes = 16 << 20,
                                        .block_bytes = 4096,
                                        .range_bytes = range_bytes};
    char path[128];
    hst_inputs *inputs = NULL;
    hst_store *store = NULL;
    hst_ledger *ledger = NULL;
    hst_status status = hst_inputs_find(&inputs, w->study, err);

    snprintf(path, sizeof path, "%s/other-store", w->folder);
    if (status == HST_OK) {
        status = hst_ledger_create(&ledger, err);
    }
    if (status == HST_OK) {
        status = hst_store_open(&store, path, true, HST_STORE_WRITE, err);
    }
    if (status == HST_OK) {
        status = hst_ingest(inputs, w->study, store, &options, ledger, err);
    }
    hst_store_close(store);
    hst_ledger_free(ledger);
    hst_inputs_free(inputs);
    return status;
}

static hst_status ingest_alone(void *context, hst_error *err)
{
    return ingest(context, 1, 0, err);
}

static hst_status ingest_in_threads(void *context, hst_error *err)
{
    return ingest(context, 3, 0, err);
}

/* Where memory lacks for that, files are read in their order. */
static hst_status ingest_by_ranges(void *context, hst_error *err)
{
    return ingest(context, 6, 2000, err);
}

/* True when a folder has a file that was not finished. */
static bool has_part(const char *path)
{
    DIR *folder = opendir(path);
    bool found = false;

    for (struct dirent *entry = NULL; folder && (entry = readdir(folder));) {
        found = found || strstr(entry->d_name, ".part");
    }
    if (folder) {
        closedir(folder);
    }
    return found;
}

/* Bytes of the other store's segments. A run that failed may leave whole ones, which the next one
 * takes, and no others. */
static uint64_t segments_left(void *context, hst_status ended)
{
    const small_world *w = context;
    char path[128], parts[160];
    uint64_t sum = 0;
    hst_store *store = NULL;
    hst_error err = {0};
    hst_status status = HST_OK;
    size_t n_segments = 0;

    snprintf(path, sizeof path, "%s/other-store", w->folder);
    snprintf(parts, sizeof parts, "%s/segments", path);
    failing_expect(!has_part(parts));
    status = hst_store_open(&store, path, true, HST_STORE_WRITE, &err);
    if (status == HST_OK) {
        for (size_t i = 0; i < w->inputs->n; i++) {
            const hst_input *input = &w->inputs->items[i];
            hst_segment *segment = NULL;
            uint64_t *bytes = NULL;

            if (!hst_store_has(store, input->digest, input->layout_key)) {
                continue;
            }
            n_segments++;
            status = hst_segment_open(&segment, store, input->digest, input->layout_key, &err);
            for (size_t p = 0; status == HST_OK && p < hst_store_n_partitions(store); p++) {
                bytes = malloc(hst_segment_partition_bytes(segment, p) + 8);
                status = hst_segment_read(segment, p, bytes, &err);
                sum += hst_segment_partition_bytes(segment, p);
                free(bytes);
            }
            hst_segment_close(segment);
        }
    }
    hst_store_close(store);
    failing_expect(status == HST_OK);
    failing_expect(ended != HST_OK || n_segments == w->inputs->n);
    failing_expect(hst_tree_remove(path, NULL) == HST_OK);
    return ended == HST_OK ? sum : 0;
}

/* ---- counting and after ---- */

static hst_status count(const small_world *w, int n_threads, size_t memory, hst_error *err)
{
    const hst_count_options options = {
        .n_threads = n_threads, .memory_bytes = memory, .cohorts = w->cohorts};
    hst_cube *cube = NULL;
    hst_england *england = NULL;
    hst_ledger *ledger = NULL;
    hst_status status = hst_ledger_create(&ledger, err);

    if (status == HST_OK) {
        status = hst_count(&cube, &england, w->measures, w->study, w->areas,
                           (const hst_segment *const *)w->segments, w->n_segments, &options, ledger,
                           err);
    }
    failing_expect((cube != NULL) == (status == HST_OK));
    hst_england_free(england);
    hst_cube_free(cube);
    hst_ledger_free(ledger);
    return status;
}

static hst_status count_alone(void *context, hst_error *err)
{
    return count(context, 1, 64 << 20, err);
}

static hst_status count_in_threads(void *context, hst_error *err)
{
    return count(context, 3, 64 << 20, err);
}

static hst_status count_in_processes(void *context, hst_error *err)
{
    const small_world *w = context;
    const hst_count_options options = {
        .n_threads = 1, .memory_bytes = 64 << 20, .cohorts = w->cohorts};
    const hst_counting asked = {.measures = w->measures,
                                .study = w->study,
                                .areas = w->areas,
                                .segments = (const hst_segment *const *)w->segments,
                                .n_segments = w->n_segments,
                                .options = &options};
    process *sum = NULL;
    hst_status status = processes_sum(&sum, &asked, 2, err);

    failing_expect((sum != NULL) == (status == HST_OK));
    process_end(sum);
    return status;
}

static hst_status compute(const small_world *w, int n_threads, hst_error *err)
{
    hst_results *results = NULL;
    hst_ledger *ledger = NULL;
    hst_status status = hst_ledger_create(&ledger, err);

    if (status == HST_OK) {
        status = hst_results_compute(&results, w->study, w->measures, w->areas, w->cube,
                                     w->population, &w->standard, n_threads, ledger, err);
    }
    failing_expect((results != NULL) == (status == HST_OK));
    hst_results_free(results);
    hst_ledger_free(ledger);
    return status;
}

static hst_status compute_alone(void *context, hst_error *err)
{
    return compute(context, 1, err);
}

static hst_status compute_in_threads(void *context, hst_error *err)
{
    return compute(context, 3, err);
}

static hst_status screen(void *context, hst_error *err)
{
    const small_world *w = context;
    const hst_screen_options options = {0.01, 0.2, 5, 99, 1};
    hst_breaks *breaks = NULL;
    hst_status status = hst_screen(&breaks, hst_cube_activity(w->cube), &options, 3, err);

    failing_expect((breaks != NULL) == (status == HST_OK));
    hst_breaks_free(breaks);
    return status;
}

static hst_status judge(void *context, hst_error *err)
{
    const small_world *w = context;
    const hst_impact_inputs inputs = small_world_impact_inputs(w, 1);
    hst_impact *impact = NULL;
    hst_ledger *ledger = NULL;
    hst_status status = hst_ledger_create(&ledger, err);

    if (status == HST_OK) {
        status = hst_impact_compute(&impact, &inputs, ledger, err);
    }
    failing_expect((impact != NULL) == (status == HST_OK));
    hst_impact_free(impact);
    hst_ledger_free(ledger);
    return status;
}

/* In one format beside the tables. The rows are masked, so what they are made of is a copy: each
 * run has a process of its own. */
static hst_status publish(small_world *w, const char *format, const char *rule, hst_error *err)
{
    char *formats[] = {(char *)(uintptr_t)format};
    char directory[96], fingerprint[HST_FINGERPRINT_BYTES] = "17";
    hst_disclosure disclosure = {0};
    hst_since since = {0};
    char *folder = NULL;
    hst_publication publication = {.directory = directory,
                                   .start = 1795226400,
                                   .study = w->study,
                                   .inputs = w->inputs,
                                   .measures = w->measures,
                                   .areas = w->areas,
                                   .ledger = w->ledger,
                                   .england = w->england,
                                   .people = hst_cube_people(w->cube),
                                   .cohorts = w->cohorts,
                                   .cohort_sizes = hst_cube_cohorts(w->cube),
                                   .impact = w->impact,
                                   .breaks = w->breaks,
                                   .fingerprint = fingerprint,
                                   .version = "0.0.0",
                                   .build = "abc",
                                   .build_options = "none",
                                   .command = "hestia run study.yaml",
                                   .n_threads = 1,
                                   .memory_bytes = 64 << 20,
                                   .disclosed = &disclosure,
                                   .since = &since};
    hst_status status = HST_OK;

    snprintf(directory, sizeof directory, "%s/results", w->folder);
    w->study->publish.formats = (hst_texts){.n = 1, .items = formats};
    w->study->publish.disclosure.rule = (char *)(uintptr_t)rule;
    w->study->publish.internal = false;
    publication.results = hst_results_rows_to_mask(w->results, &publication.n_results);
    status = hst_publish(&publication, &folder, err);
    failing_expect(folder || status != HST_OK);
    free(folder);
    hst_comparison_free(since.comparison);
    return status;
}

static hst_status publish_release(void *context, hst_error *err)
{
    return publish(context, "csv", "hes2018", err);
}

static hst_status publish_tables(void *context, hst_error *err)
{
    return publish(context, "csv", "none", err);
}

static hst_status publish_database(void *context, hst_error *err)
{
    return publish(context, "sqlite", "none", err);
}

static hst_status publish_workbook(void *context, hst_error *err)
{
    return publish(context, "xlsx", "none", err);
}

static hst_status publish_report(void *context, hst_error *err)
{
    return publish(context, "html", "none", err);
}

/* Bytes of all files, without folders that were not finished. */
static uint64_t sum_of_folder(const char *path)
{
    DIR *folder = opendir(path);
    uint64_t sum = 0;

    for (struct dirent *entry = NULL; folder && (entry = readdir(folder));) {
        char below[512];
        struct stat facts;

        if (entry->d_name[0] == '.' || strstr(entry->d_name, ".part")) {
            continue;
        }
        snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
        failing_expect(lstat(below, &facts) == 0);
        sum += S_ISDIR(facts.st_mode) ? sum_of_folder(below) : (uint64_t)facts.st_size + 1;
    }
    if (folder) {
        closedir(folder);
    }
    return sum;
}

/* Bytes of what was published. With no memory at all the unfinished folder stays, which the next
 * run removes; and what fails after the publication, such as removing old runs, leaves it whole. */
static uint64_t results_left(void *context, hst_status ended)
{
    const small_world *w = context;
    char path[96], manifest[128];
    uint64_t sum = 0;

    snprintf(path, sizeof path, "%s/results", w->folder);
    snprintf(manifest, sizeof manifest, "%s/latest/manifest.json", path);
    sum = ended != HST_OK && access(manifest, F_OK) == 0 ? 0 : sum_of_folder(path);
    failing_expect(hst_tree_remove(path, NULL) == HST_OK);
    return sum;
}

static const failing_scenario scenarios[] = {
    {.name = "study", .stride = 7, .run = read_study},
    {.name = "inputs", .stride = 7, .run = find_inputs},
    {.name = "conditions", .run = read_conditions},
    {.name = "population", .run = read_population},
    {.name = "measures", .run = compile_measures},
    {.name = "areas", .run = build_areas},
    /* A success: what the catalogue has not the memory to look up is read again. */
    {.name = "ingest",
     .stride = 41,
     .run = ingest_alone,
     .left = segments_left,
     .also = 1u << HST_OK},
    {.name = "ingest by ranges",
     .stride = 61,
     .run = ingest_by_ranges,
     .left = segments_left,
     .also = 1u << HST_OK},
    {.name = "ingest in threads",
     .stride = 61,
     .run = ingest_in_threads,
     .left = segments_left,
     .also = 1u << HST_OK},
    {.name = "count", .stride = 23, .run = count_alone},
    {.name = "count in threads", .stride = 41, .run = count_in_threads},
    {.name = "count in processes", .stride = 41, .run = count_in_processes},
    {.name = "results", .stride = 199, .run = compute_alone},
    {.name = "results in threads", .stride = 301, .run = compute_in_threads},
    {.name = "screen", .run = screen},
    {.name = "impact", .stride = 997, .run = judge},
    /* HST_ERR_SYSTEM: libraries that write JSON, a database or a workbook do not say of what. A
     * success: what moved since the run before is left out where there is no memory for it. */
    {.name = "tables",
     .run = publish_tables,
     .left = results_left,
     .also = 1u << HST_ERR_SYSTEM | 1u << HST_OK},
    {.name = "release",
     .stride = 997,
     .run = publish_release,
     .left = results_left,
     .also = 1u << HST_ERR_SYSTEM | 1u << HST_OK},
    {.name = "database",
     .stride = 5,
     .run = publish_database,
     .left = results_left,
     .also = 1u << HST_ERR_SYSTEM | 1u << HST_OK},
    {.name = "workbook",
     .stride = 23,
     .run = publish_workbook,
     .left = results_left,
     .also = 1u << HST_ERR_SYSTEM | 1u << HST_OK},
    {.name = "report",
     .stride = 23,
     .run = publish_report,
     .left = results_left,
     .also = 1u << HST_ERR_SYSTEM | 1u << HST_OK},
};

enum { N_SCENARIOS = sizeof scenarios / sizeof *scenarios };

static void every_allocation_may_fail(void **state)
{
    const failing_scenario *scenario = *state;

    assert_int_equal(
        failing_in_turn(scenario, scenario->run == read_study ? (void *)world.path : &world), 0);
}

static int make(void **state)
{
    (void)state;
    small_world_make(&world);
    return 0;
}

static int remove_made(void **state)
{
    (void)state;
    small_world_remove(&world);
    return 0;
}

/* Names of scenarios as arguments run these alone. */
int main(int argc, char **argv)
{
    struct CMUnitTest tests[N_SCENARIOS];
    size_t n = 0;

    for (size_t i = 0; i < N_SCENARIOS; i++) {
        bool is_asked = argc == 1;

        for (int k = 1; k < argc; k++) {
            is_asked = is_asked || strcmp(argv[k], scenarios[i].name) == 0;
        }
        if (is_asked) {
            tests[n++] = (struct CMUnitTest){.name = scenarios[i].name,
                                             .test_func = every_allocation_may_fail,
                                             .initial_state = (void *)&scenarios[i]};
        }
    }
    if (argc > 1 && n < (size_t)argc - 1) {
        fprintf(stderr, "there is no such stage\n");
        return 1;
    }
    return _cmocka_run_group_tests("stages", tests, n, make, remove_made);
}
