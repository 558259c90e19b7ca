#include "cli/command_line.h"

#include <stdlib.h>
#include <string.h>

#include "hestia/memory_stream.h"

/* Adds a word as a POSIX shell reads it back: in quotes where it holds more than plain characters.
 */
static void add_word(FILE *line, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_@%+=:,./-";

    if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
        fputs(word, line);
        return;
    }
    fputc('\'', line);
    for (; *word; word++) {
        if (*word == '\'') {
            fputs("'\\''", line); /* ends the quotes, a quote, begins them again */
        } else {
            fputc(*word, line);
        }
    }
    fputc('\'', line);
}

char *cli_command_line(const cli_options *options, const char *study)
{
    char *text = NULL;
    size_t n = 0;
    FILE *line = hst_memory_stream(&text, &n);

    if (!line) {
        return NULL;
    }
    fputs("hestia run ", line);
    add_word(line, study);
    if (options->store) {
        fputs(" --store ", line);
        add_word(line, options->store);
    }
    if (options->out) {
        fputs(" --out ", line);
        add_word(line, options->out);
    }
    if (fclose(line) != 0) {
        free(text);
        text = NULL;
    }
    return text;
}
