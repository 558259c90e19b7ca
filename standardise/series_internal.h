/* What the files of the results share: the results themselves and their texts. */
#ifndef HESTIA_SERIES_INTERNAL_H
#define HESTIA_SERIES_INTERNAL_H

#include "hestia/series.h"
#include "standardise/rate.h"

/* How a split value appears in the columns sex, age, split and split_name. */
typedef struct split_texts {
    char *code, *name; /* owned */
    const char *sex, *age;
} split_texts;

/* The texts of one measure. */
typedef struct measure_texts {
    char *method, *method_exact; /* the second for crude rates with exact limits */
    char *confidence;
    size_t n_splits;
    split_texts *splits; /* [n_splits]; the first is the total */
} measure_texts;

/* What a row itself does not carry: for its note and for the audit. */
typedef struct row_facts {
    unsigned char notes; /* bits of rate_note */
    int missing_year;    /* 0, or the year that the population files do not have */
    double events_without_people, events_left_out;
} row_facts;

struct hst_results {
    size_t n_rows;
    hst_result *rows;
    row_facts *facts; /* [n_rows] */
    size_t n_measures;
    measure_texts *texts;      /* [n_measures] */
    char *notes[RATE_N_NOTES]; /* texts of the combinations that occur */
};

rate_inputs rate_inputs_of(const hst_study *study, const hst_measures *measures,
                           const hst_areas *areas, const hst_cube *cube,
                           const hst_population *population, const hst_standard *standard);

/* Makes the texts of every measure. */
HST_MUST_CHECK hst_status series_texts_create(hst_results *results, const rate_inputs *inputs,
                                              hst_error *err);
void series_texts_free(hst_results *results);

/* The text of a combination of notes, owned by the results. */
HST_MUST_CHECK hst_status series_note(hst_results *results, unsigned char notes, const char **out,
                                      hst_error *err);

#endif
