#ifndef HESTIA_TEXT_H
#define HESTIA_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/** Texts from outside (names of files, say) where they are shown: on a terminal, in a log, in
 * JSON. */

/** Bytes of the UTF-8 character that begins a text; 0 when it begins with none. */
size_t hst_utf8_bytes(const char *text);

/**
 * Copies a text as one line of UTF-8: each byte that is none becomes U+FFFD, line breaks become
 * " · ", other control characters a space, so that a name cannot write a line of its own into a log
 * or command a terminal. What does not fit ends in an ellipsis.
 *
 * @param room  of `out`, at least 4
 */
void hst_text_line(char *out, size_t room, const char *text);

/** The same in place, for names: a question mark for each such byte. */
void hst_text_neutralise(char *text);

/** Puts blanks in the place of control characters, but for tabs and line ends. */
void hst_text_blank(char *text);

/** True when a text has no control characters but tabs and line ends. */
bool hst_text_is_harmless(const char *text);

#endif
