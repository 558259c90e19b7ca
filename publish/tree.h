/* Folders and whole files, for the modules of publish/. */
#ifndef HESTIA_PUBLISH_TREE_H
#define HESTIA_PUBLISH_TREE_H

#include <stdbool.h>

#include "hestia/status.h"

/** "<a>/<b>", which the caller frees; NULL without memory. */
char *hst_tree_join(const char *a, const char *b);

/** Makes a directory and those above it; one that is there already is well. */
HST_MUST_CHECK hst_status hst_tree_make(const char *path, hst_error *err);

/** Removes a file or a folder with all that is in it; absent is well. Links are not followed. */
HST_MUST_CHECK hst_status hst_tree_remove(const char *path, hst_error *err);

/** False when a folder in it, or it itself, may not be written in: it is somebody else's, or
 * write-protected. */
bool hst_tree_may_be_removed(const char *path);

/** Puts the names that a folder holds on the disk; with hst_tree_sync those of all folders in it,
 * too. A file system that refuses to sync a folder is well: nothing is lost by that but a
 * guarantee. */
HST_MUST_CHECK hst_status hst_tree_sync_folder(const char *path, hst_error *err);
HST_MUST_CHECK hst_status hst_tree_sync(const char *path, hst_error *err);

/** Copies a folder of files and folders, permissions included, to a name that is free. */
HST_MUST_CHECK hst_status hst_tree_copy(const char *from, const char *to, hst_error *err);

/** Copies one file to a name that is free. */
HST_MUST_CHECK hst_status hst_tree_copy_file(const char *from, const char *to, hst_error *err);

/** Writes a file whole under a temporary name, syncs and renames it. */
HST_MUST_CHECK hst_status hst_tree_write(const char *path, unsigned mode, const char *text,
                                         size_t length, hst_error *err);

#endif
