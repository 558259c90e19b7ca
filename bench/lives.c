#include "bench/lives.h"

#include <stdlib.h>

enum { LONGEST_LIFE = 60 };

unsigned bench_random_below(uint64_t *state, unsigned n)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (unsigned)(*state >> 33) % n;
}

/* Stays of one to three episodes at a few providers, some followed by a transfer, in no order. */
static void make_life(uint64_t *state, hst_stay_episode *life, size_t n, uint64_t first_key)
{
    hst_day day = (hst_day)(26000 + bench_random_below(state, 300));
    size_t n_left = 0;
    bool goes_on = false; /* in another stay, by a transfer */
    hst_stay_episode e = {0};

    for (size_t i = 0; i < n; i++) {
        if (n_left == 0) {
            bool is_transfer = goes_on;

            goes_on = bench_random_below(state, 12) == 0;
            n_left = 1u + (bench_random_below(state, 8) == 0);
            n_left += bench_random_below(state, 24) == 0;
            day = (hst_day)(day + (is_transfer ? 0 : bench_random_below(state, 300)));
            e = (hst_stay_episode){.admidate = day,
                                   .admimeth = HST_CODE2('2', '1'),
                                   .admisorc =
                                       is_transfer ? HST_CODE2('5', '1') : HST_CODE2('1', '9'),
                                   .epistat = '3',
                                   .classpat = '1'};
            e.provider = 1 + bench_random_below(state, 3);
            e.spell_number = 1 + bench_random_below(state, 1000000);
            e.sus_spell = e.spell_number;
        }
        n_left--;
        e.record_key = first_key + i;
        e.epiorder++;
        e.epistart = day;
        e.epiend = day = (hst_day)(day + bench_random_below(state, 6));
        e.disdate = n_left == 0 ? day : 0;
        e.disdest = n_left > 0 ? HST_CODE2('9', '8')
                    : goes_on  ? HST_CODE2('5', '1')
                               : HST_CODE2('1', '9');
        e.dismeth = n_left == 0 ? '1' : '8';
        life[i] = e;
    }
    for (size_t i = n; i-- > 1;) { /* files of different years come in any order */
        size_t other =
            bench_random_below(state, 4) == 0 ? bench_random_below(state, (unsigned)i + 1) : i;
        hst_stay_episode kept = life[i];

        life[i] = life[other];
        life[other] = kept;
    }
}

bool bench_lives_make(bench_lives *lives, size_t n_episodes)
{
    uint64_t state = 88172645463325252u;

    *lives = (bench_lives){.n_episodes = n_episodes};
    lives->episodes = calloc(n_episodes, sizeof *lives->episodes);
    lives->sizes = calloc(n_episodes, sizeof *lives->sizes);
    if (!lives->episodes || !lives->sizes) {
        return false;
    }
    for (size_t at = 0; at < n_episodes; lives->n++) {
        size_t n = 1;

        while (n < LONGEST_LIFE && bench_random_below(&state, 4) != 0) {
            n++;
        }
        n = n < n_episodes - at ? n : n_episodes - at;
        make_life(&state, lives->episodes + at, n, at + 1);
        lives->sizes[lives->n] = (uint32_t)n;
        at += n;
    }
    return true;
}

void bench_lives_clear(bench_lives *lives)
{
    free(lives->episodes);
    free(lives->sizes);
    *lives = (bench_lives){0};
}
