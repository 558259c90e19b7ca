/* What several processes count, added up from bytes, is what one counts, in all that a count gives;
 * and bytes that are cut, damaged or of another count are refused. */
#include "metrics/cube_layout.h"
#include "tests/metrics/pack_cases.h"

/* ---- studies ---- */

static void keep_repeats(world *w)
{
    w->study.duplicates = (char *)"none";
}

static void drop_by_hf(world *w)
{
    w->study.duplicates = (char *)"hf";
    w->study.spell_rule = w->study.cips_rule = (char *)"york";
}

/* Nobody gathers people: neither spells nor cohorts nor events of one person are asked for. */
static void ask_rows_alone(world *w)
{
    w->list[0] = w->list[N_MEASURES - 1]; /* excluded providers */
    w->list[0].interval = HST_INTERVAL_DEFAULT;
    w->list[1] = w->list[0];
    w->list[1].split = HST_SPLIT_PROVIDER;
    w->study.n_measures = 2;
    w->study.n_cohorts = 0;
    w->study.breaks.screen = false;
}

/* ---- all that a count gives, as text ---- */

typedef struct outcome {
    hst_cube *cube;
    hst_england *england;
    hst_ledger *ledger;
} outcome;

static void tell_cells(FILE *out, const world *w, const hst_cube *cube, size_t m, size_t split,
                       size_t area)
{
    static const hst_by types[] = {HST_BY_MONTH, HST_BY_QUARTER, HST_BY_YEAR};
    size_t n_cells = HST_N_SEXES * (w->bands.n + 1), capacity = 0;
    hst_stay_count *stays = NULL;

    for (size_t t = 0; t < 3; t++) {
        const hst_period *periods = NULL;
        size_t n = hst_measures_periods(w->measures, m, types[t], &periods);

        for (size_t p = 0; p < n; p++) {
            for (size_t layer = 0; layer <= HST_N_LAYERS; layer++) {
                uint64_t cells[HST_MAX_CUBE_CELLS] = {0};

                if (!hst_cube_read(cube, layer, m, split, area, types[t], p, cells)) {
                    continue;
                }
                fprintf(out, "%s: split %s, area %zu, %s, layer %zu:", w->list[m].id,
                        hst_cube_split(cube, m, split), area, periods[p].label, layer);
                for (size_t i = 0; i < n_cells; i++) {
                    fprintf(out, " %zu", (size_t)cells[i]);
                }
                fputc('\n', out);
            }
            for (size_t i = 0,
                        k = hst_cube_stays(cube, m, split, area, types[t], p, &stays, &capacity);
                 i < k; i++) {
                fprintf(out, "%u days %zu\n", stays[i].days, (size_t)stays[i].n);
            }
            fprintf(out, "excluded %zu, lacks %d\n",
                    area < N_AREAS + 3 ? (size_t)hst_cube_excluded(cube, m, area, types[t], p) : 0,
                    (int)hst_cube_lack(cube, m, &periods[p]));
        }
    }
    free(stays);
}

static void tell_people(FILE *out, const world *w, const hst_cube *cube)
{
    const hst_people_totals *totals = hst_cube_people(cube);
    hst_cohort_row *rows_of_cohorts = NULL;
    size_t n = 0;
    hst_error err = {0};

    fprintf(out, "people %zu, episodes %zu, spells %zu, continuous %zu, without a number %zu\n",
            (size_t)totals->n_people, (size_t)totals->n_episodes, (size_t)totals->n_spells,
            (size_t)totals->n_cips, (size_t)totals->n_no_sus_spell);
    if (w->cohorts) {
        assert_int_equal(hst_cohorts_list(&rows_of_cohorts, &n, w->cohorts, hst_cube_cohorts(cube),
                                          w->areas, &err),
                         HST_OK);
        fprintf(out, "cohorts of %zu and %zu\n",
                (size_t)hst_cohort_sizes_people(hst_cube_cohorts(cube), 0),
                (size_t)hst_cohort_sizes_people(hst_cube_cohorts(cube), 1));
    }
    for (size_t i = 0; i < n; i++) {
        fprintf(out, "cohort %zu, %d %zu in %d: %zu\n", rows_of_cohorts[i].cohort,
                rows_of_cohorts[i].is_group, rows_of_cohorts[i].area, rows_of_cohorts[i].year,
                (size_t)rows_of_cohorts[i].members);
    }
    free(rows_of_cohorts);
}

static void tell_activity(FILE *out, const hst_activity *activity)
{
    for (size_t i = 0; activity && i < activity->n_series; i++) {
        const hst_activity_series *s = &activity->series[i];

        fprintf(out, "activity %d %u %s %s %zu:", (int)s->dataset, s->area, s->provider,
                s->specialty, (size_t)s->total);
        for (size_t month = 0; month < activity->n_months; month++) {
            fprintf(out, " %u", hst_activity_at(s, month));
        }
        fputc('\n', out);
    }
}

static char *tell(const world *w, const outcome *o)
{
    char *text = NULL;
    size_t n_bytes = 0, n_lines = 0;
    FILE *out = open_memstream(&text, &n_bytes);
    const hst_ledger_line *lines = hst_ledger_lines(o->ledger, &n_lines);

    assert_non_null(out);
    for (size_t i = 0; i < n_lines; i++) {
        fprintf(out, "%s, %s, %s, %s, %s: %zu\n", lines[i].stage, lines[i].file, lines[i].measure,
                lines[i].period, lines[i].reason, (size_t)lines[i].n);
    }
    for (size_t i = 0; i < o->england->n_years; i++) {
        const hst_england_year *year = &o->england->years[i];

        fprintf(out, "England %d: %zu %zu %zu %zu %zu %zu\n", year->year, (size_t)year->fce,
                (size_t)year->fae, (size_t)year->fae_emergency, (size_t)year->stays,
                (size_t)year->stay_days, (size_t)year->spells);
    }
    fprintf(out, "England: repeated %zu, undated %zu\n", (size_t)o->england->n_repeated,
            (size_t)o->england->n_undated);
    tell_people(out, w, o->cube);
    tell_activity(out, hst_cube_activity(o->cube));
    for (size_t m = 0; m < w->study.n_measures; m++) {
        for (size_t split = 0; split < hst_cube_n_splits(o->cube, m); split++) {
            for (size_t area = 0; area < N_AREAS + 3 + 2; area++) { /* with comparators */
                tell_cells(out, w, o->cube, m, split, area);
            }
        }
    }
    assert_int_equal(fclose(out), 0);
    return text;
}

static void clear_outcome(outcome *o)
{
    hst_cube_free(o->cube);
    hst_england_free(o->england);
    hst_ledger_free(o->ledger);
}

/* What one process alone gives. */
static char *tell_alone(const world *w)
{
    outcome o = {0};
    hst_error err = {0};
    char *text = NULL;

    assert_int_equal(hst_ledger_create(&o.ledger, &err), HST_OK);
    if (hst_count(&o.cube, &o.england, w->measures, &w->study, w->areas, w->asked.segments,
                  w->asked.n_segments, &w->options, o.ledger, &err)) {
        fail_msg("%s", err.message);
    }
    text = tell(w, &o);
    clear_outcome(&o);
    return text;
}

/* What a process gives in the end; its sum is used up. */
static char *tell_process(const world *w, process *p)
{
    outcome o = {0};
    hst_error err = {0};
    char *text = NULL;

    assert_int_equal(hst_ledger_create(&o.ledger, &err), HST_OK);
    if (hst_count_finish(&o.cube, &o.england, &p->counting, &p->sum, o.ledger, &err)) {
        fail_msg("%s", err.message);
    }
    text = tell(w, &o);
    clear_outcome(&o);
    return text;
}

/* ---- several processes ---- */

static process *begin(const world *w, size_t number, size_t n_processes)
{
    hst_error err = {0};
    process *p = NULL;

    if (process_begin(&p, &w->asked, number, n_processes, &err)) {
        fail_msg("%s", err.message);
    }
    return p;
}

static void assert_packs(process *p, const unsigned char *bytes, size_t n)
{
    unsigned char *packed = NULL;
    size_t n_packed = 0;

    assert_int_equal(hst_count_pack(&p->counting, &p->sum, &packed, &n_packed, NULL), HST_OK);
    assert_int_equal(n_packed, n);
    assert_memory_equal(packed, bytes, n);
    free(packed);
}

static void assert_same_text(const char *got, const char *alone)
{
    size_t line = 0;

    for (size_t i = 0; alone[i] || got[i]; i++) {
        if (got[i] != alone[i]) {
            fail_msg("%.120s\nis not\n%.120s", got + line, alone + line);
        }
        line = got[i] == '\n' ? i + 1 : line;
    }
}

static struct study_case {
    const char *name;
    void (*change)(world *w);
} study_cases[] = {{"everything", NULL},
                   {"repeats kept", keep_repeats},
                   {"rules hf and york", drop_by_hf},
                   {"rows alone", ask_rows_alone}};

static void several_processes_count_as_one(void **state)
{
    static const size_t n_processes[] = {1, 2, 3, 5, 19}; /* more than there are partitions */
    const struct study_case *c = *state;
    world w;
    process *one = NULL;
    char *alone = NULL;

    open_world(&w, c->change);
    alone = tell_alone(&w);
    one = begin(&w, 0, 1);
    for (size_t i = 0; i < sizeof n_processes / sizeof n_processes[0]; i++) {
        hst_error err = {0};
        process *sum = NULL;
        char *text = NULL;

        w.options.n_threads = (int)i + 1;
        if (processes_sum(&sum, &w.asked, n_processes[i], &err)) {
            fail_msg("%zu processes: %s", n_processes[i], err.message);
        }
        assert_packs(sum, one->bytes, one->n_bytes);
        text = tell_process(&w, sum);
        assert_same_text(text, alone);
        free(text);
        process_end(sum);
    }
    process_end(one);
    free(alone);
    close_world(&w);
}

/* Bytes of a process that others are added to show nothing but the counts. */
static void a_process_goes_on_after_packing(void **state)
{
    world w;
    process *first = NULL, *second = NULL, *one = NULL;
    char *text = NULL, *alone = NULL;

    (void)state;
    open_world(&w, NULL);
    alone = tell_alone(&w);
    one = begin(&w, 0, 1);
    first = begin(&w, 0, 2);
    second = begin(&w, 1, 2);
    assert_packs(first, first->bytes, first->n_bytes);
    assert_true(first->n_bytes < one->n_bytes && first->n_bytes > 1000);
    assert_int_equal(
        hst_count_add_packed(&first->counting, &first->sum, second->bytes, second->n_bytes, NULL),
        HST_OK);
    assert_packs(first, one->bytes, one->n_bytes);
    text = tell_process(&w, first);
    assert_same_text(text, alone);
    free(text);
    free(alone);
    process_end(one);
    process_end(second);
    process_end(first);
    close_world(&w);
}

/* No row of the store has the flag that is counted here. */
static void a_new_worker_takes_over_all_files(void **state)
{
    world w;
    process *p = NULL;
    hst_count_worker taken = {0};
    unsigned char *bytes = NULL;
    size_t n = 0;

    (void)state;
    open_world(&w, ask_rows_alone);
    p = begin(&w, 0, 1);
    p->sum.files[1].flagged = 17;
    assert_int_equal(hst_count_pack(&p->counting, &p->sum, &bytes, &n, NULL), HST_OK);
    assert_int_equal(hst_count_worker_init(&taken, &p->counting, NULL), HST_OK);
    assert_int_equal(hst_count_add_packed(&p->counting, &taken, bytes, n, NULL), HST_OK);
    assert_memory_equal(taken.files, p->sum.files, N_FILES * sizeof *taken.files);
    hst_count_worker_clear(&taken, &p->counting);
    free(bytes);
    process_end(p);
    close_world(&w);
}

/* ---- what is refused ---- */

/* What a worker that has counted nothing says to some bytes. What it takes can be finished, if only
 * with a failure. */
static hst_status add_to_nothing(const hst_counting *c, const unsigned char *bytes, size_t n,
                                 hst_error *err)
{
    hst_count_worker w = {0};
    hst_cube *cube = NULL;
    hst_status status = HST_OK;

    assert_int_equal(hst_count_worker_init(&w, c, NULL), HST_OK);
    status = hst_count_add_packed(c, &w, bytes, n, err);
    if (status == HST_OK && hst_count_finish(&cube, NULL, c, &w, NULL, NULL) == HST_OK) {
        hst_cube_free(cube);
    }
    hst_count_worker_clear(&w, c);
    return status;
}

/* In memory of their own, so that a sanitizer sees a byte read after the last. */
static unsigned char *copy_of(const unsigned char *bytes, size_t n)
{
    unsigned char *copy = malloc(n + (n == 0));

    assert_non_null(copy);
    memcpy(copy, bytes, n);
    return copy;
}

static void bytes_cut_short_are_refused(void **state)
{
    world w;
    process *p = NULL;

    (void)state;
    open_world(&w, NULL);
    p = begin(&w, 0, 1);
    for (size_t n = 0; n < p->n_bytes; n += n < 150 ? 1 : 1 + random_below(600)) {
        unsigned char *cut = copy_of(p->bytes, n);
        hst_error err = {0};

        assert_int_equal(add_to_nothing(&p->counting, cut, n, &err), HST_ERR_SYSTEM);
        assert_non_null(strstr(err.message, "damaged"));
        if (n >= 8) {
            sign(cut, n);
            assert_int_not_equal(add_to_nothing(&p->counting, cut, n, &err), HST_OK);
        }
        free(cut);
    }
    process_end(p);
    close_world(&w);
}

static void damaged_and_longer_bytes_are_refused(void **state)
{
    world w;
    process *p = NULL;
    unsigned char *longer = NULL;
    size_t n_accepted = 0, n_tried = 0;

    (void)state;
    open_world(&w, NULL);
    p = begin(&w, 0, 1);
    for (size_t at = 0; at < p->n_bytes; at += 1 + random_below(800)) {
        unsigned char *copy = copy_of(p->bytes, p->n_bytes);

        copy[at] ^= (unsigned char)(1 + random_below(255));
        assert_int_equal(add_to_nothing(&p->counting, copy, p->n_bytes, NULL), HST_ERR_SYSTEM);
        sign(copy, p->n_bytes); /* then it may be another count, and must do no harm */
        n_accepted += add_to_nothing(&p->counting, copy, p->n_bytes, NULL) == HST_OK;
        n_tried++;
        free(copy);
    }
    assert_true(n_tried > 100 && n_accepted > 0 && n_accepted < n_tried);
    longer = malloc(p->n_bytes + 1);
    assert_non_null(longer);
    memcpy(longer, p->bytes, p->n_bytes);
    longer[p->n_bytes - 8] = 2; /* a number 1 after the last */
    sign(longer, p->n_bytes + 1);
    assert_int_equal(add_to_nothing(&p->counting, longer, p->n_bytes + 1, NULL), HST_ERR_SYSTEM);
    free(longer);
    process_end(p);
    close_world(&w);
}

static void fill_england(process *p)
{
    p->sum.england.stay_days[7] = UINT64_MAX;
}

static void fill_supply(process *p)
{
    p->sum.supply[1].rows[17] = UINT32_MAX;
}

static void fill_stays(process *p)
{
    hst_cube_cells cells;

    assert_true(hst_cube_take(p->sum.cube, 2, 0, 1, 3, &cells));
    *hst_cube_layer(p->sum.cube, 2, &cells, 1, HST_LAYER_DAYS) = UINT64_MAX - 3;
}

static void fill_activity(process *p)
{
    hst_activity_slot *slots = p->sum.activity.slots;

    for (size_t i = 0; i < p->sum.activity.n_slots; i++) {
        if (slots[i].n > HST_ACTIVITY_LIST) {
            memset(slots[i].months.counts, 0, p->counting.activity->n_months * sizeof(uint32_t));
            slots[i].months.counts[1] = UINT32_MAX - 5;
            slots[i].n = UINT32_MAX - 5;
        }
    }
}

/* ---- keys and values that the shape does not have ---- */

static void name_another_provider(process *p)
{
    hst_activity_slot *slots = p->sum.activity.slots;

    for (size_t i = 0; i < p->sum.activity.n_slots; i++) {
        if (slots[i].key != 0) {
            slots[i].key |= UINT64_C(1) << 40; /* of 21 bits from the 21st on */
            return;
        }
    }
}

static void name_another_value(process *p)
{
    hst_cube_cells cells;
    size_t n = 0;

    hst_splits_values(p->counting.splits, N_CASES, &n);
    assert_true(hst_cube_take(p->sum.cube, N_CASES, (uint32_t)n + 1, 0, 0, &cells));
}

static void name_no_value(process *p)
{
    const cube_measure *item = &p->sum.cube->items[N_CASES];

    for (size_t i = 0; i < item->n_slots; i++) {
        if (item->slots[i].key != 0) {
            item->slots[i].key = 1; /* in the second row of the first area */
            return;
        }
    }
}

static void stay_with_another_value(process *p)
{
    size_t n = 0;

    hst_splits_values(p->counting.splits, N_CASES, &n);
    assert_true(hst_cube_add_stay(p->sum.cube, N_CASES, (uint32_t)n + 1, 0, 0, 0));
}

static void exclude_elsewhere(process *p)
{
    assert_true(hst_cube_add_excluded(p->sum.cube, 0, N_AREAS + 3, 0));
}

static struct refusal {
    const char *name;
    void (*fill)(process *p);
    bool is_sum; /* refused as it is added to another, not as it is read */
} refusals[] = {{"a provider that nobody has", name_another_provider, false},
                {"a split value that nobody has", name_another_value, false},
                {"no split value", name_no_value, false},
                {"a stay of such a value", stay_with_another_value, false},
                {"excluded in a comparator", exclude_elsewhere, false},
                {"sum of 64 bits", fill_england, true},
                {"sum of 32 bits", fill_supply, true},
                {"sum of days of stay", fill_stays, true},
                {"sum of activity", fill_activity, true}};

static void keys_and_sums_out_of_range_are_refused(void **state)
{
    const struct refusal *c = *state;
    world w;
    process *p = NULL;
    unsigned char *bytes = NULL;
    size_t n = 0;
    hst_error err = {0};

    open_world(&w, NULL);
    p = begin(&w, 0, 1);
    c->fill(p);
    assert_int_equal(hst_count_pack(&p->counting, &p->sum, &bytes, &n, NULL), HST_OK);
    assert_int_equal(add_to_nothing(&p->counting, bytes, n, &err),
                     c->is_sum ? HST_OK : HST_ERR_SYSTEM);
    if (c->is_sum) {
        assert_int_equal(hst_count_add_packed(&p->counting, &p->sum, bytes, n, &err),
                         HST_ERR_RANGE);
    }
    assert_non_null(strstr(err.message, c->is_sum ? "too large" : "damaged"));
    free(bytes);
    process_end(p);
    close_world(&w);
}

/* ---- other counts ---- */

static void ask_another_method(world *w) /* nothing has another size */
{
    static char *methods[] = {(char *)"elective"};

    set_texts(&w->list[0].where.codes[HST_WHERE_ADMISSION_METHOD], methods, 1);
}

static void ask_less(world *w)
{
    w->study.n_measures--;
}

static void ask_no_quarters(world *w)
{
    w->list[6].by = HST_BY_MONTH;
}

static void ask_shorter(world *w)
{
    w->list[3].period.to = day(2007, 1, 31);
}

static void ask_another_split(world *w)
{
    w->list[N_CASES].split = HST_SPLIT_SEX;
}

static void ask_more_bands(world *w)
{
    w->bands.n = 4;
    w->bands.lower[3] = 90;
    w->bands.upper[2] = 89;
    w->bands.upper[3] = 999;
}

static void ask_no_days(world *w)
{
    w->list[2].statistic = HST_STAT_COUNT;
}

static void ask_fewer_files(world *w)
{
    w->asked.n_segments--;
}

static void ask_one_comparator(world *w)
{
    w->study.areas.n_comparators--;
}

static void ask_no_cohorts(world *w)
{
    w->study.n_cohorts = 0;
    w->list[8].where.codes[HST_WHERE_COHORT].n = w->list[8].where.codes[HST_WHERE_NOT_COHORT].n = 0;
    w->list[N_CASES + 3].where = w->list[8].where;
}

static void ask_no_screen(world *w)
{
    w->study.breaks.screen = false;
}

static struct other_case {
    const char *name;
    void (*change)(world *w);
} other_cases[] = {{"another method", ask_another_method}, {"a measure less", ask_less},
                   {"no quarters", ask_no_quarters},       {"a shorter period", ask_shorter},
                   {"another split", ask_another_split},   {"more bands", ask_more_bands},
                   {"no days of stay", ask_no_days},       {"fewer files", ask_fewer_files},
                   {"one comparator", ask_one_comparator}, {"no cohorts", ask_no_cohorts},
                   {"no screen", ask_no_screen},           {"rows alone", ask_rows_alone}};

static void other_counts_are_refused(void **state)
{
    const struct other_case *c = *state;
    world here, there;
    process *ours = NULL, *theirs = NULL;
    hst_error err = {0};

    open_world(&here, NULL);
    open_world(&there, c->change);
    ours = begin(&here, 0, 1);
    theirs = begin(&there, 0, 1);
    assert_int_equal(
        hst_count_add_packed(&ours->counting, &ours->sum, theirs->bytes, theirs->n_bytes, &err),
        HST_ERR_USAGE);
    assert_non_null(strstr(err.message, "do not agree on what they count"));
    assert_int_equal(
        hst_count_add_packed(&theirs->counting, &theirs->sum, ours->bytes, ours->n_bytes, &err),
        HST_ERR_USAGE);
    process_end(theirs);
    process_end(ours);
    close_world(&there);
    close_world(&here);
}

/* ---- */

#define ADD_CASES(list, test)                                                                      \
    for (size_t i = 0; i < sizeof(list) / sizeof(list)[0]; i++) {                                  \
        tests[n++] = (struct CMUnitTest){                                                          \
            .name = (list)[i].name, .test_func = (test), .initial_state = &(list)[i]};             \
    }

int main(void)
{
    struct CMUnitTest tests[32] = {cmocka_unit_test(a_process_goes_on_after_packing),
                                   cmocka_unit_test(a_new_worker_takes_over_all_files),
                                   cmocka_unit_test(bytes_cut_short_are_refused),
                                   cmocka_unit_test(damaged_and_longer_bytes_are_refused)};
    size_t n = 4;

    ADD_CASES(study_cases, several_processes_count_as_one)
    ADD_CASES(refusals, keys_and_sums_out_of_range_are_refused)
    ADD_CASES(other_cases, other_counts_are_refused)
    return _cmocka_run_group_tests("count_pack", tests, n, open_store, close_store);
}
