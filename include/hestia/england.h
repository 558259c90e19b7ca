#ifndef HESTIA_ENGLAND_H
#define HESTIA_ENGLAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** England's totals of one financial year, counted as the published ones are. */
typedef struct hst_england_year {
    int year;               /**< in which the financial year starts: 2010 for 2010/11 */
    uint64_t fce;           /**< finished consultant episodes */
    uint64_t fae;           /**< finished admission episodes */
    uint64_t fae_emergency; /**< of them by emergency */
    uint64_t stays;         /**< finished ordinary stays (FCE of class 1 with a discharge date) */
    uint64_t stay_days;     /**< days of them, DISDATE - ADMIDATE */
    uint64_t spells;        /**< spells of class 1, 2, 5 by the year in which their first episode
                               ended; 0 unless `has_spells` */
} hst_england_year;

/**
 * The activity of England by the rules of the published tables, whatever the study asks for: every
 * row of the files that count, residents of other countries and of nowhere included, since the
 * published totals are of activity in England; by the financial year in which the episode ended;
 * repeats of a record key once (the finished row, then the later year of the extract).
 *
 *     FCE = EPISTAT 3 and CLASSPAT 1, 2 or 5
 *     FAE = FCE and EPIORDER 1
 *     FAE by emergency = FAE and ADMIMETH 21, 22, 23, 24, 25, 28, 2A, 2B, 2C, 2D
 *
 * hst_count counts it in the same pass as the measures.
 */
typedef struct hst_england {
    size_t n_years;
    hst_england_year *years; /**< [n_years], in order, only years that have an episode */
    uint64_t n_repeated;     /**< rows left out because their record key was there already */
    bool has_spells;
    uint64_t n_undated; /**< finished episodes without an EPIEND, in no year */
} hst_england;

void hst_england_free(hst_england *england);

#endif
