/* Disclosure control of a release: the order of its steps. */
#include "hestia/disclosure.h"

#include <string.h>

#include "publish/disclosure_internal.h"

/* What was done, for the output checker. */
static void add_up(const disclosure_cells *cells, hst_disclosure *out)
{
    for (size_t i = 0; i < cells->n; i++) {
        const disclosure_cell *cell = &cells->items[i];

        out->n_counts += !cell->is_national;
        out->n_small += cell->state == CELL_SMALL && !cell->is_open;
        out->n_withheld_counts += cell->state == CELL_WITHHELD || cell->is_open;
        out->n_withheld_values += cell->state == CELL_NO_VALUES && cell->has_values;
    }
    out->total_round = cells->rule.total_round;
    out->n_certified = out->n_small; /* or disclosure_certify had failed */
}

int64_t hst_disclosed_total(const hst_disclosure *disclosure, int64_t count)
{
    const disclosure_rule rule = {.total_round = disclosure ? disclosure->total_round : 1};

    return disclosure_round_total(&rule, count);
}

hst_status hst_disclose(hst_publication *publication, hst_disclosure *out, hst_error *err)
{
    const hst_study *study = publication->study;
    const disclosure_rule rule = disclosure_rule_of(study);
    disclosure_cells cells = {0};
    disclosure_tracks tracks = {0};
    hst_status status = HST_OK;

    *out = (hst_disclosure){0};
    if (strcmp(study->publish.disclosure.rule, "none") == 0) {
        return HST_OK;
    }
    status = disclosure_cells_create(&cells, publication, &rule, err);
    if (status != HST_OK) {
        goto done;
    }
    status = disclosure_tracks_create(&tracks, &cells, err);
    if (status != HST_OK) {
        goto done;
    }
    disclosure_part_nights(&cells, &tracks);
    status = disclosure_certify(&cells, &tracks, err);
    if (status != HST_OK) {
        goto done;
    }
    add_up(&cells, out);
    disclosure_mask_rows(&cells);
    status = disclosure_mask_services(&cells, err);
    if (status == HST_OK) {
        disclosure_mask_tables(&cells, out);
        publication->disclosure = out;
    }

done:
    disclosure_tracks_clear(&tracks);
    disclosure_cells_clear(&cells);
    return status;
}
