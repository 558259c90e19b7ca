/* From `where` in the study file to clauses. A clause is compiled once and asked of each segment's
 * codes by filter.c. */
#include "clause_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The `where` keys whose value is a list of plain codes. */
static const struct code_key {
    hst_where_code key;
    hst_clause_kind kind;
    size_t width; /* characters of a code; 0 = any number */
    const char *name, *words;
} code_keys[] = {
    {HST_WHERE_ADMISSION_SOURCE, HST_CLAUSE_ADMISSION_SOURCE, 2, "admission_source",
     "source of admission"},
    {HST_WHERE_DISCHARGE_METHOD, HST_CLAUSE_DISCHARGE_METHOD, 1, "discharge_method",
     "discharge method"},
    {HST_WHERE_DISCHARGE_DESTINATION, HST_CLAUSE_DISCHARGE_DESTINATION, 2, "discharge_destination",
     "discharge destination"},
    {HST_WHERE_SEX, HST_CLAUSE_SEX, 1, "sex", "sex"},
    {HST_WHERE_PATIENT_CLASS, HST_CLAUSE_PATIENT_CLASS, 1, "patient_class", "patient class"},
    {HST_WHERE_EPISODE_TYPE, HST_CLAUSE_EPISODE_TYPE, 1, "episode_type", "episode type"},
    {HST_WHERE_ETHNICITY, HST_CLAUSE_ETHNICITY, 1, "ethnicity", "ethnic category"},
    {HST_WHERE_DEPRIVATION_QUINTILE, HST_CLAUSE_DEPRIVATION_QUINTILE, 1, "deprivation_quintile",
     "deprivation quintile"},
    {HST_WHERE_SPECIALTY, HST_CLAUSE_SPECIALTY, 0, "specialty",
     "treatment specialty (main specialty before April 2004)"},
    {HST_WHERE_MAIN_SPECIALTY, HST_CLAUSE_MAIN_SPECIALTY, 0, "main_specialty", "main specialty"},
    {HST_WHERE_PROVIDER, HST_CLAUSE_PROVIDER, 0, "provider", "provider"},
    {HST_WHERE_GP_PRACTICE, HST_CLAUSE_GP_PRACTICE, 0, "gp_practice", "GP practice"},
};

/* Keys of other data sets, or that need spells or people. */
static const struct refused_key {
    hst_where_code key;
    const char *name, *why;
} refused_keys[] = {
    {HST_WHERE_ATTENDED, "attended", "it belongs to outpatient attendances"},
    {HST_WHERE_FIRST_ATTENDANCE, "first_attendance", "it belongs to outpatient attendances"},
    {HST_WHERE_DEPARTMENT, "department", "it belongs to A&E attendances"},
    {HST_WHERE_ATTENDANCE_CATEGORY, "attendance_category", "it belongs to A&E attendances"},
    {HST_WHERE_COHORT, "cohort", "this version has no cohorts"},
    {HST_WHERE_NOT_COHORT, "not_cohort", "this version has no cohorts"},
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

static hst_status no_memory(hst_error *err)
{
    return hst_fail(err, HST_ERR_MEMORY, "no memory for the measures' filters");
}

/* "study.yaml, line 12: measure `x`" before a message. */
static hst_status refuse(const compiler *c, const char *message)
{
    const hst_study *study = c->measures->study;

    return hst_fail(c->err, HST_ERR_USAGE, "%s, line %zu: measure `%s`: %s", study->path,
                    c->where->line ? c->where->line : study->measures[c->measure].line,
                    study->measures[c->measure].id, message);
}

/* ---- words ---- */

char *hst_words_or(size_t n, char (*codes)[HST_CODE_BYTES])
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    if (!stream) {
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        fprintf(stream, "%s%s", i == 0 ? "" : i + 1 == n ? " or " : ", ", codes[i]);
    }
    if (fclose(stream) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* "<what> <a, b or c>" into clause->words. */
static hst_status say_codes(hst_clause *clause, const char *what, hst_error *err)
{
    char *list = hst_words_or(clause->n_codes, clause->codes);
    size_t size = strlen(what) + (list ? strlen(list) : 0) + 64;

    clause->words = list ? malloc(size) : NULL;
    if (clause->words && clause->is_non_elective) {
        snprintf(clause->words, size, "%s other than 11, 12, 13, 98, 99 and none%s%s", what,
                 clause->n_codes ? ", or " : "", list);
    } else if (clause->words) {
        snprintf(clause->words, size, "%s %s", what, list);
    }
    free(list);
    return clause->words ? HST_OK : no_memory(err);
}

static hst_status say_range(hst_clause *clause, const char *what, const char *unit, hst_error *err)
{
    size_t size = strlen(what) + 64;

    clause->words = malloc(size);
    if (!clause->words) {
        return no_memory(err);
    }
    snprintf(clause->words, size, "%s %d to %d%s", what, clause->from, clause->to, unit);
    return HST_OK;
}

static const char *positions_words(hst_positions positions)
{
    switch (positions) {
    case HST_POSITIONS_PRIMARY:
        return "in the first position";
    case HST_POSITIONS_FIRST3:
        return "in the first three positions";
    case HST_POSITIONS_SECONDARY:
        return "in a secondary position";
    case HST_POSITIONS_ANY:
        return "in any position";
    case HST_POSITIONS_OF_SET:
        break;
    }
    return "in the positions of the set";
}

/* "diabetes_any (5 ICD-10 prefixes in any position)"; sets whose rows differ say so. */
static void say_use(FILE *stream, const hst_condition_use *use)
{
    static const char *const systems[HST_N_SYSTEMS] = {"ICD-10", "OPCS-4"};
    static const char *const roles[HST_N_ROLES] = {"", "not with ", "only with "};
    bool first = true;

    fprintf(stream, "%s (", use->name);
    for (unsigned role = 0; role < HST_N_ROLES; role++) {
        for (unsigned system = 0; system < HST_N_SYSTEMS; system++) {
            size_t n = 0;
            hst_positions positions = HST_POSITIONS_OF_SET;

            for (size_t i = 0; i < use->n_rows; i++) {
                const hst_condition_row *row = &use->rows[i];

                if (row->role == (hst_row_role)role && row->system == (hst_code_system)system) {
                    positions = n == 0 || positions == row->positions ? row->positions
                                                                      : HST_POSITIONS_OF_SET;
                    n++;
                }
            }
            if (n > 0) {
                fprintf(stream, "%s%s%zu %s prefix%s %s", first ? "" : ", ", roles[role], n,
                        systems[system], n == 1 ? "" : "es", positions_words(positions));
                first = false;
            }
        }
    }
    fprintf(stream, ")");
}

static hst_status say_uses(const compiler *c, hst_clause *clause, const char *what)
{
    size_t size = 0;
    FILE *stream = open_memstream(&clause->words, &size);

    if (!stream) {
        return no_memory(c->err);
    }
    fprintf(stream, "%s ", what);
    for (size_t i = 0; i < clause->n_uses; i++) {
        fprintf(stream, "%s", i == 0 ? "" : i + 1 == clause->n_uses ? " or " : ", ");
        say_use(stream, &c->measures->uses[clause->uses[i]]);
    }
    return fclose(stream) == 0 ? HST_OK : no_memory(c->err);
}

static hst_status say_any(const compiler *c, hst_clause *clause)
{
    size_t size = 0;
    FILE *stream = open_memstream(&clause->words, &size);

    if (!stream) {
        return no_memory(c->err);
    }
    fprintf(stream, "any of");
    for (size_t i = 0; i < clause->n_any; i++) {
        fprintf(stream, " (");
        for (size_t j = 0; j < clause->any[i].n; j++) {
            fprintf(stream, "%s%s", j ? "; " : "", clause->any[i].clauses[j].words);
        }
        fprintf(stream, "%s)", clause->any[i].n ? "" : "every episode");
    }
    return fclose(stream) == 0 ? HST_OK : no_memory(c->err);
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

static hst_status add_code(hst_clause *clause, const char *code, size_t length, hst_error *err)
{
    char(*codes)[HST_CODE_BYTES] =
        realloc(clause->codes, (clause->n_codes + 1) * sizeof *clause->codes);

    if (!codes) {
        return no_memory(err);
    }
    clause->codes = codes;
    memset(codes[clause->n_codes], 0, HST_CODE_BYTES);
    memcpy(codes[clause->n_codes], code, length);
    clause->n_codes++;
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
            status = say_codes(clause, "admission method", c->err);
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
        const char *text = texts->items[i];
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
    return status ? status : say_codes(clause, key->words, c->err);
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
    return say_range(clause, is_age ? "age" : "length of stay", is_age ? "" : " days", c->err);
}

/* ---- conditions and procedures ---- */

static hst_status add_use(const compiler *c, hst_clause *clause, const char *name,
                          const hst_condition_row *rows, size_t n_rows, hst_positions positions)
{
    hst_measures *measures = c->measures;
    hst_condition_use *uses = realloc(measures->uses, (measures->n_uses + 1) * sizeof *uses);
    hst_condition_use *use = NULL;
    size_t *numbers = NULL;

    if (!uses) {
        return no_memory(c->err);
    }
    measures->uses = uses;
    use = &uses[measures->n_uses++];
    *use = (hst_condition_use){.name = strdup(name),
                               .n_rows = n_rows,
                               .rows = malloc((n_rows + 1) * sizeof *use->rows),
                               .measure = c->measure};
    numbers = realloc(clause->uses, (clause->n_uses + 1) * sizeof *numbers);
    if (numbers) {
        clause->uses = numbers;
        numbers[clause->n_uses++] = measures->n_uses - 1;
    }
    if (!use->name || !use->rows || !numbers) {
        use->n_rows = 0;
        return no_memory(c->err);
    }
    memcpy(use->rows, rows, n_rows * sizeof *rows);
    for (size_t i = 0; i < n_rows; i++) {
        use->has_require = use->has_require || rows[i].role == HST_ROLE_REQUIRE;
        /* `positions` says where the condition is looked for; vetoes and needs stay as the set has
         * them. */
        if (positions != HST_POSITIONS_OF_SET && rows[i].role == HST_ROLE_MATCH) {
            use->rows[i].positions = positions;
        }
    }
    return HST_OK;
}

static hst_status refuse_set(const compiler *c, const char *key, const char *name)
{
    size_t n = hst_conditions_n_sets(c->conditions);
    const char **names = calloc(n + 1, sizeof *names);
    const char *nearest = NULL;
    char message[256];

    if (!names) {
        return no_memory(c->err);
    }
    for (size_t i = 0; i < n; i++) {
        names[i] = hst_conditions_set_name(c->conditions, i);
    }
    nearest = hst_nearest_name(name, names, n);
    snprintf(message, sizeof message, "%s: no set is called `%.60s`%s%.60s%s", key, name,
             nearest ? "; did you mean `" : "", nearest ? nearest : "", nearest ? "`?" : "");
    free(names);
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
    for (size_t i = 0; i < texts->n && !status; i++) {
        size_t set = hst_conditions_find(c->conditions, texts->items[i]);
        const hst_condition_set *found = NULL;

        if (set == SIZE_MAX) {
            return refuse_set(c, "condition", texts->items[i]);
        }
        found = hst_conditions_set(c->conditions, set);
        status = add_use(c, clause, found->name, found->rows, found->n_rows, c->where->positions);
    }
    return status ? status : say_uses(c, clause, "condition");
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
    return status ? status : say_uses(c, clause, "procedure");
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
    return status ? status : say_any(c, clause);
}

hst_status hst_filter_compile(hst_filter *out, hst_measures *measures,
                              const hst_conditions *conditions, size_t measure,
                              const hst_where *where, bool with_class, hst_error *err)
{
    compiler c = {measures, conditions, measure, where, err};
    hst_status status = HST_OK;
    char message[160];

    for (size_t i = 0; i < sizeof refused_keys / sizeof refused_keys[0]; i++) {
        if (where->codes[refused_keys[i].key].n > 0) {
            snprintf(message, sizeof message,
                     "`%s` cannot be asked of inpatient admissions and episodes: %s",
                     refused_keys[i].name, refused_keys[i].why);
            return refuse(&c, message);
        }
    }
    if (where->episode != HST_EPISODE_FIRST) {
        return refuse(&c, "`episode: last` and `episode: any` need spells, which this version does "
                          "not build");
    }
    status = compile_methods(&c, out);
    if (!status) {
        status = compile_transfers(&c, out);
    }
    for (size_t i = 0; i < sizeof code_keys / sizeof code_keys[0] && !status; i++) {
        if (with_class || code_keys[i].key != HST_WHERE_PATIENT_CLASS) {
            status = compile_codes(&c, out, &code_keys[i]);
        }
    }
    if (!status && where->has_age) {
        status = compile_range(&c, out, HST_CLAUSE_AGE, where->age_from, where->age_to);
    }
    if (!status && where->has_length_of_stay) {
        status = compile_range(&c, out, HST_CLAUSE_LENGTH_OF_STAY, where->los_from, where->los_to);
    }
    if (!status) {
        status = compile_conditions(&c, out);
    }
    if (!status) {
        status = compile_procedures(&c, out);
    }
    return status ? status : compile_any(&c, out);
}
