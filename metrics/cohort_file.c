/*
 * A file of person identifiers: one a line, with or without an index date after a comma or a tab.
 * What is kept is the keyed hash that the rows of the person have. The text lies in one buffer,
 * which the standard library reads through as well, and is wiped whatever the end.
 */
#include "cohort_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "hestia/clean.h"
#include "hestia/regular_file.h"
#include "hestia/row_memory.h"

enum { READ_BYTES = 65536, LINE_BYTES = 4096, MAX_FIELDS = 2 };

typedef struct list_reader {
    const hst_study *study;
    const hst_store *store;
    const char *path;
    FILE *file;
    size_t line;
    char text[LINE_BYTES]; /* the line, without its end */
    char read[READ_BYTES];
    size_t n, capacity;
    hst_listed *items;
} list_reader;

typedef struct list_field {
    const char *text;
    size_t length;
} list_field;

static hst_status fault(const list_reader *r, const char *message, hst_error *err)
{
    return hst_fail(err, HST_ERR_INPUT, "%s, line %zu: %s", r->path, r->line, message);
}

/* ---- lines ---- */

/* Reads a line; `*length` is SIZE_MAX when it is no text or too long. False at the end. */
static bool read_line(list_reader *r, size_t *length)
{
    size_t n = 0;
    bool is_text = true;
    int c = getc_unlocked(r->file);

    if (c == EOF) {
        return false;
    }
    for (; c != EOF && c != '\n'; c = getc_unlocked(r->file)) {
        is_text = is_text && c != '\0' && n < LINE_BYTES;
        if (is_text) {
            r->text[n++] = (char)c;
        }
    }
    r->line++;
    *length = is_text ? n : SIZE_MAX;
    return true;
}

static bool is_separator(char c)
{
    return c == ',' || c == '\t';
}

/* The quoted value that begins at *at, with "" as one quote, moved down to there. False when the
 * quote stays open. */
static bool unquote(char **at, char *end, list_field *field)
{
    char *p = *at + 1, *to = *at;

    field->text = to;
    while (p < end && !(*p == '"' && (p + 1 == end || p[1] != '"'))) {
        p += *p == '"';
        *to++ = *p++;
    }
    field->length = (size_t)(to - field->text);
    *at = p + 1;
    return p < end;
}

/* Cuts a line into fields, cleaned as ingest cleans them. False when it is not one or two. */
static bool cut_line(char *text, size_t length, list_field fields[MAX_FIELDS])
{
    char *at = text, *end = text + length;

    for (size_t i = 0; i < MAX_FIELDS; i++) {
        fields[i] = (list_field){"", 0};
    }
    for (size_t i = 0; i < MAX_FIELDS; i++) {
        while (at < end && *at == ' ') {
            at++;
        }
        if (at < end && *at == '"') {
            if (!unquote(&at, end, &fields[i])) {
                return false;
            }
            while (at < end && (*at == ' ' || *at == '\r')) {
                at++;
            }
        } else {
            fields[i].text = at;
            while (at < end && !is_separator(*at)) {
                at++;
            }
            fields[i].length = (size_t)(at - fields[i].text);
        }
        fields[i].text = hst_clean_trim(fields[i].text, &fields[i].length);
        if (at == end) {
            return true;
        }
        if (!is_separator(*at++)) {
            return false;
        }
    }
    return false;
}

/* ---- rows ---- */

/* True when the first field is the name of a column of identifiers, in HES or in this study. */
static bool is_header(const list_reader *r, const list_field *field)
{
    char name[64];
    bool is_name = false;

    if (field->length >= sizeof name) {
        return false;
    }
    memcpy(name, field->text, field->length);
    name[field->length] = '\0';
    is_name = hst_is_person_column(name);
    for (size_t i = 0; i < r->study->n_extracts; i++) {
        const hst_study_extract *extract = &r->study->extracts[i];

        for (size_t c = 0; c < extract->column_roles.n; c++) {
            is_name = is_name || (strcmp(extract->column_roles.items[c], "person") == 0 &&
                                  strcasecmp(extract->column_names.items[c], name) == 0);
        }
    }
    return is_name;
}

static hst_status add_person(list_reader *r, const list_field fields[MAX_FIELDS], hst_error *err)
{
    hst_date date = HST_DATE_MISSING;
    hst_listed *item = NULL;

    if (fields[0].length == 0) {
        return fault(r, "no identifier of a person", err);
    }
    if (fields[0].length >= HST_IDENTIFIER_BYTES) {
        return fault(r, "too long for an identifier of a person", err);
    }
    if (fields[1].length > 0 && (!hst_date_parse_iso(fields[1].text, fields[1].length, &date) ||
                                 date < HST_DAY_EPOCH || date - HST_DAY_EPOCH >= UINT16_MAX)) {
        return fault(r,
                     "the second column is no index date YYYY-MM-DD from 1930 to 2109 (a header "
                     "line begins with the name of a person column, such as HESID)",
                     err);
    }
    if (r->n == r->capacity) {
        size_t capacity = r->capacity ? 2 * r->capacity : 1024;
        hst_listed *items =
            hst_row_memory_resize(r->items, r->capacity * sizeof *items, capacity * sizeof *items);

        if (!items) {
            return hst_fail(err, HST_ERR_MEMORY, "no memory for the people of %s", r->path);
        }
        r->items = items;
        r->capacity = capacity;
    }
    item = &r->items[r->n++];
    item->from = hst_day_of_date(date);
    hst_store_hash(r->store, fields[0].text, fields[0].length, item->person);
    return HST_OK;
}

static hst_status read_people(list_reader *r, hst_error *err)
{
    size_t length = 0, n_lines = 0;
    hst_status status = HST_OK;

    while (!status && read_line(r, &length)) {
        list_field fields[MAX_FIELDS];
        size_t mark = 0;

        if (r->line == 1 && length != SIZE_MAX && length >= 3 &&
            memcmp(r->text, "\xEF\xBB\xBF", 3) == 0) {
            mark = 3; /* byte-order mark */
        }
        if (length == SIZE_MAX || !cut_line(r->text + mark, length - mark, fields)) {
            return fault(
                r, "not an identifier alone, or one with an index date after a comma or tab", err);
        }
        if (fields[0].length == 0 && fields[1].length == 0) {
            continue; /* a blank line */
        }
        if (n_lines++ > 0 || !is_header(r, &fields[0])) {
            status = add_person(r, fields, err);
        }
    }
    if (!status && ferror(r->file)) {
        return hst_fail_system(err, r->path, "cannot be read");
    }
    if (!status && r->n == 0) {
        return hst_fail(err, HST_ERR_INPUT, "%s: lists nobody", r->path);
    }
    return status;
}

/* ---- the list ---- */

static int compare_listed(const void *a, const void *b)
{
    const hst_listed *x = a, *y = b;

    for (size_t i = 0; i < 2; i++) {
        if (x->person[i] != y->person[i]) {
            return x->person[i] < y->person[i] ? -1 : 1;
        }
    }
    return (x->from > y->from) - (x->from < y->from);
}

/* Each person once, with the earliest index date. */
static size_t sort_people(hst_listed *items, size_t n)
{
    size_t kept = 0;

    qsort(items, n, sizeof *items, compare_listed);
    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || memcmp(items[kept - 1].person, items[i].person, 16) != 0) {
            items[kept++] = items[i];
        }
    }
    return kept;
}

hst_status hst_cohort_read_file(hst_cohort *cohort, const hst_study *study, const hst_store *store,
                                hst_error *err)
{
    list_reader *r = hst_row_memory_take_zeroed(sizeof *r);
    hst_status status = HST_OK;

    if (!r) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory to read %s", cohort->study->file);
    }
    r->study = study;
    r->store = store;
    r->path = cohort->study->file;
    status = hst_regular_file_check(r->path, err);
    if (status) {
        goto done;
    }
    r->file = fopen(r->path, "rb");
    if (!r->file || setvbuf(r->file, r->read, _IOFBF, sizeof r->read) != 0) {
        status = hst_fail(err, errno == ENOENT ? HST_ERR_USAGE : HST_ERR_SYSTEM,
                          "%s, line %zu: cohort `%s`: %s cannot be opened: %s", study->path,
                          cohort->study->line, cohort->study->id, r->path, strerror(errno));
        goto done;
    }
    status = read_people(r, err);
    if (status) {
        goto done;
    }
    cohort->n_listed = sort_people(r->items, r->n);
    cohort->listed = r->items;
    cohort->listed_bytes = r->capacity * sizeof *r->items;
    r->items = NULL; /* now the cohort's */

done:
    if (r->file) {
        (void)fclose(r->file); /* only read */
    }
    hst_row_memory_free(r->items, r->capacity * sizeof *r->items);
    hst_row_memory_free(r, sizeof *r);
    hst_row_memory_wipe_traces(); /* the name of a header may have been an identifier */
    return status;
}
