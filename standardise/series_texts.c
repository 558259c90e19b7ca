/* The words in results.csv: methods, confidence, split values, notes. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hestia/table.h"
#include "standardise/series_internal.h"

static hst_status no_memory(hst_error *err)
{
    return hst_fail(err, HST_ERR_MEMORY, "no memory for the texts of the results");
}

/* ---- methods ---- */

/* Room for the text of one method, and of one note. */
enum { METHOD_BYTES = 240, NOTE_BYTES = 1600 };

static void append(char text[METHOD_BYTES], const char *format, ...) HST_PRINTF(2, 3);

static void append(char text[METHOD_BYTES], const char *format, ...)
{
    size_t length = strlen(text);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text + length, METHOD_BYTES - length, format, arguments);
    va_end(arguments);
}

static void append_strata(char text[METHOD_BYTES], const rate_inputs *inputs, const char *name)
{
    append(text, "; %s (%zu bands); %s", name, inputs->standard->bands.n,
           inputs->study->by_sex ? "age_sex" : "age");
}

/* Which stays count, and how long. */
static void append_stays(char text[METHOD_BYTES], const hst_measure *measure)
{
    if (measure->los_min > 0) {
        append(text, "; los_min %d", measure->los_min);
    }
    if (measure->los_cap > 0) {
        append(text, "; los_cap %d", measure->los_cap);
    }
}

/* What events are expected from. */
static void append_reference(char text[METHOD_BYTES], const rate_inputs *inputs, size_t measure)
{
    const rate_reference *reference = &inputs->extras[measure].reference;

    append(text, "; reference %s", reference->is_all ? "all areas" : "");
    if (!reference->is_all) {
        append(text, "%zu areas", reference->n_areas);
    }
    append(text, ", %s", reference->has_year ? reference->year.label : "same period");
}

static void append_counting(char text[METHOD_BYTES], const hst_measure *measure, bool is_exact)
{
    append(text, "%s", is_exact ? "Exact" : "Byars");
    append(text, "%s",
           measure->interval == HST_INTERVAL_REPEAT_ADJUSTED ? ", repeat-adjusted" : "");
}

static const char *interval_of(const hst_measure *measure)
{
    return hst_interval_name(measure->interval == HST_INTERVAL_DEFAULT ? HST_INTERVAL_DOBSON_BYAR
                                                                       : measure->interval);
}

/* How a row was made, as its column `method` says it. */
static void describe(char text[METHOD_BYTES], const rate_inputs *inputs, size_t number, size_t row,
                     bool is_exact)
{
    static const char *const of_stays[RATE_MAX_ROWS] = {
        "mean, Student's t", "quantile, type 7", "quantile, type 7",
        "quantile, type 7",  "quantile, type 7", "mean without 5 % of the stays at each end"};
    const hst_measure *measure = &inputs->study->measures[number];

    text[0] = '\0';
    switch (measure->statistic) {
    case HST_STAT_COUNT:
        append(text, "%s", measure->per_working_day ? "per working day, England" : "");
        return;
    case HST_STAT_CRUDE_RATE:
        append_counting(text, measure, is_exact);
        append(text, "%s", measure->per_working_day ? "; per working day, England" : "");
        break;
    case HST_STAT_DSR:
        append(text, "%s", interval_of(measure));
        append_strata(text, inputs, inputs->standard->name);
        break;
    case HST_STAT_ACS_SCORE:
        if (row != RATE_ACS_ISR) {
            append(text, "%s",
                   row == RATE_ACS_SCORE
                       ? "10 - stanine of acs_residual (floor(2 r + 5.5), 1 to 9)"
                       : "internally studentised residual of acs_isr on imd, least squares");
            return;
        } /* fall through */
    case HST_STAT_ISR:
    case HST_STAT_SMR:
        append_counting(text, measure, is_exact);
        append_strata(text, inputs, "indirect");
        append_reference(text, inputs, number);
        break;
    case HST_STAT_MEAN_LOS:
        append(text, "%s", of_stays[row]);
        append_stays(text, measure);
        break;
    case HST_STAT_STD_MEAN_LOS:
        append(text, "normal");
        append_strata(text, inputs, "pooled stays of all areas");
        append_stays(text, measure);
        break;
    case HST_STAT_BED_DAYS:
        append(text, "%s", measure->bed_days_placed ? "placed" : "by discharge");
        append_stays(text, measure);
        break;
    case HST_STAT_BED_DAY_RATE:
        append(text, "%s, repeat-adjusted; %s", interval_of(measure),
               measure->bed_days_placed ? "placed" : "by discharge");
        append_stays(text, measure);
        break;
    case HST_STAT_READMISSION:
        append(text, "Wilson; emergency within %d days (0 to %d)", measure->days,
               measure->days - 1);
        return;
    case HST_STAT_HHI:
        append(text, "%s", row == 0 ? "1 / hhi" : "sum of squared shares of providers");
        return;
    case HST_STAT_GROWTH:
        append(text, "index, %s = 100", inputs->extras[number].base.label);
        return;
    }
    append(text, "%s", measure->annualise ? "; annualised" : "");
}

static bool make_method_texts(measure_texts *texts, const rate_inputs *inputs, size_t measure)
{
    const rate_statistic *statistic = rate_statistic_of(&inputs->study->measures[measure]);
    char text[METHOD_BYTES];

    for (size_t row = 0; row < statistic->n_rows; row++) {
        describe(text, inputs, measure, row, false);
        texts->method[row] = strdup(text);
        describe(text, inputs, measure, row, true);
        texts->method_exact[row] = strdup(text);
        if (!texts->method[row] || !texts->method_exact[row]) {
            return false;
        }
    }
    return true;
}

static bool make_confidence_text(measure_texts *texts, const hst_measure *measure)
{
    char text[64];
    size_t length = 0;

    for (size_t i = 0; i < measure->n_confidence && length < sizeof text; i++) {
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%g%%", i > 0 ? ", " : "",
                                   measure->confidence[i]);
    }
    texts->confidence = strdup(length > 0 ? text : "");
    return texts->confidence != NULL;
}

/* ---- split values ---- */

static const char *name_of_sex(const char *code)
{
    return strcmp(code, "1") == 0 ? "Male" : strcmp(code, "2") == 0 ? "Female" : "";
}

static const char *find_name(const hst_table *names, size_t code_column, size_t name_column,
                             const char *code)
{
    for (size_t row = 0; row < hst_table_n_rows(names); row++) {
        if (strcmp(hst_table_cell(names, row, code_column), code) == 0) {
            return hst_table_cell(names, row, name_column);
        }
    }
    return "";
}

/* The split values of one measure; a table has none, and those that a concentration is made of have
 * no rows. `names` is the table of providers, or NULL. */
static hst_status make_splits(measure_texts *texts, const rate_inputs *inputs, size_t measure,
                              const hst_table *names, hst_error *err)
{
    const hst_measure *m = &inputs->study->measures[measure];
    bool is_split = !m->is_table && !rate_statistic_of(m)->with_providers;
    hst_split by = m->split;
    size_t code_column = 0, name_column = 0;
    size_t n = is_split ? hst_cube_n_splits(inputs->cube, measure) : 1;

    if (names && (hst_table_require(names, "code", &code_column, err) != HST_OK ||
                  hst_table_require(names, "name", &name_column, err) != HST_OK)) {
        return HST_ERR_INPUT;
    }
    texts->splits = calloc(n, sizeof *texts->splits);
    if (!texts->splits) {
        return no_memory(err);
    }
    texts->n_splits = n;
    for (size_t i = 0; i < n; i++) {
        split_texts *split = &texts->splits[i];
        const char *code = i > 0 ? hst_cube_split(inputs->cube, measure, i) : "", *name = "";

        if (i > 0 && by == HST_SPLIT_SEX) {
            name = name_of_sex(code);
        } else if (i > 0 && by == HST_SPLIT_PROVIDER && names) {
            name = find_name(names, code_column, name_column, code);
        }
        split->code = strdup(code);
        split->name = strdup(name);
        if (!split->code || !split->name) {
            return no_memory(err);
        }
        split->sex = i > 0 && by == HST_SPLIT_SEX ? split->code : "persons";
        split->age = i > 0 && by == HST_SPLIT_AGE_BAND ? split->code : "all";
    }
    return HST_OK;
}

hst_status series_texts_create(hst_results *results, const rate_inputs *inputs, hst_error *err)
{
    hst_status status = HST_OK;
    const hst_study *study = inputs->study;
    hst_table *names = NULL;

    results->texts = calloc(study->n_measures ? study->n_measures : 1, sizeof *results->texts);
    if (!results->texts) {
        status = no_memory(err);
        goto done;
    }
    results->n_measures = study->n_measures;
    if (study->provider_names) {
        status = hst_table_read(&names, study->provider_names, err);
    }
    for (size_t i = 0; i < study->n_measures && status == HST_OK; i++) {
        if (!make_method_texts(&results->texts[i], inputs, i) ||
            !make_confidence_text(&results->texts[i], &study->measures[i])) {
            status = no_memory(err);
            goto done;
        }
        status = make_splits(&results->texts[i], inputs, i, names, err);
    }

done:
    hst_table_free(names);
    return status;
}

void series_texts_free(hst_results *results)
{
    for (size_t i = 0; results->texts && i < results->n_measures; i++) {
        measure_texts *texts = &results->texts[i];

        for (size_t split = 0; split < texts->n_splits; split++) {
            free(texts->splits[split].code);
            free(texts->splits[split].name);
        }
        free(texts->splits);
        for (size_t row = 0; row < RATE_MAX_ROWS; row++) {
            free(texts->method[row]);
            free(texts->method_exact[row]);
        }
        free(texts->confidence);
    }
    free(results->texts);
    for (size_t i = 0; i < results->n_notes; i++) {
        free(results->notes[i]);
    }
    free(results->notes);
}

/* Keeps a note and, behind its end, the same without numbers: rows of one kind follow each other,
 * so the last one is often the same. */
static hst_status keep_note(hst_results *results, const char *text, const char *without,
                            hst_result *row, hst_error *err)
{
    size_t n = results->n_notes, length = strlen(text);
    char *kept = n > 0 ? results->notes[n - 1] : NULL;

    if (!kept || strcmp(kept, text) != 0 || strcmp(kept + length + 1, without) != 0) {
        if (n == results->room_for_notes) {
            size_t room = 2 * n + 16;
            char **notes = realloc(results->notes, room * sizeof *notes);

            if (!notes) {
                return no_memory(err);
            }
            results->notes = notes;
            results->room_for_notes = room;
        }
        kept = malloc(length + 1 + strlen(without) + 1);
        if (!kept) {
            return no_memory(err);
        }
        strcpy(kept, text);
        strcpy(kept + length + 1, without);
        results->notes[results->n_notes++] = kept;
    }
    row->note = kept;
    row->note_without_numbers = kept + length + 1;
    return HST_OK;
}

static void add_sentence(char text[NOTE_BYTES], const char *format, ...) HST_PRINTF(2, 3);

static void add_sentence(char text[NOTE_BYTES], const char *format, ...)
{
    size_t length = strlen(text);
    va_list arguments;

    if (length > 0) {
        length += (size_t)snprintf(text + length, NOTE_BYTES - length, "; ");
    }
    va_start(arguments, format);
    vsnprintf(text + length, NOTE_BYTES - length, format, arguments);
    va_end(arguments);
}

hst_status series_note(hst_results *results, const row_facts *facts, hst_result *row,
                       hst_error *err)
{
    char text[NOTE_BYTES] = "", without[NOTE_BYTES] = "";

    row->note = row->note_without_numbers = "";
    for (size_t i = 0; facts->notes >> i != 0; i++) {
        if (facts->notes & (1u << i)) {
            add_sentence(text, "%s", rate_sentences[i]);
            add_sentence(without, "%s", rate_sentences[i]);
        }
    }
    if (facts->n_dropped > 0) {
        add_sentence(text, "%zu strata without stays left out, weights rescaled", facts->n_dropped);
        add_sentence(without, "strata without stays left out, weights rescaled");
    }
    if (facts->excluded > 0) {
        add_sentence(text, "excluded provider(s): %" PRIu64 " events", facts->excluded);
        add_sentence(without, "events of excluded provider(s) are left out");
    }
    return text[0] != '\0' ? keep_note(results, text, without, row, err) : HST_OK;
}
