/*
 * How many members a cohort has in each area at the end of each financial year, beside a register.
 *
 * Rules: where somebody lives at the end of a year, and how old they are, is what the last of their
 * finished inpatient rows begun by then says, else the first one after; of somebody who has no
 * inpatient row, any other. Rows of one day are told apart by EPISTART, EPIEND, EPIORDER and record
 * key. Age is STARTAGE and the time since, the birthday taken to lie half a year from the row. Not
 * counted is who died in hospital by then, was not born yet, or was not a member yet.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cohort_internal.h"
#include "hestia/period.h"
#include "hestia/table.h"

enum { MARCH = 3, LAST_OF_MARCH = 31, OLDEST = 120, QUARTER_DAYS_A_YEAR = 1461 };

struct hst_cohort_sizes {
    const hst_cohorts *cohorts;
    int first_year;    /* in which the first financial year starts */
    size_t n_years;    /* whose last day lies in the study's period */
    size_t n_areas;    /* those that are not published, too */
    uint64_t *members; /* [cohort][year][area] */
    uint64_t people[HST_MAX_COHORTS];
};

static hst_status no_memory(hst_error *err)
{
    return hst_fail(err, HST_ERR_MEMORY, "no memory for the sizes of cohorts");
}

static uint64_t *cell(const hst_cohort_sizes *sizes, size_t cohort, size_t year, size_t area)
{
    return &sizes->members[(cohort * sizes->n_years + year) * sizes->n_areas + area];
}

/* Last day of a financial year, as rows store days. */
static hst_day end_of_year(int year)
{
    return hst_day_of_date(hst_date_from_civil(year + 1, MARCH, LAST_OF_MARCH));
}

hst_status hst_cohort_sizes_create(hst_cohort_sizes **out, const hst_cohorts *cohorts,
                                   const hst_study *study, const hst_areas *areas, hst_error *err)
{
    hst_cohort_sizes *sizes = calloc(1, sizeof *sizes);

    *out = NULL;
    if (!sizes) {
        return no_memory(err);
    }
    sizes->cohorts = cohorts;
    sizes->n_areas = hst_areas_n(areas) + 3;
    sizes->first_year = hst_date_financial_year(study->period.from);
    sizes->n_years = (size_t)(hst_date_financial_year(study->period.to + 1) - sizes->first_year);
    sizes->members =
        calloc(cohorts->n * sizes->n_years * sizes->n_areas + 1, sizeof *sizes->members);
    if (!sizes->members) {
        hst_cohort_sizes_free(sizes);
        return no_memory(err);
    }
    *out = sizes;
    return HST_OK;
}

void hst_cohort_sizes_free(hst_cohort_sizes *sizes)
{
    if (!sizes) {
        return;
    }
    free(sizes->members);
    free(sizes);
}

size_t hst_cohort_sizes_n(const hst_cohort_sizes *sizes)
{
    return sizes->cohorts->n * sizes->n_years * sizes->n_areas;
}

void hst_cohort_sizes_merge(hst_cohort_sizes *into, const hst_cohort_sizes *from)
{
    for (size_t i = 0; i < hst_cohort_sizes_n(into); i++) {
        into->members[i] += from->members[i];
    }
    for (size_t i = 0; i < into->cohorts->n; i++) {
        into->people[i] += from->people[i];
    }
}

void hst_cohort_sizes_wire(hst_cohort_sizes *sizes, hst_wire *wire)
{
    hst_wire_counts(wire, sizes->members, hst_cohort_sizes_n(sizes));
    hst_wire_counts(wire, sizes->people, sizes->cohorts->n);
}

uint64_t hst_cohort_sizes_people(const hst_cohort_sizes *sizes, size_t cohort)
{
    return sizes->people[cohort];
}

/* ---- one member ---- */

static hst_day day_of(const hst_row *row)
{
    return row->episode->admidate ? row->episode->admidate : row->episode->epistart;
}

/* Below 0 when row `a` lies before `b`. */
static int compare_rows(const hst_row *a, const hst_row *b)
{
    const hst_episode *x = a->episode, *y = b->episode;
    const uint64_t of_x[] = {day_of(a), x->epistart, x->epiend, x->epiorder, x->record_key};
    const uint64_t of_y[] = {day_of(b), y->epistart, y->epiend, y->epiorder, y->record_key};
    int order = 0;

    for (size_t i = 0; i < sizeof of_x / sizeof of_x[0] && order == 0; i++) {
        order = (of_x[i] > of_y[i]) - (of_x[i] < of_y[i]);
    }
    return order;
}

static bool is_usable(const hst_row *row, const hst_residence *residences, bool inpatients)
{
    return row->episode->epistat == '3' && !hst_episode_is_repeat(row->episode) &&
           day_of(row) != 0 && (residences[row->segment].dataset == HST_DATASET_APC) == inpatients;
}

/* The last row begun by `end`, else the first one after; NULL when there is none at all. */
static const hst_row *row_at(const hst_person *person, const hst_residence *residences,
                             bool inpatients, hst_day end)
{
    const hst_row *best = NULL;

    for (size_t i = 0; i < person->n_rows; i++) {
        const hst_row *row = &person->rows[i];
        bool is_by_end = day_of(row) <= end;

        if (!is_usable(row, residences, inpatients)) {
            continue;
        }
        if (!best || (is_by_end ? day_of(best) > end || compare_rows(best, row) < 0
                                : day_of(best) > end && compare_rows(row, best) < 0)) {
            best = row;
        }
    }
    return best;
}

/* Day of the first death in hospital (DISMETH 4, or 5: stillborn); UINT16_MAX when there is none.
 */
static hst_day day_of_death(const hst_person *person, const hst_residence *residences)
{
    hst_day first = UINT16_MAX;

    for (size_t i = 0; i < person->n_rows; i++) {
        const hst_episode *e = person->rows[i].episode;
        hst_day day = e->disdate ? e->disdate : e->epiend;

        if (is_usable(&person->rows[i], residences, true) && day != 0 &&
            (e->dismeth == '4' || e->dismeth == '5')) {
            first = day < first ? day : first;
        }
    }
    return first;
}

/* Age in whole years, HST_AGE_MISSING when it is unknown, below 0 before the birth. */
static int age_at(const hst_row *row, hst_day end)
{
    const hst_episode *e = row->episode;
    int since = 4 * (end - (e->epistart ? e->epistart : e->admidate));
    int age = QUARTER_DAYS_A_YEAR * e->startage + QUARTER_DAYS_A_YEAR / 2 + since;

    if (e->startage == HST_AGE_MISSING) {
        return HST_AGE_MISSING;
    }
    age = age < 0 ? -1 : age / QUARTER_DAYS_A_YEAR;
    return age < OLDEST ? age : OLDEST;
}

static bool is_of_age(const hst_study_cohort *cohort, int age)
{
    int from = cohort->register_age_from, to = cohort->register_age_to;

    if (age < 0 || !cohort->register_file || (from <= 0 && to >= OLDEST)) {
        return age >= 0;
    }
    return age != HST_AGE_MISSING && from <= age && age <= to;
}

void hst_cohort_sizes_add(hst_cohort_sizes *sizes, const hst_membership *membership,
                          const hst_person *person, const hst_residence *residences)
{
    bool inpatients = row_at(person, residences, true, UINT16_MAX) != NULL;
    hst_day death = day_of_death(person, residences);

    for (unsigned left = membership->cohorts; left != 0; left &= left - 1) {
        sizes->people[__builtin_ctz(left)]++;
    }
    for (size_t year = 0; year < sizes->n_years; year++) {
        hst_day end = end_of_year(sizes->first_year + (int)year);
        const hst_row *row = row_at(person, residences, inpatients, end);
        uint32_t area = 0;
        int age = 0;

        if (!row || death <= end) {
            return;
        }
        area = hst_residence_of(&residences[row->segment], row->episode);
        age = age_at(row, end);
        for (unsigned left = membership->cohorts; left != 0; left &= left - 1) {
            unsigned i = (unsigned)__builtin_ctz(left);

            if (membership->from[i] <= end && is_of_age(sizes->cohorts->items[i].study, age)) {
                ++*cell(sizes, i, year, area);
            }
        }
    }
}

/* ---- the register ---- */

/* Numbers of one cohort's register: [year][area, then group]; NAN where it has none. */
typedef struct cohort_register {
    const hst_cohort_sizes *sizes;
    const hst_areas *areas;
    size_t n_places;
    bool is_given;
    size_t n_elsewhere; /* rows of areas that are not in the list */
    double *registered;
} cohort_register;

typedef struct register_columns {
    size_t area, date, registered;
} register_columns;

/* Place of a code: an area of the list, or the comparator that has it for the whole. */
static size_t find_place(const hst_areas *areas, const char *text)
{
    char code[HST_CODE_BYTES];
    size_t area = 0;

    if (!hst_area_clean_code(text, code) || code[0] == '\0') {
        return SIZE_MAX;
    }
    area = hst_areas_find(areas, code);
    for (size_t g = 0; g < hst_areas_n_groups(areas) && area == SIZE_MAX; g++) {
        if (strcmp(hst_areas_group(areas, g)->population_area, code) == 0) {
            area = hst_areas_n(areas) + g;
        }
    }
    return area;
}

static hst_status read_year(const hst_table *table, size_t row, size_t column, int *year,
                            hst_error *err)
{
    const char *cell_text = hst_table_cell(table, row, column);
    hst_date date = HST_DATE_MISSING;
    hst_period period = {0};

    if (hst_date_parse_iso(cell_text, strlen(cell_text), &date)) {
        *year = hst_date_financial_year(date);
    } else if (hst_period_parse_as(HST_BY_YEAR, cell_text, &period)) {
        *year = hst_date_financial_year(period.start);
    } else {
        return hst_fail(err, HST_ERR_INPUT,
                        "%s, line %zu, column date: neither a date YYYY-MM-DD nor a financial year "
                        "such as 2010/11",
                        hst_table_name(table), hst_table_line(table, row));
    }
    return HST_OK;
}

static hst_status read_register_row(cohort_register *list, const hst_table *table, size_t row,
                                    const register_columns *columns, hst_error *err)
{
    size_t place = find_place(list->areas, hst_table_cell(table, row, columns->area));
    int year = 0;
    double n = NAN, *out = NULL;
    hst_status status = read_year(table, row, columns->date, &year, err);

    if (status) {
        return status;
    }
    if (place == SIZE_MAX) {
        list->n_elsewhere++; /* registers are national, area lists need not be */
        return HST_OK;
    }
    if (hst_table_cell(table, row, columns->registered)[0] == '\0') {
        return HST_OK; /* not known */
    }
    status = hst_table_double(table, row, columns->registered, &n, err);
    if (status) {
        return status;
    }
    if (n < 0) {
        return hst_fail(err, HST_ERR_INPUT, "%s, line %zu, column registered: below 0",
                        hst_table_name(table), hst_table_line(table, row));
    }
    if (year < list->sizes->first_year ||
        year - list->sizes->first_year >= (int)list->sizes->n_years) {
        return HST_OK;
    }
    out = &list->registered[(size_t)(year - list->sizes->first_year) * list->n_places + place];
    if (!isnan(*out)) {
        return hst_fail(err, HST_ERR_INPUT, "%s, line %zu: a second number of its area and year",
                        hst_table_name(table), hst_table_line(table, row));
    }
    *out = n;
    return HST_OK;
}

static hst_status read_register(cohort_register *list, const char *path, hst_error *err)
{
    size_t n = list->sizes->n_years * list->n_places;
    register_columns columns = {0};
    hst_table *table = NULL;
    hst_status status = HST_OK;

    for (size_t i = 0; i < n; i++) {
        list->registered[i] = NAN;
    }
    list->is_given = path != NULL;
    if (!path) {
        return HST_OK;
    }
    status = hst_table_read(&table, path, err);
    if (!status) {
        status = hst_table_require(table, "area", &columns.area, err);
    }
    if (!status) {
        status = hst_table_require(table, "date", &columns.date, err);
    }
    if (!status) {
        status = hst_table_require(table, "registered", &columns.registered, err);
    }
    list->n_elsewhere = 0;
    for (size_t row = 0; !status && row < hst_table_n_rows(table); row++) {
        status = read_register_row(list, table, row, &columns, err);
    }
    if (!status && list->n_elsewhere > 0 && list->n_elsewhere == hst_table_n_rows(table)) {
        status =
            hst_fail(err, HST_ERR_INPUT, "%s, column area: none of its areas is in the area list",
                     hst_table_name(table));
    }
    hst_table_free(table);
    return status;
}

/* ---- the list ---- */

/* An area or comparator, in the order of the list. */
typedef struct cohort_place {
    const char *code;
    bool is_group;
    size_t number;
} cohort_place;

static int compare_places(const void *a, const void *b)
{
    return strcmp(((const cohort_place *)a)->code, ((const cohort_place *)b)->code);
}

static cohort_place *sort_places(const hst_areas *areas)
{
    size_t n_areas = hst_areas_n(areas), n = n_areas + hst_areas_n_groups(areas);
    cohort_place *places = calloc(n + 1, sizeof *places);

    for (size_t i = 0; places && i < n; i++) {
        bool is_group = i >= n_areas;
        size_t number = is_group ? i - n_areas : i;

        places[i] = (cohort_place){is_group ? hst_areas_group(areas, number)->name
                                            : hst_areas_code(areas, number),
                                   is_group, number};
    }
    if (places) {
        qsort(places, n, sizeof *places, compare_places);
    }
    return places;
}

/* Cohorts by their ids. */
static void sort_cohorts(const hst_cohorts *cohorts, size_t order[HST_MAX_COHORTS])
{
    for (size_t i = 0; i < cohorts->n; i++) {
        size_t at = i;

        for (; at > 0 &&
               strcmp(cohorts->items[i].study->id, cohorts->items[order[at - 1]].study->id) < 0;
             at--) {
            order[at] = order[at - 1];
        }
        order[at] = i;
    }
}

/* True when the register has a number for the whole that a comparator stands for. */
static bool has_whole(const cohort_register *list, size_t group)
{
    bool found = false;

    for (size_t year = 0; year < list->sizes->n_years; year++) {
        found = found ||
                !isnan(list->registered[year * list->n_places + hst_areas_n(list->areas) + group]);
    }
    return found;
}

/* A person lives in one area at a time, so that a comparator is the sum of its areas. OTHER is in
 * England when it is the whole (`population_area`), unless the register has areas only: numerator
 * and denominator take the same. */
static void fill_group(hst_cohort_row *row, const cohort_register *list, size_t year)
{
    const hst_area_group *group = hst_areas_group(list->areas, row->area);
    const double *registered = &list->registered[year * list->n_places];
    bool is_whole = has_whole(list, row->area);
    bool has_other =
        group->is_england && group->population_area[0] != '\0' && (is_whole || !list->is_given);

    row->registered = 0;
    for (size_t i = 0; i < group->n_members; i++) {
        row->members += *cell(list->sizes, row->cohort, year, group->members[i].area);
        row->registered += registered[group->members[i].area];
    }
    if (has_other) {
        row->members += *cell(list->sizes, row->cohort, year, hst_areas_special(list->areas).other);
    }
    if (is_whole) {
        row->registered = registered[hst_areas_n(list->areas) + row->area];
    }
}

static size_t list_cohort(hst_cohort_row *rows, size_t cohort, const cohort_register *list,
                          const cohort_place *places)
{
    size_t n = 0;

    for (size_t p = 0; p < list->n_places; p++) {
        for (size_t year = 0; year < list->sizes->n_years; year++) {
            hst_cohort_row *row = &rows[n++];

            *row = (hst_cohort_row){.cohort = cohort,
                                    .is_group = places[p].is_group,
                                    .area = places[p].number,
                                    .year = list->sizes->first_year + (int)year};
            if (row->is_group) {
                fill_group(row, list, year);
            } else {
                row->members = *cell(list->sizes, cohort, year, row->area);
                row->registered = list->registered[year * list->n_places + row->area];
            }
        }
    }
    return n;
}

/* Tells the audit how many rows of a register are of other areas. */
static hst_status tell_elsewhere(const cohort_register *list, const hst_study_cohort *cohort,
                                 hst_ledger *ledger, hst_error *err)
{
    hst_ledger_line line = {.stage = "cohorts",
                            .dataset = hst_dataset_name(HST_DATASET_APC),
                            .measure = cohort->id,
                            .reason = "area of the register not in the area list",
                            .n = list->n_elsewhere};

    return cohort->register_file && line.n > 0 ? hst_ledger_add(ledger, &line, err) : HST_OK;
}

static hst_status list_all(hst_cohort_row **out, size_t *n_out, const hst_cohorts *cohorts,
                           const hst_cohort_sizes *sizes, const hst_areas *areas,
                           hst_ledger *ledger, hst_error *err)
{
    cohort_register list = {
        .sizes = sizes, .areas = areas, .n_places = hst_areas_n(areas) + hst_areas_n_groups(areas)};
    cohort_place *places = sort_places(areas);
    size_t order[HST_MAX_COHORTS] = {0}, n = 0;
    hst_cohort_row *rows = calloc(cohorts->n * sizes->n_years * list.n_places + 1, sizeof *rows);
    hst_status status = HST_OK;

    *out = NULL;
    *n_out = 0;
    list.registered = calloc(sizes->n_years * list.n_places + 1, sizeof *list.registered);
    if (!places || !rows || !list.registered) {
        status = no_memory(err);
        goto done;
    }
    sort_cohorts(cohorts, order);
    for (size_t i = 0; i < cohorts->n; i++) {
        const hst_study_cohort *cohort = cohorts->items[order[i]].study;

        status = read_register(&list, cohort->register_file, err);
        if (!status) {
            status = tell_elsewhere(&list, cohort, ledger, err);
        }
        if (status) {
            goto done;
        }
        n += list_cohort(&rows[n], order[i], &list, places);
    }
    *out = rows;
    *n_out = n;
    rows = NULL; /* now the caller's */

done:
    free(list.registered);
    free(places);
    free(rows);
    return status;
}

hst_status hst_cohorts_list(hst_cohort_row **rows, size_t *n_rows, const hst_cohorts *cohorts,
                            const hst_cohort_sizes *sizes, const hst_areas *areas, hst_error *err)
{
    return list_all(rows, n_rows, cohorts, sizes, areas, NULL, err);
}

hst_status hst_cohorts_check_registers(const hst_cohorts *cohorts, const hst_areas *areas,
                                       hst_ledger *ledger, hst_error *err)
{
    hst_cohort_sizes *nobody = NULL;
    hst_cohort_row *rows = NULL;
    size_t n = 0;
    hst_status status = hst_cohort_sizes_create(&nobody, cohorts, cohorts->study, areas, err);

    if (!status) {
        status = list_all(&rows, &n, cohorts, nobody, areas, ledger, err);
    }
    free(rows);
    hst_cohort_sizes_free(nobody);
    return status;
}
