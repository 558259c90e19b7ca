/* Services of a study file: what is read, what is filled in, what is refused, and where. */
#include "tests/ingest/study_support.h"

#define COMPARED                                                                                   \
    "areas: {sites: [5NK, 5J6], comparators: [{name: England, areas: all},\n"                      \
    "    {name: Similar areas, file: /dev/null}]}\n"
#define MANY                                                                                       \
    "measures:\n"                                                                                  \
    "  - {id: los, statistic: mean_los, by: month, period: {from: 2008-04-01, to: 2011-02-28}}\n"  \
    "  - {id: n, statistic: count, by: [quarter, year]}\n"                                         \
    "  - {id: spread, statistic: hhi, by: quarter}\n"                                              \
    "  - {id: early, statistic: count, period: {from: 2008-04-01, to: 2009-03-31}}\n"              \
    "  - {id: late, statistic: count, period: {from: 2009-04-01, to: 2011-03-31}}\n"               \
    "  - {id: list, dataset: table, file: /dev/null, statistic: growth, base: 2008/09, by: "       \
    "year}\n"

/* A service on line 15; one on line 13 of a study without comparators is ALONE. */
#define SERVICE(text) STUDY PERIOD EXTRACTS COMPARED MANY PUBLISH "impact:\n  - {" text "}\n"
#define ALONE(text) STUDY PERIOD EXTRACTS MANY PUBLISH "impact:\n  - {" text "}\n"
#define AT "id: s, measures: n, date: 2010-04-01"
#define LOS "id: s, measures: los, date: 2010-10-01"

static hst_study *read_text(const char *text)
{
    char folder[64], path[96];
    hst_study *study = NULL;

    make_place(folder, path);
    write_text(path, text);
    study = read_study(path);
    remove_place(folder, path);
    return study;
}

static void assert_days(hst_window window, const char *from, const char *to)
{
    char text[11];

    hst_date_format(window.from, text);
    assert_string_equal(text, from);
    hst_date_format(window.to, text);
    assert_string_equal(text, to);
}

static void smallest_service_gets_defaults(void **state)
{
    hst_study *study = read_text(SERVICE(AT));
    const hst_study_impact *impact = &study->impacts[0];

    (void)state;
    assert_int_equal(study->n_impacts, 1);
    assert_string_equal(impact->id, "s");
    assert_string_equal(impact->title, "s");
    assert_texts(&impact->sites, "5NK 5J6");
    assert_texts(&impact->measures, "n");
    assert_int_equal(impact->n_dates, 1);
    assert_int_equal(impact->dates[0], day("2010-04-01"));
    assert_days(impact->phase_in, "", "");
    assert_days(impact->window, "", "");
    assert_days(impact->review, "2010-04-01", "2011-03-31");
    assert_days(impact->baseline, "2009-04-01", "2010-03-31");
    assert_int_equal(impact->by, 0);
    assert_texts(&impact->comparators, "England Similar areas");
    assert_int_equal(impact->expected, HST_EXPECTED_NONE);
    assert_int_equal(impact->methods, 1u << HST_IMPACT_ITS | 1u << HST_IMPACT_PRE_POST);
    assert_int_equal(impact->primary, HST_IMPACT_ITS);
    assert_close(impact->meaningful, 0.1, 0);
    assert_int_equal(impact->options.its_model, HST_MODEL_AUTO);
    assert_int_equal(impact->options.its_season, HST_SEASON_AUTO);
    assert_int_equal(impact->options.its_errors, HST_ERRORS_ROBUST);
    assert_int_equal(impact->options.its_lag, -1);
    assert_true(impact->options.its_slope);
    assert_int_equal(impact->options.trend_errors, HST_TREND_BY_OLS);
    assert_int_equal(impact->options.trend_lag, -1);
    assert_int_equal(impact->options.did_variance, HST_DID_BY_PLACEBO);
    assert_false(impact->options.did_pooled);
    assert_int_equal(impact->options.pre_post_interval, HST_PRE_POST_EXACT);
    assert_false(impact->options.spc_unscreened);
    assert_int_equal(impact->line, 15);
    assert_true(study->breaks.screen); /* because there is a service */
    hst_study_free(study);
}

static void every_key_of_a_service_is_read(void **state)
{
    hst_study *study =
        read_text(STUDY PERIOD EXTRACTS COMPARED MANY PUBLISH
                  "breaks: {screen: false, p: 0.05, size: 0.3, monthly: 12}\n"
                  "impact:\n"
                  "  - &memory\n"
                  "    id: memory\n"
                  "    title: Memory service\n"
                  "    site: 5NK\n"
                  "    measures: [los, n]\n"
                  "    dates: [2009-10-01, 2010-10-01]\n"
                  "    phase_in: {from: 2009-10-01, to: 2009-12-31}\n"
                  "    window: {from: 2008-07-01, to: 2011-01-31}\n"
                  "    baseline: {from: 2008-10-01, to: 2009-03-31}\n"
                  "    review: {from: 2010-10-01, to: 2010-12-31}\n"
                  "    comparators: Similar areas\n"
                  "    expected: lower\n"
                  "    methods: [spc, pre_post, trend, did, synthetic_control, its]\n"
                  "    primary: did\n"
                  "    meaningful: 0.25\n"
                  "    options:\n"
                  "      its: {model: ols, season: fourier, errors: model, slope: false}\n"
                  "      trend: {errors: newey-west, lag: 0}\n"
                  "      did: {variance: cluster, model: pooled}\n"
                  "      pre_post: {interval: mid-p}\n"
                  "      spc: {screen: false}\n"
                  "  - <<: *memory\n"
                  "    id: again\n"
                  "    measures: n\n"
                  "    by: quarter\n"
                  "    primary: trend\n"
                  "    options: {its: {lag: 3, model: negbin}, trend: {errors: prais-winsten}}\n");
    const hst_study_impact *impact = &study->impacts[0], *again = &study->impacts[1];

    (void)state;
    assert_string_equal(impact->title, "Memory service");
    assert_texts(&impact->sites, "5NK");
    assert_texts(&impact->measures, "los n");
    assert_int_equal(impact->n_dates, 2);
    assert_int_equal(impact->dates[1], day("2010-10-01"));
    assert_days(impact->phase_in, "2009-10-01", "2009-12-31");
    assert_days(impact->window, "2008-07-01", "2011-01-31");
    assert_days(impact->baseline, "2008-10-01", "2009-03-31");
    assert_days(impact->review, "2010-10-01", "2010-12-31");
    assert_texts(&impact->comparators, "Similar areas");
    assert_int_equal(impact->expected, HST_EXPECTED_LOWER);
    assert_int_equal(impact->methods, (1u << HST_N_IMPACT_METHODS) - 1);
    assert_int_equal(impact->primary, HST_IMPACT_DID);
    assert_close(impact->meaningful, 0.25, 0);
    assert_int_equal(impact->options.its_model, HST_MODEL_OLS);
    assert_int_equal(impact->options.its_season, HST_SEASON_FOURIER);
    assert_int_equal(impact->options.its_errors, HST_ERRORS_MODEL);
    assert_false(impact->options.its_slope);
    assert_int_equal(impact->options.trend_lag, 0);
    assert_int_equal(impact->options.did_variance, HST_DID_BY_CLUSTER);
    assert_true(impact->options.did_pooled);
    assert_int_equal(impact->options.pre_post_interval, HST_PRE_POST_MID_P);
    assert_true(impact->options.spc_unscreened);
    assert_string_equal(again->id, "again");
    assert_string_equal(again->title, "Memory service"); /* merged */
    assert_int_equal(again->by, HST_BY_QUARTER);
    assert_int_equal(again->options.its_lag, 3);
    assert_int_equal(again->options.its_model, HST_MODEL_NEGBIN);
    assert_true(again->options.its_slope); /* replaced as a whole */
    assert_int_equal(again->options.trend_errors, HST_TREND_BY_PRAIS_WINSTEN);
    assert_false(study->breaks.screen);
    assert_close(study->breaks.max_p, 0.05, 0);
    assert_close(study->breaks.min_size, 0.3, 0);
    assert_close(study->breaks.min_monthly, 12, 0);
    hst_study_free(study);
}

static struct days_case {
    const char *name, *text;
    const char *review_from, *review_to, *baseline_from, *baseline_to;
} days_cases[] = {
    {"six months to the end of the measure", SERVICE(LOS), "2010-10-01", "2011-02-28", "2009-10-01",
     "2010-02-28"},
    {"a year at most", SERVICE("id: s, measures: n, date: 2009-07-01"), "2009-07-01", "2010-06-30",
     "2008-07-01", "2009-06-30"},
    {"to the end of the window", SERVICE(LOS ", window: {from: 2008-04-01, to: 2010-12-31}"),
     "2010-10-01", "2010-12-31", "2009-10-01", "2009-12-31"},
    {"measures' common window", SERVICE("id: s, measures: [n, los], date: 2010-10-01"),
     "2010-10-01", "2011-02-28", "2009-10-01", "2010-02-28"},
    {"last of the dates, years before the first",
     SERVICE("id: s, measures: n, dates: [2009-07-01, 2010-10-01]"), "2010-10-01", "2011-03-31",
     "2008-10-01", "2009-03-31"},
    {"baseline of a review of two years",
     "study: s\nperiod: {from: 2006-04-01, to: 2012-03-31}\n" EXTRACTS "areas: {sites: 5NK}\n"
     "measures: {id: n, statistic: count}\n" PUBLISH
     "impact: {id: s, measures: n, date: 2010-04-01, review: {from: 2010-04-01, to: 2012-03-31}}\n",
     "2010-04-01", "2012-03-31", "2008-04-01", "2010-03-31"},
    {"February of a leap year is whole",
     "study: s\nperiod: {from: 2007-04-01, to: 2009-02-28}\n" EXTRACTS "areas: {sites: 5NK}\n"
     "measures: {id: n, statistic: count, by: month}\n" PUBLISH
     "impact: {id: s, measures: n, date: 2009-02-01}\n",
     "2009-02-01", "2009-02-28", "2008-02-01", "2008-02-29"},
    {"29 February has no year before",
     "study: s\nperiod: {from: 2006-04-01, to: 2008-04-30}\n" EXTRACTS "areas: {sites: 5NK}\n"
     "measures: {id: n, statistic: count, by: month}\n" PUBLISH
     "impact: {id: s, measures: n, date: 2008-02-29}\n",
     "2008-02-29", "2008-04-30", "2007-03-01", "2007-04-30"},
    {"own review, default baseline", SERVICE(LOS ", review: {from: 2010-12-01, to: 2011-01-31}"),
     "2010-12-01", "2011-01-31", "2009-12-01", "2010-01-31"},
    {"phase-in up to the day before", SERVICE(AT ", phase_in: {from: 2010-01-01, to: 2010-03-31}"),
     "2010-04-01", "2011-03-31", "2009-04-01", "2010-03-31"},
    {"trend without date", SERVICE("id: s, measures: los, methods: trend"), "", "", "", ""},
    {"trend without date, days given",
     SERVICE("id: s, measures: los, methods: trend, baseline: {from: 2008-04-01, to: 2008-06-30}, "
             "review: {from: 2010-04-01, to: 2010-06-30}"),
     "2010-04-01", "2010-06-30", "2008-04-01", "2008-06-30"},
};

static void days_of_the_review_are_filled_in(void **state)
{
    const struct days_case *c = *state;
    hst_study *study = read_text(c->text);

    assert_days(study->impacts[0].review, c->review_from, c->review_to);
    assert_days(study->impacts[0].baseline, c->baseline_from, c->baseline_to);
    hst_study_free(study);
}

static struct primary_case {
    const char *name, *text;
    hst_impact_method primary;
} primary_cases[] = {
    {"its before what is listed first", SERVICE(AT ", methods: [pre_post, did, its]"),
     HST_IMPACT_ITS},
    {"first listed", SERVICE(AT ", methods: [did, pre_post]"), HST_IMPACT_DID},
    {"first listed that has a p", SERVICE(AT ", methods: [spc, trend]"), HST_IMPACT_TREND},
    {"as declared", SERVICE(AT ", methods: [its, pre_post], primary: pre_post"),
     HST_IMPACT_PRE_POST},
    {"values only",
     SERVICE("id: s, measures: [spread, list], methods: [trend, spc], "
             "date: 2010-04-01"),
     HST_IMPACT_TREND},
};

static void primary_is_declared_or_chosen(void **state)
{
    const struct primary_case *c = *state;
    hst_study *study = read_text(c->text);

    assert_int_equal(study->impacts[0].primary, c->primary);
    hst_study_free(study);
}

static void service_can_have_sites_of_its_own(void **state)
{
    hst_study *study = read_text(ALONE(AT ", sites: [5QL, 5J6]"));

    (void)state;
    assert_texts(&study->impacts[0].sites, "5QL 5J6");
    assert_int_equal(study->impacts[0].comparators.n, 0);
    hst_study_free(study);
}

#define LINE ", line 15, "

static fault_case fault_cases[] = {
    {"no id", SERVICE("measures: n"), LINE "column 6: a service needs the key `id`"},
    {"no measures", SERVICE("id: s, date: 2010-04-01"), "a service needs the key `measures`"},
    {"unknown key", SERVICE(AT ", expects: lower"),
     LINE "column 44: unknown key `expects` of a service; did you mean `expected`?"},
    {"ids twice", SERVICE(AT "}\n  - {" AT),
     ", line 16, column 10: two services have the id `s` (the other is on line 15)"},
    {"site and sites", SERVICE(AT ", site: 5NK, sites: 5J6"),
     "`site` and `sites` are two names of one list"},
    {"date and dates", SERVICE(AT ", dates: [2010-04-01]"),
     "`date` and `dates` are two names of one list"},
    {"list for a site", SERVICE(AT ", site: [5NK, 5J6]"), "`site` takes a single value"},
    {"a site twice", SERVICE(AT ", sites: [5NK, 5NK]"), "`sites` names `5NK` twice"},
    {"no sites at all", ALONE(AT), ", line 13, column 6: service `s` has no `sites`"},
    {"unknown measure", SERVICE("id: s, measures: [n, lose], date: 2010-04-01"),
     LINE "column 27: `measures`: the study has no measure `lose`; did you mean `los`?"},
    {"unknown measure far from any", SERVICE("id: s, measures: quux, date: 2010-04-01"),
     "`measures`: the study has no measure `quux`; define it in `measures`"},
    {"a measure twice", SERVICE("id: s, measures: [n, n], date: 2010-04-01"),
     "`measures` names `n` twice"},
    {"unknown comparator", SERVICE(AT ", comparators: Englnd"),
     "`comparators`: the study has no comparator `Englnd`; did you mean `England`?"},
    {"comparator of a study without", ALONE(AT ", site: 5NK, comparators: England"),
     "the study has no comparator `England`; define it in `areas: {comparators: ..}`"},
    {"a comparator twice", SERVICE(AT ", comparators: [England, England]"),
     "`comparators` names `England` twice"},
    {"unknown method", SERVICE(AT ", methods: [its, didd]"),
     LINE "column 59: unknown `methods`: `didd`; did you mean `did`?"},
    {"unknown expectation", SERVICE(AT ", expected: better"),
     "unknown `expected`: `better`; it can be lower, higher or none"},
    {"primary not among methods", SERVICE(AT ", primary: did"),
     LINE "column 53: `primary: did` of service `s` is not among its `methods`; add it there"},
    {"primary without p", SERVICE(AT ", methods: [spc, its], primary: spc"),
     "`primary: spc` of service `s`: a control chart has no p"},
    {"nothing with a p", SERVICE(AT ", methods: spc"),
     "`methods: spc` of service `s` has no p that could decide"},
    {"did without comparators", ALONE(AT ", site: 5NK, methods: [its, did]"),
     "`did` of service `s` compares with other areas, and the study has no comparators"},
    {"concentration by its", SERVICE("id: s, measures: [n, spread], date: 2010-04-01"),
     LINE "column 6: measure `spread` of service `s` (hhi) has values without events, which only "
          "trend and spc can test"},
    {"table before and after",
     SERVICE("id: s, measures: list, date: 2010-04-01, methods: "
             "[trend, pre_post]"),
     "measure `list` of service `s` (dataset: table) has values without events"},
    {"mean stay as a count", SERVICE(LOS ", options: {its: {model: poisson}}"),
     LINE "column 69: `model: poisson` of service `s` is for counts, and measure `los` is a mean"},
    {"lag without use", SERVICE(AT ", options: {its: {errors: model, lag: 3}}"),
     "`lag` goes with `errors: newey-west`, not with model"},
    {"lag of the trend without use", SERVICE(AT ", options: {trend: {errors: ols, lag: 3}}"),
     "`lag` goes with `errors: newey-west`, not with ols"},
    {"unknown option", SERVICE(AT ", options: {its: {models: ols}}"),
     "unknown key `models` of `its`; did you mean `model`?"},
    {"unknown model", SERVICE(AT ", options: {its: {model: gamma}}"), "unknown `model`: `gamma`"},
    {"nothing is meaningful", SERVICE(AT ", meaningful: 0"), "`meaningful` is a share"},
    {"ten times is meaningful", SERVICE(AT ", meaningful: 10"),
     LINE "column 56: `meaningful` is a share of the level before, above 0 and up to 1 (0.10 is 10 "
          "%)"},
    {"length that a measure does not have", SERVICE(AT ", by: month"),
     LINE "column 48: measure `n` of service `s` is not counted by month: add month to its `by`"},
    {"no date", SERVICE("id: s, measures: n"),
     LINE "column 6: service `s` has no `date`, which pre_post needs; only trend can do without"},
    {"chart without date", SERVICE("id: s, measures: n, methods: [trend, spc]"),
     "service `s` has no `date`, which spc needs"},
    {"date before the window", SERVICE("id: s, measures: n, date: 2008-03-31"),
     LINE "column 32: 2008-03-31 of service `s` is not inside its window with days before it "
          "(2008-04-01 to 2011-03-31)"},
    {"nothing before the date", SERVICE("id: s, measures: n, date: 2008-04-01"),
     "2008-04-01 of service `s` is not inside its window with days before it"},
    {"date after the window", SERVICE("id: s, measures: [n, los], date: 2011-03-01"),
     "(2008-04-01 to 2011-02-28)"},
    {"date after a window given",
     SERVICE("id: s, measures: n, date: 2010-04-01, window: {from: 2008-04-01, to: 2010-03-31}"),
     "2010-04-01 of service `s` is not inside its window with days before it (2008-04-01 to "
     "2010-03-31)"},
    {"dates not in order", SERVICE("id: s, measures: n, dates: [2010-04-01, 2009-04-01]"),
     LINE "column 46: `dates` of service `s` are not in order: 2009-04-01"},
    {"one date twice", SERVICE("id: s, measures: n, dates: [2010-04-01, 2010-04-01]"),
     "`dates` of service `s` are not in order"},
    {"nine dates",
     SERVICE("id: s, measures: n, dates: [2009-01-01, 2009-02-01, 2009-03-01, 2009-04-01, "
             "2009-05-01, 2009-06-01, 2009-07-01, 2009-08-01, 2009-09-01]"),
     "a service can have 8 `dates`, and here are 9"},
    {"no year in the window",
     SERVICE("id: s, measures: n, by: year, date: 2010-10-01, methods: trend, "
             "window: {from: 2009-10-01, to: 2011-01-31}"),
     "`window` of service `s` holds no complete period of measure `n`"},
    {"no days in common", SERVICE("id: s, measures: [early, late], date: 2009-04-01"),
     "the measures of service `s` have no day in common"},
    {"window outside a measure", SERVICE(LOS ", window: {from: 2008-04-01, to: 2011-03-31}"),
     "`window` of service `s` is not inside the period of measure `los`, 2008-04-01 to "
     "2011-02-28"},
    {"window backwards", SERVICE(AT ", window: {from: 2011-04-01, to: 2010-03-31}"),
     "`window` ends before it begins"},
    {"baseline backwards", SERVICE(AT ", baseline: {from: 2010-03-31, to: 2009-04-01}"),
     "`baseline` ends before it begins"},
    {"review backwards", SERVICE(AT ", review: {from: 2011-03-31, to: 2010-04-01}"),
     "`review` ends before it begins"},
    {"phase-in over before", SERVICE(AT ", phase_in: {from: 2009-10-01, to: 2010-03-30}"),
     "`phase_in` of service `s` is over before its date; it must touch or follow it"},
    {"phase-in past the window", SERVICE(AT ", phase_in: {from: 2010-04-01, to: 2011-04-01}"),
     "`phase_in` of service `s` is not inside its window, 2008-04-01 to 2011-03-31"},
    {"phase-in without date",
     SERVICE("id: s, measures: n, methods: trend, phase_in: {from: "
             "2010-04-01, to: 2010-06-30}"),
     "`phase_in` of service `s` needs a `date`"},
    {"baseline with the service", SERVICE(AT ", baseline: {from: 2009-04-01, to: 2010-04-01}"),
     LINE "column 55: `baseline` of service `s` ends after the service began"},
    {"baseline before the window", SERVICE(AT ", baseline: {from: 2007-04-01, to: 2008-03-31}"),
     "`baseline` of service `s` is not inside its window"},
    {"review before the service", SERVICE(AT ", review: {from: 2010-03-31, to: 2010-12-31}"),
     LINE "column 53: `review` of service `s` begins before the service did"},
    {"review past the window", SERVICE(AT ", review: {from: 2010-04-01, to: 2011-04-30}"),
     "`review` of service `s` is not inside its window, 2008-04-01 to 2011-03-31"},
    {"no year before the review", SERVICE("id: s, measures: n, date: 2008-10-01"),
     "service `s` needs a `baseline`: the months of its review before its (first) date, 2007-10-01 "
     "to 2008-09-30, are not inside its window"},
    {"no quarter in the review", SERVICE(AT ", review: {from: 2010-04-02, to: 2010-07-31}"),
     "`review` of service `s` holds no complete period of measure `n`"},
    {"no year in the baseline",
     SERVICE(AT ", by: year, baseline: {from: 2009-10-01, to: 2010-03-31}"),
     "`baseline` of service `s` holds no complete period of measure `n`"},
    {"review alone without date",
     SERVICE("id: s, measures: n, methods: trend, review: {from: "
             "2010-04-01, to: 2010-06-30}"),
     "service `s` has no `date`; give it both `baseline` and `review`, or neither"},
    {"review before the baseline without date",
     SERVICE("id: s, measures: n, methods: trend, review: {from: 2009-04-01, to: 2009-06-30}, "
             "baseline: {from: 2009-04-01, to: 2009-06-30}"),
     "`baseline` of service `s` does not end before its `review`"},
    {"share of the screen over one", WITH("breaks: {p: 5}\n"), "`p` is a share, from 0 to 1"},
    {"share of the screen of nothing", WITH("breaks: {p: 0}\n"), "`p` must be greater than 0"},
    {"unknown key of the screen", WITH("breaks: {min: 5}\n"), "unknown key `min` of `breaks`"},
};

int main(void)
{
    enum {
        N_DAYS = sizeof days_cases / sizeof *days_cases,
        N_PRIMARIES = sizeof primary_cases / sizeof *primary_cases,
        N_FAULTS = sizeof fault_cases / sizeof *fault_cases,
        N_OTHERS = 3
    };
    struct CMUnitTest tests[N_DAYS + N_PRIMARIES + N_FAULTS + N_OTHERS] = {
        cmocka_unit_test(smallest_service_gets_defaults),
        cmocka_unit_test(every_key_of_a_service_is_read),
        cmocka_unit_test(service_can_have_sites_of_its_own),
    };
    size_t n = N_OTHERS;

    for (size_t i = 0; i < N_DAYS; i++) {
        tests[n++] = (struct CMUnitTest){.name = days_cases[i].name,
                                         .test_func = days_of_the_review_are_filled_in,
                                         .initial_state = &days_cases[i]};
    }
    for (size_t i = 0; i < N_PRIMARIES; i++) {
        tests[n++] = (struct CMUnitTest){.name = primary_cases[i].name,
                                         .test_func = primary_is_declared_or_chosen,
                                         .initial_state = &primary_cases[i]};
    }
    for (size_t i = 0; i < N_FAULTS; i++) {
        tests[n++] = (struct CMUnitTest){.name = fault_cases[i].name,
                                         .test_func = fault_is_told_with_its_place,
                                         .initial_state = &fault_cases[i]};
    }
    return _cmocka_run_group_tests("study_impact", tests, n, NULL, NULL);
}
