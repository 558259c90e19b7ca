#include "ingest/json_text.h"

#include <stdlib.h>

char *hst_json_compose(const json_t *value, size_t flags, size_t *length)
{
    size_t n = value ? json_dumpb(value, NULL, 0, flags) : 0;
    char *text = n > 0 ? malloc(n + 2) : NULL;

    *length = 0;
    if (!text) {
        return NULL;
    }
    if (json_dumpb(value, text, n, flags) != n) {
        free(text);
        return NULL;
    }
    text[n] = '\n';
    text[n + 1] = '\0';
    *length = n + 1;
    return text;
}
