/* The quality of extracts, file by file: counts, shares and months, never a value of a row. */
#include "cli/check.h"

#include <string.h>

#include "hestia/period.h"
#include "hestia/study.h"

enum {
    LEAST_SHARE_OF_YEAR = 100, /* years with less than a hundredth of the rows are summed up */
};

void cli_use_first_person(hst_layout *layout)
{
    unsigned kinds = hst_layout_person_kinds(layout);

    for (unsigned kind = 0; kind < HST_N_PERSON_KINDS; kind++) {
        if (kinds >> kind & 1u) {
            hst_layout_use_person(layout, (hst_person_kind)kind);
            return;
        }
    }
}

static void print_layout(const hst_layout *layout, hst_dataset dataset, const char *path,
                         const char *member)
{
    printf("%s%s%s\n  %s-separated, %s, %zu columns%s; dataset %s\n", path, member[0] ? ":" : "",
           member, cli_separator_name(hst_layout_separator(layout)), hst_layout_encoding(layout),
           hst_layout_n_columns(layout),
           hst_layout_has_header_line(layout) ? "" : ", no header line", hst_dataset_name(dataset));
}

static void print_rows(const hst_profile *profile)
{
    char rows[32], rejected[32], share[32];

    printf("  rows looked at: %s%s; set aside by a run: %s (%s)\n",
           cli_grouped(profile->n_rows, rows), profile->is_whole ? " (all)" : " (--deep for all)",
           cli_grouped(profile->n_rejected, rejected),
           cli_percent(profile->n_rejected, profile->n_rows, share));
    for (int r = 1; r < HST_N_REASONS; r++) {
        if (profile->rejected[r] > 0) {
            printf("    %-20s %12s, first on line %llu\n", hst_reason_name((hst_reason)r),
                   cli_grouped(profile->rejected[r], rejected),
                   (unsigned long long)profile->first_line[r]);
        }
    }
}

static void print_fields(const hst_profile *profile)
{
    printf("  %-18s %-20s %10s %12s %12s %12s\n", "field", "column", "filled", "unreadable",
           "not in list", "sentinel");
    for (size_t i = 0; i < profile->n_fields; i++) {
        const hst_field_profile *field = &profile->fields[i];
        char filled[32], unreadable[32], outside[32], sentinel[32];

        printf("  %-18s %-20s %10s %12s %12s %12s\n", field->field, field->column,
               cli_percent(field->n_filled, profile->n_rows, filled),
               cli_grouped(field->n_unreadable, unreadable),
               field->has_codes ? cli_grouped(field->n_outside, outside) : "",
               field->is_date ? cli_grouped(field->n_sentinel, sentinel) : "");
    }
}

/** One line a financial year, April to March. */
static void print_year(const hst_profile *profile, int year)
{
    hst_period period = hst_period_of(HST_BY_YEAR, hst_date_from_civil(year, 4, 1));

    printf("    %-8s", period.label);
    for (int m = 0; m < 12; m++) {
        hst_date month = hst_date_from_civil(m < 9 ? year : year + 1, (m + 3) % 12 + 1, 1);
        uint64_t n = 0;

        for (size_t i = 0; i < profile->n_months; i++) {
            n = profile->months[i].month == month ? profile->months[i].n : n;
        }
        printf(" %8llu", (unsigned long long)n);
    }
    printf("\n");
}

static void print_months(const hst_profile *profile, hst_dataset dataset)
{
    static const char *const titles[] = {[HST_DATASET_APC] = "admissions by month",
                                         [HST_DATASET_OP] = "appointments by month",
                                         [HST_DATASET_AE] = "arrivals by month"};
    uint64_t n_dated = 0, n_elsewhere = 0;
    bool has_title = false;

    for (size_t i = 0; i < profile->n_months; i++) {
        n_dated += profile->months[i].n;
    }
    for (size_t i = 0; i < profile->n_months;) {
        int year = hst_date_financial_year(profile->months[i].month);
        uint64_t n_year = 0;

        while (i < profile->n_months && hst_date_financial_year(profile->months[i].month) == year) {
            n_year += profile->months[i++].n;
        }
        if (n_year * LEAST_SHARE_OF_YEAR < n_dated) {
            n_elsewhere += n_year;
            continue;
        }
        if (!has_title) {
            printf("  %-24sApr      May      Jun      Jul      Aug      Sep"
                   "      Oct      Nov      Dec      Jan      Feb      Mar\n",
                   titles[dataset]);
            has_title = true;
        }
        print_year(profile, year);
    }
    if (n_elsewhere > 0) {
        char n[32];

        printf("    in other years (fewer than one row in a hundred each): %s\n",
               cli_grouped(n_elsewhere, n));
    }
}

static void print_diagnoses(const hst_profile *profile)
{
    char missing[32], unknown[32];
    uint64_t n_good = profile->n_rows - profile->n_no_primary;

    printf("  primary diagnosis: missing %s; R69 (not known) %s of those given\n",
           cli_percent(profile->n_no_primary, profile->n_rows, missing),
           cli_percent(profile->n_r69, n_good, unknown));
}

static hst_status check_member(const char *path, const char *member, uint64_t max_rows,
                               hst_error *err)
{
    hst_extract_spec spec = {.path = path, .member = member};
    hst_layout *layout = NULL;
    hst_profile *profile = NULL;
    hst_status status = hst_extract_guess_dataset(&spec.dataset, path, member, err);

    if (status == HST_OK) {
        status = hst_layout_detect(&layout, &spec, err);
    }
    if (status == HST_OK) {
        cli_use_first_person(layout);
        print_layout(layout, spec.dataset, path, member);
        status = hst_profile_read(&profile, layout, path, member, max_rows, err);
    }
    if (status == HST_OK) {
        print_rows(profile);
        print_fields(profile);
        if (spec.dataset == HST_DATASET_APC) {
            print_diagnoses(profile);
        }
        print_months(profile, spec.dataset);
    }
    hst_profile_free(profile);
    hst_layout_free(layout);
    return status;
}

static hst_status check_file(const char *path, uint64_t max_rows, hst_error *err)
{
    char **members = NULL;
    size_t n_members = 0;
    hst_status status = hst_source_members(&members, &n_members, path, err);

    for (size_t m = 0; status == HST_OK && m < n_members; m++) {
        status = check_member(path, members[m], max_rows, err);
    }
    hst_source_free_members(members, n_members);
    return status;
}

hst_status cli_check_files(char *const *paths, size_t n_paths, uint64_t max_rows, hst_error *err)
{
    hst_status first = HST_OK;

    for (size_t i = 0; i < n_paths && first != HST_ERR_INTERRUPTED; i++) {
        hst_error reason = {0};
        hst_status status = check_file(paths[i], max_rows, &reason);

        if (status != HST_OK) {
            printf("%s\n  cannot be used: %s\n", paths[i], reason.message);
        }
        if (status != HST_OK && first == HST_OK) {
            first = hst_fail(err, status, "%s", reason.message);
        }
        printf("\n");
    }
    return first;
}
