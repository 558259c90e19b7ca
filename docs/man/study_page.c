/* Prints the manual page hestia-study(5) from the table in ingest/study_schema.c, at every build.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "ingest/study_internal.h"

static const char opening[] =
    ".TH HESTIA\\-STUDY 5 \"\" \"hestia " HESTIA_VERSION "\" \"File Formats\"\n"
    ".SH NAME\n"
    "hestia\\-study \\- what a study reads, counts and publishes\n"
    ".SH DESCRIPTION\n"
    "One YAML 1.2 file says what a study of\n"
    ".BR hestia (1)\n"
    "reads, counts and publishes.\n"
    ".B hestia new\n"
    "writes a first one from extracts,\n"
    ".B hestia check\n"
    "says what it means before anything is read. Anchors and merge keys may be used. Paths are\n"
    "relative to the study file. A key that takes a list also takes a single value. An unknown\n"
    "key, a wrong type or a missing file is an error that names line, column and key.\n"
    ".PP\n"
    "The smallest study:\n"
    ".PP\n"
    ".EX\n"
    "study: first\\-look\n"
    "period: {from: 2008\\-04\\-01, to: 2011\\-03\\-31}\n"
    "extracts: [{dataset: apc, files: extracts/apc_*.csv.gz}]\n"
    "population: population.csv\n"
    "measures:\n"
    "  \\- {id: emergency_admissions, where: {admission_method: emergency}, statistic: dsr}\n"
    ".EE\n";

static const char closing[] = ".SH SEE ALSO\n"
                              ".BR hestia (1)\n";

/* Text of the schema as roff: `code` in bold, and nothing that roff would take for its own. */
static void write_text(const char *text, FILE *out)
{
    bool is_code = false;

    for (; *text; text++) {
        if (*text == '`') {
            is_code = !is_code;
            fputs(is_code ? "\\fB" : "\\fP", out);
        } else if (*text == '-') {
            fputs("\\-", out);
        } else if (*text == '\\') {
            fputs("\\e", out);
        } else if (*text == '\'') {
            fputs("\\(aq", out);
        } else {
            putc(*text, out);
        }
    }
}

static void write_choices(const hst_schema_key *row, FILE *out)
{
    bool is_first = true;

    for (size_t i = 0; row->choices[i].name; i++) {
        if (!row->choices[i].is_later) {
            fprintf(out, "%s\\fB", is_first ? "" : ", ");
            write_text(row->choices[i].name, out);
            fputs("\\fP", out);
            is_first = false;
        }
    }
}

static void write_type(const hst_schema_key *row, FILE *out)
{
    static const char *const names[] = {
        [HST_KEY_TEXT] = "text",
        [HST_KEY_SLUG] = "name of a\\-z, 0\\-9, \\-",
        [HST_KEY_ID] = "name of a\\-z, 0\\-9, \\-, _",
        [HST_KEY_PATH] = "path",
        [HST_KEY_NUMBER] = "number",
        [HST_KEY_WHOLE] = "whole number",
        [HST_KEY_BOOL] = "true or false",
        [HST_KEY_DATE] = "YYYY\\-MM\\-DD",
        [HST_KEY_RANGE] = "[from, to]",
        [HST_KEY_NAMES] = "mapping",
    };
    bool has_choices = row->type == HST_KEY_CHOICE || row->type == HST_KEY_CHOICE_OR_MAPPING;

    fputs(row->is_list ? "list of " : "", out);
    if (has_choices) {
        write_choices(row, out);
    }
    if (row->type == HST_KEY_MAPPING || row->type == HST_KEY_CHOICE_OR_MAPPING) {
        fputs(has_choices ? "; or mapping: see " : "mapping: see ", out);
        write_text(hst_group_name(row->group), out);
    } else if (!has_choices) {
        fputs(names[row->type], out);
    }
}

/* ".TP", the key, then on one line what it takes, its default and its meaning. */
static void write_key(const hst_schema_key *row, FILE *out)
{
    bool is_required = row->fallback && strcmp(row->fallback, HST_REQUIRED) == 0;

    fprintf(out, ".TP\n\\fB%s\\fP: ", row->key);
    write_type(row, out);
    putc('\n', out);
    fputs("\\&", out); /* so that no text can begin with a request */
    write_text(row->meaning, out);
    if (is_required) {
        fputs(" (must be given)", out);
    } else if (row->fallback) {
        fputs(" (default \\fB", out);
        write_text(row->fallback, out);
        fputs("\\fP)", out);
    }
    fputs(".\n", out);
}

static void write_group(hst_group group, FILE *out)
{
    fputs(".SH ", out);
    for (const char *c = hst_group_name(group); *c; c++) {
        if (*c != '`') {
            putc(toupper((unsigned char)*c), out);
        }
    }
    putc('\n', out);
    if (group == HST_GROUP_DEFAULTS) {
        fputs("The keys of ", out);
        write_text(hst_group_name(HST_GROUP_MEASURE), out);
        fputs(", but \\fBid\\fP.\n", out);
        return;
    }
    for (size_t i = 0; i < hst_schema_n; i++) {
        if (hst_schema[i].parent == group && !hst_schema[i].is_later) {
            write_key(&hst_schema[i], out);
        }
    }
}

int main(void)
{
    fputs(opening, stdout);
    for (hst_group group = 0; group < HST_N_GROUPS; group++) {
        write_group(group, stdout);
    }
    fputs(closing, stdout);
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
