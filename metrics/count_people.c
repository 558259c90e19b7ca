/*
 * People, one at a time: their rows where measures need them together, their spells and continuous
 * spells, and whom they make a member of which cohort.
 */
#include "count_internal.h"

#include <string.h>

/* ---- stays ---- */

/* A spell or continuous spell on its way into the measures. */
typedef struct stay {
    hst_row row;             /* its first episode, with the stay's dates and discharge */
    const hst_episode *last; /* its last episode's own record */
    size_t last_segment;
    size_t first_episode, end_episode; /* of the person's episodes */
    size_t lookback;                   /* first spell that may be within the days before it */
    uint32_t readmitted_after;         /* days, HST_NOT_READMITTED */
} stay;

static const hst_row *row_of(const hst_person *person, size_t episode)
{
    return &person->rows[person->episodes[episode].row];
}

/* Sets that any of a run of episodes is in. */
static void find_in_run(const hst_measure_pass *pass, const hst_person *person, size_t first,
                        size_t end, uint64_t *uses)
{
    uint64_t found[HST_PLAN_USE_WORDS];
    size_t n_words = hst_plan_n_use_words(pass->plan);

    for (size_t i = first; i < end; i++) {
        const hst_row *row = row_of(person, i);

        hst_segment_plan_uses(pass->segment_plans[row->segment], row->episode, found);
        for (size_t word = 0; word < n_words; word++) {
            uses[word] |= found[word];
        }
    }
}

/* Notes which sets the spells before a stay are in. Each spell is looked at once, however many
 * stays follow it: of each set the last one is enough, since spells are in the order of their
 * starts. */
static void note_sets(const hst_measure_pass *pass, const hst_person *person, const stay *s,
                      hst_sets_before *before)
{
    if (before->n_spells < s->lookback) {
        before->n_spells = s->lookback;
    }
    for (; person->spells[before->n_spells].first_episode < s->first_episode; before->n_spells++) {
        const hst_spell *spell = &person->spells[before->n_spells];
        uint64_t found[HST_PLAN_USE_WORDS] = {0};

        find_in_run(pass, person, spell->first_episode, spell->first_episode + spell->n_episodes,
                    found);
        for (size_t word = 0; word < hst_plan_n_use_words(pass->plan); word++) {
            for (uint64_t left = found[word]; left != 0; left &= left - 1) {
                before->last[64 * word + (size_t)__builtin_ctzll(left)] = spell->start;
            }
        }
    }
}

static void forget_sets(const hst_counting *c, hst_count_worker *w)
{
    for (size_t p = 0; p < c->n_passes; p++) {
        if (w->before[p].n_spells > 0) {
            w->before[p] = (hst_sets_before){0};
        }
    }
}

/* Sets matched in the stay, or in spells that began in the days before it. */
static void find_back(const hst_measure_pass *pass, const hst_person *person, const stay *s,
                      hst_sets_before *before, int days, uint64_t *found)
{
    find_in_run(pass, person, s->first_episode, s->end_episode, found);
    note_sets(pass, person, s, before);
    for (size_t set = 0; set < 64 * hst_plan_n_use_words(pass->plan); set++) {
        if (before->last[set] != 0 && before->last[set] + days >= s->row.episode->admidate) {
            found[set / 64] |= UINT64_C(1) << set % 64;
        }
    }
}

/* Takes away the measures that the stay is unfit for. */
static uint64_t ask_unfit(const hst_counting *c, hst_count_worker *w, const hst_measure_pass *pass,
                          const hst_person *person, const stay *s, uint64_t live)
{
    for (uint64_t left = live & pass->unfit; left != 0; left &= left - 1) {
        size_t bit = (size_t)__builtin_ctzll(left), m = pass->measure[bit];
        uint64_t found[HST_PLAN_USE_WORDS] = {0};
        const uint64_t *const uses[] = {found, found, found};
        uint64_t unfit =
            hst_segment_plan_ask_fields(pass->segment_plans[s->row.segment], s->row.episode,
                                        UINT64_C(1) << pass->unfit_bit[bit]);

        if (unfit != 0 && hst_plan_modes(pass->plan, unfit) != 0) {
            find_back(pass, person, s, &w->before[pass - c->passes],
                      c->measures->items[m].measure->lookback, found);
        }
        if (unfit != 0 && hst_plan_ask_codes(pass->plan, unfit, uses) != 0) {
            w->unfit[m]++;
            live &= ~(UINT64_C(1) << bit);
        }
    }
    return live;
}

/* Asks a stay the filters of a pass. */
static hst_status ask_filters(const hst_counting *c, hst_count_worker *w,
                              const hst_measure_pass *pass, const hst_person *person, const stay *s,
                              const uint16_t *periods, uint64_t live)
{
    uint64_t found[3][HST_PLAN_USE_WORDS];
    const uint64_t *const uses[] = {found[HST_EPISODE_FIRST], found[HST_EPISODE_LAST],
                                    found[HST_EPISODE_ANY]};
    const hst_segment_plan *plan = pass->segment_plans[s->row.segment];
    unsigned modes = 0;

    live = hst_segment_plan_ask_fields(plan, s->row.episode, live);
    if (live == 0) {
        return HST_OK;
    }
    modes = hst_plan_modes(pass->plan, live);
    if (modes >> HST_EPISODE_FIRST & 1) {
        hst_segment_plan_uses(plan, s->row.episode, found[HST_EPISODE_FIRST]);
    }
    if (modes >> HST_EPISODE_LAST & 1) {
        hst_segment_plan_uses(pass->segment_plans[s->last_segment], s->last,
                              found[HST_EPISODE_LAST]);
    }
    if (modes >> HST_EPISODE_ANY & 1) {
        memset(found[HST_EPISODE_ANY], 0, sizeof found[HST_EPISODE_ANY]);
        find_in_run(pass, person, s->first_episode, s->end_episode, found[HST_EPISODE_ANY]);
    }
    live = hst_plan_ask_codes(pass->plan, live, uses);
    if (live & pass->unfit) {
        live = ask_unfit(c, w, pass, person, s, live);
    }
    if (live != 0) {
        hst_event event = {.segment = s->row.segment,
                           .episode = s->row.episode,
                           .periods = periods,
                           .uses = uses,
                           .is_readmitted_to = s->readmitted_after != HST_NOT_READMITTED,
                           .readmitted_after = s->readmitted_after,
                           .first_episode = s->first_episode,
                           .end_episode = s->end_episode};

        return hst_count_event(c, w, pass, &event, live);
    }
    return HST_OK;
}

static hst_status count_stay(const hst_counting *c, hst_count_worker *w, const hst_person *person,
                             const stay *s, size_t kind)
{
    hst_status status = HST_OK;

    for (size_t p = 0; p < c->n_passes && !status; p++) {
        const hst_measure_pass *pass = &c->passes[p];
        uint16_t periods[HST_PLAN_FILTERS];
        uint64_t live = 0;

        for (size_t i = 0; i < pass->n_asked[kind]; i++) {
            size_t g = pass->asked[kind][i];
            hst_step step =
                hst_unit_rule_ask_stay(&pass->groups[g].rule, s->row.episode, &periods[g]);

            w->steps[p][g][step]++;
            live |= step == HST_STEP_ASKED ? pass->groups[g].bits : 0;
        }
        if (live != 0) {
            status = ask_filters(c, w, pass, person, s, periods, live);
        }
    }
    return status;
}

static void end_stay(stay *s, const hst_person *person, const hst_spell *first,
                     const hst_spell *last)
{
    const hst_row *row = row_of(person, last->last_episode);

    s->last = row->episode;
    s->last_segment = row->segment;
    s->first_episode = first->first_episode;
    s->end_episode = last->first_episode + last->n_episodes;
}

static bool is_counted_class(uint8_t classpat)
{
    return classpat == '1' || classpat == '2' || classpat == '5';
}

static hst_status count_spells(const hst_counting *c, hst_count_worker *w, const hst_person *person)
{
    hst_status status = HST_OK;

    for (size_t i = 0; i < person->n_spells && !status; i++) {
        const hst_spell *spell = &person->spells[i];
        stay s;

        w->england.spells[c->year_of_day[person->episodes[spell->first_episode].epiend]] +=
            is_counted_class(spell->classpat);
        if (!c->is_asked[HST_KIND_OF_SPELLS]) {
            continue;
        }
        s = (stay){.row = hst_people_spell_row(person, spell)};
        end_stay(&s, person, spell, spell);
        status = count_stay(c, w, person, &s, HST_KIND_OF_SPELLS);
    }
    return status;
}

/* ---- continuous spells and readmissions ---- */

static hst_status count_cips(const hst_counting *c, hst_count_worker *w, const hst_person *person)
{
    size_t lookback = 0;
    hst_status status = HST_OK;

    forget_sets(c, w);
    if (c->finds_returns) {
        status = hst_returns_find(&w->returns, person, &w->err);
    }
    for (size_t i = 0; i < person->n_cips && !status; i++) {
        const hst_cips *cips = &person->cips[i];
        const hst_spell *first = &person->spells[cips->first_spell];
        stay s = {.row = hst_people_cips_row(person, cips)};

        while (person->spells[lookback].start + c->longest_lookback < first->start) {
            lookback++;
        }
        s.lookback = lookback;
        end_stay(&s, person, first, &person->spells[cips->first_spell + cips->n_spells - 1]);
        s.readmitted_after = c->finds_returns ? w->returns.after[i] : HST_NOT_READMITTED;
        status = count_stay(c, w, person, &s, HST_KIND_OF_CIPS);
    }
    return status;
}

/* ---- cohorts ---- */

/* Day on which a row asks for members: what spells fill a missing ADMIDATE with where there is
 * none. */
static hst_day day_of(const hst_episode *e)
{
    hst_day start = e->epiend != 0 && e->epiend < e->epistart ? e->epiend : e->epistart;

    return e->admidate ? e->admidate : start;
}

/* Notes in the copies of a person's rows which cohorts they belong to on their day. */
static void mark_members(const hst_person *person, const hst_membership *membership)
{
    for (size_t i = 0; i < person->n_rows; i++) {
        hst_episode *episode = person->rows[i].episode;
        unsigned bits = 0;

        for (unsigned left = membership->cohorts; left != 0; left &= left - 1) {
            unsigned cohort = (unsigned)__builtin_ctz(left);

            bits |= (unsigned)(day_of(episode) >= membership->from[cohort]) << cohort;
        }
        episode->reserved = (uint16_t)((episode->reserved & HST_RECORD_REPEAT) | bits);
    }
}

static void ask_cohorts(const hst_counting *c, hst_count_worker *w, const hst_person *person)
{
    hst_membership membership = {0};

    hst_cohort_plan_ask(c->cohorts, person, &membership);
    if (membership.cohorts != 0) {
        mark_members(person, &membership);
        hst_cohort_sizes_add(w->sizes, &membership, person, c->residences);
    }
}

hst_status hst_count_check_spells(const hst_counting *c, const hst_count_worker *w, hst_error *err)
{
    const hst_people_totals *totals = &w->totals_of_people;

    if (!c->rules.wants_spells || totals->n_spells > 0 || totals->n_no_sus_spell == 0) {
        return HST_OK;
    }
    return hst_fail(err, HST_ERR_INPUT,
                    "%s: no inpatient row has a SUSSPELLID, so `spells: {rule: supplied}` makes no "
                    "spell; write `rule: nhsd` or york, or deliver the column",
                    c->study->path);
}

/* ---- the person ---- */

static hst_status count_person(const hst_counting *c, hst_count_worker *w, const hst_person *person)
{
    hst_status status = HST_OK;

    w->totals_of_people.n_people++;
    w->totals_of_people.n_episodes += person->n_episodes;
    w->totals_of_people.n_spells += person->n_spells;
    w->totals_of_people.n_cips += person->n_cips;
    if (c->cohorts) {
        ask_cohorts(c, w, person);
    }
    for (size_t i = 0; i < person->n_rows && !status && c->rows_by_person; i++) {
        status = hst_count_row(c, w, person->rows[i].segment, person->rows[i].episode);
    }
    if (!status && c->rules.wants_spells) {
        status = hst_rule_comparison_add(&w->comparison, person, &w->err);
    }
    if (!status && person->n_spells > 0) {
        status = count_spells(c, w, person);
        if (!status && c->is_asked[HST_KIND_OF_CIPS]) {
            status = count_cips(c, w, person);
        }
    }
    hst_count_settle_person(c, w);
    if (!status && c->watch && c->watch->person) {
        status = c->watch->person(c->watch->context, w->number, person, &w->err);
    }
    return status;
}

hst_status hst_count_people(const hst_counting *c, hst_count_worker *w, const hst_block *blocks)
{
    hst_status status = hst_people_begin(w->people, blocks, &w->err);
    hst_person person;
    bool more = true;

    while (!status && more) {
        status = hst_people_next(w->people, &person, &more, &w->err);
        if (!status && more) {
            status = count_person(c, w, &person);
        }
    }
    return status;
}
