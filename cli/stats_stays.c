/* hestia stats mean-los, std-mean-los, bed-day-rate: lengths of stay, one row a stay. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/stats.h"
#include "hestia/stay.h"

enum { COLUMN_LOS, COLUMN_AGE, COLUMN_SEX };

static const char missing[] = "not computed: a value is missing";

static hst_status check_row(stats_run *run, size_t row)
{
    if (stats_number(run, row, COLUMN_LOS) > UINT32_MAX) {
        return stats_bad(run, row, COLUMN_LOS, "too long");
    }
    return stats_refuse_missing(run, row);
}

/* Length of a stay, with the cap. */
static double days_of(const stats_run *run, size_t row)
{
    double days = stats_number(run, row, COLUMN_LOS);

    return run->options->cap > 0 && days > run->options->cap ? run->options->cap : days;
}

/* ---- mean-los ---- */

static int compare_days(const void *left, const void *right)
{
    uint32_t a = ((const hst_stay_count *)left)->days, b = ((const hst_stay_count *)right)->days;

    return (a > b) - (a < b);
}

/* The group's stays by length, sorted, [returned]; `stays` has room for one a row. */
static size_t count_by_length(const stats_run *run, const stats_group *group, hst_stay_count *stays)
{
    size_t n = 0;

    for (size_t i = 0; i < group->n_rows; i++) {
        /* checked to be whole and to fit */
        stays[i] = (hst_stay_count){(uint32_t)stats_number(run, group->rows[i], COLUMN_LOS), 1};
    }
    qsort(stays, group->n_rows, sizeof *stays, compare_days);
    for (size_t i = 0; i < group->n_rows; i++) {
        if (n > 0 && stays[n - 1].days == stays[i].days) {
            stays[n - 1].n++;
        } else {
            stays[n++] = stays[i];
        }
    }
    return n;
}

static hst_status answer_mean(stats_run *run, const stats_group *group)
{
    hst_stay_count *stays = NULL;
    hst_stay_summary s;
    hst_limits limits[HST_MAX_CONFIDENCE];

    if (isnan(stats_sum(run, group, COLUMN_LOS))) {
        stats_write_refusal(run, missing);
        return HST_OK;
    }
    stays = calloc(group->n_rows, sizeof *stays);
    if (!stays) {
        return hst_fail(run->err, HST_ERR_MEMORY, "no memory for %zu stays", group->n_rows);
    }
    s = hst_stay_summarise(stays, count_by_length(run, group, stays), run->options->cap,
                           run->options->trim);
    free(stays);
    for (size_t i = 0; i < run->options->n_confidence; i++) {
        limits[i] = hst_limits_mean(s.mean, s.variance, s.n, run->options->confidence[i]);
    }
    hst_csv_real(run->csv, s.n);
    hst_csv_real(run->csv, s.mean);
    hst_csv_real(run->csv, s.se);
    stats_write_limits(run, limits, 1);
    hst_csv_real(run->csv, s.q1);
    hst_csv_real(run->csv, s.median);
    hst_csv_real(run->csv, s.q3);
    hst_csv_real(run->csv, s.p90);
    hst_csv_real(run->csv, s.trimmed_mean);
    hst_csv_text(run->csv, group->n_rows == 1 ? "one stay has no limits" : NULL);
    return HST_OK;
}

/* ---- std-mean-los ---- */

/* The strata of a standard's file, [n_strata]. */
typedef struct standard {
    size_t sex, age_lower; /* columns of the file; sex SIZE_MAX: by age alone */
    size_t n_strata;
    double *ages, *weights;
    hst_stay_stratum *strata; /* of one group */
} standard;

static hst_status bad_standard(const stats_run *run, size_t row, const char *what)
{
    return hst_fail(run->err, HST_ERR_INPUT, "%s, line %zu: %s", hst_table_name(run->side),
                    hst_table_line(run->side, row), what);
}

static const char *sex_of_stratum(const stats_run *run, const standard *s, size_t stratum)
{
    return s->sex == SIZE_MAX ? "" : hst_table_cell(run->side, stratum, s->sex);
}

static hst_status read_strata(stats_run *run, standard *s)
{
    size_t weight = 0;
    double total = 0;
    hst_status status = hst_table_require(run->side, "age_lower", &s->age_lower, run->err);

    if (status == HST_OK) {
        status = hst_table_require(run->side, "weight", &weight, run->err);
    }
    for (size_t i = 0; i < s->n_strata && status == HST_OK; i++) {
        if ((status = hst_table_double(run->side, i, s->age_lower, &s->ages[i], run->err)) !=
                HST_OK ||
            (status = hst_table_double(run->side, i, weight, &s->weights[i], run->err)) != HST_OK) {
            return status;
        }
        if (s->weights[i] < 0) {
            return bad_standard(run, i, "a weight below 0");
        }
        for (size_t k = 0; k < i; k++) {
            if (s->ages[k] == s->ages[i] &&
                strcmp(sex_of_stratum(run, s, k), sex_of_stratum(run, s, i)) == 0) {
                return bad_standard(run, i, "this stratum stands twice");
            }
        }
        total += s->weights[i];
    }
    if (status == HST_OK && !(total > 0)) {
        status = hst_fail(run->err, HST_ERR_INPUT, "%s: the weights add up to nothing",
                          hst_table_name(run->side));
    }
    return status;
}

static hst_status begin_standard(stats_run *run)
{
    standard *s = NULL;
    hst_status status = HST_OK;

    if (!run->options->standard) {
        return hst_fail(run->err, HST_ERR_USAGE,
                        "hestia stats std-mean-los: by which stays? --standard FILE "
                        "([sex,]age_lower,weight)");
    }
    status = hst_table_read(&run->side, run->options->standard, run->err);
    if (status != HST_OK) {
        return status;
    }
    run->own = s = calloc(1, sizeof *s);
    if (s) {
        s->n_strata = hst_table_n_rows(run->side);
        s->sex = hst_table_find(run->side, "sex");
        s->ages = calloc(s->n_strata + 1, sizeof *s->ages);
        s->weights = calloc(s->n_strata + 1, sizeof *s->weights);
        s->strata = calloc(s->n_strata + 1, sizeof *s->strata);
    }
    if (!s || !s->ages || !s->weights || !s->strata) {
        return hst_fail(run->err, HST_ERR_MEMORY, "no memory for a standard");
    }
    if (s->sex != SIZE_MAX && run->columns[COLUMN_SEX] == SIZE_MAX) {
        return hst_table_require(run->table, "sex", &run->columns[COLUMN_SEX], run->err);
    }
    return read_strata(run, s);
}

static void end_standard(stats_run *run)
{
    standard *s = run->own;

    if (s) {
        free(s->ages);
        free(s->weights);
        free(s->strata);
        free(s);
    }
}

/* The stratum of a row: of its sex the one with the highest age that is not above the row's;
 * SIZE_MAX when there is none. */
static size_t stratum_of(const stats_run *run, const standard *s, size_t row)
{
    double age = stats_number(run, row, COLUMN_AGE);
    const char *sex =
        s->sex == SIZE_MAX ? "" : hst_table_cell(run->table, row, run->columns[COLUMN_SEX]);
    size_t best = SIZE_MAX;

    for (size_t i = 0; i < s->n_strata; i++) {
        if (s->ages[i] <= age && (best == SIZE_MAX || s->ages[i] > s->ages[best]) &&
            strcmp(sex_of_stratum(run, s, i), sex) == 0) {
            best = i;
        }
    }
    return best;
}

/* Adds the group's stays up, and gives back how many are outside the standard. */
static size_t fill_strata(const stats_run *run, const stats_group *group, standard *s)
{
    size_t n_outside = 0;

    for (size_t i = 0; i < s->n_strata; i++) {
        s->strata[i] = (hst_stay_stratum){.weight = s->weights[i]};
    }
    for (size_t i = 0; i < group->n_rows; i++) {
        size_t at = stratum_of(run, s, group->rows[i]);
        double days = days_of(run, group->rows[i]);

        if (at == SIZE_MAX) {
            n_outside++;
            continue;
        }
        s->strata[at].n++;
        s->strata[at].sum += days;
        s->strata[at].sum_squared += days * days;
    }
    return n_outside;
}

static void describe(char note[256], const hst_std_mean *mean, size_t n_outside)
{
    size_t length = 0;

    note[0] = '\0';
    if (n_outside > 0) {
        length += (size_t)snprintf(note, 256, "stays outside the standard: %zu", n_outside);
    }
    if (mean->n_dropped > 0) {
        length += (size_t)snprintf(note + length, 256 - length,
                                   "%sstrata without stays: %zu (left out and weights rescaled)",
                                   length > 0 ? "; " : "", mean->n_dropped);
    }
    if (isnan(mean->variance)) {
        snprintf(note + length, 256 - length, "%sno limits: no stratum has two stays",
                 length > 0 ? "; " : "");
    } else if (mean->n_borrowed > 0) {
        snprintf(note + length, 256 - length,
                 "%sstrata with one stay: %zu (the variance within the others stands in)",
                 length > 0 ? "; " : "", mean->n_borrowed);
    }
}

static hst_status answer_standardised(stats_run *run, const stats_group *group)
{
    standard *s = run->own;
    hst_limits limits[HST_MAX_CONFIDENCE];
    char note[256];
    size_t n_outside = 0;
    hst_std_mean mean;

    if (isnan(stats_sum(run, group, COLUMN_LOS) + stats_sum(run, group, COLUMN_AGE)) ||
        (s->sex != SIZE_MAX && isnan(stats_sum(run, group, COLUMN_SEX)))) {
        stats_write_refusal(run, missing);
        return HST_OK;
    }
    n_outside = fill_strata(run, group, s);
    mean = hst_stay_standardise(s->strata, s->n_strata);
    if (isnan(mean.value)) {
        stats_write_refusal(run, "not computed: no stays in a stratum with weight");
        return HST_OK;
    }
    for (size_t i = 0; i < run->options->n_confidence; i++) {
        limits[i] = hst_limits_normal(mean.value, mean.variance, run->options->confidence[i]);
    }
    describe(note, &mean, n_outside);
    hst_csv_count(run->csv, group->n_rows - n_outside);
    hst_csv_real(run->csv, mean.value);
    hst_csv_real(run->csv, sqrt(mean.variance));
    stats_write_limits(run, limits, 1);
    hst_csv_text(run->csv, note);
    return HST_OK;
}

/* ---- bed-day-rate ---- */

/* Populations of a file, by the columns of --by that it has. */
typedef struct populations {
    stats_keys keys;
    size_t n_columns;
    size_t of_table[STATS_MAX_KEY], of_side[STATS_MAX_KEY];
    double *people; /* [keys.n] */
} populations;

static hst_status read_populations(stats_run *run, populations *p)
{
    size_t n_rows = hst_table_n_rows(run->side), column = 0;
    hst_status status = hst_table_require(run->side, "population", &column, run->err);

    for (size_t i = 0; i < run->n_by; i++) {
        size_t of_side = hst_table_find(run->side, hst_table_column_name(run->table, run->by[i]));

        if (of_side != SIZE_MAX) {
            p->of_table[p->n_columns] = run->by[i];
            p->of_side[p->n_columns++] = of_side;
        }
    }
    if (status == HST_OK) {
        status = stats_keys_init(&p->keys, p->n_columns, n_rows, run->err);
    }
    p->people = calloc(n_rows + 1, sizeof *p->people);
    if (status == HST_OK && !p->people) {
        status = hst_fail(run->err, HST_ERR_MEMORY, "no memory for %zu populations", n_rows);
    }
    for (size_t row = 0; row < n_rows && status == HST_OK; row++) {
        size_t n_before = p->keys.n;
        size_t at = stats_keys_add(&p->keys, (stats_key){run->side, p->of_side, row});

        if (p->keys.n == n_before) {
            return hst_fail(run->err, HST_ERR_INPUT,
                            "%s, line %zu: a second population of one group; it tells groups apart "
                            "by the columns that it has of --by",
                            hst_table_name(run->side), hst_table_line(run->side, row));
        }
        status = hst_table_double(run->side, row, column, &p->people[at], run->err);
    }
    return status;
}

static hst_status begin_rate(stats_run *run)
{
    populations *p = NULL;
    hst_status status = HST_OK;

    if (!run->options->population) {
        return hst_fail(run->err, HST_ERR_USAGE,
                        "hestia stats bed-day-rate: of how many people? --population FILE (columns "
                        "of --by, population)");
    }
    status = hst_table_read(&run->side, run->options->population, run->err);
    if (status != HST_OK) {
        return status;
    }
    run->own = p = calloc(1, sizeof *p);
    return p ? read_populations(run, p)
             : hst_fail(run->err, HST_ERR_MEMORY, "no memory for populations");
}

static void end_rate(stats_run *run)
{
    populations *p = run->own;

    if (p) {
        stats_keys_clear(&p->keys);
        free(p->people);
        free(p);
    }
}

static hst_status answer_rate(stats_run *run, const stats_group *group)
{
    const populations *p = run->own;
    size_t at = stats_keys_find(&p->keys, (stats_key){run->table, p->of_table, group->rows[0]});
    double days = 0, squares = 0, longest = 0, population = at == SIZE_MAX ? NAN : p->people[at];
    hst_limits limits[HST_MAX_CONFIDENCE];

    for (size_t i = 0; i < group->n_rows; i++) {
        double stay = days_of(run, group->rows[i]);

        days += stay;
        squares += stay * stay;
        longest = stay > longest ? stay : longest;
    }
    if (isnan(days) || !(population > 0)) {
        stats_write_refusal(run, isnan(days)         ? missing
                                 : isnan(population) ? "not computed: no population of this group"
                                                     : "not computed: nobody in the population");
        return HST_OK;
    }
    for (size_t i = 0; i < run->options->n_confidence; i++) {
        limits[i] =
            hst_bed_day_limits(days, squares, longest, population, run->per,
                               (hst_bed_day_interval)run->interval, run->options->confidence[i]);
    }
    hst_csv_count(run->csv, group->n_rows);
    hst_csv_real(run->csv, days);
    hst_csv_real(run->csv, run->per * days / population);
    hst_csv_real(run->csv, run->per * sqrt(squares) / population);
    stats_write_limits(run, limits, 1);
    hst_csv_text(run->csv, run->interval_name);
    hst_csv_text(run->csv, days > 0 ? NULL : "without bed days there are no limits");
    return HST_OK;
}

/* ---- the methods ---- */

static const char *const mean_before[] = {"n", "value", "se", NULL};
static const char *const mean_after[] = {"q1", "median", "q3", "p90", "trimmed_mean", NULL};
static const char *const rate_before[] = {"admissions", "bed_days", "value", "se", NULL};
static const char *const rate_after[] = {"method", NULL};

static const stats_interval intervals[] = {{"dobson-byar", HST_BED_DAYS_DOBSON_BYAR},
                                           {"normal", HST_BED_DAYS_NORMAL},
                                           {"log", HST_BED_DAYS_LOG},
                                           {"gamma", HST_BED_DAYS_GAMMA},
                                           {0}};

const stats_method stats_mean_los = {
    .name = "mean-los",
    .options = STATS_CAP | STATS_TRIM | STATS_CONFIDENCE,
    .n_columns = 1,
    .columns = {{.name = "los", .kind = STATS_WHOLE}},
    .before = mean_before,
    .after = mean_after,
    .check_row = check_row,
    .answer = answer_mean,
};

const stats_method stats_std_mean_los = {
    .name = "std-mean-los",
    .options = STATS_STANDARD | STATS_CAP | STATS_CONFIDENCE,
    .n_columns = 3,
    .columns = {{.name = "los", .kind = STATS_WHOLE},
                {.name = "age"},
                {.name = "sex", .is_optional = true, .kind = STATS_TEXT}},
    .before = mean_before,
    .begin = begin_standard,
    .check_row = check_row,
    .answer = answer_standardised,
    .end = end_standard,
};

const stats_method stats_bed_day_rate = {
    .name = "bed-day-rate",
    .options = STATS_POPULATION | STATS_CAP | STATS_PER | STATS_INTERVAL | STATS_CONFIDENCE,
    .per = 1000,
    .intervals = intervals,
    .n_columns = 1,
    .columns = {{.name = "los", .kind = STATS_WHOLE}},
    .before = rate_before,
    .after = rate_after,
    .begin = begin_rate,
    .check_row = check_row,
    .answer = answer_rate,
    .end = end_rate,
};
