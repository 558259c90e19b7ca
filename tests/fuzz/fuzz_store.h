/* What fuzz targets share that fill a store or read one: a folder that goes at the end, the store,
 * and the file that they write. A source file that includes this has its own of them. */
#ifndef HESTIA_FUZZ_STORE_H
#define HESTIA_FUZZ_STORE_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "hestia/store.h"

static char fuzz_folder[] = "/tmp/hestia-fuzz-XXXXXX";
static char fuzz_file[128];
static hst_store *store;

static void remove_store(void)
{
    static const char *const names[] = {"/segments", "/key", "/lock", "/hestia-store.json", ""};
    char path[64];

    hst_store_close(store);
    remove(fuzz_file);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s%s", fuzz_folder, names[i]);
        remove(path);
    }
}

/* Once for all inputs. @param file  name in the store's folder of the file that is written */
static void need_store(size_t n_partitions, const char *file)
{
    const hst_store_options options = {.n_partitions = n_partitions};

    if (store) {
        return;
    }
    if (!mkdtemp(fuzz_folder) || hst_store_init(fuzz_folder, &options, NULL) != HST_OK ||
        hst_store_open(&store, fuzz_folder, false, HST_STORE_WRITE, NULL) != HST_OK) {
        abort();
    }
    snprintf(fuzz_file, sizeof fuzz_file, "%s/%s", fuzz_folder, file);
    atexit(remove_store);
}

static void put_file(const void *bytes, size_t size)
{
    FILE *file = fopen(fuzz_file, "wb");

    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
        abort();
    }
}

#endif
