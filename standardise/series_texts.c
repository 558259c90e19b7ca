/* The words in results.csv: methods, confidence, split values, notes. */
#include <stdlib.h>
#include <string.h>

#include "hestia/table.h"
#include "standardise/series_internal.h"

static hst_status no_memory(hst_error *err)
{
    return hst_fail(err, HST_ERR_MEMORY, "no memory for the texts of the results");
}

static bool make_method_texts(measure_texts *texts, const hst_measure *measure,
                              const rate_inputs *inputs)
{
    const char *years = measure->annualise ? "; annualised" : "";
    char text[160];

    if (measure->statistic == HST_STAT_DSR) {
        snprintf(text, sizeof text, "%s; %s (%zu bands); %s%s",
                 hst_interval_name(measure->interval == HST_INTERVAL_DEFAULT
                                       ? HST_INTERVAL_DOBSON_BYAR
                                       : measure->interval),
                 inputs->standard->name, inputs->standard->bands.n,
                 inputs->study->by_sex ? "age_sex" : "age", years);
        texts->method = strdup(text);
        texts->method_exact = strdup(text);
    } else {
        snprintf(text, sizeof text, "Byars%s", years);
        texts->method = strdup(text);
        snprintf(text, sizeof text, "Exact%s", years);
        texts->method_exact = strdup(text);
    }
    return texts->method && texts->method_exact;
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

/* The split values of one measure. `names` is the table of providers, or NULL. */
static hst_status make_splits(measure_texts *texts, const rate_inputs *inputs, size_t measure,
                              const hst_table *names, hst_error *err)
{
    hst_split by = inputs->study->measures[measure].split;
    size_t code_column = 0, name_column = 0, n = hst_cube_n_splits(inputs->cube, measure);

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
        const char *code = hst_cube_split(inputs->cube, measure, i), *name = "";

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
        if (!make_method_texts(&results->texts[i], &study->measures[i], inputs) ||
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
        free(texts->method);
        free(texts->method_exact);
        free(texts->confidence);
    }
    free(results->texts);
    for (size_t i = 0; i < RATE_N_NOTES; i++) {
        free(results->notes[i]);
    }
}

hst_status series_note(hst_results *results, unsigned char notes, const char **out, hst_error *err)
{
    char text[640] = "";
    size_t length = 0;

    *out = "";
    if (notes == 0) {
        return HST_OK;
    }
    for (size_t i = 0; i < RATE_N_SENTENCES && !results->notes[notes]; i++) {
        if (notes & (1u << i)) {
            length += (size_t)snprintf(text + length, sizeof text - length, "%s%s",
                                       length > 0 ? "; " : "", rate_sentences[i]);
        }
    }
    if (!results->notes[notes]) {
        results->notes[notes] = strdup(text);
    }
    if (!results->notes[notes]) {
        return no_memory(err);
    }
    *out = results->notes[notes];
    return HST_OK;
}
