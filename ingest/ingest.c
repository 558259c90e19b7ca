/* From inputs to segments: what is new or changed is read, everything else is reused. Files are
   handed to threads, largest first; a file that has threads to spare is cut into ranges for all of
   them where it has several gzip members, and else inflated by a thread of its own. */
#include "hestia/ingest.h"

#include <omp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/ranges.h"
#include "ingest/share_internal.h"

enum { ROWS_AT_ONCE = 32, ROWS_BETWEEN_CHECKS = 4096 };

/** What all threads of one ingest share. */
typedef struct work {
    const hst_study *study;
    hst_store *store;
    const hst_ingest_options *options;
    hst_side_table **sides; /* [n_extracts], NULL where the extract has none */
    size_t *readers;        /* [inputs] the member of the team that reads each */
    uint64_t total_bytes;
    _Atomic uint64_t done_bytes;
    atomic_size_t n_unfinished;
} work;

static void report(void *context, uint64_t done)
{
    const work *w = context;

    if (w->options->progress) {
        w->options->progress(w->options->progress_context, done, w->total_bytes);
    }
}

static void report_progress(work *w)
{
    report(w, hst_team_progress(w->options->team, atomic_load(&w->done_bytes)));
}

static bool is_mine(const work *w, size_t input)
{
    return w->readers[input] == hst_team_number(w->options->team);
}

/** Adds what has been read of a file since the last call to the common count. */
static void advance(work *w, const hst_source *source, uint64_t *reported)
{
    uint64_t position = hst_source_position(source);

    if (position > *reported) {
        atomic_fetch_add(&w->done_bytes, position - *reported);
        *reported = position;
        report_progress(w);
    }
}

static hst_status read_rows(work *w, hst_scanner *scanner, const hst_source *source,
                            const hst_layout *layout, hst_decoder *decoder, uint64_t *reported,
                            hst_error *err)
{
    hst_record records[ROWS_AT_ONCE];
    size_t n = 1;
    uint64_t n_since_check = 0;
    bool more = true;
    hst_status status = HST_OK;

    if (hst_layout_has_header_line(layout)) {
        status = hst_scanner_next(scanner, records, &more, err);
    }
    hst_scanner_expect_fields(scanner, hst_layout_n_columns(layout));
    while (status == HST_OK && n > 0) {
        status = hst_scanner_next_batch(scanner, records, ROWS_AT_ONCE, &n, err);
        if (status == HST_OK) {
            status = hst_decoder_add(decoder, records, n, err);
        }
        n_since_check += n;
        if (n_since_check >= ROWS_BETWEEN_CHECKS) {
            n_since_check = 0;
            advance(w, source, reported);
            if (hst_interrupt_requested()) {
                return hst_interrupt_check(err);
            }
        }
    }
    advance(w, source, reported);
    return status;
}

/** Notes the digest of an input that still looks as it did before its header was read. */
static hst_status note(work *w, const hst_input *input, hst_error *err)
{
    hst_status status = hst_file_look_check(&input->look, input->path, err);

    return status == HST_OK
               ? hst_store_note(w->store, input->path, input->member, input->digest, err)
               : status;
}

/** Reads the rows of an input in their order. */
static hst_status read_in_order(work *w, const hst_input *input, hst_source *source,
                                hst_segment_writer *writer, bool overlap, hst_segment_info *info,
                                hst_error *err)
{
    hst_scanner *scanner = NULL;
    hst_decoder *decoder = NULL;
    uint64_t reported = 0;
    hst_status status =
        hst_scanner_create(&scanner, source, hst_layout_separator(input->layout),
                           w->options->kernel, w->options->block_bytes, overlap, err);

    if (status == HST_OK) {
        status = hst_decoder_create(&decoder, input->layout, w->sides[input->extract], w->store,
                                    writer, err);
    }
    if (status == HST_OK) {
        status = read_rows(w, scanner, source, input->layout, decoder, &reported, err);
    }
    if (status == HST_OK) {
        hst_decoder_info(decoder, info);
    }
    hst_decoder_free(decoder);
    hst_scanner_free(scanner); /* its thread may have the source until here */
    if (status == HST_OK) {
        hst_source_digest(source, info->digest);
    }
    return status;
}

static void advance_range(void *context, int64_t n_bytes)
{
    work *w = context;

    atomic_fetch_add(&w->done_bytes, (uint64_t)n_bytes); /* modulo 2^64: it may be taken back */
    report_progress(w);
}

/** Reads an input by all threads that are to spare, where it has ranges; `info` is filled when
 * input->n_ranges is not 0, else the writer is left as it was made. */
static hst_status read_ranges(work *w, hst_input *input, const hst_source *source,
                              hst_segment_writer **writer, hst_segment_info *info, hst_error *err)
{
    size_t n_unfinished = atomic_load(&w->n_unfinished);
    hst_ranges_job job = {.source = source,
                          .layout = input->layout,
                          .side = w->sides[input->extract],
                          .store = w->store,
                          .inflater = w->options->inflater,
                          .kernel = w->options->kernel,
                          .block_bytes = w->options->block_bytes,
                          .range_bytes = w->options->range_bytes,
                          .n_threads =
                              (size_t)w->options->n_threads / (n_unfinished > 0 ? n_unfinished : 1),
                          .advance = advance_range,
                          .context = w};
    hst_ranges_read read = {0};
    bool has_ranges = false;
    hst_status status = hst_ranges_are_there(&has_ranges, &job, err);

    if (status != HST_OK || !has_ranges) {
        return status;
    }
    status = hst_ranges_read_all(&read, &job, *writer, err);
    input->n_ranges = read.n_ranges;
    *info = read.info;
    if (status == HST_OK && !read.is_whole) {
        hst_segment_writer_free(*writer);
        *writer = NULL;
        status = hst_segment_writer_create(writer, w->store, 0, err);
    }
    return status;
}

/** Reads one input into a segment of the store. */
static hst_status read_input(work *w, hst_input *input, bool overlap, hst_error *err)
{
    hst_source *source = NULL;
    hst_segment_writer *writer = NULL;
    hst_segment_info info = {0};
    hst_status status =
        hst_source_open(&source, input->path, input->member, w->options->inflater, err);

    if (status == HST_OK) {
        status = hst_segment_writer_create(&writer, w->store, 0, err);
    }
    if (status == HST_OK && overlap) {
        status = read_ranges(w, input, source, &writer, &info, err);
    }
    if (status == HST_OK && input->n_ranges == 0) {
        status = read_in_order(w, input, source, writer, overlap, &info, err);
    }
    if (status != HST_OK) {
        goto done;
    }
    if (info.rows_read == 0) {
        status = hst_fail(err, HST_ERR_INPUT,
                          "%s holds a header and no rows; take it out of the folder or have it "
                          "delivered again",
                          input->path);
        goto done;
    }
    memcpy(input->digest, info.digest, sizeof input->digest);
    memcpy(info.layout_key, input->layout_key, sizeof info.layout_key);
    info.input_bytes = input->bytes;
    snprintf(info.file, sizeof info.file, "%s", input->name);
    status = hst_segment_writer_commit(writer, &info, err);
    if (status == HST_OK) {
        status = note(w, input, err);
    }

done:
    hst_segment_writer_free(writer);
    hst_source_close(source);
    return status;
}

/** Whether the store has the input's segment, where its content is known. One that cannot be opened
 * is made anew, but not one of a newer hestia. */
static hst_status find_segment(const hst_store *store, hst_input *input, hst_error *err)
{
    hst_segment *segment = NULL;
    hst_status status = hst_segment_open(&segment, store, input->digest, input->layout_key, err);

    hst_segment_close(segment);
    input->was_known = status == HST_OK;
    input->was_remade =
        status == HST_ERR_DAMAGED && hst_store_has_file(store, input->digest, input->layout_key);
    return status == HST_ERR_DAMAGED ? HST_OK : status;
}

/** Finds the input's segment in the store, or makes it. */
static hst_status bring_up_to_date(work *w, hst_input *input, bool overlap, hst_error *err)
{
    hst_status status = HST_OK;

    input->was_known = hst_store_known(w->store, input->path, input->member, input->digest);
    if (!input->was_known && hst_store_may_know(w->store, input->path, input->bytes)) {
        status = hst_source_file_digest(input->path, input->member, input->digest, err);
        input->was_known = status == HST_OK;
    }
    if (status == HST_OK && input->was_known) {
        status = find_segment(w->store, input, err);
    }
    if (status == HST_OK && input->was_known) {
        atomic_fetch_add(&w->done_bytes, input->bytes);
        report_progress(w);
        return note(w, input, err);
    }
    return status == HST_OK ? read_input(w, input, overlap, err) : status;
}

static hst_status load_side_files(work *w, const hst_inputs *inputs, hst_error *err)
{
    hst_status status = HST_OK;

    w->sides = calloc(w->study->n_extracts + 1, sizeof *w->sides);
    if (!w->sides) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for side files");
    }
    for (size_t i = 0; status == HST_OK && i < inputs->n; i++) {
        size_t extract = inputs->items[i].extract;

        if (is_mine(w, i) && w->study->extracts[extract].n_side_files > 0 && !w->sides[extract]) {
            status = hst_side_table_load(&w->sides[extract], inputs->items[i].layout,
                                         w->options->memory_bytes, err);
        }
    }
    return status;
}

static hst_status read_all(work *w, hst_inputs *inputs, hst_error *err)
{
    int n_threads = w->options->n_threads < 1 ? 1 : w->options->n_threads;
    size_t n_mine = 0, n_workers = 1;
    size_t *order = hst_inputs_by_size(inputs);
    hst_status *statuses = calloc(inputs->n + 1, sizeof *statuses);
    hst_error *errors = calloc(inputs->n + 1, sizeof *errors);
    atomic_bool failed = false;
    hst_status status = HST_OK;

    if (!order || !statuses || !errors) {
        status = hst_fail(err, HST_ERR_MEMORY, "no memory for %zu inputs", inputs->n);
        goto done;
    }
    for (size_t k = 0; k < inputs->n; k++) {
        if (is_mine(w, order[k])) {
            order[n_mine++] = order[k];
        }
    }
    atomic_init(&w->n_unfinished, n_mine);
    n_workers = (size_t)n_threads < n_mine ? (size_t)n_threads : n_mine > 0 ? n_mine : 1;
#pragma omp parallel for schedule(dynamic, 1) num_threads((int)n_workers)
    for (size_t k = 0; k < n_mine; k++) {
        size_t i = order[k];

        if (!atomic_load(&failed)) {
            bool overlap = atomic_load(&w->n_unfinished) < (size_t)n_threads;

            statuses[i] = bring_up_to_date(w, &inputs->items[i], overlap, &errors[i]);
            if (statuses[i] != HST_OK) {
                atomic_store(&failed, true);
            }
        }
        atomic_fetch_sub(&w->n_unfinished, 1);
    }
    for (size_t i = 0; i < inputs->n && status == HST_OK; i++) {
        if (statuses[i] != HST_OK) {
            status = hst_fail(err, statuses[i], "%s", errors[i].message);
        }
    }

done:
    free(errors);
    free(statuses);
    free(order);
    return status;
}

/** The same content twice would count everything in it twice. */
static hst_status refuse_same_content(const hst_inputs *inputs, hst_error *err)
{
    for (size_t i = 1; i < inputs->n; i++) {
        for (size_t k = 0; k < i; k++) {
            if (memcmp(inputs->items[i].digest, inputs->items[k].digest,
                       sizeof inputs->items[i].digest) == 0) {
                return hst_fail(err, HST_ERR_INPUT,
                                "%s has the same content as %s; every row would count twice: "
                                "take one of them out",
                                inputs->items[i].path, inputs->items[k].path);
            }
        }
    }
    return HST_OK;
}

/** Names each reason with its count and where it first happened. */
static hst_status refuse_rejected(const hst_study *study, const hst_input *input,
                                  const hst_segment_info *info, hst_error *err)
{
    uint64_t n_rejected = info->rows_read - info->rows_used;
    char reasons[700] = "";
    size_t used = 0;

    if (info->rows_read == 0 ||
        (double)n_rejected <= study->quality.max_rejected * (double)info->rows_read) {
        return HST_OK;
    }
    for (int r = 1; r < HST_N_REASONS && used < sizeof reasons; r++) {
        if (info->rejected[r] > 0) {
            used += (size_t)snprintf(
                reasons + used, sizeof reasons - used, "; %s: %llu rows, first at line %llu%s%s",
                hst_reason_name((hst_reason)r), (unsigned long long)info->rejected[r],
                (unsigned long long)info->first_line[r],
                info->first_column[r][0] ? ", column " : "", info->first_column[r]);
        }
    }
    return hst_fail(err, HST_ERR_INPUT,
                    "%s: %llu of %llu rows cannot be read, more than quality.max_rejected (%g)%s; "
                    "have the file delivered again, or raise the threshold knowingly",
                    input->path, (unsigned long long)n_rejected,
                    (unsigned long long)info->rows_read, study->quality.max_rejected, reasons);
}

/** Of several cumulative cuts of one data year (PARTYEAR YYYYnn) the newest counts. */
static void mark_superseded(const hst_study *study, hst_inputs *inputs,
                            const hst_segment_info *infos)
{
    for (size_t i = 0; i < inputs->n; i++) {
        const hst_segment_info *older = &infos[i];

        if (!study->extracts[inputs->items[i].extract].cuts_newest || older->partyear_min == 0 ||
            older->partyear_min != older->partyear_max) {
            continue;
        }
        for (size_t k = 0; k < inputs->n; k++) {
            const hst_segment_info *newer = &infos[k];

            if (newer->dataset == older->dataset && newer->partyear_min == newer->partyear_max &&
                newer->partyear_min / 100 == older->partyear_min / 100 &&
                newer->partyear_min > older->partyear_min) {
                inputs->items[i].superseded = true;
            }
        }
    }
}

static hst_status ledger_fact(hst_ledger *ledger, const hst_input *input,
                              const hst_segment_info *info, const char *stage, const char *reason,
                              uint64_t n, hst_error *err)
{
    hst_ledger_line line = {.stage = stage,
                            .dataset = hst_dataset_name(info->dataset),
                            .file = input->name,
                            .reason = reason,
                            .n = n};

    return hst_ledger_add(ledger, &line, err);
}

/** Everything audit.csv says of one file. */
static hst_status write_ledger(hst_ledger *ledger, const hst_input *input,
                               const hst_segment_info *info, hst_error *err)
{
    const char *separator = info->separator == '|'    ? "separator pipe"
                            : info->separator == '\t' ? "separator tab"
                                                      : "separator comma";
    char text[64];
    hst_status status = ledger_fact(ledger, input, info, "ingest", "read", info->rows_read, err);

    if (status == HST_OK) {
        status = ledger_fact(ledger, input, info, "ingest",
                             input->superseded ? "superseded by a newer cut" : "used",
                             info->rows_used, err);
    }
    for (int r = 1; status == HST_OK && r < HST_N_REASONS; r++) {
        if (info->rejected[r] > 0) {
            status = ledger_fact(ledger, input, info, "ingest", hst_reason_name((hst_reason)r),
                                 info->rejected[r], err);
        }
    }
    for (int k = 0; status == HST_OK && k < HST_N_NOTICES; k++) {
        if (info->noticed[k] > 0) {
            status =
                ledger_fact(ledger, input, info, "ingest notice",
                            hst_notice_name(info->dataset, (hst_notice)k), info->noticed[k], err);
        }
    }
    if (status == HST_OK) {
        status = ledger_fact(ledger, input, info, "ingest column", separator, info->rows_read, err);
    }
    if (status == HST_OK) {
        snprintf(text, sizeof text, "person column %s", info->person_column);
        status = ledger_fact(ledger, input, info, "ingest column", text, info->rows_read, err);
    }
    if (status == HST_OK && info->partyear_max != 0) {
        snprintf(text, sizeof text,
                 info->partyear_min == info->partyear_max ? "cut %u" : "cuts %u to %u",
                 info->partyear_min, info->partyear_max);
        status = ledger_fact(ledger, input, info, "ingest column", text, info->rows_read, err);
    }
    return status;
}

/** Thresholds, cuts and the audit, from what the segments say of themselves. */
static hst_status account(const hst_study *study, const hst_store *store, hst_inputs *inputs,
                          hst_ledger *ledger, hst_error *err)
{
    hst_segment_info *infos = calloc(inputs->n + 1, sizeof *infos);
    hst_status status = HST_OK;

    if (!infos) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for %zu segments", inputs->n);
    }
    for (size_t i = 0; status == HST_OK && i < inputs->n; i++) {
        hst_segment *segment = NULL;

        status = hst_segment_open(&segment, store, inputs->items[i].digest,
                                  inputs->items[i].layout_key, err);
        if (status == HST_OK) {
            infos[i] = *hst_segment_get_info(segment);
            status = refuse_rejected(study, &inputs->items[i], &infos[i], err);
        }
        hst_segment_close(segment);
    }
    if (status == HST_OK) {
        mark_superseded(study, inputs, infos);
    }
    for (size_t i = 0; status == HST_OK && i < inputs->n; i++) {
        status = write_ledger(ledger, &inputs->items[i], &infos[i], err);
    }
    free(infos);
    return status;
}

hst_status hst_ingest(hst_inputs *inputs, const hst_study *study, hst_store *store,
                      const hst_ingest_options *options, hst_ledger *ledger, hst_error *err)
{
    work w = {.study = study, .store = store, .options = options};
    hst_status status = HST_OK;

    atomic_init(&w.done_bytes, 0);
    for (size_t i = 0; i < inputs->n; i++) {
        w.total_bytes += inputs->items[i].bytes;
    }
    hst_team_watch(options->team, report, &w);
    status = hst_inputs_assign(&w.readers, inputs, store, options->team, err);
    if (status == HST_OK) {
        status = load_side_files(&w, inputs, err);
    }
    if (status == HST_OK) {
        status = read_all(&w, inputs, err);
    }
    if (status == HST_OK) {
        status = hst_inputs_share(inputs, w.readers, store, options->team, err);
    }
    hst_team_watch(options->team, NULL, NULL);
    if (status == HST_OK) {
        status = refuse_same_content(inputs, err);
    }
    if (status == HST_OK) {
        status = account(study, store, inputs, ledger, err);
    }
    for (size_t e = 0; w.sides && e < study->n_extracts; e++) {
        hst_side_table_free(w.sides[e]);
    }
    free(w.sides);
    free(w.readers);
    return status;
}

hst_status hst_ingest_find(bool *is_complete, hst_inputs *inputs, const hst_study *study,
                           hst_store *store, hst_ledger *ledger, hst_error *err)
{
    hst_status status = HST_OK;

    *is_complete = false;
    for (size_t i = 0; i < inputs->n; i++) {
        hst_input *input = &inputs->items[i];

        input->was_known = hst_store_known(store, input->path, input->member, input->digest);
        if (input->was_known) {
            status = find_segment(store, input, err);
        }
        if (status != HST_OK || !input->was_known) {
            return status;
        }
    }
    status = refuse_same_content(inputs, err);
    if (status == HST_OK) {
        status = account(study, store, inputs, ledger, err);
    }
    *is_complete = status == HST_OK;
    return status;
}

hst_status hst_ingest_remove_damaged(const hst_inputs *inputs, hst_store *store,
                                     void (*removed)(void *context, const char *file),
                                     void *context, hst_error *err)
{
    hst_status status = HST_OK;

    for (size_t i = 0; status == HST_OK && i < inputs->n; i++) {
        const hst_input *input = &inputs->items[i];
        hst_segment_id id;
        hst_segment *segment = NULL;

        memcpy(id.digest, input->digest, sizeof id.digest);
        memcpy(id.layout_key, input->layout_key, sizeof id.layout_key);
        status = hst_segment_open(&segment, store, id.digest, id.layout_key, err);
        if (status == HST_OK) {
            status = hst_segment_verify(segment, err);
        }
        hst_segment_close(segment);
        if (status == HST_ERR_DAMAGED) {
            status = hst_store_remove(store, &id, err);
            if (status == HST_OK && removed) {
                removed(context, input->name);
            }
        }
    }
    return status;
}
