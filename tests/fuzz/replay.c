/* Gives every file of the folders named to a fuzz target: the seeds as a plain test, without a
 * fuzzer. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_BYTES = 1024 * 1024 };

static int replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    /* no byte more than the seed has, so that the sanitizer sees a read past it */
    uint8_t *whole = malloc(MAX_BYTES), *data = NULL;
    size_t size = 0;
    int result = 1;

    if (file && whole) {
        size = fread(whole, 1, MAX_BYTES, file);
        data = malloc(size > 0 ? size : 1);
    }
    if (data && !ferror(file)) {
        memcpy(data, whole, size);
        printf("%s: %zu bytes\n", path, size);
        result = LLVMFuzzerTestOneInput(data, size);
    }
    free(data);
    free(whole);
    if (file) {
        fclose(file);
    }
    return result;
}

int main(int argc, char **argv)
{
    int n_files = 0, result = 0;

    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        struct dirent *entry = NULL;

        while (folder && (entry = readdir(folder))) {
            char path[4096];

            if (entry->d_name[0] != '.') {
                snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name);
                result |= replay(path);
                n_files++;
            }
        }
        if (folder) {
            closedir(folder);
        }
    }
    if (n_files == 0) {
        fprintf(stderr, "no seeds found\n");
    }
    return n_files == 0 || result != 0;
}
