/* The study file that goes with artificial extracts: a small one that fits them, or the worked
 * study of examples/long-term-conditions, which is compiled in. */
#include <string.h>

#include "cli/example.h"
#include "cli/synth.h"

/* Ending of the extracts as a pattern. */
static const char *ending_of(const synth_options *options)
{
    return strcmp(options->compression, "zip") == 0 ? "zip"
           : options->separator == '|'              ? "txt*"
                                                    : "csv*";
}

static void write_extract_keys(FILE *file, const synth_options *options)
{
    static const char *const names[] = {
        [HST_DATASET_APC] = "apc", [HST_DATASET_OP] = "op", [HST_DATASET_AE] = "ae"};

    fputs("extracts:\n", file);
    for (hst_dataset d = HST_DATASET_APC; d <= HST_DATASET_AE; d++) {
        if (options->datasets >> d & 1) {
            fprintf(file, "  - {dataset: %s, files: extracts/%s_*.%s}\n", names[d], names[d],
                    ending_of(options));
        }
    }
}

static void write_measures(FILE *file, const synth_options *options)
{
    fputs("measure_defaults: {statistic: dsr, by: [quarter, year]}\n"
          "measures:\n",
          file);
    if (options->datasets >> HST_DATASET_APC & 1) {
        fputs("  - {id: emergency_admissions, title: Emergency admissions, where: "
              "{admission_method: emergency}, direction: lower_is_better}\n"
              "  - {id: elective_admissions, title: Elective admissions, where: "
              "{admission_method: elective}}\n"
              "  - id: copd_emergency\n"
              "    title: Emergency admissions for chronic obstructive lung disease\n"
              "    where: {admission_method: emergency, condition: acsc_copd}\n"
              "    direction: lower_is_better\n"
              "  - id: diabetes_complications\n"
              "    title: Emergency admissions for complications of diabetes\n"
              "    where: {admission_method: emergency, condition: diabetes_complications, "
              "positions: primary}\n"
              "    direction: lower_is_better\n",
              file);
    }
    if (options->datasets >> HST_DATASET_OP & 1) {
        fputs("  - {id: outpatient_attendances, title: Outpatient attendances, dataset: op, "
              "statistic: count}\n",
              file);
    }
    if (options->datasets >> HST_DATASET_AE & 1) {
        fputs("  - {id: ae_attendances, title: Attendances at accident and emergency departments, "
              "dataset: ae, statistic: count}\n",
              file);
    }
}

static void write_synthetic(FILE *file, const synth_options *options)
{
    fprintf(file,
            "# A study of artificial patients, made by hestia synth. Run it with: hestia run "
            "study.yaml\n"
            "study: synthetic\n"
            "title: Artificial admissions in three primary care trusts and England\n"
            "period: {from: %d-04-01, to: %d-03-31}\n",
            options->first_year, options->last_year + 1);
    write_extract_keys(file, options);
    fputs("areas:\n"
          "  type: pct\n"
          "  field: [RESPCT06, RESPCT_HIS]\n"
          "  lookup: pct_lookup.csv\n"
          "  names: pct_names.csv\n"
          "  sites: [5J6, 5QL, 5NK]\n"
          "  comparators: [{name: England, areas: all, population_area: ENG}]\n"
          "population: population.csv\n"
          "standard_population: esp1976\n"
          "standardise_by: age_sex\n",
          file);
    write_measures(file, options);
    fputs("publish: {directory: results, disclosure: none} # nobody to protect\n", file);
}

static hst_status write_example(const synth_options *options, const char *name, const char *text,
                                hst_error *err)
{
    FILE *file = NULL;
    hst_status status = synth_open_text(&file, options, name, err);

    if (status != HST_OK) {
        return status;
    }
    fputs(text, file);
    return synth_close_text(file, name, err);
}

hst_status synth_write_study(const synth_options *options, hst_error *err)
{
    FILE *file = NULL;
    hst_status status = HST_OK;

    if (strcmp(options->study, "long-term-conditions") == 0) {
        status = write_example(options, "study.yaml", cli_example_text("study"), err);
        return status == HST_OK
                   ? write_example(options, "my_lists.csv", cli_example_text("my_lists"), err)
                   : status;
    }
    status = synth_open_text(&file, options, "study.yaml", err);
    if (status != HST_OK) {
        return status;
    }
    write_synthetic(file, options);
    return synth_close_text(file, "study.yaml", err);
}
