/* Areas and residents of the artificial country.
 *
 * Assumptions. The age structure is that of mid-2011, scaled by each year's total (before 2009 back
 * by 0.7 % a year). It is a scale model: with fewer people than England every area shrinks, but the
 * three sites only to hold SITE_SHARE of all people, so that they are worth looking at; rates stay
 * realistic because population.csv shrinks with them. The row ENG is the sum of the areas made. */
#include "cli/synth.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hestia/period.h"
#include "hestia/reference.h"
#include "hestia/table.h"

static const double SITE_SHARE = 0.3;
static const double GROWTH_BEFORE_2009 = 0.007;
static const char *const site_codes[SYNTH_N_SITES] = {"5J6", "5QL", "5NK"};

void synth_options_init(synth_options *options)
{
    *options = (synth_options){.seed = 1,
                               .n_people = 100000,
                               .first_year = 2008,
                               .last_year = 2010,
                               .n_areas = SYNTH_MAX_AREAS,
                               .datasets = 1u << HST_DATASET_APC,
                               .first_op_year = SYNTH_FIRST_OP_YEAR,
                               .separator = ',',
                               .compression = "gz",
                               .study = "synthetic"};
}

/* Index of a study site, or SYNTH_N_SITES for everything else. */
static size_t site_of(const char *code)
{
    size_t site = 0;

    while (site < SYNTH_N_SITES && strcmp(code, site_codes[site]) != 0) {
        site++;
    }
    return site;
}

/* Opens a compiled-in table and finds its columns, [n]. */
static hst_status open_reference(hst_table **out, const char *name, const char *const *columns,
                                 size_t *at, size_t n, hst_error *err)
{
    hst_status status = hst_table_read_text(out, hst_reference_text(name), name, err);

    for (size_t i = 0; status == HST_OK && i < n; i++) {
        status = hst_table_require(*out, columns[i], &at[i], err);
    }
    return status;
}

/* Population of mid-2011 of the sites and of the rest of England: [structure][sex][age]. */
static hst_status read_structure(synth_world *world, hst_error *err)
{
    static const char *const columns[] = {"area", "year", "sex", "age", "population"};
    size_t at[5];
    hst_table *table = NULL;
    hst_status status = open_reference(&table, "population_study_areas_sya", columns, at, 5, err);

    for (size_t row = 0; status == HST_OK && row < hst_table_n_rows(table); row++) {
        const char *area = hst_table_cell(table, row, at[0]);
        bool is_site = strcmp(area, "ENG") != 0;
        long year = 0, sex = 0, age = 0, n = 0;

        if ((status = hst_table_long(table, row, at[1], &year, err)) != HST_OK ||
            (status = hst_table_long(table, row, at[2], &sex, err)) != HST_OK ||
            (status = hst_table_long(table, row, at[3], &age, err)) != HST_OK ||
            (status = hst_table_long(table, row, at[4], &n, err)) != HST_OK) {
            break;
        }
        if (year == 2011 && sex >= 1 && sex <= 2 && age >= 0 && age < SYNTH_N_AGES) {
            if (is_site) {
                world->population[site_of(area)][sex - 1][age] += (double)n;
            }
            /* what is not a site is the rest */
            world->population[SYNTH_N_SITES][sex - 1][age] += is_site ? -(double)n : (double)n;
        }
    }
    hst_table_free(table);
    return status;
}

/* Total of each year of the window, and one after, relative to 2011. */
static hst_status read_growth(synth_world *world, hst_error *err)
{
    static const char *const columns[] = {"area", "year", "population"};
    enum { FIRST = 2009, LAST = 2019 };
    double totals[SYNTH_N_SITES + 1][LAST - FIRST + 1] = {{0}};
    size_t at[3];
    hst_table *table = NULL;
    hst_status status = open_reference(&table, "population_totals_2009_2019", columns, at, 3, err);

    for (size_t row = 0; status == HST_OK && row < hst_table_n_rows(table); row++) {
        const char *area = hst_table_cell(table, row, at[0]);
        bool is_site = strcmp(area, "ENG") != 0;
        long year = 0, n = 0;

        if ((status = hst_table_long(table, row, at[1], &year, err)) != HST_OK ||
            (status = hst_table_long(table, row, at[2], &n, err)) != HST_OK) {
            break;
        }
        if (year >= FIRST && year <= LAST) {
            if (is_site) {
                totals[site_of(area)][year - FIRST] += (double)n;
            }
            totals[SYNTH_N_SITES][year - FIRST] += is_site ? -(double)n : (double)n;
        }
    }
    for (size_t s = 0; status == HST_OK && s <= SYNTH_N_SITES; s++) {
        for (int y = 0; y < SYNTH_MAX_YEARS + 2; y++) {
            int year = world->options.first_year + y;
            int known = year < FIRST ? FIRST : year > LAST ? LAST : year;

            world->growth[s][y] = totals[s][known - FIRST] / totals[s][2011 - FIRST];
            if (year < FIRST) {
                world->growth[s][y] *= pow(1 + GROWTH_BEFORE_2009, year - FIRST);
            }
        }
    }
    hst_table_free(table);
    return status;
}

static void add_area(synth_world *world, const char *code, const char *name)
{
    synth_area *area = &world->areas[world->n_areas++];

    snprintf(area->code, sizeof area->code, "%s", code);
    snprintf(area->name, sizeof area->name, "%s", name);
    area->structure = site_of(code);
}

/* The sites, then as many others as asked for, by code. */
static hst_status read_areas(synth_world *world, hst_error *err)
{
    static const char *const columns[] = {"pct_code", "name"};
    size_t at[2];
    hst_table *table = NULL;
    hst_status status = open_reference(&table, "pct_names_codes_2011", columns, at, 2, err);

    for (size_t site = 0; status == HST_OK && site < SYNTH_N_SITES; site++) {
        for (size_t row = 0; row < hst_table_n_rows(table); row++) {
            if (strcmp(hst_table_cell(table, row, at[0]), site_codes[site]) == 0) {
                add_area(world, site_codes[site], hst_table_cell(table, row, at[1]));
            }
        }
    }
    for (size_t row = 0; status == HST_OK && row < hst_table_n_rows(table) &&
                         world->n_areas < world->options.n_areas;
         row++) {
        const char *code = hst_table_cell(table, row, at[0]);

        if (site_of(code) == SYNTH_N_SITES) {
            add_area(world, code, hst_table_cell(table, row, at[1]));
        }
    }
    hst_table_free(table);
    return status;
}

/* Chance of each sex and age within a structure, future births standing before age 0. */
static void make_cumulative(synth_world *world, size_t s)
{
    size_t n_births = (size_t)(world->options.last_year - world->options.first_year + 1);
    size_t n_ages = SYNTH_N_AGES + n_births;
    double sum = 0;

    for (size_t i = 0; i < 2 * n_ages; i++) {
        size_t sex = i / n_ages, age = i % n_ages;

        sum += world->population[s][sex][age < n_births ? 0 : age - n_births];
        world->cumulative[s][i] = sum;
    }
}

/* Shares people out to areas, and draws how far each area's rates are from the country's. */
static void settle(synth_world *world)
{
    static const double site_emergency[SYNTH_N_SITES] = {1.02, 0.9, 1.2};
    static const double site_elective[SYNTH_N_SITES] = {0.97, 1.0, 1.08};
    static const double site_deprivation[SYNTH_N_SITES] = {24.6, 17.8, 26.9};
    size_t n_births = (size_t)(world->options.last_year - world->options.first_year + 1);
    double real[SYNTH_MAX_AREAS], weight[SYNTH_MAX_AREAS], sum_sites = 0, sum_others = 0;

    for (size_t a = 0; a < world->n_areas; a++) {
        synth_rng rng = synth_rng_of(world->options.seed, a);
        synth_area *area = &world->areas[a];
        bool is_site = area->structure < SYNTH_N_SITES;

        weight[a] = is_site ? 1 : 0.6 + synth_uniform(&rng);
        area->emergency = is_site ? site_emergency[a] : 0.82 + 0.36 * synth_uniform(&rng);
        area->elective = is_site ? site_elective[a] : 0.85 + 0.3 * synth_uniform(&rng);
        area->deprivation = is_site ? site_deprivation[a] : 12 + 24 * synth_uniform(&rng);
        sum_others += is_site ? 0 : weight[a];
    }
    for (size_t a = 0; a < world->n_areas; a++) {
        size_t s = world->areas[a].structure;

        real[a] = 0;
        for (size_t i = 0; i < 2 * SYNTH_N_AGES; i++) {
            real[a] += world->population[s][i / SYNTH_N_AGES][i % SYNTH_N_AGES];
        }
        real[a] *= world->growth[s][0];
        sum_sites += s < SYNTH_N_SITES ? real[a] : 0;
    }
    world->n_persons = 0;
    for (size_t a = 0; a < world->n_areas; a++) {
        synth_area *area = &world->areas[a];
        bool is_site = area->structure < SYNTH_N_SITES;
        double site_share = world->n_areas > SYNTH_N_SITES ? SITE_SHARE : 1;
        double share =
            is_site ? site_share * real[a] / sum_sites : (1 - site_share) * weight[a] / sum_others;
        double residents = share * (double)world->options.n_people;
        const double *cumulative = world->cumulative[area->structure];
        double with_births = cumulative[2 * (SYNTH_N_AGES + n_births) - 1];

        area->scale = residents / real[a];
        area->first_person = world->n_persons;
        world->n_persons +=
            (uint64_t)(with_births * world->growth[area->structure][0] * area->scale + 0.5);
    }
}

/* Two services in the middle of the window, of which the one of Somerset is large, one too late and
 * too small to be seen, and two recording breaks. */
static void plant(synth_world *world)
{
    const synth_options *options = &world->options;
    int n_years = options->last_year - options->first_year + 1;
    hst_date middle =
        hst_date_from_civil(options->first_year + n_years / 2, n_years % 2 == 0 ? 4 : 10, 1);
    hst_date late = hst_date_from_civil(options->last_year, 10, 1);

    world->effects[world->n_effects++] = (synth_effect){SYNTH_WIRRAL, middle, 0.3, SYNTH_COPD};
    world->effects[world->n_effects++] =
        (synth_effect){SYNTH_SOMERSET, middle, 0.15, SYNTH_EMERGENCY};
    world->effects[world->n_effects++] =
        (synth_effect){SYNTH_CALDERDALE, late, 0.1, SYNTH_COMPLICATIONS};
    world->bath_from = hst_date_from_civil(2010, 4, 1);
    world->bath_more = 0.67;
    world->clinics_from = hst_date_from_civil(2009, 4, 1);
    world->clinics_less = 0.5;
}

hst_status synth_world_create(synth_world **out, const synth_options *options, hst_error *err)
{
    hst_status status = HST_OK;
    synth_world *world = NULL;

    *out = NULL;
    world = calloc(1, sizeof *world);
    if (!world) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the artificial areas");
    }
    world->options = *options;
    if ((status = read_structure(world, err)) != HST_OK ||
        (status = read_growth(world, err)) != HST_OK ||
        (status = read_areas(world, err)) != HST_OK) {
        goto done;
    }
    for (size_t s = 0; s <= SYNTH_N_SITES; s++) {
        make_cumulative(world, s);
    }
    settle(world);

    world->first_day = hst_date_from_civil(options->first_year, 4, 1);
    world->last_day = hst_date_from_civil(options->last_year + 1, 3, 31);
    world->level_day = hst_date_from_civil(2008, 4, 1);
    world->merger_day = hst_date_from_civil(options->last_year, 4, 1);
    if (!options->no_effects) {
        plant(world);
    }
    *out = world;
    world = NULL;

done:
    free(world);
    return status;
}

void synth_world_free(synth_world *world)
{
    free(world);
}

size_t synth_area_of(const synth_world *world, uint64_t person)
{
    size_t low = 0, high = world->n_areas - 1;

    while (low < high) {
        size_t middle = (low + high + 1) / 2;

        if (world->areas[middle].first_person <= person) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

const char *const *synth_old_codes(size_t area, size_t *n)
{
    static const char *const somerset[] = {"5FW", "5FX", "5K1", "5K2"};
    static const char *const wirral[] = {"5H2", "5H3"};

    *n = area == SYNTH_SOMERSET ? 4 : area == SYNTH_WIRRAL ? 2 : 0;
    return area == SYNTH_SOMERSET ? somerset : area == SYNTH_WIRRAL ? wirral : NULL;
}

int synth_month(const synth_world *world, hst_date date)
{
    return hst_month_index(world->first_day, date);
}

size_t synth_n_months(const synth_world *world)
{
    return 12 * (size_t)(world->options.last_year - world->options.first_year + 1);
}

/* ---- providers ---- */

size_t synth_n_providers(const synth_world *world)
{
    return 2 * world->n_areas + 2;
}

bool synth_is_independent(const synth_world *world, size_t provider)
{
    return provider >= world->n_areas && provider < 2 * world->n_areas;
}

size_t synth_provider_on(const synth_world *world, size_t provider, hst_date date)
{
    return provider == synth_merged_trust(world) && date >= world->merger_day ? SYNTH_WIRRAL
                                                                              : provider;
}

/* Made codes begin with "X", which no trust's does, or "N" for an independent site; RD1 alone is a
 * real one, because the worked study names it. */
void synth_provider_code(const synth_world *world, size_t provider, char code[4])
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t area = provider % world->n_areas;

    if (provider == synth_bath(world)) {
        memcpy(code, "RD1", 4);
    } else if (provider == synth_merged_trust(world)) {
        memcpy(code, "XM1", 4);
    } else {
        code[0] = synth_is_independent(world, provider) ? 'N' : 'X';
        code[1] = digits[area / 36];
        code[2] = digits[area % 36];
        code[3] = '\0';
    }
}

size_t synth_choose_trust(const synth_world *world, synth_rng *rng, size_t area)
{
    static const double ELSEWHERE = 0.08, BATH = 0.12, MERGED = 0.3;
    double u = synth_uniform(rng);

    if (u < ELSEWHERE) {
        return synth_below(rng, world->n_areas);
    }
    u = (u - ELSEWHERE) / (1 - ELSEWHERE);
    return area == SYNTH_SOMERSET && u < BATH   ? synth_bath(world)
           : area == SYNTH_WIRRAL && u < MERGED ? synth_merged_trust(world)
                                                : area;
}
