/* Outpatient appointments and A&E attendances to records: rows, headers, profiles, and the official
 * artificial sample against counts made without hestia. */
#define _XOPEN_SOURCE 700 /* nftw */

#include "hestia/profile.h"
#include "tests/ingest/extract_support.h"

#define OP_HEADER                                                                                  \
    "ATTENDKEY,PSEUDO_HESID,APPTDATE,ATTENDED,FIRSTATT,TRETSPEF,MAINSPEF,SEX,APPTAGE,PROCODE3,"    \
    "RESPCT_HIS"
#define AE_HEADER                                                                                  \
    "AEKEY,PSEUDO_HESID,ARRIVALDATE,ARRIVALTIME,AEATTENDCAT,AEDEPTTYPE,AEATTENDDISP,SEX,"          \
    "ARRIVALAGE,PROCODE3,RESPCT_HIS"

enum { MAX_CASES = 64 };

/* ---- rows ---- */

/* FYEAR, else PARTYEAR, else the year of the attendance; another hundred for each data set. */
static void short_keys_take_their_year_from_the_row(void **state)
{
    decoded d = {0};

    (void)state;
    decode_text_of(&d, HST_DATASET_OP,
                   OP_HEADER ",PARTYEAR\n"
                             "17,p,2010-03-31,5,1,300,300,1,54,RWE,5J6,\n"
                             "17,q,2010-04-01,5,1,300,300,1,54,RWE,5J6,200899\n"
                             "17,r,,5,1,300,300,1,54,RWE,5J6,\n");
    assert_int_equal(d.n, 3);
    assert_int_equal(d.info.noticed[HST_NOTICE_NO_ADMIDATE], 1);
    assert_int_equal(d.info.noticed[HST_NOTICE_NO_EPISTART], 0);
    for (size_t i = 0; i < d.n; i++) {
        const hst_episode *e = d.episodes[i];

        assert_int_equal(e->record_key, e->admidate == 0       ? 17
                                        : e->admidate == 29311 ? 308000000017u
                                                               : 309000000017u);
    }
    decoded_clear(&d);
}

/* The record key makes a person of its own, apart from those of other data sets. */
static void rows_without_person_are_told_apart(void **state)
{
    decoded d = {0};
    char own[10] = {'\0', HST_DATASET_AE};
    const uint64_t key = 208000000017u;
    uint64_t person[2];

    (void)state;
    decode_text_of(&d, HST_DATASET_AE,
                   AE_HEADER "\n208000000017,,2008-05-01,,1,01,01,1,54,RWE,5J6\n");
    assert_int_equal(d.info.noticed[HST_NOTICE_NO_PERSON], 1);
    memcpy(own + 2, &key, sizeof key);
    hst_store_hash(d.store, own, sizeof own, person);
    assert_memory_equal(d.episodes[0]->person, person, sizeof person);
    decoded_clear(&d);
}

/* One person has one hash in all data sets. */
static void a_person_is_the_same_in_all_data_sets(void **state)
{
    static const struct {
        hst_dataset dataset;
        const char *text;
    } files[] = {
        {HST_DATASET_APC, REQUIRED_HEADER "\n" GOOD_ROW "\n"},
        {HST_DATASET_OP, OP_HEADER "\n1,aB3,2010-03-31,5,1,300,300,1,54,RWE,5J6\n"},
        {HST_DATASET_AE, AE_HEADER "\n2,aB3,2010-03-31,0016,1,01,01,1,54,RWE,5J6\n"},
    };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        decoded d = {0};
        uint64_t person[2];

        decode_text_of(&d, files[i].dataset, files[i].text);
        assert_int_equal(d.n, 1);
        hst_store_hash(d.store, "aB3", 3, person);
        assert_memory_equal(d.episodes[0]->person, person, sizeof person);
        decoded_clear(&d);
    }
}

/* ---- headers ---- */

static struct header_case {
    const char *name;
    hst_dataset dataset, guess;
    const char *header;
    const char *message; /* NULL: it is read */
} header_cases[] = {
    {"op", HST_DATASET_OP, HST_DATASET_OP, OP_HEADER, NULL},
    {"ae", HST_DATASET_AE, HST_DATASET_AE, AE_HEADER, NULL},
    {"ae without time", HST_DATASET_AE, HST_DATASET_AE,
     "AEKEY|TOKENID|ARRIVALDATE|AEATTENDCAT|AEDEPTTYPE|AEATTENDDISP|SEX|ARRIVALAGE|PROCODET|LSOA11",
     NULL},
    {"op with derived date", HST_DATASET_OP, HST_DATASET_OP,
     "attendkey,token_person_id,apptdate_derived,attended,firstatt,tretspef,mainspef,sex,apptage,"
     "procode5,soal",
     NULL},
    {"op with side names of inpatients", HST_DATASET_OP, HST_DATASET_OP,
     OP_HEADER ",EPIKEY,ADMIDATE", NULL},
    {"ae linked to inpatients", HST_DATASET_AE, HST_DATASET_AE, AE_HEADER ",EPIKEY,RANK_ORDER",
     NULL},
    {"inpatients linked to A&E", HST_DATASET_APC, HST_DATASET_APC, REQUIRED_HEADER ",AEKEY", NULL},
    {"op without MAINSPEF", HST_DATASET_OP, HST_DATASET_OP,
     "ATTENDKEY,HESID,APPTDATE,ATTENDED,FIRSTATT,TRETSPEF,SEX,APPTAGE,PROCODE3,RESPCT_HIS",
     "looked for MAINSPEF (also"},
    {"op without area", HST_DATASET_OP, HST_DATASET_OP,
     "ATTENDKEY,HESID,APPTDATE,ATTENDED,FIRSTATT,TRETSPEF,MAINSPEF,SEX,APPTAGE,PROCODE3",
     "an area of residence"},
    {"op without person", HST_DATASET_OP, HST_DATASET_OP,
     "ATTENDKEY,APPTDATE,ATTENDED,FIRSTATT,TRETSPEF,MAINSPEF,SEX,APPTAGE,PROCODE3,RESPCT_HIS",
     "a person identifier"},
    {"ae without department and provider", HST_DATASET_AE, HST_DATASET_AE,
     "AEKEY,HESID,ARRIVALDATE,AEATTENDCAT,AEATTENDDISP,SEX,ARRIVALAGE,RESPCT_HIS",
     "looked for a provider: PROCODET, PROCODE3, PROCODE, PROCODE5; AEDEPTTYPE (also"},
    {"op as ae", HST_DATASET_AE, HST_DATASET_OP, OP_HEADER,
     "its columns are those of `dataset: op`, not of ae"},
    {"ae as inpatients", HST_DATASET_APC, HST_DATASET_AE, AE_HEADER,
     "its columns are those of `dataset: ae`, not of apc"},
    {"nothing of HES", HST_DATASET_OP, HST_DATASET_APC, "a,b,c", "unknown header"},
    {"what all have", HST_DATASET_APC, HST_DATASET_APC, "SEX,PROCODE3,TRETSPEF,MAINSPEF",
     "looked for a person"},
};

static void header_is_understood_or_refused(void **state)
{
    const struct header_case *c = *state;
    char folder[PATH_BYTES], path[PATH_BYTES], text[1024];
    hst_extract_spec spec = {.dataset = c->dataset, .path = path, .member = ""};
    hst_dataset guess = HST_DATASET_APC;
    hst_layout *layout = NULL;
    hst_error err = {0};

    folder_make(folder);
    snprintf(text, sizeof text, "%s\n", c->header);
    extract_put(folder, "extract.csv", text, path);
    assert_int_equal(hst_extract_guess_dataset(&guess, path, "", NULL), HST_OK);
    assert_int_equal(guess, c->guess);
    assert_int_equal(hst_layout_detect(&layout, &spec, &err), c->message ? HST_ERR_INPUT : HST_OK);
    assert_int_equal(layout != NULL, c->message == NULL);
    if (c->message && !strstr(err.message, c->message)) {
        fail_msg("%s", err.message);
    }
    hst_layout_free(layout);
    folder_remove(folder);
}

static void guess_of_no_file_fails(void **state)
{
    hst_dataset guess = HST_DATASET_OP;
    hst_error err = {0};

    (void)state;
    assert_int_not_equal(hst_extract_guess_dataset(&guess, "/nonexistent/op.csv", "", &err),
                         HST_OK);
    assert_non_null(strstr(err.message, "/nonexistent/op.csv"));
}

static void fields_of_attendances_are_described(void **state)
{
    char folder[PATH_BYTES], path[PATH_BYTES];
    hst_extract_spec spec = {.dataset = HST_DATASET_AE, .path = path, .member = ""};
    static const char *const expected[][2] = {
        {"person", "PSEUDO_HESID"},
        {"AEKEY", "AEKEY"},
        {"ARRIVALDATE", "ARRIVALDATE"},
        {"AEATTENDCAT", "AEATTENDCAT"},
        {"AEDEPTTYPE", "AEDEPTTYPE"},
        {"AEATTENDDISP", "AEATTENDDISP"},
        {"SEX", "SEX"},
        {"ARRIVALAGE", "ARRIVALAGE"},
        {"PROCODE3", "PROCODE3"},
        {"ARRIVALTIME", "ARRIVALTIME"},
        {"area", "RESPCT_HIS"},
        {"procedures", "TREAT3_01"},
    };
    enum { N = sizeof expected / sizeof expected[0] };
    hst_layout *layout = NULL;
    const char *field = NULL, *name = NULL;

    (void)state;
    folder_make(folder);
    extract_put(folder, "ae.csv", AE_HEADER ",TREAT3_02,TREAT3_01\n", path);
    assert_int_equal(hst_layout_detect(&layout, &spec, NULL), HST_OK);
    for (size_t i = 0; i < N; i++) {
        assert_true(hst_layout_describe(layout, i, &field, &name));
        assert_string_equal(field, expected[i][0]);
        assert_string_equal(name, expected[i][1]);
    }
    assert_false(hst_layout_describe(layout, N, &field, &name));
    hst_layout_free(layout);
    folder_remove(folder);
}

/* Same columns, other data set: other records, so another segment. */
static void layout_key_tells_the_data_set(void **state)
{
    char folder[PATH_BYTES], path[PATH_BYTES];
    hst_extract_spec spec = {.path = path, .member = ""};
    uint8_t keys[2][16];

    (void)state;
    folder_make(folder);
    extract_put(folder, "both.csv",
                OP_HEADER ",AEKEY,ARRIVALDATE,AEATTENDCAT,AEDEPTTYPE,AEATTENDDISP,ARRIVALAGE\n",
                path);
    for (size_t i = 0; i < 2; i++) {
        hst_layout *layout = NULL;

        spec.dataset = i == 0 ? HST_DATASET_OP : HST_DATASET_AE;
        assert_int_equal(hst_layout_detect(&layout, &spec, NULL), HST_OK);
        hst_layout_key(layout, keys[i]);
        hst_layout_free(layout);
    }
    assert_memory_not_equal(keys[0], keys[1], 16);
    folder_remove(folder);
}

/* A side file is joined by the record key of its data set. */
static void side_file_is_joined_by_attendkey(void **state)
{
    decoded d = {0};
    char path[PATH_BYTES], side[PATH_BYTES];
    const char *paths[] = {side}, *columns[] = {"APPTAGE", "APPTDATE"};
    hst_side_spec sides = {1, paths, "attendkey", 2, columns};
    hst_extract_spec spec = {.dataset = HST_DATASET_OP,
                             .path = path,
                             .member = "",
                             .n_side_files = 1,
                             .side_files = &sides};
    hst_layout *layout = NULL;
    hst_error err = {0};

    (void)state;
    folder_make(d.folder);
    extract_put(d.folder, "op.csv",
                "ATTENDKEY,HESID,ATTENDED,FIRSTATT,TRETSPEF,MAINSPEF,SEX,PROCODE3,RESPCT_HIS\n"
                "17,p,5,1,300,300,1,RWE,5J6\n18,p,5,1,300,300,1,RWE,5J6\n",
                path);
    extract_put(d.folder, "side.csv", "ATTENDKEY,APPTDATE,APPTAGE\n17,2010-03-31,61.0\n", side);
    decode_spec(&d, &spec);
    assert_int_equal(d.n, 1);
    assert_int_equal(d.info.rejected[HST_REASON_NO_SIDE_ROW], 1);
    assert_int_equal(d.episodes[0]->startage, 61);
    assert_int_equal(d.episodes[0]->epiend, 29310);
    assert_int_equal(d.episodes[0]->record_key, 309000000017u);
    sides.key = "EPIKEY";
    assert_int_equal(hst_layout_detect(&layout, &spec, &err), HST_ERR_USAGE);
    assert_non_null(strstr(err.message, "must be ATTENDKEY"));
    decoded_clear(&d);
}

/* ---- the official artificial sample ---- */

#define SAMPLE HESTIA_TEST_DIR "/data/artificial_hes_op_0304_truncated.csv"

/* The expected numbers were counted once from the file with Python's csv module, without hestia. */
static void artificial_sample_agrees_with_an_independent_count(void **state)
{
    decoded d = {0};
    hst_extract_spec spec = {.dataset = HST_DATASET_OP, .path = SAMPLE, .member = ""};
    uint64_t days = 0, keys = 0, age = 0, n_infants = 0, n_attended = 0, n_first = 0, n_female = 0;
    uint64_t n_general = 0, n_main_general = 0, n_calderdale = 0, n_ethnos_a = 0;

    (void)state;
    folder_make(d.folder);
    decode_spec(&d, &spec);
    assert_int_equal(d.n, 1000);
    assert_int_equal(d.info.rows_used, 1000);
    assert_int_equal(d.info.noticed[HST_NOTICE_NO_PERSON], 0);
    assert_int_equal(d.info.noticed[HST_NOTICE_NO_ADMIDATE], 0);
    assert_int_equal(d.info.noticed[HST_NOTICE_NO_AGE], 1);
    assert_int_equal(d.info.noticed[HST_NOTICE_UNKNOWN_CODE], 0);
    assert_int_equal(d.info.noticed[HST_NOTICE_FLAG_DIFFERS], 0);
    assert_int_equal(d.info.partyear_min, 200399);
    assert_int_equal(d.info.partyear_max, 200399);
    assert_int_equal(d.info.admidate_min, 26754);
    assert_int_equal(d.info.admidate_max, 27119);
    assert_int_equal(d.info.epiend_max, 27119);
    assert_int_equal(d.info.n_area_columns, 11);
    assert_string_equal(d.info.area_columns[0], "RESPCT_HIS");
    for (size_t i = 0; i < d.n; i++) {
        const hst_episode *e = d.episodes[i];

        days += e->admidate;
        keys ^= e->record_key;
        age += e->startage == HST_AGE_MISSING ? 0 : e->startage;
        n_infants += e->startage == 0;
        n_attended += e->classpat == '5' || e->classpat == '6';
        n_first += e->epitype == '1';
        n_female += e->sex == '2';
        n_ethnos_a += e->ethnos == 'A';
        n_general +=
            strcmp(hst_segment_code(d.segment, HST_DICT_SPECIALTY, e->tretspef), "300") == 0;
        n_main_general +=
            strcmp(hst_segment_code(d.segment, HST_DICT_SPECIALTY, e->mainspef), "300") == 0;
        n_calderdale += strcmp(word_text(&d, e, 0), "5J6") == 0;
        assert_int_equal(e->n_words, d.info.n_area_columns);
    }
    assert_int_equal(days, 26949477);
    assert_int_equal(keys, 635168515939);
    assert_int_equal(age, 49170);
    assert_int_equal(n_infants, 9);
    assert_int_equal(n_attended, 818);
    assert_int_equal(n_first, 279);
    assert_int_equal(n_female, 596);
    assert_int_equal(n_ethnos_a, 147);
    assert_int_equal(n_general, 75);
    assert_int_equal(n_main_general, 78);
    assert_int_equal(n_calderdale, 6);
    assert_int_equal(hst_segment_n_codes(d.segment, HST_DICT_PROVIDER), 1 + 193);
    assert_int_equal(hst_segment_n_codes(d.segment, HST_DICT_GP_PRACTICE), 1 + 895);
    assert_int_equal(hst_segment_n_codes(d.segment, HST_DICT_SPECIALTY), 1 + 52);
    assert_int_equal(hst_segment_n_codes(d.segment, HST_DICT_AREA), 1 + 278);
    assert_int_equal(hst_segment_n_codes(d.segment, HST_DICT_DIAGNOSIS), 1);
    decoded_clear(&d);
}

static int compare_keys(const void *a, const void *b)
{
    uint64_t x = (*(const hst_episode *const *)a)->record_key;
    uint64_t y = (*(const hst_episode *const *)b)->record_key;

    return x < y ? -1 : x > y;
}

/* Text with every field in quotes and blanks, which leaves no field to the short cuts. */
static char *in_quotes(const char *text)
{
    char *quoted = malloc(4 * strlen(text) + 16);
    char *to = quoted;
    bool is_inside = false, is_field = false;

    assert_non_null(quoted);
    for (const char *p = text; *p; p++) {
        bool ends = !is_inside && (*p == ',' || *p == '\n');

        if (!is_field) {
            to += sprintf(to, " \"");
            is_field = true;
        }
        is_inside ^= *p == '"';
        if (ends) {
            to += sprintf(to, "\" %c", *p);
            is_field = false;
        } else if (*p != '"') {
            *to++ = *p;
        }
    }
    *to = '\0';
    return quoted;
}

static void assert_same_code(const decoded *a, const decoded *b, unsigned dictionary, uint16_t x,
                             uint16_t y)
{
    assert_string_equal(hst_segment_code(a->segment, dictionary, x),
                        hst_segment_code(b->segment, dictionary, y));
}

/* All but the person, whose hash has the key of its store. */
static void assert_same_episode(const decoded *a, const decoded *b, const hst_episode *x,
                                const hst_episode *y)
{
    hst_episode left = *x, right = *y;

    assert_same_code(a, b, HST_DICT_PROVIDER, x->provider, y->provider);
    assert_same_code(a, b, HST_DICT_SPECIALTY, x->mainspef, y->mainspef);
    assert_same_code(a, b, HST_DICT_SPECIALTY, x->tretspef, y->tretspef);
    assert_same_code(a, b, HST_DICT_GP_PRACTICE, x->gp_practice, y->gp_practice);
    for (size_t k = 0; k < x->n_words && k < y->n_words; k++) {
        assert_string_equal(word_text(a, x, k), word_text(b, y, k));
    }
    left.provider = left.mainspef = left.tretspef = left.gp_practice = 0;
    right.provider = right.mainspef = right.tretspef = right.gp_practice = 0;
    memset(left.person, 0, sizeof left.person);
    memset(right.person, 0, sizeof right.person);
    assert_memory_equal(&left, &right, sizeof left);
}

static void assert_both_ways_agree(hst_dataset dataset, const char *text)
{
    char *quoted = in_quotes(text);
    decoded fast = {0}, slow = {0};

    decode_text_of(&fast, dataset, text);
    decode_text_of(&slow, dataset, quoted);
    assert_int_equal(fast.n, slow.n);
    assert_memory_equal(fast.info.rejected, slow.info.rejected, sizeof fast.info.rejected);
    assert_memory_equal(fast.info.noticed, slow.info.noticed, sizeof fast.info.noticed);
    qsort(fast.episodes, fast.n, sizeof fast.episodes[0], compare_keys);
    qsort(slow.episodes, slow.n, sizeof slow.episodes[0], compare_keys);
    for (size_t i = 0; i < fast.n; i++) {
        assert_same_episode(&fast, &slow, fast.episodes[i], slow.episodes[i]);
    }
    decoded_clear(&fast);
    decoded_clear(&slow);
    free(quoted);
}

static void short_cuts_agree_with_the_slow_way_on_the_sample(void **state)
{
    char *text = calloc(1, 1 << 20);
    FILE *file = fopen(SAMPLE, "rb");

    (void)state;
    assert_non_null(text);
    assert_non_null(file);
    assert_in_range(fread(text, 1, (1 << 20) - 1, file), 1, (1 << 20) - 2);
    fclose(file);
    assert_both_ways_agree(HST_DATASET_OP, text);
    free(text);
}

/* A&E rows of every kind of dirt, from a fixed seed. */
static void short_cuts_agree_with_the_slow_way_on_arrivals(void **state)
{
    static const char *const values[][8] = {
        {"2008-11-17", "20081118", "19/11/2008", "1801-01-01", "", "2008-02-30", "2009-01-31",
         "2008-11-17 00:00:00"},
        {"0016", "16", "2359", "3000", "4000", "14:37", "2400", ""},
        {"1", "2", "3", "9", "01", "5", "", "12"},
        {"01", "1", "02", "3.0", "99", "67", "", "001"},
        {"01", "1", "03", "12", "14", "08", "", "10.0"},
        {"1", "2", "9", "0", "X", "x", "", "1.0"},
        {"54.0", "7001.0", "7007", "120", "131", "999", "", "old"},
        {"RWE", "RWE00", "NT312", "8HA12", "", "RXF-X", "rxf", "RD1"},
        {"5J6", "5J600", "59898", "59999", "", "TAC", "Y", "&"},
        {"30", "21", "-", "&", "", "3", "30X", "301"},
        {"12", "01", "", "-", "99", "2", "011", "1"},
    };
    enum { N_ROWS = 1500, N_VALUES = sizeof values / sizeof values[0] };
    char *text = malloc(N_ROWS * 128 + 256);
    uint64_t random = 17;
    size_t n = 0;

    (void)state;
    assert_non_null(text);
    n = (size_t)sprintf(text, AE_HEADER ",DIAG2_01,TREAT2_01\n");
    for (unsigned row = 0; row < N_ROWS; row++) {
        n += (size_t)sprintf(text + n, "%u,p%u", 1 + row * 1000003, row % 97);
        for (size_t k = 0; k < N_VALUES; k++) {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
            /* mostly the usual forms, which stand first */
            n += (size_t)sprintf(text + n, ",%s",
                                 values[k][(random >> 60) < 2 ? random >> 40 & 7 : random >> 62]);
        }
        n += (size_t)sprintf(text + n, "\n");
    }
    assert_both_ways_agree(HST_DATASET_AE, text);
    free(text);
}

/* ---- profile ---- */

static void profile_agrees_with_ingest(void **state)
{
    hst_extract_spec spec = {.dataset = HST_DATASET_OP, .path = SAMPLE, .member = ""};
    hst_layout *layout = NULL;
    hst_profile *profile = NULL;
    uint64_t n_dated = 0;
    size_t n_found = 0;

    (void)state;
    assert_int_equal(hst_layout_detect(&layout, &spec, NULL), HST_OK);
    assert_int_equal(hst_profile_read(&profile, layout, SAMPLE, "", 0, NULL), HST_OK);
    assert_int_equal(profile->n_rows, 1000);
    assert_int_equal(profile->n_rejected, 0);
    assert_int_equal(profile->n_months, 12);
    for (size_t m = 0; m < profile->n_months; m++) {
        n_dated += profile->months[m].n;
    }
    assert_int_equal(n_dated, 1000);
    assert_int_equal(profile->months[0].month, hst_date_from_civil(2003, 4, 1));
    assert_int_equal(profile->n_no_primary + profile->n_r69, 0); /* not looked at */
    for (size_t i = 0; i < profile->n_fields; i++) {
        const hst_field_profile *field = &profile->fields[i];

        if (strcmp(field->field, "ATTENDED") == 0) {
            assert_true(field->has_codes);
            assert_int_equal(field->n_filled, 1000);
            n_found++;
        } else if (strcmp(field->field, "APPTAGE") == 0) {
            assert_int_equal(field->n_filled, 999);
            n_found++;
        }
    }
    assert_int_equal(n_found, 2);
    hst_profile_free(profile);
    hst_layout_free(layout);
}

static void profile_judges_times(void **state)
{
    char folder[PATH_BYTES], path[PATH_BYTES];
    hst_extract_spec spec = {.dataset = HST_DATASET_AE, .path = path, .member = ""};
    hst_layout *layout = NULL;
    hst_profile *profile = NULL;

    (void)state;
    folder_make(folder);
    extract_put(folder, "ae.csv",
                AE_HEADER ",DIAG2_01\n"
                          "1,p,2008-05-01,2460,1,01,01,1,54,RWE,5J6,30\n"
                          "2,p,2008-05-01,noon,1,01,01,1,54,RWE,5J6,R69\n"
                          "3,p,2008-06-01,3000,7,01,01,1,54,RWE,5J6,\n",
                path);
    assert_int_equal(hst_layout_detect(&layout, &spec, NULL), HST_OK);
    assert_int_equal(hst_profile_read(&profile, layout, path, "", 0, NULL), HST_OK);
    assert_int_equal(profile->rejected[HST_REASON_MALFORMED_NUMBER], 1);
    assert_int_equal(profile->n_rejected, 1);
    assert_int_equal(profile->n_months, 2);
    for (size_t i = 0; i < profile->n_fields; i++) {
        const hst_field_profile *field = &profile->fields[i];
        bool is_time = strcmp(field->field, "ARRIVALTIME") == 0;

        assert_int_equal(field->n_unreadable, is_time);
        assert_int_equal(field->n_outside, is_time || strcmp(field->field, "AEATTENDCAT") == 0);
    }
    hst_profile_free(profile);
    hst_layout_free(layout);
    folder_remove(folder);
}

int main(void)
{
    struct CMUnitTest tests[MAX_CASES] = {
        cmocka_unit_test(short_keys_take_their_year_from_the_row),
        cmocka_unit_test(rows_without_person_are_told_apart),
        cmocka_unit_test(a_person_is_the_same_in_all_data_sets),
        cmocka_unit_test(guess_of_no_file_fails),
        cmocka_unit_test(fields_of_attendances_are_described),
        cmocka_unit_test(layout_key_tells_the_data_set),
        cmocka_unit_test(side_file_is_joined_by_attendkey),
        cmocka_unit_test(artificial_sample_agrees_with_an_independent_count),
        cmocka_unit_test(short_cuts_agree_with_the_slow_way_on_the_sample),
        cmocka_unit_test(short_cuts_agree_with_the_slow_way_on_arrivals),
        cmocka_unit_test(profile_agrees_with_ingest),
        cmocka_unit_test(profile_judges_times),
    };
    size_t n = 12;

    for (size_t i = 0; i < sizeof header_cases / sizeof header_cases[0]; i++) {
        tests[n++] = (struct CMUnitTest){.name = header_cases[i].name,
                                         .test_func = header_is_understood_or_refused,
                                         .initial_state = &header_cases[i]};
    }
    return _cmocka_run_group_tests("attendance", tests, n, NULL, NULL);
}
