/* report.html: one file that needs no other. The page has places, @name@, where its parts go. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "hestia/memory_stream.h"
#include "publish/report_internal.h"
#include "publish/report_parts.h"
#include "publish/tables.h"
#include "publish/tree.h"

/* ---- parts ---- */

static hst_status put_title(FILE *page, const hst_publication *p, hst_error *err)
{
    (void)err;
    for (const char *text = p->study->title; *text; text++) {
        switch (*text) {
        case '<':
            fputs("&lt;", page);
            break;
        case '>':
            fputs("&gt;", page);
            break;
        case '&':
            fputs("&amp;", page);
            break;
        case '"':
            fputs("&quot;", page);
            break;
        default:
            putc(*text, page);
        }
    }
    return HST_OK;
}

static hst_status put_style(FILE *page, const hst_publication *p, hst_error *err)
{
    (void)p;
    (void)err;
    fwrite(hst_report_style, 1, hst_report_style_bytes, page);
    return HST_OK;
}

static hst_status put_data(FILE *page, const hst_publication *p, hst_error *err)
{
    hst_json_stream json = {.stream = page};

    return hst_report_data(&json, p, err);
}

static hst_status put_scripts(FILE *page, const hst_publication *p, hst_error *err)
{
    (void)p;
    (void)err;
    fwrite(hst_report_scripts, 1, hst_report_scripts_bytes, page);
    return HST_OK;
}

/* A library without the line that names its source map, a file that nobody has. */
static void put_library(FILE *page, const char *text, uint64_t n_bytes)
{
    static const char map[] = "\n//# sourceMappingURL=";
    const size_t n = sizeof map - 1;
    size_t end = n_bytes;

    for (size_t i = n_bytes > 256 ? n_bytes - 256 : 0; i + n <= n_bytes; i++) {
        if (memcmp(text + i, map, n) == 0) {
            end = i;
        }
    }
    fwrite(text, 1, end, page);
    putc('\n', page);
}

/* The licences ask to stand where their libraries do. */
static hst_status put_libraries(FILE *page, const hst_publication *p, hst_error *err)
{
    (void)p;
    (void)err;
    fputs("/*!\n", page);
    fwrite(hst_report_licences, 1, hst_report_licences_bytes, page);
    fputs("*/\n", page);
    put_library(page, hst_report_vega, hst_report_vega_bytes);
    put_library(page, hst_report_vega_lite, hst_report_vega_lite_bytes);
    put_library(page, hst_report_vega_embed, hst_report_vega_embed_bytes);
    return HST_OK;
}

/**
 * What the page may do: nothing over the network, and of scripts those that it was made with, by
 * their SHA-256. Styles are set by the charts as they are drawn; pictures are made of them.
 *
 * @param text  the page after the place of the policy, ended by a NUL
 */
static void put_policy(FILE *page, const char *text)
{
    static const char begin[] = "<script>", end[] = "</script>";

    fputs("default-src 'none'; base-uri 'none'; form-action 'none'; img-src data: blob:; "
          "style-src 'unsafe-inline'; script-src",
          page);
    for (const char *script = strstr(text, begin); script; script = strstr(script, begin)) {
        unsigned char digest[crypto_hash_sha256_BYTES];
        char base64[64];
        const char *last = NULL;

        script += sizeof begin - 1;
        last = strstr(script, end);
        if (!last) {
            break;
        }
        crypto_hash_sha256(digest, (const unsigned char *)script,
                           (unsigned long long)(last - script));
        sodium_bin2base64(base64, sizeof base64, digest, sizeof digest,
                          sodium_base64_VARIANT_ORIGINAL);
        fprintf(page, " 'sha256-%s'", base64);
        script = last;
    }
}

/* ---- the page ---- */

static const struct place {
    const char *name;
    hst_status (*put)(FILE *page, const hst_publication *p, hst_error *err);
} places[] = {
    {"@title@", put_title},         {"@style@", put_style},     {"@data@", put_data},
    {"@libraries@", put_libraries}, {"@scripts@", put_scripts},
};

enum { N_PLACES = sizeof places / sizeof places[0] };

/* The place that a text begins with; NULL: with none. */
static const struct place *place_at(const char *text, size_t n)
{
    for (size_t i = 0; i < N_PLACES; i++) {
        size_t n_name = strlen(places[i].name);

        if (n >= n_name && memcmp(text, places[i].name, n_name) == 0) {
            return &places[i];
        }
    }
    return NULL;
}

static hst_status fill(FILE *page, const char *text, size_t n, const hst_publication *p,
                       hst_error *err)
{
    hst_status status = HST_OK;

    for (size_t i = 0; i < n && status == HST_OK;) {
        const struct place *place = text[i] == '@' ? place_at(text + i, n - i) : NULL;

        if (place) {
            status = place->put(page, p, err);
            i += strlen(place->name);
        } else {
            putc(text[i++], page);
        }
    }
    return status;
}

/* The page after the place of its policy, which is told what comes after. */
static hst_status compose(FILE *page, const hst_publication *p, hst_error *err)
{
    static const char policy[] = "@csp@";
    const size_t n = hst_report_page_bytes;
    size_t at = 0, after = 0, n_rest = 0;
    char *rest = NULL;
    FILE *stream = NULL;
    hst_status status = HST_OK;

    while (at + sizeof policy - 1 < n &&
           memcmp(hst_report_page + at, policy, sizeof policy - 1) != 0) {
        at++;
    }
    after = at + sizeof policy - 1;
    assert(after < n);
    stream = hst_memory_stream(&rest, &n_rest);
    if (!stream) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for a report");
    }
    status = fill(stream, hst_report_page + after, n - after, p, err);
    if (status == HST_OK && (fflush(stream) != 0 || ferror(stream))) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for a report");
    }
    if (status == HST_OK) {
        fwrite(hst_report_page, 1, at, page);
        put_policy(page, rest);
        fwrite(rest, 1, n_rest, page);
    }
    fclose(stream);
    free(rest);
    return status;
}

hst_status hst_report_write(const hst_publication *p, const char *path, unsigned mode,
                            hst_error *err)
{
    char *text = NULL;
    size_t n = 0;
    FILE *page = hst_memory_stream(&text, &n);
    hst_status status = HST_OK;

    if (!page) {
        return hst_fail(err, HST_ERR_MEMORY, "%s: no memory for a report", path);
    }
    status = compose(page, p, err);
    if (status == HST_OK && (fflush(page) != 0 || ferror(page))) {
        status = hst_fail(err, HST_ERR_MEMORY, "%s: no memory for a report", path);
    }
    if (status == HST_OK) {
        status = hst_tree_write(path, mode, text, n, err);
    }
    fclose(page);
    free(text);
    return status;
}
