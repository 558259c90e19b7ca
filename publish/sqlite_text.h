/* publish/views.sql, compiled in. */
#ifndef HESTIA_PUBLISH_SQLITE_TEXT_H
#define HESTIA_PUBLISH_SQLITE_TEXT_H

#include <stddef.h>

/** Text of a file of this folder by its name without ending ("views"); NULL when there is none. */
const char *hst_sqlite_text(const char *name);

#endif
