#include "exclusion_internal.h"

#include <stdlib.h>
#include <string.h>

/* Number of a provider in the segment, or 0 when it has no row of it. */
static uint16_t find_provider(const hst_segment *segment, const char *code)
{
    for (size_t i = 1; i < hst_segment_n_codes(segment, HST_DICT_PROVIDER); i++) {
        if (strcmp(hst_segment_code(segment, HST_DICT_PROVIDER, i), code) == 0) {
            return (uint16_t)i;
        }
    }
    return 0;
}

bool hst_exclusion_is_met(const hst_segment *segment, const char *provider)
{
    return find_provider(segment, provider) != 0;
}

static bool is_all(const hst_texts *areas)
{
    return areas->n == 0 || (areas->n == 1 && strcmp(areas->items[0], "all") == 0);
}

static hst_status add_areas(hst_exclusion *exclusion, const hst_study *study,
                            const hst_measure *measure, const hst_excluded_provider *excluded,
                            const hst_areas *areas, uint16_t provider, hst_error *err)
{
    for (size_t i = 0; i < excluded->areas.n; i++) {
        size_t area = hst_areas_find(areas, excluded->areas.items[i]);

        if (area == SIZE_MAX) {
            return hst_fail(err, HST_ERR_USAGE,
                            "%s, line %zu: measure `%s`: exclude_providers: area `%s` is not in "
                            "the area list",
                            study->path, measure->line, measure->id, excluded->areas.items[i]);
        }
        exclusion->pairs[exclusion->n_pairs].provider = provider;
        exclusion->pairs[exclusion->n_pairs++].area = (uint32_t)area;
        exclusion->somewhere[provider] = provider != 0;
    }
    return HST_OK;
}

hst_status hst_exclusion_init(hst_exclusion *exclusion, const hst_study *study,
                              const hst_measure *measure, const hst_areas *areas,
                              const hst_segment *segment, hst_error *err)
{
    size_t n_pairs = 0;
    hst_status status = HST_OK;

    *exclusion = (hst_exclusion){.n_numbers = hst_segment_n_codes(segment, HST_DICT_PROVIDER) + 1};
    for (size_t i = 0; i < measure->n_excluded_providers; i++) {
        n_pairs += measure->excluded_providers[i].areas.n;
    }
    exclusion->everywhere = calloc(exclusion->n_numbers, sizeof(bool));
    exclusion->somewhere = calloc(exclusion->n_numbers, sizeof(bool));
    exclusion->pairs = calloc(n_pairs + 1, sizeof *exclusion->pairs);
    if (!exclusion->everywhere || !exclusion->somewhere || !exclusion->pairs) {
        hst_exclusion_clear(exclusion);
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the excluded providers");
    }
    for (size_t i = 0; i < measure->n_excluded_providers && !status; i++) {
        const hst_excluded_provider *excluded = &measure->excluded_providers[i];
        uint16_t provider = find_provider(segment, excluded->code);

        if (is_all(&excluded->areas)) {
            exclusion->everywhere[provider] = provider != 0;
        } else {
            status = add_areas(exclusion, study, measure, excluded, areas, provider, err);
        }
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
