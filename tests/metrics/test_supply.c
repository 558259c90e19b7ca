/* Providers whose rows fall away, in files made for it. */
#define _XOPEN_SOURCE 700 /* mkdtemp */
#include "episodes.h"

#include "metrics/supply_internal.h"

enum { MAX_ROWS = 20000 };

static plain_row rows[MAX_ROWS];
static size_t n_rows;

/* Rows of a provider in a month from April 2005 on; its last file is final. */
static void add(const char *provider, unsigned month, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        hst_date end = hst_date_from_civil(2005 + (int)(month + 3) / 12,
                                           (int)((month + 3) % 12) + 1, 1 + (int)(i % 28));

        rows[n_rows] = (plain_row){.file = 2,
                                   .person = n_rows,
                                   .key = n_rows + 1,
                                   .epistat = '3',
                                   .admidate = end - 2,
                                   .epistart = end - 2,
                                   .epiend = end,
                                   .disdate = end,
                                   .subdate = end,
                                   .admimeth = "21",
                                   .admisorc = "19",
                                   .disdest = "19",
                                   .provider = provider,
                                   .mainspef = "300",
                                   .tretspef = "300",
                                   .gp_practice = "",
                                   .area = "5J6"};
        for (size_t k = 0; k < N_DIAGNOSES; k++) {
            rows[n_rows].diagnoses[k] = "";
        }
        for (size_t k = 0; k < N_PROCEDURES; k++) {
            rows[n_rows].procedures[k] = "";
        }
        n_rows++;
    }
}

static void check(hst_supply_gaps *gaps, hst_ledger *ledger, double max_drop)
{
    static uint16_t month_of_day[65536];
    plain_store store = {0};
    hst_supply_tally tallies[N_FILES] = {0};
    hst_coverage coverage[HST_N_DATASETS] = {0};
    hst_mergers *mergers = NULL;
    const hst_segment *const *segments = NULL;

    write_store(&store, rows, n_rows, 4, 7, false, false);
    segments = (const hst_segment *const *)store.segments;
    hst_supply_fill_months(month_of_day);
    for (size_t s = 0; s < N_FILES; s++) {
        hst_segment_info info = *hst_segment_get_info(segments[s]);

        hst_coverage_add(&coverage[HST_DATASET_APC], &info);
        assert_int_equal(hst_supply_tally_init(&tallies[s], segments[s], NULL), HST_OK);
        tallies[s].first_month = (2007 - 1930) * 12 + 2 - HST_SUPPLY_SLOTS + 1; /* to March 2007 */
        for (size_t p = 0; p < hst_segment_n_partitions(segments[s]); p++) {
            size_t bytes = hst_segment_partition_bytes(segments[s], p);
            unsigned char *buffer = malloc(bytes + 8);

            assert_int_equal(hst_segment_read(segments[s], p, buffer, NULL), HST_OK);
            for (size_t at = 0; at < bytes;) {
                const hst_episode *e = (const hst_episode *)(const void *)(buffer + at);

                hst_supply_tally_add(&tallies[s], month_of_day, e);
                at += hst_episode_bytes(e);
            }
            free(buffer);
        }
    }
    assert_int_equal(hst_mergers_read(&mergers, NULL, NULL), HST_OK);
    assert_int_equal(hst_supply_check(gaps, tallies, segments, N_FILES, coverage, mergers, max_drop,
                                      ledger, NULL),
                     HST_OK);
    hst_mergers_free(mergers);
    for (size_t s = 0; s < N_FILES; s++) {
        hst_supply_tally_clear(&tallies[s]);
    }
    remove_store(&store);
}

static const hst_ledger_line *find(hst_ledger *ledger, const char *period, const char *provider)
{
    size_t n = 0;
    const hst_ledger_line *lines = hst_ledger_lines(ledger, &n);

    for (size_t i = 0; i < n; i++) {
        if (strcmp(lines[i].period, period) == 0 && strstr(lines[i].reason, provider)) {
            assert_string_equal(lines[i].stage, "coverage");
            return &lines[i];
        }
    }
    return NULL;
}

static bool is_short(const hst_supply_gaps *gaps, const char *label)
{
    hst_period period;

    assert_true(hst_period_parse(label, &period));
    return hst_supply_is_short(gaps, HST_DATASET_APC, &period);
}

/* RXF falls silent in November 2006, RTG halves for one month, RBA moves as chance would have it,
 * RD1 grows. */
static void holes_are_found_and_chance_is_not(void **state)
{
    static hst_supply_gaps gaps;
    hst_ledger *ledger = NULL;
    const hst_ledger_line *line = NULL;
    size_t n = 0;

    (void)state;
    n_rows = 0;
    for (unsigned month = 0; month < 24; month++) {
        add("RD1", month, 200 + 3 * month);
        add("RXF", month, month < 19 ? 97 : 0);
        add("RTG", month, month == 14 ? 40 : 120);
        add("RBA", month, month < 12 ? 60 : 52);
    }
    assert_int_equal(hst_ledger_create(&ledger, NULL), HST_OK);
    check(&gaps, ledger, 0.02);
    line = find(ledger, "2006-11", "RXF");
    assert_non_null(line);
    assert_non_null(strstr(line->reason, "no rows any more"));
    assert_int_equal(line->n, 97);
    assert_null(find(ledger, "2006-10", "RXF"));
    assert_non_null(find(ledger, "2007-03", "RXF"));
    line = find(ledger, "2006-06", "RTG");
    assert_non_null(line);
    assert_non_null(strstr(line->reason, "fewer rows than a year before"));
    assert_int_equal(line->n, 80);
    hst_ledger_lines(ledger, &n);
    assert_int_equal(n, 5 + 1); /* RBA and RD1 have none */
    assert_false(is_short(&gaps, "2006-06"));
    assert_false(is_short(&gaps, "2006-10"));
    assert_true(is_short(&gaps, "2006-11"));
    assert_true(is_short(&gaps, "2006/07 Q3"));
    assert_false(is_short(&gaps, "2006/07 Q2"));
    assert_true(is_short(&gaps, "2006/07"));
    hst_ledger_free(ledger);
}

/* RXF had a fifth of all rows: with a higher threshold the months are not short. */
static void a_threshold_above_its_share_leaves_the_month_whole(void **state)
{
    static hst_supply_gaps gaps;

    (void)state;
    check(&gaps, NULL, 0.4);
    assert_false(is_short(&gaps, "2006-11"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holes_are_found_and_chance_is_not),
        cmocka_unit_test(a_threshold_above_its_share_leaves_the_month_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
