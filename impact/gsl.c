#include "impact/gsl.h"

#include <pthread.h>

#include <gsl/gsl_errno.h>

static void turn_handler_off(void)
{
    gsl_set_error_handler_off();
}

void hst_gsl_quiet(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, turn_handler_off);
}
