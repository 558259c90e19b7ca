/* hestia run: a study from its file to its results, one page of named steps in the order the data
 * flows. */
#include "cli/cli.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/command_line.h"
#include "cli/figures.h"
#include "cli/impact_report.h"
#include "cli/row_drop.h"
#include "cli/run_end.h"
#include "cli/run_report.h"
#include "cli/run_store.h"
#include "cli/run_team.h"
#include "cli/since_report.h"
#include "hestia/england.h"
#include "hestia/ingest.h"
#include "hestia/publish.h"
#include "hestia/published.h"
#include "hestia/run_folder.h"
#include "hestia/series.h"

/** Everything a run makes, in the order it is made. */
typedef struct run {
    const cli_options *options;
    hst_team
        *team; /* NULL: alone. All members take the same steps; the leader talks and publishes */
    cli_terminal *terminal;
    hst_study *study;
    hst_table_looks *tables; /* before they were read */
    hst_inputs *inputs;
    hst_conditions *conditions;
    hst_standard standard;
    hst_population *population; /* NULL when the study names none */
    hst_measures *measures;
    hst_ledger *ledger;
    cli_run_store store;
    hst_cohorts *cohorts; /* NULL when the study has none */
    hst_areas *areas;
    hst_cube *cube;
    hst_england *england;
    hst_results *results;
    hst_breaks *breaks; /* NULL when the study does not screen */
    hst_impact *impact; /* NULL when the study has no service */
    hst_since since;    /* what moved since the run before */
    bool ingest_only;
    bool is_current;   /* latest was made from exactly this */
    bool is_published; /* there are new results */
    time_t start;
    char fingerprint[HST_FINGERPRINT_BYTES];
    size_t n_timings;
    hst_timing timings[6];
} run;

static void run_free(run *r)
{
    hst_comparison_free(r->since.comparison);
    hst_impact_free(r->impact);
    hst_breaks_free(r->breaks);
    hst_results_free(r->results);
    hst_england_free(r->england);
    hst_cube_free(r->cube);
    hst_areas_free(r->areas);
    hst_cohorts_free(r->cohorts);
    cli_run_store_close(&r->store);
    hst_ledger_free(r->ledger);
    hst_measures_free(r->measures);
    hst_population_free(r->population);
    hst_conditions_free(r->conditions);
    hst_inputs_free(r->inputs);
    hst_table_looks_free(r->tables);
    hst_study_free(r->study);
}

static const char *results_directory(const run *r)
{
    return r->options->out ? r->options->out : r->study->publish.directory;
}

static const hst_segment *const *segments(const run *r)
{
    return (const hst_segment *const *)r->store.segments;
}

/** @param inputs  NULL: of program, study and tables alone */
static hst_status take_fingerprint(char text[HST_FINGERPRINT_BYTES], const run *r,
                                   const hst_inputs *inputs, hst_error *err)
{
    char program[128];

    snprintf(program, sizeof program, "%s %s", cli_version, cli_commit);
    return hst_fingerprint(text, r->study, inputs, program, err);
}

/** All members of a team have to count the same: others would add what no sum shows. */
static hst_status check_alike(const run *r, hst_error *err)
{
    char own[HST_FINGERPRINT_BYTES] = "";
    hst_status status = r->team ? take_fingerprint(own, r, NULL, err) : HST_OK;

    return status == HST_OK ? cli_team_check_alike(r->team, own, err) : status;
}

/** True when latest was made from exactly this. */
static hst_status find_unchanged(run *r, hst_error *err)
{
    hst_status status = take_fingerprint(r->fingerprint, r, r->inputs, err);
    bool is_spoiled = false;

    r->is_current = status == HST_OK &&
                    hst_publish_is_current(r->study, r->options->out, r->fingerprint, &is_spoiled);
    if (is_spoiled) {
        cli_terminal_warn(
            r->terminal,
            "%s/latest: a file that was published there has gone or has another size; "
            "all are made again",
            results_directory(r));
    }
    return status;
}

/** Reads what the measures need. */
static hst_status read_tables(run *r, hst_error *err)
{
    hst_status status = hst_conditions_read(&r->conditions, r->study->code_lists, err);

    if (status == HST_OK && r->study->population.n > 0) {
        status = hst_population_read(&r->population, &r->study->population, &r->standard, err);
    }
    if (status == HST_OK) {
        status =
            hst_measures_compile(&r->measures, r->study, r->conditions, &r->standard.bands, err);
    }
    return status;
}

/** Reads every header, looks what has changed, and reads the small tables unless nothing has: they
 * are among what the fingerprint is of. Nothing is written yet. */
static hst_status check_study(run *r, hst_error *err)
{
    uint64_t bytes = 0;
    char size[32];
    hst_status status = HST_OK;

    if (hst_team_leads(r->team)) {
        status = hst_published_check(results_directory(r), err);
    }
    if (status != HST_OK || (status = hst_table_looks_take(&r->tables, r->study, err)) != HST_OK ||
        (status = check_alike(r, err)) != HST_OK ||
        (status = hst_inputs_find_together(&r->inputs, r->study, r->team, err)) != HST_OK ||
        (status = hst_standard_read(&r->standard, r->study->standard_population, err)) != HST_OK ||
        (status = hst_ledger_create(&r->ledger, err)) != HST_OK ||
        (status = cli_run_store_look(&r->store, r->inputs, r->study, r->ledger, err)) != HST_OK) {
        return status;
    }
    if (r->store.is_complete && !r->ingest_only) {
        status = find_unchanged(r, err);
    }
    if (status == HST_OK && !r->is_current) {
        status = read_tables(r, err);
    }
    for (size_t i = 0; i < r->inputs->n; i++) {
        bytes += r->inputs->items[i].bytes;
    }
    if (status == HST_OK) {
        cli_terminal_end(r->terminal, "%zu %s, %s · person column %s · standard %s", r->inputs->n,
                         r->inputs->n == 1 ? "file" : "files", cli_bytes(bytes, size),
                         hst_person_kind_name(r->inputs->person), r->standard.name);
    }
    return status;
}

static void on_progress(void *context, uint64_t done, uint64_t total)
{
    cli_terminal_progress(context, done, total, "bytes");
}

/** Brings the store up to date. */
static hst_status ingest(run *r, hst_error *err)
{
    hst_ingest_options options = {.team = r->team,
                                  .n_threads = r->options->n_threads,
                                  .memory_bytes = r->options->memory,
                                  .progress = on_progress,
                                  .progress_context = r->terminal};
    hst_status status = HST_OK;

    if (!r->store.is_complete) {
        status = cli_run_store_ingest(&r->store, r->inputs, r->study, &options, r->ledger, err);
    }
    if (status == HST_OK && !r->is_current && hst_team_leads(r->team)) {
        status = cli_check_row_drop(r->study, r->inputs, r->store.store, results_directory(r), err);
    }
    if (status == HST_OK) {
        status = cli_run_store_open_segments(&r->store, r->inputs, err);
    }
    if (status == HST_OK) {
        cli_report_ingested(r->terminal, r->inputs, &r->store, r->options->verbose);
    }
    return status;
}

/** Notes in the audit which area column of each file was in use. */
static hst_status note_area_columns(run *r, hst_error *err)
{
    hst_status status = HST_OK;

    for (size_t i = 0; status == HST_OK && i < r->store.n_segments; i++) {
        const hst_segment_info *info = hst_segment_get_info(r->store.segments[i]);
        size_t column = hst_areas_column(r->areas, info);
        char text[64];
        hst_ledger_line line = {.stage = "ingest column",
                                .dataset = hst_dataset_name(info->dataset),
                                .file = info->file,
                                .reason = text,
                                .n = info->rows_read};

        if (column != SIZE_MAX) {
            snprintf(text, sizeof text, "area column %s", info->area_columns[column]);
            status = hst_ledger_add(r->ledger, &line, err);
        }
    }
    return status;
}

/** One pass over the store: every measure, and England's totals. */
static hst_status count(run *r, hst_error *err)
{
    uint64_t n_episodes = 0;
    hst_count_options options = {
        .team = r->team, .n_threads = r->options->n_threads, .memory_bytes = r->options->memory};
    hst_status status = HST_OK;

    if (r->study->n_cohorts > 0) {
        status = hst_cohorts_create(&r->cohorts, r->study, r->conditions, r->store.store, err);
        options.cohorts = r->cohorts;
    }
    if (status == HST_OK) {
        status = hst_areas_build(&r->areas, r->study,
                                 r->population ? hst_population_areas(r->population) : NULL,
                                 segments(r), r->store.n_segments, err);
    }
    if (status == HST_OK) {
        status = note_area_columns(r, err);
    }
    if (status == HST_OK && r->cohorts) {
        status = hst_cohorts_check_registers(r->cohorts, r->areas, r->ledger, err);
    }
    if (status == HST_OK) {
        status = hst_count(&r->cube, &r->england, r->measures, r->study, r->areas, segments(r),
                           r->store.n_segments, &options, r->ledger, err);
    }
    if (status != HST_OK) {
        return status;
    }
    for (size_t i = 0; i < r->store.n_segments; i++) {
        n_episodes += hst_segment_get_info(r->store.segments[i])->rows_used;
    }
    cli_report_people(r->terminal, r->study, n_episodes, hst_cube_people(r->cube),
                      hst_cube_cohorts(r->cube));
    return HST_OK;
}

/** Counts become rates with limits. */
static hst_status make_rates(run *r, hst_error *err)
{
    size_t n_rows = 0;
    char rows[32];
    hst_status status =
        hst_results_compute(&r->results, r->study, r->measures, r->areas, r->cube, r->population,
                            &r->standard, r->options->n_threads, r->ledger, err);

    if (status == HST_OK) {
        hst_results_rows(r->results, &n_rows);
        cli_terminal_end(r->terminal, "%zu measures × %zu areas · %s values", r->study->n_measures,
                         hst_areas_n(r->areas) + hst_areas_n_groups(r->areas),
                         cli_grouped(n_rows, rows));
    }
    return status;
}

/** Screens providers for recording breaks, and judges the services. */
static hst_status judge(run *r, hst_error *err)
{
    const hst_activity *activity = hst_cube_activity(r->cube);
    const hst_screen_options options = {.max_p = r->study->breaks.max_p,
                                        .min_size = r->study->breaks.min_size,
                                        .min_monthly = r->study->breaks.min_monthly,
                                        .n_draws = HST_SCREEN_DRAWS,
                                        .seed = HST_SCREEN_SEED};
    hst_impact_inputs inputs = {.study = r->study,
                                .conditions = r->conditions,
                                .measures = r->measures,
                                .areas = r->areas,
                                .cube = r->cube,
                                .population = r->population,
                                .standard = &r->standard,
                                .cohorts = r->cohorts,
                                .results = r->results,
                                .segments = segments(r),
                                .n_segments = r->store.n_segments,
                                .n_threads = r->options->n_threads,
                                .memory_bytes = r->options->memory,
                                .team = r->team};
    hst_status status = HST_OK;

    if (activity) {
        status = hst_screen(&r->breaks, activity, &options, r->options->n_threads, err);
    }
    inputs.breaks = r->breaks;
    if (status == HST_OK && r->study->n_impacts > 0) {
        status = hst_impact_compute(&r->impact, &inputs, r->ledger, err);
    }
    if (status == HST_OK) {
        cli_report_impact(r->terminal, r->study, r->impact, r->breaks);
    }
    return status;
}

/** Writes the run folder, all or nothing, and says where to look. */
static hst_status publish(run *r, hst_error *err)
{
    const char *directory = results_directory(r);
    char *folder = NULL, *command = cli_command_line(r->options, r->study->path);
    hst_disclosure disclosure = {0};
    hst_publication publication = {
        .directory = directory,
        .start = r->start,
        .study = r->study,
        .inputs = r->inputs,
        .measures = r->measures,
        .areas = r->areas,
        .ledger = r->ledger,
        .england = r->england,
        .people = hst_cube_people(r->cube),
        .cohorts = r->cohorts,
        .cohort_sizes = hst_cube_cohorts(r->cube),
        .impact = r->impact,
        .breaks = r->breaks,
        .fingerprint = r->fingerprint,
        .tables = r->tables,
        .version = cli_version,
        .build = cli_commit,
        .build_options = cli_build_options,
        .command = command,
        .disclosed = &disclosure,
        .since = &r->since,
        .n_threads = r->options->n_threads,
        .memory_bytes = r->options->memory,
        .timings = r->timings,
        .n_timings = r->n_timings,
    };
    hst_status status = HST_OK;

    if (!command) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the command of this run");
    }
    publication.results = hst_results_rows_to_mask(r->results, &publication.n_results);
    status = hst_publish(&publication, &folder, err);
    r->is_published = folder != NULL;
    if (status == HST_OK) {
        cli_report_publish(r->terminal, r->study, folder, &disclosure);
        cli_report_since(r->terminal, r->study, &r->since, folder);
    }
    free(folder);
    free(command);
    return status;
}

/** One stage with its clock. */
static hst_status time_stage(run *r, const char *name, hst_status (*step)(run *, hst_error *),
                             hst_error *err)
{
    struct timespec begin = {0}, end = {0};
    hst_status status = HST_OK;

    if (hst_interrupt_requested()) {
        return hst_fail(err, HST_ERR_INTERRUPTED,
                        "interrupted before the stage %s; the next run goes on", name);
    }
    clock_gettime(CLOCK_MONOTONIC, &begin);
    cli_terminal_begin(r->terminal, name);
    status = step(r, err);
    clock_gettime(CLOCK_MONOTONIC, &end);
    r->timings[r->n_timings++] = (hst_timing){
        name, (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) * 1e-9};
    return status;
}

/** A stage that all members of a team go through; it ends alike for all. */
static hst_status stage(run *r, const char *name, hst_status (*step)(run *, hst_error *),
                        hst_error *err)
{
    return hst_team_agree(r->team, name, time_stage(r, name, step, err), err);
}

/** The leader looks whether there is anything to do, for all. */
static hst_status look_for_all(run *r, hst_error *err)
{
    hst_status status = hst_team_leads(r->team) ? find_unchanged(r, err) : HST_OK;

    status = hst_team_agree(r->team, "unchanged", status, err);
    return status == HST_OK
               ? hst_team_share(r->team, "is current", &r->is_current, sizeof r->is_current, err)
               : status;
}

/** Rates and findings. The others take part where services are judged: what they would be counted
 * otherwise is counted by all. */
static hst_status rate_and_judge(run *r, hst_error *err)
{
    bool together = r->study->n_impacts > 0;
    hst_status (*take)(run *, const char *, hst_status (*)(run *, hst_error *), hst_error *) =
        together ? stage : time_stage;
    hst_status status = HST_OK;

    if (!together && !hst_team_leads(r->team)) {
        return HST_OK;
    }
    status = take(r, "rates", make_rates, err);
    if (status == HST_OK && (together || r->study->breaks.screen)) {
        status = take(r, "impact", judge, err);
    }
    return status;
}

/** From the study to its results, or to where nothing had changed. */
static hst_status run_stages(run *r, hst_error *err)
{
    hst_status status = stage(r, "check", check_study, err);

    if (status == HST_OK) {
        status = stage(r, "ingest", ingest, err);
    }
    if (status == HST_OK && !r->ingest_only && !r->fingerprint[0]) {
        status = look_for_all(r, err);
    }
    if (status != HST_OK || r->ingest_only || r->is_current) {
        return status;
    }
    if ((status = stage(r, "people", count, err)) != HST_OK ||
        (status = rate_and_judge(r, err)) != HST_OK) {
        return status;
    }
    status = hst_team_leads(r->team) ? time_stage(r, "publish", publish, err) : HST_OK;
    status = hst_team_agree(r->team, "publish", status, err);
    if (status == HST_OK) {
        status = cli_team_show_sent(r->team, r->terminal, err);
    }
    if (status != HST_OK || !hst_team_leads(r->team)) {
        return status;
    }
    cli_report_services(r->terminal, r->study, r->areas, r->impact);
    status =
        cli_report_breaks(r->terminal, r->study, r->measures, r->areas, r->impact, r->breaks, err);
    if (status != HST_OK) {
        return status;
    }
    cli_report_warnings(r->terminal, r->study, r->results, hst_cube_people(r->cube), segments(r),
                        r->store.n_segments);
    cli_report_audit(r->terminal, r->ledger);
    return cli_report_england(r->terminal, r->study, r->england, err);
}

/** Forgets what was made so far, to begin again. */
static void start_over(run *r)
{
    const run kept = {.options = r->options,
                      .terminal = r->terminal,
                      .study = r->study,
                      .team = r->team,
                      .store = {.path = r->store.path, .team = r->team},
                      .ingest_only = r->ingest_only,
                      .start = r->start};

    r->study = NULL;
    run_free(r);
    *r = kept;
}

/** Runs; where a segment of the store turns out to be damaged, makes it anew and runs once more. */
static hst_status run_and_repair(run *r, hst_error *err)
{
    hst_status status = run_stages(r, err);

    if (status != HST_ERR_DAMAGED) {
        return status;
    }
    hst_team_begin_again(r->team);
    status = cli_run_store_repair(&r->store, r->inputs, r->terminal, err);
    if (status == HST_OK) {
        start_over(r);
        status = run_stages(r, err);
    }
    return status;
}

static void show_title(const run *r)
{
    const hst_study *study = r->study;
    char services[48] = "", processes[48] = "";

    if (study->n_impacts > 0) {
        snprintf(services, sizeof services, ", %zu %s", study->n_impacts,
                 study->n_impacts == 1 ? "service" : "services");
    }
    if (r->team) {
        snprintf(processes, sizeof processes, " · %zu processes", hst_team_size(r->team));
    }
    cli_terminal_title(r->terminal, "hestia %s · %s · %zu %s%s · store %s%s", cli_version,
                       study->study, study->n_measures,
                       study->n_measures == 1 ? "measure" : "measures", services, r->store.path,
                       processes);
}

/** The whole of `hestia run`: what it makes, with the results directory its own from beginning to
 * end, and how that ended. */
static hst_status run_and_note(run *r, hst_error *err)
{
    cli_run_end end = {.directory = results_directory(r),
                       .study = r->study->study,
                       .started = r->start,
                       .since = &r->since};
    hst_lock lock;
    hst_status status = hst_run_folder_lock(&lock, end.directory, err);

    end.is_refused = status == HST_ERR_LOCKED;
    if (status == HST_OK) {
        status = run_and_repair(r, err);
    }
    end.is_current = r->is_current;
    end.is_published = r->is_published;
    status = cli_run_end_note(&end, status, err);
    if (status == HST_OK) {
        cli_run_end_show(r->terminal, r->study, end.directory, r->is_current);
    }
    hst_lock_release(&lock);
    return status;
}

/** The run of a study that has been read. */
static hst_status run_here(run *r, hst_error *err)
{
    hst_status status = cli_terminal_create(&r->terminal, r->options, err);

    if (status != HST_OK) {
        return status;
    }
    r->store.path = r->options->store ? r->options->store : r->study->store;
    r->store.team = r->team;
    show_title(r);
    if (r->ingest_only || !hst_team_leads(r->team)) {
        status = run_and_repair(r, err);
        if (status == HST_OK) {
            cli_terminal_finish(r->terminal);
        }
        return status;
    }
    return run_and_note(r, err);
}

static hst_status run_study(const char *path, const cli_options *options, bool ingest_only,
                            hst_error *err)
{
    cli_options quiet = *options;
    run r = {.options = options, .ingest_only = ingest_only, .start = time(NULL)};
    hst_status status = hst_team_join(&r.team, err);

    if (status != HST_OK) {
        return status;
    }
    cli_log_start();
    quiet.quiet = true;
    r.options = hst_team_leads(r.team) ? options : &quiet;
    status = hst_team_agree(r.team, "study", hst_study_read(&r.study, path, err), err);
    if (status == HST_OK) {
        status = hst_team_agree(r.team, "end", run_here(&r, err), err);
    } else if (!ingest_only && hst_team_leads(r.team)) {
        status = cli_run_end_note_study(path, options->out, r.start, status, err);
    }
    cli_terminal_free(r.terminal);
    run_free(&r);
    return cli_team_leave(r.team, status, err);
}

hst_status cli_run_study(const char *study_path, const cli_options *options, hst_error *err)
{
    return run_study(study_path, options, false, err);
}

typedef struct run_arguments {
    cli_options options;
    const char *study;
} run_arguments;

static error_t parse_run(int key, char *argument, struct argp_state *state)
{
    run_arguments *arguments = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->options;
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->study) {
            argp_error(state, "one study file at a time");
            return EINVAL;
        }
        arguments->study = argument;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which study? (hestia new FILE... writes one from extracts)");
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

hst_status cli_run(int argc, char **argv, hst_error *err)
{
    static const struct argp_child children[] = {{&cli_common_argp, 0, "Common options:", 9}, {0}};
    static const struct argp run_argp = {
        .parser = parse_run,
        .args_doc = "STUDY.yaml",
        .doc = "Brings the store up to date and, unless nothing has changed, counts, standardises "
               "and publishes. `hestia ingest` stops when the store is up to date.",
        .children = children};
    bool ingest_only = strcmp(argv[0], "ingest") == 0;
    run_arguments arguments = {0};
    hst_status status = HST_OK;

    cli_options_init(&arguments.options);
    status = cli_parse(&run_argp, ingest_only ? "hestia ingest" : "hestia run", argc, argv,
                       &arguments, err);
    return status == HST_OK ? run_study(arguments.study, &arguments.options, ingest_only, err)
                            : status;
}
