/* Figures in words, as the terminal and the reports of check show them. */
#include "cli/figures.h"

#include <stddef.h>
#include <stdio.h>

const char *cli_grouped(uint64_t n, char text[32])
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
    char *at = text;

    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) {
            *at++ = ',';
        }
        *at++ = digits[i];
    }
    *at = '\0';
    return text;
}

const char *cli_bytes(uint64_t bytes, char text[32])
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
    double size = (double)bytes;
    size_t unit = 0;

    while (size >= 999.5 && unit + 1 < sizeof units / sizeof *units) {
        size /= 1000;
        unit++;
    }
    snprintf(text, 32, unit > 0 && size < 99.95 ? "%.1f %s" : "%.0f %s", size, units[unit]);
    return text;
}

const char *cli_percent(uint64_t part, uint64_t whole, char text[32])
{
    if (whole == 0) {
        snprintf(text, 32, "-");
    } else {
        snprintf(text, 32, "%.2f %%", 100.0 * (double)part / (double)whole);
    }
    return text;
}

const char *cli_separator_name(char separator)
{
    return separator == '|' ? "pipe" : separator == '\t' ? "tab" : "comma";
}
