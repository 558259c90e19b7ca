#include "hestia/regular_file.h"

#include <sys/stat.h>

hst_status hst_regular_file_check(const char *path, hst_error *err)
{
    struct stat found;

    if (stat(path, &found) == 0 && !S_ISREG(found.st_mode)) {
        return hst_fail(err, HST_ERR_USAGE, "%s is not a file", path);
    }
    return HST_OK;
}
