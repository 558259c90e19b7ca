/* Orders of episodes and spells. Numbers of providers and spells differ from store to store: they
 * may only bring equal ones together. */
#include "spell_internal.h"

#include <string.h>

enum { SHORT_RUN = 16 };

static bool is_after(uint32_t a, uint32_t b, hst_compare_numbered *compare, const void *base)
{
    int order = compare(base, a, b);

    return order > 0 || (order == 0 && a > b);
}

static void sort_short(uint32_t *numbers, size_t n, hst_compare_numbered *compare, const void *base)
{
    for (size_t i = 1; i < n; i++) {
        uint32_t number = numbers[i];
        size_t at = i;

        while (at > 0 && is_after(numbers[at - 1], number, compare, base)) {
            numbers[at] = numbers[at - 1];
            at--;
        }
        numbers[at] = number;
    }
}

/* Merges the sorted halves [0, middle) and [middle, n) through `room`. */
static void merge(uint32_t *numbers, uint32_t *room, size_t middle, size_t n,
                  hst_compare_numbered *compare, const void *base)
{
    size_t left = 0, right = middle;

    if (is_after(numbers[middle], numbers[middle - 1], compare, base)) {
        return;
    }
    memcpy(room, numbers, middle * sizeof *room);
    for (size_t at = 0; left < middle; at++) {
        if (right < n && is_after(room[left], numbers[right], compare, base)) {
            numbers[at] = numbers[right++];
        } else {
            numbers[at] = room[left++];
        }
    }
}

void hst_sort_numbers(uint32_t *numbers, uint32_t *room, size_t n, hst_compare_numbered *compare,
                      const void *base)
{
    for (size_t at = 0; at < n; at += SHORT_RUN) {
        sort_short(numbers + at, n - at < SHORT_RUN ? n - at : SHORT_RUN, compare, base);
    }
    for (size_t width = SHORT_RUN; width < n; width *= 2) {
        for (size_t at = 0; n - at > width; at += 2 * width) {
            size_t both = n - at < 2 * width ? n - at : 2 * width;

            merge(numbers + at, room, width, both, compare, base);
            if (both < 2 * width) {
                break;
            }
        }
    }
}

/* Everything that is left when the keys of both rules are equal, the hashes apart. */
static int compare_rest(const hst_stay_episode *a, const hst_stay_episode *b)
{
    const uint64_t of_a[] = {(uint64_t)a->admidate << 32 | (uint64_t)a->disdate << 16 | a->admimeth,
                             (uint64_t)a->admisorc << 32 | (uint64_t)a->disdest << 16 | a->notes,
                             (uint64_t)a->epistat << 16 | (uint64_t)a->classpat << 8 | a->dismeth};
    const uint64_t of_b[] = {(uint64_t)b->admidate << 32 | (uint64_t)b->disdate << 16 | b->admimeth,
                             (uint64_t)b->admisorc << 32 | (uint64_t)b->disdest << 16 | b->notes,
                             (uint64_t)b->epistat << 16 | (uint64_t)b->classpat << 8 | b->dismeth};
    int order = hst_compare_u64(of_a[0], of_b[0]);

    order = order ? order : hst_compare_u64(of_a[1], of_b[1]);
    return order ? order : hst_compare_u64(of_a[2], of_b[2]);
}

static uint64_t episode_rank(const hst_stay_episode *e)
{
    uint8_t missing_last = (uint8_t)(e->epiorder - 1);

    return (uint64_t)e->epistart << 24 | (uint64_t)missing_last << 16 | e->epiend;
}

int hst_compare_episodes(const void *base, uint32_t a, uint32_t b)
{
    const hst_stay_episode *x = (const hst_stay_episode *)base + a;
    const hst_stay_episode *y = (const hst_stay_episode *)base + b;
    int order = hst_compare_u64(episode_rank(x), episode_rank(y));

    order = order ? order : hst_compare_u64(x->record_key, y->record_key);
    return order ? order : compare_rest(x, y);
}

/* 0 neither, 1 out, 2 in and out, 3 in. */
static unsigned transit(const hst_stay_episode *e)
{
    bool is_out = hst_is_transfer_out(e->disdest);

    return hst_is_transfer_in(e->admimeth, e->admisorc) ? (is_out ? 2 : 3) : is_out;
}

int hst_compare_york(const void *base, uint32_t a, uint32_t b)
{
    const hst_stay_episode *x = (const hst_stay_episode *)base + a;
    const hst_stay_episode *y = (const hst_stay_episode *)base + b;
    int order = hst_compare_u64(x->provider, y->provider);

    order =
        order
            ? order
            : hst_compare_u64((uint64_t)x->epistart << 24 | (uint64_t)x->epiend << 8 | x->epiorder,
                              (uint64_t)y->epistart << 24 | (uint64_t)y->epiend << 8 | y->epiorder);
    order = order ? order : hst_compare_u64(transit(x), transit(y));
    order = order ? order : hst_compare_u64(x->record_key, y->record_key);
    return order ? order : compare_rest(x, y);
}

int hst_compare_spells(const hst_spell *a, const hst_spell *b)
{
    int order =
        hst_compare_u64((uint64_t)a->start << 16 | a->end, (uint64_t)b->start << 16 | b->end);

    order = order ? order : hst_compare_u64(a->smallest_key, b->smallest_key);
    order = order ? order
                  : hst_compare_u64(
                        (uint64_t)a->epistart << 32 | (uint64_t)a->admidate << 16 | a->disdate,
                        (uint64_t)b->epistart << 32 | (uint64_t)b->admidate << 16 | b->disdate);
    order = order ? order
                  : hst_compare_u64(
                        (uint64_t)a->admimeth << 32 | (uint64_t)a->admisorc << 16 | a->disdest,
                        (uint64_t)b->admimeth << 32 | (uint64_t)b->admisorc << 16 | b->disdest);
    order = order ? order
                  : hst_compare_u64((uint64_t)a->classpat << 8 | a->dismeth,
                                    (uint64_t)b->classpat << 8 | b->dismeth);
    return order ? order : hst_compare_u64(a->n_episodes, b->n_episodes);
}
