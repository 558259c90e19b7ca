/* Any bytes as the table of each method of `hestia stats`: an answer or a reason. The first byte
 * chooses the method and its options. */
#include <stdlib.h>
#include <string.h>

#include "cli/stats.h"
#include "tests/fuzz/scratch_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_ARGUMENTS = 6 };

/* Methods with the options that they need. */
static const char *const methods[][MAX_ARGUMENTS] = {
    {"dsr"},
    {"dsr", "--interval", "repeat-adjusted"},
    {"dsr", "--standardise-by", "age_sex", "--confidence", "95,99.8"},
    {"rate"},
    {"proportion"},
    {"mean"},
    {"poisson"},
    {"isr", "--reference", "pooled", "--strata", "stratum"},
    {"smr", "--reference", "pooled", "--strata", "stratum"},
    {"acs-score"},
    {"mean-los", "--cap", "100"},
    {"hhi"},
    {"growth"},
    {"spells"},
    {"spells", "--rule", "york", "--cips", "york"},
    {"breaks"},
    {"its", "--intervention", "5"},
    {"its", "--intervention", "5", "--model", "quasipoisson"},
    {"trend"},
    {"trend", "--se", "newey-west", "--lag", "2"},
    {"spc"},
    {"funnel"},
    {"pre-post"},
    {"dsr-ratio"},
    {"did"},
    {"synthetic-control", "--placebo"},
    {"power"},
    {"rate", "--by", "g", "--skip-bad", "--quiet"},
    {"site-score", "--weights", scratch_path},
};

/* As the program has it, which the fuzzer is not. */
hst_status cli_parse(const struct argp *argp, const char *name, int argc, char **argv, void *input,
                     hst_error *err)
{
    return argp_parse(argp, argc, argv, 0, NULL, input) == 0
               ? HST_OK
               : hst_fail(err, HST_ERR_USAGE, "%s: the options cannot be parsed", name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool is_silent = false;
    char *argv[MAX_ARGUMENTS + 3] = {(char *)"stats"};
    int argc = 1;
    hst_error err = {0};

    if (!is_silent) { /* what the method answers */
        is_silent = freopen("/dev/null", "w", stdout) != NULL;
    }
    if (size == 0) {
        return 0;
    }
    for (size_t i = 0; i < MAX_ARGUMENTS; i++) {
        const char *argument = methods[data[0] % (sizeof methods / sizeof *methods)][i];

        if (argument) {
            argv[argc++] = (char *)argument;
        }
        if (i == 0) {
            argv[argc++] = scratch_path;
        }
    }
    scratch_write(data + 1, size - 1);
    if (cli_stats(argc, argv, &err) != HST_OK && err.message[0] == '\0') {
        abort(); /* a failure without a reason */
    }
    return 0;
}
