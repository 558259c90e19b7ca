#include "bench/made_store.h"

#include <stdio.h>
#include <string.h>

#include "bench/lives.h"

enum { KEY_BYTES = 32, N_AREAS = 10, N_DIAGNOSES = 2600, MAX_DIAGNOSES = 8 };

/* In the place of the random key of a new store. */
static hst_status fix_key(const char *path, hst_error *err)
{
    uint8_t key[KEY_BYTES];
    char name[512];
    FILE *file = NULL;
    bool is_written = false;

    for (size_t i = 0; i < sizeof key; i++) {
        key[i] = (uint8_t)(17 * i + 3);
    }
    snprintf(name, sizeof name, "%s/key", path);
    file = fopen(name, "r+b");
    is_written = file && fwrite(key, sizeof key, 1, file) == 1;
    if ((file && fclose(file) != 0) || !is_written) {
        return hst_fail(err, HST_ERR_SYSTEM, "cannot write %s", name);
    }
    return HST_OK;
}

hst_status bench_store_make(hst_store **out, const char *path, size_t n_partitions, hst_error *err)
{
    hst_store_options options = {.n_partitions = n_partitions};
    hst_status status = hst_store_init(path, &options, err);

    *out = NULL;
    if (status == HST_OK) {
        status = fix_key(path, err);
    }
    return status == HST_OK ? hst_store_open(out, path, false, HST_STORE_WRITE, err) : status;
}

/* What the rows of a person have in common. */
typedef struct person {
    uint64_t hash[2];
    uint16_t area;
    uint8_t sex, age;
} person;

static hst_status add_episode(hst_segment_writer *writer, uint64_t *state, const person *p,
                              const hst_stay_episode *stay, hst_error *err)
{
    uint16_t words[1 + MAX_DIAGNOSES] = {p->area};
    unsigned n = 1 + bench_random_below(state, MAX_DIAGNOSES);
    char text[HST_CODE_BYTES];
    hst_episode e = {.person = {p->hash[0], p->hash[1]},
                     .record_key = stay->record_key,
                     .spell_number = stay->spell_number,
                     .sus_spell = stay->sus_spell,
                     .admidate = stay->admidate,
                     .disdate = stay->disdate,
                     .epistart = stay->epistart,
                     .epiend = stay->epiend,
                     .admimeth = stay->spell_number % 5 < 2 ? HST_CODE2('1', '1') : stay->admimeth,
                     .admisorc = stay->admisorc,
                     .disdest = stay->disdest,
                     .startage = p->age,
                     .sex = p->sex,
                     .epiorder = stay->epiorder,
                     .epistat = stay->epistat,
                     .epitype = '1',
                     .classpat = stay->classpat,
                     .dismeth = stay->dismeth,
                     .n_words = (uint8_t)(1 + n),
                     .n_diagnoses = (uint8_t)n};

    snprintf(text, sizeof text, "RX%u", stay->provider);
    e.provider = hst_segment_writer_code(writer, HST_DICT_PROVIDER, text, strlen(text));
    for (unsigned i = 1; i <= n; i++) { /* few of them often, most of them seldom */
        unsigned a = bench_random_below(state, N_DIAGNOSES);
        unsigned b = bench_random_below(state, N_DIAGNOSES);
        unsigned k = a < b ? a : b;

        snprintf(text, sizeof text, "%c%02u%u", 'A' + k % 26, k / 26, k % 10);
        words[i] = hst_segment_writer_code(writer, HST_DICT_DIAGNOSIS, text, strlen(text));
    }
    return hst_segment_writer_add(writer, &e, words, err);
}

static hst_status add_people(hst_store *store, hst_segment_writer *writer, const bench_lives *lives,
                             hst_error *err)
{
    uint64_t state = 2463534242u;
    hst_status status = HST_OK;

    for (size_t i = 0, at = 0; i < lives->n && status == HST_OK; i++) {
        uint64_t number = i;
        person p = {.age = (uint8_t)bench_random_below(&state, 100)};
        unsigned area = bench_random_below(&state, N_AREAS);
        char text[HST_CODE_BYTES];

        p.sex = bench_random_below(&state, 2) == 0 ? '1' : '2';
        snprintf(text, sizeof text, "5%c%u", 'A' + area % 26, area / 26);
        p.area = hst_segment_writer_code(writer, HST_DICT_AREA, text, strlen(text));
        hst_store_hash(store, &number, sizeof number, p.hash);
        for (size_t k = 0; k < lives->sizes[i] && status == HST_OK; k++) {
            status = add_episode(writer, &state, &p, &lives->episodes[at++], err);
        }
    }
    return status;
}

hst_status bench_store_fill(hst_segment **out, hst_store *store, size_t n_episodes, hst_error *err)
{
    hst_segment_info info = {.dataset = HST_DATASET_APC,
                             .file = "made.csv",
                             .digest = {1},
                             .layout_key = {1},
                             .separator = ',',
                             .encoding = "ascii",
                             .person_column = "PSEUDO_HESID",
                             .n_area_columns = 1,
                             .area_columns = {"RESPCT_HIS"},
                             .rows_read = n_episodes,
                             .rows_used = n_episodes,
                             .n_diagnosis_columns = MAX_DIAGNOSES};
    bench_lives lives = {0};
    hst_segment_writer *writer = NULL;
    hst_status status = HST_OK;

    *out = NULL;
    if (!bench_lives_make(&lives, n_episodes)) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for %zu episodes", n_episodes);
        goto done;
    }
    info.admidate_min = UINT16_MAX;
    for (size_t i = 0; i < n_episodes; i++) {
        const hst_stay_episode *e = &lives.episodes[i];

        info.admidate_min = e->admidate < info.admidate_min ? e->admidate : info.admidate_min;
        info.admidate_max = e->admidate > info.admidate_max ? e->admidate : info.admidate_max;
        info.epiend_max = e->epiend > info.epiend_max ? e->epiend : info.epiend_max;
    }
    status = hst_segment_writer_create(&writer, store, 0, err);
    if (status == HST_OK) {
        status = add_people(store, writer, &lives, err);
    }
    if (status == HST_OK) {
        status = hst_segment_writer_commit(writer, &info, err);
    }
    if (status == HST_OK) {
        status = hst_segment_open(out, store, info.digest, info.layout_key, err);
    }

done:
    hst_segment_writer_free(writer);
    bench_lives_clear(&lives);
    return status;
}
