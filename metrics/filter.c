#include "filter_internal.h"

#include <stdlib.h>
#include <string.h>

#include "partition_internal.h"

enum {
    N_SMALL = 256,
    N_LARGE = 65536,
    N_COHORT_SETS = HST_RECORD_COHORTS + 1,
    STAY_INVALID = N_LARGE - 1
};

struct hst_plan {
    const hst_measures *measures;
    size_t n_bits;
    uint64_t roots; /* bits that are asked from outside; the rest stand in some `any` */
    const hst_filter *filters[HST_PLAN_FILTERS];
    bool by_discharge[HST_PLAN_FILTERS];
    uint64_t any_of[HST_PLAN_FILTERS]; /* children of a filter's `any`; 0 = it has none */
    uint64_t has_any;
    uint64_t has_codes;                   /* filters with a condition or procedure clause */
    uint64_t reads_codes[3];              /* those of them that read it in this hst_which_episode */
    uint8_t episode_of[HST_PLAN_FILTERS]; /* the same by filter */
    bool in_use[HST_N_ASKED];
    uint64_t *tables[HST_N_ASKED]; /* those that are the same for all segments */
    size_t n_use_words;
    /* per filter: the sets of which one must match, for conditions and for procedures */
    uint64_t wanted[HST_PLAN_FILTERS][2][HST_PLAN_USE_WORDS];
    bool wants[HST_PLAN_FILTERS][2];
    hst_code_index *codes;
};

struct hst_segment_plan {
    const hst_plan *plan;
    size_t n_fields; /* tables in use, in order */
    hst_asked_field fields[HST_N_ASKED];
    const uint64_t *tables[HST_N_ASKED];
    uint64_t *owned[HST_N_ASKED];
    hst_code_masks *codes;
};

/* ---- which field a clause looks at; those of attendances lie where episode.h says ---- */

static hst_asked_field field_of(const hst_clause *clause, bool by_discharge)
{
    switch (clause->kind) {
    case HST_CLAUSE_ADMISSION_METHOD:
    case HST_CLAUSE_DEPARTMENT:
        return HST_ASKED_ADMIMETH;
    case HST_CLAUSE_ADMISSION_SOURCE:
        return HST_ASKED_ADMISORC;
    case HST_CLAUSE_DISCHARGE_DESTINATION:
        return HST_ASKED_DISDEST;
    case HST_CLAUSE_DISCHARGE_METHOD:
        return HST_ASKED_DISMETH;
    case HST_CLAUSE_SEX:
        return HST_ASKED_SEX;
    case HST_CLAUSE_PATIENT_CLASS:
    case HST_CLAUSE_ATTENDED:
    case HST_CLAUSE_ATTENDANCE_CATEGORY:
        return HST_ASKED_CLASSPAT;
    case HST_CLAUSE_EPISODE_TYPE:
    case HST_CLAUSE_FIRST_ATTENDANCE:
        return HST_ASKED_EPITYPE;
    case HST_CLAUSE_ETHNICITY:
        return HST_ASKED_ETHNOS;
    case HST_CLAUSE_DEPRIVATION_QUINTILE:
        return HST_ASKED_DECILE;
    case HST_CLAUSE_AGE:
        return HST_ASKED_AGE;
    case HST_CLAUSE_LENGTH_OF_STAY:
        return HST_ASKED_STAY;
    case HST_CLAUSE_COHORT:
    case HST_CLAUSE_NOT_COHORT:
        return HST_ASKED_COHORT;
    case HST_CLAUSE_SPECIALTY:
        return by_discharge ? HST_ASKED_SPECIALTY_AT_DISCHARGE : HST_ASKED_SPECIALTY_AT_ADMISSION;
    case HST_CLAUSE_MAIN_SPECIALTY:
        return HST_ASKED_MAIN_SPECIALTY;
    case HST_CLAUSE_PROVIDER:
        return HST_ASKED_PROVIDER;
    case HST_CLAUSE_GP_PRACTICE:
        return HST_ASKED_GP_PRACTICE;
    case HST_CLAUSE_NO_TRANSFERS: /* two fields, see fill_tables */
    case HST_CLAUSE_CONDITION:
    case HST_CLAUSE_PROCEDURE:
    case HST_CLAUSE_ANY:
        break;
    }
    return HST_N_ASKED;
}

static size_t field_size(hst_asked_field field)
{
    if (field == HST_ASKED_COHORT) {
        return N_COHORT_SETS;
    }
    return field <= HST_ASKED_DISDEST || field == HST_ASKED_STAY ? N_LARGE : N_SMALL;
}

/* Value of a field in an episode: the index into its table. */
static inline size_t field_value(hst_asked_field field, const hst_episode *episode)
{
    switch (field) {
    case HST_ASKED_ADMIMETH:
        return episode->admimeth;
    case HST_ASKED_ADMISORC:
        return episode->admisorc;
    case HST_ASKED_DISDEST:
        return episode->disdest;
    case HST_ASKED_DISMETH:
        return episode->dismeth;
    case HST_ASKED_SEX:
        return episode->sex;
    case HST_ASKED_CLASSPAT:
        return episode->classpat;
    case HST_ASKED_EPITYPE:
        return episode->epitype;
    case HST_ASKED_ETHNOS:
        return episode->ethnos;
    case HST_ASKED_DECILE:
        return episode->imd_decile;
    case HST_ASKED_AGE:
        return episode->startage;
    case HST_ASKED_STAY:
        return episode->admidate == 0 || episode->disdate < episode->admidate
                   ? (size_t)STAY_INVALID
                   : (size_t)(episode->disdate - episode->admidate);
    case HST_ASKED_COHORT:
        return episode->reserved & HST_RECORD_COHORTS;
    case HST_ASKED_SPECIALTY_AT_ADMISSION:
        return hst_episode_specialty(episode, false);
    case HST_ASKED_SPECIALTY_AT_DISCHARGE:
        return hst_episode_specialty(episode, true);
    case HST_ASKED_MAIN_SPECIALTY:
        return episode->mainspef;
    case HST_ASKED_PROVIDER:
        return episode->provider;
    case HST_ASKED_GP_PRACTICE:
        return episode->gp_practice;
    case HST_N_ASKED:
        break;
    }
    return 0;
}

/* ---- plan ---- */

size_t hst_filter_bits(const hst_filter *filter)
{
    size_t n = 1;

    for (size_t i = 0; i < filter->n; i++) {
        for (size_t j = 0; j < filter->clauses[i].n_any; j++) {
            n += hst_filter_bits(&filter->clauses[i].any[j]);
        }
    }
    return n;
}

/* Children get higher bits than their parent, so that `any` resolves from the highest bit down. */
static void number_children(hst_plan *plan, size_t bit)
{
    const hst_filter *filter = plan->filters[bit];
    size_t first = plan->n_bits;

    for (size_t i = 0; i < filter->n; i++) {
        const hst_clause *clause = &filter->clauses[i];

        for (size_t j = 0; j < clause->n_any; j++) {
            plan->filters[plan->n_bits] = &clause->any[j];
            plan->by_discharge[plan->n_bits] = plan->by_discharge[bit];
            plan->any_of[bit] |= UINT64_C(1) << plan->n_bits++;
        }
    }
    if (plan->any_of[bit] != 0) {
        size_t end = plan->n_bits;

        plan->has_any |= UINT64_C(1) << bit;
        for (size_t child = first; child < end; child++) {
            number_children(plan, child);
        }
    }
}

static hst_status make_table(uint64_t **out, size_t n, hst_error *err)
{
    if (*out) {
        return HST_OK;
    }
    *out = malloc(n * sizeof **out);
    if (!*out) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a filter table");
    }
    for (size_t i = 0; i < n; i++) {
        (*out)[i] = UINT64_MAX;
    }
    return HST_OK;
}

/* Takes `bit` away from every value that is not allowed. */
static void restrict_table(uint64_t *table, const bool *allowed, size_t n, size_t bit)
{
    for (size_t i = 0; i < n; i++) {
        if (!allowed[i]) {
            table[i] &= ~(UINT64_C(1) << bit);
        }
    }
}

static size_t value_of_code(const char *code, bool is_pair)
{
    return is_pair ? HST_CODE2(code[0], code[1]) : (unsigned char)code[0];
}

/* Values of one of the fixed fields that a clause allows. */
static void allow_values(const hst_clause *clause, hst_asked_field field, bool *allowed)
{
    static const char *const not_non_elective[] = {"11", "12", "13", "98", "99", "\0"};
    size_t n = field_size(field);

    memset(allowed, clause->is_non_elective, n * sizeof *allowed);
    if (clause->is_non_elective) {
        for (size_t i = 0; i < sizeof not_non_elective / sizeof not_non_elective[0]; i++) {
            allowed[value_of_code(not_non_elective[i], true)] = false;
        }
    }
    if (field == HST_ASKED_COHORT) {
        for (size_t sets = 0; sets < n; sets++) {
            allowed[sets] = ((sets & clause->cohorts) != 0) == (clause->kind == HST_CLAUSE_COHORT);
        }
        return;
    }
    for (size_t i = 0; i < clause->n_codes; i++) {
        if (field == HST_ASKED_DECILE) {
            size_t quintile = (size_t)(clause->codes[i][0] - '0');

            allowed[2 * quintile - 1] = allowed[2 * quintile] = true;
        } else {
            allowed[value_of_code(clause->codes[i], field <= HST_ASKED_DISDEST)] = true;
        }
    }
    if (field == HST_ASKED_AGE || field == HST_ASKED_STAY) {
        size_t last = field == HST_ASKED_AGE ? 120 : STAY_INVALID - 1;

        for (size_t v = (size_t)clause->from; v <= (size_t)clause->to && v <= last; v++) {
            allowed[v] = true;
        }
    }
}

static hst_status restrict_field(hst_plan *plan, size_t bit, hst_asked_field field,
                                 const bool *allowed, hst_error *err)
{
    hst_status status = make_table(&plan->tables[field], field_size(field), err);

    if (!status) {
        plan->in_use[field] = true;
        restrict_table(plan->tables[field], allowed, field_size(field), bit);
    }
    return status;
}

/* No transfers in: neither method nor source may say so. */
static hst_status restrict_transfers(hst_plan *plan, size_t bit, bool *allowed, hst_error *err)
{
    hst_status status = HST_OK;

    memset(allowed, true, N_LARGE * sizeof *allowed);
    allowed[HST_CODE2('2', 'B')] = allowed[HST_CODE2('8', '1')] = false;
    status = restrict_field(plan, bit, HST_ASKED_ADMIMETH, allowed, err);
    if (status) {
        return status;
    }
    memset(allowed, true, N_LARGE * sizeof *allowed);
    for (char c = '1'; c <= '3'; c++) {
        allowed[HST_CODE2('5', c)] = false;
    }
    return restrict_field(plan, bit, HST_ASKED_ADMISORC, allowed, err);
}

static hst_status fill_clause(hst_plan *plan, size_t bit, const hst_clause *clause, bool *allowed,
                              hst_error *err)
{
    hst_asked_field field = field_of(clause, plan->by_discharge[bit]);

    if (clause->kind == HST_CLAUSE_NO_TRANSFERS) {
        return restrict_transfers(plan, bit, allowed, err);
    }
    if (clause->kind == HST_CLAUSE_CONDITION || clause->kind == HST_CLAUSE_PROCEDURE) {
        size_t kind = clause->kind == HST_CLAUSE_PROCEDURE;

        plan->has_codes |= UINT64_C(1) << bit;
        plan->reads_codes[clause->episode] |= UINT64_C(1) << bit;
        plan->episode_of[bit] = (uint8_t)clause->episode; /* one `where`, so the same for both */
        plan->wants[bit][kind] = true;
        for (size_t i = 0; i < clause->n_uses; i++) {
            plan->wanted[bit][kind][clause->uses[i] / 64] |= UINT64_C(1) << clause->uses[i] % 64;
        }
        return HST_OK;
    }
    if (field < HST_ASKED_SPECIALTY_AT_ADMISSION) {
        allow_values(clause, field, allowed);
        return restrict_field(plan, bit, field, allowed, err);
    }
    if (field < HST_N_ASKED) {
        plan->in_use[field] = true; /* its table is the segment's */
    }
    return HST_OK;
}

hst_status hst_plan_create(hst_plan **out, const hst_measures *measures, const hst_root *roots,
                           size_t n_roots, hst_error *err)
{
    hst_plan *plan = NULL;
    bool *allowed = NULL;
    size_t n_bits = 0;
    hst_status status = HST_OK;

    *out = NULL;
    for (size_t i = 0; i < n_roots; i++) {
        n_bits += hst_filter_bits(roots[i].filter);
    }
    if (n_bits > HST_PLAN_FILTERS || measures->n_uses > (size_t)HST_PLAN_USE_WORDS * 64) {
        return hst_fail(err, HST_ERR_RANGE, "%zu filters and %zu condition sets are too many",
                        n_bits, measures->n_uses);
    }
    plan = calloc(1, sizeof *plan);
    allowed = malloc(N_LARGE * sizeof *allowed);
    if (!plan || !allowed) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for a plan of filters");
        goto done;
    }
    plan->measures = measures;
    plan->n_use_words = (measures->n_uses + 63) / 64;
    plan->n_bits = n_roots;
    for (size_t i = 0; i < n_roots; i++) {
        plan->filters[i] = roots[i].filter;
        plan->by_discharge[i] = roots[i].by_discharge;
        plan->roots |= UINT64_C(1) << i;
    }
    for (size_t i = 0; i < n_roots; i++) {
        number_children(plan, i);
    }
    for (size_t bit = 0; bit < plan->n_bits; bit++) {
        for (size_t i = 0; i < plan->filters[bit]->n; i++) {
            status = fill_clause(plan, bit, &plan->filters[bit]->clauses[i], allowed, err);
            if (status) {
                goto done;
            }
        }
    }
    if (plan->has_codes) {
        status = hst_code_index_create(&plan->codes, measures->uses, measures->n_uses,
                                       measures->study->path, err);
        if (status) {
            goto done;
        }
    }
    *out = plan;
    plan = NULL; /* now the caller's */

done:
    free(allowed);
    hst_plan_free(plan);
    return status;
}

void hst_plan_free(hst_plan *plan)
{
    if (!plan) {
        return;
    }
    for (size_t i = 0; i < HST_N_ASKED; i++) {
        free(plan->tables[i]);
    }
    hst_code_index_free(plan->codes);
    free(plan);
}

/* ---- segment ---- */

static unsigned dictionary_of(hst_asked_field field)
{
    switch (field) {
    case HST_ASKED_PROVIDER:
        return HST_DICT_PROVIDER;
    case HST_ASKED_GP_PRACTICE:
        return HST_DICT_GP_PRACTICE;
    default:
        return HST_DICT_SPECIALTY;
    }
}

/* Table of a field that the segment numbers by its own dictionary. */
static hst_status number_field(hst_segment_plan *plan, const hst_segment *segment,
                               hst_asked_field field, hst_error *err)
{
    unsigned dictionary = dictionary_of(field);
    size_t n = hst_segment_n_codes(segment, dictionary);
    bool *allowed = calloc(n + 1, sizeof *allowed);
    hst_status status = HST_OK;

    if (!allowed) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a filter table");
    }
    status = make_table(&plan->owned[field], n + 1, err);
    if (status) {
        goto done;
    }
    for (size_t bit = 0; bit < plan->plan->n_bits; bit++) {
        const hst_filter *filter = plan->plan->filters[bit];

        for (size_t c = 0; c < filter->n; c++) {
            const hst_clause *clause = &filter->clauses[c];

            if (field_of(clause, plan->plan->by_discharge[bit]) != field) {
                continue;
            }
            for (size_t i = 1; i < n; i++) {
                const char *code = hst_segment_code(segment, dictionary, i);

                if (field == HST_ASKED_PROVIDER) {
                    code = hst_mergers_code(plan->plan->measures->mergers, code);
                }
                allowed[i] = false;
                for (size_t k = 0; k < clause->n_codes && !allowed[i]; k++) {
                    allowed[i] = strcmp(clause->codes[k], code) == 0;
                }
            }
            restrict_table(plan->owned[field], allowed, n, bit);
        }
    }

done:
    free(allowed);
    return status;
}

hst_status hst_segment_plan_create(hst_segment_plan **out, const hst_plan *plan,
                                   const hst_segment *segment, hst_error *err)
{
    hst_segment_plan *made = NULL;
    hst_status status = HST_OK;

    *out = NULL;
    made = calloc(1, sizeof *made);
    if (!made) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a plan of filters");
    }
    made->plan = plan;
    for (unsigned i = 0; i < HST_N_ASKED; i++) {
        hst_asked_field field = (hst_asked_field)i;

        if (!plan->in_use[i]) {
            continue;
        }
        if (field >= HST_ASKED_SPECIALTY_AT_ADMISSION) {
            status = number_field(made, segment, field, err);
            if (status) {
                goto done;
            }
        }
        made->fields[made->n_fields] = field;
        made->tables[made->n_fields++] = plan->tables[i] ? plan->tables[i] : made->owned[i];
    }
    if (plan->codes) {
        status = hst_code_masks_create(&made->codes, plan->codes, segment, err);
        if (status) {
            goto done;
        }
    }
    *out = made;
    made = NULL; /* now the caller's */

done:
    hst_segment_plan_free(made);
    return status;
}

void hst_segment_plan_free(hst_segment_plan *plan)
{
    if (!plan) {
        return;
    }
    for (size_t i = 0; i < HST_N_ASKED; i++) {
        free(plan->owned[i]);
    }
    hst_code_masks_free(plan->codes);
    free(plan);
}

/* ---- asking ---- */

/* Takes away the filters whose condition or procedure clause finds none of its sets; of a plain row
 * all episodes are itself. */
static inline uint64_t ask_sets(const hst_plan *plan, uint64_t live, const uint64_t *const *uses,
                                bool is_plain)
{
    for (uint64_t left = live & plan->has_codes; left != 0; left &= left - 1) {
        size_t bit = (size_t)__builtin_ctzll(left);
        const uint64_t *matched = uses[is_plain ? 0 : plan->episode_of[bit]];

        for (size_t kind = 0; kind < 2; kind++) {
            uint64_t found = 0;

            for (size_t w = 0; w < plan->n_use_words; w++) {
                found |= matched[w] & plan->wanted[bit][kind][w];
            }
            if (plan->wants[bit][kind] && found == 0) {
                live &= ~(UINT64_C(1) << bit);
            }
        }
    }
    return live;
}

/* Takes away the filters of whose `any` nothing passed, children before parents. */
static uint64_t ask_any(const hst_plan *plan, uint64_t live)
{
    for (uint64_t left = plan->has_any; left != 0;) {
        size_t bit = 63 - (size_t)__builtin_clzll(left);

        if ((live & plan->any_of[bit]) == 0) {
            live &= ~(UINT64_C(1) << bit);
        }
        left &= ~(UINT64_C(1) << bit);
    }
    return live;
}

/* Takes away what stands in the `any` of filters that are out, parents before children: its codes
 * need not be looked at. */
static uint64_t drop_orphans(const hst_plan *plan, uint64_t live)
{
    for (uint64_t left = plan->has_any; left != 0; left &= left - 1) {
        size_t bit = (size_t)__builtin_ctzll(left);

        if (!(live >> bit & 1)) {
            live &= ~plan->any_of[bit];
        }
    }
    return live;
}

static inline uint64_t ask_fields(const hst_segment_plan *segment_plan, const hst_episode *episode,
                                  uint64_t asked)
{
    const hst_plan *plan = segment_plan->plan;
    uint64_t live = asked | ~plan->roots;

    for (size_t i = 0; i < segment_plan->n_fields; i++) {
        live &= segment_plan->tables[i][field_value(segment_plan->fields[i], episode)];
        if ((live & plan->roots) == 0) {
            return 0;
        }
    }
    return plan->has_any ? drop_orphans(plan, live) : live;
}

uint64_t hst_segment_plan_ask_fields(const hst_segment_plan *plan, const hst_episode *episode,
                                     uint64_t asked)
{
    return ask_fields(plan, episode, asked);
}

unsigned hst_plan_modes(const hst_plan *plan, uint64_t live)
{
    unsigned modes = 0;

    for (unsigned i = 0; i < 3; i++) {
        modes |= (unsigned)((live & plan->reads_codes[i]) != 0) << i;
    }
    return modes;
}

size_t hst_plan_n_use_words(const hst_plan *plan)
{
    return plan->n_use_words;
}

void hst_segment_plan_uses(const hst_segment_plan *plan, const hst_episode *episode, uint64_t *uses)
{
    hst_code_masks_ask(plan->codes, episode, uses);
}

uint64_t hst_plan_ask_codes(const hst_plan *plan, uint64_t live, const uint64_t *const uses[3])
{
    if (live & plan->has_codes) {
        live = ask_sets(plan, live, uses, false);
    }
    if (plan->has_any) {
        live = ask_any(plan, live);
    }
    return live & plan->roots;
}

uint64_t hst_segment_plan_ask(const hst_segment_plan *segment_plan, const hst_episode *episode,
                              uint64_t asked, uint64_t *uses)
{
    const hst_plan *plan = segment_plan->plan;
    uint64_t live = ask_fields(segment_plan, episode, asked);

    if (live == 0) {
        return 0;
    }
    if (live & plan->has_codes) {
        const uint64_t *matched = uses;

        hst_code_masks_ask(segment_plan->codes, episode, uses);
        live = ask_sets(plan, live, &matched, true);
    }
    if (plan->has_any) {
        live = ask_any(plan, live);
    }
    return live & plan->roots;
}
