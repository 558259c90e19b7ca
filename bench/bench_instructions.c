/*
 * One job on a fixed input, for bench/instructions to count its instructions:
 *
 *     bench_instructions JOB FOLDER [dry]
 *     bench_instructions jobs | build
 *
 * FOLDER holds extract.csv, quoted.csv (the same rows, every field in quotes), rows.yaml and
 * people.yaml, and receives a store. Only what runs inside bench_count is the job; `dry` does all
 * but that, for counters that know whole processes only. Prints how many units were worked on.
 * `jobs` lists names and units, `build` prints what the figures depend on besides the sources.
 *
 * A store has a fixed key and nothing is asked of the clock, so that the same program executes the
 * same instructions every time.
 */
#include <gnu/libc-version.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/lives.h"
#include "bench/made_store.h"
#include "hestia/cohort.h"
#include "hestia/cube.h"
#include "hestia/extract.h"

enum {
    N_EPISODES = 20000,
    N_EPISODES_COUNTED = 40000, /* what a count does once (areas, periods) is small beside them */
    N_PARTITIONS = 16,
    WRITER_BYTES = 256 * 1024, /* blocks fill up with the few rows there are */
    ROWS_AT_ONCE = 32,         /* as hst_ingest */
    PATH_BYTES = 512,
};

/** What a job works on, and what of it is counted. */
typedef struct bench {
    const char *folder;
    bool is_dry;
    uint64_t n; /* units worked on */
} bench;

struct job {
    const char *name, *unit;
    hst_status (*run)(const struct job *job, bench *b, hst_error *err);
    const char *file;
    hst_scan_kernel kernel;
    int n_passes;
    hst_spell_rule spells;
    hst_cips_rule cips;
    bool one_each;
};

typedef hst_status bench_work(void *context, hst_error *err);

#if defined(__clang__)
#define WHOLE __attribute__((noinline))
#else
#define WHOLE __attribute__((noipa)) /* gcc would also make copies for some callers */
#endif

/** Does the work, unless the run is dry: callgrind counts between entry and exit of this function,
 * which it finds by its name. */
void bench_count(const bench *b, hst_status *status, bench_work *work, void *context,
                 hst_error *err);

WHOLE void bench_count(const bench *b, hst_status *status, bench_work *work, void *context,
                       hst_error *err)
{
    if (!b->is_dry) {
        *status = work(context, err); /* no tail call: then its end would not be seen */
    }
}

static void join(char path[PATH_BYTES], const bench *b, const char *name)
{
    snprintf(path, PATH_BYTES, "%s/%s", b->folder, name);
}

/* ---- text to records ---- */

typedef struct scan {
    hst_source *source;
    hst_scanner *scanner;
    uint64_t n_fields;
} scan;

static hst_status open_text(scan *s, const bench *b, const struct job *job, hst_error *err)
{
    char path[PATH_BYTES];
    hst_status status = HST_OK;

    join(path, b, job->file);
    status = hst_source_open(&s->source, path, "", HST_INFLATER_AUTO, err);
    return status == HST_OK
               ? hst_scanner_create(&s->scanner, s->source, ',', job->kernel, 0, false, err)
               : status;
}

static void close_text(scan *s)
{
    hst_scanner_free(s->scanner);
    hst_source_close(s->source);
    *s = (scan){0};
}

static hst_status scan_all(void *context, hst_error *err)
{
    scan *s = context;
    hst_record records[ROWS_AT_ONCE];
    size_t n = 1;
    hst_status status = HST_OK;

    while (status == HST_OK && n > 0) {
        status = hst_scanner_next_batch(s->scanner, records, ROWS_AT_ONCE, &n, err);
        for (size_t i = 0; i < n; i++) {
            s->n_fields += records[i].n_fields;
        }
    }
    return status;
}

static hst_status scan_text(const struct job *job, bench *b, hst_error *err)
{
    scan s = {0};
    hst_status status = open_text(&s, b, job, err);

    if (status == HST_OK) {
        b->n = hst_source_size(s.source);
        bench_count(b, &status, scan_all, &s, err);
    }
    close_text(&s);
    return status;
}

/* ---- records to a segment ---- */

typedef struct decoding {
    hst_decoder *decoder;
    hst_segment_writer *writer;
    hst_record records[ROWS_AT_ONCE];
    size_t n;
} decoding;

static hst_status add_records(void *context, hst_error *err)
{
    decoding *d = context;

    return hst_decoder_add(d->decoder, d->records, d->n, err);
}

static hst_status commit(void *context, hst_error *err)
{
    decoding *d = context;
    hst_segment_info info = {0};

    hst_decoder_info(d->decoder, &info);
    snprintf(info.file, sizeof info.file, "extract.csv");
    return hst_segment_writer_commit(d->writer, &info, err);
}

static hst_status decode_pass(const struct job *job, bench *b, decoding *d, bool is_counted,
                              hst_error *err)
{
    scan s = {0};
    bool more = true;
    hst_status status = open_text(&s, b, job, err);

    if (status == HST_OK) {
        status = hst_scanner_next(s.scanner, d->records, &more, err); /* the header */
    }
    if (status == HST_OK) {
        hst_scanner_expect_fields(s.scanner, d->records[0].n_fields);
    }
    for (d->n = 1; status == HST_OK && d->n > 0;) {
        status = hst_scanner_next_batch(s.scanner, d->records, ROWS_AT_ONCE, &d->n, err);
        if (status == HST_OK && is_counted) {
            b->n += d->n;
            bench_count(b, &status, add_records, d, err);
        } else if (status == HST_OK) {
            status = add_records(d, err);
        }
    }
    close_text(&s);
    return status;
}

/* The last pass is counted, and the commit. What comes by the first time is cleaned and numbered,
 * afterwards it is remembered: most rows of a real extract are like those of a second pass. */
static hst_status decode_text(const struct job *job, bench *b, hst_error *err)
{
    char path[PATH_BYTES];
    hst_extract_spec spec = {.dataset = HST_DATASET_APC, .path = path, .member = ""};
    hst_layout *layout = NULL;
    hst_store *store = NULL;
    decoding d = {0};
    hst_status status = HST_OK;

    join(path, b, "store");
    if ((status = bench_store_make(&store, path, N_PARTITIONS, err)) != HST_OK) {
        goto done;
    }
    join(path, b, job->file);
    if ((status = hst_layout_detect(&layout, &spec, err)) != HST_OK ||
        (status = hst_segment_writer_create(&d.writer, store, WRITER_BYTES, err)) != HST_OK ||
        (status = hst_decoder_create(&d.decoder, layout, NULL, store, d.writer, err)) != HST_OK) {
        goto done;
    }
    for (int pass = 1; pass <= job->n_passes && status == HST_OK; pass++) {
        status = decode_pass(job, b, &d, pass == job->n_passes, err);
    }
    if (status == HST_OK) {
        bench_count(b, &status, commit, &d, err);
    }

done:
    hst_decoder_free(d.decoder);
    hst_segment_writer_free(d.writer);
    hst_store_close(store);
    hst_layout_free(layout);
    return status;
}

/* ---- episodes to spells ---- */

typedef struct building {
    hst_spells *spells;
    bench_lives lives;
    bool one_each;
} building;

static hst_status build_all(void *context, hst_error *err)
{
    building *w = context;
    hst_spell_ledger ledger = {{0}};
    hst_status status = HST_OK;

    for (size_t i = 0, at = 0; at < w->lives.n_episodes && status == HST_OK; i++) {
        size_t n = w->one_each ? 1 : w->lives.sizes[i];

        status = hst_spells_build(w->spells, w->lives.episodes + at, n, &ledger, err);
        at += n;
    }
    return status;
}

static hst_status build_spells(const struct job *job, bench *b, hst_error *err)
{
    building w = {.one_each = job->one_each};
    hst_status status = hst_spells_create(&w.spells, job->spells, job->cips, err);

    if (status == HST_OK && !bench_lives_make(&w.lives, N_EPISODES)) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for %d episodes", N_EPISODES);
    }
    if (status == HST_OK) {
        b->n = N_EPISODES;
        bench_count(b, &status, build_all, &w, err);
    }
    bench_lives_clear(&w.lives);
    hst_spells_free(w.spells);
    return status;
}

/* ---- episodes to counts ---- */

typedef struct counting {
    hst_study *study;
    hst_conditions *conditions;
    hst_measures *measures;
    hst_cohorts *cohorts;
    hst_areas *areas;
    hst_store *store;
    hst_segment *segment;
    hst_cube *cube;
    hst_england *england;
} counting;

static hst_status count_all(void *context, hst_error *err)
{
    counting *c = context;
    const hst_segment *const segments[] = {c->segment};
    const hst_count_options options = {.n_threads = 1, .cohorts = c->cohorts};

    return hst_count(&c->cube, &c->england, c->measures, c->study, c->areas, segments, 1, &options,
                     NULL, err);
}

/* Five years, and 85 and older. */
static void make_bands(hst_age_bands *bands)
{
    *bands = (hst_age_bands){.n = 18};
    for (int age = 0; age <= 120; age++) {
        bands->of_age[age] = (uint8_t)(age < 85 ? age / 5 : 17);
    }
    for (int i = 0; i < 18; i++) {
        bands->lower[i] = 5 * i;
        bands->upper[i] = i < 17 ? 5 * i + 4 : 999;
    }
}

static hst_status prepare_count(counting *c, const bench *b, const struct job *job, hst_error *err)
{
    char path[PATH_BYTES];
    hst_age_bands bands;
    const hst_segment *const *segments = (const hst_segment *const *)&c->segment;
    hst_status status = HST_OK;

    make_bands(&bands);
    join(path, b, job->file);
    if ((status = hst_study_read(&c->study, path, err)) != HST_OK ||
        (status = hst_conditions_read(&c->conditions, c->study->code_lists, err)) != HST_OK ||
        (status = hst_measures_compile(&c->measures, c->study, c->conditions, &bands, err)) !=
            HST_OK) {
        return status;
    }
    join(path, b, "store");
    if ((status = bench_store_make(&c->store, path, N_PARTITIONS, err)) != HST_OK ||
        (status = bench_store_fill(&c->segment, c->store, N_EPISODES_COUNTED, err)) != HST_OK) {
        return status;
    }
    if (c->study->n_cohorts > 0) {
        status = hst_cohorts_create(&c->cohorts, c->study, c->conditions, c->store, err);
    }
    return status == HST_OK ? hst_areas_build(&c->areas, c->study, NULL, segments, 1, err) : status;
}

static hst_status count(const struct job *job, bench *b, hst_error *err)
{
    counting c = {0};
    hst_status status = prepare_count(&c, b, job, err);

    if (status == HST_OK) {
        b->n = N_EPISODES_COUNTED;
        bench_count(b, &status, count_all, &c, err);
    }
    hst_england_free(c.england);
    hst_cube_free(c.cube);
    hst_areas_free(c.areas);
    hst_cohorts_free(c.cohorts);
    hst_segment_close(c.segment);
    hst_store_close(c.store);
    hst_measures_free(c.measures);
    hst_conditions_free(c.conditions);
    hst_study_free(c.study);
    return status;
}

/* ---- all jobs ---- */

static const struct job jobs[] = {
    {"scan, avx2", "byte", scan_text, .file = "extract.csv", .kernel = HST_SCAN_AVX2},
    {"scan, avx2, all quoted", "byte", scan_text, .file = "quoted.csv", .kernel = HST_SCAN_AVX2},
    {"scan, portable", "byte", scan_text, .file = "extract.csv", .kernel = HST_SCAN_PORTABLE},
    {"scan, portable, all quoted", "byte", scan_text, .file = "quoted.csv",
     .kernel = HST_SCAN_PORTABLE},
    {"decode, codes new", "row", decode_text, .file = "extract.csv", .n_passes = 1},
    {"decode, codes known", "row", decode_text, .file = "extract.csv", .n_passes = 2},
    {"decode, codes known, all quoted", "row", decode_text, .file = "quoted.csv", .n_passes = 2},
    {"spells nhsd", "episode", build_spells, .spells = HST_SPELLS_NHSD, .cips = HST_CIPS_NONE},
    {"spells nhsd, cips nhsd", "episode", build_spells, .spells = HST_SPELLS_NHSD,
     .cips = HST_CIPS_NHSD},
    {"spells york, cips york", "episode", build_spells, .spells = HST_SPELLS_YORK,
     .cips = HST_CIPS_YORK},
    {"spells supplied, cips nhsd", "episode", build_spells, .spells = HST_SPELLS_SUPPLIED,
     .cips = HST_CIPS_NHSD},
    {"spells nhsd, cips nhsd, one each", "episode", build_spells, .spells = HST_SPELLS_NHSD,
     .cips = HST_CIPS_NHSD, .one_each = true},
    {"count, rows", "episode", count, .file = "rows.yaml"},
    {"count, people", "episode", count, .file = "people.yaml"},
};

enum { N_JOBS = sizeof jobs / sizeof jobs[0] };

static void print_build(void)
{
#if defined(__clang__)
    printf("clang %d", __clang_major__);
#else
    printf("gcc %d", __GNUC__);
#endif
    printf("; %s; C library %s; avx2 %s\n", HESTIA_BUILD_FLAGS, gnu_get_libc_version(),
           hst_scan_kernel_is_available(HST_SCAN_AVX2) ? "yes" : "no");
}

int main(int argc, char **argv)
{
    bench b = {.folder = argc > 2 ? argv[2] : "", .is_dry = argc > 3};
    hst_error err = {0};

    if (argc == 2 && strcmp(argv[1], "build") == 0) {
        print_build();
        return 0;
    }
    for (size_t i = 0; i < N_JOBS; i++) {
        if (argc == 2 && strcmp(argv[1], "jobs") == 0) {
            if (hst_scan_kernel_is_available(jobs[i].kernel)) {
                printf("%s\t%s\n", jobs[i].name, jobs[i].unit);
            }
        } else if (argc > 2 && strcmp(argv[1], jobs[i].name) == 0) {
            if (jobs[i].run(&jobs[i], &b, &err) != HST_OK) {
                fprintf(stderr, "%s: %s\n", jobs[i].name, err.message);
                return 1;
            }
            printf("%" PRIu64 "\n", b.n);
            return 0;
        }
    }
    if (argc == 2 && strcmp(argv[1], "jobs") == 0) {
        return 0;
    }
    fprintf(stderr, "usage: bench_instructions JOB FOLDER [dry] | jobs | build\n");
    return 2;
}
