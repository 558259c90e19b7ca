/* The one flag that a signal handler may set; long loops ask for it. */
#include "hestia/ingest.h"

#include <stdatomic.h>

static atomic_bool interrupt_requested;

bool hst_interrupt_requested(void)
{
    return atomic_load_explicit(&interrupt_requested, memory_order_relaxed);
}

void hst_interrupt_request(void)
{
    atomic_store_explicit(&interrupt_requested, true, memory_order_relaxed);
}
