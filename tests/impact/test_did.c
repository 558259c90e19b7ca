/* Difference-in-differences: golden h, the slow regression with a dummy variable for every area and
 * time, orders and scales that must not matter, and placebo ranks. */
#include <stdlib.h>

#include "hestia/regression.h"
#include "tests/impact/did_panels.h"
#include "tests/standardise/golden.h"

/* ---- golden ---- */

static void read_golden(sample *s)
{
    hst_table *in = golden_read("h_beforeafter/input_did.csv");
    size_t n = hst_table_n_rows(in), n_times = 16;

    assert_int_equal(n % n_times, 0);
    shape(s, n / n_times, n_times);
    for (size_t i = 0; i < n; i++) {
        s->y[i] = golden_number(in, i, "events");
        s->exposure[i] = golden_number(in, i, "population");
        s->is_treated[i / n_times] = golden_number(in, i, "treated") == 1;
        s->is_post[i % n_times] = golden_number(in, i, "post") == 1;
    }
    hst_table_free(in);
}

static void golden_did(void **state)
{
    static const struct {
        const char *name;
        hst_did_variance variance;
    } variances[] = {
        {"model", HST_DID_MODEL},
        {"quasi", HST_DID_QUASI},
        {"HC0", HST_DID_HC0},
        {"cluster_no_adjust", HST_DID_CLUSTER_RAW},
        {"cluster_g_over_g_minus_1", HST_DID_CLUSTER},
        {"cluster_HC1", HST_DID_CLUSTER_HC1},
    };
    static sample s;
    hst_table *expected = golden_read("h_beforeafter/expected_did.csv");

    (void)state;
    read_golden(&s);
    assert_int_equal(hst_table_n_rows(expected), 12);
    for (size_t i = 0; i < 12; i++) {
        hst_did d = fit(&s.panel, HST_DID_COUNTS, i < 6 ? HST_DID_POOLED : HST_DID_TWO_WAY,
                        variances[i % 6].variance);

        assert_string_equal(golden_text(expected, i, "variance"), variances[i % 6].name);
        assert_close(log(d.effect.estimate), golden_number(expected, i, "log_ratio_of_ratios"),
                     1e-9);
        assert_close(d.effect.estimate, golden_number(expected, i, "ratio_of_ratios"), 1e-9);
        assert_close(d.effect.se, golden_number(expected, i, "se"), 1e-7);
        assert_close(d.effect.lower, golden_number(expected, i, "lower95"), 1e-7);
        assert_close(d.effect.upper, golden_number(expected, i, "upper95"), 1e-7);
        assert_close(d.effect.p, golden_number(expected, i, "p"), 1e-7);
        assert_close(d.dispersion, golden_number(expected, i, "dispersion"), 1e-7);
        assert_int_equal(d.n_areas, 11);
        assert_int_equal(d.n_treated, 3);
        assert_int_equal(d.note != NULL, i % 6 >= 3);
    }
    hst_table_free(expected);
}

/* ---- the slow way: a dummy variable for every area and time, iterated weighted least squares ----
 */

typedef struct slow {
    size_t n, k;
    double *x, *y, *mu, beta, dispersion, variances[6];
    size_t *area;
} slow;

/* Columns: treated:post, one for each area met, one for each time met but the first. */
static void make_dummies(slow *d, const hst_did_panel *p)
{
    bool time_met[MAX_TIMES] = {false}, area_met[MAX_AREAS] = {false};
    size_t column[MAX_AREAS + MAX_TIMES], k = 1, n = 0;

    for (size_t i = 0; i < p->n_areas * p->n_times; i++) {
        if (!isnan(p->y[i])) {
            area_met[i / p->n_times] = time_met[i % p->n_times] = true;
            n++;
        }
    }
    for (size_t a = 0; a < p->n_areas; a++) {
        column[a] = area_met[a] ? k++ : SIZE_MAX;
    }
    for (size_t t = 0, is_first = 1; t < p->n_times; t++) {
        column[p->n_areas + t] = !time_met[t] || is_first ? SIZE_MAX : k++;
        is_first = is_first && !time_met[t];
    }
    *d = (slow){.n = n, .k = k};
    d->x = calloc(n * k, sizeof *d->x);
    d->y = calloc(n, sizeof *d->y);
    d->mu = calloc(n, sizeof *d->mu);
    d->area = calloc(n, sizeof *d->area);
    assert_true(d->x && d->y && d->mu && d->area);
    n = 0;
    for (size_t i = 0; i < p->n_areas * p->n_times; i++) {
        size_t a = i / p->n_times, t = i % p->n_times;

        if (isnan(p->y[i])) {
            continue;
        }
        d->y[n] = p->y[i];
        d->area[n] = a;
        d->x[n * k] = p->is_treated[a] && p->is_post[t];
        d->x[n * k + column[a]] = 1;
        if (column[p->n_areas + t] != SIZE_MAX) {
            d->x[n * k + column[p->n_areas + t]] = 1;
        }
        n++;
    }
}

/* What the sandwich and the model say of the first coefficient. */
static void slow_variances(slow *d, const hst_fit *f, size_t n_areas, bool is_count)
{
    double *sums = calloc(n_areas, sizeof *sums), squares = 0, chi = 0, g = 0, clustered = 0;
    bool met[MAX_AREAS] = {false};

    assert_non_null(sums);
    for (size_t i = 0; i < d->n; i++) {
        double score = 0, e = d->y[i] - d->mu[i];

        for (size_t j = 0; j < d->k; j++) {
            score += f->bread[j] * d->x[i * d->k + j] * e;
        }
        squares += score * score;
        sums[d->area[i]] += score;
        g += !met[d->area[i]];
        met[d->area[i]] = true;
        chi += e * e / (is_count ? d->mu[i] : 1);
    }
    for (size_t a = 0; a < n_areas; a++) {
        clustered += sums[a] * sums[a];
    }
    d->dispersion = chi / (double)(d->n - d->k);
    d->variances[HST_DID_MODEL] = f->bread[0] * (is_count ? 1 : d->dispersion);
    d->variances[HST_DID_QUASI] = f->bread[0] * d->dispersion;
    d->variances[HST_DID_HC0] = squares;
    d->variances[HST_DID_CLUSTER_RAW] = clustered;
    d->variances[HST_DID_CLUSTER] = clustered * g / (g - 1);
    d->variances[HST_DID_CLUSTER_HC1] =
        clustered * g / (g - 1) * (double)(d->n - 1) / (double)(d->n - d->k);
    free(sums);
}

static void fit_slowly(slow *d, const hst_did_panel *p, hst_did_outcome outcome)
{
    static const char *names[MAX_AREAS + MAX_TIMES];
    bool is_count = outcome == HST_DID_COUNTS;
    hst_design design;
    hst_fit f = {0};
    hst_error err = {0};
    double *exposure = NULL, *z = NULL;

    make_dummies(d, p);
    for (size_t j = 0; j < d->k; j++) {
        names[j] = "dummy";
    }
    design = (hst_design){.n = d->n, .k = d->k, .x = d->x, .names = names};
    exposure = calloc(d->n, sizeof *exposure);
    z = calloc(d->n, sizeof *z);
    assert_true(exposure && z);
    for (size_t i = 0, n = 0; i < p->n_areas * p->n_times; i++) {
        if (!isnan(p->y[i])) {
            exposure[n] = p->exposure[i];
            d->mu[n] = is_count ? p->y[i] + 0.5 : 1;
            n++;
        }
    }
    for (int step = 0; step < (is_count ? 25 : 1); step++) {
        for (size_t i = 0; i < d->n; i++) {
            z[i] =
                is_count ? log(d->mu[i] / exposure[i]) + (d->y[i] - d->mu[i]) / d->mu[i] : d->y[i];
        }
        hst_fit_clear(&f);
        if (hst_least_squares(&f, &design, z, is_count ? d->mu : NULL, &err) != HST_OK) {
            fail_msg("%s", err.message);
        }
        for (size_t i = 0; i < d->n; i++) {
            d->mu[i] = is_count ? exposure[i] * exp(f.fitted[i]) : f.fitted[i];
        }
    }
    d->beta = f.coefficients[0];
    slow_variances(d, &f, p->n_areas, is_count);
    hst_fit_clear(&f);
    free(exposure);
    free(z);
}

static void slow_clear(slow *d)
{
    free(d->x);
    free(d->y);
    free(d->mu);
    free(d->area);
}

static struct panel_case {
    const char *name;
    hst_did_outcome outcome;
    size_t n_areas, n_times, n_treated, first_post;
    double missing;
} panel_cases[] = {
    {"counts, 12 areas by 20", HST_DID_COUNTS, 12, 20, 1, 12, 0},
    {"counts, a fifth of the cells missing", HST_DID_COUNTS, 12, 20, 2, 15, 0.2},
    {"counts, half missing", HST_DID_COUNTS, 20, 9, 5, 3, 0.5},
    {"counts, one month after", HST_DID_COUNTS, 8, 24, 1, 23, 0},
    {"values, 12 areas by 20", HST_DID_VALUES, 12, 20, 1, 12, 0},
    {"values, a fifth of the cells missing", HST_DID_VALUES, 12, 20, 2, 15, 0.2},
    {"values, more than half missing", HST_DID_VALUES, 20, 9, 5, 3, 0.55},
};

static void same_as_dummy_variables(void **state)
{
    const struct panel_case *c = *state;
    static sample s;

    for (uint64_t k = 0; k < 4; k++) {
        uint64_t seed = 20261122 + k;
        slow d;

        fill_counts(&s, &seed, c->n_areas, c->n_times, c->n_treated, c->first_post, 0.8,
                    c->missing);
        fit_slowly(&d, &s.panel, c->outcome);
        for (int v = HST_DID_MODEL; v <= HST_DID_CLUSTER_HC1; v++) {
            hst_did fast = fit(&s.panel, c->outcome, HST_DID_TWO_WAY, (hst_did_variance)v);
            double beta =
                c->outcome == HST_DID_COUNTS ? log(fast.effect.estimate) : fast.effect.estimate;

            assert_close(beta, d.beta, 1e-9);
            assert_close(fast.effect.se, sqrt(d.variances[v]), 1e-9);
            assert_close(fast.dispersion, d.dispersion, 1e-9);
        }
        slow_clear(&d);
    }
}

/* ---- what must not matter ---- */

/* The same panel with areas and times in another order. */
static void shuffle(sample *to, const sample *from, uint64_t *seed)
{
    size_t n_areas = from->panel.n_areas, n_times = from->panel.n_times;
    size_t area[MAX_AREAS], time[MAX_TIMES];

    shape(to, n_areas, n_times);
    for (size_t i = 0; i < MAX_AREAS; i++) {
        area[i] = time[i] = i;
    }
    for (size_t i = n_areas - 1; i > 0; i--) {
        size_t j = (size_t)(uniform(seed) * (double)(i + 1)), kept = area[i];

        area[i] = area[j];
        area[j] = kept;
    }
    for (size_t i = n_times - 1; i > 0; i--) {
        size_t j = (size_t)(uniform(seed) * (double)(i + 1)), kept = time[i];

        time[i] = time[j];
        time[j] = kept;
    }
    for (size_t i = 0; i < n_areas; i++) {
        to->is_treated[i] = from->is_treated[area[i]];
        for (size_t t = 0; t < n_times; t++) {
            to->is_post[t] = from->is_post[time[t]];
            to->y[i * n_times + t] = from->y[area[i] * n_times + time[t]];
            to->exposure[i * n_times + t] = from->exposure[area[i] * n_times + time[t]];
        }
    }
}

static void order_changes_nothing(void **state)
{
    const struct panel_case *c = *state;
    static sample s, other;
    uint64_t seed = 7;

    fill_counts(&s, &seed, c->n_areas, c->n_times, c->n_treated, c->first_post, 0.8, c->missing);
    for (int k = 0; k < 5; k++) {
        shuffle(&other, &s, &seed);
        for (int v = HST_DID_MODEL; v <= HST_DID_CLUSTER_HC1; v++) {
            hst_did a = fit(&s.panel, c->outcome, HST_DID_TWO_WAY, (hst_did_variance)v);
            hst_did b = fit(&other.panel, c->outcome, HST_DID_TWO_WAY, (hst_did_variance)v);

            assert_close(b.effect.estimate, a.effect.estimate, 1e-12);
            assert_close(b.effect.se, a.effect.se, 1e-12);
            assert_close(b.dispersion, a.dispersion, 1e-12);
        }
    }
}

static void scale_of_exposure_changes_nothing(void **state)
{
    static sample s, other;
    uint64_t seed = 99;

    (void)state;
    fill_counts(&s, &seed, 15, 18, 1, 10, 1.3, 0.1);
    other = s;
    shape(&other, 15, 18);
    for (size_t i = 0; i < 15 * 18; i++) {
        other.exposure[i] *= 1e5;
    }
    for (int m = HST_DID_TWO_WAY; m <= HST_DID_POOLED; m++) {
        hst_did a = fit(&s.panel, HST_DID_COUNTS, (hst_did_model)m, HST_DID_CLUSTER);
        hst_did b = fit(&other.panel, HST_DID_COUNTS, (hst_did_model)m, HST_DID_CLUSTER);

        assert_close(b.effect.estimate, a.effect.estimate, 1e-12);
        assert_close(b.effect.se, a.effect.se, 1e-12);
    }
    /* with effects of areas, that of one area alone does not matter either */
    for (size_t t = 0; t < 18; t++) {
        other.exposure[4 * 18 + t] *= 17.3;
    }
    assert_close(fit(&other.panel, HST_DID_COUNTS, HST_DID_TWO_WAY, HST_DID_HC0).effect.se,
                 fit(&s.panel, HST_DID_COUNTS, HST_DID_TWO_WAY, HST_DID_HC0).effect.se, 1e-12);
}

static void constants_of_areas_and_times_change_no_difference(void **state)
{
    static sample s, other;
    uint64_t seed = 5;
    hst_did a, b;

    (void)state;
    fill_counts(&s, &seed, 15, 18, 2, 10, 1.3, 0.15);
    other = s;
    shape(&other, 15, 18);
    for (size_t i = 0; i < 15 * 18; i++) {
        other.y[i] += 1000.0 * (double)(i / 18) + 37.5 * (double)(i % 18 * (i % 18));
    }
    a = fit(&s.panel, HST_DID_VALUES, HST_DID_TWO_WAY, HST_DID_CLUSTER);
    b = fit(&other.panel, HST_DID_VALUES, HST_DID_TWO_WAY, HST_DID_CLUSTER);
    assert_close(b.effect.estimate, a.effect.estimate, 1e-9);
    assert_close(b.effect.se, a.effect.se, 1e-9);
}

/* Two areas, two times: everything by hand. */
static void four_cells_by_hand(void **state)
{
    static const double y[] = {30, 45, 80, 70}, exposure[] = {10, 11, 20, 25};
    static const bool is_treated[] = {true, false}, is_post[] = {false, true};
    hst_did_panel panel = {.n_areas = 2,
                           .n_times = 2,
                           .y = y,
                           .exposure = exposure,
                           .is_treated = is_treated,
                           .is_post = is_post};
    hst_did d;
    hst_error err = {0};

    (void)state;
    for (int m = HST_DID_TWO_WAY; m <= HST_DID_POOLED; m++) {
        d = fit(&panel, HST_DID_COUNTS, (hst_did_model)m, HST_DID_MODEL);
        assert_close(d.effect.estimate, (45 / 11.0) / (30 / 10.0) / ((70 / 25.0) / (80 / 20.0)),
                     1e-13);
        assert_close(d.effect.se, sqrt(1 / 30.0 + 1 / 45.0 + 1 / 80.0 + 1 / 70.0), 1e-12);
        assert_true(isnan(d.dispersion));
        for (int v = HST_DID_QUASI; v <= HST_DID_CLUSTER_HC1; v++) {
            assert_int_equal(hst_did_fit(&d, &panel, HST_DID_COUNTS, (hst_did_model)m,
                                         (hst_did_variance)v, 95, &err),
                             HST_REFUSED);
            assert_int_equal(hst_did_fit(&d, &panel, HST_DID_VALUES, (hst_did_model)m,
                                         (hst_did_variance)v, 95, &err),
                             HST_REFUSED);
        }
    }
}

/* ---- placebo ---- */

static void strong_effect_is_first_of_all(void **state)
{
    static sample s;
    uint64_t seed = 11;
    hst_placebo placebo;
    hst_error err = {0};

    (void)state;
    fill_counts(&s, &seed, 20, 24, 1, 12, 0.25, 0.05);
    for (int outcome = HST_DID_COUNTS; outcome <= HST_DID_VALUES; outcome++) {
        assert_int_equal(
            hst_did_placebo(&placebo, &s.panel, (hst_did_outcome)outcome, HST_DID_TWO_WAY, &err),
            HST_OK);
        assert_int_equal(placebo.n, 20);
    }
    assert_int_equal(hst_did_placebo(&placebo, &s.panel, HST_DID_COUNTS, HST_DID_POOLED, &err),
                     HST_OK);
    assert_int_equal(placebo.n_as_strong, 1);
    assert_close(placebo.p, 0.05, 1e-14);
}

/* Of panels without an effect, about one in ten has a rank among the first tenth. */
static void ranks_of_null_panels_are_uniform(void **state)
{
    enum { N_PANELS = 400, N_AREAS = 10 };
    static sample s;
    uint64_t seed = 2011;
    unsigned ranks[N_AREAS + 1] = {0};
    double chi = 0;

    (void)state;
    for (size_t i = 0; i < N_PANELS; i++) {
        hst_placebo placebo;
        hst_error err = {0};

        fill_counts(&s, &seed, N_AREAS, 8, 1, 5, 1, 0);
        assert_int_equal(hst_did_placebo(&placebo, &s.panel, HST_DID_COUNTS, HST_DID_TWO_WAY, &err),
                         HST_OK);
        assert_int_equal(placebo.n, N_AREAS);
        ranks[placebo.n_as_strong]++;
    }
    for (size_t r = 1; r <= N_AREAS; r++) {
        chi += (ranks[r] - 40.0) * (ranks[r] - 40.0) / 40;
    }
    assert_true(chi < 27.88); /* 99.9 % of chi-square with 9 degrees of freedom */
}

int main(void)
{
    enum { N_PANELS = sizeof panel_cases / sizeof panel_cases[0], N_OTHERS = 6 };
    struct CMUnitTest tests[N_OTHERS + 2 * N_PANELS] = {
        cmocka_unit_test(golden_did),
        cmocka_unit_test(four_cells_by_hand),
        cmocka_unit_test(scale_of_exposure_changes_nothing),
        cmocka_unit_test(constants_of_areas_and_times_change_no_difference),
        cmocka_unit_test(strong_effect_is_first_of_all),
        cmocka_unit_test(ranks_of_null_panels_are_uniform),
    };
    size_t n = N_OTHERS;

    for (size_t i = 0; i < N_PANELS; i++) {
        tests[n++] = (struct CMUnitTest){.name = panel_cases[i].name,
                                         .test_func = same_as_dummy_variables,
                                         .initial_state = &panel_cases[i]};
        tests[n++] = (struct CMUnitTest){.name = panel_cases[i].name,
                                         .test_func = order_changes_nothing,
                                         .initial_state = &panel_cases[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
