/* Where cells stand: whatever the order of the rows, the index finds what the slots find. */
#include "tests/publish/disclosure_fixture.h"

#include "publish/disclosure_internal.h"

#define MONTHLY "  - {id: a, where: {admission_method: emergency}, statistic: "

enum { N_AREAS = 4, N_SPLITS = 3 };

typedef enum disorder {
    IN_ORDER,
    ONE_MISSING,    /* a split value of one period */
    NO_TOTAL,       /* of one period */
    TWO_EXCHANGED,  /* split values of one period */
    ALL_BACKWARDS,  /* from the last row to the first */
    OTHER_IN_FRONT, /* a split value before its total */
} disorder;

static struct index_case {
    const char *name, *measure;
    disorder disorder;
    size_t n_irregular; /* units of the first track whose cells the slots are asked for */
} index_cases[] = {
    {"rows in their order", MONTHLY "count, by: [month, quarter, year], split: sex}\n", IN_ORDER,
     0},
    {"denominators stand between", MONTHLY "readmission, unit: cips, by: quarter, split: sex}\n",
     IN_ORDER, 0},
    {"no split", MONTHLY "count, by: [month, year]}\n", IN_ORDER, 0},
    {"a split value is missing once", MONTHLY "count, by: [month, year], split: sex}\n",
     ONE_MISSING, 1},
    {"a total is missing once", MONTHLY "count, by: [month, year], split: sex}\n", NO_TOTAL, 1},
    {"two split values in another order once", MONTHLY "count, by: [month, year], split: sex}\n",
     TWO_EXCHANGED, 1},
    {"a split value before its total", MONTHLY "count, by: [month, year], split: sex}\n",
     OTHER_IN_FRONT, 1},
    {"rows from the last to the first", MONTHLY "count, by: [month, year], split: sex}\n",
     ALL_BACKWARDS, N_AREAS + 1},
};

static void exchange(release *r, size_t a, size_t b)
{
    hst_result row = r->rows[a];

    r->rows[a] = r->rows[b];
    r->rows[b] = row;
}

static void remove_row(release *r, size_t number)
{
    memmove(&r->rows[number], &r->rows[number + 1], (r->n_rows - number - 1) * sizeof r->rows[0]);
    r->n_rows--;
}

/* Rows of A2: a total, then its split values, period by period. */
static void disturb(release *r, disorder how)
{
    const size_t total = r->n_rows / (N_AREAS + 1) + 3 * (N_SPLITS + 1);

    switch (how) {
    case ONE_MISSING:
        remove_row(r, total + 2);
        break;
    case NO_TOTAL:
        remove_row(r, total);
        break;
    case TWO_EXCHANGED:
        exchange(r, total + 1, total + 2);
        break;
    case OTHER_IN_FRONT:
        exchange(r, total, total + 1);
        break;
    case ALL_BACKWARDS:
        for (size_t i = 0; i < r->n_rows / 2; i++) {
            exchange(r, i, r->n_rows - 1 - i);
        }
        break;
    default:
        break;
    }
    r->publication.n_results = r->n_rows;
}

/* Asks both for every unit, split value and period of a track. */
static size_t compare_track(const disclosure_tracks *tracks, uint16_t number)
{
    const disclosure_track_info *track = &tracks->items[number];
    size_t n_found = 0;

    for (uint32_t unit = 0; unit < tracks->n_groups + tracks->n_areas; unit++) {
        for (uint16_t split = 0; split < tracks->cells->n_splits; split++) {
            cell_line line = disclosure_line_of(tracks, unit, number, split);

            for (size_t type = 0; type < N_PERIOD_TYPES; type++) {
                for (size_t i = 0; i < track->n_periods[type]; i++) {
                    cell_span span = track->periods[type][i];
                    cell_key key = {unit, number, split, span.from, span.to};
                    size_t period = 0;

                    assert_true(disclosure_find_period(track, type, span, &period));
                    assert_int_equal(disclosure_cell_on(&line, period),
                                     disclosure_cell_at(tracks->cells, &key));
                    n_found += disclosure_cell_on(&line, period) != CELL_NONE;
                }
            }
        }
    }
    return n_found;
}

static void index_finds_what_slots_find(void **state)
{
    const struct index_case *c = *state;
    release *r = open_release(N_AREAS, NULL, c->measure);
    base_counts counts = {0};
    disclosure_cells cells = {0};
    disclosure_tracks tracks = {0};
    const disclosure_rule rule = {.min = 8, .round = 5, .decimals = 1};
    size_t n_found = 0, n_irregular = 0;

    for (size_t i = 0; i < N_AREAS * MAX_PERIODS * MAX_SPLITS; i++) {
        counts.n[i / MAX_SPLITS / MAX_PERIODS][i / MAX_SPLITS % MAX_PERIODS][i % MAX_SPLITS] =
            (int64_t)(i * 7 % 23);
    }
    add_measure(r, 0, &counts, r->study->measures[0].split == HST_SPLIT_NONE ? 0 : N_SPLITS);
    disturb(r, c->disorder);
    assert_int_equal(disclosure_cells_create(&cells, &r->publication, &rule, &r->err), HST_OK);
    assert_int_equal(disclosure_tracks_create(&tracks, &cells, &r->err), HST_OK);
    for (size_t t = 0; t < tracks.n; t++) {
        n_found += compare_track(&tracks, (uint16_t)t);
    }
    assert_int_equal(n_found, cells.n);
    for (size_t u = 0; u < tracks.n_groups + tracks.n_areas; u++) {
        n_irregular += tracks.items[0].units[u].is_irregular;
    }
    assert_int_equal(n_irregular, c->n_irregular);
    disclosure_tracks_clear(&tracks);
    disclosure_cells_clear(&cells);
    close_release(r);
}

int main(void)
{
    enum { N = sizeof index_cases / sizeof *index_cases };
    struct CMUnitTest tests[N];

    for (size_t i = 0; i < N; i++) {
        tests[i] = (struct CMUnitTest){.name = index_cases[i].name,
                                       .test_func = index_finds_what_slots_find,
                                       .initial_state = &index_cases[i]};
    }
    return cmocka_run_group_tests_name("publish/disclosure_index", tests, NULL, NULL);
}
