/* What all tests share. */
#ifndef HESTIA_TESTS_SUPPORT_H
#define HESTIA_TESTS_SUPPORT_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/** Fails unless `actual` is within `rel_tol` of `expected` (absolute 1e-12 at 0; NAN only equals
 * NAN). */
#define assert_close(actual, expected, rel_tol)                                                    \
    hst_assert_close((actual), (expected), (rel_tol), __FILE__, __LINE__)

static inline void hst_assert_close(double actual, double expected, double rel_tol,
                                    const char *file, int line)
{
    double tolerance = expected == 0 ? 1e-12 : rel_tol * fabs(expected);

    if (isnan(actual) && isnan(expected)) {
        return;
    }
    if (actual != expected && !(fabs(actual - expected) <= tolerance)) {
        print_error("%.17g is not close to %.17g (relative tolerance %g)\n", actual, expected,
                    rel_tol);
        _fail(file, line);
    }
}

#endif
