/* What a header means. */
#define _XOPEN_SOURCE 700 /* nftw */

#include "tests/ingest/extract_support.h"

#define WITHOUT_PLACE                                                                              \
    "EPIKEY,PSEUDO_HESID,ADMIDATE,DISDATE,EPISTART,EPIEND,EPIORDER,EPISTAT,EPITYPE,CLASSPAT,"      \
    "ADMIMETH,ADMISORC,DISDEST,SEX,STARTAGE"

enum { N_ROLES = 2 };

/* Detects the layout of text in a file of its own. */
static hst_status detect(hst_layout **out, const char *text, hst_extract_spec spec, hst_error *err)
{
    char folder[PATH_BYTES], path[PATH_BYTES];
    hst_status status = HST_OK;

    folder_make(folder);
    extract_put(folder, "apc.csv", text, path);
    spec.dataset = spec.dataset ? spec.dataset : HST_DATASET_APC;
    spec.path = path;
    spec.member = "";
    status = hst_layout_detect(out, &spec, err);
    folder_remove(folder);
    return status;
}

/* Column in use for a field, "" when it has none. */
static const char *column_of(const hst_layout *layout, const char *wanted)
{
    const char *field = NULL, *column = NULL;

    for (size_t i = 0; hst_layout_describe(layout, i, &field, &column); i++) {
        if (strcmp(field, wanted) == 0) {
            return column;
        }
    }
    return "";
}

/* ---- headers that can be read ---- */

static struct header_case {
    const char *name, *text;
    char separator;
    const char *encoding;
    size_t n_columns;
    const char *field, *column; /* one of the fields and its column */
} header_cases[] = {
    {"commas", REQUIRED_HEADER "\n", ',', "ascii", 18, "EPIKEY", "EPIKEY"},
    {"header without a line end", REQUIRED_HEADER, ',', "ascii", 18, "SEX", "SEX"},
    {"CR LF", REQUIRED_HEADER "\r\n" GOOD_ROW "\r\n", ',', "ascii", 18, "diagnoses", "DIAG_01..01"},
    {"blank lines first", "\n \r\n" REQUIRED_HEADER "\n", ',', "ascii", 18, "area", "RESPCT_HIS"},
    {"byte-order mark", "\xEF\xBB\xBF" REQUIRED_HEADER "\n", ',', "utf-8", 18, "EPIKEY", "EPIKEY"},
    {"UTF-8 in a row", REQUIRED_HEADER "\nM\xC3\xBCller\n", ',', "utf-8", 18, "EPIKEY", "EPIKEY"},
    {"Latin-1 in a row", REQUIRED_HEADER "\nM\xFCller\n", ',', "latin-1", 18, "EPIKEY", "EPIKEY"},
    {"lower case, blanks, quotes",
     "\"epikey\", pseudo_hesid ,Admidate,disdate,epistart,epiend,epiorder,epistat,epitype,"
     "classpat,admimeth,admisorc,disdest,sex,startage,procode3,respct_his,diag_01\n",
     ',', "ascii", 18, "ADMIDATE", "ADMIDATE"},
    {"separator inside quotes",
     "\"a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t\"|EPIKEY|PSEUDO_HESID|ADMIDATE|DISDATE|EPISTART|"
     "EPIEND|EPIORDER|EPISTAT|EPITYPE|CLASSPAT|ADMIMETH|ADMISORC|DISDEST|SEX|STARTAGE|PROCODE3|"
     "RESPCT_HIS|DIAG_01\n",
     '|', "ascii", 19, "EPIKEY", "EPIKEY"},
    {"pipes with blanks",
     "EPIKEY | PSEUDO_HESID | ADMIDATE | DISDATE | EPISTART | EPIEND | EPIORDER | EPISTAT | EPITYPE"
     " | CLASSPAT | ADMIMETH | ADMISORC | DISDEST | SEX | STARTAGE | PROCODE3 | RESPCT_HIS | "
     "DIAG_01\n",
     '|', "ascii", 18, "SEX", "SEX"},
    {"tabs",
     "EPIKEY\tPSEUDO_HESID\tADMIDATE\tDISDATE\tEPISTART\tEPIEND\tEPIORDER\tEPISTAT\tEPITYPE\t"
     "CLASSPAT\tADMIMETH\tADMISORC\tDISDEST\tSEX\tSTARTAGE\tPROCODE3\tRESPCT_HIS\tDIAG_01\n",
     '\t', "ascii", 18, "PROCODE3", "PROCODE3"},
    {"derived dates are preferred", REQUIRED_HEADER ",ADMIDATE_DERIVED,EPIEND_DV,X\n", ',', "ascii",
     21, "ADMIDATE", "ADMIDATE_DERIVED"},
    {"the other derived spelling", REQUIRED_HEADER ",ADMIDATE_DERIVED,EPIEND_DV,X\n", ',', "ascii",
     21, "EPIEND", "EPIEND_DV"},
    {"misspelt area", WITHOUT_PLACE ",PROCODE5,RESPECT06,DIAG_01\n", ',', "ascii", 18, "area",
     "RESPECT06"},
    {"small area by its old name", WITHOUT_PLACE ",PROCODE,SOAL,DIAG_01\n", ',', "ascii", 18,
     "area", "SOAL"},
    {"provider with site", WITHOUT_PLACE ",PROCODE5,SOAL,DIAG_01\n", ',', "ascii", 18, "PROCODE",
     "PROCODE5"},
    {"whole diagnoses before cut ones",
     WITHOUT_PLACE ",PROCODE,SOAL,DIAG_3_01,DIAG_3_02,DIAG_4_01,DIAG_4_CONCAT\n", ',', "ascii", 21,
     "diagnoses", "DIAG_4_01..01"},
    {"plain diagnoses before warehouse ones",
     WITHOUT_PLACE ",PROCODE,SOAL,DIAG_4_01,DIAG_4_02,DIAG_01,DIAG_02,DIAG_03\n", ',', "ascii", 22,
     "diagnoses", "DIAG_01..03"},
    {"diagnoses without the first bar", WITHOUT_PLACE ",PROCODE,SOAL,DIAG3_01,DIAG3_02\n", ',',
     "ascii", 19, "diagnoses", "DIAG3_01..02"},
    {"a list where there is nothing else", WITHOUT_PLACE ",PROCODE,SOAL,DIAG_3_CONCAT\n", ',',
     "ascii", 18, "diagnoses", "DIAG_3_CONCAT"},
    {"first operation by its new name", REQUIRED_HEADER ",1STOPERATION,OPERTN_02\n", ',', "ascii",
     20, "procedures", "OPERTN_01..02"},
    {"operations cut to three", REQUIRED_HEADER ",OPERTN3_01\n", ',', "ascii", 19, "procedures",
     "OPERTN3_01..01"},
    {"a spell number that is not pseudonymised", REQUIRED_HEADER ",PROVSPNO\n", ',', "ascii", 19,
     "PROVSPNOPS", "PROVSPNO"},
    {"columns without a name", REQUIRED_HEADER ",,\n", ',', "ascii", 20, "SEX", "SEX"},
};

static void header_is_understood(void **state)
{
    const struct header_case *c = *state;
    hst_layout *layout = NULL;
    hst_error err = {0};

    if (detect(&layout, c->text, (hst_extract_spec){0}, &err) != HST_OK) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(hst_layout_separator(layout), c->separator);
    assert_string_equal(hst_layout_encoding(layout), c->encoding);
    assert_int_equal(hst_layout_n_columns(layout), c->n_columns);
    assert_string_equal(column_of(layout, c->field), c->column);
    assert_true(hst_layout_has_header_line(layout));
    hst_layout_free(layout);
}

/* ---- headers that cannot ---- */

static struct refusal_case {
    const char *name, *text;
    hst_extract_spec spec;
    hst_status expected;
    const char *message[4]; /* parts of it */
    const char *unsaid;     /* what must not be in it */
} refusal_cases[] = {
    {"empty file", "", {0}, HST_ERR_INPUT, {"apc.csv", "empty"}, NULL},
    {"blank lines only", "\n  \n", {0}, HST_ERR_INPUT, {"apc.csv", "empty"}, NULL},
    {"no field of HES",
     "513700125763,aB3,2001-09-27,aB3\n",
     {0},
     HST_ERR_INPUT,
     {"apc.csv", "unknown header", "`header:`", "4 columns"},
     "aB3"},
    {"row before the header",
     "513700125763,aB3,aB3,aB3\n" REQUIRED_HEADER "\n",
     {0},
     HST_ERR_INPUT,
     {"unknown header"},
     "aB3"},
    {"name twice",
     REQUIRED_HEADER ",Sex\n",
     {0},
     HST_ERR_INPUT,
     {"apc.csv", "SEX stands twice", "14", "19"},
     NULL},
    {"no person",
     "EPIKEY,ADMIDATE\n",
     {0},
     HST_ERR_INPUT,
     {"TOKEN_PERSON_ID", "PSEUDO_HESID, ENCRYPTED_HESID, HESID, STUDY_ID", "`columns:`",
      "`side_files:`"},
     NULL},
    {"no provider",
     WITHOUT_PLACE ",RESPCT_HIS,DIAG_01\n",
     {0},
     HST_ERR_INPUT,
     {"apc.csv", "a provider: PROCODET, PROCODE3, PROCODE, PROCODE5"},
     "EPISTART"},
    {"no area",
     WITHOUT_PLACE ",PROCODE,DIAG_01\n",
     {0},
     HST_ERR_INPUT,
     {"an area of residence: RESPCT06, RESPECT06, RESPCT_HIS", "LSOA01, SOAL"},
     NULL},
    {"no diagnoses",
     WITHOUT_PLACE ",PROCODE,RESPCT\n",
     {0},
     HST_ERR_INPUT,
     {"DIAG_01, DIAG_4_01, DIAG4_01, DIAG_3_01"},
     NULL},
    {"no date of admission",
     "EPIKEY,PSEUDO_HESID,DISDATE,EPISTART,EPIEND,EPIORDER,EPISTAT,EPITYPE,CLASSPAT,ADMIMETH,"
     "ADMISORC,DISDEST,SEX,STARTAGE,PROCODE3,RESPCT_HIS,DIAG_01\n",
     {0},
     HST_ERR_INPUT,
     {"ADMIDATE", "_DERIVED", "_DV"},
     "EPIEND"},
    {"NUL in the header", NULL, {0}, HST_ERR_INPUT, {"apc.csv", "NUL"}, NULL},
    {"UTF-16",
     "\xFF\xFE"
     "E",
     {0},
     HST_ERR_INPUT,
     {"apc.csv", "UTF-16", "iconv"},
     NULL},
    {"inpatients as outpatients",
     REQUIRED_HEADER "\n",
     {.dataset = HST_DATASET_OP},
     HST_ERR_INPUT,
     {"apc.csv: its columns are those of `dataset: apc`, not of op", "ATTENDKEY", "APPTDATE"},
     NULL},
    {"inpatients as A&E",
     REQUIRED_HEADER "\n",
     {.dataset = HST_DATASET_AE},
     HST_ERR_INPUT,
     {"its columns are those of `dataset: apc`, not of ae", "AEKEY"},
     NULL},
    {"another separator than the study says",
     REQUIRED_HEADER "\n",
     {.separator = '|'},
     HST_ERR_INPUT,
     {"unknown header", "pipe"},
     NULL},
    {"header file absent",
     REQUIRED_HEADER "\n",
     {.header_file = "/nonexistent/header.txt"},
     HST_ERR_USAGE,
     {"/nonexistent/header.txt", "apc.csv"},
     NULL},
};

static void header_is_refused(void **state)
{
    const struct refusal_case *c = *state;
    hst_layout *layout = NULL;
    hst_error err = {0};
    hst_status status = HST_OK;

    if (c->text) {
        status = detect(&layout, c->text, c->spec, &err);
    } else {
        char folder[PATH_BYTES], path[PATH_BYTES];
        hst_extract_spec spec = {.dataset = HST_DATASET_APC, .path = path, .member = ""};

        folder_make(folder);
        path_join(path, folder, "apc.csv");
        file_put(path, "EPIKEY,\0,SEX\n", 13);
        status = hst_layout_detect(&layout, &spec, &err);
        folder_remove(folder);
    }
    assert_null(layout);
    assert_int_equal(status, c->expected);
    for (size_t i = 0; i < 4 && c->message[i]; i++) {
        if (!strstr(err.message, c->message[i])) {
            fail_msg("no \"%s\" in: %s", c->message[i], err.message);
        }
    }
    if (c->unsaid && strstr(err.message, c->unsaid)) {
        fail_msg("\"%s\" in: %s", c->unsaid, err.message);
    }
}

static void endless_first_line_is_refused(void **state)
{
    enum { N = 10 << 20 };
    char *text = malloc(N + 1);
    hst_layout *layout = NULL;
    hst_error err = {0};

    (void)state;
    assert_non_null(text);
    memset(text, 'x', N);
    text[N] = '\0';
    assert_int_equal(detect(&layout, text, (hst_extract_spec){0}, &err), HST_ERR_INPUT);
    assert_non_null(strstr(err.message, "no line end"));
    free(text);
}

static void too_many_columns_are_refused(void **state)
{
    char text[HST_MAX_COLUMNS + 1024] = REQUIRED_HEADER;
    size_t n = strlen(text);
    hst_layout *layout = NULL;
    hst_error err = {0};

    (void)state;
    memset(text + n, ',', HST_MAX_COLUMNS);
    text[n + HST_MAX_COLUMNS] = '\0';
    assert_int_equal(detect(&layout, text, (hst_extract_spec){0}, &err), HST_ERR_INPUT);
    assert_non_null(strstr(err.message, "more than 1024 columns"));
}

/* ---- header in a file of its own ---- */

static struct header_file_case {
    const char *name, *header, *data;
    hst_status expected;
    bool has_header_line;
    const char *message;
} header_file_cases[] = {
    {"data without header", REQUIRED_HEADER "\n", GOOD_ROW "\n", HST_OK, false, NULL},
    {"the same line in both", REQUIRED_HEADER "\n", REQUIRED_HEADER "\n" GOOD_ROW "\n", HST_OK,
     true, NULL},
    {"another number of columns", REQUIRED_HEADER ",MORE\n", GOOD_ROW "\n", HST_ERR_INPUT, false,
     "18 columns in its first line, but 19 names"},
    {"data without rows", REQUIRED_HEADER "\n", "", HST_ERR_INPUT, false, "empty"},
};

static void header_file_is_used(void **state)
{
    const struct header_file_case *c = *state;
    char folder[PATH_BYTES], header[PATH_BYTES];
    hst_layout *layout = NULL;
    hst_error err = {0};

    folder_make(folder);
    extract_put(folder, "header.txt", c->header, header);
    assert_int_equal(detect(&layout, c->data, (hst_extract_spec){.header_file = header}, &err),
                     c->expected);
    if (c->expected == HST_OK) {
        assert_int_equal(hst_layout_has_header_line(layout), c->has_header_line);
        assert_string_equal(column_of(layout, "STARTAGE"), "STARTAGE");
    } else {
        assert_non_null(strstr(err.message, c->message));
    }
    hst_layout_free(layout);
    folder_remove(folder);
}

static void rows_under_a_header_file_are_decoded(void **state)
{
    char header[PATH_BYTES], path[PATH_BYTES];
    decoded d = {0};
    hst_extract_spec spec = {
        .dataset = HST_DATASET_APC, .path = path, .member = "", .header_file = header};

    (void)state;
    folder_make(d.folder);
    extract_put(d.folder, "header.txt", REQUIRED_HEADER "\n", header);
    extract_put(d.folder, "apc.csv", "\xEF\xBB\xBF" GOOD_ROW "\n" GOOD_ROW "\n", path);
    decode_spec(&d, &spec);
    assert_int_equal(d.info.rows_used, 2);
    assert_string_equal(d.info.encoding, "utf-8");
    decoded_clear(&d);
}

/* ---- roles ---- */

static struct role_case {
    const char *name, *header;
    const char *roles[N_ROLES], *names[N_ROLES];
    hst_status expected;
    const char *field, *column; /* or part of the message */
} role_cases[] = {
    {"a field under another name",
     REQUIRED_HEADER ",AGE_AT_START",
     {"STARTAGE"},
     {"age_at_start"},
     HST_OK,
     "STARTAGE",
     "AGE_AT_START"},
    {"role in lower case",
     REQUIRED_HEADER ",AGE_AT_START",
     {"startage"},
     {"AGE_AT_START"},
     HST_OK,
     "STARTAGE",
     "AGE_AT_START"},
    {"column of another year is passed over",
     REQUIRED_HEADER,
     {"STARTAGE"},
     {"AGE_AT_START"},
     HST_OK,
     "STARTAGE",
     "STARTAGE"},
    {"an area of the study's own",
     WITHOUT_PLACE ",PROCODE3,WARD,DIAG_01",
     {"area"},
     {"ward"},
     HST_OK,
     "area",
     "WARD"},
    {"an area that is known anyway",
     REQUIRED_HEADER,
     {"area"},
     {"RESPCT_HIS"},
     HST_OK,
     "area",
     "RESPCT_HIS"},
    {"the person",
     REQUIRED_HEADER ",NHS_PSEUDO",
     {"person"},
     {"NHS_PSEUDO"},
     HST_OK,
     "person",
     "NHS_PSEUDO"},
    {"the person is not there",
     REQUIRED_HEADER,
     {"person"},
     {"NHS_PSEUDO"},
     HST_ERR_INPUT,
     NULL,
     "no column NHS_PSEUDO"},
    {"unknown role",
     REQUIRED_HEADER,
     {"STARTAGGE"},
     {"STARTAGE"},
     HST_ERR_USAGE,
     NULL,
     "unknown role STARTAGGE"},
    {"two roles", REQUIRED_HEADER ",G,A", {"SEX", "area"}, {"g", "a"}, HST_OK, "SEX", "G"},
};

static void role_names_a_column(void **state)
{
    const struct role_case *c = *state;
    hst_layout *layout = NULL;
    hst_error err = {0};
    size_t n = c->roles[1] ? 2 : 1;
    hst_extract_spec spec = {.n_columns = n, .column_roles = c->roles, .column_names = c->names};

    assert_int_equal(detect(&layout, c->header, spec, &err), c->expected);
    if (c->expected == HST_OK) {
        assert_string_equal(column_of(layout, c->field), c->column);
    } else {
        assert_null(layout);
        assert_non_null(strstr(err.message, c->column));
    }
    hst_layout_free(layout);
}

static void area_columns_come_in_their_order(void **state)
{
    static const char *const roles[] = {"area"}, *const names_given[] = {"WARD"};
    static const char *const expected[] = {"RESPCT06", "RESPCT_HIS", "RESLADST_ONS",
                                           "LSOA01",   "RESGOR",     "WARD"};
    const char *names[HST_MAX_AREA_COLUMNS];
    hst_extract_spec spec = {.n_columns = 1, .column_roles = roles, .column_names = names_given};
    hst_layout *layout = NULL;
    hst_error err = {0};

    (void)state;
    assert_int_equal(detect(&layout,
                            "WARD,RESGOR,SOAL,RESLADST_ONS," REQUIRED_HEADER ",RESPECT06\n", spec,
                            &err),
                     HST_OK);
    assert_int_equal(hst_layout_area_columns(layout, names), 6);
    for (size_t i = 0; i < 6; i++) {
        assert_string_equal(names[i], expected[i]);
    }
    hst_layout_free(layout);
}

static void too_many_area_columns_are_refused(void **state)
{
    const char *roles[30], *names[30];
    char text[2048] = REQUIRED_HEADER, columns[30][8];
    hst_extract_spec spec = {.n_columns = 30, .column_roles = roles, .column_names = names};
    hst_layout *layout = NULL;
    hst_error err = {0};

    (void)state;
    for (size_t i = 0; i < 30; i++) {
        snprintf(columns[i], sizeof columns[i], "A%zu", i);
        strcat(strcat(text, ","), columns[i]);
        roles[i] = "area";
        names[i] = columns[i];
    }
    assert_int_equal(detect(&layout, text, spec, &err), HST_ERR_USAGE);
    assert_non_null(strstr(err.message, "more than 24 area columns"));
}

/* ---- people ---- */

static void person_kinds_are_found(void **state)
{
    hst_layout *layout = NULL;
    hst_error err = {0};
    static const char *const roles[] = {"person"}, *const names[] = {"SEX"};
    hst_extract_spec named = {.n_columns = 1, .column_roles = roles, .column_names = names};
    uint8_t first[16], second[16];

    (void)state;
    assert_int_equal(
        detect(&layout, REQUIRED_HEADER ",Token_Person_ID,HESID\n", (hst_extract_spec){0}, &err),
        HST_OK);
    assert_int_equal(hst_layout_person_kinds(layout),
                     1u << HST_PERSON_TOKEN | 1u << HST_PERSON_PSEUDO | 1u << HST_PERSON_HESID);
    assert_string_equal(column_of(layout, "person"), "TOKEN_PERSON_ID");
    hst_layout_key(layout, first);
    hst_layout_use_person(layout, HST_PERSON_HESID);
    assert_string_equal(column_of(layout, "person"), "HESID");
    hst_layout_key(layout, second);
    assert_memory_not_equal(first, second, sizeof first);
    hst_layout_free(layout);
    assert_int_equal(detect(&layout, REQUIRED_HEADER "\n", named, &err), HST_OK);
    assert_int_equal(hst_layout_person_kinds(layout), (1u << HST_N_PERSON_KINDS) - 1);
    hst_layout_free(layout);
    assert_string_equal(hst_person_kind_name(HST_PERSON_STUDY), "STUDY_ID");
}

/* ---- key ---- */

static void key_says_all_that_decoding_depends_on(void **state)
{
    static const char *const headers[] = {
        REQUIRED_HEADER "\n",           "X," REQUIRED_HEADER "\n",   REQUIRED_HEADER ",DIAG_02\n",
        REQUIRED_HEADER ",OPERTN_01\n", REQUIRED_HEADER ",LSOA01\n", REQUIRED_HEADER ",LSOA11\n",
        REQUIRED_HEADER ",FCE\n",       REQUIRED_HEADER ",FAE\n",
    };
    enum { N_HEADERS = sizeof headers / sizeof headers[0] };
    uint8_t keys[N_HEADERS][16], again[16];
    hst_layout *layout = NULL;
    hst_error err = {0};

    (void)state;
    for (size_t i = 0; i < N_HEADERS; i++) {
        assert_int_equal(detect(&layout, headers[i], (hst_extract_spec){0}, &err), HST_OK);
        hst_layout_key(layout, keys[i]);
        hst_layout_free(layout);
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(keys[i], keys[j], sizeof keys[i]);
        }
    }
    /* rows and name of the file are no part of it */
    assert_int_equal(
        detect(&layout, REQUIRED_HEADER "\n" GOOD_ROW "\n", (hst_extract_spec){0}, &err), HST_OK);
    hst_layout_key(layout, again);
    assert_memory_equal(again, keys[0], sizeof again);
    hst_layout_free(layout);
}

static struct CMUnitTest tests[128];
static size_t n_tests;

static void add_test(const char *name, CMUnitTestFunction function, void *data)
{
    tests[n_tests++] =
        (struct CMUnitTest){.name = name, .test_func = function, .initial_state = data};
}

int main(void)
{
    for (size_t i = 0; i < sizeof header_cases / sizeof header_cases[0]; i++) {
        add_test(header_cases[i].name, header_is_understood, &header_cases[i]);
    }
    for (size_t i = 0; i < sizeof refusal_cases / sizeof refusal_cases[0]; i++) {
        add_test(refusal_cases[i].name, header_is_refused, &refusal_cases[i]);
    }
    for (size_t i = 0; i < sizeof header_file_cases / sizeof header_file_cases[0]; i++) {
        add_test(header_file_cases[i].name, header_file_is_used, &header_file_cases[i]);
    }
    for (size_t i = 0; i < sizeof role_cases / sizeof role_cases[0]; i++) {
        add_test(role_cases[i].name, role_names_a_column, &role_cases[i]);
    }
    add_test("endless first line is refused", endless_first_line_is_refused, NULL);
    add_test("too many columns are refused", too_many_columns_are_refused, NULL);
    add_test("rows under a header file are decoded", rows_under_a_header_file_are_decoded, NULL);
    add_test("area columns come in their order", area_columns_come_in_their_order, NULL);
    add_test("too many area columns are refused", too_many_area_columns_are_refused, NULL);
    add_test("person kinds are found", person_kinds_are_found, NULL);
    add_test("key says all that decoding depends on", key_says_all_that_decoding_depends_on, NULL);
    return _cmocka_run_group_tests("layout", tests, n_tests, NULL, NULL);
}
