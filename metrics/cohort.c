/* Who is a member of which cohort: by the codes of inpatient rows, or by a list. */
#include "cohort_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hestia/row_memory.h"

struct hst_cohort_plan {
    const hst_cohorts *cohorts;
    uint16_t by_condition; /* bits of the cohorts that are found by codes */
    hst_code_index *index;
    size_t n_segments;
    hst_code_masks **masks; /* [n_segments], NULL where nothing is looked for */
};

static hst_status no_memory(hst_error *err)
{
    return hst_fail(err, HST_ERR_MEMORY, "no memory for the cohorts");
}

/* ---- making ready ---- */

static hst_status refuse(const hst_study *study, const hst_study_cohort *cohort,
                         const char *message, hst_error *err)
{
    return hst_fail(err, HST_ERR_USAGE, "%s, line %zu: cohort `%s`: %s", study->path, cohort->line,
                    cohort->id, message);
}

static hst_status add_set(hst_cohorts *cohorts, hst_cohort *cohort,
                          const hst_conditions *conditions, const char *name, hst_error *err)
{
    size_t found = hst_conditions_find(conditions, name), n = cohorts->n_uses;
    const hst_condition_set *set = NULL;
    hst_status status = HST_OK;

    if (found == SIZE_MAX) {
        const char *nearest = hst_conditions_nearest(conditions, name);
        char message[256];

        snprintf(message, sizeof message, "condition: no set is called `%.60s`%s%.60s%s", name,
                 nearest ? "; did you mean `" : "", nearest ? nearest : "", nearest ? "`?" : "");
        return refuse(cohorts->study, cohort->study, message, err);
    }
    set = hst_conditions_set(conditions, found);
    status = hst_condition_use_init(&cohorts->uses[n], set->name, set->rows, set->n_rows,
                                    cohort->study->positions, err);
    if (status) {
        return status;
    }
    cohorts->uses[n].asker = "cohort";
    cohorts->uses[n].asker_id = cohort->study->id;
    cohorts->uses[n].asker_line = cohort->study->line;
    cohort->uses[n / 64] |= UINT64_C(1) << n % 64;
    cohorts->n_uses++;
    return HST_OK;
}

static hst_status add_cohort(hst_cohorts *cohorts, const hst_study_cohort *study,
                             const hst_conditions *conditions, const hst_store *store,
                             hst_error *err)
{
    hst_cohort *cohort = &cohorts->items[cohorts->n++];
    hst_status status = HST_OK;

    cohort->study = study;
    cohort->from = hst_day_of_date(study->window.from);
    cohort->to =
        study->window.to == HST_DATE_MISSING ? UINT16_MAX : hst_day_of_date(study->window.to);
    if (study->file) {
        return hst_cohort_read_file(cohort, cohorts->study, store, err);
    }
    for (size_t i = 0; i < study->condition.n && !status; i++) {
        status = add_set(cohorts, cohort, conditions, study->condition.items[i], err);
    }
    return status;
}

hst_status hst_cohorts_create(hst_cohorts **out, const hst_study *study,
                              const hst_conditions *conditions, const hst_store *store,
                              hst_error *err)
{
    size_t n_sets = 0;
    hst_cohorts *cohorts = NULL;
    hst_status status = HST_OK;

    *out = NULL;
    for (size_t i = 0; i < study->n_cohorts; i++) {
        n_sets += study->cohorts[i].condition.n;
    }
    if (study->n_cohorts > HST_MAX_COHORTS || n_sets > (size_t)HST_PLAN_USE_WORDS * 64) {
        return hst_fail(err, HST_ERR_USAGE, "%s: %zu cohorts of %zu condition sets are too many",
                        study->path, study->n_cohorts, n_sets);
    }
    cohorts = calloc(1, sizeof *cohorts);
    if (!cohorts) {
        return no_memory(err);
    }
    cohorts->study = study;
    cohorts->uses = calloc(n_sets + 1, sizeof *cohorts->uses);
    if (!cohorts->uses) {
        status = no_memory(err);
        goto done;
    }
    for (size_t i = 0; i < study->n_cohorts; i++) {
        status = add_cohort(cohorts, &study->cohorts[i], conditions, store, err);
        if (status) {
            goto done;
        }
    }
    *out = cohorts;
    cohorts = NULL; /* now the caller's */

done:
    hst_cohorts_free(cohorts);
    return status;
}

void hst_cohorts_free(hst_cohorts *cohorts)
{
    if (!cohorts) {
        return;
    }
    for (size_t i = 0; i < cohorts->n; i++) {
        hst_row_memory_free(cohorts->items[i].listed, cohorts->items[i].listed_bytes);
    }
    for (size_t i = 0; i < cohorts->n_uses; i++) {
        hst_condition_use_clear(&cohorts->uses[i]);
    }
    free(cohorts->uses);
    free(cohorts);
}

size_t hst_cohorts_n(const hst_cohorts *cohorts)
{
    return cohorts->n;
}

size_t hst_cohorts_n_listed(const hst_cohorts *cohorts, size_t cohort)
{
    return cohorts->items[cohort].n_listed;
}

hst_status hst_cohort_plan_create(hst_cohort_plan **out, const hst_cohorts *cohorts,
                                  const hst_segment *const *segments, size_t n_segments,
                                  hst_error *err)
{
    hst_cohort_plan *plan = NULL;
    hst_status status = HST_OK;

    *out = NULL;
    plan = calloc(1, sizeof *plan);
    if (!plan) {
        return no_memory(err);
    }
    plan->cohorts = cohorts;
    plan->n_segments = n_segments;
    plan->masks = calloc(n_segments + 1, sizeof(hst_code_masks *));
    if (!plan->masks) {
        status = no_memory(err);
        goto done;
    }
    for (size_t i = 0; i < cohorts->n; i++) {
        plan->by_condition |= (uint16_t)((cohorts->items[i].study->file == NULL) << i);
    }
    status = hst_code_index_create(&plan->index, cohorts->uses, cohorts->n_uses,
                                   cohorts->study->path, err);
    for (size_t s = 0; s < n_segments && cohorts->n_uses > 0 && !status; s++) {
        if (hst_segment_get_info(segments[s])->dataset == HST_DATASET_APC) {
            status = hst_code_masks_create(&plan->masks[s], plan->index, segments[s], err);
        }
    }
    if (status) {
        goto done;
    }
    *out = plan;
    plan = NULL; /* now the caller's */

done:
    hst_cohort_plan_free(plan);
    return status;
}

void hst_cohort_plan_free(hst_cohort_plan *plan)
{
    if (!plan) {
        return;
    }
    for (size_t s = 0; plan->masks && s < plan->n_segments; s++) {
        hst_code_masks_free(plan->masks[s]);
    }
    free(plan->masks);
    hst_code_index_free(plan->index);
    free(plan);
}

/* ---- asking ---- */

/* Those of the cohorts in question whose window holds the row and whose sets it matches. */
static unsigned ask_row(const hst_cohort_plan *plan, const hst_row *row, unsigned wanted)
{
    const hst_cohort *items = plan->cohorts->items;
    const hst_episode *episode = row->episode;
    const hst_code_masks *masks = plan->masks[row->segment];
    uint64_t uses[HST_PLAN_USE_WORDS] = {0};
    unsigned found = 0;

    for (unsigned left = wanted; left != 0; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctz(left);

        if (episode->admidate < items[i].from || episode->admidate > items[i].to) {
            wanted &= ~(1u << i);
        }
    }
    if (wanted == 0 || !masks || episode->epistat != '3' || hst_episode_is_repeat(episode)) {
        return 0;
    }
    hst_code_masks_ask(masks, episode, uses);
    for (unsigned left = wanted; left != 0; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctz(left);

        for (size_t w = 0; w < HST_PLAN_USE_WORDS; w++) {
            found |= (unsigned)((uses[w] & items[i].uses[w]) != 0) << i;
        }
    }
    return found;
}

static int compare_person(const void *key, const void *item)
{
    const uint64_t *person = key;
    const hst_listed *listed = item;

    if (person[0] != listed->person[0]) {
        return person[0] < listed->person[0] ? -1 : 1;
    }
    return (person[1] > listed->person[1]) - (person[1] < listed->person[1]);
}

void hst_cohort_plan_ask(const hst_cohort_plan *plan, const hst_person *person,
                         hst_membership *membership)
{
    const hst_cohorts *cohorts = plan->cohorts;
    unsigned found = 0;

    *membership = (hst_membership){0};
    for (size_t i = 0; i < person->n_rows && found != plan->by_condition; i++) {
        found |= ask_row(plan, &person->rows[i], plan->by_condition & ~found);
    }
    for (size_t i = 0; i < cohorts->n && person->n_rows > 0; i++) {
        const hst_cohort *cohort = &cohorts->items[i];
        const hst_listed *listed = NULL;

        if (cohort->n_listed > 0) {
            listed = bsearch(person->rows[0].episode->person, cohort->listed, cohort->n_listed,
                             sizeof *listed, compare_person);
        }
        if (listed) {
            found |= 1u << i;
            membership->from[i] = listed->from;
        }
    }
    membership->cohorts = (uint16_t)found;
}
