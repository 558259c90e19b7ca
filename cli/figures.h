/* Figures in words. */
#ifndef HESTIA_CLI_FIGURES_H
#define HESTIA_CLI_FIGURES_H

#include <stdint.h>

/** 17269882 as "17,269,882". */
const char *cli_grouped(uint64_t n, char text[32]);

/** "24.1 GB", "318 kB". */
const char *cli_bytes(uint64_t bytes, char text[32]);

/** "99.97 %"; "-" for a part of nothing. */
const char *cli_percent(uint64_t part, uint64_t whole, char text[32]);

/** "comma", "pipe", "tab". */
const char *cli_separator_name(char separator);

#endif
