/* Counts of another process, with any bytes changed: they are refused with a reason, or they are
 * other counts, which can be finished and packed again.
 *
 * The input is four bytes a change: what is put, and where in the packed counts of a real pass; the
 * place that is all ones cuts them. Their checksum is put right, or no change would come past it.
 */
#include "tests/metrics/pack_cases.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static world counted;
static process *whole;

static void remove_all(void)
{
    process_end(whole);
    close_world(&counted);
    close_store(NULL);
}

static void make_all(void)
{
    open_store(NULL);
    open_world(&counted, NULL);
    if (process_begin(&whole, &counted.asked, 0, 1, NULL) != HST_OK) {
        abort();
    }
    atexit(remove_all);
}

/* Packs what has been taken, adds it to nothing and packs that: the same bytes. */
static void pack_twice(hst_count_worker *w)
{
    unsigned char *first = NULL, *second = NULL;
    size_t n_first = 0, n_second = 0;
    hst_count_worker again = {0};

    if (hst_count_pack(&whole->counting, w, &first, &n_first, NULL) != HST_OK ||
        hst_count_worker_init(&again, &whole->counting, NULL) != HST_OK ||
        hst_count_add_packed(&whole->counting, &again, first, n_first, NULL) != HST_OK ||
        hst_count_pack(&whole->counting, &again, &second, &n_second, NULL) != HST_OK ||
        n_first != n_second || memcmp(first, second, n_first) != 0) {
        abort();
    }
    hst_count_worker_clear(&again, &whole->counting);
    free(first);
    free(second);
}

static void add(const unsigned char *bytes, size_t n)
{
    hst_count_worker w = {0};
    hst_cube *cube = NULL;
    hst_error err = {0};

    if (hst_count_worker_init(&w, &whole->counting, NULL) != HST_OK) {
        abort();
    }
    if (hst_count_add_packed(&whole->counting, &w, bytes, n, &err) == HST_OK) {
        pack_twice(&w);
        if (hst_count_finish(&cube, NULL, &whole->counting, &w, NULL, &err) == HST_OK) {
            hst_cube_free(cube);
        }
    } else if (err.message[0] == '\0') {
        abort(); /* a failure without a reason */
    }
    hst_count_worker_clear(&w, &whole->counting);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned char *bytes = NULL;
    size_t n = 0;

    if (!whole) {
        make_all();
    }
    n = whole->n_bytes;
    bytes = malloc(n);
    if (!bytes) {
        return 0;
    }
    memcpy(bytes, whole->bytes, n);
    for (size_t i = 0; i + 4 <= size; i += 4) {
        size_t at = data[i + 1] | (size_t)data[i + 2] << 8 | (size_t)data[i + 3] << 16;

        if (at == 0xFFFFFF) {
            n = n > 264 ? n - data[i] : n;
        } else {
            bytes[at % n] = data[i];
        }
    }
    sign(bytes, n);
    add(bytes, n);
    free(bytes);
    return 0;
}
