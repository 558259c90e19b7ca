/* How verdicts are called. */
#include "hestia/impact.h"

const char *hst_verdict_name(hst_verdict verdict)
{
    static const char *const names[] = {[HST_CANNOT_TELL] = "cannot tell",
                                        [HST_NO_CLEAR_CHANGE] = "no clear change",
                                        [HST_CHANGE] = "change"};

    return names[verdict];
}
