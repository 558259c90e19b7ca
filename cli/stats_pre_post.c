/* hestia stats pre-post and dsr-ratio: two periods side by side, of counts or of directly
 * standardised rates. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/stats.h"
#include "hestia/before_after.h"

/* Limits of the difference are of the first level only. */
enum { FIRST_LEVEL = 0 };

static void write_effects(const stats_run *run, const hst_before_after *levels, double per)
{
    const hst_before_after *first = &levels[FIRST_LEVEL];
    hst_limits limits[HST_MAX_CONFIDENCE];

    for (size_t i = 0; i < run->options->n_confidence; i++) {
        limits[i] = (hst_limits){levels[i].ratio.lower, levels[i].ratio.upper};
    }
    hst_csv_real(run->csv, first->ratio.estimate);
    stats_write_limits(run, limits, 1);
    hst_csv_real(run->csv, first->difference.estimate * per);
    hst_csv_real(run->csv, first->difference.lower * per);
    hst_csv_real(run->csv, first->difference.upper * per);
    hst_csv_real(run->csv, first->ratio.p);
}

static hst_status write_refused(const stats_run *run, const char *why)
{
    char note[320];

    snprintf(note, sizeof note, "not computed: %.300s", why);
    stats_write_refusal(run, note);
    return HST_OK;
}

/* ---- pre-post ---- */

enum { COLUMN_PRE_EVENTS, COLUMN_PRE_TIME, COLUMN_POST_EVENTS, COLUMN_POST_TIME };

static const char *note_of_counts(const hst_before_after *b, hst_ratio_interval interval)
{
    if (isnan(b->ratio.p)) {
        return "no exact p: a count is no whole number";
    }
    return isnan(b->ratio.lower)
               ? interval == HST_RATIO_WALD
                     ? "no Wald limits: a period has no events; exact ones would have"
                     : "no mid-P limits: a period has no events; exact ones would have"
               : NULL;
}

static hst_status answer_counts(stats_run *run, const stats_group *group)
{
    hst_before_after levels[HST_MAX_CONFIDENCE];
    double events[2], person_time[2];
    hst_status status = HST_OK;
    hst_error err = {0};

    events[0] = stats_sum(run, group, COLUMN_PRE_EVENTS);
    events[1] = stats_sum(run, group, COLUMN_POST_EVENTS);
    person_time[0] = stats_sum(run, group, COLUMN_PRE_TIME);
    person_time[1] = stats_sum(run, group, COLUMN_POST_TIME);
    for (size_t i = 0; i < run->options->n_confidence && status == HST_OK; i++) {
        status = hst_before_after_counts(&levels[i], events, person_time,
                                         (hst_ratio_interval)run->interval,
                                         run->options->confidence[i], &err);
    }
    if (status != HST_OK) {
        return write_refused(run, err.message);
    }
    write_effects(run, levels, run->per);
    hst_csv_real(run->csv, levels[0].rate[0] * run->per);
    hst_csv_real(run->csv, levels[0].rate[1] * run->per);
    hst_csv_real(run->csv, levels[0].median_unbiased);
    hst_csv_text(run->csv, run->interval_name);
    hst_csv_text(run->csv, note_of_counts(&levels[0], (hst_ratio_interval)run->interval));
    return HST_OK;
}

static const char *const before_counts[] = {"rate_ratio", NULL};
static const char *const after_counts[] = {"rate_difference",
                                           "difference_lowercl",
                                           "difference_uppercl",
                                           "p",
                                           "pre_rate",
                                           "post_rate",
                                           "median_unbiased",
                                           "method",
                                           NULL};

static const stats_interval intervals[] = {
    {"exact", HST_RATIO_EXACT}, {"wald", HST_RATIO_WALD}, {"mid-p", HST_RATIO_MID_P}, {0}};

const stats_method stats_pre_post = {
    .name = "pre-post",
    .options = STATS_CONFIDENCE | STATS_INTERVAL | STATS_PER,
    .per = 100000,
    .intervals = intervals,
    .n_columns = 4,
    .columns = {{.name = "pre_events"},
                {.name = "pre_persontime"},
                {.name = "post_events"},
                {.name = "post_persontime"}},
    .before = before_counts,
    .after = after_counts,
    .check_row = stats_refuse_missing,
    .answer = answer_counts,
};

/* ---- dsr-ratio ---- */

enum { COLUMN_PERIOD = STATS_DSR_N_COLUMNS };

static const char *period_of(const stats_run *run, size_t row)
{
    return hst_table_cell(run->table, row, run->columns[COLUMN_PERIOD]);
}

static hst_status check_rate_row(stats_run *run, size_t row)
{
    if (strcmp(period_of(run, row), "pre") != 0 && strcmp(period_of(run, row), "post") != 0) {
        return stats_bad(run, row, COLUMN_PERIOD, "neither pre nor post");
    }
    return stats_dsr_check_row(run, row);
}

/* The rate of the group's rows of one period. */
static hst_status rate_of(const stats_run *run, const stats_group *group, const char *period,
                          stats_dsr_rate *out)
{
    size_t *rows = calloc(group->n_rows, sizeof *rows), n = 0;
    hst_status status = HST_OK;

    if (!rows) {
        return hst_fail(run->err, HST_ERR_MEMORY, "no memory for %zu rows", group->n_rows);
    }
    for (size_t i = 0; i < group->n_rows; i++) {
        if (strcmp(period_of(run, group->rows[i]), period) == 0) {
            rows[n++] = group->rows[i];
        }
    }
    status = stats_dsr_of_group(run, &(stats_group){rows, n}, out);
    free(rows);
    return status;
}

/* "pre: ...; post: ...; the last bands ..." of what there is to say. */
static void join_notes(const stats_run *run, const stats_dsr_rate rates[2], char text[800])
{
    bool has_pre = rates[0].note[0] != '\0', has_post = rates[1].note[0] != '\0';

    snprintf(text, 800, "%s%s%s%s%s%s%s", has_pre ? "pre: " : "", rates[0].note,
             has_pre && has_post ? "; " : "", has_post ? "post: " : "", rates[1].note,
             run->is_merged && (has_pre || has_post) ? "; " : "",
             run->is_merged ? stats_dsr_merged : "");
}

static hst_status answer_rates(stats_run *run, const stats_group *group)
{
    hst_before_after levels[HST_MAX_CONFIDENCE];
    stats_dsr_rate rates[2];
    hst_status status = rate_of(run, group, "pre", &rates[0]);
    hst_error err = {0};
    char note[800], method[160], standard[128];

    if (status != HST_OK || (status = rate_of(run, group, "post", &rates[1])) != HST_OK) {
        return status;
    }
    join_notes(run, rates, note);
    for (size_t i = 0; i < run->options->n_confidence && status == HST_OK; i++) {
        status =
            hst_before_after_values(&levels[i], (double[]){rates[0].dsr.value, rates[1].dsr.value},
                                    (double[]){rates[0].dsr.variance, rates[1].dsr.variance},
                                    run->options->confidence[i], &err);
    }
    if (status != HST_OK) {
        if (note[0] == '\0') {
            return write_refused(run, err.message);
        }
        stats_write_refusal(run, note); /* it says why a rate is missing */
        return HST_OK;
    }
    stats_dsr_describe(run, rates[0].n_strata, standard);
    snprintf(method, sizeof method, "log ratio; %s", standard);
    write_effects(run, levels, 1);
    hst_csv_real(run->csv, rates[0].dsr.value);
    hst_csv_real(run->csv, rates[1].dsr.value);
    hst_csv_real(run->csv, levels[0].ratio.se);
    hst_csv_text(run->csv, method);
    hst_csv_text(run->csv, note);
    return HST_OK;
}

static const char *const before_rates[] = {"ratio", NULL};
static const char *const after_rates[] = {"difference",
                                          "difference_lowercl",
                                          "difference_uppercl",
                                          "p",
                                          "pre_value",
                                          "post_value",
                                          "log_se",
                                          "method",
                                          NULL};

const stats_method stats_dsr_ratio = {
    .name = "dsr-ratio",
    .options =
        STATS_STANDARD | STATS_STANDARDISE_BY | STATS_PER | STATS_MIN_EVENTS | STATS_CONFIDENCE,
    .per = 100000,
    .n_columns = STATS_DSR_N_COLUMNS + 1,
    .columns = {{.name = "age_lower"},
                {.name = "events"},
                {.name = "population"},
                {.name = "weight", .is_optional = true},
                {.name = "age_upper", .is_optional = true},
                {.name = "sex", .is_optional = true, .kind = STATS_CODE},
                {.name = "period", .kind = STATS_TEXT}},
    .before = before_rates,
    .after = after_rates,
    .begin = stats_dsr_begin,
    .check_row = check_rate_row,
    .ready = stats_dsr_ready,
    .answer = answer_rates,
};
