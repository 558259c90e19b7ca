/* Records to episodes: every quirk of the fields, every reason to set a row aside, and the official
 * artificial sample against counts made without hestia. */
#define _XOPEN_SOURCE 700 /* nftw */

#include "tests/ingest/extract_support.h"

enum { MAX_CASES = 256 };

/* ---- one field at a time ---- */

/* All columns that the cases write to, with the value of a good row. */
static const struct column {
    const char *name, *text;
} columns[] = {
    {"EPIKEY", "513700125763"},
    {"PSEUDO_HESID", "aB3"},
    {"ADMIDATE", "2001-09-27"},
    {"DISDATE", "2001-10-02"},
    {"EPISTART", "2001-09-27"},
    {"EPIEND", "2001-10-02"},
    {"EPIORDER", "1"},
    {"EPISTAT", "3"},
    {"EPITYPE", "1"},
    {"CLASSPAT", "1"},
    {"ADMIMETH", "21"},
    {"ADMISORC", "19"},
    {"DISDEST", "19"},
    {"SEX", "2"},
    {"STARTAGE", "73"},
    {"PROCODET", ""},
    {"PROCODE3", "RWE"},
    {"RESPCT_HIS", "5J6"},
    {"DIAG_01", "E119"},
    {"DIAG_02", ""},
    {"OPERTN_01", ""},
    {"MAINSPEF", "300"},
    {"TRETSPEF", "300"},
    {"GPPRAC", "M84031"},
    {"ETHNOS", "A"},
    {"DISMETH", "1"},
    {"SUBDATE", ""},
    {"PARTYEAR", "200199"},
    {"FYEAR", "0102"},
    {"SPELEND", "Y"},
    {"DUPLICATE_FLAG", ""},
    {"FCE", "1"},
    {"FAE", "1"},
    {"PROVSPNO", ""},
    {"SUSSPELLID", ""},
    {"IMD04_DECILE", ""},
    {"SITETRET", ""},
};

enum { N_COLUMNS = sizeof columns / sizeof columns[0] };

static void append(char *text, size_t capacity, const char *more)
{
    assert_true(strlen(text) + strlen(more) < capacity);
    strcat(text, more);
}

static void append_quoted(char *text, size_t capacity, const char *value)
{
    if (strchr(value, ',')) {
        append(text, capacity, "\"");
        append(text, capacity, value);
        append(text, capacity, "\"");
    } else {
        append(text, capacity, value);
    }
}

/* Two equal rows with one field changed: the second finds the text remembered. */
static void decode_field_text(decoded *out, const char *column, const char *value)
{
    char text[8192] = "";

    for (size_t i = 0; i < N_COLUMNS; i++) {
        append(text, sizeof text, i ? "," : "");
        append(text, sizeof text, columns[i].name);
    }
    for (size_t row = 0; row < 2; row++) {
        append(text, sizeof text, "\n");
        for (size_t i = 0; i < N_COLUMNS; i++) {
            append(text, sizeof text, i ? "," : "");
            append_quoted(text, sizeof text,
                          strcmp(columns[i].name, column) == 0 ? value : columns[i].text);
        }
    }
    append(text, sizeof text, "\n");
    decode_text(out, text);
}

static struct date_case {
    const char *name, *text;
    const char *expected; /* "" missing, NULL malformed */
} date_cases[] = {
    {"ISO date", "2001-09-27", "2001-09-27"},
    {"ISO date with a time", "2001-09-27 00:00:00", "2001-09-27"},
    {"ISO date with a fraction of a second", "2001-09-27 00:00:00.000", "2001-09-27"},
    {"ISO date with T", "2001-09-27T00:00:00Z", "2001-09-27"},
    {"digits, year first", "20010927", "2001-09-27"},
    {"digits, year first, as a decimal", "20010927.0", "2001-09-27"},
    {"digits, day first", "27092001", "2001-09-27"},
    {"digits that only fit day first", "20102001", "2001-10-20"},
    {"slashes", "27/09/2001", "2001-09-27"},
    {"slashes with a time", "27/09/2001 00:00", "2001-09-27"},
    {"blanks around", "  2001-09-27 ", "2001-09-27"},
    {"leap day", "2004-02-29", "2004-02-29"},
    {"first day kept", "1930-01-01", "1930-01-01"},
    {"last day before", "1929-12-31", ""},
    {"null submitted", "1800-01-01", ""},
    {"invalid submitted", "1801-01-01", ""},
    {"sentinel with a time", "1802-01-01 00:00:00", ""},
    {"sentinel of ELECDATE", "1900-01-01", ""},
    {"sentinel 1582", "1582-10-15", ""},
    {"sentinel 1600", "1600-01-01", ""},
    {"sentinel in digits", "18000101", ""},
    {"sentinel in digits, 1801", "18010101", ""},
    {"sentinel in digits, day first", "01011800", ""},
    {"sentinel with slashes", "01/01/1801", ""},
    {"empty", "", ""},
    {"NULL", "NULL", ""},
    {"Null", "Null", ""},
    {"null", "null", ""},
    {"last day of the format", "2109-06-05", "2109-06-05"},
    {"day after the format", "2109-06-06", NULL},
    {"29 February of a common year", "2001-02-29", NULL},
    {"31 April", "2001-04-31", NULL},
    {"month 13", "2001-13-01", NULL},
    {"month 0", "2001-00-10", NULL},
    {"day 0", "2001-01-00", NULL},
    {"impossible day of a sentinel's century", "1801-02-30", NULL},
    {"letters", "2001-O9-27", NULL},
    {"a word", "tomorrow", NULL},
    {"too short", "2001-9-27", NULL},
    {"31 April in digits", "20010431", NULL},
    {"31 April with slashes", "31/04/2001", NULL},
    {"something after the date", "2001-09-27x", NULL},
    {"hyphens at other places", "20010-9-27", NULL},
};

static void date_is_read(void **state)
{
    const struct date_case *c = *state;
    decoded d = {0};

    decode_field_text(&d, "ADMIDATE", c->text);
    assert_int_equal(d.info.rows_read, 2);
    if (c->expected) {
        assert_int_equal(d.n, 2);
        for (size_t i = 0; i < d.n; i++) {
            char text[11];

            hst_date_format(hst_day_to_date(d.episodes[i]->admidate), text);
            assert_string_equal(text, c->expected);
        }
        assert_int_equal(d.info.noticed[HST_NOTICE_NO_ADMIDATE], c->expected[0] ? 0 : 2);
    } else {
        assert_int_equal(d.n, 0);
        assert_int_equal(d.info.rejected[HST_REASON_MALFORMED_DATE], 2);
        assert_int_equal(d.info.first_line[HST_REASON_MALFORMED_DATE], 2);
        assert_string_equal(d.info.first_column[HST_REASON_MALFORMED_DATE], "ADMIDATE");
    }
    decoded_clear(&d);
}

#define AT(member) offsetof(hst_episode, member), sizeof((hst_episode *)0)->member

static struct value_case {
    const char *name, *column, *text;
    size_t offset, size;
    uint64_t expected;
    hst_reason reason;
    unsigned n_unknown; /* in each row */
} value_cases[] = {
    {"age", "STARTAGE", "73", AT(startage), 73, 0, 0},
    {"age as a decimal", "STARTAGE", "54.0", AT(startage), 54, 0, 0},
    {"age of less than a day", "STARTAGE", "7001", AT(startage), 0, 0, 0},
    {"age of less than a day as a decimal", "STARTAGE", "7001.0", AT(startage), 0, 0, 0},
    {"age of less than a year", "STARTAGE", "7007", AT(startage), 0, 0, 0},
    {"age 0", "STARTAGE", "0", AT(startage), 0, 0, 0},
    {"age of one digit", "STARTAGE", "7", AT(startage), 7, 0, 0},
    {"age 119", "STARTAGE", "119", AT(startage), 119, 0, 0},
    {"age 120 and over", "STARTAGE", "120", AT(startage), 120, 0, 0},
    {"age over 120", "STARTAGE", "121", AT(startage), 120, 0, 0},
    {"age unknown", "STARTAGE", "999", AT(startage), HST_AGE_MISSING, 0, 0},
    {"age empty", "STARTAGE", "", AT(startage), HST_AGE_MISSING, 0, 0},
    {"age NULL", "STARTAGE", "NULL", AT(startage), HST_AGE_MISSING, 0, 0},
    {"age that no rule knows", "STARTAGE", "7008", AT(startage), HST_AGE_MISSING, 0, 1},
    {"age of letters", "STARTAGE", "abc", AT(startage), 0, HST_REASON_MALFORMED_NUMBER, 0},
    {"age with a fraction", "STARTAGE", "33.5", AT(startage), 0, HST_REASON_MALFORMED_NUMBER, 0},
    {"age below zero", "STARTAGE", "-1", AT(startage), 0, HST_REASON_MALFORMED_NUMBER, 0},
    {"order", "EPIORDER", "2", AT(epiorder), 2, 0, 0},
    {"order as a decimal", "EPIORDER", "12.0", AT(epiorder), 12, 0, 0},
    {"order not applicable", "EPIORDER", "98", AT(epiorder), 98, 0, 0},
    {"order unknown", "EPIORDER", "99", AT(epiorder), 99, 0, 0},
    {"order null", "EPIORDER", "", AT(epiorder), 0, 0, 0},
    {"order outside its range", "EPIORDER", "88", AT(epiorder), 88, 0, 1},
    {"order of three digits", "EPIORDER", "100", AT(epiorder), 0, 0, 1},
    {"order of letters", "EPIORDER", "one", AT(epiorder), 0, HST_REASON_MALFORMED_NUMBER, 0},
    {"key of 19 digits", "EPIKEY", "5137001257631234567", AT(record_key), 5137001257631234567u, 0,
     0},
    {"key over signed 64 bits", "EPIKEY", "9999999999999999999", AT(record_key),
     9999999999999999999u, 0, 0},
    {"key as a decimal", "EPIKEY", "513700125763.0", AT(record_key), 513700125763u, 0, 0},
    {"key in quotes with blanks", "EPIKEY", " \"513700125763\" ", AT(record_key), 513700125763u, 0,
     0},
    {"short key of 2001/02 completed", "EPIKEY", "1234567", AT(record_key), 101001234567u, 0, 0},
    {"short key of eight digits", "EPIKEY", "12345678", AT(record_key), 101012345678u, 0, 0},
    {"no key", "EPIKEY", "", AT(record_key), 0, HST_REASON_NO_RECORD_KEY, 0},
    {"key 0", "EPIKEY", "0", AT(record_key), 0, HST_REASON_NO_RECORD_KEY, 0},
    {"key NULL", "EPIKEY", "NULL", AT(record_key), 0, HST_REASON_NO_RECORD_KEY, 0},
    {"key of letters", "EPIKEY", "51370012576A", AT(record_key), 0, HST_REASON_MALFORMED_NUMBER, 0},
    {"key that lost its digits", "EPIKEY", "5.137E+11", AT(record_key), 0,
     HST_REASON_MALFORMED_NUMBER, 0},
    {"key over 64 bits", "EPIKEY", "99999999999999999999", AT(record_key), 0,
     HST_REASON_MALFORMED_NUMBER, 0},
    {"method with a letter", "ADMIMETH", "2a", AT(admimeth), HST_CODE2('2', 'A'), 0, 0},
    {"method recoded to 66", "ADMIMETH", "66", AT(admimeth), HST_CODE2('2', 'A'), 0, 0},
    {"method recoded to 67", "ADMIMETH", "67", AT(admimeth), HST_CODE2('2', 'B'), 0, 0},
    {"method recoded to 68", "ADMIMETH", "68", AT(admimeth), HST_CODE2('2', 'C'), 0, 0},
    {"method recoded to 69", "ADMIMETH", "69", AT(admimeth), HST_CODE2('2', 'D'), 0, 0},
    {"method as a decimal", "ADMIMETH", "21.0", AT(admimeth), HST_CODE2('2', '1'), 0, 0},
    {"method empty", "ADMIMETH", "", AT(admimeth), 0, 0, 0},
    {"method outside its list", "ADMIMETH", "77", AT(admimeth), HST_CODE2('7', '7'), 0, 1},
    {"method of one digit is padded", "ADMIMETH", "1", AT(admimeth), HST_CODE2('0', '1'), 0, 1},
    {"method too long", "ADMIMETH", "213", AT(admimeth), 0, HST_REASON_MALFORMED_CODE, 0},
    {"source with blanks", "ADMISORC", " 51 ", AT(admisorc), HST_CODE2('5', '1'), 0, 0},
    {"destination unknown", "DISDEST", "99", AT(disdest), HST_CODE2('9', '9'), 0, 0},
    {"66 is a destination of its own", "DISDEST", "66", AT(disdest), HST_CODE2('6', '6'), 0, 0},
    {"class as a decimal", "CLASSPAT", "2.0", AT(classpat), '2', 0, 0},
    {"class with a nought before it", "CLASSPAT", "02", AT(classpat), '2', 0, 0},
    {"class outside its list", "CLASSPAT", "7", AT(classpat), '7', 0, 1},
    {"class too long", "CLASSPAT", "12", AT(classpat), 0, HST_REASON_MALFORMED_CODE, 0},
    {"sex not known since 2022", "SEX", "x", AT(sex), 'X', 0, 0},
    {"status in quotes", "EPISTAT", "\"3\"", AT(epistat), '3', 0, 0},
    {"ethnic group not known", "ETHNOS", "99", AT(ethnos), 'X', 0, 0},
    {"ethnic group of the old scheme", "ETHNOS", "0", AT(ethnos), '0', 0, 0},
    {"discharge method empty", "DISMETH", "", AT(dismeth), 0, 0, 0},
    {"decile", "IMD04_DECILE", "3", AT(imd_decile), 3, 0, 0},
    {"decile as a decimal", "IMD04_DECILE", "10.0", AT(imd_decile), 10, 0, 0},
    {"most deprived tenth in words", "IMD04_DECILE", "Most deprived 10%", AT(imd_decile), 1, 0, 0},
    {"second tenth in words", "IMD04_DECILE", "More deprived 10-20%", AT(imd_decile), 2, 0, 0},
    {"fifth tenth in words", "IMD04_DECILE", "More deprived 40-50%", AT(imd_decile), 5, 0, 0},
    {"sixth tenth in words", "IMD04_DECILE", "Less deprived 40-50%", AT(imd_decile), 6, 0, 0},
    {"least deprived tenth in words", "IMD04_DECILE", "Least deprived 10%", AT(imd_decile), 10, 0,
     0},
    {"decile that is none", "IMD04_DECILE", "17", AT(imd_decile), 0, 0, 0},
    {"spell number absent", "PROVSPNO", "", AT(spell_number), 0, 0, 0},
    {"unspellable", "SUSSPELLID", "-1", AT(sus_spell), 0, 0, 0},
    {"spell identifier null", "SUSSPELLID", "null", AT(sus_spell), 0, 0, 0},
    {"last of its spell", "SPELEND", "1", AT(flags),
     HST_EPISODE_SPELEND | HST_EPISODE_FLAGS_GIVEN | HST_EPISODE_FCE | HST_EPISODE_FAE, 0, 0},
    {"not the last of its spell", "SPELEND", "N", AT(flags),
     HST_EPISODE_FLAGS_GIVEN | HST_EPISODE_FCE | HST_EPISODE_FAE, 0, 0},
    {"flagged as a duplicate", "DUPLICATE_FLAG", "1", AT(flags),
     HST_EPISODE_SPELEND | HST_EPISODE_FLAGS_GIVEN | HST_EPISODE_FCE | HST_EPISODE_FAE |
         HST_EPISODE_DUPLICATE_FLAG,
     0, 0},
    {"flag that is none", "DUPLICATE_FLAG", "maybe", AT(flags),
     HST_EPISODE_SPELEND | HST_EPISODE_FLAGS_GIVEN | HST_EPISODE_FCE | HST_EPISODE_FAE, 0, 1},
    {"cut that is none", "PARTYEAR", "2001/02", AT(startage), 73, 0, 1},
};

static void value_is_read(void **state)
{
    const struct value_case *c = *state;
    decoded d = {0};

    decode_field_text(&d, c->column, c->text);
    assert_int_equal(d.info.rows_read, 2);
    assert_int_equal(d.info.noticed[HST_NOTICE_UNKNOWN_CODE], 2 * c->n_unknown);
    if (c->reason == HST_REASON_NONE) {
        assert_int_equal(d.n, 2);
        for (size_t i = 0; i < d.n; i++) {
            uint64_t value = 0;

            memcpy(&value, (const char *)d.episodes[i] + c->offset, c->size);
            assert_int_equal(value, c->expected);
        }
        assert_int_equal(d.info.noticed[HST_NOTICE_NO_AGE],
                         d.episodes[0]->startage == HST_AGE_MISSING ? 2 : 0);
    } else {
        assert_int_equal(d.n, 0);
        assert_int_equal(d.info.rejected[c->reason], 2);
        assert_int_equal(d.info.first_line[c->reason], 2);
        assert_string_equal(d.info.first_column[c->reason], c->column);
    }
    decoded_clear(&d);
}

static struct code_case {
    const char *name, *column, *text;
    const char *expected; /* NULL: malformed */
} code_cases[] = {
    {"diagnosis", "DIAG_01", "E119", "E119"},
    {"diagnosis with a dot", "DIAG_01", "E11.9", "E119"},
    {"diagnosis in lower case", "DIAG_01", "e119", "E119"},
    {"diagnosis with a filler", "DIAG_01", "I10X", "I10X"},
    {"diagnosis with fifth digit", "DIAG_01", "M0580", "M0580"},
    {"diagnosis with an asterisk", "DIAG_01", "G632*", "G632"},
    {"diagnosis with fifth character no digit", "DIAG_01", "E119D", "E119"},
    {"unknown diagnosis, null submitted", "DIAG_01", "R69X6", "R69X"},
    {"diagnosis of three characters", "DIAG_01", "R69", "R69"},
    {"diagnosis of digits", "DIAG_01", "999", "999"},
    {"diagnosis with blanks inside", "DIAG_01", "E11 9", "E119"},
    {"no diagnosis", "DIAG_01", "-", ""},
    {"no diagnosis, padded", "DIAG_01", "-   ", ""},
    {"diagnosis not known", "DIAG_01", "&", ""},
    {"diagnosis null", "DIAG_01", "NULL", ""},
    {"text too long for a diagnosis", "DIAG_01", "E119E119E119E119", NULL},
    {"operation", "OPERTN_01", "X352", "X352"},
    {"operation with a dot", "OPERTN_01", "x35.2", "X352"},
    {"no operation", "OPERTN_01", "-", ""},
    {"no operation, padded to 3", "OPERTN_01", "-  ", ""},
    {"no operation, padded to 4", "OPERTN_01", "-   ", ""},
    {"operation not known, padded", "OPERTN_01", "&  ", ""},
    {"operation not known, with a tab", "OPERTN_01", "&\t ", ""},
    {"junk stays as it is", "OPERTN_01", "9  ", "9"},
    {"junk of letters", "OPERTN_01", "AU0", "AU0"},
    {"provider", "PROCODE3", "RWE", "RWE"},
    {"provider with site", "PROCODE3", "RWE00", "RWE"},
    {"provider with a hyphen", "PROCODE3", "RXF-X", "RXF"},
    {"provider of the independent sector", "PROCODE3", "NT301", "NT301"},
    {"old provider of the independent sector", "PROCODE3", "8HA07", "8HA07"},
    {"provider without a code", "PROCODE3", "89997", "89997"},
    {"provider in lower case", "PROCODE3", "rwe", "RWE"},
    {"cleaned provider comes first", "PROCODET", "RTD", "RTD"},
    {"empty cleaned provider is passed over", "PROCODET", "", "RWE"},
    {"null cleaned provider is passed over", "PROCODET", "NULL", "RWE"},
    {"area", "RESPCT_HIS", "5J6", "5J6"},
    {"area padded to 5", "RESPCT_HIS", "5J600", "5J6"},
    {"area in lower case with blanks", "RESPCT_HIS", " 5j6 ", "5J6"},
    {"area unknown", "RESPCT_HIS", "59999", "59999"},
    {"area not England", "RESPCT_HIS", "59898", "59898"},
    {"area 59900 keeps its noughts", "RESPCT_HIS", "59900", "59900"},
    {"care trust", "RESPCT_HIS", "TAC00", "TAC"},
    {"ONS code", "RESPCT_HIS", "E01031043", "E01031043"},
    {"nine characters that are no ONS code", "RESPCT_HIS", "E0103104X", "E0103104X"},
    {"seven characters", "RESPCT_HIS", "ABCDEFG", "ABCDEFG"},
    {"fifteen characters", "RESPCT_HIS", "ABCDEFGHIJKLMNO", "ABCDEFGHIJKLMNO"},
    {"area too long", "RESPCT_HIS", "ABCDEFGHIJKLMNOP", NULL},
    {"area in quotes", "RESPCT_HIS", "\"5J6\"", "5J6"},
    {"area empty", "RESPCT_HIS", "", ""},
    {"specialty not known stays a code", "MAINSPEF", "&", "&"},
    {"specialty as a decimal", "TRETSPEF", "307.0", "307"},
    {"practice not registered", "GPPRAC", "V81997", "V81997"},
    {"practice not known stays a code", "GPPRAC", "&", "&"},
    {"practice of eight characters", "GPPRAC", "m84031ab", "M84031AB"},
};

static const char *decoded_code(const decoded *d, const hst_episode *episode, const char *column)
{
    unsigned dictionary = HST_DICT_PROVIDER;
    size_t number = episode->provider;

    if (strcmp(column, "RESPCT_HIS") == 0) {
        return word_text(d, episode, 0);
    }
    if (strcmp(column, "DIAG_01") == 0) {
        return episode->n_diagnoses > 0 ? word_text(d, episode, 1) : "";
    }
    if (strcmp(column, "OPERTN_01") == 0) {
        return episode->n_procedures > 0 ? word_text(d, episode, 1u + episode->n_diagnoses) : "";
    }
    if (strcmp(column, "GPPRAC") == 0) {
        dictionary = HST_DICT_GP_PRACTICE;
        number = episode->gp_practice;
    } else if (strcmp(column, "MAINSPEF") == 0 || strcmp(column, "TRETSPEF") == 0) {
        dictionary = HST_DICT_SPECIALTY;
        number = column[0] == 'M' ? episode->mainspef : episode->tretspef;
    }
    return hst_segment_code(d->segment, dictionary, number);
}

static void code_is_cleaned(void **state)
{
    const struct code_case *c = *state;
    decoded d = {0};

    decode_field_text(&d, c->column, c->text);
    assert_int_equal(d.info.rows_read, 2);
    if (c->expected) {
        assert_int_equal(d.n, 2);
        for (size_t i = 0; i < d.n; i++) {
            assert_string_equal(decoded_code(&d, d.episodes[i], c->column), c->expected);
        }
    } else {
        assert_int_equal(d.info.rejected[HST_REASON_MALFORMED_CODE], 2);
        assert_string_equal(d.info.first_column[HST_REASON_MALFORMED_CODE], c->column);
    }
    decoded_clear(&d);
}

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
    struct CMUnitTest tests[MAX_CASES] = {
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
    size_t n = 13;

    for (size_t i = 0; i < sizeof date_cases / sizeof date_cases[0]; i++) {
        tests[n++] = (struct CMUnitTest){
            .name = date_cases[i].name, .test_func = date_is_read, .initial_state = &date_cases[i]};
    }
    for (size_t i = 0; i < sizeof value_cases / sizeof value_cases[0]; i++) {
        tests[n++] = (struct CMUnitTest){.name = value_cases[i].name,
                                         .test_func = value_is_read,
                                         .initial_state = &value_cases[i]};
    }
    for (size_t i = 0; i < sizeof code_cases / sizeof code_cases[0]; i++) {
        tests[n++] = (struct CMUnitTest){.name = code_cases[i].name,
                                         .test_func = code_is_cleaned,
                                         .initial_state = &code_cases[i]};
    }
    return _cmocka_run_group_tests("decode", tests, n, NULL, NULL);
}
