/* JSON written piece by piece, to stand inside a page: tables of any size take no memory. */
#ifndef HESTIA_PUBLISH_JSON_STREAM_H
#define HESTIA_PUBLISH_JSON_STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/**
 * Where the JSON goes. The functions return nothing: failures stay in the stream, whose ferror is
 * asked at the end. Each takes the key of the value, NULL inside an array.
 *
 * Texts cannot end the element of a page that the JSON stands in: `<`, `>`, `&` and the line
 * separators of JavaScript are escaped. Bytes that are not UTF-8 become U+FFFD. Numbers have the
 * digits of hst_csv_real; NAN is null, and an infinite number 1e999, which readers take for one.
 */
typedef struct hst_json_stream {
    FILE *stream;
    bool has_items; /**< of the object or array that is open */
} hst_json_stream;

void hst_json_begin_object(hst_json_stream *json, const char *key);
void hst_json_end_object(hst_json_stream *json);
void hst_json_begin_array(hst_json_stream *json, const char *key);
void hst_json_end_array(hst_json_stream *json);

void hst_json_text(hst_json_stream *json, const char *key, const char *text); /**< NULL: null */
void hst_json_real(hst_json_stream *json, const char *key, double number);
void hst_json_count(hst_json_stream *json, const char *key, uint64_t number);
void hst_json_flag(hst_json_stream *json, const char *key, bool flag); /**< true or false */
void hst_json_null(hst_json_stream *json, const char *key);

#endif
