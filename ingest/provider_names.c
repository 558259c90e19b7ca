#include "hestia/provider_names.h"

#include <stdlib.h>
#include <string.h>

#include "hestia/table.h"

struct hst_provider_names {
    hst_table *table; /* NULL: nobody has a name */
    size_t code, name;
};

hst_status hst_provider_names_read(hst_provider_names **out, const char *path, hst_error *err)
{
    hst_provider_names *names = calloc(1, sizeof *names);
    hst_status status = HST_OK;

    *out = NULL;
    if (!names) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for names of providers");
    }
    if (path && ((status = hst_table_read(&names->table, path, err)) != HST_OK ||
                 (status = hst_table_require(names->table, "code", &names->code, err)) != HST_OK ||
                 (status = hst_table_require(names->table, "name", &names->name, err)) != HST_OK)) {
        hst_provider_names_free(names);
        return status;
    }
    *out = names;
    return HST_OK;
}

void hst_provider_names_free(hst_provider_names *names)
{
    if (names) {
        hst_table_free(names->table);
        free(names);
    }
}

const char *hst_provider_name(const hst_provider_names *names, const char *code)
{
    for (size_t row = 0; names->table && row < hst_table_n_rows(names->table); row++) {
        if (strcmp(hst_table_cell(names->table, row, names->code), code) == 0) {
            return hst_table_cell(names->table, row, names->name);
        }
    }
    return "";
}
