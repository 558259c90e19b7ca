/* Random numbers by their place alone, so that any thread can draw any of them. */
#ifndef HESTIA_IMPACT_DRAW_H
#define HESTIA_IMPACT_DRAW_H

#include <stdint.h>

/* Mixes 64 bits: splitmix64's finaliser (Steele, Lea and Flood, OOPSLA 2014, 453-472). */
static inline uint64_t hst_mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* Uniform on (0, 1), neither end included: number `i` of series `series` under a seed. */
static inline double hst_draw_uniform(uint64_t seed, uint64_t series, uint64_t i)
{
    uint64_t bits = hst_mix(hst_mix(hst_mix(seed) ^ series) ^ i);

    return ((double)(bits >> 11) + 0.5) * 0x1p-53;
}

#endif
