/* Writes truth.csv: measure,area,period,split,what,n.
 *
 * `counted`: what a right study counts. `made`: what there was, also where the record does not show
 * it. The rest says what was planted, and what each file holds. */
#include "cli/synth.h"

#include <string.h>

#include "hestia/csv.h"
#include "hestia/period.h"
#include "hestia/study.h"

/* How a measure stands in the table. */
static const struct {
    const char *name, *what;
    hst_by by;
    hst_dataset dataset;
} shown[SYNTH_N_MEASURES] = {
    [SYNTH_EMERGENCY] = {"emergency_admissions", "counted", HST_BY_QUARTER, HST_DATASET_APC},
    [SYNTH_ELECTIVE] = {"elective_admissions", "counted", HST_BY_QUARTER, HST_DATASET_APC},
    [SYNTH_COPD] = {"copd_emergency", "counted", HST_BY_QUARTER, HST_DATASET_APC},
    [SYNTH_COMPLICATIONS] = {"diabetes_complications", "counted", HST_BY_QUARTER, HST_DATASET_APC},
    [SYNTH_SPELLS] = {"provider_spells", "counted", HST_BY_QUARTER, HST_DATASET_APC},
    [SYNTH_SPELLS_MADE] = {"provider_spells", "made", HST_BY_QUARTER, HST_DATASET_APC},
    [SYNTH_CONTINUOUS] = {"continuous_spells", "counted", HST_BY_QUARTER, HST_DATASET_APC},
    [SYNTH_CONTINUOUS_MADE] = {"continuous_spells", "made", HST_BY_QUARTER, HST_DATASET_APC},
    [SYNTH_DEMENTIA_STAYS] = {"dementia_los", "counted", HST_BY_MONTH, HST_DATASET_APC},
    [SYNTH_DEMENTIA_DAYS] = {"dementia_los", "days", HST_BY_MONTH, HST_DATASET_APC},
    [SYNTH_DISCHARGED] = {"emergency_readmissions", "discharged", HST_BY_QUARTER, HST_DATASET_APC},
    [SYNTH_READMITTED] = {"emergency_readmissions", "counted", HST_BY_QUARTER, HST_DATASET_APC},
    [SYNTH_CLINICS] = {"outpatient_attendances", "counted", HST_BY_QUARTER, HST_DATASET_OP},
    [SYNTH_LIKELY_DIABETES] = {"likely_diabetes_attendances", "counted", HST_BY_MONTH,
                               HST_DATASET_OP},
    [SYNTH_ARRIVALS] = {"ae_attendances", "counted", HST_BY_QUARTER, HST_DATASET_AE},
};

typedef struct key {
    const char *measure, *area, *period, *split;
} key;

static void truth_row(hst_csv *csv, key k, const char *what, uint64_t n)
{
    hst_csv_text(csv, k.measure);
    hst_csv_text(csv, k.area);
    hst_csv_text(csv, k.period);
    hst_csv_text(csv, k.split);
    hst_csv_text(csv, what);
    hst_csv_count(csv, n);
    hst_csv_end_row(csv);
}

static uint64_t sum_of(const uint64_t *months, size_t n)
{
    uint64_t sum = 0;

    for (size_t m = 0; m < n; m++) {
        sum += months[m];
    }
    return sum;
}

/* Each area's periods, then England's. */
static void write_measure(hst_csv *csv, const synth_world *world, const synth_truth *truth,
                          synth_measure measure)
{
    size_t step = shown[measure].by == HST_BY_QUARTER ? 3 : 1;

    for (size_t a = 0; a <= world->n_areas; a++) {
        const char *area = a < world->n_areas ? world->areas[a].code : "England";
        hst_period period = hst_period_of(shown[measure].by, world->first_day);

        for (size_t m = 0; m < synth_n_months(world);
             m += step, period = hst_period_next(&period)) {
            uint64_t n = 0;

            for (size_t b = 0; b < world->n_areas; b++) {
                n += a == b || a == world->n_areas ? sum_of(&truth->counted[measure][b][m], step)
                                                   : 0;
            }
            truth_row(csv, (key){shown[measure].name, area, period.label, ""}, shown[measure].what,
                      n);
        }
    }
}

static void write_providers(hst_csv *csv, const synth_world *world, const synth_truth *truth)
{
    for (size_t place = 0; place <= SYNTH_N_SITES; place++) {
        const char *area = place < SYNTH_N_SITES ? world->areas[place].code : "England";

        for (size_t p = 0; p < synth_n_providers(world); p++) {
            hst_period period = hst_period_of(HST_BY_MONTH, world->first_day);
            char code[4];

            synth_provider_code(world, p, code);
            for (size_t m = 0; m < synth_n_months(world); m++, period = hst_period_next(&period)) {
                if (truth->by_provider[place][p][m] > 0) {
                    truth_row(csv,
                              (key){shown[SYNTH_LIKELY_DIABETES].name, area, period.label, code},
                              "counted", truth->by_provider[place][p][m]);
                }
            }
        }
    }
}

static void write_cohort(hst_csv *csv, const synth_world *world, const synth_truth *truth)
{
    for (size_t a = 0; a < world->n_areas; a++) {
        hst_period period = hst_period_of(HST_BY_YEAR, world->first_day);

        for (size_t y = 0; y < synth_n_months(world) / 12; y++, period = hst_period_next(&period)) {
            key k = {"diabetes", world->areas[a].code, period.label, ""};

            truth_row(csv, k, "members", truth->members[a][y]);
            truth_row(csv, k, "members of 17 and over", truth->adult_members[a][y]);
            truth_row(csv, k, "people with diabetes of 17 and over", truth->diabetics[a][y]);
        }
    }
}

/* ---- what was planted ---- */

/* Quarter by quarter what a service prevented. */
static void write_effect(hst_csv *csv, const synth_world *world, const synth_truth *truth, size_t i)
{
    const synth_effect *effect = &world->effects[i];
    hst_period period = hst_period_of(HST_BY_QUARTER, world->first_day);

    for (size_t m = 0; m < synth_n_months(world); m += 3, period = hst_period_next(&period)) {
        key k = {shown[effect->measure].name, world->areas[effect->area].code, period.label, ""};

        if (period.start >= effect->from) {
            truth_row(csv, k, "prevented", sum_of(&truth->removed[i][m], 3));
            truth_row(csv, k, "prevented, percent by design",
                      (uint64_t)(100 * effect->share + 0.5));
        }
    }
}

static void write_breaks(hst_csv *csv, const synth_world *world)
{
    hst_period from = hst_period_of(HST_BY_MONTH, world->bath_from);

    truth_row(csv, (key){"", "", from.label, "RD1"},
              "outpatient rows more from this month on, percent by design",
              (uint64_t)(100 * world->bath_more + 0.5));
    from = hst_period_of(HST_BY_MONTH, world->clinics_from);
    truth_row(csv, (key){"", world->areas[SYNTH_CALDERDALE].code, from.label, ""},
              "general-medicine clinics recorded otherwise from this month on, percent by design",
              (uint64_t)(100 * world->clinics_less + 0.5));
}

/* The merger is there always: a study that reads trust_mergers.csv does not see it. */
static void write_planted(hst_csv *csv, const synth_world *world, const synth_truth *truth)
{
    const char *wirral = world->areas[SYNTH_WIRRAL].code;
    hst_period from = hst_period_of(HST_BY_MONTH, hst_date_from_civil(2010, 10, 1));

    for (size_t i = 0; i < world->n_effects; i++) {
        write_effect(csv, world, truth, i);
    }
    truth_row(csv, (key){shown[SYNTH_DEMENTIA_STAYS].name, wirral, from.label, ""},
              "effect from this month on, percent by design", 0);
    if (!world->options.no_effects) {
        write_breaks(csv, world);
    }
    from = hst_period_of(HST_BY_MONTH, world->merger_day);
    truth_row(csv, (key){"", wirral, from.label, "XM1"},
              "merged into Wirral's trust from this month on", 1);
}

/* What each file holds, by kind of dirt; `measure` is its data set. */
static void write_files(hst_csv *csv, const synth_file *files, size_t n_files)
{
    for (size_t i = 0; i < n_files; i++) {
        const synth_file_truth *t = &files[i].truth;
        hst_period period = hst_period_of(HST_BY_YEAR, hst_date_from_civil(files[i].year, 4, 1));
        key k = {hst_dataset_name(files[i].dataset), "", period.label, ""};

        truth_row(csv, k, "rows", t->rows);
        if (files[i].dataset == HST_DATASET_APC) {
            truth_row(csv, k, "finished episodes", t->finished);
            truth_row(csv, k, "unfinished episodes", t->unfinished);
            truth_row(csv, k, "episodes of last year's file once more", t->repeated);
        }
        truth_row(csv, k, "exact duplicates", t->duplicates);
        truth_row(csv, k, "geography missing or not England", t->no_area);
        truth_row(csv, k, "sentinel date", t->no_date);
        truth_row(csv, k, "age empty", t->no_age);
        truth_row(csv, k, "sex unknown", t->no_sex);
        truth_row(csv, k, "person empty", t->no_person);
    }
}

hst_status synth_write_truth(const synth_world *world, const synth_truth *truth,
                             const synth_file *files, size_t n_files, hst_error *err)
{
    static const char *const names[] = {"measure", "area", "period", "split", "what", "n"};
    hst_csv *csv = NULL;
    hst_status status = synth_open_table(&csv, &world->options, "truth.csv", names, 6, err);

    if (status != HST_OK) {
        return status;
    }
    for (size_t m = 0; m < SYNTH_N_MEASURES; m++) {
        if (world->options.datasets >> shown[m].dataset & 1) {
            write_measure(csv, world, truth, (synth_measure)m);
        }
    }
    if (world->options.datasets >> HST_DATASET_OP & 1) {
        write_providers(csv, world, truth);
    }
    write_cohort(csv, world, truth);
    write_planted(csv, world, truth);
    write_files(csv, files, n_files);
    status = hst_csv_finish(csv, err);
    hst_csv_free(csv);
    return status;
}
