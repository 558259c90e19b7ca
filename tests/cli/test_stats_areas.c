/* hestia stats isr, smr, acs-score, hhi, growth, site-score, mean-los, std-mean-los, bed-day-rate
 * and dsr of people by number of events, run as a program: golden a, d, e and i, and what is
 * refused. */
#define _DEFAULT_SOURCE /* mkdtemp */
#include "tests/cli/stats_program.h"

/* ---- golden numbers: columns of the program's answer beside the golden table's ---- */

enum { MAX_COLUMNS = 10 };

static struct golden_case {
    const char *name, *arguments, *expected;
    double tolerance;
    const char *columns[MAX_COLUMNS][2]; /* ours, theirs */
} golden_cases[] = {
    {"golden isr",
     "isr d_indirect/input_areas.csv --by area --reference d_indirect/input_reference.csv "
     "--confidence 95,99.8",
     "d_indirect/expected_israte.csv",
     1e-9,
     {{"observed", "observed"},
      {"expected", "expected"},
      {"value", "value"},
      {"lowercl", "lower95"},
      {"uppercl", "upper95"},
      {"lower998", "lower998"},
      {"upper998", "upper998"},
      {"ref_rate", "ref_rate"}}},
    {"golden smr",
     "smr d_indirect/input_areas.csv --by area --reference d_indirect/input_reference.csv "
     "--strata age_lower --confidence 95,99.8 --per 100",
     "d_indirect/expected_smr.csv",
     1e-9,
     {{"expected", "expected"},
      {"value", "value"},
      {"lowercl", "lower95"},
      {"uppercl", "upper95"},
      {"lower998", "lower998"},
      {"upper998", "upper998"}}},
    {"golden isr against the pooled areas",
     "isr d_indirect/input_acs.csv --by area --reference pooled",
     "d_indirect/expected_acs.csv",
     1e-9,
     {{"observed", "observed"},
      {"expected", "expected"},
      {"value", "isr"},
      {"lowercl", "lower95"},
      {"uppercl", "upper95"},
      {"ref_rate", "ref_rate"}}},
    {"golden acs-score",
     "acs-score d_indirect/expected_acs.csv",
     "d_indirect/expected_acs.csv",
     1e-8,
     {{"imd", "imd"},
      {"isr", "isr"},
      {"fitted", "fitted"},
      {"residual", "residual"},
      {"rstandard", "rstandard"},
      {"stanine", "stanine"}}},
    {"golden acs-score by rank",
     "acs_score --by-rank d_indirect/expected_acs.csv",
     "d_indirect/expected_acs.csv",
     1e-8,
     {{"rstandard", "rstandard"}, {"stanine", "stanine_rank"}}},
    {"golden repeat-adjusted dsr",
     "dsr --interval repeat-adjusted a_dsr/input_eventfreq.csv --by area --confidence 95,99.8",
     "a_dsr/expected_eventfreq.csv",
     1e-9,
     {{"total_count", "total_events"},
      {"value", "value"},
      {"variance", "variance_adjusted"},
      {"lowercl", "lower95_adjusted"},
      {"uppercl", "upper95_adjusted"},
      {"lower998", "lower998_adjusted"},
      {"upper998", "upper998_adjusted"}}},
    {"golden mean-los",
     "mean-los e_los/input_spells.csv --by area --confidence 95,99.8",
     "e_los/expected_mean.csv",
     1e-9,
     {{"n", "n"},
      {"value", "mean"},
      {"lowercl", "lower95"},
      {"uppercl", "upper95"},
      {"lower998", "lower998"},
      {"upper998", "upper998"}}},
    {"golden quantiles",
     "mean_los e_los/input_spells.csv --by area",
     "e_los/expected_robust.csv",
     1e-9,
     {{"q1", "q1"},
      {"median", "median"},
      {"q3", "q3"},
      {"p90", "p90_type7"},
      {"trimmed_mean", "trim_fraction05_mean"}}},
    {"golden trimmed means",
     "mean-los e_los/input_spells.csv --by area --trim 0.1",
     "e_los/expected_robust.csv",
     1e-9,
     {{"trimmed_mean", "trim_fraction10_mean"}}},
    {"golden std-mean-los",
     "std-mean-los e_los/input_spells.csv --by area --standard e_los/std_admissions.csv "
     "--confidence 95,99.8",
     "e_los/expected_std_mean.csv",
     1e-9,
     {{"n", "n"},
      {"value", "std_mean"},
      {"se", "se"},
      {"lowercl", "lower95"},
      {"uppercl", "upper95"},
      {"lower998", "lower998"},
      {"upper998", "upper998"}}},
    {"golden bed-day-rate",
     "bed-day-rate e_los/input_spells.csv --by area --population e_los/input_population.csv",
     "e_los/expected_bedday_rate.csv",
     1e-9,
     {{"admissions", "admissions"},
      {"bed_days", "bed_days"},
      {"value", "rate_per_1000"},
      {"se", "se"},
      {"lowercl", "phe_nonindep_lower95"},
      {"uppercl", "phe_nonindep_upper95"}}},
    {"golden bed-day-rate, normal",
     "bed-day-rate e_los/input_spells.csv --by area --population e_los/input_population.csv "
     "--interval normal",
     "e_los/expected_bedday_rate.csv",
     1e-9,
     {{"lowercl", "normal_lower95"}, {"uppercl", "normal_upper95"}}},
    {"golden bed-day-rate, log",
     "bed-day-rate e_los/input_spells.csv --by area --population e_los/input_population.csv "
     "--interval log",
     "e_los/expected_bedday_rate.csv",
     1e-9,
     {{"lowercl", "log_lower95"}, {"uppercl", "log_upper95"}}},
    {"golden bed-day-rate, gamma",
     "bed-day-rate e_los/input_spells.csv --by area --population e_los/input_population.csv "
     "--interval gamma",
     "e_los/expected_bedday_rate.csv",
     1e-9,
     {{"lowercl", "gamma_lower95"}, {"uppercl", "gamma_upper95"}}},
    {"golden hhi",
     "hhi i_spc_funnel/input_hhi.csv",
     "i_spc_funnel/expected_hhi.csv",
     1e-9,
     {{"n_providers", "n_providers"},
      {"total", "total"},
      {"hhi", "hhi"},
      {"effective_providers", "effective_providers"}}},
};

static void golden(void **state)
{
    const struct golden_case *c = *state;
    hst_table *expected = golden_read(c->expected), *actual = run_well(c->arguments, NULL);
    size_t n = hst_table_n_rows(expected);

    assert_int_equal(hst_table_n_rows(actual), n);
    for (size_t row = 0; row < n; row++) {
        size_t at = 0;

        while (strcmp(golden_text(actual, at, "area"), golden_text(expected, row, "area")) != 0) {
            at++;
            assert_true(at < n);
        }
        for (size_t i = 0; i < MAX_COLUMNS && c->columns[i][0]; i++) {
            assert_close(number(actual, at, c->columns[i][0]),
                         golden_number(expected, row, c->columns[i][1]), c->tolerance);
        }
    }
    hst_table_free(expected);
    hst_table_free(actual);
}

/* ---- small tables; `side` is what SIDE stands for in the arguments ---- */

static struct small_case {
    const char *name, *arguments, *side, *input, *output;
} small_cases[] = {
    {"the year of the reference is the group's", "smr --by area,year --reference SIDE",
     "year,age_lower,ref_events,ref_population\n"
     "2009,0,10,100\n2009,65,30,100\n2010,0,20,100\n2010,65,60,100\n",
     "area,year,age_lower,events,population\n"
     "A,2009,0,2,10\nA,2009,65,5,10\nA,2010,0,4,10\nA,2010,65,12,10\n",
     "area,year,observed,expected,value,lowercl,uppercl,method,ref_rate,note\n"
     "A,2009,7,4,1.75,0.703590762879965,3.605668840425594,Exact,20000,\n"
     "A,2010,16,8,2,1.142438614817573,3.248054774257657,Byars,40000,\n"},
    {"what an isr refuses", "isr --by g --reference SIDE",
     "age_lower,ref_events,ref_population\n0,0,50\n65,30,0\n",
     "g,age_lower,events,population\n"
     "a,0,1,5\n"            /* no row of the other stratum */
     "b,0,1,5\nb,65,NA,5\n" /* missing */
     "c,0,1,5\nc,65,1,5\n"  /* people where the reference has nobody */
     "d,0,1,5\nd,65,0,0\n"  /* nothing expected */
     "e,0,1,5\ne,65,1,5\ne,80,1,5\n",
     "g,observed,expected,value,lowercl,uppercl,method,ref_rate,note\n"
     "a,,,,,,,,not computed: a stratum of the reference has no row\n"
     "b,,,,,,,,not computed: a value is missing\n"
     "c,,,,,,,,not computed: nobody in a stratum of the reference\n"
     "d,,,,,,,,not computed: nothing is expected\n"
     "e,,,,,,,,not computed: a stratum is not in the reference\n"},
    {"a pooled reference of other strata", "smr --by g --reference pooled --strata ward", NULL,
     "g,ward,events,population\na,x,10,100\na,y,20,100\nb,x,30,300\nb,y,0,100\n",
     "g,observed,expected,value,lowercl,uppercl,method,ref_rate,note\n"
     "a,30,20,1.5,1.0118469546633195,2.141418597099935,Byars,10000,\n"
     "b,30,40,0.75,0.5059234773316598,1.0707092985499675,Byars,10000,\n"},
    {"scores need a line", "acs-score", NULL,
     "area,observed,expected,ref_rate,imd\nA,10,8,100,17.3\nB,9,8,100,20\nC,,8,100,30\n"
     "D,9,0,100,30\n",
     "area,observed,expected,ref_rate,imd,isr,fitted,residual,rstandard,stanine,score,note\n"
     "A,10,8,100,17.3,125,,,,,,not computed: a line takes three areas or more that differ in "
     "deprivation\n"
     "B,9,8,100,20,112.5,,,,,,not computed: a line takes three areas or more that differ in "
     "deprivation\n"
     "C,,8,100,30,,,,,,,not in the line: a value is missing\n"
     "D,9,0,100,30,,,,,,,not in the line: nothing is expected\n"},
    {"one area holds the line", "acs-score", NULL,
     "area,observed,expected,ref_rate,imd\nA,1,1,90,10\nB,1,1,110,10\nC,1,1,70,30\n",
     "area,observed,expected,ref_rate,imd,isr,fitted,residual,rstandard,stanine,score,note\n"
     "A,1,1,90,10,90,100,-10,-1,3,7,\nB,1,1,110,10,110,100,10,1,7,3,\n"
     "C,1,1,70,30,70,70,0,,,,no score: the line leaves no residual to judge\n"},
    {"providers of an area are added", "hhi --by year --column area=pct", NULL,
     "pct,year,provider,admissions\nA,2009,R1,10\nA,2009,R2,20\nA,2010,R1,7\nA,2009,R1,10\n"
     "B,2009,R1,0\nB,2010,,4\n",
     "year,pct,n_providers,total,hhi,effective_providers,note\n"
     "2009,A,2,40,0.5,2,\n2010,A,1,7,1,1,\n2009,B,,,,,not computed: no activity\n"
     "2010,B,,,,,not computed: a value is missing\n"},
    {"growth of each area", "growth --by area --base 2006/07", NULL,
     "area,period,value\nA,2005/06,40\nA,2006/07,50\nA,2007/08,61\nB,2006/07,0\nB,2007/08,9\n"
     "C,2007/08,5\nD,2006/07,\nD,2007/08,1\nE,2006/07,8\nE,2006/07,9\n",
     "area,period,value,index,note\nA,2005/06,40,80,\nA,2006/07,50,100,\nA,2007/08,61,122,\n"
     "B,2006/07,0,,not computed: the base period's value is 0\n"
     "B,2007/08,9,,not computed: the base period's value is 0\n"
     "C,2007/08,5,,not computed: no row of the base period\n"
     "D,2006/07,,,not computed: the base period's value is missing\n"
     "D,2007/08,1,,not computed: the base period's value is missing\n"
     "E,2006/07,8,,not computed: several rows of the base period\n"
     "E,2006/07,9,,not computed: several rows of the base period\n"},
    {"growth of t and y from the first row", "growth", NULL, "t,y\n1,8\n2,\n3,10\n",
     "t,y,index,note\n1,8,100,\n2,,,the value is missing\n3,10,125,\n"},
    {"scores of sites", "site-score --weights SIDE", "component,weight\nhhi,3\nacs,1\n",
     "area,hhi,acs,remark\nA,0.5,9,x\nB,1,6,x\nC,0.25,3,x\nD,0.25,3,x\n", /* 1 - hhi: average 0.5 */
     "area,hhi,acs,total,rank,note\n"
     "A,3,1.71428571428571,4.71428571428571,3,\nB,0,1.14285714285714,1.14285714285714,4,\n"
     "C,4.5,0.571428571428571,5.07142857142857,1,\nD,4.5,0.571428571428571,5.07142857142857,1,\n"},
    {"a missing component is left out", "site-score --weights SIDE",
     "component,weight,invert\nplan,3,0\nacs,1,\n",
     "area,component,value\nA,plan,2\nA,acs,5\nB,plan,4\nB,acs,NA\nC,acs,5\nD,acs,\nD,else,-7\n",
     "area,plan,acs,total,rank,note\nA,2,1,3,3,\n"
     "B,5.33333333333333,,5.33333333333333,1,without acs: the weights of the others are rescaled\n"
     "C,,4,4,2,without plan: the weights of the others are rescaled\n"
     "D,,,,,\"without plan, acs: not computed\"\n"},
    {"what a site file says of inversion counts", "site-score --weights SIDE --by y",
     "component,weight,invert\nhhi,1,0\nshare,1,1\n",
     "y,area,hhi,share\n1,A,0.2,1\n1,B,0.6,1\n2,A,0.3,0.5\n",
     "y,area,hhi,share,total,rank,note\n"
     "1,A,1,,1,2,without share (its average is 0): the weights of the others are rescaled\n"
     "1,B,3,,3,1,without share (its average is 0): the weights of the others are rescaled\n"
     "2,A,1,1,2,1,\n"},
    {"only some rows", "growth --where area=A --where t!=2 --where y!=", NULL,
     "area,t,y\nA,1,8\nA,2,9\nB,1,wrong\nA,3,10\nA,4,\n",
     "area,t,y,index,note\nA,1,8,100,\nA,3,10,125,\n"},
    {"rows that are not wanted do not shape the strata", /* nor the sexes */
     "dsr --standardise-by age_sex --standard SIDE --where sex!=9 --min-events 0",
     "age_lower,age_upper,weight\n0,64,1\n65,999,1\n",
     "sex,age_lower,events,population\n9,0,1,10\n1,0,1,10\n1,65,1,10\n2,0,1,10\n2,65,1,10\n",
     "total_count,total_pop,value,lowercl,uppercl,confidence,statistic,method,variance,note\n"
     "4,40,10000,2690.3760204042983,25601.88184778513,95%,dsr,dobson-byar; side.csv (2 bands); "
     "age_sex,25000000,\n"},
    {"one stay", "mean-los --by g", NULL, "g,los\na,17\nb,\n",
     "g,n,value,se,lowercl,uppercl,q1,median,q3,p90,trimmed_mean,note\n"
     "a,1,17,,,,17,17,17,17,17,one stay has no limits\n"
     "b,,,,,,,,,,,not computed: a value is missing\n"},
    {"a cap", "mean-los --cap 10 --trim 0", NULL, "los\n0\n4\n10\n370\n",
     "n,value,se,lowercl,uppercl,q1,median,q3,p90,trimmed_mean,note\n"
     "4,6,2.44948974278318,-1.7953695817520234,13.795369581752023,3,7,10,10,6,\n"},
    {"standardised by age alone", "std-mean-los --by g --standard SIDE --cap 20",
     "age_lower,weight\n75,1\n15,3\n",
     "g,los,age\na,2,15\na,8,74\na,3,75\na,5,90\na,9,14\nb,5,80\nb,7,81\nc,4,20\nd,9,3\ne,9,\n"
     "f,2,15\nf,8,74\nf,365,99\n",
     "g,n,value,se,lowercl,uppercl,note\n"
     "a,4,4.75,2.2638462845343543,0.3129428157778502,9.18705718422215,"
     "stays outside the standard: 1\n"
     "b,2,6,1,4.04003601545995,7.95996398454005,"
     "strata without stays: 1 (left out and weights rescaled)\n"
     "c,1,4,,,,strata without stays: 1 (left out and weights rescaled); "
     "no limits: no stratum has two stays\n"
     "d,,,,,,not computed: no stays in a stratum with weight\n"
     "e,,,,,,not computed: a value is missing\n"
     "f,3,8.75,2.48746859276655,3.874651145503032,13.625348854496968,"
     "strata with one stay: 1 (the variance within the others stands in)\n"},
    {"bed days of groups without people", "bed-day-rate --by area,year --population SIDE",
     "area,population\nA,1000\nB,0\nD,500\n",
     "area,year,los\nA,1,3\nA,2,0\nB,1,3\nC,1,3\nD,1,\nA,1,4\n",
     "area,year,admissions,bed_days,value,se,lowercl,uppercl,method,note\n"
     "A,1,2,7,7,5,-0.9288807254464357,21.02864760738246,dobson-byar,\n"
     "A,2,1,0,0,0,,,dobson-byar,without bed days there are no limits\n"
     "B,1,,,,,,,,not computed: nobody in the population\n"
     "C,1,,,,,,,,not computed: no population of this group\n"
     "D,1,,,,,,,,not computed: a value is missing\n"},
    {"bed days of everybody", "bed-day-rate --population SIDE --per none --interval normal --cap 4",
     "population\n10\n", "los\n3\n40\n",
     "admissions,bed_days,value,se,lowercl,uppercl,method,note\n"
     "2,7,0.7,0.5,-0.279981992270027,1.67998199227003,normal,\n"},
};

static void small_table(void **state)
{
    const struct small_case *c = *state;
    char arguments[400];
    const char *side = strstr(c->arguments, "SIDE");
    outcome o;
    char *output = NULL;

    if (side) {
        snprintf(arguments, sizeof arguments, "%.*s%s/side.csv%s", (int)(side - c->arguments),
                 c->arguments, folder, side + 4);
        save("side.csv", c->side);
    } else {
        snprintf(arguments, sizeof arguments, "%s", c->arguments);
    }
    o = run(arguments, c->input);
    output = read_output();
    assert_string_equal(o.messages, "");
    assert_same_output(output, c->output);
    assert_int_equal(o.code, 0);
    free(output);
    hst_table_free(o.table);
}

/* ---- people by number of events ---- */

static struct people_case {
    const char *name, *options, *input;
    double total_count, total_pop, value;
    const char *note;
} people_cases[] = {
    {"rows without people may be left out", "", /* the grid that is not complete */
     "age_lower,eventfreq,persons,population,weight\n0,1,8,100,2\n0,3,2,100,2\n65,2,5,50,1\n", 24,
     150, 1e5 * (2 * 0.14 + 0.2) / 3, ""},
    {"an age where nobody has an event", "",
     "age_lower,eventfreq,persons,population,weight\n0,1,14,100,2\n65,,,50,1\n", 14, 150,
     1e5 * 2 * 0.14 / 3, ""},
    {"each sex has its people", "",
     "sex,age_lower,eventfreq,persons,population,weight\n"
     "1,0,1,8,60,2\n1,0,2,1,60,2\n2,0,1,4,40,2\n2,0,2,1,40,2\n",
     16, 100, 1e5 * 0.16, ""},
    {"populations that differ", "",
     "age_lower,eventfreq,persons,population,weight\n0,1,8,100,2\n0,2,8,101,2\n", NAN, NAN, NAN,
     "not computed: rows of one age have different populations"},
    {"no population", "", "age_lower,eventfreq,persons,population,weight\n0,1,8,,2\n0,2,8,,2\n",
     NAN, NAN, NAN, "not computed: no population in a band"},
    {"few events are few", "", "age_lower,eventfreq,persons,population,weight\n0,3,3,100,2\n", 9,
     100, NAN, "withheld: fewer events than the minimum for a standardised rate"},
    {"ages are put into the standard's bands", "--standard SIDE",
     "age_lower,eventfreq,persons,population\n0,1,8,100\n0,2,1,100\n1,1,4,100\n65,5,1,100\n", 19,
     300, 1e5 * (2 * 0.07 + 0.05) / 3, ""},
    {"a band without a row", "--standard SIDE",
     "age_lower,eventfreq,persons,population\n0,1,80,100\n", NAN, NAN, NAN,
     "not computed: no row begins at age 65, where a band of side.csv begins"},
};

static void people_by_events(void **state)
{
    const struct people_case *c = *state;
    char arguments[400];
    hst_table *table = NULL;

    save("side.csv", "age_lower,age_upper,weight\n0,64,2\n65,999,1\n");
    snprintf(arguments, sizeof arguments, "dsr --interval repeat_adjusted %s%s%s",
             c->options[0] ? "--standard " : "", c->options[0] ? folder : "",
             c->options[0] ? "/side.csv" : "");
    table = run_well(arguments, c->input);
    assert_close(number(table, 0, "total_count"), c->total_count, 1e-14);
    assert_close(number(table, 0, "total_pop"), c->total_pop, 1e-14);
    assert_close(number(table, 0, "value"), c->value, 1e-14);
    assert_string_equal(golden_text(table, 0, "note"), c->note);
    assert_int_equal(strncmp(golden_text(table, 0, "method"), "repeat-adjusted;", 16), 0);
    hst_table_free(table);
}

/* ---- refusals ---- */

static struct bad_case {
    const char *name, *arguments, *side, *input;
    int code;
    const char *message;
} bad_cases[] = {
    {"no reference", "isr", "", "age_lower,events,population\n", 2, "--reference FILE"},
    {"absent reference", "isr --reference nowhere.csv", "", "age_lower,events,population\n", 2,
     "nowhere.csv: No such file"},
    {"pooled over what?", "smr --reference pooled", "", "ward,events,population\n", 2,
     "name its strata with --strata"},
    {"unknown strata", "smr --reference pooled --strata ward", "", "events,population\n", 2,
     "--strata: standard input has no column `ward`"},
    {"strata that the table lacks", "smr --reference SIDE",
     "sex,age_lower,ref_events,ref_population\n", "age_lower,events,population\n", 3,
     "no column `sex`"},
    {"a reference without people", "smr --reference SIDE", "age_lower,ref_events\n",
     "age_lower,events,population\n", 3, "no column `ref_population`"},
    {"a stratum twice", "smr --reference SIDE",
     "age_lower,ref_events,ref_population\n0,1,2\n0,1,2\n", "age_lower,events,population\n", 3,
     "line 3: this stratum stands twice"},
    {"a reference below 0", "smr --reference SIDE", "age_lower,ref_events,ref_population\n0,-1,2\n",
     "age_lower,events,population\n", 3, "line 2, column ref_events: below 0"},
    {"part of a day", "mean-los", "", "los\n3\n2.5\n", 3, "line 3, column los: not a whole number"},
    {"a stay of ages", "mean-los", "", "los\n4294967296\n", 3, "line 2, column los: too long"},
    {"a negative stay", "bed-day-rate --population SIDE", "population\n1\n", "los\n-1\n", 3,
     "line 2, column los: below 0"},
    {"no standard of stays", "std-mean-los", "", "los,age\n", 2, "--standard FILE"},
    {"a standard of no weight", "std-mean-los --standard SIDE", "age_lower,weight\n0,0\n",
     "los,age\n", 3, "the weights add up to nothing"},
    {"a standard with a stratum twice", "std-mean-los --standard SIDE",
     "age_lower,weight\n0,1\n0,2\n", "los,age\n", 3, "line 3: this stratum stands twice"},
    {"a negative weight", "std-mean-los --standard SIDE", "age_lower,weight\n0,1\n5,-2\n",
     "los,age\n", 3, "line 3: a weight below 0"},
    {"a standard by sex", "std-mean-los --standard SIDE", "sex,age_lower,weight\n1,0,1\n",
     "los,age\n", 3, "no column `sex`"},
    {"no population of bed days", "bed-day-rate", "", "los\n", 2, "--population FILE"},
    {"two populations of one group", "bed-day-rate --by area --population SIDE",
     "year,population\n1,10\n2,11\n", "area,los\n", 3, "line 3: a second population"},
    {"an interval of rates", "bed-day-rate --interval exact --population SIDE", "population\n1\n",
     "los\n", 2, "there are dobson-byar, normal, log, gamma"},
    {"growth of nothing", "growth", "", "period,y\n", 3, "neither the columns period and value"},
    {"limits of growth", "growth --confidence 99", "", "period,value\n", 2,
     "it has no option --confidence"},
    {"ranks of hhi", "hhi --by-rank", "", "area,provider,admissions\n", 2,
     "it has no option --by-rank"},
    {"a share above half", "mean-los --trim 0.6", "", "los\n", 2, "--trim takes"},
    {"a cap of part of a day", "mean-los --cap 2.5", "", "los\n", 2, "--cap takes"},
    {"a column to choose rows by", "growth --where year=1", "", "t,y\n", 2,
     "--where: standard input has no column `year`"},
    {"a choice without a value", "growth --where year", "", "t,y\n", 2, "--where takes"},
    {"no weights", "site-score", "", "area\n", 2, "--weights FILE"},
    {"weights without a component", "site-score --weights SIDE", "component,weight\n", "area\n", 3,
     "no component"},
    {"a component that the table lacks", "site-score --weights SIDE", "component,weight\nhhi,1\n",
     "area,acs\n", 3, "no column `hhi`"},
    {"a component that no row has", "site-score --weights SIDE", "component,weight\nhhi,1\n",
     "area,component,value\nA,acs,1\n", 3, "no value of component `hhi`"},
    {"a component twice", "site-score --weights SIDE", "component,weight\nhhi,1\nhhi,1\n", "area\n",
     3, "line 3: this component stands twice"},
    {"a weight of 0", "site-score --weights SIDE", "component,weight\nhhi,0\n", "area\n", 3,
     "a weight above 0"},
    {"neither yes nor no", "site-score --weights SIDE", "component,weight,invert\nhhi,1,often\n",
     "area\n", 3, "line 2, column invert: neither 1 nor 0"},
    {"a concentration above 1", "site-score --weights SIDE", "component,weight\nhhi,1\n",
     "area,hhi\nA,4117\n", 3, "line 2, column hhi: above 1"},
    {"a component below 0", "site-score --weights SIDE", "component,weight\nacs,1\n",
     "area,acs\nA,-1\n", 3, "line 2, column acs: below 0"},
    {"a long component below 0", "site-score --weights SIDE", "component,weight\nacs,1\n",
     "area,component,value\nA,else,-1\nA,acs,-1\n", 3, "line 3, column value: below 0"},
    {"an area twice", "site-score --weights SIDE", "component,weight\nacs,1\n",
     "area,acs\nA,1\nA,1\n", 3, "line 3, column area: a second value of a component"},
    {"part of an event of people", "dsr --interval repeat-adjusted", "",
     "age_lower,eventfreq,persons,population\n0,1.5,1,10\n", 3,
     "line 2, column eventfreq: not a whole number"},
    {"people with how many events?", "dsr --interval repeat-adjusted", "",
     "age_lower,eventfreq,persons,population\n0,,1,10\n", 3, "line 2, column eventfreq: missing"},
    {"counts where people are asked for", "dsr --interval repeat-adjusted", "",
     "age_lower,events,population\n", 3, "no column `eventfreq`"},
};

static void bad_use_is_refused(void **state)
{
    const struct bad_case *c = *state;
    char arguments[400];
    const char *side = strstr(c->arguments, "SIDE");
    outcome o;

    save("side.csv", c->side);
    snprintf(arguments, sizeof arguments, "%.*s%s%s%s",
             (int)(side ? side - c->arguments : (long)strlen(c->arguments)), c->arguments,
             side ? folder : "", side ? "/side.csv" : "", side ? side + 4 : "");
    o = run(arguments, c->input);
    assert_int_equal(o.code, c->code);
    if (!strstr(o.messages, c->message)) {
        fail_msg("%s is not about %s", o.messages, c->message);
    }
    assert_null(o.table);
    hst_table_free(o.table);
}

/* Areas and providers by the thousand: numbering them must not take the square of their number. */
static void many_areas(void **state)
{
    enum { N_AREAS = 30000 };
    char *text = calloc(N_AREAS + 1, 40);
    size_t length = 0;
    hst_table *table = NULL;

    (void)state;
    assert_non_null(text);
    length += (size_t)sprintf(text, "area,provider,admissions\n");
    for (int i = 0; i < N_AREAS; i++) {
        length += (size_t)sprintf(text + length, "E%08d,P%05d,%d\n", i, i, i + 1);
    }
    table = run_well("hhi", text);
    assert_int_equal(hst_table_n_rows(table), N_AREAS);
    assert_close(number(table, N_AREAS - 1, "total"), N_AREAS, 0);
    assert_close(number(table, N_AREAS - 1, "hhi"), 1, 0);
    hst_table_free(table);
    free(text);
}

int main(void)
{
    struct CMUnitTest tests[160] = {
        cmocka_unit_test(many_areas),
    };
    size_t n = 1;

    ADD_CASES(golden_cases, golden)
    ADD_CASES(small_cases, small_table)
    ADD_CASES(people_cases, people_by_events)
    ADD_CASES(bad_cases, bad_use_is_refused)
    return _cmocka_run_group_tests("cli/stats_areas", tests, n, make_folder, remove_folder);
}
