#ifndef HESTIA_TOUCH_H
#define HESTIA_TOUCH_H

#include "hestia/screen.h"

/**
 * True when the series of a measure in an area could hold a suspect of the screen: its data set and
 * area are the suspect's, the new level begins (or may begin, by its range) inside the measure's
 * period, the filter lets the suspect's provider and treatment function through, also under `any`,
 * and the provider is not excluded there. Keys that the suspect does not know (age, condition,
 * MAINSPEF, ...) are taken to let it through: a suspect missed is worse than one too many.
 *
 * @param measure  index in the study; a measure of a table is never touched
 * @param area     of the list; a comparator is not touched through its members
 */
bool hst_break_touches(const hst_break *suspect, const hst_study *study,
                       const hst_measures *measures, size_t measure, const hst_areas *areas,
                       uint32_t area);

#endif
