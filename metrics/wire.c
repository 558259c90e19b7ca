#include "wire_internal.h"

#include <stdlib.h>
#include <string.h>

#include "ingest/hash.h"

enum {
    CHECKSUM_BYTES = 8,
    LONGEST_NUMBER = 10, /* 64 bits and the lowest one, 7 a byte */
    FIRST_BITS = 6,      /* of a number in its first byte, 7 in the others */
    LAST_SHIFT = FIRST_BITS + 8 * 7,
    MORE = 0x80
};

static void fail(hst_wire *wire, hst_status status, const char *why)
{
    if (wire->status == HST_OK) {
        wire->status = hst_fail(wire->err, status, "%s", why);
    }
}

void hst_wire_no_memory(hst_wire *wire)
{
    fail(wire, HST_ERR_MEMORY, "no memory for the counts of another process");
}

void hst_wire_damaged(hst_wire *wire)
{
    fail(wire, HST_ERR_SYSTEM, "the counts of another process arrived damaged; run again");
}

void hst_wire_too_large(hst_wire *wire)
{
    fail(wire, HST_ERR_RANGE, "the counts of all processes together are too large");
}

/* Lowest byte first on any machine. */
static void write_checksum(unsigned char *bytes, size_t n)
{
    uint64_t checksum = hst_hash_block(bytes, n);

    for (size_t i = 0; i < CHECKSUM_BYTES; i++) {
        bytes[n + i] = (unsigned char)(checksum >> 8 * i);
    }
}

static bool checksum_is_right(const unsigned char *bytes, size_t n)
{
    uint64_t checksum = hst_hash_block(bytes, n);
    bool is_right = true;

    for (size_t i = 0; i < CHECKSUM_BYTES; i++) {
        is_right = is_right && bytes[n + i] == (unsigned char)(checksum >> 8 * i);
    }
    return is_right;
}

void hst_wire_pack(hst_wire *wire, hst_error *err)
{
    *wire = (hst_wire){.packs = true, .err = err};
}

void hst_wire_add(hst_wire *wire, const unsigned char *bytes, size_t n, hst_error *err)
{
    *wire = (hst_wire){.err = err, .at = bytes, .end = bytes};
    if (n < CHECKSUM_BYTES || !checksum_is_right(bytes, n - CHECKSUM_BYTES)) {
        hst_wire_damaged(wire);
    } else {
        wire->end = bytes + n - CHECKSUM_BYTES;
    }
}

/* ---- single numbers ---- */

/* Room for a number and for what ends the bytes. */
static bool make_room(hst_wire *wire)
{
    enum { ROOM = LONGEST_NUMBER + CHECKSUM_BYTES };

    if (wire->capacity - wire->n < ROOM) {
        size_t capacity = wire->capacity ? wire->capacity + wire->capacity / 2 : 4096;
        unsigned char *grown = capacity > wire->capacity ? realloc(wire->bytes, capacity) : NULL;

        if (!grown) {
            hst_wire_no_memory(wire);
            return false;
        }
        wire->bytes = grown;
        wire->capacity = capacity;
    }
    return true;
}

static void write_number(hst_wire *wire, uint64_t number, bool is_zeros)
{
    uint64_t left = number >> FIRST_BITS;

    if (!make_room(wire)) {
        return;
    }
    wire->bytes[wire->n++] =
        (unsigned char)((number << 1 & (MORE - 1)) | is_zeros | (left > 0 ? MORE : 0));
    for (; left > 0; left >>= 7) {
        wire->bytes[wire->n++] =
            (unsigned char)((left & (MORE - 1)) | (left >= MORE ? (unsigned)MORE : 0));
    }
}

static void write_zeros(hst_wire *wire)
{
    if (wire->zeros > 0) {
        write_number(wire, wire->zeros, true);
        wire->zeros = 0;
    }
}

static void put(hst_wire *wire, uint64_t number)
{
    if (number == 0) {
        wire->zeros++;
    } else {
        write_zeros(wire);
        write_number(wire, number, false);
    }
}

/* Never 0, which is one zero in a row; false, and a failure, where no number is. */
static bool read_number(hst_wire *wire, uint64_t *number, bool *is_zeros)
{
    unsigned byte = wire->at < wire->end ? *wire->at++ : MORE;

    *is_zeros = byte & 1;
    *number = byte >> 1 & ((1U << FIRST_BITS) - 1);
    for (unsigned shift = FIRST_BITS; byte & MORE; shift += 7) {
        if (wire->at == wire->end || shift > LAST_SHIFT) {
            hst_wire_damaged(wire);
            return false;
        }
        byte = *wire->at++;
        if (shift == LAST_SHIFT && byte >> (64 - LAST_SHIFT) != 0) {
            hst_wire_damaged(wire);
            return false;
        }
        *number |= (uint64_t)(byte & (MORE - 1)) << shift;
    }
    if (*number == 0) {
        hst_wire_damaged(wire);
    }
    return *number != 0;
}

/* 0 after a failure. */
static uint64_t take(hst_wire *wire)
{
    uint64_t number = 0;
    bool is_zeros = false;

    if (wire->zeros == 0) {
        if (wire->status || !read_number(wire, &number, &is_zeros)) {
            return 0;
        }
        if (!is_zeros) {
            return number;
        }
        wire->zeros = number;
    }
    wire->zeros--;
    return 0;
}

hst_status hst_wire_end(hst_wire *wire, unsigned char **bytes, size_t *n)
{
    if (bytes) {
        *bytes = NULL;
        *n = 0;
    }
    if (wire->packs) {
        write_zeros(wire);
    } else if (wire->zeros > 0 || wire->at != wire->end) {
        hst_wire_damaged(wire); /* unless it has failed before */
    }
    if (wire->packs && wire->status == HST_OK && make_room(wire)) {
        write_checksum(wire->bytes, wire->n);
        *bytes = wire->bytes;
        *n = wire->n + CHECKSUM_BYTES;
        wire->bytes = NULL; /* now the caller's */
    }
    free(wire->bytes);
    wire->bytes = NULL;
    return wire->status;
}

/* ---- what structures are made of ---- */

void hst_wire_shape(hst_wire *wire, uint64_t number)
{
    if (wire->packs) {
        put(wire, number);
    } else if (take(wire) != number) {
        fail(wire, HST_ERR_USAGE,
             "the processes of this run do not agree on what they count: are study, tables and "
             "program the same on all hosts?");
    }
}

/* What comes, where a sum has room for it: else 0, and a failure. */
static uint64_t take_up_to(hst_wire *wire, uint64_t most)
{
    uint64_t number = take(wire);

    if (number > most) {
        hst_wire_too_large(wire);
        return 0;
    }
    return number;
}

void hst_wire_counts(hst_wire *wire, uint64_t *counts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (wire->packs) {
            put(wire, counts[i]);
        } else {
            counts[i] += take_up_to(wire, UINT64_MAX - counts[i]);
        }
    }
}

void hst_wire_counts32(hst_wire *wire, uint32_t *counts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (wire->packs) {
            put(wire, counts[i]);
        } else {
            counts[i] += (uint32_t)take_up_to(wire, UINT32_MAX - counts[i]);
        }
    }
}

bool hst_wire_is(hst_wire *wire, bool is)
{
    uint64_t number = is;

    if (wire->packs) {
        put(wire, number);
    } else {
        number = take(wire);
    }
    if (number > 1) {
        hst_wire_damaged(wire);
    }
    return number == 1;
}

bool hst_wire_key(hst_wire *wire, const uint64_t *given, uint64_t end, uint64_t *key)
{
    uint64_t step = given ? *given - wire->last_key : 0;

    if (wire->packs) {
        put(wire, step);
    } else {
        step = take(wire);
        if (step != 0 && (end <= wire->last_key || step >= end - wire->last_key)) {
            hst_wire_damaged(wire);
        }
    }
    if (step == 0 || wire->status) {
        wire->last_key = 0; /* of the next list */
        return false;
    }
    *key = wire->last_key += step;
    return true;
}

static int compare_keys(const void *a, const void *b)
{
    uint64_t x = **(const uint64_t *const *)a, y = **(const uint64_t *const *)b;

    return (x > y) - (x < y);
}

void **hst_wire_sort(hst_wire *wire, void *slots, size_t n_slots, size_t slot_bytes, size_t n)
{
    void **sorted = wire->packs ? malloc((n + 1) * sizeof *sorted) : NULL;
    size_t at = 0;

    if (!sorted) {
        if (wire->packs) {
            hst_wire_no_memory(wire);
        }
        return NULL;
    }
    for (size_t i = 0; i < n_slots; i++) {
        void *slot = (unsigned char *)slots + i * slot_bytes;

        if (*(const uint64_t *)slot != 0) {
            sorted[at++] = slot;
        }
    }
    sorted[at] = NULL;
    if (at > 0) {
        qsort(sorted, at, sizeof *sorted, compare_keys);
    }
    return sorted;
}
