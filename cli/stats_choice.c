/* hestia stats: texts of the options on series, as choices and numbers. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/stats.h"

const char *stats_text_of(const stats_run *run, unsigned option)
{
    for (size_t i = 0; i < STATS_N_SERIES_OPTIONS; i++) {
        if (option == 1u << i) {
            return run->options->given_series & option ? run->options->series_texts[i] : NULL;
        }
    }
    return NULL;
}

hst_status stats_choose(const stats_run *run, unsigned option, const char *const *names,
                        size_t *out)
{
    const char *text = stats_text_of(run, option);
    char all[256] = "";

    for (size_t i = 0; text && names[i]; i++) {
        if (stats_same_name(text, names[i])) {
            *out = i;
            return HST_OK;
        }
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i > 0 ? ", " : "", names[i]);
    }
    return text ? hst_fail(run->err, HST_ERR_USAGE, "hestia stats %s: --%s takes one of %s",
                           run->method->name, stats_series_option_name(option), all)
                : HST_OK;
}

/* One number at the beginning of a text; the rest of it, or NULL when there is none. */
static const char *read_number(const char *text, double *out)
{
    char *end = NULL;

    if (text[0] == '\0' || !strchr("+-.0123456789", text[0])) {
        return NULL;
    }
    *out = strtod(text, &end);
    return end == text || !isfinite(*out) ? NULL : end;
}

hst_status stats_number_of(const stats_run *run, unsigned option, bool is_whole, double lowest,
                           double highest, double *out)
{
    const char *text = stats_text_of(run, option);
    double value = NAN;
    const char *rest = text ? read_number(text, &value) : NULL;

    if (!text) {
        return HST_OK;
    }
    if (!rest || *rest != '\0' || value < lowest || value > highest ||
        (is_whole && value != floor(value))) {
        return hst_fail(run->err, HST_ERR_USAGE, "hestia stats %s: --%s takes a %snumber %g to %g",
                        run->method->name, stats_series_option_name(option),
                        is_whole ? "whole " : "", lowest, highest);
    }
    *out = value;
    return HST_OK;
}

hst_status stats_numbers_of(const stats_run *run, unsigned option, double *out, size_t capacity,
                            size_t *n)
{
    const char *rest = stats_text_of(run, option);

    *n = 0;
    while (rest && *n < capacity && (rest = read_number(rest, &out[*n])) != NULL) {
        ++*n;
        if (*rest == '\0') {
            return HST_OK;
        }
        rest = *rest == ',' ? rest + 1 : NULL;
    }
    return stats_text_of(run, option)
               ? hst_fail(run->err, HST_ERR_USAGE,
                          "hestia stats %s: --%s takes up to %zu numbers, such as 9,25",
                          run->method->name, stats_series_option_name(option), capacity)
               : HST_OK;
}
