/* Reading any bytes as a study file must give a study or an error, nothing else. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "hestia/study.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[] = "/tmp/hestia-fuzz-study-XXXXXX";

static void remove_file(void)
{
    unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int descriptor = -1;
    hst_study *study = NULL;
    hst_error err = {0};

    if (descriptor < 0) {
        descriptor = mkstemp(path);
        if (descriptor < 0 || atexit(remove_file) != 0) {
            abort();
        }
    }
    if (ftruncate(descriptor, 0) != 0 || pwrite(descriptor, data, size, 0) != (ssize_t)size) {
        abort();
    }
    if (hst_study_read(&study, path, &err) == HST_OK) {
        hst_study_free(study);
    } else if (err.message[0] == '\0') {
        abort(); /* a failure without a reason */
    }
    return 0;
}
