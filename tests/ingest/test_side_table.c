/* Columns delivered in files of their own. */
#define _XOPEN_SOURCE 700 /* nftw */

#include "tests/ingest/extract_support.h"

#define WITHOUT_PERSON                                                                             \
    "EPIKEY,ADMIDATE,DISDATE,EPISTART,EPIEND,EPIORDER,EPISTAT,EPITYPE,CLASSPAT,ADMIMETH,ADMISORC," \
    "DISDEST,SEX,STARTAGE,PROCODE3,RESPCT_HIS,DIAG_01"
#define ROW_WITHOUT_PERSON(key)                                                                    \
    key ",2001-09-27,2001-10-02,2001-09-27,2001-10-02,1,3,1,1,21,19,19,2,73,RWE,5J6,E119\n"

/* An extract and one side file in a folder of their own. */
typedef struct pair {
    char extract[PATH_BYTES], side[PATH_BYTES];
    const char *paths[2];
    hst_side_spec sides[1];
    hst_extract_spec spec;
} pair;

static void make_pair(pair *p, const char *folder, const char *extract, const char *side,
                      const char *const *columns, size_t n_columns)
{
    extract_put(folder, "apc.csv", extract, p->extract);
    extract_put(folder, "side.csv", side, p->side);
    p->paths[0] = p->side;
    p->sides[0] = (hst_side_spec){.n_paths = 1,
                                  .paths = p->paths,
                                  .key = "EPIKEY",
                                  .n_columns = n_columns,
                                  .columns = columns};
    p->spec = (hst_extract_spec){.dataset = HST_DATASET_APC,
                                 .path = p->extract,
                                 .member = "",
                                 .n_side_files = 1,
                                 .side_files = p->sides};
}

static const hst_episode *find(const decoded *d, uint64_t key)
{
    for (size_t i = 0; i < d->n; i++) {
        if (d->episodes[i]->record_key == key) {
            return d->episodes[i];
        }
    }
    fail_msg("no episode %llu", (unsigned long long)key);
    return NULL;
}

static void person_comes_from_a_side_file(void **state)
{
    static const char *const columns[] = {"Token_Person_ID"};
    decoded d = {0};
    pair p;

    (void)state;
    folder_make(d.folder);
    make_pair(&p, d.folder,
              WITHOUT_PERSON "\n" ROW_WITHOUT_PERSON("513700125763")
                  ROW_WITHOUT_PERSON("513700125764") ROW_WITHOUT_PERSON("513700125765.0")
                      ROW_WITHOUT_PERSON("513700125766") ROW_WITHOUT_PERSON("513700125767"),
              "other|TOKEN_PERSON_ID|epikey\n"
              "x|Tok1|513700125763\r\n"
              "x|\"Tok1\"|513700125764.0\n"
              "x| Tok2 |513700125765\n"
              "x||513700125766\n"
              "x|unused|1\n",
              columns, 1);
    decode_spec(&d, &p.spec);
    assert_int_equal(hst_layout_person_kinds(d.layout), 1u << HST_PERSON_TOKEN);
    assert_string_equal(d.info.person_column, "TOKEN_PERSON_ID");
    assert_int_equal(d.info.rows_read, 5);
    assert_int_equal(d.info.rows_used, 4);
    assert_int_equal(d.info.rejected[HST_REASON_NO_SIDE_ROW], 1);
    assert_int_equal(d.info.first_line[HST_REASON_NO_SIDE_ROW], 6);
    assert_int_equal(d.info.noticed[HST_NOTICE_NO_PERSON], 1);
    const hst_episode *a = find(&d, 513700125763), *b = find(&d, 513700125764);
    const hst_episode *c = find(&d, 513700125765), *none = find(&d, 513700125766);
    uint64_t hash[2];
    hst_store_hash(d.store, "Tok1", 4, hash);
    assert_memory_equal(a->person, hash, sizeof hash);
    assert_memory_equal(b->person, hash, sizeof hash);
    hst_store_hash(d.store, "Tok2", 4, hash);
    assert_memory_equal(c->person, hash, sizeof hash);
    assert_true(none->flags & HST_EPISODE_NO_PERSON);
    decoded_clear(&d);
}

static void any_field_comes_from_a_side_file(void **state)
{
    static const char *const columns[] = {"LSOA01",     "STARTAGE", "DIAG_02",  "ADMIDATE_DERIVED",
                                          "SUSSPELLID", "SITETRET", "PROCODET", "EPITYPE"};
    decoded d = {0};
    pair p;

    (void)state;
    folder_make(d.folder);
    make_pair(&p, d.folder, REQUIRED_HEADER "\n" GOOD_ROW "\n",
              "EPIKEY,LSOA01,STARTAGE,DIAG_02,ADMIDATE_DERIVED,SUSSPELLID,SITETRET,PROCODET,"
              "EPITYPE\n513700125763,E01031043,7002,i10.x,20010926,12,RWE01,rtd00,2\n",
              columns, 8);
    decode_spec(&d, &p.spec);
    assert_int_equal(d.n, 1);
    const hst_episode *e = d.episodes[0];
    char date[11];
    assert_int_equal(e->startage, 0); /* what the study takes from the side file wins */
    assert_int_equal(e->epitype, '2');
    hst_date_format(hst_day_to_date(e->admidate), date);
    assert_string_equal(date, "2001-09-26");
    assert_int_equal(e->n_diagnoses, 2);
    assert_string_equal(word_text(&d, e, 0), "5J6");
    assert_string_equal(word_text(&d, e, 1), "E01031043");
    assert_string_equal(word_text(&d, e, 2), "E119");
    assert_string_equal(word_text(&d, e, 3), "I10X");
    assert_int_not_equal(e->sus_spell, 0);
    /* ADMIMETH, ADMISORC, DISDEST, STARTAGE, SITETRET, two diagnoses */
    assert_int_equal(e->completeness, 7);
    assert_string_equal(hst_segment_code(d.segment, HST_DICT_PROVIDER, e->provider), "RTD");
    decoded_clear(&d);
}

static void row_of_an_optional_side_column_may_be_absent(void **state)
{
    static const char *const columns[] = {"LSOA01"};
    decoded d = {0};
    pair p;

    (void)state;
    folder_make(d.folder);
    make_pair(&p, d.folder, REQUIRED_HEADER "\n" GOOD_ROW "\n", "EPIKEY,LSOA01\n", columns, 1);
    decode_spec(&d, &p.spec);
    assert_int_equal(d.info.rows_used, 1);
    assert_int_equal(hst_episode_words(d.episodes[0])[1], 0);
    decoded_clear(&d);
}

static void faults_of_side_values_are_counted(void **state)
{
    static const char *const columns[] = {"STARTAGE"};
    decoded d = {0};
    pair p;

    (void)state;
    folder_make(d.folder);
    make_pair(&p, d.folder, REQUIRED_HEADER "\n" GOOD_ROW "\n",
              "EPIKEY,STARTAGE\n513700125763,old\n", columns, 1);
    decode_spec(&d, &p.spec);
    assert_int_equal(d.info.rejected[HST_REASON_MALFORMED_NUMBER], 1);
    assert_string_equal(d.info.first_column[HST_REASON_MALFORMED_NUMBER], "STARTAGE");
    decoded_clear(&d);
}

static void short_keys_meet_before_they_are_completed(void **state)
{
    static const char *const columns[] = {"TOKEN_PERSON_ID"};
    decoded d = {0};
    pair p;

    (void)state;
    folder_make(d.folder);
    make_pair(&p, d.folder, WITHOUT_PERSON "\n" ROW_WITHOUT_PERSON("17"),
              "EPIKEY,TOKEN_PERSON_ID\n17,Tok\n", columns, 1);
    decode_spec(&d, &p.spec);
    assert_int_equal(d.n, 1);
    assert_int_equal(d.episodes[0]->record_key, 101000000017u);
    decoded_clear(&d);
}

/* ---- refusals ---- */

static struct fault_case {
    const char *name, *side, *key, *column;
    size_t memory;
    bool at_detection;
    hst_status expected;
    const char *message[3];
} fault_cases[] = {
    {"key twice",
     "EPIKEY,A\n1,x\n2,y\n1,z\n",
     "EPIKEY",
     "A",
     1 << 20,
     false,
     HST_ERR_INPUT,
     {"side.csv", "line 4", "earlier line"}},
    {"key of letters",
     "EPIKEY,A\n1,x\nabc,y\n",
     "EPIKEY",
     "A",
     1 << 20,
     false,
     HST_ERR_INPUT,
     {"side.csv", "line 3", "not a number"}},
    {"ragged line",
     "EPIKEY,A\n1,x\n2\n",
     "EPIKEY",
     "A",
     1 << 20,
     false,
     HST_ERR_INPUT,
     {"side.csv", "line 3", "columns"}},
    {"too little memory",
     "EPIKEY,A\n1,x\n",
     "EPIKEY",
     "A",
     1000,
     false,
     HST_ERR_MEMORY,
     {"--memory"}},
    {"no key column",
     "KEY,A\n1,x\n",
     "EPIKEY",
     "A",
     1 << 20,
     true,
     HST_ERR_INPUT,
     {"side.csv", "no column EPIKEY"}},
    {"no such column",
     "EPIKEY,B\n1,x\n",
     "EPIKEY",
     "A",
     1 << 20,
     true,
     HST_ERR_INPUT,
     {"side.csv", "no column A"}},
    {"another key",
     "EPIKEY,A\n1,x\n",
     "SUSRECID",
     "A",
     1 << 20,
     true,
     HST_ERR_USAGE,
     {"`key:`", "EPIKEY"}},
    {"empty side file", "", "EPIKEY", "A", 1 << 20, true, HST_ERR_INPUT, {"side.csv"}},
};

static void side_file_is_refused(void **state)
{
    const struct fault_case *c = *state;
    char folder[PATH_BYTES];
    hst_layout *layout = NULL;
    hst_side_table *side = NULL;
    hst_error err = {0};
    hst_status status = HST_OK;
    pair p;

    folder_make(folder);
    make_pair(&p, folder, REQUIRED_HEADER "\n" GOOD_ROW "\n", c->side, &c->column, 1);
    p.sides[0].key = c->key;
    status = hst_layout_detect(&layout, &p.spec, &err);
    assert_int_equal(status, c->at_detection ? c->expected : HST_OK);
    if (status == HST_OK) {
        status = hst_side_table_load(&side, layout, c->memory, &err);
    }
    assert_int_equal(status, c->expected);
    assert_null(side);
    for (size_t i = 0; i < 3 && c->message[i]; i++) {
        if (!strstr(err.message, c->message[i])) {
            fail_msg("no \"%s\" in: %s", c->message[i], err.message);
        }
    }
    hst_layout_free(layout);
    folder_remove(folder);
}

static void content_of_side_files_is_part_of_the_key(void **state)
{
    static const char *const columns[] = {"LSOA01"};
    static const char *const sides[] = {"EPIKEY,LSOA01\n1,E01031043\n",
                                        "EPIKEY,LSOA01\n1,E01031044\n"};
    uint8_t keys[2][16];
    char folder[PATH_BYTES];
    hst_error err = {0};
    pair p;

    (void)state;
    folder_make(folder);
    for (size_t i = 0; i < 2; i++) {
        hst_layout *layout = NULL;

        make_pair(&p, folder, REQUIRED_HEADER "\n" GOOD_ROW "\n", sides[i], columns, 1);
        assert_int_equal(hst_layout_detect(&layout, &p.spec, &err), HST_OK);
        hst_layout_key(layout, keys[i]);
        hst_layout_free(layout);
    }
    assert_memory_not_equal(keys[0], keys[1], sizeof keys[0]);
    folder_remove(folder);
}

/* Enough rows for both tables to grow several times, in two files. */
static void many_rows_in_several_files(void **state)
{
    enum { N_ROWS = 4000 };
    static const char *const columns[] = {"TOKEN_PERSON_ID"};
    char *texts[3], second[PATH_BYTES];
    size_t n[3] = {0};
    decoded d = {0};
    pair p;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        texts[i] = malloc(1 << 20);
        assert_non_null(texts[i]);
        n[i] +=
            (size_t)sprintf(texts[i], "%s", i ? "EPIKEY,TOKEN_PERSON_ID\n" : WITHOUT_PERSON "\n");
    }
    for (unsigned i = 0; i < N_ROWS; i++) {
        n[0] += (size_t)sprintf(texts[0] + n[0], "%u,,,,,1,3,1,1,21,19,19,2,73,RWE,5J6,E119\n",
                                2000000000u + i);
        n[1 + i % 2] += (size_t)sprintf(texts[1 + i % 2] + n[1 + i % 2], "%u,token-of-person-%u\n",
                                        2000000000u + i, i / 3);
    }
    folder_make(d.folder);
    make_pair(&p, d.folder, texts[0], texts[1], columns, 1);
    extract_put(d.folder, "second.csv", texts[2], second);
    p.paths[1] = second;
    p.sides[0].n_paths = 2;
    decode_spec(&d, &p.spec);
    assert_int_equal(d.n, N_ROWS);
    for (size_t i = 0; i < d.n; i++) {
        char expected[32];
        uint64_t hash[2];

        snprintf(expected, sizeof expected, "token-of-person-%u",
                 (unsigned)(d.episodes[i]->record_key - 2000000000u) / 3);
        hst_store_hash(d.store, expected, strlen(expected), hash);
        assert_memory_equal(hash, d.episodes[i]->person, sizeof hash);
    }
    decoded_clear(&d);
    for (size_t i = 0; i < 3; i++) {
        free(texts[i]);
    }
}

int main(void)
{
    struct CMUnitTest tests[32] = {
        cmocka_unit_test(person_comes_from_a_side_file),
        cmocka_unit_test(any_field_comes_from_a_side_file),
        cmocka_unit_test(row_of_an_optional_side_column_may_be_absent),
        cmocka_unit_test(faults_of_side_values_are_counted),
        cmocka_unit_test(short_keys_meet_before_they_are_completed),
        cmocka_unit_test(content_of_side_files_is_part_of_the_key),
        cmocka_unit_test(many_rows_in_several_files),
    };
    size_t n = 7;

    for (size_t i = 0; i < sizeof fault_cases / sizeof fault_cases[0]; i++) {
        tests[n++] = (struct CMUnitTest){.name = fault_cases[i].name,
                                         .test_func = side_file_is_refused,
                                         .initial_state = &fault_cases[i]};
    }
    return _cmocka_run_group_tests("side_table", tests, n, NULL, NULL);
}
