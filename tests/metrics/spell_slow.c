#include "tests/metrics/spell_slow.h"

#include <stdbool.h>
#include <string.h>

enum { MAX_KEYS = 16 };

static bool is_in(uint16_t code, const char *list)
{
    char text[3] = {(char)(code & 255), (char)(code >> 8), '\0'};

    return code != 0 && strstr(list, text) != NULL;
}

static bool is_regular(uint8_t classpat)
{
    return classpat == '3' || classpat == '4';
}

/* 2. Cleaning before spells. */
static void clean(hst_stay_episode *e)
{
    e->notes = 0;
    if (e->epistart != 0 && e->epiend != 0 && e->epistart > e->epiend) {
        hst_day kept = e->epistart;
        e->epistart = e->epiend;
        e->epiend = kept;
        e->notes = HST_STAY_DATES_SWAPPED;
    }
    if (e->admidate == 0 && e->epistart != 0) {
        bool from_elsewhere = is_in(e->admimeth, "2B 81") || is_in(e->admisorc, "51 52 53");
        if (e->epiorder == 1 && !from_elsewhere) {
            e->admidate = e->epistart;
            e->notes = (uint8_t)(e->notes | HST_STAY_ADMIDATE_FILLED);
        }
    }
    if (!(e->epistat == '3' && e->provider && e->epistart && e->epiend && e->admidate)) {
        e->notes = (uint8_t)(e->notes | HST_STAY_INVALID);
    }
}

static bool is_valid(const slow_person *p, int row)
{
    return !(p->rows[row].notes & HST_STAY_INVALID);
}

/* All that decides the order of a row inside its spell (york: at its provider). */
static void keys_of(const slow_person *p, int row, hst_spell_rule rule, uint64_t keys[MAX_KEYS])
{
    const hst_stay_episode *e = &p->rows[row];
    bool in = is_in(e->admimeth, "2B 81") || is_in(e->admisorc, "51 52 53");
    bool out = is_in(e->disdest, "51 52 53");
    int k = 0;

    memset(keys, 0, MAX_KEYS * sizeof *keys);
    keys[k++] = e->epistart;
    if (rule == HST_SPELLS_YORK) {
        keys[k++] = e->epiend;
        keys[k++] = e->epiorder;
        keys[k++] = in && out ? 2 : in ? 3 : out ? 1 : 0;
    } else {
        keys[k++] = e->epiorder == 0 ? 1000 : e->epiorder;
        keys[k++] = e->epiend;
    }
    keys[k++] = e->record_key;
    keys[k++] = e->admidate;
    keys[k++] = e->disdate;
    keys[k++] = e->admimeth;
    keys[k++] = e->admisorc;
    keys[k++] = e->disdest;
    keys[k++] = e->notes;
    keys[k++] = e->epistat;
    keys[k++] = e->classpat;
    keys[k++] = e->dismeth;
    keys[MAX_KEYS - 1] = (uint64_t)row;
}

static int compare_keys(const uint64_t *a, const uint64_t *b, int n)
{
    for (int i = 0; i < n; i++) {
        if (a[i] != b[i]) {
            return a[i] < b[i] ? -1 : 1;
        }
    }
    return 0;
}

static bool row_is_before(const slow_person *p, int a, int b, hst_spell_rule rule)
{
    uint64_t of_a[MAX_KEYS], of_b[MAX_KEYS];

    keys_of(p, a, rule, of_a);
    keys_of(p, b, rule, of_b);
    return compare_keys(of_a, of_b, MAX_KEYS) < 0;
}

/* 3A. Provider spell of NHS Digital. */
static bool number_counts(const slow_person *p, int row)
{
    for (int i = 0; i < (int)p->n; i++) {
        if (is_valid(p, i) && !is_regular(p->rows[i].classpat) &&
            p->rows[i].admidate == p->rows[row].admidate &&
            p->rows[i].provider == p->rows[row].provider && p->rows[i].spell_number == 0) {
            return false;
        }
    }
    return true;
}

static bool same_nhsd(const slow_person *p, int i, int j)
{
    const hst_stay_episode *a = &p->rows[i], *b = &p->rows[j];

    if (is_regular(a->classpat) || is_regular(b->classpat)) {
        return false;
    }
    return a->admidate == b->admidate && a->provider == b->provider &&
           (a->spell_number == b->spell_number || !number_counts(p, i));
}

static void join_by_key(slow_person *p, hst_spell_rule rule)
{
    for (int i = 0; i < (int)p->n; i++) {
        bool is_out = rule == HST_SPELLS_SUPPLIED && p->rows[i].sus_spell == 0;

        p->spell_of[i] = is_valid(p, i) && !is_out ? i : -1;
        for (int j = 0; j < i && p->spell_of[i] == i; j++) {
            bool same = rule == HST_SPELLS_SUPPLIED ? p->rows[i].sus_spell == p->rows[j].sus_spell
                                                    : same_nhsd(p, i, j);
            if (p->spell_of[j] >= 0 && same) {
                p->spell_of[i] = p->spell_of[j];
            }
        }
    }
}

/* 3B. Provider spell of York. */
static int york_row_before(const slow_person *p, int row)
{
    int best = -1;

    for (int i = 0; i < (int)p->n; i++) {
        if (p->rows[i].provider == p->rows[row].provider &&
            row_is_before(p, i, row, HST_SPELLS_YORK) &&
            (best < 0 || row_is_before(p, best, i, HST_SPELLS_YORK))) {
            best = i;
        }
    }
    return best;
}

static int york_spell(const slow_person *p, int row)
{
    int before = york_row_before(p, row), begun = before;
    const hst_stay_episode *e = &p->rows[row], *f = NULL;

    while (begun >= 0 && !is_valid(p, begun)) {
        begun = york_row_before(p, begun);
    }
    if (begun < 0) {
        return row;
    }
    f = &p->rows[before];
    if (f->admidate == e->admidate || f->epistart == e->epistart ||
        ((f->dismeth == '8' || f->dismeth == '9') && f->epiend == e->epistart)) {
        return york_spell(p, begun);
    }
    return row;
}

/* Attributes of the spell called `name`. */
static void describe(slow_person *p, int name, hst_spell_rule rule)
{
    int first = -1, last = -1, dated = -1;
    hst_spell s = {.smallest_key = UINT64_MAX};
    const hst_stay_episode *f = NULL, *d = NULL;

    for (int i = 0; i < (int)p->n; i++) {
        if (p->spell_of[i] != name) {
            continue;
        }
        s.n_episodes++;
        if (p->rows[i].record_key < s.smallest_key) {
            s.smallest_key = p->rows[i].record_key;
        }
        if (p->rows[i].epiend > s.end) {
            s.end = p->rows[i].epiend;
        }
        if (first < 0 || row_is_before(p, i, first, rule)) {
            first = i;
        }
        if (last < 0 || row_is_before(p, last, i, rule)) {
            last = i;
        }
        if (p->rows[i].disdate != 0 && (dated < 0 || row_is_before(p, dated, i, rule))) {
            dated = i;
        }
    }
    p->discharge_row[name] = dated >= 0 ? dated : last;
    f = &p->rows[first];
    d = &p->rows[p->discharge_row[name]];
    s.provider = f->provider;
    s.epistart = f->epistart;
    s.admidate = f->admidate;
    s.start = f->epistart < f->admidate ? f->epistart : f->admidate;
    s.admimeth = f->admimeth;
    s.admisorc = f->admisorc;
    s.classpat = f->classpat;
    s.disdate = d->disdate;
    s.disdest = d->disdest;
    s.dismeth = d->dismeth;
    p->spells[name] = s;
}

/* The row of a spell that has `place` others before it. */
static int row_at(const slow_person *p, int name, int place, hst_spell_rule rule)
{
    for (int i = 0; i < (int)p->n; i++) {
        int n_before = 0;

        for (int j = 0; j < (int)p->n && p->spell_of[i] == name; j++) {
            n_before += p->spell_of[j] == name && row_is_before(p, j, i, rule);
        }
        if (p->spell_of[i] == name && n_before == place) {
            return i;
        }
    }
    return -1;
}

/* Start, end, smallest key; with repeated keys the other fields, then those of the episodes. */
static bool spell_is_before(const slow_person *p, int a, int b, hst_spell_rule rule)
{
    const hst_spell *x = &p->spells[a], *y = &p->spells[b];
    const uint64_t of_x[] = {x->start,    x->end,      x->smallest_key, x->epistart,
                             x->admidate, x->disdate,  x->admimeth,     x->admisorc,
                             x->disdest,  x->classpat, x->dismeth,      x->n_episodes};
    const uint64_t of_y[] = {y->start,    y->end,      y->smallest_key, y->epistart,
                             y->admidate, y->disdate,  y->admimeth,     y->admisorc,
                             y->disdest,  y->classpat, y->dismeth,      y->n_episodes};
    int order = compare_keys(of_x, of_y, (int)(sizeof of_x / sizeof of_x[0]));
    uint64_t row_x[MAX_KEYS], row_y[MAX_KEYS];

    for (int i = 0; order == 0 && i < (int)x->n_episodes; i++) {
        /* the tie-break reads rows as nhsd orders them, whatever the rule */
        keys_of(p, row_at(p, a, i, rule), HST_SPELLS_NHSD, row_x);
        keys_of(p, row_at(p, b, i, rule), HST_SPELLS_NHSD, row_y);
        order = compare_keys(row_x, row_y, MAX_KEYS - 1);
    }
    return order != 0 ? order < 0 : row_at(p, a, 0, rule) < row_at(p, b, 0, rule);
}

/* 4. Continuous spells. */
static bool links(const hst_spell *i, const hst_spell *j, hst_cips_rule rule)
{
    int days = 0;
    bool is_moved = false;

    if (rule == HST_CIPS_NONE) {
        return false;
    }
    if (rule == HST_CIPS_YORK) {
        return j->epistart - i->end <= 3 &&
               (is_in(i->disdest, "51 52 53") || is_in(j->admisorc, "51 52 53") ||
                is_in(j->admimeth, "2B 81"));
    }
    days = j->start - i->end;
    is_moved = is_in(i->disdest, "49 50 51 52 53 84") || is_in(j->admisorc, "49 50 51 52 53 87") ||
               is_in(j->admimeth, "2B 81");
    if (is_in(i->disdest, "19") && is_in(j->admisorc, "51") && is_in(j->admimeth, "21")) {
        return false;
    }
    return (days == 0 || days == 1 || days == 2) && is_moved && !is_regular(i->classpat) &&
           !is_regular(j->classpat);
}

static int spell_before(const slow_person *p, int name)
{
    for (int i = 0; i < (int)p->n; i++) {
        if (p->spell_of[i] == i && p->place[i] == p->place[name] - 1) {
            return i;
        }
    }
    return -1;
}

static int cips_of_spell(const slow_person *p, int name, hst_cips_rule rule)
{
    int before = spell_before(p, name);

    return before >= 0 && links(&p->spells[before], &p->spells[name], rule)
               ? cips_of_spell(p, before, rule)
               : name;
}

/* A spell is named by its row of the smallest number; York's rule names it by its first. */
static void rename_spells(slow_person *p)
{
    int names[SLOW_MAX] = {0};

    for (int i = 0; i < (int)p->n; i++) {
        names[i] = -1;
        for (int j = 0; j <= i && names[i] < 0 && p->spell_of[i] >= 0; j++) {
            names[i] = p->spell_of[j] == p->spell_of[i] ? j : -1;
        }
    }
    memcpy(p->spell_of, names, sizeof names);
}

void slow_spells(slow_person *p, hst_spell_rule rule)
{
    int n = (int)p->n;

    for (int i = 0; i < n; i++) {
        clean(&p->rows[i]);
    }
    if (rule == HST_SPELLS_YORK) {
        for (int i = 0; i < n; i++) {
            p->spell_of[i] = is_valid(p, i) ? york_spell(p, i) : -1;
        }
    } else {
        join_by_key(p, rule);
    }
    rename_spells(p);
    for (int i = 0; i < n; i++) {
        if (p->spell_of[i] == i) {
            describe(p, i, rule);
        }
    }
    for (int i = 0; i < n; i++) {
        p->place[i] = 0;
        for (int j = 0; j < n && p->spell_of[i] == i; j++) {
            p->place[i] += p->spell_of[j] == j && j != i && spell_is_before(p, j, i, rule);
        }
    }
}

void slow_link(slow_person *p, hst_cips_rule rule)
{
    for (int i = 0; i < (int)p->n; i++) {
        p->cips_of[i] = p->spell_of[i] < 0 ? -1 : cips_of_spell(p, p->spell_of[i], rule);
    }
}
