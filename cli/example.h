/* Files of examples/long-term-conditions, compiled in so that the program has them wherever it is.
 */
#ifndef HESTIA_CLI_EXAMPLE_H
#define HESTIA_CLI_EXAMPLE_H

/** Text of a file by its name without ending ("study", "my_lists"), NULL when there is none. */
const char *cli_example_text(const char *name);

#endif
