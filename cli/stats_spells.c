/* hestia stats spells: provider spells and continuous spells of the episodes of a table. The rows
 * are answered one by one, in their own order. */
#include <stdlib.h>
#include <string.h>

#include "cli/stats.h"
#include "hestia/clean.h"
#include "hestia/spell.h"
#include "hestia/table_field.h"

enum {
    COLUMN_PERSON,
    COLUMN_PROVIDER,
    COLUMN_EPIKEY,
    COLUMN_ADMIDATE,
    COLUMN_EPISTART,
    COLUMN_EPIEND,
    COLUMN_DISDATE,
    COLUMN_ADMIMETH,
    COLUMN_ADMISORC,
    COLUMN_DISDEST,
    COLUMN_EPIORDER,
    COLUMN_EPISTAT,
    COLUMN_CLASSPAT,
    COLUMN_DISMETH, /* from here on a column may be absent */
    COLUMN_PROVSPNOPS,
    COLUMN_SUSSPELLID,
    N_COLUMNS,
    N_PROVIDERS = 3
};

/* A text of a row, to give equal ones equal numbers. */
typedef struct provider_code {
    char code[HST_CODE_BYTES];
    size_t row;
} provider_code;

/* What the answer says of a row. */
typedef struct row_stay {
    uint64_t spell_key, cips_key;
    hst_day start, end;
    hst_spell_event refusal; /* HST_SPELL_EPISODES: it is in a spell */
} row_stay;

typedef struct spells_run {
    hst_spell_rule rule;
    hst_cips_rule cips;
    size_t providers[N_PROVIDERS]; /* columns: the first that is filled counts */
    hst_stay_episode *episodes;    /* [rows of the table] as read, then person after person */
    provider_code *codes;          /* [rows of the table] */
    row_stay *stays;               /* [rows of the table] */
} spells_run;

/* ---- columns ---- */

static hst_status find_providers(stats_run *run, spells_run *own)
{
    static const char *const names[N_PROVIDERS] = {"PROCODET", "PROCODE3", "PROCODE"};
    bool is_found = false;

    for (size_t i = 0; i < N_PROVIDERS; i++) {
        own->providers[i] = run->columns[COLUMN_PROVIDER] != SIZE_MAX
                                ? run->columns[COLUMN_PROVIDER]
                                : hst_table_find_field(run->table, names[i]);
        is_found = is_found || own->providers[i] != SIZE_MAX;
    }
    return is_found ? HST_OK
                    : hst_fail(run->err, HST_ERR_INPUT,
                               "%s: no column of the provider (PROCODET, PROCODE3, PROCODE); name "
                               "it with --column provider=COLUMN",
                               hst_table_name(run->table));
}

static hst_status find_fields(stats_run *run, const spells_run *own)
{
    for (size_t i = 0; i < N_COLUMNS; i++) {
        bool is_needed =
            i < COLUMN_DISMETH || (i == COLUMN_SUSSPELLID && own->rule == HST_SPELLS_SUPPLIED);
        const char *name = run->method->columns[i].name;

        if (i == COLUMN_PROVIDER) {
            continue;
        }
        if (stats_mapped_name(run->options, name) == name) {
            run->columns[i] = hst_table_find_field(run->table, name);
        }
        if (!is_needed || run->columns[i] != SIZE_MAX) {
            continue;
        }
        if (i == COLUMN_PERSON) {
            return hst_fail(run->err, HST_ERR_INPUT,
                            "%s: no column of person identifiers (TOKEN_PERSON_ID, PSEUDO_HESID, "
                            "ENCRYPTED_HESID, HESID, STUDY_ID); name it with --column "
                            "person=COLUMN",
                            hst_table_name(run->table));
        }
        return hst_table_require(run->table, name, &run->columns[i], run->err);
    }
    return HST_OK;
}

static hst_status begin(stats_run *run)
{
    const stats_options *options = run->options;
    size_t n_rows = hst_table_n_rows(run->table);
    spells_run *own = calloc(1, sizeof *own);
    hst_status status = HST_OK;

    if (!own) {
        return hst_fail(run->err, HST_ERR_MEMORY, "no memory to make spells");
    }
    run->own = own;
    if (options->rule && !hst_spell_rule_parse(options->rule, &own->rule)) {
        return hst_fail(run->err, HST_ERR_USAGE,
                        "hestia stats spells: no rule `%s`; there are nhsd, york and supplied",
                        options->rule);
    }
    if (options->cips && !hst_cips_rule_parse(options->cips, &own->cips)) {
        return hst_fail(
            run->err, HST_ERR_USAGE,
            "hestia stats spells: no rule of continuous spells `%s`; there are nhsd, york and none",
            options->cips);
    }
    if (n_rows >= HST_NO_SPELL) {
        return hst_fail(run->err, HST_ERR_RANGE, "%s: too many rows", hst_table_name(run->table));
    }
    if ((status = find_fields(run, own)) != HST_OK ||
        (status = find_providers(run, own)) != HST_OK) {
        return status;
    }
    own->episodes = calloc(n_rows + 1, sizeof *own->episodes);
    own->codes = calloc(n_rows + 1, sizeof *own->codes);
    own->stays = calloc(n_rows + 1, sizeof *own->stays);
    return own->episodes && own->codes && own->stays
               ? HST_OK
               : hst_fail(run->err, HST_ERR_MEMORY, "%s: no memory for its episodes",
                          hst_table_name(run->table));
}

/* ---- rows ---- */

static hst_status read_provider(const stats_run *run, const spells_run *own, size_t row,
                                char code[HST_CODE_BYTES])
{
    for (size_t i = 0; i < N_PROVIDERS; i++) {
        const char *text = hst_table_field_text(run->table, row, own->providers[i]);
        size_t length = hst_clean_provider(text, strlen(text), code);

        if (length == HST_CODE_BYTES) {
            return hst_fail(run->err, HST_ERR_INPUT, "%s, line %zu, column %s: too long for a code",
                            hst_table_name(run->table), hst_table_line(run->table, row),
                            hst_table_column_name(run->table, own->providers[i]));
        }
        if (length > 0) {
            return HST_OK;
        }
    }
    code[0] = '\0';
    return HST_OK;
}

static hst_status read_days(const stats_run *run, size_t row, hst_stay_episode *e)
{
    hst_day *const days[] = {&e->admidate, &e->epistart, &e->epiend, &e->disdate};
    hst_status status = HST_OK;

    for (size_t i = 0; i < sizeof days / sizeof days[0] && status == HST_OK; i++) {
        status = hst_table_field_day(run->table, row, run->columns[COLUMN_ADMIDATE + i], days[i],
                                     run->err);
    }
    return status;
}

static hst_status read_codes(const stats_run *run, size_t row, hst_stay_episode *e)
{
    uint16_t codes[N_COLUMNS] = {0};
    hst_status status = HST_OK;

    for (size_t i = COLUMN_ADMIMETH; i <= COLUMN_DISMETH && status == HST_OK; i++) {
        status = hst_table_field_code(run->table, row, run->columns[i],
                                      run->method->columns[i].name, &codes[i], run->err);
    }
    e->admimeth = codes[COLUMN_ADMIMETH];
    e->admisorc = codes[COLUMN_ADMISORC];
    e->disdest = codes[COLUMN_DISDEST];
    e->epiorder = (uint8_t)codes[COLUMN_EPIORDER]; /* at most 99, the others one character */
    e->epistat = (uint8_t)codes[COLUMN_EPISTAT];
    e->classpat = (uint8_t)codes[COLUMN_CLASSPAT];
    e->dismeth = (uint8_t)codes[COLUMN_DISMETH];
    return status;
}

static hst_status check_row(stats_run *run, size_t row)
{
    spells_run *own = run->own;
    hst_stay_episode *e = &own->episodes[row];
    hst_status status =
        hst_table_field_key(run->table, row, run->columns[COLUMN_EPIKEY], &e->record_key, run->err);

    own->codes[row].row = row;
    if (status != HST_OK || (status = read_days(run, row, e)) != HST_OK ||
        (status = read_codes(run, row, e)) != HST_OK) {
        return status;
    }
    return read_provider(run, own, row, own->codes[row].code);
}

/* ---- texts as numbers ---- */

static int compare_codes(const void *a, const void *b)
{
    return strcmp(((const provider_code *)a)->code, ((const provider_code *)b)->code);
}

/* Equal codes get equal numbers, none gets 0. */
static void number_providers(spells_run *own, size_t n_rows)
{
    uint32_t number = 0;

    qsort(own->codes, n_rows, sizeof *own->codes, compare_codes);
    for (size_t i = 0; i < n_rows; i++) {
        const char *code = own->codes[i].code;

        number += code[0] != '\0' && (i == 0 || strcmp(code, own->codes[i - 1].code) != 0);
        own->episodes[own->codes[i].row].provider = code[0] != '\0' ? number : 0;
    }
}

/* Numbers the texts of a column from 1 on; what is missing, or -1, is 0. */
static hst_status number_texts(const stats_run *run, size_t column, uint32_t *numbers)
{
    stats_keys keys = {0};
    hst_status status = stats_keys_init(&keys, 1, run->n_rows, run->err);

    for (size_t i = 0; i < run->n_rows && status == HST_OK; i++) {
        size_t row = run->rows[i];
        const char *text = hst_table_field_text(run->table, row, run->columns[column]);
        stats_key key = {run->table, &run->columns[column], row};

        numbers[row] = text[0] == '\0' || strcmp(text, "-1") == 0
                           ? 0
                           : (uint32_t)stats_keys_add(&keys, key) + 1;
    }
    stats_keys_clear(&keys);
    return status;
}

static hst_status number_spells(const stats_run *run, spells_run *own)
{
    uint32_t *numbers = calloc(hst_table_n_rows(run->table) + 1, sizeof *numbers);
    hst_status status = HST_OK;

    if (!numbers) {
        return hst_fail(run->err, HST_ERR_MEMORY, "no memory for the spell numbers");
    }
    status = number_texts(run, COLUMN_PROVSPNOPS, numbers);
    for (size_t i = 0; i < run->n_rows && status == HST_OK; i++) {
        own->episodes[run->rows[i]].spell_number = numbers[run->rows[i]];
    }
    if (status == HST_OK) {
        status = number_texts(run, COLUMN_SUSSPELLID, numbers);
    }
    for (size_t i = 0; i < run->n_rows && status == HST_OK; i++) {
        own->episodes[run->rows[i]].sus_spell = numbers[run->rows[i]];
    }
    free(numbers);
    return status;
}

/* ---- people ---- */

/* Keeps what was made of a person, by row. */
static void note_person(const spells_run *own, const hst_spells *spells,
                        const hst_stay_episode *episodes, size_t n)
{
    size_t n_spells = 0, n_cips = 0;
    const hst_spell *s = hst_spells_get(spells, &n_spells);
    const hst_cips *cips = hst_spells_get_cips(spells, &n_cips);

    for (size_t i = 0; i < n; i++) {
        const hst_stay_episode *e = &episodes[i];
        row_stay *stay = &own->stays[e->row];
        const hst_spell *spell = NULL;

        stay->refusal = hst_spell_refusal(own->rule, e);
        if (e->spell == HST_NO_SPELL) {
            continue;
        }
        spell = &s[e->spell];
        stay->spell_key = stay->cips_key = spell->smallest_key;
        stay->start = spell->start;
        stay->end = spell->end;
        for (size_t k = 0; k < cips[spell->cips].n_spells; k++) {
            uint64_t key = s[cips[spell->cips].first_spell + k].smallest_key;

            stay->cips_key = key < stay->cips_key ? key : stay->cips_key;
        }
    }
}

static hst_status write_ledger(const stats_run *run, const hst_spell_ledger *ledger)
{
    static const char *const names[] = {"event", "n"};
    hst_csv *csv = NULL;
    hst_status status = hst_csv_create(&csv, run->options->ledger, 0644, run->err);

    if (status == HST_OK) {
        hst_csv_header(csv, names, 2);
        for (int event = 0; event < HST_N_SPELL_EVENTS; event++) {
            hst_csv_text(csv, hst_spell_event_name((hst_spell_event)event));
            hst_csv_count(csv, ledger->n[event]);
            hst_csv_end_row(csv);
        }
        status = hst_csv_finish(csv, run->err);
    }
    hst_csv_free(csv);
    return status;
}

/* Puts the episodes into the order of their people, who are numbered below the number of rows:
 * ends[k] receives where those of person k end. A row without an identifier is a person of its own.
 */
static hst_status sort_people(stats_run *run, spells_run *own, size_t *ends)
{
    size_t columns[STATS_MAX_KEY + 1], n_columns = run->n_by + 1, n_nameless = 0;
    size_t *person_of = calloc(run->n_rows + 1, sizeof *person_of);
    hst_stay_episode *sorted = calloc(run->n_rows + 1, sizeof *sorted);
    stats_keys keys = {0};
    hst_status status = stats_keys_init(&keys, n_columns, run->n_rows, run->err);

    if (status == HST_OK && (!person_of || !sorted)) {
        status =
            hst_fail(run->err, HST_ERR_MEMORY, "no memory for the people of %zu rows", run->n_rows);
    }
    if (status != HST_OK) {
        goto done;
    }
    memcpy(columns, run->by, run->n_by * sizeof *columns);
    columns[run->n_by] = run->columns[COLUMN_PERSON];
    for (size_t i = 0; i < run->n_rows; i++) {
        const char *id = hst_table_field_text(run->table, run->rows[i], columns[run->n_by]);
        stats_key key = {run->table, columns, run->rows[i]};

        /* those without a name are numbered from the other end */
        person_of[i] = id[0] == '\0' ? run->n_rows - ++n_nameless : stats_keys_add(&keys, key);
        ends[person_of[i]]++;
    }
    for (size_t k = 0, at = 0; k < run->n_rows; k++) { /* where each begins, for now */
        size_t n = ends[k];

        ends[k] = at;
        at += n;
    }
    for (size_t i = 0; i < run->n_rows; i++) {
        hst_stay_episode *e = &sorted[ends[person_of[i]]++];

        *e = own->episodes[run->rows[i]];
        e->row = (uint32_t)run->rows[i]; /* it fits: see begin */
    }
    free(own->episodes);
    own->episodes = sorted;
    sorted = NULL;

done:
    stats_keys_clear(&keys);
    free(person_of);
    free(sorted);
    return status;
}

static hst_status build_people(stats_run *run, spells_run *own, const size_t *ends)
{
    hst_spell_ledger ledger = {{0}};
    hst_spells *spells = NULL;
    hst_status status = hst_spells_create(&spells, own->rule, own->cips, run->err);

    for (size_t k = 0, first = 0; k < run->n_rows && status == HST_OK; first = ends[k++]) {
        size_t n = ends[k] - first;

        status = hst_spells_build(spells, own->episodes + first, n, &ledger, run->err);
        if (status == HST_OK) {
            note_person(own, spells, own->episodes + first, n);
        }
    }
    hst_spells_free(spells);
    return status == HST_OK && run->options->ledger ? write_ledger(run, &ledger) : status;
}

static hst_status ready(stats_run *run)
{
    spells_run *own = run->own;
    size_t *ends = calloc(run->n_rows + 1, sizeof *ends);
    hst_status status = HST_OK;

    if (!ends) {
        return hst_fail(run->err, HST_ERR_MEMORY, "no memory for the people of %zu rows",
                        run->n_rows);
    }
    number_providers(own, hst_table_n_rows(run->table));
    if ((status = number_spells(run, own)) == HST_OK &&
        (status = sort_people(run, own, ends)) == HST_OK) {
        status = build_people(run, own, ends);
    }
    free(ends);
    return status;
}

/* ---- the answer ---- */

static void write_names(const stats_run *run)
{
    static const char *const names[] = {"EPIKEY", "spell_key", "cips_key", "spell_start",
                                        "spell_end"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        hst_csv_text(run->csv, names[i]);
    }
}

static hst_status answer(stats_run *run, const stats_group *group)
{
    const spells_run *own = run->own;

    for (size_t i = 0; i < group->n_rows; i++) {
        const row_stay *stay = &own->stays[group->rows[i]];
        bool is_in = stay->refusal == HST_SPELL_EPISODES;
        char start[11], end[11];

        stats_begin_row(run, group->rows[i]);
        hst_csv_text(run->csv,
                     hst_table_cell(run->table, group->rows[i], run->columns[COLUMN_EPIKEY]));
        if (is_in) {
            hst_csv_count(run->csv, stay->spell_key);
            hst_csv_count(run->csv, stay->cips_key);
        } else {
            hst_csv_empty(run->csv);
            hst_csv_empty(run->csv);
        }
        hst_date_format(hst_day_to_date(stay->start), start);
        hst_date_format(hst_day_to_date(stay->end), end);
        hst_csv_text(run->csv, start);
        hst_csv_text(run->csv, end);
        hst_csv_text(run->csv, is_in ? NULL : hst_spell_event_name(stay->refusal));
        hst_csv_end_row(run->csv);
    }
    return HST_OK;
}

static void end(stats_run *run)
{
    spells_run *own = run->own;

    if (own) {
        free(own->episodes);
        free(own->codes);
        free(own->stays);
        free(own);
    }
}

static const char *const no_columns[] = {NULL};

#define FIELD(NAME)                                                                                \
    {                                                                                              \
        .name = NAME, .is_optional = true, .kind = STATS_TEXT                                      \
    }

const stats_method stats_spells = {
    .name = "spells",
    .options = STATS_RULE | STATS_CIPS | STATS_LEDGER,
    .n_columns = N_COLUMNS,
    /* in the order of COLUMN_*; all optional, since each is looked for by other names, too */
    .columns = {FIELD("person"), FIELD("provider"), FIELD("EPIKEY"), FIELD("ADMIDATE"),
                FIELD("EPISTART"), FIELD("EPIEND"), FIELD("DISDATE"), FIELD("ADMIMETH"),
                FIELD("ADMISORC"), FIELD("DISDEST"), FIELD("EPIORDER"), FIELD("EPISTAT"),
                FIELD("CLASSPAT"), FIELD("DISMETH"), FIELD("PROVSPNOPS"), FIELD("SUSSPELLID")},
    .answers = STATS_ROWS_OWN,
    .is_of_people = true,
    .before = no_columns,
    .after = no_columns,
    .begin = begin,
    .check_row = check_row,
    .ready = ready,
    .write_names = write_names,
    .answer = answer,
    .end = end,
};
