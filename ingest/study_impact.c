/*
 * The services of a study: where they are, what judges them, and by which methods. What a service
 * does not say is filled in here, so that nothing after has to guess.
 */
#include "study_reader.h"

#include <stdlib.h>
#include <string.h>

#define METHOD(method) (1u << HST_IMPACT_##method)

/* ---- lists of names ---- */

static hst_texts copy_names(hst_reader *r, const char *const *names, size_t n)
{
    hst_texts copy = {0};

    copy.items = n > 0 ? hst_reader_allocate(r, n, sizeof *copy.items) : NULL;
    while (copy.items && copy.n < n && !r->status) {
        copy.items[copy.n] = hst_reader_copy(r, names[copy.n]);
        copy.n += copy.items[copy.n] != NULL;
    }
    return copy;
}

/** A name that stands twice would stand twice in the results. */
static void require_once(const hst_scope *s, const char *key)
{
    const hst_yaml *value = hst_scope_find(s, key);

    for (size_t i = 0; i < hst_yaml_count(value); i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(hst_yaml_item(value, i)->text, hst_yaml_item(value, k)->text) == 0) {
                hst_reader_fail(s->reader, hst_yaml_item(value, i), "`%s` names `%s` twice", key,
                                hst_yaml_item(value, i)->text);
            }
        }
    }
}

static void refuse_both(const hst_scope *s, const char *one, const char *many)
{
    if (hst_scope_find(s, one) && hst_scope_find(s, many)) {
        hst_reader_fail(s->reader, hst_scope_find(s, one),
                        "`%s` and `%s` are two names of one list; write one of them", one, many);
    }
}

static void read_sites(const hst_scope *s, const hst_study *study, hst_study_impact *impact)
{
    refuse_both(s, "site", "sites");
    require_once(s, "sites");
    if (hst_scope_find(s, "site") || hst_scope_find(s, "sites")) {
        impact->sites = hst_scope_texts(s, hst_scope_find(s, "site") ? "site" : "sites");
    } else {
        impact->sites = copy_names(s->reader, (const char *const *)study->areas.sites.items,
                                   study->areas.sites.n);
    }
    if (impact->sites.n == 0) {
        hst_reader_fail(s->reader, s->mapping,
                        "service `%s` has no `sites`, and `areas` of the study has none",
                        impact->id);
    }
}

static void read_comparators(const hst_scope *s, const hst_study *study, hst_study_impact *impact)
{
    size_t n = study->areas.n_comparators;
    const char **names = hst_reader_allocate(s->reader, n + 1, sizeof *names);

    for (size_t i = 0; names && i < n; i++) {
        names[i] = study->areas.comparators[i].name;
    }
    if (names) {
        hst_scope_check_names(s, "comparators", names, n, "comparator",
                              "define it in `areas: {comparators: ..}`");
        require_once(s, "comparators");
        impact->comparators = hst_scope_find(s, "comparators") ? hst_scope_texts(s, "comparators")
                                                               : copy_names(s->reader, names, n);
    }
    free(names);
}

/* ---- methods ---- */

static const hst_yaml *place_of(const hst_scope *s, const char *key)
{
    const hst_yaml *value = hst_scope_find(s, key);

    return value ? value : s->mapping;
}

static void read_by(const hst_scope *s, const hst_study *study, hst_study_impact *impact)
{
    impact->by = (hst_by)hst_scope_choice(s, "by", 0);
    for (size_t i = 0; i < impact->measures.n && impact->by && !s->reader->status; i++) {
        const hst_measure *measure = hst_study_measure(study, impact->measures.items[i]);

        if (!(measure->by & impact->by)) {
            hst_reader_fail(s->reader, hst_scope_find(s, "by"),
                            "measure `%s` of service `%s` is not counted by %s: add %s to its `by`",
                            measure->id, impact->id, hst_scope_peek(s, "by"),
                            hst_scope_peek(s, "by"));
        }
    }
}

/** The method that decides: its, else the first in the list that has a p. */
static hst_impact_method choose_primary(const hst_scope *s, unsigned methods)
{
    const hst_yaml *listed = hst_scope_find(s, "methods");

    for (size_t i = 0; i < hst_yaml_count(listed) && !(methods & METHOD(ITS)); i++) {
        int method = hst_choice_value(hst_impact_method_choices, hst_yaml_item(listed, i)->text);

        if (method != HST_IMPACT_SPC) {
            return (hst_impact_method)method;
        }
    }
    return HST_IMPACT_ITS;
}

static void read_methods(const hst_scope *s, hst_study_impact *impact)
{
    const hst_yaml *listed = hst_scope_find(s, "methods");

    impact->methods = listed ? 0 : METHOD(ITS) | METHOD(PRE_POST);
    for (size_t i = 0; i < hst_yaml_count(listed); i++) {
        impact->methods |=
            1u << hst_choice_value(hst_impact_method_choices, hst_yaml_item(listed, i)->text);
    }
    if (impact->methods == METHOD(SPC)) {
        hst_reader_fail(s->reader, place_of(s, "methods"),
                        "`methods: spc` of service `%s` has no p that could decide; add trend or "
                        "another method to it",
                        impact->id);
    }
    impact->primary =
        (hst_impact_method)hst_scope_choice(s, "primary", (int)choose_primary(s, impact->methods));
    if (impact->primary == HST_IMPACT_SPC) {
        hst_reader_fail(s->reader, hst_scope_find(s, "primary"),
                        "`primary: spc` of service `%s`: a control chart has no p; name another of "
                        "its `methods`",
                        impact->id);
    } else if (!(impact->methods >> impact->primary & 1u)) {
        hst_reader_fail(s->reader, place_of(s, "primary"),
                        "`primary: %s` of service `%s` is not among its `methods`; add it there",
                        hst_impact_method_name(impact->primary), impact->id);
    }
}

/** Values alone, without events or variances that effects could be worked out from. */
static bool has_values_only(const hst_measure *measure)
{
    return measure->is_table || measure->statistic == HST_STAT_HHI ||
           measure->statistic == HST_STAT_GROWTH || measure->statistic == HST_STAT_ACS_SCORE;
}

/** The methods must be able to test the measures. */
static void check_measures(const hst_scope *s, const hst_study *study,
                           const hst_study_impact *impact)
{
    for (size_t i = 0; i < impact->measures.n && !s->reader->status; i++) {
        const hst_measure *measure = hst_study_measure(study, impact->measures.items[i]);

        if (has_values_only(measure) && (impact->methods & ~(METHOD(TREND) | METHOD(SPC)))) {
            hst_reader_fail(s->reader, place_of(s, "methods"),
                            "measure `%s` of service `%s` (%s) has values without events, which "
                            "only trend and spc can test; write `methods: [trend, spc]`",
                            measure->id, impact->id,
                            measure->is_table ? "dataset: table"
                                              : hst_statistic_name(measure->statistic));
        }
    }
}

/** Other areas to compare with must be there. */
static void check_comparators(const hst_scope *s, const hst_study_impact *impact)
{
    if ((impact->methods & METHOD(DID)) && impact->comparators.n == 0) {
        hst_reader_fail(s->reader, place_of(s, "methods"),
                        "`did` of service `%s` compares with other areas, and the study has no "
                        "comparators; add them to `areas: {comparators: ..}`",
                        impact->id);
    }
}

/** A mean of stays is no count. */
static void check_model(const hst_scope *its, const hst_study *study,
                        const hst_study_impact *impact)
{
    bool is_of_counts =
        impact->options.its_model != HST_MODEL_AUTO && impact->options.its_model != HST_MODEL_OLS;

    for (size_t i = 0; i < impact->measures.n && is_of_counts && !its->reader->status; i++) {
        const hst_measure *measure = hst_study_measure(study, impact->measures.items[i]);

        if (measure->statistic == HST_STAT_MEAN_LOS ||
            measure->statistic == HST_STAT_STD_MEAN_LOS) {
            hst_reader_fail(its->reader, hst_scope_find(its, "model"),
                            "`model: %s` of service `%s` is for counts, and measure `%s` is a "
                            "mean; write ols or auto",
                            hst_scope_peek(its, "model"), impact->id, measure->id);
        }
    }
}

/** A lag, or -1: by rule. */
static long read_lag(const hst_scope *s, const char *errors)
{
    const hst_yaml *lag = hst_scope_find(s, "lag");

    if (lag && strcmp(errors, "newey-west") != 0 && strcmp(errors, "robust") != 0) {
        hst_reader_fail(s->reader, lag, "`lag` goes with `errors: newey-west`, not with %s",
                        errors);
    }
    return lag ? (long)hst_scope_number(s, "lag") : -1;
}

static void read_options(const hst_scope *s, const hst_study *study, hst_study_impact *impact)
{
    hst_impact_options *options = &impact->options;
    hst_scope all = hst_scope_inner(s, "options");
    hst_scope its = hst_scope_inner(&all, "its"), trend = hst_scope_inner(&all, "trend");
    hst_scope did = hst_scope_inner(&all, "did"), spc = hst_scope_inner(&all, "spc");
    hst_scope pre_post = hst_scope_inner(&all, "pre_post");

    options->its_model = (unsigned)hst_scope_choice(&its, "model", HST_MODEL_AUTO);
    check_model(&its, study, impact);
    options->its_season = (unsigned)hst_scope_choice(&its, "season", HST_SEASON_AUTO);
    options->its_errors = (unsigned)hst_scope_choice(&its, "errors", HST_ERRORS_ROBUST);
    options->its_lag = read_lag(&its, hst_scope_peek(&its, "errors"));
    options->its_slope = hst_scope_bool(&its, "slope");
    options->trend_errors = (unsigned)hst_scope_choice(&trend, "errors", HST_TREND_BY_OLS);
    options->trend_lag = read_lag(&trend, hst_scope_peek(&trend, "errors"));
    options->did_variance = (unsigned)hst_scope_choice(&did, "variance", HST_DID_BY_PLACEBO);
    options->did_pooled = hst_scope_choice(&did, "model", 0) == 1;
    options->pre_post_interval =
        (unsigned)hst_scope_choice(&pre_post, "interval", HST_PRE_POST_EXACT);
    options->spc_unscreened = !hst_scope_bool(&spc, "screen");
}

/* ---- a service ---- */

static void read_impact(const hst_scope *s, const hst_study *study, hst_study_impact *impact)
{
    impact->line = s->mapping->line;
    impact->id = hst_scope_text(s, "id");
    impact->title = hst_scope_text(s, hst_scope_find(s, "title") ? "title" : "id");
    read_sites(s, study, impact);
    hst_study_check_measures(s, study, "measures");
    require_once(s, "measures");
    impact->measures = hst_scope_texts(s, "measures");
    read_comparators(s, study, impact);
    read_by(s, study, impact);
    impact->expected = (hst_expected)hst_scope_choice(s, "expected", HST_EXPECTED_NONE);
    read_methods(s, impact);
    check_measures(s, study, impact);
    check_comparators(s, impact);
    read_options(s, study, impact);
    impact->meaningful = hst_scope_number(s, "meaningful");
    if (impact->meaningful <= 0 || impact->meaningful > 1) {
        hst_reader_fail(s->reader, place_of(s, "meaningful"),
                        "`meaningful` is a share of the level before, above 0 and up to 1 (0.10 is "
                        "10 %%)");
    }
    refuse_both(s, "date", "dates");
    if (!s->reader->status) {
        hst_study_read_impact_days(s, study, impact);
    }
}

void hst_study_read_impacts(const hst_scope *s, hst_study *study)
{
    const hst_yaml *impacts = hst_scope_find(s, "impact");
    size_t n = hst_yaml_count(impacts);

    study->impacts = n > 0 ? hst_reader_allocate(s->reader, n, sizeof *study->impacts) : NULL;
    study->n_impacts = study->impacts ? n : 0;
    for (size_t i = 0; i < study->n_impacts && !s->reader->status; i++) {
        hst_scope item = {s->reader, HST_GROUP_IMPACT, hst_yaml_item(impacts, i), NULL};

        read_impact(&item, study, &study->impacts[i]);
        for (size_t k = 0; k < i && !s->reader->status; k++) {
            if (strcmp(study->impacts[k].id, study->impacts[i].id) == 0) {
                hst_reader_fail(s->reader, hst_yaml_get(item.mapping, "id"),
                                "two services have the id `%s` (the other is on line %zu)",
                                study->impacts[i].id, study->impacts[k].line);
            }
        }
    }
}
