/* The inputs of a team. Extracts may lie where all members see them, or each host has some of its
 * own: what one of them sees, all know of. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hestia/memory_stream.h"
#include "ingest/inputs_internal.h"

/** One input as one member sees it; path and member of a container stand behind it. */
typedef struct sighting {
    uint64_t extract, bytes, named_columns;
    int64_t modified, modified_ns;
    uint32_t person_kinds, n_path, n_member;
} sighting;

static hst_status no_memory(hst_error *err)
{
    return hst_fail(err, HST_ERR_MEMORY, "no memory for the inputs of the team");
}

static sighting sighting_of(const hst_input *input)
{
    return (sighting){.extract = input->extract,
                      .bytes = input->bytes,
                      .named_columns = input->named_columns,
                      .modified = input->look.modified.tv_sec,
                      .modified_ns = input->look.modified.tv_nsec,
                      .person_kinds = input->person_kinds,
                      .n_path = (uint32_t)strlen(input->path) + 1,
                      .n_member = (uint32_t)strlen(input->member) + 1};
}

/** Everything that this member sees. `*out` is the caller's. */
static hst_status pack(char **out, size_t *n, const hst_inputs *inputs, const bool *matches,
                       size_t n_matches, hst_error *err)
{
    FILE *stream = hst_memory_stream(out, n);

    if (!stream) {
        return no_memory(err);
    }
    fwrite(matches, sizeof *matches, n_matches, stream);
    for (size_t i = 0; i < inputs->n; i++) {
        const hst_input *input = &inputs->items[i];
        const sighting s = sighting_of(input);

        fwrite(&s, sizeof s, 1, stream);
        fwrite(input->path, 1, s.n_path, stream);
        fwrite(input->member, 1, s.n_member, stream);
    }
    return fclose(stream) == 0 ? HST_OK : no_memory(err);
}

static hst_status cut_short(hst_error *err)
{
    return hst_fail(err, HST_ERR_SYSTEM,
                    "the processes of this run do not understand each other: is the program the "
                    "same on all hosts?");
}

static hst_input *find(const hst_inputs *inputs, size_t n, const char *path, const char *member)
{
    hst_input wanted = {.path = (char *)(uintptr_t)path, .member = (char *)(uintptr_t)member};

    return n > 0 ? bsearch(&wanted, inputs->items, n, sizeof wanted, hst_inputs_compare) : NULL;
}

static hst_status add_unseen(hst_inputs *inputs, const sighting *s, const char *path,
                             const char *member, hst_error *err)
{
    hst_input *grown = realloc(inputs->items, (inputs->n + 1) * sizeof *grown);
    hst_input *input = NULL;

    if (!grown) {
        return no_memory(err);
    }
    inputs->items = grown;
    input = &grown[inputs->n++];
    *input = (hst_input){
        .extract = (size_t)s->extract,
        .path = strdup(path),
        .member = strdup(member),
        .name = hst_input_name(path, member),
        .bytes = s->bytes,
        .look = {.modified = {.tv_sec = (time_t)s->modified, .tv_nsec = (long)s->modified_ns}},
        .person_kinds = s->person_kinds,
        .named_columns = s->named_columns};
    return input->path && input->member && input->name ? HST_OK : no_memory(err);
}

/** The same path on two hosts has to be the same file. */
static hst_status compare(const hst_input *known, const sighting *s, hst_error *err)
{
    const sighting k = sighting_of(known);

    if (k.extract == s->extract && k.bytes == s->bytes && k.modified == s->modified &&
        k.modified_ns == s->modified_ns && k.person_kinds == s->person_kinds &&
        k.named_columns == s->named_columns) {
        return HST_OK;
    }
    return hst_fail(err, HST_ERR_USAGE,
                    "%s: another file on another host (size or time differ); give files of "
                    "different content different names, and copy with their times (cp -p)",
                    known->path);
}

/** Adds what one member sees. */
static hst_status add_sightings(hst_inputs *inputs, const unsigned char *bytes, size_t n,
                                bool *matches, size_t n_matches, hst_error *err)
{
    hst_status status = HST_OK;
    size_t at = n_matches * sizeof *matches, n_known = inputs->n;

    if (n < at) {
        return cut_short(err);
    }
    for (size_t i = 0; i < n_matches; i++) {
        matches[i] = matches[i] || bytes[i] != 0;
    }
    while (at < n && status == HST_OK) {
        const char *path = NULL, *member = NULL;
        hst_input *known = NULL;
        sighting s;

        if (n - at < sizeof s) {
            return cut_short(err);
        }
        memcpy(&s, bytes + at, sizeof s);
        at += sizeof s;
        if (s.n_path < 1 || s.n_member < 1 || n - at < (uint64_t)s.n_path + s.n_member) {
            return cut_short(err);
        }
        path = (const char *)bytes + at;
        member = path + s.n_path;
        at += (size_t)s.n_path + s.n_member;
        if (path[s.n_path - 1] != '\0' || member[s.n_member - 1] != '\0') {
            return cut_short(err);
        }
        known = find(inputs, n_known, path, member);
        status = known ? compare(known, &s, err) : add_unseen(inputs, &s, path, member, err);
    }
    if (inputs->n > 0) {
        qsort(inputs->items, inputs->n, sizeof *inputs->items, hst_inputs_compare);
    }
    return status;
}

hst_status hst_inputs_merge(hst_inputs *inputs, bool *matches, size_t n_matches, hst_team *team,
                            hst_error *err)
{
    char *bytes = NULL;
    size_t n = 0;
    hst_team_parts parts = {0};
    hst_status status = pack(&bytes, &n, inputs, matches, n_matches, err);

    if (status == HST_OK) {
        status = hst_team_gather(&parts, team, "inputs", bytes, n, err);
    }
    for (size_t i = 0; i < parts.n && status == HST_OK; i++) {
        status =
            add_sightings(inputs, parts.items[i].bytes, parts.items[i].n, matches, n_matches, err);
    }
    hst_team_parts_clear(&parts);
    free(bytes);
    return status;
}
