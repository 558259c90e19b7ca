/* Disclosure control of a release. */
#include "hestia/disclosure.h"

#include <string.h>

#include "hestia/publish.h"

hst_status hst_disclose(hst_publication *publication, hst_disclosure *out, hst_error *err)
{
    const char *rule = publication->study->publish.disclosure.rule;

    *out = (hst_disclosure){0};
    if (strcmp(rule, "none") == 0) {
        return HST_OK;
    }
    return hst_fail(err, HST_ERR_USAGE, "%s, line %zu: disclosure rule `%s` is not in this version",
                    publication->study->path, publication->study->publish.line, rule);
}
