/* The description of a segment as bytes: its fields one after another, so that no padding gets into
 * the file. A field added to hst_segment_info is added here, and HST_SEGMENT_VERSION goes up. */
#include <string.h>

#include "ingest/store_internal.h"

#define FIELD(name)                                                                                \
    {                                                                                              \
        offsetof(hst_segment_info, name), sizeof(((hst_segment_info *)0)->name)                    \
    }

static const struct info_field {
    size_t at, bytes;
} fields[] = {
    FIELD(dataset),
    FIELD(file),
    FIELD(digest),
    FIELD(layout_key),
    FIELD(input_bytes),
    FIELD(separator),
    FIELD(encoding),
    FIELD(person_column),
    FIELD(n_area_columns),
    FIELD(area_columns),
    FIELD(rows_read),
    FIELD(rows_used),
    FIELD(rejected),
    FIELD(first_line),
    FIELD(first_column),
    FIELD(noticed),
    FIELD(partyear_min),
    FIELD(partyear_max),
    FIELD(admidate_min),
    FIELD(admidate_max),
    FIELD(epiend_max),
    FIELD(n_diagnosis_columns),
    FIELD(n_procedure_columns),
    FIELD(three_character_diagnoses),
};

size_t hst_segment_info_pack(const hst_segment_info *info, uint8_t *bytes)
{
    size_t n = 0;

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (bytes) {
            memcpy(bytes + n, (const uint8_t *)info + fields[i].at, fields[i].bytes);
        }
        n += fields[i].bytes;
    }
    return n;
}

static bool ends(const char *text, size_t capacity)
{
    return memchr(text, '\0', capacity) != NULL;
}

bool hst_segment_info_unpack(hst_segment_info *info, const uint8_t *bytes, size_t n)
{
    hst_segment_info read = {0};
    uint64_t n_rows = 0;
    bool makes_sense = true;

    for (size_t i = 0, at = 0; i < sizeof fields / sizeof *fields; at += fields[i++].bytes) {
        if (at + fields[i].bytes > n) {
            return false;
        }
        /* a bool must be looked at as a byte first: another value than 0 or 1 is no bool */
        if (fields[i].at == offsetof(hst_segment_info, three_character_diagnoses) &&
            bytes[at] > 1) {
            return false;
        }
        memcpy((uint8_t *)&read + fields[i].at, bytes + at, fields[i].bytes);
    }
    n_rows = read.rows_used;
    makes_sense = read.dataset >= HST_DATASET_APC && read.dataset <= HST_DATASET_AE &&
                  read.n_area_columns <= HST_MAX_AREA_COLUMNS &&
                  ends(read.file, sizeof read.file) && ends(read.encoding, sizeof read.encoding) &&
                  ends(read.person_column, sizeof read.person_column);
    for (size_t i = 0; i < HST_MAX_AREA_COLUMNS; i++) {
        makes_sense = makes_sense && ends(read.area_columns[i], sizeof read.area_columns[i]);
    }
    for (size_t i = 0; i < HST_N_REASONS; i++) {
        makes_sense = makes_sense && ends(read.first_column[i], sizeof read.first_column[i]);
        n_rows += read.rejected[i];
    }
    if (!makes_sense || n_rows != read.rows_read) {
        return false;
    }
    *info = read;
    return true;
}
