/* Fields that are not in their usual form, or not remembered yet: every rule is clean.c's. Not hot.
 */
#include "ingest/decode_internal.h"

void hst_decode_fault(hst_row *row, hst_reason reason, int column)
{
    if (row->reason == HST_REASON_NONE) {
        row->reason = reason;
        row->fault_column = column;
    }
}

/* Text of a column without blanks, quotes and null words; of a side file's column too. */
const char *hst_decode_text(hst_decoder *decoder, const hst_record *record, int column,
                            uint64_t side_key, size_t *length)
{
    const hst_layout *layout = decoder->layout;
    const char *text = NULL;
    bool quoted = false;

    if ((size_t)column >= layout->header.n_names) {
        size_t at = (size_t)column - layout->header.n_names, source = 0;

        while (at >= layout->side[source].first_column + layout->side[source].n_columns) {
            source++;
        }
        text = hst_side_table_text(decoder->side, source, side_key,
                                   at - layout->side[source].first_column, length);
        return text ? hst_clean_trim(text, length) : "";
    }
    text = hst_record_field(record, (size_t)column, length, &quoted);
    if (quoted) {
        *length = hst_record_value(record, (size_t)column, decoder->text, HST_DECODER_TEXT_BYTES);
        if (*length > HST_DECODER_TEXT_BYTES) {
            *length = HST_DECODER_TEXT_BYTES; /* still too long for anything that is kept */
        }
        text = decoder->text;
    }
    return hst_clean_trim(text, length);
}

/* Value of a text that is not empty; faults and unknown codes are noted in the row. */
static uint16_t clean_text(hst_decoder *decoder, const hst_item *item, int column, const char *text,
                           size_t length, hst_row *row)
{
    hst_reason reason = HST_REASON_MALFORMED_CODE;
    bool is_unknown = false, is_good = true;
    uint16_t value = 0;
    uint32_t partyear = 0;
    char code[HST_CODE_BYTES];
    size_t n = 0;

    switch (item->kind) {
    case HST_KIND_CODE1:
        is_good = hst_clean_code1(item->field, text, length, &value, &is_unknown);
        break;
    case HST_KIND_CODE2:
        is_good = hst_clean_code2(item->field, text, length, &value, &is_unknown);
        break;
    case HST_KIND_AGE:
        is_good = hst_clean_age(text, length, &value, &is_unknown);
        reason = HST_REASON_MALFORMED_NUMBER;
        break;
    case HST_KIND_ORDER:
        is_good = hst_clean_order(text, length, &value, &is_unknown);
        reason = HST_REASON_MALFORMED_NUMBER;
        break;
    case HST_KIND_TIME:
        is_good = hst_clean_time(text, length, &value, &is_unknown);
        reason = HST_REASON_MALFORMED_NUMBER;
        break;
    case HST_KIND_FLAG:
        value = hst_clean_flag(text, length);
        is_unknown = value == 0;
        break;
    case HST_KIND_IMD_DECILE:
        value = hst_clean_imd_decile(text, length);
        break;
    case HST_KIND_IMD_RANK:
        value = hst_clean_imd_rank(text, length);
        break;
    case HST_KIND_PARTYEAR:
        partyear = hst_clean_partyear(text, length);
        is_unknown = partyear == 0;
        value = (uint16_t)(is_unknown ? 0 : partyear - HST_PARTYEAR_BASE);
        break;
    default:
        n = hst_clean_code(item->kind, text, length, code);
        is_good = n < HST_CODE_BYTES;
        if (is_good && n > 0) {
            value = hst_segment_writer_code_padded(decoder->writer, item->dictionary, code, n);
            is_good = value != HST_DICT_FULL;
        }
        break;
    }
    row->n_unknown += is_unknown;
    if (!is_good) {
        hst_decode_fault(row, reason, column);
    }
    return value;
}

/* A field that is not remembered: `column` is the item's, or one of its run. */
uint16_t hst_decode_slowly(hst_decoder *decoder, const hst_record *record, hst_item *item,
                           int column, uint64_t side_key, hst_row *row)
{
    uint32_t n_unknown = row->n_unknown;
    size_t length = 0, raw_length = 0;
    const char *text = hst_decode_text(decoder, record, column, side_key, &length);
    const char *raw = NULL;
    uint16_t value = item->empty;

    if (length > 0) {
        value = clean_text(decoder, item, column, text, length, row);
    }
    /* what is unknown or faulty is not remembered: each is to be counted */
    if ((size_t)column < decoder->layout->header.n_names && row->n_unknown == n_unknown &&
        row->reason == HST_REASON_NONE) {
        raw = hst_raw_field(record, column, &raw_length);
        hst_memo_insert(decoder, &item->memo, raw, raw_length, value);
        if (raw_length <= 2 && item->brief) {
            item->brief[hst_brief_place(raw, raw_length)] = (uint16_t)(value + 1);
        }
    }
    return value;
}

hst_day hst_decode_date_slowly(hst_decoder *decoder, const hst_record *record, int column,
                               uint64_t side_key, hst_row *row)
{
    hst_day day = 0;
    size_t length = 0;
    const char *text = hst_decode_text(decoder, record, column, side_key, &length);

    if (length > 0 && !hst_clean_date(text, length, &day)) {
        hst_decode_fault(row, HST_REASON_MALFORMED_DATE, column);
    }
    return day;
}

/* A comma list of codes in one column. Returns the number of positions in it. */
size_t hst_decode_list(hst_decoder *decoder, const hst_record *record, const hst_item *item,
                       size_t n_positions, uint64_t side_key, uint16_t *codes, hst_row *row)
{
    size_t length = 0, n = 0, start = 0;
    const char *text = hst_decode_text(decoder, record, item->column, side_key, &length);

    for (size_t i = 0; i <= length && n < n_positions; i++) {
        if (i == length || text[i] == ',') {
            size_t code_length = i - start;
            const char *code = hst_clean_trim(text + start, &code_length);

            codes[n] = 0;
            if (code_length > 0) {
                codes[n] = clean_text(decoder, item, item->column, code, code_length, row);
            }
            n++;
            start = i + 1;
        }
    }
    return n;
}
