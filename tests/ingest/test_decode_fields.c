/* Records to episodes, one field at a time: every way to write a date, a number or a code, and what
 * becomes of it. */
#define _XOPEN_SOURCE 700 /* nftw */

#include "tests/ingest/extract_support.h"

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

enum {
    N_DATES = sizeof date_cases / sizeof date_cases[0],
    N_VALUES = sizeof value_cases / sizeof value_cases[0],
    N_CODES = sizeof code_cases / sizeof code_cases[0]
};

int main(void)
{
    struct CMUnitTest tests[N_DATES + N_VALUES + N_CODES];
    size_t n = 0;

    for (size_t i = 0; i < N_DATES; i++) {
        tests[n++] = (struct CMUnitTest){
            .name = date_cases[i].name, .test_func = date_is_read, .initial_state = &date_cases[i]};
    }
    for (size_t i = 0; i < N_VALUES; i++) {
        tests[n++] = (struct CMUnitTest){.name = value_cases[i].name,
                                         .test_func = value_is_read,
                                         .initial_state = &value_cases[i]};
    }
    for (size_t i = 0; i < N_CODES; i++) {
        tests[n++] = (struct CMUnitTest){.name = code_cases[i].name,
                                         .test_func = code_is_cleaned,
                                         .initial_state = &code_cases[i]};
    }
    return cmocka_run_group_tests_name("decode_fields", tests, NULL, NULL);
}
