/* The input of a fuzzer as a file, for code that reads files. */
#ifndef HESTIA_FUZZ_SCRATCH_FILE_H
#define HESTIA_FUZZ_SCRATCH_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char scratch_path[] = "/tmp/hestia-fuzz-XXXXXX";

static void scratch_remove(void)
{
    remove(scratch_path);
}

/** Writes the one file of this process anew; it goes when the process ends. */
static void scratch_write(const uint8_t *data, size_t size)
{
    static bool is_made = false;
    FILE *file = NULL;

    if (!is_made) {
        int fd = mkstemp(scratch_path);
        if (fd < 0 || close(fd) != 0 || atexit(scratch_remove) != 0) {
            abort();
        }
        is_made = true;
    }
    file = fopen(scratch_path, "wb");
    if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0) {
        abort();
    }
}

#endif
