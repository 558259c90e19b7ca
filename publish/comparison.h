/* What a comparison gathers. */
#ifndef HESTIA_PUBLISH_COMPARISON_H
#define HESTIA_PUBLISH_COMPARISON_H

#include "hestia/compare.h"

/** The line of a table and measure, made when there is none; NULL without memory. Valid until the
 * next one is made. */
hst_compare_line *hst_comparison_line(hst_comparison *comparison, const char *table,
                                      const char *measure);

/** Notes the largest change of a line; false without memory. */
bool hst_compare_line_set_largest(hst_compare_line *line, double percent, const char *area,
                                  const char *period);

/** Takes a move over, with its texts: into its place among the `limit` largest, or away. */
void hst_comparison_rank(hst_comparison *comparison, hst_move *move, size_t limit);

/** Takes a verdict over, with its texts, unless one of the same service, site and measure is there:
 * it stands in a row for each comparator. False without memory, also where a text is NULL. */
bool hst_comparison_add_verdict(hst_comparison *comparison, hst_verdict_change *change);

void hst_move_clear(hst_move *move);

#endif
