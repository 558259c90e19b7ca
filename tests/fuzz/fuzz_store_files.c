/* Opening a store of which one file is of any bytes must give a store or a reason. The first byte
 * chooses the file: settings, catalogue or key. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hestia/store.h"
#include "tests/fuzz/scratch_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {"hestia-store.json", "catalogue.json", "key"};
enum { N_NAMES = sizeof names / sizeof *names };

static char folder[] = "/tmp/hestia-fuzz-XXXXXX";
static char settings[4096], key[4096];
static size_t n_settings, n_key;

static void path_of(char path[128], const char *name)
{
    snprintf(path, 128, "%s/%s", folder, name);
}

static void remove_folder(void)
{
    static const char *const all[] = {"segments",       "key", "lock", "hestia-store.json",
                                      "catalogue.json", ""};
    char path[128];

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        path_of(path, all[i]);
        remove(path);
    }
}

static size_t read_file(char *text, size_t capacity, const char *name)
{
    char path[128];
    size_t n = 0;
    FILE *file = NULL;

    path_of(path, name);
    file = fopen(path, "rb");
    if (!file || (n = fread(text, 1, capacity, file)) == 0 || fclose(file) != 0) {
        abort();
    }
    return n;
}

static void write_file(const char *name, const void *bytes, size_t n)
{
    char path[128];
    FILE *file = NULL;

    path_of(path, name);
    file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, n, file) != n || fclose(file) != 0) {
        abort();
    }
}

static void make_store(void)
{
    const hst_store_options options = {.n_partitions = 1};

    if (!mkdtemp(folder) || hst_store_init(folder, &options, NULL) != HST_OK ||
        atexit(remove_folder) != 0) {
        abort();
    }
    n_settings = read_file(settings, sizeof settings, names[0]);
    n_key = read_file(key, sizeof key, names[2]);
    scratch_write((const uint8_t *)"x", 1); /* an input that the catalogue may know */
}

/* Asks for all that a reader may. */
static void use(hst_store *store)
{
    uint8_t digest[16] = {0};
    hst_segment_id *ids = NULL;
    size_t n = 0;

    (void)hst_store_known(store, scratch_path, "", digest);
    (void)hst_store_may_know(store, scratch_path, 1);
    (void)hst_store_has_input(store, digest);
    if (hst_store_n_partitions(store) == 0) {
        abort();
    }
    if (hst_store_segments(store, &ids, &n, NULL) == HST_OK && n > 0) {
        abort(); /* there is none */
    }
    free(ids);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool is_made = false;
    hst_store *store = NULL;
    hst_error err = {0};

    if (!is_made) {
        make_store();
        is_made = true;
    }
    if (size == 0) {
        return 0;
    }
    write_file(names[0], settings, n_settings);
    write_file(names[1], "{}", 2);
    write_file(names[2], key, n_key);
    write_file(names[data[0] % N_NAMES], data + 1, size - 1);
    if (hst_store_open(&store, folder, false, HST_STORE_READ, &err) == HST_OK) {
        use(store);
    } else if (err.message[0] == '\0' || store) {
        abort(); /* a failure without a reason, or with a result */
    }
    hst_store_close(store);
    return 0;
}
