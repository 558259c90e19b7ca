/* Diagnoses and procedures against condition sets. A code of a segment's dictionary is compared
 * with the prefixes once; an episode then costs one look-up per filled position. */
#include "codes_internal.h"

#include <stdlib.h>
#include <string.h>

/* Positions that differ for some set: the first, the second and third, and all after. */
enum { AT_FIRST, AT_SECOND_THIRD, AT_LATER, N_PLACES };

typedef struct code_prefix {
    char text[HST_CODE_BYTES];
    hst_code_system system;
    size_t use;
    hst_row_role role;
    unsigned places; /* bits of AT_.. */
} code_prefix;

struct hst_code_index {
    const hst_condition_use *uses;
    const char *study_path;
    size_t n_words;
    size_t n;
    code_prefix *prefixes;           /* sorted by system and text */
    unsigned lengths[HST_N_SYSTEMS]; /* bit n: some prefix has n characters */
    unsigned places[HST_N_SYSTEMS];  /* places that any set looks at */
    bool has_role[HST_N_SYSTEMS][HST_N_ROLES];
    uint64_t without_require[HST_PLAN_USE_WORDS]; /* uses that need no second code */
    size_t n_slots;
    size_t *slots; /* index in `prefixes` of the first of its text + 1; 0 = free */
};

struct hst_code_masks {
    const hst_code_index *index;
    /* [number]: the code is in some set. Most are in none, and this fits the nearest cache. */
    bool *is_listed[HST_N_SYSTEMS];
    /* [number][n_words], NULL when no set of the study has such rows */
    uint64_t *at[HST_N_SYSTEMS][HST_N_ROLES][N_PLACES];
};

static unsigned places_of(hst_positions positions)
{
    switch (positions) {
    case HST_POSITIONS_PRIMARY:
        return 1u << AT_FIRST;
    case HST_POSITIONS_FIRST3:
        return 1u << AT_FIRST | 1u << AT_SECOND_THIRD;
    case HST_POSITIONS_SECONDARY:
        return 1u << AT_SECOND_THIRD | 1u << AT_LATER;
    case HST_POSITIONS_ANY:
    case HST_POSITIONS_OF_SET:
        break;
    }
    return 1u << AT_FIRST | 1u << AT_SECOND_THIRD | 1u << AT_LATER;
}

/* ---- index ---- */

static int compare_prefixes(const void *a, const void *b)
{
    const code_prefix *x = a, *y = b;

    return x->system != y->system ? (x->system > y->system) - (x->system < y->system)
                                  : strcmp(x->text, y->text);
}

static uint32_t step_hash(uint32_t hash, char c)
{
    return (hash ^ (unsigned char)c) * 16777619u; /* FNV-1a */
}

static size_t find_slot(const hst_code_index *index, uint32_t hash, hst_code_system system,
                        const char *text, size_t length)
{
    size_t at = hash & (index->n_slots - 1);

    for (; index->slots[at] != 0; at = (at + 1) & (index->n_slots - 1)) {
        const code_prefix *prefix = &index->prefixes[index->slots[at] - 1];

        if (prefix->system == system && memcmp(prefix->text, text, length) == 0 &&
            prefix->text[length] == '\0') {
            break;
        }
    }
    return at;
}

static uint32_t hash_seed(hst_code_system system)
{
    return 2166136261u + (uint32_t)system;
}

static hst_status hash_prefixes(hst_code_index *index, hst_error *err)
{
    index->n_slots = 64;
    while (index->n_slots < 2 * index->n + 2) {
        index->n_slots *= 2;
    }
    index->slots = calloc(index->n_slots, sizeof *index->slots);
    if (!index->slots) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the condition sets");
    }
    for (size_t i = 0; i < index->n; i++) {
        const code_prefix *prefix = &index->prefixes[i];
        size_t length = strlen(prefix->text), at = 0;
        uint32_t hash = hash_seed(prefix->system);

        for (size_t c = 0; c < length; c++) {
            hash = step_hash(hash, prefix->text[c]);
        }
        index->lengths[prefix->system] |= 1u << length;
        at = find_slot(index, hash, prefix->system, prefix->text, length);
        if (index->slots[at] == 0) {
            index->slots[at] = i + 1;
        }
    }
    return HST_OK;
}

hst_status hst_code_index_create(hst_code_index **out, const hst_condition_use *uses, size_t n_uses,
                                 const char *study_path, hst_error *err)
{
    hst_code_index *index = NULL;
    hst_status status = HST_OK;
    size_t n_rows = 0;

    *out = NULL;
    index = calloc(1, sizeof *index);
    if (!index) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the condition sets");
    }
    for (size_t u = 0; u < n_uses; u++) {
        n_rows += uses[u].n_rows;
    }
    index->uses = uses;
    index->study_path = study_path;
    index->n_words = (n_uses + 63) / 64;
    index->prefixes = calloc(n_rows + 1, sizeof *index->prefixes);
    if (!index->prefixes) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for the condition sets");
        goto done;
    }
    for (size_t u = 0; u < n_uses; u++) {
        const hst_condition_use *use = &uses[u];

        for (size_t i = 0; i < use->n_rows; i++) {
            const hst_condition_row *row = &use->rows[i];
            code_prefix *prefix = &index->prefixes[index->n++];

            memcpy(prefix->text, row->prefix, sizeof prefix->text);
            prefix->system = row->system;
            prefix->use = u;
            prefix->role = row->role;
            prefix->places = places_of(row->positions);
            index->places[row->system] |= prefix->places;
            index->has_role[row->system][row->role] = true;
        }
        if (!use->has_require) {
            index->without_require[u / 64] |= UINT64_C(1) << u % 64;
        }
    }
    qsort(index->prefixes, index->n, sizeof *index->prefixes, compare_prefixes);
    status = hash_prefixes(index, err);
    if (status) {
        goto done;
    }
    *out = index;
    index = NULL; /* now the caller's */

done:
    hst_code_index_free(index);
    return status;
}

void hst_code_index_free(hst_code_index *index)
{
    if (!index) {
        return;
    }
    free(index->prefixes);
    free(index->slots);
    free(index);
}

/* ---- masks of a segment ---- */

/* A file of 3-character diagnoses cannot answer for a set of four characters. */
static hst_status check_depth(const hst_code_index *index, const hst_segment *segment,
                              hst_error *err)
{
    const hst_segment_info *info = hst_segment_get_info(segment);

    if (!info->three_character_diagnoses) {
        return HST_OK;
    }
    for (size_t i = 0; i < index->n; i++) {
        const code_prefix *prefix = &index->prefixes[i];

        if (prefix->system == HST_SYSTEM_ICD10 && strlen(prefix->text) > 3) {
            const hst_condition_use *use = &index->uses[prefix->use];

            return hst_fail(err, HST_ERR_USAGE,
                            "%s, line %zu: %s `%s`: set `%s` has 4-character codes, and %s "
                            "holds 3-character diagnoses only; use a set of 3-character codes or a "
                            "delivery with 4-character diagnoses",
                            index->study_path, use->asker_line, use->asker, use->asker_id,
                            use->name, info->file);
        }
    }
    return HST_OK;
}

/* Adds to the masks of one code the sets of all its prefixes. */
static void mark_code(hst_code_masks *masks, hst_code_system system, size_t number,
                      const char *code)
{
    const hst_code_index *index = masks->index;
    uint32_t hash = hash_seed(system);

    for (size_t length = 1; code[length - 1]; length++) {
        size_t first = 0;

        hash = step_hash(hash, code[length - 1]);
        if (!(index->lengths[system] >> length & 1)) {
            continue;
        }
        first = index->slots[find_slot(index, hash, system, code, length)];
        for (size_t i = first; i > 0 && i <= index->n; i++) {
            const code_prefix *prefix = &index->prefixes[i - 1];

            if (compare_prefixes(prefix, &index->prefixes[first - 1]) != 0) {
                break;
            }
            masks->is_listed[system][number] = true;
            for (size_t place = 0; place < N_PLACES; place++) {
                if (prefix->places >> place & 1) {
                    masks->at[system][prefix->role][place]
                             [number * index->n_words + prefix->use / 64] |= UINT64_C(1)
                                                                             << prefix->use % 64;
                }
            }
        }
    }
}

hst_status hst_code_masks_create(hst_code_masks **out, const hst_code_index *index,
                                 const hst_segment *segment, hst_error *err)
{
    static const unsigned dictionaries[HST_N_SYSTEMS] = {HST_DICT_DIAGNOSIS, HST_DICT_PROCEDURE};
    hst_code_masks *masks = NULL;
    hst_status status = HST_OK;

    *out = NULL;
    status = check_depth(index, segment, err);
    if (status) {
        return status;
    }
    masks = calloc(1, sizeof *masks);
    if (!masks) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the condition tables");
    }
    masks->index = index;
    for (unsigned system = 0; system < HST_N_SYSTEMS; system++) {
        size_t n = hst_segment_n_codes(segment, dictionaries[system]);

        masks->is_listed[system] = calloc(n + 1, sizeof(bool));
        if (!masks->is_listed[system]) {
            status = hst_fail(err, HST_ERR_MEMORY, "no memory for the condition tables");
            goto done;
        }
        for (size_t role = 0; role < HST_N_ROLES; role++) {
            for (size_t place = 0; place < N_PLACES && index->has_role[system][role]; place++) {
                uint64_t *table = calloc((n + 1) * index->n_words, sizeof *table);

                if (!table) {
                    status = hst_fail(err, HST_ERR_MEMORY, "no memory for the condition tables");
                    goto done;
                }
                masks->at[system][role][place] = table;
            }
        }
        for (size_t i = 1; i < n && index->lengths[system]; i++) {
            mark_code(masks, (hst_code_system)system, i,
                      hst_segment_code(segment, dictionaries[system], i));
        }
    }
    *out = masks;
    masks = NULL; /* now the caller's */

done:
    hst_code_masks_free(masks);
    return status;
}

void hst_code_masks_free(hst_code_masks *masks)
{
    if (!masks) {
        return;
    }
    for (size_t system = 0; system < HST_N_SYSTEMS; system++) {
        for (size_t role = 0; role < HST_N_ROLES; role++) {
            for (size_t place = 0; place < N_PLACES; place++) {
                free(masks->at[system][role][place]);
            }
        }
        free(masks->is_listed[system]);
    }
    free(masks);
}

/* ---- asking ---- */

/* Adds the sets of all filled positions, by role. */
static void gather(const hst_code_masks *masks, hst_code_system system, const uint16_t *numbers,
                   size_t n, uint64_t found[HST_N_ROLES][HST_PLAN_USE_WORDS])
{
    const hst_code_index *index = masks->index;
    const bool *is_listed = masks->is_listed[system];

    if (!(index->places[system] >> AT_LATER & 1)) {
        n = n < 3 ? n : 3;
    }
    if (!(index->places[system] >> AT_SECOND_THIRD & 1)) {
        n = n < 1 ? n : 1;
    }
    for (size_t i = 0; i < n; i++) {
        size_t place = i == 0 ? AT_FIRST : i < 3 ? AT_SECOND_THIRD : AT_LATER;

        if (!is_listed[numbers[i]]) {
            continue;
        }
        for (size_t role = 0; role < HST_N_ROLES; role++) {
            const uint64_t *sets = masks->at[system][role][place];

            for (size_t w = 0; sets && w < index->n_words; w++) {
                found[role][w] |= sets[numbers[i] * index->n_words + w];
            }
        }
    }
}

void hst_code_masks_ask(const hst_code_masks *masks, const hst_episode *episode, uint64_t *uses)
{
    const hst_code_index *index = masks->index;
    const uint16_t *words = hst_episode_words(episode);
    size_t n_areas = (size_t)(episode->n_words - episode->n_diagnoses - episode->n_procedures);
    uint64_t found[HST_N_ROLES][HST_PLAN_USE_WORDS];

    for (size_t role = 0; role < HST_N_ROLES; role++) {
        memset(found[role], 0, index->n_words * sizeof found[role][0]);
    }
    gather(masks, HST_SYSTEM_ICD10, words + n_areas, episode->n_diagnoses, found);
    gather(masks, HST_SYSTEM_OPCS4, words + n_areas + episode->n_diagnoses, episode->n_procedures,
           found);
    for (size_t w = 0; w < index->n_words; w++) {
        uses[w] = found[HST_ROLE_MATCH][w] & ~found[HST_ROLE_EXCLUDE][w] &
                  (found[HST_ROLE_REQUIRE][w] | index->without_require[w]);
    }
}
