/* hestia stats acs-score, hhi: statistics of areas that site choice is made of. */
#include <math.h>
#include <stdlib.h>

#include "cli/stats.h"
#include "hestia/indirect.h"

/* ---- acs-score: row by row ---- */

enum { ACS_AREA, ACS_OBSERVED, ACS_EXPECTED, ACS_REF_RATE, ACS_IMD };

static void write_acs(const stats_run *run, size_t row, double isr, const hst_acs_score *score)
{
    bool is_missing = false, has_expected = stats_number(run, row, ACS_EXPECTED) > 0;
    const char *note = NULL;

    for (size_t i = ACS_OBSERVED; i <= ACS_IMD; i++) {
        is_missing = is_missing || isnan(stats_number(run, row, i));
    }
    if (is_missing) {
        note = "not in the line: a value is missing";
    } else if (!has_expected) {
        note = "not in the line: nothing is expected";
    } else if (isnan(score->fitted)) {
        note = "not computed: a line takes three areas or more that differ in deprivation";
    } else if (isnan(score->rstandard)) {
        note = "no score: the line leaves no residual to judge";
    }
    stats_begin_row(run, row);
    hst_csv_real(run->csv, isr);
    hst_csv_real(run->csv, score->fitted);
    hst_csv_real(run->csv, score->residual);
    hst_csv_real(run->csv, score->rstandard);
    if (score->stanine > 0) {
        hst_csv_integer(run->csv, score->stanine);
        hst_csv_integer(run->csv, score->score);
    } else {
        hst_csv_empty(run->csv);
        hst_csv_empty(run->csv);
    }
    hst_csv_text(run->csv, note);
    hst_csv_end_row(run->csv);
}

static hst_status answer_acs(stats_run *run, const stats_group *group)
{
    hst_status status = HST_OK;
    hst_acs_score *scores = calloc(group->n_rows, sizeof *scores);
    double *isr = calloc(group->n_rows, sizeof *isr), *imd = calloc(group->n_rows, sizeof *imd);

    if (!scores || !isr || !imd) {
        status = hst_fail(run->err, HST_ERR_MEMORY, "no memory for %zu areas", group->n_rows);
        goto done;
    }
    for (size_t i = 0; i < group->n_rows; i++) {
        size_t row = group->rows[i];
        double expected = stats_number(run, row, ACS_EXPECTED);

        isr[i] = expected > 0 ? stats_number(run, row, ACS_OBSERVED) / expected *
                                    stats_number(run, row, ACS_REF_RATE)
                              : NAN;
        imd[i] = stats_number(run, row, ACS_IMD);
    }
    hst_acs_scores(scores, isr, imd, group->n_rows, run->options->by_rank);
    for (size_t i = 0; i < group->n_rows; i++) {
        write_acs(run, group->rows[i], isr[i], &scores[i]);
    }

done:
    free(scores);
    free(isr);
    free(imd);
    return status;
}

/* ---- hhi: one row an area ---- */

enum { HHI_AREA, HHI_PROVIDER, HHI_ADMISSIONS };

static hst_status begin_hhi(stats_run *run)
{
    /* One sum for each provider, kept at 0 between areas, and room for those of an area. */
    size_t n_rows = hst_table_n_rows(run->table);

    run->own = calloc(2 * n_rows + 1, sizeof(double));
    return run->own ? HST_OK
                    : hst_fail(run->err, HST_ERR_MEMORY, "no memory for %zu providers", n_rows);
}

static hst_status answer_hhi(stats_run *run, const stats_group *group)
{
    double *sums = run->own, *counts = sums + hst_table_n_rows(run->table);
    hst_concentration c;
    size_t n = 0;

    if (isnan(stats_sum(run, group, HHI_ADMISSIONS) + stats_sum(run, group, HHI_PROVIDER))) {
        stats_write_refusal(run, "not computed: a value is missing");
        return HST_OK;
    }
    for (size_t i = 0; i < group->n_rows; i++) {
        size_t provider = (size_t)stats_number(run, group->rows[i], HHI_PROVIDER);

        sums[provider] += stats_number(run, group->rows[i], HHI_ADMISSIONS);
    }
    for (size_t i = 0; i < group->n_rows; i++) {
        size_t provider = (size_t)stats_number(run, group->rows[i], HHI_PROVIDER);

        if (sums[provider] > 0) {
            counts[n++] = sums[provider];
            sums[provider] = 0;
        }
    }
    c = hst_concentration_of(counts, n);
    if (isnan(c.hhi)) {
        stats_write_refusal(run, "not computed: no activity");
        return HST_OK;
    }
    hst_csv_count(run->csv, c.n_providers);
    hst_csv_real(run->csv, c.total);
    hst_csv_real(run->csv, c.hhi);
    hst_csv_real(run->csv, c.effective);
    hst_csv_empty(run->csv);
    return HST_OK;
}

static const char *const acs_names[] = {"isr",     "fitted", "residual", "rstandard",
                                        "stanine", "score",  NULL};
static const char *const hhi_names[] = {"n_providers", "total", "hhi", "effective_providers", NULL};

const stats_method stats_acs_score = {
    .name = "acs-score",
    .options = STATS_BY_RANK,
    .n_columns = 5,
    .columns = {{.name = "area", .kind = STATS_TEXT},
                {.name = "observed"},
                {.name = "expected"},
                {.name = "ref_rate"},
                {.name = "imd", .lowest = -INFINITY}},
    .answers = STATS_ROWS_OF_INPUT,
    .before = acs_names,
    .check_row = stats_refuse_missing,
    .answer = answer_acs,
};

const stats_method stats_hhi = {
    .name = "hhi",
    .n_columns = 3,
    .columns = {{.name = "area", .kind = STATS_TEXT},
                {.name = "provider", .kind = STATS_CODE},
                {.name = "admissions"}},
    .is_by_first = true,
    .before = hhi_names,
    .begin = begin_hhi,
    .check_row = stats_refuse_missing,
    .answer = answer_hhi,
};
