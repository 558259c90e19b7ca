#include "residence_internal.h"

#include <stdlib.h>

hst_status hst_residence_init(hst_residence *residence, const hst_areas *areas,
                              const hst_segment *segment, hst_error *err)
{
    const hst_segment_info *info = hst_segment_get_info(segment);
    hst_area_family family = HST_AREA_ANY;
    unsigned dictionary = 0;
    size_t n = 0;
    hst_status status = HST_OK;

    *residence = (hst_residence){.areas = areas, .dataset = info->dataset};
    status = hst_areas_require_column(areas, info, &residence->column, err);
    if (status) {
        return status;
    }
    family = hst_area_family_of(info->area_columns[residence->column]);
    dictionary = (unsigned)(HST_DICT_AREA + residence->column);
    n = hst_segment_n_codes(segment, dictionary);
    residence->fixed = calloc(n + 1, sizeof *residence->fixed);
    residence->rules = calloc(n + 1, sizeof *residence->rules);
    if (!residence->fixed || !residence->rules) {
        hst_residence_clear(residence);
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the areas of %s", info->file);
    }
    for (size_t i = 0; i < n; i++) {
        hst_area_rule *rule = &residence->rules[i];

        *rule =
            hst_areas_rule(areas, family, i == 0 ? "" : hst_segment_code(segment, dictionary, i));
        residence->fixed[i] = rule->n_spans > 0 ? HST_RESIDENCE_DATED : rule->otherwise;
    }
    return HST_OK;
}

void hst_residence_clear(hst_residence *residence)
{
    free(residence->fixed);
    free(residence->rules);
    *residence = (hst_residence){0};
}
