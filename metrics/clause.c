/* From `where` in the study file to clauses. A clause is compiled once and asked of each segment's
 * codes by filter.c. */
#include "clause_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    APC = 1 << HST_DATASET_APC,
    OP = 1 << HST_DATASET_OP,
    AE = 1 << HST_DATASET_AE,
    ALL = APC | OP | AE
};

/* The `where` keys whose value is a list of plain codes, and the data sets that have them. */
static const struct code_key {
    hst_where_code key;
    hst_clause_kind kind;
    unsigned datasets;
    size_t width; /* characters of a code; 0 = any number */
    const char *name, *words;
} code_keys[] = {
    {HST_WHERE_ADMISSION_SOURCE, HST_CLAUSE_ADMISSION_SOURCE, APC, 2, "admission_source",
     "source of admission"},
    {HST_WHERE_DISCHARGE_METHOD, HST_CLAUSE_DISCHARGE_METHOD, APC, 1, "discharge_method",
     "discharge method"},
    {HST_WHERE_DISCHARGE_DESTINATION, HST_CLAUSE_DISCHARGE_DESTINATION, APC, 2,
     "discharge_destination", "discharge destination"},
    {HST_WHERE_DISCHARGE_DESTINATION, HST_CLAUSE_DISCHARGE_DESTINATION, AE, 2,
     "discharge_destination", "disposal (AEATTENDDISP)"},
    {HST_WHERE_SEX, HST_CLAUSE_SEX, ALL, 1, "sex", "sex"},
    {HST_WHERE_PATIENT_CLASS, HST_CLAUSE_PATIENT_CLASS, APC, 1, "patient_class", "patient class"},
    {HST_WHERE_ATTENDED, HST_CLAUSE_ATTENDED, OP, 1, "attended", "ATTENDED"},
    {HST_WHERE_ATTENDANCE_CATEGORY, HST_CLAUSE_ATTENDANCE_CATEGORY, AE, 1, "attendance_category",
     "attendance category (AEATTENDCAT)"},
    {HST_WHERE_FIRST_ATTENDANCE, HST_CLAUSE_FIRST_ATTENDANCE, OP, 1, "first_attendance",
     "first attendance (FIRSTATT)"},
    {HST_WHERE_DEPARTMENT, HST_CLAUSE_DEPARTMENT, AE, 2, "department", "department (AEDEPTTYPE)"},
    {HST_WHERE_EPISODE_TYPE, HST_CLAUSE_EPISODE_TYPE, APC, 1, "episode_type", "episode type"},
    {HST_WHERE_ETHNICITY, HST_CLAUSE_ETHNICITY, ALL, 1, "ethnicity", "ethnic category"},
    {HST_WHERE_DEPRIVATION_QUINTILE, HST_CLAUSE_DEPRIVATION_QUINTILE, ALL, 1,
     "deprivation_quintile", "deprivation quintile"},
    {HST_WHERE_SPECIALTY, HST_CLAUSE_SPECIALTY, APC | OP, 0, "specialty",
     "treatment specialty (main specialty before April 2004)"},
    {HST_WHERE_MAIN_SPECIALTY, HST_CLAUSE_MAIN_SPECIALTY, APC | OP, 0, "main_specialty",
     "main specialty"},
    {HST_WHERE_PROVIDER, HST_CLAUSE_PROVIDER, ALL, 0, "provider", "provider"},
    {HST_WHERE_GP_PRACTICE, HST_CLAUSE_GP_PRACTICE, ALL, 0, "gp_practice", "GP practice"},
};

enum { N_CODE_KEYS = sizeof code_keys / sizeof code_keys[0] };

/* The words for rows of a data set in messages and definitions. */
static const struct dataset_words {
    const char *rows, *row;
} dataset_words[] = {
    [HST_DATASET_APC] = {"inpatient stays and episodes (`dataset: apc`)", "episode"},
    [HST_DATASET_OP] = {"outpatient attendances (`dataset: op`)", "attendance"},
    [HST_DATASET_AE] = {"A&E attendances (`dataset: ae`)", "attendance"},
};

static const char *const method_codes[] = {"11", "12", "13", "21", "22", "23", "24", "25",
                                           "28", "2A", "2B", "2C", "2D", "31", "32", "81",
                                           "82", "83", "84", "89", "98", "99"};

static const struct method_group {
    const char *name, *codes;
} method_groups[] = {
    {"emergency", "21 22 23 24 25 28 2A 2B 2C 2D"},
    {"elective", "11 12 13"},
    {"maternity", "31 32"},
    {"transfer", "81"},
};

typedef struct compiler {
    hst_measures *measures;
    const hst_conditions *conditions;
    size_t measure;
    const hst_where *where;
    hst_error *err;
} compiler;

static const hst_measure *measure_of(const compiler *c)
{
    return &c->measures->study->measures[c->measure];
}

static hst_status no_memory(hst_error *err)
{
    return hst_fail(err, HST_ERR_MEMORY, "no memory for the measures' filters");
}

/* "study.yaml, line 12: measure `x`" before a message. */
static hst_status refuse(const compiler *c, const char *message)
{
    return hst_fail(c->err, HST_ERR_USAGE, "%s, line %zu: measure `%s`: %s",
                    c->measures->study->path, c->where->line ? c->where->line : measure_of(c)->line,
                    measure_of(c)->id, message);
}

/* ---- clauses ---- */

void hst_filter_clear(hst_filter *filter)
{
    for (size_t i = 0; i < filter->n; i++) {
        hst_clause *clause = &filter->clauses[i];

        for (size_t j = 0; j < clause->n_any; j++) {
            hst_filter_clear(&clause->any[j]);
        }
        free(clause->any);
        free(clause->codes);
        free(clause->uses);
        free(clause->words);
    }
    free(filter->clauses);
    *filter = (hst_filter){0};
}

static hst_status add_clause(hst_filter *filter, hst_clause_kind kind, hst_clause **out,
                             hst_error *err)
{
    hst_clause *clauses = realloc(filter->clauses, (filter->n + 1) * sizeof *clauses);

    if (!clauses) {
        return no_memory(err);
    }
    filter->clauses = clauses;
    *out = &clauses[filter->n++];
    **out = (hst_clause){.kind = kind};
    return HST_OK;
}

/* Each code once: a list may name two providers that were merged into one. */
static hst_status add_code(hst_clause *clause, const char *code, size_t length, hst_error *err)
{
    char filled[HST_CODE_BYTES] = "", (*codes)[HST_CODE_BYTES] = NULL;

    memcpy(filled, code, length);
    for (size_t i = 0; i < clause->n_codes; i++) {
        if (memcmp(clause->codes[i], filled, sizeof filled) == 0) {
            return HST_OK;
        }
    }
    codes = realloc(clause->codes, (clause->n_codes + 1) * sizeof *codes);
    if (!codes) {
        return no_memory(err);
    }
    clause->codes = codes;
    memcpy(codes[clause->n_codes++], filled, sizeof filled);
    return HST_OK;
}

static bool is_method_code(const char *code)
{
    for (size_t i = 0; i < sizeof method_codes / sizeof method_codes[0]; i++) {
        if (strcmp(method_codes[i], code) == 0) {
            return true;
        }
    }
    return false;
}

static hst_status add_method(const compiler *c, hst_clause *clause, const char *text)
{
    hst_status status = HST_OK;
    char message[160];

    if (strcmp(text, "non_elective") == 0) {
        clause->is_non_elective = true;
        return HST_OK;
    }
    for (size_t i = 0; i < sizeof method_groups / sizeof method_groups[0]; i++) {
        if (strcmp(method_groups[i].name, text) == 0) {
            for (const char *code = method_groups[i].codes; *code && !status;) {
                status = add_code(clause, code, 2, c->err);
                code += code[2] == ' ' ? 3 : 2;
            }
            return status;
        }
    }
    if (!is_method_code(text)) {
        snprintf(message, sizeof message,
                 "admission_method `%.40s` is no code and none of emergency, elective, maternity, "
                 "transfer, non_elective, all",
                 text);
        return refuse(c, message);
    }
    return add_code(clause, text, 2, c->err);
}

static hst_status compile_methods(const compiler *c, hst_filter *filter)
{
    const hst_texts *texts = &c->where->codes[HST_WHERE_ADMISSION_METHOD];
    hst_clause *clause = NULL;
    hst_status status = HST_OK;

    for (size_t i = 0; i < texts->n; i++) {
        if (strcmp(texts->items[i], "all") == 0) {
            return HST_OK;
        }
    }
    if (texts->n > 0) {
        status = add_clause(filter, HST_CLAUSE_ADMISSION_METHOD, &clause, c->err);
        for (size_t i = 0; i < texts->n && !status; i++) {
            status = add_method(c, clause, texts->items[i]);
        }
        if (!status) {
            status = hst_clause_say_codes(clause, "admission method", c->err);
        }
    }
    return status;
}

static hst_status compile_transfers(const compiler *c, hst_filter *filter)
{
    hst_clause *clause = NULL;
    hst_status status = HST_OK;

    if (!c->where->transfers_excluded) {
        return HST_OK;
    }
    status = add_clause(filter, HST_CLAUSE_NO_TRANSFERS, &clause, c->err);
    if (!status) {
        clause->words = strdup("no transfers in (admission method 2B or 81, source 51, 52 or 53)");
        status = clause->words ? HST_OK : no_memory(c->err);
    }
    return status;
}

/* Codes of A&E that a numeric export or a careless hand wrote with one digit. */
static const char *padded(const struct code_key *key, const char *text, char out[3])
{
    if (key->datasets == AE && key->width == 2 && isdigit((unsigned char)text[0]) && !text[1]) {
        out[0] = '0';
        out[1] = text[0];
        out[2] = '\0';
        return out;
    }
    return text;
}

static hst_status compile_codes(const compiler *c, hst_filter *filter, const struct code_key *key)
{
    const hst_texts *texts = &c->where->codes[key->key];
    hst_clause *clause = NULL;
    hst_status status = HST_OK;
    char message[160];

    if (texts->n == 0) {
        return HST_OK;
    }
    status = add_clause(filter, key->kind, &clause, c->err);
    for (size_t i = 0; i < texts->n && !status; i++) {
        char pair[3];
        const char *text = padded(key, texts->items[i], pair);
        size_t length = strlen(text);

        if ((key->width != 0 && length != key->width) || length == 0 || length >= HST_CODE_BYTES) {
            snprintf(message, sizeof message, "%s `%.40s` is not a code of %s", key->name, text,
                     key->width == 1   ? "one character"
                     : key->width == 2 ? "two characters"
                                       : "1 to 15 characters");
            return refuse(c, message);
        }
        if (key->kind == HST_CLAUSE_DEPRIVATION_QUINTILE && (*text < '1' || *text > '5')) {
            return refuse(c, "deprivation_quintile is 1 (most deprived) to 5");
        }
        if (key->kind == HST_CLAUSE_PROVIDER) {
            text = hst_mergers_code(c->measures->mergers, text);
            length = strlen(text);
        }
        status = add_code(clause, text, length, c->err);
    }
    return status ? status : hst_clause_say_codes(clause, key->words, c->err);
}

/* Bit of the cohort that a text names. */
static hst_status find_cohort(const compiler *c, const char *name, uint16_t *bit)
{
    const hst_study *study = c->measures->study;
    const char *names[HST_MAX_COHORTS] = {0}, *nearest = NULL;
    char message[256];

    for (size_t i = 0; i < study->n_cohorts && i < HST_MAX_COHORTS; i++) {
        names[i] = study->cohorts[i].id;
        if (strcmp(names[i], name) == 0) {
            *bit = (uint16_t)(1U << i);
            return HST_OK;
        }
    }
    nearest = hst_nearest_name(name, names,
                               study->n_cohorts < HST_MAX_COHORTS ? study->n_cohorts
                                                                  : (size_t)HST_MAX_COHORTS);
    snprintf(message, sizeof message, "no cohort is called `%.60s`%s%.60s%s", name,
             nearest ? "; did you mean `" : "", nearest ? nearest : "", nearest ? "`?" : "");
    return refuse(c, message);
}

static hst_status compile_cohorts(const compiler *c, hst_filter *filter, hst_clause_kind kind)
{
    const hst_texts *texts =
        &c->where->codes[kind == HST_CLAUSE_COHORT ? HST_WHERE_COHORT : HST_WHERE_NOT_COHORT];
    hst_clause *clause = NULL;
    hst_status status = HST_OK;

    if (texts->n == 0) {
        return HST_OK;
    }
    status = add_clause(filter, kind, &clause, c->err);
    for (size_t i = 0; i < texts->n && !status; i++) {
        uint16_t bit = 0;

        status = find_cohort(c, texts->items[i], &bit);
        clause->cohorts |= bit;
    }
    return status ? status : hst_clause_say_cohorts(clause, c->measures->study, c->err);
}

static hst_status compile_range(const compiler *c, hst_filter *filter, hst_clause_kind kind,
                                int from, int to)
{
    bool is_age = kind == HST_CLAUSE_AGE;
    hst_clause *clause = NULL;
    hst_status status = HST_OK;

    if (from > to || from < 0) {
        return refuse(c, is_age ? "age is [from, to], from not above to"
                                : "length_of_stay is [from, to], from not above to");
    }
    status = add_clause(filter, kind, &clause, c->err);
    if (status) {
        return status;
    }
    clause->from = from;
    clause->to = to;
    return hst_clause_say_range(clause, is_age ? "age" : "length of stay", is_age ? "" : " days",
                                c->err);
}

/* ---- conditions and procedures ---- */

static hst_status add_use(const compiler *c, hst_clause *clause, const char *name,
                          const hst_condition_row *rows, size_t n_rows, hst_positions positions)
{
    hst_measures *measures = c->measures;
    hst_condition_use *uses = realloc(measures->uses, (measures->n_uses + 1) * sizeof *uses);
    size_t *numbers = realloc(clause->uses, (clause->n_uses + 1) * sizeof *numbers);
    hst_status status = HST_OK;

    measures->uses = uses ? uses : measures->uses;
    clause->uses = numbers ? numbers : clause->uses;
    if (!uses || !numbers) {
        return no_memory(c->err);
    }
    status = hst_condition_use_init(&uses[measures->n_uses], name, rows, n_rows, positions, c->err);
    if (status) {
        return status;
    }
    uses[measures->n_uses].asker = "measure";
    uses[measures->n_uses].asker_id = measure_of(c)->id;
    uses[measures->n_uses].asker_line = measure_of(c)->line;
    numbers[clause->n_uses++] = measures->n_uses++;
    return HST_OK;
}

static hst_status refuse_set(const compiler *c, const char *key, const char *name)
{
    const char *nearest = hst_conditions_nearest(c->conditions, name);
    char message[256];

    snprintf(message, sizeof message, "%s: no set is called `%.60s`%s%.60s%s", key, name,
             nearest ? "; did you mean `" : "", nearest ? nearest : "", nearest ? "`?" : "");
    return refuse(c, message);
}

static hst_status compile_conditions(const compiler *c, hst_filter *filter)
{
    const hst_texts *texts = &c->where->codes[HST_WHERE_CONDITION];
    hst_clause *clause = NULL;
    hst_status status = HST_OK;

    if (texts->n == 0) {
        return HST_OK;
    }
    status = add_clause(filter, HST_CLAUSE_CONDITION, &clause, c->err);
    if (!status) {
        clause->episode = c->where->episode;
    }
    for (size_t i = 0; i < texts->n && !status; i++) {
        size_t set = hst_conditions_find(c->conditions, texts->items[i]);
        const hst_condition_set *found = NULL;

        if (set == SIZE_MAX) {
            return refuse_set(c, "condition", texts->items[i]);
        }
        found = hst_conditions_set(c->conditions, set);
        status = add_use(c, clause, found->name, found->rows, found->n_rows, c->where->positions);
    }
    return status ? status : hst_clause_say_uses(clause, "condition", c->measures, c->err);
}

/* OPCS-4 codes begin with a letter and a digit. */
static bool is_procedure_prefix(const char *code)
{
    return code[0] >= 'A' && code[0] <= 'Z' && code[1] >= '0' && code[1] <= '9';
}

static bool is_procedure_set(const hst_condition_set *set)
{
    for (size_t i = 0; i < set->n_rows; i++) {
        if (set->rows[i].system != HST_SYSTEM_OPCS4 && set->rows[i].role == HST_ROLE_MATCH) {
            return false;
        }
    }
    return true;
}

static hst_status compile_procedures(const compiler *c, hst_filter *filter)
{
    const hst_texts *texts = &c->where->codes[HST_WHERE_PROCEDURE];
    hst_clause *clause = NULL;
    hst_status status = HST_OK;

    if (texts->n == 0) {
        return HST_OK;
    }
    status = add_clause(filter, HST_CLAUSE_PROCEDURE, &clause, c->err);
    if (!status) {
        clause->episode = c->where->episode;
    }
    for (size_t i = 0; i < texts->n && !status; i++) {
        size_t set = hst_conditions_find(c->conditions, texts->items[i]);
        const hst_condition_set *found = NULL;
        hst_condition_row row = {.system = HST_SYSTEM_OPCS4, .positions = HST_POSITIONS_ANY};

        if (set != SIZE_MAX) {
            found = hst_conditions_set(c->conditions, set);
            if (!is_procedure_set(found)) {
                return refuse(c,
                              "procedure: the set holds diagnoses; it belongs under `condition`");
            }
            status =
                add_use(c, clause, found->name, found->rows, found->n_rows, HST_POSITIONS_OF_SET);
        } else if (hst_condition_code(texts->items[i], row.prefix) &&
                   is_procedure_prefix(row.prefix)) {
            status = add_use(c, clause, row.prefix, &row, 1, HST_POSITIONS_OF_SET);
        } else {
            return refuse_set(c, "procedure", texts->items[i]);
        }
    }
    return status ? status : hst_clause_say_uses(clause, "procedure", c->measures, c->err);
}

/* ---- the whole ---- */

static hst_status compile_any(const compiler *c, hst_filter *filter)
{
    const hst_where *where = c->where;
    hst_clause *clause = NULL;
    hst_status status = HST_OK;

    if (where->n_any == 0) {
        return HST_OK;
    }
    status = add_clause(filter, HST_CLAUSE_ANY, &clause, c->err);
    if (status) {
        return status;
    }
    clause->any = calloc(where->n_any, sizeof *clause->any);
    if (!clause->any) {
        return no_memory(c->err);
    }
    for (size_t i = 0; i < where->n_any && !status; i++) {
        clause->n_any++;
        status = hst_filter_compile(&clause->any[i], c->measures, c->conditions, c->measure,
                                    &where->any[i], true, c->err);
    }
    return status ? status
                  : hst_clause_say_any(clause, dataset_words[measure_of(c)->dataset].row, c->err);
}

/* True when rows of a data set have the field that a key of plain codes asks for. */
static bool has_field(hst_dataset dataset, hst_where_code key)
{
    for (size_t i = 0; i < N_CODE_KEYS; i++) {
        if (code_keys[i].key == key && code_keys[i].datasets >> dataset & 1) {
            return true;
        }
    }
    return false;
}

static hst_status refuse_key(const compiler *c, const char *name, const char *why)
{
    char message[256];

    snprintf(message, sizeof message, "`%s` cannot be asked of %s%s", name,
             dataset_words[measure_of(c)->dataset].rows, why);
    return refuse(c, message);
}

/* Keys that the rows of the measure's data set cannot answer. */
static hst_status check_keys(const compiler *c)
{
    static const char no_diagnosis[] =
        ": their diagnoses are hardly ever coded; `cohort` asks for people with a condition";
    const hst_where *where = c->where;
    const hst_texts *codes = where->codes;
    hst_dataset dataset = measure_of(c)->dataset;
    const struct inpatient_key {
        bool is_given;
        const char *name, *why;
    } inpatient_keys[] = {
        {codes[HST_WHERE_ADMISSION_METHOD].n > 0, "admission_method", ""},
        {where->transfers_excluded, "transfers", ""},
        {where->has_length_of_stay, "length_of_stay", ""},
        {codes[HST_WHERE_CONDITION].n > 0, "condition", no_diagnosis},
        {codes[HST_WHERE_PROCEDURE].n > 0, "procedure", ": their procedures are not kept"},
        {where->episode != HST_EPISODE_FIRST, "episode", ""},
    };

    for (size_t i = 0; i < N_CODE_KEYS; i++) {
        if (codes[code_keys[i].key].n > 0 && !has_field(dataset, code_keys[i].key)) {
            return refuse_key(c, code_keys[i].name, "");
        }
    }
    for (size_t i = 0; i < sizeof inpatient_keys / sizeof inpatient_keys[0]; i++) {
        if (inpatient_keys[i].is_given && dataset != HST_DATASET_APC) {
            return refuse_key(c, inpatient_keys[i].name, inpatient_keys[i].why);
        }
    }
    return HST_OK;
}

/* `episode` says whose codes a condition is looked for in. */
static hst_status check_episode(const compiler *c)
{
    const hst_where *where = c->where;
    hst_unit unit = measure_of(c)->unit;

    if (where->episode == HST_EPISODE_FIRST) {
        return HST_OK;
    }
    if (unit != HST_UNIT_SPELL && unit != HST_UNIT_CIPS) {
        return refuse(c, "`episode: last` and `episode: any` are for stays of several episodes "
                         "(`unit: spell` or `cips`)");
    }
    if (where->codes[HST_WHERE_CONDITION].n == 0 && where->codes[HST_WHERE_PROCEDURE].n == 0) {
        return refuse(c, "`episode` says where a condition is read; it stands beside `condition` "
                         "or `procedure`");
    }
    return HST_OK;
}

hst_status hst_filter_compile(hst_filter *out, hst_measures *measures,
                              const hst_conditions *conditions, size_t measure,
                              const hst_where *where, bool with_class, hst_error *err)
{
    compiler c = {measures, conditions, measure, where, err};
    hst_dataset dataset = measure_of(&c)->dataset;
    hst_status status = check_keys(&c);

    if (!status) {
        status = check_episode(&c);
    }
    if (!status) {
        status = compile_methods(&c, out);
    }
    if (!status) {
        status = compile_transfers(&c, out);
    }
    for (size_t i = 0; i < N_CODE_KEYS && !status; i++) {
        const struct code_key *key = &code_keys[i];

        if (key->datasets >> dataset & 1 && (with_class || key->key != HST_WHERE_PATIENT_CLASS)) {
            status = compile_codes(&c, out, key);
        }
    }
    if (!status && where->has_age) {
        status = compile_range(&c, out, HST_CLAUSE_AGE, where->age_from, where->age_to);
    }
    if (!status && where->has_length_of_stay) {
        status = compile_range(&c, out, HST_CLAUSE_LENGTH_OF_STAY, where->los_from, where->los_to);
    }
    if (!status) {
        status = compile_cohorts(&c, out, HST_CLAUSE_COHORT);
    }
    if (!status) {
        status = compile_cohorts(&c, out, HST_CLAUSE_NOT_COHORT);
    }
    if (!status) {
        status = compile_conditions(&c, out);
    }
    if (!status) {
        status = compile_procedures(&c, out);
    }
    return status ? status : compile_any(&c, out);
}
