/* Small tables, read whole through libcsv in strict mode.
 *
 * libcsv does not say on which line a row begins. The text is therefore handed to it line by line:
 * a line that is met while no row is open begins a row. */
#include "hestia/table.h"

#include <csv.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "hestia/regular_file.h"
#include "hestia/text.h"

/* Beyond these it is no small table. */
enum {
    MAX_TABLE_BYTES = 1024 * 1024 * 1024,
    MAX_ROW_BYTES = 1024 * 1024, /* an open quote would take in the rest of the file */
    MAX_COLUMNS = 4096,
};

/* One line of the file; its cells stand one after the other in `cells`. */
struct row {
    uint32_t first_cell, n_cells, line;
};

struct hst_table {
    char *name;
    bool has_header;
    char *text; /* all cells one after the other, each with its NUL; below 4 GiB */
    size_t text_length, text_capacity;
    uint32_t *cells; /* where in `text` each cell begins */
    size_t n_cells, cells_capacity;
    struct row *rows; /* the header, if any, is the first */
    size_t n_lines, rows_capacity;
    size_t n_columns;
    char (*numbers)[12]; /* names of the columns of a table without header */
};

/* What libcsv's callbacks work on; they cannot fail, so the first failure is kept here. */
typedef struct reader {
    hst_table *table;
    size_t line, row_line; /* of the text now parsed, and of the row it belongs to */
    size_t row_bytes;      /* of the row so far */
    bool row_is_open;
    hst_status status;
    hst_error *err;
} reader;

/* Makes room for `needed` items of an array that grows by doubling. */
static bool grow(void *array, size_t *capacity, size_t needed, size_t item_size)
{
    void **items = array;
    size_t wanted = *capacity ? *capacity : 64, n_bytes = 0;
    void *larger = NULL;

    if (needed <= *capacity) {
        return true;
    }
    while (wanted < needed) {
        if (wanted > SIZE_MAX / 2) {
            return false;
        }
        wanted *= 2;
    }
    if (!hst_size_multiply(wanted, item_size, &n_bytes)) {
        return false;
    }
    larger = realloc(*items, n_bytes);
    if (!larger) {
        return false;
    }
    *items = larger;
    *capacity = wanted;
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void on_cell(void *text, size_t length, void *data)
{
    reader *r = data;
    hst_table *t = r->table;
    const char *from = text;

    if (r->status != HST_OK) {
        return;
    }
    while (length > 0 && is_blank(from[0])) {
        from++;
        length--;
    }
    while (length > 0 && is_blank(from[length - 1])) {
        length--;
    }
    if (!grow(&t->text, &t->text_capacity, t->text_length + length + 1, 1) ||
        !grow(&t->cells, &t->cells_capacity, t->n_cells + 1, sizeof *t->cells)) {
        r->status = hst_fail(r->err, HST_ERR_MEMORY, "%s: no memory for the table", t->name);
        return;
    }
    if (length > 0) {
        memcpy(t->text + t->text_length, from, length);
    }
    t->text[t->text_length + length] = '\0';
    hst_text_blank(t->text + t->text_length);
    t->cells[t->n_cells++] = (uint32_t)t->text_length;
    t->text_length += length + 1;
}

static void on_row(int terminator, void *data)
{
    reader *r = data;
    hst_table *t = r->table;
    struct row row = {.line = (uint32_t)r->row_line}; /* fewer lines than bytes */

    (void)terminator;
    r->row_is_open = false;
    if (r->status != HST_OK) {
        return;
    }
    if (t->n_lines > 0) {
        row.first_cell = t->rows[t->n_lines - 1].first_cell + t->rows[t->n_lines - 1].n_cells;
    }
    row.n_cells = (uint32_t)t->n_cells - row.first_cell; /* each cell has a byte of `text` */
    if (row.n_cells > MAX_COLUMNS) {
        r->status = hst_fail(r->err, HST_ERR_INPUT, "%s, line %zu: more than %d columns", t->name,
                             r->row_line, MAX_COLUMNS);
        return;
    }
    if (t->n_lines == 0 || (!t->has_header && row.n_cells > t->n_columns)) {
        t->n_columns = row.n_cells;
    } else if (t->has_header && row.n_cells != t->n_columns) {
        r->status =
            hst_fail(r->err, HST_ERR_INPUT, "%s, line %zu: %u cells where the header has %zu",
                     t->name, r->row_line, (unsigned)row.n_cells, t->n_columns);
        return;
    }
    if (!grow(&t->rows, &t->rows_capacity, t->n_lines + 1, sizeof *t->rows)) {
        r->status = hst_fail(r->err, HST_ERR_MEMORY, "%s: no memory for the table", t->name);
        return;
    }
    t->rows[t->n_lines++] = row;
}

/* Length of the line that begins at `text`, with its end: \n, \r\n or a lone \r. */
static size_t line_length(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n') {
            return i + 1;
        }
        if (text[i] == '\r') {
            return i + 1 < length && text[i + 1] == '\n' ? i + 2 : i + 1;
        }
    }
    return length;
}

static bool line_is_blank(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (!is_blank(text[i])) {
            return false;
        }
    }
    return true;
}

/* Separators of one line outside quotes: comma, tab, pipe. */
static void count_separators(const char *text, size_t length, size_t counts[3])
{
    bool in_quotes = false;

    counts[0] = counts[1] = counts[2] = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '"') {
            in_quotes = !in_quotes;
        } else if (!in_quotes) {
            counts[0] += text[i] == ',';
            counts[1] += text[i] == '\t';
            counts[2] += text[i] == '|';
        }
    }
}

/* The separator most frequent in the header. Where the header is not the first line, titles and
 * thousands separators hold commas too: there a line with two tabs or two pipes decides. */
static char detect_separator(const char *text, size_t length, bool has_header)
{
    enum { LINES_LOOKED_AT = 100 };
    size_t counts[3];

    for (size_t at = 0, n = 0, i = 0; at < length && i < LINES_LOOKED_AT; at += n, i++) {
        n = line_length(text + at, length - at);
        if (line_is_blank(text + at, n)) {
            continue;
        }
        count_separators(text + at, n, counts);
        if (has_header) {
            return counts[1] > counts[0] && counts[1] >= counts[2] ? '\t'
                   : counts[2] > counts[0]                         ? '|'
                                                                   : ',';
        }
        if (counts[1] >= 2 || counts[2] >= 2) {
            return counts[1] >= counts[2] ? '\t' : '|';
        }
    }
    return ',';
}

/* Hands the text to libcsv line by line. */
static hst_status parse_lines(reader *r, struct csv_parser *parser, const char *text, size_t length)
{
    for (size_t at = 0, n = 0; at < length && r->status == HST_OK; at += n) {
        n = line_length(text + at, length - at);
        r->line++;
        if (memchr(text + at, '\0', n)) {
            return hst_fail(r->err, HST_ERR_INPUT, "%s, line %zu: a NUL byte; this is not text",
                            r->table->name, r->line);
        }
        if (!r->row_is_open) {
            if (line_is_blank(text + at, n)) {
                continue;
            }
            r->row_is_open = true;
            r->row_line = r->line;
            r->row_bytes = 0;
        }
        r->row_bytes += n;
        if (r->row_bytes > MAX_ROW_BYTES) {
            return hst_fail(r->err, HST_ERR_INPUT,
                            "%s, line %zu: a row of more than %d bytes; is a quote left open?",
                            r->table->name, r->row_line, MAX_ROW_BYTES);
        }
        if (csv_parse(parser, text + at, n, on_cell, on_row, r) != n && r->status == HST_OK) {
            return csv_error(parser) == CSV_ENOMEM
                       ? hst_fail(r->err, HST_ERR_MEMORY, "%s, line %zu: no memory for the row",
                                  r->table->name, r->line)
                       : hst_fail(r->err, HST_ERR_INPUT,
                                  "%s, line %zu: a quote in the middle of a cell (a quote inside "
                                  "a quoted cell is written twice)",
                                  r->table->name, r->line);
        }
    }
    if (r->status == HST_OK && csv_fini(parser, on_cell, on_row, r) != 0 && r->status == HST_OK) {
        return hst_fail(r->err, HST_ERR_INPUT,
                        "%s, line %zu: a quote is opened in this row and never closed",
                        r->table->name, r->row_line);
    }
    return r->status;
}

static hst_status check_header(const hst_table *table, hst_error *err)
{
    for (size_t i = 0; i < table->n_columns; i++) {
        const char *name = hst_table_column_name(table, i);

        for (size_t j = 0; j < i && name[0] != '\0'; j++) {
            if (strcasecmp(name, hst_table_column_name(table, j)) == 0) {
                return hst_fail(err, HST_ERR_INPUT,
                                "%s, line %u: columns %zu and %zu of the header have the same name",
                                table->name, (unsigned)table->rows[0].line, j + 1, i + 1);
            }
        }
    }
    return HST_OK;
}

static hst_status name_columns_by_number(hst_table *table, hst_error *err)
{
    table->numbers = calloc(table->n_columns, sizeof *table->numbers);
    if (!table->numbers) {
        return hst_fail(err, HST_ERR_MEMORY, "%s: no memory for %zu columns", table->name,
                        table->n_columns);
    }
    for (size_t i = 0; i < table->n_columns; i++) {
        snprintf(table->numbers[i], sizeof table->numbers[i], "%u", (unsigned)(i + 1));
    }
    return HST_OK;
}

static hst_status read_bytes(hst_table **out, const char *text, size_t length, const char *name,
                             bool has_header, hst_error *err)
{
    hst_status status = HST_OK;
    struct csv_parser parser;
    bool parser_is_open = false;
    char separator = '\0';
    hst_table *table = NULL;
    reader r = {.err = err};

    *out = NULL;
    table = calloc(1, sizeof *table);
    if (!table || !(table->name = strdup(name))) {
        status = hst_fail(err, HST_ERR_MEMORY, "%s: no memory for the table", name);
        goto done;
    }
    table->has_header = has_header;
    r.table = table;
    if (length >= 2 && (memcmp(text, "\xFF\xFE", 2) == 0 || memcmp(text, "\xFE\xFF", 2) == 0)) {
        status = hst_fail(err, HST_ERR_INPUT, "%s: text in UTF-16; save it as CSV in UTF-8", name);
        goto done;
    }
    if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        text += 3;
        length -= 3;
    }
    separator = detect_separator(text, length, has_header);
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        status = hst_fail(err, HST_ERR_SYSTEM, "%s: libcsv does not start", name);
        goto done;
    }
    parser_is_open = true;
    csv_set_delim(&parser, (unsigned char)separator);

    status = parse_lines(&r, &parser, text, length);
    if (status != HST_OK) {
        goto done;
    }
    if (table->n_lines == 0) {
        status = hst_fail(err, HST_ERR_INPUT, "%s: the file is empty", name);
        goto done;
    }
    status = has_header ? check_header(table, err) : name_columns_by_number(table, err);
    if (status != HST_OK) {
        goto done;
    }
    *out = table;
    table = NULL; /* now the caller's */

done:
    if (parser_is_open) {
        csv_free(&parser);
    }
    hst_table_free(table);
    return status;
}

static hst_status too_large(const char *name, hst_error *err)
{
    return hst_fail(err, HST_ERR_INPUT, "%s: more than 1 GiB; this is no small table", name);
}

static hst_status read_stream(hst_table **out, FILE *stream, const char *name, bool has_header,
                              hst_error *err)
{
    hst_status status = HST_OK;
    char *text = NULL;
    size_t length = 0, capacity = 0, n_read = 0;
    struct stat found;

    *out = NULL;
    if (fstat(fileno(stream), &found) == 0 && found.st_size > MAX_TABLE_BYTES) {
        return too_large(name, err);
    }
    do {
        if (!grow(&text, &capacity, length + 65536, 1)) {
            status = hst_fail(err, HST_ERR_MEMORY, "%s: no memory to read the file", name);
            goto done;
        }
        n_read = fread(text + length, 1, capacity - length, stream);
        length += n_read;
        if (length > MAX_TABLE_BYTES) { /* cells and their NULs are numbered in 32 bits */
            status = too_large(name, err);
            goto done;
        }
    } while (n_read > 0);
    if (ferror(stream)) {
        status = hst_fail_system(err, name, "cannot be read");
        goto done;
    }
    status = read_bytes(out, text, length, name, has_header, err);

done:
    free(text);
    return status;
}

static hst_status read_path(hst_table **out, const char *path, bool has_header, hst_error *err)
{
    hst_status status = hst_regular_file_check(path, err);
    FILE *file = NULL;

    *out = NULL;
    if (status != HST_OK) {
        return status;
    }
    file = fopen(path, "rb");
    if (!file) {
        return errno == ENOENT || errno == ENOTDIR
                   ? hst_fail(err, HST_ERR_USAGE, "%s: %s", path, strerror(errno))
                   : hst_fail_system(err, path, "cannot be read");
    }
    status = read_stream(out, file, path, has_header, err);
    if (fclose(file) != 0 && status == HST_OK) {
        hst_table_free(*out);
        *out = NULL;
        status = hst_fail_system(err, path, "cannot be read");
    }
    return status;
}

hst_status hst_table_read(hst_table **out, const char *path, hst_error *err)
{
    return read_path(out, path, true, err);
}

hst_status hst_table_read_stream(hst_table **out, FILE *stream, const char *name, hst_error *err)
{
    return read_stream(out, stream, name, true, err);
}

hst_status hst_table_read_text(hst_table **out, const char *text, const char *name, hst_error *err)
{
    return read_bytes(out, text, strlen(text), name, true, err);
}

hst_status hst_table_read_ragged(hst_table **out, const char *path, hst_error *err)
{
    return read_path(out, path, false, err);
}

void hst_table_free(hst_table *table)
{
    if (table) {
        free(table->name);
        free(table->text);
        free(table->cells);
        free(table->rows);
        free(table->numbers);
        free(table);
    }
}

const char *hst_table_name(const hst_table *table)
{
    return table->name;
}

size_t hst_table_n_rows(const hst_table *table)
{
    return table->n_lines - (table->has_header ? 1 : 0);
}

size_t hst_table_n_columns(const hst_table *table)
{
    return table->n_columns;
}

const char *hst_table_column_name(const hst_table *table, size_t column)
{
    return table->has_header ? table->text + table->cells[column] : table->numbers[column];
}

size_t hst_table_find(const hst_table *table, const char *column)
{
    for (size_t i = 0; i < table->n_columns; i++) {
        if (strcasecmp(hst_table_column_name(table, i), column) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

static const struct row *row_of(const hst_table *table, size_t row)
{
    return &table->rows[row + (table->has_header ? 1 : 0)];
}

const char *hst_table_cell(const hst_table *table, size_t row, size_t column)
{
    const struct row *r = row_of(table, row);

    return column < r->n_cells ? table->text + table->cells[r->first_cell + column] : "";
}

size_t hst_table_line(const hst_table *table, size_t row)
{
    return row_of(table, row)->line;
}

/* True when the first line holds a number where a name should be: then it is a row, which may be of
 * a person, and is not shown. */
static bool begins_with_a_row(const hst_table *table)
{
    for (size_t i = 0; i < table->n_columns; i++) {
        const char *name = hst_table_column_name(table, i);

        if (*name >= '0' && *name <= '9') {
            return true;
        }
    }
    return false;
}

hst_status hst_table_require(const hst_table *table, const char *column, size_t *out,
                             hst_error *err)
{
    char names[512] = "";
    size_t length = 0;

    *out = hst_table_find(table, column);
    if (*out != SIZE_MAX) {
        return HST_OK;
    }
    if (begins_with_a_row(table)) {
        return hst_fail(err, HST_ERR_INPUT,
                        "%s: no column `%s`; its first line holds numbers where the names of its "
                        "columns should be",
                        table->name, column);
    }
    for (size_t i = 0; i < table->n_columns && length < sizeof names; i++) {
        int n = snprintf(names + length, sizeof names - length, "%s%s", i > 0 ? ", " : "",
                         hst_table_column_name(table, i));

        length += n > 0 ? (size_t)n : 0;
    }
    return hst_fail(err, HST_ERR_INPUT, "%s: no column `%s`; it has %s%s", table->name, column,
                    names, length >= sizeof names ? " ..." : "");
}

static hst_status not_a(const hst_table *table, size_t row, size_t column, const char *what,
                        hst_error *err)
{
    return hst_fail(err, HST_ERR_INPUT, "%s, line %zu, column %s: %s", table->name,
                    hst_table_line(table, row), hst_table_column_name(table, column), what);
}

hst_status hst_table_double(const hst_table *table, size_t row, size_t column, double *out,
                            hst_error *err)
{
    const char *cell = hst_table_cell(table, row, column);
    char *end = NULL;
    double value = 0;

    /* strtod alone would also take hexadecimal, "inf" and "nan". */
    if (cell[0] == '\0' || cell[strspn(cell, "0123456789+-.eE")] != '\0') {
        return not_a(table, row, column, "not a number", err);
    }
    value = strtod(cell, &end);
    if (*end != '\0' || !isfinite(value)) {
        return not_a(table, row, column, "not a number", err);
    }
    *out = value;
    return HST_OK;
}

/* Nearly all numbers are a few digits, for which strtol and strtod do far too much. */
static bool read_digits(const char *cell, long *out)
{
    size_t n = 0;

    *out = 0;
    for (; cell[n] >= '0' && cell[n] <= '9' && n < 9; n++) {
        *out = *out * 10 + (cell[n] - '0');
    }
    return n > 0 && cell[n] == '\0';
}

hst_status hst_table_long(const hst_table *table, size_t row, size_t column, long *out,
                          hst_error *err)
{
    const char *cell = hst_table_cell(table, row, column);
    char *end = NULL;
    long value = 0;

    if (read_digits(cell, out)) {
        return HST_OK;
    }

    if (cell[0] == '\0' || cell[strspn(cell, "0123456789+-")] != '\0') {
        return not_a(table, row, column, "not a whole number", err);
    }
    errno = 0;
    value = strtol(cell, &end, 10);
    if (*end != '\0' || errno != 0) {
        return not_a(table, row, column, "not a whole number", err);
    }
    *out = value;
    return HST_OK;
}
