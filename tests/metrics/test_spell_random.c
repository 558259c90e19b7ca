/* Spells of random people with every oddity, compared with a slow implementation of the same
 * rules, with themselves in another order, and timed on a person of 20,000 episodes. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/metrics/spell_slow.h"
#include "tests/support.h"

#ifdef HESTIA_SANITIZED
enum { N_PEOPLE = 20000 };
#else
enum { N_PEOPLE = 100000 };
#endif
enum { MAX_STAYS = 5, LONG_LIFE = 20000 };

static uint64_t random_state = UINT64_C(0x2545F4914F6CDD1D);

static unsigned random_below(unsigned n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state >> 33) % n;
}

static bool one_in(unsigned n)
{
    return random_below(n) == 0;
}

static uint16_t random_code(const char *codes)
{
    size_t at = 3 * (size_t)random_below((unsigned)(strlen(codes) + 1) / 3);

    return codes[at] == ' ' ? 0 : HST_CODE2(codes[at], codes[at + 1]);
}

static uint8_t random_letter(const char *letters)
{
    char letter = letters[random_below((unsigned)strlen(letters))];

    return letter == ' ' ? 0 : (uint8_t)letter;
}

/* ---- people ---- */

static void spoil(hst_stay_episode *e, hst_day day)
{
    hst_day kept = e->epistart;

    switch (random_below(16)) {
    case 0:
        e->admidate = 0;
        break;
    case 1:
        e->epistart = one_in(3) ? 0 : (hst_day)(day + random_below(6));
        break;
    case 2:
        e->epiend = one_in(3) ? 0 : (hst_day)(day + random_below(9));
        break;
    case 3:
        e->epistart = e->epiend;
        e->epiend = kept;
        break;
    case 4:
        e->provider = random_below(4);
        break;
    case 5:
        e->spell_number = random_below(4);
        break;
    case 6:
        e->sus_spell = random_below(4);
        break;
    case 7:
        e->epistat = random_letter("19 3");
        break;
    case 8:
        e->classpat = random_letter("12345 8");
        break;
    case 9:
        e->epiorder = (uint8_t[]){0, 1, 2, 98, 99}[random_below(5)];
        break;
    case 10:
        e->disdate = one_in(2) ? 0 : (hst_day)(day + random_below(9));
        break;
    case 11:
        e->admidate = (hst_day)(day + random_below(9));
        break;
    case 12:
        e->record_key = 1 + random_below(6);
        break;
    case 13:
        e->dismeth = random_letter("1489 ");
        break;
    case 14:
        e->admimeth = random_code("21 28 2B 81 11");
        break;
    default:
        e->admisorc = random_code("19 51 52 49 87   ");
        break;
    }
}

/* A stay of one to four episodes from `day` on; returns the day after its last. */
static hst_day add_stay(slow_person *p, hst_day day, bool is_attender)
{
    hst_stay_episode e = {.provider = 1 + random_below(3),
                          .spell_number = one_in(6) ? 0 : 1 + random_below(3),
                          .sus_spell = one_in(6) ? 0 : 1 + random_below(6),
                          .admidate = day,
                          .admimeth = random_code("21 21 22 28 2B 81 11"),
                          .admisorc = random_code("19 19 19 51 52 53 49 50 87 84"),
                          .epistat = '3',
                          .classpat = is_attender ? random_letter("34") : random_letter("11112 5")};
    unsigned n_episodes = is_attender ? 1 : 1 + random_below(4);
    uint16_t destination = random_code("19 19 51 52 53 49 50 84 87 98");
    bool is_open = one_in(8);

    for (unsigned k = 0; k < n_episodes && p->n < SLOW_MAX; k++) {
        bool is_last = k + 1 == n_episodes;

        e.record_key = 100 + 7 * (uint64_t)random_below(40);
        e.epiorder = (uint8_t)(k + 1);
        e.epistart = day;
        e.epiend = day = (hst_day)(day + (is_attender ? 0 : random_below(4)));
        e.disdate = is_last && !is_open ? day : 0;
        e.disdest = is_last && !is_open ? destination : HST_CODE2('9', '8');
        e.dismeth = is_last && !is_open ? random_letter("1124") : '8';
        p->rows[p->n] = e;
        p->n++;
    }
    return day;
}

static void make_person(slow_person *p)
{
    unsigned n_stays = 1 + random_below(MAX_STAYS);
    hst_day day = 20;
    size_t n = 0;

    memset(p, 0, sizeof *p);
    for (unsigned s = 0; s < n_stays; s++) {
        hst_day end = add_stay(p, day, one_in(8));

        day = (hst_day)(end + random_below(one_in(3) ? 9 : 4) - (one_in(4) ? 3 : 0));
    }
    n = p->n;
    for (size_t i = 0; i < n; i++) {
        for (unsigned oddity = random_below(12); oddity >= 9; oddity--) {
            spoil(&p->rows[i], 20);
        }
        if (one_in(12) && p->n < SLOW_MAX) { /* the row once more, or nearly */
            p->rows[p->n] = p->rows[i];
            if (one_in(2)) {
                spoil(&p->rows[p->n], 20);
            }
            p->n++;
        }
    }
    for (size_t i = p->n; i-- > 1;) {
        size_t other = random_below((unsigned)i + 1);
        hst_stay_episode kept = p->rows[i];

        p->rows[i] = p->rows[other];
        p->rows[other] = kept;
    }
    for (size_t i = 0; i < p->n; i++) {
        p->rows[i].row = (uint32_t)i;
    }
}

/* ---- the comparison ---- */

static const hst_spell_rule rules[] = {HST_SPELLS_NHSD, HST_SPELLS_YORK, HST_SPELLS_SUPPLIED};
static const hst_cips_rule cips_rules[] = {HST_CIPS_NHSD, HST_CIPS_YORK, HST_CIPS_NONE};
enum { N_RULES = 3, N_CIPS_RULES = 3 };

/* One spell of the build against the slow one. */
static void compare_spell(const slow_person *slow, const hst_spell *s, size_t number,
                          const hst_stay_episode *episodes)
{
    const hst_stay_episode *first = &episodes[s->first_episode];
    int name = slow->spell_of[first->row];
    const hst_spell *t = &slow->spells[name >= 0 ? name : 0];

    assert_true(name >= 0);
    assert_int_equal(slow->place[name], number);
    assert_int_equal(s->n_episodes, t->n_episodes);
    assert_true(s->smallest_key == t->smallest_key);
    assert_int_equal(s->provider, t->provider);
    assert_int_equal(s->start, t->start);
    assert_int_equal(s->end, t->end);
    assert_int_equal(s->epistart, t->epistart);
    assert_int_equal(s->admidate, t->admidate);
    assert_int_equal(s->disdate, t->disdate);
    assert_int_equal(s->admimeth, t->admimeth);
    assert_int_equal(s->admisorc, t->admisorc);
    assert_int_equal(s->disdest, t->disdest);
    assert_int_equal(s->classpat, t->classpat);
    assert_int_equal(s->dismeth, t->dismeth);
    assert_int_equal(episodes[s->last_episode].row, slow->discharge_row[name]);
    for (uint32_t i = 0; i < s->n_episodes; i++) {
        assert_int_equal(slow->spell_of[episodes[s->first_episode + i].row], name);
        assert_int_equal(episodes[s->first_episode + i].spell, number);
    }
}

static void compare_build(const slow_person *slow, const hst_spells *spells,
                          const hst_stay_episode *episodes)
{
    size_t n_spells = 0, n_cips = 0, n_in = 0;
    const hst_spell *s = hst_spells_get(spells, &n_spells);
    const hst_cips *cips = hst_spells_get_cips(spells, &n_cips);

    for (size_t i = 0; i < n_spells; i++) {
        assert_int_equal(s[i].first_episode, n_in);
        compare_spell(slow, &s[i], i, episodes);
        n_in += s[i].n_episodes;
    }
    for (size_t i = n_in; i < slow->n; i++) {
        assert_int_equal(episodes[i].spell, HST_NO_SPELL);
        assert_int_equal(slow->spell_of[episodes[i].row], -1);
    }
    for (size_t i = 0; i < slow->n; i++) {
        assert_int_equal(episodes[i].notes, slow->rows[episodes[i].row].notes);
        assert_int_equal(episodes[i].epistart, slow->rows[episodes[i].row].epistart);
        assert_int_equal(episodes[i].epiend, slow->rows[episodes[i].row].epiend);
        assert_int_equal(episodes[i].admidate, slow->rows[episodes[i].row].admidate);
    }
    n_in = 0;
    for (size_t c = 0; c < n_cips; c++) {
        assert_int_equal(cips[c].first_spell, n_in);
        for (size_t i = 0; i < cips[c].n_spells; i++, n_in++) {
            uint32_t first = episodes[s[cips[c].first_spell].first_episode].row;

            assert_int_equal(s[n_in].cips, c);
            assert_int_equal(slow->cips_of[episodes[s[n_in].first_episode].row],
                             slow->cips_of[first]);
        }
        if (c > 0) {
            assert_int_not_equal(
                slow->cips_of[episodes[s[cips[c].first_spell].first_episode].row],
                slow->cips_of[episodes[s[cips[c - 1].first_spell].first_episode].row]);
        }
    }
    assert_int_equal(n_in, n_spells);
}

/* Every episode, spell and pair is accounted for. */
static void check_ledger(const hst_spell_ledger *ledger, uint64_t n_in)
{
    const uint64_t *n = ledger->n;

    assert_true(n[HST_SPELL_EPISODES] == n_in + n[HST_SPELL_NOT_FINISHED] +
                                             n[HST_SPELL_NO_PROVIDER] + n[HST_SPELL_NO_EPISTART] +
                                             n[HST_SPELL_NO_EPIEND] + n[HST_SPELL_NO_ADMIDATE] +
                                             n[HST_SPELL_NO_SUS_SPELL]);
    assert_true(n[HST_SPELL_PAIRS] == n[HST_SPELL_LINKED] + n[HST_SPELL_OVERLAP] +
                                          n[HST_SPELL_GAP] + n[HST_SPELL_NO_TRANSFER] +
                                          n[HST_SPELL_EXCLUDED] + n[HST_SPELL_ATTENDER_BETWEEN]);
    assert_true(n[HST_SPELL_SPELLS] == n[HST_SPELL_CIPS] + n[HST_SPELL_LINKED]);
}

/* Every event that a pair of rules can have was met, or the people are not odd enough. */
static void check_coverage(const hst_spell_ledger *ledger, hst_spell_rule rule, hst_cips_rule cips)
{
    for (int event = 0; event < HST_N_SPELL_EVENTS; event++) {
        bool is_of_york = event >= HST_SPELL_BY_ADMIDATE && event <= HST_SPELL_BY_UNFINISHED_END;
        bool is_of_nhsd = event == HST_SPELL_REGULAR_ATTENDER || event == HST_SPELL_NUMBER_MISSING;
        bool is_of_link = event >= HST_SPELL_PAIRS && event <= HST_SPELL_ATTENDER_BETWEEN;
        bool is_of_nhsd_link = event == HST_SPELL_OVERLAP || event == HST_SPELL_EXCLUDED ||
                               event == HST_SPELL_ATTENDER_BETWEEN;
        bool is_possible =
            (!is_of_york || rule == HST_SPELLS_YORK) && (!is_of_nhsd || rule == HST_SPELLS_NHSD) &&
            (event != HST_SPELL_NO_SUS_SPELL || rule == HST_SPELLS_SUPPLIED) &&
            (!is_of_link || cips != HST_CIPS_NONE) && (!is_of_nhsd_link || cips == HST_CIPS_NHSD);

        if ((ledger->n[event] > 0) != is_possible) {
            print_error("%s: %llu\n", hst_spell_event_name((hst_spell_event)event),
                        (unsigned long long)ledger->n[event]);
        }
        assert_int_equal(ledger->n[event] > 0, is_possible);
    }
}

static void same_as_slow_rules(void **state)
{
    static hst_spell_ledger ledgers[N_RULES][N_CIPS_RULES];
    static slow_person person, slow;
    uint64_t n_in[N_RULES][N_CIPS_RULES] = {{0}};
    hst_spells *spells[N_RULES][N_CIPS_RULES];

    (void)state;
    for (size_t r = 0; r < N_RULES; r++) {
        for (size_t c = 0; c < N_CIPS_RULES; c++) {
            assert_int_equal(hst_spells_create(&spells[r][c], rules[r], cips_rules[c], NULL),
                             HST_OK);
        }
    }
    for (size_t i = 0; i < N_PEOPLE; i++) {
        make_person(&person);
        for (size_t rc = 0; rc < (size_t)N_RULES * N_CIPS_RULES; rc++) {
            size_t r = rc / N_CIPS_RULES, c = rc % N_CIPS_RULES;
            hst_stay_episode episodes[SLOW_MAX];

            if (c == 0) {
                slow = person;
                slow_spells(&slow, rules[r]);
            }
            slow_link(&slow, cips_rules[c]);
            memcpy(episodes, person.rows, sizeof episodes);
            assert_int_equal(
                hst_spells_build(spells[r][c], episodes, person.n, &ledgers[r][c], NULL), HST_OK);
            compare_build(&slow, spells[r][c], episodes);
            for (size_t k = 0; k < person.n; k++) {
                n_in[r][c] += slow.spell_of[k] >= 0;
            }
        }
    }
    for (size_t rc = 0; rc < (size_t)N_RULES * N_CIPS_RULES; rc++) {
        size_t r = rc / N_CIPS_RULES, c = rc % N_CIPS_RULES;

        check_ledger(&ledgers[r][c], n_in[r][c]);
        check_coverage(&ledgers[r][c], rules[r], cips_rules[c]);
        hst_spells_free(spells[r][c]);
    }
}

/* ---- order and numbers do not matter ---- */

/* Shuffles, and gives providers and spells other numbers. */
static void disguise(hst_stay_episode *episodes, size_t n)
{
    uint32_t factor = 2 * random_below(1000000) + 1; /* odd: equal stays equal, 0 stays 0 */

    for (size_t i = n; i-- > 1;) {
        size_t other = random_below((unsigned)i + 1);
        hst_stay_episode kept = episodes[i];

        episodes[i] = episodes[other];
        episodes[other] = kept;
    }
    for (size_t i = 0; i < n; i++) {
        episodes[i].provider *= factor;
        episodes[i].spell_number *= factor * 3;
        episodes[i].sus_spell *= factor * 5;
    }
}

/* What must be the same: all but row numbers and the numbers of providers and spells. */
static void forget_names(hst_stay_episode *episodes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        episodes[i].row = episodes[i].provider = 0;
        episodes[i].spell_number = episodes[i].sus_spell = 0;
    }
}

static void same_in_any_order(void **state)
{
    hst_spells *spells[2];
    static slow_person person;

    (void)state;
    for (size_t i = 0; i < N_PEOPLE / 2; i++) {
        hst_spell_rule rule = rules[i % N_RULES];
        hst_cips_rule cips = cips_rules[i / N_RULES % N_CIPS_RULES];
        hst_stay_episode episodes[2][SLOW_MAX];
        hst_spell_ledger ledgers[2] = {{{0}}, {{0}}};
        const hst_spell *s[2];
        size_t n_spells[2];

        make_person(&person);
        for (size_t k = 0; k < 2; k++) {
            memset(episodes[k], 0, sizeof episodes[k]);
            memcpy(episodes[k], person.rows, person.n * sizeof person.rows[0]);
            if (k == 1) {
                disguise(episodes[k], person.n);
            }
            assert_int_equal(hst_spells_create(&spells[k], rule, cips, NULL), HST_OK);
            assert_int_equal(hst_spells_build(spells[k], episodes[k], person.n, &ledgers[k], NULL),
                             HST_OK);
            s[k] = hst_spells_get(spells[k], &n_spells[k]);
            forget_names(episodes[k], person.n);
        }
        assert_memory_equal(&ledgers[0], &ledgers[1], sizeof ledgers[0]);
        assert_memory_equal(episodes[0], episodes[1], sizeof episodes[0]);
        assert_int_equal(n_spells[0], n_spells[1]);
        for (size_t k = 0; k < n_spells[0]; k++) {
            hst_spell a = s[0][k], b = s[1][k];

            a.provider = b.provider = 0;
            assert_memory_equal(&a, &b, sizeof a);
        }
        hst_spells_free(spells[0]);
        hst_spells_free(spells[1]);
    }
}

/* ---- a long life ---- */

static struct life_case {
    const char *name;
    bool is_attender, has_numbers;
    unsigned n_days;
} life_cases[] = {
    {"20,000 episodes of a regular attender", true, true, 4000},
    {"20,000 episodes, one day", false, false, 1},
    {"20,000 episodes over years", false, true, 20000},
};

static void long_life_is_quick(void **state)
{
    const struct life_case *c = *state;
    hst_stay_episode *episodes = calloc(LONG_LIFE, sizeof *episodes);
    clock_t begin = 0;

    assert_non_null(episodes);
    for (size_t rc = 0; rc < (size_t)N_RULES * N_CIPS_RULES; rc++) {
        hst_spells *spells = NULL;
        hst_spell_ledger ledger = {0};
        size_t n_spells = 0;

        for (size_t i = 0; i < LONG_LIFE; i++) {
            hst_day day = (hst_day)(100 + random_below(c->n_days));

            episodes[i] =
                (hst_stay_episode){.record_key = random_below(1000000),
                                   .provider = 1 + random_below(3),
                                   .spell_number = c->has_numbers ? 1 + random_below(9) : 0,
                                   .sus_spell = 1 + random_below(9000),
                                   .admidate = day,
                                   .epistart = day,
                                   .epiend = (hst_day)(day + random_below(3)),
                                   .disdate = day,
                                   .epiorder = 1,
                                   .epistat = '3',
                                   .classpat = c->is_attender ? '3' : '1'};
        }
        begin = clock();
        assert_int_equal(hst_spells_create(&spells, rules[rc / N_CIPS_RULES],
                                           cips_rules[rc % N_CIPS_RULES], NULL),
                         HST_OK);
        assert_int_equal(hst_spells_build(spells, episodes, LONG_LIFE, &ledger, NULL), HST_OK);
        /* milliseconds; a quadratic step takes seconds */
        assert_true((double)(clock() - begin) / CLOCKS_PER_SEC < 1);
        hst_spells_get(spells, &n_spells);
        assert_int_equal(ledger.n[HST_SPELL_SPELLS], n_spells);
        assert_int_equal(ledger.n[HST_SPELL_EPISODES], LONG_LIFE);
        if (c->is_attender && rules[rc / N_CIPS_RULES] == HST_SPELLS_NHSD) {
            assert_int_equal(n_spells, LONG_LIFE);
        }
        hst_spells_free(spells);
    }
    free(episodes);
}

int main(void)
{
    enum { N_LIVES = sizeof life_cases / sizeof life_cases[0] };
    static struct CMUnitTest tests[N_LIVES + 2] = {cmocka_unit_test(same_as_slow_rules),
                                                   cmocka_unit_test(same_in_any_order)};

    for (size_t i = 0; i < N_LIVES; i++) {
        tests[i + 2] = (struct CMUnitTest){.name = life_cases[i].name,
                                           .test_func = long_life_is_quick,
                                           .initial_state = &life_cases[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
