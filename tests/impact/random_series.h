/* Random numbers of the tests of impact: the same on every machine. */
#ifndef HESTIA_TESTS_RANDOM_SERIES_H
#define HESTIA_TESTS_RANDOM_SERIES_H

#include <math.h>
#include <stdint.h>

/* 0 to 1, neither included. */
static inline double next_uniform(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return ((double)(*state >> 11) + 0.5) / 9007199254740992.0;
}

/* By the sum of uniforms: normal enough. */
static inline double next_normal(uint64_t *state)
{
    double sum = -6;

    for (int i = 0; i < 12; i++) {
        sum += next_uniform(state);
    }
    return sum;
}

/* By counting exponential gaps; for small and middling means. */
static inline double next_poisson(uint64_t *state, double mean)
{
    double count = -1, length = 0;

    while (length < mean) {
        length -= log(next_uniform(state));
        count++;
    }
    return count;
}

#endif
