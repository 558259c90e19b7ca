/* hestia new: a commented study file from what it finds in extracts. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "cli/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hestia/study.h"

enum { MAX_PATHS = 4096, LEAST_SHARE_OF_LARGEST_MONTH = 10 };

typedef struct arguments {
    cli_options options;
    size_t n_paths;
    char *paths[MAX_PATHS];
} arguments;

/** Area types that hestia knows columns for, in the order they are proposed. */
enum { N_AREA_TYPES = 3, N_TYPE_COLUMNS = 4 };

static const struct area_type {
    const char *type;
    const char *columns[N_TYPE_COLUMNS]; /* in order of preference */
} area_types[N_AREA_TYPES] = {
    {"pct", {"RESPCT06", "RESPCT_HIS", "RESPCT02", "RESPCT"}},
    {"la", {"RESLADST_ONS", "RESLADST", "", ""}},
    {"lsoa", {"LSOA11", "LSOA01", "", ""}},
};

/** What was found in the files. */
typedef struct findings {
    size_t n_inputs;
    hst_dataset *datasets;                        /* of each path */
    size_t n_of_dataset[HST_DATASET_AE + 1];      /* paths */
    unsigned person_kinds;                        /* bits of hst_person_kind that every file has */
    size_t n_with_type[N_AREA_TYPES];             /* files with a filled column of the type */
    bool is_filled[N_AREA_TYPES][N_TYPE_COLUMNS]; /* in any file */
    char other_area[32]; /* the first filled area column of the first file */
    char provider_column[32];
    bool has_partyear; /* in every file */
    uint32_t partyear_min, partyear_max;
    size_t n_months;
    hst_month_profile *months; /* of all files, one after another */
    bool is_whole;
} findings;

static error_t parse(int key, char *argument, struct argp_state *state)
{
    arguments *a = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &a->options;
        return 0;
    case ARGP_KEY_ARG:
        if (a->n_paths == MAX_PATHS) {
            argp_error(state, "more than %d files", MAX_PATHS);
        }
        a->paths[a->n_paths++] = argument;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "extracts must be given");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- finding ---- */

static void keep_areas(findings *f, const hst_profile *profile)
{
    for (size_t t = 0; t < N_AREA_TYPES; t++) {
        bool has_type = false;

        for (size_t i = 0; i < profile->n_fields; i++) {
            const hst_field_profile *field = &profile->fields[i];

            for (size_t k = 0; k < N_TYPE_COLUMNS; k++) {
                if (field->is_area && field->n_filled > 0 &&
                    strcmp(field->field, area_types[t].columns[k]) == 0) {
                    f->is_filled[t][k] = true;
                    has_type = true;
                }
            }
        }
        f->n_with_type[t] += has_type;
    }
}

/** The first columns that hold anything, of provider and of area. */
static void keep_columns(findings *f, const hst_profile *profile)
{
    for (size_t i = 0; i < profile->n_fields; i++) {
        const hst_field_profile *field = &profile->fields[i];
        char *kept = field->is_area                             ? f->other_area
                     : strncmp(field->field, "PROCODE", 7) == 0 ? f->provider_column
                                                                : NULL;

        if (kept && kept[0] == '\0' && field->n_filled > 0) {
            memcpy(kept, field->column, sizeof f->other_area);
        }
    }
}

static hst_status keep_time(findings *f, const hst_profile *profile, hst_error *err)
{
    bool is_first = f->n_inputs == 0;
    hst_month_profile *months =
        realloc(f->months, (f->n_months + profile->n_months + 1) * sizeof *months);

    if (!months) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the months of the extracts");
    }
    f->months = months;
    if (profile->n_months > 0) {
        memcpy(months + f->n_months, profile->months, profile->n_months * sizeof *months);
    }
    f->n_months += profile->n_months;
    f->is_whole = (is_first || f->is_whole) && profile->is_whole;
    f->has_partyear = (is_first || f->has_partyear) && profile->partyear_max > 0;
    if (is_first || profile->partyear_min < f->partyear_min) {
        f->partyear_min = profile->partyear_min;
    }
    if (profile->partyear_max > f->partyear_max) {
        f->partyear_max = profile->partyear_max;
    }
    return HST_OK;
}

/** One entry of `extracts` is of one data set, and so are the members of one file. */
static hst_status find_dataset(hst_dataset *dataset, bool is_first, const char *path,
                               const char *member, hst_error *err)
{
    hst_dataset guess = HST_DATASET_APC;
    hst_status status = hst_extract_guess_dataset(&guess, path, member, err);

    if (status == HST_OK && !is_first && guess != *dataset) {
        return hst_fail(err, HST_ERR_INPUT,
                        "%s holds members of dataset %s and of %s; pack them apart", path,
                        hst_dataset_name(*dataset), hst_dataset_name(guess));
    }
    *dataset = guess;
    return status;
}

static hst_status look_at_member(findings *f, hst_dataset dataset, const char *path,
                                 const char *member, hst_error *err)
{
    hst_extract_spec spec = {.dataset = dataset, .path = path, .member = member};
    hst_layout *layout = NULL;
    hst_profile *profile = NULL;
    hst_status status = hst_layout_detect(&layout, &spec, err);

    if (status != HST_OK) {
        return status;
    }
    f->person_kinds = (f->n_inputs == 0 ? ~0u : f->person_kinds) & hst_layout_person_kinds(layout);
    cli_use_first_person(layout);
    status = hst_profile_read(&profile, layout, path, member, CLI_SAMPLE_ROWS, err);
    if (status == HST_OK) {
        keep_areas(f, profile);
        keep_columns(f, profile);
        status = keep_time(f, profile, err);
        f->n_inputs++;
    }
    hst_profile_free(profile);
    hst_layout_free(layout);
    return status;
}

static hst_status look_at_files(findings *f, const arguments *a, hst_error *err)
{
    hst_status status = HST_OK;

    f->datasets = calloc(a->n_paths, sizeof *f->datasets);
    if (!f->datasets) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu files", a->n_paths);
    }
    for (size_t i = 0; i < a->n_paths && status == HST_OK; i++) {
        hst_dataset *dataset = &f->datasets[i];
        char **members = NULL;
        size_t n_members = 0;

        status = hst_source_members(&members, &n_members, a->paths[i], err);
        for (size_t m = 0; m < n_members && status == HST_OK; m++) {
            status = find_dataset(dataset, m == 0, a->paths[i], members[m], err);
            if (status == HST_OK) {
                status = look_at_member(f, *dataset, a->paths[i], members[m], err);
            }
        }
        hst_source_free_members(members, n_members);
        f->n_of_dataset[*dataset]++;
    }
    return status;
}

/* ---- writing ---- */

static uint64_t rows_of_month(const findings *f, hst_date month)
{
    uint64_t n = 0;

    for (size_t i = 0; i < f->n_months; i++) {
        n += f->months[i].month == month ? f->months[i].n : 0;
    }
    return n;
}

/** Last day of the month that begins on a day. */
static hst_date month_end(hst_date month)
{
    int year = 0, number = 0, day = 0;

    hst_date_to_civil(month, &year, &number, &day);
    return hst_date_from_civil(number == 12 ? year + 1 : year, number == 12 ? 1 : number + 1, 1) -
           1;
}

/** The data years of PARTYEAR; without it the months with at least a tenth of the largest month's
 * rows, which leaves out the few who were admitted long before. */
static hst_window find_period(const findings *f)
{
    hst_window period = {HST_DATE_MISSING, HST_DATE_MISSING};
    uint64_t n_largest = 0;

    if (f->has_partyear) {
        period.from = hst_date_from_civil((int)(f->partyear_min / 100), 4, 1);
        period.to = hst_date_from_civil((int)(f->partyear_max / 100) + 1, 3, 31);
        return period;
    }
    for (size_t i = 0; i < f->n_months; i++) {
        uint64_t n = rows_of_month(f, f->months[i].month);

        n_largest = n > n_largest ? n : n_largest;
    }
    for (size_t i = 0; i < f->n_months; i++) {
        hst_date month = f->months[i].month;

        if (rows_of_month(f, month) * LEAST_SHARE_OF_LARGEST_MONTH < n_largest) {
            continue;
        }
        if (period.from == HST_DATE_MISSING || month < period.from) {
            period.from = month;
        }
        if (period.to == HST_DATE_MISSING || month_end(month) > period.to) {
            period.to = month_end(month);
        }
    }
    return period;
}

static void write_period(const findings *f, FILE *out)
{
    hst_window period = find_period(f);
    char from[11], to[11];

    hst_date_format(period.from, from);
    hst_date_format(period.to, to);
    fprintf(out, "period: {from: %s, to: %s}    # inclusive; %s\n", from, to,
            f->has_partyear ? "the data years that PARTYEAR names"
            : f->is_whole   ? "from the months of the rows"
                            : "from the first 100,000 rows of each file: look at it");
}

/** A path as a pattern that matches only itself, in YAML's single quotes. */
static void write_path(const char *path, FILE *out)
{
    putc('\'', out);
    for (const char *c = path; *c; c++) {
        if (strchr("*?[\\", *c)) {
            putc('\\', out);
        } else if (*c == '\'') {
            putc('\'', out);
        }
        putc(*c, out);
    }
    putc('\'', out);
}

/** Paths are relative to the study file: absolute when that is written elsewhere. */
static hst_status write_files(const findings *f, const arguments *a, hst_dataset dataset, FILE *out,
                              hst_error *err)
{
    bool is_elsewhere = a->options.out && strchr(a->options.out, '/');
    const char *name = hst_dataset_name(dataset);

    fprintf(out,
            "  - dataset: %s\n    files:               # patterns are allowed: "
            "extracts/%s_*.csv.gz\n",
            name, name);
    for (size_t i = 0; i < a->n_paths; i++) {
        char *absolute = NULL;

        if (f->datasets[i] != dataset) {
            continue;
        }
        absolute = is_elsewhere ? realpath(a->paths[i], NULL) : NULL;
        if (is_elsewhere && !absolute) {
            return hst_fail(err, HST_ERR_USAGE, "%s: %s", a->paths[i], strerror(errno));
        }
        fputs("      - ", out);
        write_path(absolute ? absolute : a->paths[i], out);
        fputs("\n", out);
        free(absolute);
    }
    return HST_OK;
}

static hst_status write_extracts(const findings *f, const arguments *a, FILE *out, hst_error *err)
{
    hst_status status = HST_OK;

    fputs("\nextracts:\n", out);
    for (hst_dataset dataset = HST_DATASET_APC; dataset <= HST_DATASET_AE && !status; dataset++) {
        if (f->n_of_dataset[dataset] > 0) {
            status = write_files(f, a, dataset, out, err);
        }
    }
    return status;
}

static void write_people(const findings *f, FILE *out)
{
    for (unsigned kind = 0; kind < HST_N_PERSON_KINDS; kind++) {
        if (f->person_kinds >> kind & 1u) {
            fprintf(out, "# People are told apart by %s, which every file has.\n",
                    hst_person_kind_name((hst_person_kind)kind));
            return;
        }
    }
    fputs(
        "# The files have no person identifier in common, so a run will refuse them: ask for one\n"
        "# in all files, or name it by `columns: {person: X}` or `side_files`.\n",
        out);
}

/** The first type that every file has a filled column of. */
static void write_area_type(const findings *f, FILE *out)
{
    size_t t = 0, n = 0;

    while (t < N_AREA_TYPES && f->n_with_type[t] < f->n_inputs) {
        t++;
    }
    if (t == N_AREA_TYPES) {
        fprintf(out,
                "  type: area\n  field: %s    # no type of area is in every file: name the "
                "columns to use\n",
                f->other_area[0] ? f->other_area : "RESPCT_HIS");
        return;
    }
    fprintf(out, "  type: %s\n  field: [", area_types[t].type);
    for (size_t k = 0; k < N_TYPE_COLUMNS; k++) {
        if (f->is_filled[t][k]) {
            fprintf(out, "%s%s", n++ > 0 ? ", " : "", area_types[t].columns[k]);
        }
    }
    fputs("]    # columns that hold something, in order of preference\n", out);
}

static void write_areas(const findings *f, FILE *out)
{
    fputs("\nareas:\n", out);
    write_area_type(f, out);
    fputs("  # names: areas.csv            # code,name: the list of areas; without it every code "
          "met\n"
          "  # sites: [5J6, 5QL]           # the areas under study\n"
          "  # comparators:\n"
          "  #   - {name: England, areas: all}\n",
          out);
}

/** Name of the study: that of the file written, without folder and ending. */
static void write_name(const char *path, FILE *out)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    const char *name = slash ? slash + 1 : path ? path : "first-look.yaml";
    size_t n = strcspn(name, "."), n_written = 0;

    fputs("study: ", out);
    for (size_t i = 0; i < n; i++) {
        char c = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] - 'A' + 'a' : name[i]);

        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c == '-' && n_written > 0)) {
            putc(c, out);
            n_written++;
        } else if ((c == '_' || c == ' ') && n_written > 0) {
            putc('-', out);
        }
    }
    fputs(n_written > 0 ? "" : "first-look", out);
    fputs("                # a-z, 0-9 and -; used in file names\n", out);
}

static void write_measures(const findings *f, FILE *out)
{
    bool has_inpatients = f->n_of_dataset[HST_DATASET_APC] > 0;

    fputs("\nmeasures:\n", out);
    if (has_inpatients) {
        fputs("  - {id: emergency_admissions, title: Emergency admissions, where: "
              "{admission_method: emergency}, statistic: count, by: [month, quarter]}\n"
              "  # with a population:\n"
              "  # - {id: emergency_rate, title: Emergency admissions for 100000 people, where: "
              "{admission_method: emergency}, statistic: dsr}\n",
              out);
    }
    if (has_inpatients && f->provider_column[0]) {
        fprintf(out,
                "  # by provider (%s):\n"
                "  # - {id: by_provider, where: {admission_method: emergency}, statistic: count, "
                "split: provider}\n",
                f->provider_column);
    }
    if (f->n_of_dataset[HST_DATASET_OP] > 0) {
        fputs("  - {id: outpatient_attendances, title: Outpatient attendances, dataset: op, "
              "statistic: count, by: [month, quarter]}\n"
              "  # those who did not come:\n"
              "  # - {id: not_attended, dataset: op, where: {attended: [3, 7]}, statistic: count, "
              "by: month}\n",
              out);
    }
    if (f->n_of_dataset[HST_DATASET_AE] > 0) {
        fputs("  - {id: emergency_attendances, title: A&E attendances but planned follow-ups, "
              "dataset: ae, statistic: count, by: [month, quarter]}\n"
              "  # at major departments:\n"
              "  # - {id: major_departments, dataset: ae, where: {department: \"01\"}, statistic: "
              "count, by: month}\n",
              out);
    }
}

/** First day of the quarter that is nearest to the middle of the period, as a service's date. */
static void write_services(const findings *f, FILE *out)
{
    hst_window period = find_period(f);
    hst_period quarter =
        hst_period_of(HST_BY_QUARTER, period.from + (period.to - period.from + 1) / 2 + 45);
    char date[11];

    hst_date_format(quarter.start, date);
    fprintf(
        out,
        "\n# Did a service change anything? Take \"# \" off each line; site, measure and date are "
        "yours.\n"
        "# impact:\n"
        "#   - id: new-service\n"
        "#     title: A new service\n"
        "#     site: 5NK                     # code of the area that has the service\n"
        "#     measures: %s\n"
        "#     by: month\n"
        "#     date: %s              # its first day\n"
        "#     expected: lower               # what it hopes for: lower | higher | none\n"
        "#     methods: [its, pre_post]      # pre_post | trend | its | did | "
        "synthetic_control | spc\n"
        "#     primary: its                  # the one that the verdict goes by: chosen before "
        "the run\n"
        "# breaks: {screen: true}            # recording breaks are looked for before any "
        "effect is claimed\n",
        f->n_of_dataset[HST_DATASET_APC] > 0  ? "emergency_admissions"
        : f->n_of_dataset[HST_DATASET_OP] > 0 ? "outpatient_attendances"
                                              : "emergency_attendances",
        date);
}

static hst_status write_study(const findings *f, const arguments *a, FILE *out, hst_error *err)
{
    hst_status status = HST_OK;

    fprintf(out,
            "# Written by `hestia new` from %zu %s. A line after # is a choice left to you;\n"
            "# docs/study-file.md has every key. Then: hestia check THIS-FILE, hestia run "
            "THIS-FILE.\n\n",
            a->n_paths, a->n_paths == 1 ? "extract" : "extracts");
    write_name(a->options.out, out);
    fputs("title: First look at extracts\n", out);
    write_period(f, out);
    status = write_extracts(f, a, out, err);
    if (status != HST_OK) {
        return status;
    }
    write_people(f, out);
    write_areas(f, out);
    fputs("\n# Rates need mid-year populations, which no extract holds: supply a file\n"
          "# area,year,sex,age_lower,age_upper,population (999 = open) and take the # away.\n"
          "# population: population.csv\n"
          "# standard_population: esp2013\n",
          out);
    write_measures(f, out);
    write_services(f, out);
    fputs("\npublish:\n"
          "  directory: results\n"
          "  disclosure: hes2018  # of release/, which may leave after a check; none: nothing is "
          "hidden\n"
          "  internal: true       # the true numbers in internal/, for nobody else to read\n",
          out);
    return HST_OK;
}

/** An existing file is never written over. */
static hst_status write_file(const findings *f, const arguments *a, hst_error *err)
{
    const char *path = a->options.out;
    FILE *out = fopen(path, "wx");
    hst_status status = HST_OK;

    if (!out) {
        return hst_fail(err, HST_ERR_USAGE, "%s: %s%s", path, strerror(errno),
                        errno == EEXIST ? "; new does not write over a file" : "");
    }
    status = write_study(f, a, out, err);
    if ((fflush(out) != 0 || ferror(out)) && status == HST_OK) {
        status = hst_fail(err, HST_ERR_SYSTEM, "%s: %s", path, strerror(errno));
    }
    if (fclose(out) != 0 && status == HST_OK) {
        status = hst_fail(err, HST_ERR_SYSTEM, "%s: %s", path, strerror(errno));
    }
    if (status != HST_OK) {
        unlink(path);
    }
    return status;
}

hst_status cli_new(int argc, char **argv, hst_error *err)
{
    static const struct argp_child children[] = {{&cli_common_argp, 0, NULL, 90}, {0}};
    static const struct argp argp = {
        .parser = parse,
        .args_doc = "FILE...",
        .doc = "Writes a commented study file from what it finds in extracts of any data set, to "
               "standard output or to the file of --out (which must not exist).",
        .children = children};
    arguments a = {0};
    findings f = {0};
    hst_status status = HST_OK;

    cli_options_init(&a.options);
    status = cli_parse(&argp, "hestia new", argc, argv, &a, err);
    if (status == HST_OK) {
        status = look_at_files(&f, &a, err);
    }
    if (status == HST_OK && f.n_months == 0 && !f.has_partyear) {
        status = hst_fail(err, HST_ERR_INPUT, "%s: no row has a date", a.paths[0]);
    }
    if (status == HST_OK) {
        status = a.options.out ? write_file(&f, &a, err) : write_study(&f, &a, stdout, err);
    }
    free(f.datasets);
    free(f.months);
    return status;
}
