/* Outpatient appointments and A&E attendances to records, one field at a time: every way to write
 * it, and what becomes of it. */
#define _XOPEN_SOURCE 700 /* nftw */

#include "tests/ingest/extract_support.h"

/* All columns that the cases write to, with the value of a good row. */
typedef struct column {
    const char *name, *text;
} column;

static const column op_columns[] = {
    {"ATTENDKEY", "584044874074"},
    {"PSEUDO_HESID", "aB3"},
    {"APPTDATE", "2003-11-17"},
    {"ATTENDED", "5"},
    {"FIRSTATT", "1"},
    {"TRETSPEF", "307"},
    {"MAINSPEF", "300"},
    {"SEX", "2"},
    {"APPTAGE", "54.0"},
    {"PROCODE3", "RWE"},
    {"RESPCT_HIS", "5J6"},
    {"FYEAR", "0304"},
    {"GPPRAC", "M84031"},
    {"ETHNOS", "A"},
    {"SUBDATE", ""},
    {"DUPLICATE_FLAG", ""},
    {"IMD04_DECILE", ""},
    {"DIAG_4_01", "E119"},
    {NULL, NULL},
};

static const column ae_columns[] = {
    {"AEKEY", "584044874075"},
    {"PSEUDO_HESID", "aB3"},
    {"ARRIVALDATE", "2008-11-17"},
    {"ARRIVALTIME", "0016"},
    {"AEATTENDCAT", "1"},
    {"AEDEPTTYPE", "01"},
    {"AEATTENDDISP", "03"},
    {"SEX", "1"},
    {"ARRIVALAGE", "7001.0"},
    {"PROCODE3", "RWE"},
    {"RESPCT_HIS", "5J6"},
    {"FYEAR", "0809"},
    {"DIAG2_01", "30"},
    {"DIAG2_02", "21"},
    {"TREAT2_01", "12"},
    {"EPIKEY", "513700125763"},
    {NULL, NULL},
};

/* Two equal rows with one field changed: the second finds the text remembered. */
static void decode_field_text(decoded *out, hst_dataset dataset, const char *changed,
                              const char *value)
{
    const column *columns = dataset == HST_DATASET_OP ? op_columns : ae_columns;
    char text[4096];
    size_t n = 0;

    for (const column *c = columns; c->name; c++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", c == columns ? "" : "|", c->name);
    }
    for (size_t row = 0; row < 2; row++) {
        for (const column *c = columns; c->name; c++) {
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", c == columns ? "\n" : "|",
                                  strcmp(c->name, changed) == 0 ? value : c->text);
        }
    }
    snprintf(text + n, sizeof text - n, "\n");
    decode_text_of(out, dataset, text);
}

#define OP HST_DATASET_OP
#define AE HST_DATASET_AE

#define AT(MEMBER) offsetof(hst_episode, MEMBER), sizeof(((hst_episode *)0)->MEMBER)

static struct value_case {
    const char *name;
    hst_dataset dataset;
    const char *column, *text;
    size_t at, bytes;
    uint64_t expected;
    hst_reason reason;
    unsigned n_unknown; /* of one row */
} value_cases[] = {
    {"op: key", OP, "ATTENDKEY", "584044874074", AT(record_key), 584044874074, 0, 0},
    {"op: key of 19 digits", OP, "ATTENDKEY", "5840448740741234567", AT(record_key),
     5840448740741234567u, 0, 0},
    {"op: short key completed", OP, "ATTENDKEY", "1234567", AT(record_key), 303001234567u, 0, 0},
    {"op: no key", OP, "ATTENDKEY", "", AT(record_key), 0, HST_REASON_NO_RECORD_KEY, 0},
    {"op: appointment", OP, "APPTDATE", "2003-11-17", AT(admidate), 26984, 0, 0},
    {"op: begins on its day", OP, "APPTDATE", "20031117", AT(epistart), 26984, 0, 0},
    {"op: ends on its day", OP, "APPTDATE", "17/11/2003", AT(epiend), 26984, 0, 0},
    {"op: no discharge", OP, "APPTDATE", "2003-11-17", AT(disdate), 0, 0, 0},
    {"op: sentinel", OP, "APPTDATE", "18000101", AT(admidate), 0, 0, 0},
    {"op: malformed date", OP, "APPTDATE", "2003-02-30", AT(admidate), 0, HST_REASON_MALFORMED_DATE,
     0},
    {"op: attended", OP, "ATTENDED", "6", AT(classpat), '6', 0, 0},
    {"op: attended of two digits", OP, "ATTENDED", "05", AT(classpat), '5', 0, 0},
    {"op: attended as a decimal", OP, "ATTENDED", "5.0", AT(classpat), '5', 0, 0},
    {"op: attended outside its list", OP, "ATTENDED", "8", AT(classpat), '8', 0, 1},
    {"op: first attendance unknown", OP, "FIRSTATT", "x", AT(epitype), 'X', 0, 0},
    {"op: first attendance outside its list", OP, "FIRSTATT", "5", AT(epitype), '5', 0, 1},
    {"op: finished", OP, "", "", AT(epistat), '3', 0, 0},
    {"op: age with a point", OP, "APPTAGE", "54.0", AT(startage), 54, 0, 0},
    {"op: infant", OP, "APPTAGE", "7003.0", AT(startage), 0, 0, 0},
    {"op: no age", OP, "APPTAGE", "", AT(startage), HST_AGE_MISSING, 0, 0},
    {"op: malformed age", OP, "APPTAGE", "old", AT(startage), 0, HST_REASON_MALFORMED_NUMBER, 0},
    {"op: ethnic category not known", OP, "ETHNOS", "99", AT(ethnos), 'X', 0, 0},
    {"op: decile", OP, "IMD04_DECILE", "Most deprived 10%", AT(imd_decile), 1, 0, 0},
    {"op: submission", OP, "SUBDATE", "2003-11-18", AT(subdate), 26985, 0, 0},
    {"op: duplicate flag", OP, "DUPLICATE_FLAG", "Y", AT(flags), HST_EPISODE_DUPLICATE_FLAG, 0, 0},
    {"op: no diagnosis is kept", OP, "DIAG_4_01", "E119", AT(n_words), 1, 0, 0},
    {"op: nothing to complete", OP, "", "", AT(completeness), 0, 0, 0},
    {"op: no time", OP, "", "", AT(spell_number), 0, 0, 0},

    {"ae: short key completed", AE, "AEKEY", "1234567", AT(record_key), 208001234567u, 0, 0},
    {"ae: key", AE, "AEKEY", "584044874075.0", AT(record_key), 584044874075, 0, 0},
    {"ae: arrival", AE, "ARRIVALDATE", "2008-11-17 00:00:00", AT(admidate), 28811, 0, 0},
    {"ae: ends on its day", AE, "", "", AT(epiend), 28811, 0, 0},
    {"ae: no date", AE, "ARRIVALDATE", "1801-01-01", AT(epistart), 0, 0, 0},
    {"ae: category", AE, "AEATTENDCAT", "3", AT(classpat), '3', 0, 0},
    {"ae: category outside its list", AE, "AEATTENDCAT", "4", AT(classpat), '4', 0, 1},
    {"ae: department", AE, "AEDEPTTYPE", "03", AT(admimeth), HST_CODE2('0', '3'), 0, 0},
    {"ae: department of one digit", AE, "AEDEPTTYPE", "2", AT(admimeth), HST_CODE2('0', '2'), 0, 0},
    {"ae: department as a decimal", AE, "AEDEPTTYPE", "2.0", AT(admimeth), HST_CODE2('0', '2'), 0,
     0},
    {"ae: department outside its list", AE, "AEDEPTTYPE", "67", AT(admimeth), HST_CODE2('6', '7'),
     0, 1},
    {"ae: department too long", AE, "AEDEPTTYPE", "001", AT(admimeth), 0, HST_REASON_MALFORMED_CODE,
     0},
    {"ae: disposal", AE, "AEATTENDDISP", "1", AT(disdest), HST_CODE2('0', '1'), 0, 0},
    {"ae: disposal outside its list", AE, "AEATTENDDISP", "08", AT(disdest), HST_CODE2('0', '8'), 0,
     1},
    {"ae: time", AE, "ARRIVALTIME", "1437", AT(spell_number), 1 + 14 * 60 + 37, 0, 0},
    {"ae: midnight", AE, "ARRIVALTIME", "0000", AT(spell_number), 1, 0, 0},
    {"ae: last minute", AE, "ARRIVALTIME", "2359", AT(spell_number), 1440, 0, 0},
    {"ae: time as a number", AE, "ARRIVALTIME", "16", AT(spell_number), 17, 0, 0},
    {"ae: time as a decimal", AE, "ARRIVALTIME", "16.0", AT(spell_number), 17, 0, 0},
    {"ae: time with colons", AE, "ARRIVALTIME", "14:37:59", AT(spell_number), 878, 0, 0},
    {"ae: time with a colon", AE, "ARRIVALTIME", " 14:37 ", AT(spell_number), 878, 0, 0},
    {"ae: invalid time", AE, "ARRIVALTIME", "3000", AT(spell_number), 0, 0, 0},
    {"ae: null time", AE, "ARRIVALTIME", "4000", AT(spell_number), 0, 0, 0},
    {"ae: no time", AE, "ARRIVALTIME", "NULL", AT(spell_number), 0, 0, 0},
    {"ae: hour 24", AE, "ARRIVALTIME", "2400", AT(spell_number), 0, 0, 1},
    {"ae: minute 60", AE, "ARRIVALTIME", "1160", AT(spell_number), 0, 0, 1},
    {"ae: time in words", AE, "ARRIVALTIME", "noon", AT(spell_number), 0,
     HST_REASON_MALFORMED_NUMBER, 0},
    {"ae: time of letters", AE, "ARRIVALTIME", "1a:37", AT(spell_number), 0,
     HST_REASON_MALFORMED_NUMBER, 0},
    {"ae: infant", AE, "ARRIVALAGE", "7001.0", AT(startage), 0, 0, 0},
    {"ae: over 120", AE, "ARRIVALAGE", "120", AT(startage), 120, 0, 0},
    {"ae: no position", AE, "", "", AT(epiorder), 0, 0, 0},
    {"ae: nothing to complete", AE, "", "", AT(completeness), 0, 0, 0},
    {"ae: one diagnosis", AE, "", "", AT(n_diagnoses), 1, 0, 0},
    {"ae: one treatment", AE, "", "", AT(n_procedures), 1, 0, 0},
    {"ae: no diagnosis", AE, "DIAG2_01", "", AT(n_words), 2, 0, 0},
};

static void value_is_read(void **state)
{
    const struct value_case *c = *state;
    decoded d = {0};

    decode_field_text(&d, c->dataset, c->column, c->text);
    assert_int_equal(d.info.dataset, c->dataset);
    assert_int_equal(d.info.noticed[HST_NOTICE_UNKNOWN_CODE], 2 * c->n_unknown);
    if (c->reason != HST_REASON_NONE) {
        assert_int_equal(d.info.rejected[c->reason], 2);
        assert_string_equal(d.info.first_column[c->reason], c->column);
    }
    assert_int_equal(d.n, c->reason == HST_REASON_NONE ? 2 : 0);
    for (size_t i = 0; i < d.n; i++) {
        uint64_t value = 0;

        memcpy(&value, (const char *)d.episodes[i] + c->at, c->bytes);
        assert_int_equal(value, c->expected);
    }
    decoded_clear(&d);
}

static void codes_are_in_the_dictionaries(void **state)
{
    decoded d = {0};

    (void)state;
    decode_field_text(&d, HST_DATASET_AE, "", "");
    assert_string_equal(word_text(&d, d.episodes[0], 0), "5J6");
    assert_string_equal(word_text(&d, d.episodes[0], 1), "30");
    assert_string_equal(word_text(&d, d.episodes[0], 2), "12");
    assert_int_equal(d.info.n_diagnosis_columns, 1);
    assert_false(d.info.three_character_diagnoses);
    decoded_clear(&d);
    decode_field_text(&d, HST_DATASET_OP, "MAINSPEF", "302");
    assert_string_equal(hst_segment_code(d.segment, HST_DICT_SPECIALTY, d.episodes[0]->mainspef),
                        "302");
    assert_string_equal(hst_segment_code(d.segment, HST_DICT_SPECIALTY, d.episodes[0]->tretspef),
                        "307");
    assert_string_equal(hst_segment_code(d.segment, HST_DICT_PROVIDER, d.episodes[0]->provider),
                        "RWE");
    assert_string_equal(
        hst_segment_code(d.segment, HST_DICT_GP_PRACTICE, d.episodes[0]->gp_practice), "M84031");
    assert_int_equal(d.info.n_diagnosis_columns, 0);
    decoded_clear(&d);
}

enum { N_VALUES = sizeof value_cases / sizeof value_cases[0] };

int main(void)
{
    struct CMUnitTest tests[1 + N_VALUES] = {cmocka_unit_test(codes_are_in_the_dictionaries)};
    size_t n = 1;

    for (size_t i = 0; i < N_VALUES; i++) {
        tests[n++] = (struct CMUnitTest){.name = value_cases[i].name,
                                         .test_func = value_is_read,
                                         .initial_state = &value_cases[i]};
    }
    return cmocka_run_group_tests_name("attendance_fields", tests, NULL, NULL);
}
