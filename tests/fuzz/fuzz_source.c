/* Any bytes given as a file: a reason to refuse it, or text; the same by both inflaters, and with
 * the digest that the file has. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hestia/source.h"
#include "tests/fuzz/scratch_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_TEXT = 4 * 1024 * 1024, MAX_MEMBERS = 3 };

/* Reads up to MAX_TEXT; `*is_whole` when that was all. */
static hst_status read_text(char *text, size_t *n, bool *is_whole, const char *member,
                            hst_inflater inflater)
{
    hst_source *source = NULL;
    hst_error err = {0};
    size_t n_read = 1;
    hst_status status = hst_source_open(&source, scratch_path, member, inflater, &err);

    *n = 0;
    while (status == HST_OK && n_read > 0 && *n < MAX_TEXT) {
        status = hst_source_read(source, text + *n, MAX_TEXT - *n, &n_read, &err);
        *n += n_read;
    }
    *is_whole = status == HST_OK && n_read == 0;
    if (*is_whole) {
        uint8_t digest[16], alone[16];
        hst_source_digest(source, digest);
        if (hst_source_file_digest(scratch_path, member, alone, &err) != HST_OK ||
            memcmp(digest, alone, sizeof digest) != 0) {
            abort();
        }
    }
    if (status != HST_OK && err.message[0] == '\0') {
        abort();
    }
    hst_source_close(source);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char first[MAX_TEXT], second[MAX_TEXT];
    char **members = NULL;
    size_t n_members = 0;
    hst_error err = {0};

    scratch_write(data, size);
    if (hst_source_members(&members, &n_members, scratch_path, &err) != HST_OK &&
        err.message[0] == '\0') {
        abort();
    }
    for (size_t i = 0; i < n_members && i < MAX_MEMBERS; i++) {
        size_t n = 0, n_second = 0;
        bool is_whole = false, is_second_whole = false;
        if (read_text(first, &n, &is_whole, members[i], HST_INFLATER_AUTO) == HST_OK &&
            read_text(second, &n_second, &is_second_whole, members[i], HST_INFLATER_ZLIB) ==
                HST_OK &&
            (n != n_second || is_whole != is_second_whole || memcmp(first, second, n) != 0)) {
            abort();
        }
    }
    hst_source_free_members(members, n_members);
    return 0;
}
