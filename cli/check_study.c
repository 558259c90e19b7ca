/* What a run of a study would do, in the order it would do it; nothing is written. */
#include "cli/check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hestia/area.h"
#include "hestia/ingest.h"
#include "hestia/period.h"
#include "hestia/population.h"

enum {
    MAX_LISTED = 5,
    PEEK_ROWS = 1000, /* of each file, for its cut and for what is wrong at first sight */
};

typedef struct study_check {
    const cli_options *options;
    hst_study *study;
    hst_inputs *inputs;
    hst_profile **peeks; /* [inputs->n] of the first rows */
    hst_store *store;    /* NULL when there is none yet */
    hst_conditions *conditions;
    hst_standard standard;
    hst_population *population; /* NULL when none is named */
    hst_measures *measures;
    hst_areas *areas;
    uint64_t bytes_to_read;
    size_t n_to_read, n_reused, n_superseded;
} study_check;

static void check_free(study_check *c)
{
    hst_areas_free(c->areas);
    hst_measures_free(c->measures);
    hst_population_free(c->population);
    hst_conditions_free(c->conditions);
    hst_store_close(c->store);
    for (size_t i = 0; c->peeks && i < c->inputs->n; i++) {
        hst_profile_free(c->peeks[i]);
    }
    free(c->peeks);
    hst_inputs_free(c->inputs);
    hst_study_free(c->study);
}

/* ---- study and store ---- */

static void print_study(const study_check *c)
{
    const hst_study *study = c->study;
    char from[11], to[11];

    hst_date_format(study->period.from, from);
    hst_date_format(study->period.to, to);
    printf("Study %s: %s\n  period %s to %s, duplicates by rule %s\n"
           "  spells by rule %s, continuous spells by rule %s\n",
           study->study, study->title, from, to, study->duplicates, study->spell_rule,
           study->cips_rule);
}

/** Opens the store for reading where there is one. */
static hst_status open_store(study_check *c, hst_error *err)
{
    const char *path = c->options->store ? c->options->store : c->study->store;
    char settings[4096];
    hst_status status = HST_OK;

    snprintf(settings, sizeof settings, "%s/hestia-store.json", path);
    if (access(settings, F_OK) == 0) {
        status = hst_store_open(&c->store, path, false, HST_STORE_READ, err);
    }
    if (status == HST_OK) {
        printf("  store %s%s\n", path, c->store ? "" : " (a run will make it)");
    }
    return status;
}

/* ---- files ---- */

/** Looks at the first rows of each file. */
static hst_status peek(study_check *c, hst_error *err)
{
    hst_status status = HST_OK;

    c->peeks = calloc(c->inputs->n + 1, sizeof *c->peeks);
    if (!c->peeks) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu files", c->inputs->n);
    }
    for (size_t i = 0; i < c->inputs->n && status == HST_OK; i++) {
        const hst_input *input = &c->inputs->items[i];

        status = hst_profile_read(&c->peeks[i], input->layout, input->path, input->member,
                                  PEEK_ROWS, err);
        if (status == HST_OK && c->peeks[i]->n_rows == 0) {
            status = hst_fail(err, HST_ERR_INPUT,
                              "%s holds a header and no rows; take it out of the folder or have "
                              "it delivered again",
                              input->path);
        }
    }
    return status;
}

/** True when a newer cut of the same data year is among the files. */
static bool is_superseded(const study_check *c, size_t i)
{
    const hst_study_extract *extract = &c->study->extracts[c->inputs->items[i].extract];
    uint32_t own = c->peeks[i]->partyear_max;

    for (size_t k = 0; k < c->inputs->n && extract->cuts_newest && own > 0; k++) {
        uint32_t other = c->peeks[k]->partyear_max;

        if (other / 100 == own / 100 && other > own &&
            c->study->extracts[c->inputs->items[k].extract].dataset == extract->dataset) {
            return true;
        }
    }
    return false;
}

/** What a run would do with a file. One whose size or times changed is compared by content, as a
 * run would. */
static const char *plan_of(study_check *c, const hst_input *input)
{
    uint8_t digest[16];
    bool is_known =
        c->store && (hst_store_known(c->store, input->path, input->member, digest) ||
                     (hst_store_may_know(c->store, input->path, input->bytes) &&
                      hst_source_file_digest(input->path, input->member, digest, NULL) == HST_OK));

    if (is_known && hst_store_has(c->store, digest, input->layout_key)) {
        c->n_reused++;
        return "in the store";
    }
    c->n_to_read++;
    c->bytes_to_read += input->bytes;
    return "to be read";
}

static void print_cut(uint32_t partyear)
{
    if (partyear == 0) {
        return;
    }
    printf(", data year %u/%02u", partyear / 100, (partyear / 100 + 1) % 100);
    if (partyear % 100 == 99) {
        printf(" final");
    } else {
        printf(" cut %02u", partyear % 100);
    }
}

/** The area column in use, and whether anything stands in it. */
static void print_area_column(const study_check *c, size_t i)
{
    const hst_profile *peeked = c->peeks[i];
    const char *names[HST_MAX_AREA_COLUMNS];
    hst_segment_info info = {.n_area_columns =
                                 hst_layout_area_columns(c->inputs->items[i].layout, names)};
    size_t chosen = SIZE_MAX;

    for (size_t k = 0; k < info.n_area_columns; k++) {
        snprintf(info.area_columns[k], sizeof info.area_columns[k], "%s", names[k]);
    }
    chosen = hst_areas_column(c->areas, &info);
    if (chosen == SIZE_MAX) {
        printf(", NO area column of type %s (it has", c->study->areas.type);
        for (size_t k = 0; k < info.n_area_columns; k++) {
            printf("%s %s", k > 0 ? "," : "", names[k]);
        }
        printf(")");
        return;
    }
    printf(", area column %s", names[chosen]);
    for (size_t k = 0; k < peeked->n_fields; k++) {
        if (peeked->fields[k].is_area && strcmp(peeked->fields[k].field, names[chosen]) == 0 &&
            peeked->fields[k].n_filled == 0) {
            printf(" (EMPTY in its first %llu rows; choose another in `areas: {field: ..}`)",
                   (unsigned long long)peeked->n_rows);
        }
    }
}

static void print_files(study_check *c)
{
    char bytes[32];

    printf("\nFiles: %zu, person identifier %s\n", c->inputs->n,
           hst_person_kind_name(c->inputs->person));
    for (size_t i = 0; i < c->inputs->n; i++) {
        const hst_input *input = &c->inputs->items[i];
        const char *field = "", *person = "";
        bool is_older = is_superseded(c, i);

        c->n_superseded += is_older;
        if (!hst_layout_describe(input->layout, 0, &field, &person)) {
            person = "none";
        }
        printf("  %s: %s, %s, %s, %s, %zu columns", input->name,
               hst_dataset_name(c->study->extracts[input->extract].dataset),
               cli_bytes(input->bytes, bytes),
               cli_separator_name(hst_layout_separator(input->layout)),
               hst_layout_encoding(input->layout), hst_layout_n_columns(input->layout));
        print_cut(c->peeks[i]->partyear_max);
        printf(", person column %s", person);
        print_area_column(c, i);
        printf("; %s%s\n", plan_of(c, input),
               is_older ? "; a newer cut of the year counts instead" : "");
        if (c->peeks[i]->n_rejected > 0) {
            printf("    %llu of its first %llu rows cannot be read: hestia check %s\n",
                   (unsigned long long)c->peeks[i]->n_rejected,
                   (unsigned long long)c->peeks[i]->n_rows, input->path);
        }
    }
}

/* ---- areas and populations ---- */

static bool are_areas_known(const study_check *c)
{
    return c->study->areas.names || c->population;
}

/**
 * The areas as far as they are known without rows. Without names and populations the list is that
 * of the codes met, so sites and comparators can only be checked by a run.
 */
static hst_status build_areas(study_check *c, hst_error *err)
{
    hst_study known = *c->study;

    if (!are_areas_known(c)) {
        known.areas.sites.n = 0;
        known.areas.n_comparators = 0;
    }
    return hst_areas_build(&c->areas, &known,
                           c->population ? hst_population_areas(c->population) : NULL, NULL, 0,
                           err);
}

static void print_areas(const study_check *c)
{
    const hst_study *study = c->study;

    printf("\nAreas: type %s, ", study->areas.type);
    if (are_areas_known(c)) {
        printf("%zu of the %s", hst_areas_n(c->areas),
               study->areas.names ? "names file" : "population");
    } else {
        printf("every code met in the files");
    }
    printf("; %zu %s%s\n", study->areas.sites.n, study->areas.sites.n == 1 ? "site" : "sites",
           study->areas.lookup ? "; codes brought to one set by the lookup" : "");
    for (size_t i = 0; i < study->areas.sites.n; i++) {
        const char *name = "";

        for (size_t a = 0; a < hst_areas_n(c->areas); a++) {
            name = strcmp(hst_areas_code(c->areas, a), study->areas.sites.items[i]) == 0
                       ? hst_areas_name(c->areas, a)
                       : name;
        }
        printf("  site %s %s\n", study->areas.sites.items[i], name);
    }
    for (size_t g = 0; g < hst_areas_n_groups(c->areas); g++) {
        const hst_area_group *group = hst_areas_group(c->areas, g);

        printf("  comparator %s: %zu areas%s%s\n", group->name, group->n_members,
               group->population_area[0] ? ", population of row " : "", group->population_area);
    }
}

static bool has_population(const study_check *c, const char *area, int year)
{
    double n = 0;

    for (unsigned sex = HST_SEX_MALE; sex <= HST_SEX_FEMALE; sex++) {
        for (size_t band = 0; band < hst_population_n_bands(c->population); band++) {
            if (!hst_population_get(c->population, area, year, sex, band, &n)) {
                return false;
            }
        }
    }
    return true;
}

/** One line a year: complete, or how many areas lack it, the first few by name. */
static void print_population_year(const study_check *c, int year)
{
    size_t n_missing = 0, n_areas = hst_areas_n(c->areas);

    printf("  %d: ", year);
    for (size_t a = 0; a < n_areas; a++) {
        n_missing += !has_population(c, hst_areas_code(c->areas, a), year);
    }
    if (n_missing == 0) {
        printf("complete for %zu areas\n", n_areas);
        return;
    }
    printf("MISSING for %zu of %zu areas:", n_missing, n_areas);
    for (size_t a = 0, n = 0; a < n_areas && n < MAX_LISTED; a++) {
        if (!has_population(c, hst_areas_code(c->areas, a), year)) {
            printf(" %s", hst_areas_code(c->areas, a));
            n++;
        }
    }
    printf("%s; their rates of that year will be empty\n", n_missing > MAX_LISTED ? " .." : "");
}

/** First and last mid-year estimate that the study's periods ask for. */
static void years_needed(const hst_study *study, int *first, int *last)
{
    int month = 0, day = 0;

    if (study->denominator_year == HST_DENOMINATOR_FINANCIAL) {
        *first = hst_date_financial_year(study->period.from);
        *last = hst_date_financial_year(study->period.to);
        return;
    }
    hst_date_to_civil(study->period.from, first, &month, &day);
    *first -= study->denominator_year == HST_DENOMINATOR_INTERPOLATE && month <= 6;
    hst_date_to_civil(study->period.to, last, &month, &day);
    *last += study->denominator_year == HST_DENOMINATOR_INTERPOLATE && month > 6;
}

static void print_populations(const study_check *c)
{
    int first = 0, last = 0;

    printf("\nPopulations: ");
    if (!c->population) {
        printf("none named; no measure needs one\n");
        return;
    }
    for (size_t i = 0; i < c->study->population.n; i++) {
        printf("%s%s", i > 0 ? ", " : "", c->study->population.items[i]);
    }
    printf("\n  standard %s, %zu bands%s, standardised by %s\n", c->standard.name,
           hst_population_n_bands(c->population),
           hst_population_n_bands(c->population) < c->standard.bands.n
               ? " (the last merged: the population's open band begins earlier)"
               : "",
           c->study->by_sex ? "age and sex" : "age");
    years_needed(c->study, &first, &last);
    for (int year = first; year <= last; year++) {
        print_population_year(c, year);
    }
}

/* ---- measures ---- */

static void print_periods(const study_check *c, size_t measure, hst_by type)
{
    const hst_period *periods = NULL;
    size_t n = 0;

    if (!(c->study->measures[measure].by & type)) {
        return;
    }
    n = hst_measures_periods(c->measures, measure, type, &periods);
    if (n == 0) {
        printf("    NO complete %s in its period\n", hst_period_type_name(type));
    } else {
        printf("    %zu %s%s: %s to %s\n", n, hst_period_type_name(type), n == 1 ? "" : "s",
               periods[0].label, periods[n - 1].label);
    }
}

/** What a statistic is told beside its filter. */
static void print_options(const hst_measure *measure)
{
    if (measure->per_working_day) {
        printf("    for each working day\n");
    }
    if (measure->base) {
        printf("    growth since %s\n", measure->base);
    }
    if (measure->statistic == HST_STAT_READMISSION) {
        printf(
            "    readmitted as an emergency within %d days; looking back %d days for what is left "
            "out\n",
            measure->days, measure->lookback);
    }
    if (measure->los_cap > 0) {
        printf("    stays longer than %d days count as %d\n", measure->los_cap, measure->los_cap);
    }
    if (measure->los_min > 0) {
        printf("    stays under %d days are left out\n", measure->los_min);
    }
    if (measure->reference_areas.n > 0 || measure->reference_year) {
        printf("    expected from the rates of %s",
               measure->reference_areas.n > 0 ? "" : "all areas");
        for (size_t i = 0; i < measure->reference_areas.n; i++) {
            printf("%s%s", i > 0 ? ", " : "", measure->reference_areas.items[i]);
        }
        printf(" in %s\n", measure->reference_year ? measure->reference_year : "the same period");
    }
}

static void print_measures(const study_check *c)
{
    printf("\nMeasures: %zu\n", c->study->n_measures);
    for (size_t m = 0; m < c->study->n_measures; m++) {
        const hst_measure *measure = &c->study->measures[m];
        const char *interval = hst_interval_name(measure->interval);

        printf("  %s (%s%s%s, split by %s)\n    %s\n", measure->id,
               hst_statistic_name(measure->statistic), interval[0] ? ", limits " : "", interval,
               hst_split_name(measure->split), hst_measures_definition(c->measures, m));
        print_options(measure);
        print_periods(c, m, HST_BY_MONTH);
        print_periods(c, m, HST_BY_QUARTER);
        print_periods(c, m, HST_BY_YEAR);
    }
}

static void print_end(const study_check *c)
{
    char bytes[32];

    printf("\nA run would read %zu %s (%s), reuse %zu", c->n_to_read,
           c->n_to_read == 1 ? "file" : "files", cli_bytes(c->bytes_to_read, bytes), c->n_reused);
    if (c->n_superseded > 0) {
        printf(" and leave out %zu older %s", c->n_superseded,
               c->n_superseded == 1 ? "cut" : "cuts");
    }
    printf(", and publish to %s ", c->options->out ? c->options->out : c->study->publish.directory);
    if (strcmp(c->study->publish.disclosure.rule, "none") == 0) {
        printf("without disclosure control.\n");
    } else {
        printf("with disclosure control: %s, counts of 1 to %d hidden, others rounded to %d.\n",
               c->study->publish.disclosure.rule, c->study->publish.disclosure.min - 1,
               c->study->publish.disclosure.round);
    }
}

static hst_status check_study(study_check *c, const char *path, hst_error *err)
{
    hst_status status = hst_study_read(&c->study, path, err);

    if (status != HST_OK) {
        return status;
    }
    print_study(c);
    if ((status = open_store(c, err)) != HST_OK ||
        (status = hst_inputs_find(&c->inputs, c->study, err)) != HST_OK ||
        (status = peek(c, err)) != HST_OK ||
        (status = hst_conditions_read(&c->conditions, c->study->code_lists, err)) != HST_OK ||
        (status = hst_standard_read(&c->standard, c->study->standard_population, err)) != HST_OK) {
        return status;
    }
    if (c->study->population.n > 0) {
        status = hst_population_read(&c->population, &c->study->population, &c->standard, err);
    }
    if (status != HST_OK || (status = build_areas(c, err)) != HST_OK) {
        return status;
    }
    print_files(c);
    print_areas(c);
    print_populations(c);
    status = cli_check_tables(c->study, are_areas_known(c) ? c->areas : NULL, c->conditions,
                              c->store, err);
    if (status != HST_OK) {
        return status;
    }
    status = hst_measures_compile(&c->measures, c->study, c->conditions, &c->standard.bands, err);
    if (status != HST_OK) {
        return status;
    }
    print_measures(c);
    status = cli_check_services(c->study, c->measures, are_areas_known(c) ? c->areas : NULL, err);
    if (status != HST_OK) {
        return status;
    }
    print_end(c);
    return HST_OK;
}

hst_status cli_check_study(const char *path, const cli_options *options, hst_error *err)
{
    study_check c = {.options = options};
    hst_status status = check_study(&c, path, err);

    check_free(&c);
    return status;
}
