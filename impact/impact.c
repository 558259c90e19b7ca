/* Findings: every service, site and measure is a case of its own, asked of every method, held
 * against placebos and against itself without suspects, and judged. */
#include "impact/impact_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hestia/ingest.h"

/* What is to be asked: one case each. */
typedef struct question {
    size_t impact, measure, area;
} question;

/* ---- one case ---- */

/* True when an earlier suspect of the case has the same provider. */
static bool is_told(const hst_breaks *breaks, size_t i, const bool *touches)
{
    for (size_t k = 0; k < i; k++) {
        if (touches[k] && strcmp(breaks->items[k].provider, breaks->items[i].provider) == 0) {
            return true;
        }
    }
    return false;
}

/*
 * The suspects that touch the case, "" when there is none.
 *
 * @param flag   receives "RD1 op 2010-04 (+67 %)", all of them
 * @param words  receives "at RD1 from 2010-04", each provider once
 */
static hst_status tell_suspects(const char **flag, const char **words, const impact_case *c,
                                impact_page *page, hst_error *err)
{
    const hst_breaks *breaks = c->inputs->breaks;
    hst_window days = impact_days(c);
    size_t n = breaks ? breaks->n : 0;
    bool *touches = calloc(n + 1, sizeof *touches);

    *flag = *words = "";
    if (!touches) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu suspects", n);
    }
    for (size_t i = 0; i < n; i++) {
        const hst_break *b = &breaks->items[i];

        if (!impact_is_touched(c->inputs, b, c->measure, c->area, days.from, days.to)) {
            continue;
        }
        touches[i] = true;
        *flag = impact_text(page, "%s%s%s %s%s%s %s (%+.0f %%)", *flag, (*flag)[0] ? "; " : "",
                            b->provider, hst_dataset_name(b->dataset), b->specialty[0] ? " " : "",
                            b->specialty, b->month.label, 100 * b->size);
        if (!is_told(breaks, i, touches)) {
            *words = impact_text(page, "%s%s%s from %s", *words, (*words)[0] ? ", " : "at ",
                                 b->provider, b->month.label);
        }
    }
    free(touches);
    return HST_OK;
}

/* The providers left out, "RD1, RXX". */
static const char *left_out(const hst_measure *measure, size_t n_declared, impact_page *page)
{
    const char *text = "";

    for (size_t i = n_declared; i < measure->n_excluded_providers; i++) {
        text = impact_text(page, "%s%s%s", text, text[0] ? ", " : "",
                           measure->excluded_providers[i].code);
    }
    return text;
}

/* A refusal is a row, too. */
static hst_status add_refusal(const impact_case *c, const char *method, const char *reason,
                              impact_page *page, hst_error *err)
{
    hst_finding row = impact_finding(c, method, "");

    row.is_refused = true;
    row.note = reason;
    return impact_add_finding(page, &row, err);
}

/* True for a method that sets the site beside the areas of a comparator. */
static bool compares_areas(hst_impact_method method)
{
    return method == HST_IMPACT_DID || method == HST_IMPACT_SYNTHETIC_CONTROL;
}

/* What all rows of one method say alike; placebos stand at its effect. */
static void complete_rows(impact_page *page, size_t first, const impact_case *c,
                          hst_impact_method method, const impact_evidence *e, bool is_primary,
                          const char *excluded, const impact_answer *answer,
                          const impact_placebos *placebos)
{
    for (size_t i = first; i < page->n_findings; i++) {
        hst_finding *row = &page->findings[i];

        row->is_primary = is_primary;
        row->break_flag = e->break_flag;
        row->excluded = excluded;
        row->detectable = is_primary && e->has_power ? e->power.detectable : (double)NAN;
        if (row->comparator[0] == '\0' && c->comparator != SIZE_MAX &&
            (c->is_controlled || compares_areas(method))) {
            row->comparator = hst_areas_group(c->inputs->areas, c->comparator)->name;
        }
        if (placebos && strcmp(row->term, answer->term) == 0) {
            row->placebo_dates = placebos->dates.p;
            row->n_placebo_dates = placebos->dates.n;
            row->placebo_areas = placebos->areas.p;
            row->n_placebo_areas = placebos->areas.n;
        }
    }
}

/*
 * One method of one case, with its rows.
 *
 * @param answer    receives the effect
 * @param refusal   receives the reason, "" when it answered
 * @param placebos  NULL: not wanted
 */
static hst_status ask_method(impact_answer *answer, const char **refusal, const impact_case *c,
                             hst_impact_method method, const impact_evidence *e,
                             const char *excluded, impact_placebos *placebos, impact_page *page,
                             hst_error *err)
{
    bool is_primary = method == c->service->primary;
    size_t first = page->n_findings;
    hst_error reason = {0};
    hst_status status = impact_ask(answer, c, method, page, &reason);

    *refusal = "";
    if (status == HST_REFUSED) {
        page->n_findings = first;
        *refusal = impact_text(page, "%s", reason.message);
        status = add_refusal(c, hst_impact_method_name(method), *refusal, page, err);
        placebos = NULL;
    } else if (status == HST_OK && placebos) {
        status = impact_try_placebos(placebos, c, method, answer, err);
    } else if (status != HST_OK) {
        return hst_fail(err, status, "%s", reason.message);
    }
    if (status == HST_OK) {
        complete_rows(page, first, c, method, e, is_primary, excluded, answer, placebos);
    }
    return status;
}

/* Methods that ask a comparator are asked of each; the first one's answer is the method's. its is
 * asked once more beside each comparator (controlled). */
static hst_status ask_comparators(const impact_case *c, hst_impact_method method,
                                  const impact_evidence *e, const char *excluded, impact_page *page,
                                  hst_error *err)
{
    const hst_texts *names = &c->service->comparators;
    bool asks_comparator = compares_areas(method);
    bool is_its = method == HST_IMPACT_ITS;
    hst_status status = HST_OK;

    for (size_t i = 0; i < names->n && (asks_comparator || is_its) && status == HST_OK; i++) {
        impact_case other = *c;
        impact_answer answer;
        const char *refusal = NULL;

        other.comparator = impact_group_of(c->inputs->areas, names->items[i], c->area);
        other.is_controlled = is_its;
        if (other.comparator != SIZE_MAX && (is_its || other.comparator != c->comparator)) {
            size_t first = page->n_findings;

            status = ask_method(&answer, &refusal, &other, method, e, excluded, NULL, page, err);
            for (size_t row = first; row < page->n_findings; row++) {
                page->findings[row].is_primary = false;
            }
        }
    }
    return status;
}

/* All methods of a case; the primary one's answer is kept. */
static hst_status ask_methods(impact_evidence *e, const impact_case *c, impact_page *page,
                              hst_error *err)
{
    hst_status status = HST_OK;

    for (int m = 0; m < HST_N_IMPACT_METHODS && status == HST_OK; m++) {
        hst_impact_method method = (hst_impact_method)m;
        impact_answer answer;
        impact_placebos placebos = {.dates.p = NAN, .areas.p = NAN};
        const char *refusal = NULL;

        if (!(c->service->methods >> m & 1)) {
            continue;
        }
        status = ask_method(&answer, &refusal, c, method, e, "", &placebos, page, err);
        if (status == HST_OK && method == c->service->primary) {
            e->answer = answer;
            e->is_refused = refusal[0] != '\0';
            e->refusal = refusal;
            e->placebos = placebos;
        }
        if (status == HST_OK) {
            status = ask_comparators(c, method, e, "", page, err);
        }
    }
    return status;
}

/* The same methods without the suspect providers, side by side. */
static hst_status ask_without_suspects(impact_evidence *e, const impact_case *c,
                                       const impact_alternatives *alternatives, impact_page *page,
                                       hst_error *err)
{
    const impact_alternative *item = impact_alternative_of(alternatives, IMPACT_NO_SUSPECTS,
                                                           c->measure, c->area, impact_days(c));
    const char *excluded = NULL;
    impact_case other;
    hst_status status = HST_OK;

    if (!item || e->break_flag[0] == '\0') {
        return HST_OK;
    }
    excluded = left_out(&alternatives->study.measures[item->number], item->n_declared, page);
    status = impact_case_open(&other, c->inputs, &alternatives->source, c->impact, c->measure,
                              item->number, c->area, err);
    if (status != HST_OK) {
        return status;
    }
    for (int m = 0; m < HST_N_IMPACT_METHODS && status == HST_OK; m++) {
        impact_answer answer;
        const char *refusal = NULL;

        if (!(c->service->methods >> m & 1)) {
            continue;
        }
        status = ask_method(&answer, &refusal, &other, (hst_impact_method)m, e, excluded, NULL,
                            page, err);
        if (status == HST_OK && (hst_impact_method)m == c->service->primary) {
            e->has_without = true;
            e->without = answer;
            e->is_without_refused = refusal[0] != '\0';
        }
    }
    impact_case_close(&other);
    return status;
}

static hst_status ask_power(impact_evidence *e, const impact_case *c, impact_page *page,
                            hst_error *err)
{
    hst_error reason = {0};
    size_t first = page->n_findings;
    hst_status status = impact_ask_power(&e->power, c, c->service->primary, page, &reason);

    e->has_power = status == HST_OK;
    if (status == HST_REFUSED) {
        status = add_refusal(c, "power", impact_text(page, "%s", reason.message), page, err);
    } else if (status != HST_OK) {
        return hst_fail(err, status, "%s", reason.message);
    }
    for (size_t i = first; i < page->n_findings; i++) {
        page->findings[i].break_flag = e->break_flag;
    }
    return status;
}

static hst_status answer_question(impact_page *page, const question *q,
                                  const hst_impact_inputs *inputs, const impact_source *source,
                                  const impact_alternatives *alternatives, hst_error *err)
{
    impact_case c;
    impact_evidence evidence = {.refusal = "", .break_flag = "", .suspects = ""};
    hst_status status = impact_page_open(page, err);

    if (status == HST_OK) {
        status = hst_interrupt_check(err);
    }
    if (status == HST_OK) {
        status =
            impact_case_open(&c, inputs, source, q->impact, q->measure, q->measure, q->area, err);
    }
    if (status != HST_OK) {
        return status;
    }
    page->n_incomplete = c.series.n_incomplete;
    if ((status = tell_suspects(&evidence.break_flag, &evidence.suspects, &c, page, err)) ==
            HST_OK &&
        (status = ask_power(&evidence, &c, page, err)) == HST_OK &&
        (status = ask_methods(&evidence, &c, page, err)) == HST_OK &&
        (status = ask_without_suspects(&evidence, &c, alternatives, page, err)) == HST_OK &&
        (status = impact_write_reviews(&c, &evidence, page, err)) == HST_OK) {
        status = impact_write_sensitivity(&c, alternatives, &evidence, page, err);
    }
    impact_case_close(&c);
    return status;
}

/* ---- all cases ---- */

size_t impact_find_measure(const hst_study *study, const char *id)
{
    for (size_t i = 0; i < study->n_measures; i++) {
        if (strcmp(study->measures[i].id, id) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

size_t impact_find_area(const hst_areas *areas, const char *code)
{
    for (size_t i = 0; i < hst_areas_n(areas); i++) {
        if (strcmp(hst_areas_code(areas, i), code) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

/* Checks what only now can be: that the sites are areas and the comparators are there. */
static hst_status list_questions(question **out, size_t *n, const hst_impact_inputs *inputs,
                                 hst_error *err)
{
    const hst_study *study = inputs->study;
    size_t room = 1;

    for (size_t i = 0; i < study->n_impacts; i++) {
        room += study->impacts[i].sites.n * study->impacts[i].measures.n;
    }
    *n = 0;
    *out = calloc(room, sizeof **out);
    if (!*out) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu questions", room);
    }
    for (size_t i = 0; i < study->n_impacts; i++) {
        const hst_study_impact *service = &study->impacts[i];

        for (size_t s = 0; s < service->sites.n; s++) {
            size_t area = impact_find_area(inputs->areas, service->sites.items[s]);

            if (area == SIZE_MAX) {
                return hst_fail(err, HST_ERR_USAGE,
                                "%s, line %zu: site `%s` of service `%s` is not in the area list; "
                                "correct it under `impact: site`, or add it to the list",
                                study->path, service->line, service->sites.items[s], service->id);
            }
            for (size_t m = 0; m < service->measures.n; m++) {
                (*out)[(*n)++] =
                    (question){i, impact_find_measure(study, service->measures.items[m]), area};
            }
        }
    }
    return HST_OK;
}

/* All cases, each on a page of its own, so that threads change nothing. */
static hst_status answer_all(impact_page *pages, const question *questions, size_t n,
                             const hst_impact_inputs *inputs, const impact_source *source,
                             const impact_alternatives *alternatives, hst_error *err)
{
    hst_status *statuses = calloc(n + 1, sizeof *statuses), status = HST_OK;
    hst_error *errors = calloc(n + 1, sizeof *errors);

    if (!statuses || !errors) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for %zu cases", n);
        goto done;
    }
#pragma omp parallel for num_threads(inputs->n_threads > 0 ? inputs->n_threads : 1)                \
    schedule(dynamic)
    for (size_t i = 0; i < n; i++) {
        statuses[i] =
            answer_question(&pages[i], &questions[i], inputs, source, alternatives, &errors[i]);
    }
    for (size_t i = 0; i < n && status == HST_OK; i++) {
        if (statuses[i] != HST_OK) {
            status = hst_fail(err, statuses[i], "%s", errors[i].message);
        }
    }

done:
    free(statuses);
    free(errors);
    return status;
}

/* Points left out because not all of their rows can have arrived. */
static hst_status tell_incomplete(const impact_page *pages, const question *questions, size_t n,
                                  const hst_impact_inputs *inputs, hst_ledger *ledger,
                                  hst_error *err)
{
    hst_status status = HST_OK;

    for (size_t i = 0; i < n && status == HST_OK; i++) {
        hst_ledger_line line = {.stage = "impact",
                                .measure = inputs->study->measures[questions[i].measure].id,
                                .area = hst_areas_code(inputs->areas, questions[i].area),
                                .reason = "incomplete period left out of the models",
                                .n = pages[i].n_incomplete};

        if (line.n > 0) {
            status = hst_ledger_add(ledger, &line, err);
        }
    }
    return status;
}

hst_status hst_impact_compute(hst_impact **out, const hst_impact_inputs *inputs, hst_ledger *ledger,
                              hst_error *err)
{
    size_t n = 0;
    question *questions = NULL;
    impact_page *pages = NULL;
    hst_spans *spans = NULL;
    impact_alternatives alternatives = {0};
    impact_source source = {.study = inputs->study,
                            .measures = inputs->measures,
                            .cube = inputs->cube,
                            .results = inputs->results};
    hst_impact *impact = calloc(1, sizeof *impact);
    hst_status status = HST_OK;

    *out = NULL;
    if (!impact) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for findings");
    }
    if ((status = list_questions(&questions, &n, inputs, err)) != HST_OK) {
        goto done;
    }
    pages = calloc(n + 1, sizeof *pages);
    if (!pages) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for %zu cases", n);
        goto done;
    }
    if (n > 0 && ((status = hst_spans_create(&spans, inputs->study, inputs->measures, inputs->areas,
                                             inputs->cube, inputs->population, inputs->standard,
                                             err)) != HST_OK ||
                  (status = impact_alternatives_count(&alternatives, inputs, err)) != HST_OK)) {
        goto done;
    }
    source.spans = spans;
    if ((status = answer_all(pages, questions, n, inputs, &source, &alternatives, err)) != HST_OK ||
        (status = tell_incomplete(pages, questions, n, inputs, ledger, err)) != HST_OK ||
        (status = impact_bind(impact, pages, n, err)) != HST_OK) {
        goto done;
    }
    *out = impact;
    impact = NULL; /* now the caller's */

done:
    for (size_t i = 0; pages && i < n; i++) {
        impact_page_close(&pages[i]);
    }
    free(pages);
    free(questions);
    impact_alternatives_clear(&alternatives);
    hst_spans_free(spans);
    hst_impact_free(impact);
    return status;
}
