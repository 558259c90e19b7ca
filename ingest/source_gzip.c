/*
 * gzip (RFC 1952): headers and trailers are read here, once for both inflaters, which see raw
 * deflate only. So both give the same text and the same faults (save that zlib also refuses code
 * tables with codes missing, where ISA-L goes by the CRC of the text).
 */
#include "ingest/source_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>
#ifdef HESTIA_ISAL
#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#endif

#include "hestia/row_memory.h"

enum gzip_flag {
    FLAG_HCRC = 2,
    FLAG_EXTRA = 4,
    FLAG_NAME = 8,
    FLAG_COMMENT = 16,
    FLAG_RESERVED = 0xe0
};

typedef enum part { PART_HEADER, PART_DEFLATE, PART_END } part;

struct hst_gunzip {
    hst_input_file *file;
    part part;
    uint64_t member;     /* number of the member, from 1 */
    uint32_t crc, n_out; /* of the member; the length modulo 2^32, as the trailer has it */
    bool with_isal;
    z_stream zlib;
#ifdef HESTIA_ISAL
    struct inflate_state isal;
#endif
};

#define REMEDY "; copy the file again from where it came, or ask for it to be delivered again"

static hst_status fault(const hst_gunzip *gunzip, const char *what, hst_error *err)
{
    return hst_fail(err, HST_ERR_INPUT,
                    "%s: %s at byte %" PRIu64 " (gzip member %" PRIu64 ")" REMEDY,
                    gunzip->file->path, what, hst_input_file_offset(gunzip->file), gunzip->member);
}

static hst_status truncated(const hst_gunzip *gunzip, hst_error *err)
{
    return fault(gunzip, "the file is truncated: it ends inside the compressed data,", err);
}

/* Next byte of the file; `*is_end` instead when there is none. */
static hst_status next_byte(hst_gunzip *gunzip, unsigned *byte, bool *is_end, hst_error *err)
{
    hst_input_file *file = gunzip->file;
    hst_status status = hst_input_file_fill(file, err);

    *is_end = file->n_left == 0;
    if (status == HST_OK && !*is_end) {
        *byte = *file->next++;
        file->n_left--;
    }
    return status;
}

/* Little-endian number of `n_bytes`, which must be there; adds its bytes to the header's CRC. */
static hst_status read_number(hst_gunzip *gunzip, unsigned n_bytes, uint32_t *number,
                              uint32_t *header_crc, hst_error *err)
{
    *number = 0;
    for (unsigned k = 0; k < n_bytes; k++) {
        unsigned byte = 0;
        bool is_end = false;
        unsigned char text = 0;
        hst_status status = next_byte(gunzip, &byte, &is_end, err);
        if (status != HST_OK) {
            return status;
        }
        if (is_end) {
            return truncated(gunzip, err);
        }
        text = (unsigned char)byte;
        *number |= (uint32_t)byte << (8 * k);
        *header_crc = (uint32_t)crc32(*header_crc, &text, 1);
    }
    return HST_OK;
}

static hst_status skip_text(hst_gunzip *gunzip, uint32_t *header_crc, hst_error *err)
{
    uint32_t byte = 1;
    hst_status status = HST_OK;

    while (status == HST_OK && byte != 0) {
        status = read_number(gunzip, 1, &byte, header_crc, err);
    }
    return status;
}

/* The header after its first byte. */
static hst_status read_header(hst_gunzip *gunzip, hst_error *err)
{
    const unsigned char magic = 0x1f;
    uint32_t crc = (uint32_t)crc32(0, &magic, 1), expected = 0;
    uint32_t number = 0, flags = 0;
    hst_status status = read_number(gunzip, 1, &number, &crc, err);

    if (status == HST_OK && number != 0x8b) {
        return fault(gunzip, "there is something else than a gzip member", err);
    }
    if (status == HST_OK) {
        status = read_number(gunzip, 1, &number, &crc, err);
    }
    if (status == HST_OK && number != 8) {
        return fault(gunzip, "the compression method is not deflate,", err);
    }
    if (status == HST_OK) {
        status = read_number(gunzip, 1, &flags, &crc, err);
    }
    if (status == HST_OK && (flags & FLAG_RESERVED) != 0) {
        return fault(gunzip, "the gzip header has unknown flags", err);
    }
    for (unsigned k = 0; status == HST_OK && k < 6; k++) { /* time, extra flags, system */
        status = read_number(gunzip, 1, &number, &crc, err);
    }
    if (status == HST_OK && (flags & FLAG_EXTRA) != 0) {
        uint32_t n_extra = 0;
        status = read_number(gunzip, 2, &n_extra, &crc, err);
        while (status == HST_OK && n_extra-- > 0) {
            status = read_number(gunzip, 1, &number, &crc, err);
        }
    }
    if (status == HST_OK && (flags & FLAG_NAME) != 0) {
        status = skip_text(gunzip, &crc, err);
    }
    if (status == HST_OK && (flags & FLAG_COMMENT) != 0) {
        status = skip_text(gunzip, &crc, err);
    }
    if (status == HST_OK && (flags & FLAG_HCRC) != 0) {
        expected = crc & 0xffff;
        status = read_number(gunzip, 2, &number, &crc, err);
        if (status == HST_OK && number != expected) {
            return fault(gunzip, "the gzip header is damaged (wrong CRC)", err);
        }
    }
    return status;
}

static hst_status read_trailer(hst_gunzip *gunzip, hst_error *err)
{
    uint32_t crc = 0, n_out = 0, unused = 0;
    hst_status status = read_number(gunzip, 4, &crc, &unused, err);

    if (status == HST_OK) {
        status = read_number(gunzip, 4, &n_out, &unused, err);
    }
    if (status == HST_OK && crc != gunzip->crc) {
        return fault(gunzip, "the data are damaged (wrong CRC): checked", err);
    }
    if (status == HST_OK && n_out != gunzip->n_out) {
        return fault(gunzip, "the data are damaged (wrong length): checked", err);
    }
    return status;
}

/* Goes to the next member, or to the end; between them only zeros may stand. */
static hst_status start_member(hst_gunzip *gunzip, hst_error *err)
{
    unsigned byte = 0;
    bool is_end = false, has_padding = false;
    hst_status status = next_byte(gunzip, &byte, &is_end, err);

    while (status == HST_OK && !is_end && byte == 0 && gunzip->member > 0) {
        has_padding = true;
        status = next_byte(gunzip, &byte, &is_end, err);
    }
    if (status != HST_OK) {
        return status;
    }
    if (is_end) {
        gunzip->part = PART_END;
        return HST_OK;
    }
    if (byte != 0x1f || has_padding) {
        return fault(gunzip, "garbage after the end of the compressed data", err);
    }
    gunzip->member++;
    gunzip->crc = 0;
    gunzip->n_out = 0;
    status = read_header(gunzip, err);
    if (status != HST_OK) {
        return status;
    }
    gunzip->part = PART_DEFLATE;
#ifdef HESTIA_ISAL
    if (gunzip->with_isal) {
        isal_inflate_reset(&gunzip->isal);
        gunzip->isal.crc_flag = ISAL_DEFLATE;
        return HST_OK;
    }
#endif
    if (inflateReset(&gunzip->zlib) != Z_OK) {
        return hst_fail(err, HST_ERR_MEMORY, "%s: zlib does not start", gunzip->file->path);
    }
    return HST_OK;
}

/* One call of an inflater: uses up input, adds to *n_read, says whether the member has ended. */
static bool inflate_zlib(hst_gunzip *gunzip, unsigned char *out, size_t capacity, size_t *n_out,
                         bool *has_ended)
{
    hst_input_file *file = gunzip->file;
    z_stream *z = &gunzip->zlib;
    int code = 0;

    z->next_in = file->next;
    z->avail_in = (uInt)file->n_left;
    z->next_out = out;
    z->avail_out = (uInt)capacity;
    code = inflate(z, Z_NO_FLUSH);
    file->next = z->next_in;
    file->n_left = z->avail_in;
    *n_out = capacity - z->avail_out;
    *has_ended = code == Z_STREAM_END;
    gunzip->crc = (uint32_t)crc32_z(gunzip->crc, out, *n_out);
    return code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR;
}

#ifdef HESTIA_ISAL
static bool inflate_isal(hst_gunzip *gunzip, unsigned char *out, size_t capacity, size_t *n_out,
                         bool *has_ended)
{
    hst_input_file *file = gunzip->file;
    struct inflate_state *isal = &gunzip->isal;
    int code = 0;

    isal->next_in = file->next;
    isal->avail_in = (uint32_t)file->n_left;
    isal->next_out = out;
    isal->avail_out = (uint32_t)capacity;
    code = isal_inflate(isal);
    file->next = isal->next_in;
    file->n_left = isal->avail_in;
    *n_out = capacity - isal->avail_out;
    *has_ended = code == ISAL_DECOMP_OK && isal->block_state == ISAL_BLOCK_FINISH;
    if (*has_ended) {
        /* whole bytes read ahead belong to the trailer; HST_INPUT_BACK keeps them in reach */
        size_t n_back = (size_t)(isal->read_in_length / 8);
        file->next -= n_back;
        file->n_left += n_back;
    }
    gunzip->crc = crc32_gzip_refl(gunzip->crc, out, *n_out);
    return code >= 0;
}
#endif

static hst_status inflate_some(hst_gunzip *gunzip, unsigned char *out, size_t capacity,
                               size_t *n_out, hst_error *err)
{
    bool has_ended = false, is_good = false;
    size_t n_before = 0;
    hst_status status = hst_input_file_fill(gunzip->file, err);

    if (status != HST_OK) {
        return status;
    }
    n_before = gunzip->file->n_left;
#ifdef HESTIA_ISAL
    is_good = gunzip->with_isal ? inflate_isal(gunzip, out, capacity, n_out, &has_ended)
                                : inflate_zlib(gunzip, out, capacity, n_out, &has_ended);
#else
    is_good = inflate_zlib(gunzip, out, capacity, n_out, &has_ended);
#endif
    gunzip->n_out += (uint32_t)*n_out;
    if (!is_good) {
        return fault(gunzip, "the data are damaged (not deflate) near", err);
    }
    if (has_ended) {
        status = read_trailer(gunzip, err);
        gunzip->part = PART_HEADER;
        return status;
    }
    if (*n_out == 0 && n_before == 0) {
        return truncated(gunzip, err);
    }
    return HST_OK;
}

hst_status hst_gunzip_step(hst_gunzip *gunzip, void *buffer, size_t capacity, size_t *n_read,
                           hst_gunzip_place *place, hst_error *err)
{
    part part_before = gunzip->part;
    hst_status status = HST_OK;

    *n_read = 0;
    if (part_before == PART_HEADER) {
        status = start_member(gunzip, err);
    } else if (part_before == PART_DEFLATE) {
        status = inflate_some(gunzip, buffer, capacity, n_read, err);
    }
    *place = gunzip->part == PART_END      ? HST_GUNZIP_AT_END
             : part_before == PART_HEADER  ? HST_GUNZIP_IN_NEW_MEMBER
             : gunzip->part == PART_HEADER ? HST_GUNZIP_BETWEEN
                                           : HST_GUNZIP_IN_MEMBER;
    return status;
}

hst_status hst_gunzip_read(hst_gunzip *gunzip, void *buffer, size_t capacity, size_t *n_read,
                           hst_error *err)
{
    hst_gunzip_place place = HST_GUNZIP_BETWEEN;
    hst_status status = HST_OK;

    do {
        status = hst_gunzip_step(gunzip, buffer, capacity, n_read, &place, err);
    } while (status == HST_OK && *n_read == 0 && place != HST_GUNZIP_AT_END);
    return status;
}

hst_status hst_gunzip_create(hst_gunzip **out, hst_input_file *file, hst_inflater inflater,
                             hst_error *err)
{
    hst_status status = HST_OK;
    hst_gunzip *gunzip = hst_row_memory_take_zeroed(sizeof *gunzip);

    *out = NULL;
    if (!gunzip) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for inflating");
    }
    gunzip->file = file;
#ifdef HESTIA_ISAL
    gunzip->with_isal = inflater != HST_INFLATER_ZLIB;
    isal_inflate_init(&gunzip->isal);
#endif
    if (!gunzip->with_isal) {
        hst_row_memory_begin_wiping(); /* of zlib's window */
    }
#ifndef HESTIA_ISAL
    if (inflater == HST_INFLATER_ISAL) {
        status = hst_fail(err, HST_ERR_ARGUMENT, "this build has no ISA-L");
        goto done;
    }
#endif
    if (!gunzip->with_isal && inflateInit2(&gunzip->zlib, -MAX_WBITS) != Z_OK) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for inflating with zlib");
        goto done;
    }
    *out = gunzip;
    gunzip = NULL; /* now the caller's */

done:
    hst_gunzip_free(gunzip);
    return status;
}

void hst_gunzip_free(hst_gunzip *gunzip)
{
    if (!gunzip) {
        return;
    }
    inflateEnd(&gunzip->zlib); /* harmless when it was never begun */
    if (!gunzip->with_isal) {
        hst_row_memory_end_wiping();
    }
    hst_row_memory_free(gunzip, sizeof *gunzip); /* ISA-L keeps text in it */
}
