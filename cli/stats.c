/* hestia stats METHOD [TABLE]: one statistical method on a table of the user's own.
 *
 * The table is read, its numbers are checked row by row, the rows are put into groups in the order
 * of first appearance, and the method answers each group. The methods are in the other stats_*.c.
 */
#include "cli/stats.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "hestia/study.h"

static const stats_method *const methods[] = {
    &stats_dsr,      &stats_rate,         &stats_proportion,   &stats_mean,
    &stats_poisson,  &stats_isr,          &stats_smr,          &stats_acs_score,
    &stats_mean_los, &stats_std_mean_los, &stats_bed_day_rate, &stats_hhi,
    &stats_growth,   &stats_site_score,   &stats_spells,       &stats_breaks,
    &stats_its,      &stats_trend,        &stats_spc,          &stats_funnel,
    &stats_pre_post, &stats_dsr_ratio,    &stats_did,          &stats_synthetic,
    &stats_power,
};

enum { N_METHODS = sizeof methods / sizeof methods[0] };

static hst_status find_method(const stats_options *options, const stats_method **out,
                              hst_error *err)
{
    const char *names[N_METHODS], *nearest = NULL;
    char all[512] = "";

    for (size_t i = 0; i < N_METHODS; i++) {
        names[i] = methods[i]->name;
        if (stats_same_name(options->method, names[i])) {
            *out = methods[i];
            return HST_OK;
        }
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i > 0 ? ", " : "", names[i]);
    }
    nearest = hst_nearest_name(options->method, names, N_METHODS);
    return hst_fail(err, HST_ERR_USAGE, "hestia stats: no method `%s`%s%s%s; there are %s",
                    options->method, nearest ? "; did you mean `" : "", nearest ? nearest : "",
                    nearest ? "`?" : "", all);
}

static hst_status check_options(const stats_options *options, const stats_method *method,
                                hst_error *err)
{
    unsigned other = options->given & ~method->options;
    unsigned other_series = options->given_series & ~method->series_options;
    const char *name = other          ? stats_option_name(other & (~other + 1))
                       : other_series ? stats_series_option_name(other_series & (~other_series + 1))
                                      : NULL;

    return name ? hst_fail(err, HST_ERR_USAGE, "hestia stats %s: it has no option --%s",
                           method->name, name)
                : HST_OK;
}

static hst_status choose_interval(stats_run *run)
{
    const stats_interval *intervals = run->method->intervals;
    const char *name = run->options->interval;
    char all[256] = "";

    if (!intervals) {
        return HST_OK;
    }
    for (size_t i = 0; intervals[i].name; i++) {
        if (!name || stats_same_name(name, intervals[i].name)) {
            run->interval = intervals[i].value;
            run->interval_name = intervals[i].name;
            return HST_OK;
        }
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i > 0 ? ", " : "",
                 intervals[i].name);
    }
    return hst_fail(run->err, HST_ERR_USAGE, "hestia stats %s: no interval `%s`; there are %s",
                    run->method->name, name, all);
}

static hst_status read_table(hst_table **out, const char *path, hst_error *err)
{
    hst_status status = HST_OK;
    struct stat found;
    FILE *pipe = NULL;

    if (!path || strcmp(path, "-") == 0) {
        return hst_table_read_stream(out, stdin, "standard input", err);
    }
    if (stat(path, &found) != 0 || !S_ISFIFO(found.st_mode)) {
        return hst_table_read(out, path, err);
    }
    pipe = fopen(path, "rb"); /* a shell's `<(command)` */
    if (!pipe) {
        return hst_fail(err, HST_ERR_SYSTEM, "%s: %s", path, strerror(errno));
    }
    status = hst_table_read_stream(out, pipe, path, err);
    fclose(pipe); /* only read */
    return status;
}

static hst_status run_method(const stats_options *options, const stats_method *method,
                             hst_error *err)
{
    hst_status status = HST_OK;
    stats_run run = {.options = options, .method = method, .err = err};
    hst_table *table = NULL;
    stats_groups groups = {0};

    run.per = options->given & STATS_PER ? options->per : method->per;
    if ((status = choose_interval(&run)) != HST_OK ||
        (status = read_table(&table, options->table, err)) != HST_OK) {
        goto done;
    }
    run.table = table;
    if ((status = stats_find_columns(&run)) != HST_OK ||
        (status = method->begin ? method->begin(&run) : HST_OK) != HST_OK ||
        (status = stats_read_rows(&run)) != HST_OK ||
        (status = method->ready ? method->ready(&run) : HST_OK) != HST_OK ||
        (status = stats_make_groups(&groups, &run)) != HST_OK) {
        goto done;
    }
    status = options->common.out ? hst_csv_create(&run.csv, options->common.out,
                                                  method->is_of_people ? 0600 : 0644, err)
                                 : hst_csv_attach(&run.csv, stdout, CLI_STANDARD_OUTPUT, err);
    if (status != HST_OK) {
        goto done;
    }
    status = stats_write_groups(&run, &groups);

done:
    if (method->end) {
        method->end(&run);
    } else {
        free(run.own);
    }
    hst_csv_free(run.csv);
    hst_table_free(run.side);
    hst_table_free(table);
    stats_clear_rows(&run);
    stats_groups_clear(&groups);
    return status;
}

hst_status cli_stats(int argc, char **argv, hst_error *err)
{
    stats_options options;
    const stats_method *method = NULL;
    hst_status status = HST_OK;

    if ((status = stats_parse_options(&options, argc, argv, err)) != HST_OK ||
        (status = find_method(&options, &method, err)) != HST_OK ||
        (status = check_options(&options, method, err)) != HST_OK) {
        return status;
    }
    if (method == &stats_dsr && options.interval &&
        stats_same_name(options.interval, stats_dsr_repeat.intervals[0].name)) {
        method = &stats_dsr_repeat; /* it reads other columns */
    }
    if (method == &stats_its && options.given_series & STATS_COUNTERFACTUAL) {
        method = &stats_its_points; /* it answers row by row */
    }
    return run_method(&options, method, err);
}
