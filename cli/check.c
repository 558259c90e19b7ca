/* hestia check: what a run of a study would do, the quality of extracts without a study, or what
 * condition sets hold. All only read. */
#include "cli/check.h"

#include <string.h>

enum { KEY_DEEP = 'd', KEY_CONDITIONS = 'c', MAX_PATHS = 4096 };

typedef struct arguments {
    cli_options options;
    bool is_deep, is_conditions;
    size_t n_paths;
    char *paths[MAX_PATHS];
} arguments;

static const struct argp_option check_options[] = {
    {"deep", KEY_DEEP, NULL, 0, "Look at every row of the extracts, not only the first 100,000", 1},
    {"conditions", KEY_CONDITIONS, NULL, 0,
     "List the condition sets, with those of the study; of a SET every row", 1},
    {0},
};

static const struct argp_child children[] = {{&cli_common_argp, 0, NULL, 90}, {0}};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    arguments *a = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &a->options;
        return 0;
    case KEY_DEEP:
        a->is_deep = true;
        return 0;
    case KEY_CONDITIONS:
        a->is_conditions = true;
        return 0;
    case ARGP_KEY_ARG:
        if (a->n_paths == MAX_PATHS) {
            argp_error(state, "more than %d files", MAX_PATHS);
        }
        a->paths[a->n_paths++] = argument;
        return 0;
    case ARGP_KEY_NO_ARGS:
        if (!a->is_conditions) {
            argp_error(state, "a study file or extracts must be given");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static bool is_study(const char *path)
{
    const char *dot = strrchr(path, '.');

    return dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

hst_status cli_check(int argc, char **argv, hst_error *err)
{
    static const struct argp argp = {
        .options = check_options,
        .parser = parse,
        .args_doc = "STUDY.yaml\nFILE...\n--conditions [STUDY.yaml] [SET...]",
        .doc = "Says what a run of a study would do: files, columns, populations, lookups, and "
               "each measure in words; or, for extracts, how good their data are; or what "
               "condition sets hold and where they come from. Writes nothing.\vExit 0 when a run "
               "can begin, 2 for faults of the study file, 3 for "
               "faults of the input.",
        .children = children};
    arguments a = {0};
    hst_status status = HST_OK;

    cli_options_init(&a.options);
    status = cli_parse(&argp, "hestia check", argc, argv, &a, err);
    if (status != HST_OK) {
        return status;
    }
    if (a.is_conditions) {
        size_t n_studies = a.n_paths > 0 && is_study(a.paths[0]);

        return cli_check_conditions(n_studies > 0 ? a.paths[0] : NULL, a.paths + n_studies,
                                    a.n_paths - n_studies, err);
    }
    if (!is_study(a.paths[0])) {
        return cli_check_files(a.paths, a.n_paths, a.is_deep ? 0 : CLI_SAMPLE_ROWS, err);
    }
    if (a.n_paths > 1) {
        return hst_fail(err, HST_ERR_USAGE,
                        "check takes one study file, or extracts; not several study files");
    }
    return cli_check_study(a.paths[0], &a.options, err);
}
