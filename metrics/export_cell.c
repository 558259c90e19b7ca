/* The columns of an export, and its rows as text. */
#include "export_internal.h"

#include <stdio.h>
#include <string.h>

enum { SPELL_COLUMNS = 17, PEOPLE_COLUMNS = 7, ATTENDANCE_COLUMNS = 11 };

static const char *const spell_columns[SPELL_COLUMNS] = {
    "pseudonym", "spell",     "cips",     "age",      "sex",       "area_code",
    "provider",  "specialty", "admidate", "disdate",  "admimeth",  "admisorc",
    "disdest",   "dismeth",   "classpat", "los_days", "n_episodes"};
static const char *const people_columns[PEOPLE_COLUMNS] = {
    "pseudonym", "n_events", "first_date", "last_date", "age", "sex", "area_code"};
static const char *const attendance_columns[ATTENDANCE_COLUMNS] = {
    "pseudonym",  "date",
    "provider",   "specialty",
    "attended",   "first_attendance",
    "department", "attendance_category",
    "age",        "sex",
    "area_code"};

/* As many diagnoses as an extract has columns for, and as a row has. */
static void name_diagnoses(hst_export *made)
{
    size_t n = 0;

    for (size_t s = 0; s < made->n_segments; s++) {
        const hst_segment_info *info = hst_segment_get_info(made->segments[s]);

        if (info->dataset == HST_DATASET_APC && info->n_diagnosis_columns > n) {
            n = info->n_diagnosis_columns;
        }
    }
    for (size_t i = 0; i < made->gatherers[0].n_rows; i++) {
        size_t n_of_row = made->gatherers[0].rows[i].n_diagnoses;

        n = n_of_row > n ? n_of_row : n;
    }
    for (size_t i = 0; i < n && i < MAX_DIAGNOSES; i++) {
        snprintf(made->diagnosis_names[i], sizeof made->diagnosis_names[i], "diag_%02u",
                 (unsigned)(i + 1) % 100);
        made->columns[made->n_columns++] = made->diagnosis_names[i];
    }
}

void hst_export_name_columns(hst_export *made)
{
    const char *const *names = made->kind == HST_EXPORT_SPELLS   ? spell_columns
                               : made->kind == HST_EXPORT_PEOPLE ? people_columns
                                                                 : attendance_columns;

    made->n_columns = made->kind == HST_EXPORT_SPELLS   ? SPELL_COLUMNS
                      : made->kind == HST_EXPORT_PEOPLE ? PEOPLE_COLUMNS
                                                        : ATTENDANCE_COLUMNS;
    memcpy(made->columns, names, made->n_columns * sizeof *names);
    if (made->kind == HST_EXPORT_SPELLS) {
        name_diagnoses(made);
    }
}

/* ---- cells ---- */

static void put_text(char text[HST_EXPORT_CELL_BYTES], const char *value)
{
    snprintf(text, HST_EXPORT_CELL_BYTES, "%s", value);
}

static void put_number(char text[HST_EXPORT_CELL_BYTES], uint64_t number)
{
    snprintf(text, HST_EXPORT_CELL_BYTES, "%llu", (unsigned long long)number);
}

static void put_day(char text[HST_EXPORT_CELL_BYTES], hst_day day)
{
    if (day != 0) {
        hst_date_format(hst_day_to_date(day), text);
    }
}

static void put_code(char text[HST_EXPORT_CELL_BYTES], uint16_t code)
{
    text[0] = (char)(code & 0xFF);
    text[1] = (char)(code >> 8);
    text[2] = '\0';
}

static void put_pseudonym(char text[HST_EXPORT_CELL_BYTES],
                          const uint8_t pseudonym[HST_PSEUDONYM_BYTES])
{
    for (size_t i = 0; i < HST_PSEUDONYM_BYTES; i++) {
        snprintf(text + 2 * i, 3, "%02x", pseudonym[i]);
    }
}

static void put_coded(const hst_export *made, const export_row *row, hst_dict_id dictionary,
                      char text[HST_EXPORT_CELL_BYTES])
{
    const hst_segment *segment = made->segments[row->segment];

    put_text(text, dictionary == HST_DICT_PROVIDER
                       ? hst_mergers_code(made->measures->mergers,
                                          hst_segment_code(segment, dictionary, row->provider))
                       : hst_segment_code(segment, dictionary, row->specialty));
}

/* Areas of the list have their code; residents of elsewhere and unknown ones are not told. */
static void put_place(const hst_export *made, const export_row *row, const char *column,
                      char text[HST_EXPORT_CELL_BYTES])
{
    if (strcmp(column, "age") == 0) {
        if (row->age != HST_AGE_MISSING) {
            put_number(text, row->age);
        }
    } else if (strcmp(column, "sex") == 0) {
        put_code(text, row->sex);
    } else if (row->area < hst_areas_n(made->areas)) {
        put_text(text, hst_areas_code(made->areas, row->area));
    }
}

static void put_spell(const hst_export *made, const export_row *row, size_t column,
                      char text[HST_EXPORT_CELL_BYTES])
{
    enum {
        PERSON,
        SPELL,
        CIPS,
        AGE,
        SEX,
        AREA,
        PROVIDER,
        SPECIALTY,
        FROM,
        TO,
        ADMIMETH,
        ADMISORC,
        DISDEST,
        DISMETH,
        CLASSPAT,
        LOS,
        EPISODES
    };

    switch (column) {
    case PERSON:
        put_pseudonym(text, row->person);
        break;
    case SPELL:
        put_pseudonym(text, row->self);
        break;
    case CIPS:
        put_number(text, row->cips);
        break;
    case AGE:
    case SEX:
    case AREA:
        put_place(made, row, made->columns[column], text);
        break;
    case PROVIDER:
        put_coded(made, row, HST_DICT_PROVIDER, text);
        break;
    case SPECIALTY:
        put_coded(made, row, HST_DICT_SPECIALTY, text);
        break;
    case FROM:
        put_day(text, row->from);
        break;
    case TO:
        put_day(text, row->to);
        break;
    case ADMIMETH:
        put_code(text, row->admimeth);
        break;
    case ADMISORC:
        put_code(text, row->admisorc);
        break;
    case DISDEST:
        put_code(text, row->disdest);
        break;
    case DISMETH:
        put_code(text, row->dismeth);
        break;
    case CLASSPAT:
        put_code(text, row->classpat);
        break;
    case LOS:
        if (row->to >= row->from && row->from != 0 && row->to - row->from <= HST_LONGEST_STAY) {
            put_number(text, (uint64_t)(row->to - row->from));
        }
        break;
    case EPISODES:
        put_number(text, row->n_episodes);
        break;
    default: /* diagnoses */
        column -= SPELL_COLUMNS;
        if (column < row->n_diagnoses) {
            put_text(text,
                     hst_segment_code(made->segments[row->segment], HST_DICT_DIAGNOSIS,
                                      made->gatherers[0].diagnoses[row->first_diagnosis + column]));
        }
        break;
    }
}

static void put_person(const hst_export *made, const export_row *row, size_t column,
                       char text[HST_EXPORT_CELL_BYTES])
{
    enum { PERSON, EVENTS, FIRST, LAST };

    switch (column) {
    case PERSON:
        put_pseudonym(text, row->person);
        break;
    case EVENTS:
        put_number(text, row->n_events);
        break;
    case FIRST:
        put_day(text, row->from);
        break;
    case LAST:
        put_day(text, row->to);
        break;
    default:
        put_place(made, row, made->columns[column], text);
        break;
    }
}

static void put_attendance(const hst_export *made, const export_row *row, size_t column,
                           char text[HST_EXPORT_CELL_BYTES])
{
    enum { PERSON, DATE, PROVIDER, SPECIALTY, ATTENDED, FIRST, DEPARTMENT, CATEGORY };
    bool is_op = made->measure->dataset == HST_DATASET_OP;

    switch (column) {
    case PERSON:
        put_pseudonym(text, row->person);
        break;
    case DATE:
        put_day(text, row->from);
        break;
    case PROVIDER:
        put_coded(made, row, HST_DICT_PROVIDER, text);
        break;
    case SPECIALTY:
        put_coded(made, row, HST_DICT_SPECIALTY, text);
        break;
    case ATTENDED:
        put_code(text, is_op ? row->classpat : 0);
        break;
    case FIRST:
        put_code(text, is_op ? row->first_attendance : 0);
        break;
    case DEPARTMENT:
        put_code(text, is_op ? 0 : row->admimeth);
        break;
    case CATEGORY:
        put_code(text, is_op ? 0 : row->classpat);
        break;
    default:
        put_place(made, row, made->columns[column], text);
        break;
    }
}

const char *const *hst_export_columns(const hst_export *made, size_t *n)
{
    *n = made->n_columns;
    return made->columns;
}

void hst_export_cell(const hst_export *made, size_t row, size_t column,
                     char text[HST_EXPORT_CELL_BYTES])
{
    const export_row *r = &made->gatherers[0].rows[row];

    text[0] = '\0';
    switch (made->kind) {
    case HST_EXPORT_SPELLS:
        put_spell(made, r, column, text);
        break;
    case HST_EXPORT_PEOPLE:
        put_person(made, r, column, text);
        break;
    case HST_EXPORT_ATTENDANCES:
        put_attendance(made, r, column, text);
        break;
    }
}
