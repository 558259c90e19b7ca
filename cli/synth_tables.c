/* The small tables that go with the artificial extracts. */
#include "cli/synth.h"

#include <math.h>
#include <string.h>

#include "hestia/csv.h"
#include "hestia/period.h"

hst_status synth_open_table(hst_csv **out, const synth_options *options, const char *name,
                            const char *const *columns, size_t n, hst_error *err)
{
    char path[4096];
    hst_status status = HST_OK;

    snprintf(path, sizeof path, "%s/%s", options->directory, name);
    status = hst_csv_create(out, path, 0644, err);
    if (status == HST_OK) {
        hst_csv_header(*out, columns, n);
    }
    return status;
}

static hst_status finish_table(hst_csv *csv, hst_error *err)
{
    hst_status status = hst_csv_finish(csv, err);

    hst_csv_free(csv);
    return status;
}

/* ---- population ---- */

/* Residents of one band, at least one, so that every band has a rate. */
static uint64_t band_population(const synth_world *world, const synth_area *area, int year,
                                size_t sex, size_t lower, size_t upper)
{
    double sum = 0;

    for (size_t age = lower; age <= upper && age < SYNTH_N_AGES; age++) {
        sum += world->population[area->structure][sex][age];
    }
    sum *= area->scale * world->growth[area->structure][year - world->options.first_year];
    return sum < 1 ? 1 : (uint64_t)(sum + 0.5);
}

static void write_population_row(hst_csv *csv, const char *code, int year, size_t sex, size_t lower,
                                 size_t upper, uint64_t n)
{
    hst_csv_text(csv, code);
    hst_csv_integer(csv, year);
    hst_csv_count(csv, sex + 1);
    hst_csv_count(csv, lower);
    hst_csv_count(csv, upper);
    hst_csv_count(csv, n);
    hst_csv_end_row(csv);
}

/* area,year,sex,age_lower,age_upper,population: bands 0, 1-4, 5-9 ... 85-89, 90+. */
static hst_status write_population(const synth_world *world, hst_error *err)
{
    static const char *const names[] = {"area",      "year",      "sex",
                                        "age_lower", "age_upper", "population"};
    static const size_t lowers[] = {0,  1,  5,  10, 15, 20, 25, 30, 35, 40,
                                    45, 50, 55, 60, 65, 70, 75, 80, 85, 90};
    const size_t n_bands = sizeof lowers / sizeof *lowers;
    hst_csv *csv = NULL;
    hst_status status = synth_open_table(&csv, &world->options, "population.csv", names, 6, err);

    if (status != HST_OK) {
        return status;
    }
    for (int year = world->options.first_year; year <= world->options.last_year + 1; year++) {
        for (size_t i = 0; i < 2 * n_bands; i++) {
            size_t sex = i / n_bands, band = i % n_bands;
            size_t upper = band + 1 < n_bands ? lowers[band + 1] - 1 : 999;
            uint64_t england = 0;

            for (size_t a = 0; a < world->n_areas; a++) {
                uint64_t n =
                    band_population(world, &world->areas[a], year, sex, lowers[band], upper);

                england += n;
                write_population_row(csv, world->areas[a].code, year, sex, lowers[band], upper, n);
            }
            write_population_row(csv, "ENG", year, sex, lowers[band], upper, england);
        }
    }
    return finish_table(csv, err);
}

/* ---- areas and providers ---- */

/* code,name and area,imd */
static hst_status write_areas(const synth_world *world, hst_error *err)
{
    static const char *const names[] = {"code", "name"};
    static const char *const scores[] = {"area", "imd"};
    hst_csv *csv = NULL;
    hst_status status = synth_open_table(&csv, &world->options, "pct_names.csv", names, 2, err);

    if (status != HST_OK) {
        return status;
    }
    for (size_t a = 0; a < world->n_areas; a++) {
        hst_csv_text(csv, world->areas[a].code);
        hst_csv_text(csv, world->areas[a].name);
        hst_csv_end_row(csv);
    }
    if ((status = finish_table(csv, err)) != HST_OK ||
        (status = synth_open_table(&csv, &world->options, "imd.csv", scores, 2, err)) != HST_OK) {
        return status;
    }
    for (size_t a = 0; a < world->n_areas; a++) {
        hst_csv_text(csv, world->areas[a].code);
        hst_csv_real(csv, floor(10 * world->areas[a].deprivation) / 10);
        hst_csv_end_row(csv);
    }
    return finish_table(csv, err);
}

/* Writes the N_SIMILAR areas that are next to a site's deprivation, nearest first. */
static void write_similar_rows(hst_csv *csv, const synth_world *world, size_t site)
{
    enum { N_SIMILAR = 5 };
    double last = -1;

    for (size_t k = 0; k < N_SIMILAR; k++) {
        size_t best = 0;
        double least = INFINITY;

        for (size_t a = SYNTH_N_SITES; a < world->n_areas; a++) {
            double far = fabs(world->areas[a].deprivation - world->areas[site].deprivation);

            if (far > last && far < least) {
                best = a;
                least = far;
            }
        }
        if (least == INFINITY) {
            return;
        }
        hst_csv_text(csv, world->areas[site].code);
        hst_csv_text(csv, world->areas[best].code);
        hst_csv_end_row(csv);
        last = least;
    }
}

/* area,comparator */
static hst_status write_similar(const synth_world *world, hst_error *err)
{
    static const char *const names[] = {"area", "comparator"};
    hst_csv *csv = NULL;
    hst_status status = synth_open_table(&csv, &world->options, "similar.csv", names, 2, err);

    if (status != HST_OK) {
        return status;
    }
    for (size_t site = 0; site < SYNTH_N_SITES; site++) {
        write_similar_rows(csv, world, site);
    }
    return finish_table(csv, err);
}

static void provider_name(const synth_world *world, size_t provider, char name[128])
{
    const char *area = world->areas[provider % world->n_areas].name;

    if (provider == synth_bath(world)) {
        snprintf(name, 128, "Royal United Hospital Bath (artificial)");
    } else if (provider == synth_merged_trust(world)) {
        snprintf(name, 128, "West Wirral Hospital (artificial, merged)");
    } else {
        snprintf(name, 128, "%s %s (artificial)", area,
                 synth_is_independent(world, provider) ? "Independent Clinic" : "Hospitals");
    }
}

/* code,name and code_from,code_to */
static hst_status write_providers(const synth_world *world, hst_error *err)
{
    static const char *const names[] = {"code", "name"};
    static const char *const mergers[] = {"code_from", "code_to"};
    char code[4], name[128];
    hst_csv *csv = NULL;
    hst_status status = synth_open_table(&csv, &world->options, "providers.csv", names, 2, err);

    if (status != HST_OK) {
        return status;
    }
    for (size_t p = 0; p < synth_n_providers(world); p++) {
        char full[8];

        synth_provider_code(world, p, code);
        snprintf(full, sizeof full, "%s%s", code, synth_is_independent(world, p) ? "01" : "");
        provider_name(world, p, name);
        hst_csv_text(csv, full);
        hst_csv_text(csv, name);
        hst_csv_end_row(csv);
    }
    if ((status = finish_table(csv, err)) != HST_OK ||
        (status = synth_open_table(&csv, &world->options, "trust_mergers.csv", mergers, 2, err)) !=
            HST_OK) {
        return status;
    }
    synth_provider_code(world, synth_merged_trust(world), code);
    hst_csv_text(csv, code);
    synth_provider_code(world, SYNTH_WIRRAL, code);
    hst_csv_text(csv, code);
    hst_csv_end_row(csv);
    return finish_table(csv, err);
}

/* Codes of before October 2006: code_from,valid_from,valid_to,code_to,share. */
static hst_status write_lookup(const synth_world *world, hst_error *err)
{
    static const char *const names[] = {"code_from", "valid_from", "valid_to", "code_to", "share"};
    hst_csv *csv = NULL;
    hst_status status = synth_open_table(&csv, &world->options, "pct_lookup.csv", names, 5, err);

    if (status != HST_OK) {
        return status;
    }
    for (size_t a = 0; a < world->n_areas; a++) {
        size_t n = 0;
        const char *const *codes = synth_old_codes(a, &n);

        for (size_t i = 0; i < n; i++) {
            hst_csv_text(csv, codes[i]);
            hst_csv_text(csv, "1996-04-01");
            hst_csv_text(csv, "2006-09-30");
            hst_csv_text(csv, world->areas[a].code);
            hst_csv_count(csv, 1);
            hst_csv_end_row(csv);
        }
    }
    return finish_table(csv, err);
}

/* ---- numbers from elsewhere ---- */

/* General practices know nineteen in twenty people with diabetes: area,date,registered. */
static hst_status write_diabetes_register(const synth_world *world, const synth_truth *truth,
                                          hst_error *err)
{
    static const char *const names[] = {"area", "date", "registered"};
    hst_csv *csv = NULL;
    hst_status status = synth_open_table(&csv, &world->options, "qof_diabetes.csv", names, 3, err);

    if (status != HST_OK) {
        return status;
    }
    for (size_t a = 0; a < world->n_areas; a++) {
        for (size_t y = 0; y < synth_n_months(world) / 12; y++) {
            char date[11];

            hst_date_format(hst_date_from_civil(world->options.first_year + (int)y + 1, 3, 31),
                            date);
            hst_csv_text(csv, world->areas[a].code);
            hst_csv_text(csv, date);
            hst_csv_count(csv, truth->diabetics[a][y] * 19 / 20);
            hst_csv_end_row(csv);
        }
    }
    return finish_table(csv, err);
}

/* Two in five people with dementia are registered in 2006/07, one in twenty-five more each year:
 * period,area,value. */
static hst_status write_dementia_register(const synth_world *world, const synth_truth *truth,
                                          hst_error *err)
{
    static const char *const names[] = {"period", "area", "value"};
    hst_csv *csv = NULL;
    hst_status status = synth_open_table(&csv, &world->options, "qof_dementia.csv", names, 3, err);

    if (status != HST_OK) {
        return status;
    }
    for (size_t y = 0; y < synth_n_months(world) / 12; y++) {
        int year = world->options.first_year + (int)y;
        hst_period period = hst_period_of(HST_BY_YEAR, hst_date_from_civil(year, 4, 1));
        uint64_t percent = year < 2006 ? 0 : year > 2020 ? 96 : (uint64_t)(40 + 4 * (year - 2006));

        for (size_t a = 0; a < world->n_areas && percent > 0; a++) {
            hst_csv_text(csv, period.label);
            hst_csv_text(csv, world->areas[a].code);
            hst_csv_count(csv, truth->demented[a][y] * percent / 100);
            hst_csv_end_row(csv);
        }
    }
    return finish_table(csv, err);
}

/* What Somerset's own hospitals say of their diabetes clinics: period,series,value,source. */
static hst_status write_reported(const synth_world *world, const synth_truth *truth, hst_error *err)
{
    static const char *const names[] = {"period", "series", "value", "source"};
    hst_period period = hst_period_of(HST_BY_MONTH, world->first_day);
    hst_csv *csv = NULL;
    hst_status status =
        synth_open_table(&csv, &world->options, "somerset_reported.csv", names, 4, err);

    if (status != HST_OK) {
        return status;
    }
    for (size_t m = 0; m < synth_n_months(world); m++, period = hst_period_next(&period)) {
        if (period.start < hst_date_from_civil(world->options.first_op_year, 4, 1)) {
            continue;
        }
        hst_csv_text(csv, period.label);
        hst_csv_text(csv, "diabetes clinics");
        hst_csv_count(csv, truth->by_provider[SYNTH_SOMERSET][SYNTH_SOMERSET][m]);
        hst_csv_text(csv, "artificial clinic system");
        hst_csv_end_row(csv);
    }
    return finish_table(csv, err);
}

hst_status synth_write_tables(const synth_world *world, const synth_truth *truth, hst_error *err)
{
    hst_status status = HST_OK;

    if ((status = write_population(world, err)) != HST_OK ||
        (status = write_areas(world, err)) != HST_OK ||
        (status = write_similar(world, err)) != HST_OK ||
        (status = write_providers(world, err)) != HST_OK ||
        (status = write_lookup(world, err)) != HST_OK ||
        (status = write_diabetes_register(world, truth, err)) != HST_OK ||
        (status = write_dementia_register(world, truth, err)) != HST_OK) {
        return status;
    }
    return write_reported(world, truth, err);
}
