/* Writes the reference page of the study file, docs/study-file.md, from the schema. */
#include "study_internal.h"

#include <ctype.h>
#include <string.h>

static const char opening[] =
    "# The study file\n"
    "\n"
    "One YAML 1.2 file says what a study reads, counts and publishes. `hestia new FILE...` writes\n"
    "a first one from extracts, `hestia check STUDY.yaml` says what it means before anything is\n"
    "read. Anchors and merge keys (`<<`) may be used. Paths are relative to the study file. A key\n"
    "that takes a list also takes a single value. An unknown key, a wrong type or a missing file\n"
    "is an error that names line, column and key.\n"
    "\n"
    "The smallest study:\n"
    "\n"
    "```yaml\n"
    "study: first-look\n"
    "period: {from: 2008-04-01, to: 2011-03-31}\n"
    "extracts: [{dataset: apc, files: extracts/apc_*.csv.gz}]\n"
    "population: population.csv\n"
    "measures:\n"
    "  - {id: emergency_admissions, where: {admission_method: emergency}, statistic: dsr}\n"
    "```\n"
    "\n"
    "What is marked *later* is known and refused: this version of hestia does not have it yet.\n"
    "\n"
    "This page is generated from the table in `ingest/study_schema.c`; do not edit it.\n";

static void write_choices(const hst_schema_key *row, FILE *out)
{
    for (size_t i = 0; row->choices[i].name; i++) {
        fprintf(out, "%s%s%s", i == 0 ? "" : ", ", row->choices[i].name,
                row->choices[i].is_later ? " (*later*)" : "");
    }
}

static void write_type(const hst_schema_key *row, FILE *out)
{
    static const char *const names[] = {
        [HST_KEY_TEXT] = "text",
        [HST_KEY_SLUG] = "name of a-z, 0-9, -",
        [HST_KEY_ID] = "name of a-z, 0-9, -, _",
        [HST_KEY_PATH] = "path",
        [HST_KEY_NUMBER] = "number",
        [HST_KEY_WHOLE] = "whole number",
        [HST_KEY_BOOL] = "true or false",
        [HST_KEY_DATE] = "YYYY-MM-DD",
        [HST_KEY_RANGE] = "[from, to]",
        [HST_KEY_NAMES] = "mapping",
    };

    if (row->is_later) {
        fputs("*later*", out);
        return;
    }
    fputs(row->is_list ? "list of " : "", out);
    if (row->type == HST_KEY_MAPPING) {
        fprintf(out, "mapping: see %s", hst_group_name(row->group));
    } else if (row->type == HST_KEY_CHOICE) {
        write_choices(row, out);
    } else if (row->type == HST_KEY_CHOICE_OR_MAPPING) {
        write_choices(row, out);
        fprintf(out, "; or mapping: see %s", hst_group_name(row->group));
    } else {
        fputs(names[row->type], out);
    }
}

static void write_group(hst_group group, FILE *out)
{
    const char *name = hst_group_name(group);

    fprintf(out, "\n## %c%s\n\n", toupper((unsigned char)name[0]), name + 1);
    if (group == HST_GROUP_DEFAULTS) {
        fprintf(out, "The keys of %s, but `id`.\n", hst_group_name(HST_GROUP_MEASURE));
        return;
    }
    fputs("| key | takes | default | meaning |\n|---|---|---|---|\n", out);
    for (size_t i = 0; i < hst_schema_n; i++) {
        const hst_schema_key *row = &hst_schema[i];
        bool is_required = row->fallback && strcmp(row->fallback, HST_REQUIRED) == 0;

        if (row->parent != group) {
            continue;
        }
        fprintf(out, "| `%s` | ", row->key);
        write_type(row, out);
        fprintf(out, " | %s%s%s | %s |\n", row->fallback && !is_required ? "`" : "",
                is_required     ? "must be given"
                : row->fallback ? row->fallback
                                : "",
                row->fallback && !is_required ? "`" : "", row->meaning);
    }
}

void hst_study_write_reference(FILE *out)
{
    fputs(opening, out);
    for (hst_group group = 0; group < HST_N_GROUPS; group++) {
        write_group(group, out);
    }
}
