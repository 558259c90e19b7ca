/* Text of a JSON value, for whoever writes one into a file. */
#ifndef HESTIA_INGEST_JSON_TEXT_H
#define HESTIA_INGEST_JSON_TEXT_H

#include <stddef.h>

#include <jansson.h>

/**
 * What json_dumps makes, with a newline at its end. json_dumps itself leaves bytes out (a quotation
 * mark, a comma) when it cannot make its text longer, and says nothing (jansson 2.14); here the
 * room is there before the text.
 *
 * @return text of [*length] bytes and a NUL, which the caller frees; NULL without memory, and for a
 * NULL `value`
 */
char *hst_json_compose(const json_t *value, size_t flags, size_t *length);

#endif
