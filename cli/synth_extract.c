/* Writes artificial extracts, person after person. */
#include "cli/synth.h"

#include <assert.h>
#include <stdlib.h>

#include "cli/synth_row.h"
#include "hestia/ingest.h"

enum { MAX_EPISODE_BYTES = 1024, MAX_ATTENDANCE_BYTES = 512 };
/* A block is written out from its half on; the other half holds all rows of one person. */
static_assert(SYNTH_BLOCK_BYTES / 2 >= 2 * SYNTH_MAX_EPISODES * MAX_EPISODE_BYTES,
              "a person's episodes fit");
static_assert(SYNTH_BLOCK_BYTES / 2 >= 2 * SYNTH_MAX_CLINICS * MAX_ATTENDANCE_BYTES,
              "a person's appointments fit");

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

/* Room for one person's life. */
typedef struct room {
    synth_history history;
    synth_clinics clinics;
    synth_arrivals arrivals;
} room;

static char *write_header(char *at, const synth_world *world, const synth_file *file)
{
    size_t n = 0;
    const char *const *columns = file->dataset == HST_DATASET_APC  ? synth_episode_columns(&n)
                                 : file->dataset == HST_DATASET_OP ? synth_clinic_columns(&n)
                                                                   : synth_arrival_columns(&n);

    return synth_write_header(at, columns, n, file->year, world->options.separator);
}

static char *write_person(char *at, const synth_world *world, room *r, uint64_t person,
                          synth_file *file)
{
    switch (file->dataset) {
    case HST_DATASET_OP:
        synth_draw_person(&r->history.person, world, person);
        synth_draw_clinics(&r->clinics, world, &r->history.person);
        return synth_write_clinics(at, world, &r->history.person, &r->clinics, file->year,
                                   &file->truth);
    case HST_DATASET_AE: /* the whole life: arrivals are drawn along it */
        synth_draw_history(&r->history, world, person, world->last_day);
        synth_draw_arrivals(&r->arrivals, world, &r->history);
        return synth_write_arrivals(at, world, &r->history.person, &r->arrivals, file->year,
                                    &file->truth);
    default:
        synth_draw_history(&r->history, world, person, hst_date_from_civil(file->year + 1, 3, 31));
        return synth_write_episodes(at, world, &r->history, file->year, &file->truth);
    }
}

hst_status synth_write_extract(const synth_world *world, synth_file *file, hst_error *err)
{
    hst_status status = HST_OK;
    synth_output out = {.fd = -1};
    room *r = NULL;
    uint64_t step = 2654435761u + 2 * (uint64_t)file->year, n = world->n_persons;

    /* people come in a scattered order, another one each year, as in real extracts */
    while (common_divisor(step, n) != 1) {
        step += 2;
    }
    r = malloc(sizeof *r);
    if (!r) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for an artificial history");
    }
    status = synth_output_open(&out, &world->options, file->dataset, file->year, err);
    if (status != HST_OK) {
        goto done;
    }
    out.n = (size_t)(write_header(out.block, world, file) - out.block);
    for (uint64_t i = 0, person = (uint64_t)file->year % n; i < n;
         i++, person = (person + step) % n) {
        char *at = out.block + out.n;

        out.n += (size_t)(write_person(at, world, r, person, file) - at);
        if (hst_interrupt_requested()) {
            status = hst_fail(err, HST_ERR_INTERRUPTED, "%s: interrupted", out.path);
            goto done;
        }
        if (out.n >= SYNTH_BLOCK_BYTES / 2 && (status = synth_output_flush(&out, err)) != HST_OK) {
            goto done;
        }
    }
    status = synth_output_close(&out, err);

done:
    synth_output_clear(&out);
    free(r);
    return status;
}
