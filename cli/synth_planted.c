/* planted.csv of the worked study: what was planted in its artificial data, service by service and
 * break by break, for the report to set beside what was found. */
#include <string.h>

#include "cli/synth.h"
#include "hestia/ingest.h"
#include "hestia/period.h"

/* One row; what a row does not need is "". */
typedef struct planted {
    const char *impact, *dataset, *area, *provider, *specialty;
    hst_date from;
    double percent;
    const char *words;
} planted;

/* The services of examples/long-term-conditions that something could be planted for. */
static const struct service {
    const char *impact;
    size_t area;
    synth_measure measure;
    int year, month; /* for one that does nothing */
    const char *words;
} services[] = {
    {"somerset-rapid-response", SYNTH_SOMERSET, SYNTH_EMERGENCY, 2006, 4,
     "a service prevents this share of emergency admissions"},
    {"wirral-lung-team", SYNTH_WIRRAL, SYNTH_COPD, 2006, 4,
     "a service prevents this share of emergency admissions for chronic obstructive lung disease"},
    {"calderdale-foot-care", SYNTH_CALDERDALE, SYNTH_COMPLICATIONS, 2010, 10,
     "a service prevents this share of emergency admissions for complications of diabetes, too "
     "late "
     "and too small to be found"},
    {"wirral-memory-service", SYNTH_WIRRAL, SYNTH_DEMENTIA_STAYS, 2010, 10,
     "nothing: stays with dementia are as long as before"},
    {"calderdale-diabetes-clinics", SYNTH_CALDERDALE, SYNTH_N_MEASURES, 2009, 4,
     "nothing: half of one hospital's clinics are recorded under another specialty"},
};

static void write_row(hst_csv *csv, const planted *row)
{
    hst_period month = hst_period_of(HST_BY_MONTH, row->from);

    hst_csv_text(csv, row->impact);
    hst_csv_text(csv, row->dataset);
    hst_csv_text(csv, row->area);
    hst_csv_text(csv, row->provider);
    hst_csv_text(csv, row->specialty);
    hst_csv_text(csv, month.label);
    hst_csv_real(csv, row->percent);
    hst_csv_text(csv, row->words);
    hst_csv_end_row(csv);
}

static void write_service(hst_csv *csv, const synth_world *world, const struct service *service)
{
    planted row = {service->impact,
                   "",
                   world->areas[service->area].code,
                   "",
                   "",
                   hst_date_from_civil(service->year, service->month, 1),
                   0,
                   world->options.no_effects ? "nothing" : service->words};

    for (size_t i = 0; i < world->n_effects; i++) {
        const synth_effect *effect = &world->effects[i];

        if (effect->area == service->area && effect->measure == service->measure) {
            row.from = effect->from;
            row.percent = -100 * effect->share;
        }
    }
    write_row(csv, &row);
}

static void write_breaks(hst_csv *csv, const synth_world *world)
{
    const char *calderdale = world->areas[SYNTH_CALDERDALE].code;
    char hospital[4];
    const planted breaks[] = {
        {"", "op", world->areas[SYNTH_SOMERSET].code, "RD1", "", world->bath_from,
         100 * world->bath_more, "the hospital begins to submit more of its clinics"},
        {"", "op", calderdale, hospital, "300", world->clinics_from, -100 * world->clinics_less,
         "clinics of general medicine are recorded under another specialty"},
    };

    synth_provider_code(world, SYNTH_CALDERDALE, hospital);
    for (size_t i = 0; i < sizeof breaks / sizeof *breaks; i++) {
        write_row(csv, &breaks[i]);
    }
}

hst_status synth_write_planted(const synth_world *world, hst_error *err)
{
    static const char *const names[] = {"impact",    "dataset", "area",    "provider",
                                        "specialty", "month",   "percent", "words"};
    hst_csv *csv = NULL;
    hst_status status = HST_OK;

    if (strcmp(world->options.study, "long-term-conditions") != 0) {
        return HST_OK;
    }
    status = synth_open_table(&csv, &world->options, "planted.csv", names, 8, err);
    if (status != HST_OK) {
        return status;
    }
    for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
        write_service(csv, world, &services[i]);
    }
    if (!world->options.no_effects && world->options.datasets >> HST_DATASET_OP & 1) {
        write_breaks(csv, world);
    }
    status = hst_csv_finish(csv, err);
    hst_csv_free(csv);
    return status;
}
