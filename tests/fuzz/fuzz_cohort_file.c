/* Reading any bytes as a file of person identifiers must give a list or an error, nothing else. */
#define _XOPEN_SOURCE 700 /* mkdtemp */
#include <stdlib.h>
#include <string.h>

#include "hestia/cohort.h"
#include "scratch_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[] = "/tmp/hestia-fuzz-store-XXXXXX";
static hst_store *store;

static void remove_store(void)
{
    static const char *const names[] = {"/segments", "/key", "/lock", "/hestia-store.json", ""};
    char path[128];

    hst_store_close(store);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s%s", folder, names[i]);
        remove(path);
    }
}

static void make_store(void)
{
    if (!mkdtemp(folder) || hst_store_open(&store, folder, true, HST_STORE_WRITE, NULL) != HST_OK ||
        atexit(remove_store) != 0) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hst_study_cohort cohort = {.id = (char *)"listed",
                               .file = scratch_path,
                               .window = {HST_DATE_MISSING, HST_DATE_MISSING}};
    hst_study study = {.path = (char *)"study.yaml", .n_cohorts = 1, .cohorts = &cohort};
    hst_cohorts *cohorts = NULL;
    hst_error err = {0};

    if (!store) {
        make_store();
    }
    scratch_write(data, size);
    if (hst_cohorts_create(&cohorts, &study, NULL, store, &err) == HST_OK) {
        if (hst_cohorts_n_listed(cohorts, 0) == 0) {
            abort(); /* a list of nobody */
        }
        hst_cohorts_free(cohorts);
    } else if (err.message[0] == '\0' || cohorts) {
        abort(); /* a failure without a reason, or with a result */
    }
    return 0;
}
