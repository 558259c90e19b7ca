/* Prints docs/study-file.md: `hestia_study_docs > docs/study-file.md`. */
#include <stdio.h>

#include "ingest/study_internal.h"

int main(void)
{
    hst_study_write_reference(stdout);
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
