/*
 * What one process counted, packed into bytes and added up in another.
 *
 * First stands all that sizes of arrays and ranges of keys depend on, and then a digest of what the
 * numbers stand for: two processes that agree on the sizes alone would add up apples and pears, and
 * nobody would see it. What else the study says of how it counts is for the caller to compare.
 */
#include "count_internal.h"

#include <string.h>

#include "ingest/hash.h"

/* Changes with what hst_count_worker_wire shows, and with HST_N_STEPS and the like. */
enum { VERSION = 1 };

static void add_text(hst_stream_hash *hash, const char *text)
{
    hst_stream_hash_add(hash, text, strlen(text) + 1);
}

static void add_codes(hst_stream_hash *hash, const hst_numbering *codes)
{
    for (size_t i = 0; i < hst_numbering_n(codes); i++) {
        add_text(hash, hst_numbering_code(codes, (uint32_t)i));
    }
}

static void describe_measure(const hst_counting *c, size_t m, hst_stream_hash *hash)
{
    size_t n = 0;
    const char *const *values = hst_splits_values(c->splits, m, &n);

    add_text(hash, c->measures->items[m].measure->id);
    add_text(hash, hst_measures_definition(c->measures, m));
    for (size_t i = 1; i <= n; i++) {
        add_text(hash, values[i]);
    }
}

/* Files, areas and measures, with the codes that they are split by. */
static void describe(const hst_counting *c, hst_stream_hash *hash)
{
    for (size_t s = 0; s < c->n_segments; s++) {
        uint64_t checksum = hst_segment_checksum(c->segments[s]);

        hst_stream_hash_add(hash, &checksum, sizeof checksum);
    }
    for (size_t area = 0; area < hst_areas_n(c->areas); area++) {
        add_text(hash, hst_areas_code(c->areas, area));
    }
    for (size_t group = 0; group < hst_areas_n_groups(c->areas); group++) {
        add_text(hash, hst_areas_group(c->areas, group)->name);
    }
    for (size_t m = 0; m < c->measures->n; m++) {
        describe_measure(c, m, hash);
    }
    if (c->activity) {
        add_codes(hash, c->activity->providers);
        add_codes(hash, c->activity->specialties);
    }
}

static void wire_digest(const hst_counting *c, hst_wire *wire)
{
    hst_stream_hash *hash = hst_stream_hash_create();
    uint8_t digest[HST_DIGEST_BYTES];

    if (!hash) {
        hst_wire_no_memory(wire);
        return;
    }
    describe(c, hash);
    hst_stream_hash_digest(hash, digest);
    hst_stream_hash_free(hash);
    for (size_t i = 0; i < HST_DIGEST_BYTES; i++) {
        hst_wire_shape(wire, digest[i]);
    }
}

static void wire_shape(const hst_counting *c, const hst_count_worker *w, hst_wire *wire)
{
    hst_wire_shape(wire, VERSION);
    hst_wire_shape(wire, c->n_passes);
    for (size_t p = 0; p < c->n_passes; p++) {
        hst_wire_shape(wire, c->passes[p].n_groups);
    }
    hst_wire_shape(wire, c->n_segments);
    for (size_t s = 0; s < c->n_segments; s++) {
        hst_wire_shape(wire, hst_segment_n_codes(c->segments[s], HST_DICT_PROVIDER));
    }
    hst_wire_shape(wire, c->activity ? 1 + c->activity->n_months : 0);
    if (c->activity) {
        hst_wire_shape(wire, hst_numbering_n(c->activity->providers));
        hst_wire_shape(wire, hst_numbering_n(c->activity->specialties));
    }
    hst_wire_shape(wire, w->sizes ? 1 + hst_cohort_sizes_n(w->sizes) : 0);
    hst_wire_shape(wire, c->wants_people);
    hst_wire_shape(wire, c->rules.wants_spells);
    hst_wire_shape(wire, c->measures->n);
    for (size_t m = 0; m < c->measures->n; m++) {
        size_t n_values = 0;

        hst_splits_values(c->splits, m, &n_values);
        hst_cube_wire_shape(w->cube, m, n_values, wire);
    }
    wire_digest(c, wire);
}

hst_status hst_count_pack(const hst_counting *c, hst_count_worker *w, unsigned char **bytes,
                          size_t *n, hst_error *err)
{
    hst_wire wire;

    hst_wire_pack(&wire, err);
    wire_shape(c, w, &wire);
    hst_count_worker_wire(w, c, &wire);
    return hst_wire_end(&wire, bytes, n);
}

hst_status hst_count_add_packed(const hst_counting *c, hst_count_worker *into,
                                const unsigned char *bytes, size_t n, hst_error *err)
{
    hst_wire wire;

    hst_wire_add(&wire, bytes, n, err);
    wire_shape(c, into, &wire);
    hst_count_worker_wire(into, c, &wire);
    return hst_wire_end(&wire, NULL, NULL);
}
