/* disclosure.txt: half a page for whoever checks a release before it leaves the safe environment.
 * It holds no times, so that the same inputs give the same bytes. */
#define _GNU_SOURCE /* scandir's alphasort in ISO mode */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "publish/tables.h"
#include "publish/tree.h"

/* The files of the folder by name, joined by ", ". */
static hst_status list_files(FILE *text, const char *folder, hst_error *err)
{
    struct dirent **entries = NULL;
    int n = scandir(folder, &entries, NULL, alphasort), n_listed = 0;

    if (n < 0) {
        return hst_fail(err, HST_ERR_SYSTEM, "%s cannot be listed: %s", folder, strerror(errno));
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

    fprintf(text, "Rule %s (NHS Digital, HES and ECDS, since September 2018), parameters min %d, ",
            p->study->publish.disclosure.rule, min);
    fprintf(text, "round %d, decimals %d:\n", base, p->study->publish.disclosure.decimals);
    fprintf(text, "- below England a count of 1 to %d is hidden, of %d and more rounded to %d; 0 ",
            min - 1, min, base);
    fprintf(text, "stays 0; England is true;\n");
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
            "Counts below England: %zu, of which %zu are small and hidden. So that none of them "
            "comes back, %zu larger counts\nare hidden in the same way, and %zu cells show their "
            "rounded count without value and limits. Other tables: %zu hidden.\n",
            d->n_counts, d->n_small, d->n_withheld_counts, d->n_withheld_values, d->n_other);
}

hst_status hst_output_check_write(const hst_publication *p, const char *folder, hst_error *err)
{
    hst_status status = HST_OK;
    char *content = NULL, *path = hst_tree_join(folder, "disclosure.txt");
    size_t length = 0;
    FILE *text = path ? open_memstream(&content, &length) : NULL;

    if (!text) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for %s/disclosure.txt", folder);
        goto done;
    }
    fprintf(text, "For the output checker: disclosure control of this release\n\n");
    fprintf(text, "Study %s%s%s\nFiles: ", p->study->study, p->study->title ? ": " : "",
            p->study->title ? p->study->title : "");
    status = list_files(text, folder, err);
    fprintf(text, "\n\n");
    write_rule(text, p);
    fprintf(text, "\n");
    write_numbers(text, p->disclosure);
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
