/*
 * A file of plain text, or a gzip file of several members (bgzip's blocks, parts put together),
 * read by several threads.
 *
 * The file is cut into ranges, which in a gzip file begin at members. Each is inflated, scanned and
 * decoded by whoever is free, into a spool; spools are added to the segment in the order of the
 * file, so the segment is the same to the byte as when one thread reads.
 *
 * A record may lie across the seam of two ranges, with any number of members in it. So a range has
 * the records that begin after its first line end, up to the one that begins at, or goes over, its
 * seam; for that one it reads on. Where a range begins inside a quoted field its first line end is
 * none. That shows: the record with which a range begins has to be the one before which the range
 * before it stopped. The scanner knows nothing of what came before a record, so when these agree
 * for all ranges, their records are those of the whole file.
 *
 * Where members begin is guessed, where plain text is cut is known. That shows too: a range has to
 * end with a member, of good CRC and length, exactly where the next one begins. Whatever does not
 * agree, or is damaged, is no fault here: then the file is read anew in its order, which says what
 * is wrong and where.
 */
#include "ingest/ranges.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "hestia/ingest.h"
#include "hestia/row_memory.h"
#include "ingest/hash.h"
#include "ingest/row_spool.h"
#include "ingest/store_internal.h"

enum {
    GZIP_RANGE_BYTES = 3 * 1024 * 1024, /* the text read twice at each seam is 1 % of it */
    PLAIN_RANGE_BYTES = 8 * 1024 * 1024,
    SPOOLS_A_WORKER = 2, /* so that one is decoded while the other waits its turn */
    ROWS_AT_ONCE = 32,
    ROWS_BETWEEN_CHECKS = 4096,
    MIN_RANGES = 2,        /* smaller files are read as fast without */
    MAX_IN_VAIN = 1 << 20, /* bytes of a range; the scanner's own limit is one of a whole file */
};

static const uint64_t NOT_KNOWN = UINT64_MAX, NO_NEXT = UINT64_MAX - 1;

/* Where a record stands: by its text from the seam before it on, and by lines. */
typedef struct place {
    bool is_there; /* false: there is no such record */
    uint64_t offset, line;
} place;

typedef struct pool pool;

typedef struct range {
    pool *pool;
    uint64_t start;       /* byte of the file */
    _Atomic uint64_t end; /* where the next begins; NOT_KNOWN, NO_NEXT */
    uint64_t n_told;      /* bytes of it told to job->advance */
    bool is_done;
    hst_row_spool *spool;
    bool *spool_is_used;
    hst_segment_writer *writer; /* of whoever reads it */
    hst_row_numbers *numbers;
    bool has_room;     /* so far, in the dictionaries */
    place first, next; /* its first record, and the first behind it, each from its seam on */
    hst_segment_info info;
} range;

typedef struct worker {
    pool *pool;
    pthread_t thread;
    hst_segment_writer *writer;
    hst_decoder *decoder;
    hst_row_numbers *numbers; /* whoever adds its spools, one at a time */
    hst_row_spool *spools[SPOOLS_A_WORKER];
    bool is_used[SPOOLS_A_WORKER];
} worker;

struct pool {
    const hst_ranges_job *job;
    bool is_plain;
    uint64_t range_bytes;

    pthread_mutex_t
        lock; /* guards what follows, and of a range `end`, when it is set, and is_done */
    pthread_cond_t changed;
    range *ranges; /* [n_places] range n stands at n % n_places */
    size_t n_places, n_begun, n_added;
    bool is_searching, is_adding;
    atomic_bool is_over;
    _Atomic int64_t n_told; /* by all ranges */
    bool is_whole;
    hst_status status;
    hst_error err;

    /* of whoever adds, one at a time */
    hst_segment_writer *segment;
    hst_segment_info info;
    place expected; /* the first record of the next range; its line is that of the file */
    hst_stream_hash *hash;
    unsigned char *bytes; /* of the file, to be hashed */
};

/* Ends the work of all; what comes first counts. Under the lock. */
static void finish(pool *p, bool is_whole, hst_status status, const hst_error *err)
{
    if (!atomic_load(&p->is_over)) {
        p->is_whole = is_whole;
        p->status = status;
        if (status != HST_OK) {
            p->err = *err;
        }
        atomic_store(&p->is_over, true);
    }
    pthread_cond_broadcast(&p->changed);
}

/* ---- reading a range ---- */

/* Whoever reads a range past its size may come to a member before whoever looks for one. */
static hst_seam at_member(void *context, uint64_t offset)
{
    range *r = context;
    pool *p = r->pool;
    uint64_t end = atomic_load(&r->end);

    if (end == NOT_KNOWN && offset - r->start >= p->range_bytes) {
        pthread_mutex_lock(&p->lock);
        end = atomic_load(&r->end);
        if (end == NOT_KNOWN) {
            end = offset;
            atomic_store(&r->end, end);
            pthread_cond_broadcast(&p->changed);
        }
        pthread_mutex_unlock(&p->lock);
    }
    return offset < end ? HST_SEAM_NONE : offset == end ? HST_SEAM_HERE : HST_SEAM_MISSED;
}

/* Tells the bytes of the range read so far, without those behind it. */
static void tell(range *r, uint64_t position)
{
    const hst_ranges_job *job = r->pool->job;
    uint64_t end = atomic_load(&r->end), n = 0;

    position = position < end ? position : end;
    n = position > r->start ? position - r->start : 0;
    if (job->advance && n > r->n_told) {
        job->advance(job->context, (int64_t)(n - r->n_told));
        atomic_fetch_add(&r->pool->n_told, (int64_t)(n - r->n_told));
        r->n_told = n;
    }
}

static place place_of(const hst_scanner *scanner, const hst_record *record, uint64_t seam)
{
    return (place){.is_there = true,
                   .offset = hst_scanner_offset(scanner, record) - seam,
                   .line = record->line};
}

/* The first of n records that begins behind the seam; n when none does, or there is no seam yet. */
static size_t find_next(const hst_scanner *scanner, const hst_source *source,
                        const hst_record *records, size_t n, uint64_t *seam)
{
    size_t i = n;

    if (hst_text_range_has_seam(hst_source_range(source), seam)) {
        while (i > 0 && hst_scanner_offset(scanner, &records[i - 1]) > *seam) {
            i--;
        }
    }
    return i;
}

static hst_status read_rows(range *r, hst_scanner *scanner, const hst_source *source,
                            hst_decoder *decoder, hst_error *err)
{
    hst_record records[ROWS_AT_ONCE];
    uint64_t n_since_check = 0, seam = 0;
    size_t n = 1;
    hst_status status = HST_OK;

    while (status == HST_OK && n > 0 && !r->next.is_there) {
        size_t n_own = 0;

        status = hst_scanner_next_batch(scanner, records, ROWS_AT_ONCE, &n, err);
        if (status != HST_OK || n == 0) {
            break;
        }
        if (!r->first.is_there) {
            r->first = place_of(scanner, &records[0], 0);
        }
        n_own = find_next(scanner, source, records, n, &seam);
        if (n_own < n) {
            r->next = place_of(scanner, &records[n_own], seam);
        }
        status = hst_decoder_add(decoder, records, n_own, err);
        n_since_check += n;
        if (n_since_check >= ROWS_BETWEEN_CHECKS) {
            n_since_check = 0;
            tell(r, hst_source_position(source));
            if (atomic_load(&r->pool->is_over)) {
                break; /* somebody has met a fault: nothing of this is needed */
            }
        }
    }
    return status;
}

/* Whether a range ended as it should: before a record that is of the next; or with the file, where
 * it is the last, or those behind it hold but the rest of its last record. */
static bool has_ended_well(range *r, const hst_scanner *scanner, const hst_source *source)
{
    const hst_text_range *text = hst_source_range(source);
    pool *p = r->pool;
    uint64_t seam = 0;
    bool has_ended = hst_text_range_has_seam(text, &seam);

    if (!has_ended) {
        pthread_mutex_lock(&p->lock);
        if (atomic_load(&r->end) == NOT_KNOWN) {
            atomic_store(&r->end, NO_NEXT);
        }
        has_ended = atomic_load(&r->end) == NO_NEXT;
        pthread_mutex_unlock(&p->lock);
    }
    return has_ended && (r->next.is_there || hst_text_range_is_at_end(text)) &&
           hst_scanner_in_vain(scanner) <= MAX_IN_VAIN;
}

/* Whether a range begins with the record before which the one before it stopped. */
static bool goes_on(const pool *p, const range *r)
{
    return r->start == 0 ||
           (r->first.is_there == p->expected.is_there && r->first.offset == p->expected.offset);
}

static hst_status replay(pool *p, range *r, hst_error *err)
{
    bool has_room = false;
    hst_status status = hst_row_spool_replay(r->spool, r->numbers, p->segment,
                                             p->job->layout->n_areas, &has_room, err);

    r->has_room = r->has_room && has_room;
    return status;
}

/* Takes up what a range's spool holds. */
static hst_status take_rows(range *r, hst_error *err)
{
    bool has_room = false;
    hst_status status = hst_row_spool_end(r->spool, r->writer, &has_room, err);

    r->has_room = r->has_room && has_room;
    return status;
}

/* Rows of the first range that is not added need not wait for the rest of it: of two members of 80
 * MB, the rows of one need no file. Nobody else adds while that range is not done. */
static hst_status drain(void *context, bool *has_drained, hst_error *err)
{
    range *r = context;
    pool *p = r->pool;
    hst_status status = HST_OK;

    pthread_mutex_lock(&p->lock);
    *has_drained = !p->is_adding && r == &p->ranges[p->n_added % p->n_places];
    pthread_mutex_unlock(&p->lock);
    *has_drained = *has_drained && goes_on(p, r);
    if (*has_drained) {
        status = take_rows(r, err);
        if (status == HST_OK) {
            status = replay(p, r, err);
        }
        if (status == HST_OK) {
            status = hst_row_spool_begin(r->spool, r->writer, drain, r, err);
        }
    }
    return status;
}

static hst_status open_range(hst_source **source, range *r, hst_error *err)
{
    const hst_ranges_job *job = r->pool->job;
    const hst_input_file *file = hst_source_file(job->source);

    return r->pool->is_plain
               ? hst_source_open_plain_range(source, file, r->start, atomic_load(&r->end), err)
               : hst_source_open_gzip_range(source, file, r->start, job->inflater, at_member, r,
                                            err);
}

/* Reads the rows of a range into a spool; `*is_good` is false where they may not be right. */
static hst_status read_range(worker *w, range *r, bool *is_good, hst_error *err)
{
    const hst_ranges_job *job = w->pool->job;
    hst_source *source = NULL;
    hst_scanner *scanner = NULL;
    hst_record header;
    bool more = true;
    hst_status status = open_range(&source, r, err);

    *is_good = false;
    if (status != HST_OK ||
        (status = hst_scanner_create(&scanner, source, hst_layout_separator(job->layout),
                                     job->kernel, job->block_bytes, false, err)) != HST_OK ||
        (status = hst_row_spool_begin(r->spool, r->writer, drain, r, err)) != HST_OK) {
        goto done;
    }
    hst_decoder_restart(w->decoder);
    if (r->start > 0) {
        hst_scanner_begin_inside(scanner);
    } else if (hst_layout_has_header_line(job->layout)) {
        status = hst_scanner_next(scanner, &header, &more, err);
    }
    hst_scanner_expect_fields(scanner, hst_layout_n_columns(job->layout));
    if (status == HST_OK) {
        status = read_rows(r, scanner, source, w->decoder, err);
    }
    if (status == HST_OK) {
        status = take_rows(r, err);
    }
    if (status == HST_OK) {
        hst_decoder_info(w->decoder, &r->info);
        *is_good = has_ended_well(r, scanner, source) && r->has_room;
        tell(r, hst_source_size(source));
    }

done:
    hst_scanner_free(scanner);
    hst_source_close(source);
    return status;
}

/* ---- adding ranges to the segment, in their order ---- */

static void widen(uint32_t *min, uint32_t *max, uint32_t other_min, uint32_t other_max)
{
    *min = *min == 0 || (other_min != 0 && other_min < *min) ? other_min : *min;
    *max = other_max > *max ? other_max : *max;
}

/* What rows of the file after those of `info` say; `n_lines` stand before theirs. */
static void add_info(hst_segment_info *info, const hst_segment_info *more, uint64_t n_lines)
{
    uint32_t min = info->admidate_min, max = info->admidate_max;

    info->rows_read += more->rows_read;
    info->rows_used += more->rows_used;
    for (size_t i = 0; i < HST_N_REASONS; i++) {
        if (info->rejected[i] == 0 && more->rejected[i] > 0) {
            info->first_line[i] = more->first_line[i] + n_lines;
            memcpy(info->first_column[i], more->first_column[i], sizeof info->first_column[i]);
        }
        info->rejected[i] += more->rejected[i];
    }
    for (size_t i = 0; i < HST_N_NOTICES; i++) {
        info->noticed[i] += more->noticed[i];
    }
    widen(&info->partyear_min, &info->partyear_max, more->partyear_min, more->partyear_max);
    widen(&min, &max, more->admidate_min, more->admidate_max);
    info->admidate_min = (hst_day)min;
    info->admidate_max = (hst_day)max;
    info->epiend_max = more->epiend_max > info->epiend_max ? more->epiend_max : info->epiend_max;
}

/* The digest of a file is that of its bytes in their order; these were read just now. */
static bool hash_range(pool *p, const range *r)
{
    const hst_input_file *file = hst_source_file(p->job->source);
    uint64_t end = atomic_load(&r->end), at = r->start;
    bool is_read = true;

    end = end == NO_NEXT ? file->size : end;
    while (is_read && at < end) {
        size_t n = end - at < HST_INPUT_BYTES ? (size_t)(end - at) : (size_t)HST_INPUT_BYTES;

        is_read = hst_read_all(file->fd, p->bytes, n, at);
        hst_stream_hash_add(p->hash, p->bytes, is_read ? n : 0);
        at += n;
    }
    return is_read;
}

/* Adds range number p->n_added; `*is_good` is false when it does not go on where the one before it
 * stopped. */
static hst_status add_range(pool *p, range *r, bool *is_good, hst_error *err)
{
    uint64_t n_lines = 0; /* before the first of the range; modulo 2^64 */
    hst_status status = HST_OK;

    *is_good = goes_on(p, r);
    if (!*is_good) {
        return HST_OK;
    }
    if (r->start == 0) {
        p->info = r->info;
    } else {
        n_lines = p->expected.line - r->first.line;
        add_info(&p->info, &r->info, n_lines);
    }
    p->expected = r->next;
    p->expected.line += n_lines;
    status = replay(p, r, err);
    *is_good = r->has_room && hash_range(p, r);
    return status;
}

/* ---- who does what ---- */

static bool can_add(const pool *p)
{
    return !p->is_adding && p->n_added < p->n_begun && p->ranges[p->n_added % p->n_places].is_done;
}

static void add_next(pool *p)
{
    range *r = &p->ranges[p->n_added % p->n_places];
    bool is_good = false;
    hst_error err;
    hst_status status = HST_OK;

    p->is_adding = true;
    pthread_mutex_unlock(&p->lock);
    status = add_range(p, r, &is_good, &err);
    pthread_mutex_lock(&p->lock);
    p->is_adding = false;
    *r->spool_is_used = false;
    p->n_added++;
    if (status != HST_OK || !is_good || atomic_load(&r->end) == NO_NEXT) {
        finish(p, status == HST_OK && is_good, status, &err);
    }
    pthread_cond_broadcast(&p->changed);
}

static range *last_begun(const pool *p)
{
    return p->n_begun == 0 ? NULL : &p->ranges[(p->n_begun - 1) % p->n_places];
}

static bool search_is_over(void *context)
{
    const range *r = context;

    return atomic_load(&r->end) != NOT_KNOWN || atomic_load(&r->pool->is_over);
}

/* Looks where the range begun last ends, until it is known. */
static void search(pool *p)
{
    range *r = last_begun(p);
    uint64_t found = UINT64_MAX;
    hst_error err;
    hst_status status = HST_OK;

    p->is_searching = true;
    pthread_mutex_unlock(&p->lock);
    status =
        hst_gunzip_find_member(&found, hst_source_file(p->job->source), r->start + p->range_bytes,
                               UINT64_MAX, p->job->inflater, search_is_over, r, &err);
    pthread_mutex_lock(&p->lock);
    p->is_searching = false;
    if (status != HST_OK) {
        finish(p, false, status == HST_ERR_INTERRUPTED ? status : HST_OK, &err);
    } else if (atomic_load(&r->end) == NOT_KNOWN) {
        atomic_store(&r->end, found == UINT64_MAX ? NO_NEXT : found);
    }
    pthread_cond_broadcast(&p->changed);
}

/* Where a range that begins at `start` ends, as far as it is known without a look. */
static uint64_t end_of(const pool *p, uint64_t start)
{
    return !p->is_plain                                               ? NOT_KNOWN
           : start + p->range_bytes < hst_source_size(p->job->source) ? start + p->range_bytes
                                                                      : NO_NEXT;
}

/* Reads the next range, whose start is known, into a spool that is free. */
static void read_next(worker *w, size_t spool)
{
    pool *p = w->pool;
    const range *before = last_begun(p);
    uint64_t start = before ? atomic_load(&before->end) : 0;
    range *r = &p->ranges[p->n_begun++ % p->n_places];
    bool is_good = false;
    hst_error err;
    hst_status status = HST_OK;

    *r = (range){.pool = p,
                 .start = start,
                 .end = end_of(p, start),
                 .spool = w->spools[spool],
                 .spool_is_used = &w->is_used[spool],
                 .writer = w->writer,
                 .numbers = w->numbers,
                 .has_room = true};
    w->is_used[spool] = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    status = read_range(w, r, &is_good, &err);
    if (status == HST_ERR_INTERRUPTED) {
        status = hst_interrupt_check(&err); /* without a line, which would be one of the range */
    }
    pthread_mutex_lock(&p->lock);
    r->is_done = true;
    if (status != HST_OK || !is_good) {
        finish(p, false, status == HST_ERR_INTERRUPTED ? status : HST_OK, &err);
    }
    pthread_cond_broadcast(&p->changed);
}

static size_t free_spool(const worker *w)
{
    size_t i = 0;

    while (i < SPOOLS_A_WORKER && w->is_used[i]) {
        i++;
    }
    return i;
}

/* What is nearest to the end comes first, so that nobody waits for a spool longer than it takes to
 * read a range: the first range not added is done, or somebody reads it. */
static void *work(void *context)
{
    worker *w = context;
    pool *p = w->pool;

    pthread_mutex_lock(&p->lock);
    while (!atomic_load(&p->is_over)) {
        const range *last = last_begun(p);
        uint64_t start = last ? atomic_load(&last->end) : 0;
        size_t spool = free_spool(w);

        if (can_add(p)) {
            add_next(p);
        } else if (spool == SPOOLS_A_WORKER || p->is_searching || start == NO_NEXT) {
            pthread_cond_wait(&p->changed, &p->lock);
        } else if (start == NOT_KNOWN) {
            search(p);
        } else {
            read_next(w, spool);
        }
    }
    pthread_mutex_unlock(&p->lock);
    hst_row_memory_wipe_traces();
    return NULL;
}

/* ---- all of it ---- */

static void clear_worker(worker *w)
{
    hst_decoder_free(w->decoder);
    hst_segment_writer_free(w->writer);
    hst_row_numbers_free(w->numbers);
    for (size_t i = 0; i < SPOOLS_A_WORKER; i++) {
        hst_row_spool_free(w->spools[i]);
    }
}

static hst_status init_worker(worker *w, pool *p, hst_error *err)
{
    const hst_ranges_job *job = p->job;
    hst_status status = hst_row_spool_writer_create(&w->writer, job->store, err);

    w->pool = p;
    if (status == HST_OK) {
        status =
            hst_decoder_create(&w->decoder, job->layout, job->side, job->store, w->writer, err);
    }
    for (size_t i = 0; status == HST_OK && i < SPOOLS_A_WORKER; i++) {
        status = hst_row_spool_create(&w->spools[i], job->store, err);
    }
    if (status == HST_OK && !(w->numbers = hst_row_numbers_create())) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for the codes of a range");
    }
    return status;
}

static uint64_t range_bytes_of(bool is_plain)
{
    return is_plain ? PLAIN_RANGE_BYTES : GZIP_RANGE_BYTES;
}

static hst_status init_pool(pool *p, const hst_ranges_job *job, hst_segment_writer *segment,
                            hst_error *err)
{
    p->job = job;
    p->is_plain = hst_source_packing(job->source) == HST_PACKING_PLAIN;
    p->range_bytes = job->range_bytes ? job->range_bytes : range_bytes_of(p->is_plain);
    p->segment = segment;
    p->n_places = SPOOLS_A_WORKER * job->n_threads + 1; /* one more: its end is the next's start */
    p->ranges = calloc(p->n_places, sizeof *p->ranges);
    p->hash = hst_stream_hash_create();
    p->bytes = hst_row_memory_take(HST_INPUT_BYTES);
    if (!p->ranges || !p->hash || !p->bytes) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory to read by several threads");
    }
    return HST_OK;
}

/* Works with as many threads as there are means for: this one, and those that can be had beside it.
 */
static void work_together(pool *p, worker *workers, size_t n_workers)
{
    size_t n_threads = 0;

    while (n_threads + 1 < n_workers && pthread_create(&workers[n_threads + 1].thread, NULL, work,
                                                       &workers[n_threads + 1]) == 0) {
        n_threads++;
    }
    work(&workers[0]);
    for (size_t i = 1; i <= n_threads; i++) {
        pthread_join(workers[i].thread, NULL);
    }
    if (!p->is_whole && p->job->advance) {
        p->job->advance(p->job->context, -atomic_load(&p->n_told)); /* it is read again */
    }
}

hst_status hst_ranges_read_all(hst_ranges_read *out, const hst_ranges_job *job,
                               hst_segment_writer *segment, hst_error *err)
{
    pool p = {.status = HST_OK};
    worker *workers = calloc(job->n_threads, sizeof *workers);
    hst_error why; /* without memory for this the file is read in its order */
    size_t n_workers = 0;
    hst_status status = HST_OK;

    *out = (hst_ranges_read){0};
    atomic_init(&p.is_over, false);
    atomic_init(&p.n_told, 0);
    if (pthread_mutex_init(&p.lock, NULL) != 0) {
        free(workers);
        return HST_OK;
    }
    if (pthread_cond_init(&p.changed, NULL) != 0) {
        pthread_mutex_destroy(&p.lock);
        free(workers);
        return HST_OK;
    }
    if (!workers || init_pool(&p, job, segment, &why) != HST_OK) {
        goto done;
    }
    while (n_workers < job->n_threads && init_worker(&workers[n_workers], &p, &why) == HST_OK) {
        n_workers++;
    }
    if (n_workers < 2) {
        goto done;
    }
    work_together(&p, workers, n_workers);
    status = p.status;
    if (status != HST_OK) {
        hst_fail(err, status, "%s", p.err.message);
    } else if (p.is_whole) {
        status = hst_input_file_judge(hst_source_file(job->source), HST_OK, err);
        out->is_whole = status == HST_OK;
        out->n_ranges = p.n_added;
        out->info = p.info;
        hst_stream_hash_digest(p.hash, out->info.digest);
    }

done:
    for (size_t i = 0; workers && i < job->n_threads; i++) {
        clear_worker(&workers[i]);
    }
    free(workers);
    hst_row_memory_free(p.bytes, HST_INPUT_BYTES);
    hst_stream_hash_free(p.hash);
    free(p.ranges);
    pthread_cond_destroy(&p.changed);
    pthread_mutex_destroy(&p.lock);
    return status;
}

hst_status hst_ranges_are_there(bool *answer, const hst_ranges_job *job, hst_error *err)
{
    const hst_input_file *file = hst_source_file(job->source);

    const hst_packing packing = hst_source_packing(job->source);
    const bool is_plain = packing == HST_PACKING_PLAIN;

    *answer = job->n_threads > 1 && (is_plain || packing == HST_PACKING_GZIP) &&
              (job->range_bytes != 0 || file->size >= MIN_RANGES * range_bytes_of(is_plain));
    return *answer && !is_plain && job->range_bytes == 0
               ? hst_gunzip_has_members(answer, file, job->inflater, err)
               : HST_OK;
}
