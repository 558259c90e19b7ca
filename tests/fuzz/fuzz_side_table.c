/* Any bytes as a side file: its rows by key, or a reason. */
#include <stdlib.h>
#include <string.h>

#include "hestia/extract.h"
#include "ingest/extract_internal.h"
#include "tests/fuzz/scratch_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char extract_path[] = "/tmp/hestia-fuzz-extract-XXXXXX";

static void remove_extract(void)
{
    remove(extract_path);
}

/* An extract whose person identifiers and area stand in the side file. */
static void make_extract(void)
{
    static const char text[] =
        "EPIKEY,ADMIDATE,EPISTART,EPIEND,EPIORDER,EPISTAT,ADMIMETH,ADMISORC,CLASSPAT,DISDATE,"
        "DISDEST,DISMETH,EPITYPE,PROCODE,SEX,STARTAGE,DIAG_01\n";
    int fd = mkstemp(extract_path);

    if (fd < 0 || write(fd, text, sizeof text - 1) != sizeof text - 1 || close(fd) != 0 ||
        atexit(remove_extract) != 0) {
        abort();
    }
}

static void use(const hst_side_table *side)
{
    size_t length = 0, n_letters = 0;

    for (uint64_t key = 0; key < 8; key++) {
        for (size_t column = 0; column < 2; column++) {
            const char *text = hst_side_table_text(side, 0, key, column, &length);

            for (size_t i = 0; text && i < length; i++) {
                n_letters += text[i] == 'x';
            }
        }
    }
    if (n_letters > (size_t)1 << 24) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool is_made = false;
    static const char *const columns[] = {"HESID", "RESPCT06"};
    const char *paths[] = {scratch_path};
    const hst_side_spec sides[] = {
        {.n_paths = 1, .paths = paths, .key = "EPIKEY", .n_columns = 2, .columns = columns}};
    hst_extract_spec spec = {.dataset = HST_DATASET_APC,
                             .path = extract_path,
                             .member = "",
                             .n_side_files = 1,
                             .side_files = sides};
    hst_layout *layout = NULL;
    hst_side_table *side = NULL;
    hst_error err = {0};

    if (!is_made) {
        make_extract();
        is_made = true;
    }
    scratch_write(data, size);
    if (hst_layout_detect(&layout, &spec, &err) == HST_OK &&
        hst_side_table_load(&side, layout, (size_t)1 << 24, &err) == HST_OK) {
        use(side);
    } else if (err.message[0] == '\0' || side) {
        abort(); /* a failure without a reason, or with a result */
    }
    hst_side_table_free(side);
    hst_layout_free(layout);
    return 0;
}
