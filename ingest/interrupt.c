/* The one flag that a signal handler may set; long loops ask for it. */
#include "hestia/ingest.h"

#include <stdatomic.h>

static atomic_bool interrupt_requested;

bool hst_interrupt_requested(void)
{
    return atomic_load_explicit(&interrupt_requested, memory_order_relaxed);
}

hst_status hst_interrupt_check(hst_error *err)
{
    return hst_interrupt_requested()
               ? hst_fail(err, HST_ERR_INTERRUPTED, "interrupted; the next run goes on from here")
               : HST_OK;
}

void hst_interrupt_request(void)
{
    atomic_store_explicit(&interrupt_requested, true, memory_order_relaxed);
}

void hst_interrupt_withdraw(void)
{
    atomic_store_explicit(&interrupt_requested, false, memory_order_relaxed);
}
