/* The study file and the small tables are read at several moments of a run, and hashed at another:
 * results are published only if all of that was the same content. */
#include <stdlib.h>

#include "hestia/publish.h"
#include "publish/tables.h"

struct hst_table_looks {
    const hst_study *study;
    size_t n;
    hst_named_table *tables;
    hst_file_look *looks; /* [n] */
};

hst_status hst_table_looks_take(hst_table_looks **out, const hst_study *study, hst_error *err)
{
    hst_status status = HST_OK;
    hst_table_looks *looks = calloc(1, sizeof *looks);

    *out = NULL;
    if (!looks) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the list of tables");
    }
    looks->study = study;
    status = hst_study_tables(&looks->tables, &looks->n, study, err);
    if (status != HST_OK) {
        goto done;
    }
    looks->looks = calloc(looks->n + 1, sizeof *looks->looks);
    if (!looks->looks) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for %zu tables", looks->n);
        goto done;
    }
    for (size_t i = 0; i < looks->n; i++) {
        struct stat facts;

        if (stat(looks->tables[i].path, &facts) == 0) { /* else its reader says so */
            looks->looks[i] = hst_file_look_of(&facts);
        }
    }
    *out = looks;
    looks = NULL; /* now the caller's */

done:
    hst_table_looks_free(looks);
    return status;
}

hst_status hst_table_looks_check(const hst_table_looks *looks, hst_error *err)
{
    hst_status status = hst_file_look_check(&looks->study->look, looks->study->path, err);

    for (size_t i = 0; i < looks->n && status == HST_OK; i++) {
        status = hst_file_look_check(&looks->looks[i], looks->tables[i].path, err);
    }
    return status;
}

void hst_table_looks_free(hst_table_looks *looks)
{
    if (looks) {
        free(looks->looks);
        free(looks->tables);
        free(looks);
    }
}
