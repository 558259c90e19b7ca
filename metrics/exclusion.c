#include "exclusion_internal.h"

#include <stdlib.h>
#include <string.h>

static hst_status no_memory(hst_error *err)
{
    return hst_fail(err, HST_ERR_MEMORY, "no memory for the excluded providers");
}

/* True when number `i` of the segment is the provider `code`, after mergers. */
static bool is_provider(const hst_segment *segment, const hst_mergers *mergers, size_t i,
                        const char *code)
{
    const char *own = hst_segment_code(segment, HST_DICT_PROVIDER, i);

    return strcmp(hst_mergers_code(mergers, own), hst_mergers_code(mergers, code)) == 0;
}

bool hst_exclusion_is_met(const hst_segment *segment, const hst_mergers *mergers,
                          const char *provider)
{
    for (size_t i = 1; i < hst_segment_n_codes(segment, HST_DICT_PROVIDER); i++) {
        if (is_provider(segment, mergers, i, provider)) {
            return true;
        }
    }
    return false;
}

static bool is_all(const hst_texts *areas)
{
    return areas->n == 0 || (areas->n == 1 && strcmp(areas->items[0], "all") == 0);
}

static hst_status find_area(const hst_study *study, const hst_measure *measure,
                            const hst_areas *areas, const char *code, uint32_t *out, hst_error *err)
{
    size_t area = hst_areas_find(areas, code);

    if (area == SIZE_MAX) {
        return hst_fail(err, HST_ERR_USAGE,
                        "%s, line %zu: measure `%s`: exclude_providers: area `%s` is not in the "
                        "area list",
                        study->path, measure->line, measure->id, code);
    }
    *out = (uint32_t)area;
    return HST_OK;
}

/* Excludes provider number `i` in the areas named. */
static hst_status add_pairs(hst_exclusion *exclusion, size_t i, const uint32_t *areas,
                            size_t n_areas, hst_error *err)
{
    struct hst_exclusion_pair *pairs =
        realloc(exclusion->pairs, (exclusion->n_pairs + n_areas) * sizeof *pairs);

    if (!pairs) {
        return no_memory(err);
    }
    exclusion->pairs = pairs;
    for (size_t a = 0; a < n_areas; a++) {
        pairs[exclusion->n_pairs].provider = (uint16_t)i;
        pairs[exclusion->n_pairs++].area = areas[a];
    }
    exclusion->somewhere[i] = true;
    return HST_OK;
}

static hst_status exclude(hst_exclusion *exclusion, const hst_study *study,
                          const hst_measure *measure, const hst_excluded_provider *excluded,
                          const hst_mergers *mergers, const hst_areas *areas,
                          const hst_segment *segment, hst_error *err)
{
    bool everywhere = is_all(&excluded->areas);
    size_t n_areas = everywhere ? 0 : excluded->areas.n;
    uint32_t *numbers = calloc(n_areas + 1, sizeof *numbers);
    hst_status status = numbers ? HST_OK : no_memory(err);

    for (size_t a = 0; a < n_areas && !status; a++) {
        status = find_area(study, measure, areas, excluded->areas.items[a], &numbers[a], err);
    }
    for (size_t i = 1; i < hst_segment_n_codes(segment, HST_DICT_PROVIDER) && !status; i++) {
        if (!is_provider(segment, mergers, i, excluded->code)) {
            continue;
        }
        if (everywhere) {
            exclusion->everywhere[i] = true;
        } else {
            status = add_pairs(exclusion, i, numbers, n_areas, err);
        }
    }
    free(numbers);
    return status;
}

hst_status hst_exclusion_init(hst_exclusion *exclusion, const hst_study *study,
                              const hst_measure *measure, const hst_mergers *mergers,
                              const hst_areas *areas, const hst_segment *segment, hst_error *err)
{
    size_t n_numbers = hst_segment_n_codes(segment, HST_DICT_PROVIDER) + 1;
    hst_status status = HST_OK;

    *exclusion = (hst_exclusion){.n_numbers = n_numbers};
    exclusion->everywhere = calloc(n_numbers, sizeof(bool));
    exclusion->somewhere = calloc(n_numbers, sizeof(bool));
    if (!exclusion->everywhere || !exclusion->somewhere) {
        hst_exclusion_clear(exclusion);
        return no_memory(err);
    }
    for (size_t i = 0; i < measure->n_excluded_providers && !status; i++) {
        status = exclude(exclusion, study, measure, &measure->excluded_providers[i], mergers, areas,
                         segment, err);
    }
    return status;
}

void hst_exclusion_clear(hst_exclusion *exclusion)
{
    free(exclusion->everywhere);
    free(exclusion->somewhere);
    free(exclusion->pairs);
    *exclusion = (hst_exclusion){0};
}
