#include "publish/json_stream.h"

#include <math.h>
#include <string.h>

#include "hestia/csv.h"
#include "hestia/text.h"

static bool is_escaped(const char *character, size_t n_bytes)
{
    const unsigned char *text = (const unsigned char *)character;

    return n_bytes == 1 ? text[0] < 0x20 || text[0] == 0x7f || strchr("\"\\<>&", text[0])
                        : n_bytes == 3 && text[0] == 0xe2 && text[1] == 0x80 &&
                              (text[2] == 0xa8 || text[2] == 0xa9);
}

static void put_escape(FILE *stream, const char *text, size_t n_bytes)
{
    if (n_bytes == 3) {
        fputs(text[2] == '\xa8' ? "\\u2028" : "\\u2029", stream);
    } else if (text[0] == '"' || text[0] == '\\') {
        fprintf(stream, "\\%c", text[0]);
    } else {
        fprintf(stream, "\\u%04x", (unsigned)(unsigned char)text[0]);
    }
}

static void put_text(FILE *stream, const char *text)
{
    putc('"', stream);
    while (*text) {
        size_t n_plain = 0, n = 0;

        while (text[n_plain] != '\0' && (n = hst_utf8_bytes(text + n_plain)) > 0 &&
               !is_escaped(text + n_plain, n)) {
            n_plain += n;
        }
        fwrite(text, 1, n_plain, stream);
        text += n_plain;
        if (*text == '\0') {
            break;
        }
        if (n == 0) {
            fputs("\\ufffd", stream);
        } else {
            put_escape(stream, text, n);
        }
        text += n > 0 ? n : 1;
    }
    putc('"', stream);
}

/* What stands before a value. */
static void begin_item(hst_json_stream *json, const char *key)
{
    if (json->has_items) {
        putc(',', json->stream);
    }
    json->has_items = true;
    if (key) {
        put_text(json->stream, key);
        putc(':', json->stream);
    }
}

static void begin(hst_json_stream *json, const char *key, char bracket)
{
    begin_item(json, key);
    putc(bracket, json->stream);
    json->has_items = false;
}

/* What is closed is an item of what holds it. */
static void end(hst_json_stream *json, char bracket)
{
    putc(bracket, json->stream);
    json->has_items = true;
}

void hst_json_begin_object(hst_json_stream *json, const char *key)
{
    begin(json, key, '{');
}

void hst_json_end_object(hst_json_stream *json)
{
    end(json, '}');
}

void hst_json_begin_array(hst_json_stream *json, const char *key)
{
    begin(json, key, '[');
}

void hst_json_end_array(hst_json_stream *json)
{
    end(json, ']');
}

void hst_json_text(hst_json_stream *json, const char *key, const char *text)
{
    if (!text) {
        hst_json_null(json, key);
        return;
    }
    begin_item(json, key);
    put_text(json->stream, text);
}

void hst_json_real(hst_json_stream *json, const char *key, double number)
{
    char text[HST_CSV_NUMBER_BYTES];

    if (isnan(number)) {
        hst_json_null(json, key);
        return;
    }
    begin_item(json, key);
    if (isinf(number)) {
        fputs(number > 0 ? "1e999" : "-1e999", json->stream);
    } else {
        fwrite(text, 1, hst_csv_format_real(text, number), json->stream);
    }
}

void hst_json_count(hst_json_stream *json, const char *key, uint64_t number)
{
    char text[HST_CSV_NUMBER_BYTES];

    begin_item(json, key);
    fwrite(text, 1, hst_csv_format_count(text, number), json->stream);
}

void hst_json_flag(hst_json_stream *json, const char *key, bool flag)
{
    begin_item(json, key);
    fputs(flag ? "true" : "false", json->stream);
}

void hst_json_null(hst_json_stream *json, const char *key)
{
    begin_item(json, key);
    fputs("null", json->stream);
}
