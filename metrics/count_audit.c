/* The audit of a count: per file and per measure, what became of every row. */
#include <stdio.h>

#include "count_internal.h"

static hst_status add_line(hst_ledger *ledger, const hst_compiled_measure *measure,
                           const char *period, const char *reason, uint64_t n, hst_error *err)
{
    hst_ledger_line line = {.stage = "metrics",
                            .dataset = hst_dataset_name(measure->dataset),
                            .measure = measure->measure->id,
                            .period = period,
                            .reason = reason,
                            .n = n};

    return n == 0 ? HST_OK : hst_ledger_add(ledger, &line, err);
}

/* Events of finest periods that a coarser type leaves out, for the type's two cut periods. */
static hst_status add_cut_lines(hst_ledger *ledger, const hst_cube *cube,
                                const hst_compiled_measure *measure, size_t m, size_t n_areas,
                                hst_error *err)
{
    static const hst_by types[] = {HST_BY_QUARTER, HST_BY_YEAR};
    const hst_period *finest = measure->periods[hst_by_index(measure->finest)];
    size_t n = measure->n_periods[hst_by_index(measure->finest)];
    hst_status status = HST_OK;

    for (size_t t = 0; t < 2; t++) {
        if (!(measure->measure->by & types[t]) || types[t] == measure->finest) {
            continue;
        }
        for (size_t i = 0; i < n && !status; i++) {
            hst_period whole = hst_period_of(types[t], finest[i].start);
            uint64_t events = 0;

            if (whole.start >= measure->measure->period.from &&
                whole.end <= measure->measure->period.to) {
                continue;
            }
            for (size_t area = 0; area < n_areas; area++) {
                events += hst_cube_period_total(cube, m, area, i);
            }
            status =
                add_line(ledger, measure, whole.label,
                         "counted by the finer period only: the window cuts this one", events, err);
        }
    }
    return status;
}

static uint64_t sum_unknown(const hst_counting *c, const hst_cube *cube, size_t m, bool of_sex)
{
    const hst_compiled_measure *measure = &c->measures->items[m];
    size_t n_areas = hst_areas_n(c->areas) + 3, n_bands = c->measures->bands.n;
    size_t n = measure->n_periods[hst_by_index(measure->finest)];
    uint64_t sum = 0;

    for (size_t area = 0; area < n_areas; area++) {
        for (size_t period = 0; period < n; period++) {
            for (size_t i = 0; i < (of_sex ? n_bands + 1 : HST_N_SEXES); i++) {
                sum += of_sex ? hst_cube_events(cube, m, 0, area, measure->finest, period,
                                                HST_SEX_OTHER, i)
                              : hst_cube_events(cube, m, 0, area, measure->finest, period,
                                                (unsigned)i, n_bands);
            }
        }
    }
    return sum;
}

/* Every row that is no repeat is in one of these lines: considered = the sum of the others. */
static hst_status add_measure_lines(hst_ledger *ledger, const hst_counting *c,
                                    const hst_count_worker *w, size_t m,
                                    const uint64_t steps[HST_N_STEPS], hst_error *err)
{
    static const char *const reasons[HST_N_STEPS] = {
        [HST_STEP_NOT_FINISHED] = "not finished",
        [HST_STEP_NOT_FIRST] = "not the first episode of its stay",
        [HST_STEP_NO_PROVIDER] = "no provider",
        [HST_STEP_NO_EPISTART] = "no EPISTART",
        [HST_STEP_NO_EPIEND] = "no EPIEND",
        [HST_STEP_NO_ADMIDATE] = "no ADMIDATE",
        [HST_STEP_NO_DISDATE] = "no DISDATE",
        [HST_STEP_NO_STAY] = "length of stay negative or over 29,200 days",
        [HST_STEP_SHORT] = "stay shorter than los_min",
        [HST_STEP_OUTSIDE] = "outside the measure's window",
        [HST_STEP_CUT_START] = "in a period that the window cuts",
        [HST_STEP_CUT_END] = "in a period that the window cuts",
        [HST_STEP_OTHER_CLASS] = "other patient class",
    };
    const hst_compiled_measure *measure = &c->measures->items[m];
    const uint64_t *places = w->places[m];
    uint64_t considered = 0, passed = 0;
    hst_status status = HST_OK;

    for (size_t step = 0; step < HST_N_STEPS; step++) {
        const char *period = NULL;
        hst_period cut = hst_unit_cut_period(measure, step == HST_STEP_CUT_END);

        considered += steps[step];
        if (step == HST_STEP_CUT_START || step == HST_STEP_CUT_END) {
            period = cut.label;
        }
        if (!status && reasons[step]) {
            status = add_line(ledger, measure, period, reasons[step], steps[step], err);
        }
    }
    for (size_t place = 0; place < HST_N_PLACES; place++) {
        passed += places[place];
    }
    const struct {
        const char *reason;
        uint64_t n;
    } lines[] = {
        {"considered", considered},
        {"other than the filter asks for",
         steps[HST_STEP_ASKED] - passed - w->excluded[m] - w->unfit[m]},
        {"excluded provider", w->excluded[m]},
        {"out of the denominator: died, or an excluded condition or specialty", w->unfit[m]},
        {"unknown area", places[HST_IN_UNKNOWN]},
        {"not resident in England", places[HST_IN_NOT_ENGLAND]},
        {"OTHER: area not in the list", places[HST_IN_OTHER]},
        {"counted", places[HST_IN_LIST]},
        {"sex unknown (among those with or without an area)", sum_unknown(c, w->cube, m, true)},
        {"age unknown (among those with or without an area)", sum_unknown(c, w->cube, m, false)},
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0] && !status; i++) {
        status = add_line(ledger, measure, NULL, lines[i].reason, lines[i].n, err);
    }
    return status ? status
                  : add_cut_lines(ledger, w->cube, measure, m, hst_areas_n(c->areas) + 3, err);
}

/* A line for each excluded provider that no extract has: most likely a slip of the pen. */
static hst_status add_unmet_providers(hst_ledger *ledger, const hst_counting *c, size_t m,
                                      hst_error *err)
{
    const hst_measure *measure = c->measures->items[m].measure;
    hst_status status = HST_OK;

    for (size_t i = 0; i < measure->n_excluded_providers && !status; i++) {
        const char *code = measure->excluded_providers[i].code;
        char reason[64];
        hst_ledger_line line = {.stage = "metrics",
                                .dataset = hst_dataset_name(measure->dataset),
                                .measure = measure->id,
                                .reason = reason};
        size_t s = 0;

        while (s < c->n_segments &&
               !hst_exclusion_is_met(c->segments[s], c->measures->mergers, code)) {
            s++;
        }
        if (s == c->n_segments) {
            snprintf(reason, sizeof reason, "excluded provider %.15s is in no extract", code);
            status = hst_ledger_add(ledger, &line, err);
        }
    }
    return status;
}

static hst_status add_file_lines(hst_ledger *ledger, const hst_counting *c,
                                 const hst_count_worker *w, hst_error *err)
{
    hst_status status = HST_OK;

    for (size_t s = 0; s < c->n_segments && !status; s++) {
        const hst_segment_info *info = hst_segment_get_info(c->segments[s]);
        char unknown_area[64];
        hst_ledger_line line = {
            .stage = "metrics", .dataset = hst_dataset_name(info->dataset), .file = info->file};
        const struct {
            const char *reason;
            uint64_t n;
        } lines[] = {{"duplicate EPIKEY", w->files[s].dropped},
                     {"DUPLICATE_FLAG set (kept)", w->files[s].flagged},
                     {unknown_area, w->files[s].unknown_area}};

        snprintf(unknown_area, sizeof unknown_area, "unknown area in %s",
                 info->area_columns[c->residences[s].column]);
        for (size_t i = 0; i < sizeof lines / sizeof lines[0] && !status; i++) {
            line.reason = lines[i].reason;
            line.n = lines[i].n;
            status = line.n == 0 ? HST_OK : hst_ledger_add(ledger, &line, err);
        }
    }
    return status;
}

hst_status hst_count_check_areas(const hst_counting *c, const hst_count_worker *w, hst_error *err)
{
    for (size_t s = 0; s < c->n_segments; s++) {
        const hst_segment_info *info = hst_segment_get_info(c->segments[s]);
        const hst_file_tally *file = &w->files[s];
        double limit = c->study->quality.max_unknown_area;
        double n = (double)(file->rows - file->dropped);

        if ((double)file->unknown_area > limit * n) {
            return hst_fail(err, HST_ERR_INPUT,
                            "%s: %.2f %% of its episodes have an unknown area in column %s, over "
                            "quality.max_unknown_area (%.2f %%); choose another column with "
                            "areas.field, or raise the threshold",
                            info->file, 100 * (double)file->unknown_area / n,
                            info->area_columns[c->residences[s].column], 100 * limit);
        }
    }
    return HST_OK;
}

static uint64_t sum_period(const hst_counting *c, const hst_cube *cube, size_t m, hst_by type,
                           size_t period)
{
    uint64_t sum = 0;

    for (size_t area = 0; area < hst_areas_n(c->areas); area++) {
        for (unsigned sex = 0; sex < HST_N_SEXES; sex++) {
            for (size_t band = 0; band <= c->measures->bands.n; band++) {
                sum += hst_cube_events(cube, m, 0, area, type, period, sex, band);
            }
        }
    }
    return sum;
}

/* A line for each period whose rows cannot all have arrived, also when it has no events. */
static hst_status add_coverage_lines(hst_ledger *ledger, const hst_counting *c,
                                     const hst_count_worker *w, size_t m, hst_error *err)
{
    const hst_compiled_measure *measure = &c->measures->items[m];
    hst_status status = HST_OK;

    for (size_t type = 0; type < 3; type++) {
        for (size_t i = 0; i < measure->n_periods[type] && !status; i++) {
            const hst_period *period = &measure->periods[type][i];
            hst_lack lack = hst_cube_lack(w->cube, m, period);
            hst_ledger_line line = {.stage = "coverage",
                                    .dataset = hst_dataset_name(measure->dataset),
                                    .measure = measure->measure->id,
                                    .period = period->label,
                                    .reason = hst_lack_text(lack)};

            if (lack != HST_LACK_NONE) {
                line.n = sum_period(c, w->cube, m, period->type, i);
                status = hst_ledger_add(ledger, &line, err);
            }
        }
    }
    return status;
}

static hst_status add_people_line(hst_ledger *ledger, const char *reason, uint64_t n,
                                  hst_error *err)
{
    hst_ledger_line line = {
        .stage = "people", .dataset = hst_dataset_name(HST_DATASET_APC), .reason = reason, .n = n};

    return n == 0 ? HST_OK : hst_ledger_add(ledger, &line, err);
}

/* What the rules of spells made and refused, and where another rule makes something else. */
static hst_status add_people_lines(hst_ledger *ledger, const hst_counting *c,
                                   const hst_count_worker *w, hst_error *err)
{
    const hst_rule_comparison *other = &w->comparison;
    const hst_spell_ledger *made = NULL;
    const struct {
        const char *what;
        uint64_t n;
    } lines[] = {
        {"spells by the other rule,", other->n_spells},
        {"continuous spells by the other rule,", other->n_cips},
        {"people whose spells differ by the other rule,", other->n_spells_differ},
        {"people whose continuous spells differ by the other rule,", other->n_cips_differ}};
    char reason[96];
    hst_status status = HST_OK;

    if (c->rules.drops_hf) {
        status = add_people_line(ledger, "rows that repeat others by the keys of the rule hf",
                                 hst_people_n_hf(w->people), err);
    }
    if (status || !c->rules.wants_spells) {
        return status;
    }
    made = hst_people_ledger(w->people);
    status = add_people_line(ledger, "people", w->totals_of_people.n_people, err);
    for (size_t i = 0; i < HST_N_SPELL_EVENTS && !status; i++) {
        status = add_people_line(ledger, hst_spell_event_name((hst_spell_event)i), made->n[i], err);
    }
    for (size_t i = 0; i < sizeof lines / sizeof lines[0] && !status; i++) {
        snprintf(reason, sizeof reason, "%s %s", lines[i].what, other->name);
        status = add_people_line(ledger, reason, lines[i].n, err);
    }
    return status;
}

hst_status hst_count_audit(const hst_counting *c, const hst_count_worker *w, hst_ledger *ledger,
                           hst_error *err)
{
    hst_status status = add_file_lines(ledger, c, w, err);

    if (!status) {
        status = add_people_lines(ledger, c, w, err);
    }
    for (size_t p = 0; p < c->n_passes; p++) {
        const hst_measure_pass *pass = &c->passes[p];

        for (size_t i = 0; i < pass->n && !status; i++) {
            status =
                add_measure_lines(ledger, c, w, pass->measure[i], w->steps[p][pass->group[i]], err);
            if (!status) {
                status = add_coverage_lines(ledger, c, w, pass->measure[i], err);
            }
            if (!status) {
                status = add_unmet_providers(ledger, c, pass->measure[i], err);
            }
        }
    }
    return status;
}
