/* Clauses in words, for the definition of a measure. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clause_internal.h"
#include "hestia/memory_stream.h"

static hst_status no_memory(hst_error *err)
{
    return hst_fail(err, HST_ERR_MEMORY, "no memory for the measures' filters");
}

char *hst_words_or(size_t n, char (*codes)[HST_CODE_BYTES])
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = hst_memory_stream(&text, &size);

    if (!stream) {
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        fprintf(stream, "%s%s", i == 0 ? "" : i + 1 == n ? " or " : ", ", codes[i]);
    }
    if (fclose(stream) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

hst_status hst_clause_say_codes(hst_clause *clause, const char *what, hst_error *err)
{
    char *list = hst_words_or(clause->n_codes, clause->codes);
    size_t size = strlen(what) + (list ? strlen(list) : 0) + 64;

    clause->words = list ? malloc(size) : NULL;
    if (clause->words && clause->is_non_elective) {
        snprintf(clause->words, size, "%s other than 11, 12, 13, 98, 99 and none%s%s", what,
                 clause->n_codes ? ", or " : "", list);
    } else if (clause->words) {
        snprintf(clause->words, size, "%s %s", what, list);
    }
    free(list);
    return clause->words ? HST_OK : no_memory(err);
}

hst_status hst_clause_say_range(hst_clause *clause, const char *what, const char *unit,
                                hst_error *err)
{
    size_t size = strlen(what) + 64;

    clause->words = malloc(size);
    if (!clause->words) {
        return no_memory(err);
    }
    snprintf(clause->words, size, "%s %d to %d%s", what, clause->from, clause->to, unit);
    return HST_OK;
}

static const char *positions_words(hst_positions positions)
{
    switch (positions) {
    case HST_POSITIONS_PRIMARY:
        return "in the first position";
    case HST_POSITIONS_FIRST3:
        return "in the first three positions";
    case HST_POSITIONS_SECONDARY:
        return "in a secondary position";
    case HST_POSITIONS_ANY:
        return "in any position";
    case HST_POSITIONS_OF_SET:
        break;
    }
    return "in the positions of the set";
}

/* "diabetes_any (5 ICD-10 prefixes in any position)"; sets whose rows differ say so. */
static void say_use(FILE *stream, const hst_condition_use *use)
{
    static const char *const systems[HST_N_SYSTEMS] = {"ICD-10", "OPCS-4"};
    static const char *const roles[HST_N_ROLES] = {"", "not with ", "only with "};
    bool first = true;

    fprintf(stream, "%s (", use->name);
    for (unsigned role = 0; role < HST_N_ROLES; role++) {
        for (unsigned system = 0; system < HST_N_SYSTEMS; system++) {
            size_t n = 0;
            hst_positions positions = HST_POSITIONS_OF_SET;

            for (size_t i = 0; i < use->n_rows; i++) {
                const hst_condition_row *row = &use->rows[i];

                if (row->role == (hst_row_role)role && row->system == (hst_code_system)system) {
                    positions = n == 0 || positions == row->positions ? row->positions
                                                                      : HST_POSITIONS_OF_SET;
                    n++;
                }
            }
            if (n > 0) {
                fprintf(stream, "%s%s%zu %s prefix%s %s", first ? "" : ", ", roles[role], n,
                        systems[system], n == 1 ? "" : "es", positions_words(positions));
                first = false;
            }
        }
    }
    fprintf(stream, ")");
}

hst_status hst_clause_say_uses(hst_clause *clause, const char *what, const hst_measures *measures,
                               hst_error *err)
{
    static const char *const episodes[] = {[HST_EPISODE_FIRST] = "",
                                           [HST_EPISODE_LAST] = " of the last episode",
                                           [HST_EPISODE_ANY] = " of any episode"};
    size_t size = 0;
    FILE *stream = hst_memory_stream(&clause->words, &size);

    if (!stream) {
        return no_memory(err);
    }
    fprintf(stream, "%s%s ", what, episodes[clause->episode]);
    for (size_t i = 0; i < clause->n_uses; i++) {
        fprintf(stream, "%s", i == 0 ? "" : i + 1 == clause->n_uses ? " or " : ", ");
        say_use(stream, &measures->uses[clause->uses[i]]);
    }
    return fclose(stream) == 0 ? HST_OK : no_memory(err);
}

hst_status hst_clause_say_cohorts(hst_clause *clause, const hst_study *study, hst_error *err)
{
    size_t size = 0;
    uint16_t left = clause->cohorts;
    FILE *stream = hst_memory_stream(&clause->words, &size);

    if (!stream) {
        return no_memory(err);
    }
    fprintf(stream, "%s of cohort", clause->kind == HST_CLAUSE_COHORT ? "members" : "nobody");
    for (size_t i = 0; left != 0; i++) {
        uint16_t bit = (uint16_t)(1U << i);

        if (left & bit) {
            left &= (uint16_t)~bit;
            fprintf(stream, "%s %s",
                    left + bit == clause->cohorts ? ""
                    : left                        ? ","
                                                  : " or",
                    study->cohorts[i].id);
        }
    }
    return fclose(stream) == 0 ? HST_OK : no_memory(err);
}

hst_status hst_clause_say_any(hst_clause *clause, const char *row, hst_error *err)
{
    size_t size = 0;
    FILE *stream = hst_memory_stream(&clause->words, &size);

    if (!stream) {
        return no_memory(err);
    }
    fprintf(stream, "any of");
    for (size_t i = 0; i < clause->n_any; i++) {
        fprintf(stream, " (");
        for (size_t j = 0; j < clause->any[i].n; j++) {
            fprintf(stream, "%s%s", j ? "; " : "", clause->any[i].clauses[j].words);
        }
        if (clause->any[i].n == 0) {
            fprintf(stream, "every %s", row);
        }
        fprintf(stream, ")");
    }
    return fclose(stream) == 0 ? HST_OK : no_memory(err);
}
