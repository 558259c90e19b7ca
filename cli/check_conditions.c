/* Condition sets, for `hestia check --conditions`: what each holds and where it comes from. */
#include "cli/check.h"

#include <string.h>

#include "hestia/condition.h"

static const char mark[] = "! not verified";

static bool is_same_kind(const hst_condition_entry *a, const hst_condition_entry *b)
{
    return strcmp(a->role, b->role) == 0 && strcmp(a->system, b->system) == 0 &&
           strcmp(a->positions, b->positions) == 0;
}

/** "4 ICD10 primary; exclude 25 OPCS4 primary": code beginnings by role, system and positions. */
static void print_kinds(const hst_conditions *conditions, size_t set)
{
    size_t n = hst_conditions_n_entries(conditions, set);

    for (size_t i = 0; i < n; i++) {
        hst_condition_entry entry = hst_conditions_entry(conditions, set, i);
        size_t n_same = 0, first = n;

        for (size_t j = 0; j < n; j++) {
            hst_condition_entry other = hst_conditions_entry(conditions, set, j);

            if (is_same_kind(&entry, &other)) {
                first = first < j ? first : j;
                n_same++;
            }
        }
        if (first == i) {
            bool is_match = strcmp(entry.role, "match") == 0;

            printf("%s%s%s%zu %s %s", i > 0 ? "; " : "", is_match ? "" : entry.role,
                   is_match ? "" : " ", n_same, entry.system, entry.positions);
        }
    }
}

/** Each note of a set once. */
static void print_notes(const hst_conditions *conditions, size_t set)
{
    for (size_t i = 0; i < hst_conditions_n_entries(conditions, set); i++) {
        hst_condition_entry entry = hst_conditions_entry(conditions, set, i);
        bool is_new = true;

        for (size_t j = 0; j < i && is_new; j++) {
            is_new = strcmp(hst_conditions_entry(conditions, set, j).note, entry.note) != 0;
        }
        if (is_new) {
            printf("      %s%s%s\n", entry.note[0] ? entry.note : "no source given",
                   entry.is_unverified ? "  " : "", entry.is_unverified ? mark : "");
        }
    }
}

static bool is_unverified(const hst_conditions *conditions, size_t set)
{
    for (size_t i = 0; i < hst_conditions_n_entries(conditions, set); i++) {
        if (hst_conditions_entry(conditions, set, i).is_unverified) {
            return true;
        }
    }
    return false;
}

static void print_title(const hst_conditions *conditions, size_t set)
{
    printf("%s %-32s %s\n", is_unverified(conditions, set) ? "!" : " ",
           hst_conditions_set_name(conditions, set),
           hst_conditions_is_users(conditions, set) ? "the study's own" : "built in");
}

static void print_sets(const hst_conditions *conditions)
{
    size_t n = hst_conditions_n_sets(conditions), n_unverified = 0, n_users = 0;

    for (size_t set = 0; set < n; set++) {
        print_title(conditions, set);
        printf("      ");
        print_kinds(conditions, set);
        printf("\n");
        print_notes(conditions, set);
        n_unverified += is_unverified(conditions, set);
        n_users += hst_conditions_is_users(conditions, set);
    }
    printf(
        "\n%zu sets, %zu of them the study's own. Codes are beginnings of codes: E10 means E100 "
        "to E109, too.\nA record is in a set when a code of the set is in its positions, none of "
        "`exclude` is,\nand one of `require` is where a set has any.\n"
        "Notes: V read in the source named, M from memory, D decided here.\n",
        n, n_users);
    if (n_unverified > 0) {
        printf("! %zu sets hold codes that were not held against their source: do so before you "
               "quote a number of them.\n",
               n_unverified);
    }
}

static void print_rows(const hst_conditions *conditions, size_t set)
{
    print_title(conditions, set);
    printf("    %-8s %-6s %-8s %-10s %s\n", "role", "system", "code", "positions", "source");
    for (size_t i = 0; i < hst_conditions_n_entries(conditions, set); i++) {
        hst_condition_entry entry = hst_conditions_entry(conditions, set, i);

        printf("    %-8s %-6s %-8s %-10s %s%s%s\n", entry.role, entry.system, entry.prefix,
               entry.positions, entry.note, entry.is_unverified ? "  " : "",
               entry.is_unverified ? mark : "");
    }
}

/** A set that is named must be there. */
static hst_status require_set(const hst_conditions *conditions, const char *name, hst_error *err)
{
    const char *nearest = hst_conditions_nearest(conditions, name);

    if (hst_conditions_find(conditions, name) != SIZE_MAX) {
        return HST_OK;
    }
    return hst_fail(err, HST_ERR_USAGE, "no condition set is called `%s`%s%s%s", name,
                    nearest ? "; did you mean `" : "; hestia check --conditions lists them",
                    nearest ? nearest : "", nearest ? "`?" : "");
}

hst_status cli_check_conditions(const char *study_path, char *const *sets, size_t n_sets,
                                hst_error *err)
{
    hst_status status = HST_OK;
    hst_study *study = NULL;
    hst_conditions *conditions = NULL;

    if (study_path) {
        status = hst_study_read(&study, study_path, err);
    }
    if (!status) {
        status = hst_conditions_read(&conditions, study ? study->code_lists : NULL, err);
    }
    for (size_t i = 0; i < n_sets && !status; i++) { /* all are there before one is shown */
        status = require_set(conditions, sets[i], err);
    }
    for (size_t i = 0; i < n_sets && !status; i++) {
        printf("%s", i > 0 ? "\n" : "");
        print_rows(conditions, hst_conditions_find(conditions, sets[i]));
    }
    if (!status && n_sets == 0) {
        print_sets(conditions);
    }
    hst_conditions_free(conditions);
    hst_study_free(study);
    return status;
}
