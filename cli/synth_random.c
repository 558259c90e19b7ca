/* Random numbers of the artificial patients. */
#include "cli/synth.h"

#include <math.h>

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

synth_rng synth_rng_of(uint64_t seed, uint64_t stream)
{
    return (synth_rng){mix(mix(seed + 0x9e3779b97f4a7c15u) ^ (stream * 0xd1342543de82ef95u + 1))};
}

uint64_t synth_next(synth_rng *rng)
{
    rng->state += 0x9e3779b97f4a7c15u;
    return mix(rng->state);
}

double synth_uniform(synth_rng *rng)
{
    return ((double)(synth_next(rng) >> 12) + 0.5) * 0x1p-52;
}

double synth_exponential(synth_rng *rng, double mean)
{
    return -mean * log(synth_uniform(rng));
}

size_t synth_below(synth_rng *rng, size_t n)
{
    return (size_t)(((synth_next(rng) >> 32) * n) >> 32);
}
