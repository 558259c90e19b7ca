/* What fuzz targets share that read extracts into a store: a folder that goes at the end, the store
 * and the file of one extract in it. A source file that includes this has its own of them. */
#ifndef HESTIA_FUZZ_STORE_H
#define HESTIA_FUZZ_STORE_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "hestia/store.h"

static char fuzz_folder[] = "/tmp/hestia-fuzz-XXXXXX";
static char extract_file[64]; /* its name promises no packing */
static hst_store *store;

static void remove_store(void)
{
    static const char *const names[] = {"/segments", "/key", "/lock", "/hestia-store.json", ""};
    char path[64];

    hst_store_close(store);
    remove(extract_file);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s%s", fuzz_folder, names[i]);
        remove(path);
    }
}

/* Once for all inputs. */
static void need_store(void)
{
    const hst_store_options options = {.n_partitions = 1};

    if (store) {
        return;
    }
    if (!mkdtemp(fuzz_folder) || hst_store_init(fuzz_folder, &options, NULL) != HST_OK ||
        hst_store_open(&store, fuzz_folder, false, HST_STORE_WRITE, NULL) != HST_OK) {
        abort();
    }
    snprintf(extract_file, sizeof extract_file, "%s/extract", fuzz_folder);
    atexit(remove_store);
}

static void put_extract(const uint8_t *data, size_t size)
{
    FILE *file = fopen(extract_file, "wb");

    if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0) {
        abort();
    }
}

#endif
