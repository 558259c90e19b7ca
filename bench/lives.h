#ifndef HESTIA_BENCH_LIVES_H
#define HESTIA_BENCH_LIVES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hestia/spell.h"

/** Made-up people of 1 to 60 episodes, the same at every call and on every machine. */
typedef struct bench_lives {
    size_t n_episodes, n;
    hst_stay_episode *episodes; /**< [n_episodes], person after person */
    uint32_t *sizes;            /**< [n] episodes of each person */
} bench_lives;

/** Fills `lives`, to be freed with bench_lives_clear in any case; false when there is no memory. */
bool bench_lives_make(bench_lives *lives, size_t n_episodes);
void bench_lives_clear(bench_lives *lives);

/** A number from 0 to n - 1; `state` is any number but 0. */
unsigned bench_random_below(uint64_t *state, unsigned n);

#endif
