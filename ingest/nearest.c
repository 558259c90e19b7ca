#include "hestia/study.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

enum { MAX_LENGTH = 63 };

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;

    return least < c ? least : c;
}

static bool same_letter(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/** Optimal string alignment distance: insert, delete, replace, or swap two neighbours; without
 * case. */
static size_t edit_distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
    size_t rows[3][MAX_LENGTH + 1];
    size_t *before = rows[0], *last = rows[1], *now = rows[2];

    for (size_t j = 0; j <= n_b; j++) {
        last[j] = j;
        before[j] = j;
    }
    for (size_t i = 1; i <= n_a; i++) {
        size_t *oldest = before;

        now[0] = i;
        for (size_t j = 1; j <= n_b; j++) {
            size_t cost = same_letter(a[i - 1], b[j - 1]) ? 0 : 1;

            now[j] = smallest(last[j] + 1, now[j - 1] + 1, last[j - 1] + cost);
            if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) &&
                same_letter(a[i - 2], b[j - 1]) && before[j - 2] + 1 < now[j]) {
                now[j] = before[j - 2] + 1;
            }
        }
        before = last;
        last = now;
        now = oldest;
    }
    return last[n_b];
}

const char *hst_nearest_name(const char *text, const char *const *names, size_t n)
{
    size_t length = strlen(text), least = SIZE_MAX;
    const char *nearest = NULL;

    if (length == 0 || length > MAX_LENGTH) {
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        size_t n_name = strlen(names[i]);
        size_t shorter = n_name < length ? n_name : length;
        size_t distance =
            n_name > MAX_LENGTH ? SIZE_MAX : edit_distance(text, length, names[i], n_name);

        /* A third of the letters may differ; a word that begins the other is near as well. */
        if (shorter >= 4 && distance != SIZE_MAX && strncmp(text, names[i], shorter) == 0) {
            distance = 1;
        }
        if (distance <= 1 + shorter / 3 && distance < shorter && distance < least) {
            least = distance;
            nearest = names[i];
        }
    }
    return nearest;
}
