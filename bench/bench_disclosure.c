/*
 * How disclosure control grows with the results:
 *
 *     bench_disclosure [AREAS] [YEARS] [PROVIDERS]
 *
 * Results as of a national study are made up (151 areas, 3 years, 40 providers in each area by
 * default): emergency and elective admissions, the rate of the first and all of them together, each
 * split by provider, by month, quarter and year, with England, every total the sum of its parts.
 * Areas have 300 to 3000 emergency admissions a month; the k-th provider of an area has k^-2.2 of
 * the first one's, so that most of them see hardly anybody; counts are Poisson. One line,
 * tab-separated: areas, years, providers, rows, small counts, other counts withheld, values
 * withheld, CPU seconds, rows/s, MiB of the rows, MiB at the peak, and a digest of the masked rows:
 * what is made quicker leaves it as it is. Everything is drawn from one seed.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "hestia/disclosure.h"
#include "hestia/publish.h"
#include "hestia/standard.h"
#include "publish/tree.h"

enum {
    N_KINDS = 2,      /* of events: elective, emergency */
    N_MEASURES = 4,   /* by their ids: admissions, elective, emergency, emergency_rate */
    N_NATIONAL = 400, /* providers in England */
    N_MONTHS = 12,
    PERIODS_A_YEAR = 17,
    FIRST_YEAR = 1991,
    POPULATION = 350000
};

static const char *const study_text =
    "study: bench\n"
    "period: {from: %d-04-01, to: %zu-03-31}\n"
    "extracts: [{dataset: apc, files: apc_*.csv}]\n"
    "areas: {type: pct, names: names.csv, comparators: [{name: England, areas: all}]}\n"
    "population: population.csv\n"
    "measure_defaults: {by: [month, quarter, year], split: provider, statistic: count}\n"
    "measures:\n"
    "  - {id: admissions}\n"
    "  - {id: elective, where: {admission_method: elective}}\n"
    "  - {id: emergency, where: {admission_method: emergency}}\n"
    "  - {id: emergency_rate, where: {admission_method: emergency}, statistic: crude_rate}\n"
    "publish: {disclosure: hes2018}\n";

typedef struct bench {
    size_t n_areas, n_providers, n_years, n_months, n_periods;
    hst_period *periods; /* [n_periods]: sorted by label */
    uint32_t *local;     /* [area][month][provider of the area][kind] */
    uint32_t *national;  /* [month][provider of England][kind] */
    char codes[N_NATIONAL][8];
    hst_study *study;
    hst_conditions *conditions;
    hst_standard standard;
    hst_measures *measures;
    hst_areas *areas;
    hst_ledger *ledger;
    size_t n_rows;
    hst_result *rows;
} bench;

static void *get(size_t n, size_t size)
{
    void *memory = calloc(n + 1, size);

    if (!memory) {
        fprintf(stderr, "no memory\n");
        exit(EXIT_FAILURE);
    }
    return memory;
}

/* ---- counts ---- */

static double draw_uniform(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u; /* splitmix64 */

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return ((double)((z ^ z >> 31) >> 11) + 0.5) * 0x1p-53;
}

/* By inversion; large ones by the normal distribution of their root. */
static uint32_t draw_poisson(uint64_t *state, double mean)
{
    double u = draw_uniform(state), p = exp(-mean), sum = p;
    uint32_t n = 0;

    if (mean > 50) {
        double v = draw_uniform(state);
        double z = sqrt(-2 * log(u)) * cos(2 * acos(-1) * v), root = sqrt(mean) + z / 2;

        return (uint32_t)(root * root);
    }
    while (u > sum && p > 0) {
        n++;
        p *= mean / n;
        sum += p;
    }
    return n;
}

/* Number in England of an area's k-th provider: neighbours share theirs. */
static size_t provider_of(size_t area, size_t k)
{
    size_t away = (k + 1) / 2;

    return (2 * area + (k % 2 == 0 ? away : N_NATIONAL - away)) % N_NATIONAL;
}

static void draw_counts(bench *b)
{
    uint64_t state = 1;
    double all = 0;

    b->local = get(b->n_areas * b->n_months * b->n_providers * N_KINDS, sizeof *b->local);
    b->national = get(b->n_months * N_NATIONAL * N_KINDS, sizeof *b->national);
    for (size_t k = 0; k < b->n_providers; k++) {
        all += pow((double)k + 1, -2.2);
    }
    for (size_t area = 0; area < b->n_areas; area++) {
        double volume = 300 * pow(10, draw_uniform(&state));

        for (size_t i = 0; i < b->n_months * b->n_providers * N_KINDS; i++) {
            size_t month = i / N_KINDS / b->n_providers, k = i / N_KINDS % b->n_providers;
            double mean = volume * pow((double)k + 1, -2.2) / all;
            uint32_t n = draw_poisson(&state, i % N_KINDS == 0 ? 1.2 * mean : mean);

            b->local[area * b->n_months * b->n_providers * N_KINDS + i] = n;
            b->national[(month * N_NATIONAL + provider_of(area, k)) * N_KINDS + i % N_KINDS] += n;
        }
    }
}

/* ---- rows ---- */

static int compare_labels(const void *a, const void *b)
{
    return strcmp(((const hst_period *)a)->label, ((const hst_period *)b)->label);
}

static void list_periods(bench *b)
{
    static const hst_by types[] = {HST_BY_MONTH, HST_BY_QUARTER, HST_BY_YEAR};
    static const size_t a_year[] = {12, 4, 1};

    b->periods = get(b->n_years * PERIODS_A_YEAR, sizeof *b->periods);
    for (size_t t = 0; t < 3; t++) {
        hst_period period = hst_period_of(types[t], hst_date_from_civil(FIRST_YEAR, 4, 1));

        for (size_t i = 0; i < b->n_years * a_year[t]; i++) {
            b->periods[b->n_periods++] = period;
            period = hst_period_next(&period);
        }
    }
    qsort(b->periods, b->n_periods, sizeof *b->periods, compare_labels);
}

static int64_t count_of(size_t measure, const uint32_t *counts, size_t n, size_t first, size_t end,
                        size_t provider)
{
    int64_t sum = 0;

    for (size_t month = first; month < end; month++) {
        const uint32_t *both = counts + (month * n + provider) * N_KINDS;

        sum += measure < 2 ? both[0] : 0;
        sum += measure != 1 ? both[1] : 0;
    }
    return sum;
}

static void add_row(bench *b, size_t measure, size_t unit, const hst_period *period,
                    const char *split, int64_t count)
{
    bool is_group = unit == b->n_areas, is_rate = measure == N_MEASURES - 1;
    double people = is_group ? POPULATION * (double)b->n_areas : POPULATION;

    b->rows[b->n_rows++] = (hst_result){
        .measure = measure,
        .is_group = is_group,
        .area = is_group ? 0 : unit,
        .period = *period,
        .sex = "persons",
        .age = "all",
        .split = split,
        .split_name = "",
        .statistic = hst_statistic_name(b->study->measures[measure].statistic),
        .method = is_rate ? "Byars" : "",
        .total_count = count,
        .total_pop = is_rate ? people : (double)NAN,
        .value = is_rate ? (double)count * 100000 / people : (double)count,
        .lowercl = NAN,
        .uppercl = NAN,
        .lower998 = NAN,
        .upper998 = NAN,
        .confidence = "",
        .comparator = is_group ? SIZE_MAX : 0,
        .comparator_value = NAN,
        .compared = "",
        .compared_method = "",
        .note = "",
    };
}

/* Rows of a measure and unit: England after the areas, as the results have them. */
static void add_unit(bench *b, size_t measure, size_t unit)
{
    bool is_group = unit == b->n_areas;
    size_t n = is_group ? N_NATIONAL : b->n_providers;
    const uint32_t *counts =
        is_group ? b->national : b->local + unit * b->n_months * b->n_providers * N_KINDS;
    size_t place[N_NATIONAL]; /* of England's providers among the unit's; SIZE_MAX: not there */

    for (size_t i = 0; i < N_NATIONAL; i++) {
        place[i] = is_group ? i : SIZE_MAX;
    }
    for (size_t k = 0; k < n && !is_group; k++) {
        place[provider_of(unit, k)] = k;
    }
    for (size_t p = 0; p < b->n_periods; p++) {
        const hst_period *period = &b->periods[p];
        hst_date start = hst_date_from_civil(FIRST_YEAR, 4, 1);
        size_t first = (size_t)hst_month_index(start, period->start);
        size_t end = (size_t)hst_month_index(start, period->end) + 1;
        int64_t total = 0;

        for (size_t k = 0; k < n; k++) {
            total += count_of(measure, counts, n, first, end, k);
        }
        add_row(b, measure, unit, period, "", total);
        for (size_t i = 0; i < N_NATIONAL; i++) {
            if (place[i] != SIZE_MAX) {
                add_row(b, measure, unit, period, b->codes[i],
                        count_of(measure, counts, n, first, end, place[i]));
            }
        }
    }
}

/* ---- the study ---- */

static FILE *create(const char *folder, const char *name)
{
    char path[64];
    FILE *file = NULL;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "w");
    if (!file) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    return file;
}

static void make_study(bench *b)
{
    char folder[] = "/tmp/hestia-bench-XXXXXX", path[64];
    hst_error err = {0};
    FILE *file = NULL;

    if (!mkdtemp(folder)) {
        perror(folder);
        exit(EXIT_FAILURE);
    }
    file = create(folder, "study.yaml");
    fprintf(file, study_text, FIRST_YEAR, FIRST_YEAR + b->n_years);
    fclose(file);
    file = create(folder, "names.csv");
    fprintf(file, "code,name\n");
    for (size_t i = 0; i < b->n_areas; i++) {
        fprintf(file, "A%05zu,Area %zu\n", i, i);
    }
    fclose(file);
    file = create(folder, "population.csv");
    fprintf(file, "area,year,sex,age_lower,age_upper,population\n");
    fclose(file);
    fclose(create(folder, "apc_1.csv"));
    snprintf(path, sizeof path, "%s/study.yaml", folder);
    if (hst_study_read(&b->study, path, &err) != HST_OK ||
        hst_conditions_read(&b->conditions, NULL, &err) != HST_OK ||
        hst_standard_read(&b->standard, "esp2013", &err) != HST_OK ||
        hst_measures_compile(&b->measures, b->study, b->conditions, &b->standard.bands, &err) !=
            HST_OK ||
        hst_areas_build(&b->areas, b->study, NULL, NULL, 0, &err) != HST_OK ||
        hst_ledger_create(&b->ledger, &err) != HST_OK || hst_tree_remove(folder, &err) != HST_OK) {
        fprintf(stderr, "%s\n", err.message);
        exit(EXIT_FAILURE);
    }
}

static uint64_t digest_of(const bench *b)
{
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a over numbers */

    for (size_t i = 0; i < b->n_rows; i++) {
        const hst_result *row = &b->rows[i];
        double value = isnan(row->value) ? -1 : row->value;
        uint64_t bits = 0;

        memcpy(&bits, &value, sizeof bits);
        hash = (hash ^ bits) * 0x100000001b3u;
        hash = (hash ^ (uint64_t)row->total_count) * 0x100000001b3u;
        hash = (hash ^ strlen(row->note)) * 0x100000001b3u;
        hash ^= hash >> 29;
    }
    return hash;
}

static double cpu_seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static long peak_mib(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss / 1024;
}

int main(int argc, char **argv)
{
    bench b = {.n_areas = argc > 1 ? strtoul(argv[1], NULL, 10) : 151,
               .n_years = argc > 2 ? strtoul(argv[2], NULL, 10) : 3,
               .n_providers = argc > 3 ? strtoul(argv[3], NULL, 10) : 40};
    hst_disclosure disclosure;
    hst_error err = {0};
    double seconds = 0;
    long before = 0;

    if (b.n_areas < 2 || b.n_areas > 99999 || b.n_years < 1 || b.n_years > 60 ||
        b.n_providers < 1 || b.n_providers > N_NATIONAL) {
        fprintf(stderr, "bench_disclosure [AREAS] [YEARS, to 60] [PROVIDERS, to %d]\n", N_NATIONAL);
        return EXIT_FAILURE;
    }
    b.n_months = b.n_years * N_MONTHS;
    for (size_t i = 0; i < N_NATIONAL; i++) {
        snprintf(b.codes[i], sizeof b.codes[i], "R%03zu", i);
    }
    make_study(&b);
    list_periods(&b);
    draw_counts(&b);
    b.rows = get(N_MEASURES * b.n_periods * (b.n_areas * (b.n_providers + 1) + N_NATIONAL + 1),
                 sizeof *b.rows);
    for (size_t i = 0; i < N_MEASURES * (b.n_areas + 1); i++) {
        add_unit(&b, i / (b.n_areas + 1), i % (b.n_areas + 1));
    }
    hst_publication publication = {.study = b.study,
                                   .measures = b.measures,
                                   .areas = b.areas,
                                   .ledger = b.ledger,
                                   .results = b.rows,
                                   .n_results = b.n_rows};
    before = peak_mib();
    seconds = cpu_seconds();
    if (hst_disclose(&publication, &disclosure, &err) != HST_OK) {
        fprintf(stderr, "%s\n", err.message);
        return EXIT_FAILURE;
    }
    seconds = cpu_seconds() - seconds;
    printf("%zu\t%zu\t%zu\t%zu\t%zu\t%zu\t%zu\t%.2f\t%.0f\t%ld\t%ld\t%016llx\n", b.n_areas,
           b.n_years, b.n_providers, b.n_rows, (size_t)disclosure.n_small,
           (size_t)disclosure.n_withheld_counts, (size_t)disclosure.n_withheld_values, seconds,
           (double)b.n_rows / seconds, before, peak_mib(), (unsigned long long)digest_of(&b));
    hst_ledger_free(b.ledger);
    hst_areas_free(b.areas);
    hst_measures_free(b.measures);
    hst_conditions_free(b.conditions);
    hst_study_free(b.study);
    free(b.periods);
    free(b.local);
    free(b.national);
    free(b.rows);
    return EXIT_SUCCESS;
}
