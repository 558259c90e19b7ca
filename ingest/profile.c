/* Data quality of an extract: the cleaning rules of ingest applied field by field, and counted. */
#include "hestia/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "extract_internal.h"
#include "hestia/ingest.h"
#include "hestia/row_memory.h"
#include "hestia/scanner.h"

enum {
    MAX_TEXT = 1024,
    ROWS_BETWEEN_CHECKS = 4096,
    FIRST_YEAR = 1930,
    N_MONTHS = (2110 - FIRST_YEAR) * 12,
    MAX_PLAN = 1 + HST_N_FIELDS + HST_MAX_AREA_COLUMNS + 2 * HST_MAX_POSITIONS,
};

/** A column that is looked at in each row. */
typedef struct plan_item {
    int column;
    hst_field_kind kind;
    const hst_field *field; /* whose codes are known; NULL for those without list */
    size_t profile;         /* index in profile->fields */
} plan_item;

typedef struct profiler {
    const hst_layout *layout;
    hst_profile *profile;
    size_t n_items;
    plan_item items[MAX_PLAN];
    int primary_column; /* first diagnosis, or the list of all */
    uint64_t months[N_MONTHS];
    char text[MAX_TEXT];
} profiler;

/* ---- plan ---- */

static size_t add_field(profiler *p, const char *field, const char *column, hst_field_kind kind,
                        bool has_codes)
{
    hst_field_profile *new = &p->profile->fields[p->profile->n_fields];

    snprintf(new->field, sizeof new->field, "%s", field);
    snprintf(new->column, sizeof new->column, "%s", column);
    new->is_date = kind == HST_KIND_DATE;
    new->is_area = kind == HST_KIND_AREA;
    new->has_codes = has_codes;
    return p->profile->n_fields++;
}

static void add_item(profiler *p, int column, hst_field_kind kind, const hst_field *field,
                     size_t profile)
{
    if (column >= 0 && (size_t)column < p->layout->header.n_names) {
        p->items[p->n_items++] = (plan_item){column, kind, field, profile};
    }
}

/** All positions of a family are looked at for faults; the first alone says how well it is filled.
 */
static void plan_family(profiler *p, const hst_code_family *family, const char *name,
                        hst_field_kind kind)
{
    int first = family->list_column != HST_NO_COLUMN ? family->list_column : family->columns[0];
    size_t profile = 0;

    if (family->n_positions == 0 || first < 0) {
        return;
    }
    profile = add_field(p, name, p->layout->names[first], kind, false);
    if (family->list_column != HST_NO_COLUMN) {
        add_item(p, first, HST_KIND_FILLED, NULL, profile);
        return;
    }
    for (size_t i = 0; i < family->n_positions; i++) {
        add_item(p, family->columns[i], kind, NULL, i == 0 ? profile : SIZE_MAX);
    }
}

static void plan(profiler *p)
{
    const hst_layout *layout = p->layout;
    int person = layout->person_columns[layout->person];
    bool is_ae = layout->dataset == HST_DATASET_AE;

    if (person >= 0) {
        add_item(p, person, HST_KIND_PERSON, NULL,
                 add_field(p, "person", layout->names[person], HST_KIND_PERSON, false));
    }
    for (size_t f = 0; f < HST_N_FIELDS; f++) {
        const hst_field *field = &layout->fields[f];
        int column = layout->columns[f];

        if (column >= 0) {
            bool has_codes = field->codes || field->kind == HST_KIND_ORDER ||
                             field->kind == HST_KIND_TIME || field->kind == HST_KIND_AGE ||
                             field->kind == HST_KIND_FLAG;

            add_item(p, column, field->kind, field,
                     add_field(p, field->name, layout->names[column], field->kind, has_codes));
        }
    }
    for (size_t i = 0; i < layout->n_areas; i++) {
        int column = layout->area_columns[i];

        add_item(p, column, HST_KIND_AREA, NULL,
                 add_field(p, layout->area_names[i], layout->names[column], HST_KIND_AREA, false));
    }
    plan_family(p, &layout->diagnoses, is_ae ? "first diagnosis" : "primary diagnosis",
                HST_KIND_DIAGNOSIS);
    plan_family(p, &layout->procedures, is_ae ? "first treatment" : "first procedure",
                HST_KIND_PROCEDURE);
    p->primary_column = layout->diagnoses.list_column != HST_NO_COLUMN
                            ? layout->diagnoses.list_column
                            : layout->diagnoses.columns[0];
}

/* ---- rows ---- */

static const char *field_text(profiler *p, const hst_record *record, int column, size_t *length)
{
    bool quoted = false;
    const char *text = hst_record_field(record, (size_t)column, length, &quoted);

    if (quoted) {
        *length = hst_record_value(record, (size_t)column, p->text, MAX_TEXT);
        *length = *length > MAX_TEXT ? MAX_TEXT : *length;
        text = p->text;
    }
    return hst_clean_trim(text, length);
}

/** What one text is, by the rules of clean.c. */
typedef struct verdict {
    hst_reason reason;
    bool is_empty, is_outside, is_sentinel;
} verdict;

static verdict judge_date(profiler *p, const plan_item *item, const char *text, size_t length)
{
    hst_day day = 0;
    verdict v = {0};

    if (!hst_clean_date(text, length, &day)) {
        v.reason = HST_REASON_MALFORMED_DATE;
    } else if (day == 0) {
        v.is_sentinel = true;
    } else if (item->field == &p->layout->fields[HST_FIELD_ADMIDATE]) {
        int year = 0, month = 0, day_of_month = 0;

        hst_date_to_civil(hst_day_to_date(day), &year, &month, &day_of_month);
        p->months[(year - FIRST_YEAR) * 12 + month - 1]++;
    }
    return v;
}

static verdict judge_key(const char *text, size_t length)
{
    uint64_t key = 0;
    verdict v = {0};

    if (!hst_clean_number(text, length, &key)) {
        v.reason = HST_REASON_MALFORMED_NUMBER;
    } else if (key == 0) {
        v.reason = HST_REASON_NO_RECORD_KEY;
    }
    return v;
}

static verdict judge_year(profiler *p, const char *text, size_t length)
{
    uint32_t partyear = hst_clean_partyear(text, length);
    hst_profile *profile = p->profile;

    if (partyear == 0) {
        return (verdict){.is_outside = true};
    }
    if (profile->partyear_max == 0 || partyear < profile->partyear_min) {
        profile->partyear_min = partyear;
    }
    if (partyear > profile->partyear_max) {
        profile->partyear_max = partyear;
    }
    return (verdict){0};
}

static verdict judge_code(hst_field_kind kind, const char *text, size_t length)
{
    char code[HST_CODE_BYTES];
    size_t n = hst_clean_code(kind, text, length, code);

    return (verdict){.reason = n < HST_CODE_BYTES ? HST_REASON_NONE : HST_REASON_MALFORMED_CODE,
                     .is_empty = n == 0};
}

static verdict judge(profiler *p, const plan_item *item, const char *text, size_t length)
{
    verdict v = {0};
    uint16_t value = 0;
    bool is_good = true;

    if (length == 0) {
        v.is_empty = true;
        v.reason = item->kind == HST_KIND_KEY ? HST_REASON_NO_RECORD_KEY : HST_REASON_NONE;
        return v;
    }
    switch (item->kind) {
    case HST_KIND_DATE:
        return judge_date(p, item, text, length);
    case HST_KIND_KEY:
        return judge_key(text, length);
    case HST_KIND_PARTYEAR:
        return judge_year(p, text, length);
    case HST_KIND_CODE1:
        is_good = hst_clean_code1(item->field, text, length, &value, &v.is_outside);
        v.reason = is_good ? HST_REASON_NONE : HST_REASON_MALFORMED_CODE;
        return v;
    case HST_KIND_CODE2:
        is_good = hst_clean_code2(item->field, text, length, &value, &v.is_outside);
        v.reason = is_good ? HST_REASON_NONE : HST_REASON_MALFORMED_CODE;
        return v;
    case HST_KIND_AGE:
        is_good = hst_clean_age(text, length, &value, &v.is_outside);
        v.reason = is_good ? HST_REASON_NONE : HST_REASON_MALFORMED_NUMBER;
        return v;
    case HST_KIND_ORDER:
        is_good = hst_clean_order(text, length, &value, &v.is_outside);
        v.reason = is_good ? HST_REASON_NONE : HST_REASON_MALFORMED_NUMBER;
        return v;
    case HST_KIND_TIME:
        is_good = hst_clean_time(text, length, &value, &v.is_outside);
        v.reason = is_good ? HST_REASON_NONE : HST_REASON_MALFORMED_NUMBER;
        return v;
    case HST_KIND_FLAG:
        v.is_outside = hst_clean_flag(text, length) == 0;
        return v;
    case HST_KIND_PERSON:
        v.reason = length < MAX_TEXT ? HST_REASON_NONE : HST_REASON_MALFORMED_CODE;
        return v;
    case HST_KIND_PROVIDER:
    case HST_KIND_SPECIALTY:
    case HST_KIND_GP_PRACTICE:
    case HST_KIND_DIAGNOSIS:
    case HST_KIND_PROCEDURE:
    case HST_KIND_AREA:
        v = judge_code(item->kind, text, length);
        v.is_empty |= length == 1 && (*text == '&' || *text == '-');
        return v;
    default:
        return v;
    }
}

static void count_verdict(hst_field_profile *field, const verdict *v)
{
    field->n_filled += !v->is_empty;
    field->n_unreadable += v->reason != HST_REASON_NONE && !v->is_empty;
    field->n_outside += v->is_outside;
    field->n_sentinel += v->is_sentinel;
}

static void reject(hst_profile *profile, hst_reason reason, uint64_t line)
{
    profile->n_rejected++;
    profile->rejected[reason]++;
    if (profile->first_line[reason] == 0) {
        profile->first_line[reason] = line;
    }
}

static hst_reason reason_of(hst_record_fault fault)
{
    switch (fault) {
    case HST_RECORD_TOO_LONG:
        return HST_REASON_TOO_LONG;
    case HST_RECORD_UNCLOSED_QUOTE:
        return HST_REASON_UNCLOSED_QUOTE;
    case HST_RECORD_NUL:
        return HST_REASON_NUL_BYTE;
    default:
        return HST_REASON_RAGGED;
    }
}

static void count_primary(profiler *p, const hst_record *record)
{
    size_t length = 0;
    const char *text = NULL;

    if (p->primary_column < 0 || (size_t)p->primary_column >= p->layout->header.n_names) {
        return;
    }
    text = field_text(p, record, p->primary_column, &length);
    if (length == 0 || *text == '-' || *text == '&') {
        p->profile->n_no_primary++;
    } else if (length >= 3 && memcmp(text, "R69", 3) == 0) {
        p->profile->n_r69++;
    }
}

static void add_row(profiler *p, const hst_record *record)
{
    hst_profile *profile = p->profile;
    hst_reason reason = HST_REASON_NONE;

    profile->n_rows++;
    if (record->fault != HST_RECORD_OK || record->n_fields != p->layout->header.n_names) {
        reject(profile, reason_of(record->fault), record->line);
        return;
    }
    for (size_t i = 0; i < p->n_items; i++) {
        const plan_item *item = &p->items[i];
        size_t length = 0;
        const char *text = field_text(p, record, item->column, &length);
        verdict v = judge(p, item, text, length);

        if (item->profile != SIZE_MAX) {
            count_verdict(&profile->fields[item->profile], &v);
        }
        reason = reason == HST_REASON_NONE ? v.reason : reason;
    }
    count_primary(p, record);
    if (reason != HST_REASON_NONE) {
        reject(profile, reason, record->line);
    }
}

static hst_status read_rows(profiler *p, hst_scanner *scanner, uint64_t max_rows, hst_error *err)
{
    hst_record record = {0};
    bool more = true;
    hst_status status = HST_OK;

    if (hst_layout_has_header_line(p->layout)) {
        status = hst_scanner_next(scanner, &record, &more, err);
    }
    hst_scanner_expect_fields(scanner, hst_layout_n_columns(p->layout));
    while (status == HST_OK && more) {
        status = hst_scanner_next(scanner, &record, &more, err);
        if (status != HST_OK || !more) {
            break;
        }
        if (max_rows > 0 && p->profile->n_rows == max_rows) {
            return HST_OK; /* there is more */
        }
        add_row(p, &record);
        if (p->profile->n_rows % ROWS_BETWEEN_CHECKS == 0 && hst_interrupt_requested()) {
            return hst_fail(err, HST_ERR_INTERRUPTED, "interrupted");
        }
    }
    p->profile->is_whole = status == HST_OK;
    return status;
}

static hst_status keep_months(profiler *p, hst_error *err)
{
    hst_profile *profile = p->profile;

    profile->months = calloc(N_MONTHS, sizeof *profile->months);
    if (!profile->months) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the months of an extract");
    }
    for (int m = 0; m < N_MONTHS; m++) {
        if (p->months[m] > 0) {
            profile->months[profile->n_months++] = (hst_month_profile){
                hst_date_from_civil(FIRST_YEAR + m / 12, m % 12 + 1, 1), p->months[m]};
        }
    }
    return HST_OK;
}

hst_status hst_profile_read(hst_profile **out, const hst_layout *layout, const char *path,
                            const char *member, uint64_t max_rows, hst_error *err)
{
    hst_source *source = NULL;
    hst_scanner *scanner = NULL;
    profiler *p = hst_row_memory_take_zeroed(sizeof *p);
    hst_status status = HST_OK;

    *out = NULL;
    if (!p || !(p->profile = calloc(1, sizeof *p->profile)) ||
        !(p->profile->fields = calloc(MAX_PLAN, sizeof *p->profile->fields))) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory to look at %s", path);
        goto done;
    }
    p->layout = layout;
    plan(p);
    if ((status = hst_source_open(&source, path, member, HST_INFLATER_AUTO, err)) != HST_OK ||
        (status = hst_scanner_create(&scanner, source, hst_layout_separator(layout), HST_SCAN_AUTO,
                                     0, false, err)) != HST_OK ||
        (status = read_rows(p, scanner, max_rows, err)) != HST_OK) {
        goto done;
    }
    status = keep_months(p, err);
    if (status == HST_OK) {
        *out = p->profile;
        p->profile = NULL; /* now the caller's */
    }

done:
    hst_scanner_free(scanner);
    hst_source_close(source);
    if (p) {
        hst_profile_free(p->profile);
    }
    hst_row_memory_free(p, sizeof *p);
    return status;
}

void hst_profile_free(hst_profile *profile)
{
    if (profile) {
        free(profile->fields);
        free(profile->months);
        free(profile);
    }
}
