/*
 * What making spells costs, on one thread:
 *
 *     bench_spell [EPISODES] [ROUNDS]
 *
 * makes people of 1 to 60 episodes (2 million episodes in all) and times hst_spells_build alone by
 * each rule, in turns; prints the medians of the rounds (5): name, episodes, seconds of CPU,
 * episodes/s, spells, continuous spells, tab-separated. `one each` are people of a single episode;
 * copying the episodes anew for each round is not counted.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/lives.h"

enum { N_JOBS = 5, MAX_ROUNDS = 99 };

static const struct job {
    const char *name;
    hst_spell_rule rule;
    hst_cips_rule cips;
    bool one_each;
} jobs[N_JOBS] = {
    {"nhsd, no continuous spells", HST_SPELLS_NHSD, HST_CIPS_NONE, false},
    {"nhsd, nhsd", HST_SPELLS_NHSD, HST_CIPS_NHSD, false},
    {"york, york", HST_SPELLS_YORK, HST_CIPS_YORK, false},
    {"supplied, nhsd", HST_SPELLS_SUPPLIED, HST_CIPS_NHSD, false},
    {"nhsd, nhsd, one each", HST_SPELLS_NHSD, HST_CIPS_NHSD, true},
};

static hst_status run_job(const bench_lives *lives, hst_stay_episode *work, const struct job *job,
                          hst_spell_ledger *ledger, double *seconds, hst_error *err)
{
    hst_spells *spells = NULL;
    hst_status status = hst_spells_create(&spells, job->rule, job->cips, err);
    struct timespec begin, end;
    size_t n = job->one_each ? lives->n_episodes : lives->n;

    memset(ledger, 0, sizeof *ledger);
    memcpy(work, lives->episodes, lives->n_episodes * sizeof *work);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    for (size_t i = 0, at = 0; i < n && status == HST_OK; i++) {
        size_t size = job->one_each ? 1 : lives->sizes[i];

        status = hst_spells_build(spells, work + at, size, ledger, err);
        at += size;
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    *seconds = (double)(end.tv_sec - begin.tv_sec) + 1e-9 * (double)(end.tv_nsec - begin.tv_nsec);
    hst_spells_free(spells);
    return status;
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    static double seconds[N_JOBS][MAX_ROUNDS];
    static hst_spell_ledger ledgers[N_JOBS];
    long n_episodes = argc > 1 ? atol(argv[1]) : 2000000;
    int n_rounds = argc > 2 ? atoi(argv[2]) : 5, code = 1;
    bench_lives lives = {0};
    hst_stay_episode *work = NULL;
    hst_error err = {0};

    if (n_episodes < 1 || n_rounds < 1 || n_rounds > MAX_ROUNDS) {
        fprintf(stderr, "usage: bench_spell [EPISODES] [ROUNDS]\n");
        return 2;
    }
    work = calloc((size_t)n_episodes, sizeof *work);
    if (!work || !bench_lives_make(&lives, (size_t)n_episodes)) {
        fprintf(stderr, "no memory for %ld episodes\n", n_episodes);
        goto done;
    }
    for (int round = 0; round < n_rounds; round++) {
        for (size_t j = 0; j < N_JOBS; j++) {
            if (run_job(&lives, work, &jobs[j], &ledgers[j], &seconds[j][round], &err) != HST_OK) {
                fprintf(stderr, "%s\n", err.message);
                goto done;
            }
        }
    }
    for (size_t j = 0; j < N_JOBS; j++) {
        double median = 0;

        qsort(seconds[j], (size_t)n_rounds, sizeof seconds[j][0], compare_doubles);
        median = seconds[j][n_rounds / 2];
        printf("%s\t%zu\t%.3f\t%.0f\t%" PRIu64 "\t%" PRIu64 "\n", jobs[j].name, lives.n_episodes,
               median, (double)lives.n_episodes / median, ledgers[j].n[HST_SPELL_SPELLS],
               ledgers[j].n[HST_SPELL_CIPS]);
    }
    code = 0;

done:
    bench_lives_clear(&lives);
    free(work);
    return code;
}
