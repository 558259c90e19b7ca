/*
 * The reference job with zlib and libcsv, as a C programmer would write it first:
 *
 *     job-libcsv THREADS OUT.csv FILE...
 *     job-libcsv --version
 *
 * FILE may be plain or gzip. Several files share the threads, each thread with a table of its own;
 * of a single one that is gzip a second thread inflates what the first one parses, through a pipe.
 * Tried, all within the noise: reads of 64 KiB to 1 MiB, zlib's own buffer of 8 KiB, CSV_STRICT.
 * Half the time is zlib's, half libcsv's, which looks at every byte and calls once for each of the
 * 193 fields of a row.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <csv.h>
#include <zlib.h>

enum {
    ADMIDATE,
    ADMIMETH,
    EPIORDER,
    EPISTAT,
    EPITYPE,
    RESPCT_HIS,
    SEX,
    SPELDUR,
    STARTAGE,
    N_FIELDS,
    FIELD_BYTES = 16,
    MAX_COLUMNS = 1024,
    MAX_THREADS = 64,
    BUFFER_BYTES = 256 * 1024,
    N_BANDS = 20, /* 0 to 18, then NA */
    FIRST_CAPACITY = 1 << 12
};

static const char *const field_names[N_FIELDS] = {"ADMIDATE", "ADMIMETH", "EPIORDER",
                                                  "EPISTAT",  "EPITYPE",  "RESPCT_HIS",
                                                  "SEX",      "SPELDUR",  "STARTAGE"};

/* One line of the result; an empty slot has no episodes. */
typedef struct group {
    uint64_t area; /* up to eight characters, zero behind them */
    uint32_t rest; /* quarter, sex, band and class as one number */
    uint32_t n_episodes;
    uint64_t bed_days;
} group;

typedef struct table {
    group *slots;
    size_t capacity, n_groups; /* a power of two; at most half of it */
} table;

/* One file being parsed. libcsv's callbacks return nothing: the first failure stays here. */
typedef struct parse {
    table *groups;
    const char *failure;
    size_t n_columns, column;
    bool in_header;
    signed char field_of[MAX_COLUMNS]; /* N_FIELDS for a column that nobody asks for */
    size_t length[N_FIELDS];
    char text[N_FIELDS][FIELD_BYTES];
} parse;

/* What the threads share: each takes the next file until there is none. */
typedef struct work {
    char **files;
    int n_files, next;
    bool overlaps; /* a second thread inflates */
    pthread_mutex_t lock;
} work;

typedef struct worker {
    work *work;
    table groups;
    bool failed;
} worker;

typedef struct feeder {
    gzFile from;
    int to;
    bool failed;
} feeder;

/* ---- the table ---- */

static size_t slot_of(const table *t, uint64_t area, uint32_t rest)
{
    uint64_t hash = (area ^ (uint64_t)rest << 40 ^ rest) * 0x9e3779b97f4a7c15u;
    size_t i = (size_t)(hash >> 20) & (t->capacity - 1);

    while (t->slots[i].n_episodes > 0 && (t->slots[i].area != area || t->slots[i].rest != rest)) {
        i = (i + 1) & (t->capacity - 1);
    }
    return i;
}

static bool grow(table *t)
{
    table larger = {NULL, t->capacity ? 2 * t->capacity : FIRST_CAPACITY, t->n_groups};

    larger.slots = calloc(larger.capacity, sizeof *larger.slots);
    if (!larger.slots) {
        return false;
    }
    for (size_t i = 0; i < t->capacity; i++) {
        if (t->slots[i].n_episodes > 0) {
            larger.slots[slot_of(&larger, t->slots[i].area, t->slots[i].rest)] = t->slots[i];
        }
    }
    free(t->slots);
    *t = larger;
    return true;
}

static bool add(table *t, uint64_t area, uint32_t rest, uint32_t n_episodes, uint64_t bed_days)
{
    group *g = NULL;

    if (2 * t->n_groups >= t->capacity && !grow(t)) {
        return false;
    }
    g = &t->slots[slot_of(t, area, rest)];
    if (g->n_episodes == 0) {
        g->area = area;
        g->rest = rest;
        t->n_groups++;
    }
    g->n_episodes += n_episodes;
    g->bed_days += bed_days;
    return true;
}

static bool merge(table *into, const table *from)
{
    for (size_t i = 0; i < from->capacity; i++) {
        const group *g = &from->slots[i];

        if (g->n_episodes > 0 && !add(into, g->area, g->rest, g->n_episodes, g->bed_days)) {
            return false;
        }
    }
    return true;
}

static bool write_groups(const table *t, const char *path)
{
    FILE *out = fopen(path, "w");
    bool failed = false;

    if (!out) {
        return false;
    }
    fputs("area,quarter,sex,band,class,episodes,los\n", out);
    for (size_t i = 0; i < t->capacity; i++) {
        const group *g = &t->slots[i];
        uint32_t rest = g->rest, is_planned = rest % 2, band = rest / 2 % N_BANDS;
        uint32_t sex = rest / (2 * N_BANDS) % 2 + 1, quarter = rest / (4 * N_BANDS);
        char area[sizeof g->area + 1] = "", name[12] = "NA";

        if (g->n_episodes == 0) {
            continue;
        }
        memcpy(area, &g->area, sizeof g->area);
        if (band < N_BANDS - 1) {
            snprintf(name, sizeof name, "%" PRIu32, band);
        }
        fprintf(out, "%s,%04" PRIu32 "Q%" PRIu32 ",%" PRIu32 ",%s,%c,%" PRIu32 ",%" PRIu64 "\n",
                area, quarter / 4, quarter % 4 + 1, sex, name, is_planned ? 'P' : 'E',
                g->n_episodes, g->bed_days);
    }
    failed = ferror(out) != 0;
    return fclose(out) == 0 && !failed;
}

/* ---- rows ---- */

static void fail(parse *p, const char *reason)
{
    p->failure = p->failure ? p->failure : reason;
}

static bool is(const parse *p, int field, const char *text)
{
    return p->length[field] == strlen(text) && memcmp(p->text[field], text, strlen(text)) == 0;
}

/* The digits from..to of a field as a number; UINT32_MAX for anything else. */
static uint32_t number(const parse *p, int field, size_t from, size_t to)
{
    uint32_t value = 0;

    if (to <= from || to - from > 9 || p->length[field] < to) {
        return UINT32_MAX;
    }
    for (size_t i = from; i < to; i++) {
        char c = p->text[field][i];

        if (c < '0' || c > '9') {
            return UINT32_MAX;
        }
        value = 10 * value + (uint32_t)(c - '0');
    }
    return value;
}

static void count_row(parse *p)
{
    bool is_emergency = p->length[ADMIMETH] > 0 && p->text[ADMIMETH][0] == '2';
    uint32_t year = 0, month = 0, age = 0, days = 0, band = N_BANDS - 1, rest = 0;
    uint64_t area = 0;

    if (!is(p, EPISTAT, "3") || !is(p, EPIORDER, "1") || !is(p, EPITYPE, "1") ||
        (!is(p, SEX, "1") && !is(p, SEX, "2")) ||
        (!is_emergency && !is(p, ADMIMETH, "11") && !is(p, ADMIMETH, "12") &&
         !is(p, ADMIMETH, "13"))) {
        return;
    }
    year = number(p, ADMIDATE, 0, 4);
    month = number(p, ADMIDATE, 5, 7);
    if (p->length[STARTAGE] > 0) {
        age = number(p, STARTAGE, 0, p->length[STARTAGE]);
        band = age >= 7001 ? 0 : age >= 90 ? 18 : age / 5;
    }
    if (p->length[SPELDUR] > 0) {
        days = number(p, SPELDUR, 0, p->length[SPELDUR]);
    }
    if (year > 9999 || month < 1 || month > 12 || age == UINT32_MAX || days == UINT32_MAX ||
        p->length[RESPCT_HIS] > sizeof area) {
        fail(p, "a date, an age, a stay or an area is not as the reference job has them");
        return;
    }
    memcpy(&area, p->text[RESPCT_HIS], p->length[RESPCT_HIS]);
    rest = year * 4 + (month - 1) / 3;
    rest = ((rest * 2 + (is(p, SEX, "2") ? 1 : 0)) * N_BANDS + band) * 2 + (is_emergency ? 0 : 1);
    if (!add(p->groups, area, rest, 1, days)) {
        fail(p, "no memory");
    }
}

static void end_field(void *text, size_t length, void *context)
{
    parse *p = context;
    size_t column = p->column++;
    int field = N_FIELDS;

    if (column >= MAX_COLUMNS) {
        fail(p, "too many columns");
        return;
    }
    if (p->in_header) {
        for (field = 0; field < N_FIELDS; field++) {
            if (length == strlen(field_names[field]) &&
                memcmp(text, field_names[field], length) == 0) {
                break;
            }
        }
        p->field_of[column] = (signed char)field;
        return;
    }
    field = p->field_of[column];
    if (field < N_FIELDS) {
        if (length > FIELD_BYTES) {
            fail(p, "a field is longer than the reference job has them");
            return;
        }
        memcpy(p->text[field], text, length);
        p->length[field] = length;
    }
}

static void end_row(int terminator, void *context)
{
    parse *p = context;

    (void)terminator;
    if (p->in_header) {
        unsigned found = 0;

        for (size_t i = 0; i < p->column && i < MAX_COLUMNS; i++) {
            found |= 1u << p->field_of[i];
        }
        if ((found & ((1u << N_FIELDS) - 1)) != (1u << N_FIELDS) - 1) {
            fail(p, "a column of the reference job is missing");
        }
        p->n_columns = p->column;
        p->in_header = false;
    } else if (p->column != p->n_columns) {
        fail(p, "a row has another number of fields than the header");
    } else if (!p->failure) {
        count_row(p);
    }
    p->column = 0;
}

/* ---- files ---- */

static _Thread_local char buffer[BUFFER_BYTES];

static void *feed(void *context)
{
    feeder *f = context;
    int n = 0;

    while ((n = gzread(f->from, buffer, sizeof buffer)) > 0) {
        for (ssize_t done = 0, part = 0; done < n; done += part) {
            part = write(f->to, buffer + done, (size_t)(n - done));
            if (part < 0) { /* the parser has given up */
                close(f->to);
                return NULL;
            }
        }
    }
    f->failed = n < 0;
    close(f->to);
    return NULL;
}

/* Parses what the descriptor, or else the file itself, gives until its end. */
static void parse_all(parse *p, struct csv_parser *parser, gzFile in, int pipe_end)
{
    ssize_t n = 0;

    do {
        n = pipe_end >= 0 ? read(pipe_end, buffer, sizeof buffer)
                          : gzread(in, buffer, sizeof buffer);
        if (n < 0 || csv_parse(parser, buffer, (size_t)n, end_field, end_row, p) != (size_t)n) {
            fail(p, n < 0 ? "cannot be read" : "libcsv refuses it");
        }
    } while (n > 0 && !p->failure);
    csv_fini(parser, end_field, end_row, p);
    if (p->in_header) {
        fail(p, "has no header");
    }
}

static bool count_file(table *groups, const char *path, bool overlaps)
{
    parse p = {.groups = groups, .in_header = true};
    struct csv_parser parser;
    feeder f = {.to = -1};
    int ends[2] = {-1, -1};
    pthread_t thread;

    f.from = gzopen(path, "rb");
    if (!f.from || gzbuffer(f.from, BUFFER_BYTES) != 0 || csv_init(&parser, 0) != 0) {
        fprintf(stderr, "%s: %s\n", path, f.from ? "no memory" : strerror(errno));
        if (f.from) {
            gzclose_r(f.from);
        }
        return false;
    }
    overlaps = overlaps && !gzdirect(f.from) && pipe(ends) == 0;
    if (overlaps) {
        f.to = ends[1];
        overlaps = pthread_create(&thread, NULL, feed, &f) == 0;
    }
    parse_all(&p, &parser, f.from, overlaps ? ends[0] : -1);
    if (ends[0] >= 0) {
        close(ends[0]);
    }
    if (overlaps) {
        pthread_join(thread, NULL);
    }
    csv_free(&parser);
    if (gzclose_r(f.from) != Z_OK || f.failed) {
        fail(&p, "is damaged or ends too early");
    }
    if (p.failure) {
        fprintf(stderr, "%s: %s\n", path, p.failure);
    }
    return !p.failure;
}

static void *take_files(void *context)
{
    worker *w = context;

    while (!w->failed) {
        int i = 0;

        pthread_mutex_lock(&w->work->lock);
        i = w->work->next++;
        pthread_mutex_unlock(&w->work->lock);
        if (i >= w->work->n_files) {
            break;
        }
        w->failed = !count_file(&w->groups, w->work->files[i], w->work->overlaps);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    static worker workers[MAX_THREADS];
    pthread_t threads[MAX_THREADS];
    work all = {.files = argv + 3, .n_files = argc - 3, .lock = PTHREAD_MUTEX_INITIALIZER};
    int n_threads = argc > 3 ? atoi(argv[1]) : 0, n_started = 0;
    bool failed = false;

    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("zlib %s, libcsv %d.%d.%d\n", zlibVersion(), CSV_MAJOR, CSV_MINOR, CSV_RELEASE);
        return 0;
    }
    if (n_threads < 1 || n_threads > MAX_THREADS) {
        fputs("usage: job-libcsv THREADS OUT.csv FILE...\n", stderr);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    all.overlaps = n_threads > all.n_files;
    for (int i = 0; i < n_threads && i < all.n_files; i++) {
        workers[i].work = &all;
        if (i > 0 && pthread_create(&threads[n_started + 1], NULL, take_files, &workers[i]) == 0) {
            n_started++;
        }
    }
    take_files(&workers[0]);
    for (int i = 1; i <= n_started; i++) {
        pthread_join(threads[i], NULL);
    }
    for (int i = 0; i < MAX_THREADS; i++) {
        failed = failed || workers[i].failed ||
                 (i > 0 && !merge(&workers[0].groups, &workers[i].groups));
    }
    if (!failed && !write_groups(&workers[0].groups, argv[2])) {
        fprintf(stderr, "%s: %s\n", argv[2], strerror(errno));
        failed = true;
    }
    for (int i = 0; i < MAX_THREADS; i++) {
        free(workers[i].groups.slots);
    }
    return failed ? 1 : 0;
}
