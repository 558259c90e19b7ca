/* Which data set a header is of. */
#include <string.h>

#include "ingest/extract_internal.h"

static bool is_same_name(const hst_field *a, const hst_field *b)
{
    return a->name && b->name && strcmp(a->name, b->name) == 0;
}

/* True when a data set has a field that must be there and that no other one has. */
static bool is_telling(hst_dataset dataset, size_t field)
{
    bool is_own = hst_fields_of(dataset)[field].is_required;

    for (hst_dataset other = HST_DATASET_APC; other <= HST_DATASET_AE; other++) {
        is_own = is_own && (other == dataset || !is_same_name(&hst_fields_of(dataset)[field],
                                                              &hst_fields_of(other)[field]));
    }
    return is_own;
}

hst_dataset hst_names_dataset(char *const *names, size_t n_names)
{
    hst_dataset best = HST_DATASET_APC;
    size_t best_found = 0, best_telling = 1;

    for (hst_dataset dataset = HST_DATASET_APC; dataset <= HST_DATASET_AE; dataset++) {
        const hst_field *fields = hst_fields_of(dataset);
        size_t n_found = 0, n_telling = 0;

        for (size_t f = 0; f < HST_N_FIELDS; f++) {
            if (is_telling(dataset, f)) {
                n_telling++;
                n_found += hst_names_find_field(names, n_names, &fields[f]) != HST_NO_COLUMN;
            }
        }
        /* by share, since inpatients have more of them */
        if (n_found * best_telling > best_found * n_telling) {
            best = dataset;
            best_found = n_found;
            best_telling = n_telling;
        }
    }
    return best;
}

hst_status hst_extract_guess_dataset(hst_dataset *out, const char *path, const char *member,
                                     hst_error *err)
{
    hst_header header = {0};
    hst_status status = hst_header_read(&header, path, member, 0, err);

    *out = HST_DATASET_APC;
    if (status == HST_OK) {
        *out = hst_names_dataset(header.names, header.n_names);
    }
    hst_header_clear(&header);
    return status;
}
