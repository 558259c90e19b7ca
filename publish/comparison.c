#include "publish/comparison.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

hst_compare_line *hst_comparison_line(hst_comparison *comparison, const char *table,
                                      const char *measure)
{
    hst_compare_line *grown = NULL, *line = NULL;

    for (size_t i = 0; i < comparison->n_lines; i++) {
        line = &comparison->lines[i];
        if (strcmp(line->table, table) == 0 && strcmp(line->measure, measure) == 0) {
            return line;
        }
    }
    grown = realloc(comparison->lines, (comparison->n_lines + 1) * sizeof *grown);
    if (!grown) {
        return NULL;
    }
    comparison->lines = grown;
    line = &grown[comparison->n_lines];
    *line = (hst_compare_line){.table = table, .measure = strdup(measure), .largest = NAN};
    if (!line->measure) {
        return NULL;
    }
    comparison->n_lines++;
    return line;
}

bool hst_compare_line_set_largest(hst_compare_line *line, double percent, const char *area,
                                  const char *period)
{
    free(line->largest_area);
    free(line->largest_period);
    line->largest = percent;
    line->largest_area = strdup(area);
    line->largest_period = strdup(period);
    return line->largest_area && line->largest_period;
}

void hst_move_clear(hst_move *move)
{
    free(move->measure);
    free(move->area_code);
    free(move->period);
    free(move->rest);
    *move = (hst_move){0};
}

void hst_comparison_rank(hst_comparison *comparison, hst_move *move, size_t limit)
{
    size_t at = comparison->n_moves;

    while (at > 0 && fabs(move->percent) > fabs(comparison->moves[at - 1].percent)) {
        at--;
    }
    if (at == limit) {
        hst_move_clear(move);
        return;
    }
    if (comparison->n_moves == limit) {
        hst_move_clear(&comparison->moves[--comparison->n_moves]);
    }
    memmove(&comparison->moves[at + 1], &comparison->moves[at],
            (comparison->n_moves - at) * sizeof *move);
    comparison->moves[at] = *move;
    comparison->n_moves++;
}

static void clear_verdict(hst_verdict_change *change)
{
    free(change->impact);
    free(change->site_code);
    free(change->measure);
    free(change->before);
    free(change->after);
}

bool hst_comparison_add_verdict(hst_comparison *comparison, hst_verdict_change *change)
{
    bool is_whole =
        change->impact && change->site_code && change->measure && change->before && change->after;
    bool is_there = false;
    hst_verdict_change *grown = NULL;

    for (size_t i = 0; is_whole && !is_there && i < comparison->n_verdicts; i++) {
        const hst_verdict_change *other = &comparison->verdicts[i];

        is_there = strcmp(change->impact, other->impact) == 0 &&
                   strcmp(change->site_code, other->site_code) == 0 &&
                   strcmp(change->measure, other->measure) == 0;
    }
    if (is_whole && !is_there) {
        grown = realloc(comparison->verdicts, (comparison->n_verdicts + 1) * sizeof *grown);
    }
    if (!grown) {
        clear_verdict(change);
        return is_there;
    }
    comparison->verdicts = grown;
    grown[comparison->n_verdicts++] = *change;
    return true;
}

hst_compare_line hst_comparison_values(const hst_comparison *comparison)
{
    hst_compare_line sum = {.table = "results", .largest = NAN};

    for (size_t i = 0; i < comparison->n_lines; i++) {
        const hst_compare_line *line = &comparison->lines[i];

        if (strcmp(line->table, sum.table) == 0) {
            sum.n_new += line->n_new;
            sum.n_gone += line->n_gone;
            sum.n_changed += line->n_changed;
            sum.n_suppressed += line->n_suppressed;
            sum.n_revealed += line->n_revealed;
            sum.n_other += line->n_other;
        }
    }
    return sum;
}

void hst_comparison_free(hst_comparison *comparison)
{
    if (!comparison) {
        return;
    }
    for (size_t i = 0; i < comparison->n_lines; i++) {
        free(comparison->lines[i].measure);
        free(comparison->lines[i].largest_area);
        free(comparison->lines[i].largest_period);
    }
    for (size_t i = 0; i < comparison->n_verdicts; i++) {
        clear_verdict(&comparison->verdicts[i]);
    }
    for (size_t i = 0; i < comparison->n_moves; i++) {
        hst_move_clear(&comparison->moves[i]);
    }
    for (size_t i = 0; i < comparison->n_origins; i++) {
        free(comparison->origins[i]);
    }
    free(comparison->origins);
    free(comparison->lines);
    free(comparison->verdicts);
    free(comparison->moves);
    free(comparison->unmatched);
    free(comparison);
}
