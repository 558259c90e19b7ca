/* The filter of a measure, with the codes that count when it does not say. */
#include "study_reader.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "extract_internal.h"

/** Keys of `where`, by hst_where_code. */
static const char *const where_keys[HST_N_WHERE_CODES] = {
    [HST_WHERE_ADMISSION_METHOD] = "admission_method",
    [HST_WHERE_SEX] = "sex",
    [HST_WHERE_PATIENT_CLASS] = "patient_class",
    [HST_WHERE_EPISODE_TYPE] = "episode_type",
    [HST_WHERE_SPECIALTY] = "specialty",
    [HST_WHERE_MAIN_SPECIALTY] = "main_specialty",
    [HST_WHERE_PROVIDER] = "provider",
    [HST_WHERE_GP_PRACTICE] = "gp_practice",
    [HST_WHERE_ETHNICITY] = "ethnicity",
    [HST_WHERE_DEPRIVATION_QUINTILE] = "deprivation_quintile",
    [HST_WHERE_DISCHARGE_METHOD] = "discharge_method",
    [HST_WHERE_DISCHARGE_DESTINATION] = "discharge_destination",
    [HST_WHERE_ADMISSION_SOURCE] = "admission_source",
    [HST_WHERE_ATTENDED] = "attended",
    [HST_WHERE_FIRST_ATTENDANCE] = "first_attendance",
    [HST_WHERE_DEPARTMENT] = "department",
    [HST_WHERE_ATTENDANCE_CATEGORY] = "attendance_category",
    [HST_WHERE_CONDITION] = "condition",
    [HST_WHERE_PROCEDURE] = "procedure",
    [HST_WHERE_COHORT] = "cohort",
    [HST_WHERE_NOT_COHORT] = "not_cohort",
};

/** Marks the codes that a filter or one under its `any` names. True when there are any. */
static bool mark_codes(const hst_where *where, hst_where_code code, bool marked[UCHAR_MAX + 1])
{
    const hst_texts *codes = &where->codes[code];
    bool named = codes->n > 0;

    for (size_t i = 0; i < codes->n; i++) {
        marked[(unsigned char)codes->items[i][0]] = true; /* the schema has one letter each */
    }
    for (size_t i = 0; i < where->n_any; i++) {
        named |= mark_codes(&where->any[i], code, marked);
    }
    return named;
}

/**
 * The codes, of one letter, that count where the study does not say. When filters under `any` name
 * codes, those are let through as well, and their neighbours get the default: else it would undo
 * what they ask for.
 */
static void set_default_codes(hst_reader *r, hst_where *where, hst_where_code code,
                              const char *letters)
{
    bool wanted[UCHAR_MAX + 1] = {false};
    hst_texts *codes = &where->codes[code];

    if (codes->n > 0) {
        return;
    }
    for (const char *c = letters; *c; c++) {
        wanted[(unsigned char)*c] = true;
    }
    if (mark_codes(where, code, wanted)) {
        for (size_t i = 0; i < where->n_any; i++) {
            set_default_codes(r, &where->any[i], code, letters);
        }
    }
    codes->items = hst_reader_allocate(r, UCHAR_MAX + 1, sizeof *codes->items);
    for (unsigned c = 0; c <= UCHAR_MAX && !r->status; c++) {
        if (wanted[c]) {
            codes->items[codes->n] = hst_reader_copy(r, (char[]){(char)c, '\0'});
            codes->n += codes->items[codes->n] != NULL;
        }
    }
}

/** A code as extracts are cleaned, or it would never be met: in upper case, a trust by its first
 * three characters. */
static void clean_code(char *text, hst_field_kind kind)
{
    char code[HST_CODE_BYTES];
    size_t length = text ? strlen(text) : 0;
    size_t n = hst_clean_code(kind, text, length, code);

    if (n > 0 && n <= length && n < HST_CODE_BYTES) {
        memcpy(text, code, n);
        text[n] = '\0';
    }
}

static void clean_codes(const hst_texts *texts, hst_field_kind kind)
{
    for (size_t i = 0; i < texts->n; i++) {
        clean_code(texts->items[i], kind);
    }
}

void hst_study_clean_provider(char *code)
{
    clean_code(code, HST_KIND_PROVIDER);
}

/** The cohorts of a filter must be the study's. */
static void check_cohorts(const hst_scope *s, const hst_study *study, const char *key)
{
    const char *names[HST_MAX_COHORTS];

    for (size_t i = 0; i < study->n_cohorts; i++) {
        names[i] = study->cohorts[i].id;
    }
    hst_scope_check_names(s, key, names, study->n_cohorts, "cohort", "define it in `cohorts`");
}

/** Only a whole stay has another episode than the row itself. */
static void check_episode(const hst_scope *s, const hst_measure *measure, const hst_where *where)
{
    if (where->episode != HST_EPISODE_FIRST && measure->unit != HST_UNIT_SPELL &&
        measure->unit != HST_UNIT_CIPS) {
        hst_reader_fail(s->reader, hst_scope_find(s, "episode"),
                        "`episode: %s` looks through the episodes of a stay, and measure `%s` "
                        "counts `unit: %s`; write `unit: spell` or cips",
                        hst_scope_peek(s, "episode"), measure->id, hst_unit_name(measure->unit));
    }
}

static void read_filter(hst_scope s, const hst_study *study, const hst_measure *measure,
                        hst_where *where)
{
    const hst_yaml *any = NULL;
    size_t n = 0;

    if (!s.mapping || s.reader->status) {
        return;
    }
    where->line = s.mapping->line;
    for (size_t i = 0; i < HST_N_WHERE_CODES; i++) {
        where->codes[i] = hst_scope_texts(&s, where_keys[i]);
    }
    clean_codes(&where->codes[HST_WHERE_PROVIDER], HST_KIND_PROVIDER);
    clean_codes(&where->codes[HST_WHERE_GP_PRACTICE], HST_KIND_GP_PRACTICE);
    clean_codes(&where->codes[HST_WHERE_ETHNICITY], HST_KIND_CODE1);
    check_cohorts(&s, study, "cohort");
    check_cohorts(&s, study, "not_cohort");
    where->transfers_excluded = hst_scope_choice(&s, "transfers", 0) == 1;
    where->positions = (hst_positions)hst_scope_choice(&s, "positions", HST_POSITIONS_OF_SET);
    where->episode = (hst_which_episode)hst_scope_choice(&s, "episode", HST_EPISODE_FIRST);
    check_episode(&s, measure, where);
    where->has_age = hst_scope_range(&s, "age", &where->age_from, &where->age_to);
    where->has_length_of_stay =
        hst_scope_range(&s, "length_of_stay", &where->los_from, &where->los_to);
    if (where->positions != HST_POSITIONS_OF_SET && where->codes[HST_WHERE_CONDITION].n == 0) {
        hst_reader_fail(s.reader, hst_scope_find(&s, "positions"),
                        "`positions` needs a `condition` beside it");
    }
    any = hst_scope_find(&s, "any");
    n = hst_yaml_count(any);
    where->any = n > 0 ? hst_reader_allocate(s.reader, n, sizeof *where->any) : NULL;
    where->n_any = where->any ? n : 0;
    for (size_t i = 0; i < where->n_any; i++) {
        read_filter((hst_scope){s.reader, HST_GROUP_WHERE, hst_yaml_item(any, i), NULL}, study,
                    measure, &where->any[i]);
    }
}

/*
 * Patients that are admitted: ordinary, day case, mother and baby; for stays ordinary admissions
 * alone. Outpatients that were seen. Emergency attendances but planned follow-ups.
 */
void hst_study_read_where(hst_scope s, const hst_study *study, hst_measure *measure)
{
    hst_where *where = &measure->where;

    read_filter(s, study, measure, where);
    switch (measure->dataset) {
    case HST_DATASET_APC:
        set_default_codes(s.reader, where, HST_WHERE_PATIENT_CLASS,
                          hst_statistic_of_stays(measure->statistic) ? "1" : "125");
        break;
    case HST_DATASET_OP:
        set_default_codes(s.reader, where, HST_WHERE_ATTENDED, "56");
        break;
    case HST_DATASET_AE:
        set_default_codes(s.reader, where, HST_WHERE_ATTENDANCE_CATEGORY, "13");
        break;
    }
}
