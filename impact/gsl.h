/* GSL made quiet. */
#ifndef HESTIA_IMPACT_GSL_H
#define HESTIA_IMPACT_GSL_H

/* Turns GSL's error handler off, which would end the program; we check what its functions return.
 * The handler is one for the whole process, so it is set once, whichever thread comes first. */
void hst_gsl_quiet(void);

#endif
