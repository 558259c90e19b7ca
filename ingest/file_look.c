/* Whether a file changed while it was read: half of it would be of one delivery, half of another.
 */
#include "hestia/file_look.h"

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

hst_file_look hst_file_look_of(const struct stat *facts)
{
    return (hst_file_look){.size = (uint64_t)facts->st_size,
                           .inode = (uint64_t)facts->st_ino,
                           .device = (uint64_t)facts->st_dev,
                           .modified = facts->st_mtim,
                           .changed = facts->st_ctim};
}

bool hst_file_look_same(const hst_file_look *a, const hst_file_look *b)
{
    return a->size == b->size && a->inode == b->inode && a->device == b->device &&
           same_time(a->modified, b->modified) && same_time(a->changed, b->changed);
}

hst_status hst_fail_changed(hst_error *err, const char *path)
{
    return hst_fail(err, HST_ERR_INPUT,
                    "%s changed while it was read; run again when its delivery has ended", path);
}

hst_status hst_file_look_check(const hst_file_look *before, const char *path, hst_error *err)
{
    struct stat facts;
    hst_file_look now;

    if (stat(path, &facts) != 0) {
        return hst_fail_changed(err, path);
    }
    now = hst_file_look_of(&facts);
    return hst_file_look_same(before, &now) ? HST_OK : hst_fail_changed(err, path);
}
