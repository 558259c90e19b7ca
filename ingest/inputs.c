/* From the globs of a study to its input streams: files, members, headers, and the one person
 * identifier. */
#define _GNU_SOURCE /* glob with functions of ours: its own pass over a disk that fails */
#include "ingest/inputs_internal.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "hestia/text.h"

enum { MAX_NAMED_COLUMNS = 64 /* bits of hst_input.named_columns */ };

/** What the layouts of one extract borrow: the paths of its side files, expanded. */
struct hst_input_specs {
    size_t n_extracts;
    struct extract_texts {
        size_t n_sides;
        bool lacks_sides; /**< a pattern has no match on this host */
        hst_side_spec *sides;
        glob_t *globs; /* [n_sides] */
    } * extracts;
};

static void free_specs(struct hst_input_specs *specs)
{
    if (!specs) {
        return;
    }
    for (size_t e = 0; specs->extracts && e < specs->n_extracts; e++) {
        for (size_t s = 0; s < specs->extracts[e].n_sides; s++) {
            globfree(&specs->extracts[e].globs[s]);
        }
        free(specs->extracts[e].globs);
        free(specs->extracts[e].sides);
    }
    free(specs->extracts);
    free(specs);
}

void hst_inputs_free(hst_inputs *inputs)
{
    if (!inputs) {
        return;
    }
    for (size_t i = 0; i < inputs->n; i++) {
        hst_layout_free(inputs->items[i].layout);
        free(inputs->items[i].path);
        free(inputs->items[i].member);
        free(inputs->items[i].name);
    }
    free(inputs->items);
    free_specs(inputs->specs);
    free(inputs);
}

/* A folder read whole at once, for glob: what cannot be read of it would be files that nobody
 * misses. */
typedef struct listing {
    struct dirent **entries;
    int n, next;
} listing;

static void *open_listing(const char *path)
{
    listing *all = calloc(1, sizeof *all);

    if (all) {
        all->n = scandir(path, &all->entries, NULL, NULL);
        if (all->n < 0) {
            int reason = errno;

            free(all);
            all = NULL;
            errno = reason;
        }
    }
    return all;
}

static struct dirent *read_listing(void *stream)
{
    listing *all = stream;

    return all->next < all->n ? all->entries[all->next++] : NULL;
}

static void close_listing(void *stream)
{
    listing *all = stream;

    for (int i = 0; i < all->n; i++) {
        free(all->entries[i]);
    }
    free(all->entries);
    free(all);
}

/** A folder that is not there matches nothing; one that cannot be read may hold anything. */
static int on_unreadable(const char *path, int number)
{
    (void)path;
    errno = number;
    return number != ENOENT && number != ENOTDIR;
}

static hst_status no_match(const hst_study *study, size_t line, const char *pattern, hst_error *err)
{
    return hst_fail(err, HST_ERR_USAGE,
                    "%s, line %zu: no file matches %s; check the folder and the pattern (it is "
                    "relative to the study file)",
                    study->path, line, pattern);
}

/**
 * Collects the matches of every pattern.
 *
 * @param has_match  [patterns->n] receives which have one; NULL: one without is a failure
 */
static hst_status expand(const hst_study *study, size_t line, const hst_texts *patterns,
                         glob_t *matches, bool *has_match, hst_error *err)
{
    matches->gl_opendir = open_listing;
    matches->gl_readdir = read_listing;
    matches->gl_closedir = close_listing;
    matches->gl_lstat = lstat;
    matches->gl_stat = stat;
    for (size_t i = 0; i < patterns->n; i++) {
        int result = glob(patterns->items[i], GLOB_ALTDIRFUNC | (i == 0 ? 0 : GLOB_APPEND),
                          on_unreadable, matches);

        if (result == GLOB_NOSPACE) {
            return hst_fail(err, HST_ERR_MEMORY, "no memory for the file names of %s",
                            patterns->items[i]);
        }
        if (result == GLOB_ABORTED) {
            return hst_fail(
                err, HST_ERR_SYSTEM, "%s, line %zu: a folder of %s cannot be read: %s%s",
                study->path, line, patterns->items[i], strerror(errno),
                errno == EACCES ? "; ask for the permission to read it" : hst_remedy(errno));
        }
        if (has_match) {
            has_match[i] = result == 0;
        } else if (result != 0) {
            return no_match(study, line, patterns->items[i], err);
        }
    }
    return HST_OK;
}

/** A host of a team that has no extract needs no side file of it either (add_input looks). */
static hst_status expand_side_files(const hst_study *study, struct hst_input_specs *specs,
                                    bool is_team, hst_error *err)
{
    specs->n_extracts = study->n_extracts;
    specs->extracts = calloc(study->n_extracts + 1, sizeof *specs->extracts);
    if (!specs->extracts) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu extracts", study->n_extracts);
    }
    for (size_t e = 0; e < study->n_extracts; e++) {
        const hst_study_extract *extract = &study->extracts[e];
        struct extract_texts *texts = &specs->extracts[e];

        texts->sides = calloc(extract->n_side_files + 1, sizeof *texts->sides);
        texts->globs = calloc(extract->n_side_files + 1, sizeof *texts->globs);
        if (!texts->sides || !texts->globs) {
            return hst_fail(err, HST_ERR_MEMORY, "no memory for side files");
        }
        for (size_t s = 0; s < extract->n_side_files; s++) {
            const hst_texts *patterns = &extract->side_files[s].files;
            bool *has_match = is_team ? calloc(patterns->n + 1, sizeof *has_match) : NULL;
            hst_status status = HST_OK;

            texts->n_sides = s + 1;
            if (is_team && !has_match) {
                return hst_fail(err, HST_ERR_MEMORY, "no memory for side files");
            }
            status = expand(study, extract->line, patterns, &texts->globs[s], has_match, err);
            for (size_t i = 0; i < patterns->n && has_match; i++) {
                texts->lacks_sides = texts->lacks_sides || !has_match[i];
            }
            free(has_match);
            if (status != HST_OK) {
                return status;
            }
            texts->sides[s] = (hst_side_spec){
                .n_paths = texts->globs[s].gl_pathc,
                .paths = (const char *const *)texts->globs[s].gl_pathv,
                .key = extract->side_files[s].key,
                .n_columns = extract->side_files[s].columns.n,
                .columns = (const char *const *)extract->side_files[s].columns.items,
            };
        }
    }
    return HST_OK;
}

/** "apc.csv.gz" or "apc.zip:member.csv", as a line of UTF-8: it goes into tables and JSON. */
char *hst_input_name(const char *path, const char *member)
{
    const char *slash = strrchr(path, '/');
    const char *file = slash ? slash + 1 : path;
    size_t n = strlen(file) + strlen(member) + 2, room = 4 * n;
    char *raw = malloc(n), *name = malloc(room);

    if (!raw || !name) {
        free(raw);
        free(name);
        return NULL;
    }
    snprintf(raw, n, "%s%s%s", file, member[0] ? ":" : "", member);
    hst_text_line(name, room, raw);
    free(raw);
    return name;
}

static hst_status add_input(hst_inputs *inputs, const hst_study *study, size_t extract,
                            const char *path, const char *member, hst_error *err)
{
    const hst_study_extract *from = &study->extracts[extract];
    hst_input *grown = realloc(inputs->items, (inputs->n + 1) * sizeof *grown);
    hst_input *input = NULL;
    hst_extract_spec spec = {0};
    hst_status status = HST_OK;
    struct stat file = {0};

    if (!grown) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu inputs", inputs->n + 1);
    }
    inputs->items = grown;
    input = &inputs->items[inputs->n++];
    *input = (hst_input){.extract = extract,
                         .path = strdup(path),
                         .member = strdup(member),
                         .name = hst_input_name(path, member)};
    if (!input->path || !input->member || !input->name) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the name of %s", path);
    }
    if (stat(path, &file) != 0) {
        return hst_fail(err, HST_ERR_USAGE, "%s: %s", path, strerror(errno));
    }
    input->bytes = (uint64_t)file.st_size;
    input->look = hst_file_look_of(&file);
    spec = (hst_extract_spec){
        .dataset = from->dataset,
        .path = input->path,
        .member = input->member,
        .separator = from->separator,
        .header_file = from->header,
        .n_columns = from->column_roles.n,
        .column_roles = (const char *const *)from->column_roles.items,
        .column_names = (const char *const *)from->column_names.items,
        .n_side_files = inputs->specs->extracts[extract].n_sides,
        .side_files = inputs->specs->extracts[extract].sides,
    };
    status = inputs->specs->extracts[extract].lacks_sides
                 ? hst_fail(err, HST_ERR_USAGE,
                            "%s, line %zu: %s is on this host, but not all of its side files are",
                            study->path, from->line, path)
                 : hst_layout_detect(&input->layout, &spec, err);
    if (status == HST_OK) {
        input->person_kinds = hst_layout_person_kinds(input->layout);
        for (size_t i = 0; i < from->column_names.n; i++) {
            input->named_columns |=
                (uint64_t)hst_layout_has_column(input->layout, from->column_names.items[i]) << i;
        }
    }
    return status;
}

static hst_status add_file(hst_inputs *inputs, const hst_study *study, size_t extract,
                           const char *path, hst_error *err)
{
    char **members = NULL;
    size_t n_members = 0;
    hst_status status = hst_source_members(&members, &n_members, path, err);

    for (size_t m = 0; status == HST_OK && m < n_members; m++) {
        status = add_input(inputs, study, extract, path, members[m], err);
    }
    hst_source_free_members(members, n_members);
    return status;
}

int hst_inputs_compare(const void *a, const void *b)
{
    const hst_input *x = a, *y = b;
    int order = strcmp(x->path, y->path);

    return order != 0 ? order : strcmp(x->member, y->member);
}

/** The first kind of identifier, in order of preference, that every input has. */
static hst_status choose_person(hst_inputs *inputs, hst_error *err)
{
    unsigned common = ~0u;

    for (size_t i = 0; i < inputs->n; i++) {
        unsigned kinds = inputs->items[i].person_kinds;

        if ((common & kinds) == 0) {
            return hst_fail(err, HST_ERR_USAGE,
                            "%s: no person identifier in common with %s; people could not be "
                            "followed from file to file: ask for one identifier in all files, or "
                            "give the column in `side_files` or `columns: {person: ..}`",
                            inputs->items[i].path, inputs->items[i > 0 ? i - 1 : 0].path);
        }
        common &= kinds;
    }
    while (!(common >> inputs->person & 1u)) {
        inputs->person++;
    }
    for (size_t i = 0; i < inputs->n; i++) {
        hst_input *input = &inputs->items[i];

        if (input->layout) {
            hst_layout_use_person(input->layout, inputs->person);
            hst_layout_key(input->layout, input->layout_key);
        }
    }
    return HST_OK;
}

/** One file named by two globs would count twice. */
static hst_status refuse_repeats(const hst_inputs *inputs, hst_error *err)
{
    for (size_t i = 1; i < inputs->n; i++) {
        if (hst_inputs_compare(&inputs->items[i - 1], &inputs->items[i]) == 0) {
            return hst_fail(err, HST_ERR_USAGE,
                            "%s is matched by two patterns of the study; make them distinct",
                            inputs->items[i].path);
        }
    }
    return HST_OK;
}

static bool some_input_has(const hst_inputs *inputs, size_t extract, size_t column)
{
    for (size_t i = 0; i < inputs->n; i++) {
        if (inputs->items[i].extract == extract && inputs->items[i].named_columns >> column & 1u) {
            return true;
        }
    }
    return false;
}

/** A column that the study names and no file has is a slip of the pen: the built-in aliases would
 * take another one. One that some files have may differ from year to year. */
static hst_status refuse_absent_columns(const hst_inputs *inputs, const hst_study *study,
                                        hst_error *err)
{
    for (size_t e = 0; e < study->n_extracts; e++) {
        const hst_study_extract *extract = &study->extracts[e];

        for (size_t i = 0; i < extract->column_names.n; i++) {
            if (!some_input_has(inputs, e, i)) {
                return hst_fail(err, HST_ERR_USAGE,
                                "%s, line %zu: no file of these extracts has the column %s that "
                                "`columns: {%s: ..}` names; check its spelling",
                                study->path, extract->line, extract->column_names.items[i],
                                extract->column_roles.items[i]);
            }
        }
    }
    return HST_OK;
}

/** Adds the files of all patterns. @param has_match  [of all patterns], NULL: each must have one */
static hst_status add_all(hst_inputs *inputs, const hst_study *study, bool *has_match,
                          hst_error *err)
{
    hst_status status = HST_OK;
    size_t first = 0; /* pattern */

    for (size_t e = 0; status == HST_OK && e < study->n_extracts; e++) {
        const hst_study_extract *extract = &study->extracts[e];
        glob_t matches = {0};

        if (extract->column_names.n > MAX_NAMED_COLUMNS) {
            return hst_fail(err, HST_ERR_RANGE, "%s, line %zu: more than %d names in `columns:`",
                            study->path, extract->line, MAX_NAMED_COLUMNS);
        }
        status = expand(study, extract->line, &extract->files, &matches,
                        has_match ? has_match + first : NULL, err);
        for (size_t i = 0; status == HST_OK && i < matches.gl_pathc; i++) {
            status = add_file(inputs, study, e, matches.gl_pathv[i], err);
        }
        first += extract->files.n;
        globfree(&matches);
    }
    if (inputs->n > 0) {
        qsort(inputs->items, inputs->n, sizeof *inputs->items, hst_inputs_compare);
    }
    return status == HST_OK ? refuse_repeats(inputs, err) : status;
}

/** The files that the members of a team see, all of them known to each. */
static hst_status add_all_of_team(hst_inputs *inputs, const hst_study *study, hst_team *team,
                                  hst_error *err)
{
    hst_status status = HST_OK;
    size_t n = 0, k = 0;
    bool *has_match = NULL;

    for (size_t e = 0; e < study->n_extracts; e++) {
        n += study->extracts[e].files.n;
    }
    has_match = calloc(n + 1, sizeof *has_match);
    if (!has_match) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu patterns", n);
    }
    status = add_all(inputs, study, has_match, err);
    if (status == HST_OK) {
        status = hst_inputs_merge(inputs, has_match, n, team, err);
    }
    for (size_t e = 0; status == HST_OK && e < study->n_extracts; e++) {
        const hst_study_extract *extract = &study->extracts[e];

        for (size_t i = 0; i < extract->files.n && status == HST_OK; i++, k++) {
            status = has_match[k] ? HST_OK
                                  : no_match(study, extract->line, extract->files.items[i], err);
        }
    }
    free(has_match);
    return status;
}

hst_status hst_inputs_find_together(hst_inputs **out, const hst_study *study, hst_team *team,
                                    hst_error *err)
{
    hst_status status = HST_OK;
    hst_inputs *inputs = calloc(1, sizeof *inputs);

    *out = NULL;
    if (!inputs || !(inputs->specs = calloc(1, sizeof *inputs->specs))) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for the inputs");
        goto done;
    }
    status = expand_side_files(study, inputs->specs, team != NULL, err);
    if (status == HST_OK) {
        status =
            team ? add_all_of_team(inputs, study, team, err) : add_all(inputs, study, NULL, err);
    }
    if (status == HST_OK) {
        status = refuse_absent_columns(inputs, study, err);
    }
    if (status == HST_OK) {
        status = choose_person(inputs, err);
    }
    if (status == HST_OK) {
        *out = inputs;
        inputs = NULL;
    }

done:
    hst_inputs_free(inputs);
    return status;
}

hst_status hst_inputs_find(hst_inputs **out, const hst_study *study, hst_error *err)
{
    return hst_inputs_find_together(out, study, NULL, err);
}
