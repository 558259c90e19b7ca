/* hestia stats dsr: directly standardised rates, of counts or of people by number of events; what
 * dsr-ratio takes of it, too.
 *
 * Without a column `weight` (or with --standard) rows are added up to the standard's bands, and
 * every band must have its rows: one of them begins where the band begins, else a band is missing
 * or is straddled. With a column `weight` the table's own ages are the bands. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/stats.h"

enum {
    COLUMN_AGE_LOWER = STATS_DSR_AGE_LOWER,
    COLUMN_EVENTS = STATS_DSR_EVENTS, /* of people by number of events: that number */
    COLUMN_POPULATION = STATS_DSR_POPULATION,
    COLUMN_WEIGHT = STATS_DSR_WEIGHT,
    COLUMN_AGE_UPPER = STATS_DSR_AGE_UPPER,
    COLUMN_SEX = STATS_DSR_SEX,
    COLUMN_PERSONS = STATS_DSR_N_COLUMNS /* of people by number of events only */
};

/* The strata of a group while its rows are added up. */
typedef struct strata {
    double *x, *squares, *n, *w; /* [n_strata]; squares: sum over people of events^2 */
    double *age, *sex;           /* with weights of the table: what tells strata apart */
    bool *is_begun;              /* with a standard: a row begins where the band begins */
    size_t n_strata;
    struct people {
        double age, sex, population;
    } * seen; /* [n_seen]: whose population was counted, where rows repeat it */
    size_t n_seen;
    bool differs; /* a population is not always the same */
} strata;

static bool is_of_people(const stats_run *run)
{
    return run->method == &stats_dsr_repeat;
}

hst_status stats_dsr_begin(stats_run *run)
{
    run->has_weights = run->columns[COLUMN_WEIGHT] != SIZE_MAX && !run->options->standard;
    if (run->options->by_sex && run->columns[COLUMN_SEX] == SIZE_MAX) {
        return hst_table_require(run->table, "sex", &run->columns[COLUMN_SEX], run->err);
    }
    return run->has_weights
               ? HST_OK
               : hst_standard_read(&run->standard,
                                   run->options->standard ? run->options->standard : "esp2013",
                                   run->err);
}

hst_status stats_dsr_check_row(stats_run *run, size_t row)
{
    double *numbers = &run->numbers[row * run->method->n_columns];
    double lower = numbers[COLUMN_AGE_LOWER];

    if (isnan(lower) || lower > HST_AGE_MAX || lower != floor(lower)) {
        return stats_bad(run, row, COLUMN_AGE_LOWER, "not an age in whole years up to 120");
    }
    if (run->options->by_sex && isnan(numbers[COLUMN_SEX])) {
        return stats_bad(run, row, COLUMN_SEX, "missing");
    }
    if (run->has_weights && isnan(numbers[COLUMN_WEIGHT])) {
        return stats_bad(run, row, COLUMN_WEIGHT, "missing");
    }
    if (!isnan(numbers[COLUMN_AGE_UPPER]) && numbers[COLUMN_AGE_UPPER] < lower) {
        return stats_bad(run, row, COLUMN_AGE_UPPER, "below the lower age");
    }
    if (is_of_people(run) && isnan(numbers[COLUMN_PERSONS])) {
        numbers[COLUMN_PERSONS] = 0;
    }
    if (isnan(numbers[COLUMN_EVENTS])) {
        if (is_of_people(run) && numbers[COLUMN_PERSONS] > 0) {
            return stats_bad(run, row, COLUMN_EVENTS, "missing");
        }
        numbers[COLUMN_EVENTS] = 0;
    }
    return HST_OK;
}

/* Merges the standard's last bands where the table's open band begins before them, and refuses rows
 * that straddle a limit. Only a table that says where its bands end can be judged. */
static hst_status fit_standard(stats_run *run)
{
    hst_age_bands *bands = &run->standard.bands;
    size_t n_before = bands->n;
    int open_from = HST_AGE_MAX;

    if (run->has_weights || run->columns[COLUMN_AGE_UPPER] == SIZE_MAX) {
        return HST_OK;
    }
    for (size_t i = 0; i < run->n_rows; i++) {
        double lower = stats_number(run, run->rows[i], COLUMN_AGE_LOWER);

        if (stats_number(run, run->rows[i], COLUMN_AGE_UPPER) >= HST_AGE_MAX && lower < open_from) {
            open_from = (int)lower; /* a whole number up to 120 */
        }
    }
    if (bands->upper[bands->n - 1] == HST_AGE_OPEN) {
        hst_standard_merge_last(&run->standard, bands->of_age[open_from]);
    }
    run->is_merged = bands->n < n_before;
    for (size_t i = 0; i < run->n_rows; i++) {
        size_t row = run->rows[i];
        double lower = stats_number(run, row, COLUMN_AGE_LOWER);
        double upper = stats_number(run, row, COLUMN_AGE_UPPER);

        if (isnan(upper)) {
            continue;
        }
        upper = upper > HST_AGE_MAX ? HST_AGE_MAX : upper;
        if (bands->of_age[(int)lower] != bands->of_age[(int)upper]) {
            return stats_bad(run, row, COLUMN_AGE_UPPER,
                             "the band straddles a limit of the standard's bands");
        }
    }
    return HST_OK;
}

hst_status stats_dsr_ready(stats_run *run)
{
    run->n_sexes = 1;
    for (size_t i = 0; i < run->n_rows && run->options->by_sex; i++) {
        double sex = stats_number(run, run->rows[i], COLUMN_SEX);

        if (sex + 1 > (double)run->n_sexes) {
            run->n_sexes = (size_t)sex + 1;
        }
    }
    return fit_standard(run);
}

static hst_status strata_init(strata *s, size_t n, size_t n_rows, hst_error *err)
{
    *s = (strata){
        .x = calloc(n, sizeof *s->x),
        .squares = calloc(n, sizeof *s->squares),
        .n = calloc(n, sizeof *s->n),
        .w = calloc(n, sizeof *s->w),
        .age = calloc(n, sizeof *s->age),
        .sex = calloc(n, sizeof *s->sex),
        .is_begun = calloc(n, sizeof *s->is_begun),
        .seen = calloc(n_rows, sizeof *s->seen),
    };
    return s->x && s->squares && s->n && s->w && s->age && s->sex && s->is_begun && s->seen
               ? HST_OK
               : hst_fail(err, HST_ERR_MEMORY, "no memory for %zu strata", n);
}

static void strata_clear(strata *s)
{
    free(s->x);
    free(s->squares);
    free(s->n);
    free(s->w);
    free(s->age);
    free(s->sex);
    free(s->is_begun);
    free(s->seen);
}

/* What a row adds to the population. Of people by number of events, each age and sex adds its own
 * once, and its rows must agree. */
static double population_of_row(const stats_run *run, strata *s, size_t row)
{
    double population = stats_number(run, row, COLUMN_POPULATION);
    struct people these = {stats_number(run, row, COLUMN_AGE_LOWER),
                           stats_number(run, row, COLUMN_SEX), population};

    if (!is_of_people(run) || isnan(population)) {
        return population;
    }
    these.sex = isnan(these.sex) ? -1 : these.sex;
    for (size_t i = 0; i < s->n_seen; i++) {
        if (s->seen[i].age == these.age && s->seen[i].sex == these.sex) {
            s->differs = s->differs || s->seen[i].population != population;
            return 0;
        }
    }
    s->seen[s->n_seen++] = these;
    return population;
}

/* Adds a row to its stratum. */
static void add_row(const stats_run *run, strata *s, size_t at, size_t row)
{
    double events = stats_number(run, row, COLUMN_EVENTS);
    double persons = is_of_people(run) ? stats_number(run, row, COLUMN_PERSONS) : 1;

    s->x[at] += persons * events;
    s->squares[at] += persons * events * events;
    s->n[at] += population_of_row(run, s, row);
}

/* Adds the rows up to the standard's bands. The note says which band is missing. */
static void add_to_bands(const stats_run *run, const stats_group *group, strata *s, char note[160])
{
    const hst_age_bands *bands = &run->standard.bands;
    size_t n_outside = 0;

    s->n_strata = run->n_sexes * bands->n;
    for (size_t i = 0; i < s->n_strata; i++) {
        s->w[i] = run->standard.weight[i % bands->n];
    }
    for (size_t i = 0; i < group->n_rows; i++) {
        size_t row = group->rows[i];
        int age = (int)stats_number(run, row, COLUMN_AGE_LOWER);
        size_t band = bands->of_age[age];
        size_t sex = run->options->by_sex ? (size_t)stats_number(run, row, COLUMN_SEX) : 0;
        size_t at = sex * bands->n + band;

        if (band == bands->n) {
            n_outside++;
            continue;
        }
        add_row(run, s, at, row);
        s->is_begun[at] = s->is_begun[at] || age == bands->lower[band];
    }
    if (n_outside > 0) {
        snprintf(note, 160, "%zu rows are of ages outside the standard", n_outside);
    }
    for (size_t i = s->n_strata; i-- > 0;) {
        if (!s->is_begun[i]) {
            snprintf(note, 160, "not computed: no row begins at age %d, where a band of %s begins",
                     bands->lower[i % bands->n], run->standard.name);
        }
    }
}

/* Takes the table's own ages as bands. Rows of one age are added and must agree on the weight. */
static void add_to_own_bands(const stats_run *run, const stats_group *group, strata *s,
                             char note[160])
{
    for (size_t i = 0; i < group->n_rows; i++) {
        size_t row = group->rows[i], at = 0;
        double age = stats_number(run, row, COLUMN_AGE_LOWER);
        double sex = run->options->by_sex ? stats_number(run, row, COLUMN_SEX) : 0;
        double weight = stats_number(run, row, COLUMN_WEIGHT);

        while (at < s->n_strata && (s->age[at] != age || s->sex[at] != sex)) {
            at++;
        }
        if (at == s->n_strata) {
            s->n_strata++;
            s->age[at] = age;
            s->sex[at] = sex;
            s->w[at] = weight;
            s->is_begun[at] = true;
        }
        if (s->w[at] != weight) {
            snprintf(note, 160, "not computed: rows of age %g have different weights", age);
            s->is_begun[at] = false;
        }
        add_row(run, s, at, row);
    }
}

const char *const stats_dsr_merged = "the last bands of the standard are merged";

void stats_dsr_describe(const stats_run *run, size_t n_strata, char text[128])
{
    const char *by = run->options->by_sex ? "age_sex" : "age";

    if (run->has_weights) {
        snprintf(text, 128, "weights of the table (%zu strata); %s", n_strata, by);
    } else {
        snprintf(text, 128, "%s (%zu bands); %s", run->standard.name, run->standard.bands.n, by);
    }
}

static void write_dsr(const stats_run *run, const hst_dsr *dsr, size_t n_strata, const char *note)
{
    char standard[128], method[160];

    stats_dsr_describe(run, n_strata, standard);
    snprintf(method, sizeof method, "%s; %s", run->interval_name, standard);
    hst_csv_real(run->csv, dsr->total_count);
    hst_csv_real(run->csv, dsr->total_pop);
    hst_csv_real(run->csv, dsr->value);
    stats_write_limits(run, dsr->limits, 1);
    stats_write_confidence(run);
    hst_csv_text(run->csv, "dsr");
    hst_csv_text(run->csv, method);
    hst_csv_real(run->csv, dsr->variance);
    hst_csv_text(run->csv, note);
}

static hst_dsr compute(const stats_run *run, const strata *s, size_t n_strata)
{
    const stats_options *options = run->options;

    return is_of_people(run) ? hst_dsr_repeat_adjusted(s->x, NULL, s->squares, s->n, s->w, n_strata,
                                                       run->per, options->confidence,
                                                       options->n_confidence, options->min_events)
                             : hst_dsr_compute(s->x, NULL, s->n, s->w, n_strata, run->per,
                                               (hst_interval)run->interval, options->confidence,
                                               options->n_confidence, options->min_events);
}

hst_status stats_dsr_of_group(const stats_run *run, const stats_group *group, stats_dsr_rate *out)
{
    hst_status status = HST_OK;
    strata s = {0};
    char note[160] = "";
    bool is_complete = true;
    const char *other = NULL;

    *out = (stats_dsr_rate){.note = ""};
    status =
        strata_init(&s, run->has_weights ? group->n_rows : run->n_sexes * run->standard.bands.n,
                    group->n_rows, run->err);
    if (status != HST_OK) {
        goto done;
    }
    if (run->has_weights) {
        add_to_own_bands(run, group, &s, note);
    } else {
        add_to_bands(run, group, &s, note);
    }
    for (size_t i = 0; i < s.n_strata; i++) {
        is_complete = is_complete && s.is_begun[i];
    }
    if (s.differs) {
        snprintf(note, sizeof note, "not computed: rows of one age have different populations");
        is_complete = false;
    }
    /* Without all strata there is nothing to compute: no strata at all give a refused rate. */
    out->dsr = compute(run, &s, is_complete ? s.n_strata : 0);
    out->n_strata = s.n_strata;
    other = is_complete ? out->dsr.note : NULL;
    snprintf(out->note, sizeof out->note, "%s%s%s", note, note[0] != '\0' && other ? "; " : "",
             other ? other : "");

done:
    strata_clear(&s);
    return status;
}

static hst_status answer(stats_run *run, const stats_group *group)
{
    stats_dsr_rate rate;
    hst_status status = stats_dsr_of_group(run, group, &rate);
    char text[512];

    if (status != HST_OK) {
        return status;
    }
    snprintf(text, sizeof text, "%s%s%s", rate.note,
             run->is_merged && rate.note[0] != '\0' ? "; " : "",
             run->is_merged ? stats_dsr_merged : "");
    write_dsr(run, &rate.dsr, rate.n_strata, text);
    return HST_OK;
}

static const char *const before[] = {"total_count", "total_pop", "value", NULL};
static const char *const after[] = {"confidence", "statistic", "method", "variance", NULL};

static const stats_interval intervals[] = {{"dobson-byar", HST_INTERVAL_DOBSON_BYAR},
                                           {"dobson-exact", HST_INTERVAL_DOBSON_EXACT},
                                           {"fay-feuer", HST_INTERVAL_FAY_FEUER},
                                           {"tiwari", HST_INTERVAL_TIWARI},
                                           {"mid-p", HST_INTERVAL_MID_P},
                                           {"normal", HST_INTERVAL_NORMAL},
                                           {"repeat-adjusted", HST_INTERVAL_REPEAT_ADJUSTED},
                                           {0}};
static const stats_interval repeat_adjusted[] = {{"repeat-adjusted", HST_INTERVAL_REPEAT_ADJUSTED},
                                                 {0}};

enum {
    DSR_OPTIONS = STATS_STANDARD | STATS_STANDARDISE_BY | STATS_INTERVAL | STATS_PER |
                  STATS_MIN_EVENTS | STATS_CONFIDENCE
};

const stats_method stats_dsr = {
    .name = "dsr",
    .options = DSR_OPTIONS,
    .per = 100000,
    .intervals = intervals,
    .n_columns = 6,
    .columns = {{.name = "age_lower"},
                {.name = "events"},
                {.name = "population"},
                {.name = "weight", .is_optional = true},
                {.name = "age_upper", .is_optional = true},
                {.name = "sex", .is_optional = true, .kind = STATS_CODE}},
    .before = before,
    .after = after,
    .begin = stats_dsr_begin,
    .check_row = stats_dsr_check_row,
    .ready = stats_dsr_ready,
    .answer = answer,
};

const stats_method stats_dsr_repeat = {
    .name = "dsr",
    .options = DSR_OPTIONS,
    .per = 100000,
    .intervals = repeat_adjusted,
    .n_columns = 7,
    .columns = {{.name = "age_lower"},
                {.name = "eventfreq", .kind = STATS_WHOLE},
                {.name = "population"},
                {.name = "weight", .is_optional = true},
                {.name = "age_upper", .is_optional = true},
                {.name = "sex", .is_optional = true, .kind = STATS_CODE},
                {.name = "persons"}},
    .before = before,
    .after = after,
    .begin = stats_dsr_begin,
    .check_row = stats_dsr_check_row,
    .ready = stats_dsr_ready,
    .answer = answer,
};
