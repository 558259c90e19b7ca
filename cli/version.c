/* What was built, from what. In a file of its own, the only one compiled anew for each commit. */
#include "cli.h"

#include "commit.h"

const char cli_version[] = HESTIA_VERSION;
const char cli_commit[] = HESTIA_COMMIT;
const char cli_build_options[] = HESTIA_BUILD_OPTIONS;
