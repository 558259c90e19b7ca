/* Any bytes as one of the small tables of a study: what it says, or a reason. The first byte
 * chooses which table it is. */
#include <stdlib.h>
#include <string.h>

#include "hestia/area.h"
#include "hestia/cohort.h"
#include "hestia/condition.h"
#include "hestia/deprivation.h"
#include "hestia/measure_table.h"
#include "hestia/population.h"
#include "hestia/provider_names.h"
#include "hestia/reported.h"
#include "hestia/standard.h"
#include "hestia/table.h"
#include "metrics/provider_internal.h"
#include "tests/fuzz/scratch_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BY_ALL = 7 }; /* month, quarter, year */

/* The areas that the tables of areas are read with. */
static char *codes[] = {(char *)"5J6", (char *)"5NK", (char *)"5QL"};
static const hst_texts known_areas = {3, codes};

static hst_status read_population(const char *standard_name, hst_error *err)
{
    char *paths[] = {scratch_path};
    const hst_texts files = {1, paths};
    hst_standard standard;
    hst_population *population = NULL;
    hst_status status = hst_standard_read(&standard, standard_name, err);

    if (status == HST_OK) {
        status = hst_population_read(&population, &files, &standard, err);
    }
    if (status == HST_OK) {
        const hst_texts *areas = hst_population_areas(population);

        for (size_t i = 0; i < areas->n; i++) {
            for (int year = 2000; year < 2020; year++) {
                const double *cells = hst_population_cells(population, areas->items[i], year);

                if (cells && !(cells[0] >= 0)) {
                    abort(); /* people fewer than none */
                }
            }
        }
    }
    hst_population_free(population);
    return status;
}

static hst_status read_population_few_bands(hst_error *err)
{
    return read_population("esp1976", err);
}

static hst_status read_population_many_bands(hst_error *err)
{
    return read_population("esp2013_21", err);
}

static hst_status read_standard(hst_error *err)
{
    hst_standard standard;
    hst_status status = hst_standard_read(&standard, scratch_path, err);

    if (status == HST_OK && standard.bands.n == 0) {
        abort();
    }
    return status;
}

static hst_status build_areas(hst_areas **areas, const hst_study *study, hst_error *err)
{
    hst_status status = hst_areas_build(areas, study, &known_areas, NULL, 0, err);

    for (size_t i = 0; status == HST_OK && i < hst_areas_n(*areas); i++) {
        if (hst_areas_map(*areas, hst_areas_code(*areas, i), 14000) > hst_areas_n(*areas) + 3) {
            abort(); /* no area, and none of the three others */
        }
    }
    return status;
}

static hst_status read_area_names(hst_error *err)
{
    hst_study study = {.path = (char *)"study.yaml",
                       .areas = {.type = (char *)"pct", .names = scratch_path}};
    hst_areas *areas = NULL;
    hst_status status = build_areas(&areas, &study, err);

    hst_areas_free(areas);
    return status;
}

static hst_status read_area_lookup(hst_error *err)
{
    hst_study study = {.path = (char *)"study.yaml",
                       .areas = {.type = (char *)"pct", .lookup = scratch_path}};
    hst_areas *areas = NULL;
    hst_status status = build_areas(&areas, &study, err);

    hst_areas_free(areas);
    return status;
}

static hst_status read_comparators(hst_error *err)
{
    hst_comparator comparator = {.name = (char *)"Similar", .file = scratch_path};
    hst_study study = {
        .path = (char *)"study.yaml",
        .areas = {.type = (char *)"pct", .n_comparators = 1, .comparators = &comparator}};
    hst_areas *areas = NULL;
    hst_status status = build_areas(&areas, &study, err);

    hst_areas_free(areas);
    return status;
}

static hst_status read_register(hst_error *err)
{
    char *condition[] = {(char *)"diabetes_any"};
    hst_study_cohort cohort = {.id = (char *)"diabetes",
                               .condition = {1, condition},
                               .window = {HST_DATE_MISSING, HST_DATE_MISSING},
                               .register_file = scratch_path,
                               .register_age_to = 120};
    hst_study study = {.path = (char *)"study.yaml",
                       .period = {13000, 15000},
                       .areas = {.type = (char *)"pct"},
                       .n_cohorts = 1,
                       .cohorts = &cohort};
    hst_conditions *conditions = NULL;
    hst_cohorts *cohorts = NULL;
    hst_areas *areas = NULL;
    hst_status status = hst_conditions_read(&conditions, NULL, err);

    if (status == HST_OK) {
        status = hst_cohorts_create(&cohorts, &study, conditions, NULL, err);
    }
    if (status == HST_OK) {
        status = build_areas(&areas, &study, err);
    }
    if (status == HST_OK) {
        status = hst_cohorts_check_registers(cohorts, areas, NULL, err);
    }
    hst_areas_free(areas);
    hst_cohorts_free(cohorts);
    hst_conditions_free(conditions);
    return status;
}

static hst_status read_mergers(hst_error *err)
{
    hst_mergers *mergers = NULL;
    hst_status status = hst_mergers_read(&mergers, scratch_path, err);

    if (status == HST_OK && strlen(hst_mergers_code(mergers, "RD1")) >= HST_CODE_BYTES) {
        abort();
    }
    hst_mergers_free(mergers);
    return status;
}

static hst_status read_conditions(hst_error *err)
{
    hst_conditions *conditions = NULL;
    hst_status status = hst_conditions_read(&conditions, scratch_path, err);

    for (size_t s = 0; status == HST_OK && s < hst_conditions_n_sets(conditions); s++) {
        for (size_t i = 0; i < hst_conditions_n_entries(conditions, s); i++) {
            hst_condition_entry entry = hst_conditions_entry(conditions, s, i);

            if (entry.prefix[0] == '\0' || entry.role[0] == '\0') {
                abort(); /* a row that says nothing */
            }
        }
    }
    hst_conditions_free(conditions);
    return status;
}

static hst_status read_deprivation(hst_error *err)
{
    hst_deprivation *deprivation = NULL;
    hst_status status = hst_deprivation_read(&deprivation, scratch_path, err);

    if (status == HST_OK && hst_deprivation_of(deprivation, "no such area") > 0) {
        abort();
    }
    hst_deprivation_free(deprivation);
    return status;
}

static hst_status read_measure(hst_error *err)
{
    hst_measure_table *table = NULL;
    size_t n = 0;
    hst_status status = hst_measure_table_read(&table, scratch_path, BY_ALL, err);

    if (status == HST_OK) {
        const hst_measure_value *values = hst_measure_table_values(table, &n);

        for (size_t i = 1; i < n; i++) {
            if (strcmp(values[i - 1].area, values[i].area) > 0) {
                abort(); /* not sorted */
            }
        }
    }
    hst_measure_table_free(table);
    return status;
}

static hst_status read_reported(hst_error *err)
{
    hst_reported *reported = NULL;
    size_t n = 0;
    hst_status status = hst_reported_read(&reported, scratch_path, BY_ALL, err);

    if (status == HST_OK) {
        const hst_reported_value *values = hst_reported_values(reported, &n);

        for (size_t i = 1; i < n; i++) {
            if (strcmp(values[i - 1].series, values[i].series) > 0) {
                abort(); /* not sorted */
            }
        }
    }
    hst_reported_free(reported);
    return status;
}

static hst_status read_provider_names(hst_error *err)
{
    hst_provider_names *names = NULL;
    hst_status status = hst_provider_names_read(&names, scratch_path, err);

    if (status == HST_OK && hst_provider_name(names, "\x01")[0] != '\0') {
        abort();
    }
    hst_provider_names_free(names);
    return status;
}

static hst_status read_ragged(hst_error *err)
{
    hst_table *table = NULL;
    hst_status status = hst_table_read_ragged(&table, scratch_path, err);

    for (size_t row = 0; status == HST_OK && row < hst_table_n_rows(table); row++) {
        for (size_t c = 0; c < hst_table_n_columns(table); c++) {
            double number = 0;
            long whole = 0;

            if (hst_table_long(table, row, c, &whole, NULL) == HST_OK &&
                hst_table_double(table, row, c, &number, NULL) != HST_OK) {
                abort(); /* a whole number that is no number */
            }
        }
    }
    hst_table_free(table);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static hst_status (*const readers[])(hst_error *) = {
        read_population_few_bands,
        read_population_many_bands,
        read_standard,
        read_area_names,
        read_area_lookup,
        read_comparators,
        read_register,
        read_mergers,
        read_conditions,
        read_deprivation,
        read_measure,
        read_reported,
        read_provider_names,
        read_ragged,
    };
    hst_error err = {0};

    if (size == 0) {
        return 0;
    }
    scratch_write(data + 1, size - 1);
    if (readers[data[0] % (sizeof readers / sizeof *readers)](&err) != HST_OK &&
        err.message[0] == '\0') {
        abort(); /* a failure without a reason */
    }
    return 0;
}
