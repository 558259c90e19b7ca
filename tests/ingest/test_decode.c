/* Records to episodes: rows, every reason to set one aside, and the official artificial sample
 * against counts made without hestia. */
#define _XOPEN_SOURCE 700 /* nftw */

#include "tests/ingest/extract_support.h"

/* ---- rows ---- */

static void positions_are_kept_and_trailing_ones_cut(void **state)
{
    decoded d = {0};

    (void)state;
    decode_text(&d, "EPIKEY,PSEUDO_HESID,ADMIDATE,DISDATE,EPISTART,EPIEND,EPIORDER,EPISTAT,EPITYPE,"
                    "CLASSPAT,ADMIMETH,ADMISORC,DISDEST,SEX,STARTAGE,PROCODE3,RESLADST,LSOA01,"
                    "DIAG_4_01,DIAG_4_02,DIAG_4_03,DIAG_4_04,OPERTN_4_01,OPERTN_4_02,OPERTN_4_03\n"
                    "1300700125763,p,2001-09-27,,2001-09-27,2001-10-02,1,3,1,1,21,19,19,2,73,RWE,"
                    "00cy,E01031043,E119,-,I10X,-,-   ,X352,&  \n");
    assert_int_equal(d.n, 1);
    const hst_episode *e = d.episodes[0];
    assert_int_equal(e->n_diagnoses, 3);
    assert_int_equal(e->n_procedures, 2);
    assert_int_equal(e->n_words, 7);
    assert_string_equal(word_text(&d, e, 0), "00CY");
    assert_string_equal(word_text(&d, e, 1), "E01031043");
    assert_string_equal(word_text(&d, e, 2), "E119");
    assert_int_equal(hst_episode_words(e)[3], 0);
    assert_string_equal(word_text(&d, e, 4), "I10X");
    assert_int_equal(hst_episode_words(e)[5], 0);
    assert_string_equal(word_text(&d, e, 6), "X352");
    assert_string_equal(d.info.area_columns[0], "RESLADST");
    assert_string_equal(d.info.area_columns[1], "LSOA01");
    assert_int_equal(d.info.n_diagnosis_columns, 4);
    assert_false(d.info.three_character_diagnoses);
    /* ADMIMETH, ADMISORC, DISDEST, STARTAGE, two diagnoses */
    assert_int_equal(e->completeness, 6);
    decoded_clear(&d);
}

/* Columns out of order and with a gap in the positions take another way through the plan. */
static void scattered_positions_are_found(void **state)
{
    decoded d = {0};

    (void)state;
    decode_text(&d, "DIAG_03,OPERTN_02," REQUIRED_HEADER ",1STOPERATION\n"
                    "I10X,Y829," GOOD_ROW ",X352\n,," GOOD_ROW ",\n");
    assert_int_equal(d.n, 2);
    const hst_episode *e = d.episodes[0]->n_diagnoses == 3 ? d.episodes[0] : d.episodes[1];
    assert_int_equal(e->n_diagnoses, 3);
    assert_string_equal(word_text(&d, e, 1), "E119");
    assert_int_equal(hst_episode_words(e)[2], 0);
    assert_string_equal(word_text(&d, e, 3), "I10X");
    assert_int_equal(e->n_procedures, 2);
    assert_string_equal(word_text(&d, e, 4), "X352");
    assert_string_equal(word_text(&d, e, 5), "Y829");
    e = e == d.episodes[0] ? d.episodes[1] : d.episodes[0];
    assert_int_equal(e->n_diagnoses, 1);
    assert_int_equal(e->n_procedures, 0);
    decoded_clear(&d);
}

static void lists_are_taken_apart_when_there_are_no_single_columns(void **state)
{
    decoded d = {0};

    (void)state;
    decode_text(&d, "EPIKEY,PSEUDO_HESID,ADMIDATE,DISDATE,EPISTART,EPIEND,EPIORDER,EPISTAT,EPITYPE,"
                    "CLASSPAT,ADMIMETH,ADMISORC,DISDEST,SEX,STARTAGE,PROCODE3,RESPCT,DIAG_3_CONCAT,"
                    "DIAG_4_CONCAT,OPERTN_4_CONCAT\n"
                    "1300700125763,p,2001-09-27,,2001-09-27,2001-10-02,1,3,1,1,21,19,19,2,73,RWE,"
                    "5J6,\"Z38,-,E11\",\"Z380,-,E119\",\"-   ,Z942\"\n");
    assert_int_equal(d.n, 1);
    const hst_episode *e = d.episodes[0];
    assert_int_equal(e->n_diagnoses, 3);
    assert_string_equal(word_text(&d, e, 1), "Z380");
    assert_int_equal(hst_episode_words(e)[2], 0);
    assert_string_equal(word_text(&d, e, 3), "E119");
    assert_int_equal(e->n_procedures, 2);
    assert_string_equal(word_text(&d, e, 5), "Z942");
    decoded_clear(&d);
}

static void people_are_told_apart_by_their_identifier_alone(void **state)
{
    decoded d = {0};

    (void)state;
    decode_text(&d, REQUIRED_HEADER "\n" GOOD_ROW "\n"
                                    "2,aB3,,,,,1,3,1,1,21,19,19,2,73,RWE,5J6,E119\n"
                                    "3, \"aB3\" ,,,,,1,3,1,1,21,19,19,2,73,RWE,5J6,E119\n"
                                    "4,ab3,,,,,1,3,1,1,21,19,19,2,73,RWE,5J6,E119\n");
    assert_int_equal(d.n, 4);
    size_t n_same = 0;
    for (size_t i = 0; i < d.n; i++) {
        for (size_t j = 0; j < i; j++) {
            n_same += memcmp(d.episodes[i]->person, d.episodes[j]->person, 16) == 0;
        }
    }
    assert_int_equal(n_same, 3); /* the first three rows are one person */
    assert_int_equal(d.info.noticed[HST_NOTICE_NO_PERSON], 0);
    decoded_clear(&d);
}

static void row_without_person_is_a_person_of_its_own(void **state)
{
    static const char *const orders[] = {
        REQUIRED_HEADER "\n1000000000001,,,,,,1,3,1,1,21,19,19,2,73,RWE,5J6,E119\n"
                        "1000000000002,NULL,,,,,1,3,1,1,21,19,19,2,73,RWE,5J6,E119\n",
        REQUIRED_HEADER "\n1000000000002,,,,,,1,3,1,1,21,19,19,2,73,RWE,5J6,E119\n\n"
                        "1000000000001,,,,,,1,3,1,1,21,19,19,2,73,RWE,5J6,E119\n",
    };
    uint64_t person[2][2];

    (void)state;
    for (size_t o = 0; o < 2; o++) {
        decoded d = {0};

        decode_text(&d, orders[o]);
        assert_int_equal(d.n, 2);
        assert_int_equal(d.info.noticed[HST_NOTICE_NO_PERSON], 2);
        for (size_t i = 0; i < d.n; i++) {
            const hst_episode *e = d.episodes[i];
            uint64_t own[2];
            char bytes[10] = {'\0', HST_DATASET_APC};

            assert_true(e->flags & HST_EPISODE_NO_PERSON);
            memcpy(bytes + 2, &e->record_key, 8);
            hst_store_hash(d.store, bytes, sizeof bytes, own);
            assert_memory_equal(own, e->person, sizeof own);
            memcpy(person[i], e->person, sizeof own);
        }
        assert_memory_not_equal(person[0], person[1], sizeof person[0]);
        decoded_clear(&d);
    }
}

static void spell_numbers_are_hashed(void **state)
{
    decoded d = {0};

    (void)state;
    decode_text(&d, REQUIRED_HEADER ",PROVSPNOPS,SUSSPELLID\n" GOOD_ROW ",K1,77\n" GOOD_ROW
                                    ",K2,77\n" GOOD_ROW ",K1,-1\n");
    assert_int_equal(d.n, 3);
    size_t n_equal = 0, n_none = 0;
    for (size_t i = 0; i < d.n; i++) {
        assert_int_not_equal(d.episodes[i]->spell_number, 0);
        n_none += d.episodes[i]->sus_spell == 0;
        for (size_t j = 0; j < i; j++) {
            n_equal += d.episodes[i]->spell_number == d.episodes[j]->spell_number;
        }
    }
    assert_int_equal(n_equal, 1);
    assert_int_equal(n_none, 1);
    decoded_clear(&d);
}

static void short_keys_take_their_year_from_the_row(void **state)
{
    static const struct {
        const char *header, *values;
        uint64_t expected;
    } cases[] = {
        {"FYEAR", "0405", 104000000017u},
        {"FYEAR", "405", 104000000017u},
        {"FYEAR", "200405", 104000000017u},
        {"FYEAR", "2004/05", 104000000017u},
        {"PARTYEAR", "200699", 106000000017u},
        {"FYEAR,PARTYEAR", ",200699", 106000000017u},
        {"GPPRAC", "", 101000000017u}, /* by EPIEND 2001-10-02 */
        {"FYEAR", "1213", 17},         /* national keys are whole from 2012 on */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        decoded d = {0};
        char text[2048];

        snprintf(text, sizeof text,
                 REQUIRED_HEADER ",%s\n17,aB3,2001-09-27,,2001-09-27,2001-10-02,1,3,1,1,21,19,19,2,"
                                 "73,RWE,5J6,E119,%s\n",
                 cases[i].header, cases[i].values);
        decode_text(&d, text);
        assert_int_equal(d.n, 1);
        assert_int_equal(d.episodes[0]->record_key, cases[i].expected);
        decoded_clear(&d);
    }
}

static void given_flags_are_compared_with_the_rule(void **state)
{
    decoded d = {0};

    (void)state;
    decode_text(&d, REQUIRED_HEADER ",FCE,FAE,FAE_EMERGENCY\n" GOOD_ROW ",1,1,1\n" /* as the rule */
                GOOD_ROW ",0,1,0\n" GOOD_ROW ",1,0,0\n" GOOD_ROW ",,,\n");
    assert_int_equal(d.n, 4);
    assert_int_equal(d.info.noticed[HST_NOTICE_FLAG_DIFFERS], 2);
    decoded_clear(&d);
}

static void cuts_and_dates_are_summed_up(void **state)
{
    decoded d = {0};
    char text[11];

    (void)state;
    decode_text(&d, REQUIRED_HEADER
                ",PARTYEAR\n"
                "1,p,2001-09-27,,2001-09-27,2001-10-02,1,3,1,1,21,19,19,2,73,RWE,5J6,E119,200107\n"
                "2,p,2001-04-03,,2001-09-27,2002-03-31,1,3,1,1,21,19,19,2,73,RWE,5J6,E119,200105\n"
                "3,p,1801-01-01,,1801-01-01,,1,3,1,1,21,19,19,2,73,RWE,5J6,E119,\n");
    assert_int_equal(d.n, 3);
    assert_int_equal(d.info.partyear_min, 200105);
    assert_int_equal(d.info.partyear_max, 200107);
    hst_date_format(hst_day_to_date(d.info.admidate_min), text);
    assert_string_equal(text, "2001-04-03");
    hst_date_format(hst_day_to_date(d.info.admidate_max), text);
    assert_string_equal(text, "2001-09-27");
    hst_date_format(hst_day_to_date(d.info.epiend_max), text);
    assert_string_equal(text, "2002-03-31");
    assert_int_equal(d.info.noticed[HST_NOTICE_NO_ADMIDATE], 1);
    assert_int_equal(d.info.noticed[HST_NOTICE_NO_EPISTART], 1);
    decoded_clear(&d);
}

static void every_row_is_used_or_set_aside(void **state)
{
    decoded d = {0};
    char path[PATH_BYTES];
    hst_extract_spec spec = {.dataset = HST_DATASET_APC, .path = path, .member = ""};
    static const char text[] = REQUIRED_HEADER
        "\n" GOOD_ROW "\n" /* line 2 */
        "1,2,3\n"          /* ragged */
        GOOD_ROW ",more\n" /* ragged */
        "\n"               /* blank */
        "51370012\0"
        "763,aB3,,,,,1,3,1,1,21,19,19,2,73,RWE,"
        "5J6,E119\n"                                                          /* NUL */
        "513700125763,aB3,2001-02-30,,,,1,3,1,1,21,19,19,2,73,RWE,5J6,E119\n" /* line 7 */
        "51370012576x,aB3,2001-02-28,,,,1,3,1,1,21,19,19,2,73,RWE,5J6,E119\n"
        ",aB3,2001-02-28,,,,1,3,1,1,21,19,19,2,73,RWE,5J6,E119\n"
        "513700125763,aB3,,,,,1,3,1,1,211,19,19,2,73,RWE,5J6,E119\n" GOOD_ROW "\n"
        "\"513700125763,aB3,,,,,1,3,1,1,21,19,19,2,73,RWE,5J6,E119\n"; /* unclosed */

    (void)state;
    folder_make(d.folder);
    path_join(path, d.folder, "extract.csv");
    file_put(path, text, sizeof text - 1);
    decode_spec(&d, &spec);
    assert_int_equal(d.info.rows_used, 2);
    assert_int_equal(d.n, 2);
    assert_int_equal(d.info.rejected[HST_REASON_RAGGED], 2);
    assert_int_equal(d.info.first_line[HST_REASON_RAGGED], 3);
    assert_string_equal(d.info.first_column[HST_REASON_RAGGED], "");
    assert_int_equal(d.info.rejected[HST_REASON_NUL_BYTE], 1);
    assert_int_equal(d.info.rejected[HST_REASON_MALFORMED_DATE], 1);
    assert_int_equal(d.info.first_line[HST_REASON_MALFORMED_DATE], 7);
    assert_int_equal(d.info.rejected[HST_REASON_MALFORMED_NUMBER], 1);
    assert_int_equal(d.info.rejected[HST_REASON_NO_RECORD_KEY], 1);
    assert_int_equal(d.info.rejected[HST_REASON_MALFORMED_CODE], 1);
    assert_string_equal(d.info.first_column[HST_REASON_MALFORMED_CODE], "ADMIMETH");
    assert_int_equal(d.info.rejected[HST_REASON_UNCLOSED_QUOTE], 1);
    uint64_t n_rejected = 0;
    for (size_t r = 0; r < HST_N_REASONS; r++) {
        n_rejected += d.info.rejected[r];
    }
    assert_int_equal(d.info.rows_read, d.info.rows_used + n_rejected);
    decoded_clear(&d);
}

/* More codes than any memo holds, so that entries are pushed out and memos grow: each code must
 * still come out as itself. */
static void many_codes_stay_themselves(void **state)
{
    enum { N_ROWS = 3000 };
    decoded d = {0};
    char *text = calloc(1, 1 << 20);
    size_t n = 0;

    (void)state;
    assert_non_null(text);
    n += (size_t)sprintf(text + n, REQUIRED_HEADER ",LSOA01,GPPRAC\n");
    for (unsigned i = 0; i < N_ROWS; i++) {
        unsigned k = i * 7919 % 1500;

        n += (size_t)sprintf(text + n,
                             "%u,p%u,2001-09-27,,2001-09-27,2001-10-02,1,3,1,1,21,19,19,2,73,RWE,"
                             "5J6,%c%02u%u,%c0%07u,%c%05u\n",
                             1000000000 + i, k, 'A' + k / 100, k % 100, k % 7, k % 2 ? 'E' : 'W',
                             1000001 + k / 2, 'A' + k % 26, k);
    }
    decode_text(&d, text);
    assert_int_equal(d.n, N_ROWS);
    for (size_t i = 0; i < d.n; i++) {
        const hst_episode *e = d.episodes[i];
        unsigned k = (unsigned)(e->record_key - 1000000000) * 7919 % 1500;
        char expected[32];

        snprintf(expected, sizeof expected, "%c%02u%u", 'A' + k / 100, k % 100, k % 7);
        assert_string_equal(word_text(&d, e, 2), expected);
        snprintf(expected, sizeof expected, "%c0%07u", k % 2 ? 'E' : 'W', 1000001 + k / 2);
        assert_string_equal(word_text(&d, e, 1), expected);
        snprintf(expected, sizeof expected, "%c%05u", 'A' + k % 26, k);
        assert_string_equal(hst_segment_code(d.segment, HST_DICT_GP_PRACTICE, e->gp_practice),
                            expected);
    }
    decoded_clear(&d);
    free(text);
}

/* Codes of one to four characters come in any order: they are numbered as rows meet them, however
 * rows were decoded together. */
static void codes_are_numbered_in_the_order_of_rows(void **state)
{
    enum { N_ROWS = 2000 };
    static const char letters[] = "ABCDEFGHJKLMNPQRSTVWXYZ0123456789";
    static uint16_t numbers[N_ROWS];
    decoded d = {0};
    char *text = calloc(1, 1 << 19);
    size_t n = 0;
    uint16_t n_met = 0;

    (void)state;
    assert_non_null(text);
    n += (size_t)sprintf(text + n, REQUIRED_HEADER "\n");
    for (unsigned i = 0; i < N_ROWS; i++) {
        unsigned k = i * 7919 % 1021;
        const char code[5] = {letters[k % 32], letters[k / 32], letters[k % 30], letters[k % 7]};

        n += (size_t)sprintf(text + n,
                             "%u,p,2001-09-27,,2001-09-27,2001-10-02,1,3,1,1,21,19,19,2,73,RWE,"
                             "%.*s,I10X\n",
                             1000000000 + i, (int)(1 + k % 4), code);
    }
    decode_text(&d, text);
    assert_int_equal(d.n, N_ROWS);
    for (size_t i = 0; i < d.n; i++) {
        numbers[d.episodes[i]->record_key - 1000000000] = hst_episode_words(d.episodes[i])[0];
    }
    for (size_t i = 0; i < N_ROWS; i++) {
        assert_in_range(numbers[i], 1, n_met + 1);
        n_met = (uint16_t)(numbers[i] > n_met ? numbers[i] : n_met);
    }
    assert_in_range(n_met, 500, 1021);
    decoded_clear(&d);
    free(text);
}

/* ---- the official artificial sample ---- */

/* The expected numbers were counted once from the file with Python's csv module, without hestia:
 * dates as days since 1930-01-01 plus one with those before 1930 as 0, codes `-`, `&` and blanks of
 * diagnoses and operations as empty, ages 7001 to 7007 as 0, keys below 10^9 with 101 * 10^9 added.
 */
static void artificial_sample_agrees_with_an_independent_count(void **state)
{
    decoded d = {0};
    hst_extract_spec spec = {.dataset = HST_DATASET_APC,
                             .path = HESTIA_TEST_DIR "/data/artificial_hes_apc_0102_truncated.csv",
                             .member = ""};
    uint64_t admidate = 0, disdate = 0, epistart = 0, epiend = 0, age = 0, n_infants = 0, keys = 0;
    uint64_t n_female = 0, n_finished = 0, n_first = 0, n_emergency = 0, n_last = 0, n_fce = 0;
    uint64_t n_diagnoses = 0, n_procedures = 0, n_diabetes = 0, n_calderdale = 0, n_filled = 0;
    uint64_t n_no_disdate = 0, n_general = 0, n_ethnos_a = 0, n_no_lsoa = 0, n_fae_emergency = 0;
    uint64_t diagnosis_words = 0, procedure_words = 0;

    (void)state;
    folder_make(d.folder);
    decode_spec(&d, &spec);
    assert_int_equal(d.info.rows_read, 2075);
    assert_int_equal(d.info.rows_used, 2075);
    assert_int_equal(d.n, 2075);
    assert_int_equal(d.info.noticed[HST_NOTICE_NO_PERSON], 0);
    assert_int_equal(d.info.noticed[HST_NOTICE_NO_ADMIDATE], 1);
    assert_int_equal(d.info.noticed[HST_NOTICE_NO_EPISTART], 1);
    assert_int_equal(d.info.noticed[HST_NOTICE_NO_AGE], 0);
    assert_int_equal(d.info.noticed[HST_NOTICE_UNKNOWN_CODE], 4); /* DISDEST 86 */
    assert_int_equal(d.info.noticed[HST_NOTICE_FLAG_DIFFERS], 605);
    assert_int_equal(d.info.partyear_min, 200199);
    assert_int_equal(d.info.partyear_max, 200199);
    assert_int_equal(d.info.admidate_min, 24250);
    assert_int_equal(d.info.admidate_max, 26341);
    assert_int_equal(d.info.epiend_max, 26384);
    assert_int_equal(d.info.separator, ',');
    assert_string_equal(d.info.encoding, "ascii");
    assert_string_equal(d.info.person_column, "PSEUDO_HESID");
    assert_int_equal(d.info.n_diagnosis_columns, 20);
    assert_int_equal(d.info.n_procedure_columns, 24);
    assert_int_equal(d.info.n_area_columns, 11);
    assert_string_equal(d.info.area_columns[0], "RESPCT_HIS");
    assert_string_equal(d.info.area_columns[4], "LSOA01");

    for (size_t i = 0; i < d.n; i++) {
        const hst_episode *e = d.episodes[i];
        const uint16_t *words = hst_episode_words(e) + d.info.n_area_columns;
        bool has_diabetes = false;

        admidate += e->admidate;
        disdate += e->disdate;
        epistart += e->epistart;
        epiend += e->epiend;
        keys ^= e->record_key;
        age += e->startage;
        n_infants += e->startage == 0;
        n_no_disdate += e->disdate == 0;
        n_female += e->sex == '2';
        n_finished += e->epistat == '3';
        n_first += e->epiorder == 1;
        n_emergency += e->admimeth == HST_CODE2('2', '1');
        n_ethnos_a += e->ethnos == 'A';
        n_last += (e->flags & HST_EPISODE_SPELEND) != 0;
        n_fce += (e->flags & HST_EPISODE_FCE) != 0;
        n_fae_emergency += (e->flags & HST_EPISODE_FAE_EMERGENCY) != 0;
        n_filled += e->completeness;
        diagnosis_words += e->n_diagnoses;
        procedure_words += e->n_procedures;
        for (size_t k = 0; k < e->n_diagnoses; k++) {
            const char *code = hst_segment_code(d.segment, HST_DICT_DIAGNOSIS, words[k]);

            n_diagnoses += words[k] != 0;
            has_diabetes |= strncmp(code, "E1", 2) == 0 && code[2] >= '0' && code[2] <= '4';
        }
        n_diabetes += has_diabetes;
        for (size_t k = 0; k < e->n_procedures; k++) {
            n_procedures += words[e->n_diagnoses + k] != 0;
        }
        n_calderdale += strcmp(word_text(&d, e, 0), "5J6") == 0;
        n_no_lsoa += word_text(&d, e, 4)[0] == '\0';
        n_general +=
            strcmp(hst_segment_code(d.segment, HST_DICT_SPECIALTY, e->tretspef), "300") == 0;
    }
    assert_int_equal(admidate, 54104889);
    assert_int_equal(disdate, 52253050);
    assert_int_equal(epistart, 54155762);
    assert_int_equal(epiend, 54234211);
    assert_int_equal(keys, 835094957433);
    assert_int_equal(age, 91157);
    assert_int_equal(n_infants, 236);
    assert_int_equal(n_no_disdate, 81);
    assert_int_equal(n_female, 1108);
    assert_int_equal(n_finished, 2059);
    assert_int_equal(n_first, 1875);
    assert_int_equal(n_emergency, 431);
    assert_int_equal(n_ethnos_a, 668);
    assert_int_equal(n_last, 1893);
    assert_int_equal(n_fce, 1978);
    assert_int_equal(n_fae_emergency, 623);
    assert_int_equal(n_filled, 22359);
    assert_int_equal(diagnosis_words, 6473);
    assert_int_equal(procedure_words, 2926);
    assert_int_equal(n_diagnoses, 4901);
    assert_int_equal(n_procedures, 2109);
    assert_int_equal(n_diabetes, 97);
    assert_int_equal(n_calderdale, 18);
    assert_int_equal(n_no_lsoa, 72);
    assert_int_equal(n_general, 355);
    /* number 0 is the empty code */
    assert_int_equal(hst_segment_n_codes(d.segment, HST_DICT_DIAGNOSIS), 1 + 1388);
    assert_int_equal(hst_segment_n_codes(d.segment, HST_DICT_PROCEDURE), 1 + 652);
    assert_int_equal(hst_segment_n_codes(d.segment, HST_DICT_PROVIDER), 1 + 232);
    assert_int_equal(hst_segment_n_codes(d.segment, HST_DICT_GP_PRACTICE), 1 + 1728);
    assert_int_equal(hst_segment_n_codes(d.segment, HST_DICT_SPECIALTY), 1 + 47);
    assert_int_equal(hst_segment_n_codes(d.segment, HST_DICT_AREA), 1 + 302);
    decoded_clear(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(positions_are_kept_and_trailing_ones_cut),
        cmocka_unit_test(scattered_positions_are_found),
        cmocka_unit_test(lists_are_taken_apart_when_there_are_no_single_columns),
        cmocka_unit_test(people_are_told_apart_by_their_identifier_alone),
        cmocka_unit_test(row_without_person_is_a_person_of_its_own),
        cmocka_unit_test(spell_numbers_are_hashed),
        cmocka_unit_test(short_keys_take_their_year_from_the_row),
        cmocka_unit_test(given_flags_are_compared_with_the_rule),
        cmocka_unit_test(cuts_and_dates_are_summed_up),
        cmocka_unit_test(every_row_is_used_or_set_aside),
        cmocka_unit_test(many_codes_stay_themselves),
        cmocka_unit_test(codes_are_numbered_in_the_order_of_rows),
        cmocka_unit_test(artificial_sample_agrees_with_an_independent_count),
    };

    return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}
