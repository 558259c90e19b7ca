/* hestia explain: one published number taken apart, from the rows of its area and period to the
 * contribution of each band. It reads the segments that the latest run was counted from, so what it
 * shows is the number in the tables, whatever has come in since. */
#include "cli/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/latest.h"
#include "hestia/csv.h"
#include "hestia/disclosure.h"
#include "hestia/parts.h"
#include "hestia/published.h"

typedef struct explain_arguments {
    cli_options options;
    const char *study, *measure, *area, *period, *keys, *bands;
} explain_arguments;

/* What is asked, and everything needed to answer. */
typedef struct explain {
    const explain_arguments *arguments;
    cli_latest latest;
    hst_cube *cube;
    size_t area;  /* SIZE_MAX for a comparator */
    size_t group; /* SIZE_MAX for an area */
    hst_period period;
} explain;

/* ---- finding what is asked ---- */

static hst_status find_period(explain *e, hst_error *err)
{
    const hst_period *periods = NULL;
    size_t n = 0;

    if (!hst_period_parse(e->arguments->period, &e->period)) {
        return hst_fail(err, HST_ERR_USAGE,
                        "`%s` is not a period; write a month as 2010-04, a quarter as \"2010/11 "
                        "Q1\", a year as 2010/11",
                        e->arguments->period);
    }
    if (e->latest.study.measures[0].by & (unsigned)e->period.type) {
        n = hst_measures_periods(e->latest.measures, 0, e->period.type, &periods);
    }
    for (size_t i = 0; i < n; i++) {
        if (periods[i].start == e->period.start) {
            return HST_OK;
        }
    }
    return hst_fail(err, HST_ERR_USAGE, "%s: measure `%s` is not published for the %s %s",
                    e->latest.study.path, e->arguments->measure,
                    hst_period_type_name(e->period.type), e->period.label);
}

static hst_status find_area(explain *e, hst_error *err)
{
    e->area = e->group = SIZE_MAX;
    for (size_t i = 0; i < hst_areas_n(e->latest.areas); i++) {
        if (strcmp(hst_areas_code(e->latest.areas, i), e->arguments->area) == 0) {
            e->area = i;
            return HST_OK;
        }
    }
    for (size_t i = 0; i < hst_areas_n_groups(e->latest.areas); i++) {
        if (strcmp(hst_areas_group(e->latest.areas, i)->name, e->arguments->area) == 0) {
            e->group = i;
            return HST_OK;
        }
    }
    return hst_fail(err, HST_ERR_USAGE,
                    "%s: `%s` is neither an area of the list nor a comparator (areas.csv has both)",
                    e->latest.study.path, e->arguments->area);
}

static hst_count_options count_options(const explain *e)
{
    return (hst_count_options){.n_threads = e->arguments->options.n_threads,
                               .memory_bytes = e->arguments->options.memory,
                               .cohorts = e->latest.cohorts};
}

static hst_status count(explain *e, hst_error *err)
{
    const hst_count_options options = count_options(e);

    return hst_count(&e->cube, NULL, e->latest.measures, &e->latest.study, e->latest.areas,
                     cli_latest_segments(&e->latest), e->latest.n_segments, &options, NULL, err);
}

/* ---- telling ---- */

static void show_title(const explain *e)
{
    const hst_measure *measure = &e->latest.study.measures[0];
    char start[11], end[11];

    hst_date_format(e->period.start, start);
    hst_date_format(e->period.end, end);
    printf("%s · %s\n", measure->id, hst_measures_definition(e->latest.measures, 0));
    if (e->area != SIZE_MAX) {
        printf("%s %s", hst_areas_code(e->latest.areas, e->area),
               hst_areas_name(e->latest.areas, e->area));
    } else {
        const hst_area_group *group = hst_areas_group(e->latest.areas, e->group);

        printf("%s (comparator of %zu areas)", group->name, group->n_members);
    }
    printf(" · %s (%s to %s)\n", e->period.label, start, end);
}

static hst_status write_keys(const char *path, hst_dataset dataset, const uint64_t *keys, size_t n,
                             hst_error *err)
{
    const char *const columns[] = {dataset == HST_DATASET_OP   ? "ATTENDKEY"
                                   : dataset == HST_DATASET_AE ? "AEKEY"
                                                               : "EPIKEY"};
    hst_csv *csv = NULL;
    hst_status status = hst_csv_create(&csv, path, 0600, err);

    if (status != HST_OK) {
        return status;
    }
    hst_csv_header(csv, columns, 1);
    for (size_t i = 0; i < n; i++) {
        hst_csv_count(csv, keys[i]);
        hst_csv_end_row(csv);
    }
    status = hst_csv_finish(csv, err);
    hst_csv_free(csv);
    if (status == HST_OK) {
        printf("\n%zu keys are in %s: records of persons, not for release\n", n, path);
    }
    return status;
}

/* Rows in the period → each filter → counted. */
static hst_status show_cascade(const explain *e, hst_error *err)
{
    const hst_count_options options = count_options(e);
    hst_cascade cascade;
    hst_status status =
        hst_count_explain(&cascade, e->arguments->keys != NULL, e->latest.measures, 0,
                          &e->latest.study, e->latest.areas, e->area, e->group, &e->period,
                          cli_latest_segments(&e->latest), e->latest.n_segments, &options, err);

    if (status != HST_OK) {
        return status;
    }
    printf("\nLeft after each step\n");
    for (size_t i = 0; i < cascade.n_steps; i++) {
        printf("%12" PRIu64 "  %s\n", cascade.steps[i].n, cascade.steps[i].what);
    }
    if (cascade.n_repeats > 0) {
        printf("\nPeople of a sex and age band by their number of events\n%12s  %10s  %18s\n",
               "events", "people", "people x events^2");
    }
    for (size_t i = 0; i < cascade.n_repeats; i++) {
        const hst_repeat_count *repeat = &cascade.repeats[i];

        printf("%12" PRIu64 "  %10" PRIu64 "  %18" PRIu64 "\n", repeat->events, repeat->people,
               repeat->people * repeat->events * repeat->events);
    }
    if (e->arguments->keys) {
        status = write_keys(e->arguments->keys, e->latest.study.measures[0].dataset, cascade.keys,
                            cascade.n_keys, err);
    }
    hst_cascade_clear(&cascade);
    return status;
}

static void show_number(int width, double number)
{
    char text[HST_CSV_NUMBER_BYTES];

    hst_csv_format_real(text, number);
    printf("  %*s", width, text[0] ? text : "-");
}

/* ---- the parts of the value ---- */

enum { LABEL_WIDTH = 10, CELL_WIDTH = 18 };

static void show_sums(const hst_parts *parts)
{
    if (parts->summed == 0) {
        return;
    }
    printf("%-*s", LABEL_WIDTH, "sum");
    for (size_t i = 1; i < parts->n_labels; i++) {
        printf(" %-*s", LABEL_WIDTH, "");
    }
    for (size_t column = 0; column < parts->n_columns; column++) {
        double sum = 0;

        for (size_t i = 0; i < parts->n_rows; i++) {
            double cell = parts->rows[i].cells[column];

            sum += isnan(cell) ? 0 : cell;
        }
        if (parts->summed >> column & 1) {
            show_number(CELL_WIDTH, sum);
        } else {
            printf("  %*s", CELL_WIDTH, "");
        }
    }
    printf("\n");
}

static void show_table(const hst_parts *parts)
{
    if (parts->n_rows == 0) {
        return;
    }
    for (size_t i = 0; i < parts->n_labels; i++) {
        printf("%s%-*s", i > 0 ? " " : "", LABEL_WIDTH, parts->labels[i]);
    }
    for (size_t column = 0; column < parts->n_columns; column++) {
        printf("  %*s", CELL_WIDTH, parts->columns[column]);
    }
    printf("\n");
    for (size_t row = 0; row < parts->n_rows; row++) {
        for (size_t i = 0; i < parts->n_labels; i++) {
            printf("%s%-*s", i > 0 ? " " : "", LABEL_WIDTH, parts->rows[row].labels[i]);
        }
        for (size_t column = 0; column < parts->n_columns; column++) {
            show_number(CELL_WIDTH, parts->rows[row].cells[column]);
        }
        printf("\n");
    }
    show_sums(parts);
}

static void show_parts(const hst_parts *parts)
{
    printf("\n%s\n", parts->formula);
    show_table(parts);
    if (parts->n_rows > 0) {
        printf("\n");
    }
    for (size_t i = 0; i < parts->n_facts; i++) {
        printf("%-40s", parts->facts[i].name);
        show_number(CELL_WIDTH, parts->facts[i].value);
        printf("\n");
    }
    if (parts->left_out > 0) {
        printf("%.15g of those counted have no known sex or age, or one outside the standard, and "
               "are not in the value\n",
               parts->left_out);
    }
}

static bool has_bands(const hst_parts *parts)
{
    return parts->n_columns > 0 && parts->fields[0] != NULL;
}

/* The columns that the value is worked out from, a row a sex and age band (of mean_los a length of
 * stay), to be retyped elsewhere. */
static hst_status write_bands(const char *path, const hst_parts *parts, hst_error *err)
{
    bool is_of_ages = parts->n_labels == HST_PARTS_LABELS;
    const char *names[HST_PARTS_LABELS + 1 + HST_PARTS_COLUMNS] = {parts->labels[0]};
    size_t n = 1;
    hst_csv *csv = NULL;
    hst_status status = hst_csv_create(&csv, path, 0600, err);

    if (status != HST_OK) {
        return status;
    }
    if (is_of_ages) {
        names[n++] = "age_lower";
        names[n++] = "age_upper";
    }
    for (size_t column = 0; column < parts->n_columns; column++) {
        if (parts->fields[column]) {
            names[n++] = parts->fields[column];
        }
    }
    hst_csv_header(csv, names, n);
    for (size_t row = 0; row < parts->n_rows; row++) {
        const hst_part *part = &parts->rows[row];

        hst_csv_text(csv, part->labels[0]);
        if (is_of_ages) {
            hst_csv_integer(csv, part->age_lower);
            hst_csv_integer(csv, part->age_upper);
        }
        for (size_t column = 0; column < parts->n_columns; column++) {
            if (parts->fields[column]) {
                hst_csv_real(csv, part->cells[column]);
            }
        }
        hst_csv_end_row(csv);
    }
    status = hst_csv_finish(csv, err);
    hst_csv_free(csv);
    if (status == HST_OK) {
        printf("\n%zu bands are in %s: true counts, not for release\n", parts->n_rows, path);
    }
    return status;
}

/* ---- the number in the tables, and whether it is this one ---- */

static bool is_same_count(const hst_parts *parts, double published)
{
    return parts->total_count < 0 ? isnan(published) : (double)parts->total_count == published;
}

/* The table has 15 digits of a value, and fewer where disclosure control rounds. */
static bool is_same_value(double ours, double published)
{
    return isnan(ours) ? isnan(published) : fabs(ours - published) <= 1e-14 * fabs(published);
}

/* The row as it stands in a file of the results. */
static void show_row(const explain *e, const char *file, const hst_published_number *number,
                     bool is_found)
{
    printf("\n%s/latest/%s: ", e->latest.results, file);
    if (!is_found) {
        printf("has no such number; the study has changed since, `hestia run` brings it up to "
               "date\n");
        return;
    }
    printf("total_count");
    show_number(0, number->total_count);
    printf(", value");
    show_number(0, number->value);
    printf("\n");
}

/* Of numbers that were not changed on the way into the file. */
static void show_agreement(const hst_parts *parts, const hst_published_number *number)
{
    bool is_same = is_same_count(parts, number->total_count);

    if (isnan(number->value)) {
        printf("the value is not given: %s\n", number->note[0] ? number->note : "no reason");
        printf("%s\n", is_same ? "the counts agree" : "THE COUNTS DIFFER");
    } else if (is_same && is_same_value(parts->value, number->value)) {
        printf("they agree\n");
    } else {
        printf("THEY DIFFER: the study or a table it names has changed since; `hestia run` brings "
               "the results up to date\n");
    }
}

/* Of numbers that disclosure control rounded and hid. */
static void show_release(const explain *e, const hst_parts *parts,
                         const hst_published_number *number)
{
    const hst_study *study = &e->latest.study;
    const char *rule = study->publish.disclosure.rule;
    int min = study->publish.disclosure.min;
    bool is_england =
        e->group != SIZE_MAX && hst_areas_group(e->latest.areas, e->group)->is_england;

    switch (hst_released_as(study, &study->measures[0], is_england, parts->total_count,
                            parts->value, number)) {
    case HST_RELEASED_BY_RULE:
        printf("released under %s: that is what the rule makes of the numbers above (counts "
               "rounded, values from these where they are of counts alone, fewer digits)\n",
               rule);
        if (isnan(number->value) && number->note[0]) {
            printf("the value is not given: %s\n", number->note);
        }
        break;
    case HST_RELEASED_SMALL:
        printf("withheld under %s: the count is above 0 and below %d\n", rule, min);
        break;
    case HST_RELEASED_WITHHELD:
        printf("withheld under %s, though the count is not small: it would give back one that is\n",
               rule);
        break;
    case HST_RELEASED_COUNT_ONLY:
        printf("released under %s: the count as the rule rounds it; value and limits are withheld, "
               "as they would give a hidden count back, or rest on too few\n",
               rule);
        break;
    case HST_RELEASED_OTHERWISE:
        printf("THIS IS NOT WHAT %s MAKES OF THE NUMBERS ABOVE: the study or a table it names has "
               "changed since; `hestia run` brings the results up to date\n",
               rule);
        break;
    }
    printf("what stands above are true numbers: not for release\n");
}

static hst_status show_published(const explain *e, const hst_parts *parts, hst_error *err)
{
    bool is_released = strcmp(e->latest.study.publish.disclosure.rule, "none") != 0;
    hst_published_key key = {.measure = e->arguments->measure,
                             .area_code = e->arguments->area,
                             .period = e->period.label,
                             .statistic = parts->statistic,
                             .internal = true};
    hst_published_number number = {0};
    bool is_found = false;
    hst_status status = HST_OK;

    if (is_released && hst_published_has_internal(e->latest.results)) {
        status = hst_published_find(&number, &is_found, e->latest.results, &key, err);
        if (status != HST_OK) {
            return status;
        }
        show_row(e, "internal/results.csv", &number, is_found);
        if (is_found) {
            show_agreement(parts, &number);
        }
    }
    key.internal = false;
    status = hst_published_find(&number, &is_found, e->latest.results, &key, err);
    if (status != HST_OK) {
        return status;
    }
    show_row(e, "results.csv", &number, is_found);
    if (is_found && is_released) {
        show_release(e, parts, &number);
    } else if (is_found) {
        show_agreement(parts, &number);
    }
    return HST_OK;
}

static hst_status show(const explain *e, hst_error *err)
{
    hst_parts parts;
    bool is_group = e->group != SIZE_MAX;
    hst_status status = hst_parts_of(&parts, &e->latest.study, e->latest.measures, e->latest.areas,
                                     e->cube, e->latest.population, &e->latest.standard, 0,
                                     is_group, is_group ? e->group : e->area, &e->period, err);

    if (status != HST_OK) {
        return status;
    }
    if (e->arguments->bands && !has_bands(&parts)) {
        status = hst_fail(err, HST_ERR_USAGE,
                          "--bands: measure `%s` has no bands; dsr, isr, smr, std_mean_los and (of "
                          "lengths) mean_los have",
                          e->arguments->measure);
        goto done;
    }
    show_title(e);
    if (!e->latest.study.measures[0].is_table) { /* nothing of a table is counted */
        status = show_cascade(e, err);
    }
    if (status == HST_OK) {
        show_parts(&parts);
        status = e->arguments->bands ? write_bands(e->arguments->bands, &parts, err) : status;
    }
    if (status == HST_OK) {
        status = show_published(e, &parts, err);
    }

done:
    hst_parts_clear(&parts);
    return status;
}

/* ---- the command ---- */

enum { KEY_AREA = 0x2001, KEY_PERIOD, KEY_KEYS, KEY_BANDS };

static error_t parse_explain(int key, char *argument, struct argp_state *state)
{
    explain_arguments *arguments = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->options;
        return 0;
    case KEY_AREA:
        arguments->area = argument;
        return 0;
    case KEY_PERIOD:
        arguments->period = argument;
        return 0;
    case KEY_KEYS:
        arguments->keys = argument;
        return 0;
    case KEY_BANDS:
        arguments->bands = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (!arguments->study) {
            arguments->study = argument;
        } else if (!arguments->measure) {
            arguments->measure = argument;
        } else {
            argp_error(state, "one measure at a time");
            return EINVAL;
        }
        return 0;
    case ARGP_KEY_END:
        if (!arguments->study || !arguments->measure || !arguments->area || !arguments->period) {
            argp_error(state, "a study, a measure, --area and --period are needed");
            return EINVAL;
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

hst_status cli_explain(int argc, char **argv, hst_error *err)
{
    static const struct argp_child children[] = {{&cli_common_argp, 0, "Common options:", 9}, {0}};
    static const struct argp_option options[] = {
        {"area", KEY_AREA, "CODE", 0, "Area by its code, or a comparator by its name", 0},
        {"period", KEY_PERIOD, "P", 0, "Period as the results name it: \"2010/11 Q1\"", 0},
        {"keys", KEY_KEYS, "FILE", 0,
         "Write the record keys counted (EPIKEY, ATTENDKEY, AEKEY; keep the file inside)", 0},
        {"bands", KEY_BANDS, "FILE", 0,
         "Write count, population and weight of each sex and age band, of mean_los the stays of "
         "each "
         "length (true numbers; keep the file inside)",
         0},
        {0}};
    static const struct argp explain_argp = {
        .options = options,
        .parser = parse_explain,
        .args_doc = "STUDY.yaml MEASURE --area CODE --period P",
        .doc = "Takes one published number apart: rows, stays or people of the period, each "
               "filter, counted; then the table and the numbers that the value is made of.",
        .children = children};
    explain_arguments arguments = {0};
    explain e = {.arguments = &arguments};
    hst_status status = HST_OK;

    cli_options_init(&arguments.options);
    status = cli_parse(&explain_argp, "hestia explain", argc, argv, &arguments, err);
    if (status != HST_OK) {
        return status;
    }
    status =
        cli_latest_read(&e.latest, arguments.study, arguments.measure, arguments.options.out, err);
    if (status == HST_OK) {
        status = find_period(&e, err);
    }
    if (status == HST_OK) {
        status = cli_latest_open(&e.latest, arguments.options.store, err);
    }
    if (status == HST_OK) {
        status = find_area(&e, err);
    }
    if (status == HST_OK) {
        status = count(&e, err);
    }
    if (status == HST_OK) {
        status = show(&e, err);
    }
    hst_cube_free(e.cube);
    cli_latest_close(&e.latest);
    return status;
}
