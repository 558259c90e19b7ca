/* hestia store: makes a store, says what is in it, checks it, and removes it, or what of it is of
 * no more use. */
#include "cli/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "hestia/ingest.h"
#include "hestia/store.h"
#include "hestia/study.h"

enum { KEY_GROUP = 0x2001, KEY_PARTITIONS, KEY_ALL, KEY_UNUSED, KEY_REPAIR };

typedef struct store_arguments {
    cli_options options;
    hst_store_options init;
    const char *verb, *path;
    bool all, unused, repair;
} store_arguments;

static const struct argp_option store_options[] = {
    {"group", KEY_GROUP, "GROUP", 0, "init: a store that a group of users reads (2750, files 0640)",
     1},
    {"partitions", KEY_PARTITIONS, "N", 0,
     "init: a power of two from 1 to 4096 (default 256); more need less memory to count", 1},
    {"repair", KEY_REPAIR, NULL, 0,
     "verify: remove the damaged segments; the next run makes them anew", 1},
    {"unused", KEY_UNUSED, NULL, 0, "purge: only the segments that no input on disk stands for", 1},
    {"all", KEY_ALL, NULL, 0, "purge: everything, as without options", 1},
    {0},
};

static error_t parse_store(int key, char *argument, struct argp_state *state)
{
    store_arguments *arguments = state->input;
    char *end = NULL;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->options;
        return 0;
    case KEY_GROUP:
        arguments->init.group = argument;
        return 0;
    case KEY_PARTITIONS:
        errno = 0;
        arguments->init.n_partitions = strtoul(argument, &end, 10);
        if (errno != 0 || *argument < '1' || *argument > '9' || *end != '\0') {
            argp_error(state, "--partitions takes a power of two from 1 to 4096");
        }
        return 0;
    case KEY_ALL:
        arguments->all = true;
        return 0;
    case KEY_REPAIR:
        arguments->repair = true;
        return 0;
    case KEY_UNUSED:
        arguments->unused = true;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num == 0) {
            arguments->verb = argument;
        } else if (state->arg_num == 1) {
            arguments->path = argument;
        } else {
            argp_error(state, "one store at a time");
        }
        return 0;
    case ARGP_KEY_END:
        if (!arguments->path) {
            arguments->path = arguments->options.store;
        }
        if (!arguments->verb || !arguments->path) {
            argp_error(state, "what is to be done, and with which store? init DIR, list DIR, "
                              "verify DIR or purge DIR");
        }
        if (arguments->all && arguments->unused) {
            argp_error(state, "--all and --unused exclude each other");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const char *separator_name(char separator)
{
    switch (separator) {
    case ',':
        return "comma";
    case '|':
        return "pipe";
    case '\t':
        return "tab";
    default:
        return "";
    }
}

/* A walk over the segments of a store, and what came of it. */
typedef struct visit {
    const store_arguments *arguments;
    hst_store *store;
    size_t n_segments, n_damaged, n_removed;
    hst_error first_damage;
} visit;

typedef hst_status visitor(visit *v, const hst_segment_id *id, hst_error *err);

/* Opens a store and visits its segments in order. */
static hst_status visit_segments(const store_arguments *arguments, hst_store_access access,
                                 visitor *each, visit *v, hst_error *err)
{
    hst_segment_id *ids = NULL;
    hst_status status = hst_store_open(&v->store, arguments->path, false, access, err);

    v->arguments = arguments;
    if (status == HST_OK) {
        status = hst_store_segments(v->store, &ids, &v->n_segments, err);
    }
    for (size_t i = 0; status == HST_OK && i < v->n_segments; i++) {
        status = hst_interrupt_requested() ? hst_fail(err, HST_ERR_INTERRUPTED, "interrupted")
                                           : each(v, &ids[i], err);
    }
    free(ids);
    return status;
}

/* Notes a damaged segment, which is said at once, and goes on with the next one. */
static hst_status note_damage(visit *v, hst_status status, const hst_error *err)
{
    if (status != HST_ERR_DAMAGED) {
        return status;
    }
    if (v->n_damaged++ == 0) {
        v->first_damage = *err;
    }
    printf("damaged\t%s\n", err->message);
    return HST_OK;
}

/* Fails when there was damage. */
static hst_status sum_up_damage(const visit *v, hst_error *err)
{
    if (v->n_damaged == 0) {
        return HST_OK;
    }
    return v->n_damaged == 1
               ? hst_fail(err, HST_ERR_DAMAGED, "%s", v->first_damage.message)
               : hst_fail(err, HST_ERR_DAMAGED,
                          "%zu of %zu segments cannot be used, as said above; remove their files "
                          "and run again: they are made anew from their inputs",
                          v->n_damaged, v->n_segments);
}

static hst_status list_segment(visit *v, const hst_segment_id *id, hst_error *err)
{
    hst_segment *segment = NULL;
    hst_status status = hst_segment_open(&segment, v->store, id->digest, id->layout_key, err);

    if (status != HST_OK) {
        return note_damage(v, status, err);
    }
    const hst_segment_info *info = hst_segment_get_info(segment);
    printf("%s\t%s\t%" PRIu64 "\t%" PRIu64 "\t%s\t%s\n", info->file,
           hst_dataset_name(info->dataset), info->rows_used, hst_segment_file_bytes(segment),
           info->person_column, separator_name(info->separator));
    hst_segment_close(segment);
    return HST_OK;
}

static hst_status verify_segment(visit *v, const hst_segment_id *id, hst_error *err)
{
    hst_segment *segment = NULL;
    hst_status status = hst_segment_open(&segment, v->store, id->digest, id->layout_key, err);

    if (status == HST_OK) {
        status = hst_segment_verify(segment, err);
    }
    if (status == HST_OK && !v->arguments->options.quiet) {
        const hst_segment_info *info = hst_segment_get_info(segment);

        printf("ok\t%s\t%" PRIu64 " rows\n", info->file, info->rows_used);
    }
    hst_segment_close(segment);
    if (status == HST_ERR_DAMAGED && v->arguments->repair) {
        printf("removed\t%s\n", err->message);
        v->n_removed++;
        return hst_store_remove(v->store, id, err);
    }
    return note_damage(v, status, err);
}

static hst_status verify(const store_arguments *arguments, visit *v, hst_error *err)
{
    hst_status status = visit_segments(
        arguments, arguments->repair ? HST_STORE_WRITE : HST_STORE_READ, verify_segment, v, err);

    if (status == HST_OK && hst_store_has_lost_catalogue(v->store)) {
        printf("lost\tthe catalogue: the next run looks at every input anew and finds its segment "
               "by content\n");
    }
    if (status == HST_OK && v->n_removed > 0 && !arguments->options.quiet) {
        printf("%zu of %zu segments removed: the next run makes them anew\n", v->n_removed,
               v->n_segments);
    }
    return status;
}

static hst_status remove_unused(visit *v, const hst_segment_id *id, hst_error *err)
{
    hst_segment *segment = NULL;
    char file[sizeof((hst_segment_info *)0)->file + 32] = "a segment that cannot be read";
    hst_status status = HST_OK;

    if (hst_store_has_lost_catalogue(v->store)) {
        return hst_fail(err, HST_ERR_INPUT,
                        "%s: its catalogue is lost, so that nothing tells which segments are in "
                        "use; run every study that has this store, then purge it",
                        hst_store_path(v->store));
    }
    if (hst_store_has_input(v->store, id->digest)) {
        return HST_OK;
    }
    if (hst_segment_open(&segment, v->store, id->digest, id->layout_key, NULL) == HST_OK) {
        snprintf(file, sizeof file, "%s\t%" PRIu64 " bytes", hst_segment_get_info(segment)->file,
                 hst_segment_file_bytes(segment));
        hst_segment_close(segment);
    }
    status = hst_store_remove(v->store, id, err);
    if (status == HST_OK) {
        v->n_removed++;
        printf("removed\t%s\n", file);
    }
    return status;
}

static hst_status purge_unused(const store_arguments *arguments, visit *v, hst_error *err)
{
    hst_status status = visit_segments(arguments, HST_STORE_WRITE, remove_unused, v, err);

    if (status == HST_OK) {
        status = hst_store_forget_absent(v->store, err);
    }
    if (status == HST_OK) {
        status = hst_store_remove_slices(v->store, err);
    }
    if (status == HST_OK && !arguments->options.quiet) {
        printf("%zu of %zu segments removed\n", v->n_removed, v->n_segments);
    }
    return status;
}

/** The next run would make a private store of the usual partitions, which shuts a group out. */
static void say_how_it_was_made(const char *path, const hst_store_purged *purged)
{
    bool is_parted = purged->n_partitions > 0 && purged->n_partitions != HST_DEFAULT_PARTITIONS;

    if (!*purged->group && !is_parted) {
        return;
    }
    printf("before the next run make it again as it was: hestia store init %s", path);
    if (*purged->group) {
        printf(" --group %s", purged->group);
    }
    if (is_parted) {
        printf(" --partitions %zu", purged->n_partitions);
    }
    printf("\n");
}

static hst_status purge(const store_arguments *arguments, hst_error *err)
{
    hst_store_purged purged;
    hst_status status = hst_store_purge(arguments->path, &purged, err);

    if (status == HST_OK && !arguments->options.quiet) {
        printf("%s is removed: %zu %s of %" PRIu64 " bytes, catalogue, key and settings\n"
               "its key was overwritten first; a solid-state disk, a snapshot or a backup may keep "
               "a copy all the same\n",
               arguments->path, purged.n_segments, purged.n_segments == 1 ? "segment" : "segments",
               purged.bytes);
        if (purged.folder_stays) {
            printf("the folder stays: it holds files that are not the store's, or may not be "
                   "removed\n");
        }
        say_how_it_was_made(arguments->path, &purged);
    }
    return status;
}

hst_status cli_store(int argc, char **argv, hst_error *err)
{
    static const struct argp_child children[] = {{&cli_common_argp, 0, "Common options:", 9}, {0}};
    static const struct argp store_argp = {
        .options = store_options,
        .parser = parse_store,
        .args_doc = "init DIR\nlist DIR\nverify DIR\npurge DIR",
        .doc = "Looks after a store. init makes an empty one. list prints a line for each segment: "
               "file, dataset, rows, bytes, person column, separator. verify reads all of it and "
               "checks it (exit 3 when a segment is damaged), with --repair it removes what is "
               "damaged. purge removes all of it, the key of "
               "the persons first, once nobody writes to it or reads it (exit 4); with --unused "
               "only the segments that no input on disk stands for any more.",
        .children = children};
    store_arguments arguments = {0};
    hst_status status = HST_OK;
    visit v = {0};

    cli_options_init(&arguments.options);
    status = cli_parse(&store_argp, "hestia store", argc, argv, &arguments, err);
    if (status != HST_OK) {
        return status;
    }
    if (strcmp(arguments.verb, "init") == 0) {
        status = hst_store_init(arguments.path, &arguments.init, err);
        if (status == HST_OK && !arguments.options.quiet) {
            printf("%s is an empty store\n", arguments.path);
        }
    } else if (strcmp(arguments.verb, "list") == 0) {
        status = visit_segments(&arguments, HST_STORE_READ, list_segment, &v, err);
    } else if (strcmp(arguments.verb, "verify") == 0) {
        status = verify(&arguments, &v, err);
    } else if (strcmp(arguments.verb, "purge") == 0) {
        status = arguments.unused ? purge_unused(&arguments, &v, err) : purge(&arguments, err);
    } else {
        status =
            hst_fail(err, HST_ERR_USAGE,
                     "there is no `hestia store %s`: init, list, verify or purge", arguments.verb);
    }
    if (status == HST_OK) {
        status = sum_up_damage(&v, err);
    }
    hst_store_close(v.store);
    return status;
}
