#include "ingest/block_reader.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "hestia/row_memory.h"

enum { N_SLOTS_AHEAD = 4 };

/* One block. Filled by whoever reads; then the consumer's until it takes the next. */
typedef struct slot {
    char *memory; /* [headroom + block_bytes + tailroom] */
    size_t n;
    bool is_last;
    hst_status status;
    hst_error err;
} slot;

struct hst_block_reader {
    hst_source *source;
    size_t block_bytes, headroom, memory_bytes, n_slots;
    slot slots[N_SLOTS_AHEAD];
    slot *current; /* the consumer's; NULL before the first block */

    /* only with a thread; the counts run on, slot = count % n_slots, guarded by `lock` */
    bool has_thread;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t n_filled, n_freed;
    bool stop;
};

/* A block is full except for the last, so a source that gives less is asked again. */
static void fill(const hst_block_reader *reader, slot *s)
{
    s->n = 0;
    s->is_last = false;
    s->status = HST_OK;
    while (s->n < reader->block_bytes && !s->is_last && s->status == HST_OK) {
        size_t n = 0;
        s->status = hst_source_read(reader->source, s->memory + reader->headroom + s->n,
                                    reader->block_bytes - s->n, &n, &s->err);
        s->is_last = s->status == HST_OK && n == 0;
        s->n += s->status == HST_OK ? n : 0;
    }
}

static void *read_ahead(void *context)
{
    hst_block_reader *reader = context;
    bool go_on = true;

    while (go_on) {
        slot *s = NULL;

        pthread_mutex_lock(&reader->lock);
        while (!reader->stop && reader->n_filled - reader->n_freed == reader->n_slots) {
            pthread_cond_wait(&reader->changed, &reader->lock);
        }
        go_on = !reader->stop;
        s = &reader->slots[reader->n_filled % reader->n_slots];
        pthread_mutex_unlock(&reader->lock);
        if (!go_on) {
            break;
        }

        fill(reader, s);
        go_on = !s->is_last && s->status == HST_OK;

        pthread_mutex_lock(&reader->lock);
        reader->n_filled++;
        pthread_cond_signal(&reader->changed);
        pthread_mutex_unlock(&reader->lock);
    }
    hst_row_memory_wipe_traces();
    return NULL;
}

static hst_status start_thread(hst_block_reader *reader, hst_error *err)
{
    if (pthread_mutex_init(&reader->lock, NULL) != 0) {
        return hst_fail(err, HST_ERR_SYSTEM, "no lock for reading ahead");
    }
    if (pthread_cond_init(&reader->changed, NULL) != 0) {
        pthread_mutex_destroy(&reader->lock);
        return hst_fail(err, HST_ERR_SYSTEM, "no condition variable for reading ahead");
    }
    if (pthread_create(&reader->thread, NULL, read_ahead, reader) != 0) {
        pthread_cond_destroy(&reader->changed);
        pthread_mutex_destroy(&reader->lock);
        return hst_fail(err, HST_ERR_SYSTEM, "no thread for reading ahead");
    }
    reader->has_thread = true;
    return HST_OK;
}

hst_status hst_block_reader_create(hst_block_reader **out, hst_source *source, size_t block_bytes,
                                   size_t headroom, size_t tailroom, bool overlap, hst_error *err)
{
    hst_status status = HST_OK;
    hst_block_reader *reader = calloc(1, sizeof *reader);

    *out = NULL;
    if (!reader) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for reading blocks");
    }
    reader->source = source;
    reader->block_bytes = block_bytes;
    reader->headroom = headroom;
    reader->memory_bytes = headroom + block_bytes + tailroom;
    reader->n_slots = overlap ? N_SLOTS_AHEAD : 1;
    for (size_t i = 0; i < reader->n_slots; i++) {
        reader->slots[i].memory = hst_row_memory_take(reader->memory_bytes);
        if (!reader->slots[i].memory) {
            status =
                hst_fail(err, HST_ERR_MEMORY, "no memory for blocks of %zu bytes", block_bytes);
            goto done;
        }
    }
    if (overlap && (status = start_thread(reader, err)) != HST_OK) {
        goto done;
    }
    *out = reader;
    reader = NULL; /* now the caller's */

done:
    hst_block_reader_free(reader);
    return status;
}

/* The next slot filled by the thread, with the bytes kept copied before the one in hand is given
 * back. */
static slot *take_filled(hst_block_reader *reader, const char *kept, size_t n_keep)
{
    slot *next = NULL;

    pthread_mutex_lock(&reader->lock);
    /* n_freed counts the slot in hand as not free */
    while (reader->n_filled - reader->n_freed == (reader->current ? 1 : 0)) {
        pthread_cond_wait(&reader->changed, &reader->lock);
    }
    pthread_mutex_unlock(&reader->lock);
    next = &reader->slots[(reader->n_freed + (reader->current ? 1 : 0)) % reader->n_slots];
    if (n_keep > 0) {
        memcpy(next->memory + reader->headroom - n_keep, kept, n_keep);
    }
    if (reader->current) {
        pthread_mutex_lock(&reader->lock);
        reader->n_freed++;
        pthread_cond_signal(&reader->changed);
        pthread_mutex_unlock(&reader->lock);
    }
    return next;
}

hst_status hst_block_reader_next(hst_block_reader *reader, size_t n_keep, char **text, size_t *n,
                                 bool *is_last, hst_error *err)
{
    const char *kept =
        reader->current ? reader->current->memory + reader->headroom + reader->current->n - n_keep
                        : NULL;
    slot *s = reader->current;

    assert(n_keep <= reader->headroom);
    /* a fault is told once all text before it was given, and again whenever asked */
    if (s && s->status != HST_OK) {
        return hst_fail(err, s->status, "%s", s->err.message);
    }
    if (reader->has_thread) {
        s = take_filled(reader, kept, n_keep);
    } else {
        s = &reader->slots[0];
        if (n_keep > 0) {
            memmove(s->memory + reader->headroom - n_keep, kept, n_keep);
        }
        fill(reader, s);
    }
    reader->current = s;
    *text = s->memory + reader->headroom - n_keep;
    *n = s->n + n_keep;
    *is_last = s->is_last;
    return s->status != HST_OK && s->n == 0 ? hst_fail(err, s->status, "%s", s->err.message)
                                            : HST_OK;
}

void hst_block_reader_free(hst_block_reader *reader)
{
    if (!reader) {
        return;
    }
    if (reader->has_thread) {
        pthread_mutex_lock(&reader->lock);
        reader->stop = true;
        pthread_cond_signal(&reader->changed);
        pthread_mutex_unlock(&reader->lock);
        pthread_join(reader->thread, NULL);
        pthread_cond_destroy(&reader->changed);
        pthread_mutex_destroy(&reader->lock);
    }
    for (size_t i = 0; i < reader->n_slots; i++) {
        hst_row_memory_free(reader->slots[i].memory, reader->memory_bytes);
    }
    free(reader);
}
