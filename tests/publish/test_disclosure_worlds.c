/* No small count comes back from a release: cases worked by hand for every way of taking one number
 * from another, and random tables that a solver of their own holds against the release. */
#include "tests/publish/disclosure_fixture.h"

#define DSR "  - {id: a, where: {admission_method: emergency}, statistic: dsr, by: "
#define COUNT "  - {id: a, where: {admission_method: emergency}, statistic: count, by: "

/* ---- what a reader knows ---- */

typedef struct known {
    int64_t low, high;
} known;

/* From a released row alone, and the rule; of hidden ones also whether they are small, which is
 * more than a reader knows. */
static known read_row(const release *r, const hst_result *row, int64_t truth)
{
    const hst_measure *measure = &r->study->measures[row->measure];
    bool is_national = row->is_group && hst_areas_group(r->areas, row->area)->is_england &&
                       (measure->split != HST_SPLIT_PROVIDER || row->split[0] == '\0');
    bool is_true = measure->statistic == HST_STAT_DSR || measure->statistic == HST_STAT_MEAN_LOS;
    known k = {row->total_count - 2, row->total_count + 2};

    if (row->total_count < 0) {
        return (known){1, truth < 8 && !is_national ? 7 : 1000000};
    }
    if (row->total_count == 0 || (is_true && !isnan(row->value)) ||
        (is_national && r->disclosure.total_round == 1)) {
        return (known){truth, truth};
    }
    if (is_national) {
        return (known){row->total_count == 5 ? 1 : k.low, k.high};
    }
    k.low = k.low < 8 ? 8 : k.low;
    if (measure->statistic == HST_STAT_DSR && truth < 10) { /* notes tell which side of 10 */
        k.high = k.high > 9 ? 9 : k.high;
    } else if (measure->statistic == HST_STAT_DSR) {
        k.low = k.low < 10 ? 10 : k.low;
    }
    return k;
}

/* ---- a solver ---- */

/* Sums of unknown counts within ranges. */
typedef struct sum_range {
    size_t n, vars[256];
    int64_t low, high;
} sum_range;

enum { MAX_VARS = 256, MAX_SUMS = 2048, MAX_NODES = 3000 };

typedef struct solver {
    size_t n_vars, n_sums, n_nodes;
    int64_t guess[MAX_VARS]; /* where to look first: another world is near the true one */
    sum_range sums[MAX_SUMS];
} solver;

/* Narrows all ranges until nothing changes; false when one is empty. */
static bool narrow(const solver *s, known vars[MAX_VARS])
{
    for (bool has_changed = true; has_changed;) {
        has_changed = false;
        for (size_t i = 0; i < s->n_sums; i++) {
            const sum_range *sum = &s->sums[i];
            int64_t low = 0, high = 0;

            for (size_t k = 0; k < sum->n; k++) {
                low += vars[sum->vars[k]].low;
                high += vars[sum->vars[k]].high;
            }
            if (low > sum->high || high < sum->low) {
                return false;
            }
            for (size_t k = 0; k < sum->n; k++) {
                known *v = &vars[sum->vars[k]];
                int64_t most = sum->high - (low - v->low), least = sum->low - (high - v->high);

                if (most < v->high || least > v->low) {
                    low -= v->low;
                    high -= v->high;
                    v->high = most < v->high ? most : v->high;
                    v->low = least > v->low ? least : v->low;
                    if (v->low > v->high) {
                        return false;
                    }
                    low += v->low;
                    high += v->high;
                    has_changed = true;
                }
            }
        }
    }
    return true;
}

/* 1: there is a solution, 0: there is none, -1: given up. */
static int solve(solver *s, const known given[MAX_VARS])
{
    known vars[MAX_VARS];
    size_t open = SIZE_MAX;

    if (s->n_nodes++ > MAX_NODES) {
        return -1;
    }
    memcpy(vars, given, s->n_vars * sizeof *vars);
    if (!narrow(s, vars)) {
        return 0;
    }
    for (size_t v = 0; v < s->n_vars; v++) {
        if (vars[v].low < vars[v].high &&
            (open == SIZE_MAX || vars[v].high - vars[v].low < vars[open].high - vars[open].low)) {
            open = v;
        }
    }
    if (open == SIZE_MAX) {
        return 1;
    }
    int64_t guess = s->guess[open];
    guess = guess < vars[open].low ? vars[open].low : guess;
    guess = guess > vars[open].high ? vars[open].high : guess;
    const known branches[] = {
        {guess, guess}, {vars[open].low, guess - 1}, {guess + 1, vars[open].high}};
    int found = 0;

    for (size_t i = 0; i < 3 && found == 0; i++) {
        known branch[MAX_VARS];

        memcpy(branch, vars, s->n_vars * sizeof *vars);
        branch[open] = branches[i];
        if (branches[i].low <= branches[i].high) {
            found = solve(s, branch);
        }
    }
    return found;
}

/* ---- an attack on a release ---- */

/* What the measures of a release count: one or both of two kinds of events. */
typedef struct tables {
    base_counts counts[2];
    size_t n_measures, n_splits;
    bool has[MAX_MEASURES][2];
    bool is_split[MAX_MEASURES];
} tables;

static base_counts counts_of(const tables *t, size_t measure)
{
    base_counts sum = {{{{0}}}};

    for (size_t kind = 0; kind < 2; kind++) {
        for (size_t i = 0; i < sizeof sum.n / sizeof ***sum.n && t->has[measure][kind]; i++) {
            (&sum.n[0][0][0])[i] += (&t->counts[kind].n[0][0][0])[i];
        }
    }
    return sum;
}

static void fill(release *r, const tables *t)
{
    for (size_t m = 0; m < t->n_measures; m++) {
        base_counts counts = counts_of(t, m);

        if (!t->is_split[m]) { /* all split values together */
            for (size_t i = 0; i < MAX_AREAS * MAX_PERIODS; i++) {
                int64_t *n = counts.n[i / MAX_PERIODS][i % MAX_PERIODS];

                for (size_t split = 1; split < MAX_SPLITS; split++) {
                    n[0] += n[split];
                    n[split] = 0;
                }
            }
        }
        add_measure(r, m, &counts, t->is_split[m] ? t->n_splits : 0);
    }
}

static size_t variable(size_t kind, size_t area, size_t period, size_t split)
{
    return ((kind * MAX_AREAS + area) * MAX_PERIODS + period) * MAX_SPLITS + split;
}

/* The unknowns of a row. */
static void collect(const release *r, const tables *t, const hst_result *row, sum_range *sum,
                    const size_t *numbers)
{
    const hst_measure *measure = &r->study->measures[row->measure];
    period_list periods = list_periods(measure);
    bool members[MAX_AREAS];
    size_t split = row->split[0] ? (size_t)(row->split[0] - '0') : 0, p = 0;

    mark_members(r, row->is_group, row->area, members);
    while (strcmp(periods.items[p].period.label, row->period.label) != 0) {
        p++;
    }
    /* finest periods of this measure, each worth some of the tables' */
    sum->n = 0;
    for (size_t kind = 0; kind < 2; kind++) {
        for (size_t area = 0; area < MAX_AREAS; area++) {
            for (size_t at = periods.items[p].first; at <= periods.items[p].last; at++) {
                for (size_t s = 0; s < MAX_SPLITS; s++) {
                    size_t number = numbers[variable(kind, area, at, s)];

                    if (t->has[row->measure][kind] && members[area] && number != SIZE_MAX &&
                        (split == 0 || s == split)) {
                        assert_true(sum->n < 256);
                        sum->vars[sum->n++] = number;
                    }
                }
            }
        }
    }
}

/* Attacks every small count; returns how many the solver gave up on. */
static size_t attack(release *r, const tables *t, size_t n_areas, size_t n_periods)
{
    solver *s = calloc(1, sizeof *s);
    size_t numbers[2 * MAX_AREAS * MAX_PERIODS * MAX_SPLITS], n_given_up = 0, n_small = 0;
    known vars[MAX_VARS];
    hst_result *truth = malloc(MAX_ROWS * sizeof *truth);

    assert_non_null(s);
    assert_non_null(truth);
    memcpy(truth, r->rows, sizeof r->rows);
    disclose(r);
    if (r->status != HST_OK) {
        fail_msg("%s", r->err.message);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        size_t split = i % MAX_SPLITS, period = i / MAX_SPLITS % MAX_PERIODS;
        size_t area = i / MAX_SPLITS / MAX_PERIODS % MAX_AREAS;
        size_t kind = i / MAX_SPLITS / MAX_PERIODS / MAX_AREAS;
        bool is_there = area < n_areas && period < n_periods &&
                        (t->n_splits > 0 ? split > 0 && split <= t->n_splits : split == 0) &&
                        (kind == 0 || t->has[0][1] || t->has[1][1] || t->has[2][1]);

        numbers[i] = is_there ? s->n_vars : SIZE_MAX;
        if (is_there) {
            assert_true(s->n_vars < MAX_VARS);
            s->guess[s->n_vars] = t->counts[kind].n[area][period][split];
            vars[s->n_vars++] = (known){0, 5000};
        }
    }
    for (size_t i = 0; i < r->n_rows; i++) {
        known k = read_row(r, &r->rows[i], truth[i].total_count);

        assert_true(s->n_sums < MAX_SUMS - 1);
        s->sums[s->n_sums].low = k.low;
        s->sums[s->n_sums].high = k.high;
        collect(r, t, &r->rows[i], &s->sums[s->n_sums], numbers);
        s->n_sums++;
    }
    for (size_t i = 0; i < r->n_rows; i++) {
        int64_t n = truth[i].total_count;
        sum_range *target = &s->sums[s->n_sums];
        int lower = 0, higher = 0;

        if (r->rows[i].total_count >= 0 || n < 1 || n > 7) {
            continue;
        }
        n_small += !r->rows[i].is_group;
        collect(r, t, &r->rows[i], target, numbers);
        s->n_sums++;
        target->low = 0;
        target->high = n - 1;
        s->n_nodes = 0;
        lower = solve(s, vars);
        target->low = n + 1;
        target->high = 1000000;
        s->n_nodes = 0;
        higher = lower == 1 ? 0 : solve(s, vars);
        s->n_sums--;
        if (lower == 0 && higher == 0) {
            fail_msg("%s %s %s %s is %d and nothing else",
                     r->study->measures[r->rows[i].measure].id,
                     r->rows[i].is_group ? "comparator" : hst_areas_code(r->areas, r->rows[i].area),
                     r->rows[i].period.label, r->rows[i].split, (int)n);
        }
        n_given_up += lower != 1 && higher != 1;
    }
    assert_int_equal(r->disclosure.n_certified, r->disclosure.n_small);
    assert_true(r->disclosure.n_small + r->disclosure.n_withheld_counts >= n_small);
    free(truth);
    free(s);
    return n_given_up;
}

/* ---- cases by hand ---- */

typedef struct hand_case {
    const char *name, *similar, *measures;
    size_t n_areas, n_periods;
    tables tables;
    size_t n_withheld_values, n_withheld_counts; /* what the least cost is */
} hand_case;

static hand_case hand_cases[] = {
    {"England less the others gives one area: the values of another are withheld",
     NULL,
     DSR "year}\n",
     3,
     1,
     {.n_measures = 1, .has = {{true, false}}, .counts = {{{{{3}}, {{400}}, {{600}}}}}},
     1,
     0},
    {"two small areas stand in for each other",
     NULL,
     DSR "year}\n",
     3,
     1,
     {.n_measures = 1, .has = {{true, false}}, .counts = {{{{{3}}, {{5}}, {{600}}}}}},
     0,
     0},
    {"rounded counts need nothing",
     NULL,
     COUNT "year}\n",
     3,
     1,
     {.n_measures = 1, .has = {{true, false}}, .counts = {{{{{3}}, {{40}}, {{60}}}}}},
     0,
     0},
    {"counts at the ends of what they are rounded from: one is hidden",
     NULL,
     COUNT "year}\n",
     3,
     1,
     {.n_measures = 1, .has = {{true, false}}, .counts = {{{{{1}}, {{38}}, {{58}}}}}},
     0,
     1},
};

static void by_hand(void **state)
{
    const hand_case *c = *state;
    release *r = open_release(c->n_areas, c->similar, c->measures);

    fill(r, &c->tables);
    assert_int_equal(attack(r, &c->tables, c->n_areas, c->n_periods), 0);
    assert_int_equal(r->disclosure.n_withheld_values, c->n_withheld_values);
    assert_int_equal(r->disclosure.n_withheld_counts, c->n_withheld_counts);
    close_release(r);
}

/* ---- random tables ---- */

typedef struct random_case {
    const char *name, *similar, *measures;
    size_t n_areas, n_periods, n_tables;
    tables tables; /* without counts */
} random_case;

static random_case random_cases[] = {
    {"rates by quarter and year",
     NULL,
     DSR "[quarter, year]}\n",
     4,
     4,
     60,
     {.n_measures = 1, .has = {{true, false}}}},
    {"counts by quarter and year, with a comparator",
     "A1,A2\nA1,A3\n",
     COUNT "[quarter, year]}\n",
     4,
     4,
     60,
     {.n_measures = 1, .has = {{true, false}}}},
    {"counts by sex",
     NULL,
     COUNT "quarter, split: sex}\n",
     4,
     4,
     60,
     {.n_measures = 1, .n_splits = 2, .is_split = {true}, .has = {{true, false}}}},
    {"rates by sex and year",
     NULL,
     DSR "[quarter, year], split: sex}\n",
     3,
     4,
     40,
     {.n_measures = 1, .n_splits = 2, .is_split = {true}, .has = {{true, false}}}},
    {"counts by provider",
     "A1,A2\n",
     COUNT "[quarter, year], split: provider}\n",
     3,
     4,
     40,
     {.n_measures = 1, .n_splits = 3, .is_split = {true}, .has = {{true, false}}}},
    {"a count and a rate of the same events",
     NULL,
     COUNT "quarter}\n  - {id: b, where: {admission_method: emergency}, statistic: dsr, by: "
           "quarter}\n",
     4,
     4,
     40,
     {.n_measures = 2, .has = {{true, false}, {true, false}}}},
    {"two kinds of admissions and all of them",
     NULL,
     COUNT "quarter}\n  - {id: b, where: {admission_method: elective}, statistic: count, by: "
           "quarter}\n  - {id: c, where: {admission_method: all}, statistic: dsr, by: quarter}\n",
     4,
     4,
     40,
     {.n_measures = 3, .has = {{true, false}, {false, true}, {true, true}}}},
};

static uint32_t draw(uint64_t *seed, uint32_t n)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33) % n;
}

/* Mostly small counts, some of none, some large; or such as stand at the ends of ranges. */
static int64_t draw_count(uint64_t *seed, bool at_ends)
{
    static const int64_t ends[] = {0, 0, 1, 1, 2, 7, 7, 8, 9, 10, 12, 13};

    if (at_ends) {
        return ends[draw(seed, sizeof ends / sizeof *ends)];
    }
    switch (draw(seed, 6)) {
    case 0:
        return 0;
    case 1:
        return 8 + draw(seed, 5);
    case 2:
        return 10 + draw(seed, 40);
    default:
        return 1 + draw(seed, 7);
    }
}

static void random_tables_keep_their_secrets(void **state)
{
    random_case *c = *state;
    uint64_t seed = 17;
    size_t n_given_up = 0;

    for (size_t n = 0; n < c->n_tables; n++) {
        release *r = open_release(c->n_areas, c->similar, c->measures);
        tables t = c->tables;

        for (size_t kind = 0; kind < 2; kind++) {
            for (size_t area = 0; area < c->n_areas; area++) {
                for (size_t period = 0; period < c->n_periods; period++) {
                    for (size_t split = t.n_splits > 0; split <= t.n_splits; split++) {
                        t.counts[kind].n[area][period][split] = draw_count(&seed, n % 2 == 1);
                    }
                }
            }
        }
        fill(r, &t);
        n_given_up += attack(r, &t, c->n_areas, c->n_periods);
        close_release(r);
    }
    assert_in_range(n_given_up, 0, c->n_tables / 4);
}

int main(void)
{
    enum {
        N_HAND = sizeof hand_cases / sizeof *hand_cases,
        N_RANDOM = sizeof random_cases / sizeof *random_cases
    };
    struct CMUnitTest tests[N_HAND + N_RANDOM];

    for (size_t i = 0; i < N_HAND; i++) {
        tests[i] = (struct CMUnitTest){
            .name = hand_cases[i].name, .test_func = by_hand, .initial_state = &hand_cases[i]};
    }
    for (size_t i = 0; i < N_RANDOM; i++) {
        tests[N_HAND + i] = (struct CMUnitTest){.name = random_cases[i].name,
                                                .test_func = random_tables_keep_their_secrets,
                                                .initial_state = &random_cases[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
