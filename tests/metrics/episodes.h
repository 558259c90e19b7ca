/* Random episodes as plain text rows, written into stores of any shape. What the tests expect is
 * worked out from the plain rows, never from records. */
#ifndef HESTIA_TESTS_METRICS_EPISODES_H
#define HESTIA_TESTS_METRICS_EPISODES_H

#include <stdlib.h>
#include <string.h>

#include "hestia/cube.h"
#include "tests/support.h"

enum { N_FILES = 3, N_DIAGNOSES = 5, N_PROCEDURES = 2 };

typedef struct plain_row {
    unsigned file;
    uint64_t person, key;
    char epistat, epitype, classpat, sex, dismeth, ethnos; /* 0 = empty */
    unsigned epiorder, age, decile;                        /* age 999 = unknown */
    hst_date admidate, disdate, epistart, epiend, subdate;
    const char *admimeth, *admisorc, *disdest, *provider, *mainspef, *tretspef, *gp_practice, *area;
    const char *diagnoses[N_DIAGNOSES], *procedures[N_PROCEDURES];
} plain_row;

static const struct plain_file {
    const char *name, *column;
    uint32_t partyear;
} plain_files[N_FILES] = {{"apc_0203.csv.gz", "RESPCT02", 200299},
                          {"apc_0405.csv.gz", "RESPCT_HIS", 200499},
                          {"apc_0607.csv.gz", "RESPCT06", 200699}};

static uint64_t random_state = 17;

static uint64_t random_next(void) /* SplitMix64 */
{
    uint64_t z = random_state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static unsigned random_below(unsigned n)
{
    return (unsigned)(random_next() % n);
}

#define PICK(array) (array)[random_below(sizeof(array) / sizeof(array)[0])]

static void random_row(plain_row *row, uint64_t key)
{
    static const char *const methods[] = {"11", "12", "13", "21", "21", "22", "24", "28",
                                          "2A", "2B", "31", "81", "82", "98", "99", ""};
    static const char *const sources[] = {"19", "19", "51", "52", "53", "87", "99", ""};
    static const char *const destinations[] = {"19", "19", "51", "79", "84", "98", ""};
    static const char *const providers[] = {"RD1", "RD1", "RXF", "RTG", "NT312", "RBA", ""};
    static const char *const specialties[] = {"300", "307", "430", "501", ""};
    static const char *const practices[] = {"A81001", "B82002", "V81997", ""};
    static const char *const areas[] = {"5J6", "5J6", "5QL",   "5NK",   "5FW", "5H2", "5J600",
                                        "5XX", "6A1", "59898", "59999", "Y",   ""};
    static const char *const diagnoses[] = {"E101", "E109",  "E119", "E14",  "F03X", "I10X",
                                            "I200", "I2090", "J440", "J20X", "J41X", "R69X",
                                            "D570", "J181",  "S720", ""};
    static const char *const procedures[] = {"K401", "K60", "W371", "A101", "X998", ""};
    static const char classes[] = {'1', '1', '1', '2', '2', '3', '5', '9', 0};
    static const char sexes[] = {'1', '1', '2', '2', '9', 0};

    *row = (plain_row){.file = random_below(N_FILES),
                       .person = 1 + random_below(4000),
                       .key = key,
                       .epistat = random_below(20) ? '3' : '1',
                       .epitype = (char)('1' + random_below(3)),
                       .classpat = PICK(classes),
                       .sex = PICK(sexes),
                       .dismeth = (char)('1' + random_below(4)),
                       .ethnos = random_below(9) ? (char)('A' + random_below(4)) : 0,
                       .epiorder = 1 + random_below(8) / 6,
                       .age = random_below(30) ? random_below(121) : 999,
                       .decile = random_below(11),
                       .admimeth = PICK(methods),
                       .admisorc = PICK(sources),
                       .disdest = PICK(destinations),
                       .provider = PICK(providers),
                       .mainspef = PICK(specialties),
                       .tretspef = PICK(specialties),
                       .gp_practice = PICK(practices),
                       .area = PICK(areas)};
    row->admidate = hst_date_from_civil(2002, 1, 1) + (hst_date)random_below(6 * 365);
    row->epistart = row->admidate + (hst_date)random_below(3);
    row->epiend = row->epistart + (hst_date)random_below(20);
    row->disdate = random_below(5) ? row->epiend : HST_DATE_MISSING;
    row->subdate = row->epiend + 30;
    if (random_below(40) == 0) {
        row->admidate = HST_DATE_MISSING;
    }
    if (random_below(40) == 0) {
        row->epistart = HST_DATE_MISSING;
    }
    if (random_below(40) == 0) {
        row->epiend = HST_DATE_MISSING;
    }
    for (size_t i = 0; i < N_DIAGNOSES; i++) {
        row->diagnoses[i] = PICK(diagnoses);
    }
    for (size_t i = 0; i < N_PROCEDURES; i++) {
        row->procedures[i] = PICK(procedures);
    }
}

/* Rows of which one in fifty repeats the key of an earlier row of the same person, with something
 * changed. */
static inline void random_rows(plain_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && random_below(50) == 0) {
            rows[i] = rows[random_below((unsigned)i)];
            switch (random_below(4)) {
            case 0:
                rows[i].file = random_below(N_FILES);
                rows[i].age = random_below(121);
                break;
            case 1:
                rows[i].epistat = '1';
                break;
            case 2:
                rows[i].subdate++;
                rows[i].provider = "RTG";
                break;
            default:
                rows[i].age = random_below(121);
            }
        } else {
            random_row(&rows[i], i + 1);
        }
    }
}

/* ---- stores ---- */

typedef struct plain_store {
    char path[64];
    hst_store *store;
    hst_segment *segments[N_FILES];
} plain_store;

static hst_day plain_day(hst_date date)
{
    return date == HST_DATE_MISSING ? 0 : (hst_day)(date - HST_DAY_EPOCH + 1);
}

static uint16_t plain_pair(const char *code)
{
    return code[0] ? HST_CODE2(code[0], code[1]) : 0;
}

static uint16_t put_code(hst_segment_writer *writer, unsigned dictionary, const char *code)
{
    return hst_segment_writer_code(writer, dictionary, code, strlen(code));
}

static void write_row(hst_segment_writer *writer, const plain_row *row, uint64_t salt)
{
    uint16_t words[1 + N_DIAGNOSES + N_PROCEDURES] = {0};
    hst_episode e = {.person = {(row->person + salt) * UINT64_C(0x9E3779B97F4A7C15), row->person},
                     .record_key = row->key,
                     .admidate = plain_day(row->admidate),
                     .disdate = plain_day(row->disdate),
                     .epistart = plain_day(row->epistart),
                     .epiend = plain_day(row->epiend),
                     .subdate = plain_day(row->subdate),
                     .admimeth = plain_pair(row->admimeth),
                     .admisorc = plain_pair(row->admisorc),
                     .disdest = plain_pair(row->disdest),
                     .provider = put_code(writer, HST_DICT_PROVIDER, row->provider),
                     .mainspef = put_code(writer, HST_DICT_SPECIALTY, row->mainspef),
                     .tretspef = put_code(writer, HST_DICT_SPECIALTY, row->tretspef),
                     .gp_practice = put_code(writer, HST_DICT_GP_PRACTICE, row->gp_practice),
                     .startage = row->age > 120 ? HST_AGE_MISSING : (uint8_t)row->age,
                     .sex = (uint8_t)row->sex,
                     .epiorder = (uint8_t)row->epiorder,
                     .epistat = (uint8_t)row->epistat,
                     .epitype = (uint8_t)row->epitype,
                     .classpat = (uint8_t)row->classpat,
                     .dismeth = (uint8_t)row->dismeth,
                     .ethnos = (uint8_t)row->ethnos,
                     .imd_decile = (uint8_t)row->decile};

    words[0] = put_code(writer, HST_DICT_AREA, row->area);
    for (size_t i = 0; i < N_DIAGNOSES; i++) {
        words[1 + i] = put_code(writer, HST_DICT_DIAGNOSIS, row->diagnoses[i]);
        if (words[1 + i]) {
            e.n_diagnoses = (uint8_t)(i + 1);
        }
    }
    for (size_t i = 0; i < N_PROCEDURES; i++) {
        words[1 + e.n_diagnoses + i] = put_code(writer, HST_DICT_PROCEDURE, row->procedures[i]);
        if (words[1 + e.n_diagnoses + i]) {
            e.n_procedures = (uint8_t)(i + 1);
        }
    }
    e.n_words = (uint8_t)(1 + e.n_diagnoses + e.n_procedures);
    assert_int_equal(hst_segment_writer_add(writer, &e, words, NULL), HST_OK);
}

/* Writes the rows into one segment per file. `salt` changes the persons' hashes, `backwards` the
 * order of rows, and with it the numbers of the dictionaries. */
static void write_store(plain_store *s, const plain_row *rows, size_t n, size_t n_partitions,
                        uint64_t salt, bool backwards, bool three_characters)
{
    hst_store_options options = {.n_partitions = n_partitions};

    snprintf(s->path, sizeof s->path, "/tmp/hestia-metrics-XXXXXX");
    assert_non_null(mkdtemp(s->path));
    assert_int_equal(hst_store_init(s->path, &options, NULL), HST_OK);
    assert_int_equal(hst_store_open(&s->store, s->path, false, HST_STORE_WRITE, NULL), HST_OK);
    for (unsigned file = 0; file < N_FILES; file++) {
        hst_segment_info info = {.dataset = HST_DATASET_APC,
                                 .digest = {(uint8_t)(file + 1)},
                                 .separator = ',',
                                 .encoding = "ascii",
                                 .n_area_columns = 1,
                                 .partyear_min = plain_files[file].partyear,
                                 .partyear_max = plain_files[file].partyear,
                                 .three_character_diagnoses = three_characters};
        hst_segment_writer *writer = NULL;

        snprintf(info.file, sizeof info.file, "%s", plain_files[file].name);
        snprintf(info.area_columns[0], sizeof info.area_columns[0], "%s", plain_files[file].column);
        assert_int_equal(hst_segment_writer_create(&writer, s->store, 0, NULL), HST_OK);
        for (size_t i = 0; i < n; i++) {
            const plain_row *row = &rows[backwards ? n - 1 - i : i];

            if (row->file == file) {
                write_row(writer, row, salt);
                info.rows_read++;
                info.rows_used++;
            }
        }
        assert_int_equal(hst_segment_writer_commit(writer, &info, NULL), HST_OK);
        hst_segment_writer_free(writer);
        assert_int_equal(
            hst_segment_open(&s->segments[file], s->store, info.digest, info.layout_key, NULL),
            HST_OK);
    }
}

static void remove_store(plain_store *s)
{
    char command[128];

    for (size_t i = 0; i < N_FILES; i++) {
        hst_segment_close(s->segments[i]);
    }
    hst_store_close(s->store);
    snprintf(command, sizeof command, "rm -rf %s", s->path);
    assert_int_equal(system(command), 0);
    *s = (plain_store){0};
}

#endif
