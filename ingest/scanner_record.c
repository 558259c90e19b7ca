/*
 * The slow way through one record: libcsv's state machine in its default mode, for records that a
 * kernel calls irregular. Also resolves quotes of a field, by the same machine.
 */
#include "hestia/scanner.h"

#include "ingest/scanner_kernel.h"

enum field_state { NOT_BEGUN, PLAIN, QUOTED, MIGHT_HAVE_ENDED };

/* The record so far, and what it is when cut after its first line. */
typedef struct walk {
    enum field_state state;
    size_t n_ends;
    bool has_begun; /* anything but blanks seen */
    bool has_nul;
    uint64_t n_lines;
    size_t n_ends_first, after_first; /* at the first line end inside quotes; 0 = none yet */
    uint32_t end_first;
    bool has_nul_first;
} walk;

static void leave_first_line(walk *w, size_t line_end, size_t next)
{
    if (w->after_first == 0) {
        w->n_ends_first = w->n_ends;
        w->end_first = (uint32_t)line_end;
        w->after_first = next;
        w->has_nul_first = w->has_nul;
    }
    w->n_lines++;
}

static enum field_state next_state(enum field_state state, char c)
{
    switch (state) {
    case NOT_BEGUN:
        return c == ' ' || c == '\t' ? NOT_BEGUN : c == '"' ? QUOTED : PLAIN;
    case PLAIN:
        return PLAIN;
    case QUOTED:
        return c == '"' ? MIGHT_HAVE_ENDED : QUOTED;
    case MIGHT_HAVE_ENDED:
        return c == ' ' || c == '\t' ? MIGHT_HAVE_ENDED : QUOTED;
    }
    return state;
}

static hst_slow_record first_line_alone(const walk *w, hst_slow_outcome outcome, size_t looked_at,
                                        uint32_t *ends)
{
    ends[w->n_ends_first] = w->end_first;
    return (hst_slow_record){.outcome = outcome,
                             .n_fields = w->n_ends_first + 1,
                             .next = w->after_first,
                             .n_in_vain = looked_at - w->after_first,
                             .n_lines = 1,
                             .has_nul = w->has_nul_first};
}

static hst_slow_record record_ended(const walk *w, size_t next, size_t expected, uint32_t *ends)
{
    if (!w->has_begun && w->n_ends == 1) {
        return (hst_slow_record){.outcome = HST_SLOW_BLANK, .next = next, .n_lines = w->n_lines};
    }
    if (expected != 0 && w->n_ends != expected && w->after_first != 0) {
        return first_line_alone(w, HST_SLOW_CUT, next, ends);
    }
    return (hst_slow_record){.outcome = HST_SLOW_RECORD,
                             .n_fields = w->n_ends,
                             .next = next,
                             .n_lines = w->n_lines,
                             .has_nul = w->has_nul};
}

hst_slow_record hst_scan_record(const char *text, size_t start, size_t end, bool is_last,
                                char separator, size_t expected, uint32_t *ends)
{
    /* the line end may stand at HST_MAX_RECORD_BYTES at the latest; one byte more tells CR LF */
    const size_t limit = start + HST_MAX_RECORD_BYTES;
    const bool is_all_there = is_last || end > limit + 1;
    const size_t stop = end > limit + 1 ? limit + 1 : end;
    walk w = {.state = NOT_BEGUN};

    for (size_t i = start; i < stop; i++) {
        char c = text[i];
        if (c == '\r' || c == '\n') {
            size_t line_end = i;
            if (c == '\r') {
                if (i + 1 == end && !is_last) {
                    break;
                }
                if (i + 1 < end && text[i + 1] == '\n') {
                    line_end = i + 1;
                }
            }
            if (line_end > limit) {
                break;
            }
            if (w.state == QUOTED) {
                leave_first_line(&w, line_end, line_end + 1);
                i = line_end;
                continue;
            }
            w.n_lines++;
            ends[w.n_ends++] = (uint32_t)line_end;
            return record_ended(&w, line_end + 1, expected, ends);
        }
        if (c == separator && w.state != QUOTED) {
            ends[w.n_ends++] = (uint32_t)i;
            w.state = NOT_BEGUN;
            w.has_begun = true;
            continue;
        }
        if (c == '\0') {
            w.has_nul = true;
        }
        if (w.state == MIGHT_HAVE_ENDED && c == '"') {
            /* a doubled quote goes on; after blanks it is one more chance to end */
            w.state = text[i - 1] == '"' ? QUOTED : MIGHT_HAVE_ENDED;
        } else {
            w.state = next_state(w.state, c);
        }
        w.has_begun = w.has_begun || w.state != NOT_BEGUN;
    }
    if (!is_all_there) {
        return (hst_slow_record){.outcome = HST_SLOW_MORE, .next = start};
    }
    if (w.after_first != 0) {
        return first_line_alone(&w, HST_SLOW_UNCLOSED, stop, ends);
    }
    return (hst_slow_record){.outcome = HST_SLOW_TOO_LONG, .next = stop, .has_nul = w.has_nul};
}

size_t hst_record_value(const hst_record *record, size_t i, char *buffer, size_t capacity)
{
    size_t length = 0, n = 0;
    bool quoted = false, after_quote = false; /* after_quote: the field might have ended */
    const char *field = hst_record_field(record, i, &length, &quoted);

    for (size_t k = quoted ? 1 : 0; k < length; k++) {
        bool is_quote = quoted && field[k] == '"';
        if (is_quote && after_quote && field[k - 1] == '"') {
            after_quote = false; /* second of a doubled quote: the first one stands for both */
            continue;
        }
        after_quote = is_quote || (after_quote && (field[k] == ' ' || field[k] == '\t'));
        if (n < capacity) {
            buffer[n] = field[k];
        }
        n++;
    }
    return after_quote ? n - 1 : n; /* without the closing quote */
}
