/* disclosure.txt: half a page for whoever checks a release before it leaves the safe environment.
 * It holds no times, so that the same inputs give the same bytes. */
#define _GNU_SOURCE /* scandir's alphasort in ISO mode */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hestia/memory_stream.h"
#include "hestia/text.h"
#include "publish/tables.h"
#include "publish/tree.h"

/* The files of the folder by name, joined by ", ". */
static hst_status list_files(FILE *text, const char *folder, hst_error *err)
{
    struct dirent **entries = NULL;
    int n = scandir(folder, &entries, NULL, alphasort), n_listed = 0;

    if (n < 0) {
        return hst_fail_system(err, folder, "cannot be listed");
    }
    for (int i = 0; i < n; i++) {
        if (entries[i]->d_name[0] != '.') {
            fprintf(text, "%s%s", n_listed++ > 0 ? ", " : "", entries[i]->d_name);
        }
        free(entries[i]);
    }
    free(entries);
    return HST_OK;
}

static void write_rule(FILE *text, const hst_publication *p)
{
    int min = p->study->publish.disclosure.min, base = p->study->publish.disclosure.round;
    int64_t total_round = p->disclosure->total_round;

    fprintf(text, "Rule %s (NHS Digital, HES and ECDS, since September 2018), parameters min %d, ",
            p->study->publish.disclosure.rule, min);
    fprintf(text, "round %d, decimals %d:\n", base, p->study->publish.disclosure.decimals);
    fprintf(text, "- below England a count of 1 to %d is hidden, of %d and more rounded to %d; 0 ",
            min - 1, min, base);
    fprintf(text, "stays 0;\n");
    if (total_round == 1) {
        fprintf(text, "- counts of England and of whole extracts are exact, as the study asks for: "
                      "with another night's release\n  they tell how many records came;\n");
    } else {
        fprintf(text,
                "- counts of England and of whole extracts are rounded to %" PRId64
                ", so that two nights' "
                "releases do not tell what came;\n",
                total_round);
    }
    fprintf(text, "- counts, crude rates, bed days, readmissions and their limits are worked out "
                  "from rounded counts;\n");
    fprintf(text, "- means and standardised rates are from true data, and hidden where the count "
                  "is; quantiles from 30 stays on;\n");
    fprintf(text, "- values and limits have %d decimal%s, below 10 three significant figures.\n",
            p->study->publish.disclosure.decimals,
            p->study->publish.disclosure.decimals == 1 ? "" : "s");
}

static void write_numbers(FILE *text, const hst_disclosure *d)
{
    fprintf(text,
            "Counts below England: %zu; small and hidden: %zu. So that none of them comes back ",
            d->n_counts, d->n_small);
    fprintf(text, "%zu other counts are hidden\nin the same way, and %zu cells show their rounded ",
            d->n_withheld_counts, d->n_withheld_values);
    fprintf(text, "count without value and limits. In other tables %zu numbers are hidden.\n",
            d->n_other);
}

/* What was tried, and what nobody can promise. */
static void write_tests(FILE *text, const hst_disclosure *d)
{
    fprintf(text,
            "Tested: for each of the %zu small counts another set of records was found, one event "
            "different or one event moved,\nthat gives exactly the same counts, also where England "
            "less other areas, totals less their parts, years less months,\noverlapping "
            "comparators, measures of the same events, and counts that limits or means give back "
            "are put together.\n\n",
            d->n_certified);
    fprintf(text,
            "Not controlled, by the rule: standardised rates, limits, regressions and their series "
            "(where few points of a series of\nmeans or standardised rates are hidden, its model "
            "tells their values; models of counts are withheld where one\nof them is hidden, and "
            "tell the sums of rounded ones); England's values; "
            "populations; measures of a table and\nregisters, which are the study's own published "
            "numbers. Words such as lower or similar are by true numbers.\n\n");
    fprintf(text,
            "Another night's release: counts are rounded, and values withheld that would "
            "tell which records came to a count that is\nor can have been small. That is done "
            "for each measure by itself; it does not hold for means, England's rates of "
            "few\nevents, measures that overlap, or many releases put together: let out one "
            "night's release, not every night's.\n\n");
    fprintf(text,
            "Please look at: free text of the study file (titles, notes, reasons, names); whether "
            "the data access agreement asks for\nmore than min and round above; whether another "
            "release of the same records is out.\n");
}

hst_status hst_output_check_write(const hst_publication *p, const char *folder, hst_error *err)
{
    hst_status status = HST_OK;
    char *content = NULL, *path = hst_tree_join(folder, "disclosure.txt");
    char title[512];
    size_t length = 0;
    FILE *text = path ? hst_memory_stream(&content, &length) : NULL;

    if (!text) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for %s/disclosure.txt", folder);
        goto done;
    }
    fprintf(text, "For the output checker: disclosure control of this release\n\n");
    hst_text_line(title, sizeof title, p->study->title ? p->study->title : "");
    fprintf(text, "Study %s%s%s\nFiles: ", p->study->study, *title ? ": " : "", title);
    status = list_files(text, folder, err);
    fprintf(text, "\n\n");
    write_rule(text, p);
    fprintf(text, "\n");
    write_numbers(text, p->disclosure);
    fprintf(text, "\n");
    write_tests(text, p->disclosure);
    if (fclose(text) != 0 && status == HST_OK) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for %s", path);
    }
    if (status == HST_OK) {
        status = hst_tree_write(path, 0644, content, length, err);
    }

done:
    free(content);
    free(path);
    return status;
}
