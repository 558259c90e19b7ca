#include "standardise/rate_slice.h"

#include <string.h>

#include "standardise/rate.h"

enum { N_POPULATION_SEXES = 2 };

/* Number of the cube's band with this label, or its number of bands. */
static size_t find_band(const hst_age_bands *bands, const char *label)
{
    char text[12];

    for (size_t i = 0; i < bands->n; i++) {
        hst_age_band_label(bands, i, text);
        if (strcmp(text, label) == 0) {
            return i;
        }
    }
    return bands->n;
}

static void limit_to_sex(rate_slice *slice, const char *code)
{
    if (strcmp(code, "1") == 0) {
        slice->sex_to = HST_SEX_MALE + 1;
    } else if (strcmp(code, "2") == 0) {
        slice->sex_from = HST_SEX_FEMALE;
    } else {
        slice->has_population = false;
    }
}

static void limit_to_band(rate_slice *slice, const rate_inputs *inputs, const char *label)
{
    size_t n_bands = inputs->standard->bands.n;
    size_t band = find_band(&inputs->counted->bands, label);
    bool is_merged = n_bands < inputs->counted->bands.n && band + 1 >= n_bands;

    if (band == inputs->counted->bands.n || is_merged) {
        slice->has_population = false;
        return;
    }
    slice->band_from = band;
    slice->band_to = band + 1;
    slice->all_ages = false;
}

/* The people that the measure's own filter asks for: one sex, and ages that are whole bands. Other
 * ages leave all bands, and a note says so. */
static void limit_to_filter(rate_slice *slice, const rate_inputs *inputs, const hst_where *where)
{
    const hst_age_bands *bands = &inputs->standard->bands;
    const hst_texts *sexes = &where->codes[HST_WHERE_SEX];
    size_t from = 0, to = 0;

    if (sexes->n == 1) {
        limit_to_sex(slice, sexes->items[0]);
    }
    if (!where->has_age) {
        return;
    }
    while (from < bands->n && bands->lower[from] < where->age_from) {
        from++;
    }
    while (to < bands->n && bands->upper[to] <= where->age_to) {
        to++;
    }
    if (to + 1 == bands->n && where->age_to >= HST_AGE_MAX) {
        to = bands->n; /* the open band */
    }
    if (from < to && bands->lower[from] == where->age_from &&
        (to == bands->n || bands->lower[to] == where->age_to + 1)) {
        slice->band_from = from;
        slice->band_to = to;
        slice->all_ages = from == 0 && to == bands->n;
    }
}

void rate_slice_init(rate_slice *slice, const rate_inputs *inputs, size_t measure,
                     const hst_period *period, size_t period_index, size_t split)
{
    const rate_statistic *statistic = rate_statistic_of(&inputs->study->measures[measure]);
    const char *code = split > 0 ? hst_cube_split(inputs->cube, measure, split) : "";
    size_t n_bands = 0;

    *slice = (rate_slice){
        .measure = measure,
        .split = split,
        .period = period,
        .type = period->type,
        .first_period = period_index,
        .last_period = period_index,
        .sex_to = N_POPULATION_SEXES,
        .band_to = inputs->standard->bands.n,
        .all_ages = true,
        .has_population = inputs->population != NULL,
    };
    limit_to_filter(slice, inputs, &inputs->study->measures[measure].where);
    if (split > 0 && inputs->study->measures[measure].split == HST_SPLIT_SEX) {
        limit_to_sex(slice, code);
    } else if (split > 0 && inputs->study->measures[measure].split == HST_SPLIT_AGE_BAND) {
        limit_to_band(slice, inputs, code);
    }
    if (slice->sex_from >= slice->sex_to) { /* a split value that the filter leaves out */
        slice->sex_from = 0;
        slice->sex_to = N_POPULATION_SEXES;
        slice->has_population = false;
    }
    n_bands = slice->band_to - slice->band_from;
    slice->n_strata = inputs->study->by_sex ? n_bands * (slice->sex_to - slice->sex_from) : n_bands;
    slice->sources = rate_sources_of(&inputs->study->measures[measure]);
    slice->with_stays = statistic->with_stays;
    slice->with_providers = statistic->with_providers;
    slice->with_base = statistic->with_base && inputs->extras[measure].base.type == period->type;
}

rate_slice rate_slice_of_reference(const rate_slice *slice, const rate_inputs *inputs)
{
    const rate_reference *reference = &inputs->extras[slice->measure].reference;
    rate_slice of_reference = *slice;

    if (reference->has_year) {
        of_reference.period = &reference->year;
        of_reference.type = reference->type;
        of_reference.first_period = reference->first_period;
        of_reference.last_period = reference->last_period;
    }
    return of_reference;
}

void rate_slice_stratum(const rate_slice *slice, const rate_inputs *inputs, size_t stratum,
                        unsigned *sex, size_t *band)
{
    size_t n_bands = slice->band_to - slice->band_from;

    *sex = inputs->study->by_sex ? slice->sex_from + (unsigned)(stratum / n_bands) : HST_N_SEXES;
    *band = slice->band_from + stratum % n_bands;
}

void rate_slice_weights(const rate_slice *slice, const rate_inputs *inputs, double *weights)
{
    const double *stays = inputs->extras[slice->measure].stay_weights;
    size_t n_bands = inputs->standard->bands.n;

    for (size_t i = 0; i < slice->n_strata; i++) {
        unsigned sex = 0;
        size_t band = 0;

        rate_slice_stratum(slice, inputs, i, &sex, &band);
        weights[i] = inputs->standard->weight[band];
        if (stays) {
            weights[i] = 0;
            for (unsigned s = slice->sex_from; s < slice->sex_to; s++) {
                weights[i] += sex == HST_N_SEXES || s == sex ? stays[s * n_bands + band] : 0;
            }
        }
    }
}

size_t rate_slice_stratum_of(const rate_slice *slice, const rate_inputs *inputs, unsigned sex,
                             size_t band)
{
    if (sex < slice->sex_from || sex >= slice->sex_to || band < slice->band_from ||
        band >= slice->band_to) {
        return slice->n_strata;
    }
    band -= slice->band_from;
    return inputs->study->by_sex
               ? (sex - slice->sex_from) * (slice->band_to - slice->band_from) + band
               : band;
}

size_t rate_merged_band(const rate_inputs *inputs, size_t band)
{
    size_t last = inputs->standard->bands.n - 1;

    return band < last ? band : last;
}
