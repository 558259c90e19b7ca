/* Who is a member of which cohort, and how many members live where at the end of a year. */
#define _XOPEN_SOURCE 700 /* mkdtemp */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "metrics/cohort_internal.h"
#include "tests/support.h"

enum { N_FILES = 3, MAX_ROWS = 64, N_CODES = 4 };

/* One row of a person. Dates "2005-06-17" or "" for missing. */
typedef struct member_row {
    const char *person;
    unsigned file;
    uint64_t key;
    const char *admidate, *epistart, *disdate;
    unsigned age; /* 999 = unknown */
    const char *area, *diagnoses[N_CODES];
    char epistat, dismeth;
} member_row;

static const struct {
    hst_dataset dataset;
    const char *column;
} files[N_FILES] = {
    {HST_DATASET_APC, "RESPCT06"}, {HST_DATASET_APC, "RESPCT_HIS"}, {HST_DATASET_OP, "RESPCT06"}};

static char folder[] = "/tmp/hestia-cohort-XXXXXX";

static char *in_folder(const char *name)
{
    static char paths[8][128];
    static size_t next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static char *write_bytes(const char *name, const char *bytes, size_t n)
{
    char *path = in_folder(name);
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
    return path;
}

static char *write_text(const char *name, const char *text)
{
    return write_bytes(name, text, strlen(text));
}

static hst_day day(const char *text)
{
    hst_date date = HST_DATE_MISSING;

    assert_true(text[0] == '\0' || hst_date_parse_iso(text, strlen(text), &date));
    return hst_day_of_date(date);
}

/* ---- stores and people ---- */

typedef struct member_store {
    char path[64];
    hst_store *store;
    hst_segment *segments[N_FILES];
    hst_partition *partition;
    size_t n_rows;
    hst_row rows[MAX_ROWS];
} member_store;

static void write_row(hst_segment_writer *writer, const hst_store *store, const member_row *row)
{
    uint16_t words[1 + N_CODES] = {0};
    hst_episode e = {.record_key = row->key,
                     .admidate = day(row->admidate),
                     .epistart = day(row->epistart),
                     .epiend = day(row->epistart),
                     .disdate = day(row->disdate),
                     .startage = row->age > 120 ? HST_AGE_MISSING : (uint8_t)row->age,
                     .epistat = (uint8_t)(row->epistat ? row->epistat : '3'),
                     .dismeth = (uint8_t)row->dismeth,
                     .classpat = '3'};

    hst_store_hash(store, row->person, strlen(row->person), e.person);
    words[0] = hst_segment_writer_code(writer, HST_DICT_AREA, row->area, strlen(row->area));
    for (size_t i = 0; i < N_CODES && row->diagnoses[i]; i++) {
        words[1 + e.n_diagnoses++] = hst_segment_writer_code(
            writer, HST_DICT_DIAGNOSIS, row->diagnoses[i], strlen(row->diagnoses[i]));
    }
    e.n_words = (uint8_t)(1 + e.n_diagnoses);
    assert_int_equal(hst_segment_writer_add(writer, &e, words, NULL), HST_OK);
}

static void write_file(member_store *s, unsigned file, const member_row *rows, size_t n,
                       bool backwards, bool three_characters)
{
    hst_segment_info info = {.dataset = files[file].dataset,
                             .digest = {(uint8_t)(file + 1)},
                             .separator = ',',
                             .n_area_columns = 1,
                             .three_character_diagnoses = three_characters};
    hst_segment_writer *writer = NULL;

    snprintf(info.file, sizeof info.file, "file_%u.csv", file);
    snprintf(info.area_columns[0], sizeof info.area_columns[0], "%s", files[file].column);
    assert_int_equal(hst_segment_writer_create(&writer, s->store, 0, NULL), HST_OK);
    for (size_t i = 0; i < n; i++) {
        const member_row *row = &rows[backwards ? n - 1 - i : i];

        if (row->file == file) {
            write_row(writer, s->store, row);
            info.rows_read = ++info.rows_used;
        }
    }
    assert_int_equal(hst_segment_writer_commit(writer, &info, NULL), HST_OK);
    hst_segment_writer_free(writer);
    assert_int_equal(
        hst_segment_open(&s->segments[file], s->store, info.digest, info.layout_key, NULL), HST_OK);
}

static int compare_rows(const void *a, const void *b)
{
    return memcmp(((const hst_row *)a)->episode->person, ((const hst_row *)b)->episode->person, 16);
}

static const hst_segment *const *segments_of(const member_store *s)
{
    return (const hst_segment *const *)s->segments;
}

/* Writes the rows, and reads them back person by person. */
static void open_store(member_store *s, const member_row *rows, size_t n, bool backwards,
                       bool three_characters)
{
    hst_store_options options = {.n_partitions = 1};
    const hst_block *blocks = NULL;

    *s = (member_store){.n_rows = 0};
    snprintf(s->path, sizeof s->path, "%s/store-XXXXXX", folder);
    assert_non_null(mkdtemp(s->path));
    assert_int_equal(hst_store_init(s->path, &options, NULL), HST_OK);
    assert_int_equal(hst_store_open(&s->store, s->path, false, true, NULL), HST_OK);
    for (unsigned file = 0; file < N_FILES; file++) {
        write_file(s, file, rows, n, backwards, three_characters);
    }
    assert_int_equal(hst_partition_create(&s->partition, segments_of(s), N_FILES, NULL), HST_OK);
    assert_int_equal(hst_partition_read(s->partition, 0, 0, 1, &blocks, NULL), HST_OK);
    for (uint32_t f = 0; f < N_FILES; f++) {
        for (size_t at = 0; at < blocks[f].bytes;) {
            hst_episode *episode = (hst_episode *)(void *)(blocks[f].records + at);

            assert_true(s->n_rows < MAX_ROWS);
            s->rows[s->n_rows++] = (hst_row){episode, f};
            at += hst_episode_bytes(episode);
        }
    }
    qsort(s->rows, s->n_rows, sizeof s->rows[0], compare_rows);
}

static void close_store(member_store *s)
{
    char command[128];

    hst_partition_free(s->partition);
    for (size_t file = 0; file < N_FILES; file++) {
        hst_segment_close(s->segments[file]);
    }
    hst_store_close(s->store);
    snprintf(command, sizeof command, "rm -rf %s", s->path);
    assert_int_equal(system(command), 0);
}

/* The person whose rows begin at `first`. */
static hst_person person_at(member_store *s, size_t first)
{
    size_t end = first + 1;

    while (end < s->n_rows && compare_rows(&s->rows[first], &s->rows[end]) == 0) {
        end++;
    }
    return (hst_person){.n_rows = end - first, .rows = &s->rows[first]};
}

static hst_person find_person(member_store *s, const char *name)
{
    uint64_t hash[2];

    hst_store_hash(s->store, name, strlen(name), hash);
    for (size_t i = 0; i < s->n_rows; i++) {
        if (memcmp(s->rows[i].episode->person, hash, sizeof hash) == 0) {
            return person_at(s, i);
        }
    }
    fail_msg("nobody is called %s", name);
    return (hst_person){0};
}

static hst_conditions *conditions;

static hst_cohorts *make_cohorts(const hst_study *study, const hst_store *store)
{
    hst_cohorts *cohorts = NULL;
    hst_error err = {0};

    if (hst_cohorts_create(&cohorts, study, conditions, store, &err)) {
        fail_msg("%s", err.message);
    }
    return cohorts;
}

static hst_membership ask(const hst_cohorts *cohorts, member_store *s, const char *name)
{
    hst_cohort_plan *plan = NULL;
    hst_membership membership = {0};
    hst_person person = find_person(s, name);

    assert_int_equal(hst_cohort_plan_create(&plan, cohorts, segments_of(s), N_FILES, NULL), HST_OK);
    hst_cohort_plan_ask(plan, &person, &membership);
    hst_cohort_plan_free(plan);
    return membership;
}

/* Which must not show. */
struct shape_case {
    const char *name;
    bool backwards;
    size_t threads;
};

/* ---- by condition ---- */

static char *diabetes[] = {(char *)"diabetes_any"}, *dementia[] = {(char *)"dementia"},
            *stroke_or_bronchitis[] = {(char *)"stroke", (char *)"acsc_copd_j20"};

enum { DIABETES = 1, DEMENTIA_FIRST = 2, STROKE_OR_BRONCHITIS = 4 };

static hst_study_cohort condition_cohorts[] = {
    {.id = (char *)"diabetes", .condition = {1, diabetes}, .line = 17},
    {.id = (char *)"dementia_first",
     .condition = {1, dementia},
     .positions = HST_POSITIONS_PRIMARY,
     .window = {HST_DATE_MISSING, HST_DATE_MISSING},
     .line = 23},
    {.id = (char *)"stroke_or_bronchitis",
     .condition = {2, stroke_or_bronchitis},
     .window = {HST_DATE_MISSING, HST_DATE_MISSING},
     .line = 31},
};

static hst_study condition_study(void)
{
    condition_cohorts[0].window =
        (hst_window){hst_date_from_civil(2001, 4, 1), hst_date_from_civil(2011, 3, 31)};
    return (hst_study){.path = (char *)"study.yaml", .n_cohorts = 3, .cohorts = condition_cohorts};
}

/* clang-format off */
static const member_row condition_rows[] = {
    {"last position",   0, 11, "2005-06-17", "2005-06-17", "", 71, "5QL", {"I10X", "S720", "R69X", "E149"}, 0, 0},
    {"second file",     0, 12, "2005-06-17", "2005-06-17", "", 71, "5QL", {"I10X"}, 0, 0},
    {"second file",     1, 13, "2006-06-17", "2006-06-17", "", 71, "5QL", {"E119"}, 0, 0},
    {"other code",      0, 14, "2005-06-17", "2005-06-17", "", 71, "5QL", {"E151"}, 0, 0},
    {"unfinished",      0, 15, "2005-06-17", "2005-06-17", "", 71, "5QL", {"E119"}, '1', 0},
    {"day before",      0, 16, "2001-03-31", "2001-04-01", "", 71, "5QL", {"E119", "F03X"}, 0, 0},
    {"first day",       0, 17, "2001-04-01", "2001-04-01", "", 71, "5QL", {"E119"}, 0, 0},
    {"last day",        0, 18, "2011-03-31", "2011-04-02", "", 71, "5QL", {"E119"}, 0, 0},
    {"day after",       0, 19, "2011-04-01", "2011-04-01", "", 71, "5QL", {"E119"}, 0, 0},
    {"no admission",    0, 20, "",           "2005-06-17", "", 71, "5QL", {"F03X", "E119"}, 0, 0},
    {"outpatient",      2, 21, "2005-06-17", "2005-06-17", "", 71, "5QL", {"E119"}, 0, 0},
    {"second place",    0, 22, "2005-06-17", "2005-06-17", "", 71, "5QL", {"S720", "F03X"}, 0, 0},
    {"first place",     0, 23, "1995-06-17", "1995-06-17", "", 71, "5QL", {"F03X"}, 0, 0},
    {"several",         0, 24, "2005-06-17", "2005-06-17", "", 71, "5QL", {"J20X", "J440"}, 0, 0},
    {"several",         1, 25, "2005-06-17", "2005-06-17", "", 71, "5QL", {"G301", "E109"}, 0, 0},
    {"one code of two", 0, 27, "2005-06-17", "2005-06-17", "", 71, "5QL", {"J20X", "I64X"}, 0, 0},
    {"one code of two", 0, 28, "2005-06-18", "2005-06-18", "", 71, "5QL", {"I10X", "J440"}, 0, 0},
    {"repeat",          0, 26, "2005-06-17", "2005-06-17", "", 71, "5QL", {"I10X"}, 0, 0},
    {"repeat",          0, 26, "2005-06-18", "2005-06-17", "", 71, "5QL", {"E119"}, 0, 0},
};
/* clang-format on */

static const struct condition_case {
    const char *person;
    unsigned expected;
} condition_cases[] = {
    {"last position", DIABETES},
    {"second file", DIABETES},
    {"other code", 0},
    {"unfinished", 0},
    {"day before", 0},
    {"first day", DIABETES},
    {"last day", DIABETES},
    {"day after", 0},
    {"no admission", DEMENTIA_FIRST}, /* in no window, and without a window all the same */
    {"outpatient", 0},
    {"second place", 0},
    {"first place", DEMENTIA_FIRST},
    {"several", DIABETES | DEMENTIA_FIRST | STROKE_OR_BRONCHITIS},
    {"one code of two", 0}, /* a set that needs a second code needs it in the same row */
    {"repeat", 0},
};

enum { N_CONDITION_ROWS = sizeof condition_rows / sizeof condition_rows[0] };

static void members_by_condition(void **state)
{
    const struct shape_case *c = *state;
    hst_study study = condition_study();
    hst_cohorts *cohorts = make_cohorts(&study, NULL);
    member_store s;

    open_store(&s, condition_rows, N_CONDITION_ROWS, c->backwards, false);
    assert_int_equal(hst_cohorts_n(cohorts), 3);
    assert_int_equal(hst_cohorts_n_listed(cohorts, 0), 0);
    for (size_t i = 0; i < sizeof condition_cases / sizeof condition_cases[0]; i++) {
        hst_membership membership = ask(cohorts, &s, condition_cases[i].person);

        if (membership.cohorts != condition_cases[i].expected) {
            fail_msg("%s: %u, not %u", condition_cases[i].person, membership.cohorts,
                     condition_cases[i].expected);
        }
        for (size_t k = 0; k < HST_MAX_COHORTS; k++) {
            assert_int_equal(membership.from[k], 0);
        }
    }
    hst_cohorts_free(cohorts);
    close_store(&s);
}

static void an_unknown_set_is_refused(void **state)
{
    char *names[] = {(char *)"diabetes_any", (char *)"dementa"};
    hst_study_cohort cohort = {.id = (char *)"memory", .condition = {2, names}, .line = 41};
    hst_study study = {.path = (char *)"study.yaml", .n_cohorts = 1, .cohorts = &cohort};
    hst_cohorts *cohorts = NULL;
    hst_error err = {0};

    (void)state;
    assert_int_equal(hst_cohorts_create(&cohorts, &study, conditions, NULL, &err), HST_ERR_USAGE);
    assert_null(cohorts);
    assert_string_equal(err.message, "study.yaml, line 41: cohort `memory`: condition: no set is "
                                     "called `dementa`; did you mean `dementia`?");
}

static void too_many_cohorts_are_refused(void **state)
{
    hst_study_cohort list[HST_MAX_COHORTS + 1] = {{.id = NULL}};
    hst_study study = {
        .path = (char *)"study.yaml", .n_cohorts = HST_MAX_COHORTS + 1, .cohorts = list};
    hst_cohorts *cohorts = NULL;
    hst_error err = {0};

    (void)state;
    assert_int_equal(hst_cohorts_create(&cohorts, &study, conditions, NULL, &err), HST_ERR_USAGE);
    assert_non_null(strstr(err.message, "16 cohorts"));
}

static void three_characters_cannot_answer_for_four(void **state)
{
    char *names[] = {(char *)"diabetes_any", (char *)"own"};
    char *path = write_text("own.csv", "set,system,code_prefix,positions,note\n"
                                       "own,ICD10,E109,any,four characters\n");
    hst_study_cohort cohort = {.id = (char *)"own_cohort", .condition = {2, names}, .line = 43};
    hst_study study = {.path = (char *)"study.yaml", .n_cohorts = 1, .cohorts = &cohort};
    hst_conditions *own = NULL;
    hst_cohorts *cohorts = NULL;
    hst_cohort_plan *plan = NULL;
    member_store s;
    hst_error err = {0};

    (void)state;
    assert_int_equal(hst_conditions_read(&own, path, NULL), HST_OK);
    assert_int_equal(hst_cohorts_create(&cohorts, &study, own, NULL, NULL), HST_OK);
    open_store(&s, condition_rows, 1, false, true);
    assert_int_equal(hst_cohort_plan_create(&plan, cohorts, segments_of(&s), N_FILES, &err),
                     HST_ERR_USAGE);
    assert_null(plan);
    assert_non_null(strstr(err.message, "study.yaml, line 43: cohort `own_cohort`: set `own`"));
    hst_cohorts_free(cohorts);
    hst_conditions_free(own);
    close_store(&s);
}

static void no_cohorts_have_no_members(void **state)
{
    hst_study study = {.path = (char *)"study.yaml"};
    hst_cohorts *cohorts = make_cohorts(&study, NULL);
    member_store s;

    (void)state;
    open_store(&s, condition_rows, N_CONDITION_ROWS, false, false);
    assert_int_equal(hst_cohorts_n(cohorts), 0);
    assert_int_equal(ask(cohorts, &s, "several").cohorts, 0);
    hst_cohorts_free(cohorts);
    hst_cohorts_free(NULL);
    close_store(&s);
}

/* ---- by a file ---- */

static const member_row listed_rows[] = {
    {"AB12", 0, 1, "2005-06-17", "2005-06-17", "", 71, "5QL", {"I10X"}, 0, 0},
    {"C \"3\"", 2, 2, "2005-06-17", "2005-06-17", "", 71, "5QL", {NULL}, 0, 0},
    {"0042", 1, 3, "2005-06-17", "2005-06-17", "", 71, "5QL", {NULL}, 0, 0},
};

static member_store listed;

/* Of AB12, C "3" and 0042 whoever is a member, and since when; NULL: not one. */
static struct file_case {
    const char *name, *text;
    const char *since[3];
    size_t n;
} file_cases[] = {
    {"identifiers alone", "AB12\n0042\n", {"", NULL, ""}, 2},
    {"with index dates",
     "AB12,2005-06-17\n0042,2008-02-29\n",
     {"2005-06-17", NULL, "2008-02-29"},
     2},
    {"some without a date", "AB12,\n0042,2008-02-29\n", {"", NULL, "2008-02-29"}, 2},
    {"after a tab", "AB12\t2005-06-17\n", {"2005-06-17", NULL, NULL}, 1},
    {"carriage returns", "AB12\r\n0042,2008-02-29\r\n", {"", NULL, "2008-02-29"}, 2},
    {"the last line is open", "0042\nAB12", {"", NULL, ""}, 2},
    {"blanks and blank lines",
     "\n  AB12 \n \r\n\n 0042 , 2008-02-29 \n",
     {"", NULL, "2008-02-29"},
     2},
    {"a byte-order mark",
     "\xEF\xBB\xBF"
     "AB12\n",
     {"", NULL, NULL},
     1},
    {"quotes", "\"AB12\"\n\"C \"\"3\"\"\" ,\"2008-02-29\"\n", {"", "2008-02-29", NULL}, 2},
    {"blanks in quotes", "\" AB12 \"\r\n", {"", NULL, NULL}, 1},
    {"a header", "HESID\nAB12\n", {"", NULL, NULL}, 1},
    {"a header in lower case, with more",
     "token_person_id,date of diagnosis\nAB12,2005-06-17\n",
     {"2005-06-17", NULL, NULL},
     1},
    {"a header of an alias, quoted", "\"TokenID\"\nAB12\n", {"", NULL, NULL}, 1},
    {"a header that the study names", "Patient_Ref\nAB12\n", {"", NULL, NULL}, 1},
    {"a header stands first only", "AB12\nHESID\n", {"", NULL, NULL}, 2},
    {"a person twice, the earlier date holds",
     "AB12,2006-01-01\nAB12,2005-06-17\nAB12,2007-01-01\n",
     {"2005-06-17", NULL, NULL},
     1},
    {"a person twice, once without a date", "AB12,2005-06-17\nAB12\n", {"", NULL, NULL}, 1},
    {"case tells people apart", "ab12\n42\n", {NULL, NULL, NULL}, 2},
};

static hst_study listed_study(hst_study_cohort *cohort, char *path)
{
    static char *roles[] = {(char *)"area", (char *)"person"};
    static char *names[] = {(char *)"HOME", (char *)"PATIENT_REF"};
    static hst_study_extract extract = {.column_roles = {2, roles}, .column_names = {2, names}};

    *cohort = (hst_study_cohort){.id = (char *)"listed",
                                 .file = path,
                                 .window = {HST_DATE_MISSING, HST_DATE_MISSING},
                                 .line = 53};
    return (hst_study){.path = (char *)"study.yaml",
                       .n_extracts = 1,
                       .extracts = &extract,
                       .n_cohorts = 1,
                       .cohorts = cohort};
}

static void member_by_file(void **state)
{
    const struct file_case *c = *state;
    hst_study_cohort cohort;
    hst_study study = listed_study(&cohort, write_text("people.csv", c->text));
    hst_cohorts *cohorts = make_cohorts(&study, listed.store);

    assert_int_equal(hst_cohorts_n_listed(cohorts, 0), c->n);
    for (size_t i = 0; i < 3; i++) {
        hst_membership membership = ask(cohorts, &listed, listed_rows[i].person);

        assert_int_equal(membership.cohorts, c->since[i] != NULL);
        assert_int_equal(membership.from[0], c->since[i] ? day(c->since[i]) : 0);
    }
    hst_cohorts_free(cohorts);
}

static char long_identifier[1100], long_line[5100];

#define LITERAL(text) text, sizeof(text) - 1

static struct file_fault {
    const char *name, *bytes;
    size_t n;
    hst_status expected;
    const char *place;
} file_faults[] = {
    {"an absent file", NULL, 0, HST_ERR_USAGE, "study.yaml, line 53: cohort `listed`: "},
    {"an empty file", LITERAL(""), HST_ERR_INPUT, "people.csv: "},
    {"a header alone", LITERAL("HESID\n\n"), HST_ERR_INPUT, "people.csv: "},
    {"a third column", LITERAL("SECRET,2005-01-01,F\n"), HST_ERR_INPUT, "people.csv, line 1: "},
    {"an open quote", LITERAL("AB12\n\"SECRET\n"), HST_ERR_INPUT, "people.csv, line 2: "},
    {"text after a quote", LITERAL("\"SEC\"RET\n"), HST_ERR_INPUT, "people.csv, line 1: "},
    {"a NUL byte", LITERAL("AB12\n\nSEC\0RET\n"), HST_ERR_INPUT, "people.csv, line 3: "},
    {"a date that is none", LITERAL("AB12\nSECRET,17/06/2005\n"), HST_ERR_INPUT,
     "people.csv, line 2: "},
    {"a day that does not exist", LITERAL("SECRET,2005-02-29\n"), HST_ERR_INPUT,
     "people.csv, line 1: "},
    {"a date before 1930", LITERAL("SECRET,1929-12-31\n"), HST_ERR_INPUT, "people.csv, line 1: "},
    {"a date after 2109", LITERAL("SECRET,2110-01-01\n"), HST_ERR_INPUT, "people.csv, line 1: "},
    {"a date alone", LITERAL("AB12\n,2005-06-17\n"), HST_ERR_INPUT, "people.csv, line 2: "},
    {"a null word", LITERAL("NULL,2005-06-17\n"), HST_ERR_INPUT, "people.csv, line 1: "},
    {"a long identifier", long_identifier, sizeof long_identifier - 1, HST_ERR_INPUT,
     "people.csv, line 1: "},
    {"a long line", long_line, sizeof long_line - 1, HST_ERR_INPUT, "people.csv, line 1: "},
};

static void file_is_refused(void **state)
{
    const struct file_fault *c = *state;
    hst_study_cohort cohort;
    hst_study study;
    hst_cohorts *cohorts = NULL;
    hst_error err = {0};

    memset(long_identifier, 'S', sizeof long_identifier - 1);
    memset(long_line, 'S', sizeof long_line - 1);
    unlink(in_folder("people.csv"));
    study = listed_study(&cohort, c->bytes ? write_bytes("people.csv", c->bytes, c->n)
                                           : in_folder("people.csv"));
    assert_int_equal(hst_cohorts_create(&cohorts, &study, conditions, listed.store, &err),
                     c->expected);
    assert_null(cohorts);
    assert_non_null(strstr(err.message, c->place));
    assert_null(strstr(err.message, "SEC"));
    assert_null(strstr(err.message, "SSS"));
    assert_null(strstr(err.message, "2005-"));
}

static void a_folder_is_no_list(void **state)
{
    hst_study_cohort cohort;
    hst_study study = listed_study(&cohort, folder);
    hst_cohorts *cohorts = NULL;

    (void)state;
    assert_int_equal(hst_cohorts_create(&cohorts, &study, conditions, listed.store, NULL),
                     HST_ERR_SYSTEM);
    assert_null(cohorts);
}

/* ---- sizes ---- */

/*
 * Ends of years 2006-03-31 (2005/06), 2007-03-31, 2008-03-31; the register counts ages 17 and over.
 * Everybody has diabetes; `listed` holds mover from 2006-06-01, dead, and abroad.
 *
 *     person       where they count                       2005/06  2006/07  2007/08
 *     mover        5QL until 2007-01-01, then 5NK          5QL      5NK      5NK
 *     before       their only row is later: 5J6            5J6      5J6      5J6
 *     dead         dies 2007-03-31                         5QL      -        -
 *     stillborn    never                                   -        -        -
 *     child        16 on 2006-10-15: 17 from half a year   -        -        5QL
 *                  after (2007-04-15) on
 *     grows        15 on 2006-10-01: 15, 15, 16            -        -        -
 *     grown        16 on 2006-09-29: half a year and a     -        5J6      5J6
 *                  day later 17
 *     ageless      unknown age                             -        -        -
 *     other        an English area of no list              OTHER    OTHER    OTHER
 *     unknown      residence not known                     -        -        -
 *     sameday      two rows of a day: the later EPISTART   5NK      5NK      5NK
 *     twice        a repeat of a record key does not count 5J6      5J6      5J6
 *     unfinished   an unfinished row does not count        5NK      5NK      5NK
 */
/* clang-format off */
static const member_row size_rows[] = {
    {"mover",     0, 1, "2005-06-17", "2005-06-17", "2005-06-20", 71, "5QL", {"E119"}, 0, '1'},
    {"mover",     1, 2, "2007-01-01", "2007-01-01", "2007-01-02", 73, "5NK", {"I10X"}, 0, '1'},
    {"mover",     1, 3, "2008-04-01", "2008-04-01", "2008-04-02", 74, "5J6", {"I10X"}, 0, '1'},
    {"before",    0, 4, "2010-12-24", "2010-12-24", "2010-12-24", 80, "5J6", {"E109"}, 0, '1'},
    {"dead",      0, 5, "2007-03-30", "2007-03-30", "2007-03-31", 90, "5QL", {"E149"}, 0, '4'},
    {"stillborn", 0, 6, "2005-05-05", "2005-05-05", "2005-05-05", 0,  "5QL", {"E149"}, 0, '5'},
    {"child",     0, 7, "2006-10-15", "2006-10-15", "2006-10-16", 16, "5QL", {"E109"}, 0, '1'},
    {"grows",     0, 8, "2006-10-01", "2006-10-01", "2006-10-16", 15, "5QL", {"E109"}, 0, '1'},
    {"grown",     0, 9, "2006-09-29", "2006-09-29", "2006-10-16", 16, "5J6", {"E109"}, 0, '1'},
    {"ageless",   0, 10, "2005-06-17", "2005-06-17", "2005-06-18", 999, "5J6", {"E109"}, 0, '1'},
    {"other",     0, 11, "2005-06-17", "2005-06-17", "2005-06-18", 50, "5XX", {"E109"}, 0, '1'},
    {"unknown",   0, 12, "2005-06-17", "2005-06-17", "2005-06-18", 50, "", {"E109"}, 0, '1'},
    {"sameday",   0, 13, "2005-06-17", "2005-06-17", "2005-06-20", 50, "5QL", {"E109"}, 0, '1'},
    {"sameday",   1, 14, "2005-06-17", "2005-06-19", "2005-06-20", 50, "5NK", {"E109"}, 0, '1'},
    {"twice",     0, 15, "2005-06-17", "2005-06-17", "2005-06-20", 50, "5J6", {"E109"}, 0, '1'},
    {"twice",     0, 15, "2005-06-18", "2005-06-17", "2005-06-20", 50, "5QL", {"E109"}, 0, '1'},
    {"unfinished",0, 16, "2005-06-17", "2005-06-17", "2005-06-20", 50, "5NK", {"E109"}, 0, '1'},
    {"unfinished",0, 17, "2005-07-17", "2005-07-17", "",           50, "5QL", {"E109"}, '1', 0},
    {"abroad",    2, 18, "2005-06-17", "2005-06-17", "",           50, "5QL", {NULL}, 0, 0},
    {"abroad",    2, 19, "2007-06-17", "2007-06-17", "",           50, "6A1", {NULL}, 0, 0},
};

/* In the order of the list: by id, then code (comparators by name), then year. */
static const struct size_row {
    const char *cohort, *code;
    uint64_t members[3];
    double registered[3];
} expected_sizes[] = {
    {"all_diabetes", "5J6",           {2, 3, 3}, {50, NAN, 52}},
    {"all_diabetes", "5NK",           {2, 3, 3}, {NAN, 71, NAN}},
    {"all_diabetes", "5QL",           {2, 0, 1}, {17.5, 0, NAN}},
    {"all_diabetes", "England",       {7, 7, 8}, {NAN, 1234, NAN}},
    {"all_diabetes", "Similar areas", {4, 6, 6}, {NAN, NAN, NAN}},
    {"all_diabetes", "Whole list",    {6, 6, 7}, {NAN, NAN, NAN}},
    {"listed",       "5J6",           {0, 0, 0}, {NAN, NAN, NAN}},
    {"listed",       "5NK",           {0, 1, 1}, {NAN, NAN, NAN}},
    {"listed",       "5QL",           {2, 1, 0}, {NAN, NAN, NAN}},
    {"listed",       "England",       {2, 2, 1}, {NAN, NAN, NAN}},
    {"listed",       "Similar areas", {0, 1, 1}, {NAN, NAN, NAN}},
    {"listed",       "Whole list",    {2, 2, 1}, {NAN, NAN, NAN}},
};
/* clang-format on */

enum {
    N_SIZE_ROWS = sizeof size_rows / sizeof size_rows[0],
    N_SIZES = sizeof expected_sizes / sizeof expected_sizes[0]
};

static const char register_text[] = "area,date,registered,practices\n"
                                    "5J6,2005/06,50,9\n"
                                    "5J6,2008-03-31,52,9\n"
                                    "5J6,2006/07,,9\n"
                                    "5QL,2006-03-31,17.5,4\n"
                                    "5QL,2007-03-31,0,4\n"
                                    "5nk,200607,71,3\n"
                                    "5NK,2010/11,90,3\n"
                                    "ENG,2006/07,1234,99\n";

typedef struct size_study {
    hst_study study;
    hst_study_cohort cohorts[2];
    hst_comparator comparators[3];
    char paths[4][128];
} size_study;

static void fill_study(size_study *s)
{
    static char *fields[] = {(char *)"RESPCT06", (char *)"RESPCT_HIS"};
    static char *sites[] = {(char *)"5QL"};
    const hst_window always = {HST_DATE_MISSING, HST_DATE_MISSING};

    *s = (size_study){.study = {.path = (char *)"study.yaml"}};
    snprintf(s->paths[0], sizeof s->paths[0], "%s",
             write_text("names.csv", "code,name\n5QL,Somerset\n5J6,Calderdale\n5NK,Wirral\n"));
    snprintf(s->paths[1], sizeof s->paths[1], "%s",
             write_text("similar.csv", "area,comparator,weight\n5QL,5J6,0.5\n5QL,5NK,2\n"));
    snprintf(s->paths[2], sizeof s->paths[2], "%s", write_text("register.csv", register_text));
    snprintf(s->paths[3], sizeof s->paths[3], "%s",
             write_text("listed.csv", "mover,2006-06-01\ndead\nabroad\nnobody\n"));
    s->comparators[0] = (hst_comparator){(char *)"England", NULL, (char *)"ENG"};
    s->comparators[1] = (hst_comparator){(char *)"Whole list", NULL, NULL};
    s->comparators[2] = (hst_comparator){(char *)"Similar areas", s->paths[1], NULL};
    s->cohorts[0] =
        (hst_study_cohort){.id = (char *)"listed", .file = s->paths[3], .window = always};
    s->cohorts[1] = (hst_study_cohort){.id = (char *)"all_diabetes",
                                       .condition = {1, diabetes},
                                       .window = always,
                                       .register_file = s->paths[2],
                                       .register_age_from = 17,
                                       .register_age_to = 120};
    s->study.period =
        (hst_window){hst_date_from_civil(2005, 4, 1), hst_date_from_civil(2009, 2, 28)};
    s->study.areas.field = (hst_texts){2, fields};
    s->study.areas.names = s->paths[0];
    s->study.areas.sites = (hst_texts){1, sites};
    s->study.areas.n_comparators = 3;
    s->study.areas.comparators = s->comparators;
    s->study.n_cohorts = 2;
    s->study.cohorts = s->cohorts;
}

/* Adds all people, every other one to a tally of its own when `threads` is 2, and merges them. */
static hst_cohort_sizes *count_sizes(const hst_cohorts *cohorts, const hst_study *study,
                                     const hst_areas *areas, member_store *s, size_t threads)
{
    hst_cohort_sizes *sizes[2] = {NULL};
    hst_residence residences[N_FILES];
    hst_cohort_plan *plan = NULL;
    size_t n_people = 0;

    assert_int_equal(hst_cohort_plan_create(&plan, cohorts, segments_of(s), N_FILES, NULL), HST_OK);
    for (size_t t = 0; t < threads; t++) {
        assert_int_equal(hst_cohort_sizes_create(&sizes[t], cohorts, study, areas, NULL), HST_OK);
    }
    for (size_t f = 0; f < N_FILES; f++) {
        assert_int_equal(hst_residence_init(&residences[f], areas, s->segments[f], NULL), HST_OK);
    }
    for (size_t i = 0; i < s->n_rows;) {
        hst_person person = person_at(s, i);
        hst_membership membership = {0};

        hst_cohort_plan_ask(plan, &person, &membership);
        hst_cohort_sizes_add(sizes[n_people++ % threads], &membership, &person, residences);
        i += person.n_rows;
    }
    if (threads == 2) {
        hst_cohort_sizes_merge(sizes[0], sizes[1]);
        hst_cohort_sizes_free(sizes[1]);
    }
    for (size_t f = 0; f < N_FILES; f++) {
        hst_residence_clear(&residences[f]);
    }
    hst_cohort_plan_free(plan);
    return sizes[0];
}

static void check_row(const hst_cohort_row *row, size_t i, const hst_study *study,
                      const hst_areas *areas)
{
    const struct size_row *expected = &expected_sizes[i / 3];
    const char *code =
        row->is_group ? hst_areas_group(areas, row->area)->name : hst_areas_code(areas, row->area);

    assert_string_equal(study->cohorts[row->cohort].id, expected->cohort);
    assert_string_equal(code, expected->code);
    assert_int_equal(row->year, 2005 + i % 3);
    if (row->members != expected->members[i % 3]) {
        fail_msg("%s, %s, %d: %zu members, not %zu", expected->cohort, code, row->year,
                 (size_t)row->members, (size_t)expected->members[i % 3]);
    }
    assert_close(row->registered, expected->registered[i % 3], 0);
}

static void sizes_are_counted(void **state)
{
    const struct shape_case *c = *state;
    size_study made;
    hst_areas *areas = NULL;
    hst_cohorts *cohorts = NULL;
    hst_cohort_sizes *sizes = NULL;
    hst_cohort_row *rows = NULL;
    member_store s;
    size_t n = 0;
    hst_error err = {0};

    fill_study(&made);
    open_store(&s, size_rows, N_SIZE_ROWS, c->backwards, false);
    cohorts = make_cohorts(&made.study, s.store);
    assert_int_equal(hst_areas_build(&areas, &made.study, NULL, NULL, 0, NULL), HST_OK);
    sizes = count_sizes(cohorts, &made.study, areas, &s, c->threads);
    assert_int_equal(hst_cohorts_check_registers(cohorts, areas, NULL, NULL), HST_OK);
    if (hst_cohorts_list(&rows, &n, cohorts, sizes, areas, &err)) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(n, 3 * N_SIZES);
    for (size_t i = 0; i < n; i++) {
        check_row(&rows[i], i, &made.study, areas);
    }
    assert_int_equal(hst_cohort_sizes_people(sizes, 0), 3);
    assert_int_equal(hst_cohort_sizes_people(sizes, 1), 13);
    free(rows);
    hst_cohort_sizes_free(sizes);
    hst_cohort_sizes_free(NULL);
    hst_cohorts_free(cohorts);
    hst_areas_free(areas);
    close_store(&s);
}

/* England takes OTHER and the register's row for the whole, or neither. */
static void a_register_without_the_whole_has_no_other(void **state)
{
    static const uint64_t members[] = {6, 6, 7};
    size_study made;
    hst_areas *areas = NULL;
    hst_cohorts *cohorts = NULL;
    hst_cohort_sizes *sizes = NULL;
    hst_cohort_row *rows = NULL;
    member_store s;
    size_t n = 0, n_england = 0;

    (void)state;
    fill_study(&made);
    write_text("register.csv", "area,date,registered\n5J6,2005/06,50\n5NK,2005/06,17\n"
                               "5QL,2005/06,31\n5QL,2006/07,32\n");
    open_store(&s, size_rows, N_SIZE_ROWS, false, false);
    cohorts = make_cohorts(&made.study, s.store);
    assert_int_equal(hst_areas_build(&areas, &made.study, NULL, NULL, 0, NULL), HST_OK);
    sizes = count_sizes(cohorts, &made.study, areas, &s, 1);
    assert_int_equal(hst_cohorts_list(&rows, &n, cohorts, sizes, areas, NULL), HST_OK);
    for (size_t i = 0; i < n; i++) {
        if (rows[i].cohort == 1 && rows[i].is_group &&
            strcmp(hst_areas_group(areas, rows[i].area)->name, "England") == 0) {
            assert_int_equal(rows[i].members, members[n_england]);
            assert_close(rows[i].registered, n_england == 0 ? 98 : NAN, 0);
            n_england++;
        }
    }
    assert_int_equal(n_england, 3);
    free(rows);
    hst_cohort_sizes_free(sizes);
    hst_cohorts_free(cohorts);
    hst_areas_free(areas);
    close_store(&s);
}

static struct register_fault {
    const char *name, *text;
    hst_status expected;
    const char *message;
} register_faults[] = {
    {"a register that is absent", NULL, HST_ERR_USAGE, "register.csv"},
    {"no column of areas", "region,date,registered\n5QL,2005/06,1\n", HST_ERR_INPUT, "area"},
    {"no column of dates", "area,year,registered\n5QL,2005/06,1\n", HST_ERR_INPUT, "date"},
    {"no column of numbers", "area,date,n\n5QL,2005/06,1\n", HST_ERR_INPUT, "registered"},
    {"unknown areas alone", "area,date,registered\n5XY,2005/06,1\n5XX,2005/06,1\n", HST_ERR_INPUT,
     "register.csv, column area: none of its areas is in the area list"},
    {"a date that is none", "area,date,registered\n5QL,spring,1\n", HST_ERR_INPUT,
     "register.csv, line 2, column date"},
    {"a number that is none", "area,date,registered\n5QL,2005/06,many\n", HST_ERR_INPUT,
     "register.csv, line 2"},
    {"a number below 0", "area,date,registered\n5QL,2005/06,-1\n", HST_ERR_INPUT,
     "register.csv, line 2, column registered: below 0"},
    {"two of one area and year", "area,date,registered\n5QL,2005/06,1\n5QL,2006-03-31,1\n",
     HST_ERR_INPUT, "register.csv, line 3: a second number"},
};

static void register_is_refused(void **state)
{
    const struct register_fault *c = *state;
    size_study made;
    hst_areas *areas = NULL;
    hst_cohorts *cohorts = NULL;
    hst_cohort_sizes *sizes = NULL;
    hst_cohort_row *rows = NULL;
    size_t n = 0;
    hst_error err = {0};

    fill_study(&made);
    if (c->text) {
        write_text("register.csv", c->text);
    } else {
        unlink(made.paths[2]);
    }
    made.study.cohorts = &made.cohorts[1]; /* that of the register alone */
    made.study.n_cohorts = 1;
    cohorts = make_cohorts(&made.study, NULL);
    assert_int_equal(hst_areas_build(&areas, &made.study, NULL, NULL, 0, NULL), HST_OK);
    assert_int_equal(hst_cohort_sizes_create(&sizes, cohorts, &made.study, areas, NULL), HST_OK);
    assert_int_equal(hst_cohorts_check_registers(cohorts, areas, NULL, &err), c->expected);
    assert_non_null(strstr(err.message, c->message));
    assert_int_equal(hst_cohorts_list(&rows, &n, cohorts, sizes, areas, &err), c->expected);
    assert_null(rows);
    assert_int_equal(n, 0);
    assert_non_null(strstr(err.message, c->message));
    hst_cohort_sizes_free(sizes);
    hst_cohorts_free(cohorts);
    hst_areas_free(areas);
}

/* A national register beside a list of a few areas: the others are told of, and set aside. */
static void other_areas_of_a_register_are_set_aside(void **state)
{
    size_study made;
    hst_areas *areas = NULL;
    hst_cohorts *cohorts = NULL;
    hst_ledger *ledger = NULL;
    const hst_ledger_line *lines = NULL;
    size_t n = 0;

    (void)state;
    fill_study(&made);
    write_text("register.csv",
               "area,date,registered\n5QL,2005/06,17\n5XX,2005/06,3\n5XY,2005/06,4\n");
    made.study.cohorts = &made.cohorts[1];
    made.study.n_cohorts = 1;
    cohorts = make_cohorts(&made.study, NULL);
    assert_int_equal(hst_areas_build(&areas, &made.study, NULL, NULL, 0, NULL), HST_OK);
    assert_int_equal(hst_ledger_create(&ledger, NULL), HST_OK);
    assert_int_equal(hst_cohorts_check_registers(cohorts, areas, ledger, NULL), HST_OK);
    lines = hst_ledger_lines(ledger, &n);
    assert_int_equal(n, 1);
    assert_string_equal(lines[0].stage, "cohorts");
    assert_int_equal(lines[0].n, 2);
    hst_ledger_free(ledger);
    hst_cohorts_free(cohorts);
    hst_areas_free(areas);
}

static void a_study_without_the_end_of_a_year_lists_nothing(void **state)
{
    size_study made;
    hst_areas *areas = NULL;
    hst_cohorts *cohorts = NULL;
    hst_cohort_sizes *sizes = NULL;
    hst_cohort_row *rows = NULL;
    size_t n = 17;

    (void)state;
    fill_study(&made);
    made.study.period.to = hst_date_from_civil(2006, 3, 30);
    made.study.cohorts = &made.cohorts[1];
    made.study.n_cohorts = 1;
    cohorts = make_cohorts(&made.study, NULL);
    assert_int_equal(hst_areas_build(&areas, &made.study, NULL, NULL, 0, NULL), HST_OK);
    assert_int_equal(hst_cohort_sizes_create(&sizes, cohorts, &made.study, areas, NULL), HST_OK);
    assert_int_equal(hst_cohorts_list(&rows, &n, cohorts, sizes, areas, NULL), HST_OK);
    assert_int_equal(n, 0);
    free(rows);
    hst_cohort_sizes_free(sizes);
    hst_cohorts_free(cohorts);
    hst_areas_free(areas);
}

/* ---- all ---- */

static struct shape_case condition_shapes[] = {
    {"rows with the codes of a set make a member", false, 1},
    {"in any order of rows", true, 1},
};

static struct shape_case size_shapes[] = {
    {"sizes are those counted by hand", false, 1},
    {"whatever the order of rows", true, 1},
    {"and however many threads", false, 2},
};

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(folder) || hst_conditions_read(&conditions, NULL, NULL) != HST_OK) {
        return -1;
    }
    open_store(&listed, listed_rows, 3, false, false);
    return 0;
}

static int tear_down(void **state)
{
    char command[64];

    (void)state;
    close_store(&listed);
    hst_conditions_free(conditions);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

enum { MAX_TESTS = 128 };

static size_t add_test(struct CMUnitTest tests[MAX_TESTS], size_t n, const char *name,
                       CMUnitTestFunction function, void *row)
{
    assert_true(n < MAX_TESTS);
    tests[n] = (struct CMUnitTest){.name = name, .test_func = function, .initial_state = row};
    return n + 1;
}

#define ADD_TESTS(CASES, NAME, FUNCTION)                                                           \
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES)[0]; i++) {                                \
        n = add_test(tests, n, (CASES)[i].NAME, FUNCTION, &(CASES)[i]);                            \
    }

int main(void)
{
    struct CMUnitTest tests[MAX_TESTS] = {
        cmocka_unit_test(an_unknown_set_is_refused),
        cmocka_unit_test(too_many_cohorts_are_refused),
        cmocka_unit_test(three_characters_cannot_answer_for_four),
        cmocka_unit_test(no_cohorts_have_no_members),
        cmocka_unit_test(a_folder_is_no_list),
        cmocka_unit_test(a_study_without_the_end_of_a_year_lists_nothing),
        cmocka_unit_test(other_areas_of_a_register_are_set_aside),
        cmocka_unit_test(a_register_without_the_whole_has_no_other),
    };
    size_t n = 8;

    ADD_TESTS(condition_shapes, name, members_by_condition)
    ADD_TESTS(file_cases, name, member_by_file)
    ADD_TESTS(file_faults, name, file_is_refused)
    ADD_TESTS(size_shapes, name, sizes_are_counted)
    ADD_TESTS(register_faults, name, register_is_refused)
    return _cmocka_run_group_tests("cohort", tests, n, set_up, tear_down);
}
