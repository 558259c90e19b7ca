#include "hestia/condition.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "condition_internal.h"
#include "hestia/reference.h"
#include "hestia/table.h"

/* Lists read: the built-in one, then the study's. */
enum { BUILT_IN, USERS, N_LISTS };

static const char *const position_names[] = {
    [HST_POSITIONS_OF_SET] = "",       [HST_POSITIONS_PRIMARY] = "primary",
    [HST_POSITIONS_FIRST3] = "first3", [HST_POSITIONS_SECONDARY] = "secondary",
    [HST_POSITIONS_ANY] = "any",
};

struct hst_conditions {
    size_t n, capacity;
    hst_condition_set *sets;
    hst_table *lists[N_LISTS]; /* hold the notes; NULL: not read */
};

static void clear_set(hst_condition_set *set)
{
    free(set->name);
    free(set->rows);
    *set = (hst_condition_set){0};
}

void hst_conditions_free(hst_conditions *conditions)
{
    if (!conditions) {
        return;
    }
    for (size_t i = 0; i < conditions->n; i++) {
        clear_set(&conditions->sets[i]);
    }
    for (size_t i = 0; i < N_LISTS; i++) {
        hst_table_free(conditions->lists[i]);
    }
    free(conditions->sets);
    free(conditions);
}

size_t hst_conditions_n_sets(const hst_conditions *conditions)
{
    return conditions->n;
}

const char *hst_conditions_set_name(const hst_conditions *conditions, size_t set)
{
    return conditions->sets[set].name;
}

const hst_condition_set *hst_conditions_set(const hst_conditions *conditions, size_t set)
{
    return &conditions->sets[set];
}

size_t hst_conditions_find(const hst_conditions *conditions, const char *name)
{
    for (size_t i = 0; i < conditions->n; i++) {
        if (strcmp(conditions->sets[i].name, name) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

const char *hst_conditions_nearest(const hst_conditions *conditions, const char *name)
{
    const char **names = calloc(conditions->n + 1, sizeof *names);
    const char *nearest = NULL;

    for (size_t i = 0; names && i < conditions->n; i++) {
        names[i] = conditions->sets[i].name;
    }
    if (names) {
        nearest = hst_nearest_name(name, names, conditions->n);
    }
    free(names);
    return nearest;
}

bool hst_condition_code(const char *text, char out[HST_CODE_BYTES])
{
    size_t n = 0;

    for (; *text; text++) {
        char c = *text;

        if (c == '.' || c == ' ') {
            continue;
        }
        if (c >= 'a' && c <= 'z') {
            c = (char)(c - 'a' + 'A');
        }
        if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) || n + 1 >= HST_CODE_BYTES) {
            return false;
        }
        out[n++] = c;
    }
    out[n] = '\0';
    return n > 0;
}

/* The set of this name, made when it is new. A user's set takes the place of a built-in one. */
static hst_status take_set(hst_conditions *conditions, const char *name, size_t length,
                           bool is_users, hst_condition_set **out, hst_error *err)
{
    hst_condition_set *set = NULL;

    for (size_t i = 0; i < conditions->n && !set; i++) {
        if (strncmp(conditions->sets[i].name, name, length) == 0 &&
            conditions->sets[i].name[length] == '\0') {
            set = &conditions->sets[i];
        }
    }
    if (set) {
        if (is_users && !set->is_users) {
            set->n_rows = 0;
            set->is_users = true;
        }
        *out = set;
        return HST_OK;
    }
    if (conditions->n == conditions->capacity) {
        size_t capacity = conditions->capacity ? conditions->capacity * 2 : 64;
        hst_condition_set *sets = realloc(conditions->sets, capacity * sizeof *sets);

        if (!sets) {
            return hst_fail(err, HST_ERR_MEMORY, "no memory for the condition sets");
        }
        conditions->sets = sets;
        conditions->capacity = capacity;
    }
    set = &conditions->sets[conditions->n];
    *set = (hst_condition_set){.is_users = is_users, .name = strndup(name, length)};
    if (!set->name) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the condition sets");
    }
    conditions->n++;
    *out = set;
    return HST_OK;
}

static hst_status add_row(hst_condition_set *set, const hst_condition_row *row, hst_error *err)
{
    if (set->n_rows == set->capacity) {
        size_t capacity = set->capacity ? set->capacity * 2 : 8;
        hst_condition_row *rows = realloc(set->rows, capacity * sizeof *rows);

        if (!rows) {
            return hst_fail(err, HST_ERR_MEMORY, "no memory for the condition sets");
        }
        set->rows = rows;
        set->capacity = capacity;
    }
    set->rows[set->n_rows++] = *row;
    return HST_OK;
}

static bool read_positions(const char *text, hst_positions *out)
{
    for (int i = HST_POSITIONS_PRIMARY; i <= HST_POSITIONS_ANY; i++) {
        if (strcmp(text, position_names[i]) == 0) {
            *out = (hst_positions)i;
            return true;
        }
    }
    return false;
}

typedef struct list_columns {
    size_t set, system, prefix, positions;
    size_t note; /* SIZE_MAX: the list has none */
} list_columns;

static hst_status read_row(hst_conditions *conditions, const hst_table *table, size_t row,
                           const list_columns *columns, bool is_users, hst_error *err)
{
    const char *name = hst_table_cell(table, row, columns->set);
    const char *role = strchr(name, '#');
    const char *system = hst_table_cell(table, row, columns->system);
    size_t length = role ? (size_t)(role - name) : strlen(name);
    hst_condition_row parsed = {.role = HST_ROLE_MATCH, .note = ""};
    hst_condition_set *set = NULL;
    hst_status status = HST_OK;

    if (role && strcmp(role, "#exclude") == 0) {
        parsed.role = HST_ROLE_EXCLUDE;
    } else if (role && strcmp(role, "#require") == 0) {
        parsed.role = HST_ROLE_REQUIRE;
    } else if (role || length == 0) {
        return hst_fail(err, HST_ERR_INPUT,
                        "%s, line %zu: column set: a name, name#exclude or name#require is wanted",
                        hst_table_name(table), hst_table_line(table, row));
    }
    if (strcmp(system, "OPCS4") == 0) {
        parsed.system = HST_SYSTEM_OPCS4;
    } else if (strcmp(system, "ICD10") != 0) {
        return hst_fail(err, HST_ERR_INPUT, "%s, line %zu: column system: ICD10 or OPCS4 is wanted",
                        hst_table_name(table), hst_table_line(table, row));
    }
    if (!hst_condition_code(hst_table_cell(table, row, columns->prefix), parsed.prefix)) {
        return hst_fail(err, HST_ERR_INPUT, "%s, line %zu: column code_prefix: not a code",
                        hst_table_name(table), hst_table_line(table, row));
    }
    if (!read_positions(hst_table_cell(table, row, columns->positions), &parsed.positions)) {
        return hst_fail(
            err, HST_ERR_INPUT,
            "%s, line %zu: column positions: primary, first3, secondary or any is wanted",
            hst_table_name(table), hst_table_line(table, row));
    }
    if (columns->note != SIZE_MAX) {
        parsed.note = hst_table_cell(table, row, columns->note);
    }
    status = take_set(conditions, name, length, is_users, &set, err);
    return status ? status : add_row(set, &parsed, err);
}

static hst_status read_list(hst_conditions *conditions, const hst_table *table, bool is_users,
                            hst_error *err)
{
    list_columns columns = {0};
    hst_status status = hst_table_require(table, "set", &columns.set, err);

    if (!status) {
        status = hst_table_require(table, "system", &columns.system, err);
    }
    if (!status) {
        status = hst_table_require(table, "code_prefix", &columns.prefix, err);
    }
    if (!status) {
        status = hst_table_require(table, "positions", &columns.positions, err);
    }
    columns.note = hst_table_find(table, "note");
    for (size_t row = 0; row < hst_table_n_rows(table) && !status; row++) {
        status = read_row(conditions, table, row, &columns, is_users, err);
    }
    return status;
}

/* A set of nothing but #exclude or #require rows could never match: a misspelt name. */
static hst_status check_sets(const hst_conditions *conditions, const char *name, hst_error *err)
{
    for (size_t i = 0; i < conditions->n; i++) {
        const hst_condition_set *set = &conditions->sets[i];
        bool matches = false;

        for (size_t j = 0; j < set->n_rows; j++) {
            matches = matches || set->rows[j].role == HST_ROLE_MATCH;
        }
        if (!matches) {
            return hst_fail(err, HST_ERR_INPUT,
                            "%s: set `%s` has #exclude or #require rows but none that match", name,
                            set->name);
        }
    }
    return HST_OK;
}

hst_status hst_conditions_read(hst_conditions **out, const char *path, hst_error *err)
{
    hst_conditions *conditions = NULL;
    hst_status status = HST_OK;

    *out = NULL;
    conditions = calloc(1, sizeof *conditions);
    if (!conditions) {
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the condition sets");
    }
    status = hst_table_read_text(&conditions->lists[BUILT_IN], hst_reference_text("conditions"),
                                 "reference/conditions.csv", err);
    if (!status) {
        status = read_list(conditions, conditions->lists[BUILT_IN], false, err);
    }
    if (!status && path) {
        status = hst_table_read(&conditions->lists[USERS], path, err);
    }
    if (!status && path) {
        status = read_list(conditions, conditions->lists[USERS], true, err);
    }
    if (status) {
        goto done;
    }
    status = check_sets(conditions, path ? path : "reference/conditions.csv", err);
    if (status) {
        goto done;
    }
    *out = conditions;
    conditions = NULL; /* now the caller's */

done:
    hst_conditions_free(conditions);
    return status;
}

/* ---- what a set holds ---- */

bool hst_conditions_is_users(const hst_conditions *conditions, size_t set)
{
    return conditions->sets[set].is_users;
}

size_t hst_conditions_n_entries(const hst_conditions *conditions, size_t set)
{
    return conditions->sets[set].n_rows;
}

static bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Notes of the built-in list mark by a letter of its own what was read in a source (V), is
 * remembered (M) or decided here (D); words say the same in any list. */
static bool says_unverified(const char *note, bool is_users)
{
    for (const char *at = note; *at; at++) {
        bool is_word = (at == note || !is_alphanumeric(at[-1])) && !is_alphanumeric(at[1]);

        if (strncasecmp(at, "unverified", 10) == 0 || strncasecmp(at, "from memory", 11) == 0 ||
            strncmp(at, "[M]", 3) == 0 || (!is_users && *at == 'M' && is_word)) {
            return true;
        }
    }
    return false;
}

hst_condition_entry hst_conditions_entry(const hst_conditions *conditions, size_t set, size_t row)
{
    static const char *const roles[] = {"match", "exclude", "require"};
    const hst_condition_row *from = &conditions->sets[set].rows[row];

    return (hst_condition_entry){
        .role = roles[from->role],
        .system = from->system == HST_SYSTEM_ICD10 ? "ICD10" : "OPCS4",
        .prefix = from->prefix,
        .positions = position_names[from->positions],
        .note = from->note,
        .is_unverified = says_unverified(from->note, conditions->sets[set].is_users),
    };
}

hst_status hst_condition_use_init(hst_condition_use *use, const char *name,
                                  const hst_condition_row *rows, size_t n_rows,
                                  hst_positions positions, hst_error *err)
{
    *use = (hst_condition_use){.name = strdup(name), .rows = malloc((n_rows + 1) * sizeof *rows)};
    if (!use->name || !use->rows) {
        hst_condition_use_clear(use);
        return hst_fail(err, HST_ERR_MEMORY, "no memory for the condition sets");
    }
    memcpy(use->rows, rows, n_rows * sizeof *rows);
    use->n_rows = n_rows;
    for (size_t i = 0; i < n_rows; i++) {
        use->rows[i].note = NULL; /* the use may outlive the lists */
        use->has_require = use->has_require || rows[i].role == HST_ROLE_REQUIRE;
        if (positions != HST_POSITIONS_OF_SET && rows[i].role == HST_ROLE_MATCH) {
            use->rows[i].positions = positions;
        }
    }
    return HST_OK;
}

void hst_condition_use_clear(hst_condition_use *use)
{
    free(use->name);
    free(use->rows);
    *use = (hst_condition_use){0};
}
