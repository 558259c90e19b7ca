/* Provider spells and continuous spells: a hand-worked table for each branch of each rule, and the
 * golden numbers. Days are small numbers; see spell_support.h for the notation. */
#include "spell_support.h"

#include "tests/standardise/golden.h"

enum { MAX_EPISODES = 400 };

/* ---- hand-worked ---- */

static struct rule_case {
    const char *name;
    hst_spell_rule rule;
    hst_cips_rule cips;
    const char *episodes, *spells, *events;
} rule_cases[] = {
    /* cleaning */
    {"nobody", HST_SPELLS_NHSD, HST_CIPS_NHSD, "", "", ""},
    {"one episode", HST_SPELLS_NHSD, HST_CIPS_NHSD, "7 10-12 dis=12", "[7]", ""},
    {"swapped dates are put right", HST_SPELLS_NHSD, HST_CIPS_NONE,
     "1 10-14 dis=17; 2 17-14 adm=10 order=2 dis=17", "[1 2]", "SWAPPED 1"},
    {"a missing start is not swapped", HST_SPELLS_NHSD, HST_CIPS_NONE, "1 0-14 adm=10", "-1",
     "NO_EPISTART 1"},
    {"a missing end is not swapped", HST_SPELLS_NHSD, HST_CIPS_NONE, "1 14-0", "-1", "NO_EPIEND 1"},
    {"ADMIDATE is filled", HST_SPELLS_NHSD, HST_CIPS_NONE,
     "1 10-14 adm=0 dis=17; 2 14-17 adm=10 order=2 dis=17", "[1 2]", "FILLED 1"},
    {"ADMIDATE is filled from the date put right", HST_SPELLS_NHSD, HST_CIPS_NONE,
     "1 14-10 adm=0 dis=17; 2 14-17 adm=10 order=2 dis=17", "[1 2]", "SWAPPED 1, FILLED 1"},
    {"not for the second episode", HST_SPELLS_NHSD, HST_CIPS_NONE, "1 10-14 adm=0 order=2", "-1",
     "NO_ADMIDATE 1"},
    {"not without EPIORDER", HST_SPELLS_NHSD, HST_CIPS_NONE, "1 10-14 adm=0 order=0", "-1",
     "NO_ADMIDATE 1"},
    {"not for method 81", HST_SPELLS_NHSD, HST_CIPS_NONE, "1 10-14 adm=0 meth=81", "-1",
     "NO_ADMIDATE 1"},
    {"not for method 2B", HST_SPELLS_NHSD, HST_CIPS_NONE, "1 10-14 adm=0 meth=2B", "-1",
     "NO_ADMIDATE 1"},
    {"not for sources 51 to 53", HST_SPELLS_NHSD, HST_CIPS_NONE,
     "1 10-14 adm=0 src=51; 2 10-14 adm=0 src=52; 3 10-14 adm=0 src=53", "-1 -2 -3",
     "NO_ADMIDATE 3"},
    {"but for sources 49 and 87", HST_SPELLS_NHSD, HST_CIPS_NONE,
     "1 10-14 adm=0 src=49 dis=14; 2 20-24 adm=0 src=87 dis=24", "[1] [2]", "FILLED 2"},
    {"what is not valid is in no spell, the first reason counts", HST_SPELLS_NHSD, HST_CIPS_NONE,
     "6 10-14 dis=14; 1 10-14 stat=1 p=0; 2 10-14 stat=9; 3 10-14 p=0; 4 0-0; 5 10-0 adm=0 order=2",
     "[6] -4 -1 -2 -3 -5", "NOT_FINISHED 2, NO_PROVIDER 1, NO_EPISTART 1, NO_EPIEND 1"},
    {"nothing valid at all", HST_SPELLS_YORK, HST_CIPS_NHSD, "2 10-14 stat=1; 1 10-14 stat=1",
     "-1 -2", "NOT_FINISHED 2"},

    /* nhsd */
    {"nhsd: ADMIDATE, provider and number are the same", HST_SPELLS_NHSD, HST_CIPS_NONE,
     "1 10-14; 2 14-17 adm=10 order=2; 3 17-21 adm=10 order=3 dis=21", "[1 2 3]", ""},
    {"nhsd: a gap between episodes does not part them", HST_SPELLS_NHSD, HST_CIPS_NONE,
     "1 10-14; 2 40-47 adm=10 order=2 dis=47", "[1 2]", ""},
    {"nhsd: another ADMIDATE parts", HST_SPELLS_NHSD, HST_CIPS_NONE,
     "1 10-14 dis=14; 2 14-17 order=2 dis=17", "[1] [2]", ""},
    {"nhsd: another provider parts", HST_SPELLS_NHSD, HST_CIPS_NONE,
     "1 10-14 dis=14; 2 14-17 adm=10 p=2 order=2 dis=17", "[1] [2]", ""},
    {"nhsd: another number parts", HST_SPELLS_NHSD, HST_CIPS_NONE,
     "1 10-14 dis=14; 2 14-17 adm=10 no=2 order=2 dis=17; 3 17-18 adm=10 order=3 dis=18",
     "[2] [1 3]", ""},
    {"nhsd: one missing number leaves numbers out for the day and provider", HST_SPELLS_NHSD,
     HST_CIPS_NONE,
     "1 10-14 no=3; 2 14-17 adm=10 no=0 order=2; 3 17-18 adm=10 no=2 order=3 dis=18;"
     "4 10-14 p=2 no=3 dis=14; 5 14-15 adm=10 p=2 no=4 order=2 dis=15;"
     "6 30-34 no=3 dis=34; 7 34-35 adm=30 no=4 order=2 dis=35",
     "[4] [5] [1 2 3] [6] [7]", "NUMBER_MISSING 3"},
    {"nhsd: an episode alone without a number", HST_SPELLS_NHSD, HST_CIPS_NONE,
     "1 10-14 no=0 dis=14", "[1]", "NUMBER_MISSING 1"},
    {"nhsd: the number of an invalid episode does not matter", HST_SPELLS_NHSD, HST_CIPS_NONE,
     "1 10-14 no=3 dis=14; 2 14-17 adm=10 no=0 stat=1; 3 14-17 adm=10 no=2 order=2 dis=17",
     "[1] [3] -2", "NOT_FINISHED 1"},
    {"nhsd: regular attenders are spells of their own", HST_SPELLS_NHSD, HST_CIPS_NONE,
     "1 10-14 dis=14; 2 10-10 class=3 dis=10; 3 10-11 class=4 no=0 dis=11; 4 10-10 class=3 dis=10;"
     "5 14-15 adm=10 order=2 dis=15",
     "[2] [4] [3] [1 5]", "ATTENDER 3"},
    {"nhsd: order by EPISTART, EPIORDER, EPIEND, EPIKEY, and 98 and missing last", HST_SPELLS_NHSD,
     HST_CIPS_NONE,
     "9 10-11; 8 10-12 order=2; 7 10-11 order=3; 6 10-11 order=0; 5 10-11 order=98; "
     "4 12-13 adm=10 order=1; 3 10-10 order=3; 2 10-11 order=3",
     "[9 8 3 2 7 5 6 4]", "OPEN 1"},
    {"nhsd: York's reasons join nothing", HST_SPELLS_NHSD, HST_CIPS_NONE,
     "1 10-14 dismeth=8 dis=14; 2 14-17 dis=17; 3 14-18 adm=13 dis=18", "[1] [3] [2]", ""},

    /* york */
    {"york: the same ADMIDATE", HST_SPELLS_YORK, HST_CIPS_NONE,
     "1 10-14 no=1; 2 18-19 adm=10 no=2 order=2 dis=19", "[1 2]", "BY_ADMIDATE 1"},
    {"york: the same filled ADMIDATE", HST_SPELLS_YORK, HST_CIPS_NONE,
     "1 10-14 adm=0; 2 18-19 adm=10 order=2 dis=19", "[1 2]", "FILLED 1, BY_ADMIDATE 1"},
    {"york: the same EPISTART", HST_SPELLS_YORK, HST_CIPS_NONE,
     "1 10-14 adm=9; 2 10-15 adm=10 dis=15", "[1 2]", "BY_EPISTART 1"},
    {"york: begins on the day when the one before ended unfinished", HST_SPELLS_YORK, HST_CIPS_NONE,
     "1 10-14 dismeth=8; 2 14-15 dismeth=9; 3 15-17 dis=17; 4 17-18 dis=18", "[1 2 3] [4]",
     "BY_END 2"},
    {"york: a day later does not", HST_SPELLS_YORK, HST_CIPS_NONE,
     "1 10-14 dismeth=8 dis=14; 2 15-17 dis=17", "[1] [2]", ""},
    {"york: the first of the reasons counts", HST_SPELLS_YORK, HST_CIPS_NONE,
     "1 10-10 dismeth=8; 2 10-11 dis=11", "[1 2]", "BY_ADMIDATE 1"},
    {"york: only the row before counts", HST_SPELLS_YORK, HST_CIPS_NONE,
     "1 10-20 dis=20; 2 12-13 dis=13; 3 14-15 adm=10 dis=15", "[3] [1] [2]", ""},
    {"york: another provider is not looked at", HST_SPELLS_YORK, HST_CIPS_NONE,
     "1 10-14 dis=14; 2 10-14 p=2 dis=14; 3 14-15 adm=10 order=2 dis=15", "[2] [1 3]",
     "BY_ADMIDATE 1"},
    {"york: spell numbers and regular attenders do not matter", HST_SPELLS_YORK, HST_CIPS_NONE,
     "1 10-10 class=3 no=0; 2 10-10 class=4 no=2 dis=10", "[1 2]", "BY_ADMIDATE 1"},
    {"york: an invalid row is the row before the next", HST_SPELLS_YORK, HST_CIPS_NONE,
     "1 10-14 dis=14; 2 12-15 adm=11 stat=1 dismeth=8; 3 15-17 dis=17; 4 17-18 adm=15 dis=18",
     "[1 3 4] -2", "NOT_FINISHED 1, BY_ADMIDATE 1, BY_END 1"},
    {"york: and can part what would join", HST_SPELLS_YORK, HST_CIPS_NONE,
     "1 10-14 dis=14; 2 12-15 adm=11 stat=1; 3 15-17 adm=10 dis=17", "[1] [3] -2",
     "NOT_FINISHED 1"},
    {"york: with no spell begun the next begins one", HST_SPELLS_YORK, HST_CIPS_NONE,
     "9 8-9 p=2 dis=9; 1 10-14 stat=1; 2 10-15 dis=15; 3 10-16 dis=16", "[9] [2 3] -1",
     "NOT_FINISHED 1, BY_ADMIDATE 1"},
    {"york: missing dates are equal to nothing", HST_SPELLS_YORK, HST_CIPS_NONE,
     "1 10-14 dis=14; 2 0-0 adm=0; 3 0-0 adm=0; 4 15-17 dis=17", "[1] [4] -2 -3", "NO_EPISTART 2"},
    {"york: order by EPIEND before EPIORDER, missing first", HST_SPELLS_YORK, HST_CIPS_NONE,
     "5 10-11 order=2; 4 10-11 order=0; 3 10-10 order=3; 2 10-11 order=1; 1 10-12 order=1 dis=12",
     "[3 4 2 5 1]", "BY_ADMIDATE 4"},
    {"york: order by transit", HST_SPELLS_YORK, HST_CIPS_NONE,
     "1 10-11 src=53; 2 10-11 meth=2B dest=52; 3 10-11 dest=51; 4 10-11; 5 10-11 meth=81",
     "[4 3 2 1 5]", "OPEN 1, BY_ADMIDATE 4"},
    {"york: a transfer's missing ADMIDATE", HST_SPELLS_YORK, HST_CIPS_NONE,
     "1 10-14 adm=0 src=51; 2 14-15 dis=15", "[2] -1", "NO_ADMIDATE 1"},

    /* supplied */
    {"supplied: the same SUSSPELLID, whatever else", HST_SPELLS_SUPPLIED, HST_CIPS_NONE,
     "1 10-14 sus=3; 2 40-44 p=2 no=2 class=3 sus=3 dis=44; 3 10-14 sus=2 dis=14; 4 14-15 sus=2 "
     "dis=15",
     "[3 4] [1 2]", ""},
    {"supplied: absent is no spell", HST_SPELLS_SUPPLIED, HST_CIPS_NONE,
     "1 10-14 sus=0 dis=14; 2 10-14 sus=0 stat=1; 3 10-14 sus=2 stat=1; 4 10-14 sus=2 dis=14",
     "[4] -1 -2 -3", "NOT_FINISHED 2, NO_SUS_SPELL 1"},
    {"supplied: order as nhsd", HST_SPELLS_SUPPLIED, HST_CIPS_NONE,
     "3 10-11 order=0; 2 10-14 order=2; 1 10-12 order=2 dis=14", "[1 2 3]", "EARLIER 1"},

    /* discharge */
    {"open", HST_SPELLS_NHSD, HST_CIPS_NONE, "1 10-14; 2 14-17 adm=10 order=2", "[1 2]", "OPEN 1"},
    {"discharged in an episode before the last", HST_SPELLS_NHSD, HST_CIPS_NONE,
     "1 10-14 dis=14; 2 14-17 adm=10 order=2 dis=17; 3 17-18 adm=10 order=3", "[1 2 3]",
     "EARLIER 1"},
    {"a negative stay", HST_SPELLS_NHSD, HST_CIPS_NONE, "1 10-14 dis=9", "[1]", "NEGATIVE 1"},

    /* continuous spells, nhsd */
    {"cips none: nothing is compared", HST_SPELLS_NHSD, HST_CIPS_NONE,
     "1 10-14 dest=51 dis=14; 2 14-17 p=2 meth=81 src=51 dis=17", "[1] [2]", ""},
    {"cips nhsd: a transfer on the same day", HST_SPELLS_NHSD, HST_CIPS_NHSD,
     "1 10-14 dest=51 dis=14; 2 14-17 p=2 meth=28 src=51 dis=17", "[1]+[2]", "PAIRS 1, LINKED 1"},
    {"cips nhsd: two days on, three days on", HST_SPELLS_NHSD, HST_CIPS_NHSD,
     "1 10-14 dest=51 dis=14; 2 16-17 p=2 dest=51 dis=17; 3 20-21 dis=21", "[1]+[2] [3]",
     "PAIRS 2, LINKED 1, GAP 1"},
    {"cips nhsd: an overlap never", HST_SPELLS_NHSD, HST_CIPS_NHSD,
     "1 10-14 dest=51 dis=14; 2 13-17 p=2 meth=81 src=51 dis=17", "[1] [2]", "PAIRS 1, OVERLAP 1"},
    {"cips nhsd: the end is the latest EPIEND, not DISDATE", HST_SPELLS_NHSD, HST_CIPS_NHSD,
     "1 10-15 dest=51; 2 12-13 adm=10 order=2 dest=51 dis=13; 3 14-17 p=2 dis=17", "[1 2] [3]",
     "PAIRS 1, OVERLAP 1"},
    {"cips nhsd: the start is ADMIDATE when earlier than EPISTART", HST_SPELLS_NHSD, HST_CIPS_NHSD,
     "1 10-14 dest=51 dis=14; 2 19-22 adm=16 p=2 dis=22", "[1]+[2]", "PAIRS 1, LINKED 1"},
    {"cips nhsd: the start is EPISTART when earlier than ADMIDATE", HST_SPELLS_NHSD, HST_CIPS_NHSD,
     "1 10-14 dest=51 dis=14; 2 15-22 adm=19 p=2 dis=22", "[1]+[2]", "PAIRS 1, LINKED 1"},
    {"cips nhsd: destinations of a transfer", HST_SPELLS_NHSD, HST_CIPS_NHSD,
     "1 10-11 dest=49; 2 11-12 dest=50; 3 12-13 dest=51; 4 13-14 dest=52; 5 14-15 dest=53;"
     "6 15-16 dest=84; 7 16-17 dest=87; 8 17-18 dest=54; 9 18-19",
     "[1]+[2]+[3]+[4]+[5]+[6]+[7] [8] [9]", "OPEN 9, PAIRS 8, LINKED 6, NO_TRANSFER 2"},
    {"cips nhsd: sources of a transfer", HST_SPELLS_NHSD, HST_CIPS_NHSD,
     "1 10-11; 2 11-12 src=49; 3 12-13 src=50; 4 13-14 src=51 meth=28; 5 14-15 src=52; "
     "6 15-16 src=53; 7 16-17 src=87; 8 17-18 src=84; 9 18-19 src=54",
     "[1]+[2]+[3]+[4]+[5]+[6]+[7] [8] [9]", "OPEN 9, PAIRS 8, LINKED 6, NO_TRANSFER 2"},
    {"cips nhsd: methods of a transfer", HST_SPELLS_NHSD, HST_CIPS_NHSD,
     "1 10-11; 2 11-12 meth=2B; 3 12-13 meth=81; 4 13-14 meth=28", "[1]+[2]+[3] [4]",
     "OPEN 4, PAIRS 3, LINKED 2, NO_TRANSFER 1"},
    {"cips nhsd: home and back by the emergency department", HST_SPELLS_NHSD, HST_CIPS_NHSD,
     "1 10-14 dest=19 dis=14; 2 14-17 p=2 meth=21 src=51 dis=17", "[1] [2]", "PAIRS 1, EXCLUDED 1"},
    {"cips nhsd: the exclusion asks for all three", HST_SPELLS_NHSD, HST_CIPS_NHSD,
     "1 10-14 dest=29 dis=14; 2 14-17 p=2 meth=21 src=51 dest=19 dis=17;"
     "3 17-18 p=2 meth=22 src=51 dest=19 dis=18; 4 18-20 meth=21 src=52 dis=20",
     "[1]+[2]+[3]+[4]", "PAIRS 3, LINKED 3"},
    {"cips nhsd: regular attenders never link", HST_SPELLS_NHSD, HST_CIPS_NHSD,
     "1 10-14 dest=51 dis=14; 2 14-15 class=3 src=51 meth=28 dest=51 dis=15; 3 15-16 dest=51 "
     "dis=16; 4 16-17 class=4 dis=17",
     "[1] [2] [3] [4]", "ATTENDER 2, PAIRS 3, ATTENDER_BETWEEN 3"},
    {"cips nhsd: a spell in between breaks the chain", HST_SPELLS_NHSD, HST_CIPS_NHSD,
     "1 10-14 dest=51 dis=14; 2 12-13 p=3 dis=13; 3 14-17 p=2 dis=17", "[1] [2] [3]",
     "PAIRS 2, OVERLAP 1, NO_TRANSFER 1"},
    {"cips nhsd: neighbours by start, end, smallest key", HST_SPELLS_NHSD, HST_CIPS_NHSD,
     "3 10-10 p=1 dest=51 dis=10; 2 10-10 p=2 src=51 meth=28 dis=10; 1 10-12 p=3 dis=12;"
     "4 10-10 p=4 src=51 meth=28 dis=10",
     "[2] [3]+[4] [1]", "PAIRS 3, LINKED 1, NO_TRANSFER 2"},
    {"cips nhsd: the last discharge fields of a spell that has a DISDATE", HST_SPELLS_NHSD,
     HST_CIPS_NHSD, "1 10-14 dest=51 dis=15; 2 14-15 adm=10 order=2 dest=98; 3 15-17 p=2 dis=17",
     "[1 2]+[3]", "EARLIER 1, PAIRS 1, LINKED 1"},
    {"cips nhsd over supplied spells", HST_SPELLS_SUPPLIED, HST_CIPS_NHSD,
     "1 10-14 dest=51 sus=5 dis=14; 2 14-17 p=2 sus=4 dis=17", "[1]+[2]", "PAIRS 1, LINKED 1"},

    /* continuous spells, york */
    {"cips york: three days on, four days on", HST_SPELLS_YORK, HST_CIPS_YORK,
     "1 10-14 dest=51 dis=14; 2 17-18 p=2 dest=51 dis=18; 3 22-23 dis=23", "[1]+[2] [3]",
     "PAIRS 2, LINKED 1, GAP 1"},
    {"cips york: overlaps too", HST_SPELLS_YORK, HST_CIPS_YORK,
     "1 10-40 dest=51 dis=40; 2 13-17 p=2 dis=17", "[1]+[2]", "PAIRS 1, LINKED 1"},
    {"cips york: from EPIEND to EPISTART", HST_SPELLS_YORK, HST_CIPS_YORK,
     "1 10-14 dest=51 dis=14; 2 18-19 adm=15 p=2 dis=19", "[1] [2]", "PAIRS 1, GAP 1"},
    {"cips york: destinations of a transfer", HST_SPELLS_YORK, HST_CIPS_YORK,
     "1 10-11 dest=51; 2 11-12 dest=52; 3 12-13 dest=53; 4 13-14 dest=49; 5 14-15 dest=84; "
     "6 15-16",
     "[1]+[2]+[3]+[4] [5] [6]", "OPEN 6, PAIRS 5, LINKED 3, NO_TRANSFER 2"},
    {"cips york: sources of a transfer", HST_SPELLS_YORK, HST_CIPS_YORK,
     "1 10-11; 2 11-12 src=51; 3 12-13 src=52; 4 13-14 src=53; 5 14-15 src=49; 6 15-16 src=87",
     "[1]+[2]+[3]+[4] [5] [6]", "OPEN 6, PAIRS 5, LINKED 3, NO_TRANSFER 2"},
    {"cips york: methods of a transfer", HST_SPELLS_YORK, HST_CIPS_YORK,
     "1 10-11; 2 11-12 meth=2B; 3 12-13 meth=81; 4 13-14 meth=28", "[1]+[2]+[3] [4]",
     "OPEN 4, PAIRS 3, LINKED 2, NO_TRANSFER 1"},
    {"cips york: nothing is excluded", HST_SPELLS_YORK, HST_CIPS_YORK,
     "1 10-14 dest=19 class=3 dis=14; 2 14-17 p=2 meth=21 src=51 dis=17", "[1]+[2]",
     "PAIRS 1, LINKED 1"},
};

static void reverse(hst_stay_episode *episodes, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        hst_stay_episode swapped = episodes[i];

        episodes[i] = episodes[n - 1 - i];
        episodes[n - 1 - i] = swapped;
    }
}

static void rule_holds(void **state)
{
    const struct rule_case *c = *state;
    hst_stay_episode episodes[MAX_EPISODES];
    hst_spell_ledger ledger = {0};
    hst_spells *spells = NULL;
    hst_error err = {0};
    char text[1000];
    size_t n = read_episodes(c->episodes, episodes, MAX_EPISODES), n_spells = 0;

    assert_int_equal(hst_spells_create(&spells, c->rule, c->cips, &err), HST_OK);
    for (unsigned round = 0; round < 2; round++) {
        read_episodes(c->episodes, episodes, MAX_EPISODES);
        if (round == 1) {
            reverse(episodes, n);
        }
        memset(&ledger, 0, sizeof ledger);
        assert_int_equal(hst_spells_build(spells, episodes, n, &ledger, &err), HST_OK);
        write_spells(text, sizeof text, spells, episodes, n);
        assert_string_equal(text, c->spells);
        write_events(text, sizeof text, &ledger);
        assert_string_equal(text, c->events);
    }
    hst_spells_get(spells, &n_spells);
    assert_int_equal(ledger.n[HST_SPELL_EPISODES], n);
    assert_int_equal(ledger.n[HST_SPELL_SPELLS], n_spells);
    hst_spells_free(spells);
}

/* ---- fields ---- */

static void fields_of_a_spell(void **state)
{
    hst_stay_episode episodes[8];
    hst_spells *spells = NULL;
    size_t n_spells = 0, n_cips = 0, n = 0;
    const hst_spell *s = NULL;
    const hst_cips *cips = NULL;

    (void)state;
    n = read_episodes("5 14-21 adm=11 p=9 order=2 meth=22 src=29 dest=51 class=2 dismeth=4 dis=22;"
                      "4 21-19 adm=11 p=9 order=3 meth=23 src=39 dest=98 class=5 dismeth=8;"
                      "6 12-14 adm=11 p=9 order=1 meth=24 src=49 dest=98 class=1 dismeth=8;"
                      "7 23-24 p=8 meth=81 src=51 dest=30 dis=24; 8 90-99 p=8",
                      episodes, 8);
    assert_int_equal(hst_spells_create(&spells, HST_SPELLS_NHSD, HST_CIPS_NHSD, NULL), HST_OK);
    assert_int_equal(hst_spells_build(spells, episodes, n, NULL, NULL), HST_OK);
    s = hst_spells_get(spells, &n_spells);
    cips = hst_spells_get_cips(spells, &n_cips);
    assert_int_equal(n_spells, 3);
    assert_int_equal(s[0].first_episode, 0);
    assert_int_equal(s[0].n_episodes, 3);
    assert_int_equal(s[0].provider, 9);
    assert_int_equal(s[0].cips, 0);
    assert_int_equal(s[0].smallest_key, 4);
    assert_int_equal(s[0].start, 11);
    assert_int_equal(s[0].end, 21);
    assert_int_equal(s[0].epistart, 12);
    assert_int_equal(s[0].admidate, 11);
    assert_int_equal(s[0].disdate, 22);
    assert_int_equal(s[0].admimeth, code2("24"));
    assert_int_equal(s[0].admisorc, code2("49"));
    assert_int_equal(s[0].disdest, code2("51"));
    assert_int_equal(s[0].classpat, '1');
    assert_int_equal(s[0].dismeth, '4');
    assert_int_equal(s[0].last_episode, 1);
    assert_int_equal(episodes[1].record_key, 5);
    assert_int_equal(episodes[1].row, 0);
    assert_int_equal(episodes[2].notes, HST_STAY_DATES_SWAPPED);
    assert_int_equal(episodes[2].epistart, 19);
    assert_int_equal(episodes[2].epiend, 21);
    assert_int_equal(s[1].cips, 0);
    assert_int_equal(s[1].first_episode, 3);
    assert_int_equal(s[1].last_episode, 3);
    assert_int_equal(s[2].disdate, 0); /* open: what the last episode says is kept */
    assert_int_equal(s[2].disdest, code2("19"));
    assert_int_equal(s[2].dismeth, '1');
    assert_int_equal(n_cips, 2);
    assert_int_equal(cips[0].first_spell, 0);
    assert_int_equal(cips[0].n_spells, 2);
    assert_int_equal(cips[1].first_spell, 2);
    assert_int_equal(cips[1].n_spells, 1);
    hst_spells_free(spells);
}

static void notes_are_made_anew(void **state)
{
    hst_stay_episode episodes[2];
    hst_spells *spells = NULL;
    size_t n = read_episodes("1 10-14 adm=0; 2 20-24 stat=1", episodes, 2), n_spells = 0;

    (void)state;
    assert_int_equal(hst_spells_create(&spells, HST_SPELLS_NHSD, HST_CIPS_NHSD, NULL), HST_OK);
    assert_int_equal(hst_spells_build(spells, episodes, n, NULL, NULL), HST_OK);
    assert_int_equal(episodes[0].notes, HST_STAY_ADMIDATE_FILLED);
    assert_int_equal(episodes[0].admidate, 10);
    assert_int_equal(episodes[1].notes, HST_STAY_INVALID);
    assert_int_equal(hst_spells_build(spells, episodes, n, NULL, NULL), HST_OK);
    assert_int_equal(episodes[0].notes, 0);
    assert_int_equal(hst_spells_build(spells, episodes, 0, NULL, NULL), HST_OK);
    hst_spells_get(spells, &n_spells);
    assert_int_equal(n_spells, 0);
    hst_spells_free(spells);
}

static void names_of_rules(void **state)
{
    hst_spell_rule rule = HST_SPELLS_NHSD;
    hst_cips_rule cips = HST_CIPS_NHSD;

    (void)state;
    assert_true(hst_spell_rule_parse("supplied", &rule) && rule == HST_SPELLS_SUPPLIED);
    assert_true(hst_spell_rule_parse("york", &rule) && rule == HST_SPELLS_YORK);
    assert_true(hst_spell_rule_parse("nhsd", &rule) && rule == HST_SPELLS_NHSD);
    assert_false(hst_spell_rule_parse("none", &rule));
    assert_true(hst_cips_rule_parse("york", &cips) && cips == HST_CIPS_YORK);
    assert_true(hst_cips_rule_parse("none", &cips) && cips == HST_CIPS_NONE);
    assert_true(hst_cips_rule_parse("nhsd", &cips) && cips == HST_CIPS_NHSD);
    assert_false(hst_cips_rule_parse("NHSD", &cips));
}

static void events_have_names(void **state)
{
    (void)state;
    for (int i = 0; i < HST_N_SPELL_EVENTS; i++) {
        assert_true(hst_spell_event_name((hst_spell_event)i)[0] != '\0');
        for (int k = 0; k < i; k++) {
            assert_string_not_equal(hst_spell_event_name((hst_spell_event)i),
                                    hst_spell_event_name((hst_spell_event)k));
        }
    }
    assert_string_equal(hst_spell_event_name(HST_N_SPELL_EVENTS), "");
}

/* ---- golden ---- */

static hst_day golden_day(const hst_table *table, size_t row, const char *column)
{
    const char *text = golden_text(table, row, column);
    hst_date date = 0;

    if (!hst_date_parse_iso(text, strlen(text), &date) || date < HST_DAY_EPOCH) {
        return 0;
    }
    return (hst_day)(date - HST_DAY_EPOCH + 1);
}

static uint64_t golden_key(const hst_table *table, size_t row, const char *column)
{
    return strtoull(golden_text(table, row, column), NULL, 10);
}

/* A number for a text of three characters. */
static uint32_t golden_provider(const hst_table *table, size_t row)
{
    const char *text = golden_text(table, row, "PROCODE3");

    return strcmp(text, "NA") == 0
               ? 0
               : (uint32_t)(unsigned char)text[0] << 16 | (uint32_t)(unsigned char)text[1] << 8 |
                     (unsigned char)text[2];
}

static uint16_t golden_code2(const hst_table *table, size_t row, const char *column)
{
    const char *text = golden_text(table, row, column);

    return strcmp(text, "NA") == 0 ? 0 : code2(text);
}

static uint8_t golden_code1(const hst_table *table, size_t row, const char *column)
{
    const char *text = golden_text(table, row, column);

    return strcmp(text, "NA") == 0 ? 0 : (uint8_t)text[0];
}

static hst_stay_episode golden_episode(const hst_table *table, size_t row)
{
    return (hst_stay_episode){.record_key = golden_key(table, row, "EPIKEY"),
                              .provider = golden_provider(table, row),
                              .row = (uint32_t)row,
                              .admidate = golden_day(table, row, "ADMIDATE"),
                              .disdate = golden_day(table, row, "DISDATE"),
                              .epistart = golden_day(table, row, "EPISTART"),
                              .epiend = golden_day(table, row, "EPIEND"),
                              .admimeth = golden_code2(table, row, "ADMIMETH"),
                              .admisorc = golden_code2(table, row, "ADMISORC"),
                              .disdest = golden_code2(table, row, "DISDEST"),
                              .epiorder = (uint8_t)golden_key(table, row, "EPIORDER"),
                              .epistat = golden_code1(table, row, "EPISTAT"),
                              .classpat = golden_code1(table, row, "CLASSPAT"),
                              .dismeth = golden_code1(table, row, "DISMETH")};
}

/* Rows of the golden table with this key and spell; the table may hold a row twice. */
static size_t count_golden(const hst_table *table, uint64_t key, uint64_t spell)
{
    size_t n = 0;

    for (size_t row = 0; row < hst_table_n_rows(table); row++) {
        n +=
            golden_key(table, row, "EPIKEY") == key && golden_key(table, row, "spell_key") == spell;
    }
    return n;
}

/* Builds the spells of one person of the golden input, notes (key, spell) of each episode. */
static size_t build_golden(const hst_table *input, const char *person, hst_spells *spells,
                           uint64_t (*found)[2])
{
    hst_stay_episode episodes[MAX_EPISODES];
    size_t n = 0, n_spells = 0;
    const hst_spell *s = NULL;

    for (size_t row = 0; row < hst_table_n_rows(input); row++) {
        if (strcmp(golden_text(input, row, "PSEUDO_HESID"), person) == 0) {
            episodes[n++] = golden_episode(input, row);
        }
    }
    assert_int_equal(hst_spells_build(spells, episodes, n, NULL, NULL), HST_OK);
    s = hst_spells_get(spells, &n_spells);
    for (size_t i = 0; i < n; i++) {
        found[i][0] = episodes[i].record_key;
        found[i][1] = episodes[i].spell == HST_NO_SPELL ? 0 : s[episodes[i].spell].smallest_key;
    }
    return n;
}

static void golden_york_spells(void **state)
{
    hst_table *input = golden_read("k_spells/input_episodes.csv");
    hst_table *expected = golden_read("k_spells/expected_hespipeline_episode_spells.csv");
    uint64_t found[MAX_EPISODES][2];
    hst_spells *spells = NULL;
    size_t n = 0, n_rows = hst_table_n_rows(input);

    (void)state;
    assert_int_equal(hst_spells_create(&spells, HST_SPELLS_YORK, HST_CIPS_YORK, NULL), HST_OK);
    for (size_t row = 0; row < n_rows; row++) {
        const char *person = golden_text(input, row, "PSEUDO_HESID");
        bool is_seen = false;

        for (size_t i = 0; i < row && !is_seen; i++) {
            is_seen = strcmp(golden_text(input, i, "PSEUDO_HESID"), person) == 0;
        }
        if (!is_seen) {
            n += build_golden(input, person, spells, found + n);
        }
    }
    assert_int_equal(n, n_rows);
    assert_int_equal(hst_table_n_rows(expected), n_rows);
    for (size_t i = 0; i < n; i++) {
        size_t n_same = 0;

        for (size_t k = 0; k < n; k++) {
            n_same += found[k][0] == found[i][0] && found[k][1] == found[i][1];
        }
        assert_int_equal(count_golden(expected, found[i][0], found[i][1]), n_same);
    }
    hst_spells_free(spells);
    hst_table_free(input);
    hst_table_free(expected);
}

static hst_spell golden_spell(const hst_table *table, size_t row)
{
    return (hst_spell){.first_episode = (uint32_t)row, /* to find it again */
                       .smallest_key = golden_key(table, row, "spell_key"),
                       .start = golden_day(table, row, "start"),
                       .end = golden_day(table, row, "end"),
                       .epistart = golden_day(table, row, "start"),
                       .admimeth = golden_code2(table, row, "ADMIMETH"),
                       .admisorc = golden_code2(table, row, "ADMISORC"),
                       .disdest = golden_code2(table, row, "DISDEST"),
                       .classpat = golden_code1(table, row, "CLASSPAT")};
}

static struct golden_case {
    const char *name;
    hst_cips_rule rule;
    const char *column;
} golden_cases[] = {
    {"golden: continuous spells by the documented rule", HST_CIPS_NHSD, "cips_documented_rule"},
    {"golden: continuous spells of York", HST_CIPS_YORK, "cips_hespipeline_rule"},
};

/* A group is named by its smallest spell_key. */
static void golden_cips(void **state)
{
    const struct golden_case *c = *state;
    hst_table *table = golden_read("k_spells/expected_cips.csv");
    size_t n_rows = hst_table_n_rows(table), n_compared = 0;
    hst_spell_ledger ledger = {0};

    for (size_t first = 0, end = 0; first < n_rows; first = end) {
        const char *person = golden_text(table, first, "PSEUDO_HESID");
        hst_spell spells[64];
        size_t n = 0;

        for (end = first;
             end < n_rows && strcmp(golden_text(table, end, "PSEUDO_HESID"), person) == 0; end++) {
            spells[n++] = golden_spell(table, end);
        }
        for (size_t i = 0; i < n / 2; i++) { /* their order in the table is not asked for */
            hst_spell swapped = spells[i];

            spells[i] = spells[n - 1 - i];
            spells[n - 1 - i] = swapped;
        }
        (void)hst_spells_link(c->rule, spells, n, &ledger);
        for (size_t i = 0; i < n; i++, n_compared++) {
            uint64_t name = UINT64_MAX;

            for (size_t k = 0; k < n; k++) {
                if (spells[k].cips == spells[i].cips && spells[k].smallest_key < name) {
                    name = spells[k].smallest_key;
                }
            }
            assert_int_equal(name, golden_key(table, spells[i].first_episode, c->column));
        }
    }
    assert_int_equal(n_compared, n_rows);
    assert_int_equal(ledger.n[HST_SPELL_PAIRS],
                     ledger.n[HST_SPELL_LINKED] + ledger.n[HST_SPELL_OVERLAP] +
                         ledger.n[HST_SPELL_GAP] + ledger.n[HST_SPELL_NO_TRANSFER] +
                         ledger.n[HST_SPELL_EXCLUDED] + ledger.n[HST_SPELL_ATTENDER_BETWEEN]);
    assert_int_equal(ledger.n[HST_SPELL_PAIRS] + 45, n_rows); /* 45 persons */
    assert_int_equal(ledger.n[HST_SPELL_LINKED] + ledger.n[HST_SPELL_CIPS], n_rows);
    hst_table_free(table);
}

int main(void)
{
    enum {
        N_RULES = sizeof rule_cases / sizeof rule_cases[0],
        N_GOLDEN = sizeof golden_cases / sizeof golden_cases[0]
    };
    static struct CMUnitTest tests[N_RULES + N_GOLDEN + 5];
    size_t n = 0;

    for (size_t i = 0; i < N_RULES; i++) {
        tests[n++] = (struct CMUnitTest){
            .name = rule_cases[i].name, .test_func = rule_holds, .initial_state = &rule_cases[i]};
    }
    for (size_t i = 0; i < N_GOLDEN; i++) {
        tests[n++] = (struct CMUnitTest){.name = golden_cases[i].name,
                                         .test_func = golden_cips,
                                         .initial_state = &golden_cases[i]};
    }
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(fields_of_a_spell);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(notes_are_made_anew);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(names_of_rules);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(events_have_names);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(golden_york_spells);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
