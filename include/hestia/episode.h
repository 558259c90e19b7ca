#ifndef HESTIA_EPISODE_H
#define HESTIA_EPISODE_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "hestia/date.h"

/** Data sets of HES. */
typedef enum hst_dataset {
    HST_DATASET_APC = 1,
    HST_DATASET_OP = 2,
    HST_DATASET_AE = 3
} hst_dataset;

enum {
    HST_N_DATASETS = 4,      /**< arrays by data set have so many places; 0 is unused */
    HST_LONGEST_STAY = 29200 /**< days, of valid values of SPELDUR */
};

/**
 * A date as stored: 1 + days since 1930-01-01, 0 = missing. Sentinels and anything before 1930 are
 * missing (domain rule); a date after 2109 is malformed.
 */
typedef uint16_t hst_day;

enum { HST_DAY_EPOCH = -14610 /* 1930-01-01 as hst_date */, HST_AGE_MISSING = 255 };

static inline hst_date hst_day_to_date(hst_day day)
{
    return day == 0 ? HST_DATE_MISSING : (hst_date)day - 1 + HST_DAY_EPOCH;
}

/** A day as it is stored, the first or last that can be for one before or after; 0 for none. */
static inline hst_day hst_day_of_date(hst_date date)
{
    if (date == HST_DATE_MISSING) {
        return 0;
    }
    if (date < HST_DAY_EPOCH) {
        return 1;
    }
    return date - HST_DAY_EPOCH < UINT16_MAX ? (hst_day)(date - HST_DAY_EPOCH + 1) : UINT16_MAX;
}

/** A one-character code is its ASCII byte, 0 = empty. A two-character code is first + 256 * second,
 * 0 = empty. */
#define HST_CODE2(a, b) ((uint16_t)((unsigned char)(a) | ((unsigned)(unsigned char)(b) << 8)))

enum {
    HST_EPISODE_DUPLICATE_FLAG = 1, /* DUPLICATE_FLAG of the extract is set */
    HST_EPISODE_SPELEND = 2,        /* SPELEND Y or 1 */
    HST_EPISODE_FLAGS_GIVEN = 4,    /* FCE and FAE columns are in the extract */
    HST_EPISODE_FCE = 8,            /* this flag and the next two as the extract gives them */
    HST_EPISODE_FAE = 16,
    HST_EPISODE_FAE_EMERGENCY = 32,
    HST_EPISODE_NO_PERSON =
        64, /* empty person id: a person of its own, `person` made from the record key alone */
};

/**
 * One inpatient episode (one row) as it stands in a segment, little-endian, fields in this order.
 * It is followed by `n_words` 16-bit numbers: the area columns of the segment in its own order,
 * then n_diagnoses diagnoses, then n_procedures procedures (positions kept: an empty position
 * before a filled one is 0, trailing empty ones are cut; so are the "no diagnosis" and "no
 * operation" codes `-` and `&` stored as 0). Dictionary numbers are those of the segment; 0 =
 * empty.
 */
typedef struct hst_episode {
    uint64_t person[2];    /**< keyed 128-bit hash of the person identifier */
    uint64_t record_key;   /**< EPIKEY (short keys completed); ATTENDKEY, AEKEY */
    uint32_t spell_number; /**< keyed hash of PROVSPNOPS, else PROVSPNO; 0 = absent (apc) */
    uint32_t sus_spell;    /**< keyed hash of SUSSPELLID; 0 = absent, null or -1 */
    hst_day admidate, disdate, epistart, epiend, subdate;
    uint16_t admimeth, admisorc, disdest; /**< HST_CODE2 */
    uint16_t provider;                    /**< dictionary HST_DICT_PROVIDER */
    uint16_t mainspef, tretspef;          /**< dictionary HST_DICT_SPECIALTY */
    uint16_t gp_practice;                 /**< dictionary HST_DICT_GP_PRACTICE */
    uint8_t startage;                     /**< 0 to 120 (120 = 120 and over), HST_AGE_MISSING */
    uint8_t sex;                          /**< ASCII, 0 = empty */
    uint8_t epiorder;                     /**< 1 to 99, 0 = empty */
    uint8_t epistat, epitype, classpat, dismeth, ethnos; /**< ASCII, 0 = empty */
    uint8_t imd_decile;   /**< 1 (most deprived) to 10, 0 = unknown */
    uint8_t completeness; /**< filled fields of the `hf` duplicate rule's list */
    uint8_t flags;        /**< HST_EPISODE_* */
    uint8_t n_words;      /**< areas + diagnoses + procedures */
    uint8_t n_diagnoses, n_procedures;
    uint16_t reserved;
} hst_episode;

static_assert(sizeof(hst_episode) == 72, "hst_episode is a file format");

/*
 * Attendances are records of the same form, so that one store and one pass serve all data sets:
 *
 *     field         op          ae
 *     record_key    ATTENDKEY   AEKEY
 *     admidate      APPTDATE    ARRIVALDATE
 *     epistart      the same day, and epiend too; disdate 0
 *     classpat      ATTENDED    AEATTENDCAT
 *     epitype       FIRSTATT    -
 *     admimeth      -           AEDEPTTYPE (two characters)
 *     disdest       -           AEATTENDDISP (two characters)
 *     epistat       '3'         '3'
 *     spell_number  0           1 + minute of the day of ARRIVALTIME, 1 to 1440; 0 = unknown
 *     startage      APPTAGE     ARRIVALAGE
 *     diagnoses     -           the first A&E diagnosis, when there is a column
 *     procedures    -           the first A&E treatment, when there is a column
 *
 * provider, mainspef, tretspef, gp_practice, sex, ethnos, imd_decile, subdate, flags and areas: the
 * same; epiorder and completeness: 0.
 */

/** Bytes of a record in a block: the struct and its words, rounded up to 8. */
static inline size_t hst_episode_bytes(const hst_episode *episode)
{
    return (sizeof *episode + 2 * (size_t)episode->n_words + 7) & ~(size_t)7;
}

static inline const uint16_t *hst_episode_words(const hst_episode *episode)
{
    return (const uint16_t *)(const void *)(episode + 1);
}

/** Dictionaries of a segment. */
typedef enum hst_dict_id {
    HST_DICT_DIAGNOSIS,
    HST_DICT_PROCEDURE,
    HST_DICT_PROVIDER,
    HST_DICT_SPECIALTY,
    HST_DICT_GP_PRACTICE,
    HST_DICT_AREA, /**< first area column; column k of the segment is HST_DICT_AREA + k */
} hst_dict_id;

enum { HST_MAX_AREA_COLUMNS = 24, HST_N_DICTS = HST_DICT_AREA + HST_MAX_AREA_COLUMNS };

#endif
