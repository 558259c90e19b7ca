/* hestia stats power: the smallest effect that a series could show. Its rows, in the order of time,
 * are the points before. */
#include <math.h>
#include <stdlib.h>

#include "cli/stats.h"
#include "hestia/power.h"

enum { COLUMN_EVENTS, COLUMN_POPULATION, COLUMN_Y, POISSON_BELOW = 4 };

static const char *const designs[] = {"before-after", "trend", "its", NULL};
static const char *const columns[] = {"detectable_ratio",
                                      "events_needed",
                                      "detectable_fall",
                                      "detectable_rise",
                                      "dispersion",
                                      "autocorrelation",
                                      "se",
                                      "n_before",
                                      "n_after",
                                      "periods_needed",
                                      NULL};

typedef struct plan {
    hst_power_input input; /* without the points */
    double n_after;        /* NAN: as many as before */
    double effect;
} plan;

static hst_status begin(stats_run *run)
{
    plan *own = calloc(1, sizeof *own);
    double cycle = 0;
    size_t design = 0;
    hst_status status = HST_OK;

    run->own = own;
    if (!own) {
        return hst_fail(run->err, HST_ERR_MEMORY, "no memory for the options of power");
    }
    *own = (plan){.input = {.power = 0.8, .alpha = 0.05}, .n_after = NAN, .effect = 0.1};
    if ((status = stats_number_of(run, STATS_POWER, false, 0.01, 0.999, &own->input.power)) !=
            HST_OK ||
        (status = stats_number_of(run, STATS_ALPHA, false, 0.0001, 0.5, &own->input.alpha)) !=
            HST_OK ||
        (status = stats_number_of(run, STATS_EFFECT, false, 0.001, 10, &own->effect)) != HST_OK ||
        (status = stats_number_of(run, STATS_AFTER, true, 1, 10000, &own->n_after)) != HST_OK ||
        (status = stats_number_of(run, STATS_CYCLE, true, 2, 366, &cycle)) != HST_OK ||
        (status = stats_choose(run, STATS_MODEL, designs, &design)) != HST_OK) {
        return status;
    }
    own->input.cycle = (unsigned)cycle;
    own->input.design = (hst_power_design)design;
    own->input.is_count = run->columns[COLUMN_EVENTS] != SIZE_MAX;
    if (own->input.is_count == (run->columns[COLUMN_Y] != SIZE_MAX)) {
        return hst_fail(run->err, HST_ERR_INPUT,
                        "%s needs one of the columns events (counts) and y (means or rates)",
                        hst_table_name(run->table));
    }
    return HST_OK;
}

static void write_answer(const stats_run *run, const hst_power_input *input, const hst_power *power,
                         size_t n_needed)
{
    const plan *own = run->own;
    char note[160];

    hst_csv_real(run->csv, 1 + power->detectable_rise);
    hst_csv_real(run->csv, input->is_count
                               ? ceil(hst_power_events_needed(1 + own->effect, power->dispersion,
                                                              power->autocorrelation, input->power,
                                                              input->alpha))
                               : NAN);
    hst_csv_real(run->csv, power->detectable_fall);
    hst_csv_real(run->csv, power->detectable_rise);
    hst_csv_real(run->csv, power->dispersion);
    hst_csv_real(run->csv, power->autocorrelation);
    hst_csv_real(run->csv, power->se);
    hst_csv_count(run->csv, input->n_before);
    hst_csv_count(run->csv, input->n_after);
    if (n_needed > 0) {
        hst_csv_count(run->csv, n_needed);
    } else {
        hst_csv_empty(run->csv);
    }
    snprintf(note, sizeof note, "%s%s%s",
             input->is_poisson
                 ? "fewer than 4 points: taken for Poisson's noise, the least there is"
                 : "",
             input->is_poisson && n_needed == 0 ? "; " : "",
             n_needed == 0 ? "no time after would show the effect asked for" : "");
    hst_csv_text(run->csv, note);
}

static hst_status answer(stats_run *run, const stats_group *group)
{
    const plan *own = run->own;
    size_t n = group->n_rows, n_seen = 0, n_needed = 0;
    double *y = calloc(n, sizeof *y), *exposure = calloc(n, sizeof *exposure);
    hst_power_input input = own->input;
    hst_power power;
    hst_error reason = {0};
    hst_status status = HST_OK;

    if (!y || !exposure) {
        status = hst_fail(run->err, HST_ERR_MEMORY, "no memory for %zu points", n);
        goto done;
    }
    for (size_t i = 0; i < n; i++) {
        y[i] = stats_number(run, group->rows[i], input.is_count ? COLUMN_EVENTS : COLUMN_Y);
        exposure[i] = stats_number(run, group->rows[i], COLUMN_POPULATION);
        n_seen += isnan(y[i]) ? 0 : 1;
    }
    input.n_before = n;
    input.y = y;
    input.exposure = run->columns[COLUMN_POPULATION] == SIZE_MAX ? NULL : exposure;
    input.n_after = isnan(own->n_after) ? n : (size_t)own->n_after;
    input.is_poisson =
        input.is_count && n_seen < POISSON_BELOW && input.design == HST_POWER_BEFORE_AFTER;
    status = hst_power_of(&power, &input, &reason);
    if (status == HST_OK) {
        status = hst_power_periods_needed(&n_needed, &input, own->effect, &reason);
    }
    if (status == HST_OK) {
        write_answer(run, &input, &power, n_needed);
    } else if (status == HST_REFUSED) {
        stats_write_refusal(run, reason.message);
        status = HST_OK;
    } else {
        hst_fail(run->err, status, "%s", reason.message);
    }

done:
    free(y);
    free(exposure);
    return status;
}

const stats_method stats_power = {
    .name = "power",
    .series_options =
        STATS_POWER | STATS_ALPHA | STATS_EFFECT | STATS_AFTER | STATS_CYCLE | STATS_MODEL,
    .n_columns = 3,
    .columns = {{.name = "events", .is_optional = true},
                {.name = "population", .is_optional = true},
                {.name = "y", .is_optional = true, .lowest = -INFINITY}},
    .before = columns,
    .begin = begin,
    .answer = answer,
};
