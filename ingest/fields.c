/* The fields of HES that hestia keeps: one row each, with the names that deliveries of different
 * years and makers give them (domain of APC, OP and AE; NHS Digital HES Technical Output
 * Specification v1.15). A name with _DERIVED or _DV after it is found too, and preferred. */
#include <string.h>

#include "ingest/extract_internal.h"

#define EMERGENCY_METHODS "21 22 23 24 25 28 2A 2B 2C 2D"

/* Fields that all data sets have. */
#define COMMON_FIELDS                                                                              \
    [HST_FIELD_FYEAR] = {"FYEAR", "", HST_KIND_FYEAR, false, NULL},                                \
    [HST_FIELD_PARTYEAR] = {"PARTYEAR", "", HST_KIND_PARTYEAR, false, NULL},                       \
    [HST_FIELD_SEX] = {"SEX", "", HST_KIND_CODE1, true, "0 1 2 3 9 X"},                            \
    [HST_FIELD_PROCODET] = {"PROCODET", "", HST_KIND_PROVIDER, false, NULL},                       \
    [HST_FIELD_PROCODE3] = {"PROCODE3", "", HST_KIND_PROVIDER, false, NULL},                       \
    [HST_FIELD_PROCODE] = {"PROCODE", "PROCODE5", HST_KIND_PROVIDER, false, NULL},                 \
    [HST_FIELD_GPPRAC] = {"GPPRAC", "", HST_KIND_GP_PRACTICE, false, NULL},                        \
    [HST_FIELD_ETHNOS] = {"ETHNOS", "", HST_KIND_CODE1, false,                                     \
                          "A B C D E F G H J K L M N P R S X Z 0 1 2 3 4 5 6 7 8 9"},              \
    [HST_FIELD_IMD_DECILE] = {"IMD04_DECILE", "", HST_KIND_IMD_DECILE, false, NULL},               \
    [HST_FIELD_IMD_RANK] = {"IMD04RK", "", HST_KIND_IMD_RANK, false, NULL},                        \
    [HST_FIELD_DUPLICATE_FLAG] = {"DUPLICATE_FLAG", "", HST_KIND_FLAG, false, NULL},               \
    [HST_FIELD_SUBDATE] = {"SUBDATE", "SUSLDDATE CDSEXTDATE", HST_KIND_DATE, false, NULL}

static const hst_field apc_fields[HST_N_FIELDS] = {
    COMMON_FIELDS,
    [HST_FIELD_KEY] = {"EPIKEY", "", HST_KIND_KEY, true, NULL},
    [HST_FIELD_ADMIDATE] = {"ADMIDATE", "", HST_KIND_DATE, true, NULL},
    [HST_FIELD_DISDATE] = {"DISDATE", "", HST_KIND_DATE, true, NULL},
    [HST_FIELD_EPISTART] = {"EPISTART", "", HST_KIND_DATE, true, NULL},
    [HST_FIELD_EPIEND] = {"EPIEND", "", HST_KIND_DATE, true, NULL},
    [HST_FIELD_EPIORDER] = {"EPIORDER", "", HST_KIND_ORDER, true, NULL},
    [HST_FIELD_EPISTAT] = {"EPISTAT", "", HST_KIND_CODE1, true, "1 3 9"},
    [HST_FIELD_EPITYPE] = {"EPITYPE", "", HST_KIND_CODE1, true, "1 2 3 4 5 6"},
    [HST_FIELD_CLASSPAT] = {"CLASSPAT", "", HST_KIND_CODE1, true, "1 2 3 4 5 8 9"},
    [HST_FIELD_ADMIMETH] = {"ADMIMETH", "", HST_KIND_CODE2, true,
                            "11 12 13 " EMERGENCY_METHODS " 31 32 81 82 83 84 89 98 99"},
    [HST_FIELD_ADMISORC] = {"ADMISORC", "", HST_KIND_CODE2, true,
                            "19 29 30 37 38 39 40 41 42 48 49 50 51 52 53 54 55 56 65 66 69 79 85 "
                            "86 87 88 89 98 99"},
    [HST_FIELD_DISDEST] = {"DISDEST", "", HST_KIND_CODE2, true,
                           "19 29 30 37 38 39 40 42 48 49 50 51 52 53 54 55 56 65 66 79 84 85 87 "
                           "88 89 98 99"},
    [HST_FIELD_DISMETH] = {"DISMETH", "", HST_KIND_CODE1, false, "1 2 3 4 5 6 7 8 9"},
    [HST_FIELD_STARTAGE] = {"STARTAGE", "", HST_KIND_AGE, true, NULL},
    [HST_FIELD_MAINSPEF] = {"MAINSPEF", "", HST_KIND_SPECIALTY, false, NULL},
    [HST_FIELD_TRETSPEF] = {"TRETSPEF", "", HST_KIND_SPECIALTY, false, NULL},
    [HST_FIELD_SITETRET] = {"SITETRET", "", HST_KIND_FILLED, false, NULL},
    [HST_FIELD_FCE] = {"FCE", "", HST_KIND_FLAG, false, NULL},
    [HST_FIELD_FAE] = {"FAE", "", HST_KIND_FLAG, false, NULL},
    [HST_FIELD_FAE_EMERGENCY] = {"FAE_EMERGENCY", "", HST_KIND_FLAG, false, NULL},
    [HST_FIELD_SPELEND] = {"SPELEND", "", HST_KIND_FLAG, false, NULL},
    [HST_FIELD_PROVSPNOPS] = {"PROVSPNOPS", "PROVSPNO", HST_KIND_HASH, false, NULL},
    [HST_FIELD_SUSSPELLID] = {"SUSSPELLID", "", HST_KIND_HASH, false, NULL},
};

static const hst_field op_fields[HST_N_FIELDS] = {
    COMMON_FIELDS,
    [HST_FIELD_KEY] = {"ATTENDKEY", "", HST_KIND_KEY, true, NULL},
    [HST_FIELD_ADMIDATE] = {"APPTDATE", "", HST_KIND_DATE, true, NULL},
    [HST_FIELD_CLASSPAT] = {"ATTENDED", "", HST_KIND_CODE1, true, "2 3 4 5 6 7 9"},
    [HST_FIELD_EPITYPE] = {"FIRSTATT", "", HST_KIND_CODE1, true, "1 2 3 4 9 X"},
    [HST_FIELD_STARTAGE] = {"APPTAGE", "", HST_KIND_AGE, true, NULL},
    [HST_FIELD_MAINSPEF] = {"MAINSPEF", "", HST_KIND_SPECIALTY, true, NULL},
    [HST_FIELD_TRETSPEF] = {"TRETSPEF", "", HST_KIND_SPECIALTY, true, NULL},
};

static const hst_field ae_fields[HST_N_FIELDS] = {
    COMMON_FIELDS,
    [HST_FIELD_KEY] = {"AEKEY", "", HST_KIND_KEY, true, NULL},
    [HST_FIELD_ADMIDATE] = {"ARRIVALDATE", "", HST_KIND_DATE, true, NULL},
    [HST_FIELD_CLASSPAT] = {"AEATTENDCAT", "", HST_KIND_CODE1, true, "1 2 3 9"},
    [HST_FIELD_ADMIMETH] = {"AEDEPTTYPE", "", HST_KIND_CODE2, true, "01 02 03 04 99"},
    [HST_FIELD_DISDEST] = {"AEATTENDDISP", "", HST_KIND_CODE2, true,
                           "01 02 03 04 05 06 07 10 11 12 13 14 99"},
    [HST_FIELD_STARTAGE] = {"ARRIVALAGE", "", HST_KIND_AGE, true, NULL},
    [HST_FIELD_ARRIVALTIME] = {"ARRIVALTIME", "", HST_KIND_TIME, false, NULL},
};

const hst_field *hst_fields_of(hst_dataset dataset)
{
    return dataset == HST_DATASET_OP   ? op_fields
           : dataset == HST_DATASET_AE ? ae_fields
                                       : apc_fields;
}

const hst_field hst_area_fields[] = {
    {"RESPCT06", "RESPECT06", HST_KIND_AREA, false, NULL},
    {"RESPCT_HIS", "", HST_KIND_AREA, false, NULL},
    {"RESPCT02", "", HST_KIND_AREA, false, NULL},
    {"RESPCT", "", HST_KIND_AREA, false, NULL},
    {"RESLADST_ONS", "", HST_KIND_AREA, false, NULL},
    {"RESLADST", "", HST_KIND_AREA, false, NULL},
    {"LSOA21", "", HST_KIND_AREA, false, NULL},
    {"LSOA11", "", HST_KIND_AREA, false, NULL},
    {"LSOA01", "SOAL", HST_KIND_AREA, false, NULL},
    {"CCG_RESIDENCE", "", HST_KIND_AREA, false, NULL},
    {"STP_RESIDENCE", "", HST_KIND_AREA, false, NULL},
    {"PCTCODE06", "", HST_KIND_AREA, false, NULL},
    {"PCTCODE_HIS", "", HST_KIND_AREA, false, NULL},
    {"PCTCODE02", "", HST_KIND_AREA, false, NULL},
    {"PCTCODE", "", HST_KIND_AREA, false, NULL},
    {"RESGOR", "", HST_KIND_AREA, false, NULL},
    {"RESSTHA_HIS", "", HST_KIND_AREA, false, NULL},
    {"RESSTHA", "", HST_KIND_AREA, false, NULL},
    {"RESCTY_ONS", "", HST_KIND_AREA, false, NULL},
    {"RESCTY", "", HST_KIND_AREA, false, NULL},
};

const size_t hst_n_area_fields = sizeof hst_area_fields / sizeof hst_area_fields[0];

/* Only spellings of one and the same identifier are aliases: two different ones under one name
 * would give every person twice. Others are named by `columns: {person: X}`. */
const hst_field hst_person_fields[HST_N_PERSON_KINDS] = {
    [HST_PERSON_TOKEN] = {"TOKEN_PERSON_ID", "TOKENID", HST_KIND_PERSON, true, NULL},
    [HST_PERSON_PSEUDO] = {"PSEUDO_HESID", "", HST_KIND_PERSON, true, NULL},
    [HST_PERSON_ENCRYPTED] = {"ENCRYPTED_HESID", "", HST_KIND_PERSON, true, NULL},
    [HST_PERSON_HESID] = {"HESID", "", HST_KIND_PERSON, true, NULL},
    [HST_PERSON_STUDY] = {"STUDY_ID", "", HST_KIND_PERSON, true, NULL},
};

bool hst_codes_have(const char *codes, const char *code, size_t length)
{
    const char *p = codes;

    while (*p) {
        size_t n = strcspn(p, " ");

        if (n == length && memcmp(p, code, n) == 0) {
            return true;
        }
        p += n + (p[n] == ' ');
    }
    return false;
}

bool hst_is_person_column(const char *name)
{
    for (size_t i = 0; i < HST_N_PERSON_KINDS; i++) {
        if (hst_field_is_called(&hst_person_fields[i], name)) {
            return true;
        }
    }
    return false;
}

bool hst_field_is_called(const hst_field *field, const char *text)
{
    char name[64];
    size_t n = strlen(text);

    if (!field->name || n >= sizeof name) {
        return false;
    }
    for (size_t i = 0; i <= n; i++) {
        name[i] = (char)(text[i] >= 'a' && text[i] <= 'z' ? text[i] - 'a' + 'A' : text[i]);
    }
    return strcmp(name, field->name) == 0 || hst_codes_have(field->aliases, name, n);
}
