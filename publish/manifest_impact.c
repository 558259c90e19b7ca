/* Of manifest.json: the services as they were declared, what was found, and the screen for breaks.
 */
#include "publish/manifest_internal.h"

void hst_manifest_append(json_t **array, json_t *value)
{
    if (json_array_append_new(*array, value) != 0) {
        json_decref(*array);
        *array = NULL;
    }
}

void hst_manifest_set(json_t **object, const char *key, json_t *value)
{
    if (json_object_set_new(*object, key, value) != 0) {
        json_decref(*object);
        *object = NULL;
    }
}

static json_t *dates_json(const hst_study_impact *service)
{
    json_t *array = json_array();
    char text[11];

    for (size_t i = 0; array && i < service->n_dates; i++) {
        hst_date_format(service->dates[i], text);
        hst_manifest_append(&array, json_string(text));
    }
    return array;
}

/* {method: "what it was told"}, in the order of the methods. */
static json_t *methods_json(const hst_study_impact *service)
{
    json_t *object = json_object();
    char text[HST_IMPACT_OPTIONS_BYTES];

    for (unsigned m = 0; object && m < HST_N_IMPACT_METHODS; m++) {
        if (service->methods >> m & 1u) {
            hst_impact_options_describe(text, &service->options, (hst_impact_method)m);
            hst_manifest_set(&object, hst_impact_method_name((hst_impact_method)m),
                             json_string(text));
        }
    }
    return object;
}

json_t *hst_manifest_services(const hst_publication *p)
{
    json_t *array = json_array();

    for (size_t i = 0; array && i < p->study->n_impacts; i++) {
        const hst_study_impact *service = &p->study->impacts[i];

        hst_manifest_append(
            &array,
            json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:s, s:o, s:s, s:f}",
                      "impact", service->id, "sites", hst_manifest_texts(&service->sites),
                      "measures", hst_manifest_texts(&service->measures), "dates",
                      dates_json(service), "phase_in", hst_manifest_window(&service->phase_in),
                      "window", hst_manifest_window(&service->window), "baseline",
                      hst_manifest_window(&service->baseline), "review",
                      hst_manifest_window(&service->review), "by",
                      service->by ? hst_period_type_name(service->by) : "", "comparators",
                      hst_manifest_texts(&service->comparators), "expected",
                      hst_expected_name(service->expected), "methods", methods_json(service),
                      "primary", hst_impact_method_name(service->primary), "meaningful",
                      service->meaningful));
    }
    return array;
}

/* A row of the review says the same verdict for each comparator: it counts once. */
static bool is_first_of_finding(const hst_impact *impact, size_t row)
{
    const hst_review *a = &impact->reviews[row];

    for (size_t i = 0; i < row; i++) {
        const hst_review *b = &impact->reviews[i];

        if (a->impact == b->impact && a->site == b->site && a->measure == b->measure) {
            return false;
        }
    }
    return true;
}

json_t *hst_manifest_verdicts(const hst_publication *p)
{
    json_int_t n[HST_CHANGE + 1] = {0};
    json_t *object = NULL, *verdicts = NULL;

    if (!p->impact) {
        return json_null();
    }
    verdicts = json_object();
    for (size_t i = 0; i < p->impact->n_reviews; i++) {
        n[p->impact->reviews[i].verdict] += is_first_of_finding(p->impact, i);
    }
    object =
        json_pack("{s:I, s:I, s:I, s:I}", "services", (json_int_t)p->study->n_impacts, "rows",
                  (json_int_t)p->impact->n_findings, "reviews", (json_int_t)p->impact->n_reviews,
                  "sensitivities", (json_int_t)p->impact->n_sensitivities);
    for (int v = HST_CANNOT_TELL; v <= HST_CHANGE; v++) {
        hst_manifest_set(&verdicts, hst_verdict_name((hst_verdict)v), json_integer(n[v]));
    }
    hst_manifest_set(&object, "verdicts", verdicts);
    return object;
}

json_t *hst_manifest_screen(const hst_publication *p)
{
    json_int_t n_suspects = 0;
    json_t *rules = NULL;

    if (!p->breaks) {
        return json_null();
    }
    for (size_t i = 0; i < p->breaks->n; i++) {
        n_suspects += p->breaks->items[i].is_suspect;
    }
    rules = json_pack("{s:f, s:f, s:f, s:i, s:i}", "max_p", p->study->breaks.max_p, "min_size",
                      p->study->breaks.min_size, "min_monthly", p->study->breaks.min_monthly,
                      "draws", HST_SCREEN_DRAWS, "seed", HST_SCREEN_SEED);
    return json_pack("{s:I, s:I, s:I, s:o}", "suspects", n_suspects, "series_screened",
                     (json_int_t)p->breaks->n_screened, "series", (json_int_t)p->breaks->n_series,
                     "rules", rules);
}
