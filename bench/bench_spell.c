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

#include "hestia/spell.h"

enum { N_JOBS = 5, MAX_ROUNDS = 99, LONGEST_LIFE = 60 };

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

typedef struct people {
    size_t n_episodes, n;
    hst_stay_episode *episodes, *work; /* [n_episodes] */
    uint32_t *sizes;                   /* [n] episodes of each person */
} people;

static uint64_t random_state = 88172645463325252u;

static unsigned random_below(unsigned n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state >> 33) % n;
}

/* Stays of one to three episodes at a few providers, some followed by a transfer, in no order. */
static void make_life(hst_stay_episode *life, size_t n, uint64_t first_key)
{
    hst_day day = (hst_day)(26000 + random_below(300));
    size_t n_left = 0;
    hst_stay_episode e = {0};

    for (size_t i = 0; i < n; i++) {
        if (n_left == 0) {
            bool is_transfer = random_below(12) == 0;

            n_left = 1u + (random_below(8) == 0) + (random_below(24) == 0);
            day = (hst_day)(day + (is_transfer ? 0 : random_below(300)));
            e = (hst_stay_episode){.provider = 1 + random_below(3),
                                   .spell_number = 1 + random_below(1000000),
                                   .admidate = day,
                                   .admimeth = HST_CODE2('2', '1'),
                                   .admisorc =
                                       is_transfer ? HST_CODE2('5', '1') : HST_CODE2('1', '9'),
                                   .epistat = '3',
                                   .classpat = '1'};
            e.sus_spell = e.spell_number;
        }
        n_left--;
        e.record_key = first_key + i;
        e.epiorder++;
        e.epistart = day;
        e.epiend = day = (hst_day)(day + random_below(6));
        e.disdate = n_left == 0 ? day : 0;
        e.disdest = n_left == 0 ? HST_CODE2('1', '9') : HST_CODE2('9', '8');
        e.dismeth = n_left == 0 ? '1' : '8';
        life[i] = e;
    }
    for (size_t i = n; i-- > 1;) { /* files of different years come in any order */
        size_t other = random_below(4) == 0 ? random_below((unsigned)i + 1) : i;
        hst_stay_episode kept = life[i];

        life[i] = life[other];
        life[other] = kept;
    }
}

static bool make_people(people *p, size_t n_episodes)
{
    p->n_episodes = n_episodes;
    p->episodes = calloc(n_episodes, sizeof *p->episodes);
    p->work = calloc(n_episodes, sizeof *p->work);
    p->sizes = calloc(n_episodes, sizeof *p->sizes);
    if (!p->episodes || !p->work || !p->sizes) {
        return false;
    }
    for (size_t at = 0; at < n_episodes; p->n++) {
        size_t n = 1;

        while (n < LONGEST_LIFE && random_below(4) != 0) {
            n++;
        }
        n = n < n_episodes - at ? n : n_episodes - at;
        make_life(p->episodes + at, n, at + 1);
        p->sizes[p->n] = (uint32_t)n;
        at += n;
    }
    return true;
}

static hst_status run_job(const people *p, const struct job *job, hst_spell_ledger *ledger,
                          double *seconds, hst_error *err)
{
    hst_spells *spells = NULL;
    hst_status status = hst_spells_create(&spells, job->rule, job->cips, err);
    struct timespec begin, end;
    size_t n = job->one_each ? p->n_episodes : p->n;

    memset(ledger, 0, sizeof *ledger);
    memcpy(p->work, p->episodes, p->n_episodes * sizeof *p->work);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    for (size_t i = 0, at = 0; i < n && status == HST_OK; i++) {
        size_t size = job->one_each ? 1 : p->sizes[i];

        status = hst_spells_build(spells, p->work + at, size, ledger, err);
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
    people p = {0};
    hst_error err = {0};

    if (n_episodes < 1 || n_rounds < 1 || n_rounds > MAX_ROUNDS) {
        fprintf(stderr, "usage: bench_spell [EPISODES] [ROUNDS]\n");
        return 2;
    }
    if (!make_people(&p, (size_t)n_episodes)) {
        fprintf(stderr, "no memory for %ld episodes\n", n_episodes);
        goto done;
    }
    for (int round = 0; round < n_rounds; round++) {
        for (size_t j = 0; j < N_JOBS; j++) {
            if (run_job(&p, &jobs[j], &ledgers[j], &seconds[j][round], &err) != HST_OK) {
                fprintf(stderr, "%s\n", err.message);
                goto done;
            }
        }
    }
    for (size_t j = 0; j < N_JOBS; j++) {
        double median = 0;

        qsort(seconds[j], (size_t)n_rounds, sizeof seconds[j][0], compare_doubles);
        median = seconds[j][n_rounds / 2];
        printf("%s\t%zu\t%.3f\t%.0f\t%" PRIu64 "\t%" PRIu64 "\n", jobs[j].name, p.n_episodes,
               median, (double)p.n_episodes / median, ledgers[j].n[HST_SPELL_SPELLS],
               ledgers[j].n[HST_SPELL_CIPS]);
    }
    code = 0;

done:
    free(p.episodes);
    free(p.work);
    free(p.sizes);
    return code;
}
