/* Any bytes as the head of an extract of any data set: a layout whose every part can be asked for,
 * or a reason.
 *
 * The first byte chooses the data set, the separator, and whether the bytes are the extract's own
 * first line or a header file of their own. */
#include <stdlib.h>
#include <string.h>

#include "hestia/extract.h"
#include "tests/fuzz/scratch_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Asks for all that a caller may. */
static void use(hst_layout *layout)
{
    const char *names[HST_MAX_AREA_COLUMNS], *field = NULL, *column = NULL;
    unsigned kinds = hst_layout_person_kinds(layout);
    uint8_t key[16];
    size_t n_letters = 0;

    for (size_t i = 0; hst_layout_describe(layout, i, &field, &column); i++) {
        n_letters += strlen(field) + strlen(column);
        if (!hst_layout_has_column(layout, "HESID") && strcmp(column, "HESID") == 0) {
            abort(); /* a column in use that is not there */
        }
    }
    for (size_t i = 0; i < hst_layout_area_columns(layout, names); i++) {
        n_letters += strlen(names[i]);
    }
    if (n_letters == 0 || kinds == 0 || hst_layout_n_columns(layout) == 0) {
        abort(); /* a layout of nothing */
    }
    for (unsigned k = 0; k < HST_N_PERSON_KINDS; k++) {
        if (kinds & 1u << k) {
            hst_layout_use_person(layout, (hst_person_kind)k);
            hst_layout_key(layout, key);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const hst_dataset datasets[] = {HST_DATASET_APC, HST_DATASET_OP, HST_DATASET_AE};
    unsigned options = size > 0 ? data[0] : 0;
    hst_extract_spec spec = {.dataset = datasets[options % 3],
                             .path = scratch_path,
                             .member = "",
                             .separator = "\0,|\t"[options >> 2 & 3],
                             .header_file = options & 16 ? scratch_path : NULL};
    hst_dataset guess = HST_DATASET_APC;
    hst_layout *layout = NULL;
    hst_error err = {0};

    scratch_write(data + (size > 0), size > 0 ? size - 1 : 0);
    if (hst_extract_guess_dataset(&guess, scratch_path, "", &err) != HST_OK &&
        err.message[0] == '\0') {
        abort();
    }
    err.message[0] = '\0';
    if (hst_layout_detect(&layout, &spec, &err) == HST_OK) {
        use(layout);
    } else if (err.message[0] == '\0' || layout) {
        abort(); /* a failure without a reason, or with a result */
    }
    hst_layout_free(layout);
    return 0;
}
