/* Columns delivered in files of their own, held in memory by record key: the texts of a row one
 * after another in a chunk, found by open addressing. A short key finds itself: both files are of
 * one delivery and write it alike, completed or not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hestia/file_look.h"
#include "hestia/row_memory.h"
#include "ingest/extract_internal.h"

enum {
    FIRST_SLOTS = 1024,
    CHUNK_BYTES = 256 * 1024,
    MAX_TEXT = 1024,
    READABLE_BYTES = 64 /* after a text, as after a record */
};

typedef struct slot {
    uint64_t key;
    const char *texts; /* of the row; NULL = free */
} slot;

/* Texts of many rows; none goes over its end. */
typedef struct chunk {
    struct chunk *next;
    size_t size, used; /* bytes, this struct among them */
} chunk;

/* The rows of one `side_files` entry. Texts: two bytes of length, then the text. */
typedef struct side_rows {
    size_t n_columns, n_rows;
    slot *slots;
    size_t n_slots;
    chunk *chunks; /* the first is being filled */
} side_rows;

struct hst_side_table {
    size_t n;
    side_rows *sources; /* [n], as in the layout */
    size_t bytes, max_bytes;
};

static size_t find_slot(const side_rows *rows, uint64_t key)
{
    size_t mask = rows->n_slots - 1;
    size_t i = (size_t)((key * 0x9E3779B97F4A7C15u) >> 20) & mask;

    while (rows->slots[i].texts && rows->slots[i].key != key) {
        i = (i + 1) & mask;
    }
    return i;
}

/* Takes memory into account before it is asked for. */
static hst_status reserve(hst_side_table *table, size_t more, hst_error *err)
{
    if (more > table->max_bytes - table->bytes) {
        return hst_fail(err, HST_ERR_MEMORY,
                        "the side files need more than %zu MiB; give more with --memory",
                        table->max_bytes >> 20);
    }
    table->bytes += more;
    return HST_OK;
}

static hst_status grow_slots(hst_side_table *table, side_rows *rows, hst_error *err)
{
    side_rows larger = *rows;
    hst_status status = HST_OK;

    larger.n_slots = rows->n_slots ? 2 * rows->n_slots : FIRST_SLOTS;
    status = reserve(table, larger.n_slots * sizeof *larger.slots, err);
    if (status != HST_OK) {
        return status;
    }
    larger.slots = hst_row_memory_take_zeroed(larger.n_slots * sizeof *larger.slots);
    if (!larger.slots) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu side rows", larger.n_slots);
    }
    for (size_t i = 0; i < rows->n_slots; i++) {
        if (rows->slots[i].texts) {
            larger.slots[find_slot(&larger, rows->slots[i].key)] = rows->slots[i];
        }
    }
    table->bytes -= rows->n_slots * sizeof *rows->slots;
    hst_row_memory_free(rows->slots, rows->n_slots * sizeof *rows->slots);
    *rows = larger;
    return HST_OK;
}

/* Room for `n` bytes of texts of one row, and for what is read past them. */
static hst_status make_room(hst_side_table *table, side_rows *rows, size_t n, hst_error *err)
{
    size_t wanted = n + READABLE_BYTES;
    size_t size = wanted + sizeof(chunk) > CHUNK_BYTES ? wanted + sizeof(chunk) : CHUNK_BYTES;
    chunk *added = rows->chunks;
    hst_status status = HST_OK;

    if (added && wanted <= added->size - added->used) {
        return HST_OK;
    }
    status = reserve(table, size, err);
    if (status != HST_OK) {
        return status;
    }
    added = hst_row_memory_take_zeroed(size);
    if (!added) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for side columns");
    }
    *added = (chunk){.next = rows->chunks, .size = size, .used = sizeof *added};
    rows->chunks = added;
    return HST_OK;
}

static void clear_rows(side_rows *rows)
{
    while (rows->chunks) {
        chunk *next = rows->chunks->next;

        hst_row_memory_free(rows->chunks, rows->chunks->size);
        rows->chunks = next;
    }
    hst_row_memory_free(rows->slots, rows->n_slots * sizeof *rows->slots);
}

/* Value of a field without quotes and blanks, in `buffer` or in the record. */
static const char *field_text(const hst_record *record, size_t column, char *buffer, size_t *length)
{
    bool quoted = false;
    const char *text = hst_record_field(record, column, length, &quoted);

    if (quoted) {
        *length = hst_record_value(record, column, buffer, MAX_TEXT);
        *length = *length > MAX_TEXT ? MAX_TEXT : *length;
        text = buffer;
    }
    return hst_clean_trim(text, length);
}

/* Adds one row; `columns` are the wanted ones in the side file. */
static hst_status add_row(hst_side_table *table, side_rows *rows, const hst_record *record,
                          size_t key_column, const size_t *columns, hst_error *err)
{
    char buffer[MAX_TEXT], *to = NULL;
    size_t length = 0, i = 0, n_bytes = 0;
    uint64_t key = 0;
    uint16_t stored = 0;
    hst_status status = HST_OK;
    const char *text = NULL;

    if (record->fault != HST_RECORD_OK) {
        return hst_fail(err, HST_ERR_INPUT, "the line cannot be cut into its columns");
    }
    text = field_text(record, key_column, buffer, &length);
    if (!hst_clean_number(text, length, &key)) {
        return hst_fail(err, HST_ERR_INPUT, "the key is not a number");
    }
    if ((rows->n_rows + 1) * 4 > rows->n_slots * 3) {
        status = grow_slots(table, rows, err);
        if (status != HST_OK) {
            return status;
        }
    }
    i = find_slot(rows, key);
    if (rows->slots[i].texts) {
        return hst_fail(err, HST_ERR_INPUT,
                        "the key stands in an earlier line too; a side file has one row for each");
    }
    for (size_t c = 0; c < rows->n_columns; c++) {
        (void)field_text(record, columns[c], buffer, &length);
        if (length >= MAX_TEXT) {
            return hst_fail(err, HST_ERR_INPUT, "a field of %d bytes or more", MAX_TEXT);
        }
        n_bytes += sizeof stored + length;
    }
    status = make_room(table, rows, n_bytes, err);
    if (status != HST_OK) {
        return status;
    }
    to = (char *)rows->chunks + rows->chunks->used;
    rows->chunks->used += n_bytes;
    rows->slots[i] = (slot){.key = key, .texts = to};
    rows->n_rows++;
    for (size_t c = 0; c < rows->n_columns; c++) {
        text = field_text(record, columns[c], buffer, &length);
        stored = (uint16_t)length;
        memcpy(to, &stored, sizeof stored);
        memcpy(to + sizeof stored, text, length);
        to += sizeof stored + length;
    }
    return HST_OK;
}

static hst_status load_file(hst_side_table *table, side_rows *rows, const hst_layout *layout,
                            const hst_side_source *side, size_t p, hst_error *err)
{
    const char *path = side->paths[p];
    uint8_t digest[16];
    hst_header header = {0};
    hst_source *source = NULL;
    hst_scanner *scanner = NULL;
    hst_record record = {0};
    size_t *columns = calloc(side->n_columns + 1, sizeof *columns);
    size_t key_column = 0;
    bool more = false;
    hst_status status = HST_OK;

    if (!columns) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for a side file");
        goto done;
    }
    if ((status = hst_header_read(&header, path, "", 0, err)) != HST_OK ||
        (status = hst_source_open(&source, path, "", HST_INFLATER_AUTO, err)) != HST_OK ||
        (status = hst_scanner_create(&scanner, source, header.separator, HST_SCAN_AUTO, 0, false,
                                     err)) != HST_OK ||
        (status = hst_scanner_next(scanner, &record, &more, err)) != HST_OK) {
        goto done;
    }
    /* all are there: hst_layout_detect has looked */
    key_column = (size_t)hst_names_find(header.names, header.n_names, side->key);
    for (size_t c = 0; c < side->n_columns; c++) {
        columns[c] = (size_t)hst_names_find(header.names, header.n_names,
                                            layout->side_names[side->first_column + c]);
    }
    hst_scanner_expect_fields(scanner, header.n_names);
    while (more) {
        status = hst_scanner_next(scanner, &record, &more, err);
        if (status == HST_OK && more) {
            status = add_row(table, rows, &record, key_column, columns, err);
            if (status != HST_OK) {
                status = hst_fail_at(err, status, "%s, line %llu", path,
                                     (unsigned long long)record.line);
            }
        }
        if (status != HST_OK) {
            goto done;
        }
    }
    hst_source_digest(source, digest);
    if (memcmp(digest, side->digests[p], sizeof digest) != 0) { /* what segments are found by */
        status = hst_fail_changed(err, path);
    }

done:
    hst_scanner_free(scanner);
    hst_source_close(source);
    hst_header_clear(&header);
    free(columns);
    return status;
}

hst_status hst_side_table_load(hst_side_table **out, const hst_layout *layout, size_t memory_bytes,
                               hst_error *err)
{
    hst_status status = HST_OK;
    hst_side_table *table = calloc(1, sizeof *table);

    *out = NULL;
    if (!table || !(table->sources = calloc(layout->n_side + 1, sizeof *table->sources))) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for side files");
        goto done;
    }
    table->n = layout->n_side;
    table->max_bytes = memory_bytes;
    for (size_t s = 0; s < layout->n_side; s++) {
        const hst_side_source *side = &layout->side[s];

        table->sources[s].n_columns = side->n_columns;
        for (size_t p = 0; p < side->n_paths; p++) {
            status = load_file(table, &table->sources[s], layout, side, p, err);
            if (status != HST_OK) {
                goto done;
            }
        }
    }
    *out = table;
    table = NULL;

done:
    hst_side_table_free(table);
    return status;
}

void hst_side_table_free(hst_side_table *side)
{
    if (!side) {
        return;
    }
    for (size_t s = 0; side->sources && s < side->n; s++) {
        clear_rows(&side->sources[s]);
    }
    free(side->sources);
    free(side);
}

const char *hst_side_table_text(const hst_side_table *side, size_t source, uint64_t key,
                                size_t column, size_t *length)
{
    const side_rows *rows = &side->sources[source];
    const char *p = NULL;
    uint16_t stored = 0;
    size_t i = 0;

    *length = 0;
    if (rows->n_slots == 0) {
        return NULL;
    }
    i = find_slot(rows, key);
    p = rows->slots[i].texts;
    if (!p) {
        return NULL;
    }
    for (size_t c = 0; c < column; c++) {
        memcpy(&stored, p, sizeof stored);
        p += sizeof stored + stored;
    }
    memcpy(&stored, p, sizeof stored);
    *length = stored;
    return p + sizeof stored;
}
