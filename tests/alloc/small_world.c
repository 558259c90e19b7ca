#include "tests/alloc/small_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char study_text[] =
    "study: alloc\n"
    "title: Something of every kind\n"
    "notice: Artificial data\n"
    "period: {from: 2008-04-01, to: 2010-03-31}\n"
    "store: store\n"
    "extracts:\n"
    "  - {dataset: apc, files: extracts/apc_*.csv.gz}\n"
    "  - {dataset: op, files: zipped/extracts/op_*.zip}\n"
    "  - {dataset: ae, files: zst/extracts/ae_*.csv.zst}\n"
    "areas:\n"
    "  type: pct\n"
    "  field: [RESPCT06, RESPCT_HIS]\n"
    "  lookup: pct_lookup.csv\n"
    "  names: pct_names.csv\n"
    "  sites: [5J6, 5QL, 5NK]\n"
    "  comparators: [{name: England, areas: all}, {name: Similar, file: similar.csv}]\n"
    "providers: {names: providers.csv, merge: trust_mergers.csv}\n"
    "population: population.csv\n"
    "standard_population: esp2013\n"
    "deprivation: imd.csv\n"
    "code_lists: my_lists.csv\n"
    "cohorts:\n"
    "  - id: diabetes\n"
    "    dataset: apc\n"
    "    condition: diabetes_any\n"
    "    window: {from: 2008-04-01, to: 2010-03-31}\n"
    "    register: {file: qof_diabetes.csv, age: [17, 120]}\n"
    "measure_defaults: {by: year, statistic: dsr}\n"
    "measures:\n"
    "  - {id: rate, by: [month, quarter, year], where: {admission_method: emergency},\n"
    "     interval: repeat-adjusted, confidence: [95, 99.8], direction: lower_is_better}\n"
    "  - {id: clinics, dataset: op, unit: attendance, statistic: count, split: provider,\n"
    "     where: {any: [{specialty: 307}, {specialty: 300, cohort: diabetes}]},\n"
    "     exclude_providers: [{code: RD1, areas: 5QL, reason: outpatient records rise}]}\n"
    "  - {id: arrivals, dataset: ae, statistic: count}\n"
    "  - {id: stay, unit: spell, statistic: mean_los, by: [month, year],\n"
    "     where: {admission_method: emergency, condition: dementia, episode: any}}\n"
    "  - {id: beds, unit: cips, statistic: bed_days, bed_days: placed}\n"
    "  - {id: long_stays, unit: spell, statistic: std_mean_los, los_cap: 30}\n"
    "  - {id: people, unit: person, statistic: crude_rate, split: sex}\n"
    "  - {id: again, statistic: readmission}\n"
    "  - {id: expected, statistic: smr}\n"
    "  - {id: acs, statistic: acs_score, where: {condition: acsc_copd}}\n"
    "  - {id: market, statistic: hhi}\n"
    "  - {id: dementia, dataset: table, file: qof_dementia.csv, statistic: growth, base: 2008/09}\n"
    "reported: [{measure: clinics, area: 5QL, file: reported.csv}]\n"
    "impact:\n"
    "  - id: service\n"
    "    site: 5QL\n"
    "    measures: [rate, stay]\n"
    "    date: 2009-07-01\n"
    "    by: month\n"
    "    comparators: [England, Similar]\n"
    "    methods: [its, pre_post, trend, did, synthetic_control, spc]\n"
    "    primary: its\n"
    "breaks: {screen: true}\n"
    "publish:\n"
    "  formats: [csv, sqlite, xlsx, html]\n"
    "  disclosure: hes2018\n"
    "  internal: true\n";

static void give_up(const char *what, const hst_error *err)
{
    fprintf(stderr, "%s: %s\n", what, err->message);
    exit(1);
}

static void command(const char *text)
{
    hst_error err = {0};

    if (system(text) != 0) {
        give_up(text, &err);
    }
}

static void put(const small_world *w, const char *name, const char *text)
{
    char path[192];
    FILE *file = NULL;
    hst_error err = {0};

    snprintf(path, sizeof path, "%s/%s", w->folder, name);
    file = fopen(path, "w");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0) {
        give_up(path, &err);
    }
}

/* Extracts in all containers, each data set in one. */
static void make_files(small_world *w)
{
    static const char *const sets[][3] = {
        {"apc", "gz", ""}, {"op", "zip", "/zipped"}, {"ae", "zst", "/zst"}};
    char text[1024];
    hst_error err = {0};

    /* in memory where there is such a folder: the store syncs every file to its disk */
    snprintf(w->folder, sizeof w->folder, "%s/hestia-alloc-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(w->folder)) {
        give_up("mkdtemp", &err);
    }
    for (size_t i = 0; i < 3; i++) {
        snprintf(text, sizeof text,
                 HESTIA_PROGRAM " synth %s%s --people 1000 --years 2008-2009 --areas 5 --seed 3 "
                                "--datasets %s --compress %s %s --quiet",
                 w->folder, sets[i][2], sets[i][0], sets[i][1],
                 i == 0 ? "--study long-term-conditions" : "");
        command(text);
    }
    put(w, "study.yaml", study_text);
    put(w, "reported.csv", "period,series,value,source\n2008/09,all,17,a letter\n");
    snprintf(w->path, sizeof w->path, "%s/study.yaml", w->folder);
}

static void open_segments(small_world *w, hst_error *err)
{
    w->segments = calloc(w->inputs->n, sizeof *w->segments);
    for (size_t i = 0; w->segments && i < w->inputs->n; i++) {
        const hst_input *input = &w->inputs->items[i];

        if (hst_segment_open(&w->segments[w->n_segments++], w->store, input->digest,
                             input->layout_key, err) != HST_OK) {
            give_up("segment", err);
        }
    }
}

hst_impact_inputs small_world_impact_inputs(const small_world *w, int n_threads)
{
    return (hst_impact_inputs){.study = w->study,
                               .conditions = w->conditions,
                               .measures = w->measures,
                               .areas = w->areas,
                               .cube = w->cube,
                               .population = w->population,
                               .standard = &w->standard,
                               .cohorts = w->cohorts,
                               .results = w->results,
                               .breaks = w->breaks,
                               .segments = (const hst_segment *const *)w->segments,
                               .n_segments = w->n_segments,
                               .n_threads = n_threads};
}

static hst_status read_all(small_world *w, hst_error *err)
{
    const hst_ingest_options options = {.n_threads = 1, .memory_bytes = 64 << 20};
    char store[96];
    hst_status status = HST_OK;

    snprintf(store, sizeof store, "%s/store", w->folder);
    if ((status = hst_study_read(&w->study, w->path, err)) != HST_OK ||
        (status = hst_inputs_find(&w->inputs, w->study, err)) != HST_OK ||
        (status = hst_conditions_read(&w->conditions, w->study->code_lists, err)) != HST_OK ||
        (status = hst_standard_read(&w->standard, w->study->standard_population, err)) != HST_OK ||
        (status = hst_population_read(&w->population, &w->study->population, &w->standard, err)) !=
            HST_OK ||
        (status = hst_measures_compile(&w->measures, w->study, w->conditions, &w->standard.bands,
                                       err)) != HST_OK ||
        (status = hst_ledger_create(&w->ledger, err)) != HST_OK ||
        (status = hst_store_open(&w->store, store, true, HST_STORE_WRITE, err)) != HST_OK) {
        return status;
    }
    return hst_ingest(w->inputs, w->study, w->store, &options, w->ledger, err);
}

static hst_status count_all(small_world *w, hst_error *err)
{
    const hst_segment *const *segments = (const hst_segment *const *)w->segments;
    hst_count_options options = {.n_threads = 1, .memory_bytes = 64 << 20};
    const hst_screen_options screen = {0.01, 0.2, 5, 99, 1};
    hst_impact_inputs inputs = {0};
    hst_status status = hst_cohorts_create(&w->cohorts, w->study, w->conditions, w->store, err);

    options.cohorts = w->cohorts;
    if (status != HST_OK ||
        (status = hst_areas_build(&w->areas, w->study, hst_population_areas(w->population),
                                  segments, w->n_segments, err)) != HST_OK ||
        (status = hst_count(&w->cube, &w->england, w->measures, w->study, w->areas, segments,
                            w->n_segments, &options, w->ledger, err)) != HST_OK ||
        (status = hst_results_compute(&w->results, w->study, w->measures, w->areas, w->cube,
                                      w->population, &w->standard, 1, w->ledger, err)) != HST_OK ||
        (status = hst_screen(&w->breaks, hst_cube_activity(w->cube), &screen, 1, err)) != HST_OK) {
        return status;
    }
    inputs = small_world_impact_inputs(w, 1);
    return hst_impact_compute(&w->impact, &inputs, w->ledger, err);
}

void small_world_make(small_world *w)
{
    hst_error err = {0};

    memset(w, 0, sizeof *w);
    make_files(w);
    if (read_all(w, &err) != HST_OK) {
        give_up(w->folder, &err);
    }
    open_segments(w, &err);
    if (count_all(w, &err) != HST_OK) {
        give_up(w->folder, &err);
    }
}

void small_world_remove(small_world *w)
{
    char text[128];

    hst_impact_free(w->impact);
    hst_breaks_free(w->breaks);
    hst_results_free(w->results);
    hst_england_free(w->england);
    hst_cube_free(w->cube);
    hst_areas_free(w->areas);
    hst_cohorts_free(w->cohorts);
    for (size_t i = 0; i < w->n_segments; i++) {
        hst_segment_close(w->segments[i]);
    }
    free(w->segments);
    hst_store_close(w->store);
    hst_ledger_free(w->ledger);
    hst_measures_free(w->measures);
    hst_population_free(w->population);
    hst_conditions_free(w->conditions);
    hst_inputs_free(w->inputs);
    hst_study_free(w->study);
    snprintf(text, sizeof text, "rm -rf %s", w->folder);
    command(text);
}
