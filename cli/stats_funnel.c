/* hestia stats funnel: each unit of a group against the limits of chance. */
#include <math.h>
#include <stdlib.h>

#include "cli/stats.h"
#include "hestia/funnel.h"

enum { COLUMN_OBSERVED, COLUMN_EXPECTED, COLUMN_X, COLUMN_N };

/* In the order of hst_funnel_type and hst_funnel_dispersion. */
static const char *const types[] = {"ratio", "proportion", "rate", "person-time", NULL};
static const char *const dispersions[] = {"none", "shmi", "cqc", NULL};
static const char *const names[] = {
    "value", "target",    "lower95",    "upper95",    "lower998",    "upper998",
    "z",     "z_trimmed", "od_lower95", "od_upper95", "od_lower998", "od_upper998",
    "flag",  "outlier",   "phi",        "tau2",       NULL};

/* Below this many events to a unit of n, n is hardly a count that chance moves as it moves x. */
static const double lowest_ratio_of_counts = 0.1;

/* The options: the same for all groups. */
typedef struct funnel_run {
    hst_funnel_type type;
    hst_funnel_dispersion dispersion;
    double trim;
    size_t numerator, denominator; /* of the method's columns */
} funnel_run;

/* The columns of another type are none of ours, whatever they hold. */
static hst_status choose_columns(stats_run *run, const funnel_run *funnel)
{
    for (size_t i = 0; i < run->method->n_columns; i++) {
        if (i != funnel->numerator && i != funnel->denominator) {
            run->columns[i] = SIZE_MAX;
        }
    }
    if (run->columns[funnel->numerator] != SIZE_MAX &&
        run->columns[funnel->denominator] != SIZE_MAX) {
        return HST_OK;
    }
    return hst_fail(run->err, HST_ERR_INPUT,
                    "%s: --type ratio, the default, reads the columns observed and expected; "
                    "proportion, rate and person-time read x and n",
                    hst_table_name(run->table));
}

static hst_status begin(stats_run *run)
{
    size_t type = HST_FUNNEL_RATIO, dispersion = HST_FUNNEL_PLAIN;
    hst_status status = HST_OK;
    funnel_run *funnel = calloc(1, sizeof *funnel);

    run->own = funnel;
    if (!funnel) {
        return hst_fail(run->err, HST_ERR_MEMORY, "no memory for the options of a funnel");
    }
    if ((status = stats_choose(run, STATS_TYPE, types, &type)) != HST_OK ||
        (status = stats_choose(run, STATS_OVERDISPERSION, dispersions, &dispersion)) != HST_OK) {
        return status;
    }
    funnel->type = (hst_funnel_type)type;
    funnel->dispersion = (hst_funnel_dispersion)dispersion;
    funnel->trim = run->options->given & STATS_TRIM ? run->options->trim : 0.1;
    funnel->numerator = type == HST_FUNNEL_RATIO ? COLUMN_OBSERVED : COLUMN_X;
    funnel->denominator = type == HST_FUNNEL_RATIO ? COLUMN_EXPECTED : COLUMN_N;
    if (dispersion == HST_FUNNEL_SHMI && type != HST_FUNNEL_RATIO) {
        return hst_fail(run->err, HST_ERR_USAGE,
                        "hestia stats funnel: --overdispersion shmi goes with --type ratio");
    }
    if (dispersion == HST_FUNNEL_PLAIN && run->options->given & STATS_TRIM) {
        return hst_fail(run->err, HST_ERR_USAGE,
                        "hestia stats funnel: --trim goes with --overdispersion shmi or cqc");
    }
    if (!(funnel->trim < 0.5)) {
        return hst_fail(run->err, HST_ERR_USAGE,
                        "hestia stats funnel: --trim takes a share from 0 to below 0.5");
    }
    return choose_columns(run, funnel);
}

static void write_limits(const stats_run *run, hst_limits limits)
{
    hst_csv_real(run->csv, limits.lower);
    hst_csv_real(run->csv, limits.upper);
}

/* What to know of the limits; NULL: nothing. */
static const char *note_of(const funnel_run *funnel, const hst_funnel *out)
{
    if (funnel->type == HST_FUNNEL_RATE && out->target < lowest_ratio_of_counts) {
        return "limits of a ratio of two counts; for events of a population take --type "
               "person-time";
    }
    if (funnel->type == HST_FUNNEL_RATIO && funnel->dispersion == HST_FUNNEL_CQC) {
        return "od limits and outlier are of the square root, not squared, as in the reference: "
               "about half as wide as the ratio's; judge by z";
    }
    return NULL;
}

static void write_unit(const stats_run *run, const hst_funnel *out, const hst_funnel_unit *unit)
{
    const funnel_run *funnel = run->own;

    hst_csv_real(run->csv, unit->value);
    hst_csv_real(run->csv, out->target);
    write_limits(run, unit->limits95);
    write_limits(run, unit->limits998);
    hst_csv_real(run->csv, unit->z);
    hst_csv_real(run->csv, funnel->dispersion == HST_FUNNEL_PLAIN ? NAN : unit->z_trimmed);
    write_limits(run, unit->od95);
    write_limits(run, unit->od998);
    hst_csv_text(run->csv, unit->flag);
    hst_csv_count(run->csv, unit->is_outlier);
    hst_csv_real(run->csv, out->phi);
    hst_csv_real(run->csv, out->tau2);
    hst_csv_text(run->csv, note_of(funnel, out));
}

/* Room for a group: its numbers, and what becomes of them. */
typedef struct room {
    double *x, *n;
    hst_funnel_unit *units;
} room;

static hst_status answer(stats_run *run, const stats_group *group)
{
    const funnel_run *funnel = run->own;
    hst_status status = HST_OK;
    size_t n = group->n_rows;
    room r = {calloc(n, sizeof *r.x), calloc(n, sizeof *r.n), calloc(n, sizeof *r.units)};
    hst_error refusal = {0};
    hst_funnel out;
    char note[sizeof refusal.message + 16];

    if (!r.x || !r.n || !r.units) {
        status = hst_fail(run->err, HST_ERR_MEMORY, "no memory for a funnel of %zu units", n);
        goto done;
    }
    for (size_t i = 0; i < n; i++) {
        r.x[i] = stats_number(run, group->rows[i], funnel->numerator);
        r.n[i] = stats_number(run, group->rows[i], funnel->denominator);
    }
    status = hst_funnel_compute(&out, r.units, r.x, r.n, n, funnel->type, funnel->dispersion,
                                funnel->trim, &refusal);
    if (status != HST_OK && status != HST_REFUSED) {
        *run->err = refusal;
        goto done;
    }
    snprintf(note, sizeof note, "not computed: %s", refusal.message);
    for (size_t i = 0; i < n; i++) {
        stats_begin_row(run, group->rows[i]);
        if (status == HST_REFUSED) {
            stats_write_refusal(run, note);
        } else {
            write_unit(run, &out, &r.units[i]);
        }
        hst_csv_end_row(run->csv);
    }
    status = HST_OK;

done:
    free(r.x);
    free(r.n);
    free(r.units);
    return status;
}

const stats_method stats_funnel = {
    .name = "funnel",
    .options = STATS_TRIM,
    .series_options = STATS_TYPE | STATS_OVERDISPERSION,
    .n_columns = 4,
    .columns = {{.name = "observed", .is_optional = true},
                {.name = "expected", .is_optional = true},
                {.name = "x", .is_optional = true},
                {.name = "n", .is_optional = true}},
    .answers = STATS_ROWS_OF_INPUT,
    .before = names,
    .begin = begin,
    .check_row = stats_refuse_missing,
    .answer = answer,
};
